/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Doorbells.
 *
 * Of virtqueues: a VAR page is memory, so a write is seen by what it leaves behind: the
 * NIC keeps a value there that no driver writes, and whatever else is found was a doorbell. Values
 * repeat and the next overwrites the last, so which queue was meant is lost: all queues of the
 * function that wait for one wake up. It is the first word of the page that drivers write (Linux
 * mlx5_vnet.c mlx5_vdpa_kick_vq(), DPDK mlx5_vdpa_virtq.c).
 *
 * Of raw send queues: a UAR page has four send doorbells, each of two halves that a driver may use
 * in turn (rdma-core mlx5.h: MLX5_BF_OFFSET, 2^log_bf_reg_size bytes each). What is written there
 * is the beginning of a control segment, which is never 0; here it is seen and taken away. It says
 * which queue it is for, but the next may have overwritten it: all send queues of that UAR look at
 * their doorbell records.
 */
#include "engine.h"

#include "../fw/fw.h"
#include "sq.h"

#define BELLS_OFF 0x800u
#define BELL_STEP 0x100u /* half of a register of 2^9 bytes */

#define SENTINEL 0xffffffffu

static bool
was_rung(const struct nic_func *f, const struct nic_var *var)
{
	_Atomic uint32_t *word = fw_bar_ptr(f, var->bar_offset);

	if (word == NULL || atomic_load_explicit(word, memory_order_relaxed) == SENTINEL)
		return false;
	return atomic_exchange(word, SENTINEL) != SENTINEL;
}

static void
poll_uar(const struct nic_func *f, struct nic_uar *uar)
{
	uint8_t *page = fw_bar_ptr(f, uar->bar_offset);
	bool rung = false;
	struct dp_sq *s;
	unsigned int off;

	for (off = BELLS_OFF; page != NULL && off < NIC_PAGE; off += BELL_STEP) {
		_Atomic uint64_t *bell = (_Atomic uint64_t *)(void *)(page + off);

		if (atomic_load_explicit(bell, memory_order_relaxed) != 0)
			rung |= atomic_exchange(bell, 0) != 0;
	}
	if (!rung)
		return;
	TAILQ_FOREACH(s, &uar->sqs, of_uar)
		atomic_store(&s->base.kick, true);
}

void
doorbell_poll(struct nic_func *f)
{
	struct nic_uar *uar;
	struct nic_obj *o;
	bool rung = false;

	TAILQ_FOREACH(uar, &f->bells, next_bell)
		poll_uar(f, uar);
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
