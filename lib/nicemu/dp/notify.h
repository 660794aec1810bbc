/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * How a virtqueue tells its driver of completions: when an event is due, and what becomes of the
 * message that carries it. The event queue pair of the virtqueue is a reliable connection: its
 * message is retried until the peer takes it, or the retries that its driver set are used up; then
 * queue pair and virtqueue are in error.
 *
 * For the queue's engine, or the holder of its lock, inside a mem_guard.
 */
#ifndef NICEMU_DP_NOTIFY_H
#define NICEMU_DP_NOTIFY_H

#include "vq.h"

/* So many completions were made visible. */
void notify_done(struct dp_vq *v, uint32_t n);
/* What waits (attn: enum vq_attn bits that were taken from v->base.attn), for the queue's engine.
 */
void notify_attend(struct dp_vq *v, unsigned int attn);
/* The queue stops: an event that moderation holds back is due now. */
void notify_flush(struct dp_vq *v);

#endif /* NICEMU_DP_NOTIFY_H */
