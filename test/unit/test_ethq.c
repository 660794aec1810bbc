/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Raw Ethernet queues on a NIC: frames from one function to another, compared byte by byte, with
 * the offloads that the NIC has; errors and the way out of them; what is refused.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ethq_rig.h"
#include "nic_ctl.h"
#include "test.h"

#define WAIT_MS 20000
#define SIZE 64u /* of both queues */
#define TX_SEGS 4u
#define RX_SEGS 2u
#define RX_FIRST 100u /* bytes in the first segment of an entry */
#define FRAME_MAX 1514u
#define FRAME_MIN 60u
#define MAX_INLINE 128u

static struct ethrig rig;
static struct hf_ethq_tx *tx;
static struct hf_ethq_rx *rx;
static unsigned int leaks; /* of all cases */
static unsigned int posted; /* receive entries, ever: entry n uses the memory of frame n % SIZE */
static unsigned int received; /* frames, of a case */

static const struct hf_devx_caps *
caps(void)
{
	return hf_devx_caps(rig.tx.dev);
}

/* --- both queues, the second one steered to --- */

static int
suite_setup(void)
{
	int ret = ethrig_open(&rig);

	if (ret == 0)
		ethrig_close(&rig);
	leaks = 0;
	return ret == -ENODEV ? TEST_SKIPPED : ret;
}

static bool
post(void)
{
	struct hf_ethq_seg segs[RX_SEGS] = {
		ethrig_seg(&rig.rx, posted % SIZE, 0, RX_FIRST),
		ethrig_seg(&rig.rx, posted % SIZE, RX_FIRST, FRAME_MAX - RX_FIRST),
	};

	if (!hf_ethq_rx_put(rx, segs, RX_SEGS))
		return false;
	posted++;
	return true;
}

static void
post_all(void)
{
	posted = 0;
	while (post())
		;
	hf_ethq_rx_ring(rx);
}

static int
setup(void)
{
	struct hf_ethq_tx_attr tattr;
	struct hf_ethq_rx_attr rattr;
	uint32_t rqn;
	int ret;

	ret = ethrig_open(&rig);
	if (ret)
		return ret;
	tattr = (struct hf_ethq_tx_attr){.size = SIZE,
		.max_segs = TX_SEGS,
		.max_inline = MAX_INLINE,
		.tisn = rig.tis.id,
		.ch = &rig.tx.ch,
		.cookie = 0x77};
	rattr = (struct hf_ethq_rx_attr){
		.size = SIZE, .max_segs = RX_SEGS, .ch = &rig.rx.ch, .cookie = 0x88};
	ret = hf_ethq_tx_create(rig.tx.dev, &tattr, &tx);
	if (ret == 0)
		ret = hf_ethq_rx_create(rig.rx.dev, &rattr, &rx);
	if (ret == 0)
		ret = hf_ethq_tx_start(tx);
	if (ret == 0)
		ret = hf_ethq_rx_start(rx);
	if (ret)
		return ret;
	post_all();
	received = 0;
	rqn = hf_ethq_rx_rqn(rx);
	return hf_steer_set(rig.steer, HF_RQT_RQ, &rqn, 1);
}

static void
teardown(void)
{
	hf_steer_destroy(rig.steer);
	rig.steer = NULL;
	hf_ethq_rx_destroy(rx);
	hf_ethq_tx_destroy(tx);
	rx = NULL;
	tx = NULL;
	leaks += ethrig_close(&rig);
}

static uint64_t
deadline(void)
{
	return rte_get_timer_cycles() + WAIT_MS * rte_get_timer_hz() / 1000;
}

static bool
is_over(uint64_t end)
{
	return rte_get_timer_cycles() > end;
}

/* The head of the n-th frame is inlined, up to 'inl' bytes or what the NIC asks for; the rest in n
 * segments. */
static bool
put(unsigned int n, uint32_t len, uint32_t inl, unsigned int segs, uint8_t csum)
{
	struct hf_ethq_seg seg[TX_SEGS];
	struct hf_ethq_tx_pkt pkt = {.hdr = ethrig_frame(&rig.tx, n), .segs = seg, .csum = csum};
	uint32_t at = RTE_MAX(inl, caps()->eth.min_inline), part;

	at = RTE_MIN(at, len);
	pkt.hdr_len = at;
	while (at < len) {
		part = segs > 1 ? (len - at) / segs : len - at;
		seg[pkt.n_segs++] = ethrig_seg(&rig.tx, n, at, part);
		at += part;
		segs--;
	}
	return hf_ethq_tx_put(tx, &pkt);
}

/* Completions of what was sent, up to n packets. */
static unsigned int
wait_sent(unsigned int n)
{
	uint64_t end = deadline();
	unsigned int done = 0;

	while (done < n && !is_over(end) && !hf_ethq_tx_failed(tx))
		done += hf_ethq_tx_poll(tx);
	return done;
}

