/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Methods that make event channels, and subscribe to events. Linux hw/mlx5/devx.c:
 * MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT, core/uverbs_std_types_async_fd.c.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <infiniband/mlx5dv.h>
#include <limits.h>
#include <rdma/mlx5_user_ioctl_verbs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../fw/fw.h"
#include "../real.h"
#include "devx_rules.h"
#include "prm.h"
#include "uv.h"

#define MAX_EVENTS 16
#define MAX_EVENT_TYPE 255
#define EVENT_MASKS 4 /* of 64 event types each */

/* The kernel's own list, for firmware that gives none: is_legacy_obj_event_num(). */
static bool
is_legacy_event(uint16_t event, bool of_object)
{
	if (!of_object)
		return event == MLX5_EVENT_TYPE_PORT_CHANGE;
	switch (event) {
	case MLX5_EVENT_TYPE_COMP:
	case MLX5_EVENT_TYPE_CQ_ERROR:
	case MLX5_EVENT_TYPE_WQ_CATAS_ERROR:
	case MLX5_EVENT_TYPE_WQ_INVAL_REQ_ERROR:
	case MLX5_EVENT_TYPE_WQ_ACCESS_ERROR:
	case 0x01: /* path migrated */
	case 0x02: /* communication established */
	case 0x03: /* send queue drained */
	case 0x07: /* path migration failed */
	case 0x12: /* SRQ catastrophic error */
	case 0x13: /* last WQE of an SRQ */
	case 0x14: /* SRQ limit */
	case 0x18: /* XRQ error */
	case 0x1c: /* DCT drained */
	case 0x1d: /* DCT key violation */
		return true;
	default:
		return false;
	}
}

/* device_event_cap: masks of the affiliated events, then of the others. Linux mlx5_ifc.h. */
static bool
is_valid_event(const struct nic_func *f, uint16_t event, bool of_object)
{
	uint64_t mask;

	if (!DEVX_GET(cmd_hca_cap, f->caps[0], event_cap) || f->caps[CAP_DEV_EVENT] == NULL)
		return is_legacy_event(event, of_object);
	if (event > MAX_EVENT_TYPE)
		return false;
	if (of_object && event == MLX5_EVENT_TYPE_COMP)
		return true;
	memcpy(&mask, f->caps[CAP_DEV_EVENT] + 8u * (event / 64u + (of_object ? 0 : EVENT_MASKS)),
		sizeof(mask));
	return (be64toh(mask) >> event % 64 & 1) != 0;
}

/* A descriptor of our own for an eventfd of the user. */
static int
get_eventfd(struct uv_call *call, int *fd)
{
	char link[64], path[32];
	int32_t user;
	ssize_t n;
	int ret;

	*fd = -1;
	ret = uv_get(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, &user, sizeof(user));
	if (ret != 0)
		return ret == -ENOENT ? 0 : ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", user);
	n = real_readlink()(path, link, sizeof(link) - 1);
	if (n < 0)
		return -EBADF;
	link[n] = '\0';
	if (strcmp(link, "anon_inode:[eventfd]") != 0)
		return -EINVAL;
	*fd = fcntl(user, F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? -errno : 0;
}

/* All or none. */
static int
subscribe_all(struct uv_call *call, struct uv_chan *chan, const uint16_t *events, size_t n,
	uint64_t cookie, int eventfd)
{
	const struct uv_obj *o = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE);
	enum nic_obj_type type = o != NULL ? devx_nic_type(o->devx.id) : NIC_OBJ_TYPES;
	uint32_t id = o != NULL ? (uint32_t)o->devx.id : 0;
	struct uv_sub *made[MAX_EVENTS];
	int fd = -1, ret;
	size_t i, n_made;

	for (i = 0; i < n; i++) {
		if (!is_valid_event(call->ctx->func, events[i], o != NULL))
			return -EINVAL;
	}
	for (n_made = 0; n_made < n; n_made++) {
		if (eventfd >= 0) {
			fd = fcntl(eventfd, F_DUPFD_CLOEXEC, 0);
			ret = -errno;
			if (fd < 0)
				goto drop;
		}
		made[n_made] =
			uv_sub_new(chan, call->ctx->func, events[n_made], type, id, cookie, fd);
		ret = -ENOMEM;
		if (made[n_made] == NULL)
			goto close_fd;
	}
	for (i = 0; i < n; i++)
		uv_sub_add(made[i]);
	return 0;

close_fd:
	if (fd >= 0)
		real_close()(fd);
drop:
	while (n_made-- > 0)
		uv_sub_drop(made[n_made]);
	return ret;
}

