/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Protection domains and memory regions. Linux core/uverbs_cmd.c, core/uverbs_std_types_mr.c,
 * hw/mlx5/mr.c.
 */
#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>

#include "../fw/fw.h"
#include "../mem/mem.h"
#include "prm.h"
#include "uv.h"

/* ib_verbs.h: enum ib_mr_rereg_flags */
#define REREG_TRANS 1u
#define REREG_PD 2u
#define REREG_ACCESS 4u
#define REREG_ALL (REREG_TRANS | REREG_PD | REREG_ACCESS)

/* flush of what was written, global and persistent: newer than the headers here */
#define ACCESS_FLUSH (1u << 8 | 1u << 9)
#define ACCESS_REMOTE (IB_UVERBS_ACCESS_REMOTE_WRITE | IB_UVERBS_ACCESS_REMOTE_ATOMIC)
/* ib_access_writable() */
#define ACCESS_WRITABLE (ACCESS_REMOTE | IB_UVERBS_ACCESS_LOCAL_WRITE | IB_UVERBS_ACCESS_MW_BIND)
#define ACCESS_KNOWN \
	(IB_UVERBS_ACCESS_LOCAL_WRITE | IB_UVERBS_ACCESS_REMOTE_WRITE | \
		IB_UVERBS_ACCESS_REMOTE_READ | IB_UVERBS_ACCESS_REMOTE_ATOMIC | \
		IB_UVERBS_ACCESS_MW_BIND | IB_UVERBS_ACCESS_ZERO_BASED | \
		IB_UVERBS_ACCESS_ON_DEMAND | IB_UVERBS_ACCESS_HUGETLB | ACCESS_FLUSH | \
		IB_UVERBS_ACCESS_OPTIONAL_RANGE)

struct uv_mr_attr {
	uint64_t start, len, iova;
	uint32_t access;
};

int
uv_check_access(uint32_t access)
{
	/* who may write from afar may write here */
	if ((access & ACCESS_REMOTE) != 0 && (access & IB_UVERBS_ACCESS_LOCAL_WRITE) == 0)
		return -EINVAL;
	if ((access & ~(uint32_t)ACCESS_KNOWN) != 0)
		return -EINVAL;
	/* paging on demand and flushes are not advertised */
	return (access & (IB_UVERBS_ACCESS_ON_DEMAND | ACCESS_FLUSH)) != 0 ? -EOPNOTSUPP : 0;
}

