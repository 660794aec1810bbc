/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Large guests and guests of many regions, in sparse files: they fit, they take little memory of
 * our own, and what is done grows in proportion to the regions.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <rte_common.h>

#include "hf_devx.h"
#include "ioas_case.h"
#include "wrap.h"

#define MAX_REGIONS HF_IOAS_MAX_REGIONS
#define OWN_MEMORY MIB(64) /* heap of the process, the emulated NIC's included */

/* Without our pages of the guest there is only the heap, and what malloc() maps. */
static uint64_t
heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* --- 1 TiB --- */

#define TIB GIB(1024)

/* 1 TiB of one file in n regions with a hole of 1 GiB behind each. */
static void
tib_regions(struct hf_ioas_region *r, unsigned int n, int fd)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		r[i] = (struct hf_ioas_region){.gpa = i * (TIB / n + GIB(1)),
			.len = TIB / n,
			.offset = i * (TIB / n),
			.fd = fd};
}

static int
check_tib(unsigned int n)
{
	const unsigned int mrs = HF_IOAS_PIECES;
	const struct outcome first = {.changed = true, .regions = n, .registered = mrs};
	const struct outcome grown = {
		.changed = true, .regions = n + 1, .registered = 1, .kept = mrs};
	const uint64_t before = heap();
	struct guest_file big, first_gib, last_gib;
	struct hf_ioas_region r[9];
	struct hf_ioas_stats st;
	uint64_t used, end;

	TEST_ASSERT_SUCCESS(guest_file_open(&big, TIB), "1 TiB");
	tib_regions(r, n, big.fd);
	TEST_ASSERT_SUCCESS(ic_update(r, n, &first), "1 TiB in %u regions", n);
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.live_bytes, TIB, "%" PRIu64 " bytes", st.live_bytes);
	TEST_ASSERT_EQUAL(st.klms, 1024 + n - 1, "%u entries", st.klms);
	used = heap() - before;
	TEST_ASSERT(used < OWN_MEMORY, "%" PRIu64 " bytes of our own", used);
	first_gib = (struct guest_file){.fd = -1, .len = GIB(1), .view = big.view};
	last_gib = first_gib;
	last_gib.view += TIB - GIB(1);
	end = r[n - 1].gpa + r[n - 1].len - GIB(1);
	TEST_ASSERT(ic_reaches(&first_gib, 0, &last_gib, end), "rings first, data last");
	TEST_ASSERT(ic_reaches(&last_gib, end, &first_gib, 0), "rings last, data first");
	r[n] = guest_file_at(&ic.files[0], 2 * TIB);
	TEST_ASSERT_SUCCESS(ic_update(r, n + 1, &grown), "grown");
	TEST_ASSERT(ic_reaches(&ic.files[0], 2 * TIB, &last_gib, end), "the new region");
	guest_file_close(&big);
	return ic_finish();
}

static int
test_tib_one(void)
{
	return check_tib(1);
}

static int
test_tib_eight(void)
{
	return check_tib(8);
}

/* As QEMU has it: 2 GiB below a hole. */
static void
tib_in_two(struct hf_ioas_region *r, int fd)
{
	r[0] = (struct hf_ioas_region){.len = GIB(2), .fd = fd};
	r[1] = (struct hf_ioas_region){
		.gpa = GIB(4), .len = TIB - GIB(2), .offset = GIB(2), .fd = fd};
}

/* Registered by the caller alone, what costs nothing is few MRs; with workers at once, all. */
static int
test_tib_alone(void)
{
	static const struct {
		uint32_t alone_us, mrs;
	} rows[] = {{0, 1 + HF_IOAS_PIECES}, {1, 1 + HF_IOAS_PIECES}, {60000000, 3}};
	struct guest_file big, low, high;
	struct hf_ioas_region r[2];
	struct hf_ioas_stats st;
	struct outcome want;
	unsigned int i;

	TEST_ASSERT_SUCCESS(guest_file_open(&big, TIB), "1 TiB");
	tib_in_two(r, big.fd);
	low = (struct guest_file){.fd = -1, .len = GIB(1), .view = big.view};
	high = low;
	high.view += TIB - GIB(1);
	for (i = 0; i < RTE_DIM(rows); i++) {
		want = (struct outcome){.changed = true, .regions = 2, .registered = rows[i].mrs};
		TEST_ASSERT_SUCCESS(ic_attr((struct hf_ioas_attr){
					    .alone_us = rows[i].alone_us, .numa_node = -1}),
			"address space");
		TEST_ASSERT_SUCCESS(ic_update(r, 2, &want), "1 TiB, %u us", rows[i].alone_us);
		hf_ioas_stats(ic.as, &st);
		TEST_ASSERT_EQUAL(st.mrs, rows[i].mrs, "%u MRs are live", st.mrs);
		TEST_ASSERT_EQUAL(st.live_bytes, TIB, "%" PRIu64 " bytes", st.live_bytes);
		TEST_ASSERT(ic_reaches(&low, 0, &high, TIB + GIB(1)), "rings first, data last");
		TEST_ASSERT(ic_reaches(&high, TIB + GIB(1), &low, 0), "rings last, data first");
	}
	guest_file_close(&big);
	return ic_finish();
}

