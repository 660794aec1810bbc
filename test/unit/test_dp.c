/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The data path of the emulated NIC, without firmware: the virtqueue engine on rings that a guest
 * with the best, and with the worst, intentions has made, offloads, e-switch, and completions.
 */
#include "dp_rig.h"

#include <stdlib.h>

#include "dp/csum.h"
#include "wire/wire.h"

/* --- rings --- */

static int
ring_order(enum nic_virtq_type type)
{
	static const struct buf b[3] = {
		{BUF_OFF, 100, 0}, {BUF_OFF + 200, 50, 0}, {BUF_OFF + 300, 25, 0}};
	uint32_t len, round;

	nic_setup();
	TEST_ASSERT_SUCCESS(guest_open(1, type), "queue");
	/* often enough for indices and wrap counters to go round several times */
	for (round = 0; round < 70000; round++) {
		unsigned int n = 1 + round % 3;

		post(&guests[1], (uint16_t)(round % 8), b, n);
		TEST_ASSERT_EQUAL(vq_fetch(dp(1), VQ_BURST), 1, "round %u", round);
		TEST_ASSERT_EQUAL(dp(1)->chain[dp(1)->head].n_seg, n, "segments");
		TEST_ASSERT_EQUAL(dp(1)->chain[dp(1)->head].len,
			n == 1           ? 100u
				: n == 2 ? 150u
					 : 175u,
			"bytes");
		TEST_ASSERT_EQUAL(take(&guests[1], n, &len), -1, "completed too early");
		vq_complete(dp(1), 0);
		vq_publish(dp(1));
		TEST_ASSERT_EQUAL(take(&guests[1], n, &len), (int)(round % 8), "its id");
		TEST_ASSERT_EQUAL(vq_fetch(dp(1), VQ_BURST), 0, "nothing more");
	}
	TEST_ASSERT_EQUAL(atomic_load(&counters.completed_desc), 70000u, "counter");
	guest_close(1);
	return TEST_SUCCESS;
}

static int
test_ring_split(void)
{
	return ring_order(NIC_VQ_SPLIT);
}

static int
test_ring_packed(void)
{
	return ring_order(NIC_VQ_PACKED);
}

static int
ring_indirect(enum nic_virtq_type type)
{
	struct vring_desc table[3];
	struct buf b = {TABLE_OFF, sizeof(table), VRING_DESC_F_INDIRECT};
	uint32_t len;
	unsigned int i;

	nic_setup();
	TEST_ASSERT_SUCCESS(guest_open(1, type), "queue");
	for (i = 0; i < 3; i++) {
		table[i] = (struct vring_desc){.addr = htole64(guests[1].gpa + BUF_OFF + i * 64),
			.len = htole32(10),
			.flags = htole16(type == NIC_VQ_SPLIT && i < 2 ? VRING_DESC_F_NEXT : 0),
			.next = htole16((uint16_t)(i + 1))};
		/* the last field is flags in both formats, the one before is next or id: swapped */
		if (type == NIC_VQ_PACKED) {
			table[i].flags = 0;
			table[i].next = 0;
		}
	}
	memcpy(guests[1].base + TABLE_OFF, table, sizeof(table));
	post(&guests[1], 3, &b, 1);
	TEST_ASSERT_EQUAL(vq_fetch(dp(1), VQ_BURST), 1, "fetched");
	TEST_ASSERT_EQUAL(dp(1)->chain[dp(1)->head].len, 30u, "bytes");
	TEST_ASSERT_EQUAL(dp(1)->chain[dp(1)->head].n_seg, 3u, "segments");
	vq_complete(dp(1), 0);
	vq_publish(dp(1));
	TEST_ASSERT_EQUAL(take(&guests[1], 1, &len), 3, "its id");
	guest_close(1);
	return TEST_SUCCESS;
}

static int
test_indirect_split(void)
{
	return ring_indirect(NIC_VQ_SPLIT);
}

static int
test_indirect_packed(void)
{
	return ring_indirect(NIC_VQ_PACKED);
}

/* --- chains of all shapes together --- */

#define SHAPES 8u /* in flight at most */
#define SHAPE_ROUNDS 30000u

/* A chain as it was made available. */
struct shape {
	unsigned int n; /* buffers */
	uint32_t off, len; /* of the first; each of the others is 64 further on and 1 longer */
};

