/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the emulated NIC makes of a frame: parser, classifier, RSS and checksums.
 */
#include <stdlib.h>

#include "dp/classify.h"
#include "dp/csum.h"
#include "dp/vq.h"
#include "dp_frame.h"
#include "prm.h"
#include "test.h"

/* --- parser and classifier --- */

static int
test_parse(void)
{
	struct frame f;
	struct pkt p;

	frame_make_ipv4(&f, mac_a, mac_b, IPPROTO_UDP, 10);
	frame_load(&p, &f);
	TEST_ASSERT_EQUAL(p.hdr.l3, PKT_L3_IPV4, "IPv4");
	TEST_ASSERT_EQUAL(p.hdr.l3_off, 14, "offset of IPv4");
	TEST_ASSERT_EQUAL(p.hdr.l4_off, 34, "offset of UDP");
	TEST_ASSERT_EQUAL(p.hdr.l4_len, 18, "length of UDP");
	TEST_ASSERT(!p.hdr.frag, "not a fragment");

	frame_eth(&f, mac_a, mac_b, 0x88a8);
	frame_put16(&f, 0x2005);
	frame_put16(&f, 0x8100);
	frame_put16(&f, 7);
	frame_put16(&f, 0x0800);
	frame_ipv4(&f, ip1, ip2, IPPROTO_TCP, 0x2000, 20);
	frame_l4(&f, IPPROTO_TCP, 1, 2, 0);
	frame_load(&p, &f);
	TEST_ASSERT(p.hdr.svlan && !p.hdr.cvlan, "the outer tag counts");
	TEST_ASSERT_EQUAL(p.hdr.vlan, 0x2005, "its TCI");
	TEST_ASSERT(p.hdr.frag && p.hdr.l4_off == 42, "a first fragment has its ports");

	frame_eth(&f, mac_a, mac_b, 0x0800);
	frame_ipv4(&f, ip1, ip2, IPPROTO_UDP, 100, 20);
	frame_l4(&f, IPPROTO_UDP, 1, 2, 12);
	frame_load(&p, &f);
	TEST_ASSERT(p.hdr.frag && p.hdr.l4_off == 0, "a later fragment has none");
	return TEST_SUCCESS;
}

/* clang-format off */
static const uint8_t v6_ext[] = { 0x60, 0, 0, 0, 0, 36, 0, 64,
	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	43, 0, 1, 4, 0, 0, 0, 0,		/* hop by hop, then routing */
	6, 0, 0, 0, 0, 0, 0, 0 };		/* routing, then TCP */
/* clang-format on */

static int
test_parse_ipv6(void)
{
	struct frame f;
	struct pkt p;

	frame_eth(&f, mac_a, mac_b, 0x86dd);
	frame_put(&f, v6_ext, sizeof(v6_ext));
	frame_l4(&f, IPPROTO_TCP, 5, 6, 0);
	frame_load(&p, &f);
	TEST_ASSERT_EQUAL(p.hdr.l3, PKT_L3_IPV6, "IPv6");
	TEST_ASSERT_EQUAL(p.hdr.proto, IPPROTO_TCP, "behind two extension headers");
	TEST_ASSERT_EQUAL(p.hdr.l4_off, 70, "offset of TCP");
	TEST_ASSERT_EQUAL(p.hdr.l4_len, 20, "length without extension headers");
	return TEST_SUCCESS;
}

