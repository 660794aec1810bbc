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
#include <rte_string_fns.h>

#include "hf_dev.h"
#include "hf_hostnotif.h"
#include "hf_rings.h"
#include "hf_trace.h"

/* --- receive steering --- */

static bool
hf_conf_is_made(const struct hf_vq *vq)
{
	return vq->made;
}

static bool
hf_conf_is_running(const struct hf_vq *vq)
{
	return vq->running;
}

/* Receive queues of a kind, but for one (NULL: none), as targets. NULL: no memory. */
static uint32_t *
hf_conf_targets(struct hf_dev *dev, bool (*wanted)(const struct hf_vq *vq), const struct hf_vq *but,
	unsigned int *n)
{
	uint32_t *ids;
	uint16_t i;

	*n = 0;
	ids = calloc(dev->max_vqs, sizeof(*ids));
	for (i = 0; ids != NULL && i < dev->max_vqs; i++)
		if (hf_vq_is_rx(&dev->vqs[i]) && wanted(&dev->vqs[i]) && &dev->vqs[i] != but)
			ids[(*n)++] = dev->vqs[i].target;
	return ids;
}

/* Are packets led to virtqueues while there is no guest, who does not get them? */
static bool
hf_conf_leads_always(const struct hf_dev *dev)
{
	return dev->args.queues != 0 && dev->path->targets == HF_RQT_VIRTQ;
}

int
hf_dev_steer_early(struct hf_dev *dev)
{
	unsigned int n;
	uint32_t *ids = hf_conf_targets(dev, hf_conf_is_made, NULL, &n);
	int ret;

	if (ids == NULL)
		return -ENOMEM;
	ret = hf_steer_prepare(dev->steer, dev->path->targets, ids, n);
	free(ids);
	if (ret == 0 && hf_conf_leads_always(dev))
		ret = hf_steer_lead(dev->steer);
	return ret;
}

/* Receive queues that run, but for one that is about to stop (NULL: none). */
static int
hf_conf_steer(struct hf_dev *dev, const struct hf_vq *but)
{
	unsigned int n;
	uint32_t *ids = hf_conf_targets(dev, hf_conf_is_running, but, &n);
	int ret;

	if (ids == NULL)
		return -ENOMEM;
	ret = hf_steer_set(dev->steer, dev->path->targets, ids, n);
	free(ids);
	if (ret != 0)
		HF_LOG(ERR, "%s: cannot spread received packets over %u queues: %s", dev->name, n,
			strerror(-ret));
	return ret;
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
hf_conf_ring_event(struct hf_dev *dev, struct hf_vq *vq, enum hf_event event)
{
	bool steered = true;

	/* A queue that receive steering points at must not go; without any steering it can. */
	if (vq->running && hf_vq_is_rx(vq)) {
		steered = hf_conf_steer(dev, vq) == 0;
		if (!steered)
			hf_steer_set(dev->steer, dev->path->targets, NULL, 0);
	}
	hf_vq_end(vq, hf_life(event));
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
	hf_memory_event(dev, HF_EVENT_RING_STOP);
	return 0;
}

int
hf_dev_ring_repair(struct hf_dev *dev, uint16_t index, bool again)
{
	struct hf_vq *vq = &dev->vqs[index];

	hf_conf_ring_event(dev, vq, HF_EVENT_RING_ERROR);
	hf_memory_event(dev, HF_EVENT_RING_ERROR);
	return again ? hf_conf_ring_add(dev, vq) : 0;
}

/* --- the whole device stops --- */

/* A queue that the NIC would neither suspend nor destroy: only without memory is it harmless. */
static bool
hf_conf_is_stuck(const struct hf_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].made && dev->vqs[i].state == HF_VIRTQ_ERR)
			return true;
	return false;
}

/*
 * Whether receive steering may still refer to the receive queues while they are stopped: only if
 * none of them has to be destroyed for it, which the table of queues would not allow.
 */
