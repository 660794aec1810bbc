/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The ring of frames between two processes: what goes in comes out, and whatever the other side
 * writes to the memory that it shares, this side keeps within it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "test.h"
#include "wire/ring.h"

#define MAX_FRAME 16384u
#define ROUNDS 10000u
#define THREAD_FRAMES 50000u
#define HOSTILE_ROUNDS 40000u

static struct ring *ring; /* of its own, so that a sanitizer sees an access beside it */
static struct ring_tx tx;
static struct ring_rx rx;
static uint64_t seed;

static int
setup(void)
{
	ring = aligned_alloc(64, sizeof(*ring));
	if (ring == NULL)
		return -ENOMEM;
	memset(ring, 0, sizeof(*ring));
	tx = (struct ring_tx){.ring = ring};
	rx = (struct ring_rx){.ring = ring};
	seed = 1;
	return 0;
}

static void
teardown(void)
{
	free(ring);
}

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % below;
}

/* A frame that its number makes: length and each byte. */
static uint32_t
make(uint32_t n, uint8_t *frame)
{
	uint32_t len = 14 + n * 2654435761u % (n % 16 == 0 ? MAX_FRAME - 14 : 1500), i;

	for (i = 0; i < len; i++)
		frame[i] = (uint8_t)(n + i * 7);
	return len;
}

static bool
is_frame(uint32_t n, const uint8_t *frame, int len)
{
	uint8_t want[MAX_FRAME];

	return (uint32_t)len == make(n, want) && memcmp(frame, want, (size_t)len) == 0;
}

static int
test_in_and_out(void)
{
	uint8_t frame[MAX_FRAME];
	uint32_t in = 0, out = 0, k;
	int len;

	while (out < ROUNDS) {
		for (k = draw(200); k > 0 && ring_put(&tx, frame, make(in, frame)) == 0; k--)
			in++;
		for (k = draw(200); k > 0 && (len = ring_get(&rx, frame, MAX_FRAME)) != 0; k--) {
			TEST_ASSERT(is_frame(out, frame, len), "frame %u: %d bytes", out, len);
			out++;
		}
	}
	return TEST_SUCCESS;
}

static int
test_full(void)
{
	uint8_t frame[MAX_FRAME] = {0};
	uint32_t n = 0;

	while (ring_put(&tx, frame, 1000) == 0)
		n++;
	TEST_ASSERT_EQUAL(n, RING_BYTES / 1008, "%u frames fit", n);
	TEST_ASSERT_EQUAL(ring_put(&tx, frame, 1000), -ENOSPC, "one more");
	for (; n > 0; n--)
		TEST_ASSERT_EQUAL(ring_get(&rx, frame, MAX_FRAME), 1000, "frame");
	TEST_ASSERT_EQUAL(ring_get(&rx, frame, MAX_FRAME), 0, "none is left");
	TEST_ASSERT_EQUAL(ring_put(&tx, frame, 1000), 0, "there is room again");
	return TEST_SUCCESS;
}

static void *
send_all(void *arg)
{
	uint8_t frame[MAX_FRAME];
	uint32_t n, len;

	(void)arg;
	for (n = 0; n < THREAD_FRAMES; n++) {
		len = make(n, frame);
		while (ring_put(&tx, frame, len) != 0)
			sched_yield();
	}
	return NULL;
}

static int
test_two_threads(void)
{
	uint8_t frame[MAX_FRAME];
	uint32_t n = 0, bad = 0;
	pthread_t sender;
	int len;

	TEST_ASSERT_EQUAL(pthread_create(&sender, NULL, send_all, NULL), 0, "thread");
	while (n < THREAD_FRAMES && bad == 0) {
		len = ring_get(&rx, frame, MAX_FRAME);
		if (len == 0) {
			sched_yield();
			continue;
		}
		bad += !is_frame(n++, frame, len);
	}
	/* the sender ends in any case: what it waits for is room */
	while (pthread_tryjoin_np(sender, NULL) != 0)
		ring_get(&rx, frame, MAX_FRAME);
	TEST_ASSERT_EQUAL(bad, 0, "frame %u arrived changed", n - 1);
	return TEST_SUCCESS;
}

