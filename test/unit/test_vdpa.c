/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The parts of the PMD that need neither NIC nor front end: arguments, ring checks, features, and
 * the table of what each event leaves behind.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <string.h>

#include <rte_class.h>
#include <rte_common.h>
#include <rte_devargs.h>
#include <rte_vhost.h>

#include "hf_args.h"
#include "hf_argsz.h"
#include "hf_datapath.h"
#include "hf_devx.h"
#include "hf_feature.h"
#include "hf_life.h"
#include "hf_path.h"
#include "hf_policy.h"
#include "hf_ring.h"
#include "test.h"

#define BIT(n) (UINT64_C(1) << (n))

/* --- arguments --- */

static struct hf_args args;

static int
parse(const char *text)
{
	struct rte_devargs devargs = {.args = text};

	memset(&args, 0xff, sizeof(args));
	return hf_args_parse(&devargs, "test", &args);
}

static bool
wanted(const char *text)
{
	struct rte_devargs devargs = {.args = text};

	return hf_args_wanted(&devargs);
}

static int
test_args_wanted(void)
{
	struct rte_class vdpa = {.name = "vdpa"}, eth = {.name = "eth"};
	struct rte_devargs devargs = {.cls = &vdpa};

	TEST_ASSERT(wanted("class=vdpa"), "class=vdpa");
	TEST_ASSERT(wanted("queue_pairs=2,class=vdpa"), "not first");
	TEST_ASSERT(hf_args_wanted(&devargs), "EAL's global syntax");
	devargs.cls = &eth;
	TEST_ASSERT(!hf_args_wanted(&devargs), "EAL's global syntax, another class");
	TEST_ASSERT(!hf_args_wanted(NULL), "no arguments at all");
	TEST_ASSERT(!wanted(NULL), "no string");
	TEST_ASSERT(!wanted(""), "an empty string");
	TEST_ASSERT(!wanted("class=eth"), "another class");
	TEST_ASSERT(!wanted("class=vdpa:eth"), "two classes, one of which is not ours");
	TEST_ASSERT(!wanted("class"), "a key without value");
	TEST_ASSERT(!wanted("queue_pairs=2"), "no class");
	return TEST_SUCCESS;
}

static int
test_args_good(void)
{
	TEST_ASSERT_SUCCESS(parse("class=vdpa"), "defaults");
	TEST_ASSERT_EQUAL(args.queue_pairs, 0, "all that the NIC has");
	TEST_ASSERT_EQUAL(args.event_core, -1, "any CPU");
	TEST_ASSERT(args.host_notifier, "offered");
	TEST_ASSERT(!args.sealed, "not asked for");
	TEST_ASSERT_EQUAL(args.wish.datapath, HF_DATAPATH_AUTO, "%d", args.wish.datapath);
	TEST_ASSERT_EQUAL(args.poll_core, -1, "any CPU");
	TEST_ASSERT(!args.wish.poll_features, "hardware first");
	TEST_ASSERT_SUCCESS(parse("class=vdpa,datapath=poll,poll_core=0,poll_features=1"), "poll");
	TEST_ASSERT_EQUAL(args.wish.datapath, HF_DATAPATH_POLL, "%d", args.wish.datapath);
	TEST_ASSERT_EQUAL(args.poll_core, 0, "%d", args.poll_core);
	TEST_ASSERT(args.wish.poll_features, "not offered");
	TEST_ASSERT_SUCCESS(parse("class=vdpa,datapath=hw"), "hw");
	TEST_ASSERT_EQUAL(args.wish.datapath, HF_DATAPATH_HW, "%d", args.wish.datapath);
	TEST_ASSERT_EQUAL(args.wish.legacy, HF_LEGACY_AUTO, "%d", args.wish.legacy);
	TEST_ASSERT_SUCCESS(parse("class=vdpa,legacy=poll"), "poll");
	TEST_ASSERT_EQUAL(args.wish.legacy, HF_LEGACY_POLL, "%d", args.wish.legacy);
	TEST_ASSERT_SUCCESS(parse("class=vdpa,legacy=off"), "off");
	TEST_ASSERT_EQUAL(args.wish.legacy, HF_LEGACY_OFF, "%d", args.wish.legacy);
	TEST_ASSERT_SUCCESS(
		parse("class=vdpa,queue_pairs=128,event_core=0,host_notifier=0,sealed=1"),
		"all given");
	TEST_ASSERT(args.sealed, "asked for");
	TEST_ASSERT_EQUAL(args.queue_pairs, 128, "%u", args.queue_pairs);
	TEST_ASSERT_EQUAL(args.event_core, 0, "%d", args.event_core);
	TEST_ASSERT(!args.host_notifier, "not offered");
	TEST_ASSERT_SUCCESS(parse("driver=vdpa_holdfast,host_notifier=1"), "EAL's own key");
	TEST_ASSERT(rte_is_zero_ether_addr(&args.mac), "the vport's");
	TEST_ASSERT_EQUAL(args.mtu, 0, "the vport's, not %u", args.mtu);
	TEST_ASSERT_SUCCESS(parse("class=vdpa,mac=02:00:00:00:ab:cd,mtu=65535"), "addresses");
	TEST_ASSERT_EQUAL(args.mac.addr_bytes[5], 0xcd, "0x%x", args.mac.addr_bytes[5]);
	TEST_ASSERT_EQUAL(args.mtu, 65535, "%u", args.mtu);
	return TEST_SUCCESS;
}

