/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What callers see whose structures are older or newer than the driver's: argsz and flags.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <rte_pmd_holdfast.h>

#include "api_app.h"

#define HEAD 8 /* argsz and flags */
#define TAIL 64 /* by which a future structure is larger */
#define ROOM 1024
#define DIRT 0x5a

struct call {
	const char *name;
	int (*run)(struct rte_vdpa_device *vdev, void *arg);
	uint32_t size;
	int old; /* what a caller gets who knows of nothing but argsz and flags */
	int now; /* what all zero gets */
	uint32_t flags; /* all that are known */
};

#define CALL(what) \
	static int run_##what(struct rte_vdpa_device *vdev, void *arg) \
	{ \
		return rte_pmd_holdfast_##what(vdev, arg); \
	}

CALL(caps_get)
CALL(policy_get)
CALL(policy_set)
CALL(map)
CALL(unmap)
CALL(reset_map)
CALL(reset)
CALL(memory_get)
CALL(datapath_get)
CALL(datapath_set)
CALL(query)

static const struct call calls[] = {
	{"caps_get", run_caps_get, sizeof(struct rte_pmd_holdfast_caps), 0, 0, 0},
	{"policy_get", run_policy_get, sizeof(struct rte_pmd_holdfast_policy), 0, 0, 0},
	{"policy_set", run_policy_set, sizeof(struct rte_pmd_holdfast_policy), 0, 0, 0xf},
	{"map", run_map, sizeof(struct rte_pmd_holdfast_map), -EINVAL, -EINVAL, 1},
	{"unmap", run_unmap, sizeof(struct rte_pmd_holdfast_unmap), -EINVAL, -EINVAL, 0},
	{"reset_map", run_reset_map, sizeof(struct rte_pmd_holdfast_reset_map), 0, 0, 0},
	{"reset", run_reset, sizeof(struct rte_pmd_holdfast_reset), 0, 0, 1},
	{"memory_get", run_memory_get, sizeof(struct rte_pmd_holdfast_memory), 0, 0, 0},
	{"datapath_get", run_datapath_get, sizeof(struct rte_pmd_holdfast_datapath), 0, 0, 0},
	{"datapath_set", run_datapath_set, sizeof(struct rte_pmd_holdfast_datapath), 0, 0, 0},
	{"query", run_query, sizeof(struct rte_pmd_holdfast_query), 0, 0, 0xf},
};

static unsigned int failures;

static void
expect(const struct call *c, const char *what, int is, int wanted)
{
	if (is == wanted)
		return;
	printf("%s{\"call\": \"%s\", \"what\": \"%s\", \"is\": %d, \"wanted\": %d}",
		failures++ > 0 ? ", " : "", c->name, what, is, wanted);
}

static int
run_with(const struct call *c, struct rte_vdpa_device *vdev, uint8_t *arg, uint32_t argsz,
	uint32_t flags)
{
	memcpy(arg, &argsz, sizeof(argsz));
	memcpy(arg + sizeof(argsz), &flags, sizeof(flags));
	return c->run(vdev, arg);
}

static void
check_old(const struct call *c, struct rte_vdpa_device *vdev)
{
	uint8_t arg[ROOM];
	uint32_t argsz, i, touched = 0;

	memset(arg, DIRT, sizeof(arg));
	expect(c, "argsz of the head alone", run_with(c, vdev, arg, HEAD, 0), c->old);
	for (i = HEAD; i < ROOM; i++)
		touched += arg[i] != DIRT;
	expect(c, "bytes written beyond an old caller's structure", touched, 0);
	memcpy(&argsz, arg, sizeof(argsz));
	expect(c, "argsz that comes back", argsz, c->old == 0 ? c->size : HEAD);
	memset(arg, 0, sizeof(arg));
	expect(c, "argsz without room for flags", run_with(c, vdev, arg, HEAD - 1, 0), -EINVAL);
	expect(c, "argsz 0", run_with(c, vdev, arg, 0, 0), -EINVAL);
}

static void
check_future(const struct call *c, struct rte_vdpa_device *vdev)
{
	uint8_t arg[ROOM] = {0};

	expect(c, "a future caller who uses nothing new", run_with(c, vdev, arg, c->size + TAIL, 0),
		c->now);
	memset(arg, 0, sizeof(arg));
	arg[c->size + TAIL - 1] = 1;
	expect(c, "a future caller who uses something new",
		run_with(c, vdev, arg, c->size + TAIL, 0), -E2BIG);
}

static void
check_flags(const struct call *c, struct rte_vdpa_device *vdev)
{
	uint8_t arg[ROOM] = {0};
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		if ((c->flags >> bit) & 1)
			continue;
		memset(arg, 0, sizeof(arg));
		expect(c, "an unknown flag", run_with(c, vdev, arg, c->size, UINT32_C(1) << bit),
			-EOPNOTSUPP);
	}
	expect(c, "no structure", c->run(vdev, NULL), -EINVAL);
	memset(arg, 0, sizeof(arg));
	expect(c, "no device", run_with(c, NULL, arg, c->size, 0), -ENODEV);
}

void
api_sizes(struct rte_vdpa_device *vdev)
{
	unsigned int i;

	failures = 0;
	printf("{\"calls\": %zu, \"failed\": [", sizeof(calls) / sizeof(calls[0]));
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		check_old(&calls[i], vdev);
		check_future(&calls[i], vdev);
		check_flags(&calls[i], vdev);
	}
	printf("]}\n");
}
