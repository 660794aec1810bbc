/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Rings: an input is a program that starts with running queues, a pair on each of two functions.
 */
#include "fuzz.h"
#include "program.h"

/* As enum ring_action of host.c counts them. */
enum {
	DESC,
	PACKED,
	OFFER,
	BYTES,
	BUFFER,
	FRAME,
	TABLE,
	DOORBELL,
	ARM,
	POST,
	WAIT,
	SPIN,
	ENTRY,
	TAKE
};

/* Fields of a descriptor, see host.c. */
#define D(off, len, flags, next) \
	((uint64_t)(off) | (uint64_t)(len) << 24 | (uint64_t)(flags) << 44 | (uint64_t)(next) << 48)
#define P(off, len, id, flags) \
	((uint64_t)(off) | (uint64_t)(len) << 24 | (uint64_t)(id) << 40 | (uint64_t)(flags) << 48)
#define AVAIL 0x40
#define F_NEXT 1
#define F_WRITE 2
#define F_INDIRECT 4
#define RX 0 /* queues of a context */
#define TX 1
#define BUF(n) ((n)*0x1000)
#define AT(n) (BUF(n) / 16) /* where FRAME and TABLE count from */

static int
init(void)
{
	return run_init(RUN_NIC "[func 2]\npromisc = 1\nmc = 33:33:00:00:00:05\n");
}

static void
run(const uint8_t *data, size_t size)
{
	program_run(data, size, true);
}

/* The second context has buffers to receive into. */
static const struct rec give_split[] = {
	{DESC, RX, 0, D(BUF(8), 2048, F_WRITE, 0)},
	{DESC, RX, 1, D(BUF(9), 64, F_WRITE | F_NEXT, 2)},
	{DESC, RX, 2, D(BUF(10), 4000, F_WRITE, 0)},
	{OFFER, RX, 0, 0},
	{OFFER, RX, 1, 0},
	{POST, 0, 0, 16},
	{ARM, 0, 0, 0},
	{DOORBELL, 0, 0, 0},
	{WAIT, 0, 0, 0},
};
static const struct rec give_packed[] = {
	{PACKED, RX, 0, P(BUF(8), 2048, 1, F_WRITE | AVAIL)},
	{PACKED, RX, 1, P(BUF(9), 64, 2, F_WRITE | F_NEXT | AVAIL)},
	{PACKED, RX, 2, P(BUF(10), 4000, 2, F_WRITE | AVAIL)},
	{POST, 0, 0, 16},
	{ARM, 0, 0, 0},
	{DOORBELL, 0, 0, 0},
	{WAIT, 0, 0, 0},
};
/* Frames to it, to nobody, and to all: in one piece, in two, by an indirect table. */
static const struct rec send_split[] = {
	{FRAME, 0, AT(0), 2},
	{FRAME, 0, AT(1), 3 | 4 | 8},
	{FRAME, 0, AT(2), 2 | 32 | 40 << 8 | 100 << 16},
	{DESC, TX, 0, D(BUF(0), 76, 0, 0)},
	{DESC, TX, 1, D(BUF(1), 12, F_NEXT, 2)},
	{DESC, TX, 2, D(BUF(1) + 12, 90, 0, 0)},
	{TABLE, 0, AT(4), D(BUF(2), 12, F_NEXT, 1)},
	{TABLE, 0, AT(4) + 1, D(BUF(2) + 12, 1000, 0, 0)},
	{DESC, TX, 3, D(BUF(4), 32, F_INDIRECT, 0)},
	{OFFER, TX, 0, 0},
	{OFFER, TX, 1, 0},
	{OFFER, TX, 3, 0},
	{DOORBELL, 0, 0, 1},
	{WAIT, 0, 0, 0},
};
static const struct rec send_packed[] = {
	{FRAME, 0, AT(0), 2},
	{FRAME, 0, AT(1), 3 | 16},
	{FRAME, 0, AT(2), 2 | 4 | 32 | 60 << 8 | 100 << 16},
	{TABLE, 0, AT(4), D(BUF(2), 12, 0, 0)},
	{TABLE, 0, AT(4) + 1, D(BUF(2) + 12, 1000, 0, 0)},
	{PACKED, TX, 0, P(BUF(0), 76, 1, AVAIL)},
	{PACKED, TX, 1, P(BUF(1), 12, 2, F_NEXT | AVAIL)},
	{PACKED, TX, 2, P(BUF(1) + 12, 90, 2, AVAIL)},
	{PACKED, TX, 3, P(BUF(4), 32, 3, F_INDIRECT | AVAIL)},
	{DOORBELL, 0, 0, 1},
	{WAIT, 0, 0, 0},
};
/* HOST_CUT of host.c: shared memory up to the second queue's rings. */
static const struct rec cut = {5, 0, 0, 0x4000};
/* HOST_FAIL: the first event is one of an error; HOST_READ. */
static const struct rec event_error = {0, 3, 0, 2 << 8};
static const struct rec read_all = {8, 0, 0, 4096};
/* To a group, and to nobody. */
static const struct rec more_frames[] = {
	{FRAME, 0, AT(0), 2 | 64},
	{FRAME, 0, AT(1), 128},
	{OFFER, TX, 0, 0},
	{OFFER, TX, 1, 0},
	{DOORBELL, 0, 0, 1},
	{WAIT, 0, 0, 0},
};
/* The third queue of a context is its second that transmits. */
static const struct rec send_third[] = {
	{FRAME, 0, AT(0), 2},
	{DESC, 3, 0, D(BUF(0), 76, 0, 0)},
	{OFFER, 3, 0, 0},
	{POST, 0, 0, 32},
	{ARM, 0, 0, 0},
	{DOORBELL, 0, 0, 1},
	{WAIT, 0, 0, 0},
};
/* While it runs. */
static const struct rec spins[] = {
	{SPIN, TX, 0x1002, 200 << 8 | 5},
	{DOORBELL, 0, 0, 1},
	{SPIN, TX, 0x0c, 200 << 8 | 4},
	{SPIN, RX, 0x1002, 200 << 8 | 7},
	{WAIT, 0, 0, 0},
};

