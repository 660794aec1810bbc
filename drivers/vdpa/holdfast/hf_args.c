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

#define HF_ARG_CLASS "class"
#define HF_ARG_QUEUE_PAIRS "queue_pairs"
#define HF_ARG_EVENT_CORE "event_core"
#define HF_ARG_HOST_NOTIFIER "host_notifier"

static const char *const hf_args_keys[] = {
	"driver", /* EAL's own, in its global syntax */
	HF_ARG_CLASS,
	HF_ARG_QUEUE_PAIRS,
	HF_ARG_EVENT_CORE,
	HF_ARG_HOST_NOTIFIER,
};

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
hf_args_known(const struct rte_kvargs *kv, const char *name)
{
	unsigned int i, k;

	for (i = 0; i < kv->count; i++) {
		for (k = 0; k < RTE_DIM(hf_args_keys); k++)
			if (strcmp(kv->pairs[i].key, hf_args_keys[k]) == 0)
				break;
		if (k == RTE_DIM(hf_args_keys)) {
			HF_LOG(ERR, "%s: unknown argument '%s'; there are: %s", name,
				kv->pairs[i].key, HF_ARGS_HELP);
			return -EINVAL;
		}
		if (rte_kvargs_count(kv, hf_args_keys[k]) > 1) {
			HF_LOG(ERR, "%s: argument '%s' is given more than once", name,
				hf_args_keys[k]);
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

int
hf_args_parse(const struct rte_devargs *devargs, const char *name, struct hf_args *args)
{
	long pairs = 0, core = -1, notifier = 1;
	struct rte_kvargs *kv;
	int ret;

	kv = hf_args_split(devargs);
	if (kv == NULL) {
		HF_LOG(ERR, "%s: cannot parse the arguments '%s'; write key=value,key=value of: %s",
			name, devargs->args, HF_ARGS_HELP);
		return -EINVAL;
	}
	ret = hf_args_known(kv, name);
	if (ret == 0)
		ret = hf_args_get(kv, name, HF_ARG_QUEUE_PAIRS, 1, HF_ARGS_PAIRS_MAX, &pairs);
	if (ret == 0)
		ret = hf_args_get(
			kv, name, HF_ARG_EVENT_CORE, 0, sysconf(_SC_NPROCESSORS_CONF) - 1, &core);
	if (ret == 0)
		ret = hf_args_get(kv, name, HF_ARG_HOST_NOTIFIER, 0, 1, &notifier);
	rte_kvargs_free(kv);
	if (ret != 0)
		return ret;
	*args = (struct hf_args){
		.queue_pairs = pairs,
		.event_core = core,
		.host_notifier = notifier != 0,
	};
	return 0;
}
