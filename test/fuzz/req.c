/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A request: built from its template, changed as the step's records say, sent, and what it made
 * remembered.
 */
#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fw.h"
#include "nic_own.h"
#include "run.h"
#include "uverbs/file.h"

#define LEN_MAX 0xffffu

/* ---- building ---- */

/* Which object every field of a valid mailbox names. */
static void
fill_rig(struct run_ctx *c, struct run_ctx *from, unsigned int back)
{
	static const enum cls by[ID_END] = {
		[ID_NONE] = K_NONE,
		[ID_PD] = K_PD,
		[ID_PD2] = K_PD,
		[ID_TD] = K_TD,
		[ID_TIS] = K_TIS,
		[ID_UMEM] = K_UMEM,
		[ID_UMEM_RO] = K_UMEM,
		[ID_UMEM_SMALL] = K_UMEM,
		[ID_CQ] = K_CQ,
		[ID_QP_SW] = K_QP_SW,
		[ID_QP_FW] = K_QP_FW,
		[ID_QP_FW2] = K_QP_FW,
		[ID_QP_TX] = K_QP_FW,
		[ID_QP_RDY] = K_QP_FW,
		[ID_QP_SUSPEND] = K_QP_FW,
		[ID_QP_RST] = K_QP_FW,
		[ID_QP_INIT] = K_QP_FW,
		[ID_QP_PD2] = K_QP_FW,
		[ID_COUNTERS] = K_COUNTERS,
		[ID_VQ_RX] = K_VQ_RX,
		[ID_VQ_TX] = K_VQ_TX,
		[ID_VQ_RDY] = K_VQ_RX,
		[ID_VQ_SUSPEND] = K_VQ_RX,
		[ID_RQT] = K_RQT,
		[ID_TIR] = K_TIR,
		[ID_TIR2] = K_TIR,
		[ID_MKEY] = K_MR,
		[ID_MKEY_PD2] = K_MR,
		[ID_SQ] = K_SQ,
		[ID_SQ_RDY] = K_SQ,
		[ID_SQ_ERR] = K_SQ,
		[ID_RQ] = K_RQ,
		[ID_RQ_RDY] = K_RQ,
		[ID_RQ_ERR] = K_RQ,
		[ID_Q_COUNTER] = K_Q_COUNTER,
		[ID_RQT_RQ] = K_RQT,
		[ID_TIR_RQ] = K_TIR,
	};
	unsigned int i;

	for (i = 0; i < ID_END; i++)
		c->rig.id[i] = by[i] != K_NONE ? run_id(from, by[i], back, false) : 0;
	c->uar.page_id = run_id(from, K_UAR, back, false);
	c->rig.uar = &c->uar;
}

static int64_t
handle_of(struct run_ctx *c, enum cls k, unsigned int back)
{
	const struct slot *s = run_pick(c, k, back, false);

	return s != NULL ? s->handle : 0;
}

static void
build_attr(struct run *r, struct req *q, const struct att *t, struct ib_uverbs_attr *a)
{
	unsigned int back = q->s->flags & STEP_OLDER ? 1 : 0;

	*a = (struct ib_uverbs_attr){
		.attr_id = t->id, .len = t->len, .flags = UVERBS_ATTR_F_MANDATORY};
	switch (t->kind) {
	case ATT_VALUE:
	case ATT_ADDRESS:
		a->data = t->value;
		break;
	case ATT_SUBJECT:
		a->data_s64 = q->subject != NULL ? q->subject->handle : 0;
		break;
	case ATT_REF:
		a->data_s64 = handle_of(q->refs, (enum cls)t->value, back);
		break;
	case ATT_IN:
		a->data = (uintptr_t)r->in;
		break;
	case ATT_OUT:
		a->data = (uintptr_t)r->out;
		a->flags = 0;
		break;
	case ATT_DATA:
		q->datalen = t->value + t->len;
		a->data = (uintptr_t)r->in;
		break;
	case ATT_ROOM:
		a->data = (uintptr_t)r->out + t->value;
		a->flags = 0;
		break;
	default:
		break;
	}
}

