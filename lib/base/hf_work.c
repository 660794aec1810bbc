/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#include <rte_common.h>

#include "hf_clock.h"
#include "hf_thread.h"
#include "hf_work.h"

#define WORK_NAME_LEN 16 /* of a thread, pthread_setname_np(3) */

TAILQ_HEAD(work_batches, hf_work_batch);

struct work_task {
	TAILQ_ENTRY(work_task) next;
	void (*fn)(void *arg);
	void *arg;
};
TAILQ_HEAD(work_tasks, work_task);

struct hf_work {
	pthread_mutex_t lock; /* all below but the threads */
	pthread_cond_t wake; /* there is work, or no more will come */
	pthread_cond_t done; /* a batch is complete, or a deferred task has returned */
	struct work_batches batches;
	struct work_tasks posts; /* each for any worker */
	struct work_tasks tasks; /* deferred: one at a time */
	bool deferring; /* a worker runs a deferred task */
	uint64_t deferred, run; /* tasks ever queued, ever returned */
	bool stop;
	unsigned int watching; /* workers that wait, and look at batches while they do */
	unsigned int n;
	pthread_t threads[HF_WORK_MAX];
};

/* Run one item of a batch, as a worker or not. Lock held, and released meanwhile. */
static void
work_batch_step(struct hf_work *w, struct hf_work_batch *b, bool worker)
{
	unsigned int i = b->taken++;
	int ret;

	if (b->taken == b->n)
		TAILQ_REMOVE(&w->batches, b, next);
	b->workers += worker;
	pthread_mutex_unlock(&w->lock);
	ret = b->fn(b->arg, i);
	pthread_mutex_lock(&w->lock);
	b->workers -= worker;
	if (ret != 0 && i < b->failed) {
		b->failed = i;
		b->ret = ret;
	}
	/* After the last one the batch may be gone. */
	if (++b->finished == b->n)
		pthread_cond_broadcast(&w->done);
}

/* Run one posted task. Lock held, and released meanwhile. */
static void
work_post_step(struct hf_work *w)
{
	struct work_task *t = TAILQ_FIRST(&w->posts);

	TAILQ_REMOVE(&w->posts, t, next);
	pthread_mutex_unlock(&w->lock);
	t->fn(t->arg);
	free(t);
	pthread_mutex_lock(&w->lock);
}

/* Run one deferred task. Lock held, and released meanwhile. */
static void
work_task_step(struct hf_work *w)
{
	struct work_task *t = TAILQ_FIRST(&w->tasks);

	TAILQ_REMOVE(&w->tasks, t, next);
	w->deferring = true;
	pthread_mutex_unlock(&w->lock);
	t->fn(t->arg);
	free(t);
	pthread_mutex_lock(&w->lock);
	w->deferring = false;
	w->run++;
	pthread_cond_broadcast(&w->done);
	/* The next one was nobody's to take while this one ran. */
	pthread_cond_broadcast(&w->wake);
}

/* Wake so many workers as there is work for: to wake one costs as much as many an item. */
static void
work_wake(struct hf_work *w, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n && i < w->n; i++)
		pthread_cond_signal(&w->wake);
}

/* Let all workers take part in a batch that makes no progress, or is late by now. */
static void
work_batch_look(struct hf_work *w, struct hf_work_batch *b, uint64_t now_us)
{
	if (b->workers_max == 0 || b->finished == b->seen) {
		b->workers_max = w->n;
		work_wake(w, b->n - b->taken);
	} else {
		b->seen = b->finished;
		b->look_us = now_us + HF_WORK_LOOK_US;
	}
}

/* A batch for one more worker, or NULL. next_us: when one is to look again. Lock held. */
static struct hf_work_batch *
work_batch_find(struct hf_work *w, uint64_t *next_us)
{
	struct hf_work_batch *b;
	uint64_t now_us;

	*next_us = UINT64_MAX;
	TAILQ_FOREACH(b, &w->batches, next) {
		if (b->workers_max < w->n) {
			now_us = hf_clock_us();
			if (b->look_us <= now_us)
				work_batch_look(w, b, now_us);
			if (b->workers_max < w->n && b->look_us < *next_us)
				*next_us = b->look_us;
		}
		if (b->workers < b->workers_max)
			return b;
	}
	return NULL;
}

/*
 * Until something is there, or it is time to look at batches. Whoever waits so looks often enough
 * for all of them, those that begin later included.
 */
static void
work_wait(struct hf_work *w, uint64_t next_us)
{
	uint64_t until_us;
	struct timespec until;

	if (next_us == UINT64_MAX) {
		pthread_cond_wait(&w->wake, &w->lock);
		return;
	}
	until_us = RTE_MIN(next_us, hf_clock_us() + HF_WORK_LOOK_US);
	until.tv_sec = (time_t)(until_us / 1000000);
	until.tv_nsec = (long)(until_us % 1000000) * 1000;
	w->watching++;
	pthread_cond_clockwait(&w->wake, &w->lock, CLOCK_MONOTONIC, &until);
	w->watching--;
}

/* Something beside batches that a worker can begin now. */
static bool
work_is_there(const struct hf_work *w)
{
	return !TAILQ_EMPTY(&w->posts) || (!w->deferring && !TAILQ_EMPTY(&w->tasks));
}

