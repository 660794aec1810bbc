/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Descriptions of a NIC: what is written is read back the same, and an error says which line, which
 * value and what is allowed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "conf.h"
#include "test.h"

static char path[] = "/tmp/test-conf-XXXXXX";

static int
setup(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void
teardown(void)
{
	unlink(path);
}

static int
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return -errno;
	fputs(text, f);
	return fclose(f) == 0 ? 0 : -EIO;
}

static int
test_round_trip(void)
{
	struct conf a, b;
	char why[512];
	FILE *f;

	TEST_ASSERT_EQUAL(conf_default(&a, 3, why, sizeof(why)), 0, "default: %s", why);
	TEST_ASSERT_EQUAL(conf_set(&a, 2, "mtu", "9000", why, sizeof(why)), 0, "mtu: %s", why);
	TEST_ASSERT_EQUAL(
		conf_set(&a, 1, "mc", "33:33:00:00:00:01, 01:00:5e:00:00:fb", why, sizeof(why)), 0,
		"mc: %s", why);
	TEST_ASSERT_EQUAL(
		conf_set(&a, 1, "mc", "33:33:00:00:00:01", why, sizeof(why)), 0, "mc: %s", why);
	TEST_ASSERT_EQUAL(a.funcs[1].n_mc, 2, "%u multicast addresses", a.funcs[1].n_mc);
	TEST_ASSERT_EQUAL(conf_set(&a, -1, "cpus", "0,2-3", why, sizeof(why)), 0, "cpus: %s", why);
	TEST_ASSERT_EQUAL(
		conf_set_cap(&a, -1, "tx_csum", "0", why, sizeof(why)), 0, "cap: %s", why);
	TEST_ASSERT_EQUAL(conf_set_cap(&a, 1, "packed", "0", why, sizeof(why)), 0, "cap: %s", why);
	TEST_ASSERT_EQUAL(
		conf_set_fail(&a, "1/CREATE_MKEY:2:BAD_RES", why, sizeof(why)), 0, "fail: %s", why);
	TEST_ASSERT(conf_set_pcap(&a, "mlx5_1=/tmp/a=b", why, sizeof(why)) == 0 &&
			conf_set_pcap(&a, "/tmp/c", why, sizeof(why)) == 0 &&
			a.pcaps[0].port == 1 && a.pcaps[1].port == -1,
		"pcap: %s", why);
	f = fopen(path, "w");
	TEST_ASSERT(f != NULL && conf_write(&a, f) == 0 && fclose(f) == 0, "write");
	TEST_ASSERT_EQUAL(conf_read(&b, path, why, sizeof(why)), 0, "read: %s", why);
	TEST_ASSERT_EQUAL(a.n_funcs, b.n_funcs, "%u functions", b.n_funcs);
	TEST_ASSERT_EQUAL(memcmp(a.funcs, b.funcs, a.n_funcs * sizeof(*a.funcs)), 0, "functions");
	free(a.funcs);
	a.funcs = b.funcs;
	TEST_ASSERT_EQUAL(memcmp(&a, &b, sizeof(a)), 0, "adapter");
	conf_free(&b);
	return TEST_SUCCESS;
}

/* A few lines are enough: everything has a default. */
static int
test_short(void)
{
	struct conf c;
	char why[512];

	TEST_ASSERT_EQUAL(
		write_file("[func 2]\nmac = 02:00:00:00:00:07\ncap.packed = 0\n"), 0, "file");
	TEST_ASSERT_EQUAL(conf_read(&c, path, why, sizeof(why)), 0, "%s", why);
	TEST_ASSERT_EQUAL(c.n_funcs, 3, "%u functions of [func 2]", c.n_funcs);
	TEST_ASSERT(c.funcs[2].mac.ether_addr_octet[5] == 7 && c.funcs[2].n_caps == 1 &&
			c.funcs[1].n_caps == 0,
		"not what was said");
	conf_free(&c);
	TEST_ASSERT_EQUAL(write_file("[nic]\nvfs = 0\n"), 0, "file");
	TEST_ASSERT_EQUAL(conf_read(&c, path, why, sizeof(why)), 0, "%s", why);
	TEST_ASSERT_EQUAL(c.n_funcs, 1, "%u functions of no VFs", c.n_funcs);
	conf_free(&c);
	return TEST_SUCCESS;
}

