/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Raw Ethernet queues against completions of any content: an input is a list of steps, by which the
 * queues' user puts, rings and polls, and the NIC completes, well or not. Whatever comes, no more
 * packets complete than were under way, no memory but that of the rings is touched (which lie in
 * blocks of their own, for a sanitizer to see), and a queue that failed stands still.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_log.h>

#include "fuzz.h"
#include "hf_ethq.h"

#define SIZE 16u
#define SEGS 4u
#define INLINE_MAX 128u
#define BURST 8u

/* Memory of one queue, and what the NIC has written. */
struct half {
	uint8_t *ring;
	struct prm_eth_cqe *cqe;
	uint32_t *slots;
	uint32_t rec, ci_rec;
	uint64_t db;
	uint32_t cq_pi;
	unsigned int put, known; /* entries of this life: put, and rung */
	unsigned int done;
	bool shared; /* the NIC takes entries with many packets */
};

static struct half ht, hr;
static struct hf_ethq_tx tx;
static struct hf_ethq_rx rx;

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t
next(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

static void
fault(const char *what)
{
	fprintf(stderr, "fuzz-ethq: %s\n", what);
	abort();
}

static int
init(void)
{
	rte_log_set_global_level(RTE_LOG_EMERG);
	return 0;
}

static void
half_make(struct half *h, size_t ring)
{
	unsigned int i;

	memset(h, 0, sizeof(*h));
	h->ring = aligned_alloc(64, ring);
	h->cqe = aligned_alloc(64, SIZE * sizeof(*h->cqe));
	h->slots = calloc(SIZE, sizeof(*h->slots));
	if (h->ring == NULL || h->cqe == NULL || h->slots == NULL)
		fault("no memory");
	memset(h->cqe, 0, SIZE * sizeof(*h->cqe));
	for (i = 0; i < SIZE; i++)
		h->cqe[i].op_own = MLX5_CQE_INVALID << 4 | MLX5_CQE_OWNER_MASK;
}

static void
half_free(struct half *h)
{
	free(h->ring);
	free(h->cqe);
	free(h->slots);
}

/* A new life on the same completion queue. */
static void
tx_start(uint32_t ci)
{
	tx = (struct hf_ethq_tx){.ring = ht.ring,
		.ring_end = ht.ring + SIZE * MLX5_SEND_WQE_BB,
		.slot = ht.slots,
		.sqn = 0x1200,
		.size = SIZE,
		.multi_packet = ht.shared,
		.rec = &ht.rec,
		.db = &ht.db,
		.name = "nic",
		.sq.wq.kind = "sq",
		.cq = {.cqe = ht.cqe, .size = SIZE, .ci = ci, .ci_rec = &ht.ci_rec}};
	ht.put = ht.known = ht.done = 0;
}

static void
rx_start(uint32_t ci)
{
	rx = (struct hf_ethq_rx){.ring = hr.ring,
		.size = SIZE,
		.segs = SEGS,
		.log_stride = 6,
		.rec = &hr.rec,
		.name = "nic",
		.rq.kind = "rq",
		.cq = {.cqe = hr.cqe, .size = SIZE, .ci = ci, .ci_rec = &hr.ci_rec}};
	hr.put = hr.known = hr.done = 0;
}

/* A completion whose fields come from the input, the owner bit included where it says so. */
static void
complete(struct input *in, struct half *h, uint8_t good, uint16_t counter)
{
	struct prm_eth_cqe *c = &h->cqe[h->cq_pi % SIZE];
	uint8_t how = next(in), owner = !!(h->cq_pi & SIZE);

	if (how & 1)
		counter += next(in);
	if (how & 2)
		counter = next(in) << 8 | next(in);
	if (how & 4)
		good = next(in) & 0xf;
	if (how & 8)
		((struct mlx5_err_cqe *)c)->syndrome = next(in);
	if (how & 16)
		owner ^= 1;
	if (how & 32)
		c->byte_cnt = next(in);
	if (how & 64)
		c->byte_cnt = rte_cpu_to_be_32(next(in) & 31);
	c->wqe_counter = rte_cpu_to_be_16(counter);
	c->op_own = good << 4 | (how & 128 ? PRM_CQE_COMPRESSED : 0) | owner;
	h->cq_pi++;
}

static void
tx_put(struct input *in)
{
	static const uint8_t hdr[INLINE_MAX];
	struct hf_ethq_seg segs[SEGS] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}};
	struct hf_ethq_tx_pkt pkt = {.hdr = hdr, .segs = segs, .mss = next(in)};

	pkt.n_segs = next(in) % (SEGS + 1);
	pkt.hdr_len = next(in) % (INLINE_MAX + 1);
	if (pkt.hdr_len == 1)
		pkt.hdr_len = 2;
	if (pkt.n_segs == 0 && pkt.hdr_len == 0)
		return;
	ht.put += hf_ethq_tx_put(&tx, &pkt);
}

