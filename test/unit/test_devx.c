/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Every object of lib/devx on a NIC: made, changed, asked, destroyed; and what the firmware has to
 * refuse.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/virtio_ring.h>
#include <numaif.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_io.h>
#include <rte_log.h>

#include "devx_rig.h"
#include "prm.h"
#include "test.h"

#define WAIT_MS 20000

static struct rig rig;
static unsigned int leaks; /* of all cases */

static int
setup(void)
{
	return rig_open(&rig);
}

static void
teardown(void)
{
	leaks += rig_close(&rig);
}

static int
suite_setup(void)
{
	int ret = rig_open(&rig);

	if (ret == 0)
		rig_close(&rig);
	leaks = 0;
	return ret == -ENODEV ? TEST_SKIPPED : ret;
}

static int
wait_event(struct hf_evch *ch, uint64_t *cookie)
{
	struct pollfd p = {.fd = ch->fd, .events = POLLIN};

	if (poll(&p, 1, WAIT_MS) != 1)
		return 0;
	return hf_evch_read(ch, cookie);
}

/* --- device --- */

static int
test_caps(void)
{
	const struct hf_devx_caps *c = hf_devx_caps(rig.dev);
	unsigned int i;

	TEST_ASSERT(c->split || c->packed, "no type of ring");
	TEST_ASSERT(c->max_virtqs >= 2, "%u queues", c->max_virtqs);
	TEST_ASSERT(c->max_klm >= 4 && c->max_klm <= 4076, "mkeys of %u entries", c->max_klm);
	TEST_ASSERT(c->event_modes & 1u << MLX5_VIRTQ_EVENT_MODE_QP, "no events by QP");
	for (i = 0; i < RTE_DIM(c->umem); i++)
		TEST_ASSERT(c->umem[i].a != 0 || c->umem[i].b != 0, "umem %u is empty", i);
	TEST_ASSERT(hf_devx_pdn(rig.dev) != 0, "no protection domain");
	TEST_ASSERT(hf_devx_null_lkey(rig.dev) != 0, "no null key");
	return TEST_SUCCESS;
}

static int
test_vport(void)
{
	static const uint8_t none[6];
	struct hf_devx_vport v = {0};

	TEST_ASSERT_SUCCESS(hf_devx_vport_query(rig.dev, &v), "query");
	TEST_ASSERT(memcmp(v.mac, none, sizeof(none)) != 0, "no MAC address");
	TEST_ASSERT(v.mtu >= 68 && v.mtu <= 9978, "MTU %u", v.mtu);
	return TEST_SUCCESS;
}

static int
test_leak_is_named(void)
{
	static struct hf_steer_obj td; /* static: libmlx5's part is leaked too, but not lost */
	struct rig r;
	char *text = NULL;
	size_t len = 0;
	unsigned int left;
	FILE *log;

	TEST_ASSERT_SUCCESS(rig_open(&r), "open a second time");
	TEST_ASSERT_SUCCESS(hf_td_create(r.dev, &td), "td");
	log = open_memstream(&text, &len);
	TEST_ASSERT_NOT_NULL(log, "no memory stream");
	rte_openlog_stream(log);
	left = rig_close(&r);
	rte_openlog_stream(NULL);
	fclose(log);
	TEST_ASSERT_EQUAL(left, 1, "%u objects left, expected 1", left);
	TEST_ASSERT(strstr(text, "td") != NULL, "the leak has no name in: %s", text);
	free(text);
	return TEST_SUCCESS;
}

/* --- memory --- */

