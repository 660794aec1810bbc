/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The public interface, rte_pmd_holdfast.h, in terms of the device.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>

#include "hf_api.h"
#include "hf_argsz.h"
#include "hf_dev.h"
#include "rte_pmd_holdfast.h"

static_assert((int)RTE_PMD_HOLDFAST_MR_RESET == HF_MR_RESET &&
		(int)RTE_PMD_HOLDFAST_MR_CONNECTION == HF_MR_CONNECTION &&
		(int)RTE_PMD_HOLDFAST_MR_MEMORY == HF_MR_MEMORY,
	"the policies' numbers are public");
static_assert(RTE_PMD_HOLDFAST_ASID_GUEST == (int)HF_ASID_GUEST &&
		RTE_PMD_HOLDFAST_ASID_HOST == (int)HF_ASID_HOST,
	"the address spaces' numbers are public");

#define API_POLICY_FLAGS \
	(RTE_PMD_HOLDFAST_POLICY_MR | RTE_PMD_HOLDFAST_POLICY_GRACE | \
		RTE_PMD_HOLDFAST_POLICY_HELD_MAX | RTE_PMD_HOLDFAST_POLICY_PINNED_MAX)

static struct hf_dev *
api_enter(struct rte_vdpa_device *vdev)
{
	struct hf_dev *dev = hf_dev_enter(vdev);

	if (dev != NULL)
		pthread_mutex_lock(&dev->lock);
	return dev;
}

static void
api_leave(struct hf_dev *dev)
{
	pthread_mutex_unlock(&dev->lock);
	hf_dev_leave(dev);
}

static int
api_check_asid(const struct hf_dev *dev, uint32_t asid)
{
	if (asid < HF_ASIDS)
		return 0;
	HF_LOG(ERR, "%s: address space %u: there are 0 (the guest's) and 1 (the host's)", dev->name,
		asid);
	return -EINVAL;
}

/* --- what there is --- */

static uint64_t
api_backend_features(const struct hf_dev *dev)
{
	uint64_t features =
		RTE_PMD_HOLDFAST_F_IOTLB_ASID | RTE_PMD_HOLDFAST_F_ENABLE_AFTER_DRIVER_OK;

	if (hf_policy_persists(dev->mem.policy.mr))
		features |= RTE_PMD_HOLDFAST_F_IOTLB_PERSIST;
	return features;
}

static uint64_t
api_caps(const struct hf_dev *dev)
{
	uint64_t caps = RTE_PMD_HOLDFAST_CAP_MR_POLICY | RTE_PMD_HOLDFAST_CAP_MAP |
		RTE_PMD_HOLDFAST_CAP_RESET;

	if (hf_virtq_may_modify(
		    dev->caps, HF_VIRTQ_SUSPEND, HF_VIRTQ_MOD_MKEY | HF_VIRTQ_MOD_STATE))
		caps |= RTE_PMD_HOLDFAST_CAP_MAP_LIVE;
	if (dev->caps->split)
		caps |= RTE_PMD_HOLDFAST_CAP_SPLIT;
	if (dev->caps->packed)
		caps |= RTE_PMD_HOLDFAST_CAP_PACKED;
	return caps;
}

int
rte_pmd_holdfast_caps_get(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_caps *caps)
{
	struct rte_pmd_holdfast_caps own;
	struct hf_dev *dev;
	int ret;

	ret = hf_argsz_in(&own, sizeof(own), caps, 0);
	if (ret != 0)
		return ret;
	dev = api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	own.caps = api_caps(dev);
	own.backend_features = api_backend_features(dev);
	own.virtio_features = dev->offered;
	own.asids = HF_ASIDS;
	own.max_regions = HF_IOAS_MAX_REGIONS;
	own.max_queue_pairs = dev->max_vqs / 2;
	api_leave(dev);
	hf_argsz_out(caps, &own, sizeof(own));
	return 0;
}

int
rte_pmd_holdfast_backend_features_get(struct rte_vdpa_device *vdev, uint64_t *features)
{
	struct hf_dev *dev = api_enter(vdev);

	if (dev == NULL)
		return -ENODEV;
	*features = api_backend_features(dev);
	api_leave(dev);
	return 0;
}

int
rte_pmd_holdfast_backend_features_set(struct rte_vdpa_device *vdev, uint64_t features)
{
	struct hf_dev *dev = api_enter(vdev);
	uint64_t missing;

	if (dev == NULL)
		return -ENODEV;
	missing = features & ~api_backend_features(dev);
	if (missing == 0)
		dev->backend_acked = features;
	else
		HF_LOG(ERR,
			"%s: backend features 0x%" PRIx64
			" are not offered (IOTLB_PERSIST, bit 8, needs another mr_policy than reset)",
			dev->name, missing);
	api_leave(dev);
	return missing == 0 ? 0 : -EOPNOTSUPP;
}

