/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A thread of the driver, in the application's process.
 */
#ifndef HF_THREAD_H
#define HF_THREAD_H

#include <pthread.h>
#include <sched.h>

/*
 * Start a joinable thread that takes no signal from its first moment on: those are the
 * application's. name: for ps and perf, cut to the 15 characters that Linux has for it. cpus: where
 * it may run; NULL: where the caller may. 0 or a negative errno (-EINVAL: none of the CPUs exists;
 * -EAGAIN: no more threads). Any thread may call it.
 */
int hf_thread_start(pthread_t *thread, const char *name, const cpu_set_t *cpus,
	void *(*run)(void *), void *arg);

#endif /* HF_THREAD_H */
