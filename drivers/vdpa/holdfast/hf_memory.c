/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <bus_pci_driver.h>

#include "hf_dev.h"
#include "hf_rings.h"
#include "hf_trace.h"

#define MIB(bytes) ((bytes) >> 20)

/* For a front end to read all bases. */
#define HF_MEMORY_STOP_MS 1000

/* About what it costs to wake the workers, and nothing beside a registration that takes long. */
#define HF_MEMORY_ALONE_US 2000

/* --- the queues as users of the guest's address space --- */

static bool
memory_busy(void *user)
{
	const struct hf_dev *dev = user;
	uint16_t i;

	for (i = 0; i < dev->max_vqs; i++)
		if (dev->vqs[i].running)
			return true;
	return false;
}

static int
memory_prepare(void *user, uint32_t new_mkey)
{
	RTE_SET_USED(new_mkey);
	return hf_rings_pause(user);
}

/* Without any mkey the queues stand on one that leads nowhere. */
static void
memory_commit(void *user, uint32_t new_mkey)
{
	struct hf_dev *dev = user;

	hf_rings_use_mkey(dev, new_mkey != 0 ? new_mkey : dev->empty_mkey.key);
}

static void
memory_abort(void *user)
{
	struct hf_dev *dev = user;

	hf_rings_use_mkey(dev, hf_ioas_mkey(dev->mem.ioas[HF_ASID_GUEST]));
}

static const struct hf_ioas_user_ops memory_user_ops = {
	.busy = memory_busy,
	.prepare = memory_prepare,
	.commit = memory_commit,
	.abort = memory_abort,
};

static int
memory_join(struct hf_dev *dev)
{
	int ret;

	if (dev->mem.user)
		return 0;
	ret = hf_ioas_user_add(dev->mem.ioas[HF_ASID_GUEST], &memory_user_ops, dev);
	dev->mem.user = ret == 0;
	return ret;
}

/* --- what is told --- */

static void
memory_tell(struct hf_dev *dev, enum hf_asid asid, const char *what, const struct hf_ioas_change *c)
{
	HF_LOG(INFO,
		"%s: %s: mr_policy %s: %u MRs (%" PRIu64 " MiB) kept, %u (%" PRIu64
		" MiB) registered, %u (%" PRIu64 " MiB) dropped",
		dev->name, what, hf_policy_name(dev->mem.policy.mr), c->kept, MIB(c->kept_bytes),
		c->registered, MIB(c->registered_bytes), c->dropped, MIB(c->dropped_bytes));
	if (c->kept > 0)
		hf_trace_mr_keep(dev->name, asid, c->kept, c->kept_bytes);
	if (c->registered > 0)
		hf_trace_mr_register(dev->name, asid, c->registered, c->registered_bytes);
	if (c->dropped > 0)
		hf_trace_mr_drop(dev->name, asid, c->dropped, c->dropped_bytes);
}

static void
memory_tell_kept(struct hf_dev *dev, const char *what)
{
	struct hf_ioas_change c = {.changed = false};
	struct hf_ioas_stats st;

	hf_ioas_stats(dev->mem.ioas[HF_ASID_GUEST], &st);
	c.kept = st.mrs;
	c.kept_bytes = st.live_bytes;
	if (c.kept > 0)
		memory_tell(dev, HF_ASID_GUEST, what, &c);
}

/* --- without an owner --- */

static void
memory_timer_set(struct hf_dev *dev, uint32_t ms)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}};

	/* Fails for bad values only, and these are bounded. */
	timerfd_settime(dev->mem.timer, 0, &when, NULL);
}

static void
memory_owned(struct hf_dev *dev)
{
	if (!dev->mem.held)
		return;
	dev->mem.held = false;
	memory_timer_set(dev, 0);
}

static bool
memory_too_much(const struct hf_dev *dev, const struct hf_ioas_stats *st)
{
	return dev->mem.policy.held_max != 0 &&
		st->live_bytes - st->requested_bytes > dev->mem.policy.held_max;
}

static void
memory_hold(struct hf_dev *dev, const char *what)
{
	const struct hf_policy *policy = &dev->mem.policy;
	struct hf_ioas_stats st;

	hf_ioas_stats(dev->mem.ioas[HF_ASID_GUEST], &st);
	/* Held already, by whose connection did not claim it: its time goes on. */
	if (dev->mem.held || st.regions == st.requested)
		return;
	if (memory_too_much(dev, &st)) {
		HF_LOG(NOTICE,
			"%s: %s: %" PRIu64 " bytes are more than mr_held_max=%" PRIu64
			": not held for the front end's return",
			dev->name, what, st.live_bytes - st.requested_bytes, policy->held_max);
		hf_memory_drop(dev, what);
		return;
	}
	dev->mem.held = true;
	memory_timer_set(dev, policy->grace_ms);
	memory_tell_kept(dev, what);
	HF_LOG(NOTICE,
		"%s: %" PRIu64
		" MiB of a guest stay pinned for %u ms (mr_grace_ms), in case its front end"
		" comes back with the same memory",
		dev->name, MIB(st.live_bytes - st.requested_bytes), policy->grace_ms);
}

