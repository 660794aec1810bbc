/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What happens to each call of the kernel before and after its handler: failure on demand, and the
 * count.
 */
#include <stdio.h>
#include <string.h>

#include "../conf.h"
#include "../fw/fw.h"
#include "../nic_own.h"
#include "method.h"
#include "uv.h"

int
uv_call_begin(struct uv_call *call)
{
	struct nic_func *f = call->ctx->func;
	int ret = uv_gone_check(call);
	struct fault struck;
	bool strikes;

	if (ret != 0)
		return ret;
	pthread_mutex_lock(&f->nic->fw_lock);
	strikes = fault_strike(f, FAULT_IOCTL, call->index, &struck);
	pthread_mutex_unlock(&f->nic->fw_lock);
	if (!strikes)
		return 0;
	if (struck.how == FAULT_DIE) {
		fw_kill(f);
		return 0;
	}
	if (nic_verbose())
		fprintf(stderr, "nicemu: %s: %s: %s: failure on demand\n", f->conf->ibdev,
			method_name(call->index), strerror((int)struck.value));
	return -(int)struck.value;
}

void
uv_call_end(const struct uv_call *call, int ret)
{
	struct nic_func *f = call->ctx->func;

	if (call->index >= METHODS)
		return;
	pthread_mutex_lock(&f->nic->fw_lock);
	f->n_calls[call->index]++;
	if (ret != 0)
		f->n_calls_failed[call->index]++;
	pthread_mutex_unlock(&f->nic->fw_lock);
}
