/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Completion queues, work queues and queue pairs. Work queue and completion entries are in
 * <infiniband/mlx5dv.h>.
 */
#ifndef PRM_QUEUE_H
#define PRM_QUEUE_H

#include <stdint.h>

/* cqc.cqe_sz */
enum {
	MLX5_CQE_SIZE_64B = 0x0,
	MLX5_CQE_SIZE_128B = 0x1,
};

/* modify_cq_in.modify_field_select */
enum { /* Linux cq.h */
	MLX5_CQ_MODIFY_PERIOD = 1 << 0,
	MLX5_CQ_MODIFY_COUNT = 1 << 1,
	MLX5_CQ_MODIFY_OVERRUN = 1 << 2,
	MLX5_CQ_MODIFY_PERIOD_MODE = 1 << 4,
};

/* qpc.state */
enum { /* Linux mlx5_ifc.h */
	MLX5_QPC_STATE_RST = 0x0,
	MLX5_QPC_STATE_INIT = 0x1,
	MLX5_QPC_STATE_RTR = 0x2,
	MLX5_QPC_STATE_RTS = 0x3,
	MLX5_QPC_STATE_SQER = 0x4,
	MLX5_QPC_STATE_ERR = 0x6,
	MLX5_QPC_STATE_SQD = 0x7,
};

/* qpc.st */
enum {
	MLX5_QP_ST_RC = 0x0,
};

/* qpc.pm_state */
enum {
	MLX5_QP_PM_MIGRATED = 0x3,
};

/* qpc.rq_type */
enum {
	MLX5_NON_ZERO_RQ = 0x0,
	MLX5_SRQ_RQ = 0x1,
	MLX5_CRQ_RQ = 0x2,
	MLX5_ZERO_LEN_RQ = 0x3,
};

/* qpc.mtu */
enum { /* Linux mlx5_ifc.h */
	MLX5_QPC_MTU_256_BYTES = 0x1,
	MLX5_QPC_MTU_512_BYTES = 0x2,
	MLX5_QPC_MTU_1K_BYTES = 0x3,
	MLX5_QPC_MTU_2K_BYTES = 0x4,
	MLX5_QPC_MTU_4K_BYTES = 0x5,
};

/* qpc.ts_format */
enum {
	MLX5_QPC_TIMESTAMP_FORMAT_FREE_RUNNING = 0x0,
	MLX5_QPC_TIMESTAMP_FORMAT_DEFAULT = 0x1,
	MLX5_QPC_TIMESTAMP_FORMAT_REAL_TIME = 0x2,
};

/* wq.wq_type */
enum {
	MLX5_WQ_TYPE_LINKED_LIST = 0x0,
	MLX5_WQ_TYPE_CYCLIC = 0x1,
};

struct mlx5_ifc_cqc_bits {
	uint8_t status[0x4];
	uint8_t as_notify[0x1];
	uint8_t initiator_src_dct[0x1];
	uint8_t dbr_umem_valid[0x1];
	uint8_t reserved_at_7[0x1];
	uint8_t cqe_sz[0x3];
	uint8_t cc[0x1];
	uint8_t reserved_at_c[0x1];
	uint8_t scqe_break_moderation_en[0x1];
	uint8_t oi[0x1];
	uint8_t cq_period_mode[0x2];
	uint8_t cqe_comp_en[0x1];
	uint8_t mini_cqe_res_format[0x2];
	uint8_t st[0x4];
	uint8_t reserved_at_18[0x1];
	uint8_t cqe_comp_layout[0x7];
	uint8_t dbr_umem_id[0x20];
	uint8_t reserved_at_40[0x14];
	uint8_t page_offset[0x6];
	uint8_t reserved_at_5a[0x2];
	uint8_t mini_cqe_res_format_ext[0x2];
	uint8_t cq_timestamp_format[0x2];
	uint8_t reserved_at_60[0x3];
	uint8_t log_cq_size[0x5];
	uint8_t uar_page[0x18];
	uint8_t reserved_at_80[0x4];
	uint8_t cq_period[0xc];
	uint8_t cq_max_count[0x10];
	uint8_t reserved_at_a0[0x18];
	uint8_t c_eqn[0x8];
	uint8_t reserved_at_c0[0x3];
	uint8_t log_page_size[0x5];
	uint8_t reserved_at_c8[0x40];
	uint8_t last_notified_index[0x18];
	uint8_t reserved_at_120[0x8];
	uint8_t last_solicit_index[0x18];
	uint8_t reserved_at_140[0x8];
	uint8_t consumer_counter[0x18];
	uint8_t reserved_at_160[0x8];
	uint8_t producer_counter[0x18];
	uint8_t local_partition_id[0xc];
	uint8_t process_id[0x14];
	uint8_t reserved_at_1a0[0x20];
	uint8_t dbr_addr[0x40];
};

