/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What raw send and receive queues have in common.
 */
#ifndef NICEMU_DP_WQ_H
#define NICEMU_DP_WQ_H

#include "../nic.h"

struct wqe_error_info {
	uint8_t syndrome, vendor; /* of the completion: mlx5_err_cqe */
	const char *text;
};
const struct wqe_error_info *wqe_error_info(enum wqe_error e);
/* What a negative result of mem_xlate() is. */
enum wqe_error wqe_mem_error(int n);
/* A queue goes to ERR at an entry: say so, and count it. */
void wq_tell(const struct nic_obj *o, uint16_t index, enum wqe_error e);
/* Time of a completion, as ts_format (MLX5_QPC_TIMESTAMP_FORMAT_*) has it. now: ns. */
uint64_t wq_time(uint8_t ts_format, uint32_t clock_khz, uint64_t now);

#endif /* NICEMU_DP_WQ_H */
