/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * CPU cycles per packet of what serves a guest's rings: librte_vhost, and shadow virtqueues on the
 * NIC. holdfast-bench starts this program, connects to its socket as a front end with two queue
 * pairs and one region of memory, and tells it by standard input what to measure. The program then
 * is both, guest and back end, on one thread: cycles, or instructions, are counted around the calls
 * of the back end alone. Each answer is one line of JSON.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_vhost.h>

#include "count.h"
#include "lines.h"
#include "side.h"

#define RINGS_ROOM (8u << 20) /* the front end's rings are below, buffers above */
#define SLICE_MAX_MS 60000ul
#define WAIT_MS 60000u
#define STEPS_REST_US 500u /* under load the NIC waits for its CPU */
#define QUEUES 4
#define LINE 128
#define CHECKED 2048u /* frames that the guest compares at once */

struct options {
	const char *socket, *sender, *receiver;
	unsigned int nic_cpu;
};

/* A slice: frames of this size, in buffers that have room for larger ones. */
struct order {
	unsigned int side; /* 0 librte_vhost, 1 shadow virtqueues, 2 librte_vhost without a NIC */
	uint32_t size, room;
	unsigned int burst;
	unsigned long ms;
	bool steps; /* instructions are counted, in place of cycles */
};

struct bench {
	struct side *sides[2];
	struct rte_ether_addr from[2], to[2];
	struct arena arena;
	struct count tx, rx;
	/*
	 * What came, and is still to be compared: many at once, as that takes what the back end
	 * needs out of the caches of its CPU, which a guest on another one would not. Until each
	 * ring was gone round once after that, nothing is counted.
	 */
	uint32_t came[CHECKED];
	unsigned int n_came, uncounted; /* frames; rounds */
	bool counted;
	unsigned int nic_cpu;
	/* How far that is, before and after the slice: lines_distance(). */
	struct lines_distance distance[2];
};

static volatile int connection = -1;
static volatile unsigned int enabled;

static int
on_device(int vid)
{
	connection = vid;
	return 0;
}

static void
on_gone(int vid)
{
	(void)vid;
	connection = -1;
}

static int
on_ring(int vid, uint16_t queue, int on)
{
	(void)vid;
	if (queue < QUEUES)
		enabled = on ? enabled | 1u << queue : enabled & ~(1u << queue);
	return 0;
}

static const struct rte_vhost_device_ops vhost_ops = {
	.new_device = on_device,
	.destroy_device = on_gone,
	.vring_state_changed = on_ring,
};

int
side_rings(struct side *s, int vid, unsigned int pair)
{
	struct ring *rings[] = {&s->rx, &s->tx};
	uint64_t features = 0;
	unsigned int i;
	int ret = rte_vhost_get_negotiated_features(vid, &features);

	for (i = 0; ret == 0 && i < RTE_DIM(rings); i++) {
		struct rte_vhost_vring v;

		ret = rte_vhost_get_vhost_vring(vid, (uint16_t)(2 * pair + i), &v);
		if (ret == 0)
			*rings[i] = (struct ring){
				.packed = (features & 1ull << VIRTIO_F_RING_PACKED) != 0,
				.size = v.size,
				.desc = v.desc,
				.driver = v.avail,
				.device = v.used,
				.callfd = v.callfd};
	}
	return ret;
}

static void
check(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < b->n_came; i++)
		arena_received(&b->arena, b->came[i]);
	b->n_came = 0;
}

/* The guest, between bursts: takes back what came, and posts new buffers. */
static int
guest(struct bench *b, struct side *s, unsigned int burst)
{
	uint64_t gpa[BURST_MAX];
	unsigned int n;
	uint32_t len;
	int ret;

	while ((ret = ring_take(&s->tx, &len)) == 1)
		;
	if (ret < 0)
		return -EPROTO;
	while ((ret = ring_take(&s->rx, &len)) == 1)
		b->came[b->n_came++] = len;
	if (ret < 0)
		return -EPROTO;
	b->counted = b->uncounted == 0;
	b->uncounted -= !b->counted;
	if (b->n_came + s->rx.size > CHECKED) {
		check(b);
		b->uncounted = s->rx.size / burst;
		b->counted = false;
	}
	while ((n = RTE_MIN(ring_free(&s->rx), BURST_MAX)) > 0) {
		arena_rx(&b->arena, gpa, n);
		ring_post(&s->rx, gpa, n, ARENA_HDR + b->arena.room, true);
	}
	n = RTE_MIN(ring_free(&s->tx), burst);
	arena_tx(&b->arena, gpa, n);
	ring_post(&s->tx, gpa, n, ARENA_HDR + b->arena.size, false);
	return 0;
}

