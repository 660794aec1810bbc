/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Commands of the write() ABI, as the ioctl INVOKE_WRITE carries them. Linux core/uverbs_cmd.c,
 * core/uverbs_std_types_device.c. Queue pairs, shared and receive work queues, memory windows and
 * address handles of verbs are not emulated: such a command is answered as by a kernel driver that
 * lacks it.
 */
#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <stddef.h>
#include <string.h>

#include "method.h"
#include "../fw/fw.h"
#include "../real.h"
#include "uv.h"

#define CMD_EX(n) ((n) | IB_USER_VERBS_CMD_FLAG_EXTENDED)
#define MAX_CMD 64 /* bytes of the longest command below */

/* Outputs of a command are cut to the room that there is. */
static int
put_core(struct uv_call *call, const void *resp, size_t len)
{
	return uv_put_optional(call, UVERBS_ATTR_CORE_OUT, resp, len);
}

/* GET_CONTEXT of old: the channel of asynchronous events comes with it. */
static int
get_context(struct uv_call *call, const void *cmd)
{
	struct ib_uverbs_get_context_resp resp = {.num_comp_vectors = FW_N_EQ};
	int fd, ret;

	(void)cmd;
	if (uv_chan_create(call->ctx, UV_CHAN_ASYNC, false, &fd) == NULL)
		return -ENOMEM;
	resp.async_fd = (uint32_t)fd;
	ret = uv_ucontext_create(call);
	if (ret != 0)
		goto close_channel;
	ret = put_core(call, &resp, sizeof(resp));
	if (ret == 0)
		return 0;
	uv_ucontext_destroy(call->ctx);
close_channel:
	real_close()(fd);
	uv_chan_reap();
	return ret;
}

static int
query_device(struct uv_call *call, const void *cmd)
{
	struct ib_uverbs_ex_query_device_resp resp = {0};

	(void)cmd;
	if (!call->ctx->has_ucontext)
		return -EINVAL;
	uv_query_device(call->ctx->func, &resp);
	return put_core(call, &resp.base, sizeof(resp.base));
}

/* Driver's part of the answer: compressed completions, and that nothing beyond them is offered. */
static int
query_device_uhw(struct uv_call *call)
{
	struct mlx5_ib_query_device_resp resp = {0};
	size_t len = uv_attr_len(call, UVERBS_ATTR_UHW_OUT);
	size_t head = offsetof(struct mlx5_ib_query_device_resp, response_length) +
		sizeof(resp.response_length);

	if (len == 0)
		return 0;
	if (len < head)
		return -EINVAL;
	resp.response_length = (uint32_t)(len < sizeof(resp) ? len : sizeof(resp));
	uv_query_driver(call->ctx->func, &resp);
	return uv_put(call, UVERBS_ATTR_UHW_OUT, &resp, resp.response_length);
}

static int
query_device_ex(struct uv_call *call, const void *cmd)
{
	const struct ib_uverbs_ex_query_device *c = cmd;
	struct ib_uverbs_ex_query_device_resp resp = {0};
	size_t len = uv_attr_len(call, UVERBS_ATTR_CORE_OUT);
	int ret;

	if (!call->ctx->has_ucontext || c->comp_mask != 0 || c->reserved != 0)
		return -EINVAL;
	uv_query_device(call->ctx->func, &resp);
	resp.response_length = (uint32_t)(len < sizeof(resp) ? len : sizeof(resp));
	ret = query_device_uhw(call);
	return ret != 0 ? ret : put_core(call, &resp, sizeof(resp));
}

static int
query_port(struct uv_call *call, const void *cmd)
{
	const struct ib_uverbs_query_port *c = cmd;
	struct ib_uverbs_query_port_resp_ex resp = {0};
	int ret;

	if (!call->ctx->has_ucontext)
		return -EINVAL;
	ret = uv_query_port(call->ctx->func, c->port_num, &resp);
	return ret != 0 ? ret : put_core(call, &resp.legacy_resp, sizeof(resp.legacy_resp));
}

static int
destroy(struct uv_call *call, uint16_t type, uint32_t handle)
{
	struct uv_obj *o;
	int ret;

	ret = uv_obj_find(call->ctx, type, handle, &o);
	return ret != 0 ? ret : uv_obj_destroy(o);
}

