/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The NIC as C objects: one typed call per firmware object, on libmlx5's DevX interface and nothing
 * else.
 *
 * Errors: calls return 0 or a negative errno; a command that the firmware refused has the errno
 * that libmlx5 derives from its status (-EBUSY, -EINVAL, -ENOMEM, ...). Each failure is logged, and
 * what is known of it stays in hf_devx_last_error() of the calling thread.
 * Threads: calls on different objects may run at once; calls on one object are the owner's to
 * order.
 * Ownership: the structures are the caller's, who passes them to create zeroed or not, leaves them
 * where they are until destroy. To destroy one that was zeroed, is destroyed already or whose
 * create failed is no error and does nothing.
 * Every object is in the device's table (hf_objs) from creation to destruction. A destroy that the
 * firmware refuses (-EINVAL or -EBUSY, as it puts it) changes nothing, so it can be tried again,
 * and if it is not, hf_devx_close() names the object as a leak. Names and numbers are those of
 * lib/prm.
 */
#ifndef HF_DEVX_H
#define HF_DEVX_H

#include <infiniband/mlx5dv.h>
#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hf_objs.h"

struct hf_devx;

struct hf_devx_error {
	uint16_t opcode; /* MLX5_CMD_OP_*, 0: a call that is no command of ours */
	uint8_t status; /* MLX5_CMD_STAT_*, 0: the firmware did not answer, or it is not known */
	uint32_t syndrome; /* the firmware's own, for its vendor */
	int err; /* negative errno that was returned */
};

/* The last failure of any device on the calling thread; all zero if there was none. */
const struct hf_devx_error *hf_devx_last_error(void);

/* "BAD_PARAM_ERR"; never NULL. */
const char *hf_devx_status_name(uint8_t status);

/* What the driver needs of QUERY_HCA_CAP; the field of lib/prm where the name differs. */
struct hf_devx_caps {
	/* general device */
	bool virtio_net_q; /* general_obj_types, bit 0xd */
	bool virtio_q_counters; /* general_obj_types, bit 0x1c */
	uint8_t log_max_rqt_size; /* log2 of entries */
	uint32_t max_klm; /* log_max_klm_list_size, in entries; and no more than a command holds */
	uint8_t max_indirection; /* levels of keys above a direct one */
	bool fixed_klm; /* fixed_buffer_size: entries of a fixed size */
	bool relaxed_only; /* mkc_order_write_after_write_ro_only: keys have to be relaxed */
	uint8_t log_max_cq_sz; /* log2 of entries, as the next one */
	uint8_t log_max_wq_sz;
	uint16_t max_wqe_sz_sq, max_wqe_sz_rq; /* bytes of one entry */
	bool cqe_compression; /* completions of received frames can be compressed */
	uint8_t ts_format_sq, ts_format_rq; /* sq_ts_format, rq_ts_format */
	/* RoCE */
	uint8_t ts_format_qp; /* qp_ts_format */
	/* raw Ethernet queues; all zero on a function that has none */
	struct {
		bool queues; /* eth_net_offloads, log_max_sq, log_max_rq; a known inline mode */
		bool csum; /* csum_cap: of IPv4, TCP and UDP, sent and received */
		bool multi_packet; /* enhanced_multi_pkt_send_wqe: entries with many frames */
		uint32_t max_lso; /* max_lso_cap: bytes of one packet to be segmented, 0: no LSO */
		uint8_t inline_mode; /* MLX5_INLINE_MODE_*: wqe_inline_mode, or the vport's */
		uint8_t min_inline; /* bytes of each frame's head that a send entry has to hold */
	} eth;
	/* virtio emulation; all zero without virtio_net_q */
	bool packed, split; /* virtio_queue_type */
	bool version_1; /* virtio_version_1_0 */
	bool tso4, tso6, tx_csum, rx_csum;
	uint8_t event_modes; /* a bit per mode: 0 none, 1 QP, 2 MSI-X */
	uint32_t max_virtqs; /* queues, not pairs */
	uint64_t doorbell_bar_offset;
	struct {
		uint32_t a, b;
	} umem[3]; /* bytes of each umem of a queue = a * queue size + b */
	bool modify_ext; /* vnet_modify_ext: what the next two do not name */
	bool modify_addr; /* virtio_net_q_addr_modify */
	bool modify_index; /* virtio_q_index_modify */
	bool freeze_to_rdy; /* freeze_to_rdy_supported: from SUSPEND back to RDY */
};

