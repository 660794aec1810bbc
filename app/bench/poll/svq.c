/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Shadow virtqueues: the guest's buffers are what the NIC reads and writes.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_pause.h>
#include <rte_vhost.h>

#include <hf_devx.h>
#include <hf_steer.h>
#include <hf_svq.h>

#include "side.h"

#define PAUSE_MAX_US 2000u
#define PROBE 8u /* bursts for one that finds out how fast the NIC is */

/* One direction: a function of the NIC with a queue. */
struct end {
	struct hf_devx *devx;
	struct hf_devx_vport vport;
	struct hf_mr mr;
	struct hf_steer_obj td, tis;
	struct hf_steer *steer;
	struct hf_svq *q;
	struct hf_svq_mem *mem;
};

struct svq {
	struct side side;
	uint64_t features;
	struct rte_vhost_memory *memory;
	struct end tx, rx;
	/*
	 * Between bursts: so long that the NIC, which is slower than its driver, gets through, as
	 * one burst of some finds out. The others wait twice as long, so that the NIC has come to
	 * rest, as librte_vhost's has.
	 */
	uint64_t pause, pause_max;
	unsigned int bursts, wanted, moved;
};

static int
end_open(struct end *e, const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct hf_devx_attr attr = {.name = name};
	unsigned int i;
	int ret;

	for (i = 0; list != NULL && list[i] != NULL; i++)
		if (strcmp(ibv_get_device_name(list[i]), name) == 0)
			attr.ibdev = list[i];
	if (attr.ibdev == NULL) {
		fprintf(stderr, "holdfast-bench-poll: no verbs device '%s'\n", name);
		ret = -ENODEV;
	} else {
		ret = hf_devx_open(&attr, &e->devx);
	}
	if (list != NULL)
		ibv_free_device_list(list);
	if (ret == 0)
		ret = hf_devx_vport_query(e->devx, &e->vport);
	return ret;
}

/* The guest's memory for this function, in one region. */
static int
end_map(struct end *e, const struct rte_vhost_memory *m)
{
	const struct rte_vhost_mem_region *r = &m->regions[0];
	void *va = (void *)(uintptr_t)r->host_user_addr;
	int ret = hf_mr_create(e->devx, va, r->size, r->guest_phys_addr, &e->mr);

	if (ret != 0)
		return ret;
	e->mem = calloc(1, sizeof(*e->mem) + sizeof(e->mem->r[0]));
	if (e->mem == NULL)
		return -ENOMEM;
	e->mem->mkey = e->mr.lkey;
	e->mem->n = 1;
	e->mem->r[0] = (struct hf_svq_region){.gpa = r->guest_phys_addr, .len = r->size, .hva = va};
	return 0;
}

static int
end_queue(struct end *e, const struct ring *ring, bool rx)
{
	struct hf_svq_attr attr = {.devx = e->devx,
		.name = "bench",
		.index = rx ? 0 : 1,
		.rx = rx,
		.size = ring->size,
		.mtu = ARENA_MAX - RTE_ETHER_HDR_LEN,
		.narrow = rx};
	int ret = hf_td_create(e->devx, &e->td);

	if (ret == 0)
		ret = hf_tis_create(e->devx, e->td.id, &e->tis);
	attr.tisn = e->tis.id;
	if (ret == 0)
		ret = hf_svq_create(&attr, &e->q);
	if (ret == 0 && rx)
		ret = hf_steer_create(e->devx, e->td.id, &e->steer);
	if (ret == 0 && rx) {
		uint32_t rqn = hf_svq_rqn(e->q);

		ret = hf_steer_set(e->steer, HF_RQT_RQ, &rqn, 1);
	}
	return ret;
}

static int
end_start(const struct svq *s, struct end *e, const struct ring *r)
{
	const struct rte_vhost_mem_region *m = &s->memory->regions[0];
	uint64_t shift = m->guest_phys_addr - m->host_user_addr;
	struct hf_svq_ring start = {.features = s->features,
		.size = r->size,
		.desc = (uintptr_t)r->desc + shift,
		.avail = (uintptr_t)r->driver + shift,
		.used = (uintptr_t)r->device + shift,
		.avail_idx = r->packed ? 0x8000 : 0,
		.used_idx = r->packed ? 0x8000 : 0,
		.mem = e->mem,
		.callfd = r->callfd};

	return hf_svq_start(e->q, &start);
}

