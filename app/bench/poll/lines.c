/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The other CPU's thread and this one take turns on a burst of lines. Bursts wander through memory,
 * so that L1 does not hold a line when its turn comes again.
 */
#include "lines.h"

#include <stdbool.h>
#include <stdlib.h>

#include <hf_ethq.h>
#include <rte_common.h>
#include <rte_cycles.h>

#include "peer.h"

#define BURST 32u
#define BURSTS 2001u
#define FEW_BURSTS 201u
#define LINE 64u
#define BUFFER 2048u /* from buffer to buffer, as in arena.c */
#define LARGE 9216u /* the same for large frames */
#define FEW_BUFFERS 256u
#define NEAR (1u << 19) /* bytes of a walk that stays in L2 */

struct other {
	enum lines_kind kind;
	uint8_t *mem;
	size_t len;
	uint32_t round;
};

static unsigned int
lines(const struct other *o)
{
	return o->kind == LINES_READ_ALONE || o->kind >= LINES_WRITE_AGAIN ? 1 : BURST;
}

static volatile uint64_t *
line(const struct other *o, unsigned int i)
{
	size_t n = (size_t)o->round * BURST + i;

	if (o->kind == LINES_WRITE_AGAIN)
		return (void *)(o->mem + (size_t)(o->round % FEW_BUFFERS) * LARGE);
	/* Between those that were written just before. */
	if (o->kind == LINES_WRITE_FETCHED)
		return (void *)(o->mem + (size_t)o->round * LARGE % (o->len - LARGE) + BUFFER / 2);
	return (void *)(o->mem + (o->kind == LINES_FAR ? n * BUFFER % o->len : n * LINE % NEAR));
}

/* The other's turn. */
static void
touch(void *arg)
{
	const struct other *o = arg;
	unsigned int i;

	for (i = 0; i < lines(o) && o->kind != LINES_OWN && o->kind != LINES_FAR; i++) {
		if (o->kind == LINES_WRITE_READ)
			(void)*line(o, i);
		else
			*line(o, i) = o->round;
	}
}

static uint64_t
burst(const struct other *o)
{
	const bool reads = o->kind == LINES_READ_ALONE || o->kind == LINES_READ_WRITTEN ||
		o->kind == LINES_FAR;
	const unsigned int n = lines(o);
	uint64_t start = rte_rdtsc_precise();
	unsigned int i;

	for (i = 0; i < BURST && o->kind == LINES_WRITE_WRITTEN; i++)
		hf_prefetch_write((const void *)(uintptr_t)line(o, i));
	for (i = 0; i < n; i++) {
		if (reads)
			(void)*line(o, i);
		else
			*line(o, i) = o->round;
	}
	return rte_rdtsc_precise() - start;
}

static int
compare(const void *a, const void *b)
{
	return *(const uint64_t *)a < *(const uint64_t *)b ? -1 : 1;
}

static int
measure(struct other *o, unsigned int cpu, unsigned int bursts, uint64_t overhead, double *cycles)
{
	static uint64_t each[BURSTS];
	struct peer peer;
	unsigned int n;
	int ret = peer_start(&peer, cpu, touch, o);

	if (ret != 0)
		return ret;
	for (n = 0; n < bursts; n++) {
		o->round = n;
		peer_turn(&peer);
		each[n] = burst(o);
	}
	peer_stop(&peer);
	qsort(each, bursts, sizeof(each[0]), compare);
	n = bursts / 2;
	*cycles = (double)(each[n] - RTE_MIN(each[n], overhead)) / lines(o);
	return 0;
}

int
lines_measure(
	uint8_t *mem, size_t len, unsigned int cpu, uint64_t overhead, double cycles[LINES_KINDS])
{
	struct other o = {.mem = mem, .len = len};
	int ret = 0;
	size_t at;

	for (at = 0; at < len; at += BUFFER)
		mem[at] = 0;
	for (o.kind = 0; ret == 0 && o.kind < LINES_KINDS; o.kind++)
		ret = measure(&o, cpu, BURSTS, overhead, &cycles[o.kind]);
	return ret;
}

int
lines_distance(
	uint8_t *mem, size_t len, unsigned int cpu, uint64_t overhead, struct lines_distance *d)
{
	struct other o = {.mem = mem, .len = len, .kind = LINES_READ_WRITTEN};
	int ret = measure(&o, cpu, FEW_BURSTS, overhead, &d->burst);

	o.kind = LINES_READ_ALONE;
	return ret != 0 ? ret : measure(&o, cpu, FEW_BURSTS, overhead, &d->alone);
}
