/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The connection of a device, and the hook through which all its messages are seen.
 *
 * The hook observes, and refuses what the library would let pass: features that cannot be served
 * (hf_nego.h), and another memory object behind addresses that did not change. It may be called
 * with all ring locks of the library held, so it calls nothing of the library that locks.
 */
#ifndef HF_HOOK_H
#define HF_HOOK_H

struct hf_dev;

/*
 * Find the connection whose vDPA device is dev, and take it. For get_features, the first op of a
 * connection, which has no vid. Called with the library's socket mutex held. Does nothing when
 * there is a connection already, or on threads other than the library's, whose calls are not about
 * a message.
 */
void hf_hook_scan(struct hf_dev *dev);
/*
 * With hf_dev.lock: this connection is the device's. 0, or -EBUSY (logged): it has another one, and
 * each message of this one is refused from now on.
 */
int hf_hook_claim(struct hf_dev *dev, int vid);

/*
 * The same for who knows of a connection first: the application. Without hf_dev.lock. -ENODEV: it
 * has no device of this driver.
 */
int hf_hook_connection(int vid);

#endif /* HF_HOOK_H */