static int
test_mr(void)
{
	uint32_t before = hf_objs_count(hf_devx_objs(rig.dev), "mr");
	struct hf_mr mr = {0};
	void *hole;

	TEST_ASSERT_SUCCESS(hf_mr_create(rig.dev, rig.mem, 0x3000, 0x7000, &mr), "create");
	TEST_ASSERT_EQUAL(hf_objs_count(hf_devx_objs(rig.dev), "mr"), before + 1, "not in table");
	TEST_ASSERT_SUCCESS(hf_mr_destroy(&mr), "destroy");
	TEST_ASSERT_SUCCESS(hf_mr_destroy(&mr), "destroy what is destroyed");
	hole = mmap(NULL, 0x2000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(hole != MAP_FAILED, "no hole");
	TEST_ASSERT(hf_mr_create(rig.dev, hole, 0x2000, 0, &mr) < 0, "a hole was registered");
	TEST_ASSERT_NULL(mr.mr, "a failed create left something");
	TEST_ASSERT(hf_devx_last_error()->err < 0, "no error is remembered");
	munmap(hole, 0x2000);
	TEST_ASSERT_EQUAL(hf_objs_count(hf_devx_objs(rig.dev), "mr"), before, "left in table");
	return TEST_SUCCESS;
}

static int
test_mkey(void)
{
	const struct hf_devx_caps *caps = hf_devx_caps(rig.dev);
	struct hf_klm klm[] = {
		{.bytes = 0x4000, .mkey = rig.mr.lkey, .addr = RIG_GPA},
		{.bytes = 0x4000, .mkey = hf_devx_null_lkey(rig.dev), .addr = RIG_GPA + 0x4000},
		{.bytes = 0x4000, .mkey = rig.mr.lkey, .addr = RIG_GPA + 0x8000},
	};
	struct hf_mkey_attr attr = {
		.start = 0x1000, .len = 0xc000, .klm = klm, .n_klm = RTE_DIM(klm)};
	struct hf_mkey mkey;

	TEST_ASSERT_SUCCESS(hf_mkey_create(rig.dev, &attr, &mkey), "KLM with a hole");
	TEST_ASSERT(mkey.key != 0, "no key");
	TEST_ASSERT_SUCCESS(hf_mkey_destroy(&mkey), "destroy");
	attr.log_entity = 14;
	if (caps->fixed_klm) {
		TEST_ASSERT_SUCCESS(hf_mkey_create(rig.dev, &attr, &mkey), "fixed size");
		TEST_ASSERT_SUCCESS(hf_mkey_destroy(&mkey), "destroy");
	} else {
		TEST_ASSERT_EQUAL(hf_mkey_create(rig.dev, &attr, &mkey), -ENOTSUP, "fixed size");
	}
	attr.log_entity = 0;
	attr.n_klm = caps->max_klm + 1;
	TEST_ASSERT_EQUAL(hf_mkey_create(rig.dev, &attr, &mkey), -E2BIG, "too many entries");
	attr.n_klm = 0;
	TEST_ASSERT_EQUAL(hf_mkey_create(rig.dev, &attr, &mkey), -E2BIG, "no entries");
	attr.n_klm = RTE_DIM(klm);
	attr.len = 0;
	TEST_ASSERT_EQUAL(hf_mkey_create(rig.dev, &attr, &mkey), -EINVAL, "no bytes");
	attr.start = UINT64_MAX;
	attr.len = 2;
	TEST_ASSERT_EQUAL(hf_mkey_create(rig.dev, &attr, &mkey), -EINVAL, "wraps around");
	TEST_ASSERT_SUCCESS(hf_mkey_destroy(&mkey), "destroy what was not made");
	return TEST_SUCCESS;
}

static int
test_mkey_longest(void)
{
	const uint32_t n = hf_devx_caps(rig.dev)->max_klm;
	struct hf_klm *klm = calloc(n, sizeof(*klm));
	struct hf_mkey_attr attr = {.len = (uint64_t)n << 12, .klm = klm, .n_klm = n};
	struct hf_mkey mkey;
	uint32_t i;
	int ret;

	TEST_ASSERT_NOT_NULL(klm, "no memory");
	for (i = 0; i < n; i++)
		klm[i] = (struct hf_klm){.bytes = 1u << 12, .mkey = rig.mr.lkey, .addr = RIG_GPA};
	ret = hf_mkey_create(rig.dev, &attr, &mkey);
	free(klm);
	TEST_ASSERT_SUCCESS(ret, "a mkey of %u entries: %s", n, strerror(-ret));
	return hf_mkey_destroy(&mkey);
}

static int
test_mkey_refused(void)
{
	struct hf_klm klm = {.bytes = 0x1000, .mkey = rig.mr.lkey, .addr = RIG_GPA};
	struct hf_mkey_attr attr = {.len = 0x2000, .klm = &klm, .n_klm = 1};
	struct hf_mkey mkey;
	const struct hf_devx_error *e;

	/* The entries cover less than the key: the firmware's to find. */
	TEST_ASSERT(hf_mkey_create(rig.dev, &attr, &mkey) < 0, "was not refused");
	e = hf_devx_last_error();
	TEST_ASSERT_EQUAL(e->opcode, MLX5_CMD_OP_CREATE_MKEY, "opcode 0x%x", e->opcode);
	TEST_ASSERT_EQUAL(e->status, MLX5_CMD_STAT_BAD_PARAM_ERR, "status 0x%x", e->status);
	TEST_ASSERT(e->syndrome != 0, "no syndrome");
	TEST_ASSERT_EQUAL(e->err, -EINVAL, "%d", e->err);
	return TEST_SUCCESS;
}

/* Is a page to be on the node of the NIC? That is NIC_NUMA; absent: of none. */
static int
node_check(void *page)
{
	const char *said = getenv("NIC_NUMA");
	const int want = said != NULL ? atoi(said) : -1;
	unsigned long nodes[1024 / (CHAR_BIT * sizeof(unsigned long))] = {0};
	int mode = -1;

	if (get_mempolicy(&mode, nodes, sizeof(nodes) * CHAR_BIT, page, MPOL_F_ADDR) != 0)
		return errno == ENOSYS ? TEST_SUCCESS : TEST_FAILED;
	TEST_ASSERT_EQUAL(mode, want < 0 ? MPOL_DEFAULT : MPOL_PREFERRED, "policy %d", mode);
	TEST_ASSERT_EQUAL(nodes[0], want < 0 ? 0 : 1ul << want, "nodes %#lx", nodes[0]);
	return TEST_SUCCESS;
}

static int
test_umem(void)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct hf_umem umem;
	size_t i;

	TEST_ASSERT_SUCCESS(hf_umem_create(rig.dev, page + 1, &umem), "create");
	TEST_ASSERT_EQUAL(umem.len, 2 * page, "%zu bytes", umem.len);
	TEST_ASSERT_EQUAL((uintptr_t)umem.buf % page, 0, "not on a page");
	for (i = 0; i < umem.len; i++)
		TEST_ASSERT_EQUAL(((uint8_t *)umem.buf)[i], 0, "byte %zu is not zero", i);
	if (node_check(umem.buf) != TEST_SUCCESS)
		return TEST_FAILED;
	TEST_ASSERT_SUCCESS(hf_umem_destroy(&umem), "destroy");
	TEST_ASSERT_EQUAL(hf_umem_create(rig.dev, 0, &umem), -EINVAL, "no bytes");
	TEST_ASSERT_EQUAL(hf_umem_create(rig.dev, SIZE_MAX, &umem), -EINVAL, "all bytes");
	return TEST_SUCCESS;
}

