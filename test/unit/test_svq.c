/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Shadow virtqueues on a NIC: what one guest sends, another one receives, byte by byte, with the
 * features of either ring; and what stops, errors and hostile guests leave behind.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "nic_ctl.h"
#include "svq_priv.h" /* the completions of the NIC's queue */
#include "svq_rig.h"
#include "test.h"

#define WAIT_S 20u
#define V1 F(VIRTIO_F_VERSION_1)
#define PACKED F(VIRTIO_F_RING_PACKED)
#define IN_ORDER F(VIRTIO_F_IN_ORDER)
#define EVENT F(VIRTIO_RING_F_EVENT_IDX)
#define TABLE F(VIRTIO_RING_F_INDIRECT_DESC)
#define MRG F(VIRTIO_NET_F_MRG_RXBUF)
#define CSUM (F(VIRTIO_NET_F_CSUM) | F(VIRTIO_NET_F_HOST_TSO4) | F(VIRTIO_NET_F_HOST_TSO6))
#define GUEST_CSUM F(VIRTIO_NET_F_GUEST_CSUM)
#define BE BIG_ENDIAN_GUEST

static struct svqrig rig;
static struct svqpkt pkt;
static unsigned int leaks; /* of all cases */

static const struct svqcut plain = {.rest = 2048};
static const struct svqcut small = {.rest = 300};
static const struct svqcut hdr_apart = {.len = {12}, .rest = 1600};
static const struct svqcut hdr_split = {.len = {5, 30, 100}, .rest = 1500};
static const struct svqcut in_table = {.len = {12, 700}, .rest = 1200, .table = true};

static int
suite_setup(void)
{
	int ret = svqrig_open(&rig);

	if (ret == 0)
		svqrig_close(&rig);
	leaks = 0;
	return ret == -ENODEV ? TEST_SKIPPED : ret;
}

static int
setup(void)
{
	int ret = svqrig_open(&rig);

	return ret ? ret : svqrig_create(&rig, 1500, 1500);
}

static void
teardown(void)
{
	leaks += svqrig_close(&rig);
}

static uint64_t
deadline(void)
{
	return rte_get_timer_cycles() + WAIT_S * rte_get_timer_hz();
}

static bool
is_over(uint64_t end)
{
	return rte_get_timer_cycles() > end;
}

/* As many buffers as the ring has room for, and the NIC has them all. two: of each three, NULL: all
 * are alike. */
static void
offer_mixed(const struct svqcut *cut, const struct svqcut *two)
{
	static unsigned int nth;
	unsigned int i;

	while (svqrig_offer(&rig, two != NULL && nth % 3 != 0 ? two : cut))
		nth++;
	for (i = 0; i < SVQRIG_RING / 32; i++)
		hf_svq_poll(rig.rx.q, 32);
}

static void
offer_all(const struct svqcut *cut)
{
	offer_mixed(cut, NULL);
}

/* What the sender gets back; how many. */
static unsigned int
take_back(void)
{
	struct used_buf u;
	unsigned int n = 0;

	while (guest_get(&rig.tx.g, &u))
		n++;
	return n;
}

/* --- traffic --- */

struct flow {
	const char *name;
	uint64_t tx, rx;
	const struct svqcut *offer;
	unsigned int ahead; /* packets under way at most: the receiver has buffers for so many */
	const struct svqcut *two; /* as offer_mixed() has it */
};

static uint32_t
len_of(uint32_t number)
{
	return 60 + number * 97 % (1514 - 60 + 1);
}

static int
packet_check(const struct flow *f)
{
	const uint8_t flags = f->rx & GUEST_CSUM ? VIRTIO_NET_HDR_F_DATA_VALID : 0;
	uint8_t expected[SVQRIG_FRAME_MAX];
	uint32_t len = len_of(rig.received);

	ethrig_fill(&rig.eth, expected, len, rig.received, false);
	TEST_ASSERT_EQUAL(pkt.len, len, "%s: packet %u has %u bytes of %u", f->name, rig.received,
		pkt.len, len);
	TEST_ASSERT(memcmp(pkt.frame, expected, len) == 0, "%s: packet %u", f->name, rig.received);
	TEST_ASSERT_EQUAL(pkt.hdr.flags, flags, "%s: flags %#x", f->name, pkt.hdr.flags);
	TEST_ASSERT_EQUAL(pkt.hdr.gso_type, 0, "%s: GSO %#x", f->name, pkt.hdr.gso_type);
	if (f->rx & V1 && !(f->rx & MRG))
		TEST_ASSERT_EQUAL(
			pkt.hdr.num_buffers, 1, "%s: %u buffers", f->name, pkt.hdr.num_buffers);
	return TEST_SUCCESS;
}

/* n more packets, cut in turns. */
static int
traffic(const struct flow *f, unsigned int n)
{
	static const struct svqcut *const cuts[] = {&plain, &hdr_apart, &hdr_split, &in_table};
	const unsigned int n_cuts = f->tx & TABLE ? 4 : 3;
	const uint32_t end_at = rig.received + n;
	uint64_t end = deadline();
	unsigned int i;

	while (rig.received < end_at && !is_over(end)) {
		for (i = 0; i < 7 && rig.sent < end_at && rig.sent - rig.received < f->ahead; i++)
			if (!svqrig_send(&rig, NULL, len_of(rig.sent), cuts[rig.sent % n_cuts]))
				break;
		svqrig_poll(&rig);
		take_back();
		while (svqrig_receive(&rig, &pkt)) {
			if (packet_check(f) != TEST_SUCCESS)
				return TEST_FAILED;
			rig.received++;
			end = deadline();
		}
		offer_mixed(f->offer, f->two);
	}
	TEST_ASSERT_EQUAL(rig.received, end_at, "%s: %u of %u arrived, errors %d and %d", f->name,
		rig.received, end_at, hf_svq_error(rig.tx.q), hf_svq_error(rig.rx.q));
	return TEST_SUCCESS;
}

static bool
all_back(struct svqrig *r)
{
	take_back();
	return guest_out(&r->tx.g) == 0;
}

/* Everything that was sent has a buffer of the receiver, which has not looked yet. */
static bool
all_used(struct svqrig *r)
{
	struct hf_svq_stats st;

	hf_svq_stats(r->rx.q, &st);
	return st.packets >= r->sent;
}

static int
stop_both(void)
{
	uint16_t avail_idx, used_idx;

	TEST_ASSERT_SUCCESS(hf_svq_stop(rig.tx.q, &avail_idx, &used_idx), "stop");
	TEST_ASSERT_EQUAL(avail_idx, used_idx, "%#x and %#x", avail_idx, used_idx);
	take_back();
	TEST_ASSERT_EQUAL(used_idx, rig.tx.g.used_next, "%#x", used_idx);
	TEST_ASSERT_SUCCESS(hf_svq_stop(rig.rx.q, &avail_idx, &used_idx), "stop");
	TEST_ASSERT_EQUAL(avail_idx, used_idx, "%#x and %#x", avail_idx, used_idx);
	return TEST_SUCCESS;
}

