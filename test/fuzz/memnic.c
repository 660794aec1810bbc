/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "memnic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "hf_devx_wq.h"
#include "prm_wqe.h"
#include "svq_mem.h"

#define SEG_BYTES 16u
#define BLOCK_BYTES 64u
#define RECORDS 64u /* bytes of doorbell records */
#define MAX_UNITS 63u /* of an entry */
#define MAX_BYTES 0x7fffffffu /* of a segment */
#define SESSION_MIN 2u /* completions that are compressed */

/* --- what lib/devx is otherwise --- */

struct hf_devx {
	struct hf_devx_caps caps;
};

static struct hf_devx_caps nic_caps = {
	.log_max_wq_sz = 15,
	.log_max_cq_sz = 15,
	.max_wqe_sz_sq = 1024,
	.max_wqe_sz_rq = 512,
	.eth = {.queues = true, .csum = true, .max_lso = 1u << 18, .min_inline = 0},
};
static struct {
	struct hf_wq *wq;
	struct hf_cq *cq;
	uint32_t size; /* entries, or blocks of a send queue */
	uint32_t stride; /* bytes of a receive entry */
	enum hf_wq_state state;
	uint16_t pi; /* entries or blocks that are done */
	uint32_t cq_pi;
	bool compressed; /* completions may be */
	struct memnic_counts counts;
	const uint8_t *mr; /* the memory of the driver's own */
	uint64_t mr_len;
	const struct hf_svq_mem *mem;
} nic;

#define MR_LKEY 0x700u

static void
fault(const char *what, uint64_t n)
{
	fprintf(stderr, "memnic: %s: %llu\n", what, (unsigned long long)n);
	abort();
}

static void *
zalloc(size_t len)
{
	void *p = aligned_alloc(64, RTE_ALIGN(len, 64));

	if (p == NULL)
		fault("no memory", len);
	return memset(p, 0, RTE_ALIGN(len, 64));
}

const struct hf_devx_caps *
hf_devx_caps(const struct hf_devx *dev)
{
	(void)dev;
	return &nic_caps;
}

const char *
hf_devx_name(const struct hf_devx *dev)
{
	(void)dev;
	return "memnic";
}

/* It misbehaves, and is there. */
bool
hf_devx_is_dead(const struct hf_devx *dev)
{
	(void)dev;
	return false;
}

int
hf_mr_create(struct hf_devx *dev, void *addr, uint64_t len, uint64_t iova, struct hf_mr *mr)
{
	*mr = (struct hf_mr){.lkey = MR_LKEY, .iova = iova, .len = len, .dev = dev};
	nic.mr = addr;
	nic.mr_len = len;
	return 0;
}

int
hf_mr_destroy(struct hf_mr *mr)
{
	(void)mr;
	nic.mr = NULL;
	return 0;
}

int
hf_umem_create(struct hf_devx *dev, size_t len, struct hf_umem *umem)
{
	*umem = (struct hf_umem){.buf = zalloc(len), .len = len, .dev = dev};
	return 0;
}

int
hf_umem_destroy(struct hf_umem *umem)
{
	free(umem->buf);
	umem->buf = NULL;
	return 0;
}

/* The ring, and a line of doorbell records. */
size_t
hf_cq_bytes(uint32_t size)
{
	return (size_t)size * sizeof(struct prm_eth_cqe) + RECORDS;
}

size_t
hf_sq_bytes(uint16_t size)
{
	return (size_t)size * BLOCK_BYTES + RECORDS;
}

size_t
hf_rq_bytes(uint16_t size, uint16_t segs)
{
	return RTE_ALIGN((size_t)size * segs * SEG_BYTES, RECORDS) + RECORDS;
}

static uint8_t *
place_at(const struct hf_place *place, size_t len)
{
	if (place->umem == NULL || place->offset > place->umem->len ||
		len > place->umem->len - place->offset)
		fault("a place outside of its memory", len);
	return (uint8_t *)place->umem->buf + place->offset;
}

