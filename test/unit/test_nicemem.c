/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Memory of the emulated NIC, without a NIC: pins that outlive the application's mapping, calls
 * that are held back, faults that are caught, and translation through memory keys.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>

#include "mem/mem_int.h"
#include "test.h"

#define LEN 0x4000u
#define HUGE_LEN (2u << 20)
#define PAGE 0x1000u

/* Does the address belong to a mapping? */
static bool
mapped(const void *p)
{
	unsigned char vec;

	return mincore((void *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1)), PAGE, &vec) == 0;
}

static uint8_t *
map_fd(int fd, size_t len)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static uint8_t *
map_private(size_t len)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static uint8_t *
pin_at(const struct mem_pin *pin, uint64_t off)
{
	uint64_t contig;

	return mem_pin_ptr(pin, off, &contig);
}

/* --- mappings --- */

/* Neighbours of different rights are mappings of their own, each of one page. */
static uint8_t *
map_pages(unsigned int n)
{
	uint8_t *p = map_private(n * PAGE);
	unsigned int i;

	for (i = 0; p != NULL && i < n; i += 2) {
		if (mprotect(p + i * PAGE, PAGE, PROT_READ) != 0)
			return NULL;
	}
	return p;
}

static int
check_walk(struct mem_vma_walk *w, const uint8_t *p, unsigned int n)
{
	struct mem_vma v;
	unsigned int i;

	for (i = 0; i < n; i++) {
		uintptr_t at = (uintptr_t)p + i * PAGE;

		TEST_ASSERT_EQUAL(mem_vma_at(w, at + 8, &v), 0, "page %u", i);
		TEST_ASSERT(v.start == at && v.end == at + PAGE, "page %u: other place", i);
		TEST_ASSERT(v.read && v.write == (i % 2 != 0) && !v.shared, "page %u: rights", i);
	}
	return TEST_SUCCESS;
}

/* Kernels that answer do so without a look at other mappings; those that do not give a list. */
static int
test_vma(void)
{
	struct mem_vma_walk asks, scans;
	uint8_t *p = map_pages(512);
	struct mem_vma v;

	TEST_ASSERT_NOT_NULL(p, "mappings: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_vma_open(&asks), 0, "open");
	TEST_ASSERT_EQUAL(mem_vma_open(&scans), 0, "open");
	scans.scans = true;
	TEST_ASSERT_EQUAL(check_walk(&asks, p, 512), 0, "asked");
	TEST_ASSERT_EQUAL(check_walk(&scans, p, 512), 0, "scanned");
	TEST_ASSERT(asks.scans || asks.looked_at == 512, "%u looked at for 512", asks.looked_at);
	munmap(p, 512 * PAGE);
	TEST_ASSERT_EQUAL(mem_vma_at(&asks, (uintptr_t)p, &v), -EFAULT, "what is unmapped");
	mem_vma_close(&asks);
	mem_vma_close(&scans);
	return TEST_SUCCESS;
}

/* --- shared memory: a mapping of the NIC's own --- */

/* What is written by the NIC after the application has unmapped is there when it maps again. */
static int
check_shared(int fd, size_t len)
{
	uint8_t *p = map_fd(fd, len);
	struct mem_pin *pin;
	int rc;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	strcpy((char *)p + PAGE + 8, "before");
	rc = mem_pin((uintptr_t)p + PAGE + 8, len - 2 * PAGE, true, &pin);
	TEST_ASSERT_EQUAL(rc, 0, "pin: %d", rc);
	TEST_ASSERT_EQUAL(mem_pin_bytes(pin), len - 2 * PAGE, "bytes");
	TEST_ASSERT(pin_at(pin, 0) != p + PAGE + 8, "not a mapping of its own");
	munmap(p, len);
	TEST_ASSERT_EQUAL(strcmp((char *)pin_at(pin, 0), "before"), 0, "content");
	strcpy((char *)pin_at(pin, 0x800), "after");
	p = map_fd(fd, len);
	TEST_ASSERT_NOT_NULL(p, "second mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(strcmp((char *)p + PAGE + 8 + 0x800, "after"), 0, "DMA is not seen");
	mem_unpin(pin);
	munmap(p, len);
	return TEST_SUCCESS;
}

static int
test_memfd(void)
{
	int fd = memfd_create("mem", MFD_CLOEXEC), rc;

	TEST_ASSERT(fd >= 0 && ftruncate(fd, LEN) == 0, "memfd: %s", strerror(errno));
	rc = check_shared(fd, LEN);
	close(fd);
	return rc;
}

static int
test_hugetlb(void)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB), rc;
	uint8_t *p;

	if (fd < 0 || ftruncate(fd, HUGE_LEN) != 0 || (p = map_fd(fd, HUGE_LEN)) == NULL) {
		if (fd >= 0)
			close(fd);
		return TEST_SKIPPED;
	}
	munmap(p, HUGE_LEN);
	rc = check_shared(fd, HUGE_LEN);
	close(fd);
	return rc;
}

