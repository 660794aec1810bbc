/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Inside of the kernel's side: an open device (context), its handles (objects) and one ioctl in
 * progress (call). Facts are from Linux 6.12: drivers/infiniband/core/uverbs_ioctl.c, rdma_core.c,
 * hw/mlx5.
 *
 * One lock, uv_lock(), guards all contexts and objects; every function here is called with it held
 * unless it says otherwise. Where a command is executed or memory pinned and that takes time
 * (timing.h), others have the lock meanwhile; what a call uses stays, by counts of users in
 * contexts, objects and channels. Event channels have a lock of their own (event.c), which engines
 * take, and which is taken after this one.
 */
#ifndef NICEMU_UV_H
#define NICEMU_UV_H

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <sys/queue.h>

#include "../nic.h"

#define UV_ANY_OBJECT 0xffff /* an attribute takes a handle of any type */
#define UV_MAX_ATTRS 32 /* more than any method has */

struct timing_pages;
struct uv_chan;

/* A handle. What it stands for, by type: */
struct uv_obj {
	TAILQ_ENTRY(uv_obj) next;
	struct uv_ctx *ctx;
	uint16_t type; /* UVERBS_OBJECT_*, MLX5_IB_OBJECT_* */
	uint32_t handle;
	unsigned int users; /* objects that need this one */
	bool gone; /* what it stood for was destroyed with its context */
	int in_calls; /* calls that use it; -1: one changes or destroys it (ib_uobject.usecnt) */
	union {
		struct {
			uint32_t pdn;
		} pd;
		struct {
			uint32_t lkey, access;
			bool writable; /* the pages; access may be less */
			uint64_t iova, len, pinned;
			struct uv_obj *pd;
		} mr;
		struct {
			uint32_t cqn, cqe; /* cqe: entries, less one */
			uint64_t entries_pinned, record_pinned;
		} cq;
		/* id: (object type << 16 | opcode of its creation) << 32 | number, as devx.c
		 * get_enc_obj_id() */
		struct {
			uint64_t id;
			uint8_t destroy[16];
		} devx;
		struct {
			uint32_t id;
			uint64_t pinned;
		} umem;
		struct {
			uint32_t page_id;
			uint64_t offset;
			uint32_t len;
		} page; /* UAR, VAR */
		struct {
			uint32_t id;
			uint16_t priority;
			uint8_t flow_type;
			bool rx;
		} matcher;
		struct {
			uint32_t id;
			struct uv_obj *matcher;
		} flow;
	};
};
TAILQ_HEAD(uv_obj_list, uv_obj);

/* An open device: ib_uverbs_file and, after GET_CONTEXT, mlx5_ib_ucontext. */
struct uv_ctx {
	LIST_ENTRY(uv_ctx) next;
	struct nic_func *func;
	uint32_t number; /* byte of the BAR file that its descriptor has locked (file.c) */
	unsigned int waits; /* of its calls: time passes for so many; then it is not freed */
	bool closed; /* nobody has it open; the last of these calls is to free it */
	bool has_ucontext, gets_ucontext;
	bool gone; /* the driver was taken off it: disassociated */
	uint16_t uid; /* firmware's user context, 0: none was asked for */
	struct {
		uint32_t comp, async;
	} read; /* of the CQ that was destroyed last: its events that were read */
	uint32_t tdn; /* transport domain of the context */
	uint32_t next_handle;
	struct uv_obj_list objs; /* newest first: the order of a forced clean-up */
};

enum uv_attr_type { UV_PTR_IN, UV_PTR_OUT, UV_ENUM_IN, UV_IDR, UV_FD, UV_RAW_FD, UV_IDR_ARRAY };
enum uv_access { UV_READ, UV_NEW, UV_DESTROY };

struct uv_attr_spec {
	uint16_t id;
	enum uv_attr_type type;
	bool mandatory;
	bool zero_trailing; /* an output that is longer than the answer is zeroed beyond */
	uint16_t min, max; /* bytes (of an enum: of its element); of an array: handles */
	uint16_t obj_type; /* of a handle or descriptor */
	enum uv_access access;
	uint8_t n_elems; /* of an enum; only element 0 has data */
};

