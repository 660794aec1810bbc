/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The end of a function, and its return. Linux mlx5 core/health.c: poll_health(),
 * enter_error_state(); core/cmd.c: mlx5_internal_err_ret_value(); mlx5_ib main.c:
 * mlx5_ib_handle_sys_error_event().
 */
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>

#include "../conf.h"
#include "../uverbs/uverbs.h"
#include "fw_int.h"

/* mlx5_internal_err_ret_value(): those that Linux reports as done, of the ones known here */
static const uint16_t pretended[] = {
	MLX5_CMD_OP_DESTROY_MKEY,
	MLX5_CMD_OP_DESTROY_CQ,
	MLX5_CMD_OP_DESTROY_QP,
	MLX5_CMD_OP_DEALLOC_PD,
	MLX5_CMD_OP_DEALLOC_UAR,
	MLX5_CMD_OP_DEALLOC_TRANSPORT_DOMAIN,
	MLX5_CMD_OP_DESTROY_TIR,
	MLX5_CMD_OP_DESTROY_SQ,
	MLX5_CMD_OP_DESTROY_RQ,
	MLX5_CMD_OP_DEALLOC_Q_COUNTER,
	MLX5_CMD_OP_DESTROY_TIS,
	MLX5_CMD_OP_DESTROY_RQT,
	MLX5_CMD_OP_QP_2ERR,
	MLX5_CMD_OP_QP_2RST,
	MLX5_CMD_OP_MODIFY_NIC_VPORT_CONTEXT,
	FW_OP_DESTROY_FLOW_GROUP,
	FW_OP_SET_FLOW_TABLE_ENTRY,
	FW_OP_DELETE_FLOW_TABLE_ENTRY,
	MLX5_CMD_OP_DESTROY_GENERAL_OBJECT,
	MLX5_CMD_OP_DESTROY_UCTX,
	MLX5_CMD_OP_DESTROY_UMEM,
	MLX5_CMD_OP_MODIFY_RQT,
};

int
fw_dead_errno(uint16_t opcode)
{
	unsigned int i;

	for (i = 0; i < sizeof(pretended) / sizeof(pretended[0]); i++) {
		if (pretended[i] == opcode)
			return 0;
	}
	return opcode == 0 ? 0 : -ENOLINK;
}

bool
fw_is_dead(const struct nic_func *f)
{
	return atomic_load_explicit(&f->dead, memory_order_relaxed);
}

void
fw_die(struct nic_func *f)
{
	struct nic_obj *o;

	if (fw_is_dead(f))
		return;
	dp_pause(f->nic);
	atomic_store(&f->dead, true);
	/* not as a guest would see it end: nothing is written any more */
	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_VIRTQ], next) {
		atomic_store(&((struct nic_virtq *)o)->state, NIC_VQ_ERR);
		dp_virtq_dead((struct nic_virtq *)o);
	}
	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_SQ], next)
		dp_sq_dead((struct nic_sq *)o);
	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_RQ], next)
		dp_rq_dead((struct nic_rq *)o);
	dp_resume(f->nic);
	fprintf(stderr, "nicemu: %s: fatal error of the firmware\n", f->conf->ibdev);
	timing_wake(f->nic->timing);
	fw_port_update(f->nic);
	uverbs_async(f, IBV_EVENT_DEVICE_FATAL, 1);
}

int
fw_kill(struct nic_func *f)
{
	int ret;

	pthread_mutex_lock(&f->nic->fw_lock);
	ret = fw_is_dead(f) ? -EALREADY : 0;
	fw_die(f);
	pthread_mutex_unlock(&f->nic->fw_lock);
	return ret;
}

void
fw_revive(struct nic_func *f)
{
	pthread_mutex_lock(&f->nic->fw_lock);
	dp_pause(f->nic);
	fw_objs_drop(f);
	atomic_store(&f->dead, false);
	dp_resume(f->nic);
	pthread_mutex_unlock(&f->nic->fw_lock);
	fw_port_update(f->nic);
}
