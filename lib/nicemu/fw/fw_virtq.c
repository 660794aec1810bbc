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
#include "fw_virtq.h"

#define MAX_SIZE 32768u /* virtio 1.1, 2.6 */

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
		fw_vq_conf_parse(c, q, SEL_FIELDS | SEL_DIRTY, b.pd, &n) != 0 ||
		fw_vq_conf_check(c, &n, size) != 0)
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
	fw_vq_conf_put(vq, &n);
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
	fw_vq_conf_get(vq, &n);
	if (fw_vq_conf_parse(c, q, select, vq->pd, &n) != 0)
		return c->status;
	if (select & (SEL_FIELDS | SEL_DIRTY) && fw_vq_conf_check(c, &n, vq->size) != 0)
		return c->status;
	if (select & SEL_STATE && transition_check(c, vq->state, to, &n) != 0)
		return c->status;
	if (select & (SEL_FIELDS | SEL_DIRTY))
		fw_vq_conf_put(vq, &n);
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
