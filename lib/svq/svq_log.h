/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Dirty pages of a migration.
 */
#ifndef SVQ_LOG_H
#define SVQ_LOG_H

#include "hf_svq.h"

/* Mark the pages of [gpa, gpa + len), which was written; len 0: none. Logging is on. */
void svq_log_pages(const struct hf_svq_log *log, uint64_t gpa, uint64_t len);

static inline bool
svq_log_is_on(const struct hf_svq_log *log)
{
	return log->bits != NULL;
}

#endif /* SVQ_LOG_H */
