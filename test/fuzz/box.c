/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "box.h"

#include <infiniband/verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <rdma/mlx5_user_ioctl_verbs.h>
#include <string.h>

/* ---- mailboxes that fw_build() knows ---- */

#define BUILD(name, cmd) \
	void box_##name(struct run *r, struct req *q) \
	{ \
		(void)r; \
		fw_build(&q->c->rig, cmd, &q->box); \
	}
BUILD(alloc_pd, C_ALLOC_PD)
BUILD(alloc_td, C_ALLOC_TD)
BUILD(tis, C_CREATE_TIS)
BUILD(klm, C_CREATE_KLM)
BUILD(fbs, C_CREATE_FBS)
BUILD(mtt, C_CREATE_MTT)
BUILD(qp_fw, C_CREATE_QP_FW)
BUILD(counters, C_CREATE_COUNTERS)
BUILD(rqt, C_CREATE_RQT)
BUILD(rqt_rq, C_CREATE_RQT_RQ)
BUILD(tir_rq, C_CREATE_TIR_RQ)
BUILD(alloc_q_counter, C_ALLOC_Q_COUNTER)
BUILD(query_q_counter, C_QUERY_Q_COUNTER)
BUILD(query_rq, C_QUERY_RQ)
BUILD(rst2init, C_RST2INIT)
BUILD(init2rtr, C_INIT2RTR)
BUILD(rtr2rts, C_RTR2RTS)
BUILD(2rst, C_2RST)
BUILD(modify_rqt, C_MODIFY_RQT)
BUILD(modify_tir, C_MODIFY_TIR)
BUILD(query_counters, C_QUERY_COUNTERS)
BUILD(query_vq, C_QUERY_VQ)
BUILD(query_rqt, C_QUERY_RQT)
BUILD(query_hca_cap, C_QUERY_HCA_CAP)
BUILD(query_vport_state, C_QUERY_VPORT_STATE)
BUILD(query_nic_vport, C_QUERY_NIC_VPORT)

/* What the kernel says of queue memory, for mailboxes that do not pass it. */
void
box_cq(struct run *r, struct req *q)
{
	(void)r;
	fw_build(&q->c->rig, C_CREATE_CQ, &q->box);
	DEVX_SET(create_cq_in, q->box.in, cq_umem_valid, 1);
	DEVX_SET(create_cq_in, q->box.in, cq_context.dbr_umem_valid, 1);
}

void
box_qp_sw(struct run *r, struct req *q)
{
	(void)r;
	fw_build(&q->c->rig, C_CREATE_QP_SW, &q->box);
	DEVX_SET(create_qp_in, q->box.in, wq_umem_valid, 1);
	DEVX_SET(create_qp_in, q->box.in, qpc.dbr_umem_valid, 1);
}

/* One that completes through a queue of verbs. */
void
box_qp_verbs_cq(struct run *r, struct req *q)
{
	box_qp_sw(r, q);
	DEVX_SET(create_qp_in, q->box.in, qpc.cqn_rcv, run_id(q->refs, K_VCQ, 0, false));
}

/* The receiver is connected to the event QP, as that is to it. */
void
box_init2rtr_sw(struct run *r, struct req *q)
{
	box_init2rtr(r, q);
	DEVX_SET(init2rtr_qp_in, q->box.in, qpc.remote_qpn, q->c->rig.id[ID_QP_FW]);
}

void
box_tir(struct run *r, struct req *q)
{
	fw_build(&q->c->rig, C_CREATE_TIR, &q->box);
	if (r->flags & PROG_OFFLOAD) {
		DEVX_SET(create_tir_in, q->box.in, ctx.rx_hash_field_selector_outer.l3_prot_type,
			r->flags & PROG_PACKED ? MLX5_L3_PROT_TYPE_IPV6 : MLX5_L3_PROT_TYPE_IPV4);
		DEVX_SET(create_tir_in, q->box.in, ctx.rx_hash_field_selector_outer.selected_fields,
			0xf);
	}
}

