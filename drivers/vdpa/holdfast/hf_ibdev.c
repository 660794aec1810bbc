/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <infiniband/verbs.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_pci.h>

#include <hf_log.h>

#include "hf_ibdev.h"

#define HF_IBDEV_SLOT "PCI_SLOT_NAME="

/* The kernel tells the parent's address in the uevent file of the verbs device's "device" link. */
static bool
hf_ibdev_is_at(const struct ibv_device *ibdev, const struct rte_pci_addr *addr)
{
	const size_t slot_len = strlen(HF_IBDEV_SLOT);
	char path[PATH_MAX], line[256];
	struct rte_pci_addr at;
	bool same = false;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/device/uevent", ibdev->ibdev_path) >=
		(int)sizeof(path))
		return false;
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, HF_IBDEV_SLOT, slot_len) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		same = rte_pci_addr_parse(line + slot_len, &at) == 0 &&
			rte_pci_addr_cmp(&at, addr) == 0;
		break;
	}
	fclose(f);
	return same;
}

int
hf_ibdev_find(const struct rte_pci_addr *addr, const char *name, struct ibv_device ***list,
	struct ibv_device **ibdev)
{
	struct ibv_device **devs;
	int i, n, err;

	errno = 0;
	devs = ibv_get_device_list(&n);
	if (devs == NULL) {
		err = errno != 0 ? errno : ENOSYS;
		HF_LOG(ERR, "%s: cannot list verbs devices: %s; are ib_uverbs and mlx5_ib loaded?",
			name, strerror(err));
		return -err;
	}
	for (i = 0; i < n; i++) {
		if (!hf_ibdev_is_at(devs[i], addr))
			continue;
		*list = devs;
		*ibdev = devs[i];
		return 0;
	}
	HF_LOG(ERR,
		"no verbs device for %s (%d verbs devices in all): is mlx5_ib loaded, and is the"
		" function bound to"
		" mlx5_core?",
		name, n);
	ibv_free_device_list(devs);
	return -ENODEV;
}
