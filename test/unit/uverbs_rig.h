/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Raw ioctls on an open device, and the objects that the table of refusals is about.
 */
#ifndef UVERBS_RIG_H
#define UVERBS_RIG_H

#include <infiniband/mlx5dv.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <stdint.h>

#define UV_ROW_ATTRS 10
#define UV_MAILBOX 512

/* What an attribute's data is. */
enum uv_sym {
	S_VALUE, /* as it stands */
	S_OUT, /* room for an answer */
	S_ZERO, /* zeros to read */
	S_ONES, /* bytes of 0xff to read */
	S_BAD, /* an address where nothing is */
	S_MEM, /* the address of memory, as data */
	S_RO, /* the address of read-only memory, as data */
	S_PD, /* handles */
	S_MR,
	S_DEVX, /* a protection domain made through DevX */
	S_DEVX2, /* another one */
	S_UMEM,
	S_UAR,
	S_MATCHER,
	S_MATCHER_TX, /* of a table that is not there */
	S_CHAN, /* descriptors: of an event channel */
	S_CMD_CHAN,
	S_COMP_CHAN,
	S_CQ_DATA, /* driver's data of a CQ, all right */
	S_CQ_NO_UAR, /* or with a mistake: no doorbell page named */
	S_CQ_SIZE, /* entries of another size than there is */
	S_CQ_FLAGS, /* unknown flags */
	S_CQ_COMPRESS, /* compressed entries of 128 bytes */
	S_CQ_COMPRESS_STRIDE, /* with a stride each */
	S_CQ_COMPRESS_FORMAT, /* of two formats at once */
	S_CQ_NOWHERE, /* entries where nothing is */
	S_CQ_UAR, /* a doorbell page that is not there */
	S_FILE, /* of a plain file */
	S_EVENTFD,
	S_BOX, /* a mailbox, of which the value has opcode, vhca_tunnel_id << 32, op_mod << 48 */
	S_SYMS
};

struct uv_att {
	uint16_t id, len;
	enum uv_sym sym;
	uint64_t value;
	uint16_t flags, reserved;
};

struct uv_req {
	uint16_t object, method;
	struct uv_att att[UV_ROW_ATTRS]; /* up to the first with an id of UV_END */
	uint32_t number; /* dword 2 of the mailbox of S_BOX: 0 as it is, else of that symbol */
};
#define UV_END 0xffff

struct uv_rig {
	struct ibv_context *ctx;
	uint64_t sym[S_SYMS];
	uint32_t number[S_SYMS]; /* firmware's number of a DevX object */
	void *mem;
	struct mlx5dv_devx_uar *uar;
	struct ibv_comp_channel *comp;
	uint8_t box[UV_MAILBOX] __attribute__((aligned(8)));
	uint8_t out[4096] __attribute__((aligned(8)));
	union {
		struct ib_uverbs_ioctl_hdr hdr;
		uint8_t raw[sizeof(struct ib_uverbs_ioctl_hdr) +
			UV_ROW_ATTRS * sizeof(struct ib_uverbs_attr)];
	};
};

/* -ENODEV: no device; another error: a valid call was refused, which stderr says. */
int uv_rig_open(struct uv_rig *r);
void uv_rig_close(struct uv_rig *r);

/* The ioctl of a request, in r->hdr, to be changed or sent. */
void uv_build(struct uv_rig *r, const struct uv_req *req);
/* 0 or a negative errno */
int uv_send(struct uv_rig *r, int fd);
/* Both, on the rig's own device. */
int uv_call(struct uv_rig *r, const struct uv_req *req);

#endif /* UVERBS_RIG_H */