/* Each pair of features meets in some row. */
static const struct flow flows[] = {
	{"plain", V1, V1, &plain, 30},
	{"legacy", 0, 0, &plain, 30},
	{"packed", V1 | PACKED, V1 | PACKED, &plain, 30},
	{"in order", V1 | IN_ORDER, V1 | IN_ORDER | GUEST_CSUM, &hdr_apart, 20},
	{"packed in order", V1 | PACKED | IN_ORDER | EVENT, V1 | PACKED | IN_ORDER, &hdr_apart, 20},
	{"tables", V1 | TABLE | EVENT, V1 | TABLE | EVENT, &in_table, 30},
	{"packed tables", V1 | PACKED | TABLE, V1 | PACKED | TABLE | GUEST_CSUM, &in_table, 30},
	{"packed, in order, tables", V1 | PACKED | TABLE | IN_ORDER | EVENT,
		V1 | PACKED | TABLE | IN_ORDER | EVENT, &in_table, 30},
	{"header in pieces", V1 | IN_ORDER | TABLE, V1 | EVENT | GUEST_CSUM, &hdr_split, 12},
	{"packed, header in pieces", V1 | PACKED | EVENT, V1 | PACKED | EVENT, &hdr_split, 12},
	{"mergeable", V1 | TABLE, V1 | MRG | GUEST_CSUM, &small, 8},
	{"mergeable, large", V1 | EVENT | IN_ORDER, MRG | EVENT, &plain, 30},
	{"packed, mergeable", V1 | PACKED | TABLE | EVENT, V1 | PACKED | MRG, &small, 8},
	{"packed, mergeable, tables", V1 | PACKED | IN_ORDER,
		V1 | PACKED | MRG | TABLE | EVENT | GUEST_CSUM, &in_table, 20},
	{"mergeable in pieces", TABLE, MRG | TABLE, &hdr_split, 12},
	{"odd among plain", V1, V1 | GUEST_CSUM, &hdr_split, 12, &plain},
	{"packed, odd among plain", V1 | PACKED, V1 | PACKED, &hdr_apart, 20, &plain},
	{"mergeable, small among large", V1, V1 | MRG | EVENT, &small, 8, &plain},
	{"big-endian", BE, BE, &plain, 30},
	{"big-endian to little-endian", BE | EVENT, GUEST_CSUM, &plain, 30},
	{"big-endian, tables", BE | TABLE | EVENT, BE | TABLE | EVENT | GUEST_CSUM, &in_table, 30},
	{"big-endian, header in pieces", BE | TABLE, BE | EVENT, &hdr_split, 12},
	{"big-endian, mergeable", BE | EVENT, BE | MRG | GUEST_CSUM, &small, 8},
	{"big-endian, mergeable in pieces", V1 | PACKED, BE | MRG | TABLE | EVENT, &hdr_split, 12},
};

static int
test_traffic(void)
{
	struct hf_svq_stats st;
	unsigned int i;

	for (i = 0; i < RTE_DIM(flows); i++) {
		const struct flow *f = &flows[i];

		TEST_ASSERT_SUCCESS(svqrig_start(&rig, f->tx, f->rx), "%s: start", f->name);
		offer_mixed(f->offer, f->two);
		if (traffic(f, 600) != TEST_SUCCESS)
			return TEST_FAILED;
		TEST_ASSERT_SUCCESS(
			svqrig_poll_until(&rig, all_back), "%s: not all came back", f->name);
		if (stop_both() != TEST_SUCCESS)
			return TEST_FAILED;
	}
	hf_svq_stats(rig.tx.q, &st);
	TEST_ASSERT_EQUAL(st.packets, rig.sent, "%u counted", (unsigned int)st.packets);
	TEST_ASSERT_EQUAL(st.drop_header + st.errors, 0, "drops or errors");
	hf_svq_stats(rig.rx.q, &st);
	TEST_ASSERT_EQUAL(st.packets, rig.received, "%u counted", (unsigned int)st.packets);
	TEST_ASSERT_EQUAL(st.drop_small + st.errors, 0, "drops or errors");
	return TEST_SUCCESS;
}

/*
 * Stops in the middle of traffic, at any point: each packet arrives once and in order, and after a
 * stop the ring is as the indices say, for whoever serves it next.
 */
static int
stops(const struct flow *f)
{
	unsigned int round, empty = 0, out;
	struct hf_svq_stats st;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, f->tx, f->rx), "%s: start", f->name);
	offer_all(f->offer);
	for (round = 0; round < 40; round++) {
		unsigned int i, n = round % 8;

		svqrig_poll(&rig);
		svqrig_poll(&rig);
		for (i = 0; i < n; i++)
			TEST_ASSERT(svqrig_send(&rig, NULL, len_of(rig.sent), &plain), "send");
		for (i = 0; i < round % 5; i++)
			svqrig_poll(&rig);
		/* What is not taken stays; what is taken is sent, and received before the stop. */
		if (stop_both() != TEST_SUCCESS)
			return TEST_FAILED;
		while (svqrig_receive(&rig, &pkt)) {
			if (pkt.len == 0) {
				empty++;
				continue;
			}
			if (packet_check(f) != TEST_SUCCESS)
				return TEST_FAILED;
			rig.received++;
		}
		/* All that the NIC had is the guest's again, none is lost. */
		out = guest_out(&rig.rx.g);
		TEST_ASSERT_SUCCESS(svqside_start(&rig.rx, rig.rx.g.used_next), "start");
		for (i = 0; i < 4; i++)
			hf_svq_poll(rig.rx.q, 32);
		TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), 0, "%s: error", f->name);
		TEST_ASSERT_EQUAL(guest_out(&rig.rx.g), out, "%s: buffers", f->name);
		TEST_ASSERT_SUCCESS(svqside_start(&rig.tx, rig.tx.g.used_next), "start");
		offer_all(f->offer);
		if (traffic(f, rig.sent - rig.received) != TEST_SUCCESS)
			return TEST_FAILED;
	}
	hf_svq_stats(rig.rx.q, &st);
	TEST_ASSERT_EQUAL(st.returned, empty, "%s: %u empty buffers", f->name, empty);
	return stop_both();
}

static int
test_stops(void)
{
	static const struct flow all[] = {
		{"stops", V1, V1, &plain, 60},
		{"packed stops", V1 | PACKED, V1 | PACKED | TABLE, &in_table, 60},
		{"big-endian stops", BE, BE | TABLE, &in_table, 60},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(all); i++)
		if (stops(&all[i]) != TEST_SUCCESS)
			return TEST_FAILED;
	return TEST_SUCCESS;
}

/* A start gives the NIC all that is available: the poller may have no CPU for a while. */
static int
started_full(const struct flow *f)
{
	uint64_t end = deadline();
	uint16_t avail_idx, used_idx;
	unsigned int sent = 0;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, f->tx, f->rx), "%s: start", f->name);
	while (svqrig_offer(&rig, f->offer))
		;
	TEST_ASSERT_SUCCESS(hf_svq_stop(rig.rx.q, &avail_idx, &used_idx), "stop");
	TEST_ASSERT_SUCCESS(svqside_start(&rig.rx, used_idx), "start");
	while (rig.sent - rig.received < f->ahead)
		TEST_ASSERT(svqrig_send(&rig, NULL, len_of(rig.sent), &plain), "send");
	while (sent < f->ahead && !is_over(end)) {
		hf_svq_poll(rig.tx.q, 32);
		sent += take_back();
	}
	svqrig_poll_until(&rig, all_used);
	while (svqrig_receive(&rig, &pkt)) {
		if (packet_check(f) != TEST_SUCCESS)
			return TEST_FAILED;
		rig.received++;
	}
	TEST_ASSERT_EQUAL(rig.received, rig.sent, "%s: %u of %u", f->name, rig.received, rig.sent);
	return stop_both();
}

static int
test_started_full(void)
{
	static const struct flow all[] = {
		{"plain", V1, V1, &plain, SVQRIG_RING},
		{"packed", V1, V1 | PACKED, &plain, SVQRIG_RING},
		{"tables", V1, V1 | PACKED | TABLE, &in_table, SVQRIG_RING},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(all); i++)
		if (started_full(&all[i]) != TEST_SUCCESS)
			return TEST_FAILED;
	return TEST_SUCCESS;
}

