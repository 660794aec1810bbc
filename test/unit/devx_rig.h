/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A NIC with memory and queues, for the suites that need one: the first function with virtio
 * emulation that libibverbs lists.
 */
#ifndef DEVX_RIG_H
#define DEVX_RIG_H

#include "hf_devx.h"

#define RIG_GPA UINT64_C(0x100000000) /* where the NIC sees the memory */
#define RIG_MEM_BYTES (1u << 20)
#define RIG_RING_SIZE 64
#define RIG_RING_BYTES 0x4000u /* more than the three parts of a ring of that size */

struct rig {
	struct hf_devx *dev;
	void *mem; /* RIG_MEM_BYTES, zeroed */
	struct hf_mr mr;
	struct hf_mkey mkey; /* over all of it */
	struct hf_evch cq_ch, err_ch;
	struct hf_steer_obj td, tis;
};

/* -ENODEV: no such function, so the suite has nothing to run on. */
int rig_open(struct rig *r);
/* How many objects were left over. */
unsigned int rig_close(struct rig *r);

struct rig_vq {
	struct hf_eqp *eqp;
	struct hf_umem umem[3];
	struct hf_virtq_counters counters;
	struct hf_virtq_attr attr; /* that it was created with */
	struct hf_virtq vq;
};

/* A queue in INIT, whose rings lie at RIG_GPA + index * RIG_RING_BYTES. On error nothing is left.
 */
int rig_vq_create(struct rig *r, uint16_t index, bool packed, struct rig_vq *q);
int rig_vq_destroy(struct rig_vq *q);
int rig_vq_move(struct rig_vq *q, enum hf_virtq_state state);

#endif /* DEVX_RIG_H */
