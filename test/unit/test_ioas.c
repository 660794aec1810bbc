/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Address spaces on a NIC: what an update keeps and what it must not keep, and that one which fails
 * changes nothing. Where it matters the NIC is asked (its own count of MRs), or made to access the
 * memory by the mkey.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_backing.h"
#include "hf_log.h"
#include "hf_work.h"
#include "ioas_case.h"

/* --- the cases --- */

static int
test_empty(void)
{
	struct hf_ioas_region r[2];
	struct hf_ioas_stats st;

	ic_two_regions(r);
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(hf_ioas_mkey(ic.as), 0, "a mkey");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, 0, 1), "an address");
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "same");
	TEST_ASSERT(st.regions == 0 && st.mrs == 0 && st.live_bytes == 0, "regions");
	TEST_ASSERT_SUCCESS(hf_ioas_reset_map(ic.as, NULL), "reset of nothing");
	return ic_finish();
}

/* The NIC reaches both regions, and reads the hole between them as zeros. */
static int
test_access(void)
{
	struct dma_probe p = {
		.desc = ic_place(&ic.files[0], LOW_GPA, 0),
		.avail = ic_place(&ic.files[1], HIGH_GPA, 0),
		.used = ic_place(&ic.files[1], HIGH_GPA, MIB(8) - KIB(4)),
		.buf = {.gpa = GIB(2)},
	};
	struct hf_ioas_stats st;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.live_bytes, MIB(16), "%" PRIu64 " bytes", st.live_bytes);
	TEST_ASSERT(
		ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "low rings, high data");
	TEST_ASSERT(
		ic_reaches(&ic.files[1], HIGH_GPA, &ic.files[0], LOW_GPA), "high rings, low data");
	TEST_ASSERT(dma_probe(&ic.rig, hf_ioas_mkey(ic.as), &p), "data in the hole");
	p.buf.gpa = HIGH_GPA + MIB(8);
	TEST_ASSERT(!dma_probe(&ic.rig, hf_ioas_mkey(ic.as), &p), "data behind the end");
	return ic_finish();
}

static int
test_lookup(void)
{
	uint8_t *low, *high;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	low = hf_ioas_gpa_to_hva(ic.as, LOW_GPA, MIB(8));
	high = hf_ioas_gpa_to_hva(ic.as, HIGH_GPA, MIB(8));
	TEST_ASSERT(low != NULL && high != NULL, "whole regions");
	TEST_ASSERT(low != ic.files[0].view, "it is the caller's mapping");
	ic.files[0].view[MIB(8) - 1] = 0x5a;
	high[KIB(4)] = 0xa5;
	TEST_ASSERT_EQUAL(low[MIB(8) - 1], 0x5a, "not the same memory");
	TEST_ASSERT_EQUAL(ic.files[1].view[KIB(4)], 0xa5, "not the same memory");
	TEST_ASSERT(hf_ioas_gpa_to_hva(ic.as, MIB(8) - 1, 1) == low + MIB(8) - 1, "last byte");
	TEST_ASSERT(hf_ioas_gpa_to_hva(ic.as, HIGH_GPA + 5, 3) == high + 5, "inside");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, MIB(8), 1), "the byte behind");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, MIB(8), 0), "nothing behind");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, MIB(8) - 1, 2), "across the end");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, LOW_GPA, MIB(8) + 1), "one too long");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, HIGH_GPA - 1, 2), "before");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, HIGH_GPA + 1, UINT64_MAX), "wrap");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, UINT64_MAX, 1), "the last address");
	return ic_finish();
}

/*
 * Mappings lie low in the process, where libibverbs finds them soon, and a file's huge pages stay
 * what they are; also after as many as there is room for, when the search begins anew.
 */
static int
test_place(void)
{
	const uintptr_t gib = UINT64_C(1) << 30, tib = UINT64_C(1) << 40;
	uintptr_t va, before = 0;
	struct hf_backing *b;
	unsigned int i, lower = 0;
	int fd;

	fd = memfd_create("place", MFD_CLOEXEC);
	TEST_ASSERT(fd >= 0 && ftruncate(fd, 16 * tib) == 0, "a sparse file of 16 TiB");
	for (i = 0; i < 8; i++) {
		TEST_ASSERT_SUCCESS(hf_backing_get(fd, MIB(6), 12 * tib, &b), "mapping %u", i);
		va = (uintptr_t)hf_backing_va(b);
		hf_backing_put(b);
		TEST_ASSERT(va >= 32 * tib && va < 80 * tib, "mapping %u at %p", i, (void *)va);
		TEST_ASSERT_EQUAL(va % gib, MIB(6), "mapping %u at %p", i, (void *)va);
		lower += va < before;
		before = va;
	}
	TEST_ASSERT(lower >= 2, "the search began anew %u times", lower);
	TEST_ASSERT_SUCCESS(hf_backing_get(fd, 0, 16 * tib, &b), "the whole file");
	hf_backing_put(b);
	close(fd);
	return TEST_SUCCESS;
}

