/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The pool of workers: everything is run once, failures are the right ones, what is deferred comes
 * in order and is waited for. The lock that is handed on.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_turn.h"
#include "hf_work.h"
#include "test.h"

#define WORKERS 4
#define ITEMS 1000

static struct hf_work *work;
static pthread_t main_thread;

static int
setup(void)
{
	TEST_ASSERT_SUCCESS(hf_work_create("a-rather-long-name", WORKERS, &work), "create");
	return TEST_SUCCESS;
}

static void
teardown(void)
{
	hf_work_destroy(work);
	work = NULL;
}

/* --- batches --- */

struct batch {
	atomic_uint runs[ITEMS];
	unsigned int fail_from; /* items from this one on fail, each with its own number */
};

static int
batch_item(void *arg, unsigned int i)
{
	struct batch *b = arg;

	atomic_fetch_add(&b->runs[i], 1);
	return i >= b->fail_from ? -(int)i : 0;
}

static int
check_batch(struct hf_work *w, unsigned int n, unsigned int fail_from)
{
	static struct batch b;
	unsigned int i, want;
	int ret, err;

	memset(&b, 0, sizeof(b));
	b.fail_from = fail_from;
	err = fail_from < n ? -(int)fail_from : 0;
	ret = hf_work_batch(w, batch_item, &b, n);
	TEST_ASSERT_EQUAL(ret, err, "%u items, from %u failing: %d", n, fail_from, ret);
	for (i = 0; i < ITEMS; i++) {
		want = i < n;
		TEST_ASSERT_EQUAL(atomic_load(&b.runs[i]), want, "item %u of %u ran %u times", i, n,
			atomic_load(&b.runs[i]));
	}
	return TEST_SUCCESS;
}

static int
test_batch(void)
{
	static const unsigned int sizes[] = {0, 1, 2, WORKERS, WORKERS + 1, 100, ITEMS};
	unsigned int i;

	for (i = 0; i < RTE_DIM(sizes); i++) {
		TEST_ASSERT_SUCCESS(check_batch(work, sizes[i], ITEMS), "all succeed");
		TEST_ASSERT_SUCCESS(check_batch(work, sizes[i], 1), "from the second on");
		TEST_ASSERT_SUCCESS(check_batch(work, sizes[i], sizes[i] / 2), "the second half");
		TEST_ASSERT_SUCCESS(check_batch(NULL, sizes[i], ITEMS), "alone");
		TEST_ASSERT_SUCCESS(check_batch(NULL, sizes[i], sizes[i] / 2), "alone, failing");
	}
	return TEST_SUCCESS;
}

/* All workers and the caller have to be in the batch at once, or this one never ends. */
static pthread_barrier_t together;

static int
meet(void *arg, unsigned int i)
{
	RTE_SET_USED(arg);
	RTE_SET_USED(i);
	pthread_barrier_wait(&together);
	return 0;
}

static int
test_side_by_side(void)
{
	pthread_barrier_init(&together, NULL, WORKERS + 1);
	TEST_ASSERT_SUCCESS(hf_work_batch(work, meet, NULL, WORKERS + 1), "batch");
	pthread_barrier_destroy(&together);
	return TEST_SUCCESS;
}

struct slow {
	pthread_t caller;
	atomic_uint done;
};

/* Quick for the caller, who takes one of them at least; the others have theirs by then. */
static int
slow_item(void *arg, unsigned int i)
{
	struct slow *s = arg;

	RTE_SET_USED(i);
	pthread_barrier_wait(&together);
	if (!pthread_equal(pthread_self(), s->caller))
		usleep(20000);
	atomic_fetch_add(&s->done, 1);
	return 0;
}

static int
test_waits_for_all(void)
{
	struct slow s = {.caller = pthread_self()};

	pthread_barrier_init(&together, NULL, WORKERS + 1);
	TEST_ASSERT_SUCCESS(hf_work_batch(work, slow_item, &s, WORKERS + 1), "batch");
	TEST_ASSERT_EQUAL(atomic_load(&s.done), WORKERS + 1, "%u items done", atomic_load(&s.done));
	pthread_barrier_destroy(&together);
	return TEST_SUCCESS;
}

static void *
batches(void *arg)
{
	unsigned int *wrong = arg, i;
	struct batch *b = calloc(1, sizeof(*b));

	for (i = 1; b != NULL && i <= 50; i++) {
		b->fail_from = i;
		*wrong += hf_work_batch(work, batch_item, b, 100) != -(int)i;
	}
	*wrong += b == NULL || atomic_load(&b->runs[99]) != 50;
	free(b);
	return NULL;
}

