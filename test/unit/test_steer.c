/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Receive steering on a NIC: which objects there are after each change, and that a change which
 * fails changes nothing. Where the packets go is seen by the system tests.
 */
#include <errno.h>

#include <rte_common.h>

#include "devx_rig.h"
#include "hf_steer.h"
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
			TEST_CASE_ST(setup, teardown, test_too_many),
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