/* A fault in any of the few leaves nothing. */
static int
test_tib_alone_fails(void)
{
	struct hf_ioas_region r[3];
	struct guest_file big;
	struct snapshot before;
	unsigned int nth;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(guest_file_open(&big, TIB), "1 TiB");
	TEST_ASSERT_SUCCESS(
		ic_attr((struct hf_ioas_attr){.alone_us = 60000000, .numa_node = -1}), "create");
	tib_in_two(r, big.fd);
	r[2] = guest_file_at(&ic.files[0], 2 * TIB);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, &r[2], 1, NULL), "a small one");
	hf_ioas_flush(ic.as);
	ic_snapshot(&before);
	/* 3 MRs, and the mkey */
	for (nth = 1; nth <= 4; nth++) {
		TEST_ASSERT_SUCCESS(nic_ctl_fail("CREATE_MKEY:%u:BAD_RES", nth), "fail");
		TEST_ASSERT_EQUAL(hf_ioas_update(ic.as, r, 3, NULL), -EINVAL, "update %u", nth);
		TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
		nic_ctl_fail_clear();
	}
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 3, NULL), "update");
	guest_file_close(&big);
	return ic_finish();
}

/* --- many regions --- */

/* 1 TiB again: each region is a file of 2 GiB of its own, with room between them. */
static int
many_files(struct guest_file *f, struct hf_ioas_region *r)
{
	struct rlimit lim;
	unsigned int i;

	/* Each file has the front end's descriptor and the one that is held. */
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	for (i = 0; i < MAX_REGIONS; i++) {
		TEST_ASSERT_SUCCESS(guest_file_open(&f[i], GIB(2)), "file %u", i);
		r[i] = guest_file_at(&f[i], i * GIB(4));
	}
	return TEST_SUCCESS;
}

/* What the NIC executed since the last look. */
static int
check_commands(const char *name, uint64_t *seen, uint64_t want)
{
	uint64_t now;

	if (!nic_ctl_there())
		return TEST_SUCCESS;
	TEST_ASSERT_SUCCESS(nic_ctl_commands(name, &now), "commands");
	TEST_ASSERT_EQUAL(now - *seen, want, "%" PRIu64 " commands %s, expected %" PRIu64,
		now - *seen, name, want);
	*seen = now;
	return TEST_SUCCESS;
}

/* To plug one of many in is its MRs and one mkey, and nothing else. */
static int
test_many_files(void)
{
	const struct outcome most = {
		.changed = true, .regions = MAX_REGIONS - 1, .registered = MAX_REGIONS - 1};
	const unsigned int mrs = GIB(2) / HF_IOAS_PIECE_MIN; /* of one file, by itself */
	const struct outcome plug = {.changed = true,
		.regions = MAX_REGIONS,
		.registered = mrs,
		.kept = MAX_REGIONS - 1};
	const struct outcome unplug = {.changed = true,
		.regions = MAX_REGIONS - 1,
		.kept = MAX_REGIONS - 1,
		.destroyed = mrs};
	static struct guest_file f[MAX_REGIONS];
	static struct hf_ioas_region r[MAX_REGIONS];
	uint64_t created = 0, destroyed = 0, before, used;
	unsigned int i;

	TEST_ASSERT_SUCCESS(many_files(f, r), "files");
	before = heap();
	TEST_ASSERT_SUCCESS(ic_update(r, MAX_REGIONS - 1, &most), "all but one");
	nic_ctl_commands("CREATE_MKEY", &created);
	nic_ctl_commands("DESTROY_MKEY", &destroyed);
	TEST_ASSERT_SUCCESS(ic_update(r, MAX_REGIONS, &plug), "plug");
	TEST_ASSERT_SUCCESS(check_commands("CREATE_MKEY", &created, mrs + 1), "plug");
	TEST_ASSERT_SUCCESS(check_commands("DESTROY_MKEY", &destroyed, 1), "plug");
	used = heap() - before;
	TEST_ASSERT(used < OWN_MEMORY, "%" PRIu64 " bytes of our own", used);
	TEST_ASSERT(ic_reaches(&f[0], r[0].gpa, &f[MAX_REGIONS - 1], r[MAX_REGIONS - 1].gpa),
		"first and last region");
	TEST_ASSERT_SUCCESS(ic_update(r, MAX_REGIONS - 1, &unplug), "unplug");
	TEST_ASSERT_SUCCESS(check_commands("CREATE_MKEY", &created, 1), "unplug");
	TEST_ASSERT_SUCCESS(check_commands("DESTROY_MKEY", &destroyed, mrs + 1), "unplug");
	for (i = 0; i < MAX_REGIONS; i++)
		guest_file_close(&f[i]);
	return ic_finish();
}

