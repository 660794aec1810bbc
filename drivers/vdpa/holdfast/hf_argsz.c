/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <rte_common.h>

#include "hf_argsz.h"

/* What all structures begin with. */
struct argsz_head {
	uint32_t argsz, flags;
};

/* No caller's structure is that large: argsz was not set. */
#define ARGSZ_MAX 4096u

int
hf_argsz_in(void *own, uint32_t size, const void *user, uint32_t flags)
{
	const uint8_t *bytes = user;
	struct argsz_head head;
	uint32_t i;

	if (user == NULL)
		return -EINVAL;
	memcpy(&head, user, sizeof(head));
	/* No structure has half a field at its end: all are multiples of 8. */
	if (head.argsz < sizeof(head) || head.argsz > ARGSZ_MAX || head.argsz % 8 != 0)
		return -EINVAL;
	for (i = size; i < head.argsz; i++)
		if (bytes[i] != 0)
			return -E2BIG;
	if ((head.flags & ~flags) != 0)
		return -EOPNOTSUPP;
	memset(own, 0, size);
	memcpy(own, user, RTE_MIN(head.argsz, size));
	return 0;
}

void
hf_argsz_out(void *user, const void *own, uint32_t size)
{
	struct argsz_head head;
	uint32_t known;

	memcpy(&head, user, sizeof(head));
	known = RTE_MIN(head.argsz, size);
	memcpy((uint8_t *)user + sizeof(head), (const uint8_t *)own + sizeof(head),
		known - sizeof(head));
	head.argsz = size;
	memcpy(user, &head, sizeof(head));
}