static void
build(struct run *r, struct req *q)
{
	const struct tmpl *t = q->t;
	unsigned int n;

	fill_rig(q->c, q->refs, q->s->flags & STEP_OLDER ? 1 : 0);
	for (n = 0; n < TMPL_ATTRS && t->att[n].kind != ATT_END; n++)
		build_attr(r, q, &t->att[n], &q->hdr.attrs[n]);
	q->hdr.num_attrs = (uint16_t)n;
	q->hdr.object_id = t->object;
	q->hdr.method_id = t->method;
	q->hdr.driver_id = RDMA_DRIVER_MLX5;
	if (t->fill != NULL)
		t->fill(r, q);
	if (t->subject != K_NONE && q->box.inlen != 0 && q->subject != NULL)
		/* of keys the index, of all others the number */
		DEVX_SET(general_obj_in_cmd_hdr, q->box.in, obj_id,
			t->subject == K_MKEY ? q->subject->id >> 8 : q->subject->id);
}

/* ---- changing ---- */

static uint64_t
get_bits(const uint8_t *p, unsigned int pos, unsigned int width)
{
	uint64_t v = 0;

	for (; width > 0; width--, pos++)
		v = v << 1 | (p[pos / 8] >> (7 - pos % 8) & 1);
	return v;
}

static void
set_bits(uint8_t *p, unsigned int pos, unsigned int width, uint64_t v)
{
	for (pos += width; width > 0; width--, v >>= 1) {
		pos--;
		p[pos / 8] =
			(uint8_t)((p[pos / 8] & ~(1u << (7 - pos % 8))) | (v & 1) << (7 - pos % 8));
	}
}

/* value: class, then how many before the last, then 0x100: of the other context, 0x200: gone. */
static uint64_t
any_id(struct run *r, const struct req *q, uint64_t value)
{
	unsigned int ctx = (unsigned int)(q->c - r->ctx) ^ (value >> 8 & 1);

	return run_id(
		&r->ctx[ctx], (enum cls)(value % K_CLASSES), value >> 16 & 7, (value & 0x200) != 0);
}

static void
change_bits(struct run *r, const struct req *q, const struct rec *rec, uint8_t *p, size_t bytes)
{
	unsigned int width = rec->a % 64 + 1, pos;

	if (bytes * 8 < width)
		return;
	pos = rec->pos % (unsigned int)(bytes * 8 - width + 1);
	switch (rec->what % CHANGE_KINDS) {
	case CHANGE_ADD:
		set_bits(p, pos, width, get_bits(p, pos, width) + rec->value);
		break;
	case CHANGE_ID:
		set_bits(p, pos, width, any_id(r, q, rec->value));
		break;
	default:
		set_bits(p, pos, width, rec->value);
	}
}

static size_t
change_len(size_t len, const struct rec *rec)
{
	return (rec->a & 1 ? len + rec->value : rec->value) & LEN_MAX;
}

/*
 * Where nothing is, or not all that is asked for. Not at an address that somebody else in the
 * process may have: what is random here must not be random elsewhere.
 */
static uint64_t
bad_pointer(const struct run *r, uint64_t value)
{
	switch (value % 8) {
	case 0:
		return 0;
	case 1:
		return 0x1000; /* below vm.mmap_min_addr */
	case 2:
		return (uintptr_t)r->in + LEN_MAX + 1 - (value >> 8) % 64; /* ends too soon */
	case 3:
		return (uintptr_t)r->ro; /* can't be written */
	case 4:
		return UINT64_MAX - (value >> 8) % 64;
	case 5:
		return 1ull << 63 | value; /* not a user's */
	case 6:
		return (uintptr_t)r->out + LEN_MAX + 1 - (value >> 8) % 64;
	default:
		return (uintptr_t)r->in + LEN_MAX + 1;
	}
}

/* Values that a random number can't be: addresses of this process. */
static uint64_t
no_address(uint64_t value)
{
	return value >= 0x10000 && value < 1ull << 47 ? value | 1ull << 63 : value;
}

