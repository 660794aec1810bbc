/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "classify.h"

#include <netinet/in.h>

#include "prm.h"
#include "rq.h"
#include "vq.h"

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

/* Which of a pair take part, as a completion tells it: 'what' for the source, and for the other. */
static uint8_t
pair_type(bool src, bool dst, uint8_t what)
{
	return (uint8_t)((src ? what : 0) | (dst ? what << 2 : 0));
}

static unsigned int
hash_input(const struct nic_tir *t, const struct pkt *p, uint8_t in[INPUT_MAX], uint8_t *type)
{
	const struct pkt_hdr *h = &p->hdr;
	bool udp = t->l4_type == MLX5_L4_PROT_TYPE_UDP;
	bool v6 = t->l3_type == MLX5_L3_PROT_TYPE_IPV6;
	unsigned int n;

	*type = 0;
	if (h->l3 != (v6 ? PKT_L3_IPV6 : PKT_L3_IPV4))
		return 0;
	n = put_pair(in, p->head + h->l3_off + (v6 ? 8 : 12), v6 ? 16 : 4, HAS(t, SRC_IP),
		HAS(t, DST_IP), t->symmetric);
	*type = pair_type(HAS(t, SRC_IP), HAS(t, DST_IP), v6 ? CQE_RSS_IPV6 : CQE_RSS_IPV4);
	if (h->l4_off == 0 || h->frag || h->proto != (udp ? IPPROTO_UDP : IPPROTO_TCP) ||
		p->head_len < h->l4_off + 4u)
		return n;
	*type |=
		pair_type(HAS(t, L4_SPORT), HAS(t, L4_DPORT), udp ? CQE_RSS_L4_UDP : CQE_RSS_L4_TCP)
		<< 4;
	return n +
		put_pair(in + n, p->head + h->l4_off, 2, HAS(t, L4_SPORT), HAS(t, L4_DPORT),
			t->symmetric);
}

uint32_t
rss_hash(const struct nic_tir *t, const struct pkt *p, uint8_t *type)
{
	uint8_t in[INPUT_MAX];
	unsigned int n;

	*type = 0;
	if (t->hash_fn == MLX5_RX_HASH_FN_NONE || t->fields == 0)
		return 0;
	n = hash_input(t, p, in, type);
	if (n == 0)
		return 0;
	if (t->hash_fn == MLX5_RX_HASH_FN_TOEPLITZ)
		return rss_toeplitz(t->key, in, n);
	return inverted_xor8(in, n);
}

static struct dp_queue *
engines_half(const struct nic_obj *o)
{
	struct dp_vq *v;

	if (o->type == NIC_OBJ_RQ)
		return &((const struct nic_rq *)o)->dp->base;
	v = ((const struct nic_virtq *)o)->dp;
	return v != NULL && !v->base.tx ? &v->base : NULL;
}

struct dp_queue *
rss_queue(const struct nic_tir *t, const struct pkt *p, struct rx_meta *meta)
{
	const struct nic_rqt *rqt = t->rqt;
	uint32_t i = 0;

	*meta = (struct rx_meta){0};
	if (t->rq != NULL)
		return &t->rq->dp->base;
	if (rqt == NULL || rqt->size == 0)
		return NULL;
	if (rqt->size > 1 || rqt->q_type == MLX5_INLINE_Q_TYPE_RQ) {
		meta->hash = rss_hash(t, p, &meta->hash_type);
		i = meta->hash % rqt->size;
	}
	return engines_half(rqt->q[i]);
}
