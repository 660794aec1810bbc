/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Transport domains, TIS, RQT and TIR.
 */
#include <stdlib.h>
#include <string.h>

#include "fw_int.h"

/* rx_hash_field_select.selected_fields: addresses and ports, no IPsec SPI */
#define HASH_FIELDS 0xf

uint8_t
fw_alloc_td(struct fw_cmd *c)
{
	struct nic_td *td = fw_obj_new(c, NIC_OBJ_TD, sizeof(*td));

	if (td == NULL)
		return c->status;
	DEVX_SET(alloc_transport_domain_out, c->out, transport_domain, td->obj.id);
	return 0;
}

/* ---- TIS ---- */

static uint8_t
prio_check(struct fw_cmd *c, const void *ctx)
{
	return DEVX_GET(tisc, ctx, prio) & 1 ? fw_refuse(c, FW_R_TIS_PRIO) : 0;
}

/* DPDK's driver names port 1 on adapters without bonding too. */
static uint8_t
affinity_check(struct fw_cmd *c, const void *ctx)
{
	unsigned int ports = FW_CAP_GEN(c->f, num_lag_ports);

	if (DEVX_GET(tisc, ctx, lag_tx_port_affinity) > (ports > 1 ? ports : 1))
		return fw_refuse(c, FW_R_TIS_LAG);
	return 0;
}

uint8_t
fw_create_tis(struct fw_cmd *c)
{
	const void *ctx = DEVX_ADDR_OF(create_tis_in, c->in, ctx);
	struct nic_tis *t;
	struct nic_td *td;

	if (DEVX_GET(tisc, ctx, tls_en) || DEVX_GET(tisc, ctx, underlay_qpn) != 0)
		return fw_refuse(c, FW_R_TIS_KIND);
	if (prio_check(c, ctx) != 0 || affinity_check(c, ctx) != 0)
		return c->status;
	td = fw_use(c, NIC_OBJ_TD, DEVX_GET(tisc, ctx, transport_domain), FW_R_TIS_TD);
	if (td == NULL)
		return c->status;
	t = fw_obj_new(c, NIC_OBJ_TIS, sizeof(*t));
	if (t == NULL)
		return c->status;
	t->td = td;
	t->prio = DEVX_GET(tisc, ctx, prio);
	t->lag_port = DEVX_GET(tisc, ctx, lag_tx_port_affinity);
	t->lag_strict = DEVX_GET(tisc, ctx, strict_lag_tx_port_affinity);
	fw_hold(td);
	DEVX_SET(create_tis_out, c->out, tisn, t->obj.id);
	return 0;
}

uint8_t
fw_modify_tis(struct fw_cmd *c)
{
	const void *ctx = DEVX_ADDR_OF(modify_tis_in, c->in, ctx);
	struct nic_tis *t = fw_target(c, NIC_OBJ_TIS, DEVX_GET(modify_tis_in, c->in, tisn));
	bool prio = DEVX_GET(modify_tis_in, c->in, bitmask.prio);
	bool port = DEVX_GET(modify_tis_in, c->in, bitmask.lag_tx_port_affinity);
	bool strict = DEVX_GET(modify_tis_in, c->in, bitmask.strict_lag_tx_port_affinity);

	if (t == NULL)
		return c->status;
	if (!prio && !port && !strict)
		return fw_refuse(c, FW_R_TIS_SELECT);
	if (prio && prio_check(c, ctx) != 0)
		return c->status;
	if (port && affinity_check(c, ctx) != 0)
		return c->status;
	if (prio)
		t->prio = DEVX_GET(tisc, ctx, prio);
	if (port)
		t->lag_port = DEVX_GET(tisc, ctx, lag_tx_port_affinity);
	if (strict)
		t->lag_strict = DEVX_GET(tisc, ctx, strict_lag_tx_port_affinity);
	return 0;
}

void
fw_tis_free(struct nic_tis *t)
{
	fw_drop(t->td);
	fw_obj_free(&t->obj);
}

uint8_t
fw_query_tis(struct fw_cmd *c)
{
	const struct nic_tis *t = fw_target(c, NIC_OBJ_TIS, DEVX_GET(query_tis_in, c->in, tisn));
	void *ctx = DEVX_ADDR_OF(query_tis_out, c->out, tis_context);

	if (t == NULL)
		return c->status;
	DEVX_SET(tisc, ctx, prio, t->prio);
	DEVX_SET(tisc, ctx, lag_tx_port_affinity, t->lag_port);
	DEVX_SET(tisc, ctx, strict_lag_tx_port_affinity, t->lag_strict);
	DEVX_SET(tisc, ctx, transport_domain, t->td->obj.id);
	return 0;
}

