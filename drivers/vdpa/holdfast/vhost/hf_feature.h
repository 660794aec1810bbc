/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Virtio and vhost-user feature bits: which are offered, and which sets of them are accepted.
 */
#ifndef HF_FEATURE_H
#define HF_FEATURE_H

#include <stdint.h>

struct hf_devx_caps;

/* What this NIC can do: see the table in hf_feature.c. */
uint64_t hf_feature_offer(const struct hf_devx_caps *caps);
/*
 * 0, or -EINVAL after a log line that names the bits that are not offered, or that lack a bit they
 * depend on.
 */
int hf_feature_check(const char *name, uint64_t offered, uint64_t features);
/* vhost-user protocol features (VHOST_USER_PROTOCOL_F_*) that work. */
uint64_t hf_feature_protocol(void);

#endif /* HF_FEATURE_H */
