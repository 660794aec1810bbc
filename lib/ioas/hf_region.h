/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * One region of an address space: memory that stays mapped, and the MRs upon it, one for each piece
 * that it is cut into. Mapping and held descriptor live until the last MR is gone.
 *
 * No lock. The thread that changes the address space creates, references and releases regions;
 * pieces of one region may be registered, or destroyed, side by side. Of a live region nothing
 * changes but the references. One that no table has any more belongs to the graveyard (hf_yard.h).
 */
#ifndef HF_REGION_H
#define HF_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "hf_devx.h"
#include "hf_ioas.h"

struct hf_backing;

struct hf_piece {
	uint64_t gpa, len; /* len 0: the one before has taken it over */
	struct hf_mr mr; /* .mr NULL: not registered */
};

struct hf_region {
	uint64_t gpa, len, offset;
	struct hf_backing *backing; /* NULL: private memory, which stays its owner's */
	uint8_t *va; /* where 'gpa' is in this process */
	int numa_node; /* of the first page that was present at registration, -1: unknown */
	bool requested; /* by hf_ioas_map() */
	bool was_live; /* was part of a map: counts in the statistics */
	unsigned int refs; /* tables that have this region */
	/* The graveyard's (hf_yard.c). */
	TAILQ_ENTRY(hf_region) next;
	unsigned int dug; /* pieces that were begun */
	unsigned int busy; /* pieces that are being destroyed */
	unsigned int left; /* pieces that the NIC refused to give up */

	unsigned int n_pieces;
	struct hf_piece pieces[]; /* in order, without gaps */
};
TAILQ_HEAD(hf_region_list, hf_region);

/* Is the description sound in itself? 0, or -EINVAL with a log line that names the device. */
int hf_region_check(const struct hf_ioas_region *desc, const char *dev_name);
/*
 * Map and cut, with one reference and without MRs. desc has been checked; piece: bytes of a piece
 * at most, a power of two; it is raised to the page size of the backing, on whose pages all cuts
 * are, for the kernel registers no part of a huge page next to another. 0 or negative errno, with a
 * log line.
 */
int hf_region_create(struct hf_devx *dev, const struct hf_ioas_region *desc, bool requested,
	uint64_t piece, struct hf_region **region);
/* Register piece i. 0 or negative errno, with a log line. */
int hf_region_register(struct hf_devx *dev, struct hf_region *r, unsigned int i);
/* Leave out the pieces without length; how many there were. Nobody registers or destroys any. */
unsigned int hf_region_settle(struct hf_region *r);
/* Destroy the MR of piece i, if it has one. 0 or negative errno, and then it is there still. */
int hf_region_unregister(struct hf_region *r, unsigned int i);
/*
 * Without its MRs. With one of them the mapping, and the descriptor that holds the file, stay for
 * good: the NIC may still write there, and the addresses must not become somebody else's.
 */
void hf_region_free(struct hf_region *r);
/* Is it the memory of this description: the same place, length, offset, backing object and pages?
 */
bool hf_region_is(const struct hf_region *r, const struct hf_ioas_region *desc);
/* Bytes that regions of this process have registered, once for each MR as the kernel counts. */
uint64_t hf_region_pinned(void);

#endif /* HF_REGION_H */
