/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_common.h>

#include "devx_priv.h"
#include "hf_log.h"

/*
 * Keys are strictly ordered although the NIC may offer relaxed ordering: rings and packets lie
 * under the same key, and the index of a used ring must not overtake the packet that it announces.
 * A NIC that has no other keys than relaxed ones orders these by itself.
 */

/* --- direct MRs --- */

int
hf_mr_create(struct hf_devx *dev, void *addr, uint64_t len, uint64_t iova, struct hf_mr *mr)
{
	unsigned int access = IBV_ACCESS_LOCAL_WRITE;

	memset(mr, 0, sizeof(*mr));
	if (dev->caps.relaxed_only)
		access |= IBV_ACCESS_RELAXED_ORDERING;
	errno = 0;
	mr->mr = ibv_reg_mr_iova(dev->pd, addr, len, iova, access);
	if (mr->mr == NULL)
		return devx_call_failed(dev, errno,
			"ibv_reg_mr_iova of 0x%" PRIx64 " bytes for 0x%" PRIx64
			" (is RLIMIT_MEMLOCK large enough?)",
			len, iova);
	mr->obj = hf_obj_add(dev->objs, "mr", mr->mr->lkey >> 8);
	if (mr->obj == NULL) {
		ibv_dereg_mr(mr->mr);
		memset(mr, 0, sizeof(*mr));
		return devx_call_failed(dev, ENOMEM, "entering an MR into the table");
	}
	mr->lkey = mr->mr->lkey;
	mr->iova = iova;
	mr->len = len;
	mr->dev = dev;
	return 0;
}

int
hf_mr_destroy(struct hf_mr *mr)
{
	int ret;

	if (mr->mr == NULL)
		return 0;
	ret = ibv_dereg_mr(mr->mr);
	if (ret)
		return devx_call_failed(mr->dev, ret, "ibv_dereg_mr of key 0x%x", mr->lkey);
	hf_obj_put(mr->obj);
	memset(mr, 0, sizeof(*mr));
	return 0;
}

/* --- indirect mkeys --- */

#define KLM_PER_LINE 4 /* the list is counted in octowords and read in lines of 64 bytes */

static int
mkey_attr_check(const struct hf_devx *dev, const struct hf_mkey_attr *attr)
{
	if (attr->n_klm == 0 || attr->n_klm > dev->caps.max_klm) {
		HF_LOG(ERR,
			"%s: a mkey of %u entries: this NIC has 1 to %u, merge or align the memory regions",
			dev->name, attr->n_klm, dev->caps.max_klm);
		return -E2BIG;
	}
	if (attr->log_entity != 0 && !dev->caps.fixed_klm) {
		HF_LOG(ERR, "%s: a mkey with entries of fixed size, which this NIC does not have",
			dev->name);
		return -ENOTSUP;
	}
	if (attr->len == 0 || attr->start + attr->len < attr->start) {
		HF_LOG(ERR,
			"%s: a mkey of 0x%" PRIx64 " bytes at 0x%" PRIx64
			" is empty or wraps around",
			dev->name, attr->len, attr->start);
		return -EINVAL;
	}
	return 0;
}

static void
mkey_context_fill(const struct hf_devx *dev, const struct hf_mkey_attr *attr, uint32_t n, void *mkc)
{
	DEVX_SET(mkc, mkc, access_mode_1_0,
		attr->log_entity != 0 ? MLX5_MKC_ACCESS_MODE_KLM_FBS : MLX5_MKC_ACCESS_MODE_KLM);
	DEVX_SET(mkc, mkc, log_page_size, attr->log_entity);
	DEVX_SET(mkc, mkc, relaxed_ordering_write, dev->caps.relaxed_only);
	DEVX_SET(mkc, mkc, lr, 1);
	DEVX_SET(mkc, mkc, lw, 1);
	DEVX_SET(mkc, mkc, qpn, 0xffffff); /* any */
	DEVX_SET(mkc, mkc, pd, dev->pdn);
	DEVX_SET(mkc, mkc, translations_octword_size, n);
	DEVX_SET64(mkc, mkc, start_addr, attr->start);
	DEVX_SET64(mkc, mkc, len, attr->len);
}

