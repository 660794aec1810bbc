/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A map of guest memory in the NIC: regions in the order of their guest addresses, and the mkeys
 * over them. Two can stand side by side and share regions, which is how an address space goes from
 * one to the next.
 *
 * No lock: a table is built and released by the thread that changes the address space, and constant
 * in between.
 */
#ifndef HF_TABLE_H
#define HF_TABLE_H

#include "hf_devx.h"
#include "hf_ioas.h"
#include "hf_mkeys.h"
#include "hf_region.h"

struct hf_edit;

struct hf_table {
	struct hf_mkeys *keys; /* NULL: none, or none yet */
	uint64_t bytes; /* of all regions */
	uint32_t mrs, requested;
	uint64_t requested_bytes;
	unsigned int n;
	struct hf_region *regions[]; /* sorted, disjoint; one reference each */
};

/*
 * The regions that an edit names: those it keeps are shared, the others are mapped, without MRs and
 * without a mkey. piece: bytes of one MR at most, 0: by what is new. 0 or negative errno with a log
 * line, and then nothing is left.
 */
int hf_table_build(
	struct hf_devx *dev, const struct hf_edit *edit, uint64_t piece, struct hf_table **table);
/* The mkeys over all regions, of which there is one at least. 0 or negative errno, logged, and then
 * t->keys may have a part of them. */
int hf_table_make_keys(struct hf_devx *dev, struct hf_table *t);
/* Could there be such mkeys? 0, -E2BIG (logged) or -ENOMEM. Before anything is registered. */
int hf_table_check_keys(struct hf_devx *dev, const struct hf_table *t);
/* Bytes and MRs of regions that no other table has: what goes with it. */
void hf_table_own(const struct hf_table *t, uint64_t *bytes, uint32_t *mrs);
/*
 * Frees the table, and appends regions that no other table has to 'dead'. Its mkeys are the
 * caller's from now on (NULL: it had none).
 */
struct hf_mkeys *hf_table_release(struct hf_table *t, struct hf_region_list *dead);
/* Of a table of which nothing was registered: it goes, with the regions that no other one has. NULL
 * is allowed. */
void hf_table_discard(struct hf_table *t);
/* The region with this address inside, or NULL. t NULL: none. */
struct hf_region *hf_table_find(const struct hf_table *t, uint64_t gpa);

#endif /* HF_TABLE_H */
