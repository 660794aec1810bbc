/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What firmware does with the engine's half of a virtqueue. All of it under a pause.
 */
#include "engine.h"
#include "cq.h"
#include "notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The work is with the transmit queues; drivers make both kinds in turn, so each is spread alone.
 */
static struct dp_engine *
least_loaded(const struct nic *nic, bool tx)
{
	struct dp_engine *best = NULL;
	unsigned int i;

	for (i = 0; i < nic->n_engines; i++) {
		if (best == NULL || nic->engines[i]->n_vqs[tx] < best->n_vqs[tx])
			best = nic->engines[i];
	}
	return best;
}

int
dp_virtq_init(struct nic_virtq *q)
{
	struct dp_vq *v = calloc(1, sizeof(*v));
	pthread_mutexattr_t attr;

	if (v == NULL)
		return -ENOMEM;
	v->q = q;
	v->f = q->obj.func;
	v->tx = (q->index & 1) != 0;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&v->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	v->engine = least_loaded(v->f->nic, v->tx);
	if (v->engine != NULL) {
		TAILQ_INSERT_TAIL(&v->engine->vqs, v, next);
		v->spread_tx = v->tx;
		v->engine->n_vqs[v->spread_tx]++;
	}
	v->f->nic->dp_funcs[v->f->idx / 64] |= 1ull << v->f->idx % 64;
	v->f->nic->steer_gen++;
	q->dp = v;
	return 0;
}

static bool
has_queues(const struct nic_func *f)
{
	const struct nic_obj *o;

	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_VIRTQ], next) {
		if (((const struct nic_virtq *)o)->dp != NULL)
			return true;
	}
	return false;
}

void
dp_virtq_fini(struct nic_virtq *q)
{
	struct dp_vq *v = q->dp;

	if (v == NULL)
		return;
	/* after dp_stop() the engines are gone, and their lists with them */
	if (v->engine != NULL && v->f->nic->n_engines > 0) {
		TAILQ_REMOVE(&v->engine->vqs, v, next);
		v->engine->n_vqs[v->spread_tx]--;
	}
	pthread_mutex_destroy(&v->lock);
	v->f->nic->steer_gen++;
	q->dp = NULL;
	if (!has_queues(v->f))
		v->f->nic->dp_funcs[v->f->idx / 64] &= ~(1ull << v->f->idx % 64);
	free(v);
}

static void
forget_addresses(struct dp_vq *v)
{
	vq_rewind(v);
	v->mapped = false;
	memset(v->tlb, 0, sizeof(v->tlb));
	v->dirty = (struct vq_dirty){.on = v->q->dirty_on};
}

void
dp_virtq_ready(struct nic_virtq *q)
{
	struct dp_vq *v = q->dp;
	bool untouched =
		v->parked && q->avail_idx == v->parked_avail && q->used_idx == v->parked_used;

	v->tx = (q->index & 1) != 0;
	v->f->nic->steer_gen++;
	v->ops = q->type == NIC_VQ_PACKED ? &vq_packed_ops : &vq_split_ops;
	v->n = 0;
	v->next_avail = untouched ? v->parked_fetch : q->avail_idx;
	v->next_used = q->used_idx;
	v->done = 0;
	v->parked = false;
	v->serving = false;
	atomic_store(&v->hungry, false);
	forget_addresses(v);
	/* a doorbell that was rung before this moment is lost, for this queue */
	doorbell_poll(v->f);
	atomic_store(&v->kick, false);
	atomic_fetch_or(&v->attn, VQ_ATTN_START);
}

static void
leave_ring(struct dp_vq *v)
{
	struct mem_guard guard;

	if (mem_guard_enter(&guard) == 0) {
		notify_flush(v);
		/* whoever serves the ring next has to be told of new buffers */
		if (v->mapped)
			v->ops->doorbells(v, true);
	} else {
		cq_faulted();
	}
	mem_guard_leave();
}

void
dp_virtq_quiesce(struct nic_virtq *q)
{
	struct dp_vq *v = q->dp;

	if (!vq_is_ready(v))
		return;
	dp_virtq_indices(q);
	leave_ring(v);
	vq_rewind(v);
	atomic_fetch_and(&v->attn, ~(unsigned int)VQ_ATTN_START);
	v->serving = false;
	atomic_store(&v->hungry, false);
	v->parked = true;
	v->parked_avail = q->avail_idx;
	v->parked_used = q->used_idx;
	v->parked_fetch = v->next_avail;
}

void
dp_virtq_dead(struct nic_virtq *q)
{
	atomic_store(&q->dp->attn, 0);
}

void
dp_virtq_indices(struct nic_virtq *q)
{
	if (!vq_is_ready(q->dp))
		return;
	q->avail_idx = q->dp->next_avail;
	q->used_idx = q->dp->next_used;
}

void
dp_flows_changed(struct nic_func *f)
{
	unsigned int i;

	for (i = 0; i < f->nic->n_engines; i++)
		f->nic->engines[i]->flow = NULL;
	f->nic->steer_gen++;
}

/* What was fetched is fetched again, without a doorbell. */
static void
fetch_again(struct dp_vq *v)
{
	forget_addresses(v);
	atomic_store(&v->hungry, false);
	if (!v->tx)
		atomic_fetch_or(&v->attn, VQ_ATTN_START);
}

void
dp_mkeys_changed(struct nic_func *f)
{
	struct nic_obj *o;

	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_VIRTQ], next) {
		struct dp_vq *v = ((struct nic_virtq *)o)->dp;

		if (v == NULL)
			continue;
		fetch_again(v);
	}
}

void
dp_virtq_dirty(struct nic_virtq *q)
{
	fetch_again(q->dp);
}

void
dp_qp_reset(struct nic_qp *qp)
{
	qp->rq_ci = 0;
}