/* The next completion; its frame is in the memory of entry 'received' - 1. */
static bool
wait_received(struct hf_ethq_rx_cpl *c)
{
	uint64_t end = deadline();

	while (!is_over(end)) {
		if (hf_ethq_rx_poll(rx, c, 1) == 1) {
			received++;
			return true;
		}
	}
	return false;
}

static const uint8_t *
frame_received(void)
{
	return ethrig_frame(&rig.rx, (received - 1) % SIZE);
}

static bool
is_silent(void)
{
	struct hf_ethq_rx_cpl c;

	rte_delay_us_sleep(20000);
	return hf_ethq_rx_poll(rx, &c, 1) == 0;
}

/* --- frames --- */

struct traffic {
	const char *name;
	unsigned int frames, burst;
	uint32_t len_min, len_max;
	uint32_t inlined;
	unsigned int segs;
};

static uint32_t
traffic_len(const struct traffic *t, unsigned int n)
{
	return t->len_min + n * 97 % (t->len_max - t->len_min + 1);
}

/* Take what has come, compare, and give the entries back. Returns how many, or -1. */
static int
traffic_receive(const struct traffic *t)
{
	struct hf_ethq_rx_cpl c[8];
	uint8_t expected[FRAME_MAX];
	unsigned int i, n = hf_ethq_rx_poll(rx, c, RTE_DIM(c));
	uint32_t len;

	for (i = 0; i < n; i++) {
		len = traffic_len(t, received);
		ethrig_fill(&rig, expected, len, received, false);
		received++;
		if (c[i].syndrome != 0 || c[i].len != len ||
			memcmp(frame_received(), expected, len) != 0) {
			printf("%s: frame %u has %u bytes of %u, syndrome %u, or others\n", t->name,
				received - 1, c[i].len, len, c[i].syndrome);
			return -1;
		}
		if (!post())
			return -1;
	}
	hf_ethq_rx_ring(rx);
	return n;
}

/* No more under way than the receiver has entries for. */
static int
traffic_run(const struct traffic *t)
{
	unsigned int sent = 0, done = 0, i;
	uint64_t end = deadline();
	int n = 0;

	while ((received < t->frames || done < t->frames) && n >= 0 && !is_over(end)) {
		for (i = 0; i < t->burst && sent < t->frames && sent - received < SIZE / 2 &&
			sent - done < SIZE;
			i++, sent++) {
			ethrig_fill(&rig, ethrig_frame(&rig.tx, sent), traffic_len(t, sent), sent,
				false);
			if (!put(sent, traffic_len(t, sent), t->inlined, t->segs, 0))
				break;
		}
		hf_ethq_tx_ring(tx);
		done += hf_ethq_tx_poll(tx);
		n = traffic_receive(t);
		if (n > 0)
			end = deadline();
	}
	TEST_ASSERT(!hf_ethq_tx_failed(tx) && !hf_ethq_rx_failed(rx), "%s: failed", t->name);
	TEST_ASSERT_EQUAL(
		received, t->frames, "%s: %u of %u frames arrived", t->name, received, t->frames);
	TEST_ASSERT_EQUAL(done, t->frames, "%s: %u completed", t->name, done);
	TEST_ASSERT_EQUAL(hf_ethq_tx_pending(tx), 0, "%s: pending", t->name);
	TEST_ASSERT(is_silent(), "%s: more than was sent", t->name);
	return TEST_SUCCESS;
}

/* Around the rings many times, with entries of one to six blocks. */
static int
test_traffic(void)
{
	static const struct traffic all[] = {
		{"one by one", 500, 1, FRAME_MIN, 200, 0, 1},
		{"bursts", 3000, 32, FRAME_MIN, FRAME_MAX, 0, 1},
		{"segments", 1000, 8, FRAME_MIN, FRAME_MAX, 0, TX_SEGS},
		{"inlined", 1000, 8, 200, FRAME_MAX, MAX_INLINE, 3},
		{"all inlined", 1000, 16, FRAME_MIN, MAX_INLINE, MAX_INLINE, 0},
		{"whole ring", 500, SIZE, FRAME_MAX, FRAME_MAX, 0, 2},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(all); i++) {
		received = 0;
		TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
		TEST_ASSERT_SUCCESS(hf_ethq_rx_start(rx), "start");
		post_all();
		TEST_ASSERT_SUCCESS(traffic_run(&all[i]), "%s", all[i].name);
	}
	return TEST_SUCCESS;
}

/* More than the ring holds: what does not fit goes later. */
static int
test_full(void)
{
	struct hf_ethq_rx_cpl c;
	unsigned int n = 0, i;

	ethrig_fill(&rig, ethrig_frame(&rig.tx, 0), FRAME_MIN, 0, false);
	/* One block: two segments, or one behind the inlined bytes. */
	while (put(0, FRAME_MIN, 0, caps()->eth.min_inline != 0 ? 1 : 2, 0))
		n++;
	TEST_ASSERT_EQUAL(n, SIZE, "%u packets fit", n);
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(tx), 0, "sent before the doorbell");
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(SIZE), SIZE, "not all completed");
	for (i = 0; i < SIZE; i++)
		TEST_ASSERT(wait_received(&c) && c.len == FRAME_MIN, "frame %u", i);
	TEST_ASSERT(put(0, FRAME_MIN, 0, 1, 0), "no room afterwards");
	return TEST_SUCCESS;
}

