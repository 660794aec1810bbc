/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The user context of an open device. Linux hw/mlx5/main.c: mlx5_ib_alloc_ucontext(),
 * set_ucontext_resp().
 */
#include "uv.h"

#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <linux/capability.h>
#include <rdma/mlx5-abi.h>
#include <string.h>
#include <unistd.h>

#include "../fw/fw.h"
#include "prm.h"

static int
tdn_alloc(struct uv_ctx *ctx)
{
	uint32_t in[DEVX_ST_SZ_DW(alloc_transport_domain_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(alloc_transport_domain_out)] = {0};
	int ret;

	DEVX_SET(alloc_transport_domain_in, in, opcode, MLX5_CMD_OP_ALLOC_TRANSPORT_DOMAIN);
	ret = uv_exec_kernel(ctx, in, sizeof(in), out, sizeof(out));
	if (ret == 0)
		ctx->tdn = DEVX_GET(alloc_transport_domain_out, out, transport_domain);
	return ret;
}

static void
tdn_free(struct uv_ctx *ctx)
{
	uint32_t in[DEVX_ST_SZ_DW(dealloc_transport_domain_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(dealloc_transport_domain_out)] = {0};

	DEVX_SET(dealloc_transport_domain_in, in, opcode, MLX5_CMD_OP_DEALLOC_TRANSPORT_DOMAIN);
	DEVX_SET(dealloc_transport_domain_in, in, transport_domain, ctx->tdn);
	uv_exec(ctx, in, sizeof(in), out, sizeof(out));
}

/* What the process may do is asked once, here, as the kernel does. */
static int
uctx_create(struct uv_ctx *ctx)
{
	const void *cap = ctx->func->caps[0];
	uint32_t have = DEVX_GET(cmd_hca_cap, cap, uctx_cap), want = 0;
	int ret;

	if (DEVX_GET(cmd_hca_cap, cap, log_max_uctx) == 0)
		return -EINVAL;
	if (uv_capable(CAP_NET_RAW))
		want |= have & FW_UCTX_CAP_RAW_TX;
	if (uv_capable(CAP_SYS_RAWIO))
		want |= have & FW_UCTX_CAP_INTERNAL_DEV_RES;
	ret = fw_uctx_create(ctx->func, want);
	if (ret < 0)
		return ret;
	ctx->uid = (uint16_t)ret;
	return 0;
}

static void
fill_resp(const struct uv_ctx *ctx, const struct mlx5_ib_alloc_ucontext_req_v2 *req,
	struct mlx5_ib_alloc_ucontext_resp *r)
{
	const void *cap = ctx->func->caps[0];
	uint8_t cqe_version = (uint8_t)DEVX_GET(cmd_hca_cap, cap, cqe_version);

	if (DEVX_GET(cmd_hca_cap, cap, dump_fill_mkey)) {
		r->dump_fill_mkey = ctx->func->dump_fill_mkey;
		r->comp_mask |= MLX5_IB_ALLOC_UCONTEXT_RESP_MASK_DUMP_FILL_MKEY;
	}
	r->comp_mask |= MLX5_IB_ALLOC_UCONTEXT_RESP_MASK_MKEY_UPDATE_TAG;
	r->qp_tab_size = 1u << DEVX_GET(cmd_hca_cap, cap, log_max_qp);
	r->bf_reg_size = 1u << DEVX_GET(cmd_hca_cap, cap, log_bf_reg_size);
	r->tot_bfregs = 0; /* all doorbell pages are allocated one by one: MLX5_LIB_CAP_DYN_UAR */
	r->cache_line_size = (uint32_t)sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
	if (r->cache_line_size < 32)
		r->cache_line_size = 64;
	r->max_sq_desc_sz = (uint16_t)DEVX_GET(cmd_hca_cap, cap, max_wqe_sz_sq);
	r->max_rq_desc_sz = (uint16_t)DEVX_GET(cmd_hca_cap, cap, max_wqe_sz_rq);
	r->max_send_wqebb = 1u << DEVX_GET(cmd_hca_cap, cap, log_max_qp_sz);
	r->max_recv_wr = 1u << DEVX_GET(cmd_hca_cap, cap, log_max_qp_sz);
	r->max_srq_recv_wr = 1u << DEVX_GET(cmd_hca_cap, cap, log_max_srq_sz);
	r->num_ports = 1;
	r->cqe_version = cqe_version < req->max_cqe_version ? cqe_version : req->max_cqe_version;
	r->cmds_supp_uhw = MLX5_USER_CMDS_SUPP_UHW_QUERY_DEVICE | MLX5_USER_CMDS_SUPP_UHW_CREATE_AH;
	/* what the vport wants, and one (mlx5_query_min_inline()) */
	r->eth_min_inline = fw_min_inline(ctx->func) + MLX5_USER_INLINE_MODE_NONE;
	r->log_uar_size = 12;
	r->num_uars_per_page = 1;
}

static int
get_request(struct uv_call *call, struct mlx5_ib_alloc_ucontext_req_v2 *req)
{
	size_t len = uv_attr_len(call, UVERBS_ATTR_UHW_IN);
	int ret;

	if (len != sizeof(struct mlx5_ib_alloc_ucontext_req) &&
		len < offsetof(struct mlx5_ib_alloc_ucontext_req_v2, max_cqe_version))
		return -EINVAL;
	ret = uv_get_uhw(call, req, sizeof(*req), 0);
	if (ret != 0)
		return ret;
	if ((req->flags & ~(uint32_t)MLX5_IB_ALLOC_UCTX_DEVX) != 0 || req->comp_mask != 0 ||
		req->reserved0 != 0 || req->reserved1 != 0 || req->reserved2 != 0)
		return -EOPNOTSUPP;
	req->total_num_bfregs = (req->total_num_bfregs + 1) & ~1u;
	if (req->num_low_latency_bfregs > req->total_num_bfregs - 1)
		return -EINVAL;
	/* Doorbell pages that all queues of a context share are for old libraries only. */
	return (req->lib_caps & MLX5_LIB_CAP_DYN_UAR) == 0 ? -EOPNOTSUPP : 0;
}

static int
ucontext_make(struct uv_call *call)
{
	struct mlx5_ib_alloc_ucontext_req_v2 req;
	struct mlx5_ib_alloc_ucontext_resp resp = {0};
	struct uv_ctx *ctx = call->ctx;
	size_t len = uv_attr_len(call, UVERBS_ATTR_UHW_OUT);
	int ret;

	/* mlx5_ib_alloc_ucontext(): a device that had a fatal error is not active */
	if (fw_is_dead(ctx->func))
		return -EAGAIN;
	ret = get_request(call, &req);
	if (ret != 0)
		return ret;
	if ((req.flags & MLX5_IB_ALLOC_UCTX_DEVX) != 0) {
		ret = uctx_create(ctx);
		if (ret != 0)
			return ret;
	}
	ret = tdn_alloc(ctx);
	if (ret != 0)
		goto uctx_free;
	fill_resp(ctx, &req, &resp);
	resp.response_length = (uint32_t)(len < sizeof(resp) ? len : sizeof(resp));
	ret = uv_put(call, UVERBS_ATTR_UHW_OUT, &resp, resp.response_length);
	if (ret != 0 && ret != -ENOENT)
		goto td_free;
	ctx->has_ucontext = true;
	return 0;
td_free:
	tdn_free(ctx);
uctx_free:
	if (ctx->uid != 0)
		fw_uctx_destroy(ctx->func, ctx->uid);
	ctx->uid = 0;
	return ret;
}

int
uv_ucontext_create(struct uv_call *call)
{
	struct uv_ctx *ctx = call->ctx;
	int ret;

	/* one, whoever else asks for it while its commands take their time */
	if (ctx->has_ucontext || ctx->gets_ucontext)
		return -EINVAL;
	ctx->gets_ucontext = true;
	ret = ucontext_make(call);
	ctx->gets_ucontext = false;
	return ret;
}

void
uv_ucontext_destroy(struct uv_ctx *ctx)
{
	if (!ctx->has_ucontext)
		return;
	tdn_free(ctx);
	if (ctx->uid != 0)
		fw_uctx_destroy(ctx->func, ctx->uid);
	ctx->uid = 0;
	ctx->has_ucontext = false;
}
