/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_mem.h"

#include <errno.h>

/* The region that has this address, or NULL. */
static const struct hf_svq_region *
region_of(const struct hf_svq_mem *mem, uint32_t *hint, uint64_t gpa)
{
	uint32_t lo = 0, hi = mem->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct hf_svq_region *r = &mem->r[mid];

		if (gpa < r->gpa) {
			hi = mid;
		} else if (gpa - r->gpa >= r->len) {
			lo = mid + 1;
		} else {
			*hint = mid;
			return r;
		}
	}
	return NULL;
}

uint8_t *
svq_mem_find(const struct hf_svq_mem *mem, uint32_t *hint, uint64_t gpa, uint64_t len)
{
	const struct hf_svq_region *r = region_of(mem, hint, gpa);

	if (r == NULL || len > r->len - (gpa - r->gpa))
		return NULL;
	return r->hva + (gpa - r->gpa);
}

bool
svq_mem_covers(const struct hf_svq_mem *mem, uint32_t *hint, uint64_t gpa, uint64_t len)
{
	while (len > 0) {
		const struct hf_svq_region *r = region_of(mem, hint, gpa);
		uint64_t part;

		if (r == NULL)
			return false;
		part = RTE_MIN(len, r->len - (gpa - r->gpa));
		gpa += part;
		len -= part;
	}
	return true;
}

int
svq_mem_read(const struct hf_svq_mem *mem, uint32_t *hint, uint64_t gpa, void *dst, uint64_t len)
{
	uint8_t *to = dst;

	while (len > 0) {
		const struct hf_svq_region *r = region_of(mem, hint, gpa);
		uint64_t part;

		if (r == NULL)
			return -EFAULT;
		part = RTE_MIN(len, r->len - (gpa - r->gpa));
		svq_copy_once(to, r->hva + (gpa - r->gpa), part);
		gpa += part;
		to += part;
		len -= part;
	}
	return 0;
}

bool
svq_mem_is_valid(const struct hf_svq_mem *mem)
{
	uint64_t end = 0;
	uint32_t i;

	for (i = 0; i < mem->n; i++) {
		const struct hf_svq_region *r = &mem->r[i];

		if (r->len == 0 || r->hva == NULL || r->gpa < end || r->gpa + r->len < r->gpa)
			return false;
		end = r->gpa + r->len;
	}
	return mem->n > 0;
}
