/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * From one map to the next, in two phases: what is new is mapped, registered and given a mkey
 * beside what is live, and the users are asked; then the switch, which can't fail.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "hf_backing.h"
#include "hf_clock.h"
#include "hf_limit.h"
#include "hf_log.h"
#include "hf_numa.h"
#include "hf_work.h"
#include "ioas_priv.h"

/* --- limits --- */

static bool
limit_ok(struct hf_ioas *as, uint64_t need, struct hf_limit *l)
{
	struct hf_yard_stats yard;

	hf_yard_stats(&as->yard, &yard);
	*l = (struct hf_limit){
		.need = need,
		.live = as->stats.live_bytes,
		.deferred = yard.bytes,
		.max = as->attr.pinned_max,
	};
	return hf_limit_own(l) == 0 && hf_limit_process(l) == 0;
}

bool
ioas_has_room(struct hf_ioas *as, uint64_t need)
{
	struct hf_limit l;

	return limit_ok(as, need, &l);
}

/*
 * May 'need' bytes more be pinned? What is only deferred is in nobody's way: it goes first, ours
 * and then, as the process's limit is for all, that of other address spaces.
 */
static int
limit_check(struct hf_ioas *as, uint64_t need)
{
	struct hf_limit l;

	if (need == 0 || limit_ok(as, need, &l))
		return 0;
	hf_yard_flush(&as->yard);
	if (limit_ok(as, need, &l))
		return 0;
	if (hf_limit_own(&l) == 0) {
		hf_work_flush(as->attr.work);
		if (limit_ok(as, need, &l))
			return 0;
	}
	hf_limit_explain(&l, hf_devx_name(as->dev), as->attr.asid);
	return -ENOMEM;
}

/* --- registration --- */

/*
 * While the caller is alone, what it takes next is up to so many times what it has taken, but a
 * piece at least: if that was quick, then what comes is over soon.
 */
#define REG_GROWTH 8

/* All new pieces of an update, which workers register side by side. */
struct reg_job {
	struct hf_devx *dev;
	struct reg_item {
		struct hf_region *r;
		unsigned int piece;
	} * items;
	unsigned int n;
	uint64_t alone_until; /* by hf_clock_us(): from then on pieces are as they were cut */
	pthread_mutex_t lock; /* the two below */
	unsigned int next; /* the first that is nobody's */
	uint64_t taken; /* bytes */
	atomic_int err; /* the first failure: there is no use in the rest */
};

static struct hf_piece *
reg_at(const struct reg_job *job, unsigned int i)
{
	return &job->items[i].r->pieces[job->items[i].piece];
}

/* What follows item i becomes part of it, as far as it is of the same region. */
static void
reg_grow(struct reg_job *job, unsigned int i)
{
	struct hf_piece *p = reg_at(job, i), *after;

	for (; job->next < job->n && job->items[job->next].r == job->items[i].r; job->next++) {
		after = reg_at(job, job->next);
		if ((p->len + after->len) / REG_GROWTH > job->taken)
			return;
		p->len += after->len;
		after->len = 0;
	}
}

/* The next item, NULL: none is left. */
static const struct reg_item *
reg_take(struct reg_job *job)
{
	const struct reg_item *item = NULL;
	unsigned int i;

	pthread_mutex_lock(&job->lock);
	i = job->next;
	if (i < job->n) {
		item = &job->items[i];
		job->next++;
		if (hf_clock_us() < job->alone_until)
			reg_grow(job, i);
		job->taken += reg_at(job, i)->len;
	}
	pthread_mutex_unlock(&job->lock);
	return item;
}

static int
reg_piece(void *arg, unsigned int i)
{
	struct reg_job *job = arg;
	const struct reg_item *item;
	int none = 0, ret;

	RTE_SET_USED(i);
	if (atomic_load(&job->err) != 0)
		return -ECANCELED;
	item = reg_take(job);
	ret = item != NULL ? hf_region_register(job->dev, item->r, item->piece) : 0;
	if (ret != 0)
		atomic_compare_exchange_strong(&job->err, &none, ret);
	return ret;
}

static bool
region_is_new(const struct hf_region *r)
{
	return !r->was_live;
}

static void
reg_collect(struct reg_job *job, const struct hf_table *t)
{
	unsigned int i, j;

	for (i = 0; i < t->n; i++) {
		for (j = 0; region_is_new(t->regions[i]) && j < t->regions[i]->n_pieces; j++)
			job->items[job->n++] = (struct reg_item){t->regions[i], j};
	}
}

/* Pieces that became part of others are none any more. */
static void
reg_settle(struct hf_table *t)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (region_is_new(t->regions[i]))
			t->mrs -= hf_region_settle(t->regions[i]);
}

