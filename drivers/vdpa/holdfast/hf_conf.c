/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Starting and stopping: what the front end's word means for queues, memory and steering of a
 * device.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "hf_dev.h"
#include "hf_hostnotif.h"
#include "hf_notify.h"

/* --- receive steering --- */

/* Receive queues that run, but for one that is about to stop (NULL: none). */
static int
hf_conf_steer(struct hf_dev *dev, const struct hf_vq *but)
{
	uint32_t *ids;
	unsigned int n = 0;
	uint16_t i;
	int ret;

	ids = calloc(dev->max_vqs, sizeof(*ids));
	if (ids == NULL)
		return -ENOMEM;
	for (i = 0; i < dev->max_vqs; i++)
		if (hf_vq_is_rx(&dev->vqs[i]) && dev->vqs[i].running && &dev->vqs[i] != but)
			ids[n++] = dev->vqs[i].hw.id;
	ret = hf_steer_set(dev->steer, ids, n);
	free(ids);
	if (ret != 0)
		HF_LOG(ERR, "%s: cannot spread received packets over %u queues: %s", dev->name, n,
			strerror(-ret));
	return ret;
}

/* --- memory --- */

static bool
hf_conf_mkey_busy(void *user)
{
	struct hf_dev *dev = user;
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].running)
			return true;
	return false;
}

static int
hf_conf_mkey_prepare(void *user, uint32_t new_mkey)
{
	RTE_SET_USED(new_mkey);
	return hf_conf_mkey_busy(user) ? -EBUSY : 0;
}

static void
hf_conf_mkey_commit(void *user, uint32_t new_mkey)
{
	struct hf_dev *dev = user;
	uint16_t i;

	if (new_mkey == 0)
		new_mkey = dev->empty_mkey.key;
	for (i = 0; i < dev->max_vqs; i++)
		hf_vq_use_mkey(&dev->vqs[i], new_mkey);
}

static void
hf_conf_mkey_abort(void *user)
{
	/* Nothing was begun: the queues are stopped, and still point at the old mkey. */
	RTE_SET_USED(user);
}

static const struct hf_ioas_user_ops hf_conf_mkey_ops = {
	.busy = hf_conf_mkey_busy,
	.prepare = hf_conf_mkey_prepare,
	.commit = hf_conf_mkey_commit,
	.abort = hf_conf_mkey_abort,
};

static int
hf_conf_memory(struct hf_dev *dev, const struct hf_front_table *t)
{
	struct hf_ioas_change change;
	int ret;

	if (t->n == 0) {
		HF_LOG(ERR, "%s: the front end's memory table is empty", dev->name);
		return -EINVAL;
	}
	if (!dev->ioas_user) {
		ret = hf_ioas_user_add(dev->ioas, &hf_conf_mkey_ops, dev);
		if (ret != 0)
			return ret;
		dev->ioas_user = true;
	}
	ret = hf_ioas_update(dev->ioas, t->regions, t->n, &change);
	if (ret != 0)
		HF_LOG(ERR, "%s: cannot register the guest's memory (%u regions): %s", dev->name,
			t->n, strerror(-ret));
	else if (!change.changed)
		HF_LOG(INFO, "%s: guest memory is unchanged: all MRs and mkey 0x%x kept", dev->name,
			hf_ioas_mkey(dev->ioas));
	return ret;
}

/*
 * Unpin the guest's memory. Kept queues get the empty mkey first, so that none points at a dead
 * one.
 */
static void
hf_conf_memory_drop(struct hf_dev *dev)
{
	uint16_t i;
	int ret;

	if (!dev->ioas_user)
		return;
	for (i = 0; i < dev->max_vqs; i++)
		hf_vq_use_mkey(&dev->vqs[i], dev->empty_mkey.key);
	hf_ioas_user_del(dev->ioas, dev);
	dev->ioas_user = false;
	ret = hf_ioas_reset_map(dev->ioas, NULL);
	if (ret != 0)
		HF_LOG(ERR, "%s: cannot release the guest's memory: %s", dev->name, strerror(-ret));
}

/* --- one ring --- */

/* 0, also for a ring that the front end has not set up yet: it will say when. */
static int
hf_conf_ring_start(struct hf_dev *dev, const struct hf_front_table *t, uint16_t index)
{
	struct hf_front_ring ring;
	int ret;

	ret = hf_front_ring_get(dev, t, index, &ring);
	if (ret == -EAGAIN) {
		HF_LOG(NOTICE, "%s: ring %u is enabled but not set up: left alone", dev->name,
			index);
		return 0;
	}
	if (ret != 0)
		return ret;
	return hf_vq_start(&dev->vqs[index], &ring);
}

static void
hf_conf_ring_stop(struct hf_dev *dev, struct hf_vq *vq, const struct hf_life *life)
{
	uint16_t base;

	if (vq->running) {
		hf_vq_stop(vq, &base);
		if (life->save_index)
			hf_front_base_set(dev, vq->index, base);
	}
	if (!life->keep_enabled) {
		vq->enabled = false;
		vq->addr_set = false;
	}
	if (!life->keep_virtq)
		hf_vq_destroy(vq);
	if (!life->keep_parts)
		hf_vq_release(vq);
}

