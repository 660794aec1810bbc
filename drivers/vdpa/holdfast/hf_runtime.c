/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_common.h>

#include <hf_log.h>

#include "hf_runtime.h"

/*
 * As many commands as mlx5_core keeps in flight for users (Linux mlx5/core/cmd.c: max_reg_cmds is
 * the width of the command queue less one, 31; half of it leaves room for others). They wait in the
 * kernel, and cost nothing while there is nothing to do.
 */
#define HF_RUNTIME_WORKERS 16
/* Devices that start at once: most of the time one of them waits for its own few workers. */
#define HF_RUNTIME_STARTS 16
/* Requests to front ends at once. */
#define HF_RUNTIME_ASKS 4

/* One for the process, since its threads are. All of it is guarded by hf_runtime_lock. */
static pthread_mutex_t hf_runtime_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hf_runtime hf_runtime;
static unsigned int hf_runtime_users;
static int hf_runtime_core;
static bool hf_runtime_lost; /* a thread of "ask" does not end */

static int
hf_runtime_pools_create(const char *name)
{
	static const struct {
		const char *name;
		unsigned int n;
		size_t pool; /* in struct hf_runtime */
	} pools[] = {
		{"hf-work", HF_RUNTIME_WORKERS, offsetof(struct hf_runtime, work)},
		{"hf-start", HF_RUNTIME_STARTS, offsetof(struct hf_runtime, start)},
		{"hf-ask", HF_RUNTIME_ASKS, offsetof(struct hf_runtime, ask)},
	};
	unsigned int i;
	int ret;

	for (i = 0; i < RTE_DIM(pools); i++) {
		ret = hf_work_create(
			pools[i].name, pools[i].n, RTE_PTR_ADD(&hf_runtime, pools[i].pool));
		if (ret != 0) {
			HF_LOG(ERR, "%s: cannot start the %u threads %s: %s", name, pools[i].n,
				pools[i].name, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

/* Starts are over before what they have commanded is, and nobody asks a device that is gone. */
static void
hf_runtime_pools_destroy(void)
{
	hf_work_destroy(hf_runtime.start);
	if (!hf_runtime_lost)
		hf_work_destroy(hf_runtime.ask);
	hf_work_destroy(hf_runtime.work);
	hf_runtime_lost = false;
}

static int
hf_runtime_start(const char *name, int event_core)
{
	int ret;

	hf_runtime.events = hf_loop_create("hf-events", event_core, &ret);
	if (hf_runtime.events == NULL) {
		HF_LOG(ERR, "%s: cannot start the event thread on CPU %d (-1: any): %s", name,
			event_core, strerror(-ret));
		return ret;
	}
	hf_runtime.control = hf_loop_create("hf-control", -1, &ret);
	if (hf_runtime.control == NULL) {
		HF_LOG(ERR, "%s: cannot start the control thread: %s", name, strerror(-ret));
		goto error_events;
	}
	ret = hf_runtime_pools_create(name);
	if (ret != 0)
		goto error_pools;
	hf_runtime_core = event_core;
	return 0;
error_pools:
	hf_runtime_pools_destroy();
	hf_loop_destroy(hf_runtime.control);
error_events:
	hf_loop_destroy(hf_runtime.events);
	hf_runtime = (struct hf_runtime){0};
	return ret;
}

int
hf_runtime_get(const char *name, int event_core, struct hf_runtime **rt)
{
	int ret = 0;

	pthread_mutex_lock(&hf_runtime_lock);
	if (hf_runtime_users == 0) {
		ret = hf_runtime_start(name, event_core);
	} else if (event_core >= 0 && event_core != hf_runtime_core) {
		HF_LOG(ERR,
			"%s: event_core=%d: the process has one event thread, and the first device put it on CPU %d"
			" (-1: any); give all devices the same event_core",
			name, event_core, hf_runtime_core);
		ret = -EBUSY;
	}
	if (ret == 0) {
		hf_runtime_users++;
		*rt = &hf_runtime;
	}
	pthread_mutex_unlock(&hf_runtime_lock);
	return ret;
}

void
hf_runtime_ask_lost(void)
{
	pthread_mutex_lock(&hf_runtime_lock);
	hf_runtime_lost = true;
	pthread_mutex_unlock(&hf_runtime_lock);
}

void
hf_runtime_put(struct hf_runtime *rt)
{
	RTE_SET_USED(rt);
	pthread_mutex_lock(&hf_runtime_lock);
	if (--hf_runtime_users == 0) {
		hf_runtime_pools_destroy();
		hf_loop_destroy(hf_runtime.control);
		hf_loop_destroy(hf_runtime.events);
		hf_runtime = (struct hf_runtime){0};
	}
	pthread_mutex_unlock(&hf_runtime_lock);
}
