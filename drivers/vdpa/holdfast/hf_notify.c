/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_io.h>

#include <hf_eventfd.h>

#include "hf_dev.h"
#include "hf_error.h"
#include "hf_notify.h"

/* Events taken in one go, so that the kicks of other guests get their turn. */
#define HF_NOTIFY_BUDGET 64

/* --- to the NIC --- */

/*
 * The NIC takes the queue number at the start of the page, whoever writes it: this thread, or a
 * guest that maps it.
 */
static void
hf_notify_doorbell(struct hf_vq *vq)
{
	uint32_t *doorbell = vq->dev->var.page;

	/* Buffers are visible before it; in one piece, whichever threads store at once. */
	rte_io_wmb();
	__atomic_store_n(doorbell, rte_cpu_to_le_32(vq->index), __ATOMIC_RELAXED);
}

/* Without waiting, whatever flags the front end sets; by them on kernels that cannot (before 5.8).
 */
static ssize_t
hf_notify_read(int fd, void *buf, size_t size)
{
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	ssize_t len;

	len = preadv2(fd, &iov, 1, -1, RWF_NOWAIT);
	if (len < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		len = read(fd, buf, size);
	return len;
}

int
hf_notify_drain(int fd)
{
	uint64_t n;
	ssize_t len;

	len = hf_notify_read(fd, &n, sizeof(n));
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return len > 0 ? 1 : -EIO;
}

static void
hf_notify_kick_cb(int fd, void *arg)
{
	struct hf_vq *vq = arg;
	int ret = hf_notify_drain(fd);

	if (ret == 0)
		return;
	__atomic_fetch_add(&vq->kicks, 1, __ATOMIC_RELAXED);
	hf_notify_doorbell(vq);
	if (ret < 0) {
		/* Not an eventfd: it would stay readable for ever. Nothing of vq after this. */
		HF_LOG(WARNING,
			"%s: ring %u: the kick descriptor is no eventfd; kicks are not relayed",
			vq->dev->name, vq->index);
		hf_loop_del(vq->dev->rt->events, fd);
	}
}

/* --- to the guest --- */

/* With notify_lock. */
static void
hf_notify_call(struct hf_vq *vq)
{
	if (vq->callfd >= 0 && hf_eventfd_call(vq->callfd))
		__atomic_fetch_add(&vq->calls, 1, __ATOMIC_RELAXED);
}

/*
 * Consume first, notify once after that: a guest that is told at the first of many completions
 * would miss the rest. Were there any? With notify_lock.
 */
static bool
hf_notify_look(struct hf_vq *vq)
{
	bool found = hf_eqp_poll(vq->eqp) > 0;

	if (found)
		hf_notify_call(vq);
	if (hf_eqp_errors(vq->eqp) != vq->eqp_errors && !vq->eqp_broken) {
		vq->eqp_broken = true;
		hf_error_report(vq);
	}
	return found;
}

/* Arming comes last; the NIC sends an event at once if more completed meanwhile. */
static void
hf_notify_completed(struct hf_vq *vq)
{
	pthread_mutex_lock(&vq->notify_lock);
	if (vq->eqp != NULL && !vq->timed) {
		hf_notify_look(vq);
		vq->timed = hf_pace_event(&vq->dev->pace, &vq->pace);
		if (!vq->timed)
			hf_eqp_arm(vq->eqp);
	}
	pthread_mutex_unlock(&vq->notify_lock);
}

/* --- by the timer --- */

/* A round over the queues that are left to it. Are there any, and had one completions? */
static void
hf_notify_round(struct hf_dev *dev, bool *left, bool *found)
{
	struct hf_vq *vq;
	uint16_t i;

	*left = *found = false;
	for (i = 0; i < dev->max_vqs; i++) {
		vq = &dev->vqs[i];
		pthread_mutex_lock(&vq->notify_lock);
		if (vq->timed && vq->eqp != NULL) {
			*left = true;
			*found |= hf_notify_look(vq);
			__atomic_fetch_add(&vq->rounds, 1, __ATOMIC_RELAXED);
		}
		pthread_mutex_unlock(&vq->notify_lock);
	}
}

static void
hf_notify_rearm(struct hf_dev *dev)
{
	struct hf_vq *vq;
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++) {
		vq = &dev->vqs[i];
		pthread_mutex_lock(&vq->notify_lock);
		if (vq->timed && vq->eqp != NULL)
			hf_eqp_arm(vq->eqp);
		vq->timed = false;
		pthread_mutex_unlock(&vq->notify_lock);
	}
}

static void
hf_notify_timer_cb(int fd, void *arg)
{
	struct hf_dev *dev = arg;
	bool left, found;
	uint64_t times;

	/* Nothing to read: its interval changed since it fired. */
	if (read(fd, &times, sizeof(times)) != sizeof(times))
		return;
	hf_notify_round(dev, &left, &found);
	if (!hf_pace_round(&dev->pace, left, found))
		hf_notify_rearm(dev);
}

/* --- by events --- */

static void
hf_notify_cq_cb(int fd, void *arg)
{
	struct hf_dev *dev = arg;
	unsigned int i;
	uint64_t cookie;
	int ret;

	for (i = 0; i < HF_NOTIFY_BUDGET; i++) {
		ret = hf_evch_read(&dev->cq_events, &cookie);
		if (ret == 0)
			return;
		if (ret < 0) {
			/* The NIC was unplugged: the channel would stay readable for ever. */
			HF_LOG(CRIT, "%s: no completion is noticed any more", dev->name);
			hf_loop_del(dev->rt->events, fd);
			return;
		}
		if (cookie < dev->max_vqs)
			hf_notify_completed(&dev->vqs[cookie]);
	}
}

