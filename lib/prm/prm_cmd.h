/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The command interface: opcodes, answers, heads of the mailboxes, and the commands about contexts,
 * protection domains, doorbell pages and the function itself.
 */
#ifndef PRM_CMD_H
#define PRM_CMD_H

#include <stdint.h>

/* opcode of a mailbox */
enum {
	MLX5_CMD_OP_QUERY_HCA_CAP = 0x100,
	MLX5_CMD_OP_QUERY_ADAPTER = 0x101, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_ISSI = 0x10a, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_CREATE_MKEY = 0x200,
	MLX5_CMD_OP_QUERY_MKEY = 0x201, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_DESTROY_MKEY = 0x202, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_SPECIAL_CONTEXTS = 0x203, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_CREATE_CQ = 0x400,
	MLX5_CMD_OP_DESTROY_CQ = 0x401, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_CQ = 0x402, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_MODIFY_CQ = 0x403, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_CREATE_QP = 0x500,
	MLX5_CMD_OP_DESTROY_QP = 0x501, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_RST2INIT_QP = 0x502,
	MLX5_CMD_OP_INIT2RTR_QP = 0x503,
	MLX5_CMD_OP_RTR2RTS_QP = 0x504,
	MLX5_CMD_OP_RTS2RTS_QP = 0x505,
	MLX5_CMD_OP_SQERR2RTS_QP = 0x506,
	MLX5_CMD_OP_QP_2ERR = 0x507,
	MLX5_CMD_OP_QP_2RST = 0x50a,
	MLX5_CMD_OP_QUERY_QP = 0x50b,
	MLX5_CMD_OP_SQD2RTS_QP = 0x50c,
	MLX5_CMD_OP_INIT2INIT_QP = 0x50e,
	MLX5_CMD_OP_QUERY_VPORT_STATE = 0x750, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_NIC_VPORT_CONTEXT = 0x754,
	MLX5_CMD_OP_MODIFY_NIC_VPORT_CONTEXT = 0x755, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_ALLOC_Q_COUNTER = 0x771,
	MLX5_CMD_OP_DEALLOC_Q_COUNTER = 0x772, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_Q_COUNTER = 0x773,
	MLX5_CMD_OP_ALLOC_PD = 0x800,
	MLX5_CMD_OP_DEALLOC_PD = 0x801,
	MLX5_CMD_OP_ALLOC_UAR = 0x802, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_DEALLOC_UAR = 0x803, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_NOP = 0x80d, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_ALLOC_TRANSPORT_DOMAIN = 0x816,
	MLX5_CMD_OP_DEALLOC_TRANSPORT_DOMAIN = 0x817, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_LAG = 0x842,
	MLX5_CMD_OP_CREATE_TIR = 0x900,
	MLX5_CMD_OP_MODIFY_TIR = 0x901,
	MLX5_CMD_OP_DESTROY_TIR = 0x902, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_TIR = 0x903, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_CREATE_SQ = 0x904,
	MLX5_CMD_OP_MODIFY_SQ = 0x905,
	MLX5_CMD_OP_DESTROY_SQ = 0x906, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_SQ = 0x907, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_CREATE_RQ = 0x908,
	MLX5_CMD_OP_MODIFY_RQ = 0x909,
	MLX5_CMD_OP_DESTROY_RQ = 0x90a, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_RQ = 0x90b,
	MLX5_CMD_OP_CREATE_RMP = 0x90c,
	MLX5_CMD_OP_MODIFY_RMP = 0x90d,
	MLX5_CMD_OP_DESTROY_RMP = 0x90e,
	MLX5_CMD_OP_QUERY_RMP = 0x90f,
	MLX5_CMD_OP_CREATE_TIS = 0x912,
	MLX5_CMD_OP_MODIFY_TIS = 0x913, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_DESTROY_TIS = 0x914, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_TIS = 0x915,
	MLX5_CMD_OP_CREATE_RQT = 0x916,
	MLX5_CMD_OP_MODIFY_RQT = 0x917,
	MLX5_CMD_OP_DESTROY_RQT = 0x918, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_QUERY_RQT = 0x919, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_CREATE_GENERAL_OBJECT = 0xa00,
	MLX5_CMD_OP_MODIFY_GENERAL_OBJECT = 0xa01,
	MLX5_CMD_OP_QUERY_GENERAL_OBJECT = 0xa02,
	MLX5_CMD_OP_DESTROY_GENERAL_OBJECT = 0xa03, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_CREATE_UCTX = 0xa04, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_DESTROY_UCTX = 0xa06, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_CREATE_UMEM = 0xa08, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_DESTROY_UMEM = 0xa0a, /* Linux mlx5_ifc.h */
	MLX5_CMD_OP_ACCESS_REGISTER_USER = 0xb0c,
};