/* --- the device: hf_devx.c, hf_devx_caps.c --- */

struct hf_devx_attr {
	struct ibv_device *ibdev; /* used during the call only */
	const char *name; /* for log lines; copied, up to 63 characters */
};

/*
 * Open the verbs device with DevX, read the capabilities and make what all users share: protection
 * domain, null MR, doorbell page. A function without virtio emulation opens as well.
 */
int hf_devx_open(const struct hf_devx_attr *attr, struct hf_devx **dev);

/*
 * Report what is left in the table, and close. Returns how many objects were left: the kernel
 * destroys those with the file. dev NULL: 0.
 */
unsigned int hf_devx_close(struct hf_devx *dev);

/*
 * Events of the device as a whole, read from a descriptor to be polled by one thread. 1 with what
 * happened, 0 when there is nothing (more), or a negative errno: nothing will come any more. After
 * HF_ASYNC_FATAL the device is dead: the kernel refuses every command, except that it says of what
 * destroys that it was done (Linux mlx5 cmd.c: mlx5_internal_err_ret_value()), and the NIC neither
 * reads nor writes memory. Nothing but hf_devx_close() and a new open brings it back.
 */
enum hf_async { HF_ASYNC_OTHER, HF_ASYNC_LINK_DOWN, HF_ASYNC_LINK_UP, HF_ASYNC_FATAL };
int hf_devx_async_fd(const struct hf_devx *dev);
int hf_devx_async_read(struct hf_devx *dev, enum hf_async *what);
bool hf_devx_is_dead(const struct hf_devx *dev); /* any thread */

/* What hf_devx_open() made; valid until hf_devx_close(), of which they stay the property. */
const struct hf_devx_caps *hf_devx_caps(const struct hf_devx *dev);
struct ibv_context *hf_devx_ibv(const struct hf_devx *dev);
uint32_t hf_devx_pdn(const struct hf_devx *dev);
struct hf_objs *hf_devx_objs(const struct hf_devx *dev);
const char *hf_devx_name(const struct hf_devx *dev);
/* The null MR: reads are zero, writes are dropped; for holes. */
uint32_t hf_devx_null_lkey(const struct hf_devx *dev);

/*
 * NIC vport of this function (QUERY_NIC_VPORT_CONTEXT). mtu is that of the IP packet: the
 * firmware's less Ethernet head, VLAN tag and check sequence, as Linux mlx5_vnet.c query_mtu() has
 * it; 0 if the firmware names none.
 */
struct hf_devx_vport {
	uint8_t mac[6];
	uint16_t mtu;
};
int hf_devx_vport_query(struct hf_devx *dev, struct hf_devx_vport *vport);

/* --- memory: hf_devx_mem.c --- */

/*
 * Direct MR: the pages of [addr, addr + len) pinned, seen by the NIC at [iova, iova + len), for
 * local reads and writes. The memory has to stay mapped until destroy.
 */
struct hf_mr {
	struct ibv_mr *mr;
	uint32_t lkey;
	uint64_t iova, len;
	struct hf_devx *dev;
	struct hf_obj *obj;
};
int hf_mr_create(struct hf_devx *dev, void *addr, uint64_t len, uint64_t iova, struct hf_mr *mr);
/* The NIC does not ask whether a mkey refers to it: those go first. */
int hf_mr_destroy(struct hf_mr *mr);

/*
 * Indirect mkey: one address range put together from pieces of other keys. Entries follow each
 * other from 'start' on; together they cover 'len' bytes.
 */
