/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Matchers and flows of the root table. The kernel makes them for a user (Linux mlx5_ib fs.c), out
 * of a flow group per mask and a table entry per value (mlx5 fs_core.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw_time.h"

#define MAX_PRIORITY 15 /* Linux mlx5_ib fs.c: MLX5_BY_PASS_NUM_REGULAR_PRIOS */
#define MULTICAST_PRIORITY (MAX_PRIORITY + 1) /* MLX5_IB_FLOW_MCAST_PRIO comes after all others */
#define OUTER (1u << MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT)

/* ---- matchers ---- */

/* Is every bit of 'mask' within the fields that the classifier reads? */
static bool
mask_known(const uint8_t *mask)
{
	uint8_t rest[NIC_LYR24_LEN];
	unsigned int i;

	memcpy(rest, mask, sizeof(rest));
#define KNOWN(fld) DEVX_SET(fte_match_set_lyr_2_4, rest, fld, 0)
	KNOWN(smac_47_16);
	KNOWN(smac_15_0);
	KNOWN(dmac_47_16);
	KNOWN(dmac_15_0);
	KNOWN(ethertype);
	KNOWN(first_prio);
	KNOWN(first_cfi);
	KNOWN(first_vid);
	KNOWN(cvlan_tag);
	KNOWN(svlan_tag);
	KNOWN(ip_version);
	KNOWN(ip_protocol);
	KNOWN(ip_dscp);
	KNOWN(ip_ecn);
	KNOWN(frag);
	KNOWN(ipv4_ihl);
	KNOWN(ip_ttl_hoplimit);
	KNOWN(tcp_flags);
	KNOWN(tcp_sport);
	KNOWN(tcp_dport);
	KNOWN(udp_sport);
	KNOWN(udp_dport);
#undef KNOWN
	memset(DEVX_ADDR_OF(fte_match_set_lyr_2_4, rest, src_ipv4_src_ipv6), 0, 16);
	memset(DEVX_ADDR_OF(fte_match_set_lyr_2_4, rest, dst_ipv4_dst_ipv6), 0, 16);
	for (i = 0; i < sizeof(rest); i++) {
		if (rest[i] != 0)
			return false;
	}
	return true;
}

/* The rule by which the firmware refuses the flow group of this mask, or 0. */
static enum fw_rule
mask_fault(const uint8_t *mask, uint32_t len, uint8_t criteria, uint16_t priority)
{
	uint8_t outer[NIC_LYR24_LEN] = {0};
	uint32_t i;

	if (priority > MAX_PRIORITY)
		return FW_R_FLOW_PRIORITY;
	if (criteria & ~OUTER)
		return FW_R_FLOW_CRITERIA;
	for (i = criteria & OUTER ? NIC_LYR24_LEN : 0; i < len; i++) {
		if (mask[i] != 0)
			return FW_R_FLOW_MASK;
	}
	memcpy(outer, mask, len < sizeof(outer) ? len : sizeof(outer));
	return mask_known(outer) ? 0 : FW_R_FLOW_MASK_FIELD;
}

/*
 * No command, so nothing is refused here: Linux keeps the mask, whatever it is, until a flow needs
 * it (mlx5_ib fs.c, FLOW_MATCHER_CREATE). What a short mask lacks is 0.
 */
int
fw_matcher_create(struct nic_func *f, uint16_t uid, const void *mask, uint32_t mask_len,
	uint8_t criteria, uint16_t priority, uint32_t *id)
{
	struct nic_matcher *m;
	struct fw_cmd c;

	fw_kern_begin(&c, f, 0, uid);
	m = fw_obj_new(&c, NIC_OBJ_MATCHER, sizeof(*m));
	if (m != NULL) {
		m->priority = priority;
		m->criteria = criteria;
		m->fault = mask_fault(mask, mask_len, criteria, priority);
		memcpy(m->mask, mask, mask_len < sizeof(m->mask) ? mask_len : sizeof(m->mask));
		*id = m->obj.id;
	}
	return fw_kern_end(&c);
}

int
fw_matcher_destroy(struct nic_func *f, uint32_t id)
{
	struct nic_matcher *m;
	struct fw_cmd c;

	fw_kern_begin(&c, f, 0, 0);
	m = fw_target(&c, NIC_OBJ_MATCHER, id);
	if (m != NULL && fw_obj_idle(&c, &m->obj) == 0)
		fw_obj_free(&m->obj);
	return fw_kern_end(&c);
}

/* ---- flows ---- */

static bool
is_multicast_mac(const uint8_t *lyr24)
{
	return (lyr24[DEVX_BYTE_OFF(fte_match_set_lyr_2_4, dmac_47_16)] & 1) != 0;
}

/* 224.0.0.0/4 of what lies there, which may be a mask. */
static bool
is_multicast_ip(const uint8_t *lyr24)
{
	size_t at = DEVX_BYTE_OFF(fte_match_set_lyr_2_4, dst_ipv4_dst_ipv6.ipv4_layout.ipv4);

	return (lyr24[at] & 0xf0) == 0xe0;
}

/*
 * The priority of a flow in the kernel's tables. Flows for multicast have one of their own,
 * whatever their matcher's (mlx5_ib fs.c raw_fs_is_multicast(), which looks at value and mask
 * alike).
 */
static uint16_t
flow_priority(const struct nic_matcher *m, const uint8_t *value)
{
	if ((m->criteria & OUTER) != 0 &&
		((is_multicast_mac(value) && is_multicast_mac(m->mask)) ||
			(is_multicast_ip(value) && is_multicast_ip(m->mask))))
		return MULTICAST_PRIORITY;
	return m->priority;
}

/* In order of match: by priority, then by age of the table entry, and within one by number. */
static int
flow_cmp(const void *a, const void *b)
{
	const struct nic_flow *x = *(struct nic_flow *const *)a, *y = *(struct nic_flow *const *)b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return (x->obj.id > y->obj.id) - (x->obj.id < y->obj.id);
}

/* Flows of one entry lie side by side: the first leads to one of each other TIR. */
static void
chain_destinations(struct nic_func *f)
{
	struct nic_flow *first = NULL, *fl, *at;
	unsigned int i;

	for (i = 0; i < f->n_flows; i++) {
		fl = f->flow_tbl[i];
		fl->also = NULL;
		if (first == NULL || first->seq != fl->seq) {
			first = fl;
			continue;
		}
		for (at = first; at->tir != fl->tir && at->also != NULL; at = at->also)
			;
		if (at->tir != fl->tir)
			at->also = fl;
	}
}

/* The table of the engines, built anew. 'n' is how many of the flows there may be. */
static bool
flow_tbl_room(struct nic_func *f, unsigned int n)
{
	struct nic_flow **t = realloc(f->flow_tbl, n * sizeof(*t));

	if (t == NULL)
		return false;
	f->flow_tbl = t;
	return true;
}

static void
flow_tbl_build(struct nic_func *f)
{
	struct nic_obj *o;

	f->n_flows = 0;
	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_FLOW], next)
		f->flow_tbl[f->n_flows++] = (struct nic_flow *)o;
	if (f->n_flows > 1)
		qsort(f->flow_tbl, f->n_flows, sizeof(f->flow_tbl[0]), flow_cmp);
	chain_destinations(f);
	if (f->n_flows == 0) {
		free(f->flow_tbl);
		f->flow_tbl = NULL;
	}
	dp_flows_changed(f);
}