int
hf_cq_create(struct hf_devx *dev, const struct hf_cq_attr *attr, struct hf_cq *cq)
{
	struct prm_eth_cqe *cqe = (void *)place_at(&attr->place, hf_cq_bytes(attr->size));
	uint32_t i, *rec = (uint32_t *)(cqe + attr->size);

	for (i = 0; i < attr->size; i++)
		cqe[i].op_own = MLX5_CQE_INVALID << 4 | MLX5_CQE_OWNER_MASK;
	*cq = (struct hf_cq){.size = attr->size,
		.cqe = (void *)cqe,
		.ci_rec = rec,
		.arm_rec = rec + 1,
		.arm_db = (void *)(rec + 2),
		.dev = dev};
	nic.cq = cq;
	nic.cq_pi = 0;
	nic.compressed = attr->compressed;
	nic.counts = (struct memnic_counts){0};
	return 0;
}

int
hf_cq_destroy(struct hf_cq *cq)
{
	(void)cq;
	return 0;
}

void
hf_cq_arm(struct hf_cq *cq, uint32_t ci)
{
	(void)ci;
	cq->arm_sn++;
}

uint16_t
hf_sq_max_segs(const struct hf_devx_caps *caps)
{
	return RTE_MIN(caps->max_wqe_sz_sq / SEG_BYTES, MAX_UNITS);
}

uint16_t
hf_rq_max_segs(const struct hf_devx_caps *caps)
{
	return caps->max_wqe_sz_rq / SEG_BYTES;
}

static void
wq_create(struct hf_wq *wq, const char *kind, uint8_t *at, uint32_t size, uint32_t stride)
{
	*wq = (struct hf_wq){.kind = kind, .num = 5, .ring = at};
	wq->rec = (uint32_t *)(at + RTE_ALIGN((size_t)size * stride, RECORDS));
	nic.wq = wq;
	nic.size = size;
	nic.stride = stride;
	nic.state = HF_WQ_RST;
}

int
hf_sq_create(struct hf_devx *dev, const struct hf_sq_attr *attr, struct hf_sq *sq)
{
	(void)dev;
	wq_create(&sq->wq, "sq", place_at(&attr->place, hf_sq_bytes(attr->size)), attr->size,
		BLOCK_BYTES);
	sq->db = (volatile uint64_t *)(sq->wq.rec + 2);
	return 0;
}

int
hf_rq_create(struct hf_devx *dev, const struct hf_rq_attr *attr, struct hf_wq *rq)
{
	(void)dev;
	wq_create(rq, "rq", place_at(&attr->place, hf_rq_bytes(attr->size, attr->segs)), attr->size,
		attr->segs * SEG_BYTES);
	return 0;
}

int
hf_wq_modify(struct hf_wq *wq, enum hf_wq_state from, enum hf_wq_state to)
{
	(void)wq;
	if (nic.state != from)
		return -EINVAL;
	nic.state = to;
	if (to == HF_WQ_RST)
		nic.pi = 0;
	return 0;
}

int
hf_wq_query(struct hf_wq *wq, enum hf_wq_state *state)
{
	(void)wq;
	*state = nic.state;
	return 0;
}

int
hf_wq_destroy(struct hf_wq *wq)
{
	(void)wq;
	return 0;
}

/* --- the NIC at work --- */

void
memnic_set_mem(const struct hf_svq_mem *mem)
{
	nic.mem = mem;
}

void
memnic_set_kind(const struct memnic_kind *kind)
{
	nic_caps.cqe_compression = kind->compression;
	nic_caps.eth.multi_packet = kind->multi_packet;
	nic_caps.eth.min_inline = kind->min_inline;
}

struct memnic_counts
memnic_counts(void)
{
	return nic.counts;
}

static unsigned int
cq_room(void)
{
	uint32_t ci = rte_be_to_cpu_32(*nic.cq->ci_rec);

	return nic.cq->size - RTE_MIN((nic.cq_pi - ci) & HF_CQ_CI_MASK, nic.cq->size);
}

static struct prm_eth_cqe *
cqe_at(uint32_t pi)
{
	return (struct prm_eth_cqe *)(uintptr_t)&nic.cq->cqe[pi % nic.cq->size];
}

/* A place in the completion queue; NULL: it is full, and a NIC would call that an overrun. */
static struct prm_eth_cqe *
cqe_next(void)
{
	return cq_room() > 0 ? cqe_at(nic.cq_pi) : NULL;
}

