/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The driver on the PCI bus. Debian's mlx5 drivers know the same devices; EAL asks drivers in the
 * order in which they were loaded, "-d" before its own directory, and takes the first that does not
 * decline.
 */
#include <errno.h>
#include <string.h>

#include <bus_pci_driver.h>
#include <rte_common.h>
#include <rte_eal.h>
#include <vdpa_driver.h>

#include "hf_args.h"
#include "hf_dev.h"
#include "hf_front.h"
#include "vhost/hf_ops.h"
#include "vhost/hf_start.h"

#define HF_PCI_VENDOR 0x15b3

static int
hf_pci_probe(struct rte_pci_driver *drv, struct rte_pci_device *pci)
{
	struct hf_args args;
	struct hf_dev *dev;
	int ret;

	RTE_SET_USED(drv);
	if (!hf_args_wanted(pci->device.devargs))
		return 1;
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		HF_LOG(ERR, "%s: only a primary process can drive the device", pci->name);
		return -ENOTSUP;
	}
	ret = hf_args_parse(pci->device.devargs, pci->name, &args);
	if (ret != 0)
		return ret;
	ret = hf_dev_create(pci, &args, &dev);
	if (ret != 0) {
		HF_LOG(ERR, "%s: cannot be used: %s", pci->name, strerror(-ret));
		return ret;
	}
	dev->vdev = rte_vdpa_register_device(&pci->device, &hf_ops);
	if (dev->vdev == NULL) {
		HF_LOG(ERR, "%s: cannot be registered as a vDPA device", pci->name);
		hf_dev_destroy(dev);
		return -EEXIST;
	}
	hf_dev_publish(dev);
	hf_start_early(dev);
	HF_LOG(INFO, "%s: %u queue pairs, features 0x%" PRIx64, dev->name, dev->max_vqs / 2,
		dev->offered);
	return 0;
}

/* No front end first, then no new calls, then none inside, then nothing to call. */
static int
hf_pci_remove(struct rte_pci_device *pci)
{
	struct hf_dev *dev;
	int ret;

	dev = hf_dev_find(pci);
	if (dev == NULL)
		return -ENODEV;
	hf_front_cut(dev);
	rte_vdpa_unregister_device(dev->vdev);
	ret = hf_dev_withdraw(dev);
	if (ret != 0) {
		HF_LOG(ERR, "%s: a call into the device does not return; its memory is not freed",
			dev->name);
		return ret;
	}
	hf_dev_destroy(dev);
	return 0;
}

/* clang-format off */
static const struct rte_pci_id hf_pci_ids[] = {
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x1017) },	/* ConnectX-5 */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x1018) },	/* ConnectX-5 VF */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x1019) },	/* ConnectX-5 Ex */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x101a) },	/* ConnectX-5 Ex VF */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x101b) },	/* ConnectX-6 */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x101c) },	/* ConnectX-6 VF */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x101d) },	/* ConnectX-6 Dx */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x101e) },	/* ConnectX family VF */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x101f) },	/* ConnectX-6 Lx */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0x1021) },	/* ConnectX-7 */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0xa2d2) },	/* BlueField */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0xa2d3) },	/* BlueField VF */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0xa2d6) },	/* BlueField-2 */
	{ RTE_PCI_DEVICE(HF_PCI_VENDOR, 0xa2dc) },	/* BlueField-3 */
	{ .vendor_id = 0 },
};
/* clang-format on */

static struct rte_pci_driver hf_pci_driver = {
	.id_table = hf_pci_ids,
	.probe = hf_pci_probe,
	.remove = hf_pci_remove,
};

RTE_PMD_REGISTER_PCI(vdpa_holdfast, hf_pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(vdpa_holdfast, hf_pci_ids);
RTE_PMD_REGISTER_KMOD_DEP(vdpa_holdfast, "* ib_uverbs & mlx5_core & mlx5_ib");
RTE_PMD_REGISTER_PARAM_STRING(vdpa_holdfast, HF_ARGS_HELP);
