/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Frames for the suites of the emulated NIC's data path, and the flows of a vDPA driver.
 */
#ifndef DP_FRAME_H
#define DP_FRAME_H

#include <netinet/in.h>
#include <string.h>

#include "dp/classify.h"

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa}, mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t mac_x[6] = {2, 0, 0, 0, 0, 0xff};
static const uint8_t mac_bcast[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t mac_mc[6] = {1, 0, 0x5e, 0, 0, 1};
static const uint8_t ip1[4] = {10, 0, 0, 1}, ip2[4] = {10, 0, 0, 2};

struct frame {
	uint8_t b[2048];
	uint32_t len;
};

/* Append bytes, or a number in network order. */
void frame_put(struct frame *f, const void *data, uint32_t len);
void frame_put16(struct frame *f, uint16_t v);
/* Start a frame with its Ethernet header. */
void frame_eth(struct frame *f, const uint8_t *dst, const uint8_t *src, uint16_t type);
/* A header of 20 bytes, checksum right. payload: bytes of layer 4. */
void frame_ipv4(struct frame *f, const uint8_t src[4], const uint8_t dst[4], uint8_t proto,
	uint16_t frag, uint16_t payload);
/* TCP or UDP without a checksum, and that many bytes of a pattern. */
void frame_l4(struct frame *f, uint8_t proto, uint16_t sport, uint16_t dport, uint16_t payload);
/* All of it: from ip1 port 1000 to ip2 port 2000. */
void frame_make_ipv4(
	struct frame *f, const uint8_t *dst, const uint8_t *src, uint8_t proto, uint16_t payload);
/* As the NIC reads it; 'f' has to stay, and only one at a time is loaded. */
void frame_load(struct pkt *p, const struct frame *f);

/* The seven flows of a vDPA driver, in order of match, as the root table of a function. */
#define FRAME_FLOWS 7
extern struct nic_flow flows[FRAME_FLOWS];
void frame_flows(struct nic_func *f);

#endif /* DP_FRAME_H */
