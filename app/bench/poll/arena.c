/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "arena.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#define STEP_MIN 2048u /* as buffers of guests are */
#define ETHERTYPE 0x88b5 /* IEEE 802: for experiments */
#define NUMBER sizeof(struct rte_ether_hdr) /* where a frame has its number */
#define BODY (NUMBER + sizeof(uint32_t))

static uint8_t *
tx_buffer(const struct arena *a, uint32_t i)
{
	return a->base + (size_t)i * a->step;
}

static uint8_t *
rx_buffer(const struct arena *a, uint32_t i)
{
	return a->base + (size_t)(a->n + i) * a->step;
}

const uint8_t *
arena_frame(const struct arena *a, uint32_t n)
{
	return tx_buffer(a, n % a->n) + ARENA_HDR;
}

void
arena_make(const struct arena *a, uint32_t n, uint8_t *frame)
{
	uint32_t i = n % a->n, j;

	memcpy(frame, &a->eth, sizeof(a->eth));
	memcpy(frame + NUMBER, &i, sizeof(i));
	for (j = BODY; j < a->size; j++)
		frame[j] = (uint8_t)((i * 2654435761u + j * 40503u) >> 7);
}

int
arena_start(struct arena *a, uint32_t size, uint32_t room, uint32_t least,
	const struct rte_ether_addr *from, const struct rte_ether_addr *to)
{
	uint32_t i;

	a->eth = (struct rte_ether_hdr){
		.dst_addr = *to, .src_addr = *from, .ether_type = rte_cpu_to_be_16(ETHERTYPE)};
	a->size = size;
	a->room = room;
	a->step = RTE_MAX(STEP_MIN, RTE_ALIGN_CEIL(ARENA_HDR + room, RTE_CACHE_LINE_SIZE));
	a->n = (uint32_t)(a->len / 2 / a->step);
	if (a->n < least)
		return -ENOSPC;
	a->tx_next = 0;
	a->rx_next = 0;
	a->rx_oldest = 0;
	a->seen = 0;
	a->round = a->n;
	a->lost = 0;
	a->bad = 0;
	for (i = 0; i < a->n; i++) {
		memset(tx_buffer(a, i), 0, ARENA_HDR);
		arena_make(a, i, tx_buffer(a, i) + ARENA_HDR);
	}
	memset(rx_buffer(a, 0), 0xee, (size_t)a->n * a->step);
	return 0;
}

static void
next(const struct arena *a, uint32_t first, uint32_t *at, uint64_t *gpa, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		gpa[i] = a->gpa + (uint64_t)(first + *at) * a->step;
		*at = *at + 1 == a->n ? 0 : *at + 1;
	}
}

void
arena_tx(struct arena *a, uint64_t *gpa, unsigned int n)
{
	next(a, 0, &a->tx_next, gpa, n);
}

void
arena_rx(struct arena *a, uint64_t *gpa, unsigned int n)
{
	next(a, a->n, &a->rx_next, gpa, n);
}

void
arena_check(struct arena *a, const uint8_t *frame, uint32_t len)
{
	uint32_t number = UINT32_MAX;

	if (len == a->size)
		memcpy(&number, frame + NUMBER, sizeof(number));
	if (number >= a->round || memcmp(frame, arena_frame(a, number), a->size) != 0) {
		a->bad++;
		return;
	}
	a->lost += (number + a->round - a->seen) % a->round;
	a->seen = (number + 1) % a->round;
}

void
arena_received(struct arena *a, uint32_t len)
{
	const uint8_t *buf = rx_buffer(a, a->rx_oldest);
	struct virtio_net_hdr_v1 hdr;

	a->rx_oldest = a->rx_oldest + 1 == a->n ? 0 : a->rx_oldest + 1;
	memcpy(&hdr, buf, sizeof(hdr));
	/* librte_vhost sets num_buffers with MRG_RXBUF only. */
	if (len < ARENA_HDR || hdr.flags != 0 || hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		a->bad++;
	else
		arena_check(a, buf + ARENA_HDR, len - ARENA_HDR);
}
