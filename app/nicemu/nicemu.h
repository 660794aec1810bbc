/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The command nicemu: describes an emulated NIC, and runs any command on it.
 */
#ifndef APP_NICEMU_H
#define APP_NICEMU_H

#include <stdbool.h>
#include <sys/types.h>

#include "conf.h"

#define WHY_LEN 2048
#define TRACE_FILES 8 /* in one picture */

enum cmd { CMD_NONE, CMD_RUN, CMD_DESCRIBE, CMD_CTL, CMD_TRACE };

struct options {
	enum cmd cmd;
	struct conf conf; /* of CMD_RUN and CMD_DESCRIBE */
	char **args; /* the command to run, or what to ask; NULL at the end */
	bool keep, verbose, json;
	const char *socket; /* of CMD_CTL */
	/* of CMD_TRACE: a list, not a summary; lines about one function (NULL: all), that began in
	 * this range of seconds from the first line on */
	bool list;
	const char *func;
	const char *timeline; /* a picture of all files, not a summary of one */
	unsigned int n_from,
		n_to; /* given so many times: of the first files, the last of all others */
	double from[TRACE_FILES], to[TRACE_FILES];
};

/* Parse the command line. Errors and --help end the process, as argp does. */
void options_parse(struct options *o, int argc, char **argv);

/* Each returns the exit status of the process. */
int run_main(struct options *o);
int describe_main(const struct options *o);
int ctl_main(const struct options *o);
int trace_main(const struct options *o);
int timeline_main(const struct options *o);
/* trace.c: the range of seconds of a file, by its index. */
double trace_from(const struct options *o, unsigned int file);
double trace_to(const struct options *o, unsigned int file);

/* tree.c: a directory of our own with the description and the sysfs tree in it; c->tree is set. The
 * guard (-1: none) is told of it. 0 or -errno, reported. */
int tree_create(struct conf *c, int guard, char *dir, size_t len);
void tree_remove(const char *dir);

/* run.c: exit status, as a shell has it */
#define STATUS_NOT_RUN 126

/*
 * guard.c: should this process be killed, the guard behind the socket ends the command and removes
 * the directory. 0, or -errno. It makes the directory itself; tell it of the command as soon as
 * that is there, and of the end when both are taken care of.
 */
int guard_start(int *sock);
/* dir, of size len: a template of mkdtemp(), and what was made of it. 0 or -errno; -EPIPE: the
 * guard is gone. */
int guard_dir(int sock, char *dir, size_t len);
void guard_command(int sock, pid_t pid);
void guard_end(int sock);
/* In the command's process: it ends with the runner, as long as it does not change its user. */
void guard_die_with(pid_t runner);

/* ending.c: print what the command's processes reported; the exit status, which leaks change. */
#define STATUS_LEAKS 3
int ending_status(const struct conf *c, int status);

/* preload.c: the value of LD_PRELOAD that puts a command on the NIC. 0 or -ENOENT, reported. */
int preload_value(char *buf, size_t len);
bool preload_is_sanitized(void);
/* What comes with this program: a profile by its name, and the painter of timelines. 0 or -ENOENT.
 */
int timing_path(const char *name, char *path, size_t len);
int timeline_path(char *path, size_t len);

/* json.c: a member of an object: its text, or ""; its number, or 0. */
struct cJSON;
const char *text_of(const struct cJSON *j, const char *name);
double number_of(const struct cJSON *j, const char *name);

/* table.c: an answer of the control socket for people. */
void table_print(const char *request, const struct cJSON *answer);

#endif /* APP_NICEMU_H */
