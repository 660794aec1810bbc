/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "wire_int.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../real.h"

static const struct wire_ops *const kinds[] = {
	&wire_none, &wire_loop, &wire_tap, &wire_afpacket, &wire_link, &wire_pcap};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

void
wire_why(const struct wire *w, const char *fmt, ...)
{
	char msg[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	fprintf(stderr, "nicemu: wire \"%s\": %s\n", w->ops->name, msg);
}

/* The kind that a spec names, and what follows its colon (NULL: nothing). */
static const struct wire_ops *
parse(const char *spec, const char **arg)
{
	size_t len = strcspn(spec, ":"), i;

	*arg = spec[len] == ':' ? spec + len + 1 : NULL;
	for (i = 0; i < N_KINDS; i++) {
		if (strlen(kinds[i]->name) == len && strncmp(kinds[i]->name, spec, len) == 0)
			return kinds[i];
	}
	return NULL;
}

int
wire_check(const char *spec, char *why, unsigned int len)
{
	const struct wire_ops *ops;
	const char *arg;

	ops = parse(spec, &arg);
	if (ops == NULL) {
		snprintf(why, len,
			"wire \"%s\" is not known: none, loop, tap:NAME, if:NAME, link:PATH and pcap:in=FILE,out=FILE are",
			spec);
		return -EINVAL;
	}
	if (ops->arg_help == NULL && arg != NULL) {
		snprintf(why, len, "wire \"%s\" takes nothing after a colon, not \"%s\"", ops->name,
			arg);
		return -EINVAL;
	}
	if (ops->arg_help != NULL && (arg == NULL || *arg == '\0')) {
		snprintf(why, len, "wire \"%s\" needs %s behind a colon", ops->name, ops->arg_help);
		return -EINVAL;
	}
	return ops->check != NULL ? ops->check(arg, why, len) : 0;
}

int
wire_check_ifname(const char *arg, char *why, unsigned int len)
{
	if (strlen(arg) < IFNAMSIZ)
		return 0;
	snprintf(
		why, len, "an interface's name has at most %d characters: '%s'", IFNAMSIZ - 1, arg);
	return -EINVAL;
}

void
wire_carrier(struct wire *w, bool up)
{
	struct nic *nic = w->nic;

	if (atomic_exchange(&nic->carrier, up) != up && nic->carrier_changed != NULL)
		nic->carrier_changed(nic);
}

void
wire_forget(struct wire *w)
{
	if (w->ops->forget != NULL)
		w->ops->forget(w);
}

int
wire_open(struct nic *nic, const char *spec, struct wire **out)
{
	const char *arg;
	struct wire *w;
	char why[256];
	int ret;

	ret = wire_check(spec, why, sizeof(why));
	if (ret != 0) {
		fprintf(stderr, "nicemu: %s\n", why);
		return ret;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	w->nic = nic;
	w->ops = parse(spec, &arg);
	w->fd = -1;
	w->peer_fd = -1;
	ret = w->ops->open(w, arg);
	if (ret != 0) {
		free(w);
		return ret;
	}
	*out = w;
	return 0;
}

void
wire_close(struct wire *w)
{
	w->ops->close(w);
	free(w);
}

const struct wire_ops *
wire_ops(const struct wire *w)
{
	return w->ops;
}

void
wire_fd_close(struct wire *w)
{
	if (w->fd >= 0)
		real_close()(w->fd);
	if (w->peer_fd >= 0)
		real_close()(w->peer_fd);
	w->fd = -1;
	w->peer_fd = -1;
}

int
wire_fd_get(struct wire *w)
{
	return w->fd;
}

int
wire_tx_result(ssize_t n)
{
	return n < 0 ? -errno : 0;
}

int
wire_rx_result(ssize_t n)
{
	return n < 0 ? 0 : (int)n;
}