/* Whatever is cut off or broken: offsets stay within what was read. */
static int
test_parse_hostile(void)
{
	struct pkt_hdr h;
	struct frame f;
	uint32_t i, len;

	frame_eth(&f, mac_a, mac_b, 0x86dd);
	frame_put(&f, v6_ext, sizeof(v6_ext));
	frame_l4(&f, IPPROTO_TCP, 5, 6, 0);
	srand(1);
	for (i = 0; i < 200000; i++) {
		uint8_t *copy;

		len = (uint32_t)rand() % (f.len + 1);
		copy = malloc(len + 1); /* of the exact size, for ASan */
		TEST_ASSERT_NOT_NULL(copy, "memory");
		memcpy(copy, f.b, len);
		if (len > 12)
			copy[12 + (uint32_t)rand() % (len - 12)] = (uint8_t)rand();
		pkt_parse(copy, len, &h);
		free(copy);
		TEST_ASSERT(h.l4_off < PKT_HEAD && (h.l4_off == 0 || h.l4_off < len),
			"layer 4 at %u of %u", h.l4_off, len);
		TEST_ASSERT(h.l3 != PKT_L3_IPV6 || h.l3_off + 40u <= len, "IPv6 at %u of %u",
			h.l3_off, len);
		TEST_ASSERT(h.l3 != PKT_L3_IPV4 || h.l3_off + 20u <= len, "IPv4 at %u of %u",
			h.l3_off, len);
	}
	return TEST_SUCCESS;
}

static int
test_classify(void)
{
	static struct nic_func func;
	struct frame f;
	struct pkt p;

	frame_flows(&func);
	frame_make_ipv4(&f, mac_a, mac_b, IPPROTO_UDP, 10);
	frame_load(&p, &f);
	TEST_ASSERT(classify(&func, &p) == &flows[0], "UDP over IPv4");
	frame_make_ipv4(&f, mac_a, mac_b, IPPROTO_TCP, 10);
	frame_load(&p, &f);
	TEST_ASSERT(classify(&func, &p) == &flows[1], "TCP over IPv4");
	frame_eth(&f, mac_a, mac_b, 0x86dd);
	frame_put(&f, v6_ext, sizeof(v6_ext));
	frame_l4(&f, IPPROTO_TCP, 5, 6, 0);
	frame_load(&p, &f);
	TEST_ASSERT(classify(&func, &p) == &flows[3], "TCP over IPv6");
	f.b[14 + 48] = IPPROTO_ICMPV6;
	frame_load(&p, &f);
	TEST_ASSERT(classify(&func, &p) == &flows[5], "something over IPv6");
	frame_make_ipv4(&f, mac_a, mac_b, IPPROTO_TCP, 10);
	f.b[23] = IPPROTO_ICMP;
	frame_load(&p, &f);
	TEST_ASSERT(classify(&func, &p) == &flows[4], "ICMP over IPv4");
	frame_eth(&f, mac_a, mac_b, 0x0806);
	f.len = 60;
	frame_load(&p, &f);
	TEST_ASSERT(classify(&func, &p) == &flows[6], "ARP");
	func.n_flows = 6;
	TEST_ASSERT_NULL(classify(&func, &p), "ARP, without a flow for everything");
	return TEST_SUCCESS;
}

static int
test_classify_key(void)
{
	uint8_t key[NIC_LYR24_LEN] __attribute__((aligned(8)));
	struct frame f;
	struct pkt p;

	frame_make_ipv4(&f, mac_a, mac_b, IPPROTO_TCP, 10);
	f.b[15] = 0xb9; /* DSCP 46, ECN 1 */
	frame_load(&p, &f);
	classify_key(&p, key);
#define KEY(field) DEVX_GET(fte_match_set_lyr_2_4, key, field)
	TEST_ASSERT_EQUAL(KEY(dmac_47_16), 0x02000000u, "dmac_47_16");
	TEST_ASSERT_EQUAL(KEY(dmac_15_0), 0x000au, "dmac_15_0");
	TEST_ASSERT_EQUAL(KEY(smac_15_0), 0x000bu, "smac_15_0");
	TEST_ASSERT_EQUAL(KEY(ethertype), 0x0800u, "ethertype");
	TEST_ASSERT_EQUAL(KEY(ip_protocol), IPPROTO_TCP, "ip_protocol");
	TEST_ASSERT_EQUAL(KEY(ip_dscp), 46u, "ip_dscp");
	TEST_ASSERT_EQUAL(KEY(ip_ecn), 1u, "ip_ecn");
	TEST_ASSERT_EQUAL(KEY(ip_ttl_hoplimit), 64u, "ip_ttl_hoplimit");
	TEST_ASSERT_EQUAL(KEY(tcp_sport), 1000u, "tcp_sport");
	TEST_ASSERT_EQUAL(KEY(tcp_dport), 2000u, "tcp_dport");
	TEST_ASSERT_EQUAL(KEY(tcp_flags), 0x18u, "tcp_flags");
	TEST_ASSERT_EQUAL(KEY(udp_sport), 0u, "udp_sport of TCP");
	TEST_ASSERT_EQUAL(KEY(src_ipv4_src_ipv6.ipv4_layout.ipv4), 0x0a000001u, "source");
	TEST_ASSERT_EQUAL(KEY(dst_ipv4_dst_ipv6.ipv4_layout.ipv4), 0x0a000002u, "destination");
#undef KEY
	return TEST_SUCCESS;
}

