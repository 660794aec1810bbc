/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "hf_klm.h"
#include "hf_log.h"
#include "hf_region.h"
#include "hf_table.h"

static int
table_cmp(const void *a, const void *b)
{
	const struct hf_ioas_region *ra = a, *rb = b;

	return (ra->gpa > rb->gpa) - (ra->gpa < rb->gpa);
}

static int
table_check(const struct hf_ioas_region *sorted, unsigned int n, const char *dev_name)
{
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = hf_region_check(&sorted[i], dev_name);
		if (ret != 0)
			return ret;
		if (i > 0 && sorted[i].gpa - sorted[i - 1].gpa < sorted[i - 1].len) {
			HF_LOG(ERR,
				"%s: the memory table is refused: region 0x%" PRIx64 "+0x%" PRIx64
				" overlaps region 0x%" PRIx64 "+0x%" PRIx64,
				dev_name, sorted[i].gpa, sorted[i].len, sorted[i - 1].gpa,
				sorted[i - 1].len);
			return -EINVAL;
		}
	}
	return 0;
}

int
hf_table_sort(const struct hf_ioas_region *regions, unsigned int n, const char *dev_name,
	struct hf_ioas_region **sorted)
{
	struct hf_ioas_region *copy;
	int ret;

	*sorted = NULL;
	if (n == 0 || n > HF_IOAS_MAX_REGIONS) {
		HF_LOG(ERR, "%s: the memory table is refused: %u regions, 1 to %u are possible",
			dev_name, n, HF_IOAS_MAX_REGIONS);
		return n == 0 ? -EINVAL : -E2BIG;
	}
	copy = calloc(n, sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, regions, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), table_cmp);
	ret = table_check(copy, n, dev_name);
	if (ret != 0) {
		free(copy);
		return ret;
	}
	*sorted = copy;
	return 0;
}

struct hf_region *
hf_table_find(const struct hf_table *t, uint64_t gpa)
{
	unsigned int lo = 0, hi = t->n, mid;

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

/* The live region that is the memory of this description, with a reference for a new table. */
static struct hf_region *
table_share(const struct hf_table *live, const struct hf_ioas_region *desc)
{
	struct hf_region *found;

	found = live != NULL ? hf_table_find(live, desc->gpa) : NULL;
	if (found == NULL || !hf_region_is(found, desc))
		return NULL;
	return hf_region_get(found);
}

int
hf_table_build(struct hf_devx *dev, const struct hf_ioas_region *sorted, unsigned int n,
	const struct hf_table *live, struct hf_table **table, unsigned int *kept)
{
	struct hf_region *r;
	struct hf_table *t;
	int ret;

	*kept = 0;
	t = calloc(1, sizeof(*t) + n * sizeof(t->regions[0]));
	if (t == NULL)
		return -ENOMEM;
	while (t->n < n) {
		r = table_share(live, &sorted[t->n]);
		if (r != NULL) {
			(*kept)++;
		} else {
			ret = hf_region_create(dev, &sorted[t->n], &r);
			if (ret != 0) {
				hf_table_free(t);
				return ret;
			}
		}
		t->regions[t->n++] = r;
		t->bytes += r->len;
	}
	*table = t;
	return 0;
}

/* The plan of a mkey over all regions. */
static int
table_plan(struct hf_devx *dev, const struct hf_table *t, struct hf_klm_plan *plan)
{
	const struct hf_devx_caps *caps = hf_devx_caps(dev);
	struct hf_klm_range *ranges;
	unsigned int i;
	int ret;

	ranges = calloc(t->n, sizeof(*ranges));
	if (ranges == NULL)
		return -ENOMEM;
	for (i = 0; i < t->n; i++) {
		ranges[i].gpa = t->regions[i]->gpa;
		ranges[i].len = t->regions[i]->len;
		ranges[i].lkey = t->regions[i]->mr.lkey;
	}
	ret = hf_klm_plan(
		ranges, t->n, hf_devx_null_lkey(dev), caps->max_klm, caps->fixed_klm, plan);
	free(ranges);
	if (ret == -E2BIG)
		HF_LOG(ERR,
			"%s: the memory table is refused: its %u regions between 0x%" PRIx64
			" and 0x%" PRIx64 " need %u entries of a mkey, the NIC takes %u",
			hf_devx_name(dev), t->n, plan->start, plan->start + plan->len, plan->n,
			caps->max_klm);
	return ret;
}

int
hf_table_make_mkey(struct hf_devx *dev, struct hf_table *t)
{
	struct hf_mkey_attr attr = {0};
	struct hf_klm_plan plan;
	int ret;

	ret = table_plan(dev, t, &plan);
	if (ret != 0)
		return ret;
	attr.start = plan.start;
	attr.len = plan.len;
	attr.klm = plan.klm;
	attr.n_klm = plan.n;
	attr.log_entity = plan.log_entity;
	ret = hf_mkey_create(dev, &attr, &t->mkey);
	free(plan.klm);
	if (ret != 0)
		return ret;
	t->n_klm = plan.n;
	t->fixed_klm = plan.log_entity != 0;
	return 0;
}

unsigned int
hf_table_free(struct hf_table *t)
{
	unsigned int gone = 0, i;

	if (t == NULL)
		return 0;
	/*
	 * A mkey that the NIC does not give up is in the device's table of leaks. The regions go
	 * all the same: access through it then ends in an error, whereas memory that left the table
	 * must not be written any more.
	 */
	if (t->mkey.key != 0)
		hf_mkey_destroy(&t->mkey);
	for (i = 0; i < t->n; i++)
		gone += hf_region_put(t->regions[i]);
	free(t);
	return gone;
}

bool
hf_table_is(const struct hf_table *t, const struct hf_ioas_region *sorted, unsigned int n)
{
	unsigned int i;

	if (t->n != n)
		return false;
	for (i = 0; i < n; i++) {
		if (!hf_region_is(t->regions[i], &sorted[i]))
			return false;
	}
	return true;
}
