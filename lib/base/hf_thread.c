/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <signal.h>
#include <stdio.h>

#include "hf_thread.h"

#define THREAD_NAME_LEN 16 /* pthread_setname_np(3) */

int
hf_thread_start(
	pthread_t *thread, const char *name, const cpu_set_t *cpus, void *(*run)(void *), void *arg)
{
	char cut[THREAD_NAME_LEN];
	sigset_t all, saved;
	pthread_attr_t attr;
	int ret;

	ret = pthread_attr_init(&attr);
	if (ret != 0)
		return -ret;
	if (cpus != NULL)
		ret = pthread_attr_setaffinity_np(&attr, sizeof(*cpus), cpus);
	if (ret == 0) {
		/* A new thread inherits the mask. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &saved);
		ret = pthread_create(thread, &attr, run, arg);
		pthread_sigmask(SIG_SETMASK, &saved, NULL);
	}
	pthread_attr_destroy(&attr);
	if (ret != 0)
		return -ret;
	/* A thread without a name works as well. */
	snprintf(cut, sizeof(cut), "%s", name);
	pthread_setname_np(*thread, cut);
	return 0;
}
