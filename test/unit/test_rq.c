/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Raw receive queues of the emulated NIC, without firmware: frames come by the e-switch, as those
 * of a virtqueue do, and end in the memory and the completions of a driver.
 */
#include "dp_rig.h"

#include <stdlib.h>

#include "dp/csum.h"
#include "dp/rq.h"

#define RQS 4u
#define LOG_RQ 4u /* 16 entries */
#define STRIDE 5u /* of 2 data segments */
#define ENTRIES (1u << LOG_RQ)
#define LOG_CQ 6u
#define RING_OFF(k) (0x2000u + (k)*0x400u)
#define RECORD_OFF(k) (0x4000u + (k)*64u)
#define BUF(k, i) (0x10000u + (k)*0x10000u + (i)*0x1000u)
#define NONE 0xffffu /* no completion */
#define SENDER 2u
/* Of hdr_type_etc. */
#define OK3 (MLX5_CQE_RX_L2_HDR_VALID | MLX5_CQE_RX_L3_HDR_VALID)
#define OK4 (OK3 | MLX5_CQE_RX_L4_HDR_VALID)
#define V4 MLX5_CQE_RX_IPV4_PACKET
#define L4(x) (CQE_L4_HDR_TYPE_##x << MLX5_CQE_L4_TYPE_SHIFT)

static struct nic_umem rig_umem;
static struct nic_rq rqs[RQS];
static uint16_t posted[RQS];
static struct nic_cq *cq;
static uint32_t cq_ci;
static struct nic_q_counter counter;
static struct nic_obj *rq_tbl[RQS];
static struct nic_rqt rqt;
static struct nic_tir tir;
static struct nic_matcher matcher;
static struct nic_flow flow, *flow_tbl1[1];

/* A completion as software sees it, at 'cq_ci'; NULL: the NIC still owns it. */
static struct prm_eth_cqe *
peek(void)
{
	uint32_t slot = cq_ci & ((1u << cq->log_size) - 1);
	struct prm_eth_cqe *c = (struct prm_eth_cqe *)(mem + ((size_t)slot << cq->log_cqe_size) +
		(1u << cq->log_cqe_size) - sizeof(*c));

	/* entries that were never written are invalid as a driver makes them */
	return c->op_own >> 4 == MLX5_CQE_INVALID || (c->op_own & 1) != (cq_ci >> cq->log_size & 1)
		? NULL
		: c;
}

/* Take it; gone after the next one is. */
static struct prm_eth_cqe *
take_cqe(void)
{
	struct prm_eth_cqe *c = peek();

	if (c != NULL)
		*word(CQ_DBR) = htobe32(++cq_ci);
	return c;
}

static void
rig_open(unsigned int n_rqs)
{
	unsigned int i;

	cq = cq_setup(false);
	cq->log_size = LOG_CQ;
	cq_ci = 0;
	for (i = 0; i < 1u << LOG_CQ; i++)
		mem[i * 64 + 63] = MLX5_CQE_INVALID << 4;
	rig_umem = (struct nic_umem){.pin = pin, .len = MEM_LEN};
	memset(&counter, 0, sizeof(counter));
	memset(rqs, 0, sizeof(rqs));
	memset(posted, 0, sizeof(posted));
	for (i = 0; i < n_rqs; i++) {
		rqs[i] = (struct nic_rq){
			.obj = {.func = &funcs[1], .type = NIC_OBJ_RQ, .id = 0x900 + i},
			.wq = {.pd = mkey.pd,
				.umem = &rig_umem,
				.dbr_umem = &rig_umem,
				.offset = RING_OFF(i),
				.dbr_offset = RECORD_OFF(i),
				.log_size = LOG_RQ,
				.log_stride = STRIDE},
			.cq = cq,
			.counter = &counter,
			.user_index = 0x123456 + i,
			.clock_khz = 1000000,
			.csum = true,
			.flush = true};
		rq_tbl[i] = &rqs[i].obj;
		dp_rq_init(&rqs[i]);
		dp_rq_ready(&rqs[i]);
	}
	rqt = (struct nic_rqt){.q_type = MLX5_INLINE_Q_TYPE_RQ, .size = n_rqs, .q = rq_tbl};
	tir = (struct nic_tir){.rqt = &rqt,
		.hash_fn = MLX5_RX_HASH_FN_TOEPLITZ,
		.l4_type = MLX5_L4_PROT_TYPE_UDP,
		.fields = 0xf};
	for (i = 0; i < sizeof(tir.key); i++)
		tir.key[i] = (uint8_t)(i * 37 + 11);
	memset(&matcher, 0, sizeof(matcher));
	flow = (struct nic_flow){.matcher = &matcher, .tir = &tir, .tag = 0xabcdef};
	flow_tbl1[0] = &flow;
	funcs[1].flow_tbl = flow_tbl1;
	funcs[1].n_flows = 1;
	eng->now = 12345678;
}

static void
rig_close(unsigned int n_rqs)
{
	while (n_rqs > 0)
		dp_rq_fini(&rqs[--n_rqs]);
}

struct sge {
	uint32_t key, len;
	uint64_t addr;
};

/* Post an entry of at most two segments; the rest ends the list. */
static void
post_sges(unsigned int k, const struct sge *s, unsigned int n)
{
	struct mlx5_wqe_data_seg *seg =
		(struct mlx5_wqe_data_seg *)(mem + RING_OFF(k) + (posted[k] % ENTRIES << STRIDE));
	unsigned int i;

	for (i = 0; i < (1u << STRIDE) / sizeof(*seg); i++) {
		seg[i] = (struct mlx5_wqe_data_seg){.lkey = htobe32(MLX5_INVALID_LKEY)};
		if (i < n)
			seg[i] = (struct mlx5_wqe_data_seg){.byte_count = htobe32(s[i].len),
				.lkey = htobe32(s[i].key),
				.addr = htobe64(s[i].addr)};
	}
	posted[k]++;
	*word(RECORD_OFF(k)) = htobe32(posted[k]);
}

