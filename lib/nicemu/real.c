/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "real.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static void *
real_find(_Atomic(void *) *slot, const char *name)
{
	void *p = atomic_load_explicit(slot, memory_order_acquire);

	if (p != NULL)
		return p;
	p = dlsym(RTLD_NEXT, name);
	if (p == NULL) {
		/* Without the C library's function the process can't go on in any sensible way. */
		fprintf(stderr, "nicemu: the C library has no %s()\n", name);
		abort();
	}
	atomic_store_explicit(slot, p, memory_order_release);
	return p;
}

#define REAL_DEFINE(name, type, args) \
	type(*real_##name(void)) args \
	{ \
		static _Atomic(void *) slot; \
		return (type(*) args)real_find(&slot, #name); \
	}
REAL_LIST(REAL_DEFINE)
