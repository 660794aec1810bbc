/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The guest's memory in the life of a device: follows the front end's table, obeys the policy at
 * each event, and holds what has no owner for the grace time.
 *
 * All with hf_dev.lock held, but for hf_memory_init() and hf_memory_fini().
 */
#ifndef HF_MEMORY_H
#define HF_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include <hf_ioas.h>

#include "hf_policy.h"

struct hf_dev;
struct hf_front_table;

/* Address spaces of a device. */
enum hf_asid {
	HF_ASID_GUEST, /* the front end's table, and what the application mapped for the guest */
	HF_ASID_HOST, /* what this process registers, at its own addresses */
	HF_ASIDS
};

struct hf_memory {
	struct hf_ioas *ioas[HF_ASIDS];
	struct hf_policy policy;
	bool user; /* entered as a user of the guest's: kept queues may point at its mkey */
	bool held; /* no front end owns the table: it goes when the timer fires */
	bool stop_due; /* hf_memory_stop_due() */
	int timer; /* timerfd in the control loop: of the grace time, or of stop_due */
	uint64_t held_drops; /* times that the grace time ended, or a release was asked for */
};

/* Address spaces and timer. 0 or a negative errno, logged. Undone by hf_memory_fini(). */
int hf_memory_init(struct hf_dev *dev);
/* Nothing runs, and what HF_EVENT_REMOVE drops was dropped. */
void hf_memory_fini(struct hf_dev *dev);

/* Follow the front end's table; it has an owner again. 0 or a negative errno, logged. */
int hf_memory_table(struct hf_dev *dev, const struct hf_front_table *t);
/*
 * The front end's table came while nothing is registered: what is next is a start that wants it.
 * That is begun now, beside the messages until then, and undone by any event before.
 */
void hf_memory_ahead(struct hf_dev *dev, const struct hf_front_table *t);
/*
 * Obey the policy at an event. Queues are stopped, but for those of the other rings at a ring's
 * event. One line in the log if the guest has memory here.
 */
void hf_memory_event(struct hf_dev *dev, enum hf_event event);
/*
 * A device stop is known by the front end's status, and it goes on to read the rings' bases: what
 * the policy drops then goes behind the last answer, by hf_memory_settle(), or soon where bases are
 * not asked for. Until that, everything else that asks about the memory or changes it settles
 * first.
 */
void hf_memory_stop_due(struct hf_dev *dev);
void hf_memory_settle(struct hf_dev *dev);
/*
 * Whatever the policy says: the front end's table goes, and kept queues point nowhere. A negative
 * errno, logged: it is held for another attempt.
 */
int hf_memory_drop(struct hf_dev *dev, const char *why);
/* Drop what is held without an owner now. -ENOENT: nothing is; else as hf_memory_drop(). */
int hf_memory_release(struct hf_dev *dev);
/* Change the policy, from now on; memory that is held obeys the new one. */
void hf_memory_policy_set(struct hf_dev *dev, const struct hf_policy *policy);

/* Requests of the application, as those of hf_ioas.h; logged, and traced. */
int hf_memory_map(struct hf_dev *dev, enum hf_asid asid, const struct hf_ioas_region *region);
int hf_memory_unmap(struct hf_dev *dev, enum hf_asid asid, uint64_t gpa, uint64_t len);
int hf_memory_reset(struct hf_dev *dev, enum hf_asid asid);

#endif /* HF_MEMORY_H */
