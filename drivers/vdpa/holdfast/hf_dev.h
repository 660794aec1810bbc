/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The device object: everything that the driver holds for one PCI function.
 *
 * Locks, outermost first:
 *
 * - the list of devices (hf_dev.c): only to find, enter and unlink a device; nothing else is taken
 *   or done under it;
 *
 * - hf_dev.lock: the state of the device and of its queues, and all calls of lib/devx, lib/ioas and
 *   lib/steer for it; workers make them for the thread that holds the lock and waits (hf_rings.h,
 *   lib/ioas); what lib/ioas registers ahead or destroys later they do without it. It is a turn
 *   that can be handed on: librte_vhost's thread, which serves all devices, gives it to a thread of
 *   the pool "start" with the start of a device, and only the next message of that device waits
 *   for it;
 *
 * - hf_vq.notify_lock: what the event thread uses of a queue (event CQ, call descriptor).
 *   hf_loop_del() is never called under it, so the event thread may take it;
 *
 * - hf_config.lock: what guests read of the configuration space.
 *
 * librte_vhost may call with its own locks held (its sockets', all its rings'); nothing here calls
 * it back where it would take one of those, see vhost/.
 *
 * Threads: librte_vhost's (messages), the application's (statistics, removal), and those of the
 * process for all devices (hf_runtime.h): "events" relays kicks and completions and never takes
 * hf_dev.lock, "control" repairs queues and may, workers carry out commands and never do, "start"
 * starts devices with the lock that it was handed, "ask" talks to front ends without it.
 */
#ifndef HF_DEV_H
#define HF_DEV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <hf_devx.h>
#include <hf_ioas.h>
#include <hf_log.h>
#include <hf_loop.h>
#include <hf_steer.h>
#include <hf_turn.h>

#include "hf_args.h"
#include "hf_config.h"
#include "hf_dirty.h"
#include "hf_front.h"
#include "hf_life.h"
#include "hf_memory.h"
#include "hf_runtime.h"
#include "hf_vq.h"

struct hf_hostnotif;
struct hf_ring_job;
struct rte_pci_device;
struct rte_vdpa_device;

struct hf_dev {
	/* List lock. */
	TAILQ_ENTRY(hf_dev) next;
	unsigned int entered; /* threads between hf_dev_enter() and hf_dev_leave() */

	/* From creation to destruction the same. */
	char name[32]; /* PCI address, in all log lines */
	struct rte_pci_device *pci;
	struct rte_vdpa_device *vdev;
	struct hf_args args;
	struct hf_runtime *rt;
	struct hf_devx *devx;
	const struct hf_devx_caps *caps;
	uint64_t offered; /* virtio and vhost-user feature bits */
	uint64_t protocol; /* vhost-user protocol features that are offered */
	uint16_t port_mtu; /* at probe; 0: unknown, or of no interest */
	struct hf_var var; /* the doorbell page of all queues; none without virtqueues */
	struct hf_mkey empty_mkey; /* one hole: what kept queues get when the guest is gone */
	struct hf_steer_obj td, tis;
	struct hf_steer *steer;
	struct hf_evch cq_events, errors;
	struct hf_pace pace; /* the event thread's */
	int error_reports; /* eventfd: hf_error_report() */
	struct hf_hostnotif *hostnotif; /* NULL: not wanted */
	uint16_t max_vqs; /* entries of vqs: what the NIC has and the arguments allow */
	struct hf_vq *vqs;
	struct hf_ring_job *jobs; /* hf_rings.c: as many; guarded by lock */

	struct hf_config config; /* has a lock of its own */

	struct hf_turn lock; /* hf_dev_lock() */
	/* Guarded by lock. */
	struct hf_front front; /* the vhost-user connection */
	bool configured; /* between a successful hf_dev_conf() and the next stop */
	struct hf_memory mem; /* its address spaces are the same from creation to destruction */
	uint64_t backend_acked; /* backend features that the application acknowledged */
	struct hf_guest guest; /* what was negotiated; valid while configured */
	uint16_t mtu; /* of the port, when the device was configured; 0: unknown */
	struct hf_wish wish; /* what the user wants */
	const struct hf_path *path; /* what serves, or last served, its queues */
	char path_reason[HF_DATAPATH_REASON];
	uint64_t path_switches; /* of the running device; ever */
	struct hf_dirty dirty; /* the front end's log of written pages */
};