static int
test_var(void)
{
	struct hf_var var;
	uint32_t *other;

	TEST_ASSERT_SUCCESS(hf_var_create(rig.dev, &var), "create");
	other = mmap(NULL, var.len, PROT_READ | PROT_WRITE, MAP_SHARED, var.fd, var.offset);
	TEST_ASSERT(other != MAP_FAILED, "what a front end gets cannot be mapped");
	munmap(other, var.len);
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "destroy");
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "destroy what is destroyed");
	return TEST_SUCCESS;
}

/* --- events --- */

static int
test_event_channel(void)
{
	struct hf_evch ch;
	uint64_t cookie;

	TEST_ASSERT_SUCCESS(hf_evch_create(rig.dev, true, &ch), "create");
	TEST_ASSERT_EQUAL(hf_evch_read(&ch, &cookie), 0, "an event out of nothing");
	TEST_ASSERT_SUCCESS(hf_evch_destroy(&ch), "destroy");
	TEST_ASSERT_EQUAL(ch.fd, -1, "descriptor %d is left", ch.fd);
	return TEST_SUCCESS;
}

static int
test_eqp(void)
{
	struct hf_eqp_attr attr = {.ch = &rig.cq_ch};
	struct hf_eqp *eqp = NULL;

	attr.size = 3;
	TEST_ASSERT_EQUAL(hf_eqp_create(rig.dev, &attr, &eqp), -EINVAL, "size 3");
	attr.size = 0;
	TEST_ASSERT_EQUAL(hf_eqp_create(rig.dev, &attr, &eqp), -EINVAL, "size 0");
	for (attr.size = 1; attr.size != 0; attr.size <<= 5) {
		TEST_ASSERT_SUCCESS(hf_eqp_create(rig.dev, &attr, &eqp), "size %u", attr.size);
		TEST_ASSERT(hf_eqp_qpn(eqp) != 0, "no number");
		TEST_ASSERT_EQUAL(hf_eqp_poll(eqp), 0, "completions out of nothing");
		hf_eqp_arm(eqp);
		TEST_ASSERT_SUCCESS(hf_eqp_reset(eqp), "reset");
		TEST_ASSERT_EQUAL(hf_eqp_poll(eqp), 0, "completions after a reset");
		TEST_ASSERT_EQUAL(hf_eqp_errors(eqp), 0, "errors");
		TEST_ASSERT_SUCCESS(hf_eqp_destroy(eqp), "destroy");
	}
	return TEST_SUCCESS;
}

