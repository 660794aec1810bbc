/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What passes a port goes to a capture file, both ways: the port of a function (what it sends and
 * what the e-switch has for it, before flows and queues), or the NIC's own (what crosses the wire).
 * Without a capture it costs an engine a look at a pointer; that changes under a pause.
 */
#ifndef NICEMU_DP_SNIFF_H
#define NICEMU_DP_SNIFF_H

#include "../nic.h"
#include "pkt.h"

/* port: index of a function, -1: the wire. Each takes fw_lock. */

/* 0, or a negative errno and 'why' says what is wrong. */
int sniff_start(struct nic *nic, int port, const char *path, char *why, size_t len);
int sniff_stop(struct nic *nic, int port); /* -ENOENT: it was not captured */
/* Those of the description. 0, or a negative errno, reported on stderr, and then none is. */
int sniff_start_all(struct nic *nic);
void sniff_stop_all(struct nic *nic); /* no engine runs; takes no lock */

/* By an engine. */
void sniff_frame(struct capture *c, const struct pkt *p);

static inline void
sniff(struct capture *c, const struct pkt *p)
{
	if (__builtin_expect(c != NULL, 0))
		sniff_frame(c, p);
}

#endif /* NICEMU_DP_SNIFF_H */
