/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The NIC as C objects: one typed call per firmware object, on libmlx5's DevX interface and nothing else.
 *
 * Errors: 0 or a negative errno. A failed command leaves opcode, status and syndrome in hf_devx_last_error() of
 * the calling thread and logs them. Threads: calls on different objects may run at once; calls on one object are
 * the owner's to order. Every object is in the device's table (hf_objs) from creation to destruction; a destroy that the firmware
 * refuses leaves it there, so it is named as a leak at close.
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
	uint16_t opcode;
	uint8_t status;			/* MLX5_CMD_STAT_*: 0 when the command did not reach the firmware */
	uint32_t syndrome;
	int err;			/* negative errno that was returned */
};
const struct hf_devx_error *hf_devx_last_error(void);
const char *hf_devx_status_name(uint8_t status);

/* What the driver needs of QUERY_HCA_CAP. */
struct hf_devx_caps {
	bool virtio_net_q;		/* general object 0xd */
	bool virtio_q_counters;		/* general object 0x1c */
	bool packed, split;
	bool version_1;
	bool eth_frame_offload;
	bool tso4, tso6, tx_csum, rx_csum;
	uint8_t event_modes;		/* bit per mode: 0 no MSI-X, 1 QP, 2 MSI-X */
	uint32_t max_virtqs;		/* queues, not pairs */
	uint8_t log_doorbell_stride, log_doorbell_bar_size;
	uint64_t doorbell_bar_offset;
	struct { uint32_t a, b; } umem[3];	/* bytes = a * queue size + b */
	/* modify of a virtq beyond its state, see doc: which field in which state */
	bool modify_ext;		/* vnet_modify_ext: mkey, features, version, type, event mode */
	bool modify_addr;		/* virtio_net_q_addr_modify */
	bool modify_index;		/* virtio_q_index_modify */
	bool freeze_to_rdy;		/* freeze_to_rdy_supported: SUSPEND to RDY */
	uint8_t log_max_rqt_size;
	uint8_t log_max_klm_list;	/* entries of an indirect mkey */
	uint8_t max_indirection;
	bool fixed_klm;			/* fixed_buffer_size: KLM_FBS */
	bool relaxed_ordering_read, relaxed_ordering_write;
	uint8_t log_max_mkey_len;	/* of an indirect key without length64 */
	uint8_t ts_format_qp;		/* qp_ts_format */
	uint8_t num_lag_ports;
};

struct hf_devx_attr {
	struct ibv_device *ibdev;
	const char *name;		/* for log lines; copied */
};
/* Opens the verbs device with DevX, allocates a PD and reads the capabilities. */
int hf_devx_open(const struct hf_devx_attr *attr, struct hf_devx **dev);
/* Reports leaks; returns how many objects were left. */
unsigned int hf_devx_close(struct hf_devx *dev);
const struct hf_devx_caps *hf_devx_caps(const struct hf_devx *dev);
struct ibv_context *hf_devx_ibv(const struct hf_devx *dev);
struct ibv_pd *hf_devx_pd(const struct hf_devx *dev);
uint32_t hf_devx_pdn(const struct hf_devx *dev);
struct hf_objs *hf_devx_objs(const struct hf_devx *dev);
const char *hf_devx_name(const struct hf_devx *dev);

/*
 * NIC vport of this function (QUERY_NIC_VPORT_CONTEXT). mtu is that of the IP packet: the firmware's less Ethernet head,
 * VLAN tag and check sequence, as Linux mlx5_vnet.c query_mtu() has it; 0 if the firmware names none.
 */
struct hf_devx_vport { uint8_t mac[6]; uint16_t mtu; };
int hf_devx_vport_query(struct hf_devx *dev, struct hf_devx_vport *vport);

/* --- memory: hf_devx_mem.c --- */
/* Direct MR: verbs' ibv_reg_mr_iova over [addr, addr + len), seen by the NIC at iova. */
struct hf_mr { struct ibv_mr *mr; uint32_t lkey; uint64_t iova, len; struct hf_devx *dev; struct hf_obj *obj; };
int hf_mr_create(struct hf_devx *dev, void *addr, uint64_t len, uint64_t iova, struct hf_mr *mr);
int hf_mr_destroy(struct hf_mr *mr);
/* The null MR: reads are zero, writes are dropped; for holes. One per device, made at open. */
uint32_t hf_devx_null_lkey(const struct hf_devx *dev);