/* Two packets that are alike, one that is not, and so on: frames keep their order. */
static int
test_mixed(void)
{
	struct hf_ethq_rx_cpl c;
	uint8_t expected[FRAME_MIN];
	unsigned int i;

	for (i = 0; i < SIZE / 2; i++) {
		ethrig_fill(&rig, ethrig_frame(&rig.tx, i), FRAME_MIN, i, false);
		TEST_ASSERT(put(i, FRAME_MIN, 0, i % 3 == 2 ? 2 : 1,
				    i % 5 == 4 && caps()->eth.csum ? HF_ETHQ_TX_CSUM_L4 : 0),
			"no room for packet %u", i);
	}
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(SIZE / 2), SIZE / 2, "not all completed");
	for (i = 0; i < SIZE / 2; i++) {
		ethrig_fill(&rig, expected, FRAME_MIN, i, false);
		TEST_ASSERT(wait_received(&c) && c.len == FRAME_MIN, "frame %u", i);
		TEST_ASSERT_EQUAL(
			memcmp(frame_received(), expected, FRAME_MIN), 0, "frame %u differs", i);
	}
	return TEST_SUCCESS;
}

/* --- offloads --- */

static int
test_csum(void)
{
	const struct rte_ipv4_hdr *ip;
	struct hf_ethq_rx_cpl c;

	if (!caps()->eth.csum)
		return TEST_SKIPPED;
	ethrig_fill(&rig, ethrig_frame(&rig.tx, 0), 333, 5, true);
	TEST_ASSERT(put(0, 333, 0, 1, HF_ETHQ_TX_CSUM_L3 | HF_ETHQ_TX_CSUM_L4), "no room");
	TEST_ASSERT(put(0, 333, 0, 1, 0), "no room");
	hf_ethq_tx_ring(tx);
	TEST_ASSERT(wait_received(&c), "nothing arrived");
	ip = (const void *)(frame_received() + sizeof(struct rte_ether_hdr));
	TEST_ASSERT_EQUAL(rte_ipv4_cksum(ip), 0, "IP checksum 0x%x", ip->hdr_checksum);
	TEST_ASSERT_SUCCESS(rte_ipv4_udptcp_cksum_verify(ip, ip + 1), "UDP checksum");
	TEST_ASSERT_EQUAL(c.flags & (HF_ETHQ_RX_L3_OK | HF_ETHQ_RX_L4_OK),
		HF_ETHQ_RX_L3_OK | HF_ETHQ_RX_L4_OK, "flags 0x%x of a good frame", c.flags);
	TEST_ASSERT(c.flags & HF_ETHQ_RX_IPV4 && hf_ethq_rx_l4(&c) == CQE_L4_HDR_TYPE_UDP,
		"flags 0x%x of UDP over IPv4", c.flags);
	TEST_ASSERT_EQUAL(c.hash_type & (CQE_RSS_HTYPE_IP | CQE_RSS_HTYPE_L4),
		(CQE_RSS_IPV4 << 2 | CQE_RSS_L4_UDP << 6), "hash of type 0x%x", c.hash_type);
	TEST_ASSERT(wait_received(&c), "the second did not arrive");
	ip = (const void *)(frame_received() + sizeof(struct rte_ether_hdr));
	TEST_ASSERT(rte_ipv4_cksum(ip) != 0, "a checksum that nobody asked for");
	TEST_ASSERT_EQUAL(c.flags & (HF_ETHQ_RX_L3_OK | HF_ETHQ_RX_L4_OK), 0,
		"flags 0x%x of a bad frame", c.flags);
	return TEST_SUCCESS;
}

#define LSO_LEN 20000u /* in memory that lies together: of ten frames */
#define LSO_MSS 1400u

/* One segment: a whole frame of its own, which continues the payload. */
static int
lso_check(const struct hf_ethq_rx_cpl *c, unsigned int k, uint32_t *seen)
{
	const uint8_t *frame = frame_received();
	const struct rte_ipv4_hdr *ip = (const void *)(frame + sizeof(struct rte_ether_hdr));
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);
	uint32_t part = c->len - ETHRIG_TCP_HDR, i;
	bool last = *seen + part == LSO_LEN - ETHRIG_TCP_HDR;

	TEST_ASSERT(part <= LSO_MSS && (part == LSO_MSS || last), "segment %u: %u bytes", k, part);
	TEST_ASSERT_EQUAL(rte_be_to_cpu_16(ip->total_length), part + 40, "segment %u: IP", k);
	TEST_ASSERT_EQUAL(rte_be_to_cpu_16(ip->packet_id), k, "segment %u: identification", k);
	TEST_ASSERT_EQUAL(rte_ipv4_cksum(ip), 0, "segment %u: IP checksum", k);
	TEST_ASSERT_SUCCESS(rte_ipv4_udptcp_cksum_verify(ip, tcp), "segment %u: TCP", k);
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(tcp->sent_seq), 1 + *seen, "segment %u: place", k);
	TEST_ASSERT_EQUAL(!!(tcp->tcp_flags & RTE_TCP_PSH_FLAG), last, "segment %u: PSH", k);
	for (i = 0; i < part; i++)
		TEST_ASSERT_EQUAL(frame[ETHRIG_TCP_HDR + i], ethrig_byte(9, *seen + i),
			"segment %u: byte %u", k, i);
	*seen += part;
	return TEST_SUCCESS;
}