static bool
hf_conf_keep_targets(const struct hf_dev *dev, const struct hf_life *life)
{
	uint16_t i;

	if (!life->keep_virtq)
		return false;
	if (dev->path->targets == HF_RQT_VIRTQ && !dev->caps->freeze_to_rdy)
		return false;
	for (i = 0; i < dev->max_vqs; i++)
		if (hf_vq_is_rx(&dev->vqs[i]) && dev->vqs[i].running &&
			dev->vqs[i].state != HF_VIRTQ_SUSPEND)
			return false;
	return true;
}

static void
hf_conf_stop(struct hf_dev *dev, const struct hf_life *life)
{
	bool lead = life->keep_steering || hf_conf_leads_always(dev);

	hf_rings_quiesce(dev);
	if (!hf_conf_keep_targets(dev, life) || (!lead && hf_steer_rest(dev->steer) != 0))
		hf_steer_set(dev->steer, dev->path->targets, NULL, 0);
	hf_rings_stop(dev, life);
}

void
hf_dev_event(struct hf_dev *dev, enum hf_event event)
{
	if (dev->configured)
		HF_LOG(INFO, "%s: %s", dev->name, hf_life(event)->name);
	dev->configured = false;
	hf_hostnotif_withdraw(dev);
	hf_conf_stop(dev, hf_life(event));
	if (hf_conf_is_stuck(dev))
		hf_memory_drop(dev, "a queue does not stop");
	else if (event != HF_EVENT_DEVICE_STOP)
		hf_memory_event(dev, event);
	/* One base that is read stops all rings; the device has stopped when all are. */
	else if (hf_front_is_stopped(dev))
		hf_memory_stop_due(dev);
}

/* --- the whole device starts --- */

int
hf_dev_mtu_check(struct hf_dev *dev, uint16_t wanted)
{
	struct hf_config_now config;
	int ret;

	ret = hf_config_refresh(dev);
	if (ret != 0)
		return ret;
	config = hf_config_get(dev);
	/* 0: the firmware does not say, nor does the argument. */
	if (config.mtu == 0 || wanted <= config.mtu)
		return 0;
	HF_LOG(ERR,
		"%s: the guest's MTU %u is larger than the %s, %u: raise the"
		" port's on the host, or lower the guest's",
		dev->name, wanted, config.mtu == config.port.mtu ? "port's" : "argument mtu",
		config.mtu);
	return -EMSGSIZE;
}

static int
hf_conf_mtu(struct hf_dev *dev)
{
	uint16_t wanted = hf_front_mtu(dev);
	int ret;

	/* In poll mode, receive buffers have to have room for the port's. */
	if (wanted == 0 && dev->path != &hf_path_poll)
		return 0;
	ret = hf_dev_mtu_check(dev, wanted);
	dev->mtu = hf_config_get(dev).port.mtu;
	return ret;
}

/* Another datapath for all queues, none of which runs. -EBUSY: one of them does not go. */
static int
hf_conf_path_set(struct hf_dev *dev, const struct hf_path *path)
{
	uint16_t i;

	hf_steer_set(dev->steer, dev->path->targets, NULL, 0);
	for (i = 0; i < dev->max_vqs; i++) {
		dev->path->release(&dev->vqs[i]);
		if (dev->vqs[i].made)
			return -EBUSY;
	}
	for (i = 0; i < dev->max_vqs; i++)
		dev->vqs[i].path = path;
	dev->path = path;
	return 0;
}

/* Which datapath, given what was negotiated. */
static int
hf_conf_path(struct hf_dev *dev)
{
	struct hf_answer v;
	int ret = 0;

	hf_datapath_choose(dev->caps, &dev->wish, &dev->guest, &v);
	strlcpy(dev->path_reason, v.text, sizeof(dev->path_reason));
	if (v.path == NULL) {
		HF_LOG(ERR, "%s: datapath=%s, legacy=%s: %s", dev->name,
			hf_datapath_name(dev->wish.datapath), hf_legacy_name(dev->wish.legacy),
			v.text);
		return -EOPNOTSUPP;
	}
	if (v.path != dev->path)
		ret = hf_conf_path_set(dev, v.path);
	HF_LOG(NOTICE, "%s: datapath %s: %s", dev->name, dev->path->name, v.text);
	return ret;
}

