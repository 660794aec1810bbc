/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_hdr.h"

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <stddef.h>
#include <string.h>

#define MAX_TAGS 2

/* Where the TCP or UDP header of a frame is; l4 0: it has none, or not where a NIC looks. */
struct layers {
	uint16_t l3, l4;
	uint8_t proto;
	bool v6;
};

static uint16_t
be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
ipv4_parse(const uint8_t *frame, uint32_t n, struct layers *l)
{
	const uint8_t *ip = frame + l->l3;
	uint32_t len;

	if (n < l->l3 + sizeof(struct rte_ipv4_hdr) || ip[0] >> 4 != 4)
		return;
	len = (ip[0] & 0xfu) * 4;
	if (len < sizeof(struct rte_ipv4_hdr) ||
		(be16_at(ip + offsetof(struct rte_ipv4_hdr, fragment_offset)) &
			(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return;
	l->proto = ip[offsetof(struct rte_ipv4_hdr, next_proto_id)];
	l->l4 = (uint16_t)(l->l3 + len);
}

/* Without extension headers: those are for the CPU. */
static void
ipv6_parse(const uint8_t *frame, uint32_t n, struct layers *l)
{
	const uint8_t *ip = frame + l->l3;

	if (n < l->l3 + sizeof(struct rte_ipv6_hdr) || ip[0] >> 4 != 6)
		return;
	l->proto = ip[offsetof(struct rte_ipv6_hdr, proto)];
	l->l4 = (uint16_t)(l->l3 + sizeof(struct rte_ipv6_hdr));
	l->v6 = true;
}

static struct layers
frame_parse(const uint8_t *frame, uint32_t n)
{
	struct layers l = {.l3 = RTE_ETHER_HDR_LEN};
	unsigned int tags;
	uint16_t type;

	for (tags = 0; n >= l.l3; tags++, l.l3 += RTE_VLAN_HLEN) {
		type = be16_at(frame + l.l3 - sizeof(type));
		if (type == RTE_ETHER_TYPE_IPV4)
			ipv4_parse(frame, n, &l);
		else if (type == RTE_ETHER_TYPE_IPV6)
			ipv6_parse(frame, n, &l);
		if (tags == MAX_TAGS ||
			(type != RTE_ETHER_TYPE_VLAN && type != RTE_ETHER_TYPE_QINQ))
			break;
	}
	return l;
}

/* Where the protocol has its checksum; 0: it is not one that the NIC knows. */
static uint16_t
csum_field(uint8_t proto)
{
	if (proto == IPPROTO_TCP)
		return offsetof(struct rte_tcp_hdr, cksum);
	return proto == IPPROTO_UDP ? offsetof(struct rte_udp_hdr, dgram_cksum) : 0;
}

static enum svq_way
csum_offload(const struct virtio_net_hdr_v1 *h, const struct layers *l, uint32_t len,
	struct svq_offload *o)
{
	o->csum_start = rte_le_to_cpu_16(h->csum_start);
	o->csum_offset = rte_le_to_cpu_16(h->csum_offset);
	if ((uint32_t)o->csum_start + o->csum_offset + sizeof(uint16_t) > len)
		return SVQ_DROP;
	o->l4_csum = l->l4 != 0 && o->csum_start == l->l4 && csum_field(l->proto) != 0 &&
		o->csum_offset == csum_field(l->proto);
	return o->l4_csum ? SVQ_SEND : SVQ_COPY;
}

/*
 * The headers as they are in the frame count; hdr_len of the virtio header is a hint that guests
 * get wrong (virtio 1.2, 5.1.6.2). HOST_ECN is not offered: a NIC copies CWR into each segment.
 */
static enum svq_way
gso_offload(const struct virtio_net_hdr_v1 *h, const uint8_t *frame, uint32_t n, uint32_t len,
	const struct layers *l, const struct svq_offers *offers, struct svq_offload *o)
{
	uint32_t tcp_len;

	if (!(h->gso_type == VIRTIO_NET_HDR_GSO_TCPV4 && offers->tso4 && !l->v6) &&
		!(h->gso_type == VIRTIO_NET_HDR_GSO_TCPV6 && offers->tso6 && l->v6))
		return SVQ_DROP;
	if (l->l4 == 0 || l->proto != IPPROTO_TCP || n < l->l4 + sizeof(struct rte_tcp_hdr))
		return SVQ_DROP;
	tcp_len = (frame[l->l4 + offsetof(struct rte_tcp_hdr, data_off)] >> 4) * 4u;
	o->hdr_len = (uint16_t)(l->l4 + tcp_len);
	o->mss = rte_le_to_cpu_16(h->gso_size);
	if (tcp_len < sizeof(struct rte_tcp_hdr) || o->mss == 0 || o->hdr_len > n ||
		o->hdr_len >= len || o->hdr_len > offers->max_hdr ||
		(uint32_t)o->hdr_len + o->mss > offers->max_frame)
		return SVQ_DROP;
	o->l3_csum = !l->v6;
	o->l4_csum = true;
	return SVQ_SEND;
}

void
svq_hdr_from_be(struct virtio_net_hdr_v1 *h)
{
	h->hdr_len = rte_bswap16(h->hdr_len);
	h->gso_size = rte_bswap16(h->gso_size);
	h->csum_start = rte_bswap16(h->csum_start);
	h->csum_offset = rte_bswap16(h->csum_offset);
}

enum svq_way
svq_hdr_offload(const struct virtio_net_hdr_v1 *h, const uint8_t *frame, uint32_t n, uint32_t len,
	const struct svq_offers *offers, struct svq_offload *o)
{
	const struct layers l = frame_parse(frame, n);

	*o = (struct svq_offload){.mss = 0};
	/* A segment needs its checksums: virtio 1.2, 5.1.6.2.1. */
	if (!offers->csum || (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
		return SVQ_DROP;
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return gso_offload(h, frame, n, len, &l, offers, o);
	return csum_offload(h, &l, len, o);
}

void
svq_csum_complete(uint8_t *frame, uint32_t len, uint16_t start, uint16_t offset)
{
	uint16_t sum = (uint16_t)~rte_raw_cksum(frame + start, len - start);

	/* 0 would mean that there is none (UDP). */
	if (sum == 0)
		sum = UINT16_MAX;
	memcpy(frame + start + offset, &sum, sizeof(sum));
}
