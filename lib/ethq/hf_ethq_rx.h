/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Receiving; to be included by hf_ethq.h, which has the rules for threads and errors.
 *
 * An entry (WQE) is a list of data segments, which one frame fills from the first on. Each frame
 * consumes one entry, in the order of put, and makes one completion. Where the NIC can do it,
 * completions that follow each other and are alike come compressed, eight to a line of the cache
 * (struct prm_mini_cqe).
 */
#ifndef HF_ETHQ_RX_H
#define HF_ETHQ_RX_H

#include <rte_prefetch.h>

struct hf_ethq_rx_attr {
	uint16_t size; /* entries, a power of two */
	uint16_t max_segs; /* of one entry, up to hf_rq_max_segs(); fewer make a denser ring */
	struct hf_evch *ch; /* gets an event when an armed queue completes; NULL: none */
	uint64_t cookie; /* of the events */
	struct hf_place place; /* of its memory, hf_ethq_rx_bytes(); umem NULL: its own */
};

/*
 * flags of a completion: what the NIC's parser found in the frame, as it says it. L3_OK: an IPv6
 * header, or an IPv4 header with a good checksum. L4_OK: TCP or UDP with a good checksum.
 */
#define HF_ETHQ_RX_IPV6 MLX5_CQE_RX_IPV6_PACKET
#define HF_ETHQ_RX_IPV4 MLX5_CQE_RX_IPV4_PACKET
#define HF_ETHQ_RX_FRAG MLX5_CQE_RX_IP_FRAG_PACKET
#define HF_ETHQ_RX_L3_OK MLX5_CQE_RX_L3_HDR_VALID
#define HF_ETHQ_RX_L4_OK MLX5_CQE_RX_L4_HDR_VALID

struct hf_ethq_rx_cpl {
	uint32_t len; /* bytes of the frame, without check sequence */
	uint32_t hash; /* of the fields that hash_type names */
	uint16_t flags; /* HF_ETHQ_RX_* */
	uint8_t hash_type; /* CQE_RSS_HTYPE_*; 0: no hash */
	uint8_t syndrome; /* not 0 (MLX5_CQE_SYNDROME_*): no frame, but the entry is consumed */
	uint32_t spare;
};

/* CQE_L4_HDR_TYPE_*: UDP, a TCP kind or none. */
static inline unsigned int
hf_ethq_rx_l4(const struct hf_ethq_rx_cpl *c)
{
	return (c->flags & MLX5_CQE_L4_TYPE_MASK) >> MLX5_CQE_L4_TYPE_SHIFT;
}

/* A session of compressed completions, of which some are left. */
struct hf_ethq_rx_session {
	uint32_t left;
	uint32_t at; /* in mini */
	uint16_t flags; /* the title's: of all */
	uint8_t hash_type;
	struct prm_mini_cqe mini[PRM_MINI_CQES];
};

/* All fields are the data path's. */
struct hf_ethq_rx {
	uint8_t *ring;
	uint32_t size; /* entries */
	uint16_t segs; /* places for segments in one */
	uint8_t log_stride; /* log2 of its bytes */
	bool failed;
	uint16_t pi, ci; /* entries put, consumed */
	uint16_t rung; /* entries that the NIC knows */
	volatile uint32_t *rec;
	struct hf_ethq_cq cq;
	uint32_t unmarked; /* in entries of cq before this one may be an unmarked one of old */
	struct hf_ethq_rx_session session;
	struct hf_ethq_error error;
	const char *name; /* of the NIC, for log lines */
	struct hf_wq rq;
};

/* Stopped. -EINVAL: a size or a number of segments that the NIC does not have. */
int hf_ethq_rx_create(
	struct hf_devx *dev, const struct hf_ethq_rx_attr *attr, struct hf_ethq_rx **rx);
size_t hf_ethq_rx_bytes(const struct hf_ethq_rx_attr *attr);
/* Frees rx on success only; refused while a receive table refers to the queue. rx NULL: 0. */
int hf_ethq_rx_destroy(struct hf_ethq_rx *rx);
/* From stopped, empty. What completed before it and was not polled is forgotten. */
int hf_ethq_rx_start(struct hf_ethq_rx *rx);
/*
 * Any state to stopped: when it returns the NIC writes nothing any more into what was put. What had
 * completed can still be polled; the rest, hf_ethq_rx_pending(), has no frame.
 */
