/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The engine's half of a virtqueue: rings as the NIC sees them, descriptor chains fetched ahead,
 * indices, errors.
 *
 * Everything in a ring is hostile: descriptors are copied before they are checked, and each access
 * is translated.
 */
#ifndef NICEMU_DP_VQ_H
#define NICEMU_DP_VQ_H

#include <linux/virtio_ring.h>

#include "../mem/mem.h"
#include "../nic.h"
#include "cq.h"
#include "keytlb.h"
#include "prefetch.h"
#include "queue.h"

#define VQ_BURST 32u /* chains that are fetched ahead, at most */
#define VQ_MAX_CHAIN 64u /* descriptors of a chain; the limit of a ConnectX is not public */
#define VQ_MAX_SEGS 96u /* host segments of a chain, after translation */
#define VQ_POOL (4 * VQ_MAX_SEGS)
#define VQ_AREA_SEGS 4u /* host segments of a ring area */

/* An area of a ring in host memory. Several segments: it lies across memory regions. */
struct vq_area {
	unsigned int n;
	struct {
		uint8_t *base;
		uint32_t from, end; /* offsets in the area */
	} seg[VQ_AREA_SEGS];
};

/* A descriptor chain, fetched, checked and translated. */
struct vq_chain {
	uint16_t pos; /* where in the ring it was fetched; packed: bit 15 is the wrap counter */
	uint16_t id; /* head index, or buffer id of a packed ring */
	uint16_t slots; /* of the ring: 1, or the descriptors of a packed chain */
	uint16_t seg, n_seg; /* in vq->pool */
	uint32_t len; /* bytes */
	uint32_t used; /* of them, when it is completed */
};

/* The log of written pages (dirty.h). The part of it that was looked up last: len 0, nothing. */
struct vq_dirty {
	bool on;
	uint32_t from, len;
	uint8_t *host;
	enum vq_error error; /* a page could not be marked */
};

enum vq_attn {
	VQ_ATTN_START = 1, /* just became ready; receive: or was hungry, and a doorbell was rung */
	VQ_ATTN_NOTIFY = 2, /* a completion waits for a receive WQE of the event QP */
	VQ_ATTN_ARM = QUEUE_ATTN_ARM, /* a completion was written, its event waits for the CQ to be
					 armed */
	VQ_ATTN_MODERATED = QUEUE_ATTN_SOON, /* an event waits for more completions, or its time */
	VQ_ATTN_LATE = 16, /* an event waits: a failure on demand */
};
#define VQ_ATTN_EVENT (VQ_ATTN_NOTIFY | VQ_ATTN_ARM | VQ_ATTN_MODERATED | VQ_ATTN_LATE)

/* Events on their way (notify.h). Times in ns. */
struct vq_event {
	uint32_t waiting; /* completions since the last event */
	enum cq_send stuck; /* why the peer does not take the message ... */
	uint64_t since; /* ... and since when; 0: it does */
	uint64_t due, late; /* VQ_ATTN_MODERATED, VQ_ATTN_LATE */
};

struct dp_vq;
struct vq_ops {
	/* Fetch the chain at next_avail: 1, 0: none there or no room, -1: it is bad (vq_bad()). */
	int (*fetch)(struct dp_vq *v, struct vq_chain *c);
	/*
	 * The quick way for what is usual: fetch plain chains, of one descriptor with nothing wrong
	 * (vq_plain()), up to the first that is not, at most 'max'. How many.
	 */
	unsigned int (*fetch_plain)(struct dp_vq *v, unsigned int max);
	/* Is there a chain at next_avail? */
	bool (*pending)(struct dp_vq *v);
	/* Give the guest all v->done chains (vq_done_at()), visible at once. */
	void (*give_back)(struct dp_vq *v);
	/* After that: does the guest want an interrupt? */
	bool (*wants_event)(struct dp_vq *v);
	/* Tell the guest whether doorbells are needed. */
	void (*doorbells)(struct dp_vq *v, bool on);
	/* Size of the areas. */
	struct {
		uint32_t fixed, per_entry; /* bytes */
		uint32_t align;
		uint8_t perm;
	} area[3]; /* descriptors, driver area, device area */
};
extern const struct vq_ops vq_split_ops, vq_packed_ops;

enum { VQ_DESC, VQ_DRIVER, VQ_DEVICE };

struct dp_vq {
	struct dp_queue base; /* attn: enum vq_attn */
	struct nic_virtq *q;
	const struct vq_ops *ops;
	_Atomic bool hungry; /* receive: wants more buffers than were there, so needs a doorbell */
	bool mapped; /* areas are translated */
	bool serving; /* transmit: between doorbell and idle */
	uint64_t last_work, look_at; /* transmit: ns */
	uint16_t next_avail, next_used; /* packed: bit 15 is the wrap counter */
	uint16_t avail_seen; /* split: avail->idx as last read */
	struct vq_dirty dirty;
	struct vq_event event;
	bool parked; /* indices below are valid: see dp_virtq_ready() */
	uint16_t parked_avail, parked_used, parked_fetch;
	struct vq_area area[3];
	bool stalled; /* a bad chain follows those that were fetched; it fails the queue as the
			 first */
	uint32_t done; /* chains in front of chain[head] that are completed, and not published */
	unsigned int head, n; /* chains fetched, not completed: chain[head], n of them, a ring */
	struct vq_chain chain[VQ_BURST];
	unsigned int seg_tail;
	struct iovec pool[VQ_POOL];
	struct key_tlb tlb; /* of buffers */
	uint64_t pool_addr[VQ_POOL]; /* guest addresses of 'pool', when the NIC writes there and
					logs */
};

