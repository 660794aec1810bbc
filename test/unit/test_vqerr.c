/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What becomes of a virtqueue when its guest breaks the rules: one row for each rule, in split and
 * packed rings, sending and receiving. What came before the bad chain is carried out, the queue is
 * in error with the type and the counter that the row says, its driver gets one event, the other
 * queues go on, and a new queue in its place works.
 */
#include "dp_rig.h"

#include <stdlib.h>

#define SPLIT (1u << NIC_VQ_SPLIT)
#define PACKED (1u << NIC_VQ_PACKED)
#define BOTH (SPLIT | PACKED)
#define TX 1u
#define RX 2u
#define ANY (TX | RX)
#define BAD NIC_VQ_ERR_BAD_DESCRIPTOR
#define INVAL NIC_VQ_ERR_INVALID_BUFFER
#define LIMIT NIC_VQ_ERR_DESC_LIST_EXCEED_LIMIT
#define HEAD 4u /* first descriptor of the bad chain in a split ring */
#define LARGE_RING 128u

/* Flags are for sending; to receive, all but tables become writable. */
struct row {
	const char *what;
	unsigned int types, ways;
	struct buf b[2];
	unsigned int n;
	/* Spoil the chain at 'head', an index in the ring of descriptors. */
	void (*spoil)(struct guest *g, unsigned int head);
	enum nic_virtq_error error;
	enum vq_error why;
	bool alone; /* it spoils the ring for a chain before it as well */
};

static struct vring_desc *
desc_at(const struct guest *g, unsigned int i)
{
	return (struct vring_desc *)(g->base + DESC_OFF) + i;
}

static uint16_t
direction(const struct guest *g)
{
	return g->q.index % 2 == 0 ? W : 0;
}

static void
loop_split(struct guest *g, unsigned int head)
{
	desc_at(g, head)->flags = htole16(VRING_DESC_F_NEXT | direction(g));
	desc_at(g, head)->next = htole16((uint16_t)head);
}

static void
head_outside(struct guest *g, unsigned int head)
{
	(void)head;
	((uint16_t *)(g->base + DRIVER_OFF))[2 + (g->avail - 1) % RING] = htole16(RING);
}

static void
next_outside(struct guest *g, unsigned int head)
{
	desc_at(g, head)->flags = htole16(VRING_DESC_F_NEXT | direction(g));
	desc_at(g, head)->next = htole16(0xffff);
}

static void
index_far(struct guest *g, unsigned int head)
{
	(void)head;
	((uint16_t *)(g->base + DRIVER_OFF))[1] = htole16(RING + 1);
}

static void
wild_address(struct guest *g, unsigned int head)
{
	desc_at(g, head)->addr = htole64(UINT64_MAX - 10);
}

static void
table_nested(struct guest *g, unsigned int head)
{
	struct vring_desc *d = (struct vring_desc *)(g->base + TABLE_OFF);

	(void)head;
	/* the last field is flags in one format, the one before in the other */
	*d = (struct vring_desc){.addr = htole64(g->gpa + BUF_OFF),
		.len = htole32(16),
		.flags = htole16(IND),
		.next = htole16(IND)};
}

static void
table_loops(struct guest *g, unsigned int head)
{
	struct vring_desc *d = (struct vring_desc *)(g->base + TABLE_OFF);

	(void)head;
	*d = (struct vring_desc){.addr = htole64(g->gpa + BUF_OFF),
		.len = htole32(16),
		.flags = htole16(VRING_DESC_F_NEXT | direction(g)),
		.next = 0};
}

static void
table_next_outside(struct guest *g, unsigned int head)
{
	table_loops(g, head);
	((struct vring_desc *)(g->base + TABLE_OFF))->next = htole16(2);
}

static void
table_wrong_way(struct guest *g, unsigned int head)
{
	struct vring_desc *d = (struct vring_desc *)(g->base + TABLE_OFF);

	(void)head;
	*d = (struct vring_desc){.addr = htole64(g->gpa + BUF_OFF),
		.len = htole32(16),
		.flags = htole16(direction(g) ^ W),
		.next = htole16(direction(g) ^ W)};
}

static void
packed_loops(struct guest *g, unsigned int head)
{
	unsigned int i;

	(void)head;
	for (i = 0; i < RING; i++)
		*packed_at(g, (uint16_t)i) =
			(struct vring_packed_desc){.addr = htole64(g->gpa + BUF_OFF),
				.len = htole32(16),
				.flags = htole16(VRING_DESC_F_NEXT | direction(g) |
					1u << VRING_PACKED_DESC_F_AVAIL)};
}

