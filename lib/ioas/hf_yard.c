/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hf_clock.h"
#include "hf_log.h"
#include "hf_work.h"
#include "hf_yard.h"

/* Threads that a flush sets to work, as far as there are workers. */
#define YARD_DIGGERS 8

void
hf_yard_init(struct hf_yard *y, const char *dev_name, uint32_t asid, struct hf_work *work)
{
	memset(y, 0, sizeof(*y));
	y->dev_name = dev_name;
	y->asid = asid;
	y->work = work;
	pthread_mutex_init(&y->lock, NULL);
	pthread_cond_init(&y->quiet, NULL);
	TAILQ_INIT(&y->keys);
	TAILQ_INIT(&y->stuck_keys);
	TAILQ_INIT(&y->regions);
	TAILQ_INIT(&y->stuck_regions);
}

void
hf_yard_fini(struct hf_yard *y)
{
	struct hf_region *r;
	struct hf_mkeys *k;

	pthread_mutex_lock(&y->lock);
	while (y->queued)
		pthread_cond_wait(&y->quiet, &y->lock);
	pthread_mutex_unlock(&y->lock);
	while ((k = TAILQ_FIRST(&y->stuck_keys)) != NULL) {
		TAILQ_REMOVE(&y->stuck_keys, k, next);
		free(k);
	}
	while ((r = TAILQ_FIRST(&y->stuck_regions)) != NULL) {
		TAILQ_REMOVE(&y->stuck_regions, r, next);
		hf_region_free(r);
	}
	pthread_cond_destroy(&y->quiet);
	pthread_mutex_destroy(&y->lock);
}

void
hf_yard_announce(struct hf_yard *y, uint64_t bytes, uint32_t mrs)
{
	pthread_mutex_lock(&y->lock);
	y->stats.bytes += bytes;
	y->stats.mrs += mrs;
	pthread_mutex_unlock(&y->lock);
}

void
hf_yard_stats(struct hf_yard *y, struct hf_yard_stats *st)
{
	pthread_mutex_lock(&y->lock);
	*st = y->stats;
	pthread_mutex_unlock(&y->lock);
}

/* --- one grave; lock held, and released around commands --- */

static void
dig_keys(struct hf_yard *y, struct hf_mkeys *k)
{
	unsigned int gone;
	uint64_t begin;

	TAILQ_REMOVE(&y->keys, k, next);
	pthread_mutex_unlock(&y->lock);
	begin = hf_clock_us();
	gone = hf_mkeys_destroy(k);
	pthread_mutex_lock(&y->lock);
	if (k->was_live) {
		y->stats.us += hf_clock_us() - begin;
		y->stats.mkeys_destroyed += gone;
	}
	if (hf_mkeys_left(k) == 0) {
		free(k);
		return;
	}
	HF_LOG(WARNING,
		"%s: address space %u: the NIC keeps mkey 0x%x of a former map: tried again at the"
		" next change",
		y->dev_name, y->asid, hf_mkeys_left(k));
	TAILQ_INSERT_TAIL(&y->stuck_keys, k, next);
}

/* The last piece of a region has been tried. */
static void
dig_region_end(struct hf_yard *y, struct hf_region *r)
{
	if (r->left == 0) {
		pthread_mutex_unlock(&y->lock);
		/* munmap and close: the time is the kernel's. */
		hf_region_free(r);
		pthread_mutex_lock(&y->lock);
		return;
	}
	HF_LOG(WARNING,
		"%s: address space %u: the NIC keeps %u MRs of the former region 0x%" PRIx64
		"+0x%" PRIx64 ": it stays mapped, and is tried again at the next change",
		y->dev_name, y->asid, r->left, r->gpa, r->len);
	TAILQ_INSERT_TAIL(&y->stuck_regions, r, next);
}

