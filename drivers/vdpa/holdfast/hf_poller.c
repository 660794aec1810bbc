/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_service.h>
#include <rte_service_component.h>

#include <hf_devx.h>
#include <hf_log.h>
#include <hf_svq.h>

#include "hf_notify.h"
#include "hf_poller.h"

/* EAL has slots for as many services, and others want some as well. */
#define POLLER_MAX 32
/* Packets of a queue in a round, so that all get their turn. */
#define POLLER_BURST 32
/* How long the own thread goes on without work before it sleeps. */
#define POLLER_IDLE_US 100
/* How long it sleeps while there is a queue that does not tell. */
#define POLLER_DEAF_MS 1
#define POLLER_EVENTS 64

/* What an event of epoll is about: slot << 1 | kind, or the wake-up. */
enum { POLLER_KICK, POLLER_CPL };
#define POLLER_WAKE UINT64_MAX

struct hf_poller {
	char name[32];
	unsigned int number;
	int core;
	cpu_set_t cpus; /* of the thread */
	bool has_service;
	uint32_t service;
	uint64_t served; /* rounds of the service; atomic, one writer */
	uint64_t rounds, sleeps; /* of the thread; atomic, one writer */
	unsigned int queues; /* attached; atomic, written under lock */
	unsigned int want; /* how many wait for the lock to attach or detach; atomic */
	bool stop; /* the thread shall end; atomic */
	int epfd, wakefd;

	pthread_mutex_t lock;
	/* Guarded by lock. */
	struct hf_poll_queue **slots; /* NULL: free */
	unsigned int n_slots;
	bool asleep; /* kicks and completions were asked for */
	bool threaded;
	pthread_t thread;
};

/* Made once each, and never destroyed: EAL frees its table of services before it removes devices.
 */
static struct hf_poller *pollers[POLLER_MAX];
static unsigned int n_pollers, pollers_users;
static pthread_mutex_t pollers_lock = PTHREAD_MUTEX_INITIALIZER; /* of the three above */

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

static void
poller_nudge(struct hf_poller *p)
{
	/* Cannot fail: the counter is far from its limit. */
	eventfd_write(p->wakefd, 1);
}

/* --- by service cores --- */

static int32_t
poller_service(void *arg)
{
	struct hf_poller *p = arg;

	__atomic_store_n(&p->served, p->served + 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&p->queues, __ATOMIC_RELAXED) == 0 || !poller_try(p))
		return 0;
	if (p->asleep) {
		/* The thread must not sleep on what will not come: it watches now. */
		poller_wake_all(p);
		poller_nudge(p);
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
	bool sleeps;
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
		if (poller_round(p) > 0)
			since = rte_rdtsc();
		else if (rte_rdtsc() - since > idle)
			sleeps = poller_sleep(p, &timeout);
		pthread_mutex_unlock(&p->lock);
		if (sleeps) {
			poller_wait(p, timeout);
			since = rte_rdtsc();
		}
	}
	return NULL;
}

/* With lock. 0 or a negative errno. */
static int
poller_start(struct hf_poller *p)
{
	sigset_t all, saved;
	pthread_attr_t attr;
	char name[16];
	int ret;

	if (p->threaded)
		return 0;
	ret = pthread_attr_init(&attr);
	if (ret != 0)
		return -ret;
	p->stop = false;
	ret = pthread_attr_setaffinity_np(&attr, sizeof(p->cpus), &p->cpus);
	if (ret == 0) {
		/* It inherits the mask, and takes no signal from its first moment on. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &saved);
		ret = pthread_create(&p->thread, &attr, poller_thread, p);
		pthread_sigmask(SIG_SETMASK, &saved, NULL);
	}
	pthread_attr_destroy(&attr);
	if (ret != 0)
		return -ret;
	snprintf(name, sizeof(name), "hf-poll-%u", p->number);
	pthread_setname_np(p->thread, name);
	p->threaded = true;
	return 0;
}

/* --- made, and found --- */

static void
poller_register(struct hf_poller *p)
{
	struct rte_service_spec spec = {
		.callback = poller_service, .callback_userdata = p, .socket_id = -1};
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
		for (i = 0; i < n_pollers; i++) {
			if (!pollers[i]->threaded)
				continue;
			__atomic_store_n(&pollers[i]->stop, true, __ATOMIC_RELEASE);
			poller_nudge(pollers[i]);
			pthread_join(pollers[i]->thread, NULL);
			pollers[i]->threaded = false;
		}
	}
	pthread_mutex_unlock(&pollers_lock);
}

/* Better: its service runs; then it is of this core; then it has fewer queues. NULL: none at all.
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
	ret = poller_start(p);
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
	__atomic_store_n(&p->queues, p->queues + 1, __ATOMIC_RELAXED);
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
		poller_nudge(p);
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
	__atomic_store_n(&p->queues, p->queues - 1, __ATOMIC_RELAXED);
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
		poller_nudge(q->poller);
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
