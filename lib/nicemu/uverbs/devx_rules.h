/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Which mailbox may come by which DevX method, and which object it is about. Linux hw/mlx5/devx.c:
 * devx_is_obj_create_cmd(), devx_is_obj_modify_cmd(), devx_is_obj_query_cmd(),
 * devx_is_general_cmd(), devx_get_obj_id(), devx_obj_build_destroy_cmd(), devx_set_umem_valid().
 */
#ifndef NICEMU_DEVX_RULES_H
#define NICEMU_DEVX_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../nic.h"

enum devx_kind { DEVX_CREATE, DEVX_MODIFY, DEVX_QUERY, DEVX_GENERAL };

/* A general command that needs no user context. */
bool devx_is_whitelisted(const void *in);
/* May the mailbox come by this method? */
bool devx_is_kind(const void *in, enum devx_kind kind);

/*
 * The object that a modify or query is about, as (object type << 16 | opcode of its creation) << 32
 * | number; 0 when the command is about none that this NIC can make.
 */
uint64_t devx_obj_id(const void *in);
/* That of a CQ of verbs, which DevX may query and modify, too. */
uint64_t devx_cq_id(uint32_t cqn);
/* The same for what a create command has made. 0: no one knows how to destroy it. */
uint64_t devx_created_id(const void *in, const void *out);
/* The mailbox of 16 bytes that destroys it. */
void devx_destroy_mailbox(uint64_t id, void *mailbox);
/* What the firmware calls it, NIC_OBJ_TYPES: not an object that events are about. */
enum nic_obj_type devx_nic_type(uint64_t id);

/* Mark queue memory as umems, which is all that a user may give. -EINVAL: too short for its
 * command. */
int devx_set_umem_valid(void *in, size_t len);

#endif /* NICEMU_DEVX_RULES_H */
