/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Inside of event channels: the queue of each (chan.c), who put something there (event.c).
 *
 * One lock, chan_lock(), guards channels, events and subscriptions; engines take it. Every function
 * here is called with it held unless it says otherwise.
 */
#ifndef NICEMU_CHAN_H
#define NICEMU_CHAN_H

#include <sys/queue.h>

#include "uv.h"

/* What one read() returns. */
struct uv_event {
	TAILQ_ENTRY(uv_event) next;
	const struct uv_sub *sub; /* goes when this subscription goes; NULL: stays */
	uint32_t *counter; /* of the subscription: reads of its events; NULL: not counted */
	bool lasting; /* the subscription's own, which is not freed when it was read */
	bool queued;
	size_t len;
	uint8_t data[];
};
TAILQ_HEAD(uv_event_list, uv_event);

struct uv_chan {
	LIST_ENTRY(uv_chan) next;
	const struct uv_ctx *ctx; /* NULL: its device is closed */
	enum uv_chan_kind kind;
	bool omit_data;
	dev_t dev; /* identity of the user's end */
	ino_t ino;
	int fd; /* our end */
	bool woken; /* a byte is in the user's end */
	unsigned int waiting; /* readers that wait for one; not less than there are */
	unsigned int in_calls; /* that use it: then it is not freed */
	bool overflow; /* an event was lost */
	size_t in_use; /* UV_CHAN_CMD: bytes of answers that wait */
	struct uv_event_list events;
};

/* The lock; a caller whose thread may run handlers of signals has them blocked. */
void chan_lock(void);
void chan_unlock(void);

/* NULL: no memory. */
struct uv_event *chan_event(const void *data, size_t len);
/* The channel has it from now on; a lasting one that is queued stays where it is. */
void chan_queue(struct uv_chan *c, struct uv_event *e);
/* A new event of these bytes; without memory it is lost, and counted. 0 or -ENOMEM. */
int chan_put(struct uv_chan *c, const void *data, size_t len);
/* Take what a subscription has put there back. */
void chan_unqueue(struct uv_chan *c, const struct uv_sub *sub);
/* Call fn for all channels. */
void chan_each(void (*fn)(struct uv_chan *c, void *arg), void *arg);

/* event.c: a channel goes, and with it who subscribed by it. */
void chan_subs_free(const struct uv_chan *c);

#endif /* NICEMU_CHAN_H */
