/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What is behind the NIC's port: nothing, a loop back, a tap device, an existing network interface.
 */
#ifndef NICEMU_WIRE_H
#define NICEMU_WIRE_H

#include "../nic.h"

#define WIRE_MAX_FRAME 16384u /* bytes; larger than any MTU that the port takes */
#define WIRE_MAX_SEGS 128 /* of a frame to send */

/* tx: any engine, several at a time. rx and fd: one engine. open and close: no engine runs. */
struct wire_ops {
	const char *name; /* "none", "loop", "tap", "if" */
	const char *arg_help; /* what follows the colon, NULL: nothing may */
	/* 0 or -errno, and then the reason is on stderr */
	int (*open)(struct wire *w, const char *arg);
	void (*close)(struct wire *w);
	int (*fd)(struct wire *w); /* to poll for input, -1: none */
	/* One frame. 0 or -errno (-ENODEV: nothing is plugged in). Never blocks. */
	int (*tx)(struct wire *w, const struct iovec *seg, int n);
	/* One frame. Its length, 0 when there is none. */
	int (*rx)(struct wire *w, void *buf, uint32_t max);
};

/* spec: "none", "loop", "tap:NAME", "if:NAME". 0 or a negative errno, the reason on stderr. */
int wire_open(struct nic *nic, const char *spec, struct wire **w);
void wire_close(struct wire *w);
const struct wire_ops *wire_ops(const struct wire *w);
/* Syntax only; 0 or -EINVAL with the reason. */
int wire_check(const char *spec, char *why, unsigned int len);

#endif /* NICEMU_WIRE_H */
