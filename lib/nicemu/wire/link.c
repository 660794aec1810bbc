/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Frames over a link. With one peer it is a cable. The owner of a link with more is a switch
 * between them and its own NIC: it learns addresses, and what it does not know goes to all.
 */
#include "link_int.h"

#include <errno.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "../dp/pkt.h"
#include "../real.h"

#define FORWARD_BURST 64u /* frames passed on before one for this NIC is looked for again */
#define DRAIN 8 /* bytes of waking taken from a socket at once */
#define NOBODY (-1)

static uint64_t
mac_number(const uint8_t *mac)
{
	return (uint64_t)pkt_be16(mac) << 32 | (uint64_t)pkt_be16(mac + 2) << 16 |
		pkt_be16(mac + 4);
}

static uint64_t *
entry_of(struct link *l, uint64_t mac)
{
	return &l->table[(mac ^ mac >> 10 ^ mac >> 24) % LINK_TABLE];
}

static void
learn(struct link *l, const uint8_t *frame, unsigned int port)
{
	uint64_t mac = mac_number(frame + ETHER_ADDR_LEN);

	if ((frame[ETHER_ADDR_LEN] & 1) == 0)
		*entry_of(l, mac) = mac << 16 | port;
}

/* The port where the frame's destination was seen, or NOBODY. */
static int
lookup(struct link *l, const uint8_t *frame)
{
	uint64_t mac = mac_number(frame), val = *entry_of(l, mac);
	unsigned int port = val & 0xffff;

	if ((frame[0] & 1) != 0 || val >> 16 != mac || mac == 0)
		return NOBODY;
	if (port != LINK_LOCAL && (port >= LINK_PEERS || l->peer[port].state != LINK_UP))
		return NOBODY;
	return (int)port;
}

void
link_peer_mad(struct link *l, struct link_peer *p)
{
	atomic_store(&p->mad, true);
	eventfd_write(l->kick_fd, 1);
}