/* A ring that has the room for a chain of one descriptor more than a chain may have. */
static void
long_chain(struct guest *g, unsigned int head)
{
	unsigned int i;

	g->q.size = LARGE_RING;
	for (i = 0; i <= VQ_MAX_CHAIN; i++) {
		uint16_t next = i < VQ_MAX_CHAIN ? VRING_DESC_F_NEXT : 0;

		if (g->q.type == NIC_VQ_PACKED)
			*packed_at(g, (uint16_t)(head + i)) =
				(struct vring_packed_desc){.addr = htole64(g->gpa + BUF_OFF),
					.len = htole32(1),
					.flags = htole16(next | direction(g) |
						1u << VRING_PACKED_DESC_F_AVAIL)};
		else
			*desc_at(g, head + i) =
				(struct vring_desc){.addr = htole64(g->gpa + BUF_OFF),
					.len = htole32(1),
					.flags = htole16(next | direction(g)),
					.next = htole16((uint16_t)(head + i + 1))};
	}
}

/* clang-format off */
static const struct row rows[] = {
	/* direction: a network queue has nothing but readable, or nothing but writable buffers */
	{ "buffer of the wrong direction", BOTH, ANY, { { BUF_OFF, 100, W } }, 1, NULL, BAD, VQ_E_DIRECTION, false },
	{ "first buffer right, second wrong", BOTH, ANY, { { BUF_OFF, 100, 0 }, { BUF_OFF, 100, W } }, 2, NULL, BAD, VQ_E_DIRECTION, false },
	{ "wrong direction in a table", BOTH, ANY, { { TABLE_OFF, 16, IND } }, 1, table_wrong_way, BAD, VQ_E_DIRECTION, false },
	/* length */
	{ "empty buffer", BOTH, ANY, { { BUF_OFF, 0, 0 } }, 1, NULL, BAD, VQ_E_LENGTH, false },
	{ "empty second buffer", BOTH, ANY, { { BUF_OFF, 10, 0 }, { BUF_OFF, 0, 0 } }, 2, NULL, BAD, VQ_E_LENGTH, false },
	{ "lengths that wrap", BOTH, ANY, { { BUF_OFF, 1000, 0 }, { BUF_OFF, UINT32_MAX, 0 } }, 2, NULL, BAD, VQ_E_LENGTH, false },
	{ "a length of 4 GiB", BOTH, ANY, { { BUF_OFF, UINT32_MAX, 0 } }, 1, NULL, INVAL, VQ_E_BOUNDS, false },
	{ "chain shorter than the header", BOTH, TX, { { BUF_OFF, 11, 0 } }, 1, NULL, BAD, VQ_E_HEADER, false },
	/* address */
	{ "buffer behind the memory key", BOTH, ANY, { { MEM_LEN, 100, 0 } }, 1, NULL, INVAL, VQ_E_BOUNDS, false },
	{ "buffer across the end of the key", BOTH, ANY, { { MEM_LEN - 50, 100, 0 } }, 1, NULL, INVAL, VQ_E_BOUNDS, false },
	{ "an address that wraps", BOTH, ANY, { { BUF_OFF, 100, 0 } }, 1, wild_address, INVAL, VQ_E_BOUNDS, false },
	/* order */
	{ "chain that loops", SPLIT, ANY, { { BUF_OFF, 100, 0 } }, 1, loop_split, BAD, VQ_E_LOOP, false },
	{ "chain without an end", PACKED, ANY, { { BUF_OFF, 100, 0 } }, 1, packed_loops, BAD, VQ_E_LOOP, true },
	{ "head outside of the ring", SPLIT, ANY, { { BUF_OFF, 100, 0 } }, 1, head_outside, BAD, VQ_E_INDEX, false },
	{ "next outside of the ring", SPLIT, ANY, { { BUF_OFF, 100, 0 } }, 1, next_outside, BAD, VQ_E_INDEX, false },
	{ "available index too far", SPLIT, ANY, { { BUF_OFF, 100, 0 } }, 1, index_far, BAD, VQ_E_AVAIL, true },
	{ "chain too long", BOTH, ANY, { { BUF_OFF, 1, 0 } }, 1, long_chain, LIMIT, VQ_E_CHAIN_LONG, false },
	/* indirect tables */
	{ "table of 15 bytes", BOTH, ANY, { { TABLE_OFF, 15, IND } }, 1, NULL, BAD, VQ_E_TABLE_SIZE, false },
	{ "table of 24 bytes", BOTH, ANY, { { TABLE_OFF, 24, IND } }, 1, NULL, BAD, VQ_E_TABLE_SIZE, false },
	{ "empty table", BOTH, ANY, { { TABLE_OFF, 0, IND } }, 1, NULL, BAD, VQ_E_TABLE_SIZE, false },
	{ "large table", BOTH, ANY, { { TABLE_OFF, 16 * (VQ_MAX_CHAIN + 1), IND } }, 1, NULL, LIMIT, VQ_E_TABLE_LONG, false },
	{ "huge table", BOTH, ANY, { { TABLE_OFF, 0xfffffff0, IND } }, 1, NULL, LIMIT, VQ_E_TABLE_LONG, false },
	{ "table behind the memory key", BOTH, ANY, { { MEM_LEN, 16, IND } }, 1, NULL, INVAL, VQ_E_BOUNDS, false },
	{ "table with a next descriptor", BOTH, ANY, { { TABLE_OFF, 16, IND }, { BUF_OFF, 10, 0 } }, 2, NULL, BAD, VQ_E_TABLE_NEXT, false },
	{ "table in a table", BOTH, ANY, { { TABLE_OFF, 16, IND } }, 1, table_nested, BAD, VQ_E_TABLE_NESTED, false },
	{ "table that loops", SPLIT, ANY, { { TABLE_OFF, 32, IND } }, 1, table_loops, BAD, VQ_E_TABLE_LOOP, false },
	{ "next outside of the table", SPLIT, ANY, { { TABLE_OFF, 32, IND } }, 1, table_next_outside, BAD, VQ_E_TABLE_LOOP, false },
};
/* clang-format on */

