/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * From an ioctl to the handler of its method: every attribute is checked against the method's table
 * first, with the errors and in the order of Linux uverbs_ioctl.c.
 */
#include "uv.h"

#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <limits.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <stdlib.h>
#include <string.h>

#include "method.h"
#include "prm.h"

static const struct uv_methods *const uv_all[] = {
	&uv_device_methods,
	&uv_mr_methods,
	&uv_devx_methods,
	&uv_umem_methods,
	&uv_page_methods,
	&uv_flow_methods,
	&uv_event_methods,
	&uv_cq_methods,
};

static const struct uv_attr_spec uhw_attrs[] = {
	UV_IN_OPT(UVERBS_ATTR_UHW_IN, 0, UINT16_MAX),
	UV_OUT_OPT(UVERBS_ATTR_UHW_OUT, 0, UINT16_MAX),
};

static const struct uv_method_spec *
find_method(uint16_t object, uint16_t method)
{
	unsigned int t, i;

	for (t = 0; t < sizeof(uv_all) / sizeof(uv_all[0]); t++) {
		for (i = 0; i < uv_all[t]->n; i++) {
			if (uv_all[t]->m[i].object == object && uv_all[t]->m[i].method == method)
				return &uv_all[t]->m[i];
		}
	}
	return NULL;
}

/* Methods of what the device can't do are not there: devx_is_supported(), var_is_supported(). */
static bool
is_supported(const struct nic_func *f, uint16_t object)
{
	switch (object) {
	case MLX5_IB_OBJECT_VAR:
		return (DEVX_GET64(cmd_hca_cap, f->caps[0], general_obj_types) &
			       1ull << MLX5_GENERAL_OBJ_TYPE_VIRTQ) != 0;
	case MLX5_IB_OBJECT_DEVX:
	case MLX5_IB_OBJECT_DEVX_OBJ:
	case MLX5_IB_OBJECT_DEVX_UMEM:
	case MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD:
	case MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD:
		return DEVX_GET(cmd_hca_cap, f->caps[0], log_max_uctx) != 0;
	default:
		return true;
	}
}

static const struct uv_attr_spec *
find_attr(const struct uv_method_spec *m, uint16_t id)
{
	unsigned int i;

	for (i = 0; i < m->n_attrs; i++) {
		if (m->attrs[i].id == id)
			return &m->attrs[i];
	}
	for (i = 0; m->has_uhw && i < 2; i++) {
		if (uhw_attrs[i].id == id)
			return &uhw_attrs[i];
	}
	return NULL;
}

static int
check_ptr(const struct uv_attr *a, uint16_t min, uint16_t max)
{
	const struct ib_uverbs_attr *in = &a->in;

	if (in->len < min || (!a->spec->zero_trailing && in->len > max))
		return -EINVAL;
	return a->spec->type != UV_ENUM_IN && in->attr_data.reserved != 0 ? -EINVAL : 0;
}

static int
check_enum(const struct uv_attr *a)
{
	uint8_t elem = a->in.attr_data.enum_data.elem_id;

	if (elem >= a->spec->n_elems)
		return -EOPNOTSUPP;
	if (a->in.attr_data.enum_data.reserved != 0)
		return -EINVAL;
	return elem == 0 ? check_ptr(a, a->spec->min, a->spec->max) : check_ptr(a, 0, 0);
}

static int
check_handle(struct uv_call *call, struct uv_attr *a)
{
	int64_t id;
	int ret;

	if (a->in.attr_data.reserved != 0 || a->in.len != 0)
		return -EINVAL;
	if (a->spec->access == UV_READ)
		return uv_obj_use(call, a->spec->obj_type, a->in.data_s64, false, &a->obj);
	if (a->spec->access == UV_DESTROY)
		return uv_obj_find(call->ctx, a->spec->obj_type, a->in.data_s64, &a->obj);
	if (!call->ctx->has_ucontext)
		return -EINVAL;
	a->obj = uv_obj_new(call->ctx, a->spec->obj_type);
	if (a->obj == NULL)
		return -ENOMEM;
	id = a->obj->handle;
	ret = uv_copy_out((uintptr_t)&a->user->data, &id, sizeof(id));
	return ret;
}

static int
check_fd(struct uv_call *call, struct uv_attr *a)
{
	enum uv_chan_kind kind = UV_CHAN_ASYNC;

	if (a->in.attr_data.reserved != 0 || a->in.len != 0)
		return -EINVAL;
	if (a->spec->access == UV_NEW)
		return call->ctx->has_ucontext ? 0 : -EINVAL;
	if (a->spec->obj_type == MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD)
		kind = UV_CHAN_DEVX;
	else if (a->spec->obj_type == MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD)
		kind = UV_CHAN_CMD;
	else if (a->spec->obj_type == UVERBS_OBJECT_COMP_CHANNEL)
		kind = UV_CHAN_COMP;
	if (a->in.data_s64 < 0 || a->in.data_s64 > INT_MAX)
		return -EINVAL;
	a->chan = uv_chan_use(call->ctx, (int)a->in.data_s64, kind);
	return a->chan == NULL ? -EBADF : 0;
}

static int
check_array(struct uv_call *call, struct uv_attr *a)
{
	unsigned int n = a->in.len / sizeof(uint32_t), i;
	uint32_t handle;
	int ret = 0;

	if (a->in.attr_data.reserved != 0 || a->in.len % sizeof(uint32_t) != 0 ||
		n < a->spec->min || n > a->spec->max)
		return -EINVAL;
	for (i = 0; i < n && ret == 0; i++) {
		if (a->in.len > sizeof(a->in.data))
			ret = uv_copy_in(&handle, a->in.data + i * sizeof(handle), sizeof(handle));
		else
			memcpy(&handle, (const uint8_t *)&a->in.data + i * sizeof(handle),
				sizeof(handle));
		if (ret == 0)
			ret = uv_obj_use(call, a->spec->obj_type, handle, false, &a->obj);
	}
	return ret;
}

