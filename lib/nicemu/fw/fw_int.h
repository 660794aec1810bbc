/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Inside fw/: a command on its way, rules, the object table, and the handlers of all files.
 * Everything here runs with nic->fw_lock held; handlers of commands that change objects, under a
 * pause of the engines.
 */
#ifndef FW_INT_H
#define FW_INT_H

#include "fw.h"
#include "../dp/dp.h"
#include "../mem/mem.h"
#include "../timing.h"
#include "prm.h"

enum fw_rule {
#define FW_RULE(name, num, stat, text) FW_R_##name = (num),
#include "fw_rules.h"
#undef FW_RULE
};
#define FW_SYNDROME 0x0e0000u /* + number of the rule */
uint8_t fw_rule_status(enum fw_rule r);

/*
 * Opcodes of commands that only the kernel sends, which therefore are not in prm.h (Linux
 * mlx5_ifc.h).
 */
enum {
	FW_OP_CREATE_FLOW_GROUP = 0x933,
	FW_OP_DESTROY_FLOW_GROUP = 0x934,
	FW_OP_SET_FLOW_TABLE_ENTRY = 0x936,
	FW_OP_DELETE_FLOW_TABLE_ENTRY = 0x938,
};

/* A command on its way. Handlers return the status. */
struct fw_cmd {
	struct nic_func *f;
	uint16_t opcode, uid;
	const void *in;
	void *out;
	uint32_t inlen, outlen;
	uint8_t status;
	uint32_t syndrome;
	/* its time, when that is modelled (fw_time.h) */
	bool timed;
	struct timing_cmd time;
	/* for the trace (fw_trace.h) */
	uint64_t began; /* ns */
	uint64_t pinned; /* bytes pinned when it began */
	enum nic_obj_type about; /* the object that it makes or names, NIC_OBJ_TYPES: none */
	uint32_t about_id;
	uint64_t reg_start, reg_len; /* of a registration by the kernel */
	bool dead; /* the function was, when it came */
};
typedef uint8_t (*fw_handler)(struct fw_cmd *c);

/* Refuse by a rule: sets status and syndrome, returns the status. */
uint8_t fw_refuse(struct fw_cmd *c, enum fw_rule r);

/*
 * What a command to a dead function ends with, as far as anything says so: Linux mlx5_core.h
 * MLX5_DRIVER_STATUS_ABORTED, MLX5_DRIVER_SYND.
 */
#define FW_STAT_ABORTED 0xfe
#define FW_SYND_ABORTED 0xbadd00de
/* The function dies; does nothing to a dead one. */
void fw_die(struct nic_func *f);
/* Destroy all objects but the null key, whosever they are. */
void fw_objs_drop(struct nic_func *f);

/* A firmware user context. */
struct fw_uctx {
	struct fw_uctx *next;
	uint16_t uid;
	uint32_t caps; /* FW_UCTX_CAP_* */
};
bool fw_uctx_may(const struct fw_cmd *c, uint32_t cap);
uint8_t fw_uctx_check(struct fw_cmd *c); /* refused when the uid is of no context */

/*
 * The object that a field names, for use by another object: it has to exist and be of the same
 * owner. The kernel (uid 0) may use all; but what is the kernel's is not for users, for which Linux
 * has an owner of its own (MLX5_SHARED_RESOURCE_UID). NULL: refused by 'r'.
 */
void *fw_use(struct fw_cmd *c, enum nic_obj_type type, uint32_t id, enum fw_rule r);
/* The object that a command is about. NULL: refused by FW_R_NUMBER, NO_OBJECT or OWNER. */
void *fw_target(struct fw_cmd *c, enum nic_obj_type type, uint32_t id);

/*
 * A new object of 'size' bytes, zeroed, numbered and in the table. NULL: refused by FW_R_TOO_MANY
 * or MEMORY.
 */
void *fw_obj_new(struct fw_cmd *c, enum nic_obj_type type, size_t size);
/* Out of the table and freed. */
void fw_obj_free(struct nic_obj *o);
/* 0, or refused because something refers to it. */
uint8_t fw_obj_idle(struct fw_cmd *c, const struct nic_obj *o);
void fw_objs_init(struct nic_func *f);