static struct lane lanes[2]; /* to guest 2, and to guest 0 */

static void
post_bad(struct guest *g, const struct row *r, unsigned int way)
{
	uint16_t head = g->q.type == NIC_VQ_PACKED ? g->avail & 0x7fff : HEAD;
	struct buf b[2];
	unsigned int i;

	for (i = 0; i < r->n; i++) {
		b[i] = r->b[i];
		if (way == RX && (b[i].flags & IND) == 0)
			b[i].flags ^= W;
		/* relative to the queue's part of the memory */
		if (b[i].off >= MEM_LEN - 50)
			b[i].off -= (uint32_t)(g->gpa - MEM_GPA);
	}
	post(g, HEAD, b, r->n);
	if (r->spoil != NULL)
		r->spoil(g, head);
}

/* One frame from a transmit queue, in descriptors from 'id' on. */
static void
send_one(unsigned int i, uint16_t id, const uint8_t *dst)
{
	static const struct virtio_net_hdr_v1 hdr;
	struct frame f;

	frame_make_ipv4(&f, dst, mac_x, IPPROTO_UDP, 100);
	post_frame(&guests[i], id, &f, &hdr);
	ring_doorbell(guests[i].q.obj.func);
	while (txq_serve(eng, &dp(i)->base) && dp(i)->last_work == eng->now)
		eng->now++;
}

/* A frame gets from queue to queue, in descriptors that nobody uses. */
static int
passes(unsigned int tx, unsigned int rx)
{
	uint32_t len;

	post_rx(&guests[rx], 8, BUF_LEN);
	ring_doorbell(guests[rx].q.obj.func);
	send_one(tx, 12, rx == 2 ? mac_b : mac_a);
	TEST_ASSERT_EQUAL(take(&guests[tx], 3, &len), 12, "not sent");
	TEST_ASSERT_EQUAL(take(&guests[rx], 2, &len), 8, "not received");
	return TEST_SUCCESS;
}

static int
setup_row(const struct row *r, enum nic_virtq_type type)
{
	unsigned int i;

	nic_setup();
	for (i = 0; i < RTE_DIM(guests); i++) {
		TEST_ASSERT_SUCCESS(guest_open(i, type), "queue %u", i);
		guests[i].q.counters = NULL;
	}
	lane_open(&lanes[0], 2);
	lane_open(&lanes[1], 0);
	if (!r->alone)
		post_rx(&guests[2], 0, BUF_LEN);
	return TEST_SUCCESS;
}