/* Rows of a method's table: input, output, handle, descriptor; _OPT: may be missing. */
/* clang-format off */
#define UV_IN_OPT(i, lo, hi) {.id = i, .type = UV_PTR_IN, .min = lo, .max = hi}
#define UV_IN(i, lo, hi) {.id = i, .type = UV_PTR_IN, .mandatory = true, .min = lo, .max = hi}
#define UV_OUT_OPT(i, lo, hi) {.id = i, .type = UV_PTR_OUT, .min = lo, .max = hi}
#define UV_OUT(i, lo, hi) {.id = i, .type = UV_PTR_OUT, .mandatory = true, .min = lo, .max = hi}
#define UV_OUT_STRUCT(i, lo, hi) \
	{.id = i, .type = UV_PTR_OUT, .mandatory = true, .zero_trailing = true, \
		.min = lo, .max = hi}
#define UV_ENUM(i, n, lo, hi) \
	{.id = i, .type = UV_ENUM_IN, .mandatory = true, .n_elems = n, .min = lo, .max = hi}
#define UV_OBJ_OPT(i, t) {.id = i, .type = UV_IDR, .obj_type = t}
#define UV_OBJ(i, t, how) {.id = i, .type = UV_IDR, .mandatory = true, .obj_type = t, .access = how}
#define UV_OBJS_OPT(i, t, lo, hi) \
	{.id = i, .type = UV_IDR_ARRAY, .obj_type = t, .min = lo, .max = hi}
#define UV_CHAN(i, t, how) {.id = i, .type = UV_FD, .mandatory = true, .obj_type = t, .access = how}
#define UV_CHAN_OPT(i, t) {.id = i, .type = UV_FD, .obj_type = t}
#define UV_FD_OPT(i) {.id = i, .type = UV_RAW_FD}
#define UV_METHOD(object, method, attrs, handler) \
	{object, method, attrs, sizeof(attrs) / sizeof(attrs[0]), false, handler}
#define UV_METHOD_UHW(object, method, attrs, handler) \
	{object, method, attrs, sizeof(attrs) / sizeof(attrs[0]), true, handler}
/* clang-format on */

struct uv_call;
struct uv_method_spec {
	uint16_t object, method;
	const struct uv_attr_spec *attrs;
	uint8_t n_attrs;
	bool has_uhw; /* takes driver data: UVERBS_ATTR_UHW_IN and _OUT */
	int (*handler)(struct uv_call *call); /* 0 or a negative errno */
};

/* A table of methods, one per source file. */
struct uv_methods {
	const struct uv_method_spec *m;
	unsigned int n;
};
extern const struct uv_methods uv_device_methods, uv_mr_methods, uv_devx_methods, uv_umem_methods,
	uv_page_methods, uv_flow_methods, uv_event_methods, uv_cq_methods;

/* An attribute that the caller gave. */
struct uv_attr {
	const struct uv_attr_spec *spec;
	struct ib_uverbs_attr *user; /* in the caller's memory */
	struct ib_uverbs_attr in; /* our copy of it */
	struct uv_obj *obj; /* of a handle, found or new */
	struct uv_chan *chan; /* of a descriptor, found */
};

struct uv_call {
	struct uv_ctx *ctx;
	const struct uv_method_spec *method;
	unsigned int index; /* its name, method.h; of INVOKE_WRITE that of its command */
	struct uv_attr attrs[UV_MAX_ATTRS];
	unsigned int n_attrs;
	struct uv_obj *used[UV_MAX_ATTRS]; /* uv_obj_use() */
	unsigned int n_used;
};

/*
 * lock.c. uv_caller_set(): the context of the thread's call, which stays as long as the call waits;
 * NULL: it is in none.
 */
void uv_lock(void);
void uv_unlock(void);
void uv_caller_set(struct uv_ctx *ctx);
/*
 * Something of a context is under way outside of its calls: the context stays, as it does for a
 * call that waits. After uv_arrived(): uv_ctx_reap().
 */
void uv_under_way(struct uv_ctx *ctx);
void uv_arrived(struct uv_ctx *ctx);
/* Does any call wait? uv_waits_over(): until none about this function (NULL: any) does; others have
 * the lock meanwhile. */
bool uv_is_waiting(void);
void uv_waits_over(const struct nic_func *f);
void uv_lock_forget(void); /* in a forked child, in which no call waits */

/* file.c: a context whose descriptor was closed under a call or a query goes with the last of them.
 */
void uv_ctx_reap(const struct uv_ctx *ctx);

/* ioctl.c: RDMA_VERBS_IOCTL on a context. Returns 0 or a negative errno. */
int uv_ioctl(struct uv_ctx *ctx, void *arg);

