/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The poll-mode datapath of a queue: a shadow virtqueue (lib/svq) that a poller runs. Made when
 * first started, and kept as the hardware's are; a stop leaves it idle in the NIC, where it may
 * still be a target of receive steering, and drops what it is led.
 *
 * Threads: see hf_path.h; between attach and detach the svq is the poller's.
 */
#ifndef HF_SHADOW_H
#define HF_SHADOW_H

struct hf_svq_stats;
struct hf_vq;

/* What poll mode has counted for this queue, ever. */
void hf_shadow_stats(const struct hf_vq *vq, struct hf_svq_stats *st);

#endif /* HF_SHADOW_H */
