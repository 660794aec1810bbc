/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The rings of raw Ethernet queues in plain memory, where the test is the NIC: what an entry says,
 * around the end of the ring, what doorbells say, and completions with the owner bits of each round
 * and of a NIC gone mad. The real NIC's side is in test_ethq.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "hf_ethq.h"
#include "test.h"

#define SIZE 8u
#define SEGS 4u
#define SQN 0x123456u
#define DB_IDLE UINT64_C(0)

static uint8_t ring[SIZE * MLX5_SEND_WQE_BB] __rte_cache_aligned;
static struct prm_eth_cqe cqes[SIZE];
static uint32_t slots[SIZE], rec, ci_rec;
static uint64_t db;
static uint32_t cq_pi; /* completions that the NIC has written */
static struct hf_ethq_tx tx;
static struct hf_ethq_rx rx;

static struct hf_ethq_cq
cq_make(void)
{
	unsigned int i;

	memset(cqes, 0, sizeof(cqes));
	for (i = 0; i < SIZE; i++)
		cqes[i].op_own = MLX5_CQE_INVALID << 4 | MLX5_CQE_OWNER_MASK;
	memset(ring, 0xee, sizeof(ring));
	rec = ci_rec = UINT32_MAX;
	db = DB_IDLE;
	cq_pi = 0;
	return (struct hf_ethq_cq){.cqe = cqes, .size = SIZE, .ci_rec = &ci_rec};
}

static int
setup(void)
{
	tx = (struct hf_ethq_tx){
		.ring = ring,
		.ring_end = ring + sizeof(ring),
		.slot = slots,
		.sqn = SQN << 8,
		.size = SIZE,
		.rec = &rec,
		.db = &db,
		.name = "nic7",
		.sq.wq.kind = "sq",
		.cq = cq_make(),
	};
	rx = (struct hf_ethq_rx){
		.ring = ring,
		.size = SIZE,
		.segs = SEGS,
		.log_stride = 6,
		.rec = &rec,
		.name = "nic7",
		.rq.kind = "rq",
		.cq = cq_make(),
	};
	return TEST_SUCCESS;
}

/* As the NIC: the owner bit last. */
static struct prm_eth_cqe *
cqe_write(uint8_t opcode, uint16_t counter)
{
	struct prm_eth_cqe *c = &cqes[cq_pi % SIZE];

	c->wqe_counter = rte_cpu_to_be_16(counter);
	c->op_own = opcode << 4 | !!(cq_pi & SIZE);
	cq_pi++;
	return c;
}

static struct hf_ethq_seg
seg_of(unsigned int n)
{
	return (struct hf_ethq_seg){
		.addr = UINT64_C(0x1122334455000000) + n, .len = 64 + n, .lkey = 0xabcd00 + n};
}

static bool
put(unsigned int n_segs, unsigned int first)
{
	struct hf_ethq_seg segs[32];
	struct hf_ethq_tx_pkt pkt = {.segs = segs, .n_segs = n_segs};
	unsigned int i;

	for (i = 0; i < n_segs; i++)
		segs[i] = seg_of(first + i);
	return hf_ethq_tx_put(&tx, &pkt);
}

/* The n-th unit of 16 bytes from the entry at block 'pi' on. */
static void *
unit(uint16_t pi, unsigned int n)
{
	return ring + (pi * MLX5_SEND_WQE_BB + n * MLX5_WSEG_SIZE) % sizeof(ring);
}

static bool
is_seg(const struct mlx5_wqe_data_seg *d, unsigned int n)
{
	struct hf_ethq_seg s = seg_of(n);

	return rte_be_to_cpu_32(d->byte_count) == s.len && rte_be_to_cpu_32(d->lkey) == s.lkey &&
		rte_be_to_cpu_64(d->addr) == s.addr;
}

/* --- sending --- */

