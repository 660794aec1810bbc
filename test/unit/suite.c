/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "test.h"

struct test_totals test_totals;

static int
case_run(const struct unit_test_case *c)
{
	int ret = TEST_SUCCESS;

	if (c->setup != NULL)
		ret = c->setup();
	if (ret != TEST_SUCCESS)
		return ret;
	ret = c->testcase();
	if (c->teardown != NULL)
		c->teardown();
	return ret;
}

static const char *
case_count(struct test_totals *t, int ret)
{
	switch (ret) {
	case TEST_SUCCESS:
		t->passed++;
		return "succeeded";
	case TEST_SKIPPED:
		t->skipped++;
		return "skipped";
	default:
		t->failed++;
		return "failed";
	}
}

int
unit_test_suite_runner(const struct unit_test_suite *suite)
{
	const struct unit_test_case *c;
	struct test_totals t = {0};
	int setup = TEST_SUCCESS;
	unsigned int i = 0;
	int ret;

	printf(" + ------------------------------------------------------- +\n");
	printf(" + Test Suite : %s\n", suite->suite_name);
	if (suite->setup != NULL)
		setup = suite->setup();
	if (setup != TEST_SUCCESS)
		printf(" + the suite's setup gave %d: no case can run\n", setup);
	for (c = suite->unit_test_cases; c->name != NULL; c++) {
		ret = setup == TEST_SUCCESS ? case_run(c) : setup;
		printf(" + TestCase [%2u] : %s %s\n", i++, c->name, case_count(&t, ret));
		/* A case that crashes the process must not take the lines before it along. */
		fflush(stdout);
	}
	if (setup == TEST_SUCCESS && suite->teardown != NULL)
		suite->teardown();
	printf(" + Test Suite %s : %u passed, %u failed, %u skipped\n", suite->suite_name, t.passed,
		t.failed, t.skipped);
	test_totals.passed += t.passed;
	test_totals.failed += t.failed;
	test_totals.skipped += t.skipped;
	if (t.failed > 0)
		return TEST_FAILED;
	return t.passed == 0 && t.skipped > 0 ? TEST_SKIPPED : TEST_SUCCESS;
}