static int
test_args_bad(void)
{
	static const char *const bad[] = {
		"class=vdpa,queue_pair=2",
		"class=vdpa,queues=2",
		"class=vdpa,queue_pairs=0",
		"class=vdpa,queue_pairs=129",
		"class=vdpa,queue_pairs=-1",
		"class=vdpa,queue_pairs=2x",
		"class=vdpa,queue_pairs=",
		"class=vdpa,queue_pairs",
		"class=vdpa,queue_pairs=99999999999999999999",
		"class=vdpa,queue_pairs=1,queue_pairs=1",
		"class=vdpa,event_core=-1",
		"class=vdpa,event_core=1000000",
		"class=vdpa,host_notifier=2",
		"class=vdpa,host_notifier=yes",
		"class=vdpa,datapath",
		"class=vdpa,datapath=",
		"class=vdpa,datapath=software",
		"class=vdpa,datapath=hwx",
		"class=vdpa,legacy",
		"class=vdpa,legacy=on",
		"class=vdpa,poll_core=-1",
		"class=vdpa,poll_core=1000000",
		"class=vdpa,poll_features=2",
		"class=vdpa,mac",
		"class=vdpa,mac=02:00:00:00:ab",
		"class=vdpa,mac=02:00:00:00:ab:cd:ef",
		"class=vdpa,mac=03:00:00:00:ab:cd",
		"class=vdpa,mac=00:00:00:00:00:00",
		"class=vdpa,mtu=67",
		"class=vdpa,mtu=65536",
		"class=vdpa,mtu=0",
		"class=vdpa,mr_policy",
		"class=vdpa,mr_policy=",
		"class=vdpa,mr_policy=never",
		"class=vdpa,mr_policy=resetx",
		"class=vdpa,mr_grace_ms=0",
		"class=vdpa,mr_grace_ms=3600001",
		"class=vdpa,mr_held_max=",
		"class=vdpa,mr_held_max=1T",
		"class=vdpa,mr_held_max=1GG",
		"class=vdpa,mr_held_max=-1",
		"class=vdpa,mr_held_max=99999999999999999999",
		"class=vdpa,mr_pinned_max=K",
		"class=vdpa,mr_pinned_max=17179869184G",
		"class=vdpa,mr_pinned_max=18446744073709551615K",
		"class=vdpa,mr_pinned_max=0x10",
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(bad); i++)
		TEST_ASSERT_EQUAL(parse(bad[i]), -EINVAL, "%s", bad[i]);
	return TEST_SUCCESS;
}

static int
test_args_policy(void)
{
	struct hf_policy policy;

	TEST_ASSERT_SUCCESS(parse("class=vdpa"), "defaults");
	TEST_ASSERT_EQUAL(args.policy.mr, HF_MR_CONNECTION, "%d", args.policy.mr);
	TEST_ASSERT_EQUAL(args.policy.grace_ms, 3000, "%u", args.policy.grace_ms);
	TEST_ASSERT_EQUAL(args.policy.held_max | args.policy.pinned_max, 0, "no bounds");
	TEST_ASSERT_SUCCESS(parse("class=vdpa,mr_policy=memory,mr_grace_ms=1,mr_held_max=4096,"
				  "mr_pinned_max=2G"),
		"all given");
	TEST_ASSERT_EQUAL(args.policy.mr, HF_MR_MEMORY, "%d", args.policy.mr);
	TEST_ASSERT_EQUAL(args.policy.grace_ms, 1, "%u", args.policy.grace_ms);
	TEST_ASSERT_EQUAL(args.policy.held_max, 4096, "%" PRIu64, args.policy.held_max);
	TEST_ASSERT_EQUAL(
		args.policy.pinned_max, UINT64_C(2) << 30, "%" PRIu64, args.policy.pinned_max);
	TEST_ASSERT_SUCCESS(hf_args_policy("mr_held_max=0,mr_pinned_max=0", "test", &args.policy),
		"no bounds any more");
	TEST_ASSERT_EQUAL(args.policy.held_max | args.policy.pinned_max, 0, "no bounds any more");
	policy = args.policy;
	TEST_ASSERT_SUCCESS(hf_args_policy("mr_grace_ms=7", "test", &policy), "one of it");
	TEST_ASSERT_EQUAL(policy.mr, HF_MR_MEMORY, "the others stay");
	TEST_ASSERT_EQUAL(policy.grace_ms, 7, "%u", policy.grace_ms);
	TEST_ASSERT_EQUAL(hf_args_policy("mr_grace_ms=8,class=vdpa", "test", &policy), -EINVAL,
		"not of the policy");
	TEST_ASSERT_EQUAL(hf_args_policy("mr_grace_ms=8,mr_policy=x", "test", &policy), -EINVAL,
		"half of it bad");
	TEST_ASSERT_EQUAL(policy.grace_ms, 7, "an error changed it: %u", policy.grace_ms);
	return TEST_SUCCESS;
}

/* --- structures of callers of any age --- */

