/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Answers of the control socket as tables.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "nicemu.h"

static void
print_value(const cJSON *v)
{
	const cJSON *item;

	if (cJSON_IsNumber(v)) {
		printf(" %s=%.0f", v->string, v->valuedouble);
	} else if (cJSON_IsString(v)) {
		printf(" %s=%s", v->string, v->valuestring);
	} else if (cJSON_IsArray(v)) {
		printf(" %s=[", v->string);
		cJSON_ArrayForEach(item, v)
			printf("%s%.0f", item == v->child ? "" : " ", item->valuedouble);
		printf("]");
	}
}

/* Whatever has a value and is not what the line began with. */
static void
print_fields(const cJSON *j)
{
	static const char *const shown[] = {"ibdev", "bdf", "mac", "object", "id"};
	const cJSON *v;
	unsigned int i;

	cJSON_ArrayForEach(v, j)
	{
		for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
			if (strcmp(v->string, shown[i]) == 0)
				break;
		}
		if (i == sizeof(shown) / sizeof(shown[0]))
			print_value(v);
	}
}

static void
print_head(const cJSON *f)
{
	static const char *const words[] = {"ibdev", "bdf", "mac", "life"};
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_of(f, words[i])[0] != '\0' && strcmp(text_of(f, words[i]), "alive") != 0)
			printf("%s ", text_of(f, words[i]));
	}
	printf("link %s\n", text_of(f, "link"));
}

static void
print_objects(const cJSON *f)
{
	const cJSON *o, *v;

	printf("  direct MRs: %.0f registered, %.0f destroyed, %.0f bytes pinned\n",
		number_of(f, "mr_registered"), number_of(f, "mr_destroyed"),
		number_of(f, "mr_bytes"));
	printf("  counts:");
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(f, "counts"))
	{
		if (v->valuedouble != 0)
			print_value(v);
	}
	printf("\n");
	cJSON_ArrayForEach(o, cJSON_GetObjectItem(f, "objects"))
	{
		printf("  %-14s %8.0f", text_of(o, "object"), number_of(o, "id"));
		print_fields(o);
		printf("\n");
	}
}

static void
print_counters(const char *name, const cJSON *stats)
{
	const cJSON *v;

	printf("  %-6s", name);
	cJSON_ArrayForEach(v, stats) print_value(v);
	printf("\n");
}

static void
print_queues(const cJSON *f)
{
	const cJSON *q;

	cJSON_ArrayForEach(q, cJSON_GetObjectItem(f, "virtqs"))
	{
		printf("  virtq %6.0f", number_of(q, "id"));
		print_fields(q);
		printf("\n");
	}
}

static void
print_stats(const cJSON *f)
{
	const cJSON *e;

	print_counters("vport", cJSON_GetObjectItem(f, "vport"));
	cJSON_ArrayForEach(e, cJSON_GetObjectItem(f, "virtq_errors"))
		printf("  virtq error: %.0f times %s\n", e->valuedouble, e->string);
	printf("  events_lost=%.0f\n", number_of(f, "events_lost"));
	print_queues(f);
}

static void
print_counts(const char *kind, const cJSON *list)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, list) printf("  %-8s %-28s %8.0f executed %6.0f failed\n", kind,
		text_of(c, "name"), number_of(c, "count"), number_of(c, "failed"));
}

static void
print_commands(const cJSON *f)
{
	print_counts("command", cJSON_GetObjectItem(f, "commands"));
	print_counts("ioctl", cJSON_GetObjectItem(f, "ioctls"));
}

static void
print_link(const cJSON *f)
{
	printf("  set %s\n", text_of(f, "set"));
}

static void
print_faults(const cJSON *answer)
{
	const cJSON *f, *list = cJSON_GetObjectItem(answer, "faults");

	if (list == NULL)
		return;
	cJSON_ArrayForEach(f, list) printf("%s\n", cJSON_GetStringValue(f));
	printf("%d wait, %.0f struck so far\n", cJSON_GetArraySize(list),
		number_of(answer, "struck"));
}

static const struct {
	const char *request;
	void (*print)(const cJSON *func);
} tables[] = {
	{"objects", print_objects},
	{"queues", print_queues},
	{"stats", print_stats},
	{"commands", print_commands},
	{"link", print_link},
};

static void
print_timing(const cJSON *answer)
{
	const cJSON *t = cJSON_GetObjectItem(answer, "timing");

	if (t != NULL)
		printf("timing %s, times %g: %s\n", text_of(t, "profile"), number_of(t, "scale"),
			text_of(t, "state"));
}

static void
print_captures(const cJSON *answer)
{
	const cJSON *c, *play = cJSON_GetObjectItem(answer, "play");

	cJSON_ArrayForEach(c, cJSON_GetObjectItem(answer, "captures"))
		printf("%-12s %8.0f frames to %s%s\n", text_of(c, "port"), number_of(c, "frames"),
			text_of(c, "file"),
			strcmp(text_of(c, "state"), "good") == 0 ? "" : ", then an error");
	if (play != NULL)
		printf("%-12s %8.0f frames from %s, %.0f left out\n", text_of(play, "state"),
			number_of(play, "played"), text_of(play, "file"),
			number_of(play, "skipped"));
}

void
table_print(const char *request, const cJSON *answer)
{
	const cJSON *f, *port = cJSON_GetObjectItem(answer, "port");
	unsigned int i;

	if (port != NULL)
		print_counters("port", port);
	port = cJSON_GetObjectItem(answer, "port_link");
	if (port != NULL)
		printf("port link %s: set %s, carrier %s\n", text_of(port, "link"),
			text_of(port, "set"), text_of(port, "carrier"));
	print_faults(answer);
	print_timing(answer);
	print_captures(answer);
	cJSON_ArrayForEach(f, cJSON_GetObjectItem(answer, "functions"))
	{
		print_head(f);
		for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
			if (strcmp(tables[i].request, request) == 0)
				tables[i].print(f);
		}
	}
}
