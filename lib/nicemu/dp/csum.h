/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The internet checksum (RFC 1071) over frames in pieces.
 */
#ifndef NICEMU_DP_CSUM_H
#define NICEMU_DP_CSUM_H

#include "pkt.h"

/* Add bytes to a sum; the first byte is an even one of what is summed. */
uint64_t csum_add(uint64_t sum, const void *buf, size_t len);
/* The 16 bits of a sum, not inverted, in the byte order of the packet as pkt_be16() reads it. */
uint16_t csum_fold(uint64_t sum);
/* Sum of a frame's bytes [from, to). */
uint64_t csum_pkt(const struct pkt *p, uint32_t from, uint32_t to);

/*
 * VIRTIO_NET_HDR_F_NEEDS_CSUM: the sum from csum_start to the end, the present content of the field
 * included, goes, inverted, to csum_start + csum_offset (virtio 1.2, 5.1.6.2). -EINVAL when the
 * field is not within the frame, or not within what the NIC parses.
 */
int csum_complete(struct pkt *p, uint16_t csum_start, uint16_t csum_offset);
/*
 * Make the checksum of the IPv4 header, or of TCP or UDP, whatever its field has: as a raw queue
 * does it. False: there is none of it, or it is in a fragment, or its header is not within what the
 * NIC parses.
 */
bool csum_ip(struct pkt *p);
bool csum_l4(struct pkt *p);
/* Are the checksums of IPv4 and of TCP or UDP right? False: no, or none, or a fragment. */
bool csum_verify(const struct pkt *p);
/* Sum of the pseudo header of an IP packet with this many bytes of layer 4. */
uint64_t csum_pseudo(const struct pkt *p, uint32_t l4_len);

#endif /* NICEMU_DP_CSUM_H */
