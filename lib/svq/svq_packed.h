/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Packed rings: virtio 1.2, 2.8. Part of svq_ring.h.
 */
#ifndef SVQ_PACKED_H
#define SVQ_PACKED_H

#define SVQ_F_AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define SVQ_F_USED (1u << VRING_PACKED_DESC_F_USED)

/* The second half of a descriptor, read and written at once: length, id and flags. */
#define SVQ_PACKED_ID(word) ((uint16_t)((word) >> 32))
#define SVQ_PACKED_FLAGS(word) ((uint16_t)((word) >> 48))

static __rte_always_inline void *
svq_packed_at(const struct svq_ring *r, uint16_t pos)
{
	return (struct vring_packed_desc *)r->desc + (pos & 0x7fffu);
}

static __rte_always_inline uint64_t
svq_packed_addr(const void *desc)
{
	return rte_le_to_cpu_64(__atomic_load_n((const uint64_t *)desc, __ATOMIC_RELAXED));
}

static __rte_always_inline uint64_t
svq_packed_word(const void *desc)
{
	return rte_le_to_cpu_64(__atomic_load_n((const uint64_t *)desc + 1, __ATOMIC_ACQUIRE));
}

/* Of a descriptor at pos that is available. */
static __rte_always_inline uint16_t
svq_packed_avail_flags(uint16_t pos)
{
	return (pos & 0x8000u) != 0 ? SVQ_F_AVAIL : SVQ_F_USED;
}

static __rte_always_inline bool
svq_packed_is_available(uint64_t word, uint16_t pos)
{
	return (SVQ_PACKED_FLAGS(word) & (SVQ_F_AVAIL | SVQ_F_USED)) == svq_packed_avail_flags(pos);
}

/*
 * A chain of more than one descriptor from pos on, of which 'word' was read. Sets id and slots; at
 * most 'free' of them.
 */
int svq_packed_walk(struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, uint16_t pos,
	uint64_t word, uint16_t free);

static __rte_always_inline void
svq_packed_take(struct svq_ring *r, struct svq_burst *b, unsigned int max)
{
	while (svq_burst_has_room(b, max)) {
		const uint16_t pos = r->next_avail;
		struct svq_chain *c = svq_chain_begin(b);
		const uint64_t word = svq_packed_word(svq_packed_at(r, pos));
		const uint16_t flags = SVQ_PACKED_FLAGS(word);
		int ret;

		if (!svq_packed_is_available(word, pos))
			return;
		if (unlikely(r->taken == r->size)) {
			svq_ring_bad(r, -EPROTO, "descriptor %u is available before it was used",
				pos & 0x7fffu);
			return;
		}
		if (likely((flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT)) == 0)) {
			c->id = SVQ_PACKED_ID(word);
			c->slots = 1;
			ret = svq_chain_add(r, b, c, svq_packed_addr(svq_packed_at(r, pos)),
				(uint32_t)word, flags);
		} else {
			ret = svq_packed_walk(r, b, c, pos, word, r->size - r->taken);
		}
		if (unlikely(ret != 0))
			return;
		if (unlikely(!svq_id_take(r, c->id))) {
			svq_ring_bad(r, -EPROTO, "buffer %u is available twice", c->id);
			return;
		}
		r->taken += c->slots;
		r->next_avail = svq_packed_advance(r->size, pos, c->slots);
		b->n++;
	}
}

