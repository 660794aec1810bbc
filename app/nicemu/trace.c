/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * nicemu trace: what a run wrote with --trace, as a summary or as a list.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nicemu.h"

#define MAX_ROWS 1024 /* opcodes and methods of a trace */
#define MAX_REPORTS 10 /* of foreign lines; the rest is counted */
#define SHOWN 60 /* characters of a foreign line */

/* A command or a call by its name. */
struct row {
	char kind[16], opcode[16], name[80];
	uint64_t count, failed, total_ns, max_ns;
	uint64_t pinned; /* bytes, what was given back not taken off */
};

struct reader {
	const struct options *o;
	const char *path;
	unsigned long line, foreign, shown, outside;
	bool started;
	double first_ns;
	struct row row[MAX_ROWS];
	unsigned int n_rows;
};

static bool
is_command(const cJSON *j)
{
	return strcmp(text_of(j, "kind"), "cmd") == 0;
}

/* A command says its status, a call its errno if it failed. */
static bool
has_failed(const cJSON *j)
{
	return is_command(j) ? strcmp(text_of(j, "status"), "OK") != 0
			     : cJSON_HasObjectItem(j, "errno");
}

/* Has it all that is counted here? */
static bool
is_ours(const cJSON *j)
{
	const char *kind = text_of(j, "kind");

	return (strcmp(kind, "cmd") == 0 || strcmp(kind, "ioctl") == 0 ||
		       strcmp(kind, "pages") == 0) &&
		cJSON_IsString(cJSON_GetObjectItem(j, "name")) &&
		cJSON_IsNumber(cJSON_GetObjectItem(j, "t_ns")) &&
		cJSON_IsNumber(cJSON_GetObjectItem(j, "dur_ns")) && number_of(j, "t_ns") >= 0 &&
		number_of(j, "dur_ns") >= 0;
}

double
trace_from(const struct options *o, unsigned int file)
{
	return o->n_from == 0 ? -HUGE_VAL : o->from[file < o->n_from ? file : o->n_from - 1];
}

double
trace_to(const struct options *o, unsigned int file)
{
	return o->n_to == 0 ? HUGE_VAL : o->to[file < o->n_to ? file : o->n_to - 1];
}

static bool
is_wanted(const struct reader *r, const cJSON *j)
{
	double at = (number_of(j, "t_ns") - r->first_ns) / 1e9;

	if (r->o->func != NULL && strcasecmp(text_of(j, "func"), r->o->func) != 0 &&
		strcmp(text_of(j, "ibdev"), r->o->func) != 0)
		return false;
	return at >= trace_from(r->o, 0) && at < trace_to(r->o, 0);
}

static struct row *
find_row(struct reader *r, const cJSON *j)
{
	struct row *row;
	unsigned int i;

	for (i = 0; i < r->n_rows; i++) {
		row = &r->row[i];
		if (strcmp(row->kind, text_of(j, "kind")) == 0 &&
			strcmp(row->name, text_of(j, "name")) == 0 &&
			strcmp(row->opcode, text_of(j, "opcode")) == 0)
			return row;
	}
	if (r->n_rows == MAX_ROWS)
		return NULL;
	row = &r->row[r->n_rows++];
	snprintf(row->kind, sizeof(row->kind), "%s", text_of(j, "kind"));
	snprintf(row->opcode, sizeof(row->opcode), "%s", text_of(j, "opcode"));
	snprintf(row->name, sizeof(row->name), "%s", text_of(j, "name"));
	return row;
}

static void
sum_up(struct reader *r, const cJSON *j)
{
	double dur = number_of(j, "dur_ns"), pinned = number_of(j, "pinned");
	struct row *row = find_row(r, j);

	if (row == NULL) {
		r->outside++;
		return;
	}
	row->count++;
	row->failed += has_failed(j);
	row->total_ns += (uint64_t)dur;
	if ((uint64_t)dur > row->max_ns)
		row->max_ns = (uint64_t)dur;
	if (pinned > 0)
		row->pinned += (uint64_t)pinned;
}

static void
print_value(const cJSON *v)
{
	const cJSON *item;

	if (cJSON_IsNumber(v))
		printf(" %s=%.0f", v->string, v->valuedouble);
	else if (cJSON_IsString(v))
		printf(" %s=%s", v->string, v->valuestring);
	if (!cJSON_IsArray(v))
		return;
	printf(" %s=", v->string);
	for (item = v->child; item != NULL; item = item->next)
		printf("%s%s", item == v->child ? "" : "|",
			cJSON_IsString(item) ? item->valuestring : "?");
}

