/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * After the command: what its processes reported (report.h).
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nicemu.h"
#include "report.h"

static FILE *
report_open(const struct conf *c, const char *name)
{
	char path[CONF_STR + 32];

	report_path(c, name, path, sizeof(path));
	return fopen(path, "re");
}

static void
print_objects(const struct conf *c)
{
	FILE *f = report_open(c, REPORT_OBJECTS);
	char *line = NULL;
	size_t room = 0;
	cJSON *j;

	/* what COMMAND printed may be somebody's data */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	while (f != NULL && getline(&line, &room, f) > 0) {
		j = cJSON_Parse(line);
		table_print("objects", j);
		cJSON_Delete(j);
	}
	free(line);
	if (f != NULL)
		fclose(f);
}

/* The lines themselves were printed when they came. */
static bool
has_leaks(const struct conf *c)
{
	FILE *f = report_open(c, REPORT_LEAKS);
	bool any = f != NULL && fgetc(f) != EOF;

	if (f != NULL)
		fclose(f);
	return any;
}

int
ending_status(const struct conf *c, int status)
{
	if (c->objects)
		print_objects(c);
	if (!c->leaks || !has_leaks(c))
		return status;
	fprintf(stderr, "nicemu: objects were left behind, see above\n");
	return status != 0 ? status : STATUS_LEAKS;
}
