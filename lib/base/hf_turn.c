/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "hf_turn.h"

int
hf_turn_init(struct hf_turn *t)
{
	int ret;

	ret = pthread_mutex_init(&t->lock, NULL);
	if (ret != 0)
		return -ret;
	ret = pthread_cond_init(&t->given, NULL);
	if (ret != 0)
		pthread_mutex_destroy(&t->lock);
	t->taken = false;
	return -ret;
}

void
hf_turn_fini(struct hf_turn *t)
{
	pthread_cond_destroy(&t->given);
	pthread_mutex_destroy(&t->lock);
}

void
hf_turn_take(struct hf_turn *t)
{
	pthread_mutex_lock(&t->lock);
	while (t->taken)
		pthread_cond_wait(&t->given, &t->lock);
	t->taken = true;
	pthread_mutex_unlock(&t->lock);
}

void
hf_turn_give(struct hf_turn *t)
{
	pthread_mutex_lock(&t->lock);
	t->taken = false;
	pthread_cond_signal(&t->given);
	pthread_mutex_unlock(&t->lock);
}
