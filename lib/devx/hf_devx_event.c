/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "devx_priv.h"

int
hf_evch_create(struct hf_devx *dev, bool omit_data, struct hf_evch *ch)
{
	int flags;
	int ret;

	memset(ch, 0, sizeof(*ch));
	ch->fd = -1;
	errno = 0;
	ch->ch = mlx5dv_devx_create_event_channel(
		dev->ibv, omit_data ? MLX5DV_DEVX_CREATE_EVENT_CHANNEL_FLAGS_OMIT_EV_DATA : 0);
	if (ch->ch == NULL)
		return devx_call_failed(dev, errno, "mlx5dv_devx_create_event_channel");
	ch->fd = ch->ch->fd;
	/* A read must never block whoever polls the descriptor. */
	flags = fcntl(ch->fd, F_GETFL);
	if (flags < 0 || fcntl(ch->fd, F_SETFL, flags | O_NONBLOCK)) {
		ret = devx_call_failed(dev, errno, "making an event channel non-blocking");
		goto destroy;
	}
	ch->obj = hf_obj_add(dev->objs, "event channel", ch->fd);
	if (ch->obj == NULL) {
		ret = devx_call_failed(dev, ENOMEM, "entering an event channel into the table");
		goto destroy;
	}
	ch->dev = dev;
	return 0;
destroy:
	mlx5dv_devx_destroy_event_channel(ch->ch);
	memset(ch, 0, sizeof(*ch));
	ch->fd = -1;
	return ret;
}

int
hf_evch_destroy(struct hf_evch *ch)
{
	if (ch->ch == NULL)
		return 0;
	mlx5dv_devx_destroy_event_channel(ch->ch);
	hf_obj_put(ch->obj);
	memset(ch, 0, sizeof(*ch));
	ch->fd = -1;
	return 0;
}

int
hf_evch_read(struct hf_evch *ch, uint64_t *cookie)
{
	union {
		struct mlx5dv_devx_async_event_hdr hdr;
		uint8_t room[sizeof(struct mlx5dv_devx_async_event_hdr) + DEVX_ST_SZ_BYTES(eqe)];
	} event;
	ssize_t n;

	n = mlx5dv_devx_get_event(ch->ch, &event.hdr, sizeof(event));
	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		return devx_call_failed(ch->dev, errno, "reading an event channel");
	}
	*cookie = event.hdr.cookie;
	return 1;
}
