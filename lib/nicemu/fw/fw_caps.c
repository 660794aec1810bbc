/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Capabilities: what can be set by name, and QUERY_HCA_CAP.
 *
 * Defaults are those of a ConnectX-6 Dx with recent firmware where drivers look at them (DPDK
 * mlx5_devx_cmds.c, Linux mlx5, rdma-core), as far as this NIC can serve them: 'max' is what it
 * can. Capabilities that are not in the table are 0. The maximum (op_mod bit 0 clear) and the
 * current capabilities are the same: nobody sets them lower.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw_int.h"
#include "../conf.h"

#define BIT_OFF(st, fld) offsetof(struct mlx5_ifc_##st##_bits, fld)
#define BIT_SZ(st, fld) sizeof(((struct mlx5_ifc_##st##_bits *)NULL)->fld)

/* clang-format off */
#define CAP(ty, st, fld, def, max, help) \
	{ #fld, MLX5_CAP_##ty, BIT_OFF(st, fld), BIT_SZ(st, fld), def, max, help }
#define GEN(fld, def, max, help) CAP(GENERAL, cmd_hca_cap, fld, def, max, help)
#define GEN2(fld, def, max, help) CAP(GENERAL_2, cmd_hca_cap_2, fld, def, max, help)
#define ETH(fld, def, max, help) \
	CAP(ETHERNET_OFFLOADS, per_protocol_networking_offload_caps, fld, def, max, help)
#define VDPA(fld, def, max, help) CAP(VDPA_EMULATION, virtio_emulation_cap, fld, def, max, help)
/* properties of the receive table */
#define FT(fld, def, max, help) \
	{ "nic_rx_" #fld, MLX5_CAP_FLOW_TABLE, \
		BIT_OFF(flow_table_nic_cap, flow_table_properties_nic_receive.fld), \
		BIT_SZ(flow_table_nic_cap, flow_table_properties_nic_receive.fld), def, max, help }
/* one bit of a field that is a set, by a name of its own; bit 0 is the lowest */
#define BIT_OF(name, ty, st, fld, bit, def, max, help) \
	{ name, MLX5_CAP_##ty, BIT_OFF(st, fld) + BIT_SZ(st, fld) - 1 - (bit), 1, def, max, help }
#define OBJ_TYPE(name, bit, def, help) \
	BIT_OF(name, GENERAL, cmd_hca_cap, general_obj_types, bit, def, 1, help)

#define OBJ_TYPES \
	(1ull << MLX5_GENERAL_OBJ_TYPE_VIRTQ | 1ull << MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS)

const struct fw_cap fw_caps[] = {
	/* the function */
	GEN(hca_cap_2, 1, 1, "second page of capabilities (type 0x20)"),
	GEN(vhca_id, 0, 0xffff, "number of the function on the adapter"),
	GEN(port_type, 1, 1, "1: Ethernet"),
	GEN(num_ports, 1, 1, "ports of the adapter"),
	GEN(num_lag_ports, 0, 0, "ports that can be bonded: one port, so none"),
	GEN(eth_virt, 1, 1, "vports are virtualised: QUERY_NIC_VPORT_CONTEXT"),
	GEN(eswitch_manager, 0, 0, "the e-switch cannot be programmed"),
	GEN(vport_group_manager, 0, 0, "functions know themselves only"),
	GEN(eth_net_offloads, 1, 1, "Ethernet offload capabilities (type 1)"),
	GEN(nic_flow_table, 1, 1, "flow table capabilities (type 7)"),
	GEN(event_cap, 1, 1, "DevX events by object and type"),
	GEN(cqe_version, 1, 1, "format of completions; 1 has a user index"),
	GEN(steering_format_version, MLX5_STEERING_LOGIC_FORMAT_CONNECTX_6DX, 1, "steering entries: 0 ConnectX-5, 1 ConnectX-6 Dx"),
	GEN(uctx_cap, MLX5_UCTX_CAP_RAW_TX | MLX5_UCTX_CAP_INTERNAL_DEV_RES, 3, "rights that a user context can have"),
	GEN(log_max_uctx, 14, 16, "user contexts"),
	GEN(umem_uid_0, 1, 1, "umems with uid 0: a kernel driver needs no user context (Linux vdpa/mlx5 resources.c)"),
	GEN(roce, 0, 0, "no RoCE, which keeps software steering of libmlx5 off (it needs RDMA writes)"),
	GEN(fl_rc_qp_when_roce_disabled, 1, 1, "force-loopback queue pairs without RoCE, as event queue pairs are"),
	GEN(rc, 1, 1, "reliable connections"),
	GEN(atomic, 0, 0, "no atomic operations"),
	GEN(access_register_user, 0, 0, "no registers"),
	GEN(device_frequency_mhz, 1000, 0xffffffff, "clock of the time stamps"),
	GEN(device_frequency_khz, 1000000, 0xffffffff, "clock of the time stamps"),

	/* memory */
	GEN(log_max_mkey, 24, 24, "memory keys"),
	GEN(log_max_umem, 16, 24, "umems"),
	GEN(log_max_pd, 23, 23, "protection domains"),
	GEN(log_pg_sz, 12, 12, "smallest page"),
	GEN(max_indirection, 4, 8, "levels of keys above a page list"),
	GEN(fixed_buffer_size, 1, 1, "KLM_FBS: indirect keys with entries of one size"),
	GEN(log_max_klm_list_size, 18, 20, "entries of an indirect key"),
	GEN(log_max_mrw_sz, 64, 64, "size of a memory region"),
	GEN(dump_fill_mkey, 1, 1, "null key: QUERY_SPECIAL_CONTEXTS, and ibv_alloc_null_mr()"),
	GEN(null_mkey, 1, 1, "null key"),
	GEN(relaxed_ordering_write, 1, 1, "relaxed ordering of DMA writes"),
	GEN(relaxed_ordering_read, 1, 1, "relaxed ordering of DMA reads"),
	GEN(mkc_order_write_after_write_ro_only, 0, 1, "keys have relaxed order of writes, and no others"),
	GEN2(log_min_mkey_entity_size, 12, 31, "smallest entry of a page list"),
	GEN2(max_mkey_log_entity_size_mtt, 31, 31, "largest entry of a page list"),
	GEN2(min_mkey_log_entity_size_fixed_buffer, 12, 31, "smallest entry of KLM_FBS (DPDK: 4 KiB)"),
	GEN2(min_mkey_log_entity_size_fixed_buffer_valid, 1, 1, "min_mkey_log_entity_size_fixed_buffer says something"),

	/* queues */
	GEN(log_max_cq, 24, 24, "completion queues"),
	GEN(log_max_cq_sz, 22, 22, "entries of a completion queue"),
	GEN(log_max_qp, 18, 23, "queue pairs"),
	GEN(log_max_qp_sz, 15, 15, "entries of a work queue"),
	GEN(log_max_eq, 7, 15, "event queues"),
	GEN(log_max_msg, 30, 30, "largest message of a queue pair"),
	GEN(max_wqe_sz_rq, 512, 512, "bytes of a receive work queue entry"),
	GEN(cq_resize, 1, 1, "completion queues of verbs can be resized"),
	GEN(cq_oi, 1, 1, "completion queues that ignore an overrun"),
	GEN(cq_moderation, 0, 0, "no moderation of completion events"),
	GEN(cqe_compression, 1, 1, "compressed completions of received frames, in entries of 64 bytes"),
	GEN(cqe_compression_max_num, 64, 64, "completions of a compressed session; how many a ConnectX-6 Dx takes is not known"),
	GEN(cqe_compression_128, 0, 0, "no compressed completions in entries of 128 bytes"),
	GEN(mini_cqe_resp_stride_index, 0, 0, "a compressed completion has no stride: hash or checksum"),
	GEN(enhanced_cqe_compression, 0, 0, "no sessions without a title"),
	GEN(log_max_rq, 20, 20, "raw receive queues"),
	GEN(log_max_rmp, 0, 0, "no receive memory pools"),
	GEN(mem_rq_rmp, 0, 0, "no receive queues on pools"),
	GEN(striding_rq, 0, 0, "a frame each entry of a raw receive queue"),
	GEN(max_qp_cnt, 255, 255, "counters of queues (ALLOC_Q_COUNTER)"),
	GEN(modify_rq_counter_set_id, 1, 1, "a raw receive queue gets another counter"),
	GEN(rq_ts_format, MLX5_HCA_CAP_TIMESTAMP_FORMAT_FR_RT, 2, "time in completions of raw receive queues, 0: free running, 1: real time, 2: both"),
	GEN(log_max_sq, 20, 20, "raw send queues"),
	GEN(log_max_wq_sz, 15, 15, "entries of a raw queue, of 64 bytes if it sends"),
	GEN(max_wqe_sz_sq, 1008, 1008, "bytes of a send work queue entry: 63 segments"),
	GEN(sq_ts_format, MLX5_HCA_CAP_TIMESTAMP_FORMAT_FR_RT, 2, "time in completions of raw send queues, 0: free running, 1: real time, 2: both"),

	/* doorbells */
	GEN(uar_4k, 1, 1, "UAR pages of 4 KiB"),
	GEN(num_of_uars_per_page, 1, 1, "UARs of a page"),
	GEN(bf, 1, 1, "blue flame registers"),
	GEN(log_bf_reg_size, 9, 9, "size of a blue flame register"),

	/* steering */
	GEN(log_max_transport_domain, 16, 23, "transport domains"),
	GEN(log_max_tis, 16, 23, "TIS"),
	GEN(log_max_tir, 16, 23, "TIR"),
	GEN(log_max_rqt, 16, 23, "RQT"),
	GEN(log_max_rqt_size, 11, 11, "entries of an RQT"),
	GEN(log_max_current_uc_list, 0, 0, "one unicast address, the vport's"),
	GEN(log_max_current_mc_list, 4, 4, "multicast addresses of a vport"),
	FT(ft_support, 1, 1, "receive flow table"),
	FT(log_max_ft_size, 16, 24, "entries of a flow table"),
	FT(log_max_ft_num, 0, 0, "tables of its own: the root table only"),
	FT(log_max_flow, 16, 24, "flows"),
	FT(flow_modify_en, 1, 1, "flows can be changed: a match gets another destination"),
	FT(log_max_destination, 5, 8, "destinations of a match, each gets a copy; how many a ConnectX-6 Dx takes is not known"),
	FT(sw_owner, 0, 0, "no software steering"),
	FT(sw_owner_v2, 0, 0, "no software steering"),
	ETH(csum_cap, 1, 1, "checksums of raw queues"),
	ETH(max_lso_cap, 18, 18, "log2 of the largest frame that a raw send queue cuts"),
	ETH(wqe_vlan_insert, 1, 1, "raw send queues insert a VLAN tag"),
	ETH(swp, 0, 0, "no offsets of headers given by software"),
	ETH(reg_umr_sq, 0, 0, "no memory keys changed by raw send queues"),
	ETH(multi_pkt_send_wqe, 0, 0, "no send entries with several frames of one length"),
	ETH(enhanced_multi_pkt_send_wqe, 1, 1, "send entries with many frames"),
	ETH(wqe_inline_mode, MLX5_CAP_INLINE_MODE_NOT_REQUIRED, 2, "headers that send queues want inline, 0: L2, 1: as the vport says, 2: none (ConnectX-5 and later, DPDK guide nics/mlx5 txq_inline_min)"),
	ETH(rss_ind_tbl_cap, 11, 11, "entries of an indirection table"),
	ETH(vlan_cap, 1, 1, "raw receive queues take the VLAN tag out"),
	ETH(scatter_fcs, 0, 0, "frames without their FCS"),
	ETH(lro_cap, 0, 0, "no large receive"),

	/* virtio-net queues: Linux mlx5_ifc.h virtio_emulation_cap, DPDK mlx5_prm.h */
	GEN(general_obj_types, OBJ_TYPES, OBJ_TYPES, "general objects: bit 13 virtio-net queue, 28 virtqueue counters"),
	OBJ_TYPE("virtio_net_q", MLX5_GENERAL_OBJ_TYPE_VIRTQ, 1, "virtio-net queues (general_obj_types bit 13)"),
	OBJ_TYPE("counters", MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS, 1, "virtqueue counters (general_obj_types bit 28)"),
	VDPA(max_num_virtio_queues, 32, CONF_MAX_QUEUES, "virtqueues of the function; by default 'queues' of its description"),
	VDPA(virtio_queue_type, 3, 3, "ring formats: bit 0 split, bit 1 packed"),
	BIT_OF("split", VDPA_EMULATION, virtio_emulation_cap, virtio_queue_type, MLX5_VIRTQ_TYPE_SPLIT, 1, 1, "split rings (virtio_queue_type bit 0)"),
	BIT_OF("packed", VDPA_EMULATION, virtio_emulation_cap, virtio_queue_type, MLX5_VIRTQ_TYPE_PACKED, 1, 1, "packed rings (virtio_queue_type bit 1)"),
	VDPA(event_mode, 3, 7, "how a queue notifies: bit 0 not at all, bit 1 event queue pair, bit 2 MSI-X"),
	BIT_OF("event_mode_no_msix", VDPA_EMULATION, virtio_emulation_cap, event_mode, MLX5_VIRTQ_EVENT_MODE_NO_MSIX, 1, 1, "queues without notification (event_mode bit 0)"),
	BIT_OF("event_mode_qp", VDPA_EMULATION, virtio_emulation_cap, event_mode, MLX5_VIRTQ_EVENT_MODE_QP, 1, 1, "notification by an event queue pair (event_mode bit 1)"),
	BIT_OF("event_mode_msix", VDPA_EMULATION, virtio_emulation_cap, event_mode, MLX5_VIRTQ_EVENT_MODE_MSIX, 0, 1, "notification by MSI-X (event_mode bit 2): can be offered, but a user has no vector (Linux mlx5_vnet.c allocates its own)"),
	VDPA(virtio_version_1_0, 1, 1, "header of 12 bytes, VIRTIO_F_VERSION_1"),
	VDPA(tx_csum, 1, 1, "checksum of transmitted packets is completed, VIRTIO_NET_F_CSUM"),
	VDPA(rx_csum, 1, 1, "checksum of received packets is checked, VIRTIO_NET_F_GUEST_CSUM"),
	VDPA(tso_ipv4, 1, 1, "TCP over IPv4 is segmented, VIRTIO_NET_F_HOST_TSO4"),
	VDPA(tso_ipv6, 1, 1, "TCP over IPv6 is segmented, VIRTIO_NET_F_HOST_TSO6"),
	VDPA(eth_frame_offload_type, 1, 1, "queues carry Ethernet frames"),
	VDPA(desc_tunnel_offload_type, 0, 0, "no tunnel of descriptors"),
	VDPA(vnet_modify_ext, 1, 1, "modify of type, version, mkey, features, event mode and period"),
	VDPA(virtio_net_q_addr_modify, 1, 1, "modify of ring addresses"),
	VDPA(virtio_q_index_modify, 1, 1, "modify of ring indices"),
	VDPA(freeze_to_rdy_supported, 1, 1, "a suspended queue can be resumed"),
	VDPA(desc_group_mkey_supported, 0, 0, "no memory key of its own for the rings"),
	VDPA(log_doorbell_stride, 5, 5, "distance of doorbells"),
	VDPA(log_doorbell_bar_size, 12, 12, "size of the doorbell page"),
	VDPA(doorbell_bar_offset, 0, 0, "place of the doorbell in its page"),
	VDPA(umem_1_buffer_param_a, 0x1c0, 0x10000, "umem 1 has a * queue_size + b bytes"),
	VDPA(umem_1_buffer_param_b, 0x1000, 0x1000000, "umem 1 has a * queue_size + b bytes"),
	VDPA(umem_2_buffer_param_a, 0x40, 0x10000, "umem 2 has a * queue_size + b bytes"),
	VDPA(umem_2_buffer_param_b, 0x1000, 0x1000000, "umem 2 has a * queue_size + b bytes"),
	VDPA(umem_3_buffer_param_a, 0x80, 0x10000, "umem 3 has a * queue_size + b bytes"),
	VDPA(umem_3_buffer_param_b, 0x1000, 0x1000000, "umem 3 has a * queue_size + b bytes"),
};
/* clang-format on */
const unsigned int fw_n_caps = sizeof(fw_caps) / sizeof(fw_caps[0]);

const struct fw_cap *
fw_cap_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < fw_n_caps; i++) {
		if (strcmp(fw_caps[i].name, name) == 0)
			return &fw_caps[i];
	}
	return NULL;
}