/* All memory that a memory region has, as a list. */
void
box_klm_all(struct run *r, struct req *q)
{
	uint8_t *e = q->box.in + DEVX_ST_SZ_BYTES(create_mkey_in);
	unsigned int i;

	box_klm(r, q);
	DEVX_SET64(create_mkey_in, q->box.in, memory_key_mkey_entry.start_addr, MEM_IOVA);
	DEVX_SET64(create_mkey_in, q->box.in, memory_key_mkey_entry.len, MEM_UMEM);
	for (i = 0; i < FW_KLMS; i++, e += DEVX_ST_SZ_BYTES(klm)) {
		DEVX_SET(klm, e, byte_count, MEM_UMEM / FW_KLMS);
		DEVX_SET64(klm, e, address, MEM_IOVA + i * (MEM_UMEM / FW_KLMS));
	}
}

/* The list names the last list of its context: one level more. */
void
box_klm_indirect(struct run *r, struct req *q)
{
	uint8_t *e = q->box.in + DEVX_ST_SZ_BYTES(create_mkey_in);
	unsigned int i;

	box_klm(r, q);
	for (i = 0; i < FW_KLMS; i++, e += DEVX_ST_SZ_BYTES(klm)) {
		DEVX_SET(klm, e, mkey, run_id(q->refs, K_MKEY, 0, false));
		DEVX_SET64(klm, e, address, i * 0x3000ull);
	}
}

/* ---- virtqueues ---- */

#define VQ(b, fld, v) DEVX_SET(create_virtq_in, (b)->in, virtq.fld, v)
#define VQ64(b, fld, v) DEVX_SET64(create_virtq_in, (b)->in, virtq.fld, v)

/* Where the rings of a queue are. */
static void
vq_rings(struct run *r, struct req *q, unsigned int n)
{
	uint64_t at = MEM_IOVA +
		(uint64_t)((unsigned int)(q->c - r->ctx) * RUN_QUEUES + n % RUN_QUEUES) * MEM_RING;

	VQ64(&q->box, virtio_q_context.desc_addr, at);
	VQ64(&q->box, virtio_q_context.available_addr, at + 0x1000);
	VQ64(&q->box, virtio_q_context.used_addr, at + 0x2000);
	VQ(&q->box, virtio_q_context.virtio_q_type,
		r->flags & PROG_PACKED ? MLX5_VIRTQ_TYPE_PACKED : MLX5_VIRTQ_TYPE_SPLIT);
	if (r->flags & PROG_PACKED) {
		/* the first round of a packed ring has the wrap counter 1 */
		VQ(&q->box, hw_available_index, 0x8000);
		VQ(&q->box, hw_used_index, 0x8000);
	}
}

static void
vq_options(struct run *r, struct req *q)
{
	uint32_t key = run_id(q->refs, K_MKEY, q->s->flags & STEP_OLDER ? 1 : 0, false);

	if (r->flags & PROG_KLM && key != 0)
		VQ(&q->box, virtio_q_context.virtio_q_mkey, key);
	if (r->flags & PROG_OFFLOAD) {
		VQ(&q->box, tso_ipv4, 1);
		VQ(&q->box, tso_ipv6, 1);
		VQ(&q->box, tx_csum, 1);
		VQ(&q->box, rx_csum, 1);
	}
}

static void
vq_create(struct run *r, struct req *q, enum fw_cmd_id cmd, unsigned int index)
{
	/* the second context may be one of the same function */
	index += (unsigned int)(q->c - r->ctx) * RUN_QUEUES;
	fw_build(&q->c->rig, cmd, &q->box);
	VQ(&q->box, virtio_q_context.queue_index, index);
	vq_rings(r, q, index);
	vq_options(r, q);
}

void
box_vq_rx(struct run *r, struct req *q)
{
	vq_create(r, q, C_CREATE_VQ, q->c->n[K_VQ_RX] * 2);
}

void
box_vq_tx(struct run *r, struct req *q)
{
	vq_create(r, q, C_CREATE_VQ_TX, q->c->n[K_VQ_TX] * 2 + 1);
}

void
box_vq_ready(struct run *r, struct req *q)
{
	(void)r;
	fw_build(&q->c->rig, C_MODIFY_VQ, &q->box);
}

void
box_vq_suspend(struct run *r, struct req *q)
{
	box_vq_ready(r, q);
	VQ(&q->box, state, MLX5_VIRTQ_STATE_SUSPEND);
}

