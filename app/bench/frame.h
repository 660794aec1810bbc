/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The frames of the measuring guest: Ethernet, IPv4, UDP, and a payload of which every byte is
 * checked where it arrives. Not locked: for one thread.
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#define FRAME_MIN 64u /* bytes, without the frame check sequence */
#define FRAME_MAX 1514u

/* What is wrong with a frame that arrived; FRAME_OK first. */
enum frame_fault {
	FRAME_OK,
	FRAME_LATE, /* sent before frame_start() */
	FRAME_LENGTH, /* not the length that was sent, or in several buffers */
	FRAME_HEADER, /* Ethernet, IPv4 or UDP changed */
	FRAME_PAYLOAD, /* pattern or sequence numbers changed */
	FRAME_ORDER, /* came twice, or behind a later one */
	FRAME_FAULTS
};

/* One direction's frames. */
struct frame_maker {
	uint32_t size;
	uint64_t first, seq; /* since the start, and of the next frame */
	uint64_t seen; /* the highest that arrived, plus 1 */
	uint8_t header[42];
};

/* From now on frames of 'size' bytes, FRAME_MIN to FRAME_MAX, from one address to another. Numbers
 * go on. */
void frame_start(struct frame_maker *m, uint32_t size, const struct rte_ether_addr *from,
	const struct rte_ether_addr *to);
/*
 * Write all of a frame but its sequence numbers into a buffer. 'key' says which part of the pattern
 * the buffer carries: buffers with different keys differ nearly everywhere.
 */
void frame_fill(const struct frame_maker *m, void *data, uint16_t key);
/* Give a filled buffer the next sequence number. */
void frame_stamp(struct frame_maker *m, struct rte_mbuf *buf);
/* Compare a frame that arrived, byte by byte, with what was sent. */
enum frame_fault frame_check(struct frame_maker *m, const struct rte_mbuf *buf);
/* A name for people, and for reports. */
const char *frame_fault_name(enum frame_fault f);

#endif /* BENCH_FRAME_H */
