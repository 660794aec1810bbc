/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Capture files, through libpcap: written in the classic format with nanoseconds, read in whatever
 * libpcap reads. The library is loaded at the first use: what it depends on in turn (D-Bus, a
 * cryptographic library) is not forced upon every program that is put on a NIC.
 */
#ifndef NICEMU_CAPTURE_H
#define NICEMU_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture;
struct playback;

/*
 * A new file, or one that is emptied; no pipe, since a reader that stalls would stall the NIC. 0,
 * or a negative errno and 'why' says what is wrong.
 */
int capture_open(const char *path, struct capture **c, char *why, size_t len);
void capture_close(struct capture *c); /* NULL: nothing to do */
const char *capture_path(const struct capture *c);
/*
 * One frame of 'len' bytes, with the time now. Any thread; takes a lock, and is written to the file
 * at once. After an error (reported on stderr) nothing more is written.
 */
void capture_write(struct capture *c, const void *frame, uint32_t len);
/* Frames in the file. False: an error ended it. Any thread. */
bool capture_frames(struct capture *c, uint64_t *n);

/* A file of Ethernet frames. As capture_open(). One thread at a time. */
int playback_open(const char *path, struct playback **p, char *why, size_t len);
void playback_close(struct playback *p); /* NULL: nothing to do */
const char *playback_path(const struct playback *p);
struct playback_frame {
	const void *data; /* until the next call */
	uint32_t len;
	bool whole; /* the capture has all of it */
	uint64_t ns; /* its time stamp */
};
/* The next frame: 1; 0 at the end, or a negative errno after an error (reported on stderr). */
int playback_next(struct playback *p, struct playback_frame *f);

#endif /* NICEMU_CAPTURE_H */
