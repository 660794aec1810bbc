/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The table of objects: numbers, owners, references, and user contexts.
 *
 * Numbers are not given out again soon, so a stale one is found out; and those of each type start
 * elsewhere, so that the number of one type is rarely a number of another.
 */
#include <errno.h>
#include <stdlib.h>

#include "fw_int.h"

#define ID_MAX 0xffffffu
#define Q_COUNTER_MAX 0xffu

static uint32_t
first_id(enum nic_obj_type type)
{
	/* their field has 8 bits, and 0 is none */
	return type == NIC_OBJ_Q_COUNTER ? 1 : 0x100u * (type + 1);
}

void
fw_objs_init(struct nic_func *f)
{
	enum nic_obj_type t;

	TAILQ_INIT(&f->queues);
	TAILQ_INIT(&f->bells);
	for (t = 0; t < NIC_OBJ_TYPES; t++) {
		TAILQ_INIT(&f->objs[t]);
		f->next_id[t] = first_id(t);
	}
}

struct nic_obj *
fw_obj_find(const struct nic_func *f, enum nic_obj_type type, uint32_t id)
{
	struct nic_obj *o;

	for (o = f->obj_hash[type][id % NIC_HASH]; o != NULL; o = o->hnext) {
		if (o->id == id)
			return o;
	}
	return NULL;
}

bool
fw_obj_exists(struct nic_func *f, enum nic_obj_type type, uint32_t id)
{
	bool there;

	pthread_mutex_lock(&f->nic->fw_lock);
	there = fw_obj_find(f, type, id) != NULL;
	pthread_mutex_unlock(&f->nic->fw_lock);
	return there;
}

void *
fw_target(struct fw_cmd *c, enum nic_obj_type type, uint32_t id)
{
	struct nic_obj *o;

	c->about = type;
	c->about_id = id;
	if (id > ID_MAX) {
		fw_refuse(c, FW_R_NUMBER);
		return NULL;
	}
	o = fw_obj_find(c->f, type, id);
	if (o == NULL) {
		fw_refuse(c, FW_R_NO_OBJECT);
		return NULL;
	}
	if (c->uid != 0 && o->uid != c->uid) {
		fw_refuse(c, FW_R_OWNER);
		return NULL;
	}
	return o;
}

void *
fw_use(struct fw_cmd *c, enum nic_obj_type type, uint32_t id, enum fw_rule r)
{
	struct nic_obj *o = fw_obj_find(c->f, type, id);

	if (o != NULL && (c->uid == 0 || o->uid == c->uid))
		return o;
	fw_refuse(c, r);
	return NULL;
}

/*
 * How many objects of a type a function may have; what has no capability of its own is bounded all
 * the same.
 */
static uint32_t
obj_max(const struct nic_func *f, enum nic_obj_type type)
{
	switch (type) {
	case NIC_OBJ_PD:
		return 1u << FW_CAP_GEN(f, log_max_pd);
	case NIC_OBJ_TD:
		return 1u << FW_CAP_GEN(f, log_max_transport_domain);
	case NIC_OBJ_TIS:
		return 1u << FW_CAP_GEN(f, log_max_tis);
	case NIC_OBJ_TIR:
		return 1u << FW_CAP_GEN(f, log_max_tir);
	case NIC_OBJ_RQT:
		return 1u << FW_CAP_GEN(f, log_max_rqt);
	case NIC_OBJ_RQ:
		return FW_CAP_GEN(f, log_max_rq) == 0 ? 0 : 1u << FW_CAP_GEN(f, log_max_rq);
	case NIC_OBJ_Q_COUNTER:
		return FW_CAP_GEN(f, max_qp_cnt);
	case NIC_OBJ_SQ:
		return FW_CAP_GEN(f, log_max_sq) == 0 ? 0 : 1u << FW_CAP_GEN(f, log_max_sq);
	case NIC_OBJ_CQ:
		return 1u << FW_CAP_GEN(f, log_max_cq);
	case NIC_OBJ_QP:
		return 1u << FW_CAP_GEN(f, log_max_qp);
	case NIC_OBJ_MKEY:
		return 1u << FW_CAP_GEN(f, log_max_mkey);
	case NIC_OBJ_UMEM:
		return 1u << FW_CAP_GEN(f, log_max_umem);
	default:
		return 1u << 16;
	}
}

