/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_ring.h"

int
svq_split_walk(
	struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, struct svq_split_desc d)
{
	const struct vring_desc *desc = r->desc;
	unsigned int seen = 1;

	for (;;) {
		if ((d.flags & VRING_DESC_F_INDIRECT) != 0) {
			if (!svq_table_is_valid(r, d.len, d.flags))
				return -1;
			if (c->n > 0)
				return svq_table_walk(r, b, c, d.addr, d.len);
			svq_table_defer(r, b, d.addr, d.len);
			return 0;
		}
		if (svq_chain_add(r, b, c, d.addr, d.len, d.flags) != 0)
			return -1;
		if ((d.flags & VRING_DESC_F_NEXT) == 0)
			return 0;
		if (d.next >= r->size || ++seen > r->size) {
			svq_ring_bad(
				r, -EPROTO, "a chain has a loop or leaves the ring at %u", d.next);
			return -1;
		}
		d = svq_split_load(r->kind, &desc[d.next]);
	}
}

/* Offsets are those of struct vring_used. */
static void
log_used(const struct svq_ring *r, uint64_t offset, uint64_t len)
{
	svq_ring_log(r, r->log.used_gpa + offset, len);
}

void
svq_split_log(const struct svq_ring *r, uint16_t first, uint16_t n)
{
	const uint16_t at = first & (r->size - 1);
	const uint16_t to_end = RTE_MIN(n, r->size - at);

	log_used(r, offsetof(struct vring_used, ring) + at * sizeof(struct vring_used_elem),
		to_end * sizeof(struct vring_used_elem));
	log_used(r, offsetof(struct vring_used, ring),
		(n - to_end) * sizeof(struct vring_used_elem));
	log_used(r, offsetof(struct vring_used, idx), sizeof(uint16_t));
}