/* --- policy --- */

int
rte_pmd_holdfast_policy_get(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_policy *policy)
{
	struct rte_pmd_holdfast_policy own;
	struct hf_dev *dev;
	int ret;

	ret = hf_argsz_in(&own, sizeof(own), policy, 0);
	if (ret != 0)
		return ret;
	dev = api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	own.mr_policy = dev->mem.policy.mr;
	own.mr_grace_ms = dev->mem.policy.grace_ms;
	own.mr_held_max = dev->mem.policy.held_max;
	own.mr_pinned_max = dev->mem.policy.pinned_max;
	api_leave(dev);
	hf_argsz_out(policy, &own, sizeof(own));
	return 0;
}

/* The caller's wish on top of what is. */
static int
api_policy_merge(const struct hf_dev *dev, const struct rte_pmd_holdfast_policy *own,
	struct hf_policy *policy)
{
	if (own->flags & RTE_PMD_HOLDFAST_POLICY_MR) {
		if (own->mr_policy >= HF_MR_POLICIES) {
			HF_LOG(ERR,
				"%s: mr_policy %u: there are 0 (reset), 1 (connection), 2 (memory)",
				dev->name, own->mr_policy);
			return -EINVAL;
		}
		policy->mr = own->mr_policy;
	}
	if (own->flags & RTE_PMD_HOLDFAST_POLICY_GRACE) {
		if (own->mr_grace_ms == 0 || own->mr_grace_ms > HF_POLICY_GRACE_MAX_MS) {
			HF_LOG(ERR, "%s: mr_grace_ms %u: must be from 1 to %u", dev->name,
				own->mr_grace_ms, HF_POLICY_GRACE_MAX_MS);
			return -EINVAL;
		}
		policy->grace_ms = own->mr_grace_ms;
	}
	if (own->flags & RTE_PMD_HOLDFAST_POLICY_HELD_MAX)
		policy->held_max = own->mr_held_max;
	if (own->flags & RTE_PMD_HOLDFAST_POLICY_PINNED_MAX)
		policy->pinned_max = own->mr_pinned_max;
	return 0;
}

int
hf_api_policy_set(struct hf_dev *dev, const struct hf_policy *policy)
{
	if ((dev->backend_acked & RTE_PMD_HOLDFAST_F_IOTLB_PERSIST) != 0 &&
		!hf_policy_persists(policy->mr)) {
		HF_LOG(ERR,
			"%s: mr_policy %s: the application acknowledged IOTLB_PERSIST, and counts on maps"
			" that outlive a reset; it has to take that back first",
			dev->name, hf_policy_name(policy->mr));
		return -EBUSY;
	}
	hf_memory_policy_set(dev, policy);
	HF_LOG(NOTICE,
		"%s: mr_policy %s, mr_grace_ms %u, mr_held_max %" PRIu64 ", mr_pinned_max %" PRIu64,
		dev->name, hf_policy_name(policy->mr), policy->grace_ms, policy->held_max,
		policy->pinned_max);
	return 0;
}

int
rte_pmd_holdfast_policy_set(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_policy *policy)
{
	struct rte_pmd_holdfast_policy own;
	struct hf_policy next;
	struct hf_dev *dev;
	int ret;

	ret = hf_argsz_in(&own, sizeof(own), policy, API_POLICY_FLAGS);
	if (ret != 0)
		return ret;
	dev = api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	next = dev->mem.policy;
	ret = api_policy_merge(dev, &own, &next);
	if (ret == 0)
		ret = hf_api_policy_set(dev, &next);
	api_leave(dev);
	if (ret == 0)
		hf_argsz_out(policy, &own, sizeof(own));
	return ret;
}

/* --- maps --- */

int
rte_pmd_holdfast_map(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_map *map)
{
	struct rte_pmd_holdfast_map own;
	struct hf_ioas_region region;
	struct hf_dev *dev;
	int ret;

	ret = hf_argsz_in(&own, sizeof(own), map, RTE_PMD_HOLDFAST_MAP_FD);
	if (ret != 0)
		return ret;
	region = (struct hf_ioas_region){.gpa = own.iova, .len = own.size, .fd = -1};
	if (own.flags & RTE_PMD_HOLDFAST_MAP_FD) {
		if (own.fd < 0)
			return -EBADF;
		region.fd = own.fd;
		region.offset = own.offset;
	} else {
		region.va = (void *)(uintptr_t)own.vaddr;
	}
	dev = api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	ret = api_check_asid(dev, own.asid);
	if (ret == 0)
		ret = hf_memory_map(dev, own.asid, &region);
	api_leave(dev);
	if (ret == 0)
		hf_argsz_out(map, &own, sizeof(own));
	return ret;
}

