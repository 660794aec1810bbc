/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A guest's ring alone: available descriptors become chains, used buffers go back. Nothing of a
 * packet or of a NIC is known here. What differs between split and packed rings is in svq_split.h
 * and svq_packed.h; all that is called per packet takes the kind as a constant, so that there is a
 * copy of it for each without a choice at run time.
 *
 * Each field that the guest can change is read once. An error is kept in .error and logged; what
 * was read before it stays good.
 */
#ifndef SVQ_RING_H
#define SVQ_RING_H

#include <errno.h>
#include <linux/virtio_ring.h>
#include <rte_atomic.h>
#include <rte_byteorder.h>
#include <rte_prefetch.h>

#include "hf_ethq.h"
#include "svq_log.h"
#include "svq_mem.h"

/* Counters have one writer, and readers at any time. */
static __rte_always_inline void
svq_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

#define SVQ_BURST 32u
#define SVQ_CHAIN_FLAGS (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT)
/* Descriptors fill two thirds at most, so that one indirect table fits in any case. */
#define SVQ_POOL (3 * HF_SVQ_MAX_CHAIN)

/* SVQ_SPLIT_BE: of a legacy guest that is big-endian (virtio 1.2, 2.4.3), its headers included. */
enum svq_kind { SVQ_SPLIT, SVQ_PACKED, SVQ_SPLIT_BE };

/* Between the CPU's byte order and the guest's, either way. */
static __rte_always_inline uint16_t
svq_guest_16(enum svq_kind kind, uint16_t v)
{
	return kind == SVQ_SPLIT_BE ? rte_cpu_to_be_16(v) : rte_cpu_to_le_16(v);
}

static __rte_always_inline uint32_t
svq_guest_32(enum svq_kind kind, uint32_t v)
{
	return kind == SVQ_SPLIT_BE ? rte_cpu_to_be_32(v) : rte_cpu_to_le_32(v);
}

static __rte_always_inline uint64_t
svq_guest_64(enum svq_kind kind, uint64_t v)
{
	return kind == SVQ_SPLIT_BE ? rte_cpu_to_be_64(v) : rte_cpu_to_le_64(v);
}

struct svq_chain {
	struct hf_ethq_seg *seg;
	uint32_t len; /* bytes of all pieces */
	uint16_t n; /* pieces */
	uint16_t id; /* split: its head; packed: the buffer's id */
	uint16_t slots; /* of the ring that it takes: split 1 */
};

/* What one look at the ring found. */
struct svq_burst {
	unsigned int n, pieces;
	struct svq_chain c[SVQ_BURST];
	/* A first descriptor that refers to a table, which is read in a second round. */
	uint64_t table[SVQ_BURST];
	uint32_t table_len[SVQ_BURST]; /* 0: none */
	struct hf_ethq_seg pool[SVQ_POOL];
};

/*
 * Chains of one descriptor each, of one slot: what most guests do most of the time. The loops over
 * them keep what they need in registers.
 */
struct svq_plain {
	uint64_t addr[SVQ_BURST];
	uint32_t len[SVQ_BURST];
	uint16_t id[SVQ_BURST];
};

struct svq_ring {
	void *desc; /* struct vring_desc or vring_packed_desc, of .size */
	void *driver; /* struct vring_avail, or vring_packed_desc_event */
	void *device; /* struct vring_used, or vring_packed_desc_event */
	const struct hf_svq_mem *mem;
	uint32_t hint; /* region of the last indirect table */
	uint32_t mkey;
	/* Split: free running. Packed: a slot, and the wrap counter in bit 15. */
	uint16_t next_avail, next_used;
	uint16_t avail_seen; /* split: as last read */
	uint16_t signalled; /* next_used when a notification was last thought about */
	uint16_t size;
	uint16_t taken; /* slots between next_used and next_avail */
	uint16_t want; /* VRING_DESC_F_WRITE, which each descriptor has to have; or 0: may not have
			*/
	enum svq_kind kind;
	bool event_idx, indirect;
	bool skip; /* used entries: one for a batch (VIRTIO_F_IN_ORDER) */
	bool signalled_valid;
	int callfd;
	int error;
	struct hf_svq_log log;
	uint64_t desc_gpa, device_gpa; /* packed: what the log counts from */
	uint64_t calls, errors; /* one writer, read by any */
	char name[48];
	uint8_t busy[UINT16_MAX + 1]; /* by id: it was taken and not given back */
};

/*
 * Used buffers on their way into the ring; begun and ended in one poll. A local of the caller's, so
 * that what is in it stays in registers.
 */
struct svq_used {
	void *ring; /* of descriptors, or the used ring's entries */
	uint8_t *busy;
	uint32_t size;
	uint32_t n; /* so far */
	uint16_t slots; /* of them */
	uint16_t tail; /* slots before the last */
	uint16_t first; /* position of the first */
	bool skip;
	/* Packed: where the next one goes, and its flags. */
	uint16_t flags;
	uint32_t at;
	uint64_t first_word; /* packed: len, id and flags of the first, written last */
	struct vring_used_elem last;
};

