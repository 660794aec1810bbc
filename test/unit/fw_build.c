/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Valid mailboxes, one function each. What they say is what DPDK's vdpa/mlx5 sends to real NICs.
 */
#include <string.h>

#include "fw_rig.h"

#define OPCODE(b, op) DEVX_SET(mbox_in, (b)->in, opcode, MLX5_CMD_OP_##op)
#define SIZES(b, st) \
	((b)->inlen = DEVX_ST_SZ_BYTES(st##_in), (b)->outlen = DEVX_ST_SZ_BYTES(st##_out))
#define UMEM_STEP 0x40000u /* each queue object has its own part of the umem */
#define RQ_AT (5 * UMEM_STEP + UMEM_STEP / 2)

static void
build_query_hca_cap(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, QUERY_HCA_CAP);
	SIZES(b, query_hca_cap);
	DEVX_SET(query_hca_cap_in, b->in, op_mod,
		MLX5_GET_HCA_CAP_OP_MOD_GENERAL_DEVICE | MLX5_HCA_CAP_OPMOD_GET_CUR);
}

static void
build_query_vport_state(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, QUERY_VPORT_STATE);
	SIZES(b, query_vport_state);
}

static void
build_query_nic_vport(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, QUERY_NIC_VPORT_CONTEXT);
	SIZES(b, query_nic_vport_context);
}

static void
build_query_adapter(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, QUERY_ADAPTER);
	SIZES(b, query_adapter);
}

static void
build_query_issi(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, QUERY_ISSI);
	SIZES(b, query_issi);
}

static void
build_nop(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, NOP);
	SIZES(b, nop);
}

static void
build_alloc_pd(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, ALLOC_PD);
	SIZES(b, alloc_pd);
}

static void
build_alloc_td(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, ALLOC_TRANSPORT_DOMAIN);
	SIZES(b, alloc_transport_domain);
}

static void
build_tis(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, CREATE_TIS);
	SIZES(b, create_tis);
	DEVX_SET(create_tis_in, b->in, ctx.transport_domain, r->id[ID_TD]);
}

static void
build_modify_tis(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, MODIFY_TIS);
	SIZES(b, modify_tis);
	DEVX_SET(modify_tis_in, b->in, tisn, r->id[ID_TIS]);
	DEVX_SET(modify_tis_in, b->in, bitmask.prio, 1);
	DEVX_SET(modify_tis_in, b->in, bitmask.lag_tx_port_affinity, 1);
	DEVX_SET(modify_tis_in, b->in, ctx.prio, 4);
	DEVX_SET(modify_tis_in, b->in, ctx.lag_tx_port_affinity, 1);
}

static void
build_query_tis(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, QUERY_TIS);
	SIZES(b, query_tis);
	DEVX_SET(query_tis_in, b->in, tisn, r->id[ID_TIS]);
}

static void
mkey_common(const struct fw_rig *r, struct fw_box *b, unsigned int mode, uint64_t len)
{
	OPCODE(b, CREATE_MKEY);
	SIZES(b, create_mkey);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.access_mode_1_0, mode);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.lr, 1);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.lw, 1);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.relaxed_ordering_write,
		FW_RIG_GEN(r, mkc_order_write_after_write_ro_only));
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.qpn, 0xffffff);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.pd, r->id[ID_PD]);
	DEVX_SET64(create_mkey_in, b->in, memory_key_mkey_entry.len, len);
}

static void
klm_list(const struct fw_rig *r, struct fw_box *b, unsigned int mode, uint32_t bytes)
{
	uint8_t *e = b->in + DEVX_ST_SZ_BYTES(create_mkey_in);
	unsigned int i;

	mkey_common(r, b, mode, (uint64_t)bytes * FW_KLMS);
	DEVX_SET(create_mkey_in, b->in, translations_octword_actual_size, FW_KLMS);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.translations_octword_size, FW_KLMS);
	b->inlen += FW_KLMS * DEVX_ST_SZ_BYTES(klm);
	for (i = 0; i < FW_KLMS; i++, e += DEVX_ST_SZ_BYTES(klm)) {
		DEVX_SET(klm, e, byte_count, bytes);
		DEVX_SET(klm, e, mkey, r->id[ID_MKEY]);
		DEVX_SET64(klm, e, address, (uintptr_t)r->mem + (uint64_t)i * bytes);
	}
}

