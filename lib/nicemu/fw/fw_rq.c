/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Receive queues of raw Ethernet.
 */
#include "fw_int.h"

static uint8_t
counter_parse(struct fw_cmd *c, const void *rqc, struct nic_q_counter **counter)
{
	uint32_t id = DEVX_GET(rqc, rqc, counter_set_id);

	*counter = NULL;
	if (id == 0)
		return 0;
	*counter = fw_use(c, NIC_OBJ_Q_COUNTER, id, FW_R_RQ_COUNTER);
	return *counter == NULL ? c->status : 0;
}

static uint8_t
vsd_check(struct fw_cmd *c, const void *rqc)
{
	return DEVX_GET(rqc, rqc, vsd) || FW_CAP_ETH(c->f, vlan_cap) ? 0
								     : fw_refuse(c, FW_R_RQ_VSD);
}

static uint8_t
fcs_check(struct fw_cmd *c, const void *rqc)
{
	return DEVX_GET(rqc, rqc, scatter_fcs) ? fw_refuse(c, FW_R_RQ_FCS) : 0;
}

static uint8_t
rq_check(struct fw_cmd *c, const void *rqc)
{
	const void *wq = DEVX_ADDR_OF(rqc, rqc, wq);

	if (DEVX_GET(rqc, rqc, mem_rq_type) != MLX5_RQC_MEM_RQ_TYPE_MEMORY_RQ_INLINE ||
		DEVX_GET(rqc, rqc, rmpn) != 0)
		return fw_refuse(c, FW_R_RQ_TYPE);
	if (DEVX_GET(rqc, rqc, rlky) || DEVX_GET(rqc, rqc, delay_drop_en))
		return fw_refuse(c, FW_R_RQ_KIND);
	if (DEVX_GET(rqc, rqc, hairpin) || DEVX_GET(rqc, rqc, hairpin_data_buffer_type) != 0 ||
		DEVX_GET(rqc, rqc, hairpin_peer_sq) != 0 ||
		DEVX_GET(rqc, rqc, hairpin_peer_vhca) != 0)
		return fw_refuse(c, FW_R_RQ_HAIRPIN);
	if (DEVX_GET(rqc, rqc, state) != MLX5_RQC_STATE_RST)
		return fw_refuse(c, FW_R_RQ_NEW_STATE);
	if (DEVX_GET(wq, wq, lwm) != 0)
		return fw_refuse(c, FW_R_RQ_LWM);
	if (vsd_check(c, rqc) != 0 || fcs_check(c, rqc) != 0)
		return c->status;
	return fw_ts_check(
		c, FW_CAP_GEN(c->f, rq_ts_format), DEVX_GET(rqc, rqc, ts_format), FW_R_RQ_TS);
}

/* What the queue stands on; nothing is held yet. */
static uint8_t
rq_parse(struct fw_cmd *c, const void *rqc, struct nic_rq *rq)
{
	*rq = (struct nic_rq){.user_index = DEVX_GET(rqc, rqc, user_index),
		.ts_format = DEVX_GET(rqc, rqc, ts_format),
		.clock_khz = FW_CAP_GEN(c->f, device_frequency_khz),
		.csum = FW_CAP_ETH(c->f, csum_cap),
		.strip = !DEVX_GET(rqc, rqc, vsd),
		.flush = DEVX_GET(rqc, rqc, flush_in_error_en)};
	rq->cq = fw_use(c, NIC_OBJ_CQ, DEVX_GET(rqc, rqc, cqn), FW_R_RQ_CQ);
	if (rq->cq == NULL || counter_parse(c, rqc, &rq->counter) != 0)
		return c->status;
	return fw_wq_parse(c, DEVX_ADDR_OF(rqc, rqc, wq), FW_WQ_RECEIVE, &rq->wq);
}

uint8_t
fw_create_rq(struct fw_cmd *c)
{
	const void *rqc = DEVX_ADDR_OF(create_rq_in, c->in, ctx);
	struct nic_rq parsed, *rq;
	struct nic_obj head;

	if (rq_check(c, rqc) != 0 || rq_parse(c, rqc, &parsed) != 0)
		return c->status;
	rq = fw_obj_new(c, NIC_OBJ_RQ, sizeof(*rq));
	if (rq == NULL)
		return c->status;
	head = rq->obj;
	*rq = parsed;
	rq->obj = head;
	if (dp_rq_init(rq) != 0) {
		fw_obj_free(&rq->obj);
		return fw_refuse(c, FW_R_MEMORY);
	}
	fw_wq_hold(&rq->wq);
	fw_hold(rq->cq);
	fw_hold(rq->counter);
	DEVX_SET(create_rq_out, c->out, rqn, rq->obj.id);
	return 0;
}

