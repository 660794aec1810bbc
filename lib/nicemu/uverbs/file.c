/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../conf.h"
#include "../mem/mem.h"
#include "../nic_own.h"
#include "../real.h"
#include "../timing.h"
#include "../trace.h"
#include "uv.h"
#include "uverbs.h"

#define UVERBS_MAJOR 231
#define MAX_CTX 4096

/* The BAR file of each function: written once, before n_bars says so. */
static struct bar {
	dev_t dev;
	ino_t ino;
	const struct conf_func *conf;
} bars[NIC_MAX_FUNCS];
static atomic_uint n_bars;

static LIST_HEAD(, uv_ctx) ctxs = LIST_HEAD_INITIALIZER(ctxs);
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct nic *nic;
static bool exiting;

/* Index of the function whose BAR file this is, -1: none. */
static int
bar_find(const struct stat *st)
{
	unsigned int n = atomic_load_explicit(&n_bars, memory_order_acquire), i;

	for (i = 0; i < n; i++) {
		if (bars[i].ino == st->st_ino && bars[i].dev == st->st_dev)
			return (int)i;
	}
	return -1;
}

static int
fd_func(int fd)
{
	struct stat st;

	if (atomic_load_explicit(&n_bars, memory_order_acquire) == 0 || fd < 0 ||
		real_fstat()(fd, &st) != 0)
		return -1;
	return bar_find(&st);
}

static void
ctx_free(struct uv_ctx *ctx)
{
	LIST_REMOVE(ctx, next);
	uv_leaks_report(ctx, "when the device was closed");
	uv_obj_destroy_all(ctx, false);
	uv_ucontext_destroy(ctx);
	uv_chan_ctx_gone(ctx);
	free(ctx);
}

/* Does another description than this one's hold the byte? */
static bool
is_locked(int fd, uint32_t number)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = number, .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK;
}

/* The description holds one byte, so from its side all are locked but its own. */
static struct uv_ctx *
ctx_find(int fd, int func)
{
	struct uv_ctx *ctx;

	LIST_FOREACH(ctx, &ctxs, next) {
		if ((int)ctx->func->idx == func && !is_locked(fd, ctx->number) &&
			is_locked(ctx->func->bar_fd, ctx->number))
			return ctx;
	}
	return NULL;
}

void
uv_ctx_each(const struct nic_func *f, void (*fn)(struct uv_ctx *ctx))
{
	struct uv_ctx *ctx;

	LIST_FOREACH(ctx, &ctxs, next) {
		if (ctx->func == f)
			fn(ctx);
	}
}

/* A context that nobody has open any more; what a call is in goes with the end of the call. */
static struct uv_ctx *
ctx_closed(void)
{
	struct uv_ctx *ctx;

	LIST_FOREACH(ctx, &ctxs, next) {
		if (is_locked(ctx->func->bar_fd, ctx->number))
			continue;
		if (ctx->waits == 0)
			return ctx;
		ctx->closed = true;
	}
	return NULL;
}

static void
reap(void)
{
	struct uv_ctx *ctx;

	/* time may pass while one goes, and the list is another then */
	while ((ctx = ctx_closed()) != NULL)
		ctx_free(ctx);
	uv_chan_reap();
}

void
uv_ctx_reap(const struct uv_ctx *ctx)
{
	if (ctx->closed && ctx->waits == 0)
		reap();
}

static void
fork_prepare(void)
{
	uv_lock();
	if (nic != NULL)
		pthread_mutex_lock(&nic->fw_lock);
	uv_chan_fork_prepare();
	mem_hold_fork_prepare();
}

static void
fork_parent(void)
{
	mem_hold_fork_parent();
	uv_chan_fork_parent();
	if (nic != NULL)
		pthread_mutex_unlock(&nic->fw_lock);
	uv_unlock();
}

/* The child has no NIC: what it inherited stays where it is, unused, and its descriptors are none
 * of ours. */
