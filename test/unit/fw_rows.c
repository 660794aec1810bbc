/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "fw_rows.h"

/* clang-format off */
#define OFF(st, fld) offsetof(struct mlx5_ifc_##st##_bits, fld)
#define SZ(st, fld) sizeof(((struct mlx5_ifc_##st##_bits *)NULL)->fld)

/* a field of the mailbox gets a value, the number of an object, or that and something */
#define F(st, fld, v) { OFF(st, fld), SZ(st, fld), ID_NONE, v }
#define O(st, fld, obj) { OFF(st, fld), SZ(st, fld), obj, 0 }
/* n-th field of a list behind the mailbox */
#define KLM(n, fld, v) \
	{ sizeof(struct mlx5_ifc_create_mkey_in_bits) + \
			(n) * sizeof(struct mlx5_ifc_klm_bits) + OFF(klm, fld), \
		SZ(klm, fld), ID_NONE, v }
#define RQ(st, n, v, obj) \
	{ sizeof(struct mlx5_ifc_##st##_bits) + (n) * sizeof(struct mlx5_ifc_rq_num_bits) + \
			OFF(rq_num, rq_num), \
		SZ(rq_num, rq_num), obj, v }

#define IF_GEN(fld) { 1, false, OFF(cmd_hca_cap, fld), SZ(cmd_hca_cap, fld) }
#define NO_GEN(fld) { 1, true, OFF(cmd_hca_cap, fld), SZ(cmd_hca_cap, fld) }
/* a limit that is even, and so below the largest value of a field of all ones */
#define EVEN_GEN(fld) { 1, true, OFF(cmd_hca_cap, fld) + SZ(cmd_hca_cap, fld) - 1, 1 }
#define IF_ETH(fld, n) \
	{ 3, false, OFF(per_protocol_networking_offload_caps, fld) + \
		SZ(per_protocol_networking_offload_caps, fld) - 1 - (n), 1 }
#define NO_ETH(fld) \
	{ 3, true, OFF(per_protocol_networking_offload_caps, fld), \
		SZ(per_protocol_networking_offload_caps, fld) }
#define IF_VDPA(fld) { 2, false, OFF(virtio_emulation_cap, fld), SZ(virtio_emulation_cap, fld) }
#define NO_VDPA(fld) { 2, true, OFF(virtio_emulation_cap, fld), SZ(virtio_emulation_cap, fld) }
/* one bit of a set, and one of the general object types */
#define NO_BIT(fld, n) \
	{ 2, true, OFF(virtio_emulation_cap, fld) + SZ(virtio_emulation_cap, fld) - 1 - (n), 1 }
#define IF_BIT(fld, n) \
	{ 2, false, OFF(virtio_emulation_cap, fld) + SZ(virtio_emulation_cap, fld) - 1 - (n), 1 }
#define OBJ_BIT(n) (OFF(cmd_hca_cap, general_obj_types) + 63 - (n))
#define IF_OBJ(n) { 1, false, OBJ_BIT(n), 1 }
#define NO_OBJ(n) { 1, true, OBJ_BIT(n), 1 }

#define MKC(fld, v) F(create_mkey_in, memory_key_mkey_entry.fld, v)
#define CQC(fld, v) F(create_cq_in, cq_context.fld, v)
#define QPC(fld, v) F(create_qp_in, qpc.fld, v)
#define SQC(fld, v) F(create_sq_in, ctx.fld, v)
#define WQ(fld, v) SQC(wq.fld, v)
#define RQC(fld, v) F(create_rq_in, ctx.fld, v)
#define RQ_GO(from, to) F(modify_rq_in, rq_state, MLX5_RQC_STATE_##from), F(modify_rq_in, ctx.state, MLX5_RQC_STATE_##to)
#define RQ_SELECT(bit) F(modify_rq_in, modify_bitmask, MLX5_MODIFY_RQ_IN_MODIFY_BITMASK_##bit)
#define SQ_GO(from, to) F(modify_sq_in, sq_state, MLX5_SQC_STATE_##from), F(modify_sq_in, ctx.state, MLX5_SQC_STATE_##to)
#define VQ(fld, v) F(create_virtq_in, virtq.fld, v)
#define VQC(fld, v) F(create_virtq_in, virtq.virtio_q_context.fld, v)
#define VQCO(fld, obj) O(create_virtq_in, virtq.virtio_q_context.fld, obj)
#define SELECT(bits) VQ(modify_field_select, (uint64_t)(bits))

#define SEL(x) MLX5_VIRTQ_MODIFY_TYPE_##x
#define PACKED MLX5_VIRTQ_TYPE_PACKED
#define NONE 0xdead /* number of nothing */
#define CREATE_RMP 0x90c /* a command that the kernel passes on, and this NIC does not have */

const struct fw_row fw_rows[] = {
	/* any command */
	{ R_OPCODE, C_ALLOC_PD, 0, { F(mbox_in, opcode, CREATE_RMP) } },
	{ R_OP_MOD, C_ALLOC_PD, 0, { F(mbox_in, op_mod, 1) } },
	{ R_OP_MOD, C_QUERY_VPORT_STATE, 0, { F(mbox_in, op_mod, 7) } },
	{ R_IN_LEN, C_CREATE_CQ, 0, { { 0 } }, .inlen = -8 },
	{ R_IN_LEN, C_CREATE_VQ, 0, { { 0 } }, .inlen = -8 },
	{ R_IN_LEN, C_MODIFY_VQ, ID_VQ_RX, { { 0 } }, .inlen = -8 },
	{ R_OUT_LEN, C_QUERY_HCA_CAP, 0, { { 0 } }, .outlen = -8 },
	{ R_OUT_LEN, C_QUERY_VQ, ID_VQ_RX, { { 0 } }, .outlen = -8 },
	{ R_OUT_LEN, C_QUERY_RQT, ID_RQT, { { 0 } }, .outlen = -8 },
	{ R_OBJ_TYPE, C_CREATE_VQ, 0, { F(general_obj_in_cmd_hdr, obj_type, 0x1f) } },
	{ R_OBJ_TYPE, C_CREATE_COUNTERS, 0, { { 0 } }, NO_OBJ(MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS) },
	{ R_OBJ_RANGE, C_CREATE_VQ, 0, { F(general_obj_in_cmd_hdr, log_obj_range, 1) } },
	{ R_OBJ_MODIFY, C_MODIFY_VQ, ID_COUNTERS, { F(general_obj_in_cmd_hdr, obj_type, MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS) } },
	{ R_RESERVED, C_ALLOC_PD, 0, { F(alloc_pd_in, reserved_at_40, 1) } },
	{ R_RESERVED, C_NOP, 0, { F(nop_in, reserved_at_40, 1) } },
	{ R_RESERVED, C_QUERY_HCA_CAP, 0, { F(query_hca_cap_in, reserved_at_60, 1) } },
	{ R_RESERVED, C_CREATE_TIS, 0, { F(create_tis_in, ctx.reserved_at_8, 1) } },
	{ R_RESERVED, C_MODIFY_TIS, ID_TIS, { F(modify_tis_in, reserved_at_60, 1) } },
	{ R_RESERVED, C_CREATE_KLM, 0, { MKC(reserved_at_40, 1) } },
	{ R_RESERVED, C_CREATE_CQ, 0, { CQC(reserved_at_60, 1) } },
	{ R_RESERVED, C_MODIFY_CQ, ID_CQ, { F(modify_cq_in, cq_context.reserved_at_c0, 1) } },
	{ R_RESERVED, C_CREATE_QP_SW, 0, { QPC(reserved_at_a0, 1) } },
	{ R_RESERVED, C_RST2INIT, ID_QP_RST, { F(rst2init_qp_in, qpc.primary_address_path.reserved_at_100, 1) } },
	{ R_RESERVED, C_CREATE_COUNTERS, 0, { F(create_virtio_q_counters_in, virtio_q_counters.reserved_at_40, 1) }, IF_OBJ(MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS) },
	{ R_RESERVED, C_CREATE_VQ, 0, { VQC(reserved_at_340, 1) } },
	{ R_RESERVED, C_MODIFY_VQ, ID_VQ_RX, { VQ(reserved_at_70, 1) } },
	{ R_RESERVED, C_CREATE_RQT, 0, { F(create_rqt_in, rqt_context.reserved_at_a8, 1) } },
	{ R_RESERVED, C_MODIFY_TIR, ID_TIR, { F(modify_tir_in, ctx.reserved_at_124, 1) } },
	{ R_TOO_MANY, C_CREATE_RQT, ID_NONE, { { 0 } }, NO_GEN(log_max_rqt) },

	/* capabilities, vport */
	{ R_CAP_TYPE, C_QUERY_HCA_CAP, 0, { F(mbox_in, op_mod, 0x1f << 1 | 1) } },
	{ R_CAP_TYPE, C_QUERY_HCA_CAP, 0, { F(mbox_in, op_mod, MLX5_CAP_ROCE << 1) } },
	{ R_CAP_TYPE, C_QUERY_HCA_CAP, 0, { F(mbox_in, op_mod, 0x7fff << 1) } },
	{ R_CAP_OTHER, C_QUERY_HCA_CAP, 0, { F(query_hca_cap_in, other_function, 1) } },
	{ R_VPORT_OTHER, C_QUERY_NIC_VPORT, 0, { F(query_nic_vport_context_in, other_vport, 1) } },
	{ R_VPORT_OTHER, C_QUERY_VPORT_STATE, 0, { F(query_vport_state_in, other_vport, 1) } },
	{ R_VPORT_LIST, C_QUERY_NIC_VPORT, 0, { F(query_nic_vport_context_in, allowed_list_type, 3) } },

	/* memory keys */
	{ R_MKEY_MODE, C_CREATE_KLM, 0, { MKC(access_mode_1_0, MLX5_MKC_ACCESS_MODE_PA) } },
	{ R_MKEY_MODE, C_CREATE_KLM, 0, { MKC(access_mode_4_2, 1) } },
	{ R_MKEY_PD, C_CREATE_KLM, 0, { MKC(pd, NONE) } },
	{ R_MKEY_QPN, C_CREATE_KLM, 0, { MKC(qpn, 5) } },
	{ R_MKEY_FREE, C_CREATE_KLM, 0, { MKC(free, 1) } },
	{ R_MKEY_BSF, C_CREATE_KLM, 0, { MKC(bsf_en, 1) } },
	{ R_MKEY_BSF, C_CREATE_KLM, 0, { MKC(crypto_en, 1) } },
	{ R_MKEY_RO_WRITE, C_CREATE_KLM, 0, { MKC(relaxed_ordering_write, 1) }, NO_GEN(relaxed_ordering_write) },
	{ R_MKEY_RO_READ, C_CREATE_KLM, 0, { MKC(relaxed_ordering_read, 1) }, NO_GEN(relaxed_ordering_read) },
	{ R_MKEY_RO_ONLY, C_CREATE_KLM, 0, { MKC(relaxed_ordering_write, 0) }, IF_GEN(mkc_order_write_after_write_ro_only) },
	{ R_MKEY_WRAP, C_CREATE_KLM, 0, { MKC(start_addr, UINT64_MAX - 0x1000) } },
	{ R_MKEY_EMPTY, C_CREATE_KLM, 0, { MKC(len, 0) } },
	{ R_MKEY_OCTWORDS, C_CREATE_KLM, 0, { MKC(translations_octword_size, 0) } },
	{ R_MKEY_OCTWORDS, C_CREATE_KLM, 0, { MKC(translations_octword_size, 6) } },
	{ R_MKEY_OCTWORDS, C_CREATE_KLM, 0, { F(create_mkey_in, translations_octword_actual_size, 8) } },
	{ R_MKEY_OCTWORDS, C_CREATE_KLM, 0, { F(create_mkey_in, translations_octword_actual_size, 0) } },
	{ R_MKEY_LIST_MAX, C_CREATE_KLM, 0, { MKC(translations_octword_size, 1 << 24) } },
	{ R_MKEY_LIST_LEN, C_CREATE_KLM, 0, { { 0 } }, .inlen = -16 },
	{ R_MKEY_FBS, C_CREATE_FBS, 0, { { 0 } }, NO_GEN(fixed_buffer_size) },
	{ R_MKEY_ENTITY, C_CREATE_FBS, 0, { MKC(log_page_size, 11) }, IF_GEN(fixed_buffer_size) },
	{ R_MKEY_KLM_PAGE, C_CREATE_KLM, 0, { MKC(log_page_size, 12) } },
	{ R_MKEY_KLM_BYTES, C_CREATE_KLM, 0, { KLM(1, byte_count, 0x80000001) } },
	{ R_MKEY_COVER, C_CREATE_KLM, 0, { KLM(3, byte_count, 0x2fff) } },
	{ R_MKEY_COVER, C_CREATE_FBS, 0, { MKC(len, 0x40001) }, IF_GEN(fixed_buffer_size) },
	{ R_MKEY_UMEM, C_CREATE_MTT, 0, { F(create_mkey_in, mkey_umem_id, NONE) } },
	{ R_MKEY_UMEM_RANGE, C_CREATE_MTT, 0, { O(create_mkey_in, mkey_umem_id, ID_UMEM_SMALL) } },
	{ R_MKEY_UMEM_RANGE, C_CREATE_MTT, 0, { F(create_mkey_in, mkey_umem_offset, UINT64_MAX - 8) } },
	{ R_MKEY_UMEM_WRITE, C_CREATE_MTT, 0, { O(create_mkey_in, mkey_umem_id, ID_UMEM_RO) } },

	/* completion queues */
	{ R_CQ_UMEM, C_CREATE_CQ, 0, { F(create_cq_in, cq_umem_id, NONE) } },
	{ R_CQ_UMEM_RANGE, C_CREATE_CQ, 0, { F(create_cq_in, cq_umem_offset, FW_MEM_BYTES - 64) } },
	{ R_CQ_UMEM_RANGE, C_CREATE_CQ, 0, { F(create_cq_in, cq_umem_offset, 8) } },
	{ R_CQ_UMEM_RANGE, C_CREATE_CQ, 0, { CQC(cqe_sz, MLX5_CQE_SIZE_128B), F(create_cq_in, cq_umem_offset, 64) } },
	{ R_CQ_UMEM_RANGE, C_CREATE_CQ, 0, { F(create_cq_in, cq_umem_offset, UINT64_MAX - 63) } },
	{ R_CQ_UMEM_WRITE, C_CREATE_CQ, 0, { O(create_cq_in, cq_umem_id, ID_UMEM_RO) } },
	{ R_CQ_DBR, C_CREATE_CQ, 0, { CQC(dbr_umem_id, NONE) } },
	{ R_CQ_DBR_RANGE, C_CREATE_CQ, 0, { CQC(dbr_addr, FW_MEM_BYTES) } },
	{ R_CQ_DBR_RANGE, C_CREATE_CQ, 0, { CQC(dbr_addr, 4) } },
	{ R_CQ_SIZE, C_CREATE_CQ, 0, { CQC(log_cq_size, 23) } },
	{ R_CQ_CQE_SIZE, C_CREATE_CQ, 0, { CQC(cqe_sz, 2) } },
	{ R_CQ_COMPRESS, C_CREATE_CQ, 0, { CQC(cqe_comp_en, 1) }, NO_GEN(cqe_compression) },
	{ R_CQ_COMPRESS_128, C_CREATE_CQ, 0, { CQC(cqe_comp_en, 1), CQC(cqe_sz, MLX5_CQE_SIZE_128B) } },
	{ R_CQ_COMPRESS_FORMAT, C_CREATE_CQ, 0, { CQC(cqe_comp_en, 1), CQC(mini_cqe_res_format, 3) } },
	{ R_CQ_COMPRESS_FORMAT, C_CREATE_CQ, 0, { CQC(cqe_comp_en, 1), CQC(mini_cqe_res_format_ext, 1) } },
	{ R_CQ_COMPRESS_FORMAT, C_CREATE_CQ, 0, { CQC(cqe_comp_en, 1), CQC(cqe_comp_layout, 1) } },
	{ R_CQ_OI, C_CREATE_CQ, 0, { CQC(oi, 1) }, NO_GEN(cq_oi) },
	{ R_CQ_MODERATION, C_CREATE_CQ, 0, { CQC(cq_period, 1) } },
	{ R_CQ_MODERATION, C_CREATE_CQ, 0, { CQC(cq_max_count, 1) } },
	{ R_CQ_SELECT, C_MODIFY_CQ, ID_CQ, { F(modify_cq_in, modify_field_select_resize_field_select, 0) } },
	{ R_CQ_SELECT, C_MODIFY_CQ, ID_CQ, { F(modify_cq_in, modify_field_select_resize_field_select, 8) } },
	{ R_CQ_MODERATION, C_MODIFY_CQ, ID_CQ, { F(modify_cq_in, modify_field_select_resize_field_select, MLX5_CQ_MODIFY_PERIOD) } },
	{ R_CQ_MODERATION, C_MODIFY_CQ, ID_CQ, { F(modify_cq_in, modify_field_select_resize_field_select, MLX5_CQ_MODIFY_PERIOD_MODE) } },
	{ R_CQ_OI, C_MODIFY_CQ, ID_CQ, { { 0 } }, NO_GEN(cq_oi) },
	{ R_OP_MOD, C_MODIFY_CQ, ID_CQ, { F(modify_cq_in, op_mod, 1) } },
	{ R_CQ_PERIOD_MODE, C_CREATE_CQ, 0, { CQC(cq_period_mode, 1) } },
	{ R_CQ_EQN, C_CREATE_CQ, 0, { CQC(c_eqn, 0xff) } },
	{ R_CQ_UAR, C_CREATE_CQ, 0, { CQC(uar_page, NONE) } },

	/* queue pairs */
	{ R_QP_TYPE, C_CREATE_QP_FW, 0, { QPC(st, 2) } },
	{ R_QP_EXT, C_CREATE_QP_FW, 0, { F(create_qp_in, qpc_ext, 1) } },
	{ R_QP_EXT, C_CREATE_QP_FW, 0, { F(create_qp_in, input_qpn, 5) } },
	{ R_QP_EXT, C_CREATE_QP_FW, 0, { F(create_qp_in, ece, 1) } },
	{ R_QP_CROSS, C_CREATE_QP_FW, 0, { QPC(cd_master, 1) } },
	{ R_QP_CROSS, C_CREATE_QP_SW, 0, { QPC(cd_slave_receive, 1) } },
	{ R_QP_PD, C_CREATE_QP_FW, 0, { QPC(pd, NONE) } },
	{ R_QP_SQ, C_CREATE_QP_FW, 0, { QPC(no_sq, 0) } },
	{ R_QP_RQ_TYPE, C_CREATE_QP_SW, 0, { QPC(rq_type, MLX5_SRQ_RQ) } },
	{ R_QP_CQ, C_CREATE_QP_SW, 0, { QPC(cqn_rcv, NONE) } },
	{ R_QP_RQ_SIZE, C_CREATE_QP_SW, 0, { QPC(log_rq_size, 15) }, EVEN_GEN(log_max_qp_sz) },
	{ R_QP_UMEM, C_CREATE_QP_SW, 0, { F(create_qp_in, wq_umem_id, NONE) } },
	{ R_QP_UMEM_RANGE, C_CREATE_QP_SW, 0, { F(create_qp_in, wq_umem_offset, FW_MEM_BYTES - 64) } },
	{ R_QP_UMEM_RANGE, C_CREATE_QP_SW, 0, { F(create_qp_in, wq_umem_offset, 8) } },
	{ R_QP_DBR, C_CREATE_QP_SW, 0, { QPC(dbr_umem_id, NONE) } },
	{ R_QP_DBR_RANGE, C_CREATE_QP_SW, 0, { QPC(dbr_addr, FW_MEM_BYTES - 4) } },
	{ R_QP_UAR, C_CREATE_QP_SW, 0, { QPC(uar_page, NONE) } },
	{ R_QP_STATE, C_INIT2RTR, ID_QP_RST, { { 0 } } },
	{ R_QP_STATE, C_RTR2RTS, ID_QP_RST, { { 0 } } },
	{ R_QP_STATE, C_RST2INIT, ID_QP_FW, { { 0 } } },
	{ R_QP_STATE, C_INIT2RTR, ID_QP_FW, { { 0 } } },
	{ R_QP_STATE, C_SQERR2RTS, ID_QP_RST, { { 0 } } },
	{ R_QP_PORT, C_RST2INIT, ID_QP_RST, { F(rst2init_qp_in, qpc.primary_address_path.vhca_port_num, 2) } },

	{ R_QP_PORT, C_INIT2RTR, ID_QP_INIT, { F(init2rtr_qp_in, qpc.primary_address_path.vhca_port_num, 0) } },
	{ R_QP_MTU, C_INIT2RTR, ID_QP_INIT, { F(init2rtr_qp_in, qpc.mtu, 0) } },
	{ R_QP_MTU, C_INIT2RTR, ID_QP_INIT, { F(init2rtr_qp_in, qpc.mtu, 6) } },
	{ R_QP_MSG_MAX, C_INIT2RTR, ID_QP_INIT, { F(init2rtr_qp_in, qpc.log_msg_max, 31) } },
	{ R_QP_FL, C_INIT2RTR, ID_QP_INIT, { F(init2rtr_qp_in, qpc.primary_address_path.fl, 0) } },
	{ R_QP_FL_CAP, C_INIT2RTR, ID_QP_INIT, { { 0 } }, NO_GEN(fl_rc_qp_when_roce_disabled) },

	/* work queues, send queues */
	{ R_WQ_TYPE, C_CREATE_SQ, 0, { WQ(wq_type, MLX5_WQ_TYPE_LINKED_LIST) } },
	{ R_WQ_KIND, C_CREATE_SQ, 0, { WQ(wq_signature, 1) } },
	{ R_WQ_KIND, C_CREATE_SQ, 0, { WQ(cd_slave, 1) } },
	{ R_WQ_HAIRPIN, C_CREATE_SQ, 0, { WQ(log_hairpin_data_sz, 5) } },
	{ R_WQ_HAIRPIN, C_CREATE_SQ, 0, { WQ(log_hairpin_num_packets, 5) } },
	{ R_WQ_STRIDE, C_CREATE_SQ, 0, { WQ(log_wq_stride, 5) } },
	{ R_WQ_STRIDE, C_CREATE_SQ, 0, { WQ(log_wq_stride, 7) } },
	{ R_WQ_SIZE, C_CREATE_SQ, 0, { WQ(log_wq_sz, 16) } },
	{ R_WQ_PD, C_CREATE_SQ, 0, { WQ(pd, NONE) } },
	{ R_WQ_UMEM, C_CREATE_SQ, 0, { WQ(wq_umem_id, NONE) } },
	{ R_WQ_UMEM_RANGE, C_CREATE_SQ, 0, { WQ(wq_umem_offset, FW_MEM_BYTES - 64) } },
	{ R_WQ_UMEM_RANGE, C_CREATE_SQ, 0, { WQ(wq_umem_offset, 8) } },
	{ R_WQ_UMEM_RANGE, C_CREATE_SQ, 0, { WQ(wq_umem_offset, UINT64_MAX - 63) } },
	{ R_WQ_UMEM_RANGE, C_CREATE_SQ, 0, { O(create_sq_in, ctx.wq.wq_umem_id, ID_UMEM_SMALL) } },
	{ R_WQ_DBR, C_CREATE_SQ, 0, { WQ(dbr_umem_id, NONE) } },
	{ R_WQ_DBR_RANGE, C_CREATE_SQ, 0, { WQ(dbr_addr, FW_MEM_BYTES) } },
	{ R_WQ_DBR_RANGE, C_CREATE_SQ, 0, { WQ(dbr_addr, 4) } },
	{ R_WQ_UAR, C_CREATE_SQ, 0, { WQ(uar_page, NONE) } },
	{ R_RESERVED, C_CREATE_SQ, 0, { SQC(reserved_at_11, 1) } },
	{ R_RESERVED, C_MODIFY_SQ, ID_SQ_RDY, { F(modify_sq_in, reserved_at_c0, 1) } },
	{ R_SQ_KIND, C_CREATE_SQ, 0, { SQC(rlky, 1) } },
	{ R_SQ_KIND, C_CREATE_SQ, 0, { SQC(cd_master, 1) } },
	{ R_SQ_KIND, C_CREATE_SQ, 0, { SQC(fre, 1) } },
	{ R_SQ_KIND, C_CREATE_SQ, 0, { SQC(non_wire, 1) } },
	{ R_SQ_KIND, C_CREATE_SQ, 0, { SQC(static_sq_wq, 1) } },
	{ R_SQ_HAIRPIN, C_CREATE_SQ, 0, { SQC(hairpin, 1) } },
	{ R_SQ_HAIRPIN, C_CREATE_SQ, 0, { SQC(hairpin_peer_rq, 1) } },
	{ R_SQ_HAIRPIN, C_CREATE_SQ, 0, { SQC(hairpin_peer_vhca, 1) } },
	{ R_SQ_NEW_STATE, C_CREATE_SQ, 0, { SQC(state, MLX5_SQC_STATE_RDY) } },
	{ R_SQ_UMR, C_CREATE_SQ, 0, { SQC(reg_umr, 1) } },
	{ R_SQ_SWP, C_CREATE_SQ, 0, { SQC(allow_swp, 1) } },
	{ R_SQ_MULTI, C_CREATE_SQ, 0, { SQC(allow_multi_pkt_send_wqe, 1) }, NO_ETH(enhanced_multi_pkt_send_wqe) },
	{ R_SQ_PACING, C_CREATE_SQ, 0, { SQC(packet_pacing_rate_limit_index, 1) } },
	{ R_SQ_PACING, C_CREATE_SQ, 0, { SQC(qos_queue_group_id, 1) } },
	{ R_SQ_TS_CQE, C_CREATE_SQ, 0, { SQC(ts_cqe_to_dest_cqn, 1) } },
	{ R_SQ_TIS_LIST, C_CREATE_SQ, 0, { SQC(tis_lst_sz, 0) } },
	{ R_SQ_TIS_LIST, C_CREATE_SQ, 0, { SQC(tis_lst_sz, 2) } },
	{ R_SQ_INLINE, C_CREATE_SQ, 0, { SQC(min_wqe_inline_mode, 4) } },
	{ R_SQ_INLINE, C_CREATE_SQ, 0, { SQC(min_wqe_inline_mode, 0) }, IF_ETH(wqe_inline_mode, 0) },
	{ R_SQ_TS, C_CREATE_SQ, 0, { SQC(ts_format, 3) } },
	{ R_SQ_TS, C_CREATE_SQ, 0, { SQC(ts_format, MLX5_QPC_TIMESTAMP_FORMAT_REAL_TIME) }, NO_GEN(sq_ts_format) },
	{ R_SQ_CQ, C_CREATE_SQ, 0, { SQC(cqn, NONE) } },
	{ R_SQ_TIS, C_CREATE_SQ, 0, { SQC(tis_num_0, NONE) } },
	{ R_SQ_SELECT, C_MODIFY_SQ, ID_SQ_RDY, { F(modify_sq_in, modify_bitmask, 1) } },
	{ R_SQ_STATE, C_MODIFY_SQ, ID_SQ, { SQ_GO(RDY, RDY) } },
	{ R_SQ_STATE, C_MODIFY_SQ, ID_SQ_RDY, { SQ_GO(ERR, RST) } },
	{ R_SQ_STATE, C_MODIFY_SQ, ID_SQ_RDY, { F(modify_sq_in, sq_state, 2) } },
	{ R_SQ_TRANSITION, C_MODIFY_SQ, ID_SQ_RDY, { F(modify_sq_in, ctx.state, 2) } },
	{ R_SQ_TRANSITION, C_MODIFY_SQ, ID_SQ_ERR, { SQ_GO(ERR, RDY) } },

	/* receive queues */
	{ R_WQ_TYPE, C_CREATE_RQ, 0, { RQC(wq.wq_type, MLX5_WQ_TYPE_LINKED_LIST) } },
	{ R_WQ_TYPE, C_CREATE_RQ, 0, { RQC(wq.wq_type, 3) } },
	{ R_WQ_STRIDE, C_CREATE_RQ, 0, { RQC(wq.log_wq_stride, 3) } },
	{ R_WQ_STRIDE, C_CREATE_RQ, 0, { RQC(wq.log_wq_stride, 10) } },
	{ R_WQ_SIZE, C_CREATE_RQ, 0, { RQC(wq.log_wq_sz, 16) } },
	{ R_WQ_PD, C_CREATE_RQ, 0, { RQC(wq.pd, NONE) } },
	{ R_WQ_UMEM, C_CREATE_RQ, 0, { RQC(wq.wq_umem_id, NONE) } },
	{ R_WQ_UMEM_RANGE, C_CREATE_RQ, 0, { RQC(wq.wq_umem_offset, FW_MEM_BYTES - 64) } },
	{ R_WQ_DBR, C_CREATE_RQ, 0, { RQC(wq.dbr_umem_id, NONE) } },
	{ R_WQ_DBR_RANGE, C_CREATE_RQ, 0, { RQC(wq.dbr_addr, FW_MEM_BYTES) } },
	{ R_RESERVED, C_CREATE_RQ, 0, { RQC(reserved_at_68, 1) } },
	{ R_RESERVED, C_MODIFY_RQ, ID_RQ_RDY, { F(modify_rq_in, reserved_at_60, 1) } },
	{ R_RESERVED, C_ALLOC_Q_COUNTER, 0, { F(alloc_q_counter_in, reserved_at_40, 1) } },
	{ R_TOO_MANY, C_ALLOC_Q_COUNTER, 0, { { 0 } }, NO_GEN(max_qp_cnt) },
	{ R_OUT_LEN, C_QUERY_RQ, ID_RQ, { { 0 } }, .outlen = -8 },
	{ R_OUT_LEN, C_QUERY_Q_COUNTER, ID_Q_COUNTER, { { 0 } }, .outlen = -8 },
	{ R_RQ_TYPE, C_CREATE_RQ, 0, { RQC(mem_rq_type, MLX5_RQC_MEM_RQ_TYPE_MEMORY_RQ_RMP) } },
	{ R_RQ_TYPE, C_CREATE_RQ, 0, { RQC(rmpn, 1) } },
	{ R_RQ_KIND, C_CREATE_RQ, 0, { RQC(rlky, 1) } },
	{ R_RQ_KIND, C_CREATE_RQ, 0, { RQC(delay_drop_en, 1) } },
	{ R_RQ_HAIRPIN, C_CREATE_RQ, 0, { RQC(hairpin, 1) } },
	{ R_RQ_HAIRPIN, C_CREATE_RQ, 0, { RQC(hairpin_peer_sq, 1) } },
	{ R_RQ_HAIRPIN, C_CREATE_RQ, 0, { RQC(hairpin_peer_vhca, 1) } },
	{ R_RQ_HAIRPIN, C_CREATE_RQ, 0, { RQC(hairpin_data_buffer_type, 1) } },
	{ R_RQ_NEW_STATE, C_CREATE_RQ, 0, { RQC(state, MLX5_RQC_STATE_RDY) } },
	{ R_RQ_LWM, C_CREATE_RQ, 0, { RQC(wq.lwm, 1) } },
	{ R_RQ_LWM, C_MODIFY_RQ, ID_RQ_RDY, { RQ_SELECT(WQ_LWM) } },
	{ R_RQ_VSD, C_CREATE_RQ, 0, { RQC(vsd, 0) }, NO_ETH(vlan_cap) },
	{ R_RQ_VSD, C_MODIFY_RQ, ID_RQ_RDY, { RQ_SELECT(VSD) }, NO_ETH(vlan_cap) },
	{ R_RQ_FCS, C_CREATE_RQ, 0, { RQC(scatter_fcs, 1) } },
	{ R_RQ_FCS, C_MODIFY_RQ, ID_RQ_RDY, { RQ_SELECT(SCATTER_FCS), F(modify_rq_in, ctx.scatter_fcs, 1) } },
	{ R_RQ_TS, C_CREATE_RQ, 0, { RQC(ts_format, 3) } },
	{ R_RQ_TS, C_CREATE_RQ, 0, { RQC(ts_format, MLX5_QPC_TIMESTAMP_FORMAT_REAL_TIME) }, NO_GEN(rq_ts_format) },
	{ R_RQ_CQ, C_CREATE_RQ, 0, { RQC(cqn, NONE) } },
	{ R_RQ_COUNTER, C_CREATE_RQ, 0, { RQC(counter_set_id, 0xee) } },
	{ R_RQ_COUNTER, C_MODIFY_RQ, ID_RQ_RDY, { RQ_SELECT(RQ_COUNTER_SET_ID), F(modify_rq_in, ctx.counter_set_id, 0xee) }, IF_GEN(modify_rq_counter_set_id) },
	{ R_RQ_COUNTER_CAP, C_MODIFY_RQ, ID_RQ_RDY, { RQ_SELECT(RQ_COUNTER_SET_ID) }, NO_GEN(modify_rq_counter_set_id) },
	{ R_RQ_SELECT, C_MODIFY_RQ, ID_RQ_RDY, { F(modify_rq_in, modify_bitmask, 16) } },
	{ R_RQ_STATE, C_MODIFY_RQ, ID_RQ, { RQ_GO(RDY, RDY) } },
	{ R_RQ_STATE, C_MODIFY_RQ, ID_RQ_RDY, { RQ_GO(ERR, RST) } },
	{ R_RQ_STATE, C_MODIFY_RQ, ID_RQ_RDY, { F(modify_rq_in, rq_state, 2) } },
	{ R_RQ_TRANSITION, C_MODIFY_RQ, ID_RQ_ERR, { RQ_GO(ERR, RDY) } },
	{ R_RQ_TRANSITION, C_MODIFY_RQ, ID_RQ_RDY, { F(modify_rq_in, ctx.state, 2) } },
	{ R_RQT_QUEUE, C_CREATE_RQT_RQ, 0, { RQ(create_rqt_in, 1, NONE, ID_NONE) }, IF_GEN(log_max_rqt) },
	{ R_RQT_QUEUE, C_CREATE_RQT_RQ, 0, { F(create_rqt_in, rqt_context.list_q_type, MLX5_INLINE_Q_TYPE_VIRTQ) }, IF_GEN(log_max_rqt) },
	{ R_TIR_RQ, C_CREATE_TIR_RQ, 0, { F(create_tir_in, ctx.inline_rqn, NONE) } },
	{ R_TIR_DIRECT, C_MODIFY_TIR, ID_TIR_RQ, { { 0 } } },

	/* virtqueues: create */
	{ R_VQ_TYPE, C_CREATE_VQ, 0, { VQC(virtio_q_type, 2) } },
	{ R_VQ_TYPE, C_CREATE_VQ, 0, { VQC(virtio_q_type, PACKED) }, NO_BIT(virtio_queue_type, PACKED) },
	{ R_VQ_EVENT_MODE, C_CREATE_VQ, 0, { VQC(event_mode, MLX5_VIRTQ_EVENT_MODE_MSIX) }, NO_BIT(event_mode, MLX5_VIRTQ_EVENT_MODE_MSIX) },
	{ R_VQ_MSIX, C_CREATE_VQ, 0, { VQC(event_mode, MLX5_VIRTQ_EVENT_MODE_MSIX), VQC(event_qpn_or_msix, 1) }, IF_BIT(event_mode, MLX5_VIRTQ_EVENT_MODE_MSIX) },
	{ R_VQ_EVENT_MODE, C_CREATE_VQ, 0, { VQC(event_mode, MLX5_VIRTQ_EVENT_MODE_NO_MSIX) }, NO_BIT(event_mode, MLX5_VIRTQ_EVENT_MODE_NO_MSIX) },
	{ R_VQ_INDEX, C_CREATE_VQ, 0, { VQC(queue_index, 4096) } },
	{ R_VQ_INDEX_TAKEN, C_CREATE_VQ, 0, { VQC(queue_index, 0) } },
	{ R_VQ_EMULATION, C_CREATE_VQ, 0, { VQC(full_emulation, 1) } },
	{ R_VQ_EMULATION, C_CREATE_VQ, 0, { VQC(device_emulation_id, 1) } },
	{ R_VQ_OFFLOAD, C_CREATE_VQ, 0, { VQC(offload_type, 2) } },
	{ R_VQ_SIZE, C_CREATE_VQ, 0, { VQC(queue_size, 0) } },
	{ R_VQ_SIZE, C_CREATE_VQ, 0, { VQC(queue_size, 48) } },
	{ R_VQ_SIZE, C_CREATE_VQ, 0, { VQC(queue_size, 0xffff) } },
	{ R_VQ_UMEM, C_CREATE_VQ, 0, { VQC(umem_1_id, NONE) } },
	{ R_VQ_UMEM, C_CREATE_VQ, 0, { VQC(umem_2_id, NONE) } },
	{ R_VQ_UMEM, C_CREATE_VQ, 0, { VQC(umem_3_id, 0) } },
	{ R_VQ_UMEM_SIZE, C_CREATE_VQ, 0, { VQC(umem_1_size, 0xfff) } },
	{ R_VQ_UMEM_SIZE, C_CREATE_VQ, 0, { VQC(umem_2_size, 0xfff) } },
	{ R_VQ_UMEM_SIZE, C_CREATE_VQ, 0, { VQC(umem_3_size, 0xfff) } },
	{ R_VQ_UMEM_RANGE, C_CREATE_VQ, 0, { VQC(umem_1_offset, FW_MEM_BYTES - 16) } },
	{ R_VQ_UMEM_RANGE, C_CREATE_VQ, 0, { VQC(umem_3_offset, UINT64_MAX) } },
	{ R_VQ_UMEM_RANGE, C_CREATE_VQ, 0, { VQCO(umem_2_id, ID_UMEM_SMALL) } },
	{ R_VQ_UMEM_WRITE, C_CREATE_VQ, 0, { VQCO(umem_2_id, ID_UMEM_RO) } },
	{ R_VQ_QP, C_CREATE_VQ, 0, { VQC(event_qpn_or_msix, NONE) } },
	{ R_VQ_QP_KIND, C_CREATE_VQ, 0, { VQCO(event_qpn_or_msix, ID_QP_SW) } },
	{ R_VQ_QP_STATE, C_CREATE_VQ, 0, { VQCO(event_qpn_or_msix, ID_QP_RST) } },
	{ R_VQ_QP_TAKEN, C_CREATE_VQ, 0, { VQCO(event_qpn_or_msix, ID_QP_FW) } },
	{ R_VQ_QP_PD, C_CREATE_VQ, 0, { VQCO(event_qpn_or_msix, ID_QP_PD2) } },
	{ R_VQ_TIS, C_CREATE_VQ, 0, { VQ(tisn_or_qpn, NONE) } },
	{ R_VQ_NO_TIS, C_CREATE_VQ_TX, 0, { VQ(tisn_or_qpn, 0) } },
	{ R_VQ_PD, C_CREATE_VQ, 0, { VQC(pd, NONE) } },
	{ R_VQ_MKEY, C_CREATE_VQ, 0, { VQC(virtio_q_mkey, NONE << 8) } },
	{ R_VQ_MKEY, C_CREATE_VQ, 0, { { OFF(create_virtq_in, virtq.virtio_q_context.virtio_q_mkey), 32, ID_MKEY, 1 } } },
	{ R_VQ_MKEY_PD, C_CREATE_VQ, 0, { VQCO(virtio_q_mkey, ID_MKEY_PD2) } },
	{ R_VQ_VERSION, C_CREATE_VQ, 0, { VQC(virtio_version_1_0, 1) }, NO_VDPA(virtio_version_1_0) },
	{ R_VQ_FEATURES, C_CREATE_VQ, 0, { VQ(tso_ipv4, 1) }, NO_VDPA(tso_ipv4) },
	{ R_VQ_FEATURES, C_CREATE_VQ, 0, { VQ(tso_ipv6, 1) }, NO_VDPA(tso_ipv6) },
	{ R_VQ_FEATURES, C_CREATE_VQ, 0, { VQ(tx_csum, 1) }, NO_VDPA(tx_csum) },
	{ R_VQ_FEATURES, C_CREATE_VQ, 0, { VQ(rx_csum, 1) }, NO_VDPA(rx_csum) },
	{ R_VQ_FEATURES, C_CREATE_VQ, 0, { VQ(queue_feature_bit_mask_2_0, 1) } },
	{ R_VQ_COUNTERS, C_CREATE_VQ, 0, { VQC(counter_set_id, NONE) } },
	{ R_VQ_PERIOD, C_CREATE_VQ, 0, { VQC(queue_period_mode, 3) } },
	{ R_VQ_DESC_GROUP, C_CREATE_VQ, 0, { VQCO(desc_group_mkey, ID_MKEY) } },
	{ R_VQ_DIRTY, C_CREATE_VQ, 0, { VQ(dirty_bitmap_dump_enable, 1) } },
	{ R_VQ_LOG_MKEY, C_CREATE_VQ, 0, { VQ(dirty_bitmap_mkey, NONE << 8) } },
	{ R_VQ_LOG_PD, C_CREATE_VQ, 0, { O(create_virtq_in, virtq.dirty_bitmap_mkey, ID_MKEY_PD2) } },
	{ R_VQ_LOG_PAGE, C_CREATE_VQ, 0, { VQ(vhost_log_page, 1) } },
	{ R_VQ_NEW_STATE, C_CREATE_VQ, 0, { VQ(state, MLX5_VIRTQ_STATE_RDY) } },
	{ R_VQ_ALIGN, C_CREATE_VQ, 0, { VQC(desc_addr, 0x1008) } },
	{ R_VQ_ALIGN, C_CREATE_VQ, 0, { VQC(available_addr, 0x1001) } },
	{ R_VQ_ALIGN, C_CREATE_VQ, 0, { VQC(used_addr, 0x1002) } },
	{ R_VQ_RING_INDEX, C_CREATE_VQ, 0, { VQC(virtio_q_type, PACKED), VQ(hw_available_index, 0x8000 | FW_RING_SIZE) }, IF_BIT(virtio_queue_type, PACKED) },
	{ R_VQ_RING_INDEX, C_CREATE_VQ, 0, { VQC(virtio_q_type, PACKED), VQ(hw_used_index, FW_RING_SIZE) }, IF_BIT(virtio_queue_type, PACKED) },

	/* virtqueues: modify */
	{ R_VQ_SELECT, C_MODIFY_VQ, ID_VQ_RX, { SELECT(0) } },
	{ R_VQ_SELECT, C_MODIFY_VQ, ID_VQ_RX, { SELECT(1ull << 40) } },
	{ R_VQ_DIRTY, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(DIRTY_BITMAP_DUMP_ENABLE)), VQ(dirty_bitmap_dump_enable, 1) } },
	{ R_VQ_DIRTY, C_MODIFY_VQ, ID_VQ_RDY, { SELECT(SEL(DIRTY_BITMAP_DUMP_ENABLE)), VQ(dirty_bitmap_dump_enable, 1) } },
	{ R_VQ_LOG_MKEY, C_MODIFY_VQ, ID_VQ_RDY, { SELECT(SEL(DIRTY_BITMAP_PARAMS)), VQ(dirty_bitmap_mkey, NONE << 8) } },
	{ R_VQ_LOG_PD, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(DIRTY_BITMAP_PARAMS)), O(create_virtq_in, virtq.dirty_bitmap_mkey, ID_MKEY_PD2) } },
	{ R_VQ_LOG_PAGE, C_MODIFY_VQ, ID_VQ_SUSPEND, { SELECT(SEL(DIRTY_BITMAP_PARAMS)), VQ(vhost_log_page, 1) } },
	{ R_VQ_DESC_GROUP, C_MODIFY_VQ, ID_VQ_RX, { SELECT(MLX5_VIRTQ_MODIFY_MASK_DESC_GROUP_MKEY) } },
	{ R_VQ_SELECT_ADDR, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(ADDR)) }, NO_VDPA(virtio_net_q_addr_modify) },
	{ R_VQ_SELECT_INDEX, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(HW_AVAILABLE_INDEX)) }, NO_VDPA(virtio_q_index_modify) },
	{ R_VQ_SELECT_INDEX, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(HW_USED_INDEX)) }, NO_VDPA(virtio_q_index_modify) },
	{ R_VQ_SELECT_EXT, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(Q_TYPE)) }, NO_VDPA(vnet_modify_ext) },
	{ R_VQ_SELECT_EXT, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(VERSION_1_0)) }, NO_VDPA(vnet_modify_ext) },
	{ R_VQ_SELECT_EXT, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(Q_MKEY)) }, NO_VDPA(vnet_modify_ext) },
	{ R_VQ_SELECT_EXT, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(QUEUE_FEATURE_BIT_MASK)) }, NO_VDPA(vnet_modify_ext) },
	{ R_VQ_SELECT_EXT, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(EVENT_MODE)) }, NO_VDPA(vnet_modify_ext) },
	{ R_VQ_SELECT_EXT, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(QUEUE_PERIOD)) }, NO_VDPA(vnet_modify_ext) },
	{ R_VQ_MODIFY_STATE, C_MODIFY_VQ, ID_VQ_RDY, { SELECT(SEL(ADDR)) }, IF_VDPA(virtio_net_q_addr_modify) },
	{ R_VQ_MODIFY_STATE, C_MODIFY_VQ, ID_VQ_RDY, { SELECT(SEL(HW_USED_INDEX)) }, IF_VDPA(virtio_q_index_modify) },
	{ R_VQ_MODIFY_STATE, C_MODIFY_VQ, ID_VQ_RDY, { SELECT(SEL(Q_MKEY)) }, IF_VDPA(vnet_modify_ext) },
	{ R_VQ_TRANSITION, C_MODIFY_VQ, ID_VQ_RX, { VQ(state, MLX5_VIRTQ_STATE_SUSPEND) } },
	{ R_VQ_TRANSITION, C_MODIFY_VQ, ID_VQ_RX, { VQ(state, MLX5_VIRTQ_STATE_INIT) } },
	{ R_VQ_TRANSITION, C_MODIFY_VQ, ID_VQ_RX, { VQ(state, MLX5_VIRTQ_STATE_ERROR) } },
	{ R_VQ_TRANSITION, C_MODIFY_VQ, ID_VQ_RDY, { VQ(state, MLX5_VIRTQ_STATE_INIT) } },
	{ R_VQ_TRANSITION, C_MODIFY_VQ, ID_VQ_RDY, { VQ(state, MLX5_VIRTQ_STATE_RDY) } },
	{ R_VQ_TRANSITION, C_MODIFY_VQ, ID_VQ_SUSPEND, { VQ(state, MLX5_VIRTQ_STATE_INIT) } },
	{ R_VQ_TRANSITION, C_MODIFY_VQ, ID_VQ_SUSPEND, { VQ(state, MLX5_VIRTQ_STATE_SUSPEND) } },
	{ R_VQ_RESUME, C_MODIFY_VQ, ID_VQ_SUSPEND, { VQ(state, MLX5_VIRTQ_STATE_RDY) }, NO_VDPA(freeze_to_rdy_supported) },
	{ R_VQ_UNFILLED, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(STATE) | SEL(Q_MKEY)), VQC(virtio_q_mkey, 0) }, IF_VDPA(vnet_modify_ext) },
	{ R_VQ_MKEY, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(Q_MKEY)), VQC(virtio_q_mkey, NONE << 8) }, IF_VDPA(vnet_modify_ext) },
	{ R_VQ_MKEY_PD, C_MODIFY_VQ, ID_VQ_SUSPEND, { SELECT(SEL(Q_MKEY)), VQCO(virtio_q_mkey, ID_MKEY_PD2) }, IF_VDPA(vnet_modify_ext) },
	{ R_VQ_ALIGN, C_MODIFY_VQ, ID_VQ_SUSPEND, { SELECT(SEL(ADDR)), VQC(desc_addr, 8) }, IF_VDPA(virtio_net_q_addr_modify) },
	{ R_VQ_QP_STATE, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(EVENT_MODE)), VQCO(event_qpn_or_msix, ID_QP_RST) }, IF_VDPA(vnet_modify_ext) },
	{ R_VQ_QP_TAKEN, C_MODIFY_VQ, ID_VQ_RX, { SELECT(SEL(EVENT_MODE)), VQCO(event_qpn_or_msix, ID_QP_TX) }, IF_VDPA(vnet_modify_ext) },

	/* steering */
	{ R_TIS_SELECT, C_MODIFY_TIS, ID_TIS, { F(modify_tis_in, bitmask, 0) } },
	{ R_TIS_PRIO, C_MODIFY_TIS, ID_TIS, { F(modify_tis_in, ctx.prio, 5) } },
	{ R_TIS_LAG, C_MODIFY_TIS, ID_TIS, { F(modify_tis_in, ctx.lag_tx_port_affinity, 2) } },
	{ R_TIS_TD, C_CREATE_TIS, 0, { F(create_tis_in, ctx.transport_domain, NONE) } },
	{ R_TIS_PRIO, C_CREATE_TIS, 0, { F(create_tis_in, ctx.prio, 3) } },
	{ R_TIS_LAG, C_CREATE_TIS, 0, { F(create_tis_in, ctx.lag_tx_port_affinity, 2) } },
	{ R_TIS_KIND, C_CREATE_TIS, 0, { F(create_tis_in, ctx.tls_en, 1) } },
	{ R_TIS_KIND, C_CREATE_TIS, 0, { F(create_tis_in, ctx.underlay_qpn, 1) } },
	{ R_RQT_TYPE, C_CREATE_RQT, 0, { F(create_rqt_in, rqt_context.list_q_type, 2) } },
	{ R_RQT_MAX, C_CREATE_RQT, 0, { F(create_rqt_in, rqt_context.rqt_max_size, 0) } },
	{ R_RQT_MAX, C_CREATE_RQT, 0, { F(create_rqt_in, rqt_context.rqt_max_size, 0xffff) } },
	{ R_RQT_SIZE, C_CREATE_RQT, 0, { F(create_rqt_in, rqt_context.rqt_actual_size, 0) } },
	{ R_RQT_SIZE, C_CREATE_RQT, 0, { F(create_rqt_in, rqt_context.rqt_actual_size, FW_RQT_SIZE + 1) } },
	{ R_RQT_LIST_LEN, C_CREATE_RQT, 0, { { 0 } }, .inlen = -4 },
	{ R_RQT_QUEUE, C_CREATE_RQT, 0, { RQ(create_rqt_in, 1, NONE, ID_NONE) } },
	{ R_RQT_QUEUE, C_CREATE_RQT, 0, { F(create_rqt_in, rqt_context.list_q_type, MLX5_INLINE_Q_TYPE_RQ) } },
	{ R_RQT_TX, C_CREATE_RQT, 0, { RQ(create_rqt_in, 0, 0, ID_VQ_TX) } },
	{ R_RQT_SELECT, C_MODIFY_RQT, ID_RQT, { F(modify_rqt_in, modify_bitmask, 2) } },
	{ R_RQT_RETYPE, C_MODIFY_RQT, ID_RQT, { F(modify_rqt_in, rqt_context.list_q_type, MLX5_INLINE_Q_TYPE_RQ) } },
	{ R_RQT_SIZE, C_MODIFY_RQT, ID_RQT, { F(modify_rqt_in, rqt_context.rqt_actual_size, FW_RQT_SIZE + 1) } },
	{ R_RQT_QUEUE, C_MODIFY_RQT, ID_RQT, { RQ(modify_rqt_in, 0, NONE, ID_NONE) } },
	{ R_TIR_TD, C_CREATE_TIR, 0, { F(create_tir_in, ctx.transport_domain, NONE) } },
	{ R_TIR_TYPE, C_CREATE_TIR, 0, { F(create_tir_in, ctx.disp_type, 2) } },
	{ R_TIR_RQ, C_CREATE_TIR, 0, { F(create_tir_in, ctx.disp_type, MLX5_TIRC_DISP_TYPE_DIRECT) } },
	{ R_TIR_RQT, C_CREATE_TIR, 0, { F(create_tir_in, ctx.indirect_table, NONE) } },
	{ R_TIR_HASH, C_CREATE_TIR, 0, { F(create_tir_in, ctx.rx_hash_fn, 3) } },
	{ R_TIR_FIELDS, C_CREATE_TIR, 0, { F(create_tir_in, ctx.rx_hash_field_selector_outer.selected_fields, 0x10) } },
	{ R_TIR_INNER, C_CREATE_TIR, 0, { F(create_tir_in, ctx.rx_hash_field_selector_inner.selected_fields, 1) } },
	{ R_TIR_INNER, C_CREATE_TIR, 0, { F(create_tir_in, ctx.tunneled_offload_en, 1) } },
	{ R_TIR_LRO, C_CREATE_TIR, 0, { F(create_tir_in, ctx.lro_enable_mask, 1) } },
	{ R_TIR_LRO, C_MODIFY_TIR, ID_TIR, { F(modify_tir_in, modify_bitmask, MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_LRO) } },
	{ R_TIR_SELECT, C_MODIFY_TIR, ID_TIR, { F(modify_tir_in, modify_bitmask, 0) } },
	{ R_TIR_SELECT, C_MODIFY_TIR, ID_TIR, { F(modify_tir_in, modify_bitmask, 0x100) } },
	{ R_TIR_RQT, C_MODIFY_TIR, ID_TIR, { F(modify_tir_in, ctx.indirect_table, NONE) } },
};
/* clang-format on */
const unsigned int fw_n_rows = sizeof(fw_rows) / sizeof(fw_rows[0]);
