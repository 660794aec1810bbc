/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a program does besides requests: it writes rings and rings doorbells while queues run, and
 * takes memory away from under them.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "fw/fw.h"
#include "mem/mem.h"
#include "run.h"
#include "uverbs/file.h"

#define RING_AVAIL 0x1000u
#define RING_USED 0x2000u
#define RING_ENTRIES FW_RING_SIZE
#define CQ_DOORBELL 0x20u /* mlx5dv.h MLX5_CQ_DOORBELL */
#define QP_DBR 0x41000u /* of the umem: build_qp_sw() of fw_build.c, as CQ_DBR */
#define CQ_DBR 0x1000u
#define SQ_RING 0x140000u /* of the umem: build_sq() */
#define SQ_DBR (SQ_RING + 0x1000u)
#define SQ_BLOCKS 64u
#define RQ_RING 0x160000u /* build_rq(): entries of two segments */
#define RQ_DBR (RQ_RING + 0x1000u)
#define RQ_ENTRIES 64u
#define RQ_ENTRY_BYTES 32u
#define SQ_BELL 0x800u /* mlx5dv.h MLX5_BF_OFFSET */
#define MAX_WAIT_US 3000u
#define STEP_WAIT_US 100u
#define MAX_SPIN 512u

enum ring_action {
	RING_DESC, /* descriptor pos of queue a: value is offset, length, flags, next */
	RING_PACKED, /* the same of a packed ring: offset, length, id, flags */
	RING_OFFER, /* head pos goes into the available ring of queue a */
	RING_BYTES, /* of the rings of queue a, at pos: value, 1 to 8 bytes */
	RING_BUFFER, /* the same in the buffers, at pos * 16 */
	RING_FRAME, /* a frame (see put_frame()) at buffer pos * 16 */
	RING_TABLE, /* a descriptor of an indirect table: as RING_DESC, in the buffers at pos * 16
		     */
	RING_DOORBELL, /* of the context, all VARs */
	RING_ARM, /* completion queues: arm and ring */
	RING_POST, /* receive work requests of the event channel */
	RING_WAIT, /* until nothing moves any more, for a while */
	RING_SPIN, /* change bytes of a ring to and fro while the queue runs */
	RING_ENTRY, /* an entry of the send queue (see put_entry()), and perhaps its doorbell */
	RING_TAKE, /* an entry of the receive queue (see put_buffers()) */
	RING_ACTIONS
};

static uint8_t *
ring(struct run *r, unsigned int ctx, unsigned int queue)
{
	return r->mem[MEM_SHARED] + (ctx * RUN_QUEUES + queue % RUN_QUEUES) * MEM_RING;
}

/* value: 24 bits of offset from the start of the buffers (top bit: not translated), 20 of length.
 */
static uint64_t
address(uint64_t value)
{
	uint64_t off = value & 0xffffff;

	return off & 0x800000 ? off << 40 : MEM_IOVA + MEM_BUFS + off;
}

static struct vring_desc
desc_of(uint64_t value)
{
	return (struct vring_desc){.addr = htole64(address(value)),
		.len = htole32((uint32_t)(value >> 24 & 0xfffff)),
		.flags = htole16((uint16_t)(value >> 44 & 0xf)),
		.next = htole16((uint16_t)(value >> 48))};
}

static void
put_desc(uint8_t *table, const struct rec *rec)
{
	struct vring_desc d = desc_of(rec->value);

	memcpy(table + rec->pos % (RING_AVAIL / sizeof(d)) * sizeof(d), &d, sizeof(d));
}

/* value: offset 24 bits, length 16, id 8, flags 8 (AVAIL and USED are the top ones). */
static void
put_packed(uint8_t *table, const struct rec *rec)
{
	uint16_t bits = (uint16_t)(rec->value >> 48);
	struct vring_packed_desc d = {.addr = htole64(address(rec->value)),
		.len = htole32((uint32_t)(rec->value >> 24 & 0xffff)),
		.id = htole16((uint16_t)(rec->value >> 40 & 0xff)),
		.flags = htole16(
			(uint16_t)((bits & 0x3f) | (bits & 0x40) << 1 | (bits & 0x80) << 8))};

	memcpy(table + rec->pos % RING_ENTRIES * sizeof(d), &d, sizeof(d));
}

