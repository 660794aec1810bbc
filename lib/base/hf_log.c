/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "hf_log.h"

RTE_LOG_REGISTER(hf_logtype, pmd.vdpa.holdfast, NOTICE)

void
hf_log(uint32_t level, const char *fmt, ...)
{
	int saved = errno;
	char line[HF_LOG_MAX];
	va_list ap;

	if (!rte_log_can_log(hf_logtype, level))
		return;
	/* Formatted first and written in one call, so that lines of two threads do not mix. */
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	rte_log(level, hf_logtype, "holdfast: %s\n", line);
	errno = saved;
}