/* ---- RQT ---- */

/* A queue that a table can have. NULL: refused. */
static struct nic_obj *
rqt_entry(struct fw_cmd *c, uint8_t q_type, uint32_t id)
{
	struct nic_virtq *vq;

	if (q_type == MLX5_INLINE_Q_TYPE_RQ)
		return fw_use(c, NIC_OBJ_RQ, id, FW_R_RQT_QUEUE);
	vq = fw_use(c, NIC_OBJ_VIRTQ, id, FW_R_RQT_QUEUE);
	if (vq != NULL && (vq->index & 1)) {
		fw_refuse(c, FW_R_RQT_TX);
		return NULL;
	}
	return vq != NULL ? &vq->obj : NULL;
}

static void
rqt_drop(struct nic_obj **list, uint32_t size)
{
	uint32_t i;

	for (i = 0; i < size; i++)
		list[i]->refs--;
	free(list);
}

/* The queues of a mailbox's table, each held. NULL: refused. */
static struct nic_obj **
rqt_list(struct fw_cmd *c, const uint8_t *rqtc, uint32_t size, uint8_t q_type)
{
	const uint8_t *e = DEVX_ADDR_OF(rqtc, rqtc, rq_num);
	size_t room = c->inlen - (size_t)(e - (const uint8_t *)c->in);
	struct nic_obj **list;
	uint32_t i;

	if (room / DEVX_ST_SZ_BYTES(rq_num) < size) {
		fw_refuse(c, FW_R_RQT_LIST_LEN);
		return NULL;
	}
	list = calloc(size, sizeof(struct nic_obj *));
	if (list == NULL) {
		fw_refuse(c, FW_R_MEMORY);
		return NULL;
	}
	for (i = 0; i < size; i++, e += DEVX_ST_SZ_BYTES(rq_num)) {
		list[i] = rqt_entry(c, q_type, DEVX_GET(rq_num, e, rq_num));
		if (list[i] == NULL) {
			rqt_drop(list, i);
			return NULL;
		}
		list[i]->refs++;
	}
	return list;
}

uint8_t
fw_create_rqt(struct fw_cmd *c)
{
	const uint8_t *rqtc = DEVX_ADDR_OF(create_rqt_in, c->in, rqt_context);
	uint32_t max = DEVX_GET(rqtc, rqtc, rqt_max_size);
	uint32_t size = DEVX_GET(rqtc, rqtc, rqt_actual_size);
	uint8_t q_type = DEVX_GET(rqtc, rqtc, list_q_type);
	struct nic_obj **list;
	struct nic_rqt *r;

	if (q_type > MLX5_INLINE_Q_TYPE_VIRTQ)
		return fw_refuse(c, FW_R_RQT_TYPE);
	if (max == 0 || max > 1u << FW_CAP_GEN(c->f, log_max_rqt_size))
		return fw_refuse(c, FW_R_RQT_MAX);
	if (size == 0 || size > max)
		return fw_refuse(c, FW_R_RQT_SIZE);
	list = rqt_list(c, rqtc, size, q_type);
	if (list == NULL)
		return c->status;
	r = fw_obj_new(c, NIC_OBJ_RQT, sizeof(*r));
	if (r == NULL) {
		rqt_drop(list, size);
		return c->status;
	}
	r->q_type = q_type;
	r->max_size = max;
	r->size = size;
	r->q = list;
	DEVX_SET(create_rqt_out, c->out, rqtn, r->obj.id);
	return 0;
}

