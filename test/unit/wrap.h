/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Calls of the C library that fail on demand, or are counted: what this program's own objects call
 * goes through the linker's --wrap (meson.build). Shared libraries are not affected.
 *
 * Off until wrap_start(). Calls of all threads count.
 */
#ifndef WRAP_H
#define WRAP_H

#include <stdbool.h>

enum wrap_fn {
	WRAP_CALLOC,
	WRAP_FCNTL,
	WRAP_FSTAT,
	WRAP_FSTATFS,
	WRAP_MMAP,
	WRAP_MADVISE,
	WRAP_MINCORE,
	WRAP_MAX
};

const char *wrap_name(enum wrap_fn fn);
/* Count from 0, and let the nth call of fn fail (0: none) with the errno that it has in practice.
 */
void wrap_start(enum wrap_fn fn, unsigned int nth);
/* Nothing is counted and nothing fails any more. */
void wrap_stop(void);
/* Since the last wrap_start(). */
unsigned int wrap_calls(enum wrap_fn fn);
/* Has the call failed that was to fail? */
bool wrap_struck(void);

#endif /* WRAP_H */
