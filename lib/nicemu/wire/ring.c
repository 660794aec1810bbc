/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "ring.h"

#include <errno.h>
#include <string.h>

#define ALIGN 8u
#define HEAD sizeof(uint64_t) /* of a frame: its length */
#define TELL (RING_BYTES / 8) /* bytes read before the sender hears of it */

static uint64_t
room_of(uint32_t len)
{
	return HEAD + ((uint64_t)len + ALIGN - 1) / ALIGN * ALIGN;
}

static uint8_t *
place(struct ring *r, uint64_t pos)
{
	return r->data + pos % RING_BYTES;
}

/* The length word of a frame never wraps, since all lies on 8 bytes. */
static _Atomic uint64_t *
word(struct ring *r, uint64_t pos)
{
	return (_Atomic uint64_t *)(void *)place(r, pos);
}

/* Bytes from a position to the end of the memory. */
static uint32_t
to_end(uint64_t pos)
{
	return RING_BYTES - (uint32_t)(pos % RING_BYTES);
}

int
ring_put(struct ring_tx *tx, const void *frame, uint32_t len)
{
	uint64_t need = room_of(len), head, at = tx->tail + HEAD;
	uint32_t part = to_end(at);

	if (RING_BYTES - (tx->tail - tx->head) < need) {
		head = atomic_load_explicit(&tx->ring->head, memory_order_acquire);
		/* it lies between what we knew and what we sent */
		if (tx->tail - head > tx->tail - tx->head)
			return -EPROTO;
		tx->head = head;
		if (RING_BYTES - (tx->tail - tx->head) < need)
			return -ENOSPC;
	}
	if (part > len)
		part = len;
	atomic_store_explicit(word(tx->ring, tx->tail), len, memory_order_relaxed);
	memcpy(place(tx->ring, at), frame, part);
	memcpy(tx->ring->data, (const uint8_t *)frame + part, len - part);
	tx->tail += need;
	atomic_store_explicit(&tx->ring->tail, tx->tail, memory_order_release);
	return 0;
}

bool
ring_wakes(struct ring_tx *tx)
{
	/* the receiver sets 'asleep' and then looks at the tail: the other way round */
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&tx->ring->asleep, memory_order_relaxed) != 0 &&
		atomic_exchange(&tx->ring->asleep, 0) != 0;
}

static void
tell(struct ring_rx *rx)
{
	if (rx->told == rx->head)
		return;
	rx->told = rx->head;
	atomic_store_explicit(&rx->ring->head, rx->head, memory_order_release);
}

/* 0, or -EPROTO: what the sender says it filled is more than there is, or no whole frames. */
static int
look(struct ring_rx *rx)
{
	uint64_t tail = atomic_load_explicit(&rx->ring->tail, memory_order_acquire);

	if (tail - rx->head > RING_BYTES || tail % ALIGN != 0)
		return -EPROTO;
	rx->tail = tail;
	return 0;
}

int
ring_get(struct ring_rx *rx, void *buf, uint32_t max)
{
	uint64_t len, at = rx->head + HEAD;
	uint32_t part = to_end(at);

	if (rx->head == rx->tail) {
		tell(rx);
		if (look(rx) != 0)
			return -EPROTO;
		if (rx->head == rx->tail)
			return 0;
	}
	len = atomic_load_explicit(word(rx->ring, rx->head), memory_order_relaxed);
	if (len == 0 || len > max || room_of((uint32_t)len) > rx->tail - rx->head)
		return -EPROTO;
	if (part > len)
		part = (uint32_t)len;
	memcpy(buf, place(rx->ring, at), part);
	memcpy((uint8_t *)buf + part, rx->ring->data, (uint32_t)len - part);
	rx->head += room_of((uint32_t)len);
	if (rx->head - rx->told >= TELL)
		tell(rx);
	return (int)len;
}

bool
ring_arm(struct ring_rx *rx)
{
	tell(rx);
	atomic_store(&rx->ring->asleep, 1);
	atomic_thread_fence(memory_order_seq_cst);
	return rx->head != rx->tail ||
		atomic_load_explicit(&rx->ring->tail, memory_order_relaxed) != rx->head;
}

void
ring_disarm(struct ring_rx *rx)
{
	atomic_store_explicit(&rx->ring->asleep, 0, memory_order_relaxed);
}
