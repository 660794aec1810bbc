/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>

#include "hf_dev.h"
#include "hf_rings.h"

struct rings_batch {
	struct hf_ring_job *jobs;
	const struct hf_life *life;
	uint32_t mkey;
};

/* Those of a kind, as jobs. */
static unsigned int
rings_collect(struct hf_dev *dev, bool (*wanted)(const struct hf_vq *vq))
{
	unsigned int n = 0;
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++) {
		if (!dev->vqs[i].making && wanted(&dev->vqs[i]))
			dev->jobs[n++].vq = &dev->vqs[i];
	}
	return n;
}

static int
rings_batch(struct hf_dev *dev, int (*fn)(void *arg, unsigned int i), struct rings_batch *b,
	unsigned int n)
{
	b->jobs = dev->jobs;
	return hf_work_batch(dev->rt->work, fn, b, n);
}

static bool
rings_running(const struct hf_vq *vq)
{
	return vq->running;
}

/* --- memory of parts --- */

/* One slab for all that are about to be made; where it is refused, each gets its own. */
static void
rings_set_aside(struct hf_dev *dev, const struct hf_ring_job *jobs, unsigned int n)
{
	size_t bytes = 0, at = 0, need;
	struct hf_slab *slab;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (jobs[i].vq->path->memory != NULL)
			bytes += jobs[i].vq->path->memory(jobs[i].vq, jobs[i].ring.size);
	if (bytes == 0 || hf_slab_create(dev->devx, bytes, &slab) != 0)
		return;
	for (i = 0; i < n; i++) {
		need = 0;
		if (jobs[i].vq->path->memory != NULL)
			need = jobs[i].vq->path->memory(jobs[i].vq, jobs[i].ring.size);
		if (need > 0)
			hf_parts_set_aside(jobs[i].vq, slab, at);
		at += need;
	}
	hf_slab_put(slab);
}

/* --- make --- */

struct hf_rings_making {
	struct hf_dev *dev;
	struct hf_work_batch batch;
	unsigned int n;
	struct hf_ring_job jobs[];
};

static int
rings_make_one(void *arg, unsigned int i)
{
	struct hf_rings_making *m = arg;
	struct hf_vq *vq = m->jobs[i].vq;

	return vq->path->make(vq, &m->jobs[i].ring);
}

/* Takes m. NULL: there is nothing to make. */
static struct hf_rings_making *
rings_make(struct hf_rings_making *m)
{
	unsigned int i;

	if (m->n == 0) {
		free(m);
		return NULL;
	}
	rings_set_aside(m->dev, m->jobs, m->n);
	for (i = 0; i < m->n; i++)
		m->jobs[i].vq->making = true;
	hf_work_begin(m->dev->rt->work, &m->batch, rings_make_one, m, m->n);
	return m;
}

static struct hf_rings_making *
rings_making_new(struct hf_dev *dev, uint16_t rings)
{
	struct hf_rings_making *m;

	m = calloc(1, sizeof(*m) + rings * sizeof(m->jobs[0]));
	if (m != NULL)
		m->dev = dev;
	return m;
}

/* A stopped queue on the empty key uses no other: its start changes the key with all the rest. */
static bool
rings_has_key(const struct hf_vq *vq)
{
	return vq->running || vq->mkey != vq->dev->empty_mkey.key;
}

/* None is there, or one of another size, which no start resumes. */
static bool
rings_misses(const struct hf_vq *vq, uint16_t ring_size)
{
	return !vq->made || (!rings_has_key(vq) && vq->parts.ring_size != ring_size);
}

struct hf_rings_making *
hf_rings_make(struct hf_dev *dev, const struct hf_front_table *t, uint16_t rings)
{
	struct hf_rings_making *m = rings_making_new(dev, rings);
	struct hf_front_ring *ring;
	struct hf_vq *vq;
	uint16_t i;

	if (m == NULL)
		return NULL;
	for (i = 0; i < rings; i++) {
		vq = &dev->vqs[i];
		ring = &m->jobs[m->n].ring;
		if (!vq->enabled || vq->running || vq->path->make == NULL)
			continue;
		if (hf_front_ring_get(dev, t, i, ring) == 0 && rings_misses(vq, ring->size))
			m->jobs[m->n++].vq = vq;
	}
	return rings_make(m);
}

struct hf_rings_making *
hf_rings_make_hinted(struct hf_dev *dev, uint16_t rings, uint16_t ring_size)
{
	struct hf_rings_making *m = rings_making_new(dev, rings);
	uint16_t i;

	if (m == NULL)
		return NULL;
	for (i = 0; i < rings; i++) {
		if (dev->vqs[i].running || dev->vqs[i].made || dev->vqs[i].path->make == NULL)
			continue;
		m->jobs[m->n].vq = &dev->vqs[i];
		m->jobs[m->n++].ring.size = ring_size;
	}
	return rings_make(m);
}

int
hf_rings_made(struct hf_rings_making *m)
{
	unsigned int i;
	int ret;

	if (m == NULL)
		return 0;
	ret = hf_work_end(m->dev->rt->work, &m->batch);
	for (i = 0; i < m->n; i++)
		m->jobs[i].vq->making = false;
	free(m);
	return ret;
}

