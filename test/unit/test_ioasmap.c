/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Ranges that are mapped by request, beside the front end's table: who may end what, and what is
 * refused.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "ioas_case.h"

#define REQ_GPA GIB(2)

static int
check_map(const struct hf_ioas_region *r, const struct outcome *want)
{
	struct hf_ioas_change change;
	struct snapshot before;

	ic_snapshot(&before);
	TEST_ASSERT_SUCCESS(hf_ioas_map(ic.as, r, &change), "map");
	return ic_changed(&before, &change, want);
}

static int
check_unmap(uint64_t gpa, uint64_t len, const struct outcome *want)
{
	struct hf_ioas_change change;
	struct snapshot before;

	ic_snapshot(&before);
	TEST_ASSERT_SUCCESS(hf_ioas_unmap(ic.as, gpa, len, &change), "unmap");
	return ic_changed(&before, &change, want);
}

static int
check_region(unsigned int i, uint64_t gpa, bool requested)
{
	struct hf_ioas_region_info info;

	TEST_ASSERT_SUCCESS(hf_ioas_region_info(ic.as, i, &info), "region %u", i);
	TEST_ASSERT_EQUAL(info.gpa, gpa, "region %u at 0x%" PRIx64, i, info.gpa);
	TEST_ASSERT_EQUAL(info.requested, requested, "requested: %d", info.requested);
	TEST_ASSERT(info.len == MIB(8) && info.mrs == 1 && info.shared, "region %u", i);
	return TEST_SUCCESS;
}

/* Table and request come and go without each other. */
static int
test_both(void)
{
	const struct outcome add = {.changed = true, .regions = 3, .registered = 1, .kept = 2};
	const struct outcome table_gone = {
		.changed = true, .regions = 1, .kept = 1, .destroyed = 2};
	const struct outcome table_back = {
		.changed = true, .regions = 3, .registered = 2, .kept = 1};
	const struct outcome one_gone = {.changed = true, .regions = 2, .kept = 2, .destroyed = 1};
	const struct outcome last_two = {.changed = true, .destroyed = 2};
	struct hf_ioas_region req = guest_file_at(&ic.files[2], REQ_GPA), r[2];
	struct hf_ioas_region_info info;
	struct hf_ioas_stats st;

	TEST_ASSERT_SUCCESS(ic_update_two(), "table");
	ic_two_regions(r);
	TEST_ASSERT_SUCCESS(check_map(&req, &add), "map");
	TEST_ASSERT(hf_ioas_same(ic.as, r, 2), "the table is another one");
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.requested, 1, "%u by request", st.requested);
	TEST_ASSERT_SUCCESS(check_region(0, LOW_GPA, false), "low");
	TEST_ASSERT_SUCCESS(check_region(1, REQ_GPA, true), "by request");
	TEST_ASSERT_SUCCESS(check_region(2, HIGH_GPA, false), "high");
	TEST_ASSERT_EQUAL(hf_ioas_region_info(ic.as, 3, &info), -ENOENT, "a fourth");
	TEST_ASSERT(ic_reaches(&ic.files[2], REQ_GPA, &ic.files[0], LOW_GPA), "access to both");
	TEST_ASSERT_SUCCESS(ic_update(NULL, 0, &table_gone), "no table");
	TEST_ASSERT(ic_reaches(&ic.files[2], REQ_GPA, &ic.files[2], REQ_GPA), "access");
	TEST_ASSERT(!ic_reaches(&ic.files[2], REQ_GPA, &ic.files[0], LOW_GPA), "the old table");
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &table_back), "the table is back");
	TEST_ASSERT_SUCCESS(check_unmap(REQ_GPA, MIB(8), &one_gone), "unmap");
	TEST_ASSERT(!ic_reaches(&ic.files[2], REQ_GPA, &ic.files[0], LOW_GPA), "unmapped");
	TEST_ASSERT_SUCCESS(ic_update(NULL, 0, &last_two), "no table");
	TEST_ASSERT_EQUAL(hf_ioas_mkey(ic.as), 0, "a mkey over nothing");
	return ic_finish();
}

/* Two requests with a hole between them, around which there is the table. */
static int
map_two(void)
{
	struct hf_ioas_region req[2];

	req[0] = guest_file_at(&ic.files[2], REQ_GPA);
	req[1] = guest_file_at(&ic.files[3], REQ_GPA + MIB(16));
	TEST_ASSERT_SUCCESS(ic_update_two(), "table");
	TEST_ASSERT_SUCCESS(hf_ioas_map(ic.as, &req[0], NULL), "first");
	TEST_ASSERT_SUCCESS(hf_ioas_map(ic.as, &req[1], NULL), "second");
	hf_ioas_flush(ic.as);
	return TEST_SUCCESS;
}

