/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Queue pairs, as virtqueues use them to notify: one that the firmware owns (without queues of its
 * own), connected by a loop back to one of the user's, which has a receive queue and a completion
 * queue.
 */
#include "fw_int.h"

#define LOG_RQ_STRIDE 4 /* qpc.log_rq_stride counts from 16 bytes */
#define PORT 1

static bool
has_rq(const void *qpc)
{
	return DEVX_GET(qpc, qpc, rq_type) == MLX5_NON_ZERO_RQ;
}

static uint8_t
qp_check(struct fw_cmd *c, const void *qpc)
{
	unsigned int rq_type = DEVX_GET(qpc, qpc, rq_type);

	if (DEVX_GET(create_qp_in, c->in, qpc_ext) || DEVX_GET(create_qp_in, c->in, input_qpn) ||
		DEVX_GET(create_qp_in, c->in, ece))
		return fw_refuse(c, FW_R_QP_EXT);
	if (DEVX_GET(qpc, qpc, cd_master) || DEVX_GET(qpc, qpc, cd_slave_send) ||
		DEVX_GET(qpc, qpc, cd_slave_receive))
		return fw_refuse(c, FW_R_QP_CROSS);
	if (DEVX_GET(qpc, qpc, st) != MLX5_QP_ST_RC)
		return fw_refuse(c, FW_R_QP_TYPE);
	if (!DEVX_GET(qpc, qpc, no_sq))
		return fw_refuse(c, FW_R_QP_SQ);
	if (rq_type != MLX5_NON_ZERO_RQ && rq_type != MLX5_ZERO_LEN_RQ)
		return fw_refuse(c, FW_R_QP_RQ_TYPE);
	if (!has_rq(qpc))
		return 0;
	if (DEVX_GET(qpc, qpc, log_rq_size) > FW_CAP_GEN(c->f, log_max_qp_sz))
		return fw_refuse(c, FW_R_QP_RQ_SIZE);
	if (!DEVX_GET(create_qp_in, c->in, wq_umem_valid) || !DEVX_GET(qpc, qpc, dbr_umem_valid))
		return fw_refuse(c, FW_R_QP_NO_PAGES);
	return 0;
}

/* The receive queue and what it stands on; nothing is held yet. */
static uint8_t
rq_parse(struct fw_cmd *c, const void *qpc, struct nic_qp *qp)
{
	static const struct fw_umem_rules q_rules = {FW_R_QP_UMEM, FW_R_QP_UMEM_RANGE, 0};
	static const struct fw_umem_rules dbr_rules = {FW_R_QP_DBR, FW_R_QP_DBR_RANGE, 0};

	qp->log_rq_size = DEVX_GET(qpc, qpc, log_rq_size);
	qp->log_rq_stride = DEVX_GET(qpc, qpc, log_rq_stride) + LOG_RQ_STRIDE;
	qp->wq_offset = DEVX_GET64(create_qp_in, c->in, wq_umem_offset);
	qp->dbr_offset = DEVX_GET64(qpc, qpc, dbr_addr);
	qp->cq_rcv = fw_use(c, NIC_OBJ_CQ, DEVX_GET(qpc, qpc, cqn_rcv), FW_R_QP_CQ);
	if (qp->cq_rcv == NULL)
		return c->status;
	qp->wq_umem = fw_umem_use(c, DEVX_GET(create_qp_in, c->in, wq_umem_id), qp->wq_offset,
		1ull << (qp->log_rq_size + qp->log_rq_stride), 64, &q_rules);
	if (qp->wq_umem == NULL)
		return c->status;
	qp->dbr_umem =
		fw_umem_use(c, DEVX_GET(qpc, qpc, dbr_umem_id), qp->dbr_offset, 8, 8, &dbr_rules);
	if (qp->dbr_umem == NULL)
		return c->status;
	qp->uar = fw_use(c, NIC_OBJ_UAR, DEVX_GET(qpc, qpc, uar_page), FW_R_QP_UAR);
	return qp->uar == NULL ? c->status : 0;
}

