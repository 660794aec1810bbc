/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_ring.h"

int
svq_packed_walk(struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, uint16_t pos,
	uint64_t word, uint16_t free)
{
	for (c->slots = 1; c->slots <= free; c->slots++) {
		const uint64_t addr = svq_packed_addr(svq_packed_at(r, pos));
		const uint16_t flags = SVQ_PACKED_FLAGS(word);

		/* That of the last descriptor counts. */
		c->id = SVQ_PACKED_ID(word);
		if ((flags & VRING_DESC_F_INDIRECT) != 0) {
			if (!svq_table_is_valid(r, (uint32_t)word, flags))
				return -1;
			if (c->n > 0)
				return svq_table_walk(r, b, c, addr, (uint32_t)word);
			svq_table_defer(r, b, addr, (uint32_t)word);
			return 0;
		}
		if (svq_chain_add(r, b, c, addr, (uint32_t)word, flags) != 0)
			return -1;
		if ((flags & VRING_DESC_F_NEXT) == 0)
			return 0;
		pos = svq_packed_advance(r->size, pos, 1);
		word = svq_packed_word(svq_packed_at(r, pos));
	}
	svq_ring_bad(r, -EPROTO, "a chain is longer than the %u descriptors that are free", free);
	return -1;
}

void
svq_packed_log(const struct svq_ring *r, uint16_t first, uint16_t n)
{
	const uint16_t at = first & 0x7fffu;
	const uint16_t to_end = RTE_MIN(n, r->size - at);

	svq_ring_log(r, r->desc_gpa + at * sizeof(struct vring_packed_desc),
		to_end * sizeof(struct vring_packed_desc));
	svq_ring_log(r, r->desc_gpa, (n - to_end) * sizeof(struct vring_packed_desc));
}