uint8_t
fw_modify_rqt(struct fw_cmd *c)
{
	const uint8_t *rqtc = DEVX_ADDR_OF(modify_rqt_in, c->in, rqt_context);
	struct nic_rqt *r = fw_target(c, NIC_OBJ_RQT, DEVX_GET(modify_rqt_in, c->in, rqtn));
	uint32_t size = DEVX_GET(rqtc, rqtc, rqt_actual_size);
	struct nic_obj **list;

	if (r == NULL)
		return c->status;
	if (DEVX_GET64(modify_rqt_in, c->in, modify_bitmask) != 1)
		return fw_refuse(c, FW_R_RQT_SELECT);
	if (DEVX_GET(rqtc, rqtc, list_q_type) != r->q_type)
		return fw_refuse(c, FW_R_RQT_RETYPE);
	if (size == 0 || size > r->max_size)
		return fw_refuse(c, FW_R_RQT_SIZE);
	list = rqt_list(c, rqtc, size, r->q_type);
	if (list == NULL)
		return c->status;
	rqt_drop(r->q, r->size);
	r->q = list;
	r->size = size;
	dp_flows_changed(c->f);
	return 0;
}

void
fw_rqt_free(struct nic_rqt *r)
{
	rqt_drop(r->q, r->size);
	fw_obj_free(&r->obj);
}

uint8_t
fw_query_rqt(struct fw_cmd *c)
{
	const struct nic_rqt *r = fw_target(c, NIC_OBJ_RQT, DEVX_GET(query_rqt_in, c->in, rqtn));
	uint8_t *rqtc = DEVX_ADDR_OF(query_rqt_out, c->out, rqt_context);
	uint8_t *e = DEVX_ADDR_OF(rqtc, rqtc, rq_num);
	uint32_t i;

	if (r == NULL)
		return c->status;
	if ((c->outlen - DEVX_ST_SZ_BYTES(query_rqt_out)) / DEVX_ST_SZ_BYTES(rq_num) < r->size)
		return fw_refuse(c, FW_R_OUT_LEN);
	DEVX_SET(rqtc, rqtc, list_q_type, r->q_type);
	DEVX_SET(rqtc, rqtc, rqt_max_size, r->max_size);
	DEVX_SET(rqtc, rqtc, rqt_actual_size, r->size);
	for (i = 0; i < r->size; i++, e += DEVX_ST_SZ_BYTES(rq_num))
		DEVX_SET(rq_num, e, rq_num, r->q[i]->id);
	return 0;
}

/* ---- TIR ---- */

static uint8_t
hash_parse(struct fw_cmd *c, const void *ctx, struct nic_tir *t)
{
	const void *outer = DEVX_ADDR_OF(tirc, ctx, rx_hash_field_selector_outer);
	const void *inner = DEVX_ADDR_OF(tirc, ctx, rx_hash_field_selector_inner);

	t->hash_fn = DEVX_GET(tirc, ctx, rx_hash_fn);
	t->symmetric = DEVX_GET(tirc, ctx, rx_hash_symmetric);
	t->l3_type = DEVX_GET(rx_hash_field_select, outer, l3_prot_type);
	t->l4_type = DEVX_GET(rx_hash_field_select, outer, l4_prot_type);
	t->fields = DEVX_GET(rx_hash_field_select, outer, selected_fields);
	memcpy(t->key, DEVX_ADDR_OF(tirc, ctx, rx_hash_toeplitz_key), sizeof(t->key));
	if (t->hash_fn > MLX5_RX_HASH_FN_TOEPLITZ)
		return fw_refuse(c, FW_R_TIR_HASH);
	if (t->fields & ~HASH_FIELDS)
		return fw_refuse(c, FW_R_TIR_FIELDS);
	if (DEVX_GET(rx_hash_field_select, inner, selected_fields) != 0)
		return fw_refuse(c, FW_R_TIR_INNER);
	return 0;
}

static uint8_t
tir_check(struct fw_cmd *c, const void *ctx)
{
	if (DEVX_GET(tirc, ctx, disp_type) > MLX5_TIRC_DISP_TYPE_INDIRECT)
		return fw_refuse(c, FW_R_TIR_TYPE);
	if (DEVX_GET(tirc, ctx, lro_enable_mask) != 0)
		return fw_refuse(c, FW_R_TIR_LRO);
	if (DEVX_GET(tirc, ctx, tunneled_offload_en))
		return fw_refuse(c, FW_R_TIR_INNER);
	return 0;
}