int
uv_alloc_pd(struct uv_ctx *ctx, uint32_t *handle, uint32_t *pdn)
{
	uint32_t in[DEVX_ST_SZ_DW(alloc_pd_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(alloc_pd_out)] = {0};
	struct uv_obj *o;
	int ret;

	if (!ctx->has_ucontext)
		return -EINVAL;
	o = uv_obj_new(ctx, UVERBS_OBJECT_PD);
	if (o == NULL)
		return -ENOMEM;
	DEVX_SET(alloc_pd_in, in, opcode, MLX5_CMD_OP_ALLOC_PD);
	ret = uv_exec_kernel(ctx, in, sizeof(in), out, sizeof(out));
	if (ret != 0) {
		uv_obj_abort(o);
		return ret;
	}
	o->pd.pdn = DEVX_GET(alloc_pd_out, out, pd);
	uv_obj_commit(o);
	*handle = o->handle;
	*pdn = o->pd.pdn;
	return 0;
}

int
uv_pd_destroy(struct uv_obj *o)
{
	uint32_t in[DEVX_ST_SZ_DW(dealloc_pd_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(dealloc_pd_out)] = {0};

	DEVX_SET(dealloc_pd_in, in, opcode, MLX5_CMD_OP_DEALLOC_PD);
	DEVX_SET(dealloc_pd_in, in, pd, o->pd.pdn);
	return uv_exec_kernel(o->ctx, in, sizeof(in), out, sizeof(out));
}

/* A region of these pages in o->mr. */
static int
mr_make(struct uv_obj *o, struct uv_obj *pd, const struct uv_mr_attr *a)
{
	bool writable = (a->access & ACCESS_WRITABLE) != 0;
	struct mem_pin *pin;
	int ret;

	ret = uv_pin(o->ctx, a->start, a->len, writable, &pin, &o->mr.pinned);
	if (ret != 0)
		return ret;
	ret = fw_mr_create(o->ctx->func, pd->pd.pdn, pin, a->iova, a->len, a->access, &o->mr.lkey);
	if (ret != 0) {
		mem_unpin(pin);
		uv_unpinned(o->ctx, o->mr.pinned);
		return ret;
	}
	o->mr.iova = a->iova;
	o->mr.len = a->len;
	o->mr.access = a->access;
	o->mr.writable = writable;
	o->mr.pd = pd;
	pd->users++;
	return 0;
}

int
uv_reg_mr(struct uv_call *call, const struct ib_uverbs_reg_mr *cmd,
	struct ib_uverbs_reg_mr_resp *resp)
{
	struct uv_mr_attr a = {cmd->start, cmd->length, cmd->hca_va, cmd->access_flags};
	struct uv_ctx *ctx = call->ctx;
	struct uv_obj *pd, *o;
	int ret;

	if ((cmd->start & (NIC_PAGE - 1)) != (cmd->hca_va & (NIC_PAGE - 1)) || !ctx->has_ucontext)
		return -EINVAL;
	ret = uv_check_access(cmd->access_flags);
	if (ret == 0)
		ret = uv_obj_use(call, UVERBS_OBJECT_PD, cmd->pd_handle, false, &pd);
	if (ret != 0)
		return ret;
	o = uv_obj_new(ctx, UVERBS_OBJECT_MR);
	if (o == NULL)
		return -ENOMEM;
	ret = mr_make(o, pd, &a);
	if (ret != 0) {
		uv_obj_abort(o);
		return ret;
	}
	uv_obj_commit(o);
	*resp = (struct ib_uverbs_reg_mr_resp){
		.mr_handle = o->handle, .lkey = o->mr.lkey, .rkey = o->mr.lkey};
	return 0;
}

/*
 * New pages for a region are a new region with the old handle (mlx5_ib mr.c create_real_mr()), and
 * the old one goes; when the firmware keeps it, it stays with a handle that nobody knows
 * (rdma_assign_uobject()).
 */
static int
move(struct uv_obj *o, struct uv_obj *pd, const struct uv_mr_attr *a)
{
	struct uv_obj *old = uv_obj_new(o->ctx, UVERBS_OBJECT_MR);
	int ret;

	if (old == NULL)
		return -ENOMEM;
	old->mr = o->mr;
	ret = mr_make(o, pd, a);
	if (ret != 0) {
		o->mr = old->mr;
		uv_obj_abort(old);
		return ret;
	}
	uv_obj_commit(old);
	uv_obj_destroy(old);
	return 0;
}

/* What ib_uverbs_rereg_mr() and mlx5_ib_rereg_user_mr() look at before anything changes. */
static int
rereg_check(struct uv_call *call, const struct ib_uverbs_rereg_mr *cmd, struct uv_obj **o,
	struct uv_obj **pd)
{
	bool writes = (cmd->access_flags & ACCESS_WRITABLE) != 0;
	int ret;

	if (cmd->flags == 0)
		return -EINVAL;
	if ((cmd->flags & ~(uint32_t)REREG_ALL) != 0)
		return -EOPNOTSUPP;
	if ((cmd->flags & REREG_TRANS) != 0 &&
		(cmd->start & (NIC_PAGE - 1)) != (cmd->hca_va & (NIC_PAGE - 1)))
		return -EINVAL;
	ret = uv_obj_use(call, UVERBS_OBJECT_MR, cmd->mr_handle, true, o);
	if (ret == 0 && (cmd->flags & REREG_ACCESS) != 0)
		ret = uv_check_access(cmd->access_flags);
	if (ret != 0)
		return ret;
	*pd = (*o)->mr.pd;
	if ((cmd->flags & REREG_PD) != 0)
		ret = uv_obj_use(call, UVERBS_OBJECT_PD, cmd->pd_handle, false, pd);
	if (ret != 0)
		return ret;
	if ((cmd->flags & (REREG_ACCESS | REREG_TRANS)) == REREG_ACCESS && writes &&
		!(*o)->mr.writable)
		return -EACCES;
	return 0;
}

/* Other rights or another domain are a work request of the kernel's (mlx5r_umr_rereg_pd_access()).
 */
static int
change(struct uv_obj *o, struct uv_obj *pd, uint32_t access)
{
	int ret = fw_mr_change(o->ctx->func, o->mr.lkey, pd->pd.pdn, access);

	if (ret != 0)
		return ret;
	o->mr.access = access;
	o->mr.pd->users--;
	o->mr.pd = pd;
	pd->users++;
	return 0;
}

int
uv_rereg_mr(struct uv_call *call, const struct ib_uverbs_rereg_mr *cmd,
	struct ib_uverbs_rereg_mr_resp *resp)
{
	struct uv_mr_attr a = {cmd->start, cmd->length, cmd->hca_va, cmd->access_flags};
	struct uv_obj *o, *pd;
	int ret;

	ret = rereg_check(call, cmd, &o, &pd);
	if (ret != 0)
		return ret;
	if ((cmd->flags & REREG_ACCESS) == 0)
		a.access = o->mr.access;
	ret = (cmd->flags & REREG_TRANS) != 0 ? move(o, pd, &a) : change(o, pd, a.access);
	if (ret != 0)
		return ret;
	*resp = (struct ib_uverbs_rereg_mr_resp){.lkey = o->mr.lkey, .rkey = o->mr.lkey};
	return 0;
}

int
uv_mr_destroy(struct uv_obj *o)
{
	int ret = fw_mr_destroy(o->ctx->func, o->mr.lkey);

	if (ret != 0)
		return ret;
	uv_unpinned(o->ctx, o->mr.pinned);
	o->mr.pd->users--;
	return 0;
}

static int
query_mr(struct uv_call *call)
{
	const struct uv_obj *o = uv_attr_obj(call, UVERBS_ATTR_QUERY_MR_HANDLE);
	int ret;

	ret = uv_put(call, UVERBS_ATTR_QUERY_MR_RESP_LKEY, &o->mr.lkey, sizeof(o->mr.lkey));
	if (ret == 0)
		ret = uv_put(call, UVERBS_ATTR_QUERY_MR_RESP_RKEY, &o->mr.lkey, sizeof(o->mr.lkey));
	if (ret == 0)
		ret = uv_put(call, UVERBS_ATTR_QUERY_MR_RESP_LENGTH, &o->mr.len, sizeof(o->mr.len));
	if (ret == 0)
		ret = uv_put_optional(
			call, UVERBS_ATTR_QUERY_MR_RESP_IOVA, &o->mr.iova, sizeof(o->mr.iova));
	return ret;
}

static int
query_pd(struct uv_call *call)
{
	const struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_QUERY_PD_HANDLE);

	return uv_put(call, MLX5_IB_ATTR_QUERY_PD_RESP_PDN, &o->pd.pdn, sizeof(o->pd.pdn));
}

/* clang-format off */
static const struct uv_attr_spec pd_destroy_attrs[] = {
	UV_OBJ(UVERBS_ATTR_DESTROY_PD_HANDLE, UVERBS_OBJECT_PD, UV_DESTROY),
};

static const struct uv_attr_spec pd_query_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_QUERY_PD_HANDLE, UVERBS_OBJECT_PD, UV_READ),
	UV_OUT(MLX5_IB_ATTR_QUERY_PD_RESP_PDN, 4, 4),
};

