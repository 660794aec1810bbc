/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "hf_fds.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_common.h>

/* Of all that have asked; atomic. */
static unsigned int fds_reserved;

/* The table grows for a copy with this number, or as near to it as the process may have one. */
static void
fds_reach(int fd, rlim_t number)
{
	struct rlimit limit;
	int copy;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == 0)
		return;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, (int)RTE_MIN(number, limit.rlim_cur - 1));
	if (copy >= 0)
		close(copy);
}

void
hf_fds_reserve(unsigned int n)
{
	unsigned int all = __atomic_add_fetch(&fds_reserved, n, __ATOMIC_RELAXED);
	int lowest = eventfd(0, EFD_CLOEXEC);

	if (lowest < 0)
		return;
	fds_reach(lowest, (rlim_t)lowest + all);
	close(lowest);
}

void
hf_fds_release(unsigned int n)
{
	__atomic_sub_fetch(&fds_reserved, n, __ATOMIC_RELAXED);
}
