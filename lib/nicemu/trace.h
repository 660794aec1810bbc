/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The trace of a NIC: one JSON object a line, for each firmware command and each call of the kernel
 * (the keys: doc/guides/nicemu). fw/ and uverbs/ make the objects and hand them over under
 * their locks; they are written when those locks are free, in the order in which they came, one
 * write() each.
 */
#ifndef NICEMU_TRACE_H
#define NICEMU_TRACE_H

#include "nic.h"

/* Bytes of a line at most: a write of so many to a pipe is not torn (PIPE_BUF). */
#define TRACE_LINE 4096

struct cJSON;
struct trace;

/* path: appended to, and made when it is not there; "-" is stderr. 0 or a negative errno. */
int trace_open(const char *path, struct trace **t);
/* Writes what is left. NULL: nothing to do. No other call is under way, and none comes. */
void trace_close(struct trace *t);

/* Nanoseconds of CLOCK_MONOTONIC; 0 without a trace. */
uint64_t trace_now(const struct trace *t);
/*
 * A line about a function: "kind", a number of the line, process, thread, PCI address and name of
 * the device. NULL without a trace, or without memory (then the number is missing in the file).
 */
struct cJSON *trace_line(struct trace *t, const char *kind, const struct nic_func *f);
/* Queue a line; it is freed, whatever happens. Any lock of the NIC's may be held. NULL: nothing. */
void trace_put(struct trace *t, struct cJSON *line);
/* Write what is queued. With no lock of the NIC's held that an engine waits for. NULL: nothing. */
void trace_flush(struct trace *t);

/* Fields as all lines have them: a whole number, and one that people read in hexadecimal. */
void trace_num(struct cJSON *j, const char *name, uint64_t v);
void trace_hex(struct cJSON *j, const char *name, uint64_t v);
/* "errno": the name of a negative errno; nothing for 0. */
void trace_errno(struct cJSON *j, int err);

/* Number of the kernel's call that this thread is in; 0: none. */
extern __thread uint64_t trace_call;

#endif /* NICEMU_TRACE_H */