/* All fields that can be modified, to what they are. */
void
box_vq_modify(struct run *r, struct req *q)
{
	box_vq_ready(r, q);
	VQ64(&q->box, modify_field_select,
		(uint64_t)(MLX5_VIRTQ_MODIFY_TYPE_ADDR | MLX5_VIRTQ_MODIFY_TYPE_HW_AVAILABLE_INDEX |
			MLX5_VIRTQ_MODIFY_TYPE_HW_USED_INDEX | MLX5_VIRTQ_MODIFY_TYPE_Q_TYPE |
			MLX5_VIRTQ_MODIFY_TYPE_VERSION_1_0 | MLX5_VIRTQ_MODIFY_TYPE_Q_MKEY |
			MLX5_VIRTQ_MODIFY_TYPE_QUEUE_FEATURE_BIT_MASK |
			MLX5_VIRTQ_MODIFY_TYPE_EVENT_MODE | MLX5_VIRTQ_MODIFY_TYPE_QUEUE_PERIOD));
	if (q->subject == NULL)
		return;
	vq_rings(r, q, q->subject->index);
	vq_options(r, q);
	/* its own event QP: that of a pair's receive queue was made first */
	VQ(&q->box, virtio_q_context.event_qpn_or_msix,
		run_id(q->refs, K_QP_FW, q->subject->index & 1 ? 0 : 1, false));
}

/* The log of what the NIC writes: behind the buffers. */
void
box_vq_log(struct run *r, struct req *q)
{
	box_vq_ready(r, q);
	VQ64(&q->box, modify_field_select,
		(uint64_t)(MLX5_VIRTQ_MODIFY_TYPE_DIRTY_BITMAP_PARAMS |
			MLX5_VIRTQ_MODIFY_TYPE_DIRTY_BITMAP_DUMP_ENABLE));
	VQ(&q->box, dirty_bitmap_dump_enable, 1);
	VQ(&q->box, dirty_bitmap_mkey, run_id(q->refs, K_MR, 0, false));
	VQ64(&q->box, dirty_bitmap_addr, MEM_IOVA + MEM_UMEM - 0x10000);
	VQ(&q->box, dirty_bitmap_size, 0x10000);
}

/* Events come late, and one for many. */
void
box_vq_moderate(struct run *r, struct req *q)
{
	box_vq_ready(r, q);
	VQ64(&q->box, modify_field_select, (uint64_t)MLX5_VIRTQ_MODIFY_TYPE_QUEUE_PERIOD);
	VQ(&q->box, virtio_q_context.queue_period_mode, 1);
	VQ(&q->box, virtio_q_context.queue_period_us, 100);
	VQ(&q->box, virtio_q_context.queue_max_count, 2);
}

/* ---- send queues ---- */

void
box_sq(struct run *r, struct req *q)
{
	(void)r;
	fw_build(&q->c->rig, C_CREATE_SQ, &q->box);
	DEVX_SET(create_sq_in, q->box.in, ctx.min_wqe_inline_mode, 0);
	DEVX_SET(create_sq_in, q->box.in, ctx.wq.wq_umem_valid, 1);
	DEVX_SET(create_sq_in, q->box.in, ctx.wq.dbr_umem_valid, 1);
}

static void
sq_modify(struct req *q, unsigned int from, unsigned int to)
{
	fw_build(&q->c->rig, C_MODIFY_SQ, &q->box);
	DEVX_SET(modify_sq_in, q->box.in, sq_state, from);
	DEVX_SET(modify_sq_in, q->box.in, ctx.state, to);
}

void
box_sq_ready(struct run *r, struct req *q)
{
	(void)r;
	sq_modify(q, MLX5_SQC_STATE_RST, MLX5_SQC_STATE_RDY);
}

void
box_sq_error(struct run *r, struct req *q)
{
	(void)r;
	sq_modify(q, MLX5_SQC_STATE_RDY, MLX5_SQC_STATE_ERR);
}

void
box_sq_reset(struct run *r, struct req *q)
{
	(void)r;
	sq_modify(q, MLX5_SQC_STATE_ERR, MLX5_SQC_STATE_RST);
}

/* ---- receive queues ---- */