static void
build_klm(const struct fw_rig *r, struct fw_box *b)
{
	klm_list(r, b, MLX5_MKC_ACCESS_MODE_KLM, 0x3000);
}

static void
build_fbs(const struct fw_rig *r, struct fw_box *b)
{
	klm_list(r, b, MLX5_MKC_ACCESS_MODE_KLM_FBS, 0x10000);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.log_page_size, 16);
}

static void
build_mtt(const struct fw_rig *r, struct fw_box *b)
{
	mkey_common(r, b, MLX5_MKC_ACCESS_MODE_MTT, 0x10000);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.log_page_size, 12);
	DEVX_SET(create_mkey_in, b->in, memory_key_mkey_entry.translations_octword_size, 8);
	DEVX_SET(create_mkey_in, b->in, translations_octword_actual_size, 8);
	DEVX_SET(create_mkey_in, b->in, mkey_umem_id, r->id[ID_UMEM]);
}

static void
build_cq(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, CREATE_CQ);
	SIZES(b, create_cq);
	DEVX_SET(create_cq_in, b->in, cq_context.log_cq_size, 6);
	DEVX_SET(create_cq_in, b->in, cq_context.cc, 1);
	DEVX_SET(create_cq_in, b->in, cq_context.c_eqn, r->eqn);
	DEVX_SET(create_cq_in, b->in, cq_context.uar_page, r->uar->page_id);
	DEVX_SET(create_cq_in, b->in, cq_context.dbr_umem_id, r->id[ID_UMEM]);
	DEVX_SET64(create_cq_in, b->in, cq_context.dbr_addr, 64 << 6);
	DEVX_SET(create_cq_in, b->in, cq_umem_id, r->id[ID_UMEM]);
}

static void
build_modify_cq(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, MODIFY_CQ);
	SIZES(b, modify_cq);
	DEVX_SET(modify_cq_in, b->in, cqn, r->id[ID_CQ]);
	DEVX_SET(modify_cq_in, b->in, modify_field_select_resize_field_select,
		MLX5_CQ_MODIFY_OVERRUN);
	DEVX_SET(modify_cq_in, b->in, cq_context.oi, 1);
}

static void
build_qp_fw(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, CREATE_QP);
	SIZES(b, create_qp);
	DEVX_SET(create_qp_in, b->in, qpc.st, MLX5_QP_ST_RC);
	DEVX_SET(create_qp_in, b->in, qpc.pd, r->id[ID_PD]);
	DEVX_SET(create_qp_in, b->in, qpc.rq_type, MLX5_ZERO_LEN_RQ);
	DEVX_SET(create_qp_in, b->in, qpc.no_sq, 1);
}

static void
build_qp_sw(const struct fw_rig *r, struct fw_box *b)
{
	build_qp_fw(r, b);
	DEVX_SET(create_qp_in, b->in, qpc.rq_type, MLX5_NON_ZERO_RQ);
	DEVX_SET(create_qp_in, b->in, qpc.log_rq_size, 6);
	DEVX_SET(create_qp_in, b->in, qpc.cqn_rcv, r->id[ID_CQ]);
	DEVX_SET(create_qp_in, b->in, qpc.uar_page, r->uar->page_id);
	DEVX_SET(create_qp_in, b->in, qpc.dbr_umem_id, r->id[ID_UMEM]);
	DEVX_SET64(create_qp_in, b->in, qpc.dbr_addr, UMEM_STEP + 0x1000);
	DEVX_SET(create_qp_in, b->in, wq_umem_id, r->id[ID_UMEM]);
	DEVX_SET64(create_qp_in, b->in, wq_umem_offset, UMEM_STEP);
}

/* The queue pair is the caller's to set, as the handle is that it sends this by. */
static void
build_rst2init(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, RST2INIT_QP);
	SIZES(b, rst2init_qp);
	DEVX_SET(rst2init_qp_in, b->in, qpc.primary_address_path.vhca_port_num, 1);
	DEVX_SET(rst2init_qp_in, b->in, qpc.pm_state, MLX5_QP_PM_MIGRATED);
}

