/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * How a virtqueue of the emulated NIC notifies: moderation, failures on demand, and a queue pair
 * whose peer does not take its messages. Times are waited for, never measured.
 */
#include "dp_rig.h"

#include <stdlib.h>
#include <time.h>

#include "dp/notify.h"

#define LONG_US 4095 /* the largest queue_period_us */
#define PATIENCE_S 20 /* for what is to happen within milliseconds */

static const struct buf one = {BUF_OFF, 100, 0};
static struct nic_cq *cq;

/* Transmit queue 3 of function 2, whose event queue pair has all that it needs. */
static int
open_queue(enum nic_virtq_type type)
{
	TEST_ASSERT_SUCCESS(guest_open(3, type), "queue");
	guests[3].q.event_mode = NIC_VQ_QP;
	guests[3].q.event_qp = &qps[0];
	qps[0].ack_timeout = 14;
	qps[0].retry_count = 7;
	qps[0].rnr_retry = 7;
	*word(QP_DBR) = htobe32(1000);
	bar[1][BELL] = 1;
	return TEST_SUCCESS;
}

static int
setup_queue(enum nic_virtq_type type)
{
	cq = cq_setup(true);
	return open_queue(type);
}

/* A chain is sent, and completed. */
static int
complete_one(void)
{
	uint32_t len;

	post(&guests[3], 0, &one, 1);
	TEST_ASSERT_EQUAL(vq_fetch(dp(3), 1), 1, "fetched");
	vq_complete(dp(3), 0);
	vq_publish(dp(3));
	TEST_ASSERT_EQUAL(take(&guests[3], 1, &len), 0, "completed");
	return TEST_SUCCESS;
}

/* What the engine does for the queue in each round. */
static void
attend(void)
{
	unsigned int attn = atomic_exchange(&dp(3)->base.attn, 0);

	notify_attend(dp(3), attn & VQ_ATTN_EVENT);
}

/* Rounds until nothing waits. False: something waits for ever. */
static bool
settles(void)
{
	time_t end = time(NULL) + PATIENCE_S;

	while ((atomic_load(&dp(3)->base.attn) & VQ_ATTN_EVENT & ~(unsigned int)VQ_ATTN_ARM) != 0) {
		if (time(NULL) > end)
			return false;
		attend();
	}
	return true;
}

/* --- moderation --- */

static int
test_moderation(void)
{
	struct nic_virtq *q = &guests[3].q;
	uint64_t due;

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	q->period_us = LONG_US;
	q->max_pending = 3;
	TEST_ASSERT_SUCCESS(complete_one(), "first");
	due = dp(3)->event.due;
	TEST_ASSERT_SUCCESS(complete_one(), "second");
	TEST_ASSERT_EQUAL(dp(3)->event.due, due, "the time is that of the first completion");
	TEST_ASSERT_EQUAL(cq->pi, 0u, "an event before its count and its time");
	TEST_ASSERT_SUCCESS(complete_one(), "third");
	TEST_ASSERT_EQUAL(cq->pi, 1u, "as many as are to be waited for");
	TEST_ASSERT_EQUAL(atomic_load(&dp(3)->base.attn) & VQ_ATTN_MODERATED, 0u, "nothing waits");
	TEST_ASSERT_SUCCESS(complete_one(), "fourth");
	TEST_ASSERT_EQUAL(cq->pi, 1u, "held back again");
	TEST_ASSERT(settles(), "held back for ever");
	TEST_ASSERT_EQUAL(cq->pi, 2u, "its time came");

	q->period_mode = 2;
	q->max_pending = 0;
	TEST_ASSERT_SUCCESS(complete_one(), "first");
	due = dp(3)->event.due;
	TEST_ASSERT_SUCCESS(complete_one(), "second");
	TEST_ASSERT(dp(3)->event.due > due, "the time is that of the last completion");
	TEST_ASSERT(settles(), "held back for ever");
	TEST_ASSERT_EQUAL(cq->pi, 3u, "its time came");

	q->period_us = 0;
	q->max_pending = 100;
	TEST_ASSERT_SUCCESS(complete_one(), "a count without a time");
	TEST_ASSERT_EQUAL(cq->pi, 4u, "would be waited for for ever");
	guest_close(3);
	return TEST_SUCCESS;
}

