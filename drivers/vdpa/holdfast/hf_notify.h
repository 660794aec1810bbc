/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Notification, both ways, on the event thread: the guest's kicks to the NIC's doorbell page, the
 * NIC's completions to the guest's call descriptors.
 *
 * Kick and call descriptors are duplicates: librte_vhost closes its own when it likes, and a closed
 * descriptor must never be in a poll set.
 *
 * No front end must be able to stall the thread that serves all guests. Kicks are read without
 * waiting; for calls, see hf_eventfd.h.
 */
#ifndef HF_NOTIFY_H
#define HF_NOTIFY_H

#include <stdbool.h>

struct hf_dev;
struct hf_front_ring;
struct hf_vq;

/* Completions of all queues of a device. 0 or a negative errno. */
int hf_notify_init(struct hf_dev *dev);
/* Without hf_dev.lock. */
void hf_notify_fini(struct hf_dev *dev);

/*
 * With hf_dev.lock: begin to relay for a queue that is ready, and give both sides one notification,
 * since what they sent before may have met nobody. 0 or a negative errno with nothing begun.
 */
int hf_notify_on(struct hf_vq *vq, const struct hf_front_ring *ring);
/* No kick reaches the NIC any more. */
void hf_notify_kick_off(struct hf_vq *vq);
/* After the queue is quiescent: pass on what has completed, then forget the call descriptor. */
void hf_notify_call_off(struct hf_vq *vq);
/*
 * For whoever relays: duplicates of the ring's descriptors in vq->kickfd and vq->callfd. 0, or a
 * negative errno, logged.
 */
int hf_notify_open(struct hf_vq *vq, const struct hf_front_ring *ring);
/* Nobody waits for the kicks any more. */
void hf_notify_close(struct hf_vq *vq);
/* Take what was kicked: 1, 0: nothing was, or -EIO: not an eventfd. Does not wait. Any thread. */
int hf_notify_drain(int fd);
/* One notification to the guest. */
void hf_notify_guest(struct hf_vq *vq);
/* One notification to each side. */
void hf_notify_nudge(struct hf_vq *vq);
/* Did the queue pair fail that tells of completions? None will come any more. Any thread. */
bool hf_notify_is_broken(struct hf_vq *vq);

#endif /* HF_NOTIFY_H */
