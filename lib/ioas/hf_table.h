/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A memory table in the NIC: regions in the order of their guest addresses, and one mkey over them.
 * Two of them can stand side by side and share regions, which is how an address space goes from one
 * to the next.
 *
 * No lock: a table is built and freed by the thread that updates the address space, and constant in
 * between.
 */
#ifndef HF_TABLE_H
#define HF_TABLE_H

#include "hf_devx.h"
#include "hf_ioas.h"

struct hf_region;

struct hf_table {
	struct hf_mkey mkey; /* key 0: none yet */
	uint32_t n_klm;
	bool fixed_klm;
	uint64_t bytes; /* of all regions */
	unsigned int n;
	struct hf_region *regions[]; /* sorted, disjoint; one reference each */
};

/*
 * A sorted copy of a memory table, checked. 0 and *sorted for free(), or -EINVAL, -E2BIG, -ENOMEM
 * with a log line that names the device.
 */
int hf_table_sort(const struct hf_ioas_region *regions, unsigned int n, const char *dev_name,
	struct hf_ioas_region **sorted);
/*
 * The regions of a sorted memory table: those that 'live' (may be NULL) has are shared, the others
 * are registered. *kept tells how many are shared. No mkey yet. 0 or negative errno, then nothing
 * is left.
 */
int hf_table_build(struct hf_devx *dev, const struct hf_ioas_region *sorted, unsigned int n,
	const struct hf_table *live, struct hf_table **table, unsigned int *kept);
/* The mkey over all regions of the table. 0 or negative errno, with a log line. */
int hf_table_make_mkey(struct hf_devx *dev, struct hf_table *t);
/* Destroys the mkey, then the regions that no other table has; returns how many. NULL is allowed.
 */
unsigned int hf_table_free(struct hf_table *t);
/* The region with this address inside, or NULL. */
struct hf_region *hf_table_find(const struct hf_table *t, uint64_t gpa);
/* Does the table have the very regions of this sorted memory table? */
bool hf_table_is(const struct hf_table *t, const struct hf_ioas_region *sorted, unsigned int n);

#endif /* HF_TABLE_H */