/* --- virtqs --- */

static int
test_virtq_life(void)
{
	struct hf_virtq_status st;
	struct rig_vq q;

	TEST_ASSERT_SUCCESS(rig_vq_create(&rig, 0, false, &q), "create");
	TEST_ASSERT_SUCCESS(hf_virtq_subscribe(&q.vq, &rig.err_ch, 1), "subscribe");
	TEST_ASSERT_SUCCESS(hf_virtq_query(&q.vq, &st), "query");
	TEST_ASSERT_EQUAL(st.state, HF_VIRTQ_INIT, "state %d", st.state);
	TEST_ASSERT_SUCCESS(rig_vq_move(&q, HF_VIRTQ_RDY), "to RDY");
	TEST_ASSERT_SUCCESS(hf_virtq_query(&q.vq, &st), "query");
	TEST_ASSERT_EQUAL(st.state, HF_VIRTQ_RDY, "state %d", st.state);
	TEST_ASSERT(rig_vq_move(&q, HF_VIRTQ_INIT) < 0, "from RDY to INIT");
	TEST_ASSERT_SUCCESS(rig_vq_move(&q, HF_VIRTQ_SUSPEND), "to SUSPEND");
	TEST_ASSERT_SUCCESS(hf_virtq_query(&q.vq, &st), "query");
	TEST_ASSERT_EQUAL(st.state, HF_VIRTQ_SUSPEND, "state %d", st.state);
	TEST_ASSERT_EQUAL(st.avail_idx, 0, "available index %u", st.avail_idx);
	TEST_ASSERT_EQUAL(st.used_idx, 0, "used index %u", st.used_idx);
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q), "destroy");
	return TEST_SUCCESS;
}

static int
test_virtq_references(void)
{
	struct hf_mkey_attr attr = {.len = 0x1000};
	struct hf_klm klm = {.bytes = 0x1000, .mkey = rig.mr.lkey, .addr = RIG_GPA};
	struct hf_virtq_attr change = {.mod = HF_VIRTQ_MOD_MKEY};
	struct hf_mkey mkey;
	struct rig_vq q;

	TEST_ASSERT_SUCCESS(rig_vq_create(&rig, 0, false, &q), "create");
	if (hf_devx_caps(rig.dev)->virtio_q_counters)
		TEST_ASSERT(hf_virtq_counters_destroy(&q.counters) < 0, "counters destroyed");
	TEST_ASSERT(hf_umem_destroy(&q.umem[1]) < 0, "umem destroyed");
	TEST_ASSERT(hf_eqp_destroy(q.eqp) < 0, "event QP destroyed");
	TEST_ASSERT(hf_steer_obj_destroy(&rig.tis) < 0, "TIS destroyed");
	attr.klm = &klm;
	attr.n_klm = 1;
	TEST_ASSERT_SUCCESS(hf_mkey_create(rig.dev, &attr, &mkey), "another mkey");
	change.mkey = mkey.key;
	if (hf_devx_caps(rig.dev)->modify_ext) {
		TEST_ASSERT_SUCCESS(hf_virtq_modify(&q.vq, &change), "another mkey in INIT");
		change.mkey = rig.mkey.key;
		TEST_ASSERT_SUCCESS(hf_virtq_modify(&q.vq, &change), "back");
	}
	TEST_ASSERT_SUCCESS(hf_mkey_destroy(&mkey), "a mkey that is let go");
	change.mkey = mkey.key ^ 0x55;
	TEST_ASSERT(hf_virtq_modify(&q.vq, &change) < 0, "a mkey that does not exist");
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q), "destroy");
	return TEST_SUCCESS;
}

