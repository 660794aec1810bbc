/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The guest receives. A work entry has one chain of the guest, or, with MRG_RXBUF, as many as the
 * largest frame needs; those that a packet left empty are offered to the NIC again, behind all
 * others. A frame that does not fit into its entry is dropped by the NIC, with a completion.
 */
#include "svq_rxbuf.h"

#include <linux/virtio_config.h>
#include <rte_common.h>

#include "hf_log.h"

/* --- from the ring --- */

static __rte_always_inline int
buf_add(struct hf_svq *q, const struct svq_chain *c)
{
	struct svq_rx *rx = &q->rx;
	const struct hf_ethq_seg *s = c->seg;
	struct svq_rxbuf *b = svq_rx_buf(rx, rx->tail);

	if (unlikely(c->len <= q->hdr_len)) {
		svq_ring_bad(&q->ring, -EPROTO, "a buffer of %u bytes, header included", c->len);
		return -1;
	}
	if (unlikely(rx->narrow) && (c->n > 1 || (rx->mrg && c->len < q->hdr_len + q->max_frame))) {
		svq_ring_outgrown(&q->ring);
		return -1;
	}
	*b = (struct svq_rxbuf){
		.gpa = s->addr,
		.len = s->len,
		.seq = rx->seq,
		.id = c->id,
		.slots = c->slots,
		.n = 1,
	};
	if (likely(s->len >= q->hdr_len))
		b->hdr = svq_mem_at(q->ring.mem, &q->hint, s->addr, q->hdr_len);
	if (unlikely(b->hdr == NULL) && svq_rx_odd_header(q, rx->tail, c) != 0) {
		svq_ring_bad(&q->ring, -EFAULT,
			"the virtio header of buffer %u is outside of the guest's memory", c->id);
		return -1;
	}
	if (unlikely(c->n > 1) && !svq_rx_keep_pieces(q, rx->tail, c)) {
		svq_ring_bad(&q->ring, -E2BIG,
			"%u pieces of a buffer, as many as the NIC takes, hold the header alone",
			rx->max_segs);
		return -1;
	}
	rx->seq += c->slots;
	rx->plain_from = ++rx->tail;
	return 0;
}

static __rte_always_inline unsigned int
rx_take(struct hf_svq *q, enum svq_kind kind, unsigned int max)
{
	struct svq_burst *b = &q->burst;
	unsigned int i;

	svq_ring_take(&q->ring, kind, b, max);
	for (i = 0; i < b->n; i++) {
		if (unlikely(buf_add(q, &b->c[i]) != 0)) {
			svq_ring_untake(&q->ring, kind, b, i);
			break;
		}
	}
	return i;
}

/*
 * From the ring to the NIC: chains of one piece that take any frame, as most guests have them, up
 * to the first that is anything else. Nothing waits to be posted.
 */
static __rte_always_inline unsigned int
rx_take_plain(struct hf_svq *q, enum svq_kind kind, unsigned int max)
{
	struct svq_rx *rx = &q->rx;
	struct svq_rxbuf *const buf = rx->buf;
	const uint32_t tail = rx->tail, seq = rx->seq, mask = rx->mask;
	const uint32_t hdr_len = q->hdr_len;
	uint32_t hint = q->hint;
	struct svq_mem_window w = svq_mem_window(q->ring.mem, hint, hdr_len);
	unsigned int i, n;
	struct svq_plain p;

	max = RTE_MIN(max, hf_ethq_rx_room(rx->ethq));
	n = svq_ring_take_plain(&q->ring, kind, &p, hdr_len + (rx->mrg ? q->max_frame : 1), max);
	for (i = 0; i < n; i++) {
		struct svq_rxbuf *b = &buf[(tail + i) & mask];
		const uint64_t gpa = p.addr[i];
		uint8_t *hdr = svq_mem_window_at(&w, gpa);

		if (unlikely(hdr == NULL)) {
			hdr = svq_mem_find(q->ring.mem, &hint, gpa, hdr_len);
			if (hdr == NULL)
				break;
			w = svq_mem_window(q->ring.mem, hint, hdr_len);
		}
		b->hdr = hdr;
		b->gpa = gpa;
		b->len = p.len[i];
		b->seq = seq + i;
		b->id = p.id[i];
		b->slots = 1;
		b->n = 1;
	}
	svq_ring_untake_plain(&q->ring, kind, &p, i, n);
	hf_ethq_rx_put_plain(rx->ethq, p.addr, p.len, hdr_len, q->max_frame, q->ring.mkey, i);
	hf_ethq_rx_ring(rx->ethq);
	q->hint = hint;
	rx->seq = seq + i;
	rx->tail = rx->posted = tail + i;
	rx->wqe_tail += i; /* group[] has 1 there */
	return i;
}

