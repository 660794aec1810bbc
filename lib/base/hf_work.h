/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A bounded pool of worker threads, for what waits on the NIC or the kernel: registrations side by
 * side, destruction that nobody waits for. Workers are made at creation and joined at destruction;
 * nothing is cancelled.
 *
 * One lock inside guards the queue; no task runs under it. Tasks own what they are given.
 */
#ifndef HF_WORK_H
#define HF_WORK_H

#include <stdint.h>
#include <sys/queue.h>

struct hf_work;

#define HF_WORK_MAX 64 /* workers of a pool */
#define HF_WORK_LOOK_US 100

/* name: of the threads, cut at 11 characters and numbered. 0, -EINVAL (n is 0 or too large), or of
 * pthread_create(). The threads take no signals. */
int hf_work_create(const char *name, unsigned int n, struct hf_work **w);
/* Runs all that is posted and deferred, then joins. Not on a worker, not beside any other call.
 * NULL is allowed.
 */
void hf_work_destroy(struct hf_work *w);
/*
 * fn(arg, 0) ... fn(arg, n - 1), side by side on the workers and the calling thread, and waits for
 * all of them, those that follow a failure included. The first failure (lowest index), or 0. w
 * NULL: all on the calling thread. Any thread, an item of another batch included, and several
 * batches may run at once: who waits has begun all that no worker has.
 *
 * One worker takes part at first, all as soon as no item was finished for 0.1 ms: what waits for
 * the NIC then waits side by side, and what is over at once does not make threads wait for a CPU.
 */
int hf_work_batch(
	struct hf_work *w, int (*fn)(void *arg, unsigned int i), void *arg, unsigned int n);
/*
 * The same, but no worker takes part before 'us' microseconds are over: what is done by then wakes
 * nobody. 0: hf_work_batch().
 */
int hf_work_batch_late(struct hf_work *w, uint32_t us, int (*fn)(void *arg, unsigned int i),
	void *arg, unsigned int n);
/* A batch under way: the caller's, who looks at nothing in it. */
struct hf_work_batch {
	TAILQ_ENTRY(hf_work_batch) next;
	int (*fn)(void *arg, unsigned int i);
	void *arg;
	uint64_t look_us; /* when a worker looks whether more of them are needed */
	unsigned int workers_max; /* that may take part by now */
	unsigned int workers; /* that do */
	unsigned int seen; /* of 'finished', when somebody looked */
	unsigned int n;
	unsigned int taken; /* handed out; a batch is in the list while some are not */
	unsigned int finished;
	unsigned int failed; /* lowest index that failed; n: none did */
	int ret;
};
/*
 * The same in two halves, with something else between them on the calling thread: other batches,
 * say. What is not begun by the second half is helped with there, all of it if w is NULL.
 */
void hf_work_begin(struct hf_work *w, struct hf_work_batch *b, int (*fn)(void *arg, unsigned int i),
	void *arg, unsigned int n);
int hf_work_end(struct hf_work *w, struct hf_work_batch *b);
/*
 * Run fn(arg) soon, on any worker, beside others that were posted; begun in their order, behind
 * batches that wait. Any thread. -ENOMEM: it is not queued (the caller runs it himself).
 */
int hf_work_post(struct hf_work *w, void (*fn)(void *arg), void *arg);
/*
 * Run fn(arg) later, on one worker, after what was deferred before it and behind batches that wait.
 * Any thread. -ENOMEM: it is not queued (the caller runs it himself).
 */
int hf_work_defer(struct hf_work *w, void (*fn)(void *arg), void *arg);
/*
 * Wait until all that was deferred up to now, by whomever, has been run. Any thread but a worker.
 * NULL is allowed.
 */
void hf_work_flush(struct hf_work *w);

#endif /* HF_WORK_H */
