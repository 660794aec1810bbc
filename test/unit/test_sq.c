/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The send engine of raw Ethernet queues: what is in an entry, what becomes of it, and what of the
 * queue.
 */
#include "sq_rig.h"

#include "dp/csum.h"

#define GPA(off) (MEM_GPA + SQ_BUF_OFF + (off))
#define BUF(off) (mem + SQ_BUF_OFF + (off))
#define LEN 900u

static struct frame sent, got;

/* A frame in the buffer, and in 'sent'. */
static void
make_frame(uint8_t proto, uint16_t payload)
{
	frame_make_ipv4(&sent, mac_b, mac_a, proto, payload);
	memcpy(BUF(0), sent.b, sent.len);
}

static bool
is_done(const struct mlx5_cqe64 *c, uint16_t index, uint8_t opcode)
{
	return c != NULL && c->op_own >> 4 == MLX5_CQE_REQ && be16toh(c->wqe_counter) == index &&
		be32toh(c->sop_drop_qpn) == ((uint32_t)opcode << 24 | SQ_NUMBER);
}

static int
arrived(void)
{
	TEST_ASSERT_EQUAL(sq_received(&got), sent.len, "length");
	TEST_ASSERT(memcmp(got.b, sent.b, sent.len) == 0, "payload");
	TEST_ASSERT_EQUAL(sq_received(&got), 0, "one frame, and two came");
	return TEST_SUCCESS;
}

/* --- doorbells --- */

static int
test_doorbells(void)
{
	const struct dp_queue_ops *ops;
	unsigned int bell;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	ops = sq.dp->base.ops;
	frame_make_ipv4(&sent, mac_b, mac_a, IPPROTO_UDP, LEN);
	wqe_frame(&sent);
	sq_record();
	doorbell_poll(&funcs[1]);
	TEST_ASSERT(!ops->serve(eng, &sq.dp->base), "served without a doorbell");
	for (bell = 0; bell < 8; bell++) {
		sq_ring(bell);
		TEST_ASSERT(ops->serve(eng, &sq.dp->base), "bell %u", bell);
		TEST_ASSERT(is_done(sq_poll(), (uint16_t)bell, MLX5_OPCODE_SEND), "completion");
		TEST_ASSERT_SUCCESS(arrived(), "frame");
		wqe_frame(&sent);
		sq_record();
		TEST_ASSERT(!ops->serve(eng, &sq.dp->base), "the record alone was looked at");
	}
	sq_close();
	return TEST_SUCCESS;
}

/* Before RDY doorbells are lost; in RST nothing is looked at. */
static int
test_doorbell_before_ready(void)
{
	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	dp_sq_error(&sq);
	dp_sq_reset(&sq);
	frame_make_ipv4(&sent, mac_b, mac_a, IPPROTO_UDP, LEN);
	wqe_frame(&sent);
	sq_go();
	TEST_ASSERT(sq_poll() == NULL, "served in RST");
	sq_ring(0);
	dp_sq_ready(&sq);
	TEST_ASSERT(!sq.dp->base.ops->serve(eng, &sq.dp->base), "an old doorbell");
	sq_go();
	TEST_ASSERT_SUCCESS(arrived(), "frame");
	sq_close();
	return TEST_SUCCESS;
}

/* --- shapes --- */

static void
shape_one(void)
{
	wqe_eth(0, 0, NULL, 0);
	wqe_data(MKEY, GPA(0), sent.len);
}

static void
shape_pieces(void)
{
	uint32_t off;

	wqe_eth(0, 0, NULL, 0);
	for (off = 0; off < sent.len; off += 77)
		wqe_data(MKEY, GPA(off), sent.len - off < 77 ? sent.len - off : 77);
}

static void
shape_inline_l2(void)
{
	wqe_eth(0, 0, sent.b, 18);
	wqe_data(MKEY, GPA(18), sent.len - 18);
}

static void
shape_inline_two(void)
{
	wqe_eth(0, 0, sent.b, 2);
	wqe_data(MKEY, GPA(2), sent.len - 2);
}

static void
shape_inline_long(void)
{
	wqe_eth(0, 0, sent.b, 211);
	wqe_data(MKEY, GPA(211), sent.len - 211);
}

static void
shape_inline_data(void)
{
	wqe_eth(0, 0, NULL, 0);
	wqe_inline(sent.b, 301);
	wqe_inline(sent.b + 301, 7);
	wqe_data(MKEY, GPA(308), 100);
	wqe_inline(sent.b + 408, sent.len - 408);
}

/* The null key reads as zeros. */
static void
shape_hole(void)
{
	wqe_eth(0, 0, NULL, 0);
	wqe_data(MKEY, GPA(0), 200);
	wqe_data(NULL_KEY, 0x123456789, sent.len - 200);
	memset(sent.b + 200, 0, sent.len - 200);
}

static int
test_shapes(void)
{
	static void (*const shapes[])(void) = {shape_one, shape_pieces, shape_inline_l2,
		shape_inline_two, shape_inline_long, shape_inline_data, shape_hole};
	unsigned int i, turn;
	uint16_t index;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	/* entries of several blocks come to lie across the end of the ring */
	for (turn = 0; turn < 20; turn++) {
		for (i = 0; i < RTE_DIM(shapes); i++) {
			make_frame(IPPROTO_UDP, LEN);
			wqe_begin(MLX5_OPCODE_SEND, MLX5_COMP_ALWAYS);
			shapes[i]();
			index = wqe_post();
			sq_go();
			TEST_ASSERT_SUCCESS(arrived(), "shape %u, turn %u", i, turn);
			TEST_ASSERT(is_done(sq_poll(), index, MLX5_OPCODE_SEND), "shape %u", i);
		}
	}
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.tx_pkts), 20 * RTE_DIM(shapes), "counted");
	sq_close();
	return TEST_SUCCESS;
}

