/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The event loop: calls that have to come, and calls that must not.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_random.h>

#include "hf_loop.h"
#include "test.h"

#define WAIT_S 20 /* for what has to happen: far more than any machine needs */

static struct hf_loop *loop;

static int
setup(void)
{
	int err = 0;

	loop = hf_loop_create("test-loop", -1, &err);
	TEST_ASSERT_NOT_NULL(loop, "error %d", err);
	return TEST_SUCCESS;
}

static void
teardown(void)
{
	hf_loop_destroy(loop);
	loop = NULL;
}

static bool
sem_take(sem_t *sem)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_S;
	return sem_timedwait(sem, &end) == 0;
}

/* --- a descriptor that says when it is called --- */

struct bell {
	int fd; /* eventfd */
	sem_t called;
	atomic_uint calls;
	bool drain; /* consume the event */
	pthread_t thread;
	cpu_set_t cpus;
};

static bool
bell_open(struct bell *b, bool drain)
{
	b->drain = drain;
	atomic_init(&b->calls, 0);
	sem_init(&b->called, 0, 0);
	b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return b->fd >= 0;
}

static void
bell_close(struct bell *b)
{
	close(b->fd);
	sem_destroy(&b->called);
}

static void
bell_cb(int fd, void *arg)
{
	struct bell *b = arg;
	eventfd_t value;

	if (b->drain)
		eventfd_read(fd, &value);
	b->thread = pthread_self();
	pthread_getaffinity_np(b->thread, sizeof(b->cpus), &b->cpus);
	atomic_fetch_add(&b->calls, 1);
	sem_post(&b->called);
}

/* All events that were there before this have been seen by the loop when it returns true. */
static bool
loop_settle(void)
{
	struct bell b;
	bool seen;

	if (!bell_open(&b, true))
		return false;
	eventfd_write(b.fd, 1);
	seen = hf_loop_add(loop, b.fd, bell_cb, &b) == 0 && sem_take(&b.called);
	hf_loop_del(loop, b.fd);
	bell_close(&b);
	return seen;
}

/* --- calls that have to come --- */

static int
test_calls(void)
{
	struct bell b;
	unsigned int i;

	TEST_ASSERT(bell_open(&b, true), "eventfd");
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, b.fd, bell_cb, &b), "add");
	TEST_ASSERT(loop_settle(), "the loop is dead");
	TEST_ASSERT_EQUAL(atomic_load(&b.calls), 0, "called without an event");
	for (i = 0; i < 100; i++) {
		eventfd_write(b.fd, 1);
		TEST_ASSERT(sem_take(&b.called), "event %u is lost", i);
	}
	TEST_ASSERT(!pthread_equal(b.thread, pthread_self()), "called on the caller's thread");
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, b.fd), "del");
	bell_close(&b);
	return TEST_SUCCESS;
}

/* What is not consumed is reported again. */
static int
test_level(void)
{
	struct bell b;
	unsigned int i;

	TEST_ASSERT(bell_open(&b, false), "eventfd");
	eventfd_write(b.fd, 1);
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, b.fd, bell_cb, &b), "add");
	for (i = 0; i < 10; i++)
		TEST_ASSERT(sem_take(&b.called), "call %u", i);
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, b.fd), "del");
	bell_close(&b);
	return TEST_SUCCESS;
}

/* The other end of a pipe has gone: there is nothing to read, but something to know. */
static int
test_hangup(void)
{
	struct bell b;
	int fds[2];

	TEST_ASSERT(bell_open(&b, false), "eventfd");
	TEST_ASSERT_SUCCESS(pipe(fds), "pipe");
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, fds[0], bell_cb, &b), "add");
	close(fds[1]);
	TEST_ASSERT(sem_take(&b.called), "the hang-up is lost");
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, fds[0]), "del");
	close(fds[0]);
	bell_close(&b);
	return TEST_SUCCESS;
}

/* What was removed, with its event still there, can be added again, and is seen again. */
static int
test_add_again(void)
{
	struct bell b;
	unsigned int i;

	TEST_ASSERT(bell_open(&b, false), "eventfd");
	eventfd_write(b.fd, 1);
	for (i = 0; i < 3; i++) {
		TEST_ASSERT_SUCCESS(hf_loop_add(loop, b.fd, bell_cb, &b), "add, round %u", i);
		TEST_ASSERT(sem_take(&b.called), "not called in round %u", i);
		TEST_ASSERT_SUCCESS(hf_loop_del(loop, b.fd), "del");
		while (sem_trywait(&b.called) == 0)
			continue;
	}
	bell_close(&b);
	return TEST_SUCCESS;
}

