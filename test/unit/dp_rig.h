/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the suites of the emulated NIC's data path stand on: three functions with one memory and one
 * memory key, guests with a virtqueue each, an event queue pair, and stand-ins for firmware and
 * kernel. One thread. A case begins with nic_setup().
 */
#ifndef DP_RIG_H
#define DP_RIG_H

#include <endian.h>
#include <linux/virtio_net.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf.h"
#include "dp/cq.h"
#include "dp/engine.h"
#include "dp_frame.h"
#include "prm.h"
#include "test.h"

#define MEM_LEN (1u << 20)
#define MEM_GPA UINT64_C(0x100000000)
#define MKEY 0x12345u
#define QUEUE_MEM 0x20000u
#define DESC_OFF 0x0f80u /* the ring lies in two pages */
#define DRIVER_OFF 0x4000u
#define DEVICE_OFF 0x5ffcu /* used entries begin in another page than the index */
#define TABLE_OFF 0x8000u /* an indirect table */
#define BUF_OFF 0xa000u
#define BUF_LEN 2048u
#define RING 16u
#define N_FUNCS 3u
#define N_BARS 4u

extern _Atomic uint32_t bar[N_BARS][NIC_PAGE / 4]; /* of each function, VAR and UAR in one */
extern struct nic_qp qps[2]; /* of the firmware, and of the user */
/* events that were raised, and the last that had a body */
extern unsigned int n_object_events, n_comp_events, n_cq_errors, n_qp_errors;
extern uint8_t last_eqe[64];

extern struct conf conf;
extern struct nic nic;
extern struct nic_func funcs[N_FUNCS];
extern struct nic_mkey mkey;
extern struct nic_mkey *mkey_tbl[(MKEY >> 8) + 1];
extern struct mem_pin *pin;
extern struct wire *no_wire;
extern uint8_t *mem;
extern struct dp_engine *eng;
extern struct nic_virtq_counters counters;

/* A virtqueue, and where the guest is in it. */
struct guest {
	struct nic_virtq q;
	uint8_t *base;
	uint64_t gpa;
	uint16_t avail, used; /* packed: bit 15 is the wrap counter */
};
extern struct guest guests[4]; /* rx and tx of function 1, rx and tx of function 2 */

/* Of a suite. */
int rig_setup(void);
void rig_teardown(void);
/* Of a case: everything is as in the beginning, and memory is zero. */
void nic_setup(void);
/* Memory from a file (file_fd), or private, in place of what others have; nic_setup() is done. */
extern int file_fd;
int file_memory(void);
int private_memory(void);
void usual_memory(void);

/* A queue that is ready; guest_close() before the case ends. */
int guest_open(unsigned int i, enum nic_virtq_type type);
void guest_close(unsigned int i);
struct dp_vq *dp(unsigned int i);

#define W VRING_DESC_F_WRITE
#define IND VRING_DESC_F_INDIRECT
struct buf {
	uint32_t off, len; /* in the guest's memory of the queue */
	uint16_t flags;
};
struct vring_packed_desc *packed_at(const struct guest *g, uint16_t pos);
/* Make a chain available. id: of its first descriptor. */
void post(struct guest *g, uint16_t id, const struct buf *b, unsigned int n);
/* A frame in three pieces from buffer 'id' (0, 4, 8 ...), after its header. */
void post_frame(
	struct guest *g, uint16_t id, const struct frame *f, const struct virtio_net_hdr_v1 *hdr);
/* A receive buffer of two pieces in buffer 'id' (0, 2, 4 ...). */
void post_rx(struct guest *g, uint16_t id, uint32_t len);
/* Take a used entry of a chain of 'slots' descriptors: its id, or -1 when there is none. */
int take(struct guest *g, unsigned int slots, uint32_t *len);

void ring_doorbell(struct nic_func *f);
/* All flows of the function lead to this queue. */
void steer_to(struct nic_func *f, struct nic_virtq *q);

/* A flow table with one flow to one receive queue, for the function of that queue. */
struct lane {
	struct nic_matcher matcher;
	struct nic_flow flow, *flow_tbl[1];
	struct nic_tir tir;
	struct nic_rqt rqt;
	struct nic_obj *rqt_tbl[1];
};
void lane_open(struct lane *l, unsigned int rx);

/* A CQ of 4 entries in the first bytes of the memory, and the queue pairs; nic_setup() is done. */
#define CQ_LOG 2u
#define CQ_DBR 0x1000u
#define QP_DBR 0x1040u
#define BELL (MLX5_CQ_DOORBELL / 4)
struct nic_cq *cq_setup(bool collapsed);
/* A word of the memory. */
uint32_t *word(uint32_t off);

#endif /* DP_RIG_H */
