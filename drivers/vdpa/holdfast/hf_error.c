/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <time.h>

#include <rte_common.h>

#include "hf_dev.h"
#include "hf_error.h"

/* Events taken in one go, so that the errors of other devices get their turn. */
#define HF_ERROR_BUDGET 16

static uint64_t
hf_error_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One more repair is due, unless HF_VQ_ERRORS_MAX were already within the window. */
static bool
hf_error_repairable(struct hf_vq *vq)
{
	uint64_t now = hf_error_now_ms();
	uint64_t *oldest = &vq->error_at[vq->errors % HF_VQ_ERRORS_MAX];

	if (vq->errors >= HF_VQ_ERRORS_MAX && now - *oldest < HF_VQ_ERRORS_WINDOW_MS)
		return false;
	*oldest = now;
	vq->errors++;
	return true;
}

/*
 * Queues have no way back from ERR (Linux mlx5_vnet.c, is_valid_state_change()): destroy, and
 * create at the position up to which the guest got its buffers back.
 */
static void
hf_error_repair(struct hf_dev *dev, struct hf_vq *vq)
{
	struct hf_virtq_status st;

	if (hf_virtq_query(&vq->hw, &st) != 0)
		return;
	if (st.state != HF_VIRTQ_ERR) {
		HF_LOG(DEBUG, "%s: ring %u: its queue is in state %d, not in error", dev->name,
			vq->index, st.state);
		return;
	}
	HF_LOG(ERR,
		"%s: ring %u: the NIC stopped on an error of type %u, available index 0x%x, used index 0x%x",
		dev->name, vq->index, st.error_type, st.avail_idx, st.used_idx);
	if (hf_error_repairable(vq)) {
		hf_dev_ring_repair(dev, vq->index, true);
		HF_LOG(NOTICE, "%s: ring %u: repair %u", dev->name, vq->index, vq->errors);
	} else {
		hf_dev_ring_repair(dev, vq->index, false);
		HF_LOG(ERR,
			"%s: ring %u: %u errors within %u ms: left stopped until the guest starts it again",
			dev->name, vq->index, HF_VQ_ERRORS_MAX + 1, HF_VQ_ERRORS_WINDOW_MS);
	}
}

static void
hf_error_event(struct hf_dev *dev, uint64_t cookie)
{
	uint32_t version = cookie >> 32;
	uint32_t index = (uint32_t)cookie;
	struct hf_vq *vq;

	if (index >= dev->max_vqs)
		return;
	vq = &dev->vqs[index];
	pthread_mutex_lock(&dev->lock);
	if (vq->running && vq->version == version)
		hf_error_repair(dev, vq);
	pthread_mutex_unlock(&dev->lock);
}

/* Events were lost: ask every queue. */
static void
hf_error_overflow(struct hf_dev *dev)
{
	uint16_t i;

	pthread_mutex_lock(&dev->lock);
	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].running)
			hf_error_repair(dev, &dev->vqs[i]);
	pthread_mutex_unlock(&dev->lock);
}

static void
hf_error_cb(int fd, void *arg)
{
	struct hf_dev *dev = arg;
	unsigned int i;
	uint64_t cookie;
	int ret;

	for (i = 0; i < HF_ERROR_BUDGET; i++) {
		ret = hf_evch_read(&dev->errors, &cookie);
		if (ret == 0)
			return;
		if (ret == -EOVERFLOW) {
			hf_error_overflow(dev);
		} else if (ret < 0) {
			/* The NIC was unplugged: the channel would stay readable for ever. */
			HF_LOG(CRIT, "%s: no error of a queue is noticed any more", dev->name);
			hf_loop_del(dev->rt->control, fd);
			return;
		} else {
			hf_error_event(dev, cookie);
		}
	}
}

int
hf_error_init(struct hf_dev *dev)
{
	return hf_loop_add(dev->rt->control, dev->errors.fd, hf_error_cb, dev);
}

void
hf_error_fini(struct hf_dev *dev)
{
	hf_loop_del(dev->rt->control, dev->errors.fd);
}