static void
change_attr(struct run *r, struct req *q, const struct rec *rec)
{
	unsigned int n = q->hdr.num_attrs, i = n > 0 ? rec->a % 16 % n : 0;
	struct ib_uverbs_attr *a = &q->hdr.attrs[i];
	bool is_data = i < TMPL_ATTRS &&
		(q->t->att[i].kind == ATT_VALUE || q->t->att[i].kind == ATT_SUBJECT ||
			q->t->att[i].kind == ATT_REF);

	if (n == 0)
		return;
	switch ((enum attr_part)(rec->a / 16 % PART_KINDS)) {
	case PART_LEN:
		a->len = (uint16_t)rec->value;
		break;
	case PART_FLAGS:
		a->flags = (uint16_t)rec->value;
		break;
	case PART_RESERVED:
		a->attr_data.reserved = (uint16_t)rec->value;
		break;
	case PART_ID:
		a->attr_id = (uint16_t)rec->value;
		break;
	case PART_DATA:
		a->data =
			is_data && a->len <= sizeof(a->data) ? rec->value : no_address(rec->value);
		break;
	case PART_DROP:
		memmove(a, a + 1, (n - i - 1) * sizeof(*a));
		q->hdr.num_attrs--;
		break;
	case PART_TWICE:
		if (n < RUN_ATTRS)
			q->hdr.attrs[q->hdr.num_attrs++] = *a;
		break;
	default:
		a->data = bad_pointer(r, rec->value);
	}
}

static void
change_hdr(struct req *q, const struct rec *rec)
{
	switch (rec->a % 7) {
	case 0:
		q->hdr.length = (uint16_t)rec->value;
		break;
	case 1:
		/* no more than there are: the rest of the structure is not the caller's */
		q->hdr.num_attrs = (uint16_t)(rec->value % (RUN_ATTRS + 1));
		break;
	case 2:
		q->hdr.object_id = (uint16_t)rec->value;
		break;
	case 3:
		q->hdr.method_id = (uint16_t)rec->value;
		break;
	case 4:
		q->hdr.driver_id = (uint32_t)rec->value;
		break;
	case 5:
		q->hdr.reserved1 = rec->value;
		break;
	default:
		q->hdr.reserved2 = (uint32_t)rec->value;
	}
}

static void
change(struct run *r, struct req *q, const struct rec *rec)
{
	switch ((enum change)(rec->what % CHANGE_KINDS)) {
	case CHANGE_BITS:
	case CHANGE_ADD:
	case CHANGE_ID:
		if (q->box.inlen != 0)
			change_bits(r, q, rec, q->box.in, sizeof(q->box.in));
		else
			change_bits(r, q, rec, q->data, q->datalen);
		break;
	case CHANGE_INLEN:
		q->box.inlen = change_len(q->box.inlen, rec);
		break;
	case CHANGE_OUTLEN:
		q->box.outlen = change_len(q->box.outlen, rec);
		break;
	case CHANGE_ATTR:
		change_attr(r, q, rec);
		break;
	case CHANGE_HDR:
		change_hdr(q, rec);
		break;
	default:
		change_bits(r, q, rec, q->data, q->datalen);
	}
}

void
req_change_bytes(struct run *r, const struct req *q, const struct rec *rec, uint8_t *p,
	size_t bytes, size_t *len)
{
	if (rec->what % CHANGE_KINDS == CHANGE_INLEN)
		*len = change_len(*len, rec);
	else
		change_bits(r, q, rec, p, bytes);
}

/* ---- sending ---- */

static bool
is_memory(const struct run *r, uint64_t addr)
{
	static const size_t size[MEM_KINDS] = {MEM_BYTES, MEM_SMALL, MEM_SMALL, MEM_SMALL};
	unsigned int i;

	for (i = 0; i < MEM_KINDS; i++) {
		if (r->mem[i] != NULL && addr - (uintptr_t)r->mem[i] < size[i])
			return true;
	}
	return false;
}

uint64_t
req_no_address(const struct run *r, uint64_t value)
{
	return is_memory(r, value) ? value : no_address(value);
}

/*
 * What is registered may be changed by the records, but only to memory of the program, or none at
 * all: the NIC writes there.
 */
