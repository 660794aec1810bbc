/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Entries of a raw send queue: control segment, Ethernet segment, data segments. Layout: rdma-core
 * mlx5dv.h, Linux mlx5/qp.h and en_tx.c.
 */
#include <endian.h>
#include <infiniband/mlx5dv.h>
#include <net/ethernet.h>
#include <netinet/in.h>

#include "pkt.h"
#include "prm.h"
#include "sq.h"
#include "wq.h"

#define DS_HEAD 2u /* control and Ethernet segment */
#define INLINE_AT (SQ_DS + 14u) /* where the inline header begins in its entry */
#define INLINE_IN_SEG 2u /* bytes of it in the Ethernet segment */
#define VLAN_INSERT 0x8000u /* Linux qp.h MLX5_ETH_WQE_INSERT_VLAN, MLX5_ETH_WQE_SVLAN */
#define VLAN_SVLAN 0x0001u
#define ETHERTYPE_QINQ 0x88a8u
#define TAG_LEN 4u
#define TCP_MIN 20u
#define TCP_DOFF 12u
#define UDP_LEN 8u
#define MAX_FRAME 0x10000u /* of one that is not cut */

const uint8_t *
sq_block(const struct dp_sq *s, uint16_t index)
{
	const struct nic_wq *wq = &s->sq->wq;
	uint32_t off = (index & ((1u << wq->log_size) - 1)) * SQ_BB;

	return s->ring != NULL ? s->ring + off : mem_umem_ptr(wq->umem, wq->offset + off, SQ_BB);
}

enum wqe_error
wqe_peek(struct dp_sq *s, uint16_t index, unsigned int room, struct sq_entry *w)
{
	const uint8_t *bb = sq_block(s, index);
	struct mlx5_wqe_ctrl_seg ctrl;
	uint32_t op, ds;

	*w = (struct sq_entry){.index = index, .n_bb = 1};
	if (bb == NULL)
		return WQE_E_WQ_MEMORY;
	memcpy(&ctrl, bb, sizeof(ctrl));
	op = be32toh(ctrl.opmod_idx_opcode);
	ds = be32toh(ctrl.qpn_ds) & 0xff;
	w->opcode = (uint8_t)op;
	w->mode = ctrl.fm_ce_se >> MLX5_COMP_MODE_OFFSET & 3;
	if (ds == 0 || ds > s->can.ds || (ds + 3) / 4 > room)
		return WQE_E_DS;
	w->n_bb = (uint8_t)((ds + 3) / 4);
	return WQE_E_NONE;
}

/* Copy an entry, and check what does not depend on its opcode. */
static enum wqe_error
read_entry(struct dp_sq *s, const struct sq_entry *w, struct sq_copy *e)
{
	unsigned int i;
	uint32_t op, qpn_ds;

	for (i = 0; i < w->n_bb; i++) {
		const uint8_t *bb = sq_block(s, (uint16_t)(w->index + i));

		if (bb == NULL)
			return WQE_E_WQ_MEMORY;
		memcpy(e->b + i * SQ_BB, bb, SQ_BB);
	}
	op = be32toh(e->ctrl.opmod_idx_opcode);
	qpn_ds = be32toh(e->ctrl.qpn_ds);
	/* once more, of the copy: it may have changed */
	e->n_ds = qpn_ds & 0xff;
	if (e->n_ds == 0 || (e->n_ds + 3) / 4 != w->n_bb || e->n_ds > SQ_DS_MAX ||
		(uint8_t)op != w->opcode)
		return WQE_E_DS;
	if (qpn_ds >> 8 != s->sq->obj.id)
		return WQE_E_NUMBER;
	if ((uint16_t)(op >> 8) != w->index)
		return WQE_E_INDEX;
	return op >> 24 != 0 ? WQE_E_OPMOD : WQE_E_NONE;
}

/* Bytes of the entry, which stay in the ring: in as many segments as it has pieces. */
static enum wqe_error
add_inline(struct dp_sq *s, struct sq_entry *w, unsigned int at, unsigned int len)
{
	while (len > 0) {
		const uint8_t *bb = sq_block(s, (uint16_t)(w->index + at / SQ_BB));
		unsigned int off = at % SQ_BB, part = SQ_BB - off < len ? SQ_BB - off : len;
		struct iovec *last = w->n_seg > 0 ? &s->pool[w->seg + w->n_seg - 1] : NULL;

		if (bb == NULL)
			return WQE_E_WQ_MEMORY;
		if (last != NULL && (const uint8_t *)last->iov_base + last->iov_len == bb + off) {
			last->iov_len += part;
		} else {
			if (w->n_seg == SQ_MAX_SEGS)
				return WQE_E_SEGMENTS;
			s->pool[w->seg + w->n_seg++] = (struct iovec){
				.iov_base = (void *)(uintptr_t)(bb + off), .iov_len = part};
		}
		w->len += part;
		at += part;
		len -= part;
	}
	return WQE_E_NONE;
}

