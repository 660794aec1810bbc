/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Frames from one process to another through memory that both have mapped: a ring of bytes with one
 * sender and one receiver. The other side is not trusted: each of its numbers is read once, and
 * checked before it is used; a side's own numbers are its own copies. A frame lies on 8 bytes, its
 * length in front of it.
 *
 * Each half belongs to one thread at a time.
 */
#ifndef NICEMU_RING_H
#define NICEMU_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_BYTES (1u << 21) /* about 1300 frames of 1500 bytes, 29000 of 64 */

/* In shared memory, zeroed at first. Positions count bytes and never wrap. */
struct ring {
	_Atomic uint64_t tail __attribute__((aligned(64))); /* up to here it is filled; sender's */
	_Atomic uint64_t head __attribute__((aligned(64))); /* up to here it is read; receiver's */
	_Atomic uint32_t asleep; /* receiver: set before it sleeps; sender: cleared, and wakes it */
	uint8_t data[RING_BYTES] __attribute__((aligned(64)));
};

struct ring_tx {
	struct ring *ring;
	uint64_t tail, head; /* ours, and the last that we saw of the other side */
};

struct ring_rx {
	struct ring *ring;
	uint64_t head, tail; /* likewise */
	uint64_t told; /* 'head' as the sender knows it */
};

/*
 * Send one frame of 1 to UINT32_MAX / 2 bytes. 0, -ENOSPC (no room), or -EPROTO (the receiver's
 * position makes no sense: do not use the ring any more).
 */
int ring_put(struct ring_tx *tx, const void *frame, uint32_t len);
/* Did the receiver sleep? Then it has to be woken, which this promises. After a put. */
bool ring_wakes(struct ring_tx *tx);

/* Take one frame. Its length, 0: there is none; -EPROTO, also for one longer than max. */
int ring_get(struct ring_rx *rx, void *buf, uint32_t max);
/* Before sleeping: have the sender wake us. True: there is something, so don't sleep. */
bool ring_arm(struct ring_rx *rx);
void ring_disarm(struct ring_rx *rx);

#endif /* NICEMU_RING_H */
