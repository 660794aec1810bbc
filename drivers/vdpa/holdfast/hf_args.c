/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_class.h>
#include <rte_common.h>
#include <rte_devargs.h>
#include <rte_kvargs.h>

#include <hf_log.h>

#include "hf_args.h"
#include "hf_ring.h"

#define HF_ARG_CLASS "class"
#define HF_ARG_QUEUE_PAIRS "queue_pairs"
#define HF_ARG_QUEUES "queues"
#define HF_ARG_QUEUE_SIZE "queue_size"
#define HF_ARG_EVENT_MODE "event_mode"
#define HF_ARG_EVENT_US "event_us"
#define HF_ARG_EVENT_CORE "event_core"
#define HF_ARG_HOST_NOTIFIER "host_notifier"
#define HF_ARG_SEALED "sealed"
#define HF_ARG_DATAPATH "datapath"
#define HF_ARG_LEGACY "legacy"
#define HF_ARG_POLL_CORE "poll_core"
#define HF_ARG_POLL_FEATURES "poll_features"
#define HF_ARG_MAC "mac"
#define HF_ARG_MTU "mtu"
#define HF_ARG_MR_POLICY "mr_policy"
#define HF_ARG_MR_GRACE_MS "mr_grace_ms"
#define HF_ARG_MR_HELD_MAX "mr_held_max"
#define HF_ARG_MR_PINNED_MAX "mr_pinned_max"

static const char *const hf_args_keys[] = {
	"driver", /* EAL's own, in its global syntax */
	HF_ARG_CLASS,
	HF_ARG_QUEUE_PAIRS,
	HF_ARG_QUEUES,
	HF_ARG_QUEUE_SIZE,
	HF_ARG_EVENT_MODE,
	HF_ARG_EVENT_US,
	HF_ARG_EVENT_CORE,
	HF_ARG_HOST_NOTIFIER,
	HF_ARG_SEALED,
	HF_ARG_DATAPATH,
	HF_ARG_LEGACY,
	HF_ARG_POLL_CORE,
	HF_ARG_POLL_FEATURES,
	HF_ARG_MAC,
	HF_ARG_MTU,
	/* The memory policy's, last. */
	HF_ARG_MR_POLICY,
	HF_ARG_MR_GRACE_MS,
	HF_ARG_MR_HELD_MAX,
	HF_ARG_MR_PINNED_MAX,
};
#define HF_ARGS_POLICY_KEYS 4

/* In EAL's global syntax a device without driver part has no string at all. */
static struct rte_kvargs *
hf_args_split(const struct rte_devargs *devargs)
{
	return rte_kvargs_parse(devargs->args != NULL ? devargs->args : "", NULL);
}

static int
hf_args_is_vdpa(const char *key, const char *value, void *opaque)
{
	RTE_SET_USED(key);
	*(bool *)opaque = value != NULL && strcmp(value, "vdpa") == 0;
	return 0;
}

bool
hf_args_wanted(const struct rte_devargs *devargs)
{
	struct rte_kvargs *kv;
	bool wanted = false;

	if (devargs == NULL)
		return false;
	if (devargs->cls != NULL && devargs->cls->name != NULL)
		return strcmp(devargs->cls->name, "vdpa") == 0;
	kv = hf_args_split(devargs);
	if (kv == NULL)
		return false;
	rte_kvargs_process(kv, HF_ARG_CLASS, hf_args_is_vdpa, &wanted);
	rte_kvargs_free(kv);
	return wanted;
}

/* -EINVAL, after a log line with what would do. */
static int
hf_args_refuse(const char *dev, const char *key, const char *value, const char *wanted)
{
	HF_LOG(ERR, "%s: argument %s=%s: must be %s", dev, key, value != NULL ? value : "", wanted);
	return -EINVAL;
}

struct hf_args_number {
	const char *dev; /* for the log */
	long min, max;
	long value;
};

static int
hf_args_number(const char *key, const char *value, void *opaque)
{
	struct hf_args_number *n = opaque;
	char *end;
	long v;

	if (value == NULL)
		value = "";
	errno = 0;
	v = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || v < n->min || v > n->max) {
		HF_LOG(ERR, "%s: argument %s=%s: must be a number from %ld to %ld", n->dev, key,
			value, n->min, n->max);
		return -EINVAL;
	}
	n->value = v;
	return 0;
}

static int
hf_args_known(const struct rte_kvargs *kv, const char *name, const char *const *keys,
	unsigned int n_keys, const char *help)
{
	unsigned int i, k;

	for (i = 0; i < kv->count; i++) {
		for (k = 0; k < n_keys; k++)
			if (strcmp(kv->pairs[i].key, keys[k]) == 0)
				break;
		if (k == n_keys) {
			HF_LOG(ERR, "%s: unknown argument '%s'; there are: %s", name,
				kv->pairs[i].key, help);
			return -EINVAL;
		}
		if (rte_kvargs_count(kv, keys[k]) > 1) {
			HF_LOG(ERR, "%s: argument '%s' is given more than once", name, keys[k]);
			return -EINVAL;
		}
	}
	return 0;
}

