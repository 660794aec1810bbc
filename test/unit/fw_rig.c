/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fw_rig.h"

#define SMALL_BYTES 0x1000u

int
fw_rig_caps(const struct fw_rig *r, unsigned int type, uint8_t *page)
{
	uint8_t in[DEVX_ST_SZ_BYTES(query_hca_cap_in)] __attribute__((aligned(8))) = {0};
	uint8_t out[DEVX_ST_SZ_BYTES(query_hca_cap_out)] __attribute__((aligned(8))) = {0};

	DEVX_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	DEVX_SET(query_hca_cap_in, in, op_mod, type << 1 | MLX5_HCA_CAP_OPMOD_GET_CUR);
	if (mlx5dv_devx_general_cmd(r->ctx, in, sizeof(in), out, sizeof(out)) != 0)
		return -errno;
	memcpy(page, out + DEVX_BYTE_OFF(query_hca_cap_out, capability), 4096);
	return 0;
}

static int
open_function(struct fw_rig *r)
{
	struct mlx5dv_context_attr attr = {.flags = MLX5DV_CONTEXT_FLAGS_DEVX};
	struct ibv_device **list = ibv_get_device_list(NULL);
	unsigned int i;

	for (i = 0; list != NULL && list[i] != NULL; i++) {
		r->ctx = mlx5dv_open_device(list[i], &attr);
		if (r->ctx == NULL)
			continue;
		if (fw_rig_caps(r, MLX5_CAP_GENERAL, r->caps) == 0 &&
			fw_rig_caps(r, MLX5_CAP_VDPA_EMULATION, r->vdpa) == 0 &&
			fw_rig_caps(r, MLX5_CAP_ETHERNET_OFFLOADS, r->eth) == 0)
			break;
		ibv_close_device(r->ctx);
		r->ctx = NULL;
	}
	if (list != NULL)
		ibv_free_device_list(list);
	return r->ctx != NULL ? 0 : -ENODEV;
}

static uint32_t
pd_number(struct ibv_pd *pd)
{
	struct mlx5dv_pd out;
	struct mlx5dv_obj obj = {.pd = {.in = pd, .out = &out}};

	return mlx5dv_init_obj(&obj, MLX5DV_OBJ_PD) == 0 ? out.pdn : 0;
}

/* What verbs and libmlx5 make, without a mailbox of ours. */
static int
verbs_open(struct fw_rig *r)
{
	const int order = FW_RIG_GEN(r, mkc_order_write_after_write_ro_only)
		? IBV_ACCESS_RELAXED_ORDERING
		: 0;
	const int rw = IBV_ACCESS_LOCAL_WRITE;

	r->mem =
		mmap(NULL, FW_MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->mem == MAP_FAILED)
		return -errno;
	r->pd = ibv_alloc_pd(r->ctx);
	r->pd2 = ibv_alloc_pd(r->ctx);
	r->uar = mlx5dv_devx_alloc_uar(r->ctx, MLX5DV_UAR_ALLOC_TYPE_BF);
	r->umem = mlx5dv_devx_umem_reg(r->ctx, r->mem, FW_MEM_BYTES, rw);
	r->umem_ro = mlx5dv_devx_umem_reg(r->ctx, r->mem, FW_MEM_BYTES, 0);
	r->umem_small = mlx5dv_devx_umem_reg(r->ctx, r->mem, SMALL_BYTES, rw);
	if (r->pd == NULL || r->pd2 == NULL || r->uar == NULL || r->umem == NULL ||
		r->umem_ro == NULL || r->umem_small == NULL ||
		mlx5dv_devx_query_eqn(r->ctx, 0, &r->eqn) != 0)
		return -EIO;
	r->mr = ibv_reg_mr(r->pd, r->mem, FW_MEM_BYTES, rw | order);
	r->mr2 = ibv_reg_mr(r->pd2, r->mem, FW_MEM_BYTES, rw | order);
	if (r->mr == NULL || r->mr2 == NULL)
		return -EIO;
	r->id[ID_PD] = pd_number(r->pd);
	r->id[ID_PD2] = pd_number(r->pd2);
	r->id[ID_UMEM] = r->umem->umem_id;
	r->id[ID_UMEM_RO] = r->umem_ro->umem_id;
	r->id[ID_UMEM_SMALL] = r->umem_small->umem_id;
	r->id[ID_MKEY] = r->mr->lkey;
	r->id[ID_MKEY_PD2] = r->mr2->lkey;
	return 0;
}

