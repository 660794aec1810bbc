/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Raw Ethernet queues, each with a completion queue of its own: frames out of and into memory that
 * segments name by address and key. Knows lib/devx, and nothing of virtio.
 *
 * Threads: control calls (create, start, stop, destroy) are the owner's thread's, not while another
 * is in the data path of that queue. The data path (hf_ethq_tx.h, hf_ethq_rx.h: put, ring, poll,
 * arm) is one thread's at a time for each queue; it is inline, and nothing in it allocates, takes a
 * lock or calls the kernel. Entries that the NIC wrote are checked before they are believed.
 *
 * Memory: rings, completions and doorbell records lie on the NIC's NUMA node (hf_umem).
 *
 * Errors of control calls: 0 or a negative errno, logged, as hf_devx.h has it.
 */
#ifndef HF_ETHQ_H
#define HF_ETHQ_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_io.h>

#include "hf_devx_wq.h"
#include "prm_wqe.h"

/* Segments are put together in words of 64 bits. */
_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "little endian");

/* A piece of memory: len bytes at addr in the address range of the key. */
struct hf_ethq_seg {
	uint64_t addr;
	uint32_t len; /* not 0 */
	uint32_t lkey;
};

/* Why a queue has stopped. */
struct hf_ethq_error {
	int err; /* -EIO: the NIC's error completion; -EPROTO: a completion that makes no sense */
	uint8_t syndrome; /* MLX5_CQE_SYNDROME_* */
	uint8_t vendor_syndrome; /* the NIC's own, for its vendor */
	uint16_t wqe_counter; /* of the entry in question */
};

/*
 * The completion queue of one queue, for who polls it. It goes on where it is when the queue is
 * started anew.
 */
struct hf_ethq_cq {
	volatile struct prm_eth_cqe *cqe;
	uint32_t size; /* a power of two */
	uint32_t ci; /* entries consumed since its creation */
	volatile uint32_t *ci_rec; /* doorbell record */
	struct hf_cq obj;
	struct hf_umem umem; /* of both queues */
};

/*
 * The NIC had the line last. __builtin_prefetch() for the oldest CPU that we build for would fetch
 * it to be read, and the store behind it had to ask for the line once more, one after the other.
 */
static __rte_always_inline void
hf_prefetch_write(const void *p)
{
#ifdef RTE_ARCH_X86_64
	asm volatile("prefetchw %0" : : "m"(*(const char *)p)); /* at worst does nothing */
#else
	__builtin_prefetch(p, 1);
#endif
}

/*
 * The next completion, or NULL. The owner bit of the NIC's entries changes with each round; what is
 * read of the entry after this call is read after the bit.
 */
static inline volatile struct prm_eth_cqe *
hf_ethq_cq_next(const struct hf_ethq_cq *cq)
{
	volatile struct prm_eth_cqe *cqe = &cq->cqe[cq->ci & (cq->size - 1)];
	uint8_t op_own = cqe->op_own;

	if ((op_own & MLX5_CQE_OWNER_MASK) != !!(cq->ci & cq->size) ||
		op_own >> 4 == MLX5_CQE_INVALID)
		return NULL;
	rte_io_rmb();
	return cqe;
}

/* Give the entries that were consumed, and what was marked in them, back to the NIC. */
static inline void
hf_ethq_cq_release(struct hf_ethq_cq *cq)
{
	rte_io_wmb();
	*cq->ci_rec = rte_cpu_to_be_32(cq->ci & HF_CQ_CI_MASK);
}

#include "hf_ethq_rx.h"
#include "hf_ethq_tx.h"

#endif /* HF_ETHQ_H */