static int
register_new(struct hf_ioas *as, struct hf_table *t, uint64_t *us)
{
	struct reg_job job = {.dev = as->dev, .lock = PTHREAD_MUTEX_INITIALIZER};
	const uint32_t alone_us = as->attr.piece == 0 ? as->attr.alone_us : 0;
	uint64_t begin = hf_clock_us();

	job.items = calloc(t->mrs, sizeof(*job.items));
	if (job.items == NULL)
		return -ENOMEM;
	reg_collect(&job, t);
	job.alone_until = begin + alone_us;
	hf_work_batch_late(as->attr.work, alone_us, reg_piece, &job, job.n);
	free(job.items);
	reg_settle(t);
	*us = hf_clock_us() - begin;
	return atomic_load(&job.err);
}

/* Registration pinned pages that the files did not have before: they count from now on. */
static void
look_new(const struct hf_table *t)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (region_is_new(t->regions[i]) && t->regions[i]->backing != NULL)
			hf_backing_look(t->regions[i]->backing);
}

/* Ask where the new regions are, and say it if a NIC has far to go. */
static void
locate_new(struct hf_ioas *as, const struct hf_table *t)
{
	unsigned int far = 0, i;
	struct hf_region *r, *first = NULL;

	for (i = 0; i < t->n; i++) {
		r = t->regions[i];
		if (!region_is_new(r))
			continue;
		r->numa_node = hf_numa_node(r->va, r->len);
		if (as->attr.numa_node < 0 || r->numa_node < 0 ||
			r->numa_node == as->attr.numa_node)
			continue;
		first = first != NULL ? first : r;
		far++;
	}
	if (far > 0)
		HF_LOG(NOTICE,
			"%s: address space %u: %u new regions are on another NUMA node than the NIC,"
			" which is on %d: the first one, 0x%" PRIx64 "+0x%" PRIx64
			", on %d: slower, not wrong",
			hf_devx_name(as->dev), as->attr.asid, far, as->attr.numa_node, first->gpa,
			first->len, first->numa_node);
}

/* --- the users --- */

/* All users are ready for the key, or none is. */
static int
users_prepare(struct hf_ioas *as, uint32_t mkey)
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
	HF_LOG(ERR, "%s: address space %u keeps its map: a user can't switch: %s",
		hf_devx_name(as->dev), as->attr.asid, strerror(-ret));
	while ((u = TAILQ_PREV(u, ioas_users, next)) != NULL)
		u->ops->abort(u->user);
	return ret;
}

static void
users_commit(struct hf_ioas *as, uint32_t mkey)
{
	struct ioas_user *u;

	TAILQ_FOREACH(u, &as->users, next)
		u->ops->commit(u->user, mkey);
}

/* --- the two phases --- */

/* Let go of a table: what no other one has is buried. */
static void
table_drop(struct hf_ioas *as, struct hf_table *t)
{
	struct hf_region_list dead = TAILQ_HEAD_INITIALIZER(dead);
	struct hf_mkeys *keys;

	keys = hf_table_release(t, &dead);
	hf_yard_bury(&as->yard, keys, &dead);
}

void
ioas_undo(struct hf_ioas *as, struct hf_table *t)
{
	const struct hf_region *r;
	uint64_t bytes = 0;
	uint32_t mrs = 0;
	unsigned int i, j;

	for (i = 0; i < t->n; i++) {
		r = t->regions[i];
		for (j = 0; region_is_new(r) && j < r->n_pieces; j++) {
			if (r->pieces[j].mr.mr == NULL)
				continue;
			bytes += r->pieces[j].len;
			mrs++;
		}
	}
	hf_yard_announce(&as->yard, bytes, mrs);
	table_drop(as, t);
	hf_yard_flush(&as->yard);
}

/* May it be registered? */
static int
table_admit(struct hf_ioas *as, const struct hf_table *t)
{
	uint64_t need;
	uint32_t mrs;
	int ret;

	hf_table_own(t, &need, &mrs);
	ret = hf_table_check_keys(as->dev, t);
	return ret != 0 ? ret : limit_check(as, need);
}

int
ioas_register(struct hf_ioas *as, struct hf_table *t, uint64_t *us)
{
	int ret;

	ret = register_new(as, t, us);
	if (ret != 0)
		return ret;
	look_new(t);
	locate_new(as, t);
	return hf_table_make_keys(as->dev, t);
}

static void
mark_live(struct hf_table *t)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		t->regions[i]->was_live = true;
	t->keys->was_live = true;
}

/* What the statistics say of a live table (NULL: nothing is mapped). */
static void
stats_fill(struct hf_ioas_stats *st, const struct hf_table *t)
{
	st->live_bytes = t != NULL ? t->bytes : 0;
	st->regions = t != NULL ? t->n : 0;
	st->requested = t != NULL ? t->requested : 0;
	st->requested_bytes = t != NULL ? t->requested_bytes : 0;
	st->mrs = t != NULL ? t->mrs : 0;
	st->mkeys = t != NULL ? 1 + t->keys->n_subs : 0;
	st->klms = t != NULL ? t->keys->n_klm : 0;
	st->fixed_klm = t != NULL && t->keys->fixed_klm;
}

