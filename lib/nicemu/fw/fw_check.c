/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "fw_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fw_int.h"

#define ID_MAX 0xffffffu

/* An object of the table, and how many pointers at it were found. */
struct seen {
	const struct nic_obj *o;
	uint32_t refs;
};

struct check {
	struct nic_func *f;
	struct seen *seen; /* in order of address */
	unsigned int n_seen;
	unsigned int faults;
	char *why;
	size_t len;
};

/* Where the first fault was found is what counts: what follows may follow from it. */
static void __attribute__((format(printf, 3, 4)))
fault(struct check *k, const struct nic_obj *o, const char *fmt, ...)
{
	int n = 0;
	va_list ap;

	if (k->faults++ > 0)
		return;
	if (o != NULL)
		n = snprintf(k->why, k->len, "%s 0x%x: ", fw_obj_name(o->type), o->id);
	if (n < 0 || (size_t)n >= k->len)
		return;
	va_start(ap, fmt);
	vsnprintf(k->why + n, k->len - (size_t)n, fmt, ap);
	va_end(ap);
}

#define CHECK(k, o, cond, ...) ((cond) ? (void)0 : fault(k, o, __VA_ARGS__))

static int
by_address(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return (x->o > y->o) - (x->o < y->o);
}

static struct seen *
find(const struct check *k, const void *o)
{
	const struct seen key = {.o = o};

	return bsearch(&key, k->seen, k->n_seen, sizeof(key), by_address);
}

/*
 * 'o' refers to 'to': that has to be in the table, of this type, and of the same owner (the kernel,
 * uid 0, may use what is a user's).
 */
static void
ref(struct check *k, const struct nic_obj *o, const void *to, enum nic_obj_type type)
{
	struct seen *s;

	if (to == NULL)
		return;
	s = find(k, to);
	if (s == NULL) {
		fault(k, o, "refers to a %s that is gone", fw_obj_name(type));
		return;
	}
	s->refs++;
	CHECK(k, o, s->o->type == type, "refers to a %s as if it were a %s",
		fw_obj_name(s->o->type), fw_obj_name(type));
	CHECK(k, o, o->uid == 0 || o->uid == s->o->uid, "of user %u refers to %s 0x%x of user %u",
		o->uid, fw_obj_name(type), s->o->id, s->o->uid);
}

/* Does [off, off + len) lie in a umem? */
static bool
inside(const struct nic_umem *u, uint64_t off, uint64_t len)
{
	return u != NULL && off <= u->len && len <= u->len - off;
}

/* ---- each type ---- */

static void
check_umem(struct check *k, const struct nic_umem *u)
{
	CHECK(k, &u->obj, u->pin != NULL, "without pinned memory");
	if (u->pin != NULL)
		CHECK(k, &u->obj, u->len != 0 && u->len <= mem_pin_bytes(u->pin),
			"of %llu bytes has %llu pinned", (unsigned long long)u->len,
			(unsigned long long)mem_pin_bytes(u->pin));
}

static void
check_klm(struct check *k, const struct nic_mkey *m)
{
	uint64_t end = 0;
	uint32_t i;

	CHECK(k, &m->obj, m->pin == NULL && m->umem == NULL, "list with pages of its own");
	CHECK(k, &m->obj, m->n_klm > 0 && m->klm != NULL && m->klm_end != NULL, "without a list");
	if (m->klm_end == NULL)
		return;
	for (i = 0; i < m->n_klm; i++) {
		CHECK(k, &m->obj, m->klm_end[i] >= end, "entry %u ends before it starts", i);
		end = m->klm_end[i];
	}
	CHECK(k, &m->obj, end >= m->len, "list covers less than the key");
}

