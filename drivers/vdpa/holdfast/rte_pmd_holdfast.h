/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */

/**
 * @file
 * What an application can ask of a Holdfast vDPA device beyond rte_vdpa: which memory registrations
 * (MRs) outlive which event, maps of its own, resets, and what is pinned.
 *
 * Every structure begins with argsz, its size as the caller was compiled, and flags. A shorter one
 * is served what it knows of; a longer one from a newer header is -E2BIG unless what is unknown is
 * zero; an unknown flag is -EOPNOTSUPP. On success argsz is set to the size that the driver knows,
 * so that a caller can tell what was filled in. Fields that the caller does not set must be zero.
 *
 * Devices are the struct rte_vdpa_device of rte_vdpa_find_device_by_name(); one that is not this
 * driver's is -ENODEV. Calls are for any thread of the application but not from within a call-back
 * of librte_vhost. They may wait for the NIC.
 */
#ifndef RTE_PMD_HOLDFAST_H
#define RTE_PMD_HOLDFAST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rte_vdpa_device;

/** Address spaces: the guest's memory; this process's own, at its own addresses. */
#define RTE_PMD_HOLDFAST_ASID_GUEST 0
#define RTE_PMD_HOLDFAST_ASID_HOST 1

/**
 * Backend features: the numbers of the kernel's VHOST_BACKEND_F_* (linux/vhost_types.h), as bits.
 * IOTLB_ASID: maps name an address space. ENABLE_AFTER_DRIVER_OK: rings may be enabled while the
 * device runs. IOTLB_PERSIST: maps outlive a device reset, which the policy decides.
 */
#define RTE_PMD_HOLDFAST_F_IOTLB_ASID (UINT64_C(1) << 3)
#define RTE_PMD_HOLDFAST_F_ENABLE_AFTER_DRIVER_OK (UINT64_C(1) << 6)
#define RTE_PMD_HOLDFAST_F_IOTLB_PERSIST (UINT64_C(1) << 8)

/** What the device can do, whatever its policy is now. */
#define RTE_PMD_HOLDFAST_CAP_MR_POLICY (UINT64_C(1) << 0) /**< policy_get, policy_set */
#define RTE_PMD_HOLDFAST_CAP_MAP (UINT64_C(1) << 1) /**< map, unmap, reset_map */
#define RTE_PMD_HOLDFAST_CAP_RESET (UINT64_C(1) << 2) /**< reset */
/** Running queues change their map without being made anew (suspend, modify, resume). */
#define RTE_PMD_HOLDFAST_CAP_MAP_LIVE (UINT64_C(1) << 3)
#define RTE_PMD_HOLDFAST_CAP_SPLIT (UINT64_C(1) << 4) /**< split rings */
#define RTE_PMD_HOLDFAST_CAP_PACKED (UINT64_C(1) << 5) /**< packed rings */
#define RTE_PMD_HOLDFAST_CAP_DATAPATH_HW (UINT64_C(1) << 6) /**< the NIC has virtqueues */
#define RTE_PMD_HOLDFAST_CAP_DATAPATH_POLL (UINT64_C(1) << 7) /**< poll mode can serve */

struct rte_pmd_holdfast_caps {
	uint32_t argsz;
	uint32_t flags; /**< none are known */
	uint64_t caps; /**< out: RTE_PMD_HOLDFAST_CAP_* */
	uint64_t backend_features; /**< out: RTE_PMD_HOLDFAST_F_* that are offered now */
	uint64_t virtio_features; /**< out: virtio and vhost-user feature bits that are offered */
	uint32_t asids; /**< out: number of address spaces */
	uint32_t max_regions; /**< out: of an address space */
	uint32_t max_queue_pairs; /**< out */
	uint32_t reserved;
};

/** Capabilities; before any guest is there as well. 0, -ENODEV, -EINVAL, -E2BIG, -EOPNOTSUPP. */
int rte_pmd_holdfast_caps_get(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_caps *caps);

/** Backend features that are offered now. */
int rte_pmd_holdfast_backend_features_get(struct rte_vdpa_device *vdev, uint64_t *features);
/**
 * Acknowledge what the application counts on; replaces what it acknowledged before. -EOPNOTSUPP:
 * not all of it is offered. While IOTLB_PERSIST is acknowledged, no policy can be set that makes it
 * untrue.
 */