int hf_ethq_rx_stop(struct hf_ethq_rx *rx);

/* For receive tables: the RQN. */
static inline uint32_t
hf_ethq_rx_rqn(const struct hf_ethq_rx *rx)
{
	return rx->rq.num;
}

/* Entries that were put and have not come back. */
static inline uint16_t
hf_ethq_rx_pending(const struct hf_ethq_rx *rx)
{
	return rx->pi - rx->ci;
}

/*
 * The NIC could not use the first of the pending entries (a wrong key, an address outside of it),
 * or a senseless completion came: nothing is received any more until stop and start.
 */
static inline bool
hf_ethq_rx_failed(const struct hf_ethq_rx *rx)
{
	return rx->failed;
}

static inline const struct hf_ethq_error *
hf_ethq_rx_error(const struct hf_ethq_rx *rx)
{
	return &rx->error;
}

/* One event for the next completion that was not polled. */
void hf_ethq_rx_arm(struct hf_ethq_rx *rx);

/* Put an entry of n segments (1 to max_segs) behind the others. The NIC does not know it yet.
 * false: no room now. */
static inline bool
hf_ethq_rx_put(struct hf_ethq_rx *rx, const struct hf_ethq_seg *segs, unsigned int n)
{
	struct mlx5_wqe_data_seg *seg =
		(void *)(rx->ring + ((size_t)(rx->pi & (rx->size - 1)) << rx->log_stride));
	unsigned int i;

	if (unlikely(hf_ethq_rx_pending(rx) == rx->size))
		return false;
	for (i = 0; i < n; i++, seg++) {
		seg->byte_count = rte_cpu_to_be_32(segs[i].len);
		seg->lkey = rte_cpu_to_be_32(segs[i].lkey);
		seg->addr = rte_cpu_to_be_64(segs[i].addr);
	}
	if (n < rx->segs) { /* ends the list */
		seg->byte_count = 0;
		seg->lkey = rte_cpu_to_be_32(MLX5_INVALID_LKEY);
		seg->addr = 0;
	}
	rx->pi++;
	return true;
}

/* Entries that can be put now. */
static inline unsigned int
hf_ethq_rx_room(const struct hf_ethq_rx *rx)
{
	return rx->size - hf_ethq_rx_pending(rx);
}

/* The lines of n entries to be put soon, and of the records that tell of them: the NIC was the last
 * to have them. */
static __rte_always_inline void
hf_ethq_rx_prefetch(const struct hf_ethq_rx *rx, unsigned int n)
{
	const size_t mask = ((size_t)rx->size << rx->log_stride) - 1;
	const size_t step = RTE_MAX((size_t)RTE_CACHE_LINE_SIZE, (size_t)1 << rx->log_stride);
	const size_t from = (size_t)rx->pi << rx->log_stride;
	size_t at;

	hf_prefetch_write((const void *)(uintptr_t)rx->cq.ci_rec);
	hf_prefetch_write((const void *)(uintptr_t)rx->rec);
	for (at = from; at < from + ((size_t)n << rx->log_stride); at += step)
		hf_prefetch_write(rx->ring + (at & mask));
}

/*
 * hf_ethq_rx_put() of n entries, each of one segment in one key: of a piece of memory all behind
 * its first 'skip' bytes, at most 'max' of them. There is room for n.
 */
