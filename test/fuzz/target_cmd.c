/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Commands and ioctls: an input is a program that starts with two open devices and nothing else.
 */
#include <string.h>

#include "fuzz.h"
#include "program.h"

/* Traced, so that what reads a mailbox to describe it meets every mailbox. */
static int
init(void)
{
	return run_init(RUN_NIC "learn = 1\ntrace = /dev/null\n");
}

static void
run(const uint8_t *data, size_t size)
{
	program_run(data, size, false);
}

/* One of each object, asked for, changed, and destroyed in the order in which that is allowed. */
static const char *const queries[] = {"query-port", "info-handles", "query-gid-table", "query-gid",
	"write-query-device", "write-query-device-ex", "write-query-port", "pd-query", "mr-query",
	"query-cq", "query-qp", "query-event-qp", "query-counters", "query-virtq-rx",
	"query-virtq-tx", "query-rqt", "query-tir", "query-tis", "query-hca-cap",
	"query-vport-state", "query-nic-vport", "query-lag", "query-eqn", "query-uar",
	"command-channel", "query-async", "async-channel", "subscribe-virtq", "subscribe-port",
	"subscribe-eventfd", NULL};
static const char *const changes[] = {"virtq-rx-suspend", "virtq-rx-modify", "virtq-rx-ready",
	"virtq-tx-suspend", "virtq-tx-modify", "virtq-tx-ready", "modify-rqt", "modify-tir",
	"modify-cq", "modify-tis", "event-qp-rts2rts", "event-qp-2err", "event-qp-2rst",
	"event-qp-rst2init", "event-qp-init2init", NULL};
static const char *const keys[] = {"create-pd", "destroy-pd", "create-pd", "alloc-pd",
	"reg-mr-private", "reg-mr-readonly", "reg-mr-file", "umem-reg-private", "umem-reg-readonly",
	"umem-reg-file", "umem-reg", "create-mtt", "query-mkey", "destroy-mkey", "reg-mr",
	"create-klm", "create-klm-fixed", "create-klm-indirect", "query-mkey", "destroy-mkey",
	"dereg-mr", "umem-dereg", "destroy-pd", NULL};
static const char *const destroys[] = {"flow-destroy", "matcher-destroy", "destroy-tir",
	"destroy-rqt", "destroy-virtq-rx", "destroy-virtq-tx", "destroy-counters",
	"destroy-event-qp", "destroy-event-qp", "destroy-qp", "destroy-qp", "destroy-cq",
	"destroy-tis", "destroy-td", "var-destroy", "uar-destroy", "umem-dereg", "destroy-mkey",
	"mr-destroy", "pd-destroy", NULL};
static const char *const flows[] = {"matcher-create-table", "flow-create-arrays", "flow-create",
	"flow-destroy-mlx5", "flow-create", "write-destroy-flow", "matcher-destroy", "dealloc-pd",
	NULL};
static const char *const verbs_cqs[] = {"alloc-pd", "reg-mr", "rereg-mr", "reg-mr-private",
	"rereg-mr", "uar-alloc", "completion-channel", "async-channel", "cq-create", "resize-cq",
	"cq-destroy", "cq-create", NULL};
static const char *const logs[] = {"virtq-rx-log", "virtq-tx-log", "query-virtq-rx", "nop",
	"query-adapter", "query-issi", "qp-sqerr2rts", NULL};
static const char *const by_write[] = {"write-query-device", "write-query-device-ex",
	"write-query-port", "alloc-pd", "reg-mr", "rereg-mr", "completion-channel", "uar-alloc",
	"cq-create", "resize-cq", "dereg-mr", "dealloc-pd", "write-destroy-flow", "alloc-pd",
	"reg-mr", NULL};
static const char *const sends[] = {"create-sq", "sq-ready", "query-sq", "sq-error", "sq-reset",
	"sq-ready", "create-sq", "destroy-sq", "query-sq", "destroy-sq", NULL};
static const char *const receives[] = {"alloc-q-counter", "create-rq", "rq-ready", "query-rq",
	"create-rqt-rq", "create-tir-rq", "query-tir", "query-rqt", "query-q-counter", "rq-error",
	"rq-reset", "rq-ready", "create-rq", "destroy-tir", "destroy-rqt", "destroy-rq",
	"destroy-rq", "dealloc-q-counter", NULL};
