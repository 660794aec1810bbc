/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A position in a list of host segments, and copies from and to it. A segment without an address is
 * a hole that points at the null memory key: it reads as zero and swallows what is written.
 */
#ifndef NICEMU_DP_IOV_H
#define NICEMU_DP_IOV_H

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

struct iov_cur {
	const struct iovec *seg;
	unsigned int n; /* segments from 'seg' on */
	size_t off; /* in seg[0] */
};

/* Contiguous bytes here, at most 'want'; 0 at the end. Moves on where a segment is used up. */
static inline size_t
iov_here(struct iov_cur *c, size_t want)
{
	while (c->n > 0 && c->off >= c->seg->iov_len) {
		c->off -= c->seg->iov_len;
		c->seg++;
		c->n--;
	}
	if (c->n == 0)
		return 0;
	return want < c->seg->iov_len - c->off ? want : c->seg->iov_len - c->off;
}

static inline void *
iov_ptr(const struct iov_cur *c)
{
	return c->seg->iov_base == NULL ? NULL : (uint8_t *)c->seg->iov_base + c->off;
}

static inline void
iov_skip(struct iov_cur *c, size_t len)
{
	c->off += len;
}

/* Copy what is mostly short, without a call for it: up to 128 bytes. */
static inline void
iov_copy_short(void *to, const void *from, size_t len)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	/* two moves of a fixed size, which overlap */
	if (len >= 64) {
		memcpy(d, s, 64);
		memcpy(d + len - 64, s + len - 64, 64);
	} else if (len >= 32) {
		memcpy(d, s, 32);
		memcpy(d + len - 32, s + len - 32, 32);
	} else {
		memcpy(d, s, len);
	}
}

/* All three return how many bytes were there (less than len only at the end of the list). */

static inline size_t
iov_read(struct iov_cur *c, void *buf, size_t len)
{
	size_t done = 0, part;
	const void *p;

	while (done < len && (part = iov_here(c, len - done)) > 0) {
		p = iov_ptr(c);
		if (p != NULL)
			memcpy((uint8_t *)buf + done, p, part);
		else
			memset((uint8_t *)buf + done, 0, part);
		c->off += part;
		done += part;
	}
	return done;
}

static inline size_t
iov_write(struct iov_cur *c, const void *buf, size_t len)
{
	size_t done = 0, part;
	void *p;

	while (done < len && (part = iov_here(c, len - done)) > 0) {
		p = iov_ptr(c);
		if (p != NULL)
			memcpy(p, (const uint8_t *)buf + done, part);
		c->off += part;
		done += part;
	}
	return done;
}

static inline size_t
iov_copy(struct iov_cur *dst, struct iov_cur *src, size_t len)
{
	size_t done = 0, part;
	const void *s;
	void *d;

	while (done < len && (part = iov_here(src, len - done)) > 0 &&
		(part = iov_here(dst, part)) > 0) {
		s = iov_ptr(src);
		d = iov_ptr(dst);
		if (d != NULL && s != NULL)
			memcpy(d, s, part);
		else if (d != NULL)
			memset(d, 0, part);
		src->off += part;
		dst->off += part;
		done += part;
	}
	return done;
}

#endif /* NICEMU_DP_IOV_H */
