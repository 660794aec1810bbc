/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

#include <hf_svq.h>

#include "hf_dev.h"
#include "hf_error.h"
#include "hf_hostnotif.h"
#include "hf_notify.h"
#include "hf_poller.h"
#include "hf_shadow.h"

/* What the NIC's port passes where it does not say. */
#define SHADOW_MTU_MAX 9978

struct hf_shadow {
	struct hf_svq *svq; /* NULL: none */
	struct hf_slab *slab; /* that it lies in; NULL: none, or memory of its own */
	uint16_t size, mtu; /* of the ring and the port that it was made for */
	bool wide; /* a buffer did not fit into entries of one piece: from then on */
	struct hf_evch ch;
	struct hf_poll_queue pq;
	struct hf_svq_mem *mem; /* of the guest, while it runs */
	struct hf_front_ring ring; /* indices are those of the last stop */
};

/* --- the guest's memory --- */

static unsigned int
shadow_regions(struct hf_ioas *as)
{
	struct hf_ioas_region_info info;
	unsigned int n = 0;

	while (hf_ioas_region_info(as, n, &info) == 0)
		n++;
	return n;
}

/* As the address space is now; who changes it stops the queue first. */
static struct hf_svq_mem *
shadow_mem(struct hf_ioas *as, uint32_t mkey)
{
	unsigned int i, n = shadow_regions(as);
	struct hf_ioas_region_info info;
	struct hf_svq_mem *mem;

	mem = calloc(1, sizeof(*mem) + n * sizeof(mem->r[0]));
	if (mem == NULL)
		return NULL;
	mem->mkey = mkey;
	for (i = 0; i < n && hf_ioas_region_info(as, i, &info) == 0; i++) {
		mem->r[i].gpa = info.gpa;
		mem->r[i].len = info.len;
		mem->r[i].hva = hf_ioas_gpa_to_hva(as, info.gpa, info.len);
		if (mem->r[i].hva == NULL)
			break;
	}
	mem->n = i;
	return mem;
}

/* --- the queue in the NIC --- */

static void
shadow_failed(void *arg)
{
	hf_error_report(arg);
}

/* What the queues before this one counted, and this one. */
void
hf_shadow_stats(const struct hf_vq *vq, struct hf_svq_stats *st)
{
	const struct hf_svq_stats *before = &vq->shadow_before;

	*st = (struct hf_svq_stats){0};
	if (vq->shadow != NULL && vq->shadow->svq != NULL)
		hf_svq_stats(vq->shadow->svq, st);
	st->packets += before->packets;
	st->bytes += before->bytes;
	st->drop_header += before->drop_header;
	st->drop_small += before->drop_small;
	st->returned += before->returned;
	st->copied += before->copied;
	st->calls += before->calls;
	st->errors += before->errors;
}

static int
shadow_destroy(struct hf_vq *vq)
{
	struct hf_shadow *s = vq->shadow;
	struct hf_svq_stats st;
	int ret;

	if (!vq->made)
		return 0;
	hf_shadow_stats(vq, &st);
	ret = hf_svq_destroy(s->svq);
	if (ret != 0) {
		vq->state = HF_VIRTQ_ERR;
		HF_LOG(ERR, "%s: ring %u: the NIC refuses to destroy its Ethernet queue: %s",
			vq->dev->name, vq->index, strerror(-ret));
		return ret;
	}
	s->svq = NULL;
	hf_slab_put(s->slab);
	s->slab = NULL;
	vq->shadow_before = st;
	hf_evch_destroy(&s->ch);
	vq->made = false;
	return 0;
}

static void
shadow_release(struct hf_vq *vq)
{
	if (shadow_destroy(vq) != 0)
		return;
	hf_parts_drop(vq);
	free(vq->shadow);
	vq->shadow = NULL;
}

static uint16_t
shadow_mtu(const struct hf_dev *dev)
{
	return dev->mtu != 0 ? dev->mtu : SHADOW_MTU_MAX;
}

/* Is there a queue, and does it serve a ring of this size as it is? */
static bool
shadow_fits(const struct hf_vq *vq, uint16_t size)
{
	return vq->made && vq->shadow->size == size && vq->shadow->mtu == shadow_mtu(vq->dev) &&
		vq->state != HF_VIRTQ_ERR;
}

