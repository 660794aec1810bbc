/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Virtio and vhost-user feature bits: which are offered, and which sets of them are accepted.
 */
#ifndef HF_FEATURE_H
#define HF_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../hf_datapath.h"

struct hf_devx_caps;

/* What the NIC's own virtqueues do, and what poll mode does on this NIC. */
uint64_t hf_feature_offer_hw(const struct hf_devx_caps *caps);
uint64_t hf_feature_offer_poll(const struct hf_devx_caps *caps);
/*
 * What a device offers of which this is wanted. mtu: of the port, 0: unknown. A packet that needs
 * several receive buffers is not possible in the order of the ring: where such may come, order is
 * not offered.
 */
uint64_t hf_feature_offer(
	const struct hf_devx_caps *caps, const struct hf_wish *wish, uint16_t mtu);
/*
 * " NAME NAME bit 55" of a set; out has room for some, the rest is told by the hexadecimal value
 * beside it.
 */
void hf_feature_names(uint64_t set, char *out, size_t size);
/*
 * 0, or -EINVAL and an answer that names the bits that are not offered, or that lack a bit they
 * depend on.
 */
int hf_feature_check(uint64_t offered, uint64_t features, struct hf_answer *answer);
/* By what a guest is judged. */
struct hf_terms {
	const struct hf_devx_caps *caps;
	uint16_t mtu; /* of the port */
	uint64_t offered;
	struct hf_wish wish;
};
/*
 * The above, and what would serve the guest: the answer to a front end's choice and to a question
 * before there is any. A refusal's text names what would help.
 */
void hf_feature_judge(
	const struct hf_terms *terms, const struct hf_guest *guest, struct hf_answer *answer);
/* vhost-user protocol features (VHOST_USER_PROTOCOL_F_*) that work with what is offered. */
uint64_t hf_feature_protocol(
	const struct hf_devx_caps *caps, const struct hf_wish *wish, uint64_t offered);

#endif /* HF_FEATURE_H */