static void
check_mkey(struct check *k, const struct nic_mkey *m)
{
	const struct nic_obj *o = &m->obj;

	ref(k, o, m->pd, NIC_OBJ_PD);
	ref(k, o, m->umem, NIC_OBJ_UMEM);
	CHECK(k, o, o->id < k->f->mkey_tbl_size && k->f->mkey_tbl[o->id] == m,
		"is not in the table of the engines");
	CHECK(k, o, m->len == 0 || m->len - 1 <= UINT64_MAX - m->start, "wraps around");
	switch (m->mode) {
	case NIC_MKEY_MTT:
		CHECK(k, o, m->pd != NULL && m->pin != NULL, "without domain or pages");
		if (m->pin != NULL)
			CHECK(k, o,
				m->pin_off <= mem_pin_bytes(m->pin) &&
					m->len <= mem_pin_bytes(m->pin) - m->pin_off,
				"is larger than its pages");
		if (m->umem != NULL)
			CHECK(k, o, m->pin == m->umem->pin && inside(m->umem, m->pin_off, m->len),
				"reaches beyond its umem");
		break;
	case NIC_MKEY_KLM:
	case NIC_MKEY_KLM_FBS:
		CHECK(k, o, m->pd != NULL, "without a domain");
		check_klm(k, m);
		break;
	case NIC_MKEY_NULL:
		CHECK(k, o, o->id == k->f->dump_fill_mkey >> 8 && o->uid == 0,
			"is a null key that nobody may make");
		break;
	default:
		fault(k, o, "mode is %d", (int)m->mode);
	}
}

static void
check_page(struct check *k, const struct nic_obj *o, uint64_t bar_offset, uint64_t used[4])
{
	uint64_t i = (bar_offset - FW_BAR_BASE) / NIC_PAGE;

	CHECK(k, o, fw_bar_ptr(k->f, bar_offset) != NULL && bar_offset % NIC_PAGE == 0,
		"page is not in the BAR");
	if (i >= FW_BAR_PAGES)
		return;
	CHECK(k, o, !(used[i / 64] & 1ull << i % 64), "page is another object's too");
	used[i / 64] |= 1ull << i % 64;
}

static void
check_cq(struct check *k, const struct nic_cq *cq)
{
	const struct nic_obj *o = &cq->obj;

	ref(k, o, cq->uar, NIC_OBJ_UAR);
	/* those of the kernel's page lists are its own */
	if (cq->umem != &cq->pages)
		ref(k, o, cq->umem, NIC_OBJ_UMEM);
	if (cq->dbr_umem != &cq->record)
		ref(k, o, cq->dbr_umem, NIC_OBJ_UMEM);
	CHECK(k, o, (cq->umem == &cq->pages) == (cq->dbr_umem == &cq->record),
		"half of its memory is the kernel's");
	CHECK(k, o, cq->uar != NULL, "without a UAR");
	CHECK(k, o, cq->log_cqe_size == 6 || cq->log_cqe_size == 7, "entries of 2^%u bytes",
		cq->log_cqe_size);
	CHECK(k, o, inside(cq->umem, cq->offset, 1ull << (cq->log_size + cq->log_cqe_size)),
		"reaches beyond its umem");
	CHECK(k, o, inside(cq->dbr_umem, cq->dbr_offset, 8), "doorbell record beyond its umem");
	CHECK(k, o, cq->offset % 64 == 0 && cq->dbr_offset % 8 == 0, "is not aligned");
	CHECK(k, o, atomic_load(&cq->dp_lock) == 0, "is locked, and no engine runs");
}

