/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Handles of a context. Linux rdma_core.c.
 */
#include "uv.h"

#include <errno.h>
#include <stdlib.h>

static int
cleanup(struct uv_obj *o)
{
	switch (o->type) {
	case UVERBS_OBJECT_PD:
		return uv_pd_destroy(o);
	case UVERBS_OBJECT_MR:
		return uv_mr_destroy(o);
	case UVERBS_OBJECT_CQ:
		return uv_cq_destroy(o);
	case UVERBS_OBJECT_FLOW:
		return uv_flow_destroy(o);
	case MLX5_IB_OBJECT_DEVX_OBJ:
		return uv_devx_destroy(o);
	case MLX5_IB_OBJECT_DEVX_UMEM:
		return uv_umem_destroy(o);
	case MLX5_IB_OBJECT_FLOW_MATCHER:
		return uv_matcher_destroy(o);
	case MLX5_IB_OBJECT_UAR:
		return uv_uar_destroy(o);
	case MLX5_IB_OBJECT_VAR:
		return uv_var_destroy(o);
	default:
		return -EINVAL;
	}
}

struct uv_obj *
uv_obj_new(struct uv_ctx *ctx, uint16_t type)
{
	struct uv_obj *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->ctx = ctx;
	o->type = type;
	o->handle = ctx->next_handle++;
	return o;
}

void
uv_obj_commit(struct uv_obj *o)
{
	TAILQ_INSERT_HEAD(&o->ctx->objs, o, next);
}

void
uv_obj_abort(struct uv_obj *o)
{
	free(o);
}

int
uv_obj_find(struct uv_ctx *ctx, uint16_t type, int64_t handle, struct uv_obj **found)
{
	struct uv_obj *o;

	if (handle < 0)
		return -EINVAL;
	TAILQ_FOREACH(o, &ctx->objs, next) {
		if (o->handle != (uint64_t)handle)
			continue;
		if (type != UV_ANY_OBJECT && o->type != type)
			return -EINVAL;
		if (o->in_calls < 0)
			return -EBUSY;
		*found = o;
		return 0;
	}
	return -ENOENT;
}

/* uverbs_try_lock_object() */
int
uv_obj_use(struct uv_call *call, uint16_t type, int64_t handle, bool alone, struct uv_obj **o)
{
	int ret = uv_obj_find(call->ctx, type, handle, o);

	if (ret == 0 && alone && (*o)->in_calls > 0)
		ret = -EBUSY;
	if (ret == 0 && call->n_used == UV_MAX_ATTRS)
		ret = -EINVAL;
	if (ret != 0)
		return ret;
	(*o)->in_calls += alone ? -1 : 1;
	call->used[call->n_used++] = *o;
	return 0;
}

void
uv_obj_unuse(struct uv_call *call)
{
	struct uv_obj *o;

	while (call->n_used > 0) {
		o = call->used[--call->n_used];
		o->in_calls += o->in_calls < 0 ? 1 : -1;
	}
}

static void
remove_handle(struct uv_obj *o)
{
	TAILQ_REMOVE(&o->ctx->objs, o, next);
	free(o);
}

/* What it stands for. */
static int
destroy_hw(struct uv_obj *o)
{
	int ret;

	if (o->gone)
		return 0;
	if (o->users > 0)
		return -EBUSY;
	ret = cleanup(o);
	o->gone = ret == 0;
	return ret;
}

int
uv_obj_destroy(struct uv_obj *o)
{
	int ret;

	if (o->in_calls != 0)
		return -EBUSY;
	o->in_calls = -1;
	ret = destroy_hw(o);
	o->in_calls = 0;
	if (ret == 0)
		remove_handle(o);
	return ret;
}

uint64_t
uv_obj_pinned(const struct uv_obj *o)
{
	if (o->gone)
		return 0;
	switch (o->type) {
	case UVERBS_OBJECT_MR:
		return o->mr.pinned;
	case UVERBS_OBJECT_CQ:
		return o->cq.entries_pinned + o->cq.record_pinned;
	case MLX5_IB_OBJECT_DEVX_UMEM:
		return o->umem.pinned;
	default:
		return 0;
	}
}

void
uv_obj_destroy_all(struct uv_ctx *ctx, bool keep)
{
	struct uv_obj *o;
	bool progress;

	do {
		progress = false;
		TAILQ_FOREACH(o, &ctx->objs, next) {
			if (!o->gone && destroy_hw(o) == 0)
				progress = true;
		}
	} while (progress);
	/*
	 * What the firmware does not let go (failure on demand) it loses with the user context, and
	 * the memory with it.
	 */
	TAILQ_FOREACH(o, &ctx->objs, next) {
		uv_unpinned(ctx, uv_obj_pinned(o));
		o->gone = true;
	}
	while (!keep && (o = TAILQ_FIRST(&ctx->objs)) != NULL)
		remove_handle(o);
}