/* The adapter sets what hangs on it; what is set for itself after that stays. */
static int
test_part(void)
{
	struct conf c;
	char why[512];

	TEST_ASSERT_EQUAL(write_file("[nic]\nvfs = 2\npart = cx5\n[func 2]\ndevice_id = 0x1234\n"),
		0, "file");
	TEST_ASSERT_EQUAL(conf_read(&c, path, why, sizeof(why)), 0, "%s", why);
	TEST_ASSERT(c.funcs[0].device_id == 0x1017 && c.funcs[1].device_id == 0x1018 &&
			c.funcs[2].device_id == 0x1234,
		"device %#x, %#x, %#x", c.funcs[0].device_id, c.funcs[1].device_id,
		c.funcs[2].device_id);
	TEST_ASSERT(strncmp(c.fw_ver, "16.", 3) == 0 && c.funcs[1].queues == 0, "%s, %u virtqueues",
		c.fw_ver, c.funcs[1].queues);
	conf_free(&c);
	return TEST_SUCCESS;
}

static int
test_multicast_list(void)
{
	char text[32], why[512];
	struct conf c;
	unsigned int i;

	TEST_ASSERT_EQUAL(conf_default(&c, 1, why, sizeof(why)), 0, "default: %s", why);
	for (i = 0; i < CONF_MAX_MC; i++) {
		snprintf(text, sizeof(text), "33:33:00:00:00:%02x", i);
		TEST_ASSERT_EQUAL(conf_set(&c, 1, "mc", text, why, sizeof(why)), 0, "%s", why);
	}
	TEST_ASSERT(conf_set(&c, 1, "mc", "33:33:00:00:00:ff", why, sizeof(why)) != 0 &&
			strstr(why, "at most 16") != NULL,
		"no end: %s", why);
	TEST_ASSERT(
		conf_set(&c, 0, "mc", "33:33:00:00:00:01 02:00:00:00:00:01", why, sizeof(why)) != 0,
		"not a multicast address");
	TEST_ASSERT_EQUAL(c.funcs[0].n_mc, 0, "half of a list was taken");
	TEST_ASSERT_EQUAL(c.funcs[1].n_mc, CONF_MAX_MC, "%u", c.funcs[1].n_mc);
	conf_free(&c);
	return TEST_SUCCESS;
}

