/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Requests at the control socket: which there are, and the frame of their answers.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "ctl.h"
#include "dp/dp.h"
#include "fw/fw.h"
#include "uverbs/uverbs.h"

static const char *
life_of(const struct nic_func *f)
{
	if (!uverbs_loaded(f))
		return "unloaded";
	return fw_is_dead(f) ? "dead" : "alive";
}

static cJSON *
func_head(const struct nic_func *f)
{
	cJSON *j = cJSON_CreateObject();
	char mac[18];

	cJSON_AddStringToObject(j, "bdf", f->conf->bdf);
	cJSON_AddStringToObject(j, "ibdev", f->conf->ibdev);
	conf_print_mac(&f->vport.mac, mac, sizeof(mac));
	cJSON_AddStringToObject(j, "mac", mac);
	cJSON_AddStringToObject(j, "life", life_of(f));
	cJSON_AddStringToObject(j, "link", atomic_load(&f->link_down) ? "down" : "up");
	return j;
}

/* One object for each function, filled by 'fill'. fw_lock and a pause keep it consistent. */
static void
all_funcs(struct nic *nic, cJSON *j, void (*fill)(cJSON *j, const struct nic_func *f))
{
	cJSON *list = cJSON_AddArrayToObject(j, "functions"), *item;
	unsigned int i;

	pthread_mutex_lock(&nic->fw_lock);
	dp_pause(nic);
	for (i = 0; i < nic->n_funcs; i++) {
		item = func_head(nic->funcs[i]);
		fill(item, nic->funcs[i]);
		cJSON_AddItemToArray(list, item);
	}
	dp_resume(nic);
	pthread_mutex_unlock(&nic->fw_lock);
}

static const struct request {
	const char *word;
	void (*fill)(cJSON *j, const struct nic_func *f); /* NULL: the next */
	ctl_fn run;
} requests[] = {
	{"objects", ctl_objects, NULL},
	{"queues", ctl_queues, NULL},
	{"stats", ctl_stats, NULL},
	{"commands", ctl_commands, NULL},
	{"fail", NULL, ctl_fail},
	{"link", NULL, ctl_link},
	{"kill", NULL, ctl_kill},
	{"unload", NULL, ctl_unload},
	{"revive", NULL, ctl_revive},
	{"timing", NULL, ctl_timing},
	{"pcap", NULL, ctl_pcap},
	{"check", NULL, ctl_check},
};
#define N_REQUESTS (sizeof(requests) / sizeof(requests[0]))

static const char *
unknown(char *why, size_t len)
{
	size_t at = (size_t)snprintf(why, len, "unknown request, there are:");
	unsigned int i;

	for (i = 0; i < N_REQUESTS && at < len; i++)
		at += (size_t)snprintf(why + at, len - at, " %s", requests[i].word);
	return why;
}

static const char *
run(struct nic *nic, char *line, cJSON *j, char *why, size_t len)
{
	size_t word = strcspn(line, " ");
	char *arg = line + word + strspn(line + word, " ");
	unsigned int i;

	for (i = 0; i < N_REQUESTS; i++) {
		if (strlen(requests[i].word) == word && strncmp(requests[i].word, line, word) == 0)
			break;
	}
	if (i == N_REQUESTS)
		return unknown(why, len);
	if (requests[i].run != NULL)
		return requests[i].run(nic, arg, j, why, len);
	if (*arg != '\0')
		return "this request takes no words";
	if (requests[i].fill == ctl_stats)
		ctl_port_stats(j, "port", &nic->port);
	all_funcs(nic, j, requests[i].fill);
	return NULL;
}

char *
ctl_answer(struct nic *nic, char *request)
{
	cJSON *j = cJSON_CreateObject(), *ok;
	const char *error;
	char why[2048], *text;

	if (j == NULL)
		return NULL;
	ok = cJSON_AddTrueToObject(j, "ok");
	error = run(nic, request, j, why, sizeof(why));
	if (error != NULL && ok != NULL) {
		cJSON_ReplaceItemInObject(j, "ok", cJSON_CreateFalse());
		cJSON_AddStringToObject(j, "error", error);
	}
	text = cJSON_PrintUnformatted(j);
	cJSON_Delete(j);
	return text;
}
