/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "hf_ioas.h"
#include "hf_log.h"
#include "hf_region.h"
#include "hf_table.h"

struct ioas_user {
	TAILQ_ENTRY(ioas_user) next;
	const struct hf_ioas_user_ops *ops;
	void *user;
};
TAILQ_HEAD(ioas_users, ioas_user);

struct hf_ioas {
	struct hf_devx *dev;
	uint32_t asid;
	struct ioas_users users; /* of the thread that updates */
	pthread_mutex_t lock; /* all below; only the thread that updates changes it */
	struct hf_table *live; /* NULL: initial state */
	struct hf_ioas_stats stats;
};

int
hf_ioas_create(struct hf_devx *dev, uint32_t asid, struct hf_ioas **as)
{
	struct hf_ioas *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -ENOMEM;
	a->dev = dev;
	a->asid = asid;
	TAILQ_INIT(&a->users);
	pthread_mutex_init(&a->lock, NULL);
	*as = a;
	return 0;
}

int
hf_ioas_destroy(struct hf_ioas *as)
{
	int ret = hf_ioas_reset_map(as);

	if (ret != 0)
		return ret;
	pthread_mutex_destroy(&as->lock);
	free(as);
	return 0;
}

static struct ioas_user *
ioas_user_find(struct hf_ioas *as, const void *user)
{
	struct ioas_user *u;

	TAILQ_FOREACH(u, &as->users, next) {
		if (u->user == user)
			return u;
	}
	return NULL;
}

int
hf_ioas_user_add(struct hf_ioas *as, const struct hf_ioas_user_ops *ops, void *user)
{
	struct ioas_user *u;

	if (ioas_user_find(as, user) != NULL)
		return -EEXIST;
	u = calloc(1, sizeof(*u));
	if (u == NULL)
		return -ENOMEM;
	u->ops = ops;
	u->user = user;
	TAILQ_INSERT_TAIL(&as->users, u, next);
	return 0;
}

void
hf_ioas_user_del(struct hf_ioas *as, void *user)
{
	struct ioas_user *u = ioas_user_find(as, user);

	if (u == NULL)
		return;
	TAILQ_REMOVE(&as->users, u, next);
	free(u);
}

/* Make 'table' (NULL: the initial state) the live one; returns what was. */
static struct hf_table *
ioas_switch(struct hf_ioas *as, struct hf_table *table)
{
	struct hf_ioas_stats *st = &as->stats;
	struct hf_table *old;

	pthread_mutex_lock(&as->lock);
	old = as->live;
	as->live = table;
	st->generation++;
	st->regions = st->mrs = table != NULL ? table->n : 0;
	st->pinned_bytes = table != NULL ? table->bytes : 0;
	st->klms = table != NULL ? table->n_klm : 0;
	st->fixed_klm = table != NULL && table->fixed_klm;
	pthread_mutex_unlock(&as->lock);
	return old;
}

static void
ioas_count(struct hf_ioas *as, uint64_t registered, uint64_t kept, uint64_t mkeys)
{
	pthread_mutex_lock(&as->lock);
	as->stats.mrs_registered += registered;
	as->stats.mrs_kept += kept;
	as->stats.mkeys_created += mkeys;
	pthread_mutex_unlock(&as->lock);
}

/* Let go of a table that is not live any more. */
static void
ioas_drop(struct hf_ioas *as, struct hf_table *old)
{
	unsigned int gone;

	if (old == NULL)
		return;
	gone = hf_table_free(old);
	pthread_mutex_lock(&as->lock);
	as->stats.mrs_destroyed += gone;
	as->stats.mkeys_destroyed++;
	pthread_mutex_unlock(&as->lock);
}

/* All users are ready for the key, or none is. */
static int
ioas_prepare(struct hf_ioas *as, uint32_t mkey)
{
	struct ioas_user *u;
	int ret = 0;

	TAILQ_FOREACH(u, &as->users, next) {
		ret = u->ops->prepare(u->user, mkey);
		if (ret != 0)
			break;
	}
	if (ret == 0)
		return 0;
	HF_LOG(ERR, "%s: address space %u keeps its memory table: a user can't switch: %s",
		hf_devx_name(as->dev), as->asid, strerror(-ret));
	while ((u = TAILQ_PREV(u, ioas_users, next)) != NULL)
		u->ops->abort(u->user);
	return ret;
}