/* An entry with a first buffer of 'first' bytes, and a second, of the rest of a page, elsewhere. */
static void
post_entry(unsigned int k, uint32_t first)
{
	uint32_t off = BUF(k, posted[k] % ENTRIES);
	struct sge s[2] = {{MKEY, first, MEM_GPA + off}, {MKEY, 0x700, MEM_GPA + off + 0x800}};

	memset(mem + off, 0xee, 0x1000);
	post_sges(k, s, 2);
}

static struct frame *burst_frame;
static unsigned int burst_n;

static void
burst_step(struct dp_engine *e, struct dp_queue *q)
{
	unsigned int i;

	(void)q;
	for (i = 0; i < burst_n; i++) {
		struct pkt *p = engine_pkt(e);
		static struct iovec seg[ENGINE_PKTS];
		struct iov_cur cur = {.seg = &seg[i], .n = 1};

		seg[i] =
			(struct iovec){.iov_base = burst_frame[i].b, .iov_len = burst_frame[i].len};
		pkt_load(p, &cur, burst_frame[i].len);
		eswitch_send(e, &funcs[SENDER], p);
	}
	eswitch_flush(e);
}

static bool
send_burst(struct frame *f, unsigned int n)
{
	bool ok;

	burst_frame = f;
	burst_n = n;
	eswitch_begin(eng);
	ok = engine_dma(eng, NULL, burst_step);
	eswitch_end(eng);
	return ok;
}

static void
attend_step(struct dp_engine *e, struct dp_queue *q)
{
	e->rx_locked = q;
	pthread_mutex_lock(&q->lock);
	q->ops->attend(e, q);
	e->rx_locked = NULL;
	pthread_mutex_unlock(&q->lock);
}

static void
attend(unsigned int k)
{
	if (rqs[k].dp->base.attn != 0)
		engine_dma(eng, &rqs[k].dp->base, attend_step);
}

