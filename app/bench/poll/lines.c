/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The other CPU's thread and this one take turns on a burst of lines: 'turn' is odd while it is the
 * other's. Bursts wander through memory, so that L1 does not hold a line when its turn comes again.
 */
#include "lines.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#define BURST 32u
#define BURSTS 2001u
#define LINE 64u
#define BUFFER 2048u /* from buffer to buffer, as in arena.c */
#define NEAR (1u << 19) /* bytes of a walk that stays in L2 */
#define FINISH UINT32_MAX

struct other {
	pthread_t thread;
	unsigned int cpu;
	enum lines_kind kind;
	uint8_t *mem;
	size_t len;
	uint32_t turn;
};

static volatile uint64_t *
line(const struct other *o, uint32_t round, unsigned int i)
{
	size_t n = (size_t)round * BURST + i;

	return (void *)(o->mem + (o->kind == LINES_FAR ? n * BUFFER % o->len : n * LINE % NEAR));
}

static uint32_t
wait_turn(const struct other *o, bool odd)
{
	uint32_t turn;

	while (((turn = __atomic_load_n(&o->turn, __ATOMIC_ACQUIRE)) & 1) != odd)
		rte_pause();
	return turn;
}

static void *
other_run(void *arg)
{
	struct other *o = arg;
	uint32_t turn;
	unsigned int i;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(o->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	while ((turn = wait_turn(o, true)) != FINISH) {
		for (i = 0; i < BURST && o->kind != LINES_OWN && o->kind != LINES_FAR; i++) {
			if (o->kind == LINES_WRITE_READ)
				(void)*line(o, turn / 2, i);
			else
				*line(o, turn / 2, i) = turn;
		}
		__atomic_store_n(&o->turn, turn + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static uint64_t
burst(const struct other *o, uint32_t round)
{
	const bool reads = o->kind == LINES_READ_WRITTEN || o->kind == LINES_FAR;
	uint64_t start = rte_rdtsc_precise();
	unsigned int i;

	for (i = 0; i < BURST && o->kind == LINES_WRITE_WRITTEN; i++)
		__builtin_prefetch((void *)(uintptr_t)line(o, round, i), 1);
	for (i = 0; i < BURST; i++) {
		if (reads)
			(void)*line(o, round, i);
		else
			*line(o, round, i) = round;
	}
	return rte_rdtsc_precise() - start;
}

static int
compare(const void *a, const void *b)
{
	return *(const uint64_t *)a < *(const uint64_t *)b ? -1 : 1;
}

static int
measure(struct other *o, uint64_t overhead, double *cycles)
{
	static uint64_t each[BURSTS];
	uint32_t turn = 0;
	unsigned int n;
	int ret;

	o->turn = 0;
	ret = -pthread_create(&o->thread, NULL, other_run, o);
	if (ret != 0)
		return ret;
	for (n = 0; n < BURSTS; n++) {
		__atomic_store_n(&o->turn, turn + 1, __ATOMIC_RELEASE);
		turn = wait_turn(o, false);
		each[n] = burst(o, (turn - 1) / 2);
	}
	__atomic_store_n(&o->turn, FINISH, __ATOMIC_RELEASE);
	pthread_join(o->thread, NULL);
	qsort(each, BURSTS, sizeof(each[0]), compare);
	n = BURSTS / 2;
	*cycles = (double)(each[n] - RTE_MIN(each[n], overhead)) / BURST;
	return 0;
}

int
lines_measure(
	uint8_t *mem, size_t len, unsigned int cpu, uint64_t overhead, double cycles[LINES_KINDS])
{
	struct other o = {.cpu = cpu, .mem = mem, .len = len};
	int ret = 0;
	size_t at;

	for (at = 0; at < len; at += BUFFER)
		mem[at] = 0;
	for (o.kind = 0; ret == 0 && o.kind < LINES_KINDS; o.kind++)
		ret = measure(&o, overhead, &cycles[o.kind]);
	return ret;
}
