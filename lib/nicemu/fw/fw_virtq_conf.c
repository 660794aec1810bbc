/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "fw_virtq.h"

/* clang-format off */
#define MAX_PERIOD_MODE	2	/* DPDK vdpa/mlx5: default, from the first or from the last completion */
#define WRAP		0x8000u	/* of a packed ring's index */
/* clang-format on */

void
fw_vq_conf_get(const struct nic_virtq *vq, struct vq_conf *n)
{
	*n = (struct vq_conf){.type = vq->type,
		.event_mode = vq->event_mode,
		.qp = vq->event_qp,
		.v1 = vq->v1,
		.features = vq->features,
		.desc = vq->desc,
		.avail = vq->avail,
		.used = vq->used,
		.mkey = vq->mkey,
		.avail_idx = vq->avail_idx,
		.used_idx = vq->used_idx,
		.period_mode = vq->period_mode,
		.period_us = vq->period_us,
		.max_pending = vq->max_pending,
		.dirty_on = vq->dirty_on,
		.dirty_mkey = vq->dirty_mkey,
		.dirty_size = vq->dirty_size,
		.dirty_addr = vq->dirty_addr};
}

void
fw_vq_conf_put(struct nic_virtq *vq, const struct vq_conf *n)
{
	if (vq->event_qp != n->qp) {
		if (vq->event_qp != NULL)
			vq->event_qp->virtq = NULL;
		fw_drop(vq->event_qp);
		vq->event_qp = n->qp;
		if (vq->event_qp != NULL)
			vq->event_qp->virtq = vq;
		fw_hold(vq->event_qp);
	}
	vq->type = n->type;
	vq->event_mode = n->event_mode;
	vq->v1 = n->v1;
	vq->features = n->features;
	vq->desc = n->desc;
	vq->avail = n->avail;
	vq->used = n->used;
	vq->mkey = n->mkey;
	vq->avail_idx = n->avail_idx;
	vq->used_idx = n->used_idx;
	vq->period_mode = n->period_mode;
	vq->period_us = n->period_us;
	vq->max_pending = n->max_pending;
	vq->dirty_on = n->dirty_on;
	vq->dirty_mkey = n->dirty_mkey;
	vq->dirty_size = n->dirty_size;
	vq->dirty_addr = n->dirty_addr;
}

static uint8_t
parse_type(struct fw_cmd *c, const void *ctx, struct vq_conf *n)
{
	n->type = DEVX_GET(virtio_q, ctx, virtio_q_type);
	if (n->type > NIC_VQ_PACKED || !(FW_CAP_VDPA(c->f, virtio_queue_type) & 1u << n->type))
		return fw_refuse(c, FW_R_VQ_TYPE);
	return 0;
}

static uint8_t
parse_version(struct fw_cmd *c, const void *ctx, struct vq_conf *n)
{
	n->v1 = DEVX_GET(virtio_q, ctx, virtio_version_1_0);
	if (n->v1 && !FW_CAP_VDPA(c->f, virtio_version_1_0))
		return fw_refuse(c, FW_R_VQ_VERSION);
	return 0;
}

/*
 * The bits have the order of virtio_emulation_cap: see Linux mlx5_ifc.h device_features_bits_mask.
 */
static uint8_t
parse_features(struct fw_cmd *c, const void *q, struct vq_conf *n)
{
	bool tso4 = DEVX_GET(virtio_net_q, q, tso_ipv4), tso6 = DEVX_GET(virtio_net_q, q, tso_ipv6);
	bool tx = DEVX_GET(virtio_net_q, q, tx_csum), rx = DEVX_GET(virtio_net_q, q, rx_csum);

	if ((tso4 && !FW_CAP_VDPA(c->f, tso_ipv4)) || (tso6 && !FW_CAP_VDPA(c->f, tso_ipv6)) ||
		(tx && !FW_CAP_VDPA(c->f, tx_csum)) || (rx && !FW_CAP_VDPA(c->f, rx_csum)) ||
		DEVX_GET(virtio_net_q, q, reserved_at_84) != 0 ||
		DEVX_GET(virtio_net_q, q, queue_feature_bit_mask_2_0) != 0)
		return fw_refuse(c, FW_R_VQ_FEATURES);
	n->features = (tso4 ? NIC_VQ_F_HOST_TSO4 : 0) | (tso6 ? NIC_VQ_F_HOST_TSO6 : 0) |
		(tx ? NIC_VQ_F_CSUM : 0) | (rx ? NIC_VQ_F_GUEST_CSUM : 0);
	return 0;
}

static uint8_t
parse_event(struct fw_cmd *c, const void *ctx, const struct nic_pd *pd, struct vq_conf *n)
{
	struct nic_qp *old = n->qp, *qp;

	n->event_mode = DEVX_GET(virtio_q, ctx, event_mode);
	n->qp = NULL;
	if (n->event_mode > NIC_VQ_MSIX || !(FW_CAP_VDPA(c->f, event_mode) & 1u << n->event_mode))
		return fw_refuse(c, FW_R_VQ_EVENT_MODE);
	/* vectors are the kernel's (Linux mlx5_vnet.c: pci_msix_alloc_irq_at()), and it gives none
	 * away */
	if (n->event_mode == NIC_VQ_MSIX)
		return fw_refuse(c, FW_R_VQ_MSIX);
	if (n->event_mode != NIC_VQ_QP)
		return 0;
	qp = fw_use(c, NIC_OBJ_QP, DEVX_GET(virtio_q, ctx, event_qpn_or_msix), FW_R_VQ_QP);
	if (qp == NULL)
		return c->status;
	if (!qp->no_rq)
		return fw_refuse(c, FW_R_VQ_QP_KIND);
	if (qp->pd != pd)
		return fw_refuse(c, FW_R_VQ_QP_PD);
	if (qp->virtq != NULL && qp != old)
		return fw_refuse(c, FW_R_VQ_QP_TAKEN);
	if (qp->state != NIC_QP_RTS)
		return fw_refuse(c, FW_R_VQ_QP_STATE);
	n->qp = qp;
	return 0;
}

