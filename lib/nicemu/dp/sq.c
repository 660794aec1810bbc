/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Raw send queues. Strict about doorbells: what was posted is learned from the doorbell record, and
 * that is read when the doorbell of the queue's UAR was rung, and at no other time.
 *
 * An entry in error completes with its syndrome whatever completions it asks for, and takes the
 * queue to ERR; all that was or will be posted behind it is flushed, if the queue is made so, until
 * software brings it back by RST.
 */
#include "sq.h"

#include <endian.h>
#include <infiniband/mlx5dv.h>
#include <net/ethernet.h>
#include <string.h>

#include "cq.h"
#include "csum.h"
#include "engine.h"
#include "prm.h"
#include "wq.h"

#define DBR_SND 1 /* word of the doorbell record, rdma-core MLX5_SND_DBR */
#define MAX_SEGS 4096u /* of a burst: what is cut can be long, and all others wait for its end */
#define TAG_AT (2 * ETHER_ADDR_LEN)
#define TAG_LEN 4u

static bool
is_ready(const struct dp_sq *s)
{
	return atomic_load_explicit(&s->sq->state, memory_order_relaxed) == NIC_WQ_RDY;
}

static void
count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void
to_error(struct dp_sq *s, uint16_t index, enum wqe_error err)
{
	if (!is_ready(s))
		return;
	atomic_store(&s->sq->state, NIC_WQ_ERR);
	wq_tell(&s->sq->obj, index, err);
}

/* What happened can't be said in a completion: an event says so. */
static void
break_down(struct dp_sq *s, enum wqe_error err)
{
	if (s->broken)
		return;
	s->broken = true;
	to_error(s, s->sq->ci, err);
	cq_tell_wq(&s->sq->obj, MLX5_EVENT_TYPE_WQ_CATAS_ERROR);
}

/* ---- completions ---- */

static bool
put_done(struct dp_sq *s, const struct sq_entry *w, uint64_t when)
{
	struct mlx5_cqe64 cqe = {.srqn_uidx = htobe32(s->sq->user_index),
		.timestamp = htobe64(when),
		.sop_drop_qpn = htobe32((uint32_t)w->opcode << 24 | s->sq->obj.id),
		.wqe_counter = htobe16(w->index),
		.op_own = MLX5_CQE_REQ << 4};

	return cq_write(s->sq->cq, &cqe);
}

static bool
put_error(struct dp_sq *s, const struct sq_entry *w, enum wqe_error err)
{
	union {
		struct mlx5_cqe64 cqe;
		struct mlx5_err_cqe e;
	} c = {.e = {.srqn = htobe32(s->sq->user_index),
		       .vendor_err_synd = wqe_error_info(err)->vendor,
		       .syndrome = wqe_error_info(err)->syndrome,
		       .s_wqe_opcode_qpn = htobe32((uint32_t)w->opcode << 24 | s->sq->obj.id),
		       .wqe_counter = htobe16(w->index),
		       .op_own = MLX5_CQE_REQ_ERR << 4}};

	return cq_write(s->sq->cq, &c.cqe);
}

/* Entries were written: their event, now or when somebody asks for it. */
static void
raise_event(struct dp_sq *s)
{
	/* first, for a fault on the way: that is another CQ's, and this one's event is still due */
	atomic_fetch_or(&s->base.attn, QUEUE_ATTN_ARM);
	if (cq_may_raise(s->sq->cq) && cq_raise(s->sq->cq))
		atomic_fetch_and(&s->base.attn, ~QUEUE_ATTN_ARM);
}

/* The burst is out: complete it, as far as it wants that, and what is bad behind it. */
static void
complete_step(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_sq *s = sq_of(q);
	const struct sq_entry *w = s->entry, *end = w + s->n;
	uint64_t when = wq_time(s->sq->ts_format, s->sq->clock_khz, e->now);
	bool ok = true, told = false;
	uint16_t ci = s->sq->ci;

	cq_write_begin(s->sq->cq);
	for (; ok && w < end; w++) {
		s->next_ds = w->next_ds;
		if (w->next_ds != 0)
			continue;
		if (w->mode >= MLX5_COMP_ALWAYS) {
			ok = put_done(s, w, when);
			told = ok;
		}
		ci = (uint16_t)(w->index + w->n_bb);
	}
	if (ok && s->error != WQE_E_NONE && s->error != WQE_E_WQ_MEMORY) {
		ok = put_error(s, end, s->error);
		told = ok;
		ci = (uint16_t)(end->index + end->n_bb);
		s->next_ds = 0;
	}
	cq_write_end(s->sq->cq);
	if (s->error == WQE_E_WQ_MEMORY)
		break_down(s, s->error);
	else if (s->error != WQE_E_NONE)
		to_error(s, end->index, s->error);
	s->sq->ci = ci;
	s->n = 0;
	s->error = WQE_E_NONE;
	if (!ok)
		break_down(s, WQE_E_CQ);
	if (told)
		raise_event(s);
}

