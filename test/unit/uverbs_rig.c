/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <fcntl.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "prm.h"
#include "uverbs_rig.h"

#define MEM_BYTES 0x4000u
#define BAD_ADDRESS 0x1000u /* below vm.mmap_min_addr */

static uint8_t zeros[4096], ones[4096];
static struct mlx5_ib_create_cq cq_data[S_SYMS];

static bool
is_output(enum uv_sym sym)
{
	return sym == S_OUT;
}

static uint64_t
data_of(struct uv_rig *r, const struct uv_att *a)
{
	switch (a->sym) {
	case S_VALUE:
		return a->value;
	case S_OUT:
		return (uintptr_t)r->out;
	case S_ZERO:
		return a->len > 8 ? (uintptr_t)zeros : 0;
	case S_ONES:
		return a->len > 8 ? (uintptr_t)ones : UINT64_MAX;
	case S_BOX:
		return (uintptr_t)r->box;
	default:
		return r->sym[a->sym];
	}
}

void
uv_build(struct uv_rig *r, const struct uv_req *req)
{
	struct ib_uverbs_attr *at = r->hdr.attrs;
	const struct uv_att *a;
	unsigned int n;

	memset(r->raw, 0, sizeof(r->raw));
	memset(r->out, 0, sizeof(r->out));
	for (n = 0; n < UV_ROW_ATTRS && req->att[n].id != UV_END; n++) {
		a = &req->att[n];
		if (a->sym == S_BOX) {
			memset(r->box, 0, sizeof(r->box));
			DEVX_SET(mbox_in, r->box, opcode, (uint32_t)a->value);
			DEVX_SET(general_obj_in_cmd_hdr, r->box, vhca_tunnel_id,
				(uint32_t)(a->value >> 32) & 0xffff);
			DEVX_SET(mbox_in, r->box, op_mod, (uint32_t)(a->value >> 48));
			DEVX_SET(general_obj_in_cmd_hdr, r->box, obj_id, r->number[req->number]);
		}
		at[n] = (struct ib_uverbs_attr){
			.attr_id = a->id,
			.len = a->len,
			.flags = a->flags | (is_output(a->sym) ? 0 : UVERBS_ATTR_F_MANDATORY),
			.attr_data.reserved = a->reserved,
			.data = data_of(r, a),
		};
	}
	r->hdr.length = (uint16_t)(sizeof(r->hdr) + n * sizeof(*at));
	r->hdr.object_id = req->object;
	r->hdr.method_id = req->method;
	r->hdr.num_attrs = (uint16_t)n;
	r->hdr.driver_id = RDMA_DRIVER_MLX5;
}

int
uv_send(struct uv_rig *r, int fd)
{
	return ioctl(fd, RDMA_VERBS_IOCTL, &r->hdr) == 0 ? 0 : -errno;
}

int
uv_call(struct uv_rig *r, const struct uv_req *req)
{
	uv_build(r, req);
	return uv_send(r, r->ctx->cmd_fd);
}

/* A valid request, whose first attribute becomes the symbol. */
static int
make(struct uv_rig *r, enum uv_sym sym, const char *what, const struct uv_req *req)
{
	int ret = uv_call(r, req);

	if (ret != 0) {
		fprintf(stderr, "a valid request for %s: %s\n", what, strerror(-ret));
		return ret;
	}
	r->sym[sym] = r->hdr.attrs[0].data;
	return 0;
}

/* clang-format off */
static const struct uv_req devx_pd = {MLX5_IB_OBJECT_DEVX_OBJ,
	MLX5_IB_METHOD_DEVX_OBJ_CREATE, {
	{MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN, 16, S_BOX, MLX5_CMD_OP_ALLOC_PD},
	{MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, 16, S_OUT, 0}, {UV_END}}, 0};

static const struct uv_req umem = {MLX5_IB_OBJECT_DEVX_UMEM,
	MLX5_IB_METHOD_DEVX_UMEM_REG, {
	{MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, 8, S_MEM, 0},
	{MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, 8, S_VALUE, 4096},
	{MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS, 4, S_VALUE, 1},
	{MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, 4, S_OUT, 0}, {UV_END}}, 0};