/* The guest may change its mind while an event is held back; a stop holds nothing back. */
static int
test_moderation_ends(void)
{
	uint16_t *driver;
	struct nic_virtq *q = &guests[3].q;

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	driver = (uint16_t *)(guests[3].base + DRIVER_OFF);
	q->period_us = LONG_US;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	driver[0] = htole16(VRING_AVAIL_F_NO_INTERRUPT);
	TEST_ASSERT(settles(), "held back for ever");
	TEST_ASSERT_EQUAL(cq->pi, 0u, "an event that the guest does not want any more");
	driver[0] = 0;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	dp_virtq_quiesce(q);
	q->state = NIC_VQ_SUSPEND;
	TEST_ASSERT_EQUAL(cq->pi, 1u, "a stop holds nothing back");
	TEST_ASSERT_EQUAL(
		atomic_load(&dp(3)->base.attn) & VQ_ATTN_EVENT & ~(unsigned int)VQ_ATTN_ARM, 0u,
		"nothing waits");
	guest_close(3);
	return TEST_SUCCESS;
}

/* An event is held back, and the queue fails: the engine delivers it all the same. */
static int
test_moderation_error(void)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	time_t end = time(NULL) + PATIENCE_S;
	uint32_t pi;

	cq = cq_setup(true);
	TEST_ASSERT_SUCCESS(dp_start(&nic), "start");
	dp_pause(&nic);
	TEST_ASSERT_SUCCESS(open_queue(NIC_VQ_SPLIT), "queue");
	guests[3].q.period_us = LONG_US;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	TEST_ASSERT_EQUAL(cq->pi, 0u, "held back");
	vq_fail(dp(3), VQ_E_LOOP);
	do {
		dp_resume(&nic);
		nanosleep(&nap, NULL);
		dp_pause(&nic);
		pi = cq->pi;
	} while (pi == 0 && time(NULL) < end);
	guest_close(3);
	dp_resume(&nic);
	dp_stop(&nic);
	nic.wire = no_wire;
	TEST_ASSERT_EQUAL(pi, 1u, "lost with the queue");
	return TEST_SUCCESS;
}

/* A queue without notification has none, whatever else is set. */
static int
test_no_events(void)
{
	const struct fault lost = {.func = -1, .kind = FAULT_EVENT, .nth = 1, .how = FAULT_LOST};

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	TEST_ASSERT_SUCCESS(fault_add(&nic, &lost), "fault");
	guests[3].q.event_mode = NIC_VQ_NO_MSIX;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	TEST_ASSERT(settles(), "waits for ever");
	TEST_ASSERT_EQUAL(cq->pi, 0u, "an event");
	TEST_ASSERT_EQUAL(atomic_load(&nic.faults_struck), 0u, "an event that could be lost");
	fault_clear(&nic, -1);
	guest_close(3);
	return TEST_SUCCESS;
}

/* --- failures on demand --- */