/* The same table again, in this order or another, by these descriptors or others: nothing happens.
 */
static int
test_same(void)
{
	const struct outcome none = {.regions = 2, .kept = 2};
	struct hf_ioas_region r[2], swapped[2];
	char path[32];
	int again;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	ic_two_regions(r);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &none), "the same");
	swapped[0] = r[1];
	swapped[1] = r[0];
	TEST_ASSERT_SUCCESS(ic_update(swapped, 2, &none), "the other order");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ic.files[0].fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	TEST_ASSERT(again >= 0, "open");
	r[0].fd = again;
	r[1].fd = fcntl(ic.files[1].fd, F_DUPFD_CLOEXEC, 0);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &none), "other descriptors");
	close(again);
	close(r[1].fd);
	return ic_finish();
}

/* Memory comes and goes; what stays is not touched. */
static int
test_hotplug(void)
{
	const struct outcome plug = {.changed = true, .regions = 3, .registered = 1, .kept = 2};
	const struct outcome unplug = {.changed = true, .regions = 2, .kept = 2, .destroyed = 1};
	const struct outcome replug = {
		.changed = true, .regions = 2, .registered = 1, .kept = 1, .destroyed = 1};
	const uint64_t dimm = HIGH_GPA + MIB(8);
	struct hf_ioas_region r[3];
	void *low, *high;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	low = hf_ioas_gpa_to_hva(ic.as, LOW_GPA, 1);
	high = hf_ioas_gpa_to_hva(ic.as, HIGH_GPA, 1);
	ic_two_regions(r);
	r[2] = guest_file_at(&ic.files[2], dimm);
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 3), "one more is the same");
	TEST_ASSERT_SUCCESS(ic_update(r, 3, &plug), "plug");
	TEST_ASSERT(hf_ioas_gpa_to_hva(ic.as, LOW_GPA, 1) == low, "the address of a kept region");
	TEST_ASSERT(hf_ioas_gpa_to_hva(ic.as, HIGH_GPA, 1) == high, "the address of a kept region");
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[2], dimm), "the new region");
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "one less is the same");
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &unplug), "unplug");
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "the kept regions");
	TEST_ASSERT(!ic_reaches(&ic.files[0], LOW_GPA, &ic.files[2], dimm), "the region that left");
	TEST_ASSERT_SUCCESS(ic_update(r + 1, 2, &replug), "one goes and one comes");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, LOW_GPA, 1), "the address of what left");
	return ic_finish();
}

/* Another object behind the same addresses is other memory; so is the same at another place. */
static int
test_replaced(void)
{
	const struct outcome one = {
		.changed = true, .regions = 2, .registered = 1, .kept = 1, .destroyed = 1};
	struct hf_ioas_region r[2];
	uint8_t *hva;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	ic_two_regions(r);
	r[0].fd = ic.files[2].fd;
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "another object is the same");
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &one), "another object");
	hva = hf_ioas_gpa_to_hva(ic.as, LOW_GPA, 1);
	ic.files[2].view[0] = 0x77;
	TEST_ASSERT_EQUAL(hva[0], 0x77, "the old memory is still there");
	TEST_ASSERT(ic_reaches(&ic.files[2], LOW_GPA, &ic.files[1], HIGH_GPA),
		"the NIC has the old one");
	r[0].gpa = KIB(4);
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "a page further is the same");
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &one), "a page further in the guest");
	r[0].gpa = MIB(8);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &one), "another place in the guest");
	TEST_ASSERT(ic_reaches(&ic.files[2], MIB(8), &ic.files[1], HIGH_GPA), "where it was");
	r[0].len = MIB(4);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &one), "another length");
	r[0].offset = MIB(4);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &one), "another part of the file");
	hva = hf_ioas_gpa_to_hva(ic.as, MIB(8), 1);
	ic.files[2].view[MIB(4)] = 0x78;
	TEST_ASSERT_EQUAL(hva[0], 0x78, "not that part of the file");
	return ic_finish();
}

/* Two regions that change places are two other regions, and both are there in between. */
static int
test_exchanged(void)
{
	const struct outcome both = {
		.changed = true, .regions = 2, .registered = 2, .destroyed = 2};
	struct hf_ioas_region r[2];

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	r[0] = guest_file_at(&ic.files[1], LOW_GPA);
	r[1] = guest_file_at(&ic.files[0], HIGH_GPA);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &both), "exchanged");
	TEST_ASSERT(ic_reaches(&ic.files[1], LOW_GPA, &ic.files[0], HIGH_GPA), "not exchanged");
	return ic_finish();
}

/*
 * A device node is one inode, whatever memory a mapping of it is: /dev/zero opened twice is two
 * objects. The same open file is one.
 */
