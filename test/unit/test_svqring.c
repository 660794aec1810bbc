/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Rings of shadow virtqueues alone: what a guest's driver offers comes out as chains, and goes back
 * to it; what a hostile one does ends in an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_common.h>

#include "svq_guest.h"
#include "svq_ring.h"
#include "test.h"

#define ALL (F(VIRTIO_F_VERSION_1) | F(VIRTIO_RING_F_INDIRECT_DESC))
#define BE (BIG_ENDIAN_GUEST | F(VIRTIO_RING_F_INDIRECT_DESC))
#define PACKED (ALL | F(VIRTIO_F_RING_PACKED))

static struct guest g;
static struct svq_ring *r;
static struct svq_burst *b;
static uint8_t log_bits[GUEST_HIGH / 4096 / 8 + GUEST_REGION / 4096 / 8];

static int
setup(void)
{
	r = calloc(1, sizeof(*r));
	b = calloc(1, sizeof(*b));
	strcpy(r->name, "ring");
	return r == NULL || b == NULL ? -ENOMEM : guest_open(&g);
}

static void
teardown(void)
{
	guest_close(&g);
	free(b);
	free(r);
}

static int
start(uint64_t features, uint16_t size, uint16_t idx, bool receives)
{
	struct hf_svq_ring attr;

	guest_ring(&g, features, size, idx);
	attr = guest_attr(&g);
	return svq_ring_init(r, &attr, receives);
}

static void
take(unsigned int max)
{
	svq_ring_take(r, r->kind, b, max);
}

/* All chains of the last look, in this order, each with its length. */
static void
give(bool backwards)
{
	struct svq_used u;
	unsigned int i;

	svq_used_begin(r, r->kind, &u);
	for (i = 0; i < b->n; i++) {
		const struct svq_chain *c = &b->c[backwards ? b->n - 1 - i : i];

		svq_used_add(r->kind, &u, c->id, c->slots, r->want ? c->len : 0);
	}
	svq_used_end(r, r->kind, &u);
}

static const uint64_t kinds[] = {ALL, PACKED, ALL | F(VIRTIO_F_IN_ORDER),
	PACKED | F(VIRTIO_F_IN_ORDER), ALL | F(VIRTIO_RING_F_EVENT_IDX),
	PACKED | F(VIRTIO_RING_F_EVENT_IDX), BE, BE | F(VIRTIO_RING_F_EVENT_IDX)};

/* The nth buffer: 1 to 5 pieces in both regions, every third in a table. */
static unsigned int
pieces_of(unsigned int n, bool write, struct piece *p)
{
	unsigned int i, count = 1 + n % 5;

	for (i = 0; i < count; i++)
		p[i] = (struct piece){
			.gpa = (i % 2 == 0 ? GUEST_HIGH : GUEST_BUFFERS) + n % 1000 * 4096 + i,
			.len = 100 + n % 50 + i,
			.write = write,
		};
	return count;
}

static int
chain_check(const struct svq_chain *c, unsigned int n, bool write, int id)
{
	struct piece p[8];
	unsigned int i, count = pieces_of(n, write, p);
	uint32_t len = 0;

	TEST_ASSERT_EQUAL(c->id, id, "buffer %u is %u, not %d", n, c->id, id);
	TEST_ASSERT_EQUAL(c->n, count, "buffer %u has %u pieces", n, c->n);
	for (i = 0; i < count; i++) {
		TEST_ASSERT_EQUAL(c->seg[i].addr, p[i].gpa, "buffer %u piece %u", n, i);
		TEST_ASSERT_EQUAL(c->seg[i].len, p[i].len, "buffer %u piece %u", n, i);
		TEST_ASSERT_EQUAL(c->seg[i].lkey, 77, "buffer %u piece %u", n, i);
		len += p[i].len;
	}
	TEST_ASSERT_EQUAL(c->len, len, "buffer %u: %u bytes", n, c->len);
	return 0;
}

