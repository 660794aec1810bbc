/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The verbs device of a PCI function.
 */
#ifndef HF_IBDEV_H
#define HF_IBDEV_H

struct ibv_device;
struct rte_pci_addr;

/*
 * *list is to be freed with ibv_free_device_list() when the device has been opened. 0, or a
 * negative errno after a log line; -ENODEV: no verbs device belongs to this address.
 */
int hf_ibdev_find(const struct rte_pci_addr *addr, const char *name, struct ibv_device ***list,
	struct ibv_device **ibdev);

#endif /* HF_IBDEV_H */
