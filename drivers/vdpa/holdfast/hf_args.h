/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Device arguments: "-a 0000:ca:00.2,class=vdpa,queue_pairs=4".
 */
#ifndef HF_ARGS_H
#define HF_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "hf_datapath.h"
#include "hf_policy.h"

struct rte_devargs;

/* Messages of vhost-user number rings with 8 bits. */
#define HF_ARGS_PAIRS_MAX 128

/* When the event thread looks for completions (hf_pace.h); numbers as DPDK's mlx5 driver has. */
enum hf_event_mode {
	HF_EVENT_DYNAMIC, /* when the NIC says so; under load every event_us, or less often */
	HF_EVENT_FIXED, /* when the NIC says so, and then every event_us while there is traffic */
	HF_EVENT_INTERRUPT, /* when the NIC says so */
};
#define HF_ARGS_EVENT_US 50
#define HF_ARGS_EVENT_US_MAX 100000

struct hf_args {
	uint16_t queue_pairs; /* at most these; 0: as many as the NIC has */
	uint16_t queues; /* pairs of queues to make at probe; 0: no hint */
	uint16_t queue_size; /* and their size */
	enum hf_event_mode event_mode;
	uint32_t event_us;
	int event_core; /* CPU of the event thread; -1: where the probing thread may run */
	bool host_notifier; /* offer guests the NIC's doorbell page */
	bool sealed; /* map only files that get no shorter (hf_seal.h) */
	struct hf_wish wish; /* at first */
	int poll_core; /* CPU of the polling thread; -1: where the probing thread may run */
	struct rte_ether_addr mac; /* that guests are told; zero: the vport's */
	uint16_t mtu; /* most that guests may use; 0: the vport's */
	struct hf_policy policy; /* of the guest's memory, at first */
};

#define HF_ARGS_POLICY_HELP \
	"mr_policy=<reset|connection|memory> " \
	"mr_grace_ms=<1-3600000> " \
	"mr_held_max=<bytes, K, M, G> " \
	"mr_pinned_max=<bytes, K, M, G>"

#define HF_ARGS_HELP \
	"class=vdpa " \
	"queue_pairs=<1-128> " \
	"queues=<1-128> " \
	"queue_size=<1-32768> " \
	"event_mode=<0|1|2> " \
	"event_us=<1-100000> " \
	"event_core=<CPU number> " \
	"host_notifier=<0|1> " \
	"sealed=<0|1> " \
	"datapath=<hw|poll|auto> " \
	"legacy=<auto|off|poll> " \
	"poll_core=<CPU number> " \
	"poll_features=<0|1> " \
	"mac=<unicast address> " \
	"mtu=<68-65535> " HF_ARGS_POLICY_HELP

/* Does this device ask for class=vdpa, and nothing else? A device without arguments does not. */
bool hf_args_wanted(const struct rte_devargs *devargs);
/*
 * 0, or -EINVAL after a log line that names the argument and what is allowed. name is for that
 * line.
 */
int hf_args_parse(const struct rte_devargs *devargs, const char *name, struct hf_args *args);
/*
 * Memory policy arguments alone ("mr_policy=memory,mr_grace_ms=500") on top of *policy. 0, or
 * -EINVAL as above, and *policy is unchanged.
 */
int hf_args_policy(const char *text, const char *name, struct hf_policy *policy);

#endif /* HF_ARGS_H */
