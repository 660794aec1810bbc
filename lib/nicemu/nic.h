/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The emulated NIC as C structures: one adapter, its PCI functions, and the firmware objects of
 * each.
 *
 * Layers, each knows only those below it:
 * - uverbs/: the kernel's ABI: file descriptors, handles, privileges, event channels.
 * - fw/: firmware: commands, objects, references, states, capabilities.
 * - dp/, wire/: the data path: engines, virtqueues, e-switch, classifier, and what is behind the
 *   port.
 * - mem/: pinned memory and its translation.
 *
 * Locks, in the order in which they are taken:
 * - func->flows_lock (fw/fw_time.h): flows of a function, over several commands.
 * - uverbs lock (uverbs/): handles of all contexts.
 * - nic->fw_lock (fw_exec() and the fw_*() calls of fw.h take it): every firmware object.
 * - dp_pause() (dp/): stops all engines between two bursts.
 * - nic->link_lock: state of port and vports; may be taken by an engine.
 * - event lock (uverbs/): subscriptions; may be taken by an engine.
 * - the lock of the modelled time (timing.h): under it none is taken. While time passes, a thread
 *   holds no lock but that of flows.
 *
 * A firmware object changes only under fw_lock and a pause, so an engine reads objects without a
 * lock.
 */
#ifndef NICEMU_NIC_H
#define NICEMU_NIC_H

#include <net/ethernet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "fault.h"
#include "uverbs/method.h"

#define NIC_MAX_FUNCS 65 /* a PF and 64 VFs */
#define NIC_MAX_ENGINES 16
#define NIC_MAX_MC 16 /* multicast addresses of a vport */
#define NIC_PAGE 4096u
#define NIC_HASH 64 /* buckets of the object table, per type */

struct nic;
struct nic_func;
struct nic_virtq;
struct mem_pin;
struct conf;
struct conf_func;
struct dp_queue;
struct dp_rq;
struct dp_sq;
struct dp_vq;
struct fw_uctx;
struct dp_engine;
struct eswitch_fdb;
struct capture;
struct timing;
struct trace;
struct wire;

enum nic_obj_type {
	NIC_OBJ_PD,
	NIC_OBJ_TD,
	NIC_OBJ_TIS,
	NIC_OBJ_MKEY,
	NIC_OBJ_UMEM,
	NIC_OBJ_UAR,
	NIC_OBJ_VAR,
	NIC_OBJ_CQ,
	NIC_OBJ_QP,
	NIC_OBJ_SQ,
	NIC_OBJ_RQ,
	NIC_OBJ_Q_COUNTER,
	NIC_OBJ_VIRTQ_COUNTERS,
	NIC_OBJ_VIRTQ,
	NIC_OBJ_RQT,
	NIC_OBJ_TIR,
	NIC_OBJ_MATCHER,
	NIC_OBJ_FLOW,
	NIC_OBJ_TYPES
};

/* Head of every firmware object. Numbers are unique within a function and a type. */
struct nic_obj {
	TAILQ_ENTRY(nic_obj) next; /* func->objs[type] */
	struct nic_func *func;
	enum nic_obj_type type;
	uint32_t id; /* as commands carry it */
	uint16_t uid; /* user context that owns it, 0 is the kernel */
	uint32_t refs; /* objects that point here: not 0, then a destroy is refused */
	struct nic_obj *hnext; /* chain of func->obj_hash */
};
TAILQ_HEAD(nic_obj_list, nic_obj);

struct nic_pd {
	struct nic_obj obj;
};
struct nic_td {
	struct nic_obj obj;
};
struct nic_uar {
	struct nic_obj obj;
	uint64_t bar_offset; /* page in the BAR file */
	TAILQ_HEAD(, dp_sq) sqs; /* send queues that ring there; dp/ */
	TAILQ_ENTRY(nic_uar) next_bell; /* func->bells, while there are some */
};
struct nic_var {
	struct nic_obj obj;
	uint64_t bar_offset;
	uint32_t length;
};
struct nic_tis {
	struct nic_obj obj;
	struct nic_td *td;
	uint8_t prio, lag_port;
	bool lag_strict; /* strict_lag_tx_port_affinity */
};

struct nic_umem {
	struct nic_obj obj;
	struct mem_pin *pin;
	uint64_t len; /* bytes; offset 0 is the address that was registered */
	uint32_t access; /* IBV_ACCESS_* */
};

enum nic_mkey_mode { NIC_MKEY_MTT, NIC_MKEY_KLM, NIC_MKEY_KLM_FBS, NIC_MKEY_NULL };