struct sized {
	uint32_t argsz, flags;
	uint64_t a, b;
};

static int
test_argsz(void)
{
	struct {
		struct sized known;
		uint64_t more;
	} user = {.known = {.argsz = 16, .a = 1, .b = 2}};
	struct sized own;

	TEST_ASSERT_SUCCESS(hf_argsz_in(&own, sizeof(own), &user, 0), "an old caller");
	TEST_ASSERT(own.a == 1 && own.b == 0, "what he does not know of is zero");
	own.a = 3;
	own.b = 4;
	hf_argsz_out(&user, &own, sizeof(own));
	TEST_ASSERT(user.known.a == 3 && user.known.b == 2, "and is left alone");
	TEST_ASSERT_EQUAL(user.known.argsz, sizeof(own), "%u", user.known.argsz);
	user.known.argsz = sizeof(user);
	TEST_ASSERT_SUCCESS(hf_argsz_in(&own, sizeof(own), &user, 0), "a future caller");
	user.more = 1;
	TEST_ASSERT_EQUAL(hf_argsz_in(&own, sizeof(own), &user, 0), -E2BIG, "who wants more");
	user.known.argsz = 7;
	TEST_ASSERT_EQUAL(hf_argsz_in(&own, sizeof(own), &user, 0), -EINVAL, "no room for flags");
	user.known.argsz = 20;
	TEST_ASSERT_EQUAL(hf_argsz_in(&own, sizeof(own), &user, 0), -EINVAL, "half a field");
	user.known.argsz = UINT32_MAX;
	TEST_ASSERT_EQUAL(hf_argsz_in(&own, sizeof(own), &user, 0), -EINVAL, "never set");
	TEST_ASSERT_EQUAL(hf_argsz_in(&own, sizeof(own), NULL, 0), -EINVAL, "nothing");
	user.known.argsz = sizeof(own);
	user.known.flags = 6;
	TEST_ASSERT_EQUAL(hf_argsz_in(&own, sizeof(own), &user, 2), -EOPNOTSUPP, "flags");
	TEST_ASSERT_SUCCESS(hf_argsz_in(&own, sizeof(own), &user, 7), "flags that are known");
	return TEST_SUCCESS;
}

/* --- rings --- */

/* Two regions, with a hole between them; the first one is at guest address 0. */
static struct hf_ioas_region regions[] = {
	{.gpa = 0, .len = 0x100000},
	{.gpa = 0x200000, .len = 0x100000},
};
static uint64_t region_user[] = {0x7f0000000000, 0x7e0000000000};
static const struct hf_front_table table = {.n = RTE_DIM(regions),
	.regions = regions,
	.user = region_user};

static int
resolve(uint32_t size, bool packed, uint64_t desc, uint64_t avail, uint64_t used, uint64_t *gpa)
{
	const uint64_t user[HF_RING_AREAS] = {desc, avail, used};

	return hf_ring_resolve("test", 0, size, packed, user, &table, gpa);
}

static int
test_ring_places(void)
{
	const uint64_t a = region_user[0], b = region_user[1];
	uint64_t gpa[HF_RING_AREAS];

	TEST_ASSERT_SUCCESS(
		resolve(256, false, a, a + 0x1000, a + 0x2000, gpa), "at guest address 0");
	TEST_ASSERT_EQUAL(gpa[HF_RING_DESC], 0, "0x%" PRIx64, gpa[HF_RING_DESC]);
	TEST_ASSERT_EQUAL(gpa[HF_RING_AVAIL], 0x1000, "0x%" PRIx64, gpa[HF_RING_AVAIL]);
	TEST_ASSERT_EQUAL(gpa[HF_RING_USED], 0x2000, "0x%" PRIx64, gpa[HF_RING_USED]);
	TEST_ASSERT_SUCCESS(resolve(256, false, b, a, b + 0x2000, gpa), "in two regions");
	TEST_ASSERT_EQUAL(gpa[HF_RING_DESC], 0x200000, "0x%" PRIx64, gpa[HF_RING_DESC]);
	TEST_ASSERT_SUCCESS(resolve(256, false, b + 0x100000 - 4096, a, a + 0x1000, gpa),
		"descriptors that end with their region");
	TEST_ASSERT_SUCCESS(resolve(256, true, b, b + 0x100000 - 4, b + 0x100000 - 8, gpa),
		"event areas at the end of a region");
	return TEST_SUCCESS;
}

static int
test_ring_outside(void)
{
	const uint64_t a = region_user[0], b = region_user[1];
	uint64_t gpa[HF_RING_AREAS];

	TEST_ASSERT_EQUAL(
		resolve(256, false, a + 0x100000 - 4080, a, a + 0x1000, gpa), -EINVAL, "desc");
	TEST_ASSERT_EQUAL(resolve(256, false, a, a + 0x100000 - 516, a + 0x1000, gpa), -EINVAL,
		"avail, by its last field");
	TEST_ASSERT_EQUAL(resolve(256, false, a, a + 0x1000, a + 0x100000 - 2052, gpa), -EINVAL,
		"used, by its last field");
	TEST_ASSERT_EQUAL(resolve(256, false, 0, a, a + 0x1000, gpa), -EINVAL, "NULL");
	TEST_ASSERT_EQUAL(resolve(256, false, b - 16, a, a + 0x1000, gpa), -EINVAL, "before");
	TEST_ASSERT_EQUAL(resolve(256, false, UINT64_MAX - 15, a, a + 0x1000, gpa), -EINVAL,
		"an extent that wraps");
	TEST_ASSERT_EQUAL(resolve(256, true, a, a + 0x100000, a + 0x1000, gpa), -EINVAL,
		"a driver event area behind the end");
	TEST_ASSERT_EQUAL(resolve(32768, false, a + 0x80000 + 16, a, a + 0x20000, gpa), -EINVAL,
		"the largest ring, 16 bytes too far");
	return TEST_SUCCESS;
}

