/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>

#include <rte_common.h>

#include "ethq_priv.h"
#include "hf_log.h"

static size_t
cq_bytes(uint32_t size)
{
	return RTE_ALIGN_CEIL(hf_cq_bytes(size), (size_t)HF_PLACE_ALIGN);
}

size_t
ethq_bytes(uint32_t cq_size, size_t wq_bytes)
{
	return cq_bytes(cq_size) + wq_bytes;
}

int
ethq_cq_create(struct hf_devx *dev, const struct hf_cq_attr *attr, size_t wq_bytes,
	struct hf_ethq_cq *cq, struct hf_place *place)
{
	struct hf_cq_attr placed = *attr;
	int ret;

	if (placed.place.umem == NULL) {
		ret = hf_umem_create(dev, ethq_bytes(attr->size, wq_bytes), &cq->umem);
		if (ret)
			return ret;
		placed.place.umem = &cq->umem;
	}
	ret = hf_cq_create(dev, &placed, &cq->obj);
	if (ret) {
		hf_umem_destroy(&cq->umem);
		return ret;
	}
	cq->cqe = (volatile struct prm_eth_cqe *)cq->obj.cqe;
	cq->size = attr->size;
	cq->ci_rec = cq->obj.ci_rec;
	*place = (struct hf_place){
		.umem = placed.place.umem, .offset = placed.place.offset + cq_bytes(attr->size)};
	return 0;
}

int
ethq_cq_destroy(struct hf_ethq_cq *cq)
{
	int ret = hf_cq_destroy(&cq->obj);

	return ret ? ret : hf_umem_destroy(&cq->umem);
}

int
ethq_start(struct hf_ethq_cq *cq, struct hf_wq *wq)
{
	while (hf_ethq_cq_next(cq) != NULL)
		cq->ci++;
	hf_ethq_cq_release(cq);
	*wq->rec = 0;
	rte_io_wmb();
	return hf_wq_modify(wq, HF_WQ_RST, HF_WQ_RDY);
}

int
ethq_stop(struct hf_wq *wq, bool failed)
{
	enum hf_wq_state from = failed ? HF_WQ_ERR : HF_WQ_RDY, state;
	int ret;

	ret = hf_wq_modify(wq, from, HF_WQ_RST);
	if (ret == 0)
		return 0;
	/* It may have failed meanwhile, and not have been polled since. */
	if (hf_wq_query(wq, &state) != 0 || state == from)
		return ret;
	return state == HF_WQ_RST ? 0 : hf_wq_modify(wq, state, HF_WQ_RST);
}

void
ethq_error(const char *name, const struct hf_wq *wq, volatile struct prm_eth_cqe *cqe,
	struct hf_ethq_error *e)
{
	volatile struct mlx5_err_cqe *bad = (volatile struct mlx5_err_cqe *)cqe;
	uint8_t opcode = cqe->op_own >> 4;

	*e = (struct hf_ethq_error){
		.err = -EPROTO, .wqe_counter = rte_be_to_cpu_16(cqe->wqe_counter)};
	if (opcode == MLX5_CQE_REQ_ERR || opcode == MLX5_CQE_RESP_ERR) {
		e->err = -EIO;
		e->syndrome = bad->syndrome;
		e->vendor_syndrome = bad->vendor_err_synd;
	}
	HF_LOG(ERR,
		"%s: %s %u stopped at entry %u: completion with opcode 0x%x, syndrome 0x%x, "
		"vendor's 0x%x",
		name, wq->kind, wq->num, e->wqe_counter, opcode, e->syndrome, e->vendor_syndrome);
}
