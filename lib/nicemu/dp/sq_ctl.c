/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What firmware does to a raw send queue: all under a pause.
 */
#include "sq.h"

#include <errno.h>
#include <stdlib.h>

#include "../fw/fw.h"
#include "engine.h"
#include "prm.h"

static void
bells_join(struct dp_sq *s)
{
	struct nic_uar *uar = s->sq->wq.uar;

	if (TAILQ_EMPTY(&uar->sqs))
		TAILQ_INSERT_TAIL(&s->base.f->bells, uar, next_bell);
	TAILQ_INSERT_TAIL(&uar->sqs, s, of_uar);
}

static void
bells_leave(struct dp_sq *s)
{
	struct nic_uar *uar = s->sq->wq.uar;

	TAILQ_REMOVE(&uar->sqs, s, of_uar);
	if (TAILQ_EMPTY(&uar->sqs))
		TAILQ_REMOVE(&s->base.f->bells, uar, next_bell);
}

static void
capabilities(struct dp_sq *s, const struct nic_func *f)
{
	const void *gen = f->caps[MLX5_CAP_GENERAL], *caps = f->caps[MLX5_CAP_ETHERNET_OFFLOADS];
	unsigned int ds = DEVX_GET(cmd_hca_cap, gen, max_wqe_sz_sq) / SQ_DS, lso;

	s->can.ds = ds < SQ_DS_MAX ? ds : SQ_DS_MAX;
	if (caps == NULL)
		return;
	lso = DEVX_GET(per_protocol_networking_offload_caps, caps, max_lso_cap);
	s->can.csum = DEVX_GET(per_protocol_networking_offload_caps, caps, csum_cap);
	s->can.vlan = DEVX_GET(per_protocol_networking_offload_caps, caps, wqe_vlan_insert);
	s->can.lso = lso == 0 ? 0 : 1u << lso;
}

int
dp_sq_init(struct nic_sq *sq)
{
	const struct nic_wq *wq = &sq->wq;
	struct dp_sq *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->sq = sq;
	s->base.ops = &sq_ops;
	s->base.cq = sq->cq;
	capabilities(s, sq->obj.func);
	s->ring = mem_umem_ptr(wq->umem, wq->offset, SQ_BB << wq->log_size);
	queue_join(&s->base, sq->obj.func, true);
	bells_join(s);
	sq->dp = s;
	return 0;
}

void
dp_sq_fini(struct nic_sq *sq)
{
	bells_leave(sq->dp);
	queue_leave(&sq->dp->base);
	free(sq->dp);
	sq->dp = NULL;
}

void
dp_sq_ready(struct nic_sq *sq)
{
	struct dp_sq *s = sq->dp;

	/* a doorbell that was rung before this moment is lost, for this queue */
	doorbell_poll(s->base.f);
	atomic_store(&s->base.kick, false);
	atomic_store(&sq->state, NIC_WQ_RDY);
}

void
dp_sq_error(struct nic_sq *sq)
{
	atomic_store(&sq->state, NIC_WQ_ERR);
}

void
dp_sq_reset(struct nic_sq *sq)
{
	struct dp_sq *s = sq->dp;

	sq->ci = 0;
	sq->pi = 0;
	s->next_ds = 0;
	s->n = 0;
	s->error = WQE_E_NONE;
	s->broken = false;
	atomic_store(&sq->state, NIC_WQ_RST);
}

void
dp_sq_dead(struct nic_sq *sq)
{
	atomic_store(&sq->state, NIC_WQ_ERR);
	atomic_store(&sq->dp->base.attn, 0);
	sq->dp->broken = true;
}
