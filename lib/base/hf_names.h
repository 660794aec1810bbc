/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Words for the values of an enum, as arguments have them.
 */
#ifndef HF_NAMES_H
#define HF_NAMES_H

#include <errno.h>
#include <string.h>

/* The value with that name, of n that begin at 0, or -EINVAL. */
static inline int
hf_names_find(const char *const *names, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -EINVAL;
}

#endif /* HF_NAMES_H */
