/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Pinned memory: what ib_umem_get() gives a real NIC. A pin keeps the pages reachable for the NIC
 * whatever the application does to its own mapping afterwards.
 */
#ifndef NICEMU_MEM_H
#define NICEMU_MEM_H

#include <setjmp.h>

#include "../nic.h"

/*
 * Pin [va, va + len) of this process. Shared mappings are mapped a second time (mremap of size 0,
 * or the file of the mapping); private ones stay, and munmap, mremap, madvise and mmap(MAP_FIXED)
 * over them are held back (mem_hold_*). writable: refuse read-only mappings with -EFAULT, as the
 * kernel does. Unmapped parts: -EFAULT.
 */
int mem_pin(uintptr_t va, uint64_t len, bool writable, struct mem_pin **pin);
void mem_unpin(struct mem_pin *pin);
uint64_t mem_pin_bytes(const struct mem_pin *pin);
/*
 * Host address of an offset, and how many bytes are contiguous from there. off < length of the pin.
 */
void *mem_pin_ptr(const struct mem_pin *pin, uint64_t off, uint64_t *contig);

/*
 * Called by the preload library for the application's own calls, before the C library's. Returns
 * true when it took the call over; then *ret is the result (errno set). From any thread; never
 * called with a lock of the NIC's held.
 *
 * Only private memory is held, as only that cannot be mapped a second time:
 * - munmap is carried out when the last pin goes; the call succeeds at once, a second one too.
 * - mremap: what is cut off waits like munmap; what is moved is copied, and the NIC keeps the old
 *   pages, so that what it writes from then on is not seen at the new place.
 * - madvise: MADV_DONTNEED clears the pages in place, or fills them from their file, MADV_FREE does
 *   nothing, both as the caller would see it. EAGAIN: the file cannot be read.
 * - mmap with MAP_FIXED over pinned pages fails with ENOMEM.
 * Two things are not held: what the C library does inside (free() of a large block), and
 * mprotect(). A pin of a real NIC is of the pages, and DMA goes on whatever the process may do with
 * them; here DMA to where the process may not write (or read) any more faults, and is caught by the
 * guard.
 */
bool mem_hold_munmap(void *addr, size_t len, int *ret);
bool mem_hold_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *new_addr, void **ret);
bool mem_hold_madvise(void *addr, size_t len, int advice, int *ret);
bool mem_hold_mmap_fixed(
	void *addr, size_t len, int prot, int flags, int fd, int64_t off, void **ret);

/* Around a fork(): the child's memory is not held. */
void mem_hold_fork_prepare(void);
void mem_hold_fork_parent(void);
void mem_hold_fork_child(void);

/* Translation. perm: NIC_PERM_LR or NIC_PERM_LW. Called by engines, and under a pause by fw/. */
enum mem_err {
	MEM_OK,
	MEM_ERR_KEY,
	MEM_ERR_PD,
	MEM_ERR_PERM,
	MEM_ERR_BOUNDS,
	MEM_ERR_DEPTH,
	MEM_ERR_SEGS
};
/*
 * Resolve 'len' bytes at 'addr' of a memory key to host segments, at most 'max' of them; a hole
 * that points at the null key gives segments with iov_base NULL (reads are zero, writes are
 * dropped). Returns the count, or -(enum mem_err). KLM trees are followed to the depth that
 * max_indirection allows.
 */
int mem_xlate(struct nic_func *f, const struct nic_pd *pd, uint32_t mkey, uint64_t addr,
	uint32_t len, uint8_t perm, struct iovec *seg, int max);
/* A pointer into a umem, or NULL when [off, off + len) is outside or not contiguous. */
void *mem_umem_ptr(const struct nic_umem *u, uint64_t off, uint32_t len);

/*
 * Faults (a file cut short under a mapping): an engine runs DMA between mem_guard_enter() and
 * mem_guard_leave(). mem_guard_enter() returns 0, or again with 1 when an access in between
 * faulted; 'addr' then says where. One guard per thread. The signal mask is not saved, which would
 * cost a system call per burst: the handlers never block a signal. An application that replaces the
 * handlers of SIGSEGV or SIGBUS after mem_guard_init() takes the guard away.
 */
struct mem_guard {
	sigjmp_buf env;
	void *volatile addr;
};
extern __thread struct mem_guard *mem_guard_cur;
int mem_guard_init(void); /* installs SIGSEGV and SIGBUS handlers that chain to the application's */
#define mem_guard_enter(g) (mem_guard_cur = (g), sigsetjmp((g)->env, 0))
#define mem_guard_leave() ((void)(mem_guard_cur = NULL))

#endif /* NICEMU_MEM_H */
