/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>
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
	return RTE_MIN(rte_vhost_get_vring_num(dev->front.vid), dev->max_vqs);
}

static bool
hf_front_packed(const struct hf_dev *dev)
{
	return (dev->guest.features >> VIRTIO_F_RING_PACKED) & 1;
}

/* Has the library found all areas of the ring? */
static bool
hf_front_ring_mapped(const struct rte_vhost_vring *v, bool packed)
{
	if (packed)
		return v->desc_packed != NULL && v->driver_event != NULL && v->device_event != NULL;
	return v->desc != NULL && v->avail != NULL && v->used != NULL;
}

/*
 * The library goes by the used index in a split ring, whatever base it was told, and reads it as a
 * little-endian one; of a big-endian ring it has to be read again.
 */
static int
hf_front_base_get(const struct hf_dev *dev, uint16_t index, const struct rte_vhost_vring *v,
	struct hf_front_ring *ring)
{
	if (rte_vhost_get_vring_base(dev->front.vid, index, &ring->avail_idx, &ring->used_idx) != 0)
		return -EAGAIN;
	if (ring->big_endian)
		ring->avail_idx = ring->used_idx =
			rte_be_to_cpu_16(__atomic_load_n(&v->used->idx, __ATOMIC_RELAXED));
	return 0;
}

static int
hf_front_base_check(const struct hf_dev *dev, uint16_t index, const struct hf_front_ring *ring)
{
	const uint16_t wrap = UINT16_C(1) << 15;

	if (!ring->packed || (uint16_t)(ring->avail_idx & ~wrap) < ring->size)
		return 0;
	HF_LOG(ERR,
		"%s: ring %u: base %u is beyond its %u entries: the front end has to hand back what"
		" GET_VRING_BASE answered",
		dev->name, index, ring->avail_idx & ~wrap, ring->size);
	return -EINVAL;
}

int
hf_front_ring_get(struct hf_dev *dev, const struct hf_front_table *t, uint16_t index,
	struct hf_front_ring *ring)
{
	const struct hf_vq *vq = &dev->vqs[index];
	uint64_t gpa[HF_RING_AREAS];
	struct rte_vhost_vring v = {.size = 0};
	bool packed = hf_front_packed(dev);
	int ret;

	if (rte_vhost_get_vhost_vring(dev->front.vid, index, &v) != 0)
		return -EAGAIN;
	if (!vq->addr_set || !hf_front_ring_mapped(&v, packed) || v.kickfd == HF_FRONT_FD_UNSET ||
		v.callfd == HF_FRONT_FD_UNSET)
		return -EAGAIN;
	ret = hf_ring_resolve(dev->name, index, v.size, packed, vq->user_addr, t, gpa);
	if (ret != 0)
		return ret;
	*ring = (struct hf_front_ring){
		.size = v.size,
		.packed = packed,
		.big_endian = vq->big_endian && hf_guest_is_legacy(&dev->guest),
		.desc = gpa[HF_RING_DESC],
		.avail = gpa[HF_RING_AVAIL],
		.used = gpa[HF_RING_USED],
		.kickfd = v.kickfd,
		.callfd = v.callfd,
	};
	ret = hf_front_base_get(dev, index, &v, ring);
	return ret != 0 ? ret : hf_front_base_check(dev, index, ring);
}

void
hf_front_ring_explain(struct hf_dev *dev, uint16_t index)
{
	const struct hf_vq *vq = &dev->vqs[index];
	struct rte_vhost_vring v = {.size = 0};
	uint64_t gpa[HF_RING_AREAS];
	struct hf_front_table t;
	struct hf_guest guest;

	if (!vq->addr_set || !dev->front.table || hf_front_guest(dev, &guest) != 0 ||
		rte_vhost_get_vhost_vring(dev->front.vid, index, &v) != 0)
		return;
	if (hf_front_table_get(dev, &t) != 0)
		return;
	hf_ring_resolve(dev->name, index, v.size, (guest.features >> VIRTIO_F_RING_PACKED) & 1,
		vq->user_addr, &t, gpa);
	hf_front_table_free(&t);
}

void
hf_front_ring_waits(struct hf_dev *dev, uint16_t index)
{
	struct rte_vhost_vring v = {.size = 0};

	if (!dev->vqs[index].addr_set ||
		rte_vhost_get_vhost_vring(dev->front.vid, index, &v) != 0 ||
		v.kickfd == HF_FRONT_FD_UNSET || v.callfd != HF_FRONT_FD_UNSET)
		return;
	HF_LOG(WARNING,
		"%s: ring %u is enabled, and waits for SET_VRING_CALL (DPDK's virtio-user never sends"
		" it where VIRTIO_F_VERSION_1 is not offered: datapath=auto or poll offers it)",
		dev->name, index);
}

void
hf_front_base_set(struct hf_dev *dev, uint16_t index, uint16_t base)
{
	if (rte_vhost_set_vring_base(dev->front.vid, index, base, base) != 0)
		HF_LOG(ERR, "%s: ring %u: its index 0x%x cannot be handed back", dev->name, index,
			base);
}

bool
hf_front_is_read(const struct hf_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].addr_set)
			return false;
	return true;
}

bool
hf_front_is_stopped(const struct hf_dev *dev)
{
	return dev->front.reset_said || hf_front_is_read(dev);
}

int
hf_front_guest(struct hf_dev *dev, struct hf_guest *guest)
{
	uint16_t i;

	*guest = (struct hf_guest){.features = 0};
	if (rte_vhost_get_negotiated_features(dev->front.vid, &guest->features) != 0)
		return -ENODEV;
	for (i = 0; i < dev->max_vqs && hf_guest_is_legacy(guest); i++)
		guest->big_endian |= dev->vqs[i].big_endian;
	return 0;
}

void
hf_front_cut(struct hf_dev *dev)
{
	char socket[sizeof(dev->front.socket)];

	hf_dev_lock(dev);
	memcpy(socket, dev->front.socket, sizeof(socket));
	hf_dev_unlock(dev);
	/* The application may have closed it, and have another one there now. */
	if (socket[0] == '\0' || rte_vhost_driver_get_vdpa_device(socket) != dev->vdev)
		return;
	HF_LOG(NOTICE, "%s: removed: its socket %s is closed, and so is a connection at it",
		dev->name, socket);
	rte_vhost_driver_unregister(socket);
}

uint16_t
hf_front_mtu(struct hf_dev *dev)
{
	uint16_t mtu;

	return rte_vhost_get_mtu(dev->front.vid, &mtu) == 0 ? mtu : 0;
}