static void
tx_poll(void)
{
	bool failed = tx.failed;
	unsigned int n = hf_ethq_tx_poll(&tx);

	ht.done += n;
	if (failed && n != 0)
		fault("packets completed after an error");
	if (ht.done > ht.known)
		fault("more packets completed than the NIC knows");
	if (hf_ethq_tx_pending(&tx) != ht.put - ht.done)
		fault("pending is not what was put and has not completed");
}

static void
rx_put(struct input *in)
{
	struct hf_ethq_seg segs[SEGS] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}};

	hr.put += hf_ethq_rx_put(&rx, segs, 1 + next(in) % SEGS);
}

static void
rx_poll(struct input *in)
{
	struct hf_ethq_rx_cpl c[BURST];
	unsigned int want = next(in) % (BURST + 1);
	bool failed = rx.failed;
	unsigned int n = hf_ethq_rx_poll(&rx, c, want);

	hr.done += n;
	if (n > want || (failed && n != 0))
		fault("more frames than asked for, or frames after an error");
	if (hr.done > hr.known)
		fault("more frames than entries that the NIC knows");
	if (hf_ethq_rx_pending(&rx) != hr.put - hr.done)
		fault("pending is not what was put and has not come back");
}

static void
check(void)
{
	if ((uint16_t)(tx.pi - tx.ci) > SIZE ||
		(uint16_t)(tx.rung - tx.ci) > (uint16_t)(tx.pi - tx.ci))
		fault("blocks in use make no sense");
	if (hf_ethq_rx_pending(&rx) > SIZE)
		fault("more entries than places");
}

static void
step(struct input *in)
{
	switch (next(in) % 10) {
	case 0:
		tx_put(in);
		break;
	case 1:
		hf_ethq_tx_ring(&tx);
		ht.known = ht.put;
		break;
	case 2:
		tx_poll();
		break;
	case 3: /* the last one, if the input does not say otherwise */
		complete(in, &ht, MLX5_CQE_REQ,
			rte_be_to_cpu_32(tx.last != NULL ? tx.last->opmod_idx_opcode : 0) >> 8);
		break;
	case 4:
		if (tx.failed)
			tx_start(tx.cq.ci);
		break;
	case 5:
		rx_put(in);
		break;
	case 6:
		hf_ethq_rx_ring(&rx);
		hr.known = hr.put;
		break;
	case 7:
		rx_poll(in);
		break;
	case 8:
		complete(in, &hr, MLX5_CQE_RESP_SEND, rx.ci);
		break;
	case 9:
		if (rx.failed)
			rx_start(rx.cq.ci);
		break;
	}
	check();
}

static void
run(const uint8_t *data, size_t size)
{
	struct input in = {.data = data, .left = size};

	half_make(&ht, SIZE * MLX5_SEND_WQE_BB);
	half_make(&hr, SIZE * SEGS * sizeof(struct mlx5_wqe_data_seg));
	ht.shared = next(&in) & 1;
	tx_start(0);
	rx_start(0);
	while (in.left != 0)
		step(&in);
	half_free(&ht);
	half_free(&hr);
}

/* Bursts of every size around both rings; an error in each. */
static size_t
seed(unsigned int n, uint8_t *data, size_t max)
{
	size_t len = 0;
	unsigned int round, i;

	if (n >= 2 * BURST || max < 1024)
		return 0;
	data[len++] = n & 1;
	for (round = 0; round < 4; round++) {
		for (i = 0; i <= n % BURST; i++) {
			const uint8_t put[] = {
				0, 0, 1, n & 1 ? 0 : (n * 16 + i) % INLINE_MAX, 5, i};

			memcpy(data + len, put, sizeof(put));
			len += sizeof(put);
		}
		data[len++] = 1; /* rings */
		data[len++] = 6;
		data[len++] = 3; /* completions */
		data[len++] = 0;
		for (i = 0; i <= n % BURST; i++) {
			data[len++] = 8;
			data[len++] = 0;
		}
		if (n >= BURST && round == 2) {
			data[len++] = 3;
			data[len++] = 4 | 8;
			data[len++] = MLX5_CQE_REQ_ERR;
			data[len++] = MLX5_CQE_SYNDROME_LOCAL_PROT_ERR;
		}
		data[len++] = 2; /* polls */
		data[len++] = 7;
		data[len++] = BURST;
		data[len++] = 4; /* new lives */
		data[len++] = 9;
	}
	return len;
}

const struct fuzz_target fuzz_target = {.name = "fuzz-ethq",
	.init = init,
	.run = run,
	.seed = seed};
