/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The operations that librte_vhost calls. See the notes on locks in hf_dev.h; which of them run
 * with the library's locks held is said at each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>
#include <rte_vhost.h>
#include <vdpa_driver.h>

#include "../hf_dev.h"
#include "../hf_hostnotif.h"
#include "../hf_stats.h"
#include "hf_confmsg.h"
#include "hf_hook.h"
#include "hf_nego.h"
#include "hf_ops.h"
#include "hf_start.h"

/* The device of a connection, locked and taken for it. NULL after a log line. */
static struct hf_dev *
hf_ops_enter(int vid)
{
	struct hf_dev *dev = hf_dev_enter(rte_vhost_get_vdpa_device(vid));

	if (dev == NULL) {
		HF_LOG(ERR, "connection %d has no device of this driver", vid);
		return NULL;
	}
	hf_dev_lock(dev);
	if (hf_hook_claim(dev, vid) == 0)
		return dev;
	hf_dev_unlock(dev);
	hf_dev_leave(dev);
	return NULL;
}

/* Only what never changes, for ops that run in the middle of others: no lock. */
static struct hf_dev *
hf_ops_peek(struct rte_vdpa_device *vdev)
{
	struct hf_dev *dev = hf_dev_enter(vdev);

	if (dev == NULL)
		HF_LOG(ERR, "the vDPA device is not one of this driver, or was removed");
	return dev;
}

/* --- without a connection; with the library's socket mutex held --- */

static int
hf_ops_get_queue_num(struct rte_vdpa_device *vdev, uint32_t *queue_num)
{
	struct hf_dev *dev = hf_ops_peek(vdev);

	if (dev == NULL)
		return -ENODEV;
	*queue_num = dev->max_vqs / 2;
	hf_dev_leave(dev);
	return 0;
}

static int
hf_ops_get_features(struct rte_vdpa_device *vdev, uint64_t *features)
{
	struct hf_dev *dev = hf_ops_peek(vdev);

	if (dev == NULL)
		return -ENODEV;
	hf_hook_scan(dev);
	*features = dev->offered;
	hf_dev_leave(dev);
	return 0;
}

static int
hf_ops_get_protocol_features(struct rte_vdpa_device *vdev, uint64_t *features)
{
	struct hf_dev *dev = hf_ops_peek(vdev);

	if (dev == NULL)
		return -ENODEV;
	*features = dev->protocol;
	hf_dev_leave(dev);
	return 0;
}

static int
hf_ops_get_dev_type(struct rte_vdpa_device *vdev, uint32_t *type)
{
	RTE_SET_USED(vdev);
	*type = RTE_VHOST_VDPA_DEVICE_TYPE_NET;
	return 0;
}

/* --- of a connection --- */

/* No lock of the library is held. */
static int
hf_ops_dev_conf(int vid)
{
	struct hf_dev *dev = hf_ops_enter(vid);

	if (dev == NULL)
		return -1;
	if (!hf_nego_start(dev)) {
		hf_start_leave(dev);
		return -1;
	}
	dev->front.started = true;
	hf_start(dev);
	return 0;
}

/* The library asks for the indices, or unmaps the guest's memory, as soon as this returns. */
static int
hf_ops_dev_close(int vid)
{
	struct hf_dev *dev = hf_ops_enter(vid);

	if (dev == NULL)
		return -1;
	dev->front.started = false;
	hf_dev_event(dev, dev->front.table_change ? HF_EVENT_TABLE_CHANGE : HF_EVENT_DEVICE_STOP);
	hf_start_leave(dev);
	return 0;
}

/*
 * The connection is gone, or RESET_OWNER took its memory. Also for connections that never
 * configured anything.
 */
