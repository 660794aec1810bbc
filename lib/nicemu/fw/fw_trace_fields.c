/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a trace shows of each command's mailboxes: a table of fields by name.
 */
#include "fw_trace.h"

#define COUNT(a) (uint8_t)(sizeof(a) / sizeof((a)[0]))

/* clang-format off */
#define FIELD(st, fld, text, how) \
	{ text, __devx_bit_off(st, fld), __devx_bit_sz(st, fld), how, NULL, 0 }
#define NUM(st, fld, text) FIELD(st, fld, text, FW_FIELD_NUM)
#define HEX(st, fld, text) FIELD(st, fld, text, FW_FIELD_HEX)
#define NAME(st, fld, text, list) \
	{ text, __devx_bit_off(st, fld), __devx_bit_sz(st, fld), FW_FIELD_NAME, list, COUNT(list) }
#define BITS(st, fld, text, list) \
	{ text, __devx_bit_off(st, fld), __devx_bit_sz(st, fld), FW_FIELD_BITS, list, COUNT(list) }

static const char *const mkey_modes[] = { "PA", "MTT", "KLM", "KLM_FBS" };
static const char *const vq_types[] = { "split", "packed" };
static const char *const vq_events[] = { "NO_MSIX", "QP", "MSIX" };
static const char *const vq_states[] = { "INIT", "RDY", "SUSPEND", "ERR" };
static const char *const qp_states[] = { "RST", "INIT", "RTR", "RTS", "SQER", "SQD", "ERR" };
static const char *const wq_states[] = { "RST", "RDY", NULL, "ERR" };
static const char *const hash_fns[] = { "none", "xor8", "toeplitz" };
/* by bit number */
static const char *const vq_selects[] = {
	"STATE", NULL, NULL, "DIRTY_BITMAP_PARAMS", "DIRTY_BITMAP_DUMP_ENABLE", "QUEUE_PERIOD", "ADDR",
	"HW_AVAILABLE_INDEX", "HW_USED_INDEX", "Q_TYPE", "VERSION_1_0", "Q_MKEY",
	"QUEUE_FEATURE_BIT_MASK", "EVENT_MODE", "DESC_GROUP_MKEY",
};
_Static_assert(MLX5_VIRTQ_MODIFY_MASK_DESC_GROUP_MKEY == 1u << 14, "bits of vq_selects");

