/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "wq.h"

#include <infiniband/mlx5dv.h>
#include <stdio.h>
#include <time.h>

#include "../conf.h"
#include "../mem/mem.h"
#include "dp.h"
#include "prm.h"

static const struct wqe_error_info errors[] = {
	{0, 0, "none"},
#define WQE_ERROR(name, synd, num, text) {MLX5_CQE_SYNDROME_##synd, num, text},
#include "../wqe_errors.h"
#undef WQE_ERROR
};

const struct wqe_error_info *
wqe_error_info(enum wqe_error e)
{
	return &errors[e];
}

const char *
dp_wqe_error_text(enum wqe_error e)
{
	return errors[e].text;
}

enum wqe_error
wqe_mem_error(int n)
{
	static const enum wqe_error of[] = {[MEM_ERR_KEY] = WQE_E_KEY,
		[MEM_ERR_PD] = WQE_E_PD,
		[MEM_ERR_PERM] = WQE_E_PERM,
		[MEM_ERR_BOUNDS] = WQE_E_BOUNDS,
		[MEM_ERR_DEPTH] = WQE_E_DEPTH,
		[MEM_ERR_SEGS] = WQE_E_SEGMENTS};

	return of[-n];
}

void
wq_tell(const struct nic_obj *o, uint16_t index, enum wqe_error e)
{
	struct nic_func *f = o->func;

	atomic_fetch_add_explicit(&f->wqe_errors[e], 1, memory_order_relaxed);
	if (errors[e].syndrome == MLX5_CQE_SYNDROME_LOCAL_PROT_ERR)
		atomic_fetch_add_explicit(&f->stats.dma_errors, 1, memory_order_relaxed);
	fprintf(stderr, "nicemu: %s: %s queue %#x goes to error at entry %u: %s\n",
		f->conf != NULL ? f->conf->ibdev : "?", o->type == NIC_OBJ_SQ ? "send" : "receive",
		o->id, index, errors[e].text);
}

uint64_t
wq_time(uint8_t ts_format, uint32_t clock_khz, uint64_t now)
{
	struct timespec ts;

	if (ts_format != MLX5_QPC_TIMESTAMP_FORMAT_REAL_TIME)
		return (uint64_t)((__uint128_t)now * clock_khz / 1000000u);
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec << 32 | (uint64_t)ts.tv_nsec;
}
