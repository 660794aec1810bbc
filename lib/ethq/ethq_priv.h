/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What both directions share: the completion queue and the states of the work queue.
 */
#ifndef ETHQ_PRIV_H
#define ETHQ_PRIV_H

#include "hf_ethq.h"

int ethq_cq_create(struct hf_devx *dev, uint16_t size, struct hf_evch *ch, uint64_t cookie,
	struct hf_ethq_cq *cq);

/* Empty and ready: completions of the queue's last life are forgotten, the record starts at 0. */
int ethq_start(struct hf_ethq_cq *cq, struct hf_wq *wq);
/* Any state to RST. failed: as far as is known, the queue is in error. */
int ethq_stop(struct hf_wq *wq, bool failed);

/* Fill e from an error completion, or with -EPROTO from one that makes no sense; and log it. */
void ethq_error(const char *name, const struct hf_wq *wq, volatile struct prm_eth_cqe *cqe,
	struct hf_ethq_error *e);

#endif /* ETHQ_PRIV_H */
