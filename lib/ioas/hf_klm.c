/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "hf_devx.h"
#include "hf_klm.h"

#define KLM_PER_LINE 4 /* entries of 16 bytes in the 64 bytes that the NIC reads at once */

/* A part of the NIC's addresses, and the ranges that reach into it. */
struct klm_window {
	uint64_t start, end;
	const struct hf_klm_range *ranges;
	unsigned int n;
};

/* The list of a window, and what it takes. */
struct klm_form {
	uint8_t log_entity; /* as of a plan */
	uint8_t log_entry; /* largest entry of KLM */
	uint64_t n; /* entries */
};

/* --- one level --- */

static uint64_t
klm_entries(uint64_t len, uint8_t log_entry)
{
	return (len >> log_entry) + ((len & ((UINT64_C(1) << log_entry) - 1)) != 0);
}

static uint64_t
range_start(const struct klm_window *w, unsigned int i)
{
	return RTE_MAX(w->ranges[i].gpa, w->start);
}

static uint64_t
range_end(const struct klm_window *w, unsigned int i)
{
	return RTE_MIN(w->ranges[i].gpa + w->ranges[i].len, w->end);
}

/* Entries of KLM. */
static uint64_t
klm_bytes_count(const struct klm_window *w, uint8_t log_entry)
{
	uint64_t n = 0, at = w->start;
	unsigned int i;

	for (i = 0; i < w->n; i++) {
		n += klm_entries(range_start(w, i) - at, log_entry);
		n += klm_entries(range_end(w, i) - range_start(w, i), log_entry);
		at = range_end(w, i);
	}
	return n + klm_entries(w->end - at, log_entry);
}

/*
 * The bits below the lowest one that is set in any of the numbers are free in all: that bit is the
 * largest power of two that divides them, which is all that is wanted of their greatest common
 * divisor.
 */
static uint8_t
klm_log_entity(const struct klm_window *w, uint8_t log_entry)
{
	uint64_t bits = w->start | w->end | UINT64_C(1) << log_entry;
	unsigned int i;

	for (i = 0; i < w->n; i++)
		bits |= range_start(w, i) | range_end(w, i);
	return (uint8_t)__builtin_ctzll(bits);
}

/* The list with entries up to this size. False: neither form is short enough, and form->n is KLM's.
 */
static bool
klm_form_try(const struct klm_window *w, const struct hf_klm_limits *limits, uint8_t log_entry,
	struct klm_form *form)
{
	uint8_t log_entity = klm_log_entity(w, log_entry);
	uint64_t fixed = (w->end - w->start) >> log_entity;

	*form = (struct klm_form){.log_entry = log_entry, .n = klm_bytes_count(w, log_entry)};
	if (limits->fixed && log_entity >= HF_KLM_LOG_MIN_ENTITY && fixed <= limits->max_klm &&
		(fixed <= KLM_PER_LINE || form->n > KLM_PER_LINE)) {
		form->log_entity = log_entity;
		form->n = fixed;
		return true;
	}
	return form->n <= limits->max_klm;
}

static bool
klm_form_find(const struct klm_window *w, const struct hf_klm_limits *limits, struct klm_form *form)
{
	return klm_form_try(w, limits, HF_KLM_LOG_ENTRY, form) ||
		klm_form_try(w, limits, HF_KLM_LOG_MAX_ENTRY, form);
}

/* Entries for [addr, addr + len), which one key covers at the same addresses. */
static void
klm_emit(struct hf_klm_plan *plan, const struct klm_form *form, uint64_t addr, uint64_t len,
	uint32_t key)
{
	const uint64_t step = UINT64_C(1)
		<< (form->log_entity != 0 ? form->log_entity : form->log_entry);
	struct hf_klm *klm;
	uint64_t bytes;

	while (len > 0) {
		bytes = RTE_MIN(len, step);
		klm = &plan->klm[plan->n++];
		/* Where KLM has the byte count, KLM_FBS has a reserved word (struct mlx5_ksm, Linux
		 * mlx5/device.h). */
		klm->bytes = form->log_entity != 0 ? 0 : (uint32_t)bytes;
		klm->mkey = key;
		klm->addr = addr;
		addr += bytes;
		len -= bytes;
	}
}

static int
klm_fill(const struct klm_window *w, const struct klm_form *form, uint32_t null_lkey,
	struct hf_klm_plan *plan)
{
	uint64_t at = w->start;
	unsigned int i;

	plan->start = w->start;
	plan->len = w->end - w->start;
	plan->log_entity = form->log_entity;
	plan->klm = calloc(form->n, sizeof(*plan->klm));
	if (plan->klm == NULL)
		return -ENOMEM;
	for (i = 0; i < w->n; i++) {
		klm_emit(plan, form, at, range_start(w, i) - at, null_lkey);
		klm_emit(plan, form, range_start(w, i), range_end(w, i) - range_start(w, i),
			w->ranges[i].lkey);
		at = range_end(w, i);
	}
	klm_emit(plan, form, at, w->end - at, null_lkey);
	return 0;
}

