/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>

#include <hf_log.h>

#include "hf_ring.h"

struct hf_ring_area {
	const char *name;
	uint32_t align;
	uint32_t per_entry, fixed; /* bytes = per_entry * size + fixed */
};

/* clang-format off */
static const struct hf_ring_area hf_ring_split[HF_RING_AREAS] = {
	[HF_RING_DESC]  = { "descriptor table", 16, 16, 0 },
	[HF_RING_AVAIL] = { "available ring",    2,  2, 6 },
	[HF_RING_USED]  = { "used ring",         4,  8, 6 },
};
static const struct hf_ring_area hf_ring_packed[HF_RING_AREAS] = {
	[HF_RING_DESC]  = { "descriptor ring",          16, 16, 0 },
	[HF_RING_AVAIL] = { "driver event suppression",  4,  0, 4 },
	[HF_RING_USED]  = { "device event suppression",  4,  0, 4 },
};
/* clang-format on */

static int
hf_ring_area_resolve(const struct hf_front_table *t, uint64_t user, uint64_t len, uint64_t *gpa)
{
	const struct hf_ioas_region *r;
	unsigned int i;
	uint64_t off;

	for (i = 0; i < t->n; i++) {
		r = &t->regions[i];
		if (user < t->user[i])
			continue;
		off = user - t->user[i];
		if (off >= r->len || len > r->len - off)
			continue;
		*gpa = r->gpa + off;
		return 0;
	}
	return -EFAULT;
}

int
hf_ring_size_check(const char *name, uint32_t index, uint32_t size, bool packed)
{
	if (size == 0 || size > HF_RING_MAX_SIZE) {
		HF_LOG(ERR, "%s: ring %" PRIu32 ": size %" PRIu32 " is not between 1 and %u", name,
			index, size, HF_RING_MAX_SIZE);
		return -EINVAL;
	}
	if (!packed && !rte_is_power_of_2(size)) {
		HF_LOG(ERR,
			"%s: ring %" PRIu32 ": size %" PRIu32
			" of a split ring is not a power of two",
			name, index, size);
		return -EINVAL;
	}
	return 0;
}

int
hf_ring_resolve(const char *name, uint16_t index, uint32_t size, bool packed, const uint64_t *user,
	const struct hf_front_table *t, uint64_t *gpa)
{
	const struct hf_ring_area *areas = packed ? hf_ring_packed : hf_ring_split;
	unsigned int i;
	uint64_t len;
	int ret;

	ret = hf_ring_size_check(name, index, size, packed);
	if (ret != 0)
		return ret;
	for (i = 0; i < HF_RING_AREAS; i++) {
		len = (uint64_t)areas[i].per_entry * size + areas[i].fixed;
		if (hf_ring_area_resolve(t, user[i], len, &gpa[i]) != 0) {
			HF_LOG(ERR,
				"%s: ring %u: the %s at 0x%" PRIx64 " of the front end (%" PRIu64
				" bytes) is not inside one region of its memory table: the front"
				" end has to put rings where the table has memory",
				name, index, areas[i].name, user[i], len);
			return -EINVAL;
		}
		if (gpa[i] % areas[i].align != 0) {
			HF_LOG(ERR,
				"%s: ring %u: the %s at guest address 0x%" PRIx64
				" is not aligned to %" PRIu32 " bytes",
				name, index, areas[i].name, gpa[i], areas[i].align);
			return -EINVAL;
		}
	}
	return 0;
}