static int
hf_ops_dev_cleanup(int vid)
{
	struct hf_dev *dev = hf_dev_enter(rte_vhost_get_vdpa_device(vid));
	enum hf_event event;

	if (dev == NULL)
		return -1;
	hf_dev_lock(dev);
	if (dev->front.vid == vid) {
		event = dev->front.owner_reset ? HF_EVENT_OWNER_RESET : HF_EVENT_DISCONNECT;
		hf_hostnotif_end(dev);
		dev->front.started = false;
		hf_dev_event(dev, event);
		if (!hf_life(event)->keep_connection)
			dev->front.vid = -1;
		hf_dirty_drop(dev);
		dev->front.table = false;
		dev->front.request_fd = -1;
		hf_config_listen(dev, false);
		hf_config_channel(dev, -1);
		dev->front.changes++;
	}
	hf_start_leave(dev);
	return 0;
}

/* With all ring locks of the library held, unless the device is configured. */
static int
hf_ops_set_vring_state(int vid, int vring, int state)
{
	struct hf_dev *dev = hf_ops_enter(vid);
	int ret;

	if (dev == NULL)
		return -ENODEV;
	if (vring < 0 || vring >= dev->max_vqs) {
		HF_LOG(ERR, "%s: ring %d %s: there are rings 0 to %u", dev->name, vring,
			state ? "enabled" : "disabled", dev->max_vqs - 1);
		hf_start_leave(dev);
		return -E2BIG;
	}
	if (!state)
		dev->front.changes++;
	ret = hf_dev_ring_state(dev, vring, state != 0);
	hf_start_leave(dev);
	return ret;
}

/*
 * With all ring locks of the library held, unless the device is configured. On a configured device
 * only dirty logging changes; else what was negotiated is read when it is configured. It is the
 * first op with a vid.
 */
static int
hf_ops_set_features(int vid)
{
	struct hf_dev *dev = hf_ops_enter(vid);
	int ret;

	if (dev == NULL)
		return -ENODEV;
	ret = hf_dev_features(dev);
	hf_start_leave(dev);
	return ret;
}

/*
 * The front end asks to make the guest known where it is now. Its own queues may wait for either
 * side's notification.
 */
static int
hf_ops_migration_done(int vid)
{
	struct hf_dev *dev = hf_ops_enter(vid);

	if (dev == NULL)
		return -ENODEV;
	hf_dev_nudge(dev);
	hf_start_leave(dev);
	return 0;
}

/* On the thread that offers the page, while another may wait for it with hf_dev.lock: no lock. */
static int
hf_ops_get_device_fd(int vid)
{
	struct hf_dev *dev = hf_ops_peek(rte_vhost_get_vdpa_device(vid));
	int fd;

	if (dev == NULL)
		return -ENODEV;
	fd = dev->var.fd;
	hf_dev_leave(dev);
	return fd;
}

/* As above. One page serves all queues: what is written there is the queue's number. */
static int
hf_ops_get_notify_area(int vid, int qid, uint64_t *offset, uint64_t *size)
{
	struct hf_dev *dev = hf_ops_peek(rte_vhost_get_vdpa_device(vid));
	int ret = 0;

	if (dev == NULL)
		return -ENODEV;
	if (qid < 0 || qid >= dev->max_vqs) {
		HF_LOG(ERR, "%s: doorbell of ring %d: there are rings 0 to %u", dev->name, qid,
			dev->max_vqs - 1);
		ret = -E2BIG;
	} else {
		*offset = dev->var.offset;
		*size = dev->var.len;
	}
	hf_dev_leave(dev);
	return ret;
}

/* --- configuration space --- */

/*
 * Of a connection whose messages are not seen (hf_hook.h); the others are answered by
 * hf_confmsg.h. size is the front end's and unchecked. No lock.
 */
static int
hf_ops_get_config(int vid, uint8_t *config, uint32_t size)
{
	struct hf_dev *dev = hf_ops_peek(rte_vhost_get_vdpa_device(vid));
	int ret;

	if (dev == NULL)
		return -ENODEV;
	ret = hf_config_read(dev, 0, size, hf_confmsg_big_endian(dev, vid), config);
	hf_dev_leave(dev);
	return ret;
}