static enum wqe_error
add_data(struct dp_sq *s, struct sq_entry *w, const struct mlx5_wqe_data_seg *d)
{
	uint32_t len = be32toh(d->byte_count);
	struct iovec *seg = &s->pool[w->seg + w->n_seg];
	int n;

	/* 0 is 2 GiB, which no frame has */
	if (len == 0 || len > UINT32_MAX - w->len)
		return WQE_E_LENGTH;
	n = keytlb_xlate(&s->tlb, s->base.f, s->sq->wq.pd, be32toh(d->lkey), be64toh(d->addr), len,
		NIC_PERM_LR, seg, (int)(SQ_MAX_SEGS - w->n_seg));
	if (n <= 0)
		return n < 0 ? wqe_mem_error(n) : WQE_E_SEGMENTS;
	__builtin_prefetch(seg->iov_base);
	__builtin_prefetch((const uint8_t *)seg->iov_base + SQ_BB);
	w->n_seg = (uint16_t)(w->n_seg + n);
	w->len += len;
	return WQE_E_NONE;
}

/* The segment at number *ds, and *ds behind it. */
static enum wqe_error
add_segment(struct dp_sq *s, struct sq_entry *w, const struct sq_copy *e, unsigned int *ds)
{
	const unsigned int at = *ds * SQ_DS;
	struct mlx5_wqe_data_seg d;
	uint32_t count, used;

	memcpy(&d, e->b + at, sizeof(d));
	count = be32toh(d.byte_count);
	if ((count & MLX5_INLINE_SEG) == 0) {
		*ds += 1;
		return add_data(s, w, &d);
	}
	count &= ~(uint32_t)MLX5_INLINE_SEG;
	used = sizeof(struct mlx5_wqe_inl_data_seg) + count;
	if (count == 0 || used > (e->n_ds - *ds) * SQ_DS)
		return WQE_E_INLINE_SEG;
	*ds += (used + SQ_DS - 1) / SQ_DS;
	return add_inline(s, w, at + (unsigned int)sizeof(struct mlx5_wqe_inl_data_seg), count);
}

/*
 * The data segments of a frame: all from number *ds on, or the one there of an entry of which each
 * is a frame.
 */
static enum wqe_error
add_frame(struct dp_sq *s, struct sq_entry *w, const struct sq_copy *e, unsigned int *ds)
{
	enum wqe_error err = WQE_E_NONE;

	if (w->opcode == MLX5_OPCODE_ENHANCED_MPSW)
		return *ds < e->n_ds ? add_segment(s, w, e, ds) : WQE_E_DS;
	while (*ds < e->n_ds && err == WQE_E_NONE)
		err = add_segment(s, w, e, ds);
	return err;
}

static unsigned int
l2_len(const uint8_t *hdr, unsigned int len)
{
	unsigned int off = ETHER_HDR_LEN;

	while (off <= len && off <= ETHER_HDR_LEN + 2 * TAG_LEN &&
		(pkt_be16(hdr + off - 2) == ETHERTYPE_VLAN ||
			pkt_be16(hdr + off - 2) == ETHERTYPE_QINQ))
		off += TAG_LEN;
	return off;
}

/*
 * Does the inline header have what min_wqe_inline_mode demands? What the frame does not have is not
 * demanded. IP headers here are those of a frame that the NIC can parse.
 */
static bool
has_min_inline(const struct nic_sq *sq, const uint8_t *hdr, unsigned int len)
{
	struct pkt_hdr h;
	unsigned int need;

	if (sq->min_inline == NIC_INLINE_NONE)
		return true;
	if (len < l2_len(hdr, len))
		return false;
	if (sq->min_inline == NIC_INLINE_L2)
		return true;
	pkt_parse(hdr, len, &h);
	if (h.l3 == PKT_L3_NONE)
		return h.ethertype != ETHERTYPE_IP && h.ethertype != ETHERTYPE_IPV6;
	/* the parser says where layer 4 begins when there is at least a byte of it */
	if (sq->min_inline == NIC_INLINE_IP)
		return h.l4_off != 0 || h.frag ||
			len == h.l3_off + (h.l3 == PKT_L3_IPV4 ? (hdr[h.l3_off] & 0xfu) * 4 : 40);
	if (h.frag || (h.proto != IPPROTO_TCP && h.proto != IPPROTO_UDP))
		return true;
	if (h.l4_off == 0)
		return false;
	need = h.proto == IPPROTO_UDP ? UDP_LEN : TCP_MIN;
	if (h.proto == IPPROTO_TCP && len >= h.l4_off + TCP_MIN)
		need = (hdr[h.l4_off + TCP_DOFF] >> 4) * 4u;
	return len >= h.l4_off + need;
}

