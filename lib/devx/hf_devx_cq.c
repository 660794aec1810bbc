/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_io.h>

#include "devx_priv.h"
#include "hf_devx_wq.h"

#define CQ_ARM_SN_SHIFT 28
#define CQ_ARM_SN_MASK 3u

static int
attr_check(const struct hf_devx *dev, const struct hf_cq_attr *attr)
{
	uint32_t max = 1u << dev->caps.log_max_cq_sz;

	if (attr->size != 0 && rte_is_power_of_2(attr->size) && attr->size <= max)
		return 0;
	return devx_call_failed(dev, EINVAL,
		"a completion queue of %u entries (the NIC has a power of two up to %u)",
		attr->size, max);
}

static size_t
ring_bytes(uint32_t size)
{
	return (size_t)size * sizeof(struct mlx5_cqe64);
}

/* The doorbell records come behind the ring. */
size_t
hf_cq_bytes(uint32_t size)
{
	return ring_bytes(size) + RTE_CACHE_LINE_SIZE;
}

static int
memory_create(struct hf_cq *cq, const struct hf_place *place)
{
	uint32_t i;
	int ret;

	cq->place = *place;
	if (place->umem == NULL) {
		ret = hf_umem_create(cq->dev, hf_cq_bytes(cq->size), &cq->umem);
		if (ret)
			return ret;
		cq->place.umem = &cq->umem;
	}
	cq->cqe = RTE_PTR_ADD(cq->place.umem->buf, cq->place.offset);
	cq->ci_rec = RTE_PTR_ADD(cq->cqe, ring_bytes(cq->size));
	cq->arm_rec = cq->ci_rec + 1;
	cq->arm_db = RTE_PTR_ADD(cq->dev->uar->base_addr, MLX5_CQ_DOORBELL);
	for (i = 0; i < cq->size; i++)
		cq->cqe[i].op_own = MLX5_CQE_INVALID << 4 | MLX5_CQE_OWNER_MASK;
	return 0;
}

static int
object_create(struct hf_cq *cq, const struct hf_cq_attr *attr)
{
	uint32_t out[DEVX_ST_SZ_DW(create_cq_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(create_cq_in)] = {0};
	void *cqc = DEVX_ADDR_OF(create_cq_in, in, cq_context);
	const struct hf_devx *dev = cq->dev;

	DEVX_SET(create_cq_in, in, opcode, MLX5_CMD_OP_CREATE_CQ);
	DEVX_SET(create_cq_in, in, cq_umem_valid, 1);
	DEVX_SET(create_cq_in, in, cq_umem_id, cq->place.umem->id);
	DEVX_SET64(create_cq_in, in, cq_umem_offset, cq->place.offset);
	DEVX_SET(cqc, cqc, cc, attr->collapsed);
	DEVX_SET(cqc, cqc, cqe_comp_en, attr->compressed);
	DEVX_SET(cqc, cqc, mini_cqe_res_format, MLX5_CQE_RESP_FORMAT_HASH);
	DEVX_SET(cqc, cqc, cqe_sz, MLX5_CQE_SIZE_64B);
	DEVX_SET(cqc, cqc, log_cq_size, rte_log2_u32(cq->size));
	DEVX_SET(cqc, cqc, log_page_size, devx_log_page_size(dev));
	DEVX_SET(cqc, cqc, uar_page, dev->uar->page_id);
	DEVX_SET(cqc, cqc, c_eqn, dev->eqn);
	DEVX_SET(cqc, cqc, dbr_umem_valid, 1);
	DEVX_SET(cqc, cqc, dbr_umem_id, cq->place.umem->id);
	DEVX_SET64(cqc, cqc, dbr_addr, cq->place.offset + ring_bytes(cq->size));
	return devx_create(
		cq->dev, "cq", in, sizeof(in), out, sizeof(out), &cq->devx, &cq->obj, &cq->num);
}

int
hf_cq_create(struct hf_devx *dev, const struct hf_cq_attr *attr, struct hf_cq *cq)
{
	uint16_t event = MLX5_EVENT_TYPE_COMP;
	int ret;

	*cq = (struct hf_cq){.dev = dev, .size = attr->size};
	ret = attr_check(dev, attr);
	if (ret)
		return ret;
	ret = memory_create(cq, &attr->place);
	if (ret)
		return ret;
	ret = object_create(cq, attr);
	if (ret)
		goto destroy;
	if (attr->ch != NULL) {
		ret = mlx5dv_devx_subscribe_devx_event(
			attr->ch->ch, cq->devx, sizeof(event), &event, attr->cookie);
		if (ret) {
			ret = devx_call_failed(
				dev, ret, "subscribing to completions of cq %u", cq->num);
			goto destroy;
		}
	}
	return 0;
destroy:
	hf_cq_destroy(cq);
	return ret;
}

int
hf_cq_destroy(struct hf_cq *cq)
{
	int ret = devx_destroy(cq->dev, "cq", cq->num, &cq->devx, &cq->obj);

	return ret ? ret : hf_umem_destroy(&cq->umem);
}

void
hf_cq_arm(struct hf_cq *cq, uint32_t ci)
{
	uint32_t word = (cq->arm_sn & CQ_ARM_SN_MASK) << CQ_ARM_SN_SHIFT | (ci & HF_CQ_CI_MASK);

	*cq->arm_rec = htobe32(word | MLX5_CQ_DB_REQ_NOT);
	/* The doorbell's page may combine writes: a full barrier on both sides. */
	rte_wmb();
	/* In one piece; other queues' threads store to the same word. */
	__atomic_store_n(cq->arm_db, htobe64((uint64_t)word << 32 | cq->num), __ATOMIC_RELAXED);
	rte_wmb();
	cq->arm_sn++;
}
