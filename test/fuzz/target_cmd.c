/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Commands and ioctls: an input is a program that starts with two open devices and nothing else.
 */
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
	default:
		return 0;
	}
	return p.size;
}

const struct fuzz_target fuzz_target = {
	.name = "cmd",
	.init = init,
	.run = run,
	.mutate = prog_mutate,
	.seed = seed,
	.print = program_print,
};
