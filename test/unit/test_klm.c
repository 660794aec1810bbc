/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The plan of a guest-physical mkey, held against a reader that resolves addresses as the NIC does:
 * entry by entry.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_random.h>

#include "hf_devx.h"
#include "hf_klm.h"
#include "test.h"

#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)
#define GIB(n) (UINT64_C(n) << 30)
#define TIB(n) (UINT64_C(n) << 40)

#define NULL_KEY 0xdead00u
#define MANY_KLM 4076u
#define ENTRY GIB(1)
#define ENTRY_MAX GIB(2)

/* --- the reader --- */

/* Entry and address of addr in one list. False: beyond it. */
static bool
resolve_list(const struct hf_klm_plan *p, uint64_t addr, uint32_t *entry, uint64_t *at)
{
	uint64_t off = addr - p->start, in_entry;
	uint32_t i = 0;

	if (addr < p->start || off >= p->len)
		return false;
	if (p->log_entity != 0) {
		i = off >> p->log_entity;
		in_entry = off - ((uint64_t)i << p->log_entity);
	} else {
		for (in_entry = off; i < p->n && in_entry >= p->klm[i].bytes; i++)
			in_entry -= p->klm[i].bytes;
	}
	if (i >= p->n)
		return false;
	*entry = i;
	*at = p->klm[i].addr + in_entry;
	return true;
}

/* Key and address for addr, as the NIC finds them. False: beyond the mkey. */
static bool
resolve(const struct hf_klm_tree *t, uint64_t addr, uint32_t *key, uint64_t *at)
{
	const struct hf_klm_plan *p = &t->top;
	uint32_t entry, i;

	if (!resolve_list(p, addr, &entry, at))
		return false;
	for (i = 0; i < t->n_subs; i++) {
		if (t->subs[i].entry != entry)
			continue;
		p = &t->subs[i].plan;
		if (!resolve_list(p, *at, &entry, at))
			return false;
		break;
	}
	*key = p->klm[entry].mkey;
	return true;
}

/* What the ranges say about addr. */
static uint32_t
expected_key(const struct hf_klm_range *r, unsigned int n, uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (addr >= r[i].gpa && addr - r[i].gpa < r[i].len)
			return r[i].lkey;
	}
	return NULL_KEY;
}

static int
check_address(
	const struct hf_klm_range *r, unsigned int n, const struct hf_klm_tree *t, uint64_t addr)
{
	uint32_t key = 0, want = expected_key(r, n, addr);
	uint64_t at = 0;

	TEST_ASSERT(resolve(t, addr, &key, &at), "0x%" PRIx64 " is not covered", addr);
	TEST_ASSERT_EQUAL(key, want, "0x%" PRIx64 ": key 0x%x, expected 0x%x", addr, key, want);
	TEST_ASSERT(want == NULL_KEY || at == addr, "0x%" PRIx64 " leads to 0x%" PRIx64, addr, at);
	return TEST_SUCCESS;
}

/* The list as a whole: no gap, no entry too large, as long as it says. */
static int
check_list(const struct hf_klm_plan *p)
{
	uint64_t sum = 0;
	uint32_t i;

	TEST_ASSERT(p->n > 0 && p->klm != NULL, "an empty list");
	if (p->log_entity != 0) {
		TEST_ASSERT(
			p->log_entity >= 12 && p->log_entity <= 31, "entity 2^%u", p->log_entity);
		TEST_ASSERT_EQUAL((uint64_t)p->n << p->log_entity, p->len, "%u entries", p->n);
		TEST_ASSERT_EQUAL(p->start % (UINT64_C(1) << p->log_entity), 0,
			"start 0x%" PRIx64 " is not aligned to entries", p->start);
		return TEST_SUCCESS;
	}
	for (i = 0; i < p->n; i++) {
		TEST_ASSERT(p->klm[i].bytes > 0 && p->klm[i].bytes <= ENTRY_MAX, "entry %u: 0x%x",
			i, p->klm[i].bytes);
		sum += p->klm[i].bytes;
	}
	TEST_ASSERT_EQUAL(sum, p->len, "0x%" PRIx64 " of 0x%" PRIx64 " bytes covered", sum, p->len);
	return TEST_SUCCESS;
}