static int
test_entry(void)
{
	static const uint8_t hdr[54] = "the first bytes of a frame, up to the TCP payload....";
	struct hf_ethq_seg segs[] = {seg_of(1), seg_of(2)};
	struct hf_ethq_tx_pkt pkt = {
		.hdr = hdr,
		.hdr_len = sizeof(hdr),
		.segs = segs,
		.n_segs = RTE_DIM(segs),
		.mss = 1448,
		.csum = HF_ETHQ_TX_CSUM_L3 | HF_ETHQ_TX_CSUM_L4,
	};
	struct mlx5_wqe_ctrl_seg *ctrl = unit(0, 0);
	struct mlx5_wqe_eth_seg *eth = unit(0, 1);

	TEST_ASSERT(hf_ethq_tx_put(&tx, &pkt), "no room");
	TEST_ASSERT_EQUAL(
		rte_be_to_cpu_32(ctrl->opmod_idx_opcode), MLX5_OPCODE_TSO, "opcode, index");
	/* 52 bytes behind the first two are four units. */
	TEST_ASSERT_EQUAL(
		rte_be_to_cpu_32(ctrl->qpn_ds), SQN << 8 | (2 + 4 + 2), "queue, segments");
	TEST_ASSERT_EQUAL(ctrl->fm_ce_se, MLX5_COMP_ONLY_FIRST_ERR << 2, "no completion yet");
	TEST_ASSERT_EQUAL(ctrl->imm, 0, "immediate");
	TEST_ASSERT_EQUAL(eth->cs_flags, 0xc0, "checksums");
	TEST_ASSERT_EQUAL(rte_be_to_cpu_16(eth->mss), 1448, "mss");
	TEST_ASSERT_EQUAL(rte_be_to_cpu_16(eth->inline_hdr_sz), sizeof(hdr), "inlined");
	TEST_ASSERT_EQUAL(memcmp(eth->inline_hdr_start, hdr, 2), 0, "first two bytes");
	TEST_ASSERT_EQUAL(memcmp(unit(0, 2), hdr + 2, sizeof(hdr) - 2), 0, "the others");
	TEST_ASSERT(is_seg(unit(0, 6), 1) && is_seg(unit(0, 7), 2), "segments");
	TEST_ASSERT_EQUAL(db, DB_IDLE, "a doorbell before ring");
	TEST_ASSERT(put(1, 3), "no room");
	ctrl = unit(2, 0);
	eth = unit(2, 1);
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(ctrl->opmod_idx_opcode), 2 << 8 | MLX5_OPCODE_SEND,
		"the second starts behind two blocks");
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(ctrl->qpn_ds), SQN << 8 | 3, "queue, segments");
	TEST_ASSERT(eth->mss == 0 && eth->cs_flags == 0 && eth->inline_hdr_sz == 0, "offloads");
	TEST_ASSERT(is_seg(unit(2, 2), 3), "segment");
	hf_ethq_tx_ring(&tx);
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(rec), 3, "record");
	TEST_ASSERT_EQUAL(memcmp(&db, ctrl, sizeof(db)), 0, "doorbell: head of the last entry");
	TEST_ASSERT_EQUAL(ctrl->fm_ce_se, MLX5_COMP_ALWAYS << 2, "the last one completes");
	ctrl = unit(0, 0);
	TEST_ASSERT_EQUAL(ctrl->fm_ce_se, MLX5_COMP_ONLY_FIRST_ERR << 2, "the first one does not");
	db = DB_IDLE;
	hf_ethq_tx_ring(&tx);
	TEST_ASSERT_EQUAL(db, DB_IDLE, "nothing new, but a doorbell");
	return TEST_SUCCESS;
}

/* Entries of several blocks, inlined bytes and segments, at every place around the end. */
static int
test_wrap(void)
{
	uint8_t hdr[100];
	struct hf_ethq_seg segs[5];
	struct hf_ethq_tx_pkt pkt = {
		.hdr = hdr, .hdr_len = sizeof(hdr), .segs = segs, .n_segs = RTE_DIM(segs)};
	unsigned int i, k;
	uint16_t pi;

	for (i = 0; i < 3 * SIZE; i++) {
		pi = tx.pi;
		for (k = 0; k < sizeof(hdr); k++)
			hdr[k] = i + k;
		for (k = 0; k < RTE_DIM(segs); k++)
			segs[k] = seg_of(i + k);
		TEST_ASSERT(hf_ethq_tx_put(&tx, &pkt), "no room for packet %u", i);
		/* 2 + 7 + 5 units */
		TEST_ASSERT_EQUAL((uint16_t)(tx.pi - pi), 4, "%u blocks", tx.pi - pi);
		for (k = 2; k < sizeof(hdr); k++)
			TEST_ASSERT_EQUAL(*((uint8_t *)unit(pi, 2 + (k - 2) / 16) + (k - 2) % 16),
				hdr[k], "byte %u of packet %u", k, i);
		for (k = 0; k < RTE_DIM(segs); k++)
			TEST_ASSERT(is_seg(unit(pi, 9 + k), i + k), "segment %u of %u", k, i);
		/* One block more, so that the start moves through the ring. */
		TEST_ASSERT(put(1, 7), "no room for packet %u", i);
		hf_ethq_tx_ring(&tx);
		cqe_write(MLX5_CQE_REQ, tx.pi - 1);
		TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 2, "packets of round %u", i);
	}
	return TEST_SUCCESS;
}