/* The 16 bits that the sum of [from, to) of a frame has, computed another way. */
static uint16_t
plain_sum(const struct frame *f, uint32_t from, uint32_t to)
{
	uint32_t sum = 0, i;

	for (i = from; i < to; i++) {
		sum += (i - from) % 2 == 0 ? (uint32_t)f->b[i] << 8 : f->b[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* Make the checksum of layer 4 of an IPv4 frame without options right. */
static void
make_csum(struct frame *f)
{
	uint32_t at = 34u + (f->b[23] == IPPROTO_UDP ? 6u : 16u), sum;
	uint8_t pseudo[4] = {0, f->b[23], f->b[16], f->b[17]};
	uint16_t l4_len = (uint16_t)(pkt_be16(f->b + 16) - 20);

	pkt_put_be16(pseudo + 2, l4_len);
	pkt_put_be16(f->b + at, 0);
	sum = plain_sum(f, 26, 34) + plain_sum(f, 34, 34u + l4_len) + pkt_be16(pseudo) + l4_len;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	pkt_put_be16(f->b + at, sum == 0 ? 0xffff : (uint16_t)sum);
}

static void
udp_frame(struct frame *f, uint16_t sport, uint16_t payload)
{
	frame_eth(f, mac_a, mac_b, 0x0800);
	frame_ipv4(f, ip1, ip2, IPPROTO_UDP, 0, (uint16_t)(8 + payload));
	frame_l4(f, IPPROTO_UDP, sport, 2000, payload);
	make_csum(f);
}

/* Is a frame of 'len' bytes from 'src' on in the buffers of an entry, and nothing behind it? */
static bool
is_in_entry(unsigned int k, unsigned int entry, uint32_t first, const uint8_t *src, uint32_t len)
{
	const uint8_t *buf = mem + BUF(k, entry % ENTRIES);
	uint32_t head = len < first ? len : first;

	return memcmp(buf, src, head) == 0 && memcmp(buf + 0x800, src + head, len - head) == 0 &&
		buf[head] == 0xee && buf[0x800 + len - head] == 0xee;
}

/* Frames of all lengths, over two buffers, through several rounds of ring and CQ. */
static int
test_frames(void)
{
	struct frame f[3];
	uint32_t round, i, hash;
	uint8_t in[12];

	rig_open(1);
	for (round = 0; round < 400; round++) {
		unsigned int n = 1 + round % 3;
		uint32_t first = 14 + round % 90;

		for (i = 0; i < n; i++) {
			udp_frame(
				&f[i], (uint16_t)(round + i), (uint16_t)((round * 13 + i) % 1400));
			post_entry(0, first);
		}
		TEST_ASSERT(send_burst(f, n), "round %u", round);
		for (i = 0; i < n; i++) {
			uint16_t entry = (uint16_t)(posted[0] - n + i);
			struct prm_eth_cqe *c = take_cqe();

			TEST_ASSERT(c != NULL, "round %u: no completion", round);
			TEST_ASSERT_EQUAL(c->op_own >> 4, MLX5_CQE_RESP_SEND, "opcode");
			TEST_ASSERT_EQUAL(be16toh(c->wqe_counter), entry, "round %u", round);
			TEST_ASSERT_EQUAL(be32toh(c->byte_cnt), f[i].len, "round %u: bytes", round);
			TEST_ASSERT(is_in_entry(0, entry, first, f[i].b, f[i].len),
				"round %u, frame %u: payload", round, i);
			memcpy(in, f[i].b + 26, 12);
			hash = rss_toeplitz(tir.key, in, 12);
			TEST_ASSERT(be32toh(c->rx_hash_res) == hash && c->rx_hash_type == 0xa5,
				"hash %#x of type %#x", be32toh(c->rx_hash_res), c->rx_hash_type);
			TEST_ASSERT_EQUAL(be16toh(c->hdr_type_etc),
				MLX5_CQE_RX_L2_HDR_VALID | MLX5_CQE_RX_L3_HDR_VALID |
					MLX5_CQE_RX_L4_HDR_VALID | MLX5_CQE_RX_IPV4_PACKET |
					CQE_L4_HDR_TYPE_UDP << MLX5_CQE_L4_TYPE_SHIFT,
				"types %#x", be16toh(c->hdr_type_etc));
			TEST_ASSERT_EQUAL(be16toh(c->csum), plain_sum(&f[i], 14, f[i].len), "sum");
			TEST_ASSERT_EQUAL(be32toh(c->sop_drop_qpn), 0xabcdefu, "flow tag");
			TEST_ASSERT(
				memcmp(c->user_index_bytes, "\x12\x34\x56", 3) == 0, "user index");
			TEST_ASSERT_EQUAL(be64toh(c->timestamp), 12345678u, "time");
		}
		TEST_ASSERT_NULL(peek(), "round %u: one too many", round);
	}
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.rx_pkts), posted[0], "counted");
	rig_close(1);
	return TEST_SUCCESS;
}

/* The completions from cq_ci on are compressed, n of them; NULL: they are not. */
static const struct prm_eth_cqe *
take_session(unsigned int n, struct prm_mini_cqe *mini)
{
	const struct prm_eth_cqe *title = peek();
	unsigned int i;

	if (title == NULL || title->op_own >> 4 != MLX5_CQE_RESP_SEND ||
		(title->op_own & MLX5E_CQE_FORMAT_MASK) != PRM_CQE_COMPRESSED ||
		be32toh(title->byte_cnt) != n)
		return NULL;
	for (i = 0; i < n; i++) {
		uint32_t slot = cq_ci + (i < PRM_MINI_CQES ? 1 : i / PRM_MINI_CQES * PRM_MINI_CQES);

		memcpy(&mini[i],
			mem + (slot % (1u << LOG_CQ)) * sizeof(*title) +
				i % PRM_MINI_CQES * sizeof(*mini),
			sizeof(*mini));
	}
	cq_ci += n;
	*word(CQ_DBR) = htobe32(cq_ci);
	return title;
}

/* As a consumer does it with the entries of a session: in the next round they are nobody's. */
static void
disown(uint32_t from, uint32_t n)
{
	while (n-- > 0)
		mem[(from++ % (1u << LOG_CQ)) * 64 + 63] = MLX5_CQE_INVALID << 4;
}

/* Frames of one flow's kind: their completions share one, whatever the format. */
static int
compressed(uint8_t format)
{
	struct prm_mini_cqe mini[16];
	struct frame f[16];
	unsigned int n, i, round;

	rig_open(1);
	cq->compress = 64;
	cq->mini_format = format;
	for (round = 0; round < 60; round++) {
		uint16_t first = posted[0];
		uint32_t from = cq_ci;
		const struct prm_eth_cqe *title;
		uint8_t in[12];

		n = 3 + round % 14;
		for (i = 0; i < n; i++) {
			udp_frame(&f[i], (uint16_t)(round + i), (uint16_t)((round + i) * 13 % 900));
			post_entry(0, 64);
		}
		TEST_ASSERT(send_burst(f, n), "round %u", round);
		title = take_session(n, mini);
		TEST_ASSERT(title != NULL, "round %u: not compressed", round);
		TEST_ASSERT_EQUAL(be16toh(title->wqe_counter), first, "round %u", round);
		TEST_ASSERT_EQUAL(be16toh(title->hdr_type_etc), OK4 | V4 | L4(UDP), "types");
		for (i = 0; i < n; i++) {
			TEST_ASSERT_EQUAL(
				be32toh(mini[i].byte_cnt), f[i].len, "round %u: %u", round, i);
			memcpy(in, f[i].b + 26, 12);
			if (format == MLX5_CQE_RESP_FORMAT_HASH)
				TEST_ASSERT_EQUAL(be32toh(mini[i].rx_hash_res),
					rss_toeplitz(tir.key, in, 12), "hash");
			else
				TEST_ASSERT_EQUAL(be16toh(mini[i].csum),
					plain_sum(&f[i], 14, f[i].len), "sum");
			TEST_ASSERT(is_in_entry(0, first + i, 64, f[i].b, f[i].len), "payload");
		}
		/* the holes stay as software left them */
		for (i = 2; i < n; i++) {
			if (i % PRM_MINI_CQES != 0)
				TEST_ASSERT_EQUAL(mem[((from + i) % (1u << LOG_CQ)) * 64 + 63],
					MLX5_CQE_INVALID << 4, "round %u: entry %u", round, i);
		}
		disown(from, n);
		TEST_ASSERT_NULL(peek(), "round %u: one too many", round);
	}
	rig_close(1);
	return TEST_SUCCESS;
}

/* What ends a session: a completion that says something else; too few to save an entry; no room. */
static int
test_compressed(void)
{
	struct prm_mini_cqe mini[16];
	struct frame f[12];
	unsigned int i;

	if (compressed(MLX5_CQE_RESP_FORMAT_HASH) != TEST_SUCCESS ||
		compressed(MLX5_CQE_RESP_FORMAT_CSUM) != TEST_SUCCESS)
		return TEST_FAILED;
	rig_open(1);
	cq->compress = 5;
	for (i = 0; i < 12; i++) {
		udp_frame(&f[i], (uint16_t)i, 100);
		post_entry(0, 64);
	}
	f[2].b[40] ^= 1; /* its checksum is wrong */
	TEST_ASSERT(send_burst(f, 12), "burst");
	for (i = 0; i < 3; i++)
		TEST_ASSERT((take_cqe()->op_own & MLX5E_CQE_FORMAT_MASK) == 0, "frame %u", i);
	TEST_ASSERT(take_session(5, mini) != NULL, "as many as can be");
	TEST_ASSERT(take_session(4, mini) != NULL, "and the rest");
	rig_close(1);
	rig_open(1);
	cq->compress = 64;
	cq->log_size = 2;
	for (i = 0; i < 5; i++)
		post_entry(0, 64);
	send_burst(f + 3, 5);
	for (; cq_ci < 4; cq_ci++)
		TEST_ASSERT((peek()->op_own & MLX5E_CQE_FORMAT_MASK) == 0, "entry %u", cq_ci);
	TEST_ASSERT(cq->error && n_cq_errors == 1, "no overrun");
	rig_close(1);
	return TEST_SUCCESS;
}

/* What the completion says of headers and checksums. The frame is as below, then changed. */
enum change {
	AS_IT_IS,
	L4_WRONG,
	L3_WRONG,
	UDP_ZERO,
	PADDED,
	CUT,
};
/* clang-format off */
static const struct {
	uint8_t proto;
	uint8_t tcp_flags;
	uint16_t frag, payload;
	enum change change;
	uint16_t says;
} header_rows[] = {
	{ IPPROTO_TCP, 0x18, 0, 100, AS_IT_IS, OK4 | V4 | L4(TCP_ACK_AND_DATA) },
	{ IPPROTO_TCP, 0x10, 0, 0, AS_IT_IS, OK4 | V4 | L4(TCP_ACK_NO_DATA) },
	{ IPPROTO_TCP, 0x02, 0, 0, AS_IT_IS, OK4 | V4 | L4(TCP_NO_ACK) },
	{ IPPROTO_TCP, 0x18, 0, 101, L4_WRONG, OK3 | V4 | L4(TCP_ACK_AND_DATA) },
	{ IPPROTO_TCP, 0x18, 0, 100, L3_WRONG, MLX5_CQE_RX_L2_HDR_VALID | MLX5_CQE_RX_L4_HDR_VALID | V4 | L4(TCP_ACK_AND_DATA) },
	{ IPPROTO_TCP, 0x10, 0, 0, PADDED, OK4 | V4 | L4(TCP_ACK_NO_DATA) },
	{ IPPROTO_TCP, 0x18, 0, 300, CUT, MLX5_CQE_RX_L2_HDR_VALID | V4 | L4(TCP_ACK_AND_DATA) },
	{ IPPROTO_UDP, 0, 0, 77, AS_IT_IS, OK4 | V4 | L4(UDP) },
	{ IPPROTO_UDP, 0, 0, 77, L4_WRONG, OK3 | V4 | L4(UDP) },
	{ IPPROTO_UDP, 0, 0, 77, UDP_ZERO, OK3 | V4 | L4(UDP) },
	{ IPPROTO_UDP, 0, 0x2000, 77, AS_IT_IS, OK3 | V4 | MLX5_CQE_RX_IP_FRAG_PACKET },
	{ IPPROTO_UDP, 0, 0x0010, 77, AS_IT_IS, OK3 | V4 | MLX5_CQE_RX_IP_FRAG_PACKET },
	{ IPPROTO_GRE, 0, 0, 77, AS_IT_IS, OK3 | V4 },
};
/* clang-format on */

static void
change(struct frame *f, enum change how)
{
	switch (how) {
	case L4_WRONG:
		f->b[40] ^= 1;
		break;
	case L3_WRONG:
		f->b[22] ^= 1; /* the time to live */
		break;
	case UDP_ZERO:
		pkt_put_be16(f->b + 40, 0);
		break;
	case PADDED:
		memset(f->b + f->len, 0xa5, 60 - f->len);
		f->len = 60;
		break;
	case CUT:
		f->len -= 50;
		break;
	case AS_IT_IS:
		break;
	}
}

static int
test_headers(void)
{
	unsigned int i;

	rig_open(1);
	for (i = 0; i < RTE_DIM(header_rows); i++) {
		uint16_t l4 = (uint16_t)(header_rows[i].payload +
			(header_rows[i].proto == IPPROTO_TCP ? 20 : 8));
		struct prm_eth_cqe *c;
		uint32_t end;
		struct frame f;

		frame_eth(&f, mac_a, mac_b, 0x0800);
		frame_ipv4(&f, ip1, ip2, header_rows[i].proto, header_rows[i].frag, l4);
		frame_l4(&f, header_rows[i].proto == IPPROTO_TCP ? IPPROTO_TCP : IPPROTO_UDP, 1, 2,
			header_rows[i].payload);
		if (header_rows[i].proto == IPPROTO_TCP)
			f.b[47] = header_rows[i].tcp_flags;
		make_csum(&f);
		change(&f, header_rows[i].change);
		post_entry(0, 64);
		send_burst(&f, 1);
		c = take_cqe();
		TEST_ASSERT(c != NULL, "row %u", i);
		TEST_ASSERT_EQUAL(be16toh(c->hdr_type_etc), header_rows[i].says,
			"row %u: %#x, not %#x", i, be16toh(c->hdr_type_etc), header_rows[i].says);
		end = 34u + l4 < f.len ? 34u + l4 : f.len;
		TEST_ASSERT_EQUAL(be16toh(c->csum), plain_sum(&f, 14, end), "row %u: sum", i);
		TEST_ASSERT_EQUAL(be32toh(c->byte_cnt), f.len, "row %u: bytes", i);
	}
	rig_close(1);
	return TEST_SUCCESS;
}

/* A frame of which the NIC made the checksum itself, IPv6, no IP at all, and no capability. */
static int
test_other_headers(void)
{
	static const uint8_t v6[40] = {0x60, 0, 0, 0, 0, 40, IPPROTO_UDP, 64, [23] = 1, [39] = 2};
	struct prm_eth_cqe cqe;
	struct rx_meta meta = {0};
	struct frame f;
	struct pkt p;

	rig_open(1);
	udp_frame(&f, 7, 333);
	frame_load(&p, &f);
	p.csum_ok = true;
	rq_cqe_fill((struct mlx5_cqe64 *)&cqe, &rqs[0], &p, &meta, 0);
	TEST_ASSERT(be16toh(cqe.csum) == plain_sum(&f, 14, f.len) &&
			be16toh(cqe.hdr_type_etc) == (OK4 | V4 | L4(UDP)),
		"made here: %#x", be16toh(cqe.hdr_type_etc));
	frame_eth(&f, mac_a, mac_b, 0x86dd);
	frame_put(&f, v6, sizeof(v6));
	frame_l4(&f, IPPROTO_UDP, 1, 2, 32);
	f.b[60] = 1; /* some checksum, a wrong one */
	frame_load(&p, &f);
	rq_cqe_fill((struct mlx5_cqe64 *)&cqe, &rqs[0], &p, &meta, 0);
	TEST_ASSERT(be16toh(cqe.csum) == plain_sum(&f, 14, f.len) &&
			be16toh(cqe.hdr_type_etc) == (OK3 | MLX5_CQE_RX_IPV6_PACKET | L4(UDP)),
		"IPv6: %#x", be16toh(cqe.hdr_type_etc));
	rqs[0].csum = false;
	rq_cqe_fill((struct mlx5_cqe64 *)&cqe, &rqs[0], &p, &meta, 0);
	TEST_ASSERT(
		cqe.csum == 0 && be16toh(cqe.hdr_type_etc) == (MLX5_CQE_RX_IPV6_PACKET | L4(UDP)),
		"without the capability: %#x", be16toh(cqe.hdr_type_etc));
	rqs[0].csum = true;
	frame_eth(&f, mac_a, mac_b, 0x0806);
	frame_put(&f, v6, sizeof(v6));
	frame_load(&p, &f);
	rq_cqe_fill((struct mlx5_cqe64 *)&cqe, &rqs[0], &p, &meta, 0);
	TEST_ASSERT(cqe.csum == 0 && be16toh(cqe.hdr_type_etc) == MLX5_CQE_RX_L2_HDR_VALID,
		"ARP: %#x", be16toh(cqe.hdr_type_etc));
	rig_close(1);
	return TEST_SUCCESS;
}

/* The customer's tag is taken out where the queue says so, and told in the completion. */
static int
test_vlan(void)
{
	static const struct {
		bool strip;
		uint16_t tpid;
		uint32_t taken;
	} rows[] = {{true, 0x8100, 4}, {false, 0x8100, 0}, {true, 0x88a8, 0}};
	struct frame f, bare;
	unsigned int i;

	rig_open(1);
	for (i = 0; i < RTE_DIM(rows); i++) {
		struct prm_eth_cqe *c;

		frame_make_ipv4(&bare, mac_a, mac_b, IPPROTO_UDP, 500);
		make_csum(&bare);
		f.len = 0;
		frame_put(&f, bare.b, 12);
		frame_put16(&f, rows[i].tpid);
		frame_put16(&f, 0x6123);
		frame_put(&f, bare.b + 12, bare.len - 12);
		rqs[0].strip = rows[i].strip;
		post_entry(0, 50);
		send_burst(&f, 1);
		c = take_cqe();
		TEST_ASSERT(c != NULL, "row %u", i);
		TEST_ASSERT_EQUAL(be32toh(c->byte_cnt), f.len - rows[i].taken, "row %u", i);
		TEST_ASSERT(is_in_entry(0, i, 50, rows[i].taken > 0 ? bare.b : f.b,
				    f.len - rows[i].taken),
			"row %u: payload", i);
		TEST_ASSERT((be16toh(c->hdr_type_etc) & MLX5_CQE_VLAN_STRIPPED) ==
				(rows[i].taken > 0 ? 1 : 0),
			"row %u: %#x", i, be16toh(c->hdr_type_etc));
		TEST_ASSERT_EQUAL(be16toh(c->vlan_info), rows[i].taken > 0 ? 0x6123 : 0, "tag");
		TEST_ASSERT_EQUAL(be16toh(c->csum), plain_sum(&bare, 14, bare.len), "sum");
	}
	rig_close(1);
	return TEST_SUCCESS;
}

/* Without an entry frames are dropped and counted; the record is looked at again. */
static int
test_no_entries(void)
{
	struct frame f[5];
	unsigned int i;

	rig_open(1);
	for (i = 0; i < 5; i++)
		udp_frame(&f[i], (uint16_t)i, 50);
	post_entry(0, 64);
	post_entry(0, 64);
	send_burst(f, 5);
	TEST_ASSERT(take_cqe() != NULL && take_cqe() != NULL && peek() == NULL, "two of five");
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.rx_no_buffer), 3u, "dropped");
	TEST_ASSERT_EQUAL(atomic_load(&counter.out_of_buffer), 3u, "of the queue's counter");
	post_entry(0, 64);
	send_burst(&f[4], 1);
	TEST_ASSERT(take_cqe() != NULL && is_in_entry(0, 2, 64, f[4].b, f[4].len), "the third");
	TEST_ASSERT_EQUAL(rqs[0].ci, 3, "entries used: %u", rqs[0].ci);
	/* in RST nothing is used, whatever is posted */
	dp_rq_reset(&rqs[0]);
	post_entry(0, 64);
	send_burst(f, 1);
	TEST_ASSERT(peek() == NULL && rqs[0].ci == 0, "in RST");
	rig_close(1);
	return TEST_SUCCESS;
}

