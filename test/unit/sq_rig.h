/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A raw send queue of function 1 with its completion queue, in the memory of dp_rig.h behind the
 * guests'. Entries are made piece by piece, as a driver does it.
 */
#ifndef SQ_RIG_H
#define SQ_RIG_H

#include <infiniband/mlx5dv.h>

#include "dp_rig.h"
#include "dp/sq.h"

#define SQ_RING_OFF 0x90000u
#define SQ_LOG 4u /* basic blocks */
#define SQ_DBR_OFF 0x98000u
#define SQ_CQ_OFF 0xa0000u
#define SQ_CQ_LOG 5u
#define SQ_CQ_DBR_OFF 0xa8000u
#define SQ_BUF_OFF 0xb0000u
#define SQ_NUMBER 0x4711u
#define SQ_USER_INDEX 0xabcdefu
#define NULL_KEY 0x200u

extern struct nic_sq sq;
extern struct nic_cq sq_cq;

/* A queue in RDY, and receive virtqueue 2 of function 2, to which all its frames go. */
int sq_open(void);
/* The same in memory from a file (file_memory()). */
int sq_open_here(void);
void sq_close(void);

/* An entry is begun, gets its segments, and is posted: its index. */
void wqe_begin(uint8_t opcode, uint8_t mode);
void wqe_eth(uint8_t cs_flags, uint16_t mss, const void *hdr, uint16_t hdr_len);
void wqe_vlan(uint16_t type, uint16_t tci);
void wqe_data(uint32_t key, uint64_t addr, uint32_t len);
void wqe_inline(const void *data, uint32_t len);
uint16_t wqe_post(void);
/* What is about to be posted, for those who spoil it. */
extern uint8_t wqe_bytes[1024];
extern unsigned int wqe_ds;
/* An entry that asks for a completion, with a frame from the buffer in one piece. */
uint16_t wqe_frame(const struct frame *f);

/* Write the doorbell record; ring the UAR; a round of the engine. */
void sq_record(void);
void sq_ring(unsigned int bell);
void sq_go(void);

/* Software begins at entry 0 again, as the queue in RST does. */
void sq_restart(void);

/* The next completion: NULL, none. */
const struct mlx5_cqe64 *sq_poll(void);
/* The next frame that arrived; 0: none. */
uint32_t sq_received(struct frame *f);

#endif /* SQ_RIG_H */
