/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Translation: virtqueue to memory key to list of keys to page list to memory. Rights and bounds
 * are checked at each level, with the arithmetic that a hostile 64-bit address cannot overflow.
 */
#include "mem_int.h"

/*
 * Entries of lists that one translation looks at. Lists of lists of single bytes that all lead to
 * one hole are one segment, after as many looks as there are bytes: the engine would be gone for
 * minutes.
 */
#define MAX_STEPS 0x10000u

struct walk {
	struct nic_func *f;
	const struct nic_pd *pd;
	struct iovec *seg;
	int n, max;
	unsigned int steps;
	uint8_t perm;
};

static enum mem_err
emit(struct walk *w, uint8_t *ptr, uint64_t len)
{
	struct iovec *last = w->n > 0 ? &w->seg[w->n - 1] : NULL;

	if (last != NULL &&
		(ptr == NULL ? last->iov_base == NULL
			     : last->iov_base != NULL &&
					(uint8_t *)last->iov_base + last->iov_len == ptr)) {
		last->iov_len += len;
		return MEM_OK;
	}
	if (w->n == w->max)
		return MEM_ERR_SEGS;
	w->seg[w->n++] = (struct iovec){.iov_base = ptr, .iov_len = len};
	return MEM_OK;
}

static enum mem_err
walk_mtt(struct walk *w, const struct nic_mkey *k, uint64_t off, uint64_t len)
{
	enum mem_err e;

	while (len > 0) {
		uint64_t contig;
		uint8_t *p = mem_pin_ptr(k->pin, k->pin_off + off, &contig);

		if (contig > len)
			contig = len;
		e = emit(w, p, contig);
		if (e != MEM_OK)
			return e;
		off += contig;
		len -= contig;
	}
	return MEM_OK;
}

static enum mem_err walk_key(
	struct walk *w, uint32_t mkey, uint64_t addr, uint64_t len, unsigned int depth);

/* The entry in which an offset lies: its offset and end. k->n_klm when behind the last. */
static uint32_t
klm_at(const struct nic_mkey *k, uint64_t off, uint64_t *base, uint64_t *end)
{
	uint32_t lo = 0, hi = k->n_klm;

	if (k->mode == NIC_MKEY_KLM_FBS) {
		if (off >> k->log_entity >= k->n_klm)
			return k->n_klm;
		lo = (uint32_t)(off >> k->log_entity);
		*base = (uint64_t)lo << k->log_entity;
		*end = *base + (1ull << k->log_entity);
		return lo;
	}
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (k->klm_end[mid] > off)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (lo < k->n_klm) {
		*base = lo > 0 ? k->klm_end[lo - 1] : 0;
		*end = k->klm_end[lo];
	}
	return lo;
}

static enum mem_err
walk_klm(struct walk *w, const struct nic_mkey *k, uint64_t off, uint64_t len, unsigned int depth)
{
	uint64_t base = 0, end = 0, part;
	enum mem_err e;
	uint32_t i;

	while (len > 0) {
		if (w->steps++ == MAX_STEPS)
			return MEM_ERR_SEGS;
		i = klm_at(k, off, &base, &end);
		if (i == k->n_klm)
			return MEM_ERR_BOUNDS;
		part = end - off < len ? end - off : len;
		e = walk_key(w, k->klm[i].mkey, k->klm[i].addr + (off - base), part, depth + 1);
		if (e != MEM_OK)
			return e;
		off += part;
		len -= part;
	}
	return MEM_OK;
}

static enum mem_err
walk_key(struct walk *w, uint32_t mkey, uint64_t addr, uint64_t len, unsigned int depth)
{
	const struct nic_mkey *k;
	uint64_t off;

	if (mkey >> 8 >= w->f->mkey_tbl_size)
		return MEM_ERR_KEY;
	k = w->f->mkey_tbl[mkey >> 8];
	if (k == NULL || k->tag != (mkey & 0xff))
		return MEM_ERR_KEY;
	if (k->mode == NIC_MKEY_NULL)
		return emit(w, NULL, len);
	if (k->pd != w->pd)
		return MEM_ERR_PD;
	if ((k->perm & w->perm) != w->perm)
		return MEM_ERR_PERM;
	off = addr - k->start;
	if (addr < k->start || off > k->len || len > k->len - off)
		return MEM_ERR_BOUNDS;
	if (k->mode == NIC_MKEY_MTT)
		return walk_mtt(w, k, off, len);
	if (depth >= w->f->max_indirection)
		return MEM_ERR_DEPTH;
	return walk_klm(w, k, off, len, depth);
}

int
mem_xlate(struct nic_func *f, const struct nic_pd *pd, uint32_t mkey, uint64_t addr, uint32_t len,
	uint8_t perm, struct iovec *seg, int max)
{
	struct walk w = {.f = f, .pd = pd, .seg = seg, .max = max, .perm = perm};
	enum mem_err e;

	e = walk_key(&w, mkey, addr, len, 0);
	return e == MEM_OK ? w.n : -(int)e;
}

void *
mem_umem_ptr(const struct nic_umem *u, uint64_t off, uint32_t len)
{
	uint64_t contig;
	void *p;

	if (off >= u->len || len > u->len - off)
		return NULL;
	p = mem_pin_ptr(u->pin, off, &contig);
	return contig >= len ? p : NULL;
}
