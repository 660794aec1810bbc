/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Memory for queues. Linux hw/mlx5/devx.c: MLX5_IB_METHOD_DEVX_UMEM_REG.
 */
#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>

#include "../fw/fw.h"
#include "../mem/mem.h"
#include "uv.h"

#define UMEM_ACCESS \
	(IB_UVERBS_ACCESS_LOCAL_WRITE | IB_UVERBS_ACCESS_REMOTE_WRITE | \
		IB_UVERBS_ACCESS_REMOTE_READ | IB_UVERBS_ACCESS_RELAXED_ORDERING)

static int
get_request(struct uv_call *call, uint64_t *addr, uint64_t *len, uint64_t *access)
{
	uint64_t pgsz = ~(uint64_t)(NIC_PAGE - 1);
	int ret;

	if (call->ctx->uid == 0)
		return -EINVAL;
	ret = uv_get_flags(call, MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS, UMEM_ACCESS, access);
	if (ret == 0)
		ret = uv_get(call, MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, addr, sizeof(*addr));
	if (ret == 0)
		ret = uv_get(call, MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, len, sizeof(*len));
	if (ret == 0)
		ret = uv_check_access((uint32_t)*access);
	if (ret != 0)
		return ret;
	/* no descriptor is one of a dma-buf here */
	if (uv_attr(call, MLX5_IB_ATTR_DEVX_UMEM_REG_DMABUF_FD) != NULL)
		return -EINVAL;
	ret = uv_get_const(call, MLX5_IB_ATTR_DEVX_UMEM_REG_PGSZ_BITMAP, UINT64_MAX, &pgsz);
	if (ret != 0 && ret != -ENOENT)
		return ret;
	/* Pages of memory that is not physically contiguous are the CPU's: that size has to be
	 * allowed. */
	return (pgsz & NIC_PAGE) == 0 ? -EINVAL : 0;
}

static int
umem_reg(struct uv_call *call)
{
	struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE);
	struct nic_func *f = call->ctx->func;
	uint64_t addr, len, access;
	struct mem_pin *pin;
	int ret;

	ret = get_request(call, &addr, &len, &access);
	if (ret != 0)
		return ret;
	ret = uv_pin(call->ctx, addr, len,
		(access &
			~(uint64_t)(IB_UVERBS_ACCESS_REMOTE_READ |
				IB_UVERBS_ACCESS_OPTIONAL_RANGE)) != 0,
		&pin, &o->umem.pinned);
	if (ret != 0)
		return ret;
	ret = fw_umem_create(f, call->ctx->uid, pin, len, (uint32_t)access, &o->umem.id);
	if (ret != 0) {
		mem_unpin(pin);
		goto unpinned;
	}
	ret = uv_put(call, MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, &o->umem.id, sizeof(o->umem.id));
	if (ret == 0)
		return 0;
	fw_umem_destroy(f, o->umem.id);
unpinned:
	uv_unpinned(call->ctx, o->umem.pinned);
	return ret;
}

int
uv_umem_destroy(struct uv_obj *o)
{
	int ret = fw_umem_destroy(o->ctx->func, o->umem.id);

	if (ret == 0)
		uv_unpinned(o->ctx, o->umem.pinned);
	return ret;
}

/* clang-format off */
static const struct uv_attr_spec reg_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE, MLX5_IB_OBJECT_DEVX_UMEM, UV_NEW),
	UV_IN(MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, 8, 8),
	UV_IN(MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, 8, 8),
	UV_FD_OPT(MLX5_IB_ATTR_DEVX_UMEM_REG_DMABUF_FD),
	UV_IN_OPT(MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS, 4, 8),
	UV_IN_OPT(MLX5_IB_ATTR_DEVX_UMEM_REG_PGSZ_BITMAP, 8, 8),
	UV_OUT(MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, 4, 4),
};

static const struct uv_attr_spec dereg_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_DEVX_UMEM_DEREG_HANDLE, MLX5_IB_OBJECT_DEVX_UMEM, UV_DESTROY),
};

static const struct uv_method_spec methods[] = {
	UV_METHOD(MLX5_IB_OBJECT_DEVX_UMEM, MLX5_IB_METHOD_DEVX_UMEM_REG, reg_attrs, umem_reg),
	UV_METHOD(MLX5_IB_OBJECT_DEVX_UMEM, MLX5_IB_METHOD_DEVX_UMEM_DEREG, dereg_attrs, NULL),
};
/* clang-format on */
const struct uv_methods uv_umem_methods = {methods, sizeof(methods) / sizeof(methods[0])};
