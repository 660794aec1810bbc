/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "dirty.h"

#define PAGE_LOG 12u /* DPDK vhost.h VHOST_LOG_PAGE; vhost_log_page 0 */
#define CHUNK 4096u /* bytes of the log that are looked up when the whole is not in one piece */

/* Where a byte of the log lies in the host's memory. NULL: nowhere, d->error says why. */
static uint8_t *
log_byte(struct dp_vq *v, uint32_t off)
{
	const struct nic_virtq *q = v->q;
	struct vq_dirty *d = &v->dirty;
	const uint32_t chunk = off / CHUNK * CHUNK;
	const struct {
		uint32_t from, len;
	} window[] = {{0, q->dirty_size},
		{chunk, q->dirty_size - chunk < CHUNK ? q->dirty_size - chunk : CHUNK}, {off, 1}};
	struct iovec seg;
	unsigned int i;
	int n = 0;

	if (off - d->from < d->len)
		return d->host + (off - d->from);
	for (i = 0; i < sizeof(window) / sizeof(window[0]); i++) {
		n = mem_xlate(v->base.f, q->pd, q->dirty_mkey, q->dirty_addr + window[i].from,
			window[i].len, NIC_PERM_LW, &seg, 1);
		if (n != 1 || seg.iov_base == NULL)
			continue;
		d->from = window[i].from;
		d->len = window[i].len;
		d->host = seg.iov_base;
		return d->host + (off - d->from);
	}
	d->error = n < 0 ? vq_mem_error(n) : VQ_E_LOG_HOLE;
	return NULL;
}

void
dirty_pages(struct dp_vq *v, uint64_t addr, uint32_t len)
{
	uint64_t page = addr >> PAGE_LOG, last = (addr + len - 1) >> PAGE_LOG;
	uint8_t *byte;

	for (; v->dirty.error == VQ_E_NONE && page <= last; page++) {
		if (page / 8 >= v->q->dirty_size) {
			v->dirty.error = VQ_E_LOG_SHORT;
			return;
		}
		byte = log_byte(v, (uint32_t)(page / 8));
		if (byte != NULL)
			__atomic_fetch_or(byte, (uint8_t)(1u << page % 8), __ATOMIC_RELEASE);
	}
}

void
dirty_note(struct dp_vq *v, unsigned int seg, unsigned int n, uint64_t addr)
{
	unsigned int i;

	for (i = seg; i < seg + n; i++) {
		v->pool_addr[i] = addr;
		addr += v->pool[i].iov_len;
	}
}

void
dirty_buffers(struct dp_vq *v, const struct vq_chain *c, uint32_t len)
{
	unsigned int i;

	for (i = c->seg; len > 0 && i < (unsigned int)c->seg + c->n_seg; i++) {
		const struct iovec *s = &v->pool[i];
		uint32_t part = s->iov_len < len ? (uint32_t)s->iov_len : len;

		/* a hole has swallowed it */
		if (s->iov_base != NULL)
			dirty_pages(v, v->pool_addr[i], part);
		len -= part;
	}
}

void
dirty_ring(struct dp_vq *v, unsigned int area, uint32_t off, uint32_t len)
{
	const struct nic_virtq *q = v->q;

	dirty_pages(v,
		(area == VQ_DESC                    ? q->desc
				: area == VQ_DRIVER ? q->avail
						    : q->used) +
			off,
		len);
}

void
dirty_settle(struct dp_vq *v)
{
	enum vq_error e = v->dirty.error;

	v->dirty.error = VQ_E_NONE;
	if (e != VQ_E_NONE)
		vq_fail(v, e);
}
