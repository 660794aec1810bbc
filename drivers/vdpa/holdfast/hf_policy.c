/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <hf_names.h>

#include "hf_policy.h"

static const char *const policy_names[HF_MR_POLICIES] = {
	[HF_MR_RESET] = "reset",
	[HF_MR_CONNECTION] = "connection",
	[HF_MR_MEMORY] = "memory",
};

/*
 * RESET_OWNER is a device stop: the connection lives on, and what comes next is a new start on it.
 * A NIC that died knows no key any more, so none of its MRs is worth keeping; a queue's error does
 * not touch them.
 */
/* clang-format off */
static const enum hf_verdict policy_table[HF_EVENT_MAX][HF_MR_POLICIES] = {
	/*                           reset     connection  memory */
	[HF_EVENT_RING_STOP]     = { HF_KEEP,  HF_KEEP,    HF_KEEP },
	[HF_EVENT_RING_ERROR]    = { HF_KEEP,  HF_KEEP,    HF_KEEP },
	[HF_EVENT_NIC_ERROR]     = { HF_DROP,  HF_DROP,    HF_DROP },
	[HF_EVENT_TABLE_CHANGE]  = { HF_KEEP,  HF_KEEP,    HF_KEEP },
	[HF_EVENT_DEVICE_STOP]   = { HF_DROP,  HF_KEEP,    HF_KEEP },
	[HF_EVENT_API_RESET]     = { HF_DROP,  HF_KEEP,    HF_KEEP },
	[HF_EVENT_SWITCH]        = { HF_KEEP,  HF_KEEP,    HF_KEEP },
	[HF_EVENT_OWNER_RESET]   = { HF_DROP,  HF_KEEP,    HF_KEEP },
	[HF_EVENT_DISCONNECT]    = { HF_DROP,  HF_DROP,    HF_HOLD },
	[HF_EVENT_REMOVE]        = { HF_DROP,  HF_DROP,    HF_DROP },
};
/* clang-format on */

const char *
hf_policy_name(enum hf_mr_policy mr)
{
	return policy_names[mr];
}

int
hf_policy_parse(const char *name, enum hf_mr_policy *mr)
{
	int i = hf_names_find(policy_names, HF_MR_POLICIES, name);

	if (i < 0)
		return i;
	*mr = i;
	return 0;
}

enum hf_verdict
hf_policy_verdict(enum hf_mr_policy mr, enum hf_event event)
{
	return policy_table[event][mr];
}

bool
hf_policy_persists(enum hf_mr_policy mr)
{
	return hf_policy_verdict(mr, HF_EVENT_DEVICE_STOP) == HF_KEEP;
}
