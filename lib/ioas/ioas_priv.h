/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The address space, as its own files see it: hf_ioas.c (life, users, look-ups), ioas_change.c
 * (from one map to the next) and ioas_ahead.c (what is registered before it is asked for).
 */
#ifndef IOAS_PRIV_H
#define IOAS_PRIV_H

#include <pthread.h>
#include <sys/queue.h>

#include "hf_edit.h"
#include "hf_ioas.h"
#include "hf_table.h"
#include "hf_work.h"
#include "hf_yard.h"

struct ioas_user {
	TAILQ_ENTRY(ioas_user) next;
	const struct hf_ioas_user_ops *ops;
	void *user;
};
TAILQ_HEAD(ioas_users, ioas_user);

/* A table that a worker registers, or has; of the thread that changes the address space. */
struct ioas_ahead {
	struct hf_table *t; /* NULL: none */
	struct hf_work_batch batch; /* until it is over, t is the worker's */
};

struct hf_ioas {
	struct hf_devx *dev;
	struct hf_ioas_attr attr; /* constant; pinned_max as what is below the lock */
	struct ioas_users users; /* of the thread that changes the address space */
	struct ioas_ahead ahead;
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

/* May so many bytes more be pinned, as things are? */
bool ioas_has_room(struct hf_ioas *as, uint64_t need);
/*
 * Phase one for a table that may be registered, all but the users: the MRs and the mkeys. 0 or
 * negative errno, and then it is for ioas_undo(). us: what it took.
 */
int ioas_register(struct hf_ioas *as, struct hf_table *t, uint64_t *us);
/* A table that did not become live: gone when this returns, but for what the NIC keeps. */
void ioas_undo(struct hf_ioas *as, struct hf_table *t);
/*
 * Wait for what is registered ahead. t: that, the caller's from now on, if it is what the edit
 * describes, else it is undone and t is NULL. us: waited. The errno of its registration, if that is
 * what the edit describes and failed.
 */
int ioas_ahead_take(
	struct hf_ioas *as, const struct hf_edit *edit, struct hf_table **t, uint64_t *us);

#endif /* IOAS_PRIV_H */
