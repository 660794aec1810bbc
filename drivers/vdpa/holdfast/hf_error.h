/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Queues that the NIC put into its error state: said in the log, repaired a few times, then left
 * stopped.
 */
#ifndef HF_ERROR_H
#define HF_ERROR_H

struct hf_dev;

/* Listen, on the control thread. 0 or a negative errno. */
int hf_error_init(struct hf_dev *dev);
/* Without hf_dev.lock. */
void hf_error_fini(struct hf_dev *dev);
/*
 * Have the queues repaired whose hf_vq.eqp_broken is set. Any thread; takes no lock and does not
 * wait.
 */
void hf_error_report(struct hf_dev *dev);

#endif /* HF_ERROR_H */
