/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * DevX: mailboxes of the user. Linux hw/mlx5/devx.c.
 */
#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <rdma/mlx5_user_ioctl_verbs.h>
#include <stdlib.h>
#include <string.h>

#include "../fw/fw.h"
#include "devx_rules.h"
#include "prm.h"
#include "uv.h"

/* The two mailboxes of a method: 'in' is a copy of the user's, 'out' is empty. */
static int
get_mailboxes(
	struct uv_call *call, uint16_t in_id, uint16_t out_id, void **in, size_t *inlen, void **out)
{
	int ret;

	ret = uv_get_buf(call, in_id, in, inlen);
	if (ret != 0)
		return ret;
	*out = calloc(1, uv_attr_len(call, out_id));
	if (*out != NULL)
		return 0;
	free(*in);
	return -ENOMEM;
}

/* Execute, and let the user see the answer, a refusal too. */
static int
exec_and_put(struct uv_call *call, void *in, size_t inlen, void *out, uint16_t out_id)
{
	size_t outlen = uv_attr_len(call, out_id);
	int ret, err;

	ret = uv_exec(call->ctx, in, inlen, out, outlen);
	if (ret != 0 && ret != -EREMOTEIO)
		return ret;
	err = uv_put(call, out_id, out, outlen);
	return err != 0 ? err : ret;
}

static int
devx_other(struct uv_call *call)
{
	void *in, *out;
	size_t inlen;
	int ret;

	ret = get_mailboxes(call, MLX5_IB_ATTR_DEVX_OTHER_CMD_IN, MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT,
		&in, &inlen, &out);
	if (ret != 0)
		return ret;
	ret = -EINVAL;
	if (call->ctx->has_ucontext && (call->ctx->uid != 0 || devx_is_whitelisted(in)) &&
		devx_is_kind(in, DEVX_GENERAL))
		ret = exec_and_put(call, in, inlen, out, MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT);
	free(out);
	free(in);
	return ret;
}

static int
devx_query_eqn(struct uv_call *call)
{
	uint32_t vector = 0, eqn;
	int ret;

	ret = uv_get(call, MLX5_IB_ATTR_DEVX_QUERY_EQN_USER_VEC, &vector, sizeof(vector));
	if (ret != 0)
		return ret;
	if (!call->ctx->has_ucontext || vector >= FW_N_EQ)
		return -EINVAL;
	eqn = FW_EQN(vector);
	return uv_put(call, MLX5_IB_ATTR_DEVX_QUERY_EQN_DEV_EQN, &eqn, sizeof(eqn));
}

/* Only a context with shared doorbell pages has such numbers. */
static int
devx_query_uar(struct uv_call *call)
{
	(void)call;
	return -EINVAL;
}

static int
create(struct uv_call *call, struct uv_obj *o, void *in, size_t inlen, void *out)
{
	size_t outlen = uv_attr_len(call, MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT);
	uint32_t answer[DEVX_ST_SZ_DW(general_obj_out_cmd_hdr)];
	int ret;

	if (DEVX_GET(general_obj_in_cmd_hdr, in, vhca_tunnel_id) != 0 || call->ctx->uid == 0 ||
		!devx_is_kind(in, DEVX_CREATE))
		return -EINVAL;
	ret = devx_set_umem_valid(in, inlen);
	if (ret == 0)
		ret = exec_and_put(call, in, inlen, out, MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT);
	/* -EFAULT comes after the command was executed: then there may be an object */
	if (ret != 0 && (ret != -EFAULT || DEVX_GET(mbox_out, out, status) != MLX5_CMD_STAT_OK))
		return ret;
	if (outlen < sizeof(answer))
		return -EIO;
	o->devx.id = devx_created_id(in, out);
	if (o->devx.id == 0)
		return -EIO;
	devx_destroy_mailbox(o->devx.id, o->devx.destroy);
	if (ret != 0)
		uv_exec(call->ctx, o->devx.destroy, sizeof(o->devx.destroy), answer,
			sizeof(answer));
	return ret;
}

static int
devx_obj_create(struct uv_call *call)
{
	struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE);
	void *in, *out;
	size_t inlen;
	int ret;

	ret = get_mailboxes(call, MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN,
		MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, &in, &inlen, &out);
	if (ret != 0)
		return ret;
	ret = create(call, o, in, inlen, out);
	free(out);
	free(in);
	return ret;
}

int
uv_devx_destroy(struct uv_obj *o)
{
	uint32_t out[DEVX_ST_SZ_DW(general_obj_out_cmd_hdr)] = {0};
	enum nic_obj_type type = devx_nic_type(o->devx.id);
	int ret;

	ret = uv_exec_kernel(o->ctx, o->devx.destroy, sizeof(o->devx.destroy), out, sizeof(out));
	if (ret != 0)
		return ret;
	uv_chan_obj_gone(o->ctx->func, type, (uint32_t)o->devx.id);
	return 0;
}

/* The object that mailboxes by this handle have to be about, 0: none. */
static uint64_t
id_of(const struct uv_obj *o)
{
	switch (o->type) {
	case MLX5_IB_OBJECT_DEVX_OBJ:
		return o->devx.id;
	case UVERBS_OBJECT_CQ:
		return devx_cq_id(o->cq.cqn);
	default:
		return 0;
	}
}

/* devx_is_valid_obj_id(): may this mailbox be sent about the object of the handle? */
static int
check_use(struct uv_call *call, const struct uv_obj *o, const void *in, enum devx_kind kind)
{
	uint64_t id = id_of(o);

	if (DEVX_GET(general_obj_in_cmd_hdr, in, vhca_tunnel_id) != 0 || call->ctx->uid == 0 ||
		!devx_is_kind(in, kind) || id == 0 || devx_obj_id(in) != id)
		return -EINVAL;
	return 0;
}

