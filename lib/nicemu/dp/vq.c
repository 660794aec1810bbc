/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "vq.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "../conf.h"
#include "../fw/fw.h"
#include "../uverbs/uverbs.h"
#include "dirty.h"
#include "iov.h"
#include "notify.h"
#include "prm.h"

#define DESC_LEN 16u

/* What a failed translation (mem_xlate()) is. */
enum vq_error
vq_mem_error(int n)
{
	static const enum vq_error of[] = {[MEM_ERR_KEY] = VQ_E_KEY,
		[MEM_ERR_PD] = VQ_E_PD,
		[MEM_ERR_PERM] = VQ_E_PERM,
		[MEM_ERR_BOUNDS] = VQ_E_BOUNDS,
		[MEM_ERR_DEPTH] = VQ_E_DEPTH,
		[MEM_ERR_SEGS] = VQ_E_SEGMENTS};

	/* an access of no length has no segments */
	return n < 0 ? of[-n] : VQ_E_BOUNDS;
}

static bool
map_area(struct dp_vq *v, unsigned int i, uint64_t addr)
{
	uint32_t len = v->ops->area[i].fixed + v->ops->area[i].per_entry * v->q->size;
	struct vq_area *a = &v->area[i];
	struct iovec seg[VQ_AREA_SEGS];
	uint32_t off = 0;
	int n, s;

	if (addr % v->ops->area[i].align != 0) {
		vq_fail(v, VQ_E_RING_ALIGN);
		return false;
	}
	n = mem_xlate(v->base.f, v->q->pd, v->q->mkey, addr, len, v->ops->area[i].perm, seg,
		VQ_AREA_SEGS);
	if (n <= 0) {
		vq_fail(v, vq_mem_error(n));
		return false;
	}
	a->n = (unsigned int)n;
	for (s = 0; s < n; s++) {
		if (seg[s].iov_base == NULL) {
			vq_fail(v, VQ_E_RING_HOLE);
			return false;
		}
		a->seg[s].base = seg[s].iov_base;
		a->seg[s].from = off;
		off += (uint32_t)seg[s].iov_len;
		a->seg[s].end = off;
	}
	return true;
}

bool
vq_map(struct dp_vq *v)
{
	const struct nic_virtq *q = v->q;

	if (v->mapped)
		return true;
	if (q->type == NIC_VQ_PACKED &&
		((v->next_avail & 0x7fff) >= q->size || (v->next_used & 0x7fff) >= q->size)) {
		vq_fail(v, VQ_E_RING_INDEX);
		return false;
	}
	v->mapped = map_area(v, VQ_DESC, q->desc) && map_area(v, VQ_DRIVER, q->avail) &&
		map_area(v, VQ_DEVICE, q->used);
	return v->mapped;
}

static int
xlate(struct dp_vq *v, uint64_t addr, uint32_t len, struct iovec *seg, int max)
{
	return keytlb_xlate(&v->tlb, v->base.f, v->q->pd, v->q->mkey, addr, len,
		v->base.tx ? NIC_PERM_LR : NIC_PERM_LW, seg, max);
}

void
vq_bad(struct dp_vq *v, enum vq_error e)
{
	if (v->n > 0)
		v->stalled = true;
	else
		vq_fail(v, e);
}

unsigned int
vq_pool_room(const struct dp_vq *v, unsigned int *from)
{
	unsigned int first = v->n > 0 ? v->chain[v->head].seg : 0;

	*from = v->n > 0 ? v->seg_tail : 0;
	/* a tail at the head of chains that are there: it is full */
	return v->n == 0 || *from > first ? VQ_POOL - *from : first - *from;
}

bool
vq_chain_begin(struct dp_vq *v, struct vq_chain *c, uint16_t pos)
{
	unsigned int first = v->n > 0 ? v->chain[v->head].seg : 0;
	unsigned int tail = v->seg_tail;

	/* segments of a chain are contiguous: the pool is used round, with a gap at its end */
	if (v->n == 0) {
		tail = 0;
	} else if (tail > first) {
		if (VQ_POOL - tail < VQ_MAX_SEGS) {
			if (first < VQ_MAX_SEGS)
				return false;
			tail = 0;
		}
	} else if (first - tail < VQ_MAX_SEGS) {
		return false;
	}
	*c = (struct vq_chain){.pos = pos, .slots = 1, .seg = (uint16_t)tail};
	return true;
}

int
vq_chain_add(struct dp_vq *v, struct vq_chain *c, uint64_t addr, uint32_t len, uint16_t flags,
	unsigned int n_desc)
{
	int n;

	if (n_desc > v->q->size) {
		vq_bad(v, VQ_E_LOOP);
		return -1;
	}
	if (n_desc > VQ_MAX_CHAIN) {
		vq_bad(v, VQ_E_CHAIN_LONG);
		return -1;
	}
	if (((flags & VRING_DESC_F_WRITE) != 0) == v->base.tx) {
		vq_bad(v, VQ_E_DIRECTION);
		return -1;
	}
	if (len == 0 || len > UINT32_MAX - c->len) {
		vq_bad(v, VQ_E_LENGTH);
		return -1;
	}
	n = xlate(v, addr, len, &v->pool[c->seg + c->n_seg], (int)(VQ_MAX_SEGS - c->n_seg));
	if (n <= 0) {
		vq_bad(v, vq_mem_error(n));
		return -1;
	}
	if (v->dirty.on && !v->base.tx)
		dirty_note(v, (unsigned int)c->seg + c->n_seg, (unsigned int)n, addr);
	c->n_seg = (uint16_t)(c->n_seg + n);
	c->len += len;
	return 0;
}

