/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Calls that fail on demand, links that go down, functions that die, lose their driver and come
 * back: what a user of libibverbs sees of it. The NIC is told through its control socket.
 */
#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nic_ctl.h"
#include "prm.h"
#include "test.h"
#include "uverbs/method.h"
#include "uverbs/uv.h"

static struct ibv_context *ctx;
static uint8_t memory[3 * 4096] __attribute__((aligned(4096)));

static int
setup(void)
{
	if (!nic_ctl_there())
		return TEST_SKIPPED;
	ctx = nic_ctl_open(0);
	return ctx != NULL ? 0 : -1;
}

/* Whatever a case did to it, the next one has a NIC that works. */
static void
teardown(void)
{
	if (ctx != NULL)
		ibv_close_device(ctx);
	nic_ctl_tell("fail clear");
	nic_ctl_tell("revive 0");
	nic_ctl_tell("link port up");
	nic_ctl_tell("link 0 auto");
}

/* The next event of a context, -1: none is there. */
static int
next_event(struct ibv_context *c)
{
	struct pollfd p = {.fd = c->async_fd, .events = POLLIN};
	struct ibv_async_event event;
	int type;

	if (poll(&p, 1, 0) != 1 || ibv_get_async_event(c, &event) != 0)
		return -1;
	type = event.event_type;
	ibv_ack_async_event(&event);
	return type;
}

static struct mlx5dv_devx_obj *
make_td(struct ibv_context *c)
{
	uint32_t in[DEVX_ST_SZ_DW(alloc_transport_domain_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(alloc_transport_domain_out)] = {0};

	DEVX_SET(alloc_transport_domain_in, in, opcode, MLX5_CMD_OP_ALLOC_TRANSPORT_DOMAIN);
	return mlx5dv_devx_obj_create(c, in, sizeof(in), out, sizeof(out));
}

/* op_mod: 0 the vport, 2 the port. -1: the command failed. */
static int
vport_state(struct ibv_context *c, unsigned int op_mod)
{
	uint32_t in[DEVX_ST_SZ_DW(query_vport_state_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(query_vport_state_out)] = {0};

	DEVX_SET(query_vport_state_in, in, opcode, MLX5_CMD_OP_QUERY_VPORT_STATE);
	DEVX_SET(query_vport_state_in, in, op_mod, op_mod);
	if (mlx5dv_devx_general_cmd(c, in, sizeof(in), out, sizeof(out)) != 0)
		return -1;
	return DEVX_GET(query_vport_state_out, out, state);
}

static int
sysfs_state(void)
{
	FILE *f = fopen("/sys/class/infiniband/mlx5_0/ports/1/state", "re");
	int state = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%d", &state) != 1)
		state = -1;
	fclose(f);
	return state;
}

/* --- calls that fail --- */

static int
test_names(void)
{
	static const struct uv_methods *const all[] = {&uv_device_methods, &uv_mr_methods,
		&uv_devx_methods, &uv_umem_methods, &uv_page_methods, &uv_flow_methods,
		&uv_event_methods, &uv_cq_methods};
	unsigned int i, k;

	for (i = 0; i < RTE_DIM(all); i++) {
		for (k = 0; k < all[i]->n; k++)
			TEST_ASSERT(method_find(all[i]->m[k].object, all[i]->m[k].method) < METHODS,
				"method %#x of object %#x has no name", all[i]->m[k].method,
				all[i]->m[k].object);
	}
	return TEST_SUCCESS;
}

static int
test_call_fails(void)
{
	struct ibv_pd *pd;
	char *answer;

	TEST_ASSERT_SUCCESS(nic_ctl_tell("fail 0/ioctl:ALLOC_PD:2:ENOMEM"), "fail");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("fail 0/ioctl:DEALLOC_PD:1:EBUSY"), "fail");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("fail 1/ioctl:ALLOC_PD"), "fail");
	answer = nic_ctl_text("fail list");
	TEST_ASSERT(answer != NULL && strstr(answer, "\"0/ioctl:ALLOC_PD:2:ENOMEM\"") != NULL,
		"list: %s", answer);
	free(answer);
	pd = ibv_alloc_pd(ctx);
	TEST_ASSERT_NOT_NULL(pd, "the first: %s", strerror(errno));
	TEST_ASSERT_NULL(ibv_alloc_pd(ctx), "the second");
	TEST_ASSERT_EQUAL(errno, ENOMEM, "%s", strerror(errno));
	TEST_ASSERT_EQUAL(ibv_dealloc_pd(pd), EBUSY, "refused, and still there");
	TEST_ASSERT_SUCCESS(ibv_dealloc_pd(pd), "once only");
	TEST_ASSERT_NOT_EQUAL(nic_ctl_tell("fail 0/ioctl:FOO"), 0, "an unknown call");
	return TEST_SUCCESS;
}

