/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "../hf_dev.h"
#include "../hf_hostnotif.h"
#include "hf_confmsg.h"
#include "hf_hook.h"
#include "hf_msg.h"
#include "hf_nego.h"
#include "hf_start.h"

/* The library's thread for messages, in 22.11. */
#define HF_HOOK_THREAD "vhost-events"
/* Slots of the library's table of connections. */
#define HF_HOOK_VIDS 1024
/*
 * A new connection takes the lowest free slot, and each empty slot that is asked for costs a line
 * in the log: give up after so many. The hook is then set by the first op that has a vid.
 */
#define HF_HOOK_EMPTY_SLOTS 16
/* Index of a ring in messages with its descriptors; above it is the flag that there is none. */
#define HF_HOOK_RING_MASK 0xff

/* --- memory tables and rings --- */

/* The library's own test, which knows addresses only: true means that it keeps its mappings. */
static bool
hf_hook_table_unchanged(const struct hf_msg *m, const struct rte_vhost_memory *old)
{
	const struct rte_vhost_mem_region *o;
	uint32_t i;

	if (m->payload.memory.nregions != old->nregions)
		return false;
	for (i = 0; i < old->nregions; i++) {
		const struct hf_msg_region n = m->payload.memory.regions[i];

		o = &old->regions[i];
		if (n.gpa != o->guest_phys_addr || n.size != o->size ||
			n.user_addr != o->guest_user_addr)
			return false;
	}
	return true;
}