static int
test_many_callers(void)
{
	unsigned int wrong[3] = {0}, i;
	pthread_t threads[3];

	for (i = 0; i < 3; i++)
		TEST_ASSERT_SUCCESS(
			pthread_create(&threads[i], NULL, batches, &wrong[i]), "thread");
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		TEST_ASSERT_EQUAL(wrong[i], 0, "caller %u: %u wrong", i, wrong[i]);
	}
	return TEST_SUCCESS;
}

/* --- how many take part --- */

struct quick {
	pthread_mutex_t lock;
	pthread_t threads[WORKERS + 1];
	unsigned int n; /* of them */
};

/* Some microseconds in which others have the CPU, and who it was. */
static int
quick_item(void *arg, unsigned int i)
{
	struct quick *q = arg;
	unsigned int at;

	RTE_SET_USED(i);
	usleep(10);
	pthread_mutex_lock(&q->lock);
	for (at = 0; at < q->n && !pthread_equal(q->threads[at], pthread_self()); at++)
		;
	if (at == q->n)
		q->threads[q->n++] = pthread_self();
	pthread_mutex_unlock(&q->lock);
	return 0;
}

/* What is over at once is for two; unless one of them has to wait for a CPU, so it is tried. */
static int
test_quick(void)
{
	unsigned int tries, least = WORKERS + 1;
	struct quick q;

	/* Of the pool's threads, too: they are made now. */
	prctl(PR_SET_TIMERSLACK, 1);
	TEST_ASSERT_SUCCESS(setup(), "pool");
	for (tries = 0; tries < 100 && least > 2; tries++) {
		q = (struct quick){.lock = PTHREAD_MUTEX_INITIALIZER};
		TEST_ASSERT_SUCCESS(hf_work_batch(work, quick_item, &q, 200), "batch");
		least = RTE_MIN(least, q.n);
	}
	TEST_ASSERT(least <= 2, "never less than %u threads", least);
	return TEST_SUCCESS;
}

/* --- workers that come late --- */

#define NEVER_US 60000000u

static int
alone_item(void *arg, unsigned int i)
{
	unsigned int *others = arg;

	RTE_SET_USED(i);
	*others += !pthread_equal(pthread_self(), main_thread);
	return 0;
}

static int
test_late_alone(void)
{
	unsigned int others = 0;

	main_thread = pthread_self();
	TEST_ASSERT_SUCCESS(
		hf_work_batch_late(work, NEVER_US, alone_item, &others, ITEMS), "batch");
	TEST_ASSERT_EQUAL(others, 0, "%u items were done by workers", others);
	return TEST_SUCCESS;
}

