/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "dp_rig.h"

#include <infiniband/mlx5dv.h>
#include <stdlib.h>

#include "fw/fw.h"
#include "uverbs/uverbs.h"
#include "wire/wire.h"

/* --- what firmware and kernel are here --- */

_Atomic uint32_t bar[N_BARS][NIC_PAGE / 4];
struct nic_qp qps[2];
unsigned int n_object_events, n_comp_events, n_cq_errors, n_qp_errors;
uint8_t last_eqe[64] __attribute__((aligned(8)));

void *
fw_bar_ptr(const struct nic_func *f, uint64_t bar_offset)
{
	(void)bar_offset;
	return bar[f->idx];
}

struct nic_obj *
fw_obj_find(const struct nic_func *f, enum nic_obj_type type, uint32_t id)
{
	(void)f;
	return type == NIC_OBJ_QP && id < RTE_DIM(qps) ? &qps[id].obj : NULL;
}

void
uverbs_event(struct nic_func *f, uint16_t event_type, enum nic_obj_type obj_type, uint32_t id,
	const void *eqe)
{
	(void)f;
	(void)obj_type;
	(void)id;
	if (eqe != NULL)
		memcpy(last_eqe, eqe, sizeof(last_eqe));
	n_object_events += event_type == MLX5_EVENT_TYPE_OBJECT_CHANGE;
	n_qp_errors += event_type == MLX5_EVENT_TYPE_WQ_CATAS_ERROR;
	n_cq_errors += event_type == MLX5_EVENT_TYPE_CQ_ERROR;
	n_comp_events += event_type == MLX5_EVENT_TYPE_COMP;
}

/* --- two functions, memory, queues --- */

struct conf conf = {.engines = 1, .wire = "none"};
struct nic nic;
struct nic_func funcs[N_FUNCS];
static struct nic_pd pd;
struct nic_mkey mkey;
struct nic_mkey *mkey_tbl[(MKEY >> 8) + 1];
struct mem_pin *pin;
struct wire *no_wire;
uint8_t *mem;
struct dp_engine *eng;
struct nic_virtq_counters counters;

struct guest guests[4];

void
nic_setup(void)
{
	static const uint8_t *const macs[N_FUNCS] = {mac_x, mac_a, mac_b};
	unsigned int i;

	memset(&nic, 0, sizeof(nic));
	memset(funcs, 0, sizeof(funcs));
	memset(&mkey, 0, sizeof(mkey));
	nic.conf = &conf;
	nic.n_funcs = N_FUNCS;
	nic.wire = no_wire;
	mkey = (struct nic_mkey){.tag = MKEY & 0xff,
		.perm = NIC_PERM_LR | NIC_PERM_LW,
		.mode = NIC_MKEY_MTT,
		.pd = &pd,
		.start = MEM_GPA,
		.len = MEM_LEN,
		.pin = pin};
	mkey_tbl[MKEY >> 8] = &mkey;
	for (i = 0; i < N_FUNCS; i++) {
		unsigned int t;

		nic.funcs[i] = &funcs[i];
		funcs[i].nic = &nic;
		funcs[i].idx = i;
		funcs[i].mkey_tbl = mkey_tbl;
		funcs[i].mkey_tbl_size = RTE_DIM(mkey_tbl);
		funcs[i].max_indirection = 1;
		funcs[i].vport.mtu = 1500;
		memcpy(&funcs[i].vport.mac, macs[i], 6);
		TAILQ_INIT(&funcs[i].queues);
		TAILQ_INIT(&funcs[i].bells);
		for (t = 0; t < NIC_OBJ_TYPES; t++)
			TAILQ_INIT(&funcs[i].objs[t]);
	}
	memset(eng, 0, sizeof(*eng));
	eng->nic = &nic;
	TAILQ_INIT(&eng->queues);
	n_object_events = 0;
	memset(mem, 0, MEM_LEN);
	memset(&counters, 0, sizeof(counters));
}

int
rig_setup(void)
{
	mem = mmap(NULL, MEM_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	eng = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*eng), 64));
	if (mem == MAP_FAILED || eng == NULL || mem_guard_init() != 0 ||
		mem_pin((uintptr_t)mem, MEM_LEN, true, &pin) != 0 ||
		wire_open(&nic, "none", &no_wire) != 0)
		return TEST_FAILED;
	return TEST_SUCCESS;
}

void
rig_teardown(void)
{
	wire_close(no_wire);
	mem_unpin(pin);
	munmap(mem, MEM_LEN);
	free(eng);
}

