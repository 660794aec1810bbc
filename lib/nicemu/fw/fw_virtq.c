/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * virtio-net queues and their counters.
 *
 * Both drivers that are known to make queues ahead of use (DPDK with its devarg "queues", Linux
 * mlx5_vnet.c with filled = false) create them without ring addresses and with memory key 0, and
 * fill them in by a modify. So an unfilled queue is fine in INIT; to RDY it needs a memory key.
 * Ring addresses may be 0, which is an address like others.
 *
 * State: INIT to RDY to SUSPEND, and SUSPEND to RDY where freeze_to_rdy_supported says so (Linux
 * mlx5_vnet.c is_valid_state_change()). The engine sets ERR, which only a destroy ends. Other
 * fields change in INIT and SUSPEND (Linux modifiable_virtqueue_fields()), also together with the
 * step to RDY, all or nothing. The dirty log is set, and switched, in RDY too (DPDK mlx5_vdpa_lm.c:
 * first the log of all queues, then the switch).
 */
#include "fw_int.h"

/* clang-format off */
#define MAX_SIZE	32768u	/* virtio 1.1, 2.6 */
#define MAX_PERIOD_MODE	2	/* DPDK vdpa/mlx5: default, from the first or from the last completion */
#define WRAP		0x8000u	/* of a packed ring's index */

#define SEL_STATE	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_STATE)
#define SEL_LOG		((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_DIRTY_BITMAP_PARAMS)
#define SEL_LOG_ON	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_DIRTY_BITMAP_DUMP_ENABLE)
#define SEL_PERIOD	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_QUEUE_PERIOD)
#define SEL_ADDR	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_ADDR)
#define SEL_AVAIL	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_HW_AVAILABLE_INDEX)
#define SEL_USED	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_HW_USED_INDEX)
#define SEL_TYPE	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_Q_TYPE)
#define SEL_VERSION	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_VERSION_1_0)
#define SEL_MKEY	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_Q_MKEY)
#define SEL_FEATURES	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_QUEUE_FEATURE_BIT_MASK)
#define SEL_EVENT	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_EVENT_MODE)
#define SEL_DESC_GROUP	((uint64_t)MLX5_VIRTQ_MODIFY_MASK_DESC_GROUP_MKEY)
#define SEL_EXT		(SEL_PERIOD | SEL_TYPE | SEL_VERSION | SEL_MKEY | SEL_FEATURES | SEL_EVENT)
#define SEL_FIELDS	(SEL_ADDR | SEL_AVAIL | SEL_USED | SEL_EXT)
#define SEL_DIRTY	(SEL_LOG | SEL_LOG_ON)
#define SEL_ALL		(SEL_STATE | SEL_DIRTY | SEL_FIELDS | SEL_DESC_GROUP)
/* clang-format on */

/* The part of a queue that a modify can change. */
struct vq_conf {
	unsigned int type, event_mode;
	struct nic_qp *qp;
	bool v1;
	uint16_t features;
	uint64_t desc, avail, used;
	uint32_t mkey;
	uint16_t avail_idx, used_idx;
	uint16_t period_mode, period_us, max_pending;
	bool dirty_on;
	uint32_t dirty_mkey, dirty_size;
	uint64_t dirty_addr;
};

static void
conf_get(const struct nic_virtq *vq, struct vq_conf *n)
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

static void
conf_put(struct nic_virtq *vq, const struct vq_conf *n)
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

/* ---- fields ---- */

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