static const struct uv_req uar = {MLX5_IB_OBJECT_UAR,
	MLX5_IB_METHOD_UAR_OBJ_ALLOC, {
	{MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE, 8, S_VALUE, 1},
	{MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID, 4, S_OUT, 0},
	{MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH, 4, S_OUT, 0},
	{MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET, 8, S_OUT, 0}, {UV_END}}, 0};

static const struct uv_req matcher = {MLX5_IB_OBJECT_FLOW_MATCHER,
	MLX5_IB_METHOD_FLOW_MATCHER_CREATE, {
	{MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, 64, S_ZERO, 0},
	{MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, 2, S_VALUE, 3},
	{MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, 1, S_VALUE, 0}, {UV_END}}, 0};

static const struct uv_req matcher_tx = {MLX5_IB_OBJECT_FLOW_MATCHER,
	MLX5_IB_METHOD_FLOW_MATCHER_CREATE, {
	{MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, 64, S_ZERO, 0},
	{MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, 2, S_VALUE, 3},
	{MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, 1, S_VALUE, 0},
	{MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE, 8, S_VALUE, 1}, {UV_END}}, 0};

static const struct uv_req chan = {MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
	MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC, {
	{MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE, 0, S_VALUE, 0},
	{MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS, 4, S_VALUE, 1}, {UV_END}}, 0};

static const struct uv_req cmd_chan = {MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
	MLX5_IB_METHOD_DEVX_ASYNC_CMD_FD_ALLOC, {
	{MLX5_IB_ATTR_DEVX_ASYNC_CMD_FD_ALLOC_HANDLE, 0, S_VALUE, 0}, {UV_END}}, 0};
/* clang-format on */

static int
make_devx(struct uv_rig *r, enum uv_sym sym)
{
	int ret = make(r, sym, "a DevX object", &devx_pd);

	r->number[sym] = DEVX_GET(alloc_pd_out, r->out, pd);
	return ret;
}

/* Entries in the first page of the memory, the doorbell record in the second. */
static void
make_cq_data(struct uv_rig *r)
{
	unsigned int i;

	for (i = S_CQ_DATA; i <= S_CQ_UAR; i++) {
		cq_data[i] = (struct mlx5_ib_create_cq){.buf_addr = (uintptr_t)r->mem,
			.db_addr = (uintptr_t)r->mem + 4096,
			.cqe_size = 64,
			.flags = MLX5_IB_CREATE_CQ_FLAGS_UAR_PAGE_INDEX,
			.uar_page_index = (uint16_t)r->uar->page_id};
		r->sym[i] = (uintptr_t)&cq_data[i];
	}
	cq_data[S_CQ_NO_UAR].flags = 0;
	cq_data[S_CQ_SIZE].cqe_size = 32;
	cq_data[S_CQ_FLAGS].flags = 0x80;
	cq_data[S_CQ_COMPRESS].cqe_comp_en = 1;
	cq_data[S_CQ_COMPRESS].cqe_comp_res_format = MLX5_IB_CQE_RES_FORMAT_HASH;
	cq_data[S_CQ_COMPRESS].cqe_size = 128;
	cq_data[S_CQ_COMPRESS_STRIDE].cqe_comp_en = 1;
	cq_data[S_CQ_COMPRESS_STRIDE].cqe_comp_res_format = MLX5_IB_CQE_RES_FORMAT_CSUM_STRIDX;
	cq_data[S_CQ_COMPRESS_FORMAT].cqe_comp_en = 1;
	cq_data[S_CQ_COMPRESS_FORMAT].cqe_comp_res_format =
		MLX5_IB_CQE_RES_FORMAT_HASH | MLX5_IB_CQE_RES_FORMAT_CSUM;
	cq_data[S_CQ_NOWHERE].buf_addr = BAD_ADDRESS;
	cq_data[S_CQ_UAR].uar_page_index = 0xdead;
}

