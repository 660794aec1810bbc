/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hf_identity.h"

int
hf_identity_open(struct hf_identity *id, int fd)
{
	struct stat st;
	int ret;

	id->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (id->fd < 0)
		return -errno;
	if (fstat(id->fd, &st) != 0) {
		ret = -errno;
		hf_identity_close(id);
		return ret;
	}
	id->mode = st.st_mode;
	id->dev = st.st_dev;
	id->ino = st.st_ino;
	return 0;
}

void
hf_identity_close(struct hf_identity *id)
{
	if (id->fd >= 0)
		close(id->fd);
	id->fd = -1;
}

bool
hf_identity_same(const struct hf_identity *id, int fd)
{
	pid_t self = getpid();
	struct stat st;

	if (id->fd < 0 || fd < 0)
		return false;
	if (syscall(SYS_kcmp, self, self, KCMP_FILE, id->fd, fd) == 0)
		return true;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == id->dev &&
		st.st_ino == id->ino;
}
