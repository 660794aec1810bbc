/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "peer.h"

#include <sched.h>
#include <stdbool.h>

#include <rte_pause.h>

#define FINISH UINT32_MAX

static uint32_t
wait_turn(const struct peer *p, bool odd)
{
	uint32_t turn;

	while (((turn = __atomic_load_n(&p->turn, __ATOMIC_ACQUIRE)) & 1) != odd)
		rte_pause();
	return turn;
}

static void *
run(void *arg)
{
	struct peer *p = arg;
	uint32_t turn;

	while ((turn = wait_turn(p, true)) != FINISH) {
		p->work(p->arg);
		__atomic_store_n(&p->turn, turn + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

int
peer_start(struct peer *p, unsigned int cpu, void (*work)(void *arg), void *arg)
{
	pthread_attr_t attr;
	cpu_set_t set;
	int ret;

	*p = (struct peer){.work = work, .arg = arg};
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_attr_init(&attr);
	/* Not by the thread itself: of the same real-time priority it would wait for this one. */
	ret = pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	if (ret == 0)
		ret = pthread_create(&p->thread, &attr, run, p);
	pthread_attr_destroy(&attr);
	return -ret;
}

void
peer_turn(struct peer *p)
{
	__atomic_store_n(&p->turn, (p->turn + 1) & INT32_MAX, __ATOMIC_RELEASE);
	wait_turn(p, false);
}

void
peer_stop(struct peer *p)
{
	__atomic_store_n(&p->turn, FINISH, __ATOMIC_RELEASE);
	pthread_join(p->thread, NULL);
}
