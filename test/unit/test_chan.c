/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Event channels of the emulated kernel: nothing is lost, and read() answers as the kernel's does
 * (Linux hw/mlx5/devx.c, core/uverbs_main.c). The functions behind read(), without a NIC.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <rdma/ib_user_verbs.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "test.h"
#include "uverbs/chan.h"
#include "uverbs/uverbs.h"

#define OBJECT 0x1234
#define OTHER 0x1235
#define EVENT 0x27
#define COOKIE 0xabcdef01u
#define EQE 64
#define MSG (8 + EQE)
#define MANY 5000 /* more than a socket holds */

static struct nic_func func;
static struct uv_ctx ctx = {.func = &func};

static struct uv_chan *
open_chan(enum uv_chan_kind kind, bool omit_data, int *fd)
{
	struct uv_chan *c = uv_chan_create(&ctx, kind, omit_data, fd);

	if (c != NULL)
		fcntl(*fd, F_SETFL, O_NONBLOCK);
	return c;
}

static void
close_chan(int fd)
{
	close(fd);
	uv_chan_reap();
}

static int
subscribe(struct uv_chan *c, uint32_t id, uint64_t cookie)
{
	return uv_chan_subscribe(c, &func, EVENT, NIC_OBJ_CQ, id, cookie);
}

static void
raise_event(uint32_t id, uint32_t number)
{
	uint8_t eqe[EQE] = {0};

	memcpy(eqe, &number, sizeof(number));
	uverbs_event(&func, EVENT, NIC_OBJ_CQ, id, eqe);
}

/* What read() returns, or a negative errno. */
static ssize_t
get(int fd, void *buf, size_t len)
{
	ssize_t n;

	if (!uv_chan_read(fd, buf, len, &n))
		return -EBADF;
	return n < 0 ? -errno : n;
}

static bool
readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;
}

static int
test_all_arrive(void)
{
	uint8_t msg[MSG];
	uint32_t i, got;
	uint64_t cookie;
	int fd;
	struct uv_chan *c = open_chan(UV_CHAN_DEVX, false, &fd);

	TEST_ASSERT_NOT_NULL(c, "channel");
	TEST_ASSERT_EQUAL(subscribe(c, OBJECT, COOKIE), 0, "subscription");
	TEST_ASSERT_EQUAL(get(fd, msg, sizeof(msg)), -EAGAIN, "an event of no one");
	for (i = 0; i < MANY; i++)
		raise_event(OBJECT, i);
	raise_event(OTHER, i);
	for (i = 0; i < MANY; i++) {
		TEST_ASSERT(readable(fd), "event %u is not shown", i);
		TEST_ASSERT_EQUAL(get(fd, msg, sizeof(msg)), MSG, "event %u", i);
		memcpy(&cookie, msg, sizeof(cookie));
		memcpy(&got, msg + sizeof(cookie), sizeof(got));
		TEST_ASSERT(cookie == COOKIE && got == i, "event %u in place of %u", got, i);
	}
	TEST_ASSERT(!readable(fd), "an event after the last");
	TEST_ASSERT_EQUAL(get(fd, msg, sizeof(msg)), -EAGAIN, "an event after the last");
	TEST_ASSERT_EQUAL(uverbs_events_lost(&func), 0, "lost");
	close_chan(fd);
	return TEST_SUCCESS;
}