static int
test_anonymous_shared(void)
{
	uint8_t *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct mem_pin *pin;

	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, LEN, true, &pin), 0, "pin");
	p[5] = 7;
	munmap(p, LEN);
	TEST_ASSERT_EQUAL(pin_at(pin, 5)[0], 7, "content");
	mem_unpin(pin);
	return TEST_SUCCESS;
}

/* A range that lies in three mappings of two kinds. */
static int
test_several_mappings(void)
{
	int fd = memfd_create("mem", MFD_CLOEXEC);
	uint8_t *p = map_private(3 * LEN);
	struct mem_pin *pin;
	uint64_t contig;

	TEST_ASSERT(fd >= 0 && ftruncate(fd, LEN) == 0, "memfd: %s", strerror(errno));
	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT(mmap(p + LEN, LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
			p + LEN,
		"mmap: %s", strerror(errno));
	memset(p, 1, LEN);
	memset(p + LEN, 2, LEN);
	memset(p + 2 * LEN, 3, LEN);
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p + 16, 3 * LEN - 32, true, &pin), 0, "pin");
	TEST_ASSERT_EQUAL(*(uint8_t *)mem_pin_ptr(pin, 0, &contig), 1, "first");
	TEST_ASSERT_EQUAL(contig, LEN - 16, "first");
	TEST_ASSERT_EQUAL(*(uint8_t *)mem_pin_ptr(pin, LEN - 16, &contig), 2, "second");
	TEST_ASSERT_EQUAL(contig, LEN, "second");
	TEST_ASSERT_EQUAL(*(uint8_t *)mem_pin_ptr(pin, 2 * LEN, &contig), 3, "third");
	TEST_ASSERT_EQUAL(contig, LEN - 32, "third");
	mem_unpin(pin);
	munmap(p, 3 * LEN);
	close(fd);
	return TEST_SUCCESS;
}

static int
test_pin_refused(void)
{
	uint8_t *p = map_private(3 * PAGE);
	struct mem_pin *pin;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, 0, true, &pin), -EINVAL, "nothing");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, UINT64_MAX, true, &pin), -EOVERFLOW, "wraps");
	munmap(p + PAGE, PAGE);
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, 3 * PAGE, true, &pin), -EFAULT, "hole");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p + PAGE, PAGE, true, &pin), -EFAULT, "unmapped");
	mprotect(p, PAGE, PROT_READ);
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, PAGE, true, &pin), -EFAULT, "read-only");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, PAGE, false, &pin), 0, "for reading");
	mem_unpin(pin);
	mprotect(p, PAGE, PROT_NONE);
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, PAGE, false, &pin), -EFAULT, "no access");
	munmap(p, PAGE);
	munmap(p + 2 * PAGE, PAGE);
	return TEST_SUCCESS;
}

/* --- private memory: calls that wait --- */

