/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <rte_vhost.h>

#include "../hf_dev.h"
#include "../hf_seal.h"
#include "hf_tablemsg.h"

/* The library's own test, which knows addresses only: true means that it keeps its mappings. */
static bool
tablemsg_unchanged(const struct hf_msg *m, const struct rte_vhost_memory *old)
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
tablemsg_same_object(int a, int b)
{
	struct stat sa, sb;

	if (fstat(a, &sa) != 0 || fstat(b, &sb) != 0)
		return false;
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool
tablemsg_same_memory(
	const struct hf_dev *dev, const struct hf_msg *m, const struct rte_vhost_memory *old)
{
	const struct rte_vhost_mem_region *o;
	const char *what;
	uint32_t i;

	for (i = 0; i < old->nregions; i++) {
		const struct hf_msg_region n = m->payload.memory.regions[i];

		o = &old->regions[i];
		if (!tablemsg_same_object(m->fds[i], o->fd))
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
tablemsg_regions(struct hf_dev *dev, const struct hf_msg *m, struct hf_ioas_region *regions)
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
tablemsg_check(struct hf_dev *dev, const struct hf_msg *m)
{
	struct hf_ioas_region regions[HF_MSG_REGIONS];
	uint32_t n = m->payload.memory.nregions, i;
	int ret;

	ret = tablemsg_regions(dev, m, regions);
	for (i = 0; i < n && ret == 0; i++)
		ret = hf_seal_check(dev, m->fds[i], "memory table");
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
tablemsg_early(struct hf_dev *dev, const struct hf_msg *m)
{
	struct hf_ioas_region regions[HF_MSG_REGIONS];
	const struct hf_front_table t = {.n = m->payload.memory.nregions, .regions = regions};

	if (dev->configured && tablemsg_regions(dev, m, regions) == 0 &&
		hf_ioas_grows(dev->mem.ioas[HF_ASID_GUEST], regions, t.n))
		hf_memory_table(dev, &t);
}

/*
 * A table that the library will try to map is gone until POST says that it worked: on failure the
 * library is left without any. One that it refuses before it touches anything, or finds unchanged,
 * leaves the old one in place.
 */
enum rte_vhost_msg_result
hf_tablemsg_pre(struct hf_dev *dev, const struct hf_msg *m)
{
	enum rte_vhost_msg_result ret = RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	struct rte_vhost_memory *old;

	hf_memory_settle(dev);
	if (m->payload.memory.nregions > HF_MSG_REGIONS ||
		m->fd_num != (int)m->payload.memory.nregions)
		return ret;
	if (!dev->front.table)
		return tablemsg_check(dev, m) == 0 ? ret : RTE_VHOST_MSG_RESULT_ERR;
	if (rte_vhost_get_mem_table(dev->front.vid, &old) != 0)
		return ret;
	if (tablemsg_unchanged(m, old)) {
		if (!tablemsg_same_memory(dev, m, old))
			ret = RTE_VHOST_MSG_RESULT_ERR;
	} else if (tablemsg_check(dev, m) != 0) {
		ret = RTE_VHOST_MSG_RESULT_ERR;
	} else {
		tablemsg_early(dev, m);
		dev->front.table = false;
		dev->front.table_change = true;
	}
	free(old);
	return ret;
}

/*
 * A table that changes while the device is stopped reaches no op: what is registered follows it
 * here. Without registrations they are begun for the start that follows.
 */
static void
tablemsg_follow(struct hf_dev *dev)
{
	struct hf_ioas *as = dev->mem.ioas[HF_ASID_GUEST];
	struct hf_front_table t;

	if (dev->configured || hf_front_table_get(dev, &t) != 0)
		return;
	if (hf_ioas_mkey(as) == 0)
		hf_memory_ahead(dev, &t);
	else if (dev->mem.held || !hf_ioas_same(as, t.regions, t.n))
		hf_memory_table(dev, &t);
	hf_front_table_free(&t);
}

void
hf_tablemsg_post(struct hf_dev *dev)
{
	dev->front.table = true;
	dev->front.table_change = false;
	tablemsg_follow(dev);
}
