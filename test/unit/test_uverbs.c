/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The kernel's side of the emulated NIC, by raw ioctls on an open device: what a kernel refuses is
 * refused with the same errno, and descriptors behave as those of a device do.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_common.h>

#include "nic_ctl.h"
#include "prm.h"
#include "test.h"
#include "uverbs_rows.h"

static struct uv_rig rig;

static int
setup(void)
{
	return uv_rig_open(&rig);
}

static void
teardown(void)
{
	uv_rig_close(&rig);
}

/* What was refused left the objects of the NIC as they were. */
static bool
unchanged(const char *what, const char *before)
{
	char *after = nic_ctl_text("objects");
	bool same = before != NULL && after != NULL && strcmp(before, after) == 0;

	if (!same)
		printf("%s: objects were\n%s\nand are\n%s\n", what, before, after);
	free(after);
	return same;
}

/* Nothing in the NIC is in a state that no calls may lead to. */
static bool
is_sane(const char *what)
{
	char *answer = nic_ctl_text("check");
	bool sane = answer != NULL;

	if (!sane)
		printf("%s: the NIC is in an impossible state: nicemu ctl check\n", what);
	free(answer);
	return sane;
}

static int
test_rows(void)
{
	unsigned int i, wrong = 0;
	char *before;
	int ret;

	for (i = 0; i < uv_n_rows; i++) {
		before = nic_ctl_text("objects");
		ret = uv_call(&rig, &uv_rows[i].req);
		if (ret != -uv_rows[i].err)
			printf("%s: %s, expected %s\n", uv_rows[i].what, strerror(-ret),
				strerror(uv_rows[i].err));
		wrong +=
			ret != -uv_rows[i].err || (ret != 0 && !unchanged(uv_rows[i].what, before));
		wrong += !is_sane(uv_rows[i].what);
		free(before);
	}
	TEST_ASSERT_EQUAL(wrong, 0, "%u of %u rows", wrong, uv_n_rows);
	return TEST_SUCCESS;
}

/* clang-format off */
static const struct uv_req query_port = {UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT, {
	{UVERBS_ATTR_QUERY_PORT_PORT_NUM, 8, S_VALUE, 1},
	{UVERBS_ATTR_QUERY_PORT_RESP, 48, S_OUT, 0}, {UV_END}}, 0};

static const struct uv_req get_context = {UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT, {
	{UVERBS_ATTR_UHW_IN, sizeof(struct mlx5_ib_alloc_ucontext_req_v2), S_MEM, 0},
	{UVERBS_ATTR_UHW_OUT, sizeof(struct mlx5_ib_alloc_ucontext_resp), S_OUT, 0}, {UV_END}}, 0};

static const struct uv_req flow = {UVERBS_OBJECT_FLOW, MLX5_IB_METHOD_CREATE_FLOW, {
	{MLX5_IB_ATTR_CREATE_FLOW_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE, 64, S_ZERO, 0},
	{MLX5_IB_ATTR_CREATE_FLOW_MATCHER, 0, S_MATCHER, 0},
	{MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, 0, S_DEVX, 0}, {UV_END}}, 0};

static const struct uv_req subscription = {
	MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT, {
	{MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE, 0, S_CHAN, 0},
	{MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, 2, S_VALUE, MLX5_EVENT_TYPE_PORT_CHANGE},
	{UV_END}}, 0};

static const struct uv_req alloc_pd = {MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_CREATE, {
	{MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN, 16, S_BOX, MLX5_CMD_OP_ALLOC_PD},
	{MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, 16, S_OUT, 0}, {UV_END}}, 0};
/* clang-format on */

/* clang-format off */
static const struct uv_req alloc_var = {MLX5_IB_OBJECT_VAR, MLX5_IB_METHOD_VAR_OBJ_ALLOC, {
	{MLX5_IB_ATTR_VAR_OBJ_ALLOC_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_VAR_OBJ_ALLOC_PAGE_ID, 4, S_OUT, 0},
	{MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_LENGTH, 4, S_OUT, 0},
	{MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_OFFSET, 8, S_OUT, 0}, {UV_END}}, 0};
