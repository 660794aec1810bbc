/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Shadow virtqueues between a guest and a NIC that both do as they like: an input is a queue and
 * what is done to it. The ring, the translation of headers and the completions are all reached.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_log.h>

#include "fuzz.h"
#include "memnic.h"

#define LOW UINT64_C(0x10000) /* rings, then anything */
#define LOW_BYTES 0x8000u
#define HIGH UINT64_C(0x20000)
#define HIGH_BYTES 0x4000u
#define AVAIL_OFF 0x1000u
#define USED_OFF 0x1800u
#define REST_OFF 0x2000u /* of the low region */
#define MAX_RING 64u
#define MKEY 0x1234u

/* The input, a piece at a time; zeroes behind its end. */
static const uint8_t *in;
static size_t left;

static struct hf_svq_mem *mem;
static uint8_t *low, *high, *log_bits;
static struct hf_svq *q;
static struct hf_svq_ring ring;
static bool rx, packed;
static bool compresses; /* the NIC, completions */
static int callfd; /* nobody reads it: it gets full */
static struct hf_evch events; /* of the NIC: none ever comes */
static uint16_t next; /* where the guest adds */
static uint16_t cursor; /* split: the next descriptor */

/* In the guest's byte order. */
static uint16_t
order_16(uint16_t v)
{
	return ring.big_endian ? rte_cpu_to_be_16(v) : rte_cpu_to_le_16(v);
}

static uint32_t
order_32(uint32_t v)
{
	return ring.big_endian ? rte_cpu_to_be_32(v) : rte_cpu_to_le_32(v);
}

static uint64_t
order_64(uint64_t v)
{
	return ring.big_endian ? rte_cpu_to_be_64(v) : rte_cpu_to_le_64(v);
}

static uint8_t
u8(void)
{
	if (left == 0)
		return 0;
	left--;
	return *in++;
}

static uint16_t
u16(void)
{
	uint16_t v = u8();

	return (uint16_t)(v << 8 | u8());
}

static void
fault(const char *what, int n)
{
	fprintf(stderr, "fuzz-svq: %s: %d\n", what, n);
	abort();
}

/* An address: mostly in one of the regions, now and then outside or at an end. */
static uint64_t
address(void)
{
	uint16_t v = u16();

	switch (v >> 14) {
	case 0:
		return LOW + REST_OFF + v % (LOW_BYTES - REST_OFF);
	case 1:
		return HIGH + HIGH_BYTES - v % 64;
	case 2:
		return v & 1 ? UINT64_MAX - (v & 0xff) : v;
	default:
		return HIGH + v % HIGH_BYTES;
	}
}

static uint8_t *
at(uint64_t gpa)
{
	if (gpa >= LOW && gpa < LOW + LOW_BYTES)
		return low + (gpa - LOW);
	return gpa >= HIGH && gpa < HIGH + HIGH_BYTES ? high + (gpa - HIGH) : NULL;
}

static void
step_position(uint16_t n)
{
	uint16_t i = (uint16_t)((next & 0x7fff) + n);

	if (!packed)
		next += n;
	else if (i >= ring.size)
		next = (uint16_t)((i - ring.size) | (~next & 0x8000));
	else
		next = (uint16_t)(i | (next & 0x8000));
}

/* Tables may be anywhere. */
static void
desc_write(void *d, uint64_t addr, uint32_t len, uint16_t flags, uint16_t id_or_next)
{
	const struct vring_packed_desc p = {
		.addr = addr, .len = len, .id = id_or_next, .flags = flags};
	const struct vring_desc s = {.addr = order_64(addr),
		.len = order_32(len),
		.flags = order_16(flags),
		.next = order_16(id_or_next)};

	_Static_assert(sizeof(p) == sizeof(s), "either is 16 bytes");
	memcpy(d, packed ? (const void *)&p : &s, sizeof(p));
}

static uint16_t
avail_flags(void)
{
	return next & 0x8000 ? 1u << VRING_PACKED_DESC_F_AVAIL : 1u << VRING_PACKED_DESC_F_USED;
}