int
hf_notify_init(struct hf_dev *dev)
{
	int ret;

	ret = hf_pace_init(&dev->pace, &dev->args);
	if (ret != 0)
		return ret;
	ret = hf_loop_add(dev->rt->events, dev->pace.timer, hf_notify_timer_cb, dev);
	if (ret != 0)
		goto error_pace;
	ret = hf_loop_add(dev->rt->events, dev->cq_events.fd, hf_notify_cq_cb, dev);
	if (ret != 0)
		goto error_timer;
	return 0;
error_timer:
	hf_loop_del(dev->rt->events, dev->pace.timer);
error_pace:
	hf_pace_fini(&dev->pace);
	return ret;
}

void
hf_notify_fini(struct hf_dev *dev)
{
	hf_loop_del(dev->rt->events, dev->cq_events.fd);
	hf_loop_del(dev->rt->events, dev->pace.timer);
	hf_pace_fini(&dev->pace);
}

/* --- per queue --- */

/*
 * -1 stays -1: a front end that polls. Anything but an anonymous inode, as eventfds are, is
 * refused: pipes and sockets would block, or raise SIGPIPE.
 */
static int
hf_notify_dup(int fd, int *copy)
{
	struct stat st;

	*copy = -1;
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) != 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != 0)
		return -EINVAL;
	*copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (*copy < 0)
		return -errno;
	hf_eventfd_nonblock(*copy);
	return 0;
}

/*
 * Ask the guest for kicks: an earlier back end may have left the ring without (virtio 1.2, 2.7.10
 * and 2.8.10). In split rings that is the flags word at the start of the used ring, in packed ones
 * the second word of the device event area.
 */
static void
hf_notify_want_kicks(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	volatile uint16_t *flags;

	flags = hf_ioas_gpa_to_hva(vq->dev->mem.ioas[HF_ASID_GUEST],
		ring->used + (ring->packed ? sizeof(*flags) : 0), sizeof(*flags));
	if (flags != NULL)
		*flags = 0;
}

int
hf_notify_open(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	int callfd, ret;

	ret = hf_notify_dup(ring->callfd, &callfd);
	if (ret == 0)
		ret = hf_notify_dup(ring->kickfd, &vq->kickfd);
	if (ret != 0) {
		if (callfd >= 0)
			close(callfd);
		HF_LOG(ERR,
			"%s: ring %u: cannot relay notifications (kick and call descriptors must be eventfds): %s",
			vq->dev->name, vq->index, strerror(-ret));
		return ret;
	}
	pthread_mutex_lock(&vq->notify_lock);
	vq->callfd = callfd;
	pthread_mutex_unlock(&vq->notify_lock);
	return 0;
}

void
hf_notify_close(struct hf_vq *vq)
{
	if (vq->kickfd >= 0)
		close(vq->kickfd);
	vq->kickfd = -1;
	pthread_mutex_lock(&vq->notify_lock);
	if (vq->callfd >= 0)
		close(vq->callfd);
	vq->callfd = -1;
	pthread_mutex_unlock(&vq->notify_lock);
}

int
hf_notify_on(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	int ret;

	/* What the guest has there by now is on its way while the rest is set up. */
	hf_notify_doorbell(vq);
	ret = hf_notify_open(vq, ring);
	if (ret != 0)
		return ret;
	pthread_mutex_lock(&vq->notify_lock);
	vq->timed = false;
	hf_eqp_poll(vq->eqp);
	hf_eqp_arm(vq->eqp);
	pthread_mutex_unlock(&vq->notify_lock);
	hf_notify_want_kicks(vq, ring);
	if (vq->kickfd < 0) {
		HF_LOG(WARNING,
			"%s: ring %u has no kick descriptor: the NIC notices new buffers only if"
			" the guest writes its doorbell page",
			vq->dev->name, vq->index);
	} else {
		ret = hf_loop_add(vq->dev->rt->events, vq->kickfd, hf_notify_kick_cb, vq);
		if (ret != 0) {
			HF_LOG(ERR, "%s: ring %u: its kicks cannot be waited for: %s",
				vq->dev->name, vq->index, strerror(-ret));
			hf_notify_close(vq);
			return ret;
		}
	}
	hf_notify_nudge(vq);
	return 0;
}

void
hf_notify_kick_off(struct hf_vq *vq)
{
	if (vq->kickfd < 0)
		return;
	hf_loop_del(vq->dev->rt->events, vq->kickfd);
	close(vq->kickfd);
	vq->kickfd = -1;
}

void
hf_notify_call_off(struct hf_vq *vq)
{
	pthread_mutex_lock(&vq->notify_lock);
	if (vq->eqp != NULL && hf_eqp_poll(vq->eqp) > 0)
		hf_notify_call(vq);
	vq->timed = false;
	pthread_mutex_unlock(&vq->notify_lock);
	hf_notify_close(vq);
}

void
hf_notify_nudge(struct hf_vq *vq)
{
	hf_notify_doorbell(vq);
	hf_notify_guest(vq);
}

void
hf_notify_guest(struct hf_vq *vq)
{
	pthread_mutex_lock(&vq->notify_lock);
	hf_notify_call(vq);
	pthread_mutex_unlock(&vq->notify_lock);
}

bool
hf_notify_is_broken(struct hf_vq *vq)
{
	bool broken;

	pthread_mutex_lock(&vq->notify_lock);
	broken = vq->eqp_broken;
	pthread_mutex_unlock(&vq->notify_lock);
	return broken;
}
