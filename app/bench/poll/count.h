/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What calls of a back end take: cycles, or instructions.
 */
#ifndef BENCH_POLL_COUNT_H
#define BENCH_POLL_COUNT_H

#include "side.h"
#include "steps.h"

/* One direction of a slice; begins as 0. */
struct count {
	uint64_t calls, moved; /* as side.h's calls return it */
	uint64_t cycles; /* until others see what they wrote */
	uint64_t retired; /* until their last instruction is done */
	uint64_t cut; /* of calls: interrupted, by their length, and not in cycles */
	uint64_t idle_cycles, idle_calls; /* that moved nothing */
	struct steps steps; /* of calls that moved a whole burst */
};

typedef unsigned int side_call(struct side *s, unsigned int burst);
/* Make a call; it is not counted if 'skip' says so, or the side that it is not settled. */
typedef void counter(
	struct count *c, struct side *s, side_call *call, unsigned int burst, bool skip);

counter count_cycles;
/* steps_open() was. */
counter count_steps;
/* More instructions would not say more; false of cycles. */
bool count_is_enough(const struct count *c);

/* Once, before the others. */
void count_open(void);
/* Cycles of the measurement itself: of a call until it is seen; of a line. */
uint64_t count_overhead(void);
uint64_t count_overhead_line(void);

/* A member of an object in JSON; times: as in struct side. */
void count_print(const char *name, const struct count *c, unsigned int times);

#endif /* BENCH_POLL_COUNT_H */
