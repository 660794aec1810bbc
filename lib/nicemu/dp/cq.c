/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "cq.h"

#include <endian.h>
#include <infiniband/mlx5dv.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "../conf.h"
#include "../fw/fw.h"
#include "../mem/mem.h"
#include "../uverbs/uverbs.h"
#include "dp.h"
#include "prm.h"

#define COUNTER_MASK 0xffffffu /* of CQ consumer and producer */
#define ARM_SOLICITED (1u << 24) /* rdma-core mlx5dv.h, MLX5_CQ_DBR: solicited only */
#define SYNDROME_OVERRUN 1 /* Linux MLX5_CQ_ERROR_SYNDROME_CQ_OVERRUN */
#define SYNDROME_ACCESS 2 /* Linux MLX5_CQ_ERROR_SYNDROME_CQ_ACCESS_VIOLATION_ERROR */
#define SPINS 1000u

/* Words of the doorbell record of a CQ, and of a QP. */
enum { DBR_CI, DBR_ARM };
enum { DBR_RCV };

/* The CQ that this thread has locked: a fault leaves without unlocking it. */
static __thread struct nic_cq *volatile held;
/* The bell that this thread has taken, and not yet asked all CQs for. */
static __thread _Atomic uint64_t *volatile taken;

static void
lock(struct nic_cq *cq)
{
	unsigned int spins = 0;

	while (atomic_exchange_explicit(&cq->dp_lock, 1, memory_order_acquire) != 0) {
		if (++spins % SPINS == 0)
			sched_yield();
	}
	held = cq;
}

static void
unlock(struct nic_cq *cq)
{
	held = NULL;
	atomic_store_explicit(&cq->dp_lock, 0, memory_order_release);
}

/* A word of a doorbell record, host order. */
static uint32_t
dbr_load(const struct nic_umem *u, uint64_t off, unsigned int word)
{
	_Atomic uint32_t *p = mem_umem_ptr(u, off + word * 4, 4);

	return p == NULL ? 0 : be32toh(atomic_load_explicit(p, memory_order_acquire));
}

static void
tell_error(struct nic_cq *cq, uint8_t syndrome, enum vq_error e)
{
	struct nic_func *f = cq->obj.func;
	uint32_t eqe[DEVX_ST_SZ_DW(eqe)] = {0};
	void *data = DEVX_ADDR_OF(eqe, eqe, event_data);

	atomic_fetch_add_explicit(&f->vq_errors[e], 1, memory_order_relaxed);
	fprintf(stderr, "nicemu: %s: completion queue %u goes to error: %s\n",
		f->conf != NULL ? f->conf->ibdev : "?", cq->obj.id, dp_error_text(e));
	DEVX_SET(eqe, eqe, event_type, MLX5_EVENT_TYPE_CQ_ERROR);
	DEVX_SET(cq_error, data, cqn, cq->obj.id);
	DEVX_SET(cq_error, data, syndrome, syndrome);
	uverbs_event(f, MLX5_EVENT_TYPE_CQ_ERROR, NIC_OBJ_CQ, cq->obj.id, eqe);
}

void
cq_tell_wq(const struct nic_obj *o, uint8_t event)
{
	/* qp_events.type, Linux device.h MLX5_EVENT_QUEUE_TYPE_* */
	uint8_t type = o->type == NIC_OBJ_SQ ? 2 : o->type == NIC_OBJ_QP ? 0 : 1;
	uint32_t eqe[DEVX_ST_SZ_DW(eqe)] = {0};
	void *data = DEVX_ADDR_OF(eqe, eqe, event_data);

	DEVX_SET(eqe, eqe, event_type, event);
	DEVX_SET(qp_events, data, type, type);
	DEVX_SET(qp_events, data, qpn_rqn_sqn, o->id);
	uverbs_event(o->func, event, o->type, o->id, eqe);
}

/* A queue pair whose completions have nowhere to go (Linux mlx5_ib qp.c: IB_EVENT_QP_FATAL). */
static void
fail_qp(struct nic_qp *qp)
{
	qp->state = NIC_QP_ERR;
	cq_tell_wq(&qp->obj, MLX5_EVENT_TYPE_WQ_CATAS_ERROR);
}

