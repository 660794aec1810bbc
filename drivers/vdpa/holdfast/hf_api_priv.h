/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the calls of the public interface share: hf_api.c, and hf_api_memory.c about memory.
 */
#ifndef HF_API_PRIV_H
#define HF_API_PRIV_H

#include <stdint.h>

#include "rte_pmd_holdfast.h"

struct hf_dev;

/* Room for any structure of the interface. */
union api_any {
	struct rte_pmd_holdfast_caps caps;
	struct rte_pmd_holdfast_policy policy;
	struct rte_pmd_holdfast_map map;
	struct rte_pmd_holdfast_unmap unmap;
	struct rte_pmd_holdfast_reset_map reset_map;
	struct rte_pmd_holdfast_reset reset;
	struct rte_pmd_holdfast_memory memory;
	struct rte_pmd_holdfast_datapath datapath;
	struct rte_pmd_holdfast_query query;
};

/* The device, locked, or NULL: it is none of this driver. And what ends that. */
struct hf_dev *hf_api_enter(struct rte_vdpa_device *vdev);
void hf_api_leave(struct hf_dev *dev);
/*
 * One call: the caller's structure of any age in, 'run' with the device locked, and the structure
 * out when that succeeded, or says how much room is needed.
 */
int hf_api_call(struct rte_vdpa_device *vdev, void *user, uint32_t size, uint32_t flags,
	int (*run)(struct hf_dev *dev, union api_any *own));

#endif /* HF_API_PRIV_H */