/* --- RSS --- */

/* clang-format off */
static const uint8_t ms_key[40] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
	0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2,
	0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa };
/* clang-format on */

/* Microsoft, "Verifying the RSS hash calculation": IPv4, and TCP over IPv4. */
static int
test_toeplitz_ipv4(void)
{
	static const struct {
		uint8_t dst[4];
		uint16_t dport;
		uint8_t src[4];
		uint16_t sport;
		uint32_t ip, tcp;
	} rows[] = {
		/* clang-format off */
		{ { 161, 142, 100, 80 }, 1766, { 66, 9, 149, 187 }, 2794, 0x323e8fc2, 0x51ccc178 },
		{ { 65, 69, 140, 83 }, 4739, { 199, 92, 111, 2 }, 14230, 0xd718262a, 0xc626b0ea },
		{ { 12, 22, 207, 184 }, 38024, { 24, 19, 198, 95 }, 12898, 0xd2d0a5de, 0x5c2b394a },
		{ { 209, 142, 163, 6 }, 2217, { 38, 27, 205, 30 }, 48228, 0x82989176, 0xafc7327f },
		{ { 202, 188, 127, 2 }, 1303, { 153, 39, 163, 191 }, 44251, 0x5d1809c5, 0x10e828a2 },
		/* clang-format on */
	};
	struct nic_tir tir = {.hash_fn = MLX5_RX_HASH_FN_TOEPLITZ,
		.l3_type = MLX5_L3_PROT_TYPE_IPV4,
		.l4_type = MLX5_L4_PROT_TYPE_TCP};
	struct frame f;
	struct pkt p;
	unsigned int i;
	uint8_t type;

	memcpy(tir.key, ms_key, sizeof(ms_key));
	for (i = 0; i < RTE_DIM(rows); i++) {
		frame_eth(&f, mac_a, mac_b, 0x0800);
		frame_ipv4(&f, rows[i].src, rows[i].dst, IPPROTO_TCP, 0, 20);
		frame_l4(&f, IPPROTO_TCP, rows[i].sport, rows[i].dport, 0);
		frame_load(&p, &f);
		tir.fields = 0x3;
		TEST_ASSERT_EQUAL(rss_hash(&tir, &p, &type), rows[i].ip, "row %u, addresses", i);
		TEST_ASSERT_EQUAL(type, CQE_RSS_IPV4 << 2 | CQE_RSS_IPV4, "row %u: %#x", i, type);
		tir.fields = 0xf;
		TEST_ASSERT_EQUAL(
			rss_hash(&tir, &p, &type), rows[i].tcp, "row %u, addresses and ports", i);
		TEST_ASSERT_EQUAL(type, CQE_RSS_L4_TCP << 6 | CQE_RSS_L4_TCP << 4 | 5,
			"row %u: %#x", i, type);
	}
	return TEST_SUCCESS;
}