/* clang-format on */

static bool
has_virtqueues(void)
{
	uint32_t in[DEVX_ST_SZ_DW(query_hca_cap_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(query_hca_cap_out)] = {0};

	DEVX_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	DEVX_SET(query_hca_cap_in, in, op_mod, 1);
	if (mlx5dv_devx_general_cmd(rig.ctx, in, sizeof(in), out, sizeof(out)) != 0)
		return false;
	return DEVX_GET64(cmd_hca_cap, DEVX_ADDR_OF(query_hca_cap_out, out, capability),
		       general_obj_types) >>
		MLX5_GENERAL_OBJ_TYPE_VIRTQ &
		1;
}

/* Doorbell pages of virtqueues: only where there are any, and each can be mapped. */
static int
test_var(void)
{
	uint64_t offset;
	void *page;

	uv_build(&rig, &alloc_var);
	rig.hdr.attrs[3].data = (uintptr_t)&offset;
	if (!has_virtqueues()) {
		TEST_ASSERT_EQUAL(
			uv_send(&rig, rig.ctx->cmd_fd), -EPROTONOSUPPORT, "no virtqueues");
		return TEST_SUCCESS;
	}
	TEST_ASSERT_EQUAL(uv_send(&rig, rig.ctx->cmd_fd), 0, "a doorbell page");
	page = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, rig.ctx->cmd_fd, (off_t)offset);
	TEST_ASSERT(page != MAP_FAILED, "mmap: %s", strerror(errno));
	munmap(page, 4096);
	TEST_ASSERT(mmap(NULL, 8192, PROT_WRITE, MAP_SHARED, rig.ctx->cmd_fd, (off_t)offset) ==
			MAP_FAILED,
		"two pages of one");
	return TEST_SUCCESS;
}

static int
test_header(void)
{
	int fd = rig.ctx->cmd_fd;

	uv_build(&rig, &query_port);
	rig.hdr.driver_id = RDMA_DRIVER_MLX4;
	TEST_ASSERT_EQUAL(uv_send(&rig, fd), -EINVAL, "of another driver");
	uv_build(&rig, &query_port);
	rig.hdr.reserved1 = 1;
	TEST_ASSERT_EQUAL(uv_send(&rig, fd), -EPROTONOSUPPORT, "a reserved field");
	uv_build(&rig, &query_port);
	rig.hdr.length--;
	TEST_ASSERT_EQUAL(uv_send(&rig, fd), -EINVAL, "a length that is not of its attributes");
	uv_build(&rig, &query_port);
	TEST_ASSERT_EQUAL(uv_send(&rig, fd), 0, "a valid header");
	return TEST_SUCCESS;
}

/* The first device's file, without libibverbs. */
static int
open_raw(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/dev/infiniband/%s", rig.ctx->device->dev_name);
	return open(path, O_RDWR | O_CLOEXEC);
}

static int
context_with(int fd, uint32_t flags, uint64_t lib_caps, uint16_t len)
{
	struct mlx5_ib_alloc_ucontext_req_v2 req = {.total_num_bfregs = 16,
		.num_low_latency_bfregs = 4,
		.flags = flags,
		.lib_caps = lib_caps};

	uv_build(&rig, &get_context);
	rig.hdr.attrs[0].data = (uintptr_t)&req;
	rig.hdr.attrs[0].len = len;
	return uv_send(&rig, fd);
}