/* In each state each field, against what the table says. */
static int
test_virtq_may_modify(void)
{
	static const uint64_t mods[] = {HF_VIRTQ_MOD_ADDR, HF_VIRTQ_MOD_AVAIL, HF_VIRTQ_MOD_USED,
		HF_VIRTQ_MOD_TYPE, HF_VIRTQ_MOD_VERSION_1, HF_VIRTQ_MOD_MKEY, HF_VIRTQ_MOD_FEATURES,
		HF_VIRTQ_MOD_EVENT_MODE};
	const struct hf_devx_caps *caps = hf_devx_caps(rig.dev);
	enum hf_virtq_state state;
	struct rig_vq q;
	unsigned int i;
	bool may, did;

	TEST_ASSERT_SUCCESS(rig_vq_create(&rig, 0, false, &q), "create");
	for (state = HF_VIRTQ_INIT; state <= HF_VIRTQ_SUSPEND; state++) {
		if (state != HF_VIRTQ_INIT)
			TEST_ASSERT_SUCCESS(rig_vq_move(&q, state), "to state %d", state);
		for (i = 0; i < RTE_DIM(mods); i++) {
			q.attr.mod = mods[i];
			may = hf_virtq_may_modify(caps, state, mods[i]);
			did = hf_virtq_modify(&q.vq, &q.attr) == 0;
			TEST_ASSERT_EQUAL(may, did, "state %d, field 0x%" PRIx64 ": %s, but %s",
				state, mods[i], may ? "may" : "may not",
				did ? "the NIC takes it" : "the NIC refuses it");
		}
	}
	may = hf_virtq_may_modify(caps, HF_VIRTQ_SUSPEND, HF_VIRTQ_MOD_STATE);
	did = rig_vq_move(&q, HF_VIRTQ_RDY) == 0;
	TEST_ASSERT_EQUAL(did, may, "from SUSPEND to RDY");
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q), "destroy");
	return TEST_SUCCESS;
}

/* Every capability off, and each one alone. */
static int
test_virtq_may_modify_caps(void)
{
	struct hf_devx_caps none = {0}, ext = {.modify_ext = true}, addr = {.modify_addr = true};
	struct hf_devx_caps idx = {.modify_index = true}, frz = {.freeze_to_rdy = true};
	const uint64_t both = HF_VIRTQ_MOD_AVAIL | HF_VIRTQ_MOD_USED;

	TEST_ASSERT(hf_virtq_may_modify(&none, HF_VIRTQ_INIT, HF_VIRTQ_MOD_STATE), "start");
	TEST_ASSERT(hf_virtq_may_modify(&none, HF_VIRTQ_RDY, HF_VIRTQ_MOD_STATE), "suspend");
	TEST_ASSERT(!hf_virtq_may_modify(&none, HF_VIRTQ_SUSPEND, HF_VIRTQ_MOD_STATE), "resume");
	TEST_ASSERT(hf_virtq_may_modify(&frz, HF_VIRTQ_SUSPEND, HF_VIRTQ_MOD_STATE), "resume");
	TEST_ASSERT(!hf_virtq_may_modify(&frz, HF_VIRTQ_ERR, HF_VIRTQ_MOD_STATE), "from ERR");
	TEST_ASSERT(!hf_virtq_may_modify(&none, HF_VIRTQ_INIT, HF_VIRTQ_MOD_ADDR), "addresses");
	TEST_ASSERT(hf_virtq_may_modify(&addr, HF_VIRTQ_SUSPEND, HF_VIRTQ_MOD_ADDR), "addresses");
	TEST_ASSERT(!hf_virtq_may_modify(&addr, HF_VIRTQ_RDY, HF_VIRTQ_MOD_ADDR), "while running");
	TEST_ASSERT(hf_virtq_may_modify(&idx, HF_VIRTQ_SUSPEND, both), "indices");
	TEST_ASSERT(!hf_virtq_may_modify(&idx, HF_VIRTQ_SUSPEND, both | HF_VIRTQ_MOD_MKEY),
		"one that may not");
	TEST_ASSERT(hf_virtq_may_modify(&ext, HF_VIRTQ_INIT, HF_VIRTQ_MOD_MKEY), "mkey");
	TEST_ASSERT(!hf_virtq_may_modify(&ext, HF_VIRTQ_INIT, UINT64_C(1) << 40), "unknown field");
	return TEST_SUCCESS;
}

/* --- the data path, as far as lib/devx has to do with it --- */

#define SENT 3
#define FRAME_BYTES 60
#define HDR_BYTES 12