uint8_t
fw_create_qp(struct fw_cmd *c)
{
	const void *qpc = DEVX_ADDR_OF(create_qp_in, c->in, qpc);
	struct nic_qp parsed = {.no_rq = !has_rq(qpc)}, *qp;
	struct nic_obj head;

	if (qp_check(c, qpc) != 0)
		return c->status;
	parsed.pd = fw_use(c, NIC_OBJ_PD, DEVX_GET(qpc, qpc, pd), FW_R_QP_PD);
	if (parsed.pd == NULL)
		return c->status;
	if (has_rq(qpc) && rq_parse(c, qpc, &parsed) != 0)
		return c->status;
	qp = fw_obj_new(c, NIC_OBJ_QP, sizeof(*qp));
	if (qp == NULL)
		return c->status;
	head = qp->obj;
	*qp = parsed;
	qp->obj = head;
	fw_hold(qp->pd);
	fw_hold(qp->cq_rcv);
	fw_hold(qp->wq_umem);
	fw_hold(qp->dbr_umem);
	fw_hold(qp->uar);
	DEVX_SET(create_qp_out, c->out, qpn, qp->obj.id);
	return 0;
}

void
fw_qp_free(struct nic_qp *qp)
{
	dp_qp_reset(qp);
	fw_drop(qp->pd);
	fw_drop(qp->cq_rcv);
	fw_drop(qp->wq_umem);
	fw_drop(qp->dbr_umem);
	fw_drop(qp->uar);
	fw_obj_free(&qp->obj);
}

/* ---- states (Linux mlx5_ib qp.c optab) ---- */

struct transition {
	uint16_t opcode;
	uint8_t from; /* bits of enum nic_qp_state */
	enum nic_qp_state to;
};

#define ANY 0xff
/* clang-format off */
static const struct transition transitions[] = {
	{ MLX5_CMD_OP_RST2INIT_QP, 1u << NIC_QP_RST, NIC_QP_INIT },
	{ MLX5_CMD_OP_INIT2INIT_QP, 1u << NIC_QP_INIT, NIC_QP_INIT },
	{ MLX5_CMD_OP_INIT2RTR_QP, 1u << NIC_QP_INIT, NIC_QP_RTR },
	{ MLX5_CMD_OP_RTR2RTS_QP, 1u << NIC_QP_RTR, NIC_QP_RTS },
	{ MLX5_CMD_OP_SQERR2RTS_QP, 0, NIC_QP_RTS },	/* no send queue, so no error of one */
	{ MLX5_CMD_OP_RTS2RTS_QP, 1u << NIC_QP_RTS, NIC_QP_RTS },
	{ MLX5_CMD_OP_QP_2ERR, ANY, NIC_QP_ERR },
	{ MLX5_CMD_OP_QP_2RST, ANY, NIC_QP_RST },
};
/* clang-format on */

static uint8_t
init_check(struct fw_cmd *c, const void *qpc)
{
	return DEVX_GET(qpc, qpc, primary_address_path.vhca_port_num) == PORT
		? 0
		: fw_refuse(c, FW_R_QP_PORT);
}

static uint8_t
rtr_check(struct fw_cmd *c, const void *qpc)
{
	unsigned int mtu = DEVX_GET(qpc, qpc, mtu);

	if (init_check(c, qpc) != 0)
		return c->status;
	if (mtu < MLX5_QPC_MTU_256_BYTES || mtu > MLX5_QPC_MTU_4K_BYTES)
		return fw_refuse(c, FW_R_QP_MTU);
	if (DEVX_GET(qpc, qpc, log_msg_max) > FW_CAP_GEN(c->f, log_max_msg))
		return fw_refuse(c, FW_R_QP_MSG_MAX);
	if (!DEVX_GET(qpc, qpc, primary_address_path.fl))
		return fw_refuse(c, FW_R_QP_FL);
	if (!FW_CAP_GEN(c->f, fl_rc_qp_when_roce_disabled))
		return fw_refuse(c, FW_R_QP_FL_CAP);
	return 0;
}

