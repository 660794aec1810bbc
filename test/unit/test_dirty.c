/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The dirty log of the emulated NIC's virtqueues: every page that was written is marked, and no
 * other. What was written is found by comparison: memory holds a pattern that no write leaves as
 * it is.
 */
#include "dp_rig.h"

#include <stdlib.h>
#include <time.h>

#define PAGE 4096u
#define GUEST_PAGES (RTE_DIM(guests) * QUEUE_MEM / PAGE)
#define FIRST_PAGE (MEM_GPA / PAGE)
/* the part of the memory that no queue has is for logs; a log begins at guest address 0 */
#define LOG_OFF (RTE_DIM(guests) * QUEUE_MEM)
#define LOG_LEN ((uint32_t)((FIRST_PAGE + GUEST_PAGES) / 8))
#define LOG2_OFF (LOG_OFF + 0x28000u)
#define BURST 3u
#define PATTERN 0xee
#define POISON 0x77 /* of payload */

static uint8_t before[RTE_DIM(guests) * QUEUE_MEM];
static struct lane lane;

static bool
marked(uint32_t log_off, unsigned int page)
{
	return mem[log_off + (FIRST_PAGE + page) / 8] >> (FIRST_PAGE + page) % 8 & 1;
}

static void
log_on(unsigned int i, uint32_t log_off)
{
	struct nic_virtq *q = &guests[i].q;

	q->dirty_on = true;
	q->dirty_mkey = MKEY;
	q->dirty_addr = MEM_GPA + log_off;
	q->dirty_size = LOG_LEN;
	dp_virtq_dirty(q);
}

static void
log_off(unsigned int i)
{
	guests[i].q.dirty_on = false;
	dp_virtq_dirty(&guests[i].q);
}

static void
snapshot(void)
{
	memcpy(before, mem, sizeof(before));
	memset(mem + LOG_OFF, 0, MEM_LEN - LOG_OFF);
}

/* Pages that changed since the snapshot are in this log, and no others. */
static int
exact(uint32_t log)
{
	unsigned int page, n = 0;

	for (page = 0; page < GUEST_PAGES; page++) {
		bool changed = memcmp(before + page * PAGE, mem + page * PAGE, PAGE) != 0;

		TEST_ASSERT_EQUAL(marked(log, page), changed, "page %#x is %s", page,
			changed ? "written, and not in the log" : "in the log, and not written");
		n += changed;
	}
	for (page = 0; page < LOG_LEN - GUEST_PAGES / 8; page++)
		TEST_ASSERT_EQUAL(mem[log + page], 0, "byte %#x of the log", page);
	TEST_ASSERT(n > 0, "nothing was written");
	return TEST_SUCCESS;
}

/* Transmit queue 1 to receive queue 2, with all that may be written in the pattern. */
static int
queues(enum nic_virtq_type type)
{
	nic_setup();
	memset(mem, PATTERN, LOG_OFF);
	memset(guests, 0, sizeof(guests));
	memset(mem + QUEUE_MEM, 0, DEVICE_OFF);
	memset(mem + 2 * QUEUE_MEM, 0, DEVICE_OFF);
	TEST_ASSERT_SUCCESS(guest_open(1, type), "transmit queue");
	TEST_ASSERT_SUCCESS(guest_open(2, type), "receive queue");
	lane_open(&lane, 2);
	return TEST_SUCCESS;
}

static void
close_queues(void)
{
	guest_close(2);
	guest_close(1);
}

/* A receive buffer in three pieces, anywhere, also across pages. */
static void
post_scattered(uint16_t id)
{
	uint32_t part = (uint32_t)rand() % 700 + 12, i;
	struct buf b[3];

	for (i = 0; i < 3; i++)
		b[i] = (struct buf){BUF_OFF + (uint32_t)rand() % (QUEUE_MEM - BUF_OFF - BUF_LEN),
			i < 2 ? part : BUF_LEN - 2 * part, W};
	for (i = 0; i < 3; i++)
		memset(guests[2].base + b[i].off, PATTERN, b[i].len);
	post(&guests[2], id, b, 3);
}

static void
send_frame(uint16_t id, uint16_t payload)
{
	static const struct virtio_net_hdr_v1 hdr;
	static uint32_t serial = 1;
	struct frame f;

	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_UDP, payload);
	memset(f.b + f.len - payload + 8, POISON, payload - 8);
	memcpy(f.b + f.len - 4, &serial, sizeof(serial));
	serial++;
	post_frame(&guests[1], id, &f, &hdr);
	if (nic.running)
		atomic_store(&bar[1][0], 0);
	else
		ring_doorbell(&funcs[1]);
}

