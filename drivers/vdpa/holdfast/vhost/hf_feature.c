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

#include <rte_common.h>
#include <rte_vhost.h>

#include <hf_devx.h>
#include <hf_log.h>

#include "../hf_datapath.h"
#include "hf_feature.h"

#define BIT(n) (UINT64_C(1) << (n))

struct hf_feature {
	uint8_t bit;
	const char *name;
	bool always; /* offered whatever the NIC */
	size_t cap; /* else: offset of the bool in struct hf_devx_caps; 0: never */
	uint64_t needs; /* all of these must be negotiated too (virtio 1.2, 5.1.3.1 and 6) */
};

/* clang-format off */
#define ALWAYS(bit_) { bit_, #bit_, true, 0, 0 }
#define IF_CAP(bit_, cap_, needs_) \
	{ bit_, #bit_, false, offsetof(struct hf_devx_caps, cap_), needs_ }
#define NEVER(bit_) { bit_, #bit_, false, 0, 0 }
/* clang-format on */

/*
 * What the NIC's own virtqueues do.
 *
 * MQ and GUEST_ANNOUNCE need a control queue, which front ends (QEMU, virtio-user) emulate
 * themselves; without MQ from here they do not offer it, and GUEST_ANNOUNCE tells them that the
 * guest, not the back end, speaks up after a migration.
 *
 * The bits that they never do are named for the log: an IOMMU is not served, dirty pages are not
 * logged, receive buffers not merged, neither event indices nor indirect tables known, and no
 * promise about order given.
 */
static const struct hf_feature hf_features[] = {
	IF_CAP(VIRTIO_NET_F_CSUM, tx_csum, 0),
	IF_CAP(VIRTIO_NET_F_GUEST_CSUM, rx_csum, 0),
	IF_CAP(VIRTIO_NET_F_HOST_TSO4, tso4, BIT(VIRTIO_NET_F_CSUM)),
	IF_CAP(VIRTIO_NET_F_HOST_TSO6, tso6, BIT(VIRTIO_NET_F_CSUM)),
	IF_CAP(VIRTIO_F_VERSION_1, version_1, 0),
	IF_CAP(VIRTIO_F_RING_PACKED, packed, BIT(VIRTIO_F_VERSION_1)),
	ALWAYS(VIRTIO_NET_F_MTU),
	ALWAYS(VIRTIO_NET_F_MQ),
	ALWAYS(VIRTIO_NET_F_GUEST_ANNOUNCE),
	ALWAYS(VIRTIO_F_ANY_LAYOUT),
	ALWAYS(VIRTIO_F_ORDER_PLATFORM),
	ALWAYS(VHOST_USER_F_PROTOCOL_FEATURES),
	NEVER(VHOST_F_LOG_ALL),
	NEVER(VIRTIO_F_IOMMU_PLATFORM),
	NEVER(VIRTIO_NET_F_MRG_RXBUF),
	NEVER(VIRTIO_NET_F_GUEST_TSO4),
	NEVER(VIRTIO_NET_F_GUEST_TSO6),
	NEVER(VIRTIO_NET_F_CTRL_VQ),
	NEVER(VIRTIO_RING_F_INDIRECT_DESC),
	NEVER(VIRTIO_RING_F_EVENT_IDX),
	NEVER(VIRTIO_F_IN_ORDER),
};

/*
 * What poll mode does besides: it reads rings and headers itself. Segments are the NIC's to make,
 * if it takes a whole packet.
 */
#define POLL_WANTED (BIT(VIRTIO_F_RING_PACKED) | BIT(VHOST_F_LOG_ALL))
#define POLL_TAKEN \
	(BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
		BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_F_IN_ORDER))
#define POLL_CSUM (BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM))
#define POLL_TSO (BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6))
#define POLL_MIN_LSO (UINT32_C(1) << 16)
/* Every receive buffer has room for a packet of this (virtio 1.2, 5.1.6.3.1). */
#define POLL_BUFFER_MTU 1500

static bool
hf_feature_works(const struct hf_feature *f, const struct hf_devx_caps *caps)
{
	if (f->always)
		return true;
	return f->cap != 0 && *(const bool *)RTE_PTR_ADD(caps, f->cap);
}

uint64_t
hf_feature_offer_hw(const struct hf_devx_caps *caps)
{
	uint64_t offer = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(hf_features); i++)
		if (hf_feature_works(&hf_features[i], caps))
			offer |= BIT(hf_features[i].bit);
	for (i = 0; i < RTE_DIM(hf_features); i++)
		if ((hf_features[i].needs & ~offer) != 0)
			offer &= ~BIT(hf_features[i].bit);
	return offer;
}

uint64_t
hf_feature_offer_poll(const struct hf_devx_caps *caps)
{
	uint64_t offer = POLL_WANTED | POLL_TAKEN | BIT(VIRTIO_F_VERSION_1);
	unsigned int i;

	if (caps->eth.csum)
		offer |= POLL_CSUM;
	if (caps->eth.csum && caps->eth.max_lso >= POLL_MIN_LSO)
		offer |= POLL_TSO;
	for (i = 0; i < RTE_DIM(hf_features); i++)
		if (hf_features[i].always)
			offer |= BIT(hf_features[i].bit);
	return offer;
}

uint64_t
hf_feature_offer(const struct hf_devx_caps *caps, enum hf_datapath d, bool all, uint16_t mtu)
{
	uint64_t hw = hf_feature_offer_hw(caps), poll = hf_feature_offer_poll(caps);

	if (mtu == 0 || mtu > POLL_BUFFER_MTU)
		poll &= ~BIT(VIRTIO_F_IN_ORDER);

	if (d == HF_DATAPATH_HW || hf_datapath_lacks_poll(caps) != NULL)
		return hw;
	if (d == HF_DATAPATH_POLL || hf_datapath_lacks_hw(caps) != NULL)
		return poll;
	/* Nobody may choose bits that only the one has together with bits that only the other has.
	 */
	if ((hw & ~poll) != 0)
		return hw;
	return all ? poll : hw | POLL_WANTED;
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

int
hf_feature_check(const char *name, uint64_t offered, uint64_t features)
{
	char names[256];
	unsigned int i;

	if ((features & ~offered) != 0) {
		hf_feature_names(features & ~offered, names, sizeof(names));
		HF_LOG(ERR,
			"%s: the front end wants features that were not offered: 0x%" PRIx64 ":%s",
			name, features & ~offered, names);
		return -EINVAL;
	}
	for (i = 0; i < RTE_DIM(hf_features); i++) {
		if ((features & BIT(hf_features[i].bit)) == 0 ||
			(hf_features[i].needs & ~features) == 0)
			continue;
		hf_feature_names(hf_features[i].needs & ~features, names, sizeof(names));
		HF_LOG(ERR, "%s: the front end wants %s without the feature it depends on:%s", name,
			hf_features[i].name, names);
		return -EINVAL;
	}
	return 0;
}

uint64_t
hf_feature_protocol(uint64_t offered)
{
	uint64_t protocol = BIT(VHOST_USER_PROTOCOL_F_MQ) | BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) |
		BIT(VHOST_USER_PROTOCOL_F_NET_MTU) | BIT(VHOST_USER_PROTOCOL_F_SLAVE_REQ) |
		BIT(VHOST_USER_PROTOCOL_F_SLAVE_SEND_FD) |
		BIT(VHOST_USER_PROTOCOL_F_HOST_NOTIFIER) | BIT(VHOST_USER_PROTOCOL_F_STATUS);

	if ((offered & BIT(VHOST_F_LOG_ALL)) != 0)
		protocol |= BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD);
	return protocol;
}
