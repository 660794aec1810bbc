/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Sending; to be included by hf_ethq.h, which has the rules for threads and errors.
 *
 * An entry (WQE) is a control segment, an Ethernet segment with the inlined bytes behind it, and
 * the data segments, of 16 bytes each, in blocks of 64. Of each burst the last entry alone asks for
 * a completion, which stands for all before it.
 *
 * Where the NIC can, packets of one segment that are alike share an entry, of which each data
 * segment is a frame (enhanced multi-packet WQE): four to a line of the cache, not one. Such an
 * entry is open until another kind of packet comes, or the doorbell.
 */
#ifndef HF_ETHQ_TX_H
#define HF_ETHQ_TX_H

#include <string.h>

#include <rte_prefetch.h>

struct hf_ethq_tx_attr {
	/* Blocks of 64 bytes, a power of two. A packet takes (5 + segments + 16ths of what is
	 * inlined) / 4 of them: one, if it has up to two segments and nothing inlined; a quarter
	 * where it shares its entry. */
	uint16_t size;
	uint16_t max_segs; /* data segments of one packet at most */
	uint16_t max_inline; /* inlined bytes of one packet at most; not below the NIC's minimum */
	uint32_t tisn;
	struct hf_evch *ch; /* gets an event when an armed queue completes; NULL: none */
	uint64_t cookie; /* of the events */
	struct hf_place place; /* of its memory, hf_ethq_tx_bytes(); umem NULL: its own */
};

/* Checksums that the NIC puts into the frame: of the IPv4 header; of TCP or UDP over IPv4 or IPv6.
 */
#define HF_ETHQ_TX_CSUM_L3 MLX5_ETH_WQE_L3_CSUM
#define HF_ETHQ_TX_CSUM_L4 MLX5_ETH_WQE_L4_CSUM

struct hf_ethq_tx_pkt {
	const void *hdr; /* the first bytes of the frame, copied into the entry */
	uint16_t hdr_len; /* the NIC's minimum (or the frame, if shorter) to max_inline; with mss
			     not 0 all headers, Ethernet to TCP */
	uint16_t n_segs; /* up to max_segs */
	const struct hf_ethq_seg *segs; /* the rest of the frame */
	uint16_t mss; /* not 0: TCP payload of one segment, to be cut by the NIC */
	uint8_t csum; /* HF_ETHQ_TX_CSUM_* */
};

/* All fields are the data path's. */
struct hf_ethq_tx {
	uint8_t *ring, *ring_end;
	/* Per block the entry that starts there: number of its first packet, blocks << 16, packets
	 * << 24; 0: none. */
	uint32_t *slot;
	struct mlx5_wqe_ctrl_seg *last; /* entry, of those put; the open one, if there is */
	struct mlx5_wqe_data_seg *next; /* place in the open entry */
	uint16_t open; /* units of 16 bytes in it; 0: none is open */
	uint8_t open_csum; /* of its packets */
	bool multi_packet; /* the NIC can */
	uint32_t sqn; /* << 8 */
	uint32_t size; /* blocks */
	/* in blocks: behind what was put, behind what the NIC knows, first that is not free */
	uint16_t pi, rung, ci;
	uint16_t put, done; /* packets, as counted from the start */
	bool failed;
	bool db_combines;
	volatile uint32_t *rec;
	volatile uint64_t *db;
	struct hf_ethq_cq cq;
	struct hf_ethq_error error;
	const char *name; /* of the NIC, for log lines */
	struct hf_sq sq;
};

/* Stopped. -EINVAL: a size or a number of segments that the NIC does not have. */
int hf_ethq_tx_create(
	struct hf_devx *dev, const struct hf_ethq_tx_attr *attr, struct hf_ethq_tx **tx);
size_t hf_ethq_tx_bytes(const struct hf_ethq_tx_attr *attr);
/* Frees tx on success only. tx NULL: 0. */
int hf_ethq_tx_destroy(struct hf_ethq_tx *tx);
/* From stopped, empty. What completed before it and was not polled is forgotten. */
int hf_ethq_tx_start(struct hf_ethq_tx *tx);
/*
 * Any state to stopped: when it returns the NIC reads nothing any more of what was put. What had
 * completed can still be polled; the rest, hf_ethq_tx_pending(), was not sent, or not known to be.
 */
int hf_ethq_tx_stop(struct hf_ethq_tx *tx);

/* Segments of one packet at most when so many bytes are inlined; 0: too many bytes. */
uint16_t hf_ethq_tx_max_segs(const struct hf_devx_caps *caps, uint16_t inlined);