/* call_trace.c: around a call, its line in the trace of the NIC. Nothing without a trace. */
struct uv_call_clock {
	uint64_t began;
	int64_t pinned;
};
/* A line of what the kernel does with pages, in a call or at the end of a context. */
void uv_trace_pages(
	const struct uv_ctx *ctx, const struct timing_pages *p, uint64_t bytes, bool unpin);
void uv_trace_begin(const struct uv_ctx *ctx, struct uv_call_clock *clock);
void uv_trace_end(const struct uv_call *call, const struct uv_call_clock *clock, int ret);
/*
 * call.c: before a call does anything, 0 or the negative errno by which it fails on demand; and
 * after it. METHOD_INVOKE_WRITE begins when its command is known.
 */
int uv_call_begin(struct uv_call *call);
void uv_call_end(const struct uv_call *call, int ret);

/*
 * life.c: a context whose device was taken away does nothing any more (-EIO) but destroy the
 * handles of the core's own types. 0, or -EIO.
 */
int uv_gone_check(const struct uv_call *call);

/* copy.c: the caller's memory; 0 or -EFAULT when it isn't there. */
int uv_copy_in(void *dst, uint64_t user, size_t len);
int uv_copy_out(uint64_t user, const void *src, size_t len);

/*
 * attr.c: attributes of a call, by id. uv_attr() is NULL when it was not given.
 * uv_get(): exactly len bytes of input, -ENOENT without the attribute, -EINVAL when it is longer.
 * uv_get_const(): a number that must lie below or at max, else -EINVAL.
 * uv_get_flags(): bits out of 'allowed', 0 without the attribute.
 * uv_get_buf(): a copy of the whole input, to be freed.
 * uv_get_uhw(): the driver's input, up to len bytes of it and zeros beyond; -EINVAL: less than min.
 * uv_put(): the output, cut to what the caller has room for (and zeroed beyond, for a struct);
 * -ENOENT without it. uv_put_optional(): the same, 0 without it.
 */
struct uv_attr *uv_attr(struct uv_call *call, uint16_t id);
size_t uv_attr_len(struct uv_call *call, uint16_t id);
int uv_get(struct uv_call *call, uint16_t id, void *dst, size_t len);
int uv_get_const(struct uv_call *call, uint16_t id, uint64_t max, uint64_t *v);
int uv_get_flags(struct uv_call *call, uint16_t id, uint64_t allowed, uint64_t *v);
int uv_get_buf(struct uv_call *call, uint16_t id, void **buf, size_t *len);
int uv_get_uhw(struct uv_call *call, void *dst, size_t len, size_t min);
int uv_put(struct uv_call *call, uint16_t id, const void *src, size_t len);
int uv_put_optional(struct uv_call *call, uint16_t id, const void *src, size_t len);
/* The handle's object; NULL when the attribute was not given. */
struct uv_obj *uv_attr_obj(struct uv_call *call, uint16_t id);

/* obj.c: handles. uv_obj_new() gives a handle that no one can find before uv_obj_commit(). */
struct uv_obj *uv_obj_new(struct uv_ctx *ctx, uint16_t type);
void uv_obj_commit(struct uv_obj *o);
void uv_obj_abort(struct uv_obj *o);
/* 0; -ENOENT: no such handle, -EINVAL: of another type, -EBUSY: another call destroys it */
int uv_obj_find(struct uv_ctx *ctx, uint16_t type, int64_t handle, struct uv_obj **o);
/*
 * The same for as long as the call lasts: nobody destroys it, and if it is 'alone' nobody uses it.
 * -EBUSY: a call does. uv_obj_unuse(): the end of the call.
 */
int uv_obj_use(struct uv_call *call, uint16_t type, int64_t handle, bool alone, struct uv_obj **o);
void uv_obj_unuse(struct uv_call *call);
/* Bytes that it has pinned now. */
uint64_t uv_obj_pinned(const struct uv_obj *o);
/* Destroy what it stands for, and the handle. On an error nothing has changed. */
int uv_obj_destroy(struct uv_obj *o);
/*
 * All of a context, newest first, as often as one more goes; what is left goes by force. keep: the
 * handles stay, for a user who has yet to destroy them.
 */
void uv_obj_destroy_all(struct uv_ctx *ctx, bool keep);

/* Clean-up of each type: 0, or a negative errno and it lives on. */
int uv_pd_destroy(struct uv_obj *o);
int uv_mr_destroy(struct uv_obj *o);
int uv_devx_destroy(struct uv_obj *o);
int uv_cq_destroy(struct uv_obj *o);
int uv_umem_destroy(struct uv_obj *o);
int uv_uar_destroy(struct uv_obj *o);
int uv_var_destroy(struct uv_obj *o);
int uv_matcher_destroy(struct uv_obj *o);
int uv_flow_destroy(struct uv_obj *o);