static int
test_ring_sizes(void)
{
	static const uint32_t bad_split[] = {0, 3, 255, 257, 32767, 32769, 65536, UINT32_MAX};
	static const uint32_t bad_packed[] = {0, 32769, 65536, UINT32_MAX};
	const uint64_t a = region_user[0];
	uint64_t gpa[HF_RING_AREAS];
	unsigned int i;

	for (i = 0; i < RTE_DIM(bad_split); i++)
		TEST_ASSERT_EQUAL(resolve(bad_split[i], false, a, a + 0x80000, a + 0xa0000, gpa),
			-EINVAL, "split, %u", bad_split[i]);
	for (i = 0; i < RTE_DIM(bad_packed); i++)
		TEST_ASSERT_EQUAL(resolve(bad_packed[i], true, a, a + 0x80000, a + 0xa0000, gpa),
			-EINVAL, "packed, %u", bad_packed[i]);
	TEST_ASSERT_SUCCESS(resolve(32768, false, a, a + 0x80000, a + 0xa0000, gpa), "largest");
	TEST_ASSERT_SUCCESS(resolve(1, false, a, a + 0x80000, a + 0xa0000, gpa), "smallest");
	TEST_ASSERT_SUCCESS(resolve(255, true, a, a + 0x80000, a + 0xa0000, gpa), "packed, odd");
	return TEST_SUCCESS;
}

static int
test_ring_alignment(void)
{
	const uint64_t a = region_user[0];
	uint64_t gpa[HF_RING_AREAS];

	TEST_ASSERT_EQUAL(resolve(64, false, a + 8, a + 0x1000, a + 0x2000, gpa), -EINVAL, "desc");
	TEST_ASSERT_EQUAL(resolve(64, false, a, a + 0x1001, a + 0x2000, gpa), -EINVAL, "avail");
	TEST_ASSERT_EQUAL(resolve(64, false, a, a + 0x1000, a + 0x2002, gpa), -EINVAL, "used");
	TEST_ASSERT_SUCCESS(resolve(64, false, a, a + 0x1002, a + 0x2004, gpa), "just so");
	TEST_ASSERT_EQUAL(
		resolve(64, true, a, a + 0x1002, a + 0x2000, gpa), -EINVAL, "driver event area");
	TEST_ASSERT_EQUAL(
		resolve(64, true, a, a + 0x1000, a + 0x2002, gpa), -EINVAL, "device event area");
	return TEST_SUCCESS;
}

/* --- features --- */

static const struct hf_devx_caps all_caps = {
	.packed = true,
	.split = true,
	.version_1 = true,
	.tso4 = true,
	.tso6 = true,
	.tx_csum = true,
	.rx_csum = true,
};

static int
test_feature_offer(void)
{
	const uint64_t never = BIT(VHOST_F_LOG_ALL) | BIT(VIRTIO_F_IOMMU_PLATFORM) |
		BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(28) /* INDIRECT_DESC */ | BIT(29) /* EVENT_IDX */;
	const uint64_t tso = BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6);
	struct hf_devx_caps caps = {0};
	uint64_t offer;

	offer = hf_feature_offer_hw(&all_caps);
	TEST_ASSERT_EQUAL((offer & never), 0, "0x%" PRIx64, offer);
	TEST_ASSERT_EQUAL((offer & tso), tso, "0x%" PRIx64, offer);
	TEST_ASSERT((offer & BIT(VIRTIO_F_RING_PACKED)) != 0, "0x%" PRIx64, offer);
	TEST_ASSERT((offer & BIT(VIRTIO_F_VERSION_1)) != 0, "0x%" PRIx64, offer);
	TEST_ASSERT((offer & BIT(VIRTIO_NET_F_GUEST_CSUM)) != 0, "0x%" PRIx64, offer);
	TEST_ASSERT((offer & BIT(VHOST_USER_F_PROTOCOL_FEATURES)) != 0, "0x%" PRIx64, offer);
	offer = hf_feature_offer_hw(&caps);
	TEST_ASSERT_EQUAL((offer & (tso | BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_F_VERSION_1))), 0,
		"a NIC that can nothing: 0x%" PRIx64, offer);
	caps.tso4 = true;
	caps.packed = true;
	offer = hf_feature_offer_hw(&caps);
	TEST_ASSERT_EQUAL((offer & (tso | BIT(VIRTIO_F_RING_PACKED))), 0,
		"offered without what it depends on: 0x%" PRIx64, offer);
	return TEST_SUCCESS;
}