static int
check_attr(struct uv_call *call, struct uv_attr *a)
{
	switch (a->spec->type) {
	case UV_PTR_IN:
	case UV_PTR_OUT:
		return check_ptr(a, a->spec->min, a->spec->max);
	case UV_ENUM_IN:
		return check_enum(a);
	case UV_IDR:
		return check_handle(call, a);
	case UV_FD:
		return check_fd(call, a);
	case UV_IDR_ARRAY:
		return check_array(call, a);
	case UV_RAW_FD:
		break;
	}
	if (a->in.attr_data.reserved != 0 || a->in.len != 0 || a->in.data_s64 < INT_MIN ||
		a->in.data_s64 > INT_MAX)
		return -EINVAL;
	return 0;
}

static int
take_attr(struct uv_call *call, struct ib_uverbs_attr *user)
{
	const struct uv_attr_spec *spec;
	struct ib_uverbs_attr in;
	struct uv_attr *a;
	int ret;

	ret = uv_copy_in(&in, (uintptr_t)user, sizeof(in));
	if (ret != 0)
		return ret;
	spec = find_attr(call->method, in.attr_id);
	if (spec == NULL)
		return (in.flags & UVERBS_ATTR_F_MANDATORY) != 0 ? -EPROTONOSUPPORT : 0;
	if (uv_attr(call, in.attr_id) != NULL || call->n_attrs == UV_MAX_ATTRS)
		return -EINVAL;
	a = &call->attrs[call->n_attrs++];
	*a = (struct uv_attr){.spec = spec, .user = user, .in = in};
	return check_attr(call, a);
}

static int
check_mandatory(struct uv_call *call)
{
	unsigned int i;

	for (i = 0; i < call->method->n_attrs; i++) {
		if (call->method->attrs[i].mandatory &&
			uv_attr(call, call->method->attrs[i].id) == NULL)
			return -EINVAL;
	}
	return 0;
}

/* New handles become visible, or vanish. */
static void
finish_objects(struct uv_call *call, int ret)
{
	struct uv_attr *a;
	unsigned int i;

	for (i = 0; i < call->n_attrs; i++) {
		a = &call->attrs[i];
		if (a->spec->type != UV_IDR || a->spec->access != UV_NEW || a->obj == NULL)
			continue;
		if (ret == 0)
			uv_obj_commit(a->obj);
		else
			uv_obj_abort(a->obj);
	}
}

/* What it used is anybody's again. */
static void
let_go(struct uv_call *call)
{
	unsigned int i;

	uv_obj_unuse(call);
	for (i = 0; i < call->n_attrs; i++) {
		if (call->attrs[i].chan != NULL)
			uv_chan_unuse(call->attrs[i].chan);
	}
}

static int
run_method(struct uv_call *call, struct ib_uverbs_attr *attrs, unsigned int n)
{
	struct uv_attr *out;
	unsigned int i;
	uint16_t flags;
	int ret = 0;

	for (i = 0; i < n && ret == 0; i++)
		ret = take_attr(call, &attrs[i]);
	if (ret == 0)
		ret = check_mandatory(call);
	if (ret != 0)
		return ret;
	for (i = 0; i < call->n_attrs && ret == 0; i++) {
		if (call->attrs[i].spec->type == UV_IDR &&
			call->attrs[i].spec->access == UV_DESTROY) {
			ret = uv_obj_destroy(call->attrs[i].obj);
			call->attrs[i].obj = NULL;
		}
	}
	if (ret == 0 && call->method->handler != NULL)
		ret = call->method->handler(call);
	out = uv_attr(call, UVERBS_ATTR_UHW_OUT);
	if (ret == 0 && out != NULL) {
		flags = out->in.flags | UVERBS_ATTR_F_VALID_OUTPUT;
		ret = uv_copy_out((uintptr_t)&out->user->flags, &flags, sizeof(flags));
	}
	/* this one says that the method is unknown, and nothing else */
	return ret == -EPROTONOSUPPORT ? -EINVAL : ret;
}

int
uv_ioctl(struct uv_ctx *ctx, void *arg)
{
	struct ib_uverbs_ioctl_hdr *user = arg;
	struct ib_uverbs_ioctl_hdr hdr;
	struct uv_call call = {.ctx = ctx};
	struct uv_call_clock clock = {0};
	int ret;

	ret = uv_copy_in(&hdr, (uintptr_t)user, sizeof(hdr));
	if (ret != 0)
		return ret;
	if (hdr.length > NIC_PAGE ||
		hdr.length != sizeof(hdr) + hdr.num_attrs * sizeof(hdr.attrs[0]))
		return -EINVAL;
	if (hdr.reserved1 != 0 || hdr.reserved2 != 0)
		return -EPROTONOSUPPORT;
	if (hdr.driver_id != RDMA_DRIVER_MLX5)
		return -EINVAL;
	call.method = find_method(hdr.object_id, hdr.method_id);
	if (call.method == NULL || !is_supported(ctx->func, hdr.object_id))
		return -EPROTONOSUPPORT;
	call.index = method_find(hdr.object_id, hdr.method_id);
	uv_trace_begin(ctx, &clock);
	if (call.index != METHOD_INVOKE_WRITE)
		ret = uv_call_begin(&call);
	if (ret == 0) {
		ret = run_method(&call, user->attrs, hdr.num_attrs);
		finish_objects(&call, ret);
		let_go(&call);
	}
	uv_call_end(&call, ret);
	uv_trace_end(&call, &clock, ret);
	return ret;
}