/* --- the control socket --- */

/* A client that sends a byte at a time, short of a whole line, does not keep the others waiting. */
static int
test_slow_client(void)
{
	int fd = nic_ctl_connect(), sent = 0;

	TEST_ASSERT(fd >= 0, "connect: %s", strerror(-fd));
	while (sent < 900 && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
		sent++;
		usleep(10000);
	}
	close(fd);
	TEST_ASSERT(sent < 900, "never cut off");
	return TEST_SUCCESS;
}

/* --- links --- */

static int
test_port_down(void)
{
	struct ibv_port_attr attr;

	TEST_ASSERT_SUCCESS(nic_ctl_tell("link port down"), "link");
	TEST_ASSERT_EQUAL(next_event(ctx), IBV_EVENT_PORT_ERR, "event");
	TEST_ASSERT_SUCCESS(ibv_query_port(ctx, 1, &attr), "query");
	TEST_ASSERT_EQUAL(attr.state, IBV_PORT_DOWN, "state %d", attr.state);
	TEST_ASSERT_EQUAL(vport_state(ctx, 0), 0, "vport");
	TEST_ASSERT_EQUAL(vport_state(ctx, 2), 0, "port");
	TEST_ASSERT_EQUAL(sysfs_state(), IBV_PORT_DOWN, "sysfs: %d", sysfs_state());
	TEST_ASSERT_SUCCESS(nic_ctl_tell("link port down"), "again");
	TEST_ASSERT_EQUAL(next_event(ctx), -1, "an event without a change");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("link port up"), "link");
	TEST_ASSERT_EQUAL(next_event(ctx), IBV_EVENT_PORT_ACTIVE, "event");
	TEST_ASSERT_SUCCESS(ibv_query_port(ctx, 1, &attr), "query");
	TEST_ASSERT_EQUAL(attr.state, IBV_PORT_ACTIVE, "state %d", attr.state);
	TEST_ASSERT_EQUAL(sysfs_state(), IBV_PORT_ACTIVE, "sysfs: %d", sysfs_state());
	return TEST_SUCCESS;
}

/* A vport alone; one that is always up does not follow the port. */
static int
test_vport_down(void)
{
	TEST_ASSERT_SUCCESS(nic_ctl_tell("link 1 down"), "link");
	TEST_ASSERT_EQUAL(next_event(ctx), -1, "another's link");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("link 1 auto"), "link");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("link 0 down"), "link");
	TEST_ASSERT_EQUAL(next_event(ctx), IBV_EVENT_PORT_ERR, "event");
	TEST_ASSERT_EQUAL(vport_state(ctx, 0), 0, "vport");
	TEST_ASSERT_EQUAL(vport_state(ctx, 2), 1, "port");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("link 0 up"), "link");
	TEST_ASSERT_EQUAL(next_event(ctx), IBV_EVENT_PORT_ACTIVE, "event");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("link port down"), "link");
	TEST_ASSERT_EQUAL(next_event(ctx), -1, "it does not follow");
	TEST_ASSERT_NOT_EQUAL(nic_ctl_tell("link port auto"), 0, "not a port's");
	TEST_ASSERT_NOT_EQUAL(nic_ctl_tell("link 7 up"), 0, "no such function");
	return TEST_SUCCESS;
}

/* --- life and death --- */

struct things {
	struct ibv_pd *pd;
	struct ibv_mr *mr;
	struct mlx5dv_devx_obj *td;
	struct mlx5dv_devx_umem *umem;
	struct mlx5dv_devx_uar *uar;
};

