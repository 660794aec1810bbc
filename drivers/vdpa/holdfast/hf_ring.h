/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The three areas of a virtqueue: how large, how aligned, and where in the guest's memory.
 * Sizes and alignment: virtio 1.2, 2.7 (split) and 2.8 (packed).
 */
#ifndef HF_RING_H
#define HF_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "hf_front.h"

/* Order of the areas everywhere: descriptors, driver (avail), device (used). */
enum { HF_RING_DESC, HF_RING_AVAIL, HF_RING_USED, HF_RING_AREAS };

#define HF_RING_MAX_SIZE 32768

/*
 * Is this a number of entries that such a ring can have? 0, or -EINVAL after a log line that starts
 * with name and index.
 */
int hf_ring_size_check(const char *name, uint32_t index, uint32_t size, bool packed);

/*
 * Check size and areas of a ring, and translate the front end's addresses of its areas
 * (user[HF_RING_AREAS]) into guest-physical ones (gpa[HF_RING_AREAS]). Each area must lie in one
 * region of the table with its whole extent; guest address 0 is as good as any other. 0, or -EINVAL
 * after a log line that starts with name and index and says what is wrong.
 */
int hf_ring_resolve(const char *name, uint16_t index, uint32_t size, bool packed,
	const uint64_t *user, const struct hf_front_table *t, uint64_t *gpa);

#endif /* HF_RING_H */