static void
check_qp(struct check *k, const struct nic_qp *qp)
{
	const struct nic_obj *o = &qp->obj;

	ref(k, o, qp->pd, NIC_OBJ_PD);
	ref(k, o, qp->cq_rcv, NIC_OBJ_CQ);
	ref(k, o, qp->uar, NIC_OBJ_UAR);
	ref(k, o, qp->wq_umem, NIC_OBJ_UMEM);
	ref(k, o, qp->dbr_umem, NIC_OBJ_UMEM);
	CHECK(k, o, qp->pd != NULL, "without a domain");
	CHECK(k, o, (unsigned int)qp->state <= NIC_QP_ERR, "state is %d", (int)qp->state);
	if (qp->no_rq) {
		CHECK(k, o, qp->cq_rcv == NULL && qp->wq_umem == NULL && qp->dbr_umem == NULL,
			"has no receive queue, but parts of one");
	} else {
		CHECK(k, o, qp->cq_rcv != NULL && qp->uar != NULL, "without CQ or UAR");
		CHECK(k, o,
			inside(qp->wq_umem, qp->wq_offset,
				1ull << (qp->log_rq_size + qp->log_rq_stride)),
			"reaches beyond its umem");
		CHECK(k, o, inside(qp->dbr_umem, qp->dbr_offset, 8),
			"doorbell record beyond its umem");
	}
	CHECK(k, o, qp->state != NIC_QP_RST || qp->remote_qpn == 0, "in reset, but connected");
	if (qp->virtq != NULL)
		CHECK(k, o, find(k, qp->virtq) != NULL && qp->virtq->event_qp == qp,
			"is the event QP of a virtqueue that does not know it");
}

static void
check_wq(struct check *k, const struct nic_obj *o, const struct nic_wq *w, bool sends)
{
	ref(k, o, w->pd, NIC_OBJ_PD);
	ref(k, o, w->uar, NIC_OBJ_UAR);
	ref(k, o, w->umem, NIC_OBJ_UMEM);
	ref(k, o, w->dbr_umem, NIC_OBJ_UMEM);
	CHECK(k, o, w->pd != NULL && (w->uar != NULL) == sends, "without a domain or its doorbell");
	CHECK(k, o, inside(w->umem, w->offset, 1ull << (w->log_size + w->log_stride)),
		"reaches beyond its umem");
	CHECK(k, o, inside(w->dbr_umem, w->dbr_offset, 8), "doorbell record beyond its umem");
	CHECK(k, o, w->offset % 64 == 0 && w->dbr_offset % 8 == 0, "is not aligned");
}

static void
check_sq(struct check *k, const struct nic_sq *sq)
{
	const struct nic_obj *o = &sq->obj;
	int state = atomic_load(&sq->state);

	check_wq(k, o, &sq->wq, true);
	ref(k, o, sq->cq, NIC_OBJ_CQ);
	ref(k, o, sq->tis, NIC_OBJ_TIS);
	CHECK(k, o, sq->cq != NULL && sq->tis != NULL && sq->dp != NULL,
		"without CQ, TIS or an engine's half");
	CHECK(k, o, state >= NIC_WQ_RST && state <= NIC_WQ_ERR, "state is %d", state);
	CHECK(k, o, state != NIC_WQ_RST || (sq->ci == 0 && sq->pi == 0),
		"in reset, and at entry %u of %u", sq->ci, sq->pi);
	CHECK(k, o, (uint16_t)(sq->pi - sq->ci) <= 1u << sq->wq.log_size,
		"has %u entries of %u posted", (uint16_t)(sq->pi - sq->ci), 1u << sq->wq.log_size);
}

static void
check_rq(struct check *k, const struct nic_rq *rq)
{
	const struct nic_obj *o = &rq->obj;
	int state = atomic_load(&rq->state);

	check_wq(k, o, &rq->wq, false);
	ref(k, o, rq->cq, NIC_OBJ_CQ);
	ref(k, o, rq->counter, NIC_OBJ_Q_COUNTER);
	CHECK(k, o, rq->cq != NULL && rq->dp != NULL, "without CQ or an engine's half");
	CHECK(k, o, state >= NIC_WQ_RST && state <= NIC_WQ_ERR, "state is %d", state);
	CHECK(k, o, state != NIC_WQ_RST || (rq->ci == 0 && rq->pi == 0),
		"in reset, and at entry %u of %u", rq->ci, rq->pi);
}

