/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the next map of an address space consists of: regions of the live one that stay, and
 * descriptions of new ones. It is made of the live map and of what was asked for, and changes
 * nothing.
 *
 * No lock: an edit belongs to the thread that changes the address space. Regions that it keeps are
 * those of the live table, without a reference of its own.
 */
#ifndef HF_EDIT_H
#define HF_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "hf_ioas.h"

struct hf_region;
struct hf_table;

struct hf_edit_entry {
	struct hf_region *keep; /* NULL: a new one */
	struct hf_ioas_region desc; /* of a new one */
	bool requested;
};

struct hf_edit {
	unsigned int n;
	unsigned int kept; /* of them */
	struct hf_edit_entry entries[]; /* in the order of addresses, disjoint */
};

/*
 * live may be NULL: nothing is mapped. 0 and *edit for free(), or a negative errno with a log line
 * that names the device.
 */

/* hf_ioas_update(): another table of the front end. */
int hf_edit_update(const char *dev_name, const struct hf_table *live,
	const struct hf_ioas_region *regions, unsigned int n, struct hf_edit **edit);
/* hf_ioas_map() */
int hf_edit_map(const char *dev_name, const struct hf_table *live, const struct hf_ioas_region *r,
	struct hf_edit **edit);
/* hf_ioas_unmap() */
int hf_edit_unmap(const char *dev_name, const struct hf_table *live, uint64_t gpa, uint64_t len,
	struct hf_edit **edit);
/* Is the table of the front end within 'live' this one? Bad tables are not, with a log line. */
bool hf_edit_same(const char *dev_name, const struct hf_table *live,
	const struct hf_ioas_region *regions, unsigned int n);

#endif /* HF_EDIT_H */