/* cq.c: RESIZE_CQ of the write() ABI; *cqe: entries, less one. */
struct ib_uverbs_resize_cq;
int uv_cq_resize(struct uv_call *call, const struct ib_uverbs_resize_cq *cmd, uint32_t *cqe);

/*
 * check.c: the handles of a context against the firmware's objects. How many faults were found; the
 * first in words is in 'why'. Adds what the handles have pinned to *pinned.
 */
unsigned int uv_check(const struct uv_ctx *ctx, uint64_t *pinned, char *why, size_t len);

/* context.c: what GET_CONTEXT makes. */
int uv_ucontext_create(struct uv_call *call);
void uv_ucontext_destroy(struct uv_ctx *ctx);

/* query.c: QUERY_DEVICE of the legacy commands, plain and extended. */
struct ib_uverbs_ex_query_device_resp;
void uv_query_device(const struct nic_func *f, struct ib_uverbs_ex_query_device_resp *r);
/* Into what the driver answers with, else zero. */
struct mlx5_ib_query_device_resp;
void uv_query_driver(const struct nic_func *f, struct mlx5_ib_query_device_resp *r);
struct ib_uverbs_query_port_resp_ex;
int uv_query_port(const struct nic_func *f, uint32_t port, struct ib_uverbs_query_port_resp_ex *r);

/*
 * write.c: a command of the write() ABI, as INVOKE_WRITE carries it; and how long it is at least,
 * -EINVAL or -EOPNOTSUPP when there is none of this number.
 */
int uv_invoke_write(struct uv_call *call);
struct uv_write_sizes {
	size_t req, resp;
	bool has_driver_data;
};
int uv_write_find(uint32_t command, struct uv_write_sizes *s);

/* legacy.c: write() on a device. 0 or a negative errno. */
int uv_write(struct uv_ctx *ctx, const void *buf, size_t count);

/*
 * pin.c: pinning as ib_umem_get() does it, within RLIMIT_MEMLOCK. 'pinned' is what counts towards
 * the limit. Both may take time. uv_pinned_here(): what this thread has pinned, less what it has
 * given back, ever.
 */
int uv_pin(const struct uv_ctx *ctx, uint64_t va, uint64_t len, bool writable, struct mem_pin **pin,
	uint64_t *pinned);
void uv_unpinned(const struct uv_ctx *ctx, uint64_t pinned);
uint64_t uv_pinned(void);
int64_t uv_pinned_here(void);
void uv_pinned_forget(void); /* in a forked child, which has pinned nothing */
struct ib_uverbs_reg_mr;
struct ib_uverbs_reg_mr_resp;
int uv_reg_mr(struct uv_call *call, const struct ib_uverbs_reg_mr *cmd,
	struct ib_uverbs_reg_mr_resp *resp);
struct ib_uverbs_rereg_mr;
struct ib_uverbs_rereg_mr_resp;
int uv_rereg_mr(struct uv_call *call, const struct ib_uverbs_rereg_mr *cmd,
	struct ib_uverbs_rereg_mr_resp *resp);
int uv_alloc_pd(struct uv_ctx *ctx, uint32_t *handle, uint32_t *pdn);
/* ib_check_mr_access(): 0, -EINVAL or -EOPNOTSUPP */
int uv_check_access(uint32_t access);

/* cmd.c: a mailbox to the firmware. -EREMOTEIO: it was refused, and 'out' says how. */
int uv_exec(struct uv_ctx *ctx, void *in, size_t inlen, void *out, size_t outlen);
/* The same for a command of the kernel's own: a refusal is the errno that the kernel makes of it.
 */
int uv_exec_kernel(struct uv_ctx *ctx, void *in, size_t inlen, void *out, size_t outlen);

/*
 * leak.c: report the handles that a context has, if that is wanted. when: "when it was closed".
 */
void uv_leaks_report(const struct uv_ctx *ctx, const char *when);

/* file.c: each open device of a function, under uv_lock(). */
void uv_ctx_each(const struct nic_func *f, void (*fn)(struct uv_ctx *ctx));

/* priv.c: does the process have this capability (CAP_*) now? */
bool uv_capable(unsigned int cap);

