/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Memory that the kernel pins for the NIC. Linux core/umem.c.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>

#include "../conf.h"
#include "../mem/mem.h"
#include "../nic_own.h"
#include "../timing.h"
#include "uv.h"
#include "uverbs.h"

static uint64_t pinned_total; /* mm->pinned_vm in bytes, under uv_lock() */
static __thread int64_t pinned_here;

/* What the kernel asks of a process that pins memory: can_do_mlock(), and the limit. */
static int
check_limit(uint64_t bytes)
{
	struct rlimit lim;

	if (!nic_conf()->memlock || uv_capable(CAP_IPC_LOCK) ||
		getrlimit(RLIMIT_MEMLOCK, &lim) != 0)
		return 0;
	if (lim.rlim_cur == RLIM_INFINITY ||
		(lim.rlim_cur != 0 && pinned_total + bytes <= lim.rlim_cur))
		return 0;
	if (nic_verbose())
		fprintf(stderr,
			"nicemu: %llu bytes to pin, %llu are pinned, RLIMIT_MEMLOCK is %llu: raise it "
			"(ulimit -l), give CAP_IPC_LOCK, or nicemu run --no-memlock\n",
			(unsigned long long)bytes, (unsigned long long)pinned_total,
			(unsigned long long)lim.rlim_cur);
	return lim.rlim_cur == 0 ? -EPERM : -ENOMEM;
}

static void
account(int64_t bytes)
{
	pinned_total += (uint64_t)bytes;
	pinned_here += bytes;
}

static void
wait_for(const struct uv_ctx *ctx, struct timing_pages *p, uint64_t bytes, bool unpin)
{
	uverbs_wait_begin(ctx->func);
	timing_pages_wait(ctx->func->nic->timing, p);
	uverbs_wait_end(ctx->func);
	uv_trace_pages(ctx, p, bytes, unpin);
}

int
uv_pin(const struct uv_ctx *ctx, uint64_t va, uint64_t len, bool writable, struct mem_pin **pin,
	uint64_t *pinned)
{
	uint64_t first = va & ~(uint64_t)(NIC_PAGE - 1), end;
	struct timing *t = ctx->func->nic->timing;
	bool timed = timing_is_on(t, ctx->func);
	struct timing_pages p;
	int ret;

	if (len == 0 || __builtin_add_overflow(va, len, &end) || end > UINT64_MAX - NIC_PAGE)
		return -EINVAL;
	*pinned = ((end + NIC_PAGE - 1) & ~(uint64_t)(NIC_PAGE - 1)) - first;
	ret = check_limit(*pinned);
	if (ret != 0)
		return ret;
	if (timed)
		timing_pages_enter(t, &p, ctx->func, *pinned, false);
	ret = mem_pin(va, len, writable, pin);
	if (ret == 0)
		account((int64_t)*pinned);
	if (timed && ret != 0)
		timing_pages_cancel(t, &p);
	else if (timed)
		wait_for(ctx, &p, *pinned, false);
	return ret;
}

void
uv_unpinned(const struct uv_ctx *ctx, uint64_t pinned)
{
	struct timing *t = ctx->func->nic->timing;
	struct timing_pages p;

	if (pinned > 0 && timing_is_on(t, ctx->func)) {
		timing_pages_enter(t, &p, ctx->func, pinned, true);
		wait_for(ctx, &p, pinned, true);
	}
	account(-(int64_t)pinned);
}

uint64_t
uv_pinned(void)
{
	return pinned_total;
}

int64_t
uv_pinned_here(void)
{
	return pinned_here;
}

void
uv_pinned_forget(void)
{
	pinned_total = 0;
}
