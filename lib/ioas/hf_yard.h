/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The graveyard of an address space: mkeys and regions that no map has any more, until the NIC and
 * the kernel have let them go. Nobody waits for that, so a worker does it; what the NIC refuses to
 * destroy is kept, with its memory mapped, and tried again.
 *
 * One lock inside, never held across a command. What is buried is the graveyard's alone. The calls
 * are those of the thread that changes the address space, but for hf_yard_stats(): any thread.
 */
#ifndef HF_YARD_H
#define HF_YARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "hf_mkeys.h"
#include "hf_region.h"

struct hf_work;

struct hf_yard_stats {
	uint64_t bytes; /* in here, and pinned still */
	uint32_t mrs; /* the same */
	/* Ever, of what was once part of a live map. */
	uint64_t mrs_destroyed, mkeys_destroyed;
	uint64_t us; /* ever: spent on destruction */
};

struct hf_yard {
	const char *dev_name;
	uint32_t asid;
	struct hf_work *work; /* NULL: destroyed at once */
	pthread_mutex_t lock; /* all below */
	pthread_cond_t quiet; /* nobody digs any more, or nobody is about to */
	struct hf_mkeys_list keys, stuck_keys;
	struct hf_region_list regions, stuck_regions;
	unsigned int diggers; /* threads at work */
	bool queued; /* a worker is about to */
	struct hf_yard_stats stats;
};

/* dev_name: constant while the yard lives. */
void hf_yard_init(struct hf_yard *y, const char *dev_name, uint32_t asid, struct hf_work *work);
/*
 * After hf_yard_flush(); waits for the worker's look at what is empty by now. What is stuck is
 * forgotten, and its memory stays mapped for good.
 */
void hf_yard_fini(struct hf_yard *y);
/*
 * Count as pinned what will be buried: at the moment in which it ceases to be counted as live.
 * Under any lock but the yard's.
 */
void hf_yard_announce(struct hf_yard *y, uint64_t bytes, uint32_t mrs);
/* Bury what was announced (keys may be NULL), and let what is stuck be tried again. Can't fail. */
void hf_yard_bury(struct hf_yard *y, struct hf_mkeys *keys, struct hf_region_list *regions);
/* All that is buried has been tried when this returns, what is stuck included. */
void hf_yard_flush(struct hf_yard *y);
void hf_yard_stats(struct hf_yard *y, struct hf_yard_stats *st);

#endif /* HF_YARD_H */