/* Three frames that nobody receives, offered by the guest of a split ring. */
static struct vring_used *
ring_fill(const struct rig_vq *q, void *mem)
{
	struct vring_desc *desc = RTE_PTR_ADD(mem, q->attr.desc - RIG_GPA);
	struct vring_avail *avail = RTE_PTR_ADD(mem, q->attr.avail - RIG_GPA);
	uint64_t data = q->attr.used - RIG_GPA + RIG_RING_BYTES / 4;
	unsigned int i;

	memset(RTE_PTR_ADD(mem, data), 0, HDR_BYTES);
	memset(RTE_PTR_ADD(mem, data + HDR_BYTES), 0x02, FRAME_BYTES);
	for (i = 0; i < SENT; i++) {
		desc[i].addr = htole64(RIG_GPA + data);
		desc[i].len = htole32(HDR_BYTES + FRAME_BYTES);
		desc[i].flags = 0;
		avail->ring[i] = htole16(i);
	}
	rte_io_wmb();
	avail->idx = htole16(SENT);
	return RTE_PTR_ADD(mem, q->attr.used - RIG_GPA);
}

static void
ring_doorbell(const struct hf_var *var, const struct rig_vq *q)
{
	rte_wmb();
	*(volatile uint32_t *)var->page = q->attr.index;
}

/* From INIT on: run the queue until the frames are used. Returns the completions; 0 is a failure.
 */
static unsigned int
send_frames(struct rig_vq *q, const struct hf_var *var)
{
	volatile struct vring_used *used;
	uint64_t cookie = 0;
	unsigned int n = 0;

	memset(rig.mem, 0, RIG_MEM_BYTES);
	used = ring_fill(q, rig.mem);
	if (rig_vq_move(q, HF_VIRTQ_RDY))
		return 0;
	ring_doorbell(var, q);
	/* One event may stand for several buffers. */
	while (le16toh(used->idx) < SENT) {
		if (wait_event(&rig.cq_ch, &cookie) != 1 || cookie != q->attr.index)
			return 0;
		n += hf_eqp_poll(q->eqp);
		hf_eqp_arm(q->eqp);
		n += hf_eqp_poll(q->eqp);
	}
	return n;
}

/* From INIT on: so many frames, each offered when the one before is used: a message for each. */
static bool
send_singly(struct rig_vq *q, const struct hf_var *var, unsigned int count)
{
	struct vring_avail *avail = RTE_PTR_ADD(rig.mem, q->attr.avail - RIG_GPA);
	volatile struct vring_used *used;
	unsigned int i, waits;

	memset(rig.mem, 0, RIG_MEM_BYTES);
	used = ring_fill(q, rig.mem);
	avail->idx = 0;
	memset(avail->ring, 0, RIG_RING_SIZE * sizeof(avail->ring[0]));
	if (rig_vq_move(q, HF_VIRTQ_RDY))
		return false;
	for (i = 1; i <= count; i++) {
		rte_io_wmb();
		avail->idx = htole16(i);
		ring_doorbell(var, q);
		for (waits = 0; le16toh(used->idx) != i; waits++) {
			if (waits == 400000)
				return false;
			usleep(50);
		}
	}
	return true;
}

/* What has completed, if it becomes so many; the last message may come after the used ring. */
static unsigned int
poll_for(struct hf_eqp *eqp, unsigned int count)
{
	unsigned int n = 0, waits;

	for (waits = 0; n < count && waits < 400000; waits++) {
		n += hf_eqp_poll(eqp);
		usleep(50);
	}
	return n;
}

/* As many completions as the queue has entries, before anybody looks: taken, or left to a reset. */
static int
test_eqp_full(void)
{
	struct hf_var var;
	struct rig_vq q;
	unsigned int i, n;

	TEST_ASSERT_SUCCESS(hf_var_create(rig.dev, &var), "doorbell page");
	TEST_ASSERT_SUCCESS(rig_vq_create(&rig, 1, false, &q), "create");
	for (i = 0; i < 4; i++) {
		TEST_ASSERT(send_singly(&q, &var, RIG_RING_SIZE), "frames of round %u", i);
		if (i % 2 == 0) {
			n = poll_for(q.eqp, RIG_RING_SIZE);
			TEST_ASSERT_EQUAL(n, RIG_RING_SIZE, "%u completions in round %u", n, i);
		}
		TEST_ASSERT_SUCCESS(hf_virtq_destroy(&q.vq), "destroy");
		TEST_ASSERT_SUCCESS(hf_eqp_reset(q.eqp), "reset");
		TEST_ASSERT_EQUAL(hf_eqp_poll(q.eqp), 0, "completions after a reset");
		TEST_ASSERT_SUCCESS(hf_virtq_create(rig.dev, &q.attr, &q.vq), "create again");
	}
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q), "destroy");
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "doorbell page");
	return TEST_SUCCESS;
}

