/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A description from an INI file:
 * - [nic]: vfs, fail and pcap (as often as needed) and the keys of conf_nic_keys.
 * - [cap]: NAME = VALUE, for all functions.
 * - [timing]: the keys of conf_timing_keys. A profile has this section and no other.
 * - [func N]: the keys of conf_func_keys, mc (as often as needed) and cap.NAME = VALUE.
 *
 * Everything has a default; conf_write() writes all of it.
 */
#include "conf.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

struct reader {
	struct conf *c;
	unsigned int n_vfs; /* given, or the default: as many as are described, and at least 2 */
	bool given;
	bool failed;
	char *why; /* of the first error only: libinih goes on after it */
	size_t len;
};

/* "func 3": 3; -1: not a function's section. */
static int
section_func(const char *section)
{
	unsigned int n;
	int end = 0;

	if (sscanf(section, "func %3u%n", &n, &end) != 1 || section[end] != '\0')
		return -1;
	return (int)n;
}

/* First pass: how many functions. Errors are left to the second. */
static int
count_handler(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	int func = section_func(section);
	int64_t v;

	if (strcmp(section, "nic") == 0 && strcmp(name, "vfs") == 0 &&
		conf_number(value, &v) == 0 && v >= 0 && v <= CONF_MAX_VFS) {
		r->n_vfs = (unsigned int)v;
		r->given = true;
	} else if (!r->given && func > (int)r->n_vfs && func <= CONF_MAX_VFS) {
		r->n_vfs = (unsigned int)func;
	}
	return 1;
}

static int
set_nic(struct reader *r, const char *name, const char *value, char *why, size_t len)
{
	int64_t v;

	if (strcmp(name, "vfs") == 0) {
		if (conf_number(value, &v) == 0 && v >= 0 && v <= CONF_MAX_VFS)
			return 0;
		snprintf(why, len, "vfs: '%s': want a number from 0 to %d", value, CONF_MAX_VFS);
		return -EINVAL;
	}
	if (strcmp(name, "fail") == 0)
		return conf_set_fail(r->c, value, why, len);
	if (strcmp(name, "pcap") == 0)
		return conf_set_pcap(r->c, value, why, len);
	return conf_set(r->c, -1, name, value, why, len);
}

/* What a handler returns; the reason of the first error is the one that counts. */
static int
keep_first(struct reader *r, int ret, const char *why)
{
	if (ret != 0 && !r->failed) {
		r->failed = true;
		snprintf(r->why, r->len, "%s", why);
	}
	return ret == 0;
}

static int
set_handler(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	int func = section_func(section);
	char why[512] = "";
	int ret;

	if (strcmp(section, "nic") == 0) {
		ret = set_nic(r, name, value, why, sizeof(why));
	} else if (strcmp(section, "cap") == 0) {
		ret = conf_set_cap(r->c, -1, name, value, why, sizeof(why));
	} else if (strcmp(section, "timing") == 0) {
		ret = conf_set_timing(r->c, name, value, why, sizeof(why));
	} else if (func >= 0 && strncmp(name, "cap.", 4) == 0) {
		ret = conf_set_cap(r->c, func, name + 4, value, why, sizeof(why));
	} else if (func >= 0) {
		ret = conf_set(r->c, func, name, value, why, sizeof(why));
	} else {
		snprintf(why, sizeof(why),
			"unknown section [%s], allowed: [nic], [cap], [timing], [func N]", section);
		ret = -EINVAL;
	}
	return keep_first(r, ret, why);
}

static int
timing_handler(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	char why[512] = "";
	int ret = -EINVAL;

	if (strcmp(section, "timing") == 0)
		ret = conf_set_timing(r->c, name, value, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "section [%s]: a profile has [timing] only", section);
	return keep_first(r, ret, why);
}

int
conf_read(struct conf *c, const char *path, char *why, size_t len)
{
	char text[512] = "not 'key = value'";
	struct reader r = {.c = c, .n_vfs = 2, .why = text, .len = sizeof(text)};
	int line, ret;

	memset(c, 0, sizeof(*c));
	line = ini_parse(path, count_handler, &r);
	if (line == -1) {
		snprintf(why, len, "%s: %s", path, strerror(errno));
		return errno != 0 ? -errno : -EIO;
	}
	ret = conf_default(c, r.n_vfs, why, len);
	if (ret != 0)
		return ret;
	line = ini_parse(path, set_handler, &r);
	if (line != 0) {
		snprintf(why, len, "%s:%d: %s", path, line, text);
		ret = -EINVAL;
		goto fail;
	}
	ret = conf_check(c, text, sizeof(text));
	if (ret != 0) {
		snprintf(why, len, "%s: %s", path, text);
		goto fail;
	}
	return 0;
fail:
	conf_free(c);
	return ret;
}

int
conf_read_timing(struct conf *c, const char *path, char *why, size_t len)
{
	char text[512] = "not 'key = value'";
	struct reader r = {.c = c, .why = text, .len = sizeof(text)};
	double scale = c->timing.scale;
	int line;

	/* what the file does not say takes no time */
	conf_default_timing(c);
	c->timing.scale = scale;
	snprintf(c->timing.profile, sizeof(c->timing.profile), "%.*s", CONF_STR - 1, path);
	line = ini_parse(path, timing_handler, &r);
	if (line == 0)
		return 0;
	if (line > 0) {
		snprintf(why, len, "%s:%d: %s", path, line, text);
		return -EINVAL;
	}
	snprintf(why, len, "%s: %s", path, strerror(errno));
	return errno != 0 ? -errno : -EIO;
}