static inline uint16_t
hf_ethq_tx_pending(const struct hf_ethq_tx *tx)
{
	return tx->put - tx->done;
}

/*
 * An error completion came (or a senseless one): nothing is sent any more until stop and start. The
 * packet in question is the first of those that are pending, or one that shares its entry; of these
 * those before it may have been sent.
 */
static inline bool
hf_ethq_tx_failed(const struct hf_ethq_tx *tx)
{
	return tx->failed;
}

static inline const struct hf_ethq_error *
hf_ethq_tx_error(const struct hf_ethq_tx *tx)
{
	return &tx->error;
}

/* One event for the next completion that was not polled. */
void hf_ethq_tx_arm(struct hf_ethq_tx *tx);

#define HF_ETHQ_HEAD_UNITS 2u /* control and Ethernet segment */
#define HF_ETHQ_BLOCK_UNITS (MLX5_SEND_WQE_BB / MLX5_WSEG_SIZE)
#define HF_ETHQ_SHARED_UNITS 60u /* at most, of an entry that packets share: full blocks */
#define HF_ETHQ_PLAIN_MAX (HF_ETHQ_SHARED_UNITS - HF_ETHQ_HEAD_UNITS)

/* Second half of a control segment: no completion unless it is the first that fails; no signature,
 * stream channel, immediate data. */
#define HF_ETHQ_TX_QUIET \
	rte_cpu_to_le_64((uint64_t)(MLX5_COMP_ONLY_FIRST_ERR << MLX5_COMP_MODE_OFFSET) << 24)

/* Units of 16 bytes behind the Ethernet segment, which itself holds the first two bytes. */
#define HF_ETHQ_ESEG_BYTES 2u
static inline unsigned int
hf_ethq_inline_units(unsigned int bytes)
{
	return bytes <= HF_ETHQ_ESEG_BYTES
		? 0
		: (bytes - HF_ETHQ_ESEG_BYTES + MLX5_WSEG_SIZE - 1) / MLX5_WSEG_SIZE;
}

/* Blocks of an entry of so many units of 16 bytes. */
static inline unsigned int
hf_ethq_blocks(unsigned int units)
{
	return (units + HF_ETHQ_BLOCK_UNITS - 1) / HF_ETHQ_BLOCK_UNITS;
}

/* The bytes behind the Ethernet segment, around the end of the ring. Returns the place after them.
 */
static inline uint8_t *
hf_ethq_tx_inline(struct hf_ethq_tx *tx, struct mlx5_wqe_eth_seg *eth,
	const struct hf_ethq_tx_pkt *pkt, unsigned int units)
{
	const uint8_t *src = (const uint8_t *)pkt->hdr + HF_ETHQ_ESEG_BYTES;
	uint8_t *dst = eth->inline_hdr;
	uint32_t len = pkt->hdr_len - HF_ETHQ_ESEG_BYTES;
	uint32_t room = tx->ring_end - dst;

	memcpy(eth->inline_hdr_start, pkt->hdr, HF_ETHQ_ESEG_BYTES);
	eth->inline_hdr_sz = rte_cpu_to_be_16(pkt->hdr_len);
	if (likely(len <= room)) {
		memcpy(dst, src, len);
	} else {
		memcpy(dst, src, room);
		memcpy(tx->ring, src + room, len - room);
	}
	dst += units * MLX5_WSEG_SIZE;
	return dst < tx->ring_end ? dst : dst - (tx->ring_end - tx->ring);
}

static inline void
hf_ethq_tx_ctrl(struct hf_ethq_tx *tx, struct mlx5_wqe_ctrl_seg *ctrl, uint16_t index,
	uint8_t opcode, unsigned int ds)
{
	ctrl->opmod_idx_opcode = rte_cpu_to_be_32((uint32_t)index << 8 | opcode);
	ctrl->qpn_ds = rte_cpu_to_be_32(tx->sqn | ds);
	/* signature, stream channel and immediate data: none */
	((uint32_t *)ctrl)[2] = rte_cpu_to_be_32(MLX5_COMP_ONLY_FIRST_ERR << MLX5_COMP_MODE_OFFSET);
	ctrl->imm = 0;
}

static inline void
hf_ethq_tx_eth(struct mlx5_wqe_eth_seg *eth, uint8_t csum, uint16_t mss)
{
	eth->rsvd0 = 0;
	eth->cs_flags = csum;
	eth->rsvd1 = 0;
	eth->mss = rte_cpu_to_be_16(mss);
	eth->rsvd2 = 0;
	*(uint32_t *)&eth->inline_hdr_sz = 0;
}