int
fw_cap_check(const struct part *p, const char *name, uint64_t value, char *why, size_t len)
{
	const struct fw_cap *cap = fw_cap_find(name);
	uint64_t max;

	if (cap == NULL) {
		snprintf(
			why, len, "no capability is named '%s' (nicemu describe lists them)", name);
		return -ENOENT;
	}
	/* fields that are sets of bits allow part of what is possible, others anything below */
	max = part_cap_max(p, cap);
	if (value > max || (max == OBJ_TYPES && value & ~OBJ_TYPES)) {
		snprintf(why, len, "capability %s=%llu: this NIC can serve 0 to %llu (%s)", name,
			(unsigned long long)value, (unsigned long long)max, cap->help);
		return -ERANGE;
	}
	return 0;
}

/* Big-endian bit fields of at most 32 bits inside a dword, or aligned ones of 64. */
static void
field_set(uint8_t *page, const struct fw_cap *cap, uint64_t v)
{
	if (cap->width == 64)
		_devx_set64(page, v, cap->bit);
	else
		_devx_set(page, (uint32_t)v, cap->bit, cap->width);
}

static uint64_t
field_get(const uint8_t *page, const struct fw_cap *cap)
{
	return cap->width == 64 ? _devx_get64(page, cap->bit)
				: _devx_get(page, cap->bit, cap->width);
}

