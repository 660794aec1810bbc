/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>
#include <rte_vhost.h>

#include <hf_devx.h>
#include <hf_log.h>

#include "../hf_datapath.h"
#include "hf_feature.h"
#include "hf_msg.h"

#define BIT(n) (UINT64_C(1) << (n))

/* On which condition a datapath does a feature. */
enum hf_feature_if {
	NEVER,
	ALWAYS,
	CAP, /* the NIC's virtqueues have the capability */
	CSUM, /* poll mode: the NIC's raw queues calculate checksums */
	LSO, /* poll mode: and they make segments, of whole packets */
	WANTED, /* poll mode always, and offered in "auto" too: see hf_datapath.h */
	TAKEN, /* poll mode always, and offered in "auto" with poll_features=1 only */
};

struct hf_feature {
	uint8_t bit;
	const char *name;
	enum hf_feature_if hw, poll;
	size_t cap; /* CAP: offset of the bool in struct hf_devx_caps */
};

/* clang-format off */
#define ROW(bit_, hw_, poll_) { bit_, #bit_, hw_, poll_, 0 }
#define IF_CAP(bit_, cap_, poll_) { bit_, #bit_, CAP, poll_, offsetof(struct hf_devx_caps, cap_) }

/*
 * What the NIC's own virtqueues do, and what poll mode does, which reads rings and headers itself.
 * The features table of the guide is made of these rows.
 *
 * MQ and GUEST_ANNOUNCE need a control queue, which front ends (QEMU, virtio-user) emulate
 * themselves; without MQ from here they do not offer it, and GUEST_ANNOUNCE tells them that the
 * guest, not the back end, speaks up after a migration.
 *
 * A NIC whose virtqueues lack VERSION_1 serves modern guests in poll mode: many know nothing else.
 */
static const struct hf_feature hf_features[] = {
	IF_CAP(VIRTIO_NET_F_CSUM, tx_csum, CSUM),
	IF_CAP(VIRTIO_NET_F_GUEST_CSUM, rx_csum, CSUM),
	ROW(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, NEVER, NEVER),
	ROW(VIRTIO_NET_F_MTU, ALWAYS, ALWAYS),
	ROW(VIRTIO_NET_F_MAC, ALWAYS, ALWAYS),
	ROW(VIRTIO_NET_F_GSO, NEVER, NEVER),
	ROW(VIRTIO_NET_F_GUEST_TSO4, NEVER, NEVER),
	ROW(VIRTIO_NET_F_GUEST_TSO6, NEVER, NEVER),
	ROW(VIRTIO_NET_F_GUEST_ECN, NEVER, NEVER),
	ROW(VIRTIO_NET_F_GUEST_UFO, NEVER, NEVER),
	IF_CAP(VIRTIO_NET_F_HOST_TSO4, tso4, LSO),
	IF_CAP(VIRTIO_NET_F_HOST_TSO6, tso6, LSO),
	ROW(VIRTIO_NET_F_HOST_ECN, NEVER, NEVER),
	ROW(VIRTIO_NET_F_HOST_UFO, NEVER, NEVER),
	ROW(VIRTIO_NET_F_MRG_RXBUF, NEVER, TAKEN),
	ROW(VIRTIO_NET_F_STATUS, ALWAYS, ALWAYS),
	ROW(VIRTIO_NET_F_CTRL_VQ, NEVER, NEVER),
	ROW(VIRTIO_NET_F_CTRL_RX, NEVER, NEVER),
	ROW(VIRTIO_NET_F_CTRL_VLAN, NEVER, NEVER),
	ROW(VIRTIO_NET_F_CTRL_RX_EXTRA, NEVER, NEVER),
	ROW(VIRTIO_NET_F_GUEST_ANNOUNCE, ALWAYS, ALWAYS),
	ROW(VIRTIO_NET_F_MQ, ALWAYS, ALWAYS),
	ROW(VIRTIO_NET_F_CTRL_MAC_ADDR, NEVER, NEVER),
	ROW(VIRTIO_F_NOTIFY_ON_EMPTY, NEVER, NEVER),
	ROW(VHOST_F_LOG_ALL, NEVER, WANTED),
	ROW(VIRTIO_F_ANY_LAYOUT, ALWAYS, ALWAYS),
	ROW(VIRTIO_RING_F_INDIRECT_DESC, NEVER, TAKEN),
	ROW(VIRTIO_RING_F_EVENT_IDX, NEVER, TAKEN),
	ROW(VHOST_USER_F_PROTOCOL_FEATURES, ALWAYS, ALWAYS),
	IF_CAP(VIRTIO_F_VERSION_1, version_1, WANTED),
	ROW(VIRTIO_F_IOMMU_PLATFORM, NEVER, NEVER),
	IF_CAP(VIRTIO_F_RING_PACKED, packed, WANTED),
	ROW(VIRTIO_F_IN_ORDER, NEVER, TAKEN),
	ROW(VIRTIO_F_ORDER_PLATFORM, ALWAYS, ALWAYS),
	ROW(VIRTIO_F_SR_IOV, NEVER, NEVER),
	ROW(VIRTIO_NET_F_NOTF_COAL, NEVER, NEVER),
	ROW(VIRTIO_NET_F_HASH_REPORT, NEVER, NEVER),
	ROW(VIRTIO_NET_F_RSS, NEVER, NEVER),
	ROW(VIRTIO_NET_F_RSC_EXT, NEVER, NEVER),
	ROW(VIRTIO_NET_F_STANDBY, NEVER, NEVER),
	ROW(VIRTIO_NET_F_SPEED_DUPLEX, ALWAYS, ALWAYS),
};
/* clang-format on */

