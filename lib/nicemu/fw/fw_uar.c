/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The BAR: doorbell pages (UAR), and the doorbell pages of virtio (VAR). A page is given out
 * zeroed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fw_int.h"
#include "../real.h"

int
fw_bar_init(struct nic_func *f)
{
	size_t len = FW_BAR_PAGES * NIC_PAGE;
	int rc;

	f->bar_fd = memfd_create("nicemu-bar", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (f->bar_fd < 0)
		return -errno;
	if (ftruncate(f->bar_fd, FW_BAR_BASE + len) != 0)
		goto err;
	/*
	 * Whoever maps a doorbell has the descriptor, other processes too; a file cut short would
	 * be a fault of the engines, which read doorbells without a guard.
	 */
	if (fcntl(f->bar_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		goto err;
	f->bar = real_mmap()(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, f->bar_fd, FW_BAR_BASE);
	if (f->bar == MAP_FAILED)
		goto err;
	return 0;
err:
	rc = -errno;
	real_close()(f->bar_fd);
	f->bar_fd = -1;
	return rc;
}

void
fw_bar_fini(struct nic_func *f)
{
	real_munmap()(f->bar, FW_BAR_PAGES * NIC_PAGE);
	real_close()(f->bar_fd);
	f->bar_fd = -1;
}

void *
fw_bar_ptr(const struct nic_func *f, uint64_t bar_offset)
{
	if (bar_offset < FW_BAR_BASE || bar_offset - FW_BAR_BASE >= FW_BAR_PAGES * NIC_PAGE)
		return NULL;
	return f->bar + (bar_offset - FW_BAR_BASE);
}

/*
 * The search goes on where the last one ended: the kernel does not give a page out again while any
 * process maps it (Linux mlx5_ib main.c mlx5_ib_mmap_free()), which is not known here, so a page
 * that was freed rests for as long as possible.
 */
static bool
page_alloc(struct nic_func *f, uint64_t *bar_offset)
{
	unsigned int n, i;

	for (n = 0; n < FW_BAR_PAGES; n++) {
		i = (f->bar_next + n) % FW_BAR_PAGES;
		if (f->bar_used[i / 64] & 1ull << i % 64)
			continue;
		f->bar_used[i / 64] |= 1ull << i % 64;
		f->bar_next = i + 1;
		*bar_offset = FW_BAR_BASE + (uint64_t)i * NIC_PAGE;
		memset(fw_bar_ptr(f, *bar_offset), 0, NIC_PAGE);
		return true;
	}
	return false;
}

static void
page_free(struct nic_func *f, uint64_t bar_offset)
{
	unsigned int i = (unsigned int)((bar_offset - FW_BAR_BASE) / NIC_PAGE);

	f->bar_used[i / 64] &= ~(1ull << i % 64);
}

static struct nic_uar *
uar_new(struct fw_cmd *c)
{
	struct nic_uar *u = fw_obj_new(c, NIC_OBJ_UAR, sizeof(*u));

	if (u != NULL)
		TAILQ_INIT(&u->sqs);
	if (u != NULL && !page_alloc(c->f, &u->bar_offset)) {
		fw_refuse(c, FW_R_BAR_FULL);
		fw_obj_free(&u->obj);
		u = NULL;
	}
	return u;
}

void
fw_uar_free_obj(struct nic_uar *u)
{
	page_free(u->obj.func, u->bar_offset);
	fw_obj_free(&u->obj);
}

void
fw_var_free_obj(struct nic_var *v)
{
	page_free(v->obj.func, v->bar_offset);
	fw_obj_free(&v->obj);
}

uint8_t
fw_alloc_uar(struct fw_cmd *c)
{
	struct nic_uar *u = uar_new(c);

	if (u == NULL)
		return c->status;
	DEVX_SET(alloc_uar_out, c->out, uar, u->obj.id);
	return 0;
}

int
fw_uar_alloc(struct nic_func *f, uint16_t uid, uint32_t *page_id, uint64_t *bar_offset)
{
	struct nic_uar *u;
	struct fw_cmd c;

	if (fw_kern_begin(&c, f, MLX5_CMD_OP_ALLOC_UAR, uid) == 0) {
		u = uar_new(&c);
		if (u != NULL) {
			*page_id = u->obj.id;
			*bar_offset = u->bar_offset;
		}
	}
	return fw_kern_end(&c);
}

int
fw_uar_free(struct nic_func *f, uint32_t page_id)
{
	struct nic_uar *u;
	struct fw_cmd c;

	if (fw_kern_begin(&c, f, MLX5_CMD_OP_DEALLOC_UAR, 0) == 0) {
		u = fw_target(&c, NIC_OBJ_UAR, page_id);
		if (u != NULL && fw_obj_idle(&c, &u->obj) == 0)
			fw_uar_free_obj(u);
	}
	return fw_kern_end(&c);
}

int
fw_var_alloc(
	struct nic_func *f, uint16_t uid, uint32_t *page_id, uint64_t *bar_offset, uint32_t *length)
{
	struct nic_var *v;
	struct fw_cmd c;

	fw_kern_begin(&c, f, 0, uid);
	v = fw_obj_new(&c, NIC_OBJ_VAR, sizeof(*v));
	if (v != NULL && !page_alloc(f, &v->bar_offset)) {
		fw_refuse(&c, FW_R_BAR_FULL);
		fw_obj_free(&v->obj);
	} else if (v != NULL) {
		v->length = NIC_PAGE;
		*page_id = v->obj.id;
		*bar_offset = v->bar_offset;
		*length = v->length;
	}
	return fw_kern_end(&c);
}

int
fw_var_free(struct nic_func *f, uint32_t page_id)
{
	struct nic_var *v;
	struct fw_cmd c;

	fw_kern_begin(&c, f, 0, 0);
	v = fw_target(&c, NIC_OBJ_VAR, page_id);
	if (v != NULL)
		fw_var_free_obj(v);
	return fw_kern_end(&c);
}
