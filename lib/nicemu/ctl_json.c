/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the control socket answers, as JSON.
 */
#include "ctl.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "dp/dp.h"
#include "fw/fw.h"
#include "prm.h"
#include "uverbs/uverbs.h"

static const char *const vq_states[] = {"INIT", "RDY", "SUSPEND", "ERR"};
static const char *const qp_states[] = {"RST", "INIT", "RTR", "RTS", "ERR"};
static const char *const mkey_modes[] = {"MTT", "KLM", "KLM_FBS", "NULL"};

static void
add_num(cJSON *j, const char *name, uint64_t v)
{
	cJSON_AddNumberToObject(j, name, (double)v);
}

/* Keys and addresses are read by people: hexadecimal. */
static void
add_hex(cJSON *j, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)v);
	cJSON_AddStringToObject(j, name, text);
}

static void
mkey_fields(cJSON *j, const struct nic_mkey *m)
{
	cJSON_AddStringToObject(j, "mode", mkey_modes[m->mode]);
	add_hex(j, "key", m->obj.id << 8 | m->tag);
	add_hex(j, "start", m->start);
	add_num(j, "len", m->len);
	add_num(j, "klms", m->n_klm);
	if (m->pd != NULL)
		add_num(j, "pd", m->pd->obj.id);
}

static void
virtq_fields(cJSON *j, const struct nic_virtq *v)
{
	add_num(j, "index", v->index);
	cJSON_AddStringToObject(j, "state", vq_states[atomic_load(&v->state)]);
	cJSON_AddStringToObject(j, "type", v->type == NIC_VQ_PACKED ? "packed" : "split");
	add_num(j, "size", v->size);
	add_hex(j, "features", v->features);
	add_hex(j, "mkey", v->mkey);
	add_num(j, "event_mode", v->event_mode);
	add_num(j, "version_1_0", v->v1);
	add_hex(j, "desc", v->desc);
	add_hex(j, "avail", v->avail);
	add_hex(j, "used", v->used);
	add_num(j, "period_mode", v->period_mode);
	add_num(j, "period_us", v->period_us);
	add_num(j, "max_pending", v->max_pending);
	add_num(j, "avail_idx", v->avail_idx);
	add_num(j, "used_idx", v->used_idx);
	add_num(j, "error_type", v->error_type);
	add_num(j, "fetched", dp_virtq_fetched(v));
	add_num(j, "hungry", dp_virtq_hungry(v));
	if (v->event_qp != NULL)
		add_num(j, "event_qp", v->event_qp->obj.id);
	if (v->counters != NULL)
		add_num(j, "counters", v->counters->obj.id);
}

static void
qp_fields(cJSON *j, const struct nic_qp *q)
{
	cJSON_AddStringToObject(j, "state", qp_states[q->state]);
	add_num(j, "remote_qpn", q->remote_qpn);
	add_num(j, "rq_ci", q->rq_ci);
	if (q->cq_rcv != NULL)
		add_num(j, "cq_rcv", q->cq_rcv->obj.id);
}

static const char *const wq_states[] =
	{[NIC_WQ_RST] = "RST", [NIC_WQ_RDY] = "RDY", [NIC_WQ_ERR] = "ERR"};

static void
sq_fields(cJSON *j, const struct nic_sq *s)
{
	cJSON_AddStringToObject(j, "state", wq_states[atomic_load(&s->state)]);
	add_num(j, "log_size", s->wq.log_size);
	add_num(j, "cq", s->cq->obj.id);
	add_num(j, "tis", s->tis->obj.id);
	add_num(j, "ci", s->ci);
	add_num(j, "pi", s->pi);
}

static void
rq_fields(cJSON *j, const struct nic_rq *r)
{
	cJSON_AddStringToObject(j, "state", wq_states[atomic_load(&r->state)]);
	add_num(j, "log_size", r->wq.log_size);
	add_num(j, "log_stride", r->wq.log_stride);
	add_num(j, "cq", r->cq->obj.id);
	add_num(j, "ci", r->ci);
	add_num(j, "posted", dp_rq_posted(r));
}

static void
q_counter_fields(cJSON *j, const struct nic_q_counter *q)
{
	add_num(j, "out_of_buffer", atomic_load(&q->out_of_buffer));
	add_num(j, "cqe_errors", atomic_load(&q->cqe));
}

static void
cq_fields(cJSON *j, const struct nic_cq *c)
{
	add_num(j, "log_size", c->log_size);
	cJSON_AddStringToObject(j, "state", c->error ? "ERR" : "OK");
	add_num(j, "overrun_ignore", c->overrun_ignore);
	add_num(j, "pi", c->pi);
}

