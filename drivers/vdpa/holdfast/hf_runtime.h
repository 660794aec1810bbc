/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The threads that all devices of the process share: made with the first device, joined with the
 * last.
 */
#ifndef HF_RUNTIME_H
#define HF_RUNTIME_H

#include <hf_loop.h>
#include <hf_work.h>

struct hf_runtime {
	/* Kicks and completions: its call-backs neither block nor take hf_dev.lock. */
	struct hf_loop *events;
	/* Queue errors: its call-backs may take hf_dev.lock and command the NIC. */
	struct hf_loop *control;
	/* Commands and registrations side by side, destruction later: never takes hf_dev.lock. */
	struct hf_work *work;
	/* Starts of devices, each with the hf_dev.lock that it was handed. */
	struct hf_work *start;
	/*
	 * Requests to front ends, each of which waits for an answer: takes no lock meanwhile. So
	 * few that silent front ends can hold up the requests to others, which then do without a
	 * host notifier until the silent ones are gone.
	 */
	struct hf_work *ask;
};

/*
 * event_core: CPU of the event thread, -1 for the affinity of the caller. The first device decides;
 * -EBUSY (logged) when a later one asks for another CPU. Any thread. Each success is undone by
 * hf_runtime_put().
 */
int hf_runtime_get(const char *name, int event_core, struct hf_runtime **rt);
/* A thread of "ask" waits for good: the pool is left behind at the end. */
void hf_runtime_ask_lost(void);
/* Not on one of the threads. */
void hf_runtime_put(struct hf_runtime *rt);

#endif /* HF_RUNTIME_H */
