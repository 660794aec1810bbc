/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A guest's memory in files, as a front end has it, and a queue that lets the NIC access it through
 * a mkey.
 */
#ifndef IOAS_RIG_H
#define IOAS_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "devx_rig.h"
#include "hf_ioas.h"

/* A file of memory, and the front end's own view of it. */
struct guest_file {
	int fd;
	uint64_t len;
	uint8_t *view; /* NULL when it was unmapped */
};

/* A sparse memfd. 0 or negative errno. */
int guest_file_open(struct guest_file *f, uint64_t len);
/* What a front end may do at any time: the descriptor and the mapping of it go. */
void guest_file_close(struct guest_file *f);
/* The region of a memory table that has all of the file. */
struct hf_ioas_region guest_file_at(const struct guest_file *f, uint64_t gpa);

/* A place in guest memory, from both sides. */
struct guest_place {
	uint64_t gpa;
	uint8_t *view;
};

/*
 * The NIC sends one frame from a split ring whose parts, and the frame, are at these places, by
 * this mkey. True if it was read and reported as used, at the right places; false if the queue went
 * to error. The places are cleared before.
 */
struct dma_probe {
	struct guest_place desc, avail, used, buf; /* pages; buf.view NULL: a hole */
};
bool dma_probe(struct rig *rig, uint32_t mkey, const struct dma_probe *p);

/* Open descriptors, and mappings, of this process: what has to be the same after an update that
 * failed. */
unsigned int process_fds(void);
unsigned int process_maps(void);

#endif /* IOAS_RIG_H */