static int
svq_start(struct side *side, struct arena *a)
{
	struct svq *s = (struct svq *)side;
	int ret = end_start(s, &s->rx, &side->rx);

	(void)a;
	s->pause_max = rte_get_tsc_hz() / 1000000 * PAUSE_MAX_US;
	s->pause = rte_get_tsc_hz() / 1000000;
	if (ret == 0)
		ret = end_start(s, &s->tx, &side->tx);
	if (ret != 0)
		fprintf(stderr, "holdfast-bench-poll: shadow virtqueues do not start: %s\n",
			strerror(-ret));
	return ret;
}

static void
svq_stop(struct side *side)
{
	struct svq *s = (struct svq *)side;
	uint16_t avail, used;

	hf_svq_stop(s->tx.q, &avail, &used);
	hf_svq_stop(s->rx.q, &avail, &used);
}

static unsigned int
svq_send(struct side *side, unsigned int burst)
{
	struct svq *s = (struct svq *)side;

	s->wanted = burst;
	return hf_svq_poll(s->tx.q, burst);
}

static unsigned int
svq_receive(struct side *side, unsigned int burst)
{
	struct svq *s = (struct svq *)side;

	s->moved = hf_svq_poll(s->rx.q, burst);
	return s->moved;
}

static void
svq_settle(struct side *side)
{
	struct svq *s = (struct svq *)side;
	uint64_t end = rte_rdtsc();

	/* What came and what was posted anew are both counted. */
	if (s->bursts % PROBE == 0 && s->moved < 2 * s->wanted)
		s->pause = RTE_MIN(s->pause + s->pause / 16, s->pause_max);
	else if (s->bursts % PROBE == 0)
		s->pause -= s->pause / 128;
	side->unsettled = ++s->bursts % PROBE == 0;
	end += side->unsettled ? s->pause : 2 * s->pause;
	while (rte_rdtsc() < end)
		rte_pause();
}

static void
end_close(struct end *e)
{
	hf_steer_destroy(e->steer);
	if (e->q != NULL)
		hf_svq_destroy(e->q);
	hf_steer_obj_destroy(&e->tis);
	hf_steer_obj_destroy(&e->td);
	hf_mr_destroy(&e->mr);
	free(e->mem);
	if (e->devx != NULL)
		hf_devx_close(e->devx);
}

void
side_svq_free(struct side *side)
{
	struct svq *s = (struct svq *)side;

	if (s == NULL)
		return;
	end_close(&s->rx);
	end_close(&s->tx);
	free(s->memory);
	free(s);
}

static int
svq_open(struct svq *s, int vid, const char *sender, const char *receiver)
{
	int ret = side_rings(&s->side, vid, 1);

	if (ret == 0)
		ret = rte_vhost_get_negotiated_features(vid, &s->features);
	if (ret == 0)
		ret = rte_vhost_get_mem_table(vid, &s->memory);
	if (ret == 0)
		ret = end_open(&s->tx, sender);
	if (ret == 0)
		ret = end_open(&s->rx, receiver);
	if (ret == 0)
		ret = end_map(&s->tx, s->memory);
	if (ret == 0)
		ret = end_map(&s->rx, s->memory);
	if (ret == 0)
		ret = end_queue(&s->tx, &s->side.tx, false);
	if (ret == 0)
		ret = end_queue(&s->rx, &s->side.rx, true);
	return ret;
}

struct side *
side_svq(int vid, const char *sender, const char *receiver, struct rte_ether_addr *from,
	struct rte_ether_addr *to)
{
	struct svq *s = calloc(1, sizeof(*s));
	int ret;

	if (s == NULL)
		return NULL;
	s->side = (struct side){.name = "svq",
		.times = 2,
		.start = svq_start,
		.send = svq_send,
		.receive = svq_receive,
		.settle = svq_settle,
		.stop = svq_stop};
	ret = svq_open(s, vid, sender, receiver);
	if (ret != 0) {
		fprintf(stderr, "holdfast-bench-poll: no shadow virtqueues on %s and %s: %s\n",
			sender, receiver, strerror(abs(ret)));
		side_svq_free(&s->side);
		return NULL;
	}
	memcpy(from->addr_bytes, s->tx.vport.mac, RTE_ETHER_ADDR_LEN);
	memcpy(to->addr_bytes, s->rx.vport.mac, RTE_ETHER_ADDR_LEN);
	return &s->side;
}