static const char *const below[] = {"query-special-contexts", "alloc-uar", NULL};

static void
all_objects(struct program *p, uint8_t step_flags)
{
	program_add(p, step_flags, program_base);
	program_add(p, step_flags, program_rx);
	program_add(p, step_flags, program_tx);
	program_add(p, step_flags, program_steer);
}

static size_t
seed(unsigned int n, uint8_t *data, size_t max)
{
	struct program p;

	program_begin(&p, data, max, n == 4 ? PROG_DIRECT : n == 5 ? PROG_SAME_FUNC : 0);
	switch (n) {
	case 0: /* closed with all that there is */
		all_objects(&p, 0);
		break;
	case 1:
		all_objects(&p, 0);
		program_add(&p, 0, queries);
		program_add(&p, 0, destroys);
		break;
	case 2:
		all_objects(&p, 0);
		program_add(&p, 0, changes);
		program_add(&p, 0, flows);
		break;
	case 3:
		program_add(&p, 0, keys);
		break;
	case 4:
		all_objects(&p, 0);
		program_add(&p, 0, below);
		program_add(&p, 0, destroys);
		break;
	case 5: /* on both contexts of one function */
		all_objects(&p, 0);
		program_add(&p, STEP_CTX, program_base);
		program_add(&p, STEP_CTX, program_rx);
		program_add(&p, STEP_CTX | STEP_OTHER, program_tx);
		program_add(&p, STEP_CTX | STEP_OTHER, program_steer);
		break;
	case 6:
		program_add(&p, 0, verbs_cqs);
		break;
	case 7:
		all_objects(&p, 0);
		program_add(&p, 0, logs);
		break;
	case 8: /* by write() */
		program_add(&p, STEP_WRITE, by_write);
		break;
	case 9:
		program_add(&p, 0, program_base);
		program_add(&p, 0, sends);
		break;
	case 10:
		program_add(&p, 0, program_base);
		program_add(&p, 0, receives);
		break;
	default:
		return 0;
	}
	return p.size;
}

/*
 * A mailbox with this opcode by each method of DevX: as the template has it, of 512 bytes, and of
 * ones.
 */
static void
sweep_opcode(struct run *r, uint16_t opcode)
{
	static const char *const by[] = {"create-td", "event-qp-2err", "query-cq", "nop"};
	const struct rec recs[] = {{CHANGE_BITS, 15, 0, opcode}, {CHANGE_INLEN, 0, 0, 512},
		{CHANGE_OUTLEN, 0, 0, 4112}, {CHANGE_BITS, 63, 32, UINT64_MAX},
		{CHANGE_BITS, 63, 128, UINT64_MAX}, {CHANGE_BITS, 63, 192, UINT64_MAX}};
	static const uint8_t n[] = {1, 3, 6};
	struct step s = {0};
	unsigned int i, k;

	memcpy(s.rec, recs, sizeof(recs));
	for (i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		for (k = 0; k < sizeof(n); k++) {
			s.tmpl = tmpl_find(by[i]);
			s.n = n[k];
			run_step(r, &s);
		}
	}
	run_check(r);
}

/* All opcodes that a NIC may have, and some that none has; by the kernel, and below it. */
static void
sweep(void)
{
	static const uint8_t flags[] = {0, PROG_DIRECT};
	static struct run r;
	unsigned int i, opcode;

	fuzz_careful = false;
	for (i = 0; i < sizeof(flags); i++) {
		program_open(&r, 0);
		r.flags |= flags[i];
		for (opcode = 0; opcode < 0x1000; opcode++)
			sweep_opcode(&r, (uint16_t)opcode);
		for (; opcode <= UINT16_MAX; opcode += 0xfff)
			sweep_opcode(&r, (uint16_t)opcode);
		run_close(&r);
	}
}

const struct fuzz_target fuzz_target = {
	.name = "cmd",
	.sweep = sweep,
	.init = init,
	.run = run,
	.mutate = prog_mutate,
	.seed = seed,
	.print = program_print,
};