static bool
mkey_room(struct nic_func *f)
{
	uint32_t size = f->mkey_tbl_size != 0 ? f->mkey_tbl_size * 2 : 2 * first_id(NIC_OBJ_MKEY);
	struct nic_mkey **t;

	/* keys come around only when more than half of the table is in use */
	if (f->n_objs[NIC_OBJ_MKEY] < f->mkey_tbl_size / 2)
		return true;
	t = realloc(f->mkey_tbl, size * sizeof(*t));
	if (t == NULL)
		return false;
	while (f->mkey_tbl_size < size)
		t[f->mkey_tbl_size++] = NULL;
	f->mkey_tbl = t;
	return true;
}

static uint32_t
next_id(struct nic_func *f, enum nic_obj_type type)
{
	uint32_t end = type == NIC_OBJ_MKEY ? f->mkey_tbl_size
		: type == NIC_OBJ_Q_COUNTER ? Q_COUNTER_MAX + 1
					    : ID_MAX + 1;
	uint32_t id = f->next_id[type];

	do {
		if (id >= end)
			id = first_id(type);
	} while (fw_obj_find(f, type, id) != NULL && ++id);
	f->next_id[type] = id + 1;
	return id;
}

void *
fw_obj_new(struct fw_cmd *c, enum nic_obj_type type, size_t size)
{
	struct nic_func *f = c->f;
	struct nic_obj *o;

	if (f->n_objs[type] >= obj_max(f, type)) {
		fw_refuse(c, FW_R_TOO_MANY);
		return NULL;
	}
	o = calloc(1, size);
	if (o == NULL || (type == NIC_OBJ_MKEY && !mkey_room(f))) {
		free(o);
		fw_refuse(c, FW_R_MEMORY);
		return NULL;
	}
	o->func = f;
	o->type = type;
	o->uid = c->uid;
	o->id = next_id(f, type);
	o->hnext = f->obj_hash[type][o->id % NIC_HASH];
	f->obj_hash[type][o->id % NIC_HASH] = o;
	TAILQ_INSERT_TAIL(&f->objs[type], o, next);
	f->n_objs[type]++;
	c->about = type;
	c->about_id = o->id;
	return o;
}

void
fw_obj_free(struct nic_obj *o)
{
	struct nic_func *f = o->func;
	struct nic_obj **p = &f->obj_hash[o->type][o->id % NIC_HASH];

	while (*p != o)
		p = &(*p)->hnext;
	*p = o->hnext;
	TAILQ_REMOVE(&f->objs[o->type], o, next);
	f->n_objs[o->type]--;
	free(o);
}

uint8_t
fw_obj_idle(struct fw_cmd *c, const struct nic_obj *o)
{
	return o->refs == 0 ? 0 : fw_refuse(c, FW_R_REFERENCED);
}

void
fw_destroy(struct nic_obj *o)
{
	switch (o->type) {
	case NIC_OBJ_MKEY:
		fw_mkey_free((struct nic_mkey *)o);
		break;
	case NIC_OBJ_UMEM:
		fw_umem_free((struct nic_umem *)o);
		break;
	case NIC_OBJ_UAR:
		fw_uar_free_obj((struct nic_uar *)o);
		break;
	case NIC_OBJ_VAR:
		fw_var_free_obj((struct nic_var *)o);
		break;
	case NIC_OBJ_CQ:
		fw_cq_free((struct nic_cq *)o);
		break;
	case NIC_OBJ_QP:
		fw_qp_free((struct nic_qp *)o);
		break;
	case NIC_OBJ_RQ:
		fw_rq_free((struct nic_rq *)o);
		break;
	case NIC_OBJ_SQ:
		fw_sq_free((struct nic_sq *)o);
		break;
	case NIC_OBJ_VIRTQ:
		fw_virtq_free((struct nic_virtq *)o);
		break;
	case NIC_OBJ_TIS:
		fw_tis_free((struct nic_tis *)o);
		break;
	case NIC_OBJ_RQT:
		fw_rqt_free((struct nic_rqt *)o);
		break;
	case NIC_OBJ_TIR:
		fw_tir_free((struct nic_tir *)o);
		break;
	case NIC_OBJ_FLOW:
		fw_flow_free((struct nic_flow *)o);
		break;
	default:
		fw_obj_free(o);
		break;
	}
}