static void
offer(uint8_t *base, const struct rec *rec)
{
	uint8_t *avail = base + RING_AVAIL;
	uint16_t idx, head = htole16(rec->pos);

	memcpy(&idx, avail + 2, sizeof(idx));
	idx = le16toh(idx);
	memcpy(avail + 4 + idx % RING_ENTRIES * 2, &head, sizeof(head));
	idx = htole16((uint16_t)(idx + 1));
	memcpy(avail + 2, &idx, sizeof(idx));
}

/*
 * value: destination (0..2 a function, else broadcast), bits: IPv6, VLAN, UDP, a header that asks
 * for checksum and segmentation, multicast, an address of nobody; MSS, and length of the headers.
 */
static void
put_frame(struct run *r, uint8_t *at, uint64_t value)
{
	const struct nic *nic = r->ctx[0].f->nic;
	unsigned int dst = value & 3, l3 = 14;
	bool v6 = (value & 4) != 0, vlan = (value & 8) != 0, udp = (value & 16) != 0;
	uint8_t *eth = at + 12;

	memset(at, 0, 128);
	if (value & 32) {
		at[0] = 1; /* VIRTIO_NET_HDR_F_NEEDS_CSUM */
		at[1] = udp ? 0 : v6 ? 4 : 1; /* VIRTIO_NET_HDR_GSO_TCPV6, _TCPV4 */
		at[2] = (uint8_t)(value >> 8);
		at[4] = (uint8_t)(value >> 16);
		at[5] = (uint8_t)(value >> 24 & 0xf);
		at[6] = (uint8_t)(l3 + (v6 ? 40 : 20));
		at[8] = udp ? 6 : 16;
	}
	memset(eth, 0xff, 6);
	if (dst < nic->n_funcs)
		memcpy(eth, &nic->funcs[dst]->vport.mac, 6);
	if (value & 64)
		memcpy(eth, "\x33\x33\x00\x00\x00\x05", 6);
	if (value & 128)
		memcpy(eth, "\x02\x00\x00\x00\x77\x77", 6);
	memcpy(eth + 6, &r->ctx[0].f->vport.mac, 6);
	if (vlan) {
		memcpy(eth + 12, "\x81\x00\x00\x05", 4);
		l3 += 4;
	}
	memcpy(eth + l3 - 2, v6 ? "\x86\xdd" : "\x08\x00", 2);
	eth[l3] = v6 ? 0x60 : 0x45;
	eth[l3 + (v6 ? 6 : 9)] = udp ? 17 : 6;
	eth[l3 + (v6 ? 4 : 2)] = (uint8_t)(value >> 40);
	eth[l3 + (v6 ? 40 : 20) + 12] = 0x50;
}

static void
write_bytes(uint8_t *base, size_t room, const struct rec *rec, size_t at)
{
	size_t len = 1u << rec->a / 16 % 4;
	uint64_t v = htole64(rec->value);

	memcpy(base + at % (room - len), &v, len);
}

static void
doorbell(struct run_ctx *c, uint64_t value)
{
	struct nic_obj *o;

	TAILQ_FOREACH(o, &c->f->objs[NIC_OBJ_VAR], next) {
		_Atomic uint32_t *word = fw_bar_ptr(c->f, ((struct nic_var *)o)->bar_offset);

		atomic_store(word, (uint32_t)value);
	}
}

/* Words of doorbell records, big endian; then the doorbell of each UAR. */
static void
arm(struct run *r, struct run_ctx *c, uint64_t value)
{
	uint8_t *umem = r->mem[MEM_SHARED] + MEM_UMEM + (size_t)(c - r->ctx) * MEM_UMEM_BYTES;
	uint32_t words[2] = {htobe32((uint32_t)value), htobe32((uint32_t)(value >> 32))};
	struct nic_obj *o;

	memcpy(umem + CQ_DBR, words, sizeof(words));
	TAILQ_FOREACH(o, &c->f->objs[NIC_OBJ_UAR], next) {
		uint8_t *page = fw_bar_ptr(c->f, ((struct nic_uar *)o)->bar_offset);

		atomic_store((_Atomic uint64_t *)(void *)(page + CQ_DOORBELL), value | 1);
	}
}

