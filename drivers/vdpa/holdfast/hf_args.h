/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Device arguments: "-a 0000:ca:00.2,class=vdpa,queue_pairs=4".
 */
#ifndef HF_ARGS_H
#define HF_ARGS_H

#include <stdbool.h>
#include <stdint.h>

struct rte_devargs;

/* Messages of vhost-user number rings with 8 bits. */
#define HF_ARGS_PAIRS_MAX 128

struct hf_args {
	uint16_t queue_pairs; /* at most these; 0: as many as the NIC has */
	int event_core; /* CPU of the event thread; -1: where the probing thread may run */
	bool host_notifier; /* offer guests the NIC's doorbell page */
};

#define HF_ARGS_HELP \
	"class=vdpa " \
	"queue_pairs=<1-128> " \
	"event_core=<CPU number> " \
	"host_notifier=<0|1>"

/* Does this device ask for class=vdpa, and nothing else? A device without arguments does not. */
bool hf_args_wanted(const struct rte_devargs *devargs);
/*
 * 0, or -EINVAL after a log line that names the argument and what is allowed. name is for that
 * line.
 */
int hf_args_parse(const struct rte_devargs *devargs, const char *name, struct hf_args *args);

#endif /* HF_ARGS_H */
