/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>

#include "hf_edit.h"
#include "hf_klm.h"
#include "hf_table.h"

struct hf_region *
hf_table_find(const struct hf_table *t, uint64_t gpa)
{
	unsigned int lo = 0, hi = t != NULL ? t->n : 0, mid;

	/* The last region that begins at or below gpa. */
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (t->regions[mid]->gpa <= gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0 || gpa - t->regions[lo - 1]->gpa >= t->regions[lo - 1]->len)
		return NULL;
	return t->regions[lo - 1];
}

static void
table_append(struct hf_table *t, struct hf_region *r)
{
	t->regions[t->n++] = r;
	t->bytes += r->len;
	t->mrs += r->n_pieces;
	t->requested += r->requested;
	t->requested_bytes += r->requested ? r->len : 0;
}

void
hf_table_discard(struct hf_table *t)
{
	struct hf_region_list dead = TAILQ_HEAD_INITIALIZER(dead);
	struct hf_region *r;

	if (t == NULL)
		return;
	hf_table_release(t, &dead);
	while ((r = TAILQ_FIRST(&dead)) != NULL) {
		TAILQ_REMOVE(&dead, r, next);
		hf_region_free(r);
	}
}

/* So large that there are some for each worker, and no more. */
static uint64_t
table_piece(const struct hf_edit *edit)
{
	const struct hf_edit_entry *e;
	uint64_t bytes = 0;

	for (e = edit->entries; e < &edit->entries[edit->n]; e++)
		bytes += e->keep == NULL ? e->desc.len : 0;
	return RTE_MAX(rte_align64pow2(bytes / HF_IOAS_PIECES), HF_IOAS_PIECE_MIN);
}

int
hf_table_build(
	struct hf_devx *dev, const struct hf_edit *edit, uint64_t piece, struct hf_table **table)
{
	const struct hf_edit_entry *e;
	struct hf_region *r;
	struct hf_table *t;
	int ret;

	t = calloc(1, sizeof(*t) + edit->n * sizeof(t->regions[0]));
	if (t == NULL)
		return -ENOMEM;
	if (piece == 0)
		piece = table_piece(edit);
	for (e = edit->entries; e < &edit->entries[edit->n]; e++) {
		r = e->keep;
		if (r != NULL) {
			r->refs++;
		} else {
			ret = hf_region_create(dev, &e->desc, e->requested, piece, &r);
			if (ret != 0) {
				hf_table_discard(t);
				return ret;
			}
		}
		table_append(t, r);
	}
	*table = t;
	return 0;
}

/* The pieces of all regions as a list for free(), NULL: no memory. */
static struct hf_klm_range *
table_ranges(const struct hf_table *t)
{
	struct hf_klm_range *ranges = calloc(t->mrs, sizeof(*ranges)), *at = ranges;
	const struct hf_piece *p;
	unsigned int i, j;

	for (i = 0; i < t->n && ranges != NULL; i++) {
		for (j = 0; j < t->regions[i]->n_pieces; j++, at++) {
			p = &t->regions[i]->pieces[j];
			*at = (struct hf_klm_range){p->gpa, p->len, p->mr.lkey};
		}
	}
	return ranges;
}

int
hf_table_make_keys(struct hf_devx *dev, struct hf_table *t)
{
	struct hf_klm_range *ranges = table_ranges(t);
	int ret;

	if (ranges == NULL)
		return -ENOMEM;
	ret = hf_mkeys_create(dev, ranges, t->mrs, &t->keys);
	free(ranges);
	return ret;
}

int
hf_table_check_keys(struct hf_devx *dev, const struct hf_table *t)
{
	struct hf_klm_range *ranges = table_ranges(t);
	int ret;

	if (ranges == NULL)
		return -ENOMEM;
	ret = hf_mkeys_check(dev, ranges, t->mrs);
	free(ranges);
	return ret;
}

void
hf_table_own(const struct hf_table *t, uint64_t *bytes, uint32_t *mrs)
{
	unsigned int i;

	*bytes = 0;
	*mrs = 0;
	for (i = 0; i < t->n; i++) {
		if (t->regions[i]->refs > 1)
			continue;
		*bytes += t->regions[i]->len;
		*mrs += t->regions[i]->n_pieces;
	}
}

struct hf_mkeys *
hf_table_release(struct hf_table *t, struct hf_region_list *dead)
{
	struct hf_mkeys *keys = t->keys;
	unsigned int i;

	for (i = 0; i < t->n; i++) {
		if (--t->regions[i]->refs == 0)
			TAILQ_INSERT_TAIL(dead, t->regions[i], next);
	}
	free(t);
	return keys;
}