static int
test_full(void)
{
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		TEST_ASSERT(put(2, i), "no room for packet %u", i);
	TEST_ASSERT(!put(1, 0), "more packets than blocks");
	TEST_ASSERT(is_seg(unit(0, 2), 0), "the first was overwritten");
	TEST_ASSERT_EQUAL(hf_ethq_tx_pending(&tx), SIZE, "pending");
	hf_ethq_tx_ring(&tx);
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 0, "nothing has completed");
	cqe_write(MLX5_CQE_REQ, SIZE - 1);
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), SIZE, "all have");
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(ci_rec), 1, "completions given back");
	TEST_ASSERT(put(SEGS, 0), "room for two blocks");
	for (i = 0; i < SIZE - 2; i++)
		TEST_ASSERT(put(1, i), "no room for packet %u", i);
	TEST_ASSERT(!put(1, 0), "more than the blocks that are free");
	return TEST_SUCCESS;
}

/* More packets than 16 and than 24 bits count (the latter by a start near the end). */
static int
test_long_run(void)
{
	uint64_t sent = 0, done = 0;
	unsigned int burst, i;

	tx.cq.ci = cq_pi = (1u << 24) - SIZE;
	while (sent < 3 * UINT16_MAX) {
		burst = 1 + sent % SIZE;
		for (i = 0; i < burst; i++)
			TEST_ASSERT(put(1, i), "no room at %u", (unsigned int)sent);
		sent += burst;
		hf_ethq_tx_ring(&tx);
		TEST_ASSERT_EQUAL(rte_be_to_cpu_32(rec), (uint16_t)sent, "record");
		cqe_write(MLX5_CQE_REQ, sent - 1);
		done += hf_ethq_tx_poll(&tx);
		TEST_ASSERT_EQUAL(
			done, sent, "completed %u of %u", (unsigned int)done, (unsigned int)sent);
		TEST_ASSERT_EQUAL(rte_be_to_cpu_32(ci_rec), cq_pi & 0xffffff, "given back");
	}
	return TEST_SUCCESS;
}

static uint32_t
opcode_of(uint16_t pi)
{
	const struct mlx5_wqe_ctrl_seg *ctrl = unit(pi, 0);

	return rte_be_to_cpu_32(ctrl->opmod_idx_opcode);
}

static unsigned int
units_of(uint16_t pi)
{
	const struct mlx5_wqe_ctrl_seg *ctrl = unit(pi, 0);

	return rte_be_to_cpu_32(ctrl->qpn_ds) & 0xff;
}

/* Packets that are alike share an entry, until one is not or the doorbell is rung. */
static int
test_shared(void)
{
	struct hf_ethq_seg s = seg_of(9);
	struct hf_ethq_tx_pkt csum = {.segs = &s, .n_segs = 1, .csum = HF_ETHQ_TX_CSUM_L4};
	unsigned int i;

	tx.multi_packet = true;
	for (i = 0; i < 3; i++)
		TEST_ASSERT(put(1, i), "no room");
	TEST_ASSERT(hf_ethq_tx_put(&tx, &csum) && put(2, 3) && put(1, 5), "no room");
	hf_ethq_tx_ring(&tx);
	TEST_ASSERT_EQUAL(opcode_of(0), MLX5_OPCODE_ENHANCED_MPSW, "three in one");
	TEST_ASSERT_EQUAL(units_of(0), 5, "units of three");
	for (i = 0; i < 3; i++)
		TEST_ASSERT(is_seg(unit(0, 2 + i), i), "packet %u", i);
	TEST_ASSERT_EQUAL(opcode_of(2), 2 << 8 | MLX5_OPCODE_SEND, "another checksum, alone");
	TEST_ASSERT_EQUAL(
		((struct mlx5_wqe_eth_seg *)unit(2, 1))->cs_flags, HF_ETHQ_TX_CSUM_L4, "checksum");
	TEST_ASSERT_EQUAL(opcode_of(3), 3 << 8 | MLX5_OPCODE_SEND, "two segments");
	TEST_ASSERT_EQUAL(opcode_of(4), 4 << 8 | MLX5_OPCODE_SEND, "the last, alone");
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(rec), 5, "record");
	TEST_ASSERT_EQUAL(memcmp(&db, unit(4, 0), sizeof(db)), 0, "doorbell");
	cqe_write(MLX5_CQE_REQ, 0);
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 3, "the first entry");
	cqe_write(MLX5_CQE_REQ, 4);
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 3, "all others");
	/* Its middle is no entry. */
	for (i = 0; i < 8; i++)
		TEST_ASSERT(put(1, i), "no room");
	hf_ethq_tx_ring(&tx);
	cqe_write(MLX5_CQE_REQ, 6);
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 0, "the second block of an entry");
	TEST_ASSERT(hf_ethq_tx_failed(&tx), "not failed");
	return TEST_SUCCESS;
}