static void
cqe_write(uint8_t opcode, uint8_t syndrome, uint16_t counter, uint32_t len)
{
	struct prm_eth_cqe *cqe = cqe_next();

	if (cqe == NULL)
		return;
	cqe->byte_cnt = rte_cpu_to_be_32(len);
	cqe->hdr_type_etc = rte_cpu_to_be_16(MLX5_CQE_RX_L4_HDR_VALID);
	cqe->wqe_counter = rte_cpu_to_be_16(counter);
	if (opcode == MLX5_CQE_REQ_ERR || opcode == MLX5_CQE_RESP_ERR)
		((struct mlx5_err_cqe *)cqe)->syndrome = syndrome;
	cqe->op_own = (uint8_t)(opcode << 4 | !!(nic.cq_pi & nic.cq->size));
	nic.cq_pi++;
}

/* What a segment refers to. NULL: nothing that the NIC may touch. */
static uint8_t *
seg_at(const struct mlx5_wqe_data_seg *seg, uint32_t *len)
{
	uint64_t addr = rte_be_to_cpu_64(seg->addr);
	uint32_t key = rte_be_to_cpu_32(seg->lkey), hint = 0;

	*len = rte_be_to_cpu_32(seg->byte_count);
	if (*len == 0 || *len > MAX_BYTES)
		fault("a segment's length", *len);
	if (key == MR_LKEY) {
		if (addr - (uintptr_t)nic.mr >= nic.mr_len ||
			*len > nic.mr_len - (addr - (uintptr_t)nic.mr))
			fault("outside of the driver's own memory", addr);
		return (uint8_t *)(uintptr_t)addr;
	}
	if (key != nic.mem->mkey)
		fault("a key that nobody gave", key);
	return svq_mem_at(nic.mem, &hint, addr, *len);
}

static const void *
unit_at(unsigned int block, unsigned int unit)
{
	return nic.wq->ring + (block * BLOCK_BYTES + unit * SEG_BYTES) % (nic.size * BLOCK_BYTES);
}

/* All bytes of an entry are there. */
static bool
send_one(unsigned int block, unsigned int units, bool shared)
{
	const struct mlx5_wqe_eth_seg *eth = unit_at(block, 1);
	unsigned int inlined = rte_be_to_cpu_16(eth->inline_hdr_sz), i;
	static volatile uint8_t sink;
	uint32_t len, at;

	i = 2 + (inlined > 2 ? (inlined - 2 + 15) / 16 : 0);
	if (i > units || (eth->mss != 0 && inlined < 54) || inlined < nic_caps.eth.min_inline)
		fault("an entry's inlined bytes", inlined);
	if (shared && (!nic_caps.eth.multi_packet || inlined != 0 || eth->mss != 0))
		fault("an entry of many packets", units);
	for (; i < units; i++) {
		const uint8_t *p = seg_at(unit_at(block, i), &len);

		/* The NIC's error would not say which packet it is. */
		if (p == NULL && shared)
			fault("a packet outside of memory among others", i);
		if (p == NULL)
			return false;
		for (at = 0; at < len; at += 64)
			sink ^= p[at];
		sink ^= p[len - 1];
	}
	return true;
}

unsigned int
memnic_send(unsigned int n)
{
	unsigned int done;

	if (nic.state != HF_WQ_RDY)
		return 0;
	for (done = 0; done < n && nic.pi != (uint16_t)rte_be_to_cpu_32(*nic.wq->rec); done++) {
		unsigned int block = nic.pi & (nic.size - 1);
		const struct mlx5_wqe_ctrl_seg *ctrl = unit_at(block, 0);
		unsigned int units = rte_be_to_cpu_32(ctrl->qpn_ds) & 0xff;
		uint16_t index = (uint16_t)(rte_be_to_cpu_32(ctrl->opmod_idx_opcode) >> 8);
		uint8_t opcode = (uint8_t)rte_be_to_cpu_32(ctrl->opmod_idx_opcode);

		if (index != nic.pi || units < 3 || units > MAX_UNITS)
			fault("an entry's head", units);
		if (!send_one(block, units, opcode == MLX5_OPCODE_ENHANCED_MPSW)) {
			nic.state = HF_WQ_ERR;
			cqe_write(MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, index, 0);
			return done;
		}
		if ((ctrl->fm_ce_se & MLX5_COMP_ALWAYS << MLX5_COMP_MODE_OFFSET) != 0)
			cqe_write(MLX5_CQE_REQ, 0, index, 0);
		nic.pi += (units + 3) / 4;
	}
	return done;
}

