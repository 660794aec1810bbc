/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * An address space: a memory table becomes regions, regions become MRs, MRs become one
 * guest-physical mkey.
 *
 * It owns its mapping. Each region is mapped by the address space itself, from a duplicate of the
 * region's descriptor, and both live until the region's MR is gone: the host address is stable
 * whatever the caller unmaps or closes, and the held descriptor keeps (device, inode) a valid
 * identity.
 *
 * A region is the same memory when guest address, length, offset in the file and backing object
 * agree; the object is the same when kcmp says so or when both are one regular file by (device,
 * inode). Addresses and sizes alone prove nothing, so private memory, which has no object, is never
 * carried over. A region that moves in the guest is registered anew, as its MR answers at guest
 * addresses. What can't be seen: a hole punched into the file, and a file that shrinks after it was
 * mapped (whoever touches the lost part by hf_ioas_gpa_to_hva() gets SIGBUS).
 *
 * An update is two-phase: what is new is built beside what is live, the users are asked, and only
 * then is anything switched or dropped. Any failure before that leaves the address space exactly as
 * it was.
 *
 * Threads: hf_ioas_update(), hf_ioas_reset_map(), hf_ioas_user_add(), hf_ioas_user_del() and
 * hf_ioas_destroy() are the caller's to order, one at a time. The look-ups (same, mkey, stats,
 * gpa_to_hva) are for any thread at any time, the users' call-backs included. The lock inside is
 * held for look-ups and for the moment of the switch, never across a command, a registration or a
 * call-back.
 */
#ifndef HF_IOAS_H
#define HF_IOAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hf_devx;
struct hf_ioas;

/* Far above the 8 of librte_vhost (VHOST_MEMORY_MAX_NREGIONS): the 509 slots of Linux' vhost fit.
 */
#define HF_IOAS_MAX_REGIONS 512

struct hf_ioas_region {
	uint64_t gpa; /* guest-physical address, multiple of the page size */
	uint64_t len; /* bytes, multiple of the page size; gpa + len is below 2^64 */
	uint64_t offset; /* in the backing file, multiple of the page size (not of a huge page's) */
	int fd; /* backing object, stays the caller's: it is duplicated. -1: private memory */
	void *va; /* of private memory, page-aligned, mapped as long as it is in the table; else
		     unused */
};

struct hf_ioas_stats {
	uint64_t generation; /* of the mkey: grows when it changes */
	uint64_t pinned_bytes; /* of the live regions */
	uint32_t regions, mrs; /* live; a region has one MR */
	uint32_t klms; /* entries of the live mkey */
	bool fixed_klm; /* the live mkey is KLM_FBS */
	/* Ever, by updates that succeeded: what a failed one made and undid does not count. */
	uint64_t mrs_registered, mrs_destroyed;
	uint64_t mrs_kept; /* found unchanged by an update */
	uint64_t mkeys_created, mkeys_destroyed;
};

/*
 * Users (virtqueues) take part in the switch from the old mkey to the new one. All calls are made
 * on the thread of hf_ioas_update(). The old mkey and its MRs live until every commit has returned.
 */
struct hf_ioas_user_ops {
	/*
	 * Get ready for new_mkey (suspend). In the order in which the users were added; the
	 * look-ups still answer for the old table. 0, or a negative errno that makes the update
	 * fail.
	 */
	int (*prepare)(void *user, uint32_t new_mkey);
	/* Use new_mkey, which is live now, as its table is for the look-ups. May not fail. */
	void (*commit)(void *user, uint32_t new_mkey);
	/* Go on with the old mkey. For those whose prepare succeeded, the last one first. */
	void (*abort)(void *user);
};

/* An empty address space. asid is for log lines. dev outlives it. 0 or -ENOMEM. */
int hf_ioas_create(struct hf_devx *dev, uint32_t asid, struct hf_ioas **as);
/* Drops all. -EBUSY under users, and then it is as it was. */
int hf_ioas_destroy(struct hf_ioas *as);
/* ops and user are the caller's and outlive the membership. 0, -EEXIST or -ENOMEM. */
int hf_ioas_user_add(struct hf_ioas *as, const struct hf_ioas_user_ops *ops, void *user);
/* A user that is not there is no error. Not from a call-back of an update. */
void hf_ioas_user_del(struct hf_ioas *as, void *user);

/*
 * Make this table, in any order, the live one. Regions that are the same memory keep mapping and
 * MR. If all are, nothing happens at all. *changed: the mkey is another one now.
 *
 * 0 or negative errno with a log line, and then the address space is what it was and *changed is
 * false. Bad tables: -EINVAL (nothing in it, empty region, wrap of 64 bits, overlap, not multiples
 * of the page size), -ENXIO (the file is shorter than the region), -E2BIG (more than
 * HF_IOAS_MAX_REGIONS, or more pieces than a mkey of this NIC has entries). Others: of mmap, of the
 * NIC's commands, of a user's prepare.
 *
 * An old MR or mkey that the NIC refuses to destroy does not undo a switch: it stays in the
 * device's table and is reported as a leak.
 */
int hf_ioas_update(
	struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n, bool *changed);
/*
 * Is the table sound, and can its memory be mapped? Changes nothing; registers nothing. 0, or an
 * error that hf_ioas_update() would have for it, with a log line.
 */
int hf_ioas_check(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n);
/* Is this table, in any order, what is live, the backing objects included? Changes nothing. */
bool hf_ioas_same(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n);
/* Back to the initial state: no regions, no MRs, no mkey. 0, or -EBUSY under users. */
int hf_ioas_reset_map(struct hf_ioas *as);
/* The guest-physical mkey, 0: none. */
uint32_t hf_ioas_mkey(struct hf_ioas *as);
void hf_ioas_stats(struct hf_ioas *as, struct hf_ioas_stats *st);
/*
 * Host address of [gpa, gpa + len), or NULL if that is not inside one region. Stable until an
 * update drops the region: the caller sees to it that none does while it uses the address (it is a
 * user, or it orders updates).
 */
void *hf_ioas_gpa_to_hva(struct hf_ioas *as, uint64_t gpa, uint64_t len);

#endif /* HF_IOAS_H */
