/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#ifndef HF_OPS_H
#define HF_OPS_H

struct rte_vdpa_dev_ops;

/* For rte_vdpa_register_device(), which wants it writable and does not write. */
extern struct rte_vdpa_dev_ops hf_ops;

#endif /* HF_OPS_H */
