/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "path.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../conf.h"
#include "../nic_own.h"

#define DEV_DIR "/dev/infiniband"
#define CLASS "/sys/class/infiniband"
#define PCI_DIR "/sys/bus/pci/devices/"
#define BDF_LEN 12

static bool
starts_with(const char *path, const char *prefix)
{
	return strncmp(path, prefix, strlen(prefix)) == 0;
}

static bool
is_end(char c)
{
	return c == '\0' || c == '/';
}

static const struct conf_func *
find_bdf(const struct conf *c, const char *bdf)
{
	unsigned int i;

	for (i = 0; i < c->n_funcs; i++) {
		if (strncasecmp(c->funcs[i].bdf, bdf, BDF_LEN) == 0)
			return &c->funcs[i];
	}
	return NULL;
}

/* The part of the path below the tree's root; NULL: not one of ours. */
static const char *
below_root(const char *path)
{
	const struct conf *c;

	if (starts_with(path, DEV_DIR) && is_end(path[strlen(DEV_DIR)]))
		return nic_conf() != NULL ? path : NULL;
	if (starts_with(path, CLASS))
		return nic_conf() != NULL ? path + strlen("/sys") : NULL;
	if (!starts_with(path, PCI_DIR) || strlen(path) < strlen(PCI_DIR) + BDF_LEN ||
		!is_end(path[strlen(PCI_DIR) + BDF_LEN]))
		return NULL;
	c = nic_conf();
	if (c == NULL || find_bdf(c, path + strlen(PCI_DIR)) == NULL)
		return NULL;
	return path + strlen("/sys");
}

const char *
path_redirect(const char *path, char *buf, size_t len)
{
	const char *below;

	/* cheap for all others: these calls are the application's too */
	if (path == NULL || path[0] != '/' || (path[1] != 's' && path[1] != 'd'))
		return path;
	below = below_root(path);
	if (below == NULL || snprintf(buf, len, "%s%s", nic_conf()->tree, below) >= (int)len)
		return path;
	return buf;
}

const struct conf_func *
path_device(const char *path)
{
	const struct conf *c;
	unsigned int i;

	if (path == NULL || !starts_with(path, DEV_DIR "/"))
		return NULL;
	c = nic_conf();
	for (i = 0; c != NULL && i < c->n_funcs; i++) {
		if (strcmp(path + strlen(DEV_DIR "/"), c->funcs[i].uverbs) == 0)
			return &c->funcs[i];
	}
	return NULL;
}
