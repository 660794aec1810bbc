/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A table that is registered before its map is asked for.
 */
#include <stdlib.h>

#include "hf_clock.h"
#include "ioas_priv.h"

static int
ahead_register(void *arg, unsigned int i)
{
	struct hf_ioas *as = arg;
	uint64_t us;

	(void)i;
	return ioas_register(as, as->ahead.t, &us);
}

static void
ahead_count(struct hf_ioas *as, uint64_t bytes)
{
	pthread_mutex_lock(&as->lock);
	as->stats.ahead_bytes = bytes;
	pthread_mutex_unlock(&as->lock);
}

/* Is the table what an edit describes, all of it the front end's? */
static bool
ahead_is(const struct hf_table *t, const struct hf_edit *edit)
{
	const struct hf_edit_entry *e = edit->entries;
	unsigned int i;

	if (edit->n != t->n)
		return false;
	for (i = 0; i < t->n; i++)
		if (e[i].keep != NULL || e[i].requested || !hf_region_is(t->regions[i], &e[i].desc))
			return false;
	return true;
}

/* Without the users there is one thing less that can fail; without room there is no hurry. */
static void
ahead_begin(struct hf_ioas *as, const struct hf_edit *edit)
{
	struct hf_table *t;

	if (hf_table_build(as->dev, edit, as->attr.piece, &t) != 0)
		return;
	if (!ioas_has_room(as, t->bytes) || hf_table_check_keys(as->dev, t) != 0) {
		hf_table_discard(t);
		return;
	}
	as->ahead.t = t;
	ahead_count(as, t->bytes);
	hf_work_begin(as->attr.work, &as->ahead.batch, ahead_register, as, 1);
}

void
hf_ioas_ahead(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n)
{
	struct hf_edit *edit;

	if (as->live != NULL || n == 0 ||
		hf_edit_update(hf_devx_name(as->dev), NULL, regions, n, &edit) != 0)
		return;
	if (as->ahead.t == NULL || !ahead_is(as->ahead.t, edit)) {
		hf_ioas_ahead_end(as);
		ahead_begin(as, edit);
	}
	free(edit);
}

int
ioas_ahead_take(struct hf_ioas *as, const struct hf_edit *edit, struct hf_table **t, uint64_t *us)
{
	struct hf_table *ahead = as->ahead.t;
	uint64_t begin = hf_clock_us();
	bool is;
	int ret;

	*t = NULL;
	*us = 0;
	if (ahead == NULL)
		return 0;
	ret = hf_work_end(as->attr.work, &as->ahead.batch);
	*us = hf_clock_us() - begin;
	as->ahead.t = NULL;
	ahead_count(as, 0);
	is = ahead_is(ahead, edit);
	if (is && ret == 0)
		*t = ahead;
	else
		ioas_undo(as, ahead);
	return is ? ret : 0;
}

void
hf_ioas_ahead_end(struct hf_ioas *as)
{
	static const struct hf_edit nothing;
	struct hf_table *t;
	uint64_t us;

	ioas_ahead_take(as, &nothing, &t, &us);
}
