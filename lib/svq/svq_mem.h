/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The guest's memory as the CPU reaches it: nothing outside of the table is ever touched.
 */
#ifndef SVQ_MEM_H
#define SVQ_MEM_H

#include <rte_atomic.h>
#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <stddef.h>
#include <string.h>

#include "hf_svq.h"

/* Where [gpa, gpa + len) is, len > 0; NULL: not within one region. *hint: the region of the last
 * call, below mem->n. */
uint8_t *svq_mem_find(const struct hf_svq_mem *mem, uint32_t *hint, uint64_t gpa, uint64_t len);

static __rte_always_inline uint8_t *
svq_mem_at(const struct hf_svq_mem *mem, uint32_t *hint, uint64_t gpa, uint64_t len)
{
	const struct hf_svq_region *r = &mem->r[*hint];
	uint64_t off = gpa - r->gpa;

	if (likely(off < r->len && len <= r->len - off))
		return r->hva + off;
	return svq_mem_find(mem, hint, gpa, len);
}

/* Where pieces of one length may start in a region, for loops. */
struct svq_mem_window {
	uint64_t gpa, n; /* from gpa on, n addresses */
	uint8_t *hva;
};

static __rte_always_inline struct svq_mem_window
svq_mem_window(const struct hf_svq_mem *mem, uint32_t hint, uint64_t len)
{
	const struct hf_svq_region *r = &mem->r[hint];

	return (struct svq_mem_window){
		.gpa = r->gpa, .n = len <= r->len ? r->len - len + 1 : 0, .hva = r->hva};
}

/* NULL: not in this region. */
static __rte_always_inline uint8_t *
svq_mem_window_at(const struct svq_mem_window *w, uint64_t gpa)
{
	const uint64_t off = gpa - w->gpa;

	return likely(off < w->n) ? w->hva + off : NULL;
}

/* Is all of [gpa, gpa + len), len > 0, memory, be it of several regions that touch? */
bool svq_mem_covers(const struct hf_svq_mem *mem, uint32_t *hint, uint64_t gpa, uint64_t len);

/*
 * Copy from guest memory, across regions that touch. 0, or -EFAULT: a byte is in no region (what
 * came before it may have been copied).
 */
int svq_mem_read(
	const struct hf_svq_mem *mem, uint32_t *hint, uint64_t gpa, void *dst, uint64_t len);

/* Regions sorted, disjoint, at least one, none empty or past the end of the address space. */
bool svq_mem_is_valid(const struct hf_svq_mem *mem);

/*
 * A copy of what a guest may be writing to at the same time. The compiler is kept from reading the
 * source a second time where the copy is used.
 */
static __rte_always_inline void
svq_copy_once(void *dst, const void *src, size_t len)
{
	memcpy(dst, src, len);
	rte_compiler_barrier();
}

#endif /* SVQ_MEM_H */
