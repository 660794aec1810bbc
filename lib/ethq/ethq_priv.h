/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What both directions share: the completion queue and the states of the work queue.
 */
#ifndef ETHQ_PRIV_H
#define ETHQ_PRIV_H

#include "hf_ethq.h"

/*
 * One umem for the completion queue, which is made at its start, and for wq_bytes of the work queue
 * in *place: each registration has a price. attr->place has room for both, ethq_bytes(), or is
 * empty. On error nothing is left.
 */
size_t ethq_bytes(uint32_t cq_size, size_t wq_bytes);
int ethq_cq_create(struct hf_devx *dev, const struct hf_cq_attr *attr, size_t wq_bytes,
	struct hf_ethq_cq *cq, struct hf_place *place);
int ethq_cq_destroy(struct hf_ethq_cq *cq);

/* Empty and ready: completions of the queue's last life are forgotten, the record starts at 0. */
int ethq_start(struct hf_ethq_cq *cq, struct hf_wq *wq);
/* Any state to RST. failed: as far as is known, the queue is in error. */
int ethq_stop(struct hf_wq *wq, bool failed);

/* Fill e from an error completion, or with -EPROTO from one that makes no sense; and log it. */
void ethq_error(const char *name, const struct hf_wq *wq, volatile struct prm_eth_cqe *cqe,
	struct hf_ethq_error *e);

#endif /* ETHQ_PRIV_H */
