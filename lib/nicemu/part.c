/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "part.h"

#include <stddef.h>
#include <string.h>

#include "fw/fw.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Virtio-net emulation came with the ConnectX-6 Dx (DPDK doc/guides/vdpadevs/mlx5.rst); the format
 * of steering entries is that of Linux mlx5_ifc.h MLX5_STEERING_FORMAT_CONNECTX_5.
 */
static const struct part_cap cx5_caps[] = {
	{"general_obj_types", 0},
	{"virtio_net_q", 0},
	{"counters", 0},
	{"max_num_virtio_queues", 0},
	{"steering_format_version", 0},
};

/* Device ids: pci.ids; board ids: those of MCX623106AN-CDAT and MCX516A-CCAT. */
const struct part parts[] = {
	{.name = "cx6dx",
		.text = "ConnectX-6 Dx",
		.fw_ver = "22.41.1000",
		.psid = "MT_0000000359",
		.pf_id = 0x101d,
		.vf_id = 0x101e,
		.queues = 32},
	{.name = "cx5",
		.text = "ConnectX-5, which has no virtqueues",
		.fw_ver = "16.35.4030",
		.psid = "MT_0000000012",
		.pf_id = 0x1017,
		.vf_id = 0x1018,
		.n_caps = COUNT(cx5_caps),
		.caps = cx5_caps},
};
const unsigned int n_parts = COUNT(parts);

const struct part *
part_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < n_parts; i++) {
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	}
	return NULL;
}

static const struct part_cap *
find_cap(const struct part *p, const char *name)
{
	unsigned int i;

	for (i = 0; i < p->n_caps; i++) {
		if (strcmp(p->caps[i].name, name) == 0)
			return &p->caps[i];
	}
	return NULL;
}

uint64_t
part_cap_default(const struct part *p, const struct fw_cap *cap)
{
	const struct part_cap *less = find_cap(p, cap->name);

	return less != NULL ? less->value : cap->def;
}

uint64_t
part_cap_max(const struct part *p, const struct fw_cap *cap)
{
	const struct part_cap *less = find_cap(p, cap->name);

	return less != NULL ? less->value : cap->max;
}
