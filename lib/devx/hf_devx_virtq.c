/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <stddef.h>
#include <string.h>

#include <rte_common.h>

#include "devx_priv.h"

/* --- what may be modified, when --- */

#define STATES(a, b) (1u << HF_VIRTQ_##a | 1u << HF_VIRTQ_##b)
#define CAP(name) offsetof(struct hf_devx_caps, name)
#define ALWAYS SIZE_MAX

/*
 * The states from which a field of a virtq can be modified, and the capability that it takes.
 *
 * States: Linux mlx5_vnet.c modifiable_virtqueue_fields() has everything but the state in INIT and
 * SUSPEND only, and is_valid_state_change() knows the ways INIT to RDY, RDY to SUSPEND and, with
 * freeze_to_rdy_supported (mlx5_ifc.h), SUSPEND to RDY; nothing leaves ERR. Capabilities: DPDK
 * mlx5_vdpa_virtq.c asks for vnet_modify_ext, virtio_net_q_addr_modify and virtio_q_index_modify
 * before it modifies anything but the state; the two latter are named for their field, the first
 * stands for the rest.
 */
static const struct {
	uint64_t mod;
	uint8_t states;
	size_t cap; /* offset of a bool in struct hf_devx_caps, or ALWAYS */
} modifiable[] = {
	{HF_VIRTQ_MOD_STATE, STATES(INIT, RDY), ALWAYS},
	{HF_VIRTQ_MOD_STATE, STATES(SUSPEND, SUSPEND), CAP(freeze_to_rdy)},
	{HF_VIRTQ_MOD_ADDR, STATES(INIT, SUSPEND), CAP(modify_addr)},
	{HF_VIRTQ_MOD_AVAIL, STATES(INIT, SUSPEND), CAP(modify_index)},
	{HF_VIRTQ_MOD_USED, STATES(INIT, SUSPEND), CAP(modify_index)},
	{HF_VIRTQ_MOD_TYPE, STATES(INIT, SUSPEND), CAP(modify_ext)},
	{HF_VIRTQ_MOD_VERSION_1, STATES(INIT, SUSPEND), CAP(modify_ext)},
	{HF_VIRTQ_MOD_MKEY, STATES(INIT, SUSPEND), CAP(modify_ext)},
	{HF_VIRTQ_MOD_FEATURES, STATES(INIT, SUSPEND), CAP(modify_ext)},
	{HF_VIRTQ_MOD_EVENT_MODE, STATES(INIT, SUSPEND), CAP(modify_ext)},
};

#undef STATES
#undef CAP

bool
hf_virtq_may_modify(const struct hf_devx_caps *caps, enum hf_virtq_state state, uint64_t mod)
{
	uint64_t may = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(modifiable); i++) {
		if ((modifiable[i].states & 1u << state) == 0)
			continue;
		if (modifiable[i].cap != ALWAYS &&
			!*(const bool *)RTE_PTR_ADD(caps, modifiable[i].cap))
			continue;
		may |= modifiable[i].mod;
	}
	return (mod & ~may) == 0;
}

/* --- virtq --- */

