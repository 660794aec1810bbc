/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <rte_common.h>

#include "devx_priv.h"

#define OP(op) \
	{ \
		MLX5_CMD_OP_##op, #op \
	}

static const struct {
	uint16_t opcode;
	const char *name;
} opcodes[] = {
	OP(QUERY_HCA_CAP),
	OP(CREATE_MKEY),
	OP(DESTROY_MKEY),
	OP(CREATE_CQ),
	OP(DESTROY_CQ),
	OP(CREATE_QP),
	OP(DESTROY_QP),
	OP(RST2INIT_QP),
	OP(INIT2RTR_QP),
	OP(RTR2RTS_QP),
	OP(QP_2RST),
	OP(QUERY_NIC_VPORT_CONTEXT),
	OP(ALLOC_Q_COUNTER),
	OP(DEALLOC_Q_COUNTER),
	OP(QUERY_Q_COUNTER),
	OP(ALLOC_TRANSPORT_DOMAIN),
	OP(DEALLOC_TRANSPORT_DOMAIN),
	OP(CREATE_SQ),
	OP(MODIFY_SQ),
	OP(DESTROY_SQ),
	OP(QUERY_SQ),
	OP(CREATE_RQ),
	OP(MODIFY_RQ),
	OP(DESTROY_RQ),
	OP(QUERY_RQ),
	OP(CREATE_TIR),
	OP(MODIFY_TIR),
	OP(DESTROY_TIR),
	OP(CREATE_TIS),
	OP(DESTROY_TIS),
	OP(CREATE_RQT),
	OP(MODIFY_RQT),
	OP(DESTROY_RQT),
	OP(CREATE_GENERAL_OBJECT),
	OP(MODIFY_GENERAL_OBJECT),
	OP(QUERY_GENERAL_OBJECT),
	OP(DESTROY_GENERAL_OBJECT),
};

#undef OP

const char *
devx_opcode_name(uint16_t opcode)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(opcodes); i++)
		if (opcodes[i].opcode == opcode)
			return opcodes[i].name;
	return "command";
}

#define ST(status) MLX5_CMD_STAT_##status, #status

/* Hints follow what Linux says of each status in mlx5 core/cmd.c and in the statuses' names. */
static const struct {
	uint8_t status;
	const char *name;
	const char *hint;
} statuses[] = {
	{ST(OK), "the command did not reach the firmware"},
	{ST(INT_ERR), "an internal error of the firmware: see the kernel log"},
	{ST(BAD_OP_ERR), "this firmware does not have the command or it is not permitted"},
	{ST(BAD_PARAM_ERR), "a value is outside what the firmware takes"},
	{ST(BAD_SYS_STATE_ERR), "the NIC is in a wrong state: see the kernel log"},
	{ST(BAD_RES_ERR), "an object that the command names does not exist or is not ours"},
	{ST(RES_BUSY), "another object still refers to this one"},
	{ST(NOT_READY), "the NIC is not ready yet: try again"},
	{ST(LIM_ERR), "a limit of the NIC is reached: use fewer queues or regions"},
	{ST(BAD_RES_STATE_ERR), "the object is in a state that does not allow this"},
	{ST(IX_ERR), "an index is out of range"},
	{ST(NO_RES_ERR), "the NIC has no resources left: use fewer queues or regions"},
	{ST(BAD_QP_STATE_ERR), "the queue pair is in a state that does not allow this"},
	{ST(BAD_PKT_ERR), "a bad management packet"},
	{ST(BAD_SIZE_OUTS_CQES_ERR), "completions that are outstanding do not fit"},
	{ST(BAD_INP_LEN_ERR), "the firmware expects another length of the command"},
	{ST(BAD_OUTP_LEN_ERR), "the firmware expects another length of the answer"},
};

#undef ST

const char *
hf_devx_status_name(uint8_t status)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].name;
	return "unknown status";
}

const char *
devx_status_hint(uint8_t status)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].hint;
	return "see the firmware's release notes";
}