/* Buffers smaller than a frame: unused ones of a group serve again, and a stop loses none. */
static int
mergeable(uint64_t features)
{
	const struct flow f = {"mergeable", V1, V1 | MRG | features, &small, 4};
	unsigned int empty = 0, seen = 0;
	struct hf_svq_stats st, before;
	uint16_t avail_idx, used_idx;

	hf_svq_stats(rig.rx.q, &before);
	TEST_ASSERT_SUCCESS(svqrig_start(&rig, f.tx, f.rx), "start");
	offer_all(&small);
	if (traffic(&f, 500) != TEST_SUCCESS)
		return TEST_FAILED;
	svqrig_poll_until(&rig, all_back);
	TEST_ASSERT_EQUAL(guest_out(&rig.rx.g), SVQRIG_RING, "%u buffers are with the device",
		guest_out(&rig.rx.g));
	TEST_ASSERT_SUCCESS(hf_svq_stop(rig.rx.q, &avail_idx, &used_idx), "stop");
	while (svqrig_receive(&rig, &pkt)) {
		TEST_ASSERT_EQUAL(pkt.len, 0, "a packet from nowhere");
		empty++;
	}
	hf_svq_stats(rig.rx.q, &st);
	TEST_ASSERT(empty > 0, "none came back empty, though used out of order");
	TEST_ASSERT_EQUAL(st.returned - before.returned, empty, "%u", empty);
	TEST_ASSERT_EQUAL(used_idx, rig.rx.g.used_next, "%#x", used_idx);
	/* The rest is where the indices say, and each of them once. */
	TEST_ASSERT_SUCCESS(svqside_start(&rig.rx, used_idx), "start");
	while (svqrig_offer(&rig, &small))
		seen++;
	TEST_ASSERT_EQUAL(seen, empty, "%u buffers", seen);
	/* The NIC has them before the first packet comes, which it would drop. */
	offer_all(&small);
	if (traffic(&f, 100) != TEST_SUCCESS)
		return TEST_FAILED;
	svqrig_poll_until(&rig, all_back);
	return stop_both();
}

static int
test_mergeable(void)
{
	if (mergeable(0) != TEST_SUCCESS)
		return TEST_FAILED;
	return mergeable(PACKED | TABLE);
}

/* Chains that are too small for some frames, and cannot be merged. */
static int
test_too_small(void)
{
	uint8_t expected[SVQRIG_FRAME_MAX];
	struct hf_svq_stats st;
	unsigned int i, n = 0;
	uint64_t end;

	for (i = 0; i < 2; i++) {
		TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1, V1 | (i ? PACKED : 0)), "start");
		offer_all(&small);
		/* Header and 288 bytes fit. */
		TEST_ASSERT(svqrig_send(&rig, NULL, 288, &plain), "send");
		TEST_ASSERT(svqrig_send(&rig, NULL, 289, &plain), "send");
		TEST_ASSERT(svqrig_send(&rig, NULL, 1500, &plain), "send");
		TEST_ASSERT(svqrig_send(&rig, NULL, 100, &plain), "send");
		for (n = 0, end = deadline(); n < 4 && !is_over(end);) {
			svqrig_poll(&rig);
			if (!svqrig_receive(&rig, &pkt))
				continue;
			ethrig_fill(&rig.eth, expected, n == 0 ? 288 : 100, rig.received++, false);
			TEST_ASSERT_EQUAL(pkt.len,
				n == 0           ? 288
					: n == 3 ? 100
						 : 0,
				"%u: %u bytes", n, pkt.len);
			TEST_ASSERT(memcmp(expected, pkt.frame, pkt.len) == 0, "packet %u", n);
			n++;
		}
		TEST_ASSERT_EQUAL(n, 4, "%u came", n);
		if (stop_both() != TEST_SUCCESS)
			return TEST_FAILED;
	}
	hf_svq_stats(rig.rx.q, &st);
	TEST_ASSERT_EQUAL(st.drop_small, 4, "%u dropped", (unsigned int)st.drop_small);
	TEST_ASSERT_EQUAL(st.errors, 0, "an error");
	return TEST_SUCCESS;
}

static int
create_anew(bool narrow)
{
	leaks += svqrig_close(&rig);
	TEST_ASSERT_SUCCESS(svqrig_open(&rig), "open");
	rig.narrow = narrow;
	return svqrig_create(&rig, 1500, 1500);
}

/*
 * A buffer that does not fit an entry of one piece, behind three that do, which serve on: at once
 * or, if it was there before, when the queue is started.
 */
static int
outgrown(uint64_t features, const struct svqcut *cut)
{
	struct hf_svq_stats st;
	unsigned int i, n = 0;

	TEST_ASSERT_SUCCESS(create_anew(true), "create");
	TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1, V1 | features), "start");
	for (i = 0; i < 3; i++)
		TEST_ASSERT(svqrig_offer(&rig, &plain), "offer");
	hf_svq_poll(rig.rx.q, 32);
	TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), 0, "before");
	TEST_ASSERT(svqrig_offer(&rig, cut), "offer");
	hf_svq_poll(rig.rx.q, 32);
	TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), -EMSGSIZE, "%d", hf_svq_error(rig.rx.q));
	for (i = 0; i < 2; i++)
		TEST_ASSERT(svqrig_send(&rig, NULL, len_of(rig.sent), &plain), "send");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "not sent");
	if (stop_both() != TEST_SUCCESS)
		return TEST_FAILED;
	for (; svqrig_receive(&rig, &pkt); n++)
		rig.received++;
	TEST_ASSERT_EQUAL(n, 2, "%u arrived", n);
	TEST_ASSERT_EQUAL(guest_out(&rig.rx.g), 2, "buffers with the device");
	TEST_ASSERT_SUCCESS(svqside_start(&rig.rx, rig.rx.g.used_next), "start");
	TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), -EMSGSIZE, "%d", hf_svq_error(rig.rx.q));
	hf_svq_stats(rig.rx.q, &st);
	TEST_ASSERT_EQUAL(st.errors, 0, "counted as an error");
	return TEST_SUCCESS;
}

/* Entries of one piece, four to a line. */
static int
test_narrow(void)
{
	static const struct flow all[] = {
		{"narrow", V1, V1, &plain, 30},
		{"narrow, packed", V1 | PACKED, V1 | PACKED | GUEST_CSUM, &plain, 30},
		{"narrow, mergeable", V1, V1 | MRG | EVENT, &plain, 30},
		{"narrow, big-endian", BE, BE, &plain, 30},
	};
	unsigned int i;

	TEST_ASSERT_SUCCESS(create_anew(true), "create");
	for (i = 0; i < RTE_DIM(all); i++) {
		TEST_ASSERT_SUCCESS(svqrig_start(&rig, all[i].tx, all[i].rx), "%s", all[i].name);
		offer_all(all[i].offer);
		if (traffic(&all[i], 300) != TEST_SUCCESS || stop_both() != TEST_SUCCESS)
			return TEST_FAILED;
	}
	if (outgrown(0, &hdr_apart) != TEST_SUCCESS ||
		outgrown(PACKED | TABLE, &in_table) != TEST_SUCCESS ||
		outgrown(MRG, &small) != TEST_SUCCESS)
		return TEST_FAILED;
	return create_anew(false);
}

/* --- offloads --- */

/* The next packet, after polling for it. */
static bool
wait_packet(void)
{
	uint64_t end = deadline();

	while (!is_over(end)) {
		svqrig_poll(&rig);
		take_back();
		if (svqrig_receive(&rig, &pkt))
			return true;
	}
	return false;
}

static bool
is_silent(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		rte_delay_us_sleep(1000);
		svqrig_poll(&rig);
		take_back();
		if (svqrig_receive(&rig, &pkt))
			return false;
	}
	return true;
}