void
fw_rq_free(struct nic_rq *rq)
{
	dp_rq_fini(rq);
	fw_wq_drop(&rq->wq);
	fw_drop(rq->cq);
	fw_drop(rq->counter);
	fw_obj_free(&rq->obj);
}

#define SELECT(bit) MLX5_MODIFY_RQ_IN_MODIFY_BITMASK_##bit

static uint8_t
modify_check(struct fw_cmd *c, const struct nic_rq *rq, struct nic_q_counter **counter)
{
	const uint64_t known =
		SELECT(WQ_LWM) | SELECT(VSD) | SELECT(SCATTER_FCS) | SELECT(RQ_COUNTER_SET_ID);
	const void *rqc = DEVX_ADDR_OF(modify_rq_in, c->in, ctx);
	uint64_t select = DEVX_GET64(modify_rq_in, c->in, modify_bitmask);

	if (select & ~known)
		return fw_refuse(c, FW_R_RQ_SELECT);
	if (select & SELECT(WQ_LWM))
		return fw_refuse(c, FW_R_RQ_LWM);
	if (select & SELECT(VSD) && vsd_check(c, rqc) != 0)
		return c->status;
	if (select & SELECT(SCATTER_FCS) && fcs_check(c, rqc) != 0)
		return c->status;
	if (select & SELECT(RQ_COUNTER_SET_ID)) {
		if (!FW_CAP_GEN(c->f, modify_rq_counter_set_id))
			return fw_refuse(c, FW_R_RQ_COUNTER_CAP);
		if (counter_parse(c, rqc, counter) != 0)
			return c->status;
	}
	if (DEVX_GET(modify_rq_in, c->in, rq_state) != fw_wq_state(atomic_load(&rq->state)))
		return fw_refuse(c, FW_R_RQ_STATE);
	if (!fw_wq_may_go(atomic_load(&rq->state), DEVX_GET(rqc, rqc, state)))
		return fw_refuse(c, FW_R_RQ_TRANSITION);
	return 0;
}

/* The caller names the state that it thinks the queue is in (Linux mlx5e_modify_rq_state()). */
uint8_t
fw_modify_rq(struct fw_cmd *c)
{
	const void *rqc = DEVX_ADDR_OF(modify_rq_in, c->in, ctx);
	struct nic_rq *rq = fw_target(c, NIC_OBJ_RQ, DEVX_GET(modify_rq_in, c->in, rqn));
	uint64_t select = DEVX_GET64(modify_rq_in, c->in, modify_bitmask);
	unsigned int to = DEVX_GET(rqc, rqc, state);
	struct nic_q_counter *counter;

	if (rq == NULL)
		return c->status;
	counter = rq->counter;
	if (modify_check(c, rq, &counter) != 0)
		return c->status;
	if (select & SELECT(VSD))
		rq->strip = !DEVX_GET(rqc, rqc, vsd);
	fw_drop(rq->counter);
	rq->counter = counter;
	fw_hold(rq->counter);
	if (to == MLX5_RQC_STATE_RST)
		dp_rq_reset(rq);
	else if (to == MLX5_RQC_STATE_ERR)
		dp_rq_error(rq);
	else if (atomic_load(&rq->state) == NIC_WQ_RST)
		dp_rq_ready(rq);
	return 0;
}

uint8_t
fw_query_rq(struct fw_cmd *c)
{
	const struct nic_rq *rq = fw_target(c, NIC_OBJ_RQ, DEVX_GET(query_rq_in, c->in, rqn));
	void *rqc = DEVX_ADDR_OF(query_rq_out, c->out, rq_context);

	if (rq == NULL)
		return c->status;
	DEVX_SET(rqc, rqc, vsd, !rq->strip);
	DEVX_SET(rqc, rqc, mem_rq_type, MLX5_RQC_MEM_RQ_TYPE_MEMORY_RQ_INLINE);
	DEVX_SET(rqc, rqc, state, fw_wq_state(atomic_load(&rq->state)));
	DEVX_SET(rqc, rqc, flush_in_error_en, rq->flush);
	DEVX_SET(rqc, rqc, ts_format, rq->ts_format);
	DEVX_SET(rqc, rqc, user_index, rq->user_index);
	DEVX_SET(rqc, rqc, cqn, rq->cq->obj.id);
	if (rq->counter != NULL)
		DEVX_SET(rqc, rqc, counter_set_id, rq->counter->obj.id);
	fw_wq_query(&rq->wq, rq->ci, dp_rq_posted(rq), DEVX_ADDR_OF(rqc, rqc, wq));
	return 0;
}
