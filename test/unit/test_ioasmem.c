/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Address spaces and the memory itself: what is the same memory, who shares a mapping, how it is
 * cut and counted, and what limits it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/memfd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_log.h>

#include "hf_work.h"
#include "ioas_case.h"

/* --- the log --- */

static char *log_text;
static size_t log_len;
static FILE *log_file;

static void
log_begin(void)
{
	log_file = open_memstream(&log_text, &log_len);
	rte_openlog_stream(log_file);
}

/* Was there a line with this in it since log_begin()? */
static bool
log_end(const char *what)
{
	bool found;

	rte_openlog_stream(NULL);
	fclose(log_file);
	found = strstr(log_text, what) != NULL;
	if (!found)
		printf("%s", log_text);
	free(log_text);
	return found;
}

/* --- identity --- */

static const struct outcome same_two = {.regions = 2, .kept = 2};
static const struct outcome other_one = {.changed = true,
	.regions = 2,
	.registered = 1,
	.kept = 1,
	.destroyed = 1};

/* Pages that come are no other memory; pages that go, and come again, are. */
static int
test_pages_taken(void)
{
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	struct guest_file *f = &ic.files[0];
	struct hf_ioas_region r[2];
	struct snapshot before;
	uint8_t *hva;

	ic_two_regions(r);
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	memset(f->view, 0x11, MIB(4));
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &same_two), "written");
	TEST_ASSERT_SUCCESS(fallocate(f->fd, 0, 0, MIB(8)), "fallocate");
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &same_two), "filled");
	TEST_ASSERT_SUCCESS(fallocate(f->fd, punch, MIB(2), KIB(4)), "punch");
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "a hole is the same");
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &other_one), "hole");
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &same_two), "the hole was there before");
	/* as a front end does that starts anew on its file */
	TEST_ASSERT_SUCCESS(ftruncate(f->fd, 0), "truncate");
	TEST_ASSERT_SUCCESS(ftruncate(f->fd, MIB(8)), "grow");
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "a truncated file is the same");
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &other_one), "truncated");
	hva = hf_ioas_gpa_to_hva(ic.as, LOW_GPA, MIB(8));
	TEST_ASSERT_EQUAL(hva[0], 0, "old content");
	f->view[5] = 0x22;
	TEST_ASSERT_EQUAL(hva[5], 0x22, "not the file's memory");
	TEST_ASSERT(ic_reaches(f, LOW_GPA, &ic.files[1], HIGH_GPA), "access");
	TEST_ASSERT_SUCCESS(ftruncate(f->fd, MIB(4)), "cut short");
	ic_snapshot(&before);
	TEST_ASSERT_EQUAL(hf_ioas_update(ic.as, r, 2, NULL), -ENXIO, "a file cut short");
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
	return ic_finish();
}

