/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Steering: transport domains, TIS, TIR, RQT, and the match of flows.
 */
#ifndef PRM_STEER_H
#define PRM_STEER_H

#include <stdint.h>

/* rx_hash_field_select.l3_prot_type */
enum {
	MLX5_L3_PROT_TYPE_IPV4 = 0,
	MLX5_L3_PROT_TYPE_IPV6 = 1,
};

/* rx_hash_field_select.l4_prot_type */
enum {
	MLX5_L4_PROT_TYPE_TCP = 0,
	MLX5_L4_PROT_TYPE_UDP = 1,
};

/* rx_hash_field_select.selected_fields: bit numbers */
enum {
	MLX5_RX_HASH_FIELD_SELECT_SELECTED_FIELDS_SRC_IP = 0x0,
	MLX5_RX_HASH_FIELD_SELECT_SELECTED_FIELDS_DST_IP = 0x1,
	MLX5_RX_HASH_FIELD_SELECT_SELECTED_FIELDS_L4_SPORT = 0x2,
	MLX5_RX_HASH_FIELD_SELECT_SELECTED_FIELDS_L4_DPORT = 0x3,
	MLX5_RX_HASH_FIELD_SELECT_SELECTED_FIELDS_IPSEC_SPI = 0x4,
};

/* tirc.disp_type */
enum {
	MLX5_TIRC_DISP_TYPE_DIRECT = 0x0,
	MLX5_TIRC_DISP_TYPE_INDIRECT = 0x1,
};

/* tirc.rx_hash_fn */
enum {
	MLX5_RX_HASH_FN_NONE = 0x0,
	MLX5_RX_HASH_FN_INVERTED_XOR8 = 0x1,
	MLX5_RX_HASH_FN_TOEPLITZ = 0x2,
};

/* tirc.self_lb_block */
enum {
	MLX5_TIRC_SELF_LB_BLOCK_BLOCK_UNICAST = 0x1,
	MLX5_TIRC_SELF_LB_BLOCK_BLOCK_MULTICAST = 0x2,
};

/* modify_tir_in.modify_bitmask */
enum {
	MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_LRO = 1ULL << 0,
	MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_INDIRECT_TABLE = 1ULL << 1,
	MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_HASH = 1ULL << 2,
	MLX5_MODIFY_TIR_IN_MODIFY_BITMASK_SELF_LB_EN = 1ULL << 4,
};

/* rqtc.list_q_type */
enum {
	MLX5_INLINE_Q_TYPE_RQ = 0x0,
	MLX5_INLINE_Q_TYPE_VIRTQ = 0x1,
};

/* match_criteria_enable: bit numbers */
enum {
	MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT = 0,
	MLX5_MATCH_CRITERIA_ENABLE_MISC_BIT = 1,
	MLX5_MATCH_CRITERIA_ENABLE_INNER_BIT = 2,
	MLX5_MATCH_CRITERIA_ENABLE_MISC2_BIT = 3,
	MLX5_MATCH_CRITERIA_ENABLE_MISC3_BIT = 4,
	MLX5_MATCH_CRITERIA_ENABLE_MISC4_BIT = 5,
	MLX5_MATCH_CRITERIA_ENABLE_MISC5_BIT = 6,
};

struct mlx5_ifc_alloc_transport_domain_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_alloc_transport_domain_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t transport_domain[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_dealloc_transport_domain_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t transport_domain[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_dealloc_transport_domain_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_tisc_bits {
	uint8_t strict_lag_tx_port_affinity[0x1];
	uint8_t tls_en[0x1]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_2[0x2];
	uint8_t lag_tx_port_affinity[0x4];
	uint8_t reserved_at_8[0x4];
	uint8_t prio[0x4];
	uint8_t reserved_at_10[0x118];
	uint8_t transport_domain[0x18];
	uint8_t reserved_at_140[0x8];
	uint8_t underlay_qpn[0x18];
	uint8_t reserved_at_160[0x8];
	uint8_t pd[0x18]; /* Linux mlx5_ifc.h */
	uint8_t reserved_at_180[0x380];
};

struct mlx5_ifc_create_tis_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_tisc_bits ctx;
};

struct mlx5_ifc_create_tis_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t tisn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_modify_tis_bitmask_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0x3d];
	uint8_t lag_tx_port_affinity[0x1];
	uint8_t strict_lag_tx_port_affinity[0x1];
	uint8_t prio[0x1];
};

