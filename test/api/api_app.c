/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * An application of the public interface: binds devices to vhost-user sockets as dpdk-vdpa does,
 * and does with them what its standard input says. One line in, one line of JSON out. The tests
 * compile it against what "meson install" installs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_service.h>
#include <rte_vdpa.h>
#include <rte_vhost.h>

#include <rte_pmd_holdfast.h>

#include "api_app.h"

#define MAX_WORDS 8
#define MAX_REGIONS 64

struct words {
	unsigned int n;
	const char *word[MAX_WORDS];
};

static uint64_t
number(const struct words *w, unsigned int i)
{
	return i < w->n ? strtoull(w->word[i], NULL, 0) : 0;
}

static struct rte_vdpa_device *
device(const struct words *w)
{
	return w->n > 1 ? rte_vdpa_find_device_by_name(w->word[1]) : NULL;
}

static void
answer(int ret)
{
	printf("{\"ret\": %d, \"error\": \"%s\"}\n", ret, ret == 0 ? "" : strerror(-ret));
}

/* librte_vhost takes no connection without; all that is to be done is the driver's. */
static int
new_device(int vid)
{
	(void)vid;
	return 0;
}

/* The driver is to see what front ends say, from the first message on. */
static int
new_connection(int vid)
{
	return rte_pmd_holdfast_connection(vid);
}

static const struct rte_vhost_device_ops device_ops = {
	.new_device = new_device,
	.new_connection = new_connection,
};

/* create DEVICE SOCKET */
static void
do_create(const struct words *w)
{
	const char *path = w->n > 2 ? w->word[2] : "";
	int ret;

	ret = rte_vhost_driver_register(path, 0);
	if (ret == 0)
		ret = rte_vhost_driver_callback_register(path, &device_ops);
	if (ret == 0)
		ret = rte_vhost_driver_attach_vdpa_device(path, device(w));
	if (ret == 0)
		ret = rte_vhost_driver_start(path);
	answer(ret);
}

/* caps DEVICE */
static void
do_caps(const struct words *w)
{
	struct rte_pmd_holdfast_caps caps = {.argsz = sizeof(caps)};
	int ret = rte_pmd_holdfast_caps_get(device(w), &caps);

	printf("{\"ret\": %d, \"caps\": %" PRIu64 ", \"backend_features\": %" PRIu64
	       ", \"virtio_features\": %" PRIu64
	       ", \"asids\": %u, \"max_regions\": %u, \"max_queue_pairs\": %u}\n",
		ret, caps.caps, caps.backend_features, caps.virtio_features, caps.asids,
		caps.max_regions, caps.max_queue_pairs);
}

/* backend DEVICE [ACKNOWLEDGED] */
static void
do_backend(const struct words *w)
{
	uint64_t features = 0;
	int ret = 0;

	if (w->n > 2)
		ret = rte_pmd_holdfast_backend_features_set(device(w), number(w, 2));
	if (ret == 0)
		ret = rte_pmd_holdfast_backend_features_get(device(w), &features);
	printf("{\"ret\": %d, \"backend_features\": %" PRIu64 "}\n", ret, features);
}

/* policy DEVICE [FLAGS MR GRACE_MS HELD_MAX PINNED_MAX] */
static void
do_policy(const struct words *w)
{
	struct rte_pmd_holdfast_policy policy = {
		.argsz = sizeof(policy),
		.flags = number(w, 2),
		.mr_policy = number(w, 3),
		.mr_grace_ms = number(w, 4),
		.mr_held_max = number(w, 5),
		.mr_pinned_max = number(w, 6),
	};
	int ret = 0;

	if (w->n > 2)
		ret = rte_pmd_holdfast_policy_set(device(w), &policy);
	policy = (struct rte_pmd_holdfast_policy){.argsz = sizeof(policy)};
	if (ret == 0)
		ret = rte_pmd_holdfast_policy_get(device(w), &policy);
	printf("{\"ret\": %d, \"mr_policy\": %u, \"mr_grace_ms\": %u, \"mr_held_max\": %" PRIu64
	       ", \"mr_pinned_max\": %" PRIu64 "}\n",
		ret, policy.mr_policy, policy.mr_grace_ms, policy.mr_held_max,
		policy.mr_pinned_max);
}

