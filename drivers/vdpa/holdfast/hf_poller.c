/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_service.h>
#include <rte_service_component.h>

#include <hf_devx.h>
#include <hf_log.h>

#include "hf_poller_priv.h"

/* EAL has slots for as many services, and others want some as well. */
#define POLLER_MAX 32

/* Made once each, and never destroyed: EAL frees its table of services before it removes devices.
 */
static struct hf_poller *pollers[POLLER_MAX];
static unsigned int n_pollers, pollers_users;
static pthread_mutex_t pollers_lock = PTHREAD_MUTEX_INITIALIZER; /* of the three above */

/* --- made, and found --- */

static void
poller_register(struct hf_poller *p)
{
	struct rte_service_spec spec = {
		.callback = hf_poller_serve, .callback_userdata = p, .socket_id = -1};
	int ret;

	snprintf(spec.name, sizeof(spec.name), "%s", p->name);
	ret = rte_service_component_register(&spec, &p->service);
	if (ret != 0) {
		HF_LOG(NOTICE, "%s: no service, and so a thread of its own: %s", p->name,
			strerror(-ret));
		return;
	}
	rte_service_component_runstate_set(p->service, 1);
	p->has_service = true;
}

static int
poller_fds(struct hf_poller *p)
{
	struct epoll_event wake = {.events = EPOLLIN, .data.u64 = POLLER_WAKE};
	int ret;

	p->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epfd < 0)
		return -errno;
	p->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wakefd >= 0 && epoll_ctl(p->epfd, EPOLL_CTL_ADD, p->wakefd, &wake) == 0)
		return 0;
	ret = -errno;
	if (p->wakefd >= 0)
		close(p->wakefd);
	close(p->epfd);
	return ret;
}

/* With pollers_lock. */
static int
poller_create(int core)
{
	struct hf_poller *p;
	int ret;

	if (n_pollers == POLLER_MAX)
		return -ENOSPC;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	ret = poller_fds(p);
	if (ret != 0) {
		free(p);
		return ret;
	}
	pthread_mutex_init(&p->lock, NULL);
	p->core = core;
	p->number = n_pollers;
	snprintf(p->name, sizeof(p->name), "holdfast_poll_%u", p->number);
	CPU_ZERO(&p->cpus);
	if (core >= 0)
		CPU_SET(core, &p->cpus);
	else
		pthread_getaffinity_np(pthread_self(), sizeof(p->cpus), &p->cpus);
	poller_register(p);
	pollers[n_pollers++] = p;
	return 0;
}

static bool
poller_service_runs(const struct hf_poller *p)
{
	return p->has_service && rte_service_runstate_get(p->service) == 1;
}

static bool
pollers_have(int core)
{
	unsigned int i;

	for (i = 0; i < n_pollers; i++)
		if (pollers[i]->core == core)
			return true;
	return false;
}

int
hf_pollers_get(const char *name, int core)
{
	int ret = 0, first, i;

	pthread_mutex_lock(&pollers_lock);
	first = n_pollers == 0 ? RTE_MIN(rte_service_lcore_count(), POLLER_MAX) : 0;
	if (!pollers_have(core))
		ret = poller_create(core);
	for (i = 1; i < first && ret == 0; i++)
		ret = poller_create(-1);
	if (ret == 0)
		pollers_users++;
	else
		HF_LOG(ERR, "%s: poll_core=%d: no poller: %s", name, core, strerror(-ret));
	pthread_mutex_unlock(&pollers_lock);
	return ret;
}

void
hf_pollers_put(void)
{
	unsigned int i;

	pthread_mutex_lock(&pollers_lock);
	if (--pollers_users == 0) {
		for (i = 0; i < n_pollers; i++)
			hf_poller_thread_end(pollers[i]);
	}
	pthread_mutex_unlock(&pollers_lock);
}

/*
 * Better: its service runs; then it is of this core; then it has fewer queues. The queue is counted
 * at once, since others are attached at the same time. NULL: none at all.
 */
static struct hf_poller *
poller_choose(int core)
{
	struct hf_poller *p, *best = NULL;
	unsigned int i, queues, fewest = 0;
	bool runs, best_runs = false;

	pthread_mutex_lock(&pollers_lock);
	for (i = 0; i < n_pollers; i++) {
		p = pollers[i];
		runs = poller_service_runs(p);
		queues = __atomic_load_n(&p->queues, __ATOMIC_RELAXED);
		if (!runs && (best_runs || p->core != core))
			continue;
		if (best != NULL && runs == best_runs && queues >= fewest)
			continue;
		best = p;
		best_runs = runs;
		fewest = queues;
	}
	if (best != NULL)
		__atomic_fetch_add(&best->queues, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&pollers_lock);
	return best;
}