struct mlx5_ifc_modify_tis_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t tisn[0x18];
	uint8_t reserved_at_60[0x20];
	struct mlx5_ifc_modify_tis_bitmask_bits bitmask;
	uint8_t reserved_at_c0[0x40];
	struct mlx5_ifc_tisc_bits ctx;
};

struct mlx5_ifc_modify_tis_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_destroy_tis_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t tisn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_tis_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_tis_in_bits {
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t tisn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_tis_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
	struct mlx5_ifc_tisc_bits tis_context;
};

struct mlx5_ifc_rx_hash_field_select_bits {
	uint8_t l3_prot_type[0x1];
	uint8_t l4_prot_type[0x1];
	uint8_t selected_fields[0x1e];
};

struct mlx5_ifc_tirc_bits {
	uint8_t reserved_at_0[0x20];
	uint8_t disp_type[0x4];
	uint8_t reserved_at_24[0x60];
	uint8_t lro_timeout_period_usecs[0x10];
	uint8_t lro_enable_mask[0x4];
	uint8_t lro_max_msg_sz[0x8];
	uint8_t reserved_at_a0[0x48];
	uint8_t inline_rqn[0x18];
	uint8_t rx_hash_symmetric[0x1];
	uint8_t reserved_at_101[0x1];
	uint8_t tunneled_offload_en[0x1];
	uint8_t reserved_at_103[0x5];
	uint8_t indirect_table[0x18];
	uint8_t rx_hash_fn[0x4];
	uint8_t reserved_at_124[0x2];
	uint8_t self_lb_block[0x2];
	uint8_t transport_domain[0x18];
	uint8_t rx_hash_toeplitz_key[0xa][0x20];
	struct mlx5_ifc_rx_hash_field_select_bits rx_hash_field_selector_outer;
	struct mlx5_ifc_rx_hash_field_select_bits rx_hash_field_selector_inner;
	uint8_t reserved_at_2c0[0x4c0];
};

struct mlx5_ifc_create_tir_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_tirc_bits ctx;
};

struct mlx5_ifc_create_tir_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t tirn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_modify_tir_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t tirn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t modify_bitmask[0x40];
	uint8_t reserved_at_c0[0x40];
	struct mlx5_ifc_tirc_bits ctx;
};

struct mlx5_ifc_modify_tir_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_destroy_tir_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t tirn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_tir_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_tir_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t tirn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_tir_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_tirc_bits tir_context;
};

struct mlx5_ifc_rq_num_bits {
	uint8_t reserved_at_0[0x8];
	uint8_t rq_num[0x18];
};

struct mlx5_ifc_rqtc_bits {
	uint8_t reserved_at_0[0xa5];
	uint8_t list_q_type[0x3];
	uint8_t reserved_at_a8[0x8];
	uint8_t rqt_max_size[0x10];
	uint8_t reserved_at_c0[0x10];
	uint8_t rqt_actual_size[0x10];
	uint8_t reserved_at_e0[0x6a0];
	struct mlx5_ifc_rq_num_bits rq_num[];
};

struct mlx5_ifc_create_rqt_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_rqtc_bits rqt_context;
};

struct mlx5_ifc_create_rqt_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x8];
	uint8_t rqtn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_rqt_bitmask_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0x3f];
	uint8_t rqn_list[0x1];
};

struct mlx5_ifc_modify_rqt_in_bits {
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t rqtn[0x18];
	uint8_t reserved_at_60[0x20];
	uint8_t modify_bitmask[0x40];
	uint8_t reserved_at_c0[0x40];
	struct mlx5_ifc_rqtc_bits rqt_context;
};

struct mlx5_ifc_modify_rqt_out_bits {
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_destroy_rqt_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t uid[0x10];
	uint8_t reserved_at_20[0x10];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t rqtn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_destroy_rqt_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0x40];
};

struct mlx5_ifc_query_rqt_in_bits { /* Linux mlx5_ifc.h */
	uint8_t opcode[0x10];
	uint8_t reserved_at_10[0x20];
	uint8_t op_mod[0x10];
	uint8_t reserved_at_40[0x8];
	uint8_t rqtn[0x18];
	uint8_t reserved_at_60[0x20];
};

struct mlx5_ifc_query_rqt_out_bits { /* Linux mlx5_ifc.h */
	uint8_t status[0x8];
	uint8_t reserved_at_8[0x18];
	uint8_t syndrome[0x20];
	uint8_t reserved_at_40[0xc0];
	struct mlx5_ifc_rqtc_bits rqt_context;
};