static void *
work_thread(void *arg)
{
	struct hf_work *w = arg;
	struct hf_work_batch *b;
	uint64_t next_us;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		b = work_batch_find(w, &next_us);
		/* Who goes to work looks at nothing any more: somebody else has to. */
		if (next_us != UINT64_MAX && w->watching == 0 && (b != NULL || work_is_there(w)))
			pthread_cond_signal(&w->wake);
		if (b != NULL)
			work_batch_step(w, b, true);
		else if (!TAILQ_EMPTY(&w->posts))
			work_post_step(w);
		else if (work_is_there(w))
			work_task_step(w);
		else if (w->stop && TAILQ_EMPTY(&w->tasks))
			break;
		else
			work_wait(w, next_us);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int
work_start(struct hf_work *w, const char *name, unsigned int n)
{
	char thread_name[WORK_NAME_LEN];
	int ret = 0;

	while (ret == 0 && w->n < n) {
		snprintf(thread_name, sizeof(thread_name), "%.11s-%hhu", name, (uint8_t)w->n);
		ret = hf_thread_start(&w->threads[w->n], thread_name, NULL, work_thread, w);
		if (ret == 0)
			w->n++;
	}
	return ret;
}

int
hf_work_create(const char *name, unsigned int n, struct hf_work **out)
{
	struct hf_work *w;
	int ret;

	if (n == 0 || n > HF_WORK_MAX)
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	pthread_cond_init(&w->done, NULL);
	TAILQ_INIT(&w->batches);
	TAILQ_INIT(&w->posts);
	TAILQ_INIT(&w->tasks);
	ret = work_start(w, name, n);
	if (ret != 0) {
		hf_work_destroy(w);
		return ret;
	}
	*out = w;
	return 0;
}

void
hf_work_destroy(struct hf_work *w)
{
	unsigned int i;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (i = 0; i < w->n; i++)
		pthread_join(w->threads[i], NULL);
	pthread_cond_destroy(&w->done);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* late_us 0: one worker takes part at once. */
static void
work_begin(struct hf_work *w, struct hf_work_batch *b, int (*fn)(void *arg, unsigned int i),
	void *arg, unsigned int n, uint32_t late_us)
{
	*b = (struct hf_work_batch){.fn = fn, .arg = arg, .n = n, .failed = n};
	if (w == NULL || n == 0)
		return;
	b->workers_max = late_us == 0;
	b->look_us = hf_clock_us() + (late_us != 0 ? late_us : HF_WORK_LOOK_US);
	pthread_mutex_lock(&w->lock);
	TAILQ_INSERT_TAIL(&w->batches, b, next);
	work_wake(w, 1);
	pthread_mutex_unlock(&w->lock);
}

void
hf_work_begin(struct hf_work *w, struct hf_work_batch *b, int (*fn)(void *arg, unsigned int i),
	void *arg, unsigned int n)
{
	work_begin(w, b, fn, arg, n, 0);
}

static int
work_alone(struct hf_work_batch *b)
{
	unsigned int i;
	int ret;

	for (i = 0; i < b->n; i++) {
		ret = b->fn(b->arg, i);
		if (b->ret == 0)
			b->ret = ret;
	}
	return b->ret;
}

int
hf_work_end(struct hf_work *w, struct hf_work_batch *b)
{
	if (w == NULL)
		return work_alone(b);
	pthread_mutex_lock(&w->lock);
	while (b->taken < b->n)
		work_batch_step(w, b, false);
	while (b->finished < b->n)
		pthread_cond_wait(&w->done, &w->lock);
	pthread_mutex_unlock(&w->lock);
	return b->ret;
}

int
hf_work_batch_late(struct hf_work *w, uint32_t us, int (*fn)(void *arg, unsigned int i), void *arg,
	unsigned int n)
{
	struct hf_work_batch b;

	/* One alone is the caller's, without waking anyone. */
	if (n < 2)
		w = NULL;
	work_begin(w, &b, fn, arg, n, us);
	return hf_work_end(w, &b);
}

int
hf_work_batch(struct hf_work *w, int (*fn)(void *arg, unsigned int i), void *arg, unsigned int n)
{
	return hf_work_batch_late(w, 0, fn, arg, n);
}

static struct work_task *
work_task_new(void (*fn)(void *arg), void *arg)
{
	struct work_task *t = calloc(1, sizeof(*t));

	if (t != NULL) {
		t->fn = fn;
		t->arg = arg;
	}
	return t;
}

int
hf_work_post(struct hf_work *w, void (*fn)(void *arg), void *arg)
{
	struct work_task *t = work_task_new(fn, arg);

	if (t == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&w->lock);
	TAILQ_INSERT_TAIL(&w->posts, t, next);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

int
hf_work_defer(struct hf_work *w, void (*fn)(void *arg), void *arg)
{
	struct work_task *t = work_task_new(fn, arg);

	if (t == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&w->lock);
	TAILQ_INSERT_TAIL(&w->tasks, t, next);
	w->deferred++;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

void
hf_work_flush(struct hf_work *w)
{
	uint64_t until;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	until = w->deferred;
	while (w->run < until)
		pthread_cond_wait(&w->done, &w->lock);
	pthread_mutex_unlock(&w->lock);
}