/* Is a flow of the group of this mask at a priority? Linux makes one group for each. */
static bool
is_of_group(const struct nic_flow *fl, const struct nic_matcher *m, uint16_t priority)
{
	return fl->priority == priority && fl->matcher->criteria == m->criteria &&
		memcmp(fl->matcher->mask, m->mask, sizeof(m->mask)) == 0;
}

static bool
group_exists(const struct nic_func *f, const struct nic_matcher *m, uint16_t priority)
{
	unsigned int i;

	for (i = 0; i < f->n_flows; i++) {
		if (is_of_group(f->flow_tbl[i], m, priority))
			return true;
	}
	return false;
}

/* The flows of a match, other than 'but'. */
struct entry {
	struct nic_flow *first; /* any of them, NULL: there is none */
	struct nic_flow *to; /* one to the TIR that was asked for */
	unsigned int n_tirs;
};

static struct entry
entry_find(const struct nic_func *f, const struct nic_matcher *m, const uint8_t *value,
	const struct nic_tir *tir, const struct nic_flow *but)
{
	uint16_t priority = flow_priority(m, value);
	struct entry e = {0};
	struct nic_flow *fl;
	unsigned int i, k;

	for (i = 0; i < f->n_flows; i++) {
		fl = f->flow_tbl[i];
		if (fl == but || !is_of_group(fl, m, priority) ||
			memcmp(fl->value, value, sizeof(fl->value)) != 0)
			continue;
		if (e.first == NULL)
			e.first = fl;
		if (fl->tir == tir)
			e.to = fl;
		for (k = 0; k < i; k++) {
			if (f->flow_tbl[k] != but && f->flow_tbl[k]->seq == fl->seq &&
				f->flow_tbl[k]->tir == fl->tir)
				break;
		}
		e.n_tirs += k == i;
	}
	return e;
}

