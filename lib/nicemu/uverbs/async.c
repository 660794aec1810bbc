/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Queries whose answers come through a channel. Linux hw/mlx5/devx.c: devx_query_callback(); core/
 * cmd.c: mlx5_cmd_exec_cb(). Where commands take no time the answer is there when the call returns.
 * Else threads execute them, as many as there are slots for commands; each ends when there are no
 * more to take. Object and channel may go meanwhile, the context stays.
 */
#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <pthread.h>
#include <rdma/mlx5_user_ioctl_verbs.h>
#include <stdlib.h>

#include "../conf.h"
#include "../timing.h"
#include "../trace.h"
#include "uv.h"

struct query {
	STAILQ_ENTRY(query) next;
	struct uv_ctx *ctx;
	struct uv_chan *chan;
	void *in;
	size_t inlen, outlen;
	struct mlx5_ib_uapi_devx_async_cmd_hdr *hdr;
};

/* Under uv_lock(). */
static STAILQ_HEAD(, query) queries = STAILQ_HEAD_INITIALIZER(queries);
static unsigned int n_threads;

static void
query_free(struct query *q)
{
	free(q->hdr);
	free(q->in);
	free(q);
}

/* To the user; the room that was kept for it is given back by who reads it. */
static int
answer(const struct query *q)
{
	return uv_chan_send(q->chan, q->hdr, sizeof(*q->hdr) + q->outlen);
}

/* A command that was under way has an answer, if only an empty one of a device that died under it.
 */
static void
serve(struct query *q)
{
	struct uv_ctx *ctx = q->ctx;

	uv_exec(ctx, q->in, q->inlen, q->hdr->out_data, q->outlen);
	if (answer(q) != 0)
		uv_chan_unreserve(q->chan, q->outlen);
	uv_chan_unuse(q->chan);
	uv_chan_reap();
	query_free(q);
	uv_arrived(ctx);
	uv_ctx_reap(ctx);
}

static void *
async_main(void *arg)
{
	struct trace *trace = arg;
	struct query *q;

	uv_lock();
	while ((q = STAILQ_FIRST(&queries)) != NULL) {
		STAILQ_REMOVE_HEAD(&queries, next);
		serve(q);
		uv_unlock();
		trace_flush(trace);
		uv_lock();
	}
	n_threads--;
	uv_unlock();
	return NULL;
}

/* One more thread, unless there are enough. False: there is none at all. */
static bool
start_thread(const struct uv_ctx *ctx)
{
	const struct nic *nic = ctx->func->nic;
	pthread_attr_t attr;
	pthread_t thread;

	if (n_threads >= nic->conf->timing.commands)
		return true;
	/* signals are blocked here, and so in the thread */
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, async_main, nic->trace) == 0)
		n_threads++;
	pthread_attr_destroy(&attr);
	return n_threads > 0;
}

int
uv_async_query(struct uv_ctx *ctx, struct uv_chan *chan, void *in, size_t inlen,
	struct mlx5_ib_uapi_devx_async_cmd_hdr *hdr, size_t outlen)
{
	struct query *q = malloc(sizeof(*q));
	int ret = -ENOMEM;

	if (q == NULL) {
		free(hdr);
		free(in);
		goto unreserve;
	}
	*q = (struct query){
		.ctx = ctx, .chan = chan, .in = in, .inlen = inlen, .outlen = outlen, .hdr = hdr};
	if (timing_is_on(ctx->func->nic->timing, ctx->func) && start_thread(ctx)) {
		uv_chan_hold(chan);
		uv_under_way(ctx);
		STAILQ_INSERT_TAIL(&queries, q, next);
		return 0;
	}
	ret = uv_exec(ctx, in, inlen, hdr->out_data, outlen);
	if (ret == 0 || ret == -EREMOTEIO)
		ret = answer(q);
	query_free(q);
	if (ret == 0)
		return 0;
unreserve:
	uv_chan_unreserve(chan, outlen);
	return ret;
}

void
uv_async_forget(void)
{
	struct query *q;

	while ((q = STAILQ_FIRST(&queries)) != NULL) {
		STAILQ_REMOVE_HEAD(&queries, next);
		query_free(q);
	}
	n_threads = 0;
}