uint64_t
fw_cap_get(const struct nic_func *f, const char *name)
{
	const struct fw_cap *cap = fw_cap_find(name);

	if (cap == NULL || f->caps[cap->type] == NULL)
		return 0;
	return field_get(f->caps[cap->type], cap);
}

bool
fw_cap_obj_type(const struct nic_func *f, uint16_t obj_type)
{
	return obj_type < 64 &&
		DEVX_GET64(cmd_hca_cap, f->caps[MLX5_CAP_GENERAL], general_obj_types) >> obj_type &
		1;
}

/*
 * Events that a user can subscribe to. All are below 64, and so in the first of the four masks for
 * those of an object, and of the four for those of the function.
 */
static void
events_fill(uint8_t *page)
{
	static const uint8_t of_object[] = {MLX5_EVENT_TYPE_CQ_ERROR,
		MLX5_EVENT_TYPE_WQ_CATAS_ERROR, MLX5_EVENT_TYPE_WQ_INVAL_REQ_ERROR,
		MLX5_EVENT_TYPE_WQ_ACCESS_ERROR, MLX5_EVENT_TYPE_OBJECT_CHANGE};
	static const uint8_t of_function[] = {
		MLX5_EVENT_TYPE_PORT_CHANGE, MLX5_EVENT_TYPE_NIC_VPORT_CHANGE};
	uint64_t object = 0, function = 0;
	unsigned int i;

	for (i = 0; i < sizeof(of_object); i++)
		object |= 1ull << of_object[i];
	for (i = 0; i < sizeof(of_function); i++)
		function |= 1ull << of_function[i];
	DEVX_SET64(device_event_cap, page, user_affiliated_events, object);
	DEVX_SET64(device_event_cap, page, user_unaffiliated_events, function);
}

