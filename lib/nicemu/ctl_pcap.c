/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Requests at the control socket about capture files.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "capture.h"
#include "conf.h"
#include "ctl.h"
#include "dp/dp.h"
#include "dp/sniff.h"
#include "wire/wire.h"

#define USAGE "want pcap, pcap start PORT FILE, pcap stop PORT, or pcap play"

static void
add_capture(cJSON *list, const char *port, struct capture *c)
{
	cJSON *j;
	uint64_t n;
	bool good;

	if (c == NULL)
		return;
	good = capture_frames(c, &n);
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "port", port);
	cJSON_AddStringToObject(j, "file", capture_path(c));
	cJSON_AddNumberToObject(j, "frames", (double)n);
	cJSON_AddStringToObject(j, "state", good ? "good" : "failed");
	cJSON_AddItemToArray(list, j);
}

static void
list_captures(struct nic *nic, cJSON *j)
{
	cJSON *list = cJSON_AddArrayToObject(j, "captures");
	unsigned int i;

	/* they come and go under fw_lock */
	pthread_mutex_lock(&nic->fw_lock);
	add_capture(list, "port", nic->capture);
	for (i = 0; i < nic->n_funcs; i++)
		add_capture(list, nic->funcs[i]->conf->bdf, nic->funcs[i]->capture);
	pthread_mutex_unlock(&nic->fw_lock);
}

/* What the wire plays into the port. -ENOENT: nothing. */
static int
play(struct nic *nic, bool start, cJSON *j)
{
	const struct wire_ops *ops = wire_ops(nic->wire);
	struct wire_play now;
	cJSON *item;
	int ret = ops->play == NULL ? -ENOENT : ops->play(nic->wire, start, &now);

	if (ret != 0)
		return ret;
	item = cJSON_AddObjectToObject(j, "play");
	cJSON_AddStringToObject(item, "file", now.file);
	cJSON_AddNumberToObject(item, "played", (double)now.played);
	cJSON_AddNumberToObject(item, "skipped", (double)now.skipped);
	cJSON_AddStringToObject(item, "state",
		now.done            ? "done"
			: now.begun ? "playing"
				    : "waiting");
	return 0;
}

/* "PORT FILE" */
static const char *
start_capture(struct nic *nic, char *arg, char *why, size_t len)
{
	char *path = strchr(arg, ' ');
	int port;

	if (path == NULL)
		return USAGE;
	*path++ = '\0';
	if (conf_find_port(nic->conf, arg, &port, why, len) != 0)
		return why;
	if (*path != '/')
		return "want the whole path of the file: it is opened by another process";
	return sniff_start(nic, port, path, why, len) != 0 ? why : NULL;
}

const char *
ctl_pcap(struct nic *nic, char *arg, cJSON *j, char *why, size_t len)
{
	int port;

	if (*arg == '\0') {
		list_captures(nic, j);
		play(nic, false, j);
		return NULL;
	}
	if (strcmp(arg, "play") == 0)
		return play(nic, true, j) != 0 ? "the wire has nothing to play" : NULL;
	if (strncmp(arg, "start ", 6) == 0)
		return start_capture(nic, arg + 6, why, len);
	if (strncmp(arg, "stop ", 5) != 0)
		return USAGE;
	if (conf_find_port(nic->conf, arg + 5, &port, why, len) != 0)
		return why;
	return sniff_stop(nic, port) != 0 ? "this port is not captured" : NULL;
}
