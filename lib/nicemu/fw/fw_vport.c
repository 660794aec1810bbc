/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a function can ask about its port of the e-switch.
 */
#include <string.h>

#include "fw_int.h"

#define OP_MOD_VNIC 0 /* Linux mlx5_ifc.h MLX5_VPORT_STATE_OP_MOD_VNIC_VPORT */
#define OP_MOD_UPLINK 2 /* MLX5_VPORT_STATE_OP_MOD_UPLINK */
#define STATE_UP \
	1 /* VPORT_STATE_UP, and MLX5_VPORT_ADMIN_STATE_UP, which a netdev that is up sets */

enum { LIST_UC, LIST_MC, LIST_VLAN, LIST_END }; /* MLX5_NVPRT_LIST_TYPE_* */

/*
 * The MTU that commands speak of is the frame with header, one VLAN tag and checksum (Linux
 * MLX5E_ETH_HARD_MTU).
 */
#define HARD_MTU (14 + 4 + 4)

uint8_t
fw_query_vport_state(struct fw_cmd *c)
{
	unsigned int op_mod = DEVX_GET(query_vport_state_in, c->in, op_mod);

	if (op_mod != OP_MOD_VNIC && op_mod != OP_MOD_UPLINK)
		return fw_refuse(c, FW_R_OP_MOD);
	if (DEVX_GET(query_vport_state_in, c->in, other_vport))
		return fw_refuse(c, FW_R_VPORT_OTHER);
	DEVX_SET(query_vport_state_out, c->out, admin_state, STATE_UP);
	if (!atomic_load(op_mod == OP_MOD_UPLINK ? &c->f->nic->port_down : &c->f->link_down))
		DEVX_SET(query_vport_state_out, c->out, state, STATE_UP);
	return 0;
}

static void
mac_put(void *layout, const struct ether_addr *mac)
{
	memcpy((uint8_t *)layout + DEVX_BYTE_OFF(mac_address_layout, mac_addr_47_32),
		mac->ether_addr_octet, ETHER_ADDR_LEN);
}

/* GUID of a MAC as Linux makes it: ff:fe in the middle, universal bit flipped. */
static uint64_t
guid(const struct ether_addr *mac)
{
	const uint8_t *a = mac->ether_addr_octet;

	return (uint64_t)(a[0] ^ 2) << 56 | (uint64_t)a[1] << 48 | (uint64_t)a[2] << 40 |
		0xfffeull << 24 | (uint64_t)a[3] << 16 | (uint64_t)a[4] << 8 | a[5];
}

uint8_t
fw_min_inline(const struct nic_func *f)
{
	return FW_CAP_ETH(f, wqe_inline_mode) == MLX5_CAP_INLINE_MODE_NOT_REQUIRED ? NIC_INLINE_NONE
										   : NIC_INLINE_L2;
}

uint8_t
fw_query_nic_vport_context(struct fw_cmd *c)
{
	unsigned int type = DEVX_GET(query_nic_vport_context_in, c->in, allowed_list_type);
	uint8_t *ctx = DEVX_ADDR_OF(query_nic_vport_context_out, c->out, nic_vport_context);
	const struct nic_vport *v = &c->f->vport;
	const struct ether_addr *list = type == LIST_MC ? v->mc : &v->mac;
	unsigned int n = type == LIST_MC ? v->n_mc : type == LIST_UC ? 1 : 0, i;
	uint8_t *entry = ctx + DEVX_ST_SZ_BYTES(nic_vport_context);

	if (DEVX_GET(query_nic_vport_context_in, c->in, other_vport))
		return fw_refuse(c, FW_R_VPORT_OTHER);
	if (type >= LIST_END)
		return fw_refuse(c, FW_R_VPORT_LIST);
	DEVX_SET(nic_vport_context, ctx, min_wqe_inline_mode, fw_min_inline(c->f));
	DEVX_SET(nic_vport_context, ctx, mtu, v->mtu + HARD_MTU);
	DEVX_SET64(
		nic_vport_context, ctx, system_image_guid, guid(&c->f->nic->funcs[0]->vport.mac));
	DEVX_SET64(nic_vport_context, ctx, port_guid, guid(&v->mac));
	DEVX_SET64(nic_vport_context, ctx, node_guid, guid(&v->mac));
	DEVX_SET(nic_vport_context, ctx, promisc_mc, v->allmulti);
	DEVX_SET(nic_vport_context, ctx, promisc_all, v->trusted && v->promisc);
	DEVX_SET(nic_vport_context, ctx, allowed_list_type, type);
	mac_put(DEVX_ADDR_OF(nic_vport_context, ctx, permanent_address), &v->mac);
	/* an answer with less room has fewer addresses, and says how many */
	for (i = 0; i < n && entry + 8 <= (uint8_t *)c->out + c->outlen; i++, entry += 8)
		mac_put(entry, &list[i]);
	DEVX_SET(nic_vport_context, ctx, allowed_list_size, i);
	return 0;
}