/* A channel without data has one event of each subscription until that was read. */
static int
test_without_data(void)
{
	uint64_t cookie[2] = {0};
	int fd, i;
	struct uv_chan *c = open_chan(UV_CHAN_DEVX, true, &fd);

	TEST_ASSERT(subscribe(c, OBJECT, 1) == 0 && subscribe(c, OTHER, 2) == 0, "subscription");
	for (i = 0; i < 3; i++) {
		raise_event(OTHER, 0);
		raise_event(OBJECT, 0);
	}
	TEST_ASSERT_EQUAL(get(fd, cookie, 4), -EINVAL, "half a cookie");
	TEST_ASSERT_EQUAL(get(fd, &cookie[0], 8), 8, "first");
	TEST_ASSERT_EQUAL(get(fd, cookie + 1, sizeof(cookie)), 8, "second");
	TEST_ASSERT(cookie[0] == 2 && cookie[1] == 1, "order");
	TEST_ASSERT_EQUAL(get(fd, cookie, 8), -EAGAIN, "third");
	raise_event(OBJECT, 0);
	TEST_ASSERT_EQUAL(get(fd, cookie, 8), 8, "again");
	raise_event(OBJECT, 0);
	uv_chan_obj_gone(&func, NIC_OBJ_CQ, OBJECT);
	TEST_ASSERT_EQUAL(get(fd, cookie, 8), -EAGAIN, "of an object that is gone");
	close_chan(fd);
	return TEST_SUCCESS;
}

static int
test_errors(void)
{
	uint8_t msg[MSG];
	int fd;
	struct uv_chan *c = open_chan(UV_CHAN_DEVX, false, &fd);

	TEST_ASSERT_EQUAL(subscribe(c, OBJECT, COOKIE), 0, "subscription");
	raise_event(OBJECT, 0);
	TEST_ASSERT_EQUAL(get(fd, msg, MSG - 1), -EINVAL, "a buffer that is too short");
	TEST_ASSERT_EQUAL(get(fd, NULL, MSG), -EFAULT, "a buffer that is not there");
	raise_event(OBJECT, 0);
	c->overflow = true;
	TEST_ASSERT_EQUAL(get(fd, msg, MSG), -EOVERFLOW, "an event was lost");
	TEST_ASSERT_EQUAL(get(fd, msg, MSG), MSG, "the one that was not");
	raise_event(OBJECT, 0);
	uv_chan_ctx_gone(&ctx);
	TEST_ASSERT(readable(fd), "the end is not shown");
	TEST_ASSERT_EQUAL(get(fd, msg, MSG), -EAGAIN, "without waiting, at the end");
	fcntl(fd, F_SETFL, 0);
	TEST_ASSERT_EQUAL(get(fd, msg, MSG), -EIO, "at the end");
	close_chan(fd);
	TEST_ASSERT_EQUAL(get(STDIN_FILENO, msg, MSG), -EBADF, "what is no channel");
	return TEST_SUCCESS;
}

/* Answers to asynchronous commands have a limit. */
static int
test_commands(void)
{
	static uint8_t answer[UV_CHAN_CMD_HEAD + UV_CHAN_CMD_BYTES / 2];
	int fd;
	struct uv_chan *c = open_chan(UV_CHAN_CMD, false, &fd);
	size_t half = UV_CHAN_CMD_BYTES / 2;

	TEST_ASSERT_EQUAL(uv_chan_reserve(c, half), 0, "half");
	TEST_ASSERT_EQUAL(uv_chan_send(c, answer, sizeof(answer)), 0, "half");
	TEST_ASSERT_EQUAL(uv_chan_reserve(c, half + 1), -EAGAIN, "more than the rest");
	TEST_ASSERT_EQUAL(uv_chan_reserve(c, half), 0, "the rest");
	TEST_ASSERT_EQUAL(uv_chan_reserve(c, 1), -EAGAIN, "beyond the limit");
	TEST_ASSERT_EQUAL(get(fd, answer, sizeof(answer) - 1), -ENOSPC, "too short");
	TEST_ASSERT_EQUAL(get(fd, answer, sizeof(answer)), sizeof(answer), "read");
	TEST_ASSERT_EQUAL(uv_chan_reserve(c, half), 0, "what was read is free");
	close_chan(fd);
	return TEST_SUCCESS;
}