/* status of an answer */
enum { /* Linux device.h */
	MLX5_CMD_STAT_OK = 0x0,
	MLX5_CMD_STAT_INT_ERR = 0x1,
	MLX5_CMD_STAT_BAD_OP_ERR = 0x2,
	MLX5_CMD_STAT_BAD_PARAM_ERR = 0x3,
	MLX5_CMD_STAT_BAD_SYS_STATE_ERR = 0x4,
	MLX5_CMD_STAT_BAD_RES_ERR = 0x5,
	MLX5_CMD_STAT_RES_BUSY = 0x6,
	MLX5_CMD_STAT_NOT_READY = 0x7,
	MLX5_CMD_STAT_LIM_ERR = 0x8,
	MLX5_CMD_STAT_BAD_RES_STATE_ERR = 0x9,
	MLX5_CMD_STAT_IX_ERR = 0xa,
	MLX5_CMD_STAT_NO_RES_ERR = 0xf,
	MLX5_CMD_STAT_BAD_QP_STATE_ERR = 0x10,
	MLX5_CMD_STAT_BAD_PKT_ERR = 0x30,
	MLX5_CMD_STAT_BAD_SIZE_OUTS_CQES_ERR = 0x40,
	MLX5_CMD_STAT_BAD_INP_LEN_ERR = 0x50,
	MLX5_CMD_STAT_BAD_OUTP_LEN_ERR = 0x51,
};

/* obj_type of the general object commands; bit number in cmd_hca_cap.general_obj_types */
enum {
	MLX5_GENERAL_OBJ_TYPE_VIRTQ = 0xd,
	MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS = 0x1c,
};

/* uctx.cap */
enum { /* Linux mlx5_ifc.h */
	MLX5_UCTX_CAP_RAW_TX = 0x1,
	MLX5_UCTX_CAP_INTERNAL_DEV_RES = 0x2,
};

struct mlx5_ifc_mbox_in_bits { /* rdma-core mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_mbox_out_bits { /* rdma-core mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_general_obj_in_cmd_hdr_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10]; /* Linux mlx5_ifc.h */
	uint8_t vhca_tunnel_id[0x10]; /* Linux mlx5_ifc.h */
	uint8_t obj_type[0x10];
	uint8_t obj_id[0x20];
	union {
		struct {
			uint8_t reserved_at_60[0x3];
			uint8_t log_obj_range[0x5];
			uint8_t reserved_at_68[0x18];
		};
		uint8_t obj_offset[0x20];
	};
};

struct mlx5_ifc_general_obj_out_cmd_hdr_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t obj_id[0x20];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_uctx_bits { /* Linux mlx5_ifc.h */
	uint8_t cap[0x20];
	uint8_t reserved_at_20[0x160];
};

struct mlx5_ifc_create_uctx_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
	struct mlx5_ifc_uctx_bits uctx;
};

struct mlx5_ifc_create_uctx_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_uctx_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_uctx_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_alloc_pd_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_alloc_pd_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t pd[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_dealloc_pd_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t pd[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_dealloc_pd_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_alloc_uar_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_alloc_uar_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t uar[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_dealloc_uar_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t uar[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_dealloc_uar_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_nop_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_nop_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_adapter_param_block_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0xc8];
	uint8_t ieee_vendor_id[0x18];
	uint8_t reserved_at_e0[0x10];
	uint8_t vsd_vendor_id[0x10];
	uint8_t vsd[208][0x8];
	uint8_t vsd_contd_psid[16][0x8];
};

struct mlx5_ifc_query_adapter_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_adapter_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
	struct mlx5_ifc_query_adapter_param_block_bits query_adapter_struct;
};

struct mlx5_ifc_query_issi_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_issi_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x10];
	uint8_t current_issi[0x10];
	uint8_t reserved_at_60[0xa0];
	uint8_t reserved_at_100[76][0x8];
	uint8_t supported_issi_dw0[0x20];
};

struct mlx5_ifc_query_special_contexts_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_special_contexts_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t dump_fill_mkey[0x20];
	uint8_t resd_lkey[0x20];
	uint8_t null_mkey[0x20];
	uint8_t terminate_scatter_list_mkey[0x20];
	uint8_t repeated_mkey[0x20];
	uint8_t reserved_at_e0[0x20];
};

struct mlx5_ifc_mac_address_layout_bits {
	uint8_t reserved_at_0[0x10];
	uint8_t mac_addr_47_32[0x10];
	uint8_t mac_addr_31_0[0x20];
};