static int
test_unmap_many(void)
{
	const struct outcome both = {.changed = true, .regions = 2, .kept = 2, .destroyed = 2};
	const struct outcome none = {.regions = 2, .kept = 2};

	TEST_ASSERT_SUCCESS(map_two(), "map");
	TEST_ASSERT_SUCCESS(check_unmap(REQ_GPA - MIB(8), MIB(64), &both), "with room around");
	TEST_ASSERT_SUCCESS(check_unmap(0, UINT64_MAX, &none), "all of nothing");
	TEST_ASSERT_SUCCESS(ic_finish(), "finish");
	ic_teardown();
	TEST_ASSERT_SUCCESS(ic_setup(), "setup");
	TEST_ASSERT_SUCCESS(map_two(), "map again");
	TEST_ASSERT_SUCCESS(check_unmap(0, UINT64_MAX, &both), "all");
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "the table");
	return ic_finish();
}

/* --- what is refused --- */

struct bad_range {
	const char *name;
	int ret;
	uint64_t gpa, len;
};

static const struct bad_range bad_maps[] = {
	{"empty", -EINVAL, GIB(3), 0},
	{"half a page", -EINVAL, GIB(3), 2048},
	{"wrap", -EINVAL, -KIB(4), KIB(8)},
	{"longer than the file", -ENXIO, GIB(3), MIB(9)},
	{"the table's region", -EEXIST, LOW_GPA, MIB(8)},
	{"into the table's region", -EEXIST, HIGH_GPA - MIB(4), MIB(8)},
	{"inside the table's region", -EEXIST, HIGH_GPA + MIB(4), KIB(4)},
	{"the end of the table's region", -EEXIST, HIGH_GPA + MIB(8) - KIB(4), MIB(1)},
	{"the same request", -EEXIST, REQ_GPA, MIB(8)},
	{"into a request", -EEXIST, REQ_GPA - KIB(4), KIB(8)},
	{"between requests and a page more", -EEXIST, REQ_GPA + MIB(12), MIB(4) + KIB(4)},
};

static const struct bad_range bad_unmaps[] = {
	{"empty", -EINVAL, REQ_GPA, 0},
	{"empty, nothing there", -EINVAL, 0, 0},
	{"wrap", -EINVAL, 1, UINT64_MAX},
	{"to the end of 64 bits", -EINVAL, -KIB(4), KIB(4)},
	{"first half", -EINVAL, REQ_GPA, MIB(4)},
	{"last half", -EINVAL, REQ_GPA + MIB(4), MIB(4)},
	{"inside", -EINVAL, REQ_GPA + MIB(4), KIB(4)},
	{"one and a half", -EINVAL, REQ_GPA, MIB(20)},
	{"a byte too short", -EINVAL, REQ_GPA, MIB(8) - 1},
	{"nothing there", -ENOENT, GIB(3), MIB(1)},
	{"between two", -ENOENT, REQ_GPA + MIB(8), MIB(8)},
	{"the table's region", -EEXIST, LOW_GPA, MIB(8)},
	{"into the table's region", -EEXIST, HIGH_GPA - KIB(4), KIB(8)},
	{"requests and the table's region", -EEXIST, REQ_GPA, GIB(2) + KIB(4)},
};

/* Of a table whose first region is at GIB(8). */
static const struct bad_range bad_updates[] = {
	{"on a request", -EEXIST, REQ_GPA, MIB(8)},
	{"into a request", -EEXIST, REQ_GPA - MIB(4), MIB(8)},
	{"the end of a request", -EEXIST, REQ_GPA + MIB(8) - KIB(4), MIB(1)},
	{"inside a request", -EEXIST, REQ_GPA + MIB(16) + KIB(4), KIB(4)},
};

static int
test_refused(void)
{
	struct hf_ioas_region r[3];
	struct snapshot before;
	const struct bad_range *b;
	int ret;

	TEST_ASSERT_SUCCESS(map_two(), "map");
	ic_snapshot(&before);
	for (b = bad_maps; b < bad_maps + RTE_DIM(bad_maps); b++) {
		r[0] = (struct hf_ioas_region){.gpa = b->gpa, .len = b->len, .fd = ic.files[3].fd};
		ret = hf_ioas_map(ic.as, r, NULL);
		TEST_ASSERT_EQUAL(ret, b->ret, "map '%s': %d", b->name, ret);
		TEST_ASSERT_SUCCESS(ic_unchanged(&before), "map '%s'", b->name);
	}
	for (b = bad_unmaps; b < bad_unmaps + RTE_DIM(bad_unmaps); b++) {
		ret = hf_ioas_unmap(ic.as, b->gpa, b->len, NULL);
		TEST_ASSERT_EQUAL(ret, b->ret, "unmap '%s': %d", b->name, ret);
		TEST_ASSERT_SUCCESS(ic_unchanged(&before), "unmap '%s'", b->name);
	}
	for (b = bad_updates; b < bad_updates + RTE_DIM(bad_updates); b++) {
		ic_two_regions(r);
		r[2] = (struct hf_ioas_region){.gpa = b->gpa, .len = b->len, .fd = ic.files[3].fd};
		ret = hf_ioas_update(ic.as, r, 3, NULL);
		TEST_ASSERT_EQUAL(ret, b->ret, "update '%s': %d", b->name, ret);
		TEST_ASSERT_SUCCESS(ic_unchanged(&before), "update '%s'", b->name);
	}
	TEST_ASSERT(ic_reaches(&ic.files[2], REQ_GPA, &ic.files[3], REQ_GPA + MIB(16)), "access");
	return ic_finish();
}