static int
test_munmap_waits(void)
{
	uint8_t *p = map_private(4 * PAGE);
	struct mem_pin *a, *b;
	int ret = -1;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT(!mem_hold_munmap(p, 4 * PAGE, &ret), "taken over without a pin");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p + PAGE, PAGE, true, &a), 0, "pin");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p + PAGE + 8, PAGE, true, &b), 0, "pin");
	TEST_ASSERT(mem_hold_munmap(p, 4 * PAGE, &ret) && ret == 0, "munmap");
	TEST_ASSERT(!mapped(p) && !mapped(p + 3 * PAGE), "what is not pinned stays");
	TEST_ASSERT(mapped(p + PAGE) && mapped(p + 2 * PAGE), "what is pinned is gone");
	pin_at(b, 0)[0] = 1;
	mem_unpin(a);
	TEST_ASSERT(mapped(p + PAGE) && mapped(p + 2 * PAGE), "second pin");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p + PAGE, 8, true, &a), -EFAULT,
		"memory that the application has unmapped");
	mem_unpin(b);
	TEST_ASSERT(!mapped(p + PAGE) && !mapped(p + 2 * PAGE), "never unmapped");
	return TEST_SUCCESS;
}

/* To unmap what is unmapped already is no error; it is unmapped once all the same. */
static int
test_munmap_again(void)
{
	uint8_t *p = map_private(4 * PAGE);
	struct mem_pin *a, *b;
	int ret = -1;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, 2 * PAGE, true, &a), 0, "pin");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p + 2 * PAGE, 2 * PAGE, true, &b), 0, "pin");
	TEST_ASSERT(mem_hold_munmap(p + PAGE, PAGE, &ret) && ret == 0, "second page");
	TEST_ASSERT(mem_hold_munmap(p + PAGE, PAGE, &ret) && ret == 0, "second page again");
	ret = -1;
	TEST_ASSERT(mem_hold_munmap(p, 4 * PAGE, &ret) && ret == 0, "all, one of them again");
	mem_unpin(a);
	TEST_ASSERT(!mapped(p) && !mapped(p + PAGE), "never unmapped");
	TEST_ASSERT(mapped(p + 2 * PAGE) && mapped(p + 3 * PAGE), "pinned pages are gone");
	TEST_ASSERT(
		mmap(p, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p,
		"mmap: %s", strerror(errno));
	mem_unpin(b);
	TEST_ASSERT(mapped(p) && mapped(p + PAGE), "a new mapping was unmapped for an old one");
	TEST_ASSERT(!mapped(p + 2 * PAGE) && !mapped(p + 3 * PAGE), "never unmapped");
	munmap(p, 2 * PAGE);
	return TEST_SUCCESS;
}

static int
test_madvise(void)
{
	uint8_t *p = map_private(2 * PAGE);
	struct mem_pin *pin;
	int ret = -1;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, PAGE, true, &pin), 0, "pin");
	memset(p, 1, 2 * PAGE);
	TEST_ASSERT(mem_hold_madvise(p, 2 * PAGE, MADV_FREE, &ret) && ret == 0, "MADV_FREE");
	TEST_ASSERT(mem_hold_madvise(p, 2 * PAGE, MADV_DONTNEED, &ret) && ret == 0, "DONTNEED");
	TEST_ASSERT(p[0] == 0 && p[PAGE] == 0, "not cleared");
	TEST_ASSERT(!mem_hold_madvise(p, PAGE, MADV_DONTFORK, &ret), "DONTFORK");
	p[9] = 5;
	TEST_ASSERT_EQUAL(pin_at(pin, 9)[0], 5, "NIC and application see different pages");
	mem_unpin(pin);
	munmap(p, 2 * PAGE);
	return TEST_SUCCESS;
}

/* Private pages of a file are the file's again: where that cannot be read, they stay. */
static int
test_madvise_file(void)
{
	int fd = memfd_create("mem", MFD_CLOEXEC), ret = -1;
	uint8_t bytes[PAGE], *p;
	struct mem_pin *pin;

	memset(bytes, 7, sizeof(bytes));
	TEST_ASSERT(fd >= 0 && pwrite(fd, bytes, PAGE, PAGE) == PAGE &&
			pwrite(fd, bytes, 8, 2 * PAGE) == 8,
		"memfd: %s", strerror(errno));
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, 2 * PAGE, true, &pin), 0, "pin");
	memset(p, 1, 2 * PAGE);
	TEST_ASSERT(mem_hold_madvise(p, 2 * PAGE, MADV_DONTNEED, &ret), "not held");
	if (ret != 0) {
		TEST_ASSERT_EQUAL(errno, EAGAIN, "%s", strerror(errno));
		TEST_ASSERT(p[0] == 1 && p[2 * PAGE - 1] == 1, "refused, and changed");
	} else {
		TEST_ASSERT(memcmp(p, bytes, PAGE) == 0, "first page: %u", p[0]);
		TEST_ASSERT(p[PAGE + 7] == 7 && p[PAGE + 8] == 0, "end of the file");
	}
	mem_unpin(pin);
	munmap(p, 2 * PAGE);
	close(fd);
	return TEST_SUCCESS;
}