static struct shape
post_shape(struct guest *g, unsigned int k, unsigned int kind)
{
	struct shape s = {.n = kind == 0 ? 1
			: kind == 1      ? 2
					 : 3 + (unsigned int)rand() % 14,
		.off = BUF_OFF + (unsigned int)rand() % 512 * 64,
		.len = 1 + (unsigned int)rand() % 50};
	struct vring_desc *table = (struct vring_desc *)(g->base + TABLE_OFF) + k * 64;
	struct buf b[2] = {{s.off, s.len, 0}, {s.off + 64, s.len + 1, 0}};
	bool split = g->q.type == NIC_VQ_SPLIT;
	unsigned int i;

	if (s.n <= 2) {
		post(g, (uint16_t)(k * 2), b, s.n);
		return s;
	}
	for (i = 0; i < s.n; i++)
		table[i] = (struct vring_desc){.addr = htole64(g->gpa + s.off + i * 64),
			.len = htole32(s.len + i),
			.flags = htole16(split && i + 1 < s.n ? VRING_DESC_F_NEXT : 0),
			.next = htole16((uint16_t)(split ? i + 1 : 0))};
	b[0] = (struct buf){TABLE_OFF + k * 64 * 16, s.n * 16, VRING_DESC_F_INDIRECT};
	post(g, (uint16_t)(k * 2), b, 1);
	return s;
}

static bool
is_shape(const struct guest *g, const struct vq_chain *c, const struct shape *s)
{
	const struct iovec *seg = &g->q.dp->pool[c->seg];
	unsigned int i;

	if (c->n_seg != s->n || c->len != s->n * s->len + s->n * (s->n - 1) / 2)
		return false;
	for (i = 0; i < s->n; i++) {
		uint64_t contig;

		if (seg[i].iov_len != s->len + i ||
			seg[i].iov_base !=
				mem_pin_ptr(
					pin, (uint64_t)(g->base - mem) + s->off + i * 64, &contig))
			return false;
	}
	return true;
}

/* Few at a time, and many; what is fetched stays as it was until it is completed. */
static int
ring_shapes(enum nic_virtq_type type)
{
	struct shape shapes[SHAPES];
	struct guest *g = &guests[1];
	unsigned int posted = 0, done = 0, i, n;
	uint32_t len;

	nic_setup();
	srand(3);
	TEST_ASSERT_SUCCESS(guest_open(1, type), "queue");
	while (done < SHAPE_ROUNDS) {
		for (n = (unsigned int)rand() % (SHAPES + 1 - (posted - done)); n > 0;
			n--, posted++)
			shapes[posted % SHAPES] =
				post_shape(g, posted % SHAPES, (unsigned int)rand() % 4);
		n = 1 + (unsigned int)rand() % SHAPES;
		TEST_ASSERT(vq_fetch(dp(1), n) >= 0, "chain %u", done);
		TEST_ASSERT(dp(1)->n > 0 || posted == done, "chain %u is not fetched", done);
		for (i = 0; i < dp(1)->n; i++)
			TEST_ASSERT(
				is_shape(g, vq_chain_at(dp(1), i), &shapes[(done + i) % SHAPES]),
				"chain %u of %u from %u on", i, dp(1)->n, done);
		n = dp(1)->n > 0 ? (unsigned int)rand() % (dp(1)->n + 1) : 0;
		for (i = 0; i < n; i++)
			vq_complete(dp(1), 0);
		vq_publish(dp(1));
		for (i = 0; i < n; i++, done++) {
			unsigned int k = done % SHAPES;

			TEST_ASSERT_EQUAL(
				take(g, type == NIC_VQ_PACKED && shapes[k].n == 2 ? 2 : 1, &len),
				(int)(k * 2), "chain %u comes back", done);
		}
		TEST_ASSERT_EQUAL(take(g, 1, &len), -1, "a chain comes back too early");
	}
	guest_close(1);
	return TEST_SUCCESS;
}

static int
test_pool(void)
{
	static const struct {
		unsigned int n, first, tail, from, room;
	} rows[] = {{0, 0, 0, 0, VQ_POOL}, {0, 5, 300, 0, VQ_POOL}, {1, 10, 12, 12, VQ_POOL - 12},
		{3, 10, VQ_POOL, VQ_POOL, 0}, {3, 300, 20, 20, 280}, {3, 300, 300, 300, 0}};
	static struct dp_vq v;
	unsigned int i, from;

	for (i = 0; i < RTE_DIM(rows); i++) {
		v.n = rows[i].n;
		v.chain[0].seg = (uint16_t)rows[i].first;
		v.seg_tail = rows[i].tail;
		TEST_ASSERT_EQUAL(vq_pool_room(&v, &from), rows[i].room, "row %u: room", i);
		TEST_ASSERT_EQUAL(from, rows[i].from, "row %u: from", i);
	}
	return TEST_SUCCESS;
}

static int
test_shapes_split(void)
{
	return ring_shapes(NIC_VQ_SPLIT);
}