/* A chain as a driver makes it, but for what the input says of addresses and lengths. */
static void
act_chain(void)
{
	uint8_t what = u8();
	unsigned int i, n = 1 + (what & 7);
	uint16_t first = cursor % ring.size,
		 dir = rx != ((what & 64) != 0) ? VRING_DESC_F_WRITE : 0;

	for (i = 0; i < n; i++) {
		uint16_t flags = dir | (i + 1 < n ? VRING_DESC_F_NEXT : 0);
		uint64_t addr = address();
		uint32_t len = u16();

		if ((what & 8) != 0 && i + 1 == n)
			flags |= VRING_DESC_F_INDIRECT;
		if ((what & 16) != 0)
			len = 1600;
		if (packed) {
			desc_write(low + (next & 0x7fffu) * 16, addr, len, flags | avail_flags(),
				what & 32 ? u8() : cursor % ring.size);
			step_position(1);
		} else {
			desc_write(low + cursor % ring.size * 16u, addr, len, flags,
				(uint16_t)((cursor + 1u) % ring.size));
		}
		cursor++;
	}
	if (!packed) {
		struct vring_avail *avail = (void *)(low + AVAIL_OFF);

		avail->ring[next++ % ring.size] = order_16(what & 32 ? u8() : first);
		avail->idx = order_16(next);
	}
}

/* A table somewhere, with a plain descriptor of the ring that refers to it. */
static void
act_table(void)
{
	uint64_t table = LOW + REST_OFF + u16() % 0x1000u;
	unsigned int i, n = 1 + u8() % 8;

	for (i = 0; i < n; i++) {
		uint8_t odd = u8();
		uint16_t flags =
			(rx ? VRING_DESC_F_WRITE : 0) | (i + 1 < n ? VRING_DESC_F_NEXT : 0);
		uint64_t addr = address();

		desc_write(at(table + i * 16), addr, u16(), odd == 255 ? flags ^ u8() : flags,
			odd == 254 ? u8() : (uint16_t)(i + 1));
	}
	if (packed) {
		desc_write(low + (next & 0x7fffu) * 16, table, n * 16,
			VRING_DESC_F_INDIRECT | avail_flags(), cursor++ % ring.size);
		step_position(1);
	} else {
		struct vring_avail *avail = (void *)(low + AVAIL_OFF);

		desc_write(low + cursor % ring.size * 16u, table, n * 16, VRING_DESC_F_INDIRECT, 0);
		avail->ring[next++ % ring.size] = order_16(cursor++ % ring.size);
		avail->idx = order_16(next);
	}
}

static void
act_raw(void)
{
	uint16_t off = u16() % (LOW_BYTES - 64);
	unsigned int n = u8() % 64;

	while (n-- > 0)
		low[off++] = u8();
}

/* A header, and a frame of a kind behind it. */
static void
act_packet(void)
{
	static const uint8_t frames[][64] = {
		{[12] = 0x08, 0x00, 0x45, [23] = 6, [46] = 0x50},
		{[12] = 0x86, 0xdd, 0x60, [20] = 17},
		{[12] = 0x81, 0x00, 0, 1, 0x08, 0x00, 0x46, [27] = 17},
		{[12] = 0x86, 0xdd, 0x60, [20] = 6},
	};
	uint8_t *p = at(address());
	uint8_t kind = u8();
	struct virtio_net_hdr_v1 h = {.flags = kind >> 2 & 7, .gso_type = kind >> 5};

	h.gso_size = order_16(u8());
	h.csum_start = order_16(kind & 16 ? 34 : u16());
	h.csum_offset = order_16(kind & 16 ? 16 : u8());
	if (p == NULL || p > high + HIGH_BYTES - 100)
		p = high;
	memcpy(p, &h, sizeof(h));
	memcpy(p + (ring.features >> VIRTIO_F_VERSION_1 & 1 ? 12 : 10), frames[kind & 3], 64);
}

static void
check(void)
{
	if (hf_svq_error(q) != 0 && hf_svq_poll(q, 8) != 0)
		fault("serves on after an error", hf_svq_error(q));
}

/* One frame; or some at once, where completions are compressed. */
static void
nic_receive(uint8_t what)
{
	uint32_t len[2 + UINT8_MAX / 32];
	unsigned int i, n = compresses && (what & 16) != 0 ? 2 + what / 32u : 1;

	for (i = 0; i < n; i++)
		len[i] = u16() % 10000;
	memnic_receive(len, n, what);
}

/* The first completion that the NIC made up: if no frame can be where it says, the queue stops. */
static void
complete_first(const struct memnic_junk *j)
{
	unsigned int i;

	memnic_complete(j);
	for (i = 0; rx && memnic_counts().lied && hf_svq_error(q) == 0; i++) {
		if (i == 2 * MAX_RING)
			fault("a length beyond the entry is believed", 0);
		hf_svq_poll(q, MAX_RING);
	}
}

static void
act_nic(void)
{
	uint8_t what = u8();
	struct memnic_junk j;

	if ((what & 15) != 15 && rx) {
		nic_receive(what);
	} else if ((what & 15) != 15) {
		memnic_send(what);
	} else {
		j.opcode = what >> 4;
		j.syndrome = u8();
		j.other_owner = (u8() & 1) != 0;
		j.counter = (int8_t)u8();
		j.len = (uint32_t)u16() << (what & 16 ? 16 : 0);
		if (memnic_counts().junk)
			memnic_complete(&j);
		else
			complete_first(&j);
	}
}

