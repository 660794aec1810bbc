/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Queues that failed: said in the log, repaired a few times, then left
 * stopped.
 */
#ifndef HF_ERROR_H
#define HF_ERROR_H

struct hf_dev;
struct hf_vq;

/* Listen, on the control thread. 0 or a negative errno. */
int hf_error_init(struct hf_dev *dev);
/* Without hf_dev.lock. */
void hf_error_fini(struct hf_dev *dev);
/*
 * Have this queue looked at, and repaired if its datapath finds that it failed. Any thread; takes
 * no lock and does not wait.
 */
void hf_error_report(struct hf_vq *vq);

#endif /* HF_ERROR_H */