/* Frames 0 to n - 1, of lengths of their own, each a segment of an entry; every third is in it. */
static void
shared_frames(unsigned int n, struct frame *f)
{
	unsigned int i, at = 0;

	wqe_begin(MLX5_OPCODE_ENHANCED_MPSW, MLX5_COMP_ALWAYS);
	wqe_eth(0, 0, NULL, 0);
	for (i = 0; i < n; i++) {
		frame_make_ipv4(&f[i], mac_b, mac_a, IPPROTO_UDP, (uint16_t)(20 + 7 * i));
		memcpy(BUF(at), f[i].b, f[i].len);
		if (i % 3 == 2)
			wqe_inline(f[i].b, f[i].len);
		else
			wqe_data(MKEY, GPA(at), f[i].len);
		at += f[i].len;
	}
}

/* Frames that share an entry, which lies at every place of the ring; one completion. */
static int
test_shared(void)
{
	static struct frame f[8];
	unsigned int i, n, turn;
	uint16_t index;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	for (turn = 0; turn < 50; turn++) {
		n = 1 + turn % RTE_DIM(f);
		shared_frames(n, f);
		index = wqe_post();
		sq_go();
		for (i = 0; i < n; i++) {
			TEST_ASSERT_EQUAL(sq_received(&got), f[i].len, "%u of %u", i, n);
			TEST_ASSERT(memcmp(got.b, f[i].b, got.len) == 0, "payload %u of %u", i, n);
		}
		TEST_ASSERT_EQUAL(sq_received(&got), 0, "a frame too many");
		TEST_ASSERT(is_done(sq_poll(), index, MLX5_OPCODE_ENHANCED_MPSW), "completion");
		TEST_ASSERT(sq_poll() == NULL, "a completion too many");
	}
	sq_close();
	return TEST_SUCCESS;
}

/* Of a shared entry what comes before the bad frame is sent, and nothing completes. */
static int
test_shared_error(void)
{
	static struct frame f[5];
	const struct mlx5_err_cqe *c;
	unsigned int i;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ONLY_FIRST_ERR);
	wqe_post();
	shared_frames(2, f);
	wqe_data(MKEY + 1, GPA(0), 60);
	wqe_data(MKEY, GPA(0), 60);
	wqe_post();
	sq_go();
	for (i = 0; i < 2; i++)
		TEST_ASSERT_EQUAL(sq_received(&got), f[i].len, "frame %u", i);
	TEST_ASSERT_EQUAL(sq_received(&got), 0, "the bad one, or the one behind it");
	c = (const struct mlx5_err_cqe *)sq_poll();
	TEST_ASSERT(c != NULL && c->op_own >> 4 == MLX5_CQE_REQ_ERR, "completion in error");
	TEST_ASSERT_EQUAL(be16toh(c->wqe_counter), 1, "which entry");
	TEST_ASSERT_EQUAL(c->syndrome, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, "syndrome");
	TEST_ASSERT(sq_poll() == NULL, "a completion too many");
	sq_close();
	return TEST_SUCCESS;
}

/* A list of keys, and what was translated is forgotten when a key changes. */
static int
test_indirect_key(void)
{
	struct nic_klm klm[2] = {{.bytes = 300, .mkey = MKEY, .addr = GPA(0x1000)},
		{.bytes = 0x10000, .mkey = MKEY, .addr = GPA(0x3000)}};
	uint64_t end[2] = {300, 300 + 0x10000};
	struct nic_mkey key = {.mode = NIC_MKEY_KLM,
		.tag = 0x77,
		.perm = NIC_PERM_LR,
		.len = end[1],
		.n_klm = 2,
		.klm = klm,
		.klm_end = end};
	unsigned int i;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	key.pd = mkey.pd;
	mkey_tbl[5] = &key;
	for (i = 0; i < 2; i++) {
		make_frame(IPPROTO_UDP, LEN);
		memcpy(mem + (klm[0].addr - MEM_GPA), sent.b, 300);
		memcpy(mem + (klm[1].addr - MEM_GPA), sent.b + 300, sent.len - 300);
		wqe_begin(MLX5_OPCODE_SEND, MLX5_COMP_ALWAYS);
		wqe_eth(0, 0, NULL, 0);
		wqe_data(0x577, 0, sent.len);
		wqe_post();
		sq_go();
		TEST_ASSERT_SUCCESS(arrived(), "round %u", i);
		klm[1].addr = GPA(0x8000);
		dp_mkeys_changed(&funcs[1]);
	}
	mkey_tbl[5] = NULL;
	sq_close();
	return TEST_SUCCESS;
}

/* --- completions --- */

