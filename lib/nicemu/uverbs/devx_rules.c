/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "devx_rules.h"

#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <string.h>

#include "prm.h"

#define GENERAL_START 0xb00
#define GENERAL_END 0xd00
#define ID_24 0xffffffu

/* Objects that this NIC can make: their number is dword 2 of each mailbox about them. */
static const struct devx_obj {
	uint16_t create, obj_type, destroy;
	enum nic_obj_type nic_type;
} objects[] = {
	{MLX5_CMD_OP_CREATE_MKEY, 0, MLX5_CMD_OP_DESTROY_MKEY, NIC_OBJ_MKEY},
	{MLX5_CMD_OP_CREATE_CQ, 0, MLX5_CMD_OP_DESTROY_CQ, NIC_OBJ_CQ},
	{MLX5_CMD_OP_CREATE_QP, 0, MLX5_CMD_OP_DESTROY_QP, NIC_OBJ_QP},
	{MLX5_CMD_OP_ALLOC_PD, 0, MLX5_CMD_OP_DEALLOC_PD, NIC_OBJ_PD},
	{MLX5_CMD_OP_ALLOC_TRANSPORT_DOMAIN, 0, MLX5_CMD_OP_DEALLOC_TRANSPORT_DOMAIN, NIC_OBJ_TD},
	{MLX5_CMD_OP_CREATE_TIR, 0, MLX5_CMD_OP_DESTROY_TIR, NIC_OBJ_TIR},
	{MLX5_CMD_OP_CREATE_TIS, 0, MLX5_CMD_OP_DESTROY_TIS, NIC_OBJ_TIS},
	{MLX5_CMD_OP_CREATE_RQT, 0, MLX5_CMD_OP_DESTROY_RQT, NIC_OBJ_RQT},
	{MLX5_CMD_OP_CREATE_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ,
		MLX5_CMD_OP_DESTROY_GENERAL_OBJECT, NIC_OBJ_VIRTQ},
	{MLX5_CMD_OP_CREATE_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS,
		MLX5_CMD_OP_DESTROY_GENERAL_OBJECT, NIC_OBJ_VIRTQ_COUNTERS},
};

/* Commands about them, and the command that made the object. */
static const struct {
	uint16_t op;
	enum devx_kind kind;
	uint16_t create;
} uses[] = {
	{MLX5_CMD_OP_MODIFY_GENERAL_OBJECT, DEVX_MODIFY, MLX5_CMD_OP_CREATE_GENERAL_OBJECT},
	{MLX5_CMD_OP_QUERY_GENERAL_OBJECT, DEVX_QUERY, MLX5_CMD_OP_CREATE_GENERAL_OBJECT},
	{MLX5_CMD_OP_QUERY_MKEY, DEVX_QUERY, MLX5_CMD_OP_CREATE_MKEY},
	{MLX5_CMD_OP_MODIFY_CQ, DEVX_MODIFY, MLX5_CMD_OP_CREATE_CQ},
	{MLX5_CMD_OP_QUERY_CQ, DEVX_QUERY, MLX5_CMD_OP_CREATE_CQ},
	{MLX5_CMD_OP_MODIFY_RQT, DEVX_MODIFY, MLX5_CMD_OP_CREATE_RQT},
	{MLX5_CMD_OP_QUERY_RQT, DEVX_QUERY, MLX5_CMD_OP_CREATE_RQT},
	{MLX5_CMD_OP_MODIFY_TIR, DEVX_MODIFY, MLX5_CMD_OP_CREATE_TIR},
	{MLX5_CMD_OP_QUERY_TIR, DEVX_QUERY, MLX5_CMD_OP_CREATE_TIR},
	{MLX5_CMD_OP_MODIFY_TIS, DEVX_MODIFY, MLX5_CMD_OP_CREATE_TIS},
	{MLX5_CMD_OP_QUERY_TIS, DEVX_QUERY, MLX5_CMD_OP_CREATE_TIS},
	{MLX5_CMD_OP_RST2INIT_QP, DEVX_MODIFY, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_INIT2INIT_QP, DEVX_MODIFY, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_INIT2RTR_QP, DEVX_MODIFY, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_RTR2RTS_QP, DEVX_MODIFY, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_RTS2RTS_QP, DEVX_MODIFY, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_SQERR2RTS_QP, DEVX_MODIFY, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_QP_2ERR, DEVX_MODIFY, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_QP_2RST, DEVX_MODIFY, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_QUERY_QP, DEVX_QUERY, MLX5_CMD_OP_CREATE_QP},
};

