/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The kernel's driver leaves a function (its firmware died, it was unplugged), and comes back.
 * Linux core/uverbs_main.c: ib_uverbs_remove_one(), uverbs_uapi.c: uverbs_disassociate_api_pre(),
 * rdma_core.c: rdma_lookup_get_uobject().
 */
#include <errno.h>
#include <infiniband/verbs.h>
#include <rdma/ib_user_ioctl_cmds.h>

#include "../fw/fw.h"
#include "../timing.h"
#include "method.h"
#include "uv.h"
#include "uverbs.h"

/*
 * Methods that drivers define are gone with the driver; of the core's own, those remain that
 * destroy a handle.
 */
int
uv_gone_check(const struct uv_call *call)
{
	static const char *const remain[] = {
		"DEALLOC_PD", "DEREG_MR", "DESTROY_FLOW", "DESTROY_CQ"};
	unsigned int i;

	if (!call->ctx->gone)
		return 0;
	if (call->method->object >> UVERBS_ID_NS_SHIFT != 0 ||
		call->method->method >> UVERBS_ID_NS_SHIFT != 0)
		return -EIO;
	for (i = 0; i < sizeof(remain) / sizeof(remain[0]); i++) {
		if (call->index == method_parse(remain[i]))
			return 0;
	}
	return -EIO;
}

/* uverbs_async_event_destroy_uobj(): the last event of a channel. */
static void
disassociate(struct uv_ctx *ctx)
{
	if (ctx->gone)
		return;
	uv_obj_destroy_all(ctx, true);
	uv_ucontext_destroy(ctx);
	ctx->gone = true;
	uv_chan_last(ctx, IBV_EVENT_DEVICE_FATAL);
	uv_chan_ctx_gone(ctx);
}

bool
uverbs_loaded(const struct nic_func *f)
{
	return !atomic_load(&f->unloaded);
}

int
uverbs_unload(struct nic_func *f)
{
	int ret = -EALREADY;

	uv_lock();
	if (uverbs_loaded(f)) {
		atomic_store(&f->unloaded, true);
		/* uverbs_disassociate_api_pre(): what is under way ends first, and here without
		 * delay */
		timing_wake(f->nic->timing);
		uv_waits_over(f);
		uv_ctx_each(f, disassociate);
		ret = 0;
	}
	uv_unlock();
	return ret;
}

int
uverbs_load(struct nic_func *f)
{
	int ret = -EALREADY;

	uv_lock();
	if (!uverbs_loaded(f)) {
		atomic_store(&f->unloaded, false);
		ret = 0;
	}
	uv_unlock();
	return ret;
}
