/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 64 /* clients that wait: one is served at a time */

struct ctl {
	struct nic *nic;
	struct sockaddr_un addr;
	int listen_fd, stop_fd; /* stop_fd: eventfd, readable ends the thread */
	pthread_t thread;
};

/* Wait for an event on fd, or for the end: 1, 0 on a time-out or the end. */
static int
ctl_wait(const struct ctl *ctl, int fd, short events, int timeout_ms)
{
	struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = ctl->stop_fd, .events = POLLIN}};

	if (poll(p, 2, timeout_ms) <= 0 || p[1].revents != 0)
		return 0;
	return p[0].revents != 0;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One line, without its end. -1: none came in time, be it a byte at a time. */
static int
read_line(const struct ctl *ctl, int fd, char *line)
{
	int64_t end = now_ms() + CTL_TIMEOUT_MS, left;
	size_t at = 0;
	ssize_t n;

	while (at < CTL_LINE - 1) {
		left = end - now_ms();
		if (left <= 0 || !ctl_wait(ctl, fd, POLLIN, (int)left))
			return -1;
		n = recv(fd, line + at, CTL_LINE - 1 - at, MSG_DONTWAIT);
		if (n <= 0)
			return -1;
		at += (size_t)n;
		line[at] = '\0';
		if (strchr(line, '\n') != NULL) {
			*strchr(line, '\n') = '\0';
			return 0;
		}
	}
	return -1;
}

static void
send_all(const struct ctl *ctl, int fd, const char *text)
{
	size_t left = strlen(text);
	ssize_t n;

	while (left > 0 && ctl_wait(ctl, fd, POLLOUT, CTL_TIMEOUT_MS)) {
		n = send(fd, text, left, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return;
		text += n;
		left -= (size_t)n;
	}
}

static void
serve(const struct ctl *ctl, int fd)
{
	char line[CTL_LINE];
	char *answer;

	if (read_line(ctl, fd, line) != 0)
		return;
	answer = ctl_answer(ctl->nic, line);
	send_all(ctl, fd, answer != NULL ? answer : "{\"ok\":false,\"error\":\"no memory\"}");
	send_all(ctl, fd, "\n");
	free(answer);
}

static void *
ctl_main(void *arg)
{
	struct ctl *ctl = arg;
	struct pollfd stop = {.fd = ctl->stop_fd, .events = POLLIN};
	int fd;

	while (poll(&stop, 1, 0) == 0) {
		if (!ctl_wait(ctl, ctl->listen_fd, POLLIN, -1))
			continue;
		fd = accept4(ctl->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		serve(ctl, fd);
		close(fd);
	}
	return NULL;
}

/* Is there a NIC behind the socket? If not, its file is a leftover. */
static bool
is_served(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served;

	if (fd < 0)
		return false;
	served = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0;
	close(fd);
	return served;
}

static int
ctl_listen(struct ctl *ctl)
{
	const struct sockaddr *addr = (const struct sockaddr *)&ctl->addr;
	int err;

	ctl->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ctl->listen_fd < 0)
		return -errno;
	if (bind(ctl->listen_fd, addr, sizeof(ctl->addr)) == 0 &&
		listen(ctl->listen_fd, BACKLOG) == 0)
		return 0;
	if (errno == EADDRINUSE && !is_served(&ctl->addr)) {
		unlink(ctl->addr.sun_path);
		if (bind(ctl->listen_fd, addr, sizeof(ctl->addr)) == 0 &&
			listen(ctl->listen_fd, BACKLOG) == 0)
			return 0;
	}
	err = -errno;
	close(ctl->listen_fd);
	return err;
}

/* The application's signals are for its own threads. */
static int
start_thread(struct ctl *ctl)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&ctl->thread, NULL, ctl_main, ctl);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

struct ctl *
ctl_start(struct nic *nic, const char *path)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));
	int ret = -ENOMEM;

	if (ctl == NULL)
		goto fail;
	ctl->nic = nic;
	ctl->addr.sun_family = AF_UNIX;
	ret = -ENAMETOOLONG;
	if (strlen(path) >= sizeof(ctl->addr.sun_path))
		goto fail;
	strcpy(ctl->addr.sun_path, path);
	ctl->stop_fd = eventfd(0, EFD_CLOEXEC);
	ret = -errno;
	if (ctl->stop_fd < 0)
		goto fail;
	ret = ctl_listen(ctl);
	if (ret != 0)
		goto close_stop;
	ret = start_thread(ctl);
	if (ret != 0)
		goto close_listen;
	return ctl;

close_listen:
	close(ctl->listen_fd);
	unlink(path);
close_stop:
	close(ctl->stop_fd);
fail:
	free(ctl);
	fprintf(stderr, "nicemu: control socket %s: %s\n", path, strerror(-ret));
	return NULL;
}

void
ctl_stop(struct ctl *ctl)
{
	if (ctl == NULL)
		return;
	eventfd_write(ctl->stop_fd, 1);
	pthread_join(ctl->thread, NULL);
	close(ctl->listen_fd);
	unlink(ctl->addr.sun_path);
	close(ctl->stop_fd);
	free(ctl);
}