uint8_t *
cq_entry(const struct nic_cq *cq, uint32_t n)
{
	uint32_t slot = cq->collapsed ? 0 : n & ((1u << cq->log_size) - 1);
	uint32_t stride = 1u << cq->log_cqe_size;
	uint8_t *p = mem_umem_ptr(cq->umem, cq->offset + (uint64_t)slot * stride, stride);

	/* one of 128 bytes has the 64 that matter in its second half */
	return p == NULL ? NULL : p + stride - sizeof(struct mlx5_cqe64);
}

bool
cq_put(struct nic_cq *cq, struct mlx5_cqe64 *cqe)
{
	uint8_t *to = cq_entry(cq, cq->pi);
	uint32_t last;

	if (to == NULL)
		return false;
	cqe->op_own = (uint8_t)((cqe->op_own & ~1u) | (cq->pi >> cq->log_size & 1));
	/* the last word, which a reader looks at first, goes in one store, last */
	memcpy(to, cqe, sizeof(*cqe) - sizeof(last));
	memcpy(&last, (uint8_t *)cqe + sizeof(*cqe) - sizeof(last), sizeof(last));
	atomic_store_explicit((_Atomic uint32_t *)(void *)(to + sizeof(*cqe) - sizeof(last)), last,
		memory_order_release);
	return true;
}

static uint32_t
room_of(const struct nic_cq *cq)
{
	uint32_t size = 1u << cq->log_size, used = (cq->pi - cq->ci) & COUNTER_MASK;

	return used < size ? size - used : 0;
}

/* As far as the consumer index says that was read last, else as it is now. */
uint32_t
cq_room(struct nic_cq *cq, uint32_t want)
{
	if (cq->overrun_ignore)
		return 1u << cq->log_size;
	if (room_of(cq) < want)
		cq->ci = dbr_load(cq->dbr_umem, cq->dbr_offset, DBR_CI);
	return room_of(cq);
}

bool
cq_write_begin(struct nic_cq *cq)
{
	lock(cq);
	return !cq->error;
}

bool
cq_write(struct nic_cq *cq, struct mlx5_cqe64 *cqe)
{
	if (cq->error)
		return false;
	if (cq_room(cq, 1) == 0)
		cq->fault = VQ_E_CQ_OVERRUN;
	else if (!cq_put(cq, cqe))
		cq->fault = VQ_E_CQ_MEMORY;
	else
		cq->pi++;
	cq->error = cq->fault != VQ_E_NONE;
	return !cq->error;
}

void
cq_write_end(struct nic_cq *cq)
{
	enum vq_error e = cq->fault;

	cq->fault = VQ_E_NONE;
	unlock(cq);
	if (e != VQ_E_NONE)
		tell_error(cq, e == VQ_E_CQ_OVERRUN ? SYNDROME_OVERRUN : SYNDROME_ACCESS, e);
}

bool
cq_complete(struct nic_cq *cq, uint32_t qpn, uint16_t wqe_counter, uint8_t opcode)
{
	struct mlx5_cqe64 cqe = {.sop_drop_qpn = htobe32(qpn),
		.wqe_counter = htobe16(wqe_counter),
		.op_own = (uint8_t)(opcode << 4)};
	bool done;

	if (opcode == MLX5_CQE_RESP_ERR)
		((struct mlx5_err_cqe *)(void *)&cqe)->syndrome = MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR;
	cq_write_begin(cq);
	done = cq_write(cq, &cqe);
	cq_write_end(cq);
	return done;
}

void
dp_cq_resized(struct nic_cq *cq)
{
	struct mem_guard guard;

	if (mem_guard_enter(&guard) != 0)
		cq_faulted();
	else
		cq_complete(cq, 0, 0, MLX5_CQE_RESIZE_CQ);
	mem_guard_leave();
}

bool
cq_faulted(void)
{
	struct nic_cq *cq = held;

	if (cq == NULL)
		return false;
	cq->error = true;
	unlock(cq);
	/* the CQs behind this one were not asked: whoever is next takes the bell again */
	if (taken != NULL)
		atomic_store(taken, 1);
	taken = NULL;
	tell_error(cq, SYNDROME_ACCESS, VQ_E_CQ_MEMORY);
	return true;
}

static _Atomic uint64_t *
bell_of(const struct nic_uar *uar)
{
	uint8_t *page = fw_bar_ptr(uar->obj.func, uar->bar_offset);

	return page == NULL ? NULL : (_Atomic uint64_t *)(void *)(page + MLX5_CQ_DOORBELL);
}

