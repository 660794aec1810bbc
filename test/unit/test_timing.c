/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The clock of modelled time. What it says is compared, starts and ends to the nanosecond; how long
 * a thread really slept is compared with nothing but "not less than that".
 */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "conf.h"
#include "nic.h"
#include "test.h"
#include "timing.h"

#define US 1000u
#define MS 1000000u
#define HOUR (3600ull * 1000 * 1000) /* in us */
#define GIB (1ull << 30)

static struct conf_timing conf;
static struct timing *clock_of;
static struct nic_func *func, *other;

static int
setup(void)
{
	conf = (struct conf_timing){.profile = "test",
		.scale = 1,
		.commands = 4,
		.pin_us_per_gib = 100000,
		.pin_gib_per_s = 25,
		.unpin_percent = 50};
	clock_of = timing_start(&conf);
	func = calloc(1, sizeof(*func));
	other = calloc(1, sizeof(*other));
	return clock_of != NULL && func != NULL && other != NULL ? 0 : -1;
}

static void
teardown(void)
{
	timing_free(clock_of);
	free(func);
	free(other);
}

static struct timing_cmd
enter(const struct nic_func *f, uint64_t object, uint64_t us)
{
	struct timing_cmd c;

	timing_cmd_enter(clock_of, &c, f, object, us);
	return c;
}

static bool
is_now(uint64_t start, uint64_t before)
{
	return start >= before && start <= clock_ns();
}

/* As many as there are slots start at once; the next one when the first of them ends. */
static int
test_slots(void)
{
	struct timing_cmd c[6];
	uint64_t before = clock_ns();
	unsigned int i;

	for (i = 0; i < 6; i++)
		timing_cmd_enter(clock_of, &c[i], i % 2 != 0 ? func : other, 0, HOUR * (4 - i % 4));
	for (i = 0; i < 4; i++) {
		TEST_ASSERT(is_now(c[i].start, before), "%u did not start at once", i);
		TEST_ASSERT_EQUAL(c[i].end - c[i].start, (4 - i) * HOUR * US, "time of %u", i);
	}
	TEST_ASSERT_EQUAL(c[4].start, c[3].end, "the fifth starts when the shortest ends");
	TEST_ASSERT_EQUAL(c[4].end - c[4].start, 4 * HOUR * US, "time of the fifth");
	TEST_ASSERT_EQUAL(c[5].start, c[2].end, "the sixth when the next one ends");
	TEST_ASSERT(c[5].came < c[5].start, "it came earlier");
	for (i = 0; i < 6; i++)
		timing_cmd_leave(clock_of, &c[i]);
	return TEST_SUCCESS;
}

/* Commands about one object are one after the other; of two objects, or two functions, not. */
static int
test_object(void)
{
	struct timing_cmd a, b, c, d;

	timing_cmd_enter(clock_of, &a, func, 7, HOUR);
	timing_cmd_enter(clock_of, &b, func, 7, 200);
	timing_cmd_enter(clock_of, &c, func, 8, 200);
	timing_cmd_enter(clock_of, &d, other, 7, 200);
	TEST_ASSERT_EQUAL(b.start, a.end, "before the other about the object ends");
	TEST_ASSERT(c.start < a.end && d.start < a.end, "waits for what is not its own");
	timing_cmd_leave(clock_of, &a);
	timing_cmd_leave(clock_of, &b);
	timing_cmd_leave(clock_of, &c);
	timing_cmd_leave(clock_of, &d);
	return TEST_SUCCESS;
}

struct waiter {
	pthread_t thread;
	struct timing_cmd cmd;
	_Atomic bool done;
	uint64_t woke, ran;
};

/* Nanoseconds that the calling thread has had a CPU. */
static uint64_t
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

static void *
wait_main(void *arg)
{
	struct waiter *w = arg;

	w->ran = cpu_ns();
	timing_cmd_wait(clock_of, &w->cmd);
	w->ran = cpu_ns() - w->ran;
	w->woke = clock_ns();
	atomic_store(&w->done, true);
	return NULL;
}

/* The second one's time is over long before the first was carried out: it waits for that. */
static int
test_order(void)
{
	struct timing_cmd first;
	struct waiter w = {0};

	timing_cmd_enter(clock_of, &first, func, 7, 100);
	timing_cmd_enter(clock_of, &w.cmd, func, 7, 100);
	TEST_ASSERT_SUCCESS(pthread_create(&w.thread, NULL, wait_main, &w), "thread");
	timing_cmd_wait(clock_of, &first);
	while (clock_ns() < w.cmd.end + 5 * MS)
		sched_yield();
	TEST_ASSERT(!atomic_load(&w.done), "overtook a command about the same object");
	timing_cmd_leave(clock_of, &first);
	pthread_join(w.thread, NULL);
	TEST_ASSERT(w.woke >= w.cmd.end, "before its time");
	TEST_ASSERT(w.ran < 5 * MS / 2, "%llu ns of a CPU", (unsigned long long)w.ran);
	timing_cmd_leave(clock_of, &w.cmd);
	return TEST_SUCCESS;
}

