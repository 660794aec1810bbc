/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "notify.h"

#include "../clock.h"
#include "../fault.h"
#include "cq.h"

#define US 1000ull /* in ns */
#define MS 1000000ull
/* queue_period_mode, DPDK guide vdpa/mlx5 hw_latency_mode: else from the first completion on */
#define PERIOD_FROM_LAST 2
#define ACK_UNIT 4096ull /* ns; the time-out is 2^ack_timeout of it (IBTA 9.7.6.1.3) */
#define RNR_FOREVER 7 /* rnr_retry (IBTA 9.7.5.2.8) */

/* How long a message is retried that nobody acknowledges, in ns; 0: for ever. */
static uint64_t
ack_limit(const struct nic_qp *qp)
{
	return qp->ack_timeout == 0 ? 0 : (qp->retry_count + 1u) * (ACK_UNIT << qp->ack_timeout);
}

/* The same for one that finds no receive WQE. Times: Linux ib_verbs.h enum ib_rnr_timeout. */
static uint64_t
rnr_limit(const struct nic_qp *qp)
{
	unsigned int t = qp->min_rnr_nak;
	uint64_t us = t == 0 ? 655360 : t == 1 ? 10 : (t % 2 != 0 ? 30 : 20) << (t - 2) / 2;

	return qp->rnr_retry == RNR_FOREVER ? 0 : (qp->rnr_retry + 1u) * us * US;
}

/* The message is lost, and the queue with it if it runs. */
static void
give_up(struct dp_vq *v, enum vq_error e)
{
	v->event.since = 0;
	if (v->q->event_qp->state == NIC_QP_RTS)
		v->q->event_qp->state = NIC_QP_ERR;
	vq_fail(v, e);
}

static void
retry(struct dp_vq *v, enum cq_send why)
{
	const struct nic_qp *qp = v->q->event_qp;
	uint64_t limit = why == CQ_RNR ? rnr_limit(qp) : ack_limit(qp), now = clock_ns();

	if (v->event.since == 0 || v->event.stuck != why) {
		v->event.since = now;
		v->event.stuck = why;
	}
	if (limit != 0 && now - v->event.since > limit)
		give_up(v, why == CQ_RNR ? VQ_E_QP_RNR : VQ_E_QP_NO_ACK);
	else
		atomic_fetch_or(&v->base.attn, VQ_ATTN_NOTIFY);
}

/* Raise the event of the queue's CQ that is due, or leave it to be retried. */
static void
raise_event(struct dp_vq *v)
{
	if (v->q->event_mode != NIC_VQ_QP)
		return;
	/* first, for a fault on the way: that is another CQ's, and this one's event is still due */
	atomic_fetch_or(&v->base.attn, VQ_ATTN_ARM);
	if (cq_raise_qp(v->q->event_qp))
		atomic_fetch_and(&v->base.attn, ~(unsigned int)VQ_ATTN_ARM);
}

/* Write the completion event that is due, or leave it to be retried. */
static void
deliver(struct dp_vq *v)
{
	enum cq_send sent;

	if (v->q->event_mode != NIC_VQ_QP) {
		v->event.since = 0;
		return;
	}
	if (v->q->event_qp->state != NIC_QP_RTS) {
		give_up(v, VQ_E_QP_STATE);
		return;
	}
	/* first, for a fault on the way: the next try finds the CQ in error */
	atomic_fetch_or(&v->base.attn, VQ_ATTN_NOTIFY);
	sent = cq_complete_qp(v->q->event_qp);
	atomic_fetch_and(&v->base.attn, ~(unsigned int)VQ_ATTN_NOTIFY);
	switch (sent) {
	case CQ_SENT:
		v->event.since = 0;
		raise_event(v);
		break;
	case CQ_REMOTE_ERROR:
		give_up(v, VQ_E_QP_REMOTE);
		break;
	default:
		retry(v, sent);
		break;
	}
}

/* A failure on demand has this event. */
static bool
struck(struct dp_vq *v)
{
	struct fault f;

	if (atomic_load_explicit(&v->base.f->nic->event_faults, memory_order_relaxed) == 0 ||
		!fault_strike(v->base.f, FAULT_EVENT, 0, &f))
		return false;
	if (f.how == FAULT_ERROR) {
		cq_break_qp(v->q->event_qp);
		raise_event(v);
	} else if (f.how == FAULT_DELAY) {
		v->event.late = clock_ns() + f.value * MS;
		atomic_fetch_or(&v->base.attn, VQ_ATTN_LATE);
	}
	return true;
}

/* An event is due. One that is late takes those behind it along: a queue pair keeps their order. */
static void
send_event(struct dp_vq *v)
{
	v->event.waiting = 0;
	if (v->q->event_mode != NIC_VQ_QP || (v->mapped && !v->ops->wants_event(v)))
		return;
	if ((atomic_load(&v->base.attn) & VQ_ATTN_LATE) == 0 && !struck(v))
		deliver(v);
}

/*
 * Hold the event back until so many completions or that time, whichever is first. Without a time
 * there is no moderation: a guest that waits for the last one would wait for ever.
 */
static bool
moderate(struct dp_vq *v, uint32_t n)
{
	const struct nic_virtq *q = v->q;
	bool first = v->event.waiting == 0;

	if (q->period_us == 0)
		return false;
	v->event.waiting += n;
	if (q->max_pending != 0 && v->event.waiting >= q->max_pending)
		return false;
	if (first || q->period_mode == PERIOD_FROM_LAST)
		v->event.due = clock_ns() + q->period_us * US;
	atomic_fetch_or(&v->base.attn, VQ_ATTN_MODERATED);
	return true;
}

void
notify_done(struct dp_vq *v, uint32_t n)
{
	if (moderate(v, n))
		return;
	if (v->q->period_us != 0)
		atomic_fetch_and(&v->base.attn, ~(unsigned int)VQ_ATTN_MODERATED);
	send_event(v);
}

void
notify_flush(struct dp_vq *v)
{
	unsigned int was = atomic_fetch_and(&v->base.attn, ~(unsigned int)VQ_ATTN_MODERATED);

	if ((was & VQ_ATTN_MODERATED) != 0)
		send_event(v);
}

void
notify_attend(struct dp_vq *v, unsigned int attn)
{
	if ((attn & VQ_ATTN_LATE) != 0) {
		if (clock_ns() < v->event.late)
			atomic_fetch_or(&v->base.attn, VQ_ATTN_LATE);
		else
			deliver(v);
	}
	if ((attn & VQ_ATTN_MODERATED) != 0) {
		if (clock_ns() < v->event.due)
			atomic_fetch_or(&v->base.attn, VQ_ATTN_MODERATED);
		else if (v->event.waiting > 0)
			send_event(v);
	}
	if ((attn & VQ_ATTN_NOTIFY) != 0)
		deliver(v);
	else if ((attn & VQ_ATTN_ARM) != 0)
		raise_event(v);
}