static int
test_context(void)
{
	const uint16_t len = sizeof(struct mlx5_ib_alloc_ucontext_req_v2);
	int fd = open_raw(), other;

	TEST_ASSERT(fd >= 0, "open: %s", strerror(errno));
	uv_build(&rig, &query_port);
	TEST_ASSERT_EQUAL(uv_send(&rig, fd), -EINVAL, "a query without a context");
	uv_build(&rig, &alloc_pd);
	TEST_ASSERT_EQUAL(uv_send(&rig, fd), -EINVAL, "an object without a context");
	TEST_ASSERT_EQUAL(context_with(fd, 1, 3, 12), -EINVAL, "a request cut short");
	TEST_ASSERT_EQUAL(context_with(fd, 2, 3, len), -EOPNOTSUPP, "unknown flags");
	TEST_ASSERT_EQUAL(context_with(fd, 1, 1, len), -EOPNOTSUPP, "shared doorbell pages");
	TEST_ASSERT_EQUAL(context_with(fd, 0, 3, len), 0, "a context without DevX");
	uv_build(&rig, &alloc_pd);
	TEST_ASSERT_EQUAL(uv_send(&rig, fd), -EINVAL, "DevX in a context without");
	/* objects of one context are not those of another */
	other = open_raw();
	TEST_ASSERT_EQUAL(context_with(other, 1, 3, len), 0, "another context");
	uv_build(&rig, &flow);
	TEST_ASSERT_EQUAL(uv_send(&rig, other), -ENOENT, "a matcher of another context");
	uv_build(&rig, &subscription);
	TEST_ASSERT_EQUAL(uv_send(&rig, other), -EBADF, "a channel of another context");
	close(other);
	close(fd);
	return TEST_SUCCESS;
}

static int
set_net_raw(bool on)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) != 0)
		return -errno;
	if (on)
		data[0].effective |= 1u << CAP_NET_RAW;
	else
		data[0].effective &= ~(1u << CAP_NET_RAW);
	return syscall(SYS_capset, &head, data) == 0 ? 0 : -errno;
}

static int
test_privilege(void)
{
	int without, with;

	TEST_ASSERT_EQUAL(set_net_raw(false), 0, "CAP_NET_RAW stays");
	without = uv_call(&rig, &flow);
	if (set_net_raw(true) != 0) {
		TEST_ASSERT_EQUAL(without, -EPERM, "a flow without CAP_NET_RAW");
		return TEST_SUCCESS;
	}
	with = uv_call(&rig, &flow);
	TEST_ASSERT_EQUAL(without, -EPERM, "a flow without CAP_NET_RAW");
	TEST_ASSERT_EQUAL(with, -EINVAL, "the same flow with it, to what is no TIR");
	return TEST_SUCCESS;
}

static int
test_file(void)
{
	struct stat st;
	int copy;

	TEST_ASSERT_EQUAL(fstat(rig.ctx->cmd_fd, &st), 0, "fstat");
	TEST_ASSERT(S_ISCHR(st.st_mode) && major(st.st_rdev) == 231, "not a device of ib_uverbs");
	copy = dup(rig.ctx->cmd_fd);
	uv_build(&rig, &query_port);
	TEST_ASSERT_EQUAL(uv_send(&rig, copy), 0, "a duplicate");
	close(copy);
	uv_build(&rig, &query_port);
	TEST_ASSERT_EQUAL(uv_send(&rig, rig.ctx->cmd_fd), 0, "the original, after it was closed");
	TEST_ASSERT(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, rig.ctx->cmd_fd, 0) == MAP_FAILED &&
			errno == EINVAL,
		"a mapping of no page of ours");
	return TEST_SUCCESS;
}

/* A child has no NIC by what it inherited, and one of its own by an open. */
static int
child_main(void)
{
	int fd;

	uv_build(&rig, &query_port);
	if (uv_send(&rig, rig.ctx->cmd_fd) == 0)
		return 1;
	fd = open_raw();
	if (fd < 0)
		return 2;
	if (context_with(fd, 1, 3, sizeof(struct mlx5_ib_alloc_ucontext_req_v2)) != 0)
		return 3;
	uv_build(&rig, &alloc_pd);
	return uv_send(&rig, fd) != 0 ? 4 : 0;
}

