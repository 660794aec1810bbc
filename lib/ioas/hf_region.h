/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * One region of an address space: its own mapping of the backing file and the MR upon that mapping.
 * The mapping and the duplicate of the descriptor live until the MR is gone.
 *
 * No lock: the thread that updates the address space creates, references and releases regions.
 * Nothing but the reference count changes in a region's life.
 */
#ifndef HF_REGION_H
#define HF_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hf_devx.h"
#include "hf_identity.h"
#include "hf_ioas.h"

struct hf_region {
	uint64_t gpa, len, offset;
	struct hf_identity id;
	void *map; /* our mapping, NULL for private memory */
	size_t map_len;
	uint8_t *va; /* where 'gpa' is in this process */
	struct hf_mr mr;
	unsigned int refs; /* tables that have this region */
};

/* Is the description sound in itself? 0, or -EINVAL with a log line that names the device. */
int hf_region_check(const struct hf_ioas_region *desc, const char *dev_name);
/* Map it and let it go again. desc has been checked. 0 or negative errno, with a log line. */
int hf_region_try(const struct hf_ioas_region *desc, const char *dev_name);
/* Map and register, with one reference. desc has been checked. 0 or negative errno, with a log
 * line. */
int hf_region_create(
	struct hf_devx *dev, const struct hf_ioas_region *desc, struct hf_region **region);
/* Another reference, for another table. */
struct hf_region *hf_region_get(struct hf_region *r);
/* Drops a reference. At the last one MR, mapping and duplicate go, and true is returned. */
bool hf_region_put(struct hf_region *r);
/* Is it the memory of this description: the same place, length, offset and backing object? */
bool hf_region_is(const struct hf_region *r, const struct hf_ioas_region *desc);

#endif /* HF_REGION_H */