/*
 * Make all that a device needs until it is removed; nothing of a guest yet. The caller registers
 * it. 0, or a negative errno after a log line: -ENOTSUP (the NIC has no virtio-net queues), or of
 * the call that failed.
 */
int hf_dev_create(struct rte_pci_device *pci, const struct hf_args *args, struct hf_dev **dev);
/* Stops what runs, destroys all, reports leaks. The device must not be published. */
void hf_dev_destroy(struct hf_dev *dev);

/* Let hf_dev_enter() find the device. */
void hf_dev_publish(struct hf_dev *dev);
/* The published device of a PCI function, or NULL. For its removal: nothing holds it. */
struct hf_dev *hf_dev_find(const struct rte_pci_device *pci);
/*
 * Take a device out of the list, and wait (bounded) until nobody is in it any more. 0, or -EBUSY:
 * somebody stays in it; it is out of the list but must not be freed.
 */
int hf_dev_withdraw(struct hf_dev *dev);

/*
 * Find a published device and hold it until hf_dev_leave(); takes no other lock. NULL when unknown.
 * The pointer is only compared, so it may dangle.
 */
struct hf_dev *hf_dev_enter(const struct rte_vdpa_device *vdev);
/* The same by PCI address, as log lines have it. */
struct hf_dev *hf_dev_enter_name(const char *name);
void hf_dev_leave(struct hf_dev *dev);

/* Not by who has it; who holds it may be another thread when it is given back. */
static inline void
hf_dev_lock(struct hf_dev *dev)
{
	hf_turn_take(&dev->lock);
}

static inline void
hf_dev_unlock(struct hf_dev *dev)
{
	hf_turn_give(&dev->lock);
}
/* cb for each published device, under the lock of the list: it reads what never changes. */
void hf_dev_walk(void (*cb)(const struct hf_dev *dev, void *arg), void *arg);

/*
 * The calls below want hf_dev.lock held. They are in hf_conf.c.
 */

/*
 * Start the device for the connection that dev->front describes: features, MTU, memory, queues,
 * steering. 0, or a negative errno with nothing started and the reason logged.
 */
int hf_dev_conf(struct hf_dev *dev);
/*
 * Make what leads packets to the receive queues that are there: all of it if the arguments say how
 * many queues the guest will have, else all but the flows. 0 or a negative errno: a start will make
 * what is missing.
 */
int hf_dev_steer_early(struct hf_dev *dev);
/*
 * Is a guest's MTU (bytes of an IP packet) one that the port takes now? 0; -EMSGSIZE (logged); or
 * of the NIC's command that failed.
 */
int hf_dev_mtu_check(struct hf_dev *dev, uint16_t wanted);
/* What 'event' means for the whole device, as the table in hf_life.c says. Idempotent. */
void hf_dev_event(struct hf_dev *dev, enum hf_event event);
/*
 * Reset the device for the application: all queues are made anew, and with clean_map the guest's
 * map too; a device that a front end has running goes on where it was. 0 or a negative errno,
 * logged.
 */
int hf_dev_reset(struct hf_dev *dev, bool clean_map);
/*
 * The front end changed features of a device that runs: dirty logging goes on or off, by another
 * datapath if this one doesn't log. 0, or a negative errno, logged.
 */
int hf_dev_features(struct hf_dev *dev);
/*
 * Have the device served by another datapath, from now on; one that runs goes on where it was. 0,
 * or a negative errno (logged) and the wish is what it was: -EOPNOTSUPP: it does not do what was
 * negotiated, or the NIC lacks it; of a start that failed, and then the device is served as before,
 * or stays stopped where that fails, too.
 */
int hf_dev_datapath(struct hf_dev *dev, enum hf_datapath wanted);
/*
 * The front end enabled or disabled a ring; index is below max_vqs. On a device that is not
 * configured that is only remembered. A negative errno is logged, and the ring is stopped then.
 */
int hf_dev_ring_state(struct hf_dev *dev, uint16_t index, bool enable);
/*
 * Take a ring that is in error down, and with 'again' set start it where the guest got its buffers
 * back.
 */
int hf_dev_ring_repair(struct hf_dev *dev, uint16_t index, bool again);
/*
 * Ring doorbell and call descriptor of each running queue, so that neither side waits for a lost
 * notification.
 */
void hf_dev_nudge(struct hf_dev *dev);

#endif /* HF_DEV_H */