struct mlx5_ifc_ipv4_layout_bits {
	uint8_t reserved_at_0[0x60];
	uint8_t ipv4[0x20];
};

struct mlx5_ifc_ipv6_layout_bits {
	uint8_t ipv6[0x10][0x8];
};

union mlx5_ifc_ipv6_layout_ipv4_layout_auto_bits {
	struct mlx5_ifc_ipv6_layout_bits ipv6_layout;
	struct mlx5_ifc_ipv4_layout_bits ipv4_layout;
};

struct mlx5_ifc_fte_match_set_lyr_2_4_bits {
	uint8_t smac_47_16[0x20];
	uint8_t smac_15_0[0x10];
	uint8_t ethertype[0x10];
	uint8_t dmac_47_16[0x20];
	uint8_t dmac_15_0[0x10];
	uint8_t first_prio[0x3];
	uint8_t first_cfi[0x1];
	uint8_t first_vid[0xc];
	uint8_t ip_protocol[0x8];
	uint8_t ip_dscp[0x6];
	uint8_t ip_ecn[0x2];
	uint8_t cvlan_tag[0x1];
	uint8_t svlan_tag[0x1];
	uint8_t frag[0x1];
	uint8_t ip_version[0x4];
	uint8_t tcp_flags[0x9];
	uint8_t tcp_sport[0x10];
	uint8_t tcp_dport[0x10];
	uint8_t reserved_at_c0[0x10];
	uint8_t ipv4_ihl[0x4];
	uint8_t l3_ok[0x1];
	uint8_t l4_ok[0x1];
	uint8_t ipv4_checksum_ok[0x1];
	uint8_t l4_checksum_ok[0x1];
	uint8_t ip_ttl_hoplimit[0x8];
	uint8_t udp_sport[0x10];
	uint8_t udp_dport[0x10];
	union mlx5_ifc_ipv6_layout_ipv4_layout_auto_bits src_ipv4_src_ipv6;
	union mlx5_ifc_ipv6_layout_ipv4_layout_auto_bits dst_ipv4_dst_ipv6;
};

struct mlx5_ifc_fte_match_set_misc_bits {
	uint8_t gre_c_present[0x1];
	uint8_t reserved_at_1[0x1];
	uint8_t gre_k_present[0x1];
	uint8_t gre_s_present[0x1];
	uint8_t source_vhci_port[0x4];
	uint8_t source_sqn[0x18];
	uint8_t reserved_at_20[0x10];
	uint8_t source_port[0x10];
	uint8_t outer_second_prio[0x3];
	uint8_t outer_second_cfi[0x1];
	uint8_t outer_second_vid[0xc];
	uint8_t inner_second_prio[0x3];
	uint8_t inner_second_cfi[0x1];
	uint8_t inner_second_vid[0xc];
	uint8_t outer_second_cvlan_tag[0x1];
	uint8_t inner_second_cvlan_tag[0x1];
	uint8_t outer_second_svlan_tag[0x1];
	uint8_t inner_second_svlan_tag[0x1];
	uint8_t reserved_at_64[0xc];
	uint8_t gre_protocol[0x10];
	uint8_t gre_key_h[0x18];
	uint8_t gre_key_l[0x8];
	uint8_t vxlan_vni[0x18];
	uint8_t reserved_at_b8[0x8];
	uint8_t geneve_vni[0x18];
	uint8_t reserved_at_d8[0x6];
	uint8_t geneve_tlv_option_0_exist[0x1];
	uint8_t geneve_oam[0x1];
	uint8_t reserved_at_e0[0xc];
	uint8_t outer_ipv6_flow_label[0x14];
	uint8_t reserved_at_100[0xc];
	uint8_t inner_ipv6_flow_label[0x14];
	uint8_t reserved_at_120[0xa];
	uint8_t geneve_opt_len[0x6];
	uint8_t geneve_protocol_type[0x10];
	uint8_t reserved_at_140[0x20];
	uint8_t inner_esp_spi[0x20];
	uint8_t outer_esp_spi[0x20];
	uint8_t reserved_at_1a0[0x60];
};

struct mlx5_ifc_fte_match_mpls_bits {
	uint8_t mpls_label[0x14];
	uint8_t mpls_exp[0x3];
	uint8_t mpls_s_bos[0x1];
	uint8_t mpls_ttl[0x8];
};

