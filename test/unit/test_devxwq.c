/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Completion, send and receive queues as firmware objects: made, moved through their states, asked,
 * destroyed; and what the firmware has to refuse. What they carry is in test_ethq.c.
 */
#include <errno.h>

#include <rte_common.h>

#include "ethq_rig.h"
#include "test.h"

#define SIZE 16u

static struct ethrig rig;
static struct hf_cq cq;
static struct hf_sq sq;
static struct hf_wq rq;
static unsigned int leaks; /* of all cases */

static int
suite_setup(void)
{
	int ret = ethrig_open(&rig);

	if (ret == 0)
		ethrig_close(&rig);
	leaks = 0;
	return ret == -ENODEV ? TEST_SKIPPED : ret;
}

static int
setup(void)
{
	const struct hf_cq_attr cattr = {.size = SIZE};
	struct hf_sq_attr sattr = {.size = SIZE};
	struct hf_rq_attr rattr = {.size = SIZE, .segs = 2};
	int ret;

	ret = ethrig_open(&rig);
	if (ret)
		return ret;
	sattr.tisn = rig.tis.id;
	ret = hf_cq_create(rig.tx.dev, &cattr, &cq);
	sattr.cqn = rattr.cqn = cq.num;
	if (ret == 0)
		ret = hf_sq_create(rig.tx.dev, &sattr, &sq);
	if (ret == 0)
		ret = hf_rq_create(rig.tx.dev, &rattr, &rq);
	return ret;
}

static void
teardown(void)
{
	hf_wq_destroy(&rq);
	hf_wq_destroy(&sq.wq);
	hf_cq_destroy(&cq);
	leaks += ethrig_close(&rig);
}

static int
state_check(struct hf_wq *wq, enum hf_wq_state expected)
{
	enum hf_wq_state state;

	TEST_ASSERT_SUCCESS(hf_wq_query(wq, &state), "query of a %s", wq->kind);
	TEST_ASSERT_EQUAL(state, expected, "%s in state %u, not %u", wq->kind, state, expected);
	return TEST_SUCCESS;
}

/* Every change of state that DPDK's driver makes, and what does not go. */
static int
states_check(struct hf_wq *wq)
{
	static const struct {
		enum hf_wq_state from, to;
		bool good;
	} moves[] = {
		{HF_WQ_RDY, HF_WQ_RST, false}, /* it is in RST */
		{HF_WQ_RST, HF_WQ_RDY, true},
		{HF_WQ_RST, HF_WQ_RDY, false}, /* it is in RDY */
		{HF_WQ_RDY, HF_WQ_RST, true},
		{HF_WQ_RST, HF_WQ_RDY, true},
		{HF_WQ_RDY, HF_WQ_ERR, true},
		{HF_WQ_ERR, HF_WQ_RDY, false},
		{HF_WQ_RDY, HF_WQ_RST, false}, /* it is in ERR */
		{HF_WQ_ERR, HF_WQ_RST, true},
		{HF_WQ_RST, HF_WQ_RDY, true},
	};
	enum hf_wq_state state = HF_WQ_RST;
	unsigned int i;

	TEST_ASSERT_SUCCESS(state_check(wq, state), "at first");
	for (i = 0; i < RTE_DIM(moves); i++) {
		TEST_ASSERT_EQUAL(hf_wq_modify(wq, moves[i].from, moves[i].to) == 0, moves[i].good,
			"%s: row %u", wq->kind, i);
		if (moves[i].good)
			state = moves[i].to;
		TEST_ASSERT_SUCCESS(state_check(wq, state), "%s: after row %u", wq->kind, i);
	}
	return TEST_SUCCESS;
}

static int
test_states(void)
{
	TEST_ASSERT_SUCCESS(states_check(&sq.wq), "sq");
	TEST_ASSERT_SUCCESS(states_check(&rq), "rq");
	return TEST_SUCCESS;
}

/* The order of destruction; a destroyed one is destroyed. */
static int
test_references(void)
{
	struct hf_steer_obj rqt;

	TEST_ASSERT(hf_cq_destroy(&cq) < 0, "CQ of two queues destroyed");
	TEST_ASSERT(hf_umem_destroy(&sq.wq.umem) < 0, "umem of an SQ destroyed");
	TEST_ASSERT(hf_umem_destroy(&rq.umem) < 0, "umem of an RQ destroyed");
	TEST_ASSERT(hf_umem_destroy(&cq.umem) < 0, "umem of a CQ destroyed");
	TEST_ASSERT(hf_steer_obj_destroy(&rig.tis) < 0, "TIS of an SQ destroyed");
	TEST_ASSERT_SUCCESS(hf_rqt_create(rig.tx.dev, HF_RQT_RQ, &rq.num, 1, &rqt), "rqt");
	TEST_ASSERT(hf_wq_destroy(&rq) < 0, "RQ of a table destroyed");
	TEST_ASSERT_SUCCESS(hf_steer_obj_destroy(&rqt), "rqt");
	TEST_ASSERT_SUCCESS(hf_wq_destroy(&sq.wq), "sq");
	TEST_ASSERT_SUCCESS(hf_wq_destroy(&sq.wq), "sq again");
	TEST_ASSERT(hf_cq_destroy(&cq) < 0, "CQ of an RQ destroyed");
	TEST_ASSERT_SUCCESS(hf_wq_destroy(&rq), "rq");
	TEST_ASSERT_SUCCESS(hf_cq_destroy(&cq), "cq");
	TEST_ASSERT_SUCCESS(hf_cq_destroy(&cq), "cq again");
	return TEST_SUCCESS;
}

