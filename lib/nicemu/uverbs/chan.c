/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Event channels: a descriptor, and the queue behind it. Linux hw/mlx5/devx.c:
 * devx_async_event_read(), devx_async_cmd_event_read(); core/uverbs_main.c: ib_uverbs_event_read().
 *
 * The user has one end of a pair of sockets, so poll(), epoll and O_NONBLOCK are the kernel's own;
 * but only one byte ever lies there, which says that the queue is not empty. The events themselves
 * are in memory, without an end, and read() is taken over (uv_chan_read()): an event that is too
 * long for a reader stays, one of an object that is gone goes. A channel lives until the last
 * descriptor of the user's end is closed, wherever that is.
 */
#include "chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../real.h"
#include "uverbs.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, uv_chan) chans = LIST_HEAD_INITIALIZER(chans);
static atomic_uint n_chans; /* read without the lock: a process without channels pays nothing */
static _Atomic uint64_t n_lost[NIC_MAX_FUNCS]; /* events for which there was no memory */

void
chan_lock(void)
{
	pthread_mutex_lock(&lock);
}

void
chan_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/*
 * For calls of the application itself: a handler of a signal, or the cancellation of its thread,
 * must not meet the lock.
 */
struct guard {
	sigset_t mask;
	int cancel;
};

static void
enter(struct guard *g)
{
	sigset_t all;

	sigfillset(&all);
	/* faults of the thread itself still have to be handled */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &all, &g->mask);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &g->cancel);
	chan_lock();
}

static void
leave(const struct guard *g)
{
	chan_unlock();
	pthread_setcancelstate(g->cancel, NULL);
	pthread_sigmask(SIG_SETMASK, &g->mask, NULL);
}

/* ---- the queue ---- */

struct uv_event *
chan_event(const void *data, size_t len)
{
	struct uv_event *e = calloc(1, sizeof(*e) + len);

	if (e != NULL) {
		e->len = len;
		memcpy(e->data, data, len);
	}
	return e;
}

static void
event_done(struct uv_event *e)
{
	e->queued = false;
	if (!e->lasting)
		free(e);
}