struct hf_klm { uint32_t bytes; uint32_t mkey; uint64_t addr; };
struct hf_mkey_attr {
	uint64_t start, len;		/* of the key's address range */
	const struct hf_klm *klm;
	uint32_t n_klm;
	uint8_t log_entity;		/* not 0: KLM_FBS, each entry covers 1 << log_entity bytes */
};
struct hf_mkey { struct mlx5dv_devx_obj *devx; uint32_t key; struct hf_devx *dev; struct hf_obj *obj; };
int hf_mkey_create(struct hf_devx *dev, const struct hf_mkey_attr *attr, struct hf_mkey *mkey);
int hf_mkey_destroy(struct hf_mkey *mkey);

/* Zeroed, page-aligned memory on the NIC's NUMA node, registered as umem. */
struct hf_umem { struct mlx5dv_devx_umem *umem; void *buf; size_t len; uint32_t id; struct hf_devx *dev; struct hf_obj *obj; };
int hf_umem_create(struct hf_devx *dev, size_t len, struct hf_umem *umem);
int hf_umem_destroy(struct hf_umem *umem);

/* --- doorbell page of the virtqueues: hf_devx_var.c --- */
struct hf_var { struct mlx5dv_var *var; void *page; int fd; uint64_t offset; uint32_t len; uint32_t page_id; struct hf_devx *dev; struct hf_obj *obj; };
/* Retries ENOSPC for a bounded time (the page may still be mapped by a front end of a process that ended). */
int hf_var_create(struct hf_devx *dev, struct hf_var *var);
int hf_var_destroy(struct hf_var *var);

/* --- events: hf_devx_event.c --- */
struct hf_evch { struct mlx5dv_devx_event_channel *ch; int fd; bool omit_data; struct hf_devx *dev; struct hf_obj *obj; };
int hf_evch_create(struct hf_devx *dev, bool omit_data, struct hf_evch *ch);
int hf_evch_destroy(struct hf_evch *ch);
/* 1 with the cookie of one event, 0 when none is there, negative errno. */
int hf_evch_read(struct hf_evch *ch, uint64_t *cookie);

/* --- event CQ and the pair of QPs through which a virtq completes: hf_devx_eqp.c --- */
struct hf_eqp;
struct hf_eqp_attr {
	uint16_t size;			/* completions that fit, power of two */
	struct hf_evch *ch;		/* CQ events go there */
	uint64_t cookie;
};
int hf_eqp_create(struct hf_devx *dev, const struct hf_eqp_attr *attr, struct hf_eqp **eqp);
int hf_eqp_destroy(struct hf_eqp *eqp);
uint32_t hf_eqp_qpn(const struct hf_eqp *eqp);		/* of the QP that the firmware owns: virtq's event_qpn */
uint16_t hf_eqp_size(const struct hf_eqp *eqp);
/* Consume what has completed: number of completions. Not with hf_eqp_reset() at once: the owner orders them. */
unsigned int hf_eqp_poll(struct hf_eqp *eqp);
void hf_eqp_arm(struct hf_eqp *eqp);			/* one event for the next completion */
uint64_t hf_eqp_errors(const struct hf_eqp *eqp);	/* error completions so far */
/* Both QPs through RST to RTS and the CQ to its start, for a virtq that is made anew on it. */
int hf_eqp_reset(struct hf_eqp *eqp);

/* --- virtio-net queues: hf_devx_virtq.c --- */
enum hf_virtq_state { HF_VIRTQ_INIT, HF_VIRTQ_RDY, HF_VIRTQ_SUSPEND, HF_VIRTQ_ERR };
/* Fields of a modify: the firmware's modify_field_select. */
#define HF_VIRTQ_MOD_STATE	(UINT64_C(1) << 0)
#define HF_VIRTQ_MOD_PERIOD	(UINT64_C(1) << 5)
#define HF_VIRTQ_MOD_ADDR	(UINT64_C(1) << 6)
#define HF_VIRTQ_MOD_AVAIL	(UINT64_C(1) << 7)
#define HF_VIRTQ_MOD_USED	(UINT64_C(1) << 8)
#define HF_VIRTQ_MOD_TYPE	(UINT64_C(1) << 9)
#define HF_VIRTQ_MOD_VERSION_1	(UINT64_C(1) << 10)
#define HF_VIRTQ_MOD_MKEY	(UINT64_C(1) << 11)
#define HF_VIRTQ_MOD_FEATURES	(UINT64_C(1) << 12)
#define HF_VIRTQ_MOD_EVENT_MODE	(UINT64_C(1) << 13)

