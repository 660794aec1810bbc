/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * An engine: a thread that serves the transmit queues that were given to it, and moves their frames
 * in bursts. A burst goes in three steps: fetch and steer (frames collect in bins, one per receive
 * queue), deliver bin by bin (one lock, one copy, one notification each), complete. Frames stay in
 * the sender's memory until they are delivered.
 */
#ifndef NICEMU_DP_ENGINE_H
#define NICEMU_DP_ENGINE_H

#include "dp.h"
#include "flowcache.h"
#include "pkt.h"
#include "vq.h"

#define ENGINE_BINS 32u
#define ENGINE_PKTS 64u
#define ENGINE_WIRE 32u /* frames from the wire in a burst */

/* Where a destination address leads. */
struct es_dest {
	bool valid;
	const struct nic_func *src;
	struct ether_addr mac;
	uint64_t funcs[2]; /* bit map of function indices */
	bool wire;
};

/* Frames of a burst for one receive queue. */
struct rx_bin {
	struct dp_queue *q;
	unsigned int n;
	struct pkt *pkt[VQ_BURST];
	struct rx_meta meta[VQ_BURST];
};

struct dp_engine {
	struct nic *nic;
	unsigned int idx;
	pthread_t thread;
	pthread_mutex_t lock; /* held while the engine is not idle */
	pthread_cond_t resume;
	_Atomic bool pause, stop;
	TAILQ_HEAD(, dp_queue) queues; /* changes under a pause */
	unsigned int n_queues[2]; /* receive, transmit: as they were when they were made */

	/* the rest belongs to the thread */
	struct mem_guard guard;
	struct dp_queue *volatile rx_locked; /* whose lock is held, for the case of a fault */
	struct es_dest dest; /* of the last frame of this burst */
	struct nic_flow *flow; /* of the last frame, and how many matched it since */
	uint64_t flow_hits;
	uint64_t tx_pkts, tx_bytes; /* of this burst */
	uint32_t tx_segs; /* of this burst: what TCP segmentation made */
	unsigned int n_bins, n_pkts;
	struct rx_bin bin[ENGINE_BINS];
	struct pkt pkt[ENGINE_PKTS];
	struct flow_cache flows;
	uint8_t *wire_buf; /* ENGINE_WIRE frames; NULL: another engine has the wire */
	unsigned int wire_skip;
	uint64_t now, busy_at; /* ns */
	uint32_t sleep_us;
};

/*
 * Run a step of the data path on a queue (NULL: the wire). False: an access faulted, the queue
 * whose memory it was is in error, and its lock is free.
 */
bool engine_dma(struct dp_engine *e, struct dp_queue *q,
	void (*step)(struct dp_engine *, struct dp_queue *));

/* Transmit virtqueue: serve it if its doorbell was rung. True: there was something to do. */
bool txq_serve(struct dp_engine *e, struct dp_queue *q);
/* How a frame is cut into segments. */
struct tso {
	enum pkt_l3 l3; /* what it has to be; NONE: either */
	uint32_t hdr_len; /* of all headers, if they have to be as long as that; 0: any */
	uint32_t mss; /* bytes of payload in each */
	bool ip_csum, tcp_csum; /* make these checksums; else they stay as they are */
};
/* Cut a frame of TCP, and send the segments. -EINVAL: it can't be cut. */
int tso_send(struct dp_engine *e, struct nic_func *f, const struct tso *t, struct pkt *p);
/*
 * A finished frame of a function's transmit queue enters the e-switch, unless it is larger than the
 * MTU. Counts it as dropped, or in e->tx_pkts and tx_bytes.
 */
void eswitch_tx(struct dp_engine *e, struct nic_func *f, struct pkt *p);
/* What a transmit queue's burst sent goes to the counters of its function. */
void engine_count_tx(struct dp_engine *e, struct nic_func *f);

/* Receive virtqueue: the work of queue_deliver(). */
void rxq_deliver(struct dp_engine *e, struct dp_queue *q, struct pkt *const *pkt,
	const struct rx_meta *meta, unsigned int n);
/* Receive virtqueue became ready. Its lock is held. */
void rxq_start(struct dp_vq *v);

/* A burst begins: forget where frames went if that may have changed. */
static inline void
eswitch_begin(struct dp_engine *e)
{
	e->dest.valid = false;
	flow_cache_check(&e->flows, e->nic->steer_gen);
}

/* E-switch: src NULL is the wire. The frame has to stay until eswitch_flush(). */
void eswitch_send(struct dp_engine *e, struct nic_func *src, struct pkt *p);
void eswitch_flush(struct dp_engine *e);
/* A burst is over: what a fault left in bins is lost, and counted so. */
void eswitch_end(struct dp_engine *e);
/* A place for a frame. May deliver what is there already to make room. */
static inline struct pkt *
engine_pkt(struct dp_engine *e)
{
	if (e->n_pkts == ENGINE_PKTS) {
		eswitch_flush(e);
		e->n_pkts = 0;
	}
	return &e->pkt[e->n_pkts++];
}
int eswitch_init(struct nic *nic);
void eswitch_fini(struct nic *nic);

/* Look at the doorbell pages of a function, wake its queues. Any engine, or under a pause. */
void doorbell_poll(struct nic_func *f);

#endif /* NICEMU_DP_ENGINE_H */
