/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The guest receives: the NIC's queue, made, started and armed.
 */
#include "svq_rxbuf.h"

#include <linux/virtio_net.h>
#include <rte_common.h>
#include <stdlib.h>

/* A frame of the largest size fits into mergeable buffers of so many bytes, or more. */
#define RX_SMALL_BUF 256u

static uint16_t
segs_for(uint32_t max_frame)
{
	const uint32_t segs = max_frame / RX_SMALL_BUF + 2;

	return (uint16_t)rte_align32pow2(RTE_MIN(segs, SVQ_RX_SEGS_MAX));
}

static struct hf_ethq_rx_attr
rx_ethq_attr(const struct hf_svq_attr *attr)
{
	const struct hf_devx_caps *caps = hf_devx_caps(attr->devx);

	return (struct hf_ethq_rx_attr){
		.size = (uint16_t)rte_align32pow2(attr->size),
		.max_segs = attr->narrow
			? 1
			: RTE_MIN(segs_for(attr->mtu + SVQ_L2_LEN), hf_rq_max_segs(caps)),
		.ch = attr->ch,
		.cookie = attr->cookie,
		.place = attr->place,
	};
}

size_t
svq_rx_bytes(const struct hf_svq_attr *attr)
{
	const struct hf_ethq_rx_attr ea = rx_ethq_attr(attr);

	return hf_ethq_rx_bytes(&ea);
}

int
svq_rx_create(struct hf_svq *q, const struct hf_svq_attr *attr)
{
	const struct hf_ethq_rx_attr ea = rx_ethq_attr(attr);
	struct svq_rx *rx = &q->rx;
	int ret;

	rx->mask = ea.size - 1u;
	rx->max_segs = ea.max_segs;
	rx->narrow = attr->narrow;
	rx->more_size = sizeof(struct svq_rxmore) + rx->max_segs * sizeof(struct hf_ethq_seg);
	rx->buf = aligned_alloc(
		RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(ea.size * sizeof(*rx->buf)));
	rx->more = calloc(ea.size, rx->more_size);
	rx->group = calloc(ea.size, sizeof(*rx->group));
	ret = rx->buf == NULL || rx->more == NULL || rx->group == NULL ? -ENOMEM : 0;
	if (ret == 0)
		ret = hf_ethq_rx_create(attr->devx, &ea, &rx->ethq);
	if (ret)
		svq_rx_destroy(q);
	return ret;
}

int
svq_rx_destroy(struct hf_svq *q)
{
	struct svq_rx *rx = &q->rx;
	int ret = hf_ethq_rx_destroy(rx->ethq);

	if (ret)
		return ret;
	free(rx->group);
	free(rx->more);
	free(rx->buf);
	return 0;
}

/*
 * All that is available before the first frame can come: what finds no buffer while the poller
 * waits for its CPU is lost. Bounded: a guest may make available as fast as this takes.
 */
static void
rx_fill(struct hf_svq *q)
{
	unsigned int n;

	for (n = 0; n < q->ring.size && q->poll(q, 1) > 0; n += SVQ_BURST)
		;
}

int
svq_rx_start(struct hf_svq *q, uint64_t features)
{
	struct svq_rx *rx = &q->rx;
	uint32_t i;
	int ret;

	rx->head = rx->posted = rx->tail = 0;
	rx->wqe_head = rx->wqe_tail = 0;
	rx->seq = rx->high = rx->plain_from = 0;
	rx->mrg = (features >> VIRTIO_NET_F_MRG_RXBUF & 1) != 0;
	rx->guest_csum = (features >> VIRTIO_NET_F_GUEST_CSUM & 1) != 0;
	for (i = 0; i <= rx->mask; i++)
		rx->group[i] = 1;
	q->poll = svq_rx_polls[q->ring.kind];
	ret = hf_ethq_rx_start(rx->ethq);
	if (ret == 0)
		rx_fill(q);
	return ret;
}

void
svq_rx_arm(struct hf_svq *q)
{
	hf_ethq_rx_arm(q->rx.ethq);
}
