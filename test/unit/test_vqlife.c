/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The life of a virtqueue, through libmlx5. What a modify changes: the fields that it selects and
 * no other, in the states that allow it; and what a query then says. What fails a queue while it
 * runs, the event that its driver gets, and what is left to do then.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>

#include <rte_common.h>

#include "fw_rig.h"
#include "test.h"

static struct fw_rig rig;
static struct fw_box box;
static uint8_t out[FW_OUT_MAX] __attribute__((aligned(8)));

#define VIRTQ_BYTES (sizeof(struct mlx5_ifc_virtio_net_q_bits) / 8)
#define OFF(fld) offsetof(struct mlx5_ifc_virtio_net_q_bits, fld)
#define SZ(fld) sizeof(((struct mlx5_ifc_virtio_net_q_bits *)NULL)->fld)
#define Q(fld, v) \
	{ \
		OFF(fld), SZ(fld), v \
	}
#define C(fld, v) Q(virtio_q_context.fld, v)
#define SEL(x) MLX5_VIRTQ_MODIFY_TYPE_##x

/* A field of the queue, and what becomes of it. */
struct field {
	uint16_t bit;
	uint8_t width; /* 0: no more */
	uint64_t value;
};

static const struct change {
	const char *what;
	uint64_t select;
	bool running; /* also in RDY */
	struct field f[3];
} changes[] = {
	{"addresses", SEL(ADDR), false,
		{C(desc_addr, 0x123450), C(available_addr, 0x123458), C(used_addr, 0x123454)}},
	{"available index", SEL(HW_AVAILABLE_INDEX), false, {Q(hw_available_index, 7)}},
	{"used index", SEL(HW_USED_INDEX), false, {Q(hw_used_index, 5)}},
	{"version", SEL(VERSION_1_0), false, {C(virtio_version_1_0, 0)}},
	{"type", SEL(Q_TYPE), false, {C(virtio_q_type, MLX5_VIRTQ_TYPE_PACKED)}},
	{"memory key", SEL(Q_MKEY), false, {C(virtio_q_mkey, 0)}},
	{"features", SEL(QUEUE_FEATURE_BIT_MASK), false,
		{Q(tso_ipv4, 1), Q(tx_csum, 1), Q(rx_csum, 1)}},
	{"event mode", SEL(EVENT_MODE), false,
		{C(event_mode, MLX5_VIRTQ_EVENT_MODE_NO_MSIX), C(event_qpn_or_msix, 0)}},
	{"period", SEL(QUEUE_PERIOD), false,
		{C(queue_period_mode, 2), C(queue_period_us, 4095), C(queue_max_count, 0xffff)}},
	{"dirty log", SEL(DIRTY_BITMAP_PARAMS), true,
		{Q(dirty_bitmap_mkey, 0), Q(dirty_bitmap_size, 12345),
			Q(dirty_bitmap_addr, 0x123456789a)}},
	{"dirty log on", SEL(DIRTY_BITMAP_DUMP_ENABLE), true, {Q(dirty_bitmap_dump_enable, 1)}},
};

static void
put(uint8_t *q, const struct field *f)
{
	uint64_t value = f->value;

	/* the log's key is one of the rig */
	if (f->bit == OFF(dirty_bitmap_mkey))
		value = rig.id[ID_MKEY];
	if (f->width == 64)
		_devx_set64(q, value, f->bit);
	else
		_devx_set(q, (uint32_t)value, f->bit, f->width);
}

static int
query(enum fw_id id, uint8_t *q)
{
	fw_build(&rig, C_QUERY_VQ, &box);
	DEVX_SET(general_obj_in_cmd_hdr, box.in, obj_id, rig.id[id]);
	if (mlx5dv_devx_obj_query(rig.obj[id], box.in, box.inlen, out, box.outlen) != 0)
		return -1;
	memcpy(q, DEVX_ADDR_OF(query_virtq_out, out, virtq), VIRTQ_BYTES);
	return 0;
}

