/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What nicemu run wants to know of its command when that has ended: files beside the generated
 * tree, which a process with a NIC adds lines to. The runner makes them, and prints them at the
 * end.
 */
#ifndef NICEMU_REPORT_H
#define NICEMU_REPORT_H

#include "conf.h"

/* A line for each device that was closed with something left in it. */
#define REPORT_LEAKS "leaks"
/* For each process with a NIC, the objects that there were at its exit as JSON. */
#define REPORT_OBJECTS "objects"

/* The path of a report. */
void report_path(const struct conf *c, const char *name, char *buf, size_t len);
/* Add a line; not when there is no file (no runner waits for it). */
void report_add(const struct conf *c, const char *name, const char *line);

#endif /* NICEMU_REPORT_H */