static int
test_device_node(void)
{
	const struct outcome first = {.changed = true, .regions = 1, .registered = 1};
	const struct outcome same = {.regions = 1, .kept = 1};
	const struct outcome other = {
		.changed = true, .regions = 1, .registered = 1, .destroyed = 1};
	struct hf_ioas_region r = {.gpa = 0, .len = MIB(1)};
	int zero[2];

	zero[0] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	zero[1] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	TEST_ASSERT(zero[0] >= 0 && zero[1] >= 0, "/dev/zero");
	r.fd = zero[0];
	TEST_ASSERT_SUCCESS(ic_update(&r, 1, &first), "first");
	TEST_ASSERT_SUCCESS(ic_update(&r, 1, &same), "the same open file");
	r.fd = zero[1];
	TEST_ASSERT_SUCCESS(ic_update(&r, 1, &other), "another open file");
	close(zero[0]);
	close(zero[1]);
	return ic_finish();
}

/* The front end's mappings and descriptors go at once: the address space does not stand on them. */
static int
test_caller_unmaps(void)
{
	const struct outcome one = {
		.changed = true, .regions = 2, .registered = 1, .kept = 1, .destroyed = 1};
	struct hf_ioas_region r[2];
	uint8_t *low, *high;
	struct dma_probe p;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	low = hf_ioas_gpa_to_hva(ic.as, LOW_GPA, MIB(8));
	high = hf_ioas_gpa_to_hva(ic.as, HIGH_GPA, MIB(8));
	guest_file_close(&ic.files[0]);
	guest_file_close(&ic.files[1]);
	p.desc = (struct guest_place){LOW_GPA, low};
	p.avail = (struct guest_place){LOW_GPA + KIB(4), low + KIB(4)};
	p.used = (struct guest_place){HIGH_GPA, high};
	p.buf = (struct guest_place){HIGH_GPA + KIB(4), high + KIB(4)};
	TEST_ASSERT(dma_probe(&ic.rig, hf_ioas_mkey(ic.as), &p), "the NIC lost the memory");
	/* New files, perhaps with the old descriptors' numbers: not the old memory. */
	TEST_ASSERT_SUCCESS(guest_file_open(&ic.files[0], MIB(8)), "file");
	r[0] = guest_file_at(&ic.files[0], LOW_GPA);
	r[1] = guest_file_at(&ic.files[2], MIB(8));
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "new files are the same");
	r[1] = guest_file_at(&ic.files[2], HIGH_GPA);
	TEST_ASSERT_SUCCESS(
		ic_update(r, 2,
			&(struct outcome){
				.changed = true, .regions = 2, .registered = 2, .destroyed = 2}),
		"new files");
	TEST_ASSERT_SUCCESS(guest_file_open(&ic.files[1], MIB(8)), "file");
	r[1].fd = ic.files[1].fd;
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &one), "one more new file");
	return ic_finish();
}

/* Memory without a descriptor has no identity: it is registered anew each time. */
static int
test_private(void)
{
	const struct outcome first = {.changed = true, .regions = 2, .registered = 2};
	const struct outcome again = {
		.changed = true, .regions = 2, .registered = 1, .kept = 1, .destroyed = 1};
	struct hf_ioas_region r[2] = {{.gpa = LOW_GPA, .len = MIB(1), .fd = -1},
		{.gpa = HIGH_GPA, .len = MIB(8), .fd = ic.files[1].fd}};
	struct guest_file mine = {.fd = -1, .len = MIB(1)};

	mine.view =
		mmap(NULL, mine.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(mine.view != MAP_FAILED, "mmap");
	r[0].va = mine.view;
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, NULL), "first");
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "private memory is the same as itself");
	TEST_ASSERT(hf_ioas_gpa_to_hva(ic.as, LOW_GPA, MIB(1)) == mine.view, "host address");
	TEST_ASSERT_EQUAL(first.regions, again.regions, "table");
	TEST_ASSERT(dma_probe(&ic.rig, hf_ioas_mkey(ic.as),
			    &(struct dma_probe){.desc = ic_place(&ic.files[1], HIGH_GPA, 0),
				    .avail = ic_place(&ic.files[1], HIGH_GPA, KIB(4)),
				    .used = {LOW_GPA + KIB(8), mine.view + KIB(8)},
				    .buf = {LOW_GPA, mine.view}}),
		"access");
	TEST_ASSERT_SUCCESS(hf_ioas_reset_map(ic.as, NULL), "reset");
	munmap(mine.view, mine.len);
	return ic_finish();
}

