/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The lock of the kernel's side, and calls that let others have it while time passes for them.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "uv.h"
#include "uverbs.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool has_lock;

/* Calls that wait, and queries on their way (uv_under_way()). */
static unsigned int n_waits[NIC_MAX_FUNCS], n_all_waits;
static pthread_cond_t waits_over = PTHREAD_COND_INITIALIZER;
static __thread struct uv_ctx *caller;

/*
 * A system call is not interrupted by a signal handler of its own thread: neither is what stands
 * for one here. A handler that comes by (DPDK's applications close and exit in theirs) would wait
 * for a lock that its own thread holds. Nor is an ioctl a point at which a thread is cancelled.
 */
static __thread sigset_t old_mask;
static __thread int old_cancel;

void
uv_lock(void)
{
	sigset_t all, old;
	int cancel;

	sigfillset(&all);
	/* faults of the thread itself still have to be handled */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&lock);
	has_lock = true;
	old_mask = old;
	old_cancel = cancel;
}

void
uv_unlock(void)
{
	sigset_t old = old_mask;
	int cancel = old_cancel;

	has_lock = false;
	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(cancel, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void
uv_caller_set(struct uv_ctx *ctx)
{
	caller = ctx;
}

static void
count(const struct nic_func *f, struct uv_ctx *ctx)
{
	n_waits[f->idx]++;
	n_all_waits++;
	if (ctx != NULL)
		ctx->waits++;
}

static void
uncount(const struct nic_func *f, struct uv_ctx *ctx)
{
	n_all_waits--;
	if (ctx != NULL)
		ctx->waits--;
	if (--n_waits[f->idx] == 0)
		pthread_cond_broadcast(&waits_over);
}

/* The thread stays without signals: neither is a call of the kernel's interrupted by one here. */
void
uverbs_wait_begin(const struct nic_func *f)
{
	if (!has_lock)
		return;
	count(f, caller);
	pthread_mutex_unlock(&lock);
}

void
uverbs_wait_end(const struct nic_func *f)
{
	if (!has_lock)
		return;
	pthread_mutex_lock(&lock);
	uncount(f, caller);
}

void
uv_under_way(struct uv_ctx *ctx)
{
	count(ctx->func, ctx);
}

void
uv_arrived(struct uv_ctx *ctx)
{
	uncount(ctx->func, ctx);
}

bool
uv_is_waiting(void)
{
	return n_all_waits > 0;
}

void
uv_waits_over(const struct nic_func *f)
{
	while (f != NULL ? n_waits[f->idx] > 0 : n_all_waits > 0)
		pthread_cond_wait(&waits_over, &lock);
}

void
uv_lock_forget(void)
{
	memset(n_waits, 0, sizeof(n_waits));
	n_all_waits = 0;
}
