/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "fw/fw.h"
#include "part.h"
#include "wire/wire.h"

#define FIRST_VF_DEVFN 2
#define FIRST_MINOR 192 /* IB_UVERBS_BASE_MINOR of Linux uverbs_main.c */

static void
func_default(struct conf_func *f, unsigned int idx)
{
	unsigned int devfn = idx == 0 ? 0 : FIRST_VF_DEVFN + idx - 1;

	snprintf(f->bdf, sizeof(f->bdf), "0000:ca:%02x.%u", (devfn >> 3) & 0x1f, devfn & 7);
	snprintf(f->ibdev, sizeof(f->ibdev), "mlx5_%u", idx % 1000);
	snprintf(f->uverbs, sizeof(f->uverbs), "uverbs%u", idx % 1000);
	f->minor = FIRST_MINOR + idx;
	f->mac = (struct ether_addr){{0x0c, 0x42, 0xa1, 0x0e, 0x00, (uint8_t)idx}};
	f->numa_node = -1;
	f->mtu = 1500;
}

void
conf_default_timing(struct conf *c)
{
	c->timing = (struct conf_timing){
		.profile = "none", .scale = 1, .commands = 1, .pin_gib_per_s = 1000000};
}

bool
conf_is_timed(const struct conf *c)
{
	return strcmp(c->timing.profile, "none") != 0;
}

int
conf_default(struct conf *c, unsigned int n_vfs, char *why, size_t len)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	if (n_vfs > CONF_MAX_VFS) {
		snprintf(why, len, "%u VFs: at most %u", n_vfs, CONF_MAX_VFS);
		return -EINVAL;
	}
	c->n_funcs = n_vfs + 1;
	c->funcs = calloc(c->n_funcs, sizeof(*c->funcs));
	if (c->funcs == NULL) {
		snprintf(why, len, "no memory for %u functions", c->n_funcs);
		return -ENOMEM;
	}
	snprintf(c->wire, sizeof(c->wire), "none");
	c->memlock = true;
	c->engines = 1;
	conf_default_timing(c);
	for (i = 0; i < c->n_funcs; i++)
		func_default(&c->funcs[i], i);
	return conf_set_part(c, parts[0].name, why, len);
}

int
conf_set_part(struct conf *c, const char *name, char *why, size_t len)
{
	const struct part *p = part_find(name);
	unsigned int i;
	size_t at;

	if (p == NULL) {
		at = (size_t)snprintf(why, len, "part '%s': only", name);
		for (i = 0; i < n_parts && at < len; i++)
			at += (size_t)snprintf(why + at, len - at, "%s %s (%s)", i > 0 ? "," : "",
				parts[i].name, parts[i].text);
		return -EINVAL;
	}
	snprintf(c->part, sizeof(c->part), "%s", p->name);
	snprintf(c->fw_ver, sizeof(c->fw_ver), "%s", p->fw_ver);
	for (i = 0; i < c->n_funcs; i++) {
		c->funcs[i].device_id = i == 0 ? p->pf_id : p->vf_id;
		c->funcs[i].queues = p->queues;
	}
	return 0;
}

void
conf_free(struct conf *c)
{
	free(c->funcs);
	memset(c, 0, sizeof(*c));
}

static int
check_caps(const struct conf *c, const struct conf_cap *caps, unsigned int n, char *why, size_t len)
{
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = fw_cap_check(part_find(c->part), caps[i].name, caps[i].value, why, len);
		if (ret != 0)
			return ret;
	}
	return 0;
}

/* Two functions that can't be told apart would get each other's frames or each other's files. */
static int
check_unique(const struct conf *c, char *why, size_t len)
{
	const struct conf_func *a, *b;
	const char *what;
	unsigned int i, j;

	for (i = 0; i < c->n_funcs; i++) {
		for (j = 0; j < i; j++) {
			a = &c->funcs[i];
			b = &c->funcs[j];
			what = NULL;
			if (strcasecmp(a->bdf, b->bdf) == 0)
				what = "bdf";
			else if (strcmp(a->ibdev, b->ibdev) == 0)
				what = "ibdev";
			else if (strcmp(a->uverbs, b->uverbs) == 0 || a->minor == b->minor)
				what = "uverbs or minor";
			else if (memcmp(&a->mac, &b->mac, sizeof(a->mac)) == 0)
				what = "mac";
			if (what == NULL)
				continue;
			snprintf(why, len, "functions %u and %u have the same %s", j, i, what);
			return -EINVAL;
		}
	}
	return 0;
}

