/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A fuzz target: a file target_NAME.c defines fuzz_target. Two programs are made of it: one with
 * replay.c, which runs inputs that are given, with any compiler; and one with libfuzzer.c, which
 * clang's libFuzzer feeds.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_MAX_INPUT 4096u /* bytes; the rest of a longer one is not looked at */

struct fuzz_target {
	const char *name;
	/* Once, before the first input. 0, or a negative errno (reported on stderr). */
	int (*init)(void);
	/* One input. What must not happen ends the process: abort(), with words on stderr. */
	void (*run)(const uint8_t *data, size_t size);
	/* Change an input in place; its new size. NULL: libFuzzer changes bytes as it likes. */
	size_t (*mutate)(uint8_t *data, size_t size, size_t max, unsigned int seed);
	/* The nth input that is known to be valid: its size, 0 behind the last. May be NULL. */
	size_t (*seed)(unsigned int n, uint8_t *data, size_t max);
	/* What is to be tried completely rather than by chance. May be NULL. */
	void (*sweep)(void);
	/* Print an input in words. May be NULL. */
	void (*print)(const uint8_t *data, size_t size);
};
extern const struct fuzz_target fuzz_target;

/* True: look for impossible states after each step of an input, not only at its end. */
extern bool fuzz_careful;

#endif /* FUZZ_H */
