/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The table of refusals: a valid command of fw_rig.h, what is changed in it, and the rule that then
 * refuses it.
 */
#ifndef FW_ROWS_H
#define FW_ROWS_H

#include "fw_rig.h"

enum fw_rule_number {
#define FW_RULE(name, num, stat, text) R_##name = (num),
#include "fw_rules.h"
#undef FW_RULE
};

/* One field and its new value: a constant, or the number of an object of the rig. */
struct fw_set {
	uint16_t bit; /* of the mailbox */
	uint8_t width; /* 0: no more fields */
	enum fw_id id; /* not ID_NONE: this object's number is added to the value */
	uint64_t value;
};

/* A capability that has to be there, or not to be there, for the row to make sense. */
struct fw_cond {
	uint8_t page; /* 0: none, 1: general, 2: virtio emulation, 3: Ethernet */
	bool absent;
	uint16_t bit;
	uint8_t width;
};

struct fw_row {
	uint16_t rule;
	enum fw_cmd_id cmd;
	enum fw_id on; /* sent by the handle of this object: modify and query */
	struct fw_set set[3];
	struct fw_cond cond;
	int inlen, outlen; /* added to the sizes */
};

extern const struct fw_row fw_rows[];
extern const unsigned int fw_n_rows;

#endif /* FW_ROWS_H */