/* The next receive entry; NULL: there is none. */
static const struct mlx5_wqe_data_seg *
entry_next(void)
{
	if (nic.state != HF_WQ_RDY || nic.pi == (uint16_t)rte_be_to_cpu_32(*nic.wq->rec))
		return NULL;
	return (const void *)(nic.wq->ring + (nic.pi & (nic.size - 1)) * (size_t)nic.stride);
}

/* Of a frame that is longer than the next entry, as what is due? */
static bool
is_lie(const struct memnic_junk *j)
{
	const struct mlx5_wqe_data_seg *seg = entry_next();
	unsigned int i, n = nic.stride / SEG_BYTES;
	uint64_t room = 0;

	if (seg == NULL || j->opcode != MLX5_CQE_RESP_SEND || j->other_owner || j->counter != 0)
		return false;
	for (i = 0; i < n && seg[i].byte_count != 0; i++)
		room += rte_be_to_cpu_32(seg[i].byte_count);
	return j->len > room;
}

void
memnic_complete(const struct memnic_junk *j)
{
	struct prm_eth_cqe *cqe = cqe_next();

	if (cqe == NULL)
		return;
	nic.counts.lied |= !nic.counts.junk && is_lie(j);
	nic.counts.junk = true;
	cqe_write(j->opcode & 15, j->syndrome, nic.pi + j->counter, j->len);
	if (j->other_owner)
		cqe->op_own ^= MLX5_CQE_OWNER_MASK;
}

/* Into the next entry, as far as it goes; a completion is due for all of these but the first. */
enum stored { STORED_NOWHERE, STORED_PART, STORED_BROKEN, STORED };

static enum stored
frame_store(uint32_t len, uint8_t fill)
{
	const struct mlx5_wqe_data_seg *seg;
	unsigned int i, n = nic.stride / SEG_BYTES;
	uint32_t left = len, part;
	uint8_t *p;

	seg = entry_next();
	if (seg == NULL)
		return STORED_NOWHERE;
	for (i = 0; left > 0 && i < n && seg[i].byte_count != 0; i++, left -= part) {
		p = seg_at(&seg[i], &part);
		if (p == NULL)
			return STORED_BROKEN;
		part = RTE_MIN(part, left);
		memset(p, fill, part);
	}
	return left > 0 ? STORED_PART : STORED;
}

/* Of n frames in the entries from 'first' on; the arrays before the title. There is room. */
static void
session_write(uint16_t first, const uint32_t *len, unsigned int n)
{
	struct prm_mini_cqe *mini = NULL;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (i % PRM_MINI_CQES == 0)
			mini = memset(
				cqe_at(nic.cq_pi + RTE_MAX(i, 1u)), 0, sizeof(struct prm_eth_cqe));
		mini[i % PRM_MINI_CQES].byte_cnt = rte_cpu_to_be_32(len[i]);
	}
	cqe_write(MLX5_CQE_RESP_SEND, 0, first, n);
	cqe_at(nic.cq_pi - 1)->op_own |= PRM_CQE_COMPRESSED;
	nic.cq_pi += n - 1;
}

static void
frames_complete(uint16_t first, const uint32_t *len, unsigned int n)
{
	unsigned int i;

	nic.counts.frames += n;
	if (nic.compressed && n >= SESSION_MIN && n <= cq_room()) {
		session_write(first, len, n);
		return;
	}
	for (i = 0; i < n; i++)
		cqe_write(MLX5_CQE_RESP_SEND, 0, first + i, len[i]);
}

void
memnic_receive(const uint32_t *len, unsigned int n, uint8_t fill)
{
	const uint16_t first = nic.pi;
	enum stored last = STORED;
	unsigned int i;

	for (i = 0; i < n && (last = frame_store(len[i], fill)) == STORED; i++)
		nic.pi++;
	frames_complete(first, len, i);
	if (last == STORED_PART) {
		cqe_write(MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR, nic.pi++, 0);
		nic.counts.too_long++;
	} else if (last == STORED_BROKEN) {
		nic.state = HF_WQ_ERR;
		cqe_write(MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, nic.pi, 0);
	}
}