/* Regions and holes beyond what 32 bits count, in sparse files. */
static int
test_large(void)
{
	/* In pieces of 1 GiB: 5, 2 and a page, 1. */
	const struct outcome want = {.changed = true, .regions = 3, .registered = 5 + 3 + 1};
	const uint64_t mid = GIB(16), top = GIB(1024) + KIB(4);
	struct guest_file big[2];
	struct hf_ioas_region r[3];
	struct hf_ioas_stats st;

	TEST_ASSERT_SUCCESS(guest_file_open(&big[0], GIB(5)), "5 GiB");
	TEST_ASSERT_SUCCESS(guest_file_open(&big[1], GIB(2) + KIB(4)), "2 GiB and a page");
	r[0] = guest_file_at(&big[0], LOW_GPA);
	r[1] = guest_file_at(&big[1], mid);
	r[2] = guest_file_at(&ic.files[0], top);
	TEST_ASSERT_SUCCESS(ic_update(r, 3, &want), "update");
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.live_bytes, GIB(7) + KIB(4) + MIB(8), "%" PRIu64, st.live_bytes);
	/* The pieces, a hole of 11 GiB, one of 1006 without a page and with another. */
	TEST_ASSERT_EQUAL(st.klms, 5 + 11 + 3 + 1006 + 1, "%u entries", st.klms);
	TEST_ASSERT(!st.fixed_klm, "pages in fixed entries");
	TEST_ASSERT(ic_reaches(&big[0], LOW_GPA, &big[1], mid), "5 GiB and 2 GiB");
	TEST_ASSERT(ic_reaches(&big[1], mid, &ic.files[0], top), "2 GiB and at 1 TiB");
	guest_file_close(&big[0]);
	guest_file_close(&big[1]);
	return ic_finish();
}

/* Of huge pages a region may begin and end in the middle of one, though a mapping of them can't. */
static int
test_huge_pages(void)
{
	const struct outcome want = {.changed = true, .regions = 1, .registered = 1};
	const uint64_t offset = MIB(1), len = MIB(4);
	struct guest_file huge = {.fd = -1, .len = MIB(6)};
	struct hf_ioas_region r = {.gpa = MIB(1), .len = len, .offset = offset};
	struct guest_file part;
	uint8_t *hva;
	int ret;

	huge.fd = memfd_create("guest-huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	ret = huge.fd >= 0 ? ftruncate(huge.fd, (off_t)huge.len) : -1;
	huge.view = ret == 0 ? mmap(NULL, huge.len, PROT_READ | PROT_WRITE, MAP_SHARED, huge.fd, 0)
			     : MAP_FAILED;
	if (huge.view == MAP_FAILED) {
		huge.view = NULL;
		guest_file_close(&huge);
		printf("   no huge pages of 2 MiB: vm.nr_hugepages has to be 3 or more\n");
		return TEST_SKIPPED;
	}
	r.fd = huge.fd;
	TEST_ASSERT_SUCCESS(ic_update(&r, 1, &want), "update");
	hva = hf_ioas_gpa_to_hva(ic.as, r.gpa, len);
	huge.view[offset + len - 1] = 0x3c;
	TEST_ASSERT_EQUAL(hva[len - 1], 0x3c, "not that part of the file");
	part = (struct guest_file){.fd = -1, .len = len, .view = huge.view + offset};
	TEST_ASSERT(ic_reaches(&part, r.gpa, &part, r.gpa), "access");
	guest_file_close(&huge);
	return ic_finish();
}

/* The mkey whose entries have one size, where the NIC has it. */
static int
test_fixed(void)
{
	const bool can = hf_devx_caps(ic.rig.dev)->fixed_klm;
	struct hf_ioas_region r[3];
	struct hf_ioas_stats st;
	struct hf_ioas_change change;

	r[0] = guest_file_at(&ic.files[0], LOW_GPA);
	r[1] = guest_file_at(&ic.files[1], MIB(16));
	r[2] = guest_file_at(&ic.files[2], MIB(40));
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 3, &change), "update");
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.fixed_klm, can, "fixed: %d", st.fixed_klm);
	TEST_ASSERT_EQUAL(st.klms, (can ? 6u : 5u), "%u entries", st.klms);
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], MIB(16)), "0 and 16 MiB");
	TEST_ASSERT(ic_reaches(&ic.files[1], MIB(16), &ic.files[2], MIB(40)), "16 and 40 MiB");
	return ic_finish();
}

#define MANY HF_IOAS_MAX_REGIONS

static void
many_regions(struct hf_ioas_region *r, unsigned int n, uint64_t step)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		r[i] = (struct hf_ioas_region){
			.gpa = i * step, .len = KIB(4), .offset = i * KIB(8), .fd = ic.files[0].fd};
}

/* As many regions as there may be, of one file; and one more. */
static int
test_many(void)
{
	const struct outcome want = {.changed = true, .regions = MANY, .registered = MANY};
	const struct outcome one = {.changed = true,
		.regions = MANY,
		.registered = 1,
		.kept = MANY - 1,
		.destroyed = 1};
	static struct hf_ioas_region r[MANY + 1];
	struct snapshot before;
	struct hf_ioas_change change;

	many_regions(r, MANY + 1, KIB(16));
	TEST_ASSERT_SUCCESS(ic_update(r, MANY, &want), "%u regions", MANY);
	r[MANY / 2].offset += KIB(4);
	TEST_ASSERT_SUCCESS(ic_update(r, MANY, &one), "one of many");
	ic_snapshot(&before);
	TEST_ASSERT_EQUAL(
		hf_ioas_update(ic.as, r, MANY + 1, &change), -E2BIG, "%u regions", MANY + 1);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
	return ic_finish();
}

