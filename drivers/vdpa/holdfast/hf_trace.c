/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <rte_trace_point_register.h>

#include "hf_trace.h"

RTE_TRACE_POINT_REGISTER(hf_trace_map, pmd.vdpa.holdfast.map)
RTE_TRACE_POINT_REGISTER(hf_trace_unmap, pmd.vdpa.holdfast.unmap)
RTE_TRACE_POINT_REGISTER(hf_trace_map_reset, pmd.vdpa.holdfast.map.reset)
RTE_TRACE_POINT_REGISTER(hf_trace_reset, pmd.vdpa.holdfast.reset)
RTE_TRACE_POINT_REGISTER(hf_trace_mr_keep, pmd.vdpa.holdfast.mr.keep)
RTE_TRACE_POINT_REGISTER(hf_trace_mr_register, pmd.vdpa.holdfast.mr.register)
RTE_TRACE_POINT_REGISTER(hf_trace_mr_drop, pmd.vdpa.holdfast.mr.drop)
