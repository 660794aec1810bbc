/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/queue.h>

#include <rte_common.h>

#include "hf_backing.h"
#include "hf_identity.h"

/*
 * Where mappings are asked for, one behind the other: below the program and all libraries and
 * stacks. After ibv_fork_init(), which DPDK's mlx4 driver calls wherever it is installed,
 * libibverbs reads /proc/self/smaps up to what is registered, and what it reads on the way takes
 * longer than the command. The kernel puts elsewhere what finds no room here.
 */
#define BACKING_LOW (UINT64_C(32) << 40)
#define BACKING_LOW_END (UINT64_C(80) << 40)
#define BACKING_ALIGN (UINT64_C(1) << 30) /* huge pages of the file stay what they are */
#define BACKING_BUCKETS 1024 /* some for each of HF_IOAS_MAX_REGIONS of one guest */

struct hf_backing {
	LIST_ENTRY(hf_backing) next; /* of the bucket */
	struct hf_identity id;
	uint64_t offset, len;
	void *map;
	size_t map_len;
	uint8_t *va;
	unsigned int refs;
	bool stale; /* its file has got other pages: kept by who has it, found by nobody */
};
LIST_HEAD(backing_list, hf_backing);

static struct {
	pthread_mutex_t lock; /* all below, and what changes in a backing */
	struct backing_list buckets[BACKING_BUCKETS];
	uint64_t low; /* where the next mapping is asked for */
	uint64_t bytes;
	uint32_t maps;
} backings = {.lock = PTHREAD_MUTEX_INITIALIZER, .low = BACKING_LOW};

/* Equal objects have equal inodes, whatever else may tell them apart. */
static struct backing_list *
backing_bucket(const struct stat *st, uint64_t offset)
{
	uint64_t h = (st->st_ino ^ (uint64_t)st->st_dev << 32) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ offset >> 12) * UINT64_C(0x9e3779b97f4a7c15);
	return &backings.buckets[h >> 32 & (BACKING_BUCKETS - 1)];
}

static bool
backing_is(struct hf_backing *b, int fd, const struct stat *st, uint64_t offset, uint64_t len)
{
	if (b->stale || b->offset != offset || b->len != len || !hf_identity_same(&b->id, fd, st))
		return false;
	b->stale = !hf_identity_whole(&b->id);
	return !b->stale;
}

/* A page beyond the end of a file is SIGBUS at the first touch, not an error: so look before. */
static bool
backing_fits(const struct stat *st, uint64_t offset, uint64_t len)
{
	return !S_ISREG(st->st_mode) || offset + len <= (uint64_t)st->st_size;
}

/* As far from a multiple of the alignment as the file's offset is. NULL: anywhere. */
static void *
backing_hint(uint64_t offset, uint64_t len)
{
	uint64_t beyond = offset % BACKING_ALIGN, at;
	uint64_t room = RTE_ALIGN_CEIL(beyond + len, BACKING_ALIGN);

	if (room > BACKING_LOW_END - BACKING_LOW)
		return NULL;
	if (room > BACKING_LOW_END - backings.low)
		backings.low = BACKING_LOW;
	at = backings.low + beyond;
	backings.low += room;
	return (void *)(uintptr_t)at;
}

static int
backing_map(struct hf_backing *b)
{
	uint64_t start = RTE_ALIGN_FLOOR(b->offset, b->id.page);
	uint64_t end = RTE_ALIGN_CEIL(b->offset + b->len, b->id.page);

	b->map_len = end - start;
	b->map = mmap(backing_hint(start, b->map_len), b->map_len, PROT_READ | PROT_WRITE,
		MAP_SHARED, b->id.fd, (off_t)start);
	if (b->map == MAP_FAILED)
		return -errno;
	b->va = (uint8_t *)b->map + (b->offset - start);
	/* A guest's memory is nothing for a core file. Some kinds refuse the advice: no harm. */
	madvise(b->map, b->map_len, MADV_DONTDUMP);
	return 0;
}

static int
backing_create(int fd, uint64_t offset, uint64_t len, struct hf_backing **out)
{
	struct hf_backing *b = calloc(1, sizeof(*b));
	int ret;

	if (b == NULL)
		return -ENOMEM;
	b->offset = offset;
	b->len = len;
	b->refs = 1;
	ret = hf_identity_open(&b->id, fd);
	if (ret != 0)
		goto free_backing;
	ret = backing_map(b);
	if (ret != 0)
		goto close_identity;
	*out = b;
	return 0;
close_identity:
	hf_identity_close(&b->id);
free_backing:
	free(b);
	return ret;
}

static void
backing_destroy(struct hf_backing *b)
{
	munmap(b->map, b->map_len);
	hf_identity_close(&b->id);
	free(b);
}

static int
backing_get(int fd, const struct stat *st, uint64_t offset, uint64_t len, struct hf_backing **out)
{
	struct backing_list *bucket = backing_bucket(st, offset);
	struct hf_backing *b;
	int ret;

	LIST_FOREACH(b, bucket, next) {
		if (backing_is(b, fd, st, offset, len)) {
			b->refs++;
			*out = b;
			return 0;
		}
	}
	ret = backing_create(fd, offset, len, &b);
	if (ret != 0)
		return ret;
	LIST_INSERT_HEAD(bucket, b, next);
	backings.bytes += len;
	backings.maps++;
	*out = b;
	return 0;
}

int
hf_backing_get(int fd, uint64_t offset, uint64_t len, struct hf_backing **b)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!backing_fits(&st, offset, len))
		return -ENXIO;
	pthread_mutex_lock(&backings.lock);
	ret = backing_get(fd, &st, offset, len, b);
	pthread_mutex_unlock(&backings.lock);
	return ret;
}

void
hf_backing_put(struct hf_backing *b)
{
	bool last;

	pthread_mutex_lock(&backings.lock);
	last = --b->refs == 0;
	if (last) {
		LIST_REMOVE(b, next);
		backings.bytes -= b->len;
		backings.maps--;
	}
	pthread_mutex_unlock(&backings.lock);
	if (last)
		backing_destroy(b);
}

bool
hf_backing_is(struct hf_backing *b, int fd, uint64_t offset, uint64_t len)
{
	struct stat st;
	bool is;

	if (fd < 0 || fstat(fd, &st) != 0 || !backing_fits(&st, offset, len))
		return false;
	pthread_mutex_lock(&backings.lock);
	is = backing_is(b, fd, &st, offset, len);
	pthread_mutex_unlock(&backings.lock);
	return is;
}

void
hf_backing_look(struct hf_backing *b)
{
	pthread_mutex_lock(&backings.lock);
	hf_identity_look(&b->id);
	pthread_mutex_unlock(&backings.lock);
}

uint8_t *
hf_backing_va(const struct hf_backing *b)
{
	return b->va;
}

uint64_t
hf_backing_page(const struct hf_backing *b)
{
	return b->id.page;
}

void
hf_backing_total(uint64_t *bytes, uint32_t *maps)
{
	pthread_mutex_lock(&backings.lock);
	*bytes = backings.bytes;
	*maps = backings.maps;
	pthread_mutex_unlock(&backings.lock);
}
