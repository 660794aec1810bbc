/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Which mapping an address lies in. A kernel that answers the question (PROCMAP_QUERY, since 6.11)
 * does it in the time of one search of its tree. On an older one the list of all mappings is read
 * up to the address: as every pin of shared memory adds a mapping, n pins then read n * n lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ioctl.h>
#include <stdlib.h>

#include "../real.h"
#include "mem_int.h"

/* Linux include/uapi/linux/fs.h: struct procmap_query and its flags; the headers here are older. */
struct query {
	uint64_t size, flags, addr;
	uint64_t start, end, vma_flags, page_size, offset, inode;
	uint32_t dev_major, dev_minor, name_size, build_id_size;
	uint64_t name, build_id;
};
#define QUERY _IOWR('f', 17, struct query)
#define QUERY_READABLE 0x01
#define QUERY_WRITABLE 0x02
#define QUERY_SHARED 0x08

static bool
line_parse(const char *line, struct mem_vma *v)
{
	unsigned int major, minor;
	char perm[5];

	if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %" SCNx64 " %x:%x %" SCNu64, &v->start,
		    &v->end, perm, &v->file_off, &major, &minor, &v->inode) != 7)
		return false;
	v->dev = (uint64_t)major << 32 | minor;
	v->read = perm[0] == 'r';
	v->write = perm[1] == 'w';
	v->shared = perm[3] == 's';
	return true;
}

int
mem_vma_open(struct mem_vma_walk *w)
{
	*w = (struct mem_vma_walk){.maps = real_fopen()("/proc/self/maps", "re")};
	return w->maps != NULL ? 0 : -errno;
}

void
mem_vma_close(struct mem_vma_walk *w)
{
	free(w->line);
	fclose(w->maps);
}

/* 0, -ENOENT: nothing is mapped there, -ENOTTY: an older kernel. */
static int
query(struct mem_vma_walk *w, uintptr_t addr, struct mem_vma *v)
{
	struct query q = {.size = sizeof(q), .addr = addr};

	if (syscall(SYS_ioctl, fileno(w->maps), QUERY, &q) != 0)
		return -errno;
	w->looked_at++;
	*v = (struct mem_vma){.start = q.start,
		.end = q.end,
		.file_off = q.offset,
		.dev = (uint64_t)q.dev_major << 32 | q.dev_minor,
		.inode = q.inode,
		.read = (q.vma_flags & QUERY_READABLE) != 0,
		.write = (q.vma_flags & QUERY_WRITABLE) != 0,
		.shared = (q.vma_flags & QUERY_SHARED) != 0};
	return 0;
}

/* The lines are in order of address. Mappings that come and go meanwhile elsewhere do no harm. */
static int
scan(struct mem_vma_walk *w, uintptr_t addr, struct mem_vma *v)
{
	while (getline(&w->line, &w->size, w->maps) > 0) {
		w->looked_at++;
		if (line_parse(w->line, v) && v->end > addr)
			return v->start <= addr ? 0 : -EFAULT;
	}
	return -EFAULT;
}

int
mem_vma_at(struct mem_vma_walk *w, uintptr_t addr, struct mem_vma *v)
{
	int rc;

	if (!w->scans) {
		rc = query(w, addr, v);
		if (rc == 0 || rc == -ENOENT)
			return rc == 0 ? 0 : -EFAULT;
		w->scans = true;
	}
	return scan(w, addr, v);
}

int
mem_vma_file(const struct mem_vma *vma, int mode)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/self/map_files/%" PRIxPTR "-%" PRIxPTR, vma->start,
		vma->end);
	return real_open()(path, mode | O_CLOEXEC);
}
