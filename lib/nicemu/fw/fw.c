/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Command mailboxes: the table of commands, and what happens to each before and after its handler.
 * Failure on demand, and the count of commands.
 */
#include <errno.h>
#include <string.h>

#include "fw_reserved.h"
#include "fw_time.h"
#include "fw_trace.h"
#include "../trace.h"

#define HAS_CHANGE 0x1 /* changes an object: under a pause of the engines */
#define HAS_OP_MOD 0x2 /* gives op_mod a meaning of its own */

struct fw_op {
	uint16_t opcode;
	uint16_t min_in, min_out; /* bytes */
	uint8_t flags;
	fw_handler handler;
	/*
	 * DESTROY_* and DEALLOC_* need no handler: the object of the number at bits 0x48..0x5f goes
	 */
	enum nic_obj_type destroys;
	const uint8_t *reserved; /* bits of the mailbox that have to be 0, min_in bytes */
};

static uint8_t general_create(struct fw_cmd *c);
static uint8_t general_modify(struct fw_cmd *c);
static uint8_t general_query(struct fw_cmd *c);
static uint8_t general_destroy(struct fw_cmd *c);

/* clang-format off */
#define SIZES(st) DEVX_ST_SZ_BYTES(st##_in), DEVX_ST_SZ_BYTES(st##_out)
#define CMD(op, st, fl, fn) \
	{ MLX5_CMD_OP_##op, SIZES(st), fl, fn, NIC_OBJ_TYPES, fw_reserved_##st##_in }
#define MODIFY_QP(op, st) CMD(op, st, HAS_CHANGE, fw_modify_qp)
#define DESTROY(op, st, type) \
	{ MLX5_CMD_OP_##op, SIZES(st), HAS_CHANGE, NULL, NIC_OBJ_##type, fw_reserved_##st##_in }
/* op_mod of these is part of another field */
#define GENERAL(op, fn) \
	{ MLX5_CMD_OP_##op##_GENERAL_OBJECT, DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr), \
		DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr), HAS_CHANGE | HAS_OP_MOD, fn, \
		NIC_OBJ_TYPES, fw_reserved_general_obj_in_cmd_hdr }

static const struct fw_op fw_ops[] = {
	CMD(QUERY_HCA_CAP, query_hca_cap, HAS_OP_MOD, fw_query_hca_cap),
	CMD(QUERY_ADAPTER, query_adapter, 0, fw_query_adapter),
	CMD(QUERY_ISSI, query_issi, 0, fw_query_issi),
	CMD(NOP, nop, 0, fw_nop),
	CMD(ALLOC_PD, alloc_pd, HAS_CHANGE, fw_alloc_pd),
	DESTROY(DEALLOC_PD, dealloc_pd, PD),
	CMD(ALLOC_UAR, alloc_uar, HAS_CHANGE, fw_alloc_uar),
	DESTROY(DEALLOC_UAR, dealloc_uar, UAR),
	DESTROY(DESTROY_UMEM, destroy_umem, UMEM),
	CMD(CREATE_MKEY, create_mkey, HAS_CHANGE, fw_create_mkey),
	CMD(QUERY_MKEY, query_mkey, 0, fw_query_mkey),
	DESTROY(DESTROY_MKEY, destroy_mkey, MKEY),
	CMD(QUERY_SPECIAL_CONTEXTS, query_special_contexts, 0, fw_query_special_contexts),
	CMD(CREATE_CQ, create_cq, HAS_CHANGE, fw_create_cq),
	CMD(QUERY_CQ, query_cq, 0, fw_query_cq),
	CMD(MODIFY_CQ, modify_cq, HAS_CHANGE, fw_modify_cq),
	DESTROY(DESTROY_CQ, destroy_cq, CQ),
	CMD(CREATE_QP, create_qp, HAS_CHANGE, fw_create_qp),
	DESTROY(DESTROY_QP, destroy_qp, QP),
	MODIFY_QP(RST2INIT_QP, rst2init_qp),
	MODIFY_QP(INIT2INIT_QP, init2init_qp),
	MODIFY_QP(INIT2RTR_QP, init2rtr_qp),
	MODIFY_QP(RTR2RTS_QP, rtr2rts_qp),
	MODIFY_QP(RTS2RTS_QP, rts2rts_qp),
	MODIFY_QP(SQERR2RTS_QP, sqerr2rts_qp),
	MODIFY_QP(QP_2ERR, qp_2err),
	MODIFY_QP(QP_2RST, 2rst_qp),
	CMD(QUERY_QP, query_qp, 0, fw_query_qp),
	CMD(CREATE_SQ, create_sq, HAS_CHANGE, fw_create_sq),
	CMD(MODIFY_SQ, modify_sq, HAS_CHANGE, fw_modify_sq),
	CMD(QUERY_SQ, query_sq, HAS_CHANGE, fw_query_sq), /* as those of virtqueues */
	DESTROY(DESTROY_SQ, destroy_sq, SQ),
	CMD(CREATE_RQ, create_rq, HAS_CHANGE, fw_create_rq),
	CMD(MODIFY_RQ, modify_rq, HAS_CHANGE, fw_modify_rq),
	CMD(QUERY_RQ, query_rq, HAS_CHANGE, fw_query_rq),
	DESTROY(DESTROY_RQ, destroy_rq, RQ),
	CMD(ALLOC_Q_COUNTER, alloc_q_counter, HAS_CHANGE, fw_alloc_q_counter),
	CMD(QUERY_Q_COUNTER, query_q_counter, 0, fw_query_q_counter),
	DESTROY(DEALLOC_Q_COUNTER, dealloc_q_counter, Q_COUNTER),
	CMD(QUERY_VPORT_STATE, query_vport_state, HAS_OP_MOD, fw_query_vport_state),
	CMD(QUERY_NIC_VPORT_CONTEXT, query_nic_vport_context, 0, fw_query_nic_vport_context),
	CMD(ALLOC_TRANSPORT_DOMAIN, alloc_transport_domain, HAS_CHANGE, fw_alloc_td),
	DESTROY(DEALLOC_TRANSPORT_DOMAIN, dealloc_transport_domain, TD),
	CMD(CREATE_TIS, create_tis, HAS_CHANGE, fw_create_tis),
	CMD(MODIFY_TIS, modify_tis, HAS_CHANGE, fw_modify_tis),
	CMD(QUERY_TIS, query_tis, 0, fw_query_tis),
	DESTROY(DESTROY_TIS, destroy_tis, TIS),
	CMD(CREATE_RQT, create_rqt, HAS_CHANGE, fw_create_rqt),
	CMD(MODIFY_RQT, modify_rqt, HAS_CHANGE, fw_modify_rqt),
	CMD(QUERY_RQT, query_rqt, 0, fw_query_rqt),
	DESTROY(DESTROY_RQT, destroy_rqt, RQT),
	CMD(CREATE_TIR, create_tir, HAS_CHANGE, fw_create_tir),
	CMD(MODIFY_TIR, modify_tir, HAS_CHANGE, fw_modify_tir),
	CMD(QUERY_TIR, query_tir, 0, fw_query_tir),
	DESTROY(DESTROY_TIR, destroy_tir, TIR),
	GENERAL(CREATE, general_create),
	GENERAL(MODIFY, general_modify),
	GENERAL(QUERY, general_query),	/* indices are exact only when the engines stand */
	GENERAL(DESTROY, general_destroy),
};
/* clang-format on */

/* DPDK's structure ends short of Linux's, behind the last counter. */
#define COUNTERS_IN DEVX_BYTE_OFF(create_virtio_q_counters_in, virtio_q_counters.reserved_at_180)
#define COUNTERS_OUT DEVX_BYTE_OFF(query_virtio_q_counters_out, virtio_q_counters.reserved_at_180)

/* Objects of the general commands. */
/* clang-format off */
static const struct fw_general {
	uint16_t obj_type;
	enum nic_obj_type type;
	uint16_t create_in, query_out;	/* bytes */
	fw_handler create, modify, query;
	const uint8_t *reserved;	/* of the mailboxes of create and modify, create_in bytes */
} fw_generals[] = {
	{ MLX5_GENERAL_OBJ_TYPE_VIRTQ, NIC_OBJ_VIRTQ,
		DEVX_ST_SZ_BYTES(create_virtq_in), DEVX_ST_SZ_BYTES(query_virtq_out),
		fw_create_virtq, fw_modify_virtq, fw_query_virtq, fw_reserved_create_virtq_in },
	{ MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS, NIC_OBJ_VIRTQ_COUNTERS,
		COUNTERS_IN, COUNTERS_OUT,
		fw_create_counters, NULL, fw_query_counters,
		fw_reserved_create_virtio_q_counters_in },
};
/* clang-format on */

uint8_t
fw_refuse(struct fw_cmd *c, enum fw_rule r)
{
	c->status = fw_rule_status(r);
	c->syndrome = FW_SYNDROME + r;
	return c->status;
}

/* Are bits of the first 'len' bytes set that a mask has? */
static bool
has_bits(const void *in, const uint8_t *mask, uint32_t len)
{
	const uint8_t *byte = in;
	uint8_t set = 0;
	uint32_t i;

	for (i = 0; i < len; i++)
		set |= byte[i] & mask[i];
	return set != 0;
}

static uint8_t
destroy(struct fw_cmd *c, enum nic_obj_type type, uint32_t id)
{
	struct nic_obj *o = fw_target(c, type, id);

	if (o == NULL || fw_obj_idle(c, o) != 0)
		return c->status;
	fw_destroy(o);
	return 0;
}

/* ---- general objects ---- */

static const struct fw_general *
general_find(struct fw_cmd *c)
{
	uint16_t obj_type = DEVX_GET(general_obj_in_cmd_hdr, c->in, obj_type);
	unsigned int i;

	for (i = 0; i < sizeof(fw_generals) / sizeof(fw_generals[0]); i++) {
		if (fw_generals[i].obj_type == obj_type && fw_cap_obj_type(c->f, obj_type))
			return &fw_generals[i];
	}
	fw_refuse(c, FW_R_OBJ_TYPE);
	return NULL;
}

static uint8_t
general_create(struct fw_cmd *c)
{
	const struct fw_general *g = general_find(c);

	if (g == NULL)
		return c->status;
	if (c->inlen < g->create_in)
		return fw_refuse(c, FW_R_IN_LEN);
	if (has_bits(c->in, g->reserved, g->create_in))
		return fw_refuse(c, FW_R_RESERVED);
	if (DEVX_GET(general_obj_in_cmd_hdr, c->in, obj_offset) != 0)
		return fw_refuse(c, FW_R_OBJ_RANGE);
	return g->create(c);
}

static uint8_t
general_modify(struct fw_cmd *c)
{
	const struct fw_general *g = general_find(c);

	if (g == NULL)
		return c->status;
	if (g->modify == NULL)
		return fw_refuse(c, FW_R_OBJ_MODIFY);
	if (c->inlen < g->create_in)
		return fw_refuse(c, FW_R_IN_LEN);
	if (has_bits(c->in, g->reserved, g->create_in))
		return fw_refuse(c, FW_R_RESERVED);
	return g->modify(c);
}

static uint8_t
general_query(struct fw_cmd *c)
{
	const struct fw_general *g = general_find(c);

	if (g == NULL)
		return c->status;
	if (c->outlen < g->query_out)
		return fw_refuse(c, FW_R_OUT_LEN);
	return g->query(c);
}

static uint8_t
general_destroy(struct fw_cmd *c)
{
	const struct fw_general *g = general_find(c);

	if (g == NULL)
		return c->status;
	return destroy(c, g->type, DEVX_GET(general_obj_in_cmd_hdr, c->in, obj_id));
}

/*
 * What stands before a command, 0: nothing. A dead function executes what destroys, so that its
 * memory is given back: the kernel says that it was done.
 */
static uint8_t
injected(struct fw_cmd *c)
{
	struct fault struck;
	bool strikes = fault_strike(c->f, FAULT_CMD, c->opcode, &struck);

	if (strikes && struck.how == FAULT_DIE)
		fw_die(c->f);
	if (fw_is_dead(c->f)) {
		c->dead = true;
		if (fw_dead_errno(c->opcode) == 0)
			return 0;
		c->status = FW_STAT_ABORTED;
		c->syndrome = FW_SYND_ABORTED;
		return c->status;
	}
	if (!strikes)
		return 0;
	c->status = (uint8_t)struck.value;
	c->syndrome = FW_SYNDROME + FW_R_INJECTED;
	return c->status;
}

/* ---- execution ---- */

static void
count(const struct fw_cmd *c)
{
	unsigned int i = c->opcode < NIC_OPCODES ? c->opcode : NIC_OPCODES - 1;

	c->f->n_cmds[i]++;
	if (c->status != 0)
		c->f->n_failed[i]++;
	fw_trace_end(c);
}

static const struct fw_op *
op_find(uint16_t opcode)
{
	unsigned int i;

	for (i = 0; i < sizeof(fw_ops) / sizeof(fw_ops[0]); i++) {
		if (fw_ops[i].opcode == opcode)
			return &fw_ops[i];
	}
	return NULL;
}

static uint8_t
check(struct fw_cmd *c, const struct fw_op *op)
{
	if (op == NULL)
		return fw_refuse(c, FW_R_OPCODE);
	if (c->inlen < op->min_in)
		return fw_refuse(c, FW_R_IN_LEN);
	if (c->outlen < op->min_out)
		return fw_refuse(c, FW_R_OUT_LEN);
	if (!(op->flags & HAS_OP_MOD)) {
		if (DEVX_GET(general_obj_in_cmd_hdr, c->in, vhca_tunnel_id) != 0)
			return fw_refuse(c, FW_R_TUNNEL);
		if (DEVX_GET(mbox_in, c->in, op_mod) != 0)
			return fw_refuse(c, FW_R_OP_MOD);
	}
	if (has_bits(c->in, op->reserved, op->min_in))
		return fw_refuse(c, FW_R_RESERVED);
	return 0;
}

static uint8_t
execute(struct fw_cmd *c)
{
	const struct fw_op *op = op_find(c->opcode);

	if (injected(c) != 0 || check(c, op) != 0 || fw_uctx_check(c) != 0)
		return c->status;
	if (op->flags & HAS_CHANGE)
		dp_pause(c->f->nic);
	if (op->handler != NULL)
		op->handler(c);
	else
		/* all of these have the number at the same place */
		destroy(c, op->destroys, DEVX_GET(destroy_qp_in, c->in, qpn));
	if (op->flags & HAS_CHANGE)
		dp_resume(c->f->nic);
	return c->status;
}

int
fw_exec(struct nic_func *f, const void *in, uint32_t inlen, void *out, uint32_t outlen)
{
	struct fw_cmd c = {.f = f,
		.in = in,
		.inlen = inlen,
		.out = out,
		.outlen = outlen,
		.about = NIC_OBJ_TYPES};

	if (inlen < DEVX_ST_SZ_BYTES(mbox_in) || outlen < DEVX_ST_SZ_BYTES(mbox_out))
		return -EINVAL;
	c.opcode = DEVX_GET(mbox_in, in, opcode);
	c.uid = DEVX_GET(mbox_in, in, uid);
	memset(out, 0, outlen);
	fw_time_begin(&c);
	pthread_mutex_lock(&f->nic->fw_lock);
	fw_trace_begin(&c);
	execute(&c);
	if (c.status != 0 || c.dead)
		memset(out, 0, outlen);
	if (c.status != 0 && !c.dead) {
		DEVX_SET(mbox_out, out, status, c.status);
		DEVX_SET(mbox_out, out, syndrome, c.syndrome);
	}
	count(&c);
	pthread_mutex_unlock(&f->nic->fw_lock);
	fw_time_end(&c);
	trace_flush(f->nic->trace);
	return c.dead ? -ENXIO : 0;
}

/* The kernel's own commands: each by itself, in between one pause of the engines. */
static uint8_t
kern_enter(struct fw_cmd *c)
{
	fw_time_begin(c);
	pthread_mutex_lock(&c->f->nic->fw_lock);
	fw_trace_begin(c);
	dp_pause(c->f->nic);
	return c->opcode != 0 ? injected(c) : 0;
}

static void
kern_leave(struct fw_cmd *c)
{
	/* opcode 0: not a command, the kernel's own bookkeeping */
	if (c->opcode != 0)
		count(c);
	dp_resume(c->f->nic);
	pthread_mutex_unlock(&c->f->nic->fw_lock);
	fw_time_end(c);
}

uint8_t
fw_kern_begin(struct fw_cmd *c, struct nic_func *f, uint16_t opcode, uint16_t uid)
{
	*c = (struct fw_cmd){.f = f, .opcode = opcode, .uid = uid, .about = NIC_OBJ_TYPES};
	return kern_enter(c);
}

uint8_t
fw_kern_next(struct fw_cmd *c, uint16_t opcode)
{
	kern_leave(c);
	c->opcode = opcode;
	return kern_enter(c);
}

void
fw_kern_aside(const struct fw_cmd *c, uint16_t opcode)
{
	struct fw_cmd aside = {.f = c->f, .opcode = opcode, .uid = c->uid, .about = NIC_OBJ_TYPES};

	dp_resume(c->f->nic);
	pthread_mutex_unlock(&c->f->nic->fw_lock);
	kern_enter(&aside);
	kern_leave(&aside);
	pthread_mutex_lock(&c->f->nic->fw_lock);
	dp_pause(c->f->nic);
}

int
fw_status_errno(uint8_t status)
{
	switch (status) {
	case MLX5_CMD_STAT_OK:
		return 0;
	case MLX5_CMD_STAT_BAD_OP_ERR:
	case MLX5_CMD_STAT_BAD_PARAM_ERR:
	case MLX5_CMD_STAT_BAD_RES_ERR:
	case MLX5_CMD_STAT_BAD_RES_STATE_ERR:
	case MLX5_CMD_STAT_IX_ERR:
	case MLX5_CMD_STAT_BAD_QP_STATE_ERR:
	case MLX5_CMD_STAT_BAD_PKT_ERR:
	case MLX5_CMD_STAT_BAD_SIZE_OUTS_CQES_ERR:
		return -EINVAL;
	case MLX5_CMD_STAT_RES_BUSY:
		return -EBUSY;
	case MLX5_CMD_STAT_NOT_READY:
	case MLX5_CMD_STAT_NO_RES_ERR:
		return -EAGAIN;
	case MLX5_CMD_STAT_LIM_ERR:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int
fw_kern_end(struct fw_cmd *c)
{
	kern_leave(c);
	trace_flush(c->f->nic->trace);
	return c->dead ? fw_dead_errno(c->opcode) : fw_status_errno(c->status);
}

int
fw_func_init(struct nic_func *f)
{
	int rc;

	fw_objs_init(f);
	rc = fw_caps_init(f);
	if (rc != 0)
		return rc;
	rc = fw_bar_init(f);
	if (rc != 0)
		goto err_caps;
	rc = fw_mkey_init(f);
	if (rc != 0)
		goto err_bar;
	return 0;
err_bar:
	fw_bar_fini(f);
err_caps:
	fw_caps_fini(f);
	return rc;
}

void
fw_func_fini(struct nic_func *f)
{
	while (f->uctx != NULL)
		fw_uctx_destroy(f, f->uctx->uid);
	fw_mkey_fini(f);
	fw_bar_fini(f);
	fw_caps_fini(f);
}