struct feature_case {
	uint64_t features; /* beside PROTOCOL_FEATURES */
	enum hf_reason reason;
	const char *text; /* all of it; NULL: none */
};

#define NET(name) BIT(VIRTIO_NET_F_##name)
#define NEEDS(bit, other) "feature " bit " without the one it depends on: " other

static int
test_feature_check(void)
{
	const uint64_t all = UINT64_MAX & ~BIT(VHOST_F_LOG_ALL);
	const uint64_t v1 = BIT(VIRTIO_F_VERSION_1);
	/* clang-format off */
	const struct feature_case cases[] = {
		{0, HF_REASON_NONE, NULL},
		{all, HF_REASON_NONE, NULL},
		{BIT(VHOST_F_LOG_ALL) | v1, HF_REASON_NOT_OFFERED,
			"features that were not offered: 0x4000000: VHOST_F_LOG_ALL"},
		{NET(HOST_TSO4), HF_REASON_DEPENDENCY, NEEDS("VIRTIO_NET_F_HOST_TSO4", "VIRTIO_NET_F_CSUM")},
		{NET(HOST_TSO6), HF_REASON_DEPENDENCY, NEEDS("VIRTIO_NET_F_HOST_TSO6", "VIRTIO_NET_F_CSUM")},
		{NET(HOST_UFO), HF_REASON_DEPENDENCY, NEEDS("VIRTIO_NET_F_HOST_UFO", "VIRTIO_NET_F_CSUM")},
		{NET(HOST_TSO4) | NET(HOST_TSO6) | NET(CSUM), HF_REASON_NONE, NULL},
		{NET(GUEST_TSO4), HF_REASON_DEPENDENCY,
			NEEDS("VIRTIO_NET_F_GUEST_TSO4", "VIRTIO_NET_F_GUEST_CSUM")},
		{NET(GUEST_TSO6) | NET(CSUM), HF_REASON_DEPENDENCY,
			NEEDS("VIRTIO_NET_F_GUEST_TSO6", "VIRTIO_NET_F_GUEST_CSUM")},
		{NET(GUEST_UFO), HF_REASON_DEPENDENCY,
			NEEDS("VIRTIO_NET_F_GUEST_UFO", "VIRTIO_NET_F_GUEST_CSUM")},
		{NET(GUEST_ECN) | NET(GUEST_CSUM), HF_REASON_DEPENDENCY,
			NEEDS("VIRTIO_NET_F_GUEST_ECN", "VIRTIO_NET_F_GUEST_TSO4 VIRTIO_NET_F_GUEST_TSO6")},
		{NET(GUEST_ECN) | NET(GUEST_CSUM) | NET(GUEST_TSO6), HF_REASON_NONE, NULL},
		{NET(HOST_ECN) | NET(CSUM), HF_REASON_DEPENDENCY,
			NEEDS("VIRTIO_NET_F_HOST_ECN", "VIRTIO_NET_F_HOST_TSO4 VIRTIO_NET_F_HOST_TSO6")},
		{NET(HOST_ECN) | NET(CSUM) | NET(HOST_TSO4), HF_REASON_NONE, NULL},
		{NET(RSC_EXT) | v1, HF_REASON_DEPENDENCY,
			NEEDS("VIRTIO_NET_F_RSC_EXT", "VIRTIO_NET_F_HOST_TSO4 VIRTIO_NET_F_HOST_TSO6")},
		{BIT(VIRTIO_F_RING_PACKED), HF_REASON_DEPENDENCY,
			NEEDS("VIRTIO_F_RING_PACKED", "VIRTIO_F_VERSION_1")},
		{BIT(VIRTIO_F_IN_ORDER), HF_REASON_DEPENDENCY,
			NEEDS("VIRTIO_F_IN_ORDER", "VIRTIO_F_VERSION_1")},
		{BIT(50), HF_REASON_DEPENDENCY, NEEDS("bit 50", "VIRTIO_F_VERSION_1")},
		{BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_F_IN_ORDER) | v1, HF_REASON_NONE, NULL},
		/* The front end's own queue. */
		{NET(MQ) | NET(GUEST_ANNOUNCE), HF_REASON_NONE, NULL},
	};
	/* clang-format on */
	struct hf_answer v;
	unsigned int i;
	int ret;

	for (i = 0; i < RTE_DIM(cases); i++) {
		ret = hf_feature_check(all, cases[i].features, &v);
		TEST_ASSERT_EQUAL(ret, cases[i].text != NULL ? -EINVAL : 0, "case %u", i);
		TEST_ASSERT_EQUAL(v.reason, cases[i].reason, "case %u: %s", i, v.text);
		TEST_ASSERT(cases[i].text == NULL || strcmp(v.text, cases[i].text) == 0,
			"case %u: %s", i, v.text);
	}
	return TEST_SUCCESS;
}

/* --- datapaths --- */

#define WANTED (BIT(VIRTIO_F_RING_PACKED) | BIT(VHOST_F_LOG_ALL) | BIT(VIRTIO_F_VERSION_1))
#define TAKEN (BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(28) | BIT(29) | BIT(VIRTIO_F_IN_ORDER))