/* A file of huge pages, or NULL in .view: there are none. */
static void
huge_open(struct guest_file *f, uint64_t len)
{
	f->len = len;
	f->view = MAP_FAILED;
	f->fd = memfd_create("guest-huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	if (f->fd >= 0 && ftruncate(f->fd, (off_t)len) == 0)
		f->view = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	if (f->view != MAP_FAILED)
		return;
	f->view = NULL;
	guest_file_close(f);
	printf("   no huge pages of 2 MiB: vm.nr_hugepages has to be 3 or more\n");
}

/* A file of huge pages that was truncated and filled again has as many pages as before. */
static int
test_huge_truncated(void)
{
	const struct outcome first = {.changed = true, .regions = 1, .registered = 1};
	const struct outcome same = {.regions = 1, .kept = 1};
	const struct outcome other = {
		.changed = true, .regions = 1, .registered = 1, .destroyed = 1};
	struct hf_ioas_region r;
	struct guest_file f;

	huge_open(&f, MIB(6));
	if (f.view == NULL)
		return TEST_SKIPPED;
	memset(f.view, 0x33, f.len);
	r = guest_file_at(&f, 0);
	TEST_ASSERT_SUCCESS(ic_update(&r, 1, &first), "update");
	memset(f.view, 0x34, f.len);
	TEST_ASSERT_SUCCESS(ic_update(&r, 1, &same), "written");
	/* Time stamps have the grain of a clock tick. */
	usleep(20000);
	TEST_ASSERT_SUCCESS(ftruncate(f.fd, 0), "truncate");
	TEST_ASSERT_SUCCESS(ftruncate(f.fd, (off_t)f.len), "grow");
	memset(f.view, 0x35, f.len);
	TEST_ASSERT(!hf_ioas_same(ic.as, &r, 1), "a truncated file is the same");
	TEST_ASSERT_SUCCESS(ic_update(&r, 1, &other), "truncated");
	TEST_ASSERT_EQUAL(*(uint8_t *)hf_ioas_gpa_to_hva(ic.as, MIB(5), 1), 0x35, "content");
	guest_file_close(&f);
	return ic_finish();
}

/* --- pieces --- */

static int
test_pieces(void)
{
	const struct outcome first = {.changed = true, .regions = 2, .registered = 8 + 4};
	const struct outcome other = {
		.changed = true, .regions = 2, .registered = 4, .kept = 8, .destroyed = 4};
	struct guest_file part = {.fd = -1, .len = MIB(7), .view = ic.files[0].view + KIB(512)};
	struct hf_ioas_region_info info;
	struct hf_ioas_region r[2];
	struct dma_probe p;

	TEST_ASSERT_SUCCESS(
		ic_attr((struct hf_ioas_attr){.piece = MIB(1), .numa_node = -1}), "address space");
	/* half a piece, six, and half of one; then four */
	r[0] = guest_file_at(&ic.files[0], GIB(1));
	r[0].offset = KIB(512);
	r[0].len = MIB(7);
	r[1] = guest_file_at(&ic.files[1], HIGH_GPA);
	r[1].len = MIB(4);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &first), "update");
	TEST_ASSERT_SUCCESS(hf_ioas_region_info(ic.as, 0, &info), "region");
	TEST_ASSERT_EQUAL(info.mrs, 8, "%u MRs", info.mrs);
	TEST_ASSERT(ic_reaches(&part, GIB(1), &part, GIB(1)), "access");
	/* a frame that begins in one piece and ends in the next */
	p = (struct dma_probe){
		.desc = ic_place(&part, GIB(1), 0),
		.avail = ic_place(&part, GIB(1), MIB(2)),
		.used = ic_place(&part, GIB(1), MIB(3)),
		.buf = ic_place(&part, GIB(1), KIB(512) + MIB(4) - 32),
	};
	TEST_ASSERT(dma_probe(&ic.rig, hf_ioas_mkey(ic.as), &p), "across two pieces");
	r[1].offset = MIB(4);
	TEST_ASSERT_SUCCESS(ic_update(r, 2, &other), "another part of the second file");
	return ic_finish();
}

/* No piece is smaller than a page of the file, and no cut is within one. */
static int
test_huge_pieces(void)
{
	const struct outcome first = {.changed = true, .regions = 1, .registered = 3};
	struct guest_file f, part;
	struct hf_ioas_region r;

	huge_open(&f, MIB(6));
	if (f.view == NULL)
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(
		ic_attr((struct hf_ioas_attr){.piece = KIB(4), .numa_node = -1}), "address space");
	/* half a page, one page, half a page */
	r = (struct hf_ioas_region){.gpa = GIB(1), .len = MIB(4), .offset = MIB(1), .fd = f.fd};
	TEST_ASSERT_SUCCESS(ic_update(&r, 1, &first), "update");
	part = (struct guest_file){.fd = -1, .len = MIB(4), .view = f.view + MIB(1)};
	TEST_ASSERT(ic_reaches(&part, GIB(1), &part, GIB(1)), "access");
	guest_file_close(&f);
	return ic_finish();
}

