/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * nicemu trace --timeline: this process becomes the painter (timeline.py).
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nicemu.h"

#define SECONDS 32 /* characters of a number */

static bool
is_picture(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".svg") == 0 || strcmp(dot, ".png") == 0);
}

int
timeline_main(const struct options *o)
{
	char path[PATH_MAX], range[TRACE_FILES][2][SECONDS];
	const char *argv[5 + 3 * TRACE_FILES];
	unsigned int n = 0, i;

	if (!is_picture(o->timeline)) {
		fprintf(stderr, "nicemu: --timeline '%s': want a name that ends in .svg or .png\n",
			o->timeline);
		return 1;
	}
	if (timeline_path(path, sizeof(path)) != 0) {
		fprintf(stderr,
			"nicemu: no timeline.py beside this program, nor where it is "
			"installed\n");
		return 1;
	}
	argv[n++] = TIMELINE_PYTHON;
	argv[n++] = path;
	argv[n++] = o->timeline;
	argv[n++] = o->func != NULL ? o->func : "";
	for (i = 0; i < TRACE_FILES && o->args[i] != NULL; i++) {
		snprintf(range[i][0], SECONDS, "%.9g", trace_from(o, i));
		snprintf(range[i][1], SECONDS, "%.9g", trace_to(o, i));
		argv[n++] = o->args[i];
		argv[n++] = range[i][0];
		argv[n++] = range[i][1];
	}
	argv[n] = NULL;
	execv(TIMELINE_PYTHON, (char **)(uintptr_t)argv);
	fprintf(stderr, "nicemu: %s: %s\n", TIMELINE_PYTHON, strerror(errno));
	return 1;
}