static int
put(struct link *l, struct link_peer *p, const void *frame, uint32_t len)
{
	struct iovec one = {.iov_base = &(char){0}, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &one, .msg_iovlen = 1};
	int ret;

	if (atomic_load_explicit(&p->mad, memory_order_relaxed))
		return -ENODEV;
	ret = ring_put(&p->tx, frame, len);
	if (ret == -EPROTO)
		link_peer_mad(l, p);
	else if (ret == 0 && ring_wakes(&p->tx))
		/* full: then there are bytes that wake it */
		real_sendmsg()(p->sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return ret;
}

/* To all that are up, but one. The error of the last that did not take it. */
static int
put_all(struct link *l, unsigned int but, const void *frame, uint32_t len)
{
	unsigned int i;
	int ret = 0, err;

	for (i = 0; i < LINK_PEERS; i++) {
		if (i == but || l->peer[i].state != LINK_UP)
			continue;
		err = put(l, &l->peer[i], frame, len);
		if (err != 0)
			ret = err;
	}
	return ret;
}

static int
send_own(struct link *l, const void *frame, uint32_t len)
{
	int port;

	if (l->n_up == 0)
		return -ENODEV;
	learn(l, frame, LINK_LOCAL);
	port = lookup(l, frame);
	if (port == NOBODY)
		return put_all(l, LINK_LOCAL, frame, len);
	/* to itself: its e-switch knows better than to send it */
	return port == (int)LINK_LOCAL ? 0 : put(l, &l->peer[port], frame, len);
}

/*
 * The frame is copied twice, since a lock can't be held over the sender's memory: that may be gone,
 * and then the fault ends this call.
 */
static int
link_tx(struct wire *w, const struct iovec *seg, int n)
{
	struct iov_cur src = {.seg = seg, .n = (unsigned int)n};
	uint8_t frame[WIRE_MAX_FRAME];
	struct link *l = w->link;
	size_t len = iov_read(&src, frame, sizeof(frame));
	int ret;

	if (iov_here(&src, 1) != 0)
		return -EMSGSIZE;
	pthread_mutex_lock(&l->tx_lock);
	ret = send_own(l, frame, (uint32_t)len);
	pthread_mutex_unlock(&l->tx_lock);
	return ret;
}

/* A frame from a peer of an owner: pass it on to the others. Is it for this NIC, too? */
static bool
pass_on(struct link *l, unsigned int from, const void *frame, uint32_t len)
{
	int port = LINK_LOCAL;

	pthread_mutex_lock(&l->tx_lock);
	if (l->n_up > 1 && len >= ETHER_HDR_LEN) {
		learn(l, frame, from);
		port = lookup(l, frame);
		if (port == NOBODY)
			put_all(l, from, frame, len);
		else if (port != (int)LINK_LOCAL && port != (int)from)
			put(l, &l->peer[port], frame, len);
	}
	pthread_mutex_unlock(&l->tx_lock);
	return port == NOBODY || port == (int)LINK_LOCAL;
}

/* After a sleep: nobody has to wake us, and what woke us is taken away. */
static void
wake_up(struct link *l)
{
	char byte[1];
	struct iovec one = {.iov_base = byte, .iov_len = sizeof(byte)};
	unsigned int i;
	int k;

	for (i = 0; i < LINK_PEERS; i++) {
		struct msghdr msg = {.msg_iov = &one, .msg_iovlen = 1};

		if (l->peer[i].state != LINK_UP)
			continue;
		ring_disarm(&l->peer[i].rx);
		for (k = 0; k < DRAIN && real_recvmsg()(l->peer[i].sock, &msg, MSG_DONTWAIT) > 0;
			k++)
			;
	}
	l->armed = false;
}

/* One frame of any peer, each in its turn. */
static int
take(struct link *l, void *buf, uint32_t max, unsigned int *from)
{
	struct link_peer *p;
	unsigned int i;
	int len;

	for (i = 0; i < LINK_PEERS; i++) {
		*from = (l->turn + i) % LINK_PEERS;
		p = &l->peer[*from];
		if (p->state != LINK_UP || atomic_load_explicit(&p->mad, memory_order_relaxed))
			continue;
		len = ring_get(&p->rx, buf, max);
		if (len > 0) {
			l->turn = *from + (l->n_up > 1);
			return len;
		}
		if (len < 0)
			link_peer_mad(l, p);
	}
	return 0;
}

static int
link_rx(struct wire *w, void *buf, uint32_t max)
{
	struct link *l = w->link;
	unsigned int from, i;
	int len = 0;

	pthread_mutex_lock(&l->rx_lock);
	if (l->armed)
		wake_up(l);
	for (i = 0; i < FORWARD_BURST; i++) {
		len = take(l, buf, max, &from);
		if (len == 0 || l->n_up == 1 || pass_on(l, from, buf, (uint32_t)len))
			break;
		len = 0;
	}
	pthread_mutex_unlock(&l->rx_lock);
	return len;
}

static bool
link_arm(struct wire *w)
{
	struct link *l = w->link;
	bool ready = false;
	unsigned int i;

	pthread_mutex_lock(&l->rx_lock);
	l->armed = true;
	for (i = 0; i < LINK_PEERS; i++) {
		if (l->peer[i].state == LINK_UP &&
			!atomic_load_explicit(&l->peer[i].mad, memory_order_relaxed) &&
			ring_arm(&l->peer[i].rx))
			ready = true;
	}
	pthread_mutex_unlock(&l->rx_lock);
	return ready;
}

static int
link_check(const char *arg, char *why, unsigned int len)
{
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (strlen(arg) <= max)
		return 0;
	snprintf(why, len, "wire \"link\": a socket's path has at most %zu characters: '%s'", max,
		arg);
	return -EINVAL;
}

static int
link_open(struct wire *w, const char *arg)
{
	struct link *l = calloc(1, sizeof(*l));
	int ret;

	if (l == NULL)
		return -ENOMEM;
	l->wire = w;
	l->addr.sun_family = AF_UNIX;
	snprintf(l->addr.sun_path, sizeof(l->addr.sun_path), "%s", arg);
	snprintf(l->lock_path, sizeof(l->lock_path), "%s.lock", arg);
	pthread_mutex_init(&l->rx_lock, NULL);
	pthread_mutex_init(&l->tx_lock, NULL);
	ret = link_meet_start(l);
	if (ret == 0) {
		w->link = l;
		return 0;
	}
	pthread_mutex_destroy(&l->tx_lock);
	pthread_mutex_destroy(&l->rx_lock);
	free(l);
	return ret;
}

static void
link_close(struct wire *w)
{
	link_meet_stop(w->link);
	pthread_mutex_destroy(&w->link->tx_lock);
	pthread_mutex_destroy(&w->link->rx_lock);
	free(w->link);
	w->link = NULL;
}

static int
link_fd(struct wire *w)
{
	return w->link->epoll_fd;
}

static void
link_forget(struct wire *w)
{
	link_meet_forget(w->link);
}

const struct wire_ops wire_link = {
	.name = "link",
	.arg_help = "the path of a socket",
	.check = link_check,
	.open = link_open,
	.close = link_close,
	.forget = link_forget,
	.fd = link_fd,
	.arm = link_arm,
	.tx = link_tx,
	.rx = link_rx,
};