/*
 * Create commands that the kernel passes on and this firmware answers with BAD_OP: PSV, SRQ, XRC
 * SRQ, DCT, XRQ, queue counter, scheduling element, multicast group, XRCD, VXLAN port, L2 table
 * entry, SQ, RQ, RMP, flow table, group, entry, counter, packet reformat, modify header. Linux
 * mlx5_ifc.h.
 */
static const uint16_t other_creates[] = {0x600, 0x700, 0x705, 0x710, 0x717, 0x771, 0x782, 0x806,
	0x80e, 0x827, 0x829, 0x904, 0x908, 0x90c, 0x930, 0x933, 0x936, 0x939, 0x93d, 0x940};

/*
 * General commands: vport and e-switch contexts, adapter, ISSI, RoCE address, VNIC environment,
 * counters, dropped packet log, congestion, NOP, LAG.
 */
static const uint16_t general_commands[] = {MLX5_CMD_OP_QUERY_HCA_CAP, 0x101, 0x10a, 0x740, 0x750,
	0x752, MLX5_CMD_OP_QUERY_NIC_VPORT_CONTEXT, 0x760, 0x762, 0x76f, 0x770, 0x80a, 0x80d, 0x822,
	0x824, 0x826, MLX5_CMD_OP_QUERY_LAG};
static const uint16_t whitelist[] = {MLX5_CMD_OP_QUERY_HCA_CAP, 0x740, 0x752, 0x762};

#define N(a) (sizeof(a) / sizeof(a[0]))

static bool
is_listed(const uint16_t *list, size_t n, uint16_t op)
{
	while (n-- > 0) {
		if (list[n] == op)
			return true;
	}
	return false;
}

bool
devx_is_general(const void *in)
{
	uint16_t op = (uint16_t)DEVX_GET(mbox_in, in, opcode);

	return (op >= GENERAL_START && op < GENERAL_END) ||
		is_listed(general_commands, N(general_commands), op);
}

bool
devx_is_whitelisted(const void *in)
{
	return is_listed(whitelist, N(whitelist), (uint16_t)DEVX_GET(mbox_in, in, opcode));
}

bool
devx_is_kind(const void *in, enum devx_kind kind)
{
	uint16_t op = (uint16_t)DEVX_GET(mbox_in, in, opcode);
	unsigned int i;

	for (i = 0; i < N(uses); i++) {
		if (uses[i].op == op)
			return uses[i].kind == kind;
	}
	if (kind != DEVX_CREATE)
		return false;
	for (i = 0; i < N(objects); i++) {
		if (objects[i].create == op)
			return true;
	}
	return op == MLX5_CMD_OP_CREATE_GENERAL_OBJECT ||
		is_listed(other_creates, N(other_creates), op);
}

static uint64_t
encode(uint16_t create, uint16_t obj_type, uint32_t number)
{
	return (uint64_t)((uint32_t)obj_type << 16 | create) << 32 | number;
}

static const struct devx_obj *
find_object(uint16_t create, uint16_t obj_type)
{
	unsigned int i;

	for (i = 0; i < N(objects); i++) {
		if (objects[i].create == create && objects[i].obj_type == obj_type)
			return &objects[i];
	}
	return NULL;
}

