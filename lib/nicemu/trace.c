/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "trace.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "real.h"

struct line {
	STAILQ_ENTRY(line) next;
	size_t len;
	char text[];
};

struct trace {
	int fd;
	_Atomic uint64_t seq; /* lines made */
	bool failed; /* under write_lock */
	pthread_mutex_t write_lock; /* before 'lock' */
	pthread_mutex_t lock; /* of the queue; nothing is taken under it */
	STAILQ_HEAD(, line) queue;
};

__thread uint64_t trace_call;

int
trace_open(const char *path, struct trace **out)
{
	struct trace *t = calloc(1, sizeof(*t));
	int err;

	if (t == NULL)
		return -ENOMEM;
	if (strcmp(path, "-") == 0)
		t->fd = STDERR_FILENO;
	else
		t->fd = real_open()(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (t->fd < 0) {
		err = -errno;
		free(t);
		return err;
	}
	pthread_mutex_init(&t->write_lock, NULL);
	pthread_mutex_init(&t->lock, NULL);
	STAILQ_INIT(&t->queue);
	*out = t;
	return 0;
}

void
trace_close(struct trace *t)
{
	if (t == NULL)
		return;
	trace_flush(t);
	if (t->fd != STDERR_FILENO)
		real_close()(t->fd);
	pthread_mutex_destroy(&t->lock);
	pthread_mutex_destroy(&t->write_lock);
	free(t);
}

uint64_t
trace_now(const struct trace *t)
{
	return t != NULL ? clock_ns() : 0;
}

void
trace_num(cJSON *j, const char *name, uint64_t v)
{
	cJSON_AddNumberToObject(j, name, (double)v);
}

void
trace_hex(cJSON *j, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v);
	cJSON_AddStringToObject(j, name, text);
}

void
trace_errno(cJSON *j, int err)
{
	const char *name = strerrorname_np(-err);

	if (err != 0)
		cJSON_AddStringToObject(j, "errno", name != NULL ? name : "unknown");
}

cJSON *
trace_line(struct trace *t, const char *kind, const struct nic_func *f)
{
	cJSON *j;

	if (t == NULL)
		return NULL;
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "kind", kind);
	trace_num(j, "seq", atomic_fetch_add(&t->seq, 1));
	trace_num(j, "pid", (uint64_t)getpid());
	trace_num(j, "tid", (uint64_t)gettid());
	cJSON_AddStringToObject(j, "func", f->conf->bdf);
	cJSON_AddStringToObject(j, "ibdev", f->conf->ibdev);
	return j;
}

void
trace_put(struct trace *t, cJSON *j)
{
	struct line *l;

	if (j == NULL)
		return;
	l = malloc(sizeof(*l) + TRACE_LINE);
	if (l != NULL && cJSON_PrintPreallocated(j, l->text, TRACE_LINE - 1, false)) {
		l->len = strlen(l->text);
		l->text[l->len++] = '\n';
		pthread_mutex_lock(&t->lock);
		STAILQ_INSERT_TAIL(&t->queue, l, next);
		pthread_mutex_unlock(&t->lock);
	} else {
		free(l);
	}
	cJSON_Delete(j);
}

static struct line *
take(struct trace *t)
{
	struct line *l;

	pthread_mutex_lock(&t->lock);
	l = STAILQ_FIRST(&t->queue);
	if (l != NULL)
		STAILQ_REMOVE_HEAD(&t->queue, next);
	pthread_mutex_unlock(&t->lock);
	return l;
}

void
trace_flush(struct trace *t)
{
	int err = errno;
	struct line *l;

	if (t == NULL)
		return;
	pthread_mutex_lock(&t->write_lock);
	while ((l = take(t)) != NULL) {
		if (write(t->fd, l->text, l->len) < 0 && !t->failed) {
			t->failed = true;
			fprintf(stderr, "nicemu: the trace lacks lines: %s\n", strerror(errno));
		}
		free(l);
	}
	pthread_mutex_unlock(&t->write_lock);
	errno = err;
}
