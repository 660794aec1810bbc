/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf.h"
#include "fw/fw.h"
#include "prm.h"
#include "uverbs/method.h"

#define SYNTAX \
	"want [FUNC/]WHAT[:NTH[:HOW]], like CREATE_MKEY:2:BAD_RES, 1/ioctl:REG_MR:1:ENOMEM, " \
	"event:1:lost or any:5:die"
#define MAX_ERRNO 133 /* EHWPOISON */

/* A reason under way: what was given, and where the text goes on. */
struct why {
	const char *spec;
	char *text;
	size_t len;
};

static int __attribute__((format(printf, 2, 3))) refuse(const struct why *w, const char *fmt, ...)
{
	int at = snprintf(w->text, w->len, "fail '%s': ", w->spec);
	va_list ap;

	va_start(ap, fmt);
	if (at >= 0 && (size_t)at < w->len)
		vsnprintf(w->text + at, w->len - (size_t)at, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* The words of a spec behind FUNC, cut at ':'. Returns how many, 0: too many or an empty one. */
static unsigned int
split(char *text, char **word, unsigned int max)
{
	unsigned int n = 0;

	while (n < max) {
		word[n++] = text;
		text = strchr(text, ':');
		if (text == NULL)
			break;
		*text++ = '\0';
	}
	if (text != NULL)
		return 0;
	for (max = n; max > 0; max--) {
		if (word[max - 1][0] == '\0')
			return 0;
	}
	return n;
}

static int
refuse_method(const struct why *w, const char *name)
{
	char list[1024] = "any";
	size_t at = strlen(list);
	unsigned int i;

	for (i = 0; method_name(i) != NULL; i++) {
		if (method_parse(method_name(i)) == i && at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at, " %s", method_name(i));
	}
	return refuse(w, "unknown method '%s', there are: %s", name, list);
}

static int
refuse_opcode(const struct why *w, const char *name)
{
	char list[1400] = "any";
	size_t at = strlen(list);
	unsigned int op;

	for (op = 0; op <= UINT16_MAX && at < sizeof(list); op++) {
		if (fw_opcode_known((uint16_t)op))
			at += (size_t)snprintf(
				list + at, sizeof(list) - at, " %s", fw_opcode_name((uint16_t)op));
	}
	return refuse(
		w, "unknown opcode '%s', there are: a number, ioctl:METHOD, event, %s", name, list);
}

/* WHAT; takes one or two words. Returns how many, or -EINVAL. */
static int
parse_what(struct fault *f, char **word, unsigned int n, const struct why *w)
{
	uint16_t opcode;

	if (strcasecmp(word[0], "event") == 0) {
		*f = (struct fault){.func = f->func, .kind = FAULT_EVENT, .how = FAULT_LOST};
		return 1;
	}
	if (strcasecmp(word[0], "ioctl") != 0) {
		if (fw_opcode_parse(word[0], &opcode) != 0)
			return refuse_opcode(w, word[0]);
		f->what = opcode;
		return 1;
	}
	if (n < 2)
		return refuse(w, SYNTAX);
	*f = (struct fault){.func = f->func, .kind = FAULT_IOCTL, .how = FAULT_ERRNO, .value = EIO};
	f->what = method_parse(word[1]);
	if (f->what == METHODS && strcasecmp(word[1], "any") != 0)
		return refuse_method(w, word[1]);
	return 2;
}

static int
errno_parse(const char *name, uint32_t *err)
{
	const char *known;
	int64_t n;
	int i;

	for (i = 1; i <= MAX_ERRNO; i++) {
		known = strerrorname_np(i);
		if (known != NULL && strcasecmp(known, name) == 0) {
			*err = (uint32_t)i;
			return 0;
		}
	}
	if (conf_number(name, &n) != 0 || n < 1 || n > MAX_ERRNO)
		return -EINVAL;
	*err = (uint32_t)n;
	return 0;
}

static int
parse_event(struct fault *f, const char *how, const struct why *w)
{
	int64_t ms;

	if (strcasecmp(how, "lost") == 0)
		return 0;
	if (strcasecmp(how, "error") == 0) {
		f->how = FAULT_ERROR;
		return 0;
	}
	if (strncasecmp(how, "delay=", 6) != 0 || conf_number(how + 6, &ms) != 0 || ms < 1 ||
		ms > 3600000)
		return refuse(w, "'%s': want lost, error or delay=MS, from 1 to 3600000", how);
	f->how = FAULT_DELAY;
	f->value = (uint32_t)ms;
	return 0;
}

static int
parse_how(struct fault *f, const char *how, const struct why *w)
{
	uint8_t status;

	if (f->kind == FAULT_EVENT)
		return parse_event(f, how, w);
	if (strcasecmp(how, "die") == 0) {
		f->how = FAULT_DIE;
		f->value = 0;
		return 0;
	}
	if (f->kind == FAULT_IOCTL) {
		if (errno_parse(how, &f->value) != 0)
			return refuse(
				w, "errno '%s': want a name like ENOMEM, a number, or die", how);
		return 0;
	}
	if (fw_status_parse(how, &status) != 0 || status == 0)
		return refuse(w, "status '%s': want a name like BAD_PARAM, a number, or die", how);
	f->value = status;
	return 0;
}

static int
parse_words(struct fault *f, char *text, const struct why *w)
{
	char *word[4] = {NULL};
	unsigned int n = split(text, word, 4);
	int64_t nth;
	int used;

	if (n == 0)
		return refuse(w, SYNTAX);
	used = parse_what(f, word, n, w);
	if (used < 0)
		return used;
	f->nth = 1;
	if (n > (unsigned int)used) {
		if (conf_number(word[used], &nth) != 0 || nth < 1 || nth > INT32_MAX)
			return refuse(w, "'%s': the how many-th is a number from 1", word[used]);
		f->nth = (unsigned int)nth;
	}
	if (n > (unsigned int)used + 2)
		return refuse(w, SYNTAX);
	return n == (unsigned int)used + 2 ? parse_how(f, word[used + 1], w) : 0;
}

int
fault_parse(struct fault *f, const struct conf *c, const char *spec, char *why, size_t len)
{
	struct why w = {.spec = spec, .text = why, .len = len};
	char text[FAULT_SPEC];
	char *slash, *rest = text;

	*f = (struct fault){.func = -1, .value = MLX5_CMD_STAT_INT_ERR};
	if (snprintf(text, sizeof(text), "%s", spec) >= (int)sizeof(text))
		return refuse(&w, SYNTAX);
	slash = strchr(text, '/');
	if (slash != NULL) {
		*slash = '\0';
		rest = slash + 1;
		f->func = conf_find_func(c, text);
		if (f->func < 0)
			return refuse(&w, "no function '%s': want 0 to %u, or a name like %s or %s",
				text, c->n_funcs - 1, c->funcs[0].ibdev, c->funcs[0].bdf);
	}
	return parse_words(f, rest, &w);
}

static void
print_what(const struct fault *f, char *buf, size_t len)
{
	switch (f->kind) {
	case FAULT_EVENT:
		snprintf(buf, len, "event");
		break;
	case FAULT_IOCTL:
		snprintf(buf, len, "ioctl:%s", f->what == METHODS ? "any" : method_name(f->what));
		break;
	case FAULT_CMD:
		if (f->what == FAULT_ANY_OPCODE)
			snprintf(buf, len, "any");
		else if (fw_opcode_known((uint16_t)f->what))
			snprintf(buf, len, "%s", fw_opcode_name((uint16_t)f->what));
		else
			snprintf(buf, len, "%#x", f->what);
		break;
	}
}

static void
print_how(const struct fault *f, char *buf, size_t len)
{
	switch (f->how) {
	case FAULT_LOST:
		snprintf(buf, len, "lost");
		break;
	case FAULT_ERROR:
		snprintf(buf, len, "error");
		break;
	case FAULT_DELAY:
		snprintf(buf, len, "delay=%u", f->value);
		break;
	case FAULT_DIE:
		snprintf(buf, len, "die");
		break;
	case FAULT_ERRNO:
		if (strerrorname_np((int)f->value) != NULL)
			snprintf(buf, len, "%s", strerrorname_np((int)f->value));
		else
			snprintf(buf, len, "%u", f->value);
		break;
	case FAULT_STATUS:
		if (fw_status_known((uint8_t)f->value))
			snprintf(buf, len, "%s", fw_status_name((uint8_t)f->value));
		else
			snprintf(buf, len, "%#x", f->value);
		break;
	}
}

void
fault_print(const struct fault *f, char *buf, size_t len)
{
	char func[16] = "", what[48], how[24];

	if (f->func >= 0)
		snprintf(func, sizeof(func), "%d/", f->func);
	print_what(f, what, sizeof(what));
	print_how(f, how, sizeof(how));
	snprintf(buf, len, "%s%s:%u:%s", func, what, f->nth, how);
}
