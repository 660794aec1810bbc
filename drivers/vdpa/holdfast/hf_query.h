/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What would become of a guest, asked before there is one.
 */
#ifndef HF_QUERY_H
#define HF_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "hf_datapath.h"

struct hf_dev;
struct rte_pmd_holdfast_query;

/* The numbers are those of the public header. */
enum hf_outcome {
	HF_OUTCOME_SERVED,
	HF_OUTCOME_NOT_OFFERED, /* the front end can see it in the offer */
	HF_OUTCOME_REFUSED, /* the front end is told, or its connection is closed */
	HF_OUTCOMES,
};

struct hf_query {
	struct hf_guest guest;
	struct hf_wish wish;
	bool as_if; /* were it the device's arguments; else it is as it is */
	uint64_t offered;
	enum hf_outcome outcome;
	struct hf_answer answer;
};

/* "served", "not offered", "refused". */
const char *hf_outcome_name(enum hf_outcome outcome);

/* Fill in offered, outcome and answer. With hf_dev.lock. */
void hf_query(const struct hf_dev *dev, struct hf_query *q);
/*
 * The same, of "features=0x130000000,datapath=hw,legacy=off,poll_features=1,big_endian=1"; what is
 * absent is as it is, and no features. 0, or -EINVAL (logged).
 */
int hf_query_text(const struct hf_dev *dev, const char *text, struct hf_query *q);

/* rte_pmd_holdfast_query(), its flags checked. 0, or -EINVAL (logged): an argument that is unknown.
 */
int hf_query_call(const struct hf_dev *dev, struct rte_pmd_holdfast_query *own);

#endif /* HF_QUERY_H */