static int
test_lso(void)
{
	struct hf_ethq_seg seg[2] = {
		ethrig_seg(&rig.tx, 0, ETHRIG_TCP_HDR, 5000),
		ethrig_seg(&rig.tx, 0, ETHRIG_TCP_HDR + 5000, LSO_LEN - ETHRIG_TCP_HDR - 5000),
	};
	struct hf_ethq_tx_pkt pkt = {.hdr = ethrig_frame(&rig.tx, 0),
		.hdr_len = ETHRIG_TCP_HDR,
		.segs = seg,
		.n_segs = RTE_DIM(seg),
		.mss = LSO_MSS,
		.csum = HF_ETHQ_TX_CSUM_L3 | HF_ETHQ_TX_CSUM_L4};
	struct hf_ethq_rx_cpl c;
	uint32_t seen = 0;
	unsigned int k;

	if (caps()->eth.max_lso == 0)
		return TEST_SKIPPED;
	ethrig_fill_tcp(&rig, ethrig_frame(&rig.tx, 0), LSO_LEN, 9);
	TEST_ASSERT(hf_ethq_tx_put(tx, &pkt), "no room");
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(1), 1, "no completion");
	for (k = 0; seen < LSO_LEN - ETHRIG_TCP_HDR; k++) {
		TEST_ASSERT(wait_received(&c), "segment %u did not arrive", k);
		if (lso_check(&c, k, &seen) != TEST_SUCCESS)
			return TEST_FAILED;
	}
	TEST_ASSERT(is_silent(), "more segments than there should be");
	return TEST_SUCCESS;
}

/* --- errors --- */

/* n good frames, one whose second segment has a key that does not exist, n good ones. */
static int
bad_burst(unsigned int n)
{
	struct hf_ethq_seg seg[2];
	struct hf_ethq_tx_pkt pkt = {.segs = seg, .n_segs = RTE_DIM(seg)};
	unsigned int i;

	for (i = 0; i <= 2 * n; i++) {
		ethrig_fill(&rig, ethrig_frame(&rig.tx, i), 100, i, false);
		if (i != n) {
			TEST_ASSERT(put(i, 100, 0, 1, 0), "no room for packet %u", i);
			continue;
		}
		pkt.hdr = ethrig_frame(&rig.tx, i);
		pkt.hdr_len = caps()->eth.min_inline;
		seg[0] = ethrig_seg(&rig.tx, i, pkt.hdr_len, 60 - pkt.hdr_len);
		seg[1] = ethrig_seg(&rig.tx, i, 60, 40);
		seg[1].lkey ^= 0x40000000;
		TEST_ASSERT(hf_ethq_tx_put(tx, &pkt), "no room for packet %u", i);
	}
	hf_ethq_tx_ring(tx);
	return TEST_SUCCESS;
}

static int
test_send_error(void)
{
	struct hf_ethq_rx_cpl c;
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		TEST_ASSERT_SUCCESS(bad_burst(5 + round), "burst");
		TEST_ASSERT_EQUAL(wait_sent(SIZE), 5 + round, "those before the bad one");
		TEST_ASSERT(hf_ethq_tx_failed(tx), "not failed");
		TEST_ASSERT_EQUAL(hf_ethq_tx_error(tx)->err, -EIO, "errno");
		TEST_ASSERT_EQUAL(hf_ethq_tx_error(tx)->syndrome, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR,
			"syndrome 0x%x", hf_ethq_tx_error(tx)->syndrome);
		TEST_ASSERT_EQUAL(hf_ethq_tx_pending(tx), 6 + round, "pending");
		for (i = 0; i < 5 + round; i++)
			TEST_ASSERT(wait_received(&c) && post(), "frame %u", i);
		hf_ethq_rx_ring(rx);
		TEST_ASSERT(is_silent(), "the bad one or what came after it");
		TEST_ASSERT_SUCCESS(hf_ethq_tx_stop(tx), "stop");
		TEST_ASSERT_EQUAL(hf_ethq_tx_pending(tx), 6 + round, "pending after the stop");
		TEST_ASSERT_SUCCESS(hf_ethq_tx_start(tx), "start");
		TEST_ASSERT_EQUAL(hf_ethq_tx_poll(tx), 0, "a completion of the last life");
		TEST_ASSERT_EQUAL(hf_ethq_tx_pending(tx), 0, "pending after the start");
		TEST_ASSERT(is_silent(), "what was forgotten was sent");
	}
	received = 0;
	TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
	TEST_ASSERT_SUCCESS(hf_ethq_rx_start(rx), "start");
	post_all();
	return traffic_run(&(struct traffic){"after errors", 200, 8, FRAME_MIN, FRAME_MAX, 0, 1});
}