/* The chain before the bad one, the bad one, and what it takes for the NIC to see both. */
static int
run_row(const struct row *r, unsigned int way)
{
	static const struct virtio_net_hdr_v1 hdr;
	struct frame f;
	uint32_t len;

	if (way == TX) {
		frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_UDP, 100);
		if (!r->alone)
			post_frame(&guests[1], 0, &f, &hdr);
		post_bad(&guests[1], r, way);
		ring_doorbell(&funcs[1]);
		while (txq_serve(eng, &dp(1)->base))
			eng->now += 20000;
		TEST_ASSERT_EQUAL(take(&guests[1], 3, &len), r->alone ? -1 : 0, "before it: sent");
		TEST_ASSERT_EQUAL(
			take(&guests[2], 2, &len), r->alone ? -1 : 0, "before it: received");
		return TEST_SUCCESS;
	}
	post_bad(&guests[2], r, way);
	ring_doorbell(&funcs[2]);
	if (!r->alone) {
		send_one(1, 0, mac_b);
		TEST_ASSERT_EQUAL(take(&guests[2], 2, &len), 0, "before it: received");
		TEST_ASSERT_EQUAL(guests[2].q.state, NIC_VQ_RDY, "failed too early");
	}
	send_one(1, 4, mac_b);
	return TEST_SUCCESS;
}

static int
check_row(const struct row *r, unsigned int i)
{
	struct guest *g = &guests[i];

	TEST_ASSERT_EQUAL(g->q.state, NIC_VQ_ERR, "not in error");
	TEST_ASSERT_EQUAL(g->q.error_type, r->error, "error type %u", g->q.error_type);
	TEST_ASSERT_EQUAL(atomic_load(&g->q.obj.func->vq_errors[r->why]), 1u, "why");
	TEST_ASSERT_EQUAL(n_object_events, 1u, "%u events", n_object_events);
	TEST_ASSERT_EQUAL(DEVX_GET(affiliated_event_header, last_eqe + 32, obj_id), i, "event");
	TEST_ASSERT_EQUAL(DEVX_GET(affiliated_event_header, last_eqe + 32, obj_type),
		MLX5_GENERAL_OBJ_TYPE_VIRTQ, "event");
	TEST_ASSERT_EQUAL(atomic_load(&counters.bad_desc_errors), r->error == BAD, "counter");
	TEST_ASSERT_EQUAL(atomic_load(&counters.invalid_buffer), r->error == INVAL, "counter");
	TEST_ASSERT_EQUAL(atomic_load(&counters.exceed_max_chain), r->error == LIMIT, "counter");
	TEST_ASSERT_EQUAL(atomic_load(&counters.error_cqes), 0u, "counter");
	TEST_ASSERT_EQUAL(atomic_load(&counters.received_desc), r->alone ? 0u : 1u, "counter");
	TEST_ASSERT_EQUAL(atomic_load(&counters.completed_desc), r->alone ? 0u : 1u, "counter");
	/* both indices stand at the bad chain */
	TEST_ASSERT_EQUAL(g->q.avail_idx, g->used, "available index %#x", g->q.avail_idx);
	TEST_ASSERT_EQUAL(g->q.used_idx, g->used, "used index %#x", g->q.used_idx);
	TEST_ASSERT(!txq_serve(eng, &dp(i)->base), "served in error");
	return TEST_SUCCESS;
}

static int
one_row(const struct row *r, enum nic_virtq_type type, unsigned int way)
{
	unsigned int bad = way == TX ? 1 : 2, i;
	uint32_t len;

	TEST_ASSERT_SUCCESS(setup_row(r, type), "queues");
	guests[bad].q.counters = &counters;
	TEST_ASSERT_SUCCESS(run_row(r, way), "before it");
	TEST_ASSERT_SUCCESS(check_row(r, bad), "the error");
	TEST_ASSERT_SUCCESS(passes(3, 0), "another pair of queues");
	guest_close(bad);
	memset(guests[bad].base, 0, QUEUE_MEM);
	TEST_ASSERT_SUCCESS(guest_open(bad, type), "a new queue");
	lane_open(&lanes[0], 2);
	while (take(&guests[1], 3, &len) >= 0)
		;
	TEST_ASSERT_SUCCESS(passes(1, 2), "the new queue");
	TEST_ASSERT_EQUAL(n_object_events, 1u, "more events");
	for (i = 0; i < RTE_DIM(guests); i++)
		guest_close(i);
	return TEST_SUCCESS;
}

