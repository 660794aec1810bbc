/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <inttypes.h>
#include <string.h>

#include "hf_work.h"
#include "ioas_case.h"

struct ioas_case ic;

/* --- every case has a device, an empty address space and some files of 8 MiB --- */

int
ic_setup(void)
{
	unsigned int i;

	TEST_ASSERT_SUCCESS(rig_open(&ic.rig), "no NIC: run this below 'nicemu run --'");
	ic.base_mrs = hf_objs_count(hf_devx_objs(ic.rig.dev), "mr");
	ic.base_mkeys = hf_objs_count(hf_devx_objs(ic.rig.dev), "mkey");
	for (i = 0; i < IC_FILES; i++)
		TEST_ASSERT_SUCCESS(guest_file_open(&ic.files[i], MIB(8)), "file %u", i);
	ic.base_maps = process_maps();
	TEST_ASSERT_SUCCESS(hf_work_create("ioas", 2, &ic.work), "workers");
	TEST_ASSERT_SUCCESS(
		hf_ioas_create(ic.rig.dev, &(struct hf_ioas_attr){.work = ic.work, .numa_node = -1},
			&ic.as),
		"create");
	return TEST_SUCCESS;
}

int
ic_attr(struct hf_ioas_attr attr)
{
	TEST_ASSERT_SUCCESS(hf_ioas_destroy(ic.as), "destroy");
	ic.as = NULL;
	attr.work = ic.work;
	TEST_ASSERT_SUCCESS(hf_ioas_create(ic.rig.dev, &attr, &ic.as), "create");
	return TEST_SUCCESS;
}

void
ic_teardown(void)
{
	unsigned int i;

	if (ic.as != NULL)
		hf_ioas_destroy(ic.as);
	ic.as = NULL;
	hf_work_destroy(ic.work);
	ic.work = NULL;
	for (i = 0; i < IC_FILES; i++)
		guest_file_close(&ic.files[i]);
	rig_close(&ic.rig);
}

int
ic_finish(void)
{
	TEST_ASSERT_SUCCESS(hf_ioas_destroy(ic.as), "destroy");
	ic.as = NULL;
	TEST_ASSERT_EQUAL(
		hf_objs_count(hf_devx_objs(ic.rig.dev), "mr"), ic.base_mrs, "MRs are left");
	TEST_ASSERT_EQUAL(
		hf_objs_count(hf_devx_objs(ic.rig.dev), "mkey"), ic.base_mkeys, "mkeys are left");
	TEST_ASSERT_EQUAL(process_maps(), ic.base_maps, "mappings are left");
	return TEST_SUCCESS;
}

/* --- what is watched across a change --- */

void
ic_snapshot(struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
	s->mkey = hf_ioas_mkey(ic.as);
	hf_ioas_stats(ic.as, &s->st);
	nic_ctl_mrs(&s->nic);
	s->fds = process_fds();
	s->maps = process_maps();
	s->mrs = hf_objs_count(hf_devx_objs(ic.rig.dev), "mr");
	s->mkeys = hf_objs_count(hf_devx_objs(ic.rig.dev), "mkey");
	s->low = hf_ioas_gpa_to_hva(ic.as, LOW_GPA, KIB(4));
	s->high = hf_ioas_gpa_to_hva(ic.as, HIGH_GPA, KIB(4));
}

int
ic_unchanged(const struct snapshot *before)
{
	struct snapshot now;

	ic_snapshot(&now);
	TEST_ASSERT_EQUAL(now.mkey, before->mkey, "mkey 0x%x", now.mkey);
	TEST_ASSERT(memcmp(&now.st, &before->st, sizeof(now.st)) == 0, "statistics");
	TEST_ASSERT_EQUAL(
		now.nic.bytes, before->nic.bytes, "%" PRIu64 " bytes pinned", now.nic.bytes);
	TEST_ASSERT_EQUAL(now.nic.mkeys, before->nic.mkeys, "%u keys in the NIC", now.nic.mkeys);
	TEST_ASSERT_EQUAL(now.fds, before->fds, "%u descriptors", now.fds);
	TEST_ASSERT_EQUAL(now.maps, before->maps, "%u mappings", now.maps);
	TEST_ASSERT_EQUAL(now.mrs, before->mrs, "%u MRs", now.mrs);
	TEST_ASSERT_EQUAL(now.mkeys, before->mkeys, "%u mkeys", now.mkeys);
	TEST_ASSERT(now.low == before->low && now.high == before->high, "host addresses");
	return TEST_SUCCESS;
}

