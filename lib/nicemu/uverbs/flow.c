/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Flow matchers and flows of the root table. Linux hw/mlx5/fs.c. What is steered is received
 * packets, to a TIR; the other tables and destinations of the kernel's call are refused as by a
 * device without them.
 */
#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <limits.h>
#include <linux/capability.h>
#include <rdma/mlx5_user_ioctl_verbs.h>
#include <stdlib.h>

#include "../fw/fw.h"
#include "devx_rules.h"
#include "prm.h"
#include "uv.h"

#define LAST_PRIO 15 /* MLX5_IB_FLOW_LAST_PRIO */
#define FLAG_EGRESS 2u /* IB_FLOW_ATTR_FLAGS_EGRESS */
#define MAX_ACTIONS 2 /* MLX5_IB_CREATE_FLOW_MAX_FLOW_ACTIONS */

/* mlx5_ib_matcher_ns(): which table. */
static int
get_table(struct uv_call *call, bool *rx)
{
	uint64_t type, flags;
	int ret;

	*rx = true;
	if (uv_attr(call, MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE) != NULL) {
		if (uv_attr(call, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS) != NULL)
			return -EINVAL;
		ret = uv_get_const(call, MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE, INT_MAX, &type);
		if (ret != 0)
			return ret;
		*rx = type == MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_RX;
		/* the e-switch is in legacy mode, and has no table for users */
		return type > MLX5_IB_UAPI_FLOW_TABLE_TYPE_RDMA_TX ||
				type == MLX5_IB_UAPI_FLOW_TABLE_TYPE_FDB
			? -EINVAL
			: 0;
	}
	ret = uv_get_flags(call, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS, FLAG_EGRESS, &flags);
	*rx = flags == 0;
	return ret;
}

static bool
is_usable(const struct uv_obj *matcher)
{
	return matcher->matcher.rx && matcher->matcher.flow_type == MLX5_IB_FLOW_TYPE_NORMAL &&
		matcher->matcher.priority <= LAST_PRIO;
}

static int
matcher_create(struct uv_call *call)
{
	struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE);
	struct uv_attr *type = uv_attr(call, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE);
	uint8_t criteria;
	size_t len;
	void *mask;
	int ret;

	o->matcher.flow_type = type->in.attr_data.enum_data.elem_id;
	if (o->matcher.flow_type == MLX5_IB_FLOW_TYPE_NORMAL)
		o->matcher.priority = (uint16_t)type->in.data;
	ret = uv_get(call, MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, &criteria, sizeof(criteria));
	if (ret == 0)
		ret = get_table(call, &o->matcher.rx);
	if (ret != 0)
		return ret;
	/* One that no flow can use: only its flows are refused. */
	if (!is_usable(o))
		return 0;
	ret = uv_get_buf(call, MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, &mask, &len);
	if (ret != 0)
		return ret;
	ret = fw_matcher_create(call->ctx->func, call->ctx->uid, mask, (uint32_t)len, criteria,
		o->matcher.priority, &o->matcher.id);
	free(mask);
	return ret;
}

/* A matcher is the kernel's own: what firmware still holds of it goes with the user context. */
int
uv_matcher_destroy(struct uv_obj *o)
{
	if (is_usable(o))
		fw_matcher_destroy(o->ctx->func, o->matcher.id);
	return 0;
}

/* get_dests(): a TIR, or 0 for what is dropped. */
static int
get_dest(struct uv_call *call, const struct uv_obj *matcher, uint32_t *tirn)
{
	const struct uv_obj *dest = uv_attr_obj(call, MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX);
	uint64_t flags;
	int ret;

	ret = uv_get_flags(call, MLX5_IB_ATTR_CREATE_FLOW_FLAGS,
		MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DEFAULT_MISS | MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DROP,
		&flags);
	if (ret != 0 ||
		flags ==
			(MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DEFAULT_MISS |
				MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DROP))
		return -EINVAL;
	/* a TIR is one for packets that are received */
	if (dest != NULL &&
		(flags != 0 || devx_nic_type(dest->devx.id) != NIC_OBJ_TIR || !matcher->matcher.rx))
		return -EINVAL;
	/* the kernel's own tables come next, and no netdev of it is there */
	if ((flags & MLX5_IB_ATTR_CREATE_FLOW_FLAGS_DEFAULT_MISS) != 0)
		return -EOPNOTSUPP;
	if (matcher->matcher.flow_type != MLX5_IB_FLOW_TYPE_NORMAL || !matcher->matcher.rx)
		return -EOPNOTSUPP;
	if (dest == NULL && flags == 0)
		return -EINVAL;
	*tirn = dest != NULL ? (uint32_t)dest->devx.id : 0;
	return matcher->matcher.priority > LAST_PRIO ? -ENOMEM : 0;
}

