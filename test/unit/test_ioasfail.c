/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Each step of an update fails in turn: every command of the NIC's, every call of the kernel's
 * verbs interface, every allocation and every call of the C library that can. Whatever fails, the
 * live map is what it was, and the NIC uses it; or the update has succeeded all the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "ioas_case.h"
#include "wrap.h"

#define REGION KIB(64)
#define STRIDE KIB(128)
#define MAX_REGIONS 64
#define CHANGED 8 /* one of so many regions */
#define MAX_STEPS 2000 /* no update has that many of any kind */

/* What fails: by the NIC's control socket, or in this program. */
struct kind {
	const char *nic; /* spec, NULL: fn */
	enum wrap_fn fn;
	bool harmless; /* an update goes on without it */
};

static const struct kind kinds[] = {
	{.nic = "any:%u:BAD_RES"},
	{.nic = "ioctl:any:%u:ENOMEM"},
	{.fn = WRAP_CALLOC},
	{.fn = WRAP_FCNTL},
	{.fn = WRAP_FSTAT},
	{.fn = WRAP_FSTATFS},
	{.fn = WRAP_MMAP},
	{.fn = WRAP_MADVISE, .harmless = true},
	{.fn = WRAP_MINCORE, .harmless = true},
};

struct sweep {
	unsigned int n;
	struct hf_ioas_region from[MAX_REGIONS], to[MAX_REGIONS + 1];
	struct guest_file big[2]; /* of all regions that come from one file */
	unsigned int failed, passed; /* updates under a fault */
};

static int
arm(const struct kind *k, unsigned int nth)
{
	char spec[64];

	if (k->nic == NULL) {
		wrap_start(k->fn, nth);
		return 0;
	}
	snprintf(spec, sizeof(spec), k->nic, nth);
	return nic_ctl_fail("%s", spec);
}

/* Has the fault happened? It can't any more. */
static bool
disarm(const struct kind *k)
{
	bool waits = true;

	if (k->nic == NULL) {
		wrap_stop();
		return wrap_struck();
	}
	nic_ctl_fail_waits(&waits);
	nic_ctl_fail_clear();
	return !waits;
}

/* The second region of both maps; another file is behind it in each. */
static bool
reaches(const struct sweep *s, unsigned int file)
{
	struct guest_file part = {
		.fd = -1, .len = REGION, .view = s->big[file].view + s->from[1].offset};

	return ic_reaches(&part, s->from[1].gpa, &part, s->from[1].gpa);
}

static int
go_back(struct sweep *s)
{
	TEST_ASSERT(hf_ioas_same(ic.as, s->to, s->n + 1), "not the new map");
	hf_ioas_flush(ic.as);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, s->from, s->n, NULL), "back");
	hf_ioas_flush(ic.as);
	return TEST_SUCCESS;
}

static int
check_step(struct sweep *s, const struct kind *k, unsigned int nth, bool *end)
{
	struct hf_ioas_change change;
	struct snapshot before;
	bool struck;
	int ret;

	ic_snapshot(&before);
	TEST_ASSERT_SUCCESS(arm(k, nth), "arm");
	ret = hf_ioas_update(ic.as, s->to, s->n + 1, &change);
	struck = disarm(k);
	*end = !struck;
	if (ret == 0) {
		TEST_ASSERT(change.changed, "not changed");
		TEST_ASSERT(!*end || reaches(s, 1), "the new map");
		s->passed += struck;
		return go_back(s);
	}
	s->failed++;
	TEST_ASSERT(struck && !k->harmless, "it fails with %d", ret);
	TEST_ASSERT(!change.changed, "changed");
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state after %d", ret);
	TEST_ASSERT(hf_ioas_same(ic.as, s->from, s->n), "another map");
	TEST_ASSERT((s->n > 2 && nth % 16 != 1) || reaches(s, 0), "the old map");
	return TEST_SUCCESS;
}

static int
check_kind(struct sweep *s, const struct kind *k)
{
	unsigned int nth, failed = s->failed, passed = s->passed;
	bool end = false;

	for (nth = 1; !end && nth < MAX_STEPS; nth++)
		TEST_ASSERT_SUCCESS(check_step(s, k, nth, &end), "%s %u",
			k->nic != NULL ? k->nic : wrap_name(k->fn), nth);
	TEST_ASSERT(end, "no end of it");
	TEST_ASSERT(nth > 2, "%s: it never happened", k->nic != NULL ? k->nic : wrap_name(k->fn));
	printf("   %u regions, %s: %u failed, %u did no harm\n", s->n,
		k->nic != NULL ? k->nic : wrap_name(k->fn), s->failed - failed, s->passed - passed);
	return TEST_SUCCESS;
}

