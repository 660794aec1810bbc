/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * One queue of a device: what the front end said of its ring, and the datapath that serves it.
 *
 * All with hf_dev.lock held. Queues 2n receive (for the guest), queues 2n + 1 transmit.
 */
#ifndef HF_VQ_H
#define HF_VQ_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <hf_devx.h>
#include <hf_svq.h>

#include "hf_front.h"
#include "hf_pace.h"
#include "hf_parts.h"
#include "hf_path.h"
#include "hf_ring.h"
#include "hf_stats.h"

struct hf_dev;
struct hf_life;
struct hf_shadow;

/* So many repairs within the window, then a queue stays stopped. */
#define HF_VQ_ERRORS_MAX 3
#define HF_VQ_ERRORS_WINDOW_MS 3000

struct hf_vq {
	struct hf_dev *dev;
	uint16_t index;
	const struct hf_path
		*path; /* what serves it; another one only when the queue is released */

	/* The front end's word. */
	bool enabled; /* hf_life_table says when it ends */
	bool big_endian; /* SET_VRING_ENDIAN: the ring of a legacy guest is */
	bool addr_set; /* SET_VRING_ADDR since the base was read: else addresses are stale */
	uint64_t user_addr[HF_RING_AREAS]; /* the front end's, of that message */

	/* Kept by the datapath for all to see. */
	bool made; /* it has a queue, running or stopped */
	enum hf_virtq_state state; /* of that queue */
	uint32_t target; /* its number for receive steering */
	uint32_t mkey; /* of the guest's memory that it uses */
	bool running; /* started, and not stopped since; its state is RDY or, unnoticed yet, ERR */
	bool making; /* a worker makes its queue: not to be looked at */
	bool quiesced; /* between the two halves of a stop */

	/* The hardware datapath's: the firmware's queue and its parts. */
	struct hf_virtq hw;
	struct hf_virtq_attr attr; /* as last accepted by the firmware */
	bool known; /* quiesced, and the indices in attr are exact */
	uint32_t version; /* of the queue object, in the cookie of its error events */
	struct hf_parts parts;
	uint64_t error_at[HF_VQ_ERRORS_MAX]; /* ms of the last repairs, a ring */
	uint32_t errors; /* ever */
	bool suspect; /* hf_error_report() was called for it; atomic */

	/* The poll-mode datapath's. */
	struct hf_shadow *shadow; /* NULL: none */
	struct hf_svq_stats shadow_before; /* of queues that were destroyed */
	bool log_used; /* SET_VRING_ADDR: what is written into the ring is logged, ... */
	uint64_t log_gpa; /* ... as if it were here (split rings) */

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
	bool timed; /* left to the timer, and not armed (hf_pace.h) */
	struct hf_pace_queue pace;

	/* Counted by the event thread, read by any: atomic, relaxed. */
	uint64_t kicks, calls, rounds;
	uint64_t stats_base[HF_STAT_MAX]; /* at the last reset_stats; hf_dev.lock */
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
 * Have this ring served. 0 or a negative errno (logged), then it is stopped. Not if it runs.
 */
int hf_vq_start(struct hf_vq *vq, const struct hf_front_ring *ring);
/*
 * Stop a ring if it runs, hand its position back, and let go of what this event does not keep. A
 * queue that is not suspended by then must not be a target of receive steering: it is destroyed.
 */
void hf_vq_end(struct hf_vq *vq, const struct hf_life *life);
/*
 * First half of a stop, if it runs: the queue is suspended, but may still be a target of receive
 * steering. In state SUSPEND afterwards, the second half destroys nothing.
 */
void hf_vq_quiesce(struct hf_vq *vq);

#endif /* HF_VQ_H */
