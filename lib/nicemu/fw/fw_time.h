/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The time that a command takes (timing.h).
 */
#ifndef FW_TIME_H
#define FW_TIME_H

#include "fw_int.h"

/*
 * Around a command, whose opcode and mailbox are known: what it takes passes before it is carried
 * out. With no lock held but that of the kernel's side, which others may have meanwhile. Nothing
 * without an opcode.
 */
void fw_time_begin(struct fw_cmd *c);
void fw_time_end(struct fw_cmd *c);

/*
 * The kernel changes flows of a function one after the other, be it by several commands: Linux
 * hw/mlx5/fs.c holds flow_db->lock over each. Without fw_lock.
 */
void fw_flows_lock(struct nic_func *f);
void fw_flows_unlock(struct nic_func *f);

#endif /* FW_TIME_H */