static void
keep_to_memory(const struct run *r, struct req *q)
{
	uint64_t start;
	unsigned int i;

	for (i = 0; i < RUN_DATA / sizeof(start); i++) {
		if ((q->addresses & 1u << i) == 0)
			continue;
		memcpy(&start, q->data + i * sizeof(start), sizeof(start));
		start = req_no_address(r, start);
		memcpy(q->data + i * sizeof(start), &start, sizeof(start));
	}
	for (i = 0; i < q->hdr.num_attrs; i++) {
		struct ib_uverbs_attr *a = &q->hdr.attrs[i];

		if (a->attr_id == MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR && a->len == sizeof(a->data) &&
			!is_memory(r, a->data) && q->hdr.object_id == MLX5_IB_OBJECT_DEVX_UMEM)
			a->data = no_address(a->data);
	}
}

/* Input goes to the end of its memory, so that whoever reads beyond it gets an error. */
static uint8_t *
place(struct run *r, const uint8_t *from, size_t room, size_t len)
{
	uint8_t *at = r->in + LEN_MAX + 1 - len;

	memset(at, 0, len);
	memcpy(at, from, len < room ? len : room);
	return at;
}

/* Lengths and addresses of what was not changed by hand. Input of at most 8 bytes is the data. */
static void
place_attr(struct run *r, struct req *q, const struct att *t, struct ib_uverbs_attr *a)
{
	bool box = t->kind == ATT_IN;
	const uint8_t *from;

	if (t->kind == ATT_OUT && a->len == 0)
		a->len = (uint16_t)q->box.outlen;
	if (box && a->len == 0)
		a->len = (uint16_t)q->box.inlen;
	if (!box && t->kind != ATT_DATA)
		return;
	from = box ? q->box.in : q->data + t->value;
	if (a->len <= sizeof(a->data))
		memcpy(&a->data, from, sizeof(a->data));
	else if (a->data == (uintptr_t)r->in && (box || t->value == 0))
		a->data = (uintptr_t)place(
			r, from, box ? sizeof(q->box.in) : sizeof(q->data), a->len);
	else if (a->data == (uintptr_t)r->in)
		/* a second one: to the start, with room behind it */
		memcpy(r->in, from, sizeof(q->data) - t->value);
}

static void
place_attrs(struct run *r, struct req *q)
{
	unsigned int i, k;

	for (i = 0; i < q->hdr.num_attrs; i++) {
		for (k = 0; k < TMPL_ATTRS && q->t->att[k].kind != ATT_END; k++) {
			if (q->t->att[k].id == q->hdr.attrs[i].attr_id)
				place_attr(r, q, &q->t->att[k], &q->hdr.attrs[i]);
		}
	}
}

/* By the kernel's entry: 0 or a negative errno. */
static int
send_ioctl(struct run *r, struct req *q)
{
	int ret;

	keep_to_memory(r, q);
	place_attrs(r, q);
	if (q->hdr.length == 0)
		q->hdr.length = (uint16_t)(sizeof(q->hdr) +
			q->hdr.num_attrs * sizeof(struct ib_uverbs_attr));
	memset(r->out, 0xa5, 512);
	if (q->c->fd < 0)
		return -EBADF;
	if (!file_ioctl(q->c->fd, &q->hdr, &ret))
		run_fault(r, "the device does not know its descriptor");
	return ret == 0 ? 0 : -errno;
}

/* By the firmware's entry, in the name of the context. */
static int
send_mailbox(struct run *r, struct req *q)
{
	uint32_t inlen = (uint32_t)q->box.inlen, outlen = (uint32_t)q->box.outlen;
	/* of just these sizes: a sanitizer sees who reads or writes beyond */
	uint8_t *in = calloc(1, inlen + 1), *out = calloc(1, outlen + 1);
	int ret = -EINVAL;

	if (in == NULL || out == NULL || inlen < DEVX_ST_SZ_BYTES(mbox_in))
		goto out;
	memcpy(in, q->box.in, inlen < sizeof(q->box.in) ? inlen : sizeof(q->box.in));
	DEVX_SET(mbox_in, in, uid, q->c->uid);
	ret = fw_exec(q->c->f, in, inlen, out, outlen);
	memcpy(r->out, out, outlen);
	if (ret == 0 && DEVX_GET(mbox_out, out, status) != MLX5_CMD_STAT_OK)
		ret = -EREMOTEIO;
out:
	free(out);
	free(in);
	return ret;
}