/* The queue has stopped: each frame that an honest NIC received was given to the guest, once. */
static void
check_frames(void)
{
	const struct memnic_counts c = memnic_counts();
	struct hf_svq_stats st;

	hf_svq_stats(q, &st);
	if (rx && !c.junk && (st.packets != c.frames || st.drop_small != c.too_long))
		fault("frames came otherwise", (int)(st.packets - c.frames));
}

static void
act_restart(void)
{
	uint16_t avail_idx, used_idx;
	int ret;

	while (!rx && memnic_send(64) > 0)
		;
	ret = hf_svq_stop(q, &avail_idx, &used_idx);
	if (ret != 0 || avail_idx != used_idx)
		fault("stop", ret);
	check_frames();
	ring.avail_idx = ring.used_idx = avail_idx;
	ret = hf_svq_start(q, &ring);
	if (ret != 0)
		fault("start", ret);
}

static void
act_control(void)
{
	struct hf_svq_log log = {.bits = log_bits, .size = 8, .used = true, .used_gpa = HIGH};

	switch (u8() % 5) {
	case 0:
		hf_svq_sleep(q);
		break;
	case 1:
		hf_svq_wake(q);
		break;
	case 2:
		hf_svq_set_log(q, &log);
		break;
	case 3:
		hf_svq_set_log(q, NULL);
		break;
	default:
		act_restart();
	}
}

static void
act(void)
{
	static void (*const acts[])(void) = {act_chain, act_chain, act_table, act_packet, act_nic,
		act_nic, act_raw, act_control};
	uint8_t what = u8();

	if ((what & 8) != 0)
		acts[what & 7]();
	hf_svq_poll(q, what >> 4);
	check();
}

static int
init(void)
{
	rte_log_set_global_level(RTE_LOG_EMERG);
	callfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	mem = malloc(sizeof(*mem) + 2 * sizeof(mem->r[0]));
	return mem == NULL || callfd < 0 ? -ENOMEM : 0;
}

/* In pieces of their own, so that a sanitizer sees where they end. */
static void
memory_open(void)
{
	low = aligned_alloc(16, LOW_BYTES);
	high = aligned_alloc(16, HIGH_BYTES);
	log_bits = calloc(1, 8);
	if (low == NULL || high == NULL || log_bits == NULL)
		fault("no memory", 0);
	memset(low, 0, LOW_BYTES);
	memset(high, 0, HIGH_BYTES);
	mem->mkey = MKEY;
	mem->n = 2;
	mem->r[0] = (struct hf_svq_region){LOW, LOW_BYTES, low};
	mem->r[1] = (struct hf_svq_region){HIGH, HIGH_BYTES, high};
	memnic_set_mem(mem);
}

/* And the NIC, and the MTU. */
static uint16_t
ring_choose(void)
{
	static const uint8_t bits[] = {VIRTIO_F_RING_PACKED, VIRTIO_RING_F_EVENT_IDX,
		VIRTIO_RING_F_INDIRECT_DESC, VIRTIO_F_IN_ORDER, VIRTIO_NET_F_MRG_RXBUF,
		VIRTIO_F_VERSION_1};
	uint8_t features = u8(), size = u8(), kind;
	unsigned int i;

	ring = (struct hf_svq_ring){.desc = LOW,
		.avail = LOW + AVAIL_OFF,
		.used = LOW + USED_OFF,
		.mem = mem,
		.callfd = callfd};
	for (i = 0; i < RTE_DIM(bits); i++)
		ring.features |= (uint64_t)(features >> i & 1) << bits[i];
	rx = (features & 64) != 0;
	packed = (features & 1) != 0;
	if (features & 128)
		ring.features |= UINT64_C(1) << VIRTIO_NET_F_CSUM |
			UINT64_C(1) << VIRTIO_NET_F_HOST_TSO4 |
			UINT64_C(1) << VIRTIO_NET_F_HOST_TSO6 |
			UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM;
	ring.size = packed ? 1 + size % MAX_RING : 1u << size % 7;
	next = packed ? u8() % ring.size | 0x8000u : u16();
	ring.avail_idx = ring.used_idx = next;
	kind = u8();
	compresses = (kind & 8) != 0;
	memnic_set_kind(&(struct memnic_kind){.multi_packet = (kind & 4) != 0,
		.compression = compresses,
		.min_inline = (kind & 16) != 0 ? 18 : 0});
	ring.big_endian = (kind & 2) != 0 && !packed && !(ring.features >> VIRTIO_F_VERSION_1 & 1);
	if (!packed)
		((struct vring_avail *)(low + AVAIL_OFF))->idx = order_16(next);
	return kind & 1 ? 9000 : 1500;
}