/* Full, around the end at every place, and bursts of every length. */
static int
test_shared_wrap(void)
{
	unsigned int n, i, round;
	uint16_t pi;

	tx.multi_packet = true;
	for (n = 0; put(1, n); n++)
		;
	TEST_ASSERT_EQUAL(n, SIZE * 4 - 2, "%u packets fit", n);
	hf_ethq_tx_ring(&tx);
	TEST_ASSERT_EQUAL(units_of(0), SIZE * 4, "units");
	cqe_write(MLX5_CQE_REQ, 0);
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), n, "all of them");
	for (round = 0; round < 4 * SIZE; round++) {
		pi = tx.pi;
		for (i = 0; i <= round % 20; i++)
			TEST_ASSERT(put(1, round + i), "no room in round %u", round);
		hf_ethq_tx_ring(&tx);
		TEST_ASSERT_EQUAL(units_of(pi), 2 + i, "units in round %u", round);
		TEST_ASSERT_EQUAL((uint16_t)(tx.pi - pi), (2 + i + 3) / 4, "blocks");
		for (i = 0; i <= round % 20; i++)
			TEST_ASSERT(is_seg(unit(pi, 2 + i), round + i), "packet %u of round %u", i,
				round);
		cqe_write(MLX5_CQE_REQ, pi);
		TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), i, "completed in round %u", round);
	}
	return TEST_SUCCESS;
}

/* A burst of plain packets makes the entries that packet by packet makes, at every place. */
static int
test_plain(void)
{
	uint8_t expected[sizeof(ring)];
	const uint32_t skip = 12, lkey = 0xabcd;
	unsigned int i, n, round;
	struct hf_ethq_tx before;

	for (round = 0; round < 64 * SIZE; round++) {
		uint64_t addr[2 * SIZE];
		uint32_t len[2 * SIZE];

		tx.multi_packet = round & 1;
		n = round / 2 % ((tx.multi_packet ? 2 : 1) * SIZE + 1);
		before = tx;
		memset(ring, 0xee, sizeof(ring));
		for (i = 0; i < n; i++) {
			struct hf_ethq_seg s = {.addr = UINT64_C(0x1122334455000000) + i,
				.len = 64 + i,
				.lkey = lkey};
			struct hf_ethq_tx_pkt pkt = {.segs = &s, .n_segs = 1};

			TEST_ASSERT(hf_ethq_tx_put(&tx, &pkt), "no room for %u", i);
			addr[i] = s.addr - skip;
			len[i] = s.len + skip;
		}
		hf_ethq_tx_ring(&tx);
		memcpy(expected, ring, sizeof(ring));
		tx = before;
		memset(ring, 0xee, sizeof(ring));
		memset(slots, 0xff, sizeof(slots));
		hf_ethq_tx_put_plain(&tx, addr, len, skip, lkey, n);
		hf_ethq_tx_ring(&tx);
		TEST_ASSERT_EQUAL(
			memcmp(ring, expected, sizeof(ring)), 0, "%u in round %u", n, round);
		if (n == 0)
			continue;
		cqe_write(MLX5_CQE_REQ, rte_be_to_cpu_32(tx.last->opmod_idx_opcode) >> 8);
		TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), n, "completed in round %u", round);
		TEST_ASSERT_EQUAL(hf_ethq_tx_room(&tx), SIZE, "room in round %u", round);
	}
	return TEST_SUCCESS;
}

/* Entries of 1, 2, 1 and 1 blocks, the third is bad. */
static int
test_error(void)
{
	struct mlx5_err_cqe *bad;

	TEST_ASSERT(put(1, 0) && put(SEGS, 1) && put(1, 2) && put(1, 3), "no room");
	hf_ethq_tx_ring(&tx);
	bad = (struct mlx5_err_cqe *)cqe_write(MLX5_CQE_REQ_ERR, 3);
	bad->syndrome = MLX5_CQE_SYNDROME_LOCAL_PROT_ERR;
	bad->vendor_err_synd = 0x51;
	bad = (struct mlx5_err_cqe *)cqe_write(MLX5_CQE_REQ_ERR, 4);
	bad->syndrome = MLX5_CQE_SYNDROME_WR_FLUSH_ERR;
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 2, "those before the bad one");
	TEST_ASSERT(hf_ethq_tx_failed(&tx), "not failed");
	TEST_ASSERT_EQUAL(hf_ethq_tx_pending(&tx), 2, "the bad one and the last");
	TEST_ASSERT_EQUAL(hf_ethq_tx_error(&tx)->err, -EIO, "errno");
	TEST_ASSERT_EQUAL(hf_ethq_tx_error(&tx)->syndrome, 4, "syndrome");
	TEST_ASSERT_EQUAL(hf_ethq_tx_error(&tx)->vendor_syndrome, 0x51, "vendor's");
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 0, "more after an error");
	return TEST_SUCCESS;
}