/* Both ends of every range and of every hole, and random addresses. */
static int
check_tree(const struct hf_klm_range *r, unsigned int n, const struct hf_klm_tree *t)
{
	uint64_t end = r[n - 1].gpa + r[n - 1].len, at;
	unsigned int i;
	uint32_t key;

	TEST_ASSERT_EQUAL(t->top.start, r[0].gpa, "start 0x%" PRIx64, t->top.start);
	TEST_ASSERT_EQUAL(t->top.len, end - r[0].gpa, "length 0x%" PRIx64, t->top.len);
	TEST_ASSERT_SUCCESS(check_list(&t->top), "list");
	for (i = 0; i < t->n_subs; i++)
		TEST_ASSERT_SUCCESS(check_list(&t->subs[i].plan), "list %u below", i);
	for (i = 0; i < n; i++) {
		TEST_ASSERT_SUCCESS(check_address(r, n, t, r[i].gpa), "begin");
		TEST_ASSERT_SUCCESS(check_address(r, n, t, r[i].gpa + r[i].len - 1), "end");
		if (i > 0)
			TEST_ASSERT_SUCCESS(check_address(r, n, t, r[i].gpa - 1), "before");
		if (i + 1 < n)
			TEST_ASSERT_SUCCESS(check_address(r, n, t, r[i].gpa + r[i].len), "after");
	}
	for (i = 0; i < 64; i++)
		TEST_ASSERT_SUCCESS(
			check_address(r, n, t, t->top.start + rte_rand_max(t->top.len)), "random");
	TEST_ASSERT(!resolve(t, end, &key, &at), "the end is inside");
	return TEST_SUCCESS;
}

static int
plan(const struct hf_klm_range *r, unsigned int n, uint32_t max_klm, bool fixed, uint8_t levels,
	struct hf_klm_tree *t)
{
	const struct hf_klm_limits limits = {
		.null_lkey = NULL_KEY, .max_klm = max_klm, .levels = levels, .fixed = fixed};

	return hf_klm_tree_plan(r, n, &limits, t);
}

/* --- tables --- */

struct layout {
	const char *name;
	bool fixed_ok;
	uint32_t max_klm;
	unsigned int n;
	struct hf_klm_range r[4];
	int ret;
	uint32_t n_klm; /* 0: not looked at */
	uint8_t log_entity;
};