static int
subscribe(struct uv_call *call)
{
	struct uv_attr *chan = uv_attr(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE);
	uint64_t cookie = 0;
	int eventfd, ret;
	void *events;
	size_t len;

	if (call->ctx->uid == 0)
		return -EINVAL;
	ret = uv_get(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, &cookie, sizeof(cookie));
	if (ret == 0 && uv_attr(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM) != NULL)
		return -EINVAL;
	ret = uv_get_buf(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, &events, &len);
	if (ret != 0)
		return ret;
	ret = -EINVAL;
	if (len % sizeof(uint16_t) != 0 || len / sizeof(uint16_t) > MAX_EVENTS)
		goto free_events;
	ret = get_eventfd(call, &eventfd);
	if (ret != 0)
		goto free_events;
	ret = subscribe_all(call, chan->chan, events, len / sizeof(uint16_t), cookie, eventfd);
	if (eventfd >= 0)
		real_close()(eventfd);
free_events:
	free(events);
	return ret;
}

static int
make_channel(struct uv_call *call, enum uv_chan_kind kind, bool omit_data, uint16_t handle_id)
{
	struct uv_attr *a = uv_attr(call, handle_id);
	int64_t id;
	int fd, ret;

	if (uv_chan_create(call->ctx, kind, omit_data, &fd) == NULL)
		return -ENOMEM;
	id = fd;
	ret = uv_copy_out((uintptr_t)&a->user->data_s64, &id, sizeof(id));
	if (ret != 0) {
		real_close()(fd);
		uv_chan_reap();
	}
	return ret;
}

static int
async_event_fd(struct uv_call *call)
{
	uint64_t flags;
	int ret;

	ret = uv_get_flags(call, MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS,
		MLX5_IB_UAPI_DEVX_CR_EV_CH_FLAGS_OMIT_DATA, &flags);
	if (ret != 0)
		return ret;
	return make_channel(
		call, UV_CHAN_DEVX, flags != 0, MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE);
}

static int
async_cmd_fd(struct uv_call *call)
{
	return make_channel(call, UV_CHAN_CMD, false, MLX5_IB_ATTR_DEVX_ASYNC_CMD_FD_ALLOC_HANDLE);
}

static int
verbs_async_fd(struct uv_call *call)
{
	return make_channel(call, UV_CHAN_ASYNC, false, UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE);
}

/* clang-format off */
static const struct uv_attr_spec subscribe_attrs[] = {
	UV_CHAN(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE,
		MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD, UV_READ),
	UV_OBJ_OPT(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ),
	UV_IN(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, 2, UINT16_MAX),
	UV_IN_OPT(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, 8, 8),
	UV_IN_OPT(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, 4, 4),
};

static const struct uv_attr_spec event_fd_attrs[] = {
	UV_CHAN(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE,
		MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD, UV_NEW),
	UV_IN(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS, 4, 8),
};

static const struct uv_attr_spec cmd_fd_attrs[] = {
	UV_CHAN(MLX5_IB_ATTR_DEVX_ASYNC_CMD_FD_ALLOC_HANDLE,
		MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD, UV_NEW),
};

static const struct uv_attr_spec verbs_fd_attrs[] = {
	UV_CHAN(UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE, UVERBS_OBJECT_ASYNC_EVENT, UV_NEW),
};

static const struct uv_method_spec methods[] = {
	UV_METHOD(MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT,
		subscribe_attrs, subscribe),
	UV_METHOD(MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD, MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC,
		event_fd_attrs, async_event_fd),
	UV_METHOD(MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD, MLX5_IB_METHOD_DEVX_ASYNC_CMD_FD_ALLOC,
		cmd_fd_attrs, async_cmd_fd),
	UV_METHOD(UVERBS_OBJECT_ASYNC_EVENT, UVERBS_METHOD_ASYNC_EVENT_ALLOC,
		verbs_fd_attrs, verbs_async_fd),
};
/* clang-format on */
const struct uv_methods uv_event_methods = {methods, sizeof(methods) / sizeof(methods[0])};