static int
test_fork(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(child_main());
	TEST_ASSERT(pid > 0 && waitpid(pid, &status, 0) == pid, "no child");
	TEST_ASSERT_EQUAL(status, 0, "child: %#x", (unsigned int)status);
	uv_build(&rig, &query_port);
	TEST_ASSERT_EQUAL(uv_send(&rig, rig.ctx->cmd_fd), 0, "the parent, after it");
	TEST_ASSERT_EQUAL(ibv_is_fork_initialized(), IBV_FORK_UNNEEDED, "copy on fork is not told");
	return TEST_SUCCESS;
}

/* A channel that is closed takes its subscriptions along; a context that is closed ends its
 * channels. */
static int
test_channel(void)
{
	struct mlx5dv_context_attr attr = {.flags = MLX5DV_CONTEXT_FLAGS_DEVX};
	struct ibv_context *ctx = mlx5dv_open_device(rig.ctx->device, &attr);
	struct mlx5dv_devx_event_channel *ch;
	struct pollfd p = {.events = POLLIN};
	uint64_t cookie;
	uint16_t event = MLX5_EVENT_TYPE_PORT_CHANGE;

	TEST_ASSERT_NOT_NULL(ctx, "open");
	ch = mlx5dv_devx_create_event_channel(
		ctx, MLX5DV_DEVX_CREATE_EVENT_CHANNEL_FLAGS_OMIT_EV_DATA);
	TEST_ASSERT_NOT_NULL(ch, "channel");
	TEST_ASSERT_EQUAL(mlx5dv_devx_subscribe_devx_event(ch, NULL, sizeof(event), &event, 7), 0,
		"subscription");
	p.fd = ch->fd;
	TEST_ASSERT_EQUAL(poll(&p, 1, 0), 0, "an event that no one has sent");
	TEST_ASSERT_EQUAL(ibv_close_device(ctx), 0, "close");
	TEST_ASSERT_EQUAL(poll(&p, 1, 1000), 1, "a reader is not woken");
	TEST_ASSERT(read(p.fd, &cookie, sizeof(cookie)) <= 0, "an event after the end");
	close(p.fd);
	return TEST_SUCCESS;
}

/* clang-format off */
static const struct uv_req two_events = {
	MLX5_IB_OBJECT_DEVX, MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT, {
	{MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE, 0, S_CHAN, 0},
	{MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, 4, S_VALUE,
		MLX5_EVENT_TYPE_PORT_CHANGE << 16 | MLX5_EVENT_TYPE_PORT_CHANGE},
	{MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, 4, S_EVENTFD, 0}, {UV_END}}, 0};
/* clang-format on */

/* The free descriptor that has 'below' other free ones below it. */
static int
free_fd(unsigned int below)
{
	int fd = dup((int)rig.sym[S_FILE]), ret = below == 0 ? fd : free_fd(below - 1);

	close(fd);
	return ret;
}

/* How often the eventfd of the rig was signalled. */
static uint64_t
signals(void)
{
	struct pollfd p = {.fd = (int)rig.sym[S_EVENTFD], .events = POLLIN};
	uint64_t n = 0;

	return poll(&p, 1, 0) == 1 && read(p.fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* A call that fails at its second subscription has not made the first. */
static int
test_subscribe_all(void)
{
	struct rlimit old, few;
	int ret;

	TEST_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &old), 0, "%s", strerror(errno));
	few = old;
	few.rlim_cur = (rlim_t)free_fd(2);
	TEST_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &few), 0, "%s", strerror(errno));
	ret = uv_call(&rig, &two_events);
	setrlimit(RLIMIT_NOFILE, &old);
	TEST_ASSERT_EQUAL(ret, -EMFILE, "two descriptors for three");
	TEST_ASSERT(
		nic_ctl_tell("link port down") == 0 && nic_ctl_tell("link port up") == 0, "link");
	TEST_ASSERT_EQUAL(signals(), 0, "by a call that failed");
	TEST_ASSERT_EQUAL(uv_call(&rig, &two_events), 0, "both");
	TEST_ASSERT(
		nic_ctl_tell("link port down") == 0 && nic_ctl_tell("link port up") == 0, "link");
	TEST_ASSERT_EQUAL(signals(), 4, "two changes, twice each");
	return TEST_SUCCESS;
}