static void
fork_child(void)
{
	mem_hold_fork_child();
	uv_chan_fork_child();
	if (nic != NULL)
		pthread_mutex_unlock(&nic->fw_lock);
	nic = NULL;
	uv_lock_forget();
	LIST_INIT(&ctxs);
	atomic_store(&n_bars, 0);
	uv_pinned_forget();
	uv_async_forget();
	nic_forget();
	uv_unlock();
}

static void
init(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static int
start_nic(void)
{
	struct stat st;
	unsigned int i;
	int ret;

	if (exiting)
		return -ENODEV;
	ret = nic_get(&nic);
	if (ret != 0 || atomic_load(&n_bars) != 0)
		return ret;
	for (i = 0; i < nic->n_funcs; i++) {
		if (real_fstat()(nic->funcs[i]->bar_fd, &st) != 0)
			return -errno;
		bars[i] = (struct bar){
			.dev = st.st_dev, .ino = st.st_ino, .conf = nic->funcs[i]->conf};
	}
	atomic_store_explicit(&n_bars, nic->n_funcs, memory_order_release);
	return 0;
}

/* A new description of the BAR file that has locked a byte which no other has. */
static int
open_bar(struct nic_func *f, int flags, uint32_t *number)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	char path[32];
	int fd, err;

	/*
	 * O_APPEND: a write() has a command, and must not land in the doorbells. At its end the
	 * file can't grow (F_SEAL_GROW), so it is -EPERM, and then file_write() has it.
	 */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->bar_fd);
	fd = real_open()(path, O_RDWR | O_APPEND | (flags & (O_CLOEXEC | O_NONBLOCK)));
	if (fd < 0)
		return -errno;
	for (*number = 1; *number < MAX_CTX; (*number)++) {
		fl.l_start = *number;
		if (fcntl(fd, F_OFD_SETLK, &fl) == 0)
			return fd;
		if (errno != EAGAIN && errno != EACCES)
			break;
	}
	err = *number == MAX_CTX ? -EMFILE : -errno;
	real_close()(fd);
	return err;
}

static int
open_locked(const struct conf_func *conf, int flags)
{
	struct uv_ctx *ctx;
	int ret;

	ret = start_nic();
	if (ret != 0)
		return ret;
	reap();
	/* cdev_device_del() */
	if (!uverbs_loaded(nic->funcs[conf - nic->conf->funcs]))
		return -ENXIO;
	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL)
		return -ENOMEM;
	ctx->func = nic->funcs[conf - nic->conf->funcs];
	TAILQ_INIT(&ctx->objs);
	ret = open_bar(ctx->func, flags, &ctx->number);
	if (ret < 0) {
		free(ctx);
		return ret;
	}
	LIST_INSERT_HEAD(&ctxs, ctx, next);
	return ret;
}

int
file_open(const struct conf_func *conf, int flags)
{
	int fd;

	pthread_once(&once, init);
	uv_lock();
	fd = open_locked(conf, flags);
	uv_unlock();
	if (fd >= 0)
		return fd;
	errno = -fd;
	return -1;
}

/* Locked. NULL: there is no such context, or the process ends. */
static struct uv_ctx *
call_begin(int fd, int func, struct trace **trace)
{
	struct uv_ctx *ctx;

	uv_lock();
	ctx = exiting ? NULL : ctx_find(fd, func);
	/* once unlocked, a close() of another thread may free the context */
	*trace = ctx != NULL ? ctx->func->nic->trace : NULL;
	uv_caller_set(ctx);
	return ctx;
}

/* Unlocked. 0, or -1 with errno. */
static int
call_end(struct uv_ctx *ctx, struct trace *trace, int err)
{
	uv_caller_set(NULL);
	if (ctx != NULL)
		uv_ctx_reap(ctx);
	uv_unlock();
	trace_flush(trace);
	if (err == 0)
		return 0;
	errno = -err;
	return -1;
}