/* A NIC with virtqueues, raw queues, or both; packed rings only if asked for. */
static struct hf_devx_caps
path_caps(bool hw, bool poll)
{
	struct hf_devx_caps caps = all_caps;

	caps.packed = false;
	caps.virtio_net_q = hw;
	caps.max_virtqs = 16;
	caps.event_modes = 1 << 1;
	caps.eth.queues = caps.eth.csum = poll;
	caps.eth.max_lso = 1 << 18;
	return caps;
}

static int
test_datapath_offer(void)
{
	const struct hf_devx_caps both = path_caps(true, true), hw = path_caps(true, false);
	const struct hf_devx_caps poll = path_caps(false, true);
	const struct hf_wish hw_wish = {.datapath = HF_DATAPATH_HW};
	const struct hf_wish poll_wish = {.datapath = HF_DATAPATH_POLL};
	const struct hf_wish auto_wish = {.datapath = HF_DATAPATH_AUTO};
	const struct hf_wish all_wish = {.datapath = HF_DATAPATH_AUTO, .poll_features = true};
	struct hf_devx_caps more = both, no_lso = poll, old = both;
	uint64_t offer;

	offer = hf_feature_offer(&both, &hw_wish, 1500);
	TEST_ASSERT_EQUAL(
		offer & (WANTED | TAKEN), BIT(VIRTIO_F_VERSION_1), "hw: 0x%" PRIx64, offer);
	offer = hf_feature_offer(&both, &poll_wish, 1500);
	TEST_ASSERT_EQUAL(offer & (WANTED | TAKEN), WANTED | TAKEN, "poll: 0x%" PRIx64, offer);
	offer = hf_feature_offer(&both, &auto_wish, 1500);
	TEST_ASSERT_EQUAL(offer & (WANTED | TAKEN), WANTED, "auto: 0x%" PRIx64, offer);
	offer = hf_feature_offer(&both, &all_wish, 1500);
	TEST_ASSERT_EQUAL(offer & (WANTED | TAKEN), WANTED | TAKEN, "all: 0x%" PRIx64, offer);
	offer = hf_feature_offer(&hw, &all_wish, 1500);
	TEST_ASSERT_EQUAL(offer & (WANTED | TAKEN), BIT(VIRTIO_F_VERSION_1),
		"no raw queues: 0x%" PRIx64, offer);
	offer = hf_feature_offer(&poll, &auto_wish, 1500);
	TEST_ASSERT_EQUAL(
		offer & (WANTED | TAKEN), WANTED | TAKEN, "no virtqueues: 0x%" PRIx64, offer);
	TEST_ASSERT((offer & BIT(VIRTIO_NET_F_HOST_TSO4)) != 0, "TSO: 0x%" PRIx64, offer);
	offer = hf_feature_offer(&both, &poll_wish, 9000);
	TEST_ASSERT_EQUAL(
		offer & TAKEN, TAKEN & ~BIT(VIRTIO_F_IN_ORDER), "jumbo: 0x%" PRIx64, offer);
	no_lso.eth.max_lso = 0;
	offer = hf_feature_offer(&no_lso, &poll_wish, 1500);
	TEST_ASSERT((offer & BIT(VIRTIO_NET_F_HOST_TSO4)) == 0, "no LSO: 0x%" PRIx64, offer);
	/* Virtqueues for legacy guests only: others are for poll mode, or not at all. */
	old.version_1 = false;
	old.packed = true;
	offer = hf_feature_offer(&old, &hw_wish, 1500);
	TEST_ASSERT_EQUAL(offer & WANTED, 0, "legacy virtqueues: 0x%" PRIx64, offer);
	offer = hf_feature_offer(&old, &auto_wish, 1500);
	TEST_ASSERT_EQUAL(offer & WANTED, WANTED, "legacy virtqueues, auto: 0x%" PRIx64, offer);
	/* What only hardware does and what only poll mode does are not for one guest. */
	more.eth.max_lso = 0;
	offer = hf_feature_offer(&more, &all_wish, 1500);
	TEST_ASSERT_EQUAL(
		offer & (WANTED | TAKEN), BIT(VIRTIO_F_VERSION_1), "a mixture: 0x%" PRIx64, offer);
	return TEST_SUCCESS;
}

static int
test_protocol_offer(void)
{
	const struct hf_devx_caps both = path_caps(true, true), hw = path_caps(true, false);
	const struct hf_wish modern = {HF_DATAPATH_AUTO, HF_LEGACY_OFF};
	const struct hf_wish hw_wish = {HF_DATAPATH_HW, HF_LEGACY_AUTO};
	const struct hf_wish any = {HF_DATAPATH_AUTO, HF_LEGACY_AUTO};
	const uint64_t log = BIT(1), endian = BIT(6);

	TEST_ASSERT((hf_feature_protocol(&both, &any, 0) & log) == 0, "a log without logging");
	TEST_ASSERT((hf_feature_protocol(&both, &any, WANTED) & log) != 0, "logging without a log");
	TEST_ASSERT((hf_feature_protocol(&both, &any, 0) & endian) != 0, "poll mode reads them");
	TEST_ASSERT((hf_feature_protocol(&hw, &any, 0) & endian) == 0, "no poll mode");
	TEST_ASSERT((hf_feature_protocol(&both, &hw_wish, 0) & endian) == 0, "datapath=hw");
	TEST_ASSERT((hf_feature_protocol(&both, &modern, 0) & endian) == 0, "legacy=off");
	return TEST_SUCCESS;
}