static void
post(struct run *r, struct run_ctx *c, uint64_t value)
{
	uint8_t *umem = r->mem[MEM_SHARED] + MEM_UMEM + (size_t)(c - r->ctx) * MEM_UMEM_BYTES;
	uint32_t word = htobe32((uint32_t)value & 0xffff);

	memcpy(umem + QP_DBR, &word, sizeof(word));
}

static void
ring_uars(struct run_ctx *c)
{
	struct nic_obj *o;

	TAILQ_FOREACH(o, &c->f->objs[NIC_OBJ_UAR], next) {
		uint8_t *page = fw_bar_ptr(c->f, ((struct nic_uar *)o)->bar_offset);

		atomic_store((_Atomic uint64_t *)(void *)(page + SQ_BELL), 1);
	}
}

/* Control segment, Ethernet segment, one or two segments of data: bytes of it. */
static unsigned int
make_entry(struct run_ctx *c, const struct rec *rec, uint16_t pi, uint8_t e[128])
{
	uint32_t seg[4] = {htobe32((uint32_t)(rec->value >> 24 & 0xfffff)),
		htobe32(run_id(c, K_MR, 0, false))};
	uint32_t words[2] = {htobe32((uint32_t)pi << 8 | (rec->a & 4 ? 0xe : 0xa))};
	uint64_t addr = htobe64(address(rec->value));
	unsigned int at = 32;

	memset(e, 0, 128);
	memcpy(seg + 2, &addr, sizeof(addr));
	e[11] = 2 << 2; /* complete it */
	e[20] = rec->a & 8 ? 0xc0 : 0;
	if (rec->a & 4) {
		e[22] = (uint8_t)(rec->value >> 48);
		e[23] = (uint8_t)(rec->value >> 56);
	}
	if (rec->a & 16) {
		e[29] = 18;
		memset(e + 30, 0xff, 12);
		at += 16;
	} else if (rec->a & 32) {
		e[28] = 0x80;
		e[31] = 5;
	}
	memcpy(e + at, seg, sizeof(seg));
	at += 16;
	if (rec->a & 64) {
		memcpy(e + at, "\x80\x00\x00\x14", 4);
		at += 32;
	}
	words[1] = htobe32(run_id(c, K_SQ, 0, false) << 8 | at / 16);
	memcpy(e, words, sizeof(words));
	return at;
}

/*
 * Of the send queue, behind what its doorbell record has. a: bits, the lowest: bytes only (value at
 * pos of the ring); ring the doorbell, TSO, checksums, inline header of 18 bytes, VLAN, a second
 * segment, which is inline. value: address and length as in desc_of(), and MSS.
 */
static void
put_entry(struct run *r, struct run_ctx *c, const struct rec *rec)
{
	uint8_t *umem = r->mem[MEM_SHARED] + MEM_UMEM + (size_t)(c - r->ctx) * MEM_UMEM_BYTES;
	unsigned int len, i;
	uint8_t e[128];
	uint32_t word;
	uint16_t pi;

	memcpy(&word, umem + SQ_DBR + 4, sizeof(word));
	pi = (uint16_t)be32toh(word);
	if (rec->a & 1) {
		write_bytes(umem + SQ_RING, SQ_BLOCKS * 64, rec, rec->pos);
	} else {
		len = make_entry(c, rec, pi, e);
		for (i = 0; i < len; i += 64)
			memcpy(umem + SQ_RING + (pi + i / 64) % SQ_BLOCKS * 64, e + i, 64);
		pi = (uint16_t)(pi + (len + 63) / 64);
	}
	word = htobe32(pi);
	memcpy(umem + SQ_DBR + 4, &word, sizeof(word));
	if (rec->a & 2)
		ring_uars(c);
}

/*
 * Of the receive queue, behind what its doorbell record has. a: bits, the lowest: bytes only (value
 * at pos of the ring); a second buffer, inline data, a key that is none, do not post it. value:
 * address and length as in make_entry().
 */
