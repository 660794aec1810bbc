/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The firmware of the emulated NIC: what it does with a command mailbox, and the few things that
 * the kernel driver does with commands of its own (memory keys with page lists, umems, BAR pages).
 * Every call takes nic->fw_lock, and stops the engines where an object changes.
 */
#ifndef NICEMU_FW_H
#define NICEMU_FW_H

#include "../nic.h"
#include "../part.h"

/* A firmware user context (CREATE_UCTX). caps: what the process may do. */
#define FW_UCTX_CAP_RAW_TX 0x1
#define FW_UCTX_CAP_INTERNAL_DEV_RES 0x2
int fw_uctx_create(struct nic_func *f, uint32_t caps); /* uid, or a negative errno */
/*
 * Destroys what is left of the context, in an order that references allow; returns how many
 * objects.
 */
unsigned int fw_uctx_destroy(struct nic_func *f, uint16_t uid);

/* Capabilities and tables, from f->conf. 0 or a negative errno. */
int fw_func_init(struct nic_func *f);
void fw_func_fini(struct nic_func *f);

/*
 * Execute a mailbox. The uid field of 'in' was set by the caller (the kernel). out is zeroed and
 * filled, status and syndrome included. Returns 0 when the command was executed (status in out says
 * how it went), -EINVAL for what is shorter than any mailbox or answer, or -ENXIO from a dead
 * function: out is zero then, and only what destroys was executed.
 */
int fw_exec(struct nic_func *f, const void *in, uint32_t inlen, void *out, uint32_t outlen);

/* The negative errno that Linux makes of a status (mlx5 cmd.c cmd_status_to_err()), or 0. */
int fw_status_errno(uint8_t status);

/*
 * ib_reg_user_mr of the kernel: CREATE_MKEY with a page list. Takes the pin over on success. 0 or
 * -errno.
 */
int fw_mr_create(struct nic_func *f, uint32_t pdn, struct mem_pin *pin, uint64_t iova, uint64_t len,
	uint32_t ibv_access, uint32_t *lkey);
/*
 * The same region with another domain or access; the key stays. Linux does it by a work request of
 * its own, so it is no command.
 */
int fw_mr_change(struct nic_func *f, uint32_t lkey, uint32_t pdn, uint32_t ibv_access);
int fw_mr_destroy(struct nic_func *f, uint32_t lkey);
/* CREATE_UMEM with a page list. Takes the pin over on success. */
int fw_umem_create(struct nic_func *f, uint16_t uid, struct mem_pin *pin, uint64_t len,
	uint32_t access, uint32_t *umem_id);
int fw_umem_destroy(struct nic_func *f, uint32_t umem_id); /* -EBUSY while something refers to it */
/*
 * A completion queue over page lists. Takes the pins over on success. fw_cq_resize(): new entries
 * in place of the old, whose pin goes; the last of the old is one that says so. 0 or -errno.
 */
struct fw_cq_attr {
	struct mem_pin *entries, *record; /* the page of the doorbell record */
	uint32_t record_offset; /* in its page */
	uint8_t log_size, log_cqe_size; /* 6 or 7 */
	uint32_t eqn, uar;
	bool overrun_ignore;
	bool compress; /* there is the capability */
	uint8_t mini_format; /* MLX5_CQE_RESP_FORMAT_* */
};
int fw_cq_create(struct nic_func *f, uint16_t uid, const struct fw_cq_attr *a, uint32_t *cqn);
int fw_cq_resize(struct nic_func *f, uint32_t cqn, struct mem_pin *entries, uint8_t log_size,
	uint8_t log_cqe_size);
/* Headers that the NIC wants inline in each entry of a send queue: enum nic_inline. */
uint8_t fw_min_inline(const struct nic_func *f);
/* One page of BAR each. ALLOC_UAR, and the VAR of the virtio doorbells. */
int fw_uar_alloc(struct nic_func *f, uint16_t uid, uint32_t *page_id, uint64_t *bar_offset);
int fw_uar_free(struct nic_func *f, uint32_t page_id);
int fw_var_alloc(struct nic_func *f, uint16_t uid, uint32_t *page_id, uint64_t *bar_offset,
	uint32_t *length);
int fw_var_free(struct nic_func *f, uint32_t page_id);
/*
 * Flow matcher and flow of the root table, as the kernel's flow steering makes them for a user.
 * What is wrong with a matcher is refused at its first flow. tirn 0: packets are dropped. tag (24
 * bits, NULL: none): what completions of the packets tell.
 */