/* --- two levels --- */

/* The part of w that is a cell; *from: first range that may reach into it, moves on. */
static struct klm_window
cell_window(const struct klm_window *w, uint64_t start, uint64_t end, unsigned int *from)
{
	struct klm_window cell = {.start = start, .end = end};

	while (*from < w->n && range_end(w, *from) <= start)
		(*from)++;
	cell.ranges = &w->ranges[*from];
	while (*from + cell.n < w->n && range_start(w, *from + cell.n) < end)
		cell.n++;
	return cell;
}

/* Is a cell one key, or one hole? */
static bool
cell_is_plain(const struct klm_window *cell, uint32_t null_lkey, uint32_t *key)
{
	*key = null_lkey;
	if (cell->n == 0)
		return true;
	*key = cell->ranges[0].lkey;
	return cell->n == 1 && range_start(cell, 0) == cell->start &&
		range_end(cell, 0) == cell->end;
}

static int
sub_add(struct hf_klm_tree *tree, const struct klm_window *cell, const struct hf_klm_limits *limits)
{
	struct hf_klm_sub *sub = &tree->subs[tree->n_subs];
	struct klm_form form;

	/* Smaller cells there can't be, so that nothing else would help. */
	if (!klm_form_find(cell, limits, &form))
		return -E2BIG;
	sub->entry = tree->top.n;
	tree->n_subs++;
	return klm_fill(cell, &form, limits->null_lkey, &sub->plan);
}

static int
tree_fill(struct hf_klm_tree *tree, const struct klm_window *w, const struct hf_klm_limits *limits,
	uint8_t log_cell)
{
	const struct klm_form form = {.log_entry = log_cell};
	struct klm_window cell;
	unsigned int from = 0;
	uint64_t at, len;
	uint32_t key;
	int ret;

	for (at = w->start; at < w->end; at += len) {
		len = RTE_MIN(w->end - at, UINT64_C(1) << log_cell);
		cell = cell_window(w, at, at + len, &from);
		if (!cell_is_plain(&cell, limits->null_lkey, &key)) {
			ret = sub_add(tree, &cell, limits);
			if (ret != 0)
				return ret;
			key = 0;
		}
		klm_emit(&tree->top, &form, at, len, key);
	}
	return 0;
}

static int
tree_plan(struct hf_klm_tree *tree, const struct klm_window *w, const struct hf_klm_limits *limits)
{
	uint8_t log_cell = HF_KLM_LOG_MIN_ENTITY;
	uint64_t len = w->end - w->start, cells;

	while (log_cell < HF_KLM_LOG_MAX_ENTRY && klm_entries(len, log_cell) > limits->max_klm)
		log_cell++;
	cells = klm_entries(len, log_cell);
	if (limits->levels < 2 || cells > limits->max_klm)
		return -E2BIG;
	tree->top.start = w->start;
	tree->top.len = len;
	tree->top.klm = calloc(cells, sizeof(*tree->top.klm));
	/* A range has two ends, which can be in no more than two cells. */
	tree->subs = calloc(RTE_MIN(cells, 2 * (uint64_t)w->n), sizeof(*tree->subs));
	if (tree->top.klm == NULL || tree->subs == NULL)
		return -ENOMEM;
	return tree_fill(tree, w, limits, log_cell);
}

static int
ranges_check(const struct hf_klm_range *ranges, unsigned int n)
{
	uint64_t end = 0;
	unsigned int i;

	if (n == 0)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (ranges[i].len == 0 || ranges[i].gpa + ranges[i].len < ranges[i].len)
			return -EINVAL;
		if (i > 0 && ranges[i].gpa < end)
			return -EINVAL;
		end = ranges[i].gpa + ranges[i].len;
	}
	return 0;
}

int
hf_klm_tree_plan(const struct hf_klm_range *ranges, unsigned int n,
	const struct hf_klm_limits *limits, struct hf_klm_tree *tree)
{
	struct klm_window w = {.ranges = ranges, .n = n};
	struct klm_form form;
	int ret;

	memset(tree, 0, sizeof(*tree));
	ret = ranges_check(ranges, n);
	if (ret != 0)
		return ret;
	w.start = ranges[0].gpa;
	w.end = ranges[n - 1].gpa + ranges[n - 1].len;
	if (klm_form_find(&w, limits, &form))
		ret = klm_fill(&w, &form, limits->null_lkey, &tree->top);
	else
		ret = tree_plan(tree, &w, limits);
	if (ret == 0)
		return 0;
	hf_klm_tree_free(tree);
	tree->top.start = w.start;
	tree->top.len = w.end - w.start;
	tree->top.n = (uint32_t)RTE_MIN(form.n, (uint64_t)UINT32_MAX);
	return ret;
}

void
hf_klm_tree_free(struct hf_klm_tree *tree)
{
	uint32_t i;

	for (i = 0; i < tree->n_subs; i++)
		free(tree->subs[i].plan.klm);
	free(tree->subs);
	free(tree->top.klm);
	memset(tree, 0, sizeof(*tree));
}
