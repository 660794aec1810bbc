/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What has to be preloaded: the library, and in front of it the runtime of the sanitizer that it
 * was built with.
 */
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nicemu.h"

#define LIB_NAME "libnicemu.so"

/* This program is built with the library, so it has the same runtimes. */
static int
add_runtime(struct dl_phdr_info *info, size_t size, void *user)
{
	char *list = user;
	const char *base = strrchr(info->dlpi_name, '/');
	size_t at = strlen(list);

	(void)size;
	if (base == NULL ||
		(strncmp(base, "/libasan.so", 11) != 0 && strncmp(base, "/libubsan.so", 12) != 0))
		return 0;
	snprintf(list + at, PATH_MAX - at, "%s:", info->dlpi_name);
	return 0;
}

bool
preload_is_sanitized(void)
{
	char runtimes[PATH_MAX] = "";

	dl_iterate_phdr(add_runtime, runtimes);
	return runtimes[0] != '\0';
}

/* Beside this program in a build tree, or where 'meson install' puts it. */
static int
find_library(char *path, size_t len)
{
	static const char *const places[] = {"/../../lib/nicemu/", "/../" NICEMU_LIBDIR "/", "/"};
	char exe[PATH_MAX], try[2 * PATH_MAX], full[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	unsigned int i;

	if (n < 0)
		return -errno;
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(try, sizeof(try), "%s%s%s", exe, places[i], LIB_NAME);
		if (realpath(try, full) == NULL)
			continue;
		snprintf(path, len, "%s", full);
		return 0;
	}
	fprintf(stderr, "nicemu: no %s beside %s, nor in its ../%s\n", LIB_NAME, exe,
		NICEMU_LIBDIR);
	return -ENOENT;
}

int
preload_value(char *buf, size_t len)
{
	const char *old = getenv("LD_PRELOAD");
	char runtimes[PATH_MAX] = "", lib[PATH_MAX];
	int ret;

	ret = find_library(lib, sizeof(lib));
	if (ret != 0)
		return ret;
	dl_iterate_phdr(add_runtime, runtimes);
	snprintf(buf, len, "%s%s%s%s", runtimes, lib, old != NULL && *old != '\0' ? ":" : "",
		old != NULL ? old : "");
	return 0;
}
