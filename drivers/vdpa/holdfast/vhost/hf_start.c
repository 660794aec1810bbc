/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <stdbool.h>
#include <string.h>

#include "../hf_dev.h"
#include "../hf_rings.h"
#include "hf_start.h"

/* Most guests have at least this many pairs, and what QEMU gives their rings if nobody asks. */
#define HF_START_PAIRS 1
#define HF_START_SIZE 256

static void
hf_start_task(void *arg)
{
	struct hf_dev *dev = arg;
	int ret;

	ret = hf_dev_conf(dev);
	if (ret == 0)
		HF_LOG(INFO, "%s: configured for connection %d", dev->name, dev->front.vid);
	else
		HF_LOG(ERR, "%s: cannot serve connection %d: %s", dev->name, dev->front.vid,
			strerror(-ret));
	hf_dev_unlock(dev);
	hf_dev_leave(dev);
}

void
hf_start(struct hf_dev *dev)
{
	/* Without memory for that it is done here, and the others wait. */
	if (hf_work_post(dev->rt->start, hf_start_task, dev) != 0)
		hf_start_task(dev);
}

static void
hf_start_early_task(void *arg)
{
	struct hf_dev *dev = arg;
	struct hf_rings_making *making;
	uint16_t pairs = dev->args.queues != 0 ? dev->args.queues : HF_START_PAIRS;
	uint16_t size = dev->args.queues != 0 ? dev->args.queue_size : HF_START_SIZE;

	making = hf_rings_make_hinted(dev, pairs * 2, size);
	if (making == NULL)
		HF_LOG(DEBUG, "%s: nothing is made early", dev->name);
	else if (hf_rings_made(making) == 0 && hf_dev_steer_early(dev) == 0)
		HF_LOG(INFO, "%s: %u queue pairs of %u entries are made", dev->name, pairs, size);
	else
		HF_LOG(WARNING,
			"%s: not all queues could be made early, and led to: a start will try",
			dev->name);
	hf_dev_unlock(dev);
	hf_dev_leave(dev);
}

void
hf_start_early(struct hf_dev *dev)
{
	if (hf_dev_enter(dev->vdev) == NULL)
		return;
	hf_dev_lock(dev);
	if (hf_work_post(dev->rt->start, hf_start_early_task, dev) != 0)
		hf_start_early_task(dev);
}

/* The library thinks that the device runs, and it does not, and something has changed. */
static bool
hf_start_again(const struct hf_dev *dev)
{
	const struct hf_front *front = &dev->front;

	return front->started && front->failed && !front->driver_gone &&
		front->failed_at != front->changes;
}

void
hf_start_leave(struct hf_dev *dev)
{
	if (hf_start_again(dev)) {
		hf_start(dev);
		return;
	}
	hf_dev_unlock(dev);
	hf_dev_leave(dev);
}
