/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Two functions of a NIC with raw Ethernet queues: the first one sends to the second one, which
 * steers all that it gets to its receive queues.
 */
#ifndef ETHQ_RIG_H
#define ETHQ_RIG_H

#include <rte_ether.h>

#include "hf_ethq.h"
#include "hf_steer.h"

#define ETHRIG_GPA UINT64_C(0x200000000) /* where the NIC sees the memory of either */
#define ETHRIG_MEM_BYTES (2u << 20)
#define ETHRIG_FRAME_BYTES 2048u /* apart */
#define ETHRIG_FRAMES (ETHRIG_MEM_BYTES / ETHRIG_FRAME_BYTES)

struct ethrig_side {
	struct hf_devx *dev;
	uint8_t *mem;
	struct hf_mr mr;
	struct hf_evch ch;
	struct hf_steer_obj td;
	struct hf_devx_vport vport;
};
struct ethrig {
	struct ethrig_side tx, rx;
	struct hf_steer_obj tis;
	struct hf_steer *steer;
};

/* -ENODEV: no two such functions, so the suite has nothing to run on. */
int ethrig_open(struct ethrig *r);
/* How many objects were left over. */
unsigned int ethrig_close(struct ethrig *r);

/* A segment of the n-th frame's memory. */
struct hf_ethq_seg ethrig_seg(
	const struct ethrig_side *s, unsigned int n, uint32_t offset, uint32_t len);
uint8_t *ethrig_frame(const struct ethrig_side *s, unsigned int n);

/* Bytes of the headers below. */
#define ETHRIG_UDP_HDR 42u
#define ETHRIG_TCP_HDR 54u

/*
 * A frame of len bytes from one function to the other, with a payload that only this number has.
 * UDP over IPv4; checksums are right, or wrong if the NIC has to put them in (csum_by_nic).
 */
void ethrig_fill(
	const struct ethrig *r, void *frame, uint32_t len, uint32_t number, bool csum_by_nic);
/* The same over TCP, for the NIC to cut into segments: checksums are its. */
void ethrig_fill_tcp(const struct ethrig *r, void *frame, uint32_t len, uint32_t number);
/* What the payload of a number has at an offset. */
uint8_t ethrig_byte(uint32_t number, uint32_t offset);

#endif /* ETHQ_RIG_H */
