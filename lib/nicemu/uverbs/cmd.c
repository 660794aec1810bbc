/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Mailboxes on their way to the firmware. Linux drivers/net/ethernet/mellanox/mlx5/core/cmd.c:
 * mlx5_cmd_do().
 */
#include "uv.h"

#include <errno.h>
#include <infiniband/mlx5dv.h>
#include <stdio.h>

#include "../conf.h"
#include "../fw/fw.h"
#include "../nic_own.h"
#include "prm.h"

static void
report(const struct uv_ctx *ctx, const void *in, const void *out)
{
	uint32_t syndrome = DEVX_GET(mbox_out, out, syndrome);
	const char *rule = fw_rule_text(syndrome);

	fprintf(stderr, "nicemu: %s: %s: %s, syndrome %#x: %s\n", ctx->func->conf->ibdev,
		fw_opcode_name(DEVX_GET(mbox_in, in, opcode)),
		fw_status_name(DEVX_GET(mbox_out, out, status)), syndrome,
		rule != NULL ? rule : "no rule");
}

int
uv_exec(struct uv_ctx *ctx, void *in, size_t inlen, void *out, size_t outlen)
{
	int ret;

	DEVX_SET(mbox_in, in, uid, ctx->uid);
	ret = fw_exec(ctx->func, in, (uint32_t)inlen, out, (uint32_t)outlen);
	if (ret == -ENXIO && nic_verbose())
		fprintf(stderr, "nicemu: %s: %s: the function is dead\n", ctx->func->conf->ibdev,
			fw_opcode_name(DEVX_GET(mbox_in, in, opcode)));
	if (ret != 0)
		return ret;
	if (DEVX_GET(mbox_out, out, status) == MLX5_CMD_STAT_OK)
		return 0;
	if (nic_verbose())
		report(ctx, in, out);
	return -EREMOTEIO;
}

int
uv_exec_kernel(struct uv_ctx *ctx, void *in, size_t inlen, void *out, size_t outlen)
{
	int ret = uv_exec(ctx, in, inlen, out, outlen);

	if (ret == -ENXIO)
		return fw_dead_errno(DEVX_GET(mbox_in, in, opcode));
	return ret == -EREMOTEIO ? fw_status_errno((uint8_t)DEVX_GET(mbox_out, out, status)) : ret;
}
