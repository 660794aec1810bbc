/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_common.h>

#include "devx_rig.h"
#include "prm.h"

static int
device_open(struct hf_devx **dev)
{
	struct hf_devx_attr attr = {0};
	struct ibv_device **list;
	int ret = -ENODEV;
	int i, n;

	list = ibv_get_device_list(&n);
	if (list == NULL)
		return -ENODEV;
	for (i = 0; i < n; i++) {
		attr.ibdev = list[i];
		attr.name = ibv_get_device_name(list[i]);
		ret = hf_devx_open(&attr, dev);
		if (ret)
			break;
		if (hf_devx_caps(*dev)->virtio_net_q)
			break;
		hf_devx_close(*dev);
		*dev = NULL;
		ret = -ENODEV;
	}
	ibv_free_device_list(list);
	return ret;
}

static int
memory_create(struct rig *r)
{
	struct hf_klm klm = {.bytes = RIG_MEM_BYTES, .addr = RIG_GPA};
	struct hf_mkey_attr attr = {
		.start = RIG_GPA, .len = RIG_MEM_BYTES, .klm = &klm, .n_klm = 1};
	int ret;

	r->mem = mmap(
		NULL, RIG_MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->mem == MAP_FAILED) {
		r->mem = NULL;
		return -ENOMEM;
	}
	ret = hf_mr_create(r->dev, r->mem, RIG_MEM_BYTES, RIG_GPA, &r->mr);
	if (ret)
		return ret;
	klm.mkey = r->mr.lkey;
	return hf_mkey_create(r->dev, &attr, &r->mkey);
}

int
rig_open(struct rig *r)
{
	int ret;

	memset(r, 0, sizeof(*r));
	ret = device_open(&r->dev);
	if (ret)
		return ret;
	ret = memory_create(r);
	if (ret == 0)
		ret = hf_evch_create(r->dev, true, &r->cq_ch);
	if (ret == 0)
		ret = hf_evch_create(r->dev, false, &r->err_ch);
	if (ret == 0)
		ret = hf_td_create(r->dev, &r->td);
	if (ret == 0)
		ret = hf_tis_create(r->dev, r->td.id, &r->tis);
	if (ret)
		rig_close(r);
	return ret;
}

unsigned int
rig_close(struct rig *r)
{
	unsigned int left;

	hf_steer_obj_destroy(&r->tis);
	hf_steer_obj_destroy(&r->td);
	hf_evch_destroy(&r->err_ch);
	hf_evch_destroy(&r->cq_ch);
	hf_mkey_destroy(&r->mkey);
	hf_mr_destroy(&r->mr);
	if (r->mem != NULL)
		munmap(r->mem, RIG_MEM_BYTES);
	left = hf_devx_close(r->dev);
	memset(r, 0, sizeof(*r));
	return left;
}

static void
attr_fill(struct rig *r, uint16_t index, bool packed, struct rig_vq *q)
{
	uint64_t ring = RIG_GPA + (uint64_t)index * RIG_RING_BYTES;
	unsigned int i;

	q->attr = (struct hf_virtq_attr){
		.index = index,
		.size = RIG_RING_SIZE,
		.packed = packed,
		.version_1 = hf_devx_caps(r->dev)->version_1,
		.desc = ring,
		.avail = ring + RIG_RING_BYTES / 4,
		.used = ring + RIG_RING_BYTES / 2,
		.mkey = r->mkey.key,
		.event_mode = MLX5_VIRTQ_EVENT_MODE_QP,
		.event_qpn = hf_eqp_qpn(q->eqp),
		.tisn = r->tis.id,
		.counters = q->counters.id,
	};
	if (packed) /* both wrap counters start at 1 */
		q->attr.avail_idx = q->attr.used_idx = 1u << 15;
	for (i = 0; i < RTE_DIM(q->umem); i++) {
		q->attr.umem[i].id = q->umem[i].id;
		q->attr.umem[i].size = q->umem[i].len;
	}
}

int
rig_vq_create(struct rig *r, uint16_t index, bool packed, struct rig_vq *q)
{
	const struct hf_devx_caps *caps = hf_devx_caps(r->dev);
	struct hf_eqp_attr eattr = {.size = RIG_RING_SIZE, .ch = &r->cq_ch, .cookie = index};
	unsigned int i;
	int ret;

	memset(q, 0, sizeof(*q));
	ret = hf_eqp_create(r->dev, &eattr, &q->eqp);
	for (i = 0; ret == 0 && i < RTE_DIM(q->umem); i++)
		ret = hf_umem_create(
			r->dev, caps->umem[i].a * RIG_RING_SIZE + caps->umem[i].b, &q->umem[i]);
	if (ret == 0 && caps->virtio_q_counters)
		ret = hf_virtq_counters_create(r->dev, &q->counters);
	if (ret == 0) {
		attr_fill(r, index, packed, q);
		ret = hf_virtq_create(r->dev, &q->attr, &q->vq);
	}
	if (ret)
		rig_vq_destroy(q);
	return ret;
}

int
rig_vq_destroy(struct rig_vq *q)
{
	unsigned int i;
	int ret;

	ret = hf_virtq_destroy(&q->vq);
	if (ret == 0)
		ret = hf_virtq_counters_destroy(&q->counters);
	for (i = 0; ret == 0 && i < RTE_DIM(q->umem); i++)
		ret = hf_umem_destroy(&q->umem[i]);
	if (ret == 0)
		ret = hf_eqp_destroy(q->eqp);
	if (ret == 0)
		q->eqp = NULL;
	return ret;
}

int
rig_vq_move(struct rig_vq *q, enum hf_virtq_state state)
{
	struct hf_virtq_attr attr = {.mod = HF_VIRTQ_MOD_STATE, .state = state};

	return hf_virtq_modify(&q->vq, &attr);
}