/* Checksums by the NIC where they are where it looks, else by the CPU. */
static int
csum(uint64_t kind)
{
	struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = 34,
		.csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum)};
	uint8_t frame[1000], good[1000];
	struct rte_udp_hdr *udp = (void *)(frame + 34);
	struct hf_svq_stats st, before;
	unsigned int i;

	hf_svq_stats(rig.tx.q, &before);
	TEST_ASSERT_SUCCESS(svqrig_start(&rig, kind | CSUM | TABLE, kind | GUEST_CSUM), "start");
	offer_all(&plain);
	for (i = 0; i < 4; i++) {
		ethrig_fill(&rig.eth, good, sizeof(good), i, false);
		memcpy(frame, good, sizeof(good));
		udp->dgram_cksum = rte_ipv4_phdr_cksum((void *)(frame + 14), 0);
		/* Fragments are for the CPU: the first one, whose sum is that of what it has. */
		if (i % 2 == 1)
			frame[20] = 0x20;
		TEST_ASSERT(svqrig_send_frame(
				    &rig, &h, frame, sizeof(frame), i < 2 ? &plain : &in_table),
			"send");
		TEST_ASSERT(wait_packet(), "packet %u does not come", i);
		TEST_ASSERT_EQUAL(pkt.len, sizeof(frame), "%u bytes", pkt.len);
		if (i % 2 == 1)
			good[20] = 0x20;
		TEST_ASSERT(memcmp(pkt.frame, good, sizeof(good)) == 0, "packet %u", i);
		TEST_ASSERT_EQUAL(pkt.hdr.flags, i % 2 ? 0 : VIRTIO_NET_HDR_F_DATA_VALID,
			"packet %u: flags %#x", i, pkt.hdr.flags);
		hf_svq_stats(rig.tx.q, &st);
		TEST_ASSERT_EQUAL(st.copied - before.copied, (i + 1) / 2, "packet %u: %u copies", i,
			(unsigned int)st.copied);
	}
	/* What can't be done is dropped, and the rest goes on. */
	h.csum_start = 999;
	TEST_ASSERT(svqrig_send_frame(&rig, &h, frame, sizeof(frame), &plain), "send");
	TEST_ASSERT(svqrig_send_frame(&rig, NULL, frame, 13, &plain), "send");
	TEST_ASSERT(svqrig_send(&rig, NULL, 100, &plain), "send");
	TEST_ASSERT(wait_packet(), "the last one does not come");
	TEST_ASSERT_EQUAL(pkt.len, 100, "%u bytes", pkt.len);
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "some did not come back");
	hf_svq_stats(rig.tx.q, &st);
	TEST_ASSERT_EQUAL(
		st.drop_header - before.drop_header, 2, "%u drops", (unsigned int)st.drop_header);
	return stop_both();
}

static int
test_csum(void)
{
	return csum(V1) == TEST_SUCCESS ? csum(BE) : TEST_FAILED;
}

/* More bytes than the memory for copies has: it is used again, around its end, too. */
static int
test_many_copies(void)
{
	const struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = 34,
		.csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum)};
	uint8_t frame[1500], good[1500];
	struct rte_udp_hdr *udp = (void *)(frame + 34);
	struct hf_svq_stats st;
	unsigned int i;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1 | CSUM, V1), "start");
	for (i = 0; i < 400; i++) {
		offer_all(&plain);
		ethrig_fill(&rig.eth, good, sizeof(good), i, false);
		good[20] = 0x20; /* a fragment */
		memcpy(frame, good, sizeof(good));
		udp->dgram_cksum = rte_ipv4_phdr_cksum((void *)(frame + 14), 0);
		TEST_ASSERT(svqrig_send_frame(&rig, &h, frame, sizeof(frame), &plain), "send");
		TEST_ASSERT(wait_packet(), "packet %u does not come", i);
		TEST_ASSERT_EQUAL(pkt.len, sizeof(frame), "%u bytes", pkt.len);
		TEST_ASSERT(memcmp(pkt.frame, good, sizeof(good)) == 0, "packet %u", i);
	}
	hf_svq_stats(rig.tx.q, &st);
	TEST_ASSERT_EQUAL(st.copied, i, "%u copies", (unsigned int)st.copied);
	return stop_both();
}

/* A header cannot ask for what was not negotiated: the packet goes out as it is. */
static int
test_not_negotiated(void)
{
	struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.csum_start = 34,
		.csum_offset = 6};
	struct hf_svq_stats st;
	uint8_t frame[200];
	unsigned int i;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1 | TABLE, V1), "start");
	offer_all(&plain);
	for (i = 0; i < 4; i++) {
		ethrig_fill(&rig.eth, frame, sizeof(frame), i, false);
		TEST_ASSERT(svqrig_send_frame(
				    &rig, &h, frame, sizeof(frame), i < 2 ? &plain : &in_table),
			"send");
		TEST_ASSERT(wait_packet(), "packet %u does not come", i);
		TEST_ASSERT_EQUAL(pkt.len, sizeof(frame), "%u bytes", pkt.len);
		TEST_ASSERT(memcmp(pkt.frame, frame, sizeof(frame)) == 0, "packet %u", i);
	}
	hf_svq_stats(rig.tx.q, &st);
	TEST_ASSERT_EQUAL(st.drop_header + st.copied, 0, "dropped or copied");
	return stop_both();
}

#define LSO_LEN 20000u
#define LSO_MSS 1400u

/* One segment, whose payload continues at *seen. */
static int
segment_check(unsigned int k, uint32_t *seen)
{
	const struct rte_ipv4_hdr *ip = (const void *)(pkt.frame + 14);
	const struct rte_tcp_hdr *tcp = (const void *)(pkt.frame + 34);
	uint32_t i, part = pkt.len - ETHRIG_TCP_HDR;

	TEST_ASSERT(part == LSO_MSS || *seen + part == LSO_LEN - ETHRIG_TCP_HDR, "%u: %u", k, part);
	TEST_ASSERT_EQUAL(rte_ipv4_cksum(ip), 0, "segment %u: IP checksum", k);
	TEST_ASSERT_SUCCESS(rte_ipv4_udptcp_cksum_verify(ip, tcp), "segment %u: TCP", k);
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(tcp->sent_seq), 1 + *seen, "segment %u: place", k);
	for (i = 0; i < part; i++)
		TEST_ASSERT_EQUAL(pkt.frame[ETHRIG_TCP_HDR + i], ethrig_byte(9, *seen + i),
			"segment %u: byte %u", k, i);
	*seen += part;
	return TEST_SUCCESS;
}

/* In pieces of 2048 bytes, and in more pieces than a work entry has: that one is copied. */
static int
lso_send(bool many)
{
	struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = LSO_MSS,
		.hdr_len = 1, /* guests get it wrong */
		.csum_start = 34,
		.csum_offset = 16};
	const uint32_t first = many ? 64 : sizeof(h) + 60;
	static uint8_t buf[12 + LSO_LEN];
	struct piece p[SVQRIG_MAX_PIECES];
	uint32_t at = 0, part;
	unsigned int n = 0;

	ethrig_fill_tcp(&rig.eth, buf + sizeof(h), LSO_LEN, 9);
	h = guest_hdr(&rig.tx.g, &h);
	memcpy(buf, &h, sizeof(h));
	for (; at < sizeof(buf); at += part, n++) {
		part = RTE_MIN(n == 0 ? first : many ? 500u : 2048u, sizeof(buf) - at);
		p[n] = (struct piece){GUEST_HIGH + 0x1000 + n * 4096, part, false};
		memcpy(guest_at(&rig.tx.g, p[n].gpa), buf + at, part);
	}
	rig.sent++;
	return guest_add(&rig.tx.g, p, n, many);
}

static int
lso(uint64_t kind)
{
	struct hf_svq_stats st, before;
	unsigned int many, k;
	uint32_t seen;

	hf_svq_stats(rig.tx.q, &before);
	TEST_ASSERT_SUCCESS(svqrig_start(&rig, kind | CSUM | TABLE, kind | GUEST_CSUM), "start");
	offer_all(&plain);
	for (many = 0; many < 2; many++) {
		TEST_ASSERT(lso_send(many) >= 0, "send");
		for (k = 0, seen = 0; seen < LSO_LEN - ETHRIG_TCP_HDR; k++) {
			TEST_ASSERT(wait_packet(), "segment %u does not come", k);
			if (segment_check(k, &seen) != TEST_SUCCESS)
				return TEST_FAILED;
		}
		TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "it did not come back");
		hf_svq_stats(rig.tx.q, &st);
		TEST_ASSERT_EQUAL(
			st.copied - before.copied, many, "%u copies", (unsigned int)st.copied);
	}
	TEST_ASSERT(is_silent(), "more segments than there should be");
	return stop_both();
}

/* A legacy guest without MRG_RXBUF would have a shorter header. */
static int
test_lso(void)
{
	if (hf_devx_caps(rig.eth.tx.dev)->eth.max_lso == 0)
		return TEST_SKIPPED;
	return lso(V1) == TEST_SUCCESS ? lso(BE | MRG) : TEST_FAILED;
}

/* --- notifications --- */

static uint64_t
calls(const struct svqside *s)
{
	eventfd_t n = 0;

	return eventfd_read(s->callfd, &n) == 0 ? n : 0;
}

