/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_dev.h"
#include "hf_error.h"

/* Events taken in one go, so that the errors of other devices get their turn. */
#define HF_ERROR_BUDGET 16

static uint64_t
hf_error_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One more repair is due, unless HF_VQ_ERRORS_MAX were already within the window. */
static bool
hf_error_repairable(struct hf_vq *vq)
{
	uint64_t now = hf_error_now_ms();
	uint64_t *oldest = &vq->error_at[vq->errors % HF_VQ_ERRORS_MAX];

	if (vq->errors >= HF_VQ_ERRORS_MAX && now - *oldest < HF_VQ_ERRORS_WINDOW_MS)
		return false;
	*oldest = now;
	vq->errors++;
	return true;
}

/* Take the ring down, and start it again where the guest got its buffers back. */
static void
hf_error_repair(struct hf_dev *dev, struct hf_vq *vq)
{
	bool again = hf_error_repairable(vq);
	int ret = hf_dev_ring_repair(dev, vq->index, again);

	if (!again)
		HF_LOG(ERR,
			"%s: ring %u: %u errors within %u ms: left stopped until the guest starts"
			" it again",
			dev->name, vq->index, HF_VQ_ERRORS_MAX + 1, HF_VQ_ERRORS_WINDOW_MS);
	else if (ret == 0)
		HF_LOG(NOTICE, "%s: ring %u: repair %u", dev->name, vq->index, vq->errors);
	else
		HF_LOG(ERR, "%s: ring %u: repair %u failed: left stopped until the guest starts it",
			dev->name, vq->index, vq->errors);
}

static void
hf_error_check(struct hf_dev *dev, struct hf_vq *vq)
{
	if (vq->path->outgrown != NULL && vq->path->outgrown(vq)) {
		if (hf_dev_ring_repair(dev, vq->index, true) != 0)
			HF_LOG(ERR, "%s: ring %u: left stopped until the guest starts it",
				dev->name, vq->index);
	} else if (vq->path->failed(vq)) {
		hf_error_repair(dev, vq);
	}
}

static void
hf_error_event(struct hf_dev *dev, uint64_t cookie)
{
	uint32_t version = cookie >> 32;
	uint32_t index = (uint32_t)cookie;
	struct hf_vq *vq;

	if (index >= dev->max_vqs)
		return;
	vq = &dev->vqs[index];
	hf_dev_lock(dev);
	if (vq->running && vq->version == version)
		hf_error_check(dev, vq);
	hf_dev_unlock(dev);
}

/* Events were lost: ask every queue. */
static void
hf_error_overflow(struct hf_dev *dev)
{
	uint16_t i;

	hf_dev_lock(dev);
	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].running)
			hf_error_check(dev, &dev->vqs[i]);
	hf_dev_unlock(dev);
}

/* --- the device as a whole --- */

static void
hf_error_fatal(struct hf_dev *dev)
{
	HF_LOG(CRIT,
		"%s: the NIC has a fatal error: all its rings stop, and no guest is served until the"
		" device is removed and added again",
		dev->name);
	hf_dev_lock(dev);
	hf_dev_event(dev, HF_EVENT_NIC_ERROR);
	hf_dev_unlock(dev);
	hf_config_link(dev);
}

static void
hf_error_async_cb(int fd, void *arg)
{
	struct hf_dev *dev = arg;
	bool was_dead = hf_devx_is_dead(dev->devx);
	enum hf_async what;
	unsigned int i;
	int ret;

	for (i = 0; i < HF_ERROR_BUDGET; i++) {
		ret = hf_devx_async_read(dev->devx, &what);
		if (ret == 0)
			return;
		if (ret < 0) {
			HF_LOG(CRIT, "%s: no event of the device is noticed any more: %s",
				dev->name, strerror(-ret));
			hf_loop_del(dev->rt->control, fd);
			return;
		}
		if (what == HF_ASYNC_LINK_DOWN || what == HF_ASYNC_LINK_UP) {
			hf_config_link(dev);
			HF_LOG(NOTICE, "%s: link %s", dev->name,
				what == HF_ASYNC_LINK_UP ? "up" : "down");
		} else if (what == HF_ASYNC_FATAL && !was_dead) {
			hf_error_fatal(dev);
		}
		was_dead = hf_devx_is_dead(dev->devx);
	}
}

/* --- queues --- */

static void
hf_error_cb(int fd, void *arg)
{
	struct hf_dev *dev = arg;
	unsigned int i;
	uint64_t cookie;
	int ret;

	for (i = 0; i < HF_ERROR_BUDGET; i++) {
		ret = hf_evch_read(&dev->errors, &cookie);
		if (ret == 0)
			return;
		if (ret == -EOVERFLOW) {
			hf_error_overflow(dev);
		} else if (ret < 0) {
			/* The NIC was unplugged: the channel would stay readable for ever. */
			HF_LOG(CRIT, "%s: no error of a queue is noticed any more", dev->name);
			hf_loop_del(dev->rt->control, fd);
			return;
		} else {
			hf_error_event(dev, cookie);
		}
	}
}

/* --- what other threads noticed --- */

static void
hf_error_report_cb(int fd, void *arg)
{
	struct hf_dev *dev = arg;
	eventfd_t n;
	uint16_t i;

	eventfd_read(fd, &n);
	hf_dev_lock(dev);
	for (i = 0; i < dev->max_vqs; i++) {
		if (__atomic_exchange_n(&dev->vqs[i].suspect, false, __ATOMIC_ACQUIRE) &&
			dev->vqs[i].running)
			hf_error_check(dev, &dev->vqs[i]);
	}
	hf_dev_unlock(dev);
}

void
hf_error_report(struct hf_vq *vq)
{
	__atomic_store_n(&vq->suspect, true, __ATOMIC_RELEASE);
	/* Cannot fail: the counter of reports is far from its limit. */
	eventfd_write(vq->dev->error_reports, 1);
}

int
hf_error_init(struct hf_dev *dev)
{
	int ret;

	dev->error_reports = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dev->error_reports < 0)
		return -errno;
	ret = hf_loop_add(dev->rt->control, dev->error_reports, hf_error_report_cb, dev);
	if (ret != 0)
		goto error_fd;
	ret = hf_loop_add(dev->rt->control, dev->errors.fd, hf_error_cb, dev);
	if (ret != 0)
		goto error_reports;
	ret = hf_loop_add(dev->rt->control, hf_devx_async_fd(dev->devx), hf_error_async_cb, dev);
	if (ret != 0)
		goto error_queues;
	return 0;
error_queues:
	hf_loop_del(dev->rt->control, dev->errors.fd);
error_reports:
	hf_loop_del(dev->rt->control, dev->error_reports);
error_fd:
	close(dev->error_reports);
	return ret;
}

void
hf_error_fini(struct hf_dev *dev)
{
	hf_loop_del(dev->rt->control, hf_devx_async_fd(dev->devx));
	hf_loop_del(dev->rt->control, dev->errors.fd);
	hf_loop_del(dev->rt->control, dev->error_reports);
	close(dev->error_reports);
}