/* Holes of more pieces than a mkey has entries: known only after all was registered. */
static int
test_too_fragmented(void)
{
	struct hf_ioas_region r[64];
	struct snapshot before;
	struct hf_ioas_change change;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	many_regions(r, RTE_DIM(r), GIB(256));
	ic_snapshot(&before);
	TEST_ASSERT_EQUAL(hf_ioas_update(ic.as, r, RTE_DIM(r), &change), -E2BIG, "update");
	TEST_ASSERT(!change.changed, "changed");
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
	return ic_finish();
}

/* --- refused tables --- */

struct bad_table {
	const char *name;
	int ret; /* 0: any error */
	unsigned int n;
	struct hf_ioas_region r[3];
};

#define FD_FILE 1000 /* stands for a file of 8 MiB */
#define FD_EVENT 1001
#define FD_READ_ONLY 1002
#define FD_CLOSED 1003
#define GOOD \
	{ \
		.gpa = GIB(64), .len = MIB(8), .fd = FD_FILE \
	}

static const struct bad_table bad_tables[] = {
	{"empty region", -EINVAL, 2, {GOOD, {.gpa = 0, .len = 0, .fd = FD_FILE}}},
	{"wrap", -EINVAL, 2, {GOOD, {.gpa = -KIB(4), .len = KIB(8), .fd = FD_FILE}}},
	{"end at 64 bits", -EINVAL, 2, {GOOD, {.gpa = -KIB(4), .len = KIB(4), .fd = FD_FILE}}},
	{"length wraps", -EINVAL, 2, {GOOD, {.gpa = KIB(4), .len = -KIB(4), .fd = FD_FILE}}},
	{"half a page", -EINVAL, 2, {GOOD, {.gpa = 0, .len = 2048, .fd = FD_FILE}}},
	{"at half a page", -EINVAL, 2, {GOOD, {.gpa = 2048, .len = KIB(4), .fd = FD_FILE}}},
	{"from half a page", -EINVAL, 2,
		{GOOD, {.gpa = 0, .len = KIB(4), .offset = 512, .fd = FD_FILE}}},
	{"overlap", -EINVAL, 2, {GOOD, {.gpa = GIB(64) - MIB(4), .len = MIB(8), .fd = FD_FILE}}},
	{"overlap by a page", -EINVAL, 2,
		{GOOD, {.gpa = GIB(64) + MIB(8) - KIB(4), .len = KIB(4), .fd = FD_FILE}}},
	{"twice the same", -EINVAL, 2, {GOOD, GOOD}},
	{"one inside the other", -EINVAL, 3,
		{{.gpa = GIB(65), .len = MIB(1), .fd = FD_FILE}, GOOD,
			{.gpa = GIB(64) + MIB(1), .len = MIB(1), .fd = FD_FILE}}},
	{"file too short", -ENXIO, 2, {GOOD, {.gpa = 0, .len = MIB(9), .fd = FD_FILE}}},
	{"beyond the file", -ENXIO, 2,
		{GOOD, {.gpa = 0, .len = KIB(4), .offset = MIB(8), .fd = FD_FILE}}},
	{"offset beyond all files", -EINVAL, 2,
		{GOOD, {.gpa = 0, .len = KIB(8), .offset = INT64_MAX - 4095, .fd = FD_FILE}}},
	{"offset wraps", -EINVAL, 2,
		{GOOD, {.gpa = 0, .len = KIB(8), .offset = -KIB(4), .fd = FD_FILE}}},
	{"not a file", -ENODEV, 2, {GOOD, {.gpa = GIB(65), .len = KIB(4), .fd = FD_EVENT}}},
	{"read only", -EACCES, 2, {GOOD, {.gpa = GIB(65), .len = KIB(4), .fd = FD_READ_ONLY}}},
	{"closed", -EBADF, 2, {GOOD, {.gpa = GIB(65), .len = KIB(4), .fd = FD_CLOSED}}},
	{"no descriptor", -EINVAL, 2, {GOOD, {.gpa = GIB(65), .len = KIB(4), .fd = -2}}},
	{"private, nowhere", -EINVAL, 2, {GOOD, {.gpa = GIB(65), .len = KIB(4), .fd = -1}}},
	{"private, at half a page", -EINVAL, 2,
		{GOOD, {.gpa = GIB(65), .len = KIB(4), .fd = -1, .va = (void *)0x10000800}}},
	{"private, wraps", -EINVAL, 2,
		{GOOD, {.gpa = GIB(65), .len = KIB(8), .fd = -1, .va = (void *)-KIB(4)}}},
	/* found by the kernel, when the first region has been registered */
	{"private, not mapped", 0, 2,
		{GOOD, {.gpa = GIB(65), .len = KIB(4), .fd = -1, .va = (void *)0x10000}}},
};

