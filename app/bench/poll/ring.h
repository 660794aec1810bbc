/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The guest's side of a virtqueue, split or packed, in memory that the bench maps: one descriptor
 * for each buffer, no notifications wanted, buffers used in the order in which they were made
 * available. For one thread.
 */
#ifndef BENCH_POLL_RING_H
#define BENCH_POLL_RING_H

#include <stdbool.h>
#include <stdint.h>

struct ring {
	bool packed;
	uint16_t size;
	void *desc, *driver, *device; /* packed: driver and device are the event structures */
	int callfd; /* that its notifications would take */
	uint16_t next, used; /* free running: the next buffer to post, and to take */
};

/* An empty ring; its memory is zeroed, and notifications are declined. */
void ring_init(struct ring *r);
/* Buffers that can be posted now. */
unsigned int ring_free(const struct ring *r);
/*
 * Make buffers available at once: n of them, len bytes each, gpa[i] their guest-physical address;
 * write: the device writes them. n is at most ring_free().
 */
void ring_post(struct ring *r, const uint64_t *gpa, unsigned int n, uint32_t len, bool write);
/*
 * Take a used buffer back: 1 and the bytes that were written, 0 when there is none, or -1 when the
 * device used another one than the oldest.
 */
int ring_take(struct ring *r, uint32_t *len);

#endif /* BENCH_POLL_RING_H */
