/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What it costs this CPU to get lines of the cache, in bursts: the floor below any datapath that
 * shares rings with a NIC on another CPU.
 */
#ifndef BENCH_POLL_LINES_H
#define BENCH_POLL_LINES_H

#include <stddef.h>
#include <stdint.h>

enum lines_kind {
	LINES_OWN, /* write lines that this CPU wrote last, and L2 holds */
	LINES_READ_ALONE, /* read what the other CPU wrote, one line: a completion of a burst of 1
			   */
	LINES_READ_WRITTEN, /* the same in bursts: completions */
	LINES_WRITE_READ, /* write what the other CPU read: work entries */
	LINES_WRITE_WRITTEN, /* prefetch to write what it wrote: headers of received frames */
	LINES_FAR, /* read what no L2 holds: headers of frames to send */
	/* Write what the other CPU wrote, one line: the header of a frame received alone. */
	LINES_WRITE_AGAIN, /* of a few buffers: the other found it in a cache */
	LINES_WRITE_FETCHED, /* of many: the other had to fetch it from memory */
	LINES_KINDS,
};

/*
 * Cycles per line, medians, of each kind; in bursts of 32, but for those of one line. mem: 'len'
 * bytes, more than the L2s hold; they are overwritten. cpu: of the other. 'overhead': cycles of a
 * measurement. 0 or a negative errno.
 */
int lines_measure(
	uint8_t *mem, size_t len, unsigned int cpu, uint64_t overhead, double cycles[LINES_KINDS]);

/* How far is that CPU? In a few milliseconds. */
struct lines_distance {
	double burst, alone; /* LINES_READ_WRITTEN, LINES_READ_ALONE */
};
int lines_distance(
	uint8_t *mem, size_t len, unsigned int cpu, uint64_t overhead, struct lines_distance *d);

#endif /* BENCH_POLL_LINES_H */
