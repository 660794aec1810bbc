/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Run inputs that are kept, one after the other.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

bool fuzz_careful = true;

static void
usage(FILE *to)
{
	fprintf(to,
		"usage: %s-replay [--print] FILE|DIRECTORY...\n"
		"       %s-replay --seeds DIRECTORY\n"
		"       %s-replay --sweep\n\n"
		"  Runs each input (all files of a directory) and looks for impossible states after\n"
		"  each of its steps; ends at the first that is found.\n\n"
		"  --print            also say in words what each input does\n"
		"  --seeds DIRECTORY  write the inputs that are known to be valid, and run nothing\n"
		"  --sweep            try what is to be tried completely, like all opcodes\n",
		fuzz_target.name, fuzz_target.name, fuzz_target.name);
}

/* Bytes of a file that were read; -1: none, said on stderr. */
static long
load(const char *path, uint8_t *data, size_t max)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	n = fread(data, 1, max, f);
	fclose(f);
	return (long)n;
}

static int
run_file(const char *path, bool print)
{
	static uint8_t data[FUZZ_MAX_INPUT];
	long size = load(path, data, sizeof(data));
	uint8_t *copy;

	if (size < 0)
		return -1;
	/* so that a sanitizer sees where it ends */
	copy = malloc((size_t)size + 1);
	if (copy == NULL)
		return -1;
	memcpy(copy, data, (size_t)size);
	/* the name goes out first: what is found ends the process */
	fprintf(stderr, "%s: %s\n", fuzz_target.name, path);
	if (print && fuzz_target.print != NULL)
		fuzz_target.print(copy, (size_t)size);
	fuzz_target.run(copy, (size_t)size);
	free(copy);
	return 0;
}

static int
run_dir(const char *path, bool print, unsigned int *n)
{
	struct dirent **list;
	char file[4096];
	int i, count, ret = 0;

	count = scandir(path, &list, NULL, alphasort);
	if (count < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	for (i = 0; i < count; i++) {
		if (ret == 0 && list[i]->d_name[0] != '.') {
			snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name);
			ret = run_file(file, print);
			(*n)++;
		}
		free(list[i]);
	}
	free(list);
	return ret;
}

static int
run(const char *path, bool print, unsigned int *n)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return run_dir(path, print, n);
	(*n)++;
	return run_file(path, print);
}

static int
write_seeds(const char *dir)
{
	static uint8_t data[FUZZ_MAX_INPUT];
	char path[4096];
	unsigned int i;
	size_t size;
	FILE *f;

	for (i = 0; fuzz_target.seed != NULL; i++) {
		size = fuzz_target.seed(i, data, sizeof(data));
		if (size == 0)
			break;
		snprintf(path, sizeof(path), "%s/valid-%02u", dir, i);
		f = fopen(path, "we");
		if (f == NULL || fwrite(data, 1, size, f) != size || fclose(f) != 0) {
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
			return 1;
		}
	}
	printf("%u inputs in %s\n", i, dir);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned int n = 0;
	bool print = false;
	int i = 1;

	if (argc < 2 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	if (strcmp(argv[1], "--print") == 0) {
		print = true;
		i++;
	}
	if (fuzz_target.init() != 0)
		return 2;
	if (argc == 2 && strcmp(argv[1], "--sweep") == 0 && fuzz_target.sweep != NULL) {
		fuzz_target.sweep();
		return 0;
	}
	for (; i < argc; i++) {
		if (run(argv[i], print, &n) != 0)
			return 1;
	}
	if (n == 0) {
		fprintf(stderr, "%s: no inputs\n", fuzz_target.name);
		return 1;
	}
	/* as the tests that count their cases (devtools/tally) */
	printf("%u passed, 0 failed, 0 skipped\n", n);
	return 0;
}
