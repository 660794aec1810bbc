/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Queues of all kinds, and the engines that serve them. All of it under a pause.
 */
#include "engine.h"

/* The work is with the transmit queues; drivers make both kinds in turn, so each is spread alone.
 */
static struct dp_engine *
least_loaded(const struct nic *nic, bool tx)
{
	struct dp_engine *best = NULL;
	unsigned int i;

	for (i = 0; i < nic->n_engines; i++) {
		if (best == NULL || nic->engines[i]->n_queues[tx] < best->n_queues[tx])
			best = nic->engines[i];
	}
	return best;
}

void
queue_join(struct dp_queue *q, struct nic_func *f, bool tx)
{
	pthread_mutexattr_t attr;

	q->f = f;
	q->tx = tx;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&q->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	q->engine = least_loaded(f->nic, tx);
	if (q->engine != NULL) {
		TAILQ_INSERT_TAIL(&q->engine->queues, q, next);
		q->spread_tx = tx;
		q->engine->n_queues[q->spread_tx]++;
	}
	TAILQ_INSERT_TAIL(&f->queues, q, of_func);
	f->nic->dp_funcs[f->idx / 64] |= 1ull << f->idx % 64;
	f->nic->steer_gen++;
}

void
queue_leave(struct dp_queue *q)
{
	struct nic *nic = q->f->nic;

	/* after dp_stop() the engines are gone, and their lists with them */
	if (q->engine != NULL && nic->n_engines > 0) {
		TAILQ_REMOVE(&q->engine->queues, q, next);
		q->engine->n_queues[q->spread_tx]--;
	}
	pthread_mutex_destroy(&q->lock);
	TAILQ_REMOVE(&q->f->queues, q, of_func);
	if (TAILQ_EMPTY(&q->f->queues))
		nic->dp_funcs[q->f->idx / 64] &= ~(1ull << q->f->idx % 64);
	nic->steer_gen++;
}

void
engine_count_tx(struct dp_engine *e, struct nic_func *f)
{
	atomic_fetch_add_explicit(&f->stats.tx_pkts, e->tx_pkts, memory_order_relaxed);
	atomic_fetch_add_explicit(&f->stats.tx_bytes, e->tx_bytes, memory_order_relaxed);
	e->tx_pkts = 0;
	e->tx_bytes = 0;
	e->tx_segs = 0;
}

void
queue_deliver(struct dp_engine *e, struct dp_queue *q, struct pkt *const *pkt,
	const struct rx_meta *meta, unsigned int n)
{
	pthread_mutex_lock(&q->lock);
	e->rx_locked = q;
	q->ops->deliver(e, q, pkt, meta, n);
	e->rx_locked = NULL;
	pthread_mutex_unlock(&q->lock);
}

void
dp_flows_changed(struct nic_func *f)
{
	unsigned int i;

	for (i = 0; i < f->nic->n_engines; i++)
		f->nic->engines[i]->flow = NULL;
	f->nic->steer_gen++;
}

void
dp_mkeys_changed(struct nic_func *f)
{
	struct dp_queue *q;

	TAILQ_FOREACH(q, &f->queues, of_func)
		q->ops->forget(q);
}
