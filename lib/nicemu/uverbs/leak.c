/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a user did not destroy before it closed a device, or before it ended. The kernel cleans up;
 * whoever forgot it wants to know.
 */
#include <stdio.h>
#include <string.h>

#include "../conf.h"
#include "../fw/fw.h"
#include "../nic_own.h"
#include "../report.h"
#include "devx_rules.h"
#include "uv.h"

#define LINE 4096

static void
describe(const struct uv_obj *o, char *buf, size_t len)
{
	switch (o->type) {
	case UVERBS_OBJECT_PD:
		snprintf(buf, len, "pd %#x", o->pd.pdn);
		break;
	case UVERBS_OBJECT_MR:
		snprintf(buf, len, "mr %#x (%#llx, %#llx bytes)", o->mr.lkey >> 8,
			(unsigned long long)o->mr.iova, (unsigned long long)o->mr.len);
		break;
	case UVERBS_OBJECT_CQ:
		snprintf(buf, len, "cq %#x", o->cq.cqn);
		break;
	case UVERBS_OBJECT_FLOW:
		snprintf(buf, len, "flow %#x", o->flow.id);
		break;
	case MLX5_IB_OBJECT_FLOW_MATCHER:
		snprintf(buf, len, "matcher %#x", o->matcher.id);
		break;
	case MLX5_IB_OBJECT_DEVX_UMEM:
		snprintf(buf, len, "umem %#x", o->umem.id);
		break;
	case MLX5_IB_OBJECT_UAR:
		snprintf(buf, len, "uar %#x", o->page.page_id);
		break;
	case MLX5_IB_OBJECT_VAR:
		snprintf(buf, len, "var %#x", o->page.page_id);
		break;
	case MLX5_IB_OBJECT_DEVX_OBJ:
		snprintf(buf, len, "%s %#x", fw_obj_name(devx_nic_type(o->devx.id)),
			(uint32_t)o->devx.id);
		break;
	default:
		snprintf(buf, len, "object of type %#x", o->type);
	}
}

void
uv_leaks_report(const struct uv_ctx *ctx, const char *when)
{
	const struct conf *c = ctx->func->nic->conf;
	const struct uv_obj *o;
	char line[LINE], what[96];
	unsigned int n = 0;
	size_t at;

	/* of a context whose device was taken away all is destroyed */
	if ((!c->leaks && !nic_verbose()) || ctx->gone || TAILQ_EMPTY(&ctx->objs))
		return;
	at = (size_t)snprintf(
		line, sizeof(line), "%s: left behind %s:", ctx->func->conf->ibdev, when);
	TAILQ_FOREACH(o, &ctx->objs, next) {
		describe(o, what, sizeof(what));
		if (at + strlen(what) + 32 < sizeof(line))
			at += (size_t)snprintf(
				line + at, sizeof(line) - at, "%s %s", n > 0 ? "," : "", what);
		n++;
	}
	snprintf(line + at, sizeof(line) - at, " (%u)", n);
	fprintf(stderr, "nicemu: %s\n", line);
	if (c->leaks)
		report_add(c, REPORT_LEAKS, line);
}