/* The fields that a modify selects, of the general object and of the virtio queue in it. */
static void
virtq_fill(void *q, const struct hf_virtq_attr *attr, uint64_t mod)
{
	void *ctx = DEVX_ADDR_OF(virtio_net_q, q, virtio_q_context);

	if (mod & HF_VIRTQ_MOD_STATE)
		DEVX_SET(virtio_net_q, q, state, attr->state);
	if (mod & HF_VIRTQ_MOD_ADDR) {
		DEVX_SET64(virtio_q, ctx, desc_addr, attr->desc);
		DEVX_SET64(virtio_q, ctx, available_addr, attr->avail);
		DEVX_SET64(virtio_q, ctx, used_addr, attr->used);
	}
	if (mod & HF_VIRTQ_MOD_AVAIL)
		DEVX_SET(virtio_net_q, q, hw_available_index, attr->avail_idx);
	if (mod & HF_VIRTQ_MOD_USED)
		DEVX_SET(virtio_net_q, q, hw_used_index, attr->used_idx);
	if (mod & HF_VIRTQ_MOD_TYPE)
		DEVX_SET(virtio_q, ctx, virtio_q_type,
			attr->packed ? MLX5_VIRTQ_TYPE_PACKED : MLX5_VIRTQ_TYPE_SPLIT);
	if (mod & HF_VIRTQ_MOD_VERSION_1)
		DEVX_SET(virtio_q, ctx, virtio_version_1_0, attr->version_1);
	if (mod & HF_VIRTQ_MOD_MKEY)
		DEVX_SET(virtio_q, ctx, virtio_q_mkey, attr->mkey);
	if (mod & HF_VIRTQ_MOD_FEATURES) {
		DEVX_SET(virtio_net_q, q, tso_ipv4, attr->tso4);
		DEVX_SET(virtio_net_q, q, tso_ipv6, attr->tso6);
		DEVX_SET(virtio_net_q, q, tx_csum, attr->tx_csum);
		DEVX_SET(virtio_net_q, q, rx_csum, attr->rx_csum);
	}
	if (mod & HF_VIRTQ_MOD_EVENT_MODE) {
		DEVX_SET(virtio_q, ctx, event_mode, attr->event_mode);
		DEVX_SET(virtio_q, ctx, event_qpn_or_msix, attr->event_qpn);
	}
}

/* What only a create can set. */
static void
virtq_fill_fixed(const struct hf_devx *dev, void *q, const struct hf_virtq_attr *attr)
{
	void *ctx = DEVX_ADDR_OF(virtio_net_q, q, virtio_q_context);

	DEVX_SET(virtio_net_q, q, tisn_or_qpn, attr->tisn);
	DEVX_SET(virtio_q, ctx, queue_index, attr->index);
	DEVX_SET(virtio_q, ctx, queue_size, attr->size);
	DEVX_SET(virtio_q, ctx, pd, dev->pdn);
	DEVX_SET(virtio_q, ctx, counter_set_id, attr->counters);
	DEVX_SET(virtio_q, ctx, umem_1_id, attr->umem[0].id);
	DEVX_SET(virtio_q, ctx, umem_1_size, attr->umem[0].size);
	DEVX_SET64(virtio_q, ctx, umem_1_offset, attr->umem[0].offset);
	DEVX_SET(virtio_q, ctx, umem_2_id, attr->umem[1].id);
	DEVX_SET(virtio_q, ctx, umem_2_size, attr->umem[1].size);
	DEVX_SET64(virtio_q, ctx, umem_2_offset, attr->umem[1].offset);
	DEVX_SET(virtio_q, ctx, umem_3_id, attr->umem[2].id);
	DEVX_SET(virtio_q, ctx, umem_3_size, attr->umem[2].size);
	DEVX_SET64(virtio_q, ctx, umem_3_offset, attr->umem[2].offset);
}

static void
object_head(void *hdr, uint16_t opcode, uint16_t type, uint32_t id)
{
	DEVX_SET(general_obj_in_cmd_hdr, hdr, opcode, opcode);
	DEVX_SET(general_obj_in_cmd_hdr, hdr, obj_type, type);
	DEVX_SET(general_obj_in_cmd_hdr, hdr, obj_id, id);
}

int
hf_virtq_create(struct hf_devx *dev, const struct hf_virtq_attr *attr, struct hf_virtq *vq)
{
	uint32_t out[DEVX_ST_SZ_DW(general_obj_out_cmd_hdr)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(create_virtq_in)] = {0};
	void *q = DEVX_ADDR_OF(create_virtq_in, in, virtq);
	int ret;

	memset(vq, 0, sizeof(*vq));
	object_head(in, MLX5_CMD_OP_CREATE_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ, 0);
	/* The firmware makes every queue in INIT. */
	virtq_fill(q, attr, ~HF_VIRTQ_MOD_STATE);
	virtq_fill_fixed(dev, q, attr);
	ret = devx_create(
		dev, "virtq", in, sizeof(in), out, sizeof(out), &vq->devx, &vq->obj, &vq->id);
	if (ret)
		return ret;
	vq->dev = dev;
	return 0;
}

