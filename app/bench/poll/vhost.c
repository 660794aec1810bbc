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

#include "peer.h"
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
	uint32_t at; /* next source */
	int nic_cpu;
	struct peer nic;
	/* What its descriptors say: frames that it sends, and where to it receives how many. */
	struct frame {
		uint8_t *at;
		uint32_t len;
	} sends[BURST_MAX];
	uint8_t *receives[SOURCES];
	unsigned int wanted;
	uint64_t n_sends, n_checked;
	uint32_t frame; /* number of the next one that it receives */
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

static void
check_got(struct vhost *v)
{
	unsigned int i;

	for (i = 0; i < v->n_got; i++, v->n_checked++)
		arena_check(&v->sent, v->sends[i].at, v->sends[i].len);
}

/* The NIC's part, on its CPU: it sends what it got, and receives what is next. */
static void
nic_work(void *arg)
{
	struct vhost *v = arg;
	unsigned int i;

	check_got(v);
	for (i = 0; i < v->wanted; i++)
		arena_make(v->arena, v->frame + i, v->receives[v->at + i]);
}

/* The part of the NIC's driver, which has the mbufs in its hands before and after. */
static void
post_sends(struct vhost *v)
{
	unsigned int i;

	for (i = 0; i < v->n_got; i++, v->n_sends++)
		v->sends[i] = (struct frame){.at = rte_pktmbuf_mtod(v->got[i], uint8_t *),
			.len = v->got[i]->nb_segs == 1 ? v->got[i]->data_len : 0};
}

static void
source_fill(struct rte_mbuf *m, uint32_t size)
{
	rte_pktmbuf_reset(m);
	m->data_len = (uint16_t)size;
	m->pkt_len = size;
}

static int
vhost_start(struct side *s, struct arena *a)
{
	struct vhost *v = (struct vhost *)s;
	uint32_t i;

	v->arena = a;
	v->sent = *a;
	v->at = 0;
	v->frame = 0;
	v->n_sends = v->n_checked = 0;
	if (a->n < SOURCES)
		return -ENOSPC;
	if (rewind_ring(v, RX_QUEUE, &s->rx) != 0 || rewind_ring(v, TX_QUEUE, &s->tx) != 0)
		return -EIO;
	for (i = 0; i < SOURCES; i++) {
		source_fill(v->source[i], a->size);
		v->receives[i] = rte_pktmbuf_mtod(v->source[i], uint8_t *);
		arena_make(a, i, v->receives[i]);
	}
	if (v->nic_cpu >= 0)
		return peer_start(&v->nic, (unsigned int)v->nic_cpu, nic_work, v);
	a->round = SOURCES;
	return 0;
}

static unsigned int
vhost_send(struct side *s, unsigned int burst)
{
	struct vhost *v = (struct vhost *)s;

	v->wanted = RTE_MIN(burst, SOURCES - v->at);
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
	v->frame = (v->frame + n) % v->arena->n;
	return n;
}

static void
vhost_settle(struct side *s)
{
	struct vhost *v = (struct vhost *)s;
	unsigned int i;

	post_sends(v);
	if (v->nic_cpu >= 0)
		peer_turn(&v->nic);
	else
		check_got(v);
	rte_pktmbuf_free_bulk(v->got, v->n_got);
	v->n_got = 0;
	for (i = 0; v->nic_cpu >= 0 && i < v->wanted; i++)
		source_fill(v->source[v->at + i], v->arena->size);
}

static void
vhost_stop(struct side *s)
{
	struct vhost *v = (struct vhost *)s;

	if (v->nic_cpu >= 0)
		peer_stop(&v->nic);
	v->arena->bad += v->sent.bad + v->n_sends - v->n_checked;
	v->arena->lost += v->sent.lost;
}

void
side_vhost_nic(struct side *s, int nic_cpu)
{
	((struct vhost *)s)->nic_cpu = nic_cpu;
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
		.times = 1,
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
