/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Engine threads: frames between queues of several engines, while firmware stops and starts them.
 */
#include "dp_rig.h"

#include <time.h>

#define STRESS_FRAMES 20000u
#define MAX_TRIES 5
#define STRESS_NAPS 400000u

/* One way of traffic: transmit queue, receive queue, and how far it is. */
struct way {
	struct guest *tx, *rx;
	struct lane lane;
	uint32_t sent, received, tx_busy, rx_free;
	bool flat; /* frames and buffers in one piece, else in several */
};

/* As post_frame(), in one piece. */
static void
post_flat(struct guest *g, uint16_t id, const struct frame *f)
{
	struct buf b = {BUF_OFF + id * BUF_LEN / 2, 12 + f->len, 0};

	memset(g->base + b.off, 0, 12);
	memcpy(g->base + b.off + 12, f->b, f->len);
	post(g, id, &b, 1);
}

static void
way_open(struct way *w, unsigned int tx, unsigned int rx, bool flat)
{
	memset(w, 0, sizeof(*w));
	w->tx = &guests[tx];
	w->rx = &guests[rx];
	lane_open(&w->lane, rx);
	w->rx_free = RING / 2;
	w->flat = flat;
}

static void
give_buffer(struct way *w)
{
	uint16_t id = (uint16_t)((w->received + RING / 2 - w->rx_free) % (RING / 2) * 2);
	struct buf b = {BUF_OFF + id * BUF_LEN, BUF_LEN, W};

	w->rx_free--;
	if (w->flat)
		post(w->rx, id, &b, 1);
	else
		post_rx(w->rx, id, BUF_LEN);
}

/* Give buffers, send what is sure to find one, take what came. False: it is not what was sent. */
static bool
way_step(struct way *w)
{
	const struct virtio_net_hdr_v1 hdr = {0};
	const uint8_t *dst = w->rx == &guests[0] ? mac_a : mac_b;
	uint32_t len, seq;
	struct frame f;
	int id;

	while (w->rx_free > 0)
		give_buffer(w);
	while (w->tx_busy < 4 && w->sent < STRESS_FRAMES && w->sent - w->received < RING / 2 - 1) {
		frame_make_ipv4(&f, dst, mac_x, IPPROTO_UDP, 200);
		memcpy(f.b + f.len - 4, &w->sent, 4);
		if (w->flat)
			post_flat(w->tx, (uint16_t)(w->sent % 4 * 4), &f);
		else
			post_frame(w->tx, (uint16_t)(w->sent % 4 * 4), &f, &hdr);
		w->sent++;
		w->tx_busy++;
	}
	bar[w->tx->q.obj.func->idx][0] = 0;
	while (take(w->tx, w->flat ? 1 : 3, &len) >= 0)
		w->tx_busy--;
	while ((id = take(w->rx, w->flat ? 1 : 2, &len)) >= 0) {
		memcpy(&seq, w->rx->base + BUF_OFF + (uint32_t)id * BUF_LEN + len - 4, 4);
		if (seq != w->received)
			return false;
		w->received++;
		w->rx_free++;
	}
	return true;
}

/* Firmware stops and starts the queues in the middle of it, and asks for their indices. */
static void
disturb(unsigned int n)
{
	struct guest *g = &guests[n / 2 % 4];

	dp_pause(&nic);
	dp_pause(&nic);
	dp_virtq_indices(&g->q);
	if (n % 3 == 0)
		dp_mkeys_changed(g->q.obj.func);
	if (n % 2 == 0) {
		dp_virtq_quiesce(&g->q);
		g->q.state = NIC_VQ_SUSPEND;
		g->q.state = NIC_VQ_RDY;
		dp_virtq_ready(&g->q);
	}
	dp_resume(&nic);
	dp_resume(&nic);
}

static int
engines_once(enum nic_virtq_type type, unsigned int threads)
{
	const struct timespec nap = {.tv_nsec = 20000};
	static struct nic_var vars[2];
	static struct way ways[2];
	unsigned int i, naps;
	bool ok = true, spread;

	nic_setup();
	conf.engines = threads;
	TEST_ASSERT_SUCCESS(dp_start(&nic), "start");
	dp_pause(&nic);
	for (i = 0; i < 2; i++)
		TAILQ_INSERT_TAIL(&funcs[1 + i].objs[NIC_OBJ_VAR], &vars[i].obj, next);
	for (i = 0; i < 4; i++)
		TEST_ASSERT_SUCCESS(guest_open(i, type), "queue");
	spread = dp(1)->base.engine != dp(3)->base.engine &&
		dp(0)->base.engine != dp(2)->base.engine;
	way_open(&ways[0], 1, 2, false);
	way_open(&ways[1], 3, 0, true);
	dp_resume(&nic);
	for (naps = 0; ok && naps < STRESS_NAPS; naps++) {
		ok = way_step(&ways[0]) && way_step(&ways[1]);
		if (ways[0].received == STRESS_FRAMES && ways[1].received == STRESS_FRAMES)
			break;
		if (naps % 50 == 49)
			disturb(naps / 50);
		nanosleep(&nap, NULL);
	}
	dp_pause(&nic);
	for (i = 0; i < 4; i++)
		guest_close(i);
	dp_resume(&nic);
	dp_stop(&nic);
	conf.engines = 1;
	nic.wire = no_wire;
	TEST_ASSERT(spread, "an engine has both transmit queues, or both receive queues");
	TEST_ASSERT(ok, "a frame that was not sent, or not now");
	TEST_ASSERT(ways[0].received == STRESS_FRAMES && ways[1].received == STRESS_FRAMES,
		"%u and %u of %u frames", ways[0].received, ways[1].received, STRESS_FRAMES);
	TEST_ASSERT_EQUAL(n_object_events, 0u, "errors");
	return TEST_SUCCESS;
}

/*
 * A starved receive queue drops what comes before its doorbell is seen, as on hardware. On a busy
 * machine an engine may see a frame first; that says nothing of engines, so it is tried again.
 */
static int
engines(enum nic_virtq_type type, unsigned int threads)
{
	unsigned int tries;
	int ret = TEST_FAILED;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		ret = engines_once(type, threads);
		if (ret == TEST_SUCCESS ||
			funcs[1].stats.rx_no_buffer + funcs[2].stats.rx_no_buffer == 0)
			break;
	}
	return ret;
}

static int
test_engines_split(void)
{
	return engines(NIC_VQ_SPLIT, 2);
}

static int
test_engines_packed(void)
{
	return engines(NIC_VQ_PACKED, 4);
}

static struct unit_test_suite engines_suite = {
	.suite_name = "engines",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_engines_split),
			TEST_CASE(test_engines_packed),
			TEST_CASES_END(),
		},
};

static int
test_engines(void)
{
	return unit_test_suite_runner(&engines_suite);
}

REGISTER_TEST_COMMAND(engines_autotest, test_engines);
