/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * All rings of a device at once: what they ask of the NIC goes to it side by side, since it takes
 * several commands at a time and each of them is slow.
 *
 * All with hf_dev.lock held, by the thread that calls and waits. The workers that run the commands
 * change one queue each; of the rest they read what the lock keeps as it is meanwhile (features,
 * the connection), and hand a ring's position back to librte_vhost.
 */
#ifndef HF_RINGS_H
#define HF_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "hf_front.h"

struct hf_dev;
struct hf_life;
struct hf_vq;

/* What one ring's commands need; a device has one for each of its queues. */
struct hf_ring_job {
	struct hf_vq *vq;
	struct hf_front_ring ring;
};

/*
 * Have queues made, so that a start has little left to do: those of rings below 'rings' that are
 * enabled and set up, and have none, or one of another size on no memory, to which no packets may
 * be led; or of all rings below, for a size that is hinted at. Returns while that goes on (NULL:
 * nothing to do); hf_rings_made() waits for the end of it. Between the two no ring starts or stops;
 * memory may change, since new queues stand on none. 0, or the first error (logged): what is
 * missing is made by the start.
 */
struct hf_rings_making;
struct hf_rings_making *hf_rings_make(
	struct hf_dev *dev, const struct hf_front_table *t, uint16_t rings);
struct hf_rings_making *hf_rings_make_hinted(
	struct hf_dev *dev, uint16_t rings, uint16_t ring_size);
int hf_rings_made(struct hf_rings_making *m);
/*
 * Start the rings that are enabled and set up, below 'rings'. 0, or the first error, logged; then
 * some may run.
 */
int hf_rings_start(struct hf_dev *dev, const struct hf_front_table *t, uint16_t rings);
/* First half of a stop, of all that run (hf_vq_quiesce()). */
void hf_rings_quiesce(struct hf_dev *dev);
/*
 * The rest of it: positions go back to the front end, and what 'life' does not keep is destroyed.
 * Rings that do not run lose what is not kept, too.
 */
void hf_rings_stop(struct hf_dev *dev, const struct hf_life *life);
/*
 * Suspend all that run for a moment, so that their mkey can change. 0, or a negative errno and
 * all run on.
 */
int hf_rings_pause(struct hf_dev *dev);
/*
 * No queue uses another mkey than this one, or the empty one, from now on; paused ones run on.
 * Those that can't are repaired.
 */
void hf_rings_use_mkey(struct hf_dev *dev, uint32_t mkey);

#endif /* HF_RINGS_H */