/*
 * What a feature needs besides (virtio 1.2, 5.1.3.1): all of the one set, and one of the other.
 * What needs the control queue is between guest and front end, whose queue it is. In addition, all
 * above the 32 bits that a legacy driver sees need VERSION_1.
 */
static const struct hf_feature_need {
	uint8_t bit;
	uint64_t all, any;
} hf_feature_needs[] = {
	{VIRTIO_NET_F_GUEST_TSO4, BIT(VIRTIO_NET_F_GUEST_CSUM), 0},
	{VIRTIO_NET_F_GUEST_TSO6, BIT(VIRTIO_NET_F_GUEST_CSUM), 0},
	{VIRTIO_NET_F_GUEST_ECN, 0, BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6)},
	{VIRTIO_NET_F_GUEST_UFO, BIT(VIRTIO_NET_F_GUEST_CSUM), 0},
	{VIRTIO_NET_F_HOST_TSO4, BIT(VIRTIO_NET_F_CSUM), 0},
	{VIRTIO_NET_F_HOST_TSO6, BIT(VIRTIO_NET_F_CSUM), 0},
	{VIRTIO_NET_F_HOST_ECN, 0, BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6)},
	{VIRTIO_NET_F_HOST_UFO, BIT(VIRTIO_NET_F_CSUM), 0},
	{VIRTIO_NET_F_RSC_EXT, 0, BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6)},
};
#define ABOVE_LEGACY (~UINT64_C(0) << 32)

#define POLL_MIN_LSO (UINT32_C(1) << 16)
/* Every receive buffer has room for a packet of this (virtio 1.2, 5.1.6.3.1). */
#define POLL_BUFFER_MTU 1500

/* What poll mode does on this condition. */
static uint64_t
hf_feature_poll_set(enum hf_feature_if how)
{
	uint64_t set = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(hf_features); i++)
		if (hf_features[i].poll == how)
			set |= BIT(hf_features[i].bit);
	return set;
}