/* What has to be there for a queue to run. */
static void
check_ready(struct check *k, const struct nic_virtq *v)
{
	const struct nic_obj *o = &v->obj;

	CHECK(k, o, v->mkey != 0, "runs without a memory key");
	CHECK(k, o, v->error_type == NIC_VQ_ERR_NONE, "runs with error %u", v->error_type);
	CHECK(k, o, v->desc % 16 == 0 && v->used % 4 == 0 && v->avail % 2 == 0,
		"runs with a ring that is not aligned");
}

static void
check_virtq(struct check *k, const struct nic_virtq *v)
{
	const struct nic_obj *o = &v->obj, *other;
	int state = atomic_load(&v->state);
	unsigned int i;

	ref(k, o, v->pd, NIC_OBJ_PD);
	ref(k, o, v->tis, NIC_OBJ_TIS);
	ref(k, o, v->event_qp, NIC_OBJ_QP);
	ref(k, o, v->counters, NIC_OBJ_VIRTQ_COUNTERS);
	for (i = 0; i < 3; i++) {
		ref(k, o, v->umem[i], NIC_OBJ_UMEM);
		CHECK(k, o, v->umem[i] != NULL, "without umem %u", i + 1);
	}
	CHECK(k, o, v->pd != NULL && v->dp != NULL, "without a domain or an engine's half");
	CHECK(k, o, state >= NIC_VQ_INIT && state <= NIC_VQ_ERR, "state is %d", state);
	/* those of a function that died have no reason of their own */
	CHECK(k, o, state != NIC_VQ_ERR || v->error_type != NIC_VQ_ERR_NONE || fw_is_dead(k->f),
		"in error without a reason");
	CHECK(k, o, v->type == NIC_VQ_SPLIT || v->type == NIC_VQ_PACKED, "type is %d",
		(int)v->type);
	CHECK(k, o, v->size != 0 && (v->size & (v->size - 1)) == 0, "size is %u", v->size);
	CHECK(k, o, !(v->index & 1) || v->tis != NULL, "transmits without a TIS");
	CHECK(k, o, (v->event_mode == NIC_VQ_QP) == (v->event_qp != NULL),
		"event mode %d %s an event QP", (int)v->event_mode,
		v->event_qp != NULL ? "with" : "without");
	if (v->event_qp != NULL && find(k, v->event_qp) != NULL)
		CHECK(k, o,
			v->event_qp->virtq == v && v->event_qp->pd == v->pd && v->event_qp->no_rq,
			"event QP is not its own");
	if (state == NIC_VQ_RDY)
		check_ready(k, v);
	for (other = TAILQ_NEXT(o, next); other != NULL; other = TAILQ_NEXT(other, next))
		CHECK(k, o, ((const struct nic_virtq *)other)->index != v->index,
			"index %u is another queue's too", v->index);
}

static void
check_rqt(struct check *k, const struct nic_rqt *r)
{
	bool virtqs = r->q_type == MLX5_INLINE_Q_TYPE_VIRTQ;
	uint32_t i;

	CHECK(k, &r->obj, r->size > 0 && r->size <= r->max_size && r->q != NULL,
		"has %u of at most %u entries", r->size, r->max_size);
	for (i = 0; i < r->size && r->q != NULL; i++) {
		CHECK(k, &r->obj, r->q[i] != NULL, "entry %u is empty", i);
		ref(k, &r->obj, r->q[i], virtqs ? NIC_OBJ_VIRTQ : NIC_OBJ_RQ);
		if (virtqs && find(k, r->q[i]) != NULL)
			CHECK(k, &r->obj, !(((const struct nic_virtq *)r->q[i])->index & 1),
				"entry %u transmits", i);
	}
}