int
guest_open(unsigned int i, enum nic_virtq_type type)
{
	struct guest *g = &guests[i];

	memset(g, 0, sizeof(*g));
	g->base = mem + i * QUEUE_MEM;
	g->gpa = MEM_GPA + i * QUEUE_MEM;
	g->avail = g->used = type == NIC_VQ_PACKED ? 0x8000 : 0;
	g->q = (struct nic_virtq){.type = type,
		.index = (uint16_t)(i % 2),
		.size = RING,
		.v1 = true,
		.desc = g->gpa + DESC_OFF,
		.avail = g->gpa + DRIVER_OFF,
		.used = g->gpa + DEVICE_OFF,
		.mkey = MKEY,
		.pd = &pd,
		.counters = &counters,
		.avail_idx = g->avail,
		.used_idx = g->used};
	g->q.obj.func = &funcs[1 + i / 2];
	g->q.obj.id = i;
	if (dp_virtq_init(&g->q) != 0)
		return -1;
	TAILQ_INSERT_TAIL(&g->q.obj.func->objs[NIC_OBJ_VIRTQ], &g->q.obj, next);
	g->q.state = NIC_VQ_RDY;
	dp_virtq_ready(&g->q);
	return 0;
}

void
guest_close(unsigned int i)
{
	struct guest *g = &guests[i];

	TAILQ_REMOVE(&g->q.obj.func->objs[NIC_OBJ_VIRTQ], &g->q.obj, next);
	dp_virtq_fini(&g->q);
}

struct vring_packed_desc *
packed_at(const struct guest *g, uint16_t pos)
{
	return (struct vring_packed_desc *)(g->base + DESC_OFF) + (pos & 0x7fff);
}

static uint16_t
next_pos(uint16_t pos)
{
	return (pos & 0x7fff) + 1 == RING ? (pos & 0x8000) ^ 0x8000 : (uint16_t)(pos + 1);
}

static void
post_packed(struct guest *g, uint16_t id, const struct buf *b, unsigned int n)
{
	uint16_t first = g->avail, first_flags = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct vring_packed_desc *d = packed_at(g, g->avail);
		uint16_t flags = b[i].flags | (i + 1 < n ? VRING_DESC_F_NEXT : 0) |
			((g->avail & 0x8000) != 0 ? 1u << VRING_PACKED_DESC_F_AVAIL
						  : 1u << VRING_PACKED_DESC_F_USED);

		d->addr = htole64(g->gpa + b[i].off);
		d->len = htole32(b[i].len);
		d->id = htole16(id);
		if (i > 0)
			d->flags = htole16(flags);
		else
			first_flags = flags;
		g->avail = next_pos(g->avail);
	}
	__atomic_store_n(&packed_at(g, first)->flags, htole16(first_flags), __ATOMIC_RELEASE);
}

static void
post_split(struct guest *g, uint16_t id, const struct buf *b, unsigned int n)
{
	struct vring_desc *d = (struct vring_desc *)(g->base + DESC_OFF);
	uint16_t *driver = (uint16_t *)(g->base + DRIVER_OFF);
	unsigned int i;

	for (i = 0; i < n; i++) {
		d[id + i] = (struct vring_desc){.addr = htole64(g->gpa + b[i].off),
			.len = htole32(b[i].len),
			.flags = htole16(b[i].flags | (i + 1 < n ? VRING_DESC_F_NEXT : 0)),
			.next = htole16((uint16_t)(id + i + 1))};
	}
	driver[2 + g->avail % RING] = htole16(id);
	g->avail++;
	__atomic_store_n(&driver[1], htole16(g->avail), __ATOMIC_RELEASE);
}

void
post(struct guest *g, uint16_t id, const struct buf *b, unsigned int n)
{
	if (g->q.type == NIC_VQ_PACKED)
		post_packed(g, id, b, n);
	else
		post_split(g, id, b, n);
}

int
take(struct guest *g, unsigned int slots, uint32_t *len)
{
	if (g->q.type == NIC_VQ_PACKED) {
		const struct vring_packed_desc *d = packed_at(g, g->used);
		bool wrap = (g->used & 0x8000) != 0;
		uint16_t flags = le16toh(__atomic_load_n(&d->flags, __ATOMIC_ACQUIRE));

		if (((flags >> VRING_PACKED_DESC_F_USED & 1) != 0) != wrap ||
			((flags >> VRING_PACKED_DESC_F_AVAIL & 1) != 0) != wrap)
			return -1;
		*len = le32toh(d->len);
		while (slots-- > 0)
			g->used = next_pos(g->used);
		return le16toh(d->id);
	} else {
		const uint16_t *idx = (const uint16_t *)(g->base + DEVICE_OFF);
		const struct vring_used_elem *e =
			(const struct vring_used_elem *)(idx + 2) + g->used % RING;

		if (le16toh(__atomic_load_n(&idx[1], __ATOMIC_ACQUIRE)) == g->used)
			return -1;
		g->used++;
		*len = le32toh(e->len);
		return (int)le32toh(e->id);
	}
}

struct dp_vq *
dp(unsigned int i)
{
	return guests[i].q.dp;
}

