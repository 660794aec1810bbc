/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Split rings: virtio 1.2, 2.7. Part of svq_ring.h.
 */
#ifndef SVQ_SPLIT_H
#define SVQ_SPLIT_H

/* One read of a descriptor. */
struct svq_split_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static __rte_always_inline struct svq_split_desc
svq_split_load(enum svq_kind kind, const void *desc)
{
	const uint64_t *word = desc;
	const uint64_t addr = svq_guest_64(kind, __atomic_load_n(&word[0], __ATOMIC_RELAXED));
	const uint64_t meta = svq_guest_64(kind, __atomic_load_n(&word[1], __ATOMIC_RELAXED));

	if (kind == SVQ_SPLIT_BE)
		return (struct svq_split_desc){
			.addr = addr,
			.len = (uint32_t)(meta >> 32),
			.flags = (uint16_t)(meta >> 16),
			.next = (uint16_t)meta,
		};
	return (struct svq_split_desc){
		.addr = addr,
		.len = (uint32_t)meta,
		.flags = (uint16_t)(meta >> 32),
		.next = (uint16_t)(meta >> 48),
	};
}

/* A chain of more than one descriptor, of which d is the first; a table may be its last. */
int svq_split_walk(
	struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, struct svq_split_desc d);

/* How many chains the guest has offered, at most max; 0, too, if its index can't be. */
static __rte_always_inline unsigned int
svq_split_ready(struct svq_ring *r, enum svq_kind kind, unsigned int max)
{
	const struct vring_avail *avail = r->driver;
	uint16_t ready = r->avail_seen - r->next_avail;

	if (ready < max) {
		r->avail_seen = svq_guest_16(kind, __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE));
		ready = r->avail_seen - r->next_avail;
		if (unlikely(ready > r->size - r->taken)) {
			svq_ring_bad(r, -EPROTO, "the available index jumped to %u", r->avail_seen);
			r->avail_seen = r->next_avail;
			return 0;
		}
	}
	return RTE_MIN(ready, max);
}

/* The part of svq_ring_take_plain() that differs. */
static __rte_always_inline unsigned int
svq_split_plain(
	struct svq_ring *r, enum svq_kind kind, struct svq_plain *p, uint32_t min, unsigned int max)
{
	const uint16_t *avail = ((const struct vring_avail *)r->driver)->ring;
	const unsigned int ready = svq_split_ready(r, kind, max);
	const struct vring_desc *desc = r->desc;
	uint8_t *const busy = r->busy;
	const uint16_t mask = r->size - 1, want = r->want, next = r->next_avail;
	unsigned int i;

	for (i = 0; i < ready; i++) {
		const uint16_t id = svq_guest_16(
			kind, __atomic_load_n(&avail[(next + i) & mask], __ATOMIC_RELAXED));

		p->id[i] = id;
		rte_prefetch0(&desc[id & mask]);
	}
	for (i = 0; i < ready; i++) {
		const uint16_t id = p->id[i];
		struct svq_split_desc d;

		if (unlikely(id > mask) || unlikely(busy[id] != 0))
			break;
		d = svq_split_load(kind, &desc[id]);
		if (unlikely((d.flags & SVQ_CHAIN_FLAGS) != want) || unlikely(d.len < min))
			break;
		busy[id] = 1;
		p->addr[i] = d.addr;
		p->len[i] = d.len;
	}
	return i;
}

static __rte_always_inline void
svq_split_take(struct svq_ring *r, enum svq_kind kind, struct svq_burst *b, unsigned int max)
{
	const struct vring_avail *avail = r->driver;
	const struct vring_desc *desc = r->desc;
	const uint16_t mask = r->size - 1;
	const unsigned int ready = svq_split_ready(r, kind, max);
	unsigned int i;
	int ret;

	for (i = 0; i < ready; i++) {
		b->c[i].id = svq_guest_16(kind,
			__atomic_load_n(
				&avail->ring[(r->next_avail + i) & mask], __ATOMIC_RELAXED));
		rte_prefetch0(&desc[b->c[i].id & mask]);
	}
	while (svq_burst_has_room(b, ready)) {
		struct svq_chain *c = svq_chain_begin(b);
		struct svq_split_desc d;

		if (unlikely(c->id > mask)) {
			svq_ring_bad(r, -EPROTO, "an available chain starts at %u", c->id);
			break;
		}
		if (unlikely(!svq_id_take(r, c->id))) {
			svq_ring_bad(r, -EPROTO, "chain %u is available twice", c->id);
			break;
		}
		d = svq_split_load(kind, &desc[c->id]);
		if (likely((d.flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT)) == 0))
			ret = svq_chain_add(r, b, c, d.addr, d.len, d.flags);
		else
			ret = svq_split_walk(r, b, c, d);
		if (unlikely(ret != 0)) {
			svq_id_give(r, c->id);
			break;
		}
		c->slots = 1;
		b->n++;
	}
	r->next_avail += b->n;
	r->taken += b->n;
}

static __rte_always_inline void
svq_split_used(
	enum svq_kind kind, const struct svq_used *u, uint32_t nth, uint16_t id, uint32_t written)
{
	struct vring_used_elem *ring = u->ring;
	/* Both fields in one store. */
	const uint64_t elem = rte_cpu_to_le_64(
		svq_guest_32(kind, id) | (uint64_t)svq_guest_32(kind, written) << 32);

	memcpy(&ring[(u->first + nth) & (u->size - 1)], &elem, sizeof(elem));
}

/* The entries from 'first' on, n of them, and the index. */
void svq_split_log(const struct svq_ring *r, uint16_t first, uint16_t n);

/* Is a notification due, now that the used index is next_used? */
static __rte_always_inline bool
svq_split_wants_call(struct svq_ring *r, enum svq_kind kind)
{
	const struct vring_avail *avail = r->driver;
	const uint16_t old = r->signalled;
	const bool valid = r->signalled_valid;

	r->signalled = r->next_used;
	r->signalled_valid = r->callfd >= 0;
	if (r->callfd < 0)
		return false;
	/* The index is visible before the guest's wish is read; the guest does the reverse. */
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!r->event_idx)
		return (svq_guest_16(kind, __atomic_load_n(&avail->flags, __ATOMIC_RELAXED)) &
			       VRING_AVAIL_F_NO_INTERRUPT) == 0;
	return !valid ||
		vring_need_event(svq_guest_16(kind,
					 __atomic_load_n(&avail->ring[r->size], __ATOMIC_RELAXED)),
			r->next_used, old);
}

static __rte_always_inline bool
svq_split_publish(struct svq_ring *r, enum svq_kind kind, const struct svq_used *u)
{
	struct vring_used *used = r->device;
	const uint16_t first = r->next_used;

	if (r->skip)
		svq_split_used(kind, u, 0, (uint16_t)u->last.id, u->last.len);
	r->next_used += u->n;
	__atomic_store_n(&used->idx, svq_guest_16(kind, r->next_used), __ATOMIC_RELEASE);
	if (unlikely(svq_log_is_on(&r->log)))
		svq_split_log(r, first, r->skip ? 1 : u->n);
	return svq_split_wants_call(r, kind);
}

#endif /* SVQ_SPLIT_H */