/* In memory of its own, with nothing to wait on. */
static struct hf_svq_attr
shadow_attr(const struct hf_vq *vq, uint16_t size)
{
	struct hf_dev *dev = vq->dev;

	return (struct hf_svq_attr){
		.devx = dev->devx,
		.name = dev->name,
		.index = vq->index,
		.rx = hf_vq_is_rx(vq),
		.size = size,
		.mtu = shadow_mtu(dev),
		.narrow = vq->shadow == NULL || !vq->shadow->wide,
		.tisn = dev->tis.id,
		.cookie = vq->index,
	};
}

static size_t
shadow_memory(const struct hf_vq *vq, uint16_t size)
{
	const struct hf_svq_attr attr = shadow_attr(vq, size);

	return shadow_fits(vq, size) ? 0 : hf_svq_bytes(&attr);
}

static int
shadow_create(struct hf_vq *vq, uint16_t size)
{
	struct hf_svq_attr attr = shadow_attr(vq, size);
	struct hf_shadow *s = vq->shadow;
	int ret;

	ret = hf_evch_create(vq->dev->devx, true, &s->ch);
	if (ret != 0)
		return ret;
	attr.ch = &s->ch;
	s->slab = hf_parts_take(vq, &attr.place);
	ret = hf_svq_create(&attr, &s->svq);
	if (ret != 0) {
		hf_slab_put(s->slab);
		s->slab = NULL;
		hf_evch_destroy(&s->ch);
		return ret;
	}
	vq->made = true;
	s->size = size;
	s->mtu = attr.mtu;
	vq->state = HF_VIRTQ_INIT;
	if (attr.rx)
		vq->target = hf_svq_rqn(s->svq);
	return 0;
}

static int
shadow_make(struct hf_vq *vq, uint16_t size)
{
	int ret;

	if (vq->shadow == NULL)
		vq->shadow = calloc(1, sizeof(*vq->shadow));
	if (vq->shadow == NULL)
		return -ENOMEM;
	if (shadow_fits(vq, size))
		return 0;
	ret = shadow_destroy(vq);
	return ret != 0 ? ret : shadow_create(vq, size);
}

/* --- running --- */

/* 0, or the NIC's error: it did not stop the queue, which has to go. */
static int
shadow_pause(struct hf_vq *vq)
{
	struct hf_shadow *s = vq->shadow;
	int ret;

	hf_poller_detach(&s->pq);
	ret = hf_svq_stop(s->svq, &s->ring.avail_idx, &s->ring.used_idx);
	if (ret == -EALREADY)
		return 0;
	free(s->mem);
	s->mem = NULL;
	vq->state = ret == 0 ? HF_VIRTQ_SUSPEND : HF_VIRTQ_ERR;
	return ret;
}

static void
shadow_halt(struct hf_vq *vq)
{
	shadow_pause(vq);
}

/*
 * In the order of the ring, a packet larger than its buffer cannot be: with IN_ORDER each gets one
 * buffer, which mergeable ones allow.
 */
static uint64_t
shadow_features(const struct hf_dev *dev)
{
	if ((dev->guest.features & (UINT64_C(1) << VIRTIO_F_IN_ORDER)) == 0)
		return dev->guest.features;
	return dev->guest.features & ~(UINT64_C(1) << VIRTIO_NET_F_MRG_RXBUF);
}

/* From where s->ring stands, on the memory as it is now, which has this key. */
static int
shadow_run(struct hf_vq *vq, uint32_t mkey)
{
	struct hf_shadow *s = vq->shadow;
	struct hf_dev *dev = vq->dev;
	struct hf_svq_log log;
	struct hf_svq_ring ring = {
		.features = shadow_features(dev),
		.big_endian = s->ring.big_endian,
		.size = s->ring.size,
		.desc = s->ring.desc,
		.avail = s->ring.avail,
		.used = s->ring.used,
		.avail_idx = s->ring.used_idx,
		.used_idx = s->ring.used_idx,
		.log = hf_dirty_log(vq, &log) ? &log : NULL,
		.callfd = vq->callfd,
	};
	int ret;

	if (vq->state == HF_VIRTQ_ERR)
		return -EIO;
	s->mem = shadow_mem(dev->mem.ioas[HF_ASID_GUEST], mkey);
	if (s->mem == NULL)
		return -ENOMEM;
	ring.mem = s->mem;
	ret = hf_svq_start(s->svq, &ring);
	if (ret != 0)
		goto error_mem;
	vq->mkey = mkey;
	s->pq = (struct hf_poll_queue){
		.svq = s->svq,
		.ch = &s->ch,
		.kickfd = vq->kickfd,
		.deaf = hf_hostnotif_mapped(dev, vq->index),
		.failed = shadow_failed,
		.arg = vq,
		.kicks = &vq->kicks,
	};
	ret = hf_poller_attach(&s->pq, dev->args.poll_core);
	if (ret != 0)
		goto error_svq;
	vq->state = HF_VIRTQ_RDY;
	return 0;
error_svq:
	shadow_halt(vq);
	return ret;
error_mem:
	free(s->mem);
	s->mem = NULL;
	return ret;
}

