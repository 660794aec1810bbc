/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Completion queues.
 */
#include <infiniband/verbs.h>

#include "fw_int.h"

/* Formats are those with a hash or a checksum; each of the others has a capability of its own. */
static uint8_t
compress_check(struct fw_cmd *c, const void *cqc)
{
	if (!DEVX_GET(cqc, cqc, cqe_comp_en))
		return 0;
	if (!FW_CAP_GEN(c->f, cqe_compression))
		return fw_refuse(c, FW_R_CQ_COMPRESS);
	if (DEVX_GET(cqc, cqc, cqe_sz) == MLX5_CQE_SIZE_128B &&
		!FW_CAP_GEN(c->f, cqe_compression_128))
		return fw_refuse(c, FW_R_CQ_COMPRESS_128);
	if (DEVX_GET(cqc, cqc, mini_cqe_res_format) > MLX5_CQE_RESP_FORMAT_CSUM ||
		DEVX_GET(cqc, cqc, mini_cqe_res_format_ext) != 0 ||
		DEVX_GET(cqc, cqc, cqe_comp_layout) != 0)
		return fw_refuse(c, FW_R_CQ_COMPRESS_FORMAT);
	return 0;
}

static uint8_t
cq_check(struct fw_cmd *c, const void *cqc)
{
	if (DEVX_GET(cqc, cqc, cqe_sz) > MLX5_CQE_SIZE_128B)
		return fw_refuse(c, FW_R_CQ_CQE_SIZE);
	if (DEVX_GET(cqc, cqc, log_cq_size) > FW_CAP_GEN(c->f, log_max_cq_sz))
		return fw_refuse(c, FW_R_CQ_SIZE);
	if (compress_check(c, cqc) != 0)
		return c->status;
	if (DEVX_GET(cqc, cqc, oi) && !FW_CAP_GEN(c->f, cq_oi))
		return fw_refuse(c, FW_R_CQ_OI);
	if (DEVX_GET(cqc, cqc, cq_period_mode) != 0)
		return fw_refuse(c, FW_R_CQ_PERIOD_MODE);
	if ((DEVX_GET(cqc, cqc, cq_period) != 0 || DEVX_GET(cqc, cqc, cq_max_count) != 0) &&
		!FW_CAP_GEN(c->f, cq_moderation))
		return fw_refuse(c, FW_R_CQ_MODERATION);
	if (DEVX_GET(cqc, cqc, c_eqn) - FW_EQN(0) >= FW_N_EQ)
		return fw_refuse(c, FW_R_CQ_EQN);
	if (!DEVX_GET(create_cq_in, c->in, cq_umem_valid) || !DEVX_GET(cqc, cqc, dbr_umem_valid))
		return fw_refuse(c, FW_R_CQ_NO_PAGES);
	return 0;
}

static uint16_t
session_max(const struct nic_func *f, bool compress)
{
	return compress ? FW_CAP_GEN(f, cqe_compression_max_num) : 0;
}

