/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <string.h>

#include "hf_dev.h"

int
hf_vq_init(struct hf_vq *vq, struct hf_dev *dev, uint16_t index)
{
	vq->dev = dev;
	vq->index = index;
	vq->path = dev->path;
	vq->kickfd = -1;
	vq->callfd = -1;
	return -pthread_mutex_init(&vq->notify_lock, NULL);
}

void
hf_vq_fini(struct hf_vq *vq)
{
	vq->path->release(vq);
	pthread_mutex_destroy(&vq->notify_lock);
}

int
hf_vq_start(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	int ret;

	ret = vq->path->start(vq, ring);
	if (ret != 0) {
		HF_LOG(ERR, "%s: ring %u cannot be started: %s", vq->dev->name, vq->index,
			strerror(-ret));
		return ret;
	}
	vq->running = true;
	HF_LOG(INFO, "%s: ring %u runs: size %u %s, index 0x%x, queue 0x%x", vq->dev->name,
		vq->index, ring->size,
		ring->packed               ? "packed"
			: ring->big_endian ? "split, big-endian"
					   : "split",
		ring->used_idx, vq->target);
	return 0;
}

void
hf_vq_quiesce(struct hf_vq *vq)
{
	vq->path->quiesce(vq);
	vq->quiesced = true;
}

static void
hf_vq_stop(struct hf_vq *vq, uint16_t *base)
{
	if (!vq->quiesced)
		hf_vq_quiesce(vq);
	vq->path->stop(vq, base);
	vq->quiesced = false;
	vq->running = false;
	HF_LOG(INFO, "%s: ring %u stopped: index 0x%x", vq->dev->name, vq->index, *base);
}

void
hf_vq_end(struct hf_vq *vq, const struct hf_life *life)
{
	uint16_t base;

	if (vq->running) {
		hf_vq_stop(vq, &base);
		if (life->save_index)
			hf_front_base_set(vq->dev, vq->index, base);
	}
	if (!life->keep_enabled) {
		vq->enabled = false;
		vq->addr_set = false;
		vq->big_endian = false;
	}
	if (!life->keep_virtq)
		vq->path->destroy(vq);
	if (!life->keep_parts)
		vq->path->release(vq);
}