static int
make_things(struct things *t)
{
	t->pd = ibv_alloc_pd(ctx);
	t->mr = t->pd != NULL ? ibv_reg_mr(t->pd, memory, 4096, IBV_ACCESS_LOCAL_WRITE) : NULL;
	t->td = make_td(ctx);
	t->umem = mlx5dv_devx_umem_reg(ctx, memory + 4096, 4096, IBV_ACCESS_LOCAL_WRITE);
	t->uar = mlx5dv_devx_alloc_uar(ctx, MLX5DV_UAR_ALLOC_TYPE_NC);
	return t->mr != NULL && t->td != NULL && t->umem != NULL && t->uar != NULL ? 0 : -1;
}

/* What makes and asks is refused, each in its own way; what destroys is said to be done. */
static int
test_killed(void)
{
	struct ibv_context *other;
	struct ibv_port_attr attr;
	struct things t;

	TEST_ASSERT_SUCCESS(make_things(&t), "objects: %s", strerror(errno));
	TEST_ASSERT_SUCCESS(nic_ctl_tell("kill 0"), "kill");
	TEST_ASSERT_NOT_EQUAL(nic_ctl_tell("kill 0"), 0, "twice");
	TEST_ASSERT_EQUAL(next_event(ctx), IBV_EVENT_DEVICE_FATAL, "event");
	TEST_ASSERT_EQUAL(next_event(ctx), -1, "it was the only one");
	TEST_ASSERT_EQUAL(sysfs_state(), IBV_PORT_DOWN, "link of a dead function");
	TEST_ASSERT_NULL(ibv_alloc_pd(ctx), "a protection domain");
	TEST_ASSERT_EQUAL(errno, ENOLINK, "%s", strerror(errno));
	TEST_ASSERT_NULL(ibv_reg_mr(t.pd, memory, 4096, 0), "a memory region");
	TEST_ASSERT_EQUAL(errno, ENOLINK, "%s", strerror(errno));
	TEST_ASSERT(ibv_rereg_mr(t.mr, IBV_REREG_MR_CHANGE_ACCESS, NULL, NULL, 0, 0) != 0 &&
			errno == EIO,
		"other rights: %s", strerror(errno));
	TEST_ASSERT(ibv_rereg_mr(t.mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, memory + 8192, 4096,
			    0) != 0 &&
			errno == ENOLINK,
		"other pages: %s", strerror(errno));
	TEST_ASSERT_NULL(make_td(ctx), "a DevX object");
	TEST_ASSERT_EQUAL(errno, ENXIO, "%s", strerror(errno));
	TEST_ASSERT_EQUAL(vport_state(ctx, 0), -1, "a query");
	TEST_ASSERT_EQUAL(ibv_query_port(ctx, 1, &attr), ENOLINK, "a query of the port");
	TEST_ASSERT_NULL(nic_ctl_open(0), "a new context");
	other = nic_ctl_open(1);
	TEST_ASSERT_NOT_NULL(other, "another function: %s", strerror(errno));
	ibv_close_device(other);
	mlx5dv_devx_free_uar(t.uar);
	TEST_ASSERT_SUCCESS(mlx5dv_devx_umem_dereg(t.umem), "umem");
	TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(t.td), "DevX object");
	TEST_ASSERT_SUCCESS(ibv_dereg_mr(t.mr), "memory region");
	TEST_ASSERT_SUCCESS(ibv_dealloc_pd(t.pd), "protection domain");
	TEST_ASSERT_EQUAL(nic_ctl_objects("umem"), 0, "%d umems", nic_ctl_objects("umem"));
	return TEST_SUCCESS;
}

static int
test_died_at(void)
{
	TEST_ASSERT_SUCCESS(nic_ctl_tell("fail 0/ALLOC_TRANSPORT_DOMAIN:2:die"), "fail");
	TEST_ASSERT_NOT_NULL(make_td(ctx), "the first: %s", strerror(errno));
	TEST_ASSERT_NULL(make_td(ctx), "the second");
	TEST_ASSERT_EQUAL(errno, ENXIO, "%s", strerror(errno));
	TEST_ASSERT_EQUAL(next_event(ctx), IBV_EVENT_DEVICE_FATAL, "event");
	return TEST_SUCCESS;
}