static int
create(struct fw_rig *r, enum fw_id id, struct fw_box *b)
{
	uint8_t out[FW_OUT_MAX] __attribute__((aligned(8))) = {0};

	r->obj[id] = mlx5dv_devx_obj_create(r->ctx, b->in, b->inlen, out, b->outlen);
	if (r->obj[id] == NULL) {
		fprintf(stderr, "object %d of the rig: status 0x%x, syndrome 0x%x\n", id,
			DEVX_GET(mbox_out, out, status), DEVX_GET(mbox_out, out, syndrome));
		return -EIO;
	}
	r->id[id] = DEVX_GET(general_obj_out_cmd_hdr, out, obj_id);
	/* all but general objects answer with 24 bits, and zeros above */
	return 0;
}

static int
create_by(struct fw_rig *r, enum fw_id id, enum fw_cmd_id cmd)
{
	struct fw_box b;

	fw_build(r, cmd, &b);
	return create(r, id, &b);
}

static int
modify(struct fw_rig *r, enum fw_id id, struct fw_box *b)
{
	uint8_t out[FW_OUT_MAX] __attribute__((aligned(8))) = {0};

	/* 24 bits: what is above is a field of its own in some */
	DEVX_SET(modify_sq_in, b->in, sqn, r->id[id]);
	if (mlx5dv_devx_obj_modify(r->obj[id], b->in, b->inlen, out, b->outlen) == 0)
		return 0;
	fprintf(stderr, "modify of object %d of the rig: status 0x%x, syndrome 0x%x\n", id,
		DEVX_GET(mbox_out, out, status), DEVX_GET(mbox_out, out, syndrome));
	return -EIO;
}

static int
modify_by(struct fw_rig *r, enum fw_id id, enum fw_cmd_id cmd)
{
	struct fw_box b;

	fw_build(r, cmd, &b);
	return modify(r, id, &b);
}

/* A queue pair of the firmware, of the protection domain 'pd', in RTS. */
static int
event_qp(struct fw_rig *r, enum fw_id id, enum fw_id pd)
{
	static const enum fw_cmd_id steps[] = {C_RST2INIT, C_INIT2RTR, C_RTR2RTS};
	struct fw_box b;
	unsigned int i;
	int rc;

	fw_build(r, C_CREATE_QP_FW, &b);
	DEVX_SET(create_qp_in, b.in, qpc.pd, r->id[pd]);
	rc = create(r, id, &b);
	for (i = 0; rc == 0 && i < 3; i++)
		rc = modify_by(r, id, steps[i]);
	return rc;
}

static int
virtq(struct fw_rig *r, enum fw_id id, enum fw_id qp, uint16_t index)
{
	struct fw_box b;

	fw_build(r, index & 1 ? C_CREATE_VQ_TX : C_CREATE_VQ, &b);
	DEVX_SET(create_virtq_in, b.in, virtq.virtio_q_context.queue_index, index);
	DEVX_SET(create_virtq_in, b.in, virtq.virtio_q_context.event_qpn_or_msix, r->id[qp]);
	return create(r, id, &b);
}

static int
virtq_state(struct fw_rig *r, enum fw_id id, unsigned int state)
{
	struct fw_box b;

	fw_build(r, C_MODIFY_VQ, &b);
	DEVX_SET(create_virtq_in, b.in, virtq.state, state);
	return modify(r, id, &b);
}

