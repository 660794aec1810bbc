/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <rte_vhost.h>
#include <vdpa_driver.h>

#include "../hf_dev.h"
#include "../hf_hostnotif.h"

/* How long the end of a connection waits for an answer, before and after it cuts the channel. */
#define HF_HOSTNOTIF_ANSWER_MS 200
#define HF_HOSTNOTIF_CUT_MS 2000

enum hf_hostnotif_state {
	HF_HOSTNOTIF_NONE,
	HF_HOSTNOTIF_WANTED,
	HF_HOSTNOTIF_ASKED,
	HF_HOSTNOTIF_UNWANTED, /* the page is to be taken back */
};

/*
 * Apart from the device, and never pointing back: should a request be stuck for good, this is all
 * that stays.
 */
struct hf_hostnotif {
	char name[32];
	struct hf_work *ask; /* the process's threads for this */
	pthread_mutex_t lock; /* innermost; not held during a request */
	pthread_cond_t cond; /* busy or posted ended; CLOCK_MONOTONIC */
	/* Guarded by lock. */
	int vid; /* whose rings these are */
	bool posted; /* a thread asks for these rings, or will */
	bool busy; /* a request is on its way */
	bool orphan; /* nobody waits for who asks: he frees this */
	bool *mapped; /* of each ring: the front end has the page, or may have it; read atomically
		       */
	uint16_t n;
	uint8_t state[]; /* enum hf_hostnotif_state of each ring */
};

static void
hf_hostnotif_free(struct hf_hostnotif *h)
{
	pthread_cond_destroy(&h->cond);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* With lock. The next ring to ask for, or n. */
static uint16_t
hf_hostnotif_next(const struct hf_hostnotif *h)
{
	uint16_t i;

	for (i = 0; i < h->n; i++)
		if (h->state[i] == HF_HOSTNOTIF_WANTED || h->state[i] == HF_HOSTNOTIF_UNWANTED)
			break;
	return i;
}

static void
hf_hostnotif_mapped_set(struct hf_hostnotif *h, uint16_t index, bool mapped)
{
	__atomic_store_n(&h->mapped[index], mapped, __ATOMIC_RELAXED);
}

/* With lock, which is let go meanwhile. */
static int
hf_hostnotif_request(struct hf_hostnotif *h, uint16_t index, bool enable)
{
	int ret, vid = h->vid;

	h->busy = true;
	pthread_mutex_unlock(&h->lock);
	ret = rte_vhost_host_notifier_ctrl(vid, index, enable);
	pthread_mutex_lock(&h->lock);
	h->busy = false;
	pthread_cond_broadcast(&h->cond);
	return ret;
}

/* With lock, as the next one. */
static void
hf_hostnotif_take_back(struct hf_hostnotif *h, uint16_t index)
{
	h->state[index] = HF_HOSTNOTIF_NONE;
	if (hf_hostnotif_request(h, index, false) == 0)
		hf_hostnotif_mapped_set(h, index, false);
	else
		HF_LOG(WARNING,
			"%s: ring %u: the front end keeps the NIC's doorbell page: its kicks are not"
			" noticed, and the ring is looked at each millisecond",
			h->name, index);
}

static void
hf_hostnotif_ask(struct hf_hostnotif *h, uint16_t index)
{
	int ret;

	h->state[index] = HF_HOSTNOTIF_ASKED;
	hf_hostnotif_mapped_set(h, index, true);
	ret = hf_hostnotif_request(h, index, true);
	hf_hostnotif_mapped_set(h, index, ret == 0);
	if (ret == 0)
		HF_LOG(INFO, "%s: ring %u: the guest's kicks go to the NIC directly", h->name,
			index);
	else if (ret == -ENOTSUP)
		HF_LOG(DEBUG,
			"%s: ring %u: the front end takes no host notifier, kicks are relayed",
			h->name, index);
	else
		HF_LOG(WARNING,
			"%s: ring %u: the front end refuses the host notifier, kicks are relayed",
			h->name, index);
}

static void
hf_hostnotif_task(void *arg)
{
	struct hf_hostnotif *h = arg;
	uint16_t index;
	bool orphan;

	pthread_mutex_lock(&h->lock);
	while ((index = hf_hostnotif_next(h)) < h->n) {
		if (h->state[index] == HF_HOSTNOTIF_WANTED)
			hf_hostnotif_ask(h, index);
		else
			hf_hostnotif_take_back(h, index);
	}
	h->posted = false;
	pthread_cond_broadcast(&h->cond);
	orphan = h->orphan;
	pthread_mutex_unlock(&h->lock);
	if (orphan)
		hf_hostnotif_free(h);
}

static int
hf_hostnotif_locks(struct hf_hostnotif *h)
{
	pthread_condattr_t attr;
	int ret;

	ret = pthread_mutex_init(&h->lock, NULL);
	if (ret != 0)
		return -ret;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	ret = pthread_cond_init(&h->cond, &attr);
	pthread_condattr_destroy(&attr);
	if (ret != 0)
		pthread_mutex_destroy(&h->lock);
	return -ret;
}

int
hf_hostnotif_create(struct hf_dev *dev)
{
	struct hf_hostnotif *h;
	int ret;

	h = calloc(1, sizeof(*h) + dev->max_vqs * (sizeof(h->state[0]) + sizeof(h->mapped[0])));
	if (h == NULL)
		return -ENOMEM;
	h->mapped = (bool *)&h->state[dev->max_vqs];
	memcpy(h->name, dev->name, sizeof(h->name));
	h->vid = -1;
	h->n = dev->max_vqs;
	h->ask = dev->rt->ask;
	ret = hf_hostnotif_locks(h);
	if (ret != 0) {
		free(h);
		return ret;
	}
	dev->hostnotif = h;
	return 0;
}

/* With lock: wait while *what is true. False: it still is after ms milliseconds. */
static bool
hf_hostnotif_wait(struct hf_hostnotif *h, const bool *what, unsigned int ms)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (ms % 1000) * 1000000L;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (*what && ret == 0)
		ret = pthread_cond_timedwait(&h->cond, &h->lock, &until);
	return !*what;
}

