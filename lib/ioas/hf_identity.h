/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Identity of the memory behind a descriptor. An identity holds a duplicate of the descriptor: as
 * long as it does, the object lives, so its (device, inode) can't be given to another one and a
 * comparison proves something.
 *
 * No lock: an identity belongs to its backing.
 */
#ifndef HF_IDENTITY_H
#define HF_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct hf_identity {
	int fd; /* duplicate */
	mode_t mode; /* kind of file */
	dev_t dev;
	ino_t ino;
	bool memory_fs; /* tmpfs (memfd) or hugetlbfs: no blocks but the pages themselves */
	bool huge; /* hugetlbfs */
	uint64_t page; /* bytes: what a mapping of it is made of, in offset and length */
	blkcnt_t blocks; /* of a file of memory, at the last look */
	struct timespec mtime; /* of a file of huge pages */
};

/* Duplicate fd (close on exec) and note what it is; fd stays the caller's. 0 or negative errno. */
int hf_identity_open(struct hf_identity *id, int fd);
void hf_identity_close(struct hf_identity *id);
/*
 * Does fd lead to the very object that is held? Yes when kcmp says that both are one open file, or
 * when both are the same regular file by (device, inode): memfd, tmpfs, hugetlbfs and files on
 * disk. Other kinds can share one inode and still be different memory (all anonymous inodes do, and
 * device nodes may map by open file), so for them only kcmp counts. kcmp may be forbidden by a
 * seccomp filter; that is no error. A doubt is a no. st is that of fd.
 */
bool hf_identity_same(const struct hf_identity *id, int fd, const struct stat *st);
/*
 * Has the file still the pages that it had at the last look? Pages that are pinned are the file's
 * only until it is cut short or a hole is punched: what it gets there later are others. A file of
 * memory counts its pages as blocks, and fewer than before means that some were taken out; one of
 * huge pages is modified by truncation and by nothing that a guest does (mmap, fallocate and a
 * punched hole leave the time of modification alone, measured on Linux 6.18). Files on disk say
 * nothing of their pages: true. What can't be seen: a hole that was filled again before this look,
 * and one in pages that the file got since the look before.
 */
bool hf_identity_whole(struct hf_identity *id);

/* Count the pages that the file has got since: registration pins, and so makes, what was sparse. */
void hf_identity_look(struct hf_identity *id);

#endif /* HF_IDENTITY_H */
