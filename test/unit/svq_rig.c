/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_rig.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_cycles.h>

#define WAIT_S 20u
#define SLOTS 128u /* of packets and of buffers, each with room for 16 pieces of 2048 bytes */
#define SLOT_PIECES 16u
#define PIECE_BYTES 2048u

/* What is between the regions is nothing. */
int
svqside_mkey(struct svqside *s)
{
	const struct hf_klm klm[] = {
		{GUEST_REGION, s->mr[0].lkey, GUEST_LOW},
		{(uint32_t)(GUEST_HIGH - GUEST_LOW - GUEST_REGION), hf_devx_null_lkey(s->nic->dev),
			0},
		{GUEST_REGION, s->mr[1].lkey, GUEST_HIGH},
	};
	const struct hf_mkey_attr attr = {.start = GUEST_LOW,
		.len = GUEST_HIGH + GUEST_REGION - GUEST_LOW,
		.klm = klm,
		.n_klm = RTE_DIM(klm)};
	int ret;

	ret = hf_mkey_create(s->nic->dev, &attr, &s->mkey);
	s->g.table->mkey = s->mkey.key;
	return ret;
}

static int
side_open(struct svqside *s, struct ethrig_side *nic)
{
	unsigned int i;
	int ret;

	s->nic = nic;
	s->callfd = eventfd(0, EFD_NONBLOCK);
	ret = guest_open(&s->g);
	for (i = 0; i < 2 && ret == 0; i++)
		ret = hf_mr_create(nic->dev, s->g.table->r[i].hva, GUEST_REGION,
			s->g.table->r[i].gpa, &s->mr[i]);
	return ret ? ret : svqside_mkey(s);
}

static void
side_close(struct svqside *s)
{
	hf_svq_destroy(s->q);
	s->q = NULL;
	hf_mkey_destroy(&s->mkey);
	hf_mr_destroy(&s->mr[1]);
	hf_mr_destroy(&s->mr[0]);
	if (s->g.mem != NULL)
		guest_close(&s->g);
	if (s->callfd > 0)
		close(s->callfd);
}

int
svqrig_open(struct svqrig *r)
{
	int ret;

	memset(r, 0, sizeof(*r));
	ret = ethrig_open(&r->eth);
	if (ret)
		return ret;
	ret = side_open(&r->tx, &r->eth.tx);
	if (ret == 0)
		ret = side_open(&r->rx, &r->eth.rx);
	if (ret)
		svqrig_close(r);
	return ret;
}

unsigned int
svqrig_close(struct svqrig *r)
{
	hf_steer_set(r->eth.steer, HF_RQT_RQ, NULL, 0);
	side_close(&r->rx);
	side_close(&r->tx);
	return ethrig_close(&r->eth);
}

int
svqrig_create(struct svqrig *r, uint16_t tx_mtu, uint16_t rx_mtu)
{
	struct hf_svq_attr tx = {.devx = r->eth.tx.dev,
		.name = "first",
		.index = 1,
		.size = SVQRIG_RING,
		.mtu = tx_mtu,
		.tisn = r->eth.tis.id,
		.ch = &r->eth.tx.ch,
		.cookie = 0x77};
	struct hf_svq_attr rx = {.devx = r->eth.rx.dev,
		.name = "second",
		.rx = true,
		.size = SVQRIG_RING,
		.mtu = rx_mtu,
		.narrow = r->narrow,
		.ch = &r->eth.rx.ch,
		.cookie = 0x88};
	uint32_t rqn;
	int ret;

	ret = hf_svq_create(&tx, &r->tx.q);
	if (ret == 0)
		ret = hf_svq_create(&rx, &r->rx.q);
	if (ret)
		return ret;
	rqn = hf_svq_rqn(r->rx.q);
	return hf_steer_set(r->eth.steer, HF_RQT_RQ, &rqn, 1);
}

int
svqside_start(struct svqside *s, uint16_t idx)
{
	struct hf_svq_ring attr = guest_attr(&s->g);

	attr.avail_idx = attr.used_idx = idx;
	attr.callfd = s->callfd;
	return hf_svq_start(s->q, &attr);
}

int
svqrig_start(struct svqrig *r, uint64_t tx_features, uint64_t rx_features)
{
	uint16_t idx;
	int ret;

	idx = tx_features & F(VIRTIO_F_RING_PACKED) ? 0x8000 | 5 : 65531;
	guest_ring(&r->tx.g, tx_features, SVQRIG_RING, idx);
	ret = svqside_start(&r->tx, idx);
	if (ret)
		return ret;
	idx = rx_features & F(VIRTIO_F_RING_PACKED) ? 60 : 65500;
	guest_ring(&r->rx.g, rx_features, SVQRIG_RING, idx);
	return svqside_start(&r->rx, idx);
}

/* --- buffers --- */

static uint32_t
hdr_len(const struct guest *g)
{
	return g->features & (F(VIRTIO_F_VERSION_1) | F(VIRTIO_NET_F_MRG_RXBUF)) ? 12 : 10;
}

