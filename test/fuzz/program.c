/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "program.h"

#include <stdio.h>
#include <string.h>

const char *const program_base[] = {"alloc-pd", "reg-mr", "umem-reg", "uar-alloc", "var-alloc",
	"create-td", "create-tis", "create-cq", "create-qp", "event-channel", "subscribe-cq",
	"create-counters", "create-klm-all", NULL};
/* A queue: its event QP, connected both ways, and the queue itself, ready. */
const char *const program_rx[] = {"create-event-qp", "qp-rst2init", "qp-init2rtr",
	"event-qp-rst2init", "event-qp-init2rtr", "event-qp-rtr2rts", "create-virtq-rx",
	"virtq-rx-ready", NULL};
const char *const program_tx[] = {"create-qp", "create-event-qp", "qp-rst2init", "qp-init2rtr",
	"event-qp-rst2init", "event-qp-init2rtr", "event-qp-rtr2rts", "create-virtq-tx",
	"virtq-tx-ready", NULL};
const char *const program_steer[] = {
	"create-rqt", "create-tir", "matcher-create", "flow-create", NULL};

void
program_begin(struct program *p, uint8_t *data, size_t max, uint8_t flags)
{
	*p = (struct program){.data = data, .size = 1, .max = max};
	data[0] = flags;
}

void
program_step(struct program *p, const char *name, uint8_t step_flags, const struct rec *rec,
	unsigned int n)
{
	struct step s = {.tmpl = tmpl_find(name), .flags = step_flags, .n = (uint8_t)n};

	if (n > 0)
		memcpy(s.rec, rec, n * sizeof(*rec));
	p->size += prog_put(p->data + p->size, p->max - p->size, &s);
}

void
program_add(struct program *p, uint8_t step_flags, const char *const *names)
{
	for (; *names != NULL; names++)
		program_step(p, *names, step_flags, NULL, 0);
}

static void
prologue(struct run *r, uint8_t step_flags)
{
	const char *const *const lists[] = {program_base, program_rx, program_tx, program_steer};
	const char *const *name;
	struct step s = {.flags = step_flags};
	unsigned int i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (name = lists[i]; *name != NULL; name++) {
			s.tmpl = tmpl_find(*name);
			req_run(r, &s);
		}
	}
	if (run_pick(&r->ctx[step_flags & STEP_CTX], K_FLOW, 0, false) == NULL)
		run_fault(r, "what has to be there for queues to run was refused");
}

void
program_open(struct run *r, uint8_t flags)
{
	run_open(r, flags & (PROG_PACKED | PROG_KLM | PROG_OFFLOAD));
	prologue(r, 0);
	prologue(r, STEP_CTX);
}

void
program_run(const uint8_t *data, size_t size, bool full)
{
	static struct run r;
	struct step s;
	size_t at = 1;

	if (size == 0)
		return;
	if (full)
		program_open(&r, data[0]);
	else
		run_open(&r, data[0]);
	while (r.step < PROG_MAX_STEPS && prog_next(data, size, &at, &s))
		run_step(&r, &s);
	run_close(&r);
}

void
program_print(const uint8_t *data, size_t size)
{
	unsigned int i, n;
	struct step s;
	size_t at = 1;

	if (size == 0)
		return;
	fprintf(stderr, "  flags 0x%02x\n", data[0]);
	for (n = 1; prog_next(data, size, &at, &s); n++) {
		fprintf(stderr, "  %u: %s, flags 0x%02x\n", n, tmpl_name(s.tmpl), s.flags);
		for (i = 0; i < s.n; i++) {
			const struct rec *rec = &s.rec[i];

			fprintf(stderr, "     %s a 0x%02x pos 0x%04x value 0x%llx\n",
				s.tmpl < TMPL_FIRST ? host_name(s.tmpl == TMPL_RING, rec)
						    : prog_change_name(rec),
				rec->a, rec->pos, (unsigned long long)rec->value);
		}
	}
}