static int
test_struck(void)
{
	const struct fault lost = {.func = -1, .kind = FAULT_EVENT, .nth = 2, .how = FAULT_LOST};
	const struct fault late = {
		.func = -1, .kind = FAULT_EVENT, .nth = 1, .how = FAULT_DELAY, .value = 20};

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_PACKED), "queue");
	TEST_ASSERT_SUCCESS(fault_add(&nic, &lost), "the second is lost");
	TEST_ASSERT_SUCCESS(complete_one(), "first");
	TEST_ASSERT_EQUAL(cq->pi, 1u, "first");
	TEST_ASSERT_SUCCESS(complete_one(), "second");
	TEST_ASSERT(settles(), "a lost event waits");
	TEST_ASSERT_EQUAL(cq->pi, 1u, "lost");
	TEST_ASSERT_SUCCESS(complete_one(), "third");
	TEST_ASSERT_EQUAL(cq->pi, 2u, "the next one is not lost");
	TEST_ASSERT_EQUAL(atomic_load(&nic.faults_struck), 1u, "struck");

	TEST_ASSERT_SUCCESS(fault_add(&nic, &late), "the next is late");
	TEST_ASSERT_SUCCESS(complete_one(), "late");
	TEST_ASSERT_SUCCESS(complete_one(), "behind it");
	TEST_ASSERT_EQUAL(cq->pi, 2u, "what is behind a late one waits");
	TEST_ASSERT(settles(), "late for ever");
	TEST_ASSERT_EQUAL(cq->pi, 3u, "one event for both");
	TEST_ASSERT_SUCCESS(complete_one(), "next");
	TEST_ASSERT_EQUAL(cq->pi, 4u, "and on");
	fault_clear(&nic, -1);
	guest_close(3);
	return TEST_SUCCESS;
}

/* The peer fails: that is a completion like any other, and the last one. */
static int
test_struck_in_error(void)
{
	const struct fault error = {.func = -1, .kind = FAULT_EVENT, .nth = 2, .how = FAULT_ERROR};
	const uint8_t *last = (const uint8_t *)word(0) + sizeof(struct mlx5_cqe64) - 1;

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	TEST_ASSERT_SUCCESS(fault_add(&nic, &error), "the second completes in error");
	TEST_ASSERT_SUCCESS(complete_one(), "first");
	TEST_ASSERT_EQUAL(*last >> 4, MLX5_CQE_RESP_SEND, "opcode 0x%x", *last >> 4);
	TEST_ASSERT_SUCCESS(complete_one(), "second");
	TEST_ASSERT_EQUAL(cq->pi, 2u, "the error is a completion");
	TEST_ASSERT_EQUAL(*last >> 4, MLX5_CQE_RESP_ERR, "opcode 0x%x", *last >> 4);
	TEST_ASSERT_EQUAL(qps[1].state, NIC_QP_ERR, "the queue pair is in error");
	TEST_ASSERT_SUCCESS(complete_one(), "third");
	TEST_ASSERT_EQUAL(cq->pi, 2u, "nothing comes through it");
	qps[1].state = NIC_QP_RTS;
	fault_clear(&nic, -1);
	guest_close(3);
	return TEST_SUCCESS;
}

/* --- a queue pair whose messages nobody takes --- */

static void
peer_gone(void)
{
	qps[0].remote_qpn = RTE_DIM(qps);
}

static void
peer_reset(void)
{
	qps[1].state = NIC_QP_RST;
}

static void
peer_not_ready(void)
{
	qps[1].state = NIC_QP_INIT;
}

static void
peer_error(void)
{
	qps[1].state = NIC_QP_ERR;
}

static void
peer_of_another(void)
{
	qps[1].remote_qpn = 1;
}

static void
no_wqe(void)
{
	*word(QP_DBR) = 0;
	qps[0].rnr_retry = 1;
	qps[1].min_rnr_nak = 1;
}

static void
cq_overrun(void)
{
	/* all entries are in use, and nobody looks */
	cq->pi = 1u << CQ_LOG;
}

static void
own_error(void)
{
	qps[0].state = NIC_QP_ERR;
}

static void
own_reset(void)
{
	qps[0].state = NIC_QP_RST;
}