/*
 * The value of one numeric argument into *value, which keeps its default when the argument is
 * absent.
 */
static int
hf_args_get(const struct rte_kvargs *kv, const char *name, const char *key, long min, long max,
	long *value)
{
	struct hf_args_number n = {.dev = name, .min = min, .max = max, .value = *value};

	if (rte_kvargs_process(kv, key, hf_args_number, &n) != 0)
		return -EINVAL;
	*value = n.value;
	return 0;
}

/* --- the memory policy --- */

struct hf_args_mr {
	const char *dev; /* for the log */
	struct hf_policy *policy;
};

static int
hf_args_mr_policy(const char *key, const char *value, void *opaque)
{
	struct hf_args_mr *mr = opaque;

	if (value != NULL && hf_policy_parse(value, &mr->policy->mr) == 0)
		return 0;
	return hf_args_refuse(mr->dev, key, value, "reset, connection or memory");
}

/*
 * A number, and a unit or none. 0 or -EINVAL, for 0 bytes too. rte_str_to_size() forgives what
 * follows, and what does not fit.
 */
static int
hf_args_bytes(const char *value, uint64_t *size)
{
	static const char units[] = "KMG";
	unsigned int shift = 0;
	const char *unit;
	uint64_t n;
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(value, &end, 10);
	if (errno != 0)
		return -EINVAL;
	if (*end != '\0') {
		unit = strchr(units, *end);
		if (unit == NULL || end[1] != '\0')
			return -EINVAL;
		shift = (unit - units + 1) * 10;
	}
	if (n > UINT64_MAX >> shift)
		return -EINVAL;
	*size = n << shift;
	return 0;
}

static int
hf_args_size(const char *key, const char *value, void *opaque)
{
	struct hf_args_mr *mr = opaque;
	uint64_t *size = strcmp(key, HF_ARG_MR_HELD_MAX) == 0 ? &mr->policy->held_max
							      : &mr->policy->pinned_max;

	if (value != NULL && hf_args_bytes(value, size) == 0)
		return 0;
	return hf_args_refuse(mr->dev, key, value,
		"a number of bytes below 2^64, like 1073741824, 1024M or 1G; 0 is no bound");
}

static int
hf_args_memory(const struct rte_kvargs *kv, const char *name, struct hf_policy *policy)
{
	struct hf_args_mr mr = {.dev = name, .policy = policy};
	long grace = policy->grace_ms;
	int ret;

	ret = hf_args_get(kv, name, HF_ARG_MR_GRACE_MS, 1, HF_POLICY_GRACE_MAX_MS, &grace);
	policy->grace_ms = grace;
	if (ret == 0 &&
		(rte_kvargs_process(kv, HF_ARG_MR_POLICY, hf_args_mr_policy, &mr) != 0 ||
			rte_kvargs_process(kv, HF_ARG_MR_HELD_MAX, hf_args_size, &mr) != 0 ||
			rte_kvargs_process(kv, HF_ARG_MR_PINNED_MAX, hf_args_size, &mr) != 0))
		ret = -EINVAL;
	return ret;
}

/* --- all --- */

struct hf_args_wish {
	const char *dev; /* for the log */
	struct hf_wish *wish;
};

static int
hf_args_datapath(const char *key, const char *value, void *opaque)
{
	struct hf_args_wish *w = opaque;

	if (value != NULL && hf_datapath_parse(value, &w->wish->datapath) == 0)
		return 0;
	return hf_args_refuse(w->dev, key, value, "hw, poll or auto");
}

static int
hf_args_legacy(const char *key, const char *value, void *opaque)
{
	struct hf_args_wish *w = opaque;

	if (value != NULL && hf_legacy_parse(value, &w->wish->legacy) == 0)
		return 0;
	return hf_args_refuse(w->dev, key, value, "auto, off or poll");
}

static int
hf_args_wish(const struct rte_kvargs *kv, const char *name, struct hf_wish *wish)
{
	struct hf_args_wish w = {.dev = name, .wish = wish};

	if (rte_kvargs_process(kv, HF_ARG_DATAPATH, hf_args_datapath, &w) != 0 ||
		rte_kvargs_process(kv, HF_ARG_LEGACY, hf_args_legacy, &w) != 0)
		return -EINVAL;
	return 0;
}

struct hf_args_mac {
	const char *dev; /* for the log */
	struct rte_ether_addr mac;
};

static int
hf_args_mac(const char *key, const char *value, void *opaque)
{
	struct hf_args_mac *mac = opaque;

	if (value != NULL && rte_ether_unformat_addr(value, &mac->mac) == 0 &&
		rte_is_unicast_ether_addr(&mac->mac) && !rte_is_zero_ether_addr(&mac->mac))
		return 0;
	return hf_args_refuse(
		mac->dev, key, value, "the address of one station, like 02:00:00:00:00:01");
}

