/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * virtio-net queues and their counters: general objects MLX5_GENERAL_OBJ_TYPE_VIRTQ and
 * _VIRTIO_Q_COUNTERS.
 */
#ifndef PRM_VIRTQ_H
#define PRM_VIRTQ_H

#include <stdint.h>
#include "prm_cmd.h"

/* virtio_net_q.state */
enum {
	MLX5_VIRTQ_STATE_INIT = 0,
	MLX5_VIRTQ_STATE_RDY = 1,
	MLX5_VIRTQ_STATE_SUSPEND = 2,
	MLX5_VIRTQ_STATE_ERROR = 3,
};

/* virtio_net_q.modify_field_select */
enum {
	MLX5_VIRTQ_MODIFY_TYPE_STATE = (1UL << 0),
	MLX5_VIRTQ_MODIFY_TYPE_DIRTY_BITMAP_PARAMS = (1UL << 3),
	MLX5_VIRTQ_MODIFY_TYPE_DIRTY_BITMAP_DUMP_ENABLE = (1UL << 4),
	MLX5_VIRTQ_MODIFY_TYPE_QUEUE_PERIOD = (1UL << 5),
	MLX5_VIRTQ_MODIFY_TYPE_ADDR = (1UL << 6),
	MLX5_VIRTQ_MODIFY_TYPE_HW_AVAILABLE_INDEX = (1UL << 7),
	MLX5_VIRTQ_MODIFY_TYPE_HW_USED_INDEX = (1UL << 8),
	MLX5_VIRTQ_MODIFY_TYPE_Q_TYPE = (1UL << 9),
	MLX5_VIRTQ_MODIFY_TYPE_VERSION_1_0 = (1UL << 10),
	MLX5_VIRTQ_MODIFY_TYPE_Q_MKEY = (1UL << 11),
	MLX5_VIRTQ_MODIFY_TYPE_QUEUE_FEATURE_BIT_MASK = (1UL << 12),
	MLX5_VIRTQ_MODIFY_TYPE_EVENT_MODE = (1UL << 13),
	MLX5_VIRTQ_MODIFY_MASK_DESC_GROUP_MKEY = (1UL << 14), /* Linux mlx5_ifc_vdpa.h */
};

struct mlx5_ifc_virtio_q_bits {
	uint8_t virtio_q_type[0x8];
	uint8_t reserved_at_8[0x5];
	uint8_t event_mode[0x3];
	uint8_t queue_index[0x10];
	uint8_t full_emulation[0x1];
	uint8_t virtio_version_1_0[0x1];
	uint8_t reserved_at_22[0x2];
	uint8_t offload_type[0x4];
	uint8_t event_qpn_or_msix[0x18];
	uint8_t doorbell_stride_idx[0x10];
	uint8_t queue_size[0x10];
	uint8_t device_emulation_id[0x20];
	uint8_t desc_addr[0x40];
	uint8_t used_addr[0x40];
	uint8_t available_addr[0x40];
	uint8_t virtio_q_mkey[0x20];
	uint8_t max_tunnel_desc[0x10]; /* Linux mlx5_ifc_vdpa.h */
	uint8_t reserved_at_170[0x8];
	uint8_t error_type[0x8];
	uint8_t umem_1_id[0x20];
	uint8_t umem_1_size[0x20];
	uint8_t umem_1_offset[0x40];
	uint8_t umem_2_id[0x20];
	uint8_t umem_2_size[0x20];
	uint8_t umem_2_offset[0x40];
	uint8_t umem_3_id[0x20];
	uint8_t umem_3_size[0x20];
	uint8_t umem_3_offset[0x40];
	uint8_t counter_set_id[0x20];
	uint8_t reserved_at_320[0x8];
	uint8_t pd[0x18];
	uint8_t reserved_at_340[0x2];
	uint8_t queue_period_mode[0x2];
	uint8_t queue_period_us[0xc];
	uint8_t queue_max_count[0x10];
	uint8_t desc_group_mkey[0x20]; /* Linux mlx5_ifc_vdpa.h */
	uint8_t reserved_at_380[0x80];
};

struct mlx5_ifc_virtio_net_q_bits {
	uint8_t modify_field_select[0x40];
	uint8_t reserved_at_40[0x20];
	uint8_t vhca_id[0x10]; /* Linux mlx5_ifc_vdpa.h */
	uint8_t reserved_at_70[0x10];
	uint8_t tso_ipv4[0x1];
	uint8_t tso_ipv6[0x1];
	uint8_t tx_csum[0x1];
	uint8_t rx_csum[0x1];
	uint8_t reserved_at_84[0x6];
	uint8_t dirty_bitmap_dump_enable[0x1];
	uint8_t vhost_log_page[0x5];
	uint8_t reserved_at_90[0xc];
	uint8_t state[0x4];
	uint8_t reserved_at_a0[0x5];
	uint8_t queue_feature_bit_mask_2_0[0x3]; /* Linux mlx5_ifc_vdpa.h */
	uint8_t tisn_or_qpn[0x18];
	uint8_t dirty_bitmap_mkey[0x20];
	uint8_t dirty_bitmap_size[0x20];
	uint8_t dirty_bitmap_addr[0x40];
	uint8_t hw_available_index[0x10];
	uint8_t hw_used_index[0x10];
	uint8_t reserved_at_160[0xa0];
	struct mlx5_ifc_virtio_q_bits virtio_q_context;
};

struct mlx5_ifc_create_virtq_in_bits {
	struct mlx5_ifc_general_obj_in_cmd_hdr_bits hdr;
	struct mlx5_ifc_virtio_net_q_bits virtq;
};

struct mlx5_ifc_query_virtq_out_bits {
	struct mlx5_ifc_general_obj_in_cmd_hdr_bits hdr;
	struct mlx5_ifc_virtio_net_q_bits virtq;
};

struct mlx5_ifc_virtio_q_counters_bits {
	uint8_t modify_field_select[0x40];
	uint8_t reserved_at_40[0x40];
	uint8_t received_desc[0x40];
	uint8_t completed_desc[0x40];
	uint8_t error_cqes[0x20];
	uint8_t bad_desc_errors[0x20];
	uint8_t exceed_max_chain[0x20];
	uint8_t invalid_buffer[0x20];
	uint8_t reserved_at_180[0x50];
};

struct mlx5_ifc_create_virtio_q_counters_in_bits {
	struct mlx5_ifc_general_obj_in_cmd_hdr_bits hdr;
	struct mlx5_ifc_virtio_q_counters_bits virtio_q_counters;
};

struct mlx5_ifc_query_virtio_q_counters_out_bits {
	struct mlx5_ifc_general_obj_in_cmd_hdr_bits hdr;
	struct mlx5_ifc_virtio_q_counters_bits virtio_q_counters;
};

#endif /* PRM_VIRTQ_H */
