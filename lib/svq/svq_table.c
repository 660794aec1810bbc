/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Indirect tables: virtio 1.2, 2.7.5.3 and 2.8.7.
 */
#include "svq_ring.h"

/* One read of entry i. */
static int
table_load(struct svq_ring *r, uint64_t gpa, uint32_t i, void *entry)
{
	const uint64_t at = gpa + i * UINT64_C(16);
	const void *p = svq_mem_at(r->mem, &r->hint, at, 16);

	if (likely(p != NULL)) {
		svq_copy_once(entry, p, 16);
		return 0;
	}
	if (svq_mem_read(r->mem, &r->hint, at, entry, 16) == 0)
		return 0;
	svq_ring_bad(r, -EFAULT, "entry %u of an indirect table is outside of the memory", i);
	return -1;
}

static int
table_add(struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, uint64_t addr, uint32_t len,
	uint16_t flags)
{
	if (unlikely((flags & VRING_DESC_F_INDIRECT) != 0)) {
		svq_ring_bad(
			r, -EPROTO, "an indirect table in an indirect table, flags %#x", flags);
		return -1;
	}
	return svq_chain_add(r, b, c, addr, len, flags);
}

/* In the order of the table; all of it. A length of more than the memory ends with the pieces. */
static int
walk_packed(struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, uint64_t gpa,
	uint32_t entries)
{
	struct vring_packed_desc d;
	uint32_t i;

	for (i = 0; i < entries; i++) {
		if (table_load(r, gpa, i, &d) != 0 ||
			table_add(r, b, c, rte_le_to_cpu_64(d.addr), rte_le_to_cpu_32(d.len),
				rte_le_to_cpu_16(d.flags)) != 0)
			return -1;
	}
	return 0;
}

static __rte_always_inline int
walk_split(struct svq_ring *r, enum svq_kind kind, struct svq_burst *b, struct svq_chain *c,
	uint64_t gpa, uint32_t entries)
{
	uint32_t i = 0, seen = 0;
	struct svq_split_desc d;
	uint64_t entry[2];

	do {
		if (i >= entries || seen++ == entries) {
			svq_ring_bad(
				r, -EPROTO, "an indirect table has a loop or is left at %u", i);
			return -1;
		}
		if (table_load(r, gpa, i, entry) != 0)
			return -1;
		d = svq_split_load(kind, entry);
		if (table_add(r, b, c, d.addr, d.len, d.flags) != 0)
			return -1;
		i = d.next;
	} while ((d.flags & VRING_DESC_F_NEXT) != 0);
	return 0;
}

int
svq_table_walk(
	struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, uint64_t gpa, uint32_t len)
{
	const uint32_t entries = len / 16;

	if (r->kind == SVQ_PACKED)
		return walk_packed(r, b, c, gpa, entries);
	if (r->kind == SVQ_SPLIT)
		return walk_split(r, SVQ_SPLIT, b, c, gpa, entries);
	return walk_split(r, SVQ_SPLIT_BE, b, c, gpa, entries);
}
