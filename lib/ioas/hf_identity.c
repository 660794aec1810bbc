/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hf_identity.h"

/*
 * hugetlbfs takes no other offset and no other length than of whole huge pages at mmap and munmap;
 * every other file system maps system pages, whatever its st_blksize.
 */
static int
identity_read(struct hf_identity *id)
{
	struct statfs fs;
	struct stat st;

	if (fstat(id->fd, &st) != 0 || fstatfs(id->fd, &fs) != 0)
		return -errno;
	id->mode = st.st_mode;
	id->dev = st.st_dev;
	id->ino = st.st_ino;
	id->blocks = st.st_blocks;
	id->mtime = st.st_mtim;
	id->huge = fs.f_type == HUGETLBFS_MAGIC;
	id->memory_fs = id->huge || (fs.f_type == TMPFS_MAGIC && S_ISREG(st.st_mode));
	id->page = id->huge ? (uint64_t)fs.f_bsize : (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

int
hf_identity_open(struct hf_identity *id, int fd)
{
	int ret;

	id->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (id->fd < 0)
		return -errno;
	ret = identity_read(id);
	if (ret != 0)
		hf_identity_close(id);
	return ret;
}

void
hf_identity_close(struct hf_identity *id)
{
	close(id->fd);
	id->fd = -1;
}

bool
hf_identity_same(const struct hf_identity *id, int fd, const struct stat *st)
{
	pid_t self = getpid();

	if (st->st_dev != id->dev || st->st_ino != id->ino)
		return false;
	return S_ISREG(st->st_mode) || syscall(SYS_kcmp, self, self, KCMP_FILE, id->fd, fd) == 0;
}

bool
hf_identity_whole(struct hf_identity *id)
{
	struct stat st;

	if (!id->memory_fs)
		return true;
	if (fstat(id->fd, &st) != 0 || st.st_blocks < id->blocks)
		return false;
	id->blocks = st.st_blocks;
	return !id->huge ||
		(st.st_mtim.tv_sec == id->mtime.tv_sec && st.st_mtim.tv_nsec == id->mtime.tv_nsec);
}

void
hf_identity_look(struct hf_identity *id)
{
	struct stat st;

	/* Fewer than before is for hf_identity_whole() to find, and no answer is none. */
	if (id->memory_fs && fstat(id->fd, &st) == 0 && st.st_blocks > id->blocks)
		id->blocks = st.st_blocks;
}