/* Memory that the application itself may not touch at the moment is none that it may not give back.
 */
static int
test_protected(void)
{
	uint8_t *p = map_private(2 * PAGE);
	struct mem_pin *pin;
	void *moved;
	int ret = -1;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_guard_init(), 0, "mem_guard_init");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, 2 * PAGE, true, &pin), 0, "pin");
	memset(p, 1, 2 * PAGE);
	mprotect(p, PAGE, PROT_READ);
	TEST_ASSERT(mem_hold_madvise(p, PAGE, MADV_DONTNEED, &ret) && ret == 0, "DONTNEED: %s",
		strerror(errno));
	TEST_ASSERT(p[0] == 0 && p[PAGE - 1] == 0 && p[PAGE] == 1, "not cleared, or too much");
	mprotect(p + PAGE, PAGE, PROT_NONE);
	TEST_ASSERT(mem_hold_mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, NULL, &moved) &&
			moved != MAP_FAILED,
		"mremap: %s", strerror(errno));
	TEST_ASSERT(((uint8_t *)moved)[0] == 0 && ((uint8_t *)moved)[PAGE] == 1, "not copied");
	mem_unpin(pin);
	munmap(moved, 3 * PAGE);
	return TEST_SUCCESS;
}

static int
test_mremap(void)
{
	uint8_t *p = map_private(2 * PAGE), *q = MAP_FAILED;
	struct mem_pin *pin;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, 2 * PAGE, true, &pin), 0, "pin");
	p[3] = 3;
	TEST_ASSERT(mem_hold_mremap(p, 2 * PAGE, 4 * PAGE, 0, NULL, (void **)&q) &&
			q == MAP_FAILED && errno == ENOMEM,
		"grown in place");
	TEST_ASSERT(mem_hold_mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, NULL, (void **)&q) &&
			q != MAP_FAILED,
		"move");
	TEST_ASSERT(q != p && q[3] == 3, "content");
	TEST_ASSERT(mapped(p), "pinned pages are gone");
	mem_unpin(pin);
	TEST_ASSERT(!mapped(p), "old place is still mapped");
	munmap(q, 4 * PAGE);
	return TEST_SUCCESS;
}

/* 0 or the errno with which pinned memory at 'old' cannot be moved to a place of one's own. */
static int
move_to(uint8_t *old, size_t len, uint8_t *to)
{
	void *ret = NULL;

	if (!mem_hold_mremap(old, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to, &ret))
		return -ENOSYS;
	return ret != MAP_FAILED ? 0 : errno;
}

/* What is refused leaves both places alone. */
static int
test_mremap_fixed(void)
{
	uint8_t *p = map_private(6 * PAGE);
	struct mem_pin *a, *b;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, 2 * PAGE, true, &a), 0, "pin");
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p + 3 * PAGE, PAGE, true, &b), 0, "pin");
	memset(p, 1, 2 * PAGE);
	p[3 * PAGE] = 2;
	TEST_ASSERT_EQUAL(move_to(p, 2 * PAGE, p + 2 * PAGE), ENOMEM, "onto another pin");
	TEST_ASSERT_EQUAL(move_to(p, 2 * PAGE, p + PAGE), EINVAL, "onto itself");
	TEST_ASSERT_EQUAL(move_to(p, 2 * PAGE, p + 4 * PAGE + 8), EINVAL, "between pages");
	TEST_ASSERT_EQUAL(move_to(p + 8, PAGE, p + 4 * PAGE), EINVAL, "from between pages");
	TEST_ASSERT(p[0] == 1 && p[2 * PAGE - 1] == 1, "the source is changed");
	p[3 * PAGE + 1] = 3;
	TEST_ASSERT(pin_at(b, 0)[0] == 2 && pin_at(b, 1)[0] == 3, "another pin's pages");
	TEST_ASSERT_EQUAL(move_to(p, 2 * PAGE, p + 4 * PAGE), 0, "elsewhere: %s", strerror(errno));
	TEST_ASSERT(p[4 * PAGE] == 1 && p[6 * PAGE - 1] == 1, "content");
	mem_unpin(a);
	mem_unpin(b);
	munmap(p + 2 * PAGE, 4 * PAGE);
	return TEST_SUCCESS;
}

