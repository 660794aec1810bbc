/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <stdio.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include <hf_devx.h>
#include <hf_names.h>

#include "hf_datapath.h"
#include "hf_path.h"
#include "vhost/hf_feature.h"

/* Event mode of a queue that completes through a QP, as a bit of the capability. */
#define DATAPATH_EVENT_QP (1 << 1)

static const char *const datapath_names[HF_DATAPATHS] = {
	[HF_DATAPATH_HW] = "hw",
	[HF_DATAPATH_POLL] = "poll",
	[HF_DATAPATH_AUTO] = "auto",
};

const char *
hf_datapath_name(enum hf_datapath d)
{
	return datapath_names[d];
}

int
hf_datapath_parse(const char *name, enum hf_datapath *d)
{
	int i = hf_names_find(datapath_names, HF_DATAPATHS, name);

	if (i < 0)
		return i;
	*d = i;
	return 0;
}

const char *
hf_datapath_lacks_hw(const struct hf_devx_caps *caps)
{
	if (!caps->virtio_net_q || caps->max_virtqs < 2)
		return "the NIC has no virtio-net queues: is virtio-net emulation enabled in its firmware?";
	if (!caps->split)
		return "the NIC's queues lack split rings";
	if ((caps->event_modes & DATAPATH_EVENT_QP) == 0)
		return "the NIC's queues lack completion through QPs";
	return NULL;
}

const char *
hf_datapath_lacks_poll(const struct hf_devx_caps *caps)
{
	return caps->eth.queues ? NULL : "the NIC has no raw Ethernet queues";
}

/* The path, unless the NIC lacks it or it does not do all features; *reason says so then. */
static const struct hf_path *
datapath_try(const struct hf_path *path, const char *lacks, uint64_t undone, char *reason)
{
	int n;

	if (lacks != NULL) {
		strlcpy(reason, lacks, HF_DATAPATH_REASON);
		return NULL;
	}
	if (undone == 0)
		return path;
	n = snprintf(reason, HF_DATAPATH_REASON, "of what was negotiated, datapath %s does not",
		path->name);
	hf_feature_names(undone, reason + n, HF_DATAPATH_REASON - n);
	return NULL;
}

const struct hf_path *
hf_datapath_choose(
	const struct hf_devx_caps *caps, enum hf_datapath d, uint64_t features, char *reason)
{
	uint64_t no_hw = features & ~hf_feature_offer_hw(caps);
	uint64_t no_poll = features & ~hf_feature_offer_poll(caps);
	const struct hf_path *path = NULL;

	if (d != HF_DATAPATH_POLL)
		path = datapath_try(&hf_path_hw, hf_datapath_lacks_hw(caps), no_hw, reason);
	if (path != NULL) {
		strlcpy(reason,
			d == HF_DATAPATH_HW ? "as asked for"
					    : "the NIC's virtqueues do all that was negotiated",
			HF_DATAPATH_REASON);
		return path;
	}
	if (d == HF_DATAPATH_HW)
		return NULL;
	/* In "auto", why it is not the hardware is why it is poll mode. */
	if (d == HF_DATAPATH_AUTO && hf_datapath_lacks_poll(caps) == NULL && no_poll == 0)
		return &hf_path_poll;
	path = datapath_try(&hf_path_poll, hf_datapath_lacks_poll(caps), no_poll, reason);
	if (path != NULL)
		strlcpy(reason, "as asked for", HF_DATAPATH_REASON);
	return path;
}
