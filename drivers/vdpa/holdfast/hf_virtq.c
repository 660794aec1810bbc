/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The hardware datapath: a virtqueue of the NIC and its parts (umems, event QPs and CQ, counters).
 * Made when first started and kept: a stop is a suspend that reads the indices, a start is a modify
 * and a resume where the NIC can (hf_virtq_may_modify()), else the firmware's queue is destroyed
 * and created again on the same parts.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <string.h>

#include <rte_common.h>

#include "hf_dev.h"
#include "hf_notify.h"

/* Event mode of a queue that completes through a QP (PRM virtio_q.event_mode). */
#define HF_VQ_EVENT_MODE_QP 1

static int hf_vq_destroy(struct hf_vq *vq);

static void
hf_vq_release(struct hf_vq *vq)
{
	/* A queue that stays needs them; the table of objects names them as leaks at the end. */
	if (hf_vq_destroy(vq) != 0)
		return;
	hf_parts_drop(vq);
}

/* --- the firmware's queue --- */

static void
hf_vq_attr_fill(struct hf_vq *vq, const struct hf_front_ring *ring, uint64_t features,
	uint32_t mkey, struct hf_virtq_attr *attr)
{
	*attr = (struct hf_virtq_attr){
		.index = vq->index,
		.size = ring->size,
		.packed = ring->packed,
		.version_1 = (features >> VIRTIO_F_VERSION_1) & 1,
		.tso4 = (features >> VIRTIO_NET_F_HOST_TSO4) & 1,
		.tso6 = (features >> VIRTIO_NET_F_HOST_TSO6) & 1,
		.tx_csum = (features >> VIRTIO_NET_F_CSUM) & 1,
		.rx_csum = (features >> VIRTIO_NET_F_GUEST_CSUM) & 1,
		.desc = ring->desc,
		.avail = ring->avail,
		.used = ring->used,
		.mkey = mkey,
		.avail_idx = ring->avail_idx,
		.used_idx = ring->used_idx,
		.event_mode = HF_VQ_EVENT_MODE_QP,
		.tisn = vq->dev->tis.id,
	};
	hf_parts_describe(vq, attr);
}

/* For a start with what was negotiated, in the guest's memory. */
static void
hf_vq_attr_start(struct hf_vq *vq, const struct hf_front_ring *ring, struct hf_virtq_attr *attr)
{
	const struct hf_dev *dev = vq->dev;

	hf_vq_attr_fill(
		vq, ring, dev->guest.features, hf_ioas_mkey(dev->mem.ioas[HF_ASID_GUEST]), attr);
}

/* The firmware accepted them. */
static void
hf_vq_attr_set(struct hf_vq *vq, const struct hf_virtq_attr *attr)
{
	vq->attr = *attr;
	vq->mkey = attr->mkey;
}

/*
 * Fields that a resume must change. What no modify can change (size, umems, event QP) is the parts'
 * and went with them.
 */
static uint64_t
hf_vq_attr_diff(const struct hf_virtq_attr *old, const struct hf_virtq_attr *new)
{
	uint64_t mod = 0;

	if (old->desc != new->desc || old->avail != new->avail || old->used != new->used)
		mod |= HF_VIRTQ_MOD_ADDR;
	if (old->avail_idx != new->avail_idx)
		mod |= HF_VIRTQ_MOD_AVAIL;
	if (old->used_idx != new->used_idx)
		mod |= HF_VIRTQ_MOD_USED;
	if (old->packed != new->packed)
		mod |= HF_VIRTQ_MOD_TYPE;
	if (old->version_1 != new->version_1)
		mod |= HF_VIRTQ_MOD_VERSION_1;
	if (old->mkey != new->mkey)
		mod |= HF_VIRTQ_MOD_MKEY;
	if (old->tso4 != new->tso4 || old->tso6 != new->tso6 || old->tx_csum != new->tx_csum ||
		old->rx_csum != new->rx_csum)
		mod |= HF_VIRTQ_MOD_FEATURES;
	return mod;
}

static int
hf_vq_destroy(struct hf_vq *vq)
{
	int ret;

	if (!vq->made)
		return 0;
	ret = hf_virtq_destroy(&vq->hw);
	if (ret != 0) {
		/* Nothing resumes from this state: the next start begins with another attempt. */
		vq->state = HF_VIRTQ_ERR;
		HF_LOG(ERR, "%s: ring %u: the NIC refuses to destroy its queue 0x%x: %s",
			vq->dev->name, vq->index, vq->hw.id, strerror(-ret));
		return ret;
	}
	vq->hw = (struct hf_virtq){0};
	vq->made = false;
	return 0;
}