static int
test_shapes_packed(void)
{
	return ring_shapes(NIC_VQ_PACKED);
}

/* --- indices at a stop and a start --- */

static int
stop_start(enum nic_virtq_type type)
{
	struct buf b = {BUF_OFF, 100, W};
	uint16_t zero = type == NIC_VQ_PACKED ? 0x8000 : 0, i;
	struct guest *g = &guests[0];
	uint32_t len;

	nic_setup();
	TEST_ASSERT_SUCCESS(guest_open(0, type), "queue");
	for (i = 0; i < 10; i++)
		post(g, i, &b, 1);
	rxq_start(dp(0));
	dp_virtq_indices(&g->q);
	TEST_ASSERT_EQUAL(g->q.avail_idx, zero | 10, "fetched ahead");
	TEST_ASSERT_EQUAL(g->q.used_idx, zero, "used");
	vq_complete(dp(0), 50);
	vq_complete(dp(0), 50);
	vq_publish(dp(0));
	dp_virtq_quiesce(&g->q);
	g->q.state = NIC_VQ_SUSPEND;
	TEST_ASSERT_EQUAL(g->q.avail_idx, zero | 10, "fetched, at the stop");
	TEST_ASSERT_EQUAL(g->q.used_idx, zero | 2, "used, at the stop");
	/* resumed as it is: what was fetched is fetched again */
	g->q.state = NIC_VQ_RDY;
	dp_virtq_ready(&g->q);
	rxq_start(dp(0));
	TEST_ASSERT_EQUAL(dp(0)->n, 8u, "fetched again");
	TEST_ASSERT_EQUAL(dp(0)->chain[dp(0)->head].id, 2u, "the first that was not used");
	dp_virtq_quiesce(&g->q);
	/* resumed at the position up to which the guest got its buffers back: the same */
	g->q.avail_idx = g->q.used_idx;
	dp_virtq_ready(&g->q);
	rxq_start(dp(0));
	TEST_ASSERT_EQUAL(dp(0)->n, 8u, "fetched from the used index on");
	for (i = 0; i < 8; i++)
		vq_complete(dp(0), 50);
	vq_publish(dp(0));
	for (i = 0; i < 10; i++)
		TEST_ASSERT_EQUAL(take(g, 1, &len), i, "buffer %u comes back once, in order", i);
	/* resumed with an available index ahead, by somebody who answers for what lies between */
	for (i = 0; i < 6; i++)
		post(g, i, &b, 1);
	dp_virtq_quiesce(&g->q);
	g->q.avail_idx = (uint16_t)(g->q.used_idx + 4);
	dp_virtq_ready(&g->q);
	rxq_start(dp(0));
	TEST_ASSERT_EQUAL(dp(0)->n, 2u, "fetched from the available index on");
	guest_close(0);
	return TEST_SUCCESS;
}

static int
test_stop_start_split(void)
{
	return stop_start(NIC_VQ_SPLIT);
}

static int
test_stop_start_packed(void)
{
	return stop_start(NIC_VQ_PACKED);
}

/* --- from queue to queue --- */

