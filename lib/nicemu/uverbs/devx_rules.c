/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "devx_rules.h"

#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <string.h>

#include "prm.h"

/* Linux mlx5_ifc.h: opcodes that are general, known or not; two that come in more than one form */
#define GENERAL_START 0xb00
#define GENERAL_END 0xd00
#define OP_CREATE_PSV 0x600
#define OP_SET_FLOW_TABLE_ENTRY 0x936
#define PSV_NUM_SHIFT 28 /* create_psv_in.num_psv: the highest bits of dword 2 */
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
	{MLX5_CMD_OP_CREATE_SQ, 0, MLX5_CMD_OP_DESTROY_SQ, NIC_OBJ_SQ},
	{MLX5_CMD_OP_CREATE_RQ, 0, MLX5_CMD_OP_DESTROY_RQ, NIC_OBJ_RQ},
	{MLX5_CMD_OP_ALLOC_Q_COUNTER, 0, MLX5_CMD_OP_DEALLOC_Q_COUNTER, NIC_OBJ_Q_COUNTER},
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
	uint16_t op, create;
} uses[] = {
	{MLX5_CMD_OP_MODIFY_GENERAL_OBJECT, MLX5_CMD_OP_CREATE_GENERAL_OBJECT},
	{MLX5_CMD_OP_QUERY_GENERAL_OBJECT, MLX5_CMD_OP_CREATE_GENERAL_OBJECT},
	{MLX5_CMD_OP_QUERY_MKEY, MLX5_CMD_OP_CREATE_MKEY},
	{MLX5_CMD_OP_MODIFY_CQ, MLX5_CMD_OP_CREATE_CQ},
	{MLX5_CMD_OP_QUERY_CQ, MLX5_CMD_OP_CREATE_CQ},
	{MLX5_CMD_OP_MODIFY_RQT, MLX5_CMD_OP_CREATE_RQT},
	{MLX5_CMD_OP_QUERY_RQT, MLX5_CMD_OP_CREATE_RQT},
	{MLX5_CMD_OP_MODIFY_SQ, MLX5_CMD_OP_CREATE_SQ},
	{MLX5_CMD_OP_QUERY_SQ, MLX5_CMD_OP_CREATE_SQ},
	{MLX5_CMD_OP_MODIFY_RQ, MLX5_CMD_OP_CREATE_RQ},
	{MLX5_CMD_OP_QUERY_RQ, MLX5_CMD_OP_CREATE_RQ},
	{MLX5_CMD_OP_QUERY_Q_COUNTER, MLX5_CMD_OP_ALLOC_Q_COUNTER},
	{MLX5_CMD_OP_MODIFY_TIR, MLX5_CMD_OP_CREATE_TIR},
	{MLX5_CMD_OP_QUERY_TIR, MLX5_CMD_OP_CREATE_TIR},
	{MLX5_CMD_OP_MODIFY_TIS, MLX5_CMD_OP_CREATE_TIS},
	{MLX5_CMD_OP_QUERY_TIS, MLX5_CMD_OP_CREATE_TIS},
	{MLX5_CMD_OP_RST2INIT_QP, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_INIT2INIT_QP, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_INIT2RTR_QP, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_RTR2RTS_QP, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_RTS2RTS_QP, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_SQERR2RTS_QP, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_QP_2ERR, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_QP_2RST, MLX5_CMD_OP_CREATE_QP},
	{MLX5_CMD_OP_QUERY_QP, MLX5_CMD_OP_CREATE_QP},
};

/* Commands by method. */
static const struct {
	uint16_t op;
	enum devx_kind kind;
} ops[] = {
#define DEVX_OP(op, name, kind, lacks) {op, DEVX_##kind},
#include "devx_ops.h"
#undef DEVX_OP
};

/* QUERY_HCA_CAP, and of the e-switch: functions, vport; vport of InfiniBand. */
static const uint16_t whitelist[] = {MLX5_CMD_OP_QUERY_HCA_CAP, 0x740, 0x752, 0x762};

#define N(a) (sizeof(a) / sizeof(a[0]))

bool
devx_is_whitelisted(const void *in)
{
	uint16_t op = (uint16_t)DEVX_GET(mbox_in, in, opcode);
	unsigned int i;

	for (i = 0; i < N(whitelist); i++) {
		if (whitelist[i] == op)
			return true;
	}
	return false;
}

/* Commands that are of a kind by more than their opcode. */
static bool
is_form_of(const void *in, uint16_t op, enum devx_kind kind)
{
	switch (op) {
	case OP_SET_FLOW_TABLE_ENTRY:
		return DEVX_GET(mbox_in, in, op_mod) == (kind == DEVX_CREATE ? 0 : 1);
	case OP_CREATE_PSV:
		return DEVX_GET(general_obj_in_cmd_hdr, in, obj_id) >> PSV_NUM_SHIFT == 1;
	default:
		return true;
	}
}

bool
devx_is_kind(const void *in, enum devx_kind kind)
{
	uint16_t op = (uint16_t)DEVX_GET(mbox_in, in, opcode);
	unsigned int i;

	if (kind == DEVX_GENERAL && op >= GENERAL_START && op < GENERAL_END)
		return true;
	for (i = 0; i < N(ops); i++) {
		if (ops[i].op == op && ops[i].kind == kind)
			return is_form_of(in, op, kind);
	}
	return false;
}

static uint64_t
encode(uint16_t create, uint16_t obj_type, uint32_t number)
{
	return (uint64_t)((uint32_t)obj_type << 16 | create) << 32 | number;
}

uint64_t
devx_cq_id(uint32_t cqn)
{
	return encode(MLX5_CMD_OP_CREATE_CQ, 0, cqn);
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
	if (op == MLX5_CMD_OP_QUERY_Q_COUNTER)
		number = DEVX_GET(query_q_counter_in, in, counter_set_id);
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
	case MLX5_CMD_OP_CREATE_SQ:
		if (len < DEVX_ST_SZ_BYTES(create_sq_in))
			return 0;
		ctx = DEVX_ADDR_OF(create_sq_in, in, ctx);
		DEVX_SET(sqc, ctx, wq.dbr_umem_valid, 1);
		DEVX_SET(sqc, ctx, wq.wq_umem_valid, 1);
		return 0;
	case MLX5_CMD_OP_CREATE_RQ:
		if (len < DEVX_ST_SZ_BYTES(create_rq_in))
			return 0;
		ctx = DEVX_ADDR_OF(create_rq_in, in, ctx);
		DEVX_SET(rqc, ctx, wq.dbr_umem_valid, 1);
		DEVX_SET(rqc, ctx, wq.wq_umem_valid, 1);
		return 0;
	default:
		return 0;
	}
}
