/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Completion queues, and the send and receive queues of raw Ethernet. Errors, threads and ownership
 * are those of hf_devx.h.
 *
 * Rings and doorbell records lie in a umem of the object or in a place of the user's, on the NIC's
 * NUMA node. What is in the rings, and when a doorbell is rung, is the user's.
 */
#ifndef HF_DEVX_WQ_H
#define HF_DEVX_WQ_H

#include "hf_devx.h"

/* --- completion queues: hf_devx_cq.c --- */

struct hf_cq_attr {
	uint32_t size; /* entries of 64 bytes, a power of two up to 1 << log_max_cq_sz */
	bool collapsed; /* all completions are written over the first entry */
	bool compressed; /* those of received frames may be, with a hash each; see cqe_compression
			  */
	struct hf_evch *ch; /* gets an event when an armed queue completes; NULL: none */
	uint64_t cookie; /* of the events */
	struct hf_place place; /* of its memory, hf_cq_bytes(); umem NULL: its own */
};
struct hf_cq {
	struct mlx5dv_devx_obj *devx;
	uint32_t num; /* CQN */
	uint32_t size;
	volatile struct mlx5_cqe64 *cqe; /* the ring; all entries are the NIC's at first */
	volatile uint32_t *ci_rec; /* doorbell record: entries consumed, big endian, 24 bits */
	volatile uint32_t *arm_rec; /* doorbell record of hf_cq_arm() */
	volatile uint64_t *arm_db; /* doorbell of hf_cq_arm(), in the NIC's page */
	uint32_t arm_sn; /* how often it was armed */
	struct hf_umem umem; /* its own */
	struct hf_place place; /* where its memory is */
	struct hf_devx *dev;
	struct hf_obj *obj;
};
int hf_cq_create(struct hf_devx *dev, const struct hf_cq_attr *attr, struct hf_cq *cq);
size_t hf_cq_bytes(uint32_t size);
int hf_cq_destroy(struct hf_cq *cq); /* refused while a queue completes into it */
/* One event for the next completion behind the first ci ones. The thread that polls it. */
void hf_cq_arm(struct hf_cq *cq, uint32_t ci);
#define HF_CQ_CI_MASK 0xffffffu

/* --- send and receive queues: hf_devx_wq.c --- */

/* sqc.state and rqc.state */
enum hf_wq_state { HF_WQ_RST = 0, HF_WQ_RDY = 1, HF_WQ_ERR = 3 };

struct hf_wq {
	struct mlx5dv_devx_obj *devx;
	const char *kind; /* "sq" or "rq" */
	uint32_t num; /* SQN or RQN */
	uint8_t *ring;
	volatile uint32_t *rec; /* doorbell record: entries posted, big endian, 16 bits */
	struct hf_umem umem; /* its own */
	struct hf_place place; /* where it lies */
	struct hf_devx *dev;
	struct hf_obj *obj;
};
/* from: the state that it is in, as far as the caller knows; an error if it is not. */
int hf_wq_modify(struct hf_wq *wq, enum hf_wq_state from, enum hf_wq_state to);
int hf_wq_query(struct hf_wq *wq, enum hf_wq_state *state);
int hf_wq_destroy(struct hf_wq *wq); /* an RQ: refused while a table or a TIR refers to it */

/*
 * Send queue, in RST. An entry (WQE) is one or more blocks of 64 bytes, the ring is a multiple of
 * those; db is where the first 8 bytes of the last entry are stored to ring the doorbell.
 */
struct hf_sq_attr {
	uint16_t size; /* blocks, a power of two up to 1 << log_max_wq_sz */
	uint32_t cqn, tisn;
	struct hf_place place; /* of its memory, hf_sq_bytes(); umem NULL: its own */
};
struct hf_sq {
	struct hf_wq wq;
	volatile uint64_t *db;
	bool db_combines; /* stores to db are combined: barriers have to stand around one */
};
int hf_sq_create(struct hf_devx *dev, const struct hf_sq_attr *attr, struct hf_sq *sq);
size_t hf_sq_bytes(uint16_t size);
uint16_t hf_sq_max_segs(const struct hf_devx_caps *caps); /* of 16 bytes in one entry */

/*
 * Receive queue, in RST. An entry is segs places of struct mlx5_wqe_data_seg. Tags of VLANs are
 * left in the frames.
 */
struct hf_rq_attr {
	uint16_t size; /* entries, a power of two up to 1 << log_max_wq_sz */
	uint16_t segs; /* a power of two up to hf_rq_max_segs() */
	uint32_t cqn;
	struct hf_place place; /* of its memory, hf_rq_bytes(); umem NULL: its own */
};
int hf_rq_create(struct hf_devx *dev, const struct hf_rq_attr *attr, struct hf_wq *rq);
/*
 * Frames that receive queues of this device did not take for want of an entry, ever; 32 bits, then
 * from 0 again (QUERY_Q_COUNTER, out_of_buffer). -ENOTSUP: the NIC gave us no counter.
 */
int hf_rq_drops(struct hf_devx *dev, uint32_t *frames);
size_t hf_rq_bytes(uint16_t size, uint16_t segs);
uint16_t hf_rq_max_segs(const struct hf_devx_caps *caps);

#endif /* HF_DEVX_WQ_H */
