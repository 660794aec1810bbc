/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Asynchronous events of the device as a whole: the kernel dispatches them to every context.
 */
#include <errno.h>
#include <fcntl.h>

#include "devx_priv.h"
#include "hf_log.h"

int
devx_async_init(struct hf_devx *dev)
{
	int flags = fcntl(dev->ibv->async_fd, F_GETFL);

	/* A read must never block whoever polls the descriptor. */
	if (flags < 0 || fcntl(dev->ibv->async_fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return devx_call_failed(dev, errno, "making the event descriptor non-blocking");
	return 0;
}

int
hf_devx_async_fd(const struct hf_devx *dev)
{
	return dev->ibv->async_fd;
}

bool
hf_devx_is_dead(const struct hf_devx *dev)
{
	return __atomic_load_n(&dev->dead, __ATOMIC_RELAXED);
}

static enum hf_async
async_kind(enum ibv_event_type type)
{
	switch (type) {
	case IBV_EVENT_DEVICE_FATAL:
		return HF_ASYNC_FATAL;
	case IBV_EVENT_PORT_ERR:
		return HF_ASYNC_LINK_DOWN;
	case IBV_EVENT_PORT_ACTIVE:
		return HF_ASYNC_LINK_UP;
	default:
		return HF_ASYNC_OTHER;
	}
}

int
hf_devx_async_read(struct hf_devx *dev, enum hf_async *what)
{
	struct ibv_async_event event;

	errno = 0;
	if (ibv_get_async_event(dev->ibv, &event) != 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		/* The end of the stream has no errno: the kernel's driver left the device. */
		return errno != 0 ? -errno : -ENODEV;
	}
	*what = async_kind(event.event_type);
	if (*what == HF_ASYNC_FATAL)
		__atomic_store_n(&dev->dead, true, __ATOMIC_RELAXED);
	ibv_ack_async_event(&event);
	return 1;
}