static const struct layout layouts[] = {
	{"one page", true, MANY_KLM, 1, {{0, KIB(4), 1}}, 0, 1, 12},
	{"one page, no fixed", false, MANY_KLM, 1, {{0, KIB(4), 1}}, 0, 1, 0},
	{"1 GiB", true, MANY_KLM, 1, {{0, GIB(1), 1}}, 0, 1, 30},
	{"1 GiB and a page", false, MANY_KLM, 1, {{0, GIB(1) + KIB(4), 1}}, 0, 2, 0},
	{"2 GiB", false, MANY_KLM, 1, {{0, GIB(2), 1}}, 0, 2, 0},
	{"4 GiB", false, MANY_KLM, 1, {{0, GIB(4), 1}}, 0, 4, 0},
	{"4 GiB, fixed", true, MANY_KLM, 1, {{0, GIB(4), 1}}, 0, 4, 30},
	{"3 TiB, fixed", true, MANY_KLM, 1, {{0, TIB(3), 1}}, 0, 3072, 30},
	/* a QEMU PC: below and above the PCI hole */
	{"PC, 16 GiB", true, MANY_KLM, 2, {{0, GIB(2), 1}, {GIB(4), GIB(14), 2}}, 0, 18, 30},
	{"PC, low memory", true, MANY_KLM, 3,
		{{0, KIB(640), 1}, {KIB(768), MIB(2047) + KIB(256), 2}, {GIB(4), GIB(1), 3}}, 0, 7,
		0},
	/* holes beyond what one entry covers */
	{"hole of 1 GiB", false, MANY_KLM, 2, {{0, MIB(2), 1}, {GIB(1) + MIB(2), MIB(2), 2}}, 0, 3,
		0},
	{"hole of 1 GiB and a page", false, MANY_KLM, 2,
		{{0, KIB(4), 1}, {GIB(1) + KIB(8), KIB(4), 2}}, 0, 4, 0},
	{"hole beyond 2 GiB", false, MANY_KLM, 2, {{0, KIB(4), 1}, {GIB(2) + KIB(8), KIB(4), 2}}, 0,
		5, 0},
	{"hole beyond 4 GiB", false, MANY_KLM, 2, {{0, KIB(4), 1}, {GIB(4) + KIB(8), KIB(4), 2}}, 0,
		7, 0},
	{"hole of 1 TiB", false, MANY_KLM, 2, {{0, GIB(1), 1}, {TIB(1) + GIB(1), GIB(1), 2}}, 0,
		1026, 0},
	{"hole of 1 TiB, fixed", true, MANY_KLM, 2, {{0, GIB(1), 1}, {TIB(1) + GIB(1), GIB(1), 2}},
		0, 1026, 30},
	{"hole of 1 TiB, small pieces", true, MANY_KLM, 2, {{0, KIB(4), 1}, {TIB(1), KIB(4), 2}}, 0,
		1026, 0},
	/* where fixed entries fit, and where not */
	{"odd multiple", true, MANY_KLM, 2, {{0, MIB(6), 1}, {MIB(6), MIB(10), 2}}, 0, 2, 0},
	{"odd multiple, more entries", true, MANY_KLM, 2, {{0, GIB(6), 1}, {GIB(6), MIB(1536), 2}},
		0, 15, 29},
	{"start decides the entity", true, MANY_KLM, 1, {{MIB(512), GIB(5), 1}}, 0, 10, 29},
	{"fixed list too long", true, 100, 2, {{0, GIB(3), 1}, {GIB(3), GIB(3) + MIB(2), 2}}, 0, 7,
		0},
	{"entity below a page", true, MANY_KLM, 2, {{0, GIB(6) + 2048, 1}, {GIB(8), GIB(1), 2}}, 0,
		10, 0},
	{"fixed list one too long", true, 10, 2, {{0, GIB(5), 1}, {GIB(5), MIB(512), 2}}, 0, 6, 0},
	{"fixed list just short enough", true, 11, 2, {{0, GIB(5), 1}, {GIB(5), MIB(512), 2}}, 0,
		11, 29},
	{"short list, entity below a page", true, MANY_KLM, 3,
		{{0, KIB(2), 1}, {KIB(4), KIB(2), 2}, {KIB(8), KIB(2), 3}}, 0, 5, 0},
	{"at the top", false, MANY_KLM, 1, {{UINT64_MAX - GIB(3) + 1 - KIB(4), GIB(3), 1}}, 0, 3,
		0},
	{"exactly enough", false, 5, 1, {{0, GIB(5), 1}}, 0, 5, 0},
	{"exactly enough, fixed", true, 5, 1, {{0, GIB(5), 1}}, 0, 5, 30},
	/* entries of 2 GiB where those of 1 GiB are too many */
	{"2 GiB entries", false, 4, 1, {{0, GIB(5), 1}}, 0, 3, 0},
	{"2 GiB entries, not fixed", true, 4, 1, {{0, GIB(5), 1}}, 0, 3, 0},
	{"2 GiB entries, fixed", true, 3, 1, {{0, GIB(6), 1}}, 0, 3, 31},
	{"exactly enough, 2 GiB", false, 3, 1, {{0, GIB(6), 1}}, 0, 3, 0},
	{"one too many", false, 2, 1, {{0, GIB(5), 1}}, -E2BIG, 3, 0},
	{"one too many, fixed", true, 2, 1, {{0, GIB(6), 1}}, -E2BIG, 3, 0},
	{"almost all addresses", true, MANY_KLM, 2,
		{{0, KIB(4), 1}, {UINT64_MAX - KIB(8) + 1, KIB(4), 2}}, -E2BIG, UINT32_MAX, 0},
	/* no layout */
	{"none", true, MANY_KLM, 0, {{0}}, -EINVAL, 0, 0},
	{"empty", true, MANY_KLM, 1, {{0, 0, 1}}, -EINVAL, 0, 0},
	{"wrap", true, MANY_KLM, 1, {{UINT64_MAX - KIB(4) + 1, KIB(8), 1}}, -EINVAL, 0, 0},
	{"overlap", true, MANY_KLM, 2, {{0, KIB(8), 1}, {KIB(4), KIB(8), 2}}, -EINVAL, 0, 0},
	{"overlap by a byte", true, MANY_KLM, 2, {{0, KIB(8), 1}, {KIB(8) - 1, KIB(8), 2}}, -EINVAL,
		0, 0},
	{"order", true, MANY_KLM, 2, {{KIB(8), KIB(4), 1}, {0, KIB(4), 2}}, -EINVAL, 0, 0},
};