/* A number that was closed, but not removed, still belongs to who added it. */
static int
test_closed_first(void)
{
	struct bell old, new;

	TEST_ASSERT(bell_open(&old, true) && bell_open(&new, true), "eventfd");
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, old.fd, bell_cb, &old), "add");
	TEST_ASSERT(dup2(new.fd, old.fd) == old.fd, "dup2");
	TEST_ASSERT_EQUAL(hf_loop_add(loop, old.fd, bell_cb, &new), -EEXIST, "add of the number");
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, old.fd), "del");
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, old.fd, bell_cb, &new), "add after the removal");
	eventfd_write(new.fd, 1);
	TEST_ASSERT(sem_take(&new.called), "not called");
	TEST_ASSERT_EQUAL(atomic_load(&old.calls), 0, "the old one was called");
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, old.fd), "del");
	bell_close(&old);
	bell_close(&new);
	return TEST_SUCCESS;
}

/* More descriptors than one batch, and than the table has at first. */
static int
test_many(void)
{
	static struct bell bells[200];
	unsigned int i;

	for (i = 0; i < RTE_DIM(bells); i++) {
		TEST_ASSERT(bell_open(&bells[i], true), "eventfd");
		TEST_ASSERT_SUCCESS(hf_loop_add(loop, bells[i].fd, bell_cb, &bells[i]), "add");
	}
	for (i = 0; i < RTE_DIM(bells); i++)
		eventfd_write(bells[i].fd, 1);
	for (i = 0; i < RTE_DIM(bells); i++)
		TEST_ASSERT(sem_take(&bells[i].called), "event of %u is lost", i);
	for (i = 0; i < RTE_DIM(bells); i++) {
		TEST_ASSERT_SUCCESS(hf_loop_del(loop, bells[i].fd), "del");
		TEST_ASSERT_EQUAL(atomic_load(&bells[i].calls), 1, "one event, one call");
		bell_close(&bells[i]);
	}
	return TEST_SUCCESS;
}

static int
test_refused(void)
{
	struct bell b;
	int fd;

	TEST_ASSERT(bell_open(&b, true), "eventfd");
	TEST_ASSERT_EQUAL(hf_loop_del(loop, b.fd), -ENOENT, "del of what is not there");
	TEST_ASSERT_EQUAL(hf_loop_del(loop, -1), -ENOENT, "del of -1");
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, b.fd, bell_cb, &b), "add");
	TEST_ASSERT_EQUAL(hf_loop_add(loop, b.fd, bell_cb, &b), -EEXIST, "add twice");
	TEST_ASSERT_EQUAL(hf_loop_add(loop, -1, bell_cb, &b), -EBADF, "add of -1");
	TEST_ASSERT_EQUAL(hf_loop_add(loop, 1 << 30, bell_cb, &b), -EBADF, "add of a wild number");
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	TEST_ASSERT(fd >= 0, "open");
	TEST_ASSERT_EQUAL(hf_loop_add(loop, fd, bell_cb, &b), -EPERM, "add of a file");
	TEST_ASSERT_EQUAL(hf_loop_del(loop, fd), -ENOENT, "a refused add leaves an entry");
	close(fd);
	eventfd_write(b.fd, 1);
	TEST_ASSERT(sem_take(&b.called), "refusals harm the first entry");
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, b.fd), "del");
	TEST_ASSERT_EQUAL(hf_loop_del(loop, b.fd), -ENOENT, "del twice");
	bell_close(&b);
	return TEST_SUCCESS;
}

