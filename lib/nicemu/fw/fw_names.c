/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Names for people: opcodes, status, object types, rules.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fw_int.h"

struct name {
	uint32_t n;
	const char *name;
};

/* clang-format off */
#define OP(x) { MLX5_CMD_OP_##x, #x }
static const struct name opcodes[] = {
	OP(QUERY_HCA_CAP),
	OP(QUERY_ADAPTER),
	OP(QUERY_ISSI),
	OP(NOP),
	OP(CREATE_MKEY),
	OP(QUERY_MKEY),
	OP(DESTROY_MKEY),
	OP(QUERY_SPECIAL_CONTEXTS),
	OP(CREATE_CQ),
	OP(DESTROY_CQ),
	OP(QUERY_CQ),
	OP(MODIFY_CQ),
	OP(CREATE_QP),
	OP(DESTROY_QP),
	OP(RST2INIT_QP),
	OP(INIT2RTR_QP),
	OP(RTR2RTS_QP),
	OP(RTS2RTS_QP),
	OP(SQERR2RTS_QP),
	OP(QP_2ERR),
	OP(QP_2RST),
	OP(QUERY_QP),
	OP(SQD2RTS_QP),
	OP(INIT2INIT_QP),
	OP(QUERY_VPORT_STATE),
	OP(QUERY_NIC_VPORT_CONTEXT),
	OP(MODIFY_NIC_VPORT_CONTEXT),
	OP(ALLOC_PD),
	OP(DEALLOC_PD),
	OP(ALLOC_UAR),
	OP(DEALLOC_UAR),
	OP(ALLOC_TRANSPORT_DOMAIN),
	OP(DEALLOC_TRANSPORT_DOMAIN),
	OP(QUERY_LAG),
	OP(CREATE_TIR),
	OP(MODIFY_TIR),
	OP(DESTROY_TIR),
	OP(QUERY_TIR),
	OP(CREATE_SQ),
	OP(MODIFY_SQ),
	OP(DESTROY_SQ),
	OP(QUERY_SQ),
	OP(CREATE_RQ),
	OP(MODIFY_RQ),
	OP(DESTROY_RQ),
	OP(QUERY_RQ),
	OP(ALLOC_Q_COUNTER),
	OP(DEALLOC_Q_COUNTER),
	OP(QUERY_Q_COUNTER),
	OP(CREATE_TIS),
	OP(MODIFY_TIS),
	OP(DESTROY_TIS),
	OP(QUERY_TIS),
	OP(CREATE_RQT),
	OP(MODIFY_RQT),
	OP(DESTROY_RQT),
	OP(QUERY_RQT),
	OP(CREATE_GENERAL_OBJECT),
	OP(MODIFY_GENERAL_OBJECT),
	OP(QUERY_GENERAL_OBJECT),
	OP(DESTROY_GENERAL_OBJECT),
	OP(CREATE_UCTX),
	OP(DESTROY_UCTX),
	OP(CREATE_UMEM),
	OP(DESTROY_UMEM),
	OP(ACCESS_REGISTER_USER),
	{ FW_OP_CREATE_FLOW_GROUP, "CREATE_FLOW_GROUP" },
	{ FW_OP_DESTROY_FLOW_GROUP, "DESTROY_FLOW_GROUP" },
	{ FW_OP_SET_FLOW_TABLE_ENTRY, "SET_FLOW_TABLE_ENTRY" },
	{ FW_OP_DELETE_FLOW_TABLE_ENTRY, "DELETE_FLOW_TABLE_ENTRY" },
};
/* clang-format on */

/* clang-format off */
static const struct name statuses[] = {
	{ MLX5_CMD_STAT_OK, "OK" },
	{ MLX5_CMD_STAT_INT_ERR, "INT_ERR" },
	{ MLX5_CMD_STAT_BAD_OP_ERR, "BAD_OP" },
	{ MLX5_CMD_STAT_BAD_PARAM_ERR, "BAD_PARAM" },
	{ MLX5_CMD_STAT_BAD_SYS_STATE_ERR, "BAD_SYS_STATE" },
	{ MLX5_CMD_STAT_BAD_RES_ERR, "BAD_RES" },
	{ MLX5_CMD_STAT_RES_BUSY, "RES_BUSY" },
	{ MLX5_CMD_STAT_NOT_READY, "NOT_READY" },
	{ MLX5_CMD_STAT_LIM_ERR, "LIM_ERR" },
	{ MLX5_CMD_STAT_BAD_RES_STATE_ERR, "BAD_RES_STATE" },
	{ MLX5_CMD_STAT_IX_ERR, "IX_ERR" },
	{ MLX5_CMD_STAT_NO_RES_ERR, "NO_RES" },
	{ MLX5_CMD_STAT_BAD_QP_STATE_ERR, "BAD_QP_STATE" },
	{ MLX5_CMD_STAT_BAD_PKT_ERR, "BAD_PKT" },
	{ MLX5_CMD_STAT_BAD_SIZE_OUTS_CQES_ERR, "BAD_SIZE_OUTS_CQES" },
	{ MLX5_CMD_STAT_BAD_INP_LEN_ERR, "BAD_INP_LEN" },
	{ MLX5_CMD_STAT_BAD_OUTP_LEN_ERR, "BAD_OUTP_LEN" },
	{ FW_STAT_ABORTED, "ABORTED" },
};
/* clang-format on */

