/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "fw_trace.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "../clock.h"
#include "../trace.h"

static uint64_t
pinned(const struct nic_func *f)
{
	return f->mr_bytes + f->umem_bytes;
}

void
fw_trace_begin(struct fw_cmd *c)
{
	c->began = trace_now(c->f->nic->trace);
	c->pinned = pinned(c->f);
}

/* False: the field is not all within the mailbox. */
static bool
get_bits(const uint8_t *box, uint32_t len, const struct fw_field *f, uint64_t *v)
{
	uint32_t end = f->bit + f->width, i;

	if (end > len * 8)
		return false;
	*v = 0;
	for (i = f->bit; i < end; i++)
		*v = *v << 1 | (box[i / 8] >> (7 - i % 8) & 1);
	return true;
}

static void
add_bits(cJSON *j, const struct fw_field *f, uint64_t v)
{
	cJSON *list = cJSON_AddArrayToObject(j, f->name);
	char number[16];
	unsigned int i;

	for (i = 0; i < 64; i++) {
		if ((v >> i & 1) == 0)
			continue;
		snprintf(number, sizeof(number), "bit %u", i);
		cJSON_AddItemToArray(list,
			cJSON_CreateString(
				i < f->n_names && f->names[i] != NULL ? f->names[i] : number));
	}
}

static void
add_fields(cJSON *j, const struct fw_field *f, unsigned int n, const void *box, uint32_t len)
{
	uint64_t v;

	for (; n > 0; n--, f++) {
		if (!get_bits(box, len, f, &v))
			continue;
		if (f->kind == FW_FIELD_BITS)
			add_bits(j, f, v);
		else if (f->kind == FW_FIELD_NAME && v < f->n_names)
			cJSON_AddStringToObject(j, f->name, f->names[v]);
		else if (f->kind == FW_FIELD_HEX)
			trace_hex(j, f->name, v);
		else
			trace_num(j, f->name, v);
	}
}

/* By name, or as a number that has none. */
static void
add_name(cJSON *j, const char *key, const char *name, uint64_t number)
{
	if (name != NULL)
		cJSON_AddStringToObject(j, key, name);
	else
		trace_hex(j, key, number);
}

/* When it was, and for how long: as it is modelled, or as it took place. */
static void
add_time(cJSON *j, const struct fw_cmd *c)
{
	uint64_t now = clock_ns();

	if (!c->timed) {
		trace_num(j, "t_ns", c->began);
		trace_num(j, "dur_ns", now - c->began);
		return;
	}
	trace_num(j, "t_ns", c->time.start);
	trace_num(j, "dur_ns", c->time.end - c->time.start);
	trace_num(j, "queued_ns", c->time.start - c->time.came);
	trace_num(j, "late_ns", now > c->time.end ? now - c->time.end : 0);
}

static void
add_mailboxes(cJSON *j, const struct fw_cmd *c)
{
	bool general = c->opcode >= MLX5_CMD_OP_CREATE_GENERAL_OBJECT &&
		c->opcode <= MLX5_CMD_OP_DESTROY_GENERAL_OBJECT &&
		c->inlen >= DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr);
	uint16_t obj_type = general ? DEVX_GET(general_obj_in_cmd_hdr, c->in, obj_type) : 0;
	const struct fw_fields *t = fw_fields_find(c->opcode, obj_type);
	uint16_t op_mod = DEVX_GET(mbox_in, c->in, op_mod);
	cJSON *fields;

	if (general)
		add_name(j, "obj_type", fw_obj_type_name(obj_type), obj_type);
	else
		trace_num(j, "op_mod", op_mod);
	if (c->opcode == MLX5_CMD_OP_QUERY_HCA_CAP) {
		add_name(j, "cap_type", fw_cap_type_name(op_mod >> 1), op_mod >> 1);
		cJSON_AddStringToObject(
			j, "cap_value", (op_mod & 1) == MLX5_HCA_CAP_OPMOD_GET_MAX ? "max" : "cur");
	}
	if (t == NULL)
		return;
	fields = cJSON_AddObjectToObject(j, "fields");
	add_fields(fields, t->in, t->n_in, c->in, c->inlen);
	if (c->status == 0)
		add_fields(fields, t->out, t->n_out, c->out, c->outlen);
}

/* The kernel's own commands have no mailbox here: what they register is all there is to show. */
static void
add_registration(cJSON *j, const struct fw_cmd *c)
{
	cJSON *fields;

	if (c->reg_len == 0)
		return;
	fields = cJSON_AddObjectToObject(j, "fields");
	trace_hex(fields, "start", c->reg_start);
	trace_num(fields, "len", c->reg_len);
}

void
fw_trace_end(const struct fw_cmd *c)
{
	struct trace *t = c->f->nic->trace;
	cJSON *j = trace_line(t, "cmd", c->f);
	const char *rule;

	if (j == NULL)
		return;
	trace_num(j, "call", trace_call);
	add_time(j, c);
	trace_hex(j, "opcode", c->opcode);
	cJSON_AddStringToObject(j, "name", fw_opcode_name(c->opcode));
	trace_num(j, "uid", c->uid);
	if (c->about != NIC_OBJ_TYPES) {
		cJSON_AddStringToObject(j, "object", fw_obj_name(c->about));
		trace_num(j, "id", c->about_id);
	}
	if (c->in != NULL)
		add_mailboxes(j, c);
	else
		add_registration(j, c);
	cJSON_AddStringToObject(j, "status", fw_status_name(c->status));
	if (c->status != 0) {
		rule = fw_rule_text(c->syndrome);
		trace_hex(j, "syndrome", c->syndrome);
		cJSON_AddStringToObject(j, "rule", rule != NULL ? rule : "no rule");
	}
	cJSON_AddNumberToObject(j, "pinned", (double)(int64_t)(pinned(c->f) - c->pinned));
	trace_put(t, j);
}
