/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Host notifier: the front end maps the NIC's doorbell page into the guest, whose kicks then reach
 * the NIC without us.
 *
 * Asking the front end means to wait for its answer, so threads of their own do it (pool
 * "ask" of hf_runtime.h): never a thread that relays, and never while the device closes. Where it
 * is refused or not supported, the kick relay serves on.
 */
#ifndef HF_HOSTNOTIF_H
#define HF_HOSTNOTIF_H

#include <stdbool.h>
#include <stdint.h>

struct hf_dev;
struct hf_hostnotif;

/* 0 or a negative errno. */
int hf_hostnotif_create(struct hf_dev *dev);
/* Without hf_dev.lock. Waits a bounded time for a request that is on its way. */
void hf_hostnotif_destroy(struct hf_dev *dev);

/*
 * With hf_dev.lock: have the page offered for each running ring that does not have it yet; or, in
 * poll mode, taken back from those that have it. Does not wait.
 */
void hf_hostnotif_offer(struct hf_dev *dev);
/*
 * True while the front end has the page for a ring, or may have it: then kicks do not reach us.
 * Read atomically, at any time until hf_hostnotif_destroy(). NULL: never.
 */
const bool *hf_hostnotif_mapped(const struct hf_dev *dev, uint16_t index);
/* With hf_dev.lock: no request is begun any more. One that is on its way is not waited for. */
void hf_hostnotif_withdraw(struct hf_dev *dev);
/*
 * With hf_dev.lock, before the library frees the connection: after return no request of it is on
 * its way, or that is logged. Waits for the front end's answer a short time, then cuts off the
 * channel of requests.
 */
void hf_hostnotif_end(struct hf_dev *dev);

#endif /* HF_HOSTNOTIF_H */
