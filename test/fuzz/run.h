/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A program on its way: two open devices, their objects, and memory.
 */
#ifndef RUN_H
#define RUN_H

#include <rdma/rdma_user_ioctl_cmds.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw_rig.h"
#include "nic.h"
#include "prog.h"
#include "tmpl.h"

#define RUN_CTXS 2u
#define RUN_SLOTS 16u /* objects of a class that are remembered */
#define RUN_ATTRS 16u
#define RUN_DATA 256u
#define RUN_DATA2 128u /* in it: where data of the driver begins, beside that of the core */
#define RUN_QUEUES 8u /* virtqueues of a context that have ring memory of their own */

/*
 * Shared memory (a file), the same on both contexts: rings from its start, buffers from MEM_BUFS,
 * queue memory (umems) of each context from MEM_UMEM. MRs of it start at address MEM_IOVA.
 */
#define MEM_BYTES 0x500000u
#define MEM_RING 0x4000u /* of a virtqueue */
#define MEM_BUFS 0x40000u
#define MEM_UMEM 0x200000u
#define MEM_UMEM_BYTES 0x180000u
#define MEM_IOVA 0x10000000u
#define MEM_SMALL 0x10000u /* of each of the other kinds */

enum mem_kind { MEM_SHARED, MEM_PRIVATE, MEM_READONLY, MEM_FILE, MEM_KINDS };

struct slot {
	uint32_t id; /* firmware's number; of keys: index and tag */
	int64_t handle;
	bool live;
	uint16_t index; /* virtqueues */
};

struct run_ctx {
	int fd; /* -1: closed */
	struct nic_func *f;
	uint16_t uid; /* firmware's user context, 0: none */
	struct slot slot[K_CLASSES][RUN_SLOTS];
	unsigned int n[K_CLASSES]; /* made so far: slot n % RUN_SLOTS is the next */
	struct fw_rig rig; /* for fw_build(): numbers of objects, no handles */
	struct mlx5dv_devx_uar uar;
};

struct run {
	uint8_t flags; /* enum prog_flag */
	struct run_ctx ctx[RUN_CTXS];
	uint8_t *mem[MEM_KINDS]; /* NULL: given back */
	uint32_t gone; /* pages of MEM_PRIVATE that were given back, a bit each */
	int shared, file; /* behind MEM_SHARED, MEM_FILE */
	uint8_t *in, *out; /* mailboxes: 64 KiB each, nothing behind them */
	uint8_t *ro; /* a page to read, nothing before and behind it */
	int eventfd;
	unsigned int step;
};

/* A request, before it is sent. */
struct req {
	const struct tmpl *t;
	const struct step *s;
	struct run_ctx *c, *refs; /* whose objects */
	struct slot *subject; /* NULL: none */
	struct fw_box box;
	uint8_t data[RUN_DATA] __attribute__((aligned(8)));
	size_t datalen;
	bool by_write; /* it goes by write() */
	uint32_t addresses; /* words of 8 bytes in 'data' that are addresses to pin, a bit each */
	union {
		struct ib_uverbs_ioctl_hdr hdr;
		uint8_t raw[sizeof(struct ib_uverbs_ioctl_hdr) +
			RUN_ATTRS * sizeof(struct ib_uverbs_attr)];
	};
};

/*
 * The NIC, once for the process: RUN_NIC, and what follows it, is its description. 0 or a negative
 * errno.
 */
#define RUN_NIC "[nic]\nvfs = 2\nwire = loop\nmemlock = 0\nengines = 1\n"
int run_init(const char *description);

/* Open devices and memory. Aborts where a valid call is refused. */
void run_open(struct run *r, uint8_t flags);
/* Close everything, and look that nothing is left. */
void run_close(struct run *r);
/* One step. */
void run_step(struct run *r, const struct step *s);
/* A request as at the control socket; what it answers is not looked at. */
void run_ask(const struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Look for impossible states. */
void run_check(struct run *r);
/* Close a descriptor of a device and open it again; all that it had is gone. */
void run_reopen(struct run *r, unsigned int ctx);
/* GET_CONTEXT was taken: note which firmware user context it made. */
void run_has_context(struct run_ctx *c);

/*
 * Object of a class: 'back' before the last one that is there; NULL: none. stale: one that is gone.
 */
struct slot *run_pick(struct run_ctx *c, enum cls k, unsigned int back, bool stale);
/* Number of such an object, 0: none. */
uint32_t run_id(struct run_ctx *c, enum cls k, unsigned int back, bool stale);

/* host.c: the actions of a step that is no request. */
void host_ring(struct run *r, const struct step *s);
void host_act(struct run *r, const struct step *s);
const char *host_name(bool ring, const struct rec *rec);

/* req.c: build, change and send a request. */
void req_run(struct run *r, const struct step *s);
/* A record's change of bytes: bits of them, or (CHANGE_INLEN) how many there are. */
void req_change_bytes(struct run *r, const struct req *q, const struct rec *rec, uint8_t *p,
	size_t bytes, size_t *len);
/* The value, if it is an address of the program's own memory, or none; else made none. */
uint64_t req_no_address(const struct run *r, uint64_t value);
/* legacy.c: send a command of the write() ABI by write(). 0 or a negative errno. */
int legacy_send(struct run *r, struct req *q);

/* What must not happen. */
void run_fault(const struct run *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif /* RUN_H */