static int
flow_create(struct uv_call *call)
{
	struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_CREATE_FLOW_HANDLE);
	struct uv_obj *matcher = uv_attr_obj(call, MLX5_IB_ATTR_CREATE_FLOW_MATCHER);
	uint32_t tirn, tag = 0;
	bool has_tag;
	void *value;
	size_t len;
	int ret;

	if (!uv_capable(CAP_NET_RAW))
		return -EPERM;
	ret = get_dest(call, matcher, &tirn);
	if (ret != 0)
		return ret;
	/* a flow counter is a DevX object that this firmware never makes */
	if (uv_attr(call, MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX) != NULL)
		return -EINVAL;
	ret = uv_get(call, MLX5_IB_ATTR_CREATE_FLOW_TAG, &tag, sizeof(tag));
	if ((ret != 0 && ret != -ENOENT) || tag >= 1u << 24)
		return -EINVAL;
	has_tag = ret == 0;
	ret = uv_get_buf(call, MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE, &value, &len);
	if (ret != 0)
		return ret;
	ret = fw_flow_create(call->ctx->func, call->ctx->uid, matcher->matcher.id, value,
		(uint32_t)len, tirn, has_tag ? &tag : NULL, &o->flow.id);
	free(value);
	if (ret != 0)
		return ret;
	o->flow.matcher = matcher;
	matcher->users++;
	return 0;
}

/* The kernel only warns when firmware keeps an entry (fs_core.c: del_hw_fte()): its own flow is
 * gone. */
int
uv_flow_destroy(struct uv_obj *o)
{
	fw_flow_destroy(o->ctx->func, o->flow.id);
	o->flow.matcher->users--;
	return 0;
}

/* clang-format off */
static const struct uv_attr_spec matcher_create_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, MLX5_IB_OBJECT_FLOW_MATCHER, UV_NEW),
	UV_IN(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, 1, sizeof(struct mlx5_ib_match_params)),
	UV_ENUM(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, MLX5_IB_FLOW_TYPE_MC_DEFAULT + 1, 2, 2),
	UV_IN(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, 1, 1),
	UV_IN_OPT(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS, 4, 8),
	UV_IN_OPT(MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE, 8, 8),
};

static const struct uv_attr_spec matcher_destroy_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_FLOW_MATCHER_DESTROY_HANDLE, MLX5_IB_OBJECT_FLOW_MATCHER, UV_DESTROY),
};

static const struct uv_attr_spec flow_create_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_CREATE_FLOW_HANDLE, UVERBS_OBJECT_FLOW, UV_NEW),
	UV_IN(MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE, 1, sizeof(struct mlx5_ib_match_params)),
	UV_OBJ(MLX5_IB_ATTR_CREATE_FLOW_MATCHER, MLX5_IB_OBJECT_FLOW_MATCHER, UV_READ),
	UV_OBJ_OPT(MLX5_IB_ATTR_CREATE_FLOW_DEST_QP, UVERBS_OBJECT_QP),
	UV_OBJ_OPT(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, MLX5_IB_OBJECT_DEVX_OBJ),
	UV_OBJS_OPT(MLX5_IB_ATTR_CREATE_FLOW_ARR_FLOW_ACTIONS,
		UVERBS_OBJECT_FLOW_ACTION, 1, MAX_ACTIONS),
	UV_IN_OPT(MLX5_IB_ATTR_CREATE_FLOW_TAG, 4, 4),
	UV_OBJS_OPT(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX, MLX5_IB_OBJECT_DEVX_OBJ, 1, 1),
	UV_IN_OPT(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX_OFFSET, 4, UINT16_MAX),
	UV_IN_OPT(MLX5_IB_ATTR_CREATE_FLOW_FLAGS, 4, 8),
};

static const struct uv_attr_spec flow_destroy_attrs[] = {
	UV_OBJ(UVERBS_ATTR_DESTROY_FLOW_HANDLE, UVERBS_OBJECT_FLOW, UV_DESTROY),
};

static const struct uv_attr_spec flow_destroy_mlx5_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_CREATE_FLOW_HANDLE, UVERBS_OBJECT_FLOW, UV_DESTROY),
};

static const struct uv_method_spec methods[] = {
	UV_METHOD(MLX5_IB_OBJECT_FLOW_MATCHER, MLX5_IB_METHOD_FLOW_MATCHER_CREATE,
		matcher_create_attrs, matcher_create),
	UV_METHOD(MLX5_IB_OBJECT_FLOW_MATCHER, MLX5_IB_METHOD_FLOW_MATCHER_DESTROY,
		matcher_destroy_attrs, NULL),
	UV_METHOD(UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_CREATE_FLOW, flow_create_attrs, flow_create),
	UV_METHOD(UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_DESTROY_FLOW, flow_destroy_mlx5_attrs, NULL),
	UV_METHOD(UVERBS_OBJECT_FLOW, UVERBS_METHOD_FLOW_DESTROY, flow_destroy_attrs, NULL),
};
/* clang-format on */
const struct uv_methods uv_flow_methods = {methods, sizeof(methods) / sizeof(methods[0])};
