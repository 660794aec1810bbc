/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a virtio header asks for, and what is done about it.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "svq_hdr.h"
#include "test.h"

#define NEEDS VIRTIO_NET_HDR_F_NEEDS_CSUM
#define TCP4 VIRTIO_NET_HDR_GSO_TCPV4
#define TCP6 VIRTIO_NET_HDR_GSO_TCPV6
#define ECN VIRTIO_NET_HDR_GSO_ECN
#define UFO VIRTIO_NET_HDR_GSO_UDP
#define IP4 4
#define IP6 6
#define TCP 6
#define UDP 17
#define SEND SVQ_SEND
#define COPY SVQ_COPY
#define DROP SVQ_DROP

/* A frame in a few words, and the header before it. */
static const struct row {
	const char *name;
	uint8_t tags, ip, ip_words, proto; /* ip_words: IPv4 header in words, 0: as usual */
	uint8_t tcp_words;
	uint16_t frag, len; /* len 0: 1000 */
	uint8_t flags, gso;
	uint16_t mss, start, offset;
	enum svq_way way;
	uint16_t hdr_len; /* of LSO */
	bool l3, l4;
} rows[] = {
	/* clang-format off */
	{"TCP", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 34, 16, SEND, 0, false, true},
	{"UDP", 0, IP4, 0, UDP, 5, 0, 0, NEEDS, 0, 0, 34, 6, SEND, 0, false, true},
	{"TCP over IPv6", 0, IP6, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 54, 16, SEND, 0, false, true},
	{"UDP over IPv6", 0, IP6, 0, UDP, 5, 0, 0, NEEDS, 0, 0, 54, 6, SEND, 0, false, true},
	{"a tag", 1, IP4, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 38, 16, SEND, 0, false, true},
	{"two tags", 2, IP6, 0, UDP, 5, 0, 0, NEEDS, 0, 0, 62, 6, SEND, 0, false, true},
	{"three tags", 3, IP4, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 46, 16, COPY},
	{"options", 0, IP4, 15, TCP, 5, 0, 0, NEEDS, 0, 0, 74, 16, SEND, 0, false, true},
	{"a header of 4 words", 0, IP4, 4, TCP, 5, 0, 0, NEEDS, 0, 0, 30, 16, COPY},
	{"a fragment", 0, IP4, 0, TCP, 5, 0x2000, 0, NEEDS, 0, 0, 34, 16, COPY},
	{"a later fragment", 0, IP4, 0, TCP, 5, 0x0100, 0, NEEDS, 0, 0, 34, 16, COPY},
	{"not to be fragmented", 0, IP4, 0, TCP, 5, 0x4000, 0, NEEDS, 0, 0, 34, 16, SEND, 0, false, true},
	{"SCTP", 0, IP4, 0, 132, 5, 0, 0, NEEDS, 0, 0, 34, 8, COPY},
	{"an extension header", 0, IP6, 0, 43, 5, 0, 0, NEEDS, 0, 0, 54, 16, COPY},
	{"start is odd", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 35, 16, COPY},
	{"offset is UDP's", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 34, 6, COPY},
	{"the outer header", 0, IP4, 0, UDP, 5, 0, 0, NEEDS, 0, 0, 84, 16, COPY},
	{"up to the end", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 990, 8, COPY},
	{"past the end", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 990, 9, DROP},
	{"far past the end", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, 0, 0, 65535, 65535, DROP},
	{"a short frame", 0, IP4, 0, TCP, 5, 0, 20, NEEDS, 0, 0, 14, 2, COPY},
	{"not IP", 0, 0, 0, 0, 5, 0, 0, NEEDS, 0, 0, 14, 2, COPY},
	{"LSO", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, TCP4, 100, 34, 16, SEND, 54, true, true},
	{"LSO over IPv6", 0, IP6, 0, TCP, 8, 0, 0, NEEDS, TCP6, 100, 54, 16, SEND, 86, false, true},
	{"LSO, all options", 2, IP4, 15, TCP, 15, 0, 0, NEEDS, TCP4, 100, 0, 0, SEND, 142, true, true},
	{"LSO of the other IP", 0, IP6, 0, TCP, 5, 0, 0, NEEDS, TCP4, 100, 54, 16, DROP},
	{"LSO of UDP", 0, IP4, 0, UDP, 5, 0, 0, NEEDS, TCP4, 100, 34, 6, DROP},
	{"LSO without checksum", 0, IP4, 0, TCP, 5, 0, 0, 0, TCP4, 100, 34, 16, DROP},
	{"LSO of segments of 0", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, TCP4, 0, 34, 16, DROP},
	{"LSO of segments too large", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, TCP4, 1465, 34, 16, DROP},
	{"LSO of the largest", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, TCP4, 1464, 34, 16, SEND, 54, true, true},
	{"LSO of 4 words of TCP", 0, IP4, 0, TCP, 4, 0, 0, NEEDS, TCP4, 100, 34, 16, DROP},
	{"LSO without payload", 0, IP4, 0, TCP, 5, 0, 54, NEEDS, TCP4, 100, 34, 16, DROP},
	{"LSO with a byte", 0, IP4, 0, TCP, 5, 0, 55, NEEDS, TCP4, 100, 34, 16, SEND, 54, true, true},
	{"LSO cut off", 0, IP4, 0, TCP, 15, 0, 60, NEEDS, TCP4, 100, 34, 16, DROP},
	{"LSO with ECN", 0, IP4, 0, TCP, 5, 0, 0, NEEDS, TCP4 | ECN, 100, 34, 16, DROP},
	{"UFO", 0, IP4, 0, UDP, 5, 0, 0, NEEDS, UFO, 100, 34, 6, DROP},
	{"LSO of a fragment", 0, IP4, 0, TCP, 5, 0x2000, 0, NEEDS, TCP4, 100, 34, 16, DROP},
	/* clang-format on */
};