static int
check_refused(const struct bad_table *t, const int fds[4])
{
	struct hf_ioas_region r[3];
	struct snapshot before;
	struct hf_ioas_change change;
	unsigned int i;
	int ret;

	memcpy(r, t->r, sizeof(r));
	for (i = 0; i < RTE_DIM(r); i++) {
		if (r[i].fd >= FD_FILE)
			r[i].fd = fds[r[i].fd - FD_FILE];
	}
	ic_snapshot(&before);
	ret = hf_ioas_update(ic.as, r, t->n, &change);
	TEST_ASSERT(t->ret != 0 ? ret == t->ret : ret < 0, "%d, expected %d", ret, t->ret);
	TEST_ASSERT(!change.changed, "changed");
	TEST_ASSERT(!hf_ioas_same(ic.as, r, t->n), "the same");
	/* What only the registration can find has no error of its own in the table. */
	TEST_ASSERT_EQUAL(hf_ioas_check(ic.as, r, t->n), t->ret, "checked only");
	return ic_unchanged(&before);
}

/* From the initial state, and from a live table. */
static int
test_refused(void)
{
	int fds[4];
	char path[32];
	unsigned int i, round;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", ic.files[2].fd);
	fds[0] = ic.files[2].fd;
	fds[1] = eventfd(0, EFD_CLOEXEC);
	fds[2] = open(path, O_RDONLY | O_CLOEXEC);
	TEST_ASSERT(fds[1] >= 0 && fds[2] >= 0, "open");
	fds[3] = 999;
	for (round = 0; round < 2; round++) {
		for (i = 0; i < RTE_DIM(bad_tables); i++)
			TEST_ASSERT_SUCCESS(check_refused(&bad_tables[i], fds), "table '%s'",
				bad_tables[i].name);
		if (round == 0)
			TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	}
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "the live table");
	close(fds[1]);
	close(fds[2]);
	return ic_finish();
}

/* --- users --- */

struct user {
	bool busy;
	int fails; /* prepare returns this */
	char *journal; /* of all users */
	char name; /* in the journal */
	uint32_t old_mkey, mkey; /* at prepare, before and after; commit's too */
	uint32_t live_at_commit;
	uint64_t gpa; /* that the new table has and the old one has not */
	bool seen_early, seen_late; /* gpa at prepare, at commit */
};

static void
user_write(struct user *u, char what)
{
	size_t at = strlen(u->journal);

	u->journal[at] = what;
	u->journal[at + 1] = u->name;
	u->journal[at + 2] = '\0';
}

static int
user_prepare(void *user, uint32_t new_mkey)
{
	struct user *u = user;

	user_write(u, 'p');
	u->old_mkey = hf_ioas_mkey(ic.as);
	u->mkey = new_mkey;
	u->seen_early = hf_ioas_gpa_to_hva(ic.as, u->gpa, 1) != NULL;
	return u->fails;
}

static void
user_commit(void *user, uint32_t new_mkey)
{
	struct user *u = user;

	user_write(u, new_mkey == u->mkey ? 'c' : '?');
	u->live_at_commit = hf_ioas_mkey(ic.as);
	u->seen_late = hf_ioas_gpa_to_hva(ic.as, u->gpa, 1) != NULL;
}

static void
user_abort(void *user)
{
	user_write(user, 'a');
}

static bool
user_busy(void *user)
{
	return ((struct user *)user)->busy;
}

static const struct hf_ioas_user_ops user_ops = {.busy = user_busy,
	.prepare = user_prepare,
	.commit = user_commit,
	.abort = user_abort};

static int
users_join(struct user *u, unsigned int n, char *journal)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		u[i] = (struct user){.journal = journal, .name = '1' + i, .gpa = GIB(64)};
		TEST_ASSERT_SUCCESS(hf_ioas_user_add(ic.as, &user_ops, &u[i]), "user %u", i);
	}
	TEST_ASSERT_EQUAL(hf_ioas_user_add(ic.as, &user_ops, &u[0]), -EEXIST, "the same twice");
	return TEST_SUCCESS;
}

