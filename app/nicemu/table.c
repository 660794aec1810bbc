/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Answers of the control socket as tables.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "nicemu.h"

static const char *
text_of(const cJSON *j, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(j, name));

	return s != NULL ? s : "";
}

static double
number_of(const cJSON *j, const char *name)
{
	const cJSON *v = cJSON_GetObjectItem(j, name);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

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

static void
print_head(const cJSON *f)
{
	printf("%s %s %s\n", text_of(f, "ibdev"), text_of(f, "bdf"), text_of(f, "mac"));
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
		cJSON_ArrayForEach(v, o)
		{
			if (strcmp(v->string, "object") != 0 && strcmp(v->string, "id") != 0)
				print_value(v);
		}
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
print_stats(const cJSON *f)
{
	const cJSON *q;

	print_counters("vport", cJSON_GetObjectItem(f, "vport"));
	printf("  events_lost=%.0f\n", number_of(f, "events_lost"));
	cJSON_ArrayForEach(q, cJSON_GetObjectItem(f, "virtqs")) print_counters("virtq", q);
}

static void
print_commands(const cJSON *f)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, cJSON_GetObjectItem(f, "commands"))
		printf("  %-6s %-28s %8.0f executed %6.0f failed\n", text_of(c, "opcode"),
			text_of(c, "name"), number_of(c, "count"), number_of(c, "failed"));
}

void
table_print(const char *request, const cJSON *answer)
{
	const cJSON *f, *port = cJSON_GetObjectItem(answer, "port");

	if (port != NULL)
		print_counters("port", port);
	cJSON_ArrayForEach(f, cJSON_GetObjectItem(answer, "functions"))
	{
		print_head(f);
		if (strcmp(request, "objects") == 0)
			print_objects(f);
		else if (strcmp(request, "stats") == 0)
			print_stats(f);
		else
			print_commands(f);
	}
}
