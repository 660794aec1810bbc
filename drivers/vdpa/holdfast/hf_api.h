/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What the public interface and the telemetry share.
 */
#ifndef HF_API_H
#define HF_API_H

struct hf_dev;
struct hf_policy;

/*
 * Set a policy whose values are in range, with hf_dev.lock held. 0, or -EBUSY (logged): the
 * application counts on what the policy would take away.
 */
int hf_api_policy_set(struct hf_dev *dev, const struct hf_policy *policy);

#endif /* HF_API_H */
