/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Receive steering: one table of queues (RQT), a TIR and a flow for each kind of packet. Not thread safe: the device's lock.
 */
#ifndef HF_STEER_H
#define HF_STEER_H

#include <stdint.h>

struct hf_devx;
struct hf_steer;

int hf_steer_create(struct hf_devx *dev, uint32_t td, struct hf_steer **s);
void hf_steer_destroy(struct hf_steer *s);
/*
 * Spread received packets over these queues (virtq ids), with one modify of the table where flows exist already.
 * n 0: no flows, everything is dropped. On error the steering is what it was.
 */
int hf_steer_set(struct hf_steer *s, const uint32_t *virtqs, unsigned int n);
unsigned int hf_steer_queues(const struct hf_steer *s);

#endif /* HF_STEER_H */
