/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A table that is registered ahead: the update that wants it finds it there, any other change and
 * any failure leave nothing of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>

#include "ioas_case.h"
#include "wrap.h"

#define MAX_STEPS 200 /* no table of two regions has that many of any kind */

static uint64_t
ahead_bytes(void)
{
	struct hf_ioas_stats st;

	hf_ioas_stats(ic.as, &st);
	return st.ahead_bytes;
}

/* Also asked for twice, and in another order: it is one table. */
static int
test_taken_over(void)
{
	static const struct outcome both = {.changed = true, .regions = 2, .registered = 2};
	struct hf_ioas_region r[2], turned[2];
	struct hf_ioas_change change;
	struct snapshot before;

	ic_two_regions(r);
	turned[0] = r[1];
	turned[1] = r[0];
	ic_snapshot(&before);
	hf_ioas_ahead(ic.as, r, 2);
	hf_ioas_ahead(ic.as, turned, 2);
	TEST_ASSERT(ahead_bytes() == MIB(16), "%" PRIu64 " bytes ahead", ahead_bytes());
	TEST_ASSERT(hf_ioas_mkey(ic.as) == 0, "it is live");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, &change), "update");
	TEST_ASSERT_SUCCESS(ic_changed(&before, &change, &both), "outcome");
	TEST_ASSERT(ahead_bytes() == 0, "%" PRIu64 " bytes ahead still", ahead_bytes());
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "access");
	return ic_finish();
}

/* Other memory behind one of its regions: nothing of it stays. */
static int
test_other_table(void)
{
	static const struct outcome both = {.changed = true, .regions = 2, .registered = 2};
	struct hf_ioas_region r[2], other[2];
	struct hf_ioas_stats st;

	ic_two_regions(r);
	ic_two_regions(other);
	other[1].fd = ic.files[2].fd;
	hf_ioas_ahead(ic.as, other, 2);
	hf_ioas_ahead(ic.as, r, 1);
	TEST_ASSERT(ahead_bytes() == MIB(8), "%" PRIu64 " bytes ahead", ahead_bytes());
	hf_ioas_ahead_end(ic.as);
	hf_ioas_ahead(ic.as, other, 2);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, NULL), "update");
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT(st.ahead_bytes == 0 && st.mrs == 2 && st.mrs_registered == both.registered,
		"%u MRs, %" PRIu64 " registered", st.mrs, st.mrs_registered);
	TEST_ASSERT(hf_ioas_same(ic.as, r, 2), "another map");
	TEST_ASSERT(ic_reaches(&ic.files[1], HIGH_GPA, &ic.files[0], LOW_GPA), "access");
	return ic_finish();
}

/* Each way to get rid of it; the last one is the end of the address space. */
static int
test_undone(void)
{
	struct hf_ioas_region r[2];
	struct snapshot before;

	ic_two_regions(r);
	ic_snapshot(&before);
	hf_ioas_ahead(ic.as, r, 2);
	hf_ioas_ahead_end(ic.as);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "at its end");
	hf_ioas_ahead(ic.as, r, 2);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, NULL, 0, NULL), "no table");
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "without a table");
	hf_ioas_ahead(ic.as, r, 2);
	TEST_ASSERT_SUCCESS(hf_ioas_reset_map(ic.as, NULL), "reset");
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "after a reset");
	hf_ioas_ahead(ic.as, r, 2);
	return ic_finish();
}

/* Beside a live map, without room or with a bad table there is nothing ahead. */
static int
test_not_begun(void)
{
	struct hf_ioas_region r[3];
	struct snapshot before;

	TEST_ASSERT_SUCCESS(
		ic_attr((struct hf_ioas_attr){.pinned_max = MIB(16), .numa_node = -1}), "create");
	ic_two_regions(r);
	r[2] = guest_file_at(&ic.files[2], GIB(8));
	ic_snapshot(&before);
	hf_ioas_ahead(ic.as, r, 3);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "without room");
	r[1].gpa = r[0].gpa;
	hf_ioas_ahead(ic.as, r, 2);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "regions that overlap");
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	ic_two_regions(r);
	r[1].fd = ic.files[3].fd;
	ic_snapshot(&before);
	hf_ioas_ahead(ic.as, r, 2);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "beside a live map");
	return ic_finish();
}