static int
all_pages(enum nic_virtq_type type)
{
	/* of the device area: what says whether doorbells are needed */
	const uint32_t flags = DEVICE_OFF + (type == NIC_VQ_PACKED ? 2 : 0);
	unsigned int i, q;
	uint32_t len;
	uint16_t id;

	TEST_ASSERT_SUCCESS(queues(type), "queues");
	log_on(1, LOG_OFF);
	log_on(2, LOG_OFF);
	srand(1);
	for (i = 0; i < 300; i++) {
		for (id = 0; id < BURST * 4; id += 4) {
			post_scattered(id);
			send_frame(id, (uint16_t)(20 + rand() % 700));
		}
		ring_doorbell(&funcs[2]);
		snapshot();
		while (txq_serve(eng, &dp(1)->base))
			eng->now += 20000;
		for (id = 0; id < BURST * 4; id += 4) {
			TEST_ASSERT_EQUAL(take(&guests[1], 3, &len), id, "sent");
			TEST_ASSERT_EQUAL(take(&guests[2], 3, &len), id, "received");
		}
		TEST_ASSERT_SUCCESS(exact(LOG_OFF), "round %u", i);
		/* what the guest has seen is written again, and differs again */
		for (q = 1; q <= 2; q++) {
			memset(guests[q].base + flags, PATTERN, 2);
			memset(guests[q].base + DEVICE_OFF + 4, PATTERN, RING * 8);
		}
	}
	TEST_ASSERT_EQUAL(n_object_events, 0u, "errors");
	close_queues();
	return TEST_SUCCESS;
}

static int
test_split(void)
{
	return all_pages(NIC_VQ_SPLIT);
}

static int
test_packed(void)
{
	return all_pages(NIC_VQ_PACKED);
}

static int
frame_passes(void)
{
	uint32_t len;

	send_frame(0, 500);
	while (txq_serve(eng, &dp(1)->base))
		eng->now += 20000;
	TEST_ASSERT_EQUAL(take(&guests[1], 3, &len), 0, "sent");
	TEST_ASSERT(take(&guests[2], 3, &len) >= 0, "received");
	return TEST_SUCCESS;
}

static int
clean(uint32_t log)
{
	unsigned int i;

	for (i = 0; i < LOG_LEN; i++)
		TEST_ASSERT_EQUAL(mem[log + i], 0, "byte %#x of the log", i);
	return TEST_SUCCESS;
}

/* Off, on while buffers are fetched ahead already, another log, off: all while the queues run. */
static int
switched(enum nic_virtq_type type)
{
	unsigned int i;

	TEST_ASSERT_SUCCESS(queues(type), "queues");
	for (i = 0; i < 4; i++)
		post_scattered((uint16_t)(i * 4));
	rxq_start(dp(2));
	snapshot();
	TEST_ASSERT_SUCCESS(frame_passes(), "off");
	TEST_ASSERT_SUCCESS(clean(LOG_OFF), "off");
	TEST_ASSERT(dp(2)->n > 0, "nothing is fetched ahead");
	log_on(2, LOG_OFF);
	snapshot();
	TEST_ASSERT_SUCCESS(frame_passes(), "on");
	for (i = 2 * QUEUE_MEM / PAGE; i < 3 * QUEUE_MEM / PAGE; i++)
		TEST_ASSERT_EQUAL(marked(LOG_OFF, i),
			memcmp(before + i * PAGE, mem + i * PAGE, PAGE) != 0, "page %#x", i);
	log_on(2, LOG2_OFF);
	snapshot();
	TEST_ASSERT_SUCCESS(frame_passes(), "another log");
	TEST_ASSERT_SUCCESS(clean(LOG_OFF), "the first log");
	for (i = 2 * QUEUE_MEM / PAGE; i < 3 * QUEUE_MEM / PAGE; i++)
		TEST_ASSERT_EQUAL(marked(LOG2_OFF, i),
			memcmp(before + i * PAGE, mem + i * PAGE, PAGE) != 0, "page %#x", i);
	log_off(2);
	snapshot();
	TEST_ASSERT_SUCCESS(frame_passes(), "off again");
	TEST_ASSERT_SUCCESS(clean(LOG2_OFF), "off again");
	close_queues();
	return TEST_SUCCESS;
}

