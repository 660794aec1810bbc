/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The doorbell page of a NIC whose pages are all in use, as after the end of a process whose guest
 * still has one mapped: for a while the kernel has none. libmlx5's call, and the wait between two
 * of them, are this program's own here.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include <infiniband/mlx5dv.h>

#include "devx_rig.h"
#include "test.h"

static struct rig rig;
/* How many of the next allocations fail, and with what; what was tried. */
static unsigned int fail_next;
static int fail_errno;
static unsigned int tries, waits;
static useconds_t waited;
static bool armed; /* else usleep() waits: other suites live here, too */

struct mlx5dv_var *
mlx5dv_alloc_var(struct ibv_context *ctx, uint32_t flags)
{
	struct mlx5dv_var *(*real)(struct ibv_context *, uint32_t);

	tries++;
	if (fail_next > 0) {
		fail_next--;
		errno = fail_errno;
		return NULL;
	}
	real = (struct mlx5dv_var * (*)(struct ibv_context *, uint32_t))
		dlsym(RTLD_NEXT, "mlx5dv_alloc_var");
	return real(ctx, flags);
}

int
usleep(useconds_t us)
{
	const struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L};

	if (!armed)
		return nanosleep(&ts, NULL);
	waits++;
	waited += us;
	return 0;
}

static int
create(unsigned int fails, int err, struct hf_var *var)
{
	int ret;

	fail_next = fails;
	fail_errno = err;
	tries = waits = 0;
	waited = 0;
	armed = true;
	ret = hf_var_create(rig.dev, var);
	armed = false;
	return ret;
}

static int
test_var_busy(void)
{
	struct hf_var var;

	TEST_ASSERT_SUCCESS(create(3, ENOSPC, &var), "free at the fourth try");
	TEST_ASSERT_EQUAL(tries, 4, "%u tries", tries);
	TEST_ASSERT_EQUAL(waits, 3, "%u waits", waits);
	TEST_ASSERT_EQUAL(waited, 350000, "%u us", waited);
	TEST_ASSERT_NOT_NULL(var.page, "the page");
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "destroy");
	return TEST_SUCCESS;
}

static int
test_var_busy_for_good(void)
{
	struct hf_var var;

	TEST_ASSERT_EQUAL(create(1000, ENOSPC, &var), -ENOSPC, "never free");
	TEST_ASSERT(tries > 1 && tries < 20, "%u tries", tries);
	TEST_ASSERT(waited < 15000000, "%u us are too long for a probe", waited);
	TEST_ASSERT_NULL(var.var, "a handle");
	return TEST_SUCCESS;
}

static int
test_var_fails(void)
{
	struct hf_var var;

	TEST_ASSERT_EQUAL(create(1, ENOMEM, &var), -ENOMEM, "another error");
	TEST_ASSERT_EQUAL(tries, 1, "%u tries of what no waiting helps", tries);
	TEST_ASSERT_EQUAL(create(1, 0, &var) < 0, 1, "without errno, an error all the same");
	TEST_ASSERT_SUCCESS(create(0, 0, &var), "the next one");
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "destroy");
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "twice");
	return TEST_SUCCESS;
}

static int
setup(void)
{
	return rig_open(&rig) == 0 ? TEST_SUCCESS : TEST_FAILED;
}

static void
teardown(void)
{
	rig_close(&rig);
}

static struct unit_test_suite var_suite = {
	.suite_name = "var",
	.setup = setup,
	.teardown = teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_var_busy),
			TEST_CASE(test_var_busy_for_good),
			TEST_CASE(test_var_fails),
			TEST_CASES_END(),
		},
};

static int
test_var(void)
{
	return unit_test_suite_runner(&var_suite);
}

REGISTER_TEST_COMMAND(var_autotest, test_var);
