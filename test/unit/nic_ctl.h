/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the NIC itself says: the control socket of the emulated one below this process, whose path
 * is in the environment as NIC_CTL. Only tests that need the NIC's word, or its failure, use it;
 * they skip where there is none.
 */
#ifndef NIC_CTL_H
#define NIC_CTL_H

#include <stdbool.h>
#include <stdint.h>

struct ibv_context;

struct nic_mrs {
	uint64_t registered, destroyed; /* ever, by all functions */
	uint64_t bytes; /* now */
	unsigned int mkeys; /* now: MRs, indirect and null keys */
};

bool nic_ctl_there(void);
/* A connection to the control socket, for the caller to close; or a negative errno. */
int nic_ctl_connect(void);
/* 0 or negative errno. */
int nic_ctl_mrs(struct nic_mrs *mrs);
/* How many commands of this name all functions were sent, ever. */
uint64_t nic_ctl_count(const char *opcode);
/* The whole answer to a request such as "objects", to be freed; NULL: none. */
char *nic_ctl_text(const char *request);
/* A request that has no more to say than whether it was done. 0 or negative errno. */
int nic_ctl_tell(const char *request);
/* How many objects of a kind ("mkey") the PF has, by the NIC's word; -1: no answer. */
int nic_ctl_objects(const char *kind);
/* The device of a function, for DevX: 0 the PF, 1 the first VF. NULL: errno. */
struct ibv_context *nic_ctl_open(int index);
/* How often all functions together executed this command: "CREATE_MKEY". 0 or negative errno. */
int nic_ctl_commands(const char *name, uint64_t *count);
/* Let something fail once, as 'nicemu run --fail' has it: "CREATE_MKEY:2:BAD_RES". */
int nic_ctl_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Is there a failure that has not happened yet? */
int nic_ctl_fail_waits(bool *waits);
/* Forget failures that have not happened. */
int nic_ctl_fail_clear(void);

#endif /* NIC_CTL_H */