/* Make 't' (NULL: nothing is mapped) the live table; returns what was. */
static struct hf_table *
table_switch(struct hf_ioas *as, struct hf_table *t, const struct hf_ioas_change *c, uint64_t us)
{
	struct hf_ioas_stats *st = &as->stats;
	struct hf_table *old = as->live;

	pthread_mutex_lock(&as->lock);
	as->live = t;
	st->generation++;
	stats_fill(st, t);
	st->mrs_registered += c->registered;
	st->mrs_kept += c->kept;
	st->mkeys_created += st->mkeys;
	st->register_us += us;
	hf_yard_announce(&as->yard, c->dropped_bytes, c->dropped);
	pthread_mutex_unlock(&as->lock);
	return old;
}

static void
change_log(struct hf_ioas *as, const struct hf_ioas_change *c)
{
	const struct hf_ioas_stats *st = &as->stats;

	HF_LOG(DEBUG,
		"%s: address space %u: %u regions; %u MRs kept (%" PRIu64
		" MiB), %u registered (%" PRIu64 " MiB), %u dropped (%" PRIu64
		" MiB); mkey 0x%x of %u entries%s, %u mkeys in all",
		hf_devx_name(as->dev), as->attr.asid, st->regions, c->kept, c->kept_bytes >> 20,
		c->registered, c->registered_bytes >> 20, c->dropped, c->dropped_bytes >> 20,
		as->live != NULL ? as->live->keys->top.key : 0, st->klms,
		st->fixed_klm ? " of fixed size" : "", st->mkeys);
}

/* Phase two, which can't fail. */
static void
change_finish(struct hf_ioas *as, struct hf_table *t, const struct hf_ioas_change *c, uint64_t us)
{
	struct hf_table *old = table_switch(as, t, c, us);

	users_commit(as, t != NULL ? t->keys->top.key : 0);
	if (old != NULL)
		table_drop(as, old);
	change_log(as, c);
}

static void
change_count(const struct hf_ioas *as, const struct hf_table *t, struct hf_ioas_change *c)
{
	c->changed = true;
	hf_table_own(t, &c->registered_bytes, &c->registered);
	c->kept = t->mrs - c->registered;
	c->kept_bytes = t->bytes - c->registered_bytes;
	if (as->live != NULL)
		hf_table_own(as->live, &c->dropped_bytes, &c->dropped);
}

/* t: what was registered ahead, NULL: nothing was. */
static int
change_run(struct hf_ioas *as, const struct hf_edit *edit, struct hf_table *t, uint64_t us,
	struct hf_ioas_change *c)
{
	int ret = 0;

	if (t == NULL) {
		ret = hf_table_build(as->dev, edit, as->attr.piece, &t);
		if (ret != 0)
			return ret;
		ret = table_admit(as, t);
		if (ret == 0)
			ret = ioas_register(as, t, &us);
	}
	if (ret == 0)
		ret = users_prepare(as, t->keys->top.key);
	if (ret != 0) {
		ioas_undo(as, t);
		return ret;
	}
	change_count(as, t, c);
	mark_live(t);
	change_finish(as, t, c, us);
	return 0;
}

/* To an empty map: no memory is needed for that. */
static int
change_clear(struct hf_ioas *as, struct hf_ioas_change *c)
{
	int ret = users_prepare(as, 0);

	if (ret != 0)
		return ret;
	c->changed = true;
	hf_table_own(as->live, &c->dropped_bytes, &c->dropped);
	change_finish(as, NULL, c, 0);
	return 0;
}

/* All that is live stays, and nothing is new. */
static void
change_none(struct hf_ioas *as, struct hf_ioas_change *c)
{
	c->kept = as->stats.mrs;
	c->kept_bytes = as->stats.live_bytes;
	pthread_mutex_lock(&as->lock);
	as->stats.mrs_kept += c->kept;
	pthread_mutex_unlock(&as->lock);
}

int
ioas_change(struct hf_ioas *as, const struct hf_edit *edit, struct hf_ioas_change *change)
{
	unsigned int n_live = as->live != NULL ? as->live->n : 0;
	struct hf_ioas_change c = {0};
	struct hf_table *ahead;
	uint64_t us;
	int ret;

	ret = ioas_ahead_take(as, edit, &ahead, &us);
	if (ret != 0)
		return ret;
	if (edit->kept == edit->n && edit->n == n_live)
		change_none(as, &c);
	else if (edit->n == 0)
		ret = change_clear(as, &c);
	else
		ret = change_run(as, edit, ahead, us, &c);
	if (change != NULL && ret == 0)
		*change = c;
	return ret;
}