/* Modify with this as the queue of the mailbox. */
static int
modify(enum fw_id id, const uint8_t *q, uint64_t select)
{
	fw_build(&rig, C_MODIFY_VQ, &box);
	DEVX_SET(general_obj_in_cmd_hdr, box.in, obj_id, rig.id[id]);
	memcpy(DEVX_ADDR_OF(create_virtq_in, box.in, virtq), q, VIRTQ_BYTES);
	DEVX_SET64(create_virtq_in, box.in, virtq.modify_field_select, select);
	return mlx5dv_devx_obj_modify(rig.obj[id], box.in, box.inlen, out, box.outlen);
}

/* The mailbox has all fields changed in every step; what is not selected stays. */
static int
each_alone(enum fw_id id, bool running)
{
	uint8_t first[VIRTQ_BYTES], all[VIRTQ_BYTES], want[VIRTQ_BYTES], got[VIRTQ_BYTES];
	uint64_t selected = 0;
	unsigned int i, k;

	TEST_ASSERT_SUCCESS(query(id, first), "query");
	memcpy(all, first, sizeof(all));
	memcpy(want, first, sizeof(want));
	for (i = 0; i < RTE_DIM(changes); i++) {
		for (k = 0; k < RTE_DIM(changes[i].f) && changes[i].f[k].width != 0; k++)
			put(all, &changes[i].f[k]);
	}
	for (i = 0; i < RTE_DIM(changes); i++) {
		const struct change *c = &changes[i];

		if (running && !c->running)
			continue;
		for (k = 0; k < RTE_DIM(c->f) && c->f[k].width != 0; k++)
			put(want, &c->f[k]);
		TEST_ASSERT_SUCCESS(modify(id, all, c->select), "%s: syndrome 0x%x", c->what,
			DEVX_GET(mbox_out, out, syndrome));
		TEST_ASSERT_SUCCESS(query(id, got), "query");
		TEST_ASSERT(memcmp(got, want, sizeof(got)) == 0,
			"%s: not what was selected, or more", c->what);
		selected |= c->select;
	}
	TEST_ASSERT_SUCCESS(modify(id, first, selected), "back: syndrome 0x%x",
		DEVX_GET(mbox_out, out, syndrome));
	TEST_ASSERT_SUCCESS(query(id, got), "query");
	TEST_ASSERT(memcmp(got, first, sizeof(got)) == 0, "not what it was");
	return TEST_SUCCESS;
}

static int
test_init(void)
{
	return each_alone(ID_VQ_RX, false);
}

static int
test_suspend(void)
{
	return each_alone(ID_VQ_SUSPEND, false);
}

static int
test_ready(void)
{
	return each_alone(ID_VQ_RDY, true);
}

/* One field of several is wrong: none is changed. */
static int
test_all_or_nothing(void)
{
	uint8_t first[VIRTQ_BYTES], all[VIRTQ_BYTES], got[VIRTQ_BYTES];

	TEST_ASSERT_SUCCESS(query(ID_VQ_RX, first), "query");
	memcpy(all, first, sizeof(all));
	DEVX_SET64(virtio_net_q, all, virtio_q_context.desc_addr, 0x4000);
	DEVX_SET(virtio_net_q, all, hw_used_index, 3);
	DEVX_SET(virtio_net_q, all, dirty_bitmap_mkey, 0xdead00);
	TEST_ASSERT_FAIL(
		modify(ID_VQ_RX, all, SEL(ADDR) | SEL(HW_USED_INDEX) | SEL(DIRTY_BITMAP_PARAMS)),
		"a log of a key that is not there");
	TEST_ASSERT_SUCCESS(query(ID_VQ_RX, got), "query");
	TEST_ASSERT(memcmp(got, first, sizeof(got)) == 0, "part of it was done");
	return TEST_SUCCESS;
}

/* --- a queue that fails --- */

#define WAIT_MS 20000
#define COOKIE 0x1234567

/* A queue of our own, without notification, and its events. */
struct queue {
	struct mlx5dv_devx_obj *obj;
	struct mlx5dv_devx_event_channel *events;
	uint32_t id;
};