static __rte_always_inline void
hf_ethq_rx_put_plain(struct hf_ethq_rx *rx, const uint64_t *addr, const uint32_t *len,
	uint32_t skip, uint32_t max, uint32_t lkey, unsigned int n)
{
	const uint64_t key = (uint64_t)rte_cpu_to_be_32(lkey) << 32;
	const uint64_t end = (uint64_t)rte_cpu_to_be_32(MLX5_INVALID_LKEY) << 32;
	const bool ends = rx->segs > 1;
	const uint32_t mask = rx->size - 1;
	const uint8_t shift = rx->log_stride;
	uint8_t *const ring = rx->ring;
	uint16_t pi = rx->pi;
	unsigned int i;

	for (i = 0; i < n; i++, pi++) {
		uint64_t *seg = (uint64_t *)(ring + ((size_t)(pi & mask) << shift));

		seg[0] = key | rte_cpu_to_be_32(RTE_MIN(len[i] - skip, max));
		seg[1] = rte_cpu_to_be_64(addr[i] + skip);
		if (ends) {
			seg[2] = end;
			seg[3] = 0;
		}
	}
	rx->pi = pi;
}

/* Tell the NIC of all that was put since the last time. */
static inline void
hf_ethq_rx_ring(struct hf_ethq_rx *rx)
{
	if (rx->pi == rx->rung)
		return;
	rx->rung = rx->pi;
	/* Room in the completion queue and the entries, then the record. */
	rte_io_wmb();
	*rx->rec = rte_cpu_to_be_32(rx->pi);
}

/* A completion that is no good frame. true: the entry is consumed, and c filled. */
bool hf_ethq_rx_bad(
	struct hf_ethq_rx *rx, volatile struct prm_eth_cqe *cqe, struct hf_ethq_rx_cpl *c);

/* The array of the next completions of the session is in this entry. */
static __rte_always_inline void
hf_ethq_rx_session_read(struct hf_ethq_rx *rx, uint32_t ci)
{
	volatile struct prm_eth_cqe *from = &rx->cq.cqe[ci & (rx->cq.size - 1)];

	memcpy(rx->session.mini, (const void *)(uintptr_t)from, sizeof(rx->session.mini));
	from->op_own = MLX5_CQE_INVALID << 4;
	rx->session.at = 0;
}

static __rte_always_inline bool
hf_ethq_rx_is_title(volatile struct prm_eth_cqe *cqe)
{
	return (cqe->op_own & MLX5E_CQE_FORMAT_MASK) == PRM_CQE_COMPRESSED;
}

/* It is the title of completions of the entries from rx->ci on; or the queue has failed. */
static __rte_always_inline void
hf_ethq_rx_session_begin(struct hf_ethq_rx *rx, volatile struct prm_eth_cqe *title)
{
	const uint32_t n = rte_be_to_cpu_32(title->byte_cnt);

	if (unlikely(n == 0 || n > (uint16_t)(rx->rung - rx->ci))) {
		rx->cq.ci++;
		hf_ethq_rx_bad(rx, title, NULL);
		return;
	}
	rx->session.left = n;
	rx->session.flags = rte_be_to_cpu_16(title->hdr_type_etc);
	rx->session.hash_type = title->rx_hash_type;
	title->op_own = MLX5_CQE_INVALID << 4;
	hf_ethq_rx_session_read(rx, rx->cq.ci + 1);
}

/*
 * Up to n completions of the session at hand. Of the entries of the queue that they take, the NIC
 * has written a few, which are marked as nobody's once they are read. What is in the others is
 * older, and would pass for new in the next round but one: so it is marked now, unless it was a
 * session's, too, and is marked already.
 */
