/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "dp_frame.h"

#include "dp/csum.h"
#include "prm.h"

void
frame_put(struct frame *f, const void *data, uint32_t len)
{
	memcpy(f->b + f->len, data, len);
	f->len += len;
}

void
frame_put16(struct frame *f, uint16_t v)
{
	pkt_put_be16(f->b + f->len, v);
	f->len += 2;
}

void
frame_eth(struct frame *f, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
	f->len = 0;
	frame_put(f, dst, 6);
	frame_put(f, src, 6);
	frame_put16(f, type);
}

void
frame_ipv4(struct frame *f, const uint8_t src[4], const uint8_t dst[4], uint8_t proto,
	uint16_t frag, uint16_t payload)
{
	uint8_t ip[20] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, proto};

	pkt_put_be16(ip + 2, (uint16_t)(20 + payload));
	pkt_put_be16(ip + 6, frag);
	memcpy(ip + 12, src, 4);
	memcpy(ip + 16, dst, 4);
	pkt_put_be16(ip + 10, (uint16_t)~csum_fold(csum_add(0, ip, sizeof(ip))));
	frame_put(f, ip, sizeof(ip));
}

void
frame_l4(struct frame *f, uint8_t proto, uint16_t sport, uint16_t dport, uint16_t payload)
{
	uint8_t tcp[20] = {0};
	uint16_t i;

	if (proto == IPPROTO_UDP) {
		frame_put16(f, sport);
		frame_put16(f, dport);
		frame_put16(f, (uint16_t)(8 + payload));
		frame_put16(f, 0);
	} else {
		pkt_put_be16(tcp, sport);
		pkt_put_be16(tcp + 2, dport);
		tcp[12] = 5 << 4;
		tcp[13] = 0x18;
		frame_put(f, tcp, sizeof(tcp));
	}
	for (i = 0; i < payload; i++)
		f->b[f->len++] = (uint8_t)(i * 7 + 1);
}

void
frame_make_ipv4(
	struct frame *f, const uint8_t *dst, const uint8_t *src, uint8_t proto, uint16_t payload)
{
	frame_eth(f, dst, src, 0x0800);
	frame_ipv4(f, ip1, ip2, proto, 0, (uint16_t)(payload + (proto == IPPROTO_UDP ? 8 : 20)));
	frame_l4(f, proto, 1000, 2000, payload);
}

static struct iovec load_seg;

void
frame_load(struct pkt *p, const struct frame *f)
{
	struct iov_cur cur = {.seg = &load_seg, .n = 1};

	load_seg = (struct iovec){.iov_base = (void *)(uintptr_t)f->b, .iov_len = f->len};
	pkt_load(p, &cur, f->len);
}

/* clang-format off */
static const struct { uint8_t version, proto; } flow_rows[FRAME_FLOWS] = {
	{ 4, IPPROTO_UDP }, { 4, IPPROTO_TCP }, { 6, IPPROTO_UDP }, { 6, IPPROTO_TCP }, { 4, 0 }, { 6, 0 }, { 0, 0 }
};
/* clang-format on */
static struct nic_matcher matchers[FRAME_FLOWS];
struct nic_flow flows[FRAME_FLOWS];
static struct nic_flow *flow_tbl[FRAME_FLOWS];

void
frame_flows(struct nic_func *f)
{
	unsigned int i;

	memset(matchers, 0, sizeof(matchers));
	memset(flows, 0, sizeof(flows));
	for (i = 0; i < FRAME_FLOWS; i++) {
		flow_tbl[i] = &flows[i];
		flows[i].matcher = &matchers[i];
		if (flow_rows[i].version == 0) {
			/* a mask that is not enabled counts for nothing */
			memset(matchers[i].mask, 0xff, NIC_LYR24_LEN);
			continue;
		}
		matchers[i].criteria = 1;
		DEVX_SET(fte_match_set_lyr_2_4, matchers[i].mask, ip_version, 0xf);
		DEVX_SET(fte_match_set_lyr_2_4, flows[i].value, ip_version, flow_rows[i].version);
		if (flow_rows[i].proto == 0)
			continue;
		DEVX_SET(fte_match_set_lyr_2_4, matchers[i].mask, ip_protocol, 0xff);
		DEVX_SET(fte_match_set_lyr_2_4, flows[i].value, ip_protocol, flow_rows[i].proto);
	}
	f->flow_tbl = flow_tbl;
	f->n_flows = FRAME_FLOWS;
}