/* The third of six packets that share an entry has a key that does not exist. */
static int
test_send_error_shared(void)
{
	struct hf_ethq_seg seg;
	struct hf_ethq_tx_pkt pkt = {.segs = &seg, .n_segs = 1};
	struct hf_ethq_rx_cpl c;
	unsigned int i;

	if (!caps()->eth.multi_packet || caps()->eth.min_inline != 0)
		return TEST_SKIPPED;
	for (i = 0; i < 6; i++) {
		ethrig_fill(&rig, ethrig_frame(&rig.tx, i), 100, i, false);
		seg = ethrig_seg(&rig.tx, i, 0, 100);
		seg.lkey ^= i == 2 ? 0x40000000 : 0;
		TEST_ASSERT(hf_ethq_tx_put(tx, &pkt), "no room for packet %u", i);
	}
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(6), 0, "a part of an entry completed");
	TEST_ASSERT(hf_ethq_tx_failed(tx), "not failed");
	TEST_ASSERT_EQUAL(hf_ethq_tx_pending(tx), 6, "pending");
	TEST_ASSERT(wait_received(&c) && wait_received(&c), "those before the bad one");
	TEST_ASSERT(is_silent(), "the bad one or what came after it");
	TEST_ASSERT_SUCCESS(hf_ethq_tx_stop(tx), "stop");
	TEST_ASSERT_SUCCESS(hf_ethq_tx_start(tx), "start");
	received = 0;
	TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
	TEST_ASSERT_SUCCESS(hf_ethq_rx_start(rx), "start");
	post_all();
	return traffic_run(&(struct traffic){"after errors", 200, 8, FRAME_MIN, 200, 0, 1});
}

/* The error has come, but nobody has polled. */
static int
test_stop_unpolled(void)
{
	struct hf_ethq_rx_cpl c;

	TEST_ASSERT_SUCCESS(bad_burst(2), "burst");
	TEST_ASSERT(wait_received(&c) && wait_received(&c), "no frame");
	rte_delay_us_sleep(50000);
	TEST_ASSERT_SUCCESS(hf_ethq_tx_stop(tx), "stop");
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(tx), 2, "those before the bad one");
	TEST_ASSERT_EQUAL(hf_ethq_tx_pending(tx), 3, "pending");
	TEST_ASSERT_SUCCESS(hf_ethq_tx_start(tx), "start");
	TEST_ASSERT_SUCCESS(bad_burst(0), "burst");
	TEST_ASSERT_EQUAL(wait_sent(1), 0, "a bad packet completed");
	TEST_ASSERT(hf_ethq_tx_failed(tx), "not failed");
	return TEST_SUCCESS;
}

/* Too long for its entry: the frame is lost, its neighbours are not. */
static int
test_receive_length(void)
{
	struct hf_ethq_seg small = ethrig_seg(&rig.rx, SIZE, 0, 80);
	struct hf_ethq_rx_cpl c[3];
	unsigned int i;

	TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
	TEST_ASSERT_SUCCESS(hf_ethq_rx_start(rx), "start");
	posted = 0;
	memset(ethrig_frame(&rig.rx, SIZE), 0x5a, 200);
	TEST_ASSERT(post() && hf_ethq_rx_put(rx, &small, 1) && post(), "no room");
	hf_ethq_rx_ring(rx);
	for (i = 0; i < RTE_DIM(c); i++) {
		ethrig_fill(&rig, ethrig_frame(&rig.tx, i), 90, i, false);
		TEST_ASSERT(put(i, 90, 0, 1, 0), "no room");
	}
	hf_ethq_tx_ring(tx);
	for (i = 0; i < RTE_DIM(c); i++)
		TEST_ASSERT(wait_received(&c[i]), "completion %u", i);
	TEST_ASSERT(c[0].syndrome == 0 && c[0].len == 90, "the first");
	TEST_ASSERT_EQUAL(
		c[1].syndrome, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR, "syndrome 0x%x", c[1].syndrome);
	TEST_ASSERT(c[2].syndrome == 0 && c[2].len == 90, "the third");
	TEST_ASSERT_EQUAL(ethrig_frame(&rig.rx, SIZE)[80], 0x5a, "written behind the segment");
	TEST_ASSERT(!hf_ethq_rx_failed(rx), "the queue failed");
	return TEST_SUCCESS;
}