/* --- commands by write(), as libraries of old send them --- */

struct plain {
	struct ib_uverbs_cmd_hdr hdr;
	uint64_t response;
	uint8_t data[64];
};

/* A command of 'len' bytes behind its head, with room for 'room' bytes of answer. 0 or -errno. */
static int
write_plain(int fd, uint32_t command, struct plain *p, size_t len, void *answer, size_t room)
{
	size_t all = sizeof(p->hdr) + len;
	ssize_t n;

	p->hdr = (struct ib_uverbs_cmd_hdr){.command = command,
		.in_words = (uint16_t)(all / 4),
		.out_words = (uint16_t)(room / 4)};
	p->response = (uintptr_t)answer;
	n = write(fd, p, all);
	return n == (ssize_t)all ? 0 : n < 0 ? -errno : -EPROTO;
}

/* A context, by the command that comes first, and a domain of it. */
static int
test_write(void)
{
	struct {
		struct ib_uverbs_get_context_resp core;
		struct mlx5_ib_alloc_ucontext_resp driver;
	} context = {0};
	struct mlx5_ib_alloc_ucontext_req_v2 req = {
		.total_num_bfregs = 16, .num_low_latency_bfregs = 4, .flags = 1, .lib_caps = 3};
	struct {
		uint32_t handle, number;
	} pd = {0};
	struct plain p = {0};
	int fd = open_raw();

	memcpy(p.data, &req, sizeof(req));
	TEST_ASSERT_EQUAL(write_plain(fd, IB_USER_VERBS_CMD_ALLOC_PD, &p, 8, &pd, sizeof(pd)),
		-EINVAL, "a domain before the context");
	TEST_ASSERT_EQUAL(write_plain(fd, IB_USER_VERBS_CMD_GET_CONTEXT, &p, 8 + sizeof(req),
				  &context, sizeof(context)),
		0, "context");
	TEST_ASSERT(context.driver.response_length != 0, "the driver's answer");
	TEST_ASSERT_EQUAL(close((int)context.core.async_fd), 0, "channel");
	TEST_ASSERT_EQUAL(write_plain(fd, IB_USER_VERBS_CMD_GET_CONTEXT, &p, 8 + sizeof(req),
				  &context, sizeof(context)),
		-EINVAL, "a second context");
	TEST_ASSERT_EQUAL(
		write_plain(fd, IB_USER_VERBS_CMD_ALLOC_PD, &p, 8, &pd, sizeof(pd)), 0, "domain");
	TEST_ASSERT(pd.number != 0, "the domain has no number");
	close(fd);
	return TEST_SUCCESS;
}

/* Is the list of objects of the first function as it was? What was ever registered comes behind it.
 */
static bool
list_is(const char *before)
{
	size_t len = (size_t)(strstr(before, "\"mr_registered\"") - before);
	char *after = nic_ctl_text("objects");
	bool same = after != NULL && strncmp(before, after, len) == 0;

	free(after);
	return same;
}