static int
test_modes(void)
{
	static const uint8_t modes[] = {MLX5_COMP_ALWAYS, MLX5_COMP_ONLY_ERR,
		MLX5_COMP_ONLY_FIRST_ERR, MLX5_COMP_CQE_AND_EQE};
	const struct mlx5_cqe64 *c;
	unsigned int i;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	for (i = 0; i < RTE_DIM(modes); i++) {
		wqe_begin(MLX5_OPCODE_NOP, modes[i]);
		wqe_post();
	}
	eng->now = 123456789;
	sq_go();
	c = sq_poll();
	TEST_ASSERT(is_done(c, 0, MLX5_OPCODE_NOP), "the first");
	TEST_ASSERT_EQUAL(be32toh(c->srqn_uidx), SQ_USER_INDEX, "user index");
	TEST_ASSERT_EQUAL(be64toh(c->timestamp), 123456789u, "time stamp");
	TEST_ASSERT(is_done(sq_poll(), 3, MLX5_OPCODE_NOP), "the last");
	TEST_ASSERT(sq_poll() == NULL, "one that did not ask");
	TEST_ASSERT_EQUAL(sq.ci, 4u, "all were carried out");
	sq_close();
	return TEST_SUCCESS;
}

/* More than a turn of ring and CQ, entries of 64 and of 128 bytes, the real time. */
static int
test_cqe_sizes(void)
{
	unsigned int size, i;
	struct timespec ts;

	for (size = 6; size <= 7; size++) {
		TEST_ASSERT_SUCCESS(sq_open(), "queue");
		sq_cq.log_cqe_size = (uint8_t)size;
		sq.ts_format = MLX5_QPC_TIMESTAMP_FORMAT_REAL_TIME;
		clock_gettime(CLOCK_REALTIME, &ts);
		for (i = 0; i < 5u << SQ_CQ_LOG; i++) {
			const struct mlx5_cqe64 *c;

			wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ALWAYS);
			wqe_post();
			sq_go();
			c = sq_poll();
			TEST_ASSERT(is_done(c, (uint16_t)i, MLX5_OPCODE_NOP), "entry %u", i);
			TEST_ASSERT(be64toh(c->timestamp) >> 32 >= (uint64_t)ts.tv_sec &&
					be64toh(c->timestamp) >> 32 <= (uint64_t)ts.tv_sec + 60,
				"seconds");
		}
		sq_close();
	}
	return TEST_SUCCESS;
}

/* Armed before the completion, and after it; not armed: no event. */
static int
test_events(void)
{
	const struct dp_queue_ops *ops;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	ops = sq.dp->base.ops;
	wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ALWAYS);
	wqe_post();
	sq_go();
	TEST_ASSERT_EQUAL(n_comp_events, 0u, "an event, and nobody armed");
	TEST_ASSERT(!cq_may_raise(&sq_cq), "a look is worth while");
	/* the arm word has the consumer index; then the bell of the UAR */
	*word(SQ_CQ_DBR_OFF + 4) = 0;
	bar[1][BELL] = 1;
	TEST_ASSERT(cq_may_raise(&sq_cq), "the bell was not seen");
	TEST_ASSERT(sq.dp->base.attn == QUEUE_ATTN_ARM, "nothing waits");
	ops->attend(eng, &sq.dp->base);
	TEST_ASSERT_EQUAL(n_comp_events, 1u, "armed behind the completion");
	sq_poll();
	*word(SQ_CQ_DBR_OFF + 4) = htobe32(1u << 28 | 1);
	bar[1][BELL] = 1;
	TEST_ASSERT(cq_raise(&sq_cq), "nothing to raise");
	TEST_ASSERT_EQUAL(n_comp_events, 1u, "an event without a completion");
	wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ALWAYS);
	wqe_post();
	sq_go();
	TEST_ASSERT_EQUAL(n_comp_events, 2u, "armed before the completion");
	sq_close();
	return TEST_SUCCESS;
}

/* --- offloads --- */

static int
checksums(uint8_t proto, uint8_t flags, bool v4_wrong)
{
	struct pkt p;

	make_frame(proto, LEN);
	sent.b[14 + 10] = 0x12;
	sent.b[34 + (proto == IPPROTO_TCP ? 16 : 6)] = 0x34;
	memcpy(BUF(0), sent.b, sent.len);
	wqe_begin(MLX5_OPCODE_SEND, MLX5_COMP_ALWAYS);
	wqe_eth(flags, 0, NULL, 0);
	wqe_data(MKEY, GPA(0), sent.len);
	wqe_post();
	sq_go();
	TEST_ASSERT_EQUAL(sq_received(&got), sent.len, "length");
	frame_load(&p, &got);
	TEST_ASSERT_EQUAL(csum_fold(csum_pkt(&p, 14, 34)) == 0xffff, !v4_wrong, "checksum of IP");
	got.b[24] = 0x12;
	got.b[25] = sent.b[25];
	if ((flags & MLX5_ETH_WQE_L4_CSUM) != 0) {
		uint16_t have = pkt_be16(got.b + 34 + (proto == IPPROTO_TCP ? 16 : 6));

		frame_load(&p, &sent);
		TEST_ASSERT(csum_l4(&p), "no checksum to compare with");
		TEST_ASSERT_EQUAL(pkt_be16(p.head + 34 + (proto == IPPROTO_TCP ? 16 : 6)), have,
			"checksum of layer 4");
		memcpy(sent.b, p.head, p.head_len);
	}
	TEST_ASSERT(memcmp(got.b, sent.b, sent.len) == 0, "the rest of the frame");
	return TEST_SUCCESS;
}