static int
test_receive_error(void)
{
	struct hf_ethq_seg bad = ethrig_seg(&rig.rx, 1, 0, FRAME_MAX);
	struct hf_ethq_rx_cpl c;
	unsigned int i;

	TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
	TEST_ASSERT_SUCCESS(hf_ethq_rx_start(rx), "start");
	posted = 0;
	bad.lkey ^= 0x40000000;
	TEST_ASSERT(post() && hf_ethq_rx_put(rx, &bad, 1) && post(), "no room");
	hf_ethq_rx_ring(rx);
	for (i = 0; i < 3; i++) {
		ethrig_fill(&rig, ethrig_frame(&rig.tx, i), 90, i, false);
		TEST_ASSERT(put(i, 90, 0, 1, 0), "no room");
	}
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(3), 3, "the sender has nothing to do with it");
	TEST_ASSERT(wait_received(&c) && c.syndrome == 0, "the first");
	TEST_ASSERT(is_silent(), "a frame of a queue in error");
	TEST_ASSERT(hf_ethq_rx_failed(rx), "not failed");
	TEST_ASSERT_EQUAL(hf_ethq_rx_error(rx)->syndrome, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR,
		"syndrome 0x%x", hf_ethq_rx_error(rx)->syndrome);
	TEST_ASSERT_EQUAL(hf_ethq_rx_pending(rx), 2, "pending");
	TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
	TEST_ASSERT_SUCCESS(hf_ethq_rx_start(rx), "start");
	TEST_ASSERT_EQUAL(hf_ethq_rx_poll(rx, &c, 1), 0, "a completion of the last life");
	received = 0;
	post_all();
	return traffic_run(&(struct traffic){"after errors", 200, 8, FRAME_MIN, FRAME_MAX, 0, 1});
}

/* What came before a stop is there after it, what comes after it is not. */
static int
test_receive_stop(void)
{
	struct hf_ethq_rx_cpl c[SIZE];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ethrig_fill(&rig, ethrig_frame(&rig.tx, i), 90, i, false);
		TEST_ASSERT(put(i, 90, 0, 1, 0), "no room");
	}
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(2), 2, "not sent");
	rte_delay_us_sleep(20000);
	TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
	memset(ethrig_frame(&rig.rx, 2), 0x5a, 200);
	TEST_ASSERT(put(0, 90, 0, 1, 0), "no room");
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(1), 1, "not sent");
	rte_delay_us_sleep(20000);
	TEST_ASSERT_EQUAL(hf_ethq_rx_poll(rx, c, SIZE), 2, "those before the stop");
	TEST_ASSERT_EQUAL(hf_ethq_rx_pending(rx), SIZE - 2, "pending");
	for (i = 0; i < 200; i++)
		TEST_ASSERT_EQUAL(
			ethrig_frame(&rig.rx, 2)[i], 0x5a, "written after the stop at %u", i);
	return TEST_SUCCESS;
}

/* Frames of these numbers are in the first n entries; their completions are, or come at once. */
static bool
fill_entries(unsigned int first, unsigned int n)
{
	const uint8_t *last = ethrig_frame(&rig.rx, n - 1);
	uint64_t end = deadline();
	unsigned int i;

	for (i = 0; i < n; i++) {
		ethrig_fill(&rig, ethrig_frame(&rig.tx, i), 90, first + i, false);
		if (!put(i, 90, 0, 1, 0))
			return false;
	}
	hf_ethq_tx_ring(tx);
	if (wait_sent(n) != n)
		return false;
	while (memcmp(last, ethrig_frame(&rig.tx, n - 1), 90) != 0 && !is_over(end))
		rte_delay_us_sleep(1000);
	return !is_over(end);
}

/* Completions that nobody polled before a start: none is seen after it, nor what it left. */
static int
test_receive_forgotten(void)
{
	static const struct traffic after = {"a next life", 2 * SIZE, 8, FRAME_MIN, 200, 0, 1};
	struct hf_ethq_rx_cpl c[SIZE];
	unsigned int round, i;

	for (round = 0; round < 12; round++) {
		TEST_ASSERT(fill_entries(1000 * (round + 1), 3 + round * 5 % (SIZE / 2)),
			"round %u: not received", round);
		for (i = 0; i < round % 4; i++)
			TEST_ASSERT(wait_received(c), "round %u: completion %u", round, i);
		TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
		TEST_ASSERT_SUCCESS(hf_ethq_rx_start(rx), "start");
		TEST_ASSERT_EQUAL(hf_ethq_rx_poll(rx, c, SIZE), 0, "round %u", round);
		received = 0;
		post_all();
		TEST_ASSERT_SUCCESS(traffic_run(&after), "round %u", round);
	}
	return TEST_SUCCESS;
}

