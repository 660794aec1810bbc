/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <rte_vhost.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <hf_svq.h>

#include "hf_dev.h"
#include "hf_dirty.h"
#include "hf_seal.h"

static int
dirty_map(int fd, uint64_t offset, uint64_t size, struct hf_dirty *map)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) != 0)
		return -errno;
	/* Beyond the end of the file, a write of ours would end the process. */
	if (size == 0 || offset > INT64_MAX || size > INT64_MAX - offset ||
		(int64_t)(offset + size) > st.st_size)
		return -EINVAL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (p == MAP_FAILED)
		return -errno;
	*map = (struct hf_dirty){.bits = p, .size = size};
	return 0;
}

static void
dirty_unmap(struct hf_dirty *map)
{
	if (map->bits != NULL)
		munmap(map->bits, map->size);
	*map = (struct hf_dirty){.bits = NULL};
}

int
hf_dirty_set(struct hf_dev *dev, int fd, uint64_t offset, uint64_t size)
{
	struct hf_dirty old = dev->dirty;
	int ret;

	ret = hf_seal_check(dev, fd, "log of written pages");
	if (ret != 0)
		return ret;
	ret = dirty_map(fd, offset, size, &dev->dirty);
	if (ret != 0) {
		HF_LOG(ERR,
			"%s: log of written pages refused: %" PRIu64 " bytes at %" PRIu64
			" of its file cannot be mapped: %s",
			dev->name, size, offset, strerror(-ret));
		return ret;
	}
	hf_dirty_follow(dev);
	dirty_unmap(&old);
	return 0;
}

void
hf_dirty_drop(struct hf_dev *dev)
{
	dirty_unmap(&dev->dirty);
}

bool
hf_dirty_is_on(const struct hf_dev *dev)
{
	return (dev->guest.features & (UINT64_C(1) << VHOST_F_LOG_ALL)) != 0 &&
		dev->dirty.bits != NULL;
}

bool
hf_dirty_log(const struct hf_vq *vq, struct hf_svq_log *log)
{
	const struct hf_dev *dev = vq->dev;

	if (!hf_dirty_is_on(dev))
		return false;
	*log = (struct hf_svq_log){
		.bits = dev->dirty.bits,
		.size = dev->dirty.size,
		.used = vq->log_used,
		.used_gpa = vq->log_gpa,
	};
	return true;
}

void
hf_dirty_follow(struct hf_dev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].running && dev->vqs[i].path->relog != NULL)
			dev->vqs[i].path->relog(&dev->vqs[i]);
}
