/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * How a virtq tells of its progress: when it has used buffers and the guest wants to know, the
 * firmware's QP sends an empty message through the fabric to a QP of ours, whose completion queue
 * counts the messages. The queue is collapsed: all completions are written over its first entry,
 * whose wqe_counter is the number of the last one.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_io.h>

#include "devx_priv.h"
#include "hf_devx_wq.h"

#define RQ_STRIDE_BYTES 16 /* the smallest; messages are empty, so no entry is ever read */
#define DBREC_BYTES 64 /* a cache line of its own */
#define FIRST_COMPLETION_BEFORE UINT16_MAX /* one less than the first number, in 16 bits */

enum { FW, SW, QPS };

struct eqp_qp {
	struct mlx5dv_devx_obj *devx;
	struct hf_obj *obj;
	uint32_t num;
};

struct hf_eqp {
	struct hf_devx *dev;
	uint16_t size;
	struct hf_cq cq;
	struct hf_umem rq_umem; /* its own */
	struct hf_place rq_place;
	struct eqp_qp qp[QPS];
	volatile uint32_t *rq_dbrec;
	uint32_t ci; /* completions consumed since the queue was made */
	uint16_t pi; /* number of the next completion, of the QPs' present life */
	uint64_t errors; /* atomic: anyone may ask */
};

/* The last dword of the first entry, which the NIC writes in one piece. */
union cqe_tail {
	uint32_t word;
	struct {
		uint16_t wqe_counter;
		uint8_t signature;
		uint8_t op_own;
	};
};

static void
cqe_invalidate(struct hf_eqp *e)
{
	union cqe_tail t = {
		.wqe_counter = htobe16(FIRST_COMPLETION_BEFORE),
		.op_own = MLX5_CQE_INVALID << 4 | MLX5_CQE_OWNER_MASK,
	};

	*(volatile uint32_t *)&e->cq.cqe->wqe_counter = t.word;
}

