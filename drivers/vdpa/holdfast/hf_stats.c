/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <string.h>

#include "hf_dev.h"
#include "hf_shadow.h"
#include "hf_stats.h"

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
	[HF_STAT_POLL_PACKETS] = "poll_packets",
	[HF_STAT_POLL_BYTES] = "poll_bytes",
	[HF_STAT_POLL_DROP_HEADER] = "poll_dropped_bad_header",
	[HF_STAT_POLL_DROP_SMALL] = "poll_dropped_small_buffer",
	[HF_STAT_POLL_RETURNED] = "poll_returned_empty",
	[HF_STAT_POLL_COPIED] = "poll_copied_packets",
	[HF_STAT_POLL_ERRORS] = "poll_ring_errors",
};

/* Which of the statistics is the device's number 'id'; HF_STAT_MAX: it has not so many. */
static unsigned int
hf_stats_kind(const struct hf_dev *dev, unsigned int id)
{
	const bool hw = dev->caps->virtio_q_counters;
	const bool poll = hf_datapath_lacks_poll(dev->caps) == NULL;
	unsigned int kind;

	for (kind = 0; kind < HF_STAT_MAX; kind++) {
		if (kind >= HF_STAT_POLL_PACKETS ? !poll : kind >= HF_STAT_RECEIVED && !hw)
			continue;
		if (id-- == 0)
			break;
	}
	return kind;
}

unsigned int
hf_stats_count(const struct hf_dev *dev)
{
	unsigned int n = 0;

	while (hf_stats_kind(dev, n) < HF_STAT_MAX)
		n++;
	return n;
}

const char *
hf_stats_name(const struct hf_dev *dev, unsigned int id)
{
	unsigned int kind = hf_stats_kind(dev, id);

	return kind < HF_STAT_MAX ? hf_stats_names[kind] : NULL;
}

void
hf_stats_add(struct hf_virtq_stats *sum, const struct hf_virtq_stats *st)
{
	sum->received_desc += st->received_desc;
	sum->completed_desc += st->completed_desc;
	sum->error_cqes += st->error_cqes;
	sum->bad_desc_errors += st->bad_desc_errors;
	sum->exceed_max_chain += st->exceed_max_chain;
	sum->invalid_buffer += st->invalid_buffer;
}

/* The NIC's counters of a queue, those that are gone included. */
static int
hf_stats_query(struct hf_vq *vq, struct hf_virtq_stats *st)
{
	int ret;

	*st = (struct hf_virtq_stats){0};
	ret = vq->parts.counters.devx != NULL ? hf_virtq_counters_query(&vq->parts.counters, st)
					      : 0;
	if (ret == 0)
		hf_stats_add(st, &vq->parts.counted);
	else
		HF_LOG(ERR, "%s: cannot read the counters of ring %u: %s", vq->dev->name, vq->index,
			strerror(-ret));
	return ret;
}

/* Of all kinds, ever. */
static int
hf_stats_all(struct hf_vq *vq, uint64_t *all)
{
	struct hf_svq_stats poll;
	struct hf_virtq_stats st;
	int ret;

	ret = hf_stats_query(vq, &st);
	if (ret != 0)
		return ret;
	hf_shadow_stats(vq, &poll);
	all[HF_STAT_KICKS] = __atomic_load_n(&vq->kicks, __ATOMIC_RELAXED);
	all[HF_STAT_CALLS] = __atomic_load_n(&vq->calls, __ATOMIC_RELAXED) + poll.calls;
	all[HF_STAT_ROUNDS] = __atomic_load_n(&vq->rounds, __ATOMIC_RELAXED);
	all[HF_STAT_REPAIRS] = vq->errors;
	all[HF_STAT_RECEIVED] = st.received_desc;
	all[HF_STAT_COMPLETED] = st.completed_desc;
	all[HF_STAT_BAD_DESC] = st.bad_desc_errors;
	all[HF_STAT_MAX_CHAIN] = st.exceed_max_chain;
	all[HF_STAT_INVALID_BUFFER] = st.invalid_buffer;
	all[HF_STAT_ERROR_CQES] = st.error_cqes;
	all[HF_STAT_POLL_PACKETS] = poll.packets;
	all[HF_STAT_POLL_BYTES] = poll.bytes;
	all[HF_STAT_POLL_DROP_HEADER] = poll.drop_header;
	all[HF_STAT_POLL_DROP_SMALL] = poll.drop_small;
	all[HF_STAT_POLL_RETURNED] = poll.returned;
	all[HF_STAT_POLL_COPIED] = poll.copied;
	all[HF_STAT_POLL_ERRORS] = poll.errors;
	return 0;
}

int
hf_stats_read(struct hf_dev *dev, uint16_t index, uint64_t *values, unsigned int n)
{
	struct hf_vq *vq = &dev->vqs[index];
	uint64_t all[HF_STAT_MAX];
	unsigned int i, kind;
	int ret;

	ret = hf_stats_all(vq, all);
	if (ret != 0)
		return ret;
	for (i = 0; i < n; i++) {
		kind = hf_stats_kind(dev, i);
		if (kind == HF_STAT_MAX)
			break;
		values[i] = all[kind] - vq->stats_base[kind];
	}
	return i;
}

int
hf_stats_reset(struct hf_dev *dev, uint16_t index)
{
	uint64_t all[HF_STAT_MAX];
	int ret;

	ret = hf_stats_all(&dev->vqs[index], all);
	if (ret == 0)
		memcpy(dev->vqs[index].stats_base, all, sizeof(all));
	return ret;
}
