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
 * A region is the same memory when guest address, length, offset in the file, backing object and
 * the object's pages agree. The object is the same when kcmp says so or when both are one regular
 * file by (device, inode). Its pages are, as long as the file is as long as the region, no page was
 * taken out of a file of memory (memfd, tmpfs, hugetlbfs: truncated, or a hole punched), and none
 * of huge pages was truncated. Addresses and sizes alone prove nothing, so private memory, which
 * has no object, is never carried over. A region that moves in the guest is registered anew, as its
 * MR answers at guest addresses. All this is looked at when a table is given, and only then. What
 * is not seen: a hole in a file of memory that was filled again before that look, any in a file on
 * disk, and a file that shrinks while it is mapped (whoever touches the lost part by
 * hf_ioas_gpa_to_hva() gets SIGBUS).
 *
 * An update is two-phase: what is new is built beside what is live, the users are asked, and only
 * then is anything switched. Any failure before that leaves the address space exactly as it was.
 * What is gone after a switch is destroyed later, on a worker, and counted as pinned until then.
 *
 * A map has two parts: the table of the front end (hf_ioas_update()), and single ranges that the
 * application asked for (hf_ioas_map()). One mkey covers both. Which event ends which part is
 * the caller's policy; nothing here follows from a guest's reset.
 *
 * A mkey reaches over 2 GiB for each entry that the NIC and a command have room for (4076: a little
 * less than 8 TiB), from the first address to the last, holes included. Within that there may be
 * any number of fragments: where one list of entries is too short, those parts in which borders are
 * get mkeys of a second level, if the NIC has max_indirection 2. These are all made anew when the
 * map changes; in one level that is one mkey.
 *
 * Several address spaces that map the same memory share one mapping of it in the process; each
 * registers it for itself, since a mkey belongs to one function of a NIC.
 *
 * Threads: calls that change an address space are the caller's to order, one at a time. The
 * look-ups (same, mkey, stats, region, gpa_to_hva) are for any thread at any time, the users'
 * call-backs included. The lock inside is held for look-ups and for the moment of the switch,
 * never across a command, a registration or a call-back.
 */
#ifndef HF_IOAS_H
#define HF_IOAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hf_devx;
struct hf_ioas;
struct hf_work;

/* Far above the 8 of librte_vhost (VHOST_MEMORY_MAX_NREGIONS): the 509 slots of Linux' vhost fit.
 */
#define HF_IOAS_MAX_REGIONS 512
/*
 * What a change registers is cut into about so many pieces, which workers register side by side,
 * but into none below the least: each registration has a price of its own (libibverbs reads
 * /proc/self/smaps for it once ibv_fork_init() was called, as DPDK's mlx4 driver does wherever it
 * is installed).
 */
#define HF_IOAS_PIECES 8
#define HF_IOAS_PIECE_MIN (UINT64_C(256) << 20)

struct hf_ioas_attr {
	uint32_t asid; /* for log lines: 0 the guest's, 1 the host's */
	/* Outlives the address space. NULL: all on the caller's thread, at once. */
	struct hf_work *work;
	/*
	 * Bytes that may be pinned at once, deferred ones included, 0: no bound. While a map is
	 * changed, what leaves it and what comes are both pinned.
	 */
	uint64_t pinned_max;
	/* Bytes of one MR at most, a power of two, no less than a page; 0: by what is new. */
	uint64_t piece;
	/*
	 * Microseconds that the caller tries to register all of a change by himself, in pieces that
	 * grow, before it is cut as above and workers take part. Memory of pages of a GiB takes no
	 * more than that, whatever its size. Only where 'piece' is 0; 0: workers from the begin on.
	 */
	uint32_t alone_us;
	int numa_node; /* of the NIC, -1: unknown */
};

