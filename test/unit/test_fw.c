/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The firmware of the NIC, through libmlx5: what is valid is done, and each thing that is not is
 * refused by its rule. The rows that need a capability to be missing run on a NIC that is described
 * without it.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_common.h>

#include "fw_rows.h"
#include "nic_ctl.h"
#include "test.h"

#define FW_SYNDROME 0x0e0000u
#define FLOW_CAP(page, fld) \
	DEVX_GET(flow_table_nic_cap, page, flow_table_properties_nic_receive.fld)

static struct fw_rig rig;

/* Static: of several KiB each, and one command is under way at a time. */
static struct fw_box box;
static uint8_t out[FW_OUT_MAX] __attribute__((aligned(8)));

static const struct rule {
	const char *name;
	uint16_t num;
	uint8_t status;
} rules[] = {
#define FW_RULE(name, num, stat, text) {#name, num, MLX5_CMD_STAT_##stat},
#include "fw_rules.h"
#undef FW_RULE
};

static const struct rule *
rule_find(uint16_t num)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(rules); i++) {
		if (rules[i].num == num)
			return &rules[i];
	}
	return NULL;
}

static int
setup(void)
{
	return fw_rig_open(&rig);
}

static void
teardown(void)
{
	fw_rig_close(&rig);
}

/* --- the table --- */

static bool
cond_met(const struct fw_cond *c)
{
	const uint8_t *page = c->page == 1 ? rig.caps : c->page == 2 ? rig.vdpa : rig.eth;

	return c->page == 0 || (_devx_get(page, c->bit, c->width) == 0) == c->absent;
}

/* Without event queue pairs there are no virtqueues, and nothing above them. */
static bool
has_objects(const struct fw_row *row)
{
	unsigned int i;

	if (rig.id[ID_VQ_RX] == 0 && row->cmd >= C_CREATE_VQ)
		return false;
	if (row->on != ID_NONE && rig.obj[row->on] == NULL)
		return false;
	for (i = 0; i < RTE_DIM(row->set) && row->set[i].width != 0; i++) {
		if (row->set[i].id != ID_NONE && rig.id[row->set[i].id] == 0)
			return false;
	}
	return true;
}

static bool
is_query(enum fw_cmd_id cmd)
{
	return cmd == C_QUERY_COUNTERS || cmd == C_QUERY_VQ || cmd == C_QUERY_RQT ||
		cmd == C_QUERY_TIS || cmd == C_QUERY_SQ || cmd == C_QUERY_RQ ||
		cmd == C_QUERY_Q_COUNTER;
}

static bool
is_general(enum fw_cmd_id cmd)
{
	return cmd == C_QUERY_HCA_CAP || cmd == C_QUERY_VPORT_STATE || cmd == C_QUERY_NIC_VPORT ||
		cmd == C_QUERY_ADAPTER || cmd == C_QUERY_ISSI || cmd == C_NOP;
}

/* 0 when the NIC took it; what a create made is destroyed again. */
static int
send_box(enum fw_cmd_id cmd, enum fw_id on)
{
	struct mlx5dv_devx_obj *obj;

	memset(out, 0, sizeof(out));
	if (on != ID_NONE) {
		/* all others have it at the same place */
		if (cmd != C_QUERY_Q_COUNTER)
			DEVX_SET(modify_sq_in, box.in, sqn, rig.id[on]);
		return is_query(cmd)
			? mlx5dv_devx_obj_query(rig.obj[on], box.in, box.inlen, out, box.outlen)
			: mlx5dv_devx_obj_modify(rig.obj[on], box.in, box.inlen, out, box.outlen);
	}
	if (is_general(cmd))
		return mlx5dv_devx_general_cmd(rig.ctx, box.in, box.inlen, out, box.outlen);
	obj = mlx5dv_devx_obj_create(rig.ctx, box.in, box.inlen, out, box.outlen);
	if (obj == NULL)
		return -errno;
	return mlx5dv_devx_obj_destroy(obj);
}

static void
apply(const struct fw_row *row)
{
	unsigned int i;

	fw_build(&rig, row->cmd, &box);
	for (i = 0; i < RTE_DIM(row->set) && row->set[i].width != 0; i++) {
		const struct fw_set *s = &row->set[i];
		uint64_t v = s->value + rig.id[s->id];

		if (s->width == 64)
			_devx_set64(box.in, v, s->bit);
		else
			_devx_set(box.in, (uint32_t)v, s->bit, s->width);
	}
	box.inlen += row->inlen;
	box.outlen += row->outlen;
}

/* All objects but for what an engine changes meanwhile: numbers of its own, without their values.
 */
static char *
objects_text(void)
{
	static const char *const moving[] = {"\"fetched\":", "\"hungry\":"};
	char *text = nic_ctl_text("objects"), *at, *rest;
	unsigned int i;

	for (i = 0; i < RTE_DIM(moving); i++) {
		for (at = text; at != NULL && (at = strstr(at, moving[i])) != NULL;) {
			at += strlen(moving[i]);
			rest = at + strspn(at, "0123456789");
			memmove(at, rest, strlen(rest) + 1);
		}
	}
	return text;
}

