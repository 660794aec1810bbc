/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Completions of virtqueue notifications. The event QP of a virtqueue (it has no queues of its own)
 * sends to the QP that it is connected to; that consumes a receive WQE there, and makes a
 * completion in its receive CQ. For engines, inside a mem_guard.
 */
#ifndef NICEMU_DP_CQ_H
#define NICEMU_DP_CQ_H

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

/* The two steps for a CQ: write an entry with this opcode (MLX5_CQE_*; false: in error), raise. */
bool cq_complete(struct nic_cq *cq, uint32_t qpn, uint16_t wqe_counter, uint8_t opcode);
bool cq_raise(struct nic_cq *cq);

#endif /* NICEMU_DP_CQ_H */
