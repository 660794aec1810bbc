/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a completion tells of a received frame. Fields: DPDK mlx5_prm.h struct mlx5_cqe and
 * mlx5_rx.c, Linux device.h struct mlx5_cqe64 and en_rx.c.
 */
#include <endian.h>
#include <netinet/in.h>

#include "csum.h"
#include "prm.h"
#include "rq.h"

#define IPV6_LEN 40u
#define TCP_DOFF 12u
#define TCP_FLAGS 13u
#define TCP_ACK 0x10
#define UDP_CSUM 6u

/* Where layer 3 ends, as its header says; not beyond the frame. ok: the frame has all of it. */
static uint32_t
ip_end(const struct pkt *p, bool *ok)
{
	const uint8_t *ip = p->head + p->hdr.l3_off;
	uint32_t end = p->hdr.l3_off +
		(p->hdr.l3 == PKT_L3_IPV4 ? pkt_be16(ip + 2) : IPV6_LEN + pkt_be16(ip + 4));

	*ok = end <= p->len;
	return *ok ? end : p->len;
}

static bool
ipv4_header_ok(const struct pkt *p)
{
	uint32_t end = p->hdr.l3_off + (p->head[p->hdr.l3_off] & 0xfu) * 4;

	return end <= p->len && csum_fold(csum_pkt(p, p->hdr.l3_off, end)) == 0xffff;
}

static bool
has_l4_csum(const struct pkt *p)
{
	const struct pkt_hdr *h = &p->hdr;

	if (h->l4_off == 0 || h->frag)
		return false;
	if (h->proto == IPPROTO_TCP)
		return h->l4_len >= TCP_DOFF + 8 && p->head_len >= h->l4_off + TCP_DOFF + 8;
	return h->proto == IPPROTO_UDP && h->l4_len >= UDP_CSUM + 2 &&
		p->head_len >= h->l4_off + UDP_CSUM + 2 &&
		pkt_be16(p->head + h->l4_off + UDP_CSUM) != 0;
}

/*
 * Checksum flags, and the sum over the IP packet (Linux en_rx.c: from the IP header to the end that
 * it gives). A frame whose checksum was made or checked here is not read again: the sum of layer 4
 * is what makes that of its pseudo header right.
 */
static uint16_t
csum_fill(const struct pkt *p, uint16_t *sum)
{
	const struct pkt_hdr *h = &p->hdr;
	uint16_t flags = MLX5_CQE_RX_L2_HDR_VALID;
	uint64_t l3, l4, pseudo;
	uint32_t end, from;
	bool whole, l4_ok;

	*sum = 0;
	if (h->l3 == PKT_L3_NONE)
		return flags;
	end = ip_end(p, &whole);
	if (whole && (h->l3 == PKT_L3_IPV6 || ipv4_header_ok(p)))
		flags |= MLX5_CQE_RX_L3_HDR_VALID;
	from = h->l4_off != 0 && h->l4_off <= end ? h->l4_off : end;
	l3 = csum_pkt(p, h->l3_off, from);
	l4_ok = whole && has_l4_csum(p);
	pseudo = l4_ok ? csum_pseudo(p, h->l4_len) : 0;
	if (l4_ok && p->csum_ok) {
		/* as csum_add() has it, in the order of memory */
		l4 = htobe16((uint16_t)~csum_fold(pseudo));
	} else {
		l4 = csum_pkt(p, from, end);
		l4_ok = l4_ok && csum_fold(l4 + pseudo) == 0xffff;
	}
	if (l4_ok)
		flags |= MLX5_CQE_RX_L4_HDR_VALID;
	*sum = csum_fold(l3 + l4);
	return flags;
}

static uint16_t
l4_type(const struct pkt *p)
{
	const struct pkt_hdr *h = &p->hdr;
	const uint8_t *l4 = p->head + h->l4_off;

	if (h->l4_off == 0 || h->frag)
		return CQE_L4_HDR_TYPE_NONE;
	if (h->proto == IPPROTO_UDP)
		return CQE_L4_HDR_TYPE_UDP;
	if (h->proto != IPPROTO_TCP || p->head_len < h->l4_off + TCP_FLAGS + 1u)
		return CQE_L4_HDR_TYPE_NONE;
	if ((l4[TCP_FLAGS] & TCP_ACK) == 0)
		return CQE_L4_HDR_TYPE_TCP_NO_ACK;
	return h->l4_len > (l4[TCP_DOFF] >> 4) * 4u ? CQE_L4_HDR_TYPE_TCP_ACK_AND_DATA
						    : CQE_L4_HDR_TYPE_TCP_ACK_NO_DATA;
}

static uint16_t
type_fill(const struct pkt *p)
{
	uint16_t type = 0;

	if (p->hdr.l3 == PKT_L3_IPV4)
		type = MLX5_CQE_RX_IPV4_PACKET;
	else if (p->hdr.l3 == PKT_L3_IPV6)
		type = MLX5_CQE_RX_IPV6_PACKET;
	type |= (uint16_t)(l4_type(p) << MLX5_CQE_L4_TYPE_SHIFT);
	return p->hdr.frag ? type | MLX5_CQE_RX_IP_FRAG_PACKET : type;
}

void
rq_cqe_fill(struct mlx5_cqe64 *cqe, const struct nic_rq *rq, const struct pkt *p,
	const struct rx_meta *meta, uint32_t strip)
{
	struct prm_eth_cqe *c = (struct prm_eth_cqe *)(void *)cqe;
	uint16_t type = type_fill(p), sum = 0;

	*c = (struct prm_eth_cqe){.rx_hash_res = htobe32(meta->hash),
		.rx_hash_type = meta->hash_type,
		.user_index_bytes = {(uint8_t)(rq->user_index >> 16),
			(uint8_t)(rq->user_index >> 8), (uint8_t)rq->user_index},
		.byte_cnt = htobe32(p->len - strip),
		.sop_drop_qpn = htobe32(meta->flow_tag)};
	if (rq->csum)
		type |= csum_fill(p, &sum);
	if (strip > 0) {
		type |= MLX5_CQE_VLAN_STRIPPED;
		c->vlan_info = htobe16(p->hdr.vlan);
	}
	c->csum = htobe16(sum);
	c->hdr_type_etc = htobe16(type);
}
