/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * May so much be pinned? Asked before the first page is.
 */
#ifndef HF_LIMIT_H
#define HF_LIMIT_H

#include <stdint.h>

struct hf_limit {
	uint64_t need; /* bytes that an update adds */
	uint64_t live, deferred; /* bytes of the address space that are pinned */
	uint64_t max; /* bytes that it may have pinned, 0: no bound */
};

/* The address space's own bound. 0, or -ENOMEM. */
int hf_limit_own(const struct hf_limit *l);
/*
 * RLIMIT_MEMLOCK of the process, which the kernel holds against all pages that the process has
 * pinned, those counted twice that two MRs have pinned (Linux core/umem.c, ib_umem_get()). No limit
 * for who has CAP_IPC_LOCK. 0, or -ENOMEM.
 */
int hf_limit_process(const struct hf_limit *l);
/* Why hf_limit_own() or hf_limit_process() refuses, as one line of the log. */
void hf_limit_explain(const struct hf_limit *l, const char *dev_name, uint32_t asid);

#endif /* HF_LIMIT_H */
