/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The memory policy: which event ends the life of a guest's memory registrations. Data and pure
 * functions; the device's copy is guarded by hf_dev.lock.
 */
#ifndef HF_POLICY_H
#define HF_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "hf_life.h"

/* The numbers are those of the public header. */
enum hf_mr_policy {
	HF_MR_RESET, /* until the next device stop */
	HF_MR_CONNECTION, /* until the front end's connection ends */
	HF_MR_MEMORY, /* until the memory goes, or the grace time after a disconnect is over */
	HF_MR_POLICIES
};

struct hf_policy {
	enum hf_mr_policy mr;
	uint32_t grace_ms; /* of HF_MR_MEMORY, 1 to HF_POLICY_GRACE_MAX_MS */
	uint64_t held_max; /* bytes that may be held without an owner; 0: no bound */
	uint64_t pinned_max; /* bytes that may be pinned; 0: no bound */
};

#define HF_POLICY_GRACE_MS 3000
#define HF_POLICY_GRACE_MAX_MS 3600000

enum hf_verdict {
	HF_KEEP,
	HF_HOLD, /* keep for the grace time, within held_max */
	HF_DROP,
};

/* "reset", "connection", "memory". */
const char *hf_policy_name(enum hf_mr_policy mr);
/* 0 and *mr, or -EINVAL. */
int hf_policy_parse(const char *name, enum hf_mr_policy *mr);
/* What becomes of the MRs at an event. A changed table is none: only its regions that changed go.
 */
enum hf_verdict hf_policy_verdict(enum hf_mr_policy mr, enum hf_event event);
/* Do MRs outlive a device reset: what VHOST_BACKEND_F_IOTLB_PERSIST promises? */
bool hf_policy_persists(enum hf_mr_policy mr);

#endif /* HF_POLICY_H */