/* Calls of the C library that an update from n - 1 regions to n, and one to the same n, make. */
static int
count_steps(struct hf_ioas_region *r, unsigned int n, unsigned int *grow, unsigned int *same)
{
	unsigned int i;

	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, n - 1, NULL), "all but one");
	hf_ioas_flush(ic.as);
	wrap_start(WRAP_CALLOC, 0);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, n, NULL), "grow");
	for (i = 0, *grow = 0; i < WRAP_MAX; i++)
		*grow += wrap_calls(i);
	wrap_start(WRAP_CALLOC, 0);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, n, NULL), "the same");
	for (i = 0, *same = 0; i < WRAP_MAX; i++)
		*same += wrap_calls(i);
	wrap_stop();
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, NULL, 0, NULL), "nothing");
	hf_ioas_flush(ic.as);
	return TEST_SUCCESS;
}

/* From 128 to 256 there are as many steps more as from 256 to 384, and to 512. */
static int
test_steps(void)
{
	static struct hf_ioas_region r[MAX_REGIONS];
	unsigned int grow[4], same[4], i;

	for (i = 0; i < MAX_REGIONS; i++)
		r[i] = (struct hf_ioas_region){.gpa = i * KIB(32),
			.len = KIB(8),
			.offset = i * KIB(8),
			.fd = ic.files[i % IC_FILES].fd};
	for (i = 0; i < 4; i++)
		TEST_ASSERT_SUCCESS(
			count_steps(r, (i + 1) * MAX_REGIONS / 4, &grow[i], &same[i]), "steps");
	printf("   steps of %u to %u regions: %u, %u, %u, %u to grow by one, %u, %u, %u, %u for none\n",
		MAX_REGIONS / 4, MAX_REGIONS, grow[0], grow[1], grow[2], grow[3], same[0], same[1],
		same[2], same[3]);
	for (i = 1; i < 3; i++) {
		TEST_ASSERT_EQUAL(grow[i + 1] - grow[i], grow[i] - grow[i - 1], "growing");
		TEST_ASSERT_EQUAL(same[i + 1] - same[i], same[i] - same[i - 1], "the same");
	}
	TEST_ASSERT(same[0] >= MAX_REGIONS / 4, "only %u steps", same[0]);
	return ic_finish();
}

#define BIG_CASE(fn) TEST_CASE_ST(ic_setup, ic_teardown, fn)

static struct unit_test_suite ioasbig_suite = {
	.suite_name = "ioasbig",
	.unit_test_cases =
		{
			BIG_CASE(test_tib_one),
			BIG_CASE(test_tib_eight),
			BIG_CASE(test_tib_alone),
			BIG_CASE(test_tib_alone_fails),
			BIG_CASE(test_many_files),
			BIG_CASE(test_steps),
			TEST_CASES_END(),
		},
};

static int
test_ioasbig(void)
{
	return unit_test_suite_runner(&ioasbig_suite);
}

REGISTER_TEST_COMMAND(ioasbig_autotest, test_ioasbig);

/* --- a NIC whose mkeys have 32 entries --- */

/* n regions of a page, every 16 KiB. */
static void
pages(struct hf_ioas_region *r, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		r[i] = (struct hf_ioas_region){.gpa = GIB(1) + i * KIB(16),
			.len = KIB(4),
			.offset = i * KIB(4),
			.fd = ic.files[0].fd};
}

/* Rings and frame in pages of their own, far from each other. */
static bool
pages_reach(const struct hf_ioas_region *r, unsigned int n)
{
	const unsigned int at[4] = {0, n / 3, n / 2, n - 1};
	struct guest_place *places[4];
	struct dma_probe p;
	unsigned int i;

	places[0] = &p.desc;
	places[1] = &p.avail;
	places[2] = &p.used;
	places[3] = &p.buf;
	for (i = 0; i < 4; i++)
		*places[i] =
			ic_place(&ic.files[0], r[at[i]].gpa - r[at[i]].offset, r[at[i]].offset);
	return dma_probe(&ic.rig, hf_ioas_mkey(ic.as), &p);
}

