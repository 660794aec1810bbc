/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>

#include "nic.h"
#include "uverbs/method.h"

int
fault_add(struct nic *nic, const struct fault *f)
{
	unsigned int i;

	for (i = 0; i < FAULTS_MAX; i++) {
		if (nic->faults[i].nth == 0) {
			nic->faults[i] = *f;
			if (f->kind == FAULT_EVENT)
				atomic_fetch_add(&nic->event_faults, 1);
			return 0;
		}
	}
	return -ENOSPC;
}

void
fault_clear(struct nic *nic, int func)
{
	unsigned int i;

	for (i = 0; i < FAULTS_MAX; i++) {
		struct fault *f = &nic->faults[i];

		if (f->nth == 0 || (func >= 0 && f->func != func))
			continue;
		if (f->kind == FAULT_EVENT)
			atomic_fetch_sub(&nic->event_faults, 1);
		f->nth = 0;
	}
}

static bool
names(const struct fault *f, const struct nic_func *func, enum fault_kind kind, uint32_t what)
{
	/* is_due() of another engine counts it down */
	if (__atomic_load_n(&f->nth, __ATOMIC_RELAXED) == 0 || f->kind != kind ||
		(f->func >= 0 && (unsigned int)f->func != func->idx))
		return false;
	switch (kind) {
	case FAULT_CMD:
		return f->what == FAULT_ANY_OPCODE || f->what == what;
	case FAULT_IOCTL:
		return f->what == METHODS || f->what == what;
	default:
		return true;
	}
}

/* One less to wait for; true when that was the last. Engines may count the same fault at once. */
static bool
is_due(struct fault *f)
{
	unsigned int nth = __atomic_load_n(&f->nth, __ATOMIC_RELAXED);

	while (nth > 0) {
		if (__atomic_compare_exchange_n(
			    &f->nth, &nth, nth - 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return nth == 1;
	}
	return false;
}

bool
fault_strike(const struct nic_func *f, enum fault_kind kind, uint32_t what, struct fault *struck)
{
	struct nic *nic = f->nic;
	bool due = false;
	unsigned int i;

	for (i = 0; i < FAULTS_MAX; i++) {
		struct fault *fault = &nic->faults[i];

		if (!names(fault, f, kind, what) || !is_due(fault))
			continue;
		if (kind == FAULT_EVENT)
			atomic_fetch_sub(&nic->event_faults, 1);
		if (!due)
			*struck = *fault;
		due = true;
	}
	if (due)
		atomic_fetch_add(&nic->faults_struck, 1);
	return due;
}