static int
test_switched(void)
{
	TEST_ASSERT_SUCCESS(switched(NIC_VQ_SPLIT), "split");
	return switched(NIC_VQ_PACKED);
}

/* At a stop the guest is asked for doorbells: that is written, and marked, too. */
static int
test_stop(void)
{
	TEST_ASSERT_SUCCESS(queues(NIC_VQ_SPLIT), "queues");
	post_scattered(0);
	log_on(2, LOG_OFF);
	rxq_start(dp(2));
	memset(guests[2].base + DEVICE_OFF, PATTERN, 2);
	snapshot();
	dp_virtq_quiesce(&guests[2].q);
	TEST_ASSERT_SUCCESS(exact(LOG_OFF), "log");
	close_queues();
	return TEST_SUCCESS;
}

/* --- as a migration reads it --- */

#define HARVEST_ROUNDS 3000u
#define FIRST_BUFFER (BUF_OFF / PAGE)

static uint8_t shadow[QUEUE_MEM];

/* Take the bits of the receiver's pages away, and copy the pages that had one. */
static void
harvest(void)
{
	const unsigned int first = 2 * QUEUE_MEM / PAGE;
	unsigned int i, k;
	uint8_t bits;

	for (i = 0; i < QUEUE_MEM / PAGE; i += 8) {
		bits = __atomic_exchange_n(
			&mem[LOG_OFF + (FIRST_PAGE + first + i) / 8], 0, __ATOMIC_SEQ_CST);
		for (k = i; bits != 0; bits >>= 1, k++) {
			if ((bits & 1) != 0)
				memcpy(shadow + k * PAGE, mem + (first + k) * PAGE, PAGE);
		}
	}
}

/*
 * Four frames on their way, and pages copied meanwhile: then the copy is the memory. The receiver
 * has buffers for eight, so that none is dropped.
 */
static int
harvest_round(void)
{
	unsigned int got = 0, sent = 0, i;
	time_t end = time(NULL) + 20;
	uint16_t id[4];
	uint32_t len;
	int ret;

	for (i = 0; i < 4; i++)
		send_frame((uint16_t)(i * 4), (uint16_t)(200 + rand() % 1000));
	while (got < 4 || sent < 4) {
		harvest();
		sent += take(&guests[1], 3, &len) >= 0;
		ret = got < 4 ? take(&guests[2], 2, &len) : -1;
		if (ret >= 0)
			id[got++] = (uint16_t)ret;
		TEST_ASSERT(time(NULL) < end, "%u sent, %u received of 4", sent, got);
	}
	harvest();
	for (i = FIRST_BUFFER; i < QUEUE_MEM / PAGE; i++)
		TEST_ASSERT(memcmp(shadow + i * PAGE, guests[2].base + i * PAGE, PAGE) == 0,
			"page %#x was in the log before it was written", i);
	for (i = 0; i < 4; i++)
		post_rx(&guests[2], id[i], BUF_LEN);
	atomic_store(&bar[2][0], 0);
	return TEST_SUCCESS;
}

static int
test_harvest(void)
{
	static struct nic_var vars[N_FUNCS];
	unsigned int i;
	int ret = TEST_SUCCESS;

	nic_setup();
	TEST_ASSERT_SUCCESS(dp_start(&nic), "start");
	dp_pause(&nic);
	for (i = 1; i < N_FUNCS; i++)
		TAILQ_INSERT_TAIL(&funcs[i].objs[NIC_OBJ_VAR], &vars[i].obj, next);
	TEST_ASSERT_SUCCESS(guest_open(1, NIC_VQ_SPLIT), "transmit queue");
	TEST_ASSERT_SUCCESS(guest_open(2, NIC_VQ_SPLIT), "receive queue");
	lane_open(&lane, 2);
	log_on(2, LOG_OFF);
	for (i = 0; i < 8; i++)
		post_rx(&guests[2], (uint16_t)(i * 2), BUF_LEN);
	memcpy(shadow, guests[2].base, QUEUE_MEM);
	dp_resume(&nic);
	srand(3);
	for (i = 0; ret == TEST_SUCCESS && i < HARVEST_ROUNDS; i++)
		ret = harvest_round();
	dp_pause(&nic);
	close_queues();
	dp_resume(&nic);
	dp_stop(&nic);
	nic.wire = no_wire;
	return ret;
}

/* --- logs that cannot be written --- */

static struct nic_mkey log_key;

