/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The event loop: one thread that sleeps in epoll_wait and calls back. It stops by a flag and an eventfd, and is
 * joined; nothing is ever cancelled.
 */
#ifndef HF_LOOP_H
#define HF_LOOP_H

#include <stdint.h>

struct hf_loop;
typedef void (*hf_loop_cb)(int fd, void *arg);

/* cpu: a CPU number, or -1 for the affinity of the caller. Negative errno in *err when NULL is returned. */
struct hf_loop *hf_loop_create(const char *name, int cpu, int *err);
void hf_loop_destroy(struct hf_loop *l);	/* stops and joins; descriptors stay open and belong to the caller */
/*
 * cb is called on the loop's thread while fd is readable (level triggered). It must not block, and must not take
 * a lock under which anyone calls hf_loop_del(). Any thread. 0 or negative errno (-EEXIST: fd is there already).
 */
int hf_loop_add(struct hf_loop *l, int fd, hf_loop_cb cb, void *arg);
/*
 * After return cb is not running and will not be called for this fd (unless the caller is the loop's thread, then: after
 * the present call-back). The caller may then close fd. 0, or -ENOENT.
 */
int hf_loop_del(struct hf_loop *l, int fd);

#endif /* HF_LOOP_H */
