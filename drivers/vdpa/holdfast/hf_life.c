/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "hf_life.h"

/*
 * Suspended is always what runs: each event stops its rings (one, or all) before anything else.
 * Memory is hf_policy.c's.
 *
 * A ring's index is saved where librte_vhost will ask for it or start the ring again. It is the
 * position up to which the guest has got its buffers back, so that buffers which the NIC had
 * fetched but not used are fetched again.
 *
 * The word "enabled" outlives a device stop: librte_vhost does not repeat it when it stops and
 * starts the device by itself, for a changed memory table. It ends with the rings it was said
 * about.
 */
/* clang-format off */
static const struct hf_life hf_life_table[HF_EVENT_MAX] = {
	/*                         name             save   keep     keep   keep   keep      keep
	 *                                          index  enabled  virtq  parts  steering  connection */
	[HF_EVENT_RING_STOP]    = { "ring stop",    true,  true,    true,  true,  true,     true  },
	[HF_EVENT_RING_ERROR]   = { "ring error",   true,  true,    false, true,  true,     true  },
	[HF_EVENT_NIC_ERROR]    = { "NIC error",    true,  true,    false, false, false,    true  },
	[HF_EVENT_TABLE_CHANGE] = { "table change", true,  true,    true,  true,  true,     true  },
	[HF_EVENT_DEVICE_STOP]  = { "device stop",  true,  true,    true,  true,  true,     true  },
	[HF_EVENT_API_RESET]    = { "reset",        true,  true,    false, false, false,    true  },
	[HF_EVENT_SWITCH]       = { "switch",       true,  true,    false, false, false,    true  },
	[HF_EVENT_OWNER_RESET]  = { "owner reset",  false, false,   true,  true,  false,    true  },
	[HF_EVENT_DISCONNECT]   = { "disconnect",   false, false,   true,  true,  false,    false },
	[HF_EVENT_REMOVE]       = { "removal",      false, false,   false, false, false,    false },
};
/* clang-format on */

const struct hf_life *
hf_life(enum hf_event event)
{
	return &hf_life_table[event];
}
