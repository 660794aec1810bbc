/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A look at the firmware's objects for states that no sequence of commands may lead to. For tests
 * and for people who wonder: it walks everything, and nothing of it is on a path of the NIC's work.
 */
#ifndef FW_CHECK_H
#define FW_CHECK_H

#include "../nic.h"

/*
 * Look at all objects of a function: lists, hash tables and counts agree; whoever is referred to
 * lives, is of the right owner, and has as many references as there are pointers at it; states,
 * sizes and ranges are possible; what is accounted is there. Takes fw_lock and pauses the engines.
 * Returns how many faults were found; 'why' gets the first in words (why: at least 1 byte).
 */
unsigned int fw_check(struct nic_func *f, char *why, size_t len);

#endif /* FW_CHECK_H */