/* Entries of a send queue: whole, in pieces, cut, with a tag; a spoilt one; after its way back. */
#define E(off, len) ((uint64_t)(off) | (uint64_t)(len) << 24)
static const struct rec send_raw[] = {
	{FRAME, 0, AT(0), 2},
	{FRAME, 0, AT(1), 2 | 4 | 16},
	{ENTRY, 2, 0, E(BUF(0) + 12, 200)},
	{ENTRY, 8 | 64, 0, E(BUF(1) + 12, 100)},
	{ENTRY, 2 | 32, 0, E(BUF(0) + 12, 60)},
	{WAIT, 0, 0, 0},
	{ENTRY, 4 | 8 | 16, 0, E(BUF(0) + 12, 3000) | 5ull << 56},
	{ENTRY, 1, 0x20, 0x0102030405060708},
	{ENTRY, 2, 0, E(BUF(0) + 12, 200)},
	{WAIT, 0, 0, 0},
	{ENTRY, 2, 0, E(0x800000, 200)},
	{WAIT, 0, 0, 0},
};
/* A receive queue of the one function, and a sender in the other. */
static const char *const raw_rx[] = {"alloc-q-counter", "create-rq", "rq-ready", "create-tir-rq",
	"matcher-create", "flow-create", NULL};
static const struct rec take_raw[] = {
	{TAKE, 0, 0, E(BUF(2), 2048)},
	{TAKE, 2, 0, E(BUF(3), 50)},
	{TAKE, 0, 0, E(BUF(3), 10)},
	{TAKE, 0, 0, E(BUF(3), 0)},
};
static const struct rec take_bad[] = {
	{TAKE, 4, 0, E(BUF(2), 2048)},
	{TAKE, 8, 0, E(BUF(2), 2048)},
	{TAKE, 1, 0x40, 0x0102030405060708},
	{TAKE, 0, 0, E(0x800000, 2048)},
	{TAKE, 0, 0, E(BUF(2), 2048)},
};
static const char *const rx_again[] = {"query-rq", "query-q-counter", "rq-reset", "rq-ready", NULL};
static const char *const raw[] = {"create-sq", "sq-ready", NULL};
static const char *const raw_again[] = {"query-sq", "sq-error", "sq-reset", "sq-ready", NULL};
static const char *const stop_start[] = {"virtq-tx-suspend", "query-virtq-tx", "virtq-tx-modify",
	"virtq-tx-ready", "virtq-rx-suspend", "virtq-rx-modify", "virtq-rx-ready", NULL};