static void
run(const uint8_t *data, size_t size)
{
	struct hf_svq_attr attr = {.name = "fuzz", .size = MAX_RING, .ch = &events};
	int ret;

	in = data;
	left = size;
	cursor = 0;
	memory_open();
	attr.mtu = ring_choose();
	attr.rx = rx;
	attr.narrow = rx && (size & 1) != 0;
	ret = hf_svq_create(&attr, &q);
	if (ret != 0)
		fault("create", ret);
	ret = hf_svq_start(q, &ring);
	if (ret == 0) {
		while (left > 0)
			act();
		act_restart();
	} else if (!(rx && ring.features >> VIRTIO_F_IN_ORDER & 1)) {
		fault("start", ret);
	}
	while (!rx && memnic_send(64) > 0)
		;
	if (hf_svq_destroy(q) != 0)
		fault("destroy", 0);
	free(low);
	free(high);
	free(log_bits);
}

/* Of each kind of ring, direction and NIC: buffers, some rounds, and a restart in between. */
static size_t
seed(unsigned int n, uint8_t *data, size_t max)
{
	/* As ring_choose() reads them: features, kind. */
	static const uint8_t kinds[][2] = {
		{0x20, 1},
		{0x21, 0},
		{0x26, 0},
		{0x27, 1},
		{0x28, 0},
		{0x29, 0},
		{0xa6, 1},
		{0xa7, 0},
		{0x60, 0},
		{0x61, 1},
		{0x70, 0},
		{0x71, 0},
		{0x76, 1},
		{0x77, 0},
		{0x68, 0},
		{0x69, 1},
		{0xf2, 0},
		{0xf3, 0},
		{0x00, 1},
		{0x41, 0},
		{0x86, 2},
		{0xd6, 3},
		{0x40, 2},
		{0x20, 4},
		{0x21, 4},
		{0xa6, 4},
		{0x29, 4},
		{0x86, 6},
		{0xa6, 16},
		{0xa7, 16},
		{0x60, 8},
		{0x61, 8},
		{0x70, 8},
		{0x77, 9},
		{0xc2, 10},
	};
	static const uint8_t round[] = {
		0x88, 0x10, 0xc0, 0x00, 0x01, 0x00, /* a chain of one, 1600 bytes */
		0x88, 0x01, 0xc8, 0x00, 0x00, 12, 0xc8, 12, 0x00, 90, /* of two */
		0x8a, 0x00, 0x20, 2, 0, 0xd0, 0, 0, 64, 0, 0xd1, 0, 0, 64, 0, 0xd2, 0, 0, 64, 0x8b,
		0xc0, 0x00, 0x24, 100, /* checksum by the NIC */
		0xfc, 3, 0x00, 0x40, 0xfc, 0x20, 0x05, 0x00, /* the NIC, twice */
	};
	static const uint8_t burst[] = {
		0x08, 0x10, 0xc0, 0x00, 0x01, 0x00, 0x08, 0x10, 0xc1, 0x00, 0x01, 0x00, 0x88, 0x10,
		0xc2, 0x00, 0x01, 0x00, /* three chains of one at once */
	};
	static const uint8_t frames[] = {0xfc, 0x33, 0, 60, 0, 90, 4, 0}; /* three at once */
	size_t at_byte = 0;
	unsigned int i;

	if (n >= RTE_DIM(kinds) || max < 1024)
		return 0;
	data[at_byte++] = kinds[n][0];
	data[at_byte++] = 5;
	data[at_byte++] = 7;
	if ((kinds[n][0] & 1) == 0)
		data[at_byte++] = 3;
	data[at_byte++] = kinds[n][1];
	for (i = 0; i < 6; i++) {
		memcpy(data + at_byte, round, sizeof(round));
		at_byte += sizeof(round);
		memcpy(data + at_byte, burst, sizeof(burst));
		at_byte += sizeof(burst);
		if ((kinds[n][1] & 8) != 0) {
			memcpy(data + at_byte, frames, sizeof(frames));
			at_byte += sizeof(frames);
		}
		if (i == 3) {
			data[at_byte++] = 0x0f; /* restart, with a log */
			data[at_byte++] = 5;
			data[at_byte++] = 0x0f;
			data[at_byte++] = 2;
		}
	}
	return at_byte;
}

const struct fuzz_target fuzz_target = {
	.name = "svq",
	.init = init,
	.run = run,
	.seed = seed,
};