static int
test_bad_attr(void)
{
	const uint64_t bad[] = {1, 2048, 3 * KIB(4), MIB(1) + 1};
	struct hf_ioas_attr attr = {0};
	struct hf_ioas *as;
	unsigned int i;

	for (i = 0; i < RTE_DIM(bad); i++) {
		attr.piece = bad[i];
		TEST_ASSERT_EQUAL(hf_ioas_create(ic.rig.dev, &attr, &as), -EINVAL,
			"pieces of %" PRIu64, bad[i]);
	}
	return ic_finish();
}

/* --- one mapping for all --- */

static int
check_process(uint64_t bytes, uint32_t maps)
{
	uint64_t b;
	uint32_t m;

	hf_ioas_process_maps(&b, &m);
	TEST_ASSERT(b == bytes && m == maps, "%" PRIu64 " bytes in %u mappings", b, m);
	return TEST_SUCCESS;
}

/* Two devices of one guest: each registers for itself, and the pages are mapped once. */
static int
test_shared(void)
{
	struct hf_ioas_attr attr = {.work = ic.work, .numa_node = -1};
	struct hf_ioas_region r[3];
	struct hf_ioas *as;
	struct rig other;
	void *low;

	TEST_ASSERT_SUCCESS(rig_open(&other), "a second device");
	TEST_ASSERT_SUCCESS(hf_ioas_create(other.dev, &attr, &as), "create");
	TEST_ASSERT_SUCCESS(check_process(0, 0), "nothing");
	TEST_ASSERT_SUCCESS(ic_update_two(), "first");
	TEST_ASSERT_SUCCESS(check_process(MIB(16), 2), "first");
	ic_two_regions(r);
	/* the same memory elsewhere in the guest, another part of it */
	r[1].gpa = GIB(8);
	r[2] = r[1];
	r[2].gpa = GIB(16);
	r[2].offset = MIB(4);
	r[2].len = MIB(4);
	TEST_ASSERT_SUCCESS(hf_ioas_update(as, r, 3, NULL), "second");
	TEST_ASSERT_SUCCESS(check_process(MIB(20), 3), "both");
	low = hf_ioas_gpa_to_hva(ic.as, LOW_GPA, 1);
	TEST_ASSERT(hf_ioas_gpa_to_hva(as, LOW_GPA, 1) == low, "two mappings of one region");
	TEST_ASSERT(hf_ioas_gpa_to_hva(as, GIB(8), 1) == hf_ioas_gpa_to_hva(ic.as, HIGH_GPA, 1),
		"two mappings of one region");
	TEST_ASSERT_SUCCESS(hf_ioas_reset_map(ic.as, NULL), "reset of the first");
	hf_ioas_flush(ic.as);
	TEST_ASSERT_SUCCESS(check_process(MIB(20), 3), "the second");
	TEST_ASSERT(hf_ioas_gpa_to_hva(as, LOW_GPA, 1) == low, "the address is another one");
	TEST_ASSERT_SUCCESS(ic_update_two(), "first again");
	TEST_ASSERT(hf_ioas_gpa_to_hva(ic.as, LOW_GPA, 1) == low, "the address is another one");
	TEST_ASSERT_SUCCESS(hf_ioas_destroy(as), "destroy");
	TEST_ASSERT_SUCCESS(check_process(MIB(16), 2), "the first");
	TEST_ASSERT(ic_reaches(&ic.files[0], LOW_GPA, &ic.files[1], HIGH_GPA), "access");
	TEST_ASSERT_EQUAL(rig_close(&other), 0, "leaks of the second device");
	TEST_ASSERT_SUCCESS(ic_finish(), "finish");
	return check_process(0, 0);
}

