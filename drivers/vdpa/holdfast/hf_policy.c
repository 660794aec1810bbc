/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <rte_common.h>

#include "hf_life.h"

/*
 * The policy "connection": what is registered stays registered until the vhost-user connection
 * ends, so that a guest may reset, reboot, stop and migrate away without a page being unpinned.
 * Changed tables are not an event here: the address space itself drops the regions that are gone
 * (hf_ioas_update).
 */
bool
hf_policy_keeps(const struct hf_dev *dev, enum hf_event event)
{
	RTE_SET_USED(dev);
	switch (event) {
	case HF_EVENT_RING_STOP:
	case HF_EVENT_RING_ERROR:
	case HF_EVENT_DEVICE_STOP:
		return true;
	case HF_EVENT_OWNER_RESET:
	case HF_EVENT_DISCONNECT:
	case HF_EVENT_REMOVE:
	default:
		return false;
	}
}
