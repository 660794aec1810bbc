/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Handles of a context against the firmware's objects: for tests, as fw/fw_check.h is.
 */
#include <stdarg.h>
#include <stdio.h>

#include "../fw/fw.h"
#include "devx_rules.h"
#include "uv.h"

struct check {
	const struct uv_ctx *ctx;
	unsigned int faults;
	char *why;
	size_t len;
};

static void __attribute__((format(printf, 3, 4)))
fault(struct check *k, const struct uv_obj *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (k->faults++ > 0)
		return;
	n = snprintf(k->why, k->len, "handle %u of type %u: ", o->handle, o->type);
	if (n < 0 || (size_t)n >= k->len)
		return;
	va_start(ap, fmt);
	vsnprintf(k->why + n, k->len - (size_t)n, fmt, ap);
	va_end(ap);
}

/* The firmware's object behind a handle: its type and number. NIC_OBJ_TYPES: none. */
static enum nic_obj_type
object_of(const struct uv_obj *o, uint32_t *id)
{
	switch (o->type) {
	case UVERBS_OBJECT_PD:
		*id = o->pd.pdn;
		return NIC_OBJ_PD;
	case UVERBS_OBJECT_MR:
		*id = o->mr.lkey >> 8;
		return NIC_OBJ_MKEY;
	case UVERBS_OBJECT_CQ:
		*id = o->cq.cqn;
		return NIC_OBJ_CQ;
	case UVERBS_OBJECT_FLOW:
		*id = o->flow.id;
		return NIC_OBJ_FLOW;
	case MLX5_IB_OBJECT_DEVX_OBJ:
		*id = (uint32_t)o->devx.id;
		return devx_nic_type(o->devx.id);
	case MLX5_IB_OBJECT_DEVX_UMEM:
		*id = o->umem.id;
		return NIC_OBJ_UMEM;
	case MLX5_IB_OBJECT_UAR:
		*id = o->page.page_id;
		return NIC_OBJ_UAR;
	case MLX5_IB_OBJECT_VAR:
		*id = o->page.page_id;
		return NIC_OBJ_VAR;
	default:
		/* a matcher that no flow can use has none */
		return NIC_OBJ_TYPES;
	}
}

/* How many handles name this one. */
static unsigned int
users_of(const struct uv_obj *target)
{
	const struct uv_obj *o;
	unsigned int n = 0;

	TAILQ_FOREACH(o, &target->ctx->objs, next) {
		n += o->type == UVERBS_OBJECT_MR && !o->gone && o->mr.pd == target;
		n += o->type == UVERBS_OBJECT_FLOW && !o->gone && o->flow.matcher == target;
	}
	return n;
}

static void
check_obj(struct check *k, const struct uv_obj *o, uint64_t *pinned)
{
	const struct uv_obj *other;
	enum nic_obj_type type;
	uint32_t id = 0;
	unsigned int n;

	if (o->ctx != k->ctx || o->handle >= k->ctx->next_handle)
		fault(k, o, "is in the list of another context");
	for (other = TAILQ_NEXT(o, next); other != NULL; other = TAILQ_NEXT(other, next)) {
		if (other->handle == o->handle)
			fault(k, o, "is there twice");
	}
	/* of what the firmware has lost only the handle is left; or it is about to */
	if (o->gone || o->in_calls < 0)
		return;
	n = users_of(o);
	if (n != o->users)
		fault(k, o, "%u handles that need it are counted as %u", n, o->users);
	type = object_of(o, &id);
	if (type != NIC_OBJ_TYPES && !fw_obj_exists(k->ctx->func, type, id))
		fault(k, o, "stands for %s 0x%x, which is gone", fw_obj_name(type), id);
	*pinned += uv_obj_pinned(o);
}

unsigned int
uv_check(const struct uv_ctx *ctx, uint64_t *pinned, char *why, size_t len)
{
	struct check k = {.ctx = ctx, .why = why, .len = len};
	const struct uv_obj *o;

	TAILQ_FOREACH(o, &ctx->objs, next)
		check_obj(&k, o, pinned);
	return k.faults;
}