static uint32_t
frame_build(const struct row *row, uint8_t *f)
{
	uint32_t len = row->len != 0 ? row->len : 1000, at = 12;
	unsigned int i;

	memset(f, 0, len > 200 ? len : 200);
	for (i = 0; i < row->tags; i++, at += 4)
		memcpy(f + at, "\x81\x00\x00\x07", 4);
	at += 2;
	if (row->ip == IP4) {
		memcpy(f + at - 2, "\x08\x00", 2);
		f[at] = 0x40 | (row->ip_words != 0 ? row->ip_words : 5);
		f[at + 6] = (uint8_t)(row->frag >> 8);
		f[at + 7] = (uint8_t)row->frag;
		f[at + 9] = row->proto;
		at += (f[at] & 15) * 4;
	} else if (row->ip == IP6) {
		memcpy(f + at - 2, "\x86\xdd", 2);
		f[at] = 0x60;
		f[at + 6] = row->proto;
		at += 40;
	}
	f[at + 12] = (uint8_t)(row->tcp_words << 4);
	return len;
}

static enum svq_way
row_run(const struct row *row, const struct svq_offers *offers, struct svq_offload *o)
{
	const struct virtio_net_hdr_v1 h = {
		.flags = row->flags,
		.gso_type = row->gso,
		.gso_size = row->mss,
		.csum_start = row->start,
		.csum_offset = row->offset,
	};
	uint8_t frame[2000], *exact;
	uint32_t len = frame_build(row, frame), n = RTE_MIN(len, SVQ_FRAME_MAX);
	enum svq_way way;

	/* What is read behind its end, sanitizers see. */
	exact = malloc(n);
	memcpy(exact, frame, n);
	way = svq_hdr_offload(&h, exact, n, len, offers, o);
	free(exact);
	return way;
}

static const struct svq_offers all = {.csum = true,
	.tso4 = true,
	.tso6 = true,
	.max_hdr = SVQ_FRAME_MAX,
	.max_frame = 1518};

