/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A shadow virtqueue: a ring (svq_ring.h), a queue of the NIC (lib/ethq), and between them, in the
 * order in which the NIC has them, the buffers of the guest that the NIC works on.
 */
#ifndef SVQ_PRIV_H
#define SVQ_PRIV_H

#include "hf_devx.h"
#include "hf_ethq.h"
#include "hf_svq.h"
#include "svq_hdr.h"
#include "svq_ring.h"

/* A frame of the largest size: Ethernet header, a VLAN tag. */
#define SVQ_L2_LEN 18u
/* Bytes of a frame that is to be segmented: an IP packet and Ethernet with two tags. */
#define SVQ_GSO_MAX (UINT16_MAX + 22u)

/* A transmitted chain: the nth that the NIC has, or that was dropped behind it. */
struct svq_sent {
	uint16_t id, slots;
	uint32_t copied; /* bytes of the copies' memory; SVQ_NOT_SENT: the NIC does not have it */
};
#define SVQ_NOT_SENT UINT32_MAX

/* Memory of ours for packets that the CPU has to change: a ring of bytes, freed in order. */
struct svq_copies {
	void *buf;
	uint32_t head, tail; /* free running */
	struct hf_mr mr;
};

struct svq_tx {
	struct hf_ethq_tx *ethq;
	struct svq_sent *sent;
	uint32_t head, tail; /* of sent; free running */
	uint32_t mask;
	uint32_t max_lso;
	uint16_t max_segs, min_inline;
	uint16_t not_plain; /* bursts that are not to be looked at for plain packets */
	struct svq_offers offers;
	struct svq_copies copies;
	uint8_t frame[SVQ_FRAME_MAX]; /* first bytes of the packet at hand */
};

/* A chain to receive into; of its pieces as many as the largest frame needs and the NIC takes. */
struct svq_rxbuf {
	uint8_t *hdr; /* where the virtio header goes; NULL: see struct svq_rxmore */
	uint64_t gpa; /* of the first piece, header included */
	uint32_t len; /* of the first piece */
	uint32_t seq; /* slots that were available before it since the start */
	uint16_t id, slots;
	uint16_t n; /* pieces; more than 1: see struct svq_rxmore */
	uint16_t spare;
};
/* What few chains need. */
struct svq_rxmore {
	uint32_t total; /* bytes of all pieces */
	uint8_t *hdr_byte[SVQ_HDR_MAX]; /* a header that is not in one place */
	struct hf_ethq_seg seg[]; /* pieces 1 and up */
};

struct svq_rx {
	struct hf_ethq_rx *ethq;
	/* In posting order, free running: [head, posted) the NIC has, [posted, tail) it will. */
	struct svq_rxbuf *buf;
	uint32_t head, posted, tail;
	uint32_t plain_from; /* a chain of one piece, and an entry of its own, each from here on */
	uint32_t mask;
	void *more; /* a struct svq_rxmore for each buf */
	uint32_t more_size;
	/* Work entries, free running, and how many bufs each has: 1, but for those under way. */
	uint16_t *group;
	uint32_t wqe_head, wqe_tail;
	uint16_t max_segs;
	bool mrg, guest_csum, narrow;
	/* Slots taken since the start, and the end of the farthest that was given back. */
	uint32_t seq, high;
};

struct hf_svq {
	struct svq_ring ring;
	unsigned int (*poll)(struct hf_svq *q, unsigned int burst);
	uint32_t hint; /* region of the last header */
	uint16_t hdr_len;
	uint32_t max_frame;
	bool started;
	union {
		struct svq_tx tx;
		struct svq_rx rx;
	};
	struct svq_burst burst;
	struct hf_svq_stats stats; /* but calls, which the ring counts */
	bool is_rx, can_sleep;
	uint16_t max_size;
	struct hf_devx *devx;
};

/* What an error of the NIC is to hf_svq_error(). */
static inline int
svq_nic_error(const struct hf_ethq_error *e)
{
	return e->syndrome == MLX5_CQE_SYNDROME_LOCAL_PROT_ERR ? -EFAULT : -EIO;
}

/* --- svq_tx.c: create and destroy are the NIC's queue, start and stop a ring on it --- */
size_t svq_tx_bytes(const struct hf_svq_attr *attr);
int svq_tx_create(struct hf_svq *q, const struct hf_svq_attr *attr);
int svq_tx_destroy(struct hf_svq *q);
int svq_tx_start(struct hf_svq *q, uint64_t features);
/* Waits for what the NIC has, a second at most. A negative errno, logged: its queue does not stop.
 */
int svq_tx_stop(struct hf_svq *q);
void svq_tx_arm(struct hf_svq *q);

/* --- svq_copies.c --- */
int svq_copies_create(struct hf_devx *devx, struct svq_copies *c);
int svq_copies_destroy(struct svq_copies *c);
/* 'len' bytes in one piece, at most SVQ_GSO_MAX; *used: what to free, in order. NULL: none now. */
uint8_t *svq_copies_get(struct svq_copies *c, uint32_t len, uint32_t *used);

/* --- svq_rxq.c, as svq_tx.c --- */
size_t svq_rx_bytes(const struct hf_svq_attr *attr);
int svq_rx_create(struct hf_svq *q, const struct hf_svq_attr *attr);
int svq_rx_destroy(struct hf_svq *q);
int svq_rx_start(struct hf_svq *q, uint64_t features);
void svq_rx_arm(struct hf_svq *q);

/* --- svq_rx.c --- */
/* What hf_svq_poll() is while the queue is started, by enum svq_kind. */
extern unsigned int (*const svq_rx_polls[])(struct hf_svq *q, unsigned int burst);
/* What was received is the guest's; buffers before the last of them go back empty. */
int svq_rx_stop(struct hf_svq *q);

#endif /* SVQ_PRIV_H */