static void
memory_timer_cb(int fd, void *arg)
{
	struct hf_dev *dev = arg;
	uint64_t times;

	hf_dev_lock(dev);
	/* Nothing to read: it was set anew since it fired. */
	if (read(fd, &times, sizeof(times)) == sizeof(times)) {
		hf_memory_settle(dev);
		if (dev->mem.held)
			dev->mem.held_drops += hf_memory_drop(dev, "grace time over") == 0;
	}
	hf_dev_unlock(dev);
}

int
hf_memory_release(struct hf_dev *dev)
{
	int ret;

	if (!dev->mem.held)
		return -ENOENT;
	ret = hf_memory_drop(dev, "held memory released by request");
	dev->mem.held_drops += ret == 0;
	return ret;
}

/* --- table, policy --- */

int
hf_memory_table(struct hf_dev *dev, const struct hf_front_table *t)
{
	struct hf_ioas_change change;
	int ret;

	ret = memory_join(dev);
	if (ret == 0)
		ret = hf_ioas_update(dev->mem.ioas[HF_ASID_GUEST], t->regions, t->n, &change);
	/* What is held for somebody else's return must not be in the way of who is here. */
	if (ret == -ENOMEM && dev->mem.held &&
		hf_memory_drop(dev, "no room beside what is held") == 0)
		ret = hf_ioas_update(dev->mem.ioas[HF_ASID_GUEST], t->regions, t->n, &change);
	if (ret != 0) {
		HF_LOG(ERR, "%s: cannot register the guest's memory (%u regions): %s", dev->name,
			t->n, strerror(-ret));
		return ret;
	}
	memory_owned(dev);
	memory_tell(dev, HF_ASID_GUEST, "memory table", &change);
	return 0;
}

void
hf_memory_ahead(struct hf_dev *dev, const struct hf_front_table *t)
{
	if (!hf_devx_is_dead(dev->devx) && memory_join(dev) == 0)
		hf_ioas_ahead(dev->mem.ioas[HF_ASID_GUEST], t->regions, t->n);
}

int
hf_memory_drop(struct hf_dev *dev, const char *why)
{
	struct hf_ioas_change change;
	int ret;

	memory_owned(dev);
	if (!dev->mem.user)
		return 0;
	ret = hf_ioas_update(dev->mem.ioas[HF_ASID_GUEST], NULL, 0, &change);
	if (ret != 0) {
		/* Beside requested ranges that takes a new key. Nobody owns it: try again. */
		HF_LOG(ERR, "%s: %s: cannot release the guest's memory: %s; tried again in %u ms",
			dev->name, why, strerror(-ret), dev->mem.policy.grace_ms);
		dev->mem.held = true;
		memory_timer_set(dev, dev->mem.policy.grace_ms);
		return ret;
	}
	if (change.dropped > 0)
		memory_tell(dev, HF_ASID_GUEST, why, &change);
	dev->front.changes++;
	return 0;
}

void
hf_memory_event(struct hf_dev *dev, enum hf_event event)
{
	const char *what = hf_life(event)->name;

	hf_memory_settle(dev);
	hf_ioas_ahead_end(dev->mem.ioas[HF_ASID_GUEST]);
	switch (hf_policy_verdict(dev->mem.policy.mr, event)) {
	case HF_KEEP:
		memory_tell_kept(dev, what);
		break;
	case HF_HOLD:
		memory_hold(dev, what);
		break;
	case HF_DROP:
		hf_memory_drop(dev, what);
		break;
	}
}

void
hf_memory_stop_due(struct hf_dev *dev)
{
	if (hf_policy_verdict(dev->mem.policy.mr, HF_EVENT_DEVICE_STOP) == HF_KEEP) {
		hf_memory_event(dev, HF_EVENT_DEVICE_STOP);
		return;
	}
	dev->mem.stop_due = true;
	memory_timer_set(dev, HF_MEMORY_STOP_MS);
}

