/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <string.h>

#include <rte_common.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "devx_priv.h"
#include "hf_log.h"

/* Current values, not the maximum that could be configured. cap: the capability structure within
 * out. */
static int
cap_query(const struct hf_devx *dev, uint16_t op_mod, uint32_t *out, size_t outlen, void **cap)
{
	uint32_t in[DEVX_ST_SZ_DW(query_hca_cap_in)] = {0};

	DEVX_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	DEVX_SET(query_hca_cap_in, in, op_mod, op_mod | MLX5_HCA_CAP_OPMOD_GET_CUR);
	*cap = DEVX_ADDR_OF(query_hca_cap_out, out, capability);
	return devx_general(dev, in, sizeof(in), out, outlen);
}

/*
 * Entries of a mkey: as many as the firmware takes and as fit into the command, in whole lines of
 * four.
 */
static uint32_t
max_klm_read(const void *cap)
{
	uint64_t max = UINT64_C(1) << DEVX_GET(cmd_hca_cap, cap, log_max_klm_list_size);
	size_t room = DEVX_MAILBOX_MAX - DEVX_ST_SZ_BYTES(create_mkey_in);

	return RTE_ALIGN_FLOOR(RTE_MIN(max, room / DEVX_ST_SZ_BYTES(klm)), 4);
}

static void
general_read(struct hf_devx_caps *c, const void *cap)
{
	uint64_t types = DEVX_GET64(cmd_hca_cap, cap, general_obj_types);

	c->virtio_net_q = types >> MLX5_GENERAL_OBJ_TYPE_VIRTQ & 1;
	c->virtio_q_counters = types >> MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS & 1;
	c->log_max_rqt_size = DEVX_GET(cmd_hca_cap, cap, log_max_rqt_size);
	c->max_klm = max_klm_read(cap);
	c->max_indirection = DEVX_GET(cmd_hca_cap, cap, max_indirection);
	c->fixed_klm = DEVX_GET(cmd_hca_cap, cap, fixed_buffer_size);
	c->relaxed_only = DEVX_GET(cmd_hca_cap, cap, mkc_order_write_after_write_ro_only);
	c->log_max_cq_sz = DEVX_GET(cmd_hca_cap, cap, log_max_cq_sz);
	c->log_max_wq_sz = DEVX_GET(cmd_hca_cap, cap, log_max_wq_sz);
	c->max_wqe_sz_sq = DEVX_GET(cmd_hca_cap, cap, max_wqe_sz_sq);
	c->max_wqe_sz_rq = DEVX_GET(cmd_hca_cap, cap, max_wqe_sz_rq);
	c->cqe_compression = DEVX_GET(cmd_hca_cap, cap, cqe_compression);
	c->ts_format_sq = DEVX_GET(cmd_hca_cap, cap, sq_ts_format);
	c->ts_format_rq = DEVX_GET(cmd_hca_cap, cap, rq_ts_format);
}

/* What a NIC of each inline mode reads of the frame in the entry itself, with room for one tag. */
static const uint8_t inline_bytes[] = {
	[MLX5_INLINE_MODE_NONE] = 0,
	[MLX5_INLINE_MODE_L2] = MLX5_ESEG_MIN_INLINE_SIZE,
	[MLX5_INLINE_MODE_IP] = MLX5_ESEG_MIN_INLINE_SIZE + sizeof(struct rte_ipv6_hdr),
	[MLX5_INLINE_MODE_TCP_UDP] = MLX5_ESEG_MIN_INLINE_SIZE + sizeof(struct rte_ipv6_hdr) +
		sizeof(struct rte_tcp_hdr),
};

/* As Linux's mlx5_query_min_inline(). */
static int
inline_mode_read(struct hf_devx *dev, uint8_t wqe_inline_mode)
{
	uint32_t out[DEVX_ST_SZ_DW(query_nic_vport_context_out)] = {0};
	int ret;

	if (wqe_inline_mode == MLX5_CAP_INLINE_MODE_NOT_REQUIRED) {
		dev->caps.eth.inline_mode = MLX5_INLINE_MODE_NONE;
		return 0;
	}
	dev->caps.eth.inline_mode = MLX5_INLINE_MODE_L2;
	if (wqe_inline_mode != MLX5_CAP_INLINE_MODE_VPORT_CONTEXT)
		return 0;
	ret = devx_vport_query(dev, out, sizeof(out));
	if (ret)
		return ret;
	dev->caps.eth.inline_mode =
		DEVX_GET(query_nic_vport_context_out, out, nic_vport_context.min_wqe_inline_mode);
	return 0;
}

