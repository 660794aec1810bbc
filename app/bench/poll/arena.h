/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Buffers of the guest: to send, with a frame each that is written once, and to receive. Either
 * kind is used round and round, so that a buffer comes up again after all others. For one thread.
 */
#ifndef BENCH_POLL_ARENA_H
#define BENCH_POLL_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>

#define ARENA_HDR 12u /* bytes of virtio_net_hdr_v1 */
#define ARENA_MIN 64u /* bytes of a frame, without its check sequence */
#define ARENA_MAX 9014u

struct arena {
	uint8_t *base;
	uint64_t gpa; /* of base */
	size_t len;
	uint32_t size; /* of a frame */
	uint32_t room; /* for a frame, in a buffer */
	uint32_t step; /* from buffer to buffer */
	uint32_t n; /* buffers of each kind */
	uint32_t tx_next, rx_next; /* to post */
	uint32_t rx_oldest; /* that is posted */
	uint32_t seen; /* frame that is to arrive next */
	uint32_t round; /* frames until the first one comes again; n unless changed */
	struct rte_ether_hdr eth; /* of all frames */
	uint64_t lost, bad;
};

/*
 * From now on frames of this size, in buffers that have room for larger ones, at most ARENA_MAX,
 * from one address to another; nothing is posted. -ENOSPC: the memory has no room for twice 'least'
 * buffers.
 */
int arena_start(struct arena *a, uint32_t size, uint32_t room, uint32_t least,
	const struct rte_ether_addr *from, const struct rte_ether_addr *to);
/* Guest addresses of the next n buffers of a kind. */
void arena_tx(struct arena *a, uint64_t *gpa, unsigned int n);
void arena_rx(struct arena *a, uint64_t *gpa, unsigned int n);
/* The frame of the nth buffer to send; the same made anew, 'size' bytes. */
const uint8_t *arena_frame(const struct arena *a, uint32_t n);
void arena_make(const struct arena *a, uint32_t n, uint8_t *frame);
/* A frame that is said to have arrived: count it as bad, or what is missing before it as lost. */
void arena_check(struct arena *a, const uint8_t *frame, uint32_t len);
/* The oldest receive buffer came back with so many bytes in it. */
void arena_received(struct arena *a, uint32_t len);

#endif /* BENCH_POLL_ARENA_H */
