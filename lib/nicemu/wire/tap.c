/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A tap device: one that exists (then its owner may use it without privilege), or a new one that
 * lives as long as the NIC.
 */
#include "wire_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../real.h"

static int
tap_open(struct wire *w, const char *arg)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int ret;

	w->fd = real_open()("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (w->fd < 0) {
		ret = -errno;
		wire_why(w,
			"/dev/net/tun: %s; the tun module has to be there, and readable for you",
			strerror(-ret));
		return ret;
	}
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", arg);
	if (real_ioctl()(w->fd, TUNSETIFF, &ifr) == 0)
		return 0;
	ret = -errno;
	if (ret == -EPERM)
		wire_why(w,
			"not allowed to use or make \"%s\": run with CAP_NET_ADMIN, or make it first: ip tuntap "
			"add %s mode tap user USER",
			arg, arg);
	else
		wire_why(w,
			"\"%s\": %s; it has to be a tap device that nobody else has open, or a new name",
			arg, strerror(-ret));
	wire_fd_close(w);
	return ret;
}

static int
tap_tx(struct wire *w, const struct iovec *seg, int n)
{
	return wire_tx_result(writev(w->fd, seg, n));
}

static int
tap_rx(struct wire *w, void *buf, uint32_t max)
{
	return wire_rx_result(read(w->fd, buf, max));
}

const struct wire_ops wire_tap = {
	.name = "tap",
	.arg_help = "a device name",
	.check = wire_check_ifname,
	.open = tap_open,
	.close = wire_fd_close,
	.fd = wire_fd_get,
	.tx = tap_tx,
	.rx = tap_rx,
};
