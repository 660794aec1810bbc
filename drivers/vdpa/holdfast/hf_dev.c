/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <bus_pci_driver.h>
#include <errno.h>
#include <infiniband/verbs.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include <hf_fds.h>

#include "hf_dev.h"
#include "hf_error.h"
#include "hf_hostnotif.h"
#include "hf_ibdev.h"
#include "hf_notify.h"
#include "hf_poller.h"
#include "hf_rings.h"
#include "vhost/hf_feature.h"

/* How long a removal waits for calls into the device to return. */
#define HF_DEV_WITHDRAW_S 60

/* Length of the empty mkey: any will do, no access through it reaches memory. */
#define HF_DEV_EMPTY_LEN (UINT32_C(1) << 20)

static TAILQ_HEAD(, hf_dev) hf_devs = TAILQ_HEAD_INITIALIZER(hf_devs);
static pthread_mutex_t hf_devs_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hf_devs_left =
	PTHREAD_COND_INITIALIZER; /* somebody left a device; CLOCK_REALTIME */

/* --- making and unmaking --- */

static int
hf_dev_open(struct hf_dev *dev)
{
	struct hf_devx_attr attr = {.name = dev->name};
	struct ibv_device **list;
	int ret;

	ret = hf_ibdev_find(&dev->pci->addr, dev->name, &list, &attr.ibdev);
	if (ret != 0)
		return ret;
	ret = hf_devx_open(&attr, &dev->devx);
	ibv_free_device_list(list);
	if (ret != 0) {
		HF_LOG(ERR, "%s: cannot open the verbs device with DevX: %s", dev->name,
			strerror(-ret));
		return ret;
	}
	dev->caps = hf_devx_caps(dev->devx);
	return 0;
}

static bool
hf_dev_has_hw(const struct hf_dev *dev)
{
	return hf_datapath_lacks_hw(dev->caps) == NULL;
}

/* A device that can serve neither modern guests nor legacy ones need not be there. */
static int
hf_dev_serves(const struct hf_dev *dev)
{
	const struct hf_guest legacy = {.features = 0};
	struct hf_answer answer;

	if (dev->offered & (UINT64_C(1) << VIRTIO_F_VERSION_1))
		return 0;
	hf_datapath_choose(dev->caps, &dev->wish, &legacy, &answer);
	if (answer.path != NULL)
		return 0;
	HF_LOG(ERR,
		"%s: no guest could be served: datapath=%s cannot offer VIRTIO_F_VERSION_1 on this"
		" NIC; and %s",
		dev->name, hf_datapath_name(dev->wish.datapath), answer.text);
	return -ENOTSUP;
}

/* What the NIC must be able to do, and how many queues of it this device uses. */
static int
hf_dev_limits(struct hf_dev *dev)
{
	uint32_t max = HF_ARGS_PAIRS_MAX * 2;
	struct hf_answer answer;

	dev->wish = dev->args.wish;
	hf_datapath_choose(dev->caps, &dev->wish, NULL, &answer);
	if (answer.path == NULL) {
		HF_LOG(ERR, "%s: datapath=%s: %s (virtio_net_q %d, max_num_virtio_queues %u)",
			dev->name, hf_datapath_name(dev->wish.datapath), answer.text,
			dev->caps->virtio_net_q, dev->caps->max_virtqs);
		return -ENOTSUP;
	}
	dev->path = answer.path;
	strlcpy(dev->path_reason, answer.text, sizeof(dev->path_reason));
	/* Whatever serves it first, it may be the other one's later. */
	if (hf_dev_has_hw(dev))
		max = RTE_MIN(max, dev->caps->max_virtqs & ~UINT32_C(1));
	if (dev->args.queue_pairs > max / 2) {
		HF_LOG(ERR, "%s: argument queue_pairs=%u: there are queues for %u pairs", dev->name,
			dev->args.queue_pairs, max / 2);
		return -EINVAL;
	}
	if (dev->args.queues * 2u > max ||
		(dev->args.queue_pairs != 0 && dev->args.queues > dev->args.queue_pairs)) {
		HF_LOG(ERR, "%s: argument queues=%u: the device has %u pairs", dev->name,
			dev->args.queues,
			dev->args.queue_pairs != 0 ? dev->args.queue_pairs : max / 2);
		return -EINVAL;
	}
	dev->max_vqs = dev->args.queue_pairs != 0 ? dev->args.queue_pairs * 2 : max;
	dev->port_mtu = hf_config_get(dev).port.mtu;
	dev->offered = hf_feature_offer(dev->caps, &dev->wish, dev->port_mtu);
	dev->protocol = hf_feature_protocol(dev->caps, &dev->wish, dev->offered);
	return hf_dev_serves(dev);
}

static int
hf_dev_empty_mkey_create(struct hf_dev *dev)
{
	struct hf_klm hole = {.bytes = HF_DEV_EMPTY_LEN, .mkey = hf_devx_null_lkey(dev->devx)};
	struct hf_mkey_attr attr = {.len = HF_DEV_EMPTY_LEN, .klm = &hole, .n_klm = 1};

	return hf_mkey_create(dev->devx, &attr, &dev->empty_mkey);
}

