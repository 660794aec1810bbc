/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The e-switch of legacy SR-IOV, as Linux mlx5 esw/legacy.c and eswitch.c set it up.
 *
 * Unicast goes to the function with this address; else a function's frame goes to the wire, and a
 * frame from the wire to the promiscuous functions. Multicast goes to the members, to functions
 * with allmulti, and to the wire; broadcast to every function and the wire. Only trusted functions
 * can be promiscuous or allmulti. A frame never goes back to where it came from. There is no source
 * check (spoofchk off, Linux's default for a VF).
 *
 * With 'learn' it is a learning switch instead for unicast that matches no function's address: to
 * where the address was last seen as a source, else to everybody. Entries do not age: an address
 * that moves is learned anew with its first frame, and one that collides takes the place of the
 * other.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../conf.h"
#include "../wire/wire.h"
#include "classify.h"
#include "sniff.h"

#define FDB_LOG 12u
/* Ports of an entry: functions are their index + 1, and 0 is an empty entry. */
#define FDB_WIRE 0xffffu
#define HASH_MUL 0x9e3779b97f4a7c15ull

/* An address in the upper 48 bits, a port in the lower 16: read and written in one. */
struct eswitch_fdb {
	_Atomic uint64_t entry[1u << FDB_LOG];
};

int
eswitch_init(struct nic *nic)
{
	if (!nic->conf->learn)
		return 0;
	nic->fdb = calloc(1, sizeof(*nic->fdb));
	return nic->fdb == NULL ? -ENOMEM : 0;
}

void
eswitch_fini(struct nic *nic)
{
	free(nic->fdb);
	nic->fdb = NULL;
}

static uint64_t
mac_number(const uint8_t *mac)
{
	return (uint64_t)pkt_be16(mac) << 32 | (uint64_t)pkt_be16(mac + 2) << 16 |
		pkt_be16(mac + 4);
}

static _Atomic uint64_t *
fdb_entry(struct eswitch_fdb *fdb, uint64_t mac)
{
	return &fdb->entry[mac * HASH_MUL >> (64 - FDB_LOG)];
}

static void
learn(struct eswitch_fdb *fdb, const struct nic_func *src, const uint8_t *smac)
{
	uint64_t mac = mac_number(smac);
	uint64_t val = mac << 16 | (src == NULL ? FDB_WIRE : src->idx + 1);
	_Atomic uint64_t *entry = fdb_entry(fdb, mac);

	if ((smac[0] & 1) == 0 && atomic_load_explicit(entry, memory_order_relaxed) != val)
		atomic_store_explicit(entry, val, memory_order_relaxed);
}

static void
add_func(struct es_dest *d, const struct nic_func *f)
{
	if (f != d->src)
		d->funcs[f->idx / 64] |= 1ull << f->idx % 64;
}

static void
add_all(const struct nic *nic, struct es_dest *d)
{
	unsigned int i;

	for (i = 0; i < nic->n_funcs; i++)
		add_func(d, nic->funcs[i]);
	d->wire = d->src != NULL;
}

static bool
wants_multicast(const struct nic_vport *vp, const struct ether_addr *mac)
{
	unsigned int i;

	if (vp->trusted && (vp->allmulti || vp->promisc))
		return true;
	for (i = 0; i < vp->n_mc; i++) {
		if (memcmp(&vp->mc[i], mac, sizeof(*mac)) == 0)
			return true;
	}
	return false;
}

static void
find_multicast(const struct nic *nic, struct es_dest *d)
{
	static const struct ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	bool all = memcmp(&d->mac, &broadcast, sizeof(broadcast)) == 0;
	unsigned int i;

	for (i = 0; i < nic->n_funcs; i++) {
		if (all || wants_multicast(&nic->funcs[i]->vport, &d->mac))
			add_func(d, nic->funcs[i]);
	}
	d->wire = d->src != NULL;
}

static void
find_unknown(const struct nic *nic, struct es_dest *d)
{
	unsigned int i;

	d->wire = d->src != NULL;
	for (i = 0; i < nic->n_funcs && d->src == NULL; i++) {
		if (nic->funcs[i]->vport.trusted && nic->funcs[i]->vport.promisc)
			add_func(d, nic->funcs[i]);
	}
}

static void
find_learned(const struct nic *nic, struct es_dest *d)
{
	uint64_t mac = mac_number(d->mac.ether_addr_octet);
	uint64_t val = atomic_load_explicit(fdb_entry(nic->fdb, mac), memory_order_relaxed);
	uint16_t port = (uint16_t)val;

	if (val >> 16 != mac || port == 0)
		add_all(nic, d);
	else if (port == FDB_WIRE)
		d->wire = d->src != NULL;
	else if (port - 1u < nic->n_funcs)
		add_func(d, nic->funcs[port - 1]);
}

static void
find(const struct nic *nic, const struct nic_func *src, const uint8_t *dmac, struct es_dest *d)
{
	unsigned int i;

	*d = (struct es_dest){.valid = true, .src = src};
	memcpy(&d->mac, dmac, sizeof(d->mac));
	if ((dmac[0] & 1) != 0) {
		find_multicast(nic, d);
		return;
	}
	for (i = 0; i < nic->n_funcs; i++) {
		if (memcmp(&nic->funcs[i]->vport.mac, dmac, sizeof(d->mac)) == 0) {
			add_func(d, nic->funcs[i]);
			return;
		}
	}
	if (nic->fdb != NULL)
		find_learned(nic, d);
	else
		find_unknown(nic, d);
}

static void
count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void
count_flow(struct dp_engine *e, struct nic_flow *flow)
{
	if (flow != e->flow) {
		if (e->flow != NULL)
			atomic_fetch_add_explicit(
				&e->flow->hits, e->flow_hits, memory_order_relaxed);
		e->flow = flow;
		e->flow_hits = 0;
	}
	e->flow_hits++;
}

static void
flush_bin(struct dp_engine *e, struct rx_bin *b)
{
	unsigned int n = b->n;

	b->n = 0;
	if (n > 0)
		queue_deliver(e, b->q, b->pkt, b->meta, n);
}

static unsigned int
bin_of(struct dp_engine *e, struct dp_queue *q)
{
	unsigned int i;

	for (i = 0; i < e->n_bins; i++) {
		if (e->bin[i].q == q)
			return i;
	}
	if (e->n_bins == ENGINE_BINS) {
		for (i = 0; i < e->n_bins; i++)
			flush_bin(e, &e->bin[i]);
		e->n_bins = 0;
	}
	e->bin[e->n_bins].q = q;
	e->bin[e->n_bins].n = 0;
	return e->n_bins++;
}

/* Has a function no link? Then the frame is counted. */
static inline bool
is_cut_off(struct nic_func *f)
{
	if (!atomic_load_explicit(&f->link_down, memory_order_relaxed))
		return false;
	count(&f->stats.rx_link_down);
	return true;
}

/* A frame arrives at a function, and its receive queue is known. */
static inline void
arrive(struct dp_engine *e, struct flow_entry *to, struct pkt *p)
{
	uint32_t tag = p->hdr.cvlan || p->hdr.svlan ? 4 : 0;
	struct rx_bin *b;

	if (p->len > (uint32_t)to->dst->vport.mtu + ETHER_HDR_LEN + tag) {
		count(&to->dst->stats.rx_oversize);
		return;
	}
	count_flow(e, to->flow);
	if (to->bin >= e->n_bins || e->bin[to->bin].q != to->q)
		to->bin = bin_of(e, to->q);
	b = &e->bin[to->bin];
	b->pkt[b->n] = p;
	b->meta[b->n++] = to->meta;
	if (b->n == VQ_BURST)
		flush_bin(e, b);
}

/* The receive queue of a flow that a frame matched. False: it is counted, there is none. */
static bool
find_queue(struct nic_func *f, struct nic_flow *flow, const struct pkt *p, struct flow_entry *to)
{
	to->q = rss_queue(flow->tir, p, &to->meta);
	if (to->q == NULL) {
		count(&f->stats.rx_no_flow);
		return false;
	}
	to->meta.flow_tag = flow->tag;
	to->dst = f;
	to->flow = flow;
	return true;
}

/* A frame arrives at a function: which receive queue? False: none. */
static bool
steer(struct nic_func *f, const struct pkt *p, struct flow_entry *to)
{
	struct nic_flow *flow;

	if (is_cut_off(f))
		return false;
	sniff(f->capture, p);
	flow = classify(f, p);
	if (flow == NULL) {
		count(&f->stats.rx_no_flow);
		return false;
	}
	if (flow->tir == NULL) {
		count(&flow->hits);
		count(&f->stats.rx_no_flow);
		return false;
	}
	return find_queue(f, flow, p, to);
}

/* Other destinations of the match: each gets a copy. False: there are none. */
static bool
arrive_also(struct dp_engine *e, const struct flow_entry *to, struct pkt *p)
{
	struct nic_flow *flow = to->flow->also;
	struct flow_entry copy = {0};

	if (flow == NULL)
		return false;
	for (; flow != NULL; flow = flow->also) {
		if (find_queue(to->dst, flow, p, &copy))
			arrive(e, &copy, p);
	}
	return true;
}

/* 0, -ENODEV when nothing is plugged in, or the wire's reason not to take the frame. */
static int
send_wire(struct nic *nic, const struct pkt *p)
{
	static uint8_t zeros[WIRE_MAX_FRAME];
	struct iovec seg[VQ_MAX_SEGS + 1];
	struct iov_cur rest = p->rest;
	uint32_t left = p->len - p->head_len;
	unsigned int n = 0;
	size_t part;
	int ret;

	seg[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)p->head, .iov_len = p->head_len};
	while (left > 0 && n < VQ_MAX_SEGS + 1 && (part = iov_here(&rest, left)) > 0) {
		void *ptr = iov_ptr(&rest);

		if (ptr == NULL && part > sizeof(zeros))
			return -EMSGSIZE;
		seg[n++] = (struct iovec){.iov_base = ptr == NULL ? zeros : ptr, .iov_len = part};
		iov_skip(&rest, part);
		left -= (uint32_t)part;
	}
	if (atomic_load_explicit(&nic->port_down, memory_order_relaxed)) {
		count(&nic->port.tx_link_down);
		return 0;
	}
	ret = wire_ops(nic->wire)->tx(nic->wire, seg, (int)n);
	if (ret != 0)
		return ret;
	sniff(nic->capture, p);
	count(&nic->port.tx_pkts);
	atomic_fetch_add_explicit(&nic->port.tx_bytes, p->len, memory_order_relaxed);
	return 0;
}