static const struct mlx5_err_cqe *
take_error(void)
{
	struct prm_eth_cqe *c = take_cqe();

	return c != NULL && c->op_own >> 4 == MLX5_CQE_RESP_ERR ? (struct mlx5_err_cqe *)c : NULL;
}

/* A frame that is too long takes its entry with it, and the queue goes on. */
static int
test_too_long(void)
{
	static const struct sge small = {MKEY, 59, MEM_GPA + BUF(0, 0)};
	const struct mlx5_err_cqe *e;
	struct frame f[3];
	unsigned int i;

	rig_open(1);
	for (i = 0; i < 3; i++)
		udp_frame(&f[i], (uint16_t)i, 60);
	memset(mem + BUF(0, 0), 0xee, 0x1000);
	post_sges(0, &small, 1);
	post_entry(0, 64);
	/* one without any room: the list ends where it begins */
	post_sges(0, NULL, 0);
	send_burst(f, 3);
	e = take_error();
	TEST_ASSERT(e != NULL && e->syndrome == MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR &&
			be16toh(e->wqe_counter) == 0 && be32toh(e->srqn) == 0x123456 &&
			be32toh(e->s_wqe_opcode_qpn) == rqs[0].obj.id,
		"the first is too small");
	TEST_ASSERT_EQUAL(mem[BUF(0, 0)], 0xee, "nothing was written");
	TEST_ASSERT(take_cqe() != NULL && is_in_entry(0, 1, 64, f[1].b, f[1].len), "the second");
	e = take_error();
	TEST_ASSERT(e != NULL && e->syndrome == MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR &&
			be16toh(e->wqe_counter) == 2,
		"the third has no room");
	TEST_ASSERT_EQUAL(atomic_load(&rqs[0].state), NIC_WQ_RDY, "goes on");
	TEST_ASSERT_EQUAL(atomic_load(&funcs[1].stats.rx_oversize), 2u, "counted");
	TEST_ASSERT_EQUAL(atomic_load(&counter.length), 2u, "by the queue's counter, too");
	rig_close(1);
	return TEST_SUCCESS;
}

