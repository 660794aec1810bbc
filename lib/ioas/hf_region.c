/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_backing.h"
#include "hf_log.h"
#include "hf_region.h"

#define REGION_FMT "region 0x%" PRIx64 "+0x%" PRIx64
#define REGION_ARGS(r) (r)->gpa, (r)->len

/* Of one update: far above 1 PiB in pieces of HF_IOAS_PIECE_MIN, and no more memory than some MiB.
 */
#define REGION_MAX_PIECES (1u << 18)

static _Atomic uint64_t region_pinned;

static int
region_refuse(const struct hf_ioas_region *desc, const char *dev_name, const char *why)
{
	HF_LOG(ERR, "%s: " REGION_FMT " (file offset 0x%" PRIx64 ", descriptor %d) is refused: %s",
		dev_name, REGION_ARGS(desc), desc->offset, desc->fd, why);
	return -EINVAL;
}

int
hf_region_check(const struct hf_ioas_region *desc, const char *dev_name)
{
	const uint64_t page_mask = (uint64_t)sysconf(_SC_PAGESIZE) - 1;

	if (desc->len == 0)
		return region_refuse(desc, dev_name, "it is empty");
	if (desc->gpa + desc->len < desc->len)
		return region_refuse(desc, dev_name, "it ends beyond 64 bits");
	if (((desc->gpa | desc->len) & page_mask) != 0)
		return region_refuse(
			desc, dev_name, "address and length must be multiples of the page size");
	if (desc->fd < -1)
		return region_refuse(desc, dev_name, "a descriptor is needed, or -1");
	if (desc->fd == -1) {
		if (desc->va == NULL || ((uintptr_t)desc->va & page_mask) != 0)
			return region_refuse(
				desc, dev_name, "private memory needs a page-aligned host address");
		if ((uintptr_t)desc->va + desc->len < desc->len)
			return region_refuse(desc, dev_name, "its host address wraps");
		return 0;
	}
	if ((desc->offset & page_mask) != 0)
		return region_refuse(
			desc, dev_name, "the offset must be a multiple of the page size");
	if (desc->len > INT64_MAX || desc->offset > INT64_MAX - desc->len)
		return region_refuse(desc, dev_name, "no file is that long");
	return 0;
}

/*
 * Cut [from, from + len) at multiples of 'piece'. With a file, 'from' is the offset in it: mappings
 * begin at a page of the file, so what is a multiple there is one in this process.
 */
static int
region_alloc(const struct hf_ioas_region *desc, uint64_t from, uint64_t piece, struct hf_region **r)
{
	uint64_t end = from + desc->len, n = (end - 1) / piece - from / piece + 1, at, next;
	struct hf_piece *p;

	if (n > REGION_MAX_PIECES)
		return -E2BIG;
	*r = calloc(1, sizeof(**r) + n * sizeof((*r)->pieces[0]));
	if (*r == NULL)
		return -ENOMEM;
	(*r)->n_pieces = (unsigned int)n;
	p = (*r)->pieces;
	for (at = from; at < end; at = next, p++) {
		next = RTE_MIN((at / piece + 1) * piece, end);
		p->gpa = desc->gpa + (at - from);
		p->len = next - at;
	}
	return 0;
}

static int
region_create(const struct hf_ioas_region *desc, uint64_t piece, struct hf_region **region)
{
	struct hf_backing *backing = NULL;
	uint64_t from = (uintptr_t)desc->va;
	int ret;

	if (desc->fd >= 0) {
		ret = hf_backing_get(desc->fd, desc->offset, desc->len, &backing);
		if (ret != 0)
			return ret;
		from = desc->offset;
		piece = RTE_MAX(piece, hf_backing_page(backing));
	}
	ret = region_alloc(desc, from, piece, region);
	if (ret != 0) {
		if (backing != NULL)
			hf_backing_put(backing);
		return ret;
	}
	(*region)->backing = backing;
	(*region)->va = backing != NULL ? hf_backing_va(backing) : desc->va;
	return 0;
}

static const char *
region_why(int err)
{
	switch (err) {
	case -ENXIO:
		return " (the file is shorter)";
	case -E2BIG:
		return " (of too many pieces: let them be larger)";
	default:
		return "";
	}
}

int
hf_region_create(struct hf_devx *dev, const struct hf_ioas_region *desc, bool requested,
	uint64_t piece, struct hf_region **region)
{
	struct hf_region *r;
	int ret;

	ret = region_create(desc, piece, &r);
	if (ret != 0) {
		HF_LOG(ERR,
			"%s: " REGION_FMT ": can't map descriptor %d from offset 0x%" PRIx64
			": %s%s",
			hf_devx_name(dev), REGION_ARGS(desc), desc->fd, desc->offset,
			strerror(-ret), region_why(ret));
		return ret;
	}
	r->gpa = desc->gpa;
	r->len = desc->len;
	r->offset = desc->fd >= 0 ? desc->offset : 0;
	r->requested = requested;
	r->numa_node = -1;
	r->refs = 1;
	*region = r;
	return 0;
}

int
hf_region_register(struct hf_devx *dev, struct hf_region *r, unsigned int i)
{
	struct hf_piece *p = &r->pieces[i];
	int ret;

	ret = hf_mr_create(dev, r->va + (p->gpa - r->gpa), p->len, p->gpa, &p->mr);
	if (ret != 0) {
		HF_LOG(ERR, "%s: " REGION_FMT ": can't register its part " REGION_FMT ": %s",
			hf_devx_name(dev), REGION_ARGS(r), REGION_ARGS(p), strerror(-ret));
		return ret;
	}
	atomic_fetch_add(&region_pinned, p->len);
	return 0;
}

unsigned int
hf_region_settle(struct hf_region *r)
{
	unsigned int before = r->n_pieces, i;

	r->n_pieces = 0;
	for (i = 0; i < before; i++)
		if (r->pieces[i].len != 0)
			r->pieces[r->n_pieces++] = r->pieces[i];
	return before - r->n_pieces;
}

int
hf_region_unregister(struct hf_region *r, unsigned int i)
{
	struct hf_piece *p = &r->pieces[i];
	int ret;

	if (p->mr.mr == NULL)
		return 0;
	ret = hf_mr_destroy(&p->mr);
	if (ret == 0)
		atomic_fetch_sub(&region_pinned, p->len);
	return ret;
}

void
hf_region_free(struct hf_region *r)
{
	unsigned int i;

	for (i = 0; i < r->n_pieces && r->pieces[i].mr.mr == NULL; i++)
		;
	if (i == r->n_pieces && r->backing != NULL)
		hf_backing_put(r->backing);
	free(r);
}

bool
hf_region_is(const struct hf_region *r, const struct hf_ioas_region *desc)
{
	return r->backing != NULL && r->gpa == desc->gpa && r->len == desc->len &&
		hf_backing_is(r->backing, desc->fd, desc->offset, desc->len);
}

uint64_t
hf_region_pinned(void)
{
	return atomic_load(&region_pinned);
}