struct hf_klm {
	uint32_t bytes; /* at most 2 GiB */
	uint32_t mkey;
	uint64_t addr; /* in the address range of that key */
};
struct hf_mkey_attr {
	uint64_t start, len;
	const struct hf_klm *klm; /* used during the call only */
	uint32_t n_klm;
	uint8_t log_entity; /* not 0: entries of 1 << log_entity bytes, .bytes is not used */
};
struct hf_mkey {
	struct mlx5dv_devx_obj *devx;
	uint32_t key;
	struct hf_devx *dev;
	struct hf_obj *obj;
};
/* -E2BIG: no entry, or more than the NIC takes. -ENOTSUP: entries of a fixed size. -EINVAL. */
int hf_mkey_create(struct hf_devx *dev, const struct hf_mkey_attr *attr, struct hf_mkey *mkey);
/* The NIC does not ask whether a virtq still uses it, and that would fail: virtqs move away first.
 */
int hf_mkey_destroy(struct hf_mkey *mkey);

/* Zeroed pages of their own, on the NIC's NUMA node where there is memory, registered as umem. */
struct hf_umem {
	struct mlx5dv_devx_umem *umem;
	void *buf;
	size_t len; /* bytes that were asked for, rounded up to pages */
	uint32_t id;
	struct hf_devx *dev;
	struct hf_obj *obj;
};
int hf_umem_create(struct hf_devx *dev, size_t len, struct hf_umem *umem);
int hf_umem_destroy(struct hf_umem *umem); /* refused while a queue lies in it */

/*
 * Part of a umem that several objects share: each umem has a price (see HF_IOAS_PIECES). At a
 * multiple of HF_PLACE_ALIGN; who shares sees to it that parts are disjoint, and that the umem
 * outlives them.
 */
#define HF_PLACE_ALIGN 4096
struct hf_place {
	const struct hf_umem *umem;
	size_t offset;
};

/* --- doorbell page of the virtqueues: hf_devx_var.c --- */

struct hf_var {
	struct mlx5dv_var *var;
	void *page; /* a 32-bit store of a queue's index rings its doorbell */
	int fd; /* with offset and len: how another process maps the page; not to be closed */
	uint64_t offset;
	uint32_t len;
	uint32_t page_id;
	struct hf_devx *dev;
	struct hf_obj *obj;
};
/*
 * There are few such pages, and one stays taken while a front end of a process that ended has it
 * mapped: -ENOSPC is tried again for about six seconds.
 */
int hf_var_create(struct hf_devx *dev, struct hf_var *var);
int hf_var_destroy(struct hf_var *var);

/* --- events: hf_devx_event.c --- */

struct hf_evch {
	struct mlx5dv_devx_event_channel *ch;
	int fd; /* for poll(); non-blocking; belongs to the channel */
	struct hf_devx *dev;
	struct hf_obj *obj;
};
/*
 * omit_data: events are the cookie alone, and one that was not read yet is not queued again, so
 * such a channel does not overflow. For completions, not for events of virtqs.
 */
int hf_evch_create(struct hf_devx *dev, bool omit_data, struct hf_evch *ch);
/* Subscriptions end with it. */
int hf_evch_destroy(struct hf_evch *ch);
/*
 * 1 with the cookie of one event, 0 when there is none. -EOVERFLOW: the kernel dropped events, so
 * every object that is subscribed has to be looked at.
 */
int hf_evch_read(struct hf_evch *ch, uint64_t *cookie);

/* --- event CQ and the pair of QPs through which a virtq completes: hf_devx_eqp.c --- */

struct hf_eqp;
struct hf_eqp_attr {
	uint16_t size; /* messages that fit: the size of the virtq, a power of two */
	struct hf_evch *ch; /* has to live until destroy */
	uint64_t cookie; /* of the events */
	struct hf_place place; /* of its memory, hf_eqp_bytes(); umem NULL: its own */
};
size_t hf_eqp_bytes(uint16_t size);
/* It is armed: the first completion makes an event. */
int hf_eqp_create(struct hf_devx *dev, const struct hf_eqp_attr *attr, struct hf_eqp **eqp);
/* Refused while a virtq refers to it. eqp is freed on success only. */
int hf_eqp_destroy(struct hf_eqp *eqp);
/* Of the QP that the firmware sends with: hf_virtq_attr.event_qpn. */
uint32_t hf_eqp_qpn(const struct hf_eqp *eqp);
/*
 * Consume what has completed, and return how many messages that were: not 0 is a reason to notify
 * the guest, and no count of buffers. Owner's thread, as the two below: poll, arm and reset are not
 * to overlap.
 */
