/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "hf_devx.h"
#include "hf_klm.h"

#define KLM_MAX_ENTRY (UINT64_C(1) << HF_KLM_LOG_MAX_ENTRY)
#define KLM_PER_LINE 4 /* entries of 16 bytes in the 64 bytes that the NIC reads at once */

/* What both forms of the list cost. */
struct klm_cost {
	uint64_t bytes_n; /* entries of KLM */
	uint64_t fixed_n; /* entries of KLM_FBS, UINT64_MAX: not possible */
	uint8_t log_entity;
};

/* An emitter of entries, with the room that was planned. */
struct klm_list {
	struct hf_klm *klm;
	uint32_t n;
};

static int
klm_check(const struct hf_klm_range *ranges, unsigned int n)
{
	uint64_t end = 0;
	unsigned int i;

	if (n == 0)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (ranges[i].len == 0 || ranges[i].gpa + ranges[i].len < ranges[i].len)
			return -EINVAL;
		if (i > 0 && ranges[i].gpa < end)
			return -EINVAL;
		end = ranges[i].gpa + ranges[i].len;
	}
	return 0;
}

static uint64_t
klm_entries(uint64_t len)
{
	return (len >> HF_KLM_LOG_MAX_ENTRY) + ((len & (KLM_MAX_ENTRY - 1)) != 0);
}

/*
 * The bits below the lowest one that is set in any of the numbers are free in all: that bit is the
 * largest power of two that divides them, which is all that is wanted of their greatest common
 * divisor.
 */
static void
klm_cost(const struct hf_klm_range *ranges, unsigned int n, bool fixed_ok, uint64_t span,
	struct klm_cost *cost)
{
	uint64_t bits = ranges[0].gpa | KLM_MAX_ENTRY;
	uint64_t end = ranges[0].gpa;
	unsigned int i;

	cost->bytes_n = 0;
	for (i = 0; i < n; i++) {
		cost->bytes_n += klm_entries(ranges[i].gpa - end) + klm_entries(ranges[i].len);
		end = ranges[i].gpa + ranges[i].len;
		bits |= ranges[i].gpa | ranges[i].len;
	}
	cost->log_entity = (uint8_t)__builtin_ctzll(bits);
	cost->fixed_n = UINT64_MAX;
	if (fixed_ok && cost->log_entity >= HF_KLM_LOG_MIN_ENTITY)
		cost->fixed_n = span >> cost->log_entity;
}

static bool
klm_take_fixed(const struct klm_cost *cost, uint32_t max_klm)
{
	if (cost->fixed_n > max_klm)
		return false;
	return cost->fixed_n <= KLM_PER_LINE || cost->bytes_n > KLM_PER_LINE;
}

/* Entries for [addr, addr + len), which one key covers at the same addresses. */
static void
klm_emit(struct klm_list *list, uint64_t addr, uint64_t len, uint32_t key, uint8_t log_entity)
{
	const uint64_t step = log_entity != 0 ? UINT64_C(1) << log_entity : KLM_MAX_ENTRY;
	struct hf_klm *klm;
	uint64_t bytes;

	while (len > 0) {
		bytes = RTE_MIN(len, step);
		klm = &list->klm[list->n++];
		/* Where KLM has the byte count, KLM_FBS has a reserved word (struct mlx5_ksm, Linux
		 * mlx5/device.h). */
		klm->bytes = log_entity != 0 ? 0 : (uint32_t)bytes;
		klm->mkey = key;
		klm->addr = addr;
		addr += bytes;
		len -= bytes;
	}
}

int
hf_klm_plan(const struct hf_klm_range *ranges, unsigned int n, uint32_t null_lkey, uint32_t max_klm,
	bool fixed_ok, struct hf_klm_plan *plan)
{
	struct klm_list list = {0};
	struct klm_cost cost;
	uint64_t count, end;
	unsigned int i;
	int ret;

	memset(plan, 0, sizeof(*plan));
	ret = klm_check(ranges, n);
	if (ret != 0)
		return ret;
	plan->start = ranges[0].gpa;
	plan->len = ranges[n - 1].gpa + ranges[n - 1].len - plan->start;
	klm_cost(ranges, n, fixed_ok, plan->len, &cost);
	if (klm_take_fixed(&cost, max_klm)) {
		plan->log_entity = cost.log_entity;
		count = cost.fixed_n;
	} else {
		count = cost.bytes_n;
	}
	plan->n = (uint32_t)RTE_MIN(count, (uint64_t)UINT32_MAX);
	if (count > max_klm)
		return -E2BIG;
	list.klm = calloc(count, sizeof(*list.klm));
	if (list.klm == NULL)
		return -ENOMEM;
	end = plan->start;
	for (i = 0; i < n; i++) {
		klm_emit(&list, end, ranges[i].gpa - end, null_lkey, plan->log_entity);
		klm_emit(&list, ranges[i].gpa, ranges[i].len, ranges[i].lkey, plan->log_entity);
		end = ranges[i].gpa + ranges[i].len;
	}
	plan->klm = list.klm;
	return 0;
}
