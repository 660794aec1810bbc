/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A call of the kernel's ioctl as a line of the trace (trace.h).
 */
#include <cjson/cJSON.h>

#include "../timing.h"
#include "../trace.h"
#include "method.h"
#include "uv.h"

static uint64_t n_calls; /* under uv_lock() */

void
uv_trace_begin(const struct uv_ctx *ctx, struct uv_call_clock *clock)
{
	if (ctx->func->nic->trace == NULL)
		return;
	trace_call = ++n_calls;
	clock->began = trace_now(ctx->func->nic->trace);
	clock->pinned = uv_pinned_here();
}

void
uv_trace_end(const struct uv_call *call, const struct uv_call_clock *clock, int ret)
{
	struct trace *t = call->ctx->func->nic->trace;
	cJSON *j = trace_line(t, "ioctl", call->ctx->func);
	const char *name = method_name(call->index);

	if (j == NULL)
		return;
	trace_num(j, "call", trace_call);
	trace_num(j, "t_ns", clock->began);
	trace_num(j, "dur_ns", trace_now(t) - clock->began);
	cJSON_AddStringToObject(j, "name", name != NULL ? name : "unknown");
	trace_num(j, "object_type", call->method->object);
	trace_num(j, "method", call->method->method);
	trace_num(j, "context", call->ctx->number);
	trace_num(j, "uid", call->ctx->uid);
	trace_errno(j, ret);
	cJSON_AddNumberToObject(j, "pinned", (double)(uv_pinned_here() - clock->pinned));
	trace_put(t, j);
	trace_call = 0;
}

void
uv_trace_pages(const struct uv_ctx *ctx, const struct timing_pages *p, uint64_t bytes, bool unpin)
{
	struct trace *t = ctx->func->nic->trace;
	cJSON *j = trace_line(t, "pages", ctx->func);

	if (j == NULL)
		return;
	trace_num(j, "call", trace_call);
	trace_num(j, "t_ns", p->start);
	trace_num(j, "dur_ns", p->end - p->start);
	cJSON_AddStringToObject(j, "name", unpin ? "UNPIN" : "PIN");
	trace_num(j, "uid", ctx->uid);
	cJSON_AddNumberToObject(j, "pinned", unpin ? -(double)bytes : (double)bytes);
	trace_put(t, j);
}