/*
 * The second map has one region more, and another file behind the second one, and behind every
 * eighth from there on.
 */
static int
sweep_begin(struct sweep *s, unsigned int n)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->n = n;
	for (i = 0; i < RTE_DIM(s->big); i++)
		TEST_ASSERT_SUCCESS(guest_file_open(&s->big[i], (n + 1) * REGION), "file");
	for (i = 0; i <= n; i++) {
		s->to[i] = (struct hf_ioas_region){.gpa = i * STRIDE,
			.len = REGION,
			.offset = i * REGION,
			.fd = s->big[i % CHANGED == 1].fd};
		if (i == n)
			break;
		s->from[i] = s->to[i];
		s->from[i].fd = s->big[0].fd;
	}
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, s->from, n, NULL), "first map");
	return TEST_SUCCESS;
}

static int
sweep(unsigned int n)
{
	static struct sweep s;
	unsigned int i;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(sweep_begin(&s, n), "begin");
	/* What does no harm, does none for two regions. */
	for (i = 0; i < RTE_DIM(kinds) && !(n > 2 && kinds[i].harmless); i++)
		TEST_ASSERT_SUCCESS(check_kind(&s, &kinds[i]), "%u regions", n);
	/* Each new region takes several steps of most kinds. */
	TEST_ASSERT(s.failed > 5 * (2 + n / CHANGED), "only %u updates failed", s.failed);
	for (i = 0; i < RTE_DIM(s.big); i++)
		guest_file_close(&s.big[i]);
	return ic_finish();
}

static int
test_two_regions(void)
{
	return sweep(2);
}

static int
test_many_regions(void)
{
	return sweep(MAX_REGIONS);
}

/* A fault in one of many pieces that are registered side by side. */
static int
test_pieces(void)
{
	struct hf_ioas_region r[2];
	struct snapshot before;
	unsigned int nth;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(
		ic_attr((struct hf_ioas_attr){.piece = KIB(512), .numa_node = -1}), "create");
	ic_two_regions(r);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 1, NULL), "one region");
	hf_ioas_flush(ic.as);
	ic_snapshot(&before);
	/* 16 pieces, and the mkey */
	for (nth = 1; nth <= 17; nth++) {
		TEST_ASSERT_SUCCESS(nic_ctl_fail("CREATE_MKEY:%u:BAD_RES", nth), "fail");
		TEST_ASSERT_EQUAL(hf_ioas_update(ic.as, r, 2, NULL), -EINVAL, "update");
		TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
		nic_ctl_fail_clear();
	}
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, NULL), "update");
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "access");
	return ic_finish();
}

/* The NIC lets nothing go of what a failed update has made: it is kept, and tried again. */
static int
test_undo_refused(void)
{
	struct hf_ioas_region r[3];
	struct hf_ioas_stats st;
	struct snapshot before;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	ic_two_regions(r);
	r[2] = guest_file_at(&ic.files[2], GIB(8));
	ic_snapshot(&before);
	TEST_ASSERT_SUCCESS(nic_ctl_fail("CREATE_MKEY:2:BAD_RES"), "no mkey");
	TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_MKEY:1:BAD_RES"), "and no way back");
	TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_MKEY:2:BAD_RES"), "nor the next time");
	TEST_ASSERT(hf_ioas_update(ic.as, r, 3, NULL) < 0, "update");
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT(st.deferred_mrs == 1 && st.deferred_bytes == MIB(8), "%u MRs deferred",
		st.deferred_mrs);
	TEST_ASSERT(st.live_bytes == MIB(16) && st.mrs_destroyed == 0, "live");
	nic_ctl_fail_clear();
	hf_ioas_flush(ic.as);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state after a flush");
	return ic_finish();
}

#define FAIL_CASE(fn) TEST_CASE_ST(ic_setup, ic_teardown, fn)

static struct unit_test_suite ioasfail_suite = {
	.suite_name = "ioasfail",
	.unit_test_cases =
		{
			FAIL_CASE(test_two_regions),
			FAIL_CASE(test_many_regions),
			FAIL_CASE(test_pieces),
			FAIL_CASE(test_undo_refused),
			TEST_CASES_END(),
		},
};

static int
test_ioasfail(void)
{
	return unit_test_suite_runner(&ioasfail_suite);
}

REGISTER_TEST_COMMAND(ioasfail_autotest, test_ioasfail);
