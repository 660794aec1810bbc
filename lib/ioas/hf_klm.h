/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The plan of an indirect mkey: how one address range of the NIC is put together from direct keys,
 * in one level or in two. Pure computation, no lock, nothing of the NIC.
 */
#ifndef HF_KLM_H
#define HF_KLM_H

#include <stdbool.h>
#include <stdint.h>

struct hf_klm;

/*
 * Bytes of an entry: as a power of two, what is used wherever it is enough, and what is used where
 * it is not. Linux keeps to 1 GiB (LOG_MAX_KLM_SIZE, drivers/vdpa/mlx5/core/mr.c); DPDK goes up to
 * 2 GiB (MLX5_MAX_KLM_BYTE_COUNT, mlx5_prm.h). A larger one makes the creation of the key fail, or
 * a byte count of 32 bits wrap. So the reach of a mkey, from the first address to the last, ends at
 * 2 GiB for each entry that it may have, in whatever number of levels: with the 4076 that fit into
 * a command that is a little less than 8 TiB.
 */
#define HF_KLM_LOG_ENTRY 30
#define HF_KLM_LOG_MAX_ENTRY 31
/* An entry of KLM_FBS covers a page at least: MLX5_MIN_KLM_FIXED_BUFFER_SIZE, DPDK mlx5_prm.h. */
#define HF_KLM_LOG_MIN_ENTITY 12

/* [gpa, gpa + len) is what the direct key lkey covers, at the same addresses. len is not 0, the end
 * is below 2^64. */
struct hf_klm_range {
	uint64_t gpa, len;
	uint32_t lkey;
};

struct hf_klm_limits {
	uint32_t null_lkey; /* for holes */
	uint32_t max_klm; /* entries of one mkey */
	uint8_t levels; /* max_indirection: keys above a page list that an access goes through */
	bool fixed; /* the NIC has KLM_FBS */
};

struct hf_klm_plan {
	uint64_t start, len;
	uint8_t log_entity; /* 0: KLM; else KLM_FBS, each entry covers 1 << log_entity bytes */
	uint32_t n;
	struct hf_klm *klm; /* entry i covers what follows entry i - 1; bytes is 0 with KLM_FBS */
};

/* A mkey of the second level: what an entry of the first one refers to by its own key. */
struct hf_klm_sub {
	uint32_t entry; /* of the first level; its .mkey is 0 until that key is there */
	struct hf_klm_plan plan;
};

struct hf_klm_tree {
	struct hf_klm_plan top; /* from the first range's start to the last one's end */
	uint32_t n_subs; /* 0: there is one level */
	struct hf_klm_sub *subs;
};

/*
 * One mkey over n ranges, which are sorted and disjoint. Holes between them point at null_lkey.
 *
 * Where all ranges and holes, and the start, are multiples of one power of two, a list can be
 * KLM_FBS, whose entry the NIC finds by its number instead of by a search. That is taken if the NIC
 * has it, unless its list is longer than max_klm, or does not fit a line of 64 bytes when the one
 * of KLM does. Else it is KLM with byte counts.
 *
 * If no list of one level is short enough, the range is divided into cells of one size, the
 * smallest power of two of which there are no more than max_klm. A cell in which nothing changes is
 * an entry like any other; one with borders inside gets a mkey of its own. That helps against many
 * fragments, not against a wide range (see HF_KLM_LOG_MAX_ENTRY). Steps and memory grow with ranges
 * and entries.
 *
 * 0; -EINVAL: no ranges, or not in order; -E2BIG: no list of at most max_klm entries, in the levels
 * that there are, and tree->top.n tells how many one level takes at least (UINT32_MAX: that many or
 * more); -ENOMEM. On success the tree is for hf_klm_tree_free(), on error nothing is left.
 */
int hf_klm_tree_plan(const struct hf_klm_range *ranges, unsigned int n,
	const struct hf_klm_limits *limits, struct hf_klm_tree *tree);
void hf_klm_tree_free(struct hf_klm_tree *tree);

#endif /* HF_KLM_H */