uint8_t
fw_create_cq(struct fw_cmd *c)
{
	static const struct fw_umem_rules q_rules = {
		FW_R_CQ_UMEM, FW_R_CQ_UMEM_RANGE, FW_R_CQ_UMEM_WRITE};
	static const struct fw_umem_rules dbr_rules = {FW_R_CQ_DBR, FW_R_CQ_DBR_RANGE, 0};
	const void *cqc = DEVX_ADDR_OF(create_cq_in, c->in, cq_context);
	uint64_t off = DEVX_GET64(create_cq_in, c->in, cq_umem_offset);
	uint64_t dbr_off = DEVX_GET64(cqc, cqc, dbr_addr);
	uint8_t log_size = DEVX_GET(cqc, cqc, log_cq_size);
	uint8_t log_cqe = DEVX_GET(cqc, cqc, cqe_sz) == MLX5_CQE_SIZE_128B ? 7 : 6;
	struct nic_umem *umem, *dbr;
	struct nic_uar *uar;
	struct nic_cq *cq;

	if (cq_check(c, cqc) != 0)
		return c->status;
	umem = fw_umem_use(c, DEVX_GET(create_cq_in, c->in, cq_umem_id), off,
		1ull << (log_size + log_cqe), 1u << log_cqe, &q_rules);
	if (umem == NULL)
		return c->status;
	dbr = fw_umem_use(c, DEVX_GET(cqc, cqc, dbr_umem_id), dbr_off, 8, 8, &dbr_rules);
	if (dbr == NULL)
		return c->status;
	uar = fw_use(c, NIC_OBJ_UAR, DEVX_GET(cqc, cqc, uar_page), FW_R_CQ_UAR);
	if (uar == NULL)
		return c->status;
	cq = fw_obj_new(c, NIC_OBJ_CQ, sizeof(*cq));
	if (cq == NULL)
		return c->status;
	cq->umem = umem;
	cq->dbr_umem = dbr;
	cq->uar = uar;
	fw_hold(umem);
	fw_hold(dbr);
	fw_hold(uar);
	cq->offset = off;
	cq->dbr_offset = dbr_off;
	cq->log_size = log_size;
	cq->log_cqe_size = log_cqe;
	cq->collapsed = DEVX_GET(cqc, cqc, cc);
	cq->overrun_ignore = DEVX_GET(cqc, cqc, oi);
	cq->compress = session_max(c->f, DEVX_GET(cqc, cqc, cqe_comp_en));
	cq->mini_format = DEVX_GET(cqc, cqc, mini_cqe_res_format);
	/* the first arm word of a driver is that of fresh memory, 0: so a new queue is armed */
	cq->armed = true;
	DEVX_SET(create_cq_out, c->out, cqn, cq->obj.id);
	return 0;
}

/*
 * A resize (op_mod 1) has a page list, which is the kernel's to make: a user's does not come here.
 * Without the capabilities cq_moderation and cq_period_mode_modify what is left is the overrun.
 */
uint8_t
fw_modify_cq(struct fw_cmd *c)
{
	const uint32_t moderation =
		MLX5_CQ_MODIFY_PERIOD | MLX5_CQ_MODIFY_COUNT | MLX5_CQ_MODIFY_PERIOD_MODE;
	const void *cqc = DEVX_ADDR_OF(modify_cq_in, c->in, cq_context);
	struct nic_cq *cq = fw_target(c, NIC_OBJ_CQ, DEVX_GET(modify_cq_in, c->in, cqn));
	uint32_t select = DEVX_GET(modify_cq_in, c->in,
		modify_field_select_resize_field_select.modify_field_select.modify_field_select);

	if (cq == NULL)
		return c->status;
	if (select == 0 || select & ~(moderation | MLX5_CQ_MODIFY_OVERRUN))
		return fw_refuse(c, FW_R_CQ_SELECT);
	if (select & moderation)
		return fw_refuse(c, FW_R_CQ_MODERATION);
	if (!FW_CAP_GEN(c->f, cq_oi))
		return fw_refuse(c, FW_R_CQ_OI);
	cq->overrun_ignore = DEVX_GET(cqc, cqc, oi);
	return 0;
}

void
fw_cq_free(struct nic_cq *cq)
{
	fw_drop(cq->umem);
	fw_drop(cq->dbr_umem);
	fw_drop(cq->uar);
	mem_unpin(cq->pages.pin);
	mem_unpin(cq->record.pin);
	fw_obj_free(&cq->obj);
}

uint8_t
fw_query_cq(struct fw_cmd *c)
{
	const struct nic_cq *cq = fw_target(c, NIC_OBJ_CQ, DEVX_GET(query_cq_in, c->in, cqn));
	void *cqc = DEVX_ADDR_OF(query_cq_out, c->out, cq_context);

	if (cq == NULL)
		return c->status;
	/* Linux mlx5_ifc.h: CQC_STATUS_OK 0x0, CQ_OVERFLOW 0x9 */
	DEVX_SET(cqc, cqc, status, cq->error ? 0x9 : 0);
	DEVX_SET(cqc, cqc, cqe_sz, cq->log_cqe_size == 7 ? MLX5_CQE_SIZE_128B : MLX5_CQE_SIZE_64B);
	DEVX_SET(cqc, cqc, cc, cq->collapsed);
	DEVX_SET(cqc, cqc, oi, cq->overrun_ignore);
	DEVX_SET(cqc, cqc, cqe_comp_en, cq->compress > 0);
	DEVX_SET(cqc, cqc, mini_cqe_res_format, cq->mini_format);
	DEVX_SET(cqc, cqc, log_cq_size, cq->log_size);
	DEVX_SET(cqc, cqc, uar_page, cq->uar->obj.id);
	DEVX_SET(cqc, cqc, producer_counter, cq->pi & 0xffffff);
	DEVX_SET(cqc, cqc, dbr_umem_valid, 1);
	DEVX_SET(cqc, cqc, dbr_umem_id, cq->dbr_umem->obj.id);
	DEVX_SET64(cqc, cqc, dbr_addr, cq->dbr_offset);
	return 0;
}

