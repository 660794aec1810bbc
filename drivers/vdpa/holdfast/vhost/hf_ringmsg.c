/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <inttypes.h>
#include <linux/virtio_config.h>

#include <rte_vhost.h>

#include "../hf_dev.h"
#include "hf_ringmsg.h"

/*
 * The library knows of 256 rings, whatever the device has, and takes memory for their entries that
 * other devices' rings need.
 */
bool
hf_ringmsg_index_is_good(const struct hf_dev *dev, const struct hf_msg *m)
{
	uint32_t index;

	switch (m->request) {
	case HF_MSG_SET_VRING_NUM:
	case HF_MSG_SET_VRING_ADDR:
	case HF_MSG_SET_VRING_BASE:
	case HF_MSG_GET_VRING_BASE:
	case HF_MSG_SET_VRING_ENABLE:
		index = m->payload.ring.index;
		break;
	case HF_MSG_SET_VRING_KICK:
	case HF_MSG_SET_VRING_CALL:
	case HF_MSG_SET_VRING_ERR:
		index = m->payload.u64 & HF_RINGMSG_INDEX;
		break;
	default:
		return true;
	}
	if (index < dev->max_vqs)
		return true;
	HF_LOG(ERR,
		"%s: message %s refused: ring %" PRIu32
		": there are rings 0 to %u: give the guest at most %u queue pairs",
		dev->name, hf_msg_name(m->request), index, dev->max_vqs - 1, dev->max_vqs / 2);
	return false;
}

/* Of a ring's numbers those that no ring can have; the library keeps what it had. */
enum rte_vhost_msg_result
hf_ringmsg_numbers(struct hf_dev *dev, const struct hf_msg *m)
{
	uint32_t index = m->payload.ring.index, num = m->payload.ring.num;
	struct hf_guest guest;
	bool packed;

	if (hf_front_guest(dev, &guest) != 0)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	packed = (guest.features >> VIRTIO_F_RING_PACKED) & 1;
	if (m->request == HF_MSG_SET_VRING_NUM) {
		if (hf_ring_size_check(dev->name, index, num, packed) != 0)
			return RTE_VHOST_MSG_RESULT_ERR;
	} else if (!packed && num > UINT16_MAX) {
		/* Of packed rings, QEMU sends the position in the used ring in the upper half. */
		HF_LOG(ERR,
			"%s: ring %" PRIu32 ": base %" PRIu32 " of a split ring has more than"
			" 16 bits",
			dev->name, index, num);
		return RTE_VHOST_MSG_RESULT_ERR;
	}
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/* VHOST_VRING_F_LOG, in the flags of a ring's addresses. */
#define RINGMSG_LOG (1 << 0)

void
hf_ringmsg_addr_set(struct hf_dev *dev, const struct hf_msg *m)
{
	struct hf_vq *vq;

	if (m->payload.addr.index >= dev->max_vqs)
		return;
	vq = &dev->vqs[m->payload.addr.index];
	vq->addr_set = true;
	vq->user_addr[HF_RING_DESC] = m->payload.addr.desc;
	vq->user_addr[HF_RING_AVAIL] = m->payload.addr.avail;
	vq->user_addr[HF_RING_USED] = m->payload.addr.used;
	vq->log_used = (m->payload.addr.flags & RINGMSG_LOG) != 0;
	vq->log_gpa = m->payload.addr.log;
	hf_dirty_follow(dev);
}

/* The base of a ring was read, and answered. That of the last one completes a device stop. */
void
hf_ringmsg_base_read(struct hf_dev *dev, uint32_t index)
{
	bool stopped = hf_front_is_stopped(dev);

	if (index >= dev->max_vqs)
		return;
	dev->vqs[index].addr_set = false;
	if (!hf_front_is_read(dev))
		return;
	hf_memory_settle(dev);
	if (!stopped && !dev->configured)
		hf_memory_event(dev, HF_EVENT_DEVICE_STOP);
}