/* What one device finds out about the memory holds for the other. */
static int
test_shared_truncated(void)
{
	struct hf_ioas_attr attr = {.work = ic.work, .numa_node = -1};
	struct hf_ioas_change change;
	struct hf_ioas_region r[2];
	struct hf_ioas *as;

	memset(ic.files[0].view, 0x44, MIB(8));
	ic_two_regions(r);
	TEST_ASSERT_SUCCESS(hf_ioas_create(ic.rig.dev, &attr, &as), "create");
	TEST_ASSERT_SUCCESS(ic_update_two(), "first");
	TEST_ASSERT_SUCCESS(hf_ioas_update(as, r, 2, NULL), "second");
	TEST_ASSERT(hf_ioas_same(as, r, 2), "same");
	TEST_ASSERT_SUCCESS(ftruncate(ic.files[0].fd, 0), "truncate");
	TEST_ASSERT_SUCCESS(ftruncate(ic.files[0].fd, MIB(8)), "grow");
	TEST_ASSERT(!hf_ioas_same(ic.as, r, 2), "a truncated file is the same");
	/* The next pages are no reason to forget it. */
	memset(ic.files[0].view, 0x45, MIB(8));
	TEST_ASSERT(!hf_ioas_same(as, r, 2), "the same for the other one");
	TEST_ASSERT_SUCCESS(hf_ioas_update(as, r, 2, &change), "second again");
	TEST_ASSERT(change.registered == 1 && change.kept == 1, "%u registered", change.registered);
	TEST_ASSERT_EQUAL(*(uint8_t *)hf_ioas_gpa_to_hva(as, LOW_GPA, 1), 0x45, "content");
	TEST_ASSERT_SUCCESS(hf_ioas_destroy(as), "destroy");
	return ic_finish();
}

/* --- destruction later --- */

struct gate {
	atomic_bool open;
};

static void
gate_wait(void *arg)
{
	while (!atomic_load(&((struct gate *)arg)->open))
		usleep(1000);
}

/* While a worker is kept busy with something else, what is gone from the map is still pinned. */
static int
test_deferred(void)
{
	struct gate gate = {.open = false};
	struct hf_ioas_region r[2];
	struct hf_ioas_stats st;
	struct nic_mrs nic[2];

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	nic_ctl_mrs(&nic[0]);
	ic_two_regions(r);
	TEST_ASSERT_SUCCESS(hf_work_defer(ic.work, gate_wait, &gate), "defer");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 1, NULL), "one less");
	hf_ioas_stats(ic.as, &st);
	nic_ctl_mrs(&nic[1]);
	/* Before anything is asserted: the pool has to end. */
	atomic_store(&gate.open, true);
	hf_work_flush(ic.work);
	TEST_ASSERT(st.live_bytes == MIB(8) && st.mrs == 1, "live");
	TEST_ASSERT(st.deferred_bytes == MIB(8) && st.deferred_mrs == 1,
		"%" PRIu64 " bytes, %u MRs deferred", st.deferred_bytes, st.deferred_mrs);
	TEST_ASSERT(st.mrs_destroyed == 0 && st.mkeys_destroyed == 0, "destroyed already");
	TEST_ASSERT_EQUAL(nic[1].bytes, nic[0].bytes, "%" PRIu64 " bytes in the NIC", nic[1].bytes);
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT(st.deferred_bytes == 0 && st.deferred_mrs == 0, "deferred still");
	TEST_ASSERT(st.mrs_destroyed == 1 && st.mkeys_destroyed == 1, "not destroyed");
	return ic_finish();
}