/*
 * async.c: a query whose answer comes through a channel of commands. hdr: with the user's number,
 * room for the answer, and reserved in the channel; taken over, as is 'in'. 0 or a negative errno.
 */
struct mlx5_ib_uapi_devx_async_cmd_hdr;
int uv_async_query(struct uv_ctx *ctx, struct uv_chan *chan, void *in, size_t inlen,
	struct mlx5_ib_uapi_devx_async_cmd_hdr *hdr, size_t outlen);
void uv_async_forget(void); /* in a forked child, which has no such threads */

/*
 * chan.c, event.c: channels. None needs uv_lock().
 *
 * uv_chan_create(): 'fd' is the user's. uv_chan_use(): the channel of this context behind a
 * descriptor, which stays up to uv_chan_unuse(); NULL: none. uv_chan_async(): its first channel of
 * asynchronous events, NULL: none (ib_uverbs_file.default_async_file). uv_chan_send(): 0 or
 * -ENOMEM. uv_chan_read(): read() of an application: true when the descriptor is a channel's; then
 * *ret is its result, and errno is set.
 */
enum uv_chan_kind { UV_CHAN_DEVX, UV_CHAN_CMD, UV_CHAN_ASYNC, UV_CHAN_COMP };
#define UV_ASYNC_CQ_ERR 0 /* IB_EVENT_CQ_ERR */
struct uv_chan *uv_chan_create(struct uv_ctx *ctx, enum uv_chan_kind kind, bool omit_data, int *fd);
struct uv_chan *uv_chan_use(const struct uv_ctx *ctx, int fd, enum uv_chan_kind kind);
void uv_chan_hold(struct uv_chan *chan); /* once more */
void uv_chan_unuse(struct uv_chan *chan);
struct uv_chan *uv_chan_async(const struct uv_ctx *ctx);
int uv_chan_send(struct uv_chan *chan, const void *msg, size_t len);
bool uv_chan_read(int fd, void *buf, size_t len, ssize_t *ret);
bool uv_chan_closed(int fd); /* a descriptor was closed: was it a channel's? */
void uv_chan_reap(void); /* let go of channels whose last descriptor is closed */
/* One last event for its channels of asynchronous events. */
void uv_chan_last(const struct uv_ctx *ctx, unsigned int event);
void uv_chan_ctx_gone(const struct uv_ctx *ctx);

/*
 * Answers that wait in a channel of commands have a limit (devx.c MAX_ASYNC_BYTES_IN_USE), without
 * their heads. uv_chan_reserve(): 0, or -EAGAIN when it would be passed; a read gives back.
 */
#define UV_CHAN_CMD_BYTES (1024u * 1024u)
#define UV_CHAN_CMD_HEAD 8u /* struct mlx5_ib_uapi_devx_async_cmd_hdr */
int uv_chan_reserve(struct uv_chan *chan, size_t len);
void uv_chan_unreserve(struct uv_chan *chan, size_t len);

/*
 * Subscribe a channel to an event of an object, NIC_OBJ_TYPES: of the function. What comes depends
 * on the channel: cookie and EQE, the cookie alone, or an event of verbs with the cookie as its
 * handle. 0 or -ENOMEM.
 * uv_sub_new(), uv_sub_add(): the same in two steps, so that several can be made of which all or
 * none are added: uv_sub_drop() is for one that was not. eventfd: the subscription's own from now
 * on, -1: none. NULL: no memory, and the eventfd is still the caller's.
 * uv_chan_obj_gone(): the object goes, and with it what of it nobody has read.
 * uv_chan_verbs_gone(): the same, and how many events of it were read from channels of verbs.
 */
struct uv_sub;
int uv_chan_subscribe(struct uv_chan *chan, struct nic_func *f, uint16_t event,
	enum nic_obj_type type, uint32_t id, uint64_t cookie);
struct uv_sub *uv_sub_new(struct uv_chan *chan, struct nic_func *f, uint16_t event,
	enum nic_obj_type type, uint32_t id, uint64_t cookie, int eventfd);
void uv_sub_add(struct uv_sub *sub);
void uv_sub_drop(struct uv_sub *sub);
void uv_chan_obj_gone(struct nic_func *f, enum nic_obj_type type, uint32_t id);
void uv_chan_verbs_gone(
	struct nic_func *f, enum nic_obj_type type, uint32_t id, uint32_t *comp, uint32_t *async);
void uv_chan_fork_prepare(void);
void uv_chan_fork_parent(void);
void uv_chan_fork_child(void);

#endif /* NICEMU_UV_H */
