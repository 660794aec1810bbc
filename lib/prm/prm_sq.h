/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Send queues of raw Ethernet. Their entries are in prm_wqe.h.
 */
#ifndef PRM_SQ_H
#define PRM_SQ_H

#include <stdint.h>

#include "prm_queue.h"

/* sqc.state, modify_sq_in.sq_state */
enum {
	MLX5_SQC_STATE_RST = 0x0,
	MLX5_SQC_STATE_RDY = 0x1,
	MLX5_SQC_STATE_ERR = 0x3,
};

struct mlx5_ifc_sqc_bits {
	uint8_t rlky[0x1];
	uint8_t cd_master[0x1];
	uint8_t fre[0x1];
	uint8_t flush_in_error_en[0x1];
	uint8_t allow_multi_pkt_send_wqe[0x1];
	uint8_t min_wqe_inline_mode[0x3];
	uint8_t state[0x4];
	uint8_t reg_umr[0x1];
	uint8_t allow_swp[0x1];
	uint8_t hairpin[0x1];
	uint8_t non_wire[0x1];
	uint8_t static_sq_wq[0x1];
	uint8_t reserved_at_11[0x4];
	uint8_t hairpin_wq_buffer_type[0x3];
	uint8_t reserved_at_18[0x2];
	uint8_t ts_format[0x2];
	uint8_t reserved_at_1c[0x4];
	uint8_t reserved_at_20[0x8];
	uint8_t user_index[0x18];
	uint8_t reserved_at_40[0x8];
	uint8_t cqn[0x18];
	uint8_t reserved_at_60[0x8];
	uint8_t hairpin_peer_rq[0x18];
	uint8_t reserved_at_80[0x10];
	uint8_t hairpin_peer_vhca[0x10];
	uint8_t reserved_at_a0[0x28];
	uint8_t ts_cqe_to_dest_cqn[0x18]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_e0[0x10];
	uint8_t packet_pacing_rate_limit_index[0x10];
	uint8_t tis_lst_sz[0x10];
	uint8_t qos_queue_group_id[0x10]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_120[0x48];
	uint8_t tis_num_0[0x18];
	struct mlx5_ifc_wq_bits wq;
};

struct mlx5_ifc_create_sq_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_sqc_bits ctx;
};

struct mlx5_ifc_create_sq_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t sqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_modify_sq_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t sq_state[0x4];
	uint8_t reserved_at_44[0x4];
	uint8_t sqn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t modify_bitmask[0x40];
	uint8_t reserved_at_c0[0x40];
	struct mlx5_ifc_sqc_bits ctx;
};

struct mlx5_ifc_modify_sq_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_sq_in_bits {
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t sqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_sq_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_sqc_bits sq_context;
};

struct mlx5_ifc_destroy_sq_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t sqn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_sq_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

#endif /* PRM_SQ_H */