/* Its driver is gone: so are the objects. Handles of the core's types can still be destroyed. */
static int
test_unloaded(void)
{
	struct things t;

	TEST_ASSERT_SUCCESS(make_things(&t), "objects: %s", strerror(errno));
	TEST_ASSERT_SUCCESS(nic_ctl_tell("unload 0"), "unload");
	TEST_ASSERT_NOT_EQUAL(nic_ctl_tell("unload 0"), 0, "twice");
	TEST_ASSERT_EQUAL(next_event(ctx), IBV_EVENT_DEVICE_FATAL, "event");
	TEST_ASSERT_EQUAL(next_event(ctx), -1, "it was the last");
	TEST_ASSERT_EQUAL(nic_ctl_objects("umem") + nic_ctl_objects("td") + nic_ctl_objects("uar"),
		0, "objects");
	TEST_ASSERT_EQUAL(nic_ctl_objects("mkey"), 1, "the null key, and %d more",
		nic_ctl_objects("mkey") - 1);
	TEST_ASSERT_NULL(ibv_alloc_pd(ctx), "a protection domain");
	TEST_ASSERT_EQUAL(errno, EIO, "%s", strerror(errno));
	TEST_ASSERT_NULL(make_td(ctx), "a DevX object");
	TEST_ASSERT_EQUAL(errno, EIO, "%s", strerror(errno));
	TEST_ASSERT_EQUAL(mlx5dv_devx_obj_destroy(t.td), EIO, "a driver's method");
	TEST_ASSERT_SUCCESS(ibv_dereg_mr(t.mr), "memory region");
	TEST_ASSERT_SUCCESS(ibv_dealloc_pd(t.pd), "protection domain");
	TEST_ASSERT_NULL(nic_ctl_open(0), "a new context");
	return TEST_SUCCESS;
}

/* A new life: old contexts stay dead, a new one works. */
static int
test_revived(void)
{
	struct ibv_context *again;
	struct things t;

	TEST_ASSERT_NOT_EQUAL(nic_ctl_tell("revive 0"), 0, "it is alive");
	TEST_ASSERT_SUCCESS(make_things(&t), "objects: %s", strerror(errno));
	TEST_ASSERT_SUCCESS(nic_ctl_tell("kill 0"), "kill");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("revive 0"), "revive");
	TEST_ASSERT_EQUAL(nic_ctl_objects("umem") + nic_ctl_objects("td") + nic_ctl_objects("uar"),
		0, "objects");
	TEST_ASSERT_NULL(ibv_alloc_pd(ctx), "the old context");
	TEST_ASSERT_EQUAL(errno, EIO, "%s", strerror(errno));
	again = nic_ctl_open(0);
	TEST_ASSERT_NOT_NULL(again, "a new context: %s", strerror(errno));
	TEST_ASSERT_NOT_NULL(make_td(again), "an object: %s", strerror(errno));
	TEST_ASSERT_EQUAL(next_event(again), -1, "an event of the old life");
	ibv_close_device(again);
	return TEST_SUCCESS;
}

static struct unit_test_suite life_suite = {
	.suite_name = "life",
	.unit_test_cases =
		{
			TEST_CASE(test_names),
			TEST_CASE_ST(setup, teardown, test_call_fails),
			TEST_CASE_ST(setup, teardown, test_slow_client),
			TEST_CASE_ST(setup, teardown, test_port_down),
			TEST_CASE_ST(setup, teardown, test_vport_down),
			TEST_CASE_ST(setup, teardown, test_killed),
			TEST_CASE_ST(setup, teardown, test_died_at),
			TEST_CASE_ST(setup, teardown, test_unloaded),
			TEST_CASE_ST(setup, teardown, test_revived),
			TEST_CASES_END(),
		},
};

static int
test_life(void)
{
	return unit_test_suite_runner(&life_suite);
}

REGISTER_TEST_COMMAND(life_autotest, test_life);
