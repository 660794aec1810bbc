/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Capabilities and failures of a description, from their text.
 */
#include "conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fw.h"
#include "part.h"

#define NAME_MAX_LEN 48

/* Levenshtein distance of two names; more than any sensible limit for a long one. */
static unsigned int
distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);
	unsigned int diag, above, best;
	size_t i, j;

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		diag = row[0];
		row[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			above = row[j];
			best = diag + (a[i - 1] != b[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diag = above;
		}
	}
	return row[lb];
}

static bool
is_close(const char *name, const char *other)
{
	return distance(name, other) <= 1 + strlen(name) / 4 ||
		(strlen(name) >= 4 && strstr(other, name) != NULL);
}

static void
explain_unknown(const char *name, char *why, size_t len)
{
	size_t at = (size_t)snprintf(why, len, "unknown capability '%s'", name);
	const char *sep = "; did you mean";
	unsigned int i;

	for (i = 0; i < fw_n_caps && at < len; i++) {
		if (!is_close(name, fw_caps[i].name))
			continue;
		at += (size_t)snprintf(why + at, len - at, "%s %s", sep, fw_caps[i].name);
		sep = ",";
	}
	if (at < len)
		snprintf(why + at, len - at, " (nicemu describe lists all)");
}

static struct conf_cap *
cap_slot(struct conf_cap *caps, unsigned int *n, const char *name)
{
	unsigned int i;

	for (i = 0; i < *n; i++) {
		if (strcmp(caps[i].name, name) == 0)
			return &caps[i];
	}
	return *n < CONF_MAX_CAPS ? &caps[(*n)++] : NULL;
}

int
conf_set_cap(struct conf *c, int func, const char *name, const char *value, char *why, size_t len)
{
	struct conf_cap *cap;
	int64_t v;
	int ret;

	if (func >= (int)c->n_funcs) {
		snprintf(why, len, "%s: no function %d, there are %u (0 is the PF)", name, func,
			c->n_funcs);
		return -EINVAL;
	}
	if (fw_cap_find(name) == NULL) {
		explain_unknown(name, why, len);
		return -ENOENT;
	}
	if (*value == '-' || conf_number(value, &v) != 0) {
		snprintf(why, len, "%s: '%s' is not a number", name, value);
		return -EINVAL;
	}
	ret = fw_cap_check(part_find(c->part), name, (uint64_t)v, why, len);
	if (ret != 0)
		return ret;
	if (func < 0)
		cap = cap_slot(c->caps, &c->n_caps, name);
	else
		cap = cap_slot(c->funcs[func].caps, &c->funcs[func].n_caps, name);
	if (cap == NULL) {
		snprintf(why, len, "%s: more than %d capabilities are set", name, CONF_MAX_CAPS);
		return -ENOSPC;
	}
	snprintf(cap->name, sizeof(cap->name), "%s", name);
	cap->value = (uint64_t)v;
	return 0;
}
