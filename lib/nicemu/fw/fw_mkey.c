/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Memory keys: page lists (of the kernel's memory regions, and of umems), lists of keys, and the
 * null key.
 *
 * The keys that a list names are looked up when memory is accessed, not when the list is made:
 * nothing keeps a key from being destroyed under a list or a queue, as on the real NIC. The access
 * then fails.
 */
#include <infiniband/verbs.h>
#include <stdlib.h>

#include "fw_int.h"

#define KLM_MAX_BYTES 0x80000000u /* DPDK MLX5_MAX_KLM_BYTE_COUNT */
#define NO_QPN 0xffffffu

static uint8_t
mkc_perm(const void *mkc)
{
	return (DEVX_GET(mkc, mkc, lr) ? NIC_PERM_LR : 0) |
		(DEVX_GET(mkc, mkc, lw) ? NIC_PERM_LW : 0) |
		(DEVX_GET(mkc, mkc, rr) ? NIC_PERM_RR : 0) |
		(DEVX_GET(mkc, mkc, rw) ? NIC_PERM_RW : 0) |
		(DEVX_GET(mkc, mkc, a) ? NIC_PERM_A : 0);
}

const struct nic_mkey *
fw_mkey_find(const struct nic_func *f, uint32_t mkey)
{
	const struct nic_mkey *k = mkey >> 8 < f->mkey_tbl_size ? f->mkey_tbl[mkey >> 8] : NULL;

	return k != NULL && k->tag == (mkey & 0xff) ? k : NULL;
}

/*
 * Relaxed order of DMA: each bit by its capability, and the one kind of NIC that has nothing else.
 */
static uint8_t
order_check(struct fw_cmd *c, bool write, bool read)
{
	bool only = FW_CAP_GEN(c->f, mkc_order_write_after_write_ro_only);

	if (only && !write)
		return fw_refuse(c, FW_R_MKEY_RO_ONLY);
	if (write && !only && !FW_CAP_GEN(c->f, relaxed_ordering_write))
		return fw_refuse(c, FW_R_MKEY_RO_WRITE);
	if (read && !FW_CAP_GEN(c->f, relaxed_ordering_read))
		return fw_refuse(c, FW_R_MKEY_RO_READ);
	return 0;
}

static uint8_t
mkc_check(struct fw_cmd *c, const void *mkc)
{
	uint64_t start = DEVX_GET64(mkc, mkc, start_addr), len = DEVX_GET64(mkc, mkc, len);
	unsigned int mode = DEVX_GET(mkc, mkc, access_mode_1_0);

	if (DEVX_GET(mkc, mkc, access_mode_4_2) != 0 || mode == MLX5_MKC_ACCESS_MODE_PA)
		return fw_refuse(c, FW_R_MKEY_MODE);
	if (DEVX_GET(mkc, mkc, free))
		return fw_refuse(c, FW_R_MKEY_FREE);
	if (DEVX_GET(mkc, mkc, qpn) != NO_QPN)
		return fw_refuse(c, FW_R_MKEY_QPN);
	if (DEVX_GET(mkc, mkc, bsf_en) || DEVX_GET(mkc, mkc, crypto_en) != 0)
		return fw_refuse(c, FW_R_MKEY_BSF);
	if (order_check(c, DEVX_GET(mkc, mkc, relaxed_ordering_write),
		    DEVX_GET(mkc, mkc, relaxed_ordering_read)) != 0)
		return c->status;
	if (len == 0 && !DEVX_GET(mkc, mkc, length64))
		return fw_refuse(c, FW_R_MKEY_EMPTY);
	if (len != 0 && len - 1 > UINT64_MAX - start)
		return fw_refuse(c, FW_R_MKEY_WRAP);
	return 0;
}

static uint8_t
list_check(struct fw_cmd *c, const void *mkc, uint32_t n)
{
	uint32_t room = DEVX_GET(mkc, mkc, translations_octword_size);

	/*
	 * both drivers that are known to make these (DPDK, Linux mlx5_vdpa) round the size up to 4
	 */
	if (n == 0 || room % 4 != 0 || n > room)
		return fw_refuse(c, FW_R_MKEY_OCTWORDS);
	if (room > 1u << FW_CAP_GEN(c->f, log_max_klm_list_size))
		return fw_refuse(c, FW_R_MKEY_LIST_MAX);
	if ((c->inlen - DEVX_ST_SZ_BYTES(create_mkey_in)) / DEVX_ST_SZ_BYTES(klm) < n)
		return fw_refuse(c, FW_R_MKEY_LIST_LEN);
	if (DEVX_GET(mkc, mkc, access_mode_1_0) == MLX5_MKC_ACCESS_MODE_KLM)
		return DEVX_GET(mkc, mkc, log_page_size) == 0 ? 0
							      : fw_refuse(c, FW_R_MKEY_KLM_PAGE);
	if (!FW_CAP_GEN(c->f, fixed_buffer_size))
		return fw_refuse(c, FW_R_MKEY_FBS);
	if (DEVX_GET(mkc, mkc, log_page_size) <
		FW_CAP_GEN2(c->f, min_mkey_log_entity_size_fixed_buffer))
		return fw_refuse(c, FW_R_MKEY_ENTITY);
	return 0;
}

static uint8_t
klm_fill(struct fw_cmd *c, struct nic_mkey *k)
{
	const uint8_t *e = DEVX_ADDR_OF(create_mkey_in, c->in, klm_pas_mtt);
	uint64_t end = 0;
	uint32_t i;

	k->klm = calloc(k->n_klm, sizeof(*k->klm));
	k->klm_end = calloc(k->n_klm, sizeof(*k->klm_end));
	if (k->klm == NULL || k->klm_end == NULL)
		return fw_refuse(c, FW_R_MEMORY);
	for (i = 0; i < k->n_klm; i++, e += DEVX_ST_SZ_BYTES(klm)) {
		k->klm[i].bytes = DEVX_GET(klm, e, byte_count);
		k->klm[i].mkey = DEVX_GET(klm, e, mkey);
		k->klm[i].addr = DEVX_GET64(klm, e, address);
		if (k->mode == NIC_MKEY_KLM && k->klm[i].bytes > KLM_MAX_BYTES)
			return fw_refuse(c, FW_R_MKEY_KLM_BYTES);
		end += k->mode == NIC_MKEY_KLM ? k->klm[i].bytes : 1ull << k->log_entity;
		k->klm_end[i] = end;
	}
	return end < k->len ? fw_refuse(c, FW_R_MKEY_COVER) : 0;
}

/* A page list that a user asks for lies over a umem. */
static uint8_t
mtt_fill(struct fw_cmd *c, struct nic_mkey *k)
{
	uint64_t off = DEVX_GET64(create_mkey_in, c->in, mkey_umem_offset);
	struct nic_umem *u;

	if (!DEVX_GET(create_mkey_in, c->in, mkey_umem_valid))
		return fw_refuse(c, FW_R_MKEY_NO_PAGES);
	u = fw_use(c, NIC_OBJ_UMEM, DEVX_GET(create_mkey_in, c->in, mkey_umem_id), FW_R_MKEY_UMEM);
	if (u == NULL)
		return c->status;
	if (off > u->len || k->len > u->len - off)
		return fw_refuse(c, FW_R_MKEY_UMEM_RANGE);
	if (k->perm & (NIC_PERM_LW | NIC_PERM_RW) && !(u->access & IBV_ACCESS_LOCAL_WRITE))
		return fw_refuse(c, FW_R_MKEY_UMEM_WRITE);
	k->umem = u;
	k->pin = u->pin;
	k->pin_off = off;
	fw_hold(u);
	return 0;
}

void
fw_mkey_free(struct nic_mkey *k)
{
	struct nic_func *f = k->obj.func;

	f->mkey_tbl[k->obj.id] = NULL;
	dp_mkeys_changed(f);
	if (k->umem == NULL && k->pin != NULL) {
		f->mr_destroyed++;
		f->mr_bytes -= mem_pin_bytes(k->pin);
		mem_unpin(k->pin);
	}
	fw_drop(k->umem);
	fw_drop(k->pd);
	free(k->klm);
	free(k->klm_end);
	fw_obj_free(&k->obj);
}

static struct nic_mkey *
mkey_new(struct fw_cmd *c, struct nic_pd *pd)
{
	struct nic_mkey *k = fw_obj_new(c, NIC_OBJ_MKEY, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->pd = pd;
	fw_hold(pd);
	c->f->mkey_tbl[k->obj.id] = k;
	return k;
}

uint8_t
fw_create_mkey(struct fw_cmd *c)
{
	const void *mkc = DEVX_ADDR_OF(create_mkey_in, c->in, memory_key_mkey_entry);
	unsigned int mode = DEVX_GET(mkc, mkc, access_mode_1_0);
	uint32_t n = DEVX_GET(create_mkey_in, c->in, translations_octword_actual_size);
	struct nic_mkey *k;
	struct nic_pd *pd;
	uint8_t status;

	if (mkc_check(c, mkc) != 0)
		return c->status;
	if (mode != MLX5_MKC_ACCESS_MODE_MTT && list_check(c, mkc, n) != 0)
		return c->status;
	pd = fw_use(c, NIC_OBJ_PD, DEVX_GET(mkc, mkc, pd), FW_R_MKEY_PD);
	if (pd == NULL)
		return c->status;
	k = mkey_new(c, pd);
	if (k == NULL)
		return c->status;
	k->tag = DEVX_GET(mkc, mkc, mkey_7_0);
	k->perm = mkc_perm(mkc);
	k->start = DEVX_GET64(mkc, mkc, start_addr);
	k->len = DEVX_GET64(mkc, mkc, len);
	k->length64 = DEVX_GET(mkc, mkc, length64);
	if (k->length64 && k->len == 0)
		k->len = UINT64_MAX;
	if (mode == MLX5_MKC_ACCESS_MODE_MTT) {
		k->mode = NIC_MKEY_MTT;
		status = mtt_fill(c, k);
	} else {
		k->mode = mode == MLX5_MKC_ACCESS_MODE_KLM ? NIC_MKEY_KLM : NIC_MKEY_KLM_FBS;
		k->log_entity = DEVX_GET(mkc, mkc, log_page_size);
		k->n_klm = n;
		status = klm_fill(c, k);
	}
	if (status != 0) {
		fw_mkey_free(k);
		return status;
	}
	DEVX_SET(create_mkey_out, c->out, mkey_index, k->obj.id);
	return 0;
}

uint8_t
fw_query_mkey(struct fw_cmd *c)
{
	static const uint8_t modes[] = {[NIC_MKEY_MTT] = MLX5_MKC_ACCESS_MODE_MTT,
		[NIC_MKEY_KLM] = MLX5_MKC_ACCESS_MODE_KLM,
		[NIC_MKEY_KLM_FBS] = MLX5_MKC_ACCESS_MODE_KLM_FBS,
		[NIC_MKEY_NULL] = MLX5_MKC_ACCESS_MODE_PA};
	const struct nic_mkey *k =
		fw_target(c, NIC_OBJ_MKEY, DEVX_GET(query_mkey_in, c->in, mkey_index));
	void *mkc = DEVX_ADDR_OF(query_mkey_out, c->out, memory_key_mkey_entry);

	if (k == NULL)
		return c->status;
	DEVX_SET(mkc, mkc, a, !!(k->perm & NIC_PERM_A));
	DEVX_SET(mkc, mkc, rw, !!(k->perm & NIC_PERM_RW));
	DEVX_SET(mkc, mkc, rr, !!(k->perm & NIC_PERM_RR));
	DEVX_SET(mkc, mkc, lw, !!(k->perm & NIC_PERM_LW));
	DEVX_SET(mkc, mkc, lr, !!(k->perm & NIC_PERM_LR));
	DEVX_SET(mkc, mkc, access_mode_1_0, modes[k->mode]);
	DEVX_SET(mkc, mkc, qpn, NO_QPN);
	DEVX_SET(mkc, mkc, mkey_7_0, k->tag);
	DEVX_SET(mkc, mkc, length64, k->length64);
	DEVX_SET(mkc, mkc, pd, k->pd != NULL ? k->pd->obj.id : 0);
	DEVX_SET64(mkc, mkc, start_addr, k->start);
	DEVX_SET64(mkc, mkc, len, k->len);
	DEVX_SET(mkc, mkc, translations_octword_size, (k->n_klm + 3) & ~3u);
	DEVX_SET(mkc, mkc, log_page_size, k->log_entity);
	return 0;
}

uint8_t
fw_query_special_contexts(struct fw_cmd *c)
{
	DEVX_SET(query_special_contexts_out, c->out, dump_fill_mkey, c->f->dump_fill_mkey);
	DEVX_SET(query_special_contexts_out, c->out, null_mkey, c->f->dump_fill_mkey);
	return 0;
}

/* ---- the kernel's own ---- */

int
fw_mkey_init(struct nic_func *f)
{
	struct nic_mkey *k;
	struct fw_cmd c;

	fw_kern_begin(&c, f, 0, 0);
	k = mkey_new(&c, NULL);
	if (k != NULL) {
		k->mode = NIC_MKEY_NULL;
		k->perm = NIC_PERM_LR | NIC_PERM_LW;
		k->len = UINT64_MAX;
		f->dump_fill_mkey = k->obj.id << 8;
	}
	return fw_kern_end(&c);
}

/* The kernel is gone, so are the memory regions that it had not given back. */
void
fw_mkey_fini(struct nic_func *f)
{
	struct fw_cmd c;
	struct nic_obj *o;

	fw_kern_begin(&c, f, 0, 0);
	while ((o = TAILQ_FIRST(&f->objs[NIC_OBJ_MKEY])) != NULL)
		fw_mkey_free((struct nic_mkey *)o);
	fw_kern_end(&c);
	free(f->mkey_tbl);
	f->mkey_tbl = NULL;
	f->mkey_tbl_size = 0;
}

/* As ib_reg_mr of Linux mlx5: local read always, the rest as asked for. */
static uint8_t
verbs_perm(uint32_t access)
{
	return NIC_PERM_LR | (access & IBV_ACCESS_LOCAL_WRITE ? NIC_PERM_LW : 0) |
		(access & IBV_ACCESS_REMOTE_READ ? NIC_PERM_RR : 0) |
		(access & IBV_ACCESS_REMOTE_WRITE ? NIC_PERM_RW : 0) |
		(access & IBV_ACCESS_REMOTE_ATOMIC ? NIC_PERM_A : 0);
}

static uint8_t
range_check(struct fw_cmd *c, uint64_t iova, uint64_t len)
{
	if (len == 0)
		return fw_refuse(c, FW_R_MKEY_EMPTY);
	return len - 1 > UINT64_MAX - iova ? fw_refuse(c, FW_R_MKEY_WRAP) : 0;
}

/* As far as the capabilities go: Linux mlx5_ib mr.c set_mkc_access_pd_addr_fields(). */
static uint8_t
access_check(struct fw_cmd *c, uint32_t ibv_access)
{
	return order_check(c,
		ibv_access & IBV_ACCESS_RELAXED_ORDERING &&
			(FW_CAP_GEN(c->f, relaxed_ordering_write) ||
				FW_CAP_GEN(c->f, mkc_order_write_after_write_ro_only)),
		false);
}

static uint8_t
mr_fill(struct fw_cmd *c, uint32_t pdn, struct mem_pin *pin, uint64_t iova, uint64_t len,
	uint32_t ibv_access, uint32_t *lkey)
{
	struct nic_pd *pd;
	struct nic_mkey *k;

	if (range_check(c, iova, len) != 0 || access_check(c, ibv_access) != 0)
		return c->status;
	pd = fw_use(c, NIC_OBJ_PD, pdn, FW_R_MKEY_PD);
	k = pd != NULL ? mkey_new(c, pd) : NULL;
	if (k == NULL)
		return c->status;
	/* ends with the context of its domain, should the kernel not have given it back by then */
	k->obj.uid = pd->obj.uid;
	k->mode = NIC_MKEY_MTT;
	k->tag = ++c->f->next_tag;
	k->perm = verbs_perm(ibv_access);
	k->start = iova;
	k->len = len;
	k->pin = pin;
	c->f->mr_registered++;
	c->f->mr_bytes += mem_pin_bytes(pin);
	*lkey = k->obj.id << 8 | k->tag;
	return 0;
}

int
fw_mr_create(struct nic_func *f, uint32_t pdn, struct mem_pin *pin, uint64_t iova, uint64_t len,
	uint32_t ibv_access, uint32_t *lkey)
{
	struct fw_cmd c;

	if (fw_kern_begin(&c, f, MLX5_CMD_OP_CREATE_MKEY, 0) == 0) {
		c.reg_start = iova;
		c.reg_len = len;
		mr_fill(&c, pdn, pin, iova, len, ibv_access, lkey);
	}
	return fw_kern_end(&c);
}

static uint8_t
mr_change(struct fw_cmd *c, uint32_t lkey, uint32_t pdn, uint32_t ibv_access)
{
	struct nic_mkey *k = fw_target(c, NIC_OBJ_MKEY, lkey >> 8);
	struct nic_pd *pd = k != NULL ? fw_use(c, NIC_OBJ_PD, pdn, FW_R_MKEY_PD) : NULL;

	if (pd == NULL || access_check(c, ibv_access) != 0)
		return c->status;
	fw_drop(k->pd);
	k->pd = pd;
	fw_hold(pd);
	k->perm = verbs_perm(ibv_access);
	dp_mkeys_changed(c->f);
	return 0;
}

int
fw_mr_change(struct nic_func *f, uint32_t lkey, uint32_t pdn, uint32_t ibv_access)
{
	struct fw_cmd c;
	bool dead;
	int ret;

	fw_kern_begin(&c, f, 0, 0);
	dead = fw_is_dead(f);
	if (!dead)
		mr_change(&c, lkey, pdn, ibv_access);
	ret = fw_kern_end(&c);
	/* Linux mlx5_ib umr.c mlx5r_umr_post_send(): no work request is posted */
	return dead ? -EIO : ret;
}

int
fw_mr_destroy(struct nic_func *f, uint32_t lkey)
{
	const struct nic_mkey *k;
	struct fw_cmd c;

	if (fw_kern_begin(&c, f, MLX5_CMD_OP_DESTROY_MKEY, 0) == 0) {
		c.about = NIC_OBJ_MKEY;
		c.about_id = lkey >> 8;
		k = fw_mkey_find(f, lkey);
		if (k == NULL || k->mode != NIC_MKEY_MTT)
			fw_refuse(&c, FW_R_NO_OBJECT);
		else
			fw_mkey_free(f->mkey_tbl[lkey >> 8]);
	}
	return fw_kern_end(&c);
}
