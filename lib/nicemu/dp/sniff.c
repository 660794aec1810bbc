/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "sniff.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../capture.h"
#include "../conf.h"
#include "../wire/wire.h"
#include "dp.h"

/* Copied first: the sender's memory may be gone, and the fault must not find a lock held. */
void
sniff_frame(struct capture *c, const struct pkt *p)
{
	uint8_t frame[WIRE_MAX_FRAME];
	struct iov_cur rest = p->rest;
	uint32_t len = p->head_len;

	if (p->len > sizeof(frame))
		return;
	memcpy(frame, p->head, len);
	len += (uint32_t)iov_read(&rest, frame + len, p->len - len);
	capture_write(c, frame, len);
}

/* Where the capture of a port is kept: of a function, or of the wire (-1). */
static struct capture **
place(struct nic *nic, int port)
{
	return port < 0 ? &nic->capture : &nic->funcs[port]->capture;
}

static bool
is_taken(struct nic *nic, const char *path)
{
	int port;

	for (port = -1; port < (int)nic->n_funcs; port++) {
		if (*place(nic, port) != NULL && strcmp(capture_path(*place(nic, port)), path) == 0)
			return true;
	}
	return false;
}

static int
start(struct nic *nic, int port, const char *path, char *why, size_t len)
{
	if (*place(nic, port) != NULL) {
		snprintf(why, len, "this port is captured already, to %s",
			capture_path(*place(nic, port)));
		return -EBUSY;
	}
	if (is_taken(nic, path)) {
		snprintf(why, len, "%s: another port is captured to it", path);
		return -EBUSY;
	}
	return capture_open(path, place(nic, port), why, len);
}

int
sniff_start(struct nic *nic, int port, const char *path, char *why, size_t len)
{
	int ret;

	pthread_mutex_lock(&nic->fw_lock);
	dp_pause(nic);
	ret = start(nic, port, path, why, len);
	dp_resume(nic);
	pthread_mutex_unlock(&nic->fw_lock);
	return ret;
}

int
sniff_stop(struct nic *nic, int port)
{
	struct capture *c;

	pthread_mutex_lock(&nic->fw_lock);
	dp_pause(nic);
	c = *place(nic, port);
	*place(nic, port) = NULL;
	dp_resume(nic);
	pthread_mutex_unlock(&nic->fw_lock);
	capture_close(c);
	return c != NULL ? 0 : -ENOENT;
}

int
sniff_start_all(struct nic *nic)
{
	const struct conf_pcap *p = nic->conf->pcaps;
	char why[512];
	unsigned int i;
	int ret;

	for (i = 0; i < nic->conf->n_pcaps; i++) {
		ret = sniff_start(nic, p[i].port, p[i].path, why, sizeof(why));
		if (ret != 0) {
			fprintf(stderr, "nicemu: pcap: %s\n", why);
			sniff_stop_all(nic);
			return ret;
		}
	}
	return 0;
}

void
sniff_stop_all(struct nic *nic)
{
	int port;

	for (port = -1; port < (int)nic->n_funcs; port++) {
		capture_close(*place(nic, port));
		*place(nic, port) = NULL;
	}
}