int fw_matcher_create(struct nic_func *f, uint16_t uid, const void *mask, uint32_t mask_len,
	uint8_t criteria, uint16_t priority, uint32_t *id);
int fw_matcher_destroy(struct nic_func *f, uint32_t id);
int fw_flow_create(struct nic_func *f, uint16_t uid, uint32_t matcher, const void *value,
	uint32_t value_len, uint32_t tirn, const uint32_t *tag, uint32_t *id);
int fw_flow_destroy(struct nic_func *f, uint32_t id);

/*
 * The life of a function (fw_life.c). A function that dies is one whose firmware reported a fatal
 * error: Linux then refuses most commands, pretends success to those that destroy, and nothing is
 * read or written by DMA. Contexts get IBV_EVENT_DEVICE_FATAL. -EALREADY: it is dead.
 */
int fw_kill(struct nic_func *f);
bool fw_is_dead(const struct nic_func *f);
/* What Linux makes of its own command to a dead function: 0 (pretended), or a negative errno. */
int fw_dead_errno(uint16_t opcode);
/*
 * A new life: without any object of the old one. Nothing of a user may be left (uverbs_unload()).
 */
void fw_revive(struct nic_func *f);

/*
 * Links (fw_port.c). The port is up if it is switched on and its wire has a carrier; a function's
 * vport as that is said of it: as the port (auto), always, or never. A dead function has none.
 * fw_port_update() puts a change into effect: state in sysfs, events to the users. They take
 * nic->link_lock only, so that engines may call them.
 */
void fw_port_set(struct nic *nic, bool up);
void fw_vport_set(struct nic_func *f, enum nic_link link);
void fw_port_update(struct nic *nic);

/* The object with this number, or NULL. Under fw_lock, or by an engine outside a pause. */
struct nic_obj *fw_obj_find(const struct nic_func *f, enum nic_obj_type type, uint32_t id);
/* The same as a question, takes fw_lock (event subscriptions). */
bool fw_obj_exists(struct nic_func *f, enum nic_obj_type type, uint32_t id);

/* Names for people and JSON; "unknown" for others. */
bool fw_opcode_known(uint16_t opcode);
bool fw_status_known(uint8_t status);
const char *fw_opcode_name(uint16_t opcode);
const char *fw_status_name(uint8_t status);
const char *fw_obj_name(enum nic_obj_type type);
/* What a syndrome says, in words; NULL for a number that is not ours. */
const char *fw_rule_text(uint32_t syndrome);

/*
 * The table of capabilities that can be set by name ("virtio_version_1_0=0"). For each: capability
 * type, width in bits, default and one line of explanation.
 */
struct fw_cap {
	const char *name;
	uint16_t type; /* MLX5_GET_HCA_CAP_OP_MOD_* >> 1 */
	uint16_t bit, width; /* position in the capability structure */
	uint64_t def; /* of a ConnectX-6 Dx (other adapters: part.h) */
	uint64_t max; /* largest value that this emulation can serve */
	const char *help; /* with the source of the name and the default */
};
extern const struct fw_cap fw_caps[];
extern const unsigned int fw_n_caps;
const struct fw_cap *fw_cap_find(const char *name);
uint64_t fw_cap_get(const struct nic_func *f, const char *name);
/* May this capability of an adapter have this value? 0, or -ENOENT and -ERANGE with the reason in
 * words. */
int fw_cap_check(const struct part *p, const char *name, uint64_t value, char *why, size_t len);

/*
 * Capability type of the events that users may subscribe to (Linux device.h: MLX5_CAP_DEV_EVENT).
 */
#define CAP_DEV_EVENT 0x14

/* Completion event queues of a function: what DEVX QUERY_EQN answers, and what CREATE_CQ takes. */
#define FW_N_EQ 8
#define FW_EQN(vector) (0x10u + (vector))

/*
 * The BAR: a sparse file, in which the mmap offsets of UAR and VAR pages lie as libmlx5 encodes
 * them for the kernel's dynamic entries (command 9 << 8 pages, see rdma-core mlx5.h
 * MLX5_IB_MMAP_CMD_SHIFT).
 */
#define FW_BAR_BASE 0x900000ull
#define FW_BAR_PAGES 256u
void *fw_bar_ptr(const struct nic_func *f, uint64_t bar_offset); /* NULL when outside */

/* Names from people: also a number, and "any" (0) of an opcode. 0 or -EINVAL. */
int fw_opcode_parse(const char *name_or_number, uint16_t *opcode);
int fw_status_parse(const char *name_or_number, uint8_t *status);

#endif /* NICEMU_FW_H */