/* access rights as mkey context has them */
#define NIC_PERM_LR 0x1
#define NIC_PERM_LW 0x2
#define NIC_PERM_RR 0x4
#define NIC_PERM_RW 0x8
#define NIC_PERM_A 0x10

struct nic_klm {
	uint32_t bytes; /* of a KLM entry, not used by KLM_FBS */
	uint32_t mkey; /* index << 8 | tag */
	uint64_t addr; /* in the address range of that mkey */
};

struct nic_mkey {
	struct nic_obj obj; /* id is the index, 24 bits */
	uint8_t tag; /* low 8 bits of the key */
	bool length64;
	uint8_t perm; /* NIC_PERM_* */
	enum nic_mkey_mode mode;
	struct nic_pd *pd;
	uint64_t start, len;
	struct mem_pin *pin; /* MTT: pin offset 'pin_off' is 'start' */
	uint64_t pin_off;
	struct nic_umem *umem; /* MTT over a umem, which then owns the pin */
	uint8_t log_entity; /* KLM_FBS: log2 of bytes each entry covers */
	uint32_t n_klm;
	struct nic_klm *klm;
	uint64_t *klm_end; /* KLM: end offset of each entry, for the binary search */
};

struct nic_cq {
	struct nic_obj obj;
	struct nic_uar *uar;
	struct nic_umem *umem, *dbr_umem;
	struct nic_umem pages, record; /* of the kernel: what 'umem' and 'dbr_umem' point to then */
	uint64_t offset, dbr_offset;
	uint8_t log_size;
	uint8_t log_cqe_size; /* 6 or 7 */
	bool collapsed; /* cqc.cc: all completions in entry 0 */
	bool overrun_ignore; /* cqc.oi */
	uint16_t compress; /* cqc.cqe_comp_en: completions of a session at most; 0: none */
	uint8_t mini_format; /* cqc.mini_cqe_res_format */
	uint32_t pi; /* completions written */
	uint32_t ci; /* consumer index as last read; dp/ */
	uint8_t fault; /* enum vq_error, under dp_lock: to be told when that is free */
	uint32_t arm_seen; /* last arm word that took effect */
	bool armed; /* true in a new CQ; dp/ */
	bool rung; /* its UAR doorbell was rung, so that 'armed' counts; dp/ */
	_Atomic uint32_t dp_lock; /* taken by engines while they write a completion; dp/ */
	bool error; /* overrun: dead until destroyed */
};

/* No queue pair here has a send queue, so there are no states of one that drains or failed. */
enum nic_qp_state { NIC_QP_RST, NIC_QP_INIT, NIC_QP_RTR, NIC_QP_RTS, NIC_QP_ERR };

struct nic_qp {
	struct nic_obj obj;
	_Atomic enum nic_qp_state state; /* an engine may set ERR */
	struct nic_pd *pd;
	struct nic_cq *cq_rcv; /* may be NULL */
	struct nic_uar *uar; /* NULL: no doorbells */
	struct nic_umem *wq_umem, *dbr_umem; /* NULL: no work queue of its own */
	uint64_t wq_offset, dbr_offset;
	uint8_t log_rq_size, log_rq_stride; /* entries; bytes of one */
	bool no_rq; /* rq_type 3 */
	uint32_t remote_qpn;
	uint16_t rq_ci; /* receive WQEs consumed */
	uint8_t ack_timeout, retry_count, rnr_retry; /* of its messages, as qpc has them */
	uint8_t min_rnr_nak; /* timer for who finds no receive WQE here */
	struct nic_virtq *virtq; /* the virtqueue whose event QP this is */
};

/* A work queue: what a raw send or receive queue, or a pool, has of wq. */
struct nic_wq {
	struct nic_pd *pd;
	struct nic_uar *uar; /* of its doorbell; NULL: receive queues have none */
	struct nic_umem *umem, *dbr_umem;
	struct nic_umem pages, record; /* of the kernel: what 'umem' and 'dbr_umem' point to then */
	uint64_t offset, dbr_offset;
	uint8_t log_size, log_stride; /* entries; bytes of one */
};

/* States of raw send and receive queues. */
enum nic_wq_state { NIC_WQ_RST, NIC_WQ_RDY, NIC_WQ_ERR };

/* Why a raw queue fails, or completes a work request in error (wqe_errors.h). */
enum wqe_error {
	WQE_E_NONE,
#define WQE_ERROR(name, synd, num, text) WQE_E_##name,
#include "wqe_errors.h"
#undef WQE_ERROR
	WQE_ERRORS
};

