/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Doorbells of virtqueues. A VAR page is memory, so a write is seen by what it leaves behind: the
 * NIC keeps a value there that no driver writes, and whatever else is found was a doorbell. Values
 * repeat and the next overwrites the last, so which queue was meant is lost: all queues of the
 * function that wait for one wake up. It is the first word of the page that drivers write (Linux
 * mlx5_vnet.c mlx5_vdpa_kick_vq(), DPDK mlx5_vdpa_virtq.c).
 */
#include "engine.h"

#include "../fw/fw.h"

#define SENTINEL 0xffffffffu

static bool
was_rung(const struct nic_func *f, const struct nic_var *var)
{
	_Atomic uint32_t *word = fw_bar_ptr(f, var->bar_offset);

	if (word == NULL || atomic_load_explicit(word, memory_order_relaxed) == SENTINEL)
		return false;
	return atomic_exchange(word, SENTINEL) != SENTINEL;
}

void
doorbell_poll(struct nic_func *f)
{
	struct nic_obj *o;
	bool rung = false;

	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_VAR], next)
		rung |= was_rung(f, (const struct nic_var *)o);
	if (!rung)
		return;
	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_VIRTQ], next) {
		struct dp_vq *v = ((struct nic_virtq *)o)->dp;

		if (v == NULL)
			continue;
		atomic_store(&v->base.kick, true);
		if (!v->base.tx && atomic_load_explicit(&v->hungry, memory_order_relaxed))
			atomic_fetch_or(&v->base.attn, VQ_ATTN_START);
	}
}