/* The part of svq_ring_take_plain() that differs. */
static __rte_always_inline unsigned int
svq_packed_plain(struct svq_ring *r, struct svq_plain *p, uint32_t min, unsigned int max)
{
	const struct vring_packed_desc *const ring = r->desc;
	uint8_t *const busy = r->busy;
	const uint32_t size = r->size;
	uint16_t want = svq_packed_avail_flags(r->next_avail) | r->want;
	uint32_t at = r->next_avail & 0x7fffu;
	unsigned int n;

	/* Behind those that are taken, nothing can be available; who says so, is told elsewhere. */
	max = RTE_MIN(max, size - r->taken);
	for (n = 0; n < max; n++) {
		const uint64_t word = svq_packed_word(&ring[at]);
		const uint16_t id = SVQ_PACKED_ID(word);

		if (unlikely((SVQ_PACKED_FLAGS(word) &
				     (SVQ_F_AVAIL | SVQ_F_USED | SVQ_CHAIN_FLAGS)) != want) ||
			unlikely((uint32_t)word < min) || unlikely(busy[id] != 0))
			break;
		busy[id] = 1;
		p->id[n] = id;
		p->len[n] = (uint32_t)word;
		p->addr[n] = svq_packed_addr(&ring[at]);
		if (unlikely(++at == size)) {
			at = 0;
			want ^= SVQ_F_AVAIL | SVQ_F_USED;
		}
	}
	return n;
}

/*
 * Whoever sees the first entry of a batch may look at the next ones, so the first is written last;
 * each of the others is one store.
 */
static __rte_always_inline uint16_t
svq_packed_used_flags(uint16_t pos)
{
	return (pos & 0x8000u) != 0 ? SVQ_F_AVAIL | SVQ_F_USED : 0;
}

static __rte_always_inline uint64_t
svq_packed_used_word(uint64_t flags, uint16_t id, uint32_t written)
{
	if (written > 0)
		flags |= VRING_DESC_F_WRITE;
	return rte_cpu_to_le_64(flags << 48 | (uint64_t)id << 32 | written);
}

static __rte_always_inline void
svq_packed_used(struct svq_used *u, uint16_t id, uint16_t slots, uint32_t written)
{
	const uint64_t word = svq_packed_used_word(u->flags, id, written);
	uint64_t *desc = (uint64_t *)((struct vring_packed_desc *)u->ring + u->at);

	if (likely(u->n != 0))
		__atomic_store_n(&desc[1], word, __ATOMIC_RELAXED);
	else
		u->first_word = word;
	u->at += slots;
	if (unlikely(u->at >= u->size)) {
		u->at -= u->size;
		u->flags ^= SVQ_F_AVAIL | SVQ_F_USED;
	}
}

/* The descriptors from 'first' on, n of them. */
void svq_packed_log(const struct svq_ring *r, uint16_t first, uint16_t n);

static __rte_always_inline bool
svq_packed_wants_call(struct svq_ring *r)
{
	const bool valid = r->signalled_valid;
	const uint16_t old = r->signalled & 0x7fffu, now = r->next_used & 0x7fffu;
	const uint16_t wrap = r->next_used & 0x8000u;
	uint32_t event;
	uint16_t want, at;

	r->signalled = r->next_used;
	r->signalled_valid = r->callfd >= 0;
	if (r->callfd < 0)
		return false;
	/* The entries are visible before the guest's wish is read; the guest does the reverse. */
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
	event = rte_le_to_cpu_32(__atomic_load_n((uint32_t *)r->driver, __ATOMIC_RELAXED));
	want = event >> 16 & 3;
	if (want != VRING_PACKED_EVENT_FLAG_DESC || !r->event_idx)
		return want != VRING_PACKED_EVENT_FLAG_DISABLE;
	at = event & 0x7fff;
	if ((event & 0x8000) != wrap)
		at -= r->size;
	return !valid || vring_need_event(at, now, now <= old ? old - r->size : old);
}

static __rte_always_inline bool
svq_packed_publish(struct svq_ring *r, const struct svq_used *u)
{
	const uint16_t first = u->first;
	uint64_t word = u->first_word;

	if (r->skip)
		word = svq_packed_used_word(
			svq_packed_used_flags(first), (uint16_t)u->last.id, u->last.len);
	__atomic_store_n((uint64_t *)svq_packed_at(r, first) + 1, word, __ATOMIC_RELEASE);
	r->next_used = svq_packed_advance(r->size, first, u->slots);
	if (unlikely(svq_log_is_on(&r->log)))
		svq_packed_log(r, first, r->skip ? 1 : u->tail + 1);
	return svq_packed_wants_call(r);
}

#endif /* SVQ_PACKED_H */