static int
queue_open(struct queue *v, uint32_t key, uint64_t desc)
{
	uint16_t event = MLX5_EVENT_TYPE_OBJECT_CHANGE;

	fw_build(&rig, C_CREATE_VQ, &box);
	DEVX_SET(create_virtq_in, box.in, virtq.virtio_q_context.event_mode,
		MLX5_VIRTQ_EVENT_MODE_NO_MSIX);
	DEVX_SET(create_virtq_in, box.in, virtq.virtio_q_context.virtio_q_mkey, key);
	DEVX_SET64(create_virtq_in, box.in, virtq.virtio_q_context.desc_addr, desc);
	v->obj = mlx5dv_devx_obj_create(rig.ctx, box.in, box.inlen, out, box.outlen);
	TEST_ASSERT_NOT_NULL(v->obj, "queue: syndrome 0x%x", DEVX_GET(mbox_out, out, syndrome));
	v->id = DEVX_GET(general_obj_out_cmd_hdr, out, obj_id);
	v->events = mlx5dv_devx_create_event_channel(rig.ctx, 0);
	TEST_ASSERT_NOT_NULL(v->events, "event channel: %s", strerror(errno));
	TEST_ASSERT_SUCCESS(
		mlx5dv_devx_subscribe_devx_event(v->events, v->obj, sizeof(event), &event, COOKIE),
		"subscription");
	return TEST_SUCCESS;
}

static void
queue_close(struct queue *v)
{
	mlx5dv_devx_destroy_event_channel(v->events);
	mlx5dv_devx_obj_destroy(v->obj);
}

/* Modify state and other fields to what the template has. The syndrome, 0: done. */
static uint32_t
queue_modify(const struct queue *v, uint64_t select, unsigned int state)
{
	fw_build(&rig, C_MODIFY_VQ, &box);
	DEVX_SET(general_obj_in_cmd_hdr, box.in, obj_id, v->id);
	DEVX_SET64(create_virtq_in, box.in, virtq.modify_field_select, select);
	DEVX_SET(create_virtq_in, box.in, virtq.state, state);
	if (mlx5dv_devx_obj_modify(v->obj, box.in, box.inlen, out, box.outlen) == 0)
		return 0;
	return DEVX_GET(mbox_out, out, syndrome);
}

static const uint8_t *
queue_query(const struct queue *v)
{
	fw_build(&rig, C_QUERY_VQ, &box);
	DEVX_SET(general_obj_in_cmd_hdr, box.in, obj_id, v->id);
	if (mlx5dv_devx_obj_query(v->obj, box.in, box.inlen, out, box.outlen) != 0)
		memset(out, 0, sizeof(out));
	return DEVX_ADDR_OF(query_virtq_out, out, virtq);
}

/* The queue has failed: its event says so, a query does, and nothing but a destroy is left. */
static int
has_failed(const struct queue *v)
{
	static const unsigned int states[] = {
		MLX5_VIRTQ_STATE_INIT, MLX5_VIRTQ_STATE_RDY, MLX5_VIRTQ_STATE_SUSPEND};
	union {
		struct mlx5dv_devx_async_event_hdr head;
		uint8_t b[sizeof(struct mlx5dv_devx_async_event_hdr) + 64];
	} event;
	struct pollfd pfd = {.fd = v->events->fd, .events = POLLIN};
	const uint8_t *data = event.b + sizeof(event.head) + 32, *q;
	unsigned int i;

	TEST_ASSERT_EQUAL(poll(&pfd, 1, WAIT_MS), 1, "no event");
	TEST_ASSERT(mlx5dv_devx_get_event(v->events, &event.head, sizeof(event)) > 0, "event");
	TEST_ASSERT_EQUAL(event.head.cookie, (uint64_t)COOKIE, "its cookie");
	TEST_ASSERT_EQUAL(DEVX_GET(affiliated_event_header, data, obj_type),
		MLX5_GENERAL_OBJ_TYPE_VIRTQ, "its object");
	TEST_ASSERT_EQUAL(DEVX_GET(affiliated_event_header, data, obj_id), v->id, "its object");
	q = queue_query(v);
	TEST_ASSERT_EQUAL(DEVX_GET(virtio_net_q, q, state), MLX5_VIRTQ_STATE_ERROR, "state");
	TEST_ASSERT_EQUAL(DEVX_GET(virtio_net_q, q, virtio_q_context.error_type), 3u,
		"error type: invalid buffer");
	for (i = 0; i < RTE_DIM(states); i++)
		TEST_ASSERT_EQUAL(
			queue_modify(v, SEL(STATE), states[i]), 0xe0625u, "to state %u", i);
	TEST_ASSERT_EQUAL(queue_modify(v, SEL(ADDR), 0), 0xe0624u, "other addresses");
	TEST_ASSERT_EQUAL(queue_modify(v, SEL(DIRTY_BITMAP_PARAMS), 0), 0xe0624u, "a dirty log");
	TEST_ASSERT_EQUAL(queue_modify(v, SEL(STATE) | SEL(ADDR) | SEL(Q_MKEY), 1), 0xe0624u,
		"all that would help");
	q = queue_query(v);
	TEST_ASSERT_EQUAL(DEVX_GET(virtio_net_q, q, state), MLX5_VIRTQ_STATE_ERROR, "state");
	return TEST_SUCCESS;
}

