/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * SET_MEM_TABLE: what the library would take, and the driver cannot, is refused before the library
 * gives up the table that is there.
 */
#ifndef HF_TABLEMSG_H
#define HF_TABLEMSG_H

#include <rte_vhost.h>

#include "hf_msg.h"

struct hf_dev;

/*
 * Before the library sees it, with hf_dev.lock. NOT_HANDLED, or an error (logged) and nothing has
 * changed. Memory that only comes in addition is registered here, while the guest runs.
 */
enum rte_vhost_msg_result hf_tablemsg_pre(struct hf_dev *dev, const struct hf_msg *m);
/* After the library has mapped it. */
void hf_tablemsg_post(struct hf_dev *dev);

#endif /* HF_TABLEMSG_H */
