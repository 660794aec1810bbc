/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_ring.h"

#include <inttypes.h>
#include <linux/virtio_config.h>
#include <stdio.h>

#include "hf_eventfd.h"
#include "hf_log.h"

#define FEATURE(attr, bit) (((attr)->features >> (bit)&1) != 0)
#define MASK(size) ((size)-1u)

/* The areas of a ring by virtio 1.2, 2.7 and 2.8: bytes = fixed + size * per_entry. */
struct area {
	const char *name;
	uint32_t align, fixed, per_entry;
};
static const struct area split_areas[] = {
	{"descriptor table", 16, 0, 16},
	{"available ring", 2, 4, 2},
	{"used ring", 4, 4, 8},
};
static const struct area packed_areas[] = {
	{"descriptor ring", 16, 0, 16},
	{"driver event area", 4, 4, 0},
	{"device event area", 4, 4, 0},
};

static int
area_map(struct svq_ring *r, const struct area *a, uint64_t gpa, void **p)
{
	/* The event index is behind the entries. */
	uint64_t len = a->fixed + (uint64_t)a->per_entry * r->size +
		(r->kind != SVQ_PACKED && r->event_idx && a->fixed > 0 ? sizeof(uint16_t) : 0);

	*p = svq_mem_at(r->mem, &r->hint, gpa, len);
	if (*p != NULL && gpa % a->align == 0 && (uintptr_t)*p % a->align == 0)
		return 0;
	HF_LOG(ERR, "%s: %s at %#" PRIx64 ": %s", r->name, a->name, gpa,
		*p == NULL ? "outside of the guest's memory" : "not aligned");
	return -EINVAL;
}

static int
areas_map(struct svq_ring *r, const struct hf_svq_ring *attr)
{
	const struct area *a = r->kind == SVQ_PACKED ? packed_areas : split_areas;
	int ret;

	ret = area_map(r, &a[0], attr->desc, &r->desc);
	if (ret == 0)
		ret = area_map(r, &a[1], attr->avail, &r->driver);
	if (ret == 0)
		ret = area_map(r, &a[2], attr->used, &r->device);
	return ret;
}

static const char *
attr_fault(const struct hf_svq_ring *attr, enum svq_kind kind)
{
	if (attr->mem == NULL || !svq_mem_is_valid(attr->mem))
		return "no valid table of memory";
	if (attr->size == 0 || attr->size > HF_SVQ_MAX_SIZE)
		return "a size that may not be";
	if (kind != SVQ_PACKED && (attr->size & MASK(attr->size)) != 0)
		return "a split ring whose size is no power of two";
	if (attr->avail_idx != attr->used_idx)
		return "two indices that differ";
	if (kind == SVQ_PACKED && (attr->avail_idx & 0x7fffu) >= attr->size)
		return "an index beyond its size";
	if (attr->big_endian && (FEATURE(attr, VIRTIO_F_VERSION_1) || kind == SVQ_PACKED))
		return "a big-endian ring of a guest that is not legacy";
	return NULL;
}

static enum svq_kind
ring_kind(const struct hf_svq_ring *attr)
{
	if (FEATURE(attr, VIRTIO_F_RING_PACKED))
		return SVQ_PACKED;
	return attr->big_endian ? SVQ_SPLIT_BE : SVQ_SPLIT;
}

int
svq_ring_init(struct svq_ring *r, const struct hf_svq_ring *attr, bool guest_receives)
{
	const enum svq_kind kind = ring_kind(attr);
	const char *fault = attr_fault(attr, kind);

	if (fault != NULL) {
		HF_LOG(ERR, "%s: %s: size %u, indices %#x and %#x", r->name, fault, attr->size,
			attr->avail_idx, attr->used_idx);
		return -EINVAL;
	}
	r->kind = kind;
	r->event_idx = FEATURE(attr, VIRTIO_RING_F_EVENT_IDX);
	r->indirect = FEATURE(attr, VIRTIO_RING_F_INDIRECT_DESC);
	/* A buffer without an entry counts as written completely, so those that are written have
	 * one each. */
	r->skip = FEATURE(attr, VIRTIO_F_IN_ORDER) && !guest_receives;
	r->want = guest_receives ? VRING_DESC_F_WRITE : 0;
	r->size = attr->size;
	r->mem = attr->mem;
	r->mkey = attr->mem->mkey;
	r->hint = 0;
	r->next_avail = r->avail_seen = attr->avail_idx;
	r->next_used = attr->used_idx;
	r->taken = 0;
	r->signalled_valid = false;
	r->error = 0;
	r->callfd = attr->callfd;
	r->desc_gpa = attr->desc;
	r->device_gpa = attr->used;
	r->log = attr->log != NULL ? *attr->log : (struct hf_svq_log){.bits = NULL};
	memset(r->busy, 0, sizeof(r->busy));
	return areas_map(r, attr);
}

void
svq_ring_bad(struct svq_ring *r, int error, const char *what, uint32_t val)
{
	char text[128];

	if (r->error != 0)
		return;
	__atomic_store_n(&r->error, error, __ATOMIC_RELAXED);
	svq_count(&r->errors, 1);
	snprintf(text, sizeof(text), what, val);
	HF_LOG(ERR, "%s: stopped serving: %s", r->name, text);
}

void
svq_ring_outgrown(struct svq_ring *r)
{
	if (r->error == 0)
		__atomic_store_n(&r->error, -EMSGSIZE, __ATOMIC_RELAXED);
}

void
svq_ring_call(struct svq_ring *r)
{
	/* A full counter is a notification that is still to be read. */
	if (hf_eventfd_call(r->callfd))
		svq_count(&r->calls, 1);
}

static void
split_kicks(struct svq_ring *r, bool on)
{
	struct vring_used *used = r->device;
	uint16_t *event = (uint16_t *)&used->ring[r->size];

	if (!r->event_idx) {
		__atomic_store_n(&used->flags,
			svq_guest_16(r->kind, on ? 0 : VRING_USED_F_NO_NOTIFY), __ATOMIC_RELAXED);
		svq_ring_log(r, r->log.used_gpa, sizeof(uint16_t));
	} else if (on) {
		__atomic_store_n(event, svq_guest_16(r->kind, r->next_avail), __ATOMIC_RELAXED);
		svq_ring_log(r, r->log.used_gpa + ((uint8_t *)event - (uint8_t *)used),
			sizeof(uint16_t));
	}
}

static void
packed_kicks(struct svq_ring *r, bool on)
{
	uint32_t event = (uint32_t)VRING_PACKED_EVENT_FLAG_DISABLE << 16;

	if (on && r->event_idx)
		event = r->next_avail | (uint32_t)VRING_PACKED_EVENT_FLAG_DESC << 16;
	else if (on)
		event = (uint32_t)VRING_PACKED_EVENT_FLAG_ENABLE << 16;
	__atomic_store_n((uint32_t *)r->device, rte_cpu_to_le_32(event), __ATOMIC_RELAXED);
	svq_ring_log(r, r->device_gpa, sizeof(event));
}

void
svq_ring_kicks(struct svq_ring *r, bool on)
{
	if (r->kind == SVQ_PACKED)
		packed_kicks(r, on);
	else
		split_kicks(r, on);
}

bool
svq_ring_pending(const struct svq_ring *r)
{
	return svq_pending(r, r->kind);
}