int
hf_mkey_create(struct hf_devx *dev, const struct hf_mkey_attr *attr, struct hf_mkey *mkey)
{
	uint32_t out[DEVX_ST_SZ_DW(create_mkey_out)] = {0};
	uint32_t n = RTE_ALIGN_CEIL(attr->n_klm, KLM_PER_LINE);
	uint8_t *klm;
	size_t inlen;
	uint32_t i, num;
	void *in;
	int ret;

	memset(mkey, 0, sizeof(*mkey));
	ret = mkey_attr_check(dev, attr);
	if (ret)
		return ret;
	inlen = DEVX_ST_SZ_BYTES(create_mkey_in) + (size_t)n * DEVX_ST_SZ_BYTES(klm);
	in = calloc(1, inlen);
	if (in == NULL)
		return -ENOMEM;
	DEVX_SET(create_mkey_in, in, opcode, MLX5_CMD_OP_CREATE_MKEY);
	DEVX_SET(create_mkey_in, in, translations_octword_actual_size, n);
	mkey_context_fill(dev, attr, n, DEVX_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry));
	klm = (uint8_t *)in + DEVX_ST_SZ_BYTES(create_mkey_in);
	for (i = 0; i < attr->n_klm; i++, klm += DEVX_ST_SZ_BYTES(klm)) {
		DEVX_SET(klm, klm, byte_count, attr->klm[i].bytes);
		DEVX_SET(klm, klm, mkey, attr->klm[i].mkey);
		DEVX_SET64(klm, klm, address, attr->klm[i].addr);
	}
	ret = devx_create(dev, "mkey", in, inlen, out, sizeof(out), &mkey->devx, &mkey->obj, &num);
	free(in);
	if (ret)
		return ret;
	mkey->key = num << 8; /* mkey_7_0 is 0 */
	mkey->dev = dev;
	return 0;
}

int
hf_mkey_destroy(struct hf_mkey *mkey)
{
	int ret = devx_destroy(mkey->dev, "mkey", mkey->key >> 8, &mkey->devx, &mkey->obj);

	if (ret == 0)
		memset(mkey, 0, sizeof(*mkey));
	return ret;
}

/* --- umem --- */

/*
 * At a low address where the architecture knows how to ask for one: after ibv_fork_init(), which
 * DPDK's mlx4 driver calls wherever it is installed, libibverbs reads /proc/self/smaps up to what
 * is registered, and behind all libraries and stacks that takes longer than the commands.
 */
static void *
pages_map(size_t len)
{
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *buf = MAP_FAILED;

#ifdef MAP_32BIT
	buf = mmap(NULL, len, prot, flags | MAP_32BIT, -1, 0);
#endif
	return buf != MAP_FAILED ? buf : mmap(NULL, len, prot, flags, -1, 0);
}

/*
 * Pages of their own: libibverbs takes registered pages away from a forked child, so nothing else
 * may lie in them.
 */
static void *
pages_alloc(const struct hf_devx *dev, size_t len)
{
	unsigned long mask[1024 / (CHAR_BIT * sizeof(unsigned long))] = {0};
	const unsigned int bits = CHAR_BIT * sizeof(mask[0]);
	int node = dev->numa_node;
	void *buf;

	buf = pages_map(len);
	if (buf == MAP_FAILED)
		return NULL;
	if (node >= 0 && (size_t)node < sizeof(mask) * CHAR_BIT) {
		mask[node / bits] = 1UL << node % bits;
		/* Another node is slower, not wrong. */
		if (mbind(buf, len, MPOL_PREFERRED, mask, sizeof(mask) * CHAR_BIT, 0))
			HF_LOG(DEBUG, "%s: no memory policy for node %d: %s", dev->name, node,
				strerror(errno));
	}
	return buf;
}

int
hf_umem_create(struct hf_devx *dev, size_t len, struct hf_umem *umem)
{
	int ret;

	memset(umem, 0, sizeof(*umem));
	if (len == 0 || len > SIZE_MAX - dev->page_size)
		return devx_call_failed(dev, EINVAL, "a umem of %zu bytes", len);
	umem->len = RTE_ALIGN_CEIL(len, dev->page_size);
	umem->buf = pages_alloc(dev, umem->len);
	if (umem->buf == NULL)
		return devx_call_failed(dev, ENOMEM, "allocating a umem of %zu bytes", umem->len);
	errno = 0;
	umem->umem = mlx5dv_devx_umem_reg(dev->ibv, umem->buf, umem->len, IBV_ACCESS_LOCAL_WRITE);
	if (umem->umem == NULL) {
		ret = devx_call_failed(dev, errno, "mlx5dv_devx_umem_reg of %zu bytes", umem->len);
		goto free_pages;
	}
	umem->id = umem->umem->umem_id;
	umem->obj = hf_obj_add(dev->objs, "umem", umem->id);
	if (umem->obj == NULL) {
		ret = devx_call_failed(dev, ENOMEM, "entering a umem into the table");
		goto dereg;
	}
	umem->dev = dev;
	return 0;
dereg:
	mlx5dv_devx_umem_dereg(umem->umem);
free_pages:
	munmap(umem->buf, umem->len);
	memset(umem, 0, sizeof(*umem));
	return ret;
}

int
hf_umem_destroy(struct hf_umem *umem)
{
	int ret;

	if (umem->umem == NULL)
		return 0;
	ret = mlx5dv_devx_umem_dereg(umem->umem);
	if (ret && !devx_was_destroyed(umem->dev, ret))
		return devx_call_failed(umem->dev, ret,
			"mlx5dv_devx_umem_dereg of umem %u (is it still in use?)", umem->id);
	munmap(umem->buf, umem->len);
	hf_obj_put(umem->obj);
	memset(umem, 0, sizeof(*umem));
	return 0;
}
