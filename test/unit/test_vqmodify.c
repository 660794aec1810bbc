/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a modify of a virtqueue changes, through libmlx5: the fields that it selects and no other,
 * in the states that allow it; and what a query then says.
 */
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

static struct unit_test_suite vqmodify_suite = {
	.suite_name = "vqmodify",
	.setup = setup,
	.teardown = teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_init),
			TEST_CASE(test_suspend),
			TEST_CASE(test_ready),
			TEST_CASE(test_all_or_nothing),
			TEST_CASES_END(),
		},
};

static int
test_vqmodify(void)
{
	return unit_test_suite_runner(&vqmodify_suite);
}

REGISTER_TEST_COMMAND(vqmodify_autotest, test_vqmodify);