int rte_pmd_holdfast_backend_features_set(struct rte_vdpa_device *vdev, uint64_t features);

/** Until when a guest's MRs live, as mr_policy of the device's arguments. */
enum rte_pmd_holdfast_mr_policy {
	RTE_PMD_HOLDFAST_MR_RESET, /**< the next device stop */
	RTE_PMD_HOLDFAST_MR_CONNECTION, /**< the end of the vhost-user connection */
	RTE_PMD_HOLDFAST_MR_MEMORY, /**< the memory goes, or mr_grace_ms after a disconnect */
};

/** Fields of a policy to set; the others stay. */
#define RTE_PMD_HOLDFAST_POLICY_MR (1u << 0)
#define RTE_PMD_HOLDFAST_POLICY_GRACE (1u << 1)
#define RTE_PMD_HOLDFAST_POLICY_HELD_MAX (1u << 2)
#define RTE_PMD_HOLDFAST_POLICY_PINNED_MAX (1u << 3)

struct rte_pmd_holdfast_policy {
	uint32_t argsz;
	uint32_t flags; /**< set: RTE_PMD_HOLDFAST_POLICY_*; get: 0 */
	uint32_t mr_policy; /**< enum rte_pmd_holdfast_mr_policy */
	uint32_t mr_grace_ms; /**< 1 to 3600000 */
	uint64_t mr_held_max; /**< bytes held without an owner; 0: no bound */
	uint64_t mr_pinned_max; /**< bytes pinned; 0: no bound. What is pinned already stays */
};

int rte_pmd_holdfast_policy_get(
	struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_policy *policy);
/**
 * From now on; memory that is held without an owner obeys at once. -EINVAL: a value out of range;
 * -EBUSY: IOTLB_PERSIST is acknowledged, and would become untrue.
 */
int rte_pmd_holdfast_policy_set(
	struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_policy *policy);

/** The range is fd from offset on; without it, it is memory of this process at vaddr. */
#define RTE_PMD_HOLDFAST_MAP_FD (1u << 0)

struct rte_pmd_holdfast_map {
	uint32_t argsz;
	uint32_t flags; /**< RTE_PMD_HOLDFAST_MAP_* */
	uint32_t asid; /**< RTE_PMD_HOLDFAST_ASID_* */
	int32_t fd; /**< stays the caller's */
	uint64_t iova; /**< what the NIC sees; multiple of the page size, as all below */
	uint64_t size; /**< bytes */
	uint64_t vaddr; /**< mapped until the range is unmapped */
	uint64_t offset; /**< in fd */
};

/**
 * Map one range. Queues that run are suspended for a moment. -EEXIST: it overlaps the front end's
 * table, or what is mapped already; -EINVAL, -ENXIO (fd is shorter), -E2BIG (too many regions),
 * -ENOMEM (limits of pinned memory, named in the log).
 */
int rte_pmd_holdfast_map(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_map *map);

struct rte_pmd_holdfast_unmap {
	uint32_t argsz;
	uint32_t flags; /**< none are known */
	uint32_t asid;
	uint32_t reserved;
	uint64_t iova;
	uint64_t size; /**< bytes; UINT64_MAX with iova 0: all that was mapped by request */
};

/**
 * Unmap what rte_pmd_holdfast_map() mapped within a range. -EINVAL: size 0, a wrap, or a mapped
 * range would be cut in two; -ENOENT: nothing is mapped there; -EEXIST: the front end's table is.
 */
int rte_pmd_holdfast_unmap(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_unmap *unmap);

struct rte_pmd_holdfast_reset_map {
	uint32_t argsz;
	uint32_t flags; /**< none are known */
	uint32_t asid;
	uint32_t reserved;
};

/**
 * Return an address space to its initial state: the guest's is empty, the host's has what the
 * driver itself registers. A guest's reset never does this. -EBUSY: queues run on it.
 */
int rte_pmd_holdfast_reset_map(
	struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_reset_map *reset);

/** Drop the guest's map as well, and register the front end's table anew. */
#define RTE_PMD_HOLDFAST_RESET_CLEAN_MAP (1u << 0)