/* No entry: the NIC drops the frame, and counts it. */
static int
test_drops(void)
{
	uint32_t before, after;
	unsigned int i;

	TEST_ASSERT_SUCCESS(hf_ethq_rx_stop(rx), "stop");
	TEST_ASSERT_SUCCESS(hf_ethq_rx_start(rx), "start");
	posted = 0;
	TEST_ASSERT(post(), "no room");
	hf_ethq_rx_ring(rx);
	TEST_ASSERT_SUCCESS(hf_rq_drops(rig.rx.dev, &before), "drops");
	for (i = 0; i < 5; i++) {
		ethrig_fill(&rig, ethrig_frame(&rig.tx, i), 90, i, false);
		TEST_ASSERT(put(i, 90, 0, 1, 0), "no room");
	}
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(5), 5, "not sent");
	rte_delay_us_sleep(20000);
	TEST_ASSERT_SUCCESS(hf_rq_drops(rig.rx.dev, &after), "drops");
	TEST_ASSERT_EQUAL(after - before, 4, "%u frames dropped", after - before);
	return TEST_SUCCESS;
}

/* --- events --- */

static bool
wait_event(struct hf_evch *ch, uint64_t *cookie)
{
	struct pollfd p = {.fd = ch->fd, .events = POLLIN};

	return poll(&p, 1, WAIT_MS) == 1 && hf_evch_read(ch, cookie) == 1;
}

static int
test_arm(void)
{
	struct hf_ethq_rx_cpl c;
	uint64_t cookie;
	unsigned int i;

	ethrig_fill(&rig, ethrig_frame(&rig.tx, 0), 90, 0, false);
	for (i = 0; i < 5; i++) {
		hf_ethq_tx_arm(tx);
		hf_ethq_rx_arm(rx);
		TEST_ASSERT_EQUAL(hf_evch_read(&rig.tx.ch, &cookie), 0, "an event for nothing");
		TEST_ASSERT_EQUAL(hf_evch_read(&rig.rx.ch, &cookie), 0, "an event for nothing");
		TEST_ASSERT(put(0, 90, 0, 1, 0), "no room");
		hf_ethq_tx_ring(tx);
		TEST_ASSERT(wait_event(&rig.tx.ch, &cookie) && cookie == 0x77, "sent: no event");
		TEST_ASSERT(wait_event(&rig.rx.ch, &cookie) && cookie == 0x88, "came: no event");
		TEST_ASSERT_EQUAL(wait_sent(1), 1, "no completion");
		TEST_ASSERT(wait_received(&c), "no frame");
	}
	/* Not armed: no event. */
	TEST_ASSERT(put(0, 90, 0, 1, 0), "no room");
	hf_ethq_tx_ring(tx);
	TEST_ASSERT(wait_sent(1) == 1 && wait_received(&c), "no frame");
	TEST_ASSERT_EQUAL(hf_evch_read(&rig.rx.ch, &cookie), 0, "an event that nobody asked for");
	/* Armed for what has come already and was not polled. */
	TEST_ASSERT(put(0, 90, 0, 1, 0), "no room");
	hf_ethq_tx_ring(tx);
	TEST_ASSERT_EQUAL(wait_sent(1), 1, "no completion");
	rte_delay_us_sleep(20000);
	hf_ethq_rx_arm(rx);
	TEST_ASSERT(wait_event(&rig.rx.ch, &cookie), "no event for what had come");
	return TEST_SUCCESS;
}

/* --- refusals --- */

static int
test_refused(void)
{
	const struct hf_ethq_tx_attr tgood = {
		.size = SIZE, .max_segs = 2, .max_inline = MAX_INLINE, .tisn = rig.tis.id};
	const struct hf_ethq_rx_attr rgood = {.size = SIZE, .max_segs = 1};
	unsigned int before = hf_objs_count(hf_devx_objs(rig.tx.dev), NULL);
	struct hf_ethq_tx_attr t;
	struct hf_ethq_rx_attr r;
	struct hf_ethq_tx *tx2 = NULL;
	struct hf_ethq_rx *rx2 = NULL;

	t = tgood;
	t.size = SIZE - 1;
	TEST_ASSERT_EQUAL(hf_ethq_tx_create(rig.tx.dev, &t, &tx2), -EINVAL, "odd size");
	t = tgood;
	t.max_segs = hf_ethq_tx_max_segs(caps(), MAX_INLINE) + 1;
	TEST_ASSERT_EQUAL(hf_ethq_tx_create(rig.tx.dev, &t, &tx2), -EINVAL, "segments");
	t = tgood;
	t.size = 2;
	TEST_ASSERT_EQUAL(hf_ethq_tx_create(rig.tx.dev, &t, &tx2), -EINVAL, "size 2");
	t = tgood;
	t.tisn ^= 0x8000;
	TEST_ASSERT_EQUAL(hf_ethq_tx_create(rig.tx.dev, &t, &tx2), -EINVAL, "no such tis");
	if (caps()->eth.min_inline != 0) {
		t = tgood;
		t.max_inline = caps()->eth.min_inline - 1;
		TEST_ASSERT_EQUAL(
			hf_ethq_tx_create(rig.tx.dev, &t, &tx2), -EINVAL, "no inlined bytes");
	}
	r = rgood;
	r.size = 0;
	TEST_ASSERT_EQUAL(hf_ethq_rx_create(rig.tx.dev, &r, &rx2), -EINVAL, "size 0");
	r = rgood;
	r.max_segs = hf_rq_max_segs(caps()) + 1;
	TEST_ASSERT_EQUAL(hf_ethq_rx_create(rig.tx.dev, &r, &rx2), -EINVAL, "segments");
	TEST_ASSERT_EQUAL(hf_objs_count(hf_devx_objs(rig.tx.dev), NULL), before, "left over");
	TEST_ASSERT(hf_ethq_rx_destroy(rx) < 0, "a queue that gets frames was destroyed");
	TEST_ASSERT(hf_steer_obj_destroy(&rig.tis) < 0, "a TIS in use was destroyed");
	TEST_ASSERT_SUCCESS(hf_steer_set(rig.steer, HF_RQT_RQ, NULL, 0), "no steering");
	TEST_ASSERT_SUCCESS(hf_ethq_rx_destroy(rx), "destroy");
	rx = NULL;
	return TEST_SUCCESS;
}

