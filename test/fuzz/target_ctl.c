/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Requests at the control socket: an input is a list of lines, asked of a NIC that has objects and
 * running queues. Each answer has to be JSON, and say whether it is one.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "fuzz.h"
#include "program.h"

#define MAX_LINES 16u

/* "pcap start" writes a file: not one that is named at random. */
static bool
writes_files(const char *line)
{
	return strncmp(line, "pcap", 4) == 0;
}

static void
ask(struct run *r, char *line)
{
	char *answer;
	cJSON *j;

	r->step++;
	if (writes_files(line))
		return;
	answer = ctl_answer(r->ctx[0].f->nic, line);
	if (answer == NULL)
		run_fault(r, "no answer");
	j = cJSON_Parse(answer);
	if (!cJSON_IsBool(cJSON_GetObjectItem(j, "ok")) ||
		(!cJSON_IsTrue(cJSON_GetObjectItem(j, "ok")) &&
			!cJSON_IsString(cJSON_GetObjectItem(j, "error"))))
		run_fault(r, "no answer that says how it went: %s", answer);
	cJSON_Delete(j);
	cJSON_free(answer);
	run_check(r);
}

static int
init(void)
{
	return run_init(RUN_NIC);
}

static void
run(const uint8_t *data, size_t size)
{
	static struct run r;
	char line[CTL_LINE];
	size_t at = 0, len;

	program_open(&r, 0);
	while (at < size && r.step < MAX_LINES) {
		const uint8_t *end = memchr(data + at, '\n', size - at);

		len = end != NULL ? (size_t)(end - (data + at)) : size - at;
		/* as the socket's reader cuts it */
		snprintf(line, sizeof(line), "%.*s", (int)(len < CTL_LINE ? len : CTL_LINE - 1),
			(const char *)data + at);
		ask(&r, line);
		at += len + 1;
	}
	run_close(&r);
}

static size_t
seed(unsigned int n, uint8_t *data, size_t max)
{
	static const char *const texts[] = {
		"objects\nqueues\nstats\ncommands\n",
		"fail CREATE_MKEY:2:NO_RES\nfail list\nfail 1/any:1:die\nfail clear\n",
		"fail ioctl:REG_MR:1:EIO\nfail event:3:delay=5\nfail list\n",
		"link\nlink port down\nlink port up\nlink 1 down\nlink mlx5_1 auto\n",
		"kill 1\nobjects\nunload 1\nrevive 1\nobjects\n",
		"nonsense\n\nfail\nkill\nlink 9 up\nfail NONE:x\n",
	};

	if (n >= sizeof(texts) / sizeof(texts[0]))
		return 0;
	return (size_t)snprintf((char *)data, max, "%s", texts[n]);
}

const struct fuzz_target fuzz_target = {
	.name = "ctl",
	.init = init,
	.run = run,
	.seed = seed,
};