static void
build_init2rtr(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, INIT2RTR_QP);
	SIZES(b, init2rtr_qp);
	DEVX_SET(init2rtr_qp_in, b->in, qpc.primary_address_path.vhca_port_num, 1);
	DEVX_SET(init2rtr_qp_in, b->in, qpc.primary_address_path.fl, 1);
	DEVX_SET(init2rtr_qp_in, b->in, qpc.mtu, MLX5_QPC_MTU_256_BYTES);
	DEVX_SET(init2rtr_qp_in, b->in, qpc.log_msg_max, 30);
	DEVX_SET(init2rtr_qp_in, b->in, qpc.remote_qpn, r->id[ID_QP_SW]);
}

static void
build_rtr2rts(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, RTR2RTS_QP);
	SIZES(b, rtr2rts_qp);
}

static void
build_sqerr2rts(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, SQERR2RTS_QP);
	SIZES(b, sqerr2rts_qp);
}

static void
build_2rst(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, QP_2RST);
	SIZES(b, 2rst_qp);
}

static void
general(struct fw_box *b, uint16_t opcode, uint16_t type)
{
	DEVX_SET(general_obj_in_cmd_hdr, b->in, opcode, opcode);
	DEVX_SET(general_obj_in_cmd_hdr, b->in, obj_type, type);
	b->inlen = DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr);
	b->outlen = DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr);
}

static void
build_counters(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	general(b, MLX5_CMD_OP_CREATE_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS);
	b->inlen = DEVX_ST_SZ_BYTES(create_virtio_q_counters_in);
}

static void
build_query_counters(const struct fw_rig *r, struct fw_box *b)
{
	general(b, MLX5_CMD_OP_QUERY_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS);
	DEVX_SET(general_obj_in_cmd_hdr, b->in, obj_id, r->id[ID_COUNTERS]);
	b->outlen = DEVX_ST_SZ_BYTES(query_virtio_q_counters_out);
}

