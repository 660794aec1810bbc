/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "pkt.h"

#include <net/ethernet.h>
#include <netinet/in.h>

#define ETHERTYPE_QINQ 0x88a8
#define IPV4_MIN 20u
#define IPV6_LEN 40u
#define FRAG_OFFSET_V4 0x1fffu
#define FRAG_MORE_V4 0x2000u
#define FRAG_OFFSET_V6 0xfff8u
#define FRAG_EXT_LEN 8u

static void
parse_ipv4(const uint8_t *head, uint32_t avail, uint32_t off, struct pkt_hdr *h)
{
	const uint8_t *ip = head + off;
	uint32_t ihl, total;
	uint16_t frag;

	if (avail < off + IPV4_MIN || ip[0] >> 4 != 4)
		return;
	ihl = (ip[0] & 0xfu) * 4;
	if (ihl < IPV4_MIN)
		return;
	h->l3 = PKT_L3_IPV4;
	h->l3_off = (uint8_t)off;
	h->proto = ip[9];
	frag = pkt_be16(ip + 6);
	h->frag = (frag & (FRAG_OFFSET_V4 | FRAG_MORE_V4)) != 0;
	total = pkt_be16(ip + 2);
	if ((frag & FRAG_OFFSET_V4) != 0 || off + ihl >= avail || total < ihl)
		return;
	h->l4_off = (uint8_t)(off + ihl);
	h->l4_len = (uint16_t)(total - ihl);
}

static void
parse_ipv6(const uint8_t *head, uint32_t avail, uint32_t off, struct pkt_hdr *h)
{
	uint32_t pos = off + IPV6_LEN, len;
	uint8_t next;

	if (avail < pos || head[off] >> 4 != 6)
		return;
	h->l3 = PKT_L3_IPV6;
	h->l3_off = (uint8_t)off;
	len = pkt_be16(head + off + 4);
	next = head[off + 6];
	while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
		next == IPPROTO_FRAGMENT) {
		uint32_t ext;

		h->proto = next;
		if (pos + FRAG_EXT_LEN > avail)
			return;
		ext = next == IPPROTO_FRAGMENT ? FRAG_EXT_LEN : (head[pos + 1] + 1u) * 8;
		if (next == IPPROTO_FRAGMENT) {
			h->frag = true;
			if ((pkt_be16(head + pos + 2) & FRAG_OFFSET_V6) != 0) {
				h->proto = head[pos];
				return;
			}
		}
		if (ext > len)
			return;
		next = head[pos];
		pos += ext;
		len -= ext;
	}
	h->proto = next;
	if (pos >= avail)
		return;
	h->l4_off = (uint8_t)pos;
	h->l4_len = (uint16_t)len;
	h->plain = pos == ETHER_HDR_LEN + IPV6_LEN;
}

/* The usual frame: IPv4 without tags and options. False: it is another. */
static inline bool
parse_plain(const uint8_t *head, uint32_t avail, struct pkt_hdr *h)
{
	static const uint8_t plain[] = {ETHERTYPE_IP >> 8, ETHERTYPE_IP & 0xff, 0x45};
	const uint8_t *ip = head + ETHER_HDR_LEN;
	uint16_t frag, total;

	if (avail <= ETHER_HDR_LEN + IPV4_MIN ||
		memcmp(head + 2 * ETHER_ADDR_LEN, plain, sizeof(plain)) != 0)
		return false;
	frag = pkt_be16(ip + 6);
	total = pkt_be16(ip + 2);
	if ((frag & (FRAG_OFFSET_V4 | FRAG_MORE_V4)) != 0 || total < IPV4_MIN)
		return false;
	*h = (struct pkt_hdr){.ethertype = ETHERTYPE_IP,
		.l3 = PKT_L3_IPV4,
		.l3_off = ETHER_HDR_LEN,
		.l4_off = ETHER_HDR_LEN + IPV4_MIN,
		.proto = ip[9],
		.plain = true,
		.l4_len = (uint16_t)(total - IPV4_MIN)};
	return true;
}

void
pkt_parse(const uint8_t *head, uint32_t avail, struct pkt_hdr *h)
{
	uint32_t off = 2 * ETHER_ADDR_LEN;
	unsigned int tags;
	uint16_t type;

	if (avail > PKT_HEAD)
		avail = PKT_HEAD;
	if (parse_plain(head, avail, h))
		return;
	*h = (struct pkt_hdr){0};
	if (avail < ETHER_HDR_LEN)
		return;
	type = pkt_be16(head + off);
	off += 2;
	for (tags = 0; tags < 2 && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ); tags++) {
		if (avail < off + 4)
			return;
		if (tags == 0) {
			h->cvlan = type == ETHERTYPE_VLAN;
			h->svlan = !h->cvlan;
			h->vlan = pkt_be16(head + off);
		}
		type = pkt_be16(head + off + 2);
		off += 4;
	}
	h->ethertype = type;
	if (type == ETHERTYPE_IP)
		parse_ipv4(head, avail, off, h);
	else if (type == ETHERTYPE_IPV6)
		parse_ipv6(head, avail, off, h);
}

void
pkt_load(struct pkt *p, struct iov_cur *src, uint32_t len)
{
	p->len = len;
	p->head_len = (uint16_t)iov_read(src, p->head, len < PKT_HEAD ? len : PKT_HEAD);
	p->csum_ok = false;
	p->rest = *src;
	pkt_parse(p->head, p->head_len, &p->hdr);
}

void
pkt_load_flat(struct pkt *p, const struct iovec *seg, uint32_t off, uint32_t len)
{
	p->len = len;
	p->head_len = (uint16_t)(len < PKT_HEAD ? len : PKT_HEAD);
	p->csum_ok = false;
	p->rest = (struct iov_cur){.seg = seg, .n = 1, .off = off + p->head_len};
	iov_copy_short(p->head, (const uint8_t *)seg->iov_base + off, p->head_len);
	pkt_parse(p->head, p->head_len, &p->hdr);
}
