/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Split rings: virtio 1.2, 2.7.
 */
#include "dirty.h"

#include <endian.h>
#include <string.h>

#define AVAIL_FLAGS 0u
#define AVAIL_IDX 2u
#define AVAIL_RING 4u
#define USED_FLAGS 0u
#define USED_IDX 2u
#define USED_RING 4u

static uint16_t
load16(const struct vq_area *a, uint32_t off, memory_order order)
{
	return le16toh(atomic_load_explicit((_Atomic uint16_t *)vq_area_ptr(a, off), order));
}

static void
store16(const struct vq_area *a, uint32_t off, uint16_t v, memory_order order)
{
	atomic_store_explicit((_Atomic uint16_t *)vq_area_ptr(a, off), htole16(v), order);
}

static bool
split_pending(struct dp_vq *v)
{
	if (v->avail_seen == v->next_avail)
		v->avail_seen = load16(&v->area[VQ_DRIVER], AVAIL_IDX, memory_order_acquire);
	return v->avail_seen != v->next_avail;
}

/* Follow a table that was copied. first: descriptors of the chain that came before it. */
static int
walk_indirect(struct dp_vq *v, struct vq_chain *c, const struct vring_desc *d, unsigned int first)
{
	struct vring_desc table[VQ_MAX_CHAIN];
	int n = vq_chain_indirect(v, le64toh(d->addr), le32toh(d->len), table);
	unsigned int i = 0, seen = 0;
	uint16_t flags;

	if (n < 0)
		return -1;
	do {
		if (i >= (unsigned int)n || seen++ == (unsigned int)n) {
			vq_bad(v, VQ_E_TABLE_LOOP);
			return -1;
		}
		flags = le16toh(table[i].flags);
		if ((flags & VRING_DESC_F_INDIRECT) != 0) {
			vq_bad(v, VQ_E_TABLE_NESTED);
			return -1;
		}
		if (vq_chain_add(v, c, le64toh(table[i].addr), le32toh(table[i].len), flags,
			    first + seen) != 0)
			return -1;
		i = le16toh(table[i].next);
	} while ((flags & VRING_DESC_F_NEXT) != 0);
	return 0;
}

static int
walk(struct dp_vq *v, struct vq_chain *c)
{
	unsigned int i = c->id, seen = 0;
	struct vring_desc d;
	uint16_t flags;

	do {
		if (i >= v->q->size) {
			vq_bad(v, VQ_E_INDEX);
			return -1;
		}
		memcpy(&d, vq_area_ptr(&v->area[VQ_DESC], i * (uint32_t)sizeof(d)), sizeof(d));
		flags = le16toh(d.flags);
		if ((flags & VRING_DESC_F_INDIRECT) != 0) {
			if ((flags & VRING_DESC_F_NEXT) == 0)
				return walk_indirect(v, c, &d, seen);
			vq_bad(v, VQ_E_TABLE_NEXT);
			return -1;
		}
		seen++;
		if (vq_chain_add(v, c, le64toh(d.addr), le32toh(d.len), flags, seen) != 0)
			return -1;
		i = le16toh(d.next);
	} while ((flags & VRING_DESC_F_NEXT) != 0);
	return 0;
}

static int
split_fetch(struct dp_vq *v, struct vq_chain *c)
{
	uint32_t slot = v->next_avail % v->q->size;

	if (!split_pending(v))
		return 0;
	if ((uint16_t)(v->avail_seen - v->next_avail) > v->q->size) {
		vq_bad(v, VQ_E_AVAIL);
		return -1;
	}
	if (!vq_chain_begin(v, c, v->next_avail))
		return 0;
	c->id = load16(&v->area[VQ_DRIVER], AVAIL_RING + slot * 2, memory_order_relaxed);
	if (walk(v, c) != 0)
		return -1;
	v->next_avail++;
	return 1;
}

static unsigned int
split_fetch_plain(struct dp_vq *v, unsigned int max)
{
	const uint16_t want = v->base.tx ? 0 : VRING_DESC_F_WRITE,
		       mask = (uint16_t)(v->q->size - 1);
	const struct vring_desc *table = vq_area_flat(&v->area[VQ_DESC]);
	const uint8_t *avail = vq_area_flat(&v->area[VQ_DRIVER]);
	unsigned int n, seg, room = vq_pool_room(v, &seg), nth = v->head + v->n;
	uint16_t ready, pos = v->next_avail;

	if (table == NULL || avail == NULL || !split_pending(v))
		return 0;
	ready = (uint16_t)(v->avail_seen - pos);
	if (ready > v->q->size)
		return 0;
	max = max < room ? max : room;
	max = max < ready ? max : ready;
	for (n = 0; n < max; n++, pos++) {
		uint16_t id;
		struct vring_desc d;

		memcpy(&id, avail + AVAIL_RING + (pos & mask) * sizeof(id), sizeof(id));
		id = le16toh(id);
		if (id > mask)
			break;
		memcpy(&d, &table[id], sizeof(d));
		if (le16toh(d.flags) != want ||
			!vq_plain(v, nth + n, seg + n, pos, id, le64toh(d.addr), le32toh(d.len)))
			break;
	}
	vq_plain_done(v, n, seg, pos);
	return n;
}

static void
split_give_back(struct dp_vq *v)
{
	const uint16_t mask = (uint16_t)(v->q->size - 1);
	const unsigned int done = v->done, from = v->head - done;
	uint16_t next = v->next_used;
	unsigned int i;

	for (i = 0; i < done; i++, next++) {
		const struct vq_chain *c = &v->chain[(from + i) % VQ_BURST];
		uint32_t off = USED_RING + (next & mask) * (uint32_t)sizeof(struct vring_used_elem);
		_Atomic uint32_t *e = vq_area_ptr(&v->area[VQ_DEVICE], off);

		atomic_store_explicit(&e[0], htole32(c->id), memory_order_relaxed);
		atomic_store_explicit(&e[1], htole32(c->used), memory_order_relaxed);
		dirty_area(v, VQ_DEVICE, off, sizeof(struct vring_used_elem));
	}
	store16(&v->area[VQ_DEVICE], USED_IDX, next, memory_order_release);
	v->next_used = next;
	dirty_area(v, VQ_DEVICE, USED_IDX, 2);
}

static bool
split_wants_event(struct dp_vq *v)
{
	return (load16(&v->area[VQ_DRIVER], AVAIL_FLAGS, memory_order_relaxed) &
		       VRING_AVAIL_F_NO_INTERRUPT) == 0;
}

static void
split_doorbells(struct dp_vq *v, bool on)
{
	store16(&v->area[VQ_DEVICE], USED_FLAGS, on ? 0 : VRING_USED_F_NO_NOTIFY,
		memory_order_relaxed);
	dirty_area(v, VQ_DEVICE, USED_FLAGS, 2);
	dirty_settle(v);
}

const struct vq_ops vq_split_ops = {
	.fetch = split_fetch,
	.pending = split_pending,
	.fetch_plain = split_fetch_plain,
	.give_back = split_give_back,
	.wants_event = split_wants_event,
	.doorbells = split_doorbells,
	.area =
		{
			[VQ_DESC] = {.per_entry = 16, .align = 16, .perm = NIC_PERM_LR},
			[VQ_DRIVER] = {.fixed = 4, .per_entry = 2, .align = 2, .perm = NIC_PERM_LR},
			[VQ_DEVICE] = {.fixed = 4, .per_entry = 8, .align = 4, .perm = NIC_PERM_LW},
		},
};
