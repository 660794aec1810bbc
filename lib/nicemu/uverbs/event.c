/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Event channels and who subscribed to what. Linux hw/mlx5/devx.c: deliver_event(),
 * dispatch_event_fd().
 *
 * A channel is a pair of SOCK_SEQPACKET sockets: the user has one end, so poll(), epoll and
 * O_NONBLOCK are the kernel's own, and each read() is one event. Engines write to the other end,
 * never blocking, under ev_lock, which guards everything here. A channel lives until the last
 * descriptor of the user's end is closed, wherever that is.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5_user_ioctl_verbs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../real.h"
#include "prm.h"
#include "uv.h"
#include "uverbs.h"

#define EQE_SIZE 64
#define SUB_HASH 64
#define SOCKET_BUFFER (1 << 20) /* as much of it as net.core.wmem_max gives */

struct uv_chan {
	LIST_ENTRY(uv_chan) next;
	const struct uv_ctx *ctx; /* NULL: its device is closed */
	enum uv_chan_kind kind;
	bool omit_data;
	dev_t dev; /* identity of the user's end */
	ino_t ino;
	int fd; /* our end */
	uint64_t sent; /* messages, ever */
	int unit; /* omit_data: what one message takes in the socket's buffer */
};

struct uv_sub {
	LIST_ENTRY(uv_sub) next;
	struct uv_chan *chan;
	const struct nic_func *func;
	uint16_t event;
	enum nic_obj_type type; /* NIC_OBJ_TYPES: of the device */
	uint32_t id;
	uint64_t cookie;
	int eventfd; /* ours, -1: the channel itself */
	uint64_t seq; /* number of its last message, 0: none */
};

static _Atomic uint64_t n_lost[NIC_MAX_FUNCS]; /* messages that found no room */
static pthread_mutex_t ev_lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, uv_chan) chans = LIST_HEAD_INITIALIZER(chans);
static LIST_HEAD(sub_list, uv_sub) subs[SUB_HASH];

static struct sub_list *
bucket(enum nic_obj_type type, uint32_t id)
{
	return &subs[(id * 31u + (unsigned int)type) % SUB_HASH];
}

static void
sub_free(struct uv_sub *s)
{
	LIST_REMOVE(s, next);
	if (s->eventfd >= 0)
		real_close()(s->eventfd);
	free(s);
}

static void
chan_free(struct uv_chan *c)
{
	struct uv_sub *s, *next;
	unsigned int i;

	for (i = 0; i < SUB_HASH; i++) {
		for (s = LIST_FIRST(&subs[i]); s != NULL; s = next) {
			next = LIST_NEXT(s, next);
			if (s->chan == c)
				sub_free(s);
		}
	}
	LIST_REMOVE(c, next);
	real_close()(c->fd);
	free(c);
}

/* All messages without data have one size, so what is in the buffer tells how many wait. */
static int
measure(const int pair[2])
{
	uint64_t cookie = 0;
	int bytes;

	if (send(pair[0], &cookie, sizeof(cookie), MSG_DONTWAIT) != sizeof(cookie) ||
		ioctl(pair[0], SIOCOUTQ, &bytes) != 0 ||
		recv(pair[1], &cookie, sizeof(cookie), MSG_DONTWAIT) != sizeof(cookie))
		return 0;
	return bytes;
}

struct uv_chan *
uv_chan_create(struct uv_ctx *ctx, enum uv_chan_kind kind, bool omit_data, int *fd)
{
	struct uv_chan *c = calloc(1, sizeof(*c));
	int pair[2], size = SOCKET_BUFFER;
	struct stat st;

	if (c == NULL)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		goto fail;
	if (real_fstat()(pair[1], &st) != 0)
		goto close_pair;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	c->ctx = ctx;
	c->kind = kind;
	c->omit_data = omit_data;
	c->unit = omit_data ? measure(pair) : 0;
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	c->fd = pair[0];
	*fd = pair[1];
	pthread_mutex_lock(&ev_lock);
	LIST_INSERT_HEAD(&chans, c, next);
	pthread_mutex_unlock(&ev_lock);
	return c;

close_pair:
	real_close()(pair[0]);
	real_close()(pair[1]);
fail:
	free(c);
	return NULL;
}

