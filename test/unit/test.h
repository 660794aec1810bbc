/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Unit tests in the manner of DPDK's dpdk-test: a file has a suite of cases and registers it as a
 * command, which the environment (DPDK_TEST=ioas_autotest) or the command line names. The names of
 * the macros and structs are those of DPDK's app/test, so that who knows one knows the other.
 *
 * One thread runs everything; a case may start threads of its own, and joins them. The TEST_ASSERT
 * macros return from the function, so they belong to a case's own thread.
 */
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <sys/queue.h>

#include <rte_common.h>
#include <rte_test.h>

#define TEST_SUCCESS 0
#define TEST_FAILED (-1)
#define TEST_SKIPPED 77 /* as meson and automake have it */

/*
 * Fail the case unless so; all take a printf format and arguments. Those of rte_test.h put their
 * arguments into an expression as they are; here a comparison or a choice can be one.
 */
#define TEST_ASSERT RTE_TEST_ASSERT
#define TEST_ASSERT_EQUAL(a, b, ...) TEST_ASSERT((a) == (b), __VA_ARGS__)
#define TEST_ASSERT_NOT_EQUAL(a, b, ...) TEST_ASSERT((a) != (b), __VA_ARGS__)
#define TEST_ASSERT_SUCCESS(val, ...) TEST_ASSERT((val) == 0, __VA_ARGS__)
#define TEST_ASSERT_FAIL(val, ...) TEST_ASSERT((val) != 0, __VA_ARGS__)
#define TEST_ASSERT_NULL(val, ...) TEST_ASSERT((val) == NULL, __VA_ARGS__)
#define TEST_ASSERT_NOT_NULL(val, ...) TEST_ASSERT((val) != NULL, __VA_ARGS__)

struct unit_test_case {
	const char *name; /* NULL ends the list */
	int (*setup)(void); /* may be NULL, as teardown */
	void (*teardown)(void); /* after each case whose setup succeeded */
	int (*testcase)(void); /* TEST_SUCCESS, TEST_FAILED or TEST_SKIPPED */
};

#define TEST_CASE(fn) TEST_CASE_ST(NULL, NULL, fn)
#define TEST_CASE_ST(setup_fn, teardown_fn, fn) \
	{ \
		.name = #fn, .setup = setup_fn, .teardown = teardown_fn, .testcase = fn \
	}
#define TEST_CASES_END() \
	{ \
		.name = NULL \
	}

struct unit_test_suite {
	const char *suite_name;
	int (*setup)(
		void); /* before all cases; TEST_SKIPPED skips them, another error fails them */
	void (*teardown)(void); /* after all cases, if setup succeeded */
	struct unit_test_case unit_test_cases[];
};

/* Run all cases, a line for each. TEST_SUCCESS, TEST_FAILED (one is enough), or TEST_SKIPPED (all).
 */
int unit_test_suite_runner(const struct unit_test_suite *suite);

/* Cases so far, of all suites. */
struct test_totals {
	unsigned int passed, failed, skipped;
};
extern struct test_totals test_totals;

struct test_command {
	TAILQ_ENTRY(test_command) next;
	const char *command;
	int (*callback)(void);
};
void test_command_add(struct test_command *c);

/* Give the function fn a name by which it is run. */
#define REGISTER_TEST_COMMAND(cmd, fn) \
	static struct test_command test_command_##cmd = {.command = #cmd, .callback = fn}; \
	RTE_INIT(test_register_##cmd) \
	{ \
		test_command_add(&test_command_##cmd); \
	}

#endif /* TEST_H */
