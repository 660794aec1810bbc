/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "hf_dev.h"
#include "hf_stats.h"

/* The NIC's come last: a NIC without counters has fewer. */
enum {
	HF_STAT_KICKS,
	HF_STAT_CALLS,
	HF_STAT_ROUNDS,
	HF_STAT_REPAIRS,
	HF_STAT_RECEIVED,
	HF_STAT_COMPLETED,
	HF_STAT_BAD_DESC,
	HF_STAT_MAX_CHAIN,
	HF_STAT_INVALID_BUFFER,
	HF_STAT_ERROR_CQES,
	HF_STAT_MAX
};

static const char *const hf_stats_names[HF_STAT_MAX] = {
	[HF_STAT_KICKS] = "relayed_kicks",
	[HF_STAT_CALLS] = "guest_notifications",
	[HF_STAT_ROUNDS] = "timer_rounds",
	[HF_STAT_REPAIRS] = "queue_repairs",
	[HF_STAT_RECEIVED] = "received_descriptors",
	[HF_STAT_COMPLETED] = "completed_descriptors",
	[HF_STAT_BAD_DESC] = "bad_descriptor_errors",
	[HF_STAT_MAX_CHAIN] = "exceed_max_chain",
	[HF_STAT_INVALID_BUFFER] = "invalid_buffer",
	[HF_STAT_ERROR_CQES] = "completion_errors",
};

unsigned int
hf_stats_count(const struct hf_dev *dev)
{
	return dev->caps->virtio_q_counters ? HF_STAT_MAX : HF_STAT_RECEIVED;
}

const char *
hf_stats_name(const struct hf_dev *dev, unsigned int id)
{
	return id < hf_stats_count(dev) ? hf_stats_names[id] : NULL;
}

/*
 * The NIC's counters of a queue; one that was never started has none yet, and has counted nothing.
 */
static int
hf_stats_query(struct hf_vq *vq, struct hf_virtq_stats *st)
{
	int ret;

	*st = (struct hf_virtq_stats){0};
	if (vq->parts.counters.devx == NULL)
		return 0;
	ret = hf_virtq_counters_query(&vq->parts.counters, st);
	if (ret != 0)
		HF_LOG(ERR, "%s: cannot read the counters of ring %u: %s", vq->dev->name, vq->index,
			strerror(-ret));
	return ret;
}

int
hf_stats_read(struct hf_dev *dev, uint16_t index, uint64_t *values, unsigned int n)
{
	struct hf_vq *vq = &dev->vqs[index];
	const struct hf_virtq_stats *base = &vq->stats_base;
	uint64_t all[HF_STAT_MAX];
	struct hf_virtq_stats st;
	int ret;

	ret = hf_stats_query(vq, &st);
	if (ret != 0)
		return ret;
	all[HF_STAT_KICKS] = __atomic_load_n(&vq->kicks, __ATOMIC_RELAXED) - vq->kicks_base;
	all[HF_STAT_CALLS] = __atomic_load_n(&vq->calls, __ATOMIC_RELAXED) - vq->calls_base;
	all[HF_STAT_ROUNDS] = __atomic_load_n(&vq->rounds, __ATOMIC_RELAXED) - vq->rounds_base;
	all[HF_STAT_REPAIRS] = vq->errors - vq->errors_base;
	all[HF_STAT_RECEIVED] = st.received_desc - base->received_desc;
	all[HF_STAT_COMPLETED] = st.completed_desc - base->completed_desc;
	all[HF_STAT_BAD_DESC] = st.bad_desc_errors - base->bad_desc_errors;
	all[HF_STAT_MAX_CHAIN] = st.exceed_max_chain - base->exceed_max_chain;
	all[HF_STAT_INVALID_BUFFER] = st.invalid_buffer - base->invalid_buffer;
	all[HF_STAT_ERROR_CQES] = st.error_cqes - base->error_cqes;
	n = RTE_MIN(n, hf_stats_count(dev));
	memcpy(values, all, n * sizeof(*values));
	return n;
}

int
hf_stats_reset(struct hf_dev *dev, uint16_t index)
{
	struct hf_vq *vq = &dev->vqs[index];
	struct hf_virtq_stats st;
	int ret;

	ret = hf_stats_query(vq, &st);
	if (ret != 0)
		return ret;
	vq->stats_base = st;
	vq->kicks_base = __atomic_load_n(&vq->kicks, __ATOMIC_RELAXED);
	vq->calls_base = __atomic_load_n(&vq->calls, __ATOMIC_RELAXED);
	vq->rounds_base = __atomic_load_n(&vq->rounds, __ATOMIC_RELAXED);
	vq->errors_base = vq->errors;
	return 0;
}
