/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A second mapping of shared memory, which stays when the application unmaps its own.
 *
 * mremap() with an old size of 0 does it for all but huge pages. Those are opened again: by
 * /proc/self/map_files, which needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, or by a descriptor of
 * the same file if the application has one open. Huge anonymous shared memory without these
 * capabilities has neither, and cannot be registered. Cannot be faithful: a file that is cut short
 * or has a hole punched under the mapping. Real pinned pages would stay; here an access beyond the
 * end faults (and is caught), and a hole reads zero.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../real.h"
#include "../real.h"
#include "mem_int.h"

/* A descriptor of the same file that the application has open, duplicated. */
static int
find_fd(const struct mem_vma *vma)
{
	struct dirent *e;
	struct stat st;
	int fd = -1;
	DIR *d;

	d = real_opendir()("/proc/self/fd");
	if (d == NULL)
		return -1;
	while (fd < 0 && (e = readdir(d)) != NULL) {
		int n = atoi(e->d_name), mode;

		if (e->d_name[0] == '.' || real_fstat()(n, &st) != 0 || st.st_ino != vma->inode ||
			major(st.st_dev) != vma->dev >> 32 ||
			minor(st.st_dev) != (uint32_t)vma->dev)
			continue;
		mode = fcntl(n, F_GETFL);
		if (mode >= 0 && ((mode & O_ACCMODE) == O_RDWR || !vma->write))
			fd = fcntl(n, F_DUPFD_CLOEXEC, 0);
	}
	closedir(d);
	return fd;
}

static int
dup_by_file(const struct mem_vma *vma, uintptr_t start, uintptr_t end, struct mem_seg *seg)
{
	int prot = vma->write ? PROT_READ | PROT_WRITE : PROT_READ;
	uintptr_t unit, from, to;
	struct stat st;
	void *p;
	int fd, rc;

	fd = mem_vma_file(vma, vma->write ? O_RDWR : O_RDONLY);
	if (fd < 0)
		fd = find_fd(vma);
	if (fd < 0)
		return -EPERM;
	if (real_fstat()(fd, &st) != 0) {
		rc = -errno;
		goto out;
	}
	/* hugetlbfs gives its page size as the block size, and maps whole pages only */
	unit = st.st_blksize > (blksize_t)NIC_PAGE ? (uintptr_t)st.st_blksize : NIC_PAGE;
	from = start & ~(unit - 1);
	from = from < vma->start ? vma->start : from;
	to = (end + unit - 1) & ~(unit - 1);
	to = to > vma->end ? vma->end : to;
	p = mem_sys_mmap(
		NULL, to - from, prot, MAP_SHARED, fd, vma->file_off + (from - vma->start));
	if (p == MAP_FAILED) {
		rc = -errno;
		goto out;
	}
	seg->map = p;
	seg->map_len = to - from;
	seg->ptr = (uint8_t *)p + (start - from);
	rc = 0;
out:
	real_close()(fd);
	return rc;
}

int
mem_dup(const struct mem_vma *vma, uintptr_t start, uintptr_t end, struct mem_seg *seg)
{
	uintptr_t from = start & ~(uintptr_t)(NIC_PAGE - 1);
	uintptr_t to = (end + NIC_PAGE - 1) & ~(uintptr_t)(NIC_PAGE - 1);
	void *p;

	p = mem_sys_mremap((void *)from, 0, to - from, MREMAP_MAYMOVE, NULL);
	if (p == MAP_FAILED)
		return dup_by_file(vma, start, end, seg);
	seg->map = p;
	seg->map_len = to - from;
	seg->ptr = (uint8_t *)p + (start - from);
	return 0;
}