static int
queue_to_queue(enum nic_virtq_type type)
{
	struct virtio_net_hdr_v1 hdr = {0}, got;
	struct frame f;
	uint32_t len;

	nic_setup();
	TEST_ASSERT_SUCCESS(guest_open(1, type), "transmit queue");
	TEST_ASSERT_SUCCESS(guest_open(2, type), "receive queue");
	steer_to(&funcs[2], &guests[2].q);
	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_UDP, 900);
	post_rx(&guests[2], 0, BUF_LEN);
	post_frame(&guests[1], 0, &f, &hdr);
	TEST_ASSERT(!txq_serve(eng, &dp(1)->base), "served without a doorbell");
	TEST_ASSERT_EQUAL(take(&guests[1], 3, &len), -1, "sent without a doorbell");
	ring_doorbell(&funcs[1]);
	TEST_ASSERT(txq_serve(eng, &dp(1)->base), "served");
	TEST_ASSERT_EQUAL(take(&guests[1], 3, &len), 0, "sent");
	TEST_ASSERT_EQUAL(take(&guests[2], 2, &len), 0, "received");
	TEST_ASSERT_EQUAL(len, f.len + 12, "length");
	TEST_ASSERT(memcmp(guests[2].base + BUF_OFF + 12, f.b, f.len) == 0, "payload");
	memcpy(&got, guests[2].base + BUF_OFF, sizeof(got));
	TEST_ASSERT_EQUAL(le16toh(got.num_buffers), 1, "num_buffers");
	TEST_ASSERT_EQUAL(atomic_load(&flows[0].hits), 1u, "hits of the flow");
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.tx_pkts), 1u, "sent, counted");
	TEST_ASSERT_EQUAL(atomic_load(&funcs[2].stats.rx_bytes), f.len, "received, counted");

	/* no buffer; a buffer that is too small stays for the next frame */
	ring_doorbell(&funcs[1]);
	post_frame(&guests[1], 4, &f, &hdr);
	txq_serve(eng, &dp(1)->base);
	TEST_ASSERT_EQUAL(atomic_load(&funcs[2].stats.rx_no_buffer), 1u, "no buffer");
	post_rx(&guests[2], 2, f.len + 11);
	post_frame(&guests[1], 4, &f, &hdr);
	txq_serve(eng, &dp(1)->base);
	TEST_ASSERT_EQUAL(atomic_load(&funcs[2].stats.rx_no_buffer), 2u,
		"starved, and a buffer was fetched without a doorbell");
	ring_doorbell(&funcs[2]);
	post_frame(&guests[1], 8, &f, &hdr);
	txq_serve(eng, &dp(1)->base);
	TEST_ASSERT_EQUAL(atomic_load(&funcs[2].stats.rx_oversize), 1u, "too small a buffer");
	f.len--;
	post_frame(&guests[1], 12, &f, &hdr);
	txq_serve(eng, &dp(1)->base);
	TEST_ASSERT_EQUAL(take(&guests[2], 2, &len), 2, "the buffer served the next frame");

	/* a moment of silence, and a doorbell is needed again */
	eng->now += 1000000;
	TEST_ASSERT(!txq_serve(eng, &dp(1)->base), "idle");
	post_rx(&guests[2], 4, BUF_LEN);
	post_frame(&guests[1], 0, &f, &hdr);
	TEST_ASSERT(!txq_serve(eng, &dp(1)->base), "served without a new doorbell");
	guest_close(2);
	guest_close(1);
	return TEST_SUCCESS;
}

static int
test_queue_to_queue_split(void)
{
	return queue_to_queue(NIC_VQ_SPLIT);
}

static int
test_queue_to_queue_packed(void)
{
	return queue_to_queue(NIC_VQ_PACKED);
}

/* The receiver's file is cut short, then the sender's: each fails alone. */
static int
test_truncated(void)
{
	struct virtio_net_hdr_v1 hdr = {0};
	struct frame f;
	uint32_t len;

	TEST_ASSERT_SUCCESS(file_memory(), "memory");
	TEST_ASSERT_SUCCESS(guest_open(1, NIC_VQ_SPLIT), "transmit queue");
	TEST_ASSERT_SUCCESS(guest_open(2, NIC_VQ_SPLIT), "receive queue");
	steer_to(&funcs[2], &guests[2].q);
	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_UDP, 900);
	post_rx(&guests[2], 0, BUF_LEN);
	post_frame(&guests[1], 0, &f, &hdr);
	rxq_start(dp(2));
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, 2 * QUEUE_MEM), "cut off the receiver");
	ring_doorbell(&funcs[1]);
	TEST_ASSERT(txq_serve(eng, &dp(1)->base), "served");
	TEST_ASSERT_EQUAL(guests[2].q.state, NIC_VQ_ERR, "the receiver is in error");
	TEST_ASSERT_EQUAL(guests[1].q.state, NIC_VQ_RDY, "the sender is not");
	TEST_ASSERT_EQUAL(
		pthread_mutex_trylock(&dp(2)->base.lock), 0, "the receiver's lock is held");
	pthread_mutex_unlock(&dp(2)->base.lock);
	TEST_ASSERT_EQUAL(take(&guests[1], 3, &len), 0, "the frame counts as sent");
	post_frame(&guests[1], 4, &f, &hdr);
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, QUEUE_MEM), "cut off the sender");
	txq_serve(eng, &dp(1)->base);
	TEST_ASSERT_EQUAL(guests[1].q.state, NIC_VQ_ERR, "the sender is in error");
	TEST_ASSERT_EQUAL(n_object_events, 2u, "events");
	guest_close(2);
	guest_close(1);
	usual_memory();
	return TEST_SUCCESS;
}