/* They do come, and not before it is time. */
static int
test_late_all(void)
{
	struct timespec before, after;
	int64_t us;

	pthread_barrier_init(&together, NULL, WORKERS + 1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	TEST_ASSERT_SUCCESS(hf_work_batch_late(work, 5000, meet, NULL, WORKERS + 1), "batch");
	clock_gettime(CLOCK_MONOTONIC, &after);
	pthread_barrier_destroy(&together);
	us = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
	TEST_ASSERT(us >= 4999, "%" PRId64 " us", us);
	return TEST_SUCCESS;
}

struct busy {
	atomic_bool gate;
	atomic_uint begun;
};

static void
busy_run(void *arg)
{
	struct busy *b = arg;

	atomic_fetch_add(&b->begun, 1);
	while (!atomic_load(&b->gate))
		usleep(100);
}

/* The caller gives all workers but one something else to do, then needs that one. */
static int
busy_item(void *arg, unsigned int i)
{
	const bool first = i == 0 && pthread_equal(pthread_self(), main_thread);
	struct busy *b = arg;
	unsigned int n;

	for (n = 0; first && n < WORKERS - 1; n++) {
		if (hf_work_post(work, busy_run, b) != 0)
			return -ENOMEM;
		while (atomic_load(&b->begun) <= n)
			usleep(100);
	}
	pthread_barrier_wait(&together);
	atomic_store(&b->gate, true);
	return 0;
}

/* Whoever was to look at the clock is among those. */
static int
test_late_one_left(void)
{
	struct busy b = {.gate = false};

	main_thread = pthread_self();
	pthread_barrier_init(&together, NULL, 2);
	TEST_ASSERT_SUCCESS(hf_work_batch_late(work, 20000, busy_item, &b, 2), "batch");
	pthread_barrier_destroy(&together);
	return TEST_SUCCESS;
}

/* --- deferred tasks --- */

struct task {
	unsigned int *log; /* who ran, in order: only one runs at a time */
	unsigned int *n;
	unsigned int id;
	atomic_bool *gate; /* NULL: none; else it waits until this is open */
	bool slow;
};

static void
task_run(void *arg)
{
	struct task *t = arg;

	while (t->gate != NULL && !atomic_load(t->gate))
		usleep(100);
	if (t->slow)
		usleep(50000);
	t->log[(*t->n)++] = t->id;
}

static int
check_order(const unsigned int *log, unsigned int n)
{
	unsigned int i;

	TEST_ASSERT_EQUAL(n, 100, "%u tasks ran", n);
	for (i = 0; i < n; i++)
		TEST_ASSERT_EQUAL(log[i], i, "task %u came at %u", log[i], i);
	return TEST_SUCCESS;
}

static int
test_deferred(void)
{
	unsigned int log[100], n = 0, i;
	atomic_bool gate = false;
	struct task tasks[100];

	for (i = 0; i < 100; i++) {
		tasks[i] = (struct task){.log = log, .n = &n, .id = i, .slow = i == 99};
		tasks[i].gate = i == 0 ? &gate : NULL;
		TEST_ASSERT_SUCCESS(hf_work_defer(work, task_run, &tasks[i]), "defer");
	}
	/* A batch does not wait for them. */
	TEST_ASSERT_SUCCESS(check_batch(work, 100, ITEMS), "batch meanwhile");
	atomic_store(&gate, true);
	hf_work_flush(work);
	TEST_ASSERT_SUCCESS(check_order(log, n), "order");
	hf_work_flush(work);
	hf_work_flush(NULL);
	return TEST_SUCCESS;
}

/* Destruction loses nothing. */
static int
test_destroy_runs_all(void)
{
	unsigned int log[100], n = 0, i;
	atomic_bool gate = false;
	struct task tasks[100];

	for (i = 0; i < 100; i++) {
		tasks[i] = (struct task){.log = log, .n = &n, .id = i};
		tasks[i].gate = i == 0 ? &gate : NULL;
		TEST_ASSERT_SUCCESS(hf_work_defer(work, task_run, &tasks[i]), "defer");
	}
	atomic_store(&gate, true);
	hf_work_destroy(work);
	work = NULL;
	return check_order(log, n);
}

/* --- posted tasks --- */

struct post {
	atomic_uint *runs;
	bool meet; /* only with as many others, that it runs beside */
};

static void
post_run(void *arg)
{
	struct post *p = arg;

	if (p->meet)
		pthread_barrier_wait(&together);
	atomic_fetch_add(p->runs, 1);
}

/* All workers at once, while a deferred task is under way and more of those wait. */
static int
test_posted(void)
{
	unsigned int log[2], n = 0, i;
	struct post posts[WORKERS - 1], rest[100];
	struct task tasks[2];
	atomic_bool gate = false;
	atomic_uint runs = 0;

	for (i = 0; i < 2; i++) {
		tasks[i] = (struct task){.log = log, .n = &n, .id = i, .gate = &gate};
		TEST_ASSERT_SUCCESS(hf_work_defer(work, task_run, &tasks[i]), "defer");
	}
	pthread_barrier_init(&together, NULL, WORKERS);
	for (i = 0; i < WORKERS - 1; i++) {
		posts[i] = (struct post){.runs = &runs, .meet = true};
		TEST_ASSERT_SUCCESS(hf_work_post(work, post_run, &posts[i]), "post");
	}
	/* All others of the pool are in these, or this never ends. */
	pthread_barrier_wait(&together);
	for (i = 0; i < RTE_DIM(rest); i++) {
		rest[i] = (struct post){.runs = &runs};
		TEST_ASSERT_SUCCESS(hf_work_post(work, post_run, &rest[i]), "post");
	}
	atomic_store(&gate, true);
	/* Destruction loses nothing. */
	hf_work_destroy(work);
	work = NULL;
	pthread_barrier_destroy(&together);
	TEST_ASSERT_EQUAL(
		atomic_load(&runs), WORKERS - 1 + RTE_DIM(rest), "%u ran", atomic_load(&runs));
	TEST_ASSERT_EQUAL(n, 2, "%u deferred tasks ran", n);
	return TEST_SUCCESS;
}

/* --- the lock that is handed on --- */

static struct turn_test {
	struct hf_turn turn;
	unsigned int inside, most, sum; /* guarded by turn */
} tt;

static void
turn_work(void)
{
	tt.inside++;
	tt.most = RTE_MAX(tt.most, tt.inside);
	tt.sum++;
	if (tt.sum % 16 == 0)
		usleep(10);
	tt.inside--;
}

static void
turn_end(void *arg)
{
	RTE_SET_USED(arg);
	turn_work();
	hf_turn_give(&tt.turn);
}

/* Some take it and give it back, some hand it to a worker that gives it back. */
static void *
turn_thread(void *arg)
{
	unsigned int i;

	for (i = 0; i < ITEMS; i++) {
		hf_turn_take(&tt.turn);
		turn_work();
		if (arg == NULL || hf_work_post(work, turn_end, NULL) != 0)
			hf_turn_give(&tt.turn);
	}
	return NULL;
}

static int
test_turn(void)
{
	pthread_t threads[4];
	unsigned int i;

	tt.most = tt.sum = tt.inside = 0;
	TEST_ASSERT_SUCCESS(hf_turn_init(&tt.turn), "init");
	for (i = 0; i < RTE_DIM(threads); i++)
		TEST_ASSERT_SUCCESS(
			pthread_create(&threads[i], NULL, turn_thread, i % 2 != 0 ? &tt : NULL),
			"thread");
	for (i = 0; i < RTE_DIM(threads); i++)
		pthread_join(threads[i], NULL);
	hf_turn_take(&tt.turn);
	TEST_ASSERT_EQUAL(tt.most, 1, "%u had it at once", tt.most);
	TEST_ASSERT_EQUAL(tt.sum, 6 * ITEMS, "%u turns", tt.sum);
	hf_turn_give(&tt.turn);
	hf_turn_fini(&tt.turn);
	return TEST_SUCCESS;
}

/* --- the pool --- */

struct name {
	atomic_uint seen[WORKERS + 1]; /* by the number at the end of the name; others */
	pthread_t caller;
};

static int
name_look(void *arg, unsigned int i)
{
	struct name *n = arg;
	unsigned int at = WORKERS;
	char name[16] = "";

	RTE_SET_USED(i);
	pthread_getname_np(pthread_self(), name, sizeof(name));
	if (!pthread_equal(pthread_self(), n->caller) && strncmp(name, "a-rather-lo-", 12) == 0 &&
		name[12] >= '0' && name[12] < '0' + WORKERS)
		at = name[12] - '0';
	atomic_fetch_add(&n->seen[at], 1);
	pthread_barrier_wait(&together);
	return 0;
}

static int
test_names(void)
{
	static struct name n;
	unsigned int i;

	memset(&n, 0, sizeof(n));
	n.caller = pthread_self();
	pthread_barrier_init(&together, NULL, WORKERS + 1);
	TEST_ASSERT_SUCCESS(hf_work_batch(work, name_look, &n, WORKERS + 1), "batch");
	pthread_barrier_destroy(&together);
	for (i = 0; i <= WORKERS; i++)
		TEST_ASSERT_EQUAL(
			atomic_load(&n.seen[i]), 1, "thread %u: %u", i, atomic_load(&n.seen[i]));
	return TEST_SUCCESS;
}

static int
test_bad_sizes(void)
{
	struct hf_work *w;

	TEST_ASSERT_EQUAL(hf_work_create("none", 0, &w), -EINVAL, "no worker");
	TEST_ASSERT_EQUAL(hf_work_create("many", HF_WORK_MAX + 1, &w), -EINVAL, "too many");
	TEST_ASSERT_SUCCESS(hf_work_create("max", HF_WORK_MAX, &w), "as many as possible");
	TEST_ASSERT_SUCCESS(check_batch(w, ITEMS, 7), "batch");
	hf_work_destroy(w);
	hf_work_destroy(NULL);
	return TEST_SUCCESS;
}

static struct unit_test_suite work_suite = {
	.suite_name = "work",
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, teardown, test_batch),
			TEST_CASE_ST(setup, teardown, test_side_by_side),
			TEST_CASE_ST(setup, teardown, test_waits_for_all),
			TEST_CASE_ST(setup, teardown, test_many_callers),
			TEST_CASE_ST(NULL, teardown, test_quick),
			TEST_CASE_ST(setup, teardown, test_late_alone),
			TEST_CASE_ST(setup, teardown, test_late_all),
			TEST_CASE_ST(setup, teardown, test_late_one_left),
			TEST_CASE_ST(setup, teardown, test_deferred),
			TEST_CASE_ST(setup, teardown, test_destroy_runs_all),
			TEST_CASE_ST(setup, teardown, test_posted),
			TEST_CASE_ST(setup, teardown, test_turn),
			TEST_CASE_ST(setup, teardown, test_names),
			TEST_CASE(test_bad_sizes),
			TEST_CASES_END(),
		},
};

static int
test_work(void)
{
	return unit_test_suite_runner(&work_suite);
}

REGISTER_TEST_COMMAND(work_autotest, test_work);
