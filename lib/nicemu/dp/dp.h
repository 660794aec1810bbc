/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The data path: engine threads, virtqueues, e-switch, classifier.
 */
#ifndef NICEMU_DP_H
#define NICEMU_DP_H

#include "../nic.h"

/* Engines and wire, from nic->conf. 0 or a negative errno; a wire's reason is on stderr. */
int dp_start(struct nic *nic);
/* Joins the engines. Virtqueues that are left stay as they are, and can be finished afterwards. */
void dp_stop(struct nic *nic);
/* No engine is inside a burst in between. Nests; under fw_lock, one thread at a time. */
void dp_pause(struct nic *nic);
void dp_resume(struct nic *nic);

/* The rest: only under a pause. */

/* Object created: allocate the engine's half. 0, or -ENOMEM. */
int dp_virtq_init(struct nic_virtq *vq);
void dp_virtq_fini(struct nic_virtq *vq);
/*
 * INIT or SUSPEND to RDY: take indices and addresses from vq. The rings are checked at first use,
 * as hardware does. It fetches from avail_idx and completes at used_idx. When both are what the
 * last dp_virtq_quiesce() of this object reported, buffers that were fetched and not used then are
 * fetched again; indices that were modified are taken as they are: what lies between a used_idx and
 * an avail_idx ahead of it was fetched by somebody else, who answers for it.
 */
void dp_virtq_ready(struct nic_virtq *vq);
/*
 * RDY to SUSPEND, or before destroy. Writes exact indices to vq: avail_idx is what was fetched,
 * used_idx what was completed. A transmit queue has completed all that it fetched; a receive queue
 * fetches ahead.
 */
void dp_virtq_quiesce(struct nic_virtq *vq);
/* The function died: no event that waits is sent any more, and none after it. The state is ERR. */
void dp_virtq_dead(struct nic_virtq *vq);
/* RDY: write the present indices to vq, for a query. In other states they are there already. */
void dp_virtq_indices(struct nic_virtq *vq);
/* Chains that are fetched and not completed; and whether more are fetched only after a doorbell. */
unsigned int dp_virtq_fetched(const struct nic_virtq *vq);
bool dp_virtq_hungry(const struct nic_virtq *vq);
/* The dirty log was changed, switched on or off: from the next burst on it counts. */
void dp_virtq_dirty(struct nic_virtq *vq);
/* Send queue created: allocate the engine's half. 0, or -ENOMEM. It is in RST. */
int dp_sq_init(struct nic_sq *sq);
void dp_sq_fini(struct nic_sq *sq);
/* RST to RDY, to ERR: what was posted is completed as flushed, ERR to RST: indices are 0. */
void dp_sq_ready(struct nic_sq *sq);
void dp_sq_error(struct nic_sq *sq);
void dp_sq_reset(struct nic_sq *sq);
/* The function died: ERR, and nothing is told of it. */
void dp_sq_dead(struct nic_sq *sq);
/*
 * The same of a receive queue. To ERR: what was and will be posted is flushed, by the engine. To
 * RST: indices are 0, and the doorbell record should say so, too.
 */
int dp_rq_init(struct nic_rq *rq);
void dp_rq_fini(struct nic_rq *rq);
void dp_rq_ready(struct nic_rq *rq);
void dp_rq_error(struct nic_rq *rq);
void dp_rq_reset(struct nic_rq *rq);
void dp_rq_dead(struct nic_rq *rq);
/* What its doorbell record has now, in entries; 0 if that is gone. Needs no pause. */
uint16_t dp_rq_posted(const struct nic_rq *rq);
void dp_flows_changed(struct nic_func *f); /* flow_tbl, RQT or TIR changed: caches are stale */
void dp_mkeys_changed(struct nic_func *f); /* a memory key went or changed: caches are stale */
/* An error of a virtqueue in words. Any thread. */
const char *dp_error_text(enum vq_error e);
/* The same of a raw queue. */
const char *dp_wqe_error_text(enum wqe_error e);
/* The queue goes on in other memory: a last entry in the old says so. Inside of a pause. */
void dp_cq_resized(struct nic_cq *cq);
void dp_qp_reset(struct nic_qp *qp); /* 2RST: consumer index 0 */

#endif /* NICEMU_DP_H */