/* The Ethernet segment: offloads, inline header. *ds: the first segment behind it. */
static enum wqe_error
parse_eth(struct dp_sq *s, struct sq_entry *w, const struct sq_copy *e, unsigned int *ds)
{
	uint16_t sz = be16toh(e->eth.inline_hdr_sz);
	const bool shared = w->opcode == MLX5_OPCODE_ENHANCED_MPSW;
	bool insert = (sz & VLAN_INSERT) != 0;

	*ds = DS_HEAD;
	w->cs_flags = e->eth.cs_flags;
	w->mss = be16toh(e->eth.mss);
	if (e->eth.rsvd0 != 0 || e->eth.rsvd1 != 0)
		return WQE_E_SWP;
	if ((w->cs_flags & ~(MLX5_ETH_WQE_L3_CSUM | MLX5_ETH_WQE_L4_CSUM)) != 0 ||
		(w->cs_flags != 0 && !s->can.csum))
		return WQE_E_CSUM;
	if ((w->mss != 0) != (w->opcode == MLX5_OPCODE_TSO))
		return WQE_E_MSS;
	if (insert) {
		if ((sz & ~(VLAN_INSERT | VLAN_SVLAN)) != 0 || !s->can.vlan || shared)
			return WQE_E_VLAN;
		w->tag = ((sz & VLAN_SVLAN) != 0 ? ETHERTYPE_QINQ : ETHERTYPE_VLAN) << 16 |
			pkt_be16(e->eth.inline_hdr_start);
		sz = 0;
	}
	w->hdr_len = sz;
	if (sz > INLINE_IN_SEG)
		*ds += (sz - INLINE_IN_SEG + SQ_DS - 1) / SQ_DS;
	/* headers of what is cut have to be inline: each segment gets a copy */
	if (*ds > e->n_ds || (w->opcode == MLX5_OPCODE_TSO && sz == 0) || (shared && sz != 0))
		return WQE_E_INLINE_HDR;
	if (!has_min_inline(s->sq, e->b + INLINE_AT, sz))
		return WQE_E_MIN_INLINE;
	return add_inline(s, w, INLINE_AT, sz);
}

static bool
may_opcode(const struct dp_sq *s, uint8_t opcode)
{
	switch (opcode) {
	case MLX5_OPCODE_SEND:
		return true;
	case MLX5_OPCODE_TSO:
		return s->can.lso != 0;
	case MLX5_OPCODE_ENHANCED_MPSW:
		return s->sq->multi;
	default:
		return false;
	}
}

/* Its segments, from 'ds' on. */
static enum wqe_error
fetch_frame(struct dp_sq *s, struct sq_entry *w, unsigned int ds)
{
	enum wqe_error err = add_frame(s, w, &s->copy, &ds);

	if (err != WQE_E_NONE)
		return err;
	if (w->len == 0 || w->len > (w->opcode == MLX5_OPCODE_TSO ? s->can.lso : MAX_FRAME))
		return WQE_E_LENGTH;
	w->next_ds = ds < s->copy.n_ds ? (uint8_t)ds : 0;
	s->n_pool += w->n_seg;
	return WQE_E_NONE;
}

enum wqe_error
wqe_fetch(struct dp_sq *s, uint16_t index, unsigned int room, unsigned int from, struct sq_entry *w)
{
	enum wqe_error err = wqe_peek(s, index, room, w);
	unsigned int ds;

	w->seg = (uint16_t)s->n_pool;
	if (err == WQE_E_NONE)
		err = read_entry(s, w, &s->copy);
	if (err != WQE_E_NONE || w->opcode == MLX5_OPCODE_NOP)
		return err;
	if (!may_opcode(s, w->opcode))
		return WQE_E_OPCODE;
	if (s->copy.n_ds < DS_HEAD)
		return WQE_E_DS;
	err = parse_eth(s, w, &s->copy, &ds);
	return err != WQE_E_NONE ? err : fetch_frame(s, w, from != 0 ? from : ds);
}

enum wqe_error
wqe_fetch_next(struct dp_sq *s, const struct sq_entry *before, struct sq_entry *w)
{
	*w = *before;
	w->seg = (uint16_t)s->n_pool;
	w->n_seg = 0;
	w->len = 0;
	return fetch_frame(s, w, before->next_ds);
}