/* sqc.min_wqe_inline_mode, Linux vport.h MLX5_INLINE_MODE_* */
enum nic_inline { NIC_INLINE_NONE, NIC_INLINE_L2, NIC_INLINE_IP, NIC_INLINE_TCP_UDP };

struct nic_sq {
	struct nic_obj obj;
	_Atomic int state; /* enum nic_wq_state; an engine may set ERR */
	struct nic_wq wq;
	struct nic_cq *cq;
	struct nic_tis *tis;
	uint32_t user_index;
	uint8_t min_inline; /* enum nic_inline: headers that each entry has to have inline */
	uint8_t ts_format; /* MLX5_QPC_TIMESTAMP_FORMAT_* */
	uint32_t clock_khz; /* of time stamps that run freely */
	bool flush; /* flush_in_error_en: entries that an error finds are completed */
	bool multi; /* allow_multi_pkt_send_wqe: entries that frames share */
	uint16_t ci; /* hw_counter: entries carried out, in basic blocks of 64 bytes */
	uint16_t pi; /* sw_counter: as the doorbell record had it last */
	struct dp_sq *dp; /* engine's half, owned by dp/ */
};

/* What became of frames and entries of receive queues. */
struct nic_q_counter {
	struct nic_obj obj;
	_Atomic uint32_t out_of_buffer; /* frames without an entry */
	_Atomic uint32_t cqe, length, qp, protection,
		flush; /* completions in error: all, and why */
};

struct nic_rq {
	struct nic_obj obj;
	_Atomic int state; /* enum nic_wq_state; an engine may set ERR */
	struct nic_wq wq;
	struct nic_cq *cq;
	struct nic_q_counter *counter; /* may be NULL */
	uint32_t user_index;
	uint32_t clock_khz; /* of time stamps that run freely */
	uint8_t ts_format; /* MLX5_QPC_TIMESTAMP_FORMAT_* */
	bool csum; /* capability csum_cap */
	bool strip; /* vsd is 0: the VLAN tag goes to the completion */
	bool flush; /* flush_in_error_en: entries that an error finds are completed */
	uint16_t ci; /* hw_counter: entries used */
	uint16_t pi; /* sw_counter: as the doorbell record had it last */
	struct dp_rq *dp; /* engine's half, owned by dp/ */
};

struct nic_virtq_counters {
	struct nic_obj obj;
	_Atomic uint64_t received_desc, completed_desc;
	_Atomic uint32_t error_cqes, bad_desc_errors, exceed_max_chain, invalid_buffer;
};

enum nic_virtq_state { NIC_VQ_INIT, NIC_VQ_RDY, NIC_VQ_SUSPEND, NIC_VQ_ERR };
enum nic_virtq_type { NIC_VQ_SPLIT, NIC_VQ_PACKED };
enum nic_virtq_event { NIC_VQ_NO_MSIX, NIC_VQ_QP, NIC_VQ_MSIX };
/* virtio_q.error_type: DPDK mlx5_prm.h and the PRM give the field, not the numbers: ours */
enum nic_virtq_error {
	NIC_VQ_ERR_NONE,
	NIC_VQ_ERR_NETWORK,
	NIC_VQ_ERR_BAD_DESCRIPTOR,
	NIC_VQ_ERR_INVALID_BUFFER,
	NIC_VQ_ERR_DESC_LIST_EXCEED_LIMIT,
	NIC_VQ_ERR_INTERNAL
};

/* Why a virtqueue fails (vq_errors.h). */
enum vq_error {
	VQ_E_NONE,
#define VQ_ERROR(name, type, text) VQ_E_##name,
#include "vq_errors.h"
#undef VQ_ERROR
	VQ_ERRORS
};

/* queue_feature_bit_mask: bit numbers of the firmware (Linux mlx5_vnet.c get_features()) */
#define NIC_VQ_F_GUEST_CSUM (1u << 9)
#define NIC_VQ_F_CSUM (1u << 10)
#define NIC_VQ_F_HOST_TSO6 (1u << 11)
#define NIC_VQ_F_HOST_TSO4 (1u << 12)