/* ---- the kernel's own ---- */

/* Pages as a umem, which is in no table and has no number. */
static void
pages_set(struct nic_umem *u, struct nic_func *f, struct mem_pin *pin)
{
	*u = (struct nic_umem){.obj = {.func = f, .type = NIC_OBJ_UMEM},
		.pin = pin,
		.len = mem_pin_bytes(pin),
		.access = IBV_ACCESS_LOCAL_WRITE};
}

/* Entries that the page list of the command does not hold. */
static bool
is_short(const struct mem_pin *entries, uint8_t log_size, uint8_t log_cqe_size)
{
	return mem_pin_bytes(entries) < 1ull << (log_size + log_cqe_size);
}

static uint8_t
kern_create(struct fw_cmd *c, const struct fw_cq_attr *a, uint32_t *cqn)
{
	struct nic_uar *uar;
	struct nic_cq *cq;

	if (a->log_size > FW_CAP_GEN(c->f, log_max_cq_sz))
		return fw_refuse(c, FW_R_CQ_SIZE);
	if (a->overrun_ignore && !FW_CAP_GEN(c->f, cq_oi))
		return fw_refuse(c, FW_R_CQ_OI);
	if (a->eqn - FW_EQN(0) >= FW_N_EQ)
		return fw_refuse(c, FW_R_CQ_EQN);
	if (is_short(a->entries, a->log_size, a->log_cqe_size))
		return fw_refuse(c, FW_R_CQ_UMEM_RANGE);
	if (a->record_offset % 8 != 0)
		return fw_refuse(c, FW_R_CQ_DBR_RANGE);
	uar = fw_use(c, NIC_OBJ_UAR, a->uar, FW_R_CQ_UAR);
	cq = uar != NULL ? fw_obj_new(c, NIC_OBJ_CQ, sizeof(*cq)) : NULL;
	if (cq == NULL)
		return c->status;
	pages_set(&cq->pages, c->f, a->entries);
	pages_set(&cq->record, c->f, a->record);
	cq->umem = &cq->pages;
	cq->dbr_umem = &cq->record;
	cq->uar = uar;
	fw_hold(cq->umem);
	fw_hold(cq->dbr_umem);
	fw_hold(uar);
	cq->dbr_offset = a->record_offset;
	cq->log_size = a->log_size;
	cq->log_cqe_size = a->log_cqe_size;
	cq->overrun_ignore = a->overrun_ignore;
	cq->compress = session_max(c->f, a->compress);
	cq->mini_format = a->mini_format;
	cq->armed = true;
	*cqn = cq->obj.id;
	return 0;
}

int
fw_cq_create(struct nic_func *f, uint16_t uid, const struct fw_cq_attr *a, uint32_t *cqn)
{
	struct fw_cmd c;

	if (fw_kern_begin(&c, f, MLX5_CMD_OP_CREATE_CQ, uid) == 0)
		kern_create(&c, a, cqn);
	return fw_kern_end(&c);
}

int
fw_cq_resize(struct nic_func *f, uint32_t cqn, struct mem_pin *entries, uint8_t log_size,
	uint8_t log_cqe_size)
{
	struct nic_cq *cq;
	struct fw_cmd c;

	if (fw_kern_begin(&c, f, MLX5_CMD_OP_MODIFY_CQ, 0) != 0)
		return fw_kern_end(&c);
	cq = fw_target(&c, NIC_OBJ_CQ, cqn);
	if (cq != NULL && is_short(entries, log_size, log_cqe_size)) {
		fw_refuse(&c, FW_R_CQ_UMEM_RANGE);
	} else if (cq != NULL) {
		dp_cq_resized(cq);
		mem_unpin(cq->pages.pin);
		cq->pages.pin = entries;
		cq->pages.len = mem_pin_bytes(entries);
		cq->log_size = log_size;
		cq->log_cqe_size = log_cqe_size;
	}
	return fw_kern_end(&c);
}