/* clang-format off */
static const struct {
	struct sge s;
	uint8_t perm, syndrome, vendor;
} bad_rows[] = {
	{ { 0x55500, 2048, MEM_GPA }, 3, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0x51 },
	{ { MKEY + 1, 2048, MEM_GPA }, 3, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0x51 },
	{ { MKEY, 2048, MEM_GPA + MEM_LEN - 50 }, 3, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0x53 },
	{ { MKEY, 0, MEM_GPA + MEM_LEN - 50 }, 3, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0x53 },
	{ { MKEY, 2048, UINT64_MAX - 20 }, 3, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0x53 },
	{ { MKEY, 2048, MEM_GPA }, NIC_PERM_LR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0x54 },
	{ { MKEY, MLX5_INLINE_SEG | 16, MEM_GPA }, 3, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR, 0x6e },
};
/* clang-format on */

/* The other errors stop the queue: one completion tells of it, the rest is flushed. */
static int
test_errors(void)
{
	const struct mlx5_err_cqe *e;
	struct frame f[2];
	unsigned int i, k;

	udp_frame(&f[0], 1, 100);
	udp_frame(&f[1], 2, 100);
	for (i = 0; i < RTE_DIM(bad_rows); i++) {
		rig_open(1);
		mkey.perm = bad_rows[i].perm;
		post_sges(0, &bad_rows[i].s, 1);
		post_entry(0, 64);
		post_entry(0, 64);
		send_burst(f, 2);
		e = take_error();
		TEST_ASSERT(e != NULL && e->syndrome == bad_rows[i].syndrome &&
				e->vendor_err_synd == bad_rows[i].vendor &&
				be16toh(e->wqe_counter) == 0,
			"row %u: syndrome %#x, %#x", i, e != NULL ? e->syndrome : 0,
			e != NULL ? e->vendor_err_synd : 0);
		TEST_ASSERT_EQUAL(atomic_load(&rqs[0].state), NIC_WQ_ERR, "row %u: goes on", i);
		TEST_ASSERT_EQUAL(mem[BUF(0, 1)], 0xee, "row %u: the next was written", i);
		attend(0);
		/* what is posted now is flushed, too */
		post_entry(0, 64);
		attend(0);
		for (k = 1; k < 4; k++) {
			e = take_error();
			TEST_ASSERT(e != NULL && e->syndrome == MLX5_CQE_SYNDROME_WR_FLUSH_ERR &&
					be16toh(e->wqe_counter) == k,
				"row %u: entry %u is not flushed", i, k);
		}
		TEST_ASSERT(peek() == NULL && n_qp_errors == 0, "row %u: more than that", i);
		*word(RECORD_OFF(0)) = 0;
		attend(0);
		TEST_ASSERT_NULL(peek(), "row %u: flushed what a record that goes back says", i);
		/* from the beginning, and a record that says so */
		mkey.perm = NIC_PERM_LR | NIC_PERM_LW;
		dp_rq_reset(&rqs[0]);
		posted[0] = 0;
		*word(RECORD_OFF(0)) = 0;
		dp_rq_ready(&rqs[0]);
		attend(0);
		post_entry(0, 64);
		send_burst(f, 1);
		TEST_ASSERT(take_error() == NULL && is_in_entry(0, 0, 64, f[0].b, f[0].len),
			"row %u: does not come back", i);
		rig_close(1);
	}
	return TEST_SUCCESS;
}

