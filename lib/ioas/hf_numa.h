/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Where memory is.
 */
#ifndef HF_NUMA_H
#define HF_NUMA_H

#include <stdint.h>

/*
 * NUMA node of the first page of [va, va + len) that is present, as far as the first 2 MiB tell:
 * pages that were registered are all present. -1: none is, or it can't be told. No page is made.
 */
int hf_numa_node(void *va, uint64_t len);

#endif /* HF_NUMA_H */