/* The same page: IPv6. */
static int
test_toeplitz_ipv6(void)
{
	static const struct {
		uint8_t in[36]; /* source, destination, source port, destination port */
		uint32_t ip, tcp;
	} rows[] = {
		/* clang-format off */
		{ { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7,
			  0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03, 0, 0, 0, 0, 0, 0, 0, 1,
			  2794 >> 8, 2794 & 0xff, 1766 >> 8, 1766 & 0xff },
			0x2cc18cd5, 0x40207d3d },
		{ { 0x3f, 0xfe, 0x05, 0x01, 0x00, 0x08, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef, 0xab,
			  0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
			  14230 >> 8, 14230 & 0xff, 4739 >> 8, 4739 & 0xff },
			0x0f0c461c, 0xdde51bbf },
		{ { 0x3f, 0xfe, 0x19, 0x00, 0x45, 0x45, 0x00, 0x03, 0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf,
			  0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf,
			  44251 >> 8, 44251 & 0xff, 38024 >> 8, 38024 & 0xff },
			0x4b61e985, 0x02d1feef },
		/* clang-format on */
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		TEST_ASSERT_EQUAL(
			rss_toeplitz(ms_key, rows[i].in, 32), rows[i].ip, "row %u, addresses", i);
		TEST_ASSERT_EQUAL(
			rss_toeplitz(ms_key, rows[i].in, 36), rows[i].tcp, "row %u, with ports", i);
	}
	return TEST_SUCCESS;
}

static int
test_rss_rules(void)
{
	struct nic_tir tir = {
		.hash_fn = MLX5_RX_HASH_FN_TOEPLITZ, .fields = 0xf, .symmetric = true};
	struct dp_vq half[3] = {0};
	struct nic_virtq vq[3] = {{.dp = &half[0]}, {.dp = &half[1]}, {.dp = &half[2]}};
	struct nic_obj *tbl[3] = {&vq[0].obj, &vq[1].obj, &vq[2].obj};
	struct nic_rqt rqt = {.size = 3, .max_size = 3, .q = tbl};
	struct rx_meta meta;
	struct frame f, back;
	struct pkt p, q;
	uint32_t hash;
	uint8_t type;

	memcpy(tir.key, ms_key, sizeof(ms_key));
	tir.rqt = &rqt;
	frame_make_ipv4(&f, mac_a, mac_b, IPPROTO_TCP, 0);
	frame_eth(&back, mac_b, mac_a, 0x0800);
	frame_ipv4(&back, ip2, ip1, IPPROTO_TCP, 0, 20);
	frame_l4(&back, IPPROTO_TCP, 2000, 1000, 0);
	frame_load(&p, &f);
	frame_load(&q, &back);
	hash = rss_hash(&tir, &p, &type);
	TEST_ASSERT_EQUAL(
		hash, rss_hash(&tir, &q, &type), "symmetric: both directions hash the same");
	TEST_ASSERT(rss_queue(&tir, &p, &meta) == &half[hash % 3].base && meta.hash == hash,
		"a table of three entries");
	tir.symmetric = false;
	TEST_ASSERT(rss_hash(&tir, &p, &type) != rss_hash(&tir, &q, &type), "not symmetric");
	tir.l4_type = MLX5_L4_PROT_TYPE_UDP;
	hash = rss_hash(&tir, &p, &type);
	tir.fields = 0x3;
	TEST_ASSERT(hash == rss_hash(&tir, &p, &type) && type == 5,
		"ports of another layer 4 take no part");
	tir.fields = 0x2;
	rss_hash(&tir, &p, &type);
	TEST_ASSERT_EQUAL(type, CQE_RSS_IPV4 << 2, "the destination alone: %#x", type);
	tir.fields = 0x3;
	tir.l3_type = MLX5_L3_PROT_TYPE_IPV6;
	TEST_ASSERT(rss_hash(&tir, &p, &type) == 0 && type == 0,
		"addresses of another layer 3 neither");
	tir.l3_type = MLX5_L3_PROT_TYPE_IPV4;
	tir.hash_fn = MLX5_RX_HASH_FN_INVERTED_XOR8;
	TEST_ASSERT_EQUAL(rss_hash(&tir, &p, &type), (uint8_t) ~(10 ^ 1 ^ 10 ^ 2), "inverted XOR8");
	tir.hash_fn = MLX5_RX_HASH_FN_NONE;
	TEST_ASSERT(rss_queue(&tir, &p, &meta) == &half[0].base, "no hash: the first entry");
	rqt.size = 0;
	TEST_ASSERT_NULL(rss_queue(&tir, &p, &meta), "an empty table");
	return TEST_SUCCESS;
}