/* By status and syndrome, and nothing in the NIC is other than it was. */
static bool
refused_as_said(const struct fw_row *row, unsigned int line)
{
	char *before = objects_text(), *after, *sane;
	const struct rule *r = rule_find(row->rule);
	unsigned int status, syndrome;
	bool same;
	int rc;

	apply(row);
	rc = send_box(row->cmd, row->on);
	status = DEVX_GET(mbox_out, out, status);
	syndrome = DEVX_GET(mbox_out, out, syndrome);
	after = objects_text();
	same = before != NULL && after != NULL && strcmp(before, after) == 0;
	if (!same)
		printf("row %u: rule %s: objects were\n%s\nand are\n%s\n", line, r->name, before,
			after);
	sane = nic_ctl_text("check");
	if (sane == NULL)
		printf("row %u: rule %s: the NIC is in an impossible state: nicemu ctl check\n",
			line, r->name);
	same = same && sane != NULL;
	free(sane);
	free(before);
	free(after);
	if (rc != 0 && status == r->status && syndrome == FW_SYNDROME + r->num)
		return same;
	printf("row %u: rule %s: status 0x%x and syndrome 0x%x expected, got 0x%x and 0x%x (%d)\n",
		line, r->name, r->status, FW_SYNDROME + r->num, status, syndrome, rc);
	return false;
}

static int
test_refusals(void)
{
	unsigned int i, done = 0, bad = 0;

	for (i = 0; i < fw_n_rows; i++) {
		if (!cond_met(&fw_rows[i].cond) || !has_objects(&fw_rows[i]))
			continue;
		done++;
		bad += !refused_as_said(&fw_rows[i], i);
	}
	printf("%u of %u rows, the others need other capabilities\n", done, fw_n_rows);
	TEST_ASSERT_EQUAL(bad, 0, "%u rows were not refused as they should be", bad);
	return TEST_SUCCESS;
}

/* Each refusal above is of one change only if the command without it is fine. */
static int
test_valid(void)
{
	static const struct {
		enum fw_cmd_id cmd;
		enum fw_id on;
	} cmds[] = {
		{C_QUERY_HCA_CAP, ID_NONE},
		{C_QUERY_VPORT_STATE, ID_NONE},
		{C_QUERY_NIC_VPORT, ID_NONE},
		{C_QUERY_ADAPTER, ID_NONE},
		{C_QUERY_ISSI, ID_NONE},
		{C_NOP, ID_NONE},
		{C_MODIFY_TIS, ID_TIS},
		{C_QUERY_TIS, ID_TIS},
		{C_ALLOC_PD, ID_NONE},
		{C_ALLOC_TD, ID_NONE},
		{C_CREATE_TIS, ID_NONE},
		{C_CREATE_KLM, ID_NONE},
		{C_CREATE_MTT, ID_NONE},
		{C_CREATE_CQ, ID_NONE},
		{C_CREATE_QP_SW, ID_NONE},
		{C_CREATE_QP_FW, ID_NONE},
		{C_QUERY_COUNTERS, ID_COUNTERS},
		{C_QUERY_VQ, ID_VQ_RX},
		{C_QUERY_VQ, ID_VQ_RDY},
		{C_MODIFY_RQT, ID_RQT},
		{C_QUERY_RQT, ID_RQT},
		{C_CREATE_TIR, ID_NONE},
		{C_MODIFY_TIR, ID_TIR},
		{C_CREATE_SQ, ID_NONE},
		{C_MODIFY_SQ, ID_SQ_RDY},
		{C_QUERY_SQ, ID_SQ},
		{C_QUERY_SQ, ID_SQ_ERR},
		{C_CREATE_RQ, ID_NONE},
		{C_MODIFY_RQ, ID_RQ_RDY},
		{C_QUERY_RQ, ID_RQ},
		{C_QUERY_RQ, ID_RQ_ERR},
		{C_ALLOC_Q_COUNTER, ID_NONE},
		{C_QUERY_Q_COUNTER, ID_Q_COUNTER},
		{C_CREATE_RQT_RQ, ID_NONE},
		{C_CREATE_TIR_RQ, ID_NONE},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(cmds); i++) {
		if (cmds[i].on != ID_NONE && rig.obj[cmds[i].on] == NULL)
			continue;
		if ((cmds[i].cmd == C_CREATE_TIR && rig.obj[ID_TIR] == NULL) ||
			(cmds[i].cmd == C_CREATE_RQT_RQ && rig.obj[ID_RQT_RQ] == NULL) ||
			(cmds[i].cmd == C_ALLOC_Q_COUNTER && rig.obj[ID_Q_COUNTER] == NULL))
			continue;
		fw_build(&rig, cmds[i].cmd, &box);
		TEST_ASSERT_EQUAL(send_box(cmds[i].cmd, cmds[i].on), 0,
			"command %d: status 0x%x, syndrome 0x%x", cmds[i].cmd,
			DEVX_GET(mbox_out, out, status), DEVX_GET(mbox_out, out, syndrome));
	}
	return TEST_SUCCESS;
}

