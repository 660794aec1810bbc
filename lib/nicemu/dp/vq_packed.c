/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Packed rings: virtio 1.2, 2.8. A position is an index, and the wrap counter in bit 15.
 */
#include "dirty.h"

#include <endian.h>
#include <string.h>

#define WRAP 0x8000u
#define F_AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define F_USED (1u << VRING_PACKED_DESC_F_USED)
#define CHAIN_FLAGS (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT)
#define EVENT_FLAGS 2u /* offset in an event suppression area */

static uint32_t
desc_off(uint16_t pos)
{
	return (pos & ~WRAP) * (uint32_t)sizeof(struct vring_packed_desc);
}

static struct vring_packed_desc *
desc_at(const struct dp_vq *v, uint16_t pos)
{
	return vq_area_ptr(&v->area[VQ_DESC], desc_off(pos));
}

static uint16_t
advance(const struct dp_vq *v, uint16_t pos, uint16_t slots)
{
	uint32_t i = (pos & ~WRAP) + (uint32_t)slots;
	uint16_t wrap = pos & WRAP;

	if (i >= v->q->size) {
		i -= v->q->size;
		wrap ^= WRAP;
	}
	return (uint16_t)(i | wrap);
}

static uint16_t
load_flags(const struct dp_vq *v, uint16_t pos)
{
	return le16toh(atomic_load_explicit(
		(_Atomic uint16_t *)&desc_at(v, pos)->flags, memory_order_acquire));
}

static void
store_flags(struct vring_packed_desc *d, uint16_t flags)
{
	atomic_store_explicit((_Atomic uint16_t *)&d->flags, htole16(flags), memory_order_release);
}

static bool
is_available(uint16_t flags, uint16_t pos)
{
	bool wrap = (pos & WRAP) != 0;

	return ((flags & F_AVAIL) != 0) == wrap && ((flags & F_USED) != 0) != wrap;
}

static bool
packed_pending(struct dp_vq *v)
{
	return is_available(load_flags(v, v->next_avail), v->next_avail);
}

static int
walk_indirect(
	struct dp_vq *v, struct vq_chain *c, const struct vring_packed_desc *d, unsigned int first)
{
	struct vring_packed_desc table[VQ_MAX_CHAIN];
	int i, n = vq_chain_indirect(v, le64toh(d->addr), le32toh(d->len), table);

	if (n < 0)
		return -1;
	for (i = 0; i < n; i++) {
		uint16_t flags = le16toh(table[i].flags);

		if ((flags & VRING_DESC_F_INDIRECT) != 0) {
			vq_bad(v, VQ_E_TABLE_NESTED);
			return -1;
		}
		if (vq_chain_add(v, c, le64toh(table[i].addr), le32toh(table[i].len), flags,
			    first + (unsigned int)i + 1) != 0)
			return -1;
	}
	return 0;
}

/* From next_avail on. Sets the slots and the buffer id, which is that of the last descriptor. */
static int
walk(struct dp_vq *v, struct vq_chain *c)
{
	uint16_t pos = c->pos, flags, seen = 0;
	struct vring_packed_desc d;

	do {
		memcpy(&d, desc_at(v, pos), sizeof(d));
		flags = le16toh(d.flags);
		if ((flags & VRING_DESC_F_INDIRECT) != 0) {
			if ((flags & VRING_DESC_F_NEXT) != 0) {
				vq_bad(v, VQ_E_TABLE_NEXT);
				return -1;
			}
			if (walk_indirect(v, c, &d, seen) != 0)
				return -1;
			seen++;
		} else {
			seen++;
			if (vq_chain_add(v, c, le64toh(d.addr), le32toh(d.len), flags, seen) != 0)
				return -1;
		}
		pos = advance(v, pos, 1);
	} while ((flags & VRING_DESC_F_NEXT) != 0);
	c->slots = seen;
	c->id = le16toh(d.id);
	return 0;
}

static int
packed_fetch(struct dp_vq *v, struct vq_chain *c)
{
	if (!packed_pending(v) || !vq_chain_begin(v, c, v->next_avail))
		return 0;
	if (walk(v, c) != 0)
		return -1;
	v->next_avail = advance(v, v->next_avail, c->slots);
	return 1;
}

