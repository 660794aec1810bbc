/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Requests that a kernel refuses, each with its errno. Sources: Linux uverbs_ioctl.c and
 * rdma_core.c for attributes and handles, uverbs_cmd.c, hw/mlx5/devx.c, fs.c and main.c for the
 * methods.
 */
#ifndef UVERBS_ROWS_H
#define UVERBS_ROWS_H

#include "uverbs_rig.h"

struct uv_row {
	const char *what;
	int err; /* 0: it is taken */
	struct uv_req req;
};
extern const struct uv_row uv_rows[];
extern const unsigned int uv_n_rows;

#endif /* UVERBS_ROWS_H */
