/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The frames of holdfast-bench: whatever happens to one on its way is seen where it arrives.
 */
#include <string.h>

#include "frame.h"
#include "test.h"

static const struct rte_ether_addr from = {{2, 0, 0, 0, 0, 1}}, to = {{2, 0, 0, 0, 0, 2}};
static const uint32_t sizes[] = {FRAME_MIN, 65, 512, 1500, FRAME_MAX};
static struct frame_maker maker;
static uint8_t room[2][2048];
static struct rte_mbuf buf[2];

static void
make(unsigned int i, uint16_t key)
{
	buf[i] = (struct rte_mbuf){.buf_addr = room[i], .nb_segs = 1};
	frame_fill(&maker, room[i], key);
	frame_stamp(&maker, &buf[i]);
}

static int
test_all_bytes(void)
{
	unsigned int s;
	uint32_t i;

	for (s = 0; s < RTE_DIM(sizes); s++) {
		frame_start(&maker, sizes[s], &from, &to);
		make(0, 7);
		for (i = 0; i < sizes[s]; i++) {
			room[0][i] ^= 0x10;
			TEST_ASSERT_NOT_EQUAL(frame_check(&maker, &buf[0]), FRAME_OK,
				"byte %u of %u may change", i, sizes[s]);
			room[0][i] ^= 0x10;
		}
		TEST_ASSERT_EQUAL(frame_check(&maker, &buf[0]), FRAME_OK, "size %u", sizes[s]);
		TEST_ASSERT_EQUAL(frame_check(&maker, &buf[0]), FRAME_ORDER, "twice");
	}
	return TEST_SUCCESS;
}

static int
test_length(void)
{
	frame_start(&maker, 512, &from, &to);
	make(0, 0);
	buf[0].data_len--;
	TEST_ASSERT_EQUAL(frame_check(&maker, &buf[0]), FRAME_LENGTH, "short");
	buf[0].data_len++;
	buf[0].nb_segs = 2;
	TEST_ASSERT_EQUAL(frame_check(&maker, &buf[0]), FRAME_LENGTH, "in pieces");
	return TEST_SUCCESS;
}

static int
test_order(void)
{
	frame_start(&maker, 64, &from, &to);
	make(0, 1);
	make(1, 2);
	TEST_ASSERT_EQUAL(frame_check(&maker, &buf[1]), FRAME_OK, "one may be missing");
	TEST_ASSERT_EQUAL(frame_check(&maker, &buf[0]), FRAME_ORDER, "it comes late");
	return TEST_SUCCESS;
}

/* What was sent before a start and comes after it is no fault of what is measured since. */
static int
test_late(void)
{
	frame_start(&maker, 512, &from, &to);
	make(0, 1);
	frame_start(&maker, 64, &from, &to);
	make(1, 1);
	TEST_ASSERT_EQUAL(frame_check(&maker, &buf[0]), FRAME_LATE, "sent before");
	TEST_ASSERT_EQUAL(frame_check(&maker, &buf[1]), FRAME_OK, "sent since");
	return TEST_SUCCESS;
}

/* A buffer that shows what it held before is not taken for the frame that should be in it. */
static int
test_stale(void)
{
	unsigned int key;

	frame_start(&maker, 1500, &from, &to);
	for (key = 1; key < 64; key++) {
		make(0, 0);
		make(1, (uint16_t)key);
		memcpy(room[1] + 128, room[0] + 128, 64);
		TEST_ASSERT_EQUAL(frame_check(&maker, &buf[1]), FRAME_PAYLOAD, "key %u", key);
	}
	return TEST_SUCCESS;
}

static struct unit_test_suite suite = {
	.suite_name = "holdfast-bench frame",
	.unit_test_cases =
		{
			TEST_CASE(test_all_bytes),
			TEST_CASE(test_length),
			TEST_CASE(test_order),
			TEST_CASE(test_late),
			TEST_CASE(test_stale),
			TEST_CASES_END(),
		},
};

static int
test_benchframe(void)
{
	return unit_test_suite_runner(&suite);
}
REGISTER_TEST_COMMAND(benchframe_autotest, test_benchframe);