/* Many rounds of a ring in which what is in flight varies; and what comes back is what went. */
static int
rounds(uint64_t features, uint16_t size, uint16_t idx, bool receives)
{
	unsigned int n = 0, first, i, round;
	struct piece p[8];
	struct used_buf u;
	int ids[GUEST_MAX_RING];

	g.table->mkey = 77;
	TEST_ASSERT_SUCCESS(start(features, size, idx, receives), "start");
	for (round = 0; round < 200; round++) {
		for (first = n; n - first < 1 + round % 9; n++) {
			unsigned int count = pieces_of(n, receives, p);
			int id = guest_add(&g, p, count, n % 3 == 0);

			if (id < 0)
				break;
			ids[n - first] = id;
		}
		TEST_ASSERT(n > first, "the driver has no room");
		take(SVQ_BURST);
		TEST_ASSERT_EQUAL(r->error, 0, "error %d", r->error);
		TEST_ASSERT_EQUAL(b->n, n - first, "%u of %u buffers", b->n, n - first);
		for (i = 0; i < b->n; i++)
			if (chain_check(&b->c[i], first + i, receives, ids[i]) != 0)
				return TEST_FAILED;
		TEST_ASSERT(!guest_get(&g, &u), "used before it was");
		give(round % 2 != 0 && (features & F(VIRTIO_F_IN_ORDER)) == 0);
		for (i = 0; i < b->n; i++) {
			TEST_ASSERT(guest_get(&g, &u), "%u of %u came back", i, b->n);
			if ((features & F(VIRTIO_F_IN_ORDER)) == 0)
				TEST_ASSERT_EQUAL(u.len,
					receives ? b->c[round % 2 ? b->n - 1 - i : i].len : 0,
					"%u bytes", u.len);
		}
		TEST_ASSERT(!guest_get(&g, &u), "more than there were");
		TEST_ASSERT_EQUAL(g.used_next, r->next_used, "%#x", r->next_used);
		TEST_ASSERT_EQUAL(r->next_avail, r->next_used, "%#x", r->next_avail);
		TEST_ASSERT_EQUAL(r->taken, 0, "%u slots are out", r->taken);
	}
	return TEST_SUCCESS;
}

static int
test_rounds(void)
{
	unsigned int i, receives;

	for (i = 0; i < RTE_DIM(kinds); i++) {
		bool packed = (kinds[i] & F(VIRTIO_F_RING_PACKED)) != 0;

		for (receives = 0; receives < 2; receives++) {
			if (rounds(kinds[i], 8, packed ? 0x8000 : 0, receives) != 0 ||
				rounds(kinds[i], 64, packed ? 17 : 65530, receives) != 0 ||
				(packed && rounds(kinds[i], 27, 0x8000 | 26, receives) != 0))
				return TEST_FAILED;
		}
	}
	return TEST_SUCCESS;
}

/* Chains that are put back are taken again, in a ring that is full. */
static int
test_untake(void)
{
	unsigned int i, k;
	struct piece p = {GUEST_HIGH, 100, false};

	for (k = 0; k < 2; k++) {
		TEST_ASSERT_SUCCESS(start(kinds[k], 16, k ? 0x8009 : 65529, false), "start");
		for (i = 0; i < 16; i++)
			TEST_ASSERT(guest_add(&g, &p, 1, i == 12) >= 0, "add");
		take(10);
		TEST_ASSERT_EQUAL(b->n, 10, "%u", b->n);
		svq_ring_untake(r, r->kind, b, 3);
		TEST_ASSERT_EQUAL(r->taken, 3, "%u", r->taken);
		take(SVQ_BURST);
		TEST_ASSERT_EQUAL(b->n, 13, "%u", b->n);
		TEST_ASSERT_EQUAL(r->taken, 16, "%u", r->taken);
		TEST_ASSERT_EQUAL(r->error, 0, "error %d", r->error);
	}
	return TEST_SUCCESS;
}