/* The answer to a command that made an object, which goes when it cannot be told. */
static int
put_made(struct uv_call *call, uint16_t type, uint32_t handle, const void *resp, size_t len)
{
	int ret = put_core(call, resp, len);

	if (ret != 0)
		destroy(call, type, handle);
	return ret;
}

static int
alloc_pd(struct uv_call *call, const void *cmd)
{
	struct ib_uverbs_alloc_pd_resp resp;
	struct mlx5_ib_alloc_pd_resp uhw;
	int ret;

	(void)cmd;
	ret = uv_alloc_pd(call->ctx, &resp.pd_handle, &uhw.pdn);
	if (ret != 0)
		return ret;
	ret = uv_put_optional(call, UVERBS_ATTR_UHW_OUT, &uhw, sizeof(uhw));
	if (ret == 0)
		return put_made(call, UVERBS_OBJECT_PD, resp.pd_handle, &resp, sizeof(resp));
	destroy(call, UVERBS_OBJECT_PD, resp.pd_handle);
	return ret;
}

static int
dealloc_pd(struct uv_call *call, const void *cmd)
{
	return destroy(
		call, UVERBS_OBJECT_PD, ((const struct ib_uverbs_dealloc_pd *)cmd)->pd_handle);
}

static int
reg_mr(struct uv_call *call, const void *cmd)
{
	struct ib_uverbs_reg_mr_resp resp;
	int ret;

	ret = uv_reg_mr(call, cmd, &resp);
	return ret != 0 ? ret
			: put_made(call, UVERBS_OBJECT_MR, resp.mr_handle, &resp, sizeof(resp));
}

static int
rereg_mr(struct uv_call *call, const void *cmd)
{
	struct ib_uverbs_rereg_mr_resp resp;
	int ret = uv_rereg_mr(call, cmd, &resp);

	return ret != 0 ? ret : put_core(call, &resp, sizeof(resp));
}

static int
dereg_mr(struct uv_call *call, const void *cmd)
{
	return destroy(call, UVERBS_OBJECT_MR, ((const struct ib_uverbs_dereg_mr *)cmd)->mr_handle);
}

static int
create_comp_channel(struct uv_call *call, const void *cmd)
{
	struct ib_uverbs_create_comp_channel_resp resp;
	int fd, ret;

	(void)cmd;
	if (!call->ctx->has_ucontext)
		return -EINVAL;
	if (uv_chan_create(call->ctx, UV_CHAN_COMP, false, &fd) == NULL)
		return -ENOMEM;
	resp.fd = (uint32_t)fd;
	ret = put_core(call, &resp, sizeof(resp));
	if (ret != 0) {
		real_close()(fd);
		uv_chan_reap();
	}
	return ret;
}

static int
resize_cq(struct uv_call *call, const void *cmd)
{
	struct ib_uverbs_resize_cq_resp resp = {0};
	int ret = uv_cq_resize(call, cmd, &resp.cqe);

	return ret != 0 ? ret : put_core(call, &resp, sizeof(resp));
}

static int
destroy_flow(struct uv_call *call, const void *cmd)
{
	const struct ib_uverbs_destroy_flow *c = cmd;

	return c->comp_mask != 0 ? -EINVAL : destroy(call, UVERBS_OBJECT_FLOW, c->flow_handle);
}

