/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Methods of the device itself. Linux core/uverbs_std_types_device.c.
 */
#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <stdlib.h>
#include <string.h>

#include "../conf.h"
#include "../fw/fw.h"
#include "../sysfs.h"
#include "uv.h"

static int
get_context(struct uv_call *call)
{
	uint64_t support = IB_UVERBS_CORE_SUPPORT_OPTIONAL_MR_ACCESS;
	uint32_t n_vectors = FW_N_EQ;
	int ret;

	ret = uv_put_optional(
		call, UVERBS_ATTR_GET_CONTEXT_NUM_COMP_VECTORS, &n_vectors, sizeof(n_vectors));
	if (ret == 0)
		ret = uv_put_optional(
			call, UVERBS_ATTR_GET_CONTEXT_CORE_SUPPORT, &support, sizeof(support));
	return ret != 0 ? ret : uv_ucontext_create(call);
}

static int
query_port(struct uv_call *call)
{
	struct ib_uverbs_query_port_resp_ex resp = {0};
	uint64_t port;
	int ret;

	if (!call->ctx->has_ucontext)
		return -EINVAL;
	ret = uv_get_const(call, UVERBS_ATTR_QUERY_PORT_PORT_NUM, UINT8_MAX, &port);
	if (ret == 0)
		ret = uv_query_port(call->ctx->func, (uint32_t)port, &resp);
	if (ret != 0)
		return ret;
	return uv_put(call, UVERBS_ATTR_QUERY_PORT_RESP, &resp, sizeof(resp));
}

