/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Completions. Those of raw queues, and of virtqueue notifications: the event QP of a virtqueue (it
 * has no queues of its own) sends to the QP that it is connected to; that consumes a receive WQE
 * there, and makes a completion in its receive CQ. For engines, inside a mem_guard.
 */
#ifndef NICEMU_DP_CQ_H
#define NICEMU_DP_CQ_H

#include <infiniband/mlx5dv.h>

#include "../nic.h"

/* What becomes of a message. */
enum cq_send {
	CQ_SENT,
	CQ_RNR, /* the peer has no receive WQE posted */
	CQ_NO_ACK, /* the peer is not there, not in RTR or RTS, or connected to another */
	CQ_REMOTE_ERROR, /* its CQ is in error, and so is the peer now, with its event */
};

/* Send one notification. The queue pair is in RTS. */
enum cq_send cq_complete_qp(const struct nic_qp *event_qp);
/*
 * The peer fails over a notification, as on demand: it goes to error, and its CQ gets a completion
 * that says so. Nothing comes through it until it is reset.
 */
void cq_break_qp(const struct nic_qp *event_qp);
/*
 * Raise the completion event of the peer's CQ, if it was armed for what was written since. False:
 * not armed, and the consumer has not yet seen all completions, so look again.
 */
bool cq_raise_qp(const struct nic_qp *event_qp);

/*
 * An access faulted. If it was to a CQ, or to a doorbell record of one, while this thread held it:
 * that CQ goes to error, with its event, and true is returned.
 */
bool cq_faulted(void);

/*
 * Write entries, between begin and end, in which the CQ is locked: one pair for a burst.
 * cq_write_begin() is false for a CQ in error. cq_write() sets the owner bit of an entry that is
 * else complete (its opcode in the upper half of op_own), and writes it as the CQ wants it, 64 or
 * 128 bytes; false: the CQ is in error, now perhaps, by an overrun or for want of memory. Its event
 * goes out at the end. No function that raises an event in between.
 */
bool cq_write_begin(struct nic_cq *cq);
bool cq_write(struct nic_cq *cq, struct mlx5_cqe64 *cqe);
/*
 * cq_write() of n entries, of received frames: those that follow each other and are alike but for
 * what a compressed entry has of its own, as a session where the queue has that (cq_mini.c).
 */
bool cq_write_frames(struct nic_cq *cq, struct mlx5_cqe64 *cqe, unsigned int n);
void cq_write_end(struct nic_cq *cq);
/* All three for an entry with this opcode (MLX5_CQE_*). False: the CQ is in error. */
bool cq_complete(struct nic_cq *cq, uint32_t qpn, uint16_t wqe_counter, uint8_t opcode);
/*
 * Raise its completion event, if it was armed for what was written since. False: not armed, and the
 * consumer has not yet seen all completions, so look again.
 */
bool cq_raise(struct nic_cq *cq);
/* Is a look worth while? Says so late, but does not touch what the consumer writes. */
bool cq_may_raise(const struct nic_cq *cq);

/* Tell of an error of a work queue: MLX5_EVENT_TYPE_WQ_*; o: QP, SQ or RQ. */
void cq_tell_wq(const struct nic_obj *o, uint8_t event);

/* --- cq.c and cq_mini.c --- */

/* How many more entries there is room for, at least so many as 'want' if that can be. */
uint32_t cq_room(struct nic_cq *cq, uint32_t want);
/* The 64 bytes of an entry, by its number since the queue was made. NULL: not in one piece. */
uint8_t *cq_entry(const struct nic_cq *cq, uint32_t n);
/* Write the entry at pi, which is complete but for its owner bit. False: it is not in one piece. */
bool cq_put(struct nic_cq *cq, struct mlx5_cqe64 *cqe);

#endif /* NICEMU_DP_CQ_H */
