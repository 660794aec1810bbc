/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <pthread.h>
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

/* One for the process, since its threads are. All of it is guarded by hf_runtime_lock. */
static pthread_mutex_t hf_runtime_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hf_runtime hf_runtime;
static unsigned int hf_runtime_users;
static int hf_runtime_core;

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
	ret = hf_work_create("hf-work", HF_RUNTIME_WORKERS, &hf_runtime.work);
	if (ret != 0) {
		HF_LOG(ERR, "%s: cannot start %d worker threads: %s", name, HF_RUNTIME_WORKERS,
			strerror(-ret));
		goto error_control;
	}
	hf_runtime_core = event_core;
	return 0;
error_control:
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
hf_runtime_put(struct hf_runtime *rt)
{
	RTE_SET_USED(rt);
	pthread_mutex_lock(&hf_runtime_lock);
	if (--hf_runtime_users == 0) {
		hf_work_destroy(hf_runtime.work);
		hf_loop_destroy(hf_runtime.control);
		hf_loop_destroy(hf_runtime.events);
		hf_runtime = (struct hf_runtime){0};
	}
	pthread_mutex_unlock(&hf_runtime_lock);
}
