/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <fcntl.h>

#include "hf_dev.h"
#include "hf_seal.h"

int
hf_seal_check(const struct hf_dev *dev, int fd, const char *what)
{
	int seals;

	if (!dev->args.sealed)
		return 0;
	seals = fcntl(fd, F_GET_SEALS);
	if (seals >= 0 && (seals & F_SEAL_SHRINK) != 0)
		return 0;
	HF_LOG(ERR,
		"%s: %s refused: its file can be cut short (no F_SEAL_SHRINK), and sealed=1:"
		" have the front end seal it, as QEMU's memory-backend-memfd does",
		dev->name, what);
	return -EPERM;
}