struct nic_virtq {
	struct nic_obj obj;
	_Atomic int state; /* enum nic_virtq_state; an engine may set ERR */
	enum nic_virtq_type type;
	enum nic_virtq_event event_mode;
	uint16_t index; /* even receives, odd transmits (from the guest's view) */
	uint16_t size;
	bool v1; /* virtio_version_1_0: header of 12 bytes, else 10 */
	uint16_t features; /* NIC_VQ_F_* */
	uint64_t desc, avail, used; /* driver and device area of packed rings: avail, used */
	uint32_t mkey; /* index << 8 | tag */
	struct nic_pd *pd;
	struct nic_tis *tis; /* NULL on a receive queue that gave none */
	struct nic_qp *event_qp; /* event_mode QP */
	struct nic_virtq_counters *counters; /* may be NULL */
	struct nic_umem *umem[3];
	uint16_t avail_idx,
		used_idx; /* exact in INIT, SUSPEND and ERR; packed: bit 15 is the wrap counter */
	uint16_t period_mode, period_us, max_pending;
	bool dirty_on; /* log the pages that the NIC writes */
	uint32_t dirty_mkey, dirty_size; /* the log: key as 'mkey', bytes */
	uint64_t dirty_addr; /* in the range of dirty_mkey */
	uint8_t error_type; /* enum nic_virtq_error */
	struct dp_vq *dp; /* engine's half, owned by dp/ */
};

struct nic_rqt {
	struct nic_obj obj;
	uint8_t q_type; /* MLX5_INLINE_Q_TYPE_* */
	uint32_t max_size, size;
	struct nic_obj **q; /* 'size' entries, each of the type that q_type says */
};

struct nic_tir {
	struct nic_obj obj;
	struct nic_td *td;
	struct nic_rqt *rqt; /* indirect; NULL: direct */
	struct nic_rq *rq; /* direct */
	uint8_t hash_fn; /* MLX5_RX_HASH_FN_*: 0 none (first entry), 1 inverted xor8, 2 Toeplitz */
	bool symmetric;
	uint8_t key[40];
	uint8_t l3_type, l4_type; /* rx_hash_field_selector_outer */
	uint32_t fields; /* selected_fields */
};

#define NIC_LYR24_LEN 64 /* bytes of fte_match_set_lyr_2_4 */
struct nic_matcher {
	struct nic_obj obj;
	uint16_t priority; /* 0 first */
	uint8_t criteria; /* match_criteria_enable: 0, or 1 (outer headers) */
	uint16_t fault; /* rule (fw_rules.h) by which its flows are refused, 0: none */
	uint8_t mask[NIC_LYR24_LEN] __attribute__((aligned(8)));
};

struct nic_flow {
	struct nic_obj obj;
	struct nic_matcher *matcher;
	struct nic_tir *tir; /* NULL: packets are dropped */
	uint8_t value[NIC_LYR24_LEN] __attribute__((aligned(8)));
	uint16_t priority; /* 0 first: the matcher's, or that of multicast */
	uint32_t tag; /* completions of packets tell it */
	uint64_t seq; /* order of creation, breaks ties of priority; the same for equal matches */
	struct nic_flow *also; /* of the first flow of a match: a copy of the packet goes there */
	_Atomic uint64_t hits;
};

/* What the e-switch knows of a function. */
struct nic_vport {
	struct ether_addr mac;
	struct ether_addr mc[NIC_MAX_MC];
	unsigned int n_mc;
	bool trusted, promisc, allmulti;
	uint16_t mtu; /* of the IP packet: frame is mtu + 14 (+ 4 with a VLAN tag) */
};

struct nic_port_stats {
	_Atomic uint64_t rx_pkts, rx_bytes, tx_pkts, tx_bytes;
	_Atomic uint64_t rx_no_buffer; /* queue found, no available buffer */
	_Atomic uint64_t rx_no_flow; /* no flow, or one that drops, or its queue is not ready */
	_Atomic uint64_t rx_oversize; /* larger than the buffers or the MTU */
	_Atomic uint64_t tx_no_dest; /* matched nobody, and no wire */
	_Atomic uint64_t
		tx_dropped; /* runt, larger than the MTU, offload impossible, or the wire is full */
	_Atomic uint64_t rx_link_down, tx_link_down;
	_Atomic uint64_t dma_errors;
};

/* Administrator's word on a vport's link, as ip link set PF vf N state has it. */
enum nic_link { NIC_LINK_AUTO, NIC_LINK_UP, NIC_LINK_DOWN };

#define NIC_CAP_BYTES 4096
#define NIC_CAP_TYPES 0x21
/* How many commands of each opcode (0..0xfff; 0x1000 and up in the last) were executed, and how
 * many failed. */
#define NIC_OPCODES 0x1001