struct mlx5_ifc_create_cq_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
	struct mlx5_ifc_cqc_bits cq_context;
	uint8_t cq_umem_offset[0x40];
	uint8_t cq_umem_id[0x20];
	uint8_t cq_umem_valid[0x1];
	uint8_t reserved_at_2e1[0x59f];
};

struct mlx5_ifc_create_cq_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t cqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_cq_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t cqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_cq_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_cq_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t cqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_cq_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
	struct mlx5_ifc_cqc_bits cq_context;
	uint8_t reserved_at_280[0x600];
};

struct mlx5_ifc_modify_field_select_bits { /* Linux mlx5_ifc.h */
	uint8_t modify_field_select[0x20];
};

struct mlx5_ifc_resize_field_select_bits { /* Linux mlx5_ifc.h */
	uint8_t resize_field_select[0x20];
};

union mlx5_ifc_modify_field_select_resize_field_select_auto_bits { /* Linux mlx5_ifc.h */
	struct mlx5_ifc_modify_field_select_bits modify_field_select;
	struct mlx5_ifc_resize_field_select_bits resize_field_select;
};

struct mlx5_ifc_modify_cq_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t cqn[0x18];
	union mlx5_ifc_modify_field_select_resize_field_select_auto_bits
		modify_field_select_resize_field_select;
	struct mlx5_ifc_cqc_bits cq_context;
	uint8_t reserved_at_280[0x60];
	uint8_t cq_umem_valid[0x1];
	uint8_t reserved_at_2e1[0x59f];
};

