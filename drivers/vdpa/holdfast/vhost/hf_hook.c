/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "../hf_dev.h"
#include "../hf_hostnotif.h"
#include "hf_confmsg.h"
#include "hf_hook.h"
#include "hf_msg.h"
#include "hf_nego.h"
#include "hf_ringmsg.h"
#include "hf_start.h"
#include "hf_tablemsg.h"

/* The library's thread for messages, in 22.11. */
#define HF_HOOK_THREAD "vhost-events"
/* Slots of the library's table of connections. */
#define HF_HOOK_VIDS 1024
/*
 * A new connection takes the lowest free slot, and each empty slot that is asked for costs a line
 * in the log: give up after so many. The hook is then set by the first op that has a vid.
 */
#define HF_HOOK_EMPTY_SLOTS 16
/* --- single messages --- */

static void
hf_hook_close_fds(struct hf_msg *m)
{
	int i;

	for (i = 0; i < m->fd_num && i < HF_MSG_REGIONS; i++)
		close(m->fds[i]);
	m->fd_num = 0;
}

/*
 * As the protocol has it, the front end learns here that it asks for too much. Where the NIC does
 * not answer, the start will see.
 */
static enum rte_vhost_msg_result
hf_hook_mtu(struct hf_dev *dev, uint64_t mtu)
{
	if (mtu <= UINT16_MAX && hf_dev_mtu_check(dev, mtu) == -EMSGSIZE)
		return RTE_VHOST_MSG_RESULT_ERR;
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/* Messages with another number of descriptors, or of another length, the library refuses. */
static enum rte_vhost_msg_result
hf_hook_log(struct hf_dev *dev, const struct hf_msg *m)
{
	int ret = 0;

	if (m->fd_num == 1 && m->size == sizeof(m->payload.log))
		ret = hf_dirty_set(dev, m->fds[0], m->payload.log.offset, m->payload.log.size);
	return ret == 0 ? RTE_VHOST_MSG_RESULT_NOT_HANDLED : RTE_VHOST_MSG_RESULT_ERR;
}

/* --- the hook --- */

/*
 * Status 0 comes before or after the bases are read, and clears no index (vhost-user, and
 * librte_vhost keeps them). Before, it makes the first base that is read a device stop.
 */
static void
hf_hook_status(struct hf_dev *dev, uint64_t status)
{
	bool stopped = hf_front_is_stopped(dev);
	uint16_t i;

	for (i = 0; i < dev->max_vqs && status == 0; i++)
		dev->vqs[i].big_endian = false;
	dev->front.reset_said = status == 0;
	dev->front.driver_gone = (status & VIRTIO_CONFIG_S_DRIVER_OK) == 0;
	if (!stopped && hf_front_is_stopped(dev) && !dev->configured)
		hf_memory_event(dev, HF_EVENT_DEVICE_STOP);
}

static enum rte_vhost_msg_result
hf_hook_pre(struct hf_dev *dev, struct hf_msg *m)
{
	enum rte_vhost_msg_result ret;

	/* Of a message that the library refused, POST was not called. */
	dev->front.owner_reset = false;
	dev->front.table_change = false;
	if (hf_msg_check(dev->name, dev->protocol, m) != 0)
		return RTE_VHOST_MSG_RESULT_ERR;
	if (!hf_ringmsg_index_is_good(dev, m))
		return RTE_VHOST_MSG_RESULT_ERR;
	ret = hf_nego_pre(dev, m);
	if (ret != RTE_VHOST_MSG_RESULT_NOT_HANDLED)
		return ret;
	switch (m->request) {
	case HF_MSG_SET_FEATURES:
		dev->front.changes++;
		hf_confmsg_take(dev, m);
		break;
	case HF_MSG_SET_PROTOCOL_FEATURES:
		hf_confmsg_take(dev, m);
		break;
	case HF_MSG_SET_MEM_TABLE:
		dev->front.changes++;
		return hf_tablemsg_pre(dev, m);
	case HF_MSG_RESET_OWNER:
		dev->front.owner_reset = m->fd_num == 0;
		break;
	case HF_MSG_SET_SLAVE_REQ_FD:
		/* The library closes the old channel, also under a thread that waits in it. */
		if (m->fd_num == 1)
			hf_hostnotif_end(dev);
		break;
	case HF_MSG_GET_VRING_BASE:
		/*
		 * The library closes the device before it takes the ring back, but for a device
		 * that the application did not want (new_device() failed), though it had that one
		 * configured too.
		 */
		dev->front.changes++;
		if (m->fd_num == 0) {
			dev->front.started = false;
			if (dev->configured)
				hf_dev_event(dev, HF_EVENT_DEVICE_STOP);
		}
		break;
	case HF_MSG_SET_STATUS:
		dev->front.changes++;
		hf_hook_status(dev, m->payload.u64);
		break;
	case HF_MSG_SET_LOG_BASE:
		return hf_hook_log(dev, m);
	case HF_MSG_SET_VRING_NUM:
		dev->front.changes++;
		return hf_ringmsg_numbers(dev, m);
	case HF_MSG_SET_VRING_BASE:
		return hf_ringmsg_numbers(dev, m);
	case HF_MSG_SET_VRING_ADDR:
		dev->front.changes++;
		if (!dev->front.table)
			HF_LOG(ERR,
				"%s: ring %" PRIu32
				": its addresses come before a memory table, by which they are found",
				dev->name, m->payload.addr.index);
		break;
	case HF_MSG_NET_SET_MTU:
		dev->front.changes++;
		return hf_hook_mtu(dev, m->payload.u64);
	default:
		break;
	}
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static void
hf_hook_post(struct hf_dev *dev, const struct hf_msg *m)
{
	uint16_t index;

	hf_nego_post(dev);
	switch (m->request) {
	case HF_MSG_SET_MEM_TABLE:
		hf_tablemsg_post(dev);
		break;
	case HF_MSG_RESET_OWNER:
		dev->front.owner_reset = false;
		break;
	case HF_MSG_SET_VRING_ADDR:
		hf_ringmsg_addr_set(dev, m);
		break;
	case HF_MSG_GET_VRING_BASE:
		hf_ringmsg_base_read(dev, m->payload.ring.index);
		break;
	case HF_MSG_SET_VRING_KICK:
		/* With this message the library has looked for the ring. */
		index = m->payload.u64 & HF_RINGMSG_INDEX;
		if (index < dev->max_vqs)
			hf_front_ring_explain(dev, index);
		break;
	case HF_MSG_SET_VRING_ENABLE:
		if (m->payload.ring.index < dev->max_vqs && m->payload.ring.num == 1)
			hf_front_ring_waits(dev, m->payload.ring.index);
		break;
	case HF_MSG_SET_SLAVE_REQ_FD:
		dev->front.request_fd = m->fd_num > 0 ? m->fds[0] : -1;
		hf_config_channel(dev, dev->front.request_fd);
		if (dev->configured)
			hf_hostnotif_offer(dev);
		break;
	default:
		break;
	}
}

/* The device of a connection, locked; NULL when it has none, or not this connection. */
static struct hf_dev *
hf_hook_enter(int vid)
{
	struct hf_dev *dev = hf_dev_enter(rte_vhost_get_vdpa_device(vid));

	if (dev == NULL)
		return NULL;
	hf_dev_lock(dev);
	if (dev->front.vid == vid)
		return dev;
	hf_dev_unlock(dev);
	hf_dev_leave(dev);
	return NULL;
}

static void
hf_hook_leave(struct hf_dev *dev)
{
	hf_dev_unlock(dev);
	hf_dev_leave(dev);
}

/* Nothing of the device depends on it: it need not wait for a start, nor the others behind it. */
static bool
hf_hook_passes(const struct hf_msg *m)
{
	return m->request == HF_MSG_GET_STATUS || hf_confmsg_is(m);
}

/* The same message, without the lock. */
static enum rte_vhost_msg_result
hf_hook_pass(int vid, struct hf_msg *m)
{
	struct hf_dev *dev = hf_dev_enter(rte_vhost_get_vdpa_device(vid));
	enum rte_vhost_msg_result ret = RTE_VHOST_MSG_RESULT_NOT_HANDLED;

	if (dev == NULL)
		return ret;
	if (hf_msg_check(dev->name, dev->protocol, m) != 0)
		ret = RTE_VHOST_MSG_RESULT_ERR;
	else if (hf_confmsg_is(m))
		ret = hf_confmsg_answer(dev, vid, m);
	hf_dev_leave(dev);
	return ret;
}

static enum rte_vhost_msg_result
hf_hook_pre_cb(int vid, void *msg)
{
	enum rte_vhost_msg_result ret;
	struct hf_dev *dev;

	if (hf_hook_passes(msg)) {
		ret = hf_hook_pass(vid, msg);
	} else {
		dev = hf_hook_enter(vid);
		if (dev == NULL)
			return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
		ret = hf_hook_pre(dev, msg);
		hf_hook_leave(dev);
	}
	/* Who answers for the library also closes for it. */
	if (ret != RTE_VHOST_MSG_RESULT_NOT_HANDLED)
		hf_hook_close_fds(msg);
	return ret;
}

static enum rte_vhost_msg_result
hf_hook_post_cb(int vid, void *msg)
{
	struct hf_dev *dev = hf_hook_passes(msg) ? NULL : hf_hook_enter(vid);

	if (dev != NULL) {
		hf_hook_post(dev, msg);
		hf_start_leave(dev);
	}
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static const struct rte_vhost_user_extern_ops hf_hook_ops = {
	.pre_msg_handle = hf_hook_pre_cb,
	.post_msg_handle = hf_hook_post_cb,
};

/* --- the connection --- */

/*
 * Of a connection beside the one that the device serves. What it says would be carried out by the
 * library and not seen here, so that it could not be served later either.
 */
static enum rte_vhost_msg_result
hf_hook_refuse_pre_cb(int vid, void *msg)
{
	RTE_SET_USED(vid);
	hf_hook_close_fds(msg);
	return RTE_VHOST_MSG_RESULT_ERR;
}

/* Of the message that was being carried out; its descriptors are the library's by now. */
static enum rte_vhost_msg_result
hf_hook_refuse_post_cb(int vid, void *msg)
{
	RTE_SET_USED(vid);
	RTE_SET_USED(msg);
	return RTE_VHOST_MSG_RESULT_ERR;
}

static const struct rte_vhost_user_extern_ops hf_hook_refuse_ops = {
	.pre_msg_handle = hf_hook_refuse_pre_cb,
	.post_msg_handle = hf_hook_refuse_post_cb,
};

int
hf_hook_claim(struct hf_dev *dev, int vid)
{
	if (dev->front.vid == vid)
		return 0;
	if (dev->front.vid >= 0) {
		HF_LOG(ERR,
			"%s: connection %d refused: the device serves connection %d; a device has one"
			" front end at a time: connect again when that one has gone",
			dev->name, vid, dev->front.vid);
		rte_vhost_extern_callback_register(vid, &hf_hook_refuse_ops, NULL);
		return -EBUSY;
	}
	dev->front = (struct hf_front){.vid = vid, .request_fd = -1};
	hf_config_listen(dev, false);
	hf_config_channel(dev, -1);
	if (rte_vhost_get_ifname(vid, dev->front.socket, sizeof(dev->front.socket)) != 0)
		dev->front.socket[0] = '\0';
	if (rte_vhost_extern_callback_register(vid, &hf_hook_ops, NULL) == 0)
		dev->front.hooked = true;
	else
		HF_LOG(ERR, "%s: cannot see the messages of connection %d", dev->name, vid);
	return 0;
}

void
hf_hook_scan(struct hf_dev *dev)
{
	struct rte_vdpa_device *vdev;
	unsigned int empty = 0;
	char thread[16] = "";
	int vid;

	if (pthread_getname_np(pthread_self(), thread, sizeof(thread)) != 0 ||
		strcmp(thread, HF_HOOK_THREAD) != 0)
		return;
	hf_dev_lock(dev);
	for (vid = 0; dev->front.vid < 0 && vid < HF_HOOK_VIDS && empty < HF_HOOK_EMPTY_SLOTS;
		vid++) {
		vdev = rte_vhost_get_vdpa_device(vid);
		if (vdev == NULL)
			empty++;
		else if (vdev == dev->vdev)
			hf_hook_claim(dev, vid);
	}
	hf_dev_unlock(dev);
}

int
hf_hook_connection(int vid)
{
	struct hf_dev *dev = hf_dev_enter(rte_vhost_get_vdpa_device(vid));
	int ret;

	if (dev == NULL)
		return -ENODEV;
	hf_dev_lock(dev);
	ret = hf_hook_claim(dev, vid);
	hf_hook_leave(dev);
	return ret;
}
