/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Identity of the memory behind a descriptor. An identity holds a duplicate of the descriptor: as
 * long as it does, the object lives, so its (device, inode) can't be given to another one and a
 * comparison proves something.
 *
 * No lock: an identity belongs to its region.
 */
#ifndef HF_IDENTITY_H
#define HF_IDENTITY_H

#include <stdbool.h>
#include <sys/stat.h>

struct hf_identity {
	int fd; /* duplicate, or -1: private memory, the same as nothing */
	mode_t mode; /* kind of file */
	dev_t dev;
	ino_t ino;
};

/* Duplicate fd (close on exec) and note what it is; fd stays the caller's. 0 or negative errno. */
int hf_identity_open(struct hf_identity *id, int fd);
void hf_identity_close(struct hf_identity *id);
/*
 * Does fd lead to the very object that is held? Yes when kcmp says that both are one open file, or
 * when both are the same regular file by (device, inode): memfd, tmpfs, hugetlbfs and files on
 * disk. Other kinds can share one inode and still be different memory (all anonymous inodes do, and
 * device nodes may map by open file), so for them only kcmp counts. kcmp may be forbidden by a
 * seccomp filter; that is no error. A doubt is a no.
 */
bool hf_identity_same(const struct hf_identity *id, int fd);

#endif /* HF_IDENTITY_H */
