/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * write() on the descriptor of a device: the same commands as INVOKE_WRITE carries, in one buffer
 * with a head. Linux core/uverbs_main.c: ib_uverbs_write(), verify_hdr(). Libraries before
 * rdma-core 22 use nothing else, later ones fall back to it.
 */
#include <errno.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <string.h>

#include "uv.h"

#define ATTRS 5

/* The parts of a command. Core: what ib_core reads and answers; driver: the rest. */
struct parts {
	uint64_t core_in, core_out, driver_in, driver_out; /* addresses of the user's */
	size_t core_in_len, core_out_len, driver_in_len, driver_out_len;
};

static int
split_plain(const struct ib_uverbs_cmd_hdr *hdr, const struct uv_write_sizes *s, uint64_t buf,
	size_t count, struct parts *p)
{
	uint64_t response = 0;
	int ret = 0;

	if (hdr->in_words * 4u != count)
		return -EINVAL;
	if (count < s->req + sizeof(*hdr) || hdr->out_words * 4u < s->resp)
		return -ENOSPC;
	if (s->resp != 0)
		ret = uv_copy_in(&response, buf + sizeof(*hdr), sizeof(response));
	*p = (struct parts){.core_in = buf + sizeof(*hdr),
		.core_out = response,
		.core_in_len = count - sizeof(*hdr),
		.core_out_len = hdr->out_words * 4u};
	if (!s->has_driver_data)
		return ret;
	p->driver_in_len = p->core_in_len - s->req;
	p->driver_out_len = p->core_out_len - s->resp;
	p->core_in_len = s->req;
	p->core_out_len = s->resp;
	p->driver_in = p->core_in + s->req;
	p->driver_out = response + s->resp;
	return ret;
}

static int
split_extended(const struct ib_uverbs_cmd_hdr *hdr, const struct uv_write_sizes *s, uint64_t buf,
	size_t count, struct parts *p)
{
	struct ib_uverbs_ex_cmd_hdr ex;
	size_t heads = sizeof(*hdr) + sizeof(ex);
	int ret;

	if (count < heads)
		return -EINVAL;
	ret = uv_copy_in(&ex, buf + sizeof(*hdr), sizeof(ex));
	if (ret != 0)
		return ret;
	if ((hdr->in_words + ex.provider_in_words) * 8u != count - heads)
		return -EINVAL;
	if (hdr->in_words * 8u < s->req)
		return -ENOSPC;
	if (ex.cmd_hdr_reserved != 0 ||
		(ex.response != 0) != (hdr->out_words != 0 || ex.provider_out_words != 0))
		return -EINVAL;
	if (ex.response != 0 && hdr->out_words * 8u < s->resp)
		return -ENOSPC;
	*p = (struct parts){.core_in = buf + heads,
		.core_out = ex.response,
		.core_in_len = hdr->in_words * 8u,
		.core_out_len = hdr->out_words * 8u,
		.driver_in_len = ex.provider_in_words * 8u,
		.driver_out_len = ex.provider_out_words * 8u};
	p->driver_in = p->core_in + p->core_in_len;
	p->driver_out = p->core_out + p->core_out_len;
	return 0;
}

/* One attribute of the ioctl; input of at most 8 bytes lies in it. */
static int
put(struct ib_uverbs_attr *a, uint16_t id, uint64_t at, size_t len, bool input)
{
	*a = (struct ib_uverbs_attr){.attr_id = id, .len = (uint16_t)len, .data = at};
	if (len > UINT16_MAX)
		return -EINVAL;
	if (!input || len > sizeof(a->data))
		return 0;
	a->data = 0;
	return uv_copy_in(&a->data, at, len);
}

static int
invoke(struct uv_ctx *ctx, uint32_t command, const struct parts *p)
{
	union {
		struct ib_uverbs_ioctl_hdr hdr;
		uint8_t raw[sizeof(struct ib_uverbs_ioctl_hdr) +
			ATTRS * sizeof(struct ib_uverbs_attr)];
	} u = {.hdr = {.length = sizeof(u.raw),
		       .object_id = UVERBS_OBJECT_DEVICE,
		       .method_id = UVERBS_METHOD_INVOKE_WRITE,
		       .num_attrs = ATTRS,
		       .driver_id = RDMA_DRIVER_MLX5}};
	struct ib_uverbs_attr *a = u.hdr.attrs;
	int ret;

	a[0] = (struct ib_uverbs_attr){
		.attr_id = UVERBS_ATTR_WRITE_CMD, .len = sizeof(uint64_t), .data = command};
	ret = put(&a[1], UVERBS_ATTR_CORE_IN, p->core_in, p->core_in_len, true);
	if (ret == 0)
		ret = put(&a[2], UVERBS_ATTR_CORE_OUT, p->core_out, p->core_out_len, false);
	if (ret == 0)
		ret = put(&a[3], UVERBS_ATTR_UHW_IN, p->driver_in, p->driver_in_len, true);
	if (ret == 0)
		ret = put(&a[4], UVERBS_ATTR_UHW_OUT, p->driver_out, p->driver_out_len, false);
	return ret != 0 ? ret : uv_ioctl(ctx, &u.hdr);
}

int
uv_write(struct uv_ctx *ctx, const void *buf, size_t count)
{
	struct ib_uverbs_cmd_hdr hdr;
	struct uv_write_sizes sizes;
	struct parts p;
	int ret;

	if (count < sizeof(hdr))
		return -EINVAL;
	ret = uv_copy_in(&hdr, (uintptr_t)buf, sizeof(hdr));
	if (ret == 0)
		ret = uv_write_find(hdr.command, &sizes);
	if (ret != 0)
		return ret;
	if ((hdr.command & IB_USER_VERBS_CMD_FLAG_EXTENDED) != 0)
		ret = split_extended(&hdr, &sizes, (uintptr_t)buf, count, &p);
	else
		ret = split_plain(&hdr, &sizes, (uintptr_t)buf, count, &p);
	return ret != 0 ? ret : invoke(ctx, hdr.command, &p);
}