/* More pieces than one look has room for: nothing is lost. */
static int
test_many_pieces(void)
{
	struct piece p[64];
	unsigned int i, k, seen;

	for (i = 0; i < RTE_DIM(p); i++)
		p[i] = (struct piece){GUEST_HIGH + i * 4096, 64, false};
	for (k = 0; k < 2; k++) {
		TEST_ASSERT_SUCCESS(start(kinds[k], 1024, k ? 0x8000 : 0, false), "start");
		for (i = 0; i < 30; i++)
			TEST_ASSERT(guest_add(&g, p, i % 4 == 0 ? 20 : 64, i % 2 == 0) >= 0, "add");
		for (seen = 0; seen < 30; seen += b->n) {
			take(SVQ_BURST);
			TEST_ASSERT(b->n > 0 && r->error == 0, "%u seen, error %d", seen, r->error);
		}
	}
	return TEST_SUCCESS;
}

/* --- hostile guests --- */

static struct vring_desc *
desc(unsigned int i)
{
	return (struct vring_desc *)guest_at(&g, g.desc) + i;
}

static struct vring_packed_desc *
pdesc(unsigned int i)
{
	return (struct vring_packed_desc *)guest_at(&g, g.desc) + i;
}

static struct vring_avail *
avail(void)
{
	return guest_at(&g, g.avail);
}

static void
add(unsigned int pieces, bool table)
{
	struct piece p[64];
	unsigned int i;

	for (i = 0; i < pieces; i++)
		p[i] = (struct piece){GUEST_HIGH + i * 4096, 64, false};
	guest_add(&g, p, pieces, table);
}

/* The last table that was added. */
static void *
table(unsigned int i)
{
	uint64_t at = g.packed ? pdesc((g.next & 0x7fff) - 1u)->addr
			       : desc(avail()->ring[(g.next - 1u) % g.size])->addr;

	return guest_at(&g, at + i * 16);
}

