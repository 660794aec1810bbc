/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hf_edit.h"
#include "hf_log.h"
#include "hf_region.h"
#include "hf_table.h"

#define RANGE_FMT "0x%" PRIx64 "+0x%" PRIx64
#define RANGE_ARGS(r) (r)->gpa, (r)->len

/* Room for n entries, and none in use. */
static int
edit_alloc(unsigned int n, struct hf_edit **edit)
{
	*edit = calloc(1, sizeof(**edit) + n * sizeof((*edit)->entries[0]));
	return *edit != NULL ? 0 : -ENOMEM;
}

static void
edit_keep(struct hf_edit *edit, struct hf_region *r)
{
	edit->entries[edit->n++] = (struct hf_edit_entry){.keep = r, .requested = r->requested};
	edit->kept++;
}

static void
edit_add(struct hf_edit *edit, const struct hf_ioas_region *desc, bool requested)
{
	edit->entries[edit->n++] = (struct hf_edit_entry){.desc = *desc, .requested = requested};
}

static unsigned int
live_count(const struct hf_table *live)
{
	return live != NULL ? live->n : 0;
}

/* Do they overlap? Neither wraps. */
static bool
overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

/* --- a table of the front end --- */

static int
desc_cmp(const void *a, const void *b)
{
	const struct hf_ioas_region *ra = a, *rb = b;

	return (ra->gpa > rb->gpa) - (ra->gpa < rb->gpa);
}

static int
descs_check(const struct hf_ioas_region *sorted, unsigned int n, const char *dev_name)
{
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = hf_region_check(&sorted[i], dev_name);
		if (ret != 0)
			return ret;
		if (i > 0 && sorted[i].gpa - sorted[i - 1].gpa < sorted[i - 1].len) {
			HF_LOG(ERR,
				"%s: the memory table is refused: region " RANGE_FMT
				" overlaps region " RANGE_FMT,
				dev_name, RANGE_ARGS(&sorted[i]), RANGE_ARGS(&sorted[i - 1]));
			return -EINVAL;
		}
	}
	return 0;
}

static int
count_check(unsigned int n, unsigned int requested, const char *dev_name)
{
	if (n <= HF_IOAS_MAX_REGIONS && requested <= HF_IOAS_MAX_REGIONS - n)
		return 0;
	HF_LOG(ERR,
		"%s: %u regions of a memory table and %u mapped by request: at most %u are possible",
		dev_name, n, requested, HF_IOAS_MAX_REGIONS);
	return -E2BIG;
}

/* A sorted copy for free(), checked. */
static int
descs_sort(const char *dev_name, const struct hf_ioas_region *regions, unsigned int n,
	struct hf_ioas_region **sorted)
{
	struct hf_ioas_region *copy;
	int ret;

	ret = count_check(n, 0, dev_name);
	if (ret != 0)
		return ret;
	copy = calloc(n + 1, sizeof(*copy)); /* nothing is no special case */
	if (copy == NULL)
		return -ENOMEM;
	if (n > 0)
		memcpy(copy, regions, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), desc_cmp);
	ret = descs_check(copy, n, dev_name);
	if (ret != 0) {
		free(copy);
		return ret;
	}
	*sorted = copy;
	return 0;
}

/*
 * Both lists are in order: one walk through both. What was mapped by request stays, what the front
 * end had stays where the new table names it again.
 */
static int
edit_merge(struct hf_edit *edit, const struct hf_table *live, const struct hf_ioas_region *sorted,
	unsigned int n, const char *dev_name)
{
	const struct hf_ioas_region *desc = sorted, *end = sorted + n;
	struct hf_region *r;
	unsigned int i;

	for (i = 0; i < live_count(live); i++) {
		r = live->regions[i];
		for (; desc < end && desc->gpa < r->gpa; desc++)
			edit_add(edit, desc, false);
		if (!r->requested) {
			if (desc < end && hf_region_is(r, desc)) {
				edit_keep(edit, r);
				desc++;
			}
			continue;
		}
		if ((desc > sorted && overlap(desc[-1].gpa, desc[-1].len, r->gpa, r->len)) ||
			(desc < end && overlap(desc->gpa, desc->len, r->gpa, r->len))) {
			HF_LOG(ERR,
				"%s: the memory table is refused: it overlaps the range " RANGE_FMT
				", which was mapped by request: unmap that first",
				dev_name, RANGE_ARGS(r));
			return -EEXIST;
		}
		edit_keep(edit, r);
	}
	for (; desc < end; desc++)
		edit_add(edit, desc, false);
	return 0;
}

