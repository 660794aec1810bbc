/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the engines know of a queue, whatever its kind: a virtqueue, a raw send or receive queue. It
 * is the first member of the engine's half of each.
 *
 * A transmit queue belongs to its engine. A receive queue is filled by the engine of whoever sends:
 * its lock is taken once per burst. Control calls come under a pause and need neither.
 */
#ifndef NICEMU_DP_QUEUE_H
#define NICEMU_DP_QUEUE_H

#include "../nic.h"

struct dp_engine;
struct dp_queue;
struct pkt;

/* What steering found out of a frame: it hangs on the TIR, so each destination has its own. */
struct rx_meta {
	uint32_t hash;
	uint32_t flow_tag;
	uint8_t hash_type; /* rx_hash_type of a completion, 0: not hashed */
};

/* All but the last for the queue's engine, or the holder of its lock, inside a mem_guard. */
struct dp_queue_ops {
	/* Bits of 'attn' are set. */
	void (*attend)(struct dp_engine *e, struct dp_queue *q);
	/* Receive: these frames have arrived, in this order. */
	void (*deliver)(struct dp_engine *e, struct dp_queue *q, struct pkt *const *pkt,
		const struct rx_meta *meta, unsigned int n);
	/* Receive: a burst was cut off by a fault; make visible what was delivered of it. */
	void (*publish)(struct dp_queue *q);
	/* An access faulted: is the address in a ring of the queue, or in a buffer it fetched? */
	bool (*touches)(const struct dp_queue *q, const uint8_t *addr);
	/* It is the queue's memory that faulted, there. */
	void (*fail)(struct dp_queue *q, const uint8_t *addr);
	/*
	 * Transmit: a round of the engine, outside of a mem_guard. True: there was work, or there
	 * is soon.
	 */
	bool (*serve)(struct dp_engine *e, struct dp_queue *q);
	/* Under a pause: translations that are kept are stale. */
	void (*forget)(struct dp_queue *q);
};

/* Bits of 'attn' that engines know: a completion was written, and its event waits for the CQ to be
 * armed; there is work within microseconds, too short for a nap. */
#define QUEUE_ATTN_ARM 4u
#define QUEUE_ATTN_SOON 8u

struct dp_queue {
	const struct dp_queue_ops *ops;
	struct nic_func *f;
	struct nic_cq *cq; /* where a raw queue completes; NULL: a virtqueue */
	struct dp_engine *engine; /* NULL: none runs */
	TAILQ_ENTRY(dp_queue) next; /* engine->queues */
	TAILQ_ENTRY(dp_queue) of_func; /* f->queues */
	_Atomic bool kick; /* doorbell rung and not yet seen by the engine */
	_Atomic unsigned int attn; /* what the engine has to look at, a bit each, of the kind */
	pthread_mutex_t lock; /* receive queues */
	bool tx;
	bool spread_tx; /* as what it counts in engine->n_queues */
};

/* Receive: frames for this queue, which it takes or drops. For any engine, inside a mem_guard. */
void queue_deliver(struct dp_engine *e, struct dp_queue *q, struct pkt *const *pkt,
	const struct rx_meta *meta, unsigned int n);

/* Give a new queue to an engine; the caller has set 'ops'. Under a pause, as queue_leave(). */
void queue_join(struct dp_queue *q, struct nic_func *f, bool tx);
void queue_leave(struct dp_queue *q);

#endif /* NICEMU_DP_QUEUE_H */
