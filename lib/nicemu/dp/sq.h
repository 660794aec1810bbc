/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The engine's half of a raw send queue: entries that are fetched, checked and translated. A burst
 * goes in three steps: fetch (wqe.c), send, complete.
 *
 * It belongs to its engine; control calls come under a pause. Everything in an entry is hostile: it
 * is copied before it is checked, and each access is translated. What is inline stays in the ring
 * until it is sent.
 */
#ifndef NICEMU_DP_SQ_H
#define NICEMU_DP_SQ_H

#include <infiniband/mlx5dv.h>

#include "../nic.h"
#include "keytlb.h"
#include "queue.h"

#define SQ_BURST 32u /* entries of a burst, at most */
#define SQ_MAX_SEGS 96u /* host segments of an entry, after translation */
#define SQ_POOL (4 * SQ_MAX_SEGS)
#define SQ_BB 64u /* bytes of a basic block */
#define SQ_DS 16u /* bytes of a segment */
#define SQ_DS_MAX 63u /* of an entry: as many as its control segment can say */

/* An entry, or a frame of one that frames share (enhanced multi-packet WQE). */
struct sq_entry {
	uint16_t index; /* of its first basic block */
	uint8_t n_bb; /* basic blocks */
	uint8_t next_ds; /* segment of the entry's next frame; 0: it has no more */
	uint8_t opcode, mode; /* MLX5_OPCODE_*, MLX5_COMP_* */
	uint8_t cs_flags; /* MLX5_ETH_WQE_L3_CSUM, L4_CSUM */
	uint16_t mss, hdr_len; /* TSO; bytes of the inline header */
	uint32_t tag; /* VLAN tag to insert, TPID in the upper half; 0: none */
	uint16_t seg, n_seg; /* in s->pool */
	uint32_t len; /* bytes of the frame, without the tag */
};

/* An entry as it was read. */
struct sq_copy {
	union {
		uint8_t b[(SQ_DS_MAX + 1) * SQ_DS];
		struct {
			struct mlx5_wqe_ctrl_seg ctrl;
			struct mlx5_wqe_eth_seg eth;
		};
	} __attribute__((aligned(SQ_BB)));
	unsigned int n_ds;
};

struct dp_sq {
	struct dp_queue base; /* attn: QUEUE_ATTN_ARM */
	struct nic_sq *sq;
	TAILQ_ENTRY(dp_sq) of_uar; /* uar->sqs */
	const uint8_t *ring; /* NULL: not in one piece */
	struct {
		bool csum, vlan;
		uint32_t lso; /* bytes of a frame that is cut, 0: none */
		unsigned int ds; /* segments of an entry, up to SQ_DS_MAX */
	} can; /* of the capabilities */
	unsigned int next_ds; /* of the entry at sq->ci: what comes before it was sent; or 0 */
	bool broken; /* nothing can be completed any more: CQ or work queue are gone */
	enum wqe_error error; /* entry[n] is bad, for this reason */
	unsigned int n; /* entries of this burst */
	struct sq_entry entry[SQ_BURST + 1];
	struct sq_copy copy; /* of the entry that was fetched last */
	unsigned int n_pool;
	struct iovec pool[SQ_POOL];
	struct key_tlb tlb;
};

static inline struct dp_sq *
sq_of(struct dp_queue *q)
{
	return (struct dp_sq *)q;
}

/* What an engine does with one: sq.c. */
extern const struct dp_queue_ops sq_ops;

/* A basic block of the ring by its index. NULL: it is not in one piece. */
const uint8_t *sq_block(const struct dp_sq *s, uint16_t index);

/*
 * Fetch the entry at 'index', of at most 'room' basic blocks, into *w and the pool; of one that
 * frames share, the frame at segment 'from', 0: the first. WQE_E_NONE, or what is wrong with it;
 * index, n_bb (at least 1), opcode and mode are valid then, too.
 */
enum wqe_error wqe_fetch(
	struct dp_sq *s, uint16_t index, unsigned int room, unsigned int from, struct sq_entry *w);
/* The frame behind 'before', which was fetched last and has a next_ds. */
enum wqe_error wqe_fetch_next(struct dp_sq *s, const struct sq_entry *before, struct sq_entry *w);
/* Only what a completion needs of it, for entries that are flushed. */
enum wqe_error wqe_peek(struct dp_sq *s, uint16_t index, unsigned int room, struct sq_entry *w);

#endif /* NICEMU_DP_SQ_H */