/* Returns the place of the next one. */
static inline struct mlx5_wqe_data_seg *
hf_ethq_tx_data(
	const struct hf_ethq_tx *tx, struct mlx5_wqe_data_seg *seg, const struct hf_ethq_seg *data)
{
	seg->byte_count = rte_cpu_to_be_32(data->len);
	seg->lkey = rte_cpu_to_be_32(data->lkey);
	seg->addr = rte_cpu_to_be_64(data->addr);
	seg++;
	return likely((uint8_t *)seg != tx->ring_end) ? seg : (void *)tx->ring;
}

static inline void
hf_ethq_tx_slot_set(struct hf_ethq_tx *tx, uint16_t index, uint16_t first, unsigned int blocks,
	unsigned int packets)
{
	tx->slot[index & (tx->size - 1)] = first | blocks << 16 | packets << 24;
}

/* The open entry is complete. One packet makes an ordinary one. */
static inline void
hf_ethq_tx_close(struct hf_ethq_tx *tx)
{
	unsigned int packets = tx->open - HF_ETHQ_HEAD_UNITS;
	unsigned int blocks = hf_ethq_blocks(tx->open);
	uint16_t index = tx->pi - blocks;

	if (tx->open == 0)
		return;
	hf_ethq_tx_ctrl(tx, tx->last, index,
		packets > 1 ? MLX5_OPCODE_ENHANCED_MPSW : MLX5_OPCODE_SEND, tx->open);
	hf_ethq_tx_slot_set(tx, index, tx->put - packets, blocks, packets);
	tx->open = 0;
}

/* A packet that has an entry of its own. */
static inline bool
hf_ethq_tx_put_one(struct hf_ethq_tx *tx, const struct hf_ethq_tx_pkt *pkt)
{
	unsigned int units = hf_ethq_inline_units(pkt->hdr_len);
	unsigned int ds = HF_ETHQ_HEAD_UNITS + units + pkt->n_segs;
	unsigned int blocks = hf_ethq_blocks(ds);
	unsigned int index = tx->pi & (tx->size - 1);
	struct mlx5_wqe_ctrl_seg *ctrl = (void *)(tx->ring + index * MLX5_SEND_WQE_BB);
	struct mlx5_wqe_eth_seg *eth = (void *)(ctrl + 1);
	struct mlx5_wqe_data_seg *seg = (void *)eth->inline_hdr;
	unsigned int i;

	if (unlikely((uint16_t)(tx->pi - tx->ci) + blocks > tx->size))
		return false;
	hf_ethq_tx_close(tx);
	hf_ethq_tx_ctrl(tx, ctrl, tx->pi, pkt->mss != 0 ? MLX5_OPCODE_TSO : MLX5_OPCODE_SEND, ds);
	hf_ethq_tx_eth(eth, pkt->csum, pkt->mss);
	if (pkt->hdr_len != 0)
		seg = (void *)hf_ethq_tx_inline(tx, eth, pkt, units);
	for (i = 0; i < pkt->n_segs; i++)
		seg = hf_ethq_tx_data(tx, seg, &pkt->segs[i]);
	hf_ethq_tx_slot_set(tx, tx->pi, tx->put, blocks, 1);
	for (i = 1; i < blocks; i++)
		tx->slot[(index + i) & (tx->size - 1)] = 0;
	tx->last = ctrl;
	tx->pi += blocks;
	tx->put++;
	return true;
}

/* A packet of one segment, into the open entry or a new one. */
static inline bool
hf_ethq_tx_put_shared(struct hf_ethq_tx *tx, const struct hf_ethq_tx_pkt *pkt)
{
	bool fits = tx->open != 0 && tx->open < HF_ETHQ_SHARED_UNITS && tx->open_csum == pkt->csum;
	unsigned int index = tx->pi & (tx->size - 1);

	/* A new entry needs a block, and so does the next segment behind a full one. */
	if (!fits || tx->open % HF_ETHQ_BLOCK_UNITS == 0) {
		if (unlikely((uint16_t)(tx->pi - tx->ci) == tx->size))
			return false;
		if (!fits) {
			hf_ethq_tx_close(tx);
			tx->last = (void *)(tx->ring + index * MLX5_SEND_WQE_BB);
			hf_ethq_tx_eth((void *)(tx->last + 1), pkt->csum, 0);
			tx->next = (void *)(tx->last + 2);
			tx->open = HF_ETHQ_HEAD_UNITS;
			tx->open_csum = pkt->csum;
		}
		tx->slot[index] = 0;
		tx->pi++;
	}
	tx->next = hf_ethq_tx_data(tx, tx->next, pkt->segs);
	tx->open++;
	tx->put++;
	return true;
}

