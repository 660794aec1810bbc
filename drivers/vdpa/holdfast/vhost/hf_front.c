/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <linux/virtio_config.h>

#include <rte_vhost.h>

#include "../hf_dev.h"
#include "../hf_front.h"
#include "../hf_ring.h"

/*
 * The library's value for a descriptor that the front end has not sent
 * (VIRTIO_UNINITIALIZED_EVENTFD).
 */
#define HF_FRONT_FD_UNSET (-2)

uint16_t
hf_front_rings(struct hf_dev *dev)
{
	return rte_vhost_get_vring_num(dev->front.vid);
}

static bool
hf_front_packed(const struct hf_dev *dev)
{
	return (dev->features >> VIRTIO_F_RING_PACKED) & 1;
}

static void
hf_front_ring_hva(const struct rte_vhost_vring *v, bool packed, uint64_t *hva)
{
	hva[HF_RING_DESC] = packed ? (uintptr_t)v->desc_packed : (uintptr_t)v->desc;
	hva[HF_RING_AVAIL] = packed ? (uintptr_t)v->driver_event : (uintptr_t)v->avail;
	hva[HF_RING_USED] = packed ? (uintptr_t)v->device_event : (uintptr_t)v->used;
}

int
hf_front_ring_get(struct hf_dev *dev, const struct hf_front_table *t, uint16_t index,
	struct hf_front_ring *ring)
{
	uint64_t hva[HF_RING_AREAS], gpa[HF_RING_AREAS];
	struct rte_vhost_vring v = {.size = 0};
	bool packed = hf_front_packed(dev);
	int ret;

	if (rte_vhost_get_vhost_vring(dev->front.vid, index, &v) != 0)
		return -EAGAIN;
	hf_front_ring_hva(&v, packed, hva);
	if (!dev->vqs[index].addr_set || hva[HF_RING_DESC] == 0 || hva[HF_RING_AVAIL] == 0 ||
		hva[HF_RING_USED] == 0 || v.kickfd == HF_FRONT_FD_UNSET ||
		v.callfd == HF_FRONT_FD_UNSET)
		return -EAGAIN;
	ret = hf_ring_resolve(dev->name, index, v.size, packed, hva, t, gpa);
	if (ret != 0)
		return ret;
	*ring = (struct hf_front_ring){
		.size = v.size,
		.packed = packed,
		.desc = gpa[HF_RING_DESC],
		.avail = gpa[HF_RING_AVAIL],
		.used = gpa[HF_RING_USED],
		.kickfd = v.kickfd,
		.callfd = v.callfd,
	};
	if (rte_vhost_get_vring_base(dev->front.vid, index, &ring->avail_idx, &ring->used_idx) != 0)
		return -EAGAIN;
	return 0;
}

void
hf_front_base_set(struct hf_dev *dev, uint16_t index, uint16_t base)
{
	if (rte_vhost_set_vring_base(dev->front.vid, index, base, base) != 0)
		HF_LOG(ERR, "%s: ring %u: its index 0x%x cannot be handed back", dev->name, index,
			base);
}

int
hf_front_features(struct hf_dev *dev, uint64_t *features)
{
	return rte_vhost_get_negotiated_features(dev->front.vid, features) == 0 ? 0 : -ENODEV;
}

uint16_t
hf_front_mtu(struct hf_dev *dev)
{
	uint16_t mtu;

	return rte_vhost_get_mtu(dev->front.vid, &mtu) == 0 ? mtu : 0;
}
