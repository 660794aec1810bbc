/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The cache of flows against e-switch, classifier and RSS themselves: with whatever rules, a frame
 * goes where it would have gone without the cache.
 */
#include <stdlib.h>

#include "dp_rig.h"

#define ROUNDS 100u
#define FRAMES 4000u
#define RULES 6u
#define QUEUES 4u

static unsigned int seed;
static struct dp_vq vqs[QUEUES];
static struct nic_virtq queues[QUEUES];
static struct nic_obj *rqt_tbl[QUEUES];
static struct nic_rqt rqt = {.size = QUEUES, .q = rqt_tbl};
static struct nic_tir tirs[RULES];
static struct nic_matcher matchers[RULES];
static struct nic_flow rules[RULES], *rule_tbl[RULES];

static unsigned int
pick(unsigned int n)
{
	return (unsigned int)rand_r(&seed) % n;
}

/* Few values of each field, so that frames repeat, and differ in one field alone. */
static void
random_frame(struct frame *f)
{
	uint8_t v6[40] = {0x60 | (uint8_t)pick(2), (uint8_t)(pick(2) << 4), 0, 0, 0, 40};
	uint8_t proto = (uint8_t[]){IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, 47}[pick(4)];
	uint8_t a[4] = {10, 0, 0, (uint8_t)pick(2)}, b[4] = {10, 0, (uint8_t)pick(2), 9};
	bool tagged = pick(8) == 0, six = pick(3) == 0;
	const uint8_t *to = (const uint8_t *[]){mac_b, mac_b, mac_a, mac_bcast}[pick(4)];
	uint32_t ip;

	frame_eth(f, to, pick(2) == 0 ? mac_a : mac_x, tagged ? 0x8100 : six ? 0x86dd : 0x0800);
	if (tagged) {
		frame_put16(f, (uint16_t)pick(2));
		frame_put16(f, six ? 0x86dd : 0x0800);
	}
	ip = f->len;
	if (six) {
		v6[6] = proto;
		v6[7] = (uint8_t)(64 + pick(2));
		v6[23] = (uint8_t)pick(2);
		v6[24] = (uint8_t)pick(2);
		frame_put(f, v6, sizeof(v6));
	} else {
		frame_ipv4(f, a, b, proto, pick(8) == 0 ? 0x2000 : 0, 40);
		f->b[ip + 1] = (uint8_t)pick(2);
		f->b[ip + 8] = (uint8_t)(64 + pick(2));
	}
	frame_l4(f, proto == IPPROTO_UDP ? IPPROTO_UDP : IPPROTO_TCP, (uint16_t)pick(2),
		(uint16_t)pick(2), (uint16_t)(20 + pick(100)));
	if (proto == IPPROTO_TCP)
		f->b[ip + (six ? 40 : 20) + 13] = (uint8_t)pick(2);
}

/* Rules that match what random frames have in some bytes, in random order. */
static void
random_rules(void)
{
	struct frame f;
	struct pkt p;
	unsigned int r, i;

	for (r = 0; r < RULES; r++) {
		uint8_t key[NIC_LYR24_LEN];

		random_frame(&f);
		frame_load(&p, &f);
		classify_key(&p, key);
		memset(&matchers[r], 0, sizeof(matchers[r]));
		matchers[r].criteria = r + 1 < RULES || pick(2) == 0;
		for (i = 0; i < 3; i++)
			matchers[r].mask[pick(NIC_LYR24_LEN)] = 0xff;
		for (i = 0; i < NIC_LYR24_LEN; i++)
			rules[r].value[i] = key[i] & matchers[r].mask[i];
		rules[r].matcher = &matchers[r];
		rules[r].tir = &tirs[r];
		rules[r].tag = r;
		rule_tbl[r] = &rules[r];
		tirs[r] = (struct nic_tir){.rqt = &rqt,
			.hash_fn = (uint8_t)pick(3),
			.fields = pick(16),
			.symmetric = pick(2) == 0,
			.l3_type = (uint8_t)pick(2),
			.l4_type = (uint8_t)pick(2)};
		for (i = 0; i < sizeof(tirs[r].key); i++)
			tirs[r].key[i] = (uint8_t)pick(256);
	}
	funcs[2].flow_tbl = rule_tbl;
	funcs[2].n_flows = RULES;
	dp_flows_changed(&funcs[2]);
}

/* Does the cache know the frame already? */
static bool
is_known(const struct nic_func *src, const struct pkt *p)
{
	struct flow_key key;
	unsigned int n = flow_key_make(&key, src, p);

	return n != 0 && flow_cache_hit(flow_cache_at(&eng->flows, &key, n), &key, n);
}

/* Where a frame went: the queue, or NULL. */
static const struct dp_vq *
pass_on(struct nic_func *src, struct pkt *p)
{
	const struct dp_vq *v;

	eswitch_begin(eng);
	eswitch_send(eng, src, p);
	v = eng->n_bins == 0 ? NULL : vq_of(eng->bin[0].q);
	if (eng->n_bins > 1 || (v != NULL && (eng->bin[0].n != 1 || eng->bin[0].pkt[0] != p)))
		return &vqs[QUEUES - 1] + 1;
	eng->n_bins = 0;
	eng->flow = NULL;
	return v;
}