static const struct uv_attr_spec mr_destroy_attrs[] = {
	UV_OBJ(UVERBS_ATTR_DESTROY_MR_HANDLE, UVERBS_OBJECT_MR, UV_DESTROY),
};

static const struct uv_attr_spec mr_query_attrs[] = {
	UV_OBJ(UVERBS_ATTR_QUERY_MR_HANDLE, UVERBS_OBJECT_MR, UV_READ),
	UV_OUT(UVERBS_ATTR_QUERY_MR_RESP_RKEY, 4, 4),
	UV_OUT(UVERBS_ATTR_QUERY_MR_RESP_LKEY, 4, 4),
	UV_OUT(UVERBS_ATTR_QUERY_MR_RESP_LENGTH, 8, 8),
	UV_OUT_OPT(UVERBS_ATTR_QUERY_MR_RESP_IOVA, 8, 8),
};

static const struct uv_method_spec methods[] = {
	UV_METHOD(UVERBS_OBJECT_PD, UVERBS_METHOD_PD_DESTROY, pd_destroy_attrs, NULL),
	UV_METHOD(UVERBS_OBJECT_PD, MLX5_IB_METHOD_PD_QUERY, pd_query_attrs, query_pd),
	UV_METHOD(UVERBS_OBJECT_MR, UVERBS_METHOD_MR_DESTROY, mr_destroy_attrs, NULL),
	UV_METHOD(UVERBS_OBJECT_MR, UVERBS_METHOD_QUERY_MR, mr_query_attrs, query_mr),
};
/* clang-format on */
const struct uv_methods uv_mr_methods = {methods, sizeof(methods) / sizeof(methods[0])};
