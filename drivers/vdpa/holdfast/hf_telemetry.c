/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Telemetry commands: what is there, what is pinned, and the policy, which can be changed here too.
 * Called on a thread of rte_telemetry for each client.
 */
#include <errno.h>
#include <string.h>

#include <bus_pci_driver.h>
#include <rte_common.h>
#include <rte_string_fns.h>
#include <rte_telemetry.h>

#include <hf_devx_wq.h>

#include "hf_api.h"
#include "hf_args.h"
#include "hf_dev.h"
#include "hf_poller.h"
#include "hf_query.h"
#include "vhost/hf_start.h"

/* Longest parameter string that is taken: a PCI address and a policy. */
#define TEL_PARAMS 256

/* The device that the parameters begin with, locked; what follows it, after a comma, in *rest. */
static struct hf_dev *
tel_enter(const char *params, char *copy, char **rest)
{
	struct hf_dev *dev;

	if (params == NULL || strlcpy(copy, params, TEL_PARAMS) >= TEL_PARAMS)
		return NULL;
	*rest = strchr(copy, ',');
	if (*rest != NULL)
		*(*rest)++ = '\0';
	dev = hf_dev_enter_name(copy);
	if (dev == NULL) {
		HF_LOG(ERR,
			"telemetry: '%s' is no device of this driver; /holdfast/devices lists them",
			copy);
		return NULL;
	}
	hf_dev_lock(dev);
	hf_memory_settle(dev);
	return dev;
}

static void
tel_leave(struct hf_dev *dev)
{
	hf_start_leave(dev);
}

/* --- /holdfast/devices --- */

static void
tel_device(const struct hf_dev *dev, void *arg)
{
	rte_tel_data_add_array_string(arg, dev->name);
}

/* What its guest reads, and how often that changed. */
static void
tel_config(struct rte_tel_data *d, struct hf_dev *dev)
{
	const struct hf_config_now now = hf_config_get(dev);
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	rte_ether_format_addr(mac, sizeof(mac), (const struct rte_ether_addr *)now.mac);
	rte_tel_data_add_dict_string(d, "mac", mac);
	rte_tel_data_add_dict_int(d, "mtu", now.mtu);
	rte_tel_data_add_dict_int(d, "link", now.up);
	rte_tel_data_add_dict_u64(d, "speed_mbps", now.up ? now.speed : 0);
	rte_tel_data_add_dict_u64(d, "config_generation", now.generation);
}

static int
tel_devices(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct hf_dev *dev;
	char copy[TEL_PARAMS], *rest;
	uint16_t i, running = 0;
	uint32_t frames;

	RTE_SET_USED(cmd);
	if (params == NULL || *params == '\0') {
		rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
		hf_dev_walk(tel_device, d);
		return 0;
	}
	dev = tel_enter(params, copy, &rest);
	if (dev == NULL)
		return -ENODEV;
	for (i = 0; i < dev->max_vqs; i++)
		running += dev->vqs[i].running;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "name", dev->name);
	rte_tel_data_add_dict_int(d, "connection", dev->front.vid);
	rte_tel_data_add_dict_int(d, "configured", dev->configured);
	rte_tel_data_add_dict_int(d, "max_queue_pairs", dev->max_vqs / 2);
	rte_tel_data_add_dict_int(d, "queues_running", running);
	rte_tel_data_add_dict_u64(d, "features_offered", dev->offered);
	rte_tel_data_add_dict_u64(
		d, "features_negotiated", dev->configured ? dev->guest.features : 0);
	rte_tel_data_add_dict_string(d, "negotiation", hf_nego_name(dev->front.nego.now.state));
	rte_tel_data_add_dict_int(d, "legacy", dev->configured && hf_guest_is_legacy(&dev->guest));
	rte_tel_data_add_dict_int(d, "numa_node", dev->pci->device.numa_node);
	rte_tel_data_add_dict_string(d, "datapath_wanted", hf_datapath_name(dev->wish.datapath));
	rte_tel_data_add_dict_string(d, "legacy_wanted", hf_legacy_name(dev->wish.legacy));
	rte_tel_data_add_dict_string(d, "datapath", dev->path->name);
	rte_tel_data_add_dict_string(d, "datapath_reason", dev->path_reason);
	rte_tel_data_add_dict_u64(d, "datapath_switches", dev->path_switches);
	rte_tel_data_add_dict_int(d, "logging", dev->configured && hf_dirty_is_on(dev));
	tel_config(d, dev);
	if (hf_rq_drops(dev->devx, &frames) == 0)
		rte_tel_data_add_dict_u64(d, "poll_dropped_no_buffer", frames);
	tel_leave(dev);
	return 0;
}

