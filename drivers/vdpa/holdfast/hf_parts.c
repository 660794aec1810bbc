/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "hf_dev.h"
#include "hf_parts.h"

struct hf_slab {
	struct hf_umem umem;
	unsigned int refs; /* atomic: queues are made and dropped side by side */
};

/* --- slabs --- */

int
hf_slab_create(struct hf_devx *dev, size_t bytes, struct hf_slab **out)
{
	struct hf_slab *s;
	int ret;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	ret = hf_umem_create(dev, bytes, &s->umem);
	if (ret != 0) {
		free(s);
		return ret;
	}
	s->refs = 1;
	*out = s;
	return 0;
}

void
hf_slab_put(struct hf_slab *s)
{
	if (s == NULL || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	/* One that is refused stays in the table of objects, as a leak. */
	hf_umem_destroy(&s->umem);
	free(s);
}

void
hf_parts_set_aside(struct hf_vq *vq, struct hf_slab *slab, size_t at)
{
	hf_slab_put(vq->parts.next);
	__atomic_add_fetch(&slab->refs, 1, __ATOMIC_RELAXED);
	vq->parts.next = slab;
	vq->parts.next_at = at;
}

struct hf_slab *
hf_parts_take(struct hf_vq *vq, struct hf_place *place)
{
	struct hf_slab *slab = vq->parts.next;

	*place = (struct hf_place){.umem = NULL};
	if (slab != NULL)
		*place = (struct hf_place){.umem = &slab->umem, .offset = vq->parts.next_at};
	vq->parts.next = NULL;
	return slab;
}

/* --- places in a slab --- */

static size_t
parts_align(size_t len)
{
	return RTE_ALIGN_CEIL(len, (size_t)HF_PLACE_ALIGN);
}

/* Bytes of one of the firmware's three buffers. */
static size_t
parts_buffer(const struct hf_vq *vq, unsigned int i, uint16_t ring_size)
{
	const struct hf_devx_caps *caps = vq->dev->caps;

	return (size_t)caps->umem[i].a * ring_size + caps->umem[i].b;
}

#define PARTS_BUFFERS RTE_DIM(((struct hf_devx_caps *)0)->umem)

/* The firmware's buffers come first, at the offsets that this adds up. */
static size_t
parts_buffers(const struct hf_vq *vq, unsigned int n, uint16_t ring_size)
{
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += parts_align(parts_buffer(vq, i, ring_size));
	return sum;
}

size_t
hf_parts_bytes(const struct hf_vq *vq, uint16_t ring_size)
{
	if (vq->parts.ring_size == ring_size)
		return 0;
	return parts_buffers(vq, PARTS_BUFFERS, ring_size) +
		parts_align(hf_eqp_bytes(rte_align32pow2(ring_size)));
}

/* --- the event queue pair --- */

static int
parts_eqp_make(struct hf_vq *vq, uint16_t ring_size)
{
	struct hf_eqp_attr attr = {
		.size = rte_align32pow2(ring_size),
		.ch = &vq->dev->cq_events,
		.cookie = vq->index,
		.place = {&vq->parts.slab->umem,
			vq->parts.at + parts_buffers(vq, PARTS_BUFFERS, ring_size)},
	};
	struct hf_eqp *eqp;
	int ret;

	ret = hf_eqp_create(vq->dev->devx, &attr, &eqp);
	if (ret != 0)
		return ret;
	pthread_mutex_lock(&vq->notify_lock);
	vq->eqp = eqp;
	vq->eqp_errors = 0;
	vq->eqp_broken = false;
	pthread_mutex_unlock(&vq->notify_lock);
	return 0;
}

static void
parts_eqp_drop(struct hf_vq *vq)
{
	struct hf_eqp *eqp;

	pthread_mutex_lock(&vq->notify_lock);
	eqp = vq->eqp;
	vq->eqp = NULL;
	pthread_mutex_unlock(&vq->notify_lock);
	if (eqp != NULL)
		hf_eqp_destroy(eqp);
}

/*
 * The event thread sees none meanwhile: it would wait for these commands, and take for an error
 * what a destroyed queue leaves in it.
 */
static int
parts_eqp_reset(struct hf_vq *vq)
{
	struct hf_eqp *eqp = vq->eqp;
	int ret;

	pthread_mutex_lock(&vq->notify_lock);
	vq->eqp = NULL;
	pthread_mutex_unlock(&vq->notify_lock);
	ret = hf_eqp_reset(eqp);
	pthread_mutex_lock(&vq->notify_lock);
	vq->eqp = eqp;
	vq->eqp_errors = hf_eqp_errors(eqp);
	vq->eqp_broken = false;
	pthread_mutex_unlock(&vq->notify_lock);
	return ret;
}

/* --- all of them --- */

static void
parts_drop_sized(struct hf_vq *vq)
{
	parts_eqp_drop(vq);
	hf_slab_put(vq->parts.slab);
	vq->parts.slab = NULL;
	vq->parts.ring_size = 0;
	vq->parts.used = false;
}

/* What was set aside, else a slab of its own. */
static int
parts_slab(struct hf_vq *vq, size_t bytes)
{
	struct hf_parts *p = &vq->parts;
	struct hf_place place;

	p->slab = hf_parts_take(vq, &place);
	p->at = place.offset;
	return p->slab != NULL ? 0 : hf_slab_create(vq->dev->devx, bytes, &p->slab);
}

int
hf_parts_make(struct hf_vq *vq, uint16_t ring_size)
{
	const struct hf_devx_caps *caps = vq->dev->caps;
	size_t bytes = hf_parts_bytes(vq, ring_size);
	int ret;

	if (bytes == 0)
		return 0;
	parts_drop_sized(vq);
	ret = parts_slab(vq, bytes);
	if (ret == 0)
		ret = parts_eqp_make(vq, ring_size);
	if (ret == 0 && caps->virtio_q_counters && vq->parts.counters.devx == NULL)
		ret = hf_virtq_counters_create(vq->dev->devx, &vq->parts.counters);
	if (ret == 0)
		vq->parts.ring_size = ring_size;
	else
		parts_drop_sized(vq);
	return ret;
}

int
hf_parts_reset(struct hf_vq *vq)
{
	struct hf_parts *p = &vq->parts;
	int ret;

	if (p->used) {
		ret = parts_eqp_reset(vq);
		if (ret != 0)
			return ret;
		memset(RTE_PTR_ADD(p->slab->umem.buf, p->at), 0,
			parts_buffers(vq, PARTS_BUFFERS, p->ring_size));
	}
	p->used = true;
	return 0;
}

void
hf_parts_describe(const struct hf_vq *vq, struct hf_virtq_attr *attr)
{
	const struct hf_parts *p = &vq->parts;
	unsigned int i;

	attr->event_qpn = hf_eqp_qpn(vq->eqp);
	attr->counters = p->counters.id;
	for (i = 0; i < PARTS_BUFFERS; i++) {
		if (parts_buffer(vq, i, p->ring_size) == 0)
			continue;
		attr->umem[i].id = p->slab->umem.id;
		attr->umem[i].size = parts_align(parts_buffer(vq, i, p->ring_size));
		attr->umem[i].offset = p->at + parts_buffers(vq, i, p->ring_size);
	}
}

/* What they counted is not forgotten. */
static void
parts_counters_drop(struct hf_parts *p)
{
	struct hf_virtq_stats st;

	if (p->counters.devx == NULL)
		return;
	if (hf_virtq_counters_query(&p->counters, &st) == 0)
		hf_stats_add(&p->counted, &st);
	hf_virtq_counters_destroy(&p->counters);
	p->counters = (struct hf_virtq_counters){0};
}

void
hf_parts_drop(struct hf_vq *vq)
{
	parts_drop_sized(vq);
	hf_slab_put(vq->parts.next);
	vq->parts.next = NULL;
	parts_counters_drop(&vq->parts);
}
