/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdio.h>

#include "hf_devx.h"
#include "nic.h"

int
nic_open(struct hf_devx **dev)
{
	struct hf_devx_attr attr = {0};
	struct ibv_device **list;
	int i, n = 0, ret = -ENODEV;

	*dev = NULL;
	list = ibv_get_device_list(&n);
	for (i = 0; i < n && ret == -ENODEV; i++) {
		attr.ibdev = list[i];
		attr.name = ibv_get_device_name(list[i]);
		ret = hf_devx_open(&attr, dev);
		if (ret == 0 && !hf_devx_caps(*dev)->virtio_net_q) {
			hf_devx_close(*dev);
			*dev = NULL;
			ret = -ENODEV;
		}
	}
	if (list != NULL)
		ibv_free_device_list(list);
	if (ret == -ENODEV)
		fprintf(stderr, "none of %d NICs has virtqueues: run this below 'nicemu run --'\n",
			n);
	return ret;
}
