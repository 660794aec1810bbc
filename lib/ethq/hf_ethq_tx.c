/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>

#include "ethq_priv.h"
#include "hf_log.h"

uint16_t
hf_ethq_tx_max_segs(const struct hf_devx_caps *caps, uint16_t inlined)
{
	unsigned int used = HF_ETHQ_HEAD_UNITS + hf_ethq_inline_units(inlined);
	unsigned int all = hf_sq_max_segs(caps);

	return used < all ? all - used : 0;
}

static int
attr_check(struct hf_devx *dev, const struct hf_ethq_tx_attr *attr)
{
	const struct hf_devx_caps *caps = hf_devx_caps(dev);
	unsigned int max = hf_ethq_tx_max_segs(caps, attr->max_inline);
	unsigned int units =
		HF_ETHQ_HEAD_UNITS + hf_ethq_inline_units(attr->max_inline) + attr->max_segs;

	if (attr->max_segs > max) {
		HF_LOG(ERR, "%s: %u segments and %u inlined bytes in a packet: the NIC has %u",
			hf_devx_name(dev), attr->max_segs, attr->max_inline, max);
		return -EINVAL;
	}
	if (attr->max_inline < caps->eth.min_inline) {
		HF_LOG(ERR, "%s: %u inlined bytes in a packet: the NIC asks for %u",
			hf_devx_name(dev), attr->max_inline, caps->eth.min_inline);
		return -EINVAL;
	}
	if (hf_ethq_blocks(units) > attr->size) {
		HF_LOG(ERR, "%s: a packet of %u segments does not fit into %u blocks",
			hf_devx_name(dev), attr->max_segs, attr->size);
		return -EINVAL;
	}
	return 0;
}

size_t
hf_ethq_tx_bytes(const struct hf_ethq_tx_attr *attr)
{
	return ethq_bytes(attr->size, hf_sq_bytes(attr->size));
}

static int
queue_create(struct hf_devx *dev, const struct hf_ethq_tx_attr *attr, struct hf_ethq_tx *tx)
{
	const struct hf_cq_attr cq = {
		.size = attr->size, .ch = attr->ch, .cookie = attr->cookie, .place = attr->place};
	struct hf_sq_attr sq = {.size = attr->size, .tisn = attr->tisn};
	int ret;

	tx->name = hf_devx_name(dev);
	tx->slot = calloc(attr->size, sizeof(*tx->slot));
	if (tx->slot == NULL)
		return -ENOMEM;
	ret = ethq_cq_create(dev, &cq, hf_sq_bytes(sq.size), &tx->cq, &sq.place);
	if (ret)
		return ret;
	sq.cqn = tx->cq.obj.num;
	ret = hf_sq_create(dev, &sq, &tx->sq);
	if (ret)
		return ret;
	tx->ring = tx->sq.wq.ring;
	tx->ring_end = tx->ring + (size_t)attr->size * MLX5_SEND_WQE_BB;
	tx->sqn = tx->sq.wq.num << 8;
	tx->size = attr->size;
	tx->multi_packet = hf_devx_caps(dev)->eth.multi_packet &&
		hf_sq_max_segs(hf_devx_caps(dev)) >= HF_ETHQ_SHARED_UNITS;
	tx->rec = tx->sq.wq.rec;
	tx->db = tx->sq.db;
	tx->db_combines = tx->sq.db_combines;
	return 0;
}

int
hf_ethq_tx_create(struct hf_devx *dev, const struct hf_ethq_tx_attr *attr, struct hf_ethq_tx **out)
{
	struct hf_ethq_tx *tx;
	int ret;

	ret = attr_check(dev, attr);
	if (ret)
		return ret;
	tx = calloc(1, sizeof(*tx));
	if (tx == NULL)
		return -ENOMEM;
	ret = queue_create(dev, attr, tx);
	if (ret) {
		hf_ethq_tx_destroy(tx);
		return ret;
	}
	*out = tx;
	return 0;
}

int
hf_ethq_tx_destroy(struct hf_ethq_tx *tx)
{
	int ret;

	if (tx == NULL)
		return 0;
	ret = hf_wq_destroy(&tx->sq.wq);
	if (ret == 0)
		ret = ethq_cq_destroy(&tx->cq);
	if (ret)
		return ret;
	free(tx->slot);
	free(tx);
	return 0;
}

int
hf_ethq_tx_start(struct hf_ethq_tx *tx)
{
	tx->pi = tx->rung = tx->ci = tx->open = 0;
	tx->put = tx->done = 0;
	tx->failed = false;
	return ethq_start(&tx->cq, &tx->sq.wq);
}

int
hf_ethq_tx_stop(struct hf_ethq_tx *tx)
{
	return ethq_stop(&tx->sq.wq, tx->failed);
}

void
hf_ethq_tx_arm(struct hf_ethq_tx *tx)
{
	hf_cq_arm(&tx->cq.obj, tx->cq.ci);
}

void
hf_ethq_tx_bad(struct hf_ethq_tx *tx, volatile struct prm_eth_cqe *cqe)
{
	uint32_t slot;

	tx->failed = true;
	ethq_error(tx->name, &tx->sq.wq, cqe, &tx->error);
	/*
	 * What was flushed never asked for a completion of its own, so nothing is known of what
	 * stands before the one that did. Another error comes when all before it are done.
	 */
	if (tx->error.err != -EIO || tx->error.syndrome == MLX5_CQE_SYNDROME_WR_FLUSH_ERR)
		return;
	slot = hf_ethq_tx_slot(tx, tx->error.wqe_counter);
	if (slot != 0) {
		tx->ci = tx->error.wqe_counter;
		tx->done = slot;
	}
}
