/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "sq_rig.h"

#define BUF_KEY MKEY
#define RX_BUFS 8u

struct nic_sq sq;
struct nic_cq sq_cq;
uint8_t wqe_bytes[1024];
unsigned int wqe_ds;

static struct nic_umem umem;
static struct nic_uar uar;
static struct nic_mkey null_key;
static uint8_t eth_caps[NIC_CAP_BYTES] __attribute__((aligned(8)));
static uint8_t gen_caps[NIC_CAP_BYTES] __attribute__((aligned(8)));
static uint16_t pi;
static uint32_t cq_ci;
static uint16_t rx_posted;

static void
give_buffers(void)
{
	while (rx_posted < RX_BUFS)
		post_rx(&guests[2], (uint16_t)(rx_posted++ * 2), BUF_LEN);
}

int
sq_open_here(void)
{
	struct nic_func *f = &funcs[1];

	TEST_ASSERT_SUCCESS(guest_open(2, NIC_VQ_SPLIT), "receive queue");
	steer_to(&funcs[2], &guests[2].q);
	rx_posted = 0;
	give_buffers();
	memset(bar[1], 0, sizeof(bar[1]));
	memset(eth_caps, 0, sizeof(eth_caps));
	DEVX_SET(per_protocol_networking_offload_caps, eth_caps, csum_cap, 1);
	DEVX_SET(per_protocol_networking_offload_caps, eth_caps, wqe_vlan_insert, 1);
	DEVX_SET(per_protocol_networking_offload_caps, eth_caps, max_lso_cap, 16);
	f->caps[MLX5_CAP_ETHERNET_OFFLOADS] = eth_caps;
	DEVX_SET(cmd_hca_cap, gen_caps, max_wqe_sz_sq, 1008);
	f->caps[MLX5_CAP_GENERAL] = gen_caps;
	null_key = (struct nic_mkey){.mode = NIC_MKEY_NULL, .tag = NULL_KEY & 0xff};
	mkey_tbl[NULL_KEY >> 8] = &null_key;
	umem = (struct nic_umem){.pin = pin, .len = MEM_LEN};
	uar = (struct nic_uar){.obj.func = f};
	TAILQ_INIT(&uar.sqs);
	memset(&sq_cq, 0, sizeof(sq_cq));
	sq_cq = (struct nic_cq){.obj = {.func = f, .id = 9, .type = NIC_OBJ_CQ},
		.umem = &umem,
		.dbr_umem = &umem,
		.offset = SQ_CQ_OFF,
		.dbr_offset = SQ_CQ_DBR_OFF,
		.log_size = SQ_CQ_LOG,
		.log_cqe_size = 6,
		.armed = true,
		.uar = &uar};
	TAILQ_INSERT_TAIL(&f->objs[NIC_OBJ_CQ], &sq_cq.obj, next);
	/* entries of a CQ begin as invalid ones: owner bit set (rdma-core cq.c) */
	memset(mem + SQ_CQ_OFF, 0xf1, 128u << SQ_CQ_LOG);
	cq_ci = 0;
	memset(&sq, 0, sizeof(sq));
	sq = (struct nic_sq){.obj = {.func = f, .id = SQ_NUMBER, .type = NIC_OBJ_SQ},
		.wq = {.pd = mkey.pd,
			.uar = &uar,
			.umem = &umem,
			.dbr_umem = &umem,
			.offset = SQ_RING_OFF,
			.dbr_offset = SQ_DBR_OFF,
			.log_size = SQ_LOG,
			.log_stride = 6},
		.cq = &sq_cq,
		.user_index = SQ_USER_INDEX,
		.clock_khz = 1000000,
		.flush = true,
		.multi = true};
	TEST_ASSERT_SUCCESS(dp_sq_init(&sq), "send queue");
	dp_sq_ready(&sq);
	pi = 0;
	eng->now = 1000;
	n_comp_events = n_cq_errors = n_qp_errors = 0;
	return TEST_SUCCESS;
}

int
sq_open(void)
{
	nic_setup();
	return sq_open_here();
}

void
sq_close(void)
{
	dp_sq_fini(&sq);
	guest_close(2);
	mkey_tbl[NULL_KEY >> 8] = NULL;
}

void
wqe_begin(uint8_t opcode, uint8_t mode)
{
	struct mlx5_wqe_ctrl_seg *c = (struct mlx5_wqe_ctrl_seg *)wqe_bytes;

	memset(wqe_bytes, 0, sizeof(wqe_bytes));
	c->opmod_idx_opcode = htobe32((uint32_t)pi << 8 | opcode);
	c->fm_ce_se = (uint8_t)(mode << MLX5_COMP_MODE_OFFSET);
	wqe_ds = 1;
}

