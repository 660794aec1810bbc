/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Engine threads: how they run, stop between two bursts, and sleep.
 */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "../clock.h"
#include "../conf.h"
#include "../wire/wire.h"
#include "cq.h"

#define SPIN_NS 50000u /* busy loop after the last work */
#define YIELD_NS 1000u /* in it, from here on who shares the CPU goes first: a poller */
#define SLEEP_MIN_US 50u
#define SLEEP_MAX_US 2000u
#define SLEEP_BARE_US 20000u /* without queues; a wire wakes by its descriptor */
#define WIRE_SKIP 32u /* rounds without a look at a wire that was silent */

/* Make visible what a receive queue got of a burst that was cut off: its indices count it. */
static void
publish_rest(struct dp_engine *e, struct dp_queue *rx)
{
	if (mem_guard_enter(&e->guard) == 0)
		rx->ops->publish(rx);
	else if (!cq_faulted())
		rx->ops->fail(rx, e->guard.addr);
	mem_guard_leave();
}

/* Who fails: a completion queue, else the queue whose memory it was, else the receiver. */
static void
blame(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_queue *rx = e->rx_locked;
	struct dp_queue *culprit = rx;
	const uint8_t *addr = e->guard.addr;

	if (rx == NULL || (q != NULL && q->ops->touches(q, addr)))
		culprit = q;
	if (cq_faulted())
		culprit = NULL;
	if (rx != NULL)
		publish_rest(e, rx);
	if (culprit != NULL)
		culprit->ops->fail(culprit, addr);
	e->rx_locked = NULL;
	if (rx != NULL)
		pthread_mutex_unlock(&rx->lock);
}

bool
engine_dma(struct dp_engine *e, struct dp_queue *q,
	void (*step)(struct dp_engine *, struct dp_queue *))
{
	if (mem_guard_enter(&e->guard) != 0) {
		blame(e, q);
		return false;
	}
	step(e, q);
	mem_guard_leave();
	return true;
}

static void
wire_burst(struct dp_engine *e, struct dp_queue *q)
{
	struct iovec seg[ENGINE_WIRE];
	struct wire *w = e->nic->wire;
	uint64_t bytes = 0;
	unsigned int i;

	(void)q;
	for (i = 0; i < ENGINE_WIRE; i++) {
		uint8_t *buf = e->wire_buf + (size_t)i * WIRE_MAX_FRAME;
		struct iov_cur cur = {.seg = &seg[i], .n = 1};
		int len = wire_ops(w)->rx(w, buf, WIRE_MAX_FRAME);
		struct pkt *p;

		if (len <= 0)
			break;
		bytes += (uint32_t)len;
		if (len < ETHER_HDR_LEN)
			continue;
		seg[i] = (struct iovec){.iov_base = buf, .iov_len = (size_t)len};
		p = engine_pkt(e);
		pkt_load(p, &cur, (uint32_t)len);
		eswitch_send(e, NULL, p);
	}
	eswitch_flush(e);
	atomic_fetch_add_explicit(&e->nic->port.rx_pkts, i, memory_order_relaxed);
	atomic_fetch_add_explicit(&e->nic->port.rx_bytes, bytes, memory_order_relaxed);
	e->wire_skip = i > 0 ? 0 : WIRE_SKIP;
}

static bool
wire_serve(struct dp_engine *e)
{
	if (e->wire_buf == NULL)
		return false;
	if (e->wire_skip > 0) {
		e->wire_skip--;
		return false;
	}
	eswitch_begin(e);
	engine_dma(e, NULL, wire_burst);
	eswitch_end(e);
	return e->wire_skip == 0;
}

static void
attend(struct dp_engine *e, struct dp_queue *q)
{
	/* before it looks: another engine may just now do what it finds */
	if (!q->tx) {
		pthread_mutex_lock(&q->lock);
		e->rx_locked = q;
	}
	q->ops->attend(e, q);
	e->rx_locked = NULL;
	if (!q->tx)
		pthread_mutex_unlock(&q->lock);
}

static inline bool
wants_attention(const struct dp_queue *q)
{
	unsigned int attn = atomic_load_explicit(&q->attn, memory_order_relaxed);

	/* a poller never arms its CQ: that costs no more than this look */
	return attn != 0 && (attn != QUEUE_ATTN_ARM || q->cq == NULL || cq_may_raise(q->cq));
}

