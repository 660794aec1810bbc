/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Completion queues of verbs, and their channels. Linux core/uverbs_std_types_cq.c,
 * core/uverbs_cmd.c, hw/mlx5/cq.c: the user gives entries and doorbell record as addresses, and the
 * kernel makes the command of them, on behalf of the user's firmware context: queue pairs of DevX
 * may complete through such a queue.
 */
#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <stddef.h>

#include "../fw/fw.h"
#include "../mem/mem.h"
#include "devx_rules.h"
#include "prm.h"
#include "uv.h"

#define FLAGS_KNOWN \
	(MLX5_IB_CREATE_CQ_FLAGS_CQE_128B_PAD | MLX5_IB_CREATE_CQ_FLAGS_UAR_PAGE_INDEX | \
		MLX5_IB_CREATE_CQ_FLAGS_REAL_TIME_TS)

/* What the core's part of the call asks for. */
struct request {
	uint32_t cqe, vector;
	uint64_t user_handle, flags;
};

static int
get_request(struct uv_call *call, struct request *r)
{
	int ret;

	ret = uv_get(call, UVERBS_ATTR_CREATE_CQ_COMP_VECTOR, &r->vector, sizeof(r->vector));
	if (ret == 0)
		ret = uv_get(call, UVERBS_ATTR_CREATE_CQ_CQE, &r->cqe, sizeof(r->cqe));
	if (ret == 0)
		ret = uv_get(call, UVERBS_ATTR_CREATE_CQ_USER_HANDLE, &r->user_handle,
			sizeof(r->user_handle));
	if (ret == 0)
		ret = uv_get_flags(call, UVERBS_ATTR_CREATE_CQ_FLAGS,
			IB_UVERBS_CQ_FLAGS_TIMESTAMP_COMPLETION | IB_UVERBS_CQ_FLAGS_IGNORE_OVERRUN,
			&r->flags);
	if (ret == 0 && r->vector >= FW_N_EQ)
		ret = -EINVAL;
	return ret;
}

/* The driver's part. */
static int
get_driver(struct uv_call *call, struct mlx5_ib_create_cq *cmd)
{
	int ret;

	ret = uv_get_uhw(call, cmd, sizeof(*cmd), offsetof(struct mlx5_ib_create_cq, flags));
	if (ret != 0)
		return ret;
	if ((cmd->flags & ~FLAGS_KNOWN) != 0 || (cmd->cqe_size != 64 && cmd->cqe_size != 128) ||
		cmd->reserved0 != 0 || cmd->reserved1 != 0)
		return -EINVAL;
	return 0;
}

/*
 * Entries start on 64 bytes: mlx5_umem_find_best_cq_quantized_pgoff() finds no page size
 * otherwise.
 */
#define ENTRIES_ALIGN 64u

/* Is compression there for entries of this size, and this format of them (which is one of a set)?
 */
