/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The front end's log of written pages (vhost-user, SET_LOG_BASE), as a mapping of our own: the
 * library unmaps its one whenever it is sent another.
 *
 * All with hf_dev.lock held.
 */
#ifndef HF_DIRTY_H
#define HF_DIRTY_H

#include <stdbool.h>
#include <stdint.h>

struct hf_dev;
struct hf_svq_log;
struct hf_vq;

struct hf_dirty {
	uint8_t *bits; /* NULL: none */
	uint64_t size; /* bytes */
};

/*
 * Map a log, and have it written instead of the one before, which is unmapped: all that was written
 * up to now is in that one. fd stays the caller's. A negative errno, logged, and nothing changed:
 * -EINVAL (the file is shorter than that), of mmap().
 */
int hf_dirty_set(struct hf_dev *dev, int fd, uint64_t offset, uint64_t size);
/* The front end is gone: nothing runs. */
void hf_dirty_drop(struct hf_dev *dev);
/* Was logging asked for, and is there a log? */
bool hf_dirty_is_on(const struct hf_dev *dev);
/* What a queue is to log now: true with *log, or false: nothing. */
bool hf_dirty_log(const struct hf_vq *vq, struct hf_svq_log *log);
/* Something that hf_dirty_log() answers has changed: have the queues that run follow. */
void hf_dirty_follow(struct hf_dev *dev);

#endif /* HF_DIRTY_H */
