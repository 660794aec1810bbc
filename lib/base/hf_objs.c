/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <rte_debug.h>

#include "hf_log.h"
#include "hf_objs.h"

struct hf_obj {
	TAILQ_ENTRY(hf_obj) next;
	struct hf_objs *table;
	const char *kind;
	uint32_t num;
	unsigned int refs;
};

struct hf_objs {
	pthread_mutex_t lock; /* the list and all references */
	TAILQ_HEAD(, hf_obj) list;
	char *owner;
};

struct hf_objs *
hf_objs_create(const char *owner)
{
	struct hf_objs *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->owner = strdup(owner);
	if (t->owner == NULL) {
		free(t);
		return NULL;
	}
	pthread_mutex_init(&t->lock, NULL);
	TAILQ_INIT(&t->list);
	return t;
}

unsigned int
hf_objs_destroy(struct hf_objs *t)
{
	unsigned int left = 0;
	struct hf_obj *o;

	if (t == NULL)
		return 0;
	while ((o = TAILQ_FIRST(&t->list)) != NULL) {
		HF_LOG(ERR, "%s: leak: %s 0x%x is still alive with %u references", t->owner,
			o->kind, o->num, o->refs);
		TAILQ_REMOVE(&t->list, o, next);
		free(o);
		left++;
	}
	pthread_mutex_destroy(&t->lock);
	free(t->owner);
	free(t);
	return left;
}

struct hf_obj *
hf_obj_add(struct hf_objs *t, const char *kind, uint32_t num)
{
	struct hf_obj *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->table = t;
	o->kind = kind;
	o->num = num;
	o->refs = 1;
	pthread_mutex_lock(&t->lock);
	TAILQ_INSERT_TAIL(&t->list, o, next);
	pthread_mutex_unlock(&t->lock);
	return o;
}

void
hf_obj_get(struct hf_obj *o)
{
	pthread_mutex_lock(&o->table->lock);
	RTE_VERIFY(o->refs > 0);
	o->refs++;
	pthread_mutex_unlock(&o->table->lock);
}

unsigned int
hf_obj_put(struct hf_obj *o)
{
	struct hf_objs *t = o->table;
	unsigned int left;

	pthread_mutex_lock(&t->lock);
	left = --o->refs;
	if (left == 0)
		TAILQ_REMOVE(&t->list, o, next);
	pthread_mutex_unlock(&t->lock);
	if (left == 0)
		free(o);
	return left;
}

unsigned int
hf_objs_count(struct hf_objs *t, const char *kind)
{
	unsigned int n = 0;
	struct hf_obj *o;

	pthread_mutex_lock(&t->lock);
	TAILQ_FOREACH(o, &t->list, next) {
		if (kind == NULL || strcmp(o->kind, kind) == 0)
			n++;
	}
	pthread_mutex_unlock(&t->lock);
	return n;
}