static int
virtqs_open(struct fw_rig *r)
{
	int rc = 0;

	/* queue pairs come up only by a loop back */
	if (!FW_RIG_GEN(r, fl_rc_qp_when_roce_disabled))
		return 0;
	if (DEVX_GET64(cmd_hca_cap, r->caps, general_obj_types) >>
			MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS &
		1)
		rc = create_by(r, ID_COUNTERS, C_CREATE_COUNTERS);
	if (rc != 0 || event_qp(r, ID_QP_FW, ID_PD) != 0 || event_qp(r, ID_QP_FW2, ID_PD) != 0 ||
		event_qp(r, ID_QP_TX, ID_PD) != 0 || event_qp(r, ID_QP_RDY, ID_PD) != 0 ||
		event_qp(r, ID_QP_SUSPEND, ID_PD) != 0 || event_qp(r, ID_QP_PD2, ID_PD2) != 0)
		return -EIO;
	if (virtq(r, ID_VQ_RX, ID_QP_FW, 0) != 0 || virtq(r, ID_VQ_TX, ID_QP_TX, 1) != 0 ||
		virtq(r, ID_VQ_RDY, ID_QP_RDY, 2) != 0 ||
		virtq(r, ID_VQ_SUSPEND, ID_QP_SUSPEND, 4) != 0)
		return -EIO;
	if (virtq_state(r, ID_VQ_RDY, MLX5_VIRTQ_STATE_RDY) != 0 ||
		virtq_state(r, ID_VQ_SUSPEND, MLX5_VIRTQ_STATE_RDY) != 0 ||
		virtq_state(r, ID_VQ_SUSPEND, MLX5_VIRTQ_STATE_SUSPEND) != 0)
		return -EIO;
	if (create_by(r, ID_RQT, C_CREATE_RQT) != 0)
		return -EIO;
	rc = create_by(r, ID_TIR, C_CREATE_TIR);
	return rc != 0 ? rc : create_by(r, ID_TIR2, C_CREATE_TIR);
}

static int
sq_state(struct fw_rig *r, enum fw_id id, unsigned int from, unsigned int to)
{
	struct fw_box b;

	fw_build(r, C_MODIFY_SQ, &b);
	DEVX_SET(modify_sq_in, b.in, sq_state, from);
	DEVX_SET(modify_sq_in, b.in, ctx.state, to);
	return modify(r, id, &b);
}

/* A send queue in each of its states. */
static int
sqs_open(struct fw_rig *r)
{
	if (create_by(r, ID_SQ, C_CREATE_SQ) != 0 || create_by(r, ID_SQ_RDY, C_CREATE_SQ) != 0 ||
		create_by(r, ID_SQ_ERR, C_CREATE_SQ) != 0 ||
		sq_state(r, ID_SQ_RDY, MLX5_SQC_STATE_RST, MLX5_SQC_STATE_RDY) != 0 ||
		sq_state(r, ID_SQ_ERR, MLX5_SQC_STATE_RST, MLX5_SQC_STATE_RDY) != 0 ||
		sq_state(r, ID_SQ_ERR, MLX5_SQC_STATE_RDY, MLX5_SQC_STATE_ERR) != 0)
		return -EIO;
	return 0;
}

static int
rq_state(struct fw_rig *r, enum fw_id id, unsigned int from, unsigned int to)
{
	struct fw_box b;

	fw_build(r, C_MODIFY_RQ, &b);
	DEVX_SET(modify_rq_in, b.in, rq_state, from);
	DEVX_SET(modify_rq_in, b.in, ctx.state, to);
	return modify(r, id, &b);
}