/* Asleep while the NIC is still sending, which it mostly is when it was just told to. */
static int
sent_wakes(void)
{
	struct pollfd pfd = {.fd = rig.eth.tx.ch.fd, .events = POLLIN};
	uint64_t cookie, end = deadline();

	do {
		TEST_ASSERT(!is_over(end), "the NIC is never slower than the poller");
		offer_all(&plain);
		while (svqrig_receive(&rig, &pkt))
			;
		TEST_ASSERT(svqrig_send(&rig, NULL, 1500, &plain), "send");
		hf_svq_poll(rig.tx.q, 32);
	} while (take_back() > 0);
	TEST_ASSERT(hf_svq_sleep(rig.tx.q), "something to send");
	TEST_ASSERT_EQUAL(poll(&pfd, 1, 10000), 1, "no event for what was sent");
	while (hf_evch_read(&rig.eth.tx.ch, &cookie) == 1)
		;
	hf_svq_wake(rig.tx.q);
	return svqrig_poll_until(&rig, all_back);
}

/* Asleep until the guest kicks, or the NIC has something; and no call that nobody asked for. */
static int
sleeps(uint64_t features)
{
	struct pollfd pfd = {.fd = rig.eth.rx.ch.fd, .events = POLLIN};
	uint64_t cookie;
	uint16_t from;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, features, features), "start");
	guest_call_always(&rig.tx.g);
	guest_call_always(&rig.rx.g);
	offer_all(&plain);
	/* What a guest wanted before the first call of all is not known: that one is made. */
	TEST_ASSERT(svqrig_send(&rig, NULL, 100, &plain), "send");
	TEST_ASSERT(wait_packet(), "it does not come");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "it does not come back");
	guest_call_always(&rig.tx.g);
	guest_call_never(&rig.rx.g);
	calls(&rig.tx);
	calls(&rig.rx);
	TEST_ASSERT(hf_svq_sleep(rig.tx.q), "something to send");
	TEST_ASSERT(hf_svq_sleep(rig.rx.q), "something to receive");
	from = rig.tx.g.next;
	TEST_ASSERT(svqrig_send(&rig, NULL, 100, &plain), "send");
	TEST_ASSERT(guest_must_kick(&rig.tx.g, from), "no kick is wanted by who sleeps");
	TEST_ASSERT(!hf_svq_sleep(rig.tx.q), "does not see what is there");
	hf_svq_poll(rig.tx.q, 32);
	TEST_ASSERT_EQUAL(poll(&pfd, 1, 10000), 1, "no event for what was received");
	while (hf_evch_read(&rig.eth.rx.ch, &cookie) == 1)
		TEST_ASSERT_EQUAL(cookie, 0x88, "cookie %#x", (unsigned int)cookie);
	hf_svq_wake(rig.rx.q);
	TEST_ASSERT(wait_packet(), "it does not come");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "it does not come back");
	TEST_ASSERT_EQUAL(calls(&rig.tx), 1, "one call for one packet that was sent");
	TEST_ASSERT_EQUAL(calls(&rig.rx), 0, "a call that was not wanted");
	guest_call_always(&rig.rx.g);
	TEST_ASSERT(svqrig_send(&rig, NULL, 100, &plain), "send");
	TEST_ASSERT(wait_packet(), "it does not come");
	TEST_ASSERT_EQUAL(calls(&rig.rx), 1, "one call for one packet that was received");
	if (sent_wakes() != TEST_SUCCESS || stop_both() != TEST_SUCCESS)
		return TEST_FAILED;
	from = rig.tx.g.next;
	TEST_ASSERT(svqrig_send(&rig, NULL, 100, &plain), "send");
	TEST_ASSERT(guest_must_kick(&rig.tx.g, from), "no kick for who serves the ring next");
	return TEST_SUCCESS;
}

static int
test_sleep(void)
{
	static const uint64_t all[] = {
		V1, V1 | EVENT, V1 | PACKED, V1 | PACKED | EVENT, BE | EVENT};
	unsigned int i;

	for (i = 0; i < RTE_DIM(all); i++)
		if (sleeps(all[i]) != TEST_SUCCESS)
			return TEST_FAILED;
	return TEST_SUCCESS;
}

/* --- dirty pages --- */

#define LOG_BYTES ((GUEST_HIGH + GUEST_REGION) / 4096 / 8)

static uint8_t log_bits[LOG_BYTES], log_due[LOG_BYTES];

static void
due(uint64_t gpa, uint32_t len)
{
	uint64_t page;

	for (page = gpa / 4096; page <= (gpa + len - 1) / 4096; page++)
		log_due[page / 8] |= (uint8_t)(1u << page % 8);
}

/* What was received is where these pieces are; the ring's own pages come along. */
static int
log_check(const struct guest *g, const char *what)
{
	unsigned int i;

	if (g->packed) {
		due(g->desc, 16);
	} else {
		due(g->used, 4);
	}
	for (i = 0; i < LOG_BYTES; i++)
		TEST_ASSERT_EQUAL(log_bits[i], log_due[i], "%s: pages from %#x: %#x, not %#x", what,
			i * 8, log_bits[i], log_due[i]);
	memset(log_bits, 0, sizeof(log_bits));
	memset(log_due, 0, sizeof(log_due));
	return TEST_SUCCESS;
}

/* Packets into pieces here and there: their pages, the used entries, and nothing else. */
static int
logs(uint64_t features, uint32_t len)
{
	struct hf_svq_log log = {.bits = log_bits, .size = LOG_BYTES, .used = true};
	const struct piece p[] = {
		{GUEST_HIGH + 0x100000 - 5, 12, true}, /* the header is on two pages */
		{GUEST_BUFFERS + 0x2000 - 100, 200, true}, {GUEST_HIGH + 0x300000, 1600, true},
		{GUEST_HIGH + 0x310000, 4096, true}, /* no frame reaches it */
	};

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1, V1 | features), "start");
	log.used_gpa = rig.rx.g.used;
	svqrig_poll(&rig);
	hf_svq_set_log(rig.rx.q, &log);
	TEST_ASSERT(guest_add(&rig.rx.g, p, RTE_DIM(p), (features & TABLE) != 0) >= 0, "add");
	hf_svq_poll(rig.rx.q, 32);
	TEST_ASSERT(svqrig_send(&rig, NULL, len, &plain), "send");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "it does not come back");
	TEST_ASSERT(wait_packet(), "it does not come");
	due(p[0].gpa, p[0].len);
	due(p[1].gpa, RTE_MIN(len, p[1].len));
	if (len > p[1].len)
		due(p[2].gpa, len - p[1].len);
	if (log_check(&rig.rx.g, "received") != TEST_SUCCESS)
		return TEST_FAILED;
	/* Off again. */
	hf_svq_set_log(rig.rx.q, NULL);
	TEST_ASSERT(guest_add(&rig.rx.g, p, RTE_DIM(p), (features & TABLE) != 0) >= 0, "add");
	hf_svq_poll(rig.rx.q, 32);
	TEST_ASSERT(svqrig_send(&rig, NULL, len, &plain), "send");
	TEST_ASSERT(wait_packet(), "it does not come");
	for (len = 0; len < LOG_BYTES; len++)
		TEST_ASSERT_EQUAL(log_bits[len], 0, "logged though off");
	return stop_both();
}

static int
test_log(void)
{
	static const uint64_t all[] = {0, TABLE, PACKED, PACKED | TABLE};
	unsigned int i;

	for (i = 0; i < RTE_DIM(all); i++)
		if (logs(all[i], 90) != TEST_SUCCESS || logs(all[i], 1400) != TEST_SUCCESS)
			return TEST_FAILED;
	return TEST_SUCCESS;
}