static int
test_write_refused(void)
{
	int fd = rig.ctx->cmd_fd;
	struct ib_uverbs_reg_mr region = {.start = (uintptr_t)rig.mem,
		.length = 4096,
		.hca_va = (uintptr_t)rig.mem,
		.pd_handle = (uint32_t)rig.sym[S_PD],
		.access_flags = 1};
	struct plain p = {0};
	uint64_t answer[64];
	char *before;
	struct {
		struct ib_uverbs_cmd_hdr hdr;
		struct ib_uverbs_ex_cmd_hdr ex;
		struct ib_uverbs_ex_query_device cmd;
	} x = {.hdr = {IB_USER_VERBS_CMD_QUERY_DEVICE | IB_USER_VERBS_CMD_FLAG_EXTENDED, 1, 38},
		.ex = {.response = (uintptr_t)answer}};

	TEST_ASSERT(write(fd, &p, 4) < 0 && errno == EINVAL, "half a head");
	TEST_ASSERT(write(fd, (void *)(uintptr_t)rig.sym[S_BAD], 8) < 0 && errno == EFAULT,
		"a head that is not there");
	TEST_ASSERT_EQUAL(write_plain(fd, 45, &p, 8, answer, 8), -EINVAL, "no such command");
	TEST_ASSERT_EQUAL(write_plain(fd, IB_USER_VERBS_CMD_CREATE_QP, &p, 8, answer, 8),
		-EOPNOTSUPP, "a queue pair");
	TEST_ASSERT_EQUAL(
		write_plain(fd, IB_USER_VERBS_CMD_ALLOC_PD, &p, 8, answer, 0), -ENOSPC, "no room");
	TEST_ASSERT_EQUAL(write_plain(fd, IB_USER_VERBS_CMD_REG_MR, &p, 16, answer, 12), -ENOSPC,
		"half a command");
	before = nic_ctl_text("objects");
	TEST_ASSERT_EQUAL(write_plain(fd, IB_USER_VERBS_CMD_ALLOC_PD, &p, 8, (void *)8, 8), -EFAULT,
		"an answer to nowhere");
	TEST_ASSERT(unchanged("a domain of nobody", before), "objects");
	memcpy(p.data, &region.start, sizeof(region) - sizeof(region.response));
	TEST_ASSERT_EQUAL(write_plain(fd, IB_USER_VERBS_CMD_REG_MR, &p, sizeof(region), (void *)8,
				  sizeof(struct ib_uverbs_reg_mr_resp)),
		-EFAULT, "an answer to nowhere");
	TEST_ASSERT(list_is(before), "a region of nobody");
	free(before);
	p.hdr.in_words = 3;
	TEST_ASSERT(write(fd, &p, 16) < 0 && errno == EINVAL, "a length that is not that");
	TEST_ASSERT_EQUAL(write(fd, &x, sizeof(x)), sizeof(x), "an extended command");
	TEST_ASSERT(answer[0] != 0, "firmware of no version");
	x.ex.cmd_hdr_reserved = 1;
	TEST_ASSERT(write(fd, &x, sizeof(x)) < 0 && errno == EINVAL, "reserved bits");
	x.ex.cmd_hdr_reserved = 0;
	x.ex.response = 0;
	TEST_ASSERT(write(fd, &x, sizeof(x)) < 0 && errno == EINVAL, "an answer to nowhere");
	return TEST_SUCCESS;
}

/* --- completion queues --- */

/* Entries of a size that there is not are taken for 128 bytes, for which these pages do not do. */
static int
resize_odd(const struct ibv_cq *cq)
{
	struct {
		uint32_t handle, cqe;
		struct mlx5_ib_resize_cq driver;
	} cmd = {cq->handle, 63, {.buf_addr = (uintptr_t)rig.mem, .cqe_size = 96}};
	struct ib_uverbs_resize_cq_resp resp;
	struct plain p = {0};

	memcpy(p.data, &cmd, sizeof(cmd));
	return write_plain(rig.ctx->cmd_fd, IB_USER_VERBS_CMD_RESIZE_CQ, &p, 8 + sizeof(cmd), &resp,
		sizeof(resp));
}

