/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "ring.h"

#include <linux/virtio_ring.h>
#include <string.h>

#include <rte_atomic.h>

void
ring_init(struct ring *r)
{
	memset(r->desc, 0, r->size * sizeof(struct vring_desc));
	r->next = 0;
	r->used = 0;
	if (r->packed) {
		struct vring_packed_desc_event *e = r->driver;

		memset(r->device, 0, sizeof(*e));
		e->off_wrap = 0;
		e->flags = VRING_PACKED_EVENT_FLAG_DISABLE;
		return;
	}
	memset(r->driver, 0, sizeof(struct vring_avail) + (r->size + 1u) * sizeof(uint16_t));
	memset(r->device, 0,
		sizeof(struct vring_used) + r->size * sizeof(struct vring_used_elem) + 2);
	((struct vring_avail *)r->driver)->flags = VRING_AVAIL_F_NO_INTERRUPT;
}

unsigned int
ring_free(const struct ring *r)
{
	return r->size - (uint16_t)(r->next - r->used);
}

/* In an odd round through a packed ring the wrap counter is 0 (it begins with 1). */
static bool
wrap_of(const struct ring *r, uint16_t at)
{
	return ((at / r->size) & 1) == 0;
}

static void
post_packed(struct ring *r, uint64_t gpa, uint32_t len, bool write)
{
	struct vring_packed_desc *d =
		&((struct vring_packed_desc *)r->desc)[r->next & (r->size - 1)];
	uint16_t flags = write ? VRING_DESC_F_WRITE : 0;

	flags |= wrap_of(r, r->next) ? 1 << VRING_PACKED_DESC_F_AVAIL
				     : 1 << VRING_PACKED_DESC_F_USED;
	d->addr = gpa;
	d->len = len;
	d->id = r->next & (r->size - 1);
	__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
}

static void
post_split(struct ring *r, uint64_t gpa, uint32_t len, bool write)
{
	struct vring_avail *avail = r->driver;
	uint16_t slot = r->next & (r->size - 1);
	struct vring_desc *d = &((struct vring_desc *)r->desc)[slot];

	d->addr = gpa;
	d->len = len;
	d->flags = write ? VRING_DESC_F_WRITE : 0;
	avail->ring[slot] = slot;
}

void
ring_post(struct ring *r, const uint64_t *gpa, unsigned int n, uint32_t len, bool write)
{
	unsigned int i;

	for (i = 0; i < n; i++, r->next++)
		(r->packed ? post_packed : post_split)(r, gpa[i], len, write);
	if (!r->packed)
		__atomic_store_n(
			&((struct vring_avail *)r->driver)->idx, r->next, __ATOMIC_RELEASE);
}

static int
take_packed(struct ring *r, uint32_t *len)
{
	const struct vring_packed_desc *d =
		&((struct vring_packed_desc *)r->desc)[r->used & (r->size - 1)];
	uint16_t flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);
	bool avail = (flags & 1 << VRING_PACKED_DESC_F_AVAIL) != 0;
	bool used = (flags & 1 << VRING_PACKED_DESC_F_USED) != 0;

	if (r->used == r->next || avail != used || used != wrap_of(r, r->used))
		return 0;
	*len = d->len;
	return d->id == (r->used & (r->size - 1)) ? 1 : -1;
}

static int
take_split(struct ring *r, uint32_t *len)
{
	struct vring_used *used = r->device;
	const struct vring_used_elem *e = &used->ring[r->used & (r->size - 1)];

	if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == r->used)
		return 0;
	*len = e->len;
	return e->id == (r->used & (r->size - 1u)) ? 1 : -1;
}

int
ring_take(struct ring *r, uint32_t *len)
{
	int ret = (r->packed ? take_packed : take_split)(r, len);

	if (ret == 1)
		r->used++;
	return ret;
}