static void
split_idx_jumps(void)
{
	avail()->idx += 17;
}
static void
split_idx_back(void)
{
	add(1, false);
	avail()->idx -= 2;
}
/* What lies behind the table looks like a descriptor. */
static void
split_head(void)
{
	add(1, false);
	*desc(16) = *desc(avail()->ring[0]);
	avail()->ring[0] = 16;
}
static void
split_twice(void)
{
	add(1, false);
	avail()->ring[1] = avail()->ring[0];
	avail()->idx++;
}
static void
split_next(void)
{
	add(2, false);
	*desc(16) = *desc(desc(avail()->ring[0])->next);
	desc(avail()->ring[0])->next = 16;
}
static void
split_loop(void)
{
	add(2, false);
	desc(desc(avail()->ring[0])->next)->flags |= VRING_DESC_F_NEXT;
	desc(desc(avail()->ring[0])->next)->next = avail()->ring[0];
}
static void
split_self(void)
{
	add(1, false);
	desc(avail()->ring[0])->flags |= VRING_DESC_F_NEXT;
	desc(avail()->ring[0])->next = avail()->ring[0];
}
static void
split_write(void)
{
	add(2, false);
	desc(desc(avail()->ring[0])->next)->flags |= VRING_DESC_F_WRITE;
}
static void
split_empty(void)
{
	add(2, false);
	desc(desc(avail()->ring[0])->next)->len = 0;
}
static void
split_long(void)
{
	add(3, false);
	desc(avail()->ring[0])->len = UINT32_MAX;
}
static void
good_table(void)
{
	add(2, true);
}
static void
split_table_and_next(void)
{
	add(2, true);
	desc(avail()->ring[0])->flags |= VRING_DESC_F_NEXT;
}
static void
split_table_odd(void)
{
	add(2, true);
	desc(avail()->ring[0])->len = 17;
}
static void
split_table_empty(void)
{
	add(2, true);
	desc(avail()->ring[0])->len = 0;
}
static void
split_table_nested(void)
{
	add(2, true);
	((struct vring_desc *)table(1))->flags = VRING_DESC_F_INDIRECT;
}
static void
split_table_next(void)
{
	add(2, true);
	((struct vring_desc *)table(0))->next = 2;
}
static void
split_table_loop(void)
{
	add(2, true);
	((struct vring_desc *)table(1))->flags |= VRING_DESC_F_NEXT;
	((struct vring_desc *)table(1))->next = 1;
}
static void
split_table_outside(void)
{
	add(2, true);
	desc(avail()->ring[0])->addr = GUEST_LOW + GUEST_REGION - 16;
	*(struct vring_desc *)guest_at(&g, GUEST_LOW + GUEST_REGION - 16) =
		(struct vring_desc){GUEST_HIGH, 64, VRING_DESC_F_NEXT, 1};
}
static void
split_table_nowhere(void)
{
	add(2, true);
	desc(avail()->ring[0])->addr = UINT64_MAX - 8;
}
static void
split_table_write(void)
{
	add(2, true);
	((struct vring_desc *)table(1))->flags |= VRING_DESC_F_WRITE;
}
static void
packed_twice(void)
{
	add(1, false);
	add(1, false);
	pdesc(1)->id = pdesc(0)->id;
}
static void
packed_endless(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		add(1, false);
	for (i = 0; i < 16; i++)
		pdesc(i)->flags |= VRING_DESC_F_NEXT;
}
/* All are taken, and the first is made available for the next round before it was used. */
static void
packed_lap(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		add(1, false);
	take(SVQ_BURST);
	pdesc(0)->flags ^= 1u << VRING_PACKED_DESC_F_AVAIL | 1u << VRING_PACKED_DESC_F_USED;
}
/* The same as another buffer than any that is taken. */
static void
packed_lap_anew(void)
{
	packed_lap();
	pdesc(0)->id = 999;
}
static void
packed_write(void)
{
	add(2, false);
	pdesc(1)->flags |= VRING_DESC_F_WRITE;
}
static void
packed_empty(void)
{
	add(1, false);
	pdesc(0)->len = 0;
}
static void
packed_long(void)
{
	add(3, false);
	pdesc(0)->len = UINT32_MAX;
}
static void
packed_table_and_next(void)
{
	add(2, true);
	pdesc(0)->flags |= VRING_DESC_F_NEXT;
}
static void
packed_table_odd(void)
{
	add(2, true);
	pdesc(0)->len = 31;
}
static void
packed_table_nested(void)
{
	add(2, true);
	((struct vring_packed_desc *)table(1))->flags = VRING_DESC_F_INDIRECT;
}
static void
packed_table_outside(void)
{
	add(2, true);
	pdesc(0)->addr = GUEST_LOW - 16;
}
static void
packed_table_huge(void)
{
	unsigned int i;
	struct vring_packed_desc *t = guest_at(&g, GUEST_BUFFERS);

	add(1, true);
	for (i = 0; i < 300; i++)
		t[i] = (struct vring_packed_desc){.addr = GUEST_HIGH, .len = 64};
	pdesc(0)->addr = GUEST_BUFFERS;
	pdesc(0)->len = 300 * 16;
}