static void
dig_piece(struct hf_yard *y, struct hf_region *r)
{
	struct hf_piece *p = &r->pieces[r->dug];
	const bool there = p->mr.mr != NULL;
	uint64_t begin;
	int ret;

	if (++r->dug == r->n_pieces)
		TAILQ_REMOVE(&y->regions, r, next);
	r->busy++;
	pthread_mutex_unlock(&y->lock);
	begin = hf_clock_us();
	ret = hf_region_unregister(r, (unsigned int)(p - r->pieces));
	pthread_mutex_lock(&y->lock);
	r->busy--;
	if (ret != 0) {
		r->left++;
	} else if (there) {
		y->stats.bytes -= p->len;
		y->stats.mrs--;
		if (r->was_live) {
			y->stats.us += hf_clock_us() - begin;
			y->stats.mrs_destroyed++;
		}
	}
	if (r->dug == r->n_pieces && r->busy == 0)
		dig_region_end(y, r);
}

/* --- digging --- */

/*
 * Until nothing is buried. A region may be begun while another thread still destroys a mkey over
 * it: harmless, since no queue has that key any more, and the NIC does not ask.
 */
static void
yard_dig(struct hf_yard *y)
{
	struct hf_mkeys *k;
	struct hf_region *r;

	pthread_mutex_lock(&y->lock);
	y->diggers++;
	for (;;) {
		k = TAILQ_FIRST(&y->keys);
		r = TAILQ_FIRST(&y->regions);
		if (k != NULL)
			dig_keys(y, k);
		else if (r != NULL)
			dig_piece(y, r);
		else
			break;
	}
	if (--y->diggers == 0)
		pthread_cond_broadcast(&y->quiet);
	pthread_mutex_unlock(&y->lock);
}

static void
yard_task(void *arg)
{
	struct hf_yard *y = arg;

	pthread_mutex_lock(&y->lock);
	/* What is buried while this is queued counts on it: look once more before it is not. */
	while (!TAILQ_EMPTY(&y->keys) || !TAILQ_EMPTY(&y->regions)) {
		pthread_mutex_unlock(&y->lock);
		yard_dig(y);
		pthread_mutex_lock(&y->lock);
	}
	y->queued = false;
	/* The last touch: who waits frees the yard. */
	pthread_cond_broadcast(&y->quiet);
	pthread_mutex_unlock(&y->lock);
}

static int
yard_dig_one(void *arg, unsigned int i)
{
	(void)i;
	yard_dig(arg);
	return 0;
}

/* What is stuck goes first, as it came first. Lock held. */
static void
yard_retry(struct hf_yard *y)
{
	struct hf_region *r;

	TAILQ_CONCAT(&y->stuck_keys, &y->keys, next);
	TAILQ_CONCAT(&y->keys, &y->stuck_keys, next);
	TAILQ_FOREACH(r, &y->stuck_regions, next) {
		r->dug = 0;
		r->left = 0;
	}
	TAILQ_CONCAT(&y->stuck_regions, &y->regions, next);
	TAILQ_CONCAT(&y->regions, &y->stuck_regions, next);
}

void
hf_yard_bury(struct hf_yard *y, struct hf_mkeys *keys, struct hf_region_list *regions)
{
	bool start;

	pthread_mutex_lock(&y->lock);
	yard_retry(y);
	if (keys != NULL)
		TAILQ_INSERT_TAIL(&y->keys, keys, next);
	TAILQ_CONCAT(&y->regions, regions, next);
	start = !y->queued;
	y->queued = true;
	pthread_mutex_unlock(&y->lock);
	if (start && (y->work == NULL || hf_work_defer(y->work, yard_task, y) != 0))
		yard_task(y);
}

void
hf_yard_flush(struct hf_yard *y)
{
	pthread_mutex_lock(&y->lock);
	yard_retry(y);
	pthread_mutex_unlock(&y->lock);
	hf_work_batch(y->work, yard_dig_one, y, YARD_DIGGERS);
	pthread_mutex_lock(&y->lock);
	while (y->diggers > 0)
		pthread_cond_wait(&y->quiet, &y->lock);
	pthread_mutex_unlock(&y->lock);
}
