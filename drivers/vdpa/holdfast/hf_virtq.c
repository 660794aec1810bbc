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

/* --- parts --- */

static int
hf_vq_eqp_make(struct hf_vq *vq, uint16_t ring_size)
{
	struct hf_eqp_attr attr = {
		.size = rte_align32pow2(ring_size),
		.ch = &vq->dev->cq_events,
		.cookie = vq->index,
	};
	struct hf_eqp *eqp;
	int ret;

	ret = hf_eqp_create(vq->dev->devx, &attr, &eqp);
	if (ret != 0)
		return ret;
	pthread_mutex_lock(&vq->notify_lock);
	vq->eqp = eqp;
	vq->eqp_errors = 0;
	vq->eqp_broken = false;
	pthread_mutex_unlock(&vq->notify_lock);
	return 0;
}

static void
hf_vq_eqp_drop(struct hf_vq *vq)
{
	struct hf_eqp *eqp;

	pthread_mutex_lock(&vq->notify_lock);
	eqp = vq->eqp;
	vq->eqp = NULL;
	pthread_mutex_unlock(&vq->notify_lock);
	if (eqp != NULL)
		hf_eqp_destroy(eqp);
}

/*
 * For a new queue on it. The event thread sees none meanwhile: it would wait for these commands,
 * and take for an error what a destroyed queue leaves in it.
 */
static int
hf_vq_eqp_reset(struct hf_vq *vq)
{
	struct hf_eqp *eqp = vq->eqp;
	int ret;

	pthread_mutex_lock(&vq->notify_lock);
	vq->eqp = NULL;
	pthread_mutex_unlock(&vq->notify_lock);
	ret = hf_eqp_reset(eqp);
	pthread_mutex_lock(&vq->notify_lock);
	vq->eqp = eqp;
	vq->eqp_errors = hf_eqp_errors(eqp);
	vq->eqp_broken = false;
	pthread_mutex_unlock(&vq->notify_lock);
	return ret;
}

/* What the NIC does not give up is left for the next time. */
static void
hf_vq_parts_drop(struct hf_vq *vq)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(vq->umem); i++) {
		if (vq->umem[i].umem == NULL || hf_umem_destroy(&vq->umem[i]) == 0)
			vq->umem[i] = (struct hf_umem){0};
	}
	hf_vq_eqp_drop(vq);
	vq->ring_size = 0;
}

/* Parts for a ring of this size. Those of another size go, and with them the queue on them. */
static int
hf_vq_parts_make(struct hf_vq *vq, uint16_t ring_size)
{
	const struct hf_devx_caps *caps = vq->dev->caps;
	unsigned int i;
	size_t len;
	int ret;

	if (vq->ring_size == ring_size)
		return 0;
	ret = hf_vq_destroy(vq);
	if (ret != 0)
		return ret;
	hf_vq_parts_drop(vq);
	for (i = 0; i < RTE_DIM(vq->umem); i++) {
		/* One that is left even now stays in the table of objects, as a leak. */
		vq->umem[i] = (struct hf_umem){0};
		len = (size_t)caps->umem[i].a * ring_size + caps->umem[i].b;
		if (len == 0)
			continue;
		ret = hf_umem_create(vq->dev->devx, len, &vq->umem[i]);
		if (ret != 0)
			goto error;
	}
	ret = hf_vq_eqp_make(vq, ring_size);
	if (ret != 0)
		goto error;
	if (caps->virtio_q_counters && vq->counters.devx == NULL) {
		ret = hf_virtq_counters_create(vq->dev->devx, &vq->counters);
		if (ret != 0)
			goto error;
	}
	vq->ring_size = ring_size;
	return 0;
error:
	hf_vq_parts_drop(vq);
	return ret;
}

static void
hf_vq_release(struct hf_vq *vq)
{
	/* A queue that stays needs them; the table of objects names them as leaks at the end. */
	if (hf_vq_destroy(vq) != 0)
		return;
	hf_vq_parts_drop(vq);
	if (vq->counters.devx != NULL)
		hf_virtq_counters_destroy(&vq->counters);
	vq->counters = (struct hf_virtq_counters){0};
}

/* --- the firmware's queue --- */

static void
hf_vq_attr_fill(struct hf_vq *vq, const struct hf_front_ring *ring, struct hf_virtq_attr *attr)
{
	const struct hf_dev *dev = vq->dev;
	unsigned int i;

	*attr = (struct hf_virtq_attr){
		.index = vq->index,
		.size = ring->size,
		.packed = ring->packed,
		.version_1 = (dev->features >> VIRTIO_F_VERSION_1) & 1,
		.tso4 = (dev->features >> VIRTIO_NET_F_HOST_TSO4) & 1,
		.tso6 = (dev->features >> VIRTIO_NET_F_HOST_TSO6) & 1,
		.tx_csum = (dev->features >> VIRTIO_NET_F_CSUM) & 1,
		.rx_csum = (dev->features >> VIRTIO_NET_F_GUEST_CSUM) & 1,
		.desc = ring->desc,
		.avail = ring->avail,
		.used = ring->used,
		.mkey = hf_ioas_mkey(dev->mem.ioas[HF_ASID_GUEST]),
		.avail_idx = ring->avail_idx,
		.used_idx = ring->used_idx,
		.event_mode = HF_VQ_EVENT_MODE_QP,
		.event_qpn = hf_eqp_qpn(vq->eqp),
		.tisn = dev->tis.id,
		.counters = vq->counters.id,
	};
	for (i = 0; i < RTE_DIM(attr->umem); i++) {
		attr->umem[i].id = vq->umem[i].id;
		attr->umem[i].size = vq->umem[i].len;
	}
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
	unsigned int i;
	int ret;

	ret = hf_vq_eqp_reset(vq);
	if (ret != 0)
		return ret;
	for (i = 0; i < RTE_DIM(vq->umem); i++)
		if (vq->umem[i].buf != NULL)
			memset(vq->umem[i].buf, 0, vq->umem[i].len);
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
		if (ret == 0)
			return 0;
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

static int
hf_vq_hw_start(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	struct hf_virtq_attr attr;
	uint16_t base;
	int ret;

	ret = hf_vq_parts_make(vq, ring->size);
	if (ret != 0)
		return ret;
	hf_vq_attr_fill(vq, ring, &attr);
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

	if (!vq->made || vq->ring_size != ring->size)
		return false;
	hf_vq_attr_fill(vq, ring, &attr);
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
		if (hf_virtq_modify(&vq->hw, &attr) == 0) {
			hf_vq_attr_set(vq, &attr);
			return;
		}
	}
	hf_vq_destroy(vq);
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