void
ring_doorbell(struct nic_func *f)
{
	static struct nic_var var;
	struct nic_obj_list *vars = &f->objs[NIC_OBJ_VAR];

	if (TAILQ_EMPTY(vars))
		TAILQ_INSERT_TAIL(vars, &var.obj, next);
	bar[f->idx][0] = 1;
	doorbell_poll(f);
	TAILQ_REMOVE(vars, &var.obj, next);
}

static struct nic_obj *rqt_tbl[1];
static struct nic_rqt one_rqt = {.size = 1, .q = rqt_tbl};
static struct nic_tir one_tir = {.rqt = &one_rqt};

void
steer_to(struct nic_func *f, struct nic_virtq *q)
{
	unsigned int i;

	rqt_tbl[0] = &q->obj;
	frame_flows(f);
	for (i = 0; i < f->n_flows; i++)
		flows[i].tir = &one_tir;
}

void
post_frame(struct guest *g, uint16_t id, const struct frame *f, const struct virtio_net_hdr_v1 *hdr)
{
	uint32_t off = BUF_OFF + id * BUF_LEN / 2, part = f->len / 3;
	struct buf b[3] = {{off, 12, 0}, {off + 12, part, 0}, {off + 12 + part, f->len - part, 0}};

	memcpy(g->base + off, hdr, 12);
	memcpy(g->base + off + 12, f->b, f->len);
	post(g, id, b, 3);
}

void
post_rx(struct guest *g, uint16_t id, uint32_t len)
{
	uint32_t off = BUF_OFF + id * BUF_LEN;
	struct buf b[2] = {{off, 12, W}, {off + 12, len - 12, W}};

	post(g, id, b, 2);
}

/* What all cases but those of a file have. */
static struct {
	struct mem_pin *pin;
	uint8_t *mem;
} usual;
int file_fd;

static int
other_memory(int flags)
{
	usual.pin = pin;
	usual.mem = mem;
	mem = mmap(NULL, MEM_LEN, PROT_READ | PROT_WRITE, flags, file_fd, 0);
	TEST_ASSERT(mem != MAP_FAILED, "mmap");
	TEST_ASSERT_SUCCESS(mem_pin((uintptr_t)mem, MEM_LEN, true, &pin), "pin");
	nic_setup();
	return TEST_SUCCESS;
}

int
file_memory(void)
{
	file_fd = memfd_create("test_dp", 0);
	TEST_ASSERT(file_fd >= 0 && ftruncate(file_fd, MEM_LEN) == 0, "memfd");
	return other_memory(MAP_SHARED);
}

int
private_memory(void)
{
	file_fd = -1;
	return other_memory(MAP_PRIVATE | MAP_ANONYMOUS);
}

void
usual_memory(void)
{
	mem_unpin(pin);
	munmap(mem, MEM_LEN);
	if (file_fd >= 0)
		close(file_fd);
	pin = usual.pin;
	mem = usual.mem;
}

void
lane_open(struct lane *l, unsigned int rx)
{
	struct nic_func *f = guests[rx].q.obj.func;

	memset(l, 0, sizeof(*l));
	l->rqt_tbl[0] = &guests[rx].q.obj;
	l->rqt = (struct nic_rqt){.size = 1, .q = l->rqt_tbl};
	l->tir.rqt = &l->rqt;
	l->flow.matcher = &l->matcher;
	l->flow.tir = &l->tir;
	l->flow_tbl[0] = &l->flow;
	f->flow_tbl = l->flow_tbl;
	f->n_flows = 1;
}

/* --- completions --- */

static struct nic_umem umem;
static struct nic_uar uar;

struct nic_cq *
cq_setup(bool collapsed)
{
	static struct nic_cq cq;

	nic_setup();
	umem = (struct nic_umem){.pin = pin, .len = MEM_LEN};
	memset(&cq, 0, sizeof(cq));
	cq.obj.func = &funcs[1];
	cq.umem = &umem;
	cq.dbr_umem = &umem;
	cq.dbr_offset = CQ_DBR;
	cq.log_size = CQ_LOG;
	cq.log_cqe_size = 6;
	cq.collapsed = collapsed;
	cq.armed = true;
	cq.uar = &uar;
	cq.obj.id = 7;
	uar.obj.func = &funcs[1];
	TAILQ_INSERT_TAIL(&funcs[1].objs[NIC_OBJ_CQ], &cq.obj, next);
	bar[1][BELL] = 0;
	memset(qps, 0, sizeof(qps));
	qps[0].obj.func = &funcs[1];
	qps[0].state = NIC_QP_RTS;
	qps[0].remote_qpn = 1;
	qps[1].obj.func = &funcs[1];
	qps[1].obj.id = 1;
	qps[1].remote_qpn = 0;
	qps[1].state = NIC_QP_RTR;
	qps[1].cq_rcv = &cq;
	qps[1].dbr_umem = &umem;
	qps[1].dbr_offset = QP_DBR;
	n_comp_events = n_cq_errors = n_qp_errors = 0;
	return &cq;
}

uint32_t *
word(uint32_t off)
{
	return (uint32_t *)(mem + off);
}