static int
hf_conf_check(struct hf_dev *dev)
{
	int ret;

	ret = hf_front_guest(dev, &dev->guest);
	if (ret == 0)
		ret = hf_conf_path(dev);
	return ret != 0 ? ret : hf_conf_mtu(dev);
}

/* Can receive queues start while packets are led to them, none being made anew? */
static bool
hf_conf_resumes(struct hf_dev *dev, const struct hf_front_table *t, uint16_t rings)
{
	struct hf_front_ring ring;
	struct hf_vq *vq;
	uint16_t i;

	for (i = 0; i < rings; i++) {
		vq = &dev->vqs[i];
		if (hf_vq_is_rx(vq) && vq->enabled && vq->made &&
			hf_front_ring_get(dev, t, i, &ring) == 0 && !vq->path->resumes(vq, &ring))
			return false;
	}
	return true;
}

/* A queue that is made anew could not go while packets were led to it. */
static void
hf_conf_make_way(struct hf_dev *dev, const struct hf_front_table *t)
{
	if (hf_steer_queues(dev->steer) > 0 && !hf_conf_resumes(dev, t, hf_front_rings(dev)))
		hf_steer_set(dev->steer, dev->path->targets, NULL, 0);
}

static int
hf_conf_rings(struct hf_dev *dev, const struct hf_front_table *t)
{
	uint16_t rings = hf_front_rings(dev);
	int ret;

	hf_conf_make_way(dev, t);
	ret = hf_rings_start(dev, t, rings);
	if (ret != 0 && hf_steer_queues(dev->steer) > 0) {
		/* The NIC refused to resume a queue, and it could not go while packets led to it.
		 */
		hf_steer_set(dev->steer, dev->path->targets, NULL, 0);
		ret = hf_rings_start(dev, t, rings);
	}
	return ret != 0 ? ret : hf_conf_steer(dev, NULL);
}

static int
hf_conf_lead(void *arg, unsigned int i)
{
	struct hf_dev *dev = arg;

	RTE_SET_USED(i);
	return hf_steer_lead(dev->steer);
}

/*
 * Are there flows to be created, and can packets be led to queues before they run? They have to
 * stay as they are until then, whatever becomes of the memory.
 */
static bool
hf_conf_leads_early(struct hf_dev *dev, const struct hf_front_table *t)
{
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].made && dev->vqs[i].mkey != dev->empty_mkey.key)
			return false;
	return hf_steer_rests(dev->steer) && hf_conf_resumes(dev, t, hf_front_rings(dev));
}

/*
 * Registering takes longest: the queues, which do not need the memory before they run, are made
 * beside it, and so are flows to those that were made early. What fails there the start repeats.
 */
static int
hf_conf_memory(struct hf_dev *dev, const struct hf_front_table *t)
{
	struct hf_rings_making *making = NULL;
	struct hf_work_batch leading;
	bool leads;
	int ret;

	if (hf_ioas_same(dev->mem.ioas[HF_ASID_GUEST], t->regions, t->n))
		return hf_memory_table(dev, t);
	hf_conf_make_way(dev, t);
	leads = hf_conf_leads_early(dev, t);
	if (leads)
		hf_work_begin(dev->rt->work, &leading, hf_conf_lead, dev, 1);
	making = hf_rings_make(dev, t, hf_front_rings(dev));
	ret = hf_memory_table(dev, t);
	if (leads)
		hf_work_end(dev->rt->work, &leading);
	hf_rings_made(making);
	return ret;
}