static void
hf_conf_ring_event(struct hf_dev *dev, struct hf_vq *vq, enum hf_event event)
{
	bool steered = true;

	/* A queue that receive steering points at must not go; without any steering it can. */
	if (vq->running && hf_vq_is_rx(vq)) {
		steered = hf_conf_steer(dev, vq) == 0;
		if (!steered)
			hf_steer_set(dev->steer, NULL, 0);
	}
	hf_conf_ring_stop(dev, vq, hf_life(event));
	if (!steered)
		hf_conf_steer(dev, NULL);
}

/* Start a ring of a configured device. */
static int
hf_conf_ring_add(struct hf_dev *dev, struct hf_vq *vq)
{
	struct hf_front_table t;
	int ret;

	ret = hf_front_table_get(dev, &t);
	if (ret != 0)
		return ret;
	ret = hf_conf_ring_start(dev, &t, vq->index);
	hf_front_table_free(&t);
	if (ret != 0 || !vq->running)
		return ret;
	if (hf_vq_is_rx(vq)) {
		ret = hf_conf_steer(dev, NULL);
		if (ret != 0) {
			hf_conf_ring_event(dev, vq, HF_EVENT_RING_STOP);
			return ret;
		}
	}
	hf_hostnotif_offer(dev);
	return 0;
}

int
hf_dev_ring_state(struct hf_dev *dev, uint16_t index, bool enable)
{
	struct hf_vq *vq = &dev->vqs[index];

	vq->enabled = enable;
	if (!dev->configured || enable == vq->running)
		return 0;
	if (enable)
		return hf_conf_ring_add(dev, vq);
	hf_conf_ring_event(dev, vq, HF_EVENT_RING_STOP);
	return 0;
}

int
hf_dev_ring_repair(struct hf_dev *dev, uint16_t index, bool again)
{
	struct hf_vq *vq = &dev->vqs[index];

	hf_conf_ring_event(dev, vq, HF_EVENT_RING_ERROR);
	return again ? hf_conf_ring_add(dev, vq) : 0;
}

/* --- the whole device --- */

/* A queue that the NIC would neither suspend nor destroy: only without memory is it harmless. */
static bool
hf_conf_is_stuck(const struct hf_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].hw.devx != NULL && dev->vqs[i].state == HF_VIRTQ_ERR)
			return true;
	return false;
}

void
hf_dev_event(struct hf_dev *dev, enum hf_event event)
{
	const struct hf_life *life = hf_life(event);
	uint16_t i;

	if (dev->configured)
		HF_LOG(INFO, "%s: %s", dev->name, life->name);
	dev->configured = false;
	hf_hostnotif_withdraw(dev);
	hf_steer_set(dev->steer, NULL, 0);
	for (i = 0; i < dev->max_vqs; i++)
		hf_conf_ring_stop(dev, &dev->vqs[i], life);
	if (!hf_policy_keeps(dev, event) || hf_conf_is_stuck(dev))
		hf_conf_memory_drop(dev);
}

static int
hf_conf_mtu(struct hf_dev *dev)
{
	struct hf_devx_vport vport;
	uint16_t wanted = hf_front_mtu(dev);
	int ret;

	if (wanted == 0)
		return 0;
	ret = hf_devx_vport_query(dev->devx, &vport);
	if (ret != 0)
		return ret;
	/* 0: the firmware does not say. */
	if (vport.mtu == 0 || wanted <= vport.mtu)
		return 0;
	HF_LOG(ERR,
		"%s: the guest's MTU %u is larger than the port's, %u: raise the"
		" port's on the host, or lower the guest's",
		dev->name, wanted, vport.mtu);
	return -EMSGSIZE;
}

static int
hf_conf_check(struct hf_dev *dev)
{
	uint16_t rings = hf_front_rings(dev);
	int ret;

	ret = hf_front_features(dev, &dev->features);
	if (ret != 0)
		return ret;
	if (rings > dev->max_vqs) {
		HF_LOG(ERR,
			"%s: the front end has set up %u rings, there are %u queues: give"
			" the guest at most %u queue pairs",
			dev->name, rings, dev->max_vqs, dev->max_vqs / 2);
		return -E2BIG;
	}
	return hf_conf_mtu(dev);
}

static int
hf_conf_rings(struct hf_dev *dev, const struct hf_front_table *t)
{
	uint16_t rings = hf_front_rings(dev);
	uint16_t i;
	int ret;

	for (i = 0; i < rings; i++) {
		if (!dev->vqs[i].enabled)
			continue;
		ret = hf_conf_ring_start(dev, t, i);
		if (ret != 0)
			return ret;
	}
	return hf_conf_steer(dev, NULL);
}

int
hf_dev_conf(struct hf_dev *dev)
{
	struct hf_front_table t;
	int ret;

	if (dev->configured)
		hf_dev_event(dev, HF_EVENT_DEVICE_STOP);
	ret = hf_conf_check(dev);
	if (ret != 0)
		return ret;
	ret = hf_front_table_get(dev, &t);
	if (ret != 0)
		return ret;
	ret = hf_conf_memory(dev, &t);
	if (ret == 0)
		ret = hf_conf_rings(dev, &t);
	hf_front_table_free(&t);
	if (ret != 0) {
		hf_dev_event(dev, HF_EVENT_DEVICE_STOP);
		return ret;
	}
	dev->configured = true;
	hf_hostnotif_offer(dev);
	return 0;
}

void
hf_dev_nudge(struct hf_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].running)
			hf_notify_nudge(&dev->vqs[i]);
}