/* On a CPU of its own, or on those of the caller; and on none that does not exist. */
static int
test_cpu(void)
{
	struct hf_loop *pinned;
	cpu_set_t mine;
	struct bell b;
	int cpu = 0, err = 0;
	bool called;

	TEST_ASSERT_SUCCESS(
		pthread_getaffinity_np(pthread_self(), sizeof(mine), &mine), "affinity");
	while (!CPU_ISSET(cpu, &mine))
		cpu++;
	TEST_ASSERT(bell_open(&b, true), "eventfd");
	eventfd_write(b.fd, 1);
	pinned = hf_loop_create("a name too long for a thread", cpu, &err);
	TEST_ASSERT_NOT_NULL(pinned, "error %d", err);
	called = hf_loop_add(pinned, b.fd, bell_cb, &b) == 0 && sem_take(&b.called);
	hf_loop_destroy(pinned);
	TEST_ASSERT(called, "not called");
	TEST_ASSERT(CPU_COUNT(&b.cpus) == 1 && CPU_ISSET(cpu, &b.cpus), "not on CPU %d", cpu);
	eventfd_write(b.fd, 1);
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, b.fd, bell_cb, &b), "add");
	TEST_ASSERT(sem_take(&b.called), "not called");
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, b.fd), "del");
	TEST_ASSERT(CPU_EQUAL(&b.cpus, &mine), "not on the caller's CPUs");
	TEST_ASSERT_NULL(hf_loop_create("x", CPU_SETSIZE + 1, &err), "CPU %d", CPU_SETSIZE + 1);
	TEST_ASSERT(err < 0, "no error");
	bell_close(&b);
	return TEST_SUCCESS;
}

/* --- calls that must not come --- */

struct slow {
	sem_t entered, leave;
	atomic_bool left;
	bool once; /* remove itself first */
};

static void
slow_cb(int fd, void *arg)
{
	struct slow *s = arg;
	eventfd_t value;

	eventfd_read(fd, &value);
	if (s->once)
		hf_loop_del(loop, fd);
	sem_post(&s->entered);
	sem_take(&s->leave);
	atomic_store(&s->left, true);
}

struct deletion {
	int fd;
	struct slow *slow;
	int result;
	bool left; /* had the call-back returned when the removal did? */
};

static void *
delete_slow(void *arg)
{
	struct deletion *d = arg;

	d->result = hf_loop_del(loop, d->fd);
	d->left = atomic_load(&d->slow->left);
	return NULL;
}

static int
run_del_waits(bool once, int result)
{
	struct slow slow = {.left = false, .once = once};
	struct deletion d = {.slow = &slow};
	pthread_t thread;

	sem_init(&slow.entered, 0, 0);
	sem_init(&slow.leave, 0, 0);
	d.fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	TEST_ASSERT(d.fd >= 0, "eventfd");
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, d.fd, slow_cb, &slow), "add");
	TEST_ASSERT(sem_take(&slow.entered), "not called");
	TEST_ASSERT_SUCCESS(pthread_create(&thread, NULL, delete_slow, &d), "thread");
	/* Time for a removal that does not wait to return too early; one that does is right at any
	 * pace. */
	rte_delay_us_sleep(20000);
	sem_post(&slow.leave);
	pthread_join(thread, NULL);
	TEST_ASSERT_EQUAL(d.result, result, "%d", d.result);
	TEST_ASSERT(d.left, "the removal returned while the call-back ran");
	close(d.fd);
	return TEST_SUCCESS;
}

/* A removal waits for the call that runs. */
static int
test_del_waits(void)
{
	return run_del_waits(false, 0);
}

/* So does one that finds nothing, because the call-back that still runs has removed itself. */
static int
test_del_after_self(void)
{
	return run_del_waits(true, -ENOENT);
}

struct once {
	struct bell bell;
	int fd;
};

static void
once_cb(int fd, void *arg)
{
	struct once *o = arg;

	hf_loop_del(loop, fd);
	close(fd);
	bell_cb(fd, &o->bell);
}

/* A call-back removes itself, does not deadlock, and is not called again although the event is
 * still there. */
static int
test_del_self(void)
{
	struct once o = {.bell.drain = false};

	sem_init(&o.bell.called, 0, 0);
	o.fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	TEST_ASSERT(o.fd >= 0, "eventfd");
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, o.fd, once_cb, &o), "add");
	TEST_ASSERT(sem_take(&o.bell.called), "not called");
	TEST_ASSERT(loop_settle(), "the loop is dead");
	TEST_ASSERT_EQUAL(atomic_load(&o.bell.calls), 1, "called again");
	TEST_ASSERT_EQUAL(hf_loop_del(loop, o.fd), -ENOENT, "it is still there");
	sem_destroy(&o.bell.called);
	return TEST_SUCCESS;
}

/*
 * Two descriptors in one batch. The first of them that is called removes the other one, and may
 * give its number to a descriptor without an event: neither the removed one nor the new one may be
 * called.
 */
