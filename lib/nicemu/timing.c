/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "timing.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "clock.h"
#include "conf.h"
#include "nic.h"

#define GIB (1024.0 * 1024.0 * 1024.0)

struct timing {
	const struct conf_timing *conf;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a deadline may be earlier than it was */
	double scale;
	bool off, stopped;
	uint64_t slot[TIMING_MAX_COMMANDS]; /* busy until */
	TAILQ_HEAD(timing_cmds, timing_cmd) cmds; /* in the order in which they came */
	unsigned int n_held; /* that have ended, and wait for one before them to leave */
	/*
	 * Shares are equal, so one number says how far all have come: the bytes that each one moved
	 * since the clock was made, had it been there all the time; and when that was so.
	 */
	TAILQ_HEAD(, timing_pages) pages;
	unsigned int n_pages;
	double moved;
	uint64_t moved_at;
};

struct timing *
timing_start(const struct conf_timing *conf)
{
	struct timing *t = calloc(1, sizeof(*t));
	pthread_condattr_t attr;

	if (t == NULL)
		return NULL;
	t->conf = conf;
	t->scale = conf->scale;
	TAILQ_INIT(&t->cmds);
	TAILQ_INIT(&t->pages);
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->changed, &attr);
	pthread_condattr_destroy(&attr);
	return t;
}

