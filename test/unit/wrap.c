/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <rte_common.h>

#include "wrap.h"

static atomic_bool wrap_on;
static atomic_uint calls[WRAP_MAX];
static atomic_bool struck;
static enum wrap_fn fail_fn;
static unsigned int fail_nth;

static const struct {
	const char *name;
	int err;
} wraps[] = {
	[WRAP_CALLOC] = {"calloc", ENOMEM},
	[WRAP_FCNTL] = {"fcntl", EMFILE},
	[WRAP_FSTAT] = {"fstat", EIO},
	[WRAP_FSTATFS] = {"fstatfs", EIO},
	[WRAP_MMAP] = {"mmap", ENOMEM},
	[WRAP_MADVISE] = {"madvise", EINVAL},
	[WRAP_MINCORE] = {"mincore", EAGAIN},
};

const char *
wrap_name(enum wrap_fn fn)
{
	return wraps[fn].name;
}

void
wrap_start(enum wrap_fn fn, unsigned int nth)
{
	unsigned int i;

	for (i = 0; i < WRAP_MAX; i++)
		atomic_store(&calls[i], 0);
	atomic_store(&struck, false);
	fail_fn = fn;
	fail_nth = nth;
	atomic_store(&wrap_on, true);
}

void
wrap_stop(void)
{
	atomic_store(&wrap_on, false);
}

unsigned int
wrap_calls(enum wrap_fn fn)
{
	return atomic_load(&calls[fn]);
}

bool
wrap_struck(void)
{
	return atomic_load(&struck);
}

/* A call is made; must it fail? */
static bool
wrap_fails(enum wrap_fn fn)
{
	if (!atomic_load(&wrap_on) || atomic_fetch_add(&calls[fn], 1) + 1 != fail_nth ||
		fn != fail_fn)
		return false;
	atomic_store(&struck, true);
	errno = wraps[fn].err;
	return true;
}

/* The names that the linker knows, those of files with 64 bits. */
void *__real_calloc(size_t n, size_t size);
int __real_fcntl64(int fd, int cmd, long arg);
int __real_fstat64(int fd, struct stat *st);
int __real_fstatfs64(int fd, struct statfs *fs);
void *__real_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int __real_madvise(void *addr, size_t len, int advice);
int __real_mincore(void *addr, size_t len, unsigned char *vec);

void *__wrap_calloc(size_t n, size_t size);
int __wrap_fcntl64(int fd, int cmd, ...);
int __wrap_fstat64(int fd, struct stat *st);
int __wrap_fstatfs64(int fd, struct statfs *fs);
void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int __wrap_madvise(void *addr, size_t len, int advice);
int __wrap_mincore(void *addr, size_t len, unsigned char *vec);

void *
__wrap_calloc(size_t n, size_t size)
{
	return wrap_fails(WRAP_CALLOC) ? NULL : __real_calloc(n, size);
}

int
__wrap_fcntl64(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return wrap_fails(WRAP_FCNTL) ? -1 : __real_fcntl64(fd, cmd, arg);
}

int
__wrap_fstat64(int fd, struct stat *st)
{
	return wrap_fails(WRAP_FSTAT) ? -1 : __real_fstat64(fd, st);
}

int
__wrap_fstatfs64(int fd, struct statfs *fs)
{
	return wrap_fails(WRAP_FSTATFS) ? -1 : __real_fstatfs64(fd, fs);
}

void *
__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	if (wrap_fails(WRAP_MMAP))
		return MAP_FAILED;
	return __real_mmap64(addr, len, prot, flags, fd, off);
}

int
__wrap_madvise(void *addr, size_t len, int advice)
{
	return wrap_fails(WRAP_MADVISE) ? -1 : __real_madvise(addr, len, advice);
}

int
__wrap_mincore(void *addr, size_t len, unsigned char *vec)
{
	return wrap_fails(WRAP_MINCORE) ? -1 : __real_mincore(addr, len, vec);
}
