/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Inside mem/: pins, and the list of private ranges that are pinned.
 */
#ifndef MEM_INT_H
#define MEM_INT_H

#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mem.h"

/* A part of a pin that is contiguous for the NIC. */
struct mem_seg {
	uint64_t off, len; /* of the pin */
	uint8_t *ptr; /* first byte */
	void *map; /* mapping of the NIC's own, or NULL: private memory in place */
	size_t map_len;
};

struct mem_pin {
	uint64_t len;
	unsigned int n_segs;
	struct mem_seg *segs; /* in order of 'off', without gaps */
};

/* A mapping of this process. */
struct mem_vma {
	uintptr_t start, end;
	uint64_t file_off;
	uint64_t dev, inode;
	bool read, write, shared;
};

/*
 * mem_vma.c: a walk over mappings, by addresses that ascend. 0, -EFAULT: nothing is mapped at
 * 'addr'; mem_vma_open(): 0 or a negative errno. A walk is one thread's.
 */
struct mem_vma_walk {
	FILE *maps;
	char *line; /* of getline() */
	size_t size;
	bool scans; /* the kernel does not answer, so lines are read */
	unsigned int looked_at; /* mappings */
};
int mem_vma_open(struct mem_vma_walk *w);
int mem_vma_at(struct mem_vma_walk *w, uintptr_t addr, struct mem_vma *vma);
void mem_vma_close(struct mem_vma_walk *w);
/* Open the file of a mapping, as with 'mode' of open(): a descriptor, or -1 and errno. */
int mem_vma_file(const struct mem_vma *vma, int mode);

/*
 * System calls, not the C library's functions: the preload library takes those over, and would come
 * back here.
 */
static inline void *
mem_sys_mremap(void *old, size_t old_len, size_t new_len, int flags, void *new_addr)
{
	return (void *)syscall(SYS_mremap, old, old_len, new_len, flags, new_addr);
}

static inline void *
mem_sys_mmap(void *addr, size_t len, int prot, int flags, int fd, uint64_t off)
{
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off);
}

static inline int
mem_sys_munmap(void *addr, size_t len)
{
	return (int)syscall(SYS_munmap, addr, len);
}

/*
 * Hold a private range (page aligned) of a mapping back, and let it go. mem_hold_add(): 0, -ENOMEM,
 * or -EFAULT: was unmapped.
 */
int mem_hold_add(uintptr_t start, uintptr_t end, const struct mem_vma *vma);
void mem_hold_del(uintptr_t start, uintptr_t end);

/*
 * Map [start, end) of a shared mapping a second time. seg->ptr, map and map_len are filled. 0 or a
 * negative errno.
 */
int mem_dup(const struct mem_vma *vma, uintptr_t start, uintptr_t end, struct mem_seg *seg);

#endif /* MEM_INT_H */