static int
test_mmap_fixed(void)
{
	uint8_t *p = map_private(2 * PAGE);
	struct mem_pin *pin;
	void *q = NULL;

	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, PAGE, true, &pin), 0, "pin");
	TEST_ASSERT(mem_hold_mmap_fixed(p, 2 * PAGE, PROT_READ,
			    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &q) &&
			q == MAP_FAILED && errno == ENOMEM,
		"over a pin");
	TEST_ASSERT(!mem_hold_mmap_fixed(p + PAGE, PAGE, PROT_READ,
			    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &q),
		"beside a pin");
	mem_unpin(pin);
	munmap(p, 2 * PAGE);
	return TEST_SUCCESS;
}

/* --- faults --- */

static int
test_truncated_file(void)
{
	int fd = memfd_create("mem", MFD_CLOEXEC);
	struct mem_guard guard;
	struct mem_pin *pin;
	volatile int faults = 0;
	uint8_t *p;

	TEST_ASSERT_EQUAL(mem_guard_init(), 0, "guard");
	TEST_ASSERT(fd >= 0 && ftruncate(fd, LEN) == 0, "memfd: %s", strerror(errno));
	p = map_fd(fd, LEN);
	TEST_ASSERT_NOT_NULL(p, "mmap: %s", strerror(errno));
	TEST_ASSERT_EQUAL(mem_pin((uintptr_t)p, LEN, true, &pin), 0, "pin");
	TEST_ASSERT_EQUAL(ftruncate(fd, PAGE), 0, "truncate");
	/* twice: the second fault has to be caught as the first one was */
	while (faults < 2) {
		if (mem_guard_enter(&guard) == 0) {
			*(volatile uint8_t *)pin_at(pin, 0) = 1;
			*(volatile uint8_t *)pin_at(pin, 2 * PAGE) = 1;
			mem_guard_leave();
			break;
		}
		TEST_ASSERT(guard.addr == pin_at(pin, 2 * PAGE), "address of the fault");
		faults++;
	}
	TEST_ASSERT_EQUAL(faults, 2, "%d faults", faults);
	mem_unpin(pin);
	munmap(p, LEN);
	close(fd);
	return TEST_SUCCESS;
}

/* --- translation --- */

#define KEYS 16u
#define MANY 512u /* entries; its square is more than a translation looks at */

static struct nic_mkey keys[KEYS];
static struct nic_mkey *key_tbl[KEYS];
static struct nic_pd pd, pd2;
static struct nic_func func;
static struct mem_pin *pins[2];
static uint8_t *mem[2];

#define KEY(i) ((i) << 8 | keys[i].tag)

static void
key_make(unsigned int i, enum nic_mkey_mode mode, uint64_t start, uint64_t len)
{
	keys[i] = (struct nic_mkey){.tag = (uint8_t)(0x40 + i),
		.perm = NIC_PERM_LR | NIC_PERM_LW,
		.mode = mode,
		.pd = &pd,
		.start = start,
		.len = len};
	key_tbl[i] = &keys[i];
}

static void
key_list(unsigned int i, struct nic_klm *klm, uint64_t *end, uint32_t n)
{
	uint64_t at = 0;
	uint32_t k;

	for (k = 0; k < n; k++) {
		at += klm[k].bytes;
		end[k] = at;
	}
	keys[i].klm = klm;
	keys[i].klm_end = end;
	keys[i].n_klm = n;
}

/*
 * 1, 2: page lists at 0x100000 and 0x200000. 3: null. 4: list of 1, a hole, 2, at 0x5000. 5:
 * KLM_FBS of 1, 3, 2 with entries of a page. 6: list of 4. 7: list of 6. 8: bytes of 3, one by one.
 * 9: list of 8, over and over.
 */