static void
put_buffers(struct run *r, struct run_ctx *c, const struct rec *rec)
{
	uint8_t *umem = r->mem[MEM_SHARED] + MEM_UMEM + (size_t)(c - r->ctx) * MEM_UMEM_BYTES;
	uint32_t len = (uint32_t)(rec->value >> 24 & 0xfffff), word, seg[8] = {0};
	uint32_t key = htobe32(rec->a & 8 ? 0x77700 : run_id(c, K_MR, 0, false));
	uint64_t addr = htobe64(address(rec->value));
	uint16_t pi;

	memcpy(&word, umem + RQ_DBR, sizeof(word));
	pi = (uint16_t)be32toh(word);
	if (rec->a & 1) {
		write_bytes(umem + RQ_RING, RQ_ENTRIES * RQ_ENTRY_BYTES, rec, rec->pos);
	} else {
		seg[0] = htobe32(rec->a & 4 ? 0x80000000u | len : len);
		seg[1] = key;
		memcpy(seg + 2, &addr, sizeof(addr));
		seg[5] = htobe32(0x100);
		if (rec->a & 2)
			memcpy(seg + 4, seg, 16);
		memcpy(umem + RQ_RING + pi % RQ_ENTRIES * RQ_ENTRY_BYTES, seg, sizeof(seg));
		pi++;
	}
	word = htobe32(pi);
	if ((rec->a & 16) == 0)
		memcpy(umem + RQ_DBR, &word, sizeof(word));
}

static void
nap(unsigned int us)
{
	struct timespec ts = {.tv_nsec = (long)us * 1000};

	nanosleep(&ts, NULL);
}

/* What changes while queues work. */
static uint64_t
moves(struct run *r)
{
	const struct nic *nic = r->ctx[0].f->nic;
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nic->n_funcs; i++) {
		const struct nic_port_stats *s = &nic->funcs[i]->stats;

		sum += s->rx_pkts + s->tx_pkts * 3 + s->tx_dropped * 5 + s->dma_errors * 7 +
			s->rx_no_buffer + s->rx_no_flow + s->rx_oversize;
	}
	return sum;
}

static void
wait_idle(struct run *r)
{
	uint64_t before = moves(r), now;
	unsigned int waited = 0, still = 0;
	bool moved = false;

	while (waited < MAX_WAIT_US && (!moved || still < 2)) {
		nap(STEP_WAIT_US);
		waited += STEP_WAIT_US;
		now = moves(r);
		still = now == before ? still + 1 : 0;
		moved = moved || now != before;
		before = now;
	}
}

static void
spin(uint8_t *base, const struct rec *rec)
{
	volatile uint8_t *at = base + rec->pos % MEM_RING;
	uint8_t was = *at;
	unsigned int i;

	for (i = 0; i < (rec->value >> 8) % MAX_SPIN; i++)
		*at = i & 1 ? was : (uint8_t)rec->value;
}

static void
ring_rec(struct run *r, unsigned int ctx, const struct rec *rec)
{
	uint8_t *base = ring(r, ctx, rec->a), *bufs = r->mem[MEM_SHARED] + MEM_BUFS;
	size_t at = (size_t)rec->pos * 16 % (MEM_UMEM - MEM_BUFS - 256);

	switch ((enum ring_action)(rec->what % RING_ACTIONS)) {
	case RING_DESC:
		put_desc(base, rec);
		break;
	case RING_PACKED:
		put_packed(base, rec);
		break;
	case RING_OFFER:
		offer(base, rec);
		break;
	case RING_BYTES:
		write_bytes(base, MEM_RING, rec, rec->pos);
		break;
	case RING_BUFFER:
		write_bytes(bufs, MEM_UMEM - MEM_BUFS, rec, at);
		break;
	case RING_FRAME:
		put_frame(r, bufs + at, rec->value);
		break;
	case RING_TABLE: {
		struct vring_desc d = desc_of(rec->value);

		memcpy(bufs + at, &d, sizeof(d));
		break;
	}
	case RING_DOORBELL:
		doorbell(&r->ctx[ctx], rec->value);
		break;
	case RING_ARM:
		arm(r, &r->ctx[ctx], rec->value);
		break;
	case RING_POST:
		post(r, &r->ctx[ctx], rec->value);
		break;
	case RING_WAIT:
		wait_idle(r);
		break;
	case RING_ENTRY:
		put_entry(r, &r->ctx[ctx], rec);
		break;
	case RING_TAKE:
		put_buffers(r, &r->ctx[ctx], rec);
		break;
	default:
		spin(base, rec);
	}
}

