/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The public interface, rte_pmd_holdfast.h, about memory: policy, maps, resets, and the report.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "hf_api.h"
#include "hf_api_priv.h"
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

static int
api_check_asid(const struct hf_dev *dev, uint32_t asid)
{
	if (asid < HF_ASIDS)
		return 0;
	HF_LOG(ERR, "%s: address space %u: there are 0 (the guest's) and 1 (the host's)", dev->name,
		asid);
	return -EINVAL;
}

/* --- policy --- */

static int
api_policy_get(struct hf_dev *dev, union api_any *own)
{
	own->policy.mr_policy = dev->mem.policy.mr;
	own->policy.mr_grace_ms = dev->mem.policy.grace_ms;
	own->policy.mr_held_max = dev->mem.policy.held_max;
	own->policy.mr_pinned_max = dev->mem.policy.pinned_max;
	return 0;
}

int
rte_pmd_holdfast_policy_get(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_policy *policy)
{
	return hf_api_call(vdev, policy, sizeof(*policy), 0, api_policy_get);
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

static int
api_policy_set(struct hf_dev *dev, union api_any *own)
{
	struct hf_policy next = dev->mem.policy;
	int ret = api_policy_merge(dev, &own->policy, &next);

	return ret != 0 ? ret : hf_api_policy_set(dev, &next);
}

int
rte_pmd_holdfast_policy_set(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_policy *policy)
{
	return hf_api_call(vdev, policy, sizeof(*policy), API_POLICY_FLAGS, api_policy_set);
}

/* --- maps --- */

static int
api_map(struct hf_dev *dev, union api_any *own)
{
	const struct rte_pmd_holdfast_map *map = &own->map;
	struct hf_ioas_region region = {.gpa = map->iova, .len = map->size, .fd = -1};
	int ret = api_check_asid(dev, map->asid);

	if (ret != 0)
		return ret;
	if (map->flags & RTE_PMD_HOLDFAST_MAP_FD) {
		if (map->fd < 0)
			return -EBADF;
		region.fd = map->fd;
		region.offset = map->offset;
	} else {
		region.va = (void *)(uintptr_t)map->vaddr;
	}
	return hf_memory_map(dev, map->asid, &region);
}

int
rte_pmd_holdfast_map(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_map *map)
{
	return hf_api_call(vdev, map, sizeof(*map), RTE_PMD_HOLDFAST_MAP_FD, api_map);
}

static int
api_unmap(struct hf_dev *dev, union api_any *own)
{
	const struct rte_pmd_holdfast_unmap *unmap = &own->unmap;
	int ret = api_check_asid(dev, unmap->asid);

	return ret != 0 ? ret : hf_memory_unmap(dev, unmap->asid, unmap->iova, unmap->size);
}

int
rte_pmd_holdfast_unmap(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_unmap *unmap)
{
	return hf_api_call(vdev, unmap, sizeof(*unmap), 0, api_unmap);
}

static int
api_reset_map(struct hf_dev *dev, union api_any *own)
{
	int ret = api_check_asid(dev, own->reset_map.asid);

	return ret != 0 ? ret : hf_memory_reset(dev, own->reset_map.asid);
}

int
rte_pmd_holdfast_reset_map(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_reset_map *reset)
{
	return hf_api_call(vdev, reset, sizeof(*reset), 0, api_reset_map);
}

static int
api_reset(struct hf_dev *dev, union api_any *own)
{
	return hf_dev_reset(dev, (own->reset.flags & RTE_PMD_HOLDFAST_RESET_CLEAN_MAP) != 0);
}

int
rte_pmd_holdfast_reset(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_reset *reset)
{
	return hf_api_call(
		vdev, reset, sizeof(*reset), RTE_PMD_HOLDFAST_RESET_CLEAN_MAP, api_reset);
}

int
rte_pmd_holdfast_held_release(struct rte_vdpa_device *vdev)
{
	struct hf_dev *dev = hf_api_enter(vdev);
	int ret;

	if (dev == NULL)
		return -ENODEV;
	ret = hf_memory_release(dev);
	hf_api_leave(dev);
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
api_memory_fill(
	struct hf_dev *dev, struct rte_pmd_holdfast_memory *m, const struct hf_ioas_stats *st)
{
	uint32_t maps;

	m->n_regions = st->regions;
	m->live_bytes = st->live_bytes;
	m->deferred_bytes = st->deferred_bytes;
	m->held_bytes = m->asid == HF_ASID_GUEST && dev->mem.held
		? st->live_bytes - st->requested_bytes
		: 0;
	m->mrs = st->mrs;
	m->mkeys = st->mkeys;
	m->mrs_registered = st->mrs_registered;
	m->mrs_destroyed = st->mrs_destroyed;
	m->mrs_kept = st->mrs_kept;
	m->register_us = st->register_us;
	m->destroy_us = st->destroy_us;
	hf_ioas_process_maps(&m->process_bytes, &maps);
}

static int
api_memory_get(struct hf_dev *dev, union api_any *own)
{
	struct rte_pmd_holdfast_memory *m = &own->memory;
	uint32_t room = m->n_regions;
	struct hf_ioas_stats st;
	int ret;

	ret = api_check_asid(dev, m->asid);
	if (ret != 0)
		return ret;
	hf_ioas_stats(dev->mem.ioas[m->asid], &st);
	api_memory_fill(dev, m, &st);
	if (m->regions == NULL)
		return 0;
	if (room < st.regions)
		return -EMSGSIZE;
	api_regions(dev->mem.ioas[m->asid], m->regions, st.regions);
	return 0;
}

int
rte_pmd_holdfast_memory_get(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_memory *memory)
{
	return hf_api_call(vdev, memory, sizeof(*memory), 0, api_memory_get);
}