static bool
shadow_outgrown(struct hf_vq *vq)
{
	struct hf_shadow *s = vq->shadow;

	if (hf_svq_error(s->svq) != -EMSGSIZE)
		return false;
	s->wide = true;
	HF_LOG(INFO,
		"%s: ring %u: buffers of more than one piece: receive entries for those from now on",
		vq->dev->name, vq->index);
	return true;
}

/* With a queue that nothing refers to yet. */
static int
shadow_widen(struct hf_vq *vq)
{
	int ret = shadow_pause(vq);

	if (ret == 0)
		ret = shadow_destroy(vq);
	if (ret == 0)
		ret = shadow_create(vq, vq->shadow->size);
	return ret != 0 ? ret : shadow_run(vq, vq->mkey);
}

static int
shadow_start(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	const bool kept = shadow_fits(vq, ring->size);
	int ret;

	ret = shadow_make(vq, ring->size);
	if (ret != 0)
		return ret;
	ret = hf_notify_open(vq, ring);
	if (ret != 0)
		return ret;
	vq->shadow->ring = *ring;
	ret = shadow_run(vq, hf_ioas_mkey(vq->dev->mem.ioas[HF_ASID_GUEST]));
	/* One that was kept may be steered to, and comes to hf_error_check(). */
	if (ret == 0 && !kept && shadow_outgrown(vq))
		ret = shadow_widen(vq);
	if (ret != 0) {
		hf_notify_close(vq);
		return ret;
	}
	hf_notify_guest(vq);
	return 0;
}

static bool
shadow_resumes(struct hf_vq *vq, const struct hf_front_ring *ring)
{
	return shadow_fits(vq, ring->size);
}

static void
shadow_stop(struct hf_vq *vq, uint16_t *base)
{
	*base = vq->shadow->ring.used_idx;
	if (vq->state != HF_VIRTQ_SUSPEND)
		shadow_destroy(vq);
	hf_notify_close(vq);
}

/* A stopped one knows no key. */
static void
shadow_use_mkey(struct hf_vq *vq, uint32_t mkey)
{
	vq->mkey = mkey;
}

static void
shadow_nudge(struct hf_vq *vq)
{
	hf_poller_wake(&vq->shadow->pq);
	hf_notify_guest(vq);
}

static bool
shadow_has_failed(struct hf_vq *vq)
{
	int error = hf_svq_error(vq->shadow->svq);

	if (error == 0)
		return false;
	HF_LOG(ERR, "%s: ring %u: poll mode serves it no more: %s", vq->dev->name, vq->index,
		strerror(-error));
	return true;
}

static void
shadow_relog(struct hf_vq *vq)
{
	struct hf_shadow *s = vq->shadow;
	struct hf_svq_log log;
	bool on = hf_dirty_log(vq, &log);

	hf_poller_hold(&s->pq);
	hf_svq_set_log(s->svq, on ? &log : NULL);
	hf_poller_let(&s->pq);
}

const struct hf_path hf_path_poll = {
	.name = "poll",
	.targets = HF_RQT_RQ,
	.memory = shadow_memory,
	.start = shadow_start,
	.resumes = shadow_resumes,
	.quiesce = shadow_halt,
	.stop = shadow_stop,
	.pause = shadow_pause,
	.unpause = shadow_run,
	.use_mkey = shadow_use_mkey,
	.destroy = shadow_destroy,
	.release = shadow_release,
	.nudge = shadow_nudge,
	.failed = shadow_has_failed,
	.outgrown = shadow_outgrown,
	.relog = shadow_relog,
};
