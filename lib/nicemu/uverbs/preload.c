/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The calls of the C library that libibverbs, libmlx5 and DPDK make to find and use a device:
 * nothing is done here but to decide whose call it is.
 */
/* Both open() and open64() are defined here: the first may not become the second. */
#undef _FILE_OFFSET_BITS
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../conf.h"
#include "../mem/mem.h"
#include "../nic_own.h"
#include "../real.h"
#include "file.h"
#include "path.h"
#include "rdma_nl.h"

#define EXPORT __attribute__((visibility("default")))

/* The names with 64 have the same types here. */
#define ALIAS(name) EXPORT __attribute__((alias(#name)))

static int
open_path(int dir, const char *path, int flags, mode_t mode)
{
	const struct conf_func *f = path_device(path);
	char buf[PATH_MAX];

	if (f != NULL)
		return file_open(f, flags);
	return real_openat()(dir, path_redirect(path, buf, sizeof(buf)), flags, mode);
}

static mode_t
open_mode(int flags, va_list ap)
{
	return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
}

EXPORT int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = open_mode(flags, ap);
	va_end(ap);
	return open_path(AT_FDCWD, path, flags, mode);
}

EXPORT int
openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = open_mode(flags, ap);
	va_end(ap);
	return open_path(dir, path, flags, mode);
}

int open64(const char *path, int flags, ...) ALIAS(open);
int openat64(int dir, const char *path, int flags, ...) ALIAS(openat);

/* What open() becomes with _FORTIFY_SOURCE. */
EXPORT int __open_2(const char *path, int flags);
EXPORT int __openat_2(int dir, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return open_path(AT_FDCWD, path, flags, 0);
}

int
__openat_2(int dir, const char *path, int flags)
{
	return open_path(dir, path, flags, 0);
}

int __open64_2(const char *path, int flags) ALIAS(__open_2);
int __openat64_2(int dir, const char *path, int flags) ALIAS(__openat_2);

EXPORT FILE *
fopen(const char *path, const char *mode)
{
	char buf[PATH_MAX];

	return real_fopen()(path_redirect(path, buf, sizeof(buf)), mode);
}

EXPORT FILE *
fopen64(const char *path, const char *mode)
{
	char buf[PATH_MAX];

	return real_fopen64()(path_redirect(path, buf, sizeof(buf)), mode);
}

static int
stat_path(int dir, const char *path, struct stat *st, int flags)
{
	const struct conf_func *f = path_device(path);
	char buf[PATH_MAX];
	int ret;

	ret = real_fstatat()(dir, path_redirect(path, buf, sizeof(buf)), st, flags);
	if (ret != 0)
		return ret;
	if (f != NULL) {
		st->st_mode = S_IFCHR | 0666;
		st->st_rdev = makedev(231, f->minor);
	} else {
		/* AT_EMPTY_PATH, /proc/self/fd/N */
		file_stat(st);
	}
	return 0;
}

EXPORT int
stat(const char *path, struct stat *st)
{
	return stat_path(AT_FDCWD, path, st, 0);
}

EXPORT int
lstat(const char *path, struct stat *st)
{
	return stat_path(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int
fstatat(int dir, const char *path, struct stat *st, int flags)
{
	return stat_path(dir, path, st, flags);
}

EXPORT int
fstat(int fd, struct stat *st)
{
	int ret = real_fstat()(fd, st);

	if (ret == 0)
		file_stat(st);
	return ret;
}

/* struct stat and struct stat64 are the same on 64-bit machines. */
EXPORT int
stat64(const char *path, struct stat64 *st)
{
	return stat(path, (struct stat *)st);
}

EXPORT int
lstat64(const char *path, struct stat64 *st)
{
	return lstat(path, (struct stat *)st);
}

EXPORT int
fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
	return fstatat(dir, path, (struct stat *)st, flags);
}

EXPORT int
fstat64(int fd, struct stat64 *st)
{
	return fstat(fd, (struct stat *)st);
}

/* What programs built before glibc 2.33 call. */
EXPORT int __xstat(int ver, const char *path, struct stat *st);
EXPORT int __lxstat(int ver, const char *path, struct stat *st);
EXPORT int __fxstat(int ver, int fd, struct stat *st);

int
__xstat(int ver, const char *path, struct stat *st)
{
	(void)ver;
	return stat(path, st);
}

int
__lxstat(int ver, const char *path, struct stat *st)
{
	(void)ver;
	return lstat(path, st);
}

int
__fxstat(int ver, int fd, struct stat *st)
{
	(void)ver;
	return fstat(fd, st);
}

int __xstat64(int ver, const char *path, struct stat *st) ALIAS(__xstat);
int __lxstat64(int ver, const char *path, struct stat *st) ALIAS(__lxstat);
int __fxstat64(int ver, int fd, struct stat *st) ALIAS(__fxstat);

EXPORT int
access(const char *path, int mode)
{
	char buf[PATH_MAX];

	return real_access()(path_redirect(path, buf, sizeof(buf)), mode);
}

EXPORT ssize_t
readlink(const char *path, char *dst, size_t len)
{
	char buf[PATH_MAX];

	return real_readlink()(path_redirect(path, buf, sizeof(buf)), dst, len);
}

EXPORT char *
realpath(const char *path, char *resolved)
{
	char buf[PATH_MAX];

	return real_realpath()(path_redirect(path, buf, sizeof(buf)), resolved);
}

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t len);

