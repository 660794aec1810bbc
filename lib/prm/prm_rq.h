/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Raw Ethernet receive queues (RQ), receive memory pools (RMP), and the counters of queues.
 */
#ifndef PRM_RQ_H
#define PRM_RQ_H

#include <stdint.h>

#include "prm_queue.h"

/* rqc.mem_rq_type */
enum {
	MLX5_RQC_MEM_RQ_TYPE_MEMORY_RQ_INLINE = 0x0,
	MLX5_RQC_MEM_RQ_TYPE_MEMORY_RQ_RMP = 0x1,
};

/* rqc.state, modify_rq_in.rq_state */
enum {
	MLX5_RQC_STATE_RST = 0x0,
	MLX5_RQC_STATE_RDY = 0x1,
	MLX5_RQC_STATE_ERR = 0x3,
};

/* rmpc.state, modify_rmp_in.rmp_state */
enum {
	MLX5_RMPC_STATE_RDY = 0x1,
	MLX5_RMPC_STATE_ERR = 0x3,
};

/* modify_rq_in.modify_bitmask */
enum {
	MLX5_MODIFY_RQ_IN_MODIFY_BITMASK_WQ_LWM = 1ULL << 0,
	MLX5_MODIFY_RQ_IN_MODIFY_BITMASK_VSD = 1ULL << 1,
	MLX5_MODIFY_RQ_IN_MODIFY_BITMASK_SCATTER_FCS = 1ULL << 2,
	MLX5_MODIFY_RQ_IN_MODIFY_BITMASK_RQ_COUNTER_SET_ID = 1ULL << 3,
};

struct mlx5_ifc_rqc_bits {
	uint8_t rlky[0x1];
	uint8_t delay_drop_en[0x1];
	uint8_t scatter_fcs[0x1];
	uint8_t vsd[0x1];
	uint8_t mem_rq_type[0x4];
	uint8_t state[0x4];
	uint8_t reserved_at_c[0x1];
	uint8_t flush_in_error_en[0x1];
	uint8_t hairpin[0x1];
	uint8_t reserved_at_f[0x6];
	uint8_t hairpin_data_buffer_type[0x3];
	uint8_t reserved_at_a8[0x2];
	uint8_t ts_format[0x2];
	uint8_t reserved_at_1c[0x4];
	uint8_t reserved_at_20[0x8];
	uint8_t user_index[0x18];
	uint8_t reserved_at_40[0x8];
	uint8_t cqn[0x18];
	uint8_t counter_set_id[0x8];
	uint8_t reserved_at_68[0x18];
	uint8_t reserved_at_80[0x8];
	uint8_t rmpn[0x18];
	uint8_t reserved_at_a0[0x8];
	uint8_t hairpin_peer_sq[0x18];
	uint8_t reserved_at_c0[0x10];
	uint8_t hairpin_peer_vhca[0x10];
	uint8_t reserved_at_e0[0xa0];
	struct mlx5_ifc_wq_bits wq;
};

struct mlx5_ifc_create_rq_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_rqc_bits ctx;
};

struct mlx5_ifc_create_rq_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t rqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_modify_rq_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t rq_state[0x4];
	uint8_t reserved_at_44[0x4];
	uint8_t rqn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t modify_bitmask[0x40];
	uint8_t reserved_at_c0[0x40];
	struct mlx5_ifc_rqc_bits ctx;
};

struct mlx5_ifc_modify_rq_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_destroy_rq_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t rqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_rq_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_rq_in_bits {
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t rqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_rq_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_rqc_bits rq_context;
};

struct mlx5_ifc_rmpc_bits {
	uint8_t reserved_at_0[0x8];
	uint8_t state[0x4];
	uint8_t reserved_at_c[0x14];
	uint8_t basic_cyclic_rcv_wqe[0x1];
	uint8_t reserved_at_21[0x1f];
	uint8_t reserved_at_40[0x140];
	struct mlx5_ifc_wq_bits wq;
};

struct mlx5_ifc_rmp_bitmask_bits {
	uint8_t reserved_at_0[0x20];
	uint8_t reserved_at_20[0x1f];
	uint8_t lwm[0x1];
};

struct mlx5_ifc_create_rmp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_rmpc_bits ctx;
};

struct mlx5_ifc_create_rmp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t rmpn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_modify_rmp_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t rmp_state[0x4];
	uint8_t reserved_at_44[0x4];
	uint8_t rmpn[0x18];
	uint8_t reserved_at_60[0x20];
	struct mlx5_ifc_rmp_bitmask_bits bitmask;
	uint8_t reserved_at_c0[0x40];
	struct mlx5_ifc_rmpc_bits ctx;
};

struct mlx5_ifc_modify_rmp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_destroy_rmp_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t rmpn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_rmp_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_rmp_in_bits {
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t rmpn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_rmp_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_rmpc_bits rmp_context;
};

struct mlx5_ifc_alloc_q_counter_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_alloc_q_counter_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x18];
	uint8_t counter_set_id[0x8];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_dealloc_q_counter_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x18];
	uint8_t counter_set_id[0x8];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_dealloc_q_counter_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_q_counter_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x80];
	uint8_t clear[0x1];
	uint8_t reserved_at_c1[0x1f];
	uint8_t reserved_at_e0[0x18];
	uint8_t counter_set_id[0x8];
};

struct mlx5_ifc_query_q_counter_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
	uint8_t rx_write_requests[0x20];
	uint8_t reserved_at_a0[0x20];
	uint8_t rx_read_requests[0x20];
	uint8_t reserved_at_e0[0x20];
	uint8_t rx_atomic_requests[0x20];
	uint8_t reserved_at_120[0x20];
	uint8_t rx_dct_connect[0x20];
	uint8_t reserved_at_160[0x20];
	uint8_t out_of_buffer[0x20];
	uint8_t reserved_at_1a0[0x20];
	uint8_t out_of_sequence[0x20];
	uint8_t reserved_at_1e0[0x20];
	uint8_t duplicate_request[0x20];
	uint8_t reserved_at_220[0x20];
	uint8_t rnr_nak_retry_err[0x20];
	uint8_t reserved_at_260[0x20];
	uint8_t packet_seq_err[0x20];
	uint8_t reserved_at_2a0[0x20];
	uint8_t implied_nak_seq_err[0x20];
	uint8_t reserved_at_2e0[0x20];
	uint8_t local_ack_timeout_err[0x20];
	uint8_t reserved_at_320[0xa0];
	uint8_t resp_local_length_error[0x20];
	uint8_t req_local_length_error[0x20];
	uint8_t resp_local_qp_error[0x20];
	uint8_t local_operation_error[0x20];
	uint8_t resp_local_protection[0x20];
	uint8_t req_local_protection[0x20];
	uint8_t resp_cqe_error[0x20];
	uint8_t req_cqe_error[0x20];
	uint8_t req_mw_binding[0x20];
	uint8_t req_bad_response[0x20];
	uint8_t req_remote_invalid_request[0x20];
	uint8_t resp_remote_invalid_request[0x20];
	uint8_t req_remote_access_errors[0x20];
	uint8_t resp_remote_access_errors[0x20];
	uint8_t req_remote_operation_errors[0x20];
	uint8_t req_transport_retries_exceeded[0x20];
	uint8_t cq_overflow[0x20];
	uint8_t resp_cqe_flush_error[0x20];
	uint8_t req_cqe_flush_error[0x20];
	uint8_t reserved_at_620[0x1e0];
};

#endif /* PRM_RQ_H */
