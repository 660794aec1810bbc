/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A lock that one thread may take and another give back: work that is begun under it can be handed
 * to a worker, and nobody gets between the two. What was written under it is seen by the next who
 * takes it. For the control path: a turn may last for seconds, and who waits for it sleeps.
 */
#ifndef HF_TURN_H
#define HF_TURN_H

#include <pthread.h>
#include <stdbool.h>

struct hf_turn {
	pthread_mutex_t lock; /* the flag; held for moments */
	pthread_cond_t given;
	bool taken;
};

/* 0 or a negative errno. */
int hf_turn_init(struct hf_turn *t);
/* Nobody has it, or waits for it. */
void hf_turn_fini(struct hf_turn *t);
/* Not by who has it. */
void hf_turn_take(struct hf_turn *t);
/* By whoever it was handed to. */
void hf_turn_give(struct hf_turn *t);

#endif /* HF_TURN_H */