/* ---- what came of it ---- */

static uint32_t
made_id(const struct run *r, const struct req *q)
{
	uint32_t id;

	switch (q->t->makes) {
	case K_MR:
		memcpy(&id, r->out + offsetof(struct ib_uverbs_reg_mr_resp, lkey), sizeof(id));
		return id;
	case K_PD:
		if (q->box.inlen == 0) {
			/* the driver's part of the answer */
			memcpy(&id,
				r->out +
					(q->by_write ? sizeof(struct ib_uverbs_alloc_pd_resp) : 64),
				sizeof(id));
			return id;
		}
		return DEVX_GET(general_obj_out_cmd_hdr, r->out, obj_id);
	case K_UMEM:
	case K_UAR:
	case K_VAR:
	case K_VCQ:
		memcpy(&id, r->out, sizeof(id));
		return id;
	case K_MKEY:
		return DEVX_GET(general_obj_out_cmd_hdr, r->out, obj_id) << 8 |
			DEVX_GET(create_mkey_in, q->box.in, memory_key_mkey_entry.mkey_7_0);
	default:
		return q->box.inlen != 0 ? DEVX_GET(general_obj_out_cmd_hdr, r->out, obj_id) : 0;
	}
}

static void
remember(struct run *r, struct req *q, bool direct)
{
	enum cls k = q->t->makes;
	struct slot *s = &q->c->slot[k][q->c->n[k]++ % RUN_SLOTS];
	uint32_t handle;

	*s = (struct slot){.live = true, .id = made_id(r, q)};
	if (k == K_VQ_RX || k == K_VQ_TX)
		s->index = (uint16_t)DEVX_GET(
			create_virtq_in, q->box.in, virtq.virtio_q_context.queue_index);
	if (direct)
		return;
	/* a verb's handle is in the answer, all others' in the first attribute */
	memcpy(&handle, r->out, sizeof(handle));
	if (q->t->object == UVERBS_OBJECT_DEVICE)
		s->handle = handle;
	else
		s->handle = q->hdr.attrs[0].data_s64;
}

void
req_run(struct run *r, const struct step *s)
{
	const struct tmpl *t = &tmpls[s->tmpl - TMPL_FIRST];
	unsigned int ctx = s->flags & STEP_CTX ? 1 : 0;
	struct req q = {.t = t, .s = s, .c = &r->ctx[ctx], .refs = &r->ctx[ctx]};
	bool direct = (r->flags & PROG_DIRECT) != 0 && q.c->uid != 0;
	unsigned int i;
	int ret;

	if (s->flags & STEP_OTHER)
		q.refs = &r->ctx[ctx ^ 1];
	if (t->subject != K_NONE)
		q.subject = run_pick(q.refs, t->subject, (s->flags & STEP_SUBJECT) >> 1,
			(s->flags & STEP_STALE) != 0);
	q.by_write = (s->flags & STEP_WRITE) != 0 && t->object == UVERBS_OBJECT_DEVICE &&
		t->method == UVERBS_METHOD_INVOKE_WRITE;
	build(r, &q);
	direct = direct && q.box.inlen != 0;
	for (i = 0; i < s->n && !q.by_write; i++)
		change(r, &q, &s->rec[i]);
	if (q.by_write)
		ret = legacy_send(r, &q);
	else
		ret = direct ? send_mailbox(r, &q) : send_ioctl(r, &q);
	if (nic_verbose() && ret != 0)
		fprintf(stderr, "  %u: %s: %s\n", r->step, t->name, strerror(-ret));
	if (ret != 0)
		return;
	if (t->object == UVERBS_OBJECT_DEVICE && t->method == UVERBS_METHOD_GET_CONTEXT)
		run_has_context(q.c);
	if (t->makes != K_NONE)
		remember(r, &q, direct);
	/* by the changes it may have been another's end: then that is found out when it is used */
	if (t->destroys && q.subject != NULL)
		q.subject->live = false;
}