/* What the NIC refuses to give up stays mapped and counted, and is tried again. */
static int
test_refused_destroy(void)
{
	struct hf_ioas_region r[2];
	struct hf_ioas_stats st;
	unsigned int maps;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	maps = process_maps();
	ic_two_regions(r);
	/* the mkey goes first, then the MR */
	TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_MKEY:2:BAD_RES"), "fail");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 1, NULL), "one less");
	hf_work_flush(ic.work);
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT(st.deferred_bytes == MIB(8) && st.deferred_mrs == 1, "%u MRs deferred",
		st.deferred_mrs);
	TEST_ASSERT_EQUAL(process_maps(), maps, "unmapped below the NIC");
	r[1] = guest_file_at(&ic.files[2], HIGH_GPA);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, NULL), "the next change");
	hf_work_flush(ic.work);
	hf_ioas_stats(ic.as, &st);
	TEST_ASSERT_EQUAL(st.deferred_mrs, 0, "%u MRs deferred", st.deferred_mrs);
	TEST_ASSERT_EQUAL(st.mrs_destroyed, 1, "%" PRIu64 " destroyed", st.mrs_destroyed);
	TEST_ASSERT_EQUAL(process_maps(), maps, "not unmapped");
	return ic_finish();
}

/* --- limits --- */

static int
test_pinned_max(void)
{
	const struct outcome one = {.changed = true, .regions = 3, .registered = 1, .kept = 2};
	struct gate gate = {.open = false};
	struct hf_ioas_region r[3];
	struct snapshot before;
	int ret;

	TEST_ASSERT_SUCCESS(ic_update_two(), "update");
	ic_two_regions(r);
	r[2] = guest_file_at(&ic.files[2], GIB(8));
	hf_ioas_pinned_max_set(ic.as, MIB(24) - 1);
	ic_snapshot(&before);
	log_begin();
	ret = hf_ioas_update(ic.as, r, 3, NULL);
	TEST_ASSERT(log_end("8388608 bytes to pin, 16777216 are pinned and 0 not yet unpinned:"
			    " more than mr_pinned_max=25165823"),
		"line");
	TEST_ASSERT_EQUAL(ret, -ENOMEM, "a byte too many: %d", ret);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
	hf_ioas_pinned_max_set(ic.as, MIB(24));
	TEST_ASSERT_SUCCESS(ic_update(r, 3, &one), "just enough");
	/* What is deferred only is no reason to refuse. */
	TEST_ASSERT_SUCCESS(hf_work_defer(ic.work, gate_wait, &gate), "defer");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, NULL), "one less");
	ret = hf_ioas_update(ic.as, r, 3, NULL);
	atomic_store(&gate.open, true);
	TEST_ASSERT_SUCCESS(ret, "in the place of what is deferred: %d", ret);
	TEST_ASSERT_SUCCESS(hf_ioas_check(ic.as, r, 3), "just enough");
	hf_ioas_pinned_max_set(ic.as, MIB(24) - 1);
	TEST_ASSERT_EQUAL(hf_ioas_check(ic.as, r, 3), -ENOMEM, "never possible");
	hf_ioas_pinned_max_set(ic.as, MIB(1));
	TEST_ASSERT(hf_ioas_same(ic.as, r, 3), "what is pinned above a new bound goes");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 3, NULL), "the same table");
	return ic_finish();
}

/* Take CAP_IPC_LOCK away, or give it back. */
static int
ipc_lock(bool on)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t *word = &data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective;

	if (syscall(SYS_capget, &head, data) != 0)
		return -errno;
	if (on)
		*word |= CAP_TO_MASK(CAP_IPC_LOCK) & data[CAP_TO_INDEX(CAP_IPC_LOCK)].permitted;
	else
		*word &= ~CAP_TO_MASK(CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, data) == 0 ? 0 : -errno;
}

/* What an update gives in a process that may pin 'limit' bytes; 1: that can't be set up. */
static int
update_within(rlim_t limit, const struct hf_ioas_region *r, unsigned int n)
{
	struct rlimit saved, low;
	int ret = 1;

	getrlimit(RLIMIT_MEMLOCK, &saved);
	low = (struct rlimit){.rlim_cur = limit, .rlim_max = saved.rlim_max};
	if (ipc_lock(false) == 0 && setrlimit(RLIMIT_MEMLOCK, &low) == 0)
		ret = hf_ioas_update(ic.as, r, n, NULL);
	setrlimit(RLIMIT_MEMLOCK, &saved);
	ipc_lock(true);
	return ret;
}

