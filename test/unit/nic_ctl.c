/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "nic_ctl.h"

#define ANSWER_MAX (1u << 20)
#define TIMEOUT_S 20

static const char *
ctl_path(void)
{
	const char *path = getenv("NIC_CTL");

	return path != NULL && path[0] != '\0' ? path : NULL;
}

bool
nic_ctl_there(void)
{
	return ctl_path() != NULL;
}

int
nic_ctl_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int fd, ret;

	if (ctl_path() == NULL || strlen(ctl_path()) >= sizeof(addr.sun_path))
		return -ENOENT;
	strcpy(addr.sun_path, ctl_path());
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/* All up to the end of the stream, parsed. NULL: no answer, or none that says ok. */
static cJSON *
ctl_receive(int fd)
{
	char *text = malloc(ANSWER_MAX);
	cJSON *answer = NULL;
	size_t at = 0;
	ssize_t n;

	while (text != NULL && at < ANSWER_MAX - 1 &&
		(n = recv(fd, text + at, ANSWER_MAX - 1 - at, 0)) > 0)
		at += (size_t)n;
	if (text != NULL) {
		text[at] = '\0';
		answer = cJSON_Parse(text);
	}
	free(text);
	if (cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")))
		return answer;
	cJSON_Delete(answer);
	return NULL;
}

static int
ctl_ask(const char *request, cJSON **answer)
{
	int fd = nic_ctl_connect();

	if (fd < 0)
		return fd;
	*answer = NULL;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request))
		*answer = ctl_receive(fd);
	close(fd);
	return *answer != NULL ? 0 : -EIO;
}

static uint64_t
ctl_number(const cJSON *object, const char *name)
{
	return (uint64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(object, name));
}

int
nic_ctl_mrs(struct nic_mrs *mrs)
{
	const cJSON *func;
	cJSON *answer;
	int ret;

	memset(mrs, 0, sizeof(*mrs));
	ret = ctl_ask("objects\n", &answer);
	if (ret != 0)
		return ret;
	cJSON_ArrayForEach(func, cJSON_GetObjectItem(answer, "functions"))
	{
		mrs->registered += ctl_number(func, "mr_registered");
		mrs->destroyed += ctl_number(func, "mr_destroyed");
		mrs->bytes += ctl_number(func, "mr_bytes");
		mrs->mkeys += ctl_number(cJSON_GetObjectItem(func, "counts"), "mkey");
	}
	cJSON_Delete(answer);
	return 0;
}

/* Of one function: how often this command was executed. */
static uint64_t
command_count(const cJSON *func, const char *name)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, cJSON_GetObjectItem(func, "commands"))
	{
		if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(c, "name")), name) == 0)
			return ctl_number(c, "count");
	}
	return 0;
}

int
nic_ctl_commands(const char *name, uint64_t *count)
{
	const cJSON *func;
	cJSON *answer;
	int ret;

	*count = 0;
	ret = ctl_ask("commands\n", &answer);
	if (ret != 0)
		return ret;
	cJSON_ArrayForEach(func, cJSON_GetObjectItem(answer, "functions")) *count +=
		command_count(func, name);
	cJSON_Delete(answer);
	return 0;
}

char *
nic_ctl_text(const char *request)
{
	char line[64], *text = NULL;
	cJSON *answer;

	snprintf(line, sizeof(line), "%s\n", request);
	if (ctl_ask(line, &answer) == 0) {
		text = cJSON_PrintUnformatted(answer);
		cJSON_Delete(answer);
	}
	return text;
}

uint64_t
nic_ctl_count(const char *opcode)
{
	const cJSON *func, *command;
	uint64_t count = 0;
	cJSON *answer;

	if (ctl_ask("commands\n", &answer) != 0)
		return 0;
	cJSON_ArrayForEach(func, cJSON_GetObjectItem(answer, "functions"))
	{
		cJSON_ArrayForEach(command, cJSON_GetObjectItem(func, "commands"))
		{
			if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(command, "name")),
				    opcode) == 0)
				count += ctl_number(command, "count");
		}
	}
	cJSON_Delete(answer);
	return count;
}

static int
ctl_command(const char *request)
{
	cJSON *answer;
	int ret = ctl_ask(request, &answer);

	if (ret == 0)
		cJSON_Delete(answer);
	return ret;
}

int
nic_ctl_fail(const char *fmt, ...)
{
	char spec[96], request[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(spec, sizeof(spec), fmt, ap);
	va_end(ap);
	snprintf(request, sizeof(request), "fail %s\n", spec);
	return ctl_command(request);
}

int
nic_ctl_fail_waits(bool *waits)
{
	cJSON *answer;
	int ret = ctl_ask("fail list\n", &answer);

	if (ret != 0)
		return ret;
	*waits = cJSON_GetArraySize(cJSON_GetObjectItem(answer, "faults")) > 0;
	cJSON_Delete(answer);
	return 0;
}

int
nic_ctl_fail_clear(void)
{
	return ctl_command("fail clear\n");
}

int
nic_ctl_tell(const char *request)
{
	char *answer = nic_ctl_text(request);

	free(answer);
	return answer != NULL ? 0 : -EIO;
}

int
nic_ctl_objects(const char *kind)
{
	char *answer = nic_ctl_text("objects");
	cJSON *j = cJSON_Parse(answer);
	const cJSON *f = cJSON_GetArrayItem(cJSON_GetObjectItem(j, "functions"), 0);
	const cJSON *n = cJSON_GetObjectItem(cJSON_GetObjectItem(f, "counts"), kind);
	int count = cJSON_IsNumber(n) ? n->valueint : -1;

	cJSON_Delete(j);
	free(answer);
	return count;
}

struct ibv_context *
nic_ctl_open(int index)
{
	struct mlx5dv_context_attr attr = {.flags = MLX5DV_CONTEXT_FLAGS_DEVX};
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *c = NULL;
	int err = ENODEV;

	if (list != NULL && list[0] != NULL && (index == 0 || list[1] != NULL)) {
		c = mlx5dv_open_device(list[index], &attr);
		err = errno;
	}
	if (list != NULL)
		ibv_free_device_list(list);
	errno = err;
	return c;
}