static int
hf_dev_steer_create(struct hf_dev *dev)
{
	int ret;

	ret = hf_td_create(dev->devx, &dev->td);
	if (ret != 0)
		return ret;
	ret = hf_tis_create(dev->devx, dev->td.id, &dev->tis);
	if (ret != 0)
		goto error_td;
	ret = hf_steer_create(dev->devx, dev->td.id, &dev->steer);
	if (ret != 0)
		goto error_tis;
	return 0;
error_tis:
	hf_steer_obj_destroy(&dev->tis);
error_td:
	hf_steer_obj_destroy(&dev->td);
	return ret;
}

static void
hf_dev_steer_destroy(struct hf_dev *dev)
{
	hf_steer_destroy(dev->steer);
	hf_steer_obj_destroy(&dev->tis);
	hf_steer_obj_destroy(&dev->td);
}

static int
hf_dev_events_create(struct hf_dev *dev)
{
	int ret;

	ret = hf_evch_create(dev->devx, true, &dev->cq_events);
	if (ret != 0)
		return ret;
	ret = hf_evch_create(dev->devx, false, &dev->errors);
	if (ret != 0)
		goto error_cq;
	ret = hf_error_init(dev);
	if (ret != 0)
		goto error_errors;
	ret = hf_notify_init(dev);
	if (ret != 0)
		goto error_error;
	return 0;
error_error:
	hf_error_fini(dev);
error_errors:
	hf_evch_destroy(&dev->errors);
error_cq:
	hf_evch_destroy(&dev->cq_events);
	return ret;
}

static void
hf_dev_events_destroy(struct hf_dev *dev)
{
	hf_notify_fini(dev);
	hf_error_fini(dev);
	hf_evch_destroy(&dev->errors);
	hf_evch_destroy(&dev->cq_events);
}

static int
hf_dev_vqs_create(struct hf_dev *dev)
{
	uint16_t i;
	int ret = 0;

	dev->vqs = calloc(dev->max_vqs, sizeof(*dev->vqs));
	dev->jobs = calloc(dev->max_vqs, sizeof(*dev->jobs));
	if (dev->vqs == NULL || dev->jobs == NULL) {
		ret = -ENOMEM;
		goto error;
	}
	for (i = 0; i < dev->max_vqs && ret == 0; i++)
		ret = hf_vq_init(&dev->vqs[i], dev, i);
	if (ret == 0)
		return 0;
	for (i--; i > 0; i--)
		hf_vq_fini(&dev->vqs[i - 1]);
error:
	free(dev->jobs);
	free(dev->vqs);
	return ret;
}

static void
hf_dev_vqs_destroy(struct hf_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		hf_vq_fini(&dev->vqs[i]);
	free(dev->jobs);
	free(dev->vqs);
}

/*
 * What is made of the open NIC; each step is undone in the reverse order here and in
 * hf_dev_destroy().
 */
static int
hf_dev_resources_create(struct hf_dev *dev)
{
	int ret;

	ret = hf_dev_has_hw(dev) ? hf_var_create(dev->devx, &dev->var) : 0;
	if (ret != 0)
		return ret;
	ret = hf_dev_empty_mkey_create(dev);
	if (ret != 0)
		goto error_var;
	ret = hf_dev_steer_create(dev);
	if (ret != 0)
		goto error_mkey;
	ret = hf_memory_init(dev);
	if (ret != 0)
		goto error_steer;
	ret = hf_dev_vqs_create(dev);
	if (ret != 0)
		goto error_memory;
	ret = hf_dev_events_create(dev);
	if (ret != 0)
		goto error_vqs;
	ret = dev->args.host_notifier && hf_dev_has_hw(dev) ? hf_hostnotif_create(dev) : 0;
	if (ret != 0)
		goto error_events;
	return 0;
error_events:
	hf_dev_events_destroy(dev);
error_vqs:
	hf_dev_vqs_destroy(dev);
error_memory:
	hf_memory_fini(dev);
error_steer:
	hf_dev_steer_destroy(dev);
error_mkey:
	hf_mkey_destroy(&dev->empty_mkey);
error_var:
	hf_var_destroy(&dev->var);
	return ret;
}

static void
hf_dev_resources_destroy(struct hf_dev *dev)
{
	hf_hostnotif_destroy(dev);
	hf_dev_events_destroy(dev);
	hf_dev_vqs_destroy(dev);
	hf_memory_fini(dev);
	hf_dev_steer_destroy(dev);
	hf_mkey_destroy(&dev->empty_mkey);
	hf_var_destroy(&dev->var);
}

/* Those that the device's queues may need, whatever serves them at first. */
static int
hf_dev_pollers_get(struct hf_dev *dev)
{
	if (hf_datapath_lacks_poll(dev->caps) != NULL)
		return 0;
	return hf_pollers_get(dev->name, dev->args.poll_core);
}

static void
hf_dev_pollers_put(struct hf_dev *dev)
{
	if (hf_datapath_lacks_poll(dev->caps) == NULL)
		hf_pollers_put();
}