static uint8_t
parse_mkey(struct fw_cmd *c, const void *ctx, const struct nic_pd *pd, struct vq_conf *n)
{
	const struct nic_mkey *k;

	n->mkey = DEVX_GET(virtio_q, ctx, virtio_q_mkey);
	if (n->mkey == 0)
		return 0;
	k = fw_mkey_find(c->f, n->mkey);
	if (k == NULL)
		return fw_refuse(c, FW_R_VQ_MKEY);
	if (k->mode != NIC_MKEY_NULL && k->pd != pd)
		return fw_refuse(c, FW_R_VQ_MKEY_PD);
	return 0;
}

static void
parse_addr(const void *ctx, struct vq_conf *n)
{
	n->desc = DEVX_GET64(virtio_q, ctx, desc_addr);
	n->avail = DEVX_GET64(virtio_q, ctx, available_addr);
	n->used = DEVX_GET64(virtio_q, ctx, used_addr);
}

static uint8_t
parse_period(struct fw_cmd *c, const void *ctx, struct vq_conf *n)
{
	n->period_mode = DEVX_GET(virtio_q, ctx, queue_period_mode);
	n->period_us = DEVX_GET(virtio_q, ctx, queue_period_us);
	n->max_pending = DEVX_GET(virtio_q, ctx, queue_max_count);
	return n->period_mode <= MAX_PERIOD_MODE ? 0 : fw_refuse(c, FW_R_VQ_PERIOD);
}

/* Without a key (0) there is no log, as in a queue whose driver has none. */
static uint8_t
parse_log(struct fw_cmd *c, const void *q, const struct nic_pd *pd, struct vq_conf *n)
{
	const struct nic_mkey *k;

	n->dirty_mkey = DEVX_GET(virtio_net_q, q, dirty_bitmap_mkey);
	n->dirty_size = DEVX_GET(virtio_net_q, q, dirty_bitmap_size);
	n->dirty_addr = DEVX_GET64(virtio_net_q, q, dirty_bitmap_addr);
	if (DEVX_GET(virtio_net_q, q, vhost_log_page) != 0)
		return fw_refuse(c, FW_R_VQ_LOG_PAGE);
	if (n->dirty_mkey == 0)
		return 0;
	k = fw_mkey_find(c->f, n->dirty_mkey);
	if (k == NULL)
		return fw_refuse(c, FW_R_VQ_LOG_MKEY);
	if (k->mode != NIC_MKEY_NULL && k->pd != pd)
		return fw_refuse(c, FW_R_VQ_LOG_PD);
	return 0;
}

uint8_t
fw_vq_conf_parse(struct fw_cmd *c, const void *q, uint64_t select, const struct nic_pd *pd,
	struct vq_conf *n)
{
	const void *ctx = DEVX_ADDR_OF(virtio_net_q, q, virtio_q_context);

	if (select & SEL_TYPE && parse_type(c, ctx, n) != 0)
		return c->status;
	if (select & SEL_VERSION && parse_version(c, ctx, n) != 0)
		return c->status;
	if (select & SEL_FEATURES && parse_features(c, q, n) != 0)
		return c->status;
	if (select & SEL_EVENT && parse_event(c, ctx, pd, n) != 0)
		return c->status;
	if (select & SEL_MKEY && parse_mkey(c, ctx, pd, n) != 0)
		return c->status;
	if (select & SEL_PERIOD && parse_period(c, ctx, n) != 0)
		return c->status;
	if (select & SEL_ADDR)
		parse_addr(ctx, n);
	if (select & SEL_AVAIL)
		n->avail_idx = DEVX_GET(virtio_net_q, q, hw_available_index);
	if (select & SEL_USED)
		n->used_idx = DEVX_GET(virtio_net_q, q, hw_used_index);
	if (select & SEL_LOG && parse_log(c, q, pd, n) != 0)
		return c->status;
	if (select & SEL_LOG_ON)
		n->dirty_on = DEVX_GET(virtio_net_q, q, dirty_bitmap_dump_enable);
	return 0;
}

/* virtio 1.1: 2.6 for split rings, 2.7.10 for packed ones. */
uint8_t
fw_vq_conf_check(struct fw_cmd *c, const struct vq_conf *n, uint32_t size)
{
	bool packed = n->type == NIC_VQ_PACKED;

	if (n->desc % 16 != 0 || n->avail % (packed ? 4 : 2) != 0 || n->used % 4 != 0)
		return fw_refuse(c, FW_R_VQ_ALIGN);
	if (packed && ((n->avail_idx & ~WRAP) >= size || (n->used_idx & ~WRAP) >= size))
		return fw_refuse(c, FW_R_VQ_RING_INDEX);
	if (n->dirty_on && n->dirty_mkey == 0)
		return fw_refuse(c, FW_R_VQ_DIRTY);
	return 0;
}
