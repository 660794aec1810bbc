/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the targets "cmd" and "ring" share: an input is a program for the NIC (prog.h).
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "run.h"

/* Open both devices, and make running queues on them. */
void program_open(struct run *r, uint8_t flags);
/* Run a program. 'full': behind a prologue that makes running queues on both contexts. */
void program_run(const uint8_t *data, size_t size, bool full);
void program_print(const uint8_t *data, size_t size);

/* A program under construction. */
struct program {
	uint8_t *data;
	size_t size, max;
};
void program_begin(struct program *p, uint8_t *data, size_t max, uint8_t flags);
/* Steps by name, one after the other; NULL ends the list. */
void program_add(struct program *p, uint8_t step_flags, const char *const *names);
void program_step(struct program *p, const char *name, uint8_t step_flags, const struct rec *rec,
	unsigned int n);

/* What running queues need, in the order in which it can be made. */
extern const char *const program_base[], *const program_rx[], *const program_tx[],
								      *const program_steer[];

#endif /* PROGRAM_H */
