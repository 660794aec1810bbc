/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * One shadow virtqueue: a guest's virtio-net ring, split or packed, served in software on one raw
 * Ethernet queue of the NIC (lib/ethq). Payload is never copied: the NIC's work entries carry
 * guest-physical addresses and the mkey of the guest's address space. What the CPU reads and writes
 * itself (rings, indirect tables, virtio headers) is checked against a table of the guest's memory.
 *
 * Knows virtio rings, lib/ethq and lib/devx; neither vhost nor lib/ioas. "rx" is the guest's side:
 * a queue into which the guest receives.
 *
 * Rings are hostile. Whatever is wrong with one (an index that jumps, a loop, an address outside of
 * the table, ...) stops this queue alone: hf_svq_error() says why, and polls do nothing until it is
 * stopped and started again. What is wrong with a packet (a header that asks for the impossible)
 * drops that packet.
 *
 * Threads: hf_svq_poll(), _sleep() and _wake() are the poller's, one thread at a time per queue;
 * hf_svq_stats() and _error() any thread's; all others the control thread's while no poller is in
 * the queue. Nothing on the poller's way allocates, locks or blocks; its only system call is the
 * notification that a guest asked for.
 */
#ifndef HF_SVQ_H
#define HF_SVQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hf_devx.h"

struct hf_svq;

#define HF_SVQ_MAX_SIZE 32768u /* of a ring */

/* The guest's memory, constant while a queue uses it; the memory stays mapped as long. */
struct hf_svq_region {
	uint64_t gpa, len;
	uint8_t *hva;
};
struct hf_svq_mem {
	uint32_t mkey; /* guest-physical addresses; what payload is bounded by */
	uint32_t n;
	struct hf_svq_region r[]; /* sorted by gpa, disjoint */
};

/*
 * A dirty bitmap as vhost-user has it: page n of 4096 bytes is bit n % 8 of byte n / 8, set by an
 * atomic OR after the page was written. Pages beyond the bitmap are not logged.
 */
struct hf_svq_log {
	uint8_t *bits;
	uint64_t size; /* bytes */
	/*
	 * What is written into the ring itself is logged, too (VHOST_VRING_F_LOG). Split rings: as
	 * if the used ring were at used_gpa (log_guest_addr). Packed rings: at their guest-physical
	 * addresses.
	 */
	bool used;
	uint64_t used_gpa;
};

struct hf_svq_attr {
	struct hf_devx *devx;
	const char *name; /* for log lines; copied, up to 31 characters */
	uint16_t index; /* of the virtqueue, for log lines */
	bool rx;
	uint16_t size; /* the largest ring that will be started */
	uint16_t mtu; /* no frame is larger than mtu + 18 */
	/*
	 * rx: an entry of the NIC has one piece, so that four share a line of the cache. A buffer
	 * of more pieces, or with MRG_RXBUF one that does not take the largest frame, stops the
	 * queue: see -EMSGSIZE of hf_svq_error().
	 */
	bool narrow;
	uint32_t tisn; /* tx: transport interface (hf_tis_create()) */
	struct hf_evch *ch; /* completions that sleeping pollers wait for; NULL: they never sleep */
	uint64_t cookie;
	struct hf_place place; /* of the NIC's queues, hf_svq_bytes(); umem NULL: their own */
};

/* What a start brings. Addresses are guest-physical. */
struct hf_svq_ring {
	/*
	 * VIRTIO_F_*, VIRTIO_NET_F_* as negotiated. Understood: VERSION_1, RING_PACKED, IN_ORDER
	 * (rx: not with MRG_RXBUF), RING_EVENT_IDX, RING_INDIRECT_DESC, MRG_RXBUF, CSUM,
	 * GUEST_CSUM, HOST_TSO4, HOST_TSO6. Not to be offered: HOST_ECN, HOST_UFO, HOST_USO,
	 * GUEST_TSO* (frames are no larger than the MTU), HASH_REPORT.
	 */
	uint64_t features;
	/* All fields of the ring and of headers are big-endian (legacy guests: virtio 1.2, 2.4.3):
	 * split, without VERSION_1. */
	bool big_endian;
	uint16_t size; /* split: a power of two */
	uint64_t desc, avail, used; /* packed: avail is the driver's area, used the device's */
	/* As in hf_virtq_attr: where the next available and used entries are; packed: bit 15 is
	 * the wrap counter. The two are equal. */
	uint16_t avail_idx, used_idx;
	const struct hf_svq_mem *mem;
	const struct hf_svq_log *log; /* NULL: none */
	int callfd; /* eventfd; -1: none; stays the caller's */
};