static __rte_always_inline unsigned int
hf_ethq_rx_session_poll(struct hf_ethq_rx *rx, struct hf_ethq_rx_cpl *c, unsigned int n)
{
	struct hf_ethq_rx_session *s = &rx->session;
	const struct hf_ethq_rx_cpl title = {.flags = s->flags, .hash_type = s->hash_type};
	volatile struct prm_eth_cqe *const ring = rx->cq.cqe;
	const uint32_t mask = rx->cq.size - 1, ci = rx->cq.ci;
	const bool marks = (int32_t)(rx->unmarked - ci) > 0;
	uint32_t at = s->at;
	unsigned int i, end;
	uint64_t mini, rest;

	_Static_assert(offsetof(struct hf_ethq_rx_cpl, len) == 0 &&
			offsetof(struct hf_ethq_rx_cpl, hash) == 4 &&
			offsetof(struct prm_mini_cqe, rx_hash_res) == 0 &&
			offsetof(struct prm_mini_cqe, byte_cnt) == 4 && sizeof(title) == 16,
		"two words each, and one swap of bytes for the first");
	memcpy(&rest, (const uint8_t *)&title + sizeof(mini), sizeof(rest));
	n = RTE_MIN(n, s->left);
	for (i = 0; i < n;) {
		if (at == PRM_MINI_CQES) {
			hf_ethq_rx_session_read(rx, ci + i);
			at = 0;
		}
		for (end = RTE_MIN(n, i + PRM_MINI_CQES - at); i < end; i++, at++) {
			memcpy(&mini, &s->mini[at], sizeof(mini));
			mini = rte_be_to_cpu_64(mini);
			memcpy(&c[i], &mini, sizeof(mini));
			memcpy((uint8_t *)&c[i] + sizeof(mini), &rest, sizeof(rest));
			if (unlikely(marks))
				ring[(ci + i) & mask].op_own = MLX5_CQE_INVALID << 4;
		}
	}
	s->at = at;
	s->left -= n;
	if (!marks)
		rx->unmarked = ci;
	rx->cq.ci = ci + n;
	rx->ci += n;
	return n;
}

/*
 * How many completions hf_ethq_rx_poll() will find, as far as one look says: 0, or at least so many
 * (some of which, or all, may be bad). The lines that they are in are on their way then.
 */
static __rte_always_inline uint32_t
hf_ethq_rx_look(const struct hf_ethq_rx *rx)
{
	const uint32_t mask = rx->cq.size - 1, ci = rx->cq.ci;
	volatile struct prm_eth_cqe *cqe;
	uint32_t i, n;

	if (rx->session.left > 0)
		return rx->session.left;
	cqe = hf_ethq_cq_next(&rx->cq);
	if (cqe == NULL)
		return 0;
	if (!hf_ethq_rx_is_title(cqe))
		return 1;
	n = RTE_MIN(rte_be_to_cpu_32(cqe->byte_cnt), rx->cq.size);
	rte_prefetch0((const void *)(uintptr_t)&rx->cq.cqe[(ci + 1) & mask]);
	for (i = PRM_MINI_CQES; i < n; i += PRM_MINI_CQES)
		rte_prefetch0((const void *)(uintptr_t)&rx->cq.cqe[(ci + i) & mask]);
	return n;
}

/* Up to n completions, in the order of put: each consumes one entry. None once it has failed. */
static __rte_always_inline unsigned int
hf_ethq_rx_poll(struct hf_ethq_rx *rx, struct hf_ethq_rx_cpl *c, unsigned int n)
{
	volatile struct prm_eth_cqe *cqe;
	const uint32_t ci = rx->cq.ci;
	unsigned int i = 0;

	while (i < n && likely(!rx->failed)) {
		if (rx->session.left > 0) {
			i += hf_ethq_rx_session_poll(rx, &c[i], n - i);
			continue;
		}
		cqe = hf_ethq_cq_next(&rx->cq);
		if (cqe == NULL)
			break;
		if (unlikely(cqe->op_own >> 4 != MLX5_CQE_RESP_SEND ||
			    rte_be_to_cpu_16(cqe->wqe_counter) != rx->ci || rx->ci == rx->rung)) {
			rx->cq.ci++;
			if (!hf_ethq_rx_bad(rx, cqe, &c[i]))
				break;
		} else if (hf_ethq_rx_is_title(cqe)) {
			hf_ethq_rx_session_begin(rx, cqe);
			continue;
		} else {
			rx->cq.ci++;
			c[i].len = rte_be_to_cpu_32(cqe->byte_cnt);
			c[i].hash = rte_be_to_cpu_32(cqe->rx_hash_res);
			c[i].flags = rte_be_to_cpu_16(cqe->hdr_type_etc);
			c[i].hash_type = cqe->rx_hash_type;
			c[i].syndrome = 0;
			rx->unmarked = rx->cq.ci + rx->cq.size;
		}
		rx->ci++;
		i++;
	}
	if (rx->cq.ci != ci)
		hf_ethq_cq_release(&rx->cq);
	return i;
}

#endif /* HF_ETHQ_RX_H */
