/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Two guests on a NIC: shadow virtqueues through which the first one sends to the second one, and
 * packets whose every byte is known.
 */
#ifndef SVQ_RIG_H
#define SVQ_RIG_H

#include "ethq_rig.h"
#include "hf_svq.h"
#include "svq_guest.h"

#define SVQRIG_RING 64u /* entries, unless said otherwise */
#define SVQRIG_MAX_PIECES 48u
#define SVQRIG_FRAME_MAX 1518u

/* A guest and its queue. */
struct svqside {
	struct ethrig_side *nic;
	struct guest g;
	struct hf_mr mr[2];
	struct hf_mkey mkey;
	struct hf_svq *q;
	int callfd;
	/* What each buffer in use is made of. */
	struct {
		struct piece p[SVQRIG_MAX_PIECES];
		unsigned int n;
	} buf[GUEST_MAX_RING];
};
struct svqrig {
	struct ethrig eth;
	struct svqside tx, rx;
	uint32_t sent, received; /* packets: the number of the next one */
	bool narrow; /* receive entries have one piece, from the next create on */
};

/* How a buffer is cut: bytes of the first pieces; the last one has the rest. */
struct svqcut {
	uint16_t len[4]; /* ends with 0 */
	uint16_t rest; /* rx: bytes of the last; tx: what is left */
	bool table; /* indirect */
};

int svqrig_open(struct svqrig *r);
unsigned int svqrig_close(struct svqrig *r); /* objects left over */
/* Queues in the NIC, for frames of these MTUs + 18 bytes at most; not started. */
int svqrig_create(struct svqrig *r, uint16_t tx_mtu, uint16_t rx_mtu);
/* New rings with these features, of size SVQRIG_RING, and the queues started. */
int svqrig_start(struct svqrig *r, uint64_t tx_features, uint64_t rx_features);
/* Another key over the side's memory; s->mkey and the table get it. */
int svqside_mkey(struct svqside *s);
/* The queue on the guest's ring as it is, from this index on. */
int svqside_start(struct svqside *s, uint16_t idx);

/*
 * The guest adds a packet, whose content follows from its number, of so many bytes of frame.
 * hdr: in the CPU's byte order; NULL for a plain one. False: no room.
 */
bool svqrig_send(struct svqrig *r, const struct virtio_net_hdr_v1 *hdr, uint32_t len,
	const struct svqcut *cut);
/* The same with this frame. */
bool svqrig_send_frame(struct svqrig *r, const struct virtio_net_hdr_v1 *hdr, const void *frame,
	uint32_t len, const struct svqcut *cut);
/* The guest adds a buffer to receive into. */
bool svqrig_offer(struct svqrig *r, const struct svqcut *cut);

/* The next packet that the guest received; its buffers are free again. */
struct svqpkt {
	struct virtio_net_hdr_v1 hdr; /* in the CPU's byte order */
	uint32_t len; /* of the frame; 0: the buffer came back empty */
	uint8_t frame[65536];
};
bool svqrig_receive(struct svqrig *r, struct svqpkt *p);

void svqrig_poll(struct svqrig *r); /* both queues */
int svqrig_poll_until(struct svqrig *r, bool (*done)(struct svqrig *r)); /* -ETIMEDOUT */

#endif /* SVQ_RIG_H */
