/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "devx_priv.h"

#define TOEPLITZ_KEY_BYTES 40
#define LYR_2_4_BYTES DEVX_ST_SZ_BYTES(fte_match_set_lyr_2_4)

/* --- transport domain, TIS --- */

int
hf_td_create(struct hf_devx *dev, struct hf_steer_obj *td)
{
	uint32_t out[DEVX_ST_SZ_DW(alloc_transport_domain_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(alloc_transport_domain_in)] = {0};

	*td = (struct hf_steer_obj){.dev = dev, .kind = "td"};
	DEVX_SET(alloc_transport_domain_in, in, opcode, MLX5_CMD_OP_ALLOC_TRANSPORT_DOMAIN);
	return devx_create(
		dev, td->kind, in, sizeof(in), out, sizeof(out), &td->devx, &td->obj, &td->id);
}

int
hf_tis_create(struct hf_devx *dev, uint32_t td, struct hf_steer_obj *tis)
{
	uint32_t out[DEVX_ST_SZ_DW(create_tis_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(create_tis_in)] = {0};

	*tis = (struct hf_steer_obj){.dev = dev, .kind = "tis"};
	DEVX_SET(create_tis_in, in, opcode, MLX5_CMD_OP_CREATE_TIS);
	DEVX_SET(create_tis_in, in, ctx.transport_domain, td);
	return devx_create(
		dev, tis->kind, in, sizeof(in), out, sizeof(out), &tis->devx, &tis->obj, &tis->id);
}

/* --- RQT --- */

static int
rqt_size_check(const struct hf_devx *dev, uint32_t n)
{
	uint32_t room =
		(DEVX_MAILBOX_MAX - DEVX_ST_SZ_BYTES(create_rqt_in)) / DEVX_ST_SZ_BYTES(rq_num);
	uint32_t max = RTE_MIN(1u << dev->caps.log_max_rqt_size, rte_align32prevpow2(room));

	if (n != 0 && rte_is_power_of_2(n) && n <= max)
		return 0;
	return devx_call_failed(dev, EINVAL,
		"a receive table of %u entries (the NIC has a power of two up to %u)", n, max);
}

/* create_rqt_in and modify_rqt_in have the table at the same place, behind heads of one length. */
static uint32_t *
rqt_mailbox(const struct hf_devx *dev, enum hf_rqt_kind kind, const uint32_t *queues, uint32_t n,
	size_t *len)
{
	uint32_t *in, *entry;
	uint32_t i;
	void *rqtc;

	RTE_BUILD_BUG_ON(__devx_st_sz_bits(create_rqt_in) != __devx_st_sz_bits(modify_rqt_in));
	RTE_BUILD_BUG_ON((int)HF_RQT_RQ != MLX5_INLINE_Q_TYPE_RQ);
	RTE_BUILD_BUG_ON((int)HF_RQT_VIRTQ != MLX5_INLINE_Q_TYPE_VIRTQ);
	if (rqt_size_check(dev, n))
		return NULL;
	*len = DEVX_ST_SZ_BYTES(create_rqt_in) + n * DEVX_ST_SZ_BYTES(rq_num);
	in = calloc(1, *len);
	if (in == NULL) {
		devx_call_failed(dev, ENOMEM, "allocating a table of %u entries", n);
		return NULL;
	}
	rqtc = DEVX_ADDR_OF(create_rqt_in, in, rqt_context);
	DEVX_SET(rqtc, rqtc, list_q_type, kind);
	DEVX_SET(rqtc, rqtc, rqt_max_size, n);
	DEVX_SET(rqtc, rqtc, rqt_actual_size, n);
	entry = in + DEVX_ST_SZ_DW(create_rqt_in);
	for (i = 0; i < n; i++)
		DEVX_SET(rq_num, &entry[i], rq_num, queues[i]);
	return in;
}

int
hf_rqt_create(struct hf_devx *dev, enum hf_rqt_kind kind, const uint32_t *queues, uint32_t n,
	struct hf_steer_obj *rqt)
{
	uint32_t out[DEVX_ST_SZ_DW(create_rqt_out)] = {0};
	uint32_t *in;
	size_t len;
	int ret;

	*rqt = (struct hf_steer_obj){.dev = dev, .kind = "rqt"};
	in = rqt_mailbox(dev, kind, queues, n, &len);
	if (in == NULL)
		return hf_devx_last_error()->err;
	DEVX_SET(create_rqt_in, in, opcode, MLX5_CMD_OP_CREATE_RQT);
	ret = devx_create(
		dev, rqt->kind, in, len, out, sizeof(out), &rqt->devx, &rqt->obj, &rqt->id);
	free(in);
	return ret;
}

int
hf_rqt_modify(struct hf_steer_obj *rqt, enum hf_rqt_kind kind, const uint32_t *queues, uint32_t n)
{
	uint32_t out[DEVX_ST_SZ_DW(modify_rqt_out)] = {0};
	uint32_t *in;
	size_t len;
	int ret;

	in = rqt_mailbox(rqt->dev, kind, queues, n, &len);
	if (in == NULL)
		return hf_devx_last_error()->err;
	DEVX_SET(modify_rqt_in, in, opcode, MLX5_CMD_OP_MODIFY_RQT);
	DEVX_SET(modify_rqt_in, in, rqtn, rqt->id);
	DEVX_SET(rqt_bitmask, DEVX_ADDR_OF(modify_rqt_in, in, modify_bitmask), rqn_list, 1);
	ret = devx_modify(rqt->dev, rqt->devx, in, len, out, sizeof(out));
	free(in);
	return ret;
}

/* --- TIR --- */

int
hf_tir_create(struct hf_devx *dev, const struct hf_tir_attr *attr, struct hf_steer_obj *tir)
{
	uint32_t out[DEVX_ST_SZ_DW(create_tir_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(create_tir_in)] = {0};
	void *ctx = DEVX_ADDR_OF(create_tir_in, in, ctx);
	void *sel = DEVX_ADDR_OF(tirc, ctx, rx_hash_field_selector_outer);

	*tir = (struct hf_steer_obj){.dev = dev, .kind = "tir"};
	DEVX_SET(create_tir_in, in, opcode, MLX5_CMD_OP_CREATE_TIR);
	DEVX_SET(tirc, ctx, disp_type, MLX5_TIRC_DISP_TYPE_INDIRECT);
	DEVX_SET(tirc, ctx, transport_domain, attr->td);
	DEVX_SET(tirc, ctx, indirect_table, attr->rqt);
	DEVX_SET(tirc, ctx, rx_hash_fn, MLX5_RX_HASH_FN_TOEPLITZ);
	DEVX_SET(tirc, ctx, rx_hash_symmetric, attr->symmetric);
	memcpy(DEVX_ADDR_OF(tirc, ctx, rx_hash_toeplitz_key), attr->key, TOEPLITZ_KEY_BYTES);
	DEVX_SET(rx_hash_field_select, sel, l3_prot_type, attr->l3_type);
	DEVX_SET(rx_hash_field_select, sel, l4_prot_type, attr->l4_type);
	DEVX_SET(rx_hash_field_select, sel, selected_fields, attr->fields);
	return devx_create(
		dev, tir->kind, in, sizeof(in), out, sizeof(out), &tir->devx, &tir->obj, &tir->id);
}

int
hf_tir_set_rqt(struct hf_steer_obj *tir, uint32_t rqt)
{
	uint32_t out[DEVX_ST_SZ_DW(modify_tir_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(modify_tir_in)] = {0};

	DEVX_SET(modify_tir_in, in, opcode, MLX5_CMD_OP_MODIFY_TIR);
	DEVX_SET(modify_tir_in, in, tirn, tir->id);
	DEVX_SET64(modify_tir_in, in, modify_bitmask,
		MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_INDIRECT_TABLE);
	DEVX_SET(modify_tir_in, in, ctx.indirect_table, rqt);
	return devx_modify(tir->dev, tir->devx, in, sizeof(in), out, sizeof(out));
}

int
hf_steer_obj_destroy(struct hf_steer_obj *o)
{
	return devx_destroy(o->dev, o->kind, o->id, &o->devx, &o->obj);
}

/* --- flow --- */

/* struct mlx5dv_flow_match_parameters with room for the outer headers. */
struct match {
	size_t len;
	uint64_t buf[LYR_2_4_BYTES / sizeof(uint64_t)];
};

static struct mlx5dv_flow_match_parameters *
match_fill(struct match *m, const void *headers)
{
	m->len = sizeof(m->buf);
	memset(m->buf, 0, sizeof(m->buf));
	if (headers != NULL)
		memcpy(m->buf, headers, sizeof(m->buf));
	return (struct mlx5dv_flow_match_parameters *)m;
}

int
hf_flow_create(struct hf_devx *dev, const struct hf_flow_attr *attr, struct hf_flow *flow)
{
	struct mlx5dv_flow_action_attr to_tir = {
		.type = MLX5DV_FLOW_ACTION_DEST_DEVX,
		.obj = attr->tir->devx,
	};
	struct mlx5dv_flow_matcher_attr mattr = {
		.type = IBV_FLOW_ATTR_NORMAL,
		.priority = attr->priority,
	};
	struct match mask, value;
	int ret;

	memset(flow, 0, sizeof(*flow));
	if (attr->match_outer)
		mattr.match_criteria_enable = 1 << MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT;
	mattr.match_mask = match_fill(&mask, attr->match_outer ? attr->mask : NULL);
	errno = 0;
	flow->matcher = mlx5dv_create_flow_matcher(dev->ibv, &mattr);
	if (flow->matcher == NULL)
		return devx_call_failed(
			dev, errno, "mlx5dv_create_flow_matcher (priority %u)", attr->priority);
	errno = 0;
	flow->flow = mlx5dv_create_flow(flow->matcher,
		match_fill(&value, attr->match_outer ? attr->value : NULL), 1, &to_tir);
	if (flow->flow == NULL) {
		ret = devx_call_failed(dev, errno,
			"mlx5dv_create_flow to tir %u (CAP_NET_RAW held?)", attr->tir->id);
		goto destroy_matcher;
	}
	flow->obj = hf_obj_add(dev->objs, "flow", attr->tir->id);
	if (flow->obj == NULL) {
		ret = devx_call_failed(dev, ENOMEM, "entering a flow into the table");
		goto destroy_flow;
	}
	flow->dev = dev;
	return 0;
destroy_flow:
	ibv_destroy_flow(flow->flow);
destroy_matcher:
	mlx5dv_destroy_flow_matcher(flow->matcher);
	memset(flow, 0, sizeof(*flow));
	return ret;
}

int
hf_flow_destroy(struct hf_flow *flow)
{
	int ret;

	if (flow->flow != NULL) {
		ret = ibv_destroy_flow(flow->flow);
		if (ret)
			return devx_call_failed(flow->dev, ret, "ibv_destroy_flow");
		flow->flow = NULL;
	}
	if (flow->matcher == NULL)
		return 0;
	ret = mlx5dv_destroy_flow_matcher(flow->matcher);
	if (ret)
		return devx_call_failed(flow->dev, ret, "mlx5dv_destroy_flow_matcher");
	hf_obj_put(flow->obj);
	memset(flow, 0, sizeof(*flow));
	return 0;
}