/* The sender's memory ends in the middle of its second frame: the receiver keeps the first. */
static int
truncated_burst(enum nic_virtq_type type)
{
	const struct virtio_net_hdr_v1 hdr = {0};
	const struct buf cut[2] = {{BUF_OFF + 8 * BUF_LEN, 12 + 200, 0}, {2 * QUEUE_MEM, 700, 0}};
	struct frame f;
	uint32_t len;

	TEST_ASSERT_SUCCESS(file_memory(), "memory");
	TEST_ASSERT_SUCCESS(guest_open(1, type), "transmit queue");
	TEST_ASSERT_SUCCESS(guest_open(2, type), "receive queue");
	steer_to(&funcs[2], &guests[2].q);
	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_UDP, 900);
	post_rx(&guests[2], 0, BUF_LEN);
	post_rx(&guests[2], 2, BUF_LEN);
	post_frame(&guests[1], 0, &f, &hdr);
	memcpy(guests[1].base + cut[0].off + 12, f.b, 200);
	post(&guests[1], 4, cut, 2);
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, 3 * QUEUE_MEM), "cut off the second frame");
	ring_doorbell(&funcs[1]);
	txq_serve(eng, &dp(1)->base);
	TEST_ASSERT_EQUAL(guests[1].q.state, NIC_VQ_ERR, "the sender is in error");
	TEST_ASSERT_EQUAL(guests[2].q.state, NIC_VQ_RDY, "the receiver is not");
	TEST_ASSERT_EQUAL(take(&guests[2], 2, &len), 0, "the first frame is visible");
	TEST_ASSERT_EQUAL(len, f.len + 12, "its length");
	TEST_ASSERT_EQUAL(take(&guests[2], 2, &len), -1, "the second is not");
	dp_virtq_indices(&guests[2].q);
	TEST_ASSERT_EQUAL(guests[2].q.used_idx, guests[2].used, "used index");
	guest_close(2);
	guest_close(1);
	usual_memory();
	return TEST_SUCCESS;
}

static int
test_truncated_burst(void)
{
	TEST_ASSERT_SUCCESS(truncated_burst(NIC_VQ_SPLIT), "split");
	return truncated_burst(NIC_VQ_PACKED);
}

static int
test_offloads(void)
{
	struct virtio_net_hdr_v1 hdr = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					 .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					 .csum_start = htole16(34),
					 .csum_offset = htole16(16),
					 .gso_size = htole16(300)},
				 got;
	uint32_t len, seen = 0;
	struct frame f, part;
	struct pkt p;
	int i;

	nic_setup();
	TEST_ASSERT_SUCCESS(guest_open(1, NIC_VQ_SPLIT), "transmit queue");
	TEST_ASSERT_SUCCESS(guest_open(2, NIC_VQ_SPLIT), "receive queue");
	steer_to(&funcs[2], &guests[2].q);
	guests[2].q.features = NIC_VQ_F_GUEST_CSUM;
	for (i = 0; i < 5; i++)
		post_rx(&guests[2], (uint16_t)(i * 2), BUF_LEN);
	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_TCP, 1000);
	f.b[34 + 13] |= 0x81; /* CWR, FIN */
	post_frame(&guests[1], 0, &f, &hdr);
	ring_doorbell(&funcs[1]);
	txq_serve(eng, &dp(1)->base);
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.tx_dropped), 1u,
		"segmentation that was not negotiated");
	guests[1].q.features = NIC_VQ_F_HOST_TSO4 | NIC_VQ_F_CSUM;
	post_frame(&guests[1], 4, &f, &hdr);
	txq_serve(eng, &dp(1)->base);
	for (i = 0; i < 4; i++) {
		TEST_ASSERT_EQUAL(take(&guests[2], 2, &len), i * 2, "segment %d", i);
		part.len = len - 12;
		memcpy(part.b, guests[2].base + BUF_OFF + (uint32_t)i * 2 * BUF_LEN + 12, part.len);
		memcpy(&got, guests[2].base + BUF_OFF + (uint32_t)i * 2 * BUF_LEN, sizeof(got));
		frame_load(&p, &part);
		TEST_ASSERT_EQUAL(part.len, 54u + (i < 3 ? 300u : 100u), "its length");
		TEST_ASSERT(csum_verify(&p), "its checksums");
		TEST_ASSERT_EQUAL(got.flags, VIRTIO_NET_HDR_F_DATA_VALID, "checked by the NIC");
		TEST_ASSERT_EQUAL(pkt_be16(part.b + 34 + 6), seen, "its sequence number");
		TEST_ASSERT_EQUAL(part.b[34 + 13],
			i == 0           ? 0x90
				: i == 3 ? 0x19
					 : 0x10,
			"its flags");
		TEST_ASSERT(
			memcmp(part.b + 54, f.b + 54 + seen, part.len - 54) == 0, "its payload");
		seen += part.len - 54;
	}
	TEST_ASSERT_EQUAL(seen, 1000u, "all of the payload");
	guest_close(2);
	guest_close(1);
	return TEST_SUCCESS;
}