/* --- to the NIC --- */

static void
rx_post(struct hf_svq *q)
{
	struct svq_rx *rx = &q->rx;
	struct svq_rx_entry e;
	unsigned int k;

	while (rx->posted != rx->tail) {
		k = svq_rx_entry_make(q, &e);
		if (k == 0 || !hf_ethq_rx_put(rx->ethq, e.seg, e.n))
			break;
		rx->group[rx->wqe_tail++ & rx->mask] = (uint16_t)k;
		rx->posted += k;
	}
	hf_ethq_rx_ring(rx->ethq);
}

/* --- from the NIC, to the guest --- */

/* A header of 10 or 12 bytes; the last two are num_buffers. */
static __rte_always_inline void
header_store(uint8_t *to, enum svq_kind kind, uint32_t hdr_len, bool valid)
{
	const uint64_t first = rte_cpu_to_le_64(valid ? VIRTIO_NET_HDR_F_DATA_VALID : 0);
	const uint32_t last = rte_cpu_to_le_32((uint32_t)svq_guest_16(kind, 1) << 16);

	memcpy(to, &first, sizeof(first));
	if (likely(hdr_len == SVQ_HDR_MAX))
		memcpy(to + sizeof(first), &last, sizeof(last));
	else
		memcpy(to + sizeof(first), &last, sizeof(uint16_t));
}

/* The same in any buffer. */
static void
header_write(const struct hf_svq *q, uint32_t i, bool valid, uint16_t buffers)
{
	const struct virtio_net_hdr_v1 h = {
		.flags = valid ? VIRTIO_NET_HDR_F_DATA_VALID : 0,
		.gso_type = VIRTIO_NET_HDR_GSO_NONE,
		.num_buffers = svq_guest_16(q->ring.kind, buffers),
	};
	const struct svq_rxbuf *b = svq_rx_buf(&q->rx, i);
	uint8_t *const *byte = svq_rx_more(&q->rx, i)->hdr_byte;
	unsigned int n;

	for (n = 0; n < q->hdr_len; n++)
		*(b->hdr != NULL ? b->hdr + n : byte[n]) = ((const uint8_t *)&h)[n];
}

static __rte_always_inline void
used_until(struct svq_rx *rx, uint32_t end)
{
	if ((int32_t)(end - rx->high) > 0)
		rx->high = end;
}

/* n bytes, header included. */
static __rte_always_inline void
buf_used(struct hf_svq *q, enum svq_kind kind, struct svq_used *u, uint32_t i, uint32_t n)
{
	const struct svq_rxbuf *b = svq_rx_buf(&q->rx, i);

	if (unlikely(svq_log_is_on(&q->ring.log)))
		svq_rx_log(q, i, n);
	used_until(&q->rx, b->seq + b->slots);
	svq_used_add(kind, u, b->id, b->slots, n);
}

/* No frame came of this entry: it was too short for one. A single buffer goes back empty. */
static void
packet_drop(struct hf_svq *q, enum svq_kind kind, struct svq_used *u, unsigned int k)
{
	struct svq_rx *rx = &q->rx;
	/* How much of the entry was written, the NIC does not say. */
	uint32_t left = q->hdr_len + q->max_frame;
	unsigned int i;

	svq_count(&q->stats.drop_small, 1);
	for (i = 0; i < k; i++, rx->head++) {
		uint32_t part = RTE_MIN(left, svq_rx_total(rx, rx->head));

		if (unlikely(svq_log_is_on(&q->ring.log)))
			svq_rx_log(q, rx->head, part);
		left -= part;
		if (rx->mrg)
			svq_rx_repost(rx, rx->head);
		else
			buf_used(q, kind, u, rx->head, 0);
	}
}

/*
 * A packet of 'left' bytes, header included, in the first of k buffers. False: the NIC did not have
 * room for so many, and the guest gets none of it.
 */