#define VQ(b, fld, v) DEVX_SET(create_virtq_in, (b)->in, virtq.fld, v)
#define VQ64(b, fld, v) DEVX_SET64(create_virtq_in, (b)->in, virtq.fld, v)
#define VQ_UMEM(n, off) \
	do { \
		VQ(b, virtio_q_context.umem_##n##_id, r->id[ID_UMEM]); \
		VQ64(b, virtio_q_context.umem_##n##_offset, off); \
		VQ(b, virtio_q_context.umem_##n##_size, \
			FW_RIG_VDPA(r, umem_##n##_buffer_param_a) * FW_RING_SIZE + \
				FW_RIG_VDPA(r, umem_##n##_buffer_param_b)); \
	} while (0)

static void
build_vq(const struct fw_rig *r, struct fw_box *b)
{
	general(b, MLX5_CMD_OP_CREATE_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ);
	b->inlen = DEVX_ST_SZ_BYTES(create_virtq_in);
	VQ(b, virtio_q_context.virtio_q_type, MLX5_VIRTQ_TYPE_SPLIT);
	VQ(b, virtio_q_context.event_mode, MLX5_VIRTQ_EVENT_MODE_QP);
	VQ(b, virtio_q_context.event_qpn_or_msix, r->id[ID_QP_FW2]);
	VQ(b, virtio_q_context.queue_index, 8);
	VQ(b, virtio_q_context.virtio_version_1_0, FW_RIG_VDPA(r, virtio_version_1_0));
	VQ(b, virtio_q_context.queue_size, FW_RING_SIZE);
	VQ64(b, virtio_q_context.desc_addr, (uintptr_t)r->mem);
	VQ64(b, virtio_q_context.available_addr, (uintptr_t)r->mem + 0x1000);
	VQ64(b, virtio_q_context.used_addr, (uintptr_t)r->mem + 0x2000);
	VQ(b, virtio_q_context.virtio_q_mkey, r->id[ID_MKEY]);
	VQ(b, virtio_q_context.counter_set_id, r->id[ID_COUNTERS]);
	VQ(b, virtio_q_context.pd, r->id[ID_PD]);
	VQ_UMEM(1, 2 * UMEM_STEP);
	VQ_UMEM(2, 3 * UMEM_STEP);
	VQ_UMEM(3, 4 * UMEM_STEP);
}

static void
build_vq_tx(const struct fw_rig *r, struct fw_box *b)
{
	build_vq(r, b);
	VQ(b, virtio_q_context.queue_index, 9);
	VQ(b, tisn_or_qpn, r->id[ID_TIS]);
}

static void
build_modify_vq(const struct fw_rig *r, struct fw_box *b)
{
	build_vq(r, b);
	DEVX_SET(general_obj_in_cmd_hdr, b->in, opcode, MLX5_CMD_OP_MODIFY_GENERAL_OBJECT);
	VQ64(b, modify_field_select, (uint64_t)MLX5_VIRTQ_MODIFY_TYPE_STATE);
	VQ(b, state, MLX5_VIRTQ_STATE_RDY);
}

static void
build_query_vq(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	general(b, MLX5_CMD_OP_QUERY_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ);
	b->outlen = DEVX_ST_SZ_BYTES(query_virtq_out);
}

static void
build_rqt(const struct fw_rig *r, struct fw_box *b)
{
	uint8_t *e = b->in + DEVX_ST_SZ_BYTES(create_rqt_in);
	unsigned int i;

	OPCODE(b, CREATE_RQT);
	SIZES(b, create_rqt);
	DEVX_SET(create_rqt_in, b->in, rqt_context.list_q_type, MLX5_INLINE_Q_TYPE_VIRTQ);
	DEVX_SET(create_rqt_in, b->in, rqt_context.rqt_max_size, FW_RQT_SIZE);
	DEVX_SET(create_rqt_in, b->in, rqt_context.rqt_actual_size, FW_RQT_SIZE);
	b->inlen += FW_RQT_SIZE * DEVX_ST_SZ_BYTES(rq_num);
	for (i = 0; i < FW_RQT_SIZE; i++)
		DEVX_SET(rq_num, e + i * DEVX_ST_SZ_BYTES(rq_num), rq_num, r->id[ID_VQ_RX]);
}

static void
build_modify_rqt(const struct fw_rig *r, struct fw_box *b)
{
	uint8_t *e = b->in + DEVX_ST_SZ_BYTES(modify_rqt_in);

	OPCODE(b, MODIFY_RQT);
	SIZES(b, modify_rqt);
	DEVX_SET(modify_rqt_in, b->in, rqtn, r->id[ID_RQT]);
	DEVX_SET64(modify_rqt_in, b->in, modify_bitmask, 1);
	DEVX_SET(modify_rqt_in, b->in, rqt_context.list_q_type, MLX5_INLINE_Q_TYPE_VIRTQ);
	DEVX_SET(modify_rqt_in, b->in, rqt_context.rqt_actual_size, 1);
	DEVX_SET(rq_num, e, rq_num, r->id[ID_VQ_RX]);
	b->inlen += DEVX_ST_SZ_BYTES(rq_num);
}

static void
build_query_rqt(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, QUERY_RQT);
	SIZES(b, query_rqt);
	DEVX_SET(query_rqt_in, b->in, rqtn, r->id[ID_RQT]);
	b->outlen += FW_RQT_SIZE * DEVX_ST_SZ_BYTES(rq_num);
}

static void
build_tir(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, CREATE_TIR);
	SIZES(b, create_tir);
	DEVX_SET(create_tir_in, b->in, ctx.disp_type, MLX5_TIRC_DISP_TYPE_INDIRECT);
	DEVX_SET(create_tir_in, b->in, ctx.rx_hash_fn, MLX5_RX_HASH_FN_TOEPLITZ);
	DEVX_SET(create_tir_in, b->in, ctx.indirect_table, r->id[ID_RQT]);
	DEVX_SET(create_tir_in, b->in, ctx.transport_domain, r->id[ID_TD]);
}

static void
build_modify_tir(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, MODIFY_TIR);
	SIZES(b, modify_tir);
	DEVX_SET(modify_tir_in, b->in, tirn, r->id[ID_TIR]);
	DEVX_SET64(modify_tir_in, b->in, modify_bitmask,
		MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_INDIRECT_TABLE);
	DEVX_SET(modify_tir_in, b->in, ctx.indirect_table, r->id[ID_RQT]);
}

static void
build_sq(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, CREATE_SQ);
	SIZES(b, create_sq);
	DEVX_SET(create_sq_in, b->in, ctx.flush_in_error_en, 1);
	DEVX_SET(create_sq_in, b->in, ctx.min_wqe_inline_mode, 1);
	DEVX_SET(create_sq_in, b->in, ctx.state, MLX5_SQC_STATE_RST);
	DEVX_SET(create_sq_in, b->in, ctx.cqn, r->id[ID_CQ]);
	DEVX_SET(create_sq_in, b->in, ctx.tis_lst_sz, 1);
	DEVX_SET(create_sq_in, b->in, ctx.tis_num_0, r->id[ID_TIS]);
	DEVX_SET(create_sq_in, b->in, ctx.wq.wq_type, MLX5_WQ_TYPE_CYCLIC);
	DEVX_SET(create_sq_in, b->in, ctx.wq.pd, r->id[ID_PD]);
	DEVX_SET(create_sq_in, b->in, ctx.wq.uar_page, r->uar->page_id);
	DEVX_SET(create_sq_in, b->in, ctx.wq.log_wq_stride, 6);
	DEVX_SET(create_sq_in, b->in, ctx.wq.log_wq_sz, 6);
	DEVX_SET(create_sq_in, b->in, ctx.wq.dbr_umem_id, r->id[ID_UMEM]);
	DEVX_SET64(create_sq_in, b->in, ctx.wq.dbr_addr, 5 * UMEM_STEP + 0x1000);
	DEVX_SET(create_sq_in, b->in, ctx.wq.wq_umem_id, r->id[ID_UMEM]);
	DEVX_SET64(create_sq_in, b->in, ctx.wq.wq_umem_offset, 5 * UMEM_STEP);
}

static void
build_modify_sq(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, MODIFY_SQ);
	SIZES(b, modify_sq);
	DEVX_SET(modify_sq_in, b->in, sqn, r->id[ID_SQ_RDY]);
	DEVX_SET(modify_sq_in, b->in, sq_state, MLX5_SQC_STATE_RDY);
	DEVX_SET(modify_sq_in, b->in, ctx.state, MLX5_SQC_STATE_RDY);
}

