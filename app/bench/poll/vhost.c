/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * librte_vhost's software datapath: packets are copied from the guest into mbufs, and from mbufs
 * into the guest.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_vhost.h>

#include "side.h"

#define ROOM (RTE_PKTMBUF_HEADROOM + 9088u) /* a frame of ARENA_MAX in one piece */
#define SOURCES 4096u /* buffers that are copied to the guest: more than L2 holds */
#define CACHE 256u
#define RX_QUEUE 0 /* the guest's queues of the first pair */
#define TX_QUEUE 1

struct vhost {
	struct side side;
	int vid;
	struct rte_mempool *sources, *pool;
	struct rte_mbuf *source[SOURCES];
	struct rte_mbuf *got[BURST_MAX];
	unsigned int n_got;
	uint32_t at;
	struct arena *arena;
	struct arena sent; /* checks what was copied out of the guest */
};

/* The guest begins at the beginning; packed: bit 15 is the wrap counter. */
static int
rewind_ring(const struct vhost *v, uint16_t queue, const struct ring *r)
{
	uint16_t base = r->packed ? 1u << 15 : 0;

	return rte_vhost_set_vring_base(v->vid, queue, base, base);
}

static int
vhost_start(struct side *s, struct arena *a)
{
	struct vhost *v = (struct vhost *)s;
	uint32_t i;

	v->arena = a;
	v->sent = *a;
	v->at = 0;
	if (a->n < SOURCES)
		return -ENOSPC;
	if (rewind_ring(v, RX_QUEUE, &s->rx) != 0 || rewind_ring(v, TX_QUEUE, &s->tx) != 0)
		return -EIO;
	a->round = SOURCES;
	for (i = 0; i < SOURCES; i++) {
		struct rte_mbuf *m = v->source[i];

		rte_pktmbuf_reset(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)a->size), arena_frame(a, i), a->size);
	}
	return 0;
}

static unsigned int
vhost_send(struct side *s, unsigned int burst)
{
	struct vhost *v = (struct vhost *)s;

	v->n_got = rte_vhost_dequeue_burst(v->vid, TX_QUEUE, v->pool, v->got, (uint16_t)burst);
	return v->n_got;
}

static unsigned int
vhost_receive(struct side *s, unsigned int burst)
{
	struct vhost *v = (struct vhost *)s;
	uint16_t n = (uint16_t)RTE_MIN(burst, SOURCES - v->at);

	n = rte_vhost_enqueue_burst(v->vid, RX_QUEUE, &v->source[v->at], n);
	v->at = (v->at + n) % SOURCES;
	return n;
}

static void
vhost_settle(struct side *s)
{
	struct vhost *v = (struct vhost *)s;
	unsigned int i;

	for (i = 0; i < v->n_got; i++)
		arena_check(&v->sent, rte_pktmbuf_mtod(v->got[i], const uint8_t *),
			v->got[i]->nb_segs == 1 ? v->got[i]->data_len : 0);
	rte_pktmbuf_free_bulk(v->got, v->n_got);
	v->n_got = 0;
}

static void
vhost_stop(struct side *s)
{
	struct vhost *v = (struct vhost *)s;

	v->arena->bad += v->sent.bad;
	v->arena->lost += v->sent.lost;
}

void
side_vhost_free(struct side *s)
{
	struct vhost *v = (struct vhost *)s;

	if (v == NULL)
		return;
	rte_mempool_free(v->sources);
	rte_mempool_free(v->pool);
	free(v);
}

struct side *
side_vhost(int vid, struct rte_ether_addr *from, struct rte_ether_addr *to)
{
	struct vhost *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->side = (struct side){.name = "vhost",
		.start = vhost_start,
		.send = vhost_send,
		.receive = vhost_receive,
		.settle = vhost_settle,
		.stop = vhost_stop};
	v->vid = vid;
	rte_eth_random_addr(from->addr_bytes);
	rte_eth_random_addr(to->addr_bytes);
	v->sources = rte_pktmbuf_pool_create("sources", SOURCES, 0, 0, ROOM, SOCKET_ID_ANY);
	v->pool = rte_pktmbuf_pool_create("pool", SOURCES - 1, CACHE, 0, ROOM, SOCKET_ID_ANY);
	if (v->sources == NULL || v->pool == NULL ||
		rte_pktmbuf_alloc_bulk(v->sources, v->source, SOURCES) != 0 ||
		side_rings(&v->side, vid, 0) != 0) {
		fprintf(stderr, "holdfast-bench-poll: no memory for mbufs, or no rings\n");
		side_vhost_free(&v->side);
		return NULL;
	}
	return &v->side;
}