static int
hf_conf_start(struct hf_dev *dev)
{
	struct hf_front_table t;
	int ret;

	if (hf_devx_is_dead(dev->devx)) {
		HF_LOG(ERR,
			"%s: the NIC had a fatal error: no guest is served until the device is removed"
			" and added again",
			dev->name);
		return -ENODEV;
	}
	ret = hf_conf_check(dev);
	if (ret != 0)
		return ret;
	ret = hf_front_table_get(dev, &t);
	if (ret != 0)
		return ret;
	if (t.n == 0) {
		HF_LOG(ERR, "%s: the front end's memory table is empty", dev->name);
		ret = -EINVAL;
	} else {
		ret = hf_conf_memory(dev, &t);
	}
	if (ret == 0)
		ret = hf_conf_rings(dev, &t);
	hf_front_table_free(&t);
	return ret;
}

int
hf_dev_conf(struct hf_dev *dev)
{
	int ret;

	if (dev->configured)
		hf_dev_event(dev, HF_EVENT_DEVICE_STOP);
	hf_memory_settle(dev);
	ret = hf_conf_start(dev);
	dev->front.failed = ret != 0;
	dev->front.failed_at = dev->front.changes;
	if (ret != 0) {
		hf_dev_event(dev, HF_EVENT_DEVICE_STOP);
		return ret;
	}
	dev->configured = true;
	hf_hostnotif_offer(dev);
	return 0;
}

int
hf_dev_reset(struct hf_dev *dev, bool clean_map)
{
	int ret = 0;

	hf_dev_event(dev, HF_EVENT_API_RESET);
	if (clean_map)
		ret = hf_memory_reset(dev, HF_ASID_GUEST);
	/* Also when a reset before this one failed half-way. */
	if (ret == 0 && dev->front.started)
		ret = hf_dev_conf(dev);
	hf_trace_reset(dev->name, clean_map, ret);
	return ret;
}

/* --- the datapath of a device that runs --- */

/* Stop, and start with what dev->wish and the features lead to now. */
static int
hf_conf_switch(struct hf_dev *dev)
{
	dev->path_switches++;
	hf_dev_event(dev, HF_EVENT_SWITCH);
	return hf_dev_conf(dev);
}

int
hf_dev_datapath(struct hf_dev *dev, enum hf_datapath wanted)
{
	const struct hf_wish before = dev->wish,
			     wish = {wanted, before.legacy, before.poll_features};
	struct hf_answer v;
	int ret;

	hf_datapath_choose(dev->caps, &wish, dev->configured ? &dev->guest : NULL, &v);
	if (v.path == NULL) {
		HF_LOG(ERR, "%s: datapath %s refused: %s", dev->name, hf_datapath_name(wanted),
			v.text);
		return -EOPNOTSUPP;
	}
	dev->wish = wish;
	dev->front.changes++;
	if (!dev->configured || v.path == dev->path)
		return 0;
	ret = hf_conf_switch(dev);
	if (ret == 0)
		return 0;
	HF_LOG(ERR, "%s: datapath %s does not start: back to %s", dev->name, v.path->name,
		hf_datapath_name(before.datapath));
	dev->wish = before;
	hf_dev_conf(dev);
	return ret;
}

int
hf_dev_features(struct hf_dev *dev)
{
	struct hf_answer v;
	struct hf_guest guest;
	int ret;

	if (!dev->configured)
		return 0;
	ret = hf_front_guest(dev, &guest);
	if (ret != 0 || guest.features == dev->guest.features)
		return ret;
	hf_datapath_choose(dev->caps, &dev->wish, &guest, &v);
	if (v.path != dev->path)
		return hf_conf_switch(dev);
	strlcpy(dev->path_reason, v.text, sizeof(dev->path_reason));
	dev->guest = guest;
	hf_dirty_follow(dev);
	return 0;
}

void
hf_dev_nudge(struct hf_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].running)
			dev->vqs[i].path->nudge(&dev->vqs[i]);
}