/* -EINVAL, logged, and *r is not to be used; else it is at these indices, without kicks. */
int svq_ring_init(struct svq_ring *r, const struct hf_svq_ring *attr, bool guest_receives);

/* Stop serving. what: what is wrong, with a %u for val. */
void svq_ring_bad(struct svq_ring *r, int error, const char *what, uint32_t val);

/* Stop serving, with -EMSGSIZE: what comes next is for another queue. */
void svq_ring_outgrown(struct svq_ring *r);

/* Write to the eventfd. */
void svq_ring_call(struct svq_ring *r);

/* Kicks of the guest on or off. */
void svq_ring_kicks(struct svq_ring *r, bool on);

/* Is there more to take? A full barrier is the caller's. svq_pending() is the same for loops. */
bool svq_ring_pending(const struct svq_ring *r);

/*
 * Add the pieces of an indirect table to a chain. 0, or negative: the ring is bad. Read by the CPU,
 * so bounded by the table of memory.
 */
int svq_table_walk(
	struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, uint64_t gpa, uint32_t len);

/* Mark what was written into the ring. */
static inline void
svq_ring_log(const struct svq_ring *r, uint64_t gpa, uint64_t len)
{
	if (unlikely(svq_log_is_on(&r->log)) && r->log.used)
		svq_log_pages(&r->log, gpa, len);
}

/* True, and it is taken; false: the guest has made this buffer available twice. */
static __rte_always_inline bool
svq_id_take(struct svq_ring *r, uint16_t id)
{
	if (unlikely(r->busy[id] != 0))
		return false;
	r->busy[id] = 1;
	return true;
}

static __rte_always_inline void
svq_id_give(struct svq_ring *r, uint16_t id)
{
	r->busy[id] = 0;
}

/* One more piece; the pool has room for HF_SVQ_MAX_CHAIN when a chain is begun. */
static __rte_always_inline int
svq_chain_add(struct svq_ring *r, struct svq_burst *b, struct svq_chain *c, uint64_t addr,
	uint32_t len, uint16_t flags)
{
	if (unlikely((flags & VRING_DESC_F_WRITE) != r->want)) {
		svq_ring_bad(
			r, -EPROTO, "a descriptor is of the wrong direction, flags %#x", flags);
		return -1;
	}
	if (unlikely(len == 0 || c->len + len < len)) {
		svq_ring_bad(r, -EPROTO, "a descriptor is empty, or a chain too long: %u", len);
		return -1;
	}
	if (unlikely(c->n == HF_SVQ_MAX_CHAIN)) {
		svq_ring_bad(r, -E2BIG, "a chain has more than %u pieces", HF_SVQ_MAX_CHAIN);
		return -1;
	}
	c->seg[c->n++] = (struct hf_ethq_seg){.addr = addr, .len = len, .lkey = r->mkey};
	c->len += len;
	b->pieces++;
	return 0;
}

static __rte_always_inline struct svq_chain *
svq_chain_begin(struct svq_burst *b)
{
	struct svq_chain *c = &b->c[b->n];

	c->seg = &b->pool[b->pieces];
	c->n = 0;
	c->len = 0;
	b->table_len[b->n] = 0;
	return c;
}

static __rte_always_inline bool
svq_burst_has_room(const struct svq_burst *b, unsigned int max)
{
	return b->n < max && b->pieces + 2 * HF_SVQ_MAX_CHAIN <= SVQ_POOL;
}

/* The first descriptor of the chain at hand refers to a table: for the second round. */
static __rte_always_inline void
svq_table_defer(struct svq_ring *r, struct svq_burst *b, uint64_t gpa, uint32_t len)
{
	b->table[b->n] = gpa;
	b->table_len[b->n] = len;
	rte_prefetch0(svq_mem_at(r->mem, &r->hint, gpa, sizeof(struct vring_desc)));
}

/* What a descriptor says of its table, apart from where it is. */
static __rte_always_inline bool
svq_table_is_valid(struct svq_ring *r, uint32_t len, uint16_t flags)
{
	if (likely(r->indirect && (flags & VRING_DESC_F_NEXT) == 0 && len != 0 &&
		    len % sizeof(struct vring_desc) == 0))
		return true;
	svq_ring_bad(r, -EPROTO, "an indirect table that may not be, of %u bytes", len);
	return false;
}

/* A position in a packed ring of this size, some slots further. */
static __rte_always_inline uint16_t
svq_packed_advance(uint32_t size, uint16_t pos, uint32_t slots)
{
	uint32_t i = (pos & 0x7fffu) + slots;
	uint16_t wrap = pos & 0x8000u;

	if (unlikely(i >= size)) {
		i -= size;
		wrap ^= 0x8000u;
	}
	return (uint16_t)(i | wrap);
}

