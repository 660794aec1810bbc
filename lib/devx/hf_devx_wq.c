/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "devx_priv.h"
#include "hf_devx_wq.h"
#include "hf_log.h"

#define LOG_SEG_BYTES 4

/* What is the same in the contexts of both kinds. */
struct wq_layout {
	uint32_t size; /* entries */
	uint8_t log_stride; /* log2 of the bytes of one */
	unsigned int rec; /* which of the two doorbell records: MLX5_RCV_DBR or MLX5_SND_DBR */
};

static const char SQ[] = "sq", RQ[] = "rq";

static bool
is_sq(const struct hf_wq *wq)
{
	return wq->kind == SQ;
}

static int
size_check(const struct hf_wq *wq, uint32_t size)
{
	const struct hf_devx *dev = wq->dev;
	uint32_t max = 1u << dev->caps.log_max_wq_sz;

	if (!dev->caps.eth.queues)
		return devx_call_failed(dev, ENOTSUP,
			"creating a %s on a function without Ethernet queues", wq->kind);
	if (size != 0 && rte_is_power_of_2(size) && size <= max)
		return 0;
	return devx_call_failed(dev, EINVAL,
		"a %s of %u entries (the NIC has a power of two up to %u)", wq->kind, size, max);
}

static size_t
ring_bytes(uint32_t size, uint8_t log_stride)
{
	return RTE_CACHE_LINE_ROUNDUP((size_t)size << log_stride);
}

/* The doorbell records come behind the ring, in a line of their own. */
static size_t
wq_bytes(uint32_t size, uint8_t log_stride)
{
	return ring_bytes(size, log_stride) + RTE_CACHE_LINE_SIZE;
}

static int
memory_create(struct hf_wq *wq, const struct wq_layout *l, const struct hf_place *place, void *wqc)
{
	size_t ring = ring_bytes(l->size, l->log_stride);
	struct hf_devx *dev = wq->dev;
	int ret;

	wq->place = *place;
	if (place->umem == NULL) {
		ret = hf_umem_create(dev, wq_bytes(l->size, l->log_stride), &wq->umem);
		if (ret)
			return ret;
		wq->place.umem = &wq->umem;
	}
	wq->ring = RTE_PTR_ADD(wq->place.umem->buf, wq->place.offset);
	wq->rec = (volatile uint32_t *)(wq->ring + ring) + l->rec;
	DEVX_SET(wq, wqc, wq_type, MLX5_WQ_TYPE_CYCLIC);
	DEVX_SET(wq, wqc, pd, dev->pdn);
	DEVX_SET(wq, wqc, log_wq_stride, l->log_stride);
	DEVX_SET(wq, wqc, log_wq_sz, rte_log2_u32(l->size));
	DEVX_SET(wq, wqc, log_wq_pg_sz, devx_log_page_size(dev));
	DEVX_SET(wq, wqc, wq_umem_valid, 1);
	DEVX_SET(wq, wqc, wq_umem_id, wq->place.umem->id);
	DEVX_SET64(wq, wqc, wq_umem_offset, wq->place.offset);
	DEVX_SET(wq, wqc, dbr_umem_valid, 1);
	DEVX_SET(wq, wqc, dbr_umem_id, wq->place.umem->id);
	DEVX_SET64(wq, wqc, dbr_addr, wq->place.offset + ring);
	return 0;
}

static int
object_create(struct hf_wq *wq, const void *in, size_t inlen)
{
	uint32_t out[DEVX_ST_SZ_DW(create_sq_out)] = {0};
	int ret;

	RTE_BUILD_BUG_ON(__devx_st_sz_bits(create_sq_out) != __devx_st_sz_bits(create_rq_out));
	ret = devx_create(
		wq->dev, wq->kind, in, inlen, out, sizeof(out), &wq->devx, &wq->obj, &wq->num);
	if (ret)
		hf_umem_destroy(&wq->umem);
	return ret;
}

/* --- both kinds: number and state have the same places in the commands --- */

#define SAME_PLACE(type_sq, field_sq, type_rq, field_rq) \
	RTE_BUILD_BUG_ON(__devx_bit_off(type_sq, field_sq) != __devx_bit_off(type_rq, field_rq))

