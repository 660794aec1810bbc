/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * TCP segmentation: VIRTIO_NET_F_HOST_TSO4 and TSO6, and the large send of raw queues. The payload
 * is not copied: each segment is a copy of the headers, and a slice of the sender's buffers.
 */
#include "engine.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>

#include "csum.h"

#define TCP_MIN 20u
#define TCP_SEQ 4u
#define TCP_DOFF 12u
#define TCP_FLAGS 13u
#define TCP_FIN_PSH 0x09u
#define TCP_CWR 0x80u
#define IPV4_TOTAL 2u
#define IPV4_ID 4u
#define IPV6_PAYLOAD 4u

struct cut {
	const struct tso *t;
	const struct pkt *whole;
	uint32_t hdr_len; /* all headers */
};

static void
fix_ip(const struct tso *t, struct pkt *s, uint32_t n)
{
	uint8_t *ip = s->head + s->hdr.l3_off;

	if (s->hdr.l3 == PKT_L3_IPV4) {
		pkt_put_be16(ip + IPV4_TOTAL, (uint16_t)(s->len - s->hdr.l3_off));
		pkt_put_be16(ip + IPV4_ID, (uint16_t)(pkt_be16(ip + IPV4_ID) + n));
		if (t->ip_csum)
			csum_ip(s);
	} else {
		pkt_put_be16(ip + IPV6_PAYLOAD, (uint16_t)(s->len - s->hdr.l3_off - 40));
	}
	s->hdr.l4_len = (uint16_t)(s->len - s->hdr.l4_off);
}

static void
fix_tcp(const struct tso *t, struct pkt *s, uint32_t off, bool first, bool last)
{
	uint8_t *tcp = s->head + s->hdr.l4_off;
	uint32_t seq;

	memcpy(&seq, tcp + TCP_SEQ, sizeof(seq));
	seq = htobe32(be32toh(seq) + off);
	memcpy(tcp + TCP_SEQ, &seq, sizeof(seq));
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_FIN_PSH;
	if (!first)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	s->csum_ok = t->tcp_csum && csum_l4(s);
}

/* Segment number n, with 'len' bytes of payload from 'off' on. */
static void
make_segment(const struct cut *c, uint32_t n, uint32_t off, uint32_t len, bool last, struct pkt *s)
{
	const struct pkt *w = c->whole;
	uint32_t in_head = w->head_len - c->hdr_len; /* payload that was read with the head */
	uint32_t from_head = off >= in_head ? 0 : in_head - off;

	if (from_head > len)
		from_head = len;
	memcpy(s->head, w->head, c->hdr_len);
	if (from_head > 0)
		memcpy(s->head + c->hdr_len, w->head + c->hdr_len + off, from_head);
	s->hdr = w->hdr;
	s->head_len = (uint16_t)(c->hdr_len + from_head);
	s->len = c->hdr_len + len;
	s->rest = w->rest;
	if (off > in_head)
		iov_skip(&s->rest, off - in_head);
	fix_ip(c->t, s, n);
	fix_tcp(c->t, s, off, n == 0, last);
}

int
tso_send(struct dp_engine *e, struct nic_func *f, const struct tso *t, struct pkt *p)
{
	struct pkt whole = *p;
	struct cut c = {.t = t, .whole = &whole};
	uint32_t off, total, n = 0;

	if (t->mss == 0 || whole.hdr.l4_off == 0 || whole.hdr.frag ||
		whole.hdr.proto != IPPROTO_TCP || (t->l3 != PKT_L3_NONE && whole.hdr.l3 != t->l3) ||
		whole.hdr.l4_off + TCP_MIN > whole.head_len)
		return -EINVAL;
	c.hdr_len = whole.hdr.l4_off + (whole.head[whole.hdr.l4_off + TCP_DOFF] >> 4) * 4u;
	if (c.hdr_len < whole.hdr.l4_off + TCP_MIN || c.hdr_len > whole.head_len ||
		c.hdr_len >= whole.len || (t->hdr_len != 0 && t->hdr_len != c.hdr_len))
		return -EINVAL;
	total = whole.len - c.hdr_len;
	for (off = 0; off < total; off += t->mss, n++) {
		uint32_t len = total - off < t->mss ? total - off : t->mss;
		struct pkt *s = n == 0 ? p : engine_pkt(e);

		make_segment(&c, n, off, len, off + len == total, s);
		eswitch_tx(e, f, s);
	}
	e->tx_segs += n;
	return 0;
}
