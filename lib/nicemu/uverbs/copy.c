/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The caller's memory, as copy_from_user() and copy_to_user() see it: a bad address is an error,
 * not a fault. The kernel's own copy does that, by a call on this very process.
 */
#include "uv.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int
copy_result(ssize_t n, size_t len)
{
	return n == (ssize_t)len ? 0 : -EFAULT;
}

/* A sandbox that forbids the call leaves plain copies. */
static bool
is_forbidden(ssize_t n)
{
	return n < 0 && (errno == ENOSYS || errno == EPERM);
}

int
uv_copy_in(void *dst, uint64_t user, size_t len)
{
	struct iovec local = {dst, len}, remote = {(void *)(uintptr_t)user, len};
	ssize_t n;

	if (len == 0)
		return 0;
	n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (!is_forbidden(n))
		return copy_result(n, len);
	memcpy(dst, remote.iov_base, len);
	return 0;
}

int
uv_copy_out(uint64_t user, const void *src, size_t len)
{
	struct iovec local = {(void *)(uintptr_t)src, len}, remote = {(void *)(uintptr_t)user, len};
	ssize_t n;

	if (len == 0)
		return 0;
	n = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
	if (!is_forbidden(n))
		return copy_result(n, len);
	memcpy(remote.iov_base, src, len);
	return 0;
}