uint64_t
devx_obj_id(const void *in)
{
	uint16_t op = (uint16_t)DEVX_GET(mbox_in, in, opcode);
	uint32_t number = DEVX_GET(general_obj_in_cmd_hdr, in, obj_id);
	unsigned int i;

	for (i = 0; i < N(uses) && uses[i].op != op; i++)
		;
	if (i == N(uses))
		return 0;
	if (uses[i].create == MLX5_CMD_OP_CREATE_GENERAL_OBJECT)
		return encode(uses[i].create,
			(uint16_t)DEVX_GET(general_obj_in_cmd_hdr, in, obj_type), number);
	return encode(uses[i].create, 0, number & ID_24);
}

uint64_t
devx_created_id(const void *in, const void *out)
{
	uint16_t op = (uint16_t)DEVX_GET(mbox_in, in, opcode);
	uint32_t number = DEVX_GET(general_obj_out_cmd_hdr, out, obj_id);
	uint16_t obj_type = 0;

	if (op == MLX5_CMD_OP_CREATE_GENERAL_OBJECT)
		obj_type = (uint16_t)DEVX_GET(general_obj_in_cmd_hdr, in, obj_type);
	else
		number &= ID_24;
	return find_object(op, obj_type) != NULL ? encode(op, obj_type, number) : 0;
}

static const struct devx_obj *
object_of(uint64_t id)
{
	return find_object((uint16_t)(id >> 32), (uint16_t)(id >> 48));
}

void
devx_destroy_mailbox(uint64_t id, void *mailbox)
{
	const struct devx_obj *o = object_of(id);

	memset(mailbox, 0, DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr));
	DEVX_SET(general_obj_in_cmd_hdr, mailbox, opcode, o->destroy);
	DEVX_SET(general_obj_in_cmd_hdr, mailbox, obj_type, o->obj_type);
	DEVX_SET(general_obj_in_cmd_hdr, mailbox, obj_id, (uint32_t)id);
}

enum nic_obj_type
devx_nic_type(uint64_t id)
{
	const struct devx_obj *o = object_of(id);

	return o != NULL ? o->nic_type : NIC_OBJ_TYPES;
}

static int
set_mkey(void *in, size_t len)
{
	const void *mkc = DEVX_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry);
	unsigned int mode;

	if (len < DEVX_ST_SZ_BYTES(create_mkey_in))
		return -EINVAL;
	mode = DEVX_GET(mkc, mkc, access_mode_1_0) | DEVX_GET(mkc, mkc, access_mode_4_2) << 2;
	if (mode != MLX5_MKC_ACCESS_MODE_KLM && mode != MLX5_MKC_ACCESS_MODE_KLM_FBS)
		DEVX_SET(create_mkey_in, in, mkey_umem_valid, 1);
	return 0;
}

int
devx_set_umem_valid(void *in, size_t len)
{
	void *ctx;

	switch (DEVX_GET(mbox_in, in, opcode)) {
	case MLX5_CMD_OP_CREATE_MKEY:
		return set_mkey(in, len);
	case MLX5_CMD_OP_CREATE_CQ:
		if (len < DEVX_ST_SZ_BYTES(create_cq_in))
			return 0;
		DEVX_SET(create_cq_in, in, cq_umem_valid, 1);
		ctx = DEVX_ADDR_OF(create_cq_in, in, cq_context);
		DEVX_SET(cqc, ctx, dbr_umem_valid, 1);
		return 0;
	case MLX5_CMD_OP_MODIFY_CQ:
		if (len >= DEVX_ST_SZ_BYTES(modify_cq_in))
			DEVX_SET(modify_cq_in, in, cq_umem_valid, 1);
		return 0;
	case MLX5_CMD_OP_CREATE_QP:
		if (len < DEVX_ST_SZ_BYTES(create_qp_in))
			return 0;
		ctx = DEVX_ADDR_OF(create_qp_in, in, qpc);
		DEVX_SET(qpc, ctx, dbr_umem_valid, 1);
		DEVX_SET(create_qp_in, in, wq_umem_valid, 1);
		return 0;
	default:
		return 0;
	}
}
