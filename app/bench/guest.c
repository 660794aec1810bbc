/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The measuring guest of holdfast-bench: sends from the first port to the second on one core, and
 * checks every byte that arrives. holdfast-bench starts it, and tells it by its standard input what
 * to do; each answer is one line of JSON on standard output.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "frame.h"

#define BURST 32u
#define TX_PORT 0
#define RX_PORT 1
#define BUF_ROOM (2048 + RTE_PKTMBUF_HEADROOM)
#define SLICE_MAX_MS 60000ul
#define SILENCE_MS 500u /* nothing more arrives: the rest was dropped */
#define RX_ROUNDS 4u /* receive bursts for each that is sent, at most */
#define AHEAD 3u /* frames from prefetch to check */
#define RX_CACHE 128u /* buffers, of the pool to receive */
#define LINE 128

struct guest {
	struct rte_ether_addr from, to;
	uint16_t ring; /* descriptors of each */
	unsigned int bufs; /* of a pool */
	struct rte_mempool *tx_pool, *rx_pool;
	struct frame_maker frames;
};

/* Of one slice. */
struct result {
	uint64_t sent, received, counted; /* counted: received within the time that is measured */
	uint64_t cycles;
	uint64_t rounds, idle; /* idle: neither could anything be sent, nor had anything arrived */
	uint64_t faults[FRAME_FAULTS];
};

/*
 * Buffers to send go round: without a cache, a pool is a queue, and each buffer is used again only
 * after all others. Those to receive go round in the ring, so their pool has a cache, as that of
 * any application.
 */
static struct rte_mempool *
make_pool(const char *name, unsigned int bufs, unsigned int cache)
{
	struct rte_mempool *p = rte_pktmbuf_pool_create_by_ops(
		name, bufs, cache, 0, BUF_ROOM, SOCKET_ID_ANY, "ring_sp_sc");

	if (p == NULL)
		fprintf(stderr, "holdfast-bench-guest: no pool of %u buffers: %s\n", bufs,
			rte_strerror(rte_errno));
	return p;
}

static int
start_port(const struct guest *g, uint16_t port)
{
	struct rte_eth_conf conf = {0};
	int ret;

	ret = rte_eth_dev_configure(port, 1, 1, &conf);
	if (ret == 0)
		ret = rte_eth_tx_queue_setup(port, 0, g->ring, SOCKET_ID_ANY, NULL);
	if (ret == 0)
		ret = rte_eth_rx_queue_setup(port, 0, g->ring, SOCKET_ID_ANY, NULL, g->rx_pool);
	if (ret == 0)
		ret = rte_eth_dev_start(port);
	if (ret != 0)
		fprintf(stderr, "holdfast-bench-guest: port %u does not start: %s\n", port,
			rte_strerror(-ret));
	return ret;
}

static void
fill_one(struct rte_mempool *pool, void *opaque, void *obj, unsigned int i)
{
	struct rte_mbuf *m = obj;

	(void)pool;
	rte_pktmbuf_reset(m);
	frame_fill(opaque, rte_pktmbuf_mtod(m, void *), (uint16_t)i);
}

/* Send up to a burst. How many went. */
static unsigned int
send_some(struct guest *g)
{
	struct rte_mbuf *m[BURST];
	unsigned int i, n;

	if (rte_pktmbuf_alloc_bulk(g->tx_pool, m, BURST) != 0)
		return 0;
	for (i = 0; i < BURST; i++)
		frame_stamp(&g->frames, m[i]);
	n = rte_eth_tx_burst(TX_PORT, 0, m, BURST);
	rte_pktmbuf_free_bulk(m + n, BURST - n);
	/* what did not go gives its numbers to the next */
	g->frames.seq -= BURST - n;
	return n;
}