static int
xlate_setup(void)
{
	static struct nic_klm l4[3], l5[3], l6[1], l7[1], l8[MANY], l9[MANY];
	static uint64_t e4[3], e5[3], e6[1], e7[1], e8[MANY], e9[MANY];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		mem[i] = map_private(LEN);
		TEST_ASSERT_NOT_NULL(mem[i], "mmap");
		TEST_ASSERT_EQUAL(mem_pin((uintptr_t)mem[i], LEN, true, &pins[i]), 0, "pin");
	}
	func = (struct nic_func){.mkey_tbl = key_tbl, .mkey_tbl_size = KEYS, .max_indirection = 2};
	key_make(1, NIC_MKEY_MTT, 0x100000, LEN);
	key_make(2, NIC_MKEY_MTT, 0x200000, LEN);
	keys[1].pin = pins[0];
	keys[2].pin = pins[1];
	key_make(3, NIC_MKEY_NULL, 0, UINT64_MAX);
	key_make(4, NIC_MKEY_KLM, 0x5000, 0x1000 + 0x500 + 0x2000);
	l4[0] = (struct nic_klm){0x1000, KEY(1), 0x100000};
	l4[1] = (struct nic_klm){0x500, KEY(3), 0};
	l4[2] = (struct nic_klm){0x2000, KEY(2), 0x201000};
	key_list(4, l4, e4, 3);
	key_make(5, NIC_MKEY_KLM_FBS, 0, 3 * PAGE);
	keys[5].log_entity = 12;
	l5[0] = (struct nic_klm){0, KEY(1), 0x100000};
	l5[1] = (struct nic_klm){0, KEY(3), 0};
	l5[2] = (struct nic_klm){0, KEY(2), 0x200000};
	key_list(5, l5, e5, 3);
	key_make(6, NIC_MKEY_KLM, 0, 0x3000);
	l6[0] = (struct nic_klm){0x3000, KEY(4), 0x5000};
	key_list(6, l6, e6, 1);
	key_make(7, NIC_MKEY_KLM, 0, 0x3000);
	l7[0] = (struct nic_klm){0x3000, KEY(6), 0};
	key_list(7, l7, e7, 1);
	key_make(8, NIC_MKEY_KLM, 0, MANY);
	key_make(9, NIC_MKEY_KLM, 0, MANY * MANY);
	for (i = 0; i < MANY; i++) {
		l8[i] = (struct nic_klm){1, KEY(3), i};
		l9[i] = (struct nic_klm){MANY, KEY(8), 0};
	}
	key_list(8, l8, e8, MANY);
	key_list(9, l9, e9, MANY);
	return TEST_SUCCESS;
}

static void
xlate_teardown(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		mem_unpin(pins[i]);
		munmap(mem[i], LEN);
	}
}

#define XLATE(key, addr, len) mem_xlate(&func, &pd, key, addr, len, NIC_PERM_LW, seg, 4)
#define SEG(i, base, bytes) (seg[i].iov_base == (void *)(base) && seg[i].iov_len == (bytes))

static int
test_xlate(void)
{
	struct iovec seg[4];

	TEST_ASSERT_EQUAL(XLATE(KEY(1), 0x100010, 0x100), 1, "page list");
	TEST_ASSERT(SEG(0, mem[0] + 0x10, 0x100), "page list");
	TEST_ASSERT_EQUAL(XLATE(KEY(4), 0x5ff0, 0x620), 3, "list");
	TEST_ASSERT(SEG(0, mem[0] + 0xff0, 0x10), "list: first");
	TEST_ASSERT(SEG(1, NULL, 0x500), "list: hole");
	TEST_ASSERT(SEG(2, mem[1] + 0x1000, 0x110), "list: last");
	TEST_ASSERT_EQUAL(XLATE(KEY(5), 0xfff, PAGE + 2), 3, "fixed size");
	TEST_ASSERT(
		SEG(0, mem[0] + 0xfff, 1) && SEG(1, NULL, PAGE) && SEG(2, mem[1], 1), "fixed size");
	TEST_ASSERT_EQUAL(XLATE(KEY(6), 0x10, 0x20), 1, "list of a list");
	TEST_ASSERT(SEG(0, mem[0] + 0x10, 0x20), "list of a list");
	TEST_ASSERT_EQUAL(XLATE(KEY(3), 0x1234567890, 0x20), 1, "null key");
	TEST_ASSERT(SEG(0, NULL, 0x20), "null key");
	TEST_ASSERT_EQUAL(XLATE(KEY(9), 1, MANY), 1, "byte by byte");
	TEST_ASSERT(SEG(0, NULL, MANY), "byte by byte");
	TEST_ASSERT_EQUAL(XLATE(KEY(9), 0, MANY * MANY), -MEM_ERR_SEGS, "without end");
	return TEST_SUCCESS;
}

