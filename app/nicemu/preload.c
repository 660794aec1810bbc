/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What belongs to this program: the library that is preloaded, and in front of it the runtime of
 * the sanitizer that it was built with; profiles of time and what draws
 * them.
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

/* Of these places relative to this program's, the first that has the file. */
static int
find_file(const char *const *places, unsigned int n, const char *name, char *path, size_t len)
{
	char exe[PATH_MAX], try[2 * PATH_MAX], full[PATH_MAX];
	ssize_t end = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	unsigned int i;

	if (end < 0)
		return -errno;
	exe[end] = '\0';
	*strrchr(exe, '/') = '\0';
	for (i = 0; i < n; i++) {
		snprintf(try, sizeof(try), "%s%s%s", exe, places[i], name);
		if (realpath(try, full) == NULL)
			continue;
		snprintf(path, len, "%s", full);
		return 0;
	}
	return -ENOENT;
}

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Beside this program in a build tree, or where 'meson install' puts it. */
static int
find_library(char *path, size_t len)
{
	static const char *const places[] = {"/../../lib/nicemu/", "/../" NICEMU_LIBDIR "/", "/"};
	int ret = find_file(places, N(places), LIB_NAME, path, len);

	if (ret != 0)
		fprintf(stderr, "nicemu: no %s beside this program, nor in ../%s\n", LIB_NAME,
			NICEMU_LIBDIR);
	return ret;
}

int
timing_path(const char *name, char *path, size_t len)
{
	static const char *const places[] = {"/timing/", "/../" NICEMU_DATADIR "/nicemu/timing/"};
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s.ini", name);
	return find_file(places, N(places), file, path, len);
}

int
timeline_path(char *path, size_t len)
{
	static const char *const places[] = {"/", "/../" NICEMU_DATADIR "/nicemu/"};

	return find_file(places, N(places), "timeline.py", path, len);
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