/* --- queues --- */

/* Lock, as one whom rounds give way to. */
static void
poller_enter(struct hf_poller *p)
{
	__atomic_fetch_add(&p->want, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&p->lock);
	__atomic_fetch_sub(&p->want, 1, __ATOMIC_RELAXED);
}

/* With lock. A free slot, or n_slots: no memory. */
static unsigned int
poller_slot(struct hf_poller *p)
{
	struct hf_poll_queue **more;
	unsigned int i, n;

	for (i = 0; i < p->n_slots; i++)
		if (p->slots[i] == NULL)
			return i;
	n = p->n_slots + 16;
	more = realloc(p->slots, n * sizeof(*more));
	if (more == NULL)
		return i;
	memset(&more[i], 0, (n - i) * sizeof(*more));
	p->slots = more;
	p->n_slots = n;
	return i;
}

static int
poller_add(struct hf_poller *p, struct hf_poll_queue *q)
{
	struct epoll_event kick = {.events = EPOLLIN}, cpl = {.events = EPOLLIN};
	int ret;

	q->slot = poller_slot(p);
	if (q->slot == p->n_slots)
		return -ENOMEM;
	ret = hf_poller_thread_start(p);
	if (ret != 0)
		return ret;
	kick.data.u64 = (uint64_t)q->slot << 1 | POLLER_KICK;
	cpl.data.u64 = (uint64_t)q->slot << 1 | POLLER_CPL;
	if (epoll_ctl(p->epfd, EPOLL_CTL_ADD, q->ch->fd, &cpl) != 0)
		return -errno;
	if (q->kickfd >= 0 && epoll_ctl(p->epfd, EPOLL_CTL_ADD, q->kickfd, &kick) != 0) {
		ret = -errno;
		epoll_ctl(p->epfd, EPOLL_CTL_DEL, q->ch->fd, NULL);
		return ret;
	}
	q->poller = p;
	q->told = q->mute = false;
	p->slots[q->slot] = q;
	return 0;
}

int
hf_poller_attach(struct hf_poll_queue *q, int core)
{
	struct hf_poller *p = poller_choose(core);
	int ret;

	if (p == NULL)
		return -ENODEV;
	poller_enter(p);
	ret = poller_add(p, q);
	pthread_mutex_unlock(&p->lock);
	if (ret == 0)
		hf_poller_nudge(p);
	else
		__atomic_fetch_sub(&p->queues, 1, __ATOMIC_RELAXED);
	return ret;
}

void
hf_poller_detach(struct hf_poll_queue *q)
{
	struct hf_poller *p = q->poller;

	if (p == NULL)
		return;
	poller_enter(p);
	epoll_ctl(p->epfd, EPOLL_CTL_DEL, q->ch->fd, NULL);
	if (q->kickfd >= 0)
		epoll_ctl(p->epfd, EPOLL_CTL_DEL, q->kickfd, NULL);
	p->slots[q->slot] = NULL;
	__atomic_fetch_sub(&p->queues, 1, __ATOMIC_RELAXED);
	q->poller = NULL;
	pthread_mutex_unlock(&p->lock);
}

void
hf_poller_hold(struct hf_poll_queue *q)
{
	poller_enter(q->poller);
}

void
hf_poller_let(struct hf_poll_queue *q)
{
	pthread_mutex_unlock(&q->poller->lock);
}

void
hf_poller_wake(struct hf_poll_queue *q)
{
	if (q->poller != NULL)
		hf_poller_nudge(q->poller);
}

int
hf_poller_info(unsigned int i, struct hf_poller_info *info)
{
	struct hf_poller *p = NULL;

	pthread_mutex_lock(&pollers_lock);
	if (i < n_pollers)
		p = pollers[i];
	pthread_mutex_unlock(&pollers_lock);
	if (p == NULL)
		return -ENOENT;
	*info = (struct hf_poller_info){
		.core = p->core,
		.queues = __atomic_load_n(&p->queues, __ATOMIC_RELAXED),
		.service_runs = poller_service_runs(p),
		.served = __atomic_load_n(&p->served, __ATOMIC_RELAXED),
		.rounds = __atomic_load_n(&p->rounds, __ATOMIC_RELAXED),
		.sleeps = __atomic_load_n(&p->sleeps, __ATOMIC_RELAXED),
	};
	memcpy(info->name, p->name, sizeof(info->name));
	return 0;
}
