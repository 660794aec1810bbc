/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "conf.h"

#include <errno.h>
#include <inttypes.h>

static void
write_keys(const struct conf_key *keys, unsigned int n, const void *base, FILE *f)
{
	char value[CONF_STR];
	unsigned int i;

	for (i = 0; i < n; i++) {
		conf_print(&keys[i], base, value, sizeof(value));
		fprintf(f, "%s = %s\n", keys[i].name, value);
	}
}

static void
write_mc(const struct conf_func *func, FILE *f)
{
	char mac[18];
	unsigned int i;

	for (i = 0; i < func->n_mc; i++) {
		conf_print_mac(&func->mc[i], mac, sizeof(mac));
		fprintf(f, "mc = %s\n", mac);
	}
}

static void
write_caps(const struct conf_cap *caps, unsigned int n, const char *prefix, FILE *f)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		fprintf(f, "%s%s = %#" PRIx64 "\n", prefix, caps[i].name, caps[i].value);
}

int
conf_write(const struct conf *c, FILE *f)
{
	char spec[FAULT_SPEC], pcap[CONF_STR + 16];
	unsigned int i;

	fprintf(f, "[nic]\nvfs = %u\n", c->n_funcs - 1);
	write_keys(conf_nic_keys, conf_n_nic_keys, c, f);
	for (i = 0; i < c->n_faults; i++) {
		fault_print(&c->faults[i], spec, sizeof(spec));
		fprintf(f, "fail = %s\n", spec);
	}
	for (i = 0; i < c->n_pcaps; i++) {
		conf_print_pcap(&c->pcaps[i], pcap, sizeof(pcap));
		fprintf(f, "pcap = %s\n", pcap);
	}
	fputs("\n[cap]\n", f);
	write_caps(c->caps, c->n_caps, "", f);
	fputs("\n[timing]\n", f);
	write_keys(conf_timing_keys, conf_n_timing_keys, &c->timing, f);
	for (i = 0; i < c->n_funcs; i++) {
		fprintf(f, "\n[func %u]\n", i);
		write_keys(conf_func_keys, conf_n_func_keys, &c->funcs[i], f);
		write_mc(&c->funcs[i], f);
		write_caps(c->funcs[i].caps, c->funcs[i].n_caps, "cap.", f);
	}
	return ferror(f) ? -EIO : 0;
}
