/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devx_priv.h"
#include "hf_log.h"

/* The numbers of objects are 24 bits wide, save those of general objects. */
#define OBJ_NUM_MASK 0xffffffu

static __thread struct hf_devx_error last_error;

const struct hf_devx_error *
hf_devx_last_error(void)
{
	return &last_error;
}

/* As libmlx5 does inside, in mlx5_cmd_status_to_err(), and Linux in cmd_status_to_err(). */
static int
status_errno(uint8_t status)
{
	switch (status) {
	case MLX5_CMD_STAT_INT_ERR:
	case MLX5_CMD_STAT_BAD_SYS_STATE_ERR:
	case MLX5_CMD_STAT_BAD_INP_LEN_ERR:
	case MLX5_CMD_STAT_BAD_OUTP_LEN_ERR:
		return EIO;
	case MLX5_CMD_STAT_RES_BUSY:
		return EBUSY;
	case MLX5_CMD_STAT_LIM_ERR:
		return ENOMEM;
	case MLX5_CMD_STAT_NOT_READY:
	case MLX5_CMD_STAT_NO_RES_ERR:
		return EAGAIN;
	default:
		return EINVAL;
	}
}

/* A call that failed without saying why must not look like a success. */
static int
negative(int err)
{
	return err ? -abs(err) : -EIO;
}

int
devx_cmd_failed(const struct hf_devx *dev, const void *in, const void *out, int err)
{
	struct hf_devx_error *e = &last_error;

	memset(e, 0, sizeof(*e));
	e->opcode = DEVX_GET(mbox_in, in, opcode);
	e->err = negative(err);
	if (out != NULL) {
		e->status = DEVX_GET(mbox_out, out, status);
		e->syndrome = DEVX_GET(mbox_out, out, syndrome);
	}
	if (e->status != MLX5_CMD_STAT_OK)
		e->err = -status_errno(e->status);
	if (e->status == MLX5_CMD_STAT_OK) {
		HF_LOG(ERR, "%s: %s (0x%x) failed: the kernel refused it: %s", dev->name,
			devx_opcode_name(e->opcode), e->opcode, strerror(-e->err));
		return e->err;
	}
	HF_LOG(ERR, "%s: %s (0x%x) failed: %s (0x%x), syndrome 0x%x, %s; %s", dev->name,
		devx_opcode_name(e->opcode), e->opcode, hf_devx_status_name(e->status), e->status,
		e->syndrome, strerror(-e->err), devx_status_hint(e->status));
	return e->err;
}

int
devx_call_failed(const struct hf_devx *dev, int err, const char *what, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, what);
	vsnprintf(text, sizeof(text), what, ap);
	va_end(ap);
	memset(&last_error, 0, sizeof(last_error));
	last_error.err = negative(err);
	HF_LOG(ERR, "%s: %s failed: %s", dev->name, text, strerror(-last_error.err));
	return last_error.err;
}

int
devx_general(const struct hf_devx *dev, const void *in, size_t inlen, void *out, size_t outlen)
{
	int ret = mlx5dv_devx_general_cmd(dev->ibv, in, inlen, out, outlen);

	return ret ? devx_cmd_failed(dev, in, out, ret) : 0;
}

int
devx_create(struct hf_devx *dev, const char *kind, const void *in, size_t inlen, void *out,
	size_t outlen, struct mlx5dv_devx_obj **devx, struct hf_obj **obj, uint32_t *num)
{
	errno = 0;
	*devx = mlx5dv_devx_obj_create(dev->ibv, in, inlen, out, outlen);
	if (*devx == NULL)
		return devx_cmd_failed(dev, in, out, errno);
	*num = DEVX_GET(general_obj_out_cmd_hdr, out, obj_id);
	if (DEVX_GET(mbox_in, in, opcode) != MLX5_CMD_OP_CREATE_GENERAL_OBJECT)
		*num &= OBJ_NUM_MASK;
	*obj = hf_obj_add(dev->objs, kind, *num);
	if (*obj == NULL) {
		mlx5dv_devx_obj_destroy(*devx);
		*devx = NULL;
		return devx_call_failed(dev, ENOMEM, "entering %s %u into the table", kind, *num);
	}
	return 0;
}

int
devx_modify(const struct hf_devx *dev, struct mlx5dv_devx_obj *devx, const void *in, size_t inlen,
	void *out, size_t outlen)
{
	int ret = mlx5dv_devx_obj_modify(devx, in, inlen, out, outlen);

	return ret ? devx_cmd_failed(dev, in, out, ret) : 0;
}

int
devx_query(const struct hf_devx *dev, struct mlx5dv_devx_obj *devx, const void *in, size_t inlen,
	void *out, size_t outlen)
{
	int ret = mlx5dv_devx_obj_query(devx, in, inlen, out, outlen);

	return ret ? devx_cmd_failed(dev, in, out, ret) : 0;
}

bool
devx_was_destroyed(const struct hf_devx *dev, int err)
{
	return err == EIO && hf_devx_is_dead(dev);
}

int
devx_destroy(const struct hf_devx *dev, const char *kind, uint32_t num,
	struct mlx5dv_devx_obj **devx, struct hf_obj **obj)
{
	int ret;

	if (*devx == NULL)
		return 0;
	ret = mlx5dv_devx_obj_destroy(*devx);
	if (ret && !devx_was_destroyed(dev, ret))
		return devx_call_failed(
			dev, ret, "destroying %s %u (is it still referred to?)", kind, num);
	*devx = NULL;
	hf_obj_put(*obj);
	*obj = NULL;
	return 0;
}