bool
file_ioctl(int fd, void *arg, int *ret)
{
	int func = fd_func(fd);
	struct trace *trace;
	struct uv_ctx *ctx;

	if (func < 0)
		return false;
	ctx = call_begin(fd, func, &trace);
	*ret = call_end(ctx, trace, ctx != NULL ? uv_ioctl(ctx, arg) : -EIO);
	return true;
}

bool
file_write(int fd, const void *buf, size_t len, ssize_t *ret)
{
	int func = fd_func(fd);
	struct trace *trace;
	struct uv_ctx *ctx;

	if (func < 0)
		return false;
	ctx = call_begin(fd, func, &trace);
	*ret = call_end(ctx, trace, ctx != NULL ? uv_write(ctx, buf, len) : -EIO);
	if (*ret == 0)
		*ret = (ssize_t)len;
	return true;
}

bool
file_read(int fd, void *buf, size_t len, ssize_t *ret)
{
	return uv_chan_read(fd, buf, len, ret);
}

void
file_stat(struct stat *st)
{
	int func;

	if (!S_ISREG(st->st_mode) || atomic_load_explicit(&n_bars, memory_order_acquire) == 0)
		return;
	func = bar_find(st);
	if (func < 0)
		return;
	st->st_mode = S_IFCHR | 0666;
	st->st_rdev = makedev(UVERBS_MAJOR, bars[func].conf->minor);
	st->st_size = 0;
	st->st_blocks = 0;
}

bool
file_may_map(int fd, size_t len, off_t offset)
{
	int func = fd_func(fd);
	struct uv_ctx *ctx;
	struct uv_obj *o;
	bool may = false;

	if (func < 0)
		return true;
	uv_lock();
	ctx = exiting ? NULL : ctx_find(fd, func);
	if (ctx == NULL)
		goto out;
	TAILQ_FOREACH(o, &ctx->objs, next) {
		if (!o->gone && (o->type == MLX5_IB_OBJECT_UAR || o->type == MLX5_IB_OBJECT_VAR) &&
			o->page.offset == (uint64_t)offset && len > 0 && len <= o->page.len)
			may = true;
	}
out:
	uv_unlock();
	return may;
}

bool
file_is_ours(int fd)
{
	/* without uv_lock(): a call of ours may close what it had opened */
	if (atomic_load_explicit(&n_bars, memory_order_acquire) == 0)
		return false;
	return fd_func(fd) >= 0 || uv_chan_closed(fd);
}

void
file_closed(void)
{
	int err = errno;

	uv_lock();
	if (nic != NULL)
		reap();
	uv_unlock();
	errno = err;
}

unsigned int
file_check(char *why, size_t len)
{
	const struct uv_ctx *ctx;
	unsigned int faults = 0;
	uint64_t pinned = 0;

	uv_lock();
	LIST_FOREACH(ctx, &ctxs, next) {
		/* the first fault is told */
		faults += uv_check(ctx, &pinned, why, faults == 0 ? len : 0);
	}
	/* what a call has pinned is not a handle's yet */
	if (!uv_is_waiting() && pinned != uv_pinned() && faults++ == 0)
		snprintf(why, len, "%llu pinned bytes are accounted as %llu",
			(unsigned long long)pinned, (unsigned long long)uv_pinned());
	uv_unlock();
	return faults;
}

/*
 * At exit the NIC stops, and everything else stays: the kernel closes descriptors when all threads
 * of a process are gone, so one that still waits for an event must not see its channel go.
 */
static void __attribute__((destructor)) fini(void)
{
	const struct uv_ctx *ctx;

	uv_lock();
	exiting = true;
	if (nic != NULL)
		timing_stop(nic->timing);
	uv_waits_over(NULL);
	LIST_FOREACH(ctx, &ctxs, next)
		uv_leaks_report(ctx, "at exit");
	uv_unlock();
	nic_stop();
}
