/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <numaif.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_numa.h"

#define NUMA_PAGES 512 /* looked at */

/* Of a page that is present; -1 if it is not in this process's page table. */
static int
page_node(void *page)
{
	int node = -1;

	/* Without a list of nodes nothing moves. */
	if (move_pages(0, 1, &page, NULL, &node, 0) != 0 || node < 0)
		return -1;
	return node;
}

int
hf_numa_node(void *va, uint64_t len)
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE);
	size_t n = RTE_MIN(len / size, (uint64_t)NUMA_PAGES), i;
	unsigned char present[NUMA_PAGES];
	uint8_t *page = va;

	if (mincore(va, n * size, present) != 0)
		return -1;
	for (i = 0; i < n && (present[i] & 1) == 0; i++)
		;
	if (i == n)
		return -1;
	page += i * size;
	/* The page is the file's, but perhaps not in our page table; a file that was cut short
	 * meanwhile makes this call fail, where an access would be a signal. */
	madvise(page, size, MADV_POPULATE_READ);
	return page_node(page);
}