static void
hf_hostnotif_forget(struct hf_hostnotif *h)
{
	memset(h->state, HF_HOSTNOTIF_NONE, h->n);
	h->vid = -1;
}

void
hf_hostnotif_destroy(struct hf_dev *dev)
{
	struct hf_hostnotif *h = dev->hostnotif;
	bool done, stuck;

	if (h == NULL)
		return;
	dev->hostnotif = NULL;
	pthread_mutex_lock(&h->lock);
	hf_hostnotif_forget(h);
	done = hf_hostnotif_wait(h, &h->posted, HF_HOSTNOTIF_CUT_MS);
	/* From the unlock on it may be gone. */
	h->orphan = !done;
	stuck = h->busy;
	pthread_mutex_unlock(&h->lock);
	if (done) {
		hf_hostnotif_free(h);
	} else if (stuck) {
		hf_runtime_ask_lost();
		HF_LOG(ERR,
			"%s: a front end does not answer the host notifier request; its thread is left behind",
			dev->name);
	}
}

void
hf_hostnotif_offer(struct hf_dev *dev)
{
	struct hf_hostnotif *h = dev->hostnotif;
	uint16_t i;

	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	h->vid = dev->front.vid;
	for (i = 0; i < h->n; i++) {
		if (!dev->vqs[i].running || h->state[i] != HF_HOSTNOTIF_NONE)
			continue;
		if (dev->path == &hf_path_hw)
			h->state[i] = HF_HOSTNOTIF_WANTED;
		else if (h->mapped[i])
			h->state[i] = HF_HOSTNOTIF_UNWANTED;
	}
	if (!h->posted && hf_hostnotif_next(h) < h->n) {
		h->posted = hf_work_post(h->ask, hf_hostnotif_task, h) == 0;
		if (!h->posted)
			HF_LOG(WARNING,
				"%s: no memory to ask for host notifiers: kicks are relayed",
				h->name);
	}
	pthread_mutex_unlock(&h->lock);
}

void
hf_hostnotif_withdraw(struct hf_dev *dev)
{
	struct hf_hostnotif *h = dev->hostnotif;

	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	hf_hostnotif_forget(h);
	pthread_mutex_unlock(&h->lock);
}

const bool *
hf_hostnotif_mapped(const struct hf_dev *dev, uint16_t index)
{
	return dev->hostnotif != NULL ? &dev->hostnotif->mapped[index] : NULL;
}

static void
hf_hostnotif_none_mapped(struct hf_hostnotif *h)
{
	uint16_t i;

	for (i = 0; i < h->n; i++)
		hf_hostnotif_mapped_set(h, i, false);
}

void
hf_hostnotif_end(struct hf_dev *dev)
{
	struct hf_hostnotif *h = dev->hostnotif;

	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	hf_hostnotif_forget(h);
	hf_hostnotif_none_mapped(h);
	if (!hf_hostnotif_wait(h, &h->busy, HF_HOSTNOTIF_ANSWER_MS)) {
		/*
		 * The library closes it next; closing alone would not wake the thread that reads
		 * from it.
		 */
		if (dev->front.request_fd >= 0)
			shutdown(dev->front.request_fd, SHUT_RDWR);
		if (!hf_hostnotif_wait(h, &h->busy, HF_HOSTNOTIF_CUT_MS))
			HF_LOG(ERR,
				"%s: the front end still owes an answer to a host notifier request",
				dev->name);
	}
	pthread_mutex_unlock(&h->lock);
}
