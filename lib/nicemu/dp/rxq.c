/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Receive queues. Buffers are fetched ahead of what is used: when the queue becomes ready, and when
 * frames arrive, without doorbells as long as there are enough. A queue that finds too few becomes
 * hungry: it tells the guest so, and fetches again only after a doorbell.
 */
#include "engine.h"

#include <endian.h>
#include <linux/virtio_net.h>
#include <stddef.h>

#include "csum.h"
#include "prefetch.h"

#define AHEAD 3u /* frames from prefetch to copy */

/*
 * A header of 12 bytes with one buffer. In registers: a struct that was written in parts is read
 * back only when all stores before it are done, those to the guest's lines included. Mostly it is
 * there from the time before: a line that stays as it is has not to go back.
 */
static inline void
put_header(uint8_t *to, uint8_t flags)
{
	const uint64_t first = htole64(flags);
	const uint32_t last = htole32(1u << 16);
	uint64_t old_first;
	uint32_t old_last;

	_Static_assert(offsetof(struct virtio_net_hdr_v1, flags) == 0 &&
			offsetof(struct virtio_net_hdr_v1, num_buffers) == 10 &&
			sizeof(struct virtio_net_hdr_v1) == 12,
		"virtio 1.2, 5.1.6");
	memcpy(&old_first, to, sizeof(old_first));
	memcpy(&old_last, to + sizeof(old_first), sizeof(old_last));
	if (old_first == first && old_last == last)
		return;
	memcpy(to, &first, sizeof(first));
	memcpy(to + sizeof(first), &last, sizeof(last));
}

/* The usual: a frame in one piece into a buffer in one piece, with the header of 12 bytes. */
static inline bool
copy_flat(const struct dp_vq *v, const struct vq_chain *c, const struct pkt *p, uint8_t flags)
{
	const struct iovec *to = &v->pool[c->seg];
	uint8_t *dst = to->iov_base;

	if (c->n_seg != 1 || p->rest.n != 1 || !v->q->v1 || dst == NULL ||
		p->rest.seg->iov_base == NULL)
		return false;
	put_header(dst, flags);
	dst += sizeof(struct virtio_net_hdr_v1);
	iov_copy_short(dst, p->head, p->head_len);
	if (p->len > p->head_len)
		memcpy(dst + p->head_len, iov_ptr(&p->rest), p->len - p->head_len);
	return true;
}

/* Header and frame into the buffers of a chain. */
static void
copy_frame(struct dp_vq *v, const struct vq_chain *c, const struct pkt *p)
{
	struct iov_cur dst = {.seg = &v->pool[c->seg], .n = c->n_seg};
	struct virtio_net_hdr_v1 hdr = {0};
	struct iov_cur rest = p->rest;
	uint8_t flags = 0;

	if ((v->q->features & NIC_VQ_F_GUEST_CSUM) != 0 && (p->csum_ok || csum_verify(p)))
		flags = VIRTIO_NET_HDR_F_DATA_VALID;
	if (copy_flat(v, c, p, flags))
		return;
	hdr.flags = flags;
	if (v->q->v1)
		hdr.num_buffers = htole16(1);
	iov_write(&dst, &hdr, vq_hdr_len(v));
	iov_write(&dst, p->head, p->head_len);
	iov_copy(&dst, &rest, p->len - p->head_len);
}

static void
add(_Atomic uint64_t *counter, uint64_t n)
{
	if (n > 0)
		atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* Fetch, when that is allowed. Less than 'want' is too few. False: the queue has failed. */
static bool
top_up(struct dp_vq *v, unsigned int want)
{
	bool was_hungry = atomic_load(&v->hungry);

	if (was_hungry && !v->stalled && !atomic_exchange(&v->base.kick, false))
		return true;
	if (vq_fetch(v, VQ_BURST) < 0)
		return false;
	if (v->n < want) {
		atomic_exchange(&v->base.kick, false);
		atomic_store(&v->hungry, true);
		v->ops->doorbells(v, true);
		/* the guest posts a buffer, then looks whether to ring: the other way round */
		atomic_thread_fence(memory_order_seq_cst);
		if (vq_fetch(v, VQ_BURST) < 0)
			return false;
		was_hungry = true;
	}
	if (v->n >= want && was_hungry) {
		atomic_store(&v->hungry, false);
		v->ops->doorbells(v, false);
	}
	return true;
}

/* Have what is copied soon on its way to the cache: the header and the head are there already. */
static inline void
prefetch_frame(const struct dp_vq *v, const struct vq_chain *c, const struct pkt *p)
{
	uint32_t rest = p->len - p->head_len;
	const uint8_t *src, *dst = v->pool[c->seg].iov_base;

	if (rest == 0 || p->rest.n == 0)
		return;
	src = iov_ptr(&p->rest);
	if (src == NULL || dst == NULL)
		return;
	prefetch_copy(src, dst + vq_hdr_len(v) + p->head_len, rest);
}

/*
 * A frame that is larger than the buffers is dropped, and the buffers stay for the next: there is
 * no MRG_RXBUF, and a driver posts buffers of one size, so what comes next fits as well or as
 * badly.
 */
static void
fill(struct dp_vq *v, struct pkt *const *pkt, unsigned int n)
{
	struct nic_port_stats *st = &v->base.f->stats;
	uint64_t oversize = 0, bytes = 0;
	unsigned int i, done = 0;

	if (v->n < n && (!top_up(v, n) || !vq_is_ready(v)))
		return;
	for (i = 0; i < n && v->n > 0; i++) {
		uint32_t len = vq_hdr_len(v) + pkt[i]->len;

		if (len > v->chain[v->head].len) {
			oversize++;
			continue;
		}
		if (i + AHEAD < n && v->n > AHEAD)
			prefetch_frame(v, vq_chain_at(v, AHEAD), pkt[i + AHEAD]);
		copy_frame(v, &v->chain[v->head], pkt[i]);
		vq_complete(v, len);
		bytes += pkt[i]->len;
		done++;
	}
	if (done > 0)
		vq_publish(v);
	add(&st->rx_pkts, done);
	add(&st->rx_bytes, bytes);
	add(&st->rx_oversize, oversize);
	add(&st->rx_no_buffer, n - i);
}

void
rxq_deliver(struct dp_engine *e, struct dp_queue *q, struct pkt *const *pkt,
	const struct rx_meta *meta, unsigned int n)
{
	(void)meta;
	struct dp_vq *v = vq_of(q);

	(void)e;
	if (vq_is_ready(v))
		fill(v, pkt, n);
	else
		add(&v->base.f->stats.rx_no_flow, n);
}

void
rxq_start(struct dp_vq *v)
{
	unsigned int want = v->q->size < VQ_BURST ? v->q->size : VQ_BURST;

	if (top_up(v, want) && !atomic_load(&v->hungry))
		v->ops->doorbells(v, false);
}