/* Every rule has a row, but for those that a user cannot come to. */
static int
test_every_rule_has_a_row(void)
{
	static const struct {
		uint16_t rule;
		const char *why;
	} elsewhere[] = {
		{R_NUMBER, "the kernel compares the number with its handle first"},
		{R_NO_OBJECT, "the kernel compares the number with its handle first"},
		{R_OWNER, "the kernel compares the number with its handle first"},
		{R_UCTX, "the kernel fills in the uid"},
		{R_TUNNEL, "the kernel refuses vhca_tunnel_id"},
		{R_MEMORY, "the host would have to run out of memory"},
		{R_REFERENCED, "test_referenced: a destroy has no mailbox of ours"},
		{R_INJECTED, "suite ioas: asked for over the control socket"},
		{R_BAR_FULL, "test_bar_full: a page is allocated by the kernel"},
		{R_MKEY_NO_PAGES, "the kernel sets mkey_umem_valid"},
		{R_CQ_NO_PAGES, "the kernel sets cq_umem_valid"},
		{R_QP_NO_PAGES, "the kernel sets wq_umem_valid"},
		{R_WQ_NO_PAGES, "the kernel sets wq_umem_valid"},
		{R_SQ_RAW, "test_privilege: needs a process without CAP_NET_RAW"},
		{R_VQ_RAW, "test_privilege: needs a process without CAP_NET_RAW"},
		{R_FLOW_CRITERIA, "test_matchers"},
		{R_FLOW_MASK, "test_matchers"},
		{R_FLOW_MASK_FIELD, "test_matchers"},
		{R_FLOW_VALUE, "test_matchers"},
		{R_FLOW_PRIORITY, "test_flows: the kernel refuses it itself"},
		{R_FLOW_EXISTS, "test_flows"},
		{R_FLOW_TIR, "the kernel takes the TIR by its handle"},
		{R_FLOW_MATCHER, "the kernel takes the matcher by its handle"},
	};
	unsigned int i, j, missing = 0;

	for (i = 0; i < RTE_DIM(rules); i++) {
		bool there = false;

		for (j = 0; j < RTE_DIM(elsewhere); j++)
			there |= elsewhere[j].rule == rules[i].num;
		for (j = 0; j < fw_n_rows; j++)
			there |= fw_rows[j].rule == rules[i].num;
		if (!there)
			printf("rule %s has no row\n", rules[i].name);
		missing += !there;
	}
	TEST_ASSERT_EQUAL(missing, 0, "%u rules without a row", missing);
	return TEST_SUCCESS;
}

/* --- what the table cannot say --- */

static int
test_referenced(void)
{
	static const enum fw_id used[] = {
		ID_TD, ID_TIS, ID_CQ, ID_QP_FW, ID_COUNTERS, ID_VQ_RX, ID_RQT, ID_RQ, ID_Q_COUNTER};
	unsigned int i;

	for (i = 0; i < RTE_DIM(used); i++) {
		struct mlx5dv_devx_obj *obj = rig.obj[used[i]];

		/* nothing refers to these on a NIC without virtqueues */
		if (obj == NULL || (rig.obj[ID_RQT] == NULL && used[i] == ID_TIS))
			continue;
		TEST_ASSERT(mlx5dv_devx_obj_destroy(obj) != 0, "object %d was destroyed", used[i]);
	}
	TEST_ASSERT(mlx5dv_devx_umem_dereg(rig.umem) != 0, "umem of a queue was given back");
	return TEST_SUCCESS;
}

static int
test_bar_full(void)
{
	struct mlx5dv_var *var[512];
	unsigned int i, n = 0;

	while (n < RTE_DIM(var) && (var[n] = mlx5dv_alloc_var(rig.ctx, 0)) != NULL)
		n++;
	for (i = 0; i < n; i++)
		mlx5dv_free_var(var[i]);
	TEST_ASSERT(n > 0, "no doorbell page");
	TEST_ASSERT(n < RTE_DIM(var), "doorbell pages have no end");
	var[0] = mlx5dv_alloc_var(rig.ctx, 0);
	TEST_ASSERT_NOT_NULL(var[0], "no doorbell page after all were freed");
	mlx5dv_free_var(var[0]);
	return TEST_SUCCESS;
}

/* Whoever has the descriptor may map the pages, and not take them from under the NIC. */
static int
test_bar_keeps_its_size(void)
{
	int fd = rig.ctx->cmd_fd;
	struct mlx5dv_var *var;
	void *page;

	TEST_ASSERT(ftruncate(fd, 0) != 0 && errno == EPERM, "cut short: %s", strerror(errno));
	TEST_ASSERT(ftruncate(fd, 1 << 30) != 0 && errno == EPERM, "grown: %s", strerror(errno));
	var = mlx5dv_alloc_var(rig.ctx, 0);
	TEST_ASSERT_NOT_NULL(var, "doorbell page: %s", strerror(errno));
	page = mmap(NULL, var->length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, var->mmap_off);
	TEST_ASSERT(page != MAP_FAILED, "mmap: %s", strerror(errno));
	munmap(page, var->length);
	mlx5dv_free_var(var);
	return TEST_SUCCESS;
}

/* A page that was given back may still be mapped, so its turn comes last. */
static int
test_bar_page_rests(void)
{
	struct mlx5dv_var *var;
	off_t first;

	var = mlx5dv_alloc_var(rig.ctx, 0);
	TEST_ASSERT_NOT_NULL(var, "doorbell page: %s", strerror(errno));
	first = var->mmap_off;
	mlx5dv_free_var(var);
	var = mlx5dv_alloc_var(rig.ctx, 0);
	TEST_ASSERT_NOT_NULL(var, "doorbell page: %s", strerror(errno));
	TEST_ASSERT(var->mmap_off != first, "the same page at once");
	mlx5dv_free_var(var);
	return TEST_SUCCESS;
}

/* --- flows: the kernel's commands, so an errno is all that comes back --- */

struct match {
	struct mlx5dv_flow_match_parameters head;
	uint8_t buf[DEVX_ST_SZ_BYTES(fte_match_param)];
};

static struct mlx5dv_flow_matcher *
matcher_create(struct match *mask, uint8_t criteria, uint16_t priority)
{
	struct mlx5dv_flow_matcher_attr attr = {.type = IBV_FLOW_ATTR_NORMAL,
		.priority = priority,
		.match_criteria_enable = criteria,
		.match_mask = &mask->head};

	return mlx5dv_create_flow_matcher(rig.ctx, &attr);
}

static struct ibv_flow *
flow_create(struct mlx5dv_flow_matcher *matcher, struct match *value, enum fw_id tir)
{
	struct mlx5dv_flow_action_attr action = {
		.type = MLX5DV_FLOW_ACTION_DEST_DEVX, .obj = rig.obj[tir]};

	return mlx5dv_create_flow(matcher, &value->head, 1, &action);
}

