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
 */
#ifndef HF_DATAPATH_H
#define HF_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>

struct hf_dev;
struct hf_devx_caps;
struct hf_path;

/* The numbers are those of the public header. */
enum hf_datapath { HF_DATAPATH_HW, HF_DATAPATH_POLL, HF_DATAPATH_AUTO, HF_DATAPATHS };

#define HF_DATAPATH_REASON 160

/* "hw", "poll", "auto". */
const char *hf_datapath_name(enum hf_datapath d);
/* 0 and *d, or -EINVAL. */
int hf_datapath_parse(const char *name, enum hf_datapath *d);

/* NULL, or why the NIC's own virtqueues cannot be used. */
const char *hf_datapath_lacks_hw(const struct hf_devx_caps *caps);
/* NULL, or why poll mode cannot be used. */
const char *hf_datapath_lacks_poll(const struct hf_devx_caps *caps);

/*
 * What serves a guest with these features when the device is set to 'd', and in *reason (of
 * HF_DATAPATH_REASON bytes) why. NULL: nothing can, and *reason says what is missing.
 */
const struct hf_path *hf_datapath_choose(
	const struct hf_devx_caps *caps, enum hf_datapath d, uint64_t features, char *reason);

#endif /* HF_DATAPATH_H */
