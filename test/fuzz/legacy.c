/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A command of the write() ABI by write() itself: a head, what the core reads, what the driver
 * reads. Records of the step change the bytes of all that, and its length.
 */
#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <string.h>

#include "run.h"
#include "uverbs/file.h"

#define ATTR_CMD 0 /* of the templates: WRITE_CMD, CORE_IN, CORE_OUT, and perhaps of the driver */
#define ATTR_IN 1
#define ATTR_OUT 2
#define ATTR_DRIVER 3
#define WORD 8u

/* Bytes of a template's attribute of this kind. */
static size_t
att_len(const struct tmpl *t, unsigned int i, enum att_kind kind)
{
	return t->att[i].kind == kind ? t->att[i].len : 0;
}

/* The head of a command, and where the core's part begins. */
static size_t
put_head(struct run *r, const struct req *q, uint8_t *buf)
{
	const struct tmpl *t = q->t;
	uint32_t command = (uint32_t)t->att[ATTR_CMD].value;
	bool extended = (command & IB_USER_VERBS_CMD_FLAG_EXTENDED) != 0;
	size_t in = att_len(t, ATTR_IN, ATT_DATA), out = att_len(t, ATTR_OUT, ATT_ROOM);
	size_t drv_in = att_len(t, ATTR_DRIVER, ATT_DATA),
	       drv_out = att_len(t, ATTR_DRIVER, ATT_ROOM);
	unsigned int unit = extended ? 8 : 4;
	struct ib_uverbs_cmd_hdr hdr = {.command = command};
	struct ib_uverbs_ex_cmd_hdr ex = {.response = out + drv_out != 0 ? (uintptr_t)r->out : 0,
		.provider_in_words = (uint16_t)(drv_in / unit),
		.provider_out_words = (uint16_t)(drv_out / unit)};

	hdr.in_words = (uint16_t)(extended ? in / unit : (sizeof(hdr) + in + drv_in) / unit);
	hdr.out_words = (uint16_t)(extended ? out / unit : (out + drv_out) / unit);
	memcpy(buf, &hdr, sizeof(hdr));
	if (!extended)
		return sizeof(hdr);
	memcpy(buf + sizeof(hdr), &ex, sizeof(ex));
	return sizeof(hdr) + sizeof(ex);
}

/* All of a command; its length. 'addresses': words in it that are addresses to pin, a bit each. */
static size_t
build(struct run *r, const struct req *q, uint8_t *buf, uint64_t *addresses)
{
	size_t in = att_len(q->t, ATTR_IN, ATT_DATA), drv = att_len(q->t, ATTR_DRIVER, ATT_DATA);
	uint64_t response = (uintptr_t)r->out, low = (1ull << RUN_DATA2 / WORD) - 1;
	size_t head = put_head(r, q, buf);

	memcpy(buf + head, q->data, in);
	memcpy(buf + head + in, q->data + RUN_DATA2, drv);
	/* a plain command with an answer begins with the answer's address */
	if (head == sizeof(struct ib_uverbs_cmd_hdr) && att_len(q->t, ATTR_OUT, ATT_ROOM) != 0)
		memcpy(buf + head, &response, sizeof(response));
	*addresses = (q->addresses & low) << head / WORD |
		(q->addresses >> RUN_DATA2 / WORD) << (head + in) / WORD;
	return head + in + drv;
}

int
legacy_send(struct run *r, struct req *q)
{
	uint8_t buf[RUN_DATA] __attribute__((aligned(8))) = {0};
	uint64_t addresses, word;
	size_t len = build(r, q, buf, &addresses);
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < q->s->n; i++)
		req_change_bytes(r, q, &q->s->rec[i], buf, sizeof(buf), &len);
	for (i = 0; i < sizeof(buf) / WORD; i++) {
		memcpy(&word, buf + i * WORD, sizeof(word));
		/* answers go to the room that is for them, or nowhere */
		if (word != (uintptr_t)r->out && (i == 1 || (addresses >> i & 1) != 0))
			word = req_no_address(r, word);
		memcpy(buf + i * WORD, &word, sizeof(word));
	}
	if (q->c->fd < 0 || !file_write(q->c->fd, buf, len < sizeof(buf) ? len : sizeof(buf), &ret))
		return -EBADF;
	return ret >= 0 ? 0 : -errno;
}