struct mlx5_ifc_modify_cq_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_wq_bits {
	uint8_t wq_type[0x4];
	uint8_t wq_signature[0x1];
	uint8_t end_padding_mode[0x2];
	uint8_t cd_slave[0x1];
	uint8_t reserved_at_8[0x18];
	uint8_t hds_skip_first_sge[0x1];
	uint8_t log2_hds_buf_size[0x3];
	uint8_t reserved_at_24[0x7];
	uint8_t page_offset[0x5];
	uint8_t lwm[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t pd[0x18];
	uint8_t reserved_at_60[0x8];
	uint8_t uar_page[0x18];
	uint8_t dbr_addr[0x40];
	uint8_t hw_counter[0x20];
	uint8_t sw_counter[0x20];
	uint8_t reserved_at_100[0xc];
	uint8_t log_wq_stride[0x4];
	uint8_t reserved_at_110[0x3];
	uint8_t log_wq_pg_sz[0x5];
	uint8_t reserved_at_118[0x3];
	uint8_t log_wq_sz[0x5];
	uint8_t dbr_umem_valid[0x1];
	uint8_t wq_umem_valid[0x1];
	uint8_t reserved_at_122[0x1];
	uint8_t log_hairpin_num_packets[0x5];
	uint8_t reserved_at_128[0x3];
	uint8_t log_hairpin_data_sz[0x5];
	uint8_t reserved_at_130[0x4];
	uint8_t single_wqe_log_num_of_strides[0x4];
	uint8_t two_byte_shift_en[0x1];
	uint8_t reserved_at_139[0x4];
	uint8_t single_stride_log_num_of_bytes[0x3];
	uint8_t dbr_umem_id[0x20];
	uint8_t wq_umem_id[0x20];
	uint8_t wq_umem_offset[0x40];
	uint8_t reserved_at_1c0[0x440];
};

struct mlx5_ifc_ads_bits {
	uint8_t fl[0x1];
	uint8_t free_ar[0x1];
	uint8_t reserved_at_2[0xe];
	uint8_t pkey_index[0x10];
	uint8_t reserved_at_20[0x8];
	uint8_t grh[0x1];
	uint8_t mlid[0x7];
	uint8_t rlid[0x10];
	uint8_t ack_timeout[0x5];
	uint8_t reserved_at_45[0x3];
	uint8_t src_addr_index[0x8];
	uint8_t reserved_at_50[0x4];
	uint8_t stat_rate[0x4];
	uint8_t hop_limit[0x8];
	uint8_t reserved_at_60[0x4];
	uint8_t tclass[0x8];
	uint8_t flow_label[0x14];
	uint8_t rgid_rip[0x10][0x8];
	uint8_t reserved_at_100[0x4];
	uint8_t f_dscp[0x1];
	uint8_t f_ecn[0x1];
	uint8_t reserved_at_106[0x1];
	uint8_t f_eth_prio[0x1];
	uint8_t ecn[0x2];
	uint8_t dscp[0x6];
	uint8_t udp_sport[0x10];
	uint8_t dei_cfi[0x1];
	uint8_t eth_prio[0x3];
	uint8_t sl[0x4];
	uint8_t vhca_port_num[0x8];
	uint8_t rmac_47_32[0x10];
	uint8_t rmac_31_0[0x20];
};

struct mlx5_ifc_qpc_bits {
	uint8_t state[0x4];
	uint8_t lag_tx_port_affinity[0x4];
	uint8_t st[0x8];
	uint8_t reserved_at_10[0x3];
	uint8_t pm_state[0x2];
	uint8_t reserved_at_15[0x1];
	uint8_t req_e2e_credit_mode[0x2];
	uint8_t offload_type[0x4];
	uint8_t end_padding_mode[0x2];
	uint8_t reserved_at_1e[0x2];
	uint8_t wq_signature[0x1];
	uint8_t block_lb_mc[0x1];
	uint8_t atomic_like_write_en[0x1];
	uint8_t latency_sensitive[0x1];
	uint8_t reserved_at_24[0x1];
	uint8_t drain_sigerr[0x1];
	uint8_t reserved_at_26[0x2];
	uint8_t pd[0x18];
	uint8_t mtu[0x3];
	uint8_t log_msg_max[0x5];
	uint8_t reserved_at_48[0x1];
	uint8_t log_rq_size[0x4];
	uint8_t log_rq_stride[0x3];
	uint8_t no_sq[0x1];
	uint8_t log_sq_size[0x4];
	uint8_t reserved_at_55[0x3];
	uint8_t ts_format[0x2];
	uint8_t reserved_at_5a[0x1];
	uint8_t rlky[0x1];
	uint8_t ulp_stateless_offload_mode[0x4];
	uint8_t counter_set_id[0x8];
	uint8_t uar_page[0x18];
	uint8_t reserved_at_80[0x8];
	uint8_t user_index[0x18];
	uint8_t reserved_at_a0[0x3];
	uint8_t log_page_size[0x5];
	uint8_t remote_qpn[0x18];
	struct mlx5_ifc_ads_bits primary_address_path;
	struct mlx5_ifc_ads_bits secondary_address_path;
	uint8_t log_ack_req_freq[0x4];
	uint8_t reserved_at_384[0x4];
	uint8_t log_sra_max[0x3];
	uint8_t reserved_at_38b[0x2];
	uint8_t retry_count[0x3];
	uint8_t rnr_retry[0x3];
	uint8_t reserved_at_393[0x1];
	uint8_t fre[0x1];
	uint8_t cur_rnr_retry[0x3];
	uint8_t cur_retry_count[0x3];
	uint8_t reserved_at_39b[0x2d];
	uint8_t next_send_psn[0x18];
	uint8_t reserved_at_3e0[0x8];
	uint8_t cqn_snd[0x18];
	uint8_t reserved_at_400[0x8];
	uint8_t deth_sqpn[0x18];
	uint8_t reserved_at_420[0x28];
	uint8_t last_acked_psn[0x18];
	uint8_t reserved_at_460[0x8];
	uint8_t ssn[0x18];
	uint8_t reserved_at_480[0x8];
	uint8_t log_rra_max[0x3];
	uint8_t reserved_at_48b[0x1];
	uint8_t atomic_mode[0x4];
	uint8_t rre[0x1];
	uint8_t rwe[0x1];
	uint8_t rae[0x1];
	uint8_t reserved_at_493[0x1];
	uint8_t page_offset[0x6];
	uint8_t reserved_at_49a[0x3];
	uint8_t cd_slave_receive[0x1];
	uint8_t cd_slave_send[0x1];
	uint8_t cd_master[0x1];
	uint8_t reserved_at_4a0[0x3];
	uint8_t min_rnr_nak[0x5];
	uint8_t next_rcv_psn[0x18];
	uint8_t reserved_at_4c0[0x8];
	uint8_t xrcd[0x18];
	uint8_t reserved_at_4e0[0x8];
	uint8_t cqn_rcv[0x18];
	uint8_t dbr_addr[0x40];
	uint8_t q_key[0x20];
	uint8_t reserved_at_560[0x5];
	uint8_t rq_type[0x3];
	uint8_t srqn_rmpn_xrqn[0x18];
	uint8_t reserved_at_580[0x8];
	uint8_t rmsn[0x18];
	uint8_t hw_sq_wqebb_counter[0x10];
	uint8_t sw_sq_wqebb_counter[0x10];
	uint8_t hw_rq_counter[0x20];
	uint8_t sw_rq_counter[0x20];
	uint8_t reserved_at_600[0x2f];
	uint8_t cgs[0x1];
	uint8_t cs_req[0x8];
	uint8_t cs_res[0x8];
	uint8_t dc_access_key[0x40];
	uint8_t reserved_at_680[0x3];
	uint8_t dbr_umem_valid[0x1];
	uint8_t reserved_at_684[0x9c];
	uint8_t dbr_umem_id[0x20];
};

struct mlx5_ifc_create_qp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t qpc_ext[0x1];
	uint8_t reserved_at_41[0x7];
	uint8_t input_qpn[0x18]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_60[0x20];
	uint8_t opt_param_mask[0x20];
	uint8_t ece[0x20]; /* Linux mlx5_ifc.h */
	struct mlx5_ifc_qpc_bits qpc;
	uint8_t wq_umem_offset[0x40];
	uint8_t wq_umem_id[0x20];
	uint8_t wq_umem_valid[0x1];
	uint8_t reserved_at_861[0x61f];
};