/* To all functions of a destination. 'to' is where it went, if it went to just one queue. */
static void
send_funcs(struct dp_engine *e, const struct es_dest *d, struct pkt *p, struct flow_entry *to)
{
	unsigned int w, n = 0;
	uint64_t left;

	for (w = 0; w < 2; w++) {
		for (left = d->funcs[w]; left != 0; left &= left - 1, n++) {
			if (!steer(e->nic->funcs[w * 64 + (unsigned int)__builtin_ctzll(left)], p,
				    to))
				continue;
			arrive(e, to, p);
			n += arrive_also(e, to, p);
		}
	}
	if (n != 1)
		to->q = NULL;
}

/* Find out where a frame goes. 'to' is the queue, if it is one alone. */
static void
send_slow(struct dp_engine *e, struct nic_func *src, struct pkt *p, struct flow_entry *to)
{
	struct nic *nic = e->nic;
	struct es_dest *d = &e->dest;
	int ret;

	if (!d->valid || d->src != src || memcmp(&d->mac, p->head, sizeof(d->mac)) != 0)
		find(nic, src, p->head, d);
	if (nic->fdb != NULL)
		learn(nic->fdb, src, p->head + ETHER_ADDR_LEN);
	if (!d->wire && d->funcs[0] == 0 && d->funcs[1] == 0) {
		count(src != NULL ? &src->stats.tx_no_dest : &nic->port.tx_no_dest);
		return;
	}
	send_funcs(e, d, p, to);
	if (!d->wire)
		return;
	to->q = NULL;
	ret = send_wire(nic, p);
	if (ret == -ENODEV && d->funcs[0] == 0 && d->funcs[1] == 0)
		count(&src->stats.tx_no_dest);
	else if (ret != 0 && ret != -ENODEV)
		count(&src->stats.tx_dropped);
}