static int
test_checksums(void)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	unsigned int i;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	for (i = 0; i < RTE_DIM(protos); i++) {
		TEST_ASSERT_SUCCESS(checksums(protos[i], 0, true), "none");
		TEST_ASSERT_SUCCESS(checksums(protos[i], MLX5_ETH_WQE_L3_CSUM, false), "IP");
		TEST_ASSERT_SUCCESS(checksums(protos[i], MLX5_ETH_WQE_L4_CSUM, true), "layer 4");
		TEST_ASSERT_SUCCESS(
			checksums(protos[i], MLX5_ETH_WQE_L3_CSUM | MLX5_ETH_WQE_L4_CSUM, false),
			"both");
	}
	sq_close();
	return TEST_SUCCESS;
}

static int
vlan(uint16_t type, uint16_t tpid, uint32_t len)
{
	static const uint16_t tci = 0x6123;

	frame_make_ipv4(&sent, mac_b, mac_a, IPPROTO_UDP, (uint16_t)(len - 42));
	memcpy(BUF(0), sent.b, sent.len);
	wqe_begin(MLX5_OPCODE_SEND, MLX5_COMP_ALWAYS);
	wqe_vlan(type, tci);
	wqe_data(MKEY, GPA(0), 100);
	wqe_data(MKEY, GPA(100), sent.len - 100);
	wqe_post();
	sq_go();
	memmove(sent.b + 16, sent.b + 12, sent.len - 12);
	pkt_put_be16(sent.b + 12, tpid);
	pkt_put_be16(sent.b + 14, tci);
	sent.len += 4;
	return arrived();
}

static int
test_vlan(void)
{
	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	TEST_ASSERT_SUCCESS(vlan(0x8000, 0x8100, LEN), "C-VLAN");
	TEST_ASSERT_SUCCESS(vlan(0x8001, 0x88a8, LEN), "S-VLAN");
	TEST_ASSERT_SUCCESS(vlan(0x8000, 0x8100, 126), "the head is full");
	TEST_ASSERT_SUCCESS(vlan(0x8000, 0x8100, 1514), "the largest");
	sq_close();
	return TEST_SUCCESS;
}

#define TSO_HDR 54u
#define TSO_LEN 2500u
#define TSO_MSS 1000u

static void
post_tso(uint8_t flags, uint16_t hdr_len)
{
	make_frame(IPPROTO_TCP, 1400);
	memcpy(BUF(0x1000), sent.b, TSO_HDR);
	memset(BUF(0x1000 + TSO_HDR), 0x5a, TSO_LEN);
	wqe_begin(MLX5_OPCODE_TSO, MLX5_COMP_ALWAYS);
	wqe_eth(flags, TSO_MSS, BUF(0x1000), hdr_len);
	wqe_data(MKEY, GPA(0x1000 + hdr_len), TSO_HDR + TSO_LEN - hdr_len);
	wqe_post();
	sq_go();
}

static int
test_tso(void)
{
	unsigned int n, off = 0;
	struct pkt p;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	post_tso(MLX5_ETH_WQE_L3_CSUM | MLX5_ETH_WQE_L4_CSUM, TSO_HDR);
	TEST_ASSERT(is_done(sq_poll(), 0, MLX5_OPCODE_TSO), "completion");
	for (n = 0; n < 3; n++, off += TSO_MSS) {
		uint32_t len = TSO_LEN - off < TSO_MSS ? TSO_LEN - off : TSO_MSS, i;

		TEST_ASSERT_EQUAL(sq_received(&got), TSO_HDR + len, "segment %u", n);
		frame_load(&p, &got);
		TEST_ASSERT(csum_verify(&p), "checksums of segment %u", n);
		TEST_ASSERT_EQUAL(pkt_be16(got.b + 16), 40 + len, "IP length of segment %u", n);
		TEST_ASSERT_EQUAL(pkt_be16(got.b + 40), pkt_be16(sent.b + 40) + off,
			"sequence number of segment %u", n);
		for (i = 0; i < len; i++)
			TEST_ASSERT_EQUAL(got.b[TSO_HDR + i], 0x5a, "payload of segment %u", n);
	}
	TEST_ASSERT_EQUAL(sq_received(&got), 0, "more segments");
	/* without the flags the checksums are those of the template */
	post_tso(0, TSO_HDR);
	TEST_ASSERT_EQUAL(sq_received(&got), TSO_HDR + TSO_MSS, "segment");
	TEST_ASSERT(
		memcmp(got.b + 24, sent.b + 24, 2) == 0 && memcmp(got.b + 50, sent.b + 50, 2) == 0,
		"a checksum was made");
	/* headers that are not those of the frame are cut from nothing */
	n = (unsigned int)atomic_load(&funcs[1].stats.tx_dropped);
	post_tso(0, TSO_HDR - 1);
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.tx_dropped), n + 1, "dropped");
	TEST_ASSERT_EQUAL(sq.state, NIC_WQ_RDY, "the queue goes on");
	sq_close();
	return TEST_SUCCESS;
}