static const struct hostile {
	const char *name;
	uint64_t features;
	void (*act)(void);
	int error;
} hostile[] = {
	{"the index jumps over the ring", ALL, split_idx_jumps, -EPROTO},
	{"the index goes back", ALL, split_idx_back, -EPROTO},
	{"a head beyond the table", ALL, split_head, -EPROTO},
	{"a head twice", ALL, split_twice, -EPROTO},
	{"a next beyond the table", ALL, split_next, -EPROTO},
	{"a loop of two", ALL, split_loop, -EPROTO},
	{"a loop of one", ALL, split_self, -EPROTO},
	{"a piece to write to", ALL, split_write, -EPROTO},
	{"an empty piece", ALL, split_empty, -EPROTO},
	{"4 GiB and more", ALL, split_long, -EPROTO},
	{"a table with a next", ALL, split_table_and_next, -EPROTO},
	{"a table of 17 bytes", ALL, split_table_odd, -EPROTO},
	{"a table of none", ALL, split_table_empty, -EPROTO},
	{"a table in a table", ALL, split_table_nested, -EPROTO},
	{"a table left", ALL, split_table_next, -EPROTO},
	{"a loop in a table", ALL, split_table_loop, -EPROTO},
	{"a table that leaves the memory", ALL, split_table_outside, -EFAULT},
	{"a table at the end of all", ALL, split_table_nowhere, -EFAULT},
	{"a table with a piece to write to", ALL, split_table_write, -EPROTO},
	{"a table not negotiated", F(VIRTIO_F_VERSION_1), good_table, -EPROTO},
	{"an id twice", PACKED, packed_twice, -EPROTO},
	{"a chain without end", PACKED, packed_endless, -EPROTO},
	{"a lap too early", PACKED, packed_lap, -EPROTO},
	{"a lap too early by another id", PACKED, packed_lap_anew, -EPROTO},
	{"a piece to write to", PACKED, packed_write, -EPROTO},
	{"an empty piece", PACKED, packed_empty, -EPROTO},
	{"4 GiB and more", PACKED, packed_long, -EPROTO},
	{"a table with a next", PACKED, packed_table_and_next, -EPROTO},
	{"a table of 31 bytes", PACKED, packed_table_odd, -EPROTO},
	{"a table in a table", PACKED, packed_table_nested, -EPROTO},
	{"a table before the memory", PACKED, packed_table_outside, -EFAULT},
	{"a table not negotiated", PACKED & ~F(VIRTIO_RING_F_INDIRECT_DESC), good_table, -EPROTO},
	{"a table of 300", PACKED, packed_table_huge, -E2BIG},
};

/* As a queue takes: any chains, or plain ones before them. How many. */
static unsigned int
take_all(bool plain)
{
	struct svq_plain p;
	unsigned int n = 0;

	if (plain)
		n = svq_ring_take_plain(r, r->kind, &p, 1, SVQ_BURST);
	take(SVQ_BURST);
	return n + b->n;
}

static void
desc_swap(struct vring_desc *d)
{
	*d = (struct vring_desc){rte_bswap64(d->addr), rte_bswap32(d->len), rte_bswap16(d->flags),
		rte_bswap16(d->next)};
}

/* What was written little-endian into a split ring and its tables becomes big-endian. */
static void
ring_swap(void)
{
	uint32_t hint = 0, len;
	struct vring_desc *t;
	unsigned int i;

	for (i = 0; i < g.size; i++) {
		t = (void *)svq_mem_at(g.table, &hint, desc(i)->addr, sizeof(*t));
		len = t != NULL && (desc(i)->flags & VRING_DESC_F_INDIRECT) ? desc(i)->len : 0;
		for (; len >= sizeof(*t); len -= sizeof(*t), t++)
			if ((uint8_t *)t < g.mem + 2 * GUEST_REGION)
				desc_swap(t);
		desc_swap(desc(i));
		avail()->ring[i] = rte_bswap16(avail()->ring[i]);
	}
	avail()->idx = rte_bswap16(avail()->idx);
}

/* What was fine before stays taken, and the ring is served no more. */
static int
hostile_all(bool plain, bool big_endian)
{
	unsigned int i, good, n;
	uint64_t errors = r->errors;

	for (i = 0; i < RTE_DIM(hostile); i++) {
		const struct hostile *h = &hostile[i];

		if (big_endian && (h->features & F(VIRTIO_F_RING_PACKED)) != 0)
			continue;
		TEST_ASSERT_SUCCESS(
			start(h->features, 16, h->features & F(VIRTIO_F_RING_PACKED) ? 0x8000 : 0,
				false),
			"start");
		h->act();
		if (big_endian) {
			ring_swap();
			r->kind = SVQ_SPLIT_BE;
		}
		for (good = 0; good < 16 && r->error == 0; good++) {
			n = take_all(plain);
			TEST_ASSERT(n > 0 || r->error != 0, "%s: no end", h->name);
		}
		TEST_ASSERT_EQUAL(r->error, h->error, "%s: error %d", h->name, r->error);
		TEST_ASSERT_EQUAL(
			r->errors, ++errors, "%s: counted %u", h->name, (unsigned int)r->errors);
		TEST_ASSERT(r->taken <= 16, "%s: %u taken", h->name, r->taken);
	}
	return TEST_SUCCESS;
}