struct hf_svq_stats {
	uint64_t packets, bytes; /* given to the NIC and sent, or received and given to the guest */
	uint64_t drop_header; /* tx: a header or frame that asks for what can't be */
	uint64_t drop_small; /* rx: the buffers were too small for the frame */
	uint64_t returned; /* rx: buffers that a stop gave back empty, see hf_svq_stop() */
	uint64_t copied; /* tx: packets that went through a buffer of ours */
	uint64_t calls; /* notifications of the guest */
	uint64_t errors; /* times that the queue stopped serving */
};

/* A multiple of HF_PLACE_ALIGN. */
size_t hf_svq_bytes(const struct hf_svq_attr *attr);
/* In the NIC: queue and completion queue, idle. 0, -ENOMEM, -EINVAL, or as the NIC's command
 * failed. */
int hf_svq_create(const struct hf_svq_attr *attr, struct hf_svq **q);
/* Stops it. Refused (-EBUSY) while steering refers to an rx queue; q is freed on success only. */
int hf_svq_destroy(struct hf_svq *q);
/* rx: number of the NIC's queue, for receive steering; the same from create to destroy. */
uint32_t hf_svq_rqn(const struct hf_svq *q);

/*
 * Serve this ring. rx: what is available is taken at once, so that hf_svq_error() knows of the
 * first buffer. -EINVAL, logged: alignment, size, features that exclude each other, indices, or
 * a ring outside of mem. *ring is copied; *ring->mem and the bitmap stay the caller's, in use until
 * stop.
 */
int hf_svq_start(struct hf_svq *q, const struct hf_svq_ring *ring);

/*
 * Quiescent when it returns. tx: what was taken from the ring is sent and used, or, after a second
 * without a completion, neither. rx: what was received is the guest's. *avail_idx = *used_idx: all
 * before it is used, all from there on is available again. To get there, an rx queue with
 * MRG_RXBUF, which uses buffers out of order if frames are larger than one, gives back those before
 * the last used one with a length of 0, which guests count as a receive error and take back.
 * -EALREADY: it was not started. Another negative errno: the NIC did not stop its queue, and goes
 * on with the buffers that it has until the queue is destroyed; logged, and the indices are valid.
 */
int hf_svq_stop(struct hf_svq *q, uint16_t *avail_idx, uint16_t *used_idx);

/* From the next page on; NULL: none. *log is copied. */
void hf_svq_set_log(struct hf_svq *q, const struct hf_svq_log *log);

/*
 * Serve up to 'burst' packets each way (at most 32). How many packets or buffers moved; 0: there
 * was nothing to do.
 */
unsigned int hf_svq_poll(struct hf_svq *q, unsigned int burst);

/*
 * Ask the guest for kicks and the NIC for an event. False: work came meanwhile, so poll (kicks are
 * off again). True: nothing to do until a kick or an event; then hf_svq_wake() and poll.
 */
bool hf_svq_sleep(struct hf_svq *q);
void hf_svq_wake(struct hf_svq *q);

/*
 * 0, or why the queue serves no more; logged when it happened. -EPROTO: the ring breaks the rules
 * of virtio. -EFAULT: an address outside of the guest's memory. -E2BIG: a chain of more than
 * HF_SVQ_MAX_CHAIN pieces; rx: one of which those that the NIC takes hold the header alone. -EIO:
 * the NIC. -EMSGSIZE, which is nobody's fault and not logged: the next buffer needs a queue that is
 * not narrow, which goes on where this one is stopped.
 */
#define HF_SVQ_MAX_CHAIN 256u
int hf_svq_error(const struct hf_svq *q);
void hf_svq_stats(const struct hf_svq *q, struct hf_svq_stats *st);

#endif /* HF_SVQ_H */