static int
info_handles(struct uv_call *call)
{
	size_t len = uv_attr_len(call, UVERBS_ATTR_INFO_HANDLES_LIST), max = len / sizeof(uint32_t);
	uint64_t object, total = 0;
	uint32_t *list;
	struct uv_obj *o;
	int ret;

	if (len == 0 || len % sizeof(uint32_t) != 0)
		return -EINVAL;
	ret = uv_get_const(call, UVERBS_ATTR_INFO_OBJECT_ID, UINT16_MAX, &object);
	if (ret != 0)
		return ret;
	list = calloc(max, sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	TAILQ_FOREACH(o, &call->ctx->objs, next) {
		if (o->type == object && total < max)
			list[total++] = o->handle;
	}
	ret = uv_put(call, UVERBS_ATTR_INFO_HANDLES_LIST, list, total * sizeof(*list));
	free(list);
	if (ret == 0)
		ret = uv_put_optional(call, UVERBS_ATTR_INFO_TOTAL_HANDLES, &total, sizeof(total));
	return ret;
}

static void
fill_gid(const struct nic_func *f, unsigned int idx, struct ib_uverbs_gid_entry *e)
{
	uint64_t guid = sysfs_guid(f->conf);
	uint8_t *gid = (uint8_t *)&e->gid;
	unsigned int i;

	gid[0] = 0xfe;
	gid[1] = 0x80;
	for (i = 0; i < 8; i++)
		gid[8 + i] = (uint8_t)(guid >> (56 - 8 * i));
	e->gid_index = idx;
	e->port_num = 1;
	e->gid_type = idx == 0 ? IB_UVERBS_GID_TYPE_ROCE_V1 : IB_UVERBS_GID_TYPE_ROCE_V2;
}

static int
query_gid_entry(struct uv_call *call)
{
	struct ib_uverbs_gid_entry e = {0};
	uint64_t port, idx, flags;
	int ret;

	ret = uv_get_flags(call, UVERBS_ATTR_QUERY_GID_ENTRY_FLAGS, 0, &flags);
	if (ret == 0)
		ret = uv_get_const(call, UVERBS_ATTR_QUERY_GID_ENTRY_PORT, UINT32_MAX, &port);
	if (ret == 0)
		ret = uv_get_const(call, UVERBS_ATTR_QUERY_GID_ENTRY_GID_INDEX, UINT32_MAX, &idx);
	if (ret != 0)
		return ret;
	if (!call->ctx->has_ucontext || port != 1 || idx >= SYSFS_GIDS)
		return -EINVAL;
	fill_gid(call->ctx->func, (unsigned int)idx, &e);
	return uv_put(call, UVERBS_ATTR_QUERY_GID_ENTRY_RESP_ENTRY, &e, sizeof(e));
}

/* Entries of the caller's size, cut or with zeros behind: copy_gid_entries_to_user(). */
static void
fill_gids(const struct nic_func *f, uint8_t *list, size_t size)
{
	struct ib_uverbs_gid_entry e;
	unsigned int i;

	for (i = 0; i < SYSFS_GIDS; i++) {
		memset(&e, 0, sizeof(e));
		fill_gid(f, i, &e);
		memcpy(list + i * size, &e, size < sizeof(e) ? size : sizeof(e));
	}
}

static int
query_gid_table(struct uv_call *call)
{
	size_t len = uv_attr_len(call, UVERBS_ATTR_QUERY_GID_TABLE_RESP_ENTRIES);
	uint64_t flags, size, n = SYSFS_GIDS;
	uint8_t *list;
	int ret;

	ret = uv_get_flags(call, UVERBS_ATTR_QUERY_GID_TABLE_FLAGS, 0, &flags);
	if (ret == 0)
		ret = uv_get_const(call, UVERBS_ATTR_QUERY_GID_TABLE_ENTRY_SIZE, UINT64_MAX, &size);
	if (ret != 0)
		return ret;
	/* room for all, in whole entries */
	if (!call->ctx->has_ucontext || size == 0 || len / n < size || len % size != 0)
		return -EINVAL;
	list = calloc(n, size);
	if (list == NULL)
		return -ENOMEM;
	fill_gids(call->ctx->func, list, size);
	ret = uv_put(call, UVERBS_ATTR_QUERY_GID_TABLE_RESP_ENTRIES, list, n * size);
	free(list);
	if (ret == 0)
		ret = uv_put(call, UVERBS_ATTR_QUERY_GID_TABLE_RESP_NUM_ENTRIES, &n, sizeof(n));
	return ret;
}

/* clang-format off */
static const struct uv_attr_spec invoke_write_attrs[] = {
	UV_IN(UVERBS_ATTR_WRITE_CMD, 8, 8),
	UV_IN_OPT(UVERBS_ATTR_CORE_IN, 4, UINT16_MAX),
	UV_OUT_OPT(UVERBS_ATTR_CORE_OUT, 0, UINT16_MAX),
};

static const struct uv_attr_spec get_context_attrs[] = {
	UV_OUT_OPT(UVERBS_ATTR_GET_CONTEXT_NUM_COMP_VECTORS, 4, 4),
	UV_OUT_OPT(UVERBS_ATTR_GET_CONTEXT_CORE_SUPPORT, 8, 8),
};

static const struct uv_attr_spec query_port_attrs[] = {
	UV_IN(UVERBS_ATTR_QUERY_PORT_PORT_NUM, 8, 8),
	UV_OUT_STRUCT(UVERBS_ATTR_QUERY_PORT_RESP,
		sizeof(struct ib_uverbs_query_port_resp),
		sizeof(struct ib_uverbs_query_port_resp_ex)),
};

static const struct uv_attr_spec info_handles_attrs[] = {
	UV_IN(UVERBS_ATTR_INFO_OBJECT_ID, 8, 8),
	UV_OUT_OPT(UVERBS_ATTR_INFO_TOTAL_HANDLES, 4, 4),
	UV_OUT_OPT(UVERBS_ATTR_INFO_HANDLES_LIST, 4, UINT16_MAX),
};

static const struct uv_attr_spec gid_table_attrs[] = {
	UV_IN(UVERBS_ATTR_QUERY_GID_TABLE_ENTRY_SIZE, 8, 8),
	UV_IN_OPT(UVERBS_ATTR_QUERY_GID_TABLE_FLAGS, 4, 8),
	UV_OUT(UVERBS_ATTR_QUERY_GID_TABLE_RESP_ENTRIES, 0, UINT16_MAX),
	UV_OUT(UVERBS_ATTR_QUERY_GID_TABLE_RESP_NUM_ENTRIES, 8, 8),
};

static const struct uv_attr_spec gid_entry_attrs[] = {
	UV_IN(UVERBS_ATTR_QUERY_GID_ENTRY_PORT, 8, 8),
	UV_IN(UVERBS_ATTR_QUERY_GID_ENTRY_GID_INDEX, 8, 8),
	UV_IN(UVERBS_ATTR_QUERY_GID_ENTRY_FLAGS, 4, 8),
	UV_OUT_STRUCT(UVERBS_ATTR_QUERY_GID_ENTRY_RESP_ENTRY,
		sizeof(struct ib_uverbs_gid_entry), sizeof(struct ib_uverbs_gid_entry)),
};

#define METHOD(name, attrs, handler, uhw) \
	{UVERBS_OBJECT_DEVICE, UVERBS_METHOD_##name, \
		attrs, sizeof(attrs) / sizeof(attrs[0]), uhw, handler}
static const struct uv_method_spec methods[] = {
	METHOD(INVOKE_WRITE, invoke_write_attrs, uv_invoke_write, true),
	METHOD(GET_CONTEXT, get_context_attrs, get_context, true),
	METHOD(QUERY_PORT, query_port_attrs, query_port, false),
	METHOD(INFO_HANDLES, info_handles_attrs, info_handles, false),
	METHOD(QUERY_GID_TABLE, gid_table_attrs, query_gid_table, false),
	METHOD(QUERY_GID_ENTRY, gid_entry_attrs, query_gid_entry, false),
};
/* clang-format on */
const struct uv_methods uv_device_methods = {methods, sizeof(methods) / sizeof(methods[0])};
