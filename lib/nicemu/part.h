/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The adapters that a description can name (key 'part'): identity, and what they lack of what this
 * NIC can do.
 */
#ifndef NICEMU_PART_H
#define NICEMU_PART_H

#include <stdint.h>

struct fw_cap;

/* A capability that is never above this value, which is its default, too. */
struct part_cap {
	const char *name; /* of a struct fw_cap */
	uint64_t value;
};

struct part {
	const char *name, *text;
	const char *fw_ver;
	char psid[16]; /* board id */
	uint16_t pf_id, vf_id; /* PCI device */
	unsigned int queues; /* virtqueues of a function */
	unsigned int n_caps;
	const struct part_cap *caps;
};
extern const struct part parts[];
extern const unsigned int n_parts;

/* NULL: there is none of this name. */
const struct part *part_find(const char *name);
uint64_t part_cap_default(const struct part *p, const struct fw_cap *cap);
uint64_t part_cap_max(const struct part *p, const struct fw_cap *cap);

#endif /* NICEMU_PART_H */