/* Memory for the nth piece of a buffer, in the regions by turns. Large ones take what follows. */
static uint64_t
place(uint32_t slot, unsigned int nth)
{
	return (nth % 2 == 0 ? GUEST_HIGH : GUEST_BUFFERS) +
		(slot % SLOTS * SLOT_PIECES + nth % SLOT_PIECES) * UINT64_C(2048) +
		nth / SLOT_PIECES * 64;
}

static unsigned int
cut_pieces(const struct svqcut *cut, uint32_t slot, uint32_t total, bool write, struct piece *p)
{
	unsigned int n;

	for (n = 0; n < RTE_DIM(cut->len) && cut->len[n] != 0 && total > cut->len[n]; n++) {
		p[n] = (struct piece){place(slot, n), cut->len[n], write};
		total -= cut->len[n];
	}
	p[n] = (struct piece){place(slot, n), total, write};
	return n + 1;
}

static void
pieces_copy(const struct guest *g, const struct piece *p, unsigned int n, uint8_t *buf,
	uint32_t len, bool to_guest)
{
	unsigned int i;

	for (i = 0; i < n && len > 0; i++) {
		uint32_t part = RTE_MIN(len, p[i].len);

		if (to_guest)
			memcpy(guest_at(g, p[i].gpa), buf, part);
		else
			memcpy(buf, guest_at(g, p[i].gpa), part);
		buf += part;
		len -= part;
	}
}

static int
side_add(struct svqside *s, const struct piece *p, unsigned int n, bool table)
{
	int id = guest_add(&s->g, p, n, table);

	if (id < 0)
		return id;
	memcpy(s->buf[id].p, p, n * sizeof(*p));
	s->buf[id].n = n;
	return id;
}

bool
svqrig_send_frame(struct svqrig *r, const struct virtio_net_hdr_v1 *hdr, const void *frame,
	uint32_t len, const struct svqcut *cut)
{
	const uint32_t head = hdr_len(&r->tx.g);
	struct piece p[SVQRIG_MAX_PIECES];
	struct virtio_net_hdr_v1 h;
	static uint8_t buf[12 + 65536];
	unsigned int n;

	memset(buf, 0, head);
	if (hdr != NULL) {
		h = guest_hdr(&r->tx.g, hdr);
		memcpy(buf, &h, head);
	}
	memcpy(buf + head, frame, len);
	n = cut_pieces(cut, r->sent, head + len, false, p);
	/* A slot is only used again once its packet has come back. */
	if (guest_out(&r->tx.g) >= SLOTS)
		return false;
	pieces_copy(&r->tx.g, p, n, buf, head + len, true);
	if (side_add(&r->tx, p, n, cut->table) < 0)
		return false;
	r->sent++;
	return true;
}

bool
svqrig_send(struct svqrig *r, const struct virtio_net_hdr_v1 *hdr, uint32_t len,
	const struct svqcut *cut)
{
	uint8_t frame[SVQRIG_FRAME_MAX];

	ethrig_fill(&r->eth, frame, len, r->sent, false);
	return svqrig_send_frame(r, hdr, frame, len, cut);
}

/* Slots of buffers that are in use: by the id that the next one will have. */
bool
svqrig_offer(struct svqrig *r, const struct svqcut *cut)
{
	struct guest *g = &r->rx.g;
	struct piece p[SVQRIG_MAX_PIECES];
	uint32_t total = cut->rest;
	unsigned int i, n;

	if (g->n_free == 0)
		return false;
	for (i = 0; i < RTE_DIM(cut->len); i++)
		total += cut->len[i];
	n = cut_pieces(cut, g->free[g->n_free - 1], total, true, p);
	return side_add(&r->rx, p, n, cut->table) >= 0;
}

bool
svqrig_receive(struct svqrig *r, struct svqpkt *p)
{
	const uint32_t head = hdr_len(&r->rx.g);
	static uint8_t buf[65536 + 12];
	unsigned int buffers = 1, i;
	uint32_t len = 0;
	struct used_buf u;

	/* Of a buffer that was not offered here, nothing is known. */
	memset(buf, 0, head);
	for (i = 0; i < buffers; i++) {
		if (!guest_get(&r->rx.g, &u)) {
			assert(i == 0);
			return false;
		}
		pieces_copy(
			&r->rx.g, r->rx.buf[u.id].p, r->rx.buf[u.id].n, buf + len, u.len, false);
		len += u.len;
		if (i == 0 && len > 0) {
			memcpy(&p->hdr, buf, head);
			p->hdr = guest_hdr(&r->rx.g, &p->hdr);
		}
		if (i == 0 && len > 0 && r->rx.g.features & F(VIRTIO_NET_F_MRG_RXBUF))
			buffers = p->hdr.num_buffers;
	}
	p->len = len == 0 ? 0 : len - head;
	memcpy(p->frame, buf + head, p->len);
	return true;
}

void
svqrig_poll(struct svqrig *r)
{
	hf_svq_poll(r->tx.q, 32);
	hf_svq_poll(r->rx.q, 32);
}

int
svqrig_poll_until(struct svqrig *r, bool (*done)(struct svqrig *r))
{
	const uint64_t end = rte_get_timer_cycles() + WAIT_S * rte_get_timer_hz();

	while (!done(r)) {
		svqrig_poll(r);
		if (rte_get_timer_cycles() > end)
			return -ETIMEDOUT;
	}
	return 0;
}