/* Segments of a byte: a burst ends early, and the next takes the rest without a doorbell. */
static int
test_many_segments(void)
{
	static const struct virtio_net_hdr_v1 hdr = {
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1};
	enum { CHAINS = 5, SEGS = 1500 };
	struct frame f;
	uint32_t len;
	unsigned int type, i;

	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_TCP, SEGS);
	for (type = NIC_VQ_SPLIT; type <= NIC_VQ_PACKED; type++) {
		nic_setup();
		TEST_ASSERT_SUCCESS(guest_open(1, (enum nic_virtq_type)type), "transmit queue");
		guests[1].q.features = NIC_VQ_F_HOST_TSO4;
		for (i = 0; i < CHAINS; i++)
			post_frame(&guests[1], (uint16_t)(i * (type == NIC_VQ_SPLIT ? 3 : 4)), &f,
				&hdr);
		ring_doorbell(&funcs[1]);
		TEST_ASSERT(txq_serve(eng, &dp(1)->base), "nothing to do");
		TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.tx_pkts), 3u * SEGS, "one burst");
		for (i = 0; i < 3; i++)
			TEST_ASSERT(take(&guests[1], 3, &len) >= 0, "completed");
		TEST_ASSERT_EQUAL(take(&guests[1], 3, &len), -1, "before it was sent");
		eng->now += 20000;
		TEST_ASSERT(txq_serve(eng, &dp(1)->base), "waits for a doorbell");
		TEST_ASSERT_EQUAL(
			atomic_load(&funcs[1].stats.tx_pkts), CHAINS * SEGS + 0u, "the rest");
		for (; i < CHAINS; i++)
			TEST_ASSERT(take(&guests[1], 3, &len) >= 0, "completed");
		guest_close(1);
	}
	return TEST_SUCCESS;
}

/* --- e-switch --- */

static unsigned int
went(const uint8_t *dst, const uint8_t *src, struct nic_func *from)
{
	struct frame f;
	struct pkt p;

	frame_make_ipv4(&f, dst, src, IPPROTO_UDP, 10);
	frame_load(&p, &f);
	eng->dest.valid = false;
	eswitch_send(eng, from, &p);
	return (unsigned int)eng->dest.funcs[0] | (eng->dest.wire ? 0x100u : 0);
}

static int
test_eswitch(void)
{
	nic_setup();
	TEST_ASSERT_EQUAL(went(mac_b, mac_a, &funcs[1]), 0x4u, "to a function");
	TEST_ASSERT_EQUAL(went(mac_a, mac_a, &funcs[1]), 0u, "to itself: nobody");
	TEST_ASSERT_EQUAL(
		went(mac_bcast, mac_a, &funcs[1]), 0x105u, "broadcast: all others, and the wire");
	TEST_ASSERT_EQUAL(went(mac_bcast, mac_a, NULL), 0x7u, "broadcast from the wire: all");
	TEST_ASSERT_EQUAL(
		went(mac_mc, mac_a, &funcs[1]), 0x100u, "multicast without members: the wire");
	memcpy(&funcs[2].vport.mc[0], mac_mc, 6);
	funcs[2].vport.n_mc = 1;
	TEST_ASSERT_EQUAL(went(mac_mc, mac_a, &funcs[1]), 0x104u, "multicast to a member");
	funcs[0].vport.allmulti = true;
	TEST_ASSERT_EQUAL(went(mac_mc, mac_a, &funcs[1]), 0x104u, "allmulti without trust");
	funcs[0].vport.trusted = true;
	TEST_ASSERT_EQUAL(went(mac_mc, mac_a, &funcs[1]), 0x105u, "allmulti");
	memset(&funcs[0].vport.mac, 0, 6);
	TEST_ASSERT_EQUAL(went(mac_x, mac_a, &funcs[1]), 0x100u, "unknown: the wire");
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.tx_no_dest), 3u, "nobody, and an empty port");
	TEST_ASSERT_EQUAL(went(mac_x, mac_a, NULL), 0u, "unknown, from the wire");
	funcs[0].vport.promisc = true;
	TEST_ASSERT_EQUAL(went(mac_x, mac_a, NULL), 0x1u, "the same with a promiscuous function");
	return TEST_SUCCESS;
}

