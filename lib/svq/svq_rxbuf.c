/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_rxbuf.h"

int
svq_rx_odd_header(struct hf_svq *q, uint32_t nr, const struct svq_chain *c)
{
	struct svq_rxmore *more = svq_rx_more(&q->rx, nr);
	unsigned int i, s = 0;
	uint32_t off = 0;

	for (i = 0; i < q->hdr_len; i++, off++) {
		if (off == c->seg[s].len) {
			off = 0;
			s++;
		}
		more->hdr_byte[i] = svq_mem_at(q->ring.mem, &q->hint, c->seg[s].addr + off, 1);
		if (more->hdr_byte[i] == NULL)
			return -EFAULT;
	}
	return 0;
}

bool
svq_rx_keep_pieces(const struct hf_svq *q, uint32_t i, const struct svq_chain *c)
{
	struct svq_rxbuf *b = svq_rx_buf(&q->rx, i);
	struct svq_rxmore *more = svq_rx_more(&q->rx, i);
	const uint32_t need = q->max_frame + q->hdr_len;
	uint32_t total = b->len;

	while (b->n < c->n && b->n < q->rx.max_segs && total < need) {
		more->seg[b->n - 1] = c->seg[b->n];
		total += c->seg[b->n++].len;
	}
	more->total = total;
	return total > q->hdr_len;
}

/*
 * The pieces of a buffer, after 'skip' bytes, up to the end of the largest frame. False: they do
 * not fit, and it is as it was.
 */
static bool
entry_add(const struct hf_svq *q, struct svq_rx_entry *e, uint32_t i, uint32_t skip)
{
	const unsigned int pieces = svq_rx_buf(&q->rx, i)->n;
	unsigned int nth;

	if (e->n + pieces > q->rx.max_segs)
		return false;
	for (nth = 0; nth < pieces && e->room < q->max_frame; nth++) {
		struct hf_ethq_seg s = svq_rx_seg(q, i, nth);

		if (skip >= s.len) {
			skip -= s.len;
			continue;
		}
		s.addr += skip;
		s.len = RTE_MIN(s.len - skip, q->max_frame - e->room);
		e->room += s.len;
		skip = 0;
		e->seg[e->n++] = s;
	}
	return true;
}

unsigned int
svq_rx_entry_make(const struct hf_svq *q, struct svq_rx_entry *e)
{
	const struct svq_rx *rx = &q->rx;
	const uint32_t have = rx->mrg ? rx->tail - rx->posted : 1;
	unsigned int k = 0;

	e->n = 0;
	e->room = 0;
	while (k < have && e->room < q->max_frame &&
		entry_add(q, e, rx->posted + k, k == 0 ? q->hdr_len : 0))
		k++;
	if (e->room < q->max_frame && rx->mrg && k == have && rx->head != rx->posted)
		return 0;
	return k;
}

void
svq_rx_log(const struct hf_svq *q, uint32_t i, uint32_t n)
{
	unsigned int nth;

	for (nth = 0; n > 0 && nth < svq_rx_buf(&q->rx, i)->n; nth++) {
		struct hf_ethq_seg s = svq_rx_seg(q, i, nth);
		uint32_t part = RTE_MIN(n, s.len);

		svq_log_pages(&q->ring.log, s.addr, part);
		n -= part;
	}
}

void
svq_rx_repost(struct svq_rx *rx, uint32_t i)
{
	*svq_rx_buf(rx, rx->tail) = *svq_rx_buf(rx, i);
	if (svq_rx_buf(rx, i)->n > 1 || svq_rx_buf(rx, i)->hdr == NULL)
		memmove(svq_rx_more(rx, rx->tail), svq_rx_more(rx, i), rx->more_size);
	rx->plain_from = ++rx->tail;
}