/* ---- user contexts ---- */

static struct fw_uctx *
uctx_find(const struct nic_func *f, uint16_t uid)
{
	struct fw_uctx *u;

	for (u = f->uctx; u != NULL && u->uid != uid; u = u->next)
		;
	return u;
}

uint8_t
fw_uctx_check(struct fw_cmd *c)
{
	return c->uid == 0 || uctx_find(c->f, c->uid) != NULL ? 0 : fw_refuse(c, FW_R_UCTX);
}

bool
fw_uctx_may(const struct fw_cmd *c, uint32_t cap)
{
	const struct fw_uctx *u;

	if (c->uid == 0)
		return true;
	u = uctx_find(c->f, c->uid);
	return u != NULL && (u->caps & cap) == cap;
}

int
fw_uctx_create(struct nic_func *f, uint32_t caps)
{
	struct fw_uctx *u = calloc(1, sizeof(*u));
	struct fw_cmd c;
	uint16_t uid = 0;
	int ret;

	if (u == NULL)
		return -ENOMEM;
	if (fw_kern_begin(&c, f, MLX5_CMD_OP_CREATE_UCTX, 0) != 0) {
		free(u);
	} else {
		do {
			uid = ++f->next_uid;
		} while (uid == 0 || uctx_find(f, uid) != NULL);
		u->uid = uid;
		c.uid = uid;
		u->caps = caps & FW_CAP_GEN(f, uctx_cap);
		u->next = f->uctx;
		f->uctx = u;
	}
	ret = fw_kern_end(&c);
	return ret != 0 ? ret : uid;
}

#define UID_ANY 0x10000u

/* All of a type and a context, but the null key, which is the device's own. */
static unsigned int
destroy_all(struct nic_func *f, enum nic_obj_type type, uint32_t uid)
{
	struct nic_obj *o, *next;
	unsigned int n = 0;

	for (o = TAILQ_FIRST(&f->objs[type]); o != NULL; o = next) {
		next = TAILQ_NEXT(o, next);
		if ((uid != UID_ANY && o->uid != uid) ||
			(type == NIC_OBJ_MKEY && o->id == f->dump_fill_mkey >> 8))
			continue;
		fw_destroy(o);
		n++;
	}
	return n;
}

/* What refers goes before what is referred to. */
static unsigned int
destroy_types(struct nic_func *f, uint32_t uid)
{
	static const enum nic_obj_type order[] = {NIC_OBJ_FLOW, NIC_OBJ_MATCHER, NIC_OBJ_TIR,
		NIC_OBJ_RQT, NIC_OBJ_VIRTQ, NIC_OBJ_VIRTQ_COUNTERS, NIC_OBJ_SQ, NIC_OBJ_RQ,
		NIC_OBJ_Q_COUNTER, NIC_OBJ_QP, NIC_OBJ_CQ, NIC_OBJ_TIS, NIC_OBJ_TD, NIC_OBJ_MKEY,
		NIC_OBJ_UMEM, NIC_OBJ_VAR, NIC_OBJ_UAR, NIC_OBJ_PD};
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		n += destroy_all(f, order[i], uid);
	return n;
}

void
fw_objs_drop(struct nic_func *f)
{
	destroy_types(f, UID_ANY);
}

unsigned int
fw_uctx_destroy(struct nic_func *f, uint16_t uid)
{
	struct fw_uctx **p, *u;
	unsigned int n;
	struct fw_cmd c;

	if (uid == 0)
		return 0;
	/*
	 * an injected failure counts, but the kernel frees the context whatever the firmware says
	 */
	fw_kern_begin(&c, f, MLX5_CMD_OP_DESTROY_UCTX, 0);
	n = destroy_types(f, uid);
	for (p = &f->uctx; *p != NULL && (*p)->uid != uid; p = &(*p)->next)
		;
	u = *p;
	if (u != NULL) {
		*p = u->next;
		free(u);
	}
	fw_kern_end(&c);
	return n;
}