/* How often the NIC's table of objects says this. */
static unsigned int
flows_with(const char *what)
{
	char *text = nic_ctl_text("objects");
	const char *at = text;
	unsigned int n = 0;

	while (at != NULL && (at = strstr(at, what)) != NULL) {
		at += strlen(what);
		n++;
	}
	free(text);
	return n;
}

/* The kernel takes any matcher, and what is wrong with it is found by its first flow. */
static int
flow_refused(struct match *mask, uint8_t criteria, struct match *value)
{
	struct mlx5dv_flow_matcher *matcher = matcher_create(mask, criteria, 0);
	struct ibv_flow *flow;
	int err;

	TEST_ASSERT_NOT_NULL(matcher, "matcher: %s", strerror(errno));
	flow = flow_create(matcher, value, ID_TIR);
	err = errno;
	TEST_ASSERT_EQUAL(mlx5dv_destroy_flow_matcher(matcher), 0, "matcher of no flow");
	TEST_ASSERT(flow == NULL, "flow was made");
	TEST_ASSERT_EQUAL(err, EINVAL, "%s", strerror(err));
	return TEST_SUCCESS;
}

static int
test_matchers(void)
{
	const uint8_t outer = 1 << MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT;
	const uint8_t misc = 1 << MLX5_MATCH_CRITERIA_ENABLE_MISC_BIT;
	struct match m = {.head.match_sz = sizeof(m.buf)}, zero = m, v = m;

	if (rig.obj[ID_TIR] == NULL)
		return TEST_SKIPPED;
	TEST_ASSERT_EQUAL(flow_refused(&m, misc, &zero), 0, "criteria");
	DEVX_SET(fte_match_param, m.buf, misc_parameters.source_port, 0xffff);
	TEST_ASSERT_EQUAL(flow_refused(&m, outer, &zero), 0, "mask outside of the criteria");
	DEVX_SET(fte_match_param, m.buf, misc_parameters.source_port, 0);
	DEVX_SET(fte_match_param, m.buf, outer_headers.ip_version, 0xf);
	TEST_ASSERT_EQUAL(flow_refused(&m, 0, &zero), 0, "mask without criteria");
	DEVX_SET(fte_match_param, m.buf, outer_headers.l4_checksum_ok, 1);
	TEST_ASSERT_EQUAL(flow_refused(&m, outer, &zero), 0, "field that nobody reads");
	DEVX_SET(fte_match_param, m.buf, outer_headers.l4_checksum_ok, 0);
	DEVX_SET(fte_match_param, v.buf, outer_headers.ip_protocol, 6);
	TEST_ASSERT_EQUAL(flow_refused(&m, outer, &v), 0, "value outside of the mask");
	return TEST_SUCCESS;
}

/* What a mask or a value lacks at its end is 0, so these two are the same match. */
static int
test_short_match(void)
{
	const uint8_t outer = 1 << MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT;
	struct match all = {.head.match_sz = sizeof(all.buf)}, few = {.head.match_sz = 16};
	struct mlx5dv_flow_matcher *a, *b;
	struct ibv_flow *flow, *same;
	uint64_t before;

	if (rig.obj[ID_TIR] == NULL)
		return TEST_SKIPPED;
	DEVX_SET(fte_match_param, all.buf, outer_headers.smac_47_16, 0xffffffff);
	DEVX_SET(fte_match_param, few.buf, outer_headers.smac_47_16, 0xffffffff);
	a = matcher_create(&all, outer, 0);
	b = matcher_create(&few, outer, 0);
	TEST_ASSERT(a != NULL && b != NULL, "matcher: %s", strerror(errno));
	flow = flow_create(a, &few, ID_TIR);
	TEST_ASSERT_NOT_NULL(flow, "flow: %s", strerror(errno));
	before = nic_ctl_count("SET_FLOW_TABLE_ENTRY");
	same = flow_create(b, &all, ID_TIR);
	TEST_ASSERT_NOT_NULL(same, "the same flow: %s", strerror(errno));
	TEST_ASSERT_EQUAL(nic_ctl_count("SET_FLOW_TABLE_ENTRY"), before, "two matches of one");
	TEST_ASSERT_EQUAL(ibv_destroy_flow(flow), 0, "flow");
	TEST_ASSERT_EQUAL(mlx5dv_destroy_flow_matcher(a), 0, "matcher");
	TEST_ASSERT_EQUAL(ibv_destroy_flow(same), 0, "flow");
	TEST_ASSERT_EQUAL(mlx5dv_destroy_flow_matcher(b), 0, "matcher");
	return TEST_SUCCESS;
}

/*
 * A match takes as many TIRs as the capabilities say; without flow_modify_en none but the first,
 * and the kernel does not even ask the firmware.
 */
static int
second_tir(struct mlx5dv_flow_matcher *matcher, struct match *v)
{
	uint8_t page[4096] __attribute__((aligned(8)));
	struct ibv_flow *flow;
	int err;

	TEST_ASSERT_EQUAL(fw_rig_caps(&rig, MLX5_CAP_FLOW_TABLE, page), 0, "flow capabilities");
	flow = flow_create(matcher, v, ID_TIR2);
	err = errno;
	if (!FLOW_CAP(page, flow_modify_en)) {
		TEST_ASSERT(flow == NULL && err == EOPNOTSUPP, "%s", strerror(err));
		return TEST_SUCCESS;
	}
	if (FLOW_CAP(page, log_max_destination) == 0) {
		TEST_ASSERT(flow == NULL && err == ENOMEM, "%s", strerror(err));
		return TEST_SUCCESS;
	}
	TEST_ASSERT_NOT_NULL(flow, "%s", strerror(err));
	TEST_ASSERT(mlx5dv_devx_obj_destroy(rig.obj[ID_TIR2]) != 0, "TIR of a flow destroyed");
	TEST_ASSERT_EQUAL(ibv_destroy_flow(flow), 0, "flow");
	return TEST_SUCCESS;
}