int
hf_edit_update(const char *dev_name, const struct hf_table *live,
	const struct hf_ioas_region *regions, unsigned int n, struct hf_edit **out)
{
	uint32_t requested = live != NULL ? live->requested : 0;
	struct hf_ioas_region *sorted;
	struct hf_edit *edit;
	int ret;

	ret = descs_sort(dev_name, regions, n, &sorted);
	if (ret != 0)
		return ret;
	ret = count_check(n, requested, dev_name);
	if (ret == 0)
		ret = edit_alloc(n + requested, &edit);
	if (ret != 0)
		goto free_sorted;
	ret = edit_merge(edit, live, sorted, n, dev_name);
	if (ret == 0)
		*out = edit;
	else
		free(edit);
free_sorted:
	free(sorted);
	return ret;
}

bool
hf_edit_same(const char *dev_name, const struct hf_table *live,
	const struct hf_ioas_region *regions, unsigned int n)
{
	struct hf_ioas_region *sorted;
	unsigned int i, at = 0;
	bool same = true;

	if (descs_sort(dev_name, regions, n, &sorted) != 0)
		return false;
	for (i = 0; i < live_count(live) && same; i++) {
		if (live->regions[i]->requested)
			continue;
		same = at < n && hf_region_is(live->regions[i], &sorted[at]);
		at++;
	}
	free(sorted);
	return same && at == n;
}

/* --- single ranges --- */

int
hf_edit_map(const char *dev_name, const struct hf_table *live, const struct hf_ioas_region *desc,
	struct hf_edit **out)
{
	unsigned int n = live_count(live), i;
	struct hf_edit *edit;
	bool placed = false;
	struct hf_region *r;
	int ret;

	ret = hf_region_check(desc, dev_name);
	if (ret == 0)
		ret = count_check(n, 1, dev_name);
	if (ret == 0)
		ret = edit_alloc(n + 1, &edit);
	if (ret != 0)
		return ret;
	for (i = 0; i < n; i++) {
		r = live->regions[i];
		if (overlap(desc->gpa, desc->len, r->gpa, r->len)) {
			HF_LOG(ERR,
				"%s: can't map " RANGE_FMT ": it overlaps " RANGE_FMT ", which %s",
				dev_name, RANGE_ARGS(desc), RANGE_ARGS(r),
				r->requested ? "was mapped by request"
					     : "is in the front end's memory table");
			free(edit);
			return -EEXIST;
		}
		if (!placed && desc->gpa < r->gpa) {
			edit_add(edit, desc, true);
			placed = true;
		}
		edit_keep(edit, r);
	}
	if (!placed)
		edit_add(edit, desc, true);
	*out = edit;
	return 0;
}

/* May this live region be in reach of an unmap? */
static int
unmap_check(const struct hf_region *r, uint64_t gpa, uint64_t len, const char *dev_name)
{
	if (!r->requested) {
		HF_LOG(ERR,
			"%s: can't unmap " RANGE_FMT ": region " RANGE_FMT
			" is in the front end's memory table, which alone ends it",
			dev_name, gpa, len, RANGE_ARGS(r));
		return -EEXIST;
	}
	if (r->gpa < gpa || r->gpa + r->len > gpa + len) {
		HF_LOG(ERR,
			"%s: can't unmap " RANGE_FMT ": it would cut range " RANGE_FMT " in two",
			dev_name, gpa, len, RANGE_ARGS(r));
		return -EINVAL;
	}
	return 0;
}

int
hf_edit_unmap(const char *dev_name, const struct hf_table *live, uint64_t gpa, uint64_t len,
	struct hf_edit **out)
{
	const bool all = gpa == 0 && len == UINT64_MAX;
	unsigned int n = live_count(live), i;
	struct hf_edit *edit;
	struct hf_region *r;
	int ret;

	if (len == 0 || gpa + len < len) {
		HF_LOG(ERR, "%s: can't unmap " RANGE_FMT ": %s", dev_name, gpa, len,
			len == 0 ? "it is empty" : "it ends beyond 64 bits");
		return -EINVAL;
	}
	ret = edit_alloc(n, &edit);
	if (ret != 0)
		return ret;
	for (i = 0; i < n; i++) {
		r = live->regions[i];
		if (all ? r->requested : overlap(gpa, len, r->gpa, r->len)) {
			ret = all ? 0 : unmap_check(r, gpa, len, dev_name);
			if (ret != 0)
				goto fail;
			continue;
		}
		edit_keep(edit, r);
	}
	if (edit->kept == n && !all) {
		HF_LOG(ERR, "%s: can't unmap " RANGE_FMT ": nothing there was mapped by request",
			dev_name, gpa, len);
		ret = -ENOENT;
		goto fail;
	}
	*out = edit;
	return 0;
fail:
	free(edit);
	return ret;
}