int
ic_changed(const struct snapshot *before, const struct hf_ioas_change *change,
	const struct outcome *want)
{
	struct snapshot now;

	TEST_ASSERT_EQUAL(change->changed, want->changed, "changed: %d", change->changed);
	TEST_ASSERT(change->registered == want->registered && change->kept == want->kept &&
			change->dropped == want->destroyed,
		"%u registered, %u kept, %u dropped", change->registered, change->kept,
		change->dropped);
	hf_ioas_flush(ic.as);
	ic_snapshot(&now);
	TEST_ASSERT_EQUAL(now.mkey != before->mkey, want->changed, "mkey 0x%x", now.mkey);
	TEST_ASSERT_EQUAL(now.st.generation > before->st.generation, want->changed, "generation");
	TEST_ASSERT_EQUAL(now.st.regions, want->regions, "%u regions", now.st.regions);
	TEST_ASSERT_EQUAL(now.st.mrs_registered - before->st.mrs_registered, want->registered,
		"%" PRIu64 " registered", now.st.mrs_registered - before->st.mrs_registered);
	TEST_ASSERT_EQUAL(now.st.mrs_kept - before->st.mrs_kept, want->kept, "%" PRIu64 " kept",
		now.st.mrs_kept - before->st.mrs_kept);
	TEST_ASSERT_EQUAL(now.st.mrs_destroyed - before->st.mrs_destroyed, want->destroyed,
		"%" PRIu64 " destroyed", now.st.mrs_destroyed - before->st.mrs_destroyed);
	TEST_ASSERT(now.st.deferred_mrs == 0 && now.st.deferred_bytes == 0,
		"%u MRs, %" PRIu64 " bytes are deferred after a flush", now.st.deferred_mrs,
		now.st.deferred_bytes);
	TEST_ASSERT_EQUAL(now.mrs, ic.base_mrs + want->registered + want->kept, "%u MRs", now.mrs);
	TEST_ASSERT_EQUAL(now.mkeys, ic.base_mkeys + now.st.mkeys, "%u mkeys", now.mkeys);
	TEST_ASSERT_EQUAL(now.st.mkeys > 0, want->regions > 0, "%u mkeys", now.st.mkeys);
	if (!nic_ctl_there())
		return TEST_SUCCESS;
	TEST_ASSERT_EQUAL(now.nic.registered - before->nic.registered, want->registered,
		"the NIC registered %" PRIu64, now.nic.registered - before->nic.registered);
	TEST_ASSERT_EQUAL(now.nic.destroyed - before->nic.destroyed, want->destroyed,
		"the NIC destroyed %" PRIu64, now.nic.destroyed - before->nic.destroyed);
	return TEST_SUCCESS;
}

int
ic_update(const struct hf_ioas_region *regions, unsigned int n, const struct outcome *want)
{
	struct hf_ioas_change change = {.changed = !want->changed};
	struct snapshot before;

	ic_snapshot(&before);
	TEST_ASSERT_SUCCESS(hf_ioas_update(ic.as, regions, n, &change), "update");
	TEST_ASSERT_SUCCESS(ic_changed(&before, &change, want), "outcome");
	TEST_ASSERT(hf_ioas_same(ic.as, regions, n), "not the same as itself");
	return TEST_SUCCESS;
}

/* --- the NIC's access --- */

struct guest_place
ic_place(const struct guest_file *f, uint64_t gpa, uint64_t offset)
{
	return (struct guest_place){gpa + offset, f->view + offset};
}

bool
ic_reaches(const struct guest_file *rings, uint64_t rings_gpa, const struct guest_file *data,
	uint64_t data_gpa)
{
	struct dma_probe p = {
		.desc = ic_place(rings, rings_gpa, 0),
		.avail = ic_place(rings, rings_gpa, rings->len / 2),
		.used = ic_place(rings, rings_gpa, rings->len - KIB(4)),
		.buf = ic_place(data, data_gpa, data->len - KIB(4)),
	};

	return dma_probe(&ic.rig, hf_ioas_mkey(ic.as), &p);
}

void
ic_two_regions(struct hf_ioas_region r[2])
{
	r[0] = guest_file_at(&ic.files[0], LOW_GPA);
	r[1] = guest_file_at(&ic.files[1], HIGH_GPA);
}

int
ic_update_two(void)
{
	static const struct outcome first = {.changed = true, .regions = 2, .registered = 2};
	struct hf_ioas_region r[2];

	ic_two_regions(r);
	return ic_update(r, 2, &first);
}
