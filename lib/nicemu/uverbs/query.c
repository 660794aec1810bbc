/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the kernel tells about a device and its port. Linux hw/mlx5/main.c: mlx5_ib_query_device(),
 * mlx5_query_port_roce().
 */
#include "uv.h"

#include <endian.h>
#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <limits.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <stdio.h>

#include "../conf.h"
#include "../fw/fw.h"
#include "../sysfs.h"
#include "prm.h"

#define CAP(f, name) DEVX_GET(cmd_hca_cap, (f)->caps[0], name)

/* ib_verbs.h: enum ib_device_cap_flags */
#define CAP_CHANGE_PHY_PORT (1u << 5)
#define CAP_PORT_ACTIVE_EVENT (1u << 10)
#define CAP_SYS_IMAGE_GUID (1u << 11)
#define CAP_RC_RNR_NAK_GEN (1u << 12)
#define CAP_MANAGED_FLOW_STEERING (1u << 29)
#define QPT_RAW_PACKET 8
#define VENDOR_MELLANOX 0x02c9 /* OUI that mlx5_query_vendor_id() returns */

static uint64_t
fw_version(const char *s)
{
	unsigned int major = 0, minor = 0, sub = 0;

	sscanf(s, "%u.%u.%u", &major, &minor, &sub);
	return (uint64_t)major << 32 | (uint64_t)minor << 16 | sub;
}

static void
query_limits(const struct nic_func *f, struct ib_uverbs_query_device_resp *b)
{
	unsigned int sq = CAP(f, max_wqe_sz_sq), rq = CAP(f, max_wqe_sz_rq);
	unsigned int sq_sge, rq_sge = rq / sizeof(struct mlx5_wqe_data_seg);

	sq = sq < 512 ? sq : 512;
	sq_sge = (unsigned int)((sq - sizeof(struct mlx5_wqe_ctrl_seg) -
					sizeof(struct mlx5_wqe_raddr_seg)) /
		sizeof(struct mlx5_wqe_data_seg));
	b->max_mr_size = UINT64_MAX;
	b->page_size_cap = ~((1ull << CAP(f, log_pg_sz)) - 1);
	b->max_qp = 1u << CAP(f, log_max_qp);
	b->max_qp_wr = 1u << CAP(f, log_max_qp_sz);
	b->max_sge = sq_sge < rq_sge ? sq_sge : rq_sge;
	b->max_sge_rd = 30; /* MLX5_MAX_SGE_RD */
	b->max_cq = 1u << CAP(f, log_max_cq);
	b->max_cqe = (1u << CAP(f, log_max_cq_sz)) - 1;
	b->max_mr = 1u << CAP(f, log_max_mkey);
	b->max_pd = 1u << CAP(f, log_max_pd);
	b->max_qp_rd_atom = 1u << CAP(f, log_max_ra_req_qp);
	b->max_qp_init_rd_atom = 1u << CAP(f, log_max_ra_res_qp);
	b->max_res_rd_atom = b->max_qp_rd_atom * b->max_qp;
	b->max_srq = 1u << CAP(f, log_max_srq);
	b->max_srq_wr = (1u << CAP(f, log_max_srq_sz)) - 1;
	b->max_srq_sge = rq_sge > 0 ? rq_sge - 1 : 0;
	b->max_mcast_grp = 1u << CAP(f, log_max_mcg);
	b->max_mcast_qp_attach = CAP(f, max_qp_mcg);
	b->max_total_mcast_qp_attach = b->max_mcast_qp_attach * b->max_mcast_grp;
	b->max_ah = INT_MAX;
	b->max_pkeys = 1;
	b->local_ca_ack_delay = (uint8_t)CAP(f, local_ca_ack_delay);
	b->phys_port_cnt = 1;
}

void
uv_query_device(const struct nic_func *f, struct ib_uverbs_ex_query_device_resp *r)
{
	struct ib_uverbs_query_device_resp *b = &r->base;

	b->fw_ver = fw_version(f->nic->conf->fw_ver);
	b->node_guid = htobe64(sysfs_guid(f->conf));
	b->sys_image_guid = htobe64(sysfs_guid(&f->nic->conf->funcs[0]));
	b->vendor_id = VENDOR_MELLANOX;
	b->vendor_part_id = f->conf->device_id;
	b->device_cap_flags = CAP_CHANGE_PHY_PORT | CAP_PORT_ACTIVE_EVENT | CAP_SYS_IMAGE_GUID |
		CAP_RC_RNR_NAK_GEN | CAP_MANAGED_FLOW_STEERING;
	query_limits(f, b);
	r->timestamp_mask = 0x7fffffffffffffffull;
	r->hca_core_clock = CAP(f, device_frequency_khz);
	r->device_cap_flags_ex = b->device_cap_flags;
	r->rss_caps.max_rwq_indirection_tables = 1u << CAP(f, log_max_rqt);
	r->rss_caps.max_rwq_indirection_table_size = 1u << CAP(f, log_max_rqt_size);
	r->rss_caps.supported_qpts = 1u << QPT_RAW_PACKET;
	r->max_wq_type_rq = 1u << CAP(f, log_max_rq);
}

void
uv_query_driver(const struct nic_func *f, struct mlx5_ib_query_device_resp *r)
{
	if (!CAP(f, cqe_compression))
		return;
	r->cqe_comp_caps.max_num = CAP(f, cqe_compression_max_num);
	r->cqe_comp_caps.supported_format =
		MLX5_IB_CQE_RES_FORMAT_HASH | MLX5_IB_CQE_RES_FORMAT_CSUM;
}

/* Largest InfiniBand MTU (1: 256 bytes ... 5: 4096) that fits, as iboe_get_mtu() */
static uint8_t
ib_mtu(unsigned int mtu)
{
	uint8_t m = 1;

	mtu -= 90; /* GRH, BTH and what else RoCE puts in front */
	while (m < 5 && (256u << m) <= mtu)
		m++;
	return m;
}

int
uv_query_port(const struct nic_func *f, uint32_t port, struct ib_uverbs_query_port_resp_ex *r)
{
	struct ib_uverbs_query_port_resp *p = &r->legacy_resp;
	bool up = !atomic_load(&f->link_down);

	if (port != 1)
		return -EINVAL;
	/* the kernel asks the firmware for the speed first */
	if (fw_is_dead(f))
		return -ENOLINK;
	p->state = up ? 4 : 1; /* active, down */
	p->phys_state = up ? 5 : 3; /* link up, disabled */
	p->link_layer = 2; /* Ethernet */
	p->max_mtu = 5;
	p->active_mtu = ib_mtu(f->vport.mtu);
	p->gid_tbl_len = SYSFS_GIDS;
	p->pkey_tbl_len = 1;
	p->port_cap_flags = 0x04010000; /* CM, IP based GIDs */
	p->max_msg_sz = 1u << 30;
	p->max_vl_num = 1;
	p->active_width = 2; /* 4x */
	p->active_speed = 32; /* EDR */
	p->flags = 1; /* IB_UVERBS_QPF_GRH_REQUIRED */
	return 0;
}
