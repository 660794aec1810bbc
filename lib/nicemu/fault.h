/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Failure on demand: what is to fail, the how many-th of it, and how. As text, in a description, on
 * the command line and at the control socket:
 *
 *	[FUNC/]WHAT[:NTH[:HOW]]
 *
 * - FUNC: number, RDMA device or PCI address of a function; any without it.
 * - WHAT: a firmware command by name or number (CREATE_MKEY, 0x200), "any" command; a call of the
 *   kernel, "ioctl:METHOD" (ioctl:REG_MR) or "ioctl:any"; "event", a virtqueue's notification.
 * - NTH: 1 (the default) is the next one.
 * - HOW: a status for a command (INT_ERR if not given); an errno for a call (EIO); "lost" (the
 *   default), "error" or "delay=MS" for an event; "die" for a command or call: the function dies.
 *
 * A command that fails is answered with the status and not executed; the same for a call and its
 * errno.
 */
#ifndef NICEMU_FAULT_H
#define NICEMU_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct nic;
struct nic_func;

enum fault_kind { FAULT_CMD, FAULT_IOCTL, FAULT_EVENT };
enum fault_how { FAULT_STATUS, FAULT_ERRNO, FAULT_LOST, FAULT_ERROR, FAULT_DELAY, FAULT_DIE };

#define FAULT_ANY_OPCODE 0
#define FAULT_SPEC 96 /* characters of a spec as fault_print() makes it */
#define FAULTS_MAX 32

struct fault {
	int func; /* -1: any */
	enum fault_kind kind;
	uint32_t what; /* opcode; index of method.h (METHODS: any) */
	unsigned int nth; /* so many until it strikes, 0: it has */
	enum fault_how how;
	uint32_t value; /* status, errno, ms */
};

/*
 * fault.c: from and to text. c: whose functions FUNC may name. 0, or -EINVAL and 'why' says what is
 * wrong and what is allowed. Pure.
 */
int fault_parse(struct fault *f, const struct conf *c, const char *spec, char *why, size_t len);
void fault_print(const struct fault *f, char *buf, size_t len);

/*
 * fault_set.c: what is set in a NIC, in nic->faults. Set under fw_lock and a pause of the engines,
 * or before they run.
 */
int fault_add(struct nic *nic, const struct fault *f); /* -ENOSPC: FAULTS_MAX are set */
void fault_clear(struct nic *nic, int func); /* those that name this function; -1: all */
/*
 * The next of this kind comes by: every fault that names it counts it. True when one strikes; the
 * first that is due says how. Under fw_lock, or by an engine: then only when nic->event_faults is
 * not 0.
 */
bool fault_strike(
	const struct nic_func *f, enum fault_kind kind, uint32_t what, struct fault *struck);

#endif /* NICEMU_FAULT_H */