/* A receive queue in each of its states, and what leads there. */
static int
rqs_open(struct fw_rig *r)
{
	if ((FW_RIG_GEN(r, max_qp_cnt) != 0 &&
		    create_by(r, ID_Q_COUNTER, C_ALLOC_Q_COUNTER) != 0) ||
		create_by(r, ID_RQ, C_CREATE_RQ) != 0 ||
		create_by(r, ID_RQ_RDY, C_CREATE_RQ) != 0 ||
		create_by(r, ID_RQ_ERR, C_CREATE_RQ) != 0 ||
		rq_state(r, ID_RQ_RDY, MLX5_RQC_STATE_RST, MLX5_RQC_STATE_RDY) != 0 ||
		rq_state(r, ID_RQ_ERR, MLX5_RQC_STATE_RST, MLX5_RQC_STATE_RDY) != 0 ||
		rq_state(r, ID_RQ_ERR, MLX5_RQC_STATE_RDY, MLX5_RQC_STATE_ERR) != 0 ||
		create_by(r, ID_TIR_RQ, C_CREATE_TIR_RQ) != 0)
		return -EIO;
	return FW_RIG_GEN(r, log_max_rqt) != 0 ? create_by(r, ID_RQT_RQ, C_CREATE_RQT_RQ) : 0;
}

int
fw_rig_open(struct fw_rig *r)
{
	int rc;

	memset(r, 0, sizeof(*r));
	rc = open_function(r);
	if (rc != 0)
		return rc;
	rc = verbs_open(r);
	if (rc == 0 &&
		(create_by(r, ID_TD, C_ALLOC_TD) != 0 || create_by(r, ID_TIS, C_CREATE_TIS) != 0 ||
			create_by(r, ID_CQ, C_CREATE_CQ) != 0 ||
			create_by(r, ID_QP_SW, C_CREATE_QP_SW) != 0 ||
			create_by(r, ID_QP_RST, C_CREATE_QP_FW) != 0 ||
			create_by(r, ID_QP_INIT, C_CREATE_QP_FW) != 0 ||
			modify_by(r, ID_QP_INIT, C_RST2INIT) != 0))
		rc = -EIO;
	if (rc == 0)
		rc = sqs_open(r);
	if (rc == 0)
		rc = rqs_open(r);
	if (rc == 0)
		rc = virtqs_open(r);
	if (rc != 0)
		fw_rig_close(r);
	return rc;
}

void
fw_rig_close(struct fw_rig *r)
{
	/* what refers before what is referred to */
	static const enum fw_id order[] = {ID_TIR, ID_TIR2, ID_TIR_RQ, ID_RQT, ID_RQT_RQ, ID_VQ_RX,
		ID_VQ_TX, ID_VQ_RDY, ID_VQ_SUSPEND, ID_COUNTERS, ID_QP_FW, ID_QP_FW2, ID_QP_TX,
		ID_QP_RDY, ID_QP_SUSPEND, ID_QP_PD2, ID_QP_RST, ID_QP_INIT, ID_QP_SW, ID_SQ,
		ID_SQ_RDY, ID_SQ_ERR, ID_RQ, ID_RQ_RDY, ID_RQ_ERR, ID_Q_COUNTER, ID_CQ, ID_TIS,
		ID_TD};
	unsigned int i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (r->obj[order[i]] != NULL && mlx5dv_devx_obj_destroy(r->obj[order[i]]) != 0)
			fprintf(stderr, "object %d of the rig was not destroyed\n", order[i]);
	}
	if (r->mr2 != NULL)
		ibv_dereg_mr(r->mr2);
	if (r->mr != NULL)
		ibv_dereg_mr(r->mr);
	if (r->umem_small != NULL)
		mlx5dv_devx_umem_dereg(r->umem_small);
	if (r->umem_ro != NULL)
		mlx5dv_devx_umem_dereg(r->umem_ro);
	if (r->umem != NULL)
		mlx5dv_devx_umem_dereg(r->umem);
	if (r->uar != NULL)
		mlx5dv_devx_free_uar(r->uar);
	if (r->pd2 != NULL)
		ibv_dealloc_pd(r->pd2);
	if (r->pd != NULL)
		ibv_dealloc_pd(r->pd);
	if (r->mem != NULL && r->mem != MAP_FAILED)
		munmap(r->mem, FW_MEM_BYTES);
	if (r->ctx != NULL)
		ibv_close_device(r->ctx);
	memset(r, 0, sizeof(*r));
}
