/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Send queues of raw Ethernet.
 */
#include <string.h>

#include "fw_int.h"

static uint8_t
inline_check(struct fw_cmd *c, unsigned int mode)
{
	/* the NIC asks for it: a driver looks what its vport wants (Linux vport.c) */
	bool vport = FW_CAP_ETH(c->f, wqe_inline_mode) == MLX5_CAP_INLINE_MODE_VPORT_CONTEXT;

	if (mode > NIC_INLINE_TCP_UDP || (vport && mode < fw_min_inline(c->f)))
		return fw_refuse(c, FW_R_SQ_INLINE);
	return 0;
}

static uint8_t
sq_check(struct fw_cmd *c, const void *sqc)
{
	if (!fw_uctx_may(c, FW_UCTX_CAP_RAW_TX))
		return fw_refuse(c, FW_R_SQ_RAW);
	if (DEVX_GET(sqc, sqc, rlky) || DEVX_GET(sqc, sqc, cd_master) || DEVX_GET(sqc, sqc, fre) ||
		DEVX_GET(sqc, sqc, non_wire) || DEVX_GET(sqc, sqc, static_sq_wq))
		return fw_refuse(c, FW_R_SQ_KIND);
	if (DEVX_GET(sqc, sqc, hairpin) || DEVX_GET(sqc, sqc, hairpin_peer_rq) != 0 ||
		DEVX_GET(sqc, sqc, hairpin_peer_vhca) != 0)
		return fw_refuse(c, FW_R_SQ_HAIRPIN);
	if (DEVX_GET(sqc, sqc, state) != MLX5_SQC_STATE_RST)
		return fw_refuse(c, FW_R_SQ_NEW_STATE);
	if (DEVX_GET(sqc, sqc, reg_umr))
		return fw_refuse(c, FW_R_SQ_UMR);
	if (DEVX_GET(sqc, sqc, allow_swp))
		return fw_refuse(c, FW_R_SQ_SWP);
	if (DEVX_GET(sqc, sqc, allow_multi_pkt_send_wqe) &&
		!FW_CAP_ETH(c->f, enhanced_multi_pkt_send_wqe))
		return fw_refuse(c, FW_R_SQ_MULTI);
	if (DEVX_GET(sqc, sqc, packet_pacing_rate_limit_index) != 0 ||
		DEVX_GET(sqc, sqc, qos_queue_group_id) != 0)
		return fw_refuse(c, FW_R_SQ_PACING);
	if (DEVX_GET(sqc, sqc, ts_cqe_to_dest_cqn) != 0)
		return fw_refuse(c, FW_R_SQ_TS_CQE);
	if (DEVX_GET(sqc, sqc, tis_lst_sz) != 1)
		return fw_refuse(c, FW_R_SQ_TIS_LIST);
	if (inline_check(c, DEVX_GET(sqc, sqc, min_wqe_inline_mode)) != 0)
		return c->status;
	return fw_ts_check(
		c, FW_CAP_GEN(c->f, sq_ts_format), DEVX_GET(sqc, sqc, ts_format), FW_R_SQ_TS);
}

/* What the queue stands on; nothing is held yet. */
static uint8_t
sq_parse(struct fw_cmd *c, const void *sqc, struct nic_sq *sq)
{
	*sq = (struct nic_sq){.user_index = DEVX_GET(sqc, sqc, user_index),
		.min_inline = DEVX_GET(sqc, sqc, min_wqe_inline_mode),
		.ts_format = DEVX_GET(sqc, sqc, ts_format),
		.clock_khz = FW_CAP_GEN(c->f, device_frequency_khz),
		.flush = DEVX_GET(sqc, sqc, flush_in_error_en),
		.multi = DEVX_GET(sqc, sqc, allow_multi_pkt_send_wqe)};
	/* where the NIC does not ask, the field is not looked at, and it wants what it always wants
	 */
	if (FW_CAP_ETH(c->f, wqe_inline_mode) == MLX5_CAP_INLINE_MODE_L2)
		sq->min_inline = NIC_INLINE_L2;
	sq->cq = fw_use(c, NIC_OBJ_CQ, DEVX_GET(sqc, sqc, cqn), FW_R_SQ_CQ);
	if (sq->cq == NULL)
		return c->status;
	sq->tis = fw_use(c, NIC_OBJ_TIS, DEVX_GET(sqc, sqc, tis_num_0), FW_R_SQ_TIS);
	if (sq->tis == NULL)
		return c->status;
	return fw_wq_parse(c, DEVX_ADDR_OF(sqc, sqc, wq), FW_WQ_SEND, &sq->wq);
}

