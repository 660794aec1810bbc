/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <linux/virtio_config.h>
#include <stdarg.h>
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

static const char *const legacy_names[HF_LEGACIES] = {
	[HF_LEGACY_AUTO] = "auto",
	[HF_LEGACY_OFF] = "off",
	[HF_LEGACY_POLL] = "poll",
};

const char *
hf_datapath_name(enum hf_datapath d)
{
	return datapath_names[d];
}

const char *
hf_legacy_name(enum hf_legacy l)
{
	return legacy_names[l];
}

int
hf_datapath_parse(const char *name, enum hf_datapath *d)
{
	int i = hf_names_find(datapath_names, HF_DATAPATHS, name);

	if (i >= 0)
		*d = i;
	return i >= 0 ? 0 : i;
}

int
hf_legacy_parse(const char *name, enum hf_legacy *l)
{
	int i = hf_names_find(legacy_names, HF_LEGACIES, name);

	if (i >= 0)
		*l = i;
	return i >= 0 ? 0 : i;
}

bool
hf_guest_is_legacy(const struct hf_guest *guest)
{
	return ((guest->features >> VIRTIO_F_VERSION_1) & 1) == 0;
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

/* Why one datapath does not serve a guest; none: it does. */
struct excuse {
	enum hf_reason reason;
	char text[HF_DATAPATH_REASON];
};

static void
excuse_set(struct excuse *e, enum hf_reason reason, const char *text)
{
	e->reason = reason;
	strlcpy(e->text, text, sizeof(e->text));
}

static void
excuse_features(struct excuse *e, const struct hf_path *path, uint64_t undone)
{
	int n;

	e->reason = HF_REASON_FEATURES;
	n = snprintf(e->text, sizeof(e->text), "of what was negotiated, datapath %s does not",
		path->name);
	hf_feature_names(undone, e->text + n, sizeof(e->text) - n);
}

static void
excuse_hw(struct excuse *e, const struct hf_devx_caps *caps, enum hf_legacy legacy,
	const struct hf_guest *guest)
{
	const char *lacks = hf_datapath_lacks_hw(caps);
	bool old = guest != NULL && hf_guest_is_legacy(guest);
	uint64_t undone = guest != NULL ? guest->features & ~hf_feature_offer_hw(caps) : 0;

	*e = (struct excuse){.reason = HF_REASON_NONE};
	if (lacks != NULL)
		excuse_set(e, HF_REASON_NIC, lacks);
	else if (old && legacy == HF_LEGACY_POLL)
		excuse_set(e, HF_REASON_LEGACY_POLL,
			"a guest without VIRTIO_F_VERSION_1, which legacy=poll leaves to poll mode");
	else if (old && guest->big_endian)
		excuse_set(e, HF_REASON_BIG_ENDIAN,
			"the NIC's virtqueues read little-endian rings only, and those of this legacy guest"
			" are big-endian");
	else if (undone != 0)
		excuse_features(e, &hf_path_hw, undone);
}

static void
excuse_poll(struct excuse *e, const struct hf_devx_caps *caps, const struct hf_guest *guest)
{
	const char *lacks = hf_datapath_lacks_poll(caps);
	uint64_t undone = guest != NULL ? guest->features & ~hf_feature_offer_poll(caps) : 0;

	*e = (struct excuse){.reason = HF_REASON_NONE};
	if (lacks != NULL)
		excuse_set(e, HF_REASON_NIC, lacks);
	else if (undone != 0)
		excuse_features(e, &hf_path_poll, undone);
}

static void __rte_format_printf(4, 5) answer_set(struct hf_answer *v, const struct hf_path *path,
	enum hf_reason reason, const char *format, ...)
{
	va_list ap;

	v->path = path;
	v->reason = reason;
	va_start(ap, format);
	vsnprintf(v->text, sizeof(v->text), format, ap);
	va_end(ap);
}

/* One datapath was asked for: it, or why not, and whether another wish would help. */
static void
answer_one(struct hf_answer *v, const struct hf_path *path, const struct excuse *own,
	const struct excuse *other)
{
	const char *wishes = path == &hf_path_hw ? "poll or auto" : "hw or auto";

	if (own->reason == HF_REASON_NONE)
		answer_set(v, path, HF_REASON_NONE, "as asked for");
	else if (other->reason == HF_REASON_NONE)
		answer_set(
			v, NULL, own->reason, "%s; datapath=%s would serve it", own->text, wishes);
	else
		answer_set(v, NULL, own->reason, "%s", own->text);
}

/* In "auto", why it is not the hardware is why it is poll mode. */
static void
answer_auto(struct hf_answer *v, const struct excuse *hw, const struct excuse *poll)
{
	if (hw->reason == HF_REASON_NONE)
		answer_set(v, &hf_path_hw, HF_REASON_NONE,
			"the NIC's virtqueues do all that was negotiated");
	else if (poll->reason == HF_REASON_NONE)
		answer_set(v, &hf_path_poll, HF_REASON_NONE, "%s", hw->text);
	else
		answer_set(v, NULL, hw->reason, "%s; %s", hw->text, poll->text);
}

void
hf_datapath_choose(const struct hf_devx_caps *caps, const struct hf_wish *wish,
	const struct hf_guest *guest, struct hf_answer *answer)
{
	struct excuse hw, poll;

	if (guest != NULL && hf_guest_is_legacy(guest) && wish->legacy == HF_LEGACY_OFF) {
		answer_set(answer, NULL, HF_REASON_LEGACY,
			"a guest without VIRTIO_F_VERSION_1, and legacy=off: give it a modern device"
			" (QEMU: disable-legacy=on), or set legacy=auto");
		return;
	}
	excuse_hw(&hw, caps, wish->legacy, guest);
	excuse_poll(&poll, caps, guest);
	if (wish->datapath == HF_DATAPATH_HW)
		answer_one(answer, &hf_path_hw, &hw, &poll);
	else if (wish->datapath == HF_DATAPATH_POLL)
		answer_one(answer, &hf_path_poll, &poll, &hw);
	else
		answer_auto(answer, &hw, &poll);
}