/* Create the queue in INIT on parts that may have served another one. */
static int
hf_vq_create(struct hf_vq *vq, const struct hf_virtq_attr *attr)
{
	int ret;

	ret = hf_parts_reset(vq);
	if (ret != 0)
		return ret;
	ret = hf_virtq_create(vq->dev->devx, attr, &vq->hw);
	if (ret != 0) {
		vq->hw = (struct hf_virtq){0};
		return ret;
	}
	hf_vq_attr_set(vq, attr);
	vq->made = true;
	vq->target = vq->hw.id;
	vq->state = HF_VIRTQ_INIT;
	vq->version++;
	ret = hf_virtq_subscribe(
		&vq->hw, &vq->dev->errors, (uint64_t)vq->version << 32 | vq->index);
	if (ret != 0)
		hf_vq_destroy(vq);
	return ret;
}

/*
 * To RDY, with what differs from the firmware's present attributes. -ENOTSUP: not with this NIC in
 * this state.
 */
static int
hf_vq_resume(struct hf_vq *vq, struct hf_virtq_attr *attr)
{
	int ret;

	attr->mod = hf_vq_attr_diff(&vq->attr, attr) | HF_VIRTQ_MOD_STATE;
	attr->state = HF_VIRTQ_RDY;
	if (!hf_virtq_may_modify(vq->dev->caps, vq->state, attr->mod))
		return -ENOTSUP;
	ret = hf_virtq_modify(&vq->hw, attr);
	if (ret != 0)
		return ret;
	hf_vq_attr_set(vq, attr);
	vq->state = HF_VIRTQ_RDY;
	return 0;
}

static int
hf_vq_ready(struct hf_vq *vq, struct hf_virtq_attr *attr)
{
	int ret;

	if (vq->made) {
		ret = hf_vq_resume(vq, attr);
		/* The kernel says of a dead NIC's objects that they are destroyed, also where
		 * others refer to them: the queue goes with the stop, behind steering. */
		if (ret == 0 || ret == -ENXIO)
			return ret;
		ret = hf_vq_destroy(vq);
		if (ret != 0)
			return ret;
	}
	ret = hf_vq_create(vq, attr);
	if (ret != 0)
		return ret;
	ret = hf_vq_resume(vq, attr);
	if (ret != 0)
		hf_vq_destroy(vq);
	return ret;
}

/*
 * Where the guest got its buffers back up to, if the NIC does not say: a split ring says it itself.
 * The driver's own mapping is read, which no front end can take away.
 */
static uint16_t
hf_vq_base_guess(struct hf_vq *vq)
{
	const volatile uint16_t *idx;

	if (!vq->attr.packed) {
		idx = hf_ioas_gpa_to_hva(vq->dev->mem.ioas[HF_ASID_GUEST],
			vq->attr.used + sizeof(uint16_t), sizeof(uint16_t));
		if (idx != NULL)
			return *idx;
	}
	return vq->attr.used_idx;
}

static int
hf_vq_suspend(struct hf_vq *vq)
{
	struct hf_virtq_attr attr = {
		.mod = HF_VIRTQ_MOD_STATE, .state = HF_VIRTQ_SUSPEND, .index = vq->index};
	struct hf_virtq_status st;
	int ret, modified;

	/* Refused for a queue that fell into error, which is as good a stop: the query tells. */
	modified = hf_virtq_modify(&vq->hw, &attr);
	ret = hf_virtq_query(&vq->hw, &st);
	if (ret != 0) {
		/* Suspended, with indices that nobody knows: nothing resumes from that. */
		if (modified == 0)
			vq->state = HF_VIRTQ_ERR;
		return ret;
	}
	if (st.state == HF_VIRTQ_RDY)
		return modified != 0 ? modified : -EIO;
	vq->state = st.state;
	vq->attr.avail_idx = st.avail_idx;
	vq->attr.used_idx = st.used_idx;
	return 0;
}

static void
hf_vq_hw_quiesce(struct hf_vq *vq)
{
	hf_notify_kick_off(vq);
	vq->known = !hf_devx_is_dead(vq->dev->devx) && hf_vq_suspend(vq) == 0;
}

static void
hf_vq_hw_stop(struct hf_vq *vq, uint16_t *base)
{
	/* Whatever its state is, it must not touch guest memory any more. */
	if (!vq->known || vq->state != HF_VIRTQ_SUSPEND)
		hf_vq_destroy(vq);
	*base = vq->known ? vq->attr.used_idx : hf_vq_base_guess(vq);
	if (!vq->known)
		HF_LOG(WARNING, "%s: ring %u: the NIC does not suspend its queue, index 0x%x",
			vq->dev->name, vq->index, *base);
	hf_notify_call_off(vq);
}

/* Parts for a ring of this size. With those of another size the queue on them goes. */
static int
hf_vq_parts_make(struct hf_vq *vq, uint16_t ring_size)
{
	int ret;

	if (vq->parts.ring_size == ring_size)
		return 0;
	ret = hf_vq_destroy(vq);
	return ret != 0 ? ret : hf_parts_make(vq, ring_size);
}

/*
 * A ring that nobody has described yet: it will begin where rings begin (packed: with a wrap
 * counter of 1), and the features are a guess.
 */