/* In ERR: what was posted completes as flushed. */
static void
flush_step(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_sq *s = sq_of(q);
	struct nic_sq *sq = s->sq;
	struct sq_entry w;
	unsigned int n;
	bool ok = true;

	(void)e;
	cq_write_begin(sq->cq);
	for (n = 0; ok && n < SQ_BURST && sq->ci != sq->pi; n++) {
		if (wqe_peek(s, sq->ci, (uint16_t)(sq->pi - sq->ci), &w) == WQE_E_WQ_MEMORY)
			break;
		/* ONLY_FIRST_ERR: this is not the first */
		if (sq->flush && w.mode != MLX5_COMP_ONLY_FIRST_ERR)
			ok = put_error(s, &w, WQE_E_FLUSH);
		sq->ci = (uint16_t)(sq->ci + w.n_bb);
		s->next_ds = 0;
	}
	cq_write_end(sq->cq);
	if (!ok)
		break_down(s, WQE_E_CQ);
	else if (n < SQ_BURST && sq->ci != sq->pi)
		break_down(s, WQE_E_WQ_MEMORY);
	else if (sq->flush)
		raise_event(s);
}

/* ---- sending ---- */

static void
load(struct dp_sq *s, const struct sq_entry *w, struct pkt *p)
{
	const struct iovec *seg = &s->pool[w->seg];
	struct iov_cur src = {.seg = seg, .n = w->n_seg};

	if (w->n_seg == 1 && seg->iov_base != NULL)
		pkt_load_flat(p, seg, 0, w->len);
	else
		pkt_load(p, &src, w->len);
}

/* The tag goes behind the addresses; what it pushes out of the head is read again from behind. */
static void
load_tagged(struct dp_sq *s, const struct sq_entry *w, struct pkt *p)
{
	struct iov_cur src = {.seg = &s->pool[w->seg], .n = w->n_seg};
	uint32_t head = w->len < PKT_HEAD - TAG_LEN ? w->len : PKT_HEAD - TAG_LEN;

	iov_read(&src, p->head, TAG_AT);
	pkt_put_be16(p->head + TAG_AT, (uint16_t)(w->tag >> 16));
	pkt_put_be16(p->head + TAG_AT + 2, (uint16_t)w->tag);
	iov_read(&src, p->head + TAG_AT + TAG_LEN, head - TAG_AT);
	p->len = w->len + TAG_LEN;
	p->head_len = (uint16_t)(head + TAG_LEN);
	p->csum_ok = false;
	p->rest = src;
	pkt_parse(p->head, p->head_len, &p->hdr);
}

static void
send_entry(struct dp_engine *e, struct dp_sq *s, const struct sq_entry *w)
{
	struct nic_func *f = s->base.f;
	struct pkt *p;

	if (w->opcode == MLX5_OPCODE_NOP)
		return;
	if (w->len < ETHER_HDR_LEN) {
		count(&f->stats.tx_dropped);
		return;
	}
	p = engine_pkt(e);
	if (w->tag != 0)
		load_tagged(s, w, p);
	else
		load(s, w, p);
	if (w->opcode == MLX5_OPCODE_TSO) {
		struct tso t = {.hdr_len = w->hdr_len,
			.mss = w->mss,
			.ip_csum = (w->cs_flags & MLX5_ETH_WQE_L3_CSUM) != 0,
			.tcp_csum = (w->cs_flags & MLX5_ETH_WQE_L4_CSUM) != 0};

		if (tso_send(e, f, &t, p) != 0)
			count(&f->stats.tx_dropped);
		return;
	}
	if ((w->cs_flags & MLX5_ETH_WQE_L3_CSUM) != 0)
		csum_ip(p);
	if ((w->cs_flags & MLX5_ETH_WQE_L4_CSUM) != 0)
		p->csum_ok = csum_l4(p);
	eswitch_tx(e, f, p);
}

/* Entries from sq->ci on, up to the first that is bad. */
static void
fetch(struct dp_sq *s)
{
	const struct nic_sq *sq = s->sq;
	uint16_t at = sq->ci;

	s->n = 0;
	s->n_pool = 0;
	s->error = WQE_E_NONE;
	while (at != sq->pi && s->n < SQ_BURST && SQ_POOL - s->n_pool >= SQ_MAX_SEGS) {
		struct sq_entry *w = &s->entry[s->n];
		const uint8_t *next = sq_block(s, (uint16_t)(at + 1));

		__builtin_prefetch(next);
		if (s->n > 0 && w[-1].next_ds != 0)
			s->error = wqe_fetch_next(s, w - 1, w);
		else
			s->error = wqe_fetch(
				s, at, (uint16_t)(sq->pi - at), s->n == 0 ? s->next_ds : 0, w);
		if (s->error != WQE_E_NONE)
			break;
		if (w->next_ds == 0)
			at = (uint16_t)(at + w->n_bb);
		s->n++;
	}
}

