/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * How many instructions a piece of code takes, exactly: the CPU traps after each one, and a signal
 * handler counts. Unlike cycles it does not depend on caches, nor on who else has the machine.
 */
#ifndef BENCH_POLL_STEPS_H
#define BENCH_POLL_STEPS_H

#include <stdbool.h>
#include <stdint.h>

/* Calls that are alike. */
struct steps {
	uint32_t least; /* instructions of one */
	unsigned int n;
};

/* Before the others, once or more often; SIGTRAP is taken. 0, -ENOTSUP (not on this CPU), -errno.
 */
int steps_open(void);
/* From here to steps_end(), which returns how many, of this thread alone, at some us each. */
void steps_begin(void);
uint64_t steps_end(void);

void steps_add(struct steps *s, uint64_t n);
/* More calls would not say more, or would take too long. */
bool steps_enough(const struct steps *s);

#endif /* BENCH_POLL_STEPS_H */