/* What is too large for the MTU, or no frame, is dropped, and completes. */
static int
test_drops(void)
{
	static const uint32_t lens[] = {13, 1515};
	unsigned int i;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	for (i = 0; i < RTE_DIM(lens); i++) {
		make_frame(IPPROTO_UDP, 1473);
		wqe_begin(MLX5_OPCODE_SEND, MLX5_COMP_ALWAYS);
		wqe_eth(0, 0, NULL, 0);
		wqe_data(MKEY, GPA(0), lens[i]);
		wqe_post();
		sq_go();
		TEST_ASSERT(is_done(sq_poll(), (uint16_t)i, MLX5_OPCODE_SEND), "completion");
		TEST_ASSERT_EQUAL(sq_received(&got), 0, "length %u", lens[i]);
		TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.tx_dropped), i + 1u, "counted");
	}
	sq_close();
	return TEST_SUCCESS;
}

/* --- errors --- */

static struct mlx5_wqe_ctrl_seg *
ctrl(void)
{
	return (struct mlx5_wqe_ctrl_seg *)wqe_bytes;
}

static struct mlx5_wqe_eth_seg *
eth(void)
{
	return (struct mlx5_wqe_eth_seg *)(wqe_bytes + 16);
}

static struct mlx5_wqe_data_seg *
data(void)
{
	return (struct mlx5_wqe_data_seg *)(wqe_bytes + 32);
}

static void
bad_opcode(void)
{
	ctrl()->opmod_idx_opcode |= htobe32(MLX5_OPCODE_UMR);
}

static void
bad_opcode_lso(void)
{
	sq.dp->can.lso = 0;
	ctrl()->opmod_idx_opcode |= htobe32(MLX5_OPCODE_TSO);
	eth()->mss = htobe16(1000);
}

static void
bad_opcode_shared(void)
{
	sq.multi = false;
	ctrl()->opmod_idx_opcode |= htobe32(MLX5_OPCODE_ENHANCED_MPSW);
}

/* The entry at hand becomes one that frames share. */
static void
share(void)
{
	ctrl()->opmod_idx_opcode ^= htobe32(MLX5_OPCODE_SEND ^ MLX5_OPCODE_ENHANCED_MPSW);
}

static void
bad_shared_empty(void)
{
	share();
	ctrl()->qpn_ds = htobe32(SQ_NUMBER << 8 | 2);
}

static void
bad_shared_mss(void)
{
	share();
	eth()->mss = htobe16(1000);
}

static void
bad_shared_vlan(void)
{
	share();
	eth()->inline_hdr_sz = htobe16(0x8000);
}

static void
bad_shared_header(void)
{
	wqe_begin(MLX5_OPCODE_ENHANCED_MPSW, MLX5_COMP_ONLY_FIRST_ERR);
	wqe_eth(0, 0, sent.b, 14);
	wqe_data(MKEY, GPA(0), LEN);
}

static void
bad_shared_length(void)
{
	share();
	data()->byte_count = 0;
}

static void
bad_shared_inline(void)
{
	share();
	data()->byte_count = htobe32(MLX5_INLINE_SEG | 13);
}

static void
bad_index(void)
{
	ctrl()->opmod_idx_opcode ^= htobe32(0x100 << 4);
}

static void
bad_number(void)
{
	ctrl()->qpn_ds = htobe32((SQ_NUMBER + 1) << 8 | wqe_ds);
}

static void
bad_ds(void)
{
	ctrl()->qpn_ds = htobe32(SQ_NUMBER << 8);
}

static void
bad_ds_beyond(void)
{
	ctrl()->qpn_ds = htobe32(SQ_NUMBER << 8 | 33);
}

static void
bad_ds_large(void)
{
	ctrl()->qpn_ds = htobe32(SQ_NUMBER << 8 | 64);
}

static void
bad_ds_cap(void)
{
	sq.dp->can.ds = 2;
}

static void
bad_ds_short(void)
{
	ctrl()->qpn_ds = htobe32(SQ_NUMBER << 8 | 1);
}

static void
bad_opmod(void)
{
	ctrl()->opmod_idx_opcode |= htobe32(1u << 24);
}

static void
bad_header(void)
{
	eth()->inline_hdr_sz = htobe16(40);
}

static void
bad_tso_header(void)
{
	ctrl()->opmod_idx_opcode ^= htobe32(MLX5_OPCODE_SEND ^ MLX5_OPCODE_TSO);
	eth()->mss = htobe16(1000);
}

static void
bad_min_inline(void)
{
	sq.min_inline = NIC_INLINE_L2;
}

static void
bad_vlan(void)
{
	eth()->inline_hdr_sz = htobe16(0x8002);
}

static void
bad_vlan_cap(void)
{
	sq.dp->can.vlan = false;
	eth()->inline_hdr_sz = htobe16(0x8000);
}

static void
bad_swp(void)
{
	eth()->rsvd0 = htobe32(7);
}

static void
bad_swp_flags(void)
{
	eth()->rsvd1 = 1;
}

static void
bad_mss(void)
{
	eth()->mss = htobe16(1000);
}

static void
bad_mss_tso(void)
{
	ctrl()->opmod_idx_opcode ^= htobe32(MLX5_OPCODE_SEND ^ MLX5_OPCODE_TSO);
}

static void
bad_inline(void)
{
	data()->byte_count = htobe32(MLX5_INLINE_SEG | 13);
}

static void
bad_inline_empty(void)
{
	data()->byte_count = htobe32(MLX5_INLINE_SEG);
}

static void
bad_csum(void)
{
	eth()->cs_flags = 1 << 4;
}