static int
check_func(const struct conf *c, const struct conf_func *f, unsigned int idx, char *why, size_t len)
{
	unsigned int dom, bus, dev, fn;
	int end = 0;

	if (sscanf(f->bdf, "%4x:%2x:%2x.%1u%n", &dom, &bus, &dev, &fn, &end) != 4 ||
		f->bdf[end] != '\0' || end != 12 || dev > 0x1f || fn > 7) {
		snprintf(why, len, "function %u: bdf '%s': want DDDD:BB:DD.F", idx, f->bdf);
		return -EINVAL;
	}
	if (f->mac.ether_addr_octet[0] & 1) {
		snprintf(why, len, "function %u: a multicast address can't be its mac", idx);
		return -EINVAL;
	}
	if (strchr(f->ibdev, '/') != NULL || f->ibdev[0] == '\0' || f->ibdev[0] == '.' ||
		strchr(f->uverbs, '/') != NULL || strncmp(f->uverbs, "uverbs", 6) != 0) {
		snprintf(why, len,
			"function %u: ibdev '%s' or uverbs '%s': want mlx5_0 and uverbs0, say", idx,
			f->ibdev, f->uverbs);
		return -EINVAL;
	}
	return check_caps(c, f->caps, f->n_caps, why, len);
}

/* A list of CPUs: "1", "0,2-3". */
static int
check_cpus(const char *list, char *why, size_t len)
{
	const char *p = list;
	unsigned int a, b;
	int used;

	while (*p != '\0') {
		used = 0;
		if (sscanf(p, "%u-%u%n", &a, &b, &used) != 2 || used == 0) {
			used = 0;
			if (sscanf(p, "%u%n", &a, &used) != 1 || used == 0)
				goto bad;
			b = a;
		}
		if (a > b || b > 4095)
			goto bad;
		p += used;
		if (*p == ',' && p[1] != '\0')
			p++;
		else if (*p != '\0')
			goto bad;
	}
	return 0;
bad:
	snprintf(why, len, "cpus '%s': want a list like 1 or 0,2-3", list);
	return -EINVAL;
}

int
conf_set_fail(struct conf *c, const char *spec, char *why, size_t len)
{
	int ret;

	if (c->n_faults == FAULTS_MAX) {
		snprintf(why, len, "fail '%s': more than %d failures", spec, FAULTS_MAX);
		return -ENOSPC;
	}
	ret = fault_parse(&c->faults[c->n_faults], c, spec, why, len);
	if (ret == 0)
		c->n_faults++;
	return ret;
}

int
conf_find_func(const struct conf *c, const char *name)
{
	unsigned int i;
	int64_t n;

	if (conf_number(name, &n) == 0)
		return n >= 0 && n < c->n_funcs ? (int)n : -1;
	for (i = 0; i < c->n_funcs; i++) {
		if (strcmp(name, c->funcs[i].ibdev) == 0 || strcasecmp(name, c->funcs[i].bdf) == 0)
			return (int)i;
	}
	return -1;
}

int
conf_check(const struct conf *c, char *why, size_t len)
{
	unsigned int i;
	int ret;

	if (c->n_funcs == 0 || c->engines == 0 || c->engines > NIC_MAX_ENGINES) {
		snprintf(why, len,
			"%u functions, %u engines: want at least 1 of each, at most %u engines",
			c->n_funcs, c->engines, NIC_MAX_ENGINES);
		return -EINVAL;
	}
	if (strlen(c->ctl) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		snprintf(why, len, "ctl '%s': a socket's path has at most %zu characters", c->ctl,
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
		return -EINVAL;
	}
	ret = check_caps(c, c->caps, c->n_caps, why, len);
	for (i = 0; ret == 0 && i < c->n_funcs; i++)
		ret = check_func(c, &c->funcs[i], i, why, len);
	if (ret == 0)
		ret = check_unique(c, why, len);
	if (ret == 0)
		ret = check_cpus(c->cpus, why, len);
	if (ret == 0)
		ret = wire_check(c->wire, why, len);
	return ret;
}