/* Each command of a creation fails: an error, and nothing is left. */
static int
test_create_fails(void)
{
	static const char *const commands[] = {
		"CREATE_UMEM:1", "CREATE_CQ:1", "CREATE_SQ:1", "CREATE_RQ:1"};
	const struct hf_ethq_tx_attr t = {
		.size = SIZE, .max_segs = 2, .max_inline = MAX_INLINE, .tisn = rig.tis.id};
	const struct hf_ethq_rx_attr r = {.size = SIZE, .max_segs = 1};
	unsigned int before = hf_objs_count(hf_devx_objs(rig.tx.dev), NULL);
	struct hf_ethq_tx *tx2 = NULL;
	struct hf_ethq_rx *rx2 = NULL;
	unsigned int i, failed;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	for (i = 0; i < RTE_DIM(commands); i++) {
		failed = 0;
		TEST_ASSERT_SUCCESS(nic_ctl_fail("%s", commands[i]), "%s", commands[i]);
		failed += hf_ethq_tx_create(rig.tx.dev, &t, &tx2) != 0;
		failed += hf_ethq_rx_create(rig.tx.dev, &r, &rx2) != 0;
		nic_ctl_fail_clear();
		TEST_ASSERT_EQUAL(failed, 1, "%s: %u creations failed", commands[i], failed);
		TEST_ASSERT_SUCCESS(hf_ethq_tx_destroy(tx2), "destroy");
		TEST_ASSERT_SUCCESS(hf_ethq_rx_destroy(rx2), "destroy");
		tx2 = NULL;
		rx2 = NULL;
		TEST_ASSERT_EQUAL(hf_objs_count(hf_devx_objs(rig.tx.dev), NULL), before,
			"%s: something is left", commands[i]);
	}
	TEST_ASSERT_SUCCESS(hf_ethq_tx_stop(tx), "stop");
	TEST_ASSERT_SUCCESS(nic_ctl_fail("MODIFY_SQ:1"), "fault");
	TEST_ASSERT(hf_ethq_tx_start(tx) < 0, "a start that failed");
	TEST_ASSERT_SUCCESS(hf_ethq_tx_start(tx), "start again");
	TEST_ASSERT_SUCCESS(nic_ctl_fail("MODIFY_SQ:1"), "fault");
	TEST_ASSERT(hf_ethq_tx_stop(tx) < 0, "a stop that failed");
	TEST_ASSERT_SUCCESS(hf_ethq_tx_stop(tx), "stop again");
	return TEST_SUCCESS;
}

/* After all others. */
static int
test_nothing_left(void)
{
	TEST_ASSERT_EQUAL(leaks, 0, "%u objects were left over", leaks);
	return TEST_SUCCESS;
}

static struct unit_test_suite ethq_suite = {
	.suite_name = "ethq",
	.setup = suite_setup,
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, teardown, test_traffic),
			TEST_CASE_ST(setup, teardown, test_full),
			TEST_CASE_ST(setup, teardown, test_mixed),
			TEST_CASE_ST(setup, teardown, test_csum),
			TEST_CASE_ST(setup, teardown, test_lso),
			TEST_CASE_ST(setup, teardown, test_send_error),
			TEST_CASE_ST(setup, teardown, test_send_error_shared),
			TEST_CASE_ST(setup, teardown, test_stop_unpolled),
			TEST_CASE_ST(setup, teardown, test_receive_length),
			TEST_CASE_ST(setup, teardown, test_receive_error),
			TEST_CASE_ST(setup, teardown, test_receive_stop),
			TEST_CASE_ST(setup, teardown, test_receive_forgotten),
			TEST_CASE_ST(setup, teardown, test_drops),
			TEST_CASE_ST(setup, teardown, test_arm),
			TEST_CASE_ST(setup, teardown, test_refused),
			TEST_CASE_ST(setup, teardown, test_create_fails),
			TEST_CASE(test_nothing_left),
			TEST_CASES_END(),
		},
};

static int
test_ethq(void)
{
	return unit_test_suite_runner(&ethq_suite);
}

REGISTER_TEST_COMMAND(ethq_autotest, test_ethq);
