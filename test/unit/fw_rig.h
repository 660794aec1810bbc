/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A set of firmware objects, made with valid commands through libmlx5, and the mailboxes that made
 * them: the table of refusals changes one thing in one of these.
 */
#ifndef FW_RIG_H
#define FW_RIG_H

#include <infiniband/mlx5dv.h>
#include <stdbool.h>
#include <stdint.h>

#include "prm.h"

#define FW_IN_MAX 4096u /* of a mailbox here */
#define FW_OUT_MAX 8192u
#define FW_RING_SIZE 64u
#define FW_RQT_SIZE 2u
#define FW_KLMS 4u
#define FW_MEM_BYTES (4u << 20)

/* Numbers that a row can put into a field. */
enum fw_id {
	ID_NONE,
	ID_PD,
	ID_PD2,
	ID_TD,
	ID_TIS,
	ID_UMEM,
	ID_UMEM_RO,
	ID_UMEM_SMALL,
	ID_CQ,
	ID_QP_SW,
	ID_QP_FW,
	ID_QP_FW2,
	ID_QP_TX,
	ID_QP_RDY,
	ID_QP_SUSPEND,
	ID_QP_RST,
	ID_QP_INIT,
	ID_QP_PD2,
	ID_COUNTERS,
	ID_VQ_RX,
	ID_VQ_TX,
	ID_VQ_RDY,
	ID_VQ_SUSPEND,
	ID_RQT,
	ID_TIR,
	ID_TIR2,
	ID_MKEY,
	ID_MKEY_PD2,
	ID_SQ,
	ID_SQ_RDY,
	ID_SQ_ERR,
	ID_RQ,
	ID_RQ_RDY,
	ID_RQ_ERR,
	ID_Q_COUNTER,
	ID_RQT_RQ,
	ID_TIR_RQ,
	ID_END
};

/* Valid mailboxes. */
enum fw_cmd_id {
	C_QUERY_HCA_CAP,
	C_QUERY_VPORT_STATE,
	C_QUERY_NIC_VPORT,
	C_QUERY_ADAPTER,
	C_QUERY_ISSI,
	C_NOP,
	C_ALLOC_PD,
	C_ALLOC_TD,
	C_CREATE_TIS,
	C_MODIFY_TIS,
	C_QUERY_TIS,
	C_CREATE_KLM,
	C_CREATE_FBS,
	C_CREATE_MTT,
	C_CREATE_CQ,
	C_MODIFY_CQ,
	C_CREATE_QP_SW,
	C_CREATE_QP_FW,
	C_RST2INIT,
	C_INIT2RTR,
	C_RTR2RTS,
	C_SQERR2RTS,
	C_2RST,
	C_CREATE_SQ,
	C_MODIFY_SQ,
	C_QUERY_SQ,
	C_CREATE_RQ,
	C_MODIFY_RQ,
	C_QUERY_RQ,
	C_ALLOC_Q_COUNTER,
	C_QUERY_Q_COUNTER,
	C_CREATE_RQT_RQ,
	C_CREATE_TIR_RQ,
	C_CREATE_COUNTERS,
	C_QUERY_COUNTERS,
	C_CREATE_VQ,
	C_CREATE_VQ_TX,
	C_MODIFY_VQ,
	C_QUERY_VQ,
	C_CREATE_RQT,
	C_MODIFY_RQT,
	C_QUERY_RQT,
	C_CREATE_TIR,
	C_MODIFY_TIR,
	C_END
};

struct fw_box {
	uint8_t in[FW_IN_MAX] __attribute__((aligned(8)));
	size_t inlen, outlen;
};

struct fw_rig {
	struct ibv_context *ctx;
	struct mlx5dv_devx_uar *uar;
	void *mem;
	struct mlx5dv_devx_umem *umem, *umem_ro, *umem_small;
	struct ibv_pd *pd, *pd2;
	struct ibv_mr *mr, *mr2;
	uint32_t eqn;
	uint32_t id[ID_END];
	struct mlx5dv_devx_obj *obj[ID_END];
	uint8_t caps[4096] __attribute__((aligned(8))), vdpa[4096] __attribute__((aligned(8))),
		eth[4096] __attribute__((aligned(8)));
};

/*
 * The first function with virtio emulation. -ENODEV: none; -EIO: a valid command was refused (said
 * on stderr).
 */
int fw_rig_open(struct fw_rig *r);
void fw_rig_close(struct fw_rig *r);
/* A page of capabilities of 4096 bytes. 0 or a negative errno. */
int fw_rig_caps(const struct fw_rig *r, unsigned int type, uint8_t *page);

/* A valid mailbox, which names the objects of the rig. */
void fw_build(const struct fw_rig *r, enum fw_cmd_id cmd, struct fw_box *b);

/* umem parameters and rights as the capabilities of the NIC say. */
#define FW_RIG_GEN(r, fld) DEVX_GET(cmd_hca_cap, (r)->caps, fld)
#define FW_RIG_VDPA(r, fld) DEVX_GET(virtio_emulation_cap, (r)->vdpa, fld)

#endif /* FW_RIG_H */
