/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "classify.h"

#include <netinet/in.h>

#include "prm.h"

#define INPUT_MAX 36u /* two IPv6 addresses and two ports */

#define HAS(t, field) (((t)->fields >> MLX5_RX_HASH_FIELD_SELECT_SELECTED_FIELDS_##field & 1) != 0)

uint32_t
rss_toeplitz(const uint8_t key[40], const uint8_t *data, unsigned int len)
{
	uint64_t window;
	uint32_t hash = 0, be;
	unsigned int i;

	memcpy(&be, key, sizeof(be));
	window = (uint64_t)be32toh(be) << 32;
	for (i = 0; i < len; i++) {
		unsigned int bit;

		/* 32 bits of the key from here on, and the 8 that this byte shifts in */
		window |= (uint64_t)key[i + 4] << 24;
		for (bit = 0; bit < 8; bit++) {
			hash ^= (uint32_t)(window >> 32) & -(uint32_t)(data[i] >> (7 - bit) & 1);
			window <<= 1;
		}
	}
	return hash;
}

static uint32_t
inverted_xor8(const uint8_t *data, unsigned int len)
{
	uint8_t x = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		x ^= data[i];
	return (uint8_t)~x;
}

/* Append the pair of fields, as far as the TIR selects them, source first. */
static unsigned int
put_pair(uint8_t *in, const uint8_t *pair, unsigned int width, bool src, bool dst, bool symmetric)
{
	unsigned int i, n = 0;

	if (symmetric && src && dst) {
		for (i = 0; i < width; i++) {
			in[i] = pair[i] | pair[width + i];
			in[width + i] = pair[i] ^ pair[width + i];
		}
		return 2 * width;
	}
	if (src) {
		memcpy(in, pair, width);
		n = width;
	}
	if (dst) {
		memcpy(in + n, pair + width, width);
		n += width;
	}
	return n;
}

static unsigned int
hash_input(const struct nic_tir *t, const struct pkt *p, uint8_t in[INPUT_MAX])
{
	const struct pkt_hdr *h = &p->hdr;
	uint8_t proto = t->l4_type == MLX5_L4_PROT_TYPE_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	bool v6 = t->l3_type == MLX5_L3_PROT_TYPE_IPV6;
	unsigned int n;

	if (h->l3 != (v6 ? PKT_L3_IPV6 : PKT_L3_IPV4))
		return 0;
	n = put_pair(in, p->head + h->l3_off + (v6 ? 8 : 12), v6 ? 16 : 4, HAS(t, SRC_IP),
		HAS(t, DST_IP), t->symmetric);
	if (h->l4_off == 0 || h->frag || h->proto != proto || p->head_len < h->l4_off + 4u)
		return n;
	return n +
		put_pair(in + n, p->head + h->l4_off, 2, HAS(t, L4_SPORT), HAS(t, L4_DPORT),
			t->symmetric);
}

uint32_t
rss_hash(const struct nic_tir *t, const struct pkt *p)
{
	uint8_t in[INPUT_MAX];
	unsigned int n;

	if (t->hash_fn == MLX5_RX_HASH_FN_NONE || t->fields == 0)
		return 0;
	n = hash_input(t, p, in);
	if (n == 0)
		return 0;
	if (t->hash_fn == MLX5_RX_HASH_FN_TOEPLITZ)
		return rss_toeplitz(t->key, in, n);
	return inverted_xor8(in, n);
}

struct nic_virtq *
rss_virtq(const struct nic_tir *t, const struct pkt *p)
{
	const struct nic_rqt *rqt = t->rqt;

	if (rqt == NULL || rqt->size == 0)
		return NULL;
	if (rqt->size == 1)
		return rqt->vq[0];
	return rqt->vq[rss_hash(t, p) % rqt->size];
}