struct rival {
	struct rival *other;
	struct bell bell;
	struct bell *heir; /* takes the other's number; NULL: nobody */
	int result;
};

static void
rival_cb(int fd, void *arg)
{
	struct rival *r = arg;

	r->result = hf_loop_del(loop, r->other->bell.fd);
	if (r->result == 0 && r->heir != NULL) {
		if (dup2(r->heir->fd, r->other->bell.fd) < 0)
			r->result = -errno;
		else
			r->result = hf_loop_add(loop, r->other->bell.fd, bell_cb, r->heir);
	}
	bell_cb(fd, &r->bell);
}

static int
run_rivals(struct bell *heir)
{
	struct rival r[2] = {{.other = &r[1], .heir = heir}, {.other = &r[0], .heir = heir}};
	struct slow slow = {.left = false};
	unsigned int i, winner;
	int fd;

	sem_init(&slow.entered, 0, 0);
	sem_init(&slow.leave, 0, 0);
	fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	TEST_ASSERT(fd >= 0, "eventfd");
	/* The loop is held in a call-back while both become readable, so the next batch has both.
	 */
	TEST_ASSERT_SUCCESS(hf_loop_add(loop, fd, slow_cb, &slow), "add");
	TEST_ASSERT(sem_take(&slow.entered), "not called");
	for (i = 0; i < 2; i++) {
		TEST_ASSERT(bell_open(&r[i].bell, true), "eventfd");
		eventfd_write(r[i].bell.fd, 1);
		TEST_ASSERT_SUCCESS(hf_loop_add(loop, r[i].bell.fd, rival_cb, &r[i]), "add");
	}
	sem_post(&slow.leave);
	TEST_ASSERT(loop_settle(), "the loop is dead");
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, fd), "del");
	close(fd);
	winner = atomic_load(&r[1].bell.calls) != 0;
	TEST_ASSERT_EQUAL(atomic_load(&r[winner].bell.calls), 1, "nobody was called");
	TEST_ASSERT_EQUAL(atomic_load(&r[!winner].bell.calls), 0, "the removed one was called");
	TEST_ASSERT_SUCCESS(r[winner].result, "%d", r[winner].result);
	TEST_ASSERT(heir == NULL || atomic_load(&heir->calls) == 0,
		"the new owner of the number got the event of the old one");
	TEST_ASSERT_SUCCESS(hf_loop_del(loop, r[winner].bell.fd), "del");
	TEST_ASSERT_EQUAL(hf_loop_del(loop, r[!winner].bell.fd), (heir != NULL ? 0 : -ENOENT),
		"del of the removed one");
	bell_close(&r[0].bell);
	bell_close(&r[1].bell);
	return TEST_SUCCESS;
}

static int
test_del_other(void)
{
	return run_rivals(NULL);
}

static int
test_number_reused(void)
{
	struct bell heir;
	int ret;

	TEST_ASSERT(bell_open(&heir, true), "eventfd");
	ret = run_rivals(&heir);
	bell_close(&heir);
	return ret;
}

/* What is left at the end is not called any more, and its descriptor is still open. */
static int
test_destroy(void)
{
	struct bell b;
	int err = 0;
	struct hf_loop *l = hf_loop_create("short", -1, &err);
	unsigned int calls;

	TEST_ASSERT_NOT_NULL(l, "error %d", err);
	TEST_ASSERT(bell_open(&b, false), "eventfd");
	eventfd_write(b.fd, 1);
	TEST_ASSERT_SUCCESS(hf_loop_add(l, b.fd, bell_cb, &b), "add");
	TEST_ASSERT(sem_take(&b.called), "not called");
	hf_loop_destroy(l);
	calls = atomic_load(&b.calls);
	rte_delay_us_sleep(1000);
	TEST_ASSERT_EQUAL(atomic_load(&b.calls), calls, "called after the end");
	TEST_ASSERT(fcntl(b.fd, F_GETFD) >= 0, "the descriptor was closed");
	bell_close(&b);
	hf_loop_destroy(NULL);
	return TEST_SUCCESS;
}

/* --- all at once --- */

#define STRESS_THREADS 4
#define STRESS_MS 700

/* Reused without being freed, so that a late call is seen without a sanitizer, too. */
struct guest {
	atomic_bool present; /* between add and del: may be called */
	atomic_uint calls;
	atomic_uint *strays; /* calls of one that is not present */
};

