/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "count.h"

#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_cycles.h>

/* Cycles of a packet that nobody needs: somebody else had the CPU. */
#define CUT 20000u

/* Points in time around a call. */
struct stamps {
	uint64_t start, retired, seen;
};

static uint64_t overhead_seen = UINT64_MAX, overhead_retired = UINT64_MAX;
static uint64_t overhead_line = UINT64_MAX;

/* Stores wait for their lines when they have retired; what follows does not wait for them. */
static inline void
stamp_end(struct stamps *t)
{
	rte_rmb();
	t->retired = rte_rdtsc();
	t->seen = rte_rdtsc_precise();
}

void
count_open(void)
{
	struct stamps t;
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		t.start = rte_rdtsc_precise();
		stamp_end(&t);
		overhead_seen = RTE_MIN(overhead_seen, t.seen - t.start);
		overhead_retired = RTE_MIN(overhead_retired, t.retired - t.start);
		t.start = rte_rdtsc_precise();
		overhead_line = RTE_MIN(overhead_line, rte_rdtsc_precise() - t.start);
	}
}

uint64_t
count_overhead(void)
{
	return overhead_seen;
}

uint64_t
count_overhead_line(void)
{
	return overhead_line;
}

static uint64_t
less(uint64_t cycles, uint64_t overhead)
{
	return cycles - RTE_MIN(cycles, overhead);
}

void
count_cycles(struct count *c, struct side *s, side_call *call, unsigned int burst, bool skip)
{
	unsigned int moved;
	struct stamps t;
	uint64_t cycles;

	t.start = rte_rdtsc_precise();
	moved = call(s, burst);
	stamp_end(&t);
	cycles = less(t.seen - t.start, overhead_seen);
	if (skip || s->unsettled)
		return;
	if (moved == 0) {
		c->idle_cycles += cycles;
		c->idle_calls++;
		return;
	}
	c->calls++;
	c->moved += moved;
	if (cycles > (uint64_t)burst * CUT) {
		c->cut++;
		return;
	}
	c->cycles += cycles;
	c->retired += less(t.retired - t.start, overhead_retired);
}

void
count_steps(struct count *c, struct side *s, side_call *call, unsigned int burst, bool skip)
{
	unsigned int moved;
	uint64_t steps;

	if (skip || s->unsettled) {
		call(s, burst);
		return;
	}
	steps_begin();
	moved = call(s, burst);
	steps = steps_end();
	if (moved == burst * s->times)
		steps_add(&c->steps, steps);
}

bool
count_is_enough(const struct count *c)
{
	return steps_enough(&c->steps);
}

void
count_print(const char *name, const struct count *c, unsigned int times)
{
	printf(", \"%s\": {\"cycles\": %" PRIu64 ", \"retired\": %" PRIu64 ", \"calls\": %" PRIu64
	       ", \"cut\": %" PRIu64 ", \"packets\": %" PRIu64 ", \"idle_cycles\": %" PRIu64
	       ", \"idle_calls\": %" PRIu64 ", \"stepped\": %u, \"steps\": %u}",
		name, c->cycles, c->retired, c->calls, c->cut, c->moved / times, c->idle_cycles,
		c->idle_calls, c->steps.n, c->steps.least);
}
