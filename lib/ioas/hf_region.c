/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <rte_common.h>

#include "hf_log.h"
#include "hf_region.h"

#define REGION_FMT "region 0x%" PRIx64 "+0x%" PRIx64
#define REGION_ARGS(r) (r)->gpa, (r)->len

static int
region_refuse(const struct hf_ioas_region *desc, const char *dev_name, const char *why)
{
	HF_LOG(ERR,
		"%s: " REGION_FMT " (file offset 0x%" PRIx64 ", descriptor %d) of the memory "
		"table is refused: %s",
		dev_name, REGION_ARGS(desc), desc->offset, desc->fd, why);
	return -EINVAL;
}

int
hf_region_check(const struct hf_ioas_region *desc, const char *dev_name)
{
	const uint64_t page_mask = (uint64_t)sysconf(_SC_PAGESIZE) - 1;

	if (desc->len == 0)
		return region_refuse(desc, dev_name, "it is empty");
	if (desc->gpa + desc->len < desc->len)
		return region_refuse(desc, dev_name, "it ends beyond 64 bits");
	if (((desc->gpa | desc->len) & page_mask) != 0)
		return region_refuse(
			desc, dev_name, "address and length must be multiples of the page size");
	if (desc->fd < -1)
		return region_refuse(desc, dev_name, "a descriptor is needed, or -1");
	if (desc->fd == -1) {
		if (desc->va == NULL || ((uintptr_t)desc->va & page_mask) != 0)
			return region_refuse(
				desc, dev_name, "private memory needs a page-aligned host address");
		if ((uintptr_t)desc->va + desc->len < desc->len)
			return region_refuse(desc, dev_name, "its host address wraps");
		return 0;
	}
	if ((desc->offset & page_mask) != 0)
		return region_refuse(
			desc, dev_name, "the offset must be a multiple of the page size");
	if (desc->len > INT64_MAX || desc->offset > INT64_MAX - desc->len)
		return region_refuse(desc, dev_name, "no file is that long");
	return 0;
}

/*
 * Pages of the file's mappings. hugetlbfs takes no other offset and no other length at mmap and
 * munmap; every other file system maps system pages, whatever its st_blksize.
 */
static int
region_page_size(const struct hf_region *r, uint64_t *size)
{
	struct statfs fs;

	*size = (uint64_t)sysconf(_SC_PAGESIZE);
	if (fstatfs(r->id.fd, &fs) != 0)
		return -errno;
	if (fs.f_type == HUGETLBFS_MAGIC)
		*size = (uint64_t)fs.f_bsize;
	return 0;
}

/* A page beyond the end of a file is SIGBUS at the first touch, not an error: so look before. */
static int
region_check_size(const struct hf_region *r)
{
	struct stat st;

	if (!S_ISREG(r->id.mode))
		return 0;
	if (fstat(r->id.fd, &st) != 0)
		return -errno;
	return r->offset + r->len > (uint64_t)st.st_size ? -ENXIO : 0;
}

static int
region_map(struct hf_region *r)
{
	uint64_t page, start, end;
	int ret;

	ret = region_check_size(r);
	if (ret == 0)
		ret = region_page_size(r, &page);
	if (ret != 0)
		return ret;
	start = RTE_ALIGN_FLOOR(r->offset, page);
	end = RTE_ALIGN_CEIL(r->offset + r->len, page);
	r->map_len = end - start;
	r->map = mmap(NULL, r->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, r->id.fd, (off_t)start);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return -errno;
	}
	r->va = (uint8_t *)r->map + (r->offset - start);
	/* A guest's memory is nothing for a core file. Some kinds refuse the advice: no harm. */
	madvise(r->map, r->map_len, MADV_DONTDUMP);
	return 0;
}

static void
region_unmap(struct hf_region *r)
{
	if (r->map != NULL)
		munmap(r->map, r->map_len);
	r->map = NULL;
}

/*
 * The memory of the description, at r->va, held by us unless it is private. Sets all of r but the
 * MR; an error is logged.
 */
static int
region_attach(struct hf_region *r, const struct hf_ioas_region *desc, const char *dev_name)
{
	int ret;

	*r = (struct hf_region){
		.gpa = desc->gpa,
		.len = desc->len,
		.offset = desc->offset,
		.id.fd = -1,
		.refs = 1,
	};
	if (desc->fd < 0) {
		r->va = desc->va;
		return 0;
	}
	ret = hf_identity_open(&r->id, desc->fd);
	if (ret == 0) {
		ret = region_map(r);
		if (ret != 0)
			hf_identity_close(&r->id);
	}
	if (ret != 0)
		HF_LOG(ERR,
			"%s: " REGION_FMT ": can't map descriptor %d from offset 0x%" PRIx64
			": %s%s",
			dev_name, REGION_ARGS(desc), desc->fd, desc->offset, strerror(-ret),
			ret == -ENXIO ? " (the file is shorter)" : "");
	return ret;
}

static void
region_detach(struct hf_region *r)
{
	region_unmap(r);
	hf_identity_close(&r->id);
}

int
hf_region_try(const struct hf_ioas_region *desc, const char *dev_name)
{
	struct hf_region r;
	int ret;

	ret = region_attach(&r, desc, dev_name);
	if (ret == 0)
		region_detach(&r);
	return ret;
}

int
hf_region_create(struct hf_devx *dev, const struct hf_ioas_region *desc, struct hf_region **region)
{
	struct hf_region *r = calloc(1, sizeof(*r));
	int ret;

	if (r == NULL)
		return -ENOMEM;
	ret = region_attach(r, desc, hf_devx_name(dev));
	if (ret != 0)
		goto free_region;
	ret = hf_mr_create(dev, r->va, r->len, r->gpa, &r->mr);
	if (ret != 0) {
		HF_LOG(ERR, "%s: " REGION_FMT ": can't register it: %s", hf_devx_name(dev),
			REGION_ARGS(desc), strerror(-ret));
		goto detach;
	}
	*region = r;
	return 0;
detach:
	region_detach(r);
free_region:
	free(r);
	return ret;
}

struct hf_region *
hf_region_get(struct hf_region *r)
{
	r->refs++;
	return r;
}

bool
hf_region_put(struct hf_region *r)
{
	if (--r->refs > 0)
		return false;
	/*
	 * A MR that the NIC does not give up is in the device's table of leaks. Its mapping stays
	 * as well: the NIC may still write there, and the addresses must not become somebody
	 * else's.
	 */
	if (hf_mr_destroy(&r->mr) == 0)
		region_detach(r);
	free(r);
	return true;
}

bool
hf_region_is(const struct hf_region *r, const struct hf_ioas_region *desc)
{
	return r->gpa == desc->gpa && r->len == desc->len && r->offset == desc->offset &&
		hf_identity_same(&r->id, desc->fd);
}