static bool
packet_spread(struct hf_svq *q, enum svq_kind kind, struct svq_used *u, unsigned int k,
	uint32_t left, bool valid)
{
	struct svq_rx *rx = &q->rx;
	uint32_t room = 0;
	unsigned int j, i;

	for (j = 0; j < k && room < left; j++)
		room += RTE_MIN(left, svq_rx_total(rx, rx->head + j));
	/* An entry ends where the largest frame does, though its buffers go on. */
	if (room < left || left - q->hdr_len > q->max_frame) {
		svq_ring_bad(&q->ring, -EIO, "the NIC says of %u bytes that it wrote them", left);
		packet_drop(q, kind, u, k);
		return false;
	}
	header_write(q, rx->head, valid, (uint16_t)j);
	for (i = 0; i < j; i++, rx->head++) {
		uint32_t part = RTE_MIN(left, svq_rx_total(rx, rx->head));

		buf_used(q, kind, u, rx->head, part);
		left -= part;
	}
	for (; i < k; i++, rx->head++)
		svq_rx_repost(rx, rx->head);
	return true;
}

static void
rx_failed(struct hf_svq *q)
{
	const struct hf_ethq_error *e = hf_ethq_rx_error(q->rx.ethq);

	svq_ring_bad(
		&q->ring, svq_nic_error(e), "the NIC could not receive, syndrome %#x", e->syndrome);
}

/* Has each entry of the NIC one chain of one piece, from the first that is there? */
static __rte_always_inline bool
rx_is_plain(const struct svq_rx *rx)
{
	return (int32_t)(rx->head - rx->plain_from) >= 0;
}

/* A packet that is not in one buffer of one piece, or none at all. */
static void
packet_give(
	struct hf_svq *q, enum svq_kind kind, struct svq_used *u, const struct hf_ethq_rx_cpl *cpl)
{
	struct svq_rx *rx = &q->rx;
	uint16_t *const group = &rx->group[rx->wqe_head++ & rx->mask];
	const unsigned int k = *group;
	const bool valid = rx->guest_csum && (cpl->flags & HF_ETHQ_RX_L4_OK) != 0;

	*group = 1;
	if (cpl->syndrome != 0) {
		packet_drop(q, kind, u, k);
	} else if (packet_spread(q, kind, u, k, RTE_MAX(cpl->len + q->hdr_len, cpl->len), valid)) {
		svq_count(&q->stats.packets, 1);
		svq_count(&q->stats.bytes, cpl->len);
	}
}

/* The first of n completions, as far as each is a frame in a plain buffer; how many. */
static __rte_always_inline unsigned int
give_plain(struct hf_svq *q, enum svq_kind kind, struct svq_used *u,
	const struct hf_ethq_rx_cpl *cpl, unsigned int n)
{
	struct svq_rx *rx = &q->rx;
	const struct svq_rxbuf *const buf = rx->buf;
	const uint32_t head = rx->head, mask = rx->mask;
	const uint32_t hdr_len = q->hdr_len, max_frame = q->max_frame;
	const uint16_t ok = rx->guest_csum ? HF_ETHQ_RX_L4_OK : 0;
	uint64_t bytes = 0;
	unsigned int i;

	if (unlikely(!rx_is_plain(rx)))
		return 0;
	u->skip = false; /* as it is, and the compiler knows */
	for (i = 0; i < n; i++) {
		const struct svq_rxbuf *b = &buf[(head + i) & mask];
		const uint32_t frame = cpl[i].len, len = frame + hdr_len;

		if (unlikely(cpl[i].syndrome != 0 || len > b->len || frame > max_frame))
			break;
		header_store(b->hdr, kind, hdr_len, (cpl[i].flags & ok) != 0);
		svq_used_add(kind, u, b->id, 1, len);
		bytes += frame;
	}
	rx->head = head + i;
	rx->wqe_head += i;
	if (i > 0)
		used_until(rx, buf[(head + i - 1) & mask].seq + 1);
	svq_count(&q->stats.packets, i);
	svq_count(&q->stats.bytes, bytes);
	return i;
}

/* Headers of completions i to n, the first in buffer 'at'; returns the buffer of the nth. */
static __rte_always_inline uint32_t
headers_prefetch(const struct svq_rx *rx, uint32_t at, unsigned int i, unsigned int n)
{
	const struct svq_rxbuf *const buf = rx->buf;
	const uint32_t mask = rx->mask;

	if (likely(rx_is_plain(rx))) {
		for (; i < n; i++)
			hf_prefetch_write(buf[at++ & mask].hdr);
		return at;
	}
	for (; i < n; i++) {
		hf_prefetch_write(buf[at & mask].hdr);
		at += rx->group[(rx->wqe_head + i) & mask];
	}
	return at;
}

