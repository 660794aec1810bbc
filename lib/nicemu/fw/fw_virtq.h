/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a modify can change of a virtio-net queue: read out of a command, checked, and put in.
 */
#ifndef NICEMU_FW_VIRTQ_H
#define NICEMU_FW_VIRTQ_H

#include "fw_int.h"

/* clang-format off */
/* Fields by their bits in modify_field_select. */
#define SEL_STATE	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_STATE)
#define SEL_LOG		((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_DIRTY_BITMAP_PARAMS)
#define SEL_LOG_ON	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_DIRTY_BITMAP_DUMP_ENABLE)
#define SEL_PERIOD	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_QUEUE_PERIOD)
#define SEL_ADDR	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_ADDR)
#define SEL_AVAIL	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_HW_AVAILABLE_INDEX)
#define SEL_USED	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_HW_USED_INDEX)
#define SEL_TYPE	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_Q_TYPE)
#define SEL_VERSION	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_VERSION_1_0)
#define SEL_MKEY	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_Q_MKEY)
#define SEL_FEATURES	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_QUEUE_FEATURE_BIT_MASK)
#define SEL_EVENT	((uint64_t)MLX5_VIRTQ_MODIFY_TYPE_EVENT_MODE)
#define SEL_DESC_GROUP	((uint64_t)MLX5_VIRTQ_MODIFY_MASK_DESC_GROUP_MKEY)
#define SEL_EXT		(SEL_PERIOD | SEL_TYPE | SEL_VERSION | SEL_MKEY | SEL_FEATURES | SEL_EVENT)
#define SEL_FIELDS	(SEL_ADDR | SEL_AVAIL | SEL_USED | SEL_EXT)
#define SEL_DIRTY	(SEL_LOG | SEL_LOG_ON)
#define SEL_ALL		(SEL_STATE | SEL_DIRTY | SEL_FIELDS | SEL_DESC_GROUP)
/* clang-format on */

/* The part of a queue that a modify can change. */
struct vq_conf {
	unsigned int type, event_mode;
	struct nic_qp *qp;
	bool v1;
	uint16_t features;
	uint64_t desc, avail, used;
	uint32_t mkey;
	uint16_t avail_idx, used_idx;
	uint16_t period_mode, period_us, max_pending;
	bool dirty_on;
	uint32_t dirty_mkey, dirty_size;
	uint64_t dirty_addr;
};

/* What the queue has. */
void fw_vq_conf_get(const struct nic_virtq *vq, struct vq_conf *n);
/* The queue gets it, and holds its QP. */
void fw_vq_conf_put(struct nic_virtq *vq, const struct vq_conf *n);
/* The fields of 'select' (SEL_*), each checked by itself. 0, or refused: *n is not to be used. */
uint8_t fw_vq_conf_parse(struct fw_cmd *c, const void *q, uint64_t select, const struct nic_pd *pd,
	struct vq_conf *n);
/* What depends on more than one field, of a ring of 'size' entries. 0, or refused. */
uint8_t fw_vq_conf_check(struct fw_cmd *c, const struct vq_conf *n, uint32_t size);

#endif /* NICEMU_FW_VIRTQ_H */
