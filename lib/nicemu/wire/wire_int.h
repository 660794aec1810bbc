/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Inside wire/.
 */
#ifndef NICEMU_WIRE_INT_H
#define NICEMU_WIRE_INT_H

#include "wire.h"

struct link;
struct wire_pcap;

struct wire {
	struct nic *nic;
	const struct wire_ops *ops;
	int fd; /* input and output, -1: none */
	int peer_fd; /* loop: the other end */
	struct link *link; /* link */
	struct wire_pcap *pcap; /* pcap */
};

extern const struct wire_ops wire_none, wire_loop, wire_tap, wire_afpacket, wire_link, wire_pcap;

/* "nicemu: wire SPEC: ..." on stderr: what failed, and what to do. */
__attribute__((format(printf, 2, 3))) void wire_why(const struct wire *w, const char *fmt, ...);

/* A check: the name of a network interface. */
int wire_check_ifname(const char *arg, char *why, unsigned int len);
/* The wire has a carrier, or has none any more. Any thread, no lock of an engine's held. */
void wire_carrier(struct wire *w, bool up);

/* For wires that are a file descriptor. */
void wire_fd_close(struct wire *w);
int wire_fd_get(struct wire *w);
/* Results of a write and of a read as tx and rx return them. */
int wire_tx_result(ssize_t n);
int wire_rx_result(ssize_t n);

#endif /* NICEMU_WIRE_INT_H */
