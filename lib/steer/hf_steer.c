/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "hf_devx.h"
#include "hf_log.h"
#include "hf_steer.h"
#include "prm.h"

/* With so many entries the share of any two queues differs by less than a hundredth for up to five
 * queues. */
#define RQT_ENTRIES 512u

#define FIELD(name) (1u << MLX5_RX_HASH_FIELD_SELECT_SELECTED_FIELDS_##name)
#define FIELDS_L3 (FIELD(SRC_IP) | FIELD(DST_IP))
#define FIELDS_L4 (FIELDS_L3 | FIELD(L4_SPORT) | FIELD(L4_DPORT))

/* ip_version 0: packets of all kinds. proto 0: all protocols over that IP. */
static const struct kind {
	uint16_t priority; /* 0 is looked up first */
	uint8_t ip_version, proto;
	uint8_t l3_type, l4_type;
	uint32_t fields;
} kinds[] = {
	{2, 0, 0, 0, 0, 0},
	{1, 4, 0, MLX5_L3_PROT_TYPE_IPV4, 0, FIELDS_L3},
	{1, 6, 0, MLX5_L3_PROT_TYPE_IPV6, 0, FIELDS_L3},
	{0, 4, IPPROTO_UDP, MLX5_L3_PROT_TYPE_IPV4, MLX5_L4_PROT_TYPE_UDP, FIELDS_L4},
	{0, 4, IPPROTO_TCP, MLX5_L3_PROT_TYPE_IPV4, MLX5_L4_PROT_TYPE_TCP, FIELDS_L4},
	{0, 6, IPPROTO_UDP, MLX5_L3_PROT_TYPE_IPV6, MLX5_L4_PROT_TYPE_UDP, FIELDS_L4},
	{0, 6, IPPROTO_TCP, MLX5_L3_PROT_TYPE_IPV6, MLX5_L4_PROT_TYPE_TCP, FIELDS_L4},
};

/* The key of Microsoft's verification suite for RSS. */
/* clang-format off */
static const uint8_t toeplitz_key[] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};
/* clang-format on */

struct path {
	struct hf_steer_obj tir;
	struct hf_flow flow;
};

struct hf_steer {
	struct hf_devx *dev;
	uint32_t td;
	uint32_t entries; /* of the table */
	unsigned int n;
	/* The first n: what the table spreads over, unless a command on it failed since. */
	uint32_t set[RQT_ENTRIES];
	bool set_known;
	enum hf_rqt_kind kind; /* of the table */
	bool leads; /* flows are wanted: not only what they need */
	struct hf_steer_obj rqt;
	struct hf_steer_obj other; /* that a change of kind could not destroy */
	struct path paths[RTE_DIM(kinds)];
};

int
hf_steer_create(struct hf_devx *dev, uint32_t td, struct hf_steer **out)
{
	struct hf_steer *s;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->dev = dev;
	s->td = td;
	s->entries = RTE_MIN(RQT_ENTRIES, 1u << hf_devx_caps(dev)->log_max_rqt_size);
	*out = s;
	return 0;
}

static int
path_tir_create(struct hf_steer *s, const struct kind *k, struct path *p)
{
	const struct hf_tir_attr tir = {
		.td = s->td,
		.rqt = s->rqt.id,
		.l3_type = k->l3_type,
		.l4_type = k->l4_type,
		.fields = k->fields,
		.symmetric = true,
		.key = toeplitz_key,
	};

	/*
	 * One that could not be destroyed leads to the same table as a new one. A kernel whose
	 * firmware keeps a flow does not say so (Linux fs_core.c: del_hw_fte()): then it never can
	 * be.
	 */
	return p->tir.devx != NULL ? 0 : hf_tir_create(s->dev, &tir, &p->tir);
}