static int
test_hostile(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (hostile_all((i & 1) != 0, (i & 2) != 0) != TEST_SUCCESS)
			return TEST_FAILED;
	return TEST_SUCCESS;
}

/* Buffers to receive into that may not be written, in the ring and in a table. */
static int
test_read_only(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		TEST_ASSERT_SUCCESS(
			start(i & 1 ? PACKED : ALL, 16, i & 1 ? 0x8000 : 0, true), "start");
		add(2, (i & 2) != 0);
		TEST_ASSERT_EQUAL(take_all(i == 0), 0, "%u: taken", i);
		TEST_ASSERT_EQUAL(r->error, -EPROTO, "%u: error %d", i, r->error);
	}
	return TEST_SUCCESS;
}

/* A table across two regions that touch, and a chain that ends in a table. */
static int
test_odd_tables(void)
{
	uint64_t edge = GUEST_LOW + 0x800000 - 40;
	struct vring_desc *d;
	unsigned int i, k;

	TEST_ASSERT_SUCCESS(start(ALL, 16, 0, false), "start");
	g.table->r[1].gpa = GUEST_LOW + GUEST_REGION;
	for (i = 0; i < 5; i++) {
		struct vring_desc t = {GUEST_LOW + i * 100, 50,
			(uint16_t)(i < 4 ? VRING_DESC_F_NEXT : 0), (uint16_t)(i + 1)};
		uint32_t hint = 0;

		for (k = 0; k < sizeof(t); k++)
			*svq_mem_at(g.table, &hint, edge + i * 16 + k, 1) = ((uint8_t *)&t)[k];
	}
	add(2, false);
	d = desc(desc(avail()->ring[0])->next);
	*d = (struct vring_desc){edge, 5 * 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE, 0};
	take(1);
	TEST_ASSERT_EQUAL(r->error, 0, "error %d", r->error);
	TEST_ASSERT_EQUAL(b->n, 1, "%u chains", b->n);
	TEST_ASSERT_EQUAL(b->c[0].n, 6, "%u pieces", b->c[0].n);
	TEST_ASSERT_EQUAL(b->c[0].len, 64 + 5 * 50, "%u bytes", b->c[0].len);
	for (i = 0; i < 5; i++)
		TEST_ASSERT_EQUAL(b->c[0].seg[i + 1].addr, GUEST_LOW + i * 100, "piece %u", i);
	return TEST_SUCCESS;
}

/* --- notifications --- */

static uint64_t
calls(int fd)
{
	eventfd_t n = 0;

	return eventfd_read(fd, &n) == 0 ? n : 0;
}

/* n buffers there and back, in one burst; how many notifications that made. */
static uint64_t
there_and_back(int fd, unsigned int n)
{
	struct used_buf u;

	while (n-- > 0)
		add(1, false);
	take(SVQ_BURST);
	give(false);
	while (guest_get(&g, &u))
		;
	return calls(fd);
}

static int
call_counts(uint64_t features, uint16_t idx, int fd)
{
	bool event_idx = (features & F(VIRTIO_RING_F_EVENT_IDX)) != 0;
	unsigned int i, n = 0;

	TEST_ASSERT_SUCCESS(start(features, 16, idx, false), "start");
	r->callfd = fd;
	guest_call_always(&g);
	TEST_ASSERT_EQUAL(there_and_back(fd, 7), 1, "one for the first batch");
	guest_call_never(&g);
	for (i = 0; i < 10; i++)
		TEST_ASSERT_EQUAL(there_and_back(fd, 7), 0, "not wanted");
	guest_call_always(&g);
	TEST_ASSERT_EQUAL(there_and_back(fd, 1), 1, "wanted again");
	if (!event_idx)
		return TEST_SUCCESS;
	for (i = 0; i < 50; i++) {
		/* When the 10th from here is used: with the fourth batch of three. */
		if (i % 4 == 0)
			guest_call_after(&g, 9);
		n = (unsigned int)there_and_back(fd, 3);
		TEST_ASSERT_EQUAL(n, i % 4 == 3, "batch %u: %u calls", i, n);
	}
	return TEST_SUCCESS;
}

