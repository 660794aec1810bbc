/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#ifndef HF_LOG_H
#define HF_LOG_H

#include <rte_log.h>

extern int hf_logtype;	/* "pmd.vdpa.holdfast" */

/* HF_LOG(ERR, "%s: ring size %u is not a power of two", name, size): no newline at the end. */
#define HF_LOG(level, ...) hf_log(RTE_LOG_##level, __VA_ARGS__)
void hf_log(uint32_t level, const char *fmt, ...) __rte_format_printf(2, 3);

#endif /* HF_LOG_H */