static __rte_always_inline uint16_t
svq_advance(const struct svq_ring *r, enum svq_kind kind, uint16_t pos, uint32_t slots)
{
	return kind == SVQ_PACKED ? svq_packed_advance(r->size, pos, slots)
				  : (uint16_t)(pos + slots);
}

#include "svq_packed.h"
#include "svq_split.h"

static __rte_always_inline bool
svq_pending(const struct svq_ring *r, enum svq_kind kind)
{
	const struct vring_avail *avail = r->driver;

	if (kind == SVQ_PACKED)
		return svq_packed_is_available(
			svq_packed_word(svq_packed_at(r, r->next_avail)), r->next_avail);
	return svq_guest_16(kind, __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE)) != r->next_avail;
}

/* The chains from c[from] on were not taken. */
static inline void
svq_ring_untake(struct svq_ring *r, enum svq_kind kind, struct svq_burst *b, unsigned int from)
{
	uint16_t left = r->taken;
	unsigned int i;

	for (i = from; i < b->n; i++) {
		svq_id_give(r, b->c[i].id);
		left -= b->c[i].slots;
	}
	r->taken = left;
	r->next_avail = svq_advance(r, kind, r->next_used, left);
	b->n = from;
}

/*
 * Up to max plain chains of at least min bytes, up to the first that is anything else. Returns how
 * many, and moves next_avail.
 */
static __rte_always_inline unsigned int
svq_ring_take_plain(
	struct svq_ring *r, enum svq_kind kind, struct svq_plain *p, uint32_t min, unsigned int max)
{
	const unsigned int n = kind == SVQ_PACKED ? svq_packed_plain(r, p, min, max)
						  : svq_split_plain(r, kind, p, min, max);

	r->next_avail = svq_advance(r, kind, r->next_avail, n);
	r->taken += n;
	return n;
}

/* Of n that were taken so, those from 'from' on were not. */
static __rte_always_inline void
svq_ring_untake_plain(struct svq_ring *r, enum svq_kind kind, const struct svq_plain *p,
	unsigned int from, unsigned int n)
{
	if (likely(from == n))
		return;
	r->taken -= n - from;
	r->next_avail = svq_advance(r, kind, r->next_used, r->taken);
	for (; from < n; from++)
		svq_id_give(r, p->id[from]);
}

/* Up to max chains from next_avail on, which they move; b->n of them. */
static __rte_always_inline void
svq_ring_take(struct svq_ring *r, enum svq_kind kind, struct svq_burst *b, unsigned int max)
{
	unsigned int i;

	b->n = 0;
	b->pieces = 0;
	if (kind == SVQ_PACKED)
		svq_packed_take(r, b, max);
	else
		svq_split_take(r, kind, b, max);
	for (i = 0; i < b->n; i++) {
		if (likely(b->table_len[i] == 0))
			continue;
		b->c[i].seg = &b->pool[b->pieces];
		if (b->pieces + HF_SVQ_MAX_CHAIN > SVQ_POOL ||
			svq_table_walk(r, b, &b->c[i], b->table[i], b->table_len[i]) != 0) {
			svq_ring_untake(r, kind, b, i);
			break;
		}
	}
}

/* Buffers go back: begin, one call for each (in any order if not .skip), end. */
static __rte_always_inline void
svq_used_begin(struct svq_ring *r, enum svq_kind kind, struct svq_used *u)
{
	*u = (struct svq_used){
		.ring = kind == SVQ_PACKED ? r->desc : ((struct vring_used *)r->device)->ring,
		.busy = r->busy,
		.size = r->size,
		.first = r->next_used,
		.skip = r->skip,
		.flags = svq_packed_used_flags(r->next_used),
		.at = r->next_used & 0x7fffu,
	};
}

/* written: bytes that the guest gets. */
static __rte_always_inline void
svq_used_add(enum svq_kind kind, struct svq_used *u, uint16_t id, uint16_t slots, uint32_t written)
{
	u->busy[id] = 0;
	if (u->skip)
		u->last = (struct vring_used_elem){.id = id, .len = written};
	else if (kind == SVQ_PACKED)
		svq_packed_used(u, id, slots, written);
	else
		svq_split_used(kind, u, u->n, id, written);
	u->tail = u->slots;
	u->slots += slots;
	u->n++;
}

/* Make them visible, and notify the guest if it wants that. */
static __rte_always_inline void
svq_used_end(struct svq_ring *r, enum svq_kind kind, struct svq_used *u)
{
	bool call;

	if (u->n == 0)
		return;
	r->taken -= u->slots;
	call = kind == SVQ_PACKED ? svq_packed_publish(r, u) : svq_split_publish(r, kind, u);
	if (call && r->callfd >= 0)
		svq_ring_call(r);
}

#endif /* SVQ_RING_H */