/* What libmlx5 and libibverbs make for a CQ. */
static int
make_cq_parts(struct uv_rig *r)
{
	r->uar = mlx5dv_devx_alloc_uar(r->ctx, MLX5DV_UAR_ALLOC_TYPE_BF);
	r->comp = ibv_create_comp_channel(r->ctx);
	if (r->uar == NULL || r->comp == NULL) {
		fprintf(stderr, "doorbell page or channel of a CQ: %s\n", strerror(errno));
		return -errno;
	}
	r->sym[S_COMP_CHAN] = (uint64_t)r->comp->fd;
	make_cq_data(r);
	return 0;
}

/* A PD and an MR, by the commands that libibverbs sends. */
static int
make_verbs(struct uv_rig *r)
{
	struct ibv_pd *pd = ibv_alloc_pd(r->ctx);
	struct ibv_mr *mr =
		pd != NULL ? ibv_reg_mr(pd, r->mem, MEM_BYTES, IBV_ACCESS_LOCAL_WRITE) : NULL;

	if (mr == NULL) {
		fprintf(stderr, "a valid MR: %s\n", strerror(errno));
		return -errno;
	}
	r->sym[S_PD] = pd->handle;
	r->sym[S_MR] = mr->handle;
	return 0;
}

static int
make_objects(struct uv_rig *r)
{
	int ret = make_verbs(r);

	if (ret == 0)
		ret = make_cq_parts(r);
	if (ret == 0)
		ret = make_devx(r, S_DEVX);
	if (ret == 0)
		ret = make_devx(r, S_DEVX2);
	if (ret == 0)
		ret = make(r, S_UMEM, "a umem", &umem);
	if (ret == 0)
		ret = make(r, S_UAR, "a UAR", &uar);
	if (ret == 0)
		ret = make(r, S_MATCHER, "a matcher", &matcher);
	if (ret == 0)
		ret = make(r, S_MATCHER_TX, "a matcher of sent packets", &matcher_tx);
	if (ret == 0)
		ret = make(r, S_CHAN, "an event channel", &chan);
	if (ret == 0)
		ret = make(r, S_CMD_CHAN, "a command channel", &cmd_chan);
	return ret;
}

static int
open_device(struct uv_rig *r)
{
	struct mlx5dv_context_attr attr = {.flags = MLX5DV_CONTEXT_FLAGS_DEVX};
	struct ibv_device **list = ibv_get_device_list(NULL);

	if (list != NULL && list[0] != NULL)
		r->ctx = mlx5dv_open_device(list[0], &attr);
	if (list != NULL)
		ibv_free_device_list(list);
	return r->ctx != NULL ? 0 : -ENODEV;
}

int
uv_rig_open(struct uv_rig *r)
{
	int ret;

	memset(r, 0, sizeof(*r));
	memset(ones, 0xff, sizeof(ones));
	ret = open_device(r);
	if (ret != 0)
		return ret;
	r->mem = mmap(
		NULL, 2 * MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->mem == MAP_FAILED)
		return -errno;
	mprotect((uint8_t *)r->mem + MEM_BYTES, MEM_BYTES, PROT_READ);
	r->sym[S_MEM] = (uintptr_t)r->mem;
	r->sym[S_RO] = (uintptr_t)r->mem + MEM_BYTES;
	r->sym[S_BAD] = BAD_ADDRESS;
	r->sym[S_FILE] = (uint64_t)open("/dev/null", O_RDWR | O_CLOEXEC);
	r->sym[S_EVENTFD] = (uint64_t)eventfd(0, EFD_CLOEXEC);
	return make_objects(r);
}

/* The descriptor takes all with it. */
void
uv_rig_close(struct uv_rig *r)
{
	ibv_destroy_comp_channel(r->comp);
	mlx5dv_devx_free_uar(r->uar);
	close((int)r->sym[S_CHAN]);
	close((int)r->sym[S_CMD_CHAN]);
	close((int)r->sym[S_FILE]);
	close((int)r->sym[S_EVENTFD]);
	ibv_close_device(r->ctx);
	munmap(r->mem, 2 * MEM_BYTES);
}