static int
path_flow_create(struct hf_steer *s, const struct kind *k, struct path *p)
{
	uint32_t mask[DEVX_ST_SZ_DW(fte_match_set_lyr_2_4)] = {0};
	uint32_t value[DEVX_ST_SZ_DW(fte_match_set_lyr_2_4)] = {0};
	const struct hf_flow_attr flow = {
		.priority = k->priority,
		.match_outer = k->ip_version != 0,
		.mask = mask,
		.value = value,
		.tir = &p->tir,
	};

	if (k->ip_version != 0) {
		DEVX_SET(fte_match_set_lyr_2_4, mask, ip_version, 0xf);
		DEVX_SET(fte_match_set_lyr_2_4, value, ip_version, k->ip_version);
	}
	if (k->proto != 0) {
		DEVX_SET(fte_match_set_lyr_2_4, mask, ip_protocol, 0xff);
		DEVX_SET(fte_match_set_lyr_2_4, value, ip_protocol, k->proto);
	}
	return hf_flow_create(s->dev, &flow, &p->flow);
}

/* Those that are missing, without which no flow leads anywhere. */
static int
tirs_create(struct hf_steer *s)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < RTE_DIM(kinds) && ret == 0; i++)
		ret = path_tir_create(s, &kinds[i], &s->paths[i]);
	return ret;
}

/*
 * Those that are missing: all of them, or what a removal that failed half-way took. From the most
 * special to the most general: so no packet ever goes to another queue than the flow of its kind
 * leads it to, where it would overtake those before it.
 */
