/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Receive steering on a NIC: which objects there are after each change, and that a change which
 * fails changes nothing. Where the packets go is seen by the system tests.
 */
#include <errno.h>

#include <rte_common.h>

#include "devx_rig.h"
#include "hf_devx_wq.h"
#include "hf_steer.h"
#include "nic_ctl.h"
#include "prm.h"
#include "test.h"

#define QUEUES 3
#define KINDS 7 /* TCP and UDP over IPv4 and IPv6, the rest of both, all else */

static struct rig rig;
static struct rig_vq q[QUEUES];
static uint32_t ids[QUEUES];
static struct hf_steer *steer;
static unsigned int leaks; /* of all cases */

static int
suite_setup(void)
{
	int ret = rig_open(&rig);

	if (ret == 0)
		rig_close(&rig);
	leaks = 0;
	return ret == -ENODEV ? TEST_SKIPPED : ret;
}

static int
setup(void)
{
	unsigned int i;
	int ret;

	ret = rig_open(&rig);
	for (i = 0; ret == 0 && i < QUEUES; i++) {
		ret = rig_vq_create(&rig, 2 * i, false, &q[i]);
		ids[i] = q[i].vq.id;
	}
	if (ret == 0)
		ret = hf_steer_create(rig.dev, rig.td.id, &steer);
	return ret;
}

static void
teardown(void)
{
	unsigned int i;

	hf_steer_destroy(steer);
	steer = NULL;
	for (i = 0; i < QUEUES; i++)
		rig_vq_destroy(&q[i]);
	leaks += rig_close(&rig);
}

static unsigned int
count(const char *kind)
{
	return hf_objs_count(hf_devx_objs(rig.dev), kind);
}

static int
test_set(void)
{
	TEST_ASSERT_EQUAL(hf_steer_queues(steer), 0, "queues before the first");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, 1), "one queue");
	TEST_ASSERT_EQUAL(count("rqt"), 1, "%u tables", count("rqt"));
	TEST_ASSERT_EQUAL(count("tir"), KINDS, "%u TIRs", count("tir"));
	TEST_ASSERT_EQUAL(count("flow"), KINDS, "%u flows", count("flow"));
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, QUEUES), "all queues");
	TEST_ASSERT_EQUAL(hf_steer_queues(steer), QUEUES, "%u", hf_steer_queues(steer));
	TEST_ASSERT_EQUAL(count("rqt"), 1, "%u tables", count("rqt"));
	TEST_ASSERT_EQUAL(count("flow"), KINDS, "%u flows", count("flow"));
	TEST_ASSERT(hf_virtq_destroy(&q[2].vq) < 0, "a queue that gets packets was destroyed");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, 2), "one queue less");
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q[2]), "a queue that gets no more packets");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, NULL, 0), "none");
	TEST_ASSERT_EQUAL(count("rqt") + count("tir") + count("flow"), 0, "something is left");
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q[1]), "nothing refers to it");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, NULL, 0), "none again");
	return TEST_SUCCESS;
}

static int
test_failure_changes_nothing(void)
{
	uint32_t none[QUEUES] = {ids[0], ids[0] ^ 0x8000, ids[0]};

	TEST_ASSERT(
		hf_steer_set(steer, HF_RQT_VIRTQ, none, QUEUES) < 0, "a queue that does not exist");
	TEST_ASSERT_EQUAL(count("rqt") + count("tir") + count("flow"), 0, "something is left");
	TEST_ASSERT_EQUAL(hf_steer_queues(steer), 0, "%u queues", hf_steer_queues(steer));
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, 1), "one queue");
	TEST_ASSERT(
		hf_steer_set(steer, HF_RQT_VIRTQ, none, QUEUES) < 0, "a queue that does not exist");
	TEST_ASSERT_EQUAL(hf_steer_queues(steer), 1, "%u queues", hf_steer_queues(steer));
	TEST_ASSERT_EQUAL(count("flow"), KINDS, "%u flows", count("flow"));
	return TEST_SUCCESS;
}