static void
print_line(const struct reader *r, const cJSON *j)
{
	const cJSON *v;

	printf("%12.6f %7.0f %-12s %s%-28s", (number_of(j, "t_ns") - r->first_ns) / 1e9,
		number_of(j, "pid"), text_of(j, "func"), is_command(j) ? "  " : "",
		text_of(j, "name"));
	printf(" %8.1f us", number_of(j, "dur_ns") / 1e3);
	if (cJSON_HasObjectItem(j, "object"))
		printf(" %s %.0f", text_of(j, "object"), number_of(j, "id"));
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(j, "fields")) print_value(v);
	if (number_of(j, "pinned") != 0)
		printf(" pinned=%+.0f", number_of(j, "pinned"));
	if (is_command(j) && has_failed(j))
		printf(" %s: %s", text_of(j, "status"), text_of(j, "rule"));
	else if (has_failed(j))
		printf(" %s", text_of(j, "errno"));
	printf("\n");
}

static void
report(struct reader *r, const char *what, const char *line)
{
	if (++r->shown <= MAX_REPORTS)
		fprintf(stderr, "nicemu: %s:%lu: %s: '%.*s%s'\n", r->path, r->line, what, SHOWN,
			line, strlen(line) > SHOWN ? "..." : "");
}

static void
take_line(struct reader *r, char *line, ssize_t len)
{
	bool whole = line[len - 1] == '\n';
	cJSON *j;

	r->line++;
	line[strcspn(line, "\r\n")] = '\0';
	/* a process that is killed leaves no half line; a disk that is full, or a copy, does */
	if (!whole) {
		report(r, "the last line is cut off, and left out", line);
		return;
	}
	j = cJSON_Parse(line);
	if (j == NULL || !is_ours(j)) {
		r->foreign++;
		report(r, "not a line of a trace", line);
		cJSON_Delete(j);
		return;
	}
	if (!r->started)
		r->first_ns = number_of(j, "t_ns");
	r->started = true;
	if (is_wanted(r, j)) {
		if (r->o->list)
			print_line(r, j);
		else
			sum_up(r, j);
	}
	cJSON_Delete(j);
}

static int
by_kind_and_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int kind = strcmp(x->kind, y->kind);

	if (kind != 0)
		return kind;
	return (x->total_ns < y->total_ns) - (x->total_ns > y->total_ns);
}

static void
print_table(const struct reader *r)
{
	const struct row *row;
	unsigned int i;

	printf("%-6s %-7s %-36s %8s %8s %12s %12s %14s\n", "kind", "opcode", "name", "count",
		"failed", "total ms", "max us", "bytes pinned");
	for (i = 0; i < r->n_rows; i++) {
		row = &r->row[i];
		printf("%-6s %-7s %-36s %8" PRIu64 " %8" PRIu64 " %12.3f %12.1f %14" PRIu64 "\n",
			row->kind, row->opcode, row->name, row->count, row->failed,
			(double)row->total_ns / 1e6, (double)row->max_ns / 1e3, row->pinned);
	}
}

static void
print_json(const struct reader *r)
{
	cJSON *j = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(j, "rows"), *item;
	const struct row *row;
	unsigned int i;
	char *text;

	cJSON_AddNumberToObject(j, "foreign_lines", (double)r->foreign);
	for (i = 0; i < r->n_rows; i++) {
		row = &r->row[i];
		item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "kind", row->kind);
		if (row->opcode[0] != '\0')
			cJSON_AddStringToObject(item, "opcode", row->opcode);
		cJSON_AddStringToObject(item, "name", row->name);
		cJSON_AddNumberToObject(item, "count", (double)row->count);
		cJSON_AddNumberToObject(item, "failed", (double)row->failed);
		cJSON_AddNumberToObject(item, "total_ns", (double)row->total_ns);
		cJSON_AddNumberToObject(item, "max_ns", (double)row->max_ns);
		cJSON_AddNumberToObject(item, "pinned", (double)row->pinned);
		cJSON_AddItemToArray(list, item);
	}
	text = cJSON_Print(j);
	cJSON_Delete(j);
	if (text != NULL)
		puts(text);
	free(text);
}

static void
read_all(struct reader *r, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, f)) > 0)
		take_line(r, line, len);
	free(line);
	if (ferror(f))
		fprintf(stderr, "nicemu: %s: %s\n", r->path, strerror(errno));
	if (r->shown > MAX_REPORTS)
		fprintf(stderr, "nicemu: %s: %lu more such lines\n", r->path,
			r->shown - MAX_REPORTS);
	if (r->outside > 0)
		fprintf(stderr, "nicemu: %s: %lu lines of names beyond the first %d\n", r->path,
			r->outside, MAX_ROWS);
}

int
trace_main(const struct options *o)
{
	static struct reader r;
	bool failed;
	FILE *f;

	if (o->timeline != NULL)
		return timeline_main(o);
	f = fopen(o->args[0], "re");
	if (f == NULL) {
		fprintf(stderr, "nicemu: %s: %s\n", o->args[0], strerror(errno));
		return 1;
	}
	r.o = o;
	r.path = o->args[0];
	read_all(&r, f);
	failed = r.foreign > 0 || ferror(f);
	fclose(f);
	qsort(r.row, r.n_rows, sizeof(r.row[0]), by_kind_and_time);
	if (o->json)
		print_json(&r);
	else if (!o->list)
		print_table(&r);
	return failed ? 1 : 0;
}