static int
check_layout(const struct layout *l)
{
	struct hf_klm_tree t;
	int ret;

	ret = plan(l->r, l->n, l->max_klm, l->fixed_ok, 1, &t);
	TEST_ASSERT_EQUAL(ret, l->ret, "%d, expected %d", ret, l->ret);
	TEST_ASSERT(
		l->n_klm == 0 || t.top.n == l->n_klm, "%u entries, expected %u", t.top.n, l->n_klm);
	if (ret != 0) {
		TEST_ASSERT_NULL(t.top.klm, "an error leaves no list");
		return TEST_SUCCESS;
	}
	ret = check_tree(l->r, l->n, &t);
	TEST_ASSERT_EQUAL(t.n_subs, 0, "a second level");
	TEST_ASSERT_EQUAL(t.top.log_entity, l->log_entity, "entity 2^%u, expected 2^%u",
		t.top.log_entity, l->log_entity);
	hf_klm_tree_free(&t);
	return ret;
}

static int
test_layouts(void)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(layouts); i++)
		TEST_ASSERT_SUCCESS(check_layout(&layouts[i]), "layout '%s'", layouts[i].name);
	return TEST_SUCCESS;
}

#define MANY 512

/* As many regions as a table can have, each with a hole before it, and the rooms just too small. */
static int
test_many(void)
{
	struct hf_klm_range r[MANY];
	struct hf_klm_tree t;
	unsigned int i;
	int ret;

	for (i = 0; i < MANY; i++)
		r[i] = (struct hf_klm_range){i * GIB(4) + KIB(4), GIB(2) + KIB(4), i + 1};
	/* of 2 GiB: two entries for each region, one for each hole */
	ret = plan(r, MANY, 3 * MANY - 1, true, 1, &t);
	TEST_ASSERT_SUCCESS(ret, "%d", ret);
	ret = check_tree(r, MANY, &t);
	TEST_ASSERT_SUCCESS(ret, "plan");
	TEST_ASSERT_EQUAL(t.top.n, 3 * MANY - 1, "%u entries", t.top.n);
	hf_klm_tree_free(&t);
	ret = plan(r, MANY, 3 * MANY - 2, true, 1, &t);
	TEST_ASSERT_EQUAL(ret, -E2BIG, "%d", ret);
	TEST_ASSERT_NULL(t.top.klm, "an error leaves no list");
	/* a second level makes do with one entry for 2 GiB, and a mkey for each border */
	ret = plan(r, MANY, 3 * MANY - 2, true, 2, &t);
	TEST_ASSERT_SUCCESS(ret, "%d", ret);
	ret = check_tree(r, MANY, &t);
	TEST_ASSERT_SUCCESS(ret, "plan of two levels");
	TEST_ASSERT_EQUAL(t.top.n, 2 * MANY - 1 + 1, "%u entries", t.top.n);
	hf_klm_tree_free(&t);
	return TEST_SUCCESS;
}

struct tree {
	const char *name;
	uint32_t max_klm;
	unsigned int n;
	struct hf_klm_range r[5];
	int ret;
	uint32_t n_klm, n_subs;
};

