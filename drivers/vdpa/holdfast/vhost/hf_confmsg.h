/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Messages about the configuration space, and the feature bits that belong to it.
 *
 * librte_vhost 22.11 masks protocol feature CONFIG out of every offer, and the virtio features MAC,
 * STATUS, SPEED_DUPLEX and ORDER_PLATFORM, and refuses a front end that takes them. It needs to
 * know none of them, so they are offered and taken here, and it is told the rest. It also reads the
 * configuration space from offset 0 whatever was asked.
 *
 * The first GET_FEATURES of a connection is answered by the library (hf_hook.h). QEMU asks twice;
 * who asks once never hears of these virtio features.
 */
#ifndef HF_CONFMSG_H
#define HF_CONFMSG_H

#include <stdbool.h>

#include <rte_vhost.h>

#include "hf_msg.h"

struct hf_dev;

/* Is the message answered here, without hf_dev.lock? It changes nothing of the device. */
bool hf_confmsg_is(const struct hf_msg *m);
/* Answer one; m is well formed (hf_msg_check()). */
enum rte_vhost_msg_result hf_confmsg_answer(struct hf_dev *dev, int vid, struct hf_msg *m);

/*
 * Take what is ours out of SET_FEATURES and SET_PROTOCOL_FEATURES, before the library sees them.
 * With hf_dev.lock; other messages are left alone.
 */
void hf_confmsg_take(struct hf_dev *dev, struct hf_msg *m);

/* Does the guest of this connection read big-endian? A legacy one whose rings are. */
bool hf_confmsg_big_endian(const struct hf_dev *dev, int vid);

#endif /* HF_CONFMSG_H */
