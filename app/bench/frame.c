/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "frame.h"

#include <string.h>

#include <rte_ip.h>
#include <rte_random.h>
#include <rte_udp.h>

#define KEYS 2048u
#define PORT 4791u
#define TTL 64u

/* Behind the headers; then pattern up to the last eight bytes, which repeat the number. */
struct mark {
	uint64_t seq;
	uint16_t key;
} __rte_packed;

#define BODY (sizeof(((struct frame_maker *)0)->header) + sizeof(struct mark))
#define TAIL sizeof(uint64_t)

/* A buffer shows a window of it: the one that starts at its key. */
static uint8_t pattern[KEYS + FRAME_MAX];

static void
make_pattern(void)
{
	uint64_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= sizeof(pattern); i += sizeof(word)) {
		word = rte_rand();
		memcpy(pattern + i, &word, sizeof(word));
	}
}

void
frame_start(struct frame_maker *m, uint32_t size, const struct rte_ether_addr *from,
	const struct rte_ether_addr *to)
{
	struct rte_ether_hdr eth = {.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)};
	struct rte_ipv4_hdr ip = {.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(size - sizeof(eth))),
		.time_to_live = TTL,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = RTE_BE32(RTE_IPV4(198u, 18, 0, 1)),
		.dst_addr = RTE_BE32(RTE_IPV4(198u, 18, 0, 2))};
	struct rte_udp_hdr udp = {.src_port = RTE_BE16(PORT),
		.dst_port = RTE_BE16(PORT),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(size - sizeof(eth) - sizeof(ip)))};

	make_pattern();
	eth.src_addr = *from;
	eth.dst_addr = *to;
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	m->size = size;
	m->first = m->seq;
	m->seen = m->seq;
	memcpy(m->header, &eth, sizeof(eth));
	memcpy(m->header + sizeof(eth), &ip, sizeof(ip));
	memcpy(m->header + sizeof(eth) + sizeof(ip), &udp, sizeof(udp));
}

void
frame_fill(const struct frame_maker *m, void *data, uint16_t key)
{
	struct mark mark = {.key = key % KEYS};
	uint8_t *to = data;

	memcpy(to, m->header, sizeof(m->header));
	memcpy(to + sizeof(m->header), &mark, sizeof(mark));
	memcpy(to + BODY, pattern + mark.key, m->size - BODY - TAIL);
}

void
frame_stamp(struct frame_maker *m, struct rte_mbuf *buf)
{
	uint8_t *data = rte_pktmbuf_mtod(buf, uint8_t *);

	buf->data_len = (uint16_t)m->size;
	buf->pkt_len = m->size;
	memcpy(data + sizeof(m->header), &m->seq, sizeof(m->seq));
	memcpy(data + m->size - TAIL, &m->seq, sizeof(m->seq));
	m->seq++;
}

enum frame_fault
frame_check(struct frame_maker *m, const struct rte_mbuf *buf)
{
	const uint8_t *data = rte_pktmbuf_mtod(buf, const uint8_t *);
	struct mark mark;

	if (buf->nb_segs != 1 || buf->data_len < FRAME_MIN)
		return FRAME_LENGTH;
	memcpy(&mark, data + sizeof(m->header), sizeof(mark));
	if (mark.seq < m->first)
		return FRAME_LATE;
	if (buf->data_len != m->size)
		return FRAME_LENGTH;
	if (memcmp(data, m->header, sizeof(m->header)) != 0)
		return FRAME_HEADER;
	if (mark.key >= KEYS || mark.seq >= m->seq ||
		memcmp(data + BODY, pattern + mark.key, m->size - BODY - TAIL) != 0 ||
		memcmp(data + m->size - TAIL, &mark.seq, TAIL) != 0)
		return FRAME_PAYLOAD;
	if (mark.seq < m->seen)
		return FRAME_ORDER;
	m->seen = mark.seq + 1;
	return FRAME_OK;
}

const char *
frame_fault_name(enum frame_fault f)
{
	static const char *const names[FRAME_FAULTS] = {[FRAME_OK] = "ok",
		[FRAME_LATE] = "late",
		[FRAME_LENGTH] = "length",
		[FRAME_HEADER] = "header",
		[FRAME_PAYLOAD] = "payload",
		[FRAME_ORDER] = "order"};

	return names[f];
}