static void
too_short(struct nic_virtq *q)
{
	q->dirty_size = (uint32_t)(FIRST_PAGE / 8);
}

static void
outside_key(struct nic_virtq *q)
{
	q->dirty_addr = MEM_GPA + MEM_LEN - FIRST_PAGE / 8;
}

static void
dead_key(struct nic_virtq *q)
{
	q->dirty_mkey = 0x100;
}

static void
read_only_key(struct nic_virtq *q)
{
	log_key.perm = NIC_PERM_LR;
	q->dirty_mkey = log_key.obj.id << 8;
}

static void
foreign_key(struct nic_virtq *q)
{
	static struct nic_pd other;

	log_key.pd = &other;
	q->dirty_mkey = log_key.obj.id << 8;
}

static const struct {
	const char *what;
	void (*spoil)(struct nic_virtq *q);
} bad_logs[] = {
	{"too short", too_short},
	{"outside of its key", outside_key},
	{"of a dead key", dead_key},
	{"of a key for reading", read_only_key},
	{"of another protection domain", foreign_key},
};

/* The queue that writes fails, with what it wrote before visible; the sender does not. */
static int
test_bad_log(void)
{
	unsigned int i;
	uint32_t len;

	for (i = 0; i < RTE_DIM(bad_logs); i++) {
		TEST_ASSERT_SUCCESS(queues(NIC_VQ_SPLIT), "queues");
		log_key = mkey;
		log_key.obj.id = 2;
		log_key.tag = 0;
		mkey_tbl[2] = &log_key;
		guests[2].q.counters = &counters;
		guests[1].q.counters = NULL;
		post_scattered(0);
		post_scattered(4);
		rxq_start(dp(2));
		log_on(2, LOG_OFF);
		bad_logs[i].spoil(&guests[2].q);
		dp_virtq_dirty(&guests[2].q);
		send_frame(0, 500);
		while (txq_serve(eng, &dp(1)->base))
			eng->now += 20000;
		TEST_ASSERT_EQUAL(
			guests[2].q.state, NIC_VQ_ERR, "a log %s: no error", bad_logs[i].what);
		TEST_ASSERT_EQUAL(guests[2].q.error_type, NIC_VQ_ERR_INVALID_BUFFER,
			"a log %s: error type", bad_logs[i].what);
		TEST_ASSERT_EQUAL(atomic_load(&counters.invalid_buffer), 1u, "counter");
		TEST_ASSERT_EQUAL(n_object_events, 1u, "events");
		while (take(&guests[2], 3, &len) >= 0)
			;
		TEST_ASSERT_EQUAL(guests[2].q.used_idx, guests[2].used, "used index");
		TEST_ASSERT_EQUAL(guests[1].q.state, NIC_VQ_RDY, "the sender");
		TEST_ASSERT_EQUAL(take(&guests[1], 3, &len), 0, "sent");
		mkey_tbl[2] = NULL;
		close_queues();
	}
	return TEST_SUCCESS;
}

/* A log that lies in memory that is no more: the fault is the queue's. */
static int
test_log_truncated(void)
{
	TEST_ASSERT_SUCCESS(file_memory(), "memory");
	TEST_ASSERT_SUCCESS(guest_open(1, NIC_VQ_SPLIT), "transmit queue");
	TEST_ASSERT_SUCCESS(guest_open(2, NIC_VQ_SPLIT), "receive queue");
	lane_open(&lane, 2);
	post_scattered(0);
	log_on(2, LOG_OFF);
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, LOG_OFF), "cut off the log");
	send_frame(0, 500);
	while (txq_serve(eng, &dp(1)->base))
		eng->now += 20000;
	TEST_ASSERT_EQUAL(guests[2].q.state, NIC_VQ_ERR, "the receiver");
	TEST_ASSERT_EQUAL(guests[1].q.state, NIC_VQ_RDY, "the sender");
	close_queues();
	usual_memory();
	return TEST_SUCCESS;
}

static struct unit_test_suite dirty_suite = {
	.suite_name = "dirty",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_split),
			TEST_CASE(test_packed),
			TEST_CASE(test_switched),
			TEST_CASE(test_stop),
			TEST_CASE(test_harvest),
			TEST_CASE(test_bad_log),
			TEST_CASE(test_log_truncated),
			TEST_CASES_END(),
		},
};

static int
test_dirty(void)
{
	return unit_test_suite_runner(&dirty_suite);
}

REGISTER_TEST_COMMAND(dirty_autotest, test_dirty);
