/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "csum.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>

#define UDP_CSUM_OFF 6u
#define TCP_CSUM_OFF 16u
#define IPV4_CSUM_OFF 10u

/* Two words of 64 bits at once: of each, the lower and the upper half are summed. */
typedef uint64_t pair __attribute__((vector_size(16)));
#define PAIRS 2u /* in one go */

static uint64_t
add_pairs(uint64_t sum, const uint8_t *p, size_t n)
{
	const pair low = {UINT32_MAX, UINT32_MAX};
	pair a = {sum, 0}, b = {0, 0}, w[PAIRS];

	for (; n > 0; n--, p += sizeof(w)) {
		memcpy(w, p, sizeof(w));
		a += (w[0] & low) + (w[0] >> 32);
		b += (w[1] & low) + (w[1] >> 32);
	}
	a += b;
	return a[0] + a[1];
}

/* Sums words as they are in memory: in one's complement the byte order only matters at the end. */
uint64_t
csum_add(uint64_t sum, const void *buf, size_t len)
{
	const size_t step = PAIRS * sizeof(pair);
	const uint8_t *p = buf;
	uint32_t w;

	sum = add_pairs(sum, p, len / step);
	p += len / step * step;
	for (len %= step; len >= 4; len -= 4, p += 4) {
		memcpy(&w, p, 4);
		sum += w;
	}
	w = 0;
	memcpy(&w, p, len);
	return sum + w;
}

static uint16_t
fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t
csum_fold(uint64_t sum)
{
	return be16toh(fold(sum));
}

uint64_t
csum_pkt(const struct pkt *p, uint32_t from, uint32_t to)
{
	struct iov_cur c = p->rest;
	uint64_t sum = 0;
	uint32_t pos = from;
	size_t part;

	if (to > p->len)
		to = p->len;
	if (pos < p->head_len && pos < to) {
		part = (to < p->head_len ? to : p->head_len) - pos;
		sum = csum_add(sum, p->head + pos, part);
		pos += (uint32_t)part;
	} else if (pos < to) {
		iov_skip(&c, pos - p->head_len);
	}
	while (pos < to && (part = iov_here(&c, to - pos)) > 0) {
		const void *ptr = iov_ptr(&c);
		uint16_t s = ptr == NULL ? 0 : fold(csum_add(0, ptr, part));

		sum += (pos - from) % 2 == 0 ? s : (uint16_t)(s << 8 | s >> 8);
		iov_skip(&c, part);
		pos += (uint32_t)part;
	}
	return sum;
}

int
csum_complete(struct pkt *p, uint16_t csum_start, uint16_t csum_offset)
{
	uint32_t at = (uint32_t)csum_start + csum_offset;
	uint16_t sum;

	if (at + 2 > p->head_len)
		return -EINVAL;
	sum = (uint16_t)~csum_fold(csum_pkt(p, csum_start, p->len));
	if (sum == 0 && csum_offset == UDP_CSUM_OFF)
		sum = 0xffff;
	pkt_put_be16(p->head + at, sum);
	return 0;
}

uint64_t
csum_pseudo(const struct pkt *p, uint32_t l4_len)
{
	const uint8_t *l3 = p->head + p->hdr.l3_off;
	uint8_t tail[8] = {(uint8_t)(l4_len >> 24), (uint8_t)(l4_len >> 16), (uint8_t)(l4_len >> 8),
		(uint8_t)l4_len, 0, 0, 0, p->hdr.proto};
	uint64_t sum = csum_add(0, tail, sizeof(tail));

	if (p->hdr.l3 == PKT_L3_IPV4)
		return csum_add(sum, l3 + 12, 8);
	return csum_add(sum, l3 + 8, 32);
}

/* Where the checksum of layer 4 is in the frame, 0: nowhere. */
static uint32_t
l4_field(const struct pkt *p)
{
	const struct pkt_hdr *h = &p->hdr;
	uint32_t off;

	if (h->l4_off == 0 || h->frag || (uint32_t)h->l4_off + h->l4_len > p->len)
		return 0;
	if (h->proto == IPPROTO_TCP)
		off = TCP_CSUM_OFF;
	else if (h->proto == IPPROTO_UDP)
		off = UDP_CSUM_OFF;
	else
		return 0;
	return h->l4_len < off + 2 || h->l4_off + off + 2 > p->head_len ? 0 : h->l4_off + off;
}

/* Sum of layer 4 and its pseudo header: 0xffff with a right checksum. */
static uint16_t
l4_sum(const struct pkt *p)
{
	const struct pkt_hdr *h = &p->hdr;

	return csum_fold(csum_pkt(p, h->l4_off, (uint32_t)h->l4_off + h->l4_len) +
		csum_pseudo(p, h->l4_len));
}

bool
csum_ip(struct pkt *p)
{
	uint8_t *field = p->head + p->hdr.l3_off + IPV4_CSUM_OFF;
	uint32_t len;

	if (p->hdr.l3 != PKT_L3_IPV4)
		return false;
	len = (p->head[p->hdr.l3_off] & 0xfu) * 4;
	if (p->hdr.l3_off + len > p->head_len)
		return false;
	pkt_put_be16(field, 0);
	pkt_put_be16(field, (uint16_t)~csum_fold(csum_pkt(p, p->hdr.l3_off, p->hdr.l3_off + len)));
	return true;
}

bool
csum_l4(struct pkt *p)
{
	uint32_t at = l4_field(p);
	uint16_t sum;

	if (at == 0)
		return false;
	pkt_put_be16(p->head + at, 0);
	sum = (uint16_t)~l4_sum(p);
	pkt_put_be16(p->head + at, sum == 0 && p->hdr.proto == IPPROTO_UDP ? 0xffff : sum);
	return true;
}

bool
csum_verify(const struct pkt *p)
{
	const struct pkt_hdr *h = &p->hdr;
	uint32_t field = l4_field(p);

	if (field == 0)
		return false;
	if (h->l3 == PKT_L3_IPV4 && csum_fold(csum_pkt(p, h->l3_off, h->l4_off)) != 0xffff)
		return false;
	if (h->proto == IPPROTO_UDP && pkt_be16(p->head + field) == 0)
		return false;
	return l4_sum(p) == 0xffff;
}