static void
prefetch_frame(const struct rte_mbuf *m)
{
	const char *data = rte_pktmbuf_mtod(m, const char *);
	uint32_t off;

	for (off = 0; off < m->data_len; off += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(data + off);
}

static unsigned int
receive_some(struct guest *g, struct result *r)
{
	struct rte_mbuf *m[BURST];
	unsigned int i, n = rte_eth_rx_burst(RX_PORT, 0, m, BURST);

	for (i = 0; i < n && i < AHEAD; i++)
		prefetch_frame(m[i]);
	for (i = 0; i < n; i++) {
		enum frame_fault fault;

		if (i + AHEAD < n)
			prefetch_frame(m[i + AHEAD]);
		fault = frame_check(&g->frames, m[i]);
		r->faults[fault]++;
		r->received += fault != FRAME_LATE;
	}
	rte_pktmbuf_free_bulk(m, n);
	return n;
}

static void
round_trip(struct guest *g, struct result *r)
{
	unsigned int sent = send_some(g), got, all = 0, i = 0;

	do {
		got = receive_some(g, r);
		all += got;
	} while (got == BURST && ++i < RX_ROUNDS);
	r->sent += sent;
	r->rounds++;
	r->idle += sent == 0 && all == 0;
}

/* Until all has arrived, or nothing more does. */
static void
drain(struct guest *g, struct result *r)
{
	uint64_t wait = rte_get_tsc_hz() / 1000 * SILENCE_MS, last = rte_rdtsc();

	while (r->received < r->sent && rte_rdtsc() - last < wait) {
		if (receive_some(g, r) > 0)
			last = rte_rdtsc();
	}
}

/* Let it run for a tenth of the time, then measure. */
static void
slice(struct guest *g, uint32_t size, unsigned long ms, struct result *r)
{
	uint64_t span = rte_get_tsc_hz() / 1000 * ms, start, now, first;

	*r = (struct result){0};
	frame_start(&g->frames, size, &g->from, &g->to);
	rte_mempool_obj_iter(g->tx_pool, fill_one, &g->frames);
	start = rte_rdtsc();
	while (rte_rdtsc() - start < span / 10)
		round_trip(g, r);
	first = r->received;
	r->rounds = r->idle = 0;
	start = rte_rdtsc();
	do {
		round_trip(g, r);
		now = rte_rdtsc();
	} while (now - start < span);
	r->counted = r->received - first;
	r->cycles = now - start;
	drain(g, r);
}

static void
report(const struct guest *g, const struct result *r)
{
	double seconds = (double)r->cycles / (double)rte_get_tsc_hz();
	unsigned int f;

	printf("{\"size\": %u, \"sent\": %" PRIu64 ", \"received\": %" PRIu64, g->frames.size,
		r->sent, r->received);
	printf(", \"counted\": %" PRIu64 ", \"seconds\": %.6f, \"idle\": %.4f", r->counted, seconds,
		r->rounds > 0 ? (double)r->idle / (double)r->rounds : 0.0);
	for (f = FRAME_OK; f < FRAME_FAULTS; f++)
		printf(", \"%s\": %" PRIu64, frame_fault_name(f), r->faults[f]);
	printf("}\n");
	fflush(stdout);
}

static void
obey(struct guest *g)
{
	char line[LINE], *end;
	struct result r;

	printf("{\"ready\": true, \"buffers\": %u, \"room\": %u, \"ring\": %u}\n",
		g->bufs + g->ring, (unsigned int)BUF_ROOM, g->ring);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "quit\n") != 0) {
		unsigned long size = strtoul(line, &end, 10), ms = strtoul(end, &end, 10);

		if (*end != '\n' || size < FRAME_MIN || size > FRAME_MAX || ms == 0 ||
			ms > SLICE_MAX_MS) {
			fprintf(stderr,
				"holdfast-bench-guest: '%.*s': SIZE (%u to %u bytes) and "
				"milliseconds (1 to %lu) are wanted, or quit\n",
				(int)strcspn(line, "\n"), line, FRAME_MIN, FRAME_MAX, SLICE_MAX_MS);
			continue;
		}
		slice(g, (uint32_t)size, ms, &r);
		report(g, &r);
	}
}

static void
usage(FILE *to)
{
	fputs("usage: holdfast-bench-guest EAL-OPTIONS -- --from MAC --to MAC [--ring N] "
	      "[--buffers N]\n\n"
	      "Needs two ports. Reads lines 'SIZE MILLISECONDS', sends frames of that size from\n"
	      "the first port to the second for that time, checks them, and says what came.\n\n"
	      "  --from MAC    source address of the frames\n"
	      "  --to MAC      their destination\n"
	      "  --ring N      descriptors of a ring (1024)\n"
	      "  --buffers N   buffers of each of two pools: to send, to receive (4095)\n",
		to);
}

static int
parse(int argc, char **argv, struct guest *g)
{
	static const struct option options[] = {{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'}, {"ring", required_argument, NULL, 'r'},
		{"buffers", required_argument, NULL, 'b'}, {0}};
	int c, ret = 0;

	while (ret == 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			ret = rte_ether_unformat_addr(optarg, &g->from);
		else if (c == 't')
			ret = rte_ether_unformat_addr(optarg, &g->to);
		else if (c == 'r')
			g->ring = (uint16_t)atoi(optarg);
		else if (c == 'b')
			g->bufs = (unsigned int)atoi(optarg);
		else
			ret = -EINVAL;
	}
	/* both receive rings full, and a burst on its way */
	if (ret != 0 || optind != argc || g->ring < BURST || g->bufs < 2u * g->ring + BURST ||
		rte_is_zero_ether_addr(&g->from) || rte_is_zero_ether_addr(&g->to)) {
		usage(stderr);
		return -EINVAL;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct guest g = {.ring = 1024, .bufs = 4095};
	int ret = rte_eal_init(argc, argv);
	uint16_t port;

	if (ret < 0)
		return 1;
	if (parse(argc - ret, argv + ret, &g) != 0)
		return 2;
	if (rte_eth_dev_count_avail() != 2) {
		fprintf(stderr, "holdfast-bench-guest: %u ports, 2 are needed\n",
			rte_eth_dev_count_avail());
		return 2;
	}
	g.tx_pool = make_pool("tx", g.bufs, 0);
	g.rx_pool = make_pool("rx", g.bufs, RX_CACHE);
	if (g.tx_pool == NULL || g.rx_pool == NULL)
		return 1;
	for (port = 0; port < 2; port++) {
		if (start_port(&g, port) != 0)
			return 1;
	}
	obey(&g);
	for (port = 0; port < 2; port++)
		rte_eth_dev_stop(port);
	return rte_eal_cleanup() == 0 ? 0 : 1;
}
