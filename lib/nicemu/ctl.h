/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The control socket of a NIC: a unix stream socket on which one line is asked and one line of
 * JSON is answered.
 * - objects: the firmware objects of each function, and what is pinned.
 * - queues: the virtqueues of each function, with their counters.
 * - stats: port, vports, virtqueues.
 * - commands: how many commands of each opcode and calls of each method, and how many failed.
 * - fail SPEC: a failure on demand (fault.h). fail list: those that wait, and how many struck. fail
 *   clear [FUNC]: none any more, or none that names this function.
 * - link: state of the port and of each vport. link port up|down; link FUNC up|down|auto.
 * - kill FUNC: its firmware has a fatal error. unload FUNC: the kernel's driver leaves it. revive
 *   FUNC: a new life, with a driver (an unload goes before).
 * - pcap: which ports are captured, and what the wire plays. pcap start PORT FILE, pcap stop PORT:
 *   PORT is port or FUNC. pcap play: begin, if it waits (hold).
 * - check: look for states that no sequence of commands and calls may lead to (fw/fw_check.h);
 *   an error when there are any. For tests.
 *
 * An answer is {"ok":true, ...} or {"ok":false,"error":"..."}. A thread of its own serves one
 * client at a time, and waits for none longer than CTL_TIMEOUT_MS.
 */
#ifndef NICEMU_CTL_H
#define NICEMU_CTL_H

#include "nic.h"

#define CTL_TIMEOUT_MS 2000
#define CTL_LINE 1024

struct ctl;

/* NULL when the socket can't be made (reported on stderr): the path is too long, or another
 * process's NIC serves it. */
struct ctl *ctl_start(struct nic *nic, const char *path);
/* Joins the thread and removes the socket. NULL: nothing to do. */
void ctl_stop(struct ctl *ctl);

/* ctl_request.c: the answer to a request as text, to be freed; NULL without memory. Takes fw_lock.
 */
char *ctl_answer(struct nic *nic, char *request);

/*
 * Parts of an answer, and requests: arg is what follows the request's word, "" without. NULL, or
 * why it is refused; that may lie in 'why'.
 */
struct cJSON;
typedef const char *(*ctl_fn)(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);
/* ctl_json.c: what there is. Under fw_lock and a pause. */
void ctl_objects(struct cJSON *j, const struct nic_func *f);
void ctl_queues(struct cJSON *j, const struct nic_func *f);
void ctl_stats(struct cJSON *j, const struct nic_func *f);
void ctl_commands(struct cJSON *j, const struct nic_func *f);
void ctl_port_stats(struct cJSON *j, const char *name, const struct nic_port_stats *s);
/* ctl_do.c: what changes something. */
const char *ctl_fail(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);
const char *ctl_link(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);
const char *ctl_kill(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);
const char *ctl_unload(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);
const char *ctl_revive(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);
const char *ctl_timing(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);
/* ctl_check.c */
const char *ctl_check(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);
/* ctl_pcap.c */
const char *ctl_pcap(struct nic *nic, char *arg, struct cJSON *j, char *why, size_t len);

#endif /* NICEMU_CTL_H */
