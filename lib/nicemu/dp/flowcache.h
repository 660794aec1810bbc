/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What e-switch, classifier and RSS found for one frame holds for all that have the same headers: a
 * table of such frames, by an exact comparison of every header field that any of the three looks
 * at. Only the plain kinds are in it: TCP and UDP in IPv4 without options or IPv6 without extension
 * headers, not fragmented, not tagged. One per engine, for its thread.
 */
#ifndef NICEMU_DP_FLOWCACHE_H
#define NICEMU_DP_FLOWCACHE_H

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "pkt.h"
#include "queue.h"

#define FLOWCACHE_LOG 9u
/* Bytes of layer 4: a TCP header. A UDP frame that is padded to 60 bytes has as many. */
#define FLOWCACHE_L4_MIN 20u
#define FLOWCACHE_V4 4u /* words of a key */
#define FLOWCACHE_V6 7u
#define FLOWCACHE_MUL 0x9e3779b97f4a7c15ull

struct nic_func;
struct nic_flow;
struct dp_queue;

/*
 * word[0], [1]: addresses, EtherType, IP version, traffic class; IPv4: header length. word[2]:
 * ports, hop limit, protocol, TCP flags. word[3] and on: IP addresses.
 */
struct flow_key {
	const struct nic_func *src; /* who sends; NULL: the wire */
	uint64_t word[FLOWCACHE_V6];
};

struct flow_entry {
	struct flow_key key;
	struct nic_func *dst;
	struct nic_flow *flow;
	struct dp_queue *q; /* NULL: the entry is empty */
	struct rx_meta meta; /* looks at no other header fields than the key has */
	unsigned int bin; /* of the engine, where the last frame went: a guess */
} __attribute__((aligned(64)));

struct flow_cache {
	uint64_t gen; /* of nic->steer_gen, when the entries were made */
	struct flow_entry entry[1u << FLOWCACHE_LOG];
};

static inline uint64_t
flow_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The key of a frame. How many words it has; 0: it is of no kind that is kept. */
static inline unsigned int
flow_key_make(struct flow_key *k, const struct nic_func *src, const struct pkt *p)
{
	const uint8_t *ip = p->head + ETHER_HDR_LEN, *l4 = p->head + p->hdr.l4_off;
	bool v4 = p->hdr.l3 == PKT_L3_IPV4, tcp = p->hdr.proto == IPPROTO_TCP;
	uint32_t ports;

	if (!p->hdr.plain || p->head_len < p->hdr.l4_off + FLOWCACHE_L4_MIN ||
		(!tcp && p->hdr.proto != IPPROTO_UDP))
		return 0;
	memcpy(&ports, l4, sizeof(ports));
	k->src = src;
	k->word[0] = flow_load64(p->head);
	k->word[1] = flow_load64(p->head + 8);
	k->word[2] = (uint64_t)ports << 32 | (uint32_t)ip[v4 ? 8 : 7] << 24 |
		(uint32_t)p->hdr.proto << 16 | (tcp ? (uint32_t)(l4[12] << 8 | l4[13]) : 0);
	if (v4) {
		k->word[3] = flow_load64(ip + 12);
		return FLOWCACHE_V4;
	}
	k->word[3] = flow_load64(ip + 8);
	k->word[4] = flow_load64(ip + 16);
	k->word[5] = flow_load64(ip + 24);
	k->word[6] = flow_load64(ip + 32);
	return FLOWCACHE_V6;
}

/* Where a key of 'n' words is, if it is there: compare with flow_cache_hit(). */
static inline struct flow_entry *
flow_cache_at(struct flow_cache *c, const struct flow_key *k, unsigned int n)
{
	uint64_t h = k->word[0] + k->word[2] * FLOWCACHE_MUL;

	h ^= k->word[3];
	if (n == FLOWCACHE_V6)
		h = (h * FLOWCACHE_MUL ^ k->word[4] ^ k->word[5]) * FLOWCACHE_MUL ^ k->word[6];
	return &c->entry[h * FLOWCACHE_MUL >> (64 - FLOWCACHE_LOG)];
}

/* The words that both kinds have tell one kind from the other. */
static inline bool
flow_cache_hit(const struct flow_entry *ent, const struct flow_key *k, unsigned int n)
{
	uint64_t diff = (uint64_t)ent->key.src ^ (uint64_t)k->src;
	unsigned int i;

	for (i = 0; i < FLOWCACHE_V4; i++)
		diff |= ent->key.word[i] ^ k->word[i];
	for (; i < n; i++)
		diff |= ent->key.word[i] ^ k->word[i];
	return diff == 0 && ent->q != NULL;
}

/* Drop all entries when steering has changed since they were made. */
static inline void
flow_cache_check(struct flow_cache *c, uint64_t gen)
{
	if (c->gen == gen)
		return;
	memset(c, 0, sizeof(*c));
	c->gen = gen;
}

#endif /* NICEMU_DP_FLOWCACHE_H */
