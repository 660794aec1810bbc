/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The two that are compared: what serves the guest's rings. Each has a pair of rings of its own in
 * the same memory.
 */
#ifndef BENCH_POLL_SIDE_H
#define BENCH_POLL_SIDE_H

#include "arena.h"
#include "ring.h"

#define BURST_MAX 32u

struct side {
	const char *name;
	struct ring tx, rx; /* of the guest: it sends, it receives */
	/* Frames of arena go from now on; the rings are empty. 0 or a negative errno, said. */
	int (*start)(struct side *s, struct arena *a);
	/*
	 * What is measured: up to 'burst' packets from the guest; to the guest. How many moved: a
	 * packet is in it so many times, as it is posted and completed, or copied.
	 */
	unsigned int times;
	unsigned int (*send)(struct side *s, unsigned int burst);
	unsigned int (*receive)(struct side *s, unsigned int burst);
	/* What is not: between two bursts. */
	void (*settle)(struct side *s);
	/* Until the next one the NIC may be at work: nothing is to be counted. */
	bool unsettled;
	void (*stop)(struct side *s);
};

/* librte_vhost: first pair of the connection 'vid'. NULL: said. */
struct side *side_vhost(int vid, struct rte_ether_addr *from, struct rte_ether_addr *to);
/*
 * From the next start on its mbufs are a NIC's: the CPU 'nic_cpu' writes each frame that goes to
 * the guest, before it goes, and reads each that came. Negative: this thread does, and frames to
 * the guest were written once.
 */
void side_vhost_nic(struct side *s, int nic_cpu);
void side_vhost_free(struct side *s);

/*
 * Shadow virtqueues on these verbs devices, one that sends and one that receives; second pair of
 * the connection, which librte_vhost leaves alone. The addresses are those of the devices.
 */
struct side *side_svq(int vid, const char *sender, const char *receiver,
	struct rte_ether_addr *from, struct rte_ether_addr *to);
void side_svq_free(struct side *s);

/* Rings of queue pair 'pair' of a connection. 0 or a negative errno. */
int side_rings(struct side *s, int vid, unsigned int pair);

#endif /* BENCH_POLL_SIDE_H */