static int
test_xlate_refused(void)
{
	struct iovec seg[4];

	TEST_ASSERT_EQUAL(XLATE(KEY(1) + 1, 0x100000, 1), -MEM_ERR_KEY, "tag");
	TEST_ASSERT_EQUAL(XLATE(9 << 8, 0x100000, 1), -MEM_ERR_KEY, "no key");
	TEST_ASSERT_EQUAL(XLATE(0xffffff00, 0x100000, 1), -MEM_ERR_KEY, "beyond the table");
	TEST_ASSERT_EQUAL(XLATE(KEY(1), 0xfffff, 2), -MEM_ERR_BOUNDS, "before the start");
	TEST_ASSERT_EQUAL(XLATE(KEY(1), 0x100000 + LEN - 1, 2), -MEM_ERR_BOUNDS, "over the end");
	TEST_ASSERT_EQUAL(XLATE(KEY(1), UINT64_MAX - 1, 4), -MEM_ERR_BOUNDS, "wraps");
	TEST_ASSERT_EQUAL(XLATE(KEY(4), 0x5000 + 0x3500, 1), -MEM_ERR_BOUNDS, "end of a list");
	TEST_ASSERT_EQUAL(XLATE(KEY(7), 0, 1), -MEM_ERR_DEPTH, "third level of lists");
	TEST_ASSERT_EQUAL(mem_xlate(&func, &pd2, KEY(1), 0x100000, 1, NIC_PERM_LR, seg, 4),
		-MEM_ERR_PD, "protection domain");
	TEST_ASSERT_EQUAL(mem_xlate(&func, &pd, KEY(4), 0x5ff0, 0x620, NIC_PERM_LR, seg, 2),
		-MEM_ERR_SEGS, "room for segments");
	keys[2].perm = NIC_PERM_LR;
	TEST_ASSERT_EQUAL(XLATE(KEY(4), 0x6500, 1), -MEM_ERR_PERM, "right of the lower level");
	TEST_ASSERT_EQUAL(
		mem_xlate(&func, &pd, KEY(4), 0x6500, 1, NIC_PERM_LR, seg, 4), 1, "reading");
	keys[2].perm |= NIC_PERM_LW;
	return TEST_SUCCESS;
}

/* clang-format off */
static struct unit_test_suite nicemem_suite = {
	.suite_name = "nicemem",
	.setup = xlate_setup,
	.teardown = xlate_teardown,
	.unit_test_cases = {
		TEST_CASE(test_vma),
		TEST_CASE(test_memfd),
		TEST_CASE(test_hugetlb),
		TEST_CASE(test_anonymous_shared),
		TEST_CASE(test_several_mappings),
		TEST_CASE(test_pin_refused),
		TEST_CASE(test_munmap_waits),
		TEST_CASE(test_munmap_again),
		TEST_CASE(test_madvise),
		TEST_CASE(test_madvise_file),
		TEST_CASE(test_protected),
		TEST_CASE(test_mremap),
		TEST_CASE(test_mremap_fixed),
		TEST_CASE(test_mmap_fixed),
		TEST_CASE(test_truncated_file),
		TEST_CASE(test_xlate),
		TEST_CASE(test_xlate_refused),
		TEST_CASES_END(),
	},
};
/* clang-format on */

static int
test_nicemem(void)
{
	return unit_test_suite_runner(&nicemem_suite);
}

REGISTER_TEST_COMMAND(nicemem_autotest, test_nicemem);
