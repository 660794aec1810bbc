/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Receive steering: which queue gets a packet that the port has for us. Queues are virtqs of the
 * NIC or raw Ethernet receive queues (RQ), all of one kind at a time.
 *
 * One table of queues (RQT), and for each kind of packet a TIR, which hashes what that kind has to
 * hash and looks the queue up in the table, and a flow that leads the kind to its TIR. The kinds
 * are TCP and UDP over IPv4 and IPv6, the rest of IPv4 and IPv6, and all else; the more specific
 * flow has the higher priority.
 *
 * The hash is symmetric: both directions of a connection reach one queue pair, which a guest that
 * forwards likes, and no guest can tell the difference as neither VIRTIO_NET_F_RSS nor
 * VIRTIO_NET_F_HASH_REPORT is offered.
 *
 * Not thread safe: the device's lock.
 */
#ifndef HF_STEER_H
#define HF_STEER_H

#include <stdbool.h>
#include <stdint.h>

#include "hf_devx.h"

struct hf_steer;

/*
 * td: number of the transport domain of the TIRs. Nothing is steered yet. 0, or -ENOMEM.
 */
int hf_steer_create(struct hf_devx *dev, uint32_t td, struct hf_steer **s);

/* Removes the flows. Objects whose destruction the firmware refuses are reported as leaks at close.
 */
void hf_steer_destroy(struct hf_steer *s);

/*
 * Spread received packets evenly over these queues (their numbers): with one modify of the table
 * where flows exist already, and none if it has them. n 0: no flows, the NIC drops what it would
 * have received, and nothing refers to a queue any more. On error the steering is what it was:
 * -E2BIG for more queues than the table has entries, else as the command failed.
 *
 * From one kind to the other the TIRs move to a new table, one after the other, under flows that
 * stay: each packet goes to a queue of one kind, and none to both or to neither.
 */
int hf_steer_set(struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n);

/*
 * Before that, where its queues are known but their guest is not there: make the table of them and
 * the TIRs, but no flow. They may not be destroyed any more, as after hf_steer_set(), which has
 * little left to do for these queues. Nothing to do where a table is; on error nothing is made.
 */
int hf_steer_prepare(
	struct hf_steer *s, enum hf_rqt_kind kind, const uint32_t *queues, unsigned int n);
/*
 * Create the flows to the queues that were set or prepared last, as far as they are missing; none
 * without a table. 0, or a negative errno: hf_steer_set() tries again.
 */
int hf_steer_lead(struct hf_steer *s);
/*
 * Back to what hf_steer_prepare() makes: the flows go, the NIC drops packets, and the table refers
 * to its queues. 0, or a negative errno: some flow is left.
 */
int hf_steer_rest(struct hf_steer *s);
/* Is there a table to which no packets are led? */
bool hf_steer_rests(const struct hf_steer *s);

/* How many queues the table has that was set or prepared last; 0: there is none. */
unsigned int hf_steer_queues(const struct hf_steer *s);

#endif /* HF_STEER_H */
