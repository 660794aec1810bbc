/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Descriptors of our devices. Each open gives a new open file description of the function's BAR
 * file, so a page of it is mapped by a plain mmap(), here or in a process that got the descriptor.
 * The description has locked a byte of its own (F_OFD_SETLK): all its duplicates are known by that,
 * and the lock is gone when the last of them is closed, in any process.
 */
#ifndef NICEMU_FILE_H
#define NICEMU_FILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct conf_func;

/* Open the device of a function, as open() does: a descriptor, or -1 and errno. */
int file_open(const struct conf_func *conf, int flags);
/* RDMA_VERBS_IOCTL: true when fd is ours; then *ret is the result, and errno is set. */
bool file_ioctl(int fd, void *arg, int *ret);
/*
 * write() that found no room in the file: true when it is a device's; then *ret is the result of
 * the command, and errno is set.
 */
bool file_write(int fd, const void *buf, size_t len, ssize_t *ret);
/* read() of an event channel: true when fd is one; then *ret is the result, and errno is set. */
bool file_read(int fd, void *buf, size_t len, ssize_t *ret);
/* Make st that of a character device when fd is ours. */
void file_stat(struct stat *st);
/* Is the range that a mapping of fd would cover one that the NIC gave out? True for descriptors
 * that are not ours. */
bool file_may_map(int fd, size_t len, off_t offset);
/* Before and after a descriptor is closed: whether it was ours, or a channel's; and then what
 * follows from it. */
bool file_is_ours(int fd);
void file_closed(void);
/*
 * For tests: look at all handles of all contexts, and at the sum of pinned memory, for states that
 * no sequence of calls may lead to. How many faults were found; the first in words is in 'why'.
 */
unsigned int file_check(char *why, size_t len);

#endif /* NICEMU_FILE_H */
