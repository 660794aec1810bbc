/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Which datapath serves a device: the NIC's own virtqueues, or poll mode.
 *
 * In "auto" it is the hardware where that can do all that the guest negotiated. So on a NIC with
 * virtqueues "auto" offers, beyond what those can do, only what somebody asks for on purpose:
 * packed rings (a front end's option) and dirty logging (a migration). The bits that guests take
 * whenever they are offered (mergeable buffers, event indices, indirect tables, order) would leave
 * no guest on the hardware; poll_features=1 offers them as well.
 *
 * A guest that has not negotiated VERSION_1 is a legacy one (virtio 0.9.5): its headers have 10
 * bytes, and its rings may be big-endian. Nothing else makes it one.
 */
#ifndef HF_DATAPATH_H
#define HF_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>

struct hf_devx_caps;
struct hf_path;

/* The numbers of these three are those of the public header. */
enum hf_datapath { HF_DATAPATH_HW, HF_DATAPATH_POLL, HF_DATAPATH_AUTO, HF_DATAPATHS };
enum hf_legacy {
	HF_LEGACY_AUTO, /* served as any other */
	HF_LEGACY_OFF, /* refused */
	HF_LEGACY_POLL, /* served in poll mode only */
	HF_LEGACIES,
};
enum hf_reason {
	HF_REASON_NONE, /* it is served */
	HF_REASON_NOT_OFFERED, /* features that this device does not offer */
	HF_REASON_DEPENDENCY, /* a feature without one that it needs */
	HF_REASON_LEGACY, /* a legacy guest, and legacy=off */
	HF_REASON_LEGACY_POLL, /* a legacy guest is for poll mode, which is not to be had */
	HF_REASON_NIC, /* the NIC has nothing for the datapath */
	HF_REASON_FEATURES, /* the datapath does not do all features */
	HF_REASON_BIG_ENDIAN, /* the datapath reads no big-endian rings */
	HF_REASONS,
};

#define HF_DATAPATH_REASON 160
#define HF_ANSWER_TEXT 320

/* What the user wants of a device. */
struct hf_wish {
	enum hf_datapath datapath;
	enum hf_legacy legacy;
	bool poll_features; /* in "auto", offer all that poll mode does */
};

/* What was negotiated, as far as it matters for the choice. */
struct hf_guest {
	uint64_t features;
	bool big_endian; /* rings and headers, of a legacy guest */
};

/* Can it be served, by what, and why: as a code and in words. */
struct hf_answer {
	const struct hf_path *path; /* NULL: by nothing */
	enum hf_reason reason;
	char text[HF_ANSWER_TEXT];
};

/* "hw", "poll", "auto". */
const char *hf_datapath_name(enum hf_datapath d);
/* "auto", "off", "poll". */
const char *hf_legacy_name(enum hf_legacy l);
/* 0 and *d, or -EINVAL. */
int hf_datapath_parse(const char *name, enum hf_datapath *d);
int hf_legacy_parse(const char *name, enum hf_legacy *l);

bool hf_guest_is_legacy(const struct hf_guest *guest);

/* NULL, or why the NIC's own virtqueues cannot be used. */
const char *hf_datapath_lacks_hw(const struct hf_devx_caps *caps);
/* NULL, or why poll mode cannot be used. */
const char *hf_datapath_lacks_poll(const struct hf_devx_caps *caps);

/*
 * What serves this guest; NULL: none yet, is there anything to serve one at all? Where nothing
 * does, the text says what would.
 */
void hf_datapath_choose(const struct hf_devx_caps *caps, const struct hf_wish *wish,
	const struct hf_guest *guest, struct hf_answer *answer);

#endif /* HF_DATAPATH_H */