/*
 * That a front end's guest brings: kick and call of each ring, the library's and ours, and in poll
 * mode what its queue says with; memory regions likewise, while a new table replaces the old one.
 */
static unsigned int
hf_dev_fds(const struct hf_dev *dev)
{
	return 6 * dev->max_vqs + 32;
}

int
hf_dev_create(struct rte_pci_device *pci, const struct hf_args *args, struct hf_dev **out)
{
	struct hf_dev *dev;
	int ret;

	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return -ENOMEM;
	dev->pci = pci;
	dev->args = *args;
	dev->front.vid = -1;
	dev->front.request_fd = -1;
	rte_pci_device_name(&pci->addr, dev->name, sizeof(dev->name));
	ret = hf_turn_init(&dev->lock);
	if (ret != 0)
		goto error_dev;
	ret = hf_dev_open(dev);
	if (ret != 0)
		goto error_lock;
	ret = hf_config_init(dev);
	if (ret != 0)
		goto error_open;
	ret = hf_dev_limits(dev);
	if (ret != 0)
		goto error_config;
	ret = hf_runtime_get(dev->name, args->event_core, &dev->rt);
	if (ret != 0)
		goto error_config;
	ret = hf_dev_pollers_get(dev);
	if (ret != 0)
		goto error_runtime;
	hf_fds_reserve(hf_dev_fds(dev));
	ret = hf_dev_resources_create(dev);
	if (ret != 0)
		goto error_fds;
	*out = dev;
	return 0;
error_fds:
	hf_fds_release(hf_dev_fds(dev));
	hf_dev_pollers_put(dev);
error_runtime:
	hf_runtime_put(dev->rt);
error_config:
	hf_config_fini(dev);
error_open:
	hf_devx_close(dev->devx);
error_lock:
	hf_turn_fini(&dev->lock);
error_dev:
	free(dev);
	return ret;
}

void
hf_dev_destroy(struct hf_dev *dev)
{
	hf_dev_lock(dev);
	hf_dev_event(dev, HF_EVENT_REMOVE);
	hf_dirty_drop(dev);
	hf_dev_unlock(dev);
	hf_dev_resources_destroy(dev);
	hf_fds_release(hf_dev_fds(dev));
	hf_dev_pollers_put(dev);
	hf_runtime_put(dev->rt);
	hf_config_fini(dev);
	hf_devx_close(dev->devx);
	hf_turn_fini(&dev->lock);
	free(dev);
}

/* --- the list of devices --- */

void
hf_dev_publish(struct hf_dev *dev)
{
	pthread_mutex_lock(&hf_devs_lock);
	TAILQ_INSERT_TAIL(&hf_devs, dev, next);
	pthread_mutex_unlock(&hf_devs_lock);
}

struct hf_dev *
hf_dev_find(const struct rte_pci_device *pci)
{
	struct hf_dev *dev;

	pthread_mutex_lock(&hf_devs_lock);
	TAILQ_FOREACH(dev, &hf_devs, next)
		if (dev->pci == pci)
			break;
	pthread_mutex_unlock(&hf_devs_lock);
	return dev;
}

int
hf_dev_withdraw(struct hf_dev *dev)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HF_DEV_WITHDRAW_S;
	pthread_mutex_lock(&hf_devs_lock);
	TAILQ_REMOVE(&hf_devs, dev, next);
	while (dev->entered > 0 && ret == 0)
		ret = pthread_cond_timedwait(&hf_devs_left, &hf_devs_lock, &until);
	ret = dev->entered > 0 ? -EBUSY : 0;
	pthread_mutex_unlock(&hf_devs_lock);
	return ret;
}

struct hf_dev *
hf_dev_enter(const struct rte_vdpa_device *vdev)
{
	struct hf_dev *dev;

	if (vdev == NULL)
		return NULL;
	pthread_mutex_lock(&hf_devs_lock);
	TAILQ_FOREACH(dev, &hf_devs, next) {
		if (dev->vdev == vdev) {
			dev->entered++;
			break;
		}
	}
	pthread_mutex_unlock(&hf_devs_lock);
	return dev;
}

struct hf_dev *
hf_dev_enter_name(const char *name)
{
	struct hf_dev *dev;

	pthread_mutex_lock(&hf_devs_lock);
	TAILQ_FOREACH(dev, &hf_devs, next) {
		if (strcmp(dev->name, name) == 0) {
			dev->entered++;
			break;
		}
	}
	pthread_mutex_unlock(&hf_devs_lock);
	return dev;
}

void
hf_dev_walk(void (*cb)(const struct hf_dev *dev, void *arg), void *arg)
{
	const struct hf_dev *dev;

	pthread_mutex_lock(&hf_devs_lock);
	TAILQ_FOREACH(dev, &hf_devs, next)
		cb(dev, arg);
	pthread_mutex_unlock(&hf_devs_lock);
}

void
hf_dev_leave(struct hf_dev *dev)
{
	pthread_mutex_lock(&hf_devs_lock);
	if (--dev->entered == 0)
		pthread_cond_broadcast(&hf_devs_left);
	pthread_mutex_unlock(&hf_devs_lock);
}
