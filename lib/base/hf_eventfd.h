/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Notification of a guest through an eventfd that a front end has handed over, by a thread that
 * must not wait for it.
 */
#ifndef HF_EVENTFD_H
#define HF_EVENTFD_H

#include <stdbool.h>

/*
 * Writes by this process will not wait. The front end shares the flag, and can take it back.
 */
void hf_eventfd_nonblock(int fd);
/*
 * One notification; false: there was no room, and so one waits already. Linux has no write to an
 * eventfd that never waits: before each, the descriptor is made non-blocking and asked for room. A
 * front end that fills the counter and takes the flag back between these calls and the write could
 * still stop the thread.
 */
bool hf_eventfd_call(int fd);

#endif /* HF_EVENTFD_H */
