/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_guest.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_atomic.h>

#define DESC_AT GUEST_LOW
#define AVAIL_AT (GUEST_LOW + 0x10000)
#define USED_AT (GUEST_LOW + 0x20000)
#define TABLES_AT (GUEST_LOW + 0x40000) /* one of 64 entries for each buffer */
#define TABLE_ENTRIES 64u
#define WRAP 0x8000u
#define F_AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define F_USED (1u << VRING_PACKED_DESC_F_USED)

int
guest_open(struct guest *g)
{
	memset(g, 0, sizeof(*g));
	g->mem = mmap(
		NULL, 2 * GUEST_REGION, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	g->table = calloc(1, sizeof(*g->table) + 2 * sizeof(g->table->r[0]));
	if (g->mem == MAP_FAILED || g->table == NULL)
		return -ENOMEM;
	/* In the other order than by address. */
	g->table->n = 2;
	g->table->r[0] = (struct hf_svq_region){GUEST_LOW, GUEST_REGION, g->mem + GUEST_REGION};
	g->table->r[1] = (struct hf_svq_region){GUEST_HIGH, GUEST_REGION, g->mem};
	return 0;
}

void
guest_close(struct guest *g)
{
	free(g->table);
	munmap(g->mem, 2 * GUEST_REGION);
}

void *
guest_at(const struct guest *g, uint64_t gpa)
{
	assert((gpa >= GUEST_LOW && gpa - GUEST_LOW < GUEST_REGION) ||
		(gpa >= GUEST_HIGH && gpa - GUEST_HIGH < GUEST_REGION));
	return gpa >= GUEST_HIGH ? g->mem + (gpa - GUEST_HIGH)
				 : g->mem + GUEST_REGION + (gpa - GUEST_LOW);
}

void
guest_ring(struct guest *g, uint64_t features, uint16_t size, uint16_t idx)
{
	uint16_t i;

	g->features = features & ~BIG_ENDIAN_GUEST;
	g->big_endian = (features & BIG_ENDIAN_GUEST) != 0;
	g->packed = (features & F(VIRTIO_F_RING_PACKED)) != 0;
	g->size = size;
	g->desc = DESC_AT;
	g->avail = AVAIL_AT;
	g->used = USED_AT;
	memset(guest_at(g, DESC_AT), 0, TABLES_AT - DESC_AT);
	memset(g->buf, 0, sizeof(g->buf));
	g->next = g->used_next = idx;
	g->n_free = g->room = size;
	g->order_head = g->order_tail = 0;
	g->in_batch = false;
	for (i = 0; i < size; i++) {
		struct vring_packed_desc *d = guest_at(g, DESC_AT + i * UINT64_C(16));

		/* Heads in falling order, so that none is its position. */
		g->free[i] = i;
		/* Used in the last round: behind idx, of the round before. */
		if (g->packed)
			d->flags =
				((idx & WRAP) != 0) == (i >= (idx & ~WRAP)) ? 0 : F_AVAIL | F_USED;
	}
	if (!g->packed) {
		((struct vring_avail *)guest_at(g, AVAIL_AT))->idx = guest_16(g, idx);
		((struct vring_used *)guest_at(g, USED_AT))->idx = guest_16(g, idx);
	}
}

struct hf_svq_ring
guest_attr(const struct guest *g)
{
	return (struct hf_svq_ring){
		.features = g->features,
		.big_endian = g->big_endian,
		.size = g->size,
		.desc = g->desc,
		.avail = g->avail,
		.used = g->used,
		.avail_idx = g->used_next,
		.used_idx = g->used_next,
		.mem = g->table,
		.callfd = -1,
	};
}

static uint16_t
advance(const struct guest *g, uint16_t pos, unsigned int n)
{
	unsigned int i = (pos & ~WRAP) + n;

	if (!g->packed)
		return (uint16_t)(pos + n);
	return i >= g->size ? (uint16_t)((i - g->size) | (~pos & WRAP))
			    : (uint16_t)(i | (pos & WRAP));
}

static uint64_t
table_at(uint16_t id)
{
	return TABLES_AT + id * UINT64_C(16) * TABLE_ENTRIES;
}

static uint16_t
flags_of(const struct piece *p)
{
	return p->write ? VRING_DESC_F_WRITE : 0;
}

static void
desc_write(const struct guest *g, struct vring_desc *d, const struct piece *p, uint16_t more,
	uint16_t next)
{
	*d = (struct vring_desc){
		.addr = guest_64(g, p->gpa),
		.len = guest_32(g, p->len),
		.flags = guest_16(g, flags_of(p) | more),
		.next = guest_16(g, next),
	};
}

/* The pieces in a table of the kind of the ring. */
static struct piece
table_write(struct guest *g, uint16_t id, const struct piece *p, unsigned int n)
{
	unsigned int i;

	assert(n <= TABLE_ENTRIES);
	for (i = 0; i < n; i++) {
		void *at = guest_at(g, table_at(id) + i * 16);

		if (g->packed)
			*(struct vring_packed_desc *)at = (struct vring_packed_desc){
				.addr = p[i].gpa, .len = p[i].len, .flags = flags_of(&p[i])};
		else
			desc_write(
				g, at, &p[i], i + 1 < n ? VRING_DESC_F_NEXT : 0, (uint16_t)(i + 1));
	}
	return (struct piece){.gpa = table_at(id), .len = n * 16};
}

static int
add_split(struct guest *g, const struct piece *p, unsigned int n, uint16_t more)
{
	struct vring_desc *desc = guest_at(g, g->desc);
	struct vring_avail *avail = guest_at(g, g->avail);
	uint16_t head, i;

	if (g->n_free < n)
		return -1;
	head = g->free[g->n_free - 1];
	g->buf[head].n = (uint16_t)n;
	for (i = 0; i < n; i++)
		g->buf[head].chain[i] = g->free[--g->n_free];
	for (i = 0; i < n; i++)
		desc_write(g, &desc[g->buf[head].chain[i]], &p[i],
			more | (i + 1u < n ? VRING_DESC_F_NEXT : 0),
			i + 1u < n ? g->buf[head].chain[i + 1] : 0);
	avail->ring[g->next % g->size] = guest_16(g, head);
	__atomic_store_n(&avail->idx, guest_16(g, ++g->next), __ATOMIC_RELEASE);
	return head;
}

/* The id is in the last descriptor; the first one's flags go last. */
static int
add_packed(struct guest *g, const struct piece *p, unsigned int n, uint16_t more)
{
	uint16_t id, pos, i, first = 0;

	if (g->room < n || g->n_free == 0)
		return -1;
	id = g->free[--g->n_free];
	for (i = 0, pos = g->next; i < n; i++, pos = advance(g, pos, 1)) {
		struct vring_packed_desc *d =
			(struct vring_packed_desc *)guest_at(g, g->desc) + (pos & ~WRAP);
		uint16_t flags = flags_of(&p[i]) | more | (i + 1u < n ? VRING_DESC_F_NEXT : 0) |
			((pos & WRAP) != 0 ? F_AVAIL : F_USED);

		d->addr = p[i].gpa;
		d->len = p[i].len;
		d->id = i + 1u < n ? 0x5555 : id;
		if (i == 0)
			first = flags;
		else
			d->flags = flags;
	}
	__atomic_store_n(&((struct vring_packed_desc *)guest_at(g, g->desc))[g->next & ~WRAP].flags,
		first, __ATOMIC_RELEASE);
	g->next = pos;
	g->room -= n;
	g->buf[id].slots = (uint16_t)n;
	return id;
}

int
guest_add(struct guest *g, const struct piece *p, unsigned int n, bool table)
{
	struct piece one;
	uint16_t more = 0;
	int id;

	if (table && g->n_free > 0) {
		one = table_write(g, g->free[g->n_free - 1], p, n);
		p = &one;
		n = 1;
		more = VRING_DESC_F_INDIRECT;
	}
	id = g->packed ? add_packed(g, p, n, more) : add_split(g, p, n, more);
	if (id >= 0) {
		assert(!g->buf[id].out);
		g->buf[id].out = true;
		g->order[g->order_tail++ % GUEST_MAX_RING] = (uint16_t)id;
	}
	return id;
}

/* An entry of the ring, not yet counted. */
static bool
look(struct guest *g, struct used_buf *u)
{
	if (g->packed) {
		struct vring_packed_desc *d =
			(struct vring_packed_desc *)guest_at(g, g->desc) + (g->used_next & ~WRAP);
		uint16_t flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);
		uint16_t want = (g->used_next & WRAP) != 0 ? F_AVAIL | F_USED : 0;

		if ((flags & (F_AVAIL | F_USED)) != want)
			return false;
		*u = (struct used_buf){.id = d->id, .len = d->len};
	} else {
		struct vring_used *used = guest_at(g, g->used);

		if (guest_16(g, __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE)) == g->used_next)
			return false;
		u->id = (uint16_t)guest_32(g, used->ring[g->used_next % g->size].id);
		u->len = guest_32(g, used->ring[g->used_next % g->size].len);
	}
	return true;
}