struct uv_chan *
uv_chan_find(const struct uv_ctx *ctx, int fd, enum uv_chan_kind kind)
{
	struct uv_chan *c;
	struct stat st;

	if (real_fstat()(fd, &st) != 0 || !S_ISSOCK(st.st_mode))
		return NULL;
	pthread_mutex_lock(&ev_lock);
	LIST_FOREACH(c, &chans, next) {
		if (c->ctx == ctx && c->kind == kind && c->dev == st.st_dev && c->ino == st.st_ino)
			break;
	}
	pthread_mutex_unlock(&ev_lock);
	return c;
}

/* One message; 0, -EAGAIN when there is no room for it, -EPIPE when no one has the other end. */
static int
chan_write(struct uv_chan *c, const void *msg, size_t len)
{
	if (send(c->fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (c->ctx != NULL)
			atomic_fetch_add(&n_lost[c->ctx->func->idx], 1);
		return errno == EPIPE ? -EPIPE : -EAGAIN;
	}
	c->sent++;
	return 0;
}

int
uv_chan_send(struct uv_chan *chan, const void *msg, size_t len)
{
	int ret;

	pthread_mutex_lock(&ev_lock);
	ret = chan_write(chan, msg, len);
	pthread_mutex_unlock(&ev_lock);
	return ret;
}

/* Is the subscription's last message still unread? */
static bool
is_queued(const struct uv_sub *s)
{
	int bytes = 0;

	if (s->seq == 0 || s->chan->unit <= 0 || ioctl(s->chan->fd, SIOCOUTQ, &bytes) != 0)
		return false;
	return s->seq > s->chan->sent - (uint64_t)(bytes / s->chan->unit);
}

/* One at its maximum has woken its reader already, and writing to it would wait. */
static void
signal_eventfd(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0)
		eventfd_write(fd, 1);
}

static void
deliver(struct uv_sub *s, const void *eqe)
{
	uint8_t msg[sizeof(s->cookie) + EQE_SIZE] = {0};

	if (s->eventfd >= 0) {
		signal_eventfd(s->eventfd);
		return;
	}
	memcpy(msg, &s->cookie, sizeof(s->cookie));
	if (s->chan->omit_data) {
		if (!is_queued(s) && chan_write(s->chan, msg, sizeof(s->cookie)) == 0)
			s->seq = s->chan->sent;
		return;
	}
	if (eqe != NULL)
		memcpy(msg + sizeof(s->cookie), eqe, EQE_SIZE);
	chan_write(s->chan, msg, sizeof(msg));
}

void
uverbs_event(struct nic_func *f, uint16_t event_type, enum nic_obj_type obj_type, uint32_t id,
	const void *eqe)
{
	struct uv_sub *s;

	pthread_mutex_lock(&ev_lock);
	LIST_FOREACH(s, bucket(obj_type, id), next) {
		if (s->func == f && s->event == event_type && s->type == obj_type && s->id == id)
			deliver(s, eqe);
	}
	pthread_mutex_unlock(&ev_lock);
}

void
uverbs_async(struct nic_func *f, unsigned int event, uint64_t element)
{
	struct ib_uverbs_async_event_desc desc = {.element = element, .event_type = event};
	struct uv_chan *c;

	pthread_mutex_lock(&ev_lock);
	LIST_FOREACH(c, &chans, next) {
		if (c->kind == UV_CHAN_ASYNC && c->ctx != NULL && c->ctx->func == f)
			chan_write(c, &desc, sizeof(desc));
	}
	pthread_mutex_unlock(&ev_lock);
}

