/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What a function can ask about the adapter as a whole, and the command that does nothing.
 */
#include <string.h>

#include "../conf.h"
#include "fw_int.h"

#define VENDOR 0x02c9 /* OUI of the vendor, Linux hw/mlx5/main.c mlx5_query_vendor_id() */
#define ISSI 1 /* interface step: Linux mlx5 main.c mlx5_core_set_issi() wants 1, and has 0 */

_Static_assert(sizeof(((struct part *)NULL)->psid) <=
		DEVX_FLD_SZ_BYTES(query_adapter_param_block, vsd_contd_psid),
	"PSID is too long");

uint8_t
fw_nop(struct fw_cmd *c)
{
	(void)c;
	return 0;
}

uint8_t
fw_query_adapter(struct fw_cmd *c)
{
	const struct part *part = part_find(c->f->nic->conf->part);
	void *a = DEVX_ADDR_OF(query_adapter_out, c->out, query_adapter_struct);
	uint8_t *psid = DEVX_ADDR_OF(query_adapter_param_block, a, vsd_contd_psid);

	DEVX_SET(query_adapter_param_block, a, ieee_vendor_id, VENDOR);
	memcpy(psid, part->psid, sizeof(part->psid));
	return 0;
}

uint8_t
fw_query_issi(struct fw_cmd *c)
{
	DEVX_SET(query_issi_out, c->out, current_issi, ISSI);
	DEVX_SET(query_issi_out, c->out, supported_issi_dw0, 1u << 0 | 1u << ISSI);
	return 0;
}