/* Table and TIRs without flows; what is set then for the same queues adds these, and no more. */
static int
test_prepare(void)
{
	TEST_ASSERT_SUCCESS(hf_steer_lead(steer), "nothing to lead to");
	TEST_ASSERT_SUCCESS(hf_steer_rest(steer), "nothing that leads");
	TEST_ASSERT_SUCCESS(hf_steer_prepare(steer, HF_RQT_VIRTQ, ids, 0), "no queues");
	TEST_ASSERT(count("rqt") == 0 && !hf_steer_rests(steer), "a table of no queues");
	TEST_ASSERT_SUCCESS(hf_steer_prepare(steer, HF_RQT_VIRTQ, ids, 2), "two queues");
	TEST_ASSERT_SUCCESS(hf_steer_prepare(steer, HF_RQT_VIRTQ, ids, 1), "there is a table");
	TEST_ASSERT_EQUAL(hf_steer_queues(steer), 2, "%u queues", hf_steer_queues(steer));
	TEST_ASSERT(count("rqt") == 1 && count("tir") == KINDS && count("flow") == 0, "objects");
	TEST_ASSERT(hf_steer_rests(steer), "it leads");
	TEST_ASSERT(hf_virtq_destroy(&q[1].vq) < 0, "a queue of the table was destroyed");
	TEST_ASSERT_SUCCESS(hf_steer_lead(steer), "lead");
	TEST_ASSERT(!hf_steer_rests(steer) && count("flow") == KINDS, "flows");
	TEST_ASSERT_SUCCESS(hf_steer_rest(steer), "rest");
	TEST_ASSERT(hf_steer_rests(steer) && count("flow") == 0, "flows that rest");
	TEST_ASSERT(count("rqt") == 1 && count("tir") == KINDS, "table and TIRs");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, 2), "the same queues");
	TEST_ASSERT(!hf_steer_rests(steer) && count("flow") == KINDS, "flows");
	TEST_ASSERT_SUCCESS(hf_steer_rest(steer), "rest");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, &ids[2], 1), "another one");
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q[0]), "it is not in the table any more");
	TEST_ASSERT(count("rqt") == 1 && count("flow") == KINDS, "objects");
	TEST_ASSERT_SUCCESS(hf_steer_rest(steer), "rest");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, NULL, 0), "none");
	TEST_ASSERT_EQUAL(count("rqt") + count("tir") + count("flow"), 0, "something is left");
	return TEST_SUCCESS;
}

/* A command fails: nothing is made, or what was there stays, and the next attempt gets it. */
static int
test_prepare_fails(void)
{
	static const char *const early[] = {"CREATE_RQT:1", "CREATE_TIR:5"};
	unsigned int i;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	for (i = 0; i < RTE_DIM(early); i++) {
		TEST_ASSERT_SUCCESS(nic_ctl_fail("%s", early[i]), "%s", early[i]);
		TEST_ASSERT(hf_steer_prepare(steer, HF_RQT_VIRTQ, ids, 1) < 0, "%s", early[i]);
		TEST_ASSERT_EQUAL(count("rqt") + count("tir"), 0, "%s: left", early[i]);
		TEST_ASSERT_EQUAL(hf_steer_queues(steer), 0, "%s: queues", early[i]);
	}
	TEST_ASSERT_SUCCESS(hf_steer_prepare(steer, HF_RQT_VIRTQ, ids, 1), "prepare");
	TEST_ASSERT_SUCCESS(nic_ctl_fail("SET_FLOW_TABLE_ENTRY:3"), "fault");
	TEST_ASSERT(hf_steer_lead(steer) < 0, "led although a flow was refused");
	TEST_ASSERT(hf_steer_rests(steer), "it leads");
	/* The table has these queues: no command about it. */
	TEST_ASSERT_SUCCESS(nic_ctl_fail("MODIFY_RQT:1"), "fault");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, 1), "set");
	nic_ctl_fail_clear();
	TEST_ASSERT_EQUAL(count("flow"), KINDS, "%u flows", count("flow"));
	/* All is to go, and a TIR does not: what rested leads nowhere afterwards. */
	TEST_ASSERT_SUCCESS(hf_steer_rest(steer), "rest");
	TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_TIR:2"), "fault");
	TEST_ASSERT(hf_steer_set(steer, HF_RQT_VIRTQ, NULL, 0) < 0, "a TIR stays");
	TEST_ASSERT_EQUAL(count("flow"), 0, "%u flows", count("flow"));
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, QUEUES), "all queues");
	TEST_ASSERT(count("tir") == KINDS && count("flow") == KINDS, "objects");
	return TEST_SUCCESS;
}

static int
test_too_many(void)
{
	static uint32_t many[UINT16_MAX];
	unsigned int i;

	for (i = 0; i < RTE_DIM(many); i++)
		many[i] = ids[0];
	TEST_ASSERT_EQUAL(
		hf_steer_set(steer, HF_RQT_VIRTQ, many, RTE_DIM(many)), -E2BIG, "65535 queues");
	TEST_ASSERT_EQUAL(hf_steer_queues(steer), 0, "%u queues", hf_steer_queues(steer));
	return TEST_SUCCESS;
}

/* --- queues of the other kind --- */

#define RQS 2

static struct hf_cq cq;
static struct hf_wq rq[RQS];
static uint32_t rqs[RQS];

static void
rqs_teardown(void)
{
	unsigned int i;

	hf_steer_destroy(steer);
	steer = NULL;
	for (i = 0; i < RQS; i++)
		hf_wq_destroy(&rq[i]);
	hf_cq_destroy(&cq);
	teardown();
}

static int
rqs_setup(void)
{
	const struct hf_cq_attr cattr = {.size = 64};
	struct hf_rq_attr rattr = {.size = 16, .segs = 1};
	unsigned int i;
	int ret;

	ret = setup();
	if (ret || !hf_devx_caps(rig.dev)->eth.queues)
		return ret;
	ret = hf_cq_create(rig.dev, &cattr, &cq);
	rattr.cqn = cq.num;
	for (i = 0; ret == 0 && i < RQS; i++) {
		ret = hf_rq_create(rig.dev, &rattr, &rq[i]);
		rqs[i] = rq[i].num;
	}
	return ret;
}