static inline struct dp_vq *
vq_of(struct dp_queue *q)
{
	return (struct dp_vq *)q;
}

static inline void *
vq_area_ptr(const struct vq_area *a, uint32_t off)
{
	unsigned int i = 0;

	if (a->n == 1)
		return a->seg[0].base + off;
	while (i + 1 < a->n && off >= a->seg[i].end)
		i++;
	return a->seg[i].base + (off - a->seg[i].from);
}

/* An area that is in one piece, NULL for others. */
static inline void *
vq_area_flat(const struct vq_area *a)
{
	return a->n == 1 ? a->seg[0].base : NULL;
}

static inline bool
vq_is_ready(const struct dp_vq *v)
{
	return atomic_load_explicit(&v->q->state, memory_order_relaxed) == NIC_VQ_RDY;
}

/* Bytes of the header that goes before each frame: struct virtio_net_hdr_v1, or virtio_net_hdr. */
static inline uint32_t
vq_hdr_len(const struct dp_vq *v)
{
	return v->q->v1 ? 12 : 10;
}

static inline struct vq_chain *
vq_chain_at(struct dp_vq *v, unsigned int i)
{
	return &v->chain[(v->head + i) % VQ_BURST];
}

/* Completed, and not published: the i-th of v->done. */
static inline struct vq_chain *
vq_done_at(struct dp_vq *v, unsigned int i)
{
	return &v->chain[(v->head - v->done + i) % VQ_BURST];
}

/*
 * Translate the rings, when that was not done. False: the queue has failed. All functions from here
 * on are for the queue's engine, or the holder of its lock, inside a mem_guard.
 */
bool vq_map(struct dp_vq *v);
/*
 * Fetch until 'want' (at most VQ_BURST) chains are there. How many, -1: the queue has failed. In
 * front of a bad chain it stops: what came before is carried out, and with the bad one in front the
 * queue fails.
 */
int vq_fetch(struct dp_vq *v, unsigned int want);
/* The first chain is done, with so many bytes written to it. No fetch before vq_publish(). */
static inline void
vq_complete(struct dp_vq *v, uint32_t len)
{
	v->chain[v->head].used = len;
	v->head = (v->head + 1) % VQ_BURST;
	v->n--;
	v->done++;
}
/* Give back what was completed, and tell the guest if it wants to be told. */
void vq_publish(struct dp_vq *v);
/* The queue goes to error: state, exact indices, error type, counters, event. */
void vq_fail(struct dp_vq *v, enum vq_error e);
/* What a negative result of mem_xlate() is. */
enum vq_error vq_mem_error(int n);
/* Forget what was fetched, or all but the first n chains of it; it will be fetched again. */
void vq_rewind(struct dp_vq *v);
void vq_cut(struct dp_vq *v, unsigned int n);

/* For the ring formats. */

/* What is being fetched is bad: fail the queue, now or when what came before is done. */
void vq_bad(struct dp_vq *v, enum vq_error e);
/* How many chains of one segment the pool has room for, and from where on. */
unsigned int vq_pool_room(const struct dp_vq *v, unsigned int *from);
/*
 * Make chain[nth] one of one buffer, with its segment at pool[seg]: not if its translation is not
 * at hand, nor if anything is wrong with it.
 */
static inline bool
vq_plain(struct dp_vq *v, unsigned int nth, unsigned int seg, uint16_t pos, uint16_t id,
	uint64_t addr, uint32_t len)
{
	uint8_t *host = keytlb_get(&v->tlb, v->q->mkey, addr, len);

	/* a bad descriptor has no length */
	if (host == NULL || len == 0)
		return false;
	/* the header of virtio-net, and what a frame begins with */
	if (v->base.tx) {
		__builtin_prefetch(host);
		__builtin_prefetch(host + 64);
	} else {
		prefetch_write(host);
		prefetch_write(host + 64);
	}
	v->chain[nth % VQ_BURST] = (struct vq_chain){
		.pos = pos, .id = id, .slots = 1, .seg = (uint16_t)seg, .n_seg = 1, .len = len};
	v->pool[seg] = (struct iovec){.iov_base = host, .iov_len = len};
	return true;
}

/* So many were made from chain[v->head + v->n] and pool[seg] on; the next is at 'next_avail'. */
static inline void
vq_plain_done(struct dp_vq *v, unsigned int n, unsigned int seg, uint16_t next_avail)
{
	if (n == 0)
		return;
	v->n += n;
	v->seg_tail = seg + n;
	v->next_avail = next_avail;
}

/* Start a chain in the pool. False: no room. */
bool vq_chain_begin(struct dp_vq *v, struct vq_chain *c, uint16_t pos);
/* Add a buffer. n_desc: descriptors so far, this one included. -1: it was bad. */
int vq_chain_add(struct dp_vq *v, struct vq_chain *c, uint64_t addr, uint32_t len, uint16_t flags,
	unsigned int n_desc);
/* Copy an indirect table: number of descriptors of 16 bytes, or -1: it was bad. */
int vq_chain_indirect(struct dp_vq *v, uint64_t addr, uint32_t len, void *table);

#endif /* NICEMU_DP_VQ_H */