static int
test_sleep(void)
{
	uint8_t frame[60] = {0};

	TEST_ASSERT(!ring_arm(&rx), "an empty ring lets its receiver sleep");
	TEST_ASSERT_EQUAL(ring_put(&tx, frame, sizeof(frame)), 0, "put");
	TEST_ASSERT(ring_wakes(&tx), "a sleeping receiver has to be woken");
	TEST_ASSERT(!ring_wakes(&tx), "once is enough");
	TEST_ASSERT(ring_arm(&rx), "there is a frame: no sleep");
	ring_disarm(&rx);
	TEST_ASSERT(!ring_wakes(&tx), "who is awake is not woken");
	return TEST_SUCCESS;
}

/* What a sender may write that makes no sense. */
static int
test_mad_sender(void)
{
	static const struct {
		uint64_t tail, len;
		const char *what;
	} rows[] = {
		{RING_BYTES + 8, 60, "more than there is"},
		{UINT64_MAX - 7, 60, "backwards"},
		{60, 14, "not on 8 bytes"},
		{1024, 0, "a frame without bytes"},
		{1024, 1017, "a frame beyond the tail"},
		{1024, UINT64_MAX, "a frame without end"},
		{1024, 1ull << 32, "a length of more than 32 bits"},
		{RING_BYTES, MAX_FRAME + 1, "a frame larger than any"},
		{8, 1, "a length without a frame"},
	};
	uint8_t frame[MAX_FRAME];
	unsigned int i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		rx = (struct ring_rx){.ring = ring};
		memcpy(ring->data, &rows[i].len, sizeof(rows[i].len));
		atomic_store(&ring->tail, rows[i].tail);
		TEST_ASSERT_EQUAL(
			ring_get(&rx, frame, MAX_FRAME), -EPROTO, "not refused: %s", rows[i].what);
	}
	return TEST_SUCCESS;
}

static int
test_mad_receiver(void)
{
	static const uint64_t heads[] = {
		8, UINT64_MAX, 1ull << 63, 3 * RING_BYTES, 2 * RING_BYTES + 8};
	uint8_t frame[1000] = {0};
	unsigned int i;

	for (i = 0; i < RTE_DIM(heads); i++) {
		/* full, and what was read so far is known */
		tx = (struct ring_tx){.ring = ring, .tail = 2 * RING_BYTES, .head = RING_BYTES};
		atomic_store(&ring->head, heads[i]);
		TEST_ASSERT_EQUAL(ring_put(&tx, frame, sizeof(frame)), -EPROTO,
			"a head of %#lx is not refused", heads[i]);
	}
	return TEST_SUCCESS;
}

/* The other side writes anything anywhere, all the time. */
static int
test_storm(void)
{
	static uint8_t frame[MAX_FRAME];
	unsigned int i, refused = 0;
	uint64_t junk;
	int len;

	for (i = 0; i < HOSTILE_ROUNDS; i++) {
		junk = (uint64_t)draw(UINT32_MAX) << draw(33);
		memcpy(ring->data + draw(RING_BYTES / 8) * 8ull, &junk, sizeof(junk));
		if (draw(4) == 0)
			atomic_store(&ring->tail, rx.head + draw(2 * RING_BYTES));
		if (draw(8) == 0)
			atomic_store(&ring->head, tx.tail - draw(2 * RING_BYTES));
		len = ring_get(&rx, frame, MAX_FRAME);
		TEST_ASSERT(len <= (int)MAX_FRAME, "%d bytes", len);
		if (len < 0)
			rx = (struct ring_rx){.ring = ring, .head = draw(UINT32_MAX) / 8 * 8ull};
		if (len < 0)
			rx.tail = rx.told = rx.head;
		if (ring_put(&tx, frame, 1 + draw(MAX_FRAME - 1)) == -EPROTO) {
			tx.head = tx.tail;
			refused++;
		}
	}
	TEST_ASSERT(refused > 0, "no receiver's position was refused");
	return TEST_SUCCESS;
}

static int
test_ring(void)
{
	static const struct unit_test_suite suite = {
		.suite_name = "ring of frames",
		.unit_test_cases = {TEST_CASE_ST(setup, teardown, test_in_and_out),
			TEST_CASE_ST(setup, teardown, test_full),
			TEST_CASE_ST(setup, teardown, test_two_threads),
			TEST_CASE_ST(setup, teardown, test_sleep),
			TEST_CASE_ST(setup, teardown, test_mad_sender),
			TEST_CASE_ST(setup, teardown, test_mad_receiver),
			TEST_CASE_ST(setup, teardown, test_storm), TEST_CASES_END()},
	};

	return unit_test_suite_runner(&suite);
}

REGISTER_TEST_COMMAND(ring_autotest, test_ring);