struct mlx5_ifc_fte_match_set_misc2_bits {
	struct mlx5_ifc_fte_match_mpls_bits outer_first_mpls;
	struct mlx5_ifc_fte_match_mpls_bits inner_first_mpls;
	struct mlx5_ifc_fte_match_mpls_bits outer_first_mpls_over_gre;
	struct mlx5_ifc_fte_match_mpls_bits outer_first_mpls_over_udp;
	uint8_t metadata_reg_c_7[0x20];
	uint8_t metadata_reg_c_6[0x20];
	uint8_t metadata_reg_c_5[0x20];
	uint8_t metadata_reg_c_4[0x20];
	uint8_t metadata_reg_c_3[0x20];
	uint8_t metadata_reg_c_2[0x20];
	uint8_t metadata_reg_c_1[0x20];
	uint8_t metadata_reg_c_0[0x20];
	uint8_t metadata_reg_a[0x20];
	uint8_t metadata_reg_b[0x20];
	uint8_t reserved_at_1c0[0x40];
};

struct mlx5_ifc_fte_match_set_misc3_bits {
	uint8_t inner_tcp_seq_num[0x20];
	uint8_t outer_tcp_seq_num[0x20];
	uint8_t inner_tcp_ack_num[0x20];
	uint8_t outer_tcp_ack_num[0x20];
	uint8_t reserved_at_80[0x8];
	uint8_t outer_vxlan_gpe_vni[0x18];
	uint8_t outer_vxlan_gpe_next_protocol[0x8];
	uint8_t outer_vxlan_gpe_flags[0x8];
	uint8_t reserved_at_b0[0x10];
	uint8_t icmp_header_data[0x20];
	uint8_t icmpv6_header_data[0x20];
	uint8_t icmp_type[0x8];
	uint8_t icmp_code[0x8];
	uint8_t icmpv6_type[0x8];
	uint8_t icmpv6_code[0x8];
	uint8_t geneve_tlv_option_0_data[0x20];
	uint8_t gtpu_teid[0x20];
	uint8_t gtpu_msg_type[0x8];
	uint8_t gtpu_msg_flags[0x8];
	uint8_t reserved_at_170[0x10];
	uint8_t gtpu_dw_2[0x20];
	uint8_t gtpu_first_ext_dw_0[0x20];
	uint8_t gtpu_dw_0[0x20];
	uint8_t reserved_at_1e0[0x20];
};

struct mlx5_ifc_fte_match_set_misc4_bits {
	uint8_t prog_sample_field_value_0[0x20];
	uint8_t prog_sample_field_id_0[0x20];
	uint8_t prog_sample_field_value_1[0x20];
	uint8_t prog_sample_field_id_1[0x20];
	uint8_t prog_sample_field_value_2[0x20];
	uint8_t prog_sample_field_id_2[0x20];
	uint8_t prog_sample_field_value_3[0x20];
	uint8_t prog_sample_field_id_3[0x20];
	uint8_t prog_sample_field_value_4[0x20];
	uint8_t prog_sample_field_id_4[0x20];
	uint8_t prog_sample_field_value_5[0x20];
	uint8_t prog_sample_field_id_5[0x20];
	uint8_t prog_sample_field_value_6[0x20];
	uint8_t prog_sample_field_id_6[0x20];
	uint8_t prog_sample_field_value_7[0x20];
	uint8_t prog_sample_field_id_7[0x20];
};

struct mlx5_ifc_fte_match_set_misc5_bits {
	uint8_t macsec_tag_0[0x20];
	uint8_t macsec_tag_1[0x20];
	uint8_t macsec_tag_2[0x20];
	uint8_t macsec_tag_3[0x20];
	uint8_t tunnel_header_0[0x20];
	uint8_t tunnel_header_1[0x20];
	uint8_t tunnel_header_2[0x20];
	uint8_t tunnel_header_3[0x20];
	uint8_t reserved_at_100[0x100];
};

struct mlx5_ifc_fte_match_param_bits {
	struct mlx5_ifc_fte_match_set_lyr_2_4_bits outer_headers;
	struct mlx5_ifc_fte_match_set_misc_bits misc_parameters;
	struct mlx5_ifc_fte_match_set_lyr_2_4_bits inner_headers;
	struct mlx5_ifc_fte_match_set_misc2_bits misc_parameters_2;
	struct mlx5_ifc_fte_match_set_misc3_bits misc_parameters_3;
	struct mlx5_ifc_fte_match_set_misc4_bits misc_parameters_4;
	struct mlx5_ifc_fte_match_set_misc5_bits misc_parameters_5;
	uint8_t reserved_at_e00[0x200];
};

#endif /* PRM_STEER_H */