static void
hf_vq_guess(const struct hf_dev *dev, struct hf_front_ring *ring, uint64_t *features)
{
	if (*features == 0)
		*features = dev->offered & ~(UINT64_C(1) << VIRTIO_F_RING_PACKED);
	ring->packed = (*features >> VIRTIO_F_RING_PACKED) & 1;
	ring->avail_idx = ring->used_idx = ring->packed ? UINT16_C(1) << 15 : 0;
}

/*
 * On a key that leads nowhere: a start modifies that, and what differs by then. On a NIC that does
 * not, the queue is made by the start, on these parts.
 */
static int
hf_vq_hw_make(struct hf_vq *vq, const struct hf_front_ring *described)
{
	uint64_t later = HF_VIRTQ_MOD_STATE | HF_VIRTQ_MOD_MKEY;
	struct hf_front_ring ring = *described;
	const struct hf_dev *dev = vq->dev;
	uint64_t features = dev->guest.features;
	struct hf_virtq_attr attr;
	int ret;

	/* No ring has two areas in one place. */
	if (ring.desc == ring.used) {
		hf_vq_guess(dev, &ring, &features);
		later |= HF_VIRTQ_MOD_ADDR;
	}
	ret = hf_vq_parts_make(vq, ring.size);
	if (ret != 0 || vq->made || !hf_virtq_may_modify(dev->caps, HF_VIRTQ_INIT, later))
		return ret;
	hf_vq_attr_fill(vq, &ring, features, dev->empty_mkey.key, &attr);
	return hf_vq_create(vq, &attr);
}

static int
hf_vq_hw_start(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	struct hf_virtq_attr attr;
	uint16_t base;
	int ret;

	ret = hf_vq_parts_make(vq, ring->size);
	if (ret != 0)
		return ret;
	hf_vq_attr_start(vq, ring, &attr);
	ret = hf_vq_ready(vq, &attr);
	if (ret != 0)
		return ret;
	ret = hf_notify_on(vq, ring);
	if (ret != 0) {
		/* The NIC has served it meanwhile. */
		hf_vq_hw_quiesce(vq);
		hf_vq_hw_stop(vq, &base);
		hf_front_base_set(vq->dev, vq->index, base);
	}
	return ret;
}

static bool
hf_vq_resumes(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	struct hf_virtq_attr attr;

	if (!vq->made || vq->parts.ring_size != ring->size)
		return false;
	hf_vq_attr_start(vq, ring, &attr);
	return hf_virtq_may_modify(
		vq->dev->caps, vq->state, hf_vq_attr_diff(&vq->attr, &attr) | HF_VIRTQ_MOD_STATE);
}

static int
hf_vq_unpause(struct hf_vq *vq, uint32_t mkey)
{
	struct hf_virtq_attr attr = vq->attr;
	int ret;

	attr.mkey = mkey;
	ret = hf_vq_resume(vq, &attr);
	if (ret == 0)
		hf_notify_nudge(vq);
	return ret;
}

static void
hf_vq_use_mkey(struct hf_vq *vq, uint32_t mkey)
{
	struct hf_virtq_attr attr;

	if (!vq->made || vq->mkey == mkey)
		return;
	if (hf_virtq_may_modify(vq->dev->caps, vq->state, HF_VIRTQ_MOD_MKEY)) {
		attr = vq->attr;
		attr.mod = HF_VIRTQ_MOD_MKEY;
		attr.mkey = mkey;
		if (hf_virtq_modify(&vq->hw, &attr) == 0)
			hf_vq_attr_set(vq, &attr);
	}
}

/*
 * Queues have no way back from ERR (Linux mlx5_vnet.c, is_valid_state_change()): a repair destroys
 * and creates.
 */
static bool
hf_vq_hw_failed(struct hf_vq *vq)
{
	struct hf_virtq_status st;

	if (hf_notify_is_broken(vq)) {
		HF_LOG(ERR, "%s: ring %u: the queue pair that tells of its progress failed",
			vq->dev->name, vq->index);
		return true;
	}
	if (hf_virtq_query(&vq->hw, &st) != 0)
		return false;
	if (st.state != HF_VIRTQ_ERR) {
		HF_LOG(DEBUG, "%s: ring %u: its queue is in state %d, not in error", vq->dev->name,
			vq->index, st.state);
		return false;
	}
	HF_LOG(ERR,
		"%s: ring %u: the NIC stopped on an error of type %u, available index 0x%x,"
		" used index 0x%x",
		vq->dev->name, vq->index, st.error_type, st.avail_idx, st.used_idx);
	return true;
}

const struct hf_path hf_path_hw = {
	.name = "hw",
	.targets = HF_RQT_VIRTQ,
	.memory = hf_parts_bytes,
	.make = hf_vq_hw_make,
	.start = hf_vq_hw_start,
	.resumes = hf_vq_resumes,
	.quiesce = hf_vq_hw_quiesce,
	.stop = hf_vq_hw_stop,
	.pause = hf_vq_suspend,
	.unpause = hf_vq_unpause,
	.use_mkey = hf_vq_use_mkey,
	.destroy = hf_vq_destroy,
	.release = hf_vq_release,
	.nudge = hf_notify_nudge,
	.failed = hf_vq_hw_failed,
};
