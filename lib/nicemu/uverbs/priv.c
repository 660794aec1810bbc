/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "uv.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

bool
uv_capable(unsigned int cap)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &head, data) != 0)
		return false;
	return (data[cap / 32].effective & (1u << cap % 32)) != 0;
}