/* The arena's memory is overwritten. */
static int
distance(struct bench *b, unsigned int when)
{
	return lines_distance(
		b->arena.base, b->arena.len, b->nic_cpu, count_overhead_line(), &b->distance[when]);
}

static int
slice(struct bench *b, unsigned int which, const struct order *o)
{
	counter *const count = o->steps ? count_steps : count_cycles;
	struct side *s = b->sides[which];
	uint64_t end;
	int ret;

	/* What came out of a full ring has to fit beside what waits to be compared. */
	if (s->rx.size > CHECKED / 2)
		return -E2BIG;
	memset(&b->tx, 0, sizeof(b->tx));
	memset(&b->rx, 0, sizeof(b->rx));
	b->n_came = 0;
	/* What happens once only, on the first way round the NIC's rings, no packet takes. */
	b->uncounted = o->steps ? s->rx.size / o->burst : 0;
	ring_init(&s->tx);
	ring_init(&s->rx);
	ret = o->steps ? steps_open() : distance(b, 0);
	if (ret == 0)
		ret = arena_start(&b->arena, o->size, o->room, CHECKED + s->rx.size,
			&b->from[which], &b->to[which]);
	if (ret == 0)
		ret = s->start(s, &b->arena);
	if (ret != 0)
		return ret;
	end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * o->ms;
	while (ret == 0 && rte_rdtsc() < end &&
		!(count_is_enough(&b->tx) && count_is_enough(&b->rx))) {
		ret = guest(b, s, o->burst);
		count(&b->tx, s, s->send, o->burst, !b->counted);
		s->settle(s);
		if (o->steps)
			usleep(STEPS_REST_US);
		count(&b->rx, s, s->receive, o->burst, !b->counted);
	}
	check(b);
	s->stop(s);
	return ret == 0 && !o->steps ? distance(b, 1) : ret;
}

static void
report(const struct bench *b, unsigned int which, const struct order *o, int ret)
{
	const struct lines_distance *d = b->distance;

	printf("{\"side\": \"%s\", \"size\": %u, \"room\": %u, \"burst\": %u, \"error\": %d",
		b->sides[which]->name, o->size, o->room, o->burst, ret);
	count_print("tx", &b->tx, b->sides[which]->times);
	count_print("rx", &b->rx, b->sides[which]->times);
	printf(", \"buffers\": %u, \"step\": %u, \"lost\": %" PRIu64 ", \"bad\": %" PRIu64
	       ", \"distance\": [%.1f, %.1f], \"alone\": [%.1f, %.1f]}\n",
		b->arena.n, b->arena.step, b->arena.lost, b->arena.bad, d[0].burst, d[1].burst,
		d[0].alone, d[1].alone);
	fflush(stdout);
}

static void
report_lines(const struct bench *b)
{
	double cycles[LINES_KINDS] = {0};
	int ret = lines_measure(
		b->arena.base, b->arena.len, b->nic_cpu, count_overhead_line(), cycles);

	printf("{\"lines\": {\"own\": %.1f, \"alone\": %.1f, \"read_written\": %.1f, \"write_read\": %.1f, "
	       "\"write_written\": %.1f, \"far\": %.1f, \"write_again\": %.1f, \"write_fetched\": %.1f}, "
	       "\"error\": %d}\n",
		cycles[LINES_OWN], cycles[LINES_READ_ALONE], cycles[LINES_READ_WRITTEN],
		cycles[LINES_WRITE_READ], cycles[LINES_WRITE_WRITTEN], cycles[LINES_FAR],
		cycles[LINES_WRITE_AGAIN], cycles[LINES_WRITE_FETCHED], ret);
	fflush(stdout);
}

static bool
order_read(const char *line, struct order *o)
{
	static const char steps[] = "steps ";

	o->steps = strncmp(line, steps, strlen(steps)) == 0;
	if (o->steps)
		line += strlen(steps);
	return sscanf(line, "%u %u %u %u %lu", &o->side, &o->size, &o->room, &o->burst, &o->ms) ==
		5 &&
		o->side <= 2 && o->size >= ARENA_MIN && o->room >= o->size &&
		o->room <= ARENA_MAX && o->burst >= 1 && o->burst <= BURST_MAX && o->ms >= 1 &&
		o->ms <= SLICE_MAX_MS;
}