/* Table and requests share the places that there are. */
static int
test_too_many(void)
{
	static struct hf_ioas_region r[HF_IOAS_MAX_REGIONS];
	const unsigned int table = HF_IOAS_MAX_REGIONS - 2;
	struct snapshot before;
	unsigned int i;
	int ret;

	for (i = 0; i < HF_IOAS_MAX_REGIONS; i++)
		r[i] = (struct hf_ioas_region){.gpa = i * KIB(8),
			.len = KIB(4),
			.offset = i * KIB(4),
			.fd = ic.files[0].fd};
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, table, NULL), "table");
	TEST_ASSERT_SUCCESS(hf_ioas_map(ic.as, &r[table], NULL), "one more");
	TEST_ASSERT_SUCCESS(hf_ioas_map(ic.as, &r[table + 1], NULL), "the last one");
	hf_ioas_flush(ic.as);
	ic_snapshot(&before);
	r[0].gpa = GIB(1);
	ret = hf_ioas_map(ic.as, &r[0], NULL);
	TEST_ASSERT_EQUAL(ret, -E2BIG, "map of one too many: %d", ret);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "map");
	r[0].gpa = 0;
	ret = hf_ioas_update(ic.as, r, table + 1, NULL);
	TEST_ASSERT_EQUAL(ret, -E2BIG, "table of one too many: %d", ret);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "table");
	return ic_finish();
}

/* --- back to the initial state --- */

struct user {
	bool busy;
	int fails; /* prepare returns this */
	char journal[16];
	uint32_t mkey; /* that was told last */
};

static bool
user_busy(void *user)
{
	return ((struct user *)user)->busy;
}

static int
user_prepare(void *user, uint32_t new_mkey)
{
	struct user *u = user;

	strcat(u->journal, "p");
	u->mkey = new_mkey;
	return u->fails;
}

static void
user_commit(void *user, uint32_t new_mkey)
{
	struct user *u = user;

	strcat(u->journal, u->mkey == new_mkey ? "c" : "?");
}

static void
user_abort(void *user)
{
	strcat(((struct user *)user)->journal, "a");
}

static const struct hf_ioas_user_ops user_ops = {.busy = user_busy,
	.prepare = user_prepare,
	.commit = user_commit,
	.abort = user_abort};

static int
test_reset(void)
{
	const struct outcome all = {.changed = true, .destroyed = 4};
	struct user u[2] = {{.mkey = 1}, {.mkey = 1, .busy = true}};
	struct hf_ioas_change change;
	struct snapshot before;
	int ret;

	TEST_ASSERT_SUCCESS(map_two(), "map");
	TEST_ASSERT_SUCCESS(hf_ioas_user_add(ic.as, &user_ops, &u[0]), "user");
	TEST_ASSERT_SUCCESS(hf_ioas_user_add(ic.as, &user_ops, &u[1]), "busy user");
	ic_snapshot(&before);
	TEST_ASSERT_EQUAL(hf_ioas_reset_map(ic.as, &change), -EBUSY, "under a busy user");
	TEST_ASSERT(!change.changed && u[0].journal[0] == '\0', "users were called");
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "busy");
	u[1].busy = false;
	u[1].fails = -EIO;
	ret = hf_ioas_reset_map(ic.as, &change);
	TEST_ASSERT_EQUAL(ret, -EIO, "a user can't switch: %d", ret);
	TEST_ASSERT(strcmp(u[0].journal, "pa") == 0 && strcmp(u[1].journal, "p") == 0, "%s, %s",
		u[0].journal, u[1].journal);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "a user can't switch");
	u[1].fails = 0;
	TEST_ASSERT_SUCCESS(hf_ioas_reset_map(ic.as, &change), "reset");
	TEST_ASSERT_SUCCESS(ic_changed(&before, &change, &all), "reset");
	TEST_ASSERT(strcmp(u[0].journal, "papc") == 0 && u[0].mkey == 0, "%s", u[0].journal);
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, REQ_GPA, 1), "an address");
	hf_ioas_user_del(ic.as, &u[0]);
	hf_ioas_user_del(ic.as, &u[1]);
	TEST_ASSERT_SUCCESS(map_two(), "map again");
	return ic_finish();
}

#define MAP_CASE(fn) TEST_CASE_ST(ic_setup, ic_teardown, fn)

static struct unit_test_suite ioasmap_suite = {
	.suite_name = "ioasmap",
	.unit_test_cases =
		{
			MAP_CASE(test_both),
			MAP_CASE(test_unmap_many),
			MAP_CASE(test_refused),
			MAP_CASE(test_too_many),
			MAP_CASE(test_reset),
			TEST_CASES_END(),
		},
};

static int
test_ioasmap(void)
{
	return unit_test_suite_runner(&ioasmap_suite);
}

REGISTER_TEST_COMMAND(ioasmap_autotest, test_ioasmap);
