/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The table of live objects.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "hf_objs.h"
#include "test.h"

static struct hf_objs *objs;

static int
setup(void)
{
	objs = hf_objs_create("nic7");
	return objs != NULL ? TEST_SUCCESS : TEST_FAILED;
}

static void
teardown(void)
{
	hf_objs_destroy(objs);
	objs = NULL;
}

static int
test_references(void)
{
	struct hf_obj *vq = hf_obj_add(objs, "virtq", 0x17);
	struct hf_obj *mr = hf_obj_add(objs, "mr", 0x17);

	TEST_ASSERT(vq != NULL && mr != NULL, "no memory");
	TEST_ASSERT_EQUAL(hf_objs_count(objs, NULL), 2, "two objects");
	TEST_ASSERT_EQUAL(hf_objs_count(objs, "virtq"), 1, "one of them a virtq");
	TEST_ASSERT_EQUAL(hf_objs_count(objs, "virt"), 0, "a part of a name is another name");
	hf_obj_get(vq);
	TEST_ASSERT_EQUAL(hf_objs_count(objs, "virtq"), 1, "a reference is not an object");
	TEST_ASSERT_EQUAL(hf_obj_put(vq), 1, "one reference left");
	TEST_ASSERT_EQUAL(hf_obj_put(vq), 0, "none left");
	TEST_ASSERT_EQUAL(hf_objs_count(objs, "virtq"), 0, "the entry has gone");
	TEST_ASSERT_EQUAL(hf_obj_put(mr), 0, "none left");
	TEST_ASSERT_EQUAL(hf_objs_count(objs, NULL), 0, "the table is empty");
	return TEST_SUCCESS;
}

/* What is left at the end is counted, and named in the log. */
static int
test_leaks(void)
{
	char *text = NULL;
	unsigned int left;
	size_t len = 0;
	bool named;
	FILE *f;

	TEST_ASSERT_NOT_NULL(hf_obj_add(objs, "virtq", 0x17), "no memory");
	TEST_ASSERT_NOT_NULL(hf_obj_add(objs, "mkey", 0x2a), "no memory");
	f = open_memstream(&text, &len);
	TEST_ASSERT_NOT_NULL(f, "open_memstream");
	rte_openlog_stream(f);
	left = hf_objs_destroy(objs);
	rte_openlog_stream(NULL);
	fclose(f);
	objs = NULL;
	named = strstr(text, "nic7") != NULL && strstr(text, "virtq 0x17") != NULL &&
		strstr(text, "mkey 0x2a") != NULL;
	free(text);
	TEST_ASSERT_EQUAL(left, 2, "%u reported", left);
	TEST_ASSERT(named, "owner, kind and number of each are in the log");
	TEST_ASSERT_EQUAL(hf_objs_destroy(NULL), 0, "no table has no leaks");
	return TEST_SUCCESS;
}

#define THREADS 4
#define ROUNDS 5000

static void *
churn(void *arg)
{
	struct hf_obj *shared = arg, *o;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		o = hf_obj_add(objs, "own", i);
		hf_obj_get(shared);
		if (o == NULL || hf_obj_put(o) != 0)
			return NULL;
		hf_obj_put(shared);
	}
	return shared;
}

static int
test_threads(void)
{
	struct hf_obj *shared = hf_obj_add(objs, "shared", 1);
	unsigned int i, started, good = 0;
	pthread_t threads[THREADS];
	void *result;

	TEST_ASSERT_NOT_NULL(shared, "no memory");
	for (started = 0; started < THREADS; started++) {
		if (pthread_create(&threads[started], NULL, churn, shared) != 0)
			break;
	}
	for (i = 0; i < started; i++) {
		pthread_join(threads[i], &result);
		good += result == shared;
	}
	TEST_ASSERT_EQUAL(good, THREADS, "%u threads did all their rounds", good);
	TEST_ASSERT_EQUAL(hf_objs_count(objs, NULL), 1, "only the shared one is left");
	TEST_ASSERT_EQUAL(hf_obj_put(shared), 0, "all references were given back");
	return TEST_SUCCESS;
}

static struct unit_test_suite objs_suite = {
	.suite_name = "objs",
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, teardown, test_references),
			TEST_CASE_ST(setup, teardown, test_leaks),
			TEST_CASE_ST(setup, teardown, test_threads),
			TEST_CASES_END(),
		},
};

static int
test_objs(void)
{
	return unit_test_suite_runner(&objs_suite);
}

REGISTER_TEST_COMMAND(objs_autotest, test_objs);
