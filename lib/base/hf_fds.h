/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Room in the process's table of descriptors, made before it is needed.
 *
 * Linux doubles the table when it is full, and in a process with threads it waits for an RCU grace
 * period then, about 10 ms, while whoever else opens a descriptor waits, too (fs/file.c,
 * expand_fdtable()). A guest with many queues, whose descriptors come with its start, would wait
 * for that more than once. A table never shrinks.
 */
#ifndef HF_FDS_H
#define HF_FDS_H

/*
 * n descriptors more will be open than are, and than were asked for before. Room that RLIMIT_NOFILE
 * does not allow is left out, and without any the process is only slower. Any thread; undone by
 * hf_fds_release() with the same number.
 */
void hf_fds_reserve(unsigned int n);
void hf_fds_release(unsigned int n);

#endif /* HF_FDS_H */