/* --- checksums --- */

static int
test_csum(void)
{
	/* RFC 1071, section 3 */
	static const uint8_t rfc[8] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint8_t odd[3] = {1, 2, 3};
	struct iovec seg[3];
	struct frame f;
	struct pkt p;
	uint64_t want;

	TEST_ASSERT_EQUAL(
		csum_fold(csum_add(0, rfc, sizeof(rfc))), 0xddf2, "the example of RFC 1071");
	TEST_ASSERT_EQUAL(csum_fold(csum_add(0, odd, sizeof(odd))), 0x0402, "an odd length");
	frame_make_ipv4(&f, mac_a, mac_b, IPPROTO_UDP, 1001);
	frame_load(&p, &f);
	want = csum_fold(csum_add(0, f.b + 34, f.len - 34));
	TEST_ASSERT_EQUAL(csum_fold(csum_pkt(&p, 34, p.len)), want, "over the head and the rest");
	/* the rest in pieces of odd sizes */
	seg[0] = (struct iovec){.iov_base = f.b + PKT_HEAD, .iov_len = 101};
	seg[1] = (struct iovec){.iov_base = f.b + PKT_HEAD + 101, .iov_len = 77};
	seg[2] =
		(struct iovec){.iov_base = f.b + PKT_HEAD + 178, .iov_len = f.len - PKT_HEAD - 178};
	p.rest = (struct iov_cur){.seg = seg, .n = 3};
	TEST_ASSERT_EQUAL(csum_fold(csum_pkt(&p, 34, p.len)), want, "in pieces");
	TEST_ASSERT_EQUAL(csum_fold(csum_pkt(&p, PKT_HEAD + 3, p.len)),
		csum_fold(csum_add(0, f.b + PKT_HEAD + 3, f.len - PKT_HEAD - 3)),
		"from within the rest");
	return TEST_SUCCESS;
}

static int
test_csum_complete(void)
{
	struct frame f;
	struct pkt p;

	frame_make_ipv4(&f, mac_a, mac_b, IPPROTO_TCP, 777);
	frame_load(&p, &f);
	TEST_ASSERT(!csum_verify(&p), "no checksum yet");
	/* what a guest leaves: the sum of the pseudo header */
	pkt_put_be16(p.head + 34 + 16, csum_fold(csum_pseudo(&p, 20 + 777)));
	TEST_ASSERT_SUCCESS(csum_complete(&p, 34, 16), "complete");
	TEST_ASSERT(csum_verify(&p), "completed");
	p.head[40] ^= 1;
	TEST_ASSERT(!csum_verify(&p), "a broken header");
	p.head[40] ^= 1;
	p.head[16]++;
	TEST_ASSERT(!csum_verify(&p), "a length that lies");
	p.head[16]--;
	TEST_ASSERT(csum_verify(&p), "all right again");
	TEST_ASSERT(csum_complete(&p, PKT_HEAD, 0) < 0, "a field that the NIC does not see");
	TEST_ASSERT(csum_complete(&p, 0xffff, 0xffff) < 0, "a field outside the frame");
	return TEST_SUCCESS;
}

static struct unit_test_suite dppkt_suite = {
	.suite_name = "dppkt",
	.unit_test_cases =
		{
			TEST_CASE(test_parse),
			TEST_CASE(test_parse_ipv6),
			TEST_CASE(test_parse_hostile),
			TEST_CASE(test_classify),
			TEST_CASE(test_classify_key),
			TEST_CASE(test_toeplitz_ipv4),
			TEST_CASE(test_toeplitz_ipv6),
			TEST_CASE(test_rss_rules),
			TEST_CASE(test_csum),
			TEST_CASE(test_csum_complete),
			TEST_CASES_END(),
		},
};

static int
test_dppkt(void)
{
	return unit_test_suite_runner(&dppkt_suite);
}

REGISTER_TEST_COMMAND(dppkt_autotest, test_dppkt);