/* Linux fs_core.c check_valid_spec(). What a short value lacks is 0. */
static uint8_t
value_fill(struct fw_cmd *c, const struct nic_matcher *m, const uint8_t *in, uint32_t len,
	uint8_t *value)
{
	uint32_t i;

	memset(value, 0, NIC_LYR24_LEN);
	for (i = 0; i < len; i++) {
		if (in[i] & ~(i < NIC_LYR24_LEN ? m->mask[i] : 0))
			return fw_refuse(c, FW_R_FLOW_VALUE);
		if (i < NIC_LYR24_LEN)
			value[i] = in[i];
	}
	return 0;
}

/* The commands that a match takes which no flow has: a group, if it is the first, and an entry. */
static uint8_t
entry_create(struct fw_cmd *c, const struct nic_matcher *m, uint16_t priority)
{
	/* a matcher with a fault has no group, whatever the part of its mask that is kept says */
	bool first = m->fault != 0 || !group_exists(c->f, m, priority);

	if (first) {
		if (fw_kern_next(c, FW_OP_CREATE_FLOW_GROUP) != 0)
			return c->status;
		if (m->fault != 0)
			return fw_refuse(c, m->fault);
	}
	if (fw_kern_next(c, FW_OP_SET_FLOW_TABLE_ENTRY) != 0 && first)
		fw_kern_aside(c, FW_OP_DESTROY_FLOW_GROUP);
	return c->status;
}

/* Another destination for an entry: the whole list anew (Linux fs_cmd.c mlx5_cmd_update_fte()). */
static uint8_t
entry_extend(struct fw_cmd *c, const struct entry *e)
{
	if (fw_kern_next(c, FW_OP_SET_FLOW_TABLE_ENTRY) != 0)
		return c->status;
	return e->n_tirs >= 1u << FW_CAP_FT(c->f, log_max_destination)
		? fw_refuse(c, FW_R_FLOW_EXISTS)
		: 0;
}

/*
 * Every handle of a user is a flow here. Those with the same match are one entry of the firmware's
 * table, of which each TIR is a destination. Only the first flow to a TIR costs a command (Linux
 * fs_core.c find_flow_rule() counts a reference). err: what the kernel does not even try: to drop
 * and to deliver, or to give a match another tag (fs_core.c check_conflicting_ftes()), to change an
 * entry that cannot be changed (fs_cmd.c mlx5_cmd_update_fte()).
 */