/* Of buffers that are merged, those that the frame reaches, and not the others of its group. */
static int
log_of_group(uint64_t features)
{
	struct hf_svq_log log = {.bits = log_bits, .size = LOG_BYTES, .used = true};
	struct piece p = {GUEST_HIGH + 0x100000, 300, true};
	unsigned int i;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1, V1 | MRG | features), "start");
	log.used_gpa = rig.rx.g.used;
	hf_svq_set_log(rig.rx.q, &log);
	for (i = 0; i < 8; i++, p.gpa += 0x2000)
		TEST_ASSERT(guest_add(&rig.rx.g, &p, 1, false) >= 0, "add");
	hf_svq_poll(rig.rx.q, 32);
	TEST_ASSERT(svqrig_send(&rig, NULL, 500, &plain), "send");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_used), "it does not come");
	due(GUEST_HIGH + 0x100000, 300);
	due(GUEST_HIGH + 0x102000, 212);
	if (log_check(&rig.rx.g, "merged") != TEST_SUCCESS)
		return TEST_FAILED;
	hf_svq_set_log(rig.rx.q, NULL);
	return stop_both();
}

static int
test_log_of_group(void)
{
	if (log_of_group(0) != TEST_SUCCESS)
		return TEST_FAILED;
	return log_of_group(PACKED | EVENT);
}

/* A frame that the entry has no room for: what may have been written, though the buffer is larger.
 */
static int
log_of_drop(uint64_t features)
{
	const struct piece p[] = {
		{GUEST_HIGH + 0x1000, 12 + 100, true}, {GUEST_HIGH + 0x100000, 1 << 20, true}};
	struct hf_svq_log log = {.bits = log_bits, .size = LOG_BYTES};
	struct hf_svq_stats st;
	unsigned int i;

	leaks += svqrig_close(&rig);
	TEST_ASSERT_SUCCESS(svqrig_open(&rig), "open");
	TEST_ASSERT_SUCCESS(svqrig_create(&rig, 1500, 500), "create");
	TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1, V1 | features), "start");
	hf_svq_set_log(rig.rx.q, &log);
	TEST_ASSERT(guest_add(&rig.rx.g, p, 2, false) >= 0, "add");
	hf_svq_poll(rig.rx.q, 32);
	/* MTU 500: of 518 bytes the second piece gets 418, and nothing more. */
	TEST_ASSERT(svqrig_send(&rig, NULL, 600, &plain), "send");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "it does not come back");
	if ((features & MRG) != 0)
		TEST_ASSERT(is_silent(), "a frame from nowhere");
	else
		TEST_ASSERT(wait_packet() && pkt.len == 0, "the buffer does not come back empty");
	hf_svq_stats(rig.rx.q, &st);
	TEST_ASSERT_EQUAL(st.drop_small, 1, "%u drops", (unsigned int)st.drop_small);
	due(p[0].gpa, p[0].len);
	due(p[1].gpa, 418);
	for (i = 0; i < LOG_BYTES; i++)
		TEST_ASSERT_EQUAL(log_bits[i], log_due[i], "pages from %#x: %#x, not %#x", i * 8,
			log_bits[i], log_due[i]);
	memset(log_bits, 0, sizeof(log_bits));
	memset(log_due, 0, sizeof(log_due));
	/* The largest that fits comes. */
	TEST_ASSERT((features & MRG) != 0 || guest_add(&rig.rx.g, p, 2, false) >= 0, "add");
	hf_svq_poll(rig.rx.q, 32);
	TEST_ASSERT(svqrig_send(&rig, NULL, 518, &plain), "send");
	TEST_ASSERT(wait_packet() && pkt.len == 518, "%u bytes", pkt.len);
	memset(log_bits, 0, sizeof(log_bits));
	return stop_both();
}

static int
test_log_of_drop(void)
{
	if (log_of_drop(0) != TEST_SUCCESS)
		return TEST_FAILED;
	return log_of_drop(PACKED | MRG);
}

/* --- errors --- */

static bool
tx_failed(struct svqrig *r)
{
	return hf_svq_error(r->tx.q) != 0;
}

static bool
rx_failed(struct svqrig *r)
{
	return hf_svq_error(r->rx.q) != 0;
}

/*
 * A piece outside of the memory in the middle of good packets: what was before is sent, the queue
 * stops at it, and goes on from there when the guest has repaired it.
 */
static int
tx_outside(uint64_t features, uint64_t gpa, uint32_t first)
{
	const struct flow f = {"outside", V1 | features, V1, &plain, 30};
	struct piece p[] = {{GUEST_BUFFERS, first, false}, {gpa, 100, false}};
	struct vring_packed_desc *d;
	uint16_t avail_idx, used_idx, bad;
	struct hf_svq_stats st, before;
	unsigned int i;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, f.tx, f.rx), "start");
	offer_all(&plain);
	if (traffic(&f, 20) != TEST_SUCCESS)
		return TEST_FAILED;
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "not all came back");
	hf_svq_stats(rig.tx.q, &before);
	memset(guest_at(&rig.tx.g, GUEST_BUFFERS), 0, 12);
	for (i = 0; i < 3; i++)
		TEST_ASSERT(svqrig_send(&rig, NULL, len_of(rig.sent), &plain), "send");
	bad = rig.tx.g.next;
	/* The first piece of the bad one or its second, by where the header ends. */
	TEST_ASSERT(guest_add(&rig.tx.g, p, 2, false) >= 0, "add");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, tx_failed), "no error");
	TEST_ASSERT_EQUAL(hf_svq_error(rig.tx.q), -EFAULT, "%d", hf_svq_error(rig.tx.q));
	TEST_ASSERT_EQUAL(hf_svq_poll(rig.tx.q, 32), 0, "polls on");
	hf_svq_stats(rig.tx.q, &st);
	TEST_ASSERT_EQUAL(st.errors, before.errors + 1, "%u", (unsigned int)st.errors);
	TEST_ASSERT_SUCCESS(hf_svq_stop(rig.tx.q, &avail_idx, &used_idx), "stop");
	TEST_ASSERT_EQUAL(used_idx, bad, "stopped at %#x, not %#x", used_idx, bad);
	TEST_ASSERT_EQUAL(take_back(), 3, "those before it");
	/* The others went out, and the other queue is well. */
	for (i = 0; i < 3; i++) {
		TEST_ASSERT(wait_packet(), "packet %u", i);
		if (packet_check(&f) != TEST_SUCCESS)
			return TEST_FAILED;
		rig.received++;
	}
	d = (struct vring_packed_desc *)guest_at(&rig.tx.g, rig.tx.g.desc) + ((bad & 0x7fff) + 1);
	if (rig.tx.g.packed)
		d->addr = GUEST_HIGH;
	else
		((struct vring_desc *)guest_at(&rig.tx.g, rig.tx.g.desc))
			[rig.tx.g.buf[((struct vring_avail *)guest_at(&rig.tx.g, rig.tx.g.avail))
						 ->ring[bad % SVQRIG_RING]]
					.chain[1]]
				.addr = GUEST_HIGH;
	TEST_ASSERT_SUCCESS(svqside_start(&rig.tx, used_idx), "start again");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "the repaired one");
	TEST_ASSERT_EQUAL(hf_svq_error(rig.tx.q), 0, "%d", hf_svq_error(rig.tx.q));
	is_silent();
	offer_all(&plain);
	if (traffic(&f, 20) != TEST_SUCCESS)
		return TEST_FAILED;
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "not all came back");
	return stop_both();
}

static int
test_tx_outside(void)
{
	static const uint64_t where[] = {
		GUEST_LOW - 4096, GUEST_HIGH + GUEST_REGION - 50, UINT64_MAX - 7};
	unsigned int i;

	for (i = 0; i < RTE_DIM(where); i++) {
		/* Payload, which the NIC finds; and a header, which the CPU does. */
		if (tx_outside(i % 2 ? PACKED : 0, where[i], 60) != TEST_SUCCESS ||
			tx_outside(i % 2 ? 0 : PACKED, where[i], 4) != TEST_SUCCESS)
			return TEST_FAILED;
	}
	return TEST_SUCCESS;
}

