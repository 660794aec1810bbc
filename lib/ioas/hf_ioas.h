/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * An address space: a memory table becomes regions, regions become MRs, MRs become one guest-physical mkey.
 *
 * It owns its mapping. Each region is mapped by the address space itself, from a duplicate of the region's
 * descriptor, and both live until the region's MR is gone: the host address is stable, and the held descriptor keeps (device,
 * inode) a valid identity. A region is the same memory when guest address, length, offset in the file and
 * backing object agree; the object is the same when kcmp says so or (device, inode) equal those of the held descriptor.
 *
 * One lock inside. hf_ioas_update() may be called by one thread at a time; the look-ups by any.
 */
#ifndef HF_IOAS_H
#define HF_IOAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hf_devx;
struct hf_ioas;

#define HF_IOAS_MAX_REGIONS	512

struct hf_ioas_region {
	uint64_t gpa;			/* guest-physical address */
	uint64_t len;			/* bytes */
	uint64_t offset;		/* in the backing file */
	int fd;				/* backing object; the address space duplicates it. -1: private memory at 'va' */
	void *va;			/* only with fd -1: never carried over from table to table */
};

struct hf_ioas_stats {
	uint64_t generation;		/* of the mkey: grows when it changes */
	uint64_t pinned_bytes;
	uint32_t regions, mrs, klms;
	uint64_t mrs_registered, mrs_destroyed, mrs_kept;	/* ever; kept: found unchanged by an update */
	uint64_t mkeys_created, mkeys_destroyed;
	bool fixed_klm;			/* the live mkey is KLM_FBS */
};

/*
 * Users (virtqueues) take part in the switch from the old mkey to the new one: prepare (suspend, may fail), commit
 * (use the new key; may not fail) or abort (go on with the old one). Called on the thread of hf_ioas_update().
 */
struct hf_ioas_user_ops {
	int (*prepare)(void *user, uint32_t new_mkey);
	void (*commit)(void *user, uint32_t new_mkey);
	void (*abort)(void *user);
};

int hf_ioas_create(struct hf_devx *dev, uint32_t asid, struct hf_ioas **as);
/* Drops all; -EBUSY under users. */
int hf_ioas_destroy(struct hf_ioas *as);
int hf_ioas_user_add(struct hf_ioas *as, const struct hf_ioas_user_ops *ops, void *user);
void hf_ioas_user_del(struct hf_ioas *as, void *user);

/*
 * Make the table the live one. Regions that are the same memory keep mapping and MR. On any error the address space is what it was.
 * *changed: the mkey is another one now. Bad tables: -EINVAL (zero length, wrap of 64 bits, overlap, nothing in it,
 * offset or length not a multiple of the page size), -E2BIG (more than HF_IOAS_MAX_REGIONS), with a log line.
 */
int hf_ioas_update(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n, bool *changed);
/* Is this table what is live, the backing objects included? Takes no ownership, changes nothing. */
bool hf_ioas_same(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n);
/* Back to the initial state: no regions, no MRs, no mkey. -EBUSY under users. */
int hf_ioas_reset_map(struct hf_ioas *as);
uint32_t hf_ioas_mkey(struct hf_ioas *as);		/* 0: none */
void hf_ioas_stats(struct hf_ioas *as, struct hf_ioas_stats *st);
/* Host address of [gpa, gpa + len), or NULL if it is not inside one region. Stable until an update drops the region. */
void *hf_ioas_gpa_to_hva(struct hf_ioas *as, uint64_t gpa, uint64_t len);

/* --- the plan of a mkey, exposed for its tests: hf_klm.c --- */
struct hf_klm_range { uint64_t gpa, len; uint32_t lkey; };	/* sorted, disjoint */
struct hf_klm_plan { uint64_t start, len; uint8_t log_entity; uint32_t n; struct hf_klm *klm; };
/*
 * One mkey over all ranges: KLM_FBS where a common entry size keeps the list short, else KLM with byte counts; holes
 * point at null_lkey; no entry larger than the format holds; at most max_klm entries, else -E2BIG. Free plan->klm with free().
 */
int hf_klm_plan(const struct hf_klm_range *ranges, unsigned int n, uint32_t null_lkey, uint32_t max_klm, bool fixed_ok,
	struct hf_klm_plan *plan);

#endif /* HF_IOAS_H */
