/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <rte_cycles.h>

#include <hf_devx.h>
#include <hf_log.h>
#include <hf_svq.h>
#include <hf_thread.h>

#include "hf_notify.h"
#include "hf_poller_priv.h"

/* Packets of a queue in a round, so that all get their turn. */
#define POLLER_BURST 32
/* How long the own thread goes on without work before it sleeps. */
#define POLLER_IDLE_US 100
/* How long it sleeps while there is a queue that does not tell. */
#define POLLER_DEAF_MS 1
#define POLLER_EVENTS 64

/* --- a round --- */

static void
poller_wake_all(struct hf_poller *p)
{
	unsigned int i;

	for (i = 0; i < p->n_slots; i++)
		if (p->slots[i] != NULL)
			hf_svq_wake(p->slots[i]->svq);
	p->asleep = false;
}

static void
poller_check(struct hf_poll_queue *q)
{
	if (q->told || hf_svq_error(q->svq) == 0)
		return;
	q->told = true;
	q->failed(q->arg);
}

/* With lock. How much moved. */
static unsigned int
poller_round(struct hf_poller *p)
{
	unsigned int i, n, moved = 0;

	for (i = 0; i < p->n_slots; i++) {
		if (p->slots[i] == NULL)
			continue;
		n = hf_svq_poll(p->slots[i]->svq, POLLER_BURST);
		if (n == 0)
			poller_check(p->slots[i]);
		moved += n;
	}
	return moved;
}

/* Take the lock for a round; false: not now. */
static bool
poller_try(struct hf_poller *p)
{
	return __atomic_load_n(&p->want, __ATOMIC_RELAXED) == 0 &&
		pthread_mutex_trylock(&p->lock) == 0;
}

void
hf_poller_nudge(struct hf_poller *p)
{
	/* Cannot fail: the counter is far from its limit. */
	eventfd_write(p->wakefd, 1);
}

/* --- by service cores --- */

int32_t
hf_poller_serve(void *arg)
{
	struct hf_poller *p = arg;

	__atomic_store_n(&p->served, p->served + 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&p->queues, __ATOMIC_RELAXED) == 0 || !poller_try(p))
		return 0;
	if (p->asleep) {
		/* The thread must not sleep on what will not come: it watches now. */
		poller_wake_all(p);
		hf_poller_nudge(p);
	}
	poller_round(p);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

/* --- by the own thread --- */

/* Will its guest's kicks wake the thread? */
static bool
poller_hears(const struct hf_poll_queue *q)
{
	return q->kickfd >= 0 && !q->mute &&
		(q->deaf == NULL || !__atomic_load_n(q->deaf, __ATOMIC_RELAXED));
}

/* With lock. True: everybody will tell when there is work, or is looked at after *timeout ms. */
static bool
poller_sleep(struct hf_poller *p, int *timeout)
{
	unsigned int i;

	*timeout = -1;
	for (i = 0; i < p->n_slots; i++) {
		struct hf_poll_queue *q = p->slots[i];

		if (q == NULL)
			continue;
		if (!poller_hears(q))
			*timeout = POLLER_DEAF_MS;
		if (!hf_svq_sleep(q->svq)) {
			poller_wake_all(p);
			return false;
		}
	}
	p->asleep = true;
	return true;
}

/* One that stays readable for ever is not waited for any more. */
static void
poller_mute(struct hf_poller *p, struct hf_poll_queue *q)
{
	HF_LOG(NOTICE,
		"%s: a guest's kick descriptor is no eventfd: its ring is looked at each millisecond",
		p->name);
	epoll_ctl(p->epfd, EPOLL_CTL_DEL, q->kickfd, NULL);
	q->mute = true;
}

static void
poller_drain(struct hf_poller *p, uint64_t tag)
{
	struct hf_poll_queue *q = NULL;
	uint64_t cookie;
	eventfd_t n;
	int ret;

	if (tag == POLLER_WAKE) {
		eventfd_read(p->wakefd, &n);
		return;
	}
	/* It may have gone meanwhile, and another one have its place: to drain that one, too, harms
	 * nobody, as all are looked at next. */
	if (tag >> 1 < p->n_slots)
		q = p->slots[tag >> 1];
	if (q == NULL)
		return;
	if ((tag & 1) == POLLER_KICK) {
		if (hf_notify_drain(q->kickfd) < 0)
			poller_mute(p, q);
		else
			__atomic_fetch_add(q->kicks, 1, __ATOMIC_RELAXED);
	} else {
		do
			ret = hf_evch_read(q->ch, &cookie);
		while (ret > 0);
		/* The NIC was unplugged: the channel would stay readable for ever. */
		if (ret < 0 && ret != -EOVERFLOW)
			epoll_ctl(p->epfd, EPOLL_CTL_DEL, q->ch->fd, NULL);
	}
}

/* Until there is work, or a look is due. */
static void
poller_wait(struct hf_poller *p, int timeout)
{
	struct epoll_event events[POLLER_EVENTS];
	int i, n;

	__atomic_store_n(&p->sleeps, p->sleeps + 1, __ATOMIC_RELAXED);
	n = epoll_wait(p->epfd, events, POLLER_EVENTS, timeout);
	pthread_mutex_lock(&p->lock);
	for (i = 0; i < n; i++)
		poller_drain(p, events[i].data.u64);
	if (p->asleep)
		poller_wake_all(p);
	pthread_mutex_unlock(&p->lock);
}

/* While service cores do the work: only for what concerns the thread itself. */
static void
poller_watch(struct hf_poller *p)
{
	struct pollfd wake = {.fd = p->wakefd, .events = POLLIN};
	eventfd_t n;

	if (poll(&wake, 1, HF_POLLER_WATCH_MS) == 1)
		eventfd_read(p->wakefd, &n);
}

static void *
poller_thread(void *arg)
{
	const uint64_t idle = rte_get_tsc_hz() / 1000000 * POLLER_IDLE_US;
	struct hf_poller *p = arg;
	uint64_t served, seen = 0, since = rte_rdtsc();
	bool sleeps, moved;
	int timeout;

	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE)) {
		served = __atomic_load_n(&p->served, __ATOMIC_RELAXED);
		if (served != seen) {
			seen = served;
			poller_watch(p);
			continue;
		}
		if (!poller_try(p)) {
			sched_yield();
			continue;
		}
		__atomic_store_n(&p->rounds, p->rounds + 1, __ATOMIC_RELAXED);
		sleeps = false;
		moved = poller_round(p) > 0;
		if (moved)
			since = rte_rdtsc();
		else if (rte_rdtsc() - since > idle)
			sleeps = poller_sleep(p, &timeout);
		pthread_mutex_unlock(&p->lock);
		if (sleeps) {
			poller_wait(p, timeout);
			since = rte_rdtsc();
		} else if (!moved) {
			/* Whoever shares the CPU may have to work before there is more to do. */
			sched_yield();
		}
	}
	return NULL;
}

int
hf_poller_thread_start(struct hf_poller *p)
{
	char name[16];
	int ret;

	if (p->threaded)
		return 0;
	p->stop = false;
	snprintf(name, sizeof(name), "hf-poll-%u", p->number);
	ret = hf_thread_start(&p->thread, name, &p->cpus, poller_thread, p);
	if (ret != 0)
		return ret;
	p->threaded = true;
	return 0;
}

void
hf_poller_thread_end(struct hf_poller *p)
{
	if (!p->threaded)
		return;
	__atomic_store_n(&p->stop, true, __ATOMIC_RELEASE);
	hf_poller_nudge(p);
	pthread_join(p->thread, NULL);
	p->threaded = false;
}