/* A flush says nothing of the packets before the one that asked for a completion. */
static int
test_flush_first(void)
{
	struct mlx5_err_cqe *bad;

	TEST_ASSERT(put(1, 0) && put(1, 1), "no room");
	hf_ethq_tx_ring(&tx);
	bad = (struct mlx5_err_cqe *)cqe_write(MLX5_CQE_REQ_ERR, 1);
	bad->syndrome = MLX5_CQE_SYNDROME_WR_FLUSH_ERR;
	TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 0, "flushed is not sent");
	TEST_ASSERT_EQUAL(hf_ethq_tx_pending(&tx), 2, "pending");
	TEST_ASSERT(hf_ethq_tx_failed(&tx), "not failed");
	return TEST_SUCCESS;
}

static int
test_senseless(void)
{
	/* nothing under way; put, but not rung; completed already; far away; the middle of an
	 * entry; an opcode of the other direction */
	static const struct {
		uint8_t opcode;
		uint16_t counter;
		bool rung;
	} mad[] = {
		{MLX5_CQE_REQ, 3, false},
		{MLX5_CQE_REQ, 1, false},
		{MLX5_CQE_REQ, 0, true},
		{MLX5_CQE_REQ, 0x8001, true},
		{MLX5_CQE_REQ, 2, true},
		{MLX5_CQE_RESP_SEND, 1, true},
		{MLX5_CQE_REQ_ERR, 0x8001, true},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(mad); i++) {
		setup();
		memset(slots, 0xff, sizeof(slots));
		TEST_ASSERT(put(1, 0), "no room");
		hf_ethq_tx_ring(&tx);
		cqe_write(MLX5_CQE_REQ, 0);
		TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 1, "a good one");
		TEST_ASSERT(put(SEGS, 1), "no room");
		if (mad[i].rung)
			hf_ethq_tx_ring(&tx);
		cqe_write(mad[i].opcode, mad[i].counter);
		TEST_ASSERT_EQUAL(hf_ethq_tx_poll(&tx), 0, "row %u completed something", i);
		TEST_ASSERT(hf_ethq_tx_failed(&tx), "row %u: not failed", i);
		TEST_ASSERT_EQUAL(hf_ethq_tx_pending(&tx), 1, "row %u: pending", i);
		TEST_ASSERT(
			mad[i].opcode == MLX5_CQE_REQ_ERR || hf_ethq_tx_error(&tx)->err == -EPROTO,
			"row %u: errno %d", i, hf_ethq_tx_error(&tx)->err);
	}
	return TEST_SUCCESS;
}

/* --- receiving --- */

static int
test_rx_entry(void)
{
	struct hf_ethq_seg segs[SEGS] = {seg_of(0), seg_of(1), seg_of(2), seg_of(3)};
	struct mlx5_wqe_data_seg *d = (void *)ring;

	TEST_ASSERT(hf_ethq_rx_put(&rx, segs, 2), "no room");
	TEST_ASSERT(is_seg(&d[0], 0) && is_seg(&d[1], 1), "segments");
	TEST_ASSERT(d[2].byte_count == 0 && rte_be_to_cpu_32(d[2].lkey) == MLX5_INVALID_LKEY &&
			d[2].addr == 0,
		"the end of the list");
	TEST_ASSERT(hf_ethq_rx_put(&rx, segs, SEGS), "no room");
	TEST_ASSERT(is_seg(&d[4], 0) && is_seg(&d[7], 3), "a full entry");
	TEST_ASSERT_EQUAL(rec, UINT32_MAX, "told before ring");
	hf_ethq_rx_ring(&rx);
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(rec), 2, "record");
	TEST_ASSERT_EQUAL(hf_ethq_rx_pending(&rx), 2, "pending");
	return TEST_SUCCESS;
}

/* A burst of plain buffers makes the entries that buffer by buffer makes, in any width. */
static int
test_rx_plain(void)
{
	const uint32_t skip = 12, lkey = 0xabcd, max = 70;
	uint8_t expected[sizeof(ring)];
	unsigned int i, n, round;
	struct hf_ethq_rx before;

	for (round = 0; round < 16 * SIZE; round++) {
		uint64_t addr[SIZE];
		uint32_t len[SIZE];

		if (round % SIZE == 0) {
			setup();
			rx.log_stride = round / SIZE % 3 + 4;
			rx.segs = 1u << (rx.log_stride - 4);
			rx.pi = rx.rung = rx.ci = (uint16_t)(UINT16_MAX - round);
		}
		n = round % SIZE + 1;
		before = rx;
		memset(ring, 0xee, sizeof(ring));
		for (i = 0; i < n; i++) {
			struct hf_ethq_seg s = {.addr = UINT64_C(0x1122334455000000) + i,
				.len = RTE_MIN(64 + i, max),
				.lkey = lkey};

			TEST_ASSERT(hf_ethq_rx_put(&rx, &s, 1), "no room for %u", i);
			addr[i] = s.addr - skip;
			len[i] = 64 + i + skip;
		}
		memcpy(expected, ring, sizeof(ring));
		rx = before;
		memset(ring, 0xee, sizeof(ring));
		hf_ethq_rx_put_plain(&rx, addr, len, skip, max, lkey, n);
		TEST_ASSERT_EQUAL(
			memcmp(ring, expected, sizeof(ring)), 0, "%u in round %u", n, round);
		TEST_ASSERT_EQUAL(hf_ethq_rx_pending(&rx), n, "pending in round %u", round);
		rx.ci = rx.pi;
	}
	return TEST_SUCCESS;
}