struct path_case {
	bool hw, poll;
	struct hf_wish wish;
	struct hf_guest guest;
	const struct hf_path *path;
	enum hf_reason reason;
	const char *text; /* a part of it */
};

#define WISH(path, old) \
	{ \
		HF_DATAPATH_##path, HF_LEGACY_##old \
	}
#define V1 BIT(VIRTIO_F_VERSION_1)

static int
test_datapath_choice(void)
{
	/* clang-format off */
	const struct path_case cases[] = {
		{true, true, WISH(AUTO, OFF), {V1, false}, &hf_path_hw, HF_REASON_NONE, "do all"},
		{true, true, WISH(AUTO, AUTO), {BIT(VHOST_F_LOG_ALL), false}, &hf_path_poll, HF_REASON_NONE,
			"VHOST_F_LOG_ALL"},
		{true, true, WISH(AUTO, AUTO), {TAKEN, false}, &hf_path_poll, HF_REASON_NONE,
			"VIRTIO_NET_F_MRG_RXBUF"},
		{true, true, WISH(AUTO, AUTO), {BIT(VIRTIO_F_IOMMU_PLATFORM), false}, NULL,
			HF_REASON_FEATURES, "IOMMU"},
		{false, true, WISH(AUTO, AUTO), {V1, false}, &hf_path_poll, HF_REASON_NONE,
			"no virtio-net queues"},
		{true, false, WISH(AUTO, AUTO), {V1, false}, &hf_path_hw, HF_REASON_NONE, "do all"},
		{true, false, WISH(AUTO, AUTO), {TAKEN, false}, NULL, HF_REASON_FEATURES,
			"no raw Ethernet queues"},
		{false, false, WISH(AUTO, AUTO), {V1, false}, NULL, HF_REASON_NIC,
			"no raw Ethernet queues"},
		{true, true, WISH(HW, AUTO), {V1, false}, &hf_path_hw, HF_REASON_NONE, "asked"},
		{true, true, WISH(HW, AUTO), {TAKEN, false}, NULL, HF_REASON_FEATURES,
			"VIRTIO_RING_F_EVENT_IDX VIRTIO_F_IN_ORDER; datapath=poll or auto would serve it"},
		{false, true, WISH(HW, AUTO), {V1, false}, NULL, HF_REASON_NIC, "no virtio-net queues"},
		{true, true, WISH(POLL, AUTO), {V1, false}, &hf_path_poll, HF_REASON_NONE, "asked"},
		{true, true, WISH(POLL, AUTO), {TAKEN | WANTED, false}, &hf_path_poll, HF_REASON_NONE,
			"asked"},
		{true, false, WISH(POLL, AUTO), {V1, false}, NULL, HF_REASON_NIC,
			"no raw Ethernet queues; datapath=hw or auto would serve it"},
		/* legacy guests */
		{true, true, WISH(AUTO, AUTO), {0, false}, &hf_path_hw, HF_REASON_NONE, "do all"},
		{true, true, WISH(HW, AUTO), {0, false}, &hf_path_hw, HF_REASON_NONE, "asked"},
		{true, true, WISH(AUTO, OFF), {0, false}, NULL, HF_REASON_LEGACY, "legacy=auto"},
		{true, true, WISH(POLL, OFF), {0, false}, NULL, HF_REASON_LEGACY, "disable-legacy=on"},
		{true, true, WISH(AUTO, POLL), {0, false}, &hf_path_poll, HF_REASON_NONE, "legacy=poll"},
		{true, true, WISH(AUTO, POLL), {V1, false}, &hf_path_hw, HF_REASON_NONE, "do all"},
		{true, true, WISH(HW, POLL), {0, false}, NULL, HF_REASON_LEGACY_POLL,
			"datapath=poll or auto would serve it"},
		{true, false, WISH(AUTO, POLL), {0, false}, NULL, HF_REASON_LEGACY_POLL,
			"no raw Ethernet queues"},
		{true, true, WISH(AUTO, AUTO), {0, true}, &hf_path_poll, HF_REASON_NONE, "big-endian"},
		{true, true, WISH(HW, AUTO), {0, true}, NULL, HF_REASON_BIG_ENDIAN,
			"datapath=poll or auto would serve it"},
		{true, false, WISH(AUTO, AUTO), {0, true}, NULL, HF_REASON_BIG_ENDIAN,
			"no raw Ethernet queues"},
		{true, true, WISH(AUTO, OFF), {0, true}, NULL, HF_REASON_LEGACY, "legacy=auto"},
	};
	/* clang-format on */
	struct hf_devx_caps caps;
	struct hf_answer v;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		const struct path_case *c = &cases[i];

		caps = path_caps(c->hw, c->poll);
		hf_datapath_choose(&caps, &c->wish, &c->guest, &v);
		TEST_ASSERT_EQUAL(v.path, c->path, "case %u: %s", i, v.text);
		TEST_ASSERT_EQUAL(v.reason, c->reason, "case %u: %s", i, v.text);
		TEST_ASSERT_NOT_NULL(strstr(v.text, c->text), "case %u: %s", i, v.text);
	}
	return TEST_SUCCESS;
}

