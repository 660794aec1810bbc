/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Trace points of what happens to memory (rte_trace): --trace=pmd.vdpa.holdfast.*
 */
#ifndef HF_TRACE_H
#define HF_TRACE_H

#include <rte_trace_point.h>

/* A request of the application, and its result. */
RTE_TRACE_POINT(
	hf_trace_map,
	RTE_TRACE_POINT_ARGS(const char *dev, uint32_t asid, uint64_t iova, uint64_t len, int ret),
	rte_trace_point_emit_string(dev);
	rte_trace_point_emit_u32(asid); rte_trace_point_emit_u64(iova);
	rte_trace_point_emit_u64(len); rte_trace_point_emit_int(ret);)

RTE_TRACE_POINT(
	hf_trace_unmap,
	RTE_TRACE_POINT_ARGS(const char *dev, uint32_t asid, uint64_t iova, uint64_t len, int ret),
	rte_trace_point_emit_string(dev);
	rte_trace_point_emit_u32(asid); rte_trace_point_emit_u64(iova);
	rte_trace_point_emit_u64(len); rte_trace_point_emit_int(ret);)

RTE_TRACE_POINT(hf_trace_map_reset, RTE_TRACE_POINT_ARGS(const char *dev, uint32_t asid, int ret),
		rte_trace_point_emit_string(dev);
		rte_trace_point_emit_u32(asid); rte_trace_point_emit_int(ret);)

RTE_TRACE_POINT(hf_trace_reset, RTE_TRACE_POINT_ARGS(const char *dev, uint8_t clean_map, int ret),
		rte_trace_point_emit_string(dev);
		rte_trace_point_emit_u8(clean_map); rte_trace_point_emit_int(ret);)

/* What one event did to MRs. */
RTE_TRACE_POINT(hf_trace_mr_keep,
		RTE_TRACE_POINT_ARGS(const char *dev, uint32_t asid, uint32_t mrs, uint64_t bytes),
		rte_trace_point_emit_string(dev);
		rte_trace_point_emit_u32(asid); rte_trace_point_emit_u32(mrs);
		rte_trace_point_emit_u64(bytes);)

RTE_TRACE_POINT(hf_trace_mr_register,
		RTE_TRACE_POINT_ARGS(const char *dev, uint32_t asid, uint32_t mrs, uint64_t bytes),
		rte_trace_point_emit_string(dev);
		rte_trace_point_emit_u32(asid); rte_trace_point_emit_u32(mrs);
		rte_trace_point_emit_u64(bytes);)

RTE_TRACE_POINT(hf_trace_mr_drop,
		RTE_TRACE_POINT_ARGS(const char *dev, uint32_t asid, uint32_t mrs, uint64_t bytes),
		rte_trace_point_emit_string(dev);
		rte_trace_point_emit_u32(asid); rte_trace_point_emit_u32(mrs);
		rte_trace_point_emit_u64(bytes);)

#endif /* HF_TRACE_H */