struct rte_pmd_holdfast_reset {
	uint32_t argsz;
	uint32_t flags; /**< RTE_PMD_HOLDFAST_RESET_* */
};

/**
 * Make all queues of a device anew; a guest that runs goes on where it was. MRs stay, unless the
 * policy is "reset" or flags say otherwise. On error the guest stays stopped, until a reset
 * succeeds or its front end starts it again. -EIO and others of the NIC's commands; -ENOMEM.
 */
int rte_pmd_holdfast_reset(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_reset *reset);

/**
 * Drop the memory that is held for a front end's return. -ENOENT: nothing is; others of the NIC's
 * commands, and then it is tried again after mr_grace_ms.
 */
int rte_pmd_holdfast_held_release(struct rte_vdpa_device *vdev);

/** What serves a device, as its argument datapath. */
enum rte_pmd_holdfast_datapath_kind {
	RTE_PMD_HOLDFAST_DATAPATH_HW, /**< the NIC's own virtqueues */
	RTE_PMD_HOLDFAST_DATAPATH_POLL, /**< shadow virtqueues, polled by CPUs of the host */
	RTE_PMD_HOLDFAST_DATAPATH_AUTO, /**< hardware where it can do all that was negotiated */
};

/** Bytes of the reason, with the 0 at its end. */
#define RTE_PMD_HOLDFAST_DATAPATH_REASON 160

struct rte_pmd_holdfast_datapath {
	uint32_t argsz;
	uint32_t flags; /**< none are known */
	uint32_t wanted; /**< enum rte_pmd_holdfast_datapath_kind */
	uint32_t present; /**< out: HW or POLL: what serves, or served last */
	uint64_t switches; /**< out: of the running device, ever */
	char reason[RTE_PMD_HOLDFAST_DATAPATH_REASON]; /**< out: of what is present */
};

int rte_pmd_holdfast_datapath_get(
	struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_datapath *datapath);
/**
 * Have the device served by another datapath from now on, a guest that runs included: it goes on
 * where it was. What the guest sent goes out once; what arrives while no datapath is in charge is
 * dropped by the NIC; buffers that the guest has posted stay posted. What the device offers to
 * guests does not change: the argument datapath decides that. -EINVAL: no such datapath;
 * -EOPNOTSUPP: the NIC lacks it, or it does not do what the running guest negotiated; others of
 * the NIC's commands, and then the device is served as before.
 */
int rte_pmd_holdfast_datapath_set(
	struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_datapath *datapath);

/** Which guests without VIRTIO_F_VERSION_1 are served, as the argument legacy. */
enum rte_pmd_holdfast_legacy_kind {
	RTE_PMD_HOLDFAST_LEGACY_AUTO, /**< all, as any other */
	RTE_PMD_HOLDFAST_LEGACY_OFF, /**< none */
	RTE_PMD_HOLDFAST_LEGACY_POLL, /**< all, in poll mode only */
};

/** What becomes of a guest. */
enum rte_pmd_holdfast_outcome {
	RTE_PMD_HOLDFAST_SERVED,
	RTE_PMD_HOLDFAST_NOT_OFFERED, /**< the front end is not offered what it wants */
	/**
	 * The front end is answered with an error if it asks for answers, does not get FEATURES_OK
	 * if it sets the status, and else its connection is closed.
	 */
	RTE_PMD_HOLDFAST_REFUSED,
};

/** Why a guest is not served. */
enum rte_pmd_holdfast_reason {
	RTE_PMD_HOLDFAST_REASON_NONE, /**< it is */
	RTE_PMD_HOLDFAST_REASON_NOT_OFFERED, /**< features that are not offered */
	RTE_PMD_HOLDFAST_REASON_DEPENDENCY, /**< a feature without one that it needs */
	RTE_PMD_HOLDFAST_REASON_LEGACY, /**< no VERSION_1, and legacy=off */
	RTE_PMD_HOLDFAST_REASON_LEGACY_POLL, /**< legacy=poll, and no poll mode */
	RTE_PMD_HOLDFAST_REASON_NIC, /**< the NIC has nothing for the datapath */
	RTE_PMD_HOLDFAST_REASON_FEATURES, /**< the datapath does not do all features */
	RTE_PMD_HOLDFAST_REASON_BIG_ENDIAN, /**< the datapath reads no big-endian rings */
};

