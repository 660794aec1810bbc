/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The public interface, rte_pmd_holdfast.h, in terms of the device.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "hf_api_priv.h"
#include "hf_argsz.h"
#include "hf_dev.h"
#include "hf_query.h"
#include "rte_pmd_holdfast.h"
#include "vhost/hf_hook.h"
#include "vhost/hf_start.h"

static_assert((int)RTE_PMD_HOLDFAST_DATAPATH_HW == HF_DATAPATH_HW &&
		(int)RTE_PMD_HOLDFAST_DATAPATH_POLL == HF_DATAPATH_POLL &&
		(int)RTE_PMD_HOLDFAST_DATAPATH_AUTO == HF_DATAPATH_AUTO &&
		RTE_PMD_HOLDFAST_DATAPATH_REASON == HF_DATAPATH_REASON,
	"the datapaths' numbers are public");

struct hf_dev *
hf_api_enter(struct rte_vdpa_device *vdev)
{
	struct hf_dev *dev = hf_dev_enter(vdev);

	if (dev == NULL)
		return NULL;
	hf_dev_lock(dev);
	hf_memory_settle(dev);
	return dev;
}

void
hf_api_leave(struct hf_dev *dev)
{
	hf_start_leave(dev);
}

int
hf_api_call(struct rte_vdpa_device *vdev, void *user, uint32_t size, uint32_t flags,
	int (*run)(struct hf_dev *dev, union api_any *own))
{
	union api_any own;
	struct hf_dev *dev;
	int ret;

	ret = hf_argsz_in(&own, size, user, flags);
	if (ret != 0)
		return ret;
	dev = hf_api_enter(vdev);
	if (dev == NULL)
		return -ENODEV;
	ret = run(dev, &own);
	hf_api_leave(dev);
	if (ret == 0 || ret == -EMSGSIZE)
		hf_argsz_out(user, &own, size);
	return ret;
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
	if (hf_datapath_lacks_hw(dev->caps) == NULL)
		caps |= RTE_PMD_HOLDFAST_CAP_DATAPATH_HW;
	if (hf_datapath_lacks_poll(dev->caps) == NULL)
		caps |= RTE_PMD_HOLDFAST_CAP_DATAPATH_POLL | RTE_PMD_HOLDFAST_CAP_SPLIT |
			RTE_PMD_HOLDFAST_CAP_PACKED;
	if (dev->caps->split)
		caps |= RTE_PMD_HOLDFAST_CAP_SPLIT;
	if (dev->caps->packed)
		caps |= RTE_PMD_HOLDFAST_CAP_PACKED;
	return caps;
}

static int
api_caps_get(struct hf_dev *dev, union api_any *own)
{
	own->caps.caps = api_caps(dev);
	own->caps.backend_features = api_backend_features(dev);
	own->caps.virtio_features = dev->offered;
	own->caps.asids = HF_ASIDS;
	own->caps.max_regions = HF_IOAS_MAX_REGIONS;
	own->caps.max_queue_pairs = dev->max_vqs / 2;
	return 0;
}

int
rte_pmd_holdfast_caps_get(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_caps *caps)
{
	return hf_api_call(vdev, caps, sizeof(*caps), 0, api_caps_get);
}

int
rte_pmd_holdfast_backend_features_get(struct rte_vdpa_device *vdev, uint64_t *features)
{
	struct hf_dev *dev = features != NULL ? hf_api_enter(vdev) : NULL;

	if (dev == NULL)
		return features != NULL ? -ENODEV : -EINVAL;
	*features = api_backend_features(dev);
	hf_api_leave(dev);
	return 0;
}

int
rte_pmd_holdfast_backend_features_set(struct rte_vdpa_device *vdev, uint64_t features)
{
	struct hf_dev *dev = hf_api_enter(vdev);
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
	hf_api_leave(dev);
	return missing == 0 ? 0 : -EOPNOTSUPP;
}

/* --- datapath --- */

static int
api_datapath_get(struct hf_dev *dev, union api_any *own)
{
	own->datapath.wanted = dev->wish.datapath;
	own->datapath.present = dev->path == &hf_path_hw ? HF_DATAPATH_HW : HF_DATAPATH_POLL;
	own->datapath.switches = dev->path_switches;
	strlcpy(own->datapath.reason, dev->path_reason, sizeof(own->datapath.reason));
	return 0;
}

int
rte_pmd_holdfast_datapath_get(
	struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_datapath *datapath)
{
	return hf_api_call(vdev, datapath, sizeof(*datapath), 0, api_datapath_get);
}

static int
api_datapath_set(struct hf_dev *dev, union api_any *own)
{
	int ret;

	if (own->datapath.wanted >= HF_DATAPATHS) {
		HF_LOG(ERR, "%s: datapath %u: there are 0 (hw), 1 (poll), 2 (auto)", dev->name,
			own->datapath.wanted);
		return -EINVAL;
	}
	ret = hf_dev_datapath(dev, own->datapath.wanted);
	return ret != 0 ? ret : api_datapath_get(dev, own);
}

int
rte_pmd_holdfast_datapath_set(
	struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_datapath *datapath)
{
	return hf_api_call(vdev, datapath, sizeof(*datapath), 0, api_datapath_set);
}

/* --- query --- */

static int
api_query(struct hf_dev *dev, union api_any *own)
{
	return hf_query_call(dev, &own->query);
}

int
rte_pmd_holdfast_query(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_query *query)
{
	return hf_api_call(vdev, query, sizeof(*query),
		RTE_PMD_HOLDFAST_QUERY_DATAPATH | RTE_PMD_HOLDFAST_QUERY_LEGACY |
			RTE_PMD_HOLDFAST_QUERY_POLL_FEATURES | RTE_PMD_HOLDFAST_QUERY_BIG_ENDIAN,
		api_query);
}

/* --- connections --- */

int
rte_pmd_holdfast_connection(int vid)
{
	return hf_hook_connection(vid);
}
