/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * User memory for queues. The kernel makes these, from pages that it has pinned.
 */
#include <errno.h>
#include <infiniband/verbs.h>

#include "fw_int.h"

struct nic_umem *
fw_umem_use(struct fw_cmd *c, uint32_t id, uint64_t off, uint64_t len, uint32_t align,
	const struct fw_umem_rules *r)
{
	struct nic_umem *u = fw_use(c, NIC_OBJ_UMEM, id, r->none);

	if (u == NULL)
		return NULL;
	if (off % align != 0 || off > u->len || len > u->len - off) {
		fw_refuse(c, r->range);
		return NULL;
	}
	if (r->write != 0 && !(u->access & IBV_ACCESS_LOCAL_WRITE)) {
		fw_refuse(c, r->write);
		return NULL;
	}
	return u;
}

int
fw_umem_create(struct nic_func *f, uint16_t uid, struct mem_pin *pin, uint64_t len, uint32_t access,
	uint32_t *umem_id)
{
	struct nic_umem *u;
	struct fw_cmd c;

	if (fw_kern_begin(&c, f, MLX5_CMD_OP_CREATE_UMEM, uid) == 0) {
		c.reg_len = len;
		u = fw_obj_new(&c, NIC_OBJ_UMEM, sizeof(*u));
		if (u != NULL) {
			u->pin = pin;
			u->len = len;
			u->access = access;
			f->umem_bytes += mem_pin_bytes(pin);
			*umem_id = u->obj.id;
		}
	}
	return fw_kern_end(&c);
}

void
fw_umem_free(struct nic_umem *u)
{
	u->obj.func->umem_bytes -= mem_pin_bytes(u->pin);
	mem_unpin(u->pin);
	fw_obj_free(&u->obj);
}

int
fw_umem_destroy(struct nic_func *f, uint32_t umem_id)
{
	struct nic_umem *u;
	struct fw_cmd c;
	bool busy = false;
	int rc;

	if (fw_kern_begin(&c, f, MLX5_CMD_OP_DESTROY_UMEM, 0) == 0) {
		u = fw_target(&c, NIC_OBJ_UMEM, umem_id);
		busy = u != NULL && fw_obj_idle(&c, &u->obj) != 0;
		if (u != NULL && !busy)
			fw_umem_free(u);
	}
	rc = fw_kern_end(&c);
	return busy ? -EBUSY : rc;
}