static int
test_completions(void)
{
	struct hf_virtq_stats stats;
	struct hf_virtq_status st;
	struct hf_var var;
	struct rig_vq q;
	unsigned int n;

	TEST_ASSERT_SUCCESS(hf_var_create(rig.dev, &var), "doorbell page");
	TEST_ASSERT_SUCCESS(rig_vq_create(&rig, 1, false, &q), "create");
	n = send_frames(&q, &var);
	TEST_ASSERT(n >= 1 && n <= SENT, "%u completions", n);
	TEST_ASSERT_EQUAL(hf_eqp_errors(q.eqp), 0, "good completions counted as errors");
	TEST_ASSERT_SUCCESS(rig_vq_move(&q, HF_VIRTQ_SUSPEND), "to SUSPEND");
	TEST_ASSERT_SUCCESS(hf_virtq_query(&q.vq, &st), "query");
	TEST_ASSERT_EQUAL(st.avail_idx, SENT, "available index %u", st.avail_idx);
	TEST_ASSERT_EQUAL(st.used_idx, SENT, "used index %u", st.used_idx);
	if (hf_devx_caps(rig.dev)->virtio_q_counters) {
		TEST_ASSERT_SUCCESS(hf_virtq_counters_query(&q.counters, &stats), "counters");
		TEST_ASSERT_EQUAL(
			stats.completed_desc, SENT, "%" PRIu64 " completed", stats.completed_desc);
	}
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q), "destroy");
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "doorbell page");
	return TEST_SUCCESS;
}

/* The event QPs of a virtq that was destroyed serve the next one. */
static int
test_eqp_reuse(void)
{
	struct hf_var var;
	struct rig_vq q;
	unsigned int i, n;

	TEST_ASSERT_SUCCESS(hf_var_create(rig.dev, &var), "doorbell page");
	TEST_ASSERT_SUCCESS(rig_vq_create(&rig, 1, false, &q), "create");
	for (i = 0; i < 3; i++) {
		n = send_frames(&q, &var);
		TEST_ASSERT(n >= 1 && n <= SENT, "%u completions in round %u", n, i);
		TEST_ASSERT_SUCCESS(hf_virtq_destroy(&q.vq), "destroy");
		TEST_ASSERT_SUCCESS(hf_eqp_reset(q.eqp), "reset");
		TEST_ASSERT_EQUAL(hf_eqp_poll(q.eqp), 0, "completions after a reset");
		TEST_ASSERT_EQUAL(hf_eqp_errors(q.eqp), 0, "errors in round %u", i);
		TEST_ASSERT_SUCCESS(hf_virtq_create(rig.dev, &q.attr, &q.vq), "create again");
	}
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q), "destroy");
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "doorbell page");
	return TEST_SUCCESS;
}

/* An available index that is further ahead than the ring is long is a queue in error. */
static int
test_error_event(void)
{
	struct hf_virtq_status st;
	struct vring_avail *avail;
	struct hf_var var;
	struct rig_vq q;
	uint64_t cookie = 0;

	memset(rig.mem, 0, RIG_MEM_BYTES);
	TEST_ASSERT_SUCCESS(hf_var_create(rig.dev, &var), "doorbell page");
	TEST_ASSERT_SUCCESS(rig_vq_create(&rig, 1, false, &q), "create");
	TEST_ASSERT_SUCCESS(hf_virtq_subscribe(&q.vq, &rig.err_ch, 0xe44), "subscribe");
	avail = RTE_PTR_ADD(rig.mem, q.attr.avail - RIG_GPA);
	avail->idx = htole16(RIG_RING_SIZE + 1);
	TEST_ASSERT_SUCCESS(rig_vq_move(&q, HF_VIRTQ_RDY), "to RDY");
	ring_doorbell(&var, &q);
	TEST_ASSERT_EQUAL(wait_event(&rig.err_ch, &cookie), 1, "no event");
	TEST_ASSERT_EQUAL(cookie, 0xe44, "cookie 0x%" PRIx64, cookie);
	TEST_ASSERT_SUCCESS(hf_virtq_query(&q.vq, &st), "query");
	TEST_ASSERT_EQUAL(st.state, HF_VIRTQ_ERR, "state %d", st.state);
	TEST_ASSERT(st.error_type != 0, "no type of error");
	TEST_ASSERT(rig_vq_move(&q, HF_VIRTQ_RDY) < 0, "out of ERR");
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q), "destroy");
	TEST_ASSERT_SUCCESS(hf_var_destroy(&var), "doorbell page");
	return TEST_SUCCESS;
}

/* --- steering objects --- */

