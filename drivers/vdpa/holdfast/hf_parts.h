/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a virtqueue of the NIC stands on: memory for the firmware, the event queue pair and its
 * completion queue, counters. Made for one size of ring, and kept when the queue itself goes.
 *
 * The memory of all queues that are made at once, of either datapath, is one umem, a slab: a umem
 * of its own for each takes longer than the commands (see HF_IOAS_PIECES). It goes with the last
 * queue in it.
 *
 * All with hf_dev.lock held, or on a worker for the thread that holds it; several queues of a
 * device at once.
 */
#ifndef HF_PARTS_H
#define HF_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <hf_devx.h>

struct hf_slab;
struct hf_vq;

struct hf_parts {
	struct hf_slab *slab; /* NULL: there are no parts */
	size_t at; /* offset of this queue's in it */
	struct hf_slab *next; /* set aside for parts of another size; NULL: none */
	size_t next_at;
	uint16_t ring_size; /* that they were made for; 0: there are none */
	bool used; /* by a queue, maybe one that is gone */
	struct hf_virtq_counters counters;
	struct hf_virtq_stats counted; /* by counters that are gone */
};

/* Bytes of a slab for these parts, a multiple of HF_PLACE_ALIGN; 0: they are there. */
size_t hf_parts_bytes(const struct hf_vq *vq, uint16_t ring_size);
/*
 * 0 or a negative errno. Who made it puts it once; each queue that it is set aside for holds it,
 * and makes its next parts in it.
 */
int hf_slab_create(struct hf_devx *dev, size_t bytes, struct hf_slab **slab);
void hf_slab_put(struct hf_slab *slab);
void hf_parts_set_aside(struct hf_vq *vq, struct hf_slab *slab, size_t at);
/* What is set aside for it is the caller's now, who puts it; NULL: nothing is, *place is empty. */
struct hf_slab *hf_parts_take(struct hf_vq *vq, struct hf_place *place);

/*
 * Parts for a ring of this size; others are dropped before, so there is no queue on them. 0 or a
 * negative errno, and then there are none.
 */
int hf_parts_make(struct hf_vq *vq, uint16_t ring_size);
/* Make them as new for another queue. 0 or a negative errno. */
int hf_parts_reset(struct hf_vq *vq);
/* Where they are, and their numbers, for the queue. */
void hf_parts_describe(const struct hf_vq *vq, struct hf_virtq_attr *attr);
/* What the NIC does not give up the table of objects names as a leak at the end. */
void hf_parts_drop(struct hf_vq *vq);

#endif /* HF_PARTS_H */
