/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#ifndef NICEMU_DP_PREFETCH_H
#define NICEMU_DP_PREFETCH_H

/*
 * A line that will be written, on its way to this core's cache as its own. The built-in asks for a
 * shared one unless the compiler may use newer instructions; taking it away from the guest's core
 * when it is written is then a second trip. x86-64 CPUs without the instruction do nothing.
 */
static inline void
prefetch_write(const void *p)
{
#ifdef __x86_64__
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
	__builtin_prefetch(p, 1);
#endif
}

#define CACHE_LINE 64u

/* What will be copied. */
static inline void
prefetch_copy(const uint8_t *src, const uint8_t *dst, uint32_t len)
{
	uint32_t off;

	for (off = 0; off < len; off += CACHE_LINE) {
		__builtin_prefetch(src + off);
		prefetch_write(dst + off);
	}
}

#endif /* NICEMU_DP_PREFETCH_H */