unsigned int hf_eqp_poll(struct hf_eqp *eqp);
/* One event for the next completion that hf_eqp_poll() has not consumed. */
void hf_eqp_arm(struct hf_eqp *eqp);
/* Both QPs through reset to send again, for a virtq that is made anew on them; armed. */
int hf_eqp_reset(struct hf_eqp *eqp);
/* Polls that found the QP in error. Any thread. */
uint64_t hf_eqp_errors(const struct hf_eqp *eqp);

/* --- virtio-net queues: hf_devx_virtq.c --- */

enum hf_virtq_state { HF_VIRTQ_INIT, HF_VIRTQ_RDY, HF_VIRTQ_SUSPEND, HF_VIRTQ_ERR };

/* Fields of a modify: MLX5_VIRTQ_MODIFY_TYPE_*. */
#define HF_VIRTQ_MOD_STATE (UINT64_C(1) << 0)
#define HF_VIRTQ_MOD_ADDR (UINT64_C(1) << 6)
#define HF_VIRTQ_MOD_AVAIL (UINT64_C(1) << 7)
#define HF_VIRTQ_MOD_USED (UINT64_C(1) << 8)
#define HF_VIRTQ_MOD_TYPE (UINT64_C(1) << 9)
#define HF_VIRTQ_MOD_VERSION_1 (UINT64_C(1) << 10)
#define HF_VIRTQ_MOD_MKEY (UINT64_C(1) << 11)
#define HF_VIRTQ_MOD_FEATURES (UINT64_C(1) << 12)
#define HF_VIRTQ_MOD_EVENT_MODE (UINT64_C(1) << 13)

struct hf_virtq_attr {
	uint64_t mod; /* HF_VIRTQ_MOD_*, only of modify */
	enum hf_virtq_state state; /* only of modify */
	uint16_t index, size; /* even index: the guest receives */
	bool packed; /* MOD_TYPE */
	bool version_1; /* MOD_VERSION_1 */
	bool tso4, tso6; /* MOD_FEATURES */
	bool tx_csum, rx_csum; /* MOD_FEATURES */
	uint64_t desc, avail, used; /* in the mkey; packed: avail is the driver's area */
	uint32_t mkey; /* MOD_MKEY */
	uint16_t avail_idx, used_idx; /* packed: bit 15 is the wrap counter */
	uint8_t event_mode; /* MOD_EVENT_MODE: MLX5_VIRTQ_EVENT_MODE_* */
	uint32_t event_qpn; /* MOD_EVENT_MODE */
	uint32_t tisn; /* of queues from which the guest transmits */
	uint32_t counters; /* struct hf_virtq_counters, 0 none */
	struct {
		uint32_t id;
		uint32_t size; /* bytes */
		uint64_t offset; /* in the umem */
	} umem[3];
};
struct hf_virtq {
	struct mlx5dv_devx_obj *devx;
	uint32_t id;
	struct hf_devx *dev;
	struct hf_obj *obj;
};
struct hf_virtq_status {
	enum hf_virtq_state state;
	uint16_t avail_idx, used_idx; /* exact in all states but RDY */
	uint8_t error_type;
};
/* In state INIT. */
int hf_virtq_create(struct hf_devx *dev, const struct hf_virtq_attr *attr, struct hf_virtq *vq);
/* The fields that attr->mod selects, all or none; no field is no command. */
int hf_virtq_modify(struct hf_virtq *vq, const struct hf_virtq_attr *attr);
int hf_virtq_query(struct hf_virtq *vq, struct hf_virtq_status *st);
int hf_virtq_destroy(struct hf_virtq *vq); /* refused while a receive table refers to it */
/* Errors of this queue (OBJECT_CHANGE) to ch, which is not one that omits data. */
int hf_virtq_subscribe(struct hf_virtq *vq, struct hf_evch *ch, uint64_t cookie);
/* Are all these fields of a virtq modifiable from this state, given the capabilities? */
bool hf_virtq_may_modify(const struct hf_devx_caps *caps, enum hf_virtq_state state, uint64_t mod);