static void
build_query_sq(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, QUERY_SQ);
	SIZES(b, query_sq);
	DEVX_SET(query_sq_in, b->in, sqn, r->id[ID_SQ]);
}

static void
build_rq(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, CREATE_RQ);
	SIZES(b, create_rq);
	DEVX_SET(create_rq_in, b->in, ctx.flush_in_error_en, 1);
	DEVX_SET(create_rq_in, b->in, ctx.vsd, 1);
	DEVX_SET(create_rq_in, b->in, ctx.state, MLX5_RQC_STATE_RST);
	DEVX_SET(create_rq_in, b->in, ctx.cqn, r->id[ID_CQ]);
	DEVX_SET(create_rq_in, b->in, ctx.counter_set_id, r->id[ID_Q_COUNTER]);
	DEVX_SET(create_rq_in, b->in, ctx.wq.wq_type, MLX5_WQ_TYPE_CYCLIC);
	DEVX_SET(create_rq_in, b->in, ctx.wq.pd, r->id[ID_PD]);
	DEVX_SET(create_rq_in, b->in, ctx.wq.log_wq_stride, 5);
	DEVX_SET(create_rq_in, b->in, ctx.wq.log_wq_sz, 6);
	DEVX_SET(create_rq_in, b->in, ctx.wq.dbr_umem_id, r->id[ID_UMEM]);
	DEVX_SET64(create_rq_in, b->in, ctx.wq.dbr_addr, RQ_AT + 0x1000);
	DEVX_SET(create_rq_in, b->in, ctx.wq.wq_umem_id, r->id[ID_UMEM]);
	DEVX_SET64(create_rq_in, b->in, ctx.wq.wq_umem_offset, RQ_AT);
}

static void
build_modify_rq(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, MODIFY_RQ);
	SIZES(b, modify_rq);
	DEVX_SET(modify_rq_in, b->in, rqn, r->id[ID_RQ_RDY]);
	DEVX_SET(modify_rq_in, b->in, rq_state, MLX5_RQC_STATE_RDY);
	DEVX_SET(modify_rq_in, b->in, ctx.state, MLX5_RQC_STATE_RDY);
}

static void
build_query_rq(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, QUERY_RQ);
	SIZES(b, query_rq);
	DEVX_SET(query_rq_in, b->in, rqn, r->id[ID_RQ]);
}

static void
build_alloc_q_counter(const struct fw_rig *r, struct fw_box *b)
{
	(void)r;
	OPCODE(b, ALLOC_Q_COUNTER);
	SIZES(b, alloc_q_counter);
}

