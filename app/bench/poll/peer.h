/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A thread on another CPU that takes turns with the one that started it: while one works, the other
 * looks at whose turn it is.
 */
#ifndef BENCH_POLL_PEER_H
#define BENCH_POLL_PEER_H

#include <pthread.h>
#include <stdint.h>

struct peer {
	pthread_t thread;
	void (*work)(void *arg);
	void *arg;
	uint32_t turn; /* odd: the peer's */
};

/* 0 or a negative errno. p stays where it is until peer_stop(). */
int peer_start(struct peer *p, unsigned int cpu, void (*work)(void *arg), void *arg);
/* work(arg) once, over there; returns when it is done. */
void peer_turn(struct peer *p);
void peer_stop(struct peer *p);

#endif /* BENCH_POLL_PEER_H */
