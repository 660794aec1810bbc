/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "keytlb.h"

int
keytlb_miss(struct key_tlb *t, struct nic_func *f, const struct nic_pd *pd, uint32_t key,
	uint64_t addr, uint32_t len, uint8_t perm, struct iovec *seg, int max)
{
	/* the second is for keys of regions that lie beside each other in no multiple of 2 MiB */
	static const uint8_t logs[] = {KEYTLB_LOG, 16};
	int n = mem_xlate(f, pd, key, addr, len, perm, seg, max);
	unsigned int at = keytlb_slot(key, addr), i;
	struct iovec wide;

	if (n != 1 || seg[0].iov_base == NULL)
		return n;
	for (i = 0; i < sizeof(logs); i++) {
		uint64_t base = addr >> logs[i] << logs[i];

		if (mem_xlate(f, pd, key, base, 1u << logs[i], perm, &wide, 1) == 1 &&
			wide.iov_base != NULL) {
			t->entry[at].base = base;
			t->entry[at].len = wide.iov_len;
			t->entry[at].host = wide.iov_base;
			t->entry[at].key = key;
			break;
		}
	}
	return n;
}