static void
check_tir(struct check *k, const struct nic_tir *t)
{
	ref(k, &t->obj, t->td, NIC_OBJ_TD);
	ref(k, &t->obj, t->rqt, NIC_OBJ_RQT);
	ref(k, &t->obj, t->rq, NIC_OBJ_RQ);
	CHECK(k, &t->obj, t->td != NULL && (t->rqt != NULL) != (t->rq != NULL),
		"without transport domain, or not with either RQT or RQ");
	CHECK(k, &t->obj, t->hash_fn <= MLX5_RX_HASH_FN_TOEPLITZ, "hash function is %u",
		t->hash_fn);
}

static void
check_flow(struct check *k, const struct nic_flow *fl)
{
	unsigned int i, n = 0;

	ref(k, &fl->obj, fl->matcher, NIC_OBJ_MATCHER);
	ref(k, &fl->obj, fl->tir, NIC_OBJ_TIR);
	CHECK(k, &fl->obj, fl->matcher != NULL, "without a matcher");
	for (i = 0; i < k->f->n_flows; i++)
		n += k->f->flow_tbl[i] == fl;
	CHECK(k, &fl->obj, n == 1, "is %u times in the table of the engines", n);
	if (fl->also != NULL && find(k, fl->also) == NULL) {
		fault(k, &fl->obj, "leads to a flow that is gone");
		return;
	}
	CHECK(k, &fl->obj,
		fl->also == NULL || (fl->also->seq == fl->seq && fl->also->tir != fl->tir),
		"leads to a flow of another match, or to the same TIR");
	if (fl->matcher == NULL || find(k, fl->matcher) == NULL)
		return;
	for (i = 0; i < NIC_LYR24_LEN; i++)
		CHECK(k, &fl->obj, !(fl->value[i] & ~fl->matcher->mask[i]),
			"byte %u of the value is not in the mask", i);
}

static void
check_obj(struct check *k, const struct nic_obj *o, uint64_t bar[4])
{
	switch (o->type) {
	case NIC_OBJ_TIS:
		ref(k, o, ((const struct nic_tis *)o)->td, NIC_OBJ_TD);
		break;
	case NIC_OBJ_MKEY:
		check_mkey(k, (const struct nic_mkey *)o);
		break;
	case NIC_OBJ_UMEM:
		check_umem(k, (const struct nic_umem *)o);
		break;
	case NIC_OBJ_UAR:
		check_page(k, o, ((const struct nic_uar *)o)->bar_offset, bar);
		break;
	case NIC_OBJ_VAR:
		check_page(k, o, ((const struct nic_var *)o)->bar_offset, bar);
		break;
	case NIC_OBJ_CQ:
		check_cq(k, (const struct nic_cq *)o);
		break;
	case NIC_OBJ_QP:
		check_qp(k, (const struct nic_qp *)o);
		break;
	case NIC_OBJ_RQ:
		check_rq(k, (const struct nic_rq *)o);
		break;
	case NIC_OBJ_SQ:
		check_sq(k, (const struct nic_sq *)o);
		break;
	case NIC_OBJ_VIRTQ:
		check_virtq(k, (const struct nic_virtq *)o);
		break;
	case NIC_OBJ_RQT:
		check_rqt(k, (const struct nic_rqt *)o);
		break;
	case NIC_OBJ_TIR:
		check_tir(k, (const struct nic_tir *)o);
		break;
	case NIC_OBJ_FLOW:
		check_flow(k, (const struct nic_flow *)o);
		break;
	default:
		break;
	}
}

/* ---- the function as a whole ---- */

/* The head of an object: in list and hash table, numbered, owned. */
static void
check_head(struct check *k, const struct nic_obj *o, enum nic_obj_type type)
{
	const struct nic_obj *h = k->f->obj_hash[type][o->id % NIC_HASH];
	const struct fw_uctx *u = k->f->uctx;
	unsigned int n = 0;

	CHECK(k, o, o->func == k->f && o->type == type, "is in the list of another type");
	CHECK(k, o, o->id <= ID_MAX, "has a number of more than 24 bits");
	for (; h != NULL; h = h->hnext)
		n += h->id == o->id;
	CHECK(k, o, n == 1, "is %u times in the hash table", n);
	while (u != NULL && u->uid != o->uid)
		u = u->next;
	CHECK(k, o, o->uid == 0 || u != NULL, "belongs to user %u, who is gone", o->uid);
}