void
host_ring(struct run *r, const struct step *s)
{
	static struct mem_guard guard;
	volatile unsigned int i;

	for (i = 0; i < s->n; i++) {
		/* the file may have been cut short: then nothing is written */
		if (mem_guard_enter(&guard) == 0)
			ring_rec(r, s->flags & STEP_CTX ? 1 : 0, &s->rec[i]);
		mem_guard_leave();
	}
}

/* ---- the rest ---- */

enum host_action {
	HOST_FAIL, /* the nth command with opcode pos fails, or the nth ioctl: see fail() */
	HOST_FAIL_CLEAR,
	HOST_UNMAP, /* private memory */
	HOST_REMAP,
	HOST_ADVISE,
	HOST_CUT, /* a file behind memory (a odd: the small one) becomes shorter, or longer again */
	HOST_PROTECT, /* private memory: read only, or as it was */
	HOST_REOPEN, /* the device */
	HOST_READ, /* a message of each channel, into 'value' bytes */
	HOST_CLOSE_CHANNEL,
	HOST_MAY_MAP, /* a page of the BAR */
	HOST_MAP_OVER, /* a mapping over private memory */
	HOST_LIFE, /* what the control socket can do to a function: see life() */
	HOST_ACTIONS
};

#define PAGES (MEM_SMALL / NIC_PAGE)

/*
 * As the preload library does it for the application. A page goes once only: afterwards its place
 * may be somebody else's.
 */
static void
unmap(struct run *r, const struct rec *rec)
{
	unsigned int i = (unsigned int)(rec->value % PAGES), n = rec->pos % PAGES + 1;
	uint8_t *p;
	int ret;

	for (; n > 0 && i < PAGES; n--, i++) {
		p = r->mem[MEM_PRIVATE] + (size_t)i * NIC_PAGE;
		if ((r->gone & 1u << i) != 0)
			continue;
		r->gone |= 1u << i;
		if (!mem_hold_munmap(p, NIC_PAGE, &ret))
			munmap(p, NIC_PAGE);
	}
}

/* To a smaller size in place, or (a odd) to another place. */
static void
remap(struct run *r, const struct rec *rec)
{
	unsigned int n = (unsigned int)(rec->value % (PAGES - 1) + 1);
	bool moves = rec->a & 1;
	size_t len = (size_t)(moves ? 2 * PAGES : n) * NIC_PAGE;
	void *ret;

	if (r->gone != 0 ||
		!mem_hold_mremap(r->mem[MEM_PRIVATE], MEM_SMALL, len, moves ? MREMAP_MAYMOVE : 0,
			NULL, &ret) ||
		ret == MAP_FAILED)
		return;
	r->gone = (1u << PAGES) - (moves ? 1u : 1u << n);
	if (moves)
		munmap(ret, len);
}

static void
advise(struct run *r, const struct rec *rec)
{
	static const int advices[] = {MADV_DONTNEED, MADV_FREE, MADV_NORMAL};
	int advice = advices[rec->value % 3], ret;

	if (r->gone == 0 && !mem_hold_madvise(r->mem[MEM_PRIVATE], MEM_SMALL, advice, &ret))
		madvise(r->mem[MEM_PRIVATE], MEM_SMALL, advice);
}

