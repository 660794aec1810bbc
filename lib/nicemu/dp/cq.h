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

/*
 * Send one notification. False: not now, as the peer is not there or not in RTR, or has no receive
 * WQE posted. True: done, or lost for good (the CQ is in error).
 */
bool cq_complete_qp(const struct nic_qp *event_qp);
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

/* The two steps for a CQ: write an entry with this opcode (MLX5_CQE_*), raise. */
void cq_complete(struct nic_cq *cq, uint32_t qpn, uint16_t wqe_counter, uint8_t opcode);
bool cq_raise(struct nic_cq *cq);

#endif /* NICEMU_DP_CQ_H */
