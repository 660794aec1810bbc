/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A command as a line of the trace (trace.h).
 */
#ifndef FW_TRACE_H
#define FW_TRACE_H

#include "fw_int.h"

enum fw_field_kind { FW_FIELD_NUM, FW_FIELD_HEX, FW_FIELD_NAME, FW_FIELD_BITS };

/* A field of a mailbox, as DEVX_GET() finds it: a big-endian bit field of at most 64 bits. */
struct fw_field {
	const char *name;
	uint32_t bit, width;
	enum fw_field_kind kind;
	const char *const *names; /* of values, or of bits; NULL in it: a number */
	uint8_t n_names;
};

struct fw_fields {
	uint16_t opcode;
	uint16_t obj_type; /* of a general object, 0: any */
	const struct fw_field *in, *out;
	uint8_t n_in, n_out;
};

/* Names of numbers; NULL: unknown. */
const char *fw_obj_type_name(uint16_t obj_type);
const char *fw_cap_type_name(uint16_t cap_type);

/* NULL: nothing of this command's mailboxes is shown. */
const struct fw_fields *fw_fields_find(uint16_t opcode, uint16_t obj_type);

/* Under fw_lock. A command begins: its clock, and what is pinned so far. */
void fw_trace_begin(struct fw_cmd *c);
/* It has ended: queue its line. The caller lets it be written with trace_flush(). */
void fw_trace_end(const struct fw_cmd *c);

#endif /* FW_TRACE_H */
