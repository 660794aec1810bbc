/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_backing.h"
#include "hf_limit.h"
#include "hf_log.h"
#include "ioas_priv.h"

static void
change_zero(struct hf_ioas_change *change)
{
	if (change != NULL)
		*change = (struct hf_ioas_change){0};
}

/* --- life --- */

int
hf_ioas_create(struct hf_devx *dev, const struct hf_ioas_attr *attr, struct hf_ioas **as)
{
	struct hf_ioas *a;

	if (attr->piece != 0 &&
		(!rte_is_power_of_2(attr->piece) || attr->piece < (uint64_t)sysconf(_SC_PAGESIZE)))
		return -EINVAL;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->dev = dev;
	a->attr = *attr;
	TAILQ_INIT(&a->users);
	hf_yard_init(&a->yard, hf_devx_name(dev), attr->asid, attr->work);
	pthread_mutex_init(&a->lock, NULL);
	*as = a;
	return 0;
}

int
hf_ioas_destroy(struct hf_ioas *as)
{
	if (!TAILQ_EMPTY(&as->users)) {
		HF_LOG(ERR, "%s: address space %u still has users: it can't be destroyed",
			hf_devx_name(as->dev), as->attr.asid);
		return -EBUSY;
	}
	hf_ioas_reset_map(as, NULL); /* without users it can't fail */
	hf_yard_flush(&as->yard);
	hf_yard_fini(&as->yard);
	pthread_mutex_destroy(&as->lock);
	free(as);
	return 0;
}

/* --- users --- */

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

/* --- what changes the map --- */

/* Make and free an edit. 'made' is what came of putting it together: not 0, and nothing changes. */
static int
carry_out(struct hf_ioas *as, int made, struct hf_edit *edit, struct hf_ioas_change *change)
{
	change_zero(change);
	if (made == 0)
		made = ioas_change(as, edit, change);
	free(edit);
	return made;
}

int
hf_ioas_update(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n,
	struct hf_ioas_change *change)
{
	struct hf_edit *edit = NULL;
	int ret = hf_edit_update(hf_devx_name(as->dev), as->live, regions, n, &edit);

	return carry_out(as, ret, edit, change);
}

/* Could so many bytes be pinned if there were no others? */
static int
ioas_check_limit(struct hf_ioas *as, uint64_t bytes)
{
	struct hf_limit l = {.need = bytes};
	int ret;

	pthread_mutex_lock(&as->lock);
	l.max = as->attr.pinned_max;
	pthread_mutex_unlock(&as->lock);
	ret = hf_limit_own(&l);
	if (ret != 0)
		hf_limit_explain(&l, hf_devx_name(as->dev), as->attr.asid);
	return ret;
}

int
hf_ioas_check(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n)
{
	struct hf_table *t = NULL;
	struct hf_edit *edit;
	int ret;

	/* Beside what was mapped by request; then by itself, as if all of it were new. */
	ret = hf_edit_update(hf_devx_name(as->dev), as->live, regions, n, &edit);
	if (ret != 0)
		return ret;
	free(edit);
	ret = hf_edit_update(hf_devx_name(as->dev), NULL, regions, n, &edit);
	if (ret != 0)
		return ret;
	ret = hf_table_build(as->dev, edit, as->attr.piece, &t);
	if (ret == 0 && n > 0)
		ret = hf_table_check_keys(as->dev, t);
	if (ret == 0)
		ret = ioas_check_limit(as, t->bytes);
	hf_table_discard(t);
	free(edit);
	return ret;
}

int
hf_ioas_map(struct hf_ioas *as, const struct hf_ioas_region *region, struct hf_ioas_change *change)
{
	struct hf_edit *edit = NULL;
	int ret = hf_edit_map(hf_devx_name(as->dev), as->live, region, &edit);

	return carry_out(as, ret, edit, change);
}

