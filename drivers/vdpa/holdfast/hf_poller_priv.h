/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the two halves of a poller share: hf_poller.c has the set of them and their queues,
 * hf_poller_run.c what runs them.
 */
#ifndef HF_POLLER_PRIV_H
#define HF_POLLER_PRIV_H

#include <pthread.h>
#include <sched.h>

#include "hf_poller.h"

/* What an event of epoll is about: slot << 1 | kind, or the wake-up. */
enum { POLLER_KICK, POLLER_CPL };
#define POLLER_WAKE UINT64_MAX

struct hf_poller {
	char name[32];
	unsigned int number;
	int core;
	cpu_set_t cpus; /* of the thread */
	bool has_service;
	uint32_t service;
	uint64_t served; /* rounds of the service; atomic, one writer */
	uint64_t rounds, sleeps; /* of the thread; atomic, one writer */
	unsigned int queues; /* attached, or about to be; atomic */
	unsigned int want; /* how many wait for the lock to attach or detach; atomic */
	bool stop; /* the thread shall end; atomic */
	int epfd, wakefd;

	pthread_mutex_t lock;
	/* Guarded by lock. */
	struct hf_poll_queue **slots; /* NULL: free */
	unsigned int n_slots;
	bool asleep; /* kicks and completions were asked for */
	bool threaded;
	pthread_t thread;
};

/* A round by a service core: the callback of the service. */
int32_t hf_poller_serve(void *poller);
/* With lock: the own thread, if it does not run yet. 0 or a negative errno. */
int hf_poller_thread_start(struct hf_poller *p);
/* Waits for its end. Nothing is attached. */
void hf_poller_thread_end(struct hf_poller *p);
/* The own thread looks. Any thread. */
void hf_poller_nudge(struct hf_poller *p);

#endif /* HF_POLLER_PRIV_H */
