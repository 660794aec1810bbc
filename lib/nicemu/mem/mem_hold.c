/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Private memory cannot be mapped twice, so it stays where it is: calls that would take it away
 * wait for the last pin. Two lists of ranges under one lock: what is pinned (one entry per pin),
 * and what the application has unmapped since.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../real.h"
#include "mem_int.h"

struct range {
	LIST_ENTRY(range) next;
	uintptr_t start, end;
	struct mem_vma vma; /* that it lies in; of what is pinned only */
};
LIST_HEAD(range_list, range);

static pthread_mutex_t hold_lock = PTHREAD_MUTEX_INITIALIZER; /* both lists */
static struct range_list held = LIST_HEAD_INITIALIZER(held);
static struct range_list gone = LIST_HEAD_INITIALIZER(gone);
/* Read without the lock: a process without private pins pays nothing for its munmap() calls. */
static _Atomic unsigned int n_held;

/*
 * Calls of the application come in here as system calls: a signal handler must not meet the lock
 * that its own thread holds.
 */
static void
hold_enter(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	/* faults of the thread itself still have to be handled */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &all, old);
	pthread_mutex_lock(&hold_lock);
}

static void
hold_leave(const sigset_t *old)
{
	pthread_mutex_unlock(&hold_lock);
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

void
mem_hold_fork_prepare(void)
{
	pthread_mutex_lock(&hold_lock);
}

void
mem_hold_fork_parent(void)
{
	pthread_mutex_unlock(&hold_lock);
}

/* No NIC looks at the child's memory. */
void
mem_hold_fork_child(void)
{
	n_held = 0;
	LIST_INIT(&held);
	LIST_INIT(&gone);
	pthread_mutex_unlock(&hold_lock);
}

static const struct range *
range_find(const struct range_list *list, uintptr_t start, uintptr_t end)
{
	const struct range *r;

	LIST_FOREACH(r, list, next) {
		if (r->start < end && start < r->end)
			return r;
	}
	return NULL;
}

static struct range *
range_add(struct range_list *list, uintptr_t start, uintptr_t end, const struct mem_vma *vma)
{
	struct range *r = malloc(sizeof(*r));

	if (r == NULL)
		return NULL;
	*r = (struct range){.start = start, .end = end};
	if (vma != NULL)
		r->vma = *vma;
	LIST_INSERT_HEAD(list, r, next);
	return r;
}

/*
 * The first piece of [start, end) that is within a range of the list, or in none, throughout: its
 * end, and which.
 */
static uintptr_t
piece(const struct range_list *list, uintptr_t start, uintptr_t end, bool *inside)
{
	const struct range *r;

	*inside = false;
	LIST_FOREACH(r, list, next) {
		if (r->start <= start && start < r->end) {
			*inside = true;
			return r->end < end ? r->end : end;
		}
		if (r->start > start && r->start < end)
			end = r->start;
	}
	return end;
}

int
mem_hold_add(uintptr_t start, uintptr_t end, const struct mem_vma *vma)
{
	sigset_t old_mask;
	int rc = 0;

	hold_enter(&old_mask);
	if (range_find(&gone, start, end) != NULL)
		rc = -EFAULT;
	else if (range_add(&held, start, end, vma) == NULL)
		rc = -ENOMEM;
	else
		n_held++;
	hold_leave(&old_mask);
	return rc;
}

/* Unmap of what waits and is pinned no more; what is still pinned waits on. */
static void
gone_sweep(void)
{
	struct range *r, *next_r;
	uintptr_t at, to;
	bool pinned;

	for (r = LIST_FIRST(&gone); r != NULL; r = next_r) {
		next_r = LIST_NEXT(r, next);
		for (at = r->start; at < r->end; at = to) {
			to = piece(&held, at, r->end, &pinned);
			/* in front of 'r', so this loop does not meet it again */
			if (pinned && range_add(&gone, at, to, NULL) != NULL)
				continue;
			mem_sys_munmap((void *)at, to - at);
		}
		LIST_REMOVE(r, next);
		free(r);
	}
}

void
mem_hold_del(uintptr_t start, uintptr_t end)
{
	sigset_t old_mask;
	struct range *r;

	hold_enter(&old_mask);
	LIST_FOREACH(r, &held, next) {
		if (r->start == start && r->end == end) {
			LIST_REMOVE(r, next);
			free(r);
			n_held--;
			break;
		}
	}
	gone_sweep();
	hold_leave(&old_mask);
}

static bool
overlaps(const void *addr, size_t len)
{
	return n_held != 0 && len != 0 &&
		range_find(&held, (uintptr_t)addr, (uintptr_t)addr + len) != NULL;
}

static size_t
pages(size_t len)
{
	return (len + NIC_PAGE - 1) & ~(size_t)(NIC_PAGE - 1);
}

/*
 * With the lock held. What waits already must not wait twice: between the two unmaps another thread
 * may get the address for a mapping of its own.
 */
static int
unmap_later(uintptr_t start, uintptr_t end)
{
	bool pinned, waits;
	uintptr_t to;

	for (; start < end; start = to) {
		to = piece(&held, start, end, &pinned);
		if (!pinned) {
			if (mem_sys_munmap((void *)start, to - start) != 0)
				return -1;
			continue;
		}
		to = piece(&gone, start, to, &waits);
		if (!waits && range_add(&gone, start, to, NULL) == NULL) {
			errno = ENOMEM;
			return -1;
		}
	}
	return 0;
}

bool
mem_hold_munmap(void *addr, size_t len, int *ret)
{
	sigset_t old_mask;
	bool mine;

	if (n_held == 0)
		return false;
	hold_enter(&old_mask);
	mine = ((uintptr_t)addr & (NIC_PAGE - 1)) == 0 && overlaps(addr, pages(len));
	if (mine)
		*ret = unmap_later((uintptr_t)addr, (uintptr_t)addr + pages(len));
	hold_leave(&old_mask);
	return mine;
}

/*
 * Memory that the application itself may not read or write at the moment (mprotect()): the kernel's
 * way in. From 'app' to 'buf', or the other way round.
 */
static bool
force(uintptr_t app, void *buf, size_t len, bool write)
{
	int fd = real_open()("/proc/self/mem", (write ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return false;
	n = write ? pwrite(fd, buf, len, (off_t)app) : pread(fd, buf, len, (off_t)app);
	real_close()(fd);
	return n == (ssize_t)len;
}

/* False: an access faulted. from NULL: zeros. */
static bool
try_copy(void *to, const void *from, size_t len)
{
	struct mem_guard guard;

	if (mem_guard_enter(&guard) != 0)
		return false;
	if (from != NULL)
		memcpy(to, from, len);
	else
		memset(to, 0, len);
	mem_guard_leave();
	return true;
}

/* Whole pages of zeros. */
static bool
zero(uintptr_t start, uintptr_t end)
{
	static uint8_t zeros[NIC_PAGE];

	if (try_copy((void *)start, NULL, end - start))
		return true;
	for (; start < end; start += NIC_PAGE) {
		if (!force(start, zeros, NIC_PAGE, true))
			return false;
	}
	return true;
}

/*
 * Whole pages of a private mapping of a file: what the file has there, and zeros behind its end.
 * Opened by /proc/self/map_files, which takes a capability (mem_dup.c), and a mapping that still is
 * as it was when it was pinned.
 */
static bool
reread(const struct mem_vma *vma, uintptr_t start, uintptr_t end)
{
	int fd = mem_vma_file(vma, O_RDONLY);
	bool done = fd >= 0;
	uint8_t page[NIC_PAGE];

	for (; done && start < end; start += NIC_PAGE) {
		memset(page, 0, sizeof(page));
		done = pread(fd, page, NIC_PAGE, (off_t)(vma->file_off + start - vma->start)) >=
				0 &&
			(try_copy((void *)start, page, NIC_PAGE) ||
				force(start, page, NIC_PAGE, true));
	}
	if (fd >= 0)
		real_close()(fd);
	return done;
}

/*
 * The pages move by a copy: the NIC keeps the old ones, so what it writes from now on is not seen
 * at the new place.
 */
static void *
move(const void *old, size_t old_len, size_t new_len, int flags, void *new_addr)
{
	int fixed = flags & MREMAP_FIXED ? MAP_FIXED : 0;
	size_t len = old_len < new_len ? old_len : new_len;
	void *p;

	if (!(flags & MREMAP_MAYMOVE)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	p = mem_sys_mmap(fixed ? new_addr : NULL, new_len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
	if (p == MAP_FAILED)
		return p;
	if ((try_copy(p, old, len) || force((uintptr_t)old, p, len, false)) &&
		unmap_later((uintptr_t)old, (uintptr_t)old + old_len) == 0)
		return p;
	mem_sys_munmap(p, new_len);
	errno = ENOMEM;
	return MAP_FAILED;
}

/* What the kernel looks at first: mremap(2), EINVAL. */
static bool
is_valid_move(const void *old, size_t old_len, size_t new_len, int flags, const void *new_addr)
{
	uintptr_t from = (uintptr_t)old, to = (uintptr_t)new_addr;

	if ((from & (NIC_PAGE - 1)) != 0 || new_len == 0)
		return false;
	if (!(flags & MREMAP_FIXED))
		return true;
	return (flags & MREMAP_MAYMOVE) && (to & (NIC_PAGE - 1)) == 0 &&
		(to >= from + old_len || from >= to + new_len);
}

bool
mem_hold_mremap(void *old, size_t old_len, size_t new_len, int flags, void *new_addr, void **ret)
{
	sigset_t old_mask;
	bool mine;

	if (n_held == 0)
		return false;
	old_len = pages(old_len);
	new_len = pages(new_len);
	hold_enter(&old_mask);
	mine = overlaps(old, old_len);
	if (mine && !is_valid_move(old, old_len, new_len, flags, new_addr)) {
		errno = EINVAL;
		*ret = MAP_FAILED;
	} else if (flags & MREMAP_FIXED && overlaps(new_addr, new_len)) {
		errno = ENOMEM;
		*ret = MAP_FAILED;
		mine = true;
	} else if (mine && new_len <= old_len && !(flags & MREMAP_FIXED)) {
		*ret = unmap_later((uintptr_t)old + new_len, (uintptr_t)old + old_len) == 0
			? old
			: MAP_FAILED;
	} else if (mine) {
		*ret = move(old, old_len, new_len, flags, new_addr);
	}
	hold_leave(&old_mask);
	return mine;
}

/*
 * MADV_DONTNEED: the caller may count on reading zeros, or what the file has; elsewhere the kernel
 * does it.
 */
static int
clear(uintptr_t start, uintptr_t end)
{
	const struct range *r;
	uintptr_t to;
	bool pinned;

	for (; start < end; start = to) {
		to = piece(&held, start, end, &pinned);
		r = range_find(&held, start, to);
		if (!pinned) {
			if (syscall(SYS_madvise, start, to - start, MADV_DONTNEED) != 0)
				return -1;
		} else if (r->vma.write &&
			!(r->vma.inode == 0 ? zero(start, to) : reread(&r->vma, start, to))) {
			errno = EAGAIN;
			return -1;
		}
	}
	return 0;
}

bool
mem_hold_madvise(void *addr, size_t len, int advice, int *ret)
{
	sigset_t old_mask;
	bool mine;

	if (n_held == 0 || (advice != MADV_DONTNEED && advice != MADV_FREE))
		return false;
	hold_enter(&old_mask);
	mine = ((uintptr_t)addr & (NIC_PAGE - 1)) == 0 && overlaps(addr, pages(len));
	if (mine)
		*ret = advice == MADV_FREE ? 0
					   : clear((uintptr_t)addr, (uintptr_t)addr + pages(len));
	hold_leave(&old_mask);
	return mine;
}

bool
mem_hold_mmap_fixed(void *addr, size_t len, int prot, int flags, int fd, int64_t off, void **ret)
{
	sigset_t old_mask;
	bool mine;

	(void)prot;
	(void)fd;
	(void)off;
	if (n_held == 0 || !(flags & MAP_FIXED))
		return false;
	hold_enter(&old_mask);
	mine = overlaps(addr, pages(len));
	hold_leave(&old_mask);
	if (mine) {
		errno = ENOMEM;
		*ret = MAP_FAILED;
	}
	return mine;
}