void
eswitch_send(struct dp_engine *e, struct nic_func *src, struct pkt *p)
{
	struct flow_entry to, *kept = NULL;
	struct flow_key key;
	unsigned int n;

	if (atomic_load_explicit(
		    src != NULL ? &src->link_down : &e->nic->port_down, memory_order_relaxed)) {
		count(src != NULL ? &src->stats.tx_link_down : &e->nic->port.rx_link_down);
		return;
	}
	sniff(src != NULL ? src->capture : e->nic->capture, p);
	/* what is learned changes with each frame */
	if (e->nic->fdb == NULL && (n = flow_key_make(&key, src, p)) != 0) {
		kept = flow_cache_at(&e->flows, &key, n);
		if (flow_cache_hit(kept, &key, n)) {
			if (is_cut_off(kept->dst))
				return;
			sniff(kept->dst->capture, p);
			arrive(e, kept, p);
			return;
		}
	}
	to = (struct flow_entry){0};
	send_slow(e, src, p, &to);
	if (kept != NULL && to.q != NULL) {
		to.key = key;
		*kept = to;
	}
}

void
eswitch_tx(struct dp_engine *e, struct nic_func *f, struct pkt *p)
{
	uint32_t tag = p->hdr.cvlan || p->hdr.svlan ? 4 : 0;

	if (p->len > (uint32_t)f->vport.mtu + ETHER_HDR_LEN + tag) {
		count(&f->stats.tx_dropped);
		return;
	}
	e->tx_pkts++;
	e->tx_bytes += p->len;
	eswitch_send(e, f, p);
}

void
eswitch_flush(struct dp_engine *e)
{
	unsigned int i;

	for (i = 0; i < e->n_bins; i++)
		flush_bin(e, &e->bin[i]);
	e->n_bins = 0;
	if (e->flow != NULL)
		atomic_fetch_add_explicit(&e->flow->hits, e->flow_hits, memory_order_relaxed);
	e->flow = NULL;
	e->flow_hits = 0;
}

void
eswitch_end(struct dp_engine *e)
{
	unsigned int i;

	for (i = 0; i < e->n_bins; i++)
		atomic_fetch_add_explicit(
			&e->bin[i].q->f->stats.rx_no_buffer, e->bin[i].n, memory_order_relaxed);
	e->n_bins = 0;
	e->n_pkts = 0;
}
