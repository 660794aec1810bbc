/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The seam below a queue: what a datapath does for it. All queues of a device have the same one.
 *
 * All with hf_dev.lock held, or on a worker for the thread that holds it; several queues of a
 * device at once. A datapath keeps hf_vq.made, .state, .target and .mkey.
 */
#ifndef HF_PATH_H
#define HF_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hf_devx.h>

struct hf_front_ring;
struct hf_vq;

struct hf_path {
	const char *name; /* as the argument has it */
	enum hf_rqt_kind targets; /* what its queues are to receive steering */
	/*
	 * Bytes that parts for a ring of this size take of a slab (hf_parts.h) which is set aside
	 * for them; 0: none. NULL: none ever.
	 */
	size_t (*memory)(const struct hf_vq *vq, uint16_t ring_size);
	/*
	 * Make what a later start with this ring needs, and touch nothing of the guest. Of a ring
	 * that is only hinted at the size alone is known, all else is 0. NULL: nothing takes so
	 * long. Not while it runs. 0 or a negative errno.
	 */
	int (*make)(struct hf_vq *vq, const struct hf_front_ring *ring);
	/*
	 * Serve this ring, notifications included: state RDY. A negative errno, and then it is
	 * stopped; the reason is the caller's to log.
	 */
	int (*start)(struct hf_vq *vq, const struct hf_front_ring *ring);
	/* Would a start with this ring keep the queue, so that it can be a target meanwhile? */
	bool (*resumes)(struct hf_vq *vq, const struct hf_front_ring *ring);
	/*
	 * First half of a stop: neither ring nor buffers are touched any more, if the state is
	 * SUSPEND afterwards. The queue may be a target of receive steering.
	 */
	void (*quiesce)(struct hf_vq *vq);
	/*
	 * After it the second half, quiescent whatever the state was. *base is the position up to
	 * which the guest has got its buffers back; packed: bit 15 is the wrap counter.
	 */
	void (*stop)(struct hf_vq *vq, uint16_t *base);
	/*
	 * Suspend a running queue for a moment; notifications stay on. A negative errno: it runs,
	 * or its state is ERR and it wants a repair. A queue that is in error already is no
	 * failure, and stays.
	 */
	int (*pause)(struct hf_vq *vq);
	/*
	 * Run on with this mkey. A negative errno: it is suspended, or in error, and wants a
	 * repair.
	 */
	int (*unpause)(struct hf_vq *vq, uint32_t mkey);
	/*
	 * Point a stopped queue at another mkey. Where that can't be done hf_vq.mkey says so, and
	 * the queue has to be destroyed.
	 */
	void (*use_mkey)(struct hf_vq *vq, uint32_t mkey);
	/*
	 * Destroy the queue, keep its parts. Stopped queues only; nothing to do when there is none.
	 * A negative errno (logged): it is still there, and cannot be used any more; a start tries
	 * again.
	 */
	int (*destroy)(struct hf_vq *vq);
	/* Destroy the parts too. */
	void (*release)(struct hf_vq *vq);
	/* One notification to each side, so that neither waits for a lost one. */
	void (*nudge)(struct hf_vq *vq);
	/* Has a running queue failed? Then that is logged, and it wants a repair. */
	bool (*failed)(struct hf_vq *vq);
	/*
	 * Does a running queue serve no more because its guest needs one of another make, which the
	 * next start gives it? That is no failure. NULL: never.
	 */
	bool (*outgrown)(struct hf_vq *vq);
	/* A running queue is to log what hf_dirty_log() says now. NULL: it logs nothing. */
	void (*relog)(struct hf_vq *vq);
};

extern const struct hf_path hf_path_hw; /* hf_virtq.c: the NIC's own virtqueues */
extern const struct hf_path hf_path_poll; /* hf_shadow.c: shadow virtqueues */

#endif /* HF_PATH_H */
