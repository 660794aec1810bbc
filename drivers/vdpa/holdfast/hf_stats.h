/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Statistics of a queue: what this driver counts, and what the NIC does where it has counters for
 * it.
 */
#ifndef HF_STATS_H
#define HF_STATS_H

#include <stdint.h>

/*
 * Each device has those that its NIC can have: the hardware's where it has counters, poll mode's
 * where it has the queues for that.
 */
enum hf_stat {
	HF_STAT_KICKS,
	HF_STAT_CALLS,
	HF_STAT_ROUNDS,
	HF_STAT_REPAIRS,
	HF_STAT_RECEIVED,
	HF_STAT_COMPLETED,
	HF_STAT_BAD_DESC,
	HF_STAT_MAX_CHAIN,
	HF_STAT_INVALID_BUFFER,
	HF_STAT_ERROR_CQES,
	HF_STAT_POLL_PACKETS,
	HF_STAT_POLL_BYTES,
	HF_STAT_POLL_DROP_HEADER,
	HF_STAT_POLL_DROP_SMALL,
	HF_STAT_POLL_RETURNED,
	HF_STAT_POLL_COPIED,
	HF_STAT_POLL_ERRORS,
	HF_STAT_MAX
};

struct hf_dev;
struct hf_virtq_stats;

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

/* Of the NIC's counters, *st on top of *sum. */
void hf_stats_add(struct hf_virtq_stats *sum, const struct hf_virtq_stats *st);

#endif /* HF_STATS_H */
