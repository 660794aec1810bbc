/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The mkeys over one map: the one that virtqueues use, and those of a second level below it where
 * one is not enough.
 *
 * No lock: made and checked by the thread that changes the address space, constant while they live,
 * then the graveyard's (hf_yard.h).
 */
#ifndef HF_MKEYS_H
#define HF_MKEYS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "hf_devx.h"

struct hf_klm_range;

struct hf_mkeys {
	struct hf_mkey top;
	uint32_t n_klm; /* of it */
	bool fixed_klm; /* it is KLM_FBS */
	bool was_live; /* counts in the statistics */
	TAILQ_ENTRY(hf_mkeys) next; /* of the graveyard's */
	uint32_t n_subs;
	struct hf_mkey subs[];
};
TAILQ_HEAD(hf_mkeys_list, hf_mkeys);

/*
 * Over sorted, disjoint ranges, one at least. 0 or negative errno with a log line; if *keys is not
 * NULL then, it has those that were made before the failure, and is to be destroyed like others.
 */
int hf_mkeys_create(struct hf_devx *dev, const struct hf_klm_range *ranges, unsigned int n,
	struct hf_mkeys **keys);
/* Could they be made, whatever the ranges' keys are? 0, -ENOMEM, or -E2BIG with a log line. */
int hf_mkeys_check(struct hf_devx *dev, const struct hf_klm_range *ranges, unsigned int n);
/* Destroys what can be, the first level first; returns how many. */
unsigned int hf_mkeys_destroy(struct hf_mkeys *keys);
/* One that is there still, 0: all are gone. */
uint32_t hf_mkeys_left(const struct hf_mkeys *keys);

#endif /* HF_MKEYS_H */