/* clang-format off */
static const struct {
	uint32_t cmd;
	uint16_t req, resp;		/* least bytes of each */
	int (*run)(struct uv_call *call, const void *cmd);
	bool has_driver_data;
} commands[] = {
	{IB_USER_VERBS_CMD_GET_CONTEXT, sizeof(struct ib_uverbs_get_context),
		sizeof(struct ib_uverbs_get_context_resp), get_context, true},
	{IB_USER_VERBS_CMD_QUERY_DEVICE, sizeof(struct ib_uverbs_query_device),
		sizeof(struct ib_uverbs_query_device_resp), query_device},
	{CMD_EX(IB_USER_VERBS_CMD_QUERY_DEVICE), sizeof(struct ib_uverbs_ex_query_device),
		offsetof(struct ib_uverbs_ex_query_device_resp, odp_caps), query_device_ex, true},
	{IB_USER_VERBS_CMD_QUERY_PORT, sizeof(struct ib_uverbs_query_port),
		sizeof(struct ib_uverbs_query_port_resp), query_port},
	{IB_USER_VERBS_CMD_ALLOC_PD, sizeof(struct ib_uverbs_alloc_pd),
		sizeof(struct ib_uverbs_alloc_pd_resp), alloc_pd, true},
	{IB_USER_VERBS_CMD_DEALLOC_PD, sizeof(struct ib_uverbs_dealloc_pd), 0, dealloc_pd},
	{IB_USER_VERBS_CMD_REG_MR, sizeof(struct ib_uverbs_reg_mr),
		sizeof(struct ib_uverbs_reg_mr_resp), reg_mr, true},
	{IB_USER_VERBS_CMD_REREG_MR, sizeof(struct ib_uverbs_rereg_mr),
		sizeof(struct ib_uverbs_rereg_mr_resp), rereg_mr, true},
	{IB_USER_VERBS_CMD_DEREG_MR, sizeof(struct ib_uverbs_dereg_mr), 0, dereg_mr},
	{IB_USER_VERBS_CMD_CREATE_COMP_CHANNEL, sizeof(struct ib_uverbs_create_comp_channel),
		sizeof(struct ib_uverbs_create_comp_channel_resp), create_comp_channel},
	{IB_USER_VERBS_CMD_RESIZE_CQ, sizeof(struct ib_uverbs_resize_cq),
		sizeof(struct ib_uverbs_resize_cq_resp), resize_cq, true},
	{CMD_EX(IB_USER_VERBS_EX_CMD_DESTROY_FLOW), sizeof(struct ib_uverbs_destroy_flow), 0,
		destroy_flow},
};
/* clang-format on */

/* Numbers that no kernel knows are invalid, the others are just not there (uapi_get_method()). */
static int
unknown_command(uint64_t cmd)
{
	uint64_t nr = cmd & ~(uint64_t)IB_USER_VERBS_CMD_FLAG_EXTENDED;

	if (nr > IB_USER_VERBS_CMD_OPEN_QP && (cmd & IB_USER_VERBS_CMD_FLAG_EXTENDED) == 0)
		return -EINVAL;
	return nr > IB_USER_VERBS_EX_CMD_MODIFY_CQ ? -EINVAL : -EOPNOTSUPP;
}

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int
uv_write_find(uint32_t command, struct uv_write_sizes *s)
{
	unsigned int i;

	for (i = 0; i < N_COMMANDS && commands[i].cmd != command; i++)
		;
	if (i == N_COMMANDS)
		return unknown_command(command);
	*s = (struct uv_write_sizes){
		commands[i].req, commands[i].resp, commands[i].has_driver_data};
	return 0;
}

int
uv_invoke_write(struct uv_call *call)
{
	uint8_t cmd[MAX_CMD] __attribute__((aligned(8))) = {0};
	struct uv_attr *in = uv_attr(call, UVERBS_ATTR_CORE_IN);
	size_t in_len = uv_attr_len(call, UVERBS_ATTR_CORE_IN);
	uint64_t nr;
	unsigned int i;
	int ret;

	ret = uv_get_const(call, UVERBS_ATTR_WRITE_CMD, UINT32_MAX, &nr);
	if (ret != 0)
		return ret;
	for (i = 0; i < N_COMMANDS && commands[i].cmd != nr; i++)
		;
	if (i == N_COMMANDS)
		return unknown_command(nr);
	call->index = method_find_write(nr);
	ret = uv_call_begin(call);
	if (ret != 0)
		return ret;
	if (in_len < commands[i].req || uv_attr_len(call, UVERBS_ATTR_CORE_OUT) < commands[i].resp)
		return -ENOSPC;
	in_len = in_len < sizeof(cmd) ? in_len : sizeof(cmd);
	if (in->in.len <= sizeof(in->in.data))
		memcpy(cmd, &in->in.data, in_len);
	else
		ret = uv_copy_in(cmd, in->in.data, in_len);
	return ret != 0 ? ret : commands[i].run(call, cmd);
}