/* What libmlx5 does with a queue of verbs, and DevX about it. */
static int
test_cq(void)
{
	uint32_t in[DEVX_ST_SZ_DW(query_cq_in)] = {0}, out[DEVX_ST_SZ_DW(query_cq_out)] = {0};
	struct ibv_comp_channel *comp = ibv_create_comp_channel(rig.ctx);
	struct mlx5dv_obj obj = {0};
	struct mlx5dv_cq dv = {0};
	struct ibv_cq *cq;
	struct ibv_wc wc;

	TEST_ASSERT_NOT_NULL(comp, "channel: %s", strerror(errno));
	cq = ibv_create_cq(rig.ctx, 100, &rig, comp, 1);
	TEST_ASSERT_NOT_NULL(cq, "queue: %s", strerror(errno));
	TEST_ASSERT_EQUAL(cq->cqe, 127, "entries");
	TEST_ASSERT_EQUAL(ibv_poll_cq(cq, 1, &wc), 0, "an entry of no one");
	TEST_ASSERT_EQUAL(ibv_req_notify_cq(cq, 0), 0, "arm");
	obj.cq.in = cq;
	obj.cq.out = &dv;
	TEST_ASSERT_EQUAL(mlx5dv_init_obj(&obj, MLX5DV_OBJ_CQ), 0, "number");
	DEVX_SET(query_cq_in, in, opcode, MLX5_CMD_OP_QUERY_CQ);
	DEVX_SET(query_cq_in, in, cqn, dv.cqn);
	TEST_ASSERT_EQUAL(
		mlx5dv_devx_cq_query(cq, in, sizeof(in), out, sizeof(out)), 0, "query by DevX");
	TEST_ASSERT_EQUAL(DEVX_GET(query_cq_out, out, cq_context.log_cq_size), 7, "entries");
	DEVX_SET(query_cq_in, in, cqn, dv.cqn + 1);
	TEST_ASSERT(mlx5dv_devx_cq_query(cq, in, sizeof(in), out, sizeof(out)) != 0,
		"a query about another queue");
	TEST_ASSERT_EQUAL(resize_odd(cq), -EINVAL, "entries of 96 bytes");
	TEST_ASSERT_EQUAL(ibv_resize_cq(cq, 1000), 0, "larger");
	TEST_ASSERT_EQUAL(cq->cqe, 1023, "entries");
	TEST_ASSERT_EQUAL(ibv_poll_cq(cq, 1, &wc), 0, "an entry of no one");
	TEST_ASSERT_EQUAL(ibv_resize_cq(cq, 10), 0, "smaller");
	TEST_ASSERT_EQUAL(ibv_poll_cq(cq, 1, &wc), 0, "an entry of no one");
	TEST_ASSERT(ibv_resize_cq(cq, 1 << 23) != 0, "larger than a queue is");
	TEST_ASSERT_EQUAL(ibv_destroy_cq(cq), 0, "queue");
	TEST_ASSERT_EQUAL(ibv_destroy_comp_channel(comp), 0, "channel");
	return TEST_SUCCESS;
}

/* --- regions that change --- */

#define PAGES(n) ((n)*4096u)

/* New pages are a CREATE_MKEY: when it fails, the region is what it was. */
static int
refuse_pages(struct ibv_mr *mr, uint8_t *p)
{
	int before = nic_ctl_objects("mkey");
	uint32_t lkey = mr->lkey;

	TEST_ASSERT_SUCCESS(nic_ctl_fail("CREATE_MKEY:1:NO_RES"), "fail");
	TEST_ASSERT(ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, p, PAGES(1), 0) != 0 &&
			errno == EAGAIN,
		"CREATE_MKEY failed: %s", strerror(errno));
	TEST_ASSERT(mr->lkey == lkey && nic_ctl_objects("mkey") == before, "the old key");
	return 0;
}

