/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The part of sysfs and /dev that shows the NIC, as a tree of plain files: what the kernel's PCI,
 * ib_core, ib_uverbs and mlx5_ib show to libibverbs, libmlx5 and DPDK.
 */
#ifndef NICEMU_SYSFS_H
#define NICEMU_SYSFS_H

#include "conf.h"

/* GIDs of a port: RoCE v1 and v2 of the link-local address. */
#define SYSFS_GIDS 2

/* Make the tree of all functions in the existing directory c->tree. 0 or a negative errno, and then
 * 'why' names the file. */
int sysfs_create(const struct conf *c, char *why, size_t len);

/* Show a port's link. Nothing happens in a tree that this process may not write to. */
void sysfs_link(const struct conf_func *f, const struct conf *c, bool up);

/* Node GUID of a function as the kernel shows it, from its MAC: EUI-64 (mlx5_ib of an Ethernet
 * port). */
uint64_t sysfs_guid(const struct conf_func *f);

#endif /* NICEMU_SYSFS_H */
