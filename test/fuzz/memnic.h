/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A NIC of plain memory below lib/ethq, for inputs that run by the thousand in a second: it stands
 * for lib/devx, with one work queue and one completion queue. It takes nothing on trust either: an
 * entry that a driver may not write ends the process.
 */
#ifndef MEMNIC_H
#define MEMNIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hf_svq.h"

/* The guest's memory as the mkey sees it. */
void memnic_set_mem(const struct hf_svq_mem *mem);

/* Carry out up to n entries of the send queue; how many there were. */
unsigned int memnic_send(unsigned int n);

/* A frame of this many bytes, all of 'fill', comes in. False: there was no entry, or it is broken.
 */
bool memnic_receive(uint32_t len, uint8_t fill);

/* A completion that is what its maker likes, if there is room for one. */
struct memnic_junk {
	uint8_t opcode, syndrome;
	bool other_owner;
	uint16_t counter; /* added to the one that is due */
	uint32_t len;
};
void memnic_complete(const struct memnic_junk *j);

#endif /* MEMNIC_H */
