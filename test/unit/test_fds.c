/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Room for descriptors: the kernel says how large the process's table is.
 */
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_fds.h"
#include "test.h"

#define MANY 4096

/* Of slots in the table; 0: unknown. */
static unsigned int
table_size(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned int size = 0;
	char line[256];

	if (f == NULL)
		return 0;
	while (size == 0 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "FDSize: %u", &size) != 1)
			size = 0;
	fclose(f);
	return size;
}

/* 0, or how many were opened when the table grew. */
static unsigned int
open_many(unsigned int n)
{
	unsigned int size = table_size(), grown = 0, i;
	int fds[MANY];

	for (i = 0; i < n && i < MANY; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC);
		if (grown == 0 && table_size() != size)
			grown = i + 1;
	}
	while (i > 0)
		close(fds[--i]);
	return grown;
}

static int
test_room(void)
{
	const unsigned int n = table_size(); /* so that a table that is not grown is too small */

	TEST_ASSERT(n > 0, "no size of the table");
	hf_fds_reserve(n / 2);
	hf_fds_reserve(n / 2);
	TEST_ASSERT_EQUAL(open_many(n), 0, "there is room for what both asked for");
	hf_fds_release(n / 2);
	hf_fds_release(n / 2);
	return TEST_SUCCESS;
}

static int
test_limit(void)
{
	struct rlimit was, few;
	unsigned int size;

	TEST_ASSERT_SUCCESS(getrlimit(RLIMIT_NOFILE, &was), "no limit");
	few = was;
	few.rlim_cur = RTE_MIN(was.rlim_cur, (rlim_t)table_size() * 2);
	TEST_ASSERT_SUCCESS(setrlimit(RLIMIT_NOFILE, &few), "no other limit");
	hf_fds_reserve(1000000);
	size = table_size();
	hf_fds_release(1000000);
	TEST_ASSERT_SUCCESS(setrlimit(RLIMIT_NOFILE, &was), "the limit does not come back");
	TEST_ASSERT_EQUAL(size, few.rlim_cur, "as many as there may be");
	return TEST_SUCCESS;
}

/* What was given back is not reserved again with the next. */
static int
test_release(void)
{
	unsigned int size = table_size(), i;

	for (i = 0; i < 4; i++) {
		hf_fds_reserve(size / 2);
		hf_fds_release(size / 2);
	}
	TEST_ASSERT_EQUAL(table_size(), size, "room for one of them is room for each");
	return TEST_SUCCESS;
}

static struct unit_test_suite fds_suite = {
	.suite_name = "fds",
	.unit_test_cases =
		{
			TEST_CASE(test_room),
			TEST_CASE(test_limit),
			TEST_CASE(test_release),
			TEST_CASES_END(),
		},
};

static int
test_fds(void)
{
	return unit_test_suite_runner(&fds_suite);
}

REGISTER_TEST_COMMAND(fds_autotest, test_fds);
