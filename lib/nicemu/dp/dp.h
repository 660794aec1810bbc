/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The data path: engine threads, virtqueues, e-switch, classifier.
 */
#ifndef NICEMU_DP_H
#define NICEMU_DP_H

#include "../nic.h"

int dp_start(struct nic *nic);		/* engine threads and wire, from nic->conf; 0 or negative errno */
void dp_stop(struct nic *nic);		/* joins them */
/* No engine is inside a burst between the two. Nests; called with fw_lock held, by one thread at a time. */
void dp_pause(struct nic *nic);
void dp_resume(struct nic *nic);

/* The rest: only under a pause. */
int dp_virtq_init(struct nic_virtq *vq);	/* object created: allocate the engine's half */
void dp_virtq_fini(struct nic_virtq *vq);
/* INIT or SUSPEND to RDY: take indices and addresses from vq. The rings are checked at first use, as hardware does. */
void dp_virtq_ready(struct nic_virtq *vq);
/* RDY to SUSPEND, or before destroy: write exact indices to vq; everything fetched and not used is forgotten. */
void dp_virtq_quiesce(struct nic_virtq *vq);
void dp_flows_changed(struct nic_func *f);	/* flow_tbl, RQT or TIR changed: caches are stale */
void dp_mkeys_changed(struct nic_func *f);	/* a memory key went or changed: caches are stale */
void dp_qp_reset(struct nic_qp *qp);		/* 2RST: consumer index 0 */

/* A completion with this opcode (MLX5_CQE_*) for a receive WQE of an event QP; raises the CQ's event when armed. */
void dp_cq_complete(struct nic_cq *cq, uint32_t qpn, uint16_t wqe_counter, uint8_t opcode);

/* Frames from the wire, called by the wire's engine. */
void dp_wire_rx(struct nic *nic, const void *frame, uint32_t len);

#endif /* NICEMU_DP_H */