static const struct fw_field mkey_in[] = {
	NAME(create_mkey_in, memory_key_mkey_entry.access_mode_1_0, "mode", mkey_modes),
	NUM(create_mkey_in, memory_key_mkey_entry.pd, "pd"),
	HEX(create_mkey_in, memory_key_mkey_entry.start_addr, "start"),
	NUM(create_mkey_in, memory_key_mkey_entry.len, "len"),
	NUM(create_mkey_in, memory_key_mkey_entry.length64, "length64"),
	NUM(create_mkey_in, memory_key_mkey_entry.log_page_size, "log_page_size"),
	NUM(create_mkey_in, translations_octword_actual_size, "octwords"),
	NUM(create_mkey_in, mkey_umem_valid, "umem_valid"),
	NUM(create_mkey_in, mkey_umem_id, "umem"),
};
static const struct fw_field cq_in[] = {
	NUM(create_cq_in, cq_context.log_cq_size, "log_size"),
	NUM(create_cq_in, cq_context.cqe_sz, "cqe_sz"),
	NUM(create_cq_in, cq_context.cc, "collapsed"),
	NUM(create_cq_in, cq_context.c_eqn, "eqn"),
	NUM(create_cq_in, cq_context.uar_page, "uar"),
	NUM(create_cq_in, cq_umem_id, "umem"),
	NUM(create_cq_in, cq_context.dbr_umem_id, "dbr_umem"),
};
static const struct fw_field qp_in[] = {
	NUM(create_qp_in, qpc.pd, "pd"),
	NUM(create_qp_in, qpc.cqn_rcv, "cq_rcv"),
	NUM(create_qp_in, qpc.rq_type, "rq_type"),
	NUM(create_qp_in, qpc.log_rq_size, "log_rq_size"),
	NUM(create_qp_in, qpc.log_rq_stride, "log_rq_stride"),
	NUM(create_qp_in, qpc.no_sq, "no_sq"),
	NUM(create_qp_in, wq_umem_id, "wq_umem"),
};
static const struct fw_field rtr_in[] = {
	NUM(init2rtr_qp_in, qpc.remote_qpn, "remote_qpn"),
	NUM(init2rtr_qp_in, qpc.mtu, "mtu"),
};
static const struct fw_field qp_out[] = {
	NAME(query_qp_out, qpc.state, "state", qp_states),
};
static const struct fw_field sq_in[] = {
	NUM(create_sq_in, ctx.cqn, "cq"),
	NUM(create_sq_in, ctx.tis_num_0, "tis"),
	NUM(create_sq_in, ctx.wq.pd, "pd"),
	NUM(create_sq_in, ctx.wq.uar_page, "uar"),
	NUM(create_sq_in, ctx.wq.log_wq_sz, "log_size"),
	NUM(create_sq_in, ctx.wq.wq_umem_id, "wq_umem"),
	NUM(create_sq_in, ctx.min_wqe_inline_mode, "min_inline"),
};
static const struct fw_field sq_modify_in[] = {
	NAME(modify_sq_in, sq_state, "from", wq_states),
	NAME(modify_sq_in, ctx.state, "state", wq_states),
};
static const struct fw_field sq_out[] = {
	NAME(query_sq_out, sq_context.state, "state", wq_states),
	NUM(query_sq_out, sq_context.wq.hw_counter, "hw_counter"),
	NUM(query_sq_out, sq_context.wq.sw_counter, "sw_counter"),
};
static const struct fw_field rq_in[] = {
	NUM(create_rq_in, ctx.cqn, "cq"),
	NUM(create_rq_in, ctx.counter_set_id, "counter"),
	NUM(create_rq_in, ctx.wq.pd, "pd"),
	NUM(create_rq_in, ctx.wq.log_wq_sz, "log_size"),
	NUM(create_rq_in, ctx.wq.log_wq_stride, "log_stride"),
	NUM(create_rq_in, ctx.wq.wq_umem_id, "wq_umem"),
	NUM(create_rq_in, ctx.vsd, "vsd"),
};
static const struct fw_field rq_modify_in[] = {
	NAME(modify_rq_in, rq_state, "from", wq_states),
	NAME(modify_rq_in, ctx.state, "state", wq_states),
};
static const struct fw_field rq_out[] = {
	NAME(query_rq_out, rq_context.state, "state", wq_states),
	NUM(query_rq_out, rq_context.wq.hw_counter, "hw_counter"),
	NUM(query_rq_out, rq_context.wq.sw_counter, "sw_counter"),
};
static const struct fw_field q_counter_in[] = {
	NUM(query_q_counter_in, counter_set_id, "counter"),
	NUM(query_q_counter_in, clear, "clear"),
};
static const struct fw_field tis_in[] = {
	NUM(create_tis_in, ctx.transport_domain, "td"),
	NUM(create_tis_in, ctx.prio, "prio"),
};
static const struct fw_field tir_in[] = {
	NUM(create_tir_in, ctx.transport_domain, "td"),
	NUM(create_tir_in, ctx.indirect_table, "rqt"),
	NAME(create_tir_in, ctx.rx_hash_fn, "hash_fn", hash_fns),
	NUM(create_tir_in, ctx.rx_hash_symmetric, "symmetric"),
	HEX(create_tir_in, ctx.rx_hash_field_selector_outer.selected_fields, "hash_fields"),
};
static const struct fw_field tir_modify_in[] = {
	HEX(modify_tir_in, modify_bitmask, "mask"),
	NUM(modify_tir_in, ctx.indirect_table, "rqt"),
};
static const struct fw_field rqt_in[] = {
	NUM(create_rqt_in, rqt_context.list_q_type, "q_type"),
	NUM(create_rqt_in, rqt_context.rqt_max_size, "max_size"),
	NUM(create_rqt_in, rqt_context.rqt_actual_size, "size"),
};
static const struct fw_field vport_state_in[] = {
	NUM(query_vport_state_in, op_mod, "op_mod"),
};
static const struct fw_field vport_state_out[] = {
	NUM(query_vport_state_out, admin_state, "admin_state"),
	NUM(query_vport_state_out, state, "state"),
};
#define VQ(fld) virtq.virtio_q_context.fld
static const struct fw_field virtq_in[] = {
	NUM(create_virtq_in, VQ(queue_index), "index"),
	NAME(create_virtq_in, VQ(virtio_q_type), "type", vq_types),
	NUM(create_virtq_in, VQ(queue_size), "size"),
	NAME(create_virtq_in, VQ(event_mode), "event_mode", vq_events),
	NUM(create_virtq_in, VQ(event_qpn_or_msix), "event_qp"),
	NUM(create_virtq_in, VQ(pd), "pd"),
	HEX(create_virtq_in, VQ(virtio_q_mkey), "mkey"),
	HEX(create_virtq_in, VQ(desc_addr), "desc"),
	NUM(create_virtq_in, VQ(counter_set_id), "counters"),
	NUM(create_virtq_in, virtq.tisn_or_qpn, "tis"),
	NUM(create_virtq_in, virtq.hw_available_index, "avail_idx"),
	NUM(create_virtq_in, virtq.hw_used_index, "used_idx"),
};
static const struct fw_field virtq_modify_in[] = {
	BITS(create_virtq_in, virtq.modify_field_select, "select", vq_selects),
	NAME(create_virtq_in, virtq.state, "state", vq_states),
	HEX(create_virtq_in, VQ(virtio_q_mkey), "mkey"),
	HEX(create_virtq_in, VQ(desc_addr), "desc"),
	NUM(create_virtq_in, virtq.hw_available_index, "avail_idx"),
	NUM(create_virtq_in, virtq.hw_used_index, "used_idx"),
};
static const struct fw_field virtq_out[] = {
	NAME(query_virtq_out, virtq.state, "state", vq_states),
	NUM(query_virtq_out, virtq.hw_available_index, "avail_idx"),
	NUM(query_virtq_out, virtq.hw_used_index, "used_idx"),
	NUM(query_virtq_out, VQ(error_type), "error_type"),
};

