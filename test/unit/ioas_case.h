/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the suites of address spaces share: a NIC with an empty address space and some files for
 * each case, and what is looked at before and after a change.
 */
#ifndef IOAS_CASE_H
#define IOAS_CASE_H

#include "ioas_rig.h"
#include "nic_ctl.h"
#include "test.h"

#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)
#define GIB(n) (UINT64_C(n) << 30)

#define LOW_GPA UINT64_C(0)
#define HIGH_GPA GIB(4)
#define IC_FILES 4

struct hf_work;

/* One case runs at a time. */
struct ioas_case {
	struct rig rig;
	struct hf_work *work; /* two workers */
	struct hf_ioas *as;
	struct guest_file files[IC_FILES]; /* of 8 MiB */
	unsigned int base_mrs, base_mkeys, base_maps; /* without anything of an address space */
};
extern struct ioas_case ic;

int ic_setup(void);
void ic_teardown(void);
/* Instead of the address space, one with other attributes (.work is the case's). */
int ic_attr(struct hf_ioas_attr attr);
/* The end of a case: nothing of the address space is left on the device. */
int ic_finish(void);

/* What is watched across a change. */
struct snapshot {
	uint32_t mkey;
	struct hf_ioas_stats st;
	struct nic_mrs nic; /* zero without a NIC that can be asked */
	unsigned int fds, maps, mrs, mkeys;
	void *low, *high;
};
void ic_snapshot(struct snapshot *s);
/* As it was: what a failed update may count is only what the NIC made and destroyed again. */
int ic_unchanged(const struct snapshot *before);

/* What a change has to have done; all but the regions in MRs. */
struct outcome {
	bool changed;
	unsigned int regions, registered, kept, destroyed;
};
/* Compares 'change', our statistics and the NIC's word with it. */
int ic_changed(const struct snapshot *before, const struct hf_ioas_change *change,
	const struct outcome *want);
/* hf_ioas_update() that has to succeed with this. */
int ic_update(const struct hf_ioas_region *regions, unsigned int n, const struct outcome *want);

/* A place in a file that begins at gpa. */
struct guest_place ic_place(const struct guest_file *f, uint64_t gpa, uint64_t offset);
/* The NIC's access by the live mkey: rings in one file, the frame in another. */
bool ic_reaches(const struct guest_file *rings, uint64_t rings_gpa, const struct guest_file *data,
	uint64_t data_gpa);
/* Two regions with a hole between them, as QEMU has them: files 0 and 1. */
void ic_two_regions(struct hf_ioas_region r[2]);
int ic_update_two(void);

#endif /* IOAS_CASE_H */
