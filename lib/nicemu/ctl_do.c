/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Requests that do something to the NIC: failures, links, life and death of a function, time.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "ctl.h"
#include "dp/dp.h"
#include "fw/fw.h"
#include "timing.h"
#include "uverbs/uverbs.h"

/* NULL: reported in why. */
static struct nic_func *
find_func(const struct nic *nic, const char *name, char *why, size_t len)
{
	int idx = conf_find_func(nic->conf, name);

	if (idx >= 0)
		return nic->funcs[idx];
	snprintf(why, len, "no function '%s': want 0 to %u, or a name like %s or %s", name,
		nic->n_funcs - 1, nic->conf->funcs[0].ibdev, nic->conf->funcs[0].bdf);
	return NULL;
}

static void
list_faults(struct nic *nic, cJSON *j)
{
	cJSON *list = cJSON_AddArrayToObject(j, "faults");
	char spec[FAULT_SPEC];
	unsigned int i;

	cJSON_AddNumberToObject(j, "struck", (double)atomic_load(&nic->faults_struck));
	pthread_mutex_lock(&nic->fw_lock);
	/* engines count them down */
	dp_pause(nic);
	for (i = 0; i < FAULTS_MAX; i++) {
		if (nic->faults[i].nth == 0)
			continue;
		fault_print(&nic->faults[i], spec, sizeof(spec));
		cJSON_AddItemToArray(list, cJSON_CreateString(spec));
	}
	dp_resume(nic);
	pthread_mutex_unlock(&nic->fw_lock);
}

static int
set_fault(struct nic *nic, const struct fault *f)
{
	int ret;

	pthread_mutex_lock(&nic->fw_lock);
	dp_pause(nic);
	ret = fault_add(nic, f);
	dp_resume(nic);
	pthread_mutex_unlock(&nic->fw_lock);
	return ret;
}

static void
clear_faults(struct nic *nic, int func)
{
	pthread_mutex_lock(&nic->fw_lock);
	dp_pause(nic);
	fault_clear(nic, func);
	dp_resume(nic);
	pthread_mutex_unlock(&nic->fw_lock);
}

const char *
ctl_fail(struct nic *nic, char *arg, cJSON *j, char *why, size_t len)
{
	const struct nic_func *func;
	struct fault f;

	if (strcmp(arg, "list") == 0 || *arg == '\0') {
		list_faults(nic, j);
		return NULL;
	}
	if (strcmp(arg, "clear") == 0) {
		clear_faults(nic, -1);
		return NULL;
	}
	if (strncmp(arg, "clear ", 6) == 0) {
		func = find_func(nic, arg + 6, why, len);
		if (func == NULL)
			return why;
		clear_faults(nic, (int)func->idx);
		return NULL;
	}
	if (fault_parse(&f, nic->conf, arg, why, len) != 0)
		return why;
	return set_fault(nic, &f) != 0 ? "too many failures are set: fail clear" : NULL;
}

static void
list_links(struct nic *nic, cJSON *j)
{
	static const char *const words[] = {"auto", "up", "down"};
	cJSON *list, *item;
	unsigned int i;

	pthread_mutex_lock(&nic->link_lock);
	item = cJSON_AddObjectToObject(j, "port_link");
	cJSON_AddStringToObject(item, "link", atomic_load(&nic->port_down) ? "down" : "up");
	cJSON_AddStringToObject(item, "set", nic->port_off ? "down" : "up");
	cJSON_AddStringToObject(item, "carrier", atomic_load(&nic->carrier) ? "yes" : "no");
	list = cJSON_AddArrayToObject(j, "functions");
	for (i = 0; i < nic->n_funcs; i++) {
		item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "bdf", nic->conf->funcs[i].bdf);
		cJSON_AddStringToObject(item, "ibdev", nic->conf->funcs[i].ibdev);
		cJSON_AddStringToObject(
			item, "link", atomic_load(&nic->funcs[i]->link_down) ? "down" : "up");
		cJSON_AddStringToObject(item, "set", words[nic->funcs[i]->link_admin]);
		cJSON_AddItemToArray(list, item);
	}
	pthread_mutex_unlock(&nic->link_lock);
}

const char *
ctl_link(struct nic *nic, char *arg, cJSON *j, char *why, size_t len)
{
	char *state = strchr(arg, ' ');
	bool up, down, follow;
	struct nic_func *f;

	if (*arg == '\0') {
		list_links(nic, j);
		return NULL;
	}
	if (state == NULL)
		return "want link port up|down, or link FUNC up|down|auto";
	*state++ = '\0';
	up = strcmp(state, "up") == 0;
	down = strcmp(state, "down") == 0;
	follow = strcmp(state, "auto") == 0;
	if (strcmp(arg, "port") == 0 && (up || down)) {
		fw_port_set(nic, up);
		return NULL;
	}
	if (strcmp(arg, "port") == 0 || (!up && !down && !follow))
		return "want link port up|down, or link FUNC up|down|auto";
	f = find_func(nic, arg, why, len);
	if (f == NULL)
		return why;
	fw_vport_set(f, up ? NIC_LINK_UP : down ? NIC_LINK_DOWN : NIC_LINK_AUTO);
	return NULL;
}

const char *
ctl_kill(struct nic *nic, char *arg, cJSON *j, char *why, size_t len)
{
	struct nic_func *f = find_func(nic, arg, why, len);

	(void)j;
	if (f == NULL)
		return why;
	return fw_kill(f) != 0 ? "it is dead already" : NULL;
}

const char *
ctl_unload(struct nic *nic, char *arg, cJSON *j, char *why, size_t len)
{
	struct nic_func *f = find_func(nic, arg, why, len);

	(void)j;
	if (f == NULL)
		return why;
	return uverbs_unload(f) != 0 ? "it has no driver" : NULL;
}

const char *
ctl_revive(struct nic *nic, char *arg, cJSON *j, char *why, size_t len)
{
	struct nic_func *f = find_func(nic, arg, why, len);

	(void)j;
	if (f == NULL)
		return why;
	if (uverbs_loaded(f) && !fw_is_dead(f))
		return "it is alive";
	uverbs_unload(f);
	fw_revive(f);
	uverbs_load(f);
	return NULL;
}

static const char *
scale_time(struct nic *nic, const char *arg, char *why, size_t len)
{
	struct conf c;

	if (conf_set_timing(&c, "scale", arg, why, len) != 0)
		return why;
	timing_scale(nic->timing, c.timing.scale);
	return NULL;
}

const char *
ctl_timing(struct nic *nic, char *arg, cJSON *j, char *why, size_t len)
{
	cJSON *item;
	double scale;
	bool on;

	if (nic->timing == NULL)
		return "commands take no time here: nicemu run --timing";
	if (strcmp(arg, "on") == 0 || strcmp(arg, "off") == 0)
		timing_switch(nic->timing, strcmp(arg, "on") == 0);
	else if (strncmp(arg, "scale ", 6) == 0)
		return scale_time(nic, arg + 6, why, len);
	else if (*arg != '\0')
		return "want timing, timing on|off, or timing scale X";
	timing_state(nic->timing, &on, &scale);
	item = cJSON_AddObjectToObject(j, "timing");
	cJSON_AddStringToObject(item, "profile", nic->conf->timing.profile);
	cJSON_AddStringToObject(item, "state", on ? "on" : "off");
	cJSON_AddNumberToObject(item, "scale", scale);
	return NULL;
}
