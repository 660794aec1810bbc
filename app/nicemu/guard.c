/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * If the runner is killed (SIGKILL, the OOM killer), nobody is left to end the command and to take
 * the generated files away. A guard does: a process of its own session, which hears of the runner's
 * end by the end of a socket's stream. It is no child of the runner, whose only child is the
 * command.
 *
 * The command has a death signal, too: for the moment before the guard knows of it, and for the
 * case that the guard is killed as well. Its own children are its own business: those live on when
 * it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nicemu.h"

#define KILL_MS 10000 /* in which a killed command ends */

enum what { GUARD_DIR, GUARD_COMMAND, GUARD_DONE };

/* GUARD_DIR is answered with the same. */
struct message {
	enum what what;
	int error; /* of the answer: 0 or a negative errno */
	char dir[CONF_STR]; /* GUARD_DIR: of mkdtemp(); answered with what was made */
};

/* What the runner told. */
struct ward {
	char dir[CONF_STR]; /* empty: none */
	int command; /* pidfd, -1: none */
};

static void
clean_up(const struct ward *w)
{
	struct pollfd p = {.fd = w->command, .events = POLLIN};

	if (w->command >= 0) {
		syscall(SYS_pidfd_send_signal, w->command, SIGKILL, NULL, 0);
		poll(&p, 1, KILL_MS);
	}
	if (w->dir[0] != '\0')
		tree_remove(w->dir);
}

/* The next message, its descriptor in *fd. False: the stream is at its end. */
static bool
receive(int sock, struct message *m, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*m))
		return false;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return true;
}

/* By the guard, so that there is no moment in which it does not know of what is there. */
static void
make_dir(int sock, struct message *m, struct ward *w)
{
	m->error = mkdtemp(m->dir) != NULL ? 0 : -errno;
	if (m->error == 0)
		memcpy(w->dir, m->dir, sizeof(w->dir));
	send(sock, m, sizeof(*m), MSG_NOSIGNAL);
}

static void
guard_main(int sock)
{
	struct ward w = {.command = -1};
	struct message m;

	while (receive(sock, &m, &w.command)) {
		if (m.what == GUARD_DONE)
			return;
		if (m.what == GUARD_DIR)
			make_dir(sock, &m, &w);
	}
	clean_up(&w);
}

/* Nothing of the runner's may stay open here: somebody may wait for the end of its output. */
static int
let_go(int *sock)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
		dup2(*sock, 3) < 0)
		return -errno;
	*sock = 3;
	return close_range(4, ~0u, 0) != 0 ? -errno : 0;
}

static void
become_guard(int sock)
{
	setsid();
	if (fork() != 0)
		_exit(0);
	if (let_go(&sock) == 0)
		guard_main(sock);
	_exit(0);
}

int
guard_start(int *sock)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become_guard(pair[1]);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return -errno;
	}
	waitpid(pid, NULL, 0);
	*sock = pair[0];
	return 0;
}

/* A guard that is gone guards nothing; the command runs all the same. */
static void
tell(int sock, const struct message *m, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)(uintptr_t)m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&msg);
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(fd))};
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	sendmsg(sock, &msg, MSG_NOSIGNAL);
}

int
guard_dir(int sock, char *dir, size_t len)
{
	struct message m = {.what = GUARD_DIR};
	int none;

	snprintf(m.dir, sizeof(m.dir), "%s", dir);
	tell(sock, &m, -1);
	if (!receive(sock, &m, &none))
		return -EPIPE;
	if (m.error == 0)
		snprintf(dir, len, "%s", m.dir);
	return m.error;
}

/* Its parent has not waited for it yet, so the number is still its own. */
void
guard_command(int sock, pid_t pid)
{
	struct message m = {.what = GUARD_COMMAND};
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return;
	tell(sock, &m, fd);
	close(fd);
}

void
guard_end(int sock)
{
	struct message m = {.what = GUARD_DONE};

	tell(sock, &m, -1);
	close(sock);
}

void
guard_die_with(pid_t runner)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* it may have ended just before */
	if (getppid() != runner)
		_exit(STATUS_NOT_RUN);
}
