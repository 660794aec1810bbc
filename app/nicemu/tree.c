/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nicemu.h"
#include "report.h"
#include "sysfs.h"

static int
write_config(const struct conf *c, const char *dir)
{
	char path[CONF_STR + 16];
	FILE *f;
	int ret;

	snprintf(path, sizeof(path), "%s/nic.ini", dir);
	f = fopen(path, "we");
	if (f == NULL)
		return -errno;
	ret = conf_write(c, f);
	return fclose(f) != 0 ? -errno : ret;
}

/* Empty, for the command to add to, whoever it runs as. */
static int
report_create(const struct conf *c, const char *name)
{
	char path[CONF_STR + 32];
	FILE *f;

	report_path(c, name, path, sizeof(path));
	f = fopen(path, "we");
	if (f == NULL || fclose(f) != 0 || chmod(path, 0666) != 0)
		return -errno;
	return 0;
}

static int
reports_create(const struct conf *c)
{
	int ret = c->leaks ? report_create(c, REPORT_LEAKS) : 0;

	return ret == 0 && c->objects ? report_create(c, REPORT_OBJECTS) : ret;
}

int
tree_create(struct conf *c, int guard, char *dir, size_t len)
{
	const char *tmp = getenv("TMPDIR");
	char why[WHY_LEN] = "";
	int ret;

	snprintf(dir, len, "%s/nicemu-XXXXXX", tmp != NULL && *tmp == '/' ? tmp : "/tmp");
	ret = guard >= 0 ? guard_dir(guard, dir, len) : -EPIPE;
	if (ret == -EPIPE)
		ret = mkdtemp(dir) != NULL ? 0 : -errno;
	if (ret != 0) {
		fprintf(stderr, "nicemu: %s: %s\n", dir, strerror(-ret));
		return ret;
	}
	/* the command may run as another user */
	ret = chmod(dir, 0755) != 0 ? -errno : 0;
	if (snprintf(c->tree, sizeof(c->tree), "%s/sys", dir) >= (int)sizeof(c->tree))
		ret = -ENAMETOOLONG;
	if (ret == 0 && mkdir(c->tree, 0755) != 0)
		ret = -errno;
	if (ret == 0)
		ret = reports_create(c);
	if (ret == 0)
		ret = write_config(c, dir);
	if (ret == 0)
		ret = sysfs_create(c, why, sizeof(why));
	if (ret == 0)
		return 0;
	fprintf(stderr, "nicemu: %s: %s\n", dir, why[0] != '\0' ? why : strerror(-ret));
	tree_remove(dir);
	return ret;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
tree_remove(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