static const struct {
	const char *what;
	void (*spoil)(void);
	enum vq_error why;
	enum nic_qp_state own; /* of the event queue pair, afterwards */
} rows[] = {
	{"peer is gone", peer_gone, VQ_E_QP_NO_ACK, NIC_QP_ERR},
	{"peer is in RST", peer_reset, VQ_E_QP_NO_ACK, NIC_QP_ERR},
	{"peer is in INIT", peer_not_ready, VQ_E_QP_NO_ACK, NIC_QP_ERR},
	{"peer is in ERR", peer_error, VQ_E_QP_NO_ACK, NIC_QP_ERR},
	{"peer is connected to another", peer_of_another, VQ_E_QP_NO_ACK, NIC_QP_ERR},
	{"peer has no receive WQE", no_wqe, VQ_E_QP_RNR, NIC_QP_ERR},
	{"CQ of the peer overruns", cq_overrun, VQ_E_QP_REMOTE, NIC_QP_ERR},
	{"in ERR itself", own_error, VQ_E_QP_STATE, NIC_QP_ERR},
	{"in RST itself", own_reset, VQ_E_QP_STATE, NIC_QP_RST},
};

/* The queue fails, with its event; nothing waits; a new queue in its place works. */
static int
test_given_up(void)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(rows); i++) {
		TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
		qps[0].ack_timeout = 1;
		qps[0].retry_count = 1;
		rows[i].spoil();
		TEST_ASSERT_SUCCESS(complete_one(), "%s", rows[i].what);
		TEST_ASSERT(settles(), "%s: waits for ever", rows[i].what);
		TEST_ASSERT_EQUAL(guests[3].q.state, NIC_VQ_ERR, "%s: state", rows[i].what);
		TEST_ASSERT_EQUAL(guests[3].q.error_type, NIC_VQ_ERR_NETWORK, "error type");
		TEST_ASSERT_EQUAL(
			atomic_load(&funcs[2].vq_errors[rows[i].why]), 1u, "%s", rows[i].what);
		TEST_ASSERT_EQUAL(atomic_load(&counters.error_cqes), 1u, "%s", rows[i].what);
		TEST_ASSERT_EQUAL(n_object_events, 1u, "%s: events", rows[i].what);
		TEST_ASSERT_EQUAL(qps[0].state, rows[i].own, "%s: queue pair", rows[i].what);
		TEST_ASSERT_EQUAL(guests[3].q.used_idx, guests[3].used, "used index");
		guest_close(3);
		TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "a new queue");
		TEST_ASSERT_SUCCESS(complete_one(), "a new queue");
		TEST_ASSERT_EQUAL(cq->pi, 1u, "%s: a new queue's event", rows[i].what);
		guest_close(3);
	}
	return TEST_SUCCESS;
}

/* What a driver that asks for retries without end gets; the peer that comes back gets the event. */
static int
test_retried(void)
{
	unsigned int i;

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	*word(QP_DBR) = 0;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	for (i = 0; i < 1000; i++)
		attend();
	TEST_ASSERT_EQUAL(guests[3].q.state, NIC_VQ_RDY, "no receive WQE: retried");
	*word(QP_DBR) = htobe32(4);
	TEST_ASSERT(settles(), "a WQE was posted");
	TEST_ASSERT_EQUAL(cq->pi, 1u, "delivered");

	qps[0].ack_timeout = 0;
	qps[1].state = NIC_QP_RST;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	for (i = 0; i < 1000; i++)
		attend();
	TEST_ASSERT_EQUAL(guests[3].q.state, NIC_VQ_RDY, "a time-out of 0: retried");
	qps[1].state = NIC_QP_RTR;
	TEST_ASSERT(settles(), "the peer is back");
	TEST_ASSERT_EQUAL(cq->pi, 2u, "delivered");
	guest_close(3);
	return TEST_SUCCESS;
}

/* An event waits for its CQ to be armed, and the driver takes the queue pair from the queue. */
static int
test_disconnected(void)
{
	struct nic_virtq *q = &guests[3].q;

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	bar[1][BELL] = 0;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	TEST_ASSERT((atomic_load(&dp(3)->base.attn) & VQ_ATTN_ARM) != 0, "waits for the CQ");
	dp_virtq_quiesce(q);
	q->state = NIC_VQ_SUSPEND;
	q->event_mode = NIC_VQ_NO_MSIX;
	q->event_qp = NULL;
	attend();
	TEST_ASSERT_EQUAL(atomic_load(&dp(3)->base.attn) & VQ_ATTN_EVENT, 0u, "waits for ever");
	guest_close(3);
	return TEST_SUCCESS;
}