static uint8_t
flow_fill(struct fw_cmd *c, uint32_t matcher, const uint8_t *in, uint32_t len, uint32_t tirn,
	const uint32_t *tag, uint32_t *id, int *err)
{
	uint8_t value[NIC_LYR24_LEN];
	struct nic_matcher *m;
	struct nic_flow *fl;
	struct nic_tir *tir = NULL;
	struct entry e;
	bool more;

	m = fw_use(c, NIC_OBJ_MATCHER, matcher, FW_R_FLOW_MATCHER);
	if (m == NULL || value_fill(c, m, in, len, value) != 0)
		return c->status;
	if (tirn != 0)
		tir = fw_use(c, NIC_OBJ_TIR, tirn, FW_R_FLOW_TIR);
	if (tirn != 0 && tir == NULL)
		return c->status;
	e = entry_find(c->f, m, value, tir, NULL);
	if (e.first == NULL && entry_create(c, m, flow_priority(m, value)) != 0)
		return c->status;
	more = e.first != NULL && e.to == NULL;
	if (e.first != NULL && tag != NULL && *tag != e.first->tag)
		*err = -EEXIST;
	else if (more && (tir == NULL || e.first->tir == NULL))
		*err = -EEXIST;
	else if (more && !FW_CAP_FT(c->f, flow_modify_en))
		*err = -EOPNOTSUPP;
	if (*err != 0 || (more && entry_extend(c, &e) != 0))
		return c->status;
	if (!flow_tbl_room(c->f, c->f->n_objs[NIC_OBJ_FLOW] + 1))
		return fw_refuse(c, FW_R_MEMORY);
	/* the end of another context may have taken flows of its own along meanwhile */
	e = entry_find(c->f, m, value, tir, NULL);
	fl = fw_obj_new(c, NIC_OBJ_FLOW, sizeof(*fl));
	if (fl == NULL)
		return c->status;
	fl->matcher = m;
	fl->tir = tir;
	fl->priority = flow_priority(m, value);
	if (e.first != NULL) {
		fl->seq = e.first->seq;
		fl->tag = e.first->tag;
	} else {
		fl->seq = ++c->f->flow_seq;
		fl->tag = tag != NULL ? *tag : 0;
	}
	memcpy(fl->value, value, sizeof(value));
	fw_hold(m);
	fw_hold(tir);
	flow_tbl_build(c->f);
	*id = fl->obj.id;
	return 0;
}

int
fw_flow_create(struct nic_func *f, uint16_t uid, uint32_t matcher, const void *value,
	uint32_t value_len, uint32_t tirn, const uint32_t *tag, uint32_t *id)
{
	struct fw_cmd c;
	int err = 0, rc;

	fw_flows_lock(f);
	fw_kern_begin(&c, f, 0, uid);
	flow_fill(&c, matcher, value, value_len, tirn, tag, id, &err);
	rc = fw_kern_end(&c);
	fw_flows_unlock(f);
	return err != 0 ? err : rc;
}

void
fw_flow_free(struct nic_flow *fl)
{
	struct nic_flow *twin = entry_find(fl->obj.func, fl->matcher, fl->value, fl->tir, fl).to;
	struct nic_func *f = fl->obj.func;

	if (twin != NULL)
		twin->hits += fl->hits;
	fw_drop(fl->matcher);
	fw_drop(fl->tir);
	fw_obj_free(&fl->obj);
	flow_tbl_build(f);
}

/*
 * The last flow of an entry takes it along, and the last entry of a group the group. A destination
 * among others is taken out by a new list, of which the kernel only warns when it fails.
 */
int
fw_flow_destroy(struct nic_func *f, uint32_t id)
{
	struct nic_matcher *m;
	struct nic_flow *fl;
	uint16_t priority;
	struct fw_cmd c;
	struct entry e;
	int rc;

	fw_flows_lock(f);
	fw_kern_begin(&c, f, 0, 0);
	fl = fw_target(&c, NIC_OBJ_FLOW, id);
	if (fl == NULL)
		goto out;
	m = fl->matcher;
	priority = fl->priority;
	e = entry_find(f, m, fl->value, fl->tir, fl);
	if (e.first == NULL && fw_kern_next(&c, FW_OP_DELETE_FLOW_TABLE_ENTRY) != 0)
		goto out;
	if (e.first != NULL && e.to == NULL)
		fw_kern_aside(&c, FW_OP_SET_FLOW_TABLE_ENTRY);
	fw_flow_free(fl);
	if (!group_exists(f, m, priority))
		fw_kern_aside(&c, FW_OP_DESTROY_FLOW_GROUP);
out:
	rc = fw_kern_end(&c);
	fw_flows_unlock(f);
	return rc;
}
