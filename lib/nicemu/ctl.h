/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The control socket of a NIC: a unix stream socket on which one line is asked and one line of
 * JSON is answered.
 * - objects: the firmware objects of each function, and what is pinned.
 * - stats: port, vports, virtqueues.
 * - commands: how many commands of each opcode, and how many failed.
 * - fail [FUNC/]OPCODE[:NTH[:STATUS]]: let a command fail.
 * - fail clear: none any more.
 *
 * An answer is {"ok":true, ...} or {"ok":false,"error":"..."}. A thread of its own serves one
 * client at a time, and waits for none longer than CTL_TIMEOUT_MS.
 */
#ifndef NICEMU_CTL_H
#define NICEMU_CTL_H

#include "nic.h"

#define CTL_TIMEOUT_MS 2000
#define CTL_LINE 256

struct ctl;

/* NULL when the socket can't be made (reported on stderr): the path is too long, or another
 * process's NIC serves it. */
struct ctl *ctl_start(struct nic *nic, const char *path);
/* Joins the thread and removes the socket. NULL: nothing to do. */
void ctl_stop(struct ctl *ctl);

/* ctl_json.c: the answer to a request as text, to be freed; NULL without memory. Takes fw_lock. */
char *ctl_answer(struct nic *nic, char *request);

#endif /* NICEMU_CTL_H */