static struct ibv_flow *
flow_drop(struct mlx5dv_flow_matcher *matcher, struct match *value)
{
	struct mlx5dv_flow_action_attr action = {.type = MLX5DV_FLOW_ACTION_DROP};

	return mlx5dv_create_flow(matcher, &value->head, 1, &action);
}

/* A match drops or delivers, not both. */
static int
test_drop(void)
{
	const uint8_t outer = 1 << MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT;
	struct match m = {.head.match_sz = sizeof(m.buf)}, v = m;
	struct mlx5dv_flow_matcher *matcher;
	struct ibv_flow *flow, *again;

	if (rig.obj[ID_TIR] == NULL)
		return TEST_SKIPPED;
	DEVX_SET(fte_match_param, m.buf, outer_headers.ip_version, 0xf);
	DEVX_SET(fte_match_param, v.buf, outer_headers.ip_version, 6);
	matcher = matcher_create(&m, outer, 1);
	TEST_ASSERT_NOT_NULL(matcher, "matcher: %s", strerror(errno));
	flow = flow_drop(matcher, &v);
	TEST_ASSERT_NOT_NULL(flow, "flow: %s", strerror(errno));
	TEST_ASSERT_EQUAL(flows_with("\"tir\":0,\"hits\""), 1, "a flow without a TIR");
	again = flow_drop(matcher, &v);
	TEST_ASSERT_NOT_NULL(again, "the same flow: %s", strerror(errno));
	TEST_ASSERT(flow_create(matcher, &v, ID_TIR) == NULL && errno == EEXIST,
		"delivers what is dropped: %s", strerror(errno));
	TEST_ASSERT_EQUAL(ibv_destroy_flow(flow), 0, "flow");
	TEST_ASSERT_EQUAL(ibv_destroy_flow(again), 0, "flow");
	flow = flow_create(matcher, &v, ID_TIR);
	TEST_ASSERT_NOT_NULL(flow, "flow: %s", strerror(errno));
	TEST_ASSERT(flow_drop(matcher, &v) == NULL && errno == EEXIST,
		"drops what is delivered: %s", strerror(errno));
	TEST_ASSERT_EQUAL(ibv_destroy_flow(flow), 0, "flow");
	TEST_ASSERT_EQUAL(mlx5dv_destroy_flow_matcher(matcher), 0, "matcher");
	return TEST_SUCCESS;
}

/* Flows for multicast come after all others, whatever the priority of their matcher. */
static int
test_multicast_flows(void)
{
	const uint8_t outer = 1 << MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT;
	struct match m = {.head.match_sz = sizeof(m.buf)}, v = m;
	struct mlx5dv_flow_matcher *matcher;
	struct ibv_flow *flow;

	if (rig.obj[ID_TIR] == NULL)
		return TEST_SKIPPED;
	DEVX_SET(fte_match_param, m.buf, outer_headers.dmac_47_16, 0xffffffff);
	DEVX_SET(fte_match_param, v.buf, outer_headers.dmac_47_16, 0x01005e00);
	matcher = matcher_create(&m, outer, 2);
	TEST_ASSERT_NOT_NULL(matcher, "matcher: %s", strerror(errno));
	flow = flow_create(matcher, &v, ID_TIR);
	TEST_ASSERT_NOT_NULL(flow, "flow: %s", strerror(errno));
	TEST_ASSERT_EQUAL(flows_with("\"priority\":16,\"tir\""), 1, "multicast");
	TEST_ASSERT_EQUAL(ibv_destroy_flow(flow), 0, "flow");
	DEVX_SET(fte_match_param, v.buf, outer_headers.dmac_47_16, 0x02005e00);
	flow = flow_create(matcher, &v, ID_TIR);
	TEST_ASSERT_NOT_NULL(flow, "flow: %s", strerror(errno));
	TEST_ASSERT_EQUAL(flows_with("\"priority\":2,\"tir\""), 1, "unicast");
	TEST_ASSERT_EQUAL(ibv_destroy_flow(flow), 0, "flow");
	TEST_ASSERT_EQUAL(mlx5dv_destroy_flow_matcher(matcher), 0, "matcher");
	return TEST_SUCCESS;
}

static int
test_flows(void)
{
	struct match m = {.head.match_sz = sizeof(m.buf)}, v = m;
	struct mlx5dv_flow_matcher *matcher;
	struct ibv_flow *flow, *again;

	if (rig.obj[ID_TIR] == NULL)
		return TEST_SKIPPED;
	DEVX_SET(fte_match_param, m.buf, outer_headers.ip_version, 0xf);
	DEVX_SET(fte_match_param, v.buf, outer_headers.ip_version, 4);
	matcher = matcher_create(&m, 1 << MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT, 3);
	TEST_ASSERT_NOT_NULL(matcher, "matcher: %s", strerror(errno));
	flow = flow_create(matcher, &v, ID_TIR);
	TEST_ASSERT_NOT_NULL(flow, "flow: %s", strerror(errno));
	TEST_ASSERT_EQUAL(second_tir(matcher, &v), 0, "a second TIR for the same match");
	again = flow_create(matcher, &v, ID_TIR);
	TEST_ASSERT_NOT_NULL(again, "the same flow: %s", strerror(errno));
	TEST_ASSERT_EQUAL(ibv_destroy_flow(flow), 0, "flow");
	flow = again;
	TEST_ASSERT(mlx5dv_destroy_flow_matcher(matcher) != 0, "matcher of a flow destroyed");
	TEST_ASSERT(mlx5dv_devx_obj_destroy(rig.obj[ID_TIR]) != 0, "TIR of a flow destroyed");
	TEST_ASSERT_EQUAL(ibv_destroy_flow(flow), 0, "flow");
	TEST_ASSERT_EQUAL(mlx5dv_destroy_flow_matcher(matcher), 0, "matcher");
	matcher = matcher_create(&m, 1 << MLX5_MATCH_CRITERIA_ENABLE_OUTER_BIT, 16);
	TEST_ASSERT_NOT_NULL(matcher, "matcher: %s", strerror(errno));
	TEST_ASSERT(flow_create(matcher, &v, ID_TIR) == NULL, "priority 16");
	TEST_ASSERT_EQUAL(mlx5dv_destroy_flow_matcher(matcher), 0, "matcher");
	return TEST_SUCCESS;
}

