/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Names as Linux has them in include/uapi/rdma/ib_user_ioctl_cmds.h, mlx5_user_ioctl_cmds.h and
 * ib_user_verbs.h, without their prefixes.
 */
#include "method.h"

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <stddef.h>
#include <strings.h>

#define NONE 0xffffffffu

struct way {
	const char *name;
	uint16_t object, method;
	uint32_t write; /* command of the write() ABI, NONE: not there, or another row */
};

/* clang-format off */
#define WRITE(cmd) IB_USER_VERBS_CMD_##cmd
#define WRITE_EX(cmd) (IB_USER_VERBS_EX_CMD_##cmd | IB_USER_VERBS_CMD_FLAG_EXTENDED)
#define BY_WRITE(name, w) {name, 0xffff, 0xffff, w}
#define DEVICE(m) {#m, UVERBS_OBJECT_DEVICE, UVERBS_METHOD_##m, NONE}
#define MLX5(m, object) {#m, MLX5_IB_OBJECT_##object, MLX5_IB_METHOD_##m, NONE}

static const struct way ways[] = {
	[METHOD_INVOKE_WRITE] = DEVICE(INVOKE_WRITE),
	{"GET_CONTEXT", UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT, WRITE(GET_CONTEXT)},
	BY_WRITE("QUERY_DEVICE", WRITE(QUERY_DEVICE)),
	BY_WRITE("QUERY_DEVICE", WRITE_EX(QUERY_DEVICE)),
	{"QUERY_PORT", UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT, WRITE(QUERY_PORT)},
	DEVICE(INFO_HANDLES),
	DEVICE(QUERY_GID_TABLE),
	DEVICE(QUERY_GID_ENTRY),
	{"ASYNC_EVENT_ALLOC", UVERBS_OBJECT_ASYNC_EVENT, UVERBS_METHOD_ASYNC_EVENT_ALLOC, NONE},
	BY_WRITE("ALLOC_PD", WRITE(ALLOC_PD)),
	{"DEALLOC_PD", UVERBS_OBJECT_PD, UVERBS_METHOD_PD_DESTROY, WRITE(DEALLOC_PD)},
	{"QUERY_PD", UVERBS_OBJECT_PD, MLX5_IB_METHOD_PD_QUERY, NONE},
	BY_WRITE("REG_MR", WRITE(REG_MR)),
	BY_WRITE("REREG_MR", WRITE(REREG_MR)),
	{"DEREG_MR", UVERBS_OBJECT_MR, UVERBS_METHOD_MR_DESTROY, WRITE(DEREG_MR)},
	{"QUERY_MR", UVERBS_OBJECT_MR, UVERBS_METHOD_QUERY_MR, NONE},
	BY_WRITE("CREATE_COMP_CHANNEL", WRITE(CREATE_COMP_CHANNEL)),
	{"CREATE_CQ", UVERBS_OBJECT_CQ, UVERBS_METHOD_CQ_CREATE, NONE},
	{"DESTROY_CQ", UVERBS_OBJECT_CQ, UVERBS_METHOD_CQ_DESTROY, NONE},
	BY_WRITE("RESIZE_CQ", WRITE(RESIZE_CQ)),
	MLX5(DEVX_OTHER, DEVX),
	MLX5(DEVX_QUERY_UAR, DEVX),
	MLX5(DEVX_QUERY_EQN, DEVX),
	MLX5(DEVX_SUBSCRIBE_EVENT, DEVX),
	MLX5(DEVX_OBJ_CREATE, DEVX_OBJ),
	MLX5(DEVX_OBJ_DESTROY, DEVX_OBJ),
	MLX5(DEVX_OBJ_MODIFY, DEVX_OBJ),
	MLX5(DEVX_OBJ_QUERY, DEVX_OBJ),
	MLX5(DEVX_OBJ_ASYNC_QUERY, DEVX_OBJ),
	MLX5(DEVX_UMEM_REG, DEVX_UMEM),
	MLX5(DEVX_UMEM_DEREG, DEVX_UMEM),
	MLX5(DEVX_ASYNC_CMD_FD_ALLOC, DEVX_ASYNC_CMD_FD),
	MLX5(DEVX_ASYNC_EVENT_FD_ALLOC, DEVX_ASYNC_EVENT_FD),
	MLX5(UAR_OBJ_ALLOC, UAR),
	MLX5(UAR_OBJ_DESTROY, UAR),
	MLX5(VAR_OBJ_ALLOC, VAR),
	MLX5(VAR_OBJ_DESTROY, VAR),
	MLX5(FLOW_MATCHER_CREATE, FLOW_MATCHER),
	MLX5(FLOW_MATCHER_DESTROY, FLOW_MATCHER),
	{"CREATE_FLOW", UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_CREATE_FLOW, NONE},
	{"DESTROY_FLOW", UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_DESTROY_FLOW, WRITE_EX(DESTROY_FLOW)},
	{"DESTROY_FLOW", UVERBS_OBJECT_FLOW, UVERBS_METHOD_FLOW_DESTROY, NONE},
};
/* clang-format on */

#define N_WAYS ((unsigned int)(sizeof(ways) / sizeof(ways[0])))
_Static_assert(N_WAYS <= METHODS, "raise METHODS");

/* The first row with this name stands for all of them. */
static unsigned int
first(const char *name)
{
	unsigned int i;

	for (i = 0; strcasecmp(ways[i].name, name) != 0; i++)
		;
	return i;
}

unsigned int
method_find(uint16_t object, uint16_t method)
{
	unsigned int i;

	for (i = 0; i < N_WAYS; i++) {
		if (ways[i].object == object && ways[i].method == method)
			return first(ways[i].name);
	}
	return METHODS;
}

unsigned int
method_find_write(uint64_t command)
{
	unsigned int i;

	for (i = 0; i < N_WAYS; i++) {
		if (ways[i].write != NONE && ways[i].write == command)
			return first(ways[i].name);
	}
	return METHODS;
}

const char *
method_name(unsigned int index)
{
	return index < N_WAYS ? ways[index].name : NULL;
}

unsigned int
method_parse(const char *name)
{
	unsigned int i;

	for (i = METHOD_INVOKE_WRITE + 1; i < N_WAYS; i++) {
		if (strcasecmp(ways[i].name, name) == 0)
			return i;
	}
	return METHODS;
}