void
box_rq(struct run *r, struct req *q)
{
	fw_build(&q->c->rig, C_CREATE_RQ, &q->box);
	if (r->flags & PROG_OFFLOAD)
		DEVX_SET(create_rq_in, q->box.in, ctx.vsd, 0);
	DEVX_SET(create_rq_in, q->box.in, ctx.wq.wq_umem_valid, 1);
	DEVX_SET(create_rq_in, q->box.in, ctx.wq.dbr_umem_valid, 1);
}

static void
rq_modify(struct req *q, unsigned int from, unsigned int to)
{
	fw_build(&q->c->rig, C_MODIFY_RQ, &q->box);
	DEVX_SET(modify_rq_in, q->box.in, rq_state, from);
	DEVX_SET(modify_rq_in, q->box.in, ctx.state, to);
}

void
box_rq_ready(struct run *r, struct req *q)
{
	(void)r;
	rq_modify(q, MLX5_RQC_STATE_RST, MLX5_RQC_STATE_RDY);
}

void
box_rq_error(struct run *r, struct req *q)
{
	(void)r;
	rq_modify(q, MLX5_RQC_STATE_RDY, MLX5_RQC_STATE_ERR);
}

void
box_rq_reset(struct run *r, struct req *q)
{
	(void)r;
	rq_modify(q, MLX5_RQC_STATE_ERR, MLX5_RQC_STATE_RST);
}

/* ---- mailboxes with nothing but a head ---- */