uint8_t
fw_create_tir(struct fw_cmd *c)
{
	const void *ctx = DEVX_ADDR_OF(create_tir_in, c->in, ctx);
	struct nic_tir hash, *t;
	struct nic_obj head;
	struct nic_td *td;

	memset(&hash, 0, sizeof(hash));
	if (tir_check(c, ctx) != 0 || hash_parse(c, ctx, &hash) != 0)
		return c->status;
	td = fw_use(c, NIC_OBJ_TD, DEVX_GET(tirc, ctx, transport_domain), FW_R_TIR_TD);
	if (td == NULL)
		return c->status;
	if (DEVX_GET(tirc, ctx, disp_type) == MLX5_TIRC_DISP_TYPE_DIRECT)
		hash.rq = fw_use(c, NIC_OBJ_RQ, DEVX_GET(tirc, ctx, inline_rqn), FW_R_TIR_RQ);
	else
		hash.rqt =
			fw_use(c, NIC_OBJ_RQT, DEVX_GET(tirc, ctx, indirect_table), FW_R_TIR_RQT);
	if (hash.rq == NULL && hash.rqt == NULL)
		return c->status;
	t = fw_obj_new(c, NIC_OBJ_TIR, sizeof(*t));
	if (t == NULL)
		return c->status;
	head = t->obj;
	*t = hash;
	t->obj = head;
	t->td = td;
	fw_hold(td);
	fw_hold(t->rq);
	fw_hold(t->rqt);
	DEVX_SET(create_tir_out, c->out, tirn, t->obj.id);
	return 0;
}

uint8_t
fw_modify_tir(struct fw_cmd *c)
{
	const uint64_t known = MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_LRO |
		MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_INDIRECT_TABLE |
		MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_HASH |
		MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_SELF_LB_EN;
	const void *ctx = DEVX_ADDR_OF(modify_tir_in, c->in, ctx);
	struct nic_tir *t = fw_target(c, NIC_OBJ_TIR, DEVX_GET(modify_tir_in, c->in, tirn)), n;
	uint64_t select = DEVX_GET64(modify_tir_in, c->in, modify_bitmask);

	if (t == NULL)
		return c->status;
	if (select == 0 || select & ~known)
		return fw_refuse(c, FW_R_TIR_SELECT);
	if (select & MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_LRO)
		return fw_refuse(c, FW_R_TIR_LRO);
	n = *t;
	if (select & MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_HASH && hash_parse(c, ctx, &n) != 0)
		return c->status;
	if (select & MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_INDIRECT_TABLE) {
		if (t->rqt == NULL)
			return fw_refuse(c, FW_R_TIR_DIRECT);
		n.rqt = fw_use(c, NIC_OBJ_RQT, DEVX_GET(tirc, ctx, indirect_table), FW_R_TIR_RQT);
		if (n.rqt == NULL)
			return c->status;
	}
	fw_drop(t->rqt);
	*t = n;
	fw_hold(t->rqt);
	dp_flows_changed(c->f);
	return 0;
}

void
fw_tir_free(struct nic_tir *t)
{
	fw_drop(t->rq);
	fw_drop(t->rqt);
	fw_drop(t->td);
	fw_obj_free(&t->obj);
}

uint8_t
fw_query_tir(struct fw_cmd *c)
{
	const struct nic_tir *t = fw_target(c, NIC_OBJ_TIR, DEVX_GET(query_tir_in, c->in, tirn));
	void *ctx = DEVX_ADDR_OF(query_tir_out, c->out, tir_context);
	void *outer = DEVX_ADDR_OF(tirc, ctx, rx_hash_field_selector_outer);

	if (t == NULL)
		return c->status;
	if (t->rqt != NULL) {
		DEVX_SET(tirc, ctx, disp_type, MLX5_TIRC_DISP_TYPE_INDIRECT);
		DEVX_SET(tirc, ctx, indirect_table, t->rqt->obj.id);
	} else {
		DEVX_SET(tirc, ctx, disp_type, MLX5_TIRC_DISP_TYPE_DIRECT);
		DEVX_SET(tirc, ctx, inline_rqn, t->rq->obj.id);
	}
	DEVX_SET(tirc, ctx, transport_domain, t->td->obj.id);
	DEVX_SET(tirc, ctx, rx_hash_fn, t->hash_fn);
	DEVX_SET(tirc, ctx, rx_hash_symmetric, t->symmetric);
	memcpy(DEVX_ADDR_OF(tirc, ctx, rx_hash_toeplitz_key), t->key, sizeof(t->key));
	DEVX_SET(rx_hash_field_select, outer, l3_prot_type, t->l3_type);
	DEVX_SET(rx_hash_field_select, outer, l4_prot_type, t->l4_type);
	DEVX_SET(rx_hash_field_select, outer, selected_fields, t->fields);
	return 0;
}