/* Events of verbs: those that were read are counted, the others go with their queue. */
static int
test_verbs(void)
{
	struct ib_uverbs_async_event_desc async;
	struct ib_uverbs_comp_event_desc comp;
	uint32_t n_comp, n_async;
	int fd, afd, i;
	struct uv_chan *c = open_chan(UV_CHAN_COMP, false, &fd);
	struct uv_chan *a = open_chan(UV_CHAN_ASYNC, false, &afd);

	TEST_ASSERT(subscribe(c, OBJECT, COOKIE) == 0 && subscribe(a, OBJECT, COOKIE + 1) == 0,
		"subscription");
	for (i = 0; i < 3; i++)
		raise_event(OBJECT, 0);
	TEST_ASSERT_EQUAL(get(fd, &comp, sizeof(comp)), sizeof(comp), "completion");
	TEST_ASSERT(comp.cq_handle == COOKIE, "handle");
	TEST_ASSERT_EQUAL(get(fd, &comp, sizeof(comp)), sizeof(comp), "completion");
	TEST_ASSERT_EQUAL(get(afd, &async, sizeof(async)), sizeof(async), "asynchronous event");
	TEST_ASSERT(async.element == COOKIE + 1 && async.event_type == UV_ASYNC_CQ_ERR, "event");
	uv_chan_verbs_gone(&func, NIC_OBJ_CQ, OBJECT, &n_comp, &n_async);
	TEST_ASSERT(n_comp == 2 && n_async == 1, "%u and %u were read", n_comp, n_async);
	TEST_ASSERT_EQUAL(get(fd, &comp, sizeof(comp)), -EAGAIN, "of a queue that is gone");
	TEST_ASSERT_EQUAL(get(afd, &async, sizeof(async)), -EAGAIN, "of a queue that is gone");
	uv_chan_ctx_gone(&ctx);
	TEST_ASSERT_EQUAL(get(fd, &comp, sizeof(comp)), -EIO, "at the end");
	close_chan(fd);
	close_chan(afd);
	return TEST_SUCCESS;
}

static void *
reader(void *arg)
{
	static uint8_t msg[MSG];

	return (void *)(intptr_t)get(*(int *)arg, msg, sizeof(msg));
}

static void
until_they_wait(const struct uv_chan *c, unsigned int n)
{
	unsigned int waiting;

	do {
		usleep(100);
		chan_lock();
		waiting = c->waiting;
		chan_unlock();
	} while (waiting < n);
}

/* Two that wait get one event each, and the end of the device wakes who still waits. */
static int
check_waiting(void)
{
	pthread_t threads[3];
	intptr_t got[3];
	unsigned int i, full = 0, ended = 0;
	int fd;
	struct uv_chan *c = uv_chan_create(&ctx, UV_CHAN_DEVX, false, &fd);

	TEST_ASSERT_EQUAL(subscribe(c, OBJECT, COOKIE), 0, "subscription");
	for (i = 0; i < 3; i++)
		TEST_ASSERT_EQUAL(
			pthread_create(&threads[i], NULL, reader, &fd), 0, "thread %u", i);
	until_they_wait(c, 3);
	raise_event(OBJECT, 0);
	raise_event(OBJECT, 1);
	while (readable(fd))
		;
	uv_chan_ctx_gone(&ctx);
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], (void **)&got[i]);
		full += got[i] == MSG;
		ended += got[i] == -EIO;
	}
	TEST_ASSERT(full == 2 && ended == 1, "%u events, %u ends", full, ended);
	close_chan(fd);
	return TEST_SUCCESS;
}

/* Often: who is not woken may have woken up by himself. */
static int
test_waiting(void)
{
	unsigned int i;

	for (i = 0; i < 50; i++)
		TEST_ASSERT_SUCCESS(check_waiting(), "round %u", i);
	return TEST_SUCCESS;
}

static struct unit_test_suite chan_suite = {
	.suite_name = "chan",
	.unit_test_cases =
		{
			TEST_CASE(test_all_arrive),
			TEST_CASE(test_without_data),
			TEST_CASE(test_errors),
			TEST_CASE(test_commands),
			TEST_CASE(test_verbs),
			TEST_CASE(test_waiting),
			TEST_CASES_END(),
		},
};

static int
test_chan(void)
{
	return unit_test_suite_runner(&chan_suite);
}

REGISTER_TEST_COMMAND(chan_autotest, test_chan);
