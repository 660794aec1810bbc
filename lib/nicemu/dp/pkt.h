/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A frame on its way through the NIC: its first bytes as the NIC read them (what was classified is
 * what is delivered, whatever the sender writes to its buffer meanwhile), and the rest where the
 * sender has it.
 */
#ifndef NICEMU_DP_PKT_H
#define NICEMU_DP_PKT_H

#include <stdbool.h>

#include "iov.h"

#define PKT_HEAD 128u /* bytes that the parser sees */

enum pkt_l3 { PKT_L3_NONE, PKT_L3_IPV4, PKT_L3_IPV6 };

/* What the parser found. Offsets in the frame; 0: not there, or not within the head. */
struct pkt_hdr {
	uint16_t ethertype; /* behind the VLAN tags, host order */
	uint16_t vlan; /* TCI of the first tag, host order */
	bool cvlan, svlan; /* kind of the first tag */
	enum pkt_l3 l3;
	uint8_t l3_off;
	uint8_t l4_off; /* 0 in any fragment but the first */
	uint8_t proto; /* IPv6: of the last extension header */
	bool frag;
	bool plain; /* IP without tags, options, extension headers, not a fragment: l4_off is set */
	uint16_t l4_len; /* bytes from l4_off on, as the IP header has it */
};

struct pkt {
	uint32_t len;
	uint16_t head_len;
	bool csum_ok; /* the NIC made, or checked, the checksum of layer 4 */
	struct pkt_hdr hdr;
	struct iov_cur rest; /* len - head_len bytes behind the head */
	uint8_t head[PKT_HEAD] __attribute__((aligned(16)));
};

/* Read the head of a frame of 'len' bytes at 'src' and parse it. */
void pkt_load(struct pkt *p, struct iov_cur *src, uint32_t len);
/* The same for a frame that is in one piece: from 'off' on in a segment with an address. */
void pkt_load_flat(struct pkt *p, const struct iovec *seg, uint32_t off, uint32_t len);
/* Parse the first 'avail' bytes of a frame: reads nothing behind them. */
void pkt_parse(const uint8_t *head, uint32_t avail, struct pkt_hdr *h);

static inline uint16_t
pkt_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void
pkt_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

#endif /* NICEMU_DP_PKT_H */