/* nic_vport_context.min_wqe_inline_mode, sqc.min_wqe_inline_mode */
enum {
	MLX5_INLINE_MODE_NONE = 0,
	MLX5_INLINE_MODE_L2 = 1,
	MLX5_INLINE_MODE_IP = 2,
	MLX5_INLINE_MODE_TCP_UDP = 3,
};

struct mlx5_ifc_nic_vport_context_bits {
	uint8_t reserved_at_0[0x5];
	uint8_t min_wqe_inline_mode[0x3];
	uint8_t reserved_at_8[0x15];
	uint8_t disable_mc_local_lb[0x1];
	uint8_t disable_uc_local_lb[0x1];
	uint8_t roce_en[0x1];
	uint8_t arm_change_event[0x1];
	uint8_t reserved_at_21[0x1a];
	uint8_t event_on_mtu[0x1];
	uint8_t event_on_promisc_change[0x1];
	uint8_t event_on_vlan_change[0x1];
	uint8_t event_on_mc_address_change[0x1];
	uint8_t event_on_uc_address_change[0x1];
	uint8_t reserved_at_40[0xc];
	uint8_t affiliation_criteria[0x4];
	uint8_t affiliated_vhca_id[0x10];
	uint8_t reserved_at_60[0xd0];
	uint8_t mtu[0x10];
	uint8_t system_image_guid[0x40];
	uint8_t port_guid[0x40];
	uint8_t node_guid[0x40];
	uint8_t reserved_at_200[0x140];
	uint8_t qkey_violation_counter[0x10];
	uint8_t reserved_at_350[0x430];
	uint8_t promisc_uc[0x1];
	uint8_t promisc_mc[0x1];
	uint8_t promisc_all[0x1];
	uint8_t reserved_at_783[0x2];
	uint8_t allowed_list_type[0x3];
	uint8_t reserved_at_788[0xc];
	uint8_t allowed_list_size[0xc];
	struct mlx5_ifc_mac_address_layout_bits permanent_address;
	uint8_t reserved_at_7e0[0x20];
	uint8_t current_uc_mac_address[][0x40]; /* Linux mlx5_ifc.h */
};

struct mlx5_ifc_query_nic_vport_context_in_bits {
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t other_vport[0x1];
	uint8_t reserved_at_41[0xf];
	uint8_t vport_number[0x10];
	uint8_t reserved_at_60[0x5];
	uint8_t allowed_list_type[0x3];
	uint8_t reserved_at_68[0x18];
};

struct mlx5_ifc_query_nic_vport_context_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
	struct mlx5_ifc_nic_vport_context_bits nic_vport_context;
};

struct mlx5_ifc_modify_nic_vport_field_select_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0x12];
	uint8_t affiliation[0x1];
	uint8_t reserved_at_13[0x1];
	uint8_t disable_uc_local_lb[0x1];
	uint8_t disable_mc_local_lb[0x1];
	uint8_t node_guid[0x1];
	uint8_t port_guid[0x1];
	uint8_t min_inline[0x1];
	uint8_t mtu[0x1];
	uint8_t change_event[0x1];
	uint8_t promisc[0x1];
	uint8_t permanent_address[0x1];
	uint8_t addresses_list[0x1];
	uint8_t roce_en[0x1];
	uint8_t reserved_at_1f[0x1];
};

struct mlx5_ifc_modify_nic_vport_context_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t other_vport[0x1];
	uint8_t reserved_at_41[0xf];
	uint8_t vport_number[0x10];
	struct mlx5_ifc_modify_nic_vport_field_select_bits field_select;
	uint8_t reserved_at_80[0x780];
	struct mlx5_ifc_nic_vport_context_bits nic_vport_context;
};

struct mlx5_ifc_modify_nic_vport_context_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_vport_state_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t other_vport[0x1];
	uint8_t reserved_at_41[0xf];
	uint8_t vport_number[0x10];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_vport_state_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x38];
	uint8_t admin_state[0x4];
	uint8_t state[0x4];
};

struct mlx5_ifc_lag_context_bits {
	uint8_t fdb_selection_mode[0x1];
	uint8_t reserved_at_1[0x14];
	uint8_t port_select_mode[0x3];
	uint8_t reserved_at_18[0x5];
	uint8_t lag_state[0x3];
	uint8_t reserved_at_20[0x14];
	uint8_t tx_remap_affinity_2[0x4];
	uint8_t reserved_at_38[0x4];
	uint8_t tx_remap_affinity_1[0x4];
};

struct mlx5_ifc_query_lag_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_lag_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	struct mlx5_ifc_lag_context_bits context;
};

#endif /* PRM_CMD_H */
