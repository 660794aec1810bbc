/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The kernel's side of the emulated NIC: contexts, handles, event channels.
 */
#ifndef NICEMU_UVERBS_H
#define NICEMU_UVERBS_H

#include "../nic.h"

/*
 * An event of the firmware (engines and commands call it): deliver it to the channels that
 * subscribed to event_type of this object. obj_type as in NIC_OBJ_*; eqe: 64 bytes, or NULL for a
 * completion event. Never blocks.
 */
void uverbs_event(struct nic_func *f, uint16_t event_type, enum nic_obj_type obj_type, uint32_t id,
	const void *eqe);

/*
 * An event of the device or its port (IBV_EVENT_*) for everybody who has it open: as ibv_get_async_
 * event() reads it. Never blocks.
 */
void uverbs_async(struct nic_func *f, unsigned int event, uint64_t element);

/*
 * In between, the thread of a call has no lock of the kernel's: time passes for it, and other calls
 * go on. What the call uses stays (struct uv_obj). Nothing for a thread that is in no call.
 */
void uverbs_wait_begin(const struct nic_func *f);
void uverbs_wait_end(const struct nic_func *f);

/*
 * The kernel takes its driver off the function: objects of all users are destroyed, their contexts
 * stay dead (-EIO) until they are closed, and no new ones can be opened before uverbs_load().
 * Neither is done twice: -EALREADY. From a thread that is in no call of ours.
 */
int uverbs_unload(struct nic_func *f);
int uverbs_load(struct nic_func *f);
bool uverbs_loaded(const struct nic_func *f);

/* How many events were lost, ever: there was no memory for them. Any thread. */
uint64_t uverbs_events_lost(const struct nic_func *f);

#endif /* NICEMU_UVERBS_H */
