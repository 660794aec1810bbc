/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Pins: a range of addresses becomes segments, one for each mapping (VMA) that it lies in.
 */
#include <errno.h>
#include <stdlib.h>

#include "mem_int.h"

static int
seg_add(struct mem_pin *pin, const struct mem_vma *vma, uintptr_t start, uintptr_t end)
{
	uintptr_t page = start & ~(uintptr_t)(NIC_PAGE - 1);
	uintptr_t page_end = (end + NIC_PAGE - 1) & ~(uintptr_t)(NIC_PAGE - 1);
	struct mem_seg *s;
	int rc;

	s = realloc(pin->segs, (pin->n_segs + 1) * sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	pin->segs = s;
	s += pin->n_segs;
	*s = (struct mem_seg){.off = pin->len, .len = end - start, .ptr = (uint8_t *)start};
	rc = vma->shared ? mem_dup(vma, start, end, s) : mem_hold_add(page, page_end, vma);
	if (rc != 0)
		return rc;
	pin->n_segs++;
	pin->len += end - start;
	return 0;
}

static void
seg_del(const struct mem_seg *s)
{
	uintptr_t start = (uintptr_t)s->ptr;

	if (s->map != NULL)
		mem_sys_munmap(s->map, s->map_len);
	else
		mem_hold_del(start & ~(uintptr_t)(NIC_PAGE - 1),
			(start + s->len + NIC_PAGE - 1) & ~(uintptr_t)(NIC_PAGE - 1));
}

void
mem_unpin(struct mem_pin *pin)
{
	unsigned int i;

	if (pin == NULL)
		return;
	for (i = 0; i < pin->n_segs; i++)
		seg_del(&pin->segs[i]);
	free(pin->segs);
	free(pin);
}

/* A mapping that changes meanwhile is a race of the application with its own registration. */
static int
pin_walk(struct mem_pin *pin, struct mem_vma_walk *w, uintptr_t va, uintptr_t end, bool writable)
{
	struct mem_vma vma;
	int rc;

	while (va < end) {
		rc = mem_vma_at(w, va, &vma);
		if (rc != 0)
			return rc;
		if (!vma.read || (writable && !vma.write))
			return -EFAULT;
		rc = seg_add(pin, &vma, va, vma.end < end ? vma.end : end);
		if (rc != 0)
			return rc;
		va = vma.end;
	}
	return 0;
}

int
mem_pin(uintptr_t va, uint64_t len, bool writable, struct mem_pin **out)
{
	struct mem_vma_walk w;
	struct mem_pin *pin;
	int rc;

	if (len == 0)
		return -EINVAL;
	if (len > UINTPTR_MAX - va)
		return -EOVERFLOW;
	pin = calloc(1, sizeof(*pin));
	if (pin == NULL)
		return -ENOMEM;
	rc = mem_vma_open(&w);
	if (rc != 0)
		goto err;
	rc = pin_walk(pin, &w, va, va + len, writable);
	mem_vma_close(&w);
	if (rc != 0)
		goto err;
	*out = pin;
	return 0;
err:
	mem_unpin(pin);
	return rc;
}

uint64_t
mem_pin_bytes(const struct mem_pin *pin)
{
	return pin->len;
}

void *
mem_pin_ptr(const struct mem_pin *pin, uint64_t off, uint64_t *contig)
{
	unsigned int lo = 0, hi = pin->n_segs;
	const struct mem_seg *s;

	while (hi - lo > 1) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (pin->segs[mid].off <= off)
			lo = mid;
		else
			hi = mid;
	}
	s = &pin->segs[lo];
	*contig = s->len - (off - s->off);
	return s->ptr + (off - s->off);
}