static int
test_eswitch_learns(void)
{
	nic_setup();
	conf.learn = true;
	TEST_ASSERT_SUCCESS(eswitch_init(&nic), "table");
	conf.learn = false;
	memset(&funcs[0].vport.mac, 0, 6);
	TEST_ASSERT_EQUAL(went(mac_x, mac_a, &funcs[1]), 0x105u, "not known: to all others");
	TEST_ASSERT_EQUAL(went(mac_a, mac_x, &funcs[2]), 0x2u,
		"a function's own address, and a frame to learn from");
	TEST_ASSERT_EQUAL(went(mac_x, mac_a, &funcs[1]), 0x4u, "learned");
	TEST_ASSERT_EQUAL(went(mac_x, mac_b, &funcs[2]), 0u, "learned, and the sender sits there");
	went(mac_bcast, mac_x, NULL);
	TEST_ASSERT_EQUAL(went(mac_x, mac_a, &funcs[1]), 0x100u, "it moved to the wire");
	eswitch_fini(&nic);
	return TEST_SUCCESS;
}

static int
test_wire_spec(void)
{
	static const char *const good[] = {"none", "loop", "tap:nic0", "if:eth0"};
	static const char *const bad[] = {"", "Loop", "loop:", "loop:x", "tap",
		"tap:", "tap:a-name-much-too-long", "none ", "ifx:a"};
	char why[256];
	unsigned int i;

	for (i = 0; i < RTE_DIM(good); i++)
		TEST_ASSERT_SUCCESS(
			wire_check(good[i], why, sizeof(why)), "\"%s\": %s", good[i], why);
	for (i = 0; i < RTE_DIM(bad); i++)
		TEST_ASSERT(wire_check(bad[i], why, sizeof(why)) < 0, "\"%s\" is taken", bad[i]);
	return TEST_SUCCESS;
}

/* --- completions --- */

static bool
sent(void)
{
	return cq_complete_qp(&qps[0]) == CQ_SENT;
}

/* An entry that is not in one piece of memory fails the CQ: it is not lost unseen. */
static int
test_cq_in_pieces(void)
{
	struct nic_cq *cq = cq_setup(false);

	*word(QP_DBR) = htobe32(4);
	cq->offset = MEM_LEN - 64 - 32;
	TEST_ASSERT(sent(), "the first entry");
	TEST_ASSERT(!cq_complete(cq, 1, 1, MLX5_CQE_RESP_SEND), "the second was written");
	TEST_ASSERT(cq->error, "the CQ goes on");
	TEST_ASSERT_EQUAL(n_cq_errors, 1u, "%u errors", n_cq_errors);
	TEST_ASSERT_EQUAL(DEVX_GET(cq_error, last_eqe + 32, syndrome), 2u, "access violation");
	TEST_ASSERT_EQUAL(cq->pi, 1u, "producer");
	return TEST_SUCCESS;
}

static int
test_cq_collapsed(void)
{
	struct nic_cq *cq = cq_setup(true);

	TEST_ASSERT_EQUAL(cq_complete_qp(&qps[0]), CQ_RNR, "no receive WQE is posted");
	*word(QP_DBR) = htobe32(4);
	TEST_ASSERT(sent() && sent(), "two of four");
	TEST_ASSERT_EQUAL(pkt_be16(mem + 60), 1, "wqe_counter of the second, in entry 0");
	TEST_ASSERT_EQUAL(mem[63], 2 << 4, "op_own");
	TEST_ASSERT(!cq_raise(cq), "armed without a ring of the UAR");
	bar[1][BELL] = 1;
	TEST_ASSERT(cq_raise(cq), "the first ring, with an arm word of 0");
	TEST_ASSERT_EQUAL(bar[1][BELL], 0u, "the ring was taken");
	TEST_ASSERT_EQUAL(n_comp_events, 1u, "one event");
	TEST_ASSERT(sent(), "third");
	TEST_ASSERT(!cq_raise(cq), "not armed again");
	bar[1][BELL] = 1;
	TEST_ASSERT(!cq_raise(cq), "rung for another queue");
	*word(CQ_DBR + 4) = htobe32(1u << 28 | 2);
	TEST_ASSERT(!cq_raise(cq), "an arm word without a ring");
	bar[1][BELL] = 1;
	TEST_ASSERT(cq_raise(cq), "armed with a completion waiting");
	TEST_ASSERT_EQUAL(n_comp_events, 2u, "its event");
	*word(CQ_DBR) = htobe32(3);
	*word(CQ_DBR + 4) = htobe32(2u << 28 | 3);
	bar[1][BELL] = 1;
	TEST_ASSERT(cq_raise(cq), "armed, nothing new");
	TEST_ASSERT_EQUAL(n_comp_events, 2u, "no event");
	TEST_ASSERT(sent() && cq_raise(cq), "fourth");
	TEST_ASSERT_EQUAL(n_comp_events, 3u, "its event");
	TEST_ASSERT_EQUAL(cq_complete_qp(&qps[0]), CQ_RNR, "all receive WQEs are used");
	dp_qp_reset(&qps[1]);
	TEST_ASSERT(sent(), "from the start again");
	TEST_ASSERT_EQUAL(pkt_be16(mem + 60), 0, "wqe_counter");
	return TEST_SUCCESS;
}

