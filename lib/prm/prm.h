/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The firmware's vocabulary, for the DEVX_GET() and DEVX_SET() family of <infiniband/mlx5dv.h>: in
 * struct mlx5_ifc_X_bits each byte stands for one bit, so offsets and sizes are bit positions and
 * widths.
 *
 * Names are those of DPDK's mlx5_prm.h; test_layout.py holds all of it against that header. What it
 * lacks names its source behind the field, or behind the head of the structure.
 */
#ifndef PRM_H
#define PRM_H

#include <infiniband/mlx5dv.h>

#include "prm_cmd.h"
#include "prm_caps.h"
#include "prm_event.h"
#include "prm_mkey.h"
#include "prm_queue.h"
#include "prm_rq.h"
#include "prm_sq.h"
#include "prm_steer.h"
#include "prm_virtq.h"
#include "prm_wqe.h"

#endif /* PRM_H */
