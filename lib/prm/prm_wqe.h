/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Entries of raw Ethernet work queues and of their completion queues: what <infiniband/mlx5dv.h>
 * leaves out. From there come struct mlx5_wqe_ctrl_seg, mlx5_wqe_eth_seg, mlx5_wqe_data_seg,
 * mlx5_cqe64 and mlx5_err_cqe, MLX5_OPCODE_*, MLX5_CQE_* of opcodes and syndromes, MLX5_INLINE_SEG,
 * MLX5_ETH_WQE_L3_CSUM and MLX5_ETH_WQE_L4_CSUM.
 */
#ifndef PRM_WQE_H
#define PRM_WQE_H

#include <infiniband/mlx5dv.h>
#include <stddef.h>
#include <stdint.h>

/* mlx5_wqe_ctrl_seg.fm_ce_se, bits 3:2 */
enum mlx5_completion_mode {
	MLX5_COMP_ONLY_ERR = 0x0,
	MLX5_COMP_ONLY_FIRST_ERR = 0x1,
	MLX5_COMP_ALWAYS = 0x2,
	MLX5_COMP_CQE_AND_EQE = 0x3,
};
#define MLX5_COMP_MODE_OFFSET 2

/* Opcode of an enhanced multi-packet entry: each of its data segments is a frame of its own. */
#define MLX5_OPCODE_ENHANCED_MPSW 0x29u

/* Work queue entries, in bytes; segments of one entry at most; what an Ethernet segment holds of
 * the frame when the NIC wants the layer 2 header inlined: 14 bytes, and 4 of a VLAN tag. */
#define MLX5_WSEG_SIZE 16u
#define MLX5_DSEG_MAX 63
#define MLX5_ESEG_MIN_INLINE_SIZE 18u

/* mlx5_wqe_eth_seg: of the word inline_hdr_sz, inline_hdr_start: a VLAN tag is inserted */
#define MLX5_ETH_WQE_VLAN_INSERT (1u << 31)

/* prm_eth_cqe.hdr_type_etc, in the CPU's byte order */
#define MLX5_CQE_VLAN_STRIPPED (1u << 0)
#define MLX5_CQE_RX_IPV6_PACKET (1u << 2)
#define MLX5_CQE_RX_IPV4_PACKET (1u << 3)
#define MLX5_CQE_RX_IP_FRAG_PACKET (1u << 7)
#define MLX5_CQE_RX_L2_HDR_VALID (1u << 8)
#define MLX5_CQE_RX_L3_HDR_VALID (1u << 9)
#define MLX5_CQE_RX_L4_HDR_VALID (1u << 10)
#define MLX5_CQE_L4_TYPE_MASK 0x70
#define MLX5_CQE_L4_TYPE_SHIFT 0x4

/* its layer 4 type */
enum { /* Linux device.h */
	CQE_L4_HDR_TYPE_NONE = 0x0,
	CQE_L4_HDR_TYPE_TCP_NO_ACK = 0x1,
	CQE_L4_HDR_TYPE_UDP = 0x2,
	CQE_L4_HDR_TYPE_TCP_ACK_NO_DATA = 0x3,
	CQE_L4_HDR_TYPE_TCP_ACK_AND_DATA = 0x4,
};

/* prm_eth_cqe.rx_hash_type: which headers were hashed, layer 3 in bits 3:2, layer 4 in bits 7:6 */
enum { /* Linux device.h */
	CQE_RSS_HTYPE_IP = 0x3 << 2,
	CQE_RSS_IP_NONE = 0x0,
	CQE_RSS_IPV4 = 0x1,
	CQE_RSS_IPV6 = 0x2,
	CQE_RSS_HTYPE_L4 = 0x3 << 6,
	CQE_RSS_L4_NONE = 0x0,
	CQE_RSS_L4_TCP = 0x1,
	CQE_RSS_L4_UDP = 0x2,
	CQE_RSS_L4_IPSEC = 0x3,
};

/*
 * A completion of raw Ethernet, under the names of DPDK's struct mlx5_cqe. Numbers are big endian.
 */
struct prm_eth_cqe {
	uint8_t pkt_info;
	uint8_t reserved_1;
	uint16_t wqe_id;
	uint8_t lro_tcppsh_abort_dupack;
	uint8_t lro_min_ttl;
	uint16_t lro_tcp_win;
	uint32_t lro_ack_seq_num;
	uint32_t rx_hash_res;
	uint8_t rx_hash_type;
	uint8_t reserved_17[3];
	uint16_t csum;
	uint8_t reserved_22[6];
	uint16_t hdr_type_etc;
	uint16_t vlan_info;
	uint8_t lro_num_seg;
	uint8_t user_index_bytes[3];
	uint32_t flow_table_metadata;
	uint8_t reserved_40[4];
	uint32_t byte_cnt;
	uint64_t timestamp;
	uint32_t sop_drop_qpn;
	uint16_t wqe_counter;
	uint8_t signature;
	uint8_t op_own;
};

_Static_assert(sizeof(struct prm_eth_cqe) == sizeof(struct mlx5_cqe64), "64 bytes");

/*
 * Compressed completions: a title, whose byte_cnt is how many there are, and arrays of what each
 * has of its own (Linux device.h struct mlx5_mini_cqe8, en_rx.c). A session takes as many entries
 * of the queue as it has completions: the title the first, the arrays the second, and from then on
 * each eighth; the others are not written.
 */
#define MLX5E_CQE_FORMAT_MASK 0xc /* of op_own */
#define MLX5_COMPRESSED 0x3 /* in there */
#define PRM_CQE_COMPRESSED (MLX5_COMPRESSED << 2)
#define PRM_MINI_CQES 8u /* in an array */

/* cqc.mini_cqe_res_format */
enum {
	MLX5_CQE_RESP_FORMAT_HASH = 0x0,
	MLX5_CQE_RESP_FORMAT_CSUM = 0x1,
};

/* Big endian. */
struct prm_mini_cqe {
	union {
		uint32_t rx_hash_res;
		uint16_t csum;
	};
	uint32_t byte_cnt;
};

#endif /* PRM_WQE_H */