/* The old descriptor is open, so device and inode identify its object. */
static bool
hf_hook_same_object(int a, int b)
{
	struct stat sa, sb;

	if (fstat(a, &sa) != 0 || fstat(b, &sb) != 0)
		return false;
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool
hf_hook_table_same_memory(
	const struct hf_dev *dev, const struct hf_msg *m, const struct rte_vhost_memory *old)
{
	const struct rte_vhost_mem_region *o;
	const char *what;
	uint32_t i;

	for (i = 0; i < old->nregions; i++) {
		const struct hf_msg_region n = m->payload.memory.regions[i];

		o = &old->regions[i];
		if (!hf_hook_same_object(m->fds[i], o->fd))
			what = "another memory object";
		else if (n.mmap_offset != o->host_user_addr - (uintptr_t)o->mmap_addr)
			what = "another offset of its object";
		else
			continue;
		HF_LOG(ERR,
			"%s: memory table refused: %s behind unchanged addresses (guest address 0x%" PRIx64
			", size 0x%" PRIx64
			"): librte_vhost would keep the old mapping; send a table without the region first",
			dev->name, what, n.gpa, n.size);
		return false;
	}
	return true;
}

/* The regions that a message describes; there are no more than HF_MSG_REGIONS. */
static int
hf_hook_regions(struct hf_dev *dev, const struct hf_msg *m, struct hf_ioas_region *regions)
{
	uint32_t i;

	for (i = 0; i < m->payload.memory.nregions; i++) {
		const struct hf_msg_region r = m->payload.memory.regions[i];

		if (r.user_addr + r.size < r.size) {
			HF_LOG(ERR,
				"%s: memory table refused: region 0x%" PRIx64 "+0x%" PRIx64
				" ends beyond 64 bits in the front end, where it begins at 0x%" PRIx64,
				dev->name, r.gpa, r.size, r.user_addr);
			return -EINVAL;
		}
		regions[i] = (struct hf_ioas_region){
			.gpa = r.gpa,
			.len = r.size,
			.offset = r.mmap_offset,
			.fd = m->fds[i],
		};
	}
	return 0;
}

/*
 * A bad table is refused here: the library would give up the good one for it, and only then fail,
 * or leave that to the driver's next start. An empty one just takes all memory away.
 */
static int
hf_hook_table_check(struct hf_dev *dev, const struct hf_msg *m)
{
	struct hf_ioas_region regions[HF_MSG_REGIONS];
	uint32_t n = m->payload.memory.nregions;
	int ret;

	ret = hf_hook_regions(dev, m, regions);
	if (ret != 0 || n == 0)
		return ret;
	return hf_ioas_check(dev->mem.ioas[HF_ASID_GUEST], regions, n);
}

/*
 * The library stops the device for a table that changes. Memory that only comes in addition is
 * registered before that, while the guest's traffic goes on; what fails here is told and tried
 * again by the start.
 */
static void
hf_hook_table_early(struct hf_dev *dev, const struct hf_msg *m)
{
	struct hf_ioas_region regions[HF_MSG_REGIONS];
	const struct hf_front_table t = {.n = m->payload.memory.nregions, .regions = regions};

	if (dev->configured && hf_hook_regions(dev, m, regions) == 0 &&
		hf_ioas_grows(dev->mem.ioas[HF_ASID_GUEST], regions, t.n))
		hf_memory_table(dev, &t);
}

static void
hf_hook_close_fds(struct hf_msg *m)
{
	int i;

	for (i = 0; i < m->fd_num && i < HF_MSG_REGIONS; i++)
		close(m->fds[i]);
	m->fd_num = 0;
}

/*
 * A table that the library will try to map is gone until POST says that it worked: on failure the
 * library is left without any. One that it refuses before it touches anything, or finds unchanged,
 * leaves the old one in place.
 */
static enum rte_vhost_msg_result
hf_hook_table(struct hf_dev *dev, struct hf_msg *m)
{
	enum rte_vhost_msg_result ret = RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	struct rte_vhost_memory *old;

	if (m->payload.memory.nregions > HF_MSG_REGIONS ||
		m->fd_num != (int)m->payload.memory.nregions)
		return ret;
	if (!dev->front.table)
		return hf_hook_table_check(dev, m) == 0 ? ret : RTE_VHOST_MSG_RESULT_ERR;
	if (rte_vhost_get_mem_table(dev->front.vid, &old) != 0)
		return ret;
	if (hf_hook_table_unchanged(m, old)) {
		if (!hf_hook_table_same_memory(dev, m, old))
			ret = RTE_VHOST_MSG_RESULT_ERR;
	} else if (hf_hook_table_check(dev, m) != 0) {
		ret = RTE_VHOST_MSG_RESULT_ERR;
	} else {
		hf_hook_table_early(dev, m);
		dev->front.table = false;
		dev->front.table_change = true;
	}
	free(old);
	return ret;
}

/*
 * The library knows of 256 rings, whatever the device has, and takes memory for their entries that
 * other devices' rings need.
 */
static bool
hf_hook_index_is_good(const struct hf_dev *dev, const struct hf_msg *m)
{
	uint32_t index;

	switch (m->request) {
	case HF_MSG_SET_VRING_NUM:
	case HF_MSG_SET_VRING_ADDR:
	case HF_MSG_SET_VRING_BASE:
	case HF_MSG_GET_VRING_BASE:
	case HF_MSG_SET_VRING_ENABLE:
		index = m->payload.ring.index;
		break;
	case HF_MSG_SET_VRING_KICK:
	case HF_MSG_SET_VRING_CALL:
	case HF_MSG_SET_VRING_ERR:
		index = m->payload.u64 & HF_HOOK_RING_MASK;
		break;
	default:
		return true;
	}
	if (index < dev->max_vqs)
		return true;
	HF_LOG(ERR,
		"%s: message %s refused: ring %" PRIu32
		": there are rings 0 to %u: give the guest at most %u queue pairs",
		dev->name, hf_msg_name(m->request), index, dev->max_vqs - 1, dev->max_vqs / 2);
	return false;
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

/* Of a ring's numbers those that no ring can have; the library keeps what it had. */
static enum rte_vhost_msg_result
hf_hook_ring(struct hf_dev *dev, const struct hf_msg *m)
{
	uint32_t index = m->payload.ring.index, num = m->payload.ring.num;
	struct hf_guest guest;
	bool packed;

	if (hf_front_guest(dev, &guest) != 0)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	packed = (guest.features >> VIRTIO_F_RING_PACKED) & 1;
	if (m->request == HF_MSG_SET_VRING_NUM) {
		if (hf_ring_size_check(dev->name, index, num, packed) != 0)
			return RTE_VHOST_MSG_RESULT_ERR;
	} else if (!packed && num > UINT16_MAX) {
		/* Of packed rings, QEMU sends the position in the used ring in the upper half. */
		HF_LOG(ERR,
			"%s: ring %" PRIu32 ": base %" PRIu32 " of a split ring has more than"
			" 16 bits",
			dev->name, index, num);
		return RTE_VHOST_MSG_RESULT_ERR;
	}
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/* Messages with another number of descriptors the library refuses. */
static enum rte_vhost_msg_result
hf_hook_log(struct hf_dev *dev, const struct hf_msg *m)
{
	int ret = 0;

	if (m->fd_num == 1)
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
	if (!hf_hook_index_is_good(dev, m))
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
		return hf_hook_table(dev, m);
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
		return hf_hook_ring(dev, m);
	case HF_MSG_SET_VRING_BASE:
		return hf_hook_ring(dev, m);
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

/* VHOST_VRING_F_LOG, in the flags of a ring's addresses. */
#define HF_HOOK_RING_LOG (1 << 0)

static void
hf_hook_addr_set(struct hf_dev *dev, const struct hf_msg *m)
{
	struct hf_vq *vq;

	if (m->payload.addr.index >= dev->max_vqs)
		return;
	vq = &dev->vqs[m->payload.addr.index];
	vq->addr_set = true;
	vq->user_addr[HF_RING_DESC] = m->payload.addr.desc;
	vq->user_addr[HF_RING_AVAIL] = m->payload.addr.avail;
	vq->user_addr[HF_RING_USED] = m->payload.addr.used;
	vq->log_used = (m->payload.addr.flags & HF_HOOK_RING_LOG) != 0;
	vq->log_gpa = m->payload.addr.log;
	hf_dirty_follow(dev);
}

/* The base of a ring was read. That of the last one completes a device stop. */
static void
hf_hook_base_read(struct hf_dev *dev, uint32_t index)
{
	bool stopped = hf_front_is_stopped(dev);

	if (index >= dev->max_vqs)
		return;
	dev->vqs[index].addr_set = false;
	if (!stopped && hf_front_is_stopped(dev) && !dev->configured)
		hf_memory_event(dev, HF_EVENT_DEVICE_STOP);
}

/*
 * A table that changes while the device is stopped reaches no op: what is registered follows it
 * here. Without registrations nothing is to be followed before the device starts.
 */
static void
hf_hook_table_follow(struct hf_dev *dev)
{
	struct hf_ioas *as = dev->mem.ioas[HF_ASID_GUEST];
	struct hf_front_table t;

	if (dev->configured || hf_ioas_mkey(as) == 0 || hf_front_table_get(dev, &t) != 0)
		return;
	if (dev->mem.held || !hf_ioas_same(as, t.regions, t.n))
		hf_memory_table(dev, &t);
	hf_front_table_free(&t);
}

static void
hf_hook_post(struct hf_dev *dev, const struct hf_msg *m)
{
	uint16_t index;

	hf_nego_post(dev);
	switch (m->request) {
	case HF_MSG_SET_MEM_TABLE:
		dev->front.table = true;
		dev->front.table_change = false;
		hf_hook_table_follow(dev);
		break;
	case HF_MSG_RESET_OWNER:
		dev->front.owner_reset = false;
		break;
	case HF_MSG_SET_VRING_ADDR:
		hf_hook_addr_set(dev, m);
		break;
	case HF_MSG_GET_VRING_BASE:
		hf_hook_base_read(dev, m->payload.ring.index);
		break;
	case HF_MSG_SET_VRING_KICK:
		/* With this message the library has looked for the ring. */
		index = m->payload.u64 & HF_HOOK_RING_MASK;
		if (index < dev->max_vqs)
			hf_front_ring_explain(dev, index);
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
	hf_config_refresh(dev);
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
