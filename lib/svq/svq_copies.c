/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "svq_priv.h"

#include <errno.h>
#include <rte_common.h>
#include <stdlib.h>
#include <unistd.h>

/* A power of two; three packets of the largest size, or a hundred of an Ethernet's. */
#define COPIES_SIZE (256u << 10)

int
svq_copies_create(struct hf_devx *devx, struct svq_copies *c)
{
	int ret;

	c->buf = aligned_alloc((size_t)sysconf(_SC_PAGESIZE), COPIES_SIZE);
	if (c->buf == NULL)
		return -ENOMEM;
	ret = hf_mr_create(devx, c->buf, COPIES_SIZE, (uintptr_t)c->buf, &c->mr);
	if (ret) {
		free(c->buf);
		c->buf = NULL;
	}
	return ret;
}

int
svq_copies_destroy(struct svq_copies *c)
{
	int ret = hf_mr_destroy(&c->mr);

	if (ret)
		return ret;
	free(c->buf);
	c->buf = NULL;
	return 0;
}

uint8_t *
svq_copies_get(struct svq_copies *c, uint32_t len, uint32_t *used)
{
	uint32_t at = c->tail % COPIES_SIZE, skip;

	/* In one piece: what is left before the end is freed along with it. */
	skip = len > COPIES_SIZE - at ? COPIES_SIZE - at : 0;
	if (skip + len > COPIES_SIZE - (c->tail - c->head))
		return NULL;
	*used = skip + len;
	c->tail += *used;
	return (uint8_t *)c->buf + (skip > 0 ? 0 : at);
}
