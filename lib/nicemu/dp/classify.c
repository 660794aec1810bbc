/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "classify.h"

#include <netinet/in.h>

#include "prm.h"

#define CRITERIA_OUTER 0x1 /* match_criteria_enable: outer headers */
#define TCP_MIN 20u

#define KEY_AT(key, field) ((key) + DEVX_BYTE_OFF(fte_match_set_lyr_2_4, field))

static void
key_l3(const struct pkt *p, uint8_t *key)
{
	const uint8_t *ip = p->head + p->hdr.l3_off;

	if (p->hdr.l3 == PKT_L3_IPV4) {
		DEVX_SET(fte_match_set_lyr_2_4, key, ip_version, 4);
		DEVX_SET(fte_match_set_lyr_2_4, key, ip_dscp, ip[1] >> 2);
		DEVX_SET(fte_match_set_lyr_2_4, key, ip_ecn, ip[1] & 3);
		DEVX_SET(fte_match_set_lyr_2_4, key, ipv4_ihl, ip[0] & 0xf);
		*KEY_AT(key, ip_ttl_hoplimit) = ip[8];
		memcpy(KEY_AT(key, src_ipv4_src_ipv6.ipv4_layout.ipv4), ip + 12, 4);
		memcpy(KEY_AT(key, dst_ipv4_dst_ipv6.ipv4_layout.ipv4), ip + 16, 4);
	} else {
		uint8_t tc = (uint8_t)(ip[0] << 4 | ip[1] >> 4);

		DEVX_SET(fte_match_set_lyr_2_4, key, ip_version, 6);
		DEVX_SET(fte_match_set_lyr_2_4, key, ip_dscp, tc >> 2);
		DEVX_SET(fte_match_set_lyr_2_4, key, ip_ecn, tc & 3);
		*KEY_AT(key, ip_ttl_hoplimit) = ip[7];
		memcpy(KEY_AT(key, src_ipv4_src_ipv6), ip + 8, 16);
		memcpy(KEY_AT(key, dst_ipv4_dst_ipv6), ip + 24, 16);
	}
	*KEY_AT(key, ip_protocol) = p->hdr.proto;
	DEVX_SET(fte_match_set_lyr_2_4, key, frag, p->hdr.frag);
}

static void
key_l4(const struct pkt *p, uint8_t *key)
{
	const uint8_t *l4 = p->head + p->hdr.l4_off;
	uint32_t avail = p->head_len - p->hdr.l4_off;

	if (avail < 4)
		return;
	if (p->hdr.proto == IPPROTO_UDP) {
		memcpy(KEY_AT(key, udp_sport), l4, 4);
	} else if (p->hdr.proto == IPPROTO_TCP) {
		memcpy(KEY_AT(key, tcp_sport), l4, 4);
		if (avail >= TCP_MIN)
			DEVX_SET(fte_match_set_lyr_2_4, key, tcp_flags, pkt_be16(l4 + 12) & 0x1ff);
	}
}

void
classify_key(const struct pkt *p, uint8_t key[NIC_LYR24_LEN])
{
	const struct pkt_hdr *h = &p->hdr;

	memset(key, 0, NIC_LYR24_LEN);
	if (p->head_len < ETHER_HDR_LEN)
		return;
	memcpy(KEY_AT(key, smac_47_16), p->head + ETHER_ADDR_LEN, ETHER_ADDR_LEN);
	memcpy(KEY_AT(key, dmac_47_16), p->head, ETHER_ADDR_LEN);
	pkt_put_be16(KEY_AT(key, ethertype), h->ethertype);
	if (h->cvlan || h->svlan) {
		pkt_put_be16(KEY_AT(key, first_prio), h->vlan);
		DEVX_SET(fte_match_set_lyr_2_4, key, cvlan_tag, h->cvlan);
		DEVX_SET(fte_match_set_lyr_2_4, key, svlan_tag, h->svlan);
	}
	if (h->l3 != PKT_L3_NONE)
		key_l3(p, key);
	if (h->l4_off != 0)
		key_l4(p, key);
}

static bool
matches(const uint64_t *key, const uint8_t *mask, const uint8_t *value)
{
	uint64_t m, v, diff = 0;
	unsigned int i;

	for (i = 0; i < NIC_LYR24_LEN / sizeof(m); i++) {
		memcpy(&m, mask + i * sizeof(m), sizeof(m));
		memcpy(&v, value + i * sizeof(v), sizeof(v));
		diff |= (key[i] ^ v) & m;
	}
	return diff == 0;
}

struct nic_flow *
classify(const struct nic_func *f, const struct pkt *p)
{
	uint64_t key[NIC_LYR24_LEN / sizeof(uint64_t)];
	bool have_key = false;
	unsigned int i;

	for (i = 0; i < f->n_flows; i++) {
		struct nic_flow *flow = f->flow_tbl[i];

		if ((flow->matcher->criteria & CRITERIA_OUTER) == 0)
			return flow;
		if (!have_key) {
			classify_key(p, (uint8_t *)key);
			have_key = true;
		}
		if (matches(key, flow->matcher->mask, flow->value))
			return flow;
	}
	return NULL;
}