static bool
hf_feature_works(const struct hf_feature *f, enum hf_feature_if how, const struct hf_devx_caps *c)
{
	switch (how) {
	case NEVER:
		return false;
	case CAP:
		return *(const bool *)RTE_PTR_ADD(c, f->cap);
	case CSUM:
		return c->eth.csum;
	case LSO:
		return c->eth.csum && c->eth.max_lso >= POLL_MIN_LSO;
	default:
		return true;
	}
}

/* What is missing beside a feature; of alternatives all, if there is none. */
static uint64_t
hf_feature_lacks(uint8_t bit, uint64_t features)
{
	uint64_t all = 0, any = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(hf_feature_needs); i++) {
		if (hf_feature_needs[i].bit == bit) {
			all = hf_feature_needs[i].all;
			any = hf_feature_needs[i].any;
		}
	}
	if ((BIT(bit) & ABOVE_LEGACY & ~BIT(VIRTIO_F_VERSION_1)) != 0)
		all |= BIT(VIRTIO_F_VERSION_1);
	return (all & ~features) | ((any & features) == 0 ? any : 0);
}

/* Without those that lack another one, which has a smaller number. */
static uint64_t
hf_feature_complete(uint64_t features)
{
	uint8_t bit;

	for (bit = 0; bit < 64; bit++)
		if (hf_feature_lacks(bit, features) != 0)
			features &= ~BIT(bit);
	return features;
}

uint64_t
hf_feature_offer_hw(const struct hf_devx_caps *caps)
{
	uint64_t offer = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(hf_features); i++)
		if (hf_feature_works(&hf_features[i], hf_features[i].hw, caps))
			offer |= BIT(hf_features[i].bit);
	return hf_feature_complete(offer);
}

uint64_t
hf_feature_offer_poll(const struct hf_devx_caps *caps)
{
	uint64_t offer = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(hf_features); i++)
		if (hf_feature_works(&hf_features[i], hf_features[i].poll, caps))
			offer |= BIT(hf_features[i].bit);
	return hf_feature_complete(offer);
}

uint64_t
hf_feature_offer(const struct hf_devx_caps *caps, const struct hf_wish *wish, uint16_t mtu)
{
	uint64_t hw = hf_feature_offer_hw(caps), poll = hf_feature_offer_poll(caps);

	if (mtu == 0 || mtu > POLL_BUFFER_MTU)
		poll &= ~BIT(VIRTIO_F_IN_ORDER);

	if (wish->datapath == HF_DATAPATH_HW || hf_datapath_lacks_poll(caps) != NULL)
		return hw;
	if (wish->datapath == HF_DATAPATH_POLL || hf_datapath_lacks_hw(caps) != NULL)
		return poll;
	/* Nobody may choose bits that only the one has together with bits that only the other has.
	 */
	if ((hw & ~poll) != 0)
		return hw;
	return wish->poll_features ? poll : hw | hf_feature_poll_set(WANTED);
}

void
hf_feature_names(uint64_t set, char *out, size_t size)
{
	size_t used = 0;
	unsigned int bit, i;
	int n;

	out[0] = '\0';
	for (bit = 0; bit < 64 && used < size; bit++) {
		if ((set & BIT(bit)) == 0)
			continue;
		for (i = 0; i < RTE_DIM(hf_features); i++)
			if (hf_features[i].bit == bit)
				break;
		if (i < RTE_DIM(hf_features))
			n = snprintf(out + used, size - used, " %s", hf_features[i].name);
		else
			n = snprintf(out + used, size - used, " bit %u", bit);
		used += n;
	}
}

/* "text NAME NAME", as far as there is room. */
static void
hf_feature_text(struct hf_answer *v, enum hf_reason reason, uint64_t set, const char *text)
{
	int n;

	v->path = NULL;
	v->reason = reason;
	n = snprintf(v->text, sizeof(v->text), "%s", text);
	hf_feature_names(set, v->text + n, sizeof(v->text) - n);
}