static int
test_steering_objects(void)
{
	static const uint8_t key[40] = {1};
	struct hf_steer_obj rqt, tir;
	struct hf_tir_attr tattr = {.td = rig.td.id, .key = key};
	struct hf_flow_attr fattr = {.priority = 0, .tir = &tir};
	struct hf_flow flow;
	struct rig_vq q;
	uint32_t table[8];
	unsigned int i;

	TEST_ASSERT_SUCCESS(rig_vq_create(&rig, 0, false, &q), "virtq");
	for (i = 0; i < RTE_DIM(table); i++)
		table[i] = q.vq.id;
	TEST_ASSERT_EQUAL(
		hf_rqt_create(rig.dev, HF_RQT_VIRTQ, table, 3, &rqt), -EINVAL, "3 entries");
	TEST_ASSERT_EQUAL(
		hf_rqt_create(rig.dev, HF_RQT_VIRTQ, table, 0, &rqt), -EINVAL, "no entries");
	TEST_ASSERT_SUCCESS(hf_rqt_create(rig.dev, HF_RQT_VIRTQ, table, 4, &rqt), "rqt");
	TEST_ASSERT(hf_virtq_destroy(&q.vq) < 0, "virtq of a table destroyed");
	TEST_ASSERT_SUCCESS(hf_rqt_modify(&rqt, HF_RQT_VIRTQ, table, 2), "fewer entries");
	TEST_ASSERT_SUCCESS(hf_rqt_modify(&rqt, HF_RQT_VIRTQ, table, 4), "as many entries");
	TEST_ASSERT(hf_rqt_modify(&rqt, HF_RQT_VIRTQ, table, 8) < 0,
		"more entries than it was made for");
	table[3] ^= 0x8000;
	TEST_ASSERT(hf_rqt_modify(&rqt, HF_RQT_VIRTQ, table, 4) < 0, "a virtq that does not exist");
	tattr.rqt = rqt.id;
	TEST_ASSERT_SUCCESS(hf_tir_create(rig.dev, &tattr, &tir), "tir");
	TEST_ASSERT(hf_steer_obj_destroy(&rqt) < 0, "table of a TIR destroyed");
	TEST_ASSERT(hf_steer_obj_destroy(&rig.td) < 0, "domain of a TIR destroyed");
	TEST_ASSERT_SUCCESS(hf_flow_create(rig.dev, &fattr, &flow), "flow");
	TEST_ASSERT(hf_steer_obj_destroy(&tir) < 0, "TIR of a flow destroyed");
	TEST_ASSERT_SUCCESS(hf_flow_destroy(&flow), "flow");
	TEST_ASSERT_SUCCESS(hf_steer_obj_destroy(&tir), "tir");
	TEST_ASSERT_SUCCESS(hf_steer_obj_destroy(&rqt), "rqt");
	TEST_ASSERT_SUCCESS(rig_vq_destroy(&q), "virtq");
	return TEST_SUCCESS;
}

/* After all others. */
static int
test_nothing_left(void)
{
	TEST_ASSERT_EQUAL(leaks, 0, "%u objects were left over", leaks);
	return TEST_SUCCESS;
}

#define NIC_CASE(fn) TEST_CASE_ST(setup, teardown, fn)

static struct unit_test_suite devx_suite = {
	.suite_name = "devx",
	.setup = suite_setup,
	.unit_test_cases =
		{
			NIC_CASE(test_caps),
			NIC_CASE(test_vport),
			NIC_CASE(test_mr),
			NIC_CASE(test_mkey),
			NIC_CASE(test_mkey_longest),
			NIC_CASE(test_mkey_refused),
			NIC_CASE(test_umem),
			NIC_CASE(test_var),
			NIC_CASE(test_event_channel),
			NIC_CASE(test_eqp),
			NIC_CASE(test_virtq_life),
			NIC_CASE(test_virtq_references),
			NIC_CASE(test_virtq_may_modify),
			TEST_CASE(test_virtq_may_modify_caps),
			NIC_CASE(test_completions),
			NIC_CASE(test_eqp_reuse),
			NIC_CASE(test_eqp_full),
			NIC_CASE(test_error_event),
			NIC_CASE(test_steering_objects),
			TEST_CASE(test_leak_is_named),
			TEST_CASE(test_nothing_left),
			TEST_CASES_END(),
		},
};

static int
test_devx(void)
{
	return unit_test_suite_runner(&devx_suite);
}

REGISTER_TEST_COMMAND(devx_autotest, test_devx);