#define SIMPLE(name, op, st) \
	void box_##name(struct run *r, struct req *q) \
	{ \
		(void)r; \
		DEVX_SET(mbox_in, q->box.in, opcode, MLX5_CMD_OP_##op); \
		q->box.inlen = DEVX_ST_SZ_BYTES(st##_in); \
		q->box.outlen = DEVX_ST_SZ_BYTES(st##_out); \
	}
SIMPLE(2err, QP_2ERR, qp_2err)
SIMPLE(rts2rts, RTS2RTS_QP, rts2rts_qp)
SIMPLE(sqerr2rts, SQERR2RTS_QP, sqerr2rts_qp)
SIMPLE(modify_cq, MODIFY_CQ, modify_cq)
SIMPLE(modify_tis, MODIFY_TIS, modify_tis)
SIMPLE(query_mkey, QUERY_MKEY, query_mkey)
SIMPLE(query_cq, QUERY_CQ, query_cq)
SIMPLE(query_qp, QUERY_QP, query_qp)
SIMPLE(query_sq, QUERY_SQ, query_sq)
SIMPLE(query_tir, QUERY_TIR, query_tir)
SIMPLE(query_tis, QUERY_TIS, query_tis)
SIMPLE(query_lag, QUERY_LAG, query_lag)
SIMPLE(query_special, QUERY_SPECIAL_CONTEXTS, query_special_contexts)
SIMPLE(nop, NOP, nop)
SIMPLE(query_adapter, QUERY_ADAPTER, query_adapter)
SIMPLE(query_issi, QUERY_ISSI, query_issi)
SIMPLE(alloc_uar, ALLOC_UAR, alloc_uar)

void
box_init2init(struct run *r, struct req *q)
{
	box_rst2init(r, q);
	DEVX_SET(mbox_in, q->box.in, opcode, MLX5_CMD_OP_INIT2INIT_QP);
}

/* The command that destroys an object of a class, as the kernel sends it for a handle. */
void
box_destroy(struct run *r, struct req *q)
{
	static const struct {
		uint16_t opcode, obj_type;
	} by[K_CLASSES] = {
		[K_PD] = {MLX5_CMD_OP_DEALLOC_PD, 0},
		[K_TD] = {MLX5_CMD_OP_DEALLOC_TRANSPORT_DOMAIN, 0},
		[K_TIS] = {MLX5_CMD_OP_DESTROY_TIS, 0},
		[K_MKEY] = {MLX5_CMD_OP_DESTROY_MKEY, 0},
		[K_CQ] = {MLX5_CMD_OP_DESTROY_CQ, 0},
		[K_QP_SW] = {MLX5_CMD_OP_DESTROY_QP, 0},
		[K_QP_FW] = {MLX5_CMD_OP_DESTROY_QP, 0},
		[K_SQ] = {MLX5_CMD_OP_DESTROY_SQ, 0},
		[K_RQ] = {MLX5_CMD_OP_DESTROY_RQ, 0},
		[K_Q_COUNTER] = {MLX5_CMD_OP_DEALLOC_Q_COUNTER, 0},
		[K_RQT] = {MLX5_CMD_OP_DESTROY_RQT, 0},
		[K_TIR] = {MLX5_CMD_OP_DESTROY_TIR, 0},
		[K_COUNTERS] = {MLX5_CMD_OP_DESTROY_GENERAL_OBJECT,
			MLX5_GENERAL_OBJ_TYPE_VIRTIO_Q_COUNTERS},
		[K_VQ_RX] = {MLX5_CMD_OP_DESTROY_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ},
		[K_VQ_TX] = {MLX5_CMD_OP_DESTROY_GENERAL_OBJECT, MLX5_GENERAL_OBJ_TYPE_VIRTQ},
	};

	(void)r;
	DEVX_SET(general_obj_in_cmd_hdr, q->box.in, opcode, by[q->t->subject].opcode);
	DEVX_SET(general_obj_in_cmd_hdr, q->box.in, obj_type, by[q->t->subject].obj_type);
	q->box.inlen = DEVX_ST_SZ_BYTES(general_obj_in_cmd_hdr);
	q->box.outlen = DEVX_ST_SZ_BYTES(general_obj_out_cmd_hdr);
}

/* ---- input data ---- */

void
data_get_context(struct run *r, struct req *q)
{
	struct mlx5_ib_alloc_ucontext_req_v2 *c = (void *)q->data;

	(void)r;
	c->flags = MLX5_IB_ALLOC_UCTX_DEVX;
	c->total_num_bfregs = 2;
	c->max_cqe_version = 1;
	c->lib_caps = MLX5_LIB_CAP_DYN_UAR | MLX5_LIB_CAP_4K_UAR;
}

void
data_query_port(struct run *r, struct req *q)
{
	struct ib_uverbs_query_port *c = (void *)q->data;

	(void)r;
	c->port_num = 1;
}

/* DEALLOC_PD and DEREG_MR: the handle and nothing else. */
void
data_handle(struct run *r, struct req *q)
{
	uint32_t handle = q->subject != NULL ? (uint32_t)q->subject->handle : 0;

	(void)r;
	memcpy(q->data, &handle, sizeof(handle));
}

void
data_flow_handle(struct run *r, struct req *q)
{
	struct ib_uverbs_destroy_flow *c = (void *)q->data;

	(void)r;
	c->flow_handle = q->subject != NULL ? (uint32_t)q->subject->handle : 0;
}

static void
reg_mr(struct req *q, uint8_t *mem, uint64_t len, uint64_t iova, uint32_t access)
{
	struct ib_uverbs_reg_mr *c = (void *)q->data;
	struct slot *pd = run_pick(q->refs, K_PD, q->s->flags & STEP_OLDER ? 1 : 0, false);

	q->addresses = 1u << offsetof(struct ib_uverbs_reg_mr, start) / 8;
	c->start = (uintptr_t)mem;
	c->length = len;
	c->hca_va = iova;
	c->pd_handle = pd != NULL ? (uint32_t)pd->handle : 0;
	c->access_flags = access;
}

void
data_reg_mr(struct run *r, struct req *q)
{
	reg_mr(q, r->mem[MEM_SHARED], MEM_UMEM, MEM_IOVA, IBV_ACCESS_LOCAL_WRITE);
}

void
data_reg_mr_private(struct run *r, struct req *q)
{
	reg_mr(q, r->mem[MEM_PRIVATE], MEM_SMALL, MEM_IOVA + MEM_BUFS, IBV_ACCESS_LOCAL_WRITE);
}

void
data_reg_mr_readonly(struct run *r, struct req *q)
{
	reg_mr(q, r->mem[MEM_READONLY], MEM_SMALL, MEM_IOVA + MEM_BUFS, 0);
}

void
data_reg_mr_file(struct run *r, struct req *q)
{
	reg_mr(q, r->mem[MEM_FILE], MEM_SMALL, MEM_IOVA, IBV_ACCESS_LOCAL_WRITE);
}

/* All of it anew: to other pages, another domain, other rights. */
void
data_rereg_mr(struct run *r, struct req *q)
{
	struct ib_uverbs_rereg_mr *c = (void *)q->data;
	struct slot *pd = run_pick(q->refs, K_PD, q->s->flags & STEP_OLDER ? 1 : 0, false);

	q->addresses = 1u << offsetof(struct ib_uverbs_rereg_mr, start) / 8;
	c->mr_handle = q->subject != NULL ? (uint32_t)q->subject->handle : 0;
	c->flags = 7;
	c->start = (uintptr_t)r->mem[MEM_SHARED];
	c->length = MEM_UMEM / 2;
	c->hca_va = MEM_IOVA;
	c->pd_handle = pd != NULL ? (uint32_t)pd->handle : 0;
	c->access_flags = IBV_ACCESS_LOCAL_WRITE;
}

/* A completion queue of verbs: the driver's part. Its memory is that of the umem. */
void
data_cq(struct run *r, struct req *q)
{
	struct mlx5_ib_create_cq *c = (void *)q->data;
	uint8_t *mem = r->mem[MEM_SHARED] + MEM_UMEM + (size_t)(q->c - r->ctx) * MEM_UMEM_BYTES;

	q->addresses = 3;
	c->buf_addr = (uintptr_t)mem;
	c->db_addr = (uintptr_t)mem + 0x1000;
	c->cqe_size = 64;
	c->flags = MLX5_IB_CREATE_CQ_FLAGS_UAR_PAGE_INDEX;
	c->uar_page_index = (uint16_t)run_id(q->refs, K_UAR, 0, false);
}

void
data_resize_cq(struct run *r, struct req *q)
{
	struct ib_uverbs_resize_cq *c = (void *)q->data;
	struct mlx5_ib_resize_cq *drv = (void *)(q->data + RUN_DATA2);

	q->addresses = 1u << RUN_DATA2 / 8;
	c->cq_handle = q->subject != NULL ? (uint32_t)q->subject->handle : 0;
	c->cqe = 200;
	drv->buf_addr = (uintptr_t)r->mem[MEM_SHARED] + MEM_UMEM;
	drv->cqe_size = 64;
}

static void
umem(struct req *q, uint8_t *mem, uint64_t len, uint64_t access)
{
	q->hdr.attrs[1].data = (uintptr_t)mem;
	q->hdr.attrs[2].data = len;
	q->hdr.attrs[3].data = access;
}

void
data_umem(struct run *r, struct req *q)
{
	umem(q, r->mem[MEM_SHARED] + MEM_UMEM + (size_t)(q->c - r->ctx) * MEM_UMEM_BYTES,
		MEM_UMEM_BYTES, IBV_ACCESS_LOCAL_WRITE);
}

void
data_umem_private(struct run *r, struct req *q)
{
	umem(q, r->mem[MEM_PRIVATE], MEM_SMALL, IBV_ACCESS_LOCAL_WRITE);
}

void
data_umem_readonly(struct run *r, struct req *q)
{
	umem(q, r->mem[MEM_READONLY], MEM_SMALL, 0);
}

void
data_umem_file(struct run *r, struct req *q)
{
	umem(q, r->mem[MEM_FILE], MEM_SMALL, IBV_ACCESS_LOCAL_WRITE);
}

void
data_eventfd(struct run *r, struct req *q)
{
	q->hdr.attrs[3].data = (uint64_t)r->eventfd;
}

/* A match of the destination address. */
void
data_mask(struct run *r, struct req *q)
{
	(void)r;
	DEVX_SET(fte_match_set_lyr_2_4, q->data, dmac_47_16, 0xffffffff);
	DEVX_SET(fte_match_set_lyr_2_4, q->data, dmac_15_0, 0xffff);
}

/* That of the function itself. */
void
data_value(struct run *r, struct req *q)
{
	const uint8_t *mac = q->c->f->vport.mac.ether_addr_octet;

	(void)r;
	DEVX_SET(fte_match_set_lyr_2_4, q->data, dmac_47_16,
		(uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3]);
	DEVX_SET(fte_match_set_lyr_2_4, q->data, dmac_15_0, (uint32_t)mac[4] << 8 | mac[5]);
}
