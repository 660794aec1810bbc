/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A loop-back plug: what is sent comes back as received. A socket pair is the cable: it keeps
 * frames apart, needs no lock between engines, and wakes up the engine that has the wire.
 */
#include "wire_int.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define CABLE_BYTES (4 * 1024 * 1024) /* asked for; the kernel's wmem_max may allow less */

static int
loop_open(struct wire *w, const char *arg)
{
	int fds[2], size = CABLE_BYTES, ret;

	(void)arg;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
		ret = -errno;
		wire_why(w, "no socket pair: %s", strerror(-ret));
		return ret;
	}
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	w->fd = fds[0];
	w->peer_fd = fds[1];
	return 0;
}

static int
loop_tx(struct wire *w, const struct iovec *seg, int n)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)seg, .msg_iovlen = (size_t)n};

	return wire_tx_result(sendmsg(w->peer_fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static int
loop_rx(struct wire *w, void *buf, uint32_t max)
{
	return wire_rx_result(recv(w->fd, buf, max, MSG_DONTWAIT));
}

const struct wire_ops wire_loop = {
	.name = "loop",
	.open = loop_open,
	.close = wire_fd_close,
	.fd = wire_fd_get,
	.tx = loop_tx,
	.rx = loop_rx,
};
