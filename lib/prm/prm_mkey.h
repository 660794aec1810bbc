/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Memory: keys (page lists, lists of keys) and user memory (umem).
 */
#ifndef PRM_MKEY_H
#define PRM_MKEY_H

#include <stdint.h>

/* mkc.access_mode_1_0 */
enum {
	MLX5_MKC_ACCESS_MODE_PA = 0x0, /* Linux mlx5_ifc.h */
	MLX5_MKC_ACCESS_MODE_MTT = 0x1,
	MLX5_MKC_ACCESS_MODE_KLM = 0x2,
	MLX5_MKC_ACCESS_MODE_KLM_FBS = 0x3,
};

struct mlx5_ifc_mkc_bits {
	uint8_t reserved_at_0[0x1];
	uint8_t free[0x1];
	uint8_t reserved_at_2[0x1];
	uint8_t access_mode_4_2[0x3];
	uint8_t reserved_at_6[0x7];
	uint8_t relaxed_ordering_write[0x1];
	uint8_t reserved_at_e[0x1];
	uint8_t small_fence_on_rdma_read_response[0x1];
	uint8_t umr_en[0x1];
	uint8_t a[0x1];
	uint8_t rw[0x1];
	uint8_t rr[0x1];
	uint8_t lw[0x1];
	uint8_t lr[0x1];
	uint8_t access_mode_1_0[0x2];
	uint8_t reserved_at_18[0x8];
	uint8_t qpn[0x18];
	uint8_t mkey_7_0[0x8];
	uint8_t reserved_at_40[0x20];
	uint8_t length64[0x1];
	uint8_t bsf_en[0x1];
	uint8_t sync_umr[0x1];
	uint8_t reserved_at_63[0x2];
	uint8_t expected_sigerr_count[0x1];
	uint8_t reserved_at_66[0x1];
	uint8_t en_rinval[0x1];
	uint8_t pd[0x18];
	uint8_t start_addr[0x40];
	uint8_t len[0x40];
	uint8_t bsf_octword_size[0x20];
	uint8_t reserved_at_120[0x80];
	uint8_t translations_octword_size[0x20];
	uint8_t reserved_at_1c0[0x19];
	uint8_t relaxed_ordering_read[0x1];
	uint8_t reserved_at_1da[0x1];
	uint8_t log_page_size[0x5];
	uint8_t reserved_at_1e0[0x3];
	uint8_t crypto_en[0x2];
	uint8_t reserved_at_1e5[0x1b];
};

struct mlx5_ifc_klm_bits {
	uint8_t byte_count[0x20];
	uint8_t mkey[0x20];
	uint8_t address[0x40];
};

struct mlx5_ifc_create_mkey_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x20];
	uint8_t pg_access[0x1];
	uint8_t mkey_umem_valid[0x1]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_62[0x1e];
	struct mlx5_ifc_mkc_bits memory_key_mkey_entry;
	uint8_t reserved_at_280[0x80];
	uint8_t translations_octword_actual_size[0x20];
	uint8_t mkey_umem_id[0x20];
	uint8_t mkey_umem_offset[0x40];
	uint8_t reserved_at_380[0x500];
	uint8_t klm_pas_mtt[][0x20];
};

struct mlx5_ifc_create_mkey_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t mkey_index[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_mkey_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t mkey_index[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_mkey_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_mkey_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t mkey_index[0x18];
	uint8_t pg_access[0x1];
	uint8_t reserved_at_61[0x1f];
};

struct mlx5_ifc_query_mkey_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
	struct mlx5_ifc_mkc_bits memory_key_mkey_entry;
	uint8_t reserved_at_280[0x600];
	uint8_t bsf0_klm0_pas_mtt0_1[0x10][0x8];
	uint8_t bsf1_klm1_pas_mtt2_3[0x10][0x8];
};

struct mlx5_ifc_mtt_bits { /* Linux mlx5_ifc.h */
	uint8_t ptag_63_32[0x20];
	uint8_t ptag_31_8[0x18];
	uint8_t reserved_at_38[0x6];
	uint8_t wr_en[0x1];
	uint8_t rd_en[0x1];
};

struct mlx5_ifc_umem_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0x80];
	uint8_t ats[0x1];
	uint8_t reserved_at_81[0x1a];
	uint8_t log_page_size[0x5];
	uint8_t page_offset[0x20];
	uint8_t num_of_mtt[0x40];
	struct mlx5_ifc_mtt_bits mtt[];
};

struct mlx5_ifc_create_umem_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
	struct mlx5_ifc_umem_bits umem;
};

struct mlx5_ifc_create_umem_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t umem_id[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_umem_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t umem_id[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_umem_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

#endif /* PRM_MKEY_H */