/* Small enough for the limit that a process without any rights starts with. */
static int
test_memlock(void)
{
	struct gate gate = {.open = false};
	struct hf_ioas_region r[3];
	struct snapshot before;
	bool line;
	int ret;

	ic_two_regions(r);
	r[0].len = r[1].len = KIB(512);
	r[2] = (struct hf_ioas_region){.gpa = GIB(8), .len = KIB(64), .fd = ic.files[2].fd};
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, NULL), "update");
	ic_snapshot(&before);
	log_begin();
	ret = update_within(MIB(1) + KIB(60), r, 3);
	line = log_end("65536 bytes to pin, RLIMIT_MEMLOCK leaves 61440 of 1110016");
	if (ret == 1)
		return TEST_SKIPPED;
	TEST_ASSERT(line, "line");
	TEST_ASSERT_EQUAL(ret, -ENOMEM, "a page too many: %d", ret);
	TEST_ASSERT_SUCCESS(ic_unchanged(&before), "state");
	ret = update_within(MIB(1) + KIB(64), r, 3);
	TEST_ASSERT_SUCCESS(ret, "just enough: %d", ret);
	/* What is deferred goes first. */
	hf_ioas_flush(ic.as);
	TEST_ASSERT_SUCCESS(hf_work_defer(ic.work, gate_wait, &gate), "defer");
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, r, 2, NULL), "one less");
	ret = update_within(MIB(1) + KIB(64), r, 3);
	atomic_store(&gate.open, true);
	TEST_ASSERT_SUCCESS(ret, "in the place of what is deferred: %d", ret);
	return ic_finish();
}

/* --- NUMA --- */

static int
test_numa(void)
{
	struct hf_ioas_region_info info;
	struct hf_ioas_region r[2];
	int node = -1, ret;
	void *page;

	ic_two_regions(r);
	page = ic.files[0].view + KIB(64);
	memset(page, 1, KIB(4));
	if (syscall(SYS_move_pages, 0, 1, &page, NULL, &node, 0) != 0 || node < 0)
		return TEST_SKIPPED;
	TEST_ASSERT_SUCCESS(ic_attr((struct hf_ioas_attr){.numa_node = node + 1}), "create");
	log_begin();
	ret = hf_ioas_update(ic.as, r, 2, NULL);
	TEST_ASSERT(log_end("1 new regions are on another NUMA node than the NIC"), "line");
	TEST_ASSERT_SUCCESS(ret, "update");
	TEST_ASSERT_SUCCESS(hf_ioas_region_info(ic.as, 0, &info), "first region");
	TEST_ASSERT_EQUAL(info.numa_node, node, "node %d", info.numa_node);
	TEST_ASSERT_SUCCESS(hf_ioas_region_info(ic.as, 1, &info), "second region");
	TEST_ASSERT_EQUAL(info.numa_node, -1, "node %d of no page", info.numa_node);
	return ic_finish();
}

#define MEM_CASE(fn) TEST_CASE_ST(ic_setup, ic_teardown, fn)

static struct unit_test_suite ioasmem_suite = {
	.suite_name = "ioasmem",
	.unit_test_cases =
		{
			MEM_CASE(test_pages_taken),
			MEM_CASE(test_huge_truncated),
			MEM_CASE(test_pieces),
			MEM_CASE(test_huge_pieces),
			MEM_CASE(test_bad_attr),
			MEM_CASE(test_shared),
			MEM_CASE(test_shared_truncated),
			MEM_CASE(test_deferred),
			MEM_CASE(test_refused_destroy),
			MEM_CASE(test_pinned_max),
			MEM_CASE(test_memlock),
			MEM_CASE(test_numa),
			TEST_CASES_END(),
		},
};

static int
test_ioasmem(void)
{
	return unit_test_suite_runner(&ioasmem_suite);
}

REGISTER_TEST_COMMAND(ioasmem_autotest, test_ioasmem);
