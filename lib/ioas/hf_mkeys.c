/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "hf_klm.h"
#include "hf_log.h"
#include "hf_mkeys.h"

static int
mkeys_plan(struct hf_devx *dev, const struct hf_klm_range *ranges, unsigned int n,
	struct hf_klm_tree *tree)
{
	const struct hf_devx_caps *caps = hf_devx_caps(dev);
	const struct hf_klm_limits limits = {
		.null_lkey = hf_devx_null_lkey(dev),
		.max_klm = caps->max_klm,
		.levels = caps->max_indirection,
		.fixed = caps->fixed_klm,
	};
	int ret = hf_klm_tree_plan(ranges, n, &limits, tree);

	if (ret == -E2BIG)
		HF_LOG(ERR,
			"%s: the map is refused: its %u parts between 0x%" PRIx64 " and 0x%" PRIx64
			" need %u entries of a mkey; the NIC takes %u of %u GiB, in %u levels of"
			" mkeys: let the guest have fewer regions, nearer to each other",
			hf_devx_name(dev), n, tree->top.start, tree->top.start + tree->top.len,
			tree->top.n, caps->max_klm, 1u << (HF_KLM_LOG_MAX_ENTRY - 30),
			RTE_MIN(caps->max_indirection, 2));
	return ret;
}

static int
mkey_create(struct hf_devx *dev, const struct hf_klm_plan *plan, struct hf_mkey *mkey)
{
	struct hf_mkey_attr attr = {
		.start = plan->start,
		.len = plan->len,
		.klm = plan->klm,
		.n_klm = plan->n,
		.log_entity = plan->log_entity,
	};

	return hf_mkey_create(dev, &attr, mkey);
}

static int
mkeys_fill(struct hf_devx *dev, struct hf_klm_tree *tree, struct hf_mkeys *keys)
{
	const struct hf_klm_sub *sub;
	int ret;

	while (keys->n_subs < tree->n_subs) {
		sub = &tree->subs[keys->n_subs];
		ret = mkey_create(dev, &sub->plan, &keys->subs[keys->n_subs]);
		if (ret != 0)
			return ret;
		tree->top.klm[sub->entry].mkey = keys->subs[keys->n_subs++].key;
	}
	return mkey_create(dev, &tree->top, &keys->top);
}

int
hf_mkeys_create(struct hf_devx *dev, const struct hf_klm_range *ranges, unsigned int n,
	struct hf_mkeys **out)
{
	struct hf_klm_tree tree;
	struct hf_mkeys *keys;
	int ret;

	*out = NULL;
	ret = mkeys_plan(dev, ranges, n, &tree);
	if (ret != 0)
		return ret;
	keys = calloc(1, sizeof(*keys) + tree.n_subs * sizeof(keys->subs[0]));
	if (keys == NULL) {
		ret = -ENOMEM;
		goto free_tree;
	}
	keys->n_klm = tree.top.n;
	keys->fixed_klm = tree.top.log_entity != 0;
	*out = keys;
	ret = mkeys_fill(dev, &tree, keys);
free_tree:
	hf_klm_tree_free(&tree);
	return ret;
}

int
hf_mkeys_check(struct hf_devx *dev, const struct hf_klm_range *ranges, unsigned int n)
{
	struct hf_klm_tree tree;
	int ret = mkeys_plan(dev, ranges, n, &tree);

	if (ret == 0)
		hf_klm_tree_free(&tree);
	return ret;
}

static unsigned int
mkey_destroy(struct hf_mkey *mkey)
{
	return mkey->devx != NULL && hf_mkey_destroy(mkey) == 0;
}

unsigned int
hf_mkeys_destroy(struct hf_mkeys *keys)
{
	unsigned int n = mkey_destroy(&keys->top);
	uint32_t i;

	for (i = 0; i < keys->n_subs; i++)
		n += mkey_destroy(&keys->subs[i]);
	return n;
}

uint32_t
hf_mkeys_left(const struct hf_mkeys *keys)
{
	uint32_t i;

	for (i = 0; i < keys->n_subs; i++) {
		if (keys->subs[i].devx != NULL)
			return keys->subs[i].key;
	}
	return keys->top.key; /* 0 when destroyed */
}
