/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The event loop: one thread that sleeps in epoll_wait and calls back. It stops by a flag and an
 * eventfd, and is joined; nothing is ever cancelled.
 *
 * One lock inside guards the table of descriptors; it is never held while a call-back runs.
 * Descriptors belong to the caller, who removes each from the loop before it closes it: a closed
 * number that is still in the table would be refused when the kernel gives it out again.
 */
#ifndef HF_LOOP_H
#define HF_LOOP_H

#include <stdint.h>

struct hf_loop;
typedef void (*hf_loop_cb)(int fd, void *arg);

/*
 * name: of the thread, cut at 15 characters. cpu: a CPU number, or -1 for the affinity of the
 * caller. The thread takes no signals. Negative errno in *err when NULL is returned (-EINVAL: no
 * such CPU).
 */
struct hf_loop *hf_loop_create(const char *name, int cpu, int *err);
/*
 * Stops and joins: no call-back runs or will run after return. Descriptors stay open and belong to
 * the caller. Not on the loop's thread, not beside any other call on this loop. NULL is allowed.
 */
void hf_loop_destroy(struct hf_loop *l);
/*
 * cb is called on the loop's thread while fd is readable, hung up or in error (level triggered: a
 * call-back that can't consume the cause removes the descriptor, else it is called at once again).
 * It must not block, and must not take a lock under which anyone calls hf_loop_del(). Any thread,
 * call-backs included. What is readable already is seen. 0 or negative errno: -EEXIST fd is there
 * already, -EBADF not open, -EPERM a kind that can't be waited for, -ENOMEM.
 */
int hf_loop_add(struct hf_loop *l, int fd, hf_loop_cb cb, void *arg);
/*
 * After return cb is not running and will not be called for this fd, so fd may be closed and arg
 * freed. On the loop's thread, which a call-back runs on, it means: not again after the present
 * call-back. Any thread; waits for as long as a running call-back of this fd takes. 0, or -ENOENT:
 * it is not there (any more: the call-back may have removed itself; it has returned, too).
 */
int hf_loop_del(struct hf_loop *l, int fd);

#endif /* HF_LOOP_H */