/* The same while the queue pair does not take a message: how long it waited is its own matter. */
static int
test_disconnected_stuck(void)
{
	struct nic_virtq *q = &guests[3].q;

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	*word(QP_DBR) = 0;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	TEST_ASSERT(dp(3)->event.since != 0, "nobody takes it");
	q->event_mode = NIC_VQ_NO_MSIX;
	attend();
	TEST_ASSERT_EQUAL(dp(3)->event.since, 0u, "the next message has waited that long already");
	guest_close(3);
	return TEST_SUCCESS;
}

/* The function dies while a message waits for a receive WQE, and another event for its time. */
static int
test_dead(void)
{
	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	*word(QP_DBR) = 0;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	guests[3].q.period_us = 1;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	guests[3].q.state = NIC_VQ_ERR;
	dp_virtq_dead(&guests[3].q);
	*word(QP_DBR) = htobe32(4);
	TEST_ASSERT(settles(), "waits for ever");
	TEST_ASSERT_EQUAL(cq->pi, 0u, "a completion of a function that is dead");
	guest_close(3);
	return TEST_SUCCESS;
}

/* Two engines, one event: what one of them sent the other does not send again. */
static int
test_sent_already(void)
{
	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	guests[3].q.period_us = 1;
	atomic_fetch_or(&dp(3)->base.attn, VQ_ATTN_MODERATED);
	attend();
	TEST_ASSERT_EQUAL(cq->pi, 0u, "an event for nothing");
	guest_close(3);
	return TEST_SUCCESS;
}

/* --- records and entries in a file that its owner cuts short --- */

#define CUT (4 * QUEUE_MEM) /* behind all queues */

static void
publish(struct dp_engine *e, struct dp_queue *q)
{
	(void)e;
	vq_publish(vq_of(q));
}

static void
notify(struct dp_engine *e, struct dp_queue *q)
{
	unsigned int attn = atomic_exchange(&q->attn, 0);

	(void)e;
	notify_attend(vq_of(q), attn & VQ_ATTN_EVENT);
}

/* As complete_one(), with a step that faults. */
static int
complete_and_fault(void)
{
	post(&guests[3], 0, &one, 1);
	TEST_ASSERT_EQUAL(vq_fetch(dp(3), 1), 1, "fetched");
	vq_complete(dp(3), 0);
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, CUT), "cut short");
	TEST_ASSERT(!engine_dma(eng, &dp(3)->base, publish), "no fault");
	TEST_ASSERT_EQUAL(n_cq_errors, 1u, "a CQ is in error");
	return TEST_SUCCESS;
}

static int
other_record(void)
{
	static struct nic_cq other;
	struct nic_obj_list *cqs = &funcs[1].objs[NIC_OBJ_CQ];

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	other = *cq;
	other.obj.id = cq->obj.id + 1;
	other.dbr_offset = CUT;
	TAILQ_INSERT_HEAD(cqs, &other.obj, next);
	TEST_ASSERT_SUCCESS(complete_and_fault(), "fault");
	TEST_ASSERT(other.error && !cq->error, "the CQ whose record it is, and no other");
	TEST_ASSERT_EQUAL(n_comp_events, 0u, "not yet");
	TEST_ASSERT(engine_dma(eng, &dp(3)->base, notify), "another fault");
	TEST_ASSERT_EQUAL(n_comp_events, 1u, "the ring of the UAR, or the event, was lost");
	TEST_ASSERT_EQUAL(atomic_load(&dp(3)->base.attn) & VQ_ATTN_EVENT, 0u, "waits for ever");
	guest_close(3);
	return TEST_SUCCESS;
}