/* The QP that the firmware sends with has no queues of its own. */
static int
fw_qp_create(struct hf_eqp *e)
{
	uint32_t out[DEVX_ST_SZ_DW(create_qp_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(create_qp_in)] = {0};
	void *qpc = DEVX_ADDR_OF(create_qp_in, in, qpc);
	struct eqp_qp *qp = &e->qp[FW];

	DEVX_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	DEVX_SET(qpc, qpc, st, MLX5_QP_ST_RC);
	DEVX_SET(qpc, qpc, pd, e->dev->pdn);
	DEVX_SET(qpc, qpc, rq_type, MLX5_ZERO_LEN_RQ);
	DEVX_SET(qpc, qpc, no_sq, 1);
	DEVX_SET(qpc, qpc, ts_format, devx_ts_format(e->dev->caps.ts_format_qp));
	return devx_create(
		e->dev, "qp", in, sizeof(in), out, sizeof(out), &qp->devx, &qp->obj, &qp->num);
}

static size_t
rq_ring_bytes(uint16_t size)
{
	return RTE_ALIGN_CEIL((size_t)size * RQ_STRIDE_BYTES, DBREC_BYTES);
}

/* The queue of completions first. */
size_t
hf_eqp_bytes(uint16_t size)
{
	return RTE_ALIGN_CEIL(hf_cq_bytes(size), HF_PLACE_ALIGN) + rq_ring_bytes(size) +
		DBREC_BYTES;
}

static int
rq_memory_create(struct hf_eqp *e, const struct hf_place *place)
{
	int ret;

	if (place->umem != NULL) {
		e->rq_place.umem = place->umem;
		e->rq_place.offset =
			place->offset + RTE_ALIGN_CEIL(hf_cq_bytes(e->size), HF_PLACE_ALIGN);
	} else {
		ret = hf_umem_create(e->dev, rq_ring_bytes(e->size) + DBREC_BYTES, &e->rq_umem);
		if (ret)
			return ret;
		e->rq_place.umem = &e->rq_umem;
	}
	e->rq_dbrec =
		RTE_PTR_ADD(e->rq_place.umem->buf, e->rq_place.offset + rq_ring_bytes(e->size));
	return 0;
}

static int
sw_qp_create(struct hf_eqp *e)
{
	uint32_t out[DEVX_ST_SZ_DW(create_qp_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(create_qp_in)] = {0};
	void *qpc = DEVX_ADDR_OF(create_qp_in, in, qpc);
	const struct hf_place *place = &e->rq_place;
	struct eqp_qp *qp = &e->qp[SW];
	struct hf_devx *dev = e->dev;

	DEVX_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	DEVX_SET(create_qp_in, in, wq_umem_valid, 1);
	DEVX_SET(create_qp_in, in, wq_umem_id, place->umem->id);
	DEVX_SET64(create_qp_in, in, wq_umem_offset, place->offset);
	DEVX_SET(qpc, qpc, st, MLX5_QP_ST_RC);
	DEVX_SET(qpc, qpc, pm_state, MLX5_QP_PM_MIGRATED);
	DEVX_SET(qpc, qpc, pd, dev->pdn);
	DEVX_SET(qpc, qpc, uar_page, dev->uar->page_id);
	DEVX_SET(qpc, qpc, log_page_size, devx_log_page_size(dev));
	DEVX_SET(qpc, qpc, no_sq, 1);
	DEVX_SET(qpc, qpc, rq_type, MLX5_NON_ZERO_RQ);
	DEVX_SET(qpc, qpc, log_rq_size, rte_log2_u32(e->size));
	DEVX_SET(qpc, qpc, log_rq_stride, 0); /* in powers of two from 16 bytes */
	DEVX_SET(qpc, qpc, cqn_rcv, e->cq.num);
	DEVX_SET(qpc, qpc, dbr_umem_valid, 1);
	DEVX_SET(qpc, qpc, dbr_umem_id, place->umem->id);
	DEVX_SET64(qpc, qpc, dbr_addr, place->offset + rq_ring_bytes(e->size));
	DEVX_SET(qpc, qpc, ts_format, devx_ts_format(dev->caps.ts_format_qp));
	return devx_create(
		dev, "qp", in, sizeof(in), out, sizeof(out), &qp->devx, &qp->obj, &qp->num);
}

/*
 * One step of one QP. The values are those of Linux mlx5_vnet.c alloc_inout() and of any reliable
 * connection between two QPs of one port; fl (forced loopback) keeps the messages inside the NIC.
 */
static int
qp_move(struct hf_eqp *e, unsigned int which, uint16_t opcode)
{
	uint32_t out[DEVX_ST_SZ_DW(rst2init_qp_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(rst2init_qp_in)] = {0}; /* the head is the same in all of them */
	void *qpc = DEVX_ADDR_OF(rst2init_qp_in, in, qpc);
	const struct eqp_qp *qp = &e->qp[which];
	size_t inlen = sizeof(in);

	DEVX_SET(rst2init_qp_in, in, opcode, opcode);
	DEVX_SET(rst2init_qp_in, in, qpn, qp->num);
	switch (opcode) {
	case MLX5_CMD_OP_RST2INIT_QP:
		DEVX_SET(qpc, qpc, pm_state, MLX5_QP_PM_MIGRATED);
		DEVX_SET(qpc, qpc, rre, 1);
		DEVX_SET(qpc, qpc, rwe, 1);
		DEVX_SET(qpc, qpc, primary_address_path.vhca_port_num, 1);
		break;
	case MLX5_CMD_OP_INIT2RTR_QP:
		DEVX_SET(qpc, qpc, mtu, MLX5_QPC_MTU_256_BYTES);
		DEVX_SET(qpc, qpc, log_msg_max, 30);
		DEVX_SET(qpc, qpc, remote_qpn, e->qp[which == FW ? SW : FW].num);
		DEVX_SET(qpc, qpc, primary_address_path.fl, 1);
		DEVX_SET(qpc, qpc, primary_address_path.vhca_port_num, 1);
		break;
	case MLX5_CMD_OP_RTR2RTS_QP:
		DEVX_SET(qpc, qpc, retry_count, 7);
		DEVX_SET(qpc, qpc, rnr_retry, 7);
		DEVX_SET(qpc, qpc, primary_address_path.ack_timeout, 14);
		break;
	default: /* to reset: no context */
		inlen = DEVX_ST_SZ_BYTES(2rst_qp_in);
		break;
	}
	return devx_modify(e->dev, qp->devx, in, inlen, out, sizeof(out));
}

/* Each step on both before the next: a QP that is ready to receive needs a peer that knows it. */
static int
qps_move(struct hf_eqp *e, const uint16_t *opcodes, unsigned int n)
{
	unsigned int i, which;
	int ret;

	for (i = 0; i < n; i++) {
		for (which = 0; which < QPS; which++) {
			ret = qp_move(e, which, opcodes[i]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* Both QPs from reset to send, with room for size messages, and the CQ waiting for the first. */
static int
qps_start(struct hf_eqp *e)
{
	static const uint16_t up[] = {
		MLX5_CMD_OP_RST2INIT_QP, MLX5_CMD_OP_INIT2RTR_QP, MLX5_CMD_OP_RTR2RTS_QP};
	int ret;

	e->pi = 0;
	cqe_invalidate(e);
	ret = qps_move(e, up, RTE_DIM(up));
	if (ret)
		return ret;
	rte_io_wmb();
	*e->rq_dbrec = htobe32(e->size);
	hf_eqp_arm(e);
	return 0;
}

static int
attr_check(const struct hf_devx *dev, const struct hf_eqp_attr *attr)
{
	if (attr->size != 0 && rte_is_power_of_2(attr->size))
		return 0;
	return devx_call_failed(
		dev, EINVAL, "an event queue of %u entries (not a power of two)", attr->size);
}

int
hf_eqp_create(struct hf_devx *dev, const struct hf_eqp_attr *attr, struct hf_eqp **out)
{
	const struct hf_cq_attr cq = {
		.size = attr->size,
		.collapsed = true,
		.ch = attr->ch,
		.cookie = attr->cookie,
		.place = attr->place,
	};
	struct hf_eqp *e;
	int ret;

	ret = attr_check(dev, attr);
	if (ret)
		return ret;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	e->dev = dev;
	e->size = attr->size;
	ret = hf_cq_create(dev, &cq, &e->cq);
	if (ret)
		goto destroy;
	ret = fw_qp_create(e);
	if (ret)
		goto destroy;
	ret = rq_memory_create(e, &attr->place);
	if (ret)
		goto destroy;
	ret = sw_qp_create(e);
	if (ret)
		goto destroy;
	ret = qps_start(e);
	if (ret)
		goto destroy;
	*out = e;
	return 0;
destroy:
	hf_eqp_destroy(e);
	return ret;
}

int
hf_eqp_destroy(struct hf_eqp *e)
{
	struct eqp_qp *qp;
	unsigned int i;
	int ret;

	if (e == NULL)
		return 0;
	for (i = QPS; i-- > 0;) {
		qp = &e->qp[i];
		ret = devx_destroy(e->dev, "qp", qp->num, &qp->devx, &qp->obj);
		if (ret)
			return ret;
	}
	ret = hf_umem_destroy(&e->rq_umem);
	if (ret)
		return ret;
	ret = hf_cq_destroy(&e->cq);
	if (ret)
		return ret;
	free(e);
	return 0;
}

uint32_t
hf_eqp_qpn(const struct hf_eqp *e)
{
	return e->qp[FW].num;
}

uint64_t
hf_eqp_errors(const struct hf_eqp *e)
{
	return __atomic_load_n(&e->errors, __ATOMIC_RELAXED);
}

/* Take what has completed and give its room back. Returns how many, and the opcode of the last. */
static uint16_t
consume(struct hf_eqp *e, uint8_t *opcode)
{
	union cqe_tail t = {.word = *(volatile uint32_t *)&e->cq.cqe->wqe_counter};
	uint16_t n;

	/* In 16 bits, as the NIC counts: a full queue of any size differs from an empty one. */
	n = be16toh(t.wqe_counter) + 1 - e->pi;
	if (n == 0)
		return 0;
	/* What the completions announce was written before them. */
	rte_io_rmb();
	*opcode = t.op_own >> 4;
	e->ci += n;
	e->pi += n;
	*e->cq.ci_rec = htobe32(e->ci & HF_CQ_CI_MASK);
	/* Room in the completion queue is there before the messages that will fill it. */
	rte_io_wmb();
	*e->rq_dbrec = htobe32((uint16_t)(e->pi + e->size));
	return n;
}

unsigned int
hf_eqp_poll(struct hf_eqp *e)
{
	uint8_t opcode = MLX5_CQE_INVALID;
	uint16_t n = consume(e, &opcode);

	if (n != 0 && (opcode == MLX5_CQE_RESP_ERR || opcode == MLX5_CQE_REQ_ERR))
		__atomic_add_fetch(&e->errors, 1, __ATOMIC_RELAXED);
	return n;
}

void
hf_eqp_arm(struct hf_eqp *e)
{
	hf_cq_arm(&e->cq, e->ci);
}

int
hf_eqp_reset(struct hf_eqp *e)
{
	static const uint16_t down[] = {MLX5_CMD_OP_QP_2RST};
	uint8_t opcode;
	int ret;

	ret = qps_move(e, down, RTE_DIM(down));
	if (ret)
		return ret;
	/*
	 * The CQ goes on where it is, so it is told of what completed meanwhile: the firmware puts
	 * the QPs of a destroyed virtq into error, which flushes all their messages.
	 */
	consume(e, &opcode);
	return qps_start(e);
}
