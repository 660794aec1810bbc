/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a handler asks about the attributes of its call. Linux include/rdma/uverbs_ioctl.h,
 * uverbs_ioctl.c.
 */
#include "uv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct uv_attr *
uv_attr(struct uv_call *call, uint16_t id)
{
	unsigned int i;

	for (i = 0; i < call->n_attrs; i++) {
		if (call->attrs[i].spec->id == id)
			return &call->attrs[i];
	}
	return NULL;
}

size_t
uv_attr_len(struct uv_call *call, uint16_t id)
{
	struct uv_attr *a = uv_attr(call, id);

	return a != NULL ? a->in.len : 0;
}

struct uv_obj *
uv_attr_obj(struct uv_call *call, uint16_t id)
{
	struct uv_attr *a = uv_attr(call, id);

	return a != NULL ? a->obj : NULL;
}

/* Input of at most 8 bytes lies in the attribute itself. */
static int
copy_input(const struct uv_attr *a, void *dst, size_t len)
{
	if (a->in.len > sizeof(a->in.data))
		return uv_copy_in(dst, a->in.data, len);
	memcpy(dst, &a->in.data, len);
	return 0;
}

int
uv_get(struct uv_call *call, uint16_t id, void *dst, size_t len)
{
	struct uv_attr *a = uv_attr(call, id);

	if (a == NULL)
		return -ENOENT;
	if (a->in.len > len)
		return -EINVAL;
	memset(dst, 0, len);
	return copy_input(a, dst, a->in.len);
}

int
uv_get_const(struct uv_call *call, uint16_t id, uint64_t max, uint64_t *v)
{
	struct uv_attr *a = uv_attr(call, id);

	if (a == NULL)
		return -ENOENT;
	*v = a->in.data;
	return *v > max ? -EINVAL : 0;
}

int
uv_get_flags(struct uv_call *call, uint16_t id, uint64_t allowed, uint64_t *v)
{
	struct uv_attr *a = uv_attr(call, id);
	uint32_t half;

	*v = 0;
	if (a == NULL)
		return 0;
	if (a->in.len == sizeof(uint64_t)) {
		*v = a->in.data;
	} else if (a->in.len == sizeof(uint32_t)) {
		memcpy(&half, &a->in.data, sizeof(half));
		*v = half;
	} else {
		return -EINVAL;
	}
	return (*v & ~allowed) != 0 ? -EINVAL : 0;
}

int
uv_get_buf(struct uv_call *call, uint16_t id, void **buf, size_t *len)
{
	struct uv_attr *a = uv_attr(call, id);
	int ret;

	if (a == NULL)
		return -ENOENT;
	/* room for a head that a handler may read before it looks at the length */
	*buf = calloc(1, a->in.len + 16u);
	if (*buf == NULL)
		return -ENOMEM;
	*len = a->in.len;
	ret = copy_input(a, *buf, a->in.len);
	if (ret != 0)
		free(*buf);
	return ret;
}

int
uv_get_uhw(struct uv_call *call, void *dst, size_t len, size_t min)
{
	struct uv_attr *a = uv_attr(call, UVERBS_ATTR_UHW_IN);
	size_t have = a != NULL ? a->in.len : 0;

	memset(dst, 0, len);
	if (have < min)
		return -EINVAL;
	return a == NULL ? 0 : copy_input(a, dst, have < len ? have : len);
}

static int
set_valid(struct uv_attr *a)
{
	uint16_t flags = a->in.flags | UVERBS_ATTR_F_VALID_OUTPUT;

	return uv_copy_out((uintptr_t)&a->user->flags, &flags, sizeof(flags));
}

int
uv_put(struct uv_call *call, uint16_t id, const void *src, size_t len)
{
	struct uv_attr *a = uv_attr(call, id);
	size_t n, zeros;
	void *tail;
	int ret;

	if (a == NULL)
		return -ENOENT;
	n = len < a->in.len ? len : a->in.len;
	ret = uv_copy_out(a->in.data, src, n);
	zeros = a->spec->zero_trailing ? a->in.len - n : 0;
	if (ret == 0 && zeros > 0) {
		tail = calloc(1, zeros);
		if (tail == NULL)
			return -ENOMEM;
		ret = uv_copy_out(a->in.data + n, tail, zeros);
		free(tail);
	}
	return ret != 0 ? ret : set_valid(a);
}

int
uv_put_optional(struct uv_call *call, uint16_t id, const void *src, size_t len)
{
	int ret = uv_put(call, id, src, len);

	return ret == -ENOENT ? 0 : ret;
}
