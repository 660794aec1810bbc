/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "devx_priv.h"
#include "hf_log.h"

/* A page that a front end still has mapped comes back when that front end notices: 0.05 s, then
 * twice as long each time. */
#define VAR_TRIES 8
#define VAR_FIRST_WAIT_US 50000

static int
var_alloc(struct hf_devx *dev, struct mlx5dv_var **var)
{
	useconds_t wait = VAR_FIRST_WAIT_US;
	unsigned int i;

	for (i = 0; i < VAR_TRIES; i++) {
		errno = 0;
		*var = mlx5dv_alloc_var(dev->ibv, 0);
		if (*var != NULL)
			return 0;
		if (errno != ENOSPC || i == VAR_TRIES - 1)
			break;
		HF_LOG(WARNING, "%s: no doorbell page is free, trying again in %u ms", dev->name,
			(unsigned int)wait / 1000);
		usleep(wait);
		wait *= 2;
	}
	return devx_call_failed(dev, errno,
		"mlx5dv_alloc_var (are the pages of virtio doorbells in use by another process?)");
}

int
hf_var_create(struct hf_devx *dev, struct hf_var *var)
{
	uint8_t *base;
	int ret;

	memset(var, 0, sizeof(*var));
	ret = var_alloc(dev, &var->var);
	if (ret)
		return ret;
	base = mmap(NULL, var->var->length, PROT_READ | PROT_WRITE, MAP_SHARED, dev->ibv->cmd_fd,
		var->var->mmap_off);
	if (base == MAP_FAILED) {
		ret = devx_call_failed(
			dev, errno, "mapping the doorbell page (%u bytes)", var->var->length);
		goto free_var;
	}
	var->obj = hf_obj_add(dev->objs, "var", var->var->page_id);
	if (var->obj == NULL) {
		ret = devx_call_failed(dev, ENOMEM, "entering a doorbell page into the table");
		goto unmap;
	}
	/* Where a page of the CPU holds several of the NIC's, ours does not begin at the mapping's
	 * start. */
	var->page = base + (dev->caps.doorbell_bar_offset & (dev->page_size - 1));
	var->fd = dev->ibv->cmd_fd;
	var->offset = var->var->mmap_off;
	var->len = var->var->length;
	var->page_id = var->var->page_id;
	var->dev = dev;
	return 0;
unmap:
	munmap(base, var->var->length);
free_var:
	mlx5dv_free_var(var->var);
	memset(var, 0, sizeof(*var));
	return ret;
}

int
hf_var_destroy(struct hf_var *var)
{
	if (var->var == NULL)
		return 0;
	munmap((uint8_t *)var->page -
			(var->dev->caps.doorbell_bar_offset & (var->dev->page_size - 1)),
		var->len);
	mlx5dv_free_var(var->var);
	hf_obj_put(var->obj);
	memset(var, 0, sizeof(*var));
	return 0;
}