static int
check_compress(const struct nic_func *f, const struct mlx5_ib_create_cq *cmd)
{
	bool has = cmd->cqe_size == 64 ? DEVX_GET(cmd_hca_cap, f->caps[0], cqe_compression)
				       : DEVX_GET(cmd_hca_cap, f->caps[0], cqe_compression_128);

	if (cmd->cqe_comp_en != 1)
		return 0;
	if (!has)
		return -EOPNOTSUPP;
	switch (cmd->cqe_comp_res_format) {
	case MLX5_IB_CQE_RES_FORMAT_HASH:
	case MLX5_IB_CQE_RES_FORMAT_CSUM:
		return 0;
	case MLX5_IB_CQE_RES_FORMAT_CSUM_STRIDX:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* What is found out once the memory is pinned; of the flags no capability is offered. */
static int
check_driver(const struct nic_func *f, const struct mlx5_ib_create_cq *cmd)
{
	int ret;

	if (cmd->buf_addr % ENTRIES_ALIGN != 0)
		return -EINVAL;
	if ((cmd->flags & MLX5_IB_CREATE_CQ_FLAGS_UAR_PAGE_INDEX) == 0)
		return -EINVAL;
	ret = check_compress(f, cmd);
	if (ret != 0)
		return ret;
	return (cmd->flags & MLX5_IB_CREATE_CQ_FLAGS_CQE_128B_PAD) != 0 ? -EOPNOTSUPP : 0;
}

/* log2 of the entries for a queue of 'cqe', or -EINVAL: one entry stays free. */
static int
log_entries(const struct nic_func *f, uint32_t cqe)
{
	int max = (int)DEVX_GET(cmd_hca_cap, f->caps[0], log_max_cq_sz), log = 0;

	if (cqe > 1u << max)
		return -EINVAL;
	while (1u << log < cqe + 1)
		log++;
	return log > max ? -EINVAL : log;
}

/* Memory of a queue: its entries, and the page of its doorbell record. */
struct memory {
	struct mem_pin *entries, *record;
	uint64_t entries_pinned, record_pinned;
};

static void
memory_free(const struct uv_ctx *ctx, struct memory *m)
{
	mem_unpin(m->entries);
	uv_unpinned(ctx, m->entries_pinned);
	if (m->record == NULL)
		return;
	mem_unpin(m->record);
	uv_unpinned(ctx, m->record_pinned);
}

static int
memory_pin(const struct uv_ctx *ctx, struct memory *m, const struct mlx5_ib_create_cq *cmd, int log)
{
	int ret;

	*m = (struct memory){0};
	ret = uv_pin(ctx, cmd->buf_addr, (uint64_t)cmd->cqe_size << log, true, &m->entries,
		&m->entries_pinned);
	if (ret != 0)
		return ret;
	ret = uv_pin(ctx, cmd->db_addr & ~(uint64_t)(NIC_PAGE - 1), NIC_PAGE, false, &m->record,
		&m->record_pinned);
	if (ret != 0)
		memory_free(ctx, m);
	return ret;
}

/* Completions go to the channel that was named, errors to that of asynchronous events. */
static int
subscribe(struct uv_call *call, uint32_t cqn, uint64_t user_handle)
{
	struct uv_attr *comp = uv_attr(call, UVERBS_ATTR_CREATE_CQ_COMP_CHANNEL);
	struct uv_attr *event = uv_attr(call, UVERBS_ATTR_CREATE_CQ_EVENT_FD);
	struct nic_func *f = call->ctx->func;
	struct uv_chan *async = event != NULL ? event->chan : uv_chan_async(call->ctx);
	int ret = 0;

	if (comp != NULL)
		ret = uv_chan_subscribe(
			comp->chan, f, MLX5_EVENT_TYPE_COMP, NIC_OBJ_CQ, cqn, user_handle);
	if (ret == 0 && async != NULL)
		ret = uv_chan_subscribe(
			async, f, MLX5_EVENT_TYPE_CQ_ERROR, NIC_OBJ_CQ, cqn, user_handle);
	return ret;
}

static int
put_answer(struct uv_call *call, const struct uv_obj *o)
{
	struct mlx5_ib_create_cq_resp resp = {.cqn = o->cq.cqn};
	uint32_t cqe = o->cq.cqe;
	int ret;

	ret = uv_put_optional(call, UVERBS_ATTR_UHW_OUT, &resp, sizeof(resp.cqn));
	return ret != 0 ? ret : uv_put(call, UVERBS_ATTR_CREATE_CQ_RESP_CQE, &cqe, sizeof(cqe));
}

static int
cq_make(struct uv_call *call, const struct request *r, const struct mlx5_ib_create_cq *cmd,
	const struct memory *m, int log)
{
	struct uv_obj *o = uv_attr_obj(call, UVERBS_ATTR_CREATE_CQ_HANDLE);
	struct fw_cq_attr attr = {.entries = m->entries,
		.record = m->record,
		.record_offset = cmd->db_addr & (NIC_PAGE - 1),
		.log_size = (uint8_t)log,
		.log_cqe_size = cmd->cqe_size == 128 ? 7 : 6,
		.eqn = FW_EQN(r->vector),
		.uar = cmd->uar_page_index,
		.overrun_ignore = (r->flags & IB_UVERBS_CQ_FLAGS_IGNORE_OVERRUN) != 0,
		.compress = cmd->cqe_comp_en == 1,
		.mini_format = cmd->cqe_comp_res_format == MLX5_IB_CQE_RES_FORMAT_CSUM
			? MLX5_CQE_RESP_FORMAT_CSUM
			: MLX5_CQE_RESP_FORMAT_HASH};
	int ret;

	ret = fw_cq_create(call->ctx->func, call->ctx->uid, &attr, &o->cq.cqn);
	if (ret != 0)
		return ret;
	o->cq.cqe = (1u << log) - 1;
	o->cq.entries_pinned = m->entries_pinned;
	o->cq.record_pinned = m->record_pinned;
	ret = subscribe(call, o->cq.cqn, r->user_handle);
	return ret != 0 ? ret : put_answer(call, o);
}

static int
cq_create(struct uv_call *call)
{
	struct uv_obj *o = uv_attr_obj(call, UVERBS_ATTR_CREATE_CQ_HANDLE);
	struct mlx5_ib_create_cq cmd;
	struct memory m;
	struct request r;
	int log, ret;

	ret = get_request(call, &r);
	if (ret != 0)
		return ret;
	log = log_entries(call->ctx->func, r.cqe);
	if (log < 0)
		return log;
	ret = get_driver(call, &cmd);
	if (ret == 0)
		ret = memory_pin(call->ctx, &m, &cmd, log);
	if (ret != 0)
		return ret;
	ret = check_driver(call->ctx->func, &cmd);
	if (ret == 0)
		ret = cq_make(call, &r, &cmd, &m, log);
	if (ret == 0)
		return 0;
	if (o->cq.cqn == 0)
		memory_free(call->ctx, &m);
	else if (uv_cq_destroy(o) != 0)
		/* a queue that the firmware keeps is nobody's, and so is its memory */
		uv_unpinned(call->ctx, uv_obj_pinned(o));
	return ret;
}

int
uv_cq_destroy(struct uv_obj *o)
{
	uint32_t in[DEVX_ST_SZ_DW(destroy_cq_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(destroy_cq_out)] = {0};
	int ret;

	DEVX_SET(destroy_cq_in, in, opcode, MLX5_CMD_OP_DESTROY_CQ);
	DEVX_SET(destroy_cq_in, in, cqn, o->cq.cqn);
	ret = uv_exec_kernel(o->ctx, in, sizeof(in), out, sizeof(out));
	if (ret != 0)
		return ret;
	uv_unpinned(o->ctx, o->cq.entries_pinned);
	uv_unpinned(o->ctx, o->cq.record_pinned);
	/* the last, since what was read is told next, and another call may do the same in a wait */
	uv_chan_verbs_gone(
		o->ctx->func, NIC_OBJ_CQ, o->cq.cqn, &o->ctx->read.comp, &o->ctx->read.async);
	return 0;
}

/* The queue is gone: how many of its events were read, which the user waits to have handled. */
static int
cq_destroyed(struct uv_call *call)
{
	struct ib_uverbs_destroy_cq_resp resp = {
		.comp_events_reported = call->ctx->read.comp,
		.async_events_reported = call->ctx->read.async,
	};

	return uv_put(call, UVERBS_ATTR_DESTROY_CQ_RESP, &resp, sizeof(resp));
}

/* Linux mlx5/cq.h cqe_sz_to_mlx_sz(), which takes a byte: whatever is not 64 counts as 128. */
static uint8_t
log_stride(uint16_t cqe_size)
{
	return (uint8_t)cqe_size == 64 ? 6 : 7;
}

int
uv_cq_resize(struct uv_call *call, const struct ib_uverbs_resize_cq *cmd, uint32_t *cqe)
{
	struct nic_func *f = call->ctx->func;
	struct mlx5_ib_resize_cq drv;
	struct mem_pin *pin;
	struct uv_obj *o;
	uint64_t pinned;
	int log, ret;

	ret = uv_obj_use(call, UVERBS_OBJECT_CQ, cmd->cq_handle, false, &o);
	if (ret != 0)
		return ret;
	if (!DEVX_GET(cmd_hca_cap, f->caps[0], cq_resize))
		return -ENOSYS;
	log = cmd->cqe < 1 ? -EINVAL : log_entries(f, cmd->cqe);
	if (log < 0)
		return log;
	*cqe = (1u << log) - 1;
	if (*cqe == o->cq.cqe)
		return 0;
	ret = uv_get_uhw(call, &drv, sizeof(drv), sizeof(drv));
	if (ret == 0 && (drv.reserved0 != 0 || drv.reserved1 != 0))
		ret = -EINVAL;
	if (ret == 0)
		ret = uv_pin(call->ctx, drv.buf_addr, (uint64_t)drv.cqe_size << log, true, &pin,
			&pinned);
	if (ret != 0)
		return ret;
	if (drv.buf_addr % ENTRIES_ALIGN != 0)
		ret = -EINVAL;
	if (ret == 0)
		ret = fw_cq_resize(f, o->cq.cqn, pin, (uint8_t)log, log_stride(drv.cqe_size));
	if (ret != 0) {
		mem_unpin(pin);
		uv_unpinned(call->ctx, pinned);
		return ret;
	}
	uv_unpinned(call->ctx, o->cq.entries_pinned);
	o->cq.entries_pinned = pinned;
	o->cq.cqe = *cqe;
	return 0;
}

/* clang-format off */
static const struct uv_attr_spec create_attrs[] = {
	UV_OBJ(UVERBS_ATTR_CREATE_CQ_HANDLE, UVERBS_OBJECT_CQ, UV_NEW),
	UV_IN(UVERBS_ATTR_CREATE_CQ_CQE, 4, 4),
	UV_IN(UVERBS_ATTR_CREATE_CQ_USER_HANDLE, 8, 8),
	UV_CHAN_OPT(UVERBS_ATTR_CREATE_CQ_COMP_CHANNEL, UVERBS_OBJECT_COMP_CHANNEL),
	UV_IN(UVERBS_ATTR_CREATE_CQ_COMP_VECTOR, 4, 4),
	UV_IN_OPT(UVERBS_ATTR_CREATE_CQ_FLAGS, 4, 8),
	UV_OUT(UVERBS_ATTR_CREATE_CQ_RESP_CQE, 4, 4),
	UV_CHAN_OPT(UVERBS_ATTR_CREATE_CQ_EVENT_FD, UVERBS_OBJECT_ASYNC_EVENT),
};

static const struct uv_attr_spec destroy_attrs[] = {
	UV_OBJ(UVERBS_ATTR_DESTROY_CQ_HANDLE, UVERBS_OBJECT_CQ, UV_DESTROY),
	UV_OUT(UVERBS_ATTR_DESTROY_CQ_RESP, sizeof(struct ib_uverbs_destroy_cq_resp),
		sizeof(struct ib_uverbs_destroy_cq_resp)),
};

static const struct uv_method_spec methods[] = {
	UV_METHOD_UHW(UVERBS_OBJECT_CQ, UVERBS_METHOD_CQ_CREATE, create_attrs, cq_create),
	UV_METHOD(UVERBS_OBJECT_CQ, UVERBS_METHOD_CQ_DESTROY, destroy_attrs, cq_destroyed),
};
/* clang-format on */
const struct uv_methods uv_cq_methods = {methods, sizeof(methods) / sizeof(methods[0])};
