/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_vhost.h>

#include "../hf_dev.h"
#include "../hf_front.h"
#include "../hf_seal.h"

/*
 * The library maps each object from its start, so the distance to the region is the offset in the
 * object.
 */
static int
hf_memtable_fill(
	const struct hf_dev *dev, struct hf_front_table *t, const struct rte_vhost_memory *mem)
{
	const struct rte_vhost_mem_region *r;
	int ret = 0;
	uint32_t i;

	/* It may be from before the message hook was there. */
	for (i = 0; i < mem->nregions && ret == 0; i++) {
		r = &mem->regions[i];
		t->regions[i] = (struct hf_ioas_region){
			.gpa = r->guest_phys_addr,
			.len = r->size,
			.offset = r->host_user_addr - (uintptr_t)r->mmap_addr,
			.fd = r->fd,
		};
		t->user[i] = r->guest_user_addr;
		ret = hf_seal_check(dev, r->fd, "memory table");
	}
	t->n = i;
	return ret;
}

int
hf_front_table_get(struct hf_dev *dev, struct hf_front_table *t)
{
	struct rte_vhost_memory *mem;
	int ret = 0;

	*t = (struct hf_front_table){0};
	if (!dev->front.table) {
		HF_LOG(ERR, "%s: the front end has no memory table in place%s", dev->name,
			dev->front.hooked ? "" : " that was seen: its messages cannot be observed");
		return -ENODATA;
	}
	if (rte_vhost_get_mem_table(dev->front.vid, &mem) != 0)
		return -ENOMEM;
	if (mem->nregions > HF_IOAS_MAX_REGIONS) {
		HF_LOG(ERR, "%s: a memory table of %u regions; at most %u are possible", dev->name,
			mem->nregions, HF_IOAS_MAX_REGIONS);
		ret = -E2BIG;
		goto out;
	}
	/* One more, so that an empty table is no special case. */
	t->regions = calloc(mem->nregions + 1, sizeof(*t->regions));
	t->user = calloc(mem->nregions + 1, sizeof(*t->user));
	ret = t->regions != NULL && t->user != NULL ? hf_memtable_fill(dev, t, mem) : -ENOMEM;
	if (ret != 0)
		hf_front_table_free(t);
out:
	free(mem);
	return ret;
}

void
hf_front_table_free(struct hf_front_table *t)
{
	free(t->regions);
	free(t->user);
	*t = (struct hf_front_table){0};
}
