/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * nicemu describe: everything that can be said about the NIC, as an INI file or as JSON.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fw.h"
#include "nicemu.h"

static const struct conf_cap *
find_cap(const struct conf_cap *caps, unsigned int n, const char *name)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (strcmp(caps[i].name, name) == 0)
			return &caps[i];
	}
	return NULL;
}

static void
print_keys(const struct conf_key *keys, unsigned int n, const void *base, bool help)
{
	char value[CONF_STR];
	unsigned int i;

	for (i = 0; i < n; i++) {
		conf_print(&keys[i], base, value, sizeof(value));
		if (help)
			printf("# %s\n", keys[i].help);
		printf("%s = %s\n", keys[i].name, value);
	}
}

static void
print_mc(const struct conf_func *f, bool help)
{
	char mac[18];
	unsigned int i;

	if (help)
		printf("# mc = ADDRESS: gets multicast to it, as often as needed (up to %u)\n",
			CONF_MAX_MC);
	for (i = 0; i < f->n_mc; i++) {
		conf_print_mac(&f->mc[i], mac, sizeof(mac));
		printf("mc = %s\n", mac);
	}
}

/* A capability that has its default is a comment: its value is that of the adapter, not of this
 * file. */
static void
print_caps(const struct conf *c)
{
	const struct part *part = part_find(c->part);
	const struct conf_cap *set;
	unsigned int i;
	uint64_t def;

	for (i = 0; i < fw_n_caps; i++) {
		def = part_cap_default(part, &fw_caps[i]);
		set = find_cap(c->caps, c->n_caps, fw_caps[i].name);
		printf("# %s (%u bit, default %#" PRIx64 ")\n", fw_caps[i].help, fw_caps[i].width,
			def);
		printf("%s%s = %#" PRIx64 "\n", set != NULL ? "" : "# ", fw_caps[i].name,
			set != NULL ? set->value : def);
	}
}

static void
print_ini(const struct conf *c)
{
	char spec[FAULT_SPEC], pcap[CONF_STR + 16];
	unsigned int i, k;

	printf("# An emulated NIC: nicemu run --config FILE -- COMMAND\n\n[nic]\n");
	printf("# virtual functions\nvfs = %u\n", c->n_funcs - 1);
	print_keys(conf_nic_keys, conf_n_nic_keys, c, true);
	printf("# fail = [FUNC/]WHAT[:NTH[:HOW]]: a failure on demand, as often as needed\n");
	for (i = 0; i < c->n_faults; i++) {
		fault_print(&c->faults[i], spec, sizeof(spec));
		printf("fail = %s\n", spec);
	}
	printf("# pcap = [PORT=]FILE: capture what passes a port, as often as needed\n");
	for (i = 0; i < c->n_pcaps; i++) {
		conf_print_pcap(&c->pcaps[i], pcap, sizeof(pcap));
		printf("pcap = %s\n", pcap);
	}
	printf("\n# capabilities of all functions; cap.NAME in [func N]: of that one\n[cap]\n");
	print_caps(c);
	printf("\n# what commands and registrations take\n[timing]\n");
	print_keys(conf_timing_keys, conf_n_timing_keys, &c->timing, true);
	for (i = 0; i < c->n_funcs; i++) {
		printf("\n[func %u]\n", i);
		print_keys(conf_func_keys, conf_n_func_keys, &c->funcs[i], i == 0);
		print_mc(&c->funcs[i], i == 0);
		for (k = 0; k < c->funcs[i].n_caps; k++)
			printf("cap.%s = %#" PRIx64 "\n", c->funcs[i].caps[k].name,
				c->funcs[i].caps[k].value);
	}
}

static void
json_keys(cJSON *j, const struct conf_key *keys, unsigned int n, const void *base)
{
	char value[CONF_STR];
	unsigned int i;

	for (i = 0; i < n; i++) {
		conf_print(&keys[i], base, value, sizeof(value));
		if (keys[i].type == CONF_BOOL || keys[i].type == CONF_UINT ||
			keys[i].type == CONF_U16 || keys[i].type == CONF_INT ||
			keys[i].type == CONF_REAL)
			cJSON_AddNumberToObject(j, keys[i].name, atof(value));
		else
			cJSON_AddStringToObject(j, keys[i].name, value);
	}
}

static void
json_mc(cJSON *j, const struct conf_func *f)
{
	cJSON *list = cJSON_AddArrayToObject(j, "mc");
	char mac[18];
	unsigned int i;

	for (i = 0; i < f->n_mc; i++) {
		conf_print_mac(&f->mc[i], mac, sizeof(mac));
		cJSON_AddItemToArray(list, cJSON_CreateString(mac));
	}
}

static void
json_caps(cJSON *list, const struct conf *c)
{
	const struct part *part = part_find(c->part);
	const struct conf_cap *set;
	unsigned int i;
	uint64_t def;
	cJSON *j;

	for (i = 0; i < fw_n_caps; i++) {
		set = find_cap(c->caps, c->n_caps, fw_caps[i].name);
		def = part_cap_default(part, &fw_caps[i]);
		j = cJSON_CreateObject();
		cJSON_AddStringToObject(j, "name", fw_caps[i].name);
		cJSON_AddNumberToObject(j, "type", fw_caps[i].type);
		cJSON_AddNumberToObject(j, "width", fw_caps[i].width);
		cJSON_AddNumberToObject(j, "default", (double)def);
		cJSON_AddNumberToObject(j, "value", (double)(set != NULL ? set->value : def));
		cJSON_AddStringToObject(j, "help", fw_caps[i].help);
		cJSON_AddItemToArray(list, j);
	}
}

static int
print_json(const struct conf *c)
{
	cJSON *j = cJSON_CreateObject(), *list, *f, *caps;
	unsigned int i, k;
	char *text;

	json_keys(cJSON_AddObjectToObject(j, "nic"), conf_nic_keys, conf_n_nic_keys, c);
	json_keys(cJSON_AddObjectToObject(j, "timing"), conf_timing_keys, conf_n_timing_keys,
		&c->timing);
	json_caps(cJSON_AddArrayToObject(j, "capabilities"), c);
	list = cJSON_AddArrayToObject(j, "functions");
	for (i = 0; i < c->n_funcs; i++) {
		f = cJSON_CreateObject();
		json_keys(f, conf_func_keys, conf_n_func_keys, &c->funcs[i]);
		json_mc(f, &c->funcs[i]);
		caps = cJSON_AddObjectToObject(f, "capabilities");
		for (k = 0; k < c->funcs[i].n_caps; k++)
			cJSON_AddNumberToObject(
				caps, c->funcs[i].caps[k].name, (double)c->funcs[i].caps[k].value);
		cJSON_AddItemToArray(list, f);
	}
	text = cJSON_Print(j);
	cJSON_Delete(j);
	if (text == NULL)
		return 1;
	puts(text);
	free(text);
	return 0;
}

int
describe_main(const struct options *o)
{
	if (o->json)
		return print_json(&o->conf);
	print_ini(&o->conf);
	return 0;
}
