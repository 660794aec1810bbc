/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Messages about one ring. All with hf_dev.lock.
 */
#ifndef HF_RINGMSG_H
#define HF_RINGMSG_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_vhost.h>

#include "hf_msg.h"

struct hf_dev;

/* Index of a ring in messages with its descriptors; above it is the flag that there is none. */
#define HF_RINGMSG_INDEX 0xff

/* Is it about a ring that the device has, or about none? Logged if not. */
bool hf_ringmsg_index_is_good(const struct hf_dev *dev, const struct hf_msg *m);
/* SET_VRING_NUM, SET_VRING_BASE before the library sees them: an error (logged), or NOT_HANDLED. */
enum rte_vhost_msg_result hf_ringmsg_numbers(struct hf_dev *dev, const struct hf_msg *m);
/* SET_VRING_ADDR was carried out. */
void hf_ringmsg_addr_set(struct hf_dev *dev, const struct hf_msg *m);
/* GET_VRING_BASE was: that of the last ring completes a device stop. */
void hf_ringmsg_base_read(struct hf_dev *dev, uint32_t index);

#endif /* HF_RINGMSG_H */