/* --- /holdfast/memory --- */

static void
tel_space(struct rte_tel_data *d, struct hf_ioas *as)
{
	struct hf_ioas_stats st;

	hf_ioas_stats(as, &st);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "generation", st.generation);
	rte_tel_data_add_dict_int(d, "regions", st.regions);
	rte_tel_data_add_dict_int(d, "regions_requested", st.requested);
	rte_tel_data_add_dict_int(d, "mrs", st.mrs);
	rte_tel_data_add_dict_int(d, "mkeys", st.mkeys);
	rte_tel_data_add_dict_int(d, "klm_entries", st.klms);
	rte_tel_data_add_dict_int(d, "klm_fixed_size", st.fixed_klm);
	rte_tel_data_add_dict_u64(d, "live_bytes", st.live_bytes);
	rte_tel_data_add_dict_u64(d, "deferred_bytes", st.deferred_bytes);
	rte_tel_data_add_dict_int(d, "deferred_mrs", st.deferred_mrs);
	rte_tel_data_add_dict_u64(d, "ahead_bytes", st.ahead_bytes);
	rte_tel_data_add_dict_u64(d, "mrs_registered", st.mrs_registered);
	rte_tel_data_add_dict_u64(d, "mrs_destroyed", st.mrs_destroyed);
	rte_tel_data_add_dict_u64(d, "mrs_kept", st.mrs_kept);
	rte_tel_data_add_dict_u64(d, "mkeys_created", st.mkeys_created);
	rte_tel_data_add_dict_u64(d, "mkeys_destroyed", st.mkeys_destroyed);
	rte_tel_data_add_dict_u64(d, "register_us", st.register_us);
	rte_tel_data_add_dict_u64(d, "destroy_us", st.destroy_us);
}

static int
tel_memory(const char *cmd, const char *params, struct rte_tel_data *d)
{
	static const char *const names[HF_ASIDS] = {"guest", "host"};
	struct rte_tel_data *space;
	char copy[TEL_PARAMS], *rest;
	struct hf_dev *dev;
	uint64_t bytes;
	uint32_t maps;
	unsigned int i;
	int ret = 0;

	RTE_SET_USED(cmd);
	dev = tel_enter(params, copy, &rest);
	if (dev == NULL)
		return -ENODEV;
	if (rest != NULL)
		ret = strcmp(rest, "release") == 0 ? hf_memory_release(dev) : -EINVAL;
	if (ret == 0) {
		hf_ioas_process_maps(&bytes, &maps);
		rte_tel_data_start_dict(d);
		rte_tel_data_add_dict_int(d, "held", dev->mem.held);
		rte_tel_data_add_dict_u64(d, "held_dropped", dev->mem.held_drops);
		rte_tel_data_add_dict_u64(d, "process_bytes", bytes);
		rte_tel_data_add_dict_int(d, "process_mappings", maps);
		for (i = 0; i < HF_ASIDS; i++) {
			space = rte_tel_data_alloc();
			if (space == NULL)
				continue;
			tel_space(space, dev->mem.ioas[i]);
			rte_tel_data_add_dict_container(d, names[i], space, 0);
		}
	}
	tel_leave(dev);
	return ret;
}

/* --- /holdfast/policy --- */

static int
tel_policy(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct hf_policy policy;
	char copy[TEL_PARAMS], *rest;
	struct hf_dev *dev;
	int ret = 0;

	RTE_SET_USED(cmd);
	dev = tel_enter(params, copy, &rest);
	if (dev == NULL)
		return -ENODEV;
	policy = dev->mem.policy;
	if (rest != NULL) {
		ret = hf_args_policy(rest, dev->name, &policy);
		if (ret == 0)
			ret = hf_api_policy_set(dev, &policy);
	}
	if (ret == 0) {
		rte_tel_data_start_dict(d);
		rte_tel_data_add_dict_string(d, "mr_policy", hf_policy_name(policy.mr));
		rte_tel_data_add_dict_int(d, "mr_grace_ms", policy.grace_ms);
		rte_tel_data_add_dict_u64(d, "mr_held_max", policy.held_max);
		rte_tel_data_add_dict_u64(d, "mr_pinned_max", policy.pinned_max);
	}
	tel_leave(dev);
	return ret;
}

