/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The plan of an indirect mkey: how one address range of the NIC is put together from direct keys.
 * Pure computation, no lock, nothing of the NIC.
 */
#ifndef HF_KLM_H
#define HF_KLM_H

#include <stdbool.h>
#include <stdint.h>

struct hf_klm;

/*
 * No entry covers more than 1 GiB. That is what Linux keeps to (LOG_MAX_KLM_SIZE,
 * drivers/vdpa/mlx5/core/mr.c); DPDK goes up to 2 GiB (MLX5_MAX_KLM_BYTE_COUNT, mlx5_prm.h). A
 * larger one makes the creation of the key fail, or a byte count of 32 bits wrap.
 */
#define HF_KLM_LOG_MAX_ENTRY 30
/* An entry of KLM_FBS covers a page at least: MLX5_MIN_KLM_FIXED_BUFFER_SIZE, DPDK mlx5_prm.h. */
#define HF_KLM_LOG_MIN_ENTITY 12

/* [gpa, gpa + len) is what the direct key lkey covers, at the same addresses. len is not 0, the end
 * is below 2^64. */
struct hf_klm_range {
	uint64_t gpa, len;
	uint32_t lkey;
};

struct hf_klm_plan {
	uint64_t start, len; /* from the first range's start to the last one's end */
	uint8_t log_entity; /* 0: KLM; else KLM_FBS, each entry covers 1 << log_entity bytes */
	uint32_t n;
	struct hf_klm *klm; /* entry i covers what follows entry i - 1; bytes is 0 with KLM_FBS */
};

/*
 * One mkey over n ranges, which are sorted and disjoint. Holes between them point at null_lkey.
 *
 * Where all ranges and holes, and the start, are multiples of one power of two, the list can be
 * KLM_FBS, whose entry the NIC finds by its number instead of by a search. That is taken if
 * fixed_ok, unless its list is longer than max_klm, or does not fit a line of 64 bytes when the one
 * of KLM does. Else it is KLM with byte counts.
 *
 * 0; -EINVAL: no ranges, or not in order; -E2BIG: neither list has at most max_klm entries, and
 * plan->n tells how many the shorter one takes (UINT32_MAX: that many or more); -ENOMEM. On success
 * plan->klm is the caller's to free(), on error it is NULL. Any n and any layout: the list is on
 * the heap, and bounded by max_klm.
 */
int hf_klm_plan(const struct hf_klm_range *ranges, unsigned int n, uint32_t null_lkey,
	uint32_t max_klm, bool fixed_ok, struct hf_klm_plan *plan);

#endif /* HF_KLM_H */
