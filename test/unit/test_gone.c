/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Memory that a process gives back while the emulated NIC has it registered. A pin keeps the pages,
 * so the NIC goes on; where this emulation cannot, the queue whose memory it was fails, by name,
 * and nobody else does.
 */
#include "dp_rig.h"

#include <fcntl.h>

#define BUFFERS BUF_OFF /* where a guest's buffers begin, to the end of its memory */
#define BUFFERS_LEN (QUEUE_MEM - BUF_OFF)

static struct lane lane;

/* What the process does with the buffers of a guest. */
static bool
unmap(uint8_t *at)
{
	int ret;

	return mem_hold_munmap(at, BUFFERS_LEN, &ret) ? ret == 0 : munmap(at, BUFFERS_LEN) == 0;
}

static bool
map_over(uint8_t *at)
{
	void *ret;

	return mem_hold_mmap_fixed(at, BUFFERS_LEN, PROT_READ, MAP_FIXED, -1, 0, &ret) &&
		ret == MAP_FAILED;
}

static bool
map_other(uint8_t *at)
{
	return mmap(at, BUFFERS_LEN, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		at;
}

static bool
forget(uint8_t *at)
{
	int ret;

	return mem_hold_madvise(at, BUFFERS_LEN, MADV_DONTNEED, &ret)
		? ret == 0
		: madvise(at, BUFFERS_LEN, MADV_DONTNEED) == 0;
}

static bool
punch(uint8_t *at)
{
	return fallocate(file_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at - mem,
		       BUFFERS_LEN) == 0;
}

static bool
cut(uint8_t *at)
{
	return ftruncate(file_fd, at - mem) == 0;
}

static bool
protect(uint8_t *at)
{
	return mprotect(at, BUFFERS_LEN, PROT_NONE) == 0;
}

static bool
read_only(uint8_t *at)
{
	return mprotect(at, BUFFERS_LEN, PROT_READ) == 0;
}

/* clang-format off */
static const struct row {
	const char *what;
	bool shared; /* a file, or private memory */
	unsigned int guest; /* whose buffers: 1 sends, 2 receives */
	bool (*take)(uint8_t *at);
	bool fails; /* the queue does; else all goes on */
} rows[] = {
	{ "munmap", true, 2, unmap, false },
	{ "munmap", true, 1, unmap, false },
	{ "munmap", false, 2, unmap, false },
	{ "munmap", false, 1, unmap, false },
	{ "another mapping in its place", true, 2, map_other, false },
	{ "another mapping in its place, refused", false, 2, map_over, false },
	{ "MADV_DONTNEED", true, 2, forget, false },
	{ "MADV_DONTNEED", false, 2, forget, false },
	{ "hole punched", true, 2, punch, false },
	{ "file cut short", true, 2, cut, true },
	{ "file cut short", true, 1, cut, true },
	{ "PROT_NONE", true, 2, protect, false },
	{ "PROT_READ", true, 2, read_only, false },
	/* not a pin's way: see mem.h */
	{ "PROT_NONE", false, 2, protect, true },
	{ "PROT_NONE", false, 1, protect, true },
	{ "PROT_READ", false, 2, read_only, true },
	{ "PROT_READ", false, 1, read_only, false },
};
/* clang-format on */

static bool
arrived(const struct frame *f, unsigned int id)
{
	uint64_t contig;
	const uint8_t *p = mem_pin_ptr(pin, 2 * QUEUE_MEM + BUF_OFF + id * BUF_LEN + 12, &contig);

	return contig >= f->len && memcmp(p, f->b, f->len) == 0;
}

static void
serve(void)
{
	ring_doorbell(&funcs[1]);
	while (txq_serve(eng, &dp(1)->base))
		eng->now += 20000;
}

static int
one_row(const struct row *r)
{
	static const struct virtio_net_hdr_v1 hdr;
	unsigned int other = 3 - r->guest;
	struct frame f;
	uint32_t len;

	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_UDP, 900);
	TEST_ASSERT_SUCCESS(guest_open(1, NIC_VQ_SPLIT), "transmit queue");
	TEST_ASSERT_SUCCESS(guest_open(2, NIC_VQ_SPLIT), "receive queue");
	guests[r->guest].q.counters = &counters;
	guests[other].q.counters = NULL;
	lane_open(&lane, 2);
	post_rx(&guests[2], 0, BUF_LEN);
	post_rx(&guests[2], 2, BUF_LEN);
	post_frame(&guests[1], 0, &f, &hdr);
	serve();
	TEST_ASSERT_EQUAL(take(&guests[2], 2, &len), 0, "before it: received");
	TEST_ASSERT(arrived(&f, 0), "before it: payload");
	post_frame(&guests[1], 4, &f, &hdr);
	TEST_ASSERT(r->take(guests[r->guest].base + BUFFERS), "not done");
	serve();
	TEST_ASSERT_EQUAL(guests[other].q.state, NIC_VQ_RDY, "the other queue");
	TEST_ASSERT_EQUAL(guests[r->guest].q.state, r->fails ? NIC_VQ_ERR : NIC_VQ_RDY, "state");
	TEST_ASSERT_EQUAL(n_object_events, r->fails, "%u events", n_object_events);
	TEST_ASSERT_EQUAL(atomic_load(&counters.invalid_buffer), r->fails, "counter");
	TEST_ASSERT_EQUAL(atomic_load(&guests[r->guest].q.obj.func->vq_errors[VQ_E_MEMORY]),
		r->fails, "named");
	if (!r->fails) {
		TEST_ASSERT_EQUAL(take(&guests[2], 2, &len), 2, "received");
		/* what the sender has lost may be zeros */
		TEST_ASSERT(r->guest == 1 || arrived(&f, 2), "payload");
	}
	TEST_ASSERT_EQUAL(
		pthread_mutex_trylock(&dp(2)->base.lock), 0, "the receiver's lock is held");
	pthread_mutex_unlock(&dp(2)->base.lock);
	guest_close(2);
	guest_close(1);
	return TEST_SUCCESS;
}