/* One table, that many TIRs and flows, and this kind of queues in it. */
static int
kind_check(enum hf_rqt_kind kind)
{
	TEST_ASSERT_EQUAL(count("rqt"), 1, "%u tables", count("rqt"));
	TEST_ASSERT_EQUAL(count("tir"), KINDS, "%u TIRs", count("tir"));
	TEST_ASSERT_EQUAL(count("flow"), KINDS, "%u flows", count("flow"));
	TEST_ASSERT_EQUAL(hf_virtq_destroy(&q[0].vq) < 0, kind == HF_RQT_VIRTQ,
		"kind %u: destroying the virtq", kind);
	TEST_ASSERT_EQUAL(
		hf_wq_destroy(&rq[0]) < 0, kind == HF_RQT_RQ, "kind %u: destroying the RQ", kind);
	return TEST_SUCCESS;
}

static int
test_kinds(void)
{
	if (!hf_devx_caps(rig.dev)->eth.queues)
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, 1), "virtqs");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_RQ, rqs, RQS), "RQs");
	TEST_ASSERT_EQUAL(hf_steer_queues(steer), RQS, "%u queues", hf_steer_queues(steer));
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_RQ, rqs, 1), "one RQ less");
	TEST_ASSERT_SUCCESS(hf_wq_destroy(&rq[1]), "an RQ that gets no more packets");
	TEST_ASSERT(hf_steer_set(steer, HF_RQT_RQ, ids, 1) < 0 || ids[0] == rqs[0],
		"a virtq among RQs");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, QUEUES), "virtqs again");
	TEST_ASSERT_SUCCESS(kind_check(HF_RQT_VIRTQ), "virtqs");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, NULL, 0), "none");
	TEST_ASSERT_EQUAL(count("rqt") + count("tir") + count("flow"), 0, "something is left");
	return TEST_SUCCESS;
}

/* A change that fails at any command leaves the old queues, one that cannot clean up the new ones;
 * the next set puts it right. */
static int
test_kind_fails(void)
{
	static const char *const before[] = {"CREATE_RQT:1", "MODIFY_TIR:1", "MODIFY_TIR:4"};
	unsigned int i;

	if (!hf_devx_caps(rig.dev)->eth.queues || !nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, 1), "virtqs");
	for (i = 0; i < RTE_DIM(before); i++) {
		TEST_ASSERT_SUCCESS(nic_ctl_fail("%s", before[i]), "%s", before[i]);
		TEST_ASSERT(hf_steer_set(steer, HF_RQT_RQ, rqs, RQS) < 0, "%s", before[i]);
		TEST_ASSERT_EQUAL(count("rqt"), 1, "%s: %u tables", before[i], count("rqt"));
		TEST_ASSERT(hf_virtq_destroy(&q[0].vq) < 0, "%s: not the old queues", before[i]);
		TEST_ASSERT_EQUAL(hf_steer_queues(steer), 1, "%s: queues", before[i]);
	}
	/* Neither forth nor back: both tables are there until the next set. */
	TEST_ASSERT_SUCCESS(nic_ctl_fail("MODIFY_TIR:3"), "fault");
	TEST_ASSERT_SUCCESS(nic_ctl_fail("MODIFY_TIR:5"), "fault");
	TEST_ASSERT(hf_steer_set(steer, HF_RQT_RQ, rqs, RQS) < 0, "stuck half-way");
	TEST_ASSERT_EQUAL(count("rqt"), 2, "%u tables", count("rqt"));
	nic_ctl_fail_clear();
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_VIRTQ, ids, 1), "back");
	TEST_ASSERT_EQUAL(count("rqt"), 1, "%u tables", count("rqt"));
	/* The old table stays behind. */
	TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_RQT:1"), "fault");
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_RQ, rqs, RQS), "RQs");
	TEST_ASSERT_EQUAL(count("rqt"), 2, "%u tables", count("rqt"));
	TEST_ASSERT_SUCCESS(hf_steer_set(steer, HF_RQT_RQ, rqs, RQS), "the same again");
	return kind_check(HF_RQT_RQ);
}

/* After all others. */
static int
test_nothing_left(void)
{
	TEST_ASSERT_EQUAL(leaks, 0, "%u objects were left over", leaks);
	return TEST_SUCCESS;
}

static struct unit_test_suite steer_suite = {
	.suite_name = "steer",
	.setup = suite_setup,
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, teardown, test_set),
			TEST_CASE_ST(setup, teardown, test_failure_changes_nothing),
			TEST_CASE_ST(setup, teardown, test_prepare),
			TEST_CASE_ST(setup, teardown, test_prepare_fails),
			TEST_CASE_ST(setup, teardown, test_too_many),
			TEST_CASE_ST(rqs_setup, rqs_teardown, test_kinds),
			TEST_CASE_ST(rqs_setup, rqs_teardown, test_kind_fails),
			TEST_CASE(test_nothing_left),
			TEST_CASES_END(),
		},
};

static int
test_steer(void)
{
	return unit_test_suite_runner(&steer_suite);
}

REGISTER_TEST_COMMAND(steer_autotest, test_steer);
