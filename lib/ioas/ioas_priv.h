/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The address space, as its own files see it: hf_ioas.c (life, users, look-ups) and ioas_change.c
 * (from one map to the next).
 */
#ifndef IOAS_PRIV_H
#define IOAS_PRIV_H

#include <pthread.h>
#include <sys/queue.h>

#include "hf_edit.h"
#include "hf_ioas.h"
#include "hf_table.h"
#include "hf_yard.h"

struct ioas_user {
	TAILQ_ENTRY(ioas_user) next;
	const struct hf_ioas_user_ops *ops;
	void *user;
};
TAILQ_HEAD(ioas_users, ioas_user);

struct hf_ioas {
	struct hf_devx *dev;
	struct hf_ioas_attr attr; /* constant; pinned_max as what is below the lock */
	struct ioas_users users; /* of the thread that changes the address space */
	struct hf_yard yard; /* has its own lock, which may be taken under this one's */
	pthread_mutex_t lock; /* all below; only the thread that changes it writes */
	struct hf_table *live; /* NULL: nothing is mapped */
	struct hf_ioas_stats stats; /* without what the yard counts */
};

/*
 * Go to the map that the edit describes. 0 or negative errno, and then nothing has changed. To an
 * empty one it fails only if a user can't switch. change is filled on success, and may be NULL.
 */
int ioas_change(struct hf_ioas *as, const struct hf_edit *edit, struct hf_ioas_change *change);

#endif /* IOAS_PRIV_H */