static const struct rule {
	uint32_t n;
	uint8_t status;
	const char *text;
} rules[] = {
#define FW_RULE(name, num, stat, text) {(num), MLX5_CMD_STAT_##stat, (text)},
#include "fw_rules.h"
#undef FW_RULE
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *
name_of(const struct name *t, size_t n, uint32_t value, const char *other)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (t[i].n == value)
			return t[i].name;
	}
	return other;
}

/* A name of the table, or a number up to 'max' in C notation. */
static int
parse(const struct name *t, size_t n, const char *s, uint32_t max, uint32_t *value)
{
	unsigned long v;
	char *end;
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcasecmp(t[i].name, s) == 0) {
			*value = t[i].n;
			return 0;
		}
	}
	errno = 0;
	v = strtoul(s, &end, 0);
	if (errno != 0 || end == s || *end != '\0' || v > max)
		return -EINVAL;
	*value = (uint32_t)v;
	return 0;
}

bool
fw_opcode_known(uint16_t opcode)
{
	return name_of(opcodes, COUNT(opcodes), opcode, NULL) != NULL;
}

bool
fw_status_known(uint8_t status)
{
	return name_of(statuses, COUNT(statuses), status, NULL) != NULL;
}

const char *
fw_opcode_name(uint16_t opcode)
{
	static const struct name others[] = {
#define DEVX_OP(op, name, kind, lacks) {op, #name},
#include "../uverbs/devx_ops.h"
#undef DEVX_OP
	};
	const char *name = name_of(opcodes, COUNT(opcodes), opcode, NULL);

	/* what users can send, and this firmware does not have */
	return name != NULL ? name : name_of(others, COUNT(others), opcode, "unknown");
}

const char *
fw_status_name(uint8_t status)
{
	return name_of(statuses, COUNT(statuses), status, "unknown");
}

int
fw_opcode_parse(const char *s, uint16_t *opcode)
{
	uint32_t v;
	int rc;

	if (strcasecmp(s, "any") == 0) {
		*opcode = 0;
		return 0;
	}
	rc = parse(opcodes, COUNT(opcodes), s, UINT16_MAX, &v);
	if (rc == 0)
		*opcode = (uint16_t)v;
	return rc;
}

int
fw_status_parse(const char *s, uint8_t *status)
{
	uint32_t v;
	int rc = parse(statuses, COUNT(statuses), s, UINT8_MAX, &v);

	if (rc == 0)
		*status = (uint8_t)v;
	return rc;
}

const char *
fw_obj_name(enum nic_obj_type type)
{
	static const char *const names[NIC_OBJ_TYPES] = {
		[NIC_OBJ_PD] = "pd",
		[NIC_OBJ_TD] = "td",
		[NIC_OBJ_TIS] = "tis",
		[NIC_OBJ_MKEY] = "mkey",
		[NIC_OBJ_UMEM] = "umem",
		[NIC_OBJ_UAR] = "uar",
		[NIC_OBJ_VAR] = "var",
		[NIC_OBJ_CQ] = "cq",
		[NIC_OBJ_QP] = "qp",
		[NIC_OBJ_SQ] = "sq",
		[NIC_OBJ_RQ] = "rq",
		[NIC_OBJ_Q_COUNTER] = "q_counter",
		[NIC_OBJ_VIRTQ_COUNTERS] = "virtq_counters",
		[NIC_OBJ_VIRTQ] = "virtq",
		[NIC_OBJ_RQT] = "rqt",
		[NIC_OBJ_TIR] = "tir",
		[NIC_OBJ_MATCHER] = "matcher",
		[NIC_OBJ_FLOW] = "flow",
	};

	return type < NIC_OBJ_TYPES ? names[type] : "unknown";
}

static const struct rule *
rule_find(uint32_t n)
{
	size_t i;

	for (i = 0; i < COUNT(rules); i++) {
		if (rules[i].n == n)
			return &rules[i];
	}
	return NULL;
}

uint8_t
fw_rule_status(enum fw_rule r)
{
	return rule_find(r)->status;
}

const char *
fw_rule_text(uint32_t syndrome)
{
	const struct rule *r = rule_find(syndrome - FW_SYNDROME);

	return r != NULL ? r->text : NULL;
}