static int
use(struct uv_call *call, enum devx_kind kind, uint16_t handle_id, uint16_t in_id, uint16_t out_id)
{
	void *in, *out;
	size_t inlen;
	int ret;

	ret = get_mailboxes(call, in_id, out_id, &in, &inlen, &out);
	if (ret != 0)
		return ret;
	ret = check_use(call, uv_attr_obj(call, handle_id), in, kind);
	if (ret == 0)
		ret = devx_set_umem_valid(in, inlen);
	if (ret == 0)
		ret = exec_and_put(call, in, inlen, out, out_id);
	free(out);
	free(in);
	return ret;
}

static int
devx_obj_modify(struct uv_call *call)
{
	return use(call, DEVX_MODIFY, MLX5_IB_ATTR_DEVX_OBJ_MODIFY_HANDLE,
		MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_IN, MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_OUT);
}

static int
devx_obj_query(struct uv_call *call)
{
	return use(call, DEVX_QUERY, MLX5_IB_ATTR_DEVX_OBJ_QUERY_HANDLE,
		MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_IN, MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_OUT);
}

_Static_assert(sizeof(struct mlx5_ib_uapi_devx_async_cmd_hdr) == UV_CHAN_CMD_HEAD, "head");

static int
query_async(struct uv_call *call, void *in, size_t inlen, size_t outlen)
{
	struct mlx5_ib_uapi_devx_async_cmd_hdr *hdr;
	struct uv_attr *fd = uv_attr(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD);
	int ret;

	hdr = calloc(1, sizeof(*hdr) + outlen);
	if (hdr == NULL) {
		ret = -ENOMEM;
		goto free_in;
	}
	ret = uv_chan_reserve(fd->chan, outlen);
	if (ret != 0)
		goto free_hdr;
	ret = uv_get(
		call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID, &hdr->wr_id, sizeof(hdr->wr_id));
	if (ret == 0)
		return uv_async_query(call->ctx, fd->chan, in, inlen, hdr, outlen);
	uv_chan_unreserve(fd->chan, outlen);
free_hdr:
	free(hdr);
free_in:
	free(in);
	return ret;
}

static int
devx_obj_async_query(struct uv_call *call)
{
	struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE);
	uint64_t outlen;
	size_t inlen;
	void *in;
	int ret;

	ret = uv_get_const(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN, UINT16_MAX, &outlen);
	if (ret != 0)
		return ret;
	ret = uv_get_buf(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN, &in, &inlen);
	if (ret != 0)
		return ret;
	ret = check_use(call, o, in, DEVX_QUERY);
	if (ret == 0)
		return query_async(call, in, inlen, outlen);
	free(in);
	return ret;
}

/* clang-format off */
#define MAILBOX_IN(attr) UV_IN(attr, DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr), UINT16_MAX)
#define MAILBOX_OUT(attr) UV_OUT(attr, DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr), UINT16_MAX)

static const struct uv_attr_spec other_attrs[] = {
	MAILBOX_IN(MLX5_IB_ATTR_DEVX_OTHER_CMD_IN),
	MAILBOX_OUT(MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT),
};

static const struct uv_attr_spec query_uar_attrs[] = {
	UV_IN(MLX5_IB_ATTR_DEVX_QUERY_UAR_USER_IDX, 4, 4),
	UV_OUT(MLX5_IB_ATTR_DEVX_QUERY_UAR_DEV_IDX, 4, 4),
};

static const struct uv_attr_spec query_eqn_attrs[] = {
	UV_IN(MLX5_IB_ATTR_DEVX_QUERY_EQN_USER_VEC, 4, 4),
	UV_OUT(MLX5_IB_ATTR_DEVX_QUERY_EQN_DEV_EQN, 4, 4),
};

static const struct uv_attr_spec create_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ, UV_NEW),
	MAILBOX_IN(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN),
	MAILBOX_OUT(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT),
};

static const struct uv_attr_spec destroy_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_DEVX_OBJ_DESTROY_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ, UV_DESTROY),
};

static const struct uv_attr_spec modify_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_DEVX_OBJ_MODIFY_HANDLE, UV_ANY_OBJECT, UV_READ),
	MAILBOX_IN(MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_IN),
	MAILBOX_OUT(MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_OUT),
};

static const struct uv_attr_spec query_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_DEVX_OBJ_QUERY_HANDLE, UV_ANY_OBJECT, UV_READ),
	MAILBOX_IN(MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_IN),
	MAILBOX_OUT(MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_OUT),
};

static const struct uv_attr_spec async_query_attrs[] = {
	UV_OBJ(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE, UV_ANY_OBJECT, UV_READ),
	MAILBOX_IN(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN),
	UV_IN(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN, 8, 8),
	UV_CHAN(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD, MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD, UV_READ),
	UV_IN(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID, 8, 8),
};

static const struct uv_method_spec methods[] = {
	UV_METHOD(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_OTHER,
		other_attrs, devx_other),
	UV_METHOD(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_QUERY_UAR,
		query_uar_attrs, devx_query_uar),
	UV_METHOD(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_QUERY_EQN,
		query_eqn_attrs, devx_query_eqn),
	UV_METHOD(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_CREATE,
		create_attrs, devx_obj_create),
	UV_METHOD(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_DESTROY,
		destroy_attrs, NULL),
	UV_METHOD(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_MODIFY,
		modify_attrs, devx_obj_modify),
	UV_METHOD(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_QUERY,
		query_attrs, devx_obj_query),
	UV_METHOD(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_ASYNC_QUERY,
		async_query_attrs, devx_obj_async_query),
};
/* clang-format on */
const struct uv_methods uv_devx_methods = {methods, sizeof(methods) / sizeof(methods[0])};
