/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What is behind the NIC's port: nothing, a loop back, a tap device, an existing network interface,
 * the NICs of other processes, or capture files.
 */
#ifndef NICEMU_WIRE_H
#define NICEMU_WIRE_H

#include "../nic.h"

#define WIRE_MAX_FRAME 16384u /* bytes; larger than any MTU that the port takes */
#define WIRE_MAX_SEGS 128 /* of a frame to send */

/* What a wire plays into the port. */
struct wire_play {
	const char *file;
	uint64_t played, skipped; /* frames; the latter are too large, or not whole in the file */
	bool begun, done;
};

/* tx: any engine, several at a time. rx and fd: one engine. open and close: no engine runs. */
struct wire_ops {
	const char *name; /* "none", "loop", "tap", "if", "link", "pcap" */
	const char *arg_help; /* what follows the colon, NULL: nothing may */
	/* Is that good, by its syntax? 0, or -EINVAL with the reason. NULL without an argument. */
	int (*check)(const char *arg, char *why, unsigned int len);
	/* 0 or -errno, and then the reason is on stderr */
	int (*open)(struct wire *w, const char *arg);
	void (*close)(struct wire *w);
	/*
	 * In a forked child, which shares nothing of it: close descriptors that would keep others
	 * from noticing that the parent is gone. NULL: there are none.
	 */
	void (*forget)(struct wire *w);
	int (*fd)(struct wire *w); /* to poll for input, -1: none */
	/*
	 * start: begin, if it waits for that. 'now' is how far it is. -ENOENT: there is nothing to
	 * play. Any thread. NULL: it plays nothing.
	 */
	int (*play)(struct wire *w, bool start, struct wire_play *now);
	/*
	 * The engine is about to sleep on fd. True: there is input already, or may be. NULL: fd
	 * says all.
	 */
	bool (*arm)(struct wire *w);
	/* One frame. 0 or -errno (-ENODEV: nothing is plugged in). Never blocks. */
	int (*tx)(struct wire *w, const struct iovec *seg, int n);
	/* One frame. Its length, 0 when there is none. */
	int (*rx)(struct wire *w, void *buf, uint32_t max);
};

/* spec: "none", "loop", "tap:NAME", "if:NAME", "link:PATH", "pcap:in=FILE,out=FILE". 0 or a
 * negative errno, the reason on stderr. */
int wire_open(struct nic *nic, const char *spec, struct wire **w);
void wire_close(struct wire *w);
void wire_forget(struct wire *w); /* in a forked child */
const struct wire_ops *wire_ops(const struct wire *w);
/* Syntax only; 0 or -EINVAL with the reason. */
int wire_check(const char *spec, char *why, unsigned int len);

#endif /* NICEMU_WIRE_H */