static int
test_calls(void)
{
	unsigned int i, ret = TEST_SUCCESS;
	int fd = eventfd(0, EFD_NONBLOCK);

	for (i = 0; i < RTE_DIM(kinds) && ret == TEST_SUCCESS; i++) {
		bool packed = (kinds[i] & F(VIRTIO_F_RING_PACKED)) != 0;

		ret = call_counts(kinds[i], packed ? 0x8003 : 65530, fd);
	}
	close(fd);
	return ret;
}

static int
test_kicks(void)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(kinds); i++) {
		bool packed = (kinds[i] & F(VIRTIO_F_RING_PACKED)) != 0;
		bool split_event = !packed && (kinds[i] & F(VIRTIO_RING_F_EVENT_IDX)) != 0;
		uint16_t from;

		TEST_ASSERT_SUCCESS(start(kinds[i], 16, packed ? 0x8000 : 65535, false), "start");
		svq_ring_kicks(r, false);
		from = g.next;
		add(1, false);
		/* Of an index that lies behind, none but the one entry there would kick. */
		if (!split_event)
			TEST_ASSERT(!guest_must_kick(&g, from), "kind %u: polled", i);
		TEST_ASSERT(svq_ring_pending(r), "kind %u: one is there", i);
		take(1);
		TEST_ASSERT(!svq_ring_pending(r), "kind %u: it is taken", i);
		svq_ring_kicks(r, true);
		from = g.next;
		add(1, false);
		TEST_ASSERT(guest_must_kick(&g, from), "kind %u: asleep", i);
	}
	return TEST_SUCCESS;
}

/* --- dirty pages --- */

static unsigned int
pages_marked(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(log_bits); i++)
		n += (unsigned int)__builtin_popcount(log_bits[i]);
	return n;
}

static bool
page_marked(uint64_t gpa)
{
	return (log_bits[gpa / 4096 / 8] >> (gpa / 4096 % 8) & 1) != 0;
}

/* Entries at the end of one page of the ring and at the start of the next, and nothing else. */
static int
test_log(void)
{
	struct hf_svq_log log = {.bits = log_bits, .size = sizeof(log_bits), .used = true};
	struct used_buf u;
	unsigned int i, k;
	uint64_t at;

	for (k = 0; k < 2; k++) {
		/* Split: 511 entries and the index are in the first page, at another address. */
		TEST_ASSERT_SUCCESS(start(kinds[k], 1024, k ? 0x8000 | 255 : 511, false), "start");
		log.used_gpa = GUEST_HIGH + 0x3000;
		at = k ? g.desc : log.used_gpa;
		r->log = log;
		memset(log_bits, 0, sizeof(log_bits));
		for (i = 0; i < 3; i++) {
			add(1, false);
			take(1);
			give(false);
			TEST_ASSERT(page_marked(at + (i > 0 || !k ? 4096 : 0)), "%u: %u", k, i);
			TEST_ASSERT_EQUAL(pages_marked(), i > 0 || !k ? 2 : 1, "%u: %u pages at %u",
				k, pages_marked(), i);
			while (guest_get(&g, &u))
				;
		}
		TEST_ASSERT(page_marked(at), "%u: the first page", k);
		memset(log_bits, 0, sizeof(log_bits));
		svq_ring_kicks(r, true);
		TEST_ASSERT_EQUAL(pages_marked(), 1, "%u: %u pages", k, pages_marked());
		TEST_ASSERT(page_marked(k ? g.used : log.used_gpa), "%u: kicks", k);
		r->log.used = false;
		memset(log_bits, 0, sizeof(log_bits));
		add(1, false);
		take(1);
		give(false);
		TEST_ASSERT_EQUAL(pages_marked(), 0, "%u: the ring is not logged", k);
	}
	/* Beyond the bitmap, and around the end of addresses. */
	log.size = 1;
	svq_log_pages(&log, 7 * 4096, 8192);
	TEST_ASSERT_EQUAL(log_bits[0], 0x80, "%#x", log_bits[0]);
	svq_log_pages(&log, UINT64_MAX - 10, 100);
	svq_log_pages(&log, 0, 0);
	TEST_ASSERT_EQUAL(pages_marked(), 1, "%u pages", pages_marked());
	return TEST_SUCCESS;
}