static unsigned int
packed_fetch_plain(struct dp_vq *v, unsigned int max)
{
	const uint16_t want = v->base.tx ? 0 : VRING_DESC_F_WRITE, size = v->q->size;
	struct vring_packed_desc *ring = vq_area_flat(&v->area[VQ_DESC]), d;
	unsigned int n, seg, room = vq_pool_room(v, &seg), nth = v->head + v->n;
	uint16_t wrap = v->next_avail & WRAP, i = v->next_avail & ~WRAP;

	if (ring == NULL)
		return 0;
	max = max < room ? max : room;
	for (n = 0; n < max; n++) {
		struct vring_packed_desc *from = &ring[i];
		uint16_t flags = le16toh(atomic_load_explicit(
			(_Atomic uint16_t *)&from->flags, memory_order_acquire));

		if ((flags & (F_AVAIL | F_USED | CHAIN_FLAGS)) !=
			(want | (wrap != 0 ? F_AVAIL : F_USED)))
			break;
		memcpy(&d, from, sizeof(d));
		if (!vq_plain(v, nth + n, seg + n, wrap | i, le16toh(d.id), le64toh(d.addr),
			    le32toh(d.len)))
			break;
		if (++i == size) {
			i = 0;
			wrap ^= WRAP;
		}
	}
	vq_plain_done(v, n, seg, wrap | i);
	return n;
}

/* The guest looks at the first entry of a batch first, so that one is made visible last. */
static void
packed_give_back(struct dp_vq *v)
{
	const unsigned int done = v->done, from = v->head - done;
	uint16_t next = v->next_used, first_flags = 0;
	unsigned int i;

	for (i = 0; i < done; i++) {
		const struct vq_chain *c = &v->chain[(from + i) % VQ_BURST];
		struct vring_packed_desc *d = desc_at(v, next);
		uint16_t flags = (uint16_t)(((next & WRAP) != 0 ? F_AVAIL | F_USED : 0) |
			(c->used > 0 ? VRING_DESC_F_WRITE : 0));

		d->id = htole16(c->id);
		d->len = htole32(c->used);
		if (i == 0)
			first_flags = flags;
		else
			store_flags(d, flags);
		dirty_area(v, VQ_DESC, desc_off(next), sizeof(*d));
		next = advance(v, next, c->slots);
	}
	store_flags(desc_at(v, v->next_used), first_flags);
	dirty_area(v, VQ_DESC, desc_off(v->next_used), sizeof(struct vring_packed_desc));
	v->next_used = next;
}

/* RING_EVENT_IDX is not offered, so anything but "disable" means that all events are wanted. */
static bool
packed_wants_event(struct dp_vq *v)
{
	_Atomic uint16_t *flags = vq_area_ptr(&v->area[VQ_DRIVER], EVENT_FLAGS);

	return (le16toh(atomic_load_explicit(flags, memory_order_relaxed)) & 3) !=
		VRING_PACKED_EVENT_FLAG_DISABLE;
}

static void
packed_doorbells(struct dp_vq *v, bool on)
{
	_Atomic uint16_t *flags = vq_area_ptr(&v->area[VQ_DEVICE], EVENT_FLAGS);

	atomic_store_explicit(flags,
		htole16(on ? VRING_PACKED_EVENT_FLAG_ENABLE : VRING_PACKED_EVENT_FLAG_DISABLE),
		memory_order_relaxed);
	dirty_area(v, VQ_DEVICE, EVENT_FLAGS, 2);
	dirty_settle(v);
}

const struct vq_ops vq_packed_ops = {
	.fetch = packed_fetch,
	.pending = packed_pending,
	.fetch_plain = packed_fetch_plain,
	.give_back = packed_give_back,
	.wants_event = packed_wants_event,
	.doorbells = packed_doorbells,
	.area =
		{
			[VQ_DESC] = {.per_entry = 16,
				.align = 16,
				.perm = NIC_PERM_LR | NIC_PERM_LW},
			[VQ_DRIVER] = {.fixed = 4, .align = 4, .perm = NIC_PERM_LR},
			[VQ_DEVICE] = {.fixed = 4, .align = 4, .perm = NIC_PERM_LW},
		},
};