static int
all_rows(enum nic_virtq_type type, unsigned int way)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		if ((rows[i].types & 1u << type) != 0 && (rows[i].ways & way) != 0)
			TEST_ASSERT_SUCCESS(one_row(&rows[i], type, way), "%s", rows[i].what);
	}
	return TEST_SUCCESS;
}

static int
test_send_split(void)
{
	return all_rows(NIC_VQ_SPLIT, TX);
}

static int
test_send_packed(void)
{
	return all_rows(NIC_VQ_PACKED, TX);
}

static int
test_receive_split(void)
{
	return all_rows(NIC_VQ_SPLIT, RX);
}

static int
test_receive_packed(void)
{
	return all_rows(NIC_VQ_PACKED, RX);
}

/* Rings whose addresses are wrong, and rings full of noise. */
static int
test_hostile_rings(void)
{
	unsigned int i, n;
	int type;

	for (type = NIC_VQ_SPLIT; type <= NIC_VQ_PACKED; type++) {
		for (i = 0; i < 3; i++) {
			nic_setup();
			TEST_ASSERT_SUCCESS(guest_open(1, (enum nic_virtq_type)type), "queue");
			if (i == 0)
				guests[1].q.desc += 8;
			else if (i == 1)
				guests[1].q.avail = MEM_GPA + MEM_LEN - 2;
			else
				guests[1].q.used = UINT64_MAX - 3;
			TEST_ASSERT_EQUAL(vq_fetch(dp(1), 1), -1, "ring address %u", i);
			TEST_ASSERT_EQUAL(guests[1].q.error_type, INVAL, "ring address %u", i);
			guest_close(1);
		}
		srand(2);
		for (n = 0; n < 3000; n++) {
			nic_setup();
			TEST_ASSERT_SUCCESS(guest_open(1, (enum nic_virtq_type)type), "queue");
			for (i = 0; i < DEVICE_OFF; i++)
				guests[1].base[i] = rand() % 3 == 0 ? (uint8_t)rand() : 0;
			/* plausible addresses, so that it comes further than the first */
			for (i = 0; i < RING; i++)
				((uint64_t *)(guests[1].base + DESC_OFF))[2 * i] =
					htole64(guests[1].gpa + (uint32_t)rand() % 0x12000);
			ring_doorbell(guests[1].q.obj.func);
			for (i = 0; i < 20; i++)
				txq_serve(eng, &dp(1)->base);
			guest_close(1);
		}
	}
	return TEST_SUCCESS;
}

/* A key that goes away under a queue; memory that does. */
static int
test_lost_memory(void)
{
	struct buf b = {BUF_OFF, 100, 0};

	nic_setup();
	TEST_ASSERT_SUCCESS(guest_open(1, NIC_VQ_SPLIT), "queue");
	post(&guests[1], 0, &b, 1);
	TEST_ASSERT_EQUAL(vq_fetch(dp(1), 1), 1, "fetched");
	mkey_tbl[MKEY >> 8] = NULL;
	dp_mkeys_changed(&funcs[1]);
	TEST_ASSERT_EQUAL(dp(1)->n, 0u, "translations of a dead key are kept");
	TEST_ASSERT_EQUAL(vq_fetch(dp(1), 1), -1, "a dead key");
	TEST_ASSERT_EQUAL(guests[1].q.error_type, INVAL, "error type");
	guest_close(1);

	nic_setup();
	mkey.perm = NIC_PERM_LR;
	TEST_ASSERT_SUCCESS(guest_open(1, NIC_VQ_SPLIT), "queue");
	TEST_ASSERT_EQUAL(
		vq_fetch(dp(1), 1), -1, "a key without write permission under a used ring");
	guest_close(1);
	return TEST_SUCCESS;
}

static struct unit_test_suite vqerr_suite = {
	.suite_name = "vqerr",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_send_split),
			TEST_CASE(test_send_packed),
			TEST_CASE(test_receive_split),
			TEST_CASE(test_receive_packed),
			TEST_CASE(test_hostile_rings),
			TEST_CASE(test_lost_memory),
			TEST_CASES_END(),
		},
};

static int
test_vqerr(void)
{
	return unit_test_suite_runner(&vqerr_suite);
}

REGISTER_TEST_COMMAND(vqerr_autotest, test_vqerr);
