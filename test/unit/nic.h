/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#ifndef NIC_H
#define NIC_H

struct hf_devx;

/*
 * Open the first function with virtqueues that libibverbs lists. 0 or negative errno; -ENODEV, with
 * a log line, when there is none: a suite that needs a NIC fails then, it does not pass by doing
 * nothing.
 */
int nic_open(struct hf_devx **dev);

#endif /* NIC_H */
