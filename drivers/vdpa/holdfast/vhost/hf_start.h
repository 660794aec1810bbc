/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Starts of devices, away from the library's thread: one thread serves all sockets of a process,
 * and what one device waits for (registrations above all) is not for the others to wait for.
 *
 * dev_conf says "configured" and hands its turn (hf_dev.lock) and its hold on the device to a
 * thread of the process. No front end can tell: the library has sent its answers by then. The next
 * message or op of the device, and nobody else's, waits for the start to end; a ring's base is read
 * of a device that runs. A start that fails is for us to repeat, since the library does not call
 * again: after each message, and each request of the application, that can make a difference.
 */
#ifndef HF_START_H
#define HF_START_H

struct hf_dev;

/*
 * Have the queues made that the arguments hint at, else one pair, and what leads packets to them
 * (hf_dev_steer_early()). Of a published device, on a thread of the
 * process: the probe of the next device does not wait, who uses this one does.
 */
void hf_start_early(struct hf_dev *dev);
/* With a hold on the device (hf_dev_enter()) and hf_dev.lock, both of which are handed on. */
void hf_start(struct hf_dev *dev);
/*
 * Give lock and hold back, or hand both on if a start that failed is worth another attempt. After
 * what a front end or the application said was carried out.
 */
void hf_start_leave(struct hf_dev *dev);

#endif /* HF_START_H */
