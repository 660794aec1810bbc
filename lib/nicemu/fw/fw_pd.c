/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Protection domains.
 */
#include "fw_int.h"

uint8_t
fw_alloc_pd(struct fw_cmd *c)
{
	struct nic_pd *pd = fw_obj_new(c, NIC_OBJ_PD, sizeof(*pd));

	if (pd == NULL)
		return c->status;
	DEVX_SET(alloc_pd_out, c->out, pd, pd->obj.id);
	return 0;
}
