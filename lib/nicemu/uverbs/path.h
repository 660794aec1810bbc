/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Paths of /sys and /dev that show the NIC. Any thread, no lock.
 */
#ifndef NICEMU_PATH_H
#define NICEMU_PATH_H

#include <stddef.h>

struct conf_func;

/* Where the file of this path lies: there, or in the generated tree, which is written to buf. */
const char *path_redirect(const char *path, char *buf, size_t len);
/* The function whose device file this is; NULL: none. */
const struct conf_func *path_device(const char *path);

#endif /* NICEMU_PATH_H */