int
vq_chain_indirect(struct dp_vq *v, uint64_t addr, uint32_t len, void *table)
{
	struct iovec seg[VQ_AREA_SEGS];
	struct iov_cur cur = {.seg = seg};
	int n;

	if (len == 0 || len % DESC_LEN != 0) {
		vq_bad(v, VQ_E_TABLE_SIZE);
		return -1;
	}
	if (len / DESC_LEN > VQ_MAX_CHAIN) {
		vq_bad(v, VQ_E_TABLE_LONG);
		return -1;
	}
	n = mem_xlate(v->base.f, v->q->pd, v->q->mkey, addr, len, NIC_PERM_LR, seg, VQ_AREA_SEGS);
	if (n <= 0) {
		vq_bad(v, vq_mem_error(n));
		return -1;
	}
	cur.n = (unsigned int)n;
	iov_read(&cur, table, len);
	return (int)(len / DESC_LEN);
}

int
vq_fetch(struct dp_vq *v, unsigned int want)
{
	unsigned int got = 0;
	int ret = 1;

	if (!vq_map(v))
		return -1;
	v->stalled = false;
	while (v->n < want) {
		struct vq_chain *c;

		if (!v->dirty.on)
			got += v->ops->fetch_plain(v, want - v->n);
		if (v->n >= want)
			break;
		c = vq_chain_at(v, v->n);
		ret = v->ops->fetch(v, c);
		if (ret <= 0)
			break;
		v->seg_tail = (unsigned int)c->seg + c->n_seg;
		v->n++;
		got++;
	}
	if (got > 0 && v->q->counters != NULL)
		atomic_fetch_add_explicit(
			&v->q->counters->received_desc, got, memory_order_relaxed);
	return ret < 0 && !v->stalled ? -1 : (int)v->n;
}

void
vq_publish(struct dp_vq *v)
{
	uint32_t n = v->done, i;

	for (i = 0; v->dirty.on && i < n; i++)
		dirty_buffers(v, vq_done_at(v, i), vq_done_at(v, i)->used);
	if (n > 0)
		v->ops->give_back(v);
	dirty_settle(v);
	if (v->q->counters != NULL)
		atomic_fetch_add_explicit(&v->q->counters->completed_desc, n, memory_order_relaxed);
	v->done = 0;
	/* the guest clears its "no interrupt", then looks at the ring: the other way round */
	atomic_thread_fence(memory_order_seq_cst);
	notify_done(v, n);
}

void
vq_cut(struct dp_vq *v, unsigned int n)
{
	const struct vq_chain *c = vq_chain_at(v, n);

	if (v->n <= n)
		return;
	v->next_avail = c->pos;
	v->seg_tail = c->seg;
	if (v->q->counters != NULL)
		atomic_fetch_sub_explicit(
			&v->q->counters->received_desc, v->n - n, memory_order_relaxed);
	v->n = n;
}

void
vq_rewind(struct dp_vq *v)
{
	vq_cut(v, 0);
	v->avail_seen = v->next_avail;
	v->head = 0;
	v->seg_tail = 0;
	v->stalled = false;
}

static void
count_error(struct nic_virtq_counters *c, enum nic_virtq_error err)
{
	if (c == NULL)
		return;
	switch (err) {
	case NIC_VQ_ERR_BAD_DESCRIPTOR:
		atomic_fetch_add(&c->bad_desc_errors, 1);
		break;
	case NIC_VQ_ERR_DESC_LIST_EXCEED_LIMIT:
		atomic_fetch_add(&c->exceed_max_chain, 1);
		break;
	case NIC_VQ_ERR_INVALID_BUFFER:
		atomic_fetch_add(&c->invalid_buffer, 1);
		break;
	default:
		atomic_fetch_add(&c->error_cqes, 1);
		break;
	}
}

static const struct {
	enum nic_virtq_error type;
	const char *text;
} errors[] = {
	{NIC_VQ_ERR_NONE, "none"},
#define VQ_ERROR(name, type, text) {NIC_VQ_ERR_##type, text},
#include "../vq_errors.h"
#undef VQ_ERROR
};

const char *
dp_error_text(enum vq_error e)
{
	return errors[e].text;
}

void
vq_fail(struct dp_vq *v, enum vq_error e)
{
	uint32_t eqe[DEVX_ST_SZ_DW(eqe)] = {0};
	struct nic_virtq *q = v->q;
	void *data = DEVX_ADDR_OF(eqe, eqe, event_data);

	if (!vq_is_ready(v))
		return;
	q->avail_idx = v->next_avail;
	q->used_idx = v->next_used;
	q->error_type = (uint8_t)errors[e].type;
	atomic_store(&q->state, NIC_VQ_ERR);
	count_error(q->counters, errors[e].type);
	atomic_fetch_add_explicit(&v->base.f->vq_errors[e], 1, memory_order_relaxed);
	if (errors[e].type == NIC_VQ_ERR_INVALID_BUFFER)
		atomic_fetch_add_explicit(&v->base.f->stats.dma_errors, 1, memory_order_relaxed);
	fprintf(stderr, "nicemu: %s: virtqueue %u (object %#x) goes to error at index %u: %s\n",
		v->base.f->conf != NULL ? v->base.f->conf->ibdev : "?", q->index, q->obj.id,
		v->next_avail, errors[e].text);
	DEVX_SET(eqe, eqe, event_type, MLX5_EVENT_TYPE_OBJECT_CHANGE);
	DEVX_SET(affiliated_event_header, data, obj_type, MLX5_GENERAL_OBJ_TYPE_VIRTQ);
	DEVX_SET(affiliated_event_header, data, obj_id, q->obj.id);
	uverbs_event(v->base.f, MLX5_EVENT_TYPE_OBJECT_CHANGE, NIC_OBJ_VIRTQ, q->obj.id, eqe);
}