/* References, NULL is allowed. */
#define fw_hold(o) ((o) != NULL ? (void)(o)->obj.refs++ : (void)0)
#define fw_drop(o) ((o) != NULL ? (void)(o)->obj.refs-- : (void)0)

/*
 * A command of the kernel's own: its time passes (fw_time.h), then it takes fw_lock, pauses the
 * engines, counts. fw_kern_end() undoes that; it returns 0, or the negative errno that Linux makes
 * of c->status (mlx5 cmd.c cmd_status_to_err()). When fw_kern_begin() returns anything but 0
 * (failure on demand), skip the command and call fw_kern_end().
 */
uint8_t fw_kern_begin(struct fw_cmd *c, struct nic_func *f, uint16_t opcode, uint16_t uid);
int fw_kern_end(struct fw_cmd *c);
/*
 * For what takes more than one command, or perhaps none: begin with opcode 0, and go on to the next
 * command with this. Not 0: failure on demand. Without fw_lock and pause in between: whatever has
 * no lock of its own may have changed.
 */
uint8_t fw_kern_next(struct fw_cmd *c, uint16_t opcode);
/* A command of which the kernel does no more than warn when it fails; as fw_kern_next(). */
void fw_kern_aside(const struct fw_cmd *c, uint16_t opcode);

/* Capabilities by bit position; see fw_caps.c. */
int fw_caps_init(struct nic_func *f);
void fw_caps_fini(struct nic_func *f);
#define FW_CAP(f, type, st, fld) ((f)->caps[type] != NULL ? DEVX_GET(st, (f)->caps[type], fld) : 0)
#define FW_CAP_GEN(f, fld) FW_CAP(f, MLX5_CAP_GENERAL, cmd_hca_cap, fld)
#define FW_CAP_GEN2(f, fld) FW_CAP(f, MLX5_CAP_GENERAL_2, cmd_hca_cap_2, fld)
#define FW_CAP_ETH(f, fld) \
	FW_CAP(f, MLX5_CAP_ETHERNET_OFFLOADS, per_protocol_networking_offload_caps, fld)
#define FW_CAP_VDPA(f, fld) FW_CAP(f, MLX5_CAP_VDPA_EMULATION, virtio_emulation_cap, fld)
#define FW_CAP_FT(f, fld) \
	FW_CAP(f, MLX5_CAP_FLOW_TABLE, flow_table_nic_cap, flow_table_properties_nic_receive.fld)
bool fw_cap_obj_type(const struct nic_func *f, uint16_t obj_type);

/* The null key, which every function has. */
int fw_mkey_init(struct nic_func *f);
void fw_mkey_fini(struct nic_func *f);
const struct nic_mkey *fw_mkey_find(const struct nic_func *f, uint32_t mkey);

int fw_bar_init(struct nic_func *f);
void fw_bar_fini(struct nic_func *f);

/*
 * A umem that has to hold [off, off + len) of a queue, off on 'align' bytes. NULL: refused by the
 * rule for no umem, for its range, or for a read-only one (write: 0 when the NIC only reads there).
 */
struct fw_umem_rules {
	enum fw_rule none, range, write;
};
struct nic_umem *fw_umem_use(struct fw_cmd *c, uint32_t id, uint64_t off, uint64_t len,
	uint32_t align, const struct fw_umem_rules *r);

/* The work queue of a wq context, without references yet. 0, or refused. */
enum fw_wq_kind { FW_WQ_SEND, FW_WQ_RECEIVE };
#define FW_WQ_RECEIVE_STRIDE_MIN 4 /* one data segment */
uint8_t fw_wq_parse(struct fw_cmd *c, const void *wq, enum fw_wq_kind kind, struct nic_wq *w);
/* May a queue have this ts_format, where the capability is 'cap'? 0, or refused by 'r'. */
uint8_t fw_ts_check(struct fw_cmd *c, unsigned int cap, unsigned int format, enum fw_rule r);
/* Does MODIFY_SQ or RQ take it from a state to another, as sqc and rqc have it? */
bool fw_wq_may_go(int from, unsigned int to);
/* Its state as sqc and rqc have it. */
uint8_t fw_wq_state(int state);
void fw_wq_hold(struct nic_wq *w);
void fw_wq_drop(struct nic_wq *w);
/* The wq context of a query. Counters: entries that the NIC and that software have come to. */
void fw_wq_query(const struct nic_wq *w, uint16_t hw_counter, uint16_t sw_counter, void *wq);

