/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A part of a file, mapped once in the process for all who use it: the mapping, the held descriptor
 * and its identity. Devices that serve one guest get the same one.
 *
 * One lock for all backings of the process, inside; held across fstat and mmap, never across a
 * registration. Any thread may call.
 */
#ifndef HF_BACKING_H
#define HF_BACKING_H

#include <stdbool.h>
#include <stdint.h>

struct hf_backing;

/*
 * The mapping of [offset, offset + len) of the object behind fd: a live one with a reference more,
 * if it is the same memory, or a new one. fd stays the caller's. offset and len are multiples of
 * the system's page size, their sum is no more than INT64_MAX. 0; -ENXIO: the file is shorter; of
 * fcntl, fstat and mmap.
 */
int hf_backing_get(int fd, uint64_t offset, uint64_t len, struct hf_backing **b);
/* Drops a reference; at the last one mapping and descriptor go. */
void hf_backing_put(struct hf_backing *b);
/* Is it this memory, untouched: the same object, part and pages? */
bool hf_backing_is(struct hf_backing *b, int fd, uint64_t offset, uint64_t len);
/* Note what pages it has now; it was registered. */
void hf_backing_look(struct hf_backing *b);
/* Where 'offset' is in this process, and the size of its pages: constant. */
uint8_t *hf_backing_va(const struct hf_backing *b);
uint64_t hf_backing_page(const struct hf_backing *b);
/* Of all in the process. */
void hf_backing_total(uint64_t *bytes, uint32_t *maps);

#endif /* HF_BACKING_H */
