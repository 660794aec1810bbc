/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Files of front ends that get no shorter. A page that was cut off under a mapping ends the process
 * at the next access (SIGBUS); a memory file with F_SEAL_SHRINK (fcntl(2)) cannot be cut short.
 */
#ifndef HF_SEAL_H
#define HF_SEAL_H

struct hf_dev;

/*
 * May this file of a front end be mapped, by argument "sealed"? what: it is of, for the log. 0, or
 * -EPERM (logged).
 */
int hf_seal_check(const struct hf_dev *dev, int fd, const char *what);

#endif /* HF_SEAL_H */