/* --- /holdfast/query --- */

/* A string has room for one line; in pieces, to be read one after another. */
static void
tel_text(struct rte_tel_data *d, const char *name, const char *text)
{
	struct rte_tel_data *pieces = rte_tel_data_alloc();
	char piece[RTE_TEL_MAX_STRING_LEN];

	if (pieces == NULL)
		return;
	rte_tel_data_start_array(pieces, RTE_TEL_STRING_VAL);
	while (*text != '\0') {
		strlcpy(piece, text, sizeof(piece));
		rte_tel_data_add_array_string(pieces, piece);
		text += strlen(piece);
	}
	rte_tel_data_add_dict_container(d, name, pieces, 0);
}

static int
tel_query(const char *cmd, const char *params, struct rte_tel_data *d)
{
	char copy[TEL_PARAMS], *rest;
	struct hf_dev *dev;
	struct hf_query q;
	int ret;

	RTE_SET_USED(cmd);
	dev = tel_enter(params, copy, &rest);
	if (dev == NULL)
		return -ENODEV;
	ret = hf_query_text(dev, rest != NULL ? rest : "", &q);
	tel_leave(dev);
	if (ret != 0)
		return ret;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "outcome", hf_outcome_name(q.outcome));
	rte_tel_data_add_dict_int(d, "reason", q.answer.reason);
	tel_text(d, "text", q.answer.text);
	rte_tel_data_add_dict_string(
		d, "served_by", q.answer.path != NULL ? q.answer.path->name : "");
	rte_tel_data_add_dict_u64(d, "offered", q.offered);
	rte_tel_data_add_dict_string(d, "datapath", hf_datapath_name(q.wish.datapath));
	rte_tel_data_add_dict_string(d, "legacy", hf_legacy_name(q.wish.legacy));
	rte_tel_data_add_dict_int(d, "poll_features", q.wish.poll_features);
	return 0;
}

/* --- /holdfast/pollers --- */

static void
tel_poller(struct rte_tel_data *d, const struct hf_poller_info *info)
{
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_int(d, "core", info->core);
	rte_tel_data_add_dict_int(d, "queues", info->queues);
	rte_tel_data_add_dict_int(d, "service_runs", info->service_runs);
	rte_tel_data_add_dict_u64(d, "service_rounds", info->served);
	rte_tel_data_add_dict_u64(d, "thread_rounds", info->rounds);
	rte_tel_data_add_dict_u64(d, "thread_sleeps", info->sleeps);
}

static int
tel_pollers(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct hf_poller_info info;
	struct rte_tel_data *one;
	unsigned int i;

	RTE_SET_USED(cmd);
	RTE_SET_USED(params);
	rte_tel_data_start_dict(d);
	for (i = 0; hf_poller_info(i, &info) == 0; i++) {
		one = rte_tel_data_alloc();
		if (one == NULL)
			continue;
		tel_poller(one, &info);
		rte_tel_data_add_dict_container(d, info.name, one, 0);
	}
	return 0;
}

RTE_INIT(hf_telemetry_init)
{
	rte_telemetry_register_cmd("/holdfast/pollers", tel_pollers,
		"What polls the queues of devices in poll mode, and how often");
	rte_telemetry_register_cmd("/holdfast/devices", tel_devices,
		"The devices; with a parameter, one device: DEVICE");
	rte_telemetry_register_cmd("/holdfast/memory", tel_memory,
		"What a device has mapped and pinned: DEVICE; DEVICE,release drops what is held"
		" without an owner");
	rte_telemetry_register_cmd("/holdfast/query", tel_query,
		"What would become of a guest: DEVICE,features=N; as if it were so:"
		" datapath=NAME,legacy=NAME,poll_features=0|1,big_endian=0|1");
	rte_telemetry_register_cmd("/holdfast/policy", tel_policy,
		"A device's memory policy: DEVICE; DEVICE,mr_policy=NAME,mr_grace_ms=N,mr_held_max=BYTES,"
		"mr_pinned_max=BYTES changes it");
}