static int
test_rows(void)
{
	struct svq_offload o;
	unsigned int i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		const struct row *row = &rows[i];
		enum svq_way way = row_run(row, &all, &o);

		TEST_ASSERT_EQUAL(way, row->way, "%s: %d", row->name, way);
		if (way == SVQ_DROP)
			continue;
		TEST_ASSERT_EQUAL(o.mss, row->gso ? row->mss : 0, "%s: mss %u", row->name, o.mss);
		TEST_ASSERT_EQUAL(o.hdr_len, row->hdr_len, "%s: %u", row->name, o.hdr_len);
		TEST_ASSERT_EQUAL(o.l3_csum, row->l3, "%s: L3", row->name);
		TEST_ASSERT_EQUAL(o.l4_csum, row->l4, "%s: L4", row->name);
		if (way == SVQ_COPY)
			TEST_ASSERT(o.csum_start == row->start && o.csum_offset == row->offset,
				"%s: at %u", row->name, o.csum_start);
	}
	return TEST_SUCCESS;
}

/* What was not negotiated, or the NIC does not have. */
static int
test_offers(void)
{
	struct svq_offers some = all;
	struct svq_offload o;
	unsigned int i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		const struct row *row = &rows[i];

		if (row->way == SVQ_DROP)
			continue;
		some = all;
		some.csum = false;
		TEST_ASSERT_EQUAL(row_run(row, &some, &o), SVQ_DROP, "%s", row->name);
		some = all;
		some.tso4 = false;
		TEST_ASSERT_EQUAL(row_run(row, &some, &o), row->gso == TCP4 ? DROP : row->way, "%s",
			row->name);
		some = all;
		some.tso6 = false;
		TEST_ASSERT_EQUAL(row_run(row, &some, &o), row->gso == TCP6 ? DROP : row->way, "%s",
			row->name);
		some = all;
		some.max_hdr = 60;
		TEST_ASSERT_EQUAL(row_run(row, &some, &o), row->hdr_len > 60 ? DROP : row->way,
			"%s", row->name);
	}
	return TEST_SUCCESS;
}

/* Checksums against DPDK's, whose field starts as the sum of the pseudo header. */
static int
test_csum(void)
{
	uint8_t f[300];
	struct rte_ipv4_hdr *ip = (void *)(f + 14);
	struct rte_tcp_hdr *tcp = (void *)(f + 34);
	unsigned int i, len;
	uint16_t good;

	for (len = 60; len < sizeof(f); len += 7) {
		for (i = 0; i < len; i++)
			f[i] = (uint8_t)(i * 7 + len);
		ip->version_ihl = 0x45;
		ip->total_length = rte_cpu_to_be_16(len - 14);
		ip->next_proto_id = TCP;
		tcp->cksum = 0;
		good = rte_ipv4_udptcp_cksum(ip, tcp);
		tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
		svq_csum_complete(f, len, 34, 16);
		TEST_ASSERT_EQUAL(tcp->cksum, good, "%#x", tcp->cksum);
	}
	/* A sum that comes out as 0 is sent as its other form. */
	memset(f, 0, sizeof(f));
	f[40] = f[41] = 0xff;
	svq_csum_complete(f, 100, 20, 4);
	TEST_ASSERT(f[24] == 0xff && f[25] == 0xff, "%#x", f[24]);
	return TEST_SUCCESS;
}

static struct unit_test_suite svqhdr_suite = {
	.suite_name = "svqhdr",
	.unit_test_cases =
		{
			TEST_CASE(test_rows),
			TEST_CASE(test_offers),
			TEST_CASE(test_csum),
			TEST_CASES_END(),
		},
};

static int
test_svqhdr(void)
{
	return unit_test_suite_runner(&svqhdr_suite);
}

REGISTER_TEST_COMMAND(svqhdr_autotest, test_svqhdr);