static int
test_cq_ring(void)
{
	struct nic_cq *cq = cq_setup(false);
	unsigned int i;

	*word(QP_DBR) = htobe32(100);
	for (i = 0; i < 4; i++)
		TEST_ASSERT(sent(), "entry %u", i);
	for (i = 0; i < 4; i++) {
		TEST_ASSERT_EQUAL(pkt_be16(mem + i * 64 + 60), i, "wqe_counter of entry %u", i);
		TEST_ASSERT_EQUAL(mem[i * 64 + 63], 2 << 4, "owner of the first round");
	}
	*word(CQ_DBR) = htobe32(1);
	TEST_ASSERT(sent(), "second round");
	TEST_ASSERT_EQUAL(mem[63], 2 << 4 | 1, "owner of the second round");
	TEST_ASSERT_EQUAL(n_cq_errors, 0u, "no overrun yet");
	TEST_ASSERT_EQUAL(cq_complete_qp(&qps[0]), CQ_REMOTE_ERROR, "overrun");
	TEST_ASSERT(cq->error && n_cq_errors == 1, "overrun");
	TEST_ASSERT_EQUAL(qps[1].state, NIC_QP_ERR, "its queue pair");
	TEST_ASSERT_EQUAL(n_qp_errors, 1u, "the queue pair's event");
	TEST_ASSERT_EQUAL(cq_complete_qp(&qps[0]), CQ_NO_ACK, "a peer in error");
	TEST_ASSERT_EQUAL(n_cq_errors, 1u, "told once");
	qps[1].state = NIC_QP_RTR;
	TEST_ASSERT_EQUAL(cq_complete_qp(&qps[0]), CQ_REMOTE_ERROR, "a peer with a dead queue");
	qps[1].state = NIC_QP_RTR;
	qps[1].remote_qpn = 1;
	TEST_ASSERT_EQUAL(
		cq_complete_qp(&qps[0]), CQ_NO_ACK, "a peer that is connected to another");
	return TEST_SUCCESS;
}

static void
complete_step(struct dp_engine *e, struct dp_queue *q)
{
	(void)e;
	(void)q;
	cq_complete_qp(&qps[0]);
}

/* The file behind a CQ is cut short: the CQ fails, and nobody waits for it. */
static int
test_cq_truncated(void)
{
	struct nic_cq *cq;

	TEST_ASSERT_SUCCESS(file_memory(), "memory");
	cq = cq_setup(true);
	cq->offset = MEM_LEN / 2;
	*word(QP_DBR) = htobe32(4);
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, MEM_LEN / 4), "cut off the CQ");
	TEST_ASSERT(!engine_dma(eng, NULL, complete_step), "no fault");
	TEST_ASSERT(cq->error && n_cq_errors == 1, "the CQ is in error");
	TEST_ASSERT_EQUAL(DEVX_GET(cq_error, last_eqe + 32, syndrome), 2u, "its syndrome");
	TEST_ASSERT_EQUAL(cq->dp_lock, 0u, "its lock is held");
	TEST_ASSERT(engine_dma(eng, NULL, complete_step), "a dead CQ is touched");
	usual_memory();
	return TEST_SUCCESS;
}

static struct unit_test_suite dp_suite = {
	.suite_name = "dp",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_ring_split),
			TEST_CASE(test_ring_packed),
			TEST_CASE(test_indirect_split),
			TEST_CASE(test_indirect_packed),
			TEST_CASE(test_pool),
			TEST_CASE(test_shapes_split),
			TEST_CASE(test_shapes_packed),
			TEST_CASE(test_stop_start_split),
			TEST_CASE(test_stop_start_packed),
			TEST_CASE(test_queue_to_queue_split),
			TEST_CASE(test_queue_to_queue_packed),
			TEST_CASE(test_truncated),
			TEST_CASE(test_truncated_burst),
			TEST_CASE(test_offloads),
			TEST_CASE(test_many_segments),
			TEST_CASE(test_eswitch),
			TEST_CASE(test_eswitch_learns),
			TEST_CASE(test_wire_spec),
			TEST_CASE(test_cq_collapsed),
			TEST_CASE(test_cq_in_pieces),
			TEST_CASE(test_cq_ring),
			TEST_CASE(test_cq_truncated),
			TEST_CASES_END(),
		},
};

static int
test_dp(void)
{
	return unit_test_suite_runner(&dp_suite);
}

REGISTER_TEST_COMMAND(dp_autotest, test_dp);
