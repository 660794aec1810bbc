/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_log.h"

#define LOG_PAGE_SHIFT 12 /* VHOST_LOG_PAGE */

/*
 * Release: who takes the bit away and then reads the page sees what was written before. Not skipped
 * where the bit is set already: it could be taken away between such a look and our write.
 */
void
svq_log_pages(const struct hf_svq_log *log, uint64_t gpa, uint64_t len)
{
	uint64_t page, last = gpa + len - 1;

	if (len == 0 || last < gpa)
		return;
	for (page = gpa >> LOG_PAGE_SHIFT; page <= last >> LOG_PAGE_SHIFT; page++) {
		if (page / 8 >= log->size)
			return;
		__atomic_fetch_or(
			&log->bits[page / 8], (uint8_t)(1u << (page % 8)), __ATOMIC_RELEASE);
	}
}
