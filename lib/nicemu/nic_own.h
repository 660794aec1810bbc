/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The NIC that a process owns: it comes to life at the first open of one of its devices, and goes
 * at exit. A forked child owns none, and gets its own when it opens a device.
 */
#ifndef NICEMU_NIC_OWN_H
#define NICEMU_NIC_OWN_H

#include "nic.h"

/*
 * The description of the NIC: the file that NICEMU_CONFIG names, read once. NULL without one, or
 * with a bad one (which is reported on stderr once). Any thread.
 */
const struct conf *nic_conf(void);

/* The NIC, made and started when there is none. 0 or a negative errno, reported on stderr. The
 * caller serialises. */
int nic_get(struct nic **nic);
/* At exit: stop its threads, for good. No call that changes it comes any more. */
void nic_stop(void);
/* In a forked child: forget it without touching what the parent owns. */
void nic_forget(void);

/* Print what is refused and why (NICEMU_VERBOSE). */
bool nic_verbose(void);

#endif /* NICEMU_NIC_OWN_H */
