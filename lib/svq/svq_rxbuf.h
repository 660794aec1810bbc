/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Buffers to receive into, by their number in posting order; and work entries made of them.
 */
#ifndef SVQ_RXBUF_H
#define SVQ_RXBUF_H

#include "svq_priv.h"

#define SVQ_RX_SEGS_MAX 32u

static __rte_always_inline struct svq_rxmore *
svq_rx_more(const struct svq_rx *rx, uint32_t i)
{
	return (struct svq_rxmore *)((uint8_t *)rx->more + (size_t)(i & rx->mask) * rx->more_size);
}

static __rte_always_inline struct svq_rxbuf *
svq_rx_buf(const struct svq_rx *rx, uint32_t i)
{
	return &rx->buf[i & rx->mask];
}

/* Bytes of a buffer, header included. */
static __rte_always_inline uint32_t
svq_rx_total(const struct svq_rx *rx, uint32_t i)
{
	const struct svq_rxbuf *b = svq_rx_buf(rx, i);

	return likely(b->n == 1) ? b->len : svq_rx_more(rx, i)->total;
}

static __rte_always_inline struct hf_ethq_seg
svq_rx_seg(const struct hf_svq *q, uint32_t i, unsigned int nth)
{
	const struct svq_rxbuf *b = svq_rx_buf(&q->rx, i);

	if (likely(nth == 0))
		return (struct hf_ethq_seg){.addr = b->gpa, .len = b->len, .lkey = q->ring.mkey};
	return svq_rx_more(&q->rx, i)->seg[nth - 1];
}

/* A work entry of the NIC. */
struct svq_rx_entry {
	struct hf_ethq_seg seg[SVQ_RX_SEGS_MAX];
	unsigned int n;
	uint32_t room; /* for a frame */
};

/* --- what few buffers need: svq_rxbuf.c --- */

/* The header of buffer i, whose chain is c, is not in one place. -EFAULT: nor in memory. */
int svq_rx_odd_header(struct hf_svq *q, uint32_t i, const struct svq_chain *c);
/*
 * Of a chain of more than one piece, as many as the largest frame needs and the NIC takes. False:
 * those have no room for more than the header.
 */
bool svq_rx_keep_pieces(const struct hf_svq *q, uint32_t i, const struct svq_chain *c);
/*
 * A work entry of the next buffers; how many. 0: they are too few for the largest frame, and the
 * NIC has others. One that is too small, as it is all that there is, makes the NIC drop a larger
 * frame.
 */
unsigned int svq_rx_entry_make(const struct hf_svq *q, struct svq_rx_entry *e);
/* The first n bytes of buffer i were written: mark their pages. */
void svq_rx_log(const struct hf_svq *q, uint32_t i, uint32_t n);
/* Offer buffer i again, behind all others. */
void svq_rx_repost(struct svq_rx *rx, uint32_t i);

#endif /* SVQ_RXBUF_H */
