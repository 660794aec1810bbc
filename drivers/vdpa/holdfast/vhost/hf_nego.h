/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Negotiation as a state machine, from the offer of features to DRIVER_OK and back. The table of
 * states and messages in hf_nego.c is the one in the guide.
 *
 * Only these messages, and what the library reports, lead from one state to another: no access to
 * the configuration space does, nor the order of other messages. Whether a guest is a legacy one
 * follows from the features that are negotiated when the device starts: with DRIVER_OK, or where
 * the front end knows no status, when the library has the device configured.
 *
 * A set of features that can't be served is refused in words that the front end understands: an
 * error where it asks for a reply; without FEATURES_OK where it sets the status, until it goes on
 * in spite of that; else, and then, the connection is closed. The log has the reason in each case.
 */
#ifndef HF_NEGO_H
#define HF_NEGO_H

#include <stdbool.h>

#include <rte_vhost.h>

struct hf_answer;
struct hf_dev;
struct hf_guest;
struct hf_msg;

/*
 * What a guest with these features gets of the device as it is now: by this the features are
 * refused.
 */
void hf_nego_judge(
	const struct hf_dev *dev, const struct hf_guest *guest, struct hf_answer *answer);

/*
 * A message before the library sees it, with hf_dev.lock. NOT_HANDLED: it is for the library, maybe
 * with a changed payload.
 */
enum rte_vhost_msg_result hf_nego_pre(struct hf_dev *dev, struct hf_msg *m);
/* And after the library, or whoever answered for it, carried it out. */
void hf_nego_post(struct hf_dev *dev);
/* The library wants the device configured; false (logged): what was chosen was refused. */
bool hf_nego_start(struct hf_dev *dev);

#endif /* HF_NEGO_H */