static void
protect(struct run *r, const struct rec *rec)
{
	if (r->gone == 0)
		mprotect(r->mem[MEM_PRIVATE], MEM_SMALL,
			rec->value & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
}

static void
cut(struct run *r, const struct rec *rec)
{
	bool small = rec->a & 1;
	off_t max = small ? MEM_SMALL : MEM_BYTES;

	if (ftruncate(small ? r->file : r->shared, (off_t)(rec->value % (uint64_t)(max + 1))) != 0)
		run_fault(r, "the file cannot be cut: %s", strerror(errno));
}

/* A mapping at a place that is pinned is refused, at any other it is none of the NIC's business. */
static void
map_over(struct run *r)
{
	void *ret;

	mem_hold_mmap_fixed(r->mem[MEM_PRIVATE], MEM_SMALL, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, &ret);
}

/* What waits in all channels, one message of each; it need not fit. */
static void
drain(struct run_ctx *c, size_t room)
{
	uint8_t msg[4096];
	unsigned int k, i;
	ssize_t ret;

	for (k = K_CHAN; k <= K_COMP; k++) {
		for (i = 0; i < RUN_SLOTS; i++) {
			int fd = (int)c->slot[k][i].handle;

			if (c->slot[k][i].live && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
				file_read(fd, msg, room < sizeof(msg) ? room : sizeof(msg), &ret);
		}
	}
}

static void
close_channel(struct run_ctx *c, const struct rec *rec)
{
	struct slot *s = run_pick(c, K_CHAN + rec->a % 4, rec->pos % 4, false);

	if (s == NULL || !file_is_ours((int)s->handle))
		return;
	close((int)s->handle);
	s->live = false;
	file_closed();
}

static void
fail(struct run *r, unsigned int func, const struct rec *rec)
{
	unsigned int nth = rec->value % 16 + 1, status = rec->value >> 8 & 0xff;

	static const char *const events[] = {"lost", "delay=1", "error"};

	switch (rec->a % 4) {
	case 0:
		run_ask(r, "fail ioctl:any:%u:EIO", nth);
		break;
	case 3:
		run_ask(r, "fail %u/event:%u:%s", func, nth, events[status % 3]);
		break;
	case 1:
		run_ask(r, "fail %u/0x%x:%u:die", func, rec->pos & 0xfff, nth);
		break;
	default:
		run_ask(r, "fail %u/0x%x:%u:0x%x", func, rec->pos & 0xfff, nth, status);
	}
}

static void
life(struct run *r, unsigned int func, const struct rec *rec)
{
	static const char *const words[] = {"kill %u", "unload %u", "revive %u", "link %u down",
		"link %u up", "link %u auto", "link port down", "link port up",
		"pcap start %u /dev/null", "pcap stop %u"};
	char request[64];

	snprintf(request, sizeof(request), words[rec->a % 10], func);
	run_ask(r, "%s", request);
}

static void
host_rec(struct run *r, unsigned int ctx, const struct rec *rec)
{
	struct run_ctx *c = &r->ctx[ctx];

	switch ((enum host_action)(rec->what % HOST_ACTIONS)) {
	case HOST_FAIL:
		fail(r, c->f->idx, rec);
		break;
	case HOST_FAIL_CLEAR:
		run_ask(r, "fail clear");
		break;
	case HOST_UNMAP:
		unmap(r, rec);
		break;
	case HOST_REMAP:
		remap(r, rec);
		break;
	case HOST_ADVISE:
		advise(r, rec);
		break;
	case HOST_CUT:
		cut(r, rec);
		break;
	case HOST_PROTECT:
		protect(r, rec);
		break;
	case HOST_REOPEN:
		run_reopen(r, ctx);
		break;
	case HOST_READ:
		drain(c, (size_t)rec->value);
		break;
	case HOST_CLOSE_CHANNEL:
		close_channel(c, rec);
		break;
	case HOST_MAY_MAP:
		file_may_map(c->fd, (size_t)rec->value, (off_t)((uint64_t)rec->pos << 12));
		break;
	case HOST_MAP_OVER:
		map_over(r);
		break;
	default:
		life(r, c->f->idx, rec);
	}
}

void
host_act(struct run *r, const struct step *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		host_rec(r, s->flags & STEP_CTX ? 1 : 0, &s->rec[i]);
}

const char *
host_name(bool of_ring, const struct rec *rec)
{
	static const char *const ring_names[RING_ACTIONS] = {"desc", "packed", "offer", "bytes",
		"buffer", "frame", "table", "doorbell", "arm", "post", "wait", "spin", "entry",
		"take"};
	static const char *const host_names[HOST_ACTIONS] = {"fail", "fail-clear", "unmap", "remap",
		"advise", "cut", "protect", "reopen", "read", "close-channel", "may-map",
		"map-over"};

	return of_ring ? ring_names[rec->what % RING_ACTIONS]
		       : host_names[rec->what % HOST_ACTIONS];
}