/* --- privileges --- */

/* CAP_NET_RAW in the effective set of this thread; what was there before, or -1. */
static int
net_raw(bool on)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	bool was;

	if (syscall(SYS_capget, &head, data) != 0)
		return -1;
	was = data[0].effective >> CAP_NET_RAW & 1;
	if (on)
		data[0].effective |= 1u << CAP_NET_RAW;
	else
		data[0].effective &= ~(1u << CAP_NET_RAW);
	return syscall(SYS_capset, &head, data) == 0 ? was : -1;
}

/* A context keeps the rights that its process had when it was opened. */
static int
test_privilege(void)
{
	struct mlx5dv_context_attr attr = {.flags = MLX5DV_CONTEXT_FLAGS_DEVX};
	struct mlx5dv_devx_obj *vq;
	struct ibv_context *ctx;

	if (rig.id[ID_VQ_RX] == 0 || net_raw(false) != 1)
		return TEST_SKIPPED;
	ctx = mlx5dv_open_device(rig.ctx->device, &attr);
	TEST_ASSERT_EQUAL(net_raw(true), 0, "CAP_NET_RAW");
	TEST_ASSERT_NOT_NULL(ctx, "context: %s", strerror(errno));
	fw_build(&rig, C_CREATE_VQ, &box);
	vq = mlx5dv_devx_obj_create(ctx, box.in, box.inlen, out, box.outlen);
	TEST_ASSERT(vq == NULL, "a virtqueue without CAP_NET_RAW");
	TEST_ASSERT_EQUAL(DEVX_GET(mbox_out, out, syndrome), FW_SYNDROME + R_VQ_RAW, "syndrome");
	fw_build(&rig, C_CREATE_SQ, &box);
	TEST_ASSERT(mlx5dv_devx_obj_create(ctx, box.in, box.inlen, out, box.outlen) == NULL,
		"a send queue without CAP_NET_RAW");
	TEST_ASSERT_EQUAL(DEVX_GET(mbox_out, out, syndrome), FW_SYNDROME + R_SQ_RAW, "syndrome");
	/* objects of another context are nothing that this one could name */
	fw_build(&rig, C_CREATE_TIS, &box);
	TEST_ASSERT(mlx5dv_devx_obj_create(ctx, box.in, box.inlen, out, box.outlen) == NULL,
		"transport domain of another context");
	TEST_ASSERT_EQUAL(DEVX_GET(mbox_out, out, syndrome), FW_SYNDROME + R_TIS_TD, "syndrome");
	ibv_close_device(ctx);
	return TEST_SUCCESS;
}

/* --- lives --- */

static unsigned int
qp_state(enum fw_id id)
{
	memset(&box, 0, sizeof(box));
	DEVX_SET(query_qp_in, box.in, opcode, MLX5_CMD_OP_QUERY_QP);
	DEVX_SET(query_qp_in, box.in, qpn, rig.id[id]);
	if (mlx5dv_devx_obj_query(rig.obj[id], box.in, DEVX_ST_SZ_BYTES(query_qp_in), out,
		    DEVX_ST_SZ_BYTES(query_qp_out)) != 0)
		return ~0u;
	return DEVX_GET(query_qp_out, out, qpc.state);
}

static const void *
rq_query(enum fw_id id)
{
	fw_build(&rig, C_QUERY_RQ, &box);
	if (send_box(C_QUERY_RQ, id) != 0)
		return NULL;
	return DEVX_ADDR_OF(query_rq_out, out, rq_context);
}

static int
rq_go(unsigned int from, unsigned int to, uint64_t select, unsigned int vsd)
{
	fw_build(&rig, C_MODIFY_RQ, &box);
	DEVX_SET(modify_rq_in, box.in, rq_state, from);
	DEVX_SET(modify_rq_in, box.in, ctx.state, to);
	DEVX_SET(modify_rq_in, box.in, ctx.vsd, vsd);
	DEVX_SET64(modify_rq_in, box.in, modify_bitmask, select);
	return send_box(C_MODIFY_RQ, ID_RQ_RDY);
}