static void
tis_fields(cJSON *j, const struct nic_tis *t)
{
	add_num(j, "td", t->td->obj.id);
	add_num(j, "prio", t->prio);
	add_num(j, "lag_port", t->lag_port);
	add_num(j, "lag_strict", t->lag_strict);
}

static void
tir_fields(cJSON *j, const struct nic_tir *t)
{
	add_num(j, t->rqt != NULL ? "rqt" : "rq", t->rqt != NULL ? t->rqt->obj.id : t->rq->obj.id);
	add_num(j, "hash_fn", t->hash_fn);
	add_num(j, "symmetric", t->symmetric);
	add_num(j, "l3_type", t->l3_type);
	add_num(j, "l4_type", t->l4_type);
	add_hex(j, "fields", t->fields);
}

static void
flow_fields(cJSON *j, const struct nic_flow *f)
{
	add_num(j, "matcher", f->matcher->obj.id);
	add_num(j, "priority", f->priority);
	add_num(j, "tir", f->tir != NULL ? f->tir->obj.id : 0);
	add_num(j, "hits", atomic_load(&f->hits));
}

/* The queues in the order of their first entry: a table of 512 entries has a few. */
static void
rqt_fields(cJSON *j, const struct nic_rqt *r)
{
	cJSON *list =
		cJSON_AddArrayToObject(j, r->q_type == MLX5_INLINE_Q_TYPE_VIRTQ ? "virtqs" : "rqs");
	uint32_t i, k;

	add_num(j, "entries", r->size);
	for (i = 0; i < r->size && r->q != NULL; i++) {
		for (k = 0; k < i && r->q[k] != r->q[i]; k++)
			;
		if (k == i && r->q[i] != NULL)
			cJSON_AddItemToArray(list, cJSON_CreateNumber(r->q[i]->id));
	}
}

static void
obj_fields(cJSON *j, const struct nic_obj *o)
{
	switch (o->type) {
	case NIC_OBJ_MKEY:
		mkey_fields(j, (const struct nic_mkey *)o);
		break;
	case NIC_OBJ_TIS:
		tis_fields(j, (const struct nic_tis *)o);
		break;
	case NIC_OBJ_UMEM:
		add_num(j, "len", ((const struct nic_umem *)o)->len);
		break;
	case NIC_OBJ_CQ:
		cq_fields(j, (const struct nic_cq *)o);
		break;
	case NIC_OBJ_QP:
		qp_fields(j, (const struct nic_qp *)o);
		break;
	case NIC_OBJ_RQ:
		rq_fields(j, (const struct nic_rq *)o);
		break;
	case NIC_OBJ_Q_COUNTER:
		q_counter_fields(j, (const struct nic_q_counter *)o);
		break;
	case NIC_OBJ_SQ:
		sq_fields(j, (const struct nic_sq *)o);
		break;
	case NIC_OBJ_VIRTQ:
		virtq_fields(j, (const struct nic_virtq *)o);
		break;
	case NIC_OBJ_RQT:
		rqt_fields(j, (const struct nic_rqt *)o);
		break;
	case NIC_OBJ_TIR:
		tir_fields(j, (const struct nic_tir *)o);
		break;
	case NIC_OBJ_MATCHER:
		add_num(j, "priority", ((const struct nic_matcher *)o)->priority);
		break;
	case NIC_OBJ_FLOW:
		flow_fields(j, (const struct nic_flow *)o);
		break;
	default:
		break;
	}
}

void
ctl_objects(cJSON *j, const struct nic_func *f)
{
	cJSON *counts = cJSON_AddObjectToObject(j, "counts"),
	      *list = cJSON_AddArrayToObject(j, "objects"), *item;
	const struct nic_obj *o;
	unsigned int type;

	add_num(j, "mr_registered", f->mr_registered);
	add_num(j, "mr_destroyed", f->mr_destroyed);
	add_num(j, "mr_bytes", f->mr_bytes);
	for (type = 0; type < NIC_OBJ_TYPES; type++) {
		add_num(counts, fw_obj_name((enum nic_obj_type)type), f->n_objs[type]);
		TAILQ_FOREACH(o, &f->objs[type], next) {
			item = cJSON_CreateObject();
			cJSON_AddStringToObject(item, "object", fw_obj_name(o->type));
			add_num(item, "id", o->id);
			add_num(item, "uid", o->uid);
			add_num(item, "refs", o->refs);
			obj_fields(item, o);
			cJSON_AddItemToArray(list, item);
		}
	}
}