static int
caps_apply(struct nic_func *f, const struct conf_cap *caps, unsigned int n)
{
	const struct fw_cap *cap;
	const struct part *part = part_find(f->nic->conf->part);
	char why[256];
	unsigned int i;
	int rc;

	for (i = 0; i < n; i++) {
		rc = fw_cap_check(part, caps[i].name, caps[i].value, why, sizeof(why));
		if (rc != 0) {
			fprintf(stderr, "nicemu: %s\n", why);
			return rc;
		}
		cap = fw_cap_find(caps[i].name);
		field_set(f->caps[cap->type], cap, caps[i].value);
	}
	return 0;
}

/* A page that hangs on a capability which is not there is not there either. */
static void
caps_prune(struct nic_func *f)
{
	const struct {
		unsigned int type;
		bool there;
	} deps[] = {
		{MLX5_CAP_GENERAL_2, FW_CAP_GEN(f, hca_cap_2)},
		{MLX5_CAP_ETHERNET_OFFLOADS, FW_CAP_GEN(f, eth_net_offloads)},
		{MLX5_CAP_FLOW_TABLE, FW_CAP_GEN(f, nic_flow_table)},
		{MLX5_CAP_DEV_EVENT, FW_CAP_GEN(f, event_cap)},
		{MLX5_CAP_VDPA_EMULATION, fw_cap_obj_type(f, MLX5_GENERAL_OBJ_TYPE_VIRTQ)},
	};
	unsigned int i;

	for (i = 0; i < sizeof(deps) / sizeof(deps[0]); i++) {
		if (deps[i].there)
			continue;
		free(f->caps[deps[i].type]);
		f->caps[deps[i].type] = NULL;
	}
}

