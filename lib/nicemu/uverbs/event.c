/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Who subscribed to what, and what they get. Linux hw/mlx5/devx.c: deliver_event(),
 * dispatch_event_fd(); core/uverbs_main.c: ib_uverbs_comp_handler(), ib_uverbs_async_handler().
 */
#include <errno.h>
#include <poll.h>
#include <rdma/ib_user_verbs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "../real.h"
#include "chan.h"
#include "uverbs.h"

#define EQE_SIZE 64
#define SUB_HASH 64

struct uv_sub {
	LIST_ENTRY(uv_sub) next;
	struct uv_chan *chan;
	const struct nic_func *func;
	uint16_t event;
	enum nic_obj_type type; /* NIC_OBJ_TYPES: of the device */
	uint32_t id;
	uint64_t cookie;
	int eventfd; /* ours, -1: the channel itself */
	struct uv_event *own; /* of a channel without data: its one event, the cookie; else NULL */
	uint32_t reported; /* events of verbs that were read */
};

static LIST_HEAD(sub_list, uv_sub) subs[SUB_HASH];

static struct sub_list *
bucket(enum nic_obj_type type, uint32_t id)
{
	return &subs[(id * 31u + (unsigned int)type) % SUB_HASH];
}

void
uv_sub_drop(struct uv_sub *s)
{
	if (s->eventfd >= 0)
		real_close()(s->eventfd);
	free(s->own);
	free(s);
}

static void
sub_free(struct uv_sub *s)
{
	LIST_REMOVE(s, next);
	chan_unqueue(s->chan, s);
	uv_sub_drop(s);
}

void
chan_subs_free(const struct uv_chan *c)
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
}

/* ---- delivery ---- */

/* One at its maximum has woken its reader already, and writing to it would wait. */
static void
signal_eventfd(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0)
		eventfd_write(fd, 1);
}

static void
deliver_devx(struct uv_sub *s, const void *eqe)
{
	uint8_t msg[sizeof(s->cookie) + EQE_SIZE] = {0};

	memcpy(msg, &s->cookie, sizeof(s->cookie));
	if (eqe != NULL)
		memcpy(msg + sizeof(s->cookie), eqe, EQE_SIZE);
	chan_put(s->chan, msg, sizeof(msg));
}

/* Events of verbs are counted as they are read, and go with their object. */
static void
deliver_verbs(struct uv_sub *s)
{
	struct ib_uverbs_async_event_desc async = {
		.element = s->cookie, .event_type = UV_ASYNC_CQ_ERR};
	struct ib_uverbs_comp_event_desc comp = {.cq_handle = s->cookie};
	bool is_comp = s->chan->kind == UV_CHAN_COMP;
	struct uv_event *e =
		is_comp ? chan_event(&comp, sizeof(comp)) : chan_event(&async, sizeof(async));

	if (e == NULL)
		return;
	e->sub = s;
	e->counter = &s->reported;
	chan_queue(s->chan, e);
}

static void
deliver(struct uv_sub *s, const void *eqe)
{
	if (s->eventfd >= 0)
		signal_eventfd(s->eventfd);
	else if (s->own != NULL)
		chan_queue(s->chan, s->own);
	else if (s->chan->kind == UV_CHAN_DEVX)
		deliver_devx(s, eqe);
	else
		deliver_verbs(s);
}

void
uverbs_event(struct nic_func *f, uint16_t event_type, enum nic_obj_type obj_type, uint32_t id,
	const void *eqe)
{
	struct uv_sub *s;

	chan_lock();
	LIST_FOREACH(s, bucket(obj_type, id), next) {
		if (s->func == f && s->event == event_type && s->type == obj_type && s->id == id)
			deliver(s, eqe);
	}
	chan_unlock();
}

/* ---- events of the device, for all of a kind ---- */

struct async {
	const struct nic_func *func;
	const struct uv_ctx *ctx; /* this one only, NULL: all of the function */
	struct ib_uverbs_async_event_desc desc;
};

static void
put_async(struct uv_chan *c, void *arg)
{
	const struct async *a = arg;

	if (c->kind != UV_CHAN_ASYNC || c->ctx == NULL || (a->ctx != NULL && c->ctx != a->ctx) ||
		c->ctx->func != a->func)
		return;
	chan_put(c, &a->desc, sizeof(a->desc));
}

void
uverbs_async(struct nic_func *f, unsigned int event, uint64_t element)
{
	struct async a = {.func = f, .desc = {.element = element, .event_type = event}};

	chan_lock();
	chan_each(put_async, &a);
	chan_unlock();
}

void
uv_chan_last(const struct uv_ctx *ctx, unsigned int event)
{
	struct async a = {.func = ctx->func, .ctx = ctx, .desc = {.event_type = event}};

	chan_lock();
	chan_each(put_async, &a);
	chan_unlock();
}

/* ---- subscriptions ---- */

struct uv_sub *
uv_sub_new(struct uv_chan *chan, struct nic_func *f, uint16_t event, enum nic_obj_type type,
	uint32_t id, uint64_t cookie, int eventfd)
{
	struct uv_sub *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct uv_sub){.chan = chan,
		.func = f,
		.event = event,
		.type = type,
		.id = id,
		.cookie = cookie,
		.eventfd = eventfd};
	if (chan->omit_data) {
		s->own = chan_event(&cookie, sizeof(cookie));
		if (s->own == NULL) {
			free(s);
			return NULL;
		}
		s->own->sub = s;
		s->own->lasting = true;
	}
	return s;
}

void
uv_sub_add(struct uv_sub *s)
{
	chan_lock();
	LIST_INSERT_HEAD(bucket(s->type, s->id), s, next);
	chan_unlock();
}

int
uv_chan_subscribe(struct uv_chan *chan, struct nic_func *f, uint16_t event, enum nic_obj_type type,
	uint32_t id, uint64_t cookie)
{
	struct uv_sub *s = uv_sub_new(chan, f, event, type, id, cookie, -1);

	if (s == NULL)
		return -ENOMEM;
	uv_sub_add(s);
	return 0;
}

void
uv_chan_obj_gone(struct nic_func *f, enum nic_obj_type type, uint32_t id)
{
	uint32_t comp, async;

	uv_chan_verbs_gone(f, type, id, &comp, &async);
}

void
uv_chan_verbs_gone(
	struct nic_func *f, enum nic_obj_type type, uint32_t id, uint32_t *comp, uint32_t *async)
{
	struct uv_sub *s, *next;

	*comp = *async = 0;
	chan_lock();
	for (s = LIST_FIRST(bucket(type, id)); s != NULL; s = next) {
		next = LIST_NEXT(s, next);
		if (s->func != f || s->type != type || s->id != id)
			continue;
		if (s->chan->kind == UV_CHAN_COMP)
			*comp = s->reported;
		else if (s->chan->kind == UV_CHAN_ASYNC)
			*async = s->reported;
		sub_free(s);
	}
	chan_unlock();
}
