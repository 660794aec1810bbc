/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Work queues: what raw send and receive queues and pools have in common.
 */
#include <infiniband/verbs.h>

#include "fw_int.h"

#define SEND_STRIDE 6 /* basic blocks of 64 bytes (rdma-core MLX5_SEND_WQE_BB) */
#define DBR_BYTES 8

static uint8_t
wq_check(struct fw_cmd *c, const void *wq, enum fw_wq_kind kind)
{
	unsigned int stride = DEVX_GET(wq, wq, log_wq_stride);

	if (DEVX_GET(wq, wq, wq_type) != MLX5_WQ_TYPE_CYCLIC)
		return fw_refuse(c, FW_R_WQ_TYPE);
	if (DEVX_GET(wq, wq, wq_signature) || DEVX_GET(wq, wq, cd_slave))
		return fw_refuse(c, FW_R_WQ_KIND);
	if (DEVX_GET(wq, wq, log_hairpin_num_packets) != 0 ||
		DEVX_GET(wq, wq, log_hairpin_data_sz) != 0)
		return fw_refuse(c, FW_R_WQ_HAIRPIN);
	if (kind == FW_WQ_SEND ? stride != SEND_STRIDE
			       : stride < FW_WQ_RECEIVE_STRIDE_MIN ||
				1u << stride > FW_CAP_GEN(c->f, max_wqe_sz_rq))
		return fw_refuse(c, FW_R_WQ_STRIDE);
	if (DEVX_GET(wq, wq, log_wq_sz) > FW_CAP_GEN(c->f, log_max_wq_sz))
		return fw_refuse(c, FW_R_WQ_SIZE);
	return 0;
}

uint8_t
fw_wq_parse(struct fw_cmd *c, const void *wq, enum fw_wq_kind kind, struct nic_wq *w)
{
	static const struct fw_umem_rules q_rules = {FW_R_WQ_UMEM, FW_R_WQ_UMEM_RANGE, 0};
	static const struct fw_umem_rules dbr_rules = {FW_R_WQ_DBR, FW_R_WQ_DBR_RANGE, 0};

	*w = (struct nic_wq){.log_size = DEVX_GET(wq, wq, log_wq_sz),
		.log_stride = DEVX_GET(wq, wq, log_wq_stride),
		.offset = DEVX_GET64(wq, wq, wq_umem_offset),
		.dbr_offset = DEVX_GET64(wq, wq, dbr_addr)};
	if (wq_check(c, wq, kind) != 0)
		return c->status;
	if (!DEVX_GET(wq, wq, wq_umem_valid) || !DEVX_GET(wq, wq, dbr_umem_valid))
		return fw_refuse(c, FW_R_WQ_NO_PAGES);
	w->pd = fw_use(c, NIC_OBJ_PD, DEVX_GET(wq, wq, pd), FW_R_WQ_PD);
	if (w->pd == NULL)
		return c->status;
	w->umem = fw_umem_use(c, DEVX_GET(wq, wq, wq_umem_id), w->offset,
		1ull << (w->log_size + w->log_stride), 64, &q_rules);
	if (w->umem == NULL)
		return c->status;
	w->dbr_umem = fw_umem_use(
		c, DEVX_GET(wq, wq, dbr_umem_id), w->dbr_offset, DBR_BYTES, DBR_BYTES, &dbr_rules);
	if (w->dbr_umem == NULL || kind != FW_WQ_SEND)
		return c->status;
	w->uar = fw_use(c, NIC_OBJ_UAR, DEVX_GET(wq, wq, uar_page), FW_R_WQ_UAR);
	return w->uar == NULL ? c->status : 0;
}

uint8_t
fw_ts_check(struct fw_cmd *c, unsigned int cap, unsigned int format, enum fw_rule r)
{
	bool ok = format == MLX5_QPC_TIMESTAMP_FORMAT_DEFAULT ||
		(format == MLX5_QPC_TIMESTAMP_FORMAT_FREE_RUNNING &&
			cap != MLX5_HCA_CAP_TIMESTAMP_FORMAT_RT) ||
		(format == MLX5_QPC_TIMESTAMP_FORMAT_REAL_TIME &&
			cap != MLX5_HCA_CAP_TIMESTAMP_FORMAT_FR);

	return ok ? 0 : fw_refuse(c, r);
}

uint8_t
fw_wq_state(int state)
{
	static const uint8_t prm[] = {[NIC_WQ_RST] = MLX5_SQC_STATE_RST,
		[NIC_WQ_RDY] = MLX5_SQC_STATE_RDY,
		[NIC_WQ_ERR] = MLX5_SQC_STATE_ERR};

	_Static_assert((int)MLX5_SQC_STATE_ERR == (int)MLX5_RQC_STATE_ERR &&
			(int)MLX5_SQC_STATE_RDY == (int)MLX5_RQC_STATE_RDY,
		"both have the same");
	return prm[state];
}

/*
 * To reset and to error from every state: DPDK stops queues by RDY to RST (mlx5_txq.c,
 * mlx5_devx.c), Linux takes one from RST to RST when its queue pair goes to INIT (mlx5_ib qp.c
 * modify_raw_packet_qp()), and changes a receive queue by RDY to RDY (mlx5e_modify_rq_vsd()).
 */
bool
fw_wq_may_go(int from, unsigned int to)
{
	return to == MLX5_SQC_STATE_RST || to == MLX5_SQC_STATE_ERR ||
		(to == MLX5_SQC_STATE_RDY && from != NIC_WQ_ERR);
}

void
fw_wq_hold(struct nic_wq *w)
{
	fw_hold(w->pd);
	fw_hold(w->umem);
	fw_hold(w->dbr_umem);
	fw_hold(w->uar);
}

void
fw_wq_drop(struct nic_wq *w)
{
	fw_drop(w->pd);
	fw_drop(w->umem);
	fw_drop(w->dbr_umem);
	fw_drop(w->uar);
}

void
fw_wq_query(const struct nic_wq *w, uint16_t hw_counter, uint16_t sw_counter, void *wq)
{
	DEVX_SET(wq, wq, wq_type, MLX5_WQ_TYPE_CYCLIC);
	DEVX_SET(wq, wq, pd, w->pd->obj.id);
	if (w->uar != NULL)
		DEVX_SET(wq, wq, uar_page, w->uar->obj.id);
	DEVX_SET64(wq, wq, dbr_addr, w->dbr_offset);
	DEVX_SET(wq, wq, hw_counter, hw_counter);
	DEVX_SET(wq, wq, sw_counter, sw_counter);
	DEVX_SET(wq, wq, log_wq_stride, w->log_stride);
	DEVX_SET(wq, wq, log_wq_sz, w->log_size);
	DEVX_SET(wq, wq, dbr_umem_valid, 1);
	DEVX_SET(wq, wq, wq_umem_valid, 1);
	DEVX_SET(wq, wq, dbr_umem_id, w->dbr_umem->obj.id);
	DEVX_SET(wq, wq, wq_umem_id, w->umem->obj.id);
	DEVX_SET64(wq, wq, wq_umem_offset, w->offset);
}