int
fw_caps_init(struct nic_func *f)
{
	/*
	 * libmlx5 asks for the pages of atomics and of device memory; here they say that there are
	 * none
	 */
	static const uint8_t types[] = {MLX5_CAP_GENERAL, MLX5_CAP_ETHERNET_OFFLOADS,
		MLX5_CAP_ATOMIC, MLX5_CAP_DEV_MEM, MLX5_CAP_FLOW_TABLE, MLX5_CAP_VDPA_EMULATION,
		MLX5_CAP_GENERAL_2, MLX5_CAP_DEV_EVENT};
	const struct part *part = part_find(f->nic->conf->part);
	unsigned int i;
	int rc;

	for (i = 0; i < sizeof(types); i++) {
		f->caps[types[i]] = calloc(1, NIC_CAP_BYTES);
		if (f->caps[types[i]] == NULL) {
			rc = -ENOMEM;
			goto err;
		}
	}
	for (i = 0; i < fw_n_caps; i++)
		field_set(
			f->caps[fw_caps[i].type], &fw_caps[i], part_cap_default(part, &fw_caps[i]));
	field_set(f->caps[MLX5_CAP_GENERAL], fw_cap_find("vhca_id"), f->vhca_id);
	field_set(f->caps[MLX5_CAP_VDPA_EMULATION], fw_cap_find("max_num_virtio_queues"),
		f->conf->queues);
	events_fill(f->caps[MLX5_CAP_DEV_EVENT]);
	rc = caps_apply(f, f->nic->conf->caps, f->nic->conf->n_caps);
	if (rc == 0)
		rc = caps_apply(f, f->conf->caps, f->conf->n_caps);
	if (rc != 0)
		goto err;
	caps_prune(f);
	f->max_indirection = (uint8_t)FW_CAP_GEN(f, max_indirection);
	return 0;
err:
	fw_caps_fini(f);
	return rc;
}

void
fw_caps_fini(struct nic_func *f)
{
	unsigned int i;

	for (i = 0; i < NIC_CAP_TYPES; i++) {
		free(f->caps[i]);
		f->caps[i] = NULL;
	}
}

uint8_t
fw_query_hca_cap(struct fw_cmd *c)
{
	unsigned int type = DEVX_GET(query_hca_cap_in, c->in, op_mod) >> 1;

	if (DEVX_GET(query_hca_cap_in, c->in, other_function))
		return fw_refuse(c, FW_R_CAP_OTHER);
	if (type >= NIC_CAP_TYPES || c->f->caps[type] == NULL)
		return fw_refuse(c, FW_R_CAP_TYPE);
	memcpy(DEVX_ADDR_OF(query_hca_cap_out, c->out, capability), c->f->caps[type],
		NIC_CAP_BYTES);
	return 0;
}