int
hf_virtq_modify(struct hf_virtq *vq, const struct hf_virtq_attr *attr)
{
	uint32_t out[DEVX_ST_SZ_DW(general_obj_out_cmd_hdr)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(create_virtq_in)] = {0};
	void *q = DEVX_ADDR_OF(create_virtq_in, in, virtq);

	if (attr->mod == 0)
		return 0;
	object_head(in, MLX5_CMD_OP_MODIFY_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ, vq->id);
	DEVX_SET64(virtio_net_q, q, modify_field_select, attr->mod);
	virtq_fill(q, attr, attr->mod);
	return devx_modify(vq->dev, vq->devx, in, sizeof(in), out, sizeof(out));
}

int
hf_virtq_query(struct hf_virtq *vq, struct hf_virtq_status *st)
{
	uint32_t in[DEVX_ST_SZ_DW(general_obj_in_cmd_hdr)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(query_virtq_out)] = {0};
	const void *q = DEVX_ADDR_OF(query_virtq_out, out, virtq);
	int ret;

	object_head(in, MLX5_CMD_OP_QUERY_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ, vq->id);
	ret = devx_query(vq->dev, vq->devx, in, sizeof(in), out, sizeof(out));
	if (ret)
		return ret;
	st->state = DEVX_GET(virtio_net_q, q, state);
	st->avail_idx = DEVX_GET(virtio_net_q, q, hw_available_index);
	st->used_idx = DEVX_GET(virtio_net_q, q, hw_used_index);
	st->error_type = DEVX_GET(virtio_net_q, q, virtio_q_context.error_type);
	return 0;
}

int
hf_virtq_destroy(struct hf_virtq *vq)
{
	return devx_destroy(vq->dev, "virtq", vq->id, &vq->devx, &vq->obj);
}

int
hf_virtq_subscribe(struct hf_virtq *vq, struct hf_evch *ch, uint64_t cookie)
{
	uint16_t event = MLX5_EVENT_TYPE_OBJECT_CHANGE;
	int ret = mlx5dv_devx_subscribe_devx_event(ch->ch, vq->devx, sizeof(event), &event, cookie);

	if (ret)
		return devx_call_failed(vq->dev, ret, "subscribing to changes of virtq %u", vq->id);
	return 0;
}

/* --- counters --- */

int
hf_virtq_counters_create(struct hf_devx *dev, struct hf_virtq_counters *c)
{
	uint32_t out[DEVX_ST_SZ_DW(general_obj_out_cmd_hdr)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(create_virtio_q_counters_in)] = {0};
	int ret;

	memset(c, 0, sizeof(*c));
	object_head(
		in, MLX5_CMD_OP_CREATE_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS, 0);
	ret = devx_create(
		dev, "virtq counters", in, sizeof(in), out, sizeof(out), &c->devx, &c->obj, &c->id);
	if (ret)
		return ret;
	c->dev = dev;
	return 0;
}

int
hf_virtq_counters_query(struct hf_virtq_counters *c, struct hf_virtq_stats *st)
{
	uint32_t in[DEVX_ST_SZ_DW(general_obj_in_cmd_hdr)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(query_virtio_q_counters_out)] = {0};
	const void *v = DEVX_ADDR_OF(query_virtio_q_counters_out, out, virtio_q_counters);
	int ret;

	object_head(in, MLX5_CMD_OP_QUERY_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS,
		c->id);
	ret = devx_query(c->dev, c->devx, in, sizeof(in), out, sizeof(out));
	if (ret)
		return ret;
	st->received_desc = DEVX_GET64(virtio_q_counters, v, received_desc);
	st->completed_desc = DEVX_GET64(virtio_q_counters, v, completed_desc);
	st->error_cqes = DEVX_GET(virtio_q_counters, v, error_cqes);
	st->bad_desc_errors = DEVX_GET(virtio_q_counters, v, bad_desc_errors);
	st->exceed_max_chain = DEVX_GET(virtio_q_counters, v, exceed_max_chain);
	st->invalid_buffer = DEVX_GET(virtio_q_counters, v, invalid_buffer);
	return 0;
}

int
hf_virtq_counters_destroy(struct hf_virtq_counters *c)
{
	return devx_destroy(c->dev, "virtq counters", c->id, &c->devx, &c->obj);
}