static void
bad_csum_cap(void)
{
	sq.dp->can.csum = false;
	eth()->cs_flags = MLX5_ETH_WQE_L4_CSUM;
}

static void
bad_length(void)
{
	data()->byte_count = 0;
}

static void
bad_length_long(void)
{
	data()->byte_count = htobe32(0x10001);
	data()->lkey = htobe32(NULL_KEY);
}

static void
bad_key(void)
{
	data()->lkey = htobe32(MKEY + 1);
}

static void
bad_pd(void)
{
	static struct nic_pd other;

	sq.wq.pd = &other;
}

static void
bad_perm(void)
{
	mkey.perm = NIC_PERM_LW;
	dp_mkeys_changed(&funcs[1]);
}

static void
bad_bounds(void)
{
	data()->addr = htobe64(MEM_GPA + MEM_LEN - 10);
}

static void
bad_bounds_wrap(void)
{
	data()->addr = htobe64(UINT64_MAX - 10);
}

static const struct {
	const char *what;
	void (*spoil)(void);
	enum wqe_error why;
	uint8_t syndrome, vendor;
} bad[] = {
#define QP_OP MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR
#define PROT MLX5_CQE_SYNDROME_LOCAL_PROT_ERR
#define TOO_LONG MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR
	{"opcode", bad_opcode, WQE_E_OPCODE, QP_OP, 0x61},
	{"TSO without the capability", bad_opcode_lso, WQE_E_OPCODE, QP_OP, 0x61},
	{"shared where it is not allowed", bad_opcode_shared, WQE_E_OPCODE, QP_OP, 0x61},
	{"shared by none", bad_shared_empty, WQE_E_DS, QP_OP, 0x64},
	{"shared, with mss", bad_shared_mss, WQE_E_MSS, QP_OP, 0x6b},
	{"shared, with a VLAN tag", bad_shared_vlan, WQE_E_VLAN, QP_OP, 0x69},
	{"shared, with a header", bad_shared_header, WQE_E_INLINE_HDR, QP_OP, 0x67},
	{"shared, a frame of no length", bad_shared_length, WQE_E_LENGTH, TOO_LONG, 0x41},
	{"shared, inline data beyond its entry", bad_shared_inline, WQE_E_INLINE_SEG, QP_OP, 0x6c},
	{"index", bad_index, WQE_E_INDEX, QP_OP, 0x62},
	{"number", bad_number, WQE_E_NUMBER, QP_OP, 0x63},
	{"ds 0", bad_ds, WQE_E_DS, QP_OP, 0x64},
	{"ds beyond what was posted", bad_ds_beyond, WQE_E_DS, QP_OP, 0x64},
	{"ds 64", bad_ds_large, WQE_E_DS, QP_OP, 0x64},
	{"ds beyond max_wqe_sz_sq", bad_ds_cap, WQE_E_DS, QP_OP, 0x64},
	{"no Ethernet segment", bad_ds_short, WQE_E_DS, QP_OP, 0x64},
	{"opmod", bad_opmod, WQE_E_OPMOD, QP_OP, 0x65},
	{"header beyond its entry", bad_header, WQE_E_INLINE_HDR, QP_OP, 0x67},
	{"TSO without headers", bad_tso_header, WQE_E_INLINE_HDR, QP_OP, 0x67},
	{"min inline", bad_min_inline, WQE_E_MIN_INLINE, QP_OP, 0x68},
	{"bits of VLAN", bad_vlan, WQE_E_VLAN, QP_OP, 0x69},
	{"VLAN without the capability", bad_vlan_cap, WQE_E_VLAN, QP_OP, 0x69},
	{"swp offsets", bad_swp, WQE_E_SWP, QP_OP, 0x6a},
	{"swp flags", bad_swp_flags, WQE_E_SWP, QP_OP, 0x6a},
	{"mss of SEND", bad_mss, WQE_E_MSS, QP_OP, 0x6b},
	{"TSO without mss", bad_mss_tso, WQE_E_MSS, QP_OP, 0x6b},
	{"inline data beyond its entry", bad_inline, WQE_E_INLINE_SEG, QP_OP, 0x6c},
	{"no inline data", bad_inline_empty, WQE_E_INLINE_SEG, QP_OP, 0x6c},
	{"inner checksum", bad_csum, WQE_E_CSUM, QP_OP, 0x6d},
	{"checksum without the capability", bad_csum_cap, WQE_E_CSUM, QP_OP, 0x6d},
	{"segment of no length", bad_length, WQE_E_LENGTH, TOO_LONG, 0x41},
	{"frame of 64 KiB", bad_length_long, WQE_E_LENGTH, TOO_LONG, 0x41},
	{"key", bad_key, WQE_E_KEY, PROT, 0x51},
	{"domain", bad_pd, WQE_E_PD, PROT, 0x52},
	{"right", bad_perm, WQE_E_PERM, PROT, 0x54},
	{"bounds", bad_bounds, WQE_E_BOUNDS, PROT, 0x53},
	{"bounds around 2^64", bad_bounds_wrap, WQE_E_BOUNDS, PROT, 0x53},
};

