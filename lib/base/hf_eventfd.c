/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "hf_eventfd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

void
hf_eventfd_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && (flags & O_NONBLOCK) == 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

bool
hf_eventfd_call(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	const uint64_t one = 1;

	hf_eventfd_nonblock(fd);
	return poll(&room, 1, 0) == 1 && write(fd, &one, sizeof(one)) == sizeof(one);
}