static int
test_same_way(void)
{
	unsigned int round, i, known = 0;
	struct frame f;
	struct pkt p;

	nic_setup();
	seed = 1;
	for (i = 0; i < QUEUES; i++) {
		rqt_tbl[i] = &queues[i].obj;
		queues[i].dp = &vqs[i];
	}
	for (round = 0; round < ROUNDS; round++) {
		random_rules();
		for (i = 0; i < FRAMES; i++) {
			const struct nic_flow *flow;
			struct rx_meta meta = {0};
			struct dp_queue *q;
			const struct dp_vq *v;
			struct nic_func *src = &funcs[1 + pick(2)];
			bool there;

			random_frame(&f);
			frame_load(&p, &f);
			flow = classify(&funcs[2], &p);
			q = flow == NULL ? NULL : rss_queue(flow->tir, &p, &meta);
			known += is_known(src, &p);
			/* only function 2 has flows, and it gets nothing of its own */
			there = src != &funcs[2] && memcmp(f.b, mac_a, sizeof(mac_a)) != 0;
			v = pass_on(src, &p);
			TEST_ASSERT(v == (q == NULL || !there ? NULL : vq_of(q)),
				"round %u, frame %u goes elsewhere", round, i);
			TEST_ASSERT(v == NULL ||
					(eng->bin[0].meta[0].hash == meta.hash &&
						eng->bin[0].meta[0].hash_type == meta.hash_type &&
						eng->bin[0].meta[0].flow_tag == flow->tag),
				"round %u, frame %u has another hash or tag", round, i);
		}
	}
	TEST_ASSERT(known > ROUNDS * FRAMES / 50, "the cache was asked: %u times", known);
	return TEST_SUCCESS;
}

/* What was found does not outlive what it was found by. */
static int
test_changes(void)
{
	struct nic_tir to = {.rqt = &rqt, .hash_fn = 0};
	struct nic_matcher all = {0};
	struct nic_flow flow = {.matcher = &all, .tir = &to}, *tbl[] = {&flow};
	struct frame f;
	struct pkt p;

	nic_setup();
	funcs[2].flow_tbl = tbl;
	funcs[2].n_flows = 1;
	rqt_tbl[0] = &queues[0].obj;
	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_UDP, 100);
	frame_load(&p, &f);
	TEST_ASSERT(pass_on(&funcs[1], &p) == &vqs[0] && is_known(&funcs[1], &p), "first");
	TEST_ASSERT(pass_on(&funcs[1], &p) == &vqs[0], "again");
	rqt_tbl[0] = &queues[1].obj;
	dp_flows_changed(&funcs[2]);
	TEST_ASSERT(pass_on(&funcs[1], &p) == &vqs[1], "another queue");
	funcs[2].n_flows = 0;
	dp_flows_changed(&funcs[2]);
	TEST_ASSERT(pass_on(&funcs[1], &p) == NULL && !is_known(&funcs[1], &p), "no flow");
	funcs[2].n_flows = 1;
	p.len = 1515;
	TEST_ASSERT(pass_on(&funcs[1], &p) == NULL, "too long for the port");
	p.len = 142;
	TEST_ASSERT(pass_on(&funcs[1], &p) == &vqs[1], "not too long");
	p.len = 1515;
	TEST_ASSERT(pass_on(&funcs[1], &p) == NULL, "a known one that is too long");
	return TEST_SUCCESS;
}

/* Each destination of a match gets a copy, every time: such a way is not kept. */
static int
test_copies(void)
{
	struct nic_obj *one[] = {&queues[0].obj}, *two[] = {&queues[1].obj};
	struct nic_rqt rqts[2] = {{.size = 1, .q = one}, {.size = 1, .q = two}};
	struct nic_tir to[2] = {{.rqt = &rqts[0]}, {.rqt = &rqts[1]}};
	struct nic_matcher all = {.criteria = 0};
	struct nic_flow second = {.matcher = &all, .tir = &to[1]};
	struct nic_flow first = {.matcher = &all, .tir = &to[0], .also = &second};
	struct nic_flow *tbl[] = {&first, &second};
	struct frame f;
	struct pkt p;
	int round;

	nic_setup();
	queues[0].dp = &vqs[0];
	queues[1].dp = &vqs[1];
	funcs[2].flow_tbl = tbl;
	funcs[2].n_flows = 2;
	dp_flows_changed(&funcs[2]);
	frame_make_ipv4(&f, mac_b, mac_a, IPPROTO_UDP, 100);
	frame_load(&p, &f);
	for (round = 0; round < 2; round++) {
		eswitch_begin(eng);
		eswitch_send(eng, &funcs[1], &p);
		TEST_ASSERT_EQUAL(eng->n_bins, 2, "%u queues got it", eng->n_bins);
		TEST_ASSERT(eng->bin[0].q == &vqs[0].base && eng->bin[0].n == 1 &&
				eng->bin[1].q == &vqs[1].base && eng->bin[1].n == 1,
			"other queues");
		TEST_ASSERT(!is_known(&funcs[1], &p), "a way to one queue is kept");
		eng->n_bins = 0;
		eng->flow = NULL;
	}
	first.also = NULL;
	dp_flows_changed(&funcs[2]);
	TEST_ASSERT(pass_on(&funcs[1], &p) == &vqs[0] && is_known(&funcs[1], &p), "one alone");
	first.tir = NULL;
	dp_flows_changed(&funcs[2]);
	TEST_ASSERT(pass_on(&funcs[1], &p) == NULL && !is_known(&funcs[1], &p), "dropped");
	return TEST_SUCCESS;
}

static struct unit_test_suite flowcache_suite = {
	.suite_name = "flow cache",
	.setup = rig_setup,
	.teardown = rig_teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_same_way),
			TEST_CASE(test_changes),
			TEST_CASE(test_copies),
			TEST_CASES_END(),
		},
};

static int
test_flowcache(void)
{
	return unit_test_suite_runner(&flowcache_suite);
}

REGISTER_TEST_COMMAND(flowcache_autotest, test_flowcache);
