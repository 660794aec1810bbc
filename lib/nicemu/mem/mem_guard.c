/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Faults of DMA: memory that went away in a way that cannot be seen (a file cut short, a large
 * block given back inside free()) becomes an error of the queue, not the end of the process.
 */
#include <errno.h>
#include <signal.h>

#include "mem_int.h"

/*
 * No guest memory is mapped this low: a fault here is a null pointer of the emulation, and must not
 * be hidden.
 */
#define LOWEST_DMA 0x10000u

__thread struct mem_guard *mem_guard_cur;

static struct sigaction old_segv, old_bus;

static void
chain(int sig, siginfo_t *si, void *ctx)
{
	const struct sigaction *old = sig == SIGSEGV ? &old_segv : &old_bus;

	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(sig, si, ctx);
	} else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
		old->sa_handler(sig);
	} else {
		/* the access is repeated, and now ends the process as it would have */
		signal(sig, SIG_DFL);
	}
}

static void
on_fault(int sig, siginfo_t *si, void *ctx)
{
	struct mem_guard *g = mem_guard_cur;

	if (g == NULL || (uintptr_t)si->si_addr < LOWEST_DMA) {
		chain(sig, si, ctx);
		return;
	}
	g->addr = si->si_addr;
	mem_guard_cur = NULL;
	siglongjmp(g->env, 1);
}

int
mem_guard_init(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
	struct sigaction old;

	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSEGV, &sa, &old) != 0)
		return -errno;
	if (old.sa_sigaction != on_fault)
		old_segv = old;
	if (sigaction(SIGBUS, &sa, &old) != 0)
		return -errno;
	if (old.sa_sigaction != on_fault)
		old_bus = old;
	return 0;
}