static void
take_back(struct guest *g, uint16_t id)
{
	assert(id < g->size && g->buf[id].out);
	g->buf[id].out = false;
	if (g->packed) {
		g->room += g->buf[id].slots;
		g->used_next = advance(g, g->used_next, g->buf[id].slots);
		g->free[g->n_free++] = id;
		return;
	}
	g->used_next++;
	while (g->buf[id].n > 0)
		g->free[g->n_free++] = g->buf[id].chain[--g->buf[id].n];
}

/* With IN_ORDER an entry may stand for those before it, too, of which nothing else is said. */
bool
guest_get(struct guest *g, struct used_buf *u)
{
	if (!g->in_batch) {
		if (!look(g, u))
			return false;
		g->batch_last = u->id;
		g->batch_len = u->len;
	}
	if ((g->features & F(VIRTIO_F_IN_ORDER)) != 0) {
		u->id = g->order[g->order_head++ % GUEST_MAX_RING];
		u->len = g->batch_len;
		g->in_batch = u->id != g->batch_last;
	}
	take_back(g, u->id);
	return true;
}

unsigned int
guest_out(const struct guest *g)
{
	unsigned int i, n = 0;

	for (i = 0; i < g->size; i++)
		n += g->buf[i].out;
	return n;
}

static void
call_want(struct guest *g, uint16_t flags, uint16_t at)
{
	struct vring_avail *avail = guest_at(g, g->avail);
	bool event_idx = (g->features & F(VIRTIO_RING_F_EVENT_IDX)) != 0;

	if (g->packed)
		*(uint32_t *)guest_at(g, g->avail) = (uint32_t)flags << 16 | at;
	else if (event_idx)
		avail->ring[g->size] = guest_16(g, at);
	else
		avail->flags = guest_16(g, flags);
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void
guest_call_never(struct guest *g)
{
	if (g->packed)
		call_want(g, VRING_PACKED_EVENT_FLAG_DISABLE, 0);
	else
		call_want(g, VRING_AVAIL_F_NO_INTERRUPT, (uint16_t)(g->used_next - 1));
}

void
guest_call_always(struct guest *g)
{
	call_want(g, g->packed ? VRING_PACKED_EVENT_FLAG_ENABLE : 0, g->used_next);
}

void
guest_call_after(struct guest *g, uint16_t n)
{
	call_want(g, VRING_PACKED_EVENT_FLAG_DESC, advance(g, g->used_next, n));
}

bool
guest_must_kick(const struct guest *g, uint16_t from)
{
	const struct vring_used *used = guest_at(g, g->used);
	uint32_t event;
	uint16_t at;

	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!g->packed && (g->features & F(VIRTIO_RING_F_EVENT_IDX)) == 0)
		return (guest_16(g, used->flags) & VRING_USED_F_NO_NOTIFY) == 0;
	if (!g->packed)
		return vring_need_event(
			guest_16(g, *(const uint16_t *)&used->ring[g->size]), g->next, from);
	event = *(const uint32_t *)guest_at(g, g->used);
	if (event >> 16 != VRING_PACKED_EVENT_FLAG_DESC)
		return event >> 16 == VRING_PACKED_EVENT_FLAG_ENABLE;
	/* One buffer was added. */
	at = event & 0xffff;
	return at == from;
}