/* The fields of 'select', each checked by itself. */
static uint8_t
conf_parse(struct fw_cmd *c, const void *q, uint64_t select, const struct nic_pd *pd,
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

/* What depends on more than one field. virtio 1.1: 2.6 for split rings, 2.7.10 for packed ones. */
static uint8_t
conf_check(struct fw_cmd *c, const struct vq_conf *n, uint32_t size)
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

/* ---- create ---- */

static uint8_t
create_check(struct fw_cmd *c, const void *q, const void *ctx)
{
	uint32_t size = DEVX_GET(virtio_q, ctx, queue_size);
	uint32_t index = DEVX_GET(virtio_q, ctx, queue_index);
	const struct nic_obj *o;

	if (!fw_uctx_may(c, FW_UCTX_CAP_RAW_TX))
		return fw_refuse(c, FW_R_VQ_RAW);
	if (index >= FW_CAP_VDPA(c->f, max_num_virtio_queues))
		return fw_refuse(c, FW_R_VQ_INDEX);
	TAILQ_FOREACH(o, &c->f->objs[NIC_OBJ_VIRTQ], next) {
		if (((const struct nic_virtq *)o)->index == index)
			return fw_refuse(c, FW_R_VQ_INDEX_TAKEN);
	}
	if (DEVX_GET(virtio_q, ctx, full_emulation) ||
		DEVX_GET(virtio_q, ctx, device_emulation_id) != 0)
		return fw_refuse(c, FW_R_VQ_EMULATION);
	if (DEVX_GET(virtio_q, ctx, offload_type) != 0)
		return fw_refuse(c, FW_R_VQ_OFFLOAD);
	/*
	 * virtio lets packed rings have any size; the drivers' event queues take log2 of it, so no
	 * other is seen
	 */
	if (size == 0 || size > MAX_SIZE || (size & (size - 1)) != 0)
		return fw_refuse(c, FW_R_VQ_SIZE);
	if (DEVX_GET(virtio_net_q, q, state) != MLX5_VIRTQ_STATE_INIT)
		return fw_refuse(c, FW_R_VQ_NEW_STATE);
	if (DEVX_GET(virtio_q, ctx, desc_group_mkey) != 0)
		return fw_refuse(c, FW_R_VQ_DESC_GROUP);
	return 0;
}

static uint8_t
umem_find(struct fw_cmd *c, uint32_t id, uint64_t off, uint32_t len, uint64_t need,
	struct nic_umem **u)
{
	static const struct fw_umem_rules rules = {
		FW_R_VQ_UMEM, FW_R_VQ_UMEM_RANGE, FW_R_VQ_UMEM_WRITE};

	*u = fw_umem_use(c, id, off, len, 1, &rules);
	if (*u == NULL)
		return c->status;
	return len >= need ? 0 : fw_refuse(c, FW_R_VQ_UMEM_SIZE);
}

#define UMEM_FIND(n) \
	umem_find(c, DEVX_GET(virtio_q, ctx, umem_##n##_id), \
		DEVX_GET64(virtio_q, ctx, umem_##n##_offset), \
		DEVX_GET(virtio_q, ctx, umem_##n##_size), \
		(uint64_t)FW_CAP_VDPA(c->f, umem_##n##_buffer_param_a) * size + \
			FW_CAP_VDPA(c->f, umem_##n##_buffer_param_b), \
		&u[(n)-1])

/* Objects that a queue stands on for all its life; nothing is held yet. */
struct vq_base {
	struct nic_pd *pd;
	struct nic_tis *tis;
	struct nic_virtq_counters *counters;
	struct nic_umem *umem[3];
};

static uint8_t
base_find(struct fw_cmd *c, const void *q, const void *ctx, struct vq_base *b)
{
	uint32_t size = DEVX_GET(virtio_q, ctx, queue_size);
	uint32_t tisn = DEVX_GET(virtio_net_q, q, tisn_or_qpn);
	uint32_t set = DEVX_GET(virtio_q, ctx, counter_set_id);
	struct nic_umem **u = b->umem;

	b->pd = fw_use(c, NIC_OBJ_PD, DEVX_GET(virtio_q, ctx, pd), FW_R_VQ_PD);
	if (b->pd == NULL)
		return c->status;
	/* Linux gives a TIS to transmit queues only, DPDK to all */
	if (tisn != 0) {
		b->tis = fw_use(c, NIC_OBJ_TIS, tisn, FW_R_VQ_TIS);
		if (b->tis == NULL)
			return c->status;
	} else if (DEVX_GET(virtio_q, ctx, queue_index) & 1) {
		return fw_refuse(c, FW_R_VQ_NO_TIS);
	}
	if (set != 0) {
		b->counters = fw_use(c, NIC_OBJ_VIRTQ_COUNTERS, set, FW_R_VQ_COUNTERS);
		if (b->counters == NULL)
			return c->status;
	}
	if (UMEM_FIND(1) != 0 || UMEM_FIND(2) != 0 || UMEM_FIND(3) != 0)
		return c->status;
	return 0;
}

uint8_t
fw_create_virtq(struct fw_cmd *c)
{
	const void *q = DEVX_ADDR_OF(create_virtq_in, c->in, virtq);
	const void *ctx = DEVX_ADDR_OF(virtio_net_q, q, virtio_q_context);
	uint32_t size = DEVX_GET(virtio_q, ctx, queue_size);
	struct vq_base b = {0};
	struct vq_conf n = {0};
	struct nic_virtq *vq;
	unsigned int i;

	if (create_check(c, q, ctx) != 0 || base_find(c, q, ctx, &b) != 0 ||
		conf_parse(c, q, SEL_FIELDS | SEL_DIRTY, b.pd, &n) != 0 ||
		conf_check(c, &n, size) != 0)
		return c->status;
	vq = fw_obj_new(c, NIC_OBJ_VIRTQ, sizeof(*vq));
	if (vq == NULL)
		return c->status;
	vq->state = NIC_VQ_INIT;
	vq->index = DEVX_GET(virtio_q, ctx, queue_index);
	vq->size = size;
	vq->pd = b.pd;
	vq->tis = b.tis;
	vq->counters = b.counters;
	fw_hold(vq->pd);
	fw_hold(vq->tis);
	fw_hold(vq->counters);
	for (i = 0; i < 3; i++) {
		vq->umem[i] = b.umem[i];
		fw_hold(vq->umem[i]);
	}
	conf_put(vq, &n);
	if (dp_virtq_init(vq) != 0) {
		fw_virtq_free(vq);
		return fw_refuse(c, FW_R_MEMORY);
	}
	DEVX_SET(general_obj_out_cmd_hdr, c->out, obj_id, vq->obj.id);
	return 0;
}

void
fw_virtq_free(struct nic_virtq *vq)
{
	unsigned int i;

	if (vq->dp != NULL) {
		if (vq->state == NIC_VQ_RDY)
			dp_virtq_quiesce(vq);
		dp_virtq_fini(vq);
	}
	if (vq->event_qp != NULL) {
		/* DPDK vdpa/mlx5: "FW will set event qp to error state in q destroy" */
		vq->event_qp->state = NIC_QP_ERR;
		vq->event_qp->virtq = NULL;
	}
	fw_drop(vq->event_qp);
	for (i = 0; i < 3; i++)
		fw_drop(vq->umem[i]);
	fw_drop(vq->counters);
	fw_drop(vq->tis);
	fw_drop(vq->pd);
	fw_obj_free(&vq->obj);
}

/* ---- modify ---- */

static uint8_t
select_check(struct fw_cmd *c, uint64_t select, int state)
{
	if (select == 0 || select & ~SEL_ALL)
		return fw_refuse(c, FW_R_VQ_SELECT);
	if (select & SEL_DESC_GROUP)
		return fw_refuse(c, FW_R_VQ_DESC_GROUP);
	if (select & SEL_ADDR && !FW_CAP_VDPA(c->f, virtio_net_q_addr_modify))
		return fw_refuse(c, FW_R_VQ_SELECT_ADDR);
	if (select & (SEL_AVAIL | SEL_USED) && !FW_CAP_VDPA(c->f, virtio_q_index_modify))
		return fw_refuse(c, FW_R_VQ_SELECT_INDEX);
	if (select & SEL_EXT && !FW_CAP_VDPA(c->f, vnet_modify_ext))
		return fw_refuse(c, FW_R_VQ_SELECT_EXT);
	if ((select & SEL_FIELDS && state != NIC_VQ_INIT && state != NIC_VQ_SUSPEND) ||
		(select & SEL_DIRTY && state == NIC_VQ_ERR))
		return fw_refuse(c, FW_R_VQ_MODIFY_STATE);
	return 0;
}

static uint8_t
transition_check(struct fw_cmd *c, int from, unsigned int to, const struct vq_conf *n)
{
	if (from == NIC_VQ_RDY && to == MLX5_VIRTQ_STATE_SUSPEND)
		return 0;
	if ((from != NIC_VQ_INIT && from != NIC_VQ_SUSPEND) || to != MLX5_VIRTQ_STATE_RDY)
		return fw_refuse(c, FW_R_VQ_TRANSITION);
	if (from == NIC_VQ_SUSPEND && !FW_CAP_VDPA(c->f, freeze_to_rdy_supported))
		return fw_refuse(c, FW_R_VQ_RESUME);
	if (n->mkey == 0)
		return fw_refuse(c, FW_R_VQ_UNFILLED);
	if (n->qp != NULL && n->qp->state != NIC_QP_RTS)
		return fw_refuse(c, FW_R_VQ_QP_STATE);
	return 0;
}

uint8_t
fw_modify_virtq(struct fw_cmd *c)
{
	const void *q = DEVX_ADDR_OF(create_virtq_in, c->in, virtq);
	struct nic_virtq *vq =
		fw_target(c, NIC_OBJ_VIRTQ, DEVX_GET(general_obj_in_cmd_hdr, c->in, obj_id));
	uint64_t select = DEVX_GET64(virtio_net_q, q, modify_field_select);
	unsigned int to = DEVX_GET(virtio_net_q, q, state);
	struct vq_conf n;

	if (vq == NULL || select_check(c, select, vq->state) != 0)
		return c->status;
	conf_get(vq, &n);
	if (conf_parse(c, q, select, vq->pd, &n) != 0)
		return c->status;
	if (select & (SEL_FIELDS | SEL_DIRTY) && conf_check(c, &n, vq->size) != 0)
		return c->status;
	if (select & SEL_STATE && transition_check(c, vq->state, to, &n) != 0)
		return c->status;
	if (select & (SEL_FIELDS | SEL_DIRTY))
		conf_put(vq, &n);
	if (select & SEL_DIRTY)
		dp_virtq_dirty(vq);
	if (!(select & SEL_STATE))
		return 0;
	if (to == MLX5_VIRTQ_STATE_RDY) {
		vq->state = NIC_VQ_RDY;
		dp_virtq_ready(vq);
	} else {
		dp_virtq_quiesce(vq);
		/* its last write may have failed */
		if (vq->state == NIC_VQ_RDY)
			vq->state = NIC_VQ_SUSPEND;
	}
	return 0;
}

/* ---- query ---- */

static void
query_context(const struct nic_virtq *vq, void *ctx)
{
	DEVX_SET(virtio_q, ctx, virtio_q_type, vq->type);
	DEVX_SET(virtio_q, ctx, event_mode, vq->event_mode);
	DEVX_SET(virtio_q, ctx, queue_index, vq->index);
	DEVX_SET(virtio_q, ctx, virtio_version_1_0, vq->v1);
	DEVX_SET(virtio_q, ctx, event_qpn_or_msix, vq->event_qp != NULL ? vq->event_qp->obj.id : 0);
	DEVX_SET(virtio_q, ctx, queue_size, vq->size);
	DEVX_SET64(virtio_q, ctx, desc_addr, vq->desc);
	DEVX_SET64(virtio_q, ctx, used_addr, vq->used);
	DEVX_SET64(virtio_q, ctx, available_addr, vq->avail);
	DEVX_SET(virtio_q, ctx, virtio_q_mkey, vq->mkey);
	DEVX_SET(virtio_q, ctx, error_type, vq->error_type);
	DEVX_SET(virtio_q, ctx, umem_1_id, vq->umem[0]->obj.id);
	DEVX_SET(virtio_q, ctx, umem_2_id, vq->umem[1]->obj.id);
	DEVX_SET(virtio_q, ctx, umem_3_id, vq->umem[2]->obj.id);
	DEVX_SET(virtio_q, ctx, counter_set_id, vq->counters != NULL ? vq->counters->obj.id : 0);
	DEVX_SET(virtio_q, ctx, pd, vq->pd->obj.id);
	DEVX_SET(virtio_q, ctx, queue_period_mode, vq->period_mode);
	DEVX_SET(virtio_q, ctx, queue_period_us, vq->period_us);
	DEVX_SET(virtio_q, ctx, queue_max_count, vq->max_pending);
}

uint8_t
fw_query_virtq(struct fw_cmd *c)
{
	static const uint8_t states[] = {[NIC_VQ_INIT] = MLX5_VIRTQ_STATE_INIT,
		[NIC_VQ_RDY] = MLX5_VIRTQ_STATE_RDY,
		[NIC_VQ_SUSPEND] = MLX5_VIRTQ_STATE_SUSPEND,
		[NIC_VQ_ERR] = MLX5_VIRTQ_STATE_ERROR};
	struct nic_virtq *vq =
		fw_target(c, NIC_OBJ_VIRTQ, DEVX_GET(general_obj_in_cmd_hdr, c->in, obj_id));
	void *q = DEVX_ADDR_OF(query_virtq_out, c->out, virtq);

	if (vq == NULL)
		return c->status;
	if (vq->state == NIC_VQ_RDY)
		dp_virtq_indices(vq);
	DEVX_SET(general_obj_out_cmd_hdr, c->out, obj_id, vq->obj.id);
	DEVX_SET(virtio_net_q, q, vhca_id, c->f->vhca_id);
	DEVX_SET(virtio_net_q, q, tso_ipv4, !!(vq->features & NIC_VQ_F_HOST_TSO4));
	DEVX_SET(virtio_net_q, q, tso_ipv6, !!(vq->features & NIC_VQ_F_HOST_TSO6));
	DEVX_SET(virtio_net_q, q, tx_csum, !!(vq->features & NIC_VQ_F_CSUM));
	DEVX_SET(virtio_net_q, q, rx_csum, !!(vq->features & NIC_VQ_F_GUEST_CSUM));
	DEVX_SET(virtio_net_q, q, state, states[vq->state]);
	DEVX_SET(virtio_net_q, q, tisn_or_qpn, vq->tis != NULL ? vq->tis->obj.id : 0);
	DEVX_SET(virtio_net_q, q, hw_available_index, vq->avail_idx);
	DEVX_SET(virtio_net_q, q, hw_used_index, vq->used_idx);
	DEVX_SET(virtio_net_q, q, dirty_bitmap_dump_enable, vq->dirty_on);
	DEVX_SET(virtio_net_q, q, dirty_bitmap_mkey, vq->dirty_mkey);
	DEVX_SET(virtio_net_q, q, dirty_bitmap_size, vq->dirty_size);
	DEVX_SET64(virtio_net_q, q, dirty_bitmap_addr, vq->dirty_addr);
	query_context(vq, DEVX_ADDR_OF(virtio_net_q, q, virtio_q_context));
	return 0;
}

/* ---- counters ---- */

uint8_t
fw_create_counters(struct fw_cmd *c)
{
	struct nic_virtq_counters *s = fw_obj_new(c, NIC_OBJ_VIRTQ_COUNTERS, sizeof(*s));

	if (s == NULL)
		return c->status;
	DEVX_SET(general_obj_out_cmd_hdr, c->out, obj_id, s->obj.id);
	return 0;
}

uint8_t
fw_query_counters(struct fw_cmd *c)
{
	struct nic_virtq_counters *s = fw_target(
		c, NIC_OBJ_VIRTQ_COUNTERS, DEVX_GET(general_obj_in_cmd_hdr, c->in, obj_id));
	void *o = DEVX_ADDR_OF(query_virtio_q_counters_out, c->out, virtio_q_counters);

	if (s == NULL)
		return c->status;
	DEVX_SET(general_obj_out_cmd_hdr, c->out, obj_id, s->obj.id);
	DEVX_SET64(virtio_q_counters, o, received_desc, s->received_desc);
	DEVX_SET64(virtio_q_counters, o, completed_desc, s->completed_desc);
	DEVX_SET(virtio_q_counters, o, error_cqes, s->error_cqes);
	DEVX_SET(virtio_q_counters, o, bad_desc_errors, s->bad_desc_errors);
	DEVX_SET(virtio_q_counters, o, exceed_max_chain, s->exceed_max_chain);
	DEVX_SET(virtio_q_counters, o, invalid_buffer, s->invalid_buffer);
	return 0;
}
