/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Transmit queues. Strict about doorbells: a queue is served from a doorbell until it was empty for
 * a moment, and then waits for the next. While it is served, the guest is told not to ring.
 */
#include "engine.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>

#include "csum.h"

#define LINGER_NS 50000u /* empty for so long: wait for a doorbell */
#define LOOK_AGAIN_NS 2000u /* after a burst that was not full */
#define MAX_SEGS 4096u /* of a burst: a chain can be 64 Ki, and all others wait for its end */
#define MAX_FRAME (65535u + ETHER_HDR_LEN + 8) /* before it is cut */

static void
drop(struct dp_vq *v)
{
	atomic_fetch_add_explicit(&v->base.f->stats.tx_dropped, 1, memory_order_relaxed);
}

/* As the virtio header asks for it, if that was negotiated. -EINVAL: it can't be cut. */
static int
cut(struct dp_engine *e, struct dp_vq *v, const struct virtio_net_hdr_v1 *hdr, struct pkt *p)
{
	struct tso t = {.mss = le16toh(hdr->gso_size), .ip_csum = true, .tcp_csum = true};
	uint16_t feature;

	switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		t.l3 = PKT_L3_IPV4;
		feature = NIC_VQ_F_HOST_TSO4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		t.l3 = PKT_L3_IPV6;
		feature = NIC_VQ_F_HOST_TSO6;
		break;
	default:
		return -EINVAL;
	}
	return (v->q->features & feature) == 0 ? -EINVAL : tso_send(e, v->base.f, &t, p);
}

/* False: it is too short. */
static bool
send_chain(struct dp_engine *e, struct dp_vq *v, const struct vq_chain *c)
{
	struct iov_cur src = {.seg = &v->pool[c->seg], .n = c->n_seg};
	uint32_t hdr_len = vq_hdr_len(v), len = c->len - hdr_len;
	struct virtio_net_hdr_v1 hdr = {0};
	/* the usual: all in one piece */
	bool flat = c->n_seg == 1 && src.seg->iov_base != NULL;
	struct pkt *p;

	if (c->len < hdr_len)
		return false;
	if (flat && hdr_len == sizeof(hdr))
		memcpy(&hdr, src.seg->iov_base, sizeof(hdr));
	else
		iov_read(&src, &hdr, hdr_len);
	if (len < ETHER_HDR_LEN || len > MAX_FRAME) {
		drop(v);
		return true;
	}
	p = engine_pkt(e);
	if (flat)
		pkt_load_flat(p, src.seg, hdr_len, len);
	else
		pkt_load(p, &src, len);
	if (hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		if (cut(e, v, &hdr, p) != 0)
			drop(v);
		return true;
	}
	if ((hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0 &&
		(v->q->features & NIC_VQ_F_CSUM) != 0) {
		if (csum_complete(p, le16toh(hdr.csum_start), le16toh(hdr.csum_offset)) != 0) {
			drop(v);
			return true;
		}
		p->csum_ok = true;
	}
	eswitch_tx(e, v->base.f, p);
	return true;
}

static void
send_burst(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_vq *v = vq_of(q);
	unsigned int i;

	if (vq_fetch(v, VQ_BURST) < 0)
		return;
	for (i = 0; i < v->n && e->tx_segs < MAX_SEGS; i++) {
		if (!send_chain(e, v, vq_chain_at(v, i))) {
			vq_cut(v, i);
			vq_bad(v, VQ_E_HEADER);
		}
	}
	/* the rest is fetched again: the queue is served until it is empty */
	vq_cut(v, i);
	eswitch_flush(e);
}

static void
complete_burst(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_vq *v = vq_of(q);

	(void)e;
	while (v->n > 0)
		vq_complete(v, 0);
	vq_publish(v);
}

/* Fetched means sent, so all of it is completed, even if a receiver faulted. */
static bool
burst(struct dp_engine *e, struct dp_vq *v)
{
	eswitch_begin(e);
	engine_dma(e, &v->base, send_burst);
	eswitch_end(e);
	engine_count_tx(e, v->base.f);
	if (!vq_is_ready(v) || v->n == 0)
		return false;
	/*
	 * A packed ring shows each descriptor as soon as it is written: to look at once again would
	 * take the line from under the guest's hands.
	 */
	v->look_at = v->q->type == NIC_VQ_PACKED && v->n < VQ_BURST ? e->now + LOOK_AGAIN_NS : 0;
	engine_dma(e, &v->base, complete_burst);
	return true;
}

static void
wake(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_vq *v = vq_of(q);

	(void)e;
	if (vq_map(v))
		v->ops->doorbells(v, false);
}

static void
go_idle(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_vq *v = vq_of(q);

	(void)e;
	v->ops->doorbells(v, true);
	/* the guest makes a chain available, then looks whether to ring: the other way round */
	atomic_thread_fence(memory_order_seq_cst);
	v->serving = v->ops->pending(v);
	if (v->serving)
		v->ops->doorbells(v, false);
}

bool
txq_serve(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_vq *v = vq_of(q);

	if (!vq_is_ready(v))
		return false;
	if (atomic_load_explicit(&v->base.kick, memory_order_relaxed) &&
		atomic_exchange(&v->base.kick, false)) {
		if (!v->serving)
			engine_dma(e, &v->base, wake);
		v->serving = true;
		v->last_work = e->now;
	}
	if (!v->serving)
		return false;
	if (vq_is_ready(v) && burst(e, v)) {
		v->last_work = e->now;
		return true;
	}
	if (e->now - v->last_work > LINGER_NS && vq_is_ready(v))
		engine_dma(e, &v->base, go_idle);
	return v->serving && vq_is_ready(v);
}