static int
test_given_back(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < RTE_DIM(rows); i++) {
		TEST_ASSERT_SUCCESS(rows[i].shared ? file_memory() : private_memory(), "memory");
		ret = one_row(&rows[i]);
		usual_memory();
		TEST_ASSERT_SUCCESS(ret, "%s memory, guest %u: %s",
			rows[i].shared ? "shared" : "private", rows[i].guest, rows[i].what);
	}
	return TEST_SUCCESS;
}

/* Two receivers of one burst, and the first of them faults: the other's frame is lost, not unseen.
 */
static int
lost_with_another(void)
{
	static const struct virtio_net_hdr_v1 hdr;
	struct nic_port_stats *st = &funcs[1].stats;
	struct lane lanes[2];
	struct frame f;
	uint32_t len;

	TEST_ASSERT_SUCCESS(guest_open(0, NIC_VQ_SPLIT), "the other receive queue");
	TEST_ASSERT_SUCCESS(guest_open(2, NIC_VQ_SPLIT), "receive queue");
	TEST_ASSERT_SUCCESS(guest_open(1, NIC_VQ_SPLIT), "transmit queue");
	/* the sender is of a third function, for once */
	dp(1)->base.f = &funcs[0];
	lane_open(&lanes[0], 0);
	lane_open(&lanes[1], 2);
	post_rx(&guests[0], 0, BUF_LEN);
	post_rx(&guests[2], 0, BUF_LEN);
	frame_make_ipv4(&f, mac_b, mac_x, IPPROTO_UDP, 900);
	post_frame(&guests[1], 0, &f, &hdr);
	frame_make_ipv4(&f, mac_a, mac_x, IPPROTO_UDP, 900);
	post_frame(&guests[1], 4, &f, &hdr);
	TEST_ASSERT(cut(guests[2].base + BUFFERS), "cut short");
	atomic_store(&dp(1)->base.kick, true);
	txq_serve(eng, &dp(1)->base);
	TEST_ASSERT_EQUAL(guests[2].q.state, NIC_VQ_ERR, "the receiver that faults");
	TEST_ASSERT_EQUAL(guests[0].q.state, NIC_VQ_RDY, "the other one");
	TEST_ASSERT_EQUAL(take(&guests[0], 2, &len), -1, "delivered");
	TEST_ASSERT_EQUAL(atomic_load(&st->rx_no_buffer), 1u, "not counted");
	guest_close(1);
	guest_close(2);
	guest_close(0);
	return TEST_SUCCESS;
}

static int
test_lost_with_another(void)
{
	int ret;

	TEST_ASSERT_SUCCESS(file_memory(), "memory");
	ret = lost_with_another();
	usual_memory();
	return ret;
}

static struct unit_test_suite gone_suite = {
	.suite_name = "gone",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_given_back),
			TEST_CASE(test_lost_with_another),
			TEST_CASES_END(),
		},
};

static int
test_gone(void)
{
	return unit_test_suite_runner(&gone_suite);
}

REGISTER_TEST_COMMAND(gone_autotest, test_gone);