/** As if the device's arguments were those of the query. */
#define RTE_PMD_HOLDFAST_QUERY_DATAPATH (1u << 0)
#define RTE_PMD_HOLDFAST_QUERY_LEGACY (1u << 1)
#define RTE_PMD_HOLDFAST_QUERY_POLL_FEATURES (1u << 2)
/** The guest's rings are big-endian (vhost-user SET_VRING_ENDIAN). */
#define RTE_PMD_HOLDFAST_QUERY_BIG_ENDIAN (1u << 3)

/** Bytes of the reason, with the 0 at its end. */
#define RTE_PMD_HOLDFAST_QUERY_TEXT 320

struct rte_pmd_holdfast_query {
	uint32_t argsz;
	uint32_t flags; /**< RTE_PMD_HOLDFAST_QUERY_* */
	uint64_t features; /**< virtio and vhost-user bits that a guest would negotiate */
	uint32_t datapath; /**< enum rte_pmd_holdfast_datapath_kind; out: as is without the flag */
	uint32_t legacy; /**< enum rte_pmd_holdfast_legacy_kind; out: as is without the flag */
	uint32_t poll_features; /**< 0 or 1; out: as is without the flag */
	uint32_t outcome; /**< out: enum rte_pmd_holdfast_outcome */
	uint32_t reason; /**< out: enum rte_pmd_holdfast_reason */
	uint32_t served_by; /**< out, if it is served: DATAPATH_HW or _POLL */
	uint64_t offered; /**< out: what is offered to guests */
	char text[RTE_PMD_HOLDFAST_QUERY_TEXT]; /**< out: the reason as the log would have it */
};

/**
 * What would become of a guest with these features, before there is one; nothing changes by it.
 * -EINVAL: no such datapath, legacy or poll_features.
 */
int rte_pmd_holdfast_query(struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_query *query);

struct rte_pmd_holdfast_region {
	uint64_t iova;
	uint64_t size; /**< bytes */
	uint64_t offset; /**< in its backing file */
	uint32_t mrs; /**< registrations that it takes */
	int32_t numa_node; /**< of its first present page; -1: unknown */
	uint32_t requested; /**< 1: by rte_pmd_holdfast_map() */
	uint32_t reserved;
};

struct rte_pmd_holdfast_memory {
	uint32_t argsz;
	uint32_t flags; /**< none are known */
	uint32_t asid;
	uint32_t n_regions; /**< in: entries of regions; out: how many there are */
	struct rte_pmd_holdfast_region *regions; /**< NULL: not wanted */
	uint64_t live_bytes; /**< out, as all below: pinned by the live map */
	uint64_t deferred_bytes; /**< gone from the map and not unpinned yet */
	uint64_t held_bytes; /**< of live_bytes: without an owner, for the grace time */
	uint64_t mrs, mkeys; /**< live */
	uint64_t mrs_registered, mrs_destroyed, mrs_kept; /**< ever */
	uint64_t register_us, destroy_us; /**< ever, microseconds */
	uint64_t process_bytes; /**< guest memory mapped in this process, each page once */
};

/** What is mapped and pinned. -EMSGSIZE: regions is too small; n_regions tells how many are needed.
 */
int rte_pmd_holdfast_memory_get(
	struct rte_vdpa_device *vdev, struct rte_pmd_holdfast_memory *memory);

/**
 * A front end has connected: to be called in new_connection() of struct rte_vhost_device_ops (the
 * one call that is for there), which returns what this returns. From its first message on, the
 * driver sees what the front end says. Otherwise it does from the first GET_FEATURES on, and
 * librte_vhost carries out unchecked what comes before that, some of which ends the process
 * (SET_INFLIGHT_FD with a short file); and it is the library that answers the first GET_FEATURES,
 * without the features that it masks.
 *
 * May wait for the device's start for the front end before. 0; -ENODEV: the connection has no
 * device of this driver, and is none of its business: return 0 then; -EBUSY (logged): the device
 * serves another front end, and the library hangs up on this one.
 */
int rte_pmd_holdfast_connection(int vid);

#ifdef __cplusplus
}
#endif

#endif /* RTE_PMD_HOLDFAST_H */