int
hf_ioas_unmap(struct hf_ioas *as, uint64_t gpa, uint64_t len, struct hf_ioas_change *change)
{
	struct hf_edit *edit = NULL;
	int ret = hf_edit_unmap(hf_devx_name(as->dev), as->live, gpa, len, &edit);

	return carry_out(as, ret, edit, change);
}

int
hf_ioas_reset_map(struct hf_ioas *as, struct hf_ioas_change *change)
{
	static const struct hf_edit nothing;
	struct ioas_user *u;

	change_zero(change);
	TAILQ_FOREACH(u, &as->users, next) {
		if (!u->ops->busy(u->user))
			continue;
		HF_LOG(ERR,
			"%s: address space %u is in use: stop its queues before its map is reset",
			hf_devx_name(as->dev), as->attr.asid);
		return -EBUSY;
	}
	return ioas_change(as, &nothing, change);
}

void
hf_ioas_flush(struct hf_ioas *as)
{
	hf_yard_flush(&as->yard);
}

void
hf_ioas_pinned_max_set(struct hf_ioas *as, uint64_t bytes)
{
	pthread_mutex_lock(&as->lock);
	as->attr.pinned_max = bytes;
	pthread_mutex_unlock(&as->lock);
}

/* --- look-ups --- */

bool
hf_ioas_same(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n)
{
	bool same;

	pthread_mutex_lock(&as->lock);
	same = hf_edit_same(hf_devx_name(as->dev), as->live, regions, n);
	pthread_mutex_unlock(&as->lock);
	return same;
}

bool
hf_ioas_grows(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n)
{
	struct hf_edit *edit;
	bool grows;

	if (as->live == NULL ||
		hf_edit_update(hf_devx_name(as->dev), as->live, regions, n, &edit) != 0)
		return false;
	grows = edit->kept == as->live->n && edit->n > edit->kept;
	free(edit);
	return grows;
}

uint32_t
hf_ioas_mkey(struct hf_ioas *as)
{
	uint32_t key = 0;

	pthread_mutex_lock(&as->lock);
	if (as->live != NULL)
		key = as->live->keys->top.key;
	pthread_mutex_unlock(&as->lock);
	return key;
}

void
hf_ioas_stats(struct hf_ioas *as, struct hf_ioas_stats *st)
{
	struct hf_yard_stats yard;

	/* Both at once: what leaves the live map is counted in the yard in the same moment. */
	pthread_mutex_lock(&as->lock);
	hf_yard_stats(&as->yard, &yard);
	*st = as->stats;
	pthread_mutex_unlock(&as->lock);
	st->deferred_bytes = yard.bytes;
	st->deferred_mrs = yard.mrs;
	st->mrs_destroyed = yard.mrs_destroyed;
	st->mkeys_destroyed = yard.mkeys_destroyed;
	st->destroy_us = yard.us;
}

int
hf_ioas_region_info(struct hf_ioas *as, unsigned int i, struct hf_ioas_region_info *info)
{
	const struct hf_region *r = NULL;

	pthread_mutex_lock(&as->lock);
	if (as->live != NULL && i < as->live->n) {
		r = as->live->regions[i];
		*info = (struct hf_ioas_region_info){
			.gpa = r->gpa,
			.len = r->len,
			.offset = r->offset,
			.mrs = r->n_pieces,
			.requested = r->requested,
			.shared = r->backing != NULL,
			.numa_node = r->numa_node,
		};
	}
	pthread_mutex_unlock(&as->lock);
	return r != NULL ? 0 : -ENOENT;
}

void
hf_ioas_process_maps(uint64_t *bytes, uint32_t *maps)
{
	hf_backing_total(bytes, maps);
}

void *
hf_ioas_gpa_to_hva(struct hf_ioas *as, uint64_t gpa, uint64_t len)
{
	const struct hf_region *r;
	void *hva = NULL;

	pthread_mutex_lock(&as->lock);
	r = hf_table_find(as->live, gpa);
	if (r != NULL && len <= r->len - (gpa - r->gpa))
		hva = r->va + (gpa - r->gpa);
	pthread_mutex_unlock(&as->lock);
	return hva;
}