/* What the n-th frame's completion says. */
static uint32_t
len_of(unsigned int n)
{
	return 1000 + n;
}

/* As the NIC: a session of n completions from entry 'counter' on, the title last. */
static struct prm_eth_cqe *
session_write(uint16_t counter, unsigned int n)
{
	struct prm_eth_cqe *title = &cqes[cq_pi % SIZE];
	unsigned int i;

	for (i = 0; i < n; i++) {
		unsigned int slot = i < PRM_MINI_CQES ? 1 : i / PRM_MINI_CQES * PRM_MINI_CQES;
		struct prm_mini_cqe *mini = (void *)&cqes[(cq_pi + slot) % SIZE];

		if (i % PRM_MINI_CQES == 0)
			memset(mini, 0xff, sizeof(cqes[0]));
		mini[i % PRM_MINI_CQES] =
			(struct prm_mini_cqe){.rx_hash_res = rte_cpu_to_be_32(7000 + counter + i),
				.byte_cnt = rte_cpu_to_be_32(len_of((uint16_t)(counter + i)))};
	}
	title->byte_cnt = rte_cpu_to_be_32(n);
	title->hdr_type_etc = rte_cpu_to_be_16(HF_ETHQ_RX_L4_OK | counter);
	title->rx_hash_type = (uint8_t)counter;
	title->wqe_counter = rte_cpu_to_be_16(counter);
	title->op_own = MLX5_CQE_RESP_SEND << 4 | PRM_CQE_COMPRESSED | !!(cq_pi & SIZE);
	cq_pi += n;
	return title;
}

static bool
is_of_session(const struct hf_ethq_rx_cpl *c, uint16_t counter, uint16_t title)
{
	return c->len == len_of(counter) && c->hash == 7000u + counter && c->syndrome == 0 &&
		c->flags == (HF_ETHQ_RX_L4_OK | title) && c->hash_type == (uint8_t)title;
}

static bool
rx_put(unsigned int n)
{
	struct hf_ethq_seg s = seg_of(0);

	while (n > 0 && hf_ethq_rx_put(&rx, &s, 1))
		n--;
	hf_ethq_rx_ring(&rx);
	return n == 0;
}

/*
 * Sessions of all lengths at all places of the ring, among completions of one frame and, every
 * other time, among their like alone, and taken in pieces: what the NIC did not write is nobody's
 * in the next rounds.
 */
static int
test_rx_session(void)
{
	struct hf_ethq_rx_cpl c[SIZE];
	unsigned int round, i, n, got, burst;

	for (round = 0; round < 64 * SIZE; round++) {
		uint16_t first = rx.ci;

		n = 1 + round % SIZE;
		burst = 1 + round / SIZE % SIZE;
		TEST_ASSERT(rx_put(n), "round %u: no room", round);
		session_write(first, n);
		for (got = 0; got < n; got += i) {
			unsigned int j;

			i = hf_ethq_rx_poll(&rx, c, burst);
			TEST_ASSERT_EQUAL(i, RTE_MIN(burst, n - got), "round %u: %u", round, i);
			for (j = 0; j < i; j++)
				TEST_ASSERT(is_of_session(&c[j], first + got + j, first),
					"round %u: completion %u", round, got + j);
			TEST_ASSERT_EQUAL(rte_be_to_cpu_32(ci_rec) & 0xffffff, cq_pi - n + got + i,
				"round %u: entries given back", round);
		}
		TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), 0, "round %u: more", round);
		if (round % 3 != 0 || round / (4 * SIZE) % 2 != 0)
			continue;
		TEST_ASSERT(rx_put(1), "round %u: no room", round);
		cqe_write(MLX5_CQE_RESP_SEND, rx.ci)->byte_cnt = rte_cpu_to_be_32(round);
		TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), 1, "round %u: one", round);
		TEST_ASSERT_EQUAL(c->len, round, "round %u: its length", round);
		TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), 0, "round %u: more", round);
	}
	return TEST_SUCCESS;
}

