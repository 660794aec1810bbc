/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * No cable in the port.
 */
#include "wire_int.h"

#include <errno.h>

static int
none_open(struct wire *w, const char *arg)
{
	(void)w;
	(void)arg;
	return 0;
}

static int
none_tx(struct wire *w, const struct iovec *seg, int n)
{
	(void)w;
	(void)seg;
	(void)n;
	return -ENODEV;
}

static int
none_rx(struct wire *w, void *buf, uint32_t max)
{
	(void)w;
	(void)buf;
	(void)max;
	return 0;
}

const struct wire_ops wire_none = {
	.name = "none",
	.open = none_open,
	.close = wire_fd_close,
	.fd = wire_fd_get,
	.tx = none_tx,
	.rx = none_rx,
};