void
ctl_port_stats(cJSON *parent, const char *name, const struct nic_port_stats *s)
{
	cJSON *j = cJSON_AddObjectToObject(parent, name);

	add_num(j, "rx_pkts", atomic_load(&s->rx_pkts));
	add_num(j, "rx_bytes", atomic_load(&s->rx_bytes));
	add_num(j, "tx_pkts", atomic_load(&s->tx_pkts));
	add_num(j, "tx_bytes", atomic_load(&s->tx_bytes));
	add_num(j, "rx_no_buffer", atomic_load(&s->rx_no_buffer));
	add_num(j, "rx_no_flow", atomic_load(&s->rx_no_flow));
	add_num(j, "rx_oversize", atomic_load(&s->rx_oversize));
	add_num(j, "tx_no_dest", atomic_load(&s->tx_no_dest));
	add_num(j, "tx_dropped", atomic_load(&s->tx_dropped));
	add_num(j, "rx_link_down", atomic_load(&s->rx_link_down));
	add_num(j, "tx_link_down", atomic_load(&s->tx_link_down));
	add_num(j, "dma_errors", atomic_load(&s->dma_errors));
}

static void
virtq_stats(cJSON *list, const struct nic_virtq *v)
{
	cJSON *j = cJSON_CreateObject();

	add_num(j, "id", v->obj.id);
	virtq_fields(j, v);
	if (v->counters != NULL) {
		add_num(j, "received_desc", atomic_load(&v->counters->received_desc));
		add_num(j, "completed_desc", atomic_load(&v->counters->completed_desc));
		add_num(j, "error_cqes", atomic_load(&v->counters->error_cqes));
		add_num(j, "bad_desc_errors", atomic_load(&v->counters->bad_desc_errors));
		add_num(j, "exceed_max_chain", atomic_load(&v->counters->exceed_max_chain));
		add_num(j, "invalid_buffer", atomic_load(&v->counters->invalid_buffer));
	}
	cJSON_AddItemToArray(list, j);
}

void
ctl_queues(cJSON *j, const struct nic_func *f)
{
	cJSON *list = cJSON_AddArrayToObject(j, "virtqs");
	struct nic_virtq *v;
	struct nic_obj *o;

	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_VIRTQ], next) {
		v = (struct nic_virtq *)o;
		if (atomic_load(&v->state) == NIC_VQ_RDY)
			dp_virtq_indices(v);
		virtq_stats(list, v);
	}
}

/* Why virtqueues went to error, and how often. */
static void
vq_errors(cJSON *parent, const struct nic_func *f)
{
	cJSON *j = cJSON_AddObjectToObject(parent, "virtq_errors");
	unsigned int e;

	for (e = VQ_E_NONE + 1; e < VQ_ERRORS; e++) {
		uint64_t n = atomic_load(&f->vq_errors[e]);

		if (n > 0)
			add_num(j, dp_error_text((enum vq_error)e), n);
	}
}

/* The same of raw queues. */
static void
wqe_errors(cJSON *parent, const struct nic_func *f)
{
	cJSON *j = cJSON_AddObjectToObject(parent, "wqe_errors");
	unsigned int e;

	for (e = WQE_E_NONE + 1; e < WQE_ERRORS; e++) {
		uint64_t n = atomic_load(&f->wqe_errors[e]);

		if (n > 0)
			add_num(j, dp_wqe_error_text((enum wqe_error)e), n);
	}
}

void
ctl_stats(cJSON *j, const struct nic_func *f)
{
	ctl_port_stats(j, "vport", &f->stats);
	vq_errors(j, f);
	wqe_errors(j, f);
	add_num(j, "events_lost", uverbs_events_lost(f));
	ctl_queues(j, f);
}

static cJSON *
add_counts(cJSON *list, const char *name, uint64_t count, uint64_t failed)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "name", name);
	add_num(item, "count", count);
	add_num(item, "failed", failed);
	cJSON_AddItemToArray(list, item);
	return item;
}

void
ctl_commands(cJSON *j, const struct nic_func *f)
{
	cJSON *list = cJSON_AddArrayToObject(j, "commands");
	char number[8];
	unsigned int i;

	for (i = 0; i < NIC_OPCODES; i++) {
		if (f->n_cmds[i] == 0)
			continue;
		snprintf(number, sizeof(number), "%#x", i);
		add_hex(add_counts(list,
				fw_opcode_known((uint16_t)i) ? fw_opcode_name((uint16_t)i) : number,
				f->n_cmds[i], f->n_failed[i]),
			"opcode", i);
	}
	list = cJSON_AddArrayToObject(j, "ioctls");
	for (i = 0; i < METHODS; i++) {
		if (f->n_calls[i] != 0)
			add_counts(list, method_name(i), f->n_calls[i], f->n_calls_failed[i]);
	}
}
