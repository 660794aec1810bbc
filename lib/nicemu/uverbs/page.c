/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Doorbell pages: UAR and VAR. Linux hw/mlx5/main.c: MLX5_IB_METHOD_UAR_OBJ_ALLOC,
 * MLX5_IB_METHOD_VAR_OBJ_ALLOC. The descriptor of the device is a file that stands for the BAR: the
 * user maps a page at the offset that it got here.
 */
#include <errno.h>
#include <limits.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include "../fw/fw.h"
#include "uv.h"

/* The three answers of an allocation; the attributes of both objects have the same order. */
static int
put_page(struct uv_call *call, const struct uv_obj *o, uint16_t offset_id, uint16_t length_id,
	uint16_t page_id)
{
	int ret;

	ret = uv_put(call, offset_id, &o->page.offset, sizeof(o->page.offset));
	if (ret == 0)
		ret = uv_put(call, page_id, &o->page.page_id, sizeof(o->page.page_id));
	if (ret == 0)
		ret = uv_put(call, length_id, &o->page.len, sizeof(o->page.len));
	return ret;
}

static int
uar_alloc(struct uv_call *call)
{
	struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE);
	uint64_t type;
	int ret;

	ret = uv_get_const(call, MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE, INT_MAX, &type);
	if (ret != 0)
		return ret;
	if (type != MLX5_IB_UAPI_UAR_ALLOC_TYPE_BF && type != MLX5_IB_UAPI_UAR_ALLOC_TYPE_NC)
		return -EOPNOTSUPP;
	ret = fw_uar_alloc(call->ctx->func, call->ctx->uid, &o->page.page_id, &o->page.offset);
	if (ret != 0)
		return ret;
	o->page.len = NIC_PAGE;
	ret = put_page(call, o, MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET,
		MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH, MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID);
	if (ret != 0)
		fw_uar_free(call->ctx->func, o->page.page_id);
	return ret;
}

static int
var_alloc(struct uv_call *call)
{
	struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_VAR_OBJ_ALLOC_HANDLE);
	int ret;

	ret = fw_var_alloc(
		call->ctx->func, call->ctx->uid, &o->page.page_id, &o->page.offset, &o->page.len);
	if (ret != 0)
		return ret;
	ret = put_page(call, o, MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_OFFSET,
		MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_LENGTH, MLX5_IB_ATTR_VAR_OBJ_ALLOC_PAGE_ID);
	if (ret != 0)
		fw_var_free(call->ctx->func, o->page.page_id);
	return ret;
}

/* The kernel lets go of the handle whatever the firmware says: a page in use stays until the user
 * context goes. */
int
uv_uar_destroy(struct uv_obj *o)
{
	fw_uar_free(o->ctx->func, o->page.page_id);
	return 0;
}

int
uv_var_destroy(struct uv_obj *o)
{
	fw_var_free(o->ctx->func, o->page.page_id);
	return 0;
}

/* clang-format off */
static const struct uv_attr_spec uar_alloc_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE, MLX5_IB_OBJECT_UAR, UV_NEW),
	UV_IN(MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE, 8, 8),
	UV_OUT(MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID, 4, 4),
	UV_OUT(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH, 4, 4),
	UV_OUT(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET, 8, 8),
};

static const struct uv_attr_spec uar_destroy_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_UAR_OBJ_DESTROY_HANDLE, MLX5_IB_OBJECT_UAR, UV_DESTROY),
};

static const struct uv_attr_spec var_alloc_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_VAR_OBJ_ALLOC_HANDLE, MLX5_IB_OBJECT_VAR, UV_NEW),
	UV_OUT(MLX5_IB_ATTR_VAR_OBJ_ALLOC_PAGE_ID, 4, 4),
	UV_OUT(MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_LENGTH, 4, 4),
	UV_OUT(MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_OFFSET, 8, 8),
};

static const struct uv_attr_spec var_destroy_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_VAR_OBJ_DESTROY_HANDLE, MLX5_IB_OBJECT_VAR, UV_DESTROY),
};

static const struct uv_method_spec methods[] = {
	UV_METHOD(MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_ALLOC, uar_alloc_attrs, uar_alloc),
	UV_METHOD(MLX5_IB_OBJECT_UAR, MLX5_IB_METHOD_UAR_OBJ_DESTROY, uar_destroy_attrs, NULL),
	UV_METHOD(MLX5_IB_OBJECT_VAR, MLX5_IB_METHOD_VAR_OBJ_ALLOC, var_alloc_attrs, var_alloc),
	UV_METHOD(MLX5_IB_OBJECT_VAR, MLX5_IB_METHOD_VAR_OBJ_DESTROY, var_destroy_attrs, NULL),
};
/* clang-format on */
const struct uv_methods uv_page_methods = {methods, sizeof(methods) / sizeof(methods[0])};