/* One round. True: there was work, or there is soon. */
static bool
round_trip(struct dp_engine *e)
{
	struct nic *nic = e->nic;
	struct dp_queue *q;
	bool busy = false;
	unsigned int w;
	uint64_t left;

	/* every engine looks at all doorbells: the one that is awake sees it first */
	for (w = 0; w < 2; w++) {
		for (left = nic->dp_funcs[w]; left != 0; left &= left - 1)
			doorbell_poll(nic->funcs[w * 64 + (unsigned int)__builtin_ctzll(left)]);
	}
	TAILQ_FOREACH(q, &e->queues, next) {
		if (wants_attention(q))
			engine_dma(e, q, attend);
		if (q->tx && q->ops->serve(e, q))
			busy = true;
		if ((atomic_load_explicit(&q->attn, memory_order_relaxed) & QUEUE_ATTN_SOON) != 0)
			busy = true;
	}
	if (wire_serve(e))
		busy = true;
	return busy;
}

static void
nap(struct dp_engine *e)
{
	struct timespec ts = {.tv_nsec = (long)e->sleep_us * 1000};
	struct pollfd pfd = {.fd = -1, .events = POLLIN};
	const struct wire_ops *ops = wire_ops(e->nic->wire);

	if (e->wire_buf != NULL) {
		e->wire_skip = 0;
		if (ops->arm != NULL && ops->arm(e->nic->wire))
			return;
		pfd.fd = ops->fd(e->nic->wire);
	}
	/* a device that is gone is always "ready" */
	if (ppoll(&pfd, pfd.fd >= 0, &ts, NULL) > 0 && (pfd.revents & POLLIN) == 0)
		nanosleep(&ts, NULL);
	e->sleep_us *= 2;
}

/* Rounds until there is nothing to do, or somebody wants a pause. */
static void
work(struct dp_engine *e)
{
	uint32_t max = TAILQ_EMPTY(&e->queues) ? SLEEP_BARE_US : SLEEP_MAX_US;

	do {
		e->now = clock_ns();
		if (round_trip(e)) {
			e->busy_at = e->now;
			e->sleep_us = SLEEP_MIN_US;
		} else if (e->now - e->busy_at > YIELD_NS) {
			sched_yield();
		}
	} while (!atomic_load_explicit(&e->pause, memory_order_relaxed) &&
		!atomic_load_explicit(&e->stop, memory_order_relaxed) &&
		e->now - e->busy_at < SPIN_NS);
	if (e->sleep_us > max)
		e->sleep_us = max;
}

