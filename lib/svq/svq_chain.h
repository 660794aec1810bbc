/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The bytes of a chain.
 */
#ifndef SVQ_CHAIN_H
#define SVQ_CHAIN_H

#include "svq_ring.h"

/* Take the first n bytes off; the chain has more than that. */
static __rte_always_inline void
svq_chain_trim(struct svq_chain *c, uint32_t n)
{
	c->len -= n;
	while (unlikely(n >= c->seg->len)) {
		n -= c->seg->len;
		c->seg++;
		c->n--;
	}
	c->seg->addr += n;
	c->seg->len -= n;
}

/* Copy the first n bytes, of which the chain has as many. 0, or -EFAULT. */
static inline int
svq_chain_read(const struct svq_chain *c, const struct hf_svq_mem *mem, uint32_t *hint, void *dst,
	uint32_t n)
{
	uint8_t *to = dst;
	unsigned int i;
	int ret = 0;

	for (i = 0; n > 0 && ret == 0; i++) {
		const struct hf_ethq_seg *s = &c->seg[i];
		uint32_t part = RTE_MIN(n, s->len);
		const uint8_t *from = svq_mem_at(mem, hint, s->addr, part);

		if (likely(from != NULL))
			svq_copy_once(to, from, part);
		else
			ret = svq_mem_read(mem, hint, s->addr, to, part);
		to += part;
		n -= part;
	}
	return ret;
}

#endif /* SVQ_CHAIN_H */