/* map DEVICE ASID IOVA SIZE FILE OFFSET; or without FILE, memory of this process */
static void
do_map(const struct words *w)
{
	struct rte_pmd_holdfast_map map = {
		.argsz = sizeof(map),
		.asid = number(w, 2),
		.iova = number(w, 3),
		.size = number(w, 4),
	};
	int ret;

	if (w->n > 5) {
		map.flags = RTE_PMD_HOLDFAST_MAP_FD;
		map.offset = number(w, 6);
		map.fd = open(w->word[5], O_RDWR | O_CLOEXEC);
	} else {
		/*
		 * Stays mapped: the range may be there until the application ends. A multiple of
		 * its size, so that it is one registration: those are cut at multiples of GiBs.
		 */
		map.vaddr = (uintptr_t)mmap(NULL, 2 * map.size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (map.size != 0 && map.vaddr != (uintptr_t)MAP_FAILED)
			map.vaddr += map.size - map.vaddr % map.size;
	}
	ret = rte_pmd_holdfast_map(device(w), &map);
	if (map.flags & RTE_PMD_HOLDFAST_MAP_FD)
		close(map.fd);
	answer(ret);
}

/* unmap DEVICE ASID IOVA SIZE */
static void
do_unmap(const struct words *w)
{
	struct rte_pmd_holdfast_unmap unmap = {
		.argsz = sizeof(unmap),
		.asid = number(w, 2),
		.iova = number(w, 3),
		.size = number(w, 4),
	};

	answer(rte_pmd_holdfast_unmap(device(w), &unmap));
}

/* reset_map DEVICE ASID */
static void
do_reset_map(const struct words *w)
{
	struct rte_pmd_holdfast_reset_map reset = {.argsz = sizeof(reset), .asid = number(w, 2)};

	answer(rte_pmd_holdfast_reset_map(device(w), &reset));
}

/* reset DEVICE FLAGS */
static void
do_reset(const struct words *w)
{
	struct rte_pmd_holdfast_reset reset = {.argsz = sizeof(reset), .flags = number(w, 2)};

	answer(rte_pmd_holdfast_reset(device(w), &reset));
}

/* release DEVICE */
static void
do_release(const struct words *w)
{
	answer(rte_pmd_holdfast_held_release(device(w)));
}

/* memory DEVICE ASID ENTRIES */
static void
do_memory(const struct words *w)
{
	static struct rte_pmd_holdfast_region regions[MAX_REGIONS];
	struct rte_pmd_holdfast_memory m = {
		.argsz = sizeof(m), .asid = number(w, 2), .n_regions = number(w, 3)};
	uint32_t i;
	int ret;

	if (m.n_regions > MAX_REGIONS)
		m.n_regions = MAX_REGIONS;
	m.regions = m.n_regions > 0 ? regions : NULL;
	ret = rte_pmd_holdfast_memory_get(device(w), &m);
	printf("{\"ret\": %d, \"n_regions\": %u, \"live_bytes\": %" PRIu64
	       ", \"deferred_bytes\": %" PRIu64 ", \"held_bytes\": %" PRIu64 ", \"mrs\": %" PRIu64
	       ", \"mkeys\": %" PRIu64 ", \"mrs_registered\": %" PRIu64
	       ", \"mrs_destroyed\": %" PRIu64 ", \"mrs_kept\": %" PRIu64
	       ", \"process_bytes\": %" PRIu64 ", \"regions\": [",
		ret, m.n_regions, m.live_bytes, m.deferred_bytes, m.held_bytes, m.mrs, m.mkeys,
		m.mrs_registered, m.mrs_destroyed, m.mrs_kept, m.process_bytes);
	for (i = 0; ret == 0 && m.regions != NULL && i < m.n_regions; i++)
		printf("%s{\"iova\": %" PRIu64 ", \"size\": %" PRIu64
		       ", \"mrs\": %u, \"requested\": %u}",
			i > 0 ? ", " : "", regions[i].iova, regions[i].size, regions[i].mrs,
			regions[i].requested);
	printf("]}\n");
}

/* datapath DEVICE [WANTED] */
static void
do_datapath(const struct words *w)
{
	struct rte_pmd_holdfast_datapath d = {.argsz = sizeof(d), .wanted = number(w, 2)};
	int ret;

	if (w->n > 2)
		ret = rte_pmd_holdfast_datapath_set(device(w), &d);
	else
		ret = rte_pmd_holdfast_datapath_get(device(w), &d);
	printf("{\"ret\": %d, \"wanted\": %u, \"present\": %u, \"switches\": %" PRIu64
	       ", \"reason\": \"%s\"}\n",
		ret, d.wanted, d.present, d.switches, d.reason);
}

/* query DEVICE FLAGS FEATURES [DATAPATH LEGACY POLL_FEATURES] */
static void
do_query(const struct words *w)
{
	struct rte_pmd_holdfast_query q = {
		.argsz = sizeof(q),
		.flags = number(w, 2),
		.features = number(w, 3),
		.datapath = number(w, 4),
		.legacy = number(w, 5),
		.poll_features = number(w, 6),
	};
	int ret = rte_pmd_holdfast_query(device(w), &q);

	printf("{\"ret\": %d, \"datapath\": %u, \"legacy\": %u, \"poll_features\": %u"
	       ", \"outcome\": %u, \"reason\": %u, \"served_by\": %u, \"offered\": %" PRIu64
	       ", \"text\": \"%s\"}\n",
		ret, q.datapath, q.legacy, q.poll_features, q.outcome, q.reason, q.served_by,
		q.offered, q.text);
}

/* services DEVICE ON: those that poll, of all devices */
static void
do_services(const struct words *w)
{
	char name[RTE_SERVICE_NAME_MAX];
	unsigned int i;
	uint32_t id;
	int ret = -ENOENT;

	for (i = 0;; i++) {
		snprintf(name, sizeof(name), "holdfast_poll_%u", i);
		if (rte_service_get_by_name(name, &id) != 0)
			break;
		ret = rte_service_runstate_set(id, number(w, 2));
	}
	answer(ret);
}

/* sizes DEVICE */
static void
do_sizes(const struct words *w)
{
	api_sizes(device(w));
}

static const struct {
	const char *name;
	void (*run)(const struct words *w);
} commands[] = {
	{"create", do_create},
	{"caps", do_caps},
	{"backend", do_backend},
	{"policy", do_policy},
	{"map", do_map},
	{"unmap", do_unmap},
	{"reset_map", do_reset_map},
	{"reset", do_reset},
	{"release", do_release},
	{"memory", do_memory},
	{"datapath", do_datapath},
	{"query", do_query},
	{"services", do_services},
	{"sizes", do_sizes},
};

static void
run(char *line)
{
	struct words w = {.n = 0};
	char *word, *save = NULL;
	unsigned int i;

	for (word = strtok_r(line, " \n", &save); word != NULL && w.n < MAX_WORDS;
		word = strtok_r(NULL, " \n", &save))
		w.word[w.n++] = word;
	for (i = 0; w.n > 0 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, w.word[0]) == 0) {
			commands[i].run(&w);
			return;
		}
	}
	printf("{\"ret\": %d, \"error\": \"no such command\"}\n", -ENOSYS);
}

int
main(int argc, char **argv)
{
	char line[512];

	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "api_app: EAL did not start\n");
		return 1;
	}
	printf("api_app: ready\n");
	while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "quit\n") != 0)
		run(line);
	return rte_eal_cleanup() == 0 ? 0 : 1;
}