static bool
is_error(uint16_t index, uint8_t opcode, uint8_t syndrome, uint8_t vendor)
{
	const struct mlx5_err_cqe *c = (const struct mlx5_err_cqe *)sq_poll();

	return c != NULL && c->op_own >> 4 == MLX5_CQE_REQ_ERR &&
		be16toh(c->wqe_counter) == index && c->syndrome == syndrome &&
		c->vendor_err_synd == vendor &&
		be32toh(c->s_wqe_opcode_qpn) == ((uint32_t)opcode << 24 | SQ_NUMBER) &&
		be32toh(c->srqn) == SQ_USER_INDEX;
}

/* ERR, RST, RDY: and it sends again. */
static int
recover(void)
{
	struct frame f = sent;

	sq.wq.pd = mkey.pd;
	sq.min_inline = NIC_INLINE_NONE;
	sq.multi = true;
	sq.dp->can.ds = SQ_DS_MAX;
	mkey.perm = NIC_PERM_LR | NIC_PERM_LW;
	dp_mkeys_changed(&funcs[1]);
	dp_sq_reset(&sq);
	sq_restart();
	dp_sq_ready(&sq);
	wqe_frame(&f);
	sq_go();
	TEST_ASSERT_SUCCESS(arrived(), "it does not send");
	TEST_ASSERT(is_done(sq_poll(), 0, MLX5_OPCODE_SEND), "completion");
	sq_close();
	return sq_open();
}

/* A good entry, the bad one without a wish for a completion, and two behind it. */
static int
test_errors(void)
{
	const uint8_t flush = MLX5_CQE_SYNDROME_WR_FLUSH_ERR;
	unsigned int i;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	for (i = 0; i < RTE_DIM(bad); i++) {
		uint8_t opcode;
		bool in_front;

		make_frame(IPPROTO_UDP, LEN);
		wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ALWAYS);
		wqe_post();
		wqe_begin(bad[i].why == WQE_E_OPCODE ? 0 : MLX5_OPCODE_SEND,
			MLX5_COMP_ONLY_FIRST_ERR);
		shape_one();
		bad[i].spoil();
		opcode = (uint8_t)be32toh(ctrl()->opmod_idx_opcode);
		wqe_post();
		wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ONLY_FIRST_ERR);
		wqe_post();
		wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ONLY_ERR);
		wqe_post();
		sq_go();
		in_front = is_done(sq_poll(), 0, MLX5_OPCODE_NOP);
		TEST_ASSERT(in_front, "%s: the entry before it", bad[i].what);
		TEST_ASSERT(is_error(1, opcode, bad[i].syndrome, bad[i].vendor), "%s: completion",
			bad[i].what);
		TEST_ASSERT(is_error(3, MLX5_OPCODE_NOP, flush, 0xf9), "%s: flush", bad[i].what);
		TEST_ASSERT(sq_poll() == NULL, "%s: one flush too many", bad[i].what);
		TEST_ASSERT_EQUAL(sq.state, NIC_WQ_ERR, "%s: state", bad[i].what);
		TEST_ASSERT_EQUAL(sq_received(&got), 0, "%s: it was sent", bad[i].what);
		TEST_ASSERT_EQUAL(atomic_load(&funcs[1].wqe_errors[bad[i].why]), 1u, "%s: counted",
			bad[i].what);
		TEST_ASSERT_EQUAL(n_qp_errors, 0u, "%s: an event besides", bad[i].what);
		TEST_ASSERT_SUCCESS(recover(), "%s: recovery", bad[i].what);
	}
	sq_close();
	return TEST_SUCCESS;
}

/* In ERR what is posted is flushed, if the queue is made so; RST and RDY bring it back. */
static int
test_recovery(void)
{
	const uint8_t flush = MLX5_CQE_SYNDROME_WR_FLUSH_ERR;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	make_frame(IPPROTO_UDP, LEN);
	dp_sq_error(&sq);
	wqe_frame(&sent);
	sq_go();
	TEST_ASSERT(is_error(0, MLX5_OPCODE_SEND, flush, 0xf9), "posted in ERR");
	TEST_ASSERT_EQUAL(sq_received(&got), 0, "sent in ERR");
	sq.flush = false;
	wqe_frame(&sent);
	sq_go();
	TEST_ASSERT(sq_poll() == NULL, "flush_in_error_en is off");
	TEST_ASSERT_EQUAL(sq.ci, 2u, "it was not taken");
	dp_sq_reset(&sq);
	sq_restart();
	TEST_ASSERT(sq.ci == 0 && sq.pi == 0, "indices in RST");
	dp_sq_ready(&sq);
	do
		wqe_begin(MLX5_OPCODE_NOP, 0);
	while (wqe_post() != 15);
	/* more than the ring has: entries that were not sent are gone */
	wqe_begin(MLX5_OPCODE_NOP, 0);
	wqe_post();
	sq_go();
	TEST_ASSERT(is_error(0, 0, QP_OP, 0x66), "more than a ring of entries");
	TEST_ASSERT_EQUAL(sq.state, NIC_WQ_ERR, "state");
	sq_close();
	return TEST_SUCCESS;
}

