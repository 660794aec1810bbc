/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Which ports are captured from the start: "[PORT=]FILE", PORT is a function, or "port" for the
 * NIC's own, which it is without one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"

int
conf_find_port(const struct conf *c, const char *name, int *port, char *why, size_t len)
{
	*port = -1;
	if (strcmp(name, "port") == 0)
		return 0;
	*port = conf_find_func(c, name);
	if (*port >= 0)
		return 0;
	snprintf(why, len,
		"no port '%s': want port (the NIC's own), or a function: 0 to %u, %s, %s", name,
		c->n_funcs - 1, c->funcs[0].ibdev, c->funcs[0].bdf);
	return -EINVAL;
}

int
conf_set_pcap(struct conf *c, const char *spec, char *why, size_t len)
{
	const char *path = strchr(spec, '=');
	struct conf_pcap p = {.port = -1};
	char name[32];
	int ret;

	if (path != NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)(path - spec), spec);
		ret = conf_find_port(c, name, &p.port, why, len);
		if (ret != 0)
			return ret;
	}
	path = path != NULL ? path + 1 : spec;
	if (*path == '\0' || strlen(path) >= sizeof(p.path)) {
		snprintf(why, len, "pcap '%s': want [PORT=]FILE, a name of 1 to %zu characters",
			spec, sizeof(p.path) - 1);
		return -EINVAL;
	}
	if (c->n_pcaps == CONF_MAX_PCAPS) {
		snprintf(why, len, "pcap '%s': at most %d", spec, CONF_MAX_PCAPS);
		return -EINVAL;
	}
	strcpy(p.path, path);
	c->pcaps[c->n_pcaps++] = p;
	return 0;
}

void
conf_print_pcap(const struct conf_pcap *p, char *buf, size_t len)
{
	if (p->port < 0)
		snprintf(buf, len, "port=%s", p->path);
	else
		snprintf(buf, len, "%d=%s", p->port, p->path);
}