uint64_t
uverbs_events_lost(const struct nic_func *f)
{
	return atomic_load(&n_lost[f->idx]);
}

int
uv_chan_subscribe(struct uv_chan *chan, struct nic_func *f, uint16_t event, enum nic_obj_type type,
	uint32_t id, uint64_t cookie, int eventfd)
{
	struct uv_sub *s = malloc(sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	*s = (struct uv_sub){.chan = chan,
		.func = f,
		.event = event,
		.type = type,
		.id = id,
		.cookie = cookie,
		.eventfd = eventfd};
	pthread_mutex_lock(&ev_lock);
	LIST_INSERT_HEAD(bucket(type, id), s, next);
	pthread_mutex_unlock(&ev_lock);
	return 0;
}

void
uv_chan_obj_gone(struct nic_func *f, enum nic_obj_type type, uint32_t id)
{
	struct uv_sub *s, *next;

	pthread_mutex_lock(&ev_lock);
	for (s = LIST_FIRST(bucket(type, id)); s != NULL; s = next) {
		next = LIST_NEXT(s, next);
		if (s->func == f && s->type == type && s->id == id)
			sub_free(s);
	}
	pthread_mutex_unlock(&ev_lock);
}

void
uv_chan_last(const struct uv_ctx *ctx, unsigned int event)
{
	struct ib_uverbs_async_event_desc desc = {.event_type = event};
	struct uv_chan *c;

	pthread_mutex_lock(&ev_lock);
	LIST_FOREACH(c, &chans, next) {
		if (c->kind == UV_CHAN_ASYNC && c->ctx == ctx)
			chan_write(c, &desc, sizeof(desc));
	}
	pthread_mutex_unlock(&ev_lock);
}

void
uv_chan_ctx_gone(const struct uv_ctx *ctx)
{
	struct uv_chan *c;
	struct uv_sub *s, *next;
	unsigned int i;

	pthread_mutex_lock(&ev_lock);
	for (i = 0; i < SUB_HASH; i++) {
		for (s = LIST_FIRST(&subs[i]); s != NULL; s = next) {
			next = LIST_NEXT(s, next);
			if (s->chan->ctx == ctx)
				sub_free(s);
		}
	}
	/*
	 * A reader gets what is there, and then an end of file: the kernel's read returns -EIO.
	 */
	LIST_FOREACH(c, &chans, next) {
		if (c->ctx == ctx) {
			c->ctx = NULL;
			shutdown(c->fd, SHUT_RDWR);
		}
	}
	pthread_mutex_unlock(&ev_lock);
}

bool
uv_chan_closed(int fd)
{
	struct uv_chan *c;
	struct stat st;
	sigset_t all, old;

	if (real_fstat()(fd, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	/* as uv_lock() does, which is not held here */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	pthread_mutex_lock(&ev_lock);
	LIST_FOREACH(c, &chans, next) {
		if (c->dev == st.st_dev && c->ino == st.st_ino)
			break;
	}
	pthread_mutex_unlock(&ev_lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return c != NULL;
}

void
uv_chan_reap(void)
{
	struct uv_chan *c, *next;
	struct pollfd p = {.events = 0};

	pthread_mutex_lock(&ev_lock);
	for (c = LIST_FIRST(&chans); c != NULL; c = next) {
		next = LIST_NEXT(c, next);
		p.fd = c->fd;
		if (c->ctx == NULL || (poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0))
			chan_free(c);
	}
	pthread_mutex_unlock(&ev_lock);
}

void
uv_chan_fork_prepare(void)
{
	pthread_mutex_lock(&ev_lock);
}

void
uv_chan_fork_parent(void)
{
	pthread_mutex_unlock(&ev_lock);
}

/* The parent's channels are not the child's: its copies of our ends would keep them open. */
void
uv_chan_fork_child(void)
{
	struct uv_chan *c;

	while ((c = LIST_FIRST(&chans)) != NULL)
		chan_free(c);
	pthread_mutex_unlock(&ev_lock);
}
