/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A virtqueue of the NIC and its parts (umems, event QPs and CQ, counters). Made when first started
 * and kept: a stop is a suspend that reads the indices, a start is a modify and a resume where the
 * NIC can (hf_virtq_may_modify()), else the firmware's queue is destroyed and created again on the
 * same parts.
 *
 * All with hf_dev.lock held. Queues 2n receive (for the guest), queues 2n + 1 transmit.
 */
#ifndef HF_VIRTQ_H
#define HF_VIRTQ_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <hf_devx.h>

#include "hf_front.h"
#include "hf_ring.h"

struct hf_dev;
struct hf_life;

/* So many repairs within the window, then a queue stays stopped. */
#define HF_VQ_ERRORS_MAX 3
#define HF_VQ_ERRORS_WINDOW_MS 3000

struct hf_vq {
	struct hf_dev *dev;
	uint16_t index;

	/* The front end's word. */
	bool enabled; /* hf_life_table says when it ends */
	bool addr_set; /* SET_VRING_ADDR since the base was read: else addresses are stale */
	uint64_t user_addr[HF_RING_AREAS]; /* the front end's, of that message */

	/* The firmware's queue. */
	struct hf_virtq hw; /* hw.devx NULL: none */
	enum hf_virtq_state state;
	struct hf_virtq_attr attr; /* as last accepted by the firmware */
	bool running; /* started, and not stopped since; its state is RDY or, unnoticed yet, ERR */
	bool quiesced; /* between the two halves of a stop */
	bool known; /* and the indices in attr are exact */
	uint32_t version; /* of the queue object, in the cookie of its error events */
	uint16_t ring_size; /* that the parts were made for */
	struct hf_umem umem[3];
	struct hf_virtq_counters counters;
	uint64_t error_at[HF_VQ_ERRORS_MAX]; /* ms of the last repairs, a ring */
	uint32_t errors; /* ever */

	/*
	 * Kick relay: owned by the starting thread, used by the event thread between hf_loop_add()
	 * and _del().
	 */
	int kickfd; /* our duplicate; -1: none */

	pthread_mutex_t notify_lock;
	/* Guarded by notify_lock. */
	struct hf_eqp *eqp;
	uint64_t eqp_errors; /* error completions that were dealt with */
	bool eqp_broken; /* there was another one: no completion will come any more */
	int callfd; /* our duplicate; -1: none */

	/* Counted by the event thread, read by any: atomic, relaxed. */
	uint64_t kicks, calls;
	struct hf_virtq_stats stats_base; /* at the last reset_stats; hf_dev.lock */
	uint64_t kicks_base, calls_base;
	uint32_t errors_base;
};

static inline bool
hf_vq_is_rx(const struct hf_vq *vq)
{
	return (vq->index & 1) == 0;
}

int hf_vq_init(struct hf_vq *vq, struct hf_dev *dev, uint16_t index);
/* Destroys parts and queue; the queue must be stopped. */
void hf_vq_fini(struct hf_vq *vq);

/*
 * Let the NIC serve this ring, with its kick relay and its completions. 0 or a negative errno
 * (logged), then it is stopped. Not if it runs.
 */
int hf_vq_start(struct hf_vq *vq, const struct hf_front_ring *ring);
/*
 * First half of a stop: the NIC is asked to suspend the queue, which may still be a target of
 * receive steering. In state SUSPEND afterwards, the second half destroys nothing.
 */
void hf_vq_quiesce(struct hf_vq *vq);
/*
 * Quiescent when it returns: the NIC touches neither ring nor buffers any more. *base is the
 * position up to which the guest has got its buffers back; packed: bit 15 is the wrap counter. A
 * queue that is not suspended must not be a target of receive steering: it is destroyed.
 */
void hf_vq_stop(struct hf_vq *vq, uint16_t *base);
/*
 * Stop a ring if it runs, hand its position back, and let go of what this event does not keep. As
 * hf_vq_stop() for receive steering.
 */
void hf_vq_end(struct hf_vq *vq, const struct hf_life *life);
/* Would a start with this ring resume the firmware's queue, without making another one? */
bool hf_vq_resumes(struct hf_vq *vq, const struct hf_front_ring *ring);
/*
 * Suspend a running queue for a moment; notifications stay on. A negative errno: it runs, or its
 * state is ERR and it wants a repair. A queue that is in error already is no failure, and stays.
 */
int hf_vq_pause(struct hf_vq *vq);
/* Run on with this mkey. A negative errno: it is suspended, or in error, and wants a repair. */
int hf_vq_unpause(struct hf_vq *vq, uint32_t mkey);
/*
 * Destroy the firmware's queue, keep the parts. Stopped queues only; nothing to do when there is
 * none. A negative errno (logged): it is still there, and cannot be used any more; a start tries
 * again.
 */
int hf_vq_destroy(struct hf_vq *vq);
/* Destroy the parts too. */
void hf_vq_release(struct hf_vq *vq);
/*
 * Point a stopped queue at another mkey, or destroy it where that can't be done: afterwards it does
 * not use the old one.
 */
void hf_vq_use_mkey(struct hf_vq *vq, uint32_t mkey);

#endif /* HF_VIRTQ_H */
