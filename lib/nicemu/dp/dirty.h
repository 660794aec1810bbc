/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The dirty log of a virtqueue: a bit for each page of 4 KiB that the NIC writes, by the address
 * that the virtqueue's memory key gives it (a guest's physical address), as vhost-user has it:
 * page n is bit n % 8 of byte n / 8. A page is marked after it was written, so that whoever takes
 * the bit away and copies the page then has what was written, or finds the bit again.
 *
 * For the queue's engine, or the holder of its lock, inside a mem_guard.
 */
#ifndef NICEMU_DP_DIRTY_H
#define NICEMU_DP_DIRTY_H

#include "vq.h"

/* Mark the pages of [addr, addr + len). What fails is kept for dirty_settle(). */
void dirty_pages(struct dp_vq *v, uint64_t addr, uint32_t len);
/* Mark the first 'len' bytes of a chain. */
void dirty_buffers(struct dp_vq *v, const struct vq_chain *c, uint32_t len);
/* Keep the addresses of 'n' segments of the pool from 'seg' on, which begin at 'addr'. */
void dirty_note(struct dp_vq *v, unsigned int seg, unsigned int n, uint64_t addr);
/* The queue fails if a page could not be marked. */
void dirty_settle(struct dp_vq *v);
/* The rings, or parts of them. */
void dirty_ring(struct dp_vq *v, unsigned int area, uint32_t off, uint32_t len);

static inline void
dirty_area(struct dp_vq *v, unsigned int area, uint32_t off, uint32_t len)
{
	if (__builtin_expect(v->dirty.on, false))
		dirty_ring(v, area, off, len);
}

#endif /* NICEMU_DP_DIRTY_H */