/* Put a packet behind the others. The NIC does not know it yet. false: no room now. */
static inline bool
hf_ethq_tx_put(struct hf_ethq_tx *tx, const struct hf_ethq_tx_pkt *pkt)
{
	if (likely(tx->multi_packet && pkt->n_segs == 1 && (pkt->hdr_len | pkt->mss) == 0))
		return hf_ethq_tx_put_shared(tx, pkt);
	return hf_ethq_tx_put_one(tx, pkt);
}

/* Blocks that are free now. */
static inline unsigned int
hf_ethq_tx_room(const struct hf_ethq_tx *tx)
{
	return tx->size - (uint16_t)(tx->pi - tx->ci);
}

/* The lines of n packets to be put soon by hf_ethq_tx_put_plain(), and of the records that tell of
 * them: the NIC was the last to have them. */
static inline void
hf_ethq_tx_prefetch(const struct hf_ethq_tx *tx, unsigned int n)
{
	unsigned int i;

	if (tx->multi_packet)
		n = hf_ethq_blocks(HF_ETHQ_HEAD_UNITS + n);
	hf_prefetch_write((const void *)(uintptr_t)tx->rec);
	hf_prefetch_write((const void *)(uintptr_t)tx->cq.ci_rec);
	for (i = 0; i < n; i++)
		hf_prefetch_write(tx->ring + ((tx->pi + i) & (tx->size - 1)) * MLX5_SEND_WQE_BB);
}

/* Put n packets, of one segment each, into an entry of their own each. */
static __rte_always_inline void
hf_ethq_tx_plain_single(struct hf_ethq_tx *tx, const uint64_t *addr, const uint32_t *len,
	uint32_t skip, uint32_t lkey, unsigned int n)
{
	const uint64_t key = (uint64_t)rte_cpu_to_be_32(lkey) << 32;
	const uint64_t ds = (uint64_t)rte_cpu_to_be_32(tx->sqn | 3) << 32;
	uint8_t *const ring = tx->ring;
	uint32_t *const slot = tx->slot;
	const uint32_t mask = tx->size - 1;
	uint16_t pi = tx->pi, put = tx->put;
	unsigned int i;

	for (i = 0; i < n; i++, pi++, put++) {
		const uint32_t index = pi & mask;
		uint64_t *wqe = (uint64_t *)(ring + index * MLX5_SEND_WQE_BB);

		wqe[0] = ds | rte_cpu_to_be_32((uint32_t)pi << 8 | MLX5_OPCODE_SEND);
		wqe[1] = HF_ETHQ_TX_QUIET;
		wqe[2] = 0;
		wqe[3] = 0;
		wqe[4] = key | rte_cpu_to_be_32(len[i] - skip);
		wqe[5] = rte_cpu_to_be_64(addr[i] + skip);
		slot[index] = put | 1u << 16 | 1u << 24;
	}
	tx->last = (void *)(ring + ((pi - 1) & mask) * MLX5_SEND_WQE_BB);
	tx->pi = pi;
	tx->put = put;
}

/* Put n packets, of one segment each, into one entry. */
static __rte_always_inline void
hf_ethq_tx_plain_shared(struct hf_ethq_tx *tx, const uint64_t *addr, const uint32_t *len,
	uint32_t skip, uint32_t lkey, unsigned int n)
{
	const uint64_t key = (uint64_t)rte_cpu_to_be_32(lkey) << 32;
	const unsigned int ds = HF_ETHQ_HEAD_UNITS + n, blocks = hf_ethq_blocks(ds);
	const uint32_t mask = tx->size - 1, index = tx->pi & mask;
	uint64_t *wqe = (uint64_t *)(tx->ring + index * MLX5_SEND_WQE_BB);
	unsigned int i;

	tx->last = (void *)wqe;
	wqe[0] = (uint64_t)rte_cpu_to_be_32(tx->sqn | ds) << 32 |
		rte_cpu_to_be_32((uint32_t)tx->pi << 8 | MLX5_OPCODE_ENHANCED_MPSW);
	wqe[1] = HF_ETHQ_TX_QUIET;
	wqe[2] = 0;
	wqe[3] = 0;
	wqe += 4;
	for (i = 0; i < n; i++, wqe += 2) {
		if (unlikely((uint8_t *)wqe == tx->ring_end))
			wqe = (uint64_t *)tx->ring;
		wqe[0] = key | rte_cpu_to_be_32(len[i] - skip);
		wqe[1] = rte_cpu_to_be_64(addr[i] + skip);
	}
	hf_ethq_tx_slot_set(tx, tx->pi, tx->put, blocks, n);
	for (i = 1; i < blocks; i++)
		tx->slot[(index + i) & mask] = 0;
	tx->pi += blocks;
	tx->put += n;
}