static void *
engine_main(void *arg)
{
	struct dp_engine *e = arg;

	/* naps are short: the kernel's 50 us of slack would double them */
	prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
	pthread_mutex_lock(&e->lock);
	while (!atomic_load(&e->stop)) {
		if (atomic_load(&e->pause)) {
			pthread_cond_wait(&e->resume, &e->lock);
			continue;
		}
		work(e);
		if (atomic_load(&e->pause) || atomic_load(&e->stop))
			continue;
		pthread_mutex_unlock(&e->lock);
		nap(e);
		pthread_mutex_lock(&e->lock);
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

void
dp_pause(struct nic *nic)
{
	unsigned int i;

	if (nic->dp_depth++ > 0)
		return;
	for (i = 0; i < nic->n_engines; i++)
		atomic_store(&nic->engines[i]->pause, true);
	/* its lock is free between two rounds, and it does not start another before dp_resume() */
	for (i = 0; i < nic->n_engines; i++) {
		pthread_mutex_lock(&nic->engines[i]->lock);
		pthread_mutex_unlock(&nic->engines[i]->lock);
	}
}

void
dp_resume(struct nic *nic)
{
	unsigned int i;

	if (--nic->dp_depth > 0)
		return;
	for (i = 0; i < nic->n_engines; i++) {
		pthread_mutex_lock(&nic->engines[i]->lock);
		atomic_store(&nic->engines[i]->pause, false);
		pthread_cond_signal(&nic->engines[i]->resume);
		pthread_mutex_unlock(&nic->engines[i]->lock);
	}
}

/* The CPUs of a list as in "0,2-3". Returns how many. conf/ has checked the syntax. */
static unsigned int
parse_cpus(const char *list, unsigned int cpu[CPU_SETSIZE])
{
	unsigned int n = 0;

	while (*list != '\0') {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			break;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (; from <= to && from < CPU_SETSIZE && n < CPU_SETSIZE; from++)
			cpu[n++] = (unsigned int)from;
		list = end + (*end == ',');
	}
	return n;
}

/*
 * The CPU of an engine: the nth of the list, round again when there are more engines; any CPU
 * without a list. Set in any case: the thread would inherit the mask of the thread that opened the
 * device, an EAL's main lcore.
 */
static void
set_cpu(const struct dp_engine *e, const char *list)
{
	unsigned int cpu[CPU_SETSIZE], n = parse_cpus(list, cpu), i;
	cpu_set_t set;
	int ret;

	CPU_ZERO(&set);
	if (n > 0)
		CPU_SET(cpu[e->idx % n], &set);
	for (i = 0; n == 0 && i < CPU_SETSIZE; i++)
		CPU_SET(i, &set);
	ret = pthread_setaffinity_np(e->thread, sizeof(set), &set);
	if (ret != 0)
		fprintf(stderr, "nicemu: engine %u stays on any CPU: %s\n", e->idx, strerror(ret));
}

static void
engine_free(struct dp_engine *e)
{
	pthread_cond_destroy(&e->resume);
	pthread_mutex_destroy(&e->lock);
	free(e->wire_buf);
	free(e);
}

static int
engine_create(struct nic *nic, unsigned int idx)
{
	struct dp_engine *e = aligned_alloc(64, (sizeof(*e) + 63) / 64 * 64);

	if (e == NULL)
		return -ENOMEM;
	memset(e, 0, sizeof(*e));
	e->nic = nic;
	e->idx = idx;
	e->sleep_us = SLEEP_MIN_US;
	TAILQ_INIT(&e->queues);
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->resume, NULL);
	if (idx == 0) {
		e->wire_buf = malloc((size_t)ENGINE_WIRE * WIRE_MAX_FRAME);
		if (e->wire_buf == NULL) {
			engine_free(e);
			return -ENOMEM;
		}
	}
	nic->engines[nic->n_engines++] = e;
	return 0;
}

/* Signals are the application's: an engine takes none but those of its own faults. */
static int
engine_run(struct dp_engine *e)
{
	sigset_t all, old;
	char name[16];
	int ret;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&e->thread, NULL, engine_main, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret != 0)
		return -ret;
	snprintf(name, sizeof(name), "nicemu-%u", e->idx);
	pthread_setname_np(e->thread, name);
	set_cpu(e, e->nic->conf->cpus);
	return 0;
}

static void
engine_join(struct dp_engine *e)
{
	pthread_mutex_lock(&e->lock);
	atomic_store(&e->stop, true);
	pthread_cond_signal(&e->resume);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
}

int
dp_start(struct nic *nic)
{
	unsigned int n = nic->conf->engines, running = 0;
	int ret;

	if (n == 0 || n > NIC_MAX_ENGINES) {
		fprintf(stderr, "nicemu: %u engines, 1 to %u are possible\n", n, NIC_MAX_ENGINES);
		return -EINVAL;
	}
	ret = mem_guard_init();
	if (ret != 0)
		return ret;
	ret = eswitch_init(nic);
	if (ret != 0)
		return ret;
	ret = wire_open(nic, nic->conf->wire, &nic->wire);
	if (ret != 0)
		goto no_wire;
	while (ret == 0 && nic->n_engines < n)
		ret = engine_create(nic, nic->n_engines);
	for (; ret == 0 && running < n; running++) {
		ret = engine_run(nic->engines[running]);
		if (ret != 0)
			break;
	}
	if (ret == 0) {
		nic->running = true;
		return 0;
	}
	while (running > 0)
		engine_join(nic->engines[--running]);
	while (nic->n_engines > 0)
		engine_free(nic->engines[--nic->n_engines]);
	wire_close(nic->wire);
	nic->wire = NULL;
no_wire:
	eswitch_fini(nic);
	return ret;
}

void
dp_stop(struct nic *nic)
{
	unsigned int i;

	if (!nic->running)
		return;
	nic->running = false;
	for (i = 0; i < nic->n_engines; i++)
		engine_join(nic->engines[i]);
	while (nic->n_engines > 0)
		engine_free(nic->engines[--nic->n_engines]);
	wire_close(nic->wire);
	nic->wire = NULL;
	eswitch_fini(nic);
}
