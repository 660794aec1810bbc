/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Raw receive queues. There is no doorbell: the NIC looks at the doorbell record when it has used
 * what it knows of, and drops what then has no entry.
 *
 * A frame that is longer than the buffers of its entry takes the entry with it: a completion in
 * error, and the queue goes on. Any other error takes the queue to ERR, where what was and will be
 * posted is flushed, if it is made so, until software brings it back by RST (DPDK mlx5_rx.c
 * mlx5_rx_err_handle(), Linux en/health.h cqe_syndrome_needs_recover()).
 */
#include "rq.h"

#include <endian.h>
#include <string.h>

#include "cq.h"
#include "engine.h"
#include "prm.h"
#include "wq.h"

#define SGE_LEN sizeof(struct mlx5_wqe_data_seg)
#define TAG_AT (2 * ETHER_ADDR_LEN)
#define TAG_LEN 4u
#define AHEAD 3u /* frames from prefetch to copy */

static bool
is_ready(const struct dp_rq *r)
{
	return atomic_load_explicit(&r->rq->state, memory_order_relaxed) == NIC_WQ_RDY;
}

static void
count(_Atomic uint64_t *counter, uint64_t n)
{
	if (n > 0)
		atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#define count_q(r, field, n) \
	((r)->rq->counter != NULL && (n) > 0 \
			? (void)atomic_fetch_add_explicit( \
				  &(r)->rq->counter->field, (n), memory_order_relaxed) \
			: (void)0)

static void
to_error(struct dp_rq *r, enum wqe_error err)
{
	if (!is_ready(r))
		return;
	atomic_store(&r->rq->state, NIC_WQ_ERR);
	wq_tell(&r->rq->obj, r->rq->ci, err);
	atomic_fetch_or(&r->base.attn, RQ_ATTN_ERR);
}

/* What happened can't be said in a completion: an event says so. */
static void
break_down(struct dp_rq *r, enum wqe_error err)
{
	if (r->broken)
		return;
	to_error(r, err);
	r->broken = true;
	atomic_fetch_and(&r->base.attn, ~RQ_ATTN_ERR);
	cq_tell_wq(&r->rq->obj, MLX5_EVENT_TYPE_WQ_CATAS_ERROR);
}

/* ---- completions ---- */

static void
count_syndrome(struct dp_rq *r, uint8_t syndrome)
{
	count_q(r, cqe, 1);
	switch (syndrome) {
	case MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR:
		count_q(r, length, 1);
		break;
	case MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR:
		count_q(r, qp, 1);
		break;
	case MLX5_CQE_SYNDROME_LOCAL_PROT_ERR:
		count_q(r, protection, 1);
		break;
	default:
		count_q(r, flush, 1);
		break;
	}
}

static void
error_fill(struct dp_rq *r, struct mlx5_cqe64 *cqe, enum wqe_error err)
{
	const struct wqe_error_info *info = wqe_error_info(err);
	struct mlx5_err_cqe *e = (struct mlx5_err_cqe *)(void *)cqe;

	*e = (struct mlx5_err_cqe){.srqn = htobe32(r->rq->user_index),
		.vendor_err_synd = info->vendor,
		.syndrome = info->syndrome,
		.s_wqe_opcode_qpn = htobe32(r->rq->obj.id),
		.wqe_counter = htobe16(r->rq->ci),
		.op_own = MLX5_CQE_RESP_ERR << 4};
	count_syndrome(r, info->syndrome);
}

/* The entry at ci is done with, in error. False: the CQ is in error. */
static bool
put_error(struct dp_rq *r, enum wqe_error err)
{
	struct mlx5_cqe64 cqe;

	error_fill(r, &cqe, err);
	r->rq->ci++;
	return cq_write(r->rq->cq, &cqe);
}

/* Entries were written: their event, now or when somebody asks for it. */
static void
raise_event(struct dp_rq *r)
{
	/* first, for a fault on the way: that is another CQ's, and this one's event is still due */
	atomic_fetch_or(&r->base.attn, QUEUE_ATTN_ARM);
	if (cq_may_raise(r->rq->cq) && cq_raise(r->rq->cq))
		atomic_fetch_and(&r->base.attn, ~QUEUE_ATTN_ARM);
}

/* What is waiting is written: completions of a burst, and of the error behind it. */
static void
rq_publish(struct dp_queue *q)
{
	struct dp_rq *r = rq_of(q);
	enum wqe_error err = r->error;
	unsigned int n = r->n;
	bool ok;

	if (n == 0 && err == WQE_E_NONE)
		return;
	r->n = 0;
	r->error = WQE_E_NONE;
	cq_write_begin(r->rq->cq);
	ok = cq_write_frames(r->rq->cq, r->cqe, n);
	if (ok && err != WQE_E_NONE && err != WQE_E_WQ_MEMORY)
		ok = put_error(r, err);
	cq_write_end(r->rq->cq);
	if (!ok || err == WQE_E_WQ_MEMORY)
		break_down(r, ok ? err : WQE_E_CQ);
	if (ok)
		raise_event(r);
}

/*
 * In ERR: what was posted completes as flushed. More than the queue has room for is a record that
 * software has set back already, for the RST that follows.
 */
static void
flush(struct dp_rq *r)
{
	uint16_t posted = rq_record(r);
	unsigned int n;
	bool ok = true;

	if (posted == r->rq->ci || (uint16_t)(posted - r->rq->ci) > 1u << r->rq->wq.log_size)
		return;
	r->rq->pi = posted;
	cq_write_begin(r->rq->cq);
	for (n = 0; ok && n < VQ_BURST && r->rq->ci != r->rq->pi; n++)
		ok = put_error(r, WQE_E_FLUSH);
	cq_write_end(r->rq->cq);
	if (!ok)
		break_down(r, WQE_E_CQ);
	else
		raise_event(r);
}

/* The bit stays as long as software may post what is to be flushed. */
static void
rq_attend(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_rq *r = rq_of(q);

	(void)e;
	if ((atomic_fetch_and(&q->attn, ~QUEUE_ATTN_ARM) & QUEUE_ATTN_ARM) != 0)
		raise_event(r);
	if ((atomic_load(&q->attn) & RQ_ATTN_ERR) == 0)
		return;
	rq_publish(q);
	if (r->rq->flush && !r->broken)
		flush(r);
	else
		atomic_fetch_and(&q->attn, ~RQ_ATTN_ERR);
}

/* ---- receiving ---- */

/* Copy the data segments of the entry at ci: how many, at most, there are. -1: can't be read. */
static int
read_entry(const struct dp_rq *r, struct mlx5_wqe_data_seg seg[RQ_MAX_SGES])
{
	const struct nic_wq *wq = &r->rq->wq;
	uint64_t off = (uint64_t)(r->rq->ci & ((1u << wq->log_size) - 1)) << wq->log_stride;
	unsigned int n = (1u << wq->log_stride) / SGE_LEN, i;
	const void *p;

	if (r->ring != NULL) {
		memcpy(seg, r->ring + off, n * SGE_LEN);
		return (int)n;
	}
	for (i = 0; i < n; i++) {
		p = mem_umem_ptr(wq->umem, wq->offset + off + i * SGE_LEN, SGE_LEN);
		if (p == NULL)
			return -1;
		memcpy(&seg[i], p, SGE_LEN);
	}
	return (int)n;
}

/* Where the first 'len' bytes go that the entry at ci receives. */
static enum wqe_error
translate(struct dp_rq *r, uint32_t len, struct iovec dst[RQ_MAX_SEGS], unsigned int *n_dst)
{
	struct mlx5_wqe_data_seg seg[RQ_MAX_SGES];
	int n = read_entry(r, seg), i, got;

	*n_dst = 0;
	if (n < 0)
		return WQE_E_WQ_MEMORY;
	for (i = 0; i < n && len > 0; i++) {
		uint32_t bytes = be32toh(seg[i].byte_count);

		if (seg[i].lkey == htobe32(MLX5_INVALID_LKEY))
			break;
		if ((bytes & MLX5_INLINE_SEG) != 0)
			return WQE_E_RX_INLINE;
		/* 31 bits, of which 0 is 2 GiB */
		if (bytes == 0 || bytes > len)
			bytes = len;
		got = keytlb_xlate(&r->tlb, r->base.f, r->rq->wq.pd, be32toh(seg[i].lkey),
			be64toh(seg[i].addr), bytes, NIC_PERM_LW, &dst[*n_dst],
			(int)(RQ_MAX_SEGS - *n_dst));
		if (got < 0)
			return wqe_mem_error(got);
		*n_dst += (unsigned int)got;
		len -= bytes;
	}
	return len > 0 ? WQE_E_ROOM : WQE_E_NONE;
}

/* Frame to buffers, without 'strip' bytes of VLAN tag. */
static void
scatter(const struct pkt *p, uint32_t strip, const struct iovec *seg, unsigned int n)
{
	struct iov_cur dst = {.seg = seg, .n = n}, rest = p->rest;

	if (strip == 0 && n == 1 && seg->iov_base != NULL && p->rest.n == 1 &&
		p->rest.seg->iov_base != NULL) {
		iov_copy_short(seg->iov_base, p->head, p->head_len);
		if (p->len > p->head_len)
			memcpy((uint8_t *)seg->iov_base + p->head_len, iov_ptr(&p->rest),
				p->len - p->head_len);
		return;
	}
	if (strip > 0)
		iov_write(&dst, p->head, TAG_AT);
	iov_write(&dst, p->head + (strip > 0 ? TAG_AT + strip : 0),
		p->head_len - (strip > 0 ? TAG_AT + strip : 0));
	iov_copy(&dst, &rest, p->len - p->head_len);
}

/* Have what is copied to a later entry soon on its way to the cache, where it is simple. */
static inline void
prefetch_entry(const struct dp_rq *r, uint16_t index, const struct pkt *p)
{
	const struct nic_wq *wq = &r->rq->wq;
	uint64_t off = (uint64_t)(index & ((1u << wq->log_size) - 1)) << wq->log_stride;
	const uint8_t *src = p->rest.n > 0 ? iov_ptr(&p->rest) : NULL;
	struct mlx5_wqe_data_seg seg;
	const uint8_t *dst;
	uint32_t len;

	if (r->ring == NULL)
		return;
	memcpy(&seg, r->ring + off, sizeof(seg));
	len = be32toh(seg.byte_count) < p->len ? be32toh(seg.byte_count) : p->len;
	dst = keytlb_get(&r->tlb, be32toh(seg.lkey), be64toh(seg.addr), len);
	if (dst == NULL)
		return;
	prefetch_write(dst);
	prefetch_write(dst + CACHE_LINE);
	if (src != NULL && len > p->head_len)
		prefetch_copy(src, dst + p->head_len, len - p->head_len);
}

/* A frame for the entry at ci, and its completion. What goes wrong: nothing was written. */
static enum wqe_error
receive(struct dp_rq *r, const struct pkt *p, const struct rx_meta *meta, struct mlx5_cqe64 *cqe)
{
	uint32_t strip = r->rq->strip && p->hdr.cvlan ? TAG_LEN : 0;
	struct iovec dst[RQ_MAX_SEGS];
	enum wqe_error err;
	unsigned int n;

	err = translate(r, p->len - strip, dst, &n);
	if (err != WQE_E_NONE)
		return err;
	scatter(p, strip, dst, n);
	rq_cqe_fill(cqe, r->rq, p, meta, strip);
	return WQE_E_NONE;
}

static bool
has_entry(struct dp_rq *r)
{
	if (r->rq->ci == r->rq->pi)
		r->rq->pi = rq_record(r);
	return r->rq->ci != r->rq->pi;
}

/* Fill entries until there are none, or one is bad. How many frames are done with. */
static unsigned int
fill(struct dp_rq *r, struct pkt *const *pkt, const struct rx_meta *meta, unsigned int n,
	uint64_t now)
{
	struct nic_port_stats *st = &r->base.f->stats;
	uint64_t when = wq_time(r->rq->ts_format, r->rq->clock_khz, now);
	uint64_t bytes = 0, pkts = 0;
	enum wqe_error err;
	unsigned int i;

	for (i = 0; i < n && r->error == WQE_E_NONE && has_entry(r); i++) {
		struct mlx5_cqe64 *cqe = &r->cqe[r->n];

		if (i + AHEAD < n && (uint16_t)(r->rq->pi - r->rq->ci) > AHEAD)
			prefetch_entry(r, (uint16_t)(r->rq->ci + AHEAD), pkt[i + AHEAD]);
		err = receive(r, pkt[i], &meta[i], cqe);
		if (err == WQE_E_ROOM) {
			error_fill(r, cqe, err);
			count(&st->rx_oversize, 1);
		} else if (err != WQE_E_NONE) {
			r->error = err;
			break;
		} else {
			cqe->wqe_counter = htobe16(r->rq->ci);
			cqe->timestamp = htobe64(when);
			cqe->op_own = MLX5_CQE_RESP_SEND << 4;
			bytes += pkt[i]->len;
			pkts++;
		}
		r->rq->ci++;
		r->n++;
	}
	count(&st->rx_pkts, pkts);
	count(&st->rx_bytes, bytes);
	return i;
}

static void
rq_deliver(struct dp_engine *e, struct dp_queue *q, struct pkt *const *pkt,
	const struct rx_meta *meta, unsigned int n)
{
	struct dp_rq *r = rq_of(q);
	unsigned int done;

	if (!is_ready(r)) {
		count(&q->f->stats.rx_no_flow, n);
		return;
	}
	done = fill(r, pkt, meta, n, e->now);
	if (r->error == WQE_E_NONE) {
		count(&q->f->stats.rx_no_buffer, n - done);
		count_q(r, out_of_buffer, n - done);
	} else {
		count(&q->f->stats.rx_no_flow, n - done);
		to_error(r, r->error);
	}
	rq_publish(q);
}

/* ---- the rest of an engine's view ---- */

/* It sends nothing, so it is never asked for the sender's memory. */
static bool
rq_touches(const struct dp_queue *q, const uint8_t *addr)
{
	(void)q;
	(void)addr;
	return false;
}

static void
rq_fail(struct dp_queue *q, const uint8_t *addr)
{
	struct dp_rq *r = rq_of(q);
	const uint8_t *record = (const uint8_t *)r->record;
	uint64_t ring_len = 1ull << (r->rq->wq.log_size + r->rq->wq.log_stride);

	if ((addr >= record && addr < record + sizeof(*r->record)) ||
		(r->ring != NULL && addr >= r->ring && addr < r->ring + ring_len)) {
		break_down(r, WQE_E_WQ_MEMORY);
		return;
	}
	if (is_ready(r))
		r->error = WQE_E_MEMORY;
	to_error(r, WQE_E_MEMORY);
}

static void
rq_forget(struct dp_queue *q)
{
	keytlb_clear(&rq_of(q)->tlb);
}

const struct dp_queue_ops rq_ops = {
	.attend = rq_attend,
	.deliver = rq_deliver,
	.publish = rq_publish,
	.touches = rq_touches,
	.fail = rq_fail,
	.forget = rq_forget,
};