static const struct tree trees[] = {
	{"one level is enough", 4, 2, {{0, KIB(4), 1}, {KIB(8), KIB(4), 2}}, 0, 3, 0},
	/* cells of 8 KiB: page and hole, three times, and the last page alone */
	{"pages", 4, 4,
		{{0, KIB(4), 1}, {KIB(8), KIB(4), 2}, {KIB(16), KIB(4), 3}, {KIB(24), KIB(4), 4}},
		0, 4, 3},
	/* the same from an odd start: cells count from there */
	{"pages, odd start", 4, 4,
		{{KIB(4), KIB(4), 1}, {KIB(12), KIB(4), 2}, {KIB(20), KIB(4), 3},
			{KIB(28), KIB(4), 4}},
		0, 4, 3},
	/* cells of 2 GiB: first pages and hole, holes alone, hole and last page */
	{"wide hole", 4, 3, {{0, KIB(4), 1}, {KIB(8), KIB(4), 2}, {GIB(8) - KIB(4), KIB(4), 3}}, 0,
		4, 2},
	{"hole too wide", 4, 3, {{0, KIB(4), 1}, {KIB(8), KIB(4), 2}, {GIB(8), KIB(4), 3}}, -E2BIG,
		8, 0},
	/* two neighbours in one cell have no hole, but a border */
	{"neighbours", 3, 5,
		{{0, KIB(4), 1}, {KIB(4), KIB(4), 2}, {KIB(8), KIB(4), 3}, {KIB(12), KIB(4), 4},
			{KIB(16), KIB(8), 5}},
		0, 3, 2},
	/* the smallest cells are of 2 GiB, and the first one has five parts */
	{"too much in a cell", 4, 4,
		{{0, KIB(4), 1}, {KIB(8), KIB(4), 2}, {KIB(16), KIB(4), 3}, {GIB(7), GIB(1), 4}},
		-E2BIG, 10, 0},
};

static int
check_two_levels(const struct tree *l)
{
	struct hf_klm_tree t;
	int ret;

	ret = plan(l->r, l->n, l->max_klm, false, 2, &t);
	TEST_ASSERT_EQUAL(ret, l->ret, "%d, expected %d", ret, l->ret);
	TEST_ASSERT_EQUAL(t.top.n, l->n_klm, "%u entries, expected %u", t.top.n, l->n_klm);
	TEST_ASSERT_EQUAL(t.n_subs, l->n_subs, "%u mkeys below, expected %u", t.n_subs, l->n_subs);
	if (ret != 0) {
		TEST_ASSERT(t.top.klm == NULL && t.subs == NULL, "an error leaves no list");
		return TEST_SUCCESS;
	}
	ret = check_tree(l->r, l->n, &t);
	hf_klm_tree_free(&t);
	TEST_ASSERT_SUCCESS(ret, "tree");
	if (l->n_subs > 0)
		TEST_ASSERT_EQUAL(plan(l->r, l->n, l->max_klm, false, 1, &t), -E2BIG,
			"possible in one level");
	return TEST_SUCCESS;
}

static int
test_two_levels(void)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(trees); i++)
		TEST_ASSERT_SUCCESS(check_two_levels(&trees[i]), "'%s'", trees[i].name);
	return TEST_SUCCESS;
}

/* Of the ranges, by the definition: the entries of both forms. */
static void
count_entries(const struct hf_klm_range *r, unsigned int n, uint64_t entry, uint64_t *bytes_n,
	uint64_t *fixed_n)
{
	uint64_t size = entry, hole;
	unsigned int i;

	*bytes_n = 0;
	for (i = 0; i < n; i++) {
		hole = i > 0 ? r[i].gpa - (r[i - 1].gpa + r[i - 1].len) : 0;
		*bytes_n += (r[i].len + entry - 1) / entry + (hole + entry - 1) / entry;
		while (r[i].gpa % size != 0 || r[i].len % size != 0)
			size /= 2;
	}
	*fixed_n = (r[n - 1].gpa + r[n - 1].len - r[0].gpa) / size;
	if (size < KIB(4))
		*fixed_n = UINT64_MAX;
}

/* The list of one level that there has to be. 0: none. */
static uint64_t
expected_list(
	const struct hf_klm_range *r, unsigned int n, uint32_t max_klm, bool fixed_ok, bool *fixed)
{
	uint64_t entry, bytes_n, fixed_n;

	for (entry = ENTRY; entry <= ENTRY_MAX; entry *= 2) {
		count_entries(r, n, entry, &bytes_n, &fixed_n);
		*fixed = fixed_ok && fixed_n <= max_klm && (fixed_n <= 4 || bytes_n > 4);
		if (*fixed || bytes_n <= max_klm)
			return *fixed ? fixed_n : bytes_n;
	}
	return 0;
}