struct mlx5_ifc_create_qp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t ece[0x20]; /* Linux mlx5_ifc.h */
};

struct mlx5_ifc_destroy_qp_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_qp_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_qp_in_bits {
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t qpc_ext[0x1]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_41[0x7];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_qp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
	uint8_t opt_param_mask[0x20];
	uint8_t reserved_at_a0[0x20];
	struct mlx5_ifc_qpc_bits qpc;
	uint8_t reserved_at_800[0x80];
};

struct mlx5_ifc_rst2init_qp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t opt_param_mask[0x20];
	uint8_t ece[0x20]; /* Linux mlx5_ifc.h */
	struct mlx5_ifc_qpc_bits qpc;
	uint8_t reserved_at_800[0x80];
};

struct mlx5_ifc_rst2init_qp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_init2init_qp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t opt_param_mask[0x20];
	uint8_t ece[0x20]; /* Linux mlx5_ifc.h */
	struct mlx5_ifc_qpc_bits qpc;
	uint8_t reserved_at_800[0x80];
};

struct mlx5_ifc_init2init_qp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_init2rtr_qp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t opt_param_mask[0x20];
	uint8_t ece[0x20]; /* Linux mlx5_ifc.h */
	struct mlx5_ifc_qpc_bits qpc;
	uint8_t reserved_at_800[0x80];
};

struct mlx5_ifc_init2rtr_qp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_rtr2rts_qp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t opt_param_mask[0x20];
	uint8_t ece[0x20]; /* Linux mlx5_ifc.h */
	struct mlx5_ifc_qpc_bits qpc;
	uint8_t reserved_at_800[0x80];
};

struct mlx5_ifc_rtr2rts_qp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_rts2rts_qp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t opt_param_mask[0x20];
	uint8_t ece[0x20]; /* Linux mlx5_ifc.h */
	struct mlx5_ifc_qpc_bits qpc;
	uint8_t reserved_at_800[0x80];
};

struct mlx5_ifc_rts2rts_qp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_sqerr2rts_qp_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t opt_param_mask[0x20];
	uint8_t reserved_at_a0[0x20];
	struct mlx5_ifc_qpc_bits qpc;
	uint8_t reserved_at_800[0x80];
};

struct mlx5_ifc_sqerr2rts_qp_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_2rst_qp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t vhca_tunnel_id[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_2rst_qp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_qp_2err_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t qpn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_qp_2err_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

#endif /* PRM_QUEUE_H */
