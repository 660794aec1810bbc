/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * nicemu run: a child gets the command, and this process stays to take the generated files away at
 * its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nicemu.h"

#define STATUS_NOT_FOUND 127
#define STATUS_SIGNAL 128

static int
set_environment(const struct options *o, const char *dir)
{
	char preload[4 * PATH_MAX], path[CONF_STR + 32];
	int ret;

	ret = preload_value(preload, sizeof(preload));
	if (ret != 0)
		return ret;
	setenv("LD_PRELOAD", preload, 1);
	snprintf(path, sizeof(path), "%s/nic.ini", dir);
	setenv("NICEMU_CONFIG", path, 1);
	setenv("SYSFS_PATH", o->conf.tree, 1);
	snprintf(path, sizeof(path), "%s/bus/pci/devices", o->conf.tree);
	setenv("SYSFS_PCI_DEVICES", path, 1);
	if (o->verbose)
		setenv("NICEMU_VERBOSE", "1", 1);
	/* what a stock command leaves unfreed is not ours to report */
	if (preload_is_sanitized())
		setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
	return 0;
}

static pid_t
start(const struct options *o, const char *dir, const sigset_t *mask)
{
	pid_t runner = getpid(), pid = fork();
	int err;

	if (pid != 0)
		return pid;
	guard_die_with(runner);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (set_environment(o, dir) != 0)
		_exit(STATUS_NOT_RUN);
	execvp(o->args[0], o->args);
	err = errno;
	fprintf(stderr, "nicemu: %s: %s\n", o->args[0], strerror(err));
	_exit(err == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

/* Has the child ended? Then its status, as a shell tells it; else -1. */
static int
child_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : -1;
}

/* Sleep until the child has ended, and pass on what is meant for it. */
static int
watch(pid_t pid, const sigset_t *watched)
{
	siginfo_t info;
	int status;

	for (;;) {
		status = child_status(pid);
		if (status >= 0)
			return status;
		if (sigwaitinfo(watched, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		/* The terminal's own signals have reached the child already. */
		if (info.si_code != SI_KERNEL)
			kill(pid, info.si_signo);
	}
}

/* A file of this run alone, empty: the processes of the command append to it. */
static int
start_trace(const char *path)
{
	int fd, ret;

	if (path[0] == '\0' || strcmp(path, "-") == 0)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		ret = -errno;
		fprintf(stderr, "nicemu: trace %s: %s\n", path, strerror(errno));
		return ret;
	}
	close(fd);
	return 0;
}

/* The command from its start to its end; its exit status. */
static int
run_command(const struct options *o, const char *dir, int guard)
{
	sigset_t watched, old;
	pid_t pid;

	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGQUIT);
	sigprocmask(SIG_BLOCK, &watched, &old);
	pid = start(o, dir, &old);
	if (pid < 0) {
		fprintf(stderr, "nicemu: fork: %s\n", strerror(errno));
		return STATUS_NOT_RUN;
	}
	guard_command(guard, pid);
	return ending_status(&o->conf, watch(pid, &watched));
}

int
run_main(struct options *o)
{
	char dir[CONF_STR];
	int guard, ret, status = STATUS_NOT_RUN;

	if (start_trace(o->conf.trace) != 0)
		return STATUS_NOT_RUN;
	ret = guard_start(&guard);
	if (ret != 0) {
		fprintf(stderr, "nicemu: fork: %s\n", strerror(-ret));
		return STATUS_NOT_RUN;
	}
	if (tree_create(&o->conf, o->keep ? -1 : guard, dir, sizeof(dir)) != 0)
		goto end;
	status = run_command(o, dir, guard);
	if (o->keep)
		fprintf(stderr, "nicemu: files are kept in %s\n", dir);
	else
		tree_remove(dir);
end:
	guard_end(guard);
	return status;
}