/* Software moves it to ERR: flushed, or not if it is made so. */
static int
test_to_error(void)
{
	const struct mlx5_err_cqe *e;
	struct frame f;

	udp_frame(&f, 1, 100);
	rig_open(2);
	rqs[1].flush = false;
	post_entry(0, 64);
	post_entry(1, 64);
	dp_rq_error(&rqs[0]);
	dp_rq_error(&rqs[1]);
	attend(0);
	attend(1);
	e = take_error();
	TEST_ASSERT(e != NULL && e->syndrome == MLX5_CQE_SYNDROME_WR_FLUSH_ERR, "flushed");
	TEST_ASSERT_NULL(peek(), "the other is not");
	TEST_ASSERT_EQUAL(atomic_load(&counter.flush), 1u, "counted");
	TEST_ASSERT_EQUAL(atomic_load(&rqs[1].dp->base.attn), 0u, "nothing left to look at");
	send_burst(&f, 1);
	TEST_ASSERT(peek() == NULL && mem[BUF(0, 0)] == 0xee && mem[BUF(1, 0)] == 0xee,
		"nothing is received in ERR");
	rig_close(2);
	return TEST_SUCCESS;
}

/* A CQ that nobody empties: it is in error, and so are its queues, with an event each. */
static int
test_cq_overrun(void)
{
	struct frame f[5];
	unsigned int i;

	rig_open(1);
	cq->log_size = 2;
	for (i = 0; i < 5; i++) {
		udp_frame(&f[i], (uint16_t)i, 50);
		post_entry(0, 64);
	}
	send_burst(f, 4);
	TEST_ASSERT(!cq->error && atomic_load(&rqs[0].state) == NIC_WQ_RDY, "as many as it has");
	send_burst(&f[4], 1);
	TEST_ASSERT(cq->error && n_cq_errors == 1, "one more");
	TEST_ASSERT_EQUAL(atomic_load(&rqs[0].state), NIC_WQ_ERR, "its queue goes on");
	TEST_ASSERT_EQUAL(n_qp_errors, 1u, "events of the queue");
	TEST_ASSERT_EQUAL(
		DEVX_GET(eqe, last_eqe, event_type), MLX5_EVENT_TYPE_WQ_CATAS_ERROR, "type");
	attend(0);
	send_burst(f, 1);
	TEST_ASSERT_EQUAL(n_qp_errors, 1u, "told once");
	rig_close(1);
	return TEST_SUCCESS;
}