static int
test_datapath_nic(void)
{
	const struct hf_wish wish = WISH(AUTO, OFF);
	struct hf_devx_caps caps = path_caps(true, true);
	struct hf_answer v;

	hf_datapath_choose(&caps, &wish, NULL, &v);
	TEST_ASSERT_EQUAL(v.path, &hf_path_hw, "no guest is there, none is legacy: %s", v.text);
	caps = path_caps(false, false);
	hf_datapath_choose(&caps, &wish, NULL, &v);
	TEST_ASSERT_NULL(v.path, "a NIC that can nothing");
	TEST_ASSERT_EQUAL(v.reason, HF_REASON_NIC, "%s", v.text);
	return TEST_SUCCESS;
}

/* --- what ends when --- */

static int
test_life(void)
{
	enum hf_event e;

	for (e = 0; e < HF_EVENT_MAX; e++) {
		const struct hf_life *life = hf_life(e);

		TEST_ASSERT_NOT_NULL(life->name, "event %d is not in the table", e);
		TEST_ASSERT(!life->keep_virtq || life->keep_parts,
			"%s: a queue is kept without its parts", life->name);
	}
	TEST_ASSERT(hf_life(HF_EVENT_RING_STOP)->save_index, "a ring's position is forgotten");
	TEST_ASSERT(hf_life(HF_EVENT_RING_ERROR)->save_index, "a repair forgets the position");
	TEST_ASSERT(hf_life(HF_EVENT_DEVICE_STOP)->save_index, "a reset forgets the positions");
	TEST_ASSERT(hf_life(HF_EVENT_DEVICE_STOP)->keep_virtq, "a reset destroys the queues");
	TEST_ASSERT(hf_life(HF_EVENT_DEVICE_STOP)->keep_enabled,
		"a changed memory table leaves no queue enabled");
	TEST_ASSERT(!hf_life(HF_EVENT_RING_ERROR)->keep_virtq,
		"nothing leads out of a queue's error state");
	return TEST_SUCCESS;
}

static int
test_policy(void)
{
	enum hf_mr_policy mr, parsed;
	enum hf_event e;

	for (mr = 0; mr < HF_MR_POLICIES; mr++) {
		TEST_ASSERT_SUCCESS(hf_policy_parse(hf_policy_name(mr), &parsed), "policy %d", mr);
		TEST_ASSERT_EQUAL(parsed, mr, "%s", hf_policy_name(mr));
		TEST_ASSERT_EQUAL(hf_policy_verdict(mr, HF_EVENT_NIC_ERROR), HF_DROP,
			"%s: keys that a dead NIC knew", hf_policy_name(mr));
		TEST_ASSERT_EQUAL(hf_policy_verdict(mr, HF_EVENT_REMOVE), HF_DROP,
			"%s outlives the"
			" device",
			hf_policy_name(mr));
		for (e = 0; e < HF_EVENT_MAX; e++)
			TEST_ASSERT(
				hf_life(e)->keep_connection || hf_policy_verdict(mr, e) != HF_KEEP,
				"%s: %s: memory of nobody, for ever", hf_policy_name(mr),
				hf_life(e)->name);
	}
	TEST_ASSERT(!hf_policy_persists(HF_MR_RESET), "reset");
	TEST_ASSERT(hf_policy_persists(HF_MR_CONNECTION), "a reset unpins the guest");
	TEST_ASSERT(hf_policy_persists(HF_MR_MEMORY), "memory");
	TEST_ASSERT_EQUAL(hf_policy_verdict(HF_MR_MEMORY, HF_EVENT_DISCONNECT), HF_HOLD, "held");
	TEST_ASSERT_EQUAL(hf_policy_verdict(HF_MR_CONNECTION, HF_EVENT_DISCONNECT), HF_DROP,
		"memory of nobody stays pinned");
	TEST_ASSERT_EQUAL(hf_policy_parse("", &parsed), -EINVAL, "none");
	return TEST_SUCCESS;
}

static struct unit_test_suite vdpa_suite = {
	.suite_name = "vdpa",
	.unit_test_cases =
		{
			TEST_CASE(test_args_wanted),
			TEST_CASE(test_args_good),
			TEST_CASE(test_args_bad),
			TEST_CASE(test_args_policy),
			TEST_CASE(test_argsz),
			TEST_CASE(test_ring_places),
			TEST_CASE(test_ring_outside),
			TEST_CASE(test_ring_sizes),
			TEST_CASE(test_ring_alignment),
			TEST_CASE(test_feature_offer),
			TEST_CASE(test_feature_check),
			TEST_CASE(test_datapath_offer),
			TEST_CASE(test_protocol_offer),
			TEST_CASE(test_datapath_choice),
			TEST_CASE(test_datapath_nic),
			TEST_CASE(test_life),
			TEST_CASE(test_policy),
			TEST_CASES_END(),
		},
};

static int
test_vdpa(void)
{
	return unit_test_suite_runner(&vdpa_suite);
}

REGISTER_TEST_COMMAND(vdpa_autotest, test_vdpa);