static int
paths_create(struct hf_steer *s)
{
	unsigned int i;
	int ret;

	ret = tirs_create(s);
	if (ret)
		return ret;
	for (i = RTE_DIM(kinds); i-- > 0;) {
		if (s->paths[i].flow.flow != NULL)
			continue;
		/* What is left of one that was removed half-way. */
		ret = hf_flow_destroy(&s->paths[i].flow);
		if (ret)
			return ret;
		ret = path_flow_create(s, &kinds[i], &s->paths[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/* All that can be; the first error. In the reverse order, for the same reason. */
static int
flows_remove(struct hf_steer *s)
{
	int error = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < RTE_DIM(kinds); i++) {
		ret = hf_flow_destroy(&s->paths[i].flow);
		if (error == 0)
			error = ret;
	}
	return error;
}

/* Flows, and what they need. */
static int
remove_all(struct hf_steer *s)
{
	int error = flows_remove(s);
	unsigned int i;
	int ret;

	for (i = 0; i < RTE_DIM(kinds); i++) {
		if (s->paths[i].flow.matcher != NULL)
			continue;
		ret = hf_steer_obj_destroy(&s->paths[i].tir);
		if (error == 0)
			error = ret;
	}
	if (error == 0)
		error = hf_steer_obj_destroy(&s->rqt);
	if (error == 0)
		error = hf_steer_obj_destroy(&s->other);
	if (error == 0) {
		s->n = 0;
		s->leads = false;
	}
	return error;
}

void
hf_steer_destroy(struct hf_steer *s)
{
	if (s == NULL)
		return;
	remove_all(s);
	free(s);
}

static void
table_fill(const struct hf_steer *s, const uint32_t *queues, unsigned int n, uint32_t *table)
{
	uint32_t i;

	for (i = 0; i < s->entries; i++)
		table[i] = queues[i % n];
}

/* The table of the first queues, and what looks queues up in it. */
static int
table_create(struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n)
{
	uint32_t table[RQT_ENTRIES];
	int ret;

	table_fill(s, queues, n, table);
	ret = hf_rqt_create(s->dev, kind, table, s->entries, &s->rqt);
	if (ret)
		return ret;
	s->kind = kind;
	ret = tirs_create(s);
	if (ret)
		remove_all(s);
	return ret;
}

/* The first queues: table, then what leads to it. */
static int
first_set(struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n)
{
	int ret;

	ret = table_create(s, kind, queues, n);
	if (ret)
		return ret;
	ret = paths_create(s);
	if (ret)
		remove_all(s);
	return ret;
}

/* All TIRs to this table. */
static int
paths_move(struct hf_steer *s, const struct hf_steer_obj *rqt)
{
	unsigned int i;
	int ret;

	for (i = 0; i < RTE_DIM(s->paths); i++) {
		ret = hf_tir_set_rqt(&s->paths[i].tir, rqt->id);
		if (ret)
			return ret;
	}
	return 0;
}

/* What a change of kind left behind: TIRs at the other table, which then is not needed any more. */
static int
other_remove(struct hf_steer *s)
{
	int ret;

	if (s->other.devx == NULL)
		return 0;
	ret = paths_move(s, &s->rqt);
	return ret ? ret : hf_steer_obj_destroy(&s->other);
}

/*
 * Queues of the other kind. A table keeps its kind (a modify selects the list of queues and nothing
 * else), so there is a new one. What cannot be undone or let go is tried again by the next set.
 */
static int
kind_set(struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n)
{
	uint32_t table[RQT_ENTRIES];
	int ret;

	table_fill(s, queues, n, table);
	ret = hf_rqt_create(s->dev, kind, table, s->entries, &s->other);
	if (ret)
		return ret;
	ret = paths_move(s, &s->other);
	if (ret) {
		other_remove(s);
		return ret;
	}
	RTE_SWAP(s->rqt, s->other);
	s->kind = kind;
	hf_steer_obj_destroy(&s->other);
	return 0;
}

/* Does the table spread over these very queues, and all TIRs look there? */
static bool
table_is(const struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n)
{
	return s->set_known && s->other.devx == NULL && s->kind == kind && s->n == n &&
		memcmp(s->set, queues, n * sizeof(s->set[0])) == 0;
}

/*
 * Other queues behind the same flows. Flows that a failed removal took along come back before the
 * table changes, so that an error leaves the queues as they were.
 */
static int
next_set(struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n)
{
	uint32_t table[RQT_ENTRIES];
	int ret;

	ret = paths_create(s);
	if (ret == 0)
		ret = other_remove(s);
	if (ret || table_is(s, kind, queues, n))
		return ret;
	if (kind != s->kind)
		return kind_set(s, kind, queues, n);
	table_fill(s, queues, n, table);
	return hf_rqt_modify(&s->rqt, kind, table, s->entries);
}

static bool
flows_are_there(const struct hf_steer *s)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(s->paths); i++)
		if (s->paths[i].flow.flow == NULL)
			return false;
	return true;
}

static int
size_check(const struct hf_steer *s, unsigned int n)
{
	if (n <= s->entries)
		return 0;
	HF_LOG(ERR, "%s: %u receive queues, and a table of %u entries: use fewer queues",
		hf_devx_name(s->dev), n, s->entries);
	return -E2BIG;
}

/* What became of the table. */
static void
table_note(struct hf_steer *s, const uint32_t *queues, unsigned int n, bool leads, int ret)
{
	s->set_known = ret == 0;
	if (ret != 0)
		return;
	s->leads = leads;
	s->n = n;
	memcpy(s->set, queues, n * sizeof(s->set[0]));
}

int
hf_steer_prepare(struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n)
{
	int ret;

	ret = size_check(s, n);
	if (ret != 0 || n == 0 || s->rqt.devx != NULL)
		return ret;
	ret = table_create(s, kind, queues, n);
	table_note(s, queues, n, false, ret);
	return ret;
}

int
hf_steer_lead(struct hf_steer *s)
{
	int ret;

	if (s->rqt.devx == NULL)
		return 0;
	ret = paths_create(s);
	if (ret == 0)
		s->leads = true;
	return ret;
}

int
hf_steer_rest(struct hf_steer *s)
{
	s->leads = false;
	return flows_remove(s);
}

bool
hf_steer_rests(const struct hf_steer *s)
{
	return s->rqt.devx != NULL && !s->leads;
}

/* All goes. Where that is refused, what was led is led again. */
static int
none_set(struct hf_steer *s)
{
	bool led = s->leads;
	int ret;

	ret = remove_all(s);
	if (ret && s->rqt.devx != NULL && led)
		paths_create(s);
	return ret;
}

int
hf_steer_set(struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n)
{
	int ret;

	ret = size_check(s, n);
	if (ret != 0)
		return ret;
	if (n == 0)
		return none_set(s);
	if (flows_are_there(s) && table_is(s, kind, queues, n))
		return 0;
	ret = s->rqt.devx == NULL ? first_set(s, kind, queues, n) : next_set(s, kind, queues, n);
	table_note(s, queues, n, true, ret);
	return ret;
}

unsigned int
hf_steer_queues(const struct hf_steer *s)
{
	return s->n;
}