/* A title of none, or of more than the NIC has; one that is in error. */
static int
test_rx_session_senseless(void)
{
	static const struct {
		unsigned int put, n;
	} mad[] = {{2, 0}, {2, 3}, {SIZE, SIZE + 1}, {0, 1}, {2, UINT32_MAX}};
	struct hf_ethq_rx_cpl c[SIZE];
	unsigned int i;

	for (i = 0; i < RTE_DIM(mad); i++) {
		setup();
		TEST_ASSERT(rx_put(mad[i].put), "row %u: no room", i);
		session_write(0, 1)->byte_cnt = rte_cpu_to_be_32(mad[i].n);
		TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), 0, "row %u gave a frame", i);
		TEST_ASSERT(hf_ethq_rx_failed(&rx), "row %u: not failed", i);
		TEST_ASSERT_EQUAL(hf_ethq_rx_error(&rx)->err, -EPROTO, "row %u", i);
		TEST_ASSERT_EQUAL(hf_ethq_rx_pending(&rx), mad[i].put, "row %u: pending", i);
	}
	return TEST_SUCCESS;
}

static int
test_rx_full(void)
{
	struct hf_ethq_seg s = seg_of(0);
	struct hf_ethq_rx_cpl c[SIZE];
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		TEST_ASSERT(hf_ethq_rx_put(&rx, &s, 1), "no room for entry %u", i);
	TEST_ASSERT(!hf_ethq_rx_put(&rx, &s, 1), "more entries than places");
	hf_ethq_rx_ring(&rx);
	TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), 0, "nothing was received");
	for (i = 0; i < SIZE; i++)
		cqe_write(MLX5_CQE_RESP_SEND, i);
	TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, 3), 3, "no more than asked for");
	TEST_ASSERT_EQUAL(rte_be_to_cpu_32(ci_rec), 3, "given back");
	for (i = 0; i < 3; i++)
		TEST_ASSERT(hf_ethq_rx_put(&rx, &s, 1), "no room for entry %u again", i);
	TEST_ASSERT(!hf_ethq_rx_put(&rx, &s, 1), "more entries than places");
	TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), SIZE - 3, "the others");
	return TEST_SUCCESS;
}

static int
test_rx_long_run(void)
{
	struct hf_ethq_seg s = seg_of(0);
	struct hf_ethq_rx_cpl c[SIZE];
	struct prm_eth_cqe *cqe;
	unsigned int n = 0, burst, i;

	rx.cq.ci = cq_pi = (1u << 24) - SIZE;
	while (n < 3 * UINT16_MAX) {
		burst = 1 + n % SIZE;
		for (i = 0; i < burst; i++)
			TEST_ASSERT(hf_ethq_rx_put(&rx, &s, 1), "no room at %u", n);
		hf_ethq_rx_ring(&rx);
		TEST_ASSERT_EQUAL(rte_be_to_cpu_32(rec), (uint16_t)(n + burst), "record");
		for (i = 0; i < burst; i++) {
			cqe = cqe_write(MLX5_CQE_RESP_SEND, n + i);
			cqe->byte_cnt = rte_cpu_to_be_32(n + i);
			cqe->rx_hash_res = rte_cpu_to_be_32(~(n + i));
			cqe->rx_hash_type = CQE_RSS_L4_TCP << 6 | CQE_RSS_IPV4 << 2;
			cqe->hdr_type_etc = rte_cpu_to_be_16(HF_ETHQ_RX_L3_OK | HF_ETHQ_RX_IPV4 |
				CQE_L4_HDR_TYPE_UDP << MLX5_CQE_L4_TYPE_SHIFT);
		}
		TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), burst, "burst at %u", n);
		for (i = 0; i < burst; i++) {
			TEST_ASSERT(c[i].len == n + i && c[i].hash == ~(n + i), "frame %u", n + i);
			TEST_ASSERT_EQUAL(c[i].hash_type, 0x44, "hash type %u", c[i].hash_type);
			TEST_ASSERT_EQUAL(c[i].flags, 0x228, "flags 0x%x", c[i].flags);
			TEST_ASSERT_EQUAL(hf_ethq_rx_l4(&c[i]), CQE_L4_HDR_TYPE_UDP, "layer 4");
			TEST_ASSERT_EQUAL(c[i].syndrome, 0, "syndrome");
		}
		n += burst;
	}
	return TEST_SUCCESS;
}