int
hf_wq_modify(struct hf_wq *wq, enum hf_wq_state from, enum hf_wq_state to)
{
	uint32_t out[DEVX_ST_SZ_DW(modify_sq_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(modify_sq_in)] = {0};

	RTE_BUILD_BUG_ON(__devx_st_sz_bits(modify_sq_in) != __devx_st_sz_bits(modify_rq_in));
	RTE_BUILD_BUG_ON((int)HF_WQ_RST != MLX5_SQC_STATE_RST);
	RTE_BUILD_BUG_ON((int)HF_WQ_RST != MLX5_RQC_STATE_RST);
	RTE_BUILD_BUG_ON((int)HF_WQ_RDY != MLX5_SQC_STATE_RDY);
	RTE_BUILD_BUG_ON((int)HF_WQ_RDY != MLX5_RQC_STATE_RDY);
	RTE_BUILD_BUG_ON((int)HF_WQ_ERR != MLX5_SQC_STATE_ERR);
	RTE_BUILD_BUG_ON((int)HF_WQ_ERR != MLX5_RQC_STATE_ERR);
	SAME_PLACE(modify_sq_in, sqn, modify_rq_in, rqn);
	SAME_PLACE(modify_sq_in, sq_state, modify_rq_in, rq_state);
	SAME_PLACE(modify_sq_in, ctx.state, modify_rq_in, ctx.state);
	DEVX_SET(modify_sq_in, in, opcode,
		is_sq(wq) ? MLX5_CMD_OP_MODIFY_SQ : MLX5_CMD_OP_MODIFY_RQ);
	DEVX_SET(modify_sq_in, in, sqn, wq->num);
	DEVX_SET(modify_sq_in, in, sq_state, from);
	DEVX_SET(modify_sq_in, in, ctx.state, to);
	return devx_modify(wq->dev, wq->devx, in, sizeof(in), out, sizeof(out));
}

int
hf_wq_query(struct hf_wq *wq, enum hf_wq_state *state)
{
	uint32_t out[DEVX_ST_SZ_DW(query_sq_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(query_sq_in)] = {0};
	int ret;

	RTE_BUILD_BUG_ON(__devx_st_sz_bits(query_sq_out) != __devx_st_sz_bits(query_rq_out));
	SAME_PLACE(query_sq_in, sqn, query_rq_in, rqn);
	SAME_PLACE(query_sq_out, sq_context.state, query_rq_out, rq_context.state);
	DEVX_SET(query_sq_in, in, opcode, is_sq(wq) ? MLX5_CMD_OP_QUERY_SQ : MLX5_CMD_OP_QUERY_RQ);
	DEVX_SET(query_sq_in, in, sqn, wq->num);
	ret = devx_query(wq->dev, wq->devx, in, sizeof(in), out, sizeof(out));
	if (ret == 0)
		*state = DEVX_GET(query_sq_out, out, sq_context.state);
	return ret;
}

int
hf_wq_destroy(struct hf_wq *wq)
{
	int ret = devx_destroy(wq->dev, wq->kind, wq->num, &wq->devx, &wq->obj);

	return ret ? ret : hf_umem_destroy(&wq->umem);
}

/* --- send queues --- */

size_t
hf_sq_bytes(uint16_t size)
{
	return wq_bytes(size, MLX5_SEND_WQE_SHIFT);
}

uint16_t
hf_sq_max_segs(const struct hf_devx_caps *caps)
{
	return RTE_MIN(caps->max_wqe_sz_sq / (int)MLX5_WSEG_SIZE, MLX5_DSEG_MAX);
}

int
hf_sq_create(struct hf_devx *dev, const struct hf_sq_attr *attr, struct hf_sq *sq)
{
	const struct wq_layout layout = {
		.size = attr->size, .log_stride = MLX5_SEND_WQE_SHIFT, .rec = MLX5_SND_DBR};
	uint32_t in[DEVX_ST_SZ_DW(create_sq_in)] = {0};
	void *ctx = DEVX_ADDR_OF(create_sq_in, in, ctx);
	void *wqc = DEVX_ADDR_OF(sqc, ctx, wq);
	int ret;

	*sq = (struct hf_sq){.wq = {.dev = dev, .kind = SQ}};
	ret = size_check(&sq->wq, attr->size);
	if (ret)
		return ret;
	ret = memory_create(&sq->wq, &layout, &attr->place, wqc);
	if (ret)
		return ret;
	sq->db = dev->uar->reg_addr;
	sq->db_combines = !dev->uar_nc;
	DEVX_SET(create_sq_in, in, opcode, MLX5_CMD_OP_CREATE_SQ);
	DEVX_SET(sqc, ctx, flush_in_error_en, 1);
	DEVX_SET(sqc, ctx, allow_multi_pkt_send_wqe, dev->caps.eth.multi_packet);
	DEVX_SET(sqc, ctx, min_wqe_inline_mode, dev->caps.eth.inline_mode);
	DEVX_SET(sqc, ctx, state, MLX5_SQC_STATE_RST);
	DEVX_SET(sqc, ctx, ts_format, devx_ts_format(dev->caps.ts_format_sq));
	DEVX_SET(sqc, ctx, cqn, attr->cqn);
	DEVX_SET(sqc, ctx, tis_lst_sz, 1);
	DEVX_SET(sqc, ctx, tis_num_0, attr->tisn);
	DEVX_SET(wq, wqc, uar_page, dev->uar->page_id);
	return object_create(&sq->wq, in, sizeof(in));
}

/* --- receive queues --- */

static uint8_t
rq_log_stride(uint16_t segs)
{
	return LOG_SEG_BYTES + rte_log2_u32(segs);
}

size_t
hf_rq_bytes(uint16_t size, uint16_t segs)
{
	return wq_bytes(size, rq_log_stride(segs));
}

uint16_t
hf_rq_max_segs(const struct hf_devx_caps *caps)
{
	return rte_align32prevpow2(caps->max_wqe_sz_rq >> LOG_SEG_BYTES);
}

int
hf_rq_create(struct hf_devx *dev, const struct hf_rq_attr *attr, struct hf_wq *rq)
{
	const struct wq_layout layout = {
		.size = attr->size, .log_stride = rq_log_stride(attr->segs), .rec = MLX5_RCV_DBR};
	uint32_t in[DEVX_ST_SZ_DW(create_rq_in)] = {0};
	void *ctx = DEVX_ADDR_OF(create_rq_in, in, ctx);
	int ret;

	*rq = (struct hf_wq){.dev = dev, .kind = RQ};
	ret = size_check(rq, attr->size);
	if (ret)
		return ret;
	if (attr->segs == 0 || !rte_is_power_of_2(attr->segs) ||
		attr->segs > hf_rq_max_segs(&dev->caps))
		return devx_call_failed(dev, EINVAL,
			"a rq with %u segments to an entry (the NIC has a power of two up to %u)",
			attr->segs, hf_rq_max_segs(&dev->caps));
	ret = memory_create(rq, &layout, &attr->place, DEVX_ADDR_OF(rqc, ctx, wq));
	if (ret)
		return ret;
	DEVX_SET(create_rq_in, in, opcode, MLX5_CMD_OP_CREATE_RQ);
	DEVX_SET(rqc, ctx, vsd, 1);
	DEVX_SET(rqc, ctx, mem_rq_type, MLX5_RQC_MEM_RQ_TYPE_MEMORY_RQ_INLINE);
	DEVX_SET(rqc, ctx, state, MLX5_RQC_STATE_RST);
	DEVX_SET(rqc, ctx, flush_in_error_en, 1);
	DEVX_SET(rqc, ctx, ts_format, devx_ts_format(dev->caps.ts_format_rq));
	DEVX_SET(rqc, ctx, cqn, attr->cqn);
	DEVX_SET(rqc, ctx, counter_set_id, dev->q_counter_id);
	return object_create(rq, in, sizeof(in));
}

/* --- their counter --- */

/* Not all firmware gives one to every function; without it drops are not seen, and that is all. */
void
devx_q_counter_create(struct hf_devx *dev)
{
	uint32_t out[DEVX_ST_SZ_DW(alloc_q_counter_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(alloc_q_counter_in)] = {0};

	DEVX_SET(alloc_q_counter_in, in, opcode, MLX5_CMD_OP_ALLOC_Q_COUNTER);
	if (devx_create(dev, "q_counter", in, sizeof(in), out, sizeof(out), &dev->q_counter,
		    &dev->q_counter_obj, &dev->q_counter_id) != 0)
		HF_LOG(WARNING, "%s: no counter for frames that receive queues drop", dev->name);
}

void
devx_q_counter_destroy(struct hf_devx *dev)
{
	devx_destroy(dev, "q_counter", dev->q_counter_id, &dev->q_counter, &dev->q_counter_obj);
}

int
hf_rq_drops(struct hf_devx *dev, uint32_t *frames)
{
	uint32_t out[DEVX_ST_SZ_DW(query_q_counter_out)] = {0};
	uint32_t in[DEVX_ST_SZ_DW(query_q_counter_in)] = {0};
	int ret;

	if (dev->q_counter == NULL)
		return -ENOTSUP;
	DEVX_SET(query_q_counter_in, in, opcode, MLX5_CMD_OP_QUERY_Q_COUNTER);
	DEVX_SET(query_q_counter_in, in, counter_set_id, dev->q_counter_id);
	ret = devx_query(dev, dev->q_counter, in, sizeof(in), out, sizeof(out));
	if (ret == 0)
		*frames = DEVX_GET(query_q_counter_out, out, out_of_buffer);
	return ret;
}