/* One of a burst that the NIC could take in one entry: those before it go out once. */
static int
tx_outside_of_burst(uint64_t features)
{
	const struct flow f = {"outside, of a burst", V1 | features, V1, &plain, 30};
	const struct piece p = {GUEST_HIGH + GUEST_REGION - 50, 100, false};
	uint16_t avail_idx, used_idx, bad;
	unsigned int i;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, f.tx, f.rx), "start");
	offer_all(&plain);
	for (i = 0; i < 3; i++)
		TEST_ASSERT(svqrig_send(&rig, NULL, len_of(rig.sent), &plain), "send");
	bad = rig.tx.g.next;
	memset(guest_at(&rig.tx.g, p.gpa), 0, 12);
	TEST_ASSERT(guest_add(&rig.tx.g, &p, 1, false) >= 0, "add");
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, tx_failed), "no error");
	TEST_ASSERT_EQUAL(hf_svq_error(rig.tx.q), -EFAULT, "%d", hf_svq_error(rig.tx.q));
	TEST_ASSERT_SUCCESS(hf_svq_stop(rig.tx.q, &avail_idx, &used_idx), "stop");
	TEST_ASSERT_EQUAL(used_idx, bad, "stopped at %#x, not %#x", used_idx, bad);
	for (i = 0; i < 3; i++) {
		TEST_ASSERT(wait_packet(), "packet %u", i);
		if (packet_check(&f) != TEST_SUCCESS)
			return TEST_FAILED;
		rig.received++;
	}
	TEST_ASSERT(is_silent(), "a packet too many");
	return hf_svq_stop(rig.rx.q, &avail_idx, &used_idx);
}

static int
test_tx_outside_of_burst(void)
{
	if (tx_outside_of_burst(0) != TEST_SUCCESS)
		return TEST_FAILED;
	return tx_outside_of_burst(PACKED);
}

/* Buffers of the receiver: in the first piece, or behind a good header. */
static int
rx_outside(uint64_t features, bool header)
{
	const struct flow f = {"outside", V1, V1 | features, &plain, 10};
	struct piece p[] = {{GUEST_BUFFERS, 12, true}, {GUEST_HIGH + GUEST_REGION, 1600, true}};
	uint16_t avail_idx, used_idx;

	if (header)
		p[0].gpa = GUEST_LOW - 6;
	TEST_ASSERT_SUCCESS(svqrig_start(&rig, f.tx, f.rx), "start");
	TEST_ASSERT(guest_add(&rig.rx.g, p, 2, false) >= 0, "add");
	hf_svq_poll(rig.rx.q, 32);
	if (!header) {
		TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), 0, "before anything came");
		TEST_ASSERT(svqrig_send(&rig, NULL, 100, &plain), "send");
	}
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, rx_failed), "no error");
	TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), -EFAULT, "%d", hf_svq_error(rig.rx.q));
	TEST_ASSERT_EQUAL(hf_svq_error(rig.tx.q), 0, "the other queue");
	TEST_ASSERT_SUCCESS(hf_svq_stop(rig.rx.q, &avail_idx, &used_idx), "stop");
	TEST_ASSERT_EQUAL(used_idx, rig.rx.g.used_next, "%#x", used_idx);
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "the sender");
	/* A guest that starts over with a good ring. */
	guest_ring(&rig.rx.g, f.rx, SVQRIG_RING, used_idx);
	TEST_ASSERT_SUCCESS(svqside_start(&rig.rx, used_idx), "start");
	offer_all(&plain);
	rig.received = rig.sent;
	if (traffic(&f, 20) != TEST_SUCCESS)
		return TEST_FAILED;
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "not all came back");
	return stop_both();
}

static int
test_rx_outside(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (rx_outside(i & 1 ? PACKED : 0, i & 2) != TEST_SUCCESS)
			return TEST_FAILED;
	return TEST_SUCCESS;
}

static bool
has_completed(struct svqrig *r)
{
	hf_svq_poll(r->tx.q, 32);
	return hf_ethq_rx_look(r->rx.q->rx.ethq) > 0;
}

/* The NIC says of a frame that it has 'said' bytes, which it had no room for. */
static int
believed(uint64_t features, const struct svqcut *cut, uint32_t said)
{
	const struct flow f = {"believed", V1, V1 | features, cut, 10};
	const uint64_t end = deadline();
	struct hf_ethq_rx *rx = rig.rx.q->rx.ethq;
	struct hf_svq_stats before, st;
	unsigned int out;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, f.tx, f.rx), "start");
	offer_all(cut);
	hf_svq_stats(rig.rx.q, &before);
	out = guest_out(&rig.rx.g);
	TEST_ASSERT(svqrig_send(&rig, NULL, 100, &plain), "send");
	while (!has_completed(&rig))
		TEST_ASSERT(!is_over(end), "no completion");
	rx->cq.cqe[rx->cq.ci & (rx->cq.size - 1)].byte_cnt = rte_cpu_to_be_32(said);
	hf_svq_poll(rig.rx.q, 32);
	TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), -EIO, "%u: %d", said, hf_svq_error(rig.rx.q));
	while (svqrig_receive(&rig, &pkt)) {
		TEST_ASSERT_EQUAL(pkt.len, 0, "%u: the guest got %u bytes", said, pkt.len);
		out--;
	}
	TEST_ASSERT_EQUAL(guest_out(&rig.rx.g), out, "%u: buffers", said);
	hf_svq_stats(rig.rx.q, &st);
	TEST_ASSERT_EQUAL(st.packets - before.packets, 0, "%u: a packet", said);
	TEST_ASSERT_EQUAL(st.bytes - before.bytes, 0, "%u: bytes", said);
	TEST_ASSERT_EQUAL(st.drop_small - before.drop_small, 1, "%u: no drop", said);
	TEST_ASSERT_EQUAL(st.errors - before.errors, 1, "%u: errors", said);
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "the sender");
	rig.received = rig.sent;
	return stop_both();
}

/* The largest frame has 1518 bytes, whatever room there is behind it in the guest's buffers. */
static int
test_length_beyond_entry(void)
{
	static const uint64_t all[] = {0, PACKED, MRG, PACKED | MRG};
	static const uint32_t said[] = {1519, 2036, 2037, 1u << 16, UINT32_MAX - 5, UINT32_MAX};
	unsigned int i, k;

	for (i = 0; i < RTE_DIM(all); i++) {
		for (k = 0; k < RTE_DIM(said); k++)
			if (believed(all[i], &plain, said[k]) != TEST_SUCCESS ||
				believed(all[i], all[i] & MRG ? &small : &hdr_apart, said[k]) !=
					TEST_SUCCESS)
				return TEST_FAILED;
	}
	return TEST_SUCCESS;
}

/* Too short for their own header. */
static int
test_no_payload(void)
{
	struct piece p = {GUEST_BUFFERS, 12, false};

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1, V1), "start");
	TEST_ASSERT(guest_add(&rig.tx.g, &p, 1, false) >= 0, "add");
	p.write = true;
	TEST_ASSERT(guest_add(&rig.rx.g, &p, 1, false) >= 0, "add");
	svqrig_poll(&rig);
	TEST_ASSERT_EQUAL(hf_svq_error(rig.tx.q), -EPROTO, "%d", hf_svq_error(rig.tx.q));
	TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), -EPROTO, "%d", hf_svq_error(rig.rx.q));
	return stop_both();
}

/* So many pieces that those which an entry of the NIC has do not hold the header. */
static int
test_header_alone(void)
{
	struct piece p[40];
	unsigned int i, k;

	for (i = 0; i < RTE_DIM(p); i++)
		p[i] = (struct piece){GUEST_BUFFERS + i, 1, true};
	p[RTE_DIM(p) - 1].len = 2000;
	for (k = 0; k < 3; k++) {
		static const uint64_t all[] = {0, MRG, PACKED | MRG};

		TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1, V1 | all[k]), "start");
		TEST_ASSERT(guest_add(&rig.rx.g, p, RTE_DIM(p), false) >= 0, "add");
		hf_svq_poll(rig.rx.q, 32);
		TEST_ASSERT_EQUAL(hf_svq_error(rig.rx.q), -E2BIG, "%d", hf_svq_error(rig.rx.q));
		if (stop_both() != TEST_SUCCESS)
			return TEST_FAILED;
	}
	return TEST_SUCCESS;
}

/* --- other memory --- */