static int
own_entries(void)
{
	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	cq->offset = CUT;
	TEST_ASSERT_SUCCESS(complete_and_fault(), "fault");
	TEST_ASSERT_EQUAL(guests[3].q.state, NIC_VQ_RDY, "its queue pair has not said so yet");
	TEST_ASSERT(engine_dma(eng, &dp(3)->base, notify), "another fault");
	TEST_ASSERT_EQUAL(guests[3].q.state, NIC_VQ_ERR, "the message is forgotten");
	TEST_ASSERT_EQUAL(atomic_load(&funcs[2].vq_errors[VQ_E_QP_REMOTE]), 1u, "why");
	TEST_ASSERT_EQUAL(atomic_load(&dp(3)->base.attn) & VQ_ATTN_EVENT, 0u, "waits for ever");
	guest_close(3);
	return TEST_SUCCESS;
}

/* The record of the queue pair: no CQ's, and no message is tried on it again. */
static int
peer_record(void)
{
	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	qps[1].dbr_offset = CUT;
	post(&guests[3], 0, &one, 1);
	TEST_ASSERT_EQUAL(vq_fetch(dp(3), 1), 1, "fetched");
	vq_complete(dp(3), 0);
	TEST_ASSERT_SUCCESS(ftruncate(file_fd, CUT), "cut short");
	TEST_ASSERT(!engine_dma(eng, &dp(3)->base, publish), "no fault");
	TEST_ASSERT_EQUAL(guests[3].q.state, NIC_VQ_ERR, "state");
	TEST_ASSERT(
		!engine_dma(eng, &dp(3)->base, notify), "what was completed before is to be told");
	TEST_ASSERT_EQUAL(atomic_load(&dp(3)->base.attn) & VQ_ATTN_EVENT, 0u, "faults for ever");
	guest_close(3);
	return TEST_SUCCESS;
}

static int
test_faults(void)
{
	static int (*const cases[])(void) = {other_record, own_entries, peer_record};
	unsigned int i;
	int ret;

	for (i = 0; i < RTE_DIM(cases); i++) {
		TEST_ASSERT_SUCCESS(file_memory(), "memory");
		ret = cases[i]();
		usual_memory();
		TEST_ASSERT_SUCCESS(ret, "case %u", i);
	}
	return TEST_SUCCESS;
}

/* Queue pairs of a queue that is suspended are the driver's: it may take them through RST. */
static int
test_suspended(void)
{
	struct nic_virtq *q = &guests[3].q;

	TEST_ASSERT_SUCCESS(setup_queue(NIC_VQ_SPLIT), "queue");
	*word(QP_DBR) = 0;
	TEST_ASSERT_SUCCESS(complete_one(), "completed");
	dp_virtq_quiesce(q);
	q->state = NIC_VQ_SUSPEND;
	qps[0].state = qps[1].state = NIC_QP_RST;
	TEST_ASSERT(settles(), "waits for ever");
	TEST_ASSERT_EQUAL(qps[0].state, NIC_QP_RST, "the driver's step is undone");
	TEST_ASSERT_EQUAL(q->state, NIC_VQ_SUSPEND, "state");
	TEST_ASSERT_EQUAL(n_object_events, 0u, "events");
	guest_close(3);
	return TEST_SUCCESS;
}

static struct unit_test_suite notify_suite = {
	.suite_name = "notify",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_moderation),
			TEST_CASE(test_moderation_ends),
			TEST_CASE(test_moderation_error),
			TEST_CASE(test_no_events),
			TEST_CASE(test_struck),
			TEST_CASE(test_struck_in_error),
			TEST_CASE(test_given_up),
			TEST_CASE(test_retried),
			TEST_CASE(test_disconnected),
			TEST_CASE(test_disconnected_stuck),
			TEST_CASE(test_dead),
			TEST_CASE(test_sent_already),
			TEST_CASE(test_faults),
			TEST_CASE(test_suspended),
			TEST_CASES_END(),
		},
};

static int
test_notify(void)
{
	return unit_test_suite_runner(&notify_suite);
}

REGISTER_TEST_COMMAND(notify_autotest, test_notify);
