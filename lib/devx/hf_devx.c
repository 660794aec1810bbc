/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "devx_priv.h"

const struct hf_devx_caps *
hf_devx_caps(const struct hf_devx *dev)
{
	return &dev->caps;
}

struct ibv_context *
hf_devx_ibv(const struct hf_devx *dev)
{
	return dev->ibv;
}

uint32_t
hf_devx_pdn(const struct hf_devx *dev)
{
	return dev->pdn;
}

struct hf_objs *
hf_devx_objs(const struct hf_devx *dev)
{
	return dev->objs;
}

const char *
hf_devx_name(const struct hf_devx *dev)
{
	return dev->name;
}

uint32_t
hf_devx_null_lkey(const struct hf_devx *dev)
{
	return dev->null_mr->lkey;
}

#define LOG_ADAPTER_PAGE 12

uint8_t
devx_log_page_size(const struct hf_devx *dev)
{
	return rte_log2_u64(dev->page_size) - LOG_ADAPTER_PAGE;
}

uint8_t
devx_ts_format(uint8_t cap)
{
	return cap == MLX5_HCA_CAP_TIMESTAMP_FORMAT_FR ? MLX5_QPC_TIMESTAMP_FORMAT_FREE_RUNNING
						       : MLX5_QPC_TIMESTAMP_FORMAT_DEFAULT;
}

/* The node of the PCI device as sysfs has it; -1 there and here means unknown. */
static int
numa_node_read(const struct ibv_device *ibdev)
{
	char path[PATH_MAX];
	int node = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/device/numa_node", ibdev->ibdev_path);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	if (fscanf(f, "%d", &node) != 1)
		node = -1;
	fclose(f);
	return node;
}

static int
pd_create(struct hf_devx *dev)
{
	struct mlx5dv_pd dvpd = {0};
	struct mlx5dv_obj obj = {0};
	int ret;

	errno = 0;
	dev->pd = ibv_alloc_pd(dev->ibv);
	if (dev->pd == NULL)
		return devx_call_failed(dev, errno, "ibv_alloc_pd");
	obj.pd.in = dev->pd;
	obj.pd.out = &dvpd;
	ret = mlx5dv_init_obj(&obj, MLX5DV_OBJ_PD);
	if (ret)
		return devx_call_failed(dev, ret, "mlx5dv_init_obj of the protection domain");
	dev->pdn = dvpd.pdn;
	return 0;
}

/*
 * Doorbells need no write combining, so a non-cached page is asked for first. A kernel that is too
 * old for it has the other kind.
 */
static int
uar_create(struct hf_devx *dev)
{
	dev->uar = mlx5dv_devx_alloc_uar(dev->ibv, MLX5DV_UAR_ALLOC_TYPE_NC);
	dev->uar_nc = dev->uar != NULL;
	if (dev->uar_nc)
		return 0;
	errno = 0;
	dev->uar = mlx5dv_devx_alloc_uar(dev->ibv, MLX5DV_UAR_ALLOC_TYPE_BF);
	if (dev->uar == NULL)
		return devx_call_failed(dev, errno, "mlx5dv_devx_alloc_uar");
	return 0;
}

/* All that lives as long as the device. On error the caller tears down what is there. */
static int
context_create(struct hf_devx *dev, struct ibv_device *ibdev)
{
	struct mlx5dv_context_attr attr = {.flags = MLX5DV_CONTEXT_FLAGS_DEVX};
	int ret;

	errno = 0;
	dev->ibv = mlx5dv_open_device(ibdev, &attr);
	if (dev->ibv == NULL)
		return devx_call_failed(dev, errno,
			"opening %s with DevX (mlx5_ib loaded? "
			"CAP_NET_RAW held?)",
			ibv_get_device_name(ibdev));
	ret = devx_async_init(dev);
	if (ret)
		return ret;
	ret = devx_caps_query(dev);
	if (ret)
		return ret;
	ret = pd_create(dev);
	if (ret)
		return ret;
	errno = 0;
	dev->null_mr = ibv_alloc_null_mr(dev->pd);
	if (dev->null_mr == NULL)
		return devx_call_failed(dev, errno, "ibv_alloc_null_mr");
	ret = mlx5dv_devx_query_eqn(dev->ibv, 0, &dev->eqn);
	if (ret)
		return devx_call_failed(dev, ret, "mlx5dv_devx_query_eqn of vector 0");
	if (dev->caps.eth.queues)
		devx_q_counter_create(dev);
	return uar_create(dev);
}

static void
context_destroy(struct hf_devx *dev)
{
	int ret;

	if (dev->uar != NULL)
		mlx5dv_devx_free_uar(dev->uar);
	if (dev->null_mr != NULL) {
		ret = ibv_dereg_mr(dev->null_mr);
		if (ret)
			devx_call_failed(dev, ret, "ibv_dereg_mr of the null MR");
	}
	if (dev->pd != NULL) {
		ret = ibv_dealloc_pd(dev->pd);
		if (ret)
			devx_call_failed(dev, ret, "ibv_dealloc_pd");
	}
	if (dev->ibv != NULL) {
		ret = ibv_close_device(dev->ibv);
		if (ret)
			devx_call_failed(dev, ret, "ibv_close_device");
	}
}

int
hf_devx_open(const struct hf_devx_attr *attr, struct hf_devx **out)
{
	struct hf_devx *dev;
	int ret;

	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return -ENOMEM;
	snprintf(dev->name, sizeof(dev->name), "%s", attr->name);
	dev->page_size = sysconf(_SC_PAGESIZE);
	dev->numa_node = numa_node_read(attr->ibdev);
	dev->objs = hf_objs_create(dev->name);
	if (dev->objs == NULL) {
		free(dev);
		return -ENOMEM;
	}
	ret = context_create(dev, attr->ibdev);
	if (ret) {
		devx_q_counter_destroy(dev);
		context_destroy(dev);
		hf_objs_destroy(dev->objs);
		free(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

unsigned int
hf_devx_close(struct hf_devx *dev)
{
	unsigned int leaks;

	if (dev == NULL)
		return 0;
	devx_q_counter_destroy(dev);
	leaks = hf_objs_destroy(dev->objs);
	context_destroy(dev);
	free(dev);
	return leaks;
}

/* What the firmware's MTU counts beyond the IP packet: Ethernet head, VLAN tag, check sequence. */
#define HW_MTU_OVERHEAD 22

int
devx_vport_query(struct hf_devx *dev, void *out, size_t outlen)
{
	uint32_t in[DEVX_ST_SZ_DW(query_nic_vport_context_in)] = {0};

	DEVX_SET(query_nic_vport_context_in, in, opcode, MLX5_CMD_OP_QUERY_NIC_VPORT_CONTEXT);
	return devx_general(dev, in, sizeof(in), out, outlen);
}

int
hf_devx_vport_query(struct hf_devx *dev, struct hf_devx_vport *vport)
{
	uint32_t out[DEVX_ST_SZ_DW(query_nic_vport_context_out)] = {0};
	const uint8_t *mac;
	uint16_t mtu;
	int ret;

	ret = devx_vport_query(dev, out, sizeof(out));
	if (ret)
		return ret;
	mac = DEVX_ADDR_OF(query_nic_vport_context_out, out,
		nic_vport_context.permanent_address.mac_addr_47_32);
	memcpy(vport->mac, mac, sizeof(vport->mac));
	mtu = DEVX_GET(query_nic_vport_context_out, out, nic_vport_context.mtu);
	vport->mtu = mtu > HW_MTU_OVERHEAD ? mtu - HW_MTU_OVERHEAD : 0;
	return 0;
}