uint8_t
fw_modify_qp(struct fw_cmd *c)
{
	struct nic_qp *qp = fw_target(c, NIC_OBJ_QP, DEVX_GET(rst2init_qp_in, c->in, qpn));
	const struct transition *t = transitions;
	/* the context of all transitions that have one lies at the same place */
	const void *qpc = DEVX_ADDR_OF(rst2init_qp_in, c->in, qpc);

	if (qp == NULL)
		return c->status;
	while (t->opcode != c->opcode)
		t++;
	if (!(t->from & 1u << qp->state))
		return fw_refuse(c, FW_R_QP_STATE);
	switch (c->opcode) {
	case MLX5_CMD_OP_RST2INIT_QP:
	case MLX5_CMD_OP_INIT2INIT_QP:
		if (init_check(c, qpc) != 0)
			return c->status;
		break;
	case MLX5_CMD_OP_INIT2RTR_QP:
		if (rtr_check(c, qpc) != 0)
			return c->status;
		qp->remote_qpn = DEVX_GET(qpc, qpc, remote_qpn);
		qp->min_rnr_nak = DEVX_GET(qpc, qpc, min_rnr_nak);
		break;
	case MLX5_CMD_OP_RTR2RTS_QP:
		qp->ack_timeout = DEVX_GET(qpc, qpc, primary_address_path.ack_timeout);
		qp->retry_count = DEVX_GET(qpc, qpc, retry_count);
		qp->rnr_retry = DEVX_GET(qpc, qpc, rnr_retry);
		break;
	case MLX5_CMD_OP_QP_2RST:
		qp->remote_qpn = 0;
		qp->rq_ci = 0;
		break;
	default:
		break;
	}
	qp->state = t->to;
	if (t->to == NIC_QP_RST)
		dp_qp_reset(qp);
	return 0;
}

uint8_t
fw_query_qp(struct fw_cmd *c)
{
	static const uint8_t states[] = {[NIC_QP_RST] = MLX5_QPC_STATE_RST,
		[NIC_QP_INIT] = MLX5_QPC_STATE_INIT,
		[NIC_QP_RTR] = MLX5_QPC_STATE_RTR,
		[NIC_QP_RTS] = MLX5_QPC_STATE_RTS,
		[NIC_QP_ERR] = MLX5_QPC_STATE_ERR};
	const struct nic_qp *qp = fw_target(c, NIC_OBJ_QP, DEVX_GET(query_qp_in, c->in, qpn));
	void *qpc = DEVX_ADDR_OF(query_qp_out, c->out, qpc);

	if (qp == NULL)
		return c->status;
	DEVX_SET(qpc, qpc, state, states[qp->state]);
	DEVX_SET(qpc, qpc, st, MLX5_QP_ST_RC);
	DEVX_SET(qpc, qpc, pm_state, MLX5_QP_PM_MIGRATED);
	DEVX_SET(qpc, qpc, pd, qp->pd->obj.id);
	DEVX_SET(qpc, qpc, no_sq, 1);
	DEVX_SET(qpc, qpc, rq_type, qp->no_rq ? MLX5_ZERO_LEN_RQ : MLX5_NON_ZERO_RQ);
	DEVX_SET(qpc, qpc, remote_qpn, qp->remote_qpn);
	DEVX_SET(qpc, qpc, retry_count, qp->retry_count);
	DEVX_SET(qpc, qpc, rnr_retry, qp->rnr_retry);
	DEVX_SET(qpc, qpc, min_rnr_nak, qp->min_rnr_nak);
	DEVX_SET(qpc, qpc, primary_address_path.ack_timeout, qp->ack_timeout);
	if (qp->no_rq)
		return 0;
	DEVX_SET(qpc, qpc, log_rq_size, qp->log_rq_size);
	DEVX_SET(qpc, qpc, log_rq_stride, qp->log_rq_stride - LOG_RQ_STRIDE);
	DEVX_SET(qpc, qpc, cqn_rcv, qp->cq_rcv->obj.id);
	DEVX_SET(qpc, qpc, uar_page, qp->uar->obj.id);
	DEVX_SET(qpc, qpc, dbr_umem_valid, 1);
	DEVX_SET(qpc, qpc, dbr_umem_id, qp->dbr_umem->obj.id);
	DEVX_SET64(qpc, qpc, dbr_addr, qp->dbr_offset);
	DEVX_SET(qpc, qpc, hw_rq_counter, qp->rq_ci);
	return 0;
}
