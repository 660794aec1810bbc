/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Translations that a queue keeps: what a memory key has at an address, in pieces of 2 MiB
 * where that is contiguous in the process. For one engine at a time; emptied under a pause when a
 * memory key of the function changes.
 */
#ifndef NICEMU_DP_KEYTLB_H
#define NICEMU_DP_KEYTLB_H

#include <string.h>

#include "../mem/mem.h"

#define KEYTLB_ENTRIES 64u
#define KEYTLB_LOG 21u

struct key_tlb {
	struct {
		uint64_t base, len; /* in the range of the key; len 0: empty */
		uint8_t *host;
		uint32_t key;
	} entry[KEYTLB_ENTRIES];
};

static inline void
keytlb_clear(struct key_tlb *t)
{
	memset(t, 0, sizeof(*t));
}

/* Not kept: translate, and keep what can be. */
int keytlb_miss(struct key_tlb *t, struct nic_func *f, const struct nic_pd *pd, uint32_t key,
	uint64_t addr, uint32_t len, uint8_t perm, struct iovec *seg, int max);

static inline unsigned int
keytlb_slot(uint32_t key, uint64_t addr)
{
	return (unsigned int)((addr >> KEYTLB_LOG) + (key >> 8)) % KEYTLB_ENTRIES;
}

/* Where the process has it, or NULL when that is not kept. */
static inline uint8_t *
keytlb_get(const struct key_tlb *t, uint32_t key, uint64_t addr, uint32_t len)
{
	unsigned int i = keytlb_slot(key, addr);
	uint64_t off = addr - t->entry[i].base;

	if (t->entry[i].key != key || off >= t->entry[i].len || len > t->entry[i].len - off)
		return NULL;
	return t->entry[i].host + off;
}

/*
 * As mem_xlate(). All calls for one table have the same function, domain and right.
 */
static inline int
keytlb_xlate(struct key_tlb *t, struct nic_func *f, const struct nic_pd *pd, uint32_t key,
	uint64_t addr, uint32_t len, uint8_t perm, struct iovec *seg, int max)
{
	uint8_t *host = keytlb_get(t, key, addr, len);

	if (host != NULL && max > 0) {
		*seg = (struct iovec){.iov_base = host, .iov_len = len};
		return 1;
	}
	return keytlb_miss(t, f, pd, key, addr, len, perm, seg, max);
}

#endif /* NICEMU_DP_KEYTLB_H */