bool
cq_may_raise(const struct nic_cq *cq)
{
	const _Atomic uint64_t *bell = bell_of(cq->uar);

	return (cq->rung && cq->armed) ||
		(bell != NULL && atomic_load_explicit(bell, memory_order_relaxed) != 0);
}

/*
 * Was the CQ doorbell of a UAR rung? Rings overwrite each other, so which CQ was meant is lost: all
 * CQs of that UAR whose arm word has changed are armed. The first word of a driver is that of fresh
 * memory, 0, so a CQ that was never armed needs no change.
 */
static void
take_rings(const struct nic_uar *uar)
{
	struct nic_func *f = uar->obj.func;
	_Atomic uint64_t *bell = bell_of(uar);
	struct nic_obj *o;

	if (bell == NULL || atomic_load_explicit(bell, memory_order_relaxed) == 0 ||
		atomic_exchange(bell, 0) == 0)
		return;
	taken = bell;
	TAILQ_FOREACH(o, &f->objs[NIC_OBJ_CQ], next) {
		struct nic_cq *cq = (struct nic_cq *)o;
		uint32_t arm;

		if (cq->uar != uar || cq->error)
			continue;
		lock(cq);
		arm = dbr_load(cq->dbr_umem, cq->dbr_offset, DBR_ARM);
		if (!cq->rung || arm != cq->arm_seen)
			cq->armed = true;
		cq->rung = true;
		cq->arm_seen = arm;
		unlock(cq);
	}
	taken = NULL;
}

bool
cq_raise(struct nic_cq *cq)
{
	bool fire = false, done = true;
	uint32_t ci;

	/* the driver arms first and looks at the CQ then: the other way round here */
	atomic_thread_fence(memory_order_seq_cst);
	take_rings(cq->uar);
	lock(cq);
	if (!cq->error) {
		ci = dbr_load(cq->dbr_umem, cq->dbr_offset, DBR_CI);
		fire = cq->rung && cq->armed && (cq->arm_seen & ARM_SOLICITED) == 0 &&
			((cq->pi ^ cq->arm_seen) & COUNTER_MASK) != 0;
		if (fire)
			cq->armed = false;
		done = fire || ((cq->pi ^ ci) & COUNTER_MASK) == 0;
	}
	unlock(cq);
	if (fire)
		uverbs_event(cq->obj.func, MLX5_EVENT_TYPE_COMP, NIC_OBJ_CQ, cq->obj.id, NULL);
	return done;
}

static struct nic_qp *
peer(const struct nic_qp *event_qp)
{
	return (struct nic_qp *)fw_obj_find(event_qp->obj.func, NIC_OBJ_QP, event_qp->remote_qpn);
}

enum cq_send
cq_complete_qp(const struct nic_qp *event_qp)
{
	struct nic_qp *qp = peer(event_qp);
	uint16_t posted;

	if (qp == NULL || qp->remote_qpn != event_qp->obj.id ||
		(qp->state != NIC_QP_RTR && qp->state != NIC_QP_RTS))
		return CQ_NO_ACK;
	if (qp->cq_rcv == NULL || qp->dbr_umem == NULL)
		return CQ_RNR;
	posted = (uint16_t)dbr_load(qp->dbr_umem, qp->dbr_offset, DBR_RCV);
	if (posted == qp->rq_ci)
		return CQ_RNR;
	if (!cq_complete(qp->cq_rcv, qp->obj.id, qp->rq_ci, MLX5_CQE_RESP_SEND)) {
		fail_qp(qp);
		return CQ_REMOTE_ERROR;
	}
	qp->rq_ci++;
	return CQ_SENT;
}

void
cq_break_qp(const struct nic_qp *event_qp)
{
	struct nic_qp *qp = peer(event_qp);

	if (qp == NULL || qp->cq_rcv == NULL ||
		(qp->state != NIC_QP_RTR && qp->state != NIC_QP_RTS))
		return;
	qp->state = NIC_QP_ERR;
	cq_complete(qp->cq_rcv, qp->obj.id, qp->rq_ci++, MLX5_CQE_RESP_ERR);
}

bool
cq_raise_qp(const struct nic_qp *event_qp)
{
	struct nic_qp *qp = peer(event_qp);

	return qp == NULL || qp->cq_rcv == NULL || cq_raise(qp->cq_rcv);
}