void
timing_free(struct timing *t)
{
	if (t == NULL)
		return;
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void
timing_wake(struct timing *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void
timing_stop(struct timing *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->stopped = true;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

/* Under the lock. */
static bool
is_over(const struct timing *t, const struct nic_func *f)
{
	return t->stopped || t->off || atomic_load(&f->dead) || atomic_load(&f->unloaded);
}

bool
timing_is_on(struct timing *t, const struct nic_func *f)
{
	bool on;

	if (t == NULL)
		return false;
	pthread_mutex_lock(&t->lock);
	on = !is_over(t, f);
	pthread_mutex_unlock(&t->lock);
	return on;
}

/*
 * Up to 'end', or to a change. The kernel may let a sleeper lie 50 us longer than asked (its timer
 * slack), a third of the shortest command.
 */
static void
doze(struct timing *t, uint64_t end)
{
	struct timespec ts = {
		.tv_sec = (time_t)(end / 1000000000u), .tv_nsec = (long)(end % 1000000000u)};
	int slack = prctl(PR_GET_TIMERSLACK);

	prctl(PR_SET_TIMERSLACK, 1ul);
	pthread_cond_timedwait(&t->changed, &t->lock, &ts);
	if (slack > 0)
		prctl(PR_SET_TIMERSLACK, (unsigned long)slack);
}

/* ---- commands ---- */

static unsigned int
first_free(const struct timing *t)
{
	unsigned int i, best = 0;

	for (i = 1; i < t->conf->commands; i++) {
		if (t->slot[i] < t->slot[best])
			best = i;
	}
	return best;
}

void
timing_cmd_enter(struct timing *t, struct timing_cmd *c, const struct nic_func *f, uint64_t object,
	uint64_t us)
{
	const struct timing_cmd *o;

	*c = (struct timing_cmd){.func = f, .object = object};
	pthread_mutex_lock(&t->lock);
	c->came = c->start = clock_ns();
	c->slot = first_free(t);
	if (t->slot[c->slot] > c->start)
		c->start = t->slot[c->slot];
	TAILQ_FOREACH(o, &t->cmds, next) {
		if (object != 0 && o->func == f && o->object == object && o->end > c->start)
			c->start = o->end;
	}
	c->end = c->start + (uint64_t)((double)us * 1000 * t->scale);
	t->slot[c->slot] = c->end;
	TAILQ_INSERT_TAIL(&t->cmds, c, next);
	pthread_mutex_unlock(&t->lock);
}

/* Is one about the same object still there that came before? */
static bool
is_held(const struct timing_cmd *c)
{
	const struct timing_cmd *o = c;

	if (c->object == 0)
		return false;
	while ((o = TAILQ_PREV(o, timing_cmds, next)) != NULL) {
		if (o->func == c->func && o->object == c->object)
			return true;
	}
	return false;
}

/* It ends before its time. */
static void
cut_short(struct timing *t, struct timing_cmd *c, uint64_t now)
{
	if (t->slot[c->slot] == c->end)
		t->slot[c->slot] = now;
	c->end = now;
	if (c->start > now)
		c->start = now;
}

void
timing_cmd_wait(struct timing *t, struct timing_cmd *c)
{
	uint64_t now;

	pthread_mutex_lock(&t->lock);
	while ((now = clock_ns()) < c->end) {
		if (is_over(t, c->func))
			cut_short(t, c, now);
		else
			doze(t, c->end);
	}
	t->n_held++;
	while (is_held(c))
		pthread_cond_wait(&t->changed, &t->lock);
	t->n_held--;
	pthread_mutex_unlock(&t->lock);
}

void
timing_cmd_leave(struct timing *t, struct timing_cmd *c)
{
	pthread_mutex_lock(&t->lock);
	TAILQ_REMOVE(&t->cmds, c, next);
	if (t->n_held > 0)
		pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

/* ---- pages ---- */

/* Bytes that each one moves in a nanosecond. */
static double
rate(const struct timing *t)
{
	double one = t->conf->pin_us_per_gib != 0 ? GIB / (t->conf->pin_us_per_gib * 1000.0) : GIB;
	double share = t->conf->pin_gib_per_s * GIB / 1e9 / t->n_pages;

	return (one < share ? one : share) / t->scale;
}

static struct timing_pages *
next_done(const struct timing *t)
{
	struct timing_pages *p, *first = TAILQ_FIRST(&t->pages);

	TAILQ_FOREACH(p, &t->pages, next) {
		if (p->goal < first->goal)
			first = p;
	}
	return first;
}

static void
pages_end(struct timing *t, struct timing_pages *p, uint64_t at)
{
	TAILQ_REMOVE(&t->pages, p, next);
	t->n_pages--;
	p->done = true;
	p->end = at;
	pthread_cond_broadcast(&t->changed);
}

/* When all that goes on stays as it is. */
static uint64_t
end_of(const struct timing *t, const struct timing_pages *p)
{
	double left = p->goal - t->moved;

	return t->moved_at + (left > 0 ? (uint64_t)(left / rate(t)) : 0);
}

/* Bring the clock to 'now': those who end on the way leave their shares to the others. */
static void
advance(struct timing *t, uint64_t now)
{
	struct timing_pages *p;
	uint64_t end;

	while ((p = next_done(t)) != NULL && (end = end_of(t, p)) <= now) {
		t->moved = p->goal;
		t->moved_at = end;
		pages_end(t, p, end);
	}
	if (p != NULL)
		t->moved += rate(t) * (double)(now - t->moved_at);
	t->moved_at = now;
}

void
timing_pages_enter(struct timing *t, struct timing_pages *p, const struct nic_func *f,
	uint64_t bytes, bool unpin)
{
	*p = (struct timing_pages){.func = f};
	pthread_mutex_lock(&t->lock);
	p->start = clock_ns();
	advance(t, p->start);
	p->goal = t->moved + (double)bytes * (unpin ? t->conf->unpin_percent / 100.0 : 1);
	TAILQ_INSERT_TAIL(&t->pages, p, next);
	t->n_pages++;
	pthread_mutex_unlock(&t->lock);
}

void
timing_pages_wait(struct timing *t, struct timing_pages *p)
{
	uint64_t now;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		now = clock_ns();
		advance(t, now);
		if (!p->done && is_over(t, p->func))
			pages_end(t, p, now);
		if (p->done)
			break;
		doze(t, end_of(t, p) + 1);
	}
	pthread_mutex_unlock(&t->lock);
}

void
timing_pages_cancel(struct timing *t, struct timing_pages *p)
{
	uint64_t now;

	pthread_mutex_lock(&t->lock);
	now = clock_ns();
	advance(t, now);
	if (!p->done)
		pages_end(t, p, now);
	pthread_mutex_unlock(&t->lock);
}

/* ---- while it runs ---- */

void
timing_switch(struct timing *t, bool on)
{
	pthread_mutex_lock(&t->lock);
	t->off = !on;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void
timing_scale(struct timing *t, double scale)
{
	pthread_mutex_lock(&t->lock);
	advance(t, clock_ns());
	t->scale = scale;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void
timing_state(struct timing *t, bool *on, double *scale)
{
	pthread_mutex_lock(&t->lock);
	*on = !t->off;
	*scale = t->scale;
	pthread_mutex_unlock(&t->lock);
}