/*
 * hf_ethq_tx_put() of n packets, each of one segment in one key without its first 'skip' bytes,
 * nothing inlined and nothing for the NIC to compute; at most HF_ETHQ_PLAIN_MAX, and there is room
 * for n blocks.
 */
static __rte_always_inline void
hf_ethq_tx_put_plain(struct hf_ethq_tx *tx, const uint64_t *addr, const uint32_t *len,
	uint32_t skip, uint32_t lkey, unsigned int n)
{
	if (n == 0)
		return;
	hf_ethq_tx_close(tx);
	if (likely(tx->multi_packet && n > 1))
		hf_ethq_tx_plain_shared(tx, addr, len, skip, lkey, n);
	else
		hf_ethq_tx_plain_single(tx, addr, len, skip, lkey, n);
}

/* Tell the NIC of all that was put since the last time. */
static inline void
hf_ethq_tx_ring(struct hf_ethq_tx *tx)
{
	if (tx->pi == tx->rung)
		return;
	hf_ethq_tx_close(tx);
	tx->last->fm_ce_se = MLX5_COMP_ALWAYS << MLX5_COMP_MODE_OFFSET;
	tx->rung = tx->pi;
	/* The entries, then the record, then the doorbell. */
	rte_io_wmb();
	*tx->rec = rte_cpu_to_be_32(tx->pi);
	if (tx->db_combines)
		rte_wmb();
	else
		rte_io_wmb();
	*tx->db = *(const uint64_t *)tx->last;
	if (tx->db_combines)
		rte_wmb();
}

/* An error completion, or one that makes no sense: what completed before it is done. */
void hf_ethq_tx_bad(struct hf_ethq_tx *tx, volatile struct prm_eth_cqe *cqe);

/* The entry that starts at this block, or 0: none that is under way does. */
static inline uint32_t
hf_ethq_tx_slot(const struct hf_ethq_tx *tx, uint16_t counter)
{
	if (unlikely((uint16_t)(counter - tx->ci) >= (uint16_t)(tx->rung - tx->ci)))
		return 0;
	return tx->slot[counter & (tx->size - 1)];
}

/* A completion of entry 'counter' and all before it. false: it is none of those under way. */
static inline bool
hf_ethq_tx_complete(struct hf_ethq_tx *tx, uint16_t counter)
{
	uint32_t slot = hf_ethq_tx_slot(tx, counter);

	if (unlikely(slot == 0))
		return false;
	tx->ci = counter + (uint8_t)(slot >> 16);
	tx->done = slot + (slot >> 24);
	return true;
}

/* hf_ethq_tx_poll() is soon to come. */
static __rte_always_inline void
hf_ethq_tx_expect(const struct hf_ethq_tx *tx)
{
	rte_prefetch0((const void *)(uintptr_t)&tx->cq.cqe[tx->cq.ci & (tx->cq.size - 1)]);
	rte_prefetch0((const void *)(uintptr_t)&tx->cq.cqe[(tx->cq.ci + 1) & (tx->cq.size - 1)]);
}

/* Packets that completed since the last call, in the order of put; nothing once it has failed. */
static __rte_always_inline uint16_t
hf_ethq_tx_poll(struct hf_ethq_tx *tx)
{
	volatile struct prm_eth_cqe *cqe;
	uint16_t before = tx->done;
	uint32_t ci = tx->cq.ci;

	while (likely(!tx->failed) && (cqe = hf_ethq_cq_next(&tx->cq)) != NULL) {
		tx->cq.ci++;
		if (unlikely(cqe->op_own >> 4 != MLX5_CQE_REQ ||
			    !hf_ethq_tx_complete(tx, rte_be_to_cpu_16(cqe->wqe_counter))))
			hf_ethq_tx_bad(tx, cqe);
	}
	if (tx->cq.ci != ci)
		hf_ethq_cq_release(&tx->cq);
	return tx->done - before;
}

#endif /* HF_ETHQ_TX_H */