/* Time passes asleep: whoever waits leaves the CPU to others. */
static int
test_sleeps(void)
{
	struct timing_cmd c;
	uint64_t before = cpu_ns();
	struct timing_pages p;

	timing_cmd_enter(clock_of, &c, func, 0, 20000);
	timing_cmd_wait(clock_of, &c);
	timing_cmd_leave(clock_of, &c);
	timing_pages_enter(clock_of, &p, func, GIB / 5, false);
	timing_pages_wait(clock_of, &p);
	TEST_ASSERT(cpu_ns() - before < 10 * MS, "%llu ns of a CPU in 40 ms",
		(unsigned long long)(cpu_ns() - before));
	return TEST_SUCCESS;
}

enum ending { KILLED, UNLOADED, STOPPED, SWITCHED_OFF };

static int
end_by(enum ending how)
{
	struct waiter w = {.cmd = enter(func, 0, 0)};

	timing_cmd_leave(clock_of, &w.cmd);
	timing_cmd_enter(clock_of, &w.cmd, func, 0, HOUR);
	TEST_ASSERT_SUCCESS(pthread_create(&w.thread, NULL, wait_main, &w), "thread");
	TEST_ASSERT(timing_is_on(clock_of, func), "on");
	if (how == KILLED)
		atomic_store(&func->dead, true);
	else if (how == UNLOADED)
		atomic_store(&func->unloaded, true);
	else if (how == SWITCHED_OFF)
		timing_switch(clock_of, false);
	else
		timing_stop(clock_of);
	timing_wake(clock_of);
	pthread_join(w.thread, NULL);
	TEST_ASSERT(w.cmd.end <= w.woke && w.cmd.start <= w.cmd.end, "it says that it took longer");
	timing_cmd_leave(clock_of, &w.cmd);
	TEST_ASSERT(!timing_is_on(clock_of, func), "it goes on");
	TEST_ASSERT_EQUAL(timing_is_on(clock_of, other), how == KILLED || how == UNLOADED,
		"another function");
	return TEST_SUCCESS;
}

/* An hour ends when the function dies or loses its driver, the NIC stops, or time is switched off.
 */
static int
test_killed(void)
{
	return end_by(KILLED);
}

static int
test_unloaded(void)
{
	return end_by(UNLOADED);
}

static int
test_stopped(void)
{
	return end_by(STOPPED);
}

static int
test_off(void)
{
	return end_by(SWITCHED_OFF);
}

/* A slot that was left early is free from then on. */
static int
test_slot_again(void)
{
	struct waiter w[4] = {0};
	struct timing_cmd c;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		timing_cmd_enter(clock_of, &w[i].cmd, func, 0, HOUR);
		TEST_ASSERT_SUCCESS(pthread_create(&w[i].thread, NULL, wait_main, &w[i]), "thread");
	}
	atomic_store(&func->dead, true);
	timing_wake(clock_of);
	for (i = 0; i < 4; i++) {
		pthread_join(w[i].thread, NULL);
		timing_cmd_leave(clock_of, &w[i].cmd);
	}
	timing_cmd_enter(clock_of, &c, other, 0, 100);
	TEST_ASSERT_EQUAL(c.start, c.came, "waits for the dead");
	timing_cmd_leave(clock_of, &c);
	return TEST_SUCCESS;
}

static int
test_scale(void)
{
	struct timing_pages p;
	struct timing_cmd c;
	double scale;
	bool on;

	c = enter(func, 0, 1000);
	TEST_ASSERT_EQUAL(c.end - c.start, MS, "as it is");
	timing_cmd_leave(clock_of, &c);
	timing_scale(clock_of, 0.5);
	timing_cmd_enter(clock_of, &c, func, 0, 1000);
	TEST_ASSERT_EQUAL(c.end - c.start, 500 * US, "half of it");
	timing_cmd_leave(clock_of, &c);
	timing_scale(clock_of, 2);
	timing_cmd_enter(clock_of, &c, func, 0, 1000);
	TEST_ASSERT_EQUAL(c.end - c.start, 2 * MS, "twice");
	timing_cmd_leave(clock_of, &c);
	timing_pages_enter(clock_of, &p, func, GIB / 100, false);
	timing_pages_wait(clock_of, &p);
	TEST_ASSERT(fabs((double)(p.end - p.start) - 2.0 * MS) < 10, "pages: %llu ns",
		(unsigned long long)(p.end - p.start));
	timing_state(clock_of, &on, &scale);
	TEST_ASSERT(on && fabs(scale - 2) < 1e-9, "state");
	return TEST_SUCCESS;
}