char *
__realpath_chk(const char *path, char *resolved, size_t len)
{
	if (len < PATH_MAX)
		abort();
	return realpath(path, resolved);
}

EXPORT DIR *
opendir(const char *path)
{
	char buf[PATH_MAX];

	return real_opendir()(path_redirect(path, buf, sizeof(buf)));
}

EXPORT int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == RDMA_VERBS_IOCTL && file_ioctl(fd, arg, &ret))
		return ret;
	return real_ioctl()(fd, request, arg);
}

EXPORT ssize_t
read(int fd, void *buf, size_t len)
{
	ssize_t ret;

	return file_read(fd, buf, len, &ret) ? ret : real_read()(fd, buf, len);
}

EXPORT ssize_t
write(int fd, const void *buf, size_t len)
{
	ssize_t ret = real_write()(fd, buf, len), n;

	return ret < 0 && errno == EPERM && file_write(fd, buf, len, &n) ? n : ret;
}

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);

ssize_t
__read_chk(int fd, void *buf, size_t len, size_t room)
{
	if (len > room)
		abort();
	return read(fd, buf, len);
}

EXPORT int
close(int fd)
{
	bool ours = file_is_ours(fd);
	int ret;

	rdma_nl_close(fd);
	ret = real_close()(fd);
	if (ours)
		file_closed();
	return ret;
}

EXPORT int
dup2(int fd, int newfd)
{
	bool ours = fd != newfd && file_is_ours(newfd);
	int ret = real_dup2()(fd, newfd);

	if (ours)
		file_closed();
	return ret;
}

EXPORT int
dup3(int fd, int newfd, int flags)
{
	bool ours = fd != newfd && file_is_ours(newfd);
	int ret = real_dup3()(fd, newfd, flags);

	if (ours)
		file_closed();
	return ret;
}

EXPORT void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *ret;

	if ((flags & MAP_ANONYMOUS) == 0 && !file_may_map(fd, len, offset)) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	if ((flags & MAP_FIXED) != 0 &&
		mem_hold_mmap_fixed(addr, len, prot, flags, fd, offset, &ret))
		return ret;
	return real_mmap()(addr, len, prot, flags, fd, offset);
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset) ALIAS(mmap);

EXPORT int
munmap(void *addr, size_t len)
{
	int ret;

	return mem_hold_munmap(addr, len, &ret) ? ret : real_munmap()(addr, len);
}

EXPORT void *
mremap(void *old, size_t old_len, size_t new_len, int flags, ...)
{
	void *new_addr = NULL, *ret;
	va_list ap;

	if ((flags & MREMAP_FIXED) != 0) {
		va_start(ap, flags);
		new_addr = va_arg(ap, void *);
		va_end(ap);
	}
	if (mem_hold_mremap(old, old_len, new_len, flags, new_addr, &ret))
		return ret;
	return real_mremap()(old, old_len, new_len, flags, new_addr);
}

EXPORT int
madvise(void *addr, size_t len, int advice)
{
	int ret;

	return mem_hold_madvise(addr, len, advice, &ret) ? ret : real_madvise()(addr, len, advice);
}

EXPORT int
socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && protocol == NETLINK_RDMA && nic_conf() != NULL)
		return rdma_nl_socket(type);
	return real_socket()(domain, type, protocol);
}

EXPORT int
bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return rdma_nl_is(fd) ? 0 : real_bind()(fd, addr, len);
}

EXPORT int
getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	return rdma_nl_is(fd) ? rdma_nl_getsockname(addr, len) : real_getsockname()(fd, addr, len);
}

EXPORT ssize_t
sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
	socklen_t addr_len)
{
	struct iovec iov = {(void *)(uintptr_t)buf, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return rdma_nl_is(fd) ? rdma_nl_sendmsg(fd, &msg)
			      : real_sendto()(fd, buf, len, flags, addr, addr_len);
}

EXPORT ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return rdma_nl_is(fd) ? rdma_nl_sendmsg(fd, msg) : real_sendmsg()(fd, msg, flags);
}

EXPORT ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	bool ours = rdma_nl_is(fd);
	socklen_t room = msg->msg_namelen;
	ssize_t n = real_recvmsg()(fd, msg, flags);

	if (n >= 0 && ours) {
		msg->msg_namelen = room;
		rdma_nl_from(msg);
	}
	return n;
}
