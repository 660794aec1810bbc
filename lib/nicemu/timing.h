/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Time that commands and registrations take, by the figures of a description ([timing]): a clock
 * for a NIC, on which its commands share so many slots, and all pinning one bandwidth. Times are
 * nanoseconds of CLOCK_MONOTONIC. A thread's time passes by sleeping, and it holds none of the
 * NIC's locks meanwhile.
 *
 * All of it may be called by any thread; one lock, which is inside and under which none is taken.
 * The time of a function that died, or lost its driver, or of a NIC that stops, is over at once.
 */
#ifndef NICEMU_TIMING_H
#define NICEMU_TIMING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define TIMING_MAX_COMMANDS 64 /* in flight at once */

struct conf_timing;
struct nic_func;
struct timing;

/* A command on its way. Owned by who waits; in the clock's list from enter to leave. */
struct timing_cmd {
	TAILQ_ENTRY(timing_cmd) next;
	const struct nic_func *func;
	uint64_t object; /* that it is about; 0: none */
	unsigned int slot;
	uint64_t came, start, end; /* start: it has a slot, and the object is its own */
};

/* Memory on its way to or from the NIC. */
struct timing_pages {
	TAILQ_ENTRY(timing_pages) next;
	const struct nic_func *func;
	double goal; /* of timing.moved */
	bool done;
	uint64_t start, end;
};

/* conf stays the caller's, and there. NULL: no memory. */
struct timing *timing_start(const struct conf_timing *conf);
/* What waits goes on, and nobody waits from now on. NULL: nothing to do. */
void timing_stop(struct timing *t);
void timing_free(struct timing *t);
/* A function died or lost its driver. NULL: nothing to do. */
void timing_wake(struct timing *t);

/* Does anything take time to this function now? NULL: no. */
bool timing_is_on(struct timing *t, const struct nic_func *f);

/*
 * A command that takes so many microseconds (before the scale) is given a slot, and its start and
 * end are known: it starts when a slot is free, and the commands about the same object that came
 * before it have ended. timing_cmd_wait(): up to its end, and until those have left.
 * timing_cmd_leave(): it was carried out.
 */
void timing_cmd_enter(struct timing *t, struct timing_cmd *c, const struct nic_func *f,
	uint64_t object, uint64_t us);
void timing_cmd_wait(struct timing *t, struct timing_cmd *c);
void timing_cmd_leave(struct timing *t, struct timing_cmd *c);

/*
 * So many bytes are pinned (or given back: 'unpin'). How long it takes depends on what else goes on
 * then: all who pin at a time have equal shares. p->end is known after timing_pages_wait().
 */
void timing_pages_enter(struct timing *t, struct timing_pages *p, const struct nic_func *f,
	uint64_t bytes, bool unpin);
void timing_pages_wait(struct timing *t, struct timing_pages *p);
/* In place of the wait: there was no memory to pin. */
void timing_pages_cancel(struct timing *t, struct timing_pages *p);

/* While it runs: on or off, and another scale (above 0). What is under way keeps the old one. */
void timing_switch(struct timing *t, bool on);
void timing_scale(struct timing *t, double scale);
void timing_state(struct timing *t, bool *on, double *scale);

#endif /* NICEMU_TIMING_H */