/* --- pages --- */

struct pinner {
	pthread_t thread;
	struct timing_pages pages;
	uint64_t bytes, woke;
};

static void *
pin_main(void *arg)
{
	struct pinner *p = arg;

	timing_pages_wait(clock_of, &p->pages);
	p->woke = clock_ns();
	return NULL;
}

/* One alone has its own rate, and gives back in half of the time. */
static int
test_one_pins(void)
{
	struct timing_pages p;
	uint64_t took;

	timing_pages_enter(clock_of, &p, func, GIB / 100, false);
	timing_pages_wait(clock_of, &p);
	took = p.end - p.start;
	TEST_ASSERT(took >= MS - 2 && took <= MS + 2 && clock_ns() >= p.end, "pinned in %llu ns",
		(unsigned long long)took);
	timing_pages_enter(clock_of, &p, func, GIB / 100, true);
	timing_pages_wait(clock_of, &p);
	took = p.end - p.start;
	TEST_ASSERT(took >= MS / 2 - 2 && took <= MS / 2 + 2, "given back in %llu ns",
		(unsigned long long)took);
	return TEST_SUCCESS;
}

/*
 * Five share what two and a half of them could have: whenever one ends, no more than the bound has
 * been moved since the first began, and no one was faster than one alone is. The smallest does not
 * wait for the largest.
 */
static int
test_many_pin(void)
{
	struct pinner p[5];
	uint64_t begin = UINT64_MAX, late = 0, sum, last = 0;
	unsigned int i, k;

	for (i = 0; i < RTE_DIM(p); i++) {
		p[i].bytes = GIB / 20 * (i + 1);
		timing_pages_enter(clock_of, &p[i].pages, func, p[i].bytes, false);
		TEST_ASSERT_SUCCESS(pthread_create(&p[i].thread, NULL, pin_main, &p[i]), "thread");
	}
	for (i = 0; i < RTE_DIM(p); i++) {
		pthread_join(p[i].thread, NULL);
		begin = RTE_MIN(begin, p[i].pages.start);
		late = RTE_MAX(late, p[i].pages.start);
		last = RTE_MAX(last, p[i].pages.end);
	}
	for (i = 0; i < RTE_DIM(p); i++) {
		sum = 0;
		for (k = 0; k < RTE_DIM(p); k++)
			sum += p[k].pages.end <= p[i].pages.end ? p[k].bytes : 0;
		TEST_ASSERT(
			(double)sum / (double)(p[i].pages.end - begin) <= 25.0 * GIB / 1e9 * 1.0001,
			"%u: more than the bound", i);
		TEST_ASSERT((double)p[i].bytes / (double)(p[i].pages.end - p[i].pages.start) <=
				10.0 * GIB / 1e9 * 1.0001,
			"%u: faster than one alone", i);
		TEST_ASSERT(p[i].woke >= p[i].pages.end, "%u before its end", i);
		TEST_ASSERT(i == 0 || p[i].pages.end > p[i - 1].pages.end, "%u waits", i);
	}
	/* 50 MiB each at 5, 6.25, 8.33 GiB/s, then two and one at 10: 34 ms when all begin at once
	 */
	TEST_ASSERT(last - begin >= 34 * MS - US && last - late <= 34 * MS + US,
		"%llu ns from the first, %llu from the last", (unsigned long long)(last - begin),
		(unsigned long long)(last - late));
	return TEST_SUCCESS;
}

static int
test_timing(void)
{
	static const struct unit_test_suite suite = {
		.suite_name = "modelled time",
		.unit_test_cases = {TEST_CASE_ST(setup, teardown, test_slots),
			TEST_CASE_ST(setup, teardown, test_object),
			TEST_CASE_ST(setup, teardown, test_order),
			TEST_CASE_ST(setup, teardown, test_sleeps),
			TEST_CASE_ST(setup, teardown, test_killed),
			TEST_CASE_ST(setup, teardown, test_unloaded),
			TEST_CASE_ST(setup, teardown, test_stopped),
			TEST_CASE_ST(setup, teardown, test_off),
			TEST_CASE_ST(setup, teardown, test_slot_again),
			TEST_CASE_ST(setup, teardown, test_scale),
			TEST_CASE_ST(setup, teardown, test_one_pins),
			TEST_CASE_ST(setup, teardown, test_many_pin), TEST_CASES_END()},
	};

	return unit_test_suite_runner(&suite);
}

REGISTER_TEST_COMMAND(timing_autotest, test_timing);