/*
 * Destroy, after fw_obj_idle(): what DESTROY_* and the end of a user context share. One per type.
 */
void fw_destroy(struct nic_obj *o);
void fw_mkey_free(struct nic_mkey *k);
void fw_umem_free(struct nic_umem *u);
void fw_uar_free_obj(struct nic_uar *u);
void fw_var_free_obj(struct nic_var *v);
void fw_cq_free(struct nic_cq *cq);
void fw_qp_free(struct nic_qp *qp);
void fw_rq_free(struct nic_rq *rq);
void fw_sq_free(struct nic_sq *sq);
void fw_virtq_free(struct nic_virtq *vq);
void fw_tis_free(struct nic_tis *t);
void fw_rqt_free(struct nic_rqt *r);
void fw_tir_free(struct nic_tir *t);
void fw_flow_free(struct nic_flow *fl);

/* Handlers. */
uint8_t fw_nop(struct fw_cmd *c);
uint8_t fw_query_adapter(struct fw_cmd *c);
uint8_t fw_query_issi(struct fw_cmd *c);
uint8_t fw_query_hca_cap(struct fw_cmd *c);
uint8_t fw_alloc_pd(struct fw_cmd *c);
uint8_t fw_alloc_uar(struct fw_cmd *c);
uint8_t fw_create_mkey(struct fw_cmd *c);
uint8_t fw_query_mkey(struct fw_cmd *c);
uint8_t fw_query_special_contexts(struct fw_cmd *c);
uint8_t fw_create_cq(struct fw_cmd *c);
uint8_t fw_query_cq(struct fw_cmd *c);
uint8_t fw_modify_cq(struct fw_cmd *c);
uint8_t fw_create_qp(struct fw_cmd *c);
uint8_t fw_modify_qp(struct fw_cmd *c);
uint8_t fw_query_qp(struct fw_cmd *c);
uint8_t fw_create_rq(struct fw_cmd *c);
uint8_t fw_modify_rq(struct fw_cmd *c);
uint8_t fw_query_rq(struct fw_cmd *c);
uint8_t fw_alloc_q_counter(struct fw_cmd *c);
uint8_t fw_query_q_counter(struct fw_cmd *c);
uint8_t fw_create_sq(struct fw_cmd *c);
uint8_t fw_modify_sq(struct fw_cmd *c);
uint8_t fw_query_sq(struct fw_cmd *c);
uint8_t fw_query_vport_state(struct fw_cmd *c);
uint8_t fw_query_nic_vport_context(struct fw_cmd *c);
uint8_t fw_alloc_td(struct fw_cmd *c);
uint8_t fw_create_tis(struct fw_cmd *c);
uint8_t fw_query_tis(struct fw_cmd *c);
uint8_t fw_modify_tis(struct fw_cmd *c);
uint8_t fw_create_rqt(struct fw_cmd *c);
uint8_t fw_modify_rqt(struct fw_cmd *c);
uint8_t fw_query_rqt(struct fw_cmd *c);
uint8_t fw_create_tir(struct fw_cmd *c);
uint8_t fw_modify_tir(struct fw_cmd *c);
uint8_t fw_query_tir(struct fw_cmd *c);
uint8_t fw_create_counters(struct fw_cmd *c);
uint8_t fw_query_counters(struct fw_cmd *c);
uint8_t fw_create_virtq(struct fw_cmd *c);
uint8_t fw_modify_virtq(struct fw_cmd *c);
uint8_t fw_query_virtq(struct fw_cmd *c);

#endif /* FW_INT_H */