static void
obey(struct bench *b)
{
	char line[LINE];
	struct order o;

	printf("{\"ready\": true, \"overhead\": %" PRIu64 ", \"ring\": %u, \"tsc_hz\": %" PRIu64
	       "}\n",
		count_overhead(), b->sides[0]->tx.size, rte_get_tsc_hz());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "quit\n") != 0) {
		if (strcmp(line, "lines\n") == 0) {
			report_lines(b);
			continue;
		}
		if (!order_read(line, &o)) {
			fprintf(stderr,
				"holdfast-bench-poll: '%.*s': [steps] SIDE (0 librte_vhost, 1 shadow "
				"virtqueues, 2 librte_vhost without a NIC), SIZE (%u to %u), "
				"ROOM of a buffer (SIZE to %u), BURST (1 to %u) and milliseconds "
				"(1 to %lu) are wanted, or lines, or quit\n",
				(int)strcspn(line, "\n"), line, ARENA_MIN, ARENA_MAX, ARENA_MAX,
				BURST_MAX, SLICE_MAX_MS);
			continue;
		}
		side_vhost_nic(b->sides[0], o.side == 2 ? -1 : (int)b->nic_cpu);
		report(b, o.side % 2, &o, slice(b, o.side % 2, &o));
	}
}

static int
listen_at(const char *path)
{
	unsigned int ms;

	if (rte_vhost_driver_register(path, RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS) != 0 ||
		rte_vhost_driver_callback_register(path, &vhost_ops) != 0 ||
		rte_vhost_driver_start(path) != 0) {
		fprintf(stderr, "holdfast-bench-poll: cannot listen at '%s'\n", path);
		return -EIO;
	}
	printf("{\"listening\": true}\n");
	fflush(stdout);
	for (ms = 0; ms < WAIT_MS; ms++) {
		if (connection >= 0 && enabled == (1u << QUEUES) - 1)
			return 0;
		usleep(1000);
	}
	fprintf(stderr, "holdfast-bench-poll: no front end with two queue pairs within %u s\n",
		WAIT_MS / 1000);
	return -ETIMEDOUT;
}

static int
find_arena(struct arena *a)
{
	struct rte_vhost_memory *m = NULL;
	int ret = rte_vhost_get_mem_table(connection, &m);

	if (ret != 0)
		return ret;
	if (m->nregions == 1 && m->regions[0].size > RINGS_ROOM) {
		a->base = (uint8_t *)(uintptr_t)m->regions[0].host_user_addr + RINGS_ROOM;
		a->gpa = m->regions[0].guest_phys_addr + RINGS_ROOM;
		a->len = m->regions[0].size - RINGS_ROOM;
	} else {
		fprintf(stderr,
			"holdfast-bench-poll: one region of memory of more than %u MiB is "
			"wanted\n",
			RINGS_ROOM >> 20);
		ret = -EINVAL;
	}
	free(m);
	return ret;
}

static int
bench(const struct options *o)
{
	struct bench b = {.nic_cpu = o->nic_cpu};
	int ret = listen_at(o->socket);

	count_open();
	if (ret == 0)
		ret = find_arena(&b.arena);
	if (ret == 0) {
		b.sides[0] = side_vhost(connection, &b.from[0], &b.to[0]);
		b.sides[1] = side_svq(connection, o->sender, o->receiver, &b.from[1], &b.to[1]);
	}
	if (b.sides[0] != NULL && b.sides[1] != NULL)
		obey(&b);
	else
		ret = -EIO;
	side_svq_free(b.sides[1]);
	side_vhost_free(b.sides[0]);
	rte_vhost_driver_unregister(o->socket);
	return ret;
}

static void
usage(FILE *to)
{
	fputs("usage: holdfast-bench-poll EAL-OPTIONS -- --socket PATH --from IBDEV --to IBDEV "
	      "--nic-cpu N\n\n"
	      "Listens for a front end with two queue pairs and one region of memory. Reads lines\n"
	      "'SIDE SIZE ROOM BURST MILLISECONDS', and says how many cycles that took, or, with\n"
	      "'steps ' before it, how many instructions; 'lines', and says what a line of the\n"
	      "cache costs.\n\n"
	      "  --socket PATH   vhost-user socket\n"
	      "  --from IBDEV    verbs device that sends\n"
	      "  --to IBDEV      verbs device that receives what is sent to its address\n"
	      "  --nic-cpu N     CPU of the NIC's engine\n",
		to);
}

static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {{"socket", required_argument, NULL, 's'},
		{"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 't'},
		{"nic-cpu", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 's')
			o->socket = optarg;
		else if (c == 'f')
			o->sender = optarg;
		else if (c == 't')
			o->receiver = optarg;
		else if (c == 'n')
			o->nic_cpu = (unsigned int)strtoul(optarg, NULL, 10);
		else {
			usage(c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	if (optind == argc && o->socket != NULL && o->sender != NULL && o->receiver != NULL)
		return 0;
	usage(stderr);
	return -EINVAL;
}

int
main(int argc, char **argv)
{
	struct options o = {0};
	int ret = rte_eal_init(argc, argv);

	if (ret < 0)
		return 1;
	if (parse(argc - ret, argv + ret, &o) != 0)
		return 2;
	ret = bench(&o);
	rte_eal_cleanup();
	return ret == 0 ? 0 : 1;
}