static void
build_query_q_counter(const struct fw_rig *r, struct fw_box *b)
{
	OPCODE(b, QUERY_Q_COUNTER);
	SIZES(b, query_q_counter);
	DEVX_SET(query_q_counter_in, b->in, counter_set_id, r->id[ID_Q_COUNTER]);
}

static void
build_rqt_rq(const struct fw_rig *r, struct fw_box *b)
{
	uint8_t *e = b->in + DEVX_ST_SZ_BYTES(create_rqt_in);
	unsigned int i;

	build_rqt(r, b);
	DEVX_SET(create_rqt_in, b->in, rqt_context.list_q_type, MLX5_INLINE_Q_TYPE_RQ);
	for (i = 0; i < FW_RQT_SIZE; i++)
		DEVX_SET(rq_num, e + i * DEVX_ST_SZ_BYTES(rq_num), rq_num, r->id[ID_RQ]);
}

static void
build_tir_rq(const struct fw_rig *r, struct fw_box *b)
{
	build_tir(r, b);
	DEVX_SET(create_tir_in, b->in, ctx.disp_type, MLX5_TIRC_DISP_TYPE_DIRECT);
	DEVX_SET(create_tir_in, b->in, ctx.rx_hash_fn, MLX5_RX_HASH_FN_NONE);
	DEVX_SET(create_tir_in, b->in, ctx.indirect_table, 0);
	DEVX_SET(create_tir_in, b->in, ctx.inline_rqn, r->id[ID_RQ]);
}

void
fw_build(const struct fw_rig *r, enum fw_cmd_id cmd, struct fw_box *b)
{
	static void (*const build[C_END])(const struct fw_rig *r, struct fw_box *b) = {
		[C_QUERY_HCA_CAP] = build_query_hca_cap,
		[C_QUERY_VPORT_STATE] = build_query_vport_state,
		[C_QUERY_NIC_VPORT] = build_query_nic_vport,
		[C_QUERY_ADAPTER] = build_query_adapter,
		[C_QUERY_ISSI] = build_query_issi,
		[C_NOP] = build_nop,
		[C_ALLOC_PD] = build_alloc_pd,
		[C_ALLOC_TD] = build_alloc_td,
		[C_CREATE_TIS] = build_tis,
		[C_MODIFY_TIS] = build_modify_tis,
		[C_QUERY_TIS] = build_query_tis,
		[C_CREATE_KLM] = build_klm,
		[C_CREATE_FBS] = build_fbs,
		[C_CREATE_MTT] = build_mtt,
		[C_CREATE_CQ] = build_cq,
		[C_MODIFY_CQ] = build_modify_cq,
		[C_CREATE_QP_SW] = build_qp_sw,
		[C_CREATE_QP_FW] = build_qp_fw,
		[C_RST2INIT] = build_rst2init,
		[C_INIT2RTR] = build_init2rtr,
		[C_RTR2RTS] = build_rtr2rts,
		[C_SQERR2RTS] = build_sqerr2rts,
		[C_2RST] = build_2rst,
		[C_CREATE_COUNTERS] = build_counters,
		[C_QUERY_COUNTERS] = build_query_counters,
		[C_CREATE_VQ] = build_vq,
		[C_CREATE_VQ_TX] = build_vq_tx,
		[C_MODIFY_VQ] = build_modify_vq,
		[C_QUERY_VQ] = build_query_vq,
		[C_CREATE_RQT] = build_rqt,
		[C_MODIFY_RQT] = build_modify_rqt,
		[C_QUERY_RQT] = build_query_rqt,
		[C_CREATE_TIR] = build_tir,
		[C_MODIFY_TIR] = build_modify_tir,
		[C_CREATE_SQ] = build_sq,
		[C_MODIFY_SQ] = build_modify_sq,
		[C_QUERY_SQ] = build_query_sq,
		[C_CREATE_RQ] = build_rq,
		[C_MODIFY_RQ] = build_modify_rq,
		[C_QUERY_RQ] = build_query_rq,
		[C_ALLOC_Q_COUNTER] = build_alloc_q_counter,
		[C_QUERY_Q_COUNTER] = build_query_q_counter,
		[C_CREATE_RQT_RQ] = build_rqt_rq,
		[C_CREATE_TIR_RQ] = build_tir_rq,
	};

	memset(b, 0, sizeof(*b));
	build[cmd](r, b);
}
