/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Statistics of a queue: what this driver counts, and what the NIC does where it has counters for
 * it.
 */
#ifndef HF_STATS_H
#define HF_STATS_H

#include <stdint.h>

struct hf_dev;

/* How many there are for a device; ids are 0 to that. */
unsigned int hf_stats_count(const struct hf_dev *dev);
/* NULL beyond the count. */
const char *hf_stats_name(const struct hf_dev *dev, unsigned int id);
/*
 * Since the last reset. values has room for n; returns how many were written, or a negative errno
 * (logged). With hf_dev.lock.
 */
int hf_stats_read(struct hf_dev *dev, uint16_t index, uint64_t *values, unsigned int n);
/* 0 or a negative errno. With hf_dev.lock. */
int hf_stats_reset(struct hf_dev *dev, uint16_t index);

#endif /* HF_STATS_H */