/* A CQ that overruns takes the queue along, and both say so. */
static int
test_cq_overrun(void)
{
	unsigned int i;

	TEST_ASSERT_SUCCESS(sq_open(), "queue");
	for (i = 0; i < 1u << SQ_CQ_LOG; i++) {
		wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ALWAYS);
		wqe_post();
		sq_go();
	}
	TEST_ASSERT_EQUAL(n_cq_errors, 0u, "as many as it has room for");
	wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ALWAYS);
	wqe_post();
	sq_go();
	TEST_ASSERT_EQUAL(n_cq_errors, 1u, "event of the CQ");
	TEST_ASSERT_EQUAL(n_qp_errors, 1u, "event of the queue");
	TEST_ASSERT_EQUAL(DEVX_GET(qp_events, last_eqe + 32, type), 2, "it is a send queue");
	TEST_ASSERT_EQUAL(DEVX_GET(qp_events, last_eqe + 32, qpn_rqn_sqn), SQ_NUMBER, "this one");
	TEST_ASSERT(sq_cq.error && sq.state == NIC_WQ_ERR, "states");
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].wqe_errors[WQE_E_CQ]), 1u, "counted");
	wqe_begin(MLX5_OPCODE_NOP, MLX5_COMP_ALWAYS);
	wqe_post();
	sq_go();
	TEST_ASSERT_EQUAL(n_qp_errors, 1u, "an event once more");
	sq_close();
	return TEST_SUCCESS;
}

/* The file behind the payload is cut short, then that behind the ring. */
static int
test_truncated(void)
{
	TEST_ASSERT_SUCCESS(file_memory(), "memory");
	TEST_ASSERT_SUCCESS(sq_open_here(), "queue");
	make_frame(IPPROTO_UDP, LEN);
	wqe_frame(&sent);
	wqe_begin(MLX5_OPCODE_SEND, 0);
	wqe_eth(0, 0, NULL, 0);
	wqe_data(MKEY, GPA(0x8000), 1000);
	wqe_post();
	wqe_begin(MLX5_OPCODE_NOP, 0);
	wqe_post();
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, SQ_BUF_OFF + 0x4000), "cut off the payload");
	sq_go();
	TEST_ASSERT(is_done(sq_poll(), 0, MLX5_OPCODE_SEND), "the entry before it");
	TEST_ASSERT(is_error(1, MLX5_OPCODE_SEND, PROT, 0x57), "its memory is gone");
	TEST_ASSERT(is_error(2, MLX5_OPCODE_NOP, MLX5_CQE_SYNDROME_WR_FLUSH_ERR, 0xf9), "flush");
	TEST_ASSERT_EQUAL(sq.state, NIC_WQ_ERR, "state");
	dp_sq_reset(&sq);
	dp_sq_ready(&sq);
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, SQ_RING_OFF), "cut off the ring");
	sq.dp->base.kick = true;
	TEST_ASSERT(!sq.dp->base.ops->serve(eng, &sq.dp->base), "served");
	TEST_ASSERT_EQUAL(n_qp_errors, 1u, "event");
	TEST_ASSERT_EQUAL(sq.state, NIC_WQ_ERR, "state");
	sq_close();
	usual_memory();
	return TEST_SUCCESS;
}

/* Headers that min_wqe_inline_mode demands: one byte less is an error. */
static int
test_min_inline(void)
{
	static const struct {
		uint8_t mode, proto;
		uint16_t least;
	} rows[] = {{NIC_INLINE_L2, IPPROTO_UDP, 14}, {NIC_INLINE_IP, IPPROTO_UDP, 34},
		{NIC_INLINE_TCP_UDP, IPPROTO_UDP, 42}, {NIC_INLINE_TCP_UDP, IPPROTO_TCP, 54},
		{NIC_INLINE_TCP_UDP, IPPROTO_ICMP, 34}};
	unsigned int i, less;

	for (i = 0; i < RTE_DIM(rows); i++) {
		for (less = 0; less < 2; less++) {
			uint16_t n = (uint16_t)(rows[i].least - less);

			TEST_ASSERT_SUCCESS(sq_open(), "queue");
			sq.min_inline = rows[i].mode;
			make_frame(rows[i].proto == IPPROTO_TCP ? IPPROTO_TCP : IPPROTO_UDP, LEN);
			sent.b[23] = rows[i].proto;
			wqe_begin(MLX5_OPCODE_SEND, MLX5_COMP_ALWAYS);
			wqe_eth(0, 0, sent.b, n);
			wqe_data(MKEY, GPA(n), sent.len - n);
			wqe_post();
			sq_go();
			TEST_ASSERT_EQUAL(sq.state, less == 0 ? NIC_WQ_RDY : NIC_WQ_ERR,
				"row %u, %u bytes", i, n);
			sq_close();
		}
	}
	return TEST_SUCCESS;
}

static struct unit_test_suite sq_suite = {
	.suite_name = "sq",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_doorbells),
			TEST_CASE(test_doorbell_before_ready),
			TEST_CASE(test_shapes),
			TEST_CASE(test_shared),
			TEST_CASE(test_shared_error),
			TEST_CASE(test_indirect_key),
			TEST_CASE(test_modes),
			TEST_CASE(test_cqe_sizes),
			TEST_CASE(test_events),
			TEST_CASE(test_checksums),
			TEST_CASE(test_vlan),
			TEST_CASE(test_tso),
			TEST_CASE(test_drops),
			TEST_CASE(test_errors),
			TEST_CASE(test_recovery),
			TEST_CASE(test_cq_overrun),
			TEST_CASE(test_truncated),
			TEST_CASE(test_min_inline),
			TEST_CASES_END(),
		},
};

static int
test_sq(void)
{
	return unit_test_suite_runner(&sq_suite);
}

REGISTER_TEST_COMMAND(sq_autotest, test_sq);