/* Hints about the queues of a guest to come: both or none. */
static int
hf_args_hints(const struct rte_kvargs *kv, const char *name, long queues, long size)
{
	if (rte_kvargs_count(kv, HF_ARG_QUEUES) != rte_kvargs_count(kv, HF_ARG_QUEUE_SIZE)) {
		HF_LOG(ERR, "%s: arguments queues and queue_size: give both of them, or none",
			name);
		return -EINVAL;
	}
	if (queues != 0 && !rte_is_power_of_2(size)) {
		HF_LOG(ERR, "%s: argument queue_size=%ld: must be a power of two", name, size);
		return -EINVAL;
	}
	return 0;
}

static int
hf_args_numbers(const struct rte_kvargs *kv, const char *name, struct hf_args *args)
{
	const long last_cpu = sysconf(_SC_NPROCESSORS_CONF) - 1;
	long pairs = 0, queues = 0, size = 0, core = -1, notifier = 1, poll_core = -1, features = 0;
	long mode = HF_EVENT_DYNAMIC, us = HF_ARGS_EVENT_US, mtu = 0, sealed = 0;
	const struct {
		const char *key;
		long min, max, *value;
	} numbers[] = {
		{HF_ARG_QUEUE_PAIRS, 1, HF_ARGS_PAIRS_MAX, &pairs},
		{HF_ARG_QUEUES, 1, HF_ARGS_PAIRS_MAX, &queues},
		{HF_ARG_QUEUE_SIZE, 1, HF_RING_MAX_SIZE, &size},
		{HF_ARG_EVENT_MODE, HF_EVENT_DYNAMIC, HF_EVENT_INTERRUPT, &mode},
		{HF_ARG_EVENT_US, 1, HF_ARGS_EVENT_US_MAX, &us},
		{HF_ARG_EVENT_CORE, 0, last_cpu, &core},
		{HF_ARG_HOST_NOTIFIER, 0, 1, &notifier},
		{HF_ARG_SEALED, 0, 1, &sealed},
		{HF_ARG_POLL_CORE, 0, last_cpu, &poll_core},
		{HF_ARG_POLL_FEATURES, 0, 1, &features},
		{HF_ARG_MTU, RTE_ETHER_MIN_MTU, UINT16_MAX, &mtu},
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; i < RTE_DIM(numbers) && ret == 0; i++)
		ret = hf_args_get(
			kv, name, numbers[i].key, numbers[i].min, numbers[i].max, numbers[i].value);
	if (ret == 0)
		ret = hf_args_hints(kv, name, queues, size);
	args->queue_pairs = pairs;
	args->queues = queues;
	args->queue_size = size;
	args->event_mode = mode;
	args->event_us = us;
	args->event_core = core;
	args->host_notifier = notifier != 0;
	args->sealed = sealed != 0;
	args->poll_core = poll_core;
	args->mtu = mtu;
	args->wish.poll_features = features != 0;
	return ret;
}

int
hf_args_parse(const struct rte_devargs *devargs, const char *name, struct hf_args *args)
{
	struct hf_args parsed = {
		.wish = {HF_DATAPATH_AUTO, HF_LEGACY_AUTO},
		.policy = {.mr = HF_MR_CONNECTION, .grace_ms = HF_POLICY_GRACE_MS},
	};
	struct hf_args_mac mac = {.dev = name};
	struct rte_kvargs *kv;
	int ret;

	kv = hf_args_split(devargs);
	if (kv == NULL) {
		HF_LOG(ERR, "%s: cannot parse the arguments '%s'; write key=value,key=value of: %s",
			name, devargs->args, HF_ARGS_HELP);
		return -EINVAL;
	}
	ret = hf_args_known(kv, name, hf_args_keys, RTE_DIM(hf_args_keys), HF_ARGS_HELP);
	if (ret == 0)
		ret = hf_args_numbers(kv, name, &parsed);
	if (ret == 0)
		ret = hf_args_wish(kv, name, &parsed.wish);
	if (ret == 0 && rte_kvargs_process(kv, HF_ARG_MAC, hf_args_mac, &mac) != 0)
		ret = -EINVAL;
	if (ret == 0)
		ret = hf_args_memory(kv, name, &parsed.policy);
	rte_kvargs_free(kv);
	parsed.mac = mac.mac;
	if (ret == 0)
		*args = parsed;
	return ret;
}

int
hf_args_policy(const char *text, const char *name, struct hf_policy *policy)
{
	const unsigned int first = RTE_DIM(hf_args_keys) - HF_ARGS_POLICY_KEYS;
	struct hf_policy next = *policy;
	struct rte_kvargs *kv;
	int ret;

	kv = rte_kvargs_parse(text, NULL);
	if (kv == NULL) {
		HF_LOG(ERR, "%s: cannot parse '%s'; write key=value,key=value of: %s", name, text,
			HF_ARGS_POLICY_HELP);
		return -EINVAL;
	}
	ret = hf_args_known(
		kv, name, &hf_args_keys[first], HF_ARGS_POLICY_KEYS, HF_ARGS_POLICY_HELP);
	if (ret == 0)
		ret = hf_args_memory(kv, name, &next);
	rte_kvargs_free(kv);
	if (ret == 0)
		*policy = next;
	return ret;
}