static void
send_step(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_sq *s = sq_of(q);
	unsigned int i;

	fetch(s);
	for (i = 0; i < s->n && e->tx_segs < MAX_SEGS; i++)
		send_entry(e, s, &s->entry[i]);
	if (i < s->n) {
		/* the rest is fetched again */
		s->n = i;
		s->error = WQE_E_NONE;
	}
	eswitch_flush(e);
}

static void
burst(struct dp_engine *e, struct dp_sq *s)
{
	eswitch_begin(e);
	engine_dma(e, &s->base, send_step);
	eswitch_end(e);
	engine_count_tx(e, s->base.f);
	if (!s->broken)
		engine_dma(e, &s->base, complete_step);
}

/* How far has software come? */
static void
doorbell_step(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_sq *s = sq_of(q);
	struct nic_sq *sq = s->sq;
	_Atomic uint32_t *dbr = mem_umem_ptr(
		sq->wq.dbr_umem, sq->wq.dbr_offset + DBR_SND * sizeof(*dbr), sizeof(*dbr));

	(void)e;
	if (dbr == NULL) {
		break_down(s, WQE_E_WQ_MEMORY);
		return;
	}
	sq->pi = (uint16_t)be32toh(atomic_load_explicit(dbr, memory_order_acquire));
	if ((uint16_t)(sq->pi - sq->ci) <= 1u << sq->wq.log_size)
		return;
	/* entries were overwritten before they were sent */
	s->error = WQE_E_OVERFLOW;
	s->n = 0;
	s->entry[0] = (struct sq_entry){.index = sq->ci, .n_bb = 1};
	if (is_ready(s))
		complete_step(e, q);
	sq->pi = sq->ci;
}

static bool
serve(struct dp_engine *e, struct dp_queue *q)
{
	struct dp_sq *s = sq_of(q);
	struct nic_sq *sq = s->sq;

	if (atomic_load_explicit(&q->kick, memory_order_relaxed) &&
		atomic_exchange(&q->kick, false) &&
		atomic_load_explicit(&sq->state, memory_order_relaxed) != NIC_WQ_RST && !s->broken)
		engine_dma(e, q, doorbell_step);
	if (sq->ci == sq->pi || s->broken)
		return false;
	if (is_ready(s))
		burst(e, s);
	else
		engine_dma(e, q, flush_step);
	return true;
}

static void
attend(struct dp_engine *e, struct dp_queue *q)
{
	(void)e;
	if ((atomic_fetch_and(&q->attn, ~QUEUE_ATTN_ARM) & QUEUE_ATTN_ARM) != 0)
		raise_event(sq_of(q));
}

/* ---- faults ---- */

static bool
in_segs(const struct dp_sq *s, const struct sq_entry *w, const uint8_t *addr)
{
	unsigned int i;

	for (i = 0; i < w->n_seg; i++) {
		const uint8_t *base = s->pool[w->seg + i].iov_base;

		if (base != NULL && addr >= base && addr < base + s->pool[w->seg + i].iov_len)
			return true;
	}
	return false;
}

static bool
in_ring(const struct dp_sq *s, const uint8_t *addr)
{
	const struct nic_wq *wq = &s->sq->wq;
	const uint8_t *dbr = mem_umem_ptr(wq->dbr_umem, wq->dbr_offset, 8);
	unsigned int i;

	if (dbr != NULL && addr >= dbr && addr < dbr + 8)
		return true;
	for (i = 0; i < 1u << wq->log_size; i++) {
		const uint8_t *bb = sq_block(s, (uint16_t)i);

		if (bb != NULL && addr >= bb && addr < bb + SQ_BB)
			return true;
	}
	return false;
}

static bool
touches(const struct dp_queue *q, const uint8_t *addr)
{
	const struct dp_sq *s = (const struct dp_sq *)q;
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		if (in_segs(s, &s->entry[i], addr))
			return true;
	}
	return in_ring(s, addr);
}

/* The first entry that has the address is the one that fails; what came before was sent. */
static void
fail(struct dp_queue *q, const uint8_t *addr)
{
	struct dp_sq *s = sq_of(q);
	unsigned int i = 0;

	if (in_ring(s, addr)) {
		break_down(s, WQE_E_WQ_MEMORY);
		return;
	}
	while (i < s->n && !in_segs(s, &s->entry[i], addr))
		i++;
	s->n = i;
	s->error = WQE_E_MEMORY;
}

static void
forget(struct dp_queue *q)
{
	keytlb_clear(&sq_of(q)->tlb);
}

const struct dp_queue_ops sq_ops = {
	.attend = attend,
	.touches = touches,
	.fail = fail,
	.serve = serve,
	.forget = forget,
};