/* --- start --- */

static int
rings_start_one(void *arg, unsigned int i)
{
	const struct rings_batch *b = arg;

	return hf_vq_start(b->jobs[i].vq, &b->jobs[i].ring);
}

int
hf_rings_start(struct hf_dev *dev, const struct hf_front_table *t, uint16_t rings)
{
	struct rings_batch b = {.life = NULL};
	unsigned int n = 0;
	uint16_t i;
	int ret;

	for (i = 0; i < rings; i++) {
		if (!dev->vqs[i].enabled || dev->vqs[i].running)
			continue;
		ret = hf_front_ring_get(dev, t, i, &dev->jobs[n].ring);
		if (ret == 0)
			dev->jobs[n++].vq = &dev->vqs[i];
		else if (ret != -EAGAIN)
			return ret;
		else
			HF_LOG(NOTICE, "%s: ring %u is enabled but not set up: left alone",
				dev->name, i);
	}
	rings_set_aside(dev, dev->jobs, n);
	return rings_batch(dev, rings_start_one, &b, n);
}

/* --- stop --- */

static int
rings_quiesce_one(void *arg, unsigned int i)
{
	const struct rings_batch *b = arg;

	hf_vq_quiesce(b->jobs[i].vq);
	return 0;
}

void
hf_rings_quiesce(struct hf_dev *dev)
{
	struct rings_batch b = {.life = NULL};

	rings_batch(dev, rings_quiesce_one, &b, rings_collect(dev, rings_running));
}

/* Those of which anything was said or made. */
static bool
rings_any(const struct hf_vq *vq)
{
	return vq->running || vq->enabled || vq->addr_set || vq->big_endian || vq->made ||
		vq->parts.ring_size != 0;
}

static int
rings_stop_one(void *arg, unsigned int i)
{
	const struct rings_batch *b = arg;

	hf_vq_end(b->jobs[i].vq, b->life);
	return 0;
}

void
hf_rings_stop(struct hf_dev *dev, const struct hf_life *life)
{
	struct rings_batch b = {.life = life};

	rings_batch(dev, rings_stop_one, &b, rings_collect(dev, rings_any));
}

/* --- another mkey --- */

static int
rings_pause_one(void *arg, unsigned int i)
{
	const struct rings_batch *b = arg;

	return b->jobs[i].vq->path->pause(b->jobs[i].vq);
}

int
hf_rings_pause(struct hf_dev *dev)
{
	struct rings_batch b = {.life = NULL};
	int ret;

	ret = rings_batch(dev, rings_pause_one, &b, rings_collect(dev, rings_running));
	if (ret != 0)
		hf_rings_use_mkey(dev, hf_ioas_mkey(dev->mem.ioas[HF_ASID_GUEST]));
	return ret;
}

static bool
rings_wants_key(const struct hf_vq *vq)
{
	return vq->made && rings_has_key(vq) && !(vq->running && vq->state == HF_VIRTQ_RDY);
}

static int
rings_use_mkey_one(void *arg, unsigned int i)
{
	const struct rings_batch *b = arg;
	struct hf_vq *vq = b->jobs[i].vq;

	/* One that does not run on is seen by its state. */
	if (vq->running)
		vq->path->unpause(vq, b->mkey);
	else
		vq->path->use_mkey(vq, b->mkey);
	return 0;
}

static int
rings_destroy_one(void *arg, unsigned int i)
{
	const struct rings_batch *b = arg;

	return b->jobs[i].vq->path->destroy(b->jobs[i].vq);
}

/*
 * Stopped queues that could not be given the key go. If all are stopped, then not before the table
 * of receive queues, which comes back with the next start: it refers to them, also in a NIC that
 * has died meanwhile. Else they are not in it, or it goes, too.
 */
static void
rings_leave_key(struct hf_dev *dev, uint32_t mkey)
{
	struct rings_batch b = {.mkey = mkey};
	bool runs = false;
	unsigned int n = 0;
	struct hf_vq *vq;
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++) {
		vq = &dev->vqs[i];
		runs |= vq->running;
		if (vq->running || vq->making || !vq->made || !rings_has_key(vq) ||
			vq->mkey == mkey)
			continue;
		dev->jobs[n++].vq = vq;
	}
	if (n == 0)
		return;
	if (!runs)
		hf_steer_set(dev->steer, dev->path->targets, NULL, 0);
	if (rings_batch(dev, rings_destroy_one, &b, n) != 0 && runs) {
		hf_steer_set(dev->steer, dev->path->targets, NULL, 0);
		rings_batch(dev, rings_destroy_one, &b, n);
	}
}

void
hf_rings_use_mkey(struct hf_dev *dev, uint32_t mkey)
{
	struct rings_batch b = {.mkey = mkey};
	uint16_t i;

	rings_batch(dev, rings_use_mkey_one, &b, rings_collect(dev, rings_wants_key));
	rings_leave_key(dev, mkey);
	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].running && dev->vqs[i].state != HF_VIRTQ_RDY)
			hf_dev_ring_repair(dev, i, true);
}
