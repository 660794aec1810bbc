/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The guest transmits.
 */
#include "svq_priv.h"

#include <rte_common.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <unistd.h>

#include "hf_log.h"
#include "svq_chain.h"

#define TX_SEGS 24u /* Linux has up to 18 (MAX_SKB_FRAGS + 1) behind a header; more are copied */
#define TX_MIN_BLOCKS 64u /* some packets of many pieces */
#define NOT_PLAIN_BURSTS 15u /* without a look for plain packets after one that found none */
#define STOP_WAIT_S 1u
#define STOP_LOOK_US 20u

/* What became of a chain. */
enum outcome { TX_DONE, TX_FULL, TX_BAD };

static __rte_always_inline void
sent_push(struct svq_tx *tx, const struct svq_chain *c, uint32_t copied)
{
	tx->sent[tx->tail++ & tx->mask] =
		(struct svq_sent){.id = c->id, .slots = c->slots, .copied = copied};
}

/* In its place among those that are sent, so that the order of use is that of the ring. */
static enum outcome
tx_drop(struct hf_svq *q, const struct svq_chain *c)
{
	sent_push(&q->tx, c, SVQ_NOT_SENT);
	svq_count(&q->stats.drop_header, 1);
	return TX_DONE;
}

static enum outcome
tx_bad_address(struct hf_svq *q, const struct svq_chain *c)
{
	svq_ring_bad(&q->ring, -EFAULT, "packet %u is outside of the guest's memory", c->id);
	return TX_BAD;
}

/*
 * Packets of one piece share an entry of the NIC, whose error does not say which of them it is: so
 * none of those is outside of the guest's memory.
 */
static __rte_always_inline bool
tx_is_outside(struct hf_svq *q, const struct svq_chain *c)
{
	const struct hf_ethq_seg *s = c->seg;

	return c->n == 1 && unlikely(svq_mem_at(q->ring.mem, &q->hint, s->addr, s->len) == NULL) &&
		!svq_mem_covers(q->ring.mem, &q->hint, s->addr, s->len);
}

/* hdr: the first bytes of the frame, inline, before the pieces. */
static __rte_always_inline enum outcome
tx_put(struct hf_svq *q, const struct svq_chain *c, const void *hdr, uint16_t hdr_len,
	const struct svq_offload *o, uint32_t copied)
{
	const struct hf_ethq_tx_pkt pkt = {
		.segs = c->seg,
		.n_segs = c->n,
		.hdr = hdr,
		.hdr_len = hdr_len,
		.mss = o->mss,
		.csum = (o->l3_csum ? HF_ETHQ_TX_CSUM_L3 : 0) |
			(o->l4_csum ? HF_ETHQ_TX_CSUM_L4 : 0),
	};

	if (unlikely(!hf_ethq_tx_put(q->tx.ethq, &pkt)))
		return TX_FULL;
	sent_push(&q->tx, c, copied);
	svq_count(&q->stats.packets, 1);
	svq_count(&q->stats.bytes, hdr_len + c->len);
	return TX_DONE;
}

/* The whole packet in memory of ours: its checksum is one that no NIC computes, or its pieces are
 * more than the NIC takes. */
static enum outcome
tx_copy(struct hf_svq *q, struct svq_chain *c, enum svq_way way, const struct svq_offload *o)
{
	struct svq_copies *copies = &q->tx.copies;
	const uint32_t tail = copies->tail, len = c->len;
	const uint16_t inl = o->mss != 0 ? o->hdr_len : q->tx.min_inline;
	struct hf_ethq_seg seg = {.lkey = copies->mr.lkey};
	struct svq_chain copy = {
		.seg = &seg, .n = 1, .len = len - inl, .id = c->id, .slots = c->slots};
	uint32_t used;
	uint8_t *buf = svq_copies_get(copies, len, &used);
	enum outcome ret;

	if (buf == NULL)
		return TX_FULL;
	if (svq_chain_read(c, q->ring.mem, &q->hint, buf, len) != 0) {
		copies->tail = tail;
		return tx_bad_address(q, c);
	}
	/* The headers of a packet to segment are those that were looked at. */
	if (o->mss != 0)
		memcpy(buf, q->tx.frame, inl);
	if (way == SVQ_COPY)
		svq_csum_complete(buf, len, o->csum_start, o->csum_offset);
	seg.addr = (uintptr_t)buf + inl;
	seg.len = len - inl;
	ret = tx_put(q, &copy, buf, inl, o, used);
	if (ret == TX_DONE)
		svq_count(&q->stats.copied, 1);
	else
		copies->tail = tail;
	return ret;
}