void
wqe_eth(uint8_t cs_flags, uint16_t mss, const void *hdr, uint16_t hdr_len)
{
	uint8_t *at = wqe_bytes + wqe_ds * 16;
	struct mlx5_wqe_eth_seg *e = (struct mlx5_wqe_eth_seg *)at;

	e->cs_flags = cs_flags;
	e->mss = htobe16(mss);
	e->inline_hdr_sz = htobe16(hdr_len);
	if (hdr_len > 0)
		memcpy(at + 14, hdr, hdr_len);
	wqe_ds += hdr_len <= 2 ? 1 : 1 + (hdr_len - 2 + 15) / 16;
}

void
wqe_vlan(uint16_t type, uint16_t tci)
{
	uint8_t *at = wqe_bytes + wqe_ds * 16;

	pkt_put_be16(at + 12, type);
	pkt_put_be16(at + 14, tci);
	wqe_ds++;
}

void
wqe_data(uint32_t key, uint64_t addr, uint32_t len)
{
	struct mlx5_wqe_data_seg *d = (struct mlx5_wqe_data_seg *)(wqe_bytes + wqe_ds++ * 16);

	*d = (struct mlx5_wqe_data_seg){
		.byte_count = htobe32(len), .lkey = htobe32(key), .addr = htobe64(addr)};
}

void
wqe_inline(const void *data, uint32_t len)
{
	uint8_t *at = wqe_bytes + wqe_ds * 16;
	uint32_t count = htobe32(len | MLX5_INLINE_SEG);

	memcpy(at, &count, 4);
	memcpy(at + 4, data, len);
	wqe_ds += (4 + len + 15) / 16;
}

uint16_t
wqe_post(void)
{
	struct mlx5_wqe_ctrl_seg *c = (struct mlx5_wqe_ctrl_seg *)wqe_bytes;
	unsigned int n = (wqe_ds + 3) / 4, i;
	uint16_t at = pi;

	/* the spoilt ones have a number of their own */
	if (c->qpn_ds == 0)
		c->qpn_ds = htobe32(SQ_NUMBER << 8 | wqe_ds);
	for (i = 0; i < n; i++)
		memcpy(mem + SQ_RING_OFF + (uint16_t)(pi + i) % (1u << SQ_LOG) * 64,
			wqe_bytes + i * 64, 64);
	pi = (uint16_t)(pi + n);
	return at;
}

uint16_t
wqe_frame(const struct frame *f)
{
	memcpy(mem + SQ_BUF_OFF, f->b, f->len);
	wqe_begin(MLX5_OPCODE_SEND, MLX5_COMP_ALWAYS);
	wqe_eth(0, 0, NULL, 0);
	wqe_data(MKEY, MEM_GPA + SQ_BUF_OFF, f->len);
	return wqe_post();
}

void
sq_record(void)
{
	*word(SQ_DBR_OFF + 4) = htobe32(pi);
}

void
sq_ring(unsigned int bell)
{
	uint64_t value;

	sq_record();
	memcpy(&value, wqe_bytes, sizeof(value));
	memcpy((uint8_t *)bar[1] + 0x800 + bell * 0x100, &value, sizeof(value));
	doorbell_poll(&funcs[1]);
}

void
sq_go(void)
{
	unsigned int n;

	sq_ring(0);
	for (n = 0; n < 64 && sq.dp->base.ops->serve(eng, &sq.dp->base); n++)
		;
}

void
sq_restart(void)
{
	pi = 0;
}

const struct mlx5_cqe64 *
sq_poll(void)
{
	uint32_t stride = 1u << sq_cq.log_cqe_size;
	const struct mlx5_cqe64 *c = (const struct mlx5_cqe64 *)(mem + SQ_CQ_OFF +
		(cq_ci % (1u << SQ_CQ_LOG)) * stride + stride - 64);

	if (c->op_own >> 4 == 0xf || (c->op_own & 1) != (cq_ci >> SQ_CQ_LOG & 1))
		return NULL;
	cq_ci++;
	*word(SQ_CQ_DBR_OFF) = htobe32(cq_ci & 0xffffff);
	return c;
}

uint32_t
sq_received(struct frame *f)
{
	uint32_t len;
	int id = take(&guests[2], 2, &len);

	if (id < 0)
		return 0;
	f->len = len - 12;
	memcpy(f->b, guests[2].base + BUF_OFF + (uint32_t)id * BUF_LEN + 12, f->len);
	post_rx(&guests[2], (uint16_t)id, BUF_LEN);
	return f->len;
}