static const char *const logs[] = {"virtq-tx-log", "virtq-rx-log", NULL};
static const char *const events[] = {"event-channel-data", "subscribe-cq", "subscribe-eventfd",
	"virtq-rx-suspend", "virtq-rx-moderate", "virtq-rx-ready", NULL};
static const char *const verbs_cq[] = {"completion-channel", "async-channel", "cq-create",
	"create-qp-verbs-cq", "create-event-qp", "qp-rst2init", "qp-init2rtr", "event-qp-rst2init",
	"event-qp-init2rtr", "event-qp-rtr2rts", "create-virtq-tx", "virtq-tx-ready",
	"query-verbs-cq", "modify-verbs-cq", NULL};
static const char *const gone[] = {"mr-destroy", "destroy-cq", "query-virtq-tx", "query-counters",
	"query-virtq-rx", "destroy-virtq-tx", NULL};

#define STEP(p, flags, list) program_step(p, "ring", flags, list, sizeof(list) / sizeof(list[0]))

static void
traffic(struct program *p, bool packed)
{
	if (packed) {
		STEP(p, STEP_CTX, give_packed);
		STEP(p, 0, send_packed);
	} else {
		STEP(p, STEP_CTX, give_split);
		STEP(p, 0, send_split);
	}
}

static size_t
seed(unsigned int n, uint8_t *data, size_t max)
{
	bool packed = (n & 1) != 0;
	struct program p;

	program_begin(&p, data, max,
		(packed ? PROG_PACKED : 0) | (n & 2 ? PROG_OFFLOAD : 0) | (n & 4 ? PROG_KLM : 0));
	switch (n / 4) {
	case 0:
		traffic(&p, packed);
		break;
	case 1: /* stopped in between */
		program_add(&p, 0, stop_start);
		traffic(&p, packed);
		program_add(&p, STEP_CTX, stop_start);
		break;
	case 2: /* memory and CQ go under it */
		traffic(&p, packed);
		program_add(&p, STEP_CTX, gone);
		traffic(&p, packed);
		break;
	case 3: /* the file behind the memory is cut short */
		program_step(&p, "host", 0, &cut, 1);
		traffic(&p, packed);
		break;
	case 4:
		traffic(&p, packed);
		STEP(&p, 0, spins);
		break;
	case 5: /* what is written is logged */
		program_add(&p, 0, logs);
		program_add(&p, STEP_CTX, logs);
		traffic(&p, packed);
		break;
	case 6: /* events of all kinds */
		program_add(&p, STEP_CTX, events);
		program_step(&p, "host", 0, &event_error, 1);
		traffic(&p, packed);
		STEP(&p, 0, more_frames);
		program_add(&p, 0, verbs_cq);
		STEP(&p, 0, send_third);
		program_step(&p, "host", STEP_CTX, &read_all, 1);
		break;
	case 7: /* raw queues */
		traffic(&p, packed);
		program_add(&p, 0, raw);
		STEP(&p, 0, send_raw);
		program_add(&p, 0, raw_again);
		STEP(&p, 0, send_raw);
		break;
	case 8: /* raw receive queues, of a virtqueue's frames */
		program_add(&p, STEP_CTX, raw_rx);
		STEP(&p, STEP_CTX, take_raw);
		traffic(&p, packed);
		STEP(&p, STEP_CTX, take_bad);
		STEP(&p, 0, send_third);
		program_add(&p, STEP_CTX, rx_again);
		STEP(&p, STEP_CTX, take_raw);
		STEP(&p, 0, send_third);
		break;
	default:
		return 0;
	}
	return p.size;
}

const struct fuzz_target fuzz_target = {
	.name = "ring",
	.init = init,
	.run = run,
	.mutate = prog_mutate,
	.seed = seed,
	.print = program_print,
};