static int
test_users(void)
{
	const struct outcome none = {.regions = 2, .kept = 2};
	const struct outcome plug = {.changed = true, .regions = 3, .registered = 1, .kept = 2};
	struct hf_ioas_region r[3];
	char journal[32] = "";
	struct user u[3];
	uint32_t old;

	TEST_ASSERT_SUCCESS(users_join(u, 3, journal), "users");
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	TEST_ASSERT(strcmp(journal, "p1p2p3c1c2c3") == 0, "%s", journal);
	journal[0] = '\0';
	ic_two_regions(r);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &none), "the same");
	TEST_ASSERT(strcmp(journal, "") == 0, "called for nothing: %s", journal);
	old = hf_ioas_mkey(ic.as);
	hf_ioas_user_del(ic.as, &u[1]);
	hf_ioas_user_del(ic.as, &u[1]);
	r[2] = guest_file_at(&ic.files[2], GIB(64));
	TEST_ASSERT_SUCCESS(ic_update(r, 3, &plug), "plug");
	TEST_ASSERT(strcmp(journal, "p1p3c1c3") == 0, "%s", journal);
	TEST_ASSERT(u[0].old_mkey == old && u[0].mkey == hf_ioas_mkey(ic.as), "keys");
	TEST_ASSERT_EQUAL(u[2].live_at_commit, u[2].mkey, "commit under the old key");
	TEST_ASSERT(!u[0].seen_early && u[2].seen_late, "look-ups in the call-backs");
	u[2].busy = true;
	TEST_ASSERT_EQUAL(hf_ioas_reset_map(ic.as, NULL), -EBUSY, "reset under users");
	TEST_ASSERT_EQUAL(hf_ioas_destroy(ic.as), -EBUSY, "destroy under users");
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "it is as it was");
	hf_ioas_user_del(ic.as, &u[0]);
	hf_ioas_user_del(ic.as, &u[2]);
	TEST_ASSERT_SUCCESS(hf_ioas_reset_map(ic.as, NULL), "reset");
	hf_ioas_flush(ic.as);
	TEST_ASSERT_EQUAL(hf_ioas_mkey(ic.as), 0, "a mkey after the reset");
	TEST_ASSERT_NULL(hf_ioas_gpa_to_hva(ic.as, LOW_GPA, 1), "an address after the reset");
	TEST_ASSERT_SUCCESS(ic_update_two(), "again");
	return ic_finish();
}

/* One that can't switch: who was ready goes back, last one first, and nothing has changed. */
static int
test_user_fails(void)
{
	static const char *const journals[] = {"p1", "p1p2a1", "p1p2p3a2a1"};
	const struct outcome plug = {.changed = true, .regions = 3, .registered = 1, .kept = 2};
	struct hf_ioas_region r[3];
	struct snapshot before;
	char journal[32] = "";
	unsigned int i;
	struct user u[3];
	struct hf_ioas_change change;
	int ret;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	TEST_ASSERT_SUCCESS(users_join(u, 3, journal), "users");
	ic_two_regions(r);
	r[2] = guest_file_at(&ic.files[2], GIB(64));
	for (i = 0; i < 3; i++) {
		journal[0] = '\0';
		u[i].fails = -ETIMEDOUT;
		change.changed = true;
		ic_snapshot(&before);
		ret = hf_ioas_update(ic.as, r, 3, &change);
		TEST_ASSERT_EQUAL(ret, -ETIMEDOUT, "%d", ret);
		TEST_ASSERT(!change.changed, "changed");
		TEST_ASSERT(strcmp(journal, journals[i]) == 0, "%s", journal);
		TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
		u[i].fails = 0;
	}
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "the old table");
	TEST_ASSERT_SUCCESS(ic_update(r, 3, &plug), "all can");
	for (i = 0; i < 3; i++)
		hf_ioas_user_del(ic.as, &u[i]);
	return ic_finish();
}

/* --- commands that fail --- */

/* Each of the commands of an update: to register the new region, and to make the new mkey. */
static int
test_command_fails(void)
{
	const struct outcome plug = {.changed = true, .regions = 3, .registered = 1, .kept = 2};
	struct hf_ioas_region r[3];
	char journal[32] = "";
	struct snapshot before;
	unsigned int nth;
	struct hf_ioas_change change;
	struct user u;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	TEST_ASSERT_SUCCESS(users_join(&u, 1, journal), "user");
	ic_two_regions(r);
	r[2] = guest_file_at(&ic.files[2], HIGH_GPA + MIB(8));
	ic_snapshot(&before);
	for (nth = 1; nth <= 2; nth++) {
		TEST_ASSERT_SUCCESS(nic_ctl_fail("CREATE_MKEY:%u", nth), "fail");
		change.changed = true;
		TEST_ASSERT(
			hf_ioas_update(ic.as, r, 3, &change) < 0, "success without key %u", nth);
		TEST_ASSERT(!change.changed, "changed");
		TEST_ASSERT(strcmp(journal, "") == 0, "users were called: %s", journal);
		TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
	}
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "the old table");
	TEST_ASSERT_SUCCESS(ic_update(r, 3, &plug), "the next time");
	hf_ioas_user_del(ic.as, &u);
	return ic_finish();
}

