/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What firmware does to a raw receive queue: all under a pause.
 */
#include "rq.h"

#include <errno.h>
#include <stdlib.h>

#include "engine.h"

int
dp_rq_init(struct nic_rq *rq)
{
	const struct nic_wq *wq = &rq->wq;
	struct dp_rq *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	r->rq = rq;
	r->ring =
		mem_umem_ptr(wq->umem, wq->offset, (uint32_t)1 << (wq->log_size + wq->log_stride));
	r->record = mem_umem_ptr(wq->dbr_umem, wq->dbr_offset, sizeof(*r->record));
	r->base.ops = &rq_ops;
	r->base.cq = rq->cq;
	rq->dp = r;
	queue_join(&r->base, rq->obj.func, false);
	return 0;
}

void
dp_rq_fini(struct nic_rq *rq)
{
	queue_leave(&rq->dp->base);
	free(rq->dp);
	rq->dp = NULL;
}

void
dp_rq_ready(struct nic_rq *rq)
{
	atomic_store(&rq->state, NIC_WQ_RDY);
}

void
dp_rq_error(struct nic_rq *rq)
{
	atomic_store(&rq->state, NIC_WQ_ERR);
	atomic_fetch_or(&rq->dp->base.attn, RQ_ATTN_ERR);
}

void
dp_rq_reset(struct nic_rq *rq)
{
	struct dp_rq *r = rq->dp;

	atomic_store(&rq->state, NIC_WQ_RST);
	atomic_fetch_and(&r->base.attn, ~RQ_ATTN_ERR);
	rq->ci = 0;
	rq->pi = 0;
	r->broken = false;
	r->error = WQE_E_NONE;
}

uint16_t
dp_rq_posted(const struct nic_rq *rq)
{
	struct mem_guard guard;
	volatile uint16_t n = 0;

	if (mem_guard_enter(&guard) == 0)
		n = rq_record(rq->dp);
	mem_guard_leave();
	return n;
}

void
dp_rq_dead(struct nic_rq *rq)
{
	atomic_store(&rq->state, NIC_WQ_ERR);
	atomic_store(&rq->dp->base.attn, 0);
	rq->dp->broken = true;
}