#define OP(op, list_in) { MLX5_CMD_OP_##op, 0, list_in, NULL, COUNT(list_in), 0 }
#define QUERY(op, list_out) { MLX5_CMD_OP_##op, 0, NULL, list_out, 0, COUNT(list_out) }
#define VIRTQ(op, list_in) \
	{ MLX5_CMD_OP_##op, MLX5_GENERAL_OBJ_TYPE_VIRTQ, list_in, NULL, COUNT(list_in), 0 }
static const struct fw_fields table[] = {
	OP(CREATE_MKEY, mkey_in),
	OP(CREATE_CQ, cq_in),
	OP(CREATE_QP, qp_in),
	OP(INIT2RTR_QP, rtr_in),
	QUERY(QUERY_QP, qp_out),
	OP(CREATE_SQ, sq_in),
	OP(MODIFY_SQ, sq_modify_in),
	QUERY(QUERY_SQ, sq_out),
	OP(CREATE_RQ, rq_in),
	OP(MODIFY_RQ, rq_modify_in),
	QUERY(QUERY_RQ, rq_out),
	OP(QUERY_Q_COUNTER, q_counter_in),
	OP(CREATE_TIS, tis_in),
	OP(CREATE_TIR, tir_in),
	OP(MODIFY_TIR, tir_modify_in),
	OP(CREATE_RQT, rqt_in),
	OP(MODIFY_RQT, rqt_in),
	{ MLX5_CMD_OP_QUERY_VPORT_STATE, 0, vport_state_in, vport_state_out,
		COUNT(vport_state_in), COUNT(vport_state_out) },
	VIRTQ(CREATE_GENERAL_OBJECT, virtq_in),
	VIRTQ(MODIFY_GENERAL_OBJECT, virtq_modify_in),
	{ MLX5_CMD_OP_QUERY_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ, NULL, virtq_out,
		0, COUNT(virtq_out) },
};
/* clang-format on */

/* clang-format off */
static const struct {
	uint16_t number;
	const char *name;
} obj_types[] = {
	{ MLX5_GENERAL_OBJ_TYPE_VIRTQ, "VIRTQ" },
	{ MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS, "VIRTIO_Q_COUNTERS" },
}, cap_types[] = {
	{ MLX5_CAP_GENERAL, "GENERAL" },
	{ MLX5_CAP_ETHERNET_OFFLOADS, "ETHERNET_OFFLOADS" },
	{ MLX5_CAP_ODP, "ODP" },
	{ MLX5_CAP_ATOMIC, "ATOMIC" },
	{ MLX5_CAP_ROCE, "ROCE" },
	{ MLX5_CAP_FLOW_TABLE, "FLOW_TABLE" },
	{ MLX5_CAP_ESWITCH_FLOW_TABLE, "ESWITCH_FLOW_TABLE" },
	{ MLX5_CAP_ESWITCH, "ESWITCH" },
	{ MLX5_CAP_QOS, "QOS" },
	{ MLX5_CAP_DEV_MEM, "DEV_MEM" },
	{ MLX5_CAP_VDPA_EMULATION, "VDPA_EMULATION" },
	{ MLX5_CAP_DEV_EVENT, "DEV_EVENT" },
	{ MLX5_CAP_CRYPTO, "CRYPTO" },
	{ MLX5_CAP_GENERAL_2, "GENERAL_2" },
};
/* clang-format on */

const char *
fw_obj_type_name(uint16_t obj_type)
{
	unsigned int i;

	for (i = 0; i < COUNT(obj_types); i++) {
		if (obj_types[i].number == obj_type)
			return obj_types[i].name;
	}
	return NULL;
}

const char *
fw_cap_type_name(uint16_t cap_type)
{
	unsigned int i;

	for (i = 0; i < COUNT(cap_types); i++) {
		if (cap_types[i].number == cap_type)
			return cap_types[i].name;
	}
	return NULL;
}

const struct fw_fields *
fw_fields_find(uint16_t opcode, uint16_t obj_type)
{
	unsigned int i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].opcode == opcode &&
			(table[i].obj_type == 0 || table[i].obj_type == obj_type))
			return &table[i];
	}
	return NULL;
}