/* The old key stays in the NIC: the switch is done all the same, and the key is tried again. */
static int
test_old_mkey_stays(void)
{
	struct hf_ioas_change change;
	struct hf_ioas_region r[3];
	struct hf_ioas_stats st;
	unsigned int left;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	ic_two_regions(r);
	r[2] = guest_file_at(&ic.files[2], HIGH_GPA + MIB(8));
	TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_MKEY:1"), "fail");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 3, &change), "update");
	TEST_ASSERT(change.changed, "not changed");
	hf_work_flush(ic.work);
	TEST_ASSERT(
		ic_reaches(&ic.files[0], LOW_GPA, &ic.files[2], HIGH_GPA + MIB(8)), "the new key");
	left = hf_objs_count(hf_devx_objs(ic.rig.dev), "mkey");
	TEST_ASSERT_EQUAL(left, ic.base_mkeys + 2, "%u keys in the table", left);
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.mkeys_destroyed, 0, "%" PRIu64 " destroyed", st.mkeys_destroyed);
	hf_ioas_flush(ic.as);
	left = hf_objs_count(hf_devx_objs(ic.rig.dev), "mkey");
	TEST_ASSERT_EQUAL(left, ic.base_mkeys + 1, "%u keys in the table after a flush", left);
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.mkeys_destroyed, 1, "%" PRIu64 " destroyed", st.mkeys_destroyed);
	return ic_finish();
}

#define REFUSALS 8 /* more than a key and two MRs are tried, and tried again */

/* What the NIC never gives up is a leak with a name, and its memory stays mapped. */
static int
test_leak(void)
{
	unsigned int maps, left, i;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	maps = process_maps();
	for (i = 1; i <= REFUSALS; i++)
		TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_MKEY:%u:BAD_RES", i), "fail");
	TEST_ASSERT_SUCCESS(hf_ioas_destroy(ic.as), "destroy");
	ic.as = NULL;
	TEST_ASSERT_SUCCESS(nic_ctl_fail_clear(), "clear");
	TEST_ASSERT_EQUAL(process_maps(), maps, "the memory of MRs was unmapped");
	left = rig_close(&ic.rig);
	TEST_ASSERT_EQUAL(left, 3, "%u leaks reported", left);
	return rig_open(&ic.rig);
}

/* --- look-ups while tables change --- */

#define SWITCHES 100

struct watcher {
	pthread_t thread;
	atomic_bool stop;
	const void *low; /* that all tables have */
	uint64_t rounds, wrong;
};

static void *
watch(void *arg)
{
	struct watcher *w = arg;
	struct hf_ioas_region r[2];
	struct hf_ioas_stats st;

	ic_two_regions(r);
	while (!atomic_load(&w->stop)) {
		hf_ioas_stats(ic.as, &st);
		w->wrong += hf_ioas_gpa_to_hva(ic.as, LOW_GPA, MIB(8)) != w->low;
		w->wrong += hf_ioas_mkey(ic.as) == 0;
		w->wrong += st.regions != 1 && st.regions != 2;
		hf_ioas_same(ic.as, r, 2);
		w->rounds++;
	}
	return NULL;
}

static int
test_lookups_meanwhile(void)
{
	struct watcher w = {.stop = false};
	struct hf_ioas_region r[2];
	unsigned int i, failed = 0;
	struct hf_ioas_change change;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	w.low = hf_ioas_gpa_to_hva(ic.as, LOW_GPA, 1);
	ic_two_regions(r);
	TEST_ASSERT_SUCCESS(pthread_create(&w.thread, NULL, watch, &w), "thread");
	for (i = 0; i < SWITCHES; i++)
		failed += hf_ioas_update(ic.as, r, 1 + i % 2, &change) != 0 || !change.changed;
	atomic_store(&w.stop, true);
	pthread_join(w.thread, NULL);
	TEST_ASSERT_EQUAL(failed, 0, "%u updates failed", failed);
	TEST_ASSERT_EQUAL(
		w.wrong, 0, "%" PRIu64 " of %" PRIu64 " looks were wrong", w.wrong, w.rounds);
	return ic_finish();
}

#define IOAS_CASE(fn) TEST_CASE_ST(ic_setup, ic_teardown, fn)

static struct unit_test_suite ioas_suite = {
	.suite_name = "ioas",
	.unit_test_cases =
		{
			IOAS_CASE(test_empty),
			IOAS_CASE(test_access),
			IOAS_CASE(test_lookup),
			IOAS_CASE(test_place),
			IOAS_CASE(test_same),
			IOAS_CASE(test_hotplug),
			IOAS_CASE(test_replaced),
			IOAS_CASE(test_exchanged),
			IOAS_CASE(test_device_node),
			IOAS_CASE(test_caller_unmaps),
			IOAS_CASE(test_private),
			IOAS_CASE(test_large),
			IOAS_CASE(test_huge_pages),
			IOAS_CASE(test_fixed),
			IOAS_CASE(test_many),
			IOAS_CASE(test_too_fragmented),
			IOAS_CASE(test_refused),
			IOAS_CASE(test_users),
			IOAS_CASE(test_user_fails),
			IOAS_CASE(test_command_fails),
			IOAS_CASE(test_old_mkey_stays),
			IOAS_CASE(test_leak),
			IOAS_CASE(test_lookups_meanwhile),
			TEST_CASES_END(),
		},
};

static int
test_ioas(void)
{
	return unit_test_suite_runner(&ioas_suite);
}

REGISTER_TEST_COMMAND(ioas_autotest, test_ioas);