/* What was received goes to the guest. */
static __rte_always_inline unsigned int
rx_give(struct hf_svq *q, enum svq_kind kind, unsigned int max)
{
	struct svq_rx *rx = &q->rx;
	struct hf_ethq_rx_cpl cpl[SVQ_BURST];
	unsigned int i = RTE_MIN(max, hf_ethq_rx_look(rx->ethq)), n;
	struct svq_used u;
	uint32_t at;

	if (i == 0)
		return 0;
	/* While completions are read, headers, and entries for as many buffers, are on their way.
	 */
	at = headers_prefetch(rx, rx->head, 0, i);
	hf_ethq_rx_prefetch(rx->ethq, i);
	n = hf_ethq_rx_poll(rx->ethq, cpl, max);
	headers_prefetch(rx, at, i, n);
	svq_used_begin(&q->ring, kind, &u);
	i = unlikely(svq_log_is_on(&q->ring.log)) ? 0 : give_plain(q, kind, &u, cpl, n);
	if (likely(i == n)) {
		svq_used_end(&q->ring, kind, &u);
	} else {
		/* Its address is given away, so that u itself stays in registers. */
		struct svq_used rest = u;

		for (; i < n; i++)
			packet_give(q, kind, &rest, &cpl[i]);
		svq_used_end(&q->ring, kind, &rest);
	}
	if ((int32_t)(rx->head - rx->plain_from) > 0)
		rx->plain_from = rx->head;
	return n;
}

static __rte_always_inline unsigned int
rx_poll(struct hf_svq *q, enum svq_kind kind, unsigned int burst)
{
	struct svq_rx *rx = &q->rx;
	unsigned int n, taken = 0;

	if (unlikely(q->ring.error != 0))
		return 0;
	n = rx_give(q, kind, RTE_MIN(burst, SVQ_BURST));
	if (likely(rx->posted == rx->tail))
		taken = rx_take_plain(q, kind, SVQ_BURST);
	if (unlikely(taken < SVQ_BURST && svq_pending(&q->ring, kind))) {
		taken += rx_take(q, kind, SVQ_BURST - taken);
		rx_post(q);
	} else if (unlikely(rx->posted != rx->tail)) {
		rx_post(q);
	}
	if (unlikely(hf_ethq_rx_failed(rx->ethq)))
		rx_failed(q);
	return n + taken;
}

static unsigned int
rx_poll_split(struct hf_svq *q, unsigned int burst)
{
	return rx_poll(q, SVQ_SPLIT, burst);
}

static unsigned int
rx_poll_packed(struct hf_svq *q, unsigned int burst)
{
	return rx_poll(q, SVQ_PACKED, burst);
}

static unsigned int
rx_poll_split_be(struct hf_svq *q, unsigned int burst)
{
	return rx_poll(q, SVQ_SPLIT_BE, burst);
}

unsigned int (*const svq_rx_polls[])(struct hf_svq *q, unsigned int burst) = {
	[SVQ_SPLIT] = rx_poll_split,
	[SVQ_PACKED] = rx_poll_packed,
	[SVQ_SPLIT_BE] = rx_poll_split_be,
};

/* Buffers that were available before one that was used are used, too. */
static void
rx_return(struct hf_svq *q, enum svq_kind kind)
{
	struct svq_rx *rx = &q->rx;
	const uint32_t high = rx->high;
	struct svq_used u;

	svq_used_begin(&q->ring, kind, &u);
	for (; rx->head != rx->tail; rx->head++) {
		if ((int32_t)(svq_rx_buf(rx, rx->head)->seq - high) < 0)
			buf_used(q, kind, &u, rx->head, 0);
	}
	svq_used_end(&q->ring, kind, &u);
	svq_count(&q->stats.returned, u.n);
}

int
svq_rx_stop(struct hf_svq *q)
{
	const enum svq_kind kind = q->ring.kind;
	int ret = hf_ethq_rx_stop(q->rx.ethq);

	if (ret)
		HF_LOG(ERR, "%s: the NIC's queue does not stop: %s", q->ring.name, strerror(-ret));
	while (rx_give(q, kind, SVQ_BURST) > 0)
		;
	rx_return(q, kind);
	return ret;
}