/* --- each step fails in turn --- */

static const char *const nic_steps[] = {"any:%u:BAD_RES", "ioctl:any:%u:ENOMEM"};
static const enum wrap_fn own_steps[] = {
	WRAP_CALLOC, WRAP_FCNTL, WRAP_FSTAT, WRAP_FSTATFS, WRAP_MMAP};

/*
 * The update fails as what was ahead did, and leaves nothing, or does without. One that failed
 * before it came to that left it as it was.
 */
static int
fails_or_not(const struct snapshot *before, int ret, unsigned int *failed)
{
	if (ret != 0) {
		(*failed)++;
		hf_ioas_ahead_end(ic.as);
		return ic_unchanged(before);
	}
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "access");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, NULL, 0, NULL), "back");
	hf_ioas_flush(ic.as);
	return TEST_SUCCESS;
}

static int
ahead_under(const char *nic, enum wrap_fn fn, unsigned int nth, bool *struck, unsigned int *failed)
{
	struct hf_ioas_region r[2];
	struct snapshot before;
	bool waits = true;
	int ret;

	ic_two_regions(r);
	ic_snapshot(&before);
	if (nic != NULL)
		TEST_ASSERT_SUCCESS(nic_ctl_fail(nic, nth), "arm");
	else
		wrap_start(fn, nth);
	hf_ioas_ahead(ic.as, r, 2);
	ret = hf_ioas_update(ic.as, r, 2, NULL);
	wrap_stop();
	if (nic != NULL)
		nic_ctl_fail_waits(&waits);
	nic_ctl_fail_clear();
	*struck = nic != NULL ? !waits : wrap_struck();
	TEST_ASSERT(ret == 0 || *struck, "%d without a fault", ret);
	return fails_or_not(&before, ret, failed);
}

static int
sweep_kind(const char *nic, enum wrap_fn fn, unsigned int *failed)
{
	bool struck = true;
	unsigned int nth;

	for (nth = 1; struck && nth < MAX_STEPS; nth++)
		TEST_ASSERT_SUCCESS(ahead_under(nic, fn, nth, &struck, failed), "%s %u",
			nic != NULL ? nic : wrap_name(fn), nth);
	TEST_ASSERT(!struck && nth > 2, "%s: %u steps", nic != NULL ? nic : wrap_name(fn), nth);
	return TEST_SUCCESS;
}

static int
test_faults(void)
{
	unsigned int failed = 0, i;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	for (i = 0; i < RTE_DIM(nic_steps); i++)
		TEST_ASSERT_SUCCESS(sweep_kind(nic_steps[i], WRAP_MAX, &failed), "NIC");
	TEST_ASSERT(failed >= 6, "only %u updates failed by the NIC", failed);
	for (i = 0; i < RTE_DIM(own_steps); i++)
		TEST_ASSERT_SUCCESS(sweep_kind(NULL, own_steps[i], &failed), "own");
	return ic_finish();
}

#define AHEAD_CASE(fn) TEST_CASE_ST(ic_setup, ic_teardown, fn)

static struct unit_test_suite ioasahead_suite = {
	.suite_name = "ioasahead",
	.unit_test_cases =
		{
			AHEAD_CASE(test_taken_over),
			AHEAD_CASE(test_other_table),
			AHEAD_CASE(test_undone),
			AHEAD_CASE(test_not_begun),
			AHEAD_CASE(test_faults),
			TEST_CASES_END(),
		},
};

static int
test_ioasahead(void)
{
	return unit_test_suite_runner(&ioasahead_suite);
}

REGISTER_TEST_COMMAND(ioasahead_autotest, test_ioasahead);
