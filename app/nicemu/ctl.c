/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * nicemu ctl: one request to a running NIC, by its control socket.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "nicemu.h"

#define LINE_MAX_LEN 1024
#define ANSWER_MAX (64u << 20)
#define TIMEOUT_S 10

static int
connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int
send_request(int fd, char **args)
{
	char line[LINE_MAX_LEN] = "";
	size_t at = 0;
	int i;

	for (i = 0; args[i] != NULL && at < sizeof(line); i++)
		at += (size_t)snprintf(
			line + at, sizeof(line) - at, "%s%s", i > 0 ? " " : "", args[i]);
	if (at + 1 >= sizeof(line) || strchr(line, '\n') != NULL)
		return -E2BIG;
	line[at++] = '\n';
	return send(fd, line, at, MSG_NOSIGNAL) == (ssize_t)at ? 0 : -EIO;
}

/* All up to the end of the stream; NULL: none came. */
static char *
read_answer(int fd)
{
	size_t len = 0, room = 65536;
	char *buf = malloc(room), *more;
	ssize_t n = 0;

	while (buf != NULL && (n = recv(fd, buf + len, room - len - 1, 0)) > 0) {
		len += (size_t)n;
		if (room - len > 1)
			continue;
		room *= 2;
		more = room <= ANSWER_MAX ? realloc(buf, room) : NULL;
		if (more == NULL)
			break;
		buf = more;
	}
	if (buf == NULL || n != 0 || len == 0) {
		free(buf);
		return NULL;
	}
	buf[len] = '\0';
	return buf;
}

static int
show(const struct options *o, const char *text)
{
	cJSON *j = cJSON_Parse(text);
	const cJSON *error;
	int status = 1;

	if (j == NULL) {
		fprintf(stderr, "nicemu: %s: not an answer of a NIC\n", o->socket);
		return 1;
	}
	error = cJSON_GetObjectItem(j, "error");
	if (error != NULL) {
		fprintf(stderr, "nicemu: %s: %s\n", o->args[0], cJSON_GetStringValue(error));
	} else {
		status = 0;
		if (o->json)
			fputs(text, stdout);
		else
			table_print(o->args[0], j);
	}
	cJSON_Delete(j);
	return status;
}

int
ctl_main(const struct options *o)
{
	int fd = connect_to(o->socket), ret;
	char *text;

	if (fd < 0) {
		fprintf(stderr, "nicemu: %s: %s\n", o->socket, strerror(-fd));
		return 1;
	}
	ret = send_request(fd, o->args);
	text = ret == 0 ? read_answer(fd) : NULL;
	close(fd);
	if (text == NULL) {
		fprintf(stderr, "nicemu: %s: %s\n", o->socket,
			ret != 0 ? strerror(-ret) : "no answer");
		return 1;
	}
	ret = show(o, text);
	free(text);
	return ret;
}
