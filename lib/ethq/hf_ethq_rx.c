/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>

#include "ethq_priv.h"

static uint16_t
segs_of(const struct hf_ethq_rx_attr *attr)
{
	return rte_align32pow2(RTE_MAX(attr->max_segs, 1));
}

size_t
hf_ethq_rx_bytes(const struct hf_ethq_rx_attr *attr)
{
	return ethq_bytes(attr->size, hf_rq_bytes(attr->size, segs_of(attr)));
}

static int
queue_create(struct hf_devx *dev, const struct hf_ethq_rx_attr *attr, struct hf_ethq_rx *rx)
{
	const struct hf_cq_attr cq = {.size = attr->size,
		.compressed = hf_devx_caps(dev)->cqe_compression,
		.ch = attr->ch,
		.cookie = attr->cookie,
		.place = attr->place};
	struct hf_rq_attr rq = {.size = attr->size, .segs = segs_of(attr)};
	int ret;

	rx->name = hf_devx_name(dev);
	ret = ethq_cq_create(dev, &cq, hf_rq_bytes(rq.size, rq.segs), &rx->cq, &rq.place);
	if (ret)
		return ret;
	rq.cqn = rx->cq.obj.num;
	ret = hf_rq_create(dev, &rq, &rx->rq);
	if (ret)
		return ret;
	rx->ring = rx->rq.ring;
	rx->size = attr->size;
	rx->segs = rq.segs;
	rx->log_stride = rte_log2_u32(rq.segs * sizeof(struct mlx5_wqe_data_seg));
	rx->rec = rx->rq.rec;
	return 0;
}

int
hf_ethq_rx_create(struct hf_devx *dev, const struct hf_ethq_rx_attr *attr, struct hf_ethq_rx **out)
{
	struct hf_ethq_rx *rx;
	int ret;

	rx = calloc(1, sizeof(*rx));
	if (rx == NULL)
		return -ENOMEM;
	ret = queue_create(dev, attr, rx);
	if (ret) {
		hf_ethq_rx_destroy(rx);
		return ret;
	}
	*out = rx;
	return 0;
}

int
hf_ethq_rx_destroy(struct hf_ethq_rx *rx)
{
	int ret;

	if (rx == NULL)
		return 0;
	ret = hf_wq_destroy(&rx->rq);
	if (ret == 0)
		ret = ethq_cq_destroy(&rx->cq);
	if (ret == 0)
		free(rx);
	return ret;
}

/* Completions that nobody polled, of whatever was put. */
static void
forget(struct hf_ethq_rx *rx)
{
	volatile struct prm_eth_cqe *cqe;
	uint32_t n = rx->session.left;

	rx->session.left = 0;
	do {
		for (; n > 0; n--, rx->cq.ci++)
			rx->cq.cqe[rx->cq.ci & (rx->cq.size - 1)].op_own = MLX5_CQE_INVALID << 4;
		cqe = hf_ethq_cq_next(&rx->cq);
		if (cqe != NULL)
			n = hf_ethq_rx_is_title(cqe)
				? RTE_MIN(rte_be_to_cpu_32(cqe->byte_cnt), rx->cq.size)
				: 1;
	} while (n > 0);
}

int
hf_ethq_rx_start(struct hf_ethq_rx *rx)
{
	rx->pi = rx->rung = rx->ci = 0;
	rx->failed = false;
	forget(rx);
	return ethq_start(&rx->cq, &rx->rq);
}

int
hf_ethq_rx_stop(struct hf_ethq_rx *rx)
{
	return ethq_stop(&rx->rq, rx->failed);
}

void
hf_ethq_rx_arm(struct hf_ethq_rx *rx)
{
	hf_cq_arm(&rx->cq.obj, rx->cq.ci);
}

/* Those after which the NIC has put the queue into error (Linux cqe_syndrome_needs_recover()). */
static bool
is_fatal(uint8_t syndrome)
{
	return syndrome == MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR ||
		syndrome == MLX5_CQE_SYNDROME_LOCAL_PROT_ERR ||
		syndrome == MLX5_CQE_SYNDROME_WR_FLUSH_ERR;
}

bool
hf_ethq_rx_bad(struct hf_ethq_rx *rx, volatile struct prm_eth_cqe *cqe, struct hf_ethq_rx_cpl *c)
{
	uint8_t syndrome = ((volatile struct mlx5_err_cqe *)cqe)->syndrome;

	rx->unmarked = rx->cq.ci + rx->cq.size;
	if (cqe->op_own >> 4 == MLX5_CQE_RESP_ERR && syndrome != 0 && !is_fatal(syndrome) &&
		rte_be_to_cpu_16(cqe->wqe_counter) == rx->ci && rx->ci != rx->rung) {
		*c = (struct hf_ethq_rx_cpl){.syndrome = syndrome};
		return true;
	}
	rx->failed = true;
	ethq_error(rx->name, &rx->rq, cqe, &rx->error);
	return false;
}
