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

/* What NICs do, or not; for queues that are made from now on. */
struct memnic_kind {
	bool multi_packet; /* entries with many packets */
	bool compression; /* completions of received frames */
	uint8_t min_inline; /* bytes of each frame that an entry has to hold */
};
void memnic_set_kind(const struct memnic_kind *kind);

/* Carry out up to n entries of the send queue; how many there were. */
unsigned int memnic_send(unsigned int n);

/*
 * Frames of these lengths, all bytes 'fill', come in, up to the first for which there is no entry,
 * or a broken one; their completions are compressed where the NIC does that.
 */
void memnic_receive(const uint32_t *len, unsigned int n, uint8_t fill);

/* Completions of the queue, ever. */
struct memnic_counts {
	uint64_t frames, too_long; /* that were received, or did not fit into their entry */
	bool junk; /* there were others, of which nobody knows what they do */
	bool lied; /* the first of those was of a frame longer than its entry */
};
struct memnic_counts memnic_counts(void);

/* A completion that is what its maker likes, if there is room for one. */
struct memnic_junk {
	uint8_t opcode, syndrome;
	bool other_owner;
	uint16_t counter; /* added to the one that is due */
	uint32_t len;
};
void memnic_complete(const struct memnic_junk *j);

#endif /* MEMNIC_H */