struct nic_func {
	struct nic *nic;
	unsigned int idx; /* 0 is the PF */
	bool is_vf;
	uint16_t vhca_id;
	const struct conf_func *conf;
	_Atomic bool dead; /* changes under fw_lock */
	_Atomic bool unloaded; /* the kernel has no driver on it; changes under the uverbs lock */
	/* What passes its port goes there; dp/sniff.h; NULL: none. Changes under a pause. */
	struct capture *capture;
	_Atomic bool link_down; /* of the vport, as it is now; changes under nic->link_lock */
	enum nic_link link_admin; /* under nic->link_lock */
	struct nic_vport vport;
	struct nic_port_stats stats;
	uint8_t *caps[NIC_CAP_TYPES]; /* NULL: no such capability type; else NIC_CAP_BYTES as
					 firmware returns */
	struct nic_obj_list objs[NIC_OBJ_TYPES];
	uint32_t n_objs[NIC_OBJ_TYPES];
	uint32_t next_id[NIC_OBJ_TYPES];
	struct nic_obj *obj_hash[NIC_OBJ_TYPES][NIC_HASH]; /* by number */
	struct nic_mkey **mkey_tbl; /* by index, for the engines */
	uint32_t mkey_tbl_size;
	struct nic_flow **flow_tbl; /* in order of match, rebuilt by fw/ at each change */
	unsigned int n_flows;
	uint32_t dump_fill_mkey; /* the device's null key */
	uint16_t next_uid;
	struct fw_uctx *uctx; /* user contexts, owned by fw/ */
	uint64_t bar_used[4]; /* BAR pages in use, one bit each */
	unsigned int bar_next; /* BAR page from which the next free one is looked for */
	TAILQ_HEAD(, dp_queue) queues; /* of all kinds, the engines' halves; dp/ */
	TAILQ_HEAD(, nic_uar) bells; /* pages that have send queues; dp/ */
	uint8_t max_indirection; /* capability, for the engines */
	uint8_t next_tag; /* of the keys that the kernel asks for */
	uint64_t flow_seq;
	pthread_mutex_t flows_lock;
	int bar_fd; /* memfd that stands for the BAR; mmap offsets of UAR and VAR lie in it */
	uint8_t *bar; /* the NIC's own mapping of the used part */
	uint64_t n_cmds[NIC_OPCODES], n_failed[NIC_OPCODES];
	/* The same of the kernel's calls (method.h); under fw_lock, too. */
	uint64_t n_calls[METHODS], n_calls_failed[METHODS];
	_Atomic uint64_t vq_errors[VQ_ERRORS]; /* how often, ever */
	_Atomic uint64_t wqe_errors[WQE_ERRORS]; /* of raw queues, flushes not counted */
	uint64_t mr_registered, mr_destroyed, mr_bytes; /* direct mkeys, ever; bytes pinned now */
	uint64_t umem_bytes; /* pinned by umems now */
};

struct nic {
	const struct conf *conf;
	pthread_mutex_t fw_lock;
	struct fault
		faults[FAULTS_MAX]; /* failures on demand (fault.h); those with nth 0 are free */
	_Atomic unsigned int event_faults; /* how many of them wait for a completion */
	_Atomic uint64_t faults_struck; /* ever */
	unsigned int n_funcs;
	struct nic_func *funcs[NIC_MAX_FUNCS];
	pthread_mutex_t link_lock;
	bool port_off; /* the port is switched off; under link_lock */
	_Atomic bool carrier; /* its wire has one */
	_Atomic bool port_down; /* for want of one of them; changes under link_lock */
	struct wire *wire;
	/* Called when the carrier changed, by a thread of the wire's. NULL: nobody asks. */
	void (*carrier_changed)(struct nic *nic);
	unsigned int n_engines;
	struct dp_engine *engines[NIC_MAX_ENGINES];
	unsigned int dp_depth; /* nested dp_pause() calls */
	uint64_t dp_funcs[2]; /* functions that have queues, a bit each; dp/ */
	uint64_t steer_gen; /* counts changes of what the e-switch or a classifier looks at; dp/ */
	struct eswitch_fdb *fdb; /* learned addresses, owned by dp/; NULL: does not learn */
	struct nic_port_stats port; /* the wire */
	struct capture *capture; /* of the wire, as nic_func.capture */
	struct trace *trace; /* of commands, NULL: none */
	struct timing *timing; /* of commands; NULL: they take none */
	bool running;
};

#endif /* NICEMU_NIC_H */