struct hf_ioas_region {
	uint64_t gpa; /* guest-physical address (IOVA), multiple of the page size */
	uint64_t len; /* bytes, multiple of the page size; gpa + len is below 2^64 */
	uint64_t offset; /* in the backing file, multiple of the page size (not of a huge page's) */
	int fd; /* backing object, stays the caller's: it is duplicated. -1: private memory */
	void *va; /* of private memory, page-aligned, mapped as long as it is in the map; else
		     unused */
};

/* What a call did, for the line in the log. Bytes and MRs. */
struct hf_ioas_change {
	bool changed; /* the mkey is another one now */
	uint32_t kept, registered, dropped; /* MRs */
	uint64_t kept_bytes, registered_bytes, dropped_bytes;
};

struct hf_ioas_stats {
	uint64_t generation; /* of the mkey: grows when it changes */
	uint64_t live_bytes; /* of the live regions */
	uint64_t requested_bytes; /* of those that came by hf_ioas_map() */
	uint64_t deferred_bytes; /* gone from the map, not yet unpinned */
	uint64_t ahead_bytes; /* pinned, or about to be, by hf_ioas_ahead(), and not yet in the map
			       */
	/* Live; 'requested' of the regions came by hf_ioas_map(). */
	uint32_t regions, requested, mrs;
	uint32_t mkeys; /* live, those of a second level included */
	uint32_t deferred_mrs;
	uint32_t klms; /* entries of the live mkey of the first level */
	bool fixed_klm; /* it is KLM_FBS */
	/* Ever, by calls that succeeded: what a failed one made and undid does not count. */
	uint64_t mrs_registered, mrs_destroyed;
	uint64_t mrs_kept; /* found unchanged by an update */
	uint64_t mkeys_created, mkeys_destroyed;
	/* Ever, microseconds: waited for registrations by callers, and spent on destruction. */
	uint64_t register_us, destroy_us;
};

/* One live region, as seen from outside. */
struct hf_ioas_region_info {
	uint64_t gpa, len, offset;
	uint32_t mrs;
	bool requested; /* by hf_ioas_map() */
	bool shared; /* backed by a descriptor */
	int numa_node; /* where its first page was when it was registered, -1: unknown */
};

/*
 * Users (virtqueues) take part in the switch from the old mkey to the new one; 0 is no mkey at all.
 * All calls are made on the thread of the call that changes the map. The old mkey and its MRs live
 * until every commit has returned.
 */
