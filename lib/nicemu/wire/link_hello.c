/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the ends of a link say to each other once, and the memory that they share.
 */
#include "link_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../real.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Both sides speak the same build of this, or not at all. */
struct hello {
	char magic[8];
	uint32_t version, bytes; /* of struct link_shm */
};
static const struct hello our_hello = {"nicelink", 1, sizeof(struct link_shm)};

/* ---- words ---- */

int
link_say_hello(int sock, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} ctl = {0};
	struct iovec iov = {
		.iov_base = (void *)(uintptr_t)&our_hello, .iov_len = sizeof(our_hello)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = &ctl;
		msg.msg_controllen = sizeof(ctl.room);
		c = CMSG_FIRSTHDR(&msg);
		*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(fd)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (real_sendmsg()(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof(our_hello))
		return -EPROTO;
	return 0;
}

int
link_hear_hello(int sock, int *fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} ctl;
	struct hello h = {0};
	struct iovec iov = {.iov_base = &h, .iov_len = sizeof(h)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl.room)};
	ssize_t n = real_recvmsg()(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	*fd = -1;
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ECONNRESET;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	if (n == (ssize_t)sizeof(h) && (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
		memcmp(&h, &our_hello, sizeof(h)) == 0)
		return 0;
	if (*fd >= 0)
		real_close()(*fd);
	*fd = -1;
	return -EPROTO;
}

/* ---- shared memory ---- */

static struct link_shm *
shm_map(int fd)
{
	void *p = real_mmap()(
		NULL, sizeof(struct link_shm), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* All of it is there at once: a page that can't be had later would be a fault of the engine. */
int
link_shm_create(struct link_shm **shm)
{
	int fd = memfd_create("nicemu-link", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (posix_fallocate(fd, 0, sizeof(**shm)) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0 ||
		(*shm = shm_map(fd)) == NULL) {
		real_close()(fd);
		return -ENOMEM;
	}
	return fd;
}

struct link_shm *
link_shm_accept(int fd)
{
	struct stat st;
	int seals = fd >= 0 ? fcntl(fd, F_GET_SEALS) : -1;

	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || real_fstat()(fd, &st) != 0 ||
		st.st_size != (off_t)sizeof(struct link_shm))
		return NULL;
	return shm_map(fd);
}
