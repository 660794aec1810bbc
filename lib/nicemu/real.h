/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The C library's functions below the interposers of uverbs/preload.c. Resolved at their first use,
 * so a call from another library's constructor works too. Safe from every thread.
 */
#ifndef NICEMU_REAL_H
#define NICEMU_REAL_H

#include <dirent.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

/* name, type of the result, parameters */
#define REAL_LIST(F) \
	F(open, int, (const char *, int, ...)) \
	F(openat, int, (int, const char *, int, ...)) \
	F(fopen, FILE *, (const char *, const char *)) \
	F(fopen64, FILE *, (const char *, const char *)) \
	F(fstatat, int, (int, const char *, struct stat *, int)) \
	F(fstat, int, (int, struct stat *)) \
	F(access, int, (const char *, int)) \
	F(readlink, ssize_t, (const char *, char *, size_t)) \
	F(realpath, char *, (const char *, char *)) \
	F(opendir, DIR *, (const char *)) \
	F(ioctl, int, (int, unsigned long, ...)) \
	F(close, int, (int)) \
	F(read, ssize_t, (int, void *, size_t)) \
	F(write, ssize_t, (int, const void *, size_t)) \
	F(dup2, int, (int, int)) \
	F(dup3, int, (int, int, int)) \
	F(mmap, void *, (void *, size_t, int, int, int, off_t)) \
	F(munmap, int, (void *, size_t)) \
	F(mremap, void *, (void *, size_t, size_t, int, ...)) \
	F(madvise, int, (void *, size_t, int)) \
	F(socket, int, (int, int, int)) \
	F(bind, int, (int, const struct sockaddr *, socklen_t)) \
	F(getsockname, int, (int, struct sockaddr *, socklen_t *)) \
	F(sendto, ssize_t, (int, const void *, size_t, int, const struct sockaddr *, socklen_t)) \
	F(sendmsg, ssize_t, (int, const struct msghdr *, int)) \
	F(recvmsg, ssize_t, (int, struct msghdr *, int))

#define REAL_DECLARE(name, type, args) type(*real_##name(void)) args;
REAL_LIST(REAL_DECLARE)
#undef REAL_DECLARE

#endif /* NICEMU_REAL_H */