uint8_t
fw_create_sq(struct fw_cmd *c)
{
	const void *sqc = DEVX_ADDR_OF(create_sq_in, c->in, ctx);
	struct nic_sq parsed, *sq;
	struct nic_obj head;

	if (sq_check(c, sqc) != 0 || sq_parse(c, sqc, &parsed) != 0)
		return c->status;
	sq = fw_obj_new(c, NIC_OBJ_SQ, sizeof(*sq));
	if (sq == NULL)
		return c->status;
	head = sq->obj;
	*sq = parsed;
	sq->obj = head;
	if (dp_sq_init(sq) != 0) {
		fw_obj_free(&sq->obj);
		return fw_refuse(c, FW_R_MEMORY);
	}
	fw_wq_hold(&sq->wq);
	fw_hold(sq->cq);
	fw_hold(sq->tis);
	DEVX_SET(create_sq_out, c->out, sqn, sq->obj.id);
	return 0;
}

void
fw_sq_free(struct nic_sq *sq)
{
	dp_sq_fini(sq);
	fw_wq_drop(&sq->wq);
	fw_drop(sq->cq);
	fw_drop(sq->tis);
	fw_obj_free(&sq->obj);
}

/* The caller names the state that it thinks the queue is in (Linux mlx5e_modify_sq()). */
uint8_t
fw_modify_sq(struct fw_cmd *c)
{
	const void *sqc = DEVX_ADDR_OF(modify_sq_in, c->in, ctx);
	struct nic_sq *sq = fw_target(c, NIC_OBJ_SQ, DEVX_GET(modify_sq_in, c->in, sqn));
	unsigned int to = DEVX_GET(sqc, sqc, state);
	int from;

	if (sq == NULL)
		return c->status;
	from = atomic_load(&sq->state);
	if (DEVX_GET64(modify_sq_in, c->in, modify_bitmask) != 0)
		return fw_refuse(c, FW_R_SQ_SELECT);
	if (DEVX_GET(modify_sq_in, c->in, sq_state) != fw_wq_state(from))
		return fw_refuse(c, FW_R_SQ_STATE);
	if (!fw_wq_may_go(from, to))
		return fw_refuse(c, FW_R_SQ_TRANSITION);
	if (to == MLX5_SQC_STATE_RST)
		dp_sq_reset(sq);
	else if (to == MLX5_SQC_STATE_RDY && from == NIC_WQ_RST)
		dp_sq_ready(sq);
	else if (to == MLX5_SQC_STATE_ERR)
		dp_sq_error(sq);
	return 0;
}

uint8_t
fw_query_sq(struct fw_cmd *c)
{
	const struct nic_sq *sq = fw_target(c, NIC_OBJ_SQ, DEVX_GET(query_sq_in, c->in, sqn));
	void *sqc = DEVX_ADDR_OF(query_sq_out, c->out, sq_context);

	if (sq == NULL)
		return c->status;
	DEVX_SET(sqc, sqc, flush_in_error_en, sq->flush);
	DEVX_SET(sqc, sqc, allow_multi_pkt_send_wqe, sq->multi);
	DEVX_SET(sqc, sqc, min_wqe_inline_mode, sq->min_inline);
	DEVX_SET(sqc, sqc, state, fw_wq_state(atomic_load(&sq->state)));
	DEVX_SET(sqc, sqc, ts_format, sq->ts_format);
	DEVX_SET(sqc, sqc, user_index, sq->user_index);
	DEVX_SET(sqc, sqc, cqn, sq->cq->obj.id);
	DEVX_SET(sqc, sqc, tis_lst_sz, 1);
	DEVX_SET(sqc, sqc, tis_num_0, sq->tis->obj.id);
	fw_wq_query(&sq->wq, sq->ci, sq->pi, DEVX_ADDR_OF(sqc, sqc, wq));
	return 0;
}