static const struct {
	const char *text, *says;
} errors[] = {
	{"[nic]\nvfs = 65\n", ":2: vfs: '65': want a number from 0 to 64"},
	{"[nic]\nvfs = 1\nfoo = 1\n", ":3: unknown key 'foo', allowed: part fw_ver wire"},
	{"[foo]\na = 1\n", ":2: unknown section [foo], allowed: [nic], [cap], [timing], [func N]"},
	{"[timing]\ncommands = 65\n", ":2: commands: '65': want a number from 1 to 64"},
	{"[timing]\nscale = 0\n", ":2: scale: '0': want a number above 0 and up to 1000"},
	{"[timing]\nvirtq_us = 1\n", ":2: unknown key 'virtq_us', allowed: profile scale"},
	{"[nic]\nengines\n", ":2: not 'key = value'"},
	{"[nic]\nengines = 0\n", ":2: engines: '0': want a number from 1 to"},
	{"[nic]\npart = cx9\n", ":2: part 'cx9': only cx6dx (ConnectX-6 Dx), cx5 (ConnectX-5"},
	{"[nic]\npart = cx5\n[cap]\nvirtio_net_q = 1\n",
		":4: capability virtio_net_q=1: this NIC can"},
	{"[cap]\nvirtio_net_q = 1\n[nic]\npart = cx5\n",
		"virtio_net_q=1: this NIC can serve 0 to 0"},
	{"[nic]\nwire = foo\n", "foo"},
	{"[nic]\ncpus = 3-1\n", "cpus '3-1': want a list like"},
	{"[nic]\nfail = CREATE_FOO\n", ":2: fail 'CREATE_FOO': unknown opcode 'CREATE_FOO', there"},
	{"[nic]\nfail = CREATE_MKEY:1:FOO\n", "status 'FOO': want a name like BAD_PARAM"},
	{"[nic]\nfail = CREATE_MKEY:1:OK\n", "status 'OK': want a name like BAD_PARAM"},
	{"[nic]\nfail = CREATE_MKEY:0\n", ":2: fail 'CREATE_MKEY:0': '0': the how many-th is"},
	{"[nic]\nfail = CREATE_MKEY::BAD_RES\n", "want [FUNC/]WHAT[:NTH[:HOW]], like"},
	{"[nic]\nfail = CREATE_MKEY:1:BAD_RES:1\n", "want [FUNC/]WHAT[:NTH[:HOW]], like"},
	{"[nic]\nfail = 7/CREATE_MKEY\n", "no function '7': want 0 to 2, or a name like mlx5_0"},
	{"[nic]\nfail = ioctl\n", "want [FUNC/]WHAT[:NTH[:HOW]], like"},
	{"[nic]\nfail = ioctl:FOO\n", "unknown method 'FOO', there are: any GET_CONTEXT"},
	{"[nic]\nfail = ioctl:INVOKE_WRITE\n", "unknown method 'INVOKE_WRITE'"},
	{"[nic]\nfail = ioctl:REG_MR:1:BAD_RES\n", "errno 'BAD_RES': want a name like ENOMEM"},
	{"[nic]\nfail = ioctl:REG_MR:1:lost\n", "errno 'lost': want a name like ENOMEM"},
	{"[nic]\nfail = event:1:die\n", "'die': want lost, error or delay=MS, from 1 to"},
	{"[nic]\nfail = event:1:delay=0\n", "'delay=0': want lost, error or delay=MS, from 1 to"},
	{"[cap]\nvirtio_version_1 = 0\n",
		":2: unknown capability 'virtio_version_1'; did you mean virtio_version_1_0"},
	{"[cap]\nvirtio_version_1_0 = 2\n", ":2: capability virtio_version_1_0=2"},
	{"[cap]\nvirtio_version_1_0 = x\n", ":2: virtio_version_1_0: 'x' is not a number"},
	{"[func 1]\nmac = 02:00:00\n", ":2: mac: '02:00:00': want six bytes"},
	{"[func 1]\nmac = 03:00:00:00:00:01\n", "function 1: a multicast address"},
	{"[func 1]\nmac = 0c:42:a1:0e:00:02\n", "functions 1 and 2 have the same mac"},
	{"[func 1]\nmc = 02:00:00:00:00:01\n", ":2: mc: '02:00:00:00:00:01': want multicast"},
	{"[func 1]\nmc = 33:33:00:00:00:01:02\n", ":2: mc: '33:33:00:00:00:01:02': want"},
	{"[func 1]\nmc = ff:ff:ff:ff:ff:ff\n", ":2: mc: 'ff:ff:ff:ff:ff:ff': want multicast"},
	{"[func 1]\nfoo = 1\n", ":2: unknown key 'foo', allowed: bdf"},
	{"[func 1]\nbdf = ca:00.2\n", "function 1: bdf 'ca:00.2': want DDDD:BB:DD.F"},
	{"[func 1]\nmtu = 20\n", ":2: mtu: '20': want a number from 68 to"},
	{"[func 1]\nuverbs = ../x\n", "function 1: ibdev"},
};

static int
test_errors(void)
{
	struct conf c;
	char why[512];
	unsigned int i, wrong = 0;

	for (i = 0; i < RTE_DIM(errors); i++) {
		why[0] = '\0';
		if (write_file(errors[i].text) == 0 && conf_read(&c, path, why, sizeof(why)) != 0 &&
			strncmp(why, path, strlen(path)) == 0 &&
			strstr(why, errors[i].says) != NULL)
			continue;
		printf("row %u: '%s', expected '%s'\n", i, why, errors[i].says);
		wrong++;
	}
	TEST_ASSERT_EQUAL(wrong, 0, "%u rows", wrong);
	TEST_ASSERT_EQUAL(conf_read(&c, "/nonexistent/nic.ini", why, sizeof(why)), -ENOENT,
		"no file: %s", why);
	return TEST_SUCCESS;
}