void
hf_memory_settle(struct hf_dev *dev)
{
	if (!dev->mem.stop_due)
		return;
	dev->mem.stop_due = false;
	memory_timer_set(dev, 0);
	hf_memory_event(dev, HF_EVENT_DEVICE_STOP);
}

void
hf_memory_policy_set(struct hf_dev *dev, const struct hf_policy *policy)
{
	struct hf_ioas_stats st;
	unsigned int i;

	dev->mem.policy = *policy;
	dev->front.changes++;
	for (i = 0; i < HF_ASIDS; i++)
		hf_ioas_pinned_max_set(dev->mem.ioas[i], policy->pinned_max);
	if (!dev->mem.held)
		return;
	hf_ioas_stats(dev->mem.ioas[HF_ASID_GUEST], &st);
	if (hf_policy_verdict(policy->mr, HF_EVENT_DISCONNECT) != HF_HOLD ||
		memory_too_much(dev, &st))
		hf_memory_drop(dev, "new policy");
	else
		memory_timer_set(dev, policy->grace_ms);
}

/* --- requests --- */

/* After a request that was met, a start that failed before may succeed. */
static void
memory_told(struct hf_dev *dev, enum hf_asid asid, const char *what, const struct hf_ioas_change *c)
{
	memory_tell(dev, asid, what, c);
	dev->front.changes++;
}

int
hf_memory_map(struct hf_dev *dev, enum hf_asid asid, const struct hf_ioas_region *region)
{
	struct hf_ioas_change change;
	int ret = 0;

	if (asid == HF_ASID_GUEST)
		ret = memory_join(dev);
	if (ret == 0)
		ret = hf_ioas_map(dev->mem.ioas[asid], region, &change);
	hf_trace_map(dev->name, asid, region->gpa, region->len, ret);
	if (ret == 0)
		memory_told(dev, asid, "map by request", &change);
	return ret;
}

int
hf_memory_unmap(struct hf_dev *dev, enum hf_asid asid, uint64_t gpa, uint64_t len)
{
	struct hf_ioas_change change;
	int ret;

	ret = hf_ioas_unmap(dev->mem.ioas[asid], gpa, len, &change);
	hf_trace_unmap(dev->name, asid, gpa, len, ret);
	if (ret == 0)
		memory_told(dev, asid, "unmap by request", &change);
	return ret;
}

int
hf_memory_reset(struct hf_dev *dev, enum hf_asid asid)
{
	struct hf_ioas_change change;
	int ret;

	ret = hf_ioas_reset_map(dev->mem.ioas[asid], &change);
	hf_trace_map_reset(dev->name, asid, ret);
	if (ret != 0)
		return ret;
	if (asid == HF_ASID_GUEST)
		memory_owned(dev);
	memory_told(dev, asid, "map reset by request", &change);
	return 0;
}

/* --- made and unmade with the device --- */

static void
memory_spaces_destroy(struct hf_dev *dev)
{
	unsigned int i;

	if (dev->mem.user)
		hf_ioas_user_del(dev->mem.ioas[HF_ASID_GUEST], dev);
	dev->mem.user = false;
	for (i = 0; i < HF_ASIDS; i++)
		if (dev->mem.ioas[i] != NULL)
			hf_ioas_destroy(dev->mem.ioas[i]);
}

static int
memory_spaces_create(struct hf_dev *dev)
{
	struct hf_ioas_attr attr = {
		.work = dev->rt->work,
		.pinned_max = dev->mem.policy.pinned_max,
		.alone_us = HF_MEMORY_ALONE_US,
		.numa_node = dev->pci->device.numa_node,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < HF_ASIDS; i++) {
		attr.asid = i;
		ret = hf_ioas_create(dev->devx, &attr, &dev->mem.ioas[i]);
		if (ret != 0) {
			memory_spaces_destroy(dev);
			return ret;
		}
	}
	return 0;
}

int
hf_memory_init(struct hf_dev *dev)
{
	int ret;

	dev->mem.policy = dev->args.policy;
	ret = memory_spaces_create(dev);
	if (ret != 0)
		return ret;
	dev->mem.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (dev->mem.timer < 0) {
		ret = -errno;
		goto error_spaces;
	}
	ret = hf_loop_add(dev->rt->control, dev->mem.timer, memory_timer_cb, dev);
	if (ret != 0)
		goto error_timer;
	return 0;
error_timer:
	close(dev->mem.timer);
error_spaces:
	memory_spaces_destroy(dev);
	return ret;
}

void
hf_memory_fini(struct hf_dev *dev)
{
	hf_loop_del(dev->rt->control, dev->mem.timer);
	close(dev->mem.timer);
	memory_spaces_destroy(dev);
}
