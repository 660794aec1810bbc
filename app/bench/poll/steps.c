/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "steps.h"

#include <errno.h>
#include <signal.h>

#define CALLS 5u
#define MANY 10000u /* instructions, of which one call has to do */

#ifdef __x86_64__
#include <x86intrin.h>

#define TRAP_FLAG 0x100u

static volatile uint64_t steps;
static uint64_t overhead; /* of begin and end */

static void
on_trap(int signal)
{
	(void)signal;
	steps++;
}

void
steps_begin(void)
{
	steps = 0;
	__writeeflags(__readeflags() | TRAP_FLAG);
}

uint64_t
steps_end(void)
{
	__writeeflags(__readeflags() & ~(unsigned long long)TRAP_FLAG);
	return steps - overhead;
}

int
steps_open(void)
{
	const struct sigaction act = {.sa_handler = on_trap};

	if (sigaction(SIGTRAP, &act, NULL) != 0)
		return -errno;
	steps_begin();
	overhead = steps_end();
	return 0;
}
#else
int
steps_open(void)
{
	return -ENOTSUP;
}

void
steps_begin(void)
{
}

uint64_t
steps_end(void)
{
	return 0;
}
#endif

void
steps_add(struct steps *s, uint64_t n)
{
	if (s->n == 0 || n < s->least)
		s->least = (uint32_t)n;
	s->n++;
}

bool
steps_enough(const struct steps *s)
{
	return s->n >= CALLS || (s->n > 0 && s->least >= MANY);
}