/* As above. */
static int
hf_ops_set_config(int vid, uint8_t *config, uint32_t offset, uint32_t size, uint32_t flags)
{
	struct hf_dev *dev = hf_ops_peek(rte_vhost_get_vdpa_device(vid));
	int ret;

	RTE_SET_USED(flags);
	if (dev == NULL)
		return -ENODEV;
	ret = hf_config_write(dev, offset, size, hf_confmsg_big_endian(dev, vid), config);
	hf_dev_leave(dev);
	return ret;
}

/* --- statistics, on the application's threads --- */

static int
hf_ops_get_stats_names(
	struct rte_vdpa_device *vdev, struct rte_vdpa_stat_name *names, unsigned int size)
{
	struct hf_dev *dev = hf_ops_peek(vdev);
	unsigned int i, n;

	if (dev == NULL)
		return -ENODEV;
	n = hf_stats_count(dev);
	if (names != NULL) {
		n = RTE_MIN(n, size);
		for (i = 0; i < n; i++)
			strlcpy(names[i].name, hf_stats_name(dev, i), sizeof(names[i].name));
	}
	hf_dev_leave(dev);
	return n;
}

/* A device whose ring exists, locked; NULL with a negative errno in *err. */
static struct hf_dev *
hf_ops_enter_ring(struct rte_vdpa_device *vdev, int qid, int *err)
{
	struct hf_dev *dev = hf_ops_peek(vdev);

	*err = -ENODEV;
	if (dev == NULL)
		return NULL;
	if (qid < 0 || qid >= dev->max_vqs) {
		HF_LOG(ERR, "%s: statistics of ring %d: there are rings 0 to %u", dev->name, qid,
			dev->max_vqs - 1);
		hf_dev_leave(dev);
		*err = -E2BIG;
		return NULL;
	}
	hf_dev_lock(dev);
	return dev;
}

static int
hf_ops_get_stats(struct rte_vdpa_device *vdev, int qid, struct rte_vdpa_stat *stats, unsigned int n)
{
	struct hf_dev *dev;
	uint64_t *values;
	int i, ret;

	dev = hf_ops_enter_ring(vdev, qid, &ret);
	if (dev == NULL)
		return ret;
	n = RTE_MIN(n, hf_stats_count(dev));
	values = calloc(n + 1, sizeof(*values));
	ret = values != NULL ? hf_stats_read(dev, qid, values, n) : -ENOMEM;
	hf_start_leave(dev);
	for (i = 0; i < ret; i++)
		stats[i] = (struct rte_vdpa_stat){.id = i, .value = values[i]};
	free(values);
	return ret;
}

static int
hf_ops_reset_stats(struct rte_vdpa_device *vdev, int qid)
{
	struct hf_dev *dev;
	int ret;

	dev = hf_ops_enter_ring(vdev, qid, &ret);
	if (dev == NULL)
		return ret;
	ret = hf_stats_reset(dev, qid);
	hf_start_leave(dev);
	return ret;
}

struct rte_vdpa_dev_ops hf_ops = {
	.get_queue_num = hf_ops_get_queue_num,
	.get_features = hf_ops_get_features,
	.get_protocol_features = hf_ops_get_protocol_features,
	.dev_conf = hf_ops_dev_conf,
	.dev_close = hf_ops_dev_close,
	.dev_cleanup = hf_ops_dev_cleanup,
	.set_vring_state = hf_ops_set_vring_state,
	.set_features = hf_ops_set_features,
	.migration_done = hf_ops_migration_done,
	.get_vfio_device_fd = hf_ops_get_device_fd,
	.get_notify_area = hf_ops_get_notify_area,
	.get_stats_names = hf_ops_get_stats_names,
	.get_stats = hf_ops_get_stats,
	.reset_stats = hf_ops_reset_stats,
	.get_config = hf_ops_get_config,
	.set_config = hf_ops_set_config,
	.get_dev_type = hf_ops_get_dev_type,
};