/* Buffers by a key that is a list: pieces of two other places, and a hole that swallows. */
static int
test_klm(void)
{
	struct nic_klm klm[3] = {{64, MKEY, MEM_GPA + BUF(0, 3)}, {32, MKEY, 0},
		{0x1000, MKEY, MEM_GPA + BUF(0, 5)}};
	uint64_t end[3] = {64, 96, 96 + 0x1000};
	struct nic_mkey hole = {.tag = 7, .mode = NIC_MKEY_NULL};
	struct nic_mkey list = {.tag = 0,
		.perm = NIC_PERM_LW,
		.mode = NIC_MKEY_KLM,
		.len = 96 + 0x1000,
		.n_klm = 3,
		.klm = klm,
		.klm_end = end};
	static const struct sge s = {0x10000, 2048, 0};
	struct frame f;

	rig_open(1);
	list.pd = mkey.pd;
	klm[1].mkey = 0x20007;
	/* the table of the rig ends with its one key: these are below it */
	mkey_tbl[0x100] = &list;
	mkey_tbl[0x120] = &hole;
	klm[1].mkey = 0x120 << 8 | 7;
	udp_frame(&f, 1, 400);
	post_sges(0, &s, 1);
	send_burst(&f, 1);
	TEST_ASSERT(take_error() == NULL && cq_ci == 1, "received");
	TEST_ASSERT(memcmp(mem + BUF(0, 3), f.b, 64) == 0 && mem[BUF(0, 3) + 64] == 0, "first");
	TEST_ASSERT(memcmp(mem + BUF(0, 5), f.b + 96, f.len - 96) == 0, "third");
	mkey_tbl[0x100] = NULL;
	mkey_tbl[0x120] = NULL;
	rig_close(1);
	return TEST_SUCCESS;
}