/* Counters count on from one virtq to the next that uses them. */
struct hf_virtq_counters {
	struct mlx5dv_devx_obj *devx;
	uint32_t id;
	struct hf_devx *dev;
	struct hf_obj *obj;
};
struct hf_virtq_stats {
	uint64_t received_desc, completed_desc;
	uint32_t error_cqes, bad_desc_errors, exceed_max_chain, invalid_buffer;
};
int hf_virtq_counters_create(struct hf_devx *dev, struct hf_virtq_counters *c);
int hf_virtq_counters_query(struct hf_virtq_counters *c, struct hf_virtq_stats *st);
int hf_virtq_counters_destroy(struct hf_virtq_counters *c); /* refused while a virtq has them */

/* --- receive steering objects: hf_devx_steer.c --- */

/* Transport domain, TIS, RQT or TIR: made by their calls, all destroyed by one. */
struct hf_steer_obj {
	struct mlx5dv_devx_obj *devx;
	uint32_t id;
	const char *kind;
	struct hf_devx *dev;
	struct hf_obj *obj;
};
int hf_td_create(struct hf_devx *dev, struct hf_steer_obj *td);
int hf_tis_create(struct hf_devx *dev, uint32_t td, struct hf_steer_obj *tis);
/* What the entries of a table are; it stays what it was created with. */
enum hf_rqt_kind { HF_RQT_RQ, HF_RQT_VIRTQ };
/* n queues by their number; a power of two up to 1 << log_max_rqt_size, else -EINVAL. */
int hf_rqt_create(struct hf_devx *dev, enum hf_rqt_kind kind, const uint32_t *queues, uint32_t n,
	struct hf_steer_obj *rqt);
/* As many entries as it was created with, or fewer; kind: that of its creation. */
int hf_rqt_modify(
	struct hf_steer_obj *rqt, enum hf_rqt_kind kind, const uint32_t *queues, uint32_t n);
struct hf_tir_attr {
	uint32_t td, rqt;
	uint8_t l3_type, l4_type; /* MLX5_L3_PROT_TYPE_*, MLX5_L4_PROT_TYPE_* */
	uint32_t fields; /* bits MLX5_RX_HASH_FIELD_SELECT_*; 0: all to the first entry */
	bool symmetric; /* the same for both directions of a connection */
	const uint8_t *key; /* Toeplitz, 40 bytes */
};
int hf_tir_create(struct hf_devx *dev, const struct hf_tir_attr *attr, struct hf_steer_obj *tir);
/* Another table for what the TIR hashes; each packet goes by the old one or by the new. */
int hf_tir_set_rqt(struct hf_steer_obj *tir, uint32_t rqt);
int hf_steer_obj_destroy(struct hf_steer_obj *o); /* refused while another object refers to it */

/* A flow of the NIC's root receive table to a TIR. */
struct hf_flow_attr {
	uint16_t priority; /* 0 is looked up first */
	bool match_outer; /* false: all packets, and no mask or value */
	const void *mask, *value; /* struct mlx5_ifc_fte_match_set_lyr_2_4_bits, 64 bytes each */
	const struct hf_steer_obj *tir;
};
struct hf_flow {
	struct mlx5dv_flow_matcher *matcher;
	struct ibv_flow *flow;
	struct hf_devx *dev;
	struct hf_obj *obj;
};
/* -EPERM or -EACCES without CAP_NET_RAW. */
int hf_flow_create(struct hf_devx *dev, const struct hf_flow_attr *attr, struct hf_flow *flow);
int hf_flow_destroy(struct hf_flow *flow);

#endif /* HF_DEVX_H */
