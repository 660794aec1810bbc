/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Descriptions of a NIC: an input is a file. What is refused has a reason, and what is taken comes
 * out again when it is written and read once more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf.h"
#include "fuzz.h"

#define TEXT_MAX 0x40000u

static int
init(void)
{
	return 0;
}

static void
fault(const char *what, const char *why)
{
	fprintf(stderr, "fuzz-conf: %s: %s\n", what, why);
	abort();
}

/* Read a description from memory: as conf_read(). */
static int
read_text(const void *text, size_t len, struct conf *c, char *why, size_t room)
{
	int fd = memfd_create("fuzz-conf", MFD_CLOEXEC), ret;
	char path[32];

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		fault("no file", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = conf_read(c, path, why, room);
	close(fd);
	return ret;
}

static size_t
write_text(const struct conf *c, char *text)
{
	FILE *f = fmemopen(text, TEXT_MAX, "w");
	long len;

	if (f == NULL || conf_write(c, f) != 0 || fflush(f) != 0)
		fault("cannot be written", strerror(errno));
	len = ftell(f);
	fclose(f);
	return (size_t)len;
}

static void
run(const uint8_t *data, size_t size)
{
	static char first[TEXT_MAX], second[TEXT_MAX];
	char why[512] = "";
	struct conf c;
	size_t n, m;

	if (read_text(data, size, &c, why, sizeof(why)) != 0) {
		if (why[0] == '\0')
			fault("refused", "without a reason");
		return;
	}
	n = write_text(&c, first);
	conf_free(&c);
	if (read_text(first, n, &c, why, sizeof(why)) != 0)
		fault("what was written is refused", why);
	m = write_text(&c, second);
	conf_free(&c);
	if (n != m || memcmp(first, second, n) != 0)
		fault("what was written", "reads as something else");
}

static size_t
seed(unsigned int n, uint8_t *data, size_t max)
{
	static const char *const texts[] = {
		"[nic]\nvfs = 3\nengines = 2\ncpus = 0,1\nwire = loop\nlearn = 1\nmemlock = 0\n",
		"[nic]\nfail = CREATE_MKEY:2:NO_RES\nfail = 1/any:1:die\nfw_ver = 22.36.1010\n",
		"[cap]\nvirtio_version_1_0 = 0\nlog_max_mkey = 12\n[func 1]\ncap.packed = 0\n",
		"[func 0]\nmac = 02:00:00:00:00:01\ntrusted = 1\n[func 1]\nmtu = 9000\npromisc = 1\n",
		"[func 1]\nmc = 01:00:5e:00:00:01, 33:33:00:00:00:01\nqueues = 8\nnuma_node = 0\n",
		"[unknown]\nx = y\n",
		"; nothing\n[nic]\nvfs\n",
	};

	if (n >= sizeof(texts) / sizeof(texts[0]))
		return 0;
	return (size_t)snprintf((char *)data, max, "%s", texts[n]);
}

const struct fuzz_target fuzz_target = {
	.name = "conf",
	.init = init,
	.run = run,
	.seed = seed,
};
