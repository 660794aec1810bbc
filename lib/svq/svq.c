/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_priv.h"

#include <inttypes.h>
#include <linux/virtio_config.h>
#include <rte_common.h>
#include <stdio.h>
#include <stdlib.h>

#include "hf_log.h"

/* Received packets may be too many for one entry. */
#define IN_ORDER_MRG ((UINT64_C(1) << VIRTIO_F_IN_ORDER) | (UINT64_C(1) << VIRTIO_NET_F_MRG_RXBUF))

/* The poller's side of a queue that is not started. */
static unsigned int
idle_poll(struct hf_svq *q, unsigned int burst)
{
	(void)q;
	(void)burst;
	return 0;
}

size_t
hf_svq_bytes(const struct hf_svq_attr *attr)
{
	size_t bytes = attr->rx ? svq_rx_bytes(attr) : svq_tx_bytes(attr);

	return RTE_ALIGN_CEIL(bytes, (size_t)HF_PLACE_ALIGN);
}

int
hf_svq_create(const struct hf_svq_attr *attr, struct hf_svq **out)
{
	struct hf_svq *q;
	int ret;

	if (attr->size == 0 || attr->size > HF_SVQ_MAX_SIZE)
		return -EINVAL;
	q = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(sizeof(*q)));
	if (q == NULL)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	snprintf(q->ring.name, sizeof(q->ring.name), "%.31s: queue %u", attr->name, attr->index);
	q->is_rx = attr->rx;
	q->can_sleep = attr->ch != NULL;
	q->max_size = attr->size;
	q->max_frame = attr->mtu + SVQ_L2_LEN;
	q->devx = attr->devx;
	q->poll = idle_poll;
	ret = q->is_rx ? svq_rx_create(q, attr) : svq_tx_create(q, attr);
	if (ret) {
		free(q);
		return ret;
	}
	*out = q;
	return 0;
}

int
hf_svq_destroy(struct hf_svq *q)
{
	uint16_t avail_idx, used_idx;
	int ret;

	if (q == NULL)
		return 0;
	hf_svq_stop(q, &avail_idx, &used_idx);
	ret = q->is_rx ? svq_rx_destroy(q) : svq_tx_destroy(q);
	if (ret == 0)
		free(q);
	return ret;
}

uint32_t
hf_svq_rqn(const struct hf_svq *q)
{
	return hf_ethq_rx_rqn(q->rx.ethq);
}

/* By virtio 1.2, 5.1.6.1: the field num_buffers is there with either. */
static uint16_t
hdr_len_for(uint64_t features)
{
	const uint64_t has =
		(UINT64_C(1) << VIRTIO_F_VERSION_1) | (UINT64_C(1) << VIRTIO_NET_F_MRG_RXBUF);

	return (features & has) != 0 ? sizeof(struct virtio_net_hdr_v1)
				     : sizeof(struct virtio_net_hdr);
}

int
hf_svq_start(struct hf_svq *q, const struct hf_svq_ring *ring)
{
	const uint64_t features = ring->features;
	int ret;

	if (q->started)
		return -EALREADY;
	if (ring->size > q->max_size || (q->is_rx && (features & IN_ORDER_MRG) == IN_ORDER_MRG)) {
		HF_LOG(ERR, "%s: size %u of at most %u, features %#" PRIx64, q->ring.name,
			ring->size, q->max_size, features);
		return -EINVAL;
	}
	ret = svq_ring_init(&q->ring, ring, q->is_rx);
	if (ret)
		return ret;
	q->hint = 0;
	q->hdr_len = hdr_len_for(features);
	ret = q->is_rx ? svq_rx_start(q, features) : svq_tx_start(q, features);
	if (ret) {
		q->poll = idle_poll;
		return ret;
	}
	svq_ring_kicks(&q->ring, false);
	q->started = true;
	return 0;
}

/* The guest's side is as if nothing had been taken that was not used. */
int
hf_svq_stop(struct hf_svq *q, uint16_t *avail_idx, uint16_t *used_idx)
{
	int ret;

	if (!q->started)
		return -EALREADY;
	q->started = false;
	q->poll = idle_poll;
	ret = q->is_rx ? svq_rx_stop(q) : svq_tx_stop(q);
	*avail_idx = *used_idx = q->ring.next_avail = q->ring.next_used;
	/* Whoever serves the ring next, needs them. */
	svq_ring_kicks(&q->ring, true);
	return ret;
}

void
hf_svq_set_log(struct hf_svq *q, const struct hf_svq_log *log)
{
	q->ring.log = log != NULL ? *log : (struct hf_svq_log){.bits = NULL};
}

unsigned int
hf_svq_poll(struct hf_svq *q, unsigned int burst)
{
	return q->poll(q, burst);
}

bool
hf_svq_sleep(struct hf_svq *q)
{
	if (!q->started || q->ring.error != 0)
		return true;
	if (!q->can_sleep)
		return false;
	svq_ring_kicks(&q->ring, true);
	if (q->is_rx)
		svq_rx_arm(q);
	else
		svq_tx_arm(q);
	/* The guest adds, then looks whether to kick; here it is the reverse. */
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!svq_ring_pending(&q->ring))
		return true;
	svq_ring_kicks(&q->ring, false);
	return false;
}

void
hf_svq_wake(struct hf_svq *q)
{
	if (q->started)
		svq_ring_kicks(&q->ring, false);
}

int
hf_svq_error(const struct hf_svq *q)
{
	return __atomic_load_n(&q->ring.error, __ATOMIC_RELAXED);
}

void
hf_svq_stats(const struct hf_svq *q, struct hf_svq_stats *st)
{
	const uint64_t *from = (const uint64_t *)&q->stats;
	uint64_t *to = (uint64_t *)st;
	unsigned int i;

	for (i = 0; i < sizeof(*st) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	st->calls = __atomic_load_n(&q->ring.calls, __ATOMIC_RELAXED);
	st->errors = __atomic_load_n(&q->ring.errors, __ATOMIC_RELAXED);
}
