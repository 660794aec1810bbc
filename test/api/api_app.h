/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#ifndef API_APP_H
#define API_APP_H

struct rte_vdpa_device;

/* Each call with structures of callers of any age; one line of JSON names what failed. */
void api_sizes(struct rte_vdpa_device *vdev);

#endif /* API_APP_H */
