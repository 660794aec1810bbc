/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <limits.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>

#include "../hf_dev.h"
#include "hf_confmsg.h"

#define BIT(n) (UINT64_C(1) << (n))

#define CONFMSG_FEATURES \
	(BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_SPEED_DUPLEX) | \
		BIT(VIRTIO_F_ORDER_PLATFORM))
#define CONFMSG_PROTOCOL (BIT(VHOST_USER_PROTOCOL_F_CONFIG) | BIT(HF_PROTOCOL_F_CROSS_ENDIAN))

/* Of SET_CONFIG: by the guest, or by the front end after a migration. */
#define CONFMSG_WRITE_MAX 1

bool
hf_confmsg_is(const struct hf_msg *m)
{
	switch (m->request) {
	case HF_MSG_GET_FEATURES:
	case HF_MSG_GET_PROTOCOL_FEATURES:
	case HF_MSG_GET_CONFIG:
	case HF_MSG_SET_CONFIG:
		return true;
	default:
		return false;
	}
}

/* What the application leaves of the library's, and ours. */
static enum rte_vhost_msg_result
confmsg_offer(struct hf_dev *dev, int vid, struct hf_msg *m)
{
	char socket[PATH_MAX];
	uint64_t offer = 0;
	int ret;

	if (rte_vhost_get_ifname(vid, socket, sizeof(socket)) != 0)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	if (m->request == HF_MSG_GET_FEATURES) {
		ret = rte_vhost_driver_get_features(socket, &offer);
		offer |= dev->offered & CONFMSG_FEATURES;
	} else {
		ret = rte_vhost_driver_get_protocol_features(socket, &offer);
		offer |= dev->protocol & CONFMSG_PROTOCOL;
	}
	if (ret != 0)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	m->payload.u64 = offer;
	m->size = sizeof(m->payload.u64);
	return RTE_VHOST_MSG_RESULT_REPLY;
}

bool
hf_confmsg_big_endian(const struct hf_dev *dev, int vid)
{
	uint64_t features;

	return dev->vqs[0].big_endian && rte_vhost_get_negotiated_features(vid, &features) == 0 &&
		(features & BIT(VIRTIO_F_VERSION_1)) == 0;
}

/* A request that makes no sense is answered without payload, as the protocol has it. */
static enum rte_vhost_msg_result
confmsg_read(struct hf_dev *dev, int vid, struct hf_msg *m)
{
	struct hf_msg_config *c = &m->payload.config;

	if (m->size - HF_MSG_CONFIG_HEAD != c->size ||
		hf_config_read(
			dev, c->offset, c->size, hf_confmsg_big_endian(dev, vid), c->region) != 0)
		m->size = 0;
	return RTE_VHOST_MSG_RESULT_REPLY;
}

/*
 * What a guest writes in vain is told where an answer is asked for: no reason to end the connection
 * of one that does not listen.
 */
static enum rte_vhost_msg_result
confmsg_write(struct hf_dev *dev, int vid, const struct hf_msg *m)
{
	const struct hf_msg_config *c = &m->payload.config;
	int ret;

	if (m->size - HF_MSG_CONFIG_HEAD != c->size || c->flags > CONFMSG_WRITE_MAX)
		return RTE_VHOST_MSG_RESULT_ERR;
	ret = hf_config_write(dev, c->offset, c->size, hf_confmsg_big_endian(dev, vid), c->region);
	if (ret == 0 || (ret == -EOPNOTSUPP && (m->flags & HF_MSG_NEED_REPLY) == 0))
		return RTE_VHOST_MSG_RESULT_OK;
	return RTE_VHOST_MSG_RESULT_ERR;
}

enum rte_vhost_msg_result
hf_confmsg_answer(struct hf_dev *dev, int vid, struct hf_msg *m)
{
	/* The library refuses a descriptor here. */
	if (m->fd_num != 0)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	switch (m->request) {
	case HF_MSG_GET_CONFIG:
		return confmsg_read(dev, vid, m);
	case HF_MSG_SET_CONFIG:
		return confmsg_write(dev, vid, m);
	default:
		return confmsg_offer(dev, vid, m);
	}
}

/* What a front end is about to read is what the NIC says now; of one that does not, the NIC is not
 * asked. */
static void
confmsg_begin(struct hf_dev *dev, bool reads)
{
	if (reads)
		hf_config_refresh(dev);
	hf_config_listen(dev, reads);
}

void
hf_confmsg_take(struct hf_dev *dev, struct hf_msg *m)
{
	if (m->request == HF_MSG_SET_FEATURES) {
		m->payload.u64 &= ~(dev->offered & CONFMSG_FEATURES);
	} else if (m->request == HF_MSG_SET_PROTOCOL_FEATURES) {
		confmsg_begin(dev, (m->payload.u64 & BIT(VHOST_USER_PROTOCOL_F_CONFIG)) != 0);
		m->payload.u64 &= ~(dev->protocol & CONFMSG_PROTOCOL);
	}
}