/* In the place of a queue that failed another one lives. */
static int
works_again(void)
{
	struct queue v;

	TEST_ASSERT_SUCCESS(queue_open(&v, rig.id[ID_MKEY], (uintptr_t)rig.mem), "queue");
	TEST_ASSERT_EQUAL(queue_modify(&v, SEL(STATE), MLX5_VIRTQ_STATE_RDY), 0u, "to RDY");
	TEST_ASSERT_EQUAL(queue_modify(&v, SEL(STATE), MLX5_VIRTQ_STATE_SUSPEND), 0u, "stop");
	TEST_ASSERT_EQUAL(
		DEVX_GET(virtio_net_q, queue_query(&v), state), MLX5_VIRTQ_STATE_SUSPEND, "state");
	queue_close(&v);
	return TEST_SUCCESS;
}

static int
test_ring_outside(void)
{
	struct queue v;

	TEST_ASSERT_SUCCESS(queue_open(&v, rig.id[ID_MKEY], 0x10), "queue");
	TEST_ASSERT_EQUAL(queue_modify(&v, SEL(STATE), MLX5_VIRTQ_STATE_RDY), 0u,
		"addresses are looked at when they are used");
	TEST_ASSERT_SUCCESS(has_failed(&v), "a ring outside of its key");
	queue_close(&v);
	return works_again();
}

static int
test_key_destroyed(void)
{
	struct ibv_mr *mr = ibv_reg_mr(rig.pd, rig.mem, FW_MEM_BYTES, IBV_ACCESS_LOCAL_WRITE);
	struct queue v;

	TEST_ASSERT_NOT_NULL(mr, "MR: %s", strerror(errno));
	TEST_ASSERT_SUCCESS(queue_open(&v, mr->lkey, (uintptr_t)rig.mem), "queue");
	TEST_ASSERT_EQUAL(queue_modify(&v, SEL(STATE), MLX5_VIRTQ_STATE_RDY), 0u, "to RDY");
	TEST_ASSERT_EQUAL(DEVX_GET(virtio_net_q, queue_query(&v), state), MLX5_VIRTQ_STATE_RDY,
		"state with its key");
	TEST_ASSERT_SUCCESS(ibv_dereg_mr(mr), "a queue holds no reference to its key");
	TEST_ASSERT_SUCCESS(has_failed(&v), "a key that is gone");
	queue_close(&v);
	return works_again();
}

static int
setup(void)
{
	return fw_rig_open(&rig);
}

static void
teardown(void)
{
	fw_rig_close(&rig);
}

static struct unit_test_suite vqlife_suite = {
	.suite_name = "vqlife",
	.setup = setup,
	.teardown = teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_init),
			TEST_CASE(test_suspend),
			TEST_CASE(test_ready),
			TEST_CASE(test_all_or_nothing),
			TEST_CASE(test_ring_outside),
			TEST_CASE(test_key_destroyed),
			TEST_CASES_END(),
		},
};

static int
test_vqlife(void)
{
	return unit_test_suite_runner(&vqlife_suite);
}

REGISTER_TEST_COMMAND(vqlife_autotest, test_vqlife);
