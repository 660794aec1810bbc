/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Receive steering: from a frame to the flow that it matches, and from its TIR and RQT to a queue.
 */
#ifndef NICEMU_DP_CLASSIFY_H
#define NICEMU_DP_CLASSIFY_H

#include "../nic.h"
#include "pkt.h"
#include "queue.h"

/* A frame's headers as fte_match_set_lyr_2_4. What is not there, or not parsed, is 0. */
void classify_key(const struct pkt *p, uint8_t key[NIC_LYR24_LEN]);
/* The first flow of the function's root table that the frame matches, or NULL. */
struct nic_flow *classify(const struct nic_func *f, const struct pkt *p);

/*
 * Hash of a frame as a TIR says. Only fields that are in the frame take part: a frame of another
 * layer 3 than l3_type has hash 0, ports take part when layer 4 is l4_type and its header is there
 * (not in a fragment). symmetric: source and destination are replaced by their OR and their XOR
 * (Linux ethtool RXH_XFRM_SYM_OR_XOR, which is what mlx5 does). 'type' gets the rx_hash_type of a
 * completion: which fields took part (Linux device.h CQE_RSS_HTYPE_IP and _L4 for the destination;
 * those of the source are the two bits below each).
 */
uint32_t rss_hash(const struct nic_tir *t, const struct pkt *p, uint8_t *type);
/* Toeplitz hash of at most 36 bytes with a key of 40. */
uint32_t rss_toeplitz(const uint8_t key[40], const uint8_t *data, unsigned int len);
/*
 * The queue of a TIR: its own, or the entry of its table, hash modulo size. 'meta' gets the hash
 * and what was hashed: where frames have a completion that tells it, or the table more than one
 * entry. NULL: its engine's half is not there.
 */
struct dp_queue *rss_queue(const struct nic_tir *t, const struct pkt *p, struct rx_meta *meta);

#endif /* NICEMU_DP_CLASSIFY_H */