/* All objects into k->seen. False: no memory. */
static bool
collect(struct check *k)
{
	const struct nic_obj *o;
	unsigned int t, n, total = 0;

	for (t = 0; t < NIC_OBJ_TYPES; t++) {
		n = 0;
		TAILQ_FOREACH(o, &k->f->objs[t], next)
			n++;
		CHECK(k, NULL, n == k->f->n_objs[t], "%u objects of type %s are counted as %u", n,
			fw_obj_name(t), k->f->n_objs[t]);
		total += n;
	}
	k->seen = calloc(total + 1, sizeof(*k->seen));
	if (k->seen == NULL) {
		fault(k, NULL, "no memory to look");
		return false;
	}
	for (t = 0; t < NIC_OBJ_TYPES; t++) {
		TAILQ_FOREACH(o, &k->f->objs[t], next)
			k->seen[k->n_seen++].o = o;
	}
	qsort(k->seen, k->n_seen, sizeof(*k->seen), by_address);
	return true;
}

/* Tables that are derived from the objects, and sums. */
static void
check_tables(struct check *k, const uint64_t bar[4])
{
	const struct nic_func *f = k->f;
	uint64_t bytes = 0, n = 0;
	const struct nic_obj *o;
	uint32_t i;

	for (i = 0; i < f->mkey_tbl_size; i++)
		n += f->mkey_tbl[i] != NULL;
	CHECK(k, NULL, n == f->n_objs[NIC_OBJ_MKEY], "%llu memory keys are in the engines' table",
		(unsigned long long)n);
	CHECK(k, NULL, f->n_flows == f->n_objs[NIC_OBJ_FLOW],
		"%u flows are in the engines' table of %u", f->n_flows, f->n_objs[NIC_OBJ_FLOW]);
	for (i = 0; i < 4; i++)
		CHECK(k, NULL, bar[i] == f->bar_used[i], "BAR pages are taken by nobody");
	n = 0;
	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_MKEY], next) {
		const struct nic_mkey *m = (const struct nic_mkey *)o;

		if (m->pin == NULL || m->umem != NULL)
			continue;
		bytes += mem_pin_bytes(m->pin);
		n++;
	}
	CHECK(k, NULL, bytes == f->mr_bytes && n == f->mr_registered - f->mr_destroyed,
		"%llu memory regions of %llu bytes are accounted as %llu of %llu",
		(unsigned long long)n, (unsigned long long)bytes,
		(unsigned long long)(f->mr_registered - f->mr_destroyed),
		(unsigned long long)f->mr_bytes);
}

static void
check_all(struct check *k)
{
	uint64_t bar[4] = {0};
	unsigned int i, t;
	const struct nic_obj *o;

	for (t = 0; t < NIC_OBJ_TYPES; t++) {
		TAILQ_FOREACH(o, &k->f->objs[t], next) {
			check_head(k, o, t);
			check_obj(k, o, bar);
		}
	}
	for (i = 0; i < k->n_seen; i++)
		CHECK(k, k->seen[i].o, k->seen[i].refs == k->seen[i].o->refs,
			"%u pointers at it are counted as %u", k->seen[i].refs, k->seen[i].o->refs);
	check_tables(k, bar);
}

unsigned int
fw_check(struct nic_func *f, char *why, size_t len)
{
	struct check k = {.f = f, .why = why, .len = len};

	pthread_mutex_lock(&f->nic->fw_lock);
	dp_pause(f->nic);
	if (collect(&k))
		check_all(&k);
	dp_resume(f->nic);
	pthread_mutex_unlock(&f->nic->fw_lock);
	free(k.seen);
	return k.faults;
}