/* A profile has its own section only; what it does not say takes no time, and the scale stays. */
static int
test_profile(void)
{
	struct conf c;
	char why[512];

	TEST_ASSERT_EQUAL(conf_default(&c, 0, why, sizeof(why)), 0, "default: %s", why);
	TEST_ASSERT(!conf_is_timed(&c), "time without a profile");
	TEST_ASSERT_EQUAL(conf_set_timing(&c, "virtq_create_us", "7", why, sizeof(why)), 0, "set");
	TEST_ASSERT_EQUAL(conf_set_timing(&c, "scale", "0.25", why, sizeof(why)), 0, "set");
	TEST_ASSERT_SUCCESS(write_file("[timing]\ncommands = 3\ncommand_us = 5\n"), "file");
	TEST_ASSERT_EQUAL(conf_read_timing(&c, path, why, sizeof(why)), 0, "%s", why);
	TEST_ASSERT(conf_is_timed(&c) && strcmp(c.timing.profile, path) == 0, "its name");
	TEST_ASSERT(c.timing.commands == 3 && c.timing.command_us == 5, "what it says");
	TEST_ASSERT_EQUAL(c.timing.virtq_create_us, 0, "what it does not say");
	TEST_ASSERT(c.timing.scale > 0.24 && c.timing.scale < 0.26, "scale");
	TEST_ASSERT_SUCCESS(write_file("[timing]\nprofile = own\n[nic]\nengines = 2\n"), "file");
	TEST_ASSERT(conf_read_timing(&c, path, why, sizeof(why)) != 0 &&
			strstr(why, ":4: section [nic]: a profile has [timing] only") != NULL,
		"%s", why);
	TEST_ASSERT_EQUAL(
		conf_read_timing(&c, "/nonexistent/x", why, sizeof(why)), -ENOENT, "%s", why);
	conf_free(&c);
	return TEST_SUCCESS;
}

/* Specs of failures, and how each is written down. */
static const struct {
	const char *spec, *printed;
} specs[] = {
	{"CREATE_MKEY", "CREATE_MKEY:1:INT_ERR"},
	{"mlx5_2/create_mkey:3:lim_err", "2/CREATE_MKEY:3:LIM_ERR"},
	{"0000:ca:00.2/any:5:die", "1/any:5:die"},
	{"0x123:2:0x77", "0x123:2:0x77"},
	{"0/ioctl:REG_MR", "0/ioctl:REG_MR:1:EIO"},
	{"ioctl:any:9:ENOMEM", "ioctl:any:9:ENOMEM"},
	{"ioctl:devx_obj_create:1:die", "ioctl:DEVX_OBJ_CREATE:1:die"},
	{"event", "event:1:lost"},
	{"event:3:Error", "event:3:error"},
	{"1/event:2:delay=250", "1/event:2:delay=250"},
};

static int
test_specs(void)
{
	char why[512] = "", text[FAULT_SPEC];
	struct conf c;
	struct fault f;
	unsigned int i;

	TEST_ASSERT_EQUAL(conf_default(&c, 2, why, sizeof(why)), 0, "%s", why);
	for (i = 0; i < RTE_DIM(specs); i++) {
		TEST_ASSERT_EQUAL(
			fault_parse(&f, &c, specs[i].spec, why, sizeof(why)), 0, "%s", why);
		fault_print(&f, text, sizeof(text));
		TEST_ASSERT(strcmp(text, specs[i].printed) == 0, "%s: %s", specs[i].spec, text);
		TEST_ASSERT_EQUAL(fault_parse(&f, &c, text, why, sizeof(why)), 0, "%s", why);
	}
	conf_free(&c);
	return TEST_SUCCESS;
}

static struct unit_test_suite conf_suite = {
	.suite_name = "conf",
	.setup = setup,
	.teardown = teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_round_trip),
			TEST_CASE(test_short),
			TEST_CASE(test_part),
			TEST_CASE(test_multicast_list),
			TEST_CASE(test_errors),
			TEST_CASE(test_profile),
			TEST_CASE(test_specs),
			TEST_CASES_END(),
		},
};

static int
test_conf(void)
{
	return unit_test_suite_runner(&conf_suite);
}

REGISTER_TEST_COMMAND(conf_autotest, test_conf);