int
rte_pmd_holdfast_unmap(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_unmap *unmap)
{
	struct rte_pmd_holdfast_unmap own;
	struct hf_dev *dev;
	int ret;

	ret = hf_argsz_in(&own, sizeof(own), unmap, 0);
	if (ret != 0)
		return ret;
	dev = api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	ret = api_check_asid(dev, own.asid);
	if (ret == 0)
		ret = hf_memory_unmap(dev, own.asid, own.iova, own.size);
	api_leave(dev);
	if (ret == 0)
		hf_argsz_out(unmap, &own, sizeof(own));
	return ret;
}

int
rte_pmd_holdfast_reset_map(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_reset_map *reset)
{
	struct rte_pmd_holdfast_reset_map own;
	struct hf_dev *dev;
	int ret;

	ret = hf_argsz_in(&own, sizeof(own), reset, 0);
	if (ret != 0)
		return ret;
	dev = api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	ret = api_check_asid(dev, own.asid);
	if (ret == 0)
		ret = hf_memory_reset(dev, own.asid);
	api_leave(dev);
	if (ret == 0)
		hf_argsz_out(reset, &own, sizeof(own));
	return ret;
}

int
rte_pmd_holdfast_reset(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_reset *reset)
{
	struct rte_pmd_holdfast_reset own;
	struct hf_dev *dev;
	int ret;

	ret = hf_argsz_in(&own, sizeof(own), reset, RTE_PMD_HOLDFAST_RESET_CLEAN_MAP);
	if (ret != 0)
		return ret;
	dev = api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	ret = hf_dev_reset(dev, (own.flags & RTE_PMD_HOLDFAST_RESET_CLEAN_MAP) != 0);
	api_leave(dev);
	if (ret == 0)
		hf_argsz_out(reset, &own, sizeof(own));
	return ret;
}

int
rte_pmd_holdfast_held_release(struct rte_vdpa_device *vdev)
{
	struct hf_dev *dev = api_enter(vdev);
	int ret;

	if (dev == NULL)
		return -ENODEV;
	ret = hf_memory_release(dev);
	api_leave(dev);
	return ret;
}

/* --- report --- */

static void
api_regions(struct hf_ioas *as, struct rte_pmd_holdfast_region *regions, uint32_t n)
{
	struct hf_ioas_region_info info;
	uint32_t i;

	for (i = 0; i < n && hf_ioas_region_info(as, i, &info) == 0; i++)
		regions[i] = (struct rte_pmd_holdfast_region){
			.iova = info.gpa,
			.size = info.len,
			.offset = info.offset,
			.mrs = info.mrs,
			.numa_node = info.numa_node,
			.requested = info.requested,
		};
}

static void
api_memory(struct hf_dev *dev, struct rte_pmd_holdfast_memory *own, const struct hf_ioas_stats *st)
{
	uint32_t maps;

	own->live_bytes = st->live_bytes;
	own->deferred_bytes = st->deferred_bytes;
	own->held_bytes = own->asid == HF_ASID_GUEST && dev->mem.held ? st->live_bytes : 0;
	own->mrs = st->mrs;
	own->mkeys = st->mkeys;
	own->mrs_registered = st->mrs_registered;
	own->mrs_destroyed = st->mrs_destroyed;
	own->mrs_kept = st->mrs_kept;
	own->register_us = st->register_us;
	own->destroy_us = st->destroy_us;
	hf_ioas_process_maps(&own->process_bytes, &maps);
}

int
rte_pmd_holdfast_memory_get(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_memory *memory)
{
	struct rte_pmd_holdfast_memory own;
	struct hf_ioas_stats st;
	struct hf_dev *dev;
	uint32_t room;
	int ret;

	ret = hf_argsz_in(&own, sizeof(own), memory, 0);
	if (ret != 0)
		return ret;
	dev = api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	ret = api_check_asid(dev, own.asid);
	if (ret != 0)
		goto out;
	hf_ioas_stats(dev->mem.ioas[own.asid], &st);
	room = own.n_regions;
	own.n_regions = st.regions;
	api_memory(dev, &own, &st);
	if (own.regions != NULL && room < st.regions)
		ret = -EMSGSIZE;
	else if (own.regions != NULL)
		api_regions(dev->mem.ioas[own.asid], own.regions, st.regions);
	hf_argsz_out(memory, &own, sizeof(own));
out:
	api_leave(dev);
	return ret;
}
