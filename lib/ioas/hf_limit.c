/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_limit.h"
#include "hf_log.h"
#include "hf_region.h"

int
hf_limit_own(const struct hf_limit *l)
{
	uint64_t sum;

	if (l->max == 0)
		return 0;
	if (__builtin_add_overflow(l->live + l->deferred, l->need, &sum) || sum > l->max)
		return -ENOMEM;
	return 0;
}

/* capable(), as far as it can be told from here: in a user namespace the kernel may still say no.
 */
static bool
limit_lifted(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &head, data) != 0)
		return false;
	return (data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK)) != 0;
}

/*
 * What the process has pinned by now. The kernel tells (VmPin); a NIC that is not the kernel's
 * doesn't count there, so it is no less than what this process registered through this library.
 */
static uint64_t
limit_pinned(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	char line[128];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "VmPin: %" SCNu64, &kib) == 1)
			break;
	}
	if (f != NULL)
		fclose(f);
	return RTE_MAX(kib << 10, hf_region_pinned());
}

/* Bytes that may still be pinned, UINT64_MAX: as many as there are. */
static uint64_t
limit_available(struct rlimit *lim)
{
	uint64_t pinned;

	if (limit_lifted() || getrlimit(RLIMIT_MEMLOCK, lim) != 0 || lim->rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	pinned = limit_pinned();
	return lim->rlim_cur > pinned ? lim->rlim_cur - pinned : 0;
}

int
hf_limit_process(const struct hf_limit *l)
{
	struct rlimit lim;

	return l->need > limit_available(&lim) ? -ENOMEM : 0;
}

void
hf_limit_explain(const struct hf_limit *l, const char *dev_name, uint32_t asid)
{
	struct rlimit lim = {0};
	uint64_t available;

	if (hf_limit_own(l) != 0) {
		HF_LOG(ERR,
			"%s: address space %u: %" PRIu64 " bytes to pin, %" PRIu64
			" are pinned and %" PRIu64
			" not yet unpinned: more than mr_pinned_max=%" PRIu64
			": raise it, or give the guest less memory",
			dev_name, asid, l->need, l->live, l->deferred, l->max);
		return;
	}
	available = limit_available(&lim);
	HF_LOG(ERR,
		"%s: address space %u: %" PRIu64 " bytes to pin, RLIMIT_MEMLOCK leaves %" PRIu64
		" of %" PRIu64
		": raise it (ulimit -l, LimitMEMLOCK= of systemd), or give the process CAP_IPC_LOCK",
		dev_name, asid, l->need, available, (uint64_t)lim.rlim_cur);
}
