/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "report.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>
#include <string.h>

#include "real.h"

void
report_path(const struct conf *c, const char *name, char *buf, size_t len)
{
	snprintf(buf, len, "%s/../%s", c->tree, name);
}

void
report_add(const struct conf *c, const char *name, const char *line)
{
	struct iovec text[2] = {
		{(void *)(uintptr_t)line, strlen(line)}, {(void *)(uintptr_t) "\n", 1}};
	char path[PATH_MAX];
	int fd;

	if (c->tree[0] == '\0')
		return;
	report_path(c, name, path, sizeof(path));
	fd = real_open()(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return;
	/* lines of several processes do not mix: each is one write */
	if (writev(fd, text, 2) < 0)
		fprintf(stderr, "nicemu: %s: %m\n", path);
	real_close()(fd);
}