/* Another key over the same memory under traffic; the first one goes, so nothing may use it. */
static int
test_other_key(void)
{
	const struct flow f = {"other memory", V1 | PACKED, V1 | MRG, &plain, 20};
	uint16_t avail_idx, used_idx;
	struct hf_mkey old[2];
	unsigned int i, k;

	TEST_ASSERT_SUCCESS(svqrig_start(&rig, f.tx, f.rx), "start");
	offer_all(&plain);
	for (k = 0; k < 5; k++) {
		struct svqside *s[] = {&rig.tx, &rig.rx};

		if (traffic(&f, 50) != TEST_SUCCESS)
			return TEST_FAILED;
		for (i = 0; i < 2; i++) {
			old[i] = s[i]->mkey;
			TEST_ASSERT_SUCCESS(svqside_mkey(s[i]), "another key");
			TEST_ASSERT_SUCCESS(hf_svq_stop(s[i]->q, &avail_idx, &used_idx), "stop");
			TEST_ASSERT_SUCCESS(svqside_start(s[i], used_idx), "start");
			TEST_ASSERT_SUCCESS(hf_mkey_destroy(&old[i]), "the first key");
		}
		offer_all(&plain);
	}
	if (traffic(&f, 50) != TEST_SUCCESS)
		return TEST_FAILED;
	TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "not all came back");
	return stop_both();
}

/* --- what is refused --- */

static int
test_refused(void)
{
	uint16_t avail_idx, used_idx;
	struct hf_svq_ring attr;

	TEST_ASSERT_EQUAL(hf_svq_stop(rig.tx.q, &avail_idx, &used_idx), -EALREADY, "not started");
	TEST_ASSERT_EQUAL(hf_svq_poll(rig.tx.q, 32), 0, "not started");
	TEST_ASSERT(hf_svq_sleep(rig.tx.q), "not started");
	TEST_ASSERT_EQUAL(svqrig_start(&rig, V1, V1 | MRG | IN_ORDER), -EINVAL, "MRG and IN_ORDER");
	attr = guest_attr(&rig.rx.g);
	TEST_ASSERT_EQUAL(hf_svq_start(rig.tx.q, &attr), -EALREADY, "started already");
	attr.features = V1;
	attr.size = 2 * SVQRIG_RING;
	TEST_ASSERT_EQUAL(hf_svq_start(rig.rx.q, &attr), -EINVAL, "a ring that is too large");
	TEST_ASSERT(hf_svq_destroy(rig.rx.q) < 0, "destroyed though frames are steered to it");
	return TEST_SUCCESS;
}

/* Each command that makes or starts a queue fails once: nothing is left over, and then it works. */
static int
test_nic_refuses(void)
{
	static const char *const commands[] = {
		"CREATE_CQ", "CREATE_SQ", "CREATE_RQ", "CREATE_UMEM"};
	static const char *const moves[] = {"MODIFY_SQ", "MODIFY_RQ"};
	unsigned int i;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	for (i = 0; i < RTE_DIM(commands); i++) {
		leaks += svqrig_close(&rig);
		TEST_ASSERT_SUCCESS(svqrig_open(&rig), "open");
		TEST_ASSERT_SUCCESS(nic_ctl_fail("%s:1:NO_RES", commands[i]), "%s", commands[i]);
		TEST_ASSERT(svqrig_create(&rig, 1500, 1500) < 0, "%s", commands[i]);
		nic_ctl_fail_clear();
		hf_svq_destroy(rig.tx.q);
		rig.tx.q = NULL;
		TEST_ASSERT_SUCCESS(svqrig_create(&rig, 1500, 1500), "after %s", commands[i]);
	}
	for (i = 0; i < RTE_DIM(moves); i++) {
		TEST_ASSERT_SUCCESS(nic_ctl_fail("%s:1:BAD_RES", moves[i]), "%s", moves[i]);
		TEST_ASSERT(svqrig_start(&rig, V1, V1) < 0, "%s", moves[i]);
		nic_ctl_fail_clear();
		TEST_ASSERT_EQUAL(hf_svq_poll(rig.rx.q, 32), 0, "polls");
		if (i == 1)
			hf_svq_stop(rig.tx.q, &(uint16_t){0}, &(uint16_t){0});
	}
	TEST_ASSERT_SUCCESS(svqrig_start(&rig, V1, V1), "at last");
	return stop_both();
}

/*
 * A queue that the NIC does not stop is named, with the indices up to which the guest has its
 * buffers back; it does not start again, and it can be destroyed.
 */
static int
test_does_not_stop(void)
{
	const struct flow f = {"does not stop", V1, V1 | PACKED, &plain, 30};
	static const char *const moves[] = {"MODIFY_SQ", "MODIFY_RQ"};
	uint16_t avail_idx, used_idx;
	unsigned int i;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	for (i = 0; i < RTE_DIM(moves); i++) {
		struct svqside *s = i == 0 ? &rig.tx : &rig.rx;

		TEST_ASSERT_SUCCESS(svqrig_start(&rig, f.tx, f.rx), "start");
		offer_all(f.offer);
		if (traffic(&f, 50) != TEST_SUCCESS)
			return TEST_FAILED;
		TEST_ASSERT_SUCCESS(svqrig_poll_until(&rig, all_back), "not all came back");
		TEST_ASSERT_SUCCESS(nic_ctl_fail("%s:1:BAD_RES", moves[i]), "%s", moves[i]);
		TEST_ASSERT(hf_svq_stop(s->q, &avail_idx, &used_idx) < 0, "%s", moves[i]);
		TEST_ASSERT_EQUAL(used_idx, s->g.used_next, "%#x", used_idx);
		TEST_ASSERT_EQUAL(avail_idx, used_idx, "%#x", avail_idx);
		TEST_ASSERT(svqside_start(s, used_idx) < 0, "started in the midst of it");
		leaks += svqrig_close(&rig);
		TEST_ASSERT_SUCCESS(svqrig_open(&rig), "open");
		TEST_ASSERT_SUCCESS(svqrig_create(&rig, 1500, 1500), "after %s", moves[i]);
	}
	return TEST_SUCCESS;
}

/* After all others. */
static int
test_nothing_left(void)
{
	TEST_ASSERT_EQUAL(leaks, 0, "%u objects were left over", leaks);
	return TEST_SUCCESS;
}

static struct unit_test_suite svq_suite = {
	.suite_name = "svq",
	.setup = suite_setup,
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, teardown, test_traffic),
			TEST_CASE_ST(setup, teardown, test_stops),
			TEST_CASE_ST(setup, teardown, test_started_full),
			TEST_CASE_ST(setup, teardown, test_mergeable),
			TEST_CASE_ST(setup, teardown, test_too_small),
			TEST_CASE_ST(setup, teardown, test_narrow),
			TEST_CASE_ST(setup, teardown, test_csum),
			TEST_CASE_ST(setup, teardown, test_many_copies),
			TEST_CASE_ST(setup, teardown, test_not_negotiated),
			TEST_CASE_ST(setup, teardown, test_lso),
			TEST_CASE_ST(setup, teardown, test_sleep),
			TEST_CASE_ST(setup, teardown, test_log),
			TEST_CASE_ST(setup, teardown, test_log_of_group),
			TEST_CASE_ST(setup, teardown, test_log_of_drop),
			TEST_CASE_ST(setup, teardown, test_tx_outside),
			TEST_CASE_ST(setup, teardown, test_tx_outside_of_burst),
			TEST_CASE_ST(setup, teardown, test_rx_outside),
			TEST_CASE_ST(setup, teardown, test_length_beyond_entry),
			TEST_CASE_ST(setup, teardown, test_no_payload),
			TEST_CASE_ST(setup, teardown, test_header_alone),
			TEST_CASE_ST(setup, teardown, test_other_key),
			TEST_CASE_ST(setup, teardown, test_refused),
			TEST_CASE_ST(setup, teardown, test_nic_refuses),
			TEST_CASE_ST(setup, teardown, test_does_not_stop),
			TEST_CASE(test_nothing_left),
			TEST_CASES_END(),
		},
};

static int
test_svq(void)
{
	return unit_test_suite_runner(&svq_suite);
}

REGISTER_TEST_COMMAND(svq_autotest, test_svq);
