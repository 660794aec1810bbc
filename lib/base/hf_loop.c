/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * epoll hands out events in batches, and between the fetch of a batch and the call-back a
 * descriptor can be removed, and its number be added anew for something else. So an event does not
 * carry a pointer, but the descriptor's number and the generation of its registration: an event of
 * an older generation finds no entry and is dropped. Nothing gets lost by that, for events are
 * level triggered: what is readable is reported again to whom it concerns.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_log.h"
#include "hf_loop.h"
#include "hf_thread.h"

#define LOOP_BATCH 64
#define LOOP_MIN_FDS 64

/* Generations begin at 1, so no registration has this tag. */
#define LOOP_TAG_WAKE UINT64_C(0)

struct loop_entry {
	uint32_t gen; /* 0: not in use */
	hf_loop_cb cb;
	void *arg;
};

struct hf_loop {
	int epfd;
	int wakefd;
	pthread_t thread;
	atomic_bool stop;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t idle; /* a call-back has returned */
	uint64_t running; /* tag of the call-back that runs, LOOP_TAG_WAKE: none */
	uint32_t last_gen;
	struct loop_entry *entries; /* by descriptor */
	unsigned int n_entries;
};

static uint64_t
loop_tag(int fd, uint32_t gen)
{
	return (uint64_t)gen << 32 | (uint32_t)fd;
}

/* The entry of a registered descriptor, or NULL. Lock held. */
static struct loop_entry *
loop_find(struct hf_loop *l, int fd)
{
	if (fd < 0 || (unsigned int)fd >= l->n_entries || l->entries[fd].gen == 0)
		return NULL;
	return &l->entries[fd];
}

static void
loop_dispatch(struct hf_loop *l, uint64_t tag)
{
	int fd = (int)(uint32_t)tag;
	struct loop_entry *e;
	hf_loop_cb cb;
	void *arg;

	pthread_mutex_lock(&l->lock);
	e = loop_find(l, fd);
	if (e == NULL || loop_tag(fd, e->gen) != tag) {
		pthread_mutex_unlock(&l->lock);
		return;
	}
	/* Copied: the call-back may remove itself, and another thread may add descriptors. */
	cb = e->cb;
	arg = e->arg;
	l->running = tag;
	pthread_mutex_unlock(&l->lock);

	cb(fd, arg);

	pthread_mutex_lock(&l->lock);
	l->running = LOOP_TAG_WAKE;
	pthread_cond_broadcast(&l->idle);
	pthread_mutex_unlock(&l->lock);
}

static void *
loop_thread(void *arg)
{
	struct epoll_event ev[LOOP_BATCH];
	struct hf_loop *l = arg;
	int i, n;

	while (!atomic_load(&l->stop)) {
		n = epoll_wait(l->epfd, ev, LOOP_BATCH, -1);
		if (n < 0 && errno != EINTR) {
			HF_LOG(CRIT, "event loop ends: epoll_wait: %s", strerror(errno));
			break;
		}
		/* The wake-up needs no action: the flag it came with is read before each call. */
		for (i = 0; i < n && !atomic_load(&l->stop); i++) {
			if (ev[i].data.u64 != LOOP_TAG_WAKE)
				loop_dispatch(l, ev[i].data.u64);
		}
	}
	return NULL;
}

/* 0 or negative errno. */
static int
loop_watch(struct hf_loop *l, int fd, uint64_t tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = tag};

	return epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

static int
loop_start(struct hf_loop *l, const char *name, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	if (cpu >= 0 && cpu < CPU_SETSIZE)
		CPU_SET(cpu, &cpus);
	return hf_thread_start(&l->thread, name, cpu >= 0 ? &cpus : NULL, loop_thread, l);
}

static void
loop_free(struct hf_loop *l)
{
	if (l->wakefd >= 0)
		close(l->wakefd);
	if (l->epfd >= 0)
		close(l->epfd);
	pthread_cond_destroy(&l->idle);
	pthread_mutex_destroy(&l->lock);
	free(l->entries);
	free(l);
}

struct hf_loop *
hf_loop_create(const char *name, int cpu, int *err)
{
	struct hf_loop *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		*err = -ENOMEM;
		return NULL;
	}
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->idle, NULL);
	l->wakefd = -1;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd >= 0)
		l->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wakefd < 0) {
		*err = -errno;
		goto fail;
	}
	*err = loop_watch(l, l->wakefd, LOOP_TAG_WAKE);
	if (*err == 0)
		*err = loop_start(l, name, cpu);
	if (*err == 0)
		return l;
fail:
	HF_LOG(ERR, "event loop %s on CPU %d: %s", name, cpu, strerror(-*err));
	loop_free(l);
	return NULL;
}

void
hf_loop_destroy(struct hf_loop *l)
{
	if (l == NULL)
		return;
	atomic_store(&l->stop, true);
	/* Can't fail: the counter of a fresh eventfd is far from its limit. */
	eventfd_write(l->wakefd, 1);
	pthread_join(l->thread, NULL);
	loop_free(l);
}

/* Room in the table for this descriptor. Lock held. */
static int
loop_reserve(struct hf_loop *l, int fd)
{
	struct loop_entry *entries;
	unsigned int n;

	if ((unsigned int)fd < l->n_entries)
		return 0;
	n = RTE_MAX(rte_align32pow2((uint32_t)fd + 1), (uint32_t)LOOP_MIN_FDS);
	entries = realloc(l->entries, n * sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	memset(&entries[l->n_entries], 0, (n - l->n_entries) * sizeof(*entries));
	l->entries = entries;
	l->n_entries = n;
	return 0;
}

static int
loop_add_locked(struct hf_loop *l, int fd, hf_loop_cb cb, void *arg)
{
	struct loop_entry *e;
	uint32_t gen;
	int ret;

	if (loop_find(l, fd) != NULL)
		return -EEXIST;
	ret = loop_reserve(l, fd);
	if (ret != 0)
		return ret;
	gen = l->last_gen + 1;
	if (gen == 0)
		gen = 1;
	ret = loop_watch(l, fd, loop_tag(fd, gen));
	if (ret != 0)
		return ret;
	l->last_gen = gen;
	e = &l->entries[fd];
	e->gen = gen;
	e->cb = cb;
	e->arg = arg;
	return 0;
}

int
hf_loop_add(struct hf_loop *l, int fd, hf_loop_cb cb, void *arg)
{
	int ret;

	/* Only the number of an open descriptor is small enough to be an index of the table. */
	if (fcntl(fd, F_GETFD) < 0)
		return -errno;
	pthread_mutex_lock(&l->lock);
	ret = loop_add_locked(l, fd, cb, arg);
	pthread_mutex_unlock(&l->lock);
	return ret;
}

int
hf_loop_del(struct hf_loop *l, int fd)
{
	struct loop_entry *e;
	uint64_t tag;
	int ret = 0;

	pthread_mutex_lock(&l->lock);
	e = loop_find(l, fd);
	if (e != NULL) {
		tag = loop_tag(fd, e->gen);
		memset(e, 0, sizeof(*e));
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, fd, NULL);
	} else {
		/* A call-back that removed itself may still be on its way out. */
		tag = (int)(uint32_t)l->running == fd ? l->running : LOOP_TAG_WAKE;
		ret = -ENOENT;
	}
	/* A tag that has left the table can't start to run, so this waits for one call at most. */
	if (!pthread_equal(pthread_self(), l->thread)) {
		while (tag != LOOP_TAG_WAKE && l->running == tag)
			pthread_cond_wait(&l->idle, &l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return ret;
}