/* When the firmware keeps the old region, it stays until the device is closed. */
static int
keep_old(uint8_t *p)
{
	struct ibv_pd *pd = ibv_alloc_pd(rig.ctx);
	struct ibv_mr *mr = ibv_reg_mr(pd, p, PAGES(1), 0);
	int before = nic_ctl_objects("mkey");

	TEST_ASSERT_NOT_NULL(mr, "region: %s", strerror(errno));
	TEST_ASSERT_SUCCESS(nic_ctl_fail("DESTROY_MKEY:1:BAD_RES"), "fail");
	TEST_ASSERT_SUCCESS(ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, p, PAGES(1), 0),
		"new pages: %s", strerror(errno));
	TEST_ASSERT_EQUAL(nic_ctl_objects("mkey"), before + 1, "old and new key");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("check"), "states that may not be");
	TEST_ASSERT_EQUAL(ibv_dereg_mr(mr), 0, "region");
	TEST_ASSERT(ibv_dealloc_pd(pd) != 0, "the domain of what was kept");
	return TEST_SUCCESS;
}

static int
test_rereg(void)
{
	struct ibv_pd *pd = ibv_alloc_pd(rig.ctx), *other = ibv_alloc_pd(rig.ctx);
	const int rw = IBV_ACCESS_LOCAL_WRITE, all = rw | IBV_ACCESS_REMOTE_WRITE;
	uint8_t *p = rig.mem;
	struct ibv_mr *mr;
	uint32_t lkey;

	mr = ibv_reg_mr(pd, p, PAGES(1), 0);
	TEST_ASSERT_NOT_NULL(mr, "region: %s", strerror(errno));
	lkey = mr->lkey;
	TEST_ASSERT(ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL, NULL, 0, rw) != 0 &&
			errno == EACCES,
		"to write into pages for reading: %s", strerror(errno));
	TEST_ASSERT(ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL, NULL, 0,
			    IBV_ACCESS_REMOTE_WRITE) != 0 &&
			errno == EINVAL,
		"to write from afar only: %s", strerror(errno));
	TEST_ASSERT_EQUAL(
		ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION | IBV_REREG_MR_CHANGE_ACCESS, NULL,
			p + PAGES(1), PAGES(2), rw),
		0, "other pages");
	TEST_ASSERT_NOT_EQUAL(mr->lkey, lkey, "new pages, and the same key");
	TEST_ASSERT_EQUAL(
		ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL, NULL, 0, all), 0, "more rights");
	TEST_ASSERT(ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL,
			    (void *)(uintptr_t)PAGES(1), PAGES(1), 0) != 0,
		"where no memory is");
	TEST_ASSERT_EQUAL(
		ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_PD, other, NULL, 0, 0), 0, "other domain");
	TEST_ASSERT_EQUAL(ibv_dealloc_pd(pd), 0, "the domain that it was of");
	if (refuse_pages(mr, p) != 0)
		return TEST_FAILED;
	TEST_ASSERT(ibv_dealloc_pd(other) != 0, "the domain that it is of");
	TEST_ASSERT_EQUAL(ibv_dereg_mr(mr), 0, "region");
	TEST_ASSERT_EQUAL(ibv_dealloc_pd(other), 0, "domain");
	return keep_old(p);
}

static struct unit_test_suite uverbs_suite = {
	.suite_name = "uverbs",
	.setup = setup,
	.teardown = teardown,
	.unit_test_cases =
		{
			TEST_CASE(test_rows),
			TEST_CASE(test_var),
			TEST_CASE(test_header),
			TEST_CASE(test_context),
			TEST_CASE(test_privilege),
			TEST_CASE(test_file),
			TEST_CASE(test_fork),
			TEST_CASE(test_channel),
			TEST_CASE(test_subscribe_all),
			TEST_CASE(test_write),
			TEST_CASE(test_write_refused),
			TEST_CASE(test_cq),
			TEST_CASE(test_rereg),
			TEST_CASES_END(),
		},
};

static int
test_uverbs(void)
{
	return unit_test_suite_runner(&uverbs_suite);
}

REGISTER_TEST_COMMAND(uverbs_autotest, test_uverbs);
