/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The driver's log: one type of rte_log for all rooms, so that one EAL option
 * (--log-level=pmd.vdpa.holdfast:debug) turns everything on.
 */
#ifndef HF_LOG_H
#define HF_LOG_H

#include <rte_common.h>
#include <rte_log.h>
#include <stdint.h>

/* Number that rte_log gave to "pmd.vdpa.holdfast"; NOTICE and worse are shown by default. */
extern int hf_logtype;

/*
 * One line, without a newline at the end: HF_LOG(ERR, "%s: ring size %u is not a power of two",
 * name, size). Any thread. Lines are cut at HF_LOG_MAX characters, and errno is left as it was.
 */
#define HF_LOG(level, ...) hf_log(RTE_LOG_##level, __VA_ARGS__)
#define HF_LOG_MAX 512

void hf_log(uint32_t level, const char *fmt, ...) __rte_format_printf(2, 3);

#endif /* HF_LOG_H */