static void
guest_cb(int fd, void *arg)
{
	struct guest *g = arg;
	eventfd_t value;

	if (!atomic_load(&g->present))
		atomic_fetch_add(g->strays, 1);
	eventfd_read(fd, &value);
	if (!atomic_load(&g->present))
		atomic_fetch_add(g->strays, 1);
	atomic_fetch_add(&g->calls, 1);
}

struct stress {
	struct guest guest;
	atomic_uint strays;
	unsigned int rounds, lost, errors;
	uint64_t end; /* TSC */
};

/* The event that was written has to come, unless nobody waits for it. */
static bool
guest_visit(struct stress *s, int fd, bool wait)
{
	uint64_t limit;

	eventfd_write(fd, 1);
	if (!wait)
		return true;
	limit = rte_get_tsc_cycles() + WAIT_S * rte_get_tsc_hz();
	while (atomic_load(&s->guest.calls) == 0) {
		if (rte_get_tsc_cycles() > limit)
			return false;
		sched_yield();
	}
	return true;
}

static void *
stress_thread(void *arg)
{
	struct stress *s = arg;
	unsigned int seed = (unsigned int)(uintptr_t)s;
	int fd;

	while (rte_get_tsc_cycles() < s->end && s->lost == 0) {
		/* All threads take and give back the lowest numbers, so numbers change hands all
		 * the time. */
		fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		atomic_store(&s->guest.calls, 0);
		atomic_store(&s->guest.present, true);
		if (fd < 0 || hf_loop_add(loop, fd, guest_cb, &s->guest) != 0) {
			s->errors++;
			break;
		}
		if (!guest_visit(s, fd, rand_r(&seed) % 2))
			s->lost++;
		if (hf_loop_del(loop, fd) != 0)
			s->errors++;
		atomic_store(&s->guest.present, false);
		close(fd);
		s->rounds++;
	}
	return NULL;
}

static int
test_stress(void)
{
	static struct stress s[STRESS_THREADS];
	pthread_t threads[STRESS_THREADS];
	unsigned int i, rounds = 0;
	uint64_t end = rte_get_tsc_cycles() + STRESS_MS * rte_get_tsc_hz() / 1000;

	for (i = 0; i < STRESS_THREADS; i++) {
		s[i].end = end;
		s[i].guest.strays = &s[i].strays;
		TEST_ASSERT_SUCCESS(
			pthread_create(&threads[i], NULL, stress_thread, &s[i]), "thread");
	}
	for (i = 0; i < STRESS_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < STRESS_THREADS; i++) {
		TEST_ASSERT_EQUAL(s[i].errors, 0, "errors");
		TEST_ASSERT_EQUAL(s[i].lost, 0, "an event was lost");
		TEST_ASSERT_EQUAL(atomic_load(&s[i].strays), 0, "called while not present");
		rounds += s[i].rounds;
	}
	printf("   %u additions and removals by %u threads\n", rounds, STRESS_THREADS);
	TEST_ASSERT(rounds > 0, "nothing happened");
	return TEST_SUCCESS;
}

static struct unit_test_suite loop_suite = {
	.suite_name = "loop",
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, teardown, test_calls),
			TEST_CASE_ST(setup, teardown, test_level),
			TEST_CASE_ST(setup, teardown, test_hangup),
			TEST_CASE_ST(setup, teardown, test_add_again),
			TEST_CASE_ST(setup, teardown, test_closed_first),
			TEST_CASE_ST(setup, teardown, test_many),
			TEST_CASE_ST(setup, teardown, test_refused),
			TEST_CASE_ST(setup, teardown, test_cpu),
			TEST_CASE_ST(setup, teardown, test_del_waits),
			TEST_CASE_ST(setup, teardown, test_del_after_self),
			TEST_CASE_ST(setup, teardown, test_del_self),
			TEST_CASE_ST(setup, teardown, test_del_other),
			TEST_CASE_ST(setup, teardown, test_number_reused),
			TEST_CASE(test_destroy),
			TEST_CASE_ST(setup, teardown, test_stress),
			TEST_CASES_END(),
		},
};

static int
test_loop(void)
{
	return unit_test_suite_runner(&loop_suite);
}

REGISTER_TEST_COMMAND(loop_autotest, test_loop);