static int
test_two_levels(void)
{
	const struct hf_devx_caps *caps = hf_devx_caps(ic.rig.dev);
	/* cells of 64 KiB, four regions and holes each: of smaller ones there would be more than 32
	 */
	const unsigned int n = 100, per_cell = 4;
	const struct outcome first = {.changed = true, .regions = n, .registered = n};
	const struct outcome less = {
		.changed = true, .regions = n - 1, .kept = n - 1, .destroyed = 1};
	static struct hf_ioas_region r[MAX_REGIONS];
	struct hf_ioas_stats st;
	struct snapshot before;

	TEST_ASSERT_EQUAL(
		caps->max_klm, 32, "%u entries: not the NIC of this suite", caps->max_klm);
	pages(r, n);
	ic_snapshot(&before);
	if (caps->max_indirection < 2) {
		TEST_ASSERT_EQUAL(hf_ioas_update(ic.as, r, n, NULL), -E2BIG, "in one level");
		TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
		return ic_finish();
	}
	TEST_ASSERT_SUCCESS(ic_update(r, n, &first), "update");
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.klms, (n + per_cell - 1) / per_cell, "%u entries", st.klms);
	TEST_ASSERT_EQUAL(st.mkeys, 1 + st.klms, "%u mkeys", st.mkeys);
	TEST_ASSERT(pages_reach(r, n), "access");
	TEST_ASSERT_SUCCESS(ic_update(r, n - 1, &less), "one less");
	TEST_ASSERT(pages_reach(r, n - 1), "access");
	TEST_ASSERT(!pages_reach(r, n), "the page that is gone");
	/* In one level again. */
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 16, NULL), "few");
	hf_ioas_flush(ic.as);
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT(st.mkeys == 1 && st.klms == 31, "%u mkeys, %u entries", st.mkeys, st.klms);
	TEST_ASSERT(pages_reach(r, 16), "access");
	return ic_finish();
}

/* A mkey of the second level can't be made, and one that was can't be destroyed at once. */
static int
test_second_level_fails(void)
{
	static struct hf_ioas_region r[MAX_REGIONS];
	const unsigned int n = 100;
	struct hf_ioas_stats st;
	struct snapshot before;

	if (!nic_ctl_there() || hf_devx_caps(ic.rig.dev)->max_indirection < 2)
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	pages(r, n);
	ic_snapshot(&before);
	TEST_ASSERT_SUCCESS(nic_ctl_fail("CREATE_MKEY:%u:BAD_RES", n + 10), "fail");
	TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_MKEY:1:BAD_RES"), "fail");
	TEST_ASSERT_EQUAL(hf_ioas_update(ic.as, r, n, NULL), -EINVAL, "update");
	hf_ioas_flush(ic.as);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "the live map");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, n, NULL), "the next time");
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT(st.mkeys > 2, "%u mkeys", st.mkeys);
	TEST_ASSERT(pages_reach(r, n), "access");
	return ic_finish();
}

/* No number of levels makes the reach of a mkey larger; nothing is registered to find that out. */
static int
test_too_wide(void)
{
	struct hf_ioas_region r[2];
	struct snapshot before;
	uint64_t created = 0;

	/* In one level the ends of the hole would be entries of their own. */
	if (hf_devx_caps(ic.rig.dev)->max_indirection < 2)
		return TEST_SKIPPED;
	ic_two_regions(r);
	r[1].gpa = 32 * GIB(2) - MIB(8);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, NULL), "32 times 2 GiB");
	hf_ioas_flush(ic.as);
	TEST_ASSERT(ic_reaches(&ic.files[0], 0, &ic.files[1], r[1].gpa), "access");
	TEST_ASSERT(ic_reaches(&ic.files[1], r[1].gpa, &ic.files[0], 0), "access");
	ic_snapshot(&before);
	nic_ctl_commands("CREATE_MKEY", &created);
	r[1].gpa += KIB(4);
	TEST_ASSERT_EQUAL(hf_ioas_update(ic.as, r, 2, NULL), -E2BIG, "a page more");
	TEST_ASSERT_SUCCESS(check_commands("CREATE_MKEY", &created, 0), "commands");
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
	TEST_ASSERT_EQUAL(hf_ioas_check(ic.as, r, 2), -E2BIG, "checked only");
	return ic_finish();
}

static struct unit_test_suite ioasklm_suite = {
	.suite_name = "ioasklm",
	.unit_test_cases =
		{
			BIG_CASE(test_two_levels),
			BIG_CASE(test_second_level_fails),
			BIG_CASE(test_too_wide),
			TEST_CASES_END(),
		},
};

static int
test_ioasklm(void)
{
	if (getenv("SMALL_MKEYS") == NULL)
		return TEST_SKIPPED;
	return unit_test_suite_runner(&ioasklm_suite);
}

REGISTER_TEST_COMMAND(ioasklm_autotest, test_ioasklm);