static int
eth_read(struct hf_devx *dev, const void *cap)
{
	struct hf_devx_caps *c = &dev->caps;
	uint8_t lso;
	int ret;

	ret = inline_mode_read(
		dev, DEVX_GET(per_protocol_networking_offload_caps, cap, wqe_inline_mode));
	if (ret)
		return ret;
	if (c->eth.inline_mode >= RTE_DIM(inline_bytes)) {
		HF_LOG(WARNING, "%s: no Ethernet queues: inline mode %u of the vport is not known",
			dev->name, c->eth.inline_mode);
		memset(&c->eth, 0, sizeof(c->eth));
		return 0;
	}
	c->eth.queues = true;
	c->eth.min_inline = inline_bytes[c->eth.inline_mode];
	c->eth.csum = DEVX_GET(per_protocol_networking_offload_caps, cap, csum_cap);
	c->eth.multi_packet =
		DEVX_GET(per_protocol_networking_offload_caps, cap, enhanced_multi_pkt_send_wqe);
	lso = DEVX_GET(per_protocol_networking_offload_caps, cap, max_lso_cap);
	c->eth.max_lso = lso != 0 ? 1u << lso : 0;
	return 0;
}

static void
virtio_read(struct hf_devx_caps *c, const void *cap)
{
	uint8_t types = DEVX_GET(virtio_emulation_cap, cap, virtio_queue_type);

	c->split = types >> MLX5_VIRTQ_TYPE_SPLIT & 1;
	c->packed = types >> MLX5_VIRTQ_TYPE_PACKED & 1;
	c->version_1 = DEVX_GET(virtio_emulation_cap, cap, virtio_version_1_0);
	c->tso4 = DEVX_GET(virtio_emulation_cap, cap, tso_ipv4);
	c->tso6 = DEVX_GET(virtio_emulation_cap, cap, tso_ipv6);
	c->tx_csum = DEVX_GET(virtio_emulation_cap, cap, tx_csum);
	c->rx_csum = DEVX_GET(virtio_emulation_cap, cap, rx_csum);
	c->event_modes = DEVX_GET(virtio_emulation_cap, cap, event_mode);
	c->max_virtqs = DEVX_GET(virtio_emulation_cap, cap, max_num_virtio_queues);
	c->doorbell_bar_offset = DEVX_GET64(virtio_emulation_cap, cap, doorbell_bar_offset);
	c->umem[0].a = DEVX_GET(virtio_emulation_cap, cap, umem_1_buffer_param_a);
	c->umem[0].b = DEVX_GET(virtio_emulation_cap, cap, umem_1_buffer_param_b);
	c->umem[1].a = DEVX_GET(virtio_emulation_cap, cap, umem_2_buffer_param_a);
	c->umem[1].b = DEVX_GET(virtio_emulation_cap, cap, umem_2_buffer_param_b);
	c->umem[2].a = DEVX_GET(virtio_emulation_cap, cap, umem_3_buffer_param_a);
	c->umem[2].b = DEVX_GET(virtio_emulation_cap, cap, umem_3_buffer_param_b);
	c->modify_ext = DEVX_GET(virtio_emulation_cap, cap, vnet_modify_ext);
	c->modify_addr = DEVX_GET(virtio_emulation_cap, cap, virtio_net_q_addr_modify);
	c->modify_index = DEVX_GET(virtio_emulation_cap, cap, virtio_q_index_modify);
	c->freeze_to_rdy = DEVX_GET(virtio_emulation_cap, cap, freeze_to_rdy_supported);
}

/*
 * The structures of capability types exist only where the general ones say so: a function without
 * virtio emulation is no error here, it has no queues.
 */
int
devx_caps_query(struct hf_devx *dev)
{
	uint32_t out[DEVX_ST_SZ_DW(query_hca_cap_out)] = {0};
	struct hf_devx_caps *c = &dev->caps;
	bool roce, eth;
	void *cap;
	int ret;

	ret = cap_query(dev, MLX5_GET_HCA_CAP_OP_MOD_GENERAL_DEVICE, out, sizeof(out), &cap);
	if (ret)
		return ret;
	general_read(c, cap);
	roce = DEVX_GET(cmd_hca_cap, cap, roce);
	eth = DEVX_GET(cmd_hca_cap, cap, eth_net_offloads) &&
		DEVX_GET(cmd_hca_cap, cap, log_max_sq) != 0 &&
		DEVX_GET(cmd_hca_cap, cap, log_max_rq) != 0;
	/* A function without RoCE says nothing of its QPs; the free running clock is what older
	 * firmware has. */
	c->ts_format_qp = MLX5_HCA_CAP_TIMESTAMP_FORMAT_FR;
	if (roce) {
		ret = cap_query(dev, MLX5_GET_HCA_CAP_OP_MOD_ROCE, out, sizeof(out), &cap);
		if (ret)
			return ret;
		c->ts_format_qp = DEVX_GET(roce_caps, cap, qp_ts_format);
	}
	if (eth) {
		ret = cap_query(
			dev, MLX5_GET_HCA_CAP_OP_MOD_ETHERNET_OFFLOAD_CAPS, out, sizeof(out), &cap);
		if (ret == 0)
			ret = eth_read(dev, cap);
		if (ret)
			return ret;
	}
	if (!c->virtio_net_q) {
		HF_LOG(INFO, "%s: no virtio emulation%s", dev->name,
			c->eth.queues ? "" : ", and no Ethernet queues either");
		return 0;
	}
	ret = cap_query(dev, MLX5_GET_HCA_CAP_OP_MOD_VDPA_EMULATION, out, sizeof(out), &cap);
	if (ret)
		return ret;
	virtio_read(c, cap);
	return 0;
}
