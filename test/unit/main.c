/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "test.h"

static TAILQ_HEAD(, test_command) commands = TAILQ_HEAD_INITIALIZER(commands);

void
test_command_add(struct test_command *c)
{
	struct test_command *at;

	/* Constructors run in the order of the linker: the list is kept in the order of the names.
	 */
	TAILQ_FOREACH(at, &commands, next) {
		if (strcmp(at->command, c->command) > 0) {
			TAILQ_INSERT_BEFORE(at, c, next);
			return;
		}
	}
	TAILQ_INSERT_TAIL(&commands, c, next);
}

static const struct test_command *
command_find(const char *name)
{
	const struct test_command *c;

	TAILQ_FOREACH(c, &commands, next) {
		if (strcmp(c->command, name) == 0)
			return c;
	}
	return NULL;
}

static void
list(FILE *f)
{
	const struct test_command *c;

	TAILQ_FOREACH(c, &commands, next)
		fprintf(f, "%s\n", c->command);
}

static void
usage(FILE *f, const char *prog)
{
	fprintf(f,
		"usage: %s EAL-OPTIONS [-- NAME...]\n"
		"       %s --list | --help\n"
		"Runs the tests of these names, else the one that the environment names (DPDK_TEST=NAME),\n"
		"else all. Exit code: 0 all passed, 1 a failure or an error, 77 all were skipped.\n",
		prog, prog);
}

/* A failure that no case stands for is counted here: of a plain function, and of a suite's own. */
static void
command_run(const struct test_command *c)
{
	const struct test_totals before = test_totals;
	const char *result = "OK";
	int ret;

	printf("%s\n", c->command);
	ret = c->callback();
	if (ret == TEST_SKIPPED)
		result = "Skipped";
	else if (ret != TEST_SUCCESS)
		result = "Failed";
	printf("Test %s\n", result);
	if (memcmp(&before, &test_totals, sizeof(before)) == 0) {
		test_totals.passed += ret == TEST_SUCCESS;
		test_totals.skipped += ret == TEST_SKIPPED;
	}
	if (ret != TEST_SUCCESS && ret != TEST_SKIPPED && test_totals.failed == before.failed)
		test_totals.failed++;
}

/* All names are looked up before the first test runs. */
static bool
commands_check(char **names, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (command_find(names[i]) == NULL) {
			fprintf(stderr, "no test '%s'; there are:\n", names[i]);
			list(stderr);
			return false;
		}
	}
	return true;
}

static void
commands_run(char **names, int n)
{
	const struct test_command *c;
	int i;

	for (i = 0; i < n; i++)
		command_run(command_find(names[i]));
	if (n > 0)
		return;
	TAILQ_FOREACH(c, &commands, next)
		command_run(c);
}

static int
run(char **names, int n)
{
	char *from_env = getenv("DPDK_TEST");

	if (n == 0 && from_env != NULL && from_env[0] != '\0') {
		names = &from_env;
		n = 1;
	}
	if (!commands_check(names, n))
		return EXIT_FAILURE;
	commands_run(names, n);
	printf("%u passed, %u failed, %u skipped\n", test_totals.passed, test_totals.failed,
		test_totals.skipped);
	if (test_totals.failed > 0)
		return EXIT_FAILURE;
	return test_totals.passed == 0 && test_totals.skipped > 0 ? TEST_SKIPPED : EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	int used, ret;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list(stdout);
		return EXIT_SUCCESS;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout, argv[0]);
		return EXIT_SUCCESS;
	}
	used = rte_eal_init(argc, argv);
	if (used < 0) {
		usage(stderr, argv[0]);
		return EXIT_FAILURE;
	}
	/* rte_eal_init() puts the name of the program before what is left. */
	ret = run(&argv[used + 1], argc - used - 1);
	if (rte_eal_cleanup() != 0)
		ret = EXIT_FAILURE;
	return ret;
}
