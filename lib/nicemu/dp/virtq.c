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

static void
forget_addresses(struct dp_vq *v)
{
	vq_rewind(v);
	v->mapped = false;
	keytlb_clear(&v->tlb);
	v->dirty = (struct vq_dirty){.on = v->q->dirty_on};
}

/* What was fetched is fetched again, without a doorbell. */
static void
fetch_again(struct dp_vq *v)
{
	forget_addresses(v);
	atomic_store(&v->hungry, false);
	if (!v->base.tx)
		atomic_fetch_or(&v->base.attn, VQ_ATTN_START);
}

static void
virtq_forget(struct dp_queue *q)
{
	fetch_again(vq_of(q));
}

static void
virtq_attend(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_vq *v = vq_of(q);
	unsigned int attn = atomic_fetch_and(&q->attn, ~(unsigned int)VQ_ATTN_START);

	(void)e;
	if ((attn & VQ_ATTN_START) != 0 && vq_is_ready(v)) {
		if (!q->tx)
			rxq_start(v);
		else if (vq_map(v))
			v->ops->doorbells(v, true);
	}
	/* also when the queue has failed since: what was completed before is to be told */
	attn = atomic_fetch_and(&q->attn, ~(unsigned int)VQ_ATTN_EVENT);
	if ((attn & VQ_ATTN_EVENT) != 0)
		notify_attend(v, attn);
}

/* What a receive queue got of a burst that was cut off: its indices count it. */
static void
virtq_publish(struct dp_queue *q)
{
	if (vq_of(q)->done > 0)
		vq_publish(vq_of(q));
}

static bool
virtq_touches(const struct dp_queue *q, const uint8_t *addr)
{
	const struct dp_vq *v = (const struct dp_vq *)q;
	unsigned int i, s;

	for (i = 0; i < 3 && v->mapped; i++) {
		const struct vq_area *a = &v->area[i];

		for (s = 0; s < a->n; s++) {
			if (addr >= a->seg[s].base &&
				addr < a->seg[s].base + (a->seg[s].end - a->seg[s].from))
				return true;
		}
	}
	for (i = 0; i < v->n; i++) {
		const struct vq_chain *c = &v->chain[(v->head + i) % VQ_BURST];

		for (s = 0; s < c->n_seg; s++) {
			const struct iovec *seg = &v->pool[c->seg + s];

			if (addr >= (uint8_t *)seg->iov_base &&
				addr < (uint8_t *)seg->iov_base + seg->iov_len)
				return true;
		}
	}
	return false;
}

static void
virtq_fail(struct dp_queue *q, const uint8_t *addr)
{
	struct dp_vq *v = vq_of(q);

	(void)addr;
	/* of one that has failed it is the queue pair's: a message that can't be tried again */
	if (!vq_is_ready(v))
		atomic_fetch_and(&q->attn, ~(unsigned int)VQ_ATTN_NOTIFY);
	vq_fail(v, VQ_E_MEMORY);
}

static bool
virtq_serve(struct dp_engine *e, struct dp_queue *q)
{
	return e->now < vq_of(q)->look_at || txq_serve(e, q);
}

static const struct dp_queue_ops virtq_ops = {
	.attend = virtq_attend,
	.deliver = rxq_deliver,
	.publish = virtq_publish,
	.touches = virtq_touches,
	.fail = virtq_fail,
	.serve = virtq_serve,
	.forget = virtq_forget,
};

int
dp_virtq_init(struct nic_virtq *q)
{
	struct dp_vq *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return -ENOMEM;
	v->q = q;
	v->base.ops = &virtq_ops;
	queue_join(&v->base, q->obj.func, (q->index & 1) != 0);
	q->dp = v;
	return 0;
}

void
dp_virtq_fini(struct nic_virtq *q)
{
	struct dp_vq *v = q->dp;

	if (v == NULL)
		return;
	queue_leave(&v->base);
	q->dp = NULL;
	free(v);
}

void
dp_virtq_ready(struct nic_virtq *q)
{
	struct dp_vq *v = q->dp;
	bool untouched =
		v->parked && q->avail_idx == v->parked_avail && q->used_idx == v->parked_used;

	v->base.tx = (q->index & 1) != 0;
	v->base.f->nic->steer_gen++;
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
	doorbell_poll(v->base.f);
	atomic_store(&v->base.kick, false);
	atomic_fetch_or(&v->base.attn, VQ_ATTN_START);
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
	atomic_fetch_and(&v->base.attn, ~(unsigned int)VQ_ATTN_START);
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
	atomic_store(&q->dp->base.attn, 0);
}

void
dp_virtq_indices(struct nic_virtq *q)
{
	if (!vq_is_ready(q->dp))
		return;
	q->avail_idx = q->dp->next_avail;
	q->used_idx = q->dp->next_used;
}

unsigned int
dp_virtq_fetched(const struct nic_virtq *q)
{
	return q->dp->n;
}

bool
dp_virtq_hungry(const struct nic_virtq *q)
{
	return atomic_load(&q->dp->hungry);
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