/* What a receive queue was made of, and what becomes of it. */
static int
test_rq_life(void)
{
	const uint64_t vsd = MLX5_MODIFY_RQ_IN_MODIFY_BITMASK_VSD;
	const uint64_t counter = MLX5_MODIFY_RQ_IN_MODIFY_BITMASK_RQ_COUNTER_SET_ID;
	const void *rqc = rq_query(ID_RQ_RDY);

	TEST_ASSERT(rqc != NULL && DEVX_GET(rqc, rqc, state) == MLX5_RQC_STATE_RDY &&
			DEVX_GET(rqc, rqc, vsd) == 1 &&
			DEVX_GET(rqc, rqc, flush_in_error_en) == 1 &&
			DEVX_GET(rqc, rqc, cqn) == rig.id[ID_CQ] &&
			DEVX_GET(rqc, rqc, counter_set_id) == rig.id[ID_Q_COUNTER],
		"as it was made");
	TEST_ASSERT(DEVX_GET(rqc, rqc, wq.log_wq_sz) == 6 &&
			DEVX_GET(rqc, rqc, wq.log_wq_stride) == 5 &&
			DEVX_GET(rqc, rqc, wq.pd) == rig.id[ID_PD] &&
			DEVX_GET(rqc, rqc, wq.wq_umem_id) == rig.id[ID_UMEM],
		"its work queue");
	if (DEVX_GET(per_protocol_networking_offload_caps, rig.eth, vlan_cap)) {
		TEST_ASSERT_EQUAL(rq_go(1, 1, vsd, 0), 0, "tags are taken out");
		TEST_ASSERT_EQUAL(DEVX_GET(rqc, rq_query(ID_RQ_RDY), vsd), 0, "not taken out");
		TEST_ASSERT_EQUAL(rq_go(1, 1, 0, 1), 0, "a field that is not selected");
		TEST_ASSERT_EQUAL(DEVX_GET(rqc, rq_query(ID_RQ_RDY), vsd), 0, "was taken");
		TEST_ASSERT_EQUAL(rq_go(1, 1, vsd, 1), 0, "tags stay");
	}
	if (rig.obj[ID_Q_COUNTER] != NULL) {
		TEST_ASSERT_EQUAL(rq_go(1, 1, counter, 0), 0, "without a counter");
		TEST_ASSERT_EQUAL(DEVX_GET(rqc, rq_query(ID_RQ_RDY), counter_set_id), 0, "has one");
		fw_build(&rig, C_QUERY_Q_COUNTER, &box);
		TEST_ASSERT_EQUAL(send_box(C_QUERY_Q_COUNTER, ID_Q_COUNTER), 0, "counter");
		TEST_ASSERT_EQUAL(DEVX_GET(query_q_counter_out, out, out_of_buffer), 0, "counts");
	}
	TEST_ASSERT_EQUAL(rq_go(1, 3, 0, 0), 0, "to ERR");
	TEST_ASSERT_EQUAL(DEVX_GET(rqc, rq_query(ID_RQ_RDY), state), MLX5_RQC_STATE_ERR, "state");
	TEST_ASSERT_EQUAL(rq_go(3, 0, 0, 0), 0, "to RST");
	TEST_ASSERT_EQUAL(rq_go(0, 0, 0, 0), 0, "to RST again");
	TEST_ASSERT_EQUAL(rq_go(0, 1, 0, 0), 0, "to RDY");
	TEST_ASSERT_EQUAL(rq_go(1, 0, 0, 0), 0, "to RST at once");
	TEST_ASSERT_EQUAL(rq_go(0, 1, 0, 0), 0, "to RDY");
	return TEST_SUCCESS;
}

/* A destroyed virtqueue leaves its event queue pair in error, and 2RST takes it out of there. */
static int
test_event_qp_life(void)
{
	struct mlx5dv_devx_obj *vq;
	char *text;

	if (rig.obj[ID_QP_FW2] == NULL)
		return TEST_SKIPPED;
	TEST_ASSERT_EQUAL(qp_state(ID_QP_FW2), MLX5_QPC_STATE_RTS, "not in RTS");
	fw_build(&rig, C_CREATE_VQ, &box);
	vq = mlx5dv_devx_obj_create(rig.ctx, box.in, box.inlen, out, box.outlen);
	TEST_ASSERT_NOT_NULL(vq, "virtq: syndrome 0x%x", DEVX_GET(mbox_out, out, syndrome));
	TEST_ASSERT_EQUAL(mlx5dv_devx_obj_destroy(vq), 0, "virtq");
	TEST_ASSERT_EQUAL(qp_state(ID_QP_FW2), MLX5_QPC_STATE_ERR, "not in error");
	text = nic_ctl_text("objects");
	TEST_ASSERT(!nic_ctl_there() || (text != NULL && strstr(text, "\"state\":\"ERR\"")),
		"not in error at the control socket");
	free(text);
	fw_build(&rig, C_2RST, &box);
	TEST_ASSERT_EQUAL(send_box(C_2RST, ID_QP_FW2), 0, "2RST");
	TEST_ASSERT_EQUAL(qp_state(ID_QP_FW2), MLX5_QPC_STATE_RST, "not reset");
	fw_build(&rig, C_RST2INIT, &box);
	TEST_ASSERT_EQUAL(send_box(C_RST2INIT, ID_QP_FW2), 0, "RST2INIT");
	fw_build(&rig, C_INIT2RTR, &box);
	TEST_ASSERT_EQUAL(send_box(C_INIT2RTR, ID_QP_FW2), 0, "INIT2RTR");
	fw_build(&rig, C_RTR2RTS, &box);
	TEST_ASSERT_EQUAL(send_box(C_RTR2RTS, ID_QP_FW2), 0, "RTR2RTS");
	return TEST_SUCCESS;
}

/*
 * A queue that is made without addresses and key, as DPDK and Linux do ahead of use, and filled in
 * by one modify.
 */