/* A frame that is too long costs its entry; a wrong key stops the queue at its entry. */
static int
test_rx_errors(void)
{
	struct hf_ethq_seg s = seg_of(0);
	struct hf_ethq_rx_cpl c[SIZE];
	struct mlx5_err_cqe *bad;
	unsigned int i;

	for (i = 0; i < 5; i++)
		TEST_ASSERT(hf_ethq_rx_put(&rx, &s, 1), "no room for entry %u", i);
	hf_ethq_rx_ring(&rx);
	cqe_write(MLX5_CQE_RESP_SEND, 0);
	bad = (struct mlx5_err_cqe *)cqe_write(MLX5_CQE_RESP_ERR, 1);
	bad->syndrome = MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR;
	cqe_write(MLX5_CQE_RESP_SEND, 2);
	bad = (struct mlx5_err_cqe *)cqe_write(MLX5_CQE_RESP_ERR, 3);
	bad->syndrome = MLX5_CQE_SYNDROME_LOCAL_PROT_ERR;
	bad = (struct mlx5_err_cqe *)cqe_write(MLX5_CQE_RESP_ERR, 4);
	bad->syndrome = MLX5_CQE_SYNDROME_WR_FLUSH_ERR;
	TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), 3, "up to the wrong key");
	TEST_ASSERT(c[0].syndrome == 0 && c[2].syndrome == 0, "good frames");
	TEST_ASSERT(c[1].syndrome == 1 && c[1].len == 0, "syndrome %u", c[1].syndrome);
	TEST_ASSERT(hf_ethq_rx_failed(&rx), "not failed");
	TEST_ASSERT_EQUAL(hf_ethq_rx_error(&rx)->syndrome, 4, "syndrome");
	TEST_ASSERT_EQUAL(hf_ethq_rx_error(&rx)->wqe_counter, 3, "entry");
	TEST_ASSERT_EQUAL(hf_ethq_rx_pending(&rx), 2, "pending");
	TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, c, SIZE), 0, "more after an error");
	return TEST_SUCCESS;
}

static int
test_rx_senseless(void)
{
	static const struct {
		uint8_t opcode;
		uint16_t counter;
		uint8_t syndrome;
		bool rung;
	} mad[] = {
		{MLX5_CQE_RESP_SEND, 1, 0, true},
		{MLX5_CQE_RESP_SEND, 0, 0, false},
		{MLX5_CQE_REQ, 0, 0, true},
		{MLX5_CQE_RESP_ERR, 0, 0, true},
		{MLX5_CQE_RESP_ERR, 1, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR, true},
		{MLX5_CQE_RESP_ERR, 0, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR, false},
	};
	struct hf_ethq_seg s = seg_of(0);
	struct hf_ethq_rx_cpl c;
	unsigned int i;

	for (i = 0; i < RTE_DIM(mad); i++) {
		setup();
		TEST_ASSERT(hf_ethq_rx_put(&rx, &s, 1), "no room");
		if (mad[i].rung)
			hf_ethq_rx_ring(&rx);
		((struct mlx5_err_cqe *)cqe_write(mad[i].opcode, mad[i].counter))->syndrome =
			mad[i].syndrome;
		TEST_ASSERT_EQUAL(hf_ethq_rx_poll(&rx, &c, 1), 0, "row %u gave a frame", i);
		TEST_ASSERT(hf_ethq_rx_failed(&rx), "row %u: not failed", i);
		TEST_ASSERT_EQUAL(hf_ethq_rx_pending(&rx), 1, "row %u: pending", i);
	}
	return TEST_SUCCESS;
}

static struct unit_test_suite ethqring_suite = {
	.suite_name = "ethqring",
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, NULL, test_entry),
			TEST_CASE_ST(setup, NULL, test_wrap),
			TEST_CASE_ST(setup, NULL, test_full),
			TEST_CASE_ST(setup, NULL, test_long_run),
			TEST_CASE_ST(setup, NULL, test_shared),
			TEST_CASE_ST(setup, NULL, test_shared_wrap),
			TEST_CASE_ST(setup, NULL, test_plain),
			TEST_CASE_ST(setup, NULL, test_error),
			TEST_CASE_ST(setup, NULL, test_flush_first),
			TEST_CASE_ST(setup, NULL, test_senseless),
			TEST_CASE_ST(setup, NULL, test_rx_entry),
			TEST_CASE_ST(setup, NULL, test_rx_plain),
			TEST_CASE_ST(setup, NULL, test_rx_session),
			TEST_CASE_ST(setup, NULL, test_rx_session_senseless),
			TEST_CASE_ST(setup, NULL, test_rx_full),
			TEST_CASE_ST(setup, NULL, test_rx_long_run),
			TEST_CASE_ST(setup, NULL, test_rx_errors),
			TEST_CASE_ST(setup, NULL, test_rx_senseless),
			TEST_CASES_END(),
		},
};

static int
test_ethqring(void)
{
	return unit_test_suite_runner(&ethqring_suite);
}

REGISTER_TEST_COMMAND(ethqring_autotest, test_ethqring);