static int
test_refused(void)
{
	const struct hf_devx_caps *caps = hf_devx_caps(rig.tx.dev);
	struct hf_cq_attr cattr = {.size = 3};
	struct hf_sq_attr sattr = {.size = SIZE, .tisn = rig.tis.id};
	struct hf_rq_attr rattr = {.size = SIZE, .segs = 1};
	struct hf_cq cq2;
	struct hf_sq sq2;
	struct hf_wq rq2;

	TEST_ASSERT_EQUAL(hf_cq_create(rig.tx.dev, &cattr, &cq2), -EINVAL, "3 completions");
	cattr.size = 2u << caps->log_max_cq_sz;
	TEST_ASSERT_EQUAL(hf_cq_create(rig.tx.dev, &cattr, &cq2), -EINVAL, "too many");
	TEST_ASSERT(hf_sq_create(rig.tx.dev, &sattr, &sq2) < 0, "SQ without a CQ");
	TEST_ASSERT(hf_rq_create(rig.tx.dev, &rattr, &rq2) < 0, "RQ without a CQ");
	sattr.cqn = rattr.cqn = cq.num;
	sattr.tisn ^= 0x8000;
	TEST_ASSERT(hf_sq_create(rig.tx.dev, &sattr, &sq2) < 0, "SQ without a TIS");
	sattr.tisn = rig.tis.id;
	sattr.size = SIZE + 1;
	TEST_ASSERT_EQUAL(hf_sq_create(rig.tx.dev, &sattr, &sq2), -EINVAL, "17 blocks");
	rattr.segs = 3;
	TEST_ASSERT_EQUAL(hf_rq_create(rig.tx.dev, &rattr, &rq2), -EINVAL, "3 segments");
	rattr.segs = 2 * hf_rq_max_segs(caps);
	TEST_ASSERT_EQUAL(hf_rq_create(rig.tx.dev, &rattr, &rq2), -EINVAL, "too many");
	rattr.segs = hf_rq_max_segs(caps);
	TEST_ASSERT_SUCCESS(hf_rq_create(rig.tx.dev, &rattr, &rq2), "as many as there are");
	TEST_ASSERT_SUCCESS(hf_wq_destroy(&rq2), "destroy");
	return TEST_SUCCESS;
}

/* A table has queues of its kind, and leads to another one by way of its TIRs alone. */
static int
test_tables(void)
{
	static const uint8_t key[40] = {1};
	struct hf_tir_attr tattr = {.td = rig.tx.td.id, .key = key};
	struct hf_steer_obj rqt, rqt2, tir;
	uint32_t none = rq.num ^ 0x8000;

	TEST_ASSERT(hf_rqt_create(rig.tx.dev, HF_RQT_RQ, &none, 1, &rqt) < 0, "no such RQ");
	TEST_ASSERT(hf_rqt_create(rig.tx.dev, HF_RQT_VIRTQ, &rq.num, 1, &rqt) < 0,
		"an RQ in a table of virtqs");
	TEST_ASSERT(hf_rqt_create(rig.tx.dev, HF_RQT_RQ, &sq.wq.num, 1, &rqt) < 0 ||
			sq.wq.num == rq.num,
		"an SQ in a table of RQs");
	TEST_ASSERT_SUCCESS(hf_rqt_create(rig.tx.dev, HF_RQT_RQ, &rq.num, 1, &rqt), "rqt");
	TEST_ASSERT_SUCCESS(hf_rqt_create(rig.tx.dev, HF_RQT_RQ, &rq.num, 1, &rqt2), "another");
	tattr.rqt = rqt.id;
	TEST_ASSERT_SUCCESS(hf_tir_create(rig.tx.dev, &tattr, &tir), "tir");
	TEST_ASSERT(hf_steer_obj_destroy(&rqt) < 0, "table of a TIR destroyed");
	TEST_ASSERT_SUCCESS(hf_tir_set_rqt(&tir, rqt2.id), "to the other table");
	TEST_ASSERT_SUCCESS(hf_steer_obj_destroy(&rqt), "the first table is free");
	TEST_ASSERT(hf_tir_set_rqt(&tir, rqt2.id ^ 0x8000) < 0, "no such table");
	TEST_ASSERT(hf_steer_obj_destroy(&rqt2) < 0, "table of a TIR destroyed");
	TEST_ASSERT_SUCCESS(hf_steer_obj_destroy(&tir), "tir");
	TEST_ASSERT_SUCCESS(hf_steer_obj_destroy(&rqt2), "rqt");
	return TEST_SUCCESS;
}

/* After all others. */
static int
test_nothing_left(void)
{
	TEST_ASSERT_EQUAL(leaks, 0, "%u objects were left over", leaks);
	return TEST_SUCCESS;
}

static struct unit_test_suite devxwq_suite = {
	.suite_name = "devxwq",
	.setup = suite_setup,
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, teardown, test_states),
			TEST_CASE_ST(setup, teardown, test_references),
			TEST_CASE_ST(setup, teardown, test_refused),
			TEST_CASE_ST(setup, teardown, test_tables),
			TEST_CASE(test_nothing_left),
			TEST_CASES_END(),
		},
};

static int
test_devxwq(void)
{
	return unit_test_suite_runner(&devxwq_suite);
}

REGISTER_TEST_COMMAND(devxwq_autotest, test_devxwq);