/* No virtio header any more. */
static __rte_always_inline enum outcome
tx_send(struct hf_svq *q, struct svq_chain *c, uint16_t inl, const struct svq_offload *o)
{
	if (unlikely(c->n > q->tx.max_segs))
		return tx_copy(q, c, SVQ_SEND, o);
	if (unlikely(inl > 0)) {
		if (o->mss == 0 && svq_chain_read(c, q->ring.mem, &q->hint, q->tx.frame, inl) != 0)
			return tx_bad_address(q, c);
		svq_chain_trim(c, inl);
	}
	if (tx_is_outside(q, c))
		return tx_bad_address(q, c);
	return tx_put(q, c, q->tx.frame, inl, o, 0);
}

/* With something to do for the NIC or the CPU. */
static enum outcome
tx_offload(struct hf_svq *q, struct svq_chain *c, const struct virtio_net_hdr_v1 *h)
{
	const uint32_t n = RTE_MIN(c->len, SVQ_FRAME_MAX);
	struct svq_offload o;
	enum svq_way way;

	if (c->len > (h->gso_type == VIRTIO_NET_HDR_GSO_NONE ? q->max_frame : q->tx.max_lso))
		return tx_drop(q, c);
	if (svq_chain_read(c, q->ring.mem, &q->hint, q->tx.frame, n) != 0)
		return tx_bad_address(q, c);
	way = svq_hdr_offload(h, q->tx.frame, n, c->len, &q->tx.offers, &o);
	if (way == SVQ_DROP)
		return tx_drop(q, c);
	if (way == SVQ_COPY)
		return tx_copy(q, c, way, &o);
	return tx_send(q, c, o.mss != 0 ? o.hdr_len : q->tx.min_inline, &o);
}

/* hdr: where the virtio header is; NULL: not in one place. */
static __rte_always_inline enum outcome
tx_one(struct hf_svq *q, enum svq_kind kind, struct svq_chain *c, const uint8_t *hdr)
{
	static const struct svq_offload none;
	struct virtio_net_hdr_v1 h;
	uint32_t len = c->len - q->hdr_len;

	if (unlikely(c->len <= q->hdr_len)) {
		svq_ring_bad(&q->ring, -EPROTO, "a packet of %u bytes, header included", c->len);
		return TX_BAD;
	}
	if (likely(hdr != NULL))
		svq_copy_once(&h, hdr, sizeof(struct virtio_net_hdr));
	else if (svq_chain_read(c, q->ring.mem, &q->hint, &h, sizeof(struct virtio_net_hdr)) != 0)
		return tx_bad_address(q, c);
	svq_chain_trim(c, q->hdr_len);
	/* A NIC that wants a part of each frame inline refuses one that is no longer. */
	if (unlikely(len < SVQ_FRAME_MIN || len <= q->tx.min_inline))
		return tx_drop(q, c);
	if (unlikely(!svq_hdr_is_plain(&h)) && q->tx.offers.csum) {
		if (kind == SVQ_SPLIT_BE)
			svq_hdr_from_be(&h);
		return tx_offload(q, c, &h);
	}
	if (unlikely(len > q->max_frame))
		return tx_drop(q, c);
	return tx_send(q, c, q->tx.min_inline, &none);
}

static __rte_always_inline unsigned int
tx_complete(struct hf_svq *q, enum svq_kind kind)
{
	struct svq_tx *tx = &q->tx;
	const struct svq_sent *const sent = tx->sent;
	const uint32_t tail = tx->tail, mask = tx->mask;
	uint32_t head = tx->head, n = hf_ethq_tx_poll(tx->ethq), copied = 0;
	struct svq_used u;

	svq_used_begin(&q->ring, kind, &u);
	for (; head != tail; head++) {
		const struct svq_sent s = sent[head & mask];

		if (likely(s.copied != SVQ_NOT_SENT)) {
			if (n == 0)
				break;
			n--;
			copied += s.copied;
		}
		svq_used_add(kind, &u, s.id, s.slots, 0);
	}
	tx->head = head;
	tx->copies.head += copied;
	svq_used_end(&q->ring, kind, &u);
	return u.n;
}