static void
wake(struct uv_chan *c)
{
	const char byte = 0;

	if (!c->woken && send(c->fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
		c->woken = true;
}

void
chan_queue(struct uv_chan *c, struct uv_event *e)
{
	if (e->queued)
		return;
	e->queued = true;
	TAILQ_INSERT_TAIL(&c->events, e, next);
	wake(c);
}

int
chan_put(struct uv_chan *c, const void *data, size_t len)
{
	struct uv_event *e = chan_event(data, len);

	if (e == NULL) {
		c->overflow = true;
		if (c->ctx != NULL)
			atomic_fetch_add(&n_lost[c->ctx->func->idx], 1);
		return -ENOMEM;
	}
	chan_queue(c, e);
	return 0;
}

void
chan_unqueue(struct uv_chan *c, const struct uv_sub *sub)
{
	struct uv_event *e, *next;

	for (e = TAILQ_FIRST(&c->events); e != NULL; e = next) {
		next = TAILQ_NEXT(e, next);
		if (e->sub != sub)
			continue;
		TAILQ_REMOVE(&c->events, e, next);
		event_done(e);
	}
}

uint64_t
uverbs_events_lost(const struct nic_func *f)
{
	return atomic_load(&n_lost[f->idx]);
}

/* ---- channels ---- */

struct uv_chan *
uv_chan_create(struct uv_ctx *ctx, enum uv_chan_kind kind, bool omit_data, int *fd)
{
	struct uv_chan *c = calloc(1, sizeof(*c));
	struct stat st;
	int pair[2];

	if (c == NULL)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		goto fail;
	if (real_fstat()(pair[1], &st) != 0)
		goto close_pair;
	c->ctx = ctx;
	c->kind = kind;
	c->omit_data = omit_data;
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	c->fd = pair[0];
	TAILQ_INIT(&c->events);
	*fd = pair[1];
	chan_lock();
	LIST_INSERT_HEAD(&chans, c, next);
	atomic_fetch_add(&n_chans, 1);
	chan_unlock();
	return c;

close_pair:
	real_close()(pair[0]);
	real_close()(pair[1]);
fail:
	free(c);
	return NULL;
}

static void
events_free(struct uv_chan *c)
{
	struct uv_event *e;

	while ((e = TAILQ_FIRST(&c->events)) != NULL) {
		TAILQ_REMOVE(&c->events, e, next);
		event_done(e);
	}
}

static void
chan_free(struct uv_chan *c)
{
	chan_subs_free(c);
	events_free(c);
	LIST_REMOVE(c, next);
	atomic_fetch_sub(&n_chans, 1);
	real_close()(c->fd);
	free(c);
}

/* Without the lock: most descriptors of a process are no sockets, and are left alone by that. */
static bool
is_socket(int fd, struct stat *st)
{
	return atomic_load_explicit(&n_chans, memory_order_relaxed) != 0 &&
		real_fstat()(fd, st) == 0 && S_ISSOCK(st->st_mode);
}

/* The channel whose end this is. */
static struct uv_chan *
chan_of(const struct stat *st)
{
	struct uv_chan *c;

	LIST_FOREACH(c, &chans, next) {
		if (c->dev == st->st_dev && c->ino == st->st_ino)
			return c;
	}
	return NULL;
}

struct uv_chan *
uv_chan_use(const struct uv_ctx *ctx, int fd, enum uv_chan_kind kind)
{
	struct uv_chan *c;
	struct stat st;

	if (!is_socket(fd, &st))
		return NULL;
	chan_lock();
	c = chan_of(&st);
	if (c != NULL && (c->ctx != ctx || c->kind != kind))
		c = NULL;
	if (c != NULL)
		c->in_calls++;
	chan_unlock();
	return c;
}

void
uv_chan_hold(struct uv_chan *chan)
{
	chan_lock();
	chan->in_calls++;
	chan_unlock();
}

void
uv_chan_unuse(struct uv_chan *chan)
{
	chan_lock();
	chan->in_calls--;
	chan_unlock();
}

struct uv_chan *
uv_chan_async(const struct uv_ctx *ctx)
{
	struct uv_chan *c, *first = NULL;

	chan_lock();
	LIST_FOREACH(c, &chans, next) {
		if (c->ctx == ctx && c->kind == UV_CHAN_ASYNC)
			first = c; /* the list has the newest first */
	}
	chan_unlock();
	return first;
}

bool
uv_chan_closed(int fd)
{
	struct guard g;
	struct stat st;
	bool is;

	if (!is_socket(fd, &st))
		return false;
	enter(&g);
	is = chan_of(&st) != NULL;
	leave(&g);
	return is;
}

void
chan_each(void (*fn)(struct uv_chan *c, void *arg), void *arg)
{
	struct uv_chan *c;

	LIST_FOREACH(c, &chans, next)
		fn(c, arg);
}

void
uv_chan_reap(void)
{
	struct uv_chan *c, *next;
	struct pollfd p = {.events = 0};

	chan_lock();
	for (c = LIST_FIRST(&chans); c != NULL; c = next) {
		next = LIST_NEXT(c, next);
		p.fd = c->fd;
		if (c->in_calls == 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0)
			chan_free(c);
	}
	chan_unlock();
}

/*
 * The kernel throws away what waits in a channel of DevX, or of completions; asynchronous events of
 * verbs can be read to the end. Shut in one direction only: that the other end is closed must still
 * be seen.
 */
static void
chan_close(struct uv_chan *c)
{
	chan_subs_free(c);
	if (c->kind != UV_CHAN_ASYNC)
		events_free(c);
	c->ctx = NULL;
	shutdown(c->fd, SHUT_WR);
}

void
uv_chan_ctx_gone(const struct uv_ctx *ctx)
{
	struct uv_chan *c;

	chan_lock();
	LIST_FOREACH(c, &chans, next) {
		if (c->ctx == ctx)
			chan_close(c);
	}
	chan_unlock();
}

int
uv_chan_reserve(struct uv_chan *chan, size_t len)
{
	int ret = -EAGAIN;

	chan_lock();
	if (chan->in_use + len <= UV_CHAN_CMD_BYTES) {
		chan->in_use += len;
		ret = 0;
	}
	chan_unlock();
	return ret;
}

void
uv_chan_unreserve(struct uv_chan *chan, size_t len)
{
	chan_lock();
	chan->in_use -= len;
	chan_unlock();
}

int
uv_chan_send(struct uv_chan *chan, const void *msg, size_t len)
{
	int ret;

	chan_lock();
	ret = chan_put(chan, msg, len);
	chan_unlock();
	return ret;
}

/* ---- reading ---- */

/* What an empty queue answers; 0: wait. */
static int
empty(const struct uv_chan *c, int fd)
{
	bool nonblock = (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
	bool of_verbs = c->kind == UV_CHAN_ASYNC || c->kind == UV_CHAN_COMP;

	if (of_verbs && c->ctx == NULL)
		return -EIO;
	if (nonblock)
		return -EAGAIN;
	return c->ctx == NULL ? -EIO : 0;
}

/* An event into buf, and out of the queue. */
static ssize_t
copy(struct uv_chan *c, struct uv_event *e, void *buf)
{
	ssize_t ret = (ssize_t)e->len;

	if (uv_copy_out((uintptr_t)buf, e->data, e->len) != 0)
		ret = -EFAULT;
	if (c->kind == UV_CHAN_CMD)
		c->in_use -= e->len - UV_CHAN_CMD_HEAD;
	if (e->counter != NULL)
		(*e->counter)++;
	TAILQ_REMOVE(&c->events, e, next);
	event_done(e);
	return ret;
}

/*
 * A byte wakes one of those who wait: as long as there are events, the next one gets another. It is
 * not there when someone else has read it, which is no reason to wake no one again.
 */
static void
rewake(struct uv_chan *c, int fd)
{
	bool more = !TAILQ_EMPTY(&c->events);
	char byte;

	if (!c->woken || (more && c->waiting == 0))
		return;
	recv(fd, &byte, 1, MSG_DONTWAIT);
	c->woken = false;
	if (more)
		wake(c);
}

/* The first event into buf: its bytes, or a negative errno; 0: wait. */
static ssize_t
take(struct uv_chan *c, int fd, void *buf, size_t len)
{
	struct uv_event *e = TAILQ_FIRST(&c->events);
	ssize_t ret;

	if (c->kind == UV_CHAN_DEVX && c->overflow) {
		c->overflow = false;
		return -EOVERFLOW;
	}
	if (e != NULL && e->len > len)
		return c->kind == UV_CHAN_CMD ? -ENOSPC : -EINVAL;
	ret = e != NULL ? copy(c, e, buf) : empty(c, fd);
	rewake(c, fd);
	return ret;
}

bool
uv_chan_read(int fd, void *buf, size_t len, ssize_t *ret)
{
	struct uv_chan *c;
	bool waited = false;
	struct guard g;
	struct stat st;
	ssize_t n = 0;
	char byte;

	if (!is_socket(fd, &st))
		return false;
	while (n == 0) {
		enter(&g);
		c = chan_of(&st);
		if (c != NULL) {
			c->waiting -= waited;
			n = take(c, fd, buf, len);
			waited = n == 0;
			c->waiting += waited;
		}
		leave(&g);
		if (c == NULL)
			return false;
		/* the byte stays: whoever takes the last event takes it */
		if (n == 0 && recv(fd, &byte, 1, MSG_PEEK) < 0)
			n = -errno;
	}
	*ret = n < 0 ? -1 : n;
	if (n < 0)
		errno = (int)-n;
	return true;
}

/* ---- fork ---- */

void
uv_chan_fork_prepare(void)
{
	chan_lock();
}

void
uv_chan_fork_parent(void)
{
	chan_unlock();
}

/* The parent's channels are not the child's: its copies of our ends would keep them open. */
void
uv_chan_fork_child(void)
{
	struct uv_chan *c;

	while ((c = LIST_FIRST(&chans)) != NULL)
		chan_free(c);
	chan_unlock();
}