int
hf_feature_check(uint64_t offered, uint64_t features, struct hf_answer *answer)
{
	char text[HF_DATAPATH_REASON], name[64];
	uint64_t lacks;
	uint8_t bit;

	if ((features & ~offered) != 0) {
		snprintf(text, sizeof(text), "features that were not offered: 0x%" PRIx64 ":",
			features & ~offered);
		hf_feature_text(answer, HF_REASON_NOT_OFFERED, features & ~offered, text);
		return -EINVAL;
	}
	for (bit = 0; bit < 64; bit++) {
		lacks = hf_feature_lacks(bit, features);
		if ((features & BIT(bit)) == 0 || lacks == 0)
			continue;
		hf_feature_names(BIT(bit), name, sizeof(name));
		snprintf(text, sizeof(text), "feature%s without the one it depends on:", name);
		hf_feature_text(answer, HF_REASON_DEPENDENCY, lacks, text);
		return -EINVAL;
	}
	*answer = (struct hf_answer){.reason = HF_REASON_NONE};
	return 0;
}

/* Which wish would have all of these offered, in words; NULL: none would. */
static const char *
hf_feature_way_out(const struct hf_terms *terms, uint64_t features)
{
	static const struct {
		struct hf_wish wish;
		const char *text;
	} ways[] = {
		{{.datapath = HF_DATAPATH_HW}, "datapath=hw"},
		{{.datapath = HF_DATAPATH_AUTO}, "datapath=auto"},
		{{.datapath = HF_DATAPATH_AUTO, .poll_features = true},
			"datapath=auto,poll_features=1"},
		{{.datapath = HF_DATAPATH_POLL}, "datapath=poll"},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(ways); i++)
		if ((features & ~hf_feature_offer(terms->caps, &ways[i].wish, terms->mtu)) == 0)
			return ways[i].text;
	return NULL;
}

void
hf_feature_judge(
	const struct hf_terms *terms, const struct hf_guest *guest, struct hf_answer *answer)
{
	const char *way;
	size_t n;

	if (guest->big_endian && !hf_guest_is_legacy(guest)) {
		hf_feature_text(answer, HF_REASON_BIG_ENDIAN, BIT(VIRTIO_F_VERSION_1),
			"big-endian rings, which no guest has with");
		return;
	}
	if (hf_feature_check(terms->offered, guest->features, answer) == 0) {
		hf_datapath_choose(terms->caps, &terms->wish, guest, answer);
		return;
	}
	if (answer->reason != HF_REASON_NOT_OFFERED)
		return;
	way = hf_feature_way_out(terms, guest->features);
	n = strlen(answer->text);
	if (way != NULL)
		snprintf(answer->text + n, sizeof(answer->text) - n, "; %s would offer them", way);
	else
		strlcat(answer->text, "; nothing here does all of them", sizeof(answer->text));
}

uint64_t
hf_feature_protocol(const struct hf_devx_caps *caps, const struct hf_wish *wish, uint64_t offered)
{
	uint64_t protocol = BIT(VHOST_USER_PROTOCOL_F_MQ) | BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) |
		BIT(VHOST_USER_PROTOCOL_F_NET_MTU) | BIT(VHOST_USER_PROTOCOL_F_SLAVE_REQ) |
		BIT(VHOST_USER_PROTOCOL_F_SLAVE_SEND_FD) |
		BIT(VHOST_USER_PROTOCOL_F_HOST_NOTIFIER) | BIT(VHOST_USER_PROTOCOL_F_STATUS) |
		BIT(VHOST_USER_PROTOCOL_F_CONFIG);

	if ((offered & BIT(VHOST_F_LOG_ALL)) != 0)
		protocol |= BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD);
	/* Big-endian rings are a legacy guest's, and poll mode's. */
	if (wish->legacy != HF_LEGACY_OFF && wish->datapath != HF_DATAPATH_HW &&
		hf_datapath_lacks_poll(caps) == NULL)
		protocol |= BIT(HF_PROTOCOL_F_CROSS_ENDIAN);
	return protocol;
}