/* How many of n plain chains are packets for which the NIC has nothing to do but send. */
static __rte_always_inline unsigned int
tx_look(struct hf_svq *q, const struct svq_plain *p, unsigned int n)
{
	const struct hf_svq_mem *const mem = q->ring.mem;
	const uint32_t hdr_len = q->hdr_len, max = hdr_len + q->max_frame;
	/* Without CSUM, which all else needs, a header asks for nothing (virtio 1.2, 5.1.6.2). */
	const bool reads = q->tx.offers.csum;
	const uint8_t *hdr[SVQ_BURST];
	uint32_t hint = q->hint;
	unsigned int i;

	for (i = 0; i < n; i++) {
		hdr[i] = svq_mem_at(mem, &hint, p->addr[i], p->len[i]);
		if (reads)
			rte_prefetch0(hdr[i]);
	}
	q->hint = hint;
	for (i = 0; i < n; i++) {
		uint8_t type[2] = {0}; /* flags and gso_type */

		if (unlikely(hdr[i] == NULL))
			break;
		if (reads)
			svq_copy_once(type, hdr[i], sizeof(type));
		if (unlikely((type[0] & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0 ||
			    type[1] != VIRTIO_NET_HDR_GSO_NONE || p->len[i] > max))
			break;
	}
	return i;
}

_Static_assert(SVQ_BURST <= HF_ETHQ_PLAIN_MAX, "a burst of plain packets fits into an entry");

/* What most guests send most of the time, up to the first chain that is anything else. */
static __rte_always_inline unsigned int
tx_take_plain(struct hf_svq *q, enum svq_kind kind, unsigned int max)
{
	struct hf_ethq_tx *const ethq = q->tx.ethq;
	struct svq_sent *const sent = q->tx.sent;
	const uint32_t hdr_len = q->hdr_len, tail = q->tx.tail, mask = q->tx.mask;
	unsigned int i, found, n;
	struct svq_plain p;
	uint64_t bytes = 0;

	max = RTE_MIN(max, hf_ethq_tx_room(ethq));
	hf_ethq_tx_prefetch(ethq, max);
	found = svq_ring_take_plain(&q->ring, kind, &p, hdr_len + SVQ_FRAME_MIN, max);
	n = tx_look(q, &p, found);
	svq_ring_untake_plain(&q->ring, kind, &p, n, found);
	hf_ethq_tx_put_plain(ethq, p.addr, p.len, hdr_len, q->ring.mkey, n);
	for (i = 0; i < n; i++) {
		sent[(tail + i) & mask] = (struct svq_sent){.id = p.id[i], .slots = 1};
		bytes += p.len[i];
	}
	q->tx.tail = tail + n;
	svq_count(&q->stats.packets, n);
	svq_count(&q->stats.bytes, bytes - n * hdr_len);
	return n;
}

/* Any chains. */
static __rte_always_inline unsigned int
tx_take_any(struct hf_svq *q, enum svq_kind kind, unsigned int max)
{
	struct svq_burst *b = &q->burst;
	const uint8_t *hdr[SVQ_BURST];
	unsigned int i;

	svq_ring_take(&q->ring, kind, b, max);
	for (i = 0; i < b->n; i++) {
		const struct hf_ethq_seg *s = b->c[i].seg;

		hdr[i] = s->len < q->hdr_len
			? NULL
			: svq_mem_at(q->ring.mem, &q->hint, s->addr, q->hdr_len);
		rte_prefetch0(hdr[i]);
	}
	for (i = 0; i < b->n; i++) {
		if (unlikely(tx_one(q, kind, &b->c[i], hdr[i]) != TX_DONE)) {
			svq_ring_untake(&q->ring, kind, b, i);
			break;
		}
	}
	return i;
}

/* A guest whose packets want something done for each is not asked each time whether they do. */
static __rte_always_inline unsigned int
tx_take(struct hf_svq *q, enum svq_kind kind, unsigned int max)
{
	unsigned int n = 0;

	if (likely(q->tx.not_plain == 0) && q->tx.min_inline == 0) {
		n = tx_take_plain(q, kind, max);
		if (n == max || !svq_pending(&q->ring, kind))
			goto ring;
		q->tx.not_plain = n == 0 ? NOT_PLAIN_BURSTS : 0;
	} else if (q->tx.not_plain > 0) {
		q->tx.not_plain--;
	}
	n += tx_take_any(q, kind, max - n);
ring:
	if (n > 0)
		hf_ethq_tx_ring(q->tx.ethq);
	return n;
}

static void
tx_failed(struct hf_svq *q)
{
	const struct hf_ethq_error *e = hf_ethq_tx_error(q->tx.ethq);

	svq_ring_bad(
		&q->ring, svq_nic_error(e), "the NIC could not send, syndrome %#x", e->syndrome);
}

static __rte_always_inline unsigned int
tx_poll(struct hf_svq *q, enum svq_kind kind, unsigned int burst)
{
	unsigned int n;

	if (unlikely(q->ring.error != 0))
		return 0;
	/* Completions are on their way while packets are posted, and the doorbell while they are
	 * read. */
	hf_ethq_tx_expect(q->tx.ethq);
	n = tx_take(q, kind, RTE_MIN(burst, SVQ_BURST));
	n += tx_complete(q, kind);
	if (unlikely(hf_ethq_tx_failed(q->tx.ethq)))
		tx_failed(q);
	return n;
}

static unsigned int
tx_poll_split(struct hf_svq *q, unsigned int burst)
{
	return tx_poll(q, SVQ_SPLIT, burst);
}

static unsigned int
tx_poll_packed(struct hf_svq *q, unsigned int burst)
{
	return tx_poll(q, SVQ_PACKED, burst);
}

static unsigned int
tx_poll_split_be(struct hf_svq *q, unsigned int burst)
{
	return tx_poll(q, SVQ_SPLIT_BE, burst);
}

static unsigned int (*const tx_polls[])(struct hf_svq *q, unsigned int burst) = {
	[SVQ_SPLIT] = tx_poll_split,
	[SVQ_PACKED] = tx_poll_packed,
	[SVQ_SPLIT_BE] = tx_poll_split_be,
};

static struct hf_ethq_tx_attr
tx_ethq_attr(const struct hf_svq_attr *attr)
{
	const struct hf_devx_caps *caps = hf_devx_caps(attr->devx);

	return (struct hf_ethq_tx_attr){
		.size = (uint16_t)RTE_MAX(rte_align32pow2(attr->size), TX_MIN_BLOCKS),
		.max_segs = RTE_MIN(hf_ethq_tx_max_segs(caps, SVQ_FRAME_MAX), TX_SEGS),
		.max_inline = SVQ_FRAME_MAX,
		.tisn = attr->tisn,
		.ch = attr->ch,
		.cookie = attr->cookie,
		.place = attr->place,
	};
}

size_t
svq_tx_bytes(const struct hf_svq_attr *attr)
{
	const struct hf_ethq_tx_attr ea = tx_ethq_attr(attr);

	return hf_ethq_tx_bytes(&ea);
}

int
svq_tx_create(struct hf_svq *q, const struct hf_svq_attr *attr)
{
	const struct hf_devx_caps *caps = hf_devx_caps(attr->devx);
	const struct hf_ethq_tx_attr ea = tx_ethq_attr(attr);
	struct svq_tx *tx = &q->tx;
	int ret;

	tx->mask = rte_align32pow2(attr->size) - 1;
	tx->max_segs = ea.max_segs;
	tx->min_inline = caps->eth.min_inline;
	tx->max_lso = RTE_MIN(caps->eth.max_lso, SVQ_GSO_MAX);
	tx->offers.max_hdr = ea.max_inline;
	tx->offers.max_frame = q->max_frame;
	tx->sent = calloc(tx->mask + 1, sizeof(*tx->sent));
	if (tx->sent == NULL)
		return -ENOMEM;
	ret = svq_copies_create(attr->devx, &tx->copies);
	if (ret == 0)
		ret = hf_ethq_tx_create(attr->devx, &ea, &tx->ethq);
	if (ret)
		svq_tx_destroy(q);
	return ret;
}

int
svq_tx_destroy(struct hf_svq *q)
{
	int ret = hf_ethq_tx_destroy(q->tx.ethq);

	if (ret)
		return ret;
	q->tx.ethq = NULL;
	ret = svq_copies_destroy(&q->tx.copies);
	if (ret == 0)
		free(q->tx.sent);
	return ret;
}

int
svq_tx_start(struct hf_svq *q, uint64_t features)
{
	struct svq_tx *tx = &q->tx;

	tx->head = tx->tail = 0;
	tx->copies.head = tx->copies.tail = 0;
	tx->offers.csum = (features >> VIRTIO_NET_F_CSUM & 1) != 0;
	tx->offers.tso4 = (features >> VIRTIO_NET_F_HOST_TSO4 & 1) != 0;
	tx->offers.tso6 = (features >> VIRTIO_NET_F_HOST_TSO6 & 1) != 0;
	q->poll = tx_polls[q->ring.kind];
	return hf_ethq_tx_start(tx->ethq);
}

int
svq_tx_stop(struct hf_svq *q)
{
	const uint64_t end = rte_get_timer_cycles() + STOP_WAIT_S * rte_get_timer_hz();
	const enum svq_kind kind = q->ring.kind;
	int ret;

	for (;;) {
		tx_complete(q, kind);
		if (q->tx.head == q->tx.tail || hf_ethq_tx_failed(q->tx.ethq) ||
			hf_devx_is_dead(q->devx))
			break;
		if (rte_get_timer_cycles() > end) {
			HF_LOG(ERR, "%s: the NIC has not sent %u packets in %u s", q->ring.name,
				q->tx.tail - q->tx.head, STOP_WAIT_S);
			break;
		}
		usleep(STOP_LOOK_US);
	}
	ret = hf_ethq_tx_stop(q->tx.ethq);
	tx_complete(q, kind);
	if (ret)
		HF_LOG(ERR, "%s: the NIC's queue does not stop: %s", q->ring.name, strerror(-ret));
	return ret;
}

void
svq_tx_arm(struct hf_svq *q)
{
	if (q->tx.head != q->tx.tail)
		hf_ethq_tx_arm(q->tx.ethq);
}