static void
ioas_commit(struct hf_ioas *as, uint32_t mkey)
{
	struct ioas_user *u;

	TAILQ_FOREACH(u, &as->users, next)
		u->ops->commit(u->user, mkey);
}

/* From the live table to one that differs, whose regions are there and whose mkey is not. */
static int
ioas_replace(struct hf_ioas *as, struct hf_table *table, unsigned int kept)
{
	uint32_t mkey;
	int ret;

	ret = hf_table_make_mkey(as->dev, table);
	if (ret != 0)
		return ret;
	mkey = table->mkey.key;
	ret = ioas_prepare(as, mkey);
	if (ret != 0)
		return ret;
	ioas_count(as, table->n - kept, kept, 1);
	table = ioas_switch(as, table);
	ioas_commit(as, mkey);
	ioas_drop(as, table);
	return 0;
}

int
hf_ioas_update(
	struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n, bool *changed)
{
	struct hf_ioas_region *sorted;
	struct hf_table *table;
	unsigned int kept;
	int ret;

	*changed = false;
	ret = hf_table_sort(regions, n, hf_devx_name(as->dev), &sorted);
	if (ret != 0)
		return ret;
	ret = hf_table_build(as->dev, sorted, n, as->live, &table, &kept);
	free(sorted);
	if (ret != 0)
		return ret;
	if (as->live != NULL && kept == n && as->live->n == n) {
		hf_table_free(table);
		ioas_count(as, 0, kept, 0);
		return 0;
	}
	ret = ioas_replace(as, table, kept);
	if (ret != 0) {
		hf_table_free(table);
		return ret;
	}
	*changed = true;
	HF_LOG(INFO,
		"%s: address space %u: %u regions, %" PRIu64
		" MiB: %u MRs kept, %u registered; mkey 0x%x "
		"has %u entries%s",
		hf_devx_name(as->dev), as->asid, n, table->bytes >> 20, kept, n - kept,
		table->mkey.key, table->n_klm, table->fixed_klm ? " of fixed size" : "");
	return 0;
}

int
hf_ioas_check(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n)
{
	struct hf_ioas_region *sorted;
	unsigned int i;
	int ret;

	ret = hf_table_sort(regions, n, hf_devx_name(as->dev), &sorted);
	if (ret != 0)
		return ret;
	for (i = 0; i < n && ret == 0; i++)
		ret = hf_region_try(&sorted[i], hf_devx_name(as->dev));
	free(sorted);
	return ret;
}

bool
hf_ioas_same(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n)
{
	struct hf_ioas_region *sorted;
	bool same;

	if (hf_table_sort(regions, n, hf_devx_name(as->dev), &sorted) != 0)
		return false;
	pthread_mutex_lock(&as->lock);
	same = as->live != NULL && hf_table_is(as->live, sorted, n);
	pthread_mutex_unlock(&as->lock);
	free(sorted);
	return same;
}

int
hf_ioas_reset_map(struct hf_ioas *as)
{
	if (!TAILQ_EMPTY(&as->users)) {
		HF_LOG(ERR,
			"%s: address space %u is in use: stop its queues before its map is reset",
			hf_devx_name(as->dev), as->asid);
		return -EBUSY;
	}
	if (as->live != NULL)
		ioas_drop(as, ioas_switch(as, NULL));
	return 0;
}

uint32_t
hf_ioas_mkey(struct hf_ioas *as)
{
	uint32_t key;

	pthread_mutex_lock(&as->lock);
	key = as->live != NULL ? as->live->mkey.key : 0;
	pthread_mutex_unlock(&as->lock);
	return key;
}

void
hf_ioas_stats(struct hf_ioas *as, struct hf_ioas_stats *st)
{
	pthread_mutex_lock(&as->lock);
	*st = as->stats;
	pthread_mutex_unlock(&as->lock);
}

void *
hf_ioas_gpa_to_hva(struct hf_ioas *as, uint64_t gpa, uint64_t len)
{
	const struct hf_region *r;
	void *hva = NULL;

	pthread_mutex_lock(&as->lock);
	r = as->live != NULL ? hf_table_find(as->live, gpa) : NULL;
	if (r != NULL && len <= r->len - (gpa - r->gpa))
		hva = r->va + (gpa - r->gpa);
	pthread_mutex_unlock(&as->lock);
	return hva;
}
