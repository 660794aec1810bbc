/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Events: types and entries of an event queue, as a DevX event channel delivers them.
 */
#ifndef PRM_EVENT_H
#define PRM_EVENT_H

#include <stdint.h>

/* eqe.event_type */
enum {
	MLX5_EVENT_TYPE_COMP = 0x0, /* Linux device.h */
	MLX5_EVENT_TYPE_CQ_ERROR = 0x4, /* Linux device.h */
	MLX5_EVENT_TYPE_WQ_CATAS_ERROR = 0x5, /* Linux device.h */
	MLX5_EVENT_TYPE_INTERNAL_ERROR = 0x8, /* Linux device.h */
	MLX5_EVENT_TYPE_PORT_CHANGE = 0x9, /* Linux device.h */
	MLX5_EVENT_TYPE_NIC_VPORT_CHANGE = 0xd, /* Linux device.h */
	MLX5_EVENT_TYPE_WQ_INVAL_REQ_ERROR = 0x10, /* Linux device.h */
	MLX5_EVENT_TYPE_WQ_ACCESS_ERROR = 0x11, /* Linux device.h */
	MLX5_EVENT_TYPE_OBJECT_CHANGE = 0x27,
};

struct mlx5_ifc_comp_event_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0xc8];
	uint8_t cq_number[0x18];
};

struct mlx5_ifc_cq_error_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0x8];
	uint8_t cqn[0x18];
	uint8_t reserved_at_20[0x38];
	uint8_t syndrome[0x8];
	uint8_t reserved_at_60[0x80];
};

struct mlx5_ifc_qp_events_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0xa0];
	uint8_t type[0x8]; /* 0: a queue pair */
	uint8_t reserved_at_a8[0x18];
	uint8_t reserved_at_c0[0x8];
	uint8_t qpn_rqn_sqn[0x18];
};

struct mlx5_ifc_affiliated_event_header_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0x10];
	uint8_t obj_type[0x10];
	uint8_t obj_id[0x20];
};

struct mlx5_ifc_eqe_bits { /* Linux mlx5_ifc.h */
	uint8_t reserved_at_0[0x8];
	uint8_t event_type[0x8];
	uint8_t reserved_at_10[0x8];
	uint8_t event_sub_type[0x8];
	uint8_t reserved_at_20[0xe0];
	uint8_t event_data[0xe0];
	uint8_t reserved_at_1e0[0x10];
	uint8_t signature[0x8];
	uint8_t reserved_at_1f8[0x7];
	uint8_t owner[0x1];
};

#endif /* PRM_EVENT_H */
