/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The virtio-net header (virtio 1.2, 5.1.6) and what it means for a NIC's offloads.
 */
#ifndef SVQ_HDR_H
#define SVQ_HDR_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#define SVQ_HDR_MAX 12u /* bytes of virtio_net_hdr_v1; 10 without num_buffers */
/* Of a frame, enough to find where its TCP or UDP payload starts: Ethernet with two tags, an IPv4
 * header with options or an IPv6 one, a TCP header with options. */
#define SVQ_FRAME_MAX 142u
#define SVQ_FRAME_MIN 14u /* an Ethernet header */

enum svq_way {
	SVQ_SEND, /* by the NIC, with these offloads */
	SVQ_COPY, /* checksum by the CPU, in a copy */
	SVQ_DROP, /* what can't be done, or was not negotiated */
};
struct svq_offload {
	uint16_t hdr_len; /* LSO: bytes before the payload */
	uint16_t mss; /* 0: no LSO */
	uint16_t csum_start, csum_offset; /* SVQ_COPY */
	bool l3_csum, l4_csum; /* by the NIC */
};
/* What was negotiated and what the NIC has. */
struct svq_offers {
	bool csum, tso4, tso6;
	uint16_t max_hdr; /* bytes of headers that the NIC takes for LSO */
	uint32_t max_frame; /* bytes that may be sent at once */
};

/* Is there anything to do for this packet? */
static inline bool
svq_hdr_is_plain(const struct virtio_net_hdr_v1 *h)
{
	return (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0 &&
		h->gso_type == VIRTIO_NET_HDR_GSO_NONE;
}

/* A big-endian header becomes one that svq_hdr_offload() understands. */
void svq_hdr_from_be(struct virtio_net_hdr_v1 *h);

/*
 * What to do with a packet whose header is not plain. frame: its first n bytes, all of them or
 * SVQ_FRAME_MAX, of len. The guest can't change either while this reads them: they are copies.
 */
enum svq_way svq_hdr_offload(const struct virtio_net_hdr_v1 *h, const uint8_t *frame, uint32_t n,
	uint32_t len, const struct svq_offers *offers, struct svq_offload *o);

/* The checksum of frame[start, len), inverted, to start + offset; it is within, as offload saw. */
void svq_csum_complete(uint8_t *frame, uint32_t len, uint16_t start, uint16_t offset);

#endif /* SVQ_HDR_H */