struct hf_ioas_user_ops {
	/* Does anything of this user run on the map now? Asked by hf_ioas_reset_map(). */
	bool (*busy)(void *user);
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

/* An empty address space; attr is copied. dev outlives it. 0, -EINVAL (attr), -ENOMEM. */
int hf_ioas_create(struct hf_devx *dev, const struct hf_ioas_attr *attr, struct hf_ioas **as);
/* Drops all, and waits for what is deferred. -EBUSY under users, and then it is as it was. */
int hf_ioas_destroy(struct hf_ioas *as);
/* ops and user are the caller's and outlive the membership. 0, -EEXIST or -ENOMEM. */
int hf_ioas_user_add(struct hf_ioas *as, const struct hf_ioas_user_ops *ops, void *user);
/* A user that is not there is no error. Not from a call-back of an update. */
void hf_ioas_user_del(struct hf_ioas *as, void *user);

/*
 * Make this table, in any order, that of the front end; n is 0 when it has none any more (what was
 * asked for by hf_ioas_map() stays). Regions that are the same memory keep mapping and MRs. If all
 * are, nothing happens at all. change may be NULL.
 *
 * 0 or negative errno with a log line, and then the address space is what it was. Bad tables:
 * -EINVAL (empty region, wrap of 64 bits, overlap, not multiples of the page size), -ENXIO (the
 * file is shorter than the region), -E2BIG (more than HF_IOAS_MAX_REGIONS with what is requested,
 * or beyond the reach of the NIC's mkeys, which is known before anything is pinned), -EEXIST (a
 * region overlaps a range that was mapped by request). -ENOMEM: also pinned_max or RLIMIT_MEMLOCK,
 * which the line then names with what is needed and what there is. Others: of mmap, of the NIC's
 * commands, of a user's prepare.
 *
 * An old MR or mkey that the NIC refuses to destroy does not undo a switch: it stays in the
 * device's table, is tried again at the next change, and is reported as a leak in the end.
 */
int hf_ioas_update(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n,
	struct hf_ioas_change *change);
/*
 * Begin to register a table on a worker, if nothing is mapped. hf_ioas_update() with the same table
 * waits for that and goes on from there, or fails as it did; any other change of the map undoes it.
 * If it can't be begun, it is not, and that update will say why. Ordered with what changes the map.
 */
void hf_ioas_ahead(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n);
/* Undo it. Nothing to be undone is no error. */
void hf_ioas_ahead_end(struct hf_ioas *as);
/*
 * Is the table sound, has it room beside what was mapped by request, and can its memory be mapped?
 * Changes nothing; registers nothing. 0, or an error that hf_ioas_update() would have for it
 * whatever table is live, with a log line: -ENOMEM, if it alone is more than pinned_max. To be
 * ordered with what changes the map.
 */
int hf_ioas_check(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n);
/*
 * Map one range by request. As hf_ioas_update(), and -EEXIST: it overlaps what is mapped, the front
 * end's or another request's.
 */
int hf_ioas_map(
	struct hf_ioas *as, const struct hf_ioas_region *region, struct hf_ioas_change *change);
/*
 * Unmap what was mapped by request and lies within [gpa, gpa + len). len UINT64_MAX with gpa 0
 * is everything; nothing to unmap is -ENOENT but for that. -EINVAL: len is 0, the range wraps, or
 * cuts a mapped range in two. -EEXIST: it touches the front end's table (but for "everything",
 * which leaves that alone).
 */
int hf_ioas_unmap(struct hf_ioas *as, uint64_t gpa, uint64_t len, struct hf_ioas_change *change);
/*
 * Back to the initial state: neither table nor requested ranges. -EBUSY: a user is busy; users
 * that are not are switched to no mkey.
 */
int hf_ioas_reset_map(struct hf_ioas *as, struct hf_ioas_change *change);
/* Wait until nothing is deferred any more, but for what the NIC refuses once more to destroy. */
void hf_ioas_flush(struct hf_ioas *as);
/* pinned_max from now on; what is pinned above it stays. */
void hf_ioas_pinned_max_set(struct hf_ioas *as, uint64_t bytes);

/* Is this, in any order, the front end's table that is live, the backing objects included? */
bool hf_ioas_same(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n);
/*
 * Would the front end's table become this one by adding regions alone? Those that are live are in
 * it as they are. Bad tables would not, with a log line. By who may call hf_ioas_update().
 */
bool hf_ioas_grows(struct hf_ioas *as, const struct hf_ioas_region *regions, unsigned int n);
/* The mkey of the whole map, 0: none. */
uint32_t hf_ioas_mkey(struct hf_ioas *as);
void hf_ioas_stats(struct hf_ioas *as, struct hf_ioas_stats *st);
/* Region i of the live map, in the order of addresses. 0, or -ENOENT: there are no more. */
int hf_ioas_region_info(struct hf_ioas *as, unsigned int i, struct hf_ioas_region_info *info);
/* Bytes and number of mappings of guest memory in this process, each counted once. */
void hf_ioas_process_maps(uint64_t *bytes, uint32_t *maps);
/*
 * Host address of [gpa, gpa + len), or NULL if that is not inside one region. Stable until an
 * update drops the region: the caller sees to it that none does while it uses the address (it is a
 * user, or it orders updates).
 */
void *hf_ioas_gpa_to_hva(struct hf_ioas *as, uint64_t gpa, uint64_t len);

#endif /* HF_IOAS_H */