static int
test_fill_later(void)
{
	static const uint64_t all = MLX5_VIRTQ_MODIFY_TYPE_STATE | MLX5_VIRTQ_MODIFY_TYPE_ADDR |
		MLX5_VIRTQ_MODIFY_TYPE_HW_AVAILABLE_INDEX | MLX5_VIRTQ_MODIFY_TYPE_HW_USED_INDEX |
		MLX5_VIRTQ_MODIFY_TYPE_Q_TYPE | MLX5_VIRTQ_MODIFY_TYPE_VERSION_1_0 |
		MLX5_VIRTQ_MODIFY_TYPE_Q_MKEY | MLX5_VIRTQ_MODIFY_TYPE_QUEUE_FEATURE_BIT_MASK |
		MLX5_VIRTQ_MODIFY_TYPE_EVENT_MODE;
	struct mlx5dv_devx_obj *vq;
	uint32_t id;
	int rc;

	if (rig.obj[ID_QP_FW2] == NULL || !FW_RIG_VDPA(&rig, vnet_modify_ext) ||
		!FW_RIG_VDPA(&rig, virtio_net_q_addr_modify) ||
		!FW_RIG_VDPA(&rig, virtio_q_index_modify))
		return TEST_SKIPPED;
	fw_build(&rig, C_CREATE_VQ, &box);
	DEVX_SET(create_virtq_in, box.in, virtq.virtio_q_context.virtio_q_mkey, 0);
	DEVX_SET64(create_virtq_in, box.in, virtq.virtio_q_context.desc_addr, 0);
	DEVX_SET64(create_virtq_in, box.in, virtq.virtio_q_context.available_addr, 0);
	DEVX_SET64(create_virtq_in, box.in, virtq.virtio_q_context.used_addr, 0);
	vq = mlx5dv_devx_obj_create(rig.ctx, box.in, box.inlen, out, box.outlen);
	TEST_ASSERT_NOT_NULL(vq, "virtq: syndrome 0x%x", DEVX_GET(mbox_out, out, syndrome));
	id = DEVX_GET(general_obj_out_cmd_hdr, out, obj_id);
	fw_build(&rig, C_MODIFY_VQ, &box);
	DEVX_SET(general_obj_in_cmd_hdr, box.in, obj_id, id);
	rc = mlx5dv_devx_obj_modify(vq, box.in, box.inlen, out, box.outlen);
	TEST_ASSERT_EQUAL(DEVX_GET(mbox_out, out, syndrome), FW_SYNDROME + R_VQ_UNFILLED,
		"unfilled queue: rc %d", rc);
	DEVX_SET64(create_virtq_in, box.in, virtq.modify_field_select, all);
	rc = mlx5dv_devx_obj_modify(vq, box.in, box.inlen, out, box.outlen);
	TEST_ASSERT_EQUAL(
		rc, 0, "fill and start: syndrome 0x%x", DEVX_GET(mbox_out, out, syndrome));
	TEST_ASSERT_EQUAL(mlx5dv_devx_obj_destroy(vq), 0, "virtq");
	fw_build(&rig, C_2RST, &box);
	TEST_ASSERT_EQUAL(send_box(C_2RST, ID_QP_FW2), 0, "2RST");
	fw_build(&rig, C_RST2INIT, &box);
	TEST_ASSERT_EQUAL(send_box(C_RST2INIT, ID_QP_FW2), 0, "RST2INIT");
	fw_build(&rig, C_INIT2RTR, &box);
	TEST_ASSERT_EQUAL(send_box(C_INIT2RTR, ID_QP_FW2), 0, "INIT2RTR");
	fw_build(&rig, C_RTR2RTS, &box);
	TEST_ASSERT_EQUAL(send_box(C_RTR2RTS, ID_QP_FW2), 0, "RTR2RTS");
	return TEST_SUCCESS;
}

static int
test_special(void)
{
	fw_build(&rig, C_QUERY_NIC_VPORT, &box);
	TEST_ASSERT_EQUAL(send_box(C_QUERY_NIC_VPORT, ID_NONE), 0, "vport context");
	TEST_ASSERT(
		DEVX_GET(query_nic_vport_context_out, out, nic_vport_context.mtu) >= 1500, "MTU");
	TEST_ASSERT_EQUAL(
		DEVX_GET(query_nic_vport_context_out, out, nic_vport_context.min_wqe_inline_mode),
		DEVX_GET(per_protocol_networking_offload_caps, rig.eth, wqe_inline_mode) !=
			MLX5_CAP_INLINE_MODE_NOT_REQUIRED,
		"inline mode");
	fw_build(&rig, C_QUERY_VPORT_STATE, &box);
	TEST_ASSERT_EQUAL(send_box(C_QUERY_VPORT_STATE, ID_NONE), 0, "vport state");
	TEST_ASSERT_EQUAL(DEVX_GET(query_vport_state_out, out, state), 1, "vport is down");
	return TEST_SUCCESS;
}

/* clang-format off */
static struct unit_test_suite fw_suite = {
	.suite_name = "fw",
	.setup = setup,
	.teardown = teardown,
	.unit_test_cases = {
		TEST_CASE(test_valid),
		TEST_CASE(test_refusals),
		TEST_CASE(test_every_rule_has_a_row),
		TEST_CASE(test_referenced),
		TEST_CASE(test_bar_full),
		TEST_CASE(test_bar_keeps_its_size),
		TEST_CASE(test_bar_page_rests),
		TEST_CASE(test_matchers),
		TEST_CASE(test_short_match),
		TEST_CASE(test_flows),
		TEST_CASE(test_drop),
		TEST_CASE(test_multicast_flows),
		TEST_CASE(test_privilege),
		TEST_CASE(test_event_qp_life),
		TEST_CASE(test_rq_life),
		TEST_CASE(test_fill_later),
		TEST_CASE(test_special),
		TEST_CASES_END(),
	},
};
/* clang-format on */

static int
test_fw(void)
{
	return unit_test_suite_runner(&fw_suite);
}

REGISTER_TEST_COMMAND(fw_autotest, test_fw);
