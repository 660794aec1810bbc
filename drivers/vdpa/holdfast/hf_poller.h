/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Pollers: who runs the shadow queues of all devices of the process, many queues each.
 *
 * Each poller is a DPDK service (rte_service), registered when the first device is probed, so that
 * the mapping that EAL makes by itself after the probe finds it; and a thread of its own, for as
 * long as no service core calls that service. There are as many as there are service cores then,
 * at least one, and one more for each other 'core' that a device asks for. A queue goes to the
 * poller with the fewest, of those whose service is mapped and runs, or else of those that belong
 * to the device's core. The own thread sleeps when there is nothing to do; it notices within
 * HF_POLLER_WATCH_MS that service cores stopped calling, and takes over until they call again.
 *
 * Threads: a poller serves its queues in rounds, under its lock, which it only tries for: a service
 * never waits. Whoever adds or removes a queue waits for the lock, for one round at most, since
 * nothing in a round blocks and rounds give way to him. Between attach and detach a queue's svq
 * belongs to its poller; before and after, to the caller. So a service that does not run, or a
 * service core that was stopped, holds nobody up. Nothing else is taken under a poller's lock.
 */
#ifndef HF_POLLER_H
#define HF_POLLER_H

#include <stdbool.h>
#include <stdint.h>

struct hf_evch;
struct hf_poller;
struct hf_svq;

#define HF_POLLER_WATCH_MS 100

/* A queue as its poller sees it; the caller's, who leaves it in place while it is attached. */
struct hf_poll_queue {
	struct hf_svq *svq;
	struct hf_evch *ch; /* its completions, for a thread that sleeps */
	int kickfd; /* eventfd of the guest's kicks; -1: none, it is looked at each millisecond */
	const bool
		*deaf; /* while true, kicks may not reach kickfd: likewise. Atomic; NULL: never */
	uint64_t *kicks; /* counts what woke the poller; atomic */
	/* Called once, on the poller's thread, when hf_svq_error() is not 0: must not block. */
	void (*failed)(void *arg);
	void *arg;

	/* The poller's. */
	struct hf_poller *poller; /* NULL: not attached */
	unsigned int slot;
	bool told; /* failed() was called */
	bool mute; /* kickfd is none after all */
};

/*
 * A device that may poll comes, and goes. name is for log lines; core: CPU of the thread, -1: where
 * the calling thread may run. 0 or a negative errno, logged. When the last one goes, the threads
 * end; services stay registered, and do nothing.
 */
int hf_pollers_get(const char *name, int core);
void hf_pollers_put(void);

/* Have a queue polled, core as above. 0, or -ENOMEM, or as the thread cannot be started. */
int hf_poller_attach(struct hf_poll_queue *q, int core);
/* Not polled any more when it returns. Nothing to do for one that is not attached. */
void hf_poller_detach(struct hf_poll_queue *q);
/*
 * No poller is in the attached queue between these two, which are for short changes to its svq:
 * the other queues of its poller wait.
 */
void hf_poller_hold(struct hf_poll_queue *q);
void hf_poller_let(struct hf_poll_queue *q);
/* A sleeping poller is to look at this attached queue. */
void hf_poller_wake(struct hf_poll_queue *q);

/* For reports: number i, as it is now. 0, or -ENOENT: there are no more. */
struct hf_poller_info {
	char name[32]; /* of the service */
	int core; /* -1: any */
	unsigned int queues;
	bool service_runs; /* a service core is mapped to it, and neither was stopped */
	uint64_t served; /* calls by service cores, ever */
	uint64_t rounds, sleeps; /* of the own thread, ever */
};
int hf_poller_info(unsigned int i, struct hf_poller_info *info);

#endif /* HF_POLLER_H */