/* Each frame to the queue that its hash says, and the hash in the completion. */
static int
test_rss(void)
{
	unsigned int i, k, used = 0, seen[RQS] = {0};
	struct frame f;
	uint8_t in[12];

	rig_open(RQS);
	for (i = 0; i < 64; i++) {
		struct prm_eth_cqe *c;
		uint32_t hash;

		udp_frame(&f, (uint16_t)(i * 77), 30);
		for (k = 0; k < RQS; k++) {
			if ((uint16_t)(posted[k] - rqs[k].ci) == 0)
				post_entry(k, 64);
		}
		send_burst(&f, 1);
		memcpy(in, f.b + 26, 12);
		hash = rss_toeplitz(tir.key, in, 12);
		c = take_cqe();
		TEST_ASSERT(c != NULL && be32toh(c->rx_hash_res) == hash, "frame %u", i);
		k = hash % RQS;
		TEST_ASSERT_EQUAL(c->user_index_bytes[2], 0x56 + k, "frame %u: queue", i);
		TEST_ASSERT(is_in_entry(k, rqs[k].ci - 1u, 64, f.b, f.len), "frame %u", i);
		seen[k]++;
	}
	for (k = 0; k < RQS; k++)
		used += seen[k] > 0;
	TEST_ASSERT_EQUAL(used, RQS, "%u queues were used", used);
	/* a TIR of one queue does not hash */
	tir.rqt = NULL;
	tir.rq = &rqs[2];
	nic.steer_gen++;
	send_burst(&f, 1);
	TEST_ASSERT(peek() != NULL && peek()->user_index_bytes[2] == 0x58 &&
			peek()->rx_hash_res == 0 && peek()->rx_hash_type == 0,
		"direct");
	rig_close(RQS);
	return TEST_SUCCESS;
}

/* Entries of 128 bytes; the event that a driver asked for. */
static int
test_cq_forms(void)
{
	struct frame f;
	unsigned int i;

	rig_open(1);
	cq->log_cqe_size = 7;
	cq->log_size = 2;
	for (i = 0; i < 4; i++)
		mem[i * 128 + 127] = MLX5_CQE_INVALID << 4;
	bar[1][BELL] = 1;
	udp_frame(&f, 1, 50);
	for (i = 0; i < 6; i++) {
		post_entry(0, 64);
		send_burst(&f, 1);
		TEST_ASSERT(take_cqe() != NULL && is_in_entry(0, i, 64, f.b, f.len), "%u", i);
	}
	TEST_ASSERT_EQUAL(n_comp_events, 1u, "%u events for one arming", n_comp_events);
	rig_close(1);
	return TEST_SUCCESS;
}

/* Memory that the process takes away: the queue fails, and says what it can. */
static int
gone(uint32_t buf)
{
	const struct sge s = {MKEY, 2048, MEM_GPA + buf};
	const struct mlx5_err_cqe *e;
	struct frame f[2];

	rig_open(1);
	udp_frame(&f[0], 1, 700);
	udp_frame(&f[1], 1, 700);
	post_entry(0, 64);
	post_sges(0, &s, 1);
	post_entry(0, 64);
	TEST_ASSERT(ftruncate(file_fd, 0x80000) == 0, "cut");
	TEST_ASSERT(!send_burst(f, 2), "no fault");
	TEST_ASSERT(take_cqe() != NULL && is_in_entry(0, 0, 64, f[0].b, f[0].len), "the first");
	TEST_ASSERT_EQUAL(atomic_load(&rqs[0].state), NIC_WQ_ERR, "state");
	attend(0);
	e = take_error();
	TEST_ASSERT(e != NULL && e->syndrome == MLX5_CQE_SYNDROME_LOCAL_PROT_ERR &&
			e->vendor_err_synd == 0x57 && be16toh(e->wqe_counter) == 1,
		"the second");
	e = take_error();
	TEST_ASSERT(e != NULL && e->syndrome == MLX5_CQE_SYNDROME_WR_FLUSH_ERR, "the third");
	rig_close(1);
	return TEST_SUCCESS;
}

static int
gone_ring(void)
{
	struct frame f;

	rig_open(1);
	dp_rq_fini(&rqs[0]);
	rqs[0].wq.offset = 0xa0000;
	dp_rq_init(&rqs[0]);
	udp_frame(&f, 1, 700);
	*word(RECORD_OFF(0)) = htobe32(1);
	TEST_ASSERT(ftruncate(file_fd, 0x80000) == 0, "cut");
	TEST_ASSERT(!send_burst(&f, 1), "no fault");
	TEST_ASSERT_EQUAL(atomic_load(&rqs[0].state), NIC_WQ_ERR, "state");
	TEST_ASSERT(n_qp_errors == 1 && peek() == NULL, "an event, and no completion");
	attend(0);
	TEST_ASSERT_NULL(peek(), "later, neither");
	rig_close(1);
	return TEST_SUCCESS;
}

static int
test_gone_memory(void)
{
	int ret;

	TEST_ASSERT_SUCCESS(file_memory(), "memory");
	ret = gone(0x90000);
	usual_memory();
	TEST_ASSERT_SUCCESS(ret, "buffers");
	TEST_ASSERT_SUCCESS(file_memory(), "memory");
	ret = gone_ring();
	usual_memory();
	return ret;
}

static struct unit_test_suite rq_suite = {
	.suite_name = "rq",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_frames),
			TEST_CASE(test_headers),
			TEST_CASE(test_compressed),
			TEST_CASE(test_other_headers),
			TEST_CASE(test_vlan),
			TEST_CASE(test_no_entries),
			TEST_CASE(test_too_long),
			TEST_CASE(test_errors),
			TEST_CASE(test_to_error),
			TEST_CASE(test_cq_overrun),
			TEST_CASE(test_klm),
			TEST_CASE(test_rss),
			TEST_CASE(test_cq_forms),
			TEST_CASE(test_gone_memory),
			TEST_CASES_END(),
		},
};

static int
test_rq(void)
{
	return unit_test_suite_runner(&rq_suite);
}

REGISTER_TEST_COMMAND(rq_autotest, test_rq);