/* Has each cell of the smallest size that is not too small a list of byte counts? */
static bool
expected_tree(const struct hf_klm_range *r, unsigned int n, uint32_t max_klm)
{
	uint64_t start = r[0].gpa, len = r[n - 1].gpa + r[n - 1].len - start, size = KIB(4), at;
	unsigned int i, parts;

	while (size < ENTRY_MAX && (len + size - 1) / size > max_klm)
		size *= 2;
	if ((len + size - 1) / size > max_klm)
		return false;
	for (at = start; at < start + len; at += size) {
		/* one part from the beginning, and another one from each border inside */
		for (i = 0, parts = 1; i < n; i++) {
			parts += r[i].gpa > at && r[i].gpa < at + size;
			if (r[i].gpa + r[i].len < start + len &&
				(i + 1 == n || r[i].gpa + r[i].len != r[i + 1].gpa))
				parts +=
					r[i].gpa + r[i].len > at && r[i].gpa + r[i].len < at + size;
		}
		if (parts > max_klm)
			return false;
	}
	return true;
}

static unsigned int
random_ranges(struct hf_klm_range *r, unsigned int max)
{
	const unsigned int shift = 12 + rte_rand_max(20), n = 1 + rte_rand_max(max);
	uint64_t at = rte_rand_max(64) << shift;
	unsigned int i;

	for (i = 0; i < n; i++) {
		/* every other range follows without a hole */
		at += (rte_rand_max(2) * rte_rand_max(64)) << shift;
		r[i].gpa = at;
		r[i].len = (1 + rte_rand_max(64)) << shift;
		r[i].lkey = (i + 1) << 8;
		at += r[i].len;
	}
	return n;
}

static int
check_random(bool fixed_ok, uint32_t max_klm, uint8_t levels)
{
	struct hf_klm_range r[16];
	struct hf_klm_tree t;
	unsigned int n = random_ranges(r, RTE_DIM(r));
	uint64_t entries;
	bool fixed;
	int ret;

	entries = expected_list(r, n, max_klm, fixed_ok, &fixed);
	ret = plan(r, n, max_klm, fixed_ok, levels, &t);
	if (ret != 0) {
		TEST_ASSERT(
			entries == 0 && (levels < 2 || !expected_tree(r, n, max_klm)), "%d", ret);
		TEST_ASSERT_EQUAL(ret, -E2BIG, "%d", ret);
		return TEST_SUCCESS;
	}
	ret = check_tree(r, n, &t);
	if (t.n_subs == 0 && entries != 0) {
		TEST_ASSERT_EQUAL((t.top.log_entity != 0), fixed, "fixed size or not");
		TEST_ASSERT_EQUAL(t.top.n, entries, "%u entries", t.top.n);
	}
	TEST_ASSERT((entries == 0) == (t.n_subs > 0), "%u mkeys below", t.n_subs);
	hf_klm_tree_free(&t);
	return ret;
}

#define RANDOM_TABLES 3000

static int
test_random(void)
{
	uint64_t seed = rte_rand();
	unsigned int i;
	int ret = TEST_SUCCESS;

	for (i = 0; i < RANDOM_TABLES && ret == TEST_SUCCESS; i++) {
		rte_srand(seed + i);
		/* every other one with little room */
		ret = check_random(rte_rand_max(2) != 0, 1 + rte_rand_max(i % 2 ? MANY_KLM : 40),
			1 + rte_rand_max(2));
	}
	TEST_ASSERT_SUCCESS(ret, "table of seed 0x%" PRIx64, seed + i - 1);
	return TEST_SUCCESS;
}

static struct unit_test_suite klm_suite = {
	.suite_name = "klm",
	.unit_test_cases =
		{
			TEST_CASE(test_layouts),
			TEST_CASE(test_many),
			TEST_CASE(test_two_levels),
			TEST_CASE(test_random),
			TEST_CASES_END(),
		},
};

static int
test_klm(void)
{
	return unit_test_suite_runner(&klm_suite);
}

REGISTER_TEST_COMMAND(klm_autotest, test_klm);
