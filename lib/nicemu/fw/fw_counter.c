/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Counters of queues (Q counters): what of a receive queue is dropped, or ends in an error.
 */
#include "fw_int.h"

uint8_t
fw_alloc_q_counter(struct fw_cmd *c)
{
	struct nic_q_counter *q = fw_obj_new(c, NIC_OBJ_Q_COUNTER, sizeof(*q));

	if (q == NULL)
		return c->status;
	DEVX_SET(alloc_q_counter_out, c->out, counter_set_id, q->obj.id);
	return 0;
}

static uint32_t
take(_Atomic uint32_t *n, bool clear)
{
	return clear ? atomic_exchange(n, 0) : atomic_load(n);
}

uint8_t
fw_query_q_counter(struct fw_cmd *c)
{
	uint32_t id = DEVX_GET(query_q_counter_in, c->in, counter_set_id);
	struct nic_q_counter *q = fw_target(c, NIC_OBJ_Q_COUNTER, id);
	bool clear = DEVX_GET(query_q_counter_in, c->in, clear);

	if (q == NULL)
		return c->status;
	DEVX_SET(query_q_counter_out, c->out, out_of_buffer, take(&q->out_of_buffer, clear));
	DEVX_SET(query_q_counter_out, c->out, resp_local_length_error, take(&q->length, clear));
	DEVX_SET(query_q_counter_out, c->out, resp_local_qp_error, take(&q->qp, clear));
	DEVX_SET(query_q_counter_out, c->out, resp_local_protection, take(&q->protection, clear));
	DEVX_SET(query_q_counter_out, c->out, resp_cqe_error, take(&q->cqe, clear));
	DEVX_SET(query_q_counter_out, c->out, resp_cqe_flush_error, take(&q->flush, clear));
	return 0;
}
