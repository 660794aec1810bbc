/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The engine's half of a raw receive queue. A burst goes in two steps: frames are scattered to the
 * entries at the head of the queue, then their completions are written, all at once.
 *
 * It is filled by the engine of whoever sends, under its lock; control calls come under a pause.
 * Everything in an entry is hostile: it is copied before it is checked, and each access is
 * translated.
 */
#ifndef NICEMU_DP_RQ_H
#define NICEMU_DP_RQ_H

#include <endian.h>
#include <infiniband/mlx5dv.h>

#include "../nic.h"
#include "keytlb.h"
#include "queue.h"
#include "vq.h"

#define RQ_MAX_SGES 32u /* data segments of an entry: max_wqe_sz_rq */
#define RQ_MAX_SEGS 96u /* of them in host memory, after translation */
/* Of base.attn: an error is to be completed, or entries to be flushed. */
#define RQ_ATTN_ERR 0x100u

struct dp_rq {
	struct dp_queue base; /* attn: QUEUE_ATTN_ARM, RQ_ATTN_ERR */
	struct nic_rq *rq;
	const uint8_t *ring; /* NULL: not in one piece */
	_Atomic uint32_t *record; /* of the doorbell: how many entries were posted */
	bool broken; /* nothing can be completed any more: CQ or work queue are gone */
	enum wqe_error error; /* of the entry at rq->ci, not completed yet */
	unsigned int n; /* completions of this burst, of the entries before rq->ci */
	struct mlx5_cqe64 cqe[VQ_BURST];
	struct key_tlb tlb;
};

static inline struct dp_rq *
rq_of(struct dp_queue *q)
{
	return (struct dp_rq *)q;
}

/* What an engine does with one: rq.c. */
extern const struct dp_queue_ops rq_ops;

/* How far has software come? */
static inline uint16_t
rq_record(const struct dp_rq *r)
{
	return (uint16_t)be32toh(atomic_load_explicit(r->record, memory_order_acquire));
}

/*
 * The completion of a frame, all but index, opcode and time: what is known of its headers,
 * checksums (rq->csum) and hash. 'strip' bytes of VLAN tag are not delivered.
 */
void rq_cqe_fill(struct mlx5_cqe64 *cqe, const struct nic_rq *rq, const struct pkt *p,
	const struct rx_meta *meta, uint32_t strip);

#endif /* NICEMU_DP_RQ_H */