/* --- starts that are refused --- */

static int
refused(struct hf_svq_ring a)
{
	return svq_ring_init(r, &a, true);
}

static int
test_refused(void)
{
	struct hf_svq_ring a, packed;

	guest_ring(&g, PACKED, 24, 0x8000);
	packed = guest_attr(&g);
	TEST_ASSERT_SUCCESS(refused(packed), "a packed ring of 24");
	guest_ring(&g, ALL | F(VIRTIO_RING_F_EVENT_IDX), 256, 0);
	a = guest_attr(&g);
	TEST_ASSERT_SUCCESS(refused(a), "a split ring");
#define REFUSED(from, field, value) \
	do { \
		struct hf_svq_ring bad = from; \
		bad.field = value; \
		TEST_ASSERT_EQUAL(refused(bad), -EINVAL, #field " " #value); \
	} while (0)
	REFUSED(a, size, 0);
	REFUSED(a, size, 24);
	REFUSED(a, size, 32769);
	REFUSED(a, avail_idx, 1);
	REFUSED(a, mem, NULL);
	REFUSED(a, desc, a.desc + 8);
	REFUSED(a, avail, a.avail + 1);
	REFUSED(a, used, a.used + 2);
	REFUSED(a, desc, GUEST_LOW - 16);
	REFUSED(a, desc, GUEST_LOW + GUEST_REGION - 4080);
	REFUSED(a, avail, GUEST_LOW + GUEST_REGION - 516); /* the event index is outside */
	REFUSED(a, used, GUEST_LOW + GUEST_REGION - 2052);
	REFUSED(a, used, UINT64_MAX - 3);
	REFUSED(a, big_endian, true);
	a.features = F(VIRTIO_RING_F_EVENT_IDX);
	a.big_endian = true;
	TEST_ASSERT_SUCCESS(refused(a), "a big-endian ring of a legacy guest");
	a.features |= F(VIRTIO_F_RING_PACKED);
	REFUSED(a, size, 128);
	packed.used_idx = 24;
	REFUSED(packed, avail_idx, 24);
	packed.used_idx = packed.avail_idx;
	REFUSED(packed, avail, packed.avail + 2);
	REFUSED(packed, used, GUEST_HIGH + GUEST_REGION);
	return TEST_SUCCESS;
}

static struct unit_test_suite svqring_suite = {
	.suite_name = "svqring",
	.unit_test_cases =
		{
			TEST_CASE_ST(setup, teardown, test_rounds),
			TEST_CASE_ST(setup, teardown, test_untake),
			TEST_CASE_ST(setup, teardown, test_many_pieces),
			TEST_CASE_ST(setup, teardown, test_hostile),
			TEST_CASE_ST(setup, teardown, test_read_only),
			TEST_CASE_ST(setup, teardown, test_odd_tables),
			TEST_CASE_ST(setup, teardown, test_calls),
			TEST_CASE_ST(setup, teardown, test_kicks),
			TEST_CASE_ST(setup, teardown, test_log),
			TEST_CASE_ST(setup, teardown, test_refused),
			TEST_CASES_END(),
		},
};

static int
test_svqring(void)
{
	return unit_test_suite_runner(&svqring_suite);
}

REGISTER_TEST_COMMAND(svqring_autotest, test_svqring);
