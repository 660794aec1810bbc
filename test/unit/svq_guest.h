/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The guest's side of a virtqueue, split or packed: a driver that adds buffers and takes back what
 * was used, in memory that is in two pieces, neither at its guest-physical address.
 */
#ifndef SVQ_GUEST_H
#define SVQ_GUEST_H

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "hf_svq.h"

#define GUEST_REGION (UINT64_C(8) << 20) /* bytes of each of the two */
#define GUEST_LOW UINT64_C(0x40000000) /* rings and tables, and buffers */
#define GUEST_HIGH UINT64_C(0x80000000) /* buffers */
#define GUEST_BUFFERS (GUEST_LOW + (1 << 20)) /* what the driver does not use itself */
#define GUEST_MAX_RING 1024u

#define F(bit) (UINT64_C(1) << (bit))
#define BIG_ENDIAN_GUEST F(63) /* as a feature of guest_ring(); not one of virtio */

struct guest {
	uint8_t *mem; /* both regions */
	struct hf_svq_mem *table;
	bool packed, big_endian;
	uint16_t size;
	uint64_t features;
	uint64_t desc, avail, used; /* guest-physical, as in hf_svq_ring */
	/* Next entry to add and to look at; packed: bit 15 is the wrap counter. */
	uint16_t next, used_next;
	uint16_t free[GUEST_MAX_RING], n_free; /* descriptors; packed: ids */
	uint16_t room; /* packed: slots */
	struct {
		bool out; /* in use */
		uint16_t slots; /* packed: of the ring */
		uint16_t chain[64], n; /* split: descriptors */
	} buf[GUEST_MAX_RING]; /* by head or id */
	/* IN_ORDER: what was added, in that order. */
	uint16_t order[GUEST_MAX_RING];
	uint32_t order_head, order_tail;
	bool in_batch;
	uint16_t batch_last;
	uint32_t batch_len;
};
struct piece {
	uint64_t gpa;
	uint32_t len;
	bool write;
};
struct used_buf {
	uint16_t id;
	uint32_t len;
};

/* Between the CPU's byte order and that of the guest's rings and headers, either way. */
static inline uint16_t
guest_16(const struct guest *g, uint16_t v)
{
	return g->big_endian ? rte_cpu_to_be_16(v) : rte_cpu_to_le_16(v);
}

static inline uint32_t
guest_32(const struct guest *g, uint32_t v)
{
	return g->big_endian ? rte_cpu_to_be_32(v) : rte_cpu_to_le_32(v);
}

static inline uint64_t
guest_64(const struct guest *g, uint64_t v)
{
	return g->big_endian ? rte_cpu_to_be_64(v) : rte_cpu_to_le_64(v);
}

static inline struct virtio_net_hdr_v1
guest_hdr(const struct guest *g, const struct virtio_net_hdr_v1 *h)
{
	return (struct virtio_net_hdr_v1){
		.flags = h->flags,
		.gso_type = h->gso_type,
		.hdr_len = guest_16(g, h->hdr_len),
		.gso_size = guest_16(g, h->gso_size),
		.csum_start = guest_16(g, h->csum_start),
		.csum_offset = guest_16(g, h->csum_offset),
		.num_buffers = guest_16(g, h->num_buffers),
	};
}

int guest_open(struct guest *g); /* memory and its table; mkey 0 */
void guest_close(struct guest *g);
/* A ring of this size and these features, whose first entry is at idx (the wrap counter set). */
void guest_ring(struct guest *g, uint64_t features, uint16_t size, uint16_t idx);
/* As hf_svq_start() wants it. */
struct hf_svq_ring guest_attr(const struct guest *g);
void *guest_at(const struct guest *g, uint64_t gpa); /* asserts that it is memory */

/* Add a buffer of n pieces, in the ring or in a table; its id. -1: no room. */
int guest_add(struct guest *g, const struct piece *p, unsigned int n, bool table);
/* The next buffer that came back. False: none. Asserts that it was one that is in use. */
bool guest_get(struct guest *g, struct used_buf *u);
unsigned int guest_out(const struct guest *g); /* buffers in use */

/* Notifications: never, always, or when the entry that is n behind the next one is used. */
void guest_call_never(struct guest *g);
void guest_call_always(struct guest *g);
void guest_call_after(struct guest *g, uint16_t n);
/* Does the device want a kick for what was added behind entry 'from'? */
bool guest_must_kick(const struct guest *g, uint16_t from);

#endif /* SVQ_GUEST_H */