struct hf_virtq_attr {
	uint64_t mod;			/* HF_VIRTQ_MOD_*, only of modify */
	enum hf_virtq_state state;
	uint16_t index, size;
	bool packed, version_1, tso4, tso6, tx_csum, rx_csum;
	uint64_t desc, avail, used;	/* guest-physical; packed: driver and device event areas */
	uint32_t mkey;
	uint16_t avail_idx, used_idx;	/* packed: bit 15 is the wrap counter */
	uint8_t event_mode;
	uint32_t event_qpn;
	uint32_t tisn;
	uint32_t counters;		/* id, 0 none */
	struct { uint32_t id; uint32_t size; } umem[3];
};
struct hf_virtq { struct mlx5dv_devx_obj *devx; uint32_t id; struct hf_devx *dev; struct hf_obj *obj; };
struct hf_virtq_status { enum hf_virtq_state state; uint16_t avail_idx, used_idx; uint8_t error_type; };
int hf_virtq_create(struct hf_devx *dev, const struct hf_virtq_attr *attr, struct hf_virtq *vq);
int hf_virtq_modify(struct hf_virtq *vq, const struct hf_virtq_attr *attr);
int hf_virtq_query(struct hf_virtq *vq, struct hf_virtq_status *st);
int hf_virtq_destroy(struct hf_virtq *vq);
/* Error events (OBJECT_CHANGE) of this queue to ch. */
int hf_virtq_subscribe(struct hf_virtq *vq, struct hf_evch *ch, uint64_t cookie);
/* Is this field of a virtq modifiable in this state, given the capabilities? The table of the guide. */
bool hf_virtq_may_modify(const struct hf_devx_caps *caps, enum hf_virtq_state state, uint64_t mod);

struct hf_virtq_counters { struct mlx5dv_devx_obj *devx; uint32_t id; struct hf_devx *dev; struct hf_obj *obj; };
struct hf_virtq_stats {
	uint64_t received_desc, completed_desc;
	uint32_t error_cqes, bad_desc_errors, exceed_max_chain, invalid_buffer;
};
int hf_virtq_counters_create(struct hf_devx *dev, struct hf_virtq_counters *c);
int hf_virtq_counters_query(struct hf_virtq_counters *c, struct hf_virtq_stats *st);
int hf_virtq_counters_destroy(struct hf_virtq_counters *c);

/* --- receive steering objects: hf_devx_steer.c --- */
struct hf_steer_obj { struct mlx5dv_devx_obj *devx; uint32_t id; const char *kind; struct hf_devx *dev; struct hf_obj *obj; };
int hf_td_create(struct hf_devx *dev, struct hf_steer_obj *td);
int hf_tis_create(struct hf_devx *dev, uint32_t td, struct hf_steer_obj *tis);
/* list of virtq ids, n a power of two. */
int hf_rqt_create(struct hf_devx *dev, const uint32_t *virtqs, uint32_t n, struct hf_steer_obj *rqt);
int hf_rqt_modify(struct hf_steer_obj *rqt, const uint32_t *virtqs, uint32_t n);
struct hf_tir_attr { uint32_t td, rqt; uint8_t l3_type, l4_type; uint32_t fields; bool symmetric; const uint8_t *key; };
int hf_tir_create(struct hf_devx *dev, const struct hf_tir_attr *attr, struct hf_steer_obj *tir);
int hf_steer_obj_destroy(struct hf_steer_obj *o);
/* A flow of the NIC's root receive table to a TIR: mask and value are fte_match_set_lyr_2_4, 64 bytes each. */
struct hf_flow_attr { uint16_t priority; bool match_outer; const void *mask, *value; const struct hf_steer_obj *tir; };
struct hf_flow { struct mlx5dv_flow_matcher *matcher; struct ibv_flow *flow; struct hf_devx *dev; struct hf_obj *obj; };
int hf_flow_create(struct hf_devx *dev, const struct hf_flow_attr *attr, struct hf_flow *flow);
int hf_flow_destroy(struct hf_flow *flow);

#endif /* HF_DEVX_H */
