/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * DPDK's mlx4 driver, which EAL loads where it is installed, calls ibv_fork_init() and asks for
 * huge pages: from then on libibverbs reads /proc/self/smaps at each registration, which is nearly
 * all of the time of suites that register thousands of regions. It refuses that after the first
 * registration, so with NO_FORK_INIT in the environment there is one before EAL starts. The driver
 * under dpdk-vdpa (test/frontend, test/system) is tested as DPDK has it.
 */
#include <stdio.h>
#include <stdlib.h>

#include <infiniband/verbs.h>
#include <rte_common.h>

static int
register_once(struct ibv_context *ctx)
{
	static char byte;
	struct ibv_pd *pd = ibv_alloc_pd(ctx);
	struct ibv_mr *mr = pd != NULL ? ibv_reg_mr(pd, &byte, 1, 0) : NULL;
	int ret = mr != NULL ? ibv_dereg_mr(mr) : -1;

	return pd != NULL && ibv_dealloc_pd(pd) == 0 ? ret : -1;
}

RTE_INIT(no_fork_init)
{
	struct ibv_device **list = NULL;
	struct ibv_context *ctx = NULL;

	if (getenv("NO_FORK_INIT") == NULL)
		return;
	list = ibv_get_device_list(NULL);
	if (list != NULL && list[0] != NULL)
		ctx = ibv_open_device(list[0]);
	if (ctx == NULL || register_once(ctx) != 0 || ibv_close_device(ctx) != 0 ||
		ibv_fork_init() == 0) {
		fprintf(stderr, "NO_FORK_INIT: libibverbs takes ibv_fork_init() all the same\n");
		exit(EXIT_FAILURE);
	}
	ibv_free_device_list(list);
}
