/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a command takes (timing.h): found in its mailbox, and waited for before it is carried out.
 */
#include "fw_time.h"

#include "../conf.h"
#include "../timing.h"
#include "../uverbs/devx_rules.h"
#include "../uverbs/uverbs.h"

/* A change of the state, and fields on top of it. */
static uint64_t
modify_virtq_us(const struct conf_timing *t, const struct fw_cmd *c)
{
	const void *q = DEVX_ADDR_OF(create_virtq_in, c->in, virtq);
	uint64_t select = DEVX_GET64(virtio_net_q, q, modify_field_select);
	int fields = __builtin_popcountll(select & ~(uint64_t)MLX5_VIRTQ_MODIFY_TYPE_STATE);
	uint64_t us = 0;

	if (select & MLX5_VIRTQ_MODIFY_TYPE_STATE)
		us = DEVX_GET(virtio_net_q, q, state) == MLX5_VIRTQ_STATE_SUSPEND
			? t->virtq_suspend_us
			: t->virtq_resume_us;
	if (fields > 0)
		us += fields == 1 ? t->virtq_modify_one_us : t->virtq_modify_us;
	return us;
}

static uint64_t
cost_us(const struct conf_timing *t, const struct fw_cmd *c)
{
	if (c->inlen < DEVX_ST_SZ_BYTES(create_virtq_in) ||
		DEVX_GET(general_obj_in_cmd_hdr, c->in, obj_type) != MLX5_GENERAL_OBJ_TYPE_VIRTQ)
		return t->command_us;
	if (c->opcode == MLX5_CMD_OP_CREATE_GENERAL_OBJECT)
		return t->virtq_create_us;
	if (c->opcode == MLX5_CMD_OP_MODIFY_GENERAL_OBJECT)
		return modify_virtq_us(t, c);
	return t->command_us;
}

void
fw_time_begin(struct fw_cmd *c)
{
	struct timing *t = c->f->nic->timing;

	c->timed = c->opcode != 0 && timing_is_on(t, c->f);
	if (!c->timed)
		return;
	/* what modifies or queries an object waits for those before it; one is destroyed alone */
	timing_cmd_enter(t, &c->time, c->f, c->in != NULL ? devx_obj_id(c->in) : 0,
		cost_us(&c->f->nic->conf->timing, c));
	uverbs_wait_begin(c->f);
	timing_cmd_wait(t, &c->time);
	uverbs_wait_end(c->f);
}

void
fw_time_end(struct fw_cmd *c)
{
	if (c->timed)
		timing_cmd_leave(c->f->nic->timing, &c->time);
	c->timed = false;
}

void
fw_flows_lock(struct nic_func *f)
{
	if (pthread_mutex_trylock(&f->flows_lock) == 0)
		return;
	uverbs_wait_begin(f);
	pthread_mutex_lock(&f->flows_lock);
	uverbs_wait_end(f);
}

void
fw_flows_unlock(struct nic_func *f)
{
	pthread_mutex_unlock(&f->flows_lock);
}
