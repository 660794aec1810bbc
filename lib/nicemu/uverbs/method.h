/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Names of the kernel's calls, for people: methods of the ioctl ABI, and the commands of the
 * write() ABI that INVOKE_WRITE carries. What does the same by either way has one name (DEREG_MR).
 * A call is known by the index of its name, below METHODS. Pure: any thread, nothing is kept.
 */
#ifndef NICEMU_METHOD_H
#define NICEMU_METHOD_H

#include <stdint.h>

#define METHODS 64 /* room for the names of method.c; none is METHODS itself */
#define METHOD_INVOKE_WRITE 0 /* stands for the command that it carries */

/* METHODS: no such method, or command. Of objects and methods as enum uverbs_default_objects. */
unsigned int method_find(uint16_t object, uint16_t method);
/* command: with IB_USER_VERBS_CMD_FLAG_EXTENDED, if so */
unsigned int method_find_write(uint64_t command);

/* NULL beyond the last row; of rows with the same name only the first is ever an answer. */
const char *method_name(unsigned int index);
/* By name, in any case of letters; INVOKE_WRITE is no name of a call. METHODS: unknown. */
unsigned int method_parse(const char *name);

#endif /* NICEMU_METHOD_H */
